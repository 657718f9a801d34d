//! Who is missed, and who takes over.

use std::collections::{BTreeMap, BTreeSet};

use super::super::world::State;
use super::{Health, Takeover, reach_each_other};

impl State {
    pub(super) fn elapse_node_timeout(&mut self) {
        self.expire_slot_jobs();
        self.suspect();
        // One turn for each replica that may be elected: those of one shard come one after the other.
        for name in self.members_running() {
            let is_orphan = |state: &State| {
                let member = state.member(&name)?;
                let primary = member.peers.get(member.primary_id.as_ref()?)?;
                Some(primary.health == Health::Failed)
            };
            if is_orphan(self) == Some(true) && self.is_best_replica(&name) {
                self.take_over(&name, Takeover::Force);
                // Who was elected is heard of before another stands.
                self.gossip();
            }
        }
    }

    /// Lets each member suspect those that it does not hear, and fail those that most voters do not hear.
    fn suspect(&mut self) {
        let names = self.members_running();
        let mut suspected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in &names {
            let Some(member) = self.member(name) else {
                continue;
            };
            let is_missed = |id: &&String| !self.is_heard(name, id);
            let missed: BTreeSet<String> = member.peers.keys().filter(is_missed).cloned().collect();
            suspected.insert(member.id.clone(), missed.clone());
            if let Some(member) = self.member_mut(name) {
                member.forgotten.clear();
                for (id, peer) in &mut member.peers {
                    if missed.contains(id) && peer.health == Health::Well {
                        peer.health = Health::Suspected;
                    }
                }
            }
        }
        for name in &names {
            let Some(member) = self.member(name) else {
                continue;
            };
            let voters = member.voters();
            let is_failed = |id: &&String| {
                let accuses = |voter: &&String| {
                    let is_heard = **voter == member.id || self.is_heard(name, voter);
                    is_heard && suspected.get(*voter).is_some_and(|all| all.contains(*id))
                };
                voters.iter().filter(accuses).count() > voters.len() / 2
            };
            let failed: Vec<String> = member.peers.keys().filter(is_failed).cloned().collect();
            if let Some(member) = self.member_mut(name) {
                for id in failed {
                    if let Some(peer) = member.peers.get_mut(&id) {
                        peer.health = Health::Failed;
                    }
                }
            }
        }
    }

    /// Whether a member reaches the one with this id.
    fn is_heard(&self, name: &str, id: &str) -> bool {
        let Some(other) = self.container_of(id) else {
            return false;
        };
        let is_stalled = |name: &str| self.gossip_stalled.contains(name);
        !is_stalled(name)
            && !is_stalled(&other.spec.name)
            && reach_each_other(&self.containers[name], other)
    }

    /// Whether no running replica of the same primary holds more than this one.
    fn is_best_replica(&self, name: &str) -> bool {
        let rank = |name: &str| self.containers[name].process.offset;
        let shard = |name: &str| self.member(name).and_then(|found| found.primary_id.clone());
        let others = self.members_running();
        others
            .iter()
            .filter(|other| shard(other) == shard(name))
            .all(|other| rank(other) <= rank(name))
    }

    /// Makes a replica the owner of its primary's slots, if it gets what that takes; else nothing happens.
    pub(super) fn take_over(&mut self, name: &str, kind: Takeover) {
        let Some(member) = self.member(name) else {
            return;
        };
        let Some(primary_id) = member.primary_id.clone() else {
            return;
        };
        let voters = member.voters();
        let gives_vote = |id: &&String| {
            let knows = self.container_of(id).and_then(|voter| {
                let voter = voter.process.member.as_deref()?;
                Some(voter.knows(&member.id) && voter.primary_id.is_none())
            });
            self.is_heard(name, id) && knows == Some(true)
        };
        let votes = voters.iter().filter(gives_vote).count();
        // Redis holds no vote about a primary without slots.
        let is_voted_on = self.containers[name].spec.image.contains("valkey")
            || !member.slots_of(&primary_id).is_empty();
        let is_elected = is_voted_on && votes > voters.len() / 2;
        let may = match kind {
            Takeover::Coordinated => is_elected && self.has_all_of(name, &primary_id),
            Takeover::Force => is_elected,
            Takeover::Unasked => true,
        };
        if !may {
            return;
        }
        if let Some(member) = self.member_mut(name) {
            let slots = member.slots_of(&primary_id);
            member.primary_id = None;
            member.raise_epoch();
            let id = member.id.clone();
            member.assign(&slots, Some(&id));
        }
        self.realign(name);
    }

    /// Whether a replica is in sync with its primary, which answers.
    fn has_all_of(&self, name: &str, primary_id: &str) -> bool {
        let Some(primary) = self.container_of(primary_id) else {
            return false;
        };
        let replica = &self.containers[name].process;
        self.is_heard(name, primary_id) && replica.is_level_with(&primary.process)
    }
}
