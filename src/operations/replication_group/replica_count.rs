//! IncreaseReplicaCount and DecreaseReplicaCount; and the same done member by member, with CreateCacheCluster and DeleteCacheCluster.

use cacheplane_api::shapes::{
    ConfigureShard, CreateCacheClusterMessage, DecreaseReplicaCountMessage,
    DecreaseReplicaCountResult, IncreaseReplicaCountMessage, IncreaseReplicaCountResult,
};
use cacheplane_api::{Fault, FaultCode};

use super::super::Context;
use super::super::faults::{
    cache_cluster_exists, cache_cluster_not_found, fault_of, internal, invalid_combination,
    invalid_value, no_capacity, node_quota, not_supported,
};
use super::super::spec::{given, has_entries};
use super::super::{subnet_group, tag};
use super::compatible::refuse_change;
use super::{
    STALE_TRIES, contended, demand, find, group_tags, no_operation, one_of, refuse_outposts,
    shard_replicas, view, wake,
};
use crate::datastore::Error as StoreError;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::id;
use crate::resources::replication_group::replicas::replica_count;
use crate::resources::replication_group::{NODE_GROUP_ID, REPLICAS_MAX, ReplicationGroup};
use crate::resources::tag::Tag;
use crate::resources::zones::Zones;

/// IncreaseReplicaCount. New replicas get the next numbers and the group's tags.
///
/// # Errors
/// `ReplicationGroupNotFoundFault`; `InvalidReplicationGroupState` unless available; `NoOperationFault` for the number that there is;
/// quota faults; `InvalidParameterValue` and `InvalidParameterCombination`.
pub async fn increase_replica_count(
    cx: &Context,
    input: IncreaseReplicaCountMessage,
) -> Result<IncreaseReplicaCountResult, Fault> {
    demand_at_once(input.apply_immediately)?;
    let mut taken: Vec<String> = Vec::new();
    for _ in 0..STALE_TRIES {
        let mut group = find(cx, &input.replication_group_id).await?;
        demand(&group)?;
        refuse_change(&group)?;
        let choice = choice(cx, &group).await?;
        if let Some(sharding) = &group.sharding {
            let added = shard_replicas::added(&choice, &input, &group, sharding)?;
            group.add_shard_replicas(&added, cx.clock.now());
        } else {
            let zones = added_zones(&choice, &input, &group)?;
            // A cache cluster outside the group may have the next member's id.
            let ids = group.next_member_ids(zones.len() + taken.len());
            let free = ids.into_iter().filter(|id| !taken.contains(id));
            let replicas: Vec<(String, String)> = free.zip(zones).collect();
            group.add_replicas(&replicas, cx.clock.now());
        }
        let tags = group_tags(cx, &group).await?;
        match request(cx, &group, &tags).await {
            Ok(group) => {
                return Ok(IncreaseReplicaCountResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(StoreError::MemberExists(_)) if group.sharding.is_some() => {
                return Err(cache_cluster_exists());
            }
            Err(StoreError::MemberExists(id)) => taken.push(id),
            Err(StoreError::TooManyNodes(quota)) => return Err(node_quota(quota)),
            Err(StoreError::Exhausted(what)) => return Err(no_capacity(&what)),
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// DecreaseReplicaCount. Never takes the primary.
///
/// # Errors
/// `ReplicationGroupNotFoundFault`; `InvalidReplicationGroupState` unless available; `NoOperationFault` for the number that there is;
/// `CacheClusterNotFound` for a replica that is none; `InvalidParameterValue` and `InvalidParameterCombination`.
pub async fn decrease_replica_count(
    cx: &Context,
    input: DecreaseReplicaCountMessage,
) -> Result<DecreaseReplicaCountResult, Fault> {
    demand_at_once(input.apply_immediately)?;
    for _ in 0..STALE_TRIES {
        let mut group = find(cx, &input.replication_group_id).await?;
        demand(&group)?;
        refuse_change(&group)?;
        if let Some(sharding) = group.sharding.clone() {
            let leaving = shard_replicas::removed(&input, &group, &sharding)?;
            group.remove_shard_replicas(&leaving, cx.clock.now());
            shard_replicas::refuse_too_few(&group, &sharding)?;
        } else {
            let leaving = removed_replicas(&choice(cx, &group).await?, &input, &group)?;
            let left = group.wished_replica_count() as usize - leaving.len();
            if left == 0 && group.spec.automatic_failover {
                return Err(invalid_value(
                    "Must have at least 1 replica when cluster mode is disabled with auto failover enabled.",
                ));
            }
            group.remove_replicas(&leaving, cx.clock.now());
        }
        match request(cx, &group, &[]).await {
            Ok(group) => {
                return Ok(DecreaseReplicaCountResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// CreateCacheCluster with ReplicationGroupId: a replica under the caller's own id. It has no settings of its own.
pub(in crate::operations) async fn create_member(
    cx: &Context,
    input: &CreateCacheClusterMessage,
    replication_group_id: &str,
) -> Result<CacheCluster, Fault> {
    let id = id::cache_cluster_id(&input.cache_cluster_id).map_err(fault_of)?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    for _ in 0..STALE_TRIES {
        let mut group = find(cx, replication_group_id).await?;
        refuse_members_of_shards(&group)?;
        refuse_settings(input, &group)?;
        demand(&group)?;
        refuse_change(&group)?;
        if group.wished_replica_count() >= REPLICAS_MAX {
            let nodes = REPLICAS_MAX + 1;
            return Err(Fault::new(
                FaultCode::NodeQuotaForClusterExceeded,
                format!(
                    "Cluster node quota exceeded. Each cluster can have at most {nodes} nodes in this region."
                ),
            ));
        }
        let zones = choice(cx, &group).await?;
        let zone = match given(input.preferred_availability_zone.as_deref()) {
            Some(zone) => vec![zone.to_owned()],
            None => zones.least_used(&group.zones(), 1),
        };
        zones.check(&zone).map_err(fault_of)?;
        let replicas: Vec<(String, String)> = std::iter::once(id.clone()).zip(zone).collect();
        group.add_replicas(&replicas, cx.clock.now());
        if let (Some(upgrade), Some(member)) =
            (input.auto_minor_version_upgrade, group.members.last_mut())
        {
            // Terraform sends it with every cache cluster, and reads it back.
            member.spec.auto_minor_version_upgrade = upgrade;
        }
        let tags = match tags.is_empty() {
            true => group_tags(cx, &group).await?,
            false => tags.clone(),
        };
        match request(cx, &group, &tags).await {
            Ok(group) => return member(&group, &id),
            Err(StoreError::Stale) => {}
            Err(StoreError::MemberExists(_)) => return Err(cache_cluster_exists()),
            Err(StoreError::TooManyNodes(quota)) => return Err(node_quota(quota)),
            Err(StoreError::Exhausted(what)) => return Err(no_capacity(&what)),
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// DeleteCacheCluster of a member: a replica that can be spared (texts: behaviour.md section 40).
pub(in crate::operations) async fn delete_member(
    cx: &Context,
    replication_group_id: &str,
    cache_cluster_id: &str,
) -> Result<CacheCluster, Fault> {
    for _ in 0..STALE_TRIES {
        let mut group = find(cx, replication_group_id).await?;
        let leaving = member(&group, cache_cluster_id)?;
        refuse_removal(&group, &leaving)?;
        group.remove_replicas(&[cache_cluster_id.to_owned()], cx.clock.now());
        match request(cx, &group, &[]).await {
            Ok(group) => return member(&group, cache_cluster_id),
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// Shards are whole: their nodes come and go by the operations of the group (behaviour.md section 12).
fn refuse_members_of_shards(group: &ReplicationGroup) -> Result<(), Fault> {
    match group.sharding {
        None => Ok(()),
        Some(_) => Err(invalid_combination(
            "Cache clusters cannot be added to, or deleted from, a replication group with cluster mode enabled. Use \
             IncreaseReplicaCount or DecreaseReplicaCount.",
        )),
    }
}

fn refuse_removal(group: &ReplicationGroup, member: &CacheCluster) -> Result<(), Fault> {
    refuse_members_of_shards(group)?;
    let id = &member.spec.cache_cluster_id;
    let refuse = |text: String| Err(Fault::new(FaultCode::InvalidCacheClusterState, text));
    if group.wished_replica_count() == 0 {
        return refuse(
            "Cannot delete the cache cluster since it is the only member of a replication group. Delete the replication \
             group instead."
                .to_owned(),
        );
    }
    if group.is_primary(member) {
        return refuse(format!(
            "Cannot delete the cache cluster {id} because it is serving as primary of replication group {}.",
            group.spec.replication_group_id
        ));
    }
    if group.spec.automatic_failover && group.wished_replica_count() == 1 {
        return refuse(format!(
            "Cannot delete the cache cluster because it is the only read replica for replication group {} which has \
             autofailover enabled or pending. You can disable autofailover and then delete this cache cluster. Alternatively, \
             to delete the entire replication group, use DeleteReplicationGroup.",
            group.spec.replication_group_id
        ));
    }
    if group.spec.multi_az {
        return refuse(format!(
            "Cannot delete the cache cluster {id} because replication group {} has Multi-AZ enabled. Use \
             DecreaseReplicaCount.",
            group.spec.replication_group_id
        ));
    }
    if demand(group).is_err() || member.deletion_requested_at.is_some() {
        return refuse(format!(
            "Cache cluster {id} is not in a valid state to be deleted"
        ));
    }
    Ok(())
}

/// What a replica cannot have of its own; the group's own values are no contradiction, and old samples send them.
fn refuse_settings(
    input: &CreateCacheClusterMessage,
    group: &ReplicationGroup,
) -> Result<(), Fault> {
    let spec = &group.spec;
    let differs = |text: &Option<String>, current: &str| {
        given(text.as_deref()).is_some_and(|text| !text.eq_ignore_ascii_case(current))
    };
    let version = given(input.engine_version.as_deref());
    let lists = [
        &input.preferred_availability_zones,
        &input.cache_security_group_names,
        &input.security_group_ids,
        &input.snapshot_arns,
        &input.preferred_outpost_arns,
    ];
    let texts = [
        &input.az_mode,
        &input.snapshot_name,
        &input.preferred_maintenance_window,
        &input.notification_topic_arn,
        &input.snapshot_window,
        &input.auth_token,
    ];
    let has_own = differs(&input.engine, spec.engine().name())
        || version.is_some_and(|version| {
            version != spec.engine_version.version
                && version != spec.engine_version.reported_version
        })
        || differs(&input.cache_node_type, spec.node_type.name)
        || differs(
            &input.cache_parameter_group_name,
            &spec.parameter_group_name,
        )
        || differs(&input.cache_subnet_group_name, &spec.subnet_group_name)
        || differs(&input.network_type, "ipv4")
        || differs(&input.ip_discovery, "ipv4")
        || input.num_cache_nodes.is_some_and(|count| count != 1)
        || input.port.is_some_and(|port| port != i32::from(spec.port))
        || input.snapshot_retention_limit.is_some()
        || input.transit_encryption_enabled == Some(true)
        || has_entries(input.log_delivery_configurations.as_ref())
        || lists.iter().any(|list| has_entries(list.as_ref()))
        || texts.iter().any(|text| given(text.as_deref()).is_some());
    if has_own {
        return Err(invalid_combination(
            "Cannot specify additional cache cluster parameters when creating a replica cluster",
        ));
    }
    if given(input.preferred_outpost_arn.as_deref()).is_some()
        || differs(&input.outpost_mode, "single-outpost")
    {
        return Err(not_supported("Outposts"));
    }
    Ok(())
}

async fn request(
    cx: &Context,
    group: &ReplicationGroup,
    tags: &[Tag],
) -> Result<ReplicationGroup, StoreError> {
    let quota = cx.presentation.node_quota;
    let stored = cx
        .datastore
        .replication_group_request(group, tags, &[], quota)
        .await?;
    wake(cx);
    Ok(stored)
}

fn member(group: &ReplicationGroup, id: &str) -> Result<CacheCluster, Fault> {
    group
        .member(id)
        .cloned()
        .ok_or_else(|| cache_cluster_not_found(id))
}

/// The number of replicas is never left to the maintenance window.
fn demand_at_once(apply_immediately: bool) -> Result<(), Fault> {
    if apply_immediately {
        return Ok(());
    }
    Err(invalid_value(
        "The parameter ApplyImmediately must be true: the number of replicas is changed at once.",
    ))
}

/// The zones that members may lie in.
async fn choice(cx: &Context, group: &ReplicationGroup) -> Result<Zones, Fault> {
    let name = &group.spec.subnet_group_name;
    Ok(subnet_group::find(cx, name).await?.zones())
}

fn added_zones(
    choice: &Zones,
    input: &IncreaseReplicaCountMessage,
    group: &ReplicationGroup,
) -> Result<Vec<String>, Fault> {
    let shard = only_shard(input.replica_configuration.as_deref())?;
    let current = group.wished_replica_count();
    let wanted = wanted_count(input.new_replica_count, shard)?;
    if wanted <= current {
        return Err(no_operation_or(wanted == current, || {
            format!(
                "The new replica count must be greater than the current one, which is {current}."
            )
        }));
    }
    let count = (wanted - current) as usize;
    let Some(named) = named_zones(choice, shard, wanted)? else {
        return Ok(choice.least_used(&group.zones(), count));
    };
    let mut rest = named.to_vec();
    for zone in group.zones() {
        if let Some(index) = rest.iter().position(|other| *other == zone) {
            rest.remove(index);
        }
    }
    if rest.len() != count {
        return Err(invalid_combination(
            "PreferredAvailabilityZones must name the zones of the existing cache clusters too: they do not move.",
        ));
    }
    Ok(rest)
}

fn removed_replicas(
    choice: &Zones,
    input: &DecreaseReplicaCountMessage,
    group: &ReplicationGroup,
) -> Result<Vec<String>, Fault> {
    let shard = only_shard(input.replica_configuration.as_deref())?;
    if has_entries(input.replicas_to_remove.as_ref()) {
        if input.new_replica_count.is_some() || shard.is_some() {
            return Err(one_of(
                "NewReplicaCount, ReplicaConfiguration and ReplicasToRemove",
            ));
        }
        return named_replicas(
            input.replicas_to_remove.as_deref().unwrap_or_default(),
            group,
        );
    }
    let current = group.wished_replica_count();
    let wanted = wanted_count(input.new_replica_count, shard)?;
    if wanted >= current {
        return Err(no_operation_or(wanted == current, || {
            format!("The new replica count must be less than the current one, which is {current}.")
        }));
    }
    let count = (current - wanted) as usize;
    let Some(named) = named_zones(choice, shard, wanted)? else {
        return Ok(group.dispensable_replicas(count));
    };
    let leaving = outside(group, named);
    if leaving.len() != count {
        return Err(invalid_combination(
            "PreferredAvailabilityZones must name the zones of cache clusters that there are, the primary's among them.",
        ));
    }
    Ok(leaving)
}

/// The replicas that are left over when one member stays for each of these zones, the primary for its own.
fn outside(group: &ReplicationGroup, staying: &[String]) -> Vec<String> {
    let mut rest = staying.to_vec();
    let mut members: Vec<&CacheCluster> = group.wished_members().collect();
    members.sort_by_key(|member| !group.is_primary(member));
    members.retain(|member| {
        let zone = member.nodes.first().map(|node| &node.zone);
        match rest.iter().position(|other| Some(other) == zone) {
            Some(index) => {
                rest.remove(index);
                false
            }
            None => true,
        }
    });
    members
        .into_iter()
        .filter(|member| !group.is_primary(member))
        .map(|member| member.spec.cache_cluster_id.clone())
        .collect()
}

fn named_replicas(names: &[String], group: &ReplicationGroup) -> Result<Vec<String>, Fault> {
    let mut ids: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    ids.sort();
    ids.dedup();
    for id in &ids {
        let Some(member) = group
            .wished_members()
            .find(|member| member.spec.cache_cluster_id == *id)
        else {
            return Err(cache_cluster_not_found(id));
        };
        if group.is_primary(member) {
            return Err(invalid_value(format!(
                "The cache cluster {id} is serving as primary and cannot be removed."
            )));
        }
    }
    Ok(ids)
}

/// What is said of the one node group.
fn only_shard(shards: Option<&[ConfigureShard]>) -> Result<Option<&ConfigureShard>, Fault> {
    let shards = shards.unwrap_or_default();
    let strangers: Vec<&str> = shards
        .iter()
        .map(|shard| shard.node_group_id.as_str())
        .filter(|id| *id != NODE_GROUP_ID)
        .collect();
    if !strangers.is_empty() {
        return Err(invalid_value(format!(
            "The following node group ids are invalid: [{}]",
            strangers.join(", ")
        )));
    }
    if shards.len() > 1 {
        return Err(invalid_value(format!(
            "The node group {NODE_GROUP_ID} is named more than once."
        )));
    }
    refuse_outposts(shards)?;
    Ok(shards.first())
}

fn wanted_count(count: Option<i32>, shard: Option<&ConfigureShard>) -> Result<u32, Fault> {
    let wanted = match (count, shard) {
        (Some(count), None) => count,
        (None, Some(shard)) => shard.new_replica_count,
        (Some(_), Some(_)) | (None, None) => {
            return Err(one_of("NewReplicaCount and ReplicaConfiguration"));
        }
    };
    replica_count(wanted).map_err(fault_of)
}

/// A zone for every member that there shall be, where zones are named.
fn named_zones<'a>(
    choice: &Zones,
    shard: Option<&'a ConfigureShard>,
    replicas: u32,
) -> Result<Option<&'a [String]>, Fault> {
    let named = shard
        .and_then(|shard| shard.preferred_availability_zones.as_deref())
        .unwrap_or_default();
    if named.is_empty() {
        return Ok(None);
    }
    choice.check(named).map_err(fault_of)?;
    if named.len() != replicas as usize + 1 {
        return Err(invalid_combination(
            "PreferredAvailabilityZones must name a zone for the primary and for each replica.",
        ));
    }
    Ok(Some(named))
}

fn no_operation_or(is_current: bool, otherwise: impl FnOnce() -> String) -> Fault {
    match is_current {
        true => no_operation(),
        false => invalid_value(otherwise()),
    }
}
