//! What is told of a replication group, in AWS's words where AWS has them.

use crate::resources::event::Event;
use crate::resources::replication_group::{GroupChange, ReplicationGroup};
use crate::resources::timestamp::Timestamp;

/// What is told when the chosen primary serves, oldest first.
pub fn confirmation_events(group: &ReplicationGroup, now: Timestamp) -> Vec<Event> {
    let choice = &group.primary;
    let (Some(former), false) = (&choice.former, choice.is_confirmed()) else {
        return Vec::new();
    };
    // A primary that is recovered in place is lent its place for as long as it takes to have its data back; and a handover that came to
    // nothing is none.
    let is_loan = choice.handback || (choice.handover && group.changes.is_empty());
    if *former == choice.cache_cluster_id || is_loan {
        return Vec::new();
    }
    let text = format!(
        "Failover from primary node {former} to replica node {} completed",
        choice.cache_cluster_id
    );
    vec![
        Event::of_cache_cluster(former, text.clone(), now),
        Event::of_replication_group(&group.spec.replication_group_id, text, now),
    ]
}

/// What is told when the wish is fulfilled, oldest first.
pub fn convergence_events(group: &ReplicationGroup, now: Timestamp) -> Vec<Event> {
    let id = &group.spec.replication_group_id;
    let event = |message: String| Event::of_replication_group(id, message, now);
    let failover = |on: bool| {
        let word = if on { "on" } else { "off" };
        event(format!(
            "Automatic failover has been turned {word} for replication group {id}"
        ))
    };
    let mut events = Vec::new();
    if group.available_at.is_none() {
        events.push(event(format!("Replication group {id} created")));
        if group.spec.automatic_failover {
            events.push(failover(true));
        }
    }
    events.extend(group.changes.iter().filter_map(|change| {
        Some(match change {
            GroupChange::EngineVersion(from, to) => event(format!(
                "Finished upgrading the engine from version {from} to version {to}"
            )),
            GroupChange::NodeType(_, to) => event(format!(
                "Succeeded applying modification to cache node type to {to}."
            )),
            GroupChange::ReplicaCount(from, to) => event(format!(
                "Finished modifying number of replicas from {from} to {to}"
            )),
            GroupChange::NodeGroupCount(from, to) if from == to => {
                event("Finished rebalancing slots over node groups".to_owned())
            }
            GroupChange::NodeGroupCount(from, to) => event(format!(
                "Finished modifying number of node groups from {from} to {to}"
            )),
            GroupChange::AutomaticFailover(on) => failover(*on),
            // Told of when the new primary served, and when all nodes have it.
            GroupChange::Promotion(_) | GroupChange::ServiceUpdate(_) => return None,
            GroupChange::UserGroup(from, to) => event(match (from, to) {
                (_, Some(to)) => {
                    format!("Users of user group {to} have been applied to replication group {id}")
                }
                (from, None) => format!(
                    "User group {} has been removed from replication group {id}",
                    from.as_deref().unwrap_or_default()
                ),
            }),
            // AWS documents no event for these.
            GroupChange::AuthToken(_)
            | GroupChange::TransitEncryption(..)
            | GroupChange::ClusterMode(..) => return None,
        })
    }));
    events
}
