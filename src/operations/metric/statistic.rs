//! Statistics: what is made of the values of a period.

use std::fmt;

use cacheplane_api::cloudwatch::shapes::Datapoint;

use crate::resources::metric::point::percentile;
use crate::resources::metric::{Metric, Point};
use crate::resources::timestamp::Timestamp;

/// A statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// The value below which so many per cent lie.
    Percentile(f64),
}

impl Statistic {
    /// The statistic of that name; `p99.9` is a percentile.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "SampleCount" => Some(Self::SampleCount),
            "Average" => Some(Self::Average),
            "Sum" => Some(Self::Sum),
            "Minimum" => Some(Self::Minimum),
            "Maximum" => Some(Self::Maximum),
            _ => {
                let digits = word.strip_prefix('p')?;
                let is_number = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                let percent: f64 = digits.parse().ok()?;
                (is_number && (0.0..=100.0).contains(&percent)).then_some(Self::Percentile(percent))
            }
        }
    }

    /// Whether it is asked for as an extended one.
    pub(super) fn is_extended(self) -> bool {
        matches!(self, Self::Percentile(_))
    }

    /// Its value over all values of `points`; none if there are none.
    pub(super) fn of(self, points: &[Point]) -> Option<f64> {
        let all = || Point::merged(points);
        match self {
            Self::SampleCount => all().map(|all| all.count),
            Self::Average => all().map(|all| all.average()),
            Self::Sum => all().map(|all| all.sum),
            Self::Minimum => all().map(|all| all.minimum),
            Self::Maximum => all().map(|all| all.maximum),
            Self::Percentile(percent) => percentile(points, percent),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(percent) => write!(f, "p{percent}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// The statistics of a period.
pub(super) fn datapoint(
    metric: &'static Metric,
    began_at: Timestamp,
    points: &[Point],
    statistics: &[Statistic],
) -> Datapoint {
    let mut datapoint = Datapoint {
        timestamp: began_at.as_millis(),
        unit: metric.unit.word().to_owned(),
        ..Datapoint::default()
    };
    for statistic in statistics {
        let value = statistic.of(points);
        match statistic {
            Statistic::SampleCount => datapoint.sample_count = value,
            Statistic::Average => datapoint.average = value,
            Statistic::Sum => datapoint.sum = value,
            Statistic::Minimum => datapoint.minimum = value,
            Statistic::Maximum => datapoint.maximum = value,
            Statistic::Percentile(_) => {
                let found = value.map(|value| (statistic.to_string(), value));
                datapoint.extended_statistics.extend(found);
            }
        }
    }
    datapoint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_have_names() {
        let check = |word, expected| assert_eq!(Statistic::named(word), expected, "{word}");
        check("Average", Some(Statistic::Average));
        check("p99.9", Some(Statistic::Percentile(99.9)));
        check("p0", Some(Statistic::Percentile(0.0)));
        for word in [
            "average", "", "p", "p101", "p-1", "pInf", "p1e1", "tm90", "Mean",
        ] {
            check(word, None);
        }
    }
}
