//! A snapshot in storage form, and its way back; and what a cache begins with.

use serde::{Deserialize, Serialize};

use super::super::cache_cluster::{engine_version, parsed, port, stored_node_type};
use super::super::{Error, count};
use crate::resources::cache_cluster::Snapshotting;
use crate::resources::scope::Scope;
use crate::resources::snapshot::{
    GroupDescription, Restore, RestoreFile, Snapshot, SnapshotDescription, SnapshotKind,
    SnapshotPart, SnapshotSource, SnapshotUse, TakenPart,
};
use crate::resources::timestamp::Timestamp;
use crate::resources::window::{MaintenanceWindow, SnapshotWindow};

/// A snapshot and its parts as they are read: two JSON arrays.
pub(super) struct StoredSnapshot {
    pub(super) snapshot: String,
    pub(super) parts: String,
}

/// The fields stand in the order of the array.
#[derive(Deserialize)]
struct SnapshotRow {
    snapshot_key: i64,
    account: String,
    region: String,
    snapshot_name: String,
    kind: String,
    cache_cluster_id: Option<String>,
    replication_group_id: Option<String>,
    of_cache_cluster: Option<i64>,
    of_replication_group: Option<i64>,
    copy_of: Option<i64>,
    is_final: i64,
    description: DescriptionRow,
    requested_at: i64,
    completed_at: Option<i64>,
    deletion_requested_at: Option<i64>,
    failure_reason: Option<String>,
    restoring: i64,
    copying: i64,
    exporting: i64,
}

/// The fields stand in the order of the array.
#[derive(Deserialize)]
struct PartRow {
    snapshot_part_key: i64,
    node_group_id: String,
    slots: Option<String>,
    zones: Vec<String>,
    cache_cluster_id: Option<String>,
    node_created_at: Option<i64>,
    object: Option<String>,
    received_bytes: i64,
    size_bytes: Option<i64>,
    sha256: Option<String>,
    taken_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DescriptionRow {
    engine: String,
    engine_version: String,
    node_type: String,
    port: u16,
    parameter_group_name: String,
    subnet_group_name: String,
    vpc_id: String,
    maintenance_window: String,
    snapshot_window: Option<String>,
    retention_days: u32,
    topic_arn: Option<String>,
    auto_minor_version_upgrade: bool,
    created_at: Option<i64>,
    group: Option<GroupRow>,
}

#[derive(Serialize, Deserialize)]
struct GroupRow {
    description: String,
    automatic_failover: bool,
}

impl From<&SnapshotDescription> for DescriptionRow {
    fn from(from: &SnapshotDescription) -> Self {
        Self {
            engine: from.engine_version.engine.name().to_owned(),
            engine_version: from.engine_version.version.to_owned(),
            node_type: from.node_type.name.to_owned(),
            port: from.port,
            parameter_group_name: from.parameter_group_name.clone(),
            subnet_group_name: from.subnet_group_name.clone(),
            vpc_id: from.vpc_id.clone(),
            maintenance_window: from.maintenance_window.to_string(),
            snapshot_window: from.snapshot_window.as_ref().map(ToString::to_string),
            retention_days: from.retention_days,
            topic_arn: from.topic_arn.clone(),
            auto_minor_version_upgrade: from.auto_minor_version_upgrade,
            created_at: from.created_at.map(Timestamp::as_millis),
            group: from.group.as_ref().map(|group| GroupRow {
                description: group.description.clone(),
                automatic_failover: group.automatic_failover,
            }),
        }
    }
}

impl TryFrom<DescriptionRow> for SnapshotDescription {
    type Error = Error;

    fn try_from(row: DescriptionRow) -> Result<Self, Error> {
        let window = |text: &str| Error::Corrupt(format!("the window {text}"));
        Ok(Self {
            engine_version: engine_version(&row.engine, &row.engine_version)?,
            node_type: stored_node_type(&row.node_type)?,
            port: port(row.port.into())?,
            maintenance_window: MaintenanceWindow::parse(&row.maintenance_window)
                .map_err(|_| window(&row.maintenance_window))?,
            snapshot_window: row
                .snapshot_window
                .as_deref()
                .map(|text| SnapshotWindow::parse(text).map_err(|_| window(text)))
                .transpose()?,
            parameter_group_name: row.parameter_group_name,
            subnet_group_name: row.subnet_group_name,
            vpc_id: row.vpc_id,
            retention_days: row.retention_days,
            topic_arn: row.topic_arn,
            auto_minor_version_upgrade: row.auto_minor_version_upgrade,
            created_at: row.created_at.map(Timestamp::from_millis),
            group: row.group.map(|group| GroupDescription {
                description: group.description,
                automatic_failover: group.automatic_failover,
            }),
        })
    }
}

impl TryFrom<PartRow> for SnapshotPart {
    type Error = Error;

