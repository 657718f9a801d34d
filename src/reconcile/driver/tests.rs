use std::collections::VecDeque;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::*;
use crate::clock::ManualClock;

/// Turns that everything in this thread gets to do what it can; far more than any of these tests needs.
const TURNS: usize = 500;

const PERIOD: Duration = Duration::from_secs(60);

/// What a run comes to.
#[derive(Debug, Clone, Copy)]
enum End {
    Settled,
    Blocked,
    Failed,
    Panicked,
}

/// A reconciler that does as it is told.
struct Fake {
    items: Mutex<Vec<Item>>,
    /// The next ends; when there are none, runs settle.
    ends: Mutex<VecDeque<End>>,
    /// The key of each run, and when it began, in seconds.
    runs: Mutex<Vec<(i64, f64)>>,
    /// Looks.
    lists: Mutex<usize>,
    /// A run needs one of these to end.
    leave: Semaphore,
    clock: Clock,
    concurrency: usize,
}

#[async_trait]
impl Reconciler for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        self.concurrency
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.cache_cluster
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        *self.lists.lock().unwrap() += 1;
        Ok(self.items.lock().unwrap().clone())
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let now = self.clock.now().as_millis() as f64 / 1000.0;
        self.runs.lock().unwrap().push((key, now));
        let end = self.ends.lock().unwrap().pop_front();
        self.leave.acquire().await?.forget();
        match end.unwrap_or(End::Settled) {
            End::Settled => Ok(Outcome::Settled),
            End::Blocked => Ok(Outcome::Blocked),
            End::Failed => anyhow::bail!("told to fail"),
            End::Panicked => panic!("told to panic"),
        }
    }
}

/// A driver at work on a [`Fake`].
struct Drive {
    fake: Arc<Fake>,
    clock: Arc<ManualClock>,
    activators: Arc<Activators>,
    statuses: Statuses,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drive {
    /// Starts with these items; runs wait to be let go where `holds`.
    async fn start(items: &[Item], ends: &[End], concurrency: usize, holds: bool) -> Self {
        let clock = ManualClock::at(Timestamp::from_millis(0));
        let fake = Arc::new(Fake {
            items: Mutex::new(items.to_vec()),
            ends: Mutex::new(ends.iter().copied().collect()),
            runs: Mutex::default(),
            lists: Mutex::default(),
            leave: Semaphore::new(if holds { 0 } else { 10_000 }),
            clock: Clock::Manual(Arc::clone(&clock)),
            concurrency,
        });
        let activators = Arc::new(Activators::default());
        let statuses = Statuses::default();
        let (stop, stopped) = watch::channel(false);
        let reconciler: Arc<dyn Reconciler> = Arc::clone(&fake) as Arc<dyn Reconciler>;
        let task = tokio::spawn(drive(
            reconciler,
            Arc::clone(&activators),
            Clock::Manual(Arc::clone(&clock)),
            Arc::clone(&statuses),
            stopped,
        ));
        let drive = Self {
            fake,
            clock,
            activators,
            statuses,
            stop,
            task,
        };
        drive.idle().await;
        drive
    }

    /// Lets everybody do what they can; the clock stands.
    async fn idle(&self) {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    }

    async fn wake(&self) {
        self.activators.cache_cluster.wake();
        self.idle().await;
    }

    async fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
        self.idle().await;
    }

    async fn let_go(&self, runs: usize) {
        self.fake.leave.add_permits(runs);
        self.idle().await;
    }

    fn keys(&self) -> Vec<i64> {
        self.fake
            .runs
            .lock()
            .unwrap()
            .iter()
            .map(|(key, _)| *key)
            .collect()
    }

    fn times(&self) -> Vec<f64> {
        self.fake
            .runs
            .lock()
            .unwrap()
            .iter()
            .map(|(_, at)| *at)
            .collect()
    }

    fn lists(&self) -> usize {
        *self.fake.lists.lock().unwrap()
    }

    fn status(&self) -> Status {
        self.statuses
            .lock()
            .unwrap()
            .get("fake")
            .cloned()
            .unwrap_or_default()
    }
}

#[tokio::test]
async fn it_looks_at_the_start_at_each_wake_and_at_each_period() {
    let drive = Drive::start(&[(1, 0)], &[], 1, false).await;
    assert_eq!(drive.times(), [0.0]);
    drive.wake().await;
    assert_eq!(drive.times(), [0.0, 0.0]);
    drive.pass(PERIOD / 2).await;
    assert_eq!(drive.times().len(), 2);
    drive.pass(PERIOD / 2).await;
    assert_eq!(drive.times(), [0.0, 0.0, 60.0]);
}

#[tokio::test]
async fn a_wake_during_a_run_makes_it_run_again() {
    let drive = Drive::start(&[(1, 0)], &[], 1, true).await;
    drive.wake().await;
    drive.wake().await;
    assert_eq!(drive.keys(), [1], "no key is in work twice");
    drive.let_go(1).await;
    assert_eq!(drive.keys(), [1, 1], "two wakes make one more look");
    drive.let_go(1).await;
    assert_eq!(drive.keys(), [1, 1]);
}

#[tokio::test]
async fn a_wake_before_anybody_listens_is_not_lost() {
    let drive = Drive::start(&[], &[], 1, false).await;
    *drive.fake.items.lock().unwrap() = vec![(7, 0)];
    // Nobody gets a turn between these: the second finds that the first has been heard, and nobody listening.
    drive.activators.cache_cluster.wake();
    drive.activators.cache_cluster.wake();
    drive.idle().await;
    assert_eq!(drive.keys(), [7, 7]);
}

