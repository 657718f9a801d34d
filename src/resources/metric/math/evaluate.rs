//! What expressions come to.

use std::collections::BTreeMap;

use super::{Expression, Operator, Series, Value};

/// What an expression may name.
pub trait Environment {
    /// What the query of that id comes to.
    ///
    /// # Errors
    /// In words, for the client.
    fn named(&self, id: &str) -> Result<Value, String>;

    /// Every metric of the request with its id, expressions aside.
    fn metrics(&self) -> Vec<(String, Series)>;

    /// What a `SEARCH` with these arguments found.
    fn found(&self, arguments: &[Expression]) -> Vec<Series>;
}

/// What `expression` comes to.
///
/// # Errors
/// In words, for the client.
pub fn evaluate(expression: &Expression, environment: &impl Environment) -> Result<Value, String> {
    match expression {
        Expression::Number(number) => Ok(Value::Scalar(*number)),
        Expression::Text(text) => Ok(Value::Text(text.clone())),
        Expression::Name(name) if ["REPEAT", "LINEAR"].contains(&name.as_str()) => {
            Ok(Value::Word(name.clone()))
        }
        Expression::Name(name) => environment.named(name),
        Expression::Negative(one) => each(evaluate(one, environment)?, |value| -value),
        Expression::Binary(operator, one, other) => {
            let (one, other) = (evaluate(one, environment)?, evaluate(other, environment)?);
            binary(one, other, &|a, b| operate(*operator, a, b))
        }
        Expression::List(items) => {
            let mut all = Vec::new();
            for item in items {
                match evaluate(item, environment)? {
                    Value::Series(series) => all.push(series),
                    Value::Many(many) => all.extend(many),
                    _ => return Err("a list is one of time series".to_owned()),
                }
            }
            Ok(Value::Many(all))
        }
        Expression::Call(name, arguments) => call(name, arguments, environment),
    }
}

fn operate(operator: Operator, a: f64, b: f64) -> f64 {
    let truth = |is_so: bool| f64::from(u8::from(is_so));
    match operator {
        Operator::Or => truth(a != 0.0 || b != 0.0),
        Operator::And => truth(a != 0.0 && b != 0.0),
        Operator::Equal => truth(a == b),
        Operator::Unequal => truth(a != b),
        Operator::Less => truth(a < b),
        Operator::AtMost => truth(a <= b),
        Operator::Greater => truth(a > b),
        Operator::AtLeast => truth(a >= b),
        Operator::Plus => a + b,
        Operator::Minus => a - b,
        Operator::Times => a * b,
        Operator::Over => a / b,
        Operator::Power => a.powf(b),
    }
}

/// A value that is none, such as what comes of a division by zero, is no point.
fn kept(points: impl IntoIterator<Item = (i64, f64)>) -> BTreeMap<i64, f64> {
    points
        .into_iter()
        .filter(|(_, value)| value.is_finite())
        .collect()
}

fn with(series: Series, points: impl IntoIterator<Item = (i64, f64)>) -> Series {
    Series {
        points: kept(points),
        ..series
    }
}

fn each(value: Value, change: impl Fn(f64) -> f64) -> Result<Value, String> {
    let one = |series: Series| {
        let points: Vec<_> = series
            .points
            .iter()
            .map(|(at, value)| (*at, change(*value)))
            .collect();
        with(series, points)
    };
    match value {
        Value::Scalar(number) => Ok(Value::Scalar(change(number))),
        Value::Series(series) => Ok(Value::Series(one(series))),
        Value::Many(many) => Ok(Value::Many(many.into_iter().map(one).collect())),
        Value::Text(_) | Value::Word(_) => Err("a text is no number".to_owned()),
    }
}

