//! Lines of the log that whoever likes can cause: only so many of a kind are written, and what was left out is counted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many lines of a kind are written in an interval.
const LINES_MAX: u32 = 10;

/// An interval, which begins with the first line of a kind.
const INTERVAL: Duration = Duration::from_secs(60);

/// What is known of the lines of each kind. Kinds are words of this program's own, so there are few.
#[derive(Debug, Default)]
pub(crate) struct Sparing(Mutex<HashMap<&'static str, Interval>>);

#[derive(Debug)]
struct Interval {
    began_at: Instant,
    written: u32,
    left_out: u64,
}

impl Sparing {
    /// Whether a line of this kind may be written at `now`, and if so, how many were left out since the last one.
    pub(crate) fn admit(&self, kind: &'static str, now: Instant) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let interval = kinds.entry(kind).or_insert(Interval {
            began_at: now,
            written: 0,
            left_out: 0,
        });
        if now.duration_since(interval.began_at) >= INTERVAL {
            interval.began_at = now;
            interval.written = 0;
        }
        if interval.written >= LINES_MAX {
            interval.left_out += 1;
            return None;
        }
        interval.written += 1;
        Some(std::mem::take(&mut interval.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_a_kind_are_written_in_an_interval_and_the_rest_is_counted() {
        let sparing = Sparing::default();
        let now = Instant::now();
        for _ in 0..LINES_MAX {
            assert_eq!(sparing.admit("one", now), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(sparing.admit("one", now), None);
        }
        assert_eq!(sparing.admit("other", now), Some(0));
        assert_eq!(sparing.admit("one", now + INTERVAL), Some(1000));
        assert_eq!(sparing.admit("one", now + INTERVAL), Some(0));
    }
}
