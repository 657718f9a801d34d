//! What nodes of a cluster say of it, and what they can be told.
//!
//! A cluster is what its nodes believe. Each has a view of its own, which the others' gossip brings up to date; of two claims
//! to a slot the one with the higher epoch wins in the end. An order changes the view of the node that gets it, at once, and
//! nobody else's.

use std::time::Duration;

use super::{NodeReport, PrimaryAddress, Role};
use crate::resources::slots::SlotSet;

/// A node's view of its cluster, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterView {
    /// What any node says of itself.
    pub report: NodeReport,
    /// Whether it serves: every slot that it must have is served by someone (`cluster-require-full-coverage`), and it is in
    /// touch with most primaries.
    pub is_ok: bool,
    /// How many slots have an owner.
    pub slots_assigned: u16,
    /// How many of these have one that is well.
    pub slots_ok: u16,
    /// How many have one that this node does not hear.
    pub slots_suspected: u16,
    /// How many have one that most primaries do not hear.
    pub slots_failed: u16,
    /// How many nodes it knows, itself included.
    pub known_nodes: u32,
    /// The highest epoch that it has heard of.
    pub current_epoch: u64,
    /// The epoch of its own claims, or of its primary's.
    pub own_epoch: u64,
    /// Itself.
    pub myself: ClusterNode,
    /// The others that it knows, in the order in which it names them.
    pub others: Vec<ClusterNode>,
    /// Slots of its own that are leaving it or coming to it. Others do not hear of them.
    pub open_slots: Vec<OpenSlot>,
}

impl ClusterView {
    /// All nodes, itself first.
    pub fn nodes(&self) -> impl Iterator<Item = &ClusterNode> {
        std::iter::once(&self.myself).chain(&self.others)
    }

    /// The node with this id.
    pub fn node(&self, node_id: &str) -> Option<&ClusterNode> {
        self.nodes().find(|node| node.node_id == node_id)
    }

    /// The node at this address, as the nodes reach each other.
    pub fn node_at(&self, host: &str, port: u16) -> Option<&ClusterNode> {
        self.nodes()
            .find(|node| (node.host.as_str(), node.port) == (host, port))
    }

    /// Who owns `slot`.
    pub fn owner(&self, slot: u16) -> Option<&ClusterNode> {
        self.nodes().find(|node| node.slots.contains(slot))
    }

    /// The slots that are open in `state`.
    pub fn open(&self, state: &SlotState) -> SlotSet {
        let open = self.open_slots.iter();
        open.filter(|open| open.state == *state)
            .map(|open| open.slot)
            .collect()
    }
}

/// A node as another one, or itself, knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNode {
    /// Its name in the cluster: 40 hexadecimal digits. While `is_in_handshake`, one that it is going to lose.
    pub node_id: String,
    /// Its address, as the others reach it. Empty where it is not known: a node does not know its own before it has met
    /// another, unless it was told.
    pub host: String,
    /// Its TCP port for clients.
    pub port: u16,
    /// Its TCP port for other nodes.
    pub bus_port: u16,
    /// The host name that clients are told in place of its address, if it has one (7.0 on).
    pub hostname: Option<String>,
    /// Its part in replication, once that is known.
    pub role: Role,
    /// The node that it is a replica of.
    pub primary_id: Option<String>,
    /// Whether it is heard.
    pub health: NodeHealth,
    /// Whether it was met and has not said yet who it is.
    pub is_in_handshake: bool,
    /// The epoch of its claims, or of its primary's.
    pub config_epoch: u64,
    /// Whether there is a connection to it; the node itself always has one.
    pub is_connected: bool,
    /// The slots that it owns; a replica owns none.
    pub slots: SlotSet,
}

/// What one node thinks of another's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeHealth {
    /// It is heard.
    #[default]
    Well,
    /// This node has not heard it for `cluster-node-timeout`.
    Suspected,
    /// Most primaries have not.
    Failed,
}

/// A slot on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSlot {
    /// The slot.
    pub slot: u16,
    /// `Importing` or `Migrating`.
    pub state: SlotState,
}

/// What a node can be told about a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotState {
    /// It takes requests for keys of this slot from clients that the owner, which has this id, has sent over.
    Importing(String),
    /// It owns the slot and sends clients on to the node with this id for keys that it does not hold.
    Migrating(String),
    /// The node with this id owns it. One that gets a slot in this way, and was importing it, claims it with a new epoch; one that
    /// is migrating it refuses while it holds keys of it.
    Owned(String),
    /// It is not on its way.
    Stable,
}

