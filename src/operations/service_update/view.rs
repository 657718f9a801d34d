//! Service updates and their actions, as they are told.

use aws_smithy_types::DateTime;
use cacheplane_api::shapes::{
    CacheNodeUpdateStatus, NodeGroupMemberUpdateStatus, NodeGroupUpdateStatus,
    ServiceUpdate as UpdateShape, UpdateAction as ActionShape,
};

use crate::resources::cache_cluster::{CacheCluster, CacheNode, Observation};
use crate::resources::replication_group::{NODE_GROUP_ID, ReplicationGroup};
use crate::resources::service_update::{
    Effect, NodeProgress, Resource, ServiceUpdate, UpdateAction,
};
use crate::resources::timestamp::Timestamp;

pub(super) fn update(update: &ServiceUpdate, now: Timestamp) -> UpdateShape {
    UpdateShape {
        service_update_name: Some(update.name.clone()),
        service_update_release_date: date(update.released_at),
        service_update_end_date: date(update.ends_at),
        service_update_severity: Some(update.severity.clone()),
        service_update_recommended_apply_by_date: date(update.recommended_apply_by),
        service_update_status: Some(update.status(now).to_owned()),
        service_update_description: Some(update.description.clone()),
        service_update_type: Some(kind(update).to_owned()),
        engine: Some(update.engine.name().to_owned()),
        engine_version: Some(versions(update)),
        auto_update_after_recommended_apply_by_date: Some(update.auto_update),
        estimated_update_time: Some(estimate(update)),
    }
}

pub(super) fn action(
    update: &ServiceUpdate,
    action: Option<&UpdateAction>,
    resource: Resource<'_>,
    with_nodes: bool,
    now: Timestamp,
) -> ActionShape {
    let nodes = resource.nodes();
    let progress =
        |(cluster, node): &(&CacheCluster, &CacheNode)| update.node_progress(action, cluster, node);
    let updated = nodes
        .iter()
        .filter(|it| progress(it) == NodeProgress::Complete)
        .count();
    let modified_at = action.map_or(update.released_at, |action| action.modified_at);
    let mut shape = ActionShape {
        service_update_name: Some(update.name.clone()),
        service_update_release_date: date(update.released_at),
        service_update_severity: Some(update.severity.clone()),
        service_update_status: Some(update.status(now).to_owned()),
        service_update_recommended_apply_by_date: date(update.recommended_apply_by),
        service_update_type: Some(kind(update).to_owned()),
        update_action_available_date: date(update.released_at),
        update_action_status: Some(
            update
                .action_status(action, resource, now)
                .word()
                .to_owned(),
        ),
        nodes_updated: Some(format!("{updated}/{}", nodes.len())),
        update_action_status_modified_date: date(modified_at),
        sla_met: Some(update.sla_met(action, now).to_owned()),
        estimated_update_time: Some(estimate(update)),
        engine: Some(update.engine.name().to_owned()),
        ..ActionShape::default()
    };
    match resource {
        Resource::CacheCluster(cluster) => {
            shape.cache_cluster_id = Some(cluster.spec.cache_cluster_id.clone());
            let nodes = nodes
                .iter()
                .map(|(cluster, node)| cache_node(update, action, cluster, node));
            shape.cache_node_update_status = with_nodes.then(|| nodes.collect());
        }
        Resource::ReplicationGroup(group) => {
            shape.replication_group_id = Some(group.spec.replication_group_id.clone());
            shape.node_group_update_status = with_nodes.then(|| node_groups(update, action, group));
        }
    }
    shape
}

/// What is told of a node, whatever it is a node of.
struct Told {
    status: NodeProgress,
    started_at: Option<DateTime>,
    ended_at: Option<DateTime>,
    initiated_by: Option<String>,
    initiated_at: Option<DateTime>,
    modified_at: Option<DateTime>,
}