#[tokio::test]
async fn waits_double_up_to_a_bound_and_begin_anew_after_a_success() {
    let ends = [
        [End::Failed, End::Blocked].as_slice(),
        &[End::Failed; 8],
        &[End::Settled, End::Failed],
    ]
    .concat();
    let drive = Drive::start(&[(1, 0)], &ends, 1, false).await;
    let mut expected = vec![0.0];
    for wait in [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] {
        drive
            .pass(Duration::from_secs_f64(wait) - Duration::from_millis(1))
            .await;
        assert_eq!(drive.times(), expected, "not before its time");
        drive.pass(Duration::from_millis(1)).await;
        expected.push(expected.last().unwrap() + wait);
        assert_eq!(drive.times(), expected);
    }
    drive.wake().await;
    drive.pass(Duration::from_millis(250)).await;
    let times = drive.times();
    assert_eq!(
        times.len(),
        expected.len() + 2,
        "a failure after a success waits as the first did"
    );
    assert_eq!(times[times.len() - 1] - times[times.len() - 2], 0.25);
}

#[tokio::test]
async fn a_wake_does_not_shorten_a_wait_and_another_stamp_does() {
    let drive = Drive::start(&[(1, 0), (2, 0)], &[End::Failed, End::Failed], 2, false).await;
    drive.wake().await;
    assert_eq!(drive.keys(), [1, 2]);
    *drive.fake.items.lock().unwrap() = vec![(1, 1), (2, 0)];
    drive.wake().await;
    assert_eq!(drive.keys(), [1, 2, 1]);
}

#[tokio::test]
async fn a_wake_afresh_ends_all_waits() {
    let drive = Drive::start(&[(1, 0), (2, 0)], &[End::Failed, End::Failed], 2, false).await;
    drive.activators.cache_cluster.wake_afresh();
    drive.idle().await;
    assert_eq!(drive.keys(), [1, 2, 1, 2]);
}

#[tokio::test]
async fn a_run_that_panics_is_one_that_failed() {
    let drive = Drive::start(&[(1, 0)], &[End::Panicked], 1, false).await;
    assert_eq!(drive.status().failed, 1);
    assert_eq!(drive.status().in_work, 0);
    assert!(drive.status().waiting[&1].contains("panic"));
    drive.pass(Duration::from_millis(250)).await;
    assert_eq!(drive.keys(), [1, 1]);
    assert_eq!(
        (drive.status().succeeded, drive.status().waiting.len()),
        (1, 0)
    );
}

#[tokio::test]
async fn no_more_are_in_work_than_may_be_and_the_others_follow() {
    let items: Vec<Item> = (1..=5).map(|key| (key, 0)).collect();
    let drive = Drive::start(&items, &[], 2, true).await;
    assert_eq!(drive.keys(), [1, 2]);
    assert_eq!(drive.status().in_work, 2);
    for key in 1..=5 {
        drive
            .fake
            .items
            .lock()
            .unwrap()
            .retain(|(listed, _)| *listed != key);
        drive.let_go(1).await;
    }
    assert_eq!(drive.keys(), [1, 2, 3, 4, 5]);
    assert_eq!(drive.status().succeeded, 5);
}

/// A key that is in work for long makes no other run again and again; nor do two that are in work by turns.
#[tokio::test]
async fn each_wake_is_worth_one_more_run_of_a_key() {
    let drive = Drive::start(&[(1, 0)], &[], 2, true).await;
    *drive.fake.items.lock().unwrap() = vec![(1, 0), (2, 0)];
    drive.wake().await;
    assert_eq!(drive.keys(), [1, 2]);
    // Places go to whoever has waited longest, so the first run ends; its key was in work at the wake.
    drive.let_go(1).await;
    assert_eq!(drive.keys(), [1, 2, 1]);
    drive.let_go(100).await;
    assert_eq!(drive.keys(), [1, 2, 1]);
    assert_eq!(drive.status().in_work, 0);
}

#[tokio::test]
async fn what_is_no_longer_listed_is_forgotten() {
    let drive = Drive::start(&[(1, 0)], &[End::Failed, End::Failed], 1, false).await;
    drive.pass(Duration::from_millis(250)).await;
    drive.fake.items.lock().unwrap().clear();
    drive.wake().await;
    assert!(drive.status().waiting.is_empty());
    *drive.fake.items.lock().unwrap() = vec![(1, 0)];
    drive.wake().await;
    assert_eq!(drive.keys(), [1, 1, 1]);
}

#[tokio::test]
async fn a_long_run_after_a_wait_does_not_make_it_look_all_the_time() {
    // With and without a place for another.
    for concurrency in [1, 2] {
        let drive = Drive::start(&[(1, 0)], &[End::Failed], concurrency, false).await;
        // The next run stays in work.
        drive.fake.leave.forget_permits(10_000);
        drive.pass(Duration::from_millis(250)).await;
        assert_eq!(drive.keys(), [1, 1]);
        let lists = drive.lists();
        for _ in 0..50 {
            drive.pass(Duration::from_millis(10)).await;
        }
        assert_eq!(drive.lists(), lists);
    }
}

#[tokio::test]
async fn it_stops_when_what_is_in_work_has_ended() {
    let drive = Drive::start(&[(1, 0), (2, 0)], &[], 2, true).await;
    drive.stop.send_replace(true);
    drive.wake().await;
    assert!(!drive.task.is_finished());
    drive.let_go(1).await;
    assert!(!drive.task.is_finished());
    drive.let_go(1).await;
    assert!(drive.task.is_finished());
    assert_eq!(drive.keys(), [1, 2], "nothing new was begun");
}
