//! Clusters on the simulated host, as a control plane sees them: by views, orders and clients.

use std::sync::Arc;

use super::super::super::{ContainerSpec, Runtime, RuntimeError};
use super::super::tests::{GRACE, host, node, spec};
use super::super::{Operation, SimulatedRuntime, Verdict};
use super::*;
use crate::engine::cluster::{
    ClusterOrder, ClusterView, FailoverKind, KeyConflict, MigrationLimits, MigrationState, Moved,
    NodeHealth, ResetKind, SlotState,
};
use crate::engine::simulated::{Answer, SimulatedEngine, Write};
use crate::engine::{Engine, EngineError, HistoryHeld, NodeEndpoint, PrimaryAddress, Role};
use crate::resources::slots::{Coverage, even_split};

mod faults;
mod moves;

/// Members at addresses 1, 2 and so on past 10: the primaries first, then their replicas in the same order.
struct Cluster {
    world: Arc<SimulatedWorld>,
    runtime: SimulatedRuntime,
    engine: SimulatedEngine,
    shards: u8,
    ids: Vec<String>,
}

fn name(member: u8) -> String {
    format!("m{member}")
}

fn at(member: u8) -> NodeEndpoint {
    node(10 + member)
}

fn member(member: u8) -> ContainerSpec {
    let mut spec = spec(&name(member), 10 + member);
    spec.image = "valkey/valkey:9.1".into();
    let enabled = ["--cluster-enabled", "yes", "--save", "3600", "1"];
    spec.command.extend(enabled.map(String::from));
    spec
}

fn meet(member: u8) -> ClusterOrder {
    ClusterOrder::Meet {
        host: at(member).host,
        port: 6379,
        bus_port: 16_379,
    }
}

fn done(replicas: usize) -> Answer<Write> {
    Answer::Done(Write::Done { replicas })
}

impl Cluster {
    /// Members that know nothing.
    async fn started(members: u8) -> Self {
        let (world, runtime) = host().await;
        let engine = SimulatedEngine::new(Arc::clone(&world));
        let mut cluster = Cluster {
            world,
            runtime,
            engine,
            shards: members,
            ids: Vec::new(),
        };
        for number in 1..=members {
            let spec = member(number);
            cluster.runtime.ensure_container(&spec).await.unwrap();
            let id = cluster.view(number).await.myself.node_id;
            cluster.ids.push(id);
        }
        cluster
    }

    /// A primary and a replica for each shard.
    async fn new(shards: u8) -> Self {
        let mut cluster = Cluster::started(2 * shards).await;
        cluster.shards = shards;
        for (number, slots) in (1..).zip(even_split(u16::from(shards))) {
            let epoch = ClusterOrder::SetConfigEpoch(u64::from(number));
            cluster
                .tell(number, &[epoch, ClusterOrder::AddSlots(slots)])
                .await;
        }
        for number in 2..=2 * shards {
            cluster.tell(1, &[meet(number)]).await;
        }
        for number in 1..=shards {
            let primary = ClusterOrder::Replicate(cluster.id(number).to_owned());
            cluster.tell(shards + number, &[primary]).await;
        }
        cluster.assert_whole().await;
        cluster
    }

    fn id(&self, member: u8) -> &str {
        &self.ids[usize::from(member) - 1]
    }

    fn members(&self) -> impl Iterator<Item = u8> {
        1..=u8::try_from(self.ids.len()).unwrap()
    }

    async fn view(&self, member: u8) -> ClusterView {
        self.engine.cluster_view(&at(member), GRACE).await.unwrap()
    }

    async fn try_tell(&self, member: u8, orders: &[ClusterOrder]) -> Result<(), EngineError> {
        let told = self.engine.cluster_order(&at(member), orders, GRACE).await;
        // The others have heard of it when anybody is told something else.
        self.world.change(|_| ());
        told
    }

    async fn tell(&self, member: u8, orders: &[ClusterOrder]) {
        self.try_tell(member, orders).await.unwrap();
    }

