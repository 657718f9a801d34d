//! Clusters of simulated processes, by the rules that Redis and Valkey follow.
//!
//! A process with cluster mode enabled is a *member*: it has an id, and a view of its own of who is there and who owns which
//! slot. What it knows stands in `nodes.conf` on its volume, so it survives every end of the process, and is lost with the volume.
//! Gossip runs once after each change of the world, and before each look at a cluster: what one member does the others know a moment
//! later, as far as they reach each other, unless [`SimulatedWorld::stall_gossip`] keeps it from them. Only what a member is told they have not
//! heard yet when the next order is there. Of two claims to a slot that with the higher epoch wins, and whoever hears the other says so; who
//! loses a slot in this way loses its keys too.
//!
//! Members do not notice by themselves that another is silent, because there is no time here:
//! [`SimulatedWorld::elapse_node_timeout`] is that moment. Then those that most primaries miss are failed, and replicas of failed
//! primaries are elected. A key's place is the slot of its name; what replicas hold is `replication`'s business.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ContainerState;
use super::replication::{self, Following, Link};
use super::world::{Container, State};
use super::{Flags, SimulatedWorld, option};
use crate::resources::slots::{SlotSet, key_slot};

mod election;
mod gossip;
mod migration;
mod orders;

pub(crate) use migration::{Conflict, Migrated, MigrationStage, SlotJob, Taker};
pub(crate) use orders::{ClusterCommand, SlotMark, Takeover};

/// A key with this in its name is too large to move.
const LARGE: &str = "large";

/// What a member knows: its `nodes.conf`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Member {
    pub(super) id: String,
    /// The epoch of its claims.
    epoch: u64,
    /// The highest that it has heard of.
    current_epoch: u64,
    /// Whom it is a replica of.
    pub(super) primary_id: Option<String>,
    /// The others, by id.
    peers: BTreeMap<String, Peer>,
    /// Addresses of nodes that it was told to meet and has not met yet.
    meeting: BTreeSet<(String, u16)>,
    /// Nodes that it does not want to hear of from others until the next timeout.
    forgotten: BTreeSet<String>,
    /// Who owns which slots, itself included. Sets are disjoint, and none is empty.
    owned: BTreeMap<String, SlotSet>,
    /// Slots whose owner has not claimed them lately: anyone may.
    unclaimed: SlotSet,
    /// Slots on their way out, each with the node that it goes to.
    migrating: BTreeMap<u16, String>,
    /// Slots on their way in, each with the node that it comes from.
    importing: BTreeMap<u16, String>,
}

/// Another node, as a member knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Peer {
    host: String,
    port: u16,
    primary_id: Option<String>,
    epoch: u64,
    health: Health,
}

/// What one member thinks of another's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Health {
    #[default]
    Well,
    Suspected,
    Failed,
}

/// How a member sees one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeStanding {
    pub(crate) id: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) primary_id: Option<String>,
    pub(crate) health: Health,
    pub(crate) is_in_handshake: bool,
    pub(crate) epoch: u64,
    pub(crate) slots: SlotSet,
}

/// How a member sees its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterStanding {
    pub(crate) is_ok: bool,
    pub(crate) current_epoch: u64,
    pub(crate) myself: NodeStanding,
    pub(crate) others: Vec<NodeStanding>,
    pub(crate) migrating: BTreeMap<u16, String>,
    pub(crate) importing: BTreeMap<u16, String>,
}

/// Where a client finds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Here,
    Moved(String, u16),
    Ask(String, u16),
    Down,
}

impl Member {
    /// The member that a process with this command line is, on what its volume keeps; none with cluster mode disabled.
    pub(super) fn start(
        command: &[String],
        saved: Option<Member>,
        new_id: String,
    ) -> Option<Member> {
        let is_enabled = option(command, &["--cluster-enabled"]) == Some("yes");
        let new = || Member {
            id: new_id,
            ..Member::default()
        };
        is_enabled.then(|| saved.unwrap_or_else(new))
    }

