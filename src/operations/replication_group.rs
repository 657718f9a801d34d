//! Replication groups: create, describe, modify, delete, more replicas and fewer, and the test of a failover. Cluster mode disabled.

mod adopt;
mod compatible;
mod encryption;
mod failover;
mod held_up;
mod modify;
mod node_groups;
mod replica_count;
mod shard_configuration;
mod shard_replicas;
mod size;
mod spec;
mod view;

use cacheplane_api::shapes::{
    ConfigureShard, CreateReplicationGroupMessage, CreateReplicationGroupResult,
    DeleteReplicationGroupMessage, DeleteReplicationGroupResult, DescribeReplicationGroupsMessage,
    ReplicationGroupMessage,
};
use cacheplane_api::{Fault, FaultCode};

pub use failover::test_failover;
pub use modify::modify_replication_group;
pub(super) use replica_count::{create_member, delete_member};
pub use replica_count::{decrease_replica_count, increase_replica_count};
pub use shard_configuration::modify_replication_group_shard_configuration;

use super::Context;
use super::faults::{
    cache_cluster_exists, fault_of, internal, invalid_combination, invalid_value, no_capacity,
    node_quota, not_supported, replication_group_not_found, subnet_group_not_found,
};
use super::log_delivery;
use super::paging::{List, marker, page_size, position};
use super::spec::{NamedGroup, given, has_entries, named_group};
use super::subnet_group;
use super::{restore, snapshot, tag, user_group};
use crate::datastore::{Error as StoreError, ReplicationGroupFilter, SnapshotSourceRead};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::engine::Engine;
use crate::resources::log_delivery::wish;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::snapshot::snapshot_name;
use crate::resources::status::{self, GroupOperation};
use crate::resources::tag::Tag;
use spec::Layout;

/// How often a write is tried again that came after another's; each time the records are read anew.
const STALE_TRIES: usize = 8;

