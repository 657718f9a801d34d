//! A cache cluster as it is told; the same for every operation that answers with one.

use aws_smithy_types::DateTime;
use cacheplane_api::shapes::{
    CacheCluster as CacheClusterShape, CacheNode as CacheNodeShape, CacheParameterGroupStatus,
    Endpoint, NotificationConfiguration, PendingModifiedValues, SecurityGroupMembership,
};

use super::super::Context;
use super::super::log_delivery;
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_cluster::{CacheCluster, CacheNode, Notification};
use crate::resources::pending::{Pending, PendingNodes};
use crate::resources::status;
use crate::resources::timestamp::Timestamp;

/// Where AWS's console keeps client libraries; clients show it and nobody follows it.
const LANDING_PAGE: &str = "https://console.aws.amazon.com/elasticache/home#client-download:";

/// What zone a cache cluster is in whose nodes are in several (Terraform compares with this very word).
const MULTIPLE_ZONES: &str = "Multiple";

/// The wire form of `cluster`; nodes only if they are asked for, and only once there are some to tell of.
pub(in crate::operations) fn view(
    cx: &Context,
    cluster: &CacheCluster,
    show_nodes: bool,
) -> CacheClusterShape {
    let spec = &cluster.spec;
    let is_told = cluster.available_at.is_some() && cluster.deletion_requested_at.is_none();
    let snapshots = spec.engine().speaks_resp();
    let membership = cluster.membership.as_ref();
    let logs = &cluster.log_deliveries;
    let auth_token_changed_at = membership.and_then(|group| group.auth_token_changed_at);
    CacheClusterShape {
        cache_cluster_id: Some(spec.cache_cluster_id.clone()),
        configuration_endpoint: configuration_endpoint(cx, cluster).filter(|_| is_told),
        client_download_landing_page: Some(LANDING_PAGE.to_owned()),
        cache_node_type: Some(spec.node_type.name.to_owned()),
        engine: Some(spec.engine().name().to_owned()),
        engine_version: Some(spec.engine_version.reported_version.to_owned()),
        cache_cluster_status: Some(status::cache_cluster(cluster).word().to_owned()),
        num_cache_nodes: i32::try_from(cluster.wished_node_count()).ok(),
        preferred_availability_zone: zone(cluster),
        cache_cluster_create_time: cluster.available_at.map(date_time),
        preferred_maintenance_window: Some(spec.maintenance_window.to_string()),
        pending_modified_values: Some(pending(&cluster.pending, cluster)),
        notification_configuration: spec.notification.as_ref().map(notification),
        cache_security_groups: Some(Vec::new()),
        cache_parameter_group: Some(parameter_group(cluster)),
        cache_subnet_group_name: Some(spec.subnet_group_name.clone()),
        cache_nodes: (show_nodes && is_told).then(|| {
            cluster
                .nodes
                .iter()
                .map(|node| node_view(cx, cluster, node))
                .collect()
        }),
        auto_minor_version_upgrade: Some(spec.auto_minor_version_upgrade),
        security_groups: Some(security_groups(&spec.security_group_ids)),
        snapshot_retention_limit: snapshots
            .then(|| i32::try_from(spec.snapshot_retention_days).unwrap_or(0)),
        snapshot_window: spec.snapshot_window.as_ref().map(ToString::to_string),
        auth_token_enabled: Some(auth_token_changed_at.is_some()),
        auth_token_last_modified_date: auth_token_changed_at.map(date_time),
        transit_encryption_enabled: Some(spec.transit_encryption.is_some()),
        transit_encryption_mode: spec.transit_encryption.map(|mode| mode.word().to_owned()),
        at_rest_encryption_enabled: Some(
            cluster
                .membership
                .as_ref()
                .is_some_and(|group| group.at_rest_encryption),
        ),
        arn: Some(arn(
            &cluster.scope,
            ResourceType::Cluster,
            &spec.cache_cluster_id,
        )),
        replication_group_id: cluster
            .membership
            .as_ref()
            .map(|group| group.replication_group_id.clone()),
        replication_group_log_delivery_enabled: Some(membership.is_some() && !logs.is_empty()),
        log_delivery_configurations: Some(match membership {
            // They stand with the group.
            Some(_) => Vec::new(),
            None => log_delivery::view(logs),
        }),
        network_type: Some("ipv4".to_owned()),
        ip_discovery: Some("ipv4".to_owned()),
        ..CacheClusterShape::default()
    }
}

