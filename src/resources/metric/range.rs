//! Ranges of values, and what is told of those that lie in one: trimmed means and their kin.
//!
//! Names and bounds are CloudWatch's (user guide, "CloudWatch statistics definitions"; the pattern of `Stat` in its service model).

use super::point::{Point, percentile};

/// Digits behind the point of a number, at most.
const DECIMALS_MAX: usize = 10;

/// A range of the values of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// Of all values in ascending order, those behind the first so many per cent, up to so many.
    Percent {
        /// Where it begins.
        from: f64,
        /// Where it ends.
        to: f64,
    },
    /// Values above the one bound, and up to the other, that one included.
    Value {
        /// What all are above.
        above: Option<f64>,
        /// What none is above.
        up_to: Option<f64>,
    },
}

impl Range {
    /// The middle half.
    pub const MIDDLE_HALF: Self = Self::Percent {
        from: 25.0,
        to: 75.0,
    };

    /// Reads what stands in the brackets of a statistic: `10%:90%`, `:95%`, `150:1000`, `80:`. None for anything else, and for bounds that
    /// have nothing between them.
    pub fn read(text: &str) -> Option<Self> {
        let (lower, upper) = text.split_once(':')?;
        let is_percent = lower.ends_with('%') || upper.ends_with('%');
        let read = |bound: &str| match (bound, is_percent) {
            ("", _) => Some(None),
            (bound, true) => percent(bound.strip_suffix('%')?).map(Some),
            (bound, false) => number(bound).map(Some),
        };
        let (lower, upper) = (read(lower)?, read(upper)?);
        let is_something = match (lower, upper) {
            (None, None) => false,
            (Some(lower), Some(upper)) => lower < upper,
            (Some(_), None) | (None, Some(_)) => true,
        };
        is_something.then_some(match is_percent {
            true => Self::Percent {
                from: lower.unwrap_or(0.0),
                to: upper.unwrap_or(100.0),
            },
            false => Self::Value {
                above: lower,
                up_to: upper,
            },
        })
    }

    /// What lies in it of all values of `points`; none of no values.
    pub fn part_of(self, points: &[Point]) -> Option<Part> {
        let mut values: Vec<(f64, f64)> = points.iter().flat_map(Point::weighted).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: f64 = values.iter().map(|(_, n)| n).sum();
        values.first()?;
        let mut part = Part {
            all,
            count: 0.0,
            sum: 0.0,
        };
        let mut passed = 0.0;
        for (value, n) in values {
            let kept = match self {
                // A value that the bound falls upon counts with the share of it that lies in the range.
                Self::Percent { from, to } => {
                    let (first, last) = (all * from / 100.0, all * to / 100.0);
                    (last.min(passed + n) - first.max(passed)).max(0.0)
                }
                Self::Value { above, up_to } => {
                    let is_in = above.is_none_or(|above| value > above)
                        && up_to.is_none_or(|up_to| value <= up_to);
                    if is_in { n } else { 0.0 }
                }
            };
            passed += n;
            part.count += kept;
            part.sum += value * kept;
        }
        Some(part)
    }

    /// The mean of all values of `points`, those outside of the range taken for its bounds; none of no values.
    pub fn winsorized_mean(self, points: &[Point]) -> Option<f64> {
        match self {
            Self::Percent { from, to } => {
                let part = self.part_of(points)?;
                let below = part.all * from / 100.0 * percentile(points, from)?;
                let beyond = part.all * (100.0 - to) / 100.0 * percentile(points, to)?;
                Some((below + part.sum + beyond) / part.all)
            }
            Self::Value { above, up_to } => {
                let (mut sum, mut all) = (0.0, 0.0);
                for (value, n) in points.iter().flat_map(Point::weighted) {
                    let value = above.map_or(value, |above| value.max(above));
                    sum += n * up_to.map_or(value, |up_to| value.min(up_to));
                    all += n;
                }
                (all > 0.0).then(|| sum / all)
            }
        }
    }
}

/// What lies in a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// How many values there are, inside and outside.
    all: f64,
    /// How many lie in it; not a whole number where a bound falls upon a value.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
}

impl Part {
    /// Their mean; none where none lies in the range.
    pub fn average(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }

    /// How many they are, in per cent of all.
    pub fn percentage(&self) -> f64 {
        self.count / self.all * 100.0
    }
}

/// Reads 0 to 100 with at most ten decimals.
pub fn percent(text: &str) -> Option<f64> {
    let value = decimal(text)?;
    let whole = text.split('.').next()?;
    ((1..=2).contains(&whole.len()) || whole == "100")
        .then_some(value)
        .filter(|value| *value <= 100.0)
}

