//! Automatic snapshots: by window and retention, on the clock that the test moves.

use std::time::Duration;

use crate::harness::Harness;

const HOUR: Duration = Duration::from_secs(3600);

async fn automatic(harness: &Harness) -> Vec<String> {
    let found = harness
        .snapshots(&[("SnapshotSource", "system")])
        .await
        .ok();
    found.texts("SnapshotName")
}

#[tokio::test]
async fn one_in_each_window_for_as_long_as_they_are_kept() {
    // It is twelve o'clock.
    let harness = Harness::start().await;
    let members = [
        ("SnapshotRetentionLimit", "2"),
        ("SnapshotWindow", "14:00-15:00"),
    ];
    harness.create_redis("rd", &members).await.ok();
    harness.settle().await;
    harness.set("rd", "key", "first");
    assert_eq!(automatic(&harness).await.len(), 0);
    harness.advance(HOUR * 2);
    harness.settle().await;
    harness.settle().await;
    assert_eq!(automatic(&harness).await, ["automatic.rd-2026-03-04-14-00"]);
    harness.advance(HOUR / 2);
    harness.settle().await;
    harness.advance(HOUR);
    harness.settle().await;
    assert_eq!(automatic(&harness).await.len(), 1);
    for _ in 0..2 {
        harness.advance(HOUR * 24);
        harness.advance(Duration::from_secs(60));
        harness.settle().await;
        // Outside the window nothing is taken.
        harness.advance(HOUR * 23);
        harness.settle().await;
    }
    harness.settle().await;
    let now = automatic(&harness).await;
    assert!(
        !now.contains(&"automatic.rd-2026-03-04-14-00".to_owned()),
        "{now:?}"
    );
    assert!(!now.is_empty() && now.len() <= 2, "{now:?}");

    // A copy is manual; the others go with the cache.
    let members = [
        ("SourceSnapshotName", now[0].as_str()),
        ("TargetSnapshotName", "kept"),
    ];
    harness.call("CopySnapshot", &members).await.ok();
    harness.settle().await;
    harness.delete("rd").await.ok();
    harness.settle().await;
    harness.settle().await;
    assert_eq!(automatic(&harness).await.len(), 0);
    harness.restore("again", "kept", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.key("again", "key").as_deref(), Some("first"));
    // Whoever restores asks for automatic snapshots anew.
    let told = harness.describe("again").await.ok();
    assert_eq!(told.text("SnapshotRetentionLimit"), "0");
    harness.finish().await;
}
