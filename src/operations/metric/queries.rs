//! GetMetricData.

use cacheplane_api::cloudwatch::shapes::{
    GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult, MetricStat,
};
use cacheplane_api::cloudwatch::{Code, Refusal};

use super::answered::{Answered, Source};
use super::series::Request;
use super::statistic::Statistic;
use super::{check_range, dimensions, metric, period_seconds, required};
use crate::operations::Context;
use crate::resources::metric::math::{self, Series};
use crate::resources::timestamp::Timestamp;

/// Most points of a page (API reference).
const DATAPOINTS_MAX: i64 = 100_800;

/// Most queries of a request (API reference).
const QUERIES_MAX: usize = 500;

/// What tokens begin with.
const TOKEN: &str = "data-";

/// A query that is understood.
pub(super) struct Query {
    pub(super) id: String,
    pub(super) label: Option<String>,
    pub(super) is_returned: bool,
    pub(super) source: Source,
}

/// GetMetricData, page by page.
///
/// # Errors
/// `MissingRequiredParameter`, `InvalidParameterValue`, `InvalidParameterCombination`, `InvalidNextToken`.
pub async fn get_metric_data(
    cx: &Context,
    input: GetMetricDataInput,
) -> Result<GetMetricDataOutput, Refusal> {
    let start = input
        .start_time
        .ok_or_else(|| Refusal::missing("StartTime"))?;
    let end = input.end_time.ok_or_else(|| Refusal::missing("EndTime"))?;
    check_range(start, end)?;
    let is_ascending = match input.scan_by.as_deref() {
        None | Some("" | "TimestampDescending") => false,
        Some("TimestampAscending") => true,
        Some(other) => {
            return Err(Refusal::invalid(format!(
                "The value {other} for parameter ScanBy is not supported."
            )));
        }
    };
    let most = match input.max_datapoints {
        None => DATAPOINTS_MAX,
        Some(most @ 1..=DATAPOINTS_MAX) => most,
        Some(_) => {
            return Err(Refusal::invalid(format!(
                "The parameter MaxDatapoints must be between 1 and {DATAPOINTS_MAX}."
            )));
        }
    };
    let from = match input.next_token.as_deref() {
        None | Some("") => None,
        Some(token) => Some(position(token)?),
    };
    let range = (Timestamp::from_millis(start), Timestamp::from_millis(end));
    let queries = understand(&input.metric_data_queries, range)?;
    let answered = Answered::read(cx, &queries, range).await?;
    let mut lines = Vec::new();
    for query in queries.iter().filter(|query| query.is_returned) {
        for series in answered.series(query)? {
            lines.push(Line::of(query, series, is_ascending));
        }
    }
    Ok(page(
        lines,
        from,
        usize::try_from(most).unwrap_or(usize::MAX),
        is_ascending,
    ))
}

fn understand(
    asked: &[MetricDataQuery],
    range: (Timestamp, Timestamp),
) -> Result<Vec<Query>, Refusal> {
    if asked.is_empty() {
        return Err(Refusal::missing("MetricDataQueries"));
    }
    if asked.len() > QUERIES_MAX {
        return Err(Refusal::invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}."
        )));
    }
    let mut queries: Vec<Query> = Vec::new();
    for (number, query) in (1..).zip(asked) {
        let place = format!("MetricDataQueries.member.{number}");
        let id = required(&format!("{place}.Id"), query.id.clone())?;
        let is_id = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_id {
            return Err(Refusal::invalid(format!(
                "The value {id} for parameter {place}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
            )));
        }
        if queries.iter().any(|earlier| earlier.id == id) {
            return Err(Refusal::invalid(format!(
                "The values for parameter id in MetricDataQueries are not unique: {id}."
            )));
        }
        let source = match (&query.metric_stat, query.expression.as_deref()) {
            (Some(stat), None) => understand_metric(&place, stat, range)?,
            (None, Some(text)) => {
                let period = query
                    .period
                    .map(|period| period_seconds(&format!("{place}.Period"), period));
                Source::Expression {
                    text: text.to_owned(),
                    expression: math::parse(text)
                        .map_err(|problem| in_expression(text, &problem))?,
                    period_seconds: period.transpose()?,
                }
            }
            _ => {
                return Err(Refusal::combination(format!(
                    "{place} must have either MetricStat or Expression, and not both."
                )));
            }
        };
        queries.push(Query {
            id,
            label: query.label.clone().filter(|label| !label.is_empty()),
            is_returned: query.return_data.unwrap_or(true),
            source,
        });
    }
    if !queries.iter().any(|query| query.is_returned) {
        return Err(Refusal::invalid(
            "At least one of the MetricDataQueries must return data.",
        ));
    }
    Ok(queries)
}

