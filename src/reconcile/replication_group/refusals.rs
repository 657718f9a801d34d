//! What nodes of a group go on refusing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::planner::cache_cluster::is_news;
use crate::resources::timestamp::Timestamp;

/// How long the same may be refused, or not answered, before it is told of: longer than an election and a synchronisation take.
const PATIENCE: Duration = Duration::from_secs(30);

/// By the group's key: the refusal that was met at every look lately, and since when.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<i64, (String, Timestamp)>>);

impl Refusals {
    /// Notes a refusal; whether it has been this one for long, be it of another slot each time. That is told then: who waits should hear
    /// why, and may wish for something else.
    pub(super) fn has_lasted(&self, key: i64, reason: &str, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, since) = all.entry(key).or_insert_with(|| (reason.to_owned(), now));
        if is_news(Some(last), reason) {
            (*last, *since) = (reason.to_owned(), now);
        }
        now.since(*since) >= PATIENCE
    }

    /// Something was done, or the group is gone.
    pub(super) fn clear(&self, key: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_refused_again_and_again_is_told() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let refusals = Refusals::default();
        assert!(!refusals.has_lasted(1, "OOM", at(0)));
        assert!(!refusals.has_lasted(1, "OOM", at(29)));
        assert!(!refusals.has_lasted(2, "OOM", at(30)), "of another group");
        assert!(refusals.has_lasted(1, "OOM", at(30)));
        assert!(!refusals.has_lasted(1, "LOADING", at(31)));
        assert!(!refusals.has_lasted(1, "OOM", at(60)));
        refusals.clear(1);
        assert!(!refusals.has_lasted(1, "OOM", at(90)));
        assert!(!refusals.has_lasted(3, "owner of slot 7", at(0)));
        assert!(refusals.has_lasted(3, "owner of slot 8", at(30)));
        // A clock may be set back.
        assert!(!refusals.has_lasted(1, "OOM", at(10)));
    }
}
