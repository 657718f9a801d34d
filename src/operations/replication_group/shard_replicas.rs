//! The numbers of replicas of node groups, cluster mode enabled: one for all of them, or one for each (behaviour.md section 12).

use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    ConfigureShard, DecreaseReplicaCountMessage, IncreaseReplicaCountMessage,
};

use super::super::faults::{cache_cluster_not_found, fault_of, invalid_combination, invalid_value};
use super::super::spec::has_entries;
use super::{no_operation, one_of, refuse_outposts};
use crate::resources::node_group::NodeGroupId;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::replication_group::replicas::replica_count;
use crate::resources::replication_group::sharding::{NodeGroup, Sharding};
use crate::resources::zones::Zones;

/// A number of replicas that is wished of a node group.
struct Wish<'a> {
    node_group: &'a NodeGroup,
    current: usize,
    wanted: usize,
    /// A zone for every member that there shall be, where zones are named.
    zones: &'a [String],
}

/// The zones of the replicas that are to be added to each node group.
pub(super) fn added(
    choice: &Zones,
    input: &IncreaseReplicaCountMessage,
    group: &ReplicationGroup,
    sharding: &Sharding,
) -> Result<Vec<(NodeGroupId, Vec<String>)>, Fault> {
    let shards = input.replica_configuration.as_deref();
    let wishes = wishes(input.new_replica_count, shards, group, sharding)?;
    refuse_nothing(&wishes)?;
    let mut added = Vec::new();
    for wish in wishes {
        if wish.wanted < wish.current {
            return Err(invalid_value(format!(
                "The new replica count of node group {} must be greater than the current one, which is {}.",
                wish.node_group.id, wish.current
            )));
        }
        let present = zones_of(group, wish.node_group);
        let count = wish.wanted - wish.current;
        let zones = match wish.zones.is_empty() {
            true => choice.least_used(&present, count),
            false => new_zones(choice, &wish, &present)?,
        };
        added.push((wish.node_group.id, zones));
    }
    Ok(added)
}

/// The replicas that go.
pub(super) fn removed(
    input: &DecreaseReplicaCountMessage,
    group: &ReplicationGroup,
    sharding: &Sharding,
) -> Result<Vec<String>, Fault> {
    let shards = input.replica_configuration.as_deref();
    if has_entries(input.replicas_to_remove.as_ref()) {
        if input.new_replica_count.is_some() || shards.is_some_and(|shards| !shards.is_empty()) {
            return Err(one_of(
                "NewReplicaCount, ReplicaConfiguration and ReplicasToRemove",
            ));
        }
        let names = input.replicas_to_remove.as_deref().unwrap_or_default();
        return named(names, group, sharding);
    }
    let wishes = wishes(input.new_replica_count, shards, group, sharding)?;
    refuse_nothing(&wishes)?;
    let mut leaving = Vec::new();
    for wish in wishes {
        if wish.wanted > wish.current {
            return Err(invalid_value(format!(
                "The new replica count of node group {} must be less than the current one, which is {}.",
                wish.node_group.id, wish.current
            )));
        }
        if !wish.zones.is_empty() {
            return Err(invalid_combination(
                "PreferredAvailabilityZones cannot be specified when replicas are removed. Use ReplicasToRemove.",
            ));
        }
        let count = wish.current - wish.wanted;
        leaving.extend(group.dispensable_shard_replicas(wish.node_group, count));
    }
    Ok(leaving)
}

/// Multi-AZ needs a replica in every node group.
pub(super) fn refuse_too_few(group: &ReplicationGroup, sharding: &Sharding) -> Result<(), Fault> {
    let is_alone = |one: &NodeGroup| group.wished_shard_members(one.id).count() < 2;
    if group.spec.multi_az && sharding.node_groups.iter().any(is_alone) {
        return Err(invalid_value(
            "Must have at least 1 replica for Multi-AZ enabled Replication Group",
        ));
    }
    Ok(())
}

fn wishes<'a>(
    count: Option<i32>,
    shards: Option<&'a [ConfigureShard]>,
    group: &ReplicationGroup,
    sharding: &'a Sharding,
) -> Result<Vec<Wish<'a>>, Fault> {
    let shards = shards.unwrap_or_default();
    let current = |one: &NodeGroup| group.wished_shard_members(one.id).count().saturating_sub(1);
    let wish = |node_group: &'a NodeGroup, wanted: i32, zones: &'a [String]| {
        Ok(Wish {
            node_group,
            current: current(node_group),
            wanted: replica_count(wanted).map_err(fault_of)? as usize,
            zones,
        })
    };
    match (count, shards) {
        (Some(count), []) => {
            let all = sharding.node_groups.iter();
            all.map(|one| wish(one, count, &[])).collect()
        }
        (None, [_, ..]) => {
            refuse_outposts(shards)?;
            let mut wishes: Vec<Wish<'a>> = Vec::new();
            for shard in shards {
                let found = sharding.node_groups.iter();
                let mut found = found.filter(|one| one.id.to_string() == shard.node_group_id);
                let is_new =
                    |one: &&NodeGroup| wishes.iter().all(|wish| wish.node_group.id != one.id);
                let Some(node_group) = found.next().filter(is_new) else {
                    return Err(invalid_value(format!(
                        "The following node group ids are invalid: [{}]",
                        shard.node_group_id
                    )));
                };
                let zones = shard.preferred_availability_zones.as_deref();
                let zones = zones.unwrap_or_default();
                wishes.push(wish(node_group, shard.new_replica_count, zones)?);
            }
            Ok(wishes)
        }
        _ => Err(one_of("NewReplicaCount and ReplicaConfiguration")),
    }
}

fn refuse_nothing(wishes: &[Wish<'_>]) -> Result<(), Fault> {
    match wishes.iter().all(|wish| wish.wanted == wish.current) {
        true => Err(no_operation()),
        false => Ok(()),
    }
}

/// The zones that are named and not taken yet: those that are there do not move.
fn new_zones(choice: &Zones, wish: &Wish<'_>, present: &[String]) -> Result<Vec<String>, Fault> {
    choice.check(wish.zones).map_err(fault_of)?;
    let mut rest = wish.zones.to_vec();
    for zone in present {
        if let Some(index) = rest.iter().position(|other| other == zone) {
            rest.remove(index);
        }
    }
    if wish.zones.len() != wish.wanted + 1 || rest.len() != wish.wanted - wish.current {
        return Err(invalid_combination(
            "PreferredAvailabilityZones must name a zone for the primary and for each replica, those of the existing ones included.",
        ));
    }
    Ok(rest)
}

fn named(
    names: &[String],
    group: &ReplicationGroup,
    sharding: &Sharding,
) -> Result<Vec<String>, Fault> {
    let mut ids: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    ids.sort();
    ids.dedup();
    let serves = |id: &String| {
        sharding
            .node_groups
            .iter()
            .any(|one| one.primary.as_ref() == Some(id))
    };
    for id in &ids {
        if !group
            .wished_members()
            .any(|member| member.spec.cache_cluster_id == *id)
        {
            return Err(cache_cluster_not_found(id));
        }
        if serves(id) {
            return Err(invalid_value(format!(
                "The cache cluster {id} is serving as primary and cannot be removed."
            )));
        }
    }
    Ok(ids)
}

fn zones_of(group: &ReplicationGroup, node_group: &NodeGroup) -> Vec<String> {
    let members = group.wished_shard_members(node_group.id);
    members
        .filter_map(|(_, member)| member.nodes.first().map(|node| node.zone.clone()))
        .collect()
}