    async fn refused(&self, member: u8, order: ClusterOrder) {
        let error = self.try_tell(member, std::slice::from_ref(&order)).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, EngineError::Refused { .. }),
            "{order:?}: {error:?}"
        );
    }

    /// Every member sees all others well, every slot owned once, and every replica in sync.
    async fn assert_whole(&self) {
        let members = self.ids.len();
        let mut first: Option<Vec<(String, SlotSet, u64)>> = None;
        for number in self.members() {
            let view = self.view(number).await;
            assert!(view.is_ok, "m{number}: {view:?}");
            assert_eq!(usize::try_from(view.known_nodes), Ok(members), "{view:?}");
            assert!(view.nodes().all(|node| node.health == NodeHealth::Well));
            let owned = Coverage::of(view.nodes().map(|node| &node.slots));
            assert!(owned.is_exact(), "m{number}: {owned:?}");
            let replicas = view.nodes().filter(|node| node.role == Role::Replica);
            assert_eq!(replicas.count(), members - usize::from(self.shards));
            let replication = view.report.replication.clone().unwrap();
            assert_eq!(replication.link_up, replication.primary.is_some());
            let mut seen: Vec<_> = view
                .nodes()
                .map(|node| (node.node_id.clone(), node.slots.clone(), node.config_epoch))
                .collect();
            seen.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen);
        }
    }

    /// Goes where it is sent, a few times.
    fn follow<T>(&self, ask: impl Fn(&NodeEndpoint, bool) -> Answer<T>) -> Answer<T> {
        let (mut host, mut asking) = (at(1), false);
        for _ in 0..4 {
            (host.host, asking) = match ask(&host, asking) {
                Answer::Moved(elsewhere, _) => (elsewhere, false),
                Answer::Ask(elsewhere, _) => (elsewhere, true),
                answer => return answer,
            };
        }
        Answer::ClusterDown
    }

    fn set(&self, key: &str, value: &str) -> Answer<Write> {
        self.follow(|node, asking| self.engine.cluster_set(node, key, value, asking))
    }

    fn get(&self, key: &str) -> Option<String> {
        match self.follow(|node, asking| self.engine.cluster_get(node, key, asking)) {
            Answer::Done(value) => value,
            answer => panic!("{key}: {answer:?}"),
        }
    }

    async fn slots(&self, member: u8) -> SlotSet {
        self.view(member).await.myself.slots
    }

    async fn role(&self, member: u8) -> Role {
        self.view(member).await.myself.role
    }
}

/// A key of the first, second or third shard of three.
const KEYS: [&str; 3] = ["bar", "c", "foo"];

#[tokio::test]
async fn a_cluster_is_formed_by_orders() {
    let cluster = Cluster::new(3).await;
    for (key, split) in KEYS.iter().zip(even_split(3)) {
        assert!(split.contains(key_slot(key.as_bytes())), "{key}");
        assert_eq!(cluster.set(key, "value"), done(1));
        assert_eq!(cluster.get(key).as_deref(), Some("value"));
    }
    for number in 1..=3 {
        let view = cluster.view(number).await;
        assert_eq!(view.own_epoch, u64::from(number));
        assert_eq!(view.myself.host, at(number).host);
        let replica = view.node(cluster.id(number + 3)).unwrap();
        assert_eq!(replica.primary_id.as_deref(), Some(cluster.id(number)));
        assert_eq!(view.slots_ok, 16_384);
    }
    // A replica sends its clients to its primary.
    let answer = cluster.engine.cluster_get(&at(4), KEYS[0], false);
    assert_eq!(answer, Answer::Moved(at(1).host, 6379));
}

