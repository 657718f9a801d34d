//! A replication group as it is told; the same for every operation that answers with one.

use aws_smithy_types::DateTime;
use cacheplane_api::shapes::{
    Endpoint, GlobalReplicationGroupInfo, NodeGroup, NodeGroupMember,
    ReplicationGroup as ReplicationGroupShape, ReplicationGroupPendingModifiedValues,
    ReshardingStatus, SlotMigration, UserGroupsUpdateStatus,
};

use super::super::Context;
use super::super::cache_cluster::view::{endpoint, node_endpoint};
use super::super::log_delivery;
use crate::resources::arn::{ResourceType, arn};
use crate::resources::auth_token::AuthTokenStrategy;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::engine::Engine;
use crate::resources::replication_group::sharding::NodeGroup as Shard;
use crate::resources::replication_group::{
    GroupChange, MovingEndpoint, NODE_GROUP_ID, ReplicationGroup,
};
use crate::resources::status::{self, ReplicationGroupStatus as Status};
use crate::resources::transit_encryption::TransitEncryptionMode;

/// The wire form of `group`. What it consists of is left out while it is made and while it goes: node groups that are there and
/// empty would make Terraform fall over.
pub(super) fn view(cx: &Context, group: &ReplicationGroup) -> ReplicationGroupShape {
    let spec = &group.spec;
    let status = status::replication_group(group);
    let tokens = group.access.auth_tokens.as_ref();
    let in_transit = encryption_change(group).map_or(spec.transit_encryption, |(from, _)| from);
    let is_told = matches!(
        status,
        Status::Available | Status::Modifying | Status::Snapshotting
    );
    let cluster_mode = cluster_mode(group);
    let valkey_9 = spec.engine() == Engine::Valkey && spec.engine_version.at_least(9, 0, 0);
    ReplicationGroupShape {
        replication_group_id: Some(spec.replication_group_id.clone()),
        description: Some(spec.description.clone()),
        global_replication_group_info: Some(GlobalReplicationGroupInfo::default()),
        status: Some(status.word().to_owned()),
        pending_modified_values: Some(pending(group)),
        member_clusters: (status != Status::Deleting).then(|| member_ids(group, status)),
        node_groups: is_told.then(|| node_groups(cx, group, status)),
        configuration_endpoint: is_told
            .then(|| moving_endpoint(cx, group, &group.configuration_endpoint))
            .flatten(),
        snapshotting_cluster_id: (is_told && group.sharding.is_none())
            .then(|| snapshotting_cluster_id(group))
            .flatten(),
        automatic_failover: Some(automatic_failover(group, status).to_owned()),
        multi_az: Some(switch(spec.multi_az).to_owned()),
        snapshot_retention_limit: i32::try_from(spec.snapshot_retention_days).ok(),
        snapshot_window: Some(spec.snapshot_window.to_string()),
        cluster_enabled: Some(cluster_mode == ClusterMode::Enabled),
        cache_node_type: Some(spec.node_type.name.to_owned()),
        auth_token_enabled: Some(tokens.is_some()),
        auth_token_last_modified_date: tokens
            .map(|it| DateTime::from_millis(it.changed_at.as_millis())),
        transit_encryption_enabled: Some(in_transit.is_some()),
        transit_encryption_mode: in_transit.map(|mode| mode.word().to_owned()),
        kms_key_id: spec.kms_key_id.clone(),
        at_rest_encryption_enabled: Some(spec.at_rest_encryption),
        arn: Some(arn(
            &group.scope,
            ResourceType::ReplicationGroup,
            &spec.replication_group_id,
        )),
        user_group_ids: user_group_ids(group),
        log_delivery_configurations: Some(log_delivery::view(&group.log_deliveries)),
        replication_group_create_time: is_told
            .then(|| DateTime::from_millis(group.requested_at.as_millis())),
        data_tiering: Some("disabled".to_owned()),
        auto_minor_version_upgrade: Some(spec.auto_minor_version_upgrade),
        network_type: Some("ipv4".to_owned()),
        ip_discovery: Some("ipv4".to_owned()),
        cluster_mode: Some(cluster_mode.word().to_owned()),
        engine: Some(spec.engine().name().to_owned()),
        durability: valkey_9.then(|| "default".to_owned()),
        effective_durability: valkey_9.then(|| "disabled".to_owned()),
        ..ReplicationGroupShape::default()
    }
}

/// The cluster mode that there is; one that is on its way is told of as pending.
fn cluster_mode(group: &ReplicationGroup) -> ClusterMode {
    let turning = group.changes.iter().find_map(|change| match change {
        GroupChange::ClusterMode(from, _) => Some(*from),
        _ => None,
    });
    turning.unwrap_or(group.spec.cluster_mode)
}

/// Left out where there is none, as in recorded replies.
fn user_group_ids(group: &ReplicationGroup) -> Option<Vec<String>> {
    let attached = group.access.user_group.as_ref();
    attached.map(|it| vec![it.user_group_id.clone()])
}

