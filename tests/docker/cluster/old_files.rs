//! Nodes that were killed come back with what they wrote down last: what is in it is old.

use cacheplane::engine::cluster::{
    ClusterOrder, FailoverKind, KeyConflict, MigrationLimits, SlotState,
};
use cacheplane::engine::{Engine as _, EngineError, NetworkEngine, Role};
use cacheplane::resources::engine::Engine;
use cacheplane::resources::slots::SlotSet;

use super::client::Client;
use super::moving::slot;
use super::nodes::{Cluster, Node};
use crate::fixture::{DEADLINE, docker, eventually};
use crate::replication::with_images;

impl Node {
    async fn kill(&self) {
        docker(&["kill", &self.container]);
    }

    /// Starts it again on its file.
    async fn start_again(&self) {
        docker(&["start", &self.container]);
        self.wait_ready().await;
    }

    /// Slots that it expects from the node with this name.
    async fn expects(&self, giver_id: &str) -> SlotSet {
        let view = self.view().await;
        view.open(&SlotState::Importing(giver_id.to_owned()))
    }

    /// Lets it drop what it holds of slots that are others'.
    async fn drop_keys(&self, slots: &SlotSet) {
        let close = ClusterOrder::SetSlots(slots.clone(), SlotState::Stable);
        self.order(&[ClusterOrder::DropKeys(slots.clone()), close])
            .await;
    }
}

/// Enough keys to be dropped in more than one turn.
const KEYS: usize = 300;

#[tokio::test]
async fn keys_of_slots_that_were_given_away_are_dropped() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 2, image).await;
        let (giver, taker) = (&cluster.nodes[0], &cluster.nodes[1]);
        let tags = cluster.tags(4).await;
        let kept = tags[3].clone();
        giver.tell::<()>(&["SET", &kept, "kept"]).await;
        let keys = cluster.fill(&tags[..3], KEYS).await;
        giver.tell::<()>(&["SAVE"]).await;
        let moved = tags[..3].iter().map(|tag| slot(tag));
        let moved = moved.fold(SlotSet::EMPTY, |all, one| all.union(&one));
        cluster.open(&moved, 0, 1).await;
        cluster.finish(&moved, 0, 1).await;
        let gone = &keys[1][0];
        for key in keys.iter().flatten().filter(|key| *key != gone) {
            taker.tell::<()>(&["SET", key, "newer"]).await;
        }
        taker.tell::<()>(&["DEL", gone]).await;

        giver.kill().await;
        giver.start_again().await;
        cluster.wait_whole().await;
        // Redis takes them to be on their way to it, and Valkey drops them by itself.
        let (open, left) = match image.1 {
            Engine::Valkey => (SlotSet::EMPTY, 1),
            _ => (moved.clone(), 3 * KEYS as u64 + 1),
        };
        assert_eq!(giver.expects(&cluster.ids[1]).await, open);
        cluster.wait_keys(0, left).await;

        // Twice is as good as once.
        giver.drop_keys(&moved).await;
        giver.drop_keys(&moved).await;
        assert_eq!(giver.view().await.open_slots, []);
        for (node, count) in [(0, 1), (1, 3 * KEYS as u64 - 1)] {
            cluster.wait_keys(node, count).await;
            cluster.wait_keys(node + 2, count).await;
        }
        let mut client = Client::new(&cluster);
        assert_eq!(client.call::<String>(&["GET", &kept]).await, "kept");
        for key in keys.iter().flatten() {
            let value: Option<String> = client.call(&["GET", key]).await;
            assert_eq!(value.as_deref(), (key != gone).then_some("newer"), "{key}");
        }
    })
    .await;
}

/// What the planner of a group does when a new primary dies that has keys and owns no slot yet, and has written down only some of them.
#[tokio::test]
async fn keys_that_came_before_the_first_slot_outlive_the_node_that_they_came_to() {
    with_images(async |fixture, image| {
        let mut cluster = Cluster::form(fixture, 2, image).await;
        cluster.grow(fixture, image).await;
        let (taker, replica) = (&cluster.nodes[4], &cluster.nodes[5]);
        let tags = cluster.tags(1).await;
        let keys = cluster.fill(&tags, KEYS).await.remove(0);
        let moving = slot(&tags[0]);
        cluster.open(&moving, 0, 4).await;
        let few = MigrationLimits {
            keys: 100,
            ..MigrationLimits::default()
        };
        let conflict = KeyConflict::GiverWins;
        let moved = cluster.migrate(&moving, (0, 4), conflict, &few);
        let written = moved.await.unwrap().keys;
        taker.tell::<()>(&["SAVE"]).await;
        let moved = cluster.migrate(&moving, (0, 4), conflict, &few);
        let came = written + moved.await.unwrap().keys;
        assert!(written < came && came < KEYS as u64, "{written} of {came}");
        // No command waits for the replica; it has them when it has heard.
        cluster.wait_keys(5, came).await;

        taker.kill().await;
        replica.take_over(FailoverKind::Takeover).await;
        eventually("the replica has taken over", async || {
            (replica.view().await.myself.role == Role::Primary).then_some(())
        })
        .await;
        taker.start_again().await;
        // It is no replica yet, or, with Valkey, becomes one by itself.
        let follow = [ClusterOrder::Replicate(cluster.ids[5].clone())];
        let told = NetworkEngine.cluster_order(&taker.endpoint, &follow, DEADLINE);
        if image.1 == Engine::Redis {
            let error = told.await.unwrap_err();
            assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
            assert_eq!(taker.expects(&cluster.ids[0]).await, moving);
            eventually("it hears that all is well", async || {
                taker.view().await.is_ok.then_some(())
            })
            .await;
            taker.drop_keys(&moving).await;
            taker.order(&follow).await;
        }
        cluster.open(&moving, 0, 5).await;
        cluster.finish(&moving, 0, 5).await;
        cluster.wait_whole().await;
        assert_eq!(cluster.slots(5).await, moving);
        for node in [4, 5] {
            cluster.wait_keys(node, KEYS as u64).await;
        }
        let mut client = Client::new(&cluster);
        for key in &keys {
            assert_eq!(client.call::<String>(&["GET", key]).await, "value");
        }
    })
    .await;
}
