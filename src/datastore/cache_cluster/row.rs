//! A cache cluster in storage form, and its way back.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::super::cache_node::NodeRow;
use super::super::log_delivery::{LogDeliveryRow, log_deliveries};
use super::super::snapshot::{RestoreRow, snapshotting};
use super::super::{Error, count, flag};
use crate::resources::cache_cluster::{
    AppliedAccess, AzMode, CacheCluster, CacheClusterSpec, CacheNode, Change, ClusterParameters,
    ConfigurationEndpoint, Failure, FailureKind, Joined, Membership, Notification,
};
use crate::resources::cache_parameter_group::{ParameterValues, default_values};
use crate::resources::engine::{self, Engine, EngineVersion};
use crate::resources::node_type::{self, NodeType};
use crate::resources::pending::{Pending, PendingNodes};
use crate::resources::scope::Scope;
use crate::resources::snapshot::Restore;
use crate::resources::timestamp::Timestamp;
use crate::resources::transit_encryption::TransitEncryptionMode;
use crate::resources::window::{MaintenanceWindow, SnapshotWindow};

/// The wish in storage form, for both the insert and the update.
pub(super) struct WishColumns {
    pub(super) engine_version: &'static str,
    pub(super) node_type: &'static str,
    pub(super) az_mode: &'static str,
    pub(super) security_group_ids: String,
    pub(super) maintenance_window: String,
    pub(super) snapshot_window: Option<String>,
    pub(super) topic_arn: Option<String>,
    pub(super) topic_active: bool,
    pub(super) pending_engine_version: Option<&'static str>,
    pub(super) pending_node_type: Option<&'static str>,
    pub(super) pending_zones: Option<String>,
    pub(super) pending_removals: Option<String>,
    pub(super) changes: String,
    pub(super) transit_encryption: Option<&'static str>,
}

impl WishColumns {
    pub(super) fn of(cluster: &CacheCluster) -> Result<Self, Error> {
        let CacheClusterSpec {
            engine_version,
            node_type,
            az_mode,
            security_group_ids,
            maintenance_window,
            snapshot_window,
            notification,
            ..
        } = &cluster.spec;
        let (pending_zones, pending_removals) = match &cluster.pending.nodes {
            Some(PendingNodes::Add(zones)) => (Some(json(zones)?), None),
            Some(PendingNodes::Remove(ids)) => (None, Some(json(ids)?)),
            None => (None, None),
        };
        Ok(Self {
            transit_encryption: cluster
                .spec
                .transit_encryption
                .map(TransitEncryptionMode::word),
            engine_version: engine_version.version,
            node_type: node_type.name,
            az_mode: match az_mode {
                AzMode::SingleAz => "single-az",
                AzMode::CrossAz => "cross-az",
            },
            security_group_ids: json(security_group_ids)?,
            maintenance_window: maintenance_window.to_string(),
            snapshot_window: snapshot_window.as_ref().map(ToString::to_string),
            topic_arn: notification.as_ref().map(|topic| topic.topic_arn.clone()),
            topic_active: notification.as_ref().is_some_and(|topic| topic.active),
            pending_engine_version: cluster
                .pending
                .engine_version
                .map(|version| version.version),
            pending_node_type: cluster.pending.node_type.map(|node_type| node_type.name),
            pending_zones,
            pending_removals,
            changes: json(
                &cluster
                    .changes
                    .iter()
                    .map(ChangeRow::from)
                    .collect::<Vec<_>>(),
            )?,
        })
    }
}

pub(in crate::datastore) fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt(error.to_string()))
}

pub(in crate::datastore) fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt(error.to_string()))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ChangeRow {
    EngineVersion(String, String),
    NodeType(String, String),
    NodeCount(u32, u32),
    ParameterGroup(String, String),
}

impl From<&Change> for ChangeRow {
    fn from(change: &Change) -> Self {
        match change.clone() {
            Change::EngineVersion(from, to) => Self::EngineVersion(from, to),
            Change::NodeType(from, to) => Self::NodeType(from, to),
            Change::NodeCount(from, to) => Self::NodeCount(from, to),
            Change::ParameterGroup(from, to) => Self::ParameterGroup(from, to),
        }
    }
}

