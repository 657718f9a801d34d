//! Cache clusters: create, describe, modify, reboot, delete.

mod modify;
mod spec;
pub(super) mod view;

use cacheplane_api::shapes::{
    CacheClusterMessage, CreateCacheClusterMessage, CreateCacheClusterResult,
    DeleteCacheClusterMessage, DeleteCacheClusterResult, DescribeCacheClustersMessage,
    RebootCacheClusterMessage, RebootCacheClusterResult,
};
use cacheplane_api::{Fault, FaultCode};

pub use modify::modify_cache_cluster;

use super::Context;
use super::faults::{
    cache_cluster_exists, cache_cluster_not_found, fault_of, internal, invalid_value, no_snapshots,
    node_quota, not_supported, subnet_group_not_found,
};
use super::log_delivery;
use super::paging::{List, marker, page_size, position};
use super::replication_group;
use super::restore;
use super::snapshot;
use super::spec::{given, has_entries, named_group};
use super::subnet_group;
use super::tag;
use crate::datastore::{CacheClusterFilter, Error as StoreError, SnapshotSourceRead};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::engine::Engine;
use crate::resources::log_delivery::wish;
use crate::resources::snapshot::snapshot_name;
use crate::resources::status::{self, Operation};

/// How often a write is tried again that came after another's; each time the record is read anew.
const STALE_TRIES: usize = 8;

/// CreateCacheCluster; with ReplicationGroupId, a replica of that group.
///
/// # Errors
/// `CacheClusterAlreadyExists`; `ReplicationGroupNotFoundFault`; `InvalidReplicationGroupState`; quota faults; `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn create_cache_cluster(
    cx: &Context,
    input: CreateCacheClusterMessage,
) -> Result<CreateCacheClusterResult, Fault> {
    if let Some(group) = given(input.replication_group_id.as_deref()) {
        let member = replication_group::create_member(cx, &input, group).await?;
        return Ok(CreateCacheClusterResult {
            cache_cluster: Some(view::view(cx, &member, false)),
        });
    }
    let mut input = input;
    let arns = input.snapshot_arns.as_ref();
    let is_seeded = given(input.snapshot_name.as_deref()).is_some() || has_entries(arns);
    if is_seeded && input.engine.as_deref() == Some(Engine::Memcached.name()) {
        return Err(restore::not_for_this_engine());
    }
    let origin = restore::origin(cx, input.snapshot_name.as_deref(), arns).await?;
    if let Some(origin) = &origin {
        restore::complete_cluster(cx, &mut input, origin).await?;
    }
    let subnet_group = subnet_group::chosen(cx, input.cache_subnet_group_name.as_deref()).await?;
    let named = named_group(cx, input.cache_parameter_group_name.as_deref()).await?;
    let (spec, zones) = spec::spec(cx, &input, named.as_ref(), subnet_group)?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    let tags = restore::tags(cx, origin.as_ref(), tags).await?;
    let mut cluster = CacheCluster::wished(cx.scope.clone(), spec, &zones, cx.clock.now());
    if let Some(origin) = &origin {
        restore::check_version(origin, cluster.spec.engine_version)?;
        cluster.restore = Some(origin.whole()?);
    }
    let logs = input.log_delivery_configurations.as_ref();
    let wishes = log_delivery::wishes(logs, cluster.spec.engine_version)?;
    wish(&mut cluster.log_deliveries, wishes, cluster.requested_at);
    let quota = cx.presentation.node_quota;
    match cx
        .datastore
        .cache_cluster_insert(&cluster, &tags, quota)
        .await
    {
        Ok(cluster) => {
            cx.activators.cache_cluster.wake();
            cx.activators.log.wake();
            if cluster.spec.has_configuration_endpoint() {
                // The router is made while the nodes are.
                cx.activators.router.wake();
            }
            Ok(CreateCacheClusterResult {
                cache_cluster: Some(view::view(cx, &cluster, false)),
            })
        }
        Err(StoreError::AlreadyExists) => Err(cache_cluster_exists()),
        Err(StoreError::NoSubnetGroup(name)) => Err(subnet_group_not_found(&name)),
        Err(StoreError::TooManyNodes(quota)) => Err(node_quota(quota)),
        Err(error) => Err(internal(error)),
    }
}

