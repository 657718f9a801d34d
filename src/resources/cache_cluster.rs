//! The cache cluster: what was wished, what was last seen, and nothing that follows from these.

mod parameters;

use std::net::Ipv4Addr;

pub use parameters::{AppliedParameters, ClusterParameters, StartParameters};

use super::cache_parameter_group::DEFAULT_PREFIX;
use super::engine::{Engine, EngineVersion};
use super::log_delivery::LogDelivery;
use super::node_group::NodeGroupId;
use super::node_type::NodeType;
use super::pending::Pending;
use super::scope::Scope;
use super::snapshot::Restore;
use super::timestamp::Timestamp;
use super::transit_encryption::TransitEncryptionMode;
use super::window::{MaintenanceWindow, SnapshotWindow};

/// Most nodes of a Memcached cache cluster (CreateCacheCluster, API reference; the quota page says 60).
pub const MEMCACHED_NODES_MAX: u32 = 40;

/// Whether the nodes of a Memcached cache cluster lie in one zone or in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AzMode {
    /// All in one zone.
    SingleAz,
    /// Spread over zones.
    CrossAz,
}

/// The topic that is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The topic's ARN, as given.
    pub topic_arn: String,
    /// Whether messages are sent.
    pub active: bool,
}

/// A cache cluster as it was wished for. Built by `operations::cache_cluster::spec`; valid once it exists.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheClusterSpec {
    /// Lower case.
    pub cache_cluster_id: String,
    /// Engine and version.
    pub engine_version: &'static EngineVersion,
    /// Node type.
    pub node_type: &'static NodeType,
    /// The port of every node and of the configuration endpoint.
    pub port: u16,
    /// One zone or several.
    pub az_mode: AzMode,
    /// Cache parameter group.
    pub parameter_group_name: String,
    /// Cache subnet group.
    pub subnet_group_name: String,
    /// Kept and described.
    pub security_group_ids: Vec<String>,
    /// When changes that wait are made.
    pub maintenance_window: MaintenanceWindow,
    /// When snapshots are taken; Memcached has none.
    pub snapshot_window: Option<SnapshotWindow>,
    /// How long automatic snapshots are kept, in days; 0 takes none.
    pub snapshot_retention_days: u32,
    /// Who is told of events.
    pub notification: Option<Notification>,
    /// Whether minor versions are taken without asking.
    pub auto_minor_version_upgrade: bool,
    /// Whether its nodes start with nobody let in but us; members of replication groups with users only.
    pub guarded: bool,
    /// Whether its nodes have a front that takes tokens of IAM for passwords; members of replication groups with such users only.
    pub iam: bool,
    /// Encryption in transit, where it is on.
    pub transit_encryption: Option<TransitEncryptionMode>,
}

impl CacheClusterSpec {
    /// The engine.
    pub fn engine(&self) -> Engine {
        self.engine_version.engine
    }

    /// Whether clients find the nodes through a configuration endpoint.
    pub fn has_configuration_endpoint(&self) -> bool {
        self.engine() == Engine::Memcached
    }
}

/// Whether a node is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeWish {
    /// It shall run.
    Present,
    /// It shall go.
    Removed,
}

/// What is known of a node's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// Certainly nothing there.
    Absent,
    /// We may have touched it since we last looked.
    Unknown,
    /// Running and answering when we last looked.
    Known(NodeObserved),
}

/// A node as it was last seen, running and answering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeObserved {
    /// The generation that its container was made from.
    pub generation: u64,
    /// The container runtime's own word for when it was last started; another word means another run.
    pub started_at: String,
    /// When we looked.
    pub seen_at: Timestamp,
}

/// A reboot under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reboot {
    /// The run that shall end, once chosen; the reboot is over when the node answers in another.
    pub from_started_at: Option<String>,
}

/// A cache node: one container.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheNode {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Four digits.
    pub cache_node_id: String,
    /// Availability zone.
    pub zone: String,
    /// Whether it is wanted.
    pub wish: NodeWish,
    /// Counts the containers that it shall have had; another engine version or node type makes another.
    pub generation: u64,
    /// Its address on the node network, once chosen.
    pub address: Option<Ipv4Addr>,
    /// Its port on the host, in published mode, once chosen; the engine listens on the same inside.
    pub published_port: Option<u16>,
    /// Whether the configuration endpoint tells clients of it.
    pub listed: bool,
    /// When it first answered; the create time that clients see.
    pub ready_at: Option<Timestamp>,
    /// A reboot that is not over yet.
    pub reboot: Option<Reboot>,
    /// Whether its loss has been told of and its return has not.
    pub recovering: bool,
    /// Whether it is then made anew only while the primary of its node group is known to run.
    pub awaits_primary: bool,
    /// Since when it runs and does not answer; members of replication groups only.
    pub silent_since: Option<Timestamp>,
    /// The last look.
    pub observation: Observation,
    /// Whether what it keeps goes before its next container is made: a later engine version may have written it.
    pub discards_data: bool,
    /// The image that it shall run, from a service update; none leaves it to the engine version.
    pub image: Option<String>,
    /// What its container is made with, once chosen.
    pub start: Option<StartParameters>,
    /// What was last set on a process of it.
    pub applied: Option<AppliedParameters>,
}

