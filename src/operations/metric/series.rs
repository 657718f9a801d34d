//! Values of metrics over time.

use std::collections::BTreeMap;

use cacheplane_api::cloudwatch::Refusal;

use super::failed;
use crate::datastore::MetricSubject;
use crate::operations::Context;
use crate::resources::metric::{About, Metric, Point};
use crate::resources::timestamp::Timestamp;

/// What is asked of one metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// The metric.
    pub(super) metric: &'static Metric,
    /// All its dimensions.
    pub(super) dimensions: Vec<(String, String)>,
    /// From when on, and up to when.
    pub(super) range: (Timestamp, Timestamp),
    /// Length of a period.
    pub(super) period_seconds: u32,
}

/// Requests that are one reading: the same subjects, moments and periods.
type Reading = (Vec<i64>, (Timestamp, Timestamp), u32);

/// The points of each period that has some, by the moment at which it began.
pub(super) type Periods = BTreeMap<Timestamp, Vec<Point>>;

/// Dimensions of a subject: its own, and those of which it is a part.
///
/// A node has a part in its cache cluster's series; a group's nodes are told of by series of their own.
pub(super) fn dimension_sets(about: &About) -> Vec<Vec<(&'static str, &str)>> {
    let own = about.dimensions();
    match about {
        About::Node { .. } => vec![own[..1].to_vec(), own],
        About::Group { .. } => vec![own],
    }
}

fn is_asked_for(subject: &MetricSubject, dimensions: &[(String, String)]) -> bool {
    dimension_sets(&subject.about).iter().any(|set| {
        set.len() == dimensions.len()
            && set.iter().all(|(name, value)| {
                dimensions
                    .iter()
                    .any(|(asked, wanted)| asked == name && wanted == value)
            })
    })
}

/// Reads what is asked for, each in its place. What several ask of one subject is read once.
///
/// # Errors
/// Only our own.
pub(super) async fn read(cx: &Context, requests: &[&Request]) -> Result<Vec<Periods>, Refusal> {
    let mut found = vec![Periods::new(); requests.len()];
    let mut readings: BTreeMap<Reading, Vec<usize>> = BTreeMap::new();
    let mut known: BTreeMap<String, Vec<MetricSubject>> = BTreeMap::new();
    for (place, request) in requests.iter().enumerate() {
        let id = |name: &str| request.dimensions.iter().find(|(asked, _)| asked == name);
        let Some((_, name)) = id("CacheClusterId").or_else(|| id("ReplicationGroupId")) else {
            continue;
        };
        if !known.contains_key(name) {
            let subjects = cx
                .datastore
                .metric_subjects(&cx.scope, Some(name))
                .await
                .map_err(failed)?;
            known.insert(name.clone(), subjects);
        }
        let subjects = known.get(name).into_iter().flatten();
        let keys: Vec<i64> = subjects
            .filter(|subject| is_asked_for(subject, &request.dimensions))
            .map(|subject| subject.key)
            .collect();
        let reading = (keys, request.range, request.period_seconds);
        readings.entry(reading).or_default().push(place);
    }
    for ((keys, range, period_seconds), places) in readings {
        let metrics: Vec<&'static Metric> =
            places.iter().map(|place| requests[*place].metric).collect();
        let rows = cx
            .datastore
            .metric_read(&keys, &metrics, range, period_seconds, cx.clock.now())
            .await
            .map_err(failed)?;
        let period = i64::from(period_seconds) * 1000;
        for row in rows {
            let began_at = row.began_at.as_millis().div_euclid(period) * period;
            for (metric, point) in row.values {
                for place in places
                    .iter()
                    .filter(|place| requests[**place].metric == metric)
                {
                    let periods = &mut found[*place];
                    periods
                        .entry(Timestamp::from_millis(began_at))
                        .or_default()
                        .push(point.clone());
                }
            }
        }
    }
    Ok(found)
}
