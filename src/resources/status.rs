//! ElastiCache's status words, computed from facts. Nothing stores the word, so nothing can contradict it.

use super::cache_cluster::{CacheCluster, CacheNode, FailureKind, Observation, Snapshotting};
use super::log_delivery::LogDelivery;
use super::replication_group::ReplicationGroup;

/// What a cache cluster says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheClusterStatus {
    /// Not fulfilled yet.
    Creating,
    /// The world is as wished.
    Available,
    /// A change is under way.
    Modifying,
    /// Nodes are being rebooted.
    Rebooting,
    /// A snapshot of it is being taken.
    Snapshotting,
    /// It is being deleted.
    Deleting,
    /// No free address was left for it.
    IncompatibleNetwork,
    /// What it was to begin with cannot be used.
    RestoreFailed,
    /// It could not be made.
    Failed,
}

impl CacheClusterStatus {
    /// The word on the wire. Where the API's text says `rebooting cluster nodes`, this is what replies were recorded to say, and what
    /// Ansible's module waits for.
    pub fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Modifying => "modifying",
            Self::Rebooting => "rebooting cache cluster nodes",
            Self::Deleting => "deleting",
            Self::Snapshotting => "snapshotting",
            Self::IncompatibleNetwork => "incompatible-network",
            Self::RestoreFailed => "restore-failed",
            Self::Failed => "failed",
        }
    }
}

/// The status of `cluster`.
pub fn cache_cluster(cluster: &CacheCluster) -> CacheClusterStatus {
    // A final snapshot is part of the deletion: waiters for one take `snapshotting` for its failure (terraform.md).
    let is_final = cluster.snapshotting == Some(Snapshotting::Final);
    if cluster.deletion_requested_at.is_some() || is_final {
        return CacheClusterStatus::Deleting;
    }
    match cluster.failure.as_ref().map(|failure| failure.kind) {
        Some(FailureKind::Network) => return CacheClusterStatus::IncompatibleNetwork,
        Some(FailureKind::Restore) => return CacheClusterStatus::RestoreFailed,
        Some(FailureKind::Other) => return CacheClusterStatus::Failed,
        None => {}
    }
    if cluster.available_at.is_none() {
        CacheClusterStatus::Creating
    } else if cluster.generation != cluster.observed_generation {
        CacheClusterStatus::Modifying
    } else if cluster.nodes.iter().any(|node| node.reboot.is_some()) {
        CacheClusterStatus::Rebooting
    } else if cluster.snapshotting.is_some() {
        CacheClusterStatus::Snapshotting
    } else if cluster.membership.is_none()
        && cluster.log_deliveries.iter().any(LogDelivery::is_changing)
    {
        CacheClusterStatus::Modifying
    } else {
        CacheClusterStatus::Available
    }
}

/// The status word of a node of `cluster`.
pub fn cache_node(cluster: &CacheCluster, node: &CacheNode) -> &'static str {
    if cluster.deletion_requested_at.is_some() || !node.is_wished() {
        "deleting"
    } else if node.reboot.is_some() {
        "rebooting"
    } else if node.ready_at.is_none() {
        "creating"
    } else {
        match &node.observation {
            Observation::Known(seen) if seen.generation == node.generation => "available",
            // An existing node that is being replaced or has not been seen since; clients keep its endpoint.
            _ if cluster.generation != cluster.observed_generation => "modifying",
            _ => "available",
        }
    }
}

/// How far a node has what its parameter group says.
pub fn parameters_of_node(cluster: &CacheCluster, node: &CacheNode) -> &'static str {
    if cluster.needs_reboot(node) {
        "pending-reboot"
    } else if cluster.lacks_parameters(node) {
        "applying"
    } else {
        "in-sync"
    }
}

/// How far the nodes of `cluster` have what its parameter group says: the word of the one that is farthest from it.
pub fn parameters(cluster: &CacheCluster) -> &'static str {
    let words: Vec<&str> = cluster
        .wished_nodes()
        .map(|node| parameters_of_node(cluster, node))
        .collect();
    let first_of = |word: &&&str| words.contains(*word);
    let farthest = ["pending-reboot", "applying"];
    farthest.iter().find(first_of).copied().unwrap_or("in-sync")
}

/// What a caller wants to do to an existing cache cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// ModifyCacheCluster.
    Modify,
    /// RebootCacheCluster.
    Reboot,
    /// DeleteCacheCluster.
    Delete,
    /// CreateSnapshot.
    Snapshot,
    /// The tag operations.
    Tag,
}

/// Whether `operation` may happen now. A deletion is also let in when the reconciler is blocked, so that it always works.
pub fn admits(cluster: &CacheCluster, operation: Operation) -> bool {
    use CacheClusterStatus as Status;
    let status = cache_cluster(cluster);
    match operation {
        Operation::Modify | Operation::Reboot | Operation::Snapshot | Operation::Tag => {
            status == Status::Available
        }
        Operation::Delete => match status {
            Status::Available
            | Status::IncompatibleNetwork
            | Status::RestoreFailed
            | Status::Failed => true,
            Status::Creating | Status::Modifying | Status::Rebooting => {
                cluster.blocked_by.is_some()
            }
            Status::Deleting | Status::Snapshotting => false,
        },
    }
}

/// What a replication group says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicationGroupStatus {
    /// Not fulfilled yet.
    Creating,
    /// The world is as wished. A failover does not change that (behaviour.md section 6).
    Available,
    /// A change is under way.
    Modifying,
    /// A snapshot of it is being taken.
    Snapshotting,
    /// It is being deleted.
    Deleting,
    /// It could not be made.
    CreateFailed,
}

impl ReplicationGroupStatus {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Modifying => "modifying",
            Self::Deleting => "deleting",
            Self::Snapshotting => "snapshotting",
            Self::CreateFailed => "create-failed",
        }
    }
}

/// The status of `group`.
pub fn replication_group(group: &ReplicationGroup) -> ReplicationGroupStatus {
    let is_final = group.snapshotting == Some(Snapshotting::Final);
    if group.deletion_requested_at.is_some() || is_final {
        ReplicationGroupStatus::Deleting
    } else if group.failure.is_some() {
        ReplicationGroupStatus::CreateFailed
    } else if group.available_at.is_none() {
        ReplicationGroupStatus::Creating
    } else if group.generation != group.observed_generation {
        ReplicationGroupStatus::Modifying
    } else if group.snapshotting.is_some() {
        ReplicationGroupStatus::Snapshotting
    } else if group.log_deliveries.iter().any(LogDelivery::is_changing) {
        ReplicationGroupStatus::Modifying
    } else {
        ReplicationGroupStatus::Available
    }
}

/// What a caller wants to do to an existing replication group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupOperation {
    /// Any change of it, of its members, or of who is primary.
    Modify,
    /// DeleteReplicationGroup.
    Delete,
    /// CreateSnapshot.
    Snapshot,
    /// The tag operations.
    Tag,
}

/// Whether `operation` may happen to `group` now. A deletion is also let in when the reconciler is blocked, so that it always works.
pub fn admits_group(group: &ReplicationGroup, operation: GroupOperation) -> bool {
    use ReplicationGroupStatus as Status;
    let status = replication_group(group);
    match operation {
        GroupOperation::Modify | GroupOperation::Snapshot | GroupOperation::Tag => {
            status == Status::Available
        }
        GroupOperation::Delete => match status {
            Status::Available | Status::CreateFailed => true,
            Status::Creating | Status::Modifying => group.blocked_by.is_some(),
            Status::Deleting | Status::Snapshotting => false,
        },
    }
}

#[cfg(test)]
mod tests;
