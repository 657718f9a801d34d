//! `SEARCH('{AWS/ElastiCache,CacheClusterId,CacheNodeId} MetricName="CPUUtilization"', 'Average', 300)`: every metric with just these
//! dimensions that has all the words, each as a name, a value, or a part of one.

use std::time::Duration;

use super::series::{Request, dimension_sets};
use super::statistic::Statistic;
use crate::datastore::MetricSubject;
use crate::resources::metric::NAMESPACE;
use crate::resources::metric::math::Expression;
use crate::resources::timestamp::Timestamp;

/// Most series that a search finds (CloudWatch user guide, "CloudWatch search expression syntax").
const FOUND_MAX: usize = 100;

/// How long a metric without new points is found (the same).
const FOUND_FOR: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A search that is understood.
#[derive(Debug, PartialEq)]
pub(super) struct Search {
    pub(super) statistic: Statistic,
    period_seconds: u32,
    is_ours: bool,
    dimensions: Vec<String>,
    /// Words, with the name that each must be the value of, and whether it must be all of it.
    words: Vec<Word>,
}

#[derive(Debug, PartialEq)]
struct Word {
    of: Option<String>,
    text: String,
    is_exact: bool,
}

impl Search {
    /// Reads the arguments; else says what is wrong.
    pub(super) fn read(
        arguments: &[Expression],
        period_seconds: Option<u32>,
    ) -> Result<Self, String> {
        let (text, statistic, own) = match arguments {
            [Expression::Text(text), Expression::Text(statistic)] => (text, statistic, None),
            [
                Expression::Text(text),
                Expression::Text(statistic),
                Expression::Number(period),
            ] => (text, statistic, Some(*period)),
            _ => return Err("SEARCH takes what to look for, a statistic and a period".to_owned()),
        };
        let period = match own {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be a small whole number"
            )]
            Some(period) if period.fract() == 0.0 && (1.0..=86_400.0).contains(&period) => {
                Some(period as u32)
            }
            Some(period) => return Err(format!("{period} is no period")),
            None => period_seconds,
        };
        let statistic =
            Statistic::named(statistic).ok_or_else(|| format!("{statistic} is no statistic"))?;
        let (schema, rest) = match text.trim_start().strip_prefix('{') {
            Some(inside) => inside.split_once('}').ok_or("a brace is not closed")?,
            None => {
                return Err("SEARCH begins with a namespace and dimensions in braces".to_owned());
            }
        };
        let mut names = schema
            .split(',')
            .map(|name| name.trim().trim_matches('"').to_owned());
        let is_ours = names.next().as_deref() == Some(NAMESPACE);
        Ok(Self {
            statistic,
            period_seconds: period.unwrap_or(300),
            is_ours,
            dimensions: names.filter(|name| !name.is_empty()).collect(),
            words: words(rest)?,
        })
    }

    /// What to read for it, each with the label that tells it from the others.
    pub(super) fn requests(
        &self,
        subjects: &[MetricSubject],
        range: (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Vec<(Request, String)> {
        let mut found = Vec::new();
        let active = subjects.iter().filter(|subject| {
            self.is_ours
                && subject
                    .latest_at
                    .is_some_and(|at| now.since(at) <= FOUND_FOR)
        });
        for subject in active {
            for set in dimension_sets(&subject.about) {
                let has_these = set.len() == self.dimensions.len()
                    && set
                        .iter()
                        .all(|(name, _)| self.dimensions.iter().any(|wanted| wanted == name));
                if !has_these {
                    continue;
                }
                for metric in &subject.metrics {
                    let mut pairs = vec![("MetricName", metric.name)];
                    pairs.extend(set.iter().copied());
                    if !self.words.iter().all(|word| word.is_in(&pairs)) {
                        continue;
                    }
                    let values: Vec<&str> = set.iter().map(|(_, value)| *value).collect();
                    let request = Request {
                        metric,
                        dimensions: set
                            .iter()
                            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                            .collect(),
                        range,
                        period_seconds: self.period_seconds,
                    };
                    let label = format!("{} {}", values.join(" "), metric.name);
                    // A cluster's series is found with each of its nodes.
                    if !found
                        .iter()
                        .any(|(earlier, _): &(Request, String)| *earlier == request)
                        && found.len() < FOUND_MAX
                    {
                        found.push((request, label));
                    }
                }
            }
        }
        found
    }
}

impl Word {
    fn is_in(&self, pairs: &[(&str, &str)]) -> bool {
        let matches = |text: &str| match self.is_exact {
            true => text == self.text,
            // A word is found in names that are written together, whatever the case.
            false => text
                .to_ascii_lowercase()
                .contains(&self.text.to_ascii_lowercase()),
        };
        pairs.iter().any(|(name, value)| match &self.of {
            Some(of) => of == name && matches(value),
            None => matches(value),
        })
    }
}

/// Reads `Name="exact" Name=part part "exact"`; what joins words otherwise is refused by name.
fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    // Bounded by the text: each turn takes a word.
    while !rest.is_empty() {
        let end = rest.find([' ', '=', '"', '(']).unwrap_or(rest.len());
        let (mut word, mut after) = (&rest[..end], &rest[end..]);
        let mut of = None;
        if let Some(value) = after.strip_prefix('=') {
            of = Some(word.to_owned());
            let end = value.find([' ', '"', '(']).unwrap_or(value.len());
            (word, after) = (&value[..end], &value[end..]);
        }
        let mut is_exact = false;
        if let (true, Some(inside)) = (word.is_empty(), after.strip_prefix('"')) {
            (word, after) = inside.split_once('"').ok_or("a quote is not closed")?;
            is_exact = true;
        }
        if after.starts_with('(') || matches!(word, "OR" | "NOT") {
            return Err("SEARCH with OR, NOT or brackets is not supported".to_owned());
        }
        if word.is_empty() {
            return Err("SEARCH has a word that is none".to_owned());
        }
        if word != "AND" || is_exact {
            words.push(Word {
                of,
                text: word.to_owned(),
                is_exact,
            });
        }
        rest = after.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::metric::math::parse;
    use crate::resources::metric::{About, Metric};

    fn search(text: &str) -> Result<Search, String> {
        match parse(text)? {
            Expression::Call(_, arguments) => Search::read(&arguments, None),
            other => panic!("{other:?}"),
        }
    }

    fn labels(text: &str) -> Vec<String> {
        let node = |cluster: &str, node: &str| MetricSubject {
            key: 1,
            about: About::Node {
                cache_cluster_id: cluster.to_owned(),
                cache_node_id: node.to_owned(),
            },
            metrics: ["CPUUtilization", "EngineCPUUtilization", "CurrItems"]
                .into_iter()
                .filter_map(Metric::named)
                .collect(),
            latest_at: Some(Timestamp::from_millis(0)),
        };
        let subjects = [
            node("shop-001", "0001"),
            node("shop-002", "0001"),
            node("other", "0002"),
        ];
        let now = Timestamp::from_millis(1000);
        let found = search(text).unwrap().requests(&subjects, (now, now), now);
        found.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn words_are_looked_for_where_they_are_said_to_be() {
        let both = "{AWS/ElastiCache,CacheClusterId,CacheNodeId}";
        let check = |words: &str, expected: &[&str]| {
            assert_eq!(
                labels(&format!("SEARCH('{words}', 'Average', 60)")),
                expected,
                "{words}"
            );
        };
        check(
            &format!("{both} MetricName=\"CPUUtilization\" shop"),
            &[
                "shop-001 0001 CPUUtilization",
                "shop-002 0001 CPUUtilization",
            ],
        );
        check(
            &format!("{both} MetricName=CPUUtil CacheClusterId=\"other\""),
            &[
                "other 0002 CPUUtilization",
                "other 0002 EngineCPUUtilization",
            ],
        );
        check(
            "{AWS/ElastiCache,CacheClusterId} curritems other",
            &["other CurrItems"],
        );
        check("{AWS/EC2,InstanceId} CPUUtilization", &[]);
        for bad in [
            "SEARCH('x', 'Sum', 60)",
            "SEARCH('{AWS/ElastiCache} a OR b', 'Sum', 60)",
            "SEARCH('{AWS/ElastiCache}', 'Many', 60)",
            "SEARCH(1)",
        ] {
            assert!(search(bad).is_err(), "{bad}");
        }
    }
}