fn switch(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

/// Nobody takes over before the group is there, so until then it is being turned on.
fn automatic_failover(group: &ReplicationGroup, status: Status) -> &'static str {
    let is_changing = matches!(turning(group), Some(on) if on == group.spec.automatic_failover);
    match (group.spec.automatic_failover, is_changing) {
        (true, _) if status == Status::Creating => "enabling",
        (true, true) => "enabling",
        (false, true) => "disabling",
        (on, false) => switch(on),
    }
}

/// What automatic failover is being turned to, if it is.
fn turning(group: &ReplicationGroup) -> Option<bool> {
    group.changes.iter().rev().find_map(|change| match change {
        GroupChange::AutomaticFailover(on) => Some(*on),
        GroupChange::EngineVersion(..)
        | GroupChange::NodeType(..)
        | GroupChange::ReplicaCount(..)
        | GroupChange::NodeGroupCount(..)
        | GroupChange::Promotion(_)
        | GroupChange::UserGroup(..)
        | GroupChange::AuthToken(_)
        | GroupChange::ClusterMode(..)
        | GroupChange::ServiceUpdate(_)
        | GroupChange::TransitEncryption(..) => None,
    })
}

/// All that are wished for, those still being made included; and as long as a change is under way those that it takes away.
fn member_ids(group: &ReplicationGroup, status: Status) -> Vec<String> {
    told_members(group, status)
        .map(|member| member.spec.cache_cluster_id.clone())
        .collect()
}

fn told_members(group: &ReplicationGroup, status: Status) -> impl Iterator<Item = &CacheCluster> {
    group
        .members
        .iter()
        .filter(move |member| member.deletion_requested_at.is_none() || status == Status::Modifying)
}

fn node_groups(cx: &Context, group: &ReplicationGroup, status: Status) -> Vec<NodeGroup> {
    match (cluster_mode(group), &group.sharding) {
        (ClusterMode::Disabled | ClusterMode::Compatible, _) | (_, None) => {
            vec![node_group(cx, group, status)]
        }
        (ClusterMode::Enabled, Some(sharding)) => {
            // One whose slots have all moved is gone for whoever asks; its nodes stay a little for clients that do not know yet.
            let shards = sharding.node_groups.iter();
            let shards = shards.filter(|one| one.drained_at.is_none());
            shards.map(|one| shard(group, one, status)).collect()
        }
    }
}

/// With cluster mode enabled clients learn from the nodes who serves what; nothing is told of roles and endpoints (recorded, behaviour.md
/// section 4).
fn shard(group: &ReplicationGroup, shard: &Shard, status: Status) -> NodeGroup {
    let members = group.shard_members(shard.id).map(|(_, member)| member);
    let members = members
        .filter(|member| member.available_at.is_some())
        .map(|member| {
            let node = member.nodes.first();
            NodeGroupMember {
                cache_cluster_id: Some(member.spec.cache_cluster_id.clone()),
                cache_node_id: node.map(|node| node.cache_node_id.clone()),
                preferred_availability_zone: node.map(|node| node.zone.clone()),
                ..NodeGroupMember::default()
            }
        });
    NodeGroup {
        node_group_id: Some(shard.id.to_string()),
        status: Some(node_group_status(status).word().to_owned()),
        slots: Some(shard.slots_served.to_string()),
        node_group_members: Some(members.collect()),
        ..NodeGroup::default()
    }
}

/// A node group has no word for snapshots: it is available meanwhile (behaviour.md section 6).
fn node_group_status(status: Status) -> Status {
    match status {
        Status::Snapshotting => Status::Available,
        other => other,
    }
}

fn node_group(cx: &Context, group: &ReplicationGroup, status: Status) -> NodeGroup {
    let members = told_members(group, status)
        .filter(|member| member.available_at.is_some())
        .map(|member| node_group_member(cx, group, member));
    NodeGroup {
        node_group_id: Some(NODE_GROUP_ID.to_owned()),
        status: Some(node_group_status(status).word().to_owned()),
        primary_endpoint: moving_endpoint(cx, group, &group.primary_endpoint),
        reader_endpoint: moving_endpoint(cx, group, &group.reader_endpoint),
        node_group_members: Some(members.collect()),
        ..NodeGroup::default()
    }
}

fn node_group_member(
    cx: &Context,
    group: &ReplicationGroup,
    member: &CacheCluster,
) -> NodeGroupMember {
    let node = member.nodes.first();
    let role = match group.is_recorded_primary(member) {
        true => "primary",
        false => "replica",
    };
    NodeGroupMember {
        cache_cluster_id: Some(member.spec.cache_cluster_id.clone()),
        cache_node_id: node.map(|node| node.cache_node_id.clone()),
        read_endpoint: node.and_then(|node| node_endpoint(cx, member, node)),
        preferred_availability_zone: node.map(|node| node.zone.clone()),
        current_role: Some(role.to_owned()),
        ..NodeGroupMember::default()
    }
}

