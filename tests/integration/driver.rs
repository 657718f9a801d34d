//! The real driver: reconcilers woken by requests, events and timers instead of by the test.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cacheplane::activators::{Activator, Activators};
use cacheplane::clock::{Clock, ManualClock};
use cacheplane::reconcile::driver::{Item, Outcome, Reconciler, Statuses, drive};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::harness::{Harness, Layout, START};

async fn in_real_time() -> Harness {
    Harness::start_on(Layout {
        real_time: true,
        ..Layout::default()
    })
    .await
}

#[tokio::test]
async fn a_wish_comes_true_by_itself() {
    let harness = in_real_time().await;
    let control_plane = harness.drive();
    harness.create_redis("rd", &[]).await.ok();
    harness.create_memcached("mc", "3", &[]).await.ok();
    harness.wait_for_status("rd", "available").await;
    harness.wait_for_status("mc", "available").await;
    harness
        .modify_now("mc", &[("NumCacheNodes", "5")])
        .await
        .ok();
    let reboot = [
        ("CacheClusterId", "rd"),
        ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
    ];
    harness.call("RebootCacheCluster", &reboot).await.ok();
    harness.wait_for_status("rd", "available").await;
    harness.wait_for_status("mc", "available").await;
    assert_eq!(harness.describe("mc").await.texts("CacheNodeId").len(), 5);
    for id in ["rd", "mc"] {
        harness.delete(id).await.ok();
        harness.wait_for_status(id, "gone").await;
    }
    control_plane.drain().await;
    // The router hears of the last change in its own time.
    harness.settle().await;
    harness.finish().await;
}

#[tokio::test]
async fn many_wishes_at_once_come_true() {
    let harness = in_real_time().await;
    let control_plane = harness.drive();
    let ids: Vec<String> = (0..40).map(|number| format!("c{number:02}")).collect();
    for id in &ids {
        harness.create_redis(id, &[]).await.ok();
    }
    for id in &ids {
        harness.wait_for_status(id, "available").await;
    }
    control_plane.drain().await;
    harness.finish().await;
}

#[tokio::test]
async fn a_node_that_dies_is_noticed_and_brought_back() {
    let harness = in_real_time().await;
    let control_plane = harness.drive();
    harness.create_redis("rd", &[]).await.ok();
    harness.wait_for_status("rd", "available").await;
    harness.host.kill(&harness.container_name("rd", "0001"));
    wait_for(|| async {
        harness.events("rd").await[0] == "Finished recovery for cache nodes 0001"
    })
    .await;
    assert!(harness.container("rd", "0001").is_running());
    control_plane.drain().await;
    harness.finish().await;
}

#[tokio::test]
async fn an_engine_that_comes_back_is_noticed() {
    let harness = in_real_time().await;
    harness.host.set_reachable(false);
    let control_plane = harness.drive();
    harness.create_redis("rd", &[]).await.ok();
    wait_for(|| async { !harness.events("rd").await.is_empty() }).await;
    assert_eq!(harness.status("rd").await, "creating");
    harness.host.set_reachable(true);
    harness.wait_for_status("rd", "available").await;
    control_plane.drain().await;
    harness.finish().await;
}

/// One that is held up does not hold up the others.
#[tokio::test]
async fn a_wish_that_cannot_be_fulfilled_holds_up_nobody() {
    use cacheplane::runtime::RuntimeError;
    use cacheplane::runtime::simulated::{Operation, Verdict};

    let harness = in_real_time().await;
    harness.host.set_hook(Some(Box::new(|call| {
        match call.operation == Operation::ContainerCreate && call.target.contains(".bad.") {
            true => Verdict::Refuse(RuntimeError::Other {
                message: "create container".to_owned(),
                source: Some("no space left on device".into()),
            }),
            false => Verdict::Proceed,
        }
    })));
    let control_plane = harness.drive();
    harness.create_redis("bad", &[]).await.ok();
    wait_for(|| async { !harness.events("bad").await.is_empty() }).await;
    harness.create_redis("good", &[]).await.ok();
    harness.wait_for_status("good", "available").await;
    assert_eq!(
        harness.events("bad").await,
        ["Waiting: create container: no space left on device"]
    );
    harness.delete("bad").await.ok();
    harness.wait_for_status("bad", "gone").await;
    control_plane.drain().await;
    harness.finish().await;
}

async fn wait_for<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    for _ in 0..2_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it is not so after ten seconds");
}

/// What a made-up reconciler does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Settle,
    Block,
    Fail,
    Panic,
    /// Goes on until the test lets it.
    Hold,
}

