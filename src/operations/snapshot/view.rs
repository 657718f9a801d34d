//! A snapshot as it is told.

use aws_smithy_types::DateTime;
use cacheplane_api::shapes::{NodeGroupConfiguration, NodeSnapshot, Snapshot as SnapshotShape};

use crate::resources::arn::{ResourceType, arn};
use crate::resources::snapshot::{Snapshot, SnapshotPart};
use crate::resources::timestamp::Timestamp;

/// The wire form of `snapshot`; node groups' layouts only if they are asked for.
pub(super) fn view(snapshot: &Snapshot, show_node_groups: bool) -> SnapshotShape {
    let description = &snapshot.description;
    let group = description.group.as_ref();
    let is_cluster = group.is_none();
    let zone = snapshot.parts.first().and_then(|part| part.zones.first());
    let parts = snapshot
        .parts
        .iter()
        .map(|part| part_view(part, is_cluster, show_node_groups, description.created_at));
    SnapshotShape {
        snapshot_name: Some(snapshot.name.clone()),
        replication_group_id: snapshot.source.replication_group_id.clone(),
        replication_group_description: group.map(|group| group.description.clone()),
        cache_cluster_id: snapshot.source.cache_cluster_id.clone(),
        snapshot_status: Some(snapshot.status().word().to_owned()),
        snapshot_source: Some(snapshot.kind.word().to_owned()),
        cache_node_type: Some(description.node_type.name.to_owned()),
        engine: Some(description.engine_version.engine.name().to_owned()),
        engine_version: Some(description.engine_version.reported_version.to_owned()),
        num_cache_nodes: is_cluster.then_some(1),
        preferred_availability_zone: zone.filter(|_| is_cluster).cloned(),
        cache_cluster_create_time: description.created_at.map(date_time),
        preferred_maintenance_window: Some(description.maintenance_window.to_string()),
        topic_arn: description.topic_arn.clone(),
        port: Some(description.port.into()),
        cache_parameter_group_name: Some(description.parameter_group_name.clone()),
        cache_subnet_group_name: Some(description.subnet_group_name.clone()),
        vpc_id: Some(description.vpc_id.clone()).filter(|id| !id.is_empty()),
        auto_minor_version_upgrade: Some(description.auto_minor_version_upgrade),
        snapshot_retention_limit: i32::try_from(description.retention_days).ok(),
        snapshot_window: description
            .snapshot_window
            .as_ref()
            .map(ToString::to_string),
        num_node_groups: group.and_then(|_| i32::try_from(snapshot.parts.len()).ok()),
        automatic_failover: group.map(|group| {
            let word = if group.automatic_failover {
                "enabled"
            } else {
                "disabled"
            };
            word.to_owned()
        }),
        node_snapshots: Some(parts.collect()),
        arn: Some(arn(&snapshot.scope, ResourceType::Snapshot, &snapshot.name)),
        data_tiering: Some("disabled".to_owned()),
        ..SnapshotShape::default()
    }
}

fn part_view(
    part: &SnapshotPart,
    is_cluster: bool,
    show_node_groups: bool,
    cluster_created_at: Option<Timestamp>,
) -> NodeSnapshot {
    let taken = part.taken.as_ref();
    let is_told = is_cluster || taken.is_some();
    NodeSnapshot {
        cache_cluster_id: part
            .cache_cluster_id
            .clone()
            .filter(|_| !is_cluster && taken.is_some()),
        node_group_id: (!is_cluster).then(|| part.node_group.to_string()),
        cache_node_id: is_told.then(|| "0001".to_owned()),
        node_group_configuration: show_node_groups.then(|| configuration(part)),
        // Empty until it is known, as on AWS.
        cache_size: Some(taken.map_or_else(String::new, |taken| size(taken.size_bytes))),
        cache_node_create_time: part
            .node_created_at
            .or(cluster_created_at)
            .filter(|_| is_told)
            .map(date_time),
        snapshot_create_time: taken.map(|taken| date_time(taken.taken_at)),
    }
}

fn configuration(part: &SnapshotPart) -> NodeGroupConfiguration {
    let replicas = part.zones.get(1..).unwrap_or_default();
    NodeGroupConfiguration {
        node_group_id: Some(part.node_group.to_string()),
        slots: Some(match &part.slots {
            Some(slots) => slots.to_string(),
            None => "0-16383".to_owned(),
        }),
        replica_count: i32::try_from(replicas.len()).ok(),
        primary_availability_zone: part.zones.first().cloned(),
        replica_availability_zones: Some(replicas.to_vec()),
        ..NodeGroupConfiguration::default()
    }
}

/// AWS's form: whole megabytes, and an empty cache has some too.
fn size(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}

/// Recorded without milliseconds.
fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_millis().div_euclid(1000))
}
