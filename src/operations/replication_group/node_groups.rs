//! The node groups of a replication group with cluster mode enabled, as CreateReplicationGroup asks for them: NumNodeGroups with
//! ReplicasPerNodeGroup, or NodeGroupConfiguration.

use cacheplane_api::shapes::{CreateReplicationGroupMessage, NodeGroupConfiguration};
use cacheplane_api::{Fault, FaultCode};

use super::super::faults::{
    cache_parameter_group_not_found, fault_of, invalid_combination, invalid_value, not_supported,
};
use super::super::spec::{NamedGroup, given, has_entries, other_engine, other_family};
use super::spec;
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::engine::EngineVersion;
use crate::resources::node_group::NodeGroupId;
use crate::resources::parameter;
use crate::resources::replication_group::replicas::{check_multi_az, replica_count};
use crate::resources::replication_group::sharding::{NodeGroupSpec, node_groups_max};
use crate::resources::slots::{Coverage, SlotSet, even_split};
use crate::resources::zones::Zones;

/// The cluster mode that is asked for: in so many words, or by a number of node groups or a parameter group.
pub(super) fn cluster_mode(
    input: &CreateReplicationGroupMessage,
    named: Option<&NamedGroup>,
) -> Result<ClusterMode, Fault> {
    let word = spec::cluster_mode(input.cluster_mode.as_deref())?;
    let listed = input.node_group_configuration.as_ref();
    let by_group = named.and_then(|named| named.found);
    let wants_many = input.num_node_groups.is_some_and(|count| count > 1)
        || listed.is_some_and(|all| all.len() > 1);
    if word == Some(ClusterMode::Compatible) {
        return match wants_many {
            true => Err(invalid_combination(
                "A replication group with cluster mode compatible has one node group.",
            )),
            false => Ok(ClusterMode::Compatible),
        };
    }
    let is_sharded = wants_many
        || word == Some(ClusterMode::Enabled)
        || by_group.is_some_and(|group| group.cluster_enabled);
    Ok(match is_sharded {
        true => ClusterMode::Enabled,
        false => ClusterMode::Disabled,
    })
}

/// The parameter group, one that turns cluster mode on (text: behaviour.md section 40).
pub(super) fn parameter_group(
    named: Option<&NamedGroup>,
    version: &EngineVersion,
) -> Result<String, Fault> {
    let needs_one = || {
        invalid_combination(
            "Use a parameter group with cluster-enabled parameter to create more than one node group.",
        )
    };
    let Some(named) = named else {
        let default = parameter::default_group(version.family, true);
        return default
            .map(|group| group.name.to_owned())
            .ok_or_else(needs_one);
    };
    match named.found {
        None => Err(cache_parameter_group_not_found(&named.name)),
        Some(group) if group.family.engine != version.engine => {
            Err(other_engine(version.engine, group.family.engine))
        }
        Some(group) if !group.cluster_enabled => Err(needs_one()),
        Some(group) if group.family.name != version.family => {
            Err(other_family(version.family, group.family.name))
        }
        Some(_) => Ok(named.name.clone()),
    }
}

/// The node groups that are asked for, in the order of their ids, with zones out of `choice`.
pub(super) fn node_groups(
    choice: &Zones,
    input: &CreateReplicationGroupMessage,
    version: &EngineVersion,
) -> Result<Vec<NodeGroupSpec>, Fault> {
    refuse_unsharded(input)?;
    let configurations = input
        .node_group_configuration
        .as_deref()
        .unwrap_or_default();
    let count = count(input, configurations.len(), version)?;
    let ids = ids(configurations, count)?;
    let slots = slots(configurations, count)?;
    let mut node_groups = Vec::new();
    for (index, (id, slots)) in ids.into_iter().zip(slots).enumerate() {
        let configuration = configurations.get(index);
        let zones = zones(choice, input, configuration, index)?;
        if input.multi_az_enabled == Some(true) {
            check_multi_az(&zones, true).map_err(fault_of)?;
        }
        node_groups.push(NodeGroupSpec { id, slots, zones });
    }
    node_groups.sort_by_key(|one| one.id);
    Ok(node_groups)
}

/// What is said of a group with one primary (texts: behaviour.md section 40).
fn refuse_unsharded(input: &CreateReplicationGroupMessage) -> Result<(), Fault> {
    if input.num_cache_clusters.is_some() {
        return Err(invalid_combination(
            "NumCacheClusters can only be specified for one node group",
        ));
    }
    if has_entries(input.preferred_cache_cluster_azs.as_ref()) {
        return Err(invalid_combination(
            "PreferredCacheClusterAZs can only be specified for one node group.",
        ));
    }
    if given(input.cluster_mode.as_deref()) == Some("disabled") {
        return Err(invalid_combination(
            "ClusterMode disabled stands against more than one node group, and against a parameter group that enables it.",
        ));
    }
    if input.automatic_failover_enabled != Some(true) {
        return Err(invalid_value(
            "Automatic failover must be enabled to create a replication group with cluster mode enabled.",
        ));
    }
    Ok(())
}