/// A reconciler that does as it is told, and counts.
#[derive(Debug, Default)]
struct Puppet {
    items: Mutex<BTreeMap<i64, (i64, Script)>>,
    runs: Mutex<BTreeMap<i64, usize>>,
    looks: AtomicUsize,
    release: Notify,
    concurrency: usize,
}

const PERIOD: Duration = Duration::from_secs(10);

#[async_trait]
impl Reconciler for Puppet {
    fn name(&self) -> &'static str {
        "puppet"
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
        self.looks.fetch_add(1, Ordering::Relaxed);
        let items = self.items.lock().expect("read the items");
        Ok(items
            .iter()
            .map(|(key, (stamp, _))| (*key, *stamp))
            .collect())
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let script = self
            .items
            .lock()
            .expect("read the items")
            .get(&key)
            .map(|item| item.1);
        *self.runs.lock().expect("count").entry(key).or_default() += 1;
        match script {
            Some(Script::Block) => Ok(Outcome::Blocked),
            Some(Script::Fail) => anyhow::bail!("told to fail"),
            Some(Script::Panic) => panic!("told to panic"),
            Some(Script::Hold) => {
                self.release.notified().await;
                Ok(Outcome::Settled)
            }
            Some(Script::Settle) | None => {
                self.items.lock().expect("settle").remove(&key);
                Ok(Outcome::Settled)
            }
        }
    }
}