impl From<ChangeRow> for Change {
    fn from(row: ChangeRow) -> Self {
        match row {
            ChangeRow::EngineVersion(from, to) => Self::EngineVersion(from, to),
            ChangeRow::NodeType(from, to) => Self::NodeType(from, to),
            ChangeRow::NodeCount(from, to) => Self::NodeCount(from, to),
            ChangeRow::ParameterGroup(from, to) => Self::ParameterGroup(from, to),
        }
    }
}

/// A cache cluster and its nodes as they are read: two JSON arrays.
pub(super) struct StoredCluster {
    pub(super) cluster: String,
    pub(super) nodes: String,
}

impl TryFrom<StoredCluster> for CacheCluster {
    type Error = Error;

    fn try_from(stored: StoredCluster) -> Result<Self, Error> {
        let mut nodes = parsed::<Vec<NodeRow>>(&stored.nodes)?
            .into_iter()
            .map(CacheNode::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        nodes.sort_unstable_by(|one, other| one.cache_node_id.cmp(&other.cache_node_id));
        parsed::<ClusterRow>(&stored.cluster)?.into_cluster(nodes)
    }
}

/// The fields stand in the order of the array. What only names something else is borrowed from it.
#[derive(Deserialize)]
struct ClusterRow<'a> {
    cache_cluster_key: i64,
    account: String,
    region: String,
    cache_cluster_id: String,
    #[serde(borrow)]
    engine: Cow<'a, str>,
    #[serde(borrow)]
    engine_version: Cow<'a, str>,
    #[serde(borrow)]
    cache_node_type: Cow<'a, str>,
    port: i64,
    #[serde(borrow)]
    az_mode: Cow<'a, str>,
    parameter_group_name: String,
    subnet_group_name: String,
    #[serde(borrow)]
    security_group_ids: Cow<'a, str>,
    #[serde(borrow)]
    maintenance_window: Cow<'a, str>,
    snapshot_window: Option<String>,
    snapshot_retention_days: i64,
    notification_topic_arn: Option<String>,
    #[serde(deserialize_with = "flag")]
    notification_active: bool,
    #[serde(deserialize_with = "flag")]
    auto_minor_version_upgrade: bool,
    pending_engine_version: Option<String>,
    pending_node_type: Option<String>,
    pending_node_zones: Option<String>,
    pending_node_removals: Option<String>,
    revision: i64,
    generation: i64,
    observed_generation: i64,
    requested_at: i64,
    available_at: Option<i64>,
    deletion_requested_at: Option<i64>,
    failure_kind: Option<String>,
    failure_reason: Option<String>,
    blocked_by: Option<String>,
    #[serde(borrow)]
    changes: Cow<'a, str>,
    configuration_address: Option<String>,
    config_version: i64,
    config_version_served: i64,
    configuration_port: Option<i64>,
    replication_group_key: Option<i64>,
    group: Option<GroupPart>,
    joined_run: Option<String>,
    joined_epoch: Option<i64>,
    node_group_id: Option<String>,
    #[serde(deserialize_with = "flag")]
    lacks_primary: bool,
    dismissed: i64,
    #[serde(deserialize_with = "flag")]
    guarded: bool,
    #[serde(deserialize_with = "flag")]
    iam: bool,
    transit_encryption: Option<String>,
    access_run: Option<String>,
    access_generation: Option<i64>,
    parameters_generation: i64,
    pending_parameter_group: Option<String>,
    /// None for a built-in group.
    group_values: Option<ParameterValues>,
    restore_from: Option<RestoreRow>,
    restore_failed: i64,
    snapshotting: Option<i64>,
    log_deliveries: Vec<LogDeliveryRow>,
}

/// What a member tells of its group: id, encryption at rest, the engine, version and node type that wait, when its AUTH tokens changed,
/// and the addresses of its endpoints.
#[derive(Deserialize)]
struct GroupPart(
    String,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
);

