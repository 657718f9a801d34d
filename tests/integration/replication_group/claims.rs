//! Slots that were handed over are claimed for whoever has their keys, and those that only seem to be are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cacheplane::control_plane::reconcilers;
use cacheplane::engine::cluster::{
    ClusterOrder, HandOver, KeyConflict, MigrationLimits, SlotState,
};
use cacheplane::engine::simulated::SimulatedEngine;
use cacheplane::engine::{Engine as _, NodeEndpoint, PrimaryAddress, Protocol};
use cacheplane::resources::slots::{SlotSet, key_slot};
use cacheplane::runtime::simulated::Operation;

use crate::harness::Harness;

const DEADLINE: Duration = Duration::from_secs(1);

/// A key of the second node group of two.
const KEY: &str = "value-1";

/// A node with its name in the cluster.
#[derive(Clone)]
struct Node {
    at: NodeEndpoint,
    id: String,
}

/// A group of two node groups that is about to move all slots of the second to the first; nothing has moved yet.
struct Ants {
    harness: Harness,
    engine: SimulatedEngine,
    taker: Node,
    /// Where whoever is looked at next after the taker is: its replica.
    second: String,
    giver: Node,
}

impl Ants {
    async fn about_to_move() -> Self {
        let harness = Harness::start().await;
        harness
            .cluster("ants", "2", "1", &[("EngineVersion", "7.0")])
            .await;
        let engine = SimulatedEngine::new(Arc::clone(&harness.host));
        let node = async |id: &str| {
            let network = &harness.world.ground.node_network.name;
            let name = harness.container_name(id, "0001");
            let address = harness.container(id, "0001").addresses[network];
            let at = NodeEndpoint {
                host: address.to_string(),
                port: 6379,
                protocol: Protocol::Redis,
                encryption: None,
                administrator: Some(harness.world.ground.administrator(&name)),
            };
            let view = engine.cluster_view(&at, DEADLINE).await.expect("answer");
            Node {
                at,
                id: view.myself.node_id,
            }
        };
        let (taker, giver) = (node("ants-0001-001").await, node("ants-0002-001").await);
        let second = node("ants-0001-002").await.at.to_string();
        assert!(engine.set(&giver.at, KEY, "value").is_done());
        let fewer = [
            ("ReplicationGroupId", "ants"),
            ("ApplyImmediately", "true"),
            ("NodeGroupCount", "1"),
            ("NodeGroupsToRetain.NodeGroupToRetain.1", "0001"),
        ];
        let change = "ModifyReplicationGroupShardConfiguration";
        harness.call(change, &fewer).await.ok();
        Ants {
            harness,
            engine,
            taker,
            second,
            giver,
        }
    }

    /// Lets the group's reconciler run once, and nobody else.
    async fn reconcile(&self) {
        let all = reconcilers(&self.harness.world);
        let mut all = all.into_iter();
        let groups = all.find(|one| one.name() == "replication_group");
        let groups = groups.expect("be one of them");
        for (key, _) in groups.list().await.expect("list") {
            groups.reconcile(key).await.expect("reconcile");
        }
    }

    /// The value of the key at whoever owns its slot.
    async fn value(&self) -> Option<String> {
        let owner = self.engine.cluster_view(&self.taker.at, DEADLINE).await;
        let owner = owner.expect("answer");
        let owner = owner.owner(key_slot(KEY.as_bytes())).expect("be owned");
        let mut at = self.taker.at.clone();
        at.host.clone_from(&owner.host);
        self.engine.get(&at, KEY)
    }
}

/// The slot of the key.
fn slot() -> SlotSet {
    std::iter::once(key_slot(KEY.as_bytes())).collect()
}

fn address(node: &Node) -> PrimaryAddress {
    PrimaryAddress {
        encrypted: false,
        host: node.at.host.clone(),
        port: node.at.port,
        administrator: node.at.administrator.clone(),
    }
}

/// As Valkey 9 moves slots by itself: whoever looked at the taker before and at all others after has seen nobody own them, and the others say
/// that the taker does, which says that the giver does.
#[tokio::test]
async fn slots_that_move_between_the_looks_at_two_nodes_are_not_claimed_back() {
    let ants = Ants::about_to_move().await;
    let (engine, taker, giver) = (ants.engine.clone(), ants.taker.clone(), ants.giver.clone());
    let second = ants.second.clone();
    let has_moved = Arc::new(AtomicBool::new(false));
    let moved = Arc::clone(&has_moved);
    ants.harness
        .host
        .set_pace(Some(Arc::new(move |operation, target| {
            let is_next = operation == Operation::NodeClusterView && target == second;
            let (engine, taker, giver) = (engine.clone(), taker.clone(), giver.clone());
            let moves = is_next && !moved.swap(is_next, Ordering::Relaxed);
            Box::pin(async move {
                if !moves {
                    return;
                }
                let plan = HandOver {
                    giver_id: &giver.id,
                    taker_id: &taker.id,
                    taker: &address(&taker),
                };
                let (slot, limits) = (slot(), MigrationLimits::default());
                let (from, to) = (&giver.at, &taker.at);
                let handed = engine.hand_over_slots(from, to, &slot, &plan, &limits, DEADLINE);
                assert_eq!(handed.await.expect("hand over").slots, slot);
            })
        })));
    ants.reconcile().await;
    ants.harness.host.set_pace(None);
    assert!(has_moved.load(Ordering::Relaxed));
    assert_eq!(ants.value().await.as_deref(), Some("value"));
    ants.harness.settle().await;
    assert_eq!(ants.value().await.as_deref(), Some("value"));
    ants.harness.finish().await;
}

/// The giver has handed them over, and whoever was to tell the taker of it ended before.
#[tokio::test]
async fn slots_that_both_looks_find_unclaimed_are_claimed() {
    let ants = Ants::about_to_move().await;
    let slot = slot();
    let order = async |node: &Node, state| {
        let order = [ClusterOrder::SetSlots(slot.clone(), state)];
        let told = ants.engine.cluster_order(&node.at, &order, DEADLINE);
        told.await.expect("do what it is told");
    };
    let (taker, giver) = (&ants.taker, &ants.giver);
    order(taker, SlotState::Importing(giver.id.clone())).await;
    order(giver, SlotState::Migrating(taker.id.clone())).await;
    let limits = MigrationLimits::default();
    let (to, conflict) = (address(taker), KeyConflict::GiverWins);
    let moved = ants
        .engine
        .migrate_keys(&giver.at, &slot, &to, conflict, &limits, DEADLINE);
    assert_eq!(moved.await.expect("move").keys, 1);
    order(giver, SlotState::Owned(taker.id.clone())).await;
    let name = ants.harness.container_name("ants-0001-001", "0001");
    let owned = || ants.harness.host.slots_owned(&name, &name);
    assert!(owned().intersection(&slot).is_empty());
    ants.reconcile().await;
    assert_eq!(owned().intersection(&slot), slot);
    assert_eq!(ants.value().await.as_deref(), Some("value"));
    ants.harness.settle().await;
    assert_eq!(ants.value().await.as_deref(), Some("value"));
    ants.harness.finish().await;
}
