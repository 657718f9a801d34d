//! CreateCacheCluster's input as a valid spec.

use cacheplane_api::shapes::CreateCacheClusterMessage;
use cacheplane_api::{Fault, FaultCode};

use super::super::Context;
use super::super::faults::{fault_of, invalid_combination, invalid_value, missing, not_supported};
use super::super::spec::{
    NamedGroup, given, has_entries, network, no_cache_security_groups, node_type, notification,
    parameter_group, port, security_groups, snapshot_retention, windows,
};
use crate::resources::cache_cluster::{AzMode, CacheClusterSpec, MEMCACHED_NODES_MAX};
use crate::resources::engine::{self, Engine, EngineVersion};
use crate::resources::id;
use crate::resources::node_type::NodeType;
use crate::resources::subnet_group::SubnetGroup;
use crate::resources::transit_encryption::TransitEncryptionMode;
use crate::resources::zones::Zones;

/// A valid spec in `subnet_group`, and the zone of each node.
pub(super) fn spec(
    cx: &Context,
    input: &CreateCacheClusterMessage,
    named: Option<&NamedGroup>,
    subnet_group: SubnetGroup,
) -> Result<(CacheClusterSpec, Vec<String>), Fault> {
    let cache_cluster_id = id::cache_cluster_id(&input.cache_cluster_id).map_err(fault_of)?;
    let engine = engine(input.engine.as_deref())?;
    let engine_version =
        engine::resolve(engine, given(input.engine_version.as_deref())).map_err(fault_of)?;
    let node_type = node_type(input.cache_node_type.as_deref())?;
    node_type.may_be_created(engine_version).map_err(fault_of)?;
    let node_count = node_count(engine, input.num_cache_nodes)?;
    let (az_mode, node_zones) = placement(&subnet_group.zones(), input, engine, node_count)?;
    refuse_unsupported(input, engine_version, node_type)?;
    no_cache_security_groups(input.cache_security_group_names.as_ref())?;
    if !engine.speaks_resp() && given(input.snapshot_window.as_deref()).is_some() {
        return Err(no_snapshot_window());
    }
    let (maintenance_window, snapshot_window) = windows(
        &cx.scope,
        &cache_cluster_id,
        input.preferred_maintenance_window.as_deref(),
        input.snapshot_window.as_deref(),
    )?;
    let spec = CacheClusterSpec {
        port: port(input.port, engine)?,
        parameter_group_name: parameter_group(named, engine_version)?,
        subnet_group_name: subnet_group.name,
        security_group_ids: security_groups(input.security_group_ids.as_ref(), &cx.scope)?,
        maintenance_window,
        snapshot_window: engine.speaks_resp().then_some(snapshot_window),
        snapshot_retention_days: snapshot_retention(input.snapshot_retention_limit, engine)?,
        notification: notification(input.notification_topic_arn.as_deref())?,
        auto_minor_version_upgrade: input.auto_minor_version_upgrade.unwrap_or(true),
        guarded: false,
        iam: false,
        transit_encryption: (input.transit_encryption_enabled == Some(true))
            .then_some(TransitEncryptionMode::Required),
        cache_cluster_id,
        engine_version,
        node_type,
        az_mode,
    };
    Ok((spec, node_zones))
}

fn engine(name: Option<&str>) -> Result<Engine, Fault> {
    let name = given(name).ok_or_else(|| missing("Engine"))?;
    match Engine::parse(name) {
        Some(Engine::Valkey) => Err(invalid_value(
            "This API doesn't support Valkey engine. Please use CreateReplicationGroup API for Valkey cluster creation.",
        )),
        Some(engine) => Ok(engine),
        None => Err(invalid_value(format!("Invalid cache engine: {name}"))),
    }
}

fn node_count(engine: Engine, wanted: Option<i32>) -> Result<u32, Fault> {
    if engine != Engine::Memcached {
        return match wanted {
            None | Some(1) => Ok(1),
            Some(_) => Err(invalid_value(format!(
                "NumCacheNodes should be 1 if engine is {}",
                engine.name()
            ))),
        };
    }
    memcached_node_count(wanted.ok_or_else(|| missing("NumCacheNodes"))?)
}

/// A number of nodes that a Memcached cache cluster may have.
pub(super) fn memcached_node_count(wanted: i32) -> Result<u32, Fault> {
    match u32::try_from(wanted) {
        Ok(count) if (1..=MEMCACHED_NODES_MAX).contains(&count) => Ok(count),
        Ok(count) if count > 0 => Err(Fault::new(
            FaultCode::NodeQuotaForClusterExceeded,
            format!(
                "Cluster node quota exceeded. Each cluster can have at most {MEMCACHED_NODES_MAX} nodes in this region."
            ),
        )),
        _ => Err(invalid_value(format!(
            "Invalid number of cache nodes: {wanted}. It must be at least 1."
        ))),
    }
}