fn understand_metric(
    place: &str,
    stat: &MetricStat,
    range: (Timestamp, Timestamp),
) -> Result<Source, Refusal> {
    let member = |name: &str| format!("{place}.MetricStat.{name}");
    let asked = stat
        .metric
        .clone()
        .ok_or_else(|| Refusal::missing(&member("Metric")))?;
    let namespace = required(&member("Metric.Namespace"), asked.namespace)?;
    let name = required(&member("Metric.MetricName"), asked.metric_name)?;
    let word = required(&member("Stat"), stat.stat.clone())?;
    let statistic = Statistic::named(&word).ok_or_else(|| {
        Refusal::invalid(format!(
            "The value {word} for parameter {place}.MetricStat.Stat is not supported."
        ))
    })?;
    let period = stat
        .period
        .ok_or_else(|| Refusal::missing(&member("Period")))?;
    let period_seconds = period_seconds(&member("Period"), period)?;
    let dimensions = dimensions(&asked.dimensions)?;
    let request = metric(&namespace, &name, stat.unit.as_deref()).map(|metric| Request {
        metric,
        dimensions,
        range,
        period_seconds,
    });
    Ok(Source::Metric {
        name,
        statistic,
        period_seconds,
        request,
    })
}

/// What is wrong with an expression, as AWS begins to say it.
pub(super) fn in_expression(text: &str, problem: &str) -> Refusal {
    Refusal::invalid(format!("Error in expression '{text}': {problem}."))
}

/// A line of the reply, whole.
struct Line {
    id: String,
    label: String,
    values: Vec<(i64, f64)>,
}

impl Line {
    fn of(query: &Query, series: Series, is_ascending: bool) -> Self {
        let mut values: Vec<(i64, f64)> = series.points.into_iter().collect();
        if !is_ascending {
            values.reverse();
        }
        Self {
            id: query.id.clone(),
            label: match (&query.label, series.label.is_empty()) {
                (Some(label), _) => label.clone(),
                (None, false) => series.label,
                (None, true) => query.id.clone(),
            },
            values,
        }
    }
}

/// Where a page begins: in which line, and behind which moment of it. New points may come in between pages, and move none.
type Position = (usize, Option<i64>);

fn page(
    lines: Vec<Line>,
    from: Option<Position>,
    most: usize,
    is_ascending: bool,
) -> GetMetricDataOutput {
    let (first, behind) = from.unwrap_or((0, None));
    let mut output = GetMetricDataOutput::default();
    let mut room = most;
    for (index, line) in lines.into_iter().enumerate().skip(first) {
        let behind = behind.filter(|_| index == first);
        let follows = |at: i64, behind: i64| {
            if is_ascending {
                at > behind
            } else {
                at < behind
            }
        };
        let rest: Vec<(i64, f64)> = line
            .values
            .into_iter()
            .filter(|(at, _)| behind.is_none_or(|behind| follows(*at, behind)))
            .collect();
        if room == 0 && !rest.is_empty() {
            output.next_token = Some(format!("{TOKEN}{index}"));
            return output;
        }
        let taken = rest.len().min(room);
        room -= taken;
        let is_partial = taken < rest.len();
        let (timestamps, values): (Vec<i64>, Vec<f64>) = rest.into_iter().take(taken).unzip();
        if let (true, Some(last)) = (is_partial, timestamps.last()) {
            output.next_token = Some(format!("{TOKEN}{index}-{last}"));
        }
        output.metric_data_results.push(MetricDataResult {
            id: line.id,
            label: line.label,
            timestamps,
            values,
            is_partial,
            messages: Vec::new(),
        });
        if is_partial {
            return output;
        }
    }
    output
}

fn position(token: &str) -> Result<Position, Refusal> {
    let read = || {
        let rest = token.strip_prefix(TOKEN)?;
        match rest.split_once('-') {
            Some((index, behind)) => Some((index.parse().ok()?, Some(behind.parse().ok()?))),
            None => Some((rest.parse().ok()?, None)),
        }
    };
    read().ok_or_else(|| {
        Refusal::new(
            Code::InvalidNextToken,
            "The next token specified is invalid.",
        )
    })
}
