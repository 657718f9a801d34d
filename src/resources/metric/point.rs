//! A data point: what is known of the values of one metric in one period.

/// Most values that a point keeps apart; beyond it those that lie closest together become one, with their weights added. Enough to tell
/// percentiles of a minute's values to within the distance of neighbours, and little enough to keep for fifteen months.
const VALUES_MAX: usize = 12;

/// Values of a period: their number, sum and bounds exactly, and their distribution as far as percentiles need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// How many values there were.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The least.
    pub minimum: f64,
    /// The greatest.
    pub maximum: f64,
    /// Values and how often each was there, in ascending order; empty where all are the same.
    pub values: Vec<(f64, f64)>,
}

impl Point {
    /// One value.
    pub fn of(value: f64) -> Self {
        Self {
            count: 1.0,
            sum: value,
            minimum: value,
            maximum: value,
            values: Vec::new(),
        }
    }

    /// Values that were counted rather than listed: each with how often it was there. None if there were none.
    pub fn distribution(values: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let mut values: Vec<(f64, f64)> = values.into_iter().filter(|(_, n)| *n > 0.0).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (minimum, maximum) = (values.first()?.0, values.last()?.0);
        let mut point = Self {
            count: values.iter().map(|(_, n)| n).sum(),
            sum: values.iter().map(|(value, n)| value * n).sum(),
            minimum,
            maximum,
            values,
        };
        point.condense();
        Some(point)
    }

    /// All values of several points; none of none.
    pub fn merged<'a>(points: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut points = points.into_iter();
        let mut all = points.next()?.clone();
        for point in points {
            if all.values.is_empty() {
                all.values = all.weighted().collect();
            }
            all.count += point.count;
            all.sum += point.sum;
            all.minimum = all.minimum.min(point.minimum);
            all.maximum = all.maximum.max(point.maximum);
            all.values.extend(point.weighted());
        }
        all.values.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.condense();
        Some(all)
    }

    /// The mean.
    pub fn average(&self) -> f64 {
        self.sum / self.count
    }

    /// Values with how often each was there.
    pub fn weighted(&self) -> impl Iterator<Item = (f64, f64)> {
        let one = self.values.is_empty().then(|| (self.average(), self.count));
        one.into_iter().chain(self.values.iter().copied())
    }

    /// Makes neighbours one until there are few enough, those first that lie closest together. The least and the greatest stay.
    fn condense(&mut self) {
        self.values.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 += later.1;
            }
            same
        });
        if self.values.len() <= 1 {
            self.values.clear();
        }
        // Bounded: each turn takes one away.
        while self.values.len() > VALUES_MAX {
            let inner = 1..self.values.len() - 2;
            let gap = |at: &usize| self.values[at + 1].0 - self.values[*at].0;
            let Some(at) = inner.min_by(|a, b| gap(a).total_cmp(&gap(b))) else {
                return;
            };
            let (value, n) = self.values.remove(at + 1);
            let kept = &mut self.values[at];
            kept.0 = (kept.0 * kept.1 + value * n) / (kept.1 + n);
            kept.1 += n;
        }
    }
}

/// The value below which `percent` of the values of all points lie; none of no values. Between two values it is interpolated.
pub fn percentile<'a>(points: impl IntoIterator<Item = &'a Point>, percent: f64) -> Option<f64> {
    let mut values: Vec<(f64, f64)> = points.into_iter().flat_map(Point::weighted).collect();
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|(_, n)| n).sum();
    let first = values.first()?.0;
    // The place of the value in the list of all, from 0.
    let rank = (total - 1.0).max(0.0) * percent / 100.0;
    let mut passed = 0.0;
    let mut before = first;
    for (value, n) in values {
        if rank <= passed {
            let gap = 1.0 - (passed - rank);
            return Some(before + (value - before) * gap.clamp(0.0, 1.0));
        }
        passed += n;
        before = value;
        if rank <= passed - 1.0 {
            return Some(value);
        }
    }
    Some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().copied().map(Point::of).collect()
    }

    #[test]
    fn merging_keeps_what_is_exact() {
        let all = Point::merged(&points(&[4.0, 1.0, 7.0])).unwrap();
        assert_eq!(
            (all.count, all.sum, all.minimum, all.maximum),
            (3.0, 12.0, 1.0, 7.0)
        );
        assert_eq!(all.average(), 4.0);
        assert_eq!(all.values, [(1.0, 1.0), (4.0, 1.0), (7.0, 1.0)]);
        assert_eq!(Point::merged(&[]), None);
        let same = Point::merged(&points(&[3.0, 3.0])).unwrap();
        assert!(same.values.is_empty());
        assert_eq!((same.count, same.average()), (2.0, 3.0));
    }

    #[test]
    fn percentiles_of_few_values_are_exact() {
        let check = |values: &[f64], percent, expected| {
            assert_eq!(
                percentile(&points(values), percent),
                expected,
                "{values:?} p{percent}"
            );
        };
        check(&[], 50.0, None);
        check(&[5.0], 99.0, Some(5.0));
        check(&[1.0, 2.0, 3.0], 50.0, Some(2.0));
        check(&[3.0, 1.0, 2.0], 100.0, Some(3.0));
        check(&[3.0, 1.0, 2.0], 0.0, Some(1.0));
        check(&[1.0, 2.0], 50.0, Some(1.5));
        check(&[0.0, 10.0], 90.0, Some(9.0));
    }

    #[test]
    fn a_thousand_values_become_few_and_their_percentiles_stay_near() {
        let values: Vec<f64> = (0..1000).map(|n| f64::from(n * 7 % 1000)).collect();
        let all = Point::merged(&points(&values)).unwrap();
        assert!(all.values.len() <= VALUES_MAX);
        assert_eq!((all.count, all.minimum, all.maximum), (1000.0, 0.0, 999.0));
        let median = percentile([&all], 50.0).unwrap();
        assert!((400.0..=600.0).contains(&median), "{median}");
        let nearly_all = percentile([&all], 99.0).unwrap();
        assert!((900.0..=999.0).contains(&nearly_all), "{nearly_all}");
    }

    #[test]
    fn a_distribution_counts_each_value_as_often_as_it_was_there() {
        let point = Point::distribution([(10.0, 99.0), (1000.0, 1.0), (5.0, 0.0)]).unwrap();
        assert_eq!(
            (point.count, point.minimum, point.maximum),
            (100.0, 10.0, 1000.0)
        );
        assert_eq!(percentile([&point], 50.0), Some(10.0));
        assert_eq!(percentile([&point], 100.0), Some(1000.0));
        assert_eq!(Point::distribution([(1.0, 0.0)]), None);
    }
}