/// DescribeCacheClusters: one by its id, or all, in the order of their ids.
///
/// # Errors
/// `CacheClusterNotFound` for an id that is not there; `InvalidParameterValue` for a page size or marker out of bounds.
pub async fn describe_cache_clusters(
    cx: &Context,
    input: DescribeCacheClustersMessage,
) -> Result<CacheClusterMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let wanted = given(input.cache_cluster_id.as_deref()).map(str::to_ascii_lowercase);
    let filter = CacheClusterFilter {
        cache_cluster_id: wanted.clone(),
        after_id: position(List::CacheClusters, input.marker.as_deref())?,
        not_in_groups: input
            .show_cache_clusters_not_in_replication_groups
            .unwrap_or(false),
    };
    let page = cx
        .datastore
        .cache_cluster_page(&cx.scope, &filter, limit)
        .await
        .map_err(internal)?;
    if let Some(id) = wanted.filter(|_| page.items.is_empty()) {
        return Err(cache_cluster_not_found(&id));
    }
    let show_nodes = input.show_cache_node_info.unwrap_or(false);
    let last = page
        .items
        .last()
        .map(|cluster| marker(List::CacheClusters, &cluster.spec.cache_cluster_id));
    Ok(CacheClusterMessage {
        marker: last.filter(|_| page.has_more),
        cache_clusters: Some(
            page.items
                .iter()
                .map(|cluster| view::view(cx, cluster, show_nodes))
                .collect(),
        ),
    })
}

