//! Statistics: what is made of the values of a period.

use cacheplane_api::cloudwatch::shapes::Datapoint;

use crate::resources::metric::point::percentile;
use crate::resources::metric::range::percent;
use crate::resources::metric::{Metric, Point, Range};
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
    /// Of the values in a range only.
    Trimmed(Trimmed, Range),
    /// The mean, with values outside of a range taken for its bounds.
    WinsorizedMean(Range),
    /// How many per cent of the values lie in a range.
    PercentileRank(Range),
}

/// What is told of the values in a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Trimmed {
    Mean,
    Count,
    Sum,
}

impl Statistic {
    /// The statistic of that name: `Average`, `p99.9`, `tm90`, `TM(10%:90%)`.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "SampleCount" => Some(Self::SampleCount),
            "Average" => Some(Self::Average),
            "Sum" => Some(Self::Sum),
            "Minimum" => Some(Self::Minimum),
            "Maximum" => Some(Self::Maximum),
            "IQM" => Some(Self::Trimmed(Trimmed::Mean, Range::MIDDLE_HALF)),
            _ => match word.strip_suffix(')') {
                Some(open) => {
                    let (name, range) = open.split_once('(')?;
                    Self::of_range(name, Range::read(range)?)
                }
                None => {
                    let (name, to) =
                        word.split_at_checked(word.find(|c: char| c.is_ascii_digit())?)?;
                    let to = percent(to)?;
                    match name {
                        "p" => Some(Self::Percentile(to)),
                        "tm" | "tc" | "ts" | "wm" => {
                            let range = Range::Percent { from: 0.0, to };
                            Self::of_range(&name.to_ascii_uppercase(), range)
                        }
                        _ => None,
                    }
                }
            },
        }
    }

    fn of_range(name: &str, range: Range) -> Option<Self> {
        match (name, range) {
            ("TM", _) => Some(Self::Trimmed(Trimmed::Mean, range)),
            ("TC", _) => Some(Self::Trimmed(Trimmed::Count, range)),
            ("TS", _) => Some(Self::Trimmed(Trimmed::Sum, range)),
            ("WM", _) => Some(Self::WinsorizedMean(range)),
            ("PR", Range::Value { .. }) => Some(Self::PercentileRank(range)),
            _ => None,
        }
    }

    /// Whether it is asked for as an extended one.
    pub(super) fn is_extended(self) -> bool {
        match self {
            Self::SampleCount | Self::Average | Self::Sum | Self::Minimum | Self::Maximum => false,
            Self::Percentile(_)
            | Self::Trimmed(..)
            | Self::WinsorizedMean(_)
            | Self::PercentileRank(_) => true,
        }
    }

    /// Its value over all values of `points`; none if there are none, or none that it is of.
    pub(super) fn of(self, points: &[Point]) -> Option<f64> {
        let all = || Point::merged(points);
        match self {
            Self::SampleCount => all().map(|all| all.count),
            Self::Average => all().map(|all| all.average()),
            Self::Sum => all().map(|all| all.sum),
            Self::Minimum => all().map(|all| all.minimum),
            Self::Maximum => all().map(|all| all.maximum),
            Self::Percentile(percent) => percentile(points, percent),
            Self::Trimmed(Trimmed::Mean, range) => range.part_of(points)?.average(),
            Self::Trimmed(Trimmed::Count, range) => Some(range.part_of(points)?.count),
            Self::Trimmed(Trimmed::Sum, range) => Some(range.part_of(points)?.sum),
            Self::WinsorizedMean(range) => range.winsorized_mean(points),
            Self::PercentileRank(range) => Some(range.part_of(points)?.percentage()),
        }
    }
}

/// The statistics of a period, each with the word by which it was asked for.
pub(super) fn datapoint(
    metric: &'static Metric,
    began_at: Timestamp,
    points: &[Point],
    statistics: &[(&str, Statistic)],
) -> Datapoint {
    let mut datapoint = Datapoint {
        timestamp: began_at.as_millis(),
        unit: metric.unit.word().to_owned(),
        ..Datapoint::default()
    };
    for (word, statistic) in statistics {
        let value = statistic.of(points);
        match statistic {
            Statistic::SampleCount => datapoint.sample_count = value,
            Statistic::Average => datapoint.average = value,
            Statistic::Sum => datapoint.sum = value,
            Statistic::Minimum => datapoint.minimum = value,
            Statistic::Maximum => datapoint.maximum = value,
            Statistic::Percentile(_)
            | Statistic::Trimmed(..)
            | Statistic::WinsorizedMean(_)
            | Statistic::PercentileRank(_) => {
                let found = value.map(|value| ((*word).to_owned(), value));
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
        let trimmed = |kind, from, to| Some(Statistic::Trimmed(kind, Range::Percent { from, to }));
        check("Average", Some(Statistic::Average));
        check("p99.9", Some(Statistic::Percentile(99.9)));
        check("p0", Some(Statistic::Percentile(0.0)));
        check("p100", Some(Statistic::Percentile(100.0)));
        check("tm90", trimmed(Trimmed::Mean, 0.0, 90.0));
        check("TM(:90%)", trimmed(Trimmed::Mean, 0.0, 90.0));
        check("tc99.5", trimmed(Trimmed::Count, 0.0, 99.5));
        check("TS(80%:)", trimmed(Trimmed::Sum, 80.0, 100.0));
        check("IQM", trimmed(Trimmed::Mean, 25.0, 75.0));
        let range = |above, up_to| Range::Value { above, up_to };
        check(
            "WM(150:1000)",
            Some(Statistic::WinsorizedMean(range(Some(150.0), Some(1000.0)))),
        );
        check(
            "PR(:300)",
            Some(Statistic::PercentileRank(range(None, Some(300.0)))),
        );
        for word in [
            "average",
            "",
            "p",
            "p101",
            "p-1",
            "pInf",
            "p1e1",
            "Mean",
            "P99",
            "tm",
            "tm101",
            "tm1.2.3",
            "TM90",
            "TM",
            "TM()",
            "TM(90)",
            "TM(90%)",
            "TM(10%:90)",
            "tm(10%:90%)",
            "PR(10%:20%)",
            "pr50",
            "PR",
            "iqm",
            "IQM(10%:20%)",
            "XX(1:2)",
            "TM(1:2",
            "TM(1:2))",
            "o5",
            "u5",
            "90",
            "pé9",
        ] {
            check(word, None);
        }
        assert!(Statistic::named("tm90").unwrap().is_extended());
        assert!(!Statistic::named("Sum").unwrap().is_extended());
    }
}
