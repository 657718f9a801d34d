//! CreateReplicationGroup with PrimaryClusterId: a cache cluster that is there becomes the first member.
//!
//! Engine, version, node type, port and subnet group are the cache cluster's. Asking for the very same is no
//! contradiction; asking for another is refused. What acts at once anyway may be given anew.

use cacheplane_api::shapes::CreateReplicationGroupMessage;
use cacheplane_api::{Fault, FaultCode};

use super::super::Context;
use super::super::cache_cluster;
use super::super::faults::{fault_of, internal, invalid_combination, not_supported};
use super::super::spec::{
    NamedGroup, given, has_entries, notification, security_groups, snapshot_retention,
};
use super::super::subnet_group;
use super::size;
use super::spec::{
    availability, cluster_mode, cluster_mode_disabled, description, engine, no_replication,
    refuse_global, refuse_unsupported,
};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_cluster::{CacheCluster, CacheClusterSpec};
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::id;
use crate::resources::replication_group::{ReplicationGroup, ReplicationGroupSpec};
use crate::resources::status::Operation;
use crate::resources::tag::Tag;
use crate::resources::window::{MaintenanceWindow, SnapshotWindow, check_apart};
use crate::resources::zones::Zones;

/// The group around the cache cluster called `primary_cluster_id`, and the tags of the group: `tags`, or the cache cluster's where
/// there are none.
pub(super) async fn group(
    cx: &Context,
    input: &CreateReplicationGroupMessage,
    named: Option<&NamedGroup>,
    primary_cluster_id: &str,
    tags: &[Tag],
) -> Result<(ReplicationGroup, Vec<Tag>), Fault> {
    let replication_group_id =
        id::replication_group_id(&input.replication_group_id).map_err(fault_of)?;
    let description = description(&input.replication_group_description)?;
    refuse_global(input)?;
    let cluster = candidate(cx, primary_cluster_id).await?;
    let name = &cluster.spec.subnet_group_name;
    let zones = subnet_group::find(cx, name).await?.zones();
    refuse_contradictions(&zones, input, named, &cluster)?;
    refuse_unsupported(input, cluster.spec.engine_version, cluster.spec.node_type)?;
    let mut spec = spec(cx, input, &cluster, replication_group_id, description)?;
    if let Some(named) = named {
        spec.parameter_group_name.clone_from(&named.name);
    }
    let tags = match tags.is_empty() {
        true => {
            let id = &cluster.spec.cache_cluster_id;
            let name = arn(&cx.scope, ResourceType::Cluster, id);
            cx.datastore.tag_list(&name).await.map_err(internal)?
        }
        false => tags.to_vec(),
    };
    let group = ReplicationGroup::around(cluster, spec, cx.clock.now());
    Ok((group, tags))
}

/// A cache cluster that can become a member now.
async fn candidate(cx: &Context, id: &str) -> Result<CacheCluster, Fault> {
    let cluster = cache_cluster::find(cx, id).await?;
    if !cluster.spec.engine().speaks_resp() {
        return Err(no_replication());
    }
    let id = &cluster.spec.cache_cluster_id;
    let refuse = |text: String| Err(Fault::new(FaultCode::InvalidCacheClusterState, text));
    if let Some(membership) = &cluster.membership {
        return refuse(format!(
            "Cache cluster {id} is already a member of replication group {}.",
            membership.replication_group_id
        ));
    }
    cache_cluster::demand(&cluster, Operation::Modify)?;
    if !cluster.pending.is_empty() {
        return refuse(format!(
            "Cache cluster {id} has pending modifications. Apply or cancel them first."
        ));
    }
    Ok(cluster)
}