fn told(
    update: &ServiceUpdate,
    action: Option<&UpdateAction>,
    cluster: &CacheCluster,
    node: &CacheNode,
) -> Told {
    let status = update.node_progress(action, cluster, node);
    let is_complete = status == NodeProgress::Complete;
    // A node that has it was last made anew for it.
    let seen_at = match &node.observation {
        Observation::Known(known) if is_complete => date(known.seen_at),
        Observation::Known(_) | Observation::Unknown | Observation::Absent => None,
    };
    let begun = matches!(status, NodeProgress::Complete | NodeProgress::InProgress);
    let word = |action: &UpdateAction| match action.by_customer {
        true => "customer".to_owned(),
        false => "system".to_owned(),
    };
    Told {
        status,
        started_at: action
            .filter(|_| begun)
            .and_then(|it| date(it.requested_at)),
        ended_at: seen_at,
        initiated_by: action.map(word),
        initiated_at: action.and_then(|it| date(it.requested_at)),
        modified_at: seen_at.or_else(|| action.and_then(|it| date(it.modified_at))),
    }
}

fn cache_node(
    update: &ServiceUpdate,
    action: Option<&UpdateAction>,
    cluster: &CacheCluster,
    node: &CacheNode,
) -> CacheNodeUpdateStatus {
    let told = told(update, action, cluster, node);
    CacheNodeUpdateStatus {
        cache_node_id: Some(node.cache_node_id.clone()),
        node_update_status: Some(told.status.word().to_owned()),
        node_deletion_date: None,
        node_update_start_date: told.started_at,
        node_update_end_date: told.ended_at,
        node_update_initiated_by: told.initiated_by,
        node_update_initiated_date: told.initiated_at,
        node_update_status_modified_date: told.modified_at,
    }
}

fn node_groups(
    update: &ServiceUpdate,
    action: Option<&UpdateAction>,
    group: &ReplicationGroup,
) -> Vec<NodeGroupUpdateStatus> {
    let member = |cluster: &CacheCluster| {
        let node = cluster.nodes.first()?;
        let told = told(update, action, cluster, node);
        Some(NodeGroupMemberUpdateStatus {
            cache_cluster_id: Some(cluster.spec.cache_cluster_id.clone()),
            cache_node_id: Some(node.cache_node_id.clone()),
            node_update_status: Some(told.status.word().to_owned()),
            node_deletion_date: None,
            node_update_start_date: told.started_at,
            node_update_end_date: told.ended_at,
            node_update_initiated_by: told.initiated_by,
            node_update_initiated_date: told.initiated_at,
            node_update_status_modified_date: told.modified_at,
        })
    };
    let Some(sharding) = &group.sharding else {
        return vec![NodeGroupUpdateStatus {
            node_group_id: Some(NODE_GROUP_ID.to_owned()),
            node_group_member_update_status: Some(
                group.wished_members().filter_map(member).collect(),
            ),
        }];
    };
    let node_groups = sharding.node_groups.iter().map(|one| {
        let members = group.wished_shard_members(one.id);
        NodeGroupUpdateStatus {
            node_group_id: Some(one.id.to_string()),
            node_group_member_update_status: Some(
                members.filter_map(|(_, cluster)| member(cluster)).collect(),
            ),
        }
    });
    node_groups.collect()
}

fn kind(update: &ServiceUpdate) -> &'static str {
    match update.effect {
        Effect::Images(_) => "security-update",
        Effect::EngineVersion(_) => "engine-update",
    }
}

/// The versions that it is for, or the one that it brings.
fn versions(update: &ServiceUpdate) -> String {
    match &update.effect {
        Effect::Images(images) => {
            let versions = images
                .keys()
                .map(|version| format!("{} {version}", update.engine));
            versions.collect::<Vec<_>>().join(", ")
        }
        Effect::EngineVersion(version) => format!("{} {}", version.engine, version.version),
    }
}

fn estimate(update: &ServiceUpdate) -> String {
    format!("{} minutes per node", update.estimated_minutes)
}

fn date(at: Timestamp) -> Option<DateTime> {
    Some(DateTime::from_millis(at.as_millis()))
}