fn count(
    input: &CreateReplicationGroupMessage,
    listed: usize,
    version: &EngineVersion,
) -> Result<u16, Fault> {
    let listed = i32::try_from(listed).unwrap_or(i32::MAX);
    let wanted = match input.num_node_groups {
        Some(wanted) if listed > 0 && wanted != listed => {
            return Err(invalid_combination(
                "NodeGroupConfiguration must have as many entries as NumNodeGroups says.",
            ));
        }
        Some(wanted) => wanted,
        None => listed.max(1),
    };
    node_group_count(wanted, version)
}

/// A number of node groups that a replication group may have.
pub(super) fn node_group_count(wanted: i32, version: &EngineVersion) -> Result<u16, Fault> {
    let max = node_groups_max(version);
    match u16::try_from(wanted) {
        Ok(count) if (1..=max).contains(&count) => Ok(count),
        _ if wanted > i32::from(max) => Err(Fault::new(
            FaultCode::NodeGroupsPerReplicationGroupQuotaExceeded,
            format!("A replication group can have at most {max} node groups."),
        )),
        _ => Err(invalid_value(format!(
            "Invalid number of node groups: {wanted}. It must be at least 1."
        ))),
    }
}

fn ids(configurations: &[NodeGroupConfiguration], count: u16) -> Result<Vec<NodeGroupId>, Fault> {
    let named: Vec<&str> = configurations
        .iter()
        .filter_map(|one| given(one.node_group_id.as_deref()))
        .collect();
    if named.is_empty() {
        return Ok(NodeGroupId::next(&[], usize::from(count)));
    }
    if named.len() != configurations.len() {
        return Err(invalid_combination(
            "NodeGroupId must be given for every entry of NodeGroupConfiguration, or for none.",
        ));
    }
    let mut ids: Vec<NodeGroupId> = Vec::new();
    for text in named {
        match text.parse() {
            Ok(id) if !ids.contains(&id) => ids.push(id),
            _ => {
                return Err(invalid_value(format!(
                    "The following node group ids are invalid: [{text}]"
                )));
            }
        }
    }
    Ok(ids)
}

/// Slots as they are named, or an even split.
fn slots(configurations: &[NodeGroupConfiguration], count: u16) -> Result<Vec<SlotSet>, Fault> {
    let named: Vec<&str> = configurations
        .iter()
        .filter_map(|one| given(one.slots.as_deref()))
        .collect();
    if named.is_empty() {
        return Ok(even_split(count));
    }
    if named.len() != configurations.len() {
        return Err(invalid_combination(
            "Slots must be given for every entry of NodeGroupConfiguration, or for none.",
        ));
    }
    let parse = |text: &&str| {
        text.parse::<SlotSet>()
            .map_err(|error| invalid_value(format!("Invalid slots {text}: {error}")))
    };
    let sets: Vec<SlotSet> = named.iter().map(parse).collect::<Result<_, _>>()?;
    let is_whole = Coverage::of(&sets).is_exact() && !sets.iter().any(SlotSet::is_empty);
    match is_whole {
        true => Ok(sets),
        false => Err(invalid_value(
            "The slots of all node groups must cover 0-16383, each slot once.",
        )),
    }
}

/// The zones of a node group's members, the primary's first. Primaries that nobody placed take turns.
fn zones(
    choice: &Zones,
    input: &CreateReplicationGroupMessage,
    configuration: Option<&NodeGroupConfiguration>,
    index: usize,
) -> Result<Vec<String>, Fault> {
    let outposts = configuration.is_some_and(|one| {
        given(one.primary_outpost_arn.as_deref()).is_some()
            || has_entries(one.replica_outpost_arns.as_ref())
    });
    if outposts {
        return Err(not_supported("Outposts"));
    }
    let replicas = configuration
        .and_then(|one| one.replica_availability_zones.clone())
        .unwrap_or_default();
    let listed = i32::try_from(replicas.len()).unwrap_or(i32::MAX);
    let told = configuration
        .and_then(|one| one.replica_count)
        .or(input.replicas_per_node_group);
    if told.is_some_and(|count| listed > 0 && count != listed) {
        return Err(invalid_combination(
            "ReplicaAvailabilityZones must have as many entries as ReplicaCount says.",
        ));
    }
    let count = 1 + replica_count(told.unwrap_or(listed)).map_err(fault_of)? as usize;
    let primary = configuration.and_then(|one| given(one.primary_availability_zone.as_deref()));
    let mut zones = vec![match primary {
        Some(zone) => zone.to_owned(),
        None if !replicas.is_empty() => choice.least_used(&replicas, 1).remove(0),
        None => choice.in_turn(index),
    }];
    zones.extend(replicas);
    choice.check(&zones).map_err(fault_of)?;
    let chosen = choice.least_used(&zones, count.saturating_sub(zones.len()));
    zones.extend(chosen);
    Ok(zones)
}
