//! Metrics, as CloudWatch tells them.

mod answered;
mod list;
mod queries;
mod search;
mod series;
mod statistic;

use cacheplane_api::cloudwatch::shapes::{
    Dimension, GetMetricStatisticsInput, GetMetricStatisticsOutput,
};
use cacheplane_api::cloudwatch::{Code, Refusal};

use super::Context;
use crate::datastore;
use crate::resources::metric::{Metric, NAMESPACE};
use crate::resources::timestamp::Timestamp;
use series::Request;
use statistic::Statistic;

pub use list::list_metrics;
pub use queries::get_metric_data;

/// Most points of one GetMetricStatistics (API reference).
const DATAPOINTS_MAX: i64 = 1440;

/// Most statistics of one GetMetricStatistics, plain and extended (API reference).
const STATISTICS_MAX: usize = 5;
const EXTENDED_STATISTICS_MAX: usize = 10;

/// Most dimensions of a metric (API reference).
const DIMENSIONS_MAX: usize = 30;

/// GetMetricStatistics. A metric that is not there has no points, as on AWS.
///
/// # Errors
/// `MissingRequiredParameter`, `InvalidParameterValue`, `InvalidParameterCombination`.
pub async fn get_metric_statistics(
    cx: &Context,
    input: GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, Refusal> {
    let namespace = required("Namespace", input.namespace)?;
    let name = required("MetricName", input.metric_name)?;
    let start = input
        .start_time
        .ok_or_else(|| Refusal::missing("StartTime"))?;
    let end = input.end_time.ok_or_else(|| Refusal::missing("EndTime"))?;
    let period = input.period.ok_or_else(|| Refusal::missing("Period"))?;
    check_range(start, end)?;
    let period_seconds = period_seconds("Period", period)?;
    check_age(cx, start, period)?;
    if input.statistics.is_empty() == input.extended_statistics.is_empty() {
        return Err(Refusal::combination(
            "Either Statistics or ExtendedStatistics must be specified, and not both.",
        ));
    }
    for (member, asked, most) in [
        ("Statistics", &input.statistics, STATISTICS_MAX),
        (
            "ExtendedStatistics",
            &input.extended_statistics,
            EXTENDED_STATISTICS_MAX,
        ),
    ] {
        if asked.len() > most {
            return Err(Refusal::invalid(format!(
                "The collection {member} must not have a size greater than {most}."
            )));
        }
    }
    let asked = input.statistics.iter().map(|word| (word, false));
    let asked = asked.chain(input.extended_statistics.iter().map(|word| (word, true)));
    let statistics = asked
        .map(|(word, extended)| match Statistic::named(word) {
            Some(statistic) if statistic.is_extended() == extended => {
                Ok((word.as_str(), statistic))
            }
            _ => Err(Refusal::invalid(format!(
                "The value {word} is not a statistic that is supported."
            ))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let count = (end - start + period * 1000 - 1) / (period * 1000);
    if count > DATAPOINTS_MAX {
        return Err(Refusal::combination(format!(
            "You have requested up to {count} datapoints, which exceeds the limit of {DATAPOINTS_MAX}. You may reduce the datapoints \
             requested by increasing Period, or decreasing the time range."
        )));
    }
    let metric = metric(&namespace, &name, input.unit.as_deref());
    let mut output = GetMetricStatisticsOutput {
        label: name,
        datapoints: Vec::new(),
    };
    if let Some(metric) = metric {
        let request = Request {
            metric,
            dimensions: dimensions(&input.dimensions)?,
            range: (Timestamp::from_millis(start), Timestamp::from_millis(end)),
            period_seconds,
        };
        let periods = series::read(cx, &[&request])
            .await?
            .pop()
            .unwrap_or_default();
        output.datapoints = periods
            .iter()
            .map(|(began_at, points)| statistic::datapoint(metric, *began_at, points, &statistics))
            .collect();
    }
    Ok(output)
}

fn required(member: &str, value: Option<String>) -> Result<String, Refusal> {
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::missing(member))
}

/// The metric; none where there is no such one, which is no fault.
fn metric(namespace: &str, name: &str, unit: Option<&str>) -> Option<&'static Metric> {
    Metric::named(name)
        .filter(|_| namespace == NAMESPACE)
        .filter(|metric| unit.is_none_or(|unit| unit == metric.unit.word()))
}

fn dimensions(asked: &[Dimension]) -> Result<Vec<(String, String)>, Refusal> {
    if asked.len() > DIMENSIONS_MAX {
        return Err(Refusal::invalid(format!(
            "A metric has at most {DIMENSIONS_MAX} dimensions."
        )));
    }
    asked
        .iter()
        .map(|dimension| {
            let name = required("Dimensions.member.Name", dimension.name.clone())?;
            let value = required("Dimensions.member.Value", dimension.value.clone())?;
            Ok((name, value))
        })
        .collect()
}

fn check_range(start: i64, end: i64) -> Result<(), Refusal> {
    match start < end {
        true => Ok(()),
        false => Err(Refusal::invalid(
            "The parameter StartTime must be less than the parameter EndTime.",
        )),
    }
}

/// A period is 1, 5, 10 or 30 seconds, or minutes.
fn period_seconds(member: &str, period: i64) -> Result<u32, Refusal> {
    let seconds = u32::try_from(period).ok();
    seconds
        .filter(|seconds| {
            matches!(seconds, 1 | 5 | 10 | 30) || (*seconds > 0 && seconds.is_multiple_of(60))
        })
        .ok_or_else(|| {
            Refusal::invalid(format!(
                "The parameter {member} must be 1, 5, 10, 30 or a multiple of 60."
            ))
        })
}

/// What is older is kept in longer periods only (GetMetricStatistics, API reference).
fn check_age(cx: &Context, start: i64, period: i64) -> Result<(), Refusal> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let age = cx.clock.now().as_millis() - start;
    let least = match age {
        age if age > 63 * DAY_MS => 3600,
        age if age > 15 * DAY_MS => 300,
        age if age > 3 * 60 * 60 * 1000 => 60,
        _ => 1,
    };
    match period % least {
        0 => Ok(()),
        _ => Err(Refusal::invalid(format!(
            "The parameter Period must be a multiple of {least} for the StartTime that is requested."
        ))),
    }
}

/// A failure of the database's, logged here; the client hears that it was not its fault.
fn failed(error: datastore::Error) -> Refusal {
    tracing::error!(error = format!("{error:#}"), "Metrics cannot be read");
    Refusal::new(
        Code::InternalServiceError,
        "The request processing has failed because of an unknown error, exception or failure.",
    )
}