/// Two series meet where both have a point.
fn binary(one: Value, other: Value, change: &impl Fn(f64, f64) -> f64) -> Result<Value, String> {
    match (one, other) {
        (one, Value::Scalar(b)) => each(one, |a| change(a, b)),
        (Value::Scalar(a), other) => each(other, |b| change(a, b)),
        (Value::Series(one), Value::Series(other)) => Ok(Value::Series(meet(one, &other, change))),
        (Value::Many(many), Value::Series(other)) => Ok(Value::Many(
            many.into_iter()
                .map(|one| meet(one, &other, change))
                .collect(),
        )),
        (Value::Series(one), Value::Many(many)) => {
            let met = many.into_iter().map(|other| {
                let label = other.label.clone();
                Series {
                    label,
                    ..meet(one.clone(), &other, change)
                }
            });
            Ok(Value::Many(met.collect()))
        }
        (Value::Many(_), Value::Many(_)) => {
            Err("two lists of time series cannot be put together".to_owned())
        }
        _ => Err("a text is no number".to_owned()),
    }
}

fn meet(one: Series, other: &Series, change: &impl Fn(f64, f64) -> f64) -> Series {
    let points: Vec<_> = one
        .points
        .iter()
        .filter_map(|(at, a)| Some((*at, change(*a, *other.points.get(at)?))))
        .collect();
    with(one, points)
}

fn call(
    name: &str,
    arguments: &[Expression],
    environment: &impl Environment,
) -> Result<Value, String> {
    if name == "SEARCH" {
        return Ok(Value::Many(environment.found(arguments)));
    }
    let values = arguments
        .iter()
        .map(|argument| evaluate(argument, environment))
        .collect::<Result<Vec<_>, _>>()?;
    let wrong = || format!("{name} does not take what it is given");
    match (name, values.as_slice()) {
        ("METRICS", parts) => {
            let part = match parts {
                [] => "",
                [Value::Text(part)] => part.as_str(),
                _ => return Err(wrong()),
            };
            let all = environment.metrics().into_iter();
            Ok(Value::Many(
                all.filter(|(id, _)| id.contains(part))
                    .map(|(_, series)| series)
                    .collect(),
            ))
        }
        ("SUM" | "AVG" | "MIN" | "MAX" | "STDDEV", [value]) => fold(name, value).ok_or_else(wrong),
        ("METRIC_COUNT", [value]) => match value {
            Value::Series(_) => Ok(Value::Scalar(1.0)),
            #[allow(clippy::cast_precision_loss, reason = "a number of series")]
            Value::Many(many) => Ok(Value::Scalar(many.len() as f64)),
            _ => Err(wrong()),
        },
        ("ABS", [value]) => each(value.clone(), f64::abs),
        ("CEIL", [value]) => each(value.clone(), f64::ceil),
        ("FLOOR", [value]) => each(value.clone(), f64::floor),
        ("LOG", [value]) => each(value.clone(), f64::ln),
        ("LOG10", [value]) => each(value.clone(), f64::log10),
        ("PERIOD", [Value::Series(series)]) => Ok(Value::Scalar(f64::from(series.period_seconds))),
        ("RATE" | "DIFF" | "RUNNING_SUM", [value]) => over_time(name, value).ok_or_else(wrong),
        ("FILL", [value, with]) => fill(value, with).ok_or_else(wrong),
        ("IF", [condition, one, other]) => choose(condition, one, other).ok_or_else(wrong),
        (
            "SUM" | "AVG" | "MIN" | "MAX" | "STDDEV" | "METRIC_COUNT" | "ABS" | "CEIL" | "FLOOR"
            | "LOG" | "LOG10" | "PERIOD" | "RATE" | "DIFF" | "RUNNING_SUM" | "FILL" | "IF",
            _,
        ) => Err(wrong()),
        _ => Err(format!("the function {name} is not supported")),
    }
}

/// Of one series all its values together; of several what they have at each moment.
fn fold(name: &str, value: &Value) -> Option<Value> {
    match value {
        Value::Series(series) => {
            let values: Vec<f64> = series.points.values().copied().collect();
            Some(Value::Scalar(together(name, &values).unwrap_or(0.0)))
        }
        Value::Many(many) => {
            let mut moments: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            for series in many {
                for (at, value) in &series.points {
                    moments.entry(*at).or_default().push(*value);
                }
            }
            let points = moments
                .iter()
                .filter_map(|(at, values)| Some((*at, together(name, values)?)));
            let period_seconds = many
                .iter()
                .map(|series| series.period_seconds)
                .max()
                .unwrap_or(60);
            Some(Value::Series(Series {
                label: String::new(),
                period_seconds,
                points: kept(points),
            }))
        }
        _ => None,
    }
}