impl CacheNode {
    /// A node that is wished for and not there yet.
    pub fn wished(cache_node_id: String, zone: String) -> Self {
        Self {
            key: 0,
            cache_node_id,
            zone,
            wish: NodeWish::Present,
            generation: 1,
            address: None,
            published_port: None,
            listed: false,
            ready_at: None,
            reboot: None,
            recovering: false,
            awaits_primary: false,
            silent_since: None,
            observation: Observation::Absent,
            discards_data: false,
            image: None,
            start: None,
            applied: None,
        }
    }

    /// The port that its engine listens on.
    pub fn engine_port(&self, spec: &CacheClusterSpec) -> u16 {
        self.published_port.unwrap_or(spec.port)
    }

    /// Whether it is wanted.
    pub fn is_wished(&self) -> bool {
        self.wish == NodeWish::Present
    }
}

/// Where auto discovery is answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigurationEndpoint {
    /// Its address on the endpoint network, once chosen; none in published mode.
    pub address: Option<Ipv4Addr>,
    /// Its port on the host, in published mode, once chosen.
    pub published_port: Option<u16>,
    /// Counts the changes of the node list; 0 before the first list.
    pub config_version: u32,
    /// The list that the router was last seen to answer with.
    pub served_version: u32,
}

impl ConfigurationEndpoint {
    /// Whether clients can be told of it.
    pub fn is_allocated(&self) -> bool {
        self.address.is_some() || self.published_port.is_some()
    }
}

/// Why a cache cluster could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which status it shows.
    pub kind: FailureKind,
    /// What went wrong and what to do, for the event.
    pub reason: String,
}

/// The status that a failure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// No free address or port: `incompatible-network`.
    Network,
    /// What it was to begin with cannot be used: `restore-failed`.
    Restore,
    /// Anything else: `failed`.
    Other,
}

/// A change under way; told of when it is done, undone if it cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another engine version: from, to.
    EngineVersion(String, String),
    /// Another node type: from, to.
    NodeType(String, String),
    /// Another number of nodes: from, to.
    NodeCount(u32, u32),
    /// Another parameter group, which comes with an engine version of another family, unless both are built in: from, to.
    ParameterGroup(String, String),
}

impl Change {
    /// What is told when it is undone, and why; none where another change tells of it.
    pub fn failure(&self, reason: &str) -> Option<String> {
        match self {
            Self::EngineVersion(_, to) => Some(format!(
                "Failed to upgrade the engine to version {to}. {reason}"
            )),
            Self::NodeType(_, to) => Some(format!(
                "Failed applying modification to cache node type to {to}. {reason}"
            )),
            Self::NodeCount(from, to) => Some(format!(
                "Failed to modify number of nodes from {from} to {to} due to insufficient free IP addresses. {reason}"
            )),
            // It goes back with the engine version that it came with.
            Self::ParameterGroup(..) => None,
        }
    }
}

/// A member's part in its replication group.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// The group's key.
    pub group_key: i64,
    /// The group's id.
    pub replication_group_id: String,
    /// What the group says of encryption at rest.
    pub at_rest_encryption: bool,
    /// When its AUTH tokens last changed, where it has any.
    pub auth_token_changed_at: Option<Timestamp>,
    /// The addresses of its endpoints, once chosen; none in published mode.
    pub endpoint_addresses: Vec<Ipv4Addr>,
    /// The engine version that waits for the group's maintenance window.
    pub pending_engine_version: Option<&'static EngineVersion>,
    /// The node type that waits for it.
    pub pending_node_type: Option<&'static NodeType>,
    /// When it was last seen to do its part.
    pub joined: Option<Joined>,
    /// Its node group, with cluster mode enabled.
    pub node_group: Option<NodeGroupId>,
    /// Whether another member is on record as that one's primary, and is not known to run.
    pub lacks_primary: bool,
    /// Whether its group has let it go: with cluster mode enabled no node is removed while it may hold a slot.
    pub is_dismissed: bool,
    /// The users that its node was last given.
    pub access: Option<AppliedAccess>,
}