    fn try_from(row: PartRow) -> Result<Self, Error> {
        let slots = row.slots.as_deref().map(str::parse).transpose();
        let taken = match (row.size_bytes, row.sha256, row.taken_at) {
            (Some(size), Some(sha256), Some(taken_at)) => Some(TakenPart {
                size_bytes: count(size)?,
                sha256,
                taken_at: Timestamp::from_millis(taken_at),
            }),
            _ => None,
        };
        Ok(Self {
            key: row.snapshot_part_key,
            node_group: row
                .node_group_id
                .parse()
                .map_err(|_| Error::Corrupt(format!("the node group {}", row.node_group_id)))?,
            slots: slots.map_err(|_| Error::Corrupt(format!("the slots {:?}", row.slots)))?,
            zones: row.zones,
            cache_cluster_id: row.cache_cluster_id,
            node_created_at: row.node_created_at.map(Timestamp::from_millis),
            object: row.object,
            received_bytes: count(row.received_bytes)?,
            taken,
        })
    }
}

impl TryFrom<StoredSnapshot> for Snapshot {
    type Error = Error;

    fn try_from(stored: StoredSnapshot) -> Result<Self, Error> {
        let row: SnapshotRow = parsed(&stored.snapshot)?;
        let mut parts = parsed::<Vec<PartRow>>(&stored.parts)?
            .into_iter()
            .map(SnapshotPart::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        parts.sort_unstable_by_key(|part| part.node_group);
        Ok(Self {
            key: row.snapshot_key,
            scope: Scope {
                account: row.account,
                region: row.region,
            },
            name: row.snapshot_name,
            kind: SnapshotKind::from_word(&row.kind)
                .ok_or_else(|| Error::Corrupt(format!("the kind {}", row.kind)))?,
            source: SnapshotSource {
                cache_cluster_key: row.of_cache_cluster,
                replication_group_key: row.of_replication_group,
                cache_cluster_id: row.cache_cluster_id,
                replication_group_id: row.replication_group_id,
            },
            copy_of: row.copy_of,
            is_final: row.is_final != 0,
            description: row.description.try_into()?,
            parts,
            requested_at: Timestamp::from_millis(row.requested_at),
            completed_at: row.completed_at.map(Timestamp::from_millis),
            deletion_requested_at: row.deletion_requested_at.map(Timestamp::from_millis),
            failure: row.failure_reason,
            used: SnapshotUse {
                restoring: row.restoring != 0,
                copying: row.copying != 0,
                exporting: row.exporting != 0,
            },
        })
    }
}

/// What a cache begins with.
#[derive(Serialize, Deserialize)]
pub(in crate::datastore) struct RestoreRow {
    from: String,
    snapshot: Option<i64>,
    files: Vec<FileRow>,
    slots: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileRow {
    Stored(String),
    Bucket(String, String),
}

impl From<&Restore> for RestoreRow {
    fn from(restore: &Restore) -> Self {
        let files = restore.files.iter().cloned().map(|file| match file {
            RestoreFile::Stored(object) => FileRow::Stored(object),
            RestoreFile::Bucket(bucket, key) => FileRow::Bucket(bucket, key),
        });
        Self {
            from: restore.from.clone(),
            snapshot: restore.snapshot_key,
            files: files.collect(),
            slots: restore.slots.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<RestoreRow> for Restore {
    type Error = Error;

    fn try_from(row: RestoreRow) -> Result<Self, Error> {
        let slots = row.slots.as_deref().map(str::parse).transpose();
        let files = row.files.into_iter().map(|file| match file {
            FileRow::Stored(object) => RestoreFile::Stored(object),
            FileRow::Bucket(bucket, key) => RestoreFile::Bucket(bucket, key),
        });
        Ok(Self {
            files: files.collect(),
            slots: slots.map_err(|_| Error::Corrupt(format!("the slots {:?}", row.slots)))?,
            from: row.from,
            snapshot_key: row.snapshot,
        })
    }
}

/// A snapshot under way, as the statements about sources word it.
pub(in crate::datastore) fn snapshotting(stored: Option<i64>) -> Option<Snapshotting> {
    stored.map(|stored| match stored {
        2 => Snapshotting::Final,
        _ => Snapshotting::Passing,
    })
}
