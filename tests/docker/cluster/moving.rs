//! How slots move in these tests: key by key, on two nodes of a cluster.

use cacheplane::engine::cluster::{ClusterOrder, KeyConflict, MigrationLimits, Moved, SlotState};
use cacheplane::engine::{Engine as _, EngineError, NetworkEngine};
use cacheplane::resources::slots::{SlotSet, key_slot};

use super::nodes::Cluster;
use crate::fixture::{DEADLINE, eventually};

/// The slot of a key.
pub(crate) fn slot(key: &str) -> SlotSet {
    std::iter::once(key_slot(key.as_bytes())).collect()
}

impl Cluster {
    /// Names in braces, each of another slot that the first node owns.
    pub(crate) async fn tags(&self, count: usize) -> Vec<String> {
        let owned = self.slots(0).await;
        let mut seen = SlotSet::EMPTY;
        let tags = (0..).map(|number| format!("{{tag {number}}}"));
        let mut is_new = |tag: &String| {
            let slot = slot(tag);
            let is_new = seen.intersection(&slot).is_empty();
            seen = seen.union(&slot);
            is_new && owned.intersection(&slot) == slot
        };
        tags.filter(|tag| is_new(tag)).take(count).collect()
    }

    /// Keys of each of these tags, at the first node.
    pub(crate) async fn fill(&self, tags: &[String], count: usize) -> Vec<Vec<String>> {
        let keys = |tag| (0..count).map(move |key| format!("{tag} {key}")).collect();
        let keys: Vec<Vec<String>> = tags.iter().map(keys).collect();
        for keys in &keys {
            let mut make = vec!["MSET"];
            make.extend(keys.iter().flat_map(|key| [key.as_str(), "value"]));
            self.nodes[0].tell::<()>(&make).await;
        }
        keys
    }

    /// Opens slots on both sides: first where they shall be taken, so that nobody is sent to one who would send him back.
    pub(crate) async fn open(&self, slots: &SlotSet, from: usize, to: usize) {
        let importing = SlotState::Importing(self.ids[from].clone());
        let migrating = SlotState::Migrating(self.ids[to].clone());
        self.nodes[to]
            .order(&[ClusterOrder::SetSlots(slots.clone(), importing)])
            .await;
        self.nodes[from]
            .order(&[ClusterOrder::SetSlots(slots.clone(), migrating)])
            .await;
    }

    /// Moves the keys of slots that are open.
    pub(crate) async fn migrate(
        &self,
        slots: &SlotSet,
        (from, to): (usize, usize),
        conflict: KeyConflict,
        limits: &MigrationLimits,
    ) -> Result<Moved, EngineError> {
        let (giver, taker) = (&self.nodes[from].endpoint, self.nodes[to].taker());
        NetworkEngine
            .migrate_keys(giver, slots, &taker, conflict, limits, DEADLINE)
            .await
    }

    /// Gives slots of which nothing is left at `from` to their new owner, who claims them before the old one lets go.
    pub(crate) async fn close(&self, slots: &SlotSet, from: usize, to: usize) {
        let owned = ClusterOrder::SetSlots(slots.clone(), SlotState::Owned(self.ids[to].clone()));
        for node in [to, from] {
            self.nodes[node].order(std::slice::from_ref(&owned)).await;
        }
    }

    /// Moves the keys of what is open until none is left, and closes it. Returns how many keys there were.
    pub(crate) async fn finish(&self, slots: &SlotSet, from: usize, to: usize) -> u64 {
        let mut keys = 0;
        let mut remaining = 1;
        while remaining > 0 {
            let (conflict, limits) = (KeyConflict::GiverWins, MigrationLimits::default());
            let moved = self.migrate(slots, (from, to), conflict, &limits);
            let moved = moved.await.unwrap();
            keys += moved.keys;
            remaining = moved.remaining;
        }
        self.close(slots, from, to).await;
        keys
    }

    /// Waits until a node holds so many keys.
    pub(crate) async fn wait_keys(&self, node: usize, count: u64) {
        let node = &self.nodes[node];
        let what = format!("{count} keys at {}", node.address);
        eventually(&what, async || {
            let held: u64 = node.tell(&["DBSIZE"]).await;
            (held == count).then_some(())
        })
        .await;
    }
}
