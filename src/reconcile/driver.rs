//! Runs reconcilers; knows no noun.
//!
//! A reconciler has no input. It lists what may not be as wished, and is run on each of these until it is. It wakes by its
//! timer or by a nudge; a nudge that comes while a key is in work makes the driver look once more when that work is done, so
//! none is lost. A key whose run failed waits, twice as long each time, unless its stamp has changed (a new wish) or the
//! reconciler is woken afresh (whatever failed may work now). Retrying lives here and nowhere else.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::activators::{Activator, Activators};
use crate::clock::Clock;
use crate::resources::timestamp::Timestamp;

/// The first wait after a run that failed; it doubles up to [`BACKOFF_MAX`].
const BACKOFF_FIRST: Duration = Duration::from_millis(250);

/// The longest wait after a run that failed.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The first wait before another look at something that is under way and that nobody tells of; it grows by half with each look in a row
/// that finds nothing to do, up to [`LOOK_AGAIN_MAX`]. Short, because a client may be waiting for what comes next.
const LOOK_AGAIN_FIRST: Duration = Duration::from_millis(20);

/// The longest such wait.
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(500);

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is as wished, as far as can be seen.
    Settled,
    /// It waits for something that will wake this reconciler.
    Waiting,
    /// Something is under way that nobody will tell of; look again soon.
    LookAgain {
        /// Whether this run has brought it nearer.
        progressed: bool,
    },
    /// Something stands in the way and has been told of; try again later.
    Blocked,
}

/// Something to look at: a key, and a stamp that changes with every new wish.
pub type Item = (i64, i64);

/// A loop that makes wishes true.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// Its name, for the log and for whoever asks.
    fn name(&self) -> &'static str;

    /// How long it sleeps when nobody wakes it.
    fn period(&self) -> Duration;

    /// How many keys may be in work at once.
    fn concurrency(&self) -> usize {
        1
    }

    /// Its field of the activators.
    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator;

    /// What may not be as wished.
    async fn list(&self) -> anyhow::Result<Vec<Item>>;

    /// Looks at one of these and brings it nearer. Safe to stop anywhere and to repeat.
    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome>;
}

/// What a reconciler last did, for a person who asks.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// How often it has looked.
    pub activations: u64,
    /// When it last looked.
    pub last_activation_at: Option<Timestamp>,
    /// What may not be as wished, at the last look.
    pub listed: usize,
    /// Runs that ended as wished or waiting.
    pub succeeded: u64,
    /// Runs that were blocked or failed.
    pub failed: u64,
    /// Keys in work.
    pub in_work: usize,
    /// Keys that wait after a failure, with what went wrong.
    pub waiting: BTreeMap<i64, String>,
    /// Since when each key that is listed has not been seen to be as wished.
    pub unsettled: BTreeMap<i64, Timestamp>,
}

/// What all reconcilers last did, by name.
pub type Statuses = Arc<Mutex<BTreeMap<&'static str, Status>>>;

struct Backoff {
    stamp: i64,
    failures: u32,
    until: Timestamp,
}

/// One reconciler's loop.
struct Driver {
    reconciler: Arc<dyn Reconciler>,
    activators: Arc<Activators>,
    clock: Clock,
    statuses: Statuses,
    /// The stamp of each key in work.
    in_work: HashMap<i64, i64>,
    /// The key of each run, for a run that cannot say it any more.
    runs: HashMap<tokio::task::Id, i64>,
    backoffs: HashMap<i64, Backoff>,
    /// When to look again at keys of which nobody will tell, and how many looks in a row found nothing to do.
    soon: HashMap<i64, (Timestamp, u32)>,
    /// When to look at all keys though nobody asks.
    all_at: Timestamp,
    /// Keys that were asked for while they were in work, or while there was no place: their turn comes when a run has ended.
    owed: HashSet<i64>,
}

