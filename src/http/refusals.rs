//! What the log says of callers that were refused: whoever reaches the port can be, as often as it likes, so only so many lines are written
//! and the rest is counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cacheplane_api::FaultCode;

/// How many lines of a code are written in an interval.
const LINES_MAX: u32 = 10;

/// An interval, which begins with the first line of a code.
const INTERVAL: Duration = Duration::from_secs(60);

/// What is known of the lines of each code.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<HashMap<&'static str, Interval>>>);

#[derive(Debug)]
struct Interval {
    began_at: Instant,
    written: u32,
    left_out: u64,
}

impl Refusals {
    /// Whether a line about this refusal may be written, and if so, how many of its code were left out since the last one. A request whose
    /// sender is known is always told of.
    pub(super) fn admit(&self, code: FaultCode, now: Instant) -> Option<u64> {
        let is_of_caller = matches!(
            code,
            FaultCode::ExpiredTokenException
                | FaultCode::IncompleteSignature
                | FaultCode::InvalidClientTokenId
                | FaultCode::MissingAuthenticationToken
                | FaultCode::RequestExpired
                | FaultCode::SignatureDoesNotMatch
        );
        if !is_of_caller {
            return Some(0);
        }
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let interval = codes.entry(code.wire_code()).or_insert(Interval {
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
    fn refused_callers_are_told_of_sparingly_and_refused_requests_always() {
        let refusals = Refusals::default();
        let now = Instant::now();
        let written = |code, at| refusals.admit(code, at);
        for _ in 0..LINES_MAX {
            assert_eq!(written(FaultCode::SignatureDoesNotMatch, now), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(written(FaultCode::SignatureDoesNotMatch, now), None);
            assert_eq!(written(FaultCode::CacheClusterNotFound, now), Some(0));
        }
        assert_eq!(written(FaultCode::InvalidClientTokenId, now), Some(0));
        let later = now + INTERVAL;
        assert_eq!(written(FaultCode::SignatureDoesNotMatch, later), Some(1000));
        assert_eq!(written(FaultCode::SignatureDoesNotMatch, later), Some(0));
    }
}