/// Memcached has no snapshots. The text is the retention limit's, which is recorded.
pub(super) fn no_snapshot_window() -> Fault {
    invalid_combination(
        "Engine does not support snapshotting. Snapshot window parameter should not be specified.",
    )
}

/// AZMode as it is spelled.
pub(super) fn az_mode(word: Option<&str>) -> Result<Option<AzMode>, Fault> {
    match given(word) {
        None => Ok(None),
        Some("single-az") => Ok(Some(AzMode::SingleAz)),
        Some("cross-az") => Ok(Some(AzMode::CrossAz)),
        Some(other) => Err(invalid_value(format!(
            "Invalid AZ mode: {other}. It is single-az or cross-az."
        ))),
    }
}

/// One zone or several, and the zone of each node.
fn placement(
    zones: &Zones,
    input: &CreateCacheClusterMessage,
    engine: Engine,
    node_count: u32,
) -> Result<(AzMode, Vec<String>), Fault> {
    let wanted = az_mode(input.az_mode.as_deref())?;
    let count = node_count as usize;
    if wanted == Some(AzMode::CrossAz) && count < 2 {
        return Err(invalid_combination(
            "Must specify at least two cache nodes in order to specify AZ Mode of 'cross-az'.",
        ));
    }
    if wanted == Some(AzMode::CrossAz) && !zones.are_several() {
        return Err(invalid_combination(
            "AZMode cross-az requires a cache subnet group with subnets in at least two availability zones.",
        ));
    }
    if let Some(named) = input
        .preferred_availability_zones
        .as_ref()
        .filter(|named| !named.is_empty())
    {
        if named.len() != count {
            return Err(invalid_combination(
                "Must specify the same number of preferred availability zones as requested number of nodes.",
            ));
        }
        zones.check(named).map_err(fault_of)?;
        let spread = named.iter().any(|zone| *zone != named[0]);
        if spread && wanted == Some(AzMode::SingleAz) {
            return Err(invalid_combination(
                "PreferredAvailabilityZones must all be the same when AZMode is single-az.",
            ));
        }
        let mode = if spread {
            AzMode::CrossAz
        } else {
            AzMode::SingleAz
        };
        return Ok((wanted.unwrap_or(mode), named.clone()));
    }
    let mode = wanted.unwrap_or(AzMode::SingleAz);
    if let Some(zone) = given(input.preferred_availability_zone.as_deref()) {
        if zone == "Multiple" && engine == Engine::Memcached && count > 1 {
            // The word that describes show for nodes in several zones; the CLI's samples send it back.
            return Ok((AzMode::CrossAz, spread(zones, count)));
        }
        zones.check(&[zone.to_owned()]).map_err(fault_of)?;
        if mode == AzMode::CrossAz {
            return Err(invalid_combination(
                "PreferredAvailabilityZone names one zone; with AZMode cross-az use PreferredAvailabilityZones.",
            ));
        }
        return Ok((mode, vec![zone.to_owned(); count]));
    }
    Ok(match mode {
        AzMode::CrossAz => (mode, spread(zones, count)),
        AzMode::SingleAz => (mode, vec![zones.in_turn(0); count]),
    })
}

fn spread(zones: &Zones, count: usize) -> Vec<String> {
    (0..count).map(|index| zones.in_turn(index)).collect()
}

/// Memcached is encrypted in transit on the later families (behaviour.md section 24).
fn has_encryption(node_type: &NodeType) -> bool {
    !["m1", "m2", "m3", "r3", "t2"].contains(&node_type.family)
}

/// What AWS refuses here, in its words, and what we do not have yet, by name.
fn refuse_unsupported(
    input: &CreateCacheClusterMessage,
    version: &EngineVersion,
    node_type: &NodeType,
) -> Result<(), Fault> {
    let memcached = version.engine == Engine::Memcached;
    if input.transit_encryption_enabled == Some(true) {
        if !memcached {
            return Err(invalid_combination(format!(
                "Encryption feature is not supported for engine {}.",
                version.engine.name().to_ascii_uppercase()
            )));
        }
        if !version.at_least(1, 6, 12) {
            return Err(invalid_combination(format!(
                "Encryption features are not supported for engine version {}. Please use engine version 1.6.12",
                version.version
            )));
        }
        if !has_encryption(node_type) {
            return Err(invalid_combination(format!(
                "Encryption features are not supported for node type {}.",
                node_type.name
            )));
        }
    }
    if input.auth_token.is_some() {
        return Err(invalid_value(
            "The AUTH token is only supported when encryption-in-transit is enabled",
        ));
    }
    let outposts = given(input.outpost_mode.as_deref())
        .is_some_and(|mode| mode != "single-outpost")
        || given(input.preferred_outpost_arn.as_deref()).is_some()
        || has_entries(input.preferred_outpost_arns.as_ref());
    if outposts {
        return Err(not_supported("Outposts"));
    }
    network(input.network_type.as_deref(), input.ip_discovery.as_deref())
}
