//! The shapes of the operations that are served: what a client asks, by serde; what it is answered, as a [`Node`].

use serde::Deserialize;

use super::reply::Node;
use super::{lenient, time};

/// A name and a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Dimension {
    /// Its name.
    pub name: Option<String>,
    /// Its value; a filter may leave it out.
    pub value: Option<String>,
}

/// What ListMetrics is asked.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ListMetricsInput {
    /// Of this namespace only.
    pub namespace: Option<String>,
    /// Of this name only.
    pub metric_name: Option<String>,
    /// With these dimensions, others may be there too.
    pub dimensions: Vec<Dimension>,
    /// Where the last page ended.
    pub next_token: Option<String>,
    /// `PT3H`: those that had points in the last three hours.
    pub recently_active: Option<String>,
    /// Of other accounts too; there are none.
    #[serde(deserialize_with = "lenient")]
    pub include_linked_accounts: Option<bool>,
    /// Of this account.
    pub owning_account: Option<String>,
}

/// What GetMetricStatistics is asked.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetMetricStatisticsInput {
    /// The namespace.
    pub namespace: Option<String>,
    /// The metric.
    pub metric_name: Option<String>,
    /// All its dimensions.
    pub dimensions: Vec<Dimension>,
    /// From this moment on, in milliseconds since the Unix epoch.
    #[serde(deserialize_with = "time")]
    pub start_time: Option<i64>,
    /// Up to this moment, without it, in milliseconds.
    #[serde(deserialize_with = "time")]
    pub end_time: Option<i64>,
    /// Length of a period, in seconds.
    #[serde(deserialize_with = "lenient")]
    pub period: Option<i64>,
    /// The five plain statistics.
    pub statistics: Vec<String>,
    /// Extended statistics: percentiles, trimmed means and their kin.
    pub extended_statistics: Vec<String>,
    /// Only what is in this unit.
    pub unit: Option<String>,
}

/// What GetMetricData is asked.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct GetMetricDataInput {
    /// Metrics and expressions.
    pub metric_data_queries: Vec<MetricDataQuery>,
    /// From this moment on, in milliseconds since the Unix epoch.
    #[serde(deserialize_with = "time")]
    pub start_time: Option<i64>,
    /// Up to this moment, without it, in milliseconds.
    #[serde(deserialize_with = "time")]
    pub end_time: Option<i64>,
    /// Where the last page ended.
    pub next_token: Option<String>,
    /// Latest first, or earliest first.
    pub scan_by: Option<String>,
    /// Most points of a page.
    #[serde(deserialize_with = "lenient")]
    pub max_datapoints: Option<i64>,
    /// How labels are written; only the time zone of times in them, and there are none.
    pub label_options: Option<serde_json::Value>,
}

/// One line of GetMetricData.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MetricDataQuery {
    /// How expressions name it.
    pub id: Option<String>,
    /// The metric, unless it is an expression.
    pub metric_stat: Option<MetricStat>,
    /// The expression, unless it is a metric.
    pub expression: Option<String>,
    /// What it is called in the reply.
    pub label: Option<String>,
    /// Whether it is in the reply; it is unless this says no.
    #[serde(deserialize_with = "lenient")]
    pub return_data: Option<bool>,
    /// Length of a period of an expression, in seconds.
    #[serde(deserialize_with = "lenient")]
    pub period: Option<i64>,
    /// Of another account; there is none.
    pub account_id: Option<String>,
}

/// A metric and a statistic of it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct MetricStat {
    /// The metric.
    pub metric: Option<Metric>,
    /// Length of a period, in seconds.
    #[serde(deserialize_with = "lenient")]
    pub period: Option<i64>,
    /// The statistic.
    pub stat: Option<String>,
    /// Only what is in this unit.
    pub unit: Option<String>,
}

/// A metric by its name and dimensions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Metric {
    /// The namespace.
    pub namespace: Option<String>,
    /// The name.
    pub metric_name: Option<String>,
    /// All its dimensions.
    pub dimensions: Vec<Dimension>,
}

impl Metric {
    fn node(&self) -> Node {
        let dimensions = self.dimensions.iter().map(|dimension| {
            Node::structure([
                ("Name", dimension.name.clone().map(Node::Text)),
                ("Value", dimension.value.clone().map(Node::Text)),
            ])
        });
        Node::structure([
            ("Namespace", self.namespace.clone().map(Node::Text)),
            ("MetricName", self.metric_name.clone().map(Node::Text)),
            ("Dimensions", Some(Node::List(dimensions.collect()))),
        ])
    }
}

