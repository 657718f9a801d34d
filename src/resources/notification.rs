//! What a topic is told of an event.

use super::event::{Event, SourceType};

/// How an event is told: the name of what happened, and what it happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Such as `CacheClusterProvisioningComplete`.
    pub name: &'static str,
    /// What stands beside it, in order: name and value.
    pub members: Vec<(String, String)>,
}

/// How an event's text begins, of which kind of resource, and the name that it is told by ("Event Notifications and Amazon SNS",
/// ElastiCache user guide). The first that fits counts.
const NAMES: [(SourceType, &str, &str); 29] = {
    use SourceType::{CacheCluster, ReplicationGroup};
    [
        (
            CacheCluster,
            "Cache cluster created",
            "CacheClusterProvisioningComplete",
        ),
        (
            CacheCluster,
            "Failed to create the cache cluster",
            "CacheClusterProvisioningFailed",
        ),
        (
            CacheCluster,
            "Cache cluster deleted",
            "DeleteCacheClusterComplete",
        ),
        (CacheCluster, "Added cache node", "AddCacheNodeComplete"),
        (
            CacheCluster,
            "Failed to modify number of nodes",
            "AddCacheNodeFailed",
        ),
        (
            CacheCluster,
            "Removed cache nodes",
            "RemoveCacheNodeComplete",
        ),
        (
            CacheCluster,
            "Updated parameter",
            "CacheClusterParametersChanged",
        ),
        (
            CacheCluster,
            "Updated to use",
            "CacheClusterParametersChanged",
        ),
        (
            CacheCluster,
            "Applied change to security group",
            "CacheClusterSecurityGroupModified",
        ),
        (
            CacheCluster,
            "Recovering cache nodes",
            "CacheNodeReplaceStarted",
        ),
        (
            CacheCluster,
            "Finished recovery for cache nodes",
            "CacheNodeReplaceComplete",
        ),
        (CacheCluster, "Restore from", "CacheClusterRestoreFailed"),
        (
            CacheCluster,
            "Succeeded applying modification to cache node type",
            "CacheClusterScalingComplete",
        ),
        (
            CacheCluster,
            "Failed applying modification to cache node type",
            "CacheClusterScalingFailed",
        ),
        (
            CacheCluster,
            "Service update is available for cache node",
            "ServiceUpdateAvailableForNode",
        ),
        (
            CacheCluster,
            "The node with Cache Cluster ID",
            "NodeReplacementScheduled",
        ),
        (
            CacheCluster,
            "The replacement in maintenance window",
            "NodeReplacementRescheduled",
        ),
        (
            CacheCluster,
            "The replacement for Cache Cluster ID",
            "NodeReplacementCanceled",
        ),
        (CacheCluster, "Snapshot succeeded", "SnapshotComplete"),
        (CacheCluster, "Snapshot failed", "SnapshotFailed"),
        (
            ReplicationGroup,
            "Failover from primary node",
            "FailoverComplete",
        ),
        (
            ReplicationGroup,
            "Succeeded applying modification to cache node type",
            "ReplicationGroupScalingComplete",
        ),
        (
            ReplicationGroup,
            "Failed applying modification to cache node type",
            "ReplicationGroupScalingFailed",
        ),
        (
            ReplicationGroup,
            "Failed to create replication group",
            "CreateReplicationGroupFailed",
        ),
        (
            ReplicationGroup,
            "Service update is available",
            "ServiceUpdateAvailable",
        ),
        (ReplicationGroup, "Snapshot succeeded", "SnapshotComplete"),
        (ReplicationGroup, "Snapshot failed", "SnapshotFailed"),
        (
            ReplicationGroup,
            "Started modifying number of replicas",
            "ReplicationGroupIncreaseReplicaCountStarted",
        ),
        (
            ReplicationGroup,
            "Finished modifying number of replicas",
            "ReplicationGroupIncreaseReplicaCountFinished",
        ),
    ]
};

