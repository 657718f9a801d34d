//! The process stops before every write to the database and before every call to the container host; the next one brings it to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cacheplane::control_plane::reconcilers;
use cacheplane::reconcile::World;
use cacheplane::runtime::simulated::Verdict;

use crate::harness::Harness;

/// More actions than any of these takes.
const ACTIONS_MAX: u64 = 200;

/// How long a process is given until it has stopped where it shall.
const RUN: Duration = Duration::from_millis(400);

/// Runs all reconcilers as one process that stops before its action number `stop`; says whether it came so far.
async fn run_until(harness: &Harness, stop: u64) -> bool {
    let count = Arc::new(AtomicU64::new(0));
    let next = {
        let count = Arc::clone(&count);
        move || count.fetch_add(1, Ordering::SeqCst) + 1
    };
    let calls = next.clone();
    harness.host.set_hook(Some(Box::new(move |call| {
        match !call.operation.is_observation() && calls() == stop {
            true => Verdict::HangBefore,
            false => Verdict::Proceed,
        }
    })));
    let gate = Arc::new(move |_: &'static str| {
        let is_over = next() == stop;
        let wait = async move {
            if is_over {
                std::future::pending::<()>().await;
            }
        };
        Box::pin(wait) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>
    });
    let world = World {
        datastore: harness.world.datastore.clone().with_gate(gate),
        ..harness.world.clone()
    };
    let process = async {
        for _ in 0..12 {
            for reconciler in reconcilers(&world) {
                for (key, _) in reconciler.list().await.expect("list") {
                    drop(reconciler.reconcile(key).await);
                }
            }
        }
    };
    drop(tokio::time::timeout(RUN, process).await);
    harness.host.set_hook(None);
    count.load(Ordering::SeqCst) >= stop
}

/// Asks for something, stops the process at each place in turn, and looks what the next made of it.
async fn at_every_place(
    before: impl AsyncFn(&Harness),
    ask: impl AsyncFn(&Harness),
    demand: impl AsyncFn(&Harness),
) {
    for stop in 1..ACTIONS_MAX {
        let harness = Harness::start().await;
        before(&harness).await;
        ask(&harness).await;
        let came_so_far = run_until(&harness, stop).await;
        harness.settle().await;
        demand(&harness).await;
        harness.finish().await;
        if !came_so_far {
            assert!(stop > 3, "only {stop} places");
            return;
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn a_snapshot_is_there_or_it_is_not() {
    at_every_place(
        async |harness| {
            harness.redis("rd").await;
            harness.set("rd", "key", "value");
        },
        async |harness| {
            harness
                .snapshot(("CacheClusterId", "rd"), "shot")
                .await
                .ok();
        },
        async |harness| {
            assert_eq!(harness.snapshot_status("shot").await, "available");
            harness.restore("again", "shot", &[]).await.ok();
            harness.settle().await;
            assert_eq!(harness.key("again", "key").as_deref(), Some("value"));
        },
    )
    .await;
}

#[tokio::test]
async fn a_restored_cache_begins_with_all_keys() {
    at_every_place(
        async |harness| {
            harness.redis("rd").await;
            harness.set("rd", "key", "value");
            harness.taken("rd", "shot").await;
        },
        async |harness| {
            harness.restore("again", "shot", &[]).await.ok();
        },
        async |harness| {
            assert_eq!(harness.status("again").await, "available");
            assert_eq!(harness.key("again", "key").as_deref(), Some("value"));
        },
    )
    .await;
}

#[tokio::test]
async fn nothing_goes_before_its_final_snapshot_is_there() {
    at_every_place(
        async |harness| {
            harness.redis("rd").await;
            harness.set("rd", "key", "value");
        },
        async |harness| {
            let members = [
                ("CacheClusterId", "rd"),
                ("FinalSnapshotIdentifier", "final"),
            ];
            harness.call("DeleteCacheCluster", &members).await.ok();
        },
        async |harness| {
            assert!(harness.is_gone("rd").await);
            harness.restore("again", "final", &[]).await.ok();
            harness.settle().await;
            assert_eq!(harness.key("again", "key").as_deref(), Some("value"));
        },
    )
    .await;
}

#[tokio::test]
async fn a_deletion_leaves_nothing() {
    at_every_place(
        async |harness| {
            harness.redis("rd").await;
            harness.taken("rd", "shot").await;
        },
        async |harness| {
            harness
                .call("DeleteSnapshot", &[("SnapshotName", "shot")])
                .await
                .ok();
            // It takes no more than this one place, so that others come to the same count.
            let members = [
                ("CacheClusterId", "rd"),
                ("FinalSnapshotIdentifier", "final"),
            ];
            harness.call("DeleteCacheCluster", &members).await.ok();
        },
        async |harness| {
            let gone = harness.snapshots(&[("SnapshotName", "shot")]).await;
            gone.fault(404, "SnapshotNotFoundFault");
            assert!(harness.is_gone("rd").await);
        },
    )
    .await;
}