#[tokio::test]
async fn alone_nobody_serves() {
    let cluster = Cluster::started(1).await;
    let view = cluster.view(1).await;
    assert!(!view.is_ok && view.slots_assigned == 0 && view.known_nodes == 1);
    assert_eq!(cluster.set("foo", "v"), Answer::ClusterDown);
    // With cluster mode disabled there is nothing to see.
    cluster
        .runtime
        .ensure_container(&spec("x", 50))
        .await
        .unwrap();
    let error = cluster.engine.cluster_view(&node(50), GRACE).await;
    let error = error.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    let nothing = HistoryHeld {
        history: String::new(),
        offset: 0,
    };
    let error = cluster.engine.promote(&at(1), &nothing, GRACE).await;
    let error = error.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let cluster = Cluster::new(2).await;
    let unknown = || "0".repeat(40);
    cluster.set("foo", "v");
    let mine = || "16000".parse().unwrap();
    let theirs = || "5".parse().unwrap();
    let two = |order| cluster.refused(2, order);
    two(ClusterOrder::SetConfigEpoch(9)).await;
    two(ClusterOrder::AddSlots(mine())).await;
    two(ClusterOrder::Replicate(unknown())).await;
    two(ClusterOrder::Replicate(cluster.id(3).to_owned())).await;
    two(ClusterOrder::Replicate(cluster.id(1).to_owned())).await;
    two(ClusterOrder::Reset(ResetKind::Hard)).await;
    two(ClusterOrder::Failover(FailoverKind::Takeover)).await;
    two(ClusterOrder::Forget(cluster.id(2).to_owned())).await;
    let set = |slots, state| two(ClusterOrder::SetSlots(slots, state));
    set(mine(), SlotState::Importing(cluster.id(1).to_owned())).await;
    set(theirs(), SlotState::Migrating(cluster.id(1).to_owned())).await;
    set(mine(), SlotState::Migrating(unknown())).await;
    let foo = std::iter::once(key_slot(b"foo")).collect();
    set(foo, SlotState::Owned(cluster.id(1).to_owned())).await;
    let stable = ClusterOrder::SetSlots(mine(), SlotState::Stable);
    cluster.refused(4, stable).await;
    cluster
        .refused(4, ClusterOrder::Forget(cluster.id(2).to_owned()))
        .await;
    cluster.tell(2, &[ClusterOrder::Forget(unknown())]).await;
    cluster.tell(2, &[ClusterOrder::DelSlots(mine())]).await;
    cluster.refused(2, ClusterOrder::DelSlots(mine())).await;
    // The others do not hear of that; anyone may claim it.
    assert!(
        cluster
            .view(1)
            .await
            .node(cluster.id(2))
            .unwrap()
            .slots
            .contains(16_000)
    );
    cluster.tell(2, &[ClusterOrder::AddSlots(mine())]).await;
    cluster.assert_whole().await;
}

#[tokio::test]
async fn members_remember_until_their_volume_is_gone() {
    let cluster = Cluster::new(2).await;
    let before = cluster.view(1).await;
    for number in [1, 3] {
        cluster.world.kill(&name(number));
        cluster
            .runtime
            .start_container(&name(number))
            .await
            .unwrap();
    }
    cluster.assert_whole().await;
    assert_eq!(cluster.view(1).await.myself, before.myself);

    cluster.runtime.remove_container("m3", GRACE).await.unwrap();
    cluster.runtime.remove_volume("m3.data").await.unwrap();
    cluster.runtime.ensure_container(&member(3)).await.unwrap();
    let stranger = cluster.view(3).await;
    assert_ne!(stranger.myself.node_id, cluster.id(3));
    assert_eq!(stranger.known_nodes, 1);
    // The others still know the one that is gone, and nobody the new one, until they are told.
    assert_eq!(cluster.view(1).await.known_nodes, 4);
    for number in [1, 2, 4] {
        let gone = ClusterOrder::Forget(cluster.id(3).to_owned());
        cluster.tell(number, &[gone]).await;
    }
    assert_eq!(cluster.view(1).await.known_nodes, 3);
    let primary = ClusterOrder::Replicate(cluster.id(1).to_owned());
    cluster.tell(1, &[meet(3)]).await;
    cluster.tell(3, &[primary]).await;
    cluster.assert_whole().await;
}

#[tokio::test]
async fn a_replica_is_reset_with_its_keys() {
    let cluster = Cluster::new(2).await;
    cluster.set(KEYS[0], "value");
    cluster
        .tell(3, &[ClusterOrder::Reset(ResetKind::Soft)])
        .await;
    let alone = cluster.view(3).await;
    assert_eq!((alone.known_nodes, alone.myself.role), (1, Role::Primary));
    assert_eq!(alone.myself.node_id, cluster.id(3));
    assert_eq!(cluster.world.memory_get("m3", KEYS[0]), None);
    cluster
        .tell(3, &[ClusterOrder::Reset(ResetKind::Hard)])
        .await;
    assert_ne!(cluster.view(3).await.myself.node_id, cluster.id(3));
}

#[tokio::test]
async fn the_same_calls_make_the_same_cluster() {
    let run = async || {
        let cluster = Cluster::new(3).await;
        cluster.world.kill("m2");
        cluster.world.elapse_node_timeout();
        cluster.set(KEYS[1], "value");
        let mut views = Vec::new();
        for number in [1, 3, 4, 5, 6] {
            views.push(cluster.view(number).await);
        }
        views
    };
    assert_eq!(run().await, run().await);
}
