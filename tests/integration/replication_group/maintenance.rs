//! What waits for a group's maintenance window is done in it, and then only. The test's clock starts on a Wednesday at 12:00.

use std::time::Duration;

use crate::harness::Harness;

const MINUTE: Duration = Duration::from_secs(60);
const WINDOW: (&str, &str) = ("PreferredMaintenanceWindow", "wed:13:00-wed:14:00");

#[tokio::test]
async fn the_window_applies_what_waits() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[WINDOW]).await;
    for wish in [
        ("CacheNodeType", "cache.m6g.large"),
        ("EngineVersion", "7.0"),
        ("PrimaryClusterId", "ants-002"),
    ] {
        let answer = harness
            .on_group("ModifyReplicationGroup", "ants", &[wish])
            .await;
        if wish.0 == "EngineVersion" {
            answer.fault(400, "InvalidParameterCombination");
        } else {
            answer.ok();
        }
    }
    harness.advance(59 * MINUTE);
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("CacheNodeType"), "cache.t3.micro");
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica"]);
    harness.advance(MINUTE);
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.text("CacheNodeType"), "cache.m6g.large");
    assert_eq!(told.texts("CurrentRole"), ["replica", "primary"]);
    assert!(!told.has("PrimaryClusterId"));
    let member = harness.describe("ants-001").await.ok();
    assert_eq!(member.text("CacheNodeType"), "cache.m6g.large");
    harness.finish().await;
}

#[tokio::test]
async fn a_promotion_that_waits_gives_way_to_automatic_failover() {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[WINDOW]).await;
    let wish = [("PrimaryClusterId", "ants-002")];
    harness
        .on_group("ModifyReplicationGroup", "ants", &wish)
        .await
        .ok();
    let on = [("AutomaticFailoverEnabled", "true")];
    let reply = harness
        .on_group("ModifyReplicationGroup", "ants", &on)
        .await
        .ok();
    assert!(!reply.has("PrimaryClusterId"));
    harness.settle().await;
    harness.advance(61 * MINUTE);
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica"]);
    harness.finish().await;
}
