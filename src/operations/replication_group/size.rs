//! How many members a new replication group has, and where they lie: NumCacheClusters, ReplicasPerNodeGroup and
//! NodeGroupConfiguration are three spellings of the same.

use cacheplane_api::Fault;
use cacheplane_api::shapes::{CreateReplicationGroupMessage, NodeGroupConfiguration};

use super::super::faults::{fault_of, invalid_combination, invalid_value, not_supported};
use super::super::spec::{NamedGroup, given, has_entries};
use crate::resources::replication_group::NODE_GROUP_ID;
use crate::resources::replication_group::replicas::replica_count;
use crate::resources::zones::Zones;

/// The slots of the only node group; the one list of slots that says nothing.
const ALL_SLOTS: &str = "0-16383";

/// The zone of each member, out of `choice`, the primary's first.
pub(super) fn zones(
    choice: &Zones,
    input: &CreateReplicationGroupMessage,
    named: Option<&NamedGroup>,
) -> Result<Vec<String>, Fault> {
    let configuration = only_node_group(input, named)?;
    let from_configuration = configuration
        .map(configured_replicas)
        .transpose()?
        .flatten();
    let counts = [
        input.num_cache_clusters.map(replicas_of),
        input.replicas_per_node_group,
        from_configuration,
    ];
    let mut told = counts.into_iter().flatten();
    let first = told.next();
    if told.any(|count| Some(count) != first) {
        return Err(invalid_combination(
            "NumCacheClusters, ReplicasPerNodeGroup and NodeGroupConfiguration name different numbers of replicas.",
        ));
    }
    let count = 1 + replica_count(first.unwrap_or(0)).map_err(fault_of)? as usize;
    let mut zones = named_zones(choice, input, configuration, first.map(|_| count))?;
    let chosen = choice.least_used(&zones, count.saturating_sub(zones.len()));
    zones.extend(chosen);
    Ok(zones)
}

/// All but the primary.
fn replicas_of(cache_clusters: i32) -> i32 {
    cache_clusters.saturating_sub(1)
}

/// What is said of the one node group. More of them are cluster mode (texts: behaviour.md section 40).
fn only_node_group<'a>(
    input: &'a CreateReplicationGroupMessage,
    named: Option<&NamedGroup>,
) -> Result<Option<&'a NodeGroupConfiguration>, Fault> {
    let configurations = input
        .node_group_configuration
        .as_deref()
        .unwrap_or_default();
    let listed = i32::try_from(configurations.len()).unwrap_or(i32::MAX);
    let node_groups = match input.num_node_groups {
        Some(wanted) if wanted < 1 => {
            return Err(invalid_value(format!(
                "Invalid number of node groups: {wanted}. It must be at least 1."
            )));
        }
        Some(wanted) if listed > 0 && listed != wanted => {
            return Err(invalid_combination(
                "NodeGroupConfiguration must have as many entries as NumNodeGroups says.",
            ));
        }
        Some(wanted) => wanted,
        None => listed.max(1),
    };
    if node_groups == 1 {
        return Ok(configurations.first());
    }
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
    let parameters = named.and_then(|named| named.found);
    if parameters.is_some_and(|group| !group.cluster_enabled) {
        return Err(invalid_combination(
            "Use a parameter group with cluster-enabled parameter to create more than one node group.",
        ));
    }
    Err(not_supported("NumNodeGroups greater than 1 (cluster mode)"))
}

/// How many replicas the node group's configuration asks for, in so many words or by naming their zones.
fn configured_replicas(configuration: &NodeGroupConfiguration) -> Result<Option<i32>, Fault> {
    let id = given(configuration.node_group_id.as_deref());
    if id.is_some_and(|id| id != NODE_GROUP_ID) {
        return Err(invalid_value(format!(
            "The node group of a replication group with cluster mode disabled is {NODE_GROUP_ID}."
        )));
    }
    if given(configuration.slots.as_deref()).is_some_and(|slots| slots != ALL_SLOTS) {
        return Err(invalid_value(format!(
            "Slots must cover {ALL_SLOTS} when there is one node group."
        )));
    }
    if given(configuration.primary_outpost_arn.as_deref()).is_some()
        || has_entries(configuration.replica_outpost_arns.as_ref())
    {
        return Err(not_supported("Outposts"));
    }
    let zones = configuration
        .replica_availability_zones
        .as_deref()
        .unwrap_or_default();
    let listed = i32::try_from(zones.len()).unwrap_or(i32::MAX);
    match configuration.replica_count {
        Some(count) if listed > 0 && listed != count => Err(invalid_combination(
            "ReplicaAvailabilityZones must have as many entries as ReplicaCount says.",
        )),
        None if listed > 0 => Ok(Some(listed)),
        count => Ok(count),
    }
}

/// The zones that are named, from the primary's on; `count` is the number of members if it is named too.
fn named_zones(
    choice: &Zones,
    input: &CreateReplicationGroupMessage,
    configuration: Option<&NodeGroupConfiguration>,
    count: Option<usize>,
) -> Result<Vec<String>, Fault> {
    let preferred = input
        .preferred_cache_cluster_azs
        .as_deref()
        .unwrap_or_default();
    let primary = configuration.and_then(|it| given(it.primary_availability_zone.as_deref()));
    let replicas = configuration
        .and_then(|it| it.replica_availability_zones.as_deref())
        .unwrap_or_default();
    if !preferred.is_empty() {
        if primary.is_some() || !replicas.is_empty() {
            return Err(invalid_combination(
                "PreferredCacheClusterAZs and the zones of NodeGroupConfiguration cannot both be specified.",
            ));
        }
        if count != Some(preferred.len()) {
            return Err(invalid_value(
                "When specifying preferred availability zones, the number of cache clusters must be specified and must match \
                 the number of preferred availability zones.",
            ));
        }
        choice.check(preferred).map_err(fault_of)?;
        return Ok(preferred.to_vec());
    }
    let mut zones: Vec<String> = primary.map(str::to_owned).into_iter().collect();
    if zones.is_empty() && !replicas.is_empty() {
        // The primary lies where the replicas do not.
        zones = choice.least_used(replicas, 1);
    }
    zones.extend_from_slice(replicas);
    choice.check(&zones).map_err(fault_of)?;
    Ok(zones)
}