/// What a node can be told about its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterOrder {
    /// The epoch of its claims; only for a node that has none yet and knows no other.
    SetConfigEpoch(u64),
    /// A new epoch for its claims, higher than any that it knows, without asking anyone. Nothing if it has the highest already.
    BumpEpoch,
    /// To get to know the node at this address, and through it all others; that takes them a while.
    Meet {
        /// An address, not a name.
        host: String,
        /// TCP port for clients.
        port: u16,
        /// TCP port for other nodes.
        bus_port: u16,
    },
    /// Slots to own. All or none: refused if any has an owner in its view.
    AddSlots(SlotSet),
    /// Slots that have no owner in its view. All or none: refused if any has none already.
    DelSlots(SlotSet),
    /// How it is with each of these slots; where it is refused, some are so and others are not.
    SetSlots(SlotSet, SlotState),
    /// To drop what it holds of slots that are not its own, and that are open for it to take. Where there is more than is soon done, some is
    /// left, and the orders behind this one are not given.
    DropKeys(SlotSet),
    /// To be a replica of the node with this id, which it must know. One that owns slots or holds keys refuses; a replica of
    /// another may hold what it holds.
    Replicate(String),
    /// Not to know the node with this id, also if others gossip of it in the next minute. Nothing if it does not know it.
    Forget(String),
    /// To forget the cluster. A primary that holds keys refuses; a replica drops its keys and becomes a primary.
    Reset(ResetKind),
    /// To take over from its primary. It answers at once, and tries then.
    Failover(FailoverKind),
}

/// How much a node forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetKind {
    /// It keeps its id and its epochs.
    Soft,
    /// It gets another id, and begins with epoch 0.
    Hard,
}

/// How a replica takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailoverKind {
    /// Its primary holds clients back until the replica has all that it has. Nothing is lost. Some lines refuse when the primary is
    /// down, others try for some seconds, in vain.
    Coordinated,
    /// Without a word to its primary, but with the votes of most primaries. Writes that it does not have are lost.
    Force,
    /// Without anyone's vote: it claims the slots with a new epoch. Two that do so at once may claim the same epoch, and
    /// settle that by their ids.
    Takeover,
}

/// From whom to whom slots are handed over.
#[derive(Debug, Clone)]
pub struct HandOver<'a> {
    /// Id of the node that gives.
    pub giver_id: &'a str,
    /// Id of the node that takes.
    pub taker_id: &'a str,
    /// How the giver reaches the taker.
    pub taker: &'a PrimaryAddress,
}

/// What came of handing slots over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HandedOver {
    /// Those that are the taker's now.
    pub slots: SlotSet,
    /// Those that are small enough, and for which there was no time.
    pub untried: SlotSet,
}

/// What bounds one call of [`super::Engine::migrate_keys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationLimits {
    /// Most keys to move; a batch that has begun may bring a few more.
    pub keys: u64,
    /// When this has passed no further batch begins.
    pub time: Duration,
    /// How long the node that gives may wait for the one that takes, with nobody served meanwhile. It should be well below
    /// `cluster-node-timeout`, except that the largest key must make it. With keys that are not large it waits two seconds at most.
    pub stall: Duration,
    /// Larger keys, by the memory that they take, stay where they are.
    pub key_bytes: u64,
}

impl Default for MigrationLimits {
    /// Some seconds' worth. Keys of more than 256 MB stay, as on AWS (behaviour.md section 13).
    fn default() -> Self {
        Self {
            keys: 100_000,
            time: Duration::from_secs(2),
            stall: Duration::from_secs(10),
            key_bytes: 256 * 1024 * 1024,
        }
    }
}

/// Whose value counts when both nodes hold a key of a slot on its way. Between two nodes that live through all of it that
/// happens only when the giver does not hear that a key has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyConflict {
    /// The giver's. Right while it has been in one run since the slot was opened: it has served every key that it holds, so
    /// the other's copy is an older one that nobody was ever sent to.
    GiverWins,
    /// The taker's. Right when the giver's data are not those that it had: restored by a restart, or a replica's that was
    /// promoted. It may hold again what had moved long ago and was written since.
    TakerWins,
    /// Neither is known to be; nothing is overwritten.
    Refuse,
}

/// What came of moving keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moved {
    /// How many were moved by this call. Keys that expired on the way count too.
    pub keys: u64,
    /// How many keys of these slots the giver still holds.
    pub remaining: u64,
    /// The slots that they are in.
    pub left: SlotSet,
    /// How many of these are too large to move. 0 unless this call came upon all that there are.
    pub too_large: u64,
}

/// What came of [`super::Engine::measure_slots`]. A slot that is in neither was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeasuredSlots {
    /// No key of these is too large to move, as far as was looked.
    pub movable: SlotSet,
    /// Each of these has one that is.
    pub too_large: SlotSet,
}

/// A move of slots that the nodes make by themselves, all slots of it at one moment (Valkey 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotMigration {
    /// The engine's name for it, the same on both nodes.
    pub name: String,
    /// Whether the node that was asked takes the slots; else it gives them.
    pub is_import: bool,
    /// The slots.
    pub slots: SlotSet,
    /// Id of the node that gives.
    pub source_id: String,
    /// Id of the node that takes.
    pub target_id: String,
    /// How far it is.
    pub state: MigrationState,
    /// The engine's own word for that, and what it says about it.
    pub message: String,
}

/// How far a [`SlotMigration`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// Under way; the giver serves.
    Running,
    /// Done; the taker serves.
    Succeeded,
    /// Given up; the giver serves as if nothing had been.
    Failed,
    /// Given up because someone wished it.
    Cancelled,
}
