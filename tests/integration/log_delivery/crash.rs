//! The process stops before every write to the database: no line is lost, and no more come twice than were on their way.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cacheplane::reconcile::World;
use cacheplane::reconcile::driver::Reconciler;
use cacheplane::reconcile::log::{LogDestination, Logs};

use super::{Setting, borrowed, to_group};

/// More writes than there are.
const WRITES_MAX: u64 = 20;

#[tokio::test]
async fn no_stop_loses_a_line() {
    for stop in 1..WRITES_MAX {
        let (setting, root) = Setting::with_files().await;
        let both = [
            to_group(1, "slow-log", "mine", "json"),
            to_group(2, "engine-log", "mine", "json"),
        ]
        .concat();
        setting
            .harness
            .create_redis("rd", &borrowed(&both))
            .await
            .ok();
        setting.harness.settle().await;
        setting.run_slowly("rd", &["a", "b"]);
        setting.write_line("rd", "1:M 04 Mar 2026 12:00:02.000 * Ready");
        let count = Arc::new(AtomicU64::new(0));
        let gate = {
            let count = Arc::clone(&count);
            Arc::new(move |_: &'static str| {
                let is_over = count.fetch_add(1, Ordering::SeqCst) + 1 >= stop;
                let wait = async move {
                    if is_over {
                        std::future::pending::<()>().await;
                    }
                };
                Box::pin(wait) as Pin<Box<dyn Future<Output = ()> + Send>>
            })
        };
        let world = World {
            datastore: setting.harness.world.datastore.clone().with_gate(gate),
            ..setting.harness.world.clone()
        };
        let process = Logs::new(world, LogDestination::Files(root.clone())).unwrap();
        let run = async {
            for (key, _) in process.list().await.unwrap() {
                drop(process.reconcile(key).await);
            }
        };
        drop(tokio::time::timeout(Duration::from_millis(300), run).await);
        // The next process.
        setting.deliver().await;
        setting.deliver().await;
        let below = root.join("000000000000/us-east-1/mine/elasticache/redis/rd/0001");
        for (file, lines) in [("slow-log.log", 2), ("engine-log.log", 1)] {
            let text = std::fs::read_to_string(below.join(file)).unwrap();
            let told: Vec<&str> = text.lines().collect();
            let mut different = told.clone();
            different.sort_unstable();
            different.dedup();
            assert_eq!(different.len(), lines, "{file} after stop {stop}: {told:?}");
            assert!(
                told.len() <= 2 * lines,
                "{file} after stop {stop}: {told:?}"
            );
        }
        assert_eq!(setting.statuses("rd").await, ["active", "active"]);
        setting.harness.finish().await;
        if count.load(Ordering::SeqCst) < stop {
            assert!(stop > 3, "only {stop} writes");
            return;
        }
    }
    panic!("it never ends");
}