/// RebootCacheCluster: Redis keeps its keys, Memcached does not.
///
/// # Errors
/// `CacheClusterNotFound`; `InvalidCacheClusterState` unless available, and for a member of a replication group with cluster mode enabled;
/// `InvalidParameterValue` for nodes that it does not have.
pub async fn reboot_cache_cluster(
    cx: &Context,
    input: RebootCacheClusterMessage,
) -> Result<RebootCacheClusterResult, Fault> {
    let ids = &input.cache_node_ids_to_reboot;
    for _ in 0..STALE_TRIES {
        let cluster = find(cx, &input.cache_cluster_id).await?;
        demand(&cluster, Operation::Reboot)?;
        let membership = cluster.membership.as_ref();
        if membership.is_some_and(|group| group.node_group.is_some()) {
            // behaviour.md section 9; of the faults that the operation declares, the one that fits.
            return Err(Fault::new(
                FaultCode::InvalidCacheClusterState,
                "Rebooting is not supported for cache clusters of a replication group with cluster mode enabled.",
            ));
        }
        if ids.is_empty() {
            return Err(invalid_value(
                "The parameter CacheNodeIdsToReboot must be provided.",
            ));
        }
        if let Some(id) = ids
            .iter()
            .find(|id| cluster.nodes.iter().all(|node| node.cache_node_id != **id))
        {
            return Err(invalid_value(format!(
                "The cache cluster {} has no cache node {id}.",
                cluster.spec.cache_cluster_id
            )));
        }
        let keys: Vec<i64> = cluster
            .nodes
            .iter()
            .filter(|node| ids.contains(&node.cache_node_id))
            .map(|node| node.key)
            .collect();
        match cx
            .datastore
            .cache_node_request_reboot(&cluster, &keys)
            .await
        {
            Ok(()) => {
                cx.activators.cache_cluster.wake();
                cx.activators.replication_group.wake();
                let cluster = find(cx, &input.cache_cluster_id).await?;
                return Ok(RebootCacheClusterResult {
                    cache_cluster: Some(view::view(cx, &cluster, false)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// DeleteCacheCluster; of a member, where its group can spare it.
///
/// # Errors
/// `CacheClusterNotFound`; `InvalidCacheClusterState` while something is under way; with a final snapshot those of CreateSnapshot.
pub async fn delete_cache_cluster(
    cx: &Context,
    input: DeleteCacheClusterMessage,
) -> Result<DeleteCacheClusterResult, Fault> {
    for _ in 0..STALE_TRIES {
        let mut cluster = find(cx, &input.cache_cluster_id).await?;
        let is_final = given(input.final_snapshot_identifier.as_deref());
        if is_final.is_some() && !cluster.spec.engine().speaks_resp() {
            return Err(no_snapshots());
        }
        if !status::admits(&cluster, Operation::Delete) {
            return Err(Fault::new(
                FaultCode::InvalidCacheClusterState,
                format!(
                    "Can only delete cache clusters with state in: available, failed, incompatible-parameters, \
                     incompatible-network, restore-failed, recovering. Cluster {} has state: {}.",
                    cluster.spec.cache_cluster_id,
                    status::cache_cluster(&cluster).word()
                ),
            ));
        }
        if let Some(name) = is_final {
            if cluster.membership.is_some() {
                return Err(not_supported(
                    "FinalSnapshotIdentifier of a member of a replication group",
                ));
            }
            if let Some(cluster) = delete_after_snapshot(cx, &cluster, name).await? {
                return Ok(DeleteCacheClusterResult {
                    cache_cluster: Some(view::view(cx, &cluster, false)),
                });
            }
            continue;
        }
        if let Some(group) = &cluster.membership {
            let id = &cluster.spec.cache_cluster_id;
            let group = &group.replication_group_id;
            let member = replication_group::delete_member(cx, group, id).await?;
            return Ok(DeleteCacheClusterResult {
                cache_cluster: Some(view::view(cx, &member, false)),
            });
        }
        cluster.deletion_requested_at = Some(cx.clock.now());
        match cx
            .datastore
            .cache_cluster_request(&cluster, &[], cx.presentation.node_quota)
            .await
        {
            Ok(cluster) => {
                cx.activators.cache_cluster.wake();
                return Ok(DeleteCacheClusterResult {
                    cache_cluster: Some(view::view(cx, &cluster, false)),
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
    cluster: &CacheCluster,
    name: &str,
) -> Result<Option<CacheCluster>, Fault> {
    // What is not there has nothing to keep.
    demand(cluster, Operation::Snapshot)?;
    let name = snapshot_name(name).map_err(fault_of)?;
    let mut wished = snapshot::of_cluster(cx, cluster, name).await?;
    wished.is_final = true;
    let read = SnapshotSourceRead {
        cache_cluster: Some((cluster.key, cluster.revision)),
        replication_group: None,
    };
    let id = &cluster.spec.cache_cluster_id;
    let tagged = arn(&cx.scope, ResourceType::Cluster, id);
    let tags = cx.datastore.tag_list(&tagged).await.map_err(internal)?;
    match snapshot::insert(cx, &wished, &read, &tags).await? {
        Some(_) => find(cx, id).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn find(cx: &Context, id: &str) -> Result<CacheCluster, Fault> {
    let id = id.to_ascii_lowercase();
    match cx.datastore.cache_cluster_get(&cx.scope, &id).await {
        Ok(cluster) => Ok(cluster),
        Err(StoreError::NotFound) => Err(cache_cluster_not_found(&id)),
        Err(error) => Err(internal(error)),
    }
}

pub(super) fn demand(cluster: &CacheCluster, operation: Operation) -> Result<(), Fault> {
    if status::admits(cluster, operation) {
        return Ok(());
    }
    Err(Fault::new(
        FaultCode::InvalidCacheClusterState,
        format!(
            "The cache cluster {} is not in the available state; it is {}.",
            cluster.spec.cache_cluster_id,
            status::cache_cluster(cluster).word()
        ),
    ))
}

/// Others kept changing the record; to the caller that is a cluster that is busy.
fn contended() -> Fault {
    Fault::new(
        FaultCode::InvalidCacheClusterState,
        "The cache cluster is being changed by other requests. Try again.",
    )
}