/// CreateReplicationGroup: from scratch, or around the cache cluster that PrimaryClusterId names.
///
/// # Errors
/// `ReplicationGroupAlreadyExists`; `CacheClusterAlreadyExists` for a member's id; with PrimaryClusterId `CacheClusterNotFound` and
/// `InvalidCacheClusterState`; quota faults; `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn create_replication_group(
    cx: &Context,
    input: CreateReplicationGroupMessage,
) -> Result<CreateReplicationGroupResult, Fault> {
    let mut input = input;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    let arns = input.snapshot_arns.as_ref();
    // What begins with something else says so in its own words.
    let has_origin = given(input.primary_cluster_id.as_deref()).is_some()
        || given(input.global_replication_group_id.as_deref()).is_some();
    let origin = match has_origin {
        true => None,
        false => restore::origin(cx, input.snapshot_name.as_deref(), arns).await?,
    };
    let tags = restore::tags(cx, origin.as_ref(), tags).await?;
    if let Some(origin) = &origin {
        restore::complete_group(cx, &mut input, origin).await?;
    }
    for _ in 0..STALE_TRIES {
        let (mut group, tags) = wished(cx, &input, &tags).await?;
        if let Some(origin) = &origin {
            restore::check_version(origin, group.spec.engine_version)?;
            origin.give_to(&mut group)?;
        }
        let quota = cx.presentation.node_quota;
        match cx
            .datastore
            .replication_group_insert(&group, &tags, quota)
            .await
        {
            Ok(group) => {
                wake(cx);
                return Ok(CreateReplicationGroupResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            Err(StoreError::AlreadyExists) => {
                return Err(Fault::new(
                    FaultCode::ReplicationGroupAlreadyExists,
                    "Replication group with specified name already exists.",
                ));
            }
            Err(StoreError::MemberExists(_)) => return Err(cache_cluster_exists()),
            Err(StoreError::NoSubnetGroup(name)) => return Err(subnet_group_not_found(&name)),
            Err(StoreError::TooManyNodes(quota)) => return Err(node_quota(quota)),
            Err(StoreError::Exhausted(what)) => return Err(no_capacity(&what)),
            // The cache cluster that PrimaryClusterId names has changed since it was read.
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

async fn wished(
    cx: &Context,
    input: &CreateReplicationGroupMessage,
    tags: &[Tag],
) -> Result<(ReplicationGroup, Vec<Tag>), Fault> {
    let named = named_group(cx, input.cache_parameter_group_name.as_deref()).await?;
    let (mut group, tags) = match given(input.primary_cluster_id.as_deref()) {
        Some(id) => adopt::group(cx, input, named.as_ref(), id, tags).await?,
        None => (wished_anew(cx, input, named.as_ref()).await?, tags.to_vec()),
    };
    let ids = input.user_group_ids.as_deref().unwrap_or_default();
    let version = group.spec.engine_version;
    let wishes = log_delivery::wishes(input.log_delivery_configurations.as_ref(), version)?;
    wish(&mut group.log_deliveries, wishes, cx.clock.now());
    if let Some(user_group) = user_group::attachable(cx, ids, version).await? {
        group.guard(user_group);
    }
    if let Some(tokens) = spec::auth_tokens(input, cx.clock.now())? {
        group.demand_tokens(tokens);
    }
    Ok((group, tags))
}

async fn wished_anew(
    cx: &Context,
    input: &CreateReplicationGroupMessage,
    named: Option<&NamedGroup>,
) -> Result<ReplicationGroup, Fault> {
    let subnet_group = subnet_group::chosen(cx, input.cache_subnet_group_name.as_deref()).await?;
    let (spec, layout) = spec::spec(cx, input, named, subnet_group)?;
    let (scope, now) = (cx.scope.clone(), cx.clock.now());
    Ok(match layout {
        Layout::Members(zones) => ReplicationGroup::wished(scope, spec, &zones, now),
        Layout::NodeGroups(node_groups) => {
            ReplicationGroup::sharded(scope, spec, &node_groups, now)
        }
    })
}

/// DescribeReplicationGroups: one by its id, or all, in the order of their ids.
///
/// # Errors
/// `ReplicationGroupNotFoundFault` for an id that is not there; `InvalidParameterValue` for a page size or marker out of bounds.
pub async fn describe_replication_groups(
    cx: &Context,
    input: DescribeReplicationGroupsMessage,
) -> Result<ReplicationGroupMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let wanted = given(input.replication_group_id.as_deref()).map(str::to_ascii_lowercase);
    let filter = ReplicationGroupFilter {
        replication_group_id: wanted.clone(),
        after_id: position(List::ReplicationGroups, input.marker.as_deref())?,
    };
    let page = cx
        .datastore
        .replication_group_page(&cx.scope, &filter, limit)
        .await
        .map_err(internal)?;
    if let Some(id) = wanted.filter(|_| page.items.is_empty()) {
        return Err(replication_group_not_found(&id));
    }
    let last = page
        .items
        .last()
        .map(|group| marker(List::ReplicationGroups, &group.spec.replication_group_id));
    Ok(ReplicationGroupMessage {
        marker: last.filter(|_| page.has_more),
        replication_groups: Some(
            page.items
                .iter()
                .map(|group| view::view(cx, group))
                .collect(),
        ),
    })
}

/// DeleteReplicationGroup: all members go with it, but for the primary where it is to be kept as a cache cluster.
///
/// # Errors
/// `ReplicationGroupNotFoundFault`; `InvalidReplicationGroupState` while something is under way; `InvalidParameterValue` and
/// `InvalidParameterCombination` for what cannot be kept.
pub async fn delete_replication_group(
    cx: &Context,
    input: DeleteReplicationGroupMessage,
) -> Result<DeleteReplicationGroupResult, Fault> {
    let retain = input.retain_primary_cluster.unwrap_or(false);
    for _ in 0..STALE_TRIES {
        let mut group = find(cx, &input.replication_group_id).await?;
        refuse_to_keep(&input, &group)?;
        let is_there = group.available_at.is_some();
        if !status::admits_group(&group, GroupOperation::Delete) || (retain && !is_there) {
            return Err(state(format!(
                "Replication group {} cannot be deleted while it is {}.",
                group.spec.replication_group_id,
                status::replication_group(&group).word()
            )));
        }
        if let Some(name) = given(input.final_snapshot_identifier.as_deref()) {
            if let Some(group) = delete_after_snapshot(cx, &group, name).await? {
                return Ok(DeleteReplicationGroupResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            continue;
        }
        // What a primary that is lost had is with its replicas, until it has it back.
        let has_all = group.serving_primary().is_some()
            && group.primary.is_confirmed()
            && !group.primary.handback
            && group.test_failover.is_none();
        if retain && !has_all {
            return Err(state(format!(
                "The primary cluster of replication group {} cannot be retained while it is being recovered.",
                group.spec.replication_group_id
            )));
        }
        group.request_deletion(retain, cx.clock.now());
        match cx
            .datastore
            .replication_group_request(&group, &[], &[], cx.presentation.node_quota)
            .await
        {
            Ok(group) => {
                wake(cx);
                return Ok(DeleteReplicationGroupResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// Asks for the final snapshot; the deletion is asked for when that is there. None where the record has changed since it was read.
async fn delete_after_snapshot(
    cx: &Context,
    group: &ReplicationGroup,
    name: &str,
) -> Result<Option<ReplicationGroup>, Fault> {
    let id = &group.spec.replication_group_id;
    if !status::admits_group(group, GroupOperation::Snapshot) {
        return Err(state(format!(
            "No final snapshot of replication group {id} can be taken while it is {}.",
            status::replication_group(group).word()
        )));
    }
    let name = snapshot_name(name).map_err(fault_of)?;
    let mut wished = snapshot::of_group(cx, group, name).await?;
    wished.is_final = true;
    let read = SnapshotSourceRead {
        cache_cluster: None,
        replication_group: Some((group.key, group.revision)),
    };
    let tags = group_tags(cx, group).await?;
    match snapshot::insert(cx, &wished, &read, &tags).await? {
        Some(_) => find(cx, id).await.map(Some),
        None => Ok(None),
    }
}

fn refuse_to_keep(
    input: &DeleteReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<(), Fault> {
    let retain = input.retain_primary_cluster.unwrap_or(false);
    let snapshot = given(input.final_snapshot_identifier.as_deref()).is_some();
    if retain && group.sharding.is_some() {
        return Err(invalid_combination(
            "RetainPrimaryCluster is not supported for replication groups with cluster mode enabled.",
        ));
    }
    if retain && snapshot {
        return Err(invalid_combination(
            "FinalSnapshotIdentifier cannot be specified when RetainPrimaryCluster is true.",
        ));
    }
    if retain && group.spec.engine() == Engine::Valkey {
        return Err(invalid_combination(
            "RetainPrimaryCluster is not supported for engine valkey: there are no valkey cache clusters outside replication groups.",
        ));
    }
    if retain && group.spec.transit_encryption.is_some() {
        return Err(invalid_combination(
            "RetainPrimaryCluster is not supported with encryption in transit: there are no redis cache clusters with it outside \
             replication groups.",
        ));
    }
    Ok(())
}

pub(super) async fn find(cx: &Context, id: &str) -> Result<ReplicationGroup, Fault> {
    let id = id.to_ascii_lowercase();
    match cx.datastore.replication_group_get(&cx.scope, &id).await {
        Ok(group) => Ok(group),
        Err(StoreError::NotFound) => Err(replication_group_not_found(&id)),
        Err(error) => Err(internal(error)),
    }
}

/// Changes are made to a group that is available (text: behaviour.md section 40).
fn demand(group: &ReplicationGroup) -> Result<(), Fault> {
    if status::admits_group(group, GroupOperation::Modify) {
        return Ok(());
    }
    Err(unavailable())
}

fn unavailable() -> Fault {
    state("Replication group must be in available state to modify.")
}

/// Everyone who has a part in a group, its members and its endpoints.
fn wake(cx: &Context) {
    cx.activators.replication_group.wake();
    cx.activators.cache_cluster.wake();
    cx.activators.router.wake();
    cx.activators.access.wake();
    cx.activators.log.wake();
}

/// What is there with cluster mode enabled only (text: behaviour.md section 40).
fn cluster_mode_only() -> Fault {
    invalid_value("Operation is only applicable for cluster mode enabled replication groups.")
}

async fn group_tags(cx: &Context, group: &ReplicationGroup) -> Result<Vec<Tag>, Fault> {
    let id = &group.spec.replication_group_id;
    let name = arn(&cx.scope, ResourceType::ReplicationGroup, id);
    cx.datastore.tag_list(&name).await.map_err(internal)
}

fn one_of(members: &str) -> Fault {
    invalid_combination(format!("Exactly one of {members} must be provided."))
}

fn no_operation() -> Fault {
    Fault::new(
        FaultCode::NoOperation,
        "Requested new replica count already matches current number of replicas.",
    )
}

fn refuse_outposts(shards: &[ConfigureShard]) -> Result<(), Fault> {
    let has_outposts = |shard: &ConfigureShard| has_entries(shard.preferred_outpost_arns.as_ref());
    match shards.iter().any(has_outposts) {
        true => Err(not_supported("Outposts")),
        false => Ok(()),
    }
}

fn state(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::InvalidReplicationGroupState, message)
}

/// Others kept changing the records; to the caller that is a group that is busy.
fn contended() -> Fault {
    state("The replication group is being changed by other requests. Try again.")
}
