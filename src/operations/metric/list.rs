//! ListMetrics.

use std::collections::BTreeSet;
use std::time::Duration;

use cacheplane_api::cloudwatch::shapes::{self, ListMetricsInput, ListMetricsOutput};
use cacheplane_api::cloudwatch::{Code, Refusal};

use super::failed;
use super::series::dimension_sets;
use crate::operations::Context;
use crate::resources::metric::NAMESPACE;

/// Metrics of a page (API reference).
const PAGE: usize = 500;

/// How long a metric without new points is listed (API reference).
const LISTED_FOR: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How new points are of a metric that is recently active.
const RECENT: Duration = Duration::from_secs(3 * 60 * 60);

/// What tokens begin with.
const TOKEN: &str = "metrics-";

/// ListMetrics, in the order of names and dimensions.
///
/// # Errors
/// `InvalidParameterValue`; `InvalidNextToken`.
pub async fn list_metrics(
    cx: &Context,
    input: ListMetricsInput,
) -> Result<ListMetricsOutput, Refusal> {
    let within = match input.recently_active.as_deref() {
        None | Some("") => LISTED_FOR,
        Some("PT3H") => RECENT,
        Some(other) => {
            return Err(Refusal::invalid(format!(
                "The value {other} for parameter RecentlyActive is not supported. It must be PT3H."
            )));
        }
    };
    if input.dimensions.iter().any(|filter| filter.name.is_none()) {
        return Err(Refusal::missing("Dimensions.member.Name"));
    }
    let from = match input.next_token.as_deref() {
        None | Some("") => 0,
        Some(token) => position(token)?,
    };
    let foreign =
        |wanted: &Option<String>, own: &str| wanted.as_deref().is_some_and(|wanted| wanted != own);
    if foreign(&input.namespace, NAMESPACE) || foreign(&input.owning_account, &cx.scope.account) {
        return Ok(ListMetricsOutput::default());
    }
    let now = cx.clock.now();
    let subjects = cx
        .datastore
        .metric_subjects(&cx.scope, None)
        .await
        .map_err(failed)?;
    let active = subjects
        .iter()
        .filter(|subject| subject.latest_at.is_some_and(|at| now.since(at) <= within));
    let mut all = BTreeSet::new();
    for subject in active {
        let sets = dimension_sets(&subject.about);
        for metric in &subject.metrics {
            if foreign(&input.metric_name, metric.name) {
                continue;
            }
            all.extend(
                sets.iter()
                    .filter(|set| passes(set, &input))
                    .map(|set| (set.clone(), metric.name)),
            );
        }
    }
    let page: Vec<shapes::Metric> = all
        .iter()
        .skip(from)
        .take(PAGE)
        .map(|(set, name)| view(set, name))
        .collect();
    let next = from + page.len();
    Ok(ListMetricsOutput {
        metrics: page,
        next_token: (next < all.len()).then(|| format!("{TOKEN}{next}")),
    })
}

/// Whether the dimensions that are asked for are among these.
fn passes(set: &[(&str, &str)], input: &ListMetricsInput) -> bool {
    input.dimensions.iter().all(|filter| {
        set.iter().any(|(name, value)| {
            filter.name.as_deref() == Some(name)
                && filter
                    .value
                    .as_deref()
                    .is_none_or(|wanted| wanted == *value)
        })
    })
}

fn view(set: &[(&str, &str)], name: &str) -> shapes::Metric {
    let dimensions = set.iter().map(|(name, value)| shapes::Dimension {
        name: Some((*name).to_owned()),
        value: Some((*value).to_owned()),
    });
    shapes::Metric {
        namespace: Some(NAMESPACE.to_owned()),
        metric_name: Some(name.to_owned()),
        dimensions: dimensions.collect(),
    }
}

fn position(token: &str) -> Result<usize, Refusal> {
    let position = token
        .strip_prefix(TOKEN)
        .and_then(|number| number.parse().ok());
    position.ok_or_else(|| {
        Refusal::new(
            Code::InvalidNextToken,
            "The next token specified is invalid.",
        )
    })
}