impl ClusterRow<'_> {
    fn into_cluster(mut self, nodes: Vec<CacheNode>) -> Result<CacheCluster, Error> {
        Ok(CacheCluster {
            key: self.cache_cluster_key,
            pending: self.pending()?,
            parameters: self.parameters()?,
            restore: self
                .restore_from
                .take()
                .map(Restore::try_from)
                .transpose()?,
            snapshotting: snapshotting(self.snapshotting),
            log_deliveries: log_deliveries(std::mem::take(&mut self.log_deliveries))?,
            spec: self.take_spec()?,
            failure: self.failure()?,
            membership: self.membership()?,
            changes: parsed::<Vec<ChangeRow>>(&self.changes)?
                .into_iter()
                .map(Change::from)
                .collect(),
            configuration_endpoint: ConfigurationEndpoint {
                address: self
                    .configuration_address
                    .as_deref()
                    .map(address)
                    .transpose()?,
                published_port: self.configuration_port.map(port).transpose()?,
                config_version: list_version(self.config_version)?,
                served_version: list_version(self.config_version_served)?,
            },
            scope: Scope {
                account: self.account,
                region: self.region,
            },
            revision: self.revision,
            generation: count(self.generation)?,
            observed_generation: count(self.observed_generation)?,
            requested_at: Timestamp::from_millis(self.requested_at),
            available_at: self.available_at.map(Timestamp::from_millis),
            deletion_requested_at: self.deletion_requested_at.map(Timestamp::from_millis),
            blocked_by: self.blocked_by,
            nodes,
        })
    }

    /// Leaves the row without the names that the spec keeps.
    fn take_spec(&mut self) -> Result<CacheClusterSpec, Error> {
        Ok(CacheClusterSpec {
            cache_cluster_id: std::mem::take(&mut self.cache_cluster_id),
            engine_version: engine_version(&self.engine, &self.engine_version)?,
            node_type: stored_node_type(&self.cache_node_type)?,
            port: port(self.port)?,
            az_mode: match &*self.az_mode {
                "cross-az" => AzMode::CrossAz,
                _ => AzMode::SingleAz,
            },
            parameter_group_name: std::mem::take(&mut self.parameter_group_name),
            subnet_group_name: std::mem::take(&mut self.subnet_group_name),
            security_group_ids: parsed(&self.security_group_ids)?,
            maintenance_window: MaintenanceWindow::parse(&self.maintenance_window)
                .map_err(|_| Error::Corrupt(format!("the window {}", self.maintenance_window)))?,
            snapshot_window: self
                .snapshot_window
                .as_deref()
                .map(|window| {
                    SnapshotWindow::parse(window)
                        .map_err(|_| Error::Corrupt(format!("the window {window}")))
                })
                .transpose()?,
            snapshot_retention_days: u32::try_from(self.snapshot_retention_days).map_err(|_| {
                Error::Corrupt(format!("the retention {}", self.snapshot_retention_days))
            })?,
            notification: self
                .notification_topic_arn
                .take()
                .map(|topic_arn| Notification {
                    topic_arn,
                    active: self.notification_active,
                }),
            auto_minor_version_upgrade: self.auto_minor_version_upgrade,
            guarded: self.guarded,
            iam: self.iam,
            transit_encryption: transit_encryption(self.transit_encryption.as_deref())?,
        })
    }

    fn parameters(&mut self) -> Result<ClusterParameters, Error> {
        let name = &self.parameter_group_name;
        let values = self.group_values.take().or_else(|| default_values(name));
        Ok(ClusterParameters {
            generation: count(self.parameters_generation)?,
            values: values.ok_or_else(|| Error::Corrupt(format!("the parameter group {name}")))?,
        })
    }

    fn pending(&self) -> Result<Pending, Error> {
        let nodes = match (&self.pending_node_zones, &self.pending_node_removals) {
            (Some(zones), _) => Some(PendingNodes::Add(parsed(zones)?)),
            (None, Some(ids)) => Some(PendingNodes::Remove(parsed(ids)?)),
            (None, None) => None,
        };
        Ok(Pending {
            engine_version: self
                .pending_engine_version
                .as_deref()
                .map(|version| engine_version(&self.engine, version))
                .transpose()?,
            parameter_group_name: self.pending_parameter_group.clone(),
            node_type: self
                .pending_node_type
                .as_deref()
                .map(stored_node_type)
                .transpose()?,
            nodes,
        })
    }

    fn membership(&mut self) -> Result<Option<Membership>, Error> {
        let (Some(group_key), Some(group)) = (self.replication_group_key, self.group.take()) else {
            return Ok(None);
        };
        let GroupPart(
            replication_group_id,
            at_rest_encryption,
            engine,
            version,
            node_type,
            auth_token_changed_at,
            primary_address,
            reader_address,
            configuration_address,
        ) = group;
        let endpoints = [primary_address, reader_address, configuration_address];
        let joined = match (self.joined_run.take(), self.joined_epoch) {
            (Some(started_at), Some(epoch)) => Some(Joined {
                started_at,
                epoch: count(epoch)?,
            }),
            _ => None,
        };
        let access = match (self.access_run.take(), self.access_generation) {
            (Some(started_at), Some(generation)) => Some(AppliedAccess {
                started_at,
                generation: count(generation)?,
            }),
            _ => None,
        };
        Ok(Some(Membership {
            group_key,
            replication_group_id,
            at_rest_encryption: at_rest_encryption == 1,
            auth_token_changed_at: auth_token_changed_at.map(Timestamp::from_millis),
            endpoint_addresses: endpoints
                .iter()
                .flatten()
                .map(|text| address(text))
                .collect::<Result<_, _>>()?,
            pending_engine_version: engine
                .zip(version)
                .map(|(engine, version)| engine_version(&engine, &version))
                .transpose()?,
            pending_node_type: node_type.as_deref().map(stored_node_type).transpose()?,
            joined,
            node_group: self
                .node_group_id
                .as_deref()
                .map(|id| {
                    id.parse()
                        .map_err(|_| Error::Corrupt(format!("the node group {id}")))
                })
                .transpose()?,
            lacks_primary: self.lacks_primary,
            is_dismissed: self.dismissed == 1,
            access,
        }))
    }

    fn failure(&self) -> Result<Option<Failure>, Error> {
        let kind = match self.failure_kind.as_deref() {
            None => return Ok(None),
            Some("network") => FailureKind::Network,
            Some("other") if self.restore_failed != 0 => FailureKind::Restore,
            Some("other") => FailureKind::Other,
            Some(word) => return Err(Error::Corrupt(format!("the failure kind {word}"))),
        };
        let reason = self.failure_reason.clone().unwrap_or_default();
        Ok(Some(Failure { kind, reason }))
    }
}

