//! A node group of which nobody is left: who was its primary last comes back first, since it alone may have what was written last.

use std::time::Duration;

use cacheplane::resources::cache_cluster::Observation;

use crate::harness::Harness;

const PRIMARY: &str = "ants-0001-001";
const REPLICAS: [&str; 2] = ["ants-0001-002", "ants-0001-003"];

/// A key of the first node group of three.
const KEY: &str = "value-2";

/// All members of the first node group have ended, and its primary hangs when it is made anew.
async fn all_gone() -> Harness {
    let harness = Harness::start().await;
    harness.cluster("ants", "3", "2", &[]).await;
    let primary = harness.container_name(PRIMARY, "0001");
    assert!(harness.host.memory_set(&primary, KEY, "value"));
    harness.host.hang_next_run(&primary);
    for member in [PRIMARY, REPLICAS[0], REPLICAS[1]] {
        let name = harness.container_name(member, "0001");
        harness.host.save(&name);
        harness.host.kill(&name);
    }
    harness
}

fn running_replicas(harness: &Harness) -> usize {
    let runs = |member: &&&str| harness.container(member, "0001").is_running();
    REPLICAS.iter().filter(runs).count()
}

async fn assert_served(harness: Harness) {
    harness.settle().await;
    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 4]);
    let group = harness.recorded_group("ants").await;
    let sharding = group.sharding.expect("be sharded");
    let primary = sharding.node_groups[0].primary.clone();
    let primary = harness.container_name(&primary.expect("have a primary"), "0001");
    let kept = harness.host.memory_get(&primary, KEY);
    assert_eq!(kept.as_deref(), Some("value"));
    harness.finish().await;
}

#[tokio::test]
async fn the_others_are_made_anew_when_its_primary_answers() {
    let harness = all_gone().await;
    let mut waited = false;
    while running_replicas(&harness) == 0 {
        waited |= harness.container(PRIMARY, "0001").is_running();
        harness.reconcile_once().await;
    }
    // It hung once, so it is in yet another run.
    let observed = &harness.recorded_cluster(PRIMARY).await.nodes[0].observation;
    assert!(matches!(observed, Observation::Known(_)), "{observed:?}");
    assert!(waited);
    assert_served(harness).await;
}

/// Here the primary never comes up.
#[tokio::test]
async fn a_primary_that_stays_away_is_not_waited_for_without_end() {
    let harness = all_gone().await;
    let primary = harness.container_name(PRIMARY, "0001");
    let began = harness.world.clock.now();
    while running_replicas(&harness) == 0 {
        harness.host.hang_next_run(&primary);
        harness.reconcile_once().await;
        let waited = harness.world.clock.now().since(began);
        assert!(waited < Duration::from_secs(600));
    }
    assert!(harness.world.clock.now().since(began) > Duration::from_secs(120));
    harness.host.kill(&primary);
    assert_served(harness).await;
}
