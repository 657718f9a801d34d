//! Members whose process starts and never says a word: nobody else can have their place meanwhile, so they are started again.

use crate::harness::Harness;

const ON: (&str, &str) = ("AutomaticFailoverEnabled", "true");

/// Two members that are as wished, and the name of the container of the one asked for.
async fn ants(member: &str) -> (Harness, String) {
    let harness = Harness::start().await;
    harness.group("ants", "2", &[ON]).await;
    let container = harness.container_name(member, "0001");
    (harness, container)
}

/// The last run hung, so the present one is yet another.
fn assert_ended(harness: &Harness, member: &str, before: &Option<String>) {
    let after = harness.container(member, "0001");
    assert!(after.is_running());
    assert_ne!(&after.started_at, before);
}

#[tokio::test]
async fn a_replica_that_hangs_when_it_comes_back_is_started_again() {
    let (harness, name) = ants("ants-002").await;
    harness.host.hang_next_run(&name);
    harness.host.crash(&name, 1);
    let hung = harness.container("ants-002", "0001").started_at;
    harness.reconcile().await;
    harness.settle().await;
    assert_ended(&harness, "ants-002", &hung);
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available", "available"]);
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica"]);
    harness.finish().await;
}

/// A reboot does not fail over (behaviour.md section 9); a run that hangs may not make the group wait for ever for that.
#[tokio::test]
async fn a_primary_that_hangs_when_it_was_rebooted_is_started_again() {
    let (harness, name) = ants("ants-001").await;
    assert!(harness.host.memory_set(&name, "key", "value"));
    harness.host.hang_next_run(&name);
    let members = [
        ("CacheClusterId", "ants-001"),
        ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
    ];
    let before = harness.container("ants-001", "0001").started_at;
    harness.call("RebootCacheCluster", &members).await.ok();
    harness.settle().await;
    assert_ended(&harness, "ants-001", &before);
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("CurrentRole"), ["primary", "replica"]);
    assert_eq!(
        harness.host.memory_get(&name, "key").as_deref(),
        Some("value")
    );
    harness.finish().await;
}
