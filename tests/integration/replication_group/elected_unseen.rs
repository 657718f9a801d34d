//! A replica that shall go, and that the nodes elect while nobody looks: what it takes until somebody does is not lost.

use cacheplane::resources::slots::SlotSet;

use crate::harness::Harness;

/// A key of the first node group of three.
const KEY: &str = "value-2";

/// A group whose replicas shall all go, which nobody has done yet. Its first primary has ended, and the replica that was elected in its
/// place has taken a write.
struct Ants {
    harness: Harness,
    former: String,
    elected: String,
}

impl Ants {
    async fn elected_unseen() -> Self {
        let harness = Harness::start().await;
        harness
            .cluster("ants", "3", "1", &[("EngineVersion", "7.0")])
            .await;
        let fewer = [
            ("ReplicationGroupId", "ants"),
            ("NewReplicaCount", "0"),
            ("ApplyImmediately", "true"),
        ];
        harness.call("DecreaseReplicaCount", &fewer).await.ok();
        let former = harness.container_name("ants-0001-001", "0001");
        let elected = harness.container_name("ants-0001-002", "0001");
        assert!(harness.host.memory_set(&former, KEY, "old"));
        harness.host.save(&former);
        harness.host.kill(&former);
        harness.host.elapse_node_timeout();
        assert!(!harness.host.slots_owned(&elected, &elected).is_empty());
        assert!(harness.host.memory_set(&elected, KEY, "new"));
        Ants {
            harness,
            former,
            elected,
        }
    }

    /// The former primary alone is left, serves, and has this value.
    async fn assert_served(&self, value: Option<&str>) {
        let harness = &self.harness;
        let told = harness.describe_group("ants").await.ok();
        assert_eq!(told.texts("Status"), ["available"; 4]);
        let left = ["ants-0001-001", "ants-0002-001", "ants-0003-001"];
        assert_eq!(told.texts("CacheClusterId"), left);
        let owned = left.iter().fold(SlotSet::EMPTY, |all, id| {
            let name = harness.container_name(id, "0001");
            all.union(&harness.host.slots_owned(&name, &name))
        });
        assert!(owned.is_complete());
        let kept = harness.host.memory_get(&self.former, KEY);
        assert_eq!(kept.as_deref(), value);
    }
}

#[tokio::test]
async fn it_hands_over_before_it_goes_when_it_was_frozen_for_a_moment() {
    let ants = Ants::elected_unseen().await;
    ants.harness.host.pause(&ants.elected);
    ants.harness.reconcile_once().await;
    ants.harness.reconcile_once().await;
    ants.harness.host.unpause(&ants.elected);
    ants.harness.settle().await;
    ants.assert_served(Some("new")).await;
    ants.harness.finish().await;
}

/// It is ended, and made anew with what it has saved.
#[tokio::test]
async fn it_hands_over_before_it_goes_when_it_was_frozen_for_long() {
    let ants = Ants::elected_unseen().await;
    ants.harness.host.save(&ants.elected);
    ants.harness.host.pause(&ants.elected);
    for _ in 0..20 {
        ants.harness.reconcile_once().await;
    }
    ants.harness.settle().await;
    ants.assert_served(Some("new")).await;
    ants.harness.finish().await;
}

/// The former primary is back first, and hears who was elected. It does not take over with its old data while the other is away.
#[tokio::test]
async fn it_hands_over_before_it_goes_when_it_has_ended_too() {
    let ants = Ants::elected_unseen().await;
    ants.harness.host.save(&ants.elected);
    ants.harness.host.kill(&ants.elected);
    ants.harness.settle().await;
    ants.assert_served(Some("new")).await;
    ants.harness.finish().await;
}

/// Nobody has what it had; the former primary serves with what it has. It dropped its own when it heard who was elected.
#[tokio::test]
async fn the_former_primary_takes_over_when_it_is_gone_with_its_volume() {
    let ants = Ants::elected_unseen().await;
    let runtime = &ants.harness.world.runtime;
    ants.harness.host.pause(&ants.elected);
    ants.harness.reconcile_once().await;
    ants.harness.host.destroy(&ants.elected);
    runtime
        .remove_volume(&ants.elected)
        .await
        .expect("remove the volume");
    ants.harness.settle().await;
    ants.assert_served(None).await;
    ants.harness.finish().await;
}