/// A driver with a puppet, on a clock that the test moves.
struct Stage {
    puppet: Arc<Puppet>,
    activators: Arc<Activators>,
    clock: Arc<ManualClock>,
    statuses: Statuses,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Stage {
    fn open(concurrency: usize, items: &[(i64, Script)]) -> Self {
        let puppet = Arc::new(Puppet {
            concurrency,
            ..Puppet::default()
        });
        for (key, script) in items {
            puppet.items.lock().expect("set").insert(*key, (0, *script));
        }
        let (activators, statuses) = (Arc::new(Activators::default()), Statuses::default());
        let clock = ManualClock::at(START);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(drive(
            Arc::clone(&puppet) as Arc<dyn Reconciler>,
            Arc::clone(&activators),
            Clock::Manual(Arc::clone(&clock)),
            Arc::clone(&statuses),
            stopped,
        ));
        Self {
            puppet,
            activators,
            clock,
            statuses,
            stop,
            task,
        }
    }

    fn set(&self, key: i64, stamp: i64, script: Script) {
        self.puppet
            .items
            .lock()
            .expect("set")
            .insert(key, (stamp, script));
    }

    fn runs(&self, key: i64) -> usize {
        self.puppet
            .runs
            .lock()
            .expect("read")
            .get(&key)
            .copied()
            .unwrap_or_default()
    }

    fn looks(&self) -> usize {
        self.puppet.looks.load(Ordering::Relaxed)
    }

    /// Lets every task run until none has anything to do. Nothing here waits for anything but the clock, the test and each
    /// other, so a bounded number of turns is enough.
    async fn quiesce(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    async fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
        self.quiesce().await;
    }

    async fn wake(&self) {
        self.activators.cache_cluster.wake();
        self.quiesce().await;
    }

    async fn close(self) {
        self.stop.send_replace(true);
        self.task.await.expect("end");
    }
}

#[tokio::test]
async fn a_wake_that_is_lost_costs_a_period() {
    let stage = Stage::open(4, &[]);
    stage.quiesce().await;
    stage.set(1, 0, Script::Settle);
    stage.advance(PERIOD - Duration::from_millis(1)).await;
    assert_eq!(stage.runs(1), 0);
    stage.advance(Duration::from_millis(1)).await;
    assert_eq!(stage.runs(1), 1);
    stage.close().await;
}

#[tokio::test]
async fn what_fails_waits_twice_as_long_each_time_up_to_half_a_minute() {
    for script in [Script::Block, Script::Fail, Script::Panic] {
        let stage = Stage::open(4, &[(1, script)]);
        stage.quiesce().await;
        assert_eq!(stage.runs(1), 1);
        for (index, wait_ms) in [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
            .into_iter()
            .enumerate()
        {
            let wait = Duration::from_millis(wait_ms);
            stage.advance(wait - Duration::from_millis(1)).await;
            // A wake without news changes nothing.
            stage.wake().await;
            assert_eq!(stage.runs(1), index + 1, "{script:?} before {wait:?}");
            stage.advance(Duration::from_millis(1)).await;
            assert_eq!(stage.runs(1), index + 2, "{script:?} after {wait:?}");
        }
        let status = stage.statuses.lock().expect("read")["puppet"].clone();
        assert_eq!(
            (status.failed, status.succeeded, status.waiting.len()),
            (10, 0, 1)
        );
        // It works at last, and nothing is held against it.
        stage.set(1, 0, Script::Settle);
        stage.advance(Duration::from_secs(30)).await;
        let status = stage.statuses.lock().expect("read")["puppet"].clone();
        assert_eq!((status.succeeded, status.waiting.len()), (1, 0));
        stage.close().await;
    }
}

#[tokio::test]
async fn a_new_wish_or_a_fresh_start_does_not_wait() {
    let stage = Stage::open(4, &[(1, Script::Block), (2, Script::Block)]);
    stage.quiesce().await;
    stage.set(1, 1, Script::Block);
    stage.wake().await;
    assert_eq!((stage.runs(1), stage.runs(2)), (2, 1));
    stage.activators.cache_cluster.wake_afresh();
    stage.quiesce().await;
    assert_eq!((stage.runs(1), stage.runs(2)), (3, 2));
    // Once.
    stage.wake().await;
    assert_eq!((stage.runs(1), stage.runs(2)), (3, 2));
    stage.close().await;
}

#[tokio::test]
async fn a_key_in_work_is_in_work_once_and_looked_at_again() {
    let stage = Stage::open(4, &[(1, Script::Hold), (2, Script::Settle)]);
    stage.quiesce().await;
    assert_eq!(
        (stage.runs(1), stage.runs(2)),
        (1, 1),
        "one does not wait for the other"
    );
    stage.wake().await;
    stage.set(3, 0, Script::Settle);
    stage.wake().await;
    stage.advance(PERIOD).await;
    assert_eq!((stage.runs(1), stage.runs(3)), (1, 1));
    // What came while it was in work is not lost.
    stage.set(1, 7, Script::Settle);
    stage.wake().await;
    assert_eq!(stage.runs(1), 1);
    stage.puppet.release.notify_one();
    stage.quiesce().await;
    assert_eq!(stage.runs(1), 2);
    stage.close().await;
}

#[tokio::test]
async fn no_more_are_in_work_than_may_be() {
    let items: Vec<(i64, Script)> = (1..=5).map(|key| (key, Script::Hold)).collect();
    let stage = Stage::open(2, &items);
    stage.quiesce().await;
    let started = || (1..=5).filter(|key| stage.runs(*key) > 0).count();
    assert_eq!(started(), 2);
    for expected in 3..=5 {
        for key in 1..=5 {
            // Those that ran have nothing more to do.
            if stage.runs(key) > 0 {
                stage.puppet.items.lock().expect("set").remove(&key);
            }
        }
        stage.puppet.release.notify_one();
        stage.quiesce().await;
        assert_eq!(started(), expected);
    }
    for _ in 0..2 {
        stage.puppet.release.notify_one();
        stage.quiesce().await;
    }
    stage.close().await;
}

/// A retry that takes long must not make the driver look all the time.
#[tokio::test]
async fn a_long_retry_does_not_keep_the_driver_busy() {
    let stage = Stage::open(4, &[(1, Script::Block)]);
    stage.quiesce().await;
    stage.set(1, 0, Script::Hold);
    stage.advance(Duration::from_millis(250)).await;
    assert_eq!(stage.runs(1), 2, "it is tried again, and takes its time");
    let looks = stage.looks();
    for _ in 0..100 {
        stage.advance(Duration::from_millis(10)).await;
    }
    assert_eq!(stage.looks(), looks, "within a second of a period of ten");
    stage.puppet.items.lock().expect("set").clear();
    stage.puppet.release.notify_one();
    stage.close().await;
}

#[tokio::test]
async fn a_drain_lets_work_end_and_starts_none() {
    let stage = Stage::open(1, &[(1, Script::Hold), (2, Script::Settle)]);
    stage.quiesce().await;
    stage.stop.send_replace(true);
    stage.quiesce().await;
    assert!(!stage.task.is_finished(), "what is in work goes on");
    stage.puppet.release.notify_one();
    let puppet = Arc::clone(&stage.puppet);
    stage.task.await.expect("end");
    let runs = puppet.runs.lock().expect("read").clone();
    assert_eq!(runs, BTreeMap::from([(1, 1)]));
}

#[tokio::test]
async fn a_control_plane_that_is_drained_leaves_wishes_for_the_next() {
    let harness = in_real_time().await;
    let first = harness.drive();
    first.drain().await;
    harness.create_redis("rd", &[]).await.ok();
    assert_eq!(harness.status("rd").await, "creating");
    let second = harness.drive();
    harness.wait_for_status("rd", "available").await;
    second.drain().await;
    harness.finish().await;
}