/// Reads a value: digits, at most ten decimals, an exponent. There are no negative ones.
fn number(text: &str) -> Option<f64> {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else {
        return decimal(text);
    };
    decimal(digits)?;
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_number = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    let value: f64 = text.parse().ok().filter(|_| is_number)?;
    value.is_finite().then_some(value)
}

fn decimal(text: &str) -> Option<f64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_decimal = !whole.is_empty()
        && is_digits(whole)
        && is_digits(decimals)
        && decimals.len() <= DECIMALS_MAX;
    let value: f64 = text.parse().ok().filter(|_| is_decimal)?;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: impl IntoIterator<Item = u32>) -> Vec<Point> {
        values
            .into_iter()
            .map(|value| Point::of(f64::from(value)))
            .collect()
    }

    #[test]
    fn ranges_are_read_as_the_service_model_has_them() {
        let percent = |from, to| Some(Range::Percent { from, to });
        let value = |above, up_to| Some(Range::Value { above, up_to });
        let check = |text, expected| assert_eq!(Range::read(text), expected, "{text}");
        check("10%:90%", percent(10.0, 90.0));
        check(":95%", percent(0.0, 95.0));
        check("80%:", percent(80.0, 100.0));
        check("0.123456789%:100.0%", percent(0.123_456_789, 100.0));
        check("150:1000", value(Some(150.0), Some(1000.0)));
        check(":0.5", value(None, Some(0.5)));
        check("80:", value(Some(80.0), None));
        check("1e2:2.5E+3", value(Some(100.0), Some(2500.0)));
        for text in [
            "",
            ":",
            "10",
            "10%",
            "10%:90",
            "10:90%",
            "%:90%",
            "101%:",
            ":1000%",
            "100.1%:",
            "-1:2",
            "a:b",
            "90%:10%",
            "10:10",
            "1:2:3",
            "1e:2",
            "inf:",
            "1e999:",
            ".5:1",
            "0.12345678901:",
            " 1:2",
            "NaN:1",
            "1_0:20",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn parts_are_of_whole_and_of_broken_values() {
        let check = |text, values: &[u32], expected: (f64, f64)| {
            let part = Range::read(text)
                .unwrap()
                .part_of(&points(values.iter().copied()));
            let part = part.map(|part| (part.count, part.sum));
            assert_eq!(part, Some(expected), "{text} of {values:?}");
        };
        let ten: Vec<u32> = (1..=10).collect();
        check(":90%", &ten, (9.0, 45.0));
        check("10%:90%", &ten, (8.0, 44.0));
        check("80%:", &ten, (2.0, 19.0));
        check("25%:75%", &ten, (5.0, 27.5));
        check(":90%", &[4], (0.9, 3.6));
        check("2:5", &ten, (3.0, 12.0));
        check(":5", &ten, (5.0, 15.0));
        check("5:", &ten, (5.0, 40.0));
        check("20:", &ten, (0.0, 0.0));
        assert_eq!(Range::MIDDLE_HALF.part_of(&[]), None);
        let none = Range::read("20:")
            .unwrap()
            .part_of(&points(1..=10))
            .unwrap();
        assert_eq!((none.average(), none.percentage()), (None, 0.0));
        let three = Range::read("2:5")
            .unwrap()
            .part_of(&points(1..=10))
            .unwrap();
        assert_eq!((three.average(), three.percentage()), (Some(4.0), 30.0));
    }

    /// Ninety-nine calls of ten microseconds and one of a thousand: counts, not single values.
    #[test]
    fn values_count_as_often_as_they_were_there() {
        let point = [Point::distribution([(10.0, 99.0), (1000.0, 1.0)]).unwrap()];
        let of = |text| Range::read(text).unwrap().part_of(&point).unwrap();
        assert_eq!(of(":99%").average(), Some(10.0));
        assert_eq!(of(":500").percentage(), 99.0);
        assert_eq!(of("99%:").average(), Some(1000.0));
    }

    #[test]
    fn a_winsorized_mean_takes_outliers_for_the_bounds() {
        let check = |text, values: &[u32], expected: f64| {
            let mean = Range::read(text)
                .unwrap()
                .winsorized_mean(&points(values.iter().copied()))
                .unwrap();
            assert!(
                (mean - expected).abs() < 1e-9,
                "{text} of {values:?}: {mean}"
            );
        };
        check("15:45", &[10, 20, 30, 40, 100], 30.0);
        check(":45", &[10, 20, 30, 40, 100], 29.0);
        check("15:", &[10, 20, 30, 40, 100], 41.0);
        // Eleven values, so that percentiles fall upon values: 0 and 10 of 0..=10 are taken for 1 and 9.
        let eleven: Vec<u32> = (0..=10).collect();
        check("10%:90%", &eleven, 5.0);
        check(":90%", &[7], 7.0);
        assert_eq!(Range::MIDDLE_HALF.winsorized_mean(&[]), None);
    }
}
