//! ModifyCacheCluster.

use cacheplane_api::Fault;
use cacheplane_api::shapes::{ModifyCacheClusterMessage, ModifyCacheClusterResult};

use super::super::Context;
use super::super::faults::{
    fault_of, internal, invalid_combination, invalid_value, node_quota, not_supported,
};
use super::super::log_delivery;
use super::super::node_type::refuse_unlisted;
use super::super::spec::{
    NamedGroup, given, has_entries, named_group, network, no_cache_security_groups, node_type,
    notification, notification_status, parameter_group, parameter_groups, security_groups,
    snapshot_retention,
};
use super::super::subnet_group;
use super::spec::{az_mode, memcached_node_count, no_snapshot_window};
use super::{STALE_TRIES, contended, demand, find, view};
use crate::datastore::Error as StoreError;
use crate::resources::cache_cluster::{AzMode, CacheCluster, Change};
use crate::resources::engine::{self, Engine, EngineVersion};
use crate::resources::event::Event;
use crate::resources::log_delivery::wish;
use crate::resources::node_type::NodeType;
use crate::resources::pending::{self, Modification, NodeCountRequest, PendingNodes};
use crate::resources::status::Operation;
use crate::resources::window::{MaintenanceWindow, SnapshotWindow, check_apart};
use crate::resources::zones::Zones;