fn refuse_contradictions(
    choice: &Zones,
    input: &CreateReplicationGroupMessage,
    named: Option<&NamedGroup>,
    cluster: &CacheCluster,
) -> Result<(), Fault> {
    let spec = &cluster.spec;
    let zones = size::zones(choice, input, named)?;
    availability(input, &zones)?;
    if zones.len() > 1 {
        return Err(invalid_combination(
            "With PrimaryClusterId a replication group begins with one cache cluster. Add replicas when it is available.",
        ));
    }
    engine(input.engine.as_deref())?;
    let zone = cluster.nodes.first().map(|node| node.zone.as_str());
    let names_zone = has_entries(input.preferred_cache_cluster_azs.as_ref())
        || has_entries(input.node_group_configuration.as_ref());
    let differs = |text: &Option<String>, current: &str| {
        given(text.as_deref()).is_some_and(|text| !text.eq_ignore_ascii_case(current))
    };
    let version = given(input.engine_version.as_deref());
    let other = [
        ("Engine", differs(&input.engine, spec.engine().name())),
        (
            "EngineVersion",
            version.is_some_and(|version| {
                version != spec.engine_version.version
                    && version != spec.engine_version.reported_version
            }),
        ),
        (
            "CacheNodeType",
            differs(&input.cache_node_type, spec.node_type.name),
        ),
        (
            "Port",
            input.port.is_some_and(|port| port != i32::from(spec.port)),
        ),
        (
            "CacheSubnetGroupName",
            differs(&input.cache_subnet_group_name, &spec.subnet_group_name),
        ),
        (
            "PreferredCacheClusterAZs",
            names_zone && zones.first().map(String::as_str) != zone,
        ),
        (
            "AtRestEncryptionEnabled",
            input.at_rest_encryption_enabled == Some(true),
        ),
        (
            "TransitEncryptionEnabled",
            input.transit_encryption_enabled == Some(true) && spec.transit_encryption.is_none(),
        ),
        (
            "SnapshotName",
            given(input.snapshot_name.as_deref()).is_some()
                || has_entries(input.snapshot_arns.as_ref())
                || given(input.serverless_cache_snapshot_name.as_deref()).is_some(),
        ),
    ];
    if cluster_mode(input.cluster_mode.as_deref())? == Some(ClusterMode::Compatible) {
        return Err(not_supported(
            "ClusterMode compatible with PrimaryClusterId",
        ));
    }
    cluster_mode_disabled(named, spec.engine_version)?;
    match other.iter().find(|(_, differs)| *differs) {
        Some((member, _)) => Err(invalid_combination(format!(
            "{member} is taken from the cache cluster that PrimaryClusterId names and cannot be another."
        ))),
        None => Ok(()),
    }
}

fn spec(
    cx: &Context,
    input: &CreateReplicationGroupMessage,
    cluster: &CacheCluster,
    replication_group_id: String,
    description: String,
) -> Result<ReplicationGroupSpec, Fault> {
    let old: CacheClusterSpec = cluster.spec.clone();
    let (maintenance_window, snapshot_window) = windows(input, &old)?;
    let security_group_ids = match has_entries(input.security_group_ids.as_ref()) {
        true => security_groups(input.security_group_ids.as_ref(), &cx.scope)?,
        false => old.security_group_ids,
    };
    let snapshot_retention_days = match input.snapshot_retention_limit {
        Some(days) => snapshot_retention(Some(days), old.engine_version.engine)?,
        None => old.snapshot_retention_days,
    };
    Ok(ReplicationGroupSpec {
        replication_group_id,
        description,
        engine_version: old.engine_version,
        node_type: old.node_type,
        port: old.port,
        cluster_mode: ClusterMode::Disabled,
        parameter_group_name: old.parameter_group_name,
        subnet_group_name: old.subnet_group_name,
        security_group_ids,
        maintenance_window,
        snapshot_window,
        snapshot_retention_days,
        snapshotting_cluster_id: None,
        notification: match notification(input.notification_topic_arn.as_deref())? {
            Some(topic) => Some(topic),
            None => old.notification,
        },
        auto_minor_version_upgrade: input
            .auto_minor_version_upgrade
            .unwrap_or(old.auto_minor_version_upgrade),
        automatic_failover: false,
        multi_az: false,
        at_rest_encryption: false,
        kms_key_id: None,
        transit_encryption: old.transit_encryption,
        guarded: false,
        iam: false,
        image: None,
        is_update_stopped: false,
    })
}

fn windows(
    input: &CreateReplicationGroupMessage,
    old: &CacheClusterSpec,
) -> Result<(MaintenanceWindow, SnapshotWindow), Fault> {
    let maintenance = match given(input.preferred_maintenance_window.as_deref()) {
        Some(text) => MaintenanceWindow::parse(text).map_err(fault_of)?,
        None => old.maintenance_window,
    };
    let snapshot = match (given(input.snapshot_window.as_deref()), old.snapshot_window) {
        (Some(text), _) => SnapshotWindow::parse(text).map_err(fault_of)?,
        (None, Some(window)) => window,
        // Only Memcached has none, and Memcached has been refused.
        (None, None) => return Err(no_replication()),
    };
    check_apart(&maintenance, &snapshot).map_err(fault_of)?;
    Ok((maintenance, snapshot))
}