/// What ListMetrics answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMetricsOutput {
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

impl ListMetricsOutput {
    /// As a reply.
    pub fn node(&self) -> Node {
        let metrics = self.metrics.iter().map(Metric::node).collect();
        Node::structure([
            ("Metrics", Some(Node::List(metrics))),
            ("NextToken", self.next_token.clone().map(Node::Text)),
        ])
    }
}

/// Statistics of one period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Datapoint {
    /// When the period began, in milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// How many values there were.
    pub sample_count: Option<f64>,
    /// Their mean.
    pub average: Option<f64>,
    /// Their sum.
    pub sum: Option<f64>,
    /// The least.
    pub minimum: Option<f64>,
    /// The greatest.
    pub maximum: Option<f64>,
    /// The unit.
    pub unit: String,
    /// Percentiles, by the words they were asked for in.
    pub extended_statistics: Vec<(String, f64)>,
}

/// What GetMetricStatistics answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetMetricStatisticsOutput {
    /// The metric's name.
    pub label: String,
    /// One for each period that has values.
    pub datapoints: Vec<Datapoint>,
}

impl GetMetricStatisticsOutput {
    /// As a reply.
    pub fn node(&self) -> Node {
        let datapoints = self.datapoints.iter().map(|point| {
            let extended = point.extended_statistics.iter();
            let extended: Vec<_> = extended
                .map(|(name, value)| (name.clone(), Node::Double(*value)))
                .collect();
            Node::structure([
                ("Timestamp", Some(Node::Time(point.timestamp))),
                ("SampleCount", point.sample_count.map(Node::Double)),
                ("Average", point.average.map(Node::Double)),
                ("Sum", point.sum.map(Node::Double)),
                ("Minimum", point.minimum.map(Node::Double)),
                ("Maximum", point.maximum.map(Node::Double)),
                ("Unit", Some(Node::Text(point.unit.clone()))),
                (
                    "ExtendedStatistics",
                    (!extended.is_empty()).then_some(Node::Map(extended)),
                ),
            ])
        });
        Node::structure([
            ("Label", Some(Node::Text(self.label.clone()))),
            ("Datapoints", Some(Node::List(datapoints.collect()))),
        ])
    }
}

/// A line of GetMetricData's reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricDataResult {
    /// The query's id.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// When periods began, in milliseconds since the Unix epoch.
    pub timestamps: Vec<i64>,
    /// The value of each.
    pub values: Vec<f64>,
    /// Whether there is more of it on the next page.
    pub is_partial: bool,
    /// What is to be said about it: a code and a text.
    pub messages: Vec<(String, String)>,
}

/// What GetMetricData answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetMetricDataOutput {
    /// A line for each query that is returned, several for one that searches.
    pub metric_data_results: Vec<MetricDataResult>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

fn messages(messages: &[(String, String)]) -> Node {
    let messages = messages.iter().map(|(code, value)| {
        Node::structure([
            ("Code", Some(Node::Text(code.clone()))),
            ("Value", Some(Node::Text(value.clone()))),
        ])
    });
    Node::List(messages.collect())
}

impl GetMetricDataOutput {
    /// As a reply.
    pub fn node(&self) -> Node {
        let results = self.metric_data_results.iter().map(|result| {
            let status = if result.is_partial {
                "PartialData"
            } else {
                "Complete"
            };
            let timestamps = result.timestamps.iter().copied().map(Node::Time);
            let values = result.values.iter().copied().map(Node::Double);
            Node::structure([
                ("Id", Some(Node::Text(result.id.clone()))),
                ("Label", Some(Node::Text(result.label.clone()))),
                ("Timestamps", Some(Node::List(timestamps.collect()))),
                ("Values", Some(Node::List(values.collect()))),
                ("StatusCode", Some(Node::Text(status.to_owned()))),
                (
                    "Messages",
                    (!result.messages.is_empty()).then(|| messages(&result.messages)),
                ),
            ])
        });
        Node::structure([
            ("MetricDataResults", Some(Node::List(results.collect()))),
            ("NextToken", self.next_token.clone().map(Node::Text)),
            ("Messages", Some(messages(&[]))),
        ])
    }
}