/// Which keys a look is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// All: somebody woke the reconciler, or its time has come.
    All,
    /// Those that are owed one. If the others were looked at, too, keys that end soon would be run again and again for as long
    /// as another is in work.
    Owed,
}

/// Runs `reconciler` until `stop` says so; then waits for what is in work.
pub async fn drive(
    reconciler: Arc<dyn Reconciler>,
    activators: Arc<Activators>,
    clock: Clock,
    statuses: Statuses,
    mut stop: watch::Receiver<bool>,
) {
    let mut driver = Driver {
        all_at: clock.now(),
        reconciler,
        activators,
        clock,
        statuses,
        in_work: HashMap::new(),
        runs: HashMap::new(),
        backoffs: HashMap::new(),
        soon: HashMap::new(),
        owed: HashSet::new(),
    };
    let mut work: JoinSet<anyhow::Result<Outcome>> = JoinSet::new();
    driver.look(Look::All, &mut work).await;
    loop {
        let activators = Arc::clone(&driver.activators);
        let activator = driver.reconciler.activator(&activators);
        let nap = driver.nap();
        let clock = driver.clock.clone();
        tokio::select! {
            () = stopped(&mut stop) => break,
            () = activator.woken() => driver.look(Look::All, &mut work).await,
            () = clock.sleep(nap) => {
                let look = driver.due();
                driver.look(look, &mut work).await;
            }
            Some(done) = work.join_next_with_id(), if !work.is_empty() => {
                driver.finish(done);
                if !driver.owed.is_empty() {
                    driver.look(Look::Owed, &mut work).await;
                }
            }
        }
    }
    while let Some(done) = work.join_next_with_id().await {
        driver.finish(done);
    }
}

/// Ends when it is time to stop, or when nobody is left to say so.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The guard that is returned must not be held across an await.
    drop(stop.wait_for(|stop| *stop).await);
}

impl Driver {
    /// Lists, and puts into work what is not in work and need not wait.
    async fn look(&mut self, look: Look, work: &mut JoinSet<anyhow::Result<Outcome>>) {
        if self.reconciler.activator(&self.activators).take_afresh() {
            self.backoffs.clear();
        }
        let items = match self.reconciler.list().await {
            Ok(items) => items,
            Err(error) => {
                tracing::error!(
                    reconciler = self.reconciler.name(),
                    error = format!("{error:#}"),
                    "List what to reconcile"
                );
                return;
            }
        };
        let now = self.clock.now();
        let is_listed = |key: &i64| items.iter().any(|(listed, _)| listed == key);
        self.backoffs.retain(|key, _| is_listed(key));
        self.soon.retain(|key, _| is_listed(key));
        if look == Look::All {
            self.all_at = now.plus(self.reconciler.period());
        }
        let owed = std::mem::take(&mut self.owed);
        for (key, stamp) in &items {
            if look == Look::Owed && !owed.contains(key) {
                continue;
            }
            let waits = self
                .backoffs
                .get(key)
                .is_some_and(|backoff| backoff.stamp == *stamp && backoff.until > now);
            if self.in_work.contains_key(key) || self.in_work.len() >= self.reconciler.concurrency()
            {
                self.owed.insert(*key);
            } else if !waits {
                self.in_work.insert(*key, *stamp);
                let (reconciler, key) = (Arc::clone(&self.reconciler), *key);
                let run = work.spawn(async move { reconciler.reconcile(key).await });
                self.runs.insert(run.id(), key);
            }
        }
        self.report(|status| {
            status.activations += 1;
            status.last_activation_at = Some(now);
            status.listed = items.len();
            status.unsettled.retain(|key, _| is_listed(key));
            for (key, _) in &items {
                status.unsettled.entry(*key).or_insert(now);
            }
        });
    }