    /// What a primary that starts does with keys of slots that are not its own, as far as it knows: those that are nobody's it takes. Of
    /// others Redis takes the key to be on its way to it, and keeps it; Valkey drops it.
    pub(super) fn look_through(&mut self, keys: &mut BTreeMap<String, String>, is_valkey: bool) {
        if self.primary_id.is_some() {
            return;
        }
        let (mut free, mut strays) = (SlotSet::EMPTY, BTreeSet::new());
        for key in keys.keys() {
            let slot = key_slot(key.as_bytes());
            match self.owner(slot).cloned() {
                _ if self.importing.contains_key(&slot) => {}
                None => free = free.union(&std::iter::once(slot).collect()),
                Some(owner) if owner == self.id => {}
                Some(_) if is_valkey => drop(strays.insert(slot)),
                Some(owner) => drop(self.importing.insert(slot, owner)),
            }
        }
        keys.retain(|key, _| !strays.contains(&key_slot(key.as_bytes())));
        let id = self.id.clone();
        self.assign(&free, Some(&id));
    }

    /// The primary that it follows, by the address that it knows; one that does not exist while it knows none.
    pub(super) fn following(&self, flags: &Flags) -> Option<Following> {
        let primary = self.peers.get(self.primary_id.as_ref()?);
        let (host, port) =
            primary.map_or((String::new(), 0), |peer| (peer.host.clone(), peer.port));
        Some(Following {
            host,
            port,
            credentials: flags.credentials.clone(),
        })
    }

    fn slots_of(&self, id: &str) -> SlotSet {
        self.owned.get(id).cloned().unwrap_or_default()
    }

    fn owned_in_all(&self) -> SlotSet {
        let empty = SlotSet::default();
        self.owned.values().fold(empty, |all, set| all.union(set))
    }

    fn owner(&self, slot: u16) -> Option<&String> {
        let owns = |(_, set): &(&String, &SlotSet)| set.contains(slot);
        self.owned.iter().find(owns).map(|(id, _)| id)
    }

    /// Lets `slots` have the owner `id`, or none.
    fn assign(&mut self, slots: &SlotSet, id: Option<&str>) {
        for set in self.owned.values_mut() {
            *set = set.difference(slots);
        }
        if let Some(id) = id {
            let had = self.slots_of(id);
            self.owned.insert(id.to_owned(), had.union(slots));
        }
        // What was not claimed by whoever had it is nothing to the next owner.
        self.unclaimed = self.unclaimed.difference(slots);
        self.owned.retain(|_, set| !set.is_empty());
    }

    fn knows(&self, id: &str) -> bool {
        self.id == id || self.peers.contains_key(id)
    }

    fn address(&self, id: &str) -> Option<(String, u16)> {
        self.peers
            .get(id)
            .map(|peer| (peer.host.clone(), peer.port))
    }

    /// The nodes that have a vote: those that own slots, itself included.
    fn voters(&self) -> BTreeSet<String> {
        self.owned.keys().cloned().collect()
    }

    /// Whether it serves: most voters are well as far as it knows, and no slot that it must have is without an owner.
    fn is_ok(&self, needs_all: bool) -> bool {
        let voters = self.voters();
        let is_well = |id: &&String| match self.peers.get(*id) {
            Some(peer) => peer.health == Health::Well,
            None => **id == self.id,
        };
        let well = voters.iter().filter(is_well).count();
        !voters.is_empty()
            && well > voters.len() / 2
            && (!needs_all || self.owned_in_all().is_complete())
    }

    fn raise_epoch(&mut self) {
        self.current_epoch += 1;
        self.epoch = self.current_epoch;
    }

    fn peer_standing(&self, id: &str, peer: &Peer) -> NodeStanding {
        NodeStanding {
            id: id.to_owned(),
            host: peer.host.clone(),
            port: peer.port,
            primary_id: peer.primary_id.clone(),
            health: peer.health,
            is_in_handshake: false,
            epoch: peer.epoch,
            slots: self.slots_of(id),
        }
    }
}

/// The address that a member tells the others.
fn announced(container: &Container) -> (String, u16) {
    let held = || container.networks_held().next().map(|(_, held)| held);
    let host = container.process.flags.announced_host.clone();
    let host = host.or_else(|| held().map(|held| held.to_string()));
    (
        host.unwrap_or_default(),
        container.process.flags.port.unwrap_or(0),
    )
}