/// ModifyCacheCluster. Engine version, node type and number of nodes wait for the maintenance window unless they are to be
/// applied immediately; everything else acts at once.
///
/// # Errors
/// `CacheClusterNotFound`; `InvalidCacheClusterState` unless available; quota faults; `InvalidParameterValue` and
/// `InvalidParameterCombination` as AWS has them.
pub async fn modify_cache_cluster(
    cx: &Context,
    input: ModifyCacheClusterMessage,
) -> Result<ModifyCacheClusterResult, Fault> {
    let named = named_group(cx, input.cache_parameter_group_name.as_deref()).await?;
    for _ in 0..STALE_TRIES {
        let before = find(cx, &input.cache_cluster_id).await?;
        refuse_member(&before)?;
        let mut after = before.clone();
        let events = if let Some(wish) = held_up(&input, &before) {
            settle(cx, wish, &mut after)
        } else {
            demand(&before, Operation::Modify)?;
            let name = &before.spec.subnet_group_name;
            let zones = subnet_group::find(cx, name).await?.zones();
            modify(cx, &input, named.as_ref(), &zones, &mut after)?
        };
        let stored = if after == before {
            Ok(before)
        } else {
            cx.datastore
                .cache_cluster_request(&after, &events, cx.presentation.node_quota)
                .await
        };
        match stored {
            Ok(cluster) => {
                cx.activators.cache_cluster.wake();
                cx.activators.log.wake();
                cx.activators.maintenance.wake();
                return Ok(ModifyCacheClusterResult {
                    cache_cluster: Some(view::view(cx, &cluster, true)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(StoreError::TooManyNodes(quota)) => return Err(node_quota(quota)),
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// What shall become of a change that does not come to its end. AWS has no word on either.
enum Unsettled {
    /// The same again.
    Retry,
    /// What was there before.
    GiveUp,
}

/// What a request means for a cache cluster that does not come up as what is wished of it; none where it means something else.
fn held_up(input: &ModifyCacheClusterMessage, cluster: &CacheCluster) -> Option<Unsettled> {
    let known = ModifyCacheClusterMessage {
        cache_cluster_id: input.cache_cluster_id.clone(),
        engine: input.engine.clone(),
        engine_version: input.engine_version.clone(),
        cache_node_type: input.cache_node_type.clone(),
        apply_immediately: input.apply_immediately,
        ..ModifyCacheClusterMessage::default()
    };
    let version = given(input.engine_version.as_deref());
    let node_type = given(input.cache_node_type.as_deref());
    if !cluster.is_held_up() || *input != known || (version.is_none() && node_type.is_none()) {
        return None;
    }
    let spec = &cluster.spec;
    let is_same = version.is_none_or(|it| it == spec.engine_version.version)
        && node_type.is_none_or(|it| it == spec.node_type.name);
    if is_same {
        return Some(Unsettled::Retry);
    }
    let former = |change: &Change| match change {
        Change::EngineVersion(from, _) => version == Some(from.as_str()),
        Change::NodeType(from, _) => node_type == Some(from.as_str()),
        Change::NodeCount(..) | Change::ParameterGroup(..) => false,
    };
    cluster
        .changes
        .iter()
        .any(former)
        .then_some(Unsettled::GiveUp)
}

fn settle(cx: &Context, wish: Unsettled, cluster: &mut CacheCluster) -> Vec<Event> {
    match wish {
        Unsettled::Retry => {
            // Another container: what it was made from may be mended by now.
            cluster.replace_nodes();
            Vec::new()
        }
        Unsettled::GiveUp => {
            let reason = cluster.blocked_by.clone().unwrap_or_default();
            let undone = cluster.undo_changes();
            let event = |text| {
                Event::of_cache_cluster(&cluster.spec.cache_cluster_id, text, cx.clock.now())
            };
            let texts = undone.iter().filter_map(|change| change.failure(&reason));
            texts.map(event).collect()
        }
    }
}

/// What is wished of a member stands with its group.
fn refuse_member(cluster: &CacheCluster) -> Result<(), Fault> {
    match &cluster.membership {
        None => Ok(()),
        Some(group) => Err(invalid_value(format!(
            "The cache cluster {} is a member of replication group {}. Use ModifyReplicationGroup.",
            cluster.spec.cache_cluster_id, group.replication_group_id
        ))),
    }
}

/// Takes the whole request into the wish, or refuses it whole.
fn modify(
    cx: &Context,
    input: &ModifyCacheClusterMessage,
    named: Option<&NamedGroup>,
    zones: &Zones,
    cluster: &mut CacheCluster,
) -> Result<Vec<Event>, Fault> {
    refuse_unsupported(input)?;
    let mut events = Vec::new();
    let now = cx.clock.now();
    let id = cluster.spec.cache_cluster_id.clone();
    let mut tell = |message: String| events.push(Event::of_cache_cluster(&id, message, now));
    modify_windows(input, cluster)?;
    modify_notification(input, cluster)?;
    modify_az_mode(input, cluster)?;
    if has_entries(input.security_group_ids.as_ref()) {
        let groups = security_groups(input.security_group_ids.as_ref(), &cx.scope)?;
        if cluster.spec.security_group_ids != groups {
            tell("Applied change to security group".to_owned());
        }
        cluster.spec.security_group_ids = groups;
    }
    if let Some(upgrade) = input.auto_minor_version_upgrade {
        cluster.spec.auto_minor_version_upgrade = upgrade;
    }
    if let Some(days) = input.snapshot_retention_limit {
        cluster.spec.snapshot_retention_days =
            snapshot_retention(Some(days), cluster.spec.engine())?;
    }
    let engine_version = wanted_version(input, cluster)?;
    let spec = &cluster.spec;
    let current = (spec.parameter_group_name.as_str(), spec.engine_version);
    let (group, parameter_group_name) =
        parameter_groups(named, current, engine_version, parameter_group)?;
    if let Some(name) = group {
        tell(format!("Updated to use a CacheParameterGroup {name}"));
        cluster.spec.parameter_group_name = name;
    }
    let modification = Modification {
        engine_version,
        parameter_group_name,
        node_type: wanted_node_type(input, cluster)?,
        nodes: wanted_nodes(zones, input, cluster)?,
        apply_immediately: input.apply_immediately.unwrap_or(false),
    };
    let logs = input.log_delivery_configurations.as_ref();
    let version = cluster.spec.engine_version;
    let wishes = log_delivery::changes(logs, version, input.apply_immediately)?;
    wish(&mut cluster.log_deliveries, wishes, now);
    let requested_before = requested_nodes(cluster);
    pending::modify(cluster, modification).map_err(fault_of)?;
    if requested_nodes(cluster) > requested_before {
        tell("Increasing number of requested nodes".to_owned());
    }
    Ok(events)
}

/// How many nodes there shall be, those that wait to be added included. What waits and is then made at once has been told of.
fn requested_nodes(cluster: &CacheCluster) -> usize {
    let waiting = match &cluster.pending.nodes {
        Some(PendingNodes::Add(zones)) => zones.len(),
        Some(PendingNodes::Remove(_)) | None => 0,
    };
    cluster.wished_nodes().count() + waiting
}

fn modify_windows(
    input: &ModifyCacheClusterMessage,
    cluster: &mut CacheCluster,
) -> Result<(), Fault> {
    if let Some(text) = given(input.preferred_maintenance_window.as_deref()) {
        cluster.spec.maintenance_window = MaintenanceWindow::parse(text).map_err(fault_of)?;
    }
    if let Some(text) = given(input.snapshot_window.as_deref()) {
        if !cluster.spec.engine().speaks_resp() {
            return Err(no_snapshot_window());
        }
        cluster.spec.snapshot_window = Some(SnapshotWindow::parse(text).map_err(fault_of)?);
    }
    match &cluster.spec.snapshot_window {
        Some(snapshot) => check_apart(&cluster.spec.maintenance_window, snapshot).map_err(fault_of),
        None => Ok(()),
    }
}

/// An empty topic takes the topic away; Terraform sends it so, with the status `inactive`.
fn modify_notification(
    input: &ModifyCacheClusterMessage,
    cluster: &mut CacheCluster,
) -> Result<(), Fault> {
    if let Some(topic) = input.notification_topic_arn.as_deref() {
        cluster.spec.notification = notification(Some(topic))?;
    }
    notification_status(
        input.notification_topic_status.as_deref(),
        cluster.spec.notification.as_mut(),
    )
}

fn modify_az_mode(
    input: &ModifyCacheClusterMessage,
    cluster: &mut CacheCluster,
) -> Result<(), Fault> {
    let Some(mode) = az_mode(input.az_mode.as_deref())? else {
        return Ok(());
    };
    let wanted = input
        .num_cache_nodes
        .unwrap_or_default()
        .max(i32::try_from(cluster.wished_node_count()).unwrap_or(0));
    if mode == AzMode::CrossAz && wanted < 2 {
        return Err(invalid_combination(
            "Must specify at least two cache nodes in order to specify AZ Mode of 'cross-az'.",
        ));
    }
    let spread = {
        let mut zones = cluster.wished_nodes().map(|node| &node.zone);
        let first = zones.next();
        zones.any(|zone| Some(zone) != first)
    };
    if mode == AzMode::SingleAz && spread {
        return Err(invalid_combination(
            "AZMode cannot be single-az while cache nodes are located in different availability zones.",
        ));
    }
    cluster.spec.az_mode = mode;
    Ok(())
}

fn wanted_version(
    input: &ModifyCacheClusterMessage,
    cluster: &CacheCluster,
) -> Result<Option<&'static EngineVersion>, Fault> {
    let current = cluster.spec.engine_version;
    if let Some(name) = given(input.engine.as_deref()) {
        match Engine::parse(name) {
            Some(engine) if engine == current.engine => {}
            Some(Engine::Valkey) if current.engine == Engine::Redis => {
                return Err(invalid_value(
                    "This API doesn't support Valkey engine. Please use CreateReplicationGroup API for Valkey cluster creation.",
                ));
            }
            _ => {
                return Err(invalid_combination(format!(
                    "Cannot modify {} to {name}",
                    current.engine.name()
                )));
            }
        }
    }
    let Some(text) = given(input.engine_version.as_deref()) else {
        return Ok(None);
    };
    let wanted = engine::resolve_known(current.engine, Some(text)).map_err(fault_of)?;
    engine::may_upgrade(current, wanted).map_err(fault_of)?;
    Ok(Some(wanted))
}

fn wanted_node_type(
    input: &ModifyCacheClusterMessage,
    cluster: &CacheCluster,
) -> Result<Option<&'static NodeType>, Fault> {
    if given(input.cache_node_type.as_deref()).is_none() {
        return Ok(None);
    }
    let wanted = node_type(input.cache_node_type.as_deref())?;
    let current = cluster.spec.node_type;
    refuse_unlisted(current, wanted, cluster.spec.engine_version)?;
    Ok(Some(wanted))
}

fn wanted_nodes(
    choice: &Zones,
    input: &ModifyCacheClusterMessage,
    cluster: &CacheCluster,
) -> Result<Option<NodeCountRequest>, Fault> {
    let remove = input.cache_node_ids_to_remove.clone().unwrap_or_default();
    let new_zones = input.new_availability_zones.clone().unwrap_or_default();
    choice.check(&new_zones).map_err(fault_of)?;
    let Some(wanted) = input.num_cache_nodes else {
        if !remove.is_empty() || !new_zones.is_empty() {
            return Err(invalid_combination(
                "NumCacheNodes must be provided with CacheNodeIdsToRemove and NewAvailabilityZones.",
            ));
        }
        return Ok(None);
    };
    if cluster.spec.engine() != Engine::Memcached {
        if wanted != 1 {
            return Err(invalid_value(format!(
                "NumCacheNodes should be 1 if engine is {}",
                cluster.spec.engine().name()
            )));
        }
        return Ok(None);
    }
    let distinct = new_zones
        .iter()
        .any(|zone| cluster.wished_nodes().any(|node| node.zone != *zone));
    if distinct && cluster.spec.az_mode == AzMode::SingleAz {
        return Err(invalid_combination(
            "NewAvailabilityZones must be the zone of the existing cache nodes when AZMode is single-az.",
        ));
    }
    Ok(Some(NodeCountRequest {
        node_count: memcached_node_count(wanted)?,
        remove,
        zones: new_zones,
        choice: choice.clone(),
    }))
}

/// What we do not have yet is refused by name.
fn refuse_unsupported(input: &ModifyCacheClusterMessage) -> Result<(), Fault> {
    no_cache_security_groups(input.cache_security_group_names.as_ref())?;
    if input.auth_token.is_some() || input.auth_token_update_strategy.is_some() {
        return Err(invalid_value(
            "The AUTH token is only supported when encryption-in-transit is enabled",
        ));
    }
    if input.scale_config.is_some() {
        return Err(not_supported("ScaleConfig"));
    }
    network(None, input.ip_discovery.as_deref())
}