pub(super) fn failure_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Network => "network",
        // It is told apart by a column of its own.
        FailureKind::Restore | FailureKind::Other => "other",
    }
}

pub(in crate::datastore) fn engine_version(
    engine: &str,
    version: &str,
) -> Result<&'static EngineVersion, Error> {
    Engine::parse(engine)
        .and_then(|engine| engine::find(engine, version))
        .ok_or_else(|| Error::Corrupt(format!("the engine version {engine} {version}")))
}

pub(in crate::datastore) fn stored_node_type(name: &str) -> Result<&'static NodeType, Error> {
    node_type::find(name).ok_or_else(|| Error::Corrupt(format!("the node type {name}")))
}

/// A stored mode of encryption in transit, read back.
pub(in crate::datastore) fn transit_encryption(
    word: Option<&str>,
) -> Result<Option<TransitEncryptionMode>, Error> {
    let parse = |word| {
        TransitEncryptionMode::parse(word)
            .ok_or_else(|| Error::Corrupt(format!("the transit encryption mode {word}")))
    };
    word.map(parse).transpose()
}

fn list_version(stored: i64) -> Result<u32, Error> {
    u32::try_from(stored).map_err(|_| Error::Corrupt(format!("the list version {stored}")))
}

/// A stored address, read back.
pub(in crate::datastore) fn address(text: &str) -> Result<Ipv4Addr, Error> {
    text.parse()
        .map_err(|_| Error::Corrupt(format!("the address {text}")))
}

/// A stored port, read back.
pub(in crate::datastore) fn port(stored: i64) -> Result<u16, Error> {
    u16::try_from(stored).map_err(|_| Error::Corrupt(format!("the port {stored}")))
}