/// What a topic is told of `event`; none of one that topics are not told of.
pub fn message(event: &Event) -> Option<Message> {
    let id = &event.source_identifier;
    let name = name(event)?;
    let mut members = vec![(format!("ElastiCache:{name}"), id.clone())];
    if name == "FailoverComplete" {
        // Failover from primary node A to replica node B completed.
        let taker = event.message.split(' ').nth(8).unwrap_or_default();
        members.push(("Cache Cluster ID".to_owned(), taker.to_owned()));
        members.push(("Replication Group ID".to_owned(), id.clone()));
    }
    Some(Message { name, members })
}

fn name(event: &Event) -> Option<&'static str> {
    let text = event.message.as_str();
    let found = NAMES
        .iter()
        .find(|(kind, beginning, _)| *kind == event.source_type && text.starts_with(beginning));
    match (found, event.source_type) {
        (Some((_, _, "ReplicationGroupIncreaseReplicaCountFinished")), _) if !is_increase(text) => {
            None
        }
        (Some((_, _, name)), _) => Some(name),
        // Their texts name the resource before they say what happened.
        (None, SourceType::CacheCluster)
            if text.starts_with("Cache node ") && text.ends_with(" restarted") =>
        {
            Some("CacheNodesRebooted")
        }
        (None, SourceType::ReplicationGroup)
            if text.starts_with("Replication group ") && text.ends_with(" created") =>
        {
            Some("CreateReplicationGroupComplete")
        }
        _ => None,
    }
}

/// Whether `... from A to B` goes up.
fn is_increase(text: &str) -> bool {
    let mut numbers = text.split(' ').filter_map(|word| word.parse::<u32>().ok());
    numbers.next() < numbers.next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::timestamp::Timestamp;

    #[test]
    fn events_are_told_by_their_names() {
        let now = Timestamp::default();
        let cluster = |text: &str| {
            message(&Event::of_cache_cluster("c", text, now)).map(|message| message.name)
        };
        let group = |text: &str| {
            message(&Event::of_replication_group("g", text, now)).map(|message| message.name)
        };
        assert_eq!(
            cluster("Cache cluster created"),
            Some("CacheClusterProvisioningComplete")
        );
        assert_eq!(
            cluster("Added cache node 0001 in availability zone us-east-1a"),
            Some("AddCacheNodeComplete")
        );
        assert_eq!(cluster("Cache node 0001 shutdown"), None);
        assert_eq!(
            cluster("Cache node 0001 restarted"),
            Some("CacheNodesRebooted")
        );
        assert_eq!(
            cluster("Finished recovery for cache nodes 0001"),
            Some("CacheNodeReplaceComplete")
        );
        // Told once, of the group.
        assert_eq!(
            cluster("Failover from primary node g-001 to replica node g-002 completed"),
            None
        );
        assert_eq!(
            group("Replication group g created"),
            Some("CreateReplicationGroupComplete")
        );
        assert_eq!(
            group("Finished modifying number of replicas from 1 to 2"),
            Some("ReplicationGroupIncreaseReplicaCountFinished")
        );
        assert_eq!(
            group("Finished modifying number of replicas from 2 to 1"),
            None
        );
        assert_eq!(
            group("Automatic failover has been turned on for replication group g"),
            None
        );
        let parameters = Event::of_cache_parameter_group("p", "Updated parameter x to y", now);
        assert_eq!(message(&parameters), None);
    }

    #[test]
    fn a_failover_names_who_took_over() {
        let text = "Failover from primary node g-001 to replica node g-002 completed";
        let told = message(&Event::of_replication_group(
            "g",
            text,
            Timestamp::default(),
        ))
        .unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            told.members,
            [
                pair("ElastiCache:FailoverComplete", "g"),
                pair("Cache Cluster ID", "g-002"),
                pair("Replication Group ID", "g")
            ]
        );
    }
}
