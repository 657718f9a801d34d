//! Service updates: what an operator publishes, which caches it is for, and how far each has come (behaviour.md section 29).
//!
//! An update brings another image for engine versions, or another minor version. What is stored of an action is what was asked for;
//! how far it has come follows from the nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cache_cluster::{CacheCluster, CacheNode, Observation};
use super::engine::{Engine, EngineVersion};
use super::replication_group::ReplicationGroup;
use super::timestamp::Timestamp;

/// How long an action that is complete is told of (console).
const COMPLETE_SHOWN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How urgent an update is.
pub const SEVERITIES: [(&str, u64); 4] = [
    // With the days after which it should be in place (behaviour.md section 29).
    ("critical", 14),
    ("important", 30),
    ("medium", 60),
    ("low", 90),
];

/// An update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUpdate {
    /// The record's key; 0 before it is stored.
    pub key: i64,
    /// Its name.
    pub name: String,
    /// The engine that it is for.
    pub engine: Engine,
    /// One of [`SEVERITIES`].
    pub severity: String,
    /// What it is good for.
    pub description: String,
    /// From when on it may be applied.
    pub released_at: Timestamp,
    /// By when it should be.
    pub recommended_apply_by: Timestamp,
    /// After which it is expired.
    pub ends_at: Timestamp,
    /// Whether it is applied without being asked for, in the first maintenance window after `recommended_apply_by`.
    pub auto_update: bool,
    /// How long a node may take, in minutes.
    pub estimated_minutes: u32,
    /// Whether it was taken back.
    pub is_cancelled: bool,
    /// What it does.
    pub effect: Effect,
}

/// What an update does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nodes of these engine versions (by the names that requests use) run these images.
    Images(BTreeMap<String, String>),
    /// Nodes of earlier minor versions of the same family get this one.
    EngineVersion(&'static EngineVersion),
}

/// What an update is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The cache cluster with this key, a member of no group.
    CacheCluster(i64),
    /// The replication group with this key.
    ReplicationGroup(i64),
}

/// That an update was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateAction {
    /// The update's key.
    pub service_update_key: i64,
    /// To what.
    pub target: Target,
    /// Whether the customer asked for it.
    pub by_customer: bool,
    /// Whether it shall stop.
    pub stop_requested: bool,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When that last changed.
    pub modified_at: Timestamp,
    /// When all nodes had it.
    pub completed_at: Option<Timestamp>,
}

/// A cache that updates are applied to, as a whole.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// A cache cluster that is a member of no group.
    CacheCluster(&'a CacheCluster),
    /// A replication group.
    ReplicationGroup(&'a ReplicationGroup),
}

/// How far a node has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeProgress {
    /// Nobody asked for it.
    NotApplied,
    /// It is its turn later.
    Waiting,
    /// It is being made anew.
    InProgress,
    /// It was not its turn when it was stopped.
    Stopped,
    /// It has it.
    Complete,
}

/// How far a cache has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionStatus {
    /// Nobody asked for it.
    NotApplied,
    /// Nobody asked for it, and it comes in the next maintenance window.
    Scheduled,
    /// It was asked for.
    Waiting,
    /// Some nodes have it, or are getting it.
    InProgress,
    /// Those in progress end, then it stops.
    Stopping,
    /// Some nodes do not have it, and do not get it.
    Stopped,
    /// All nodes have it.
    Complete,
    /// It is expired, or was taken back.
    NotApplicable,
}

impl NodeProgress {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotApplied => "not-applied",
            Self::Waiting => "waiting-to-start",
            Self::InProgress => "in-progress",
            Self::Stopped => "stopped",
            Self::Complete => "complete",
        }
    }
}

impl ActionStatus {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotApplied => "not-applied",
            Self::Scheduled => "scheduled",
            Self::Waiting => "waiting-to-start",
            Self::InProgress => "in-progress",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Complete => "complete",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// Whether it may be applied now.
    pub fn may_be_applied(self) -> bool {
        matches!(self, Self::NotApplied | Self::Scheduled | Self::Stopped)
    }

    /// Whether there is something to stop.
    pub fn may_be_stopped(self) -> bool {
        matches!(self, Self::Waiting | Self::InProgress)
    }
}

impl<'a> Resource<'a> {
    /// What it is in an action.
    pub fn target(self) -> Target {
        match self {
            Self::CacheCluster(cluster) => Target::CacheCluster(cluster.key),
            Self::ReplicationGroup(group) => Target::ReplicationGroup(group.key),
        }
    }

    /// Its engine version.
    pub fn engine_version(self) -> &'static EngineVersion {
        match self {
            Self::CacheCluster(cluster) => cluster.spec.engine_version,
            Self::ReplicationGroup(group) => group.spec.engine_version,
        }
    }

    /// Whether updates can be applied to it at all: it is there, and stays.
    pub fn is_there(self) -> bool {
        match self {
            Self::CacheCluster(cluster) => {
                cluster.available_at.is_some()
                    && cluster.deletion_requested_at.is_none()
                    && cluster.failure.is_none()
            }
            Self::ReplicationGroup(group) => {
                group.available_at.is_some()
                    && group.deletion_requested_at.is_none()
                    && group.failure.is_none()
            }
        }
    }

    /// Whether it takes minor versions without being asked.
    pub fn takes_minor_versions(self) -> bool {
        match self {
            Self::CacheCluster(cluster) => cluster.spec.auto_minor_version_upgrade,
            Self::ReplicationGroup(group) => group.spec.auto_minor_version_upgrade,
        }
    }

    /// Whether its maintenance window is open.
    pub fn is_in_window(self, now: Timestamp) -> bool {
        let window = match self {
            Self::CacheCluster(cluster) => cluster.spec.maintenance_window,
            Self::ReplicationGroup(group) => group.spec.maintenance_window,
        };
        window.contains(now.as_millis())
    }

    /// Its nodes that shall stay, each with its cache cluster.
    pub fn nodes(self) -> Vec<(&'a CacheCluster, &'a CacheNode)> {
        let of =
            |cluster: &'a CacheCluster| cluster.wished_nodes().map(move |node| (cluster, node));
        match self {
            Self::CacheCluster(cluster) => of(cluster).collect(),
            Self::ReplicationGroup(group) => group.wished_members().flat_map(of).collect(),
        }
    }
}

