//! The points of one subject in one period, as bytes.
//!
//! An entry for each metric: its number, a tag that says how its point is written, and that. Most points are a single value, and most of
//! those are zero, so a node's eighty metrics take about half a kilobyte.

use crate::datastore::Error;
use crate::resources::metric::{Metric, Point, Values};

/// A single zero.
const ZERO: u8 = 0;
/// A single value.
const ONE: u8 = 1;
/// Count, sum, bounds, and the values that are kept apart.
const WHOLE: u8 = 2;

pub(super) fn encode(values: &Values) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * 6);
    for (metric, point) in values {
        bytes.push(metric.number());
        let is_single = point.count == 1.0 && point.values.is_empty();
        match is_single {
            true if point.sum == 0.0 => bytes.push(ZERO),
            true => {
                bytes.push(ONE);
                bytes.extend(point.sum.to_le_bytes());
            }
            false => {
                bytes.push(WHOLE);
                for number in [point.count, point.sum, point.minimum, point.maximum] {
                    bytes.extend(number.to_le_bytes());
                }
                // A point keeps few values apart.
                let kept = &point.values[..point.values.len().min(usize::from(u8::MAX))];
                bytes.push(u8::try_from(kept.len()).unwrap_or(u8::MAX));
                for (value, count) in kept {
                    bytes.extend(value.to_le_bytes());
                    bytes.extend(count.to_le_bytes());
                }
            }
        }
    }
    bytes
}

/// Reads the points of `wanted` metrics; of all if there is no such list. A metric that this program does not know, because a later one
/// wrote it, is passed over.
pub(super) fn decode(bytes: &[u8], wanted: Option<&[&'static Metric]>) -> Result<Values, Error> {
    let mut rest = bytes;
    let mut values = Vec::new();
    while let Some((number, after)) = rest.split_first() {
        rest = after;
        let point =
            read_point(&mut rest).ok_or_else(|| Error::Corrupt("points of metrics".to_owned()))?;
        if let Some(metric) = Metric::numbered(*number)
            && wanted.is_none_or(|wanted| wanted.contains(&metric))
        {
            values.push((metric, point));
        }
    }
    Ok(values)
}

fn read_point(rest: &mut &[u8]) -> Option<Point> {
    let tag = take::<1>(rest)?[0];
    match tag {
        ZERO => Some(Point::of(0.0)),
        ONE => Some(Point::of(number(rest)?)),
        WHOLE => {
            let mut point = Point {
                count: number(rest)?,
                sum: number(rest)?,
                minimum: number(rest)?,
                maximum: number(rest)?,
                values: Vec::new(),
            };
            for _ in 0..take::<1>(rest)?[0] {
                point.values.push((number(rest)?, number(rest)?));
            }
            Some(point)
        }
        _ => None,
    }
}

fn number(rest: &mut &[u8]) -> Option<f64> {
    take::<8>(rest).map(f64::from_le_bytes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_back_as_they_were() {
        let metric = |name| Metric::named(name).unwrap();
        let values = vec![
            (metric("Evictions"), Point::of(0.0)),
            (metric("CurrItems"), Point::of(17.5)),
            (
                metric("CacheHits"),
                Point::merged(&[Point::of(1.0), Point::of(4.0)]).unwrap(),
            ),
        ];
        let bytes = encode(&values);
        assert_eq!(decode(&bytes, None).unwrap(), values);
        assert_eq!(
            decode(&bytes, Some(&[metric("CurrItems")])).unwrap(),
            values[1..2]
        );
        for cut in 1..bytes.len() {
            // Cut anywhere it is read up to an entry's end, or found to be corrupt; never is anything made up.
            if let Ok(read) = decode(&bytes[..cut], None) {
                assert!(values.starts_with(&read), "{cut}");
            }
        }
        assert!(matches!(decode(&[3, 9], None), Err(Error::Corrupt(_))));
    }
}