/// The run of a member's node in which it was given users, and the count of the wish that these were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedAccess {
    /// The run.
    pub started_at: String,
    /// The count.
    pub generation: u64,
}

/// The run of a member's node, and the choice of a primary, in which it was seen to do its part: to serve as that primary, or to follow
/// it with all its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The run; empty once it was seen to have lost touch.
    pub started_at: String,
    /// The number of the choice.
    pub epoch: u64,
}

/// A snapshot under way, as its source sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshotting {
    /// The source goes on afterwards.
    Passing,
    /// The source is deleted afterwards.
    Final,
}

/// A cache cluster: the wish, its count, and the last look.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheCluster {
    /// The record's key.
    pub key: i64,
    /// Whose it is.
    pub scope: Scope,
    /// The wish.
    pub spec: CacheClusterSpec,
    /// Wishes that wait for the maintenance window.
    pub pending: Pending,
    /// Counts the writes of the wish; a writer names the one that it read.
    pub revision: i64,
    /// Counts the wishes that the world must follow.
    pub generation: u64,
    /// The wish that the world was last seen to fulfil.
    pub observed_generation: u64,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it was first fulfilled; the create time that clients see.
    pub available_at: Option<Timestamp>,
    /// When its deletion was asked for.
    pub deletion_requested_at: Option<Timestamp>,
    /// Set when its creation was given up.
    pub failure: Option<Failure>,
    /// What keeps the reconciler from going on, if anything does.
    pub blocked_by: Option<String>,
    /// Changes under way.
    pub changes: Vec<Change>,
    /// Where auto discovery is answered; Memcached only.
    pub configuration_endpoint: ConfigurationEndpoint,
    /// The replication group that it is a member of.
    pub membership: Option<Membership>,
    /// What its parameter group says.
    pub parameters: ClusterParameters,
    /// What it begins with, if it was made from a snapshot.
    pub restore: Option<Restore>,
    /// A snapshot of it under way.
    pub snapshotting: Option<Snapshotting>,
    /// Where its logs go; of a member those of its group.
    pub log_deliveries: Vec<LogDelivery>,
    /// In the order of their ids.
    pub nodes: Vec<CacheNode>,
}

impl CacheCluster {
    /// A cache cluster that is wished for and not there yet, with a node in each of `zones`.
    pub fn wished(scope: Scope, spec: CacheClusterSpec, zones: &[String], now: Timestamp) -> Self {
        let nodes = (1..).zip(zones).map(|(number, zone)| {
            CacheNode::wished(super::id::cache_node_id(number), zone.clone())
        });
        Self {
            key: 0,
            scope,
            spec,
            pending: Pending::default(),
            revision: 0,
            generation: 1,
            observed_generation: 0,
            requested_at: now,
            available_at: None,
            deletion_requested_at: None,
            failure: None,
            blocked_by: None,
            changes: Vec::new(),
            configuration_endpoint: ConfigurationEndpoint::default(),
            membership: None,
            parameters: ClusterParameters::default(),
            restore: None,
            snapshotting: None,
            log_deliveries: Vec::new(),
            nodes: nodes.collect(),
        }
    }

    /// The run that its first node is known to be in.
    pub fn known_run(&self) -> Option<&str> {
        match &self.nodes.first()?.observation {
            Observation::Known(seen) => Some(&seen.started_at),
            Observation::Unknown | Observation::Absent => None,
        }
    }

    /// Whether a change of it does not come to its end: why it does not is on record.
    pub fn is_held_up(&self) -> bool {
        self.blocked_by.is_some()
            && self.available_at.is_some()
            && self.deletion_requested_at.is_none()
            && self.generation != self.observed_generation
    }

    /// Whether its first node is known to be in this run.
    pub fn is_in_run(&self, started_at: &str) -> bool {
        self.known_run() == Some(started_at)
    }

    /// The nodes that are wanted, in the order of their ids.
    pub fn wished_nodes(&self) -> impl Iterator<Item = &CacheNode> {
        self.nodes.iter().filter(|node| node.is_wished())
    }

    /// How many nodes are wanted.
    pub fn wished_node_count(&self) -> u32 {
        u32::try_from(self.wished_nodes().count()).unwrap_or(u32::MAX)
    }

    /// The next wish: raises the generation.
    pub fn raise_generation(&mut self) {
        self.generation += 1;
    }