    /// Which keys a look is about that a timer asked for.
    fn due(&mut self) -> Look {
        let now = self.clock.now();
        if self.all_at <= now {
            return Look::All;
        }
        let soon = self.soon.iter().map(|(key, (until, _))| (key, until));
        let backoffs = self.backoffs.iter().map(|(key, wait)| (key, &wait.until));
        let due = soon.chain(backoffs).filter(|(_, until)| **until <= now);
        self.owed.extend(due.map(|(key, _)| *key));
        Look::Owed
    }

    fn finish(
        &mut self,
        done: Result<(tokio::task::Id, anyhow::Result<Outcome>), tokio::task::JoinError>,
    ) {
        let (id, result) = match done {
            Ok((id, result)) => (id, result),
            // It panicked: a bug, whose message has been printed. The key waits like any that failed.
            Err(error) => (
                error.id(),
                Err(anyhow::anyhow!("the run broke off: {error}")),
            ),
        };
        let Some(key) = self.runs.remove(&id) else {
            return;
        };
        let stamp = self.in_work.remove(&key).unwrap_or_default();
        let looks = self.soon.remove(&key).map_or(0, |(_, looks)| looks);
        let is_settled = matches!(result, Ok(Outcome::Settled));
        let trouble = match result {
            Ok(Outcome::Settled | Outcome::Waiting) => None,
            Ok(Outcome::LookAgain { progressed }) => {
                let looks = if progressed { 0 } else { looks + 1 };
                let wait = LOOK_AGAIN_FIRST.mul_f64(1.5_f64.powi(looks.min(16).cast_signed()));
                let until = self.clock.now().plus(wait.min(LOOK_AGAIN_MAX));
                self.soon.insert(key, (until, looks));
                None
            }
            Ok(Outcome::Blocked) => Some("blocked".to_owned()),
            Err(error) => {
                let text = format!("{error:#}");
                tracing::warn!(
                    reconciler = self.reconciler.name(),
                    key,
                    error = text,
                    "A reconciler's run failed and will be repeated"
                );
                Some(text)
            }
        };
        match &trouble {
            None => {
                self.backoffs.remove(&key);
            }
            Some(_) => {
                let failures = self
                    .backoffs
                    .get(&key)
                    .map_or(0, |backoff| backoff.failures)
                    + 1;
                let wait =
                    BACKOFF_MAX.min(BACKOFF_FIRST * 2_u32.saturating_pow(failures.min(16) - 1));
                let until = self.clock.now().plus(wait);
                self.backoffs.insert(
                    key,
                    Backoff {
                        stamp,
                        failures,
                        until,
                    },
                );
            }
        }
        self.report(|status| match trouble {
            None => {
                if is_settled {
                    status.unsettled.remove(&key);
                }
                status.succeeded += 1;
                status.waiting.remove(&key);
            }
            Some(text) => {
                status.failed += 1;
                status.waiting.insert(key, text);
            }
        });
    }

    /// Until the timer, or until the first key that waits may be tried again. One that is in work, or finds no place, is looked
    /// at again when a run has ended.
    fn nap(&self) -> Duration {
        let period = self.reconciler.period();
        if self.in_work.len() >= self.reconciler.concurrency() {
            return period;
        }
        let now = self.clock.now();
        let soon = self.soon.iter().map(|(key, (until, _))| (key, until));
        let backoffs = self.backoffs.iter().map(|(key, wait)| (key, &wait.until));
        soon.chain(backoffs)
            .filter(|(key, _)| !self.in_work.contains_key(key))
            .map(|(_, until)| until)
            .chain([&self.all_at])
            .map(|until| until.since(now).max(Duration::from_millis(1)))
            .fold(period, Duration::min)
    }

    fn report(&self, change: impl FnOnce(&mut Status)) {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        let status = statuses.entry(self.reconciler.name()).or_default();
        change(status);
        status.in_work = self.in_work.len();
        let (backoffs, soon) = (&self.backoffs, &self.soon);
        status.waiting.retain(|key, _| backoffs.contains_key(key));
        for key in soon.keys() {
            status.waiting.insert(*key, "looks again soon".to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