impl ServiceUpdate {
    /// `available`, `cancelled` or `expired`.
    pub fn status(&self, now: Timestamp) -> &'static str {
        match (self.is_cancelled, now > self.ends_at) {
            (true, _) => "cancelled",
            (false, true) => "expired",
            (false, false) => "available",
        }
    }

    /// The image that it brings for an engine version.
    pub fn image(&self, version: &EngineVersion) -> Option<&str> {
        match &self.effect {
            Effect::Images(images) if version.engine == self.engine => {
                images.get(version.version).map(String::as_str)
            }
            Effect::Images(_) | Effect::EngineVersion(_) => None,
        }
    }

    /// Whether it is for caches of this engine version.
    pub fn is_for(&self, version: &EngineVersion) -> bool {
        match &self.effect {
            Effect::Images(_) => self.image(version).is_some(),
            Effect::EngineVersion(target) => {
                version.engine == target.engine
                    && version.family == target.family
                    && target.is_later_than(version)
            }
        }
    }

    /// Whether a node has it, or shall have it.
    fn is_wished(&self, cluster: &CacheCluster, node: &CacheNode) -> bool {
        match &self.effect {
            Effect::Images(_) => {
                let image = self.image(cluster.spec.engine_version);
                image.is_some() && node.image.as_deref() == image
            }
            Effect::EngineVersion(target) => {
                let version = cluster.spec.engine_version;
                version == *target || version.is_later_than(target)
            }
        }
    }

    /// How far a node has come.
    pub fn node_progress(
        &self,
        action: Option<&UpdateAction>,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> NodeProgress {
        // A member has to be in sync again; nodes of a cache cluster do not wait for each other.
        let is_in_order =
            cluster.membership.is_none() || cluster.generation == cluster.observed_generation;
        let is_settled = is_in_order
            && matches!(&node.observation, Observation::Known(known) if known.generation == node.generation);
        let is_complete = action.is_some_and(|action| action.completed_at.is_some());
        match (self.is_wished(cluster, node), action) {
            _ if is_complete => NodeProgress::Complete,
            (true, _) if is_settled => NodeProgress::Complete,
            (true, _) => NodeProgress::InProgress,
            (false, None) => NodeProgress::NotApplied,
            (false, Some(action)) if action.stop_requested => NodeProgress::Stopped,
            (false, Some(_)) => NodeProgress::Waiting,
        }
    }

    /// How far a cache has come.
    pub fn action_status(
        &self,
        action: Option<&UpdateAction>,
        resource: Resource<'_>,
        now: Timestamp,
    ) -> ActionStatus {
        let nodes = resource.nodes();
        let progress = || {
            let nodes = nodes.iter();
            nodes.map(|(cluster, node)| self.node_progress(action, cluster, node))
        };
        let any = |wanted: NodeProgress| progress().any(|it| it == wanted);
        if progress().all(|it| it == NodeProgress::Complete) {
            return ActionStatus::Complete;
        }
        match action {
            None if self.status(now) != "available" => ActionStatus::NotApplicable,
            None if self.comes_by_itself(resource, now) => ActionStatus::Scheduled,
            None => ActionStatus::NotApplied,
            Some(action) if action.stop_requested && any(NodeProgress::InProgress) => {
                ActionStatus::Stopping
            }
            Some(action) if action.stop_requested => ActionStatus::Stopped,
            Some(_) if any(NodeProgress::InProgress) || any(NodeProgress::Complete) => {
                ActionStatus::InProgress
            }
            Some(_) => ActionStatus::Waiting,
        }
    }

    /// Whether it is applied in the next maintenance window although nobody asks for it: it is overdue, or a minor version that the
    /// cache takes.
    pub fn comes_by_itself(&self, resource: Resource<'_>, now: Timestamp) -> bool {
        let is_overdue = self.auto_update && now > self.recommended_apply_by;
        let is_minor = matches!(self.effect, Effect::EngineVersion(_));
        let is_out = now >= self.released_at && self.status(now) == "available";
        is_out && (is_overdue || (is_minor && resource.takes_minor_versions()))
    }

    /// Whether a cache got it in time: `yes`, `no`, or `n/a` while that is open.
    pub fn sla_met(&self, action: Option<&UpdateAction>, now: Timestamp) -> &'static str {
        let completed = action.and_then(|action| action.completed_at);
        match completed {
            Some(at) if at <= self.recommended_apply_by => "yes",
            Some(_) => "no",
            None if now > self.recommended_apply_by => "no",
            None => "n/a",
        }
    }
}

impl UpdateAction {
    /// Whether it is still told of.
    pub fn is_shown(&self, now: Timestamp) -> bool {
        self.completed_at
            .is_none_or(|at| now.since(at) <= COMPLETE_SHOWN)
    }
}

#[cfg(test)]
mod tests;