    /// Takes another engine version, and where that is of another family `group`, or the built-in one of that family. That one built-in
    /// group takes the place of another goes without saying.
    pub fn take_engine_version(&mut self, wanted: &'static EngineVersion, group: Option<String>) {
        let from = std::mem::replace(&mut self.spec.engine_version, wanted);
        for node in &mut self.nodes {
            node.image = None;
        }
        self.changes.push(Change::EngineVersion(
            from.version.to_owned(),
            wanted.version.to_owned(),
        ));
        if wanted.family == from.family {
            return;
        }
        let old_group = self.spec.parameter_group_name.clone();
        self.take_default_group();
        if let Some(group) = group {
            self.spec.parameter_group_name = group;
        }
        let is_told = [&old_group, &self.spec.parameter_group_name]
            .iter()
            .any(|name| !name.starts_with(DEFAULT_PREFIX));
        if is_told {
            let group = self.spec.parameter_group_name.clone();
            self.changes.push(Change::ParameterGroup(old_group, group));
        }
    }

    fn take_default_group(&mut self) {
        if let Some(group) = super::parameter::default_group(self.spec.engine_version.family, false)
        {
            self.spec.parameter_group_name = group.name.to_owned();
        }
    }

    /// Every wanted node needs another container: its engine version or node type has changed.
    pub fn replace_nodes(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.is_wished()) {
            node.generation += 1;
        }
        self.raise_generation();
    }

    /// The lowest free node ids, `count` of them: those that the next new nodes get.
    pub fn free_node_ids(&self, count: usize) -> Vec<String> {
        (1..)
            .map(super::id::cache_node_id)
            .filter(|id| self.nodes.iter().all(|node| node.cache_node_id != *id))
            .take(count)
            .collect()
    }

    /// Wishes for nodes in `zones`, with the lowest free ids.
    pub fn add_nodes(&mut self, zones: &[String]) {
        let from = self.wished_node_count();
        let image = self.nodes.first().and_then(|node| node.image.clone());
        for (id, zone) in self.free_node_ids(zones.len()).into_iter().zip(zones) {
            let mut node = CacheNode::wished(id, zone.clone());
            node.image.clone_from(&image);
            self.nodes.push(node);
        }
        self.nodes
            .sort_by(|a, b| a.cache_node_id.cmp(&b.cache_node_id));
        self.changes
            .push(Change::NodeCount(from, self.wished_node_count()));
        self.raise_generation();
    }

    /// Wishes the nodes named in `ids` away.
    pub fn remove_nodes(&mut self, ids: &[String]) {
        let from = self.wished_node_count();
        for node in self
            .nodes
            .iter_mut()
            .filter(|node| ids.contains(&node.cache_node_id))
        {
            node.wish = NodeWish::Removed;
        }
        self.changes
            .push(Change::NodeCount(from, self.wished_node_count()));
        self.raise_generation();
    }

    /// Takes back the changes under way that cannot be made, and returns them: the old engine version and node type, and no
    /// new nodes that clients have not been told of. A removal can be made, and stays.
    pub fn undo_changes(&mut self) -> Vec<Change> {
        let (adds, rest): (Vec<Change>, Vec<Change>) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| matches!(change, Change::NodeCount(from, to) if to > from));
        let (kept, mut undone): (Vec<Change>, Vec<Change>) = rest
            .into_iter()
            .partition(|change| matches!(change, Change::NodeCount(..)));
        self.changes = kept;
        for change in &undone {
            self.undo_spec(change);
        }
        if !undone.is_empty() {
            self.undo_replacement();
        }
        let new_nodes: Vec<&mut CacheNode> = self
            .nodes
            .iter_mut()
            .filter(|node| node.is_wished() && !node.listed && !adds.is_empty())
            .collect();
        if new_nodes.is_empty() {
            self.changes.extend(adds);
        } else {
            undone.extend(adds);
        }
        for node in new_nodes {
            node.wish = NodeWish::Removed;
        }
        self.raise_generation();
        undone
    }

    fn undo_spec(&mut self, change: &Change) {
        match change {
            Change::EngineVersion(from, _) => {
                for node in &mut self.nodes {
                    node.image = None;
                }
                if let Some(version) = super::engine::find(self.spec.engine(), from) {
                    let new = std::mem::replace(&mut self.spec.engine_version, version);
                    if version.family != new.family {
                        self.take_default_group();
                    }
                }
            }
            Change::NodeType(from, _) => {
                if let Some(node_type) = super::node_type::find(from) {
                    self.spec.node_type = node_type;
                }
            }
            Change::ParameterGroup(from, _) => self.spec.parameter_group_name.clone_from(from),
            Change::NodeCount(..) => {}
        }
    }

    /// A node that surely is what it was before the change fulfils the old wish. One that has been replaced, or may have been,
    /// needs another container, of a generation that none had.
    fn undo_replacement(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.is_wished()) {
            node.generation = match &node.observation {
                Observation::Known(seen) if seen.generation < node.generation => seen.generation,
                Observation::Known(_) | Observation::Unknown | Observation::Absent => {
                    node.generation + 1
                }
            };
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
