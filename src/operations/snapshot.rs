//! Snapshots: create, describe, copy, bring to a bucket, delete.

mod export;
mod view;

use cacheplane_api::shapes::{
    CopySnapshotMessage, CopySnapshotResult, CreateSnapshotMessage, CreateSnapshotResult,
    DeleteSnapshotMessage, DeleteSnapshotResult, DescribeSnapshotsListMessage,
    DescribeSnapshotsMessage,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::{
    cache_cluster_not_found, fault_of, internal, invalid_combination, invalid_value, no_snapshots,
    not_supported, replication_group_not_found, snapshot_not_found,
};
use super::paging::{List, marker, page_size_up_to, position};
use super::spec::given;
use super::{subnet_group, tag};
use crate::datastore::{Error as StoreError, SnapshotFilter, SnapshotSourceRead};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::snapshot::{
    MANUAL_SNAPSHOTS_A_DAY, Snapshot, SnapshotKind, SnapshotStatus, snapshot_name,
};
use crate::resources::status::{self, GroupOperation, Operation};
use crate::resources::tag::Tag;

/// How often a write is tried again that came after another's; each time the records are read anew.
const STALE_TRIES: usize = 8;

/// Most snapshots of a page (DescribeSnapshots, API reference).
const PAGE_MAX: i32 = 50;

/// CreateSnapshot: of a cache cluster, be it a member of a replication group, or of a replication group.
///
/// # Errors
/// `SnapshotAlreadyExistsFault`; the not-found fault of its source, and its state fault unless that is available;
/// `SnapshotFeatureNotSupportedFault`; `SnapshotQuotaExceededFault`; `InvalidParameterValue` and `InvalidParameterCombination` as AWS has
/// them.
pub async fn create_snapshot(
    cx: &Context,
    input: CreateSnapshotMessage,
) -> Result<CreateSnapshotResult, Fault> {
    let name = snapshot_name(&input.snapshot_name).map_err(fault_of)?;
    refuse_key(input.kms_key_id.as_deref())?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    for _ in 0..STALE_TRIES {
        let cluster_id = given(input.cache_cluster_id.as_deref());
        let group_id = given(input.replication_group_id.as_deref());
        let (wished, read, tagged) = match (cluster_id, group_id) {
            (Some(id), None) => of_cache_cluster(cx, id, &name).await?,
            (None, Some(id)) => of_replication_group(cx, id, &name).await?,
            (None, None) | (Some(_), Some(_)) => {
                return Err(invalid_combination(
                    "Exactly one of CacheClusterId and ReplicationGroupId must be provided.",
                ));
            }
        };
        // The request's tags, else those of its source (behaviour.md section 33).
        let tags = match tags.is_empty() {
            true => cx.datastore.tag_list(&tagged).await.map_err(internal)?,
            false => tags.clone(),
        };
        match insert(cx, &wished, &read, &tags).await? {
            Some(snapshot) => {
                return Ok(CreateSnapshotResult {
                    snapshot: Some(view::view(&snapshot, false)),
                });
            }
            None => continue,
        }
    }
    Err(contended())
}

/// Stores a snapshot that is wished for; none where its source has changed since it was read.
pub(super) async fn insert(
    cx: &Context,
    snapshot: &Snapshot,
    read: &SnapshotSourceRead,
    tags: &[Tag],
) -> Result<Option<Snapshot>, Fault> {
    let quota = MANUAL_SNAPSHOTS_A_DAY;
    match cx
        .datastore
        .snapshot_insert(snapshot, read, tags, quota)
        .await
    {
        Ok(stored) => {
            cx.activators.snapshot.wake();
            Ok(Some(stored))
        }
        Err(StoreError::Stale) => Ok(None),
        Err(StoreError::AlreadyExists) => Err(exists(&snapshot.name)),
        Err(StoreError::TooManySnapshots) => Err(Fault::new(
            FaultCode::SnapshotQuotaExceeded,
            "The maximum number of manual snapshots for this cluster taken within 24 hours has been reached",
        )),
        Err(error) => Err(internal(error)),
    }
}

async fn of_cache_cluster(
    cx: &Context,
    id: &str,
    name: &str,
) -> Result<(Snapshot, SnapshotSourceRead, String), Fault> {
    let id = id.to_ascii_lowercase();
    let cluster = match cx.datastore.cache_cluster_get(&cx.scope, &id).await {
        Ok(cluster) => cluster,
        Err(StoreError::NotFound) => return Err(cache_cluster_not_found(&id)),
        Err(error) => return Err(internal(error)),
    };
    if !cluster.spec.engine().speaks_resp() {
        return Err(no_snapshots());
    }
    let membership = cluster.membership.as_ref();
    if membership.is_some_and(|membership| membership.node_group.is_some()) {
        return Err(invalid_value(
            "Snapshots of a member of a replication group with cluster mode enabled are taken of the whole group: use ReplicationGroupId.",
        ));
    }
    let mut read = SnapshotSourceRead::default();
    if let Some(membership) = membership {
        let key = membership.group_key;
        let group = cx.datastore.replication_group_get_by_key(key).await;
        let group = group.map_err(internal)?;
        demand_group(&group)?;
        read.replication_group = Some((group.key, group.revision));
    }
    super::cache_cluster::demand(&cluster, Operation::Snapshot)?;
    let wished = of_cluster(cx, &cluster, name.to_owned()).await?;
    read.cache_cluster = Some((cluster.key, cluster.revision));
    Ok((wished, read, arn(&cx.scope, ResourceType::Cluster, &id)))
}

async fn of_replication_group(
    cx: &Context,
    id: &str,
    name: &str,
) -> Result<(Snapshot, SnapshotSourceRead, String), Fault> {
    let id = id.to_ascii_lowercase();
    let group = match cx.datastore.replication_group_get(&cx.scope, &id).await {
        Ok(group) => group,
        Err(StoreError::NotFound) => return Err(replication_group_not_found(&id)),
        Err(error) => return Err(internal(error)),
    };
    demand_group(&group)?;
    let wished = of_group(cx, &group, name.to_owned()).await?;
    let read = SnapshotSourceRead {
        cache_cluster: None,
        replication_group: Some((group.key, group.revision)),
    };
    let tagged = arn(&cx.scope, ResourceType::ReplicationGroup, &id);
    Ok((wished, read, tagged))
}

/// A manual snapshot of a cache cluster, as it is now.
pub(super) async fn of_cluster(
    cx: &Context,
    cluster: &CacheCluster,
    name: String,
) -> Result<Snapshot, Fault> {
    let subnet_group = subnet_group::find(cx, &cluster.spec.subnet_group_name).await?;
    let (kind, now) = (SnapshotKind::Manual, cx.clock.now());
    Ok(Snapshot::of_cache_cluster(
        cluster,
        name,
        kind,
        subnet_group.vpc_id,
        now,
    ))
}

/// A manual snapshot of a replication group, as it is now.
pub(super) async fn of_group(
    cx: &Context,
    group: &ReplicationGroup,
    name: String,
) -> Result<Snapshot, Fault> {
    let subnet_group = subnet_group::find(cx, &group.spec.subnet_group_name).await?;
    let (kind, now) = (SnapshotKind::Manual, cx.clock.now());
    Ok(Snapshot::of_replication_group(
        group,
        name,
        kind,
        subnet_group.vpc_id,
        now,
    ))
}

fn demand_group(group: &ReplicationGroup) -> Result<(), Fault> {
    if status::admits_group(group, GroupOperation::Snapshot) {
        return Ok(());
    }
    Err(Fault::new(
        FaultCode::InvalidReplicationGroupState,
        format!(
            "Replication group {} is not in the available state; it is {}.",
            group.spec.replication_group_id,
            status::replication_group(group).word()
        ),
    ))
}

/// DescribeSnapshots: one by its name, or those that the filters leave, in the order of their names.
///
/// # Errors
/// `SnapshotNotFoundFault` for a name that is not there; `InvalidParameterValue` for a page size, marker or source out of bounds.
pub async fn describe_snapshots(
    cx: &Context,
    input: DescribeSnapshotsMessage,
) -> Result<DescribeSnapshotsListMessage, Fault> {
    let limit = page_size_up_to(input.max_records, PAGE_MAX)?;
    let lower = |text: &Option<String>| given(text.as_deref()).map(str::to_ascii_lowercase);
    let kind = given(input.snapshot_source.as_deref()).map(|word| {
        SnapshotKind::from_word(word).ok_or_else(|| {
            invalid_value(format!(
                "Invalid snapshot source: {word}. It is system or user."
            ))
        })
    });
    let filter = SnapshotFilter {
        snapshot_name: lower(&input.snapshot_name),
        cache_cluster_id: lower(&input.cache_cluster_id),
        replication_group_id: lower(&input.replication_group_id),
        kind: kind.transpose()?,
        after_name: position(List::Snapshots, input.marker.as_deref())?,
    };
    let page = cx.datastore.snapshot_page(&cx.scope, &filter, limit).await;
    let page = page.map_err(internal)?;
    if let Some(name) = &filter.snapshot_name {
        // One that is there and that another filter leaves out is no fault.
        if page.items.is_empty() {
            find(cx, name).await?;
        }
    }
    let show_node_groups = input.show_node_group_config.unwrap_or(false);
    let last = page
        .items
        .last()
        .map(|it| marker(List::Snapshots, &it.name));
    let shapes = page.items.iter().map(|it| view::view(it, show_node_groups));
    Ok(DescribeSnapshotsListMessage {
        marker: last.filter(|_| page.has_more),
        snapshots: Some(shapes.collect()),
    })
}

/// CopySnapshot: another snapshot, or with TargetBucket objects in a bucket.
///
/// # Errors
/// `SnapshotNotFoundFault`; `SnapshotAlreadyExistsFault`; `InvalidSnapshotState` unless the source is there; `InvalidParameterValue` for a
/// name or a bucket that cannot be used.
pub async fn copy_snapshot(
    cx: &Context,
    input: CopySnapshotMessage,
) -> Result<CopySnapshotResult, Fault> {
    refuse_key(input.kms_key_id.as_deref())?;
    let source = find(cx, &input.source_snapshot_name.to_ascii_lowercase()).await?;
    if !source.status().admits_reading() {
        return Err(state(&source));
    }
    if let Some(bucket) = given(input.target_bucket.as_deref()) {
        let exported = export::export(cx, &source, &input.target_snapshot_name, bucket).await?;
        return Ok(CopySnapshotResult {
            snapshot: Some(exported),
        });
    }
    let name = snapshot_name(&input.target_snapshot_name).map_err(fault_of)?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    let tags = match tags.is_empty() {
        true => {
            let name = arn(&cx.scope, ResourceType::Snapshot, &source.name);
            cx.datastore.tag_list(&name).await.map_err(internal)?
        }
        false => tags,
    };
    let copy = Snapshot::copy(&source, name, cx.clock.now());
    let stored = insert(cx, &copy, &SnapshotSourceRead::default(), &tags).await?;
    let mut stored = stored.ok_or_else(contended)?;
    // Told with the sizes of what it is a copy of, as on AWS.
    stored.parts = copy.parts;
    Ok(CopySnapshotResult {
        snapshot: Some(view::view(&stored, false)),
    })
}

/// DeleteSnapshot.
///
/// # Errors
/// `SnapshotNotFoundFault`; `InvalidSnapshotState` while it is being taken, read or deleted.
pub async fn delete_snapshot(
    cx: &Context,
    input: DeleteSnapshotMessage,
) -> Result<DeleteSnapshotResult, Fault> {
    for _ in 0..STALE_TRIES {
        let snapshot = find(cx, &input.snapshot_name.to_ascii_lowercase()).await?;
        if !snapshot.status().admits_deletion() {
            return Err(state(&snapshot));
        }
        let now = cx.clock.now();
        match cx.datastore.snapshot_request_deletion(&snapshot, now).await {
            Ok(snapshot) => {
                cx.activators.snapshot.wake();
                return Ok(DeleteSnapshotResult {
                    snapshot: Some(view::view(&snapshot, false)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(StoreError::NotFound) => return Err(snapshot_not_found(&snapshot.name)),
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// The snapshot called `name`.
pub(super) async fn find(cx: &Context, name: &str) -> Result<Snapshot, Fault> {
    match cx.datastore.snapshot_get(&cx.scope, name).await {
        Ok(snapshot) => Ok(snapshot),
        Err(StoreError::NotFound) => Err(snapshot_not_found(name)),
        Err(error) => Err(internal(error)),
    }
}

fn exists(name: &str) -> Fault {
    Fault::new(
        FaultCode::SnapshotAlreadyExists,
        format!("Snapshot with name {name} already exists."),
    )
}

/// What cannot be done to a snapshot as it is.
pub(super) fn state(snapshot: &Snapshot) -> Fault {
    let word = match snapshot.status() {
        SnapshotStatus::Creating => "still being created".to_owned(),
        status => format!("in the state {}", status.word()),
    };
    Fault::new(
        FaultCode::InvalidSnapshotState,
        format!("The snapshot {} is {word}.", snapshot.name),
    )
}

fn refuse_key(kms_key_id: Option<&str>) -> Result<(), Fault> {
    match given(kms_key_id) {
        Some(_) => Err(not_supported("KmsKeyId")),
        None => Ok(()),
    }
}

fn contended() -> Fault {
    Fault::new(
        FaultCode::InvalidSnapshotState,
        "The snapshot or its source is being changed by other requests. Try again.",
    )
}