fn together(name: &str, values: &[f64]) -> Option<f64> {
    let sum: f64 = values.iter().sum();
    #[allow(clippy::cast_precision_loss, reason = "a number of values")]
    let count = values.len() as f64;
    let average = sum / count;
    match name {
        "SUM" => Some(sum),
        "AVG" => (count > 0.0).then_some(average),
        "STDDEV" => (count > 0.0).then(|| {
            let squares: f64 = values.iter().map(|value| (value - average).powi(2)).sum();
            (squares / count).sqrt()
        }),
        "MIN" => values.iter().copied().reduce(f64::min),
        _ => values.iter().copied().reduce(f64::max),
    }
}

fn over_time(name: &str, value: &Value) -> Option<Value> {
    let one = |series: &Series| {
        let mut before: Option<(i64, f64)> = None;
        let mut sum = 0.0;
        let mut points = Vec::new();
        for (at, value) in &series.points {
            sum += value;
            #[allow(
                clippy::cast_precision_loss,
                reason = "milliseconds between two points"
            )]
            let changed =
                before.map(|(earlier, last)| (value - last, (at - earlier) as f64 / 1000.0));
            match (name, changed) {
                ("RUNNING_SUM", _) => points.push((*at, sum)),
                ("DIFF", Some((difference, _))) => points.push((*at, difference)),
                ("RATE", Some((difference, seconds))) => points.push((*at, difference / seconds)),
                _ => {}
            }
            before = Some((*at, *value));
        }
        with(series.clone(), points)
    };
    match value {
        Value::Series(series) => Some(Value::Series(one(series))),
        Value::Many(many) => Some(Value::Many(many.iter().map(one).collect())),
        _ => None,
    }
}

/// Fills the periods without a point between the first and the last that has one.
fn fill(value: &Value, filling: &Value) -> Option<Value> {
    let one = |series: &Series| {
        let step = i64::from(series.period_seconds.max(1)) * 1000;
        let mut points = series.points.clone();
        let moments: Vec<(i64, f64)> = series
            .points
            .iter()
            .map(|(at, value)| (*at, *value))
            .collect();
        for neighbours in moments.windows(2) {
            let [(from, a), (to, b)] = [neighbours[0], neighbours[1]];
            let mut at = from + step;
            // Bounded by the range of the request, which has few periods.
            while at < to {
                #[allow(
                    clippy::cast_precision_loss,
                    reason = "milliseconds between two points"
                )]
                let share = (at - from) as f64 / (to - from) as f64;
                let filled = match filling {
                    Value::Scalar(number) => Some(*number),
                    Value::Word(word) if word == "REPEAT" => Some(a),
                    Value::Word(_) => Some(a + (b - a) * share),
                    Value::Series(other) => other.points.get(&at).copied(),
                    _ => None,
                };
                if let Some(filled) = filled {
                    points.insert(at, filled);
                }
                at += step;
            }
        }
        with(series.clone(), points)
    };
    match (value, filling) {
        (_, Value::Text(_) | Value::Many(_)) => None,
        (Value::Series(series), _) => Some(Value::Series(one(series))),
        (Value::Many(many), _) => Some(Value::Many(many.iter().map(one).collect())),
        _ => None,
    }
}

fn choose(condition: &Value, one: &Value, other: &Value) -> Option<Value> {
    let at = |value: &Value, moment: i64| match value {
        Value::Scalar(number) => Some(*number),
        Value::Series(series) => series.points.get(&moment).copied(),
        _ => None,
    };
    match condition {
        Value::Scalar(truth) => Some(if *truth != 0.0 {
            one.clone()
        } else {
            other.clone()
        }),
        Value::Series(series) => {
            if matches!(one, Value::Text(_) | Value::Many(_))
                || matches!(other, Value::Text(_) | Value::Many(_))
            {
                return None;
            }
            let points: Vec<_> = series
                .points
                .iter()
                .filter_map(|(moment, truth)| {
                    let chosen = if *truth != 0.0 { one } else { other };
                    Some((*moment, at(chosen, *moment)?))
                })
                .collect();
            Some(Value::Series(with(series.clone(), points)))
        }
        _ => None,
    }
}