fn moving_endpoint(
    cx: &Context,
    group: &ReplicationGroup,
    chosen: &MovingEndpoint,
) -> Option<Endpoint> {
    match (chosen.published_port, chosen.address) {
        (Some(port), _) => Some(endpoint(cx.presentation.advertise_host.clone(), port)),
        (None, Some(address)) => Some(endpoint(address.to_string(), group.spec.port)),
        (None, None) => None,
    }
}

/// The member that snapshots are taken from, once automatic ones are on: the one that was named, else the first replica, so that the
/// primary is spared, else the primary.
fn snapshotting_cluster_id(group: &ReplicationGroup) -> Option<String> {
    if group.spec.snapshot_retention_days == 0 {
        return None;
    }
    let named = group.spec.snapshotting_cluster_id.as_deref();
    let chosen = group
        .wished_members()
        .find(|member| named == Some(member.spec.cache_cluster_id.as_str()))
        .or_else(|| {
            group
                .wished_members()
                .find(|member| !group.is_primary(member))
        })
        .or_else(|| group.wished_members().next());
    chosen.map(|member| member.spec.cache_cluster_id.clone())
}

/// The shape has no room for a node type or a version that waits; the members tell of those.
fn pending(group: &ReplicationGroup) -> ReplicationGroupPendingModifiedValues {
    let promotion = group.changes.iter().find_map(|change| match change {
        GroupChange::Promotion(id) => Some(id.clone()),
        GroupChange::EngineVersion(..)
        | GroupChange::NodeType(..)
        | GroupChange::ReplicaCount(..)
        | GroupChange::NodeGroupCount(..)
        | GroupChange::AutomaticFailover(_)
        | GroupChange::UserGroup(..)
        | GroupChange::AuthToken(_)
        | GroupChange::ClusterMode(..)
        | GroupChange::ServiceUpdate(_)
        | GroupChange::TransitEncryption(..) => None,
    });
    let user_groups = group.changes.iter().rev().find_map(|change| match change {
        GroupChange::UserGroup(from, to) => Some(UserGroupsUpdateStatus {
            user_group_ids_to_add: Some(to.iter().cloned().collect()),
            user_group_ids_to_remove: Some(from.iter().cloned().collect()),
        }),
        GroupChange::EngineVersion(..)
        | GroupChange::NodeType(..)
        | GroupChange::ReplicaCount(..)
        | GroupChange::AutomaticFailover(_)
        | GroupChange::NodeGroupCount(..)
        | GroupChange::Promotion(_)
        | GroupChange::AuthToken(_)
        | GroupChange::ClusterMode(..)
        | GroupChange::ServiceUpdate(_)
        | GroupChange::TransitEncryption(..) => None,
    });
    let encryption = encryption_change(group).map(|(_, to)| to);
    ReplicationGroupPendingModifiedValues {
        auth_token_status: auth_token_status(group),
        primary_cluster_id: group.pending.primary_cluster_id.clone().or(promotion),
        automatic_failover_status: turning(group).map(|on| switch(on).to_owned()),
        resharding: resharding(group),
        cluster_mode: (cluster_mode(group) != group.spec.cluster_mode)
            .then(|| group.spec.cluster_mode.word().to_owned()),
        user_groups,
        transit_encryption_enabled: encryption.map(|to| to.is_some()),
        transit_encryption_mode: encryption.flatten().map(|mode| mode.word().to_owned()),
        log_delivery_configurations: log_delivery::pending(&group.log_deliveries),
    }
}

/// How encryption in transit was, and how it shall be, while members are brought to it.
fn encryption_change(
    group: &ReplicationGroup,
) -> Option<(Option<TransitEncryptionMode>, Option<TransitEncryptionMode>)> {
    group.changes.iter().rev().find_map(|change| match change {
        GroupChange::TransitEncryption(from, to) => Some((*from, *to)),
        _ => None,
    })
}

/// What is being done to the AUTH tokens, as long as not every node has them.
fn auth_token_status(group: &ReplicationGroup) -> Option<String> {
    group.changes.iter().rev().find_map(|change| match change {
        GroupChange::AuthToken(AuthTokenStrategy::Rotate) => Some("ROTATING".to_owned()),
        GroupChange::AuthToken(AuthTokenStrategy::Set) => Some("SETTING".to_owned()),
        _ => None,
    })
}

/// How far slots have moved that a change of the node groups moves.
fn resharding(group: &ReplicationGroup) -> Option<ReshardingStatus> {
    let progress = group.sharding.as_ref()?.progress_percent()?;
    (group.generation != group.observed_generation).then_some(ReshardingStatus {
        slot_migration: Some(SlotMigration {
            progress_percentage: Some(progress),
        }),
    })
}