/// Whether a process runs and answers.
fn is_awake(container: &Container) -> bool {
    container.state == ContainerState::Running && !container.process.hangs
}

/// Whether two processes answer and share a network.
fn reach_each_other(a: &Container, b: &Container) -> bool {
    let shared = |(network, _): (&str, _)| b.networks_held().any(|(other, _)| other == network);
    is_awake(a) && is_awake(b) && a.networks_held().any(shared)
}

impl State {
    /// Ids of members that nobody has yet.
    pub(super) fn new_member_id(&mut self) -> String {
        self.member_count += 1;
        // Spread, so that which id is the lower is no matter of who was first.
        let mixed = self.member_count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{mixed:016x}{:024x}", self.member_count)
    }

    fn member(&self, name: &str) -> Option<&Member> {
        self.containers.get(name)?.process.member.as_deref()
    }

    fn member_mut(&mut self, name: &str) -> Option<&mut Member> {
        self.containers.get_mut(name)?.process.member.as_deref_mut()
    }

    /// The containers with a member that answers.
    fn members_running(&self) -> Vec<String> {
        self.containers
            .iter()
            .filter(|(_, found)| is_awake(found) && found.process.member.is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The container of the member with this id, if it answers.
    fn container_of(&self, id: &str) -> Option<&Container> {
        self.containers.values().find(|found| {
            let member = found.process.member.as_ref();
            is_awake(found) && member.is_some_and(|member| member.id == id)
        })
    }

    /// Brings replication in line with what a member knows of its primary.
    fn realign(&mut self, name: &str) {
        let Some(container) = self.containers.get(name) else {
            return;
        };
        let process = &container.process;
        let Some(member) = &process.member else {
            return;
        };
        let following = member.following(&container.process.flags);
        if following == process.following {
            return;
        }
        let new_history = self.new_history();
        if let Some(container) = self.containers.get_mut(name) {
            match following {
                Some(primary) => container.process.follow(primary),
                None => container.process.promote(new_history),
            }
        }
    }

    /// How a member sees its cluster; none if there is no such member.
    fn cluster_standing(&self, name: &str) -> Option<ClusterStanding> {
        let container = self.containers.get(name)?;
        let member = self.member(name)?;
        let (host, port) = announced(container);
        let myself = NodeStanding {
            id: member.id.clone(),
            host,
            port,
            primary_id: member.primary_id.clone(),
            health: Health::Well,
            is_in_handshake: false,
            epoch: member.epoch,
            slots: member.slots_of(&member.id),
        };
        let met = |(host, port): &(String, u16)| NodeStanding {
            id: format!("handshake with {host}:{port}"),
            host: host.clone(),
            port: *port,
            primary_id: None,
            health: Health::Well,
            is_in_handshake: true,
            epoch: 0,
            slots: SlotSet::default(),
        };
        let peers = member.peers.iter();
        let known = peers.map(|(id, peer)| member.peer_standing(id, peer));
        let command = &container.spec.command;
        let needs_all = option(command, &["--cluster-require-full-coverage"]) == Some("yes");
        Some(ClusterStanding {
            is_ok: member.is_ok(needs_all),
            current_epoch: member.current_epoch,
            myself,
            others: known.chain(member.meeting.iter().map(met)).collect(),
            migrating: member.migrating.clone(),
            importing: member.importing.clone(),
        })
    }

    /// Where a member sends a client that asks for `key`; `asking` if another has sent it here for this once.
    fn route(&self, name: &str, key: &str, asking: bool) -> Option<Route> {
        let member = self.member(name)?;
        let slot = key_slot(key.as_bytes());
        let standing = self.cluster_standing(name)?;
        if !standing.is_ok {
            return Some(Route::Down);
        }
        let Some(owner) = member.owner(slot) else {
            return Some(Route::Down);
        };
        if *owner != member.id {
            if asking && member.importing.contains_key(&slot) {
                return Some(Route::Here);
            }
            let (host, port) = member.address(owner)?;
            return Some(Route::Moved(host, port));
        }
        let holds = self.containers[name].process.keys.contains_key(key);
        match member.migrating.get(&slot) {
            Some(taker) if !holds => {
                let (host, port) = member.address(taker)?;
                Some(Route::Ask(host, port))
            }
            _ => Some(Route::Here),
        }
    }

    /// How many keys of `slots` a process holds.
    fn keys_in(&self, name: &str, slots: &SlotSet) -> usize {
        let Some(container) = self.containers.get(name) else {
            return 0;
        };
        let keys = container.process.keys.keys();
        keys.filter(|key| slots.contains(key_slot(key.as_bytes())))
            .count()
    }

    /// Drops the keys of slots that a member has lost.
    fn drop_keys(&mut self, name: &str, slots: &SlotSet) {
        if let Some(container) = self.containers.get_mut(name) {
            let process = &mut container.process;
            let before = process.keys.len();
            let keys = &mut process.keys;
            keys.retain(|key, _| !slots.contains(key_slot(key.as_bytes())));
            if process.keys.len() < before {
                // Its replicas are told to drop them too.
                process.count_write(0);
            }
        }
    }
}

impl SimulatedWorld {
    /// Keeps a member from hearing of others and them from hearing of it, or lets them hear again. Clients, replication and
    /// orders are not touched by that.
    pub fn stall_gossip(&self, container: &str, stalled: bool) {
        self.change(|state| match stalled {
            true => state.gossip_stalled.insert(container.to_owned()),
            false => state.gossip_stalled.remove(container),
        });
    }

    /// Lets `cluster-node-timeout` pass: members suspect those that they do not reach, those that most primaries miss are failed, and
    /// replicas of failed primaries take over if most primaries vote for them.
    pub fn elapse_node_timeout(&self) {
        self.change(State::elapse_node_timeout);
    }

    /// How a member sees its cluster; none if there is no process or cluster mode is disabled. Whoever looks has let a moment
    /// pass.
    pub(crate) fn cluster_standing(&self, container: &str) -> Option<ClusterStanding> {
        self.change(|_| ());
        self.state().cluster_standing(container)
    }

    /// The slots that a running member believes that the member in another container owns, or it itself.
    pub fn slots_owned(&self, believer: &str, owner: &str) -> SlotSet {
        let state = self.state();
        let id = state.member(owner).map(|member| &member.id);
        let believer = state.member(believer);
        believer
            .zip(id)
            .map_or(SlotSet::EMPTY, |(member, id)| member.slots_of(id))
    }

    /// The containers that hold a key where it counts: as the primary of its slot, by its own view, or as one that has the slot on its
    /// way; or as a replica in touch with such a one.
    pub fn key_holders(&self, key: &str) -> Vec<String> {
        let state = self.state();
        let slot = key_slot(key.as_bytes());
        let serves = |name: &str| {
            state.member(name).is_some_and(|member| {
                let owns = member.owner(slot) == Some(&member.id);
                member.primary_id.is_none() && (owns || member.importing.contains_key(&slot))
            })
        };
        let counts = |name: &&String| {
            let found = &state.containers[*name];
            let has_it = found.process.keys.contains_key(key);
            has_it
                && found.networks_held().next().is_some()
                && match state.peer(found) {
                    _ if found.process.following.is_none() => serves(name),
                    replication::Peer::Primary(primary) => {
                        matches!(found.process.link, Link::Up { .. }) && serves(&primary)
                    }
                    replication::Peer::Silent | replication::Peer::Unwilling => false,
                }
        };
        let members = state.members_running();
        members.iter().filter(counts).cloned().collect()
    }

    /// Which of these slots have a key that is called large.
    pub(crate) fn large_slots(&self, container: &str, slots: &SlotSet) -> SlotSet {
        let state = self.state();
        let keys = state.containers[container].process.keys.keys();
        let large = keys.filter(|key| key.contains(LARGE));
        let found = large.map(|key| key_slot(key.as_bytes()));
        found.filter(|slot| slots.contains(*slot)).collect()
    }

    /// Whether a process has cluster mode enabled.
    pub(crate) fn is_member(&self, container: &str) -> bool {
        self.state().member(container).is_some()
    }

    /// Where a member sends a client that asks for `key`.
    pub(crate) fn route(&self, container: &str, key: &str, asking: bool) -> Option<Route> {
        self.state().route(container, key, asking)
    }
}

#[cfg(test)]
mod tests;