fn parameter_group(cluster: &CacheCluster) -> CacheParameterGroupStatus {
    let to_reboot = cluster
        .nodes
        .iter()
        .filter(|node| cluster.needs_reboot(node))
        .map(|node| node.cache_node_id.clone());
    CacheParameterGroupStatus {
        cache_parameter_group_name: Some(cluster.spec.parameter_group_name.clone()),
        parameter_apply_status: Some(status::parameters(cluster).to_owned()),
        cache_node_ids_to_reboot: Some(to_reboot.collect()),
    }
}

fn notification(topic: &Notification) -> NotificationConfiguration {
    NotificationConfiguration {
        topic_arn: Some(topic.topic_arn.clone()),
        topic_status: Some(if topic.active { "active" } else { "inactive" }.to_owned()),
    }
}

fn security_groups(ids: &[String]) -> Vec<SecurityGroupMembership> {
    ids.iter()
        .map(|id| SecurityGroupMembership {
            security_group_id: Some(id.clone()),
            status: Some("active".to_owned()),
        })
        .collect()
}

fn node_view(cx: &Context, cluster: &CacheCluster, node: &CacheNode) -> CacheNodeShape {
    // One that is on its way is told of without endpoint and time, as on AWS.
    let endpoint = node.ready_at.and_then(|_| node_endpoint(cx, cluster, node));
    CacheNodeShape {
        cache_node_id: Some(node.cache_node_id.clone()),
        cache_node_status: Some(status::cache_node(cluster, node).to_owned()),
        cache_node_create_time: node.ready_at.map(date_time),
        endpoint,
        parameter_group_status: Some(status::parameters_of_node(cluster, node).to_owned()),
        customer_availability_zone: Some(node.zone.clone()),
        ..CacheNodeShape::default()
    }
}

/// Where a node answers.
pub(in crate::operations) fn node_endpoint(
    cx: &Context,
    cluster: &CacheCluster,
    node: &CacheNode,
) -> Option<Endpoint> {
    match (node.published_port, node.address) {
        (Some(port), _) => Some(endpoint(cx.presentation.advertise_host.clone(), port)),
        (None, Some(address)) => Some(endpoint(address.to_string(), cluster.spec.port)),
        (None, None) => None,
    }
}

fn configuration_endpoint(cx: &Context, cluster: &CacheCluster) -> Option<Endpoint> {
    let chosen = &cluster.configuration_endpoint;
    match (chosen.published_port, chosen.address) {
        (Some(port), _) => Some(endpoint(cx.presentation.advertise_host.clone(), port)),
        (None, Some(address)) => Some(endpoint(address.to_string(), cluster.spec.port)),
        (None, None) => None,
    }
}

pub(in crate::operations) fn endpoint(address: String, port: u16) -> Endpoint {
    Endpoint {
        address: Some(address),
        port: Some(i32::from(port)),
    }
}

fn zone(cluster: &CacheCluster) -> Option<String> {
    let mut zones = cluster.wished_nodes().map(|node| &node.zone);
    let first = zones.next()?;
    Some(match zones.any(|zone| zone != first) {
        true => MULTIPLE_ZONES.to_owned(),
        false => first.clone(),
    })
}

fn pending(pending: &Pending, cluster: &CacheCluster) -> PendingModifiedValues {
    let current = cluster.wished_node_count();
    let (node_count, removals) = match &pending.nodes {
        Some(PendingNodes::Add(zones)) => (
            Some(current + u32::try_from(zones.len()).unwrap_or(0)),
            None,
        ),
        Some(PendingNodes::Remove(ids)) => {
            let left = current.saturating_sub(u32::try_from(ids.len()).unwrap_or(0));
            (Some(left), Some(ids.clone()))
        }
        None => (None, None),
    };
    // A member waits with its group.
    let group = cluster.membership.as_ref();
    let engine_version = group
        .and_then(|group| group.pending_engine_version)
        .or(pending.engine_version);
    let node_type = group
        .and_then(|group| group.pending_node_type)
        .or(pending.node_type);
    PendingModifiedValues {
        num_cache_nodes: node_count.and_then(|count| i32::try_from(count).ok()),
        cache_node_ids_to_remove: removals,
        engine_version: engine_version.map(|version| version.version.to_owned()),
        cache_node_type: node_type.map(|node_type| node_type.name.to_owned()),
        log_delivery_configurations: match group {
            Some(_) => None,
            None => log_delivery::pending(&cluster.log_deliveries),
        },
        ..PendingModifiedValues::default()
    }
}

fn date_time(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millis())
}
