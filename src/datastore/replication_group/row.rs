//! A replication group in storage form, and its way back.

use serde::{Deserialize, Serialize};

use super::super::cache_cluster::{
    address, engine_version, json, parsed, port, stored_node_type, transit_encryption,
};
use super::super::log_delivery::log_deliveries;
use super::super::snapshot::snapshotting;
use super::super::{Error, count};
use crate::resources::auth_token::{AuthTokenStrategy, AuthTokens};
use crate::resources::cache_cluster::{CacheCluster, Notification};
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::engine::Engine;
use crate::resources::replication_group::{
    AttachedUserGroup, GroupAccess, GroupChange, GroupPending, MovingEndpoint, PrimaryChoice,
    ReplicationGroup, ReplicationGroupSpec, TestFailover,
};
use crate::resources::scope::Scope;
use crate::resources::timestamp::Timestamp;
use crate::resources::transit_encryption::TransitEncryptionMode;
use crate::resources::user::PasswordDigest;
use crate::resources::window::{MaintenanceWindow, SnapshotWindow};

/// The wish in storage form, for both the insert and the update.
pub(super) struct GroupWish {
    pub(super) engine_version: &'static str,
    pub(super) node_type: &'static str,
    pub(super) security_group_ids: String,
    pub(super) maintenance_window: String,
    pub(super) snapshot_window: String,
    pub(super) topic_arn: Option<String>,
    pub(super) topic_active: bool,
    pub(super) pending_engine: Option<&'static str>,
    pub(super) pending_engine_version: Option<&'static str>,
    pub(super) pending_node_type: Option<&'static str>,
    pub(super) changes: String,
    pub(super) transit_encryption: Option<&'static str>,
    pub(super) auth_token: Option<String>,
    pub(super) auth_token_earlier: Option<String>,
    pub(super) auth_token_optional: bool,
    pub(super) auth_token_changed_at: Option<i64>,
}

impl GroupWish {
    pub(super) fn of(group: &ReplicationGroup) -> Result<Self, Error> {
        let (spec, pending) = (&group.spec, &group.pending);
        let notification = spec.notification.as_ref();
        let tokens = group.access.auth_tokens.as_ref();
        let digits = |digest: &PasswordDigest| digest.digits().to_owned();
        Ok(Self {
            transit_encryption: spec.transit_encryption.map(TransitEncryptionMode::word),
            auth_token: tokens.map(|it| digits(&it.newest)),
            auth_token_earlier: tokens.and_then(|it| it.earlier.as_ref()).map(digits),
            auth_token_optional: tokens.is_some_and(|it| it.optional),
            auth_token_changed_at: tokens.map(|it| it.changed_at.as_millis()),
            engine_version: spec.engine_version.version,
            node_type: spec.node_type.name,
            security_group_ids: json(&spec.security_group_ids)?,
            maintenance_window: spec.maintenance_window.to_string(),
            snapshot_window: spec.snapshot_window.to_string(),
            topic_arn: notification.map(|topic| topic.topic_arn.clone()),
            topic_active: notification.is_some_and(|topic| topic.active),
            pending_engine: pending.engine_version.map(|version| version.engine.name()),
            pending_engine_version: pending.engine_version.map(|version| version.version),
            pending_node_type: pending.node_type.map(|node_type| node_type.name),
            changes: json(
                &group
                    .changes
                    .iter()
                    .map(ChangeRow::from)
                    .collect::<Vec<_>>(),
            )?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ChangeRow {
    EngineVersion(String, String),
    NodeType(String, String),
    ReplicaCount(u32, u32),
    NodeGroupCount(u32, u32),
    AutomaticFailover(bool),
    Promotion(String),
    UserGroup(Option<String>, Option<String>),
    AuthToken(String),
    ServiceUpdate(String),
    TransitEncryption(Option<String>, Option<String>),
    ClusterMode(String, String),
}

impl From<&GroupChange> for ChangeRow {
    fn from(change: &GroupChange) -> Self {
        match change.clone() {
            GroupChange::EngineVersion(from, to) => Self::EngineVersion(from, to),
            GroupChange::NodeType(from, to) => Self::NodeType(from, to),
            GroupChange::ReplicaCount(from, to) => Self::ReplicaCount(from, to),
            GroupChange::NodeGroupCount(from, to) => Self::NodeGroupCount(from, to),
            GroupChange::AutomaticFailover(on) => Self::AutomaticFailover(on),
            GroupChange::Promotion(member) => Self::Promotion(member),
            GroupChange::UserGroup(from, to) => Self::UserGroup(from, to),
            GroupChange::AuthToken(strategy) => Self::AuthToken(strategy.word().to_owned()),
            GroupChange::ServiceUpdate(name) => Self::ServiceUpdate(name),
            GroupChange::TransitEncryption(from, to) => {
                let word = |mode: TransitEncryptionMode| mode.word().to_owned();
                Self::TransitEncryption(from.map(word), to.map(word))
            }
            GroupChange::ClusterMode(from, to) => {
                Self::ClusterMode(from.word().to_owned(), to.word().to_owned())
            }
        }
    }
}

impl From<ChangeRow> for GroupChange {
    fn from(row: ChangeRow) -> Self {
        match row {
            ChangeRow::EngineVersion(from, to) => Self::EngineVersion(from, to),
            ChangeRow::NodeType(from, to) => Self::NodeType(from, to),
            ChangeRow::ReplicaCount(from, to) => Self::ReplicaCount(from, to),
            ChangeRow::NodeGroupCount(from, to) => Self::NodeGroupCount(from, to),
            ChangeRow::AutomaticFailover(on) => Self::AutomaticFailover(on),
            ChangeRow::Promotion(member) => Self::Promotion(member),
            ChangeRow::UserGroup(from, to) => Self::UserGroup(from, to),
            // A word that nobody knows was not written by us; what is under way is told of as the usual case.
            ChangeRow::AuthToken(word) => Self::AuthToken(
                AuthTokenStrategy::parse(&word).unwrap_or(AuthTokenStrategy::Rotate),
            ),
            ChangeRow::ServiceUpdate(name) => Self::ServiceUpdate(name),
            ChangeRow::TransitEncryption(from, to) => {
                let mode = |word: Option<String>| TransitEncryptionMode::parse(&word?);
                Self::TransitEncryption(mode(from), mode(to))
            }
            ChangeRow::ClusterMode(from, to) => Self::ClusterMode(
                ClusterMode::parse(&from).unwrap_or(ClusterMode::Compatible),
                ClusterMode::parse(&to).unwrap_or(ClusterMode::Enabled),
            ),
        }
    }
}

/// The columns of a replication group, and of its published ports.
pub(super) struct GroupRow {
    pub(super) replication_group_key: i64,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) replication_group_id: String,
    pub(super) description: String,
    pub(super) engine: String,
    pub(super) engine_version: String,
    pub(super) cache_node_type: String,
    pub(super) port: i64,
    pub(super) parameter_group_name: String,
    pub(super) subnet_group_name: String,
    pub(super) security_group_ids: String,
    pub(super) maintenance_window: String,
    pub(super) snapshot_window: String,
    pub(super) snapshot_retention_days: i64,
    pub(super) snapshotting_cluster_id: Option<String>,
    pub(super) notification_topic_arn: Option<String>,
    pub(super) notification_active: i64,
    pub(super) auto_minor_version_upgrade: i64,
    pub(super) automatic_failover: i64,
    pub(super) multi_az: i64,
    pub(super) at_rest_encryption: i64,
    pub(super) pending_engine: Option<String>,
    pub(super) pending_engine_version: Option<String>,
    pub(super) pending_node_type: Option<String>,
    pub(super) pending_primary: Option<String>,
    pub(super) pending_parameter_group: Option<String>,
    pub(super) generation: i64,
    pub(super) observed_generation: i64,
    pub(super) requested_at: i64,
    pub(super) available_at: Option<i64>,
    pub(super) deletion_requested_at: Option<i64>,
    pub(super) retain_primary: i64,
    pub(super) failure_reason: Option<String>,
    pub(super) blocked_by: Option<String>,
    pub(super) changes: String,
    pub(super) revision: i64,
    pub(super) primary_cluster_id: String,
    pub(super) primary_epoch: i64,
    pub(super) former_primary: Option<String>,
    pub(super) handover: i64,
    pub(super) handback: i64,
    pub(super) confirmed_epoch: i64,
    pub(super) primary_history: Option<String>,
    pub(super) failover_requested: i64,
    pub(super) failover_from: Option<String>,
    pub(super) primary_address: Option<String>,
    pub(super) reader_address: Option<String>,
    pub(super) primary_route_served: Option<String>,
    pub(super) reader_route_served: Option<String>,
    pub(super) cluster_mode: String,
    pub(super) configuration_address: Option<String>,
    pub(super) configuration_route_served: Option<String>,
    pub(super) primary_port: Option<i64>,
    pub(super) reader_port: Option<i64>,
    pub(super) configuration_port: Option<i64>,
    pub(super) guarded: i64,
    pub(super) iam: i64,
    pub(super) transit_encryption: Option<String>,
    pub(super) kms_key_id: Option<String>,
    pub(super) auth_token: Option<String>,
    pub(super) auth_token_earlier: Option<String>,
    pub(super) auth_token_optional: i64,
    pub(super) auth_token_changed_at: Option<i64>,
    pub(super) access_generation: i64,
    pub(super) user_group_key: Option<i64>,
    pub(super) user_group_id: Option<String>,
    pub(super) user_group_engine: Option<String>,
    pub(super) snapshotting: Option<i64>,
    pub(super) image: Option<String>,
    pub(super) update_stopped: i64,
    pub(super) log_deliveries: String,
}

impl GroupRow {
    pub(super) fn into_group(self, members: Vec<CacheCluster>) -> Result<ReplicationGroup, Error> {
        Ok(ReplicationGroup {
            key: self.replication_group_key,
            spec: self.spec()?,
            pending: self.pending()?,
            primary: self.primary()?,
            access: self.access()?,
            snapshotting: snapshotting(self.snapshotting),
            log_deliveries: log_deliveries(parsed(&self.log_deliveries)?)?,
            primary_endpoint: endpoint(
                self.primary_address.as_deref(),
                self.primary_port,
                self.primary_route_served.clone(),
            )?,
            sharding: None,
            reader_endpoint: endpoint(
                self.reader_address.as_deref(),
                self.reader_port,
                self.reader_route_served.clone(),
            )?,
            configuration_endpoint: endpoint(
                self.configuration_address.as_deref(),
                self.configuration_port,
                self.configuration_route_served.clone(),
            )?,
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
            retain_primary: self.retain_primary != 0,
            failure: self.failure_reason,
            blocked_by: self.blocked_by,
            changes: parsed::<Vec<ChangeRow>>(&self.changes)?
                .into_iter()
                .map(GroupChange::from)
                .collect(),
            test_failover: (self.failover_requested != 0).then_some(TestFailover {
                from_started_at: self.failover_from,
            }),
            members,
        })
    }

    fn spec(&self) -> Result<ReplicationGroupSpec, Error> {
        let window = |text: &str| Error::Corrupt(format!("the window {text}"));
        Ok(ReplicationGroupSpec {
            replication_group_id: self.replication_group_id.clone(),
            description: self.description.clone(),
            engine_version: engine_version(&self.engine, &self.engine_version)?,
            node_type: stored_node_type(&self.cache_node_type)?,
            port: port(self.port)?,
            cluster_mode: cluster_mode(&self.cluster_mode)?,
            parameter_group_name: self.parameter_group_name.clone(),
            subnet_group_name: self.subnet_group_name.clone(),
            security_group_ids: parsed(&self.security_group_ids)?,
            maintenance_window: MaintenanceWindow::parse(&self.maintenance_window)
                .map_err(|_| window(&self.maintenance_window))?,
            snapshot_window: SnapshotWindow::parse(&self.snapshot_window)
                .map_err(|_| window(&self.snapshot_window))?,
            snapshot_retention_days: u32::try_from(self.snapshot_retention_days).map_err(|_| {
                Error::Corrupt(format!("the retention {}", self.snapshot_retention_days))
            })?,
            snapshotting_cluster_id: self.snapshotting_cluster_id.clone(),
            notification: self
                .notification_topic_arn
                .clone()
                .map(|topic_arn| Notification {
                    topic_arn,
                    active: self.notification_active != 0,
                }),
            auto_minor_version_upgrade: self.auto_minor_version_upgrade != 0,
            automatic_failover: self.automatic_failover != 0,
            multi_az: self.multi_az != 0,
            at_rest_encryption: self.at_rest_encryption != 0,
            guarded: self.guarded != 0,
            iam: self.iam != 0,
            kms_key_id: self.kms_key_id.clone(),
            transit_encryption: transit_encryption(self.transit_encryption.as_deref())?,
            image: self.image.clone(),
            is_update_stopped: self.update_stopped != 0,
        })
    }

    fn pending(&self) -> Result<GroupPending, Error> {
        let engine = self.pending_engine.as_deref().unwrap_or(&self.engine);
        Ok(GroupPending {
            engine_version: self
                .pending_engine_version
                .as_deref()
                .map(|version| engine_version(engine, version))
                .transpose()?,
            parameter_group_name: self.pending_parameter_group.clone(),
            node_type: self
                .pending_node_type
                .as_deref()
                .map(stored_node_type)
                .transpose()?,
            primary_cluster_id: self.pending_primary.clone(),
        })
    }

    fn access(&self) -> Result<GroupAccess, Error> {
        let named = self
            .user_group_id
            .as_ref()
            .zip(self.user_group_engine.as_ref());
        let user_group = match (self.user_group_key, named) {
            (Some(key), Some((id, engine))) => Some(AttachedUserGroup {
                key,
                user_group_id: id.clone(),
                engine: Engine::parse(engine)
                    .ok_or_else(|| Error::Corrupt(format!("the engine {engine}")))?,
                has_iam: self.iam != 0,
            }),
            _ => None,
        };
        Ok(GroupAccess {
            generation: count(self.access_generation)?,
            user_group,
            auth_tokens: self.auth_tokens(),
        })
    }

    fn auth_tokens(&self) -> Option<AuthTokens> {
        let stored = |digits: &String| PasswordDigest::stored(digits.clone());
        Some(AuthTokens {
            newest: self.auth_token.as_ref().map(stored)?,
            earlier: self.auth_token_earlier.as_ref().map(stored),
            optional: self.auth_token_optional != 0,
            changed_at: Timestamp::from_millis(self.auth_token_changed_at.unwrap_or(0)),
        })
    }

    fn primary(&self) -> Result<PrimaryChoice, Error> {
        Ok(PrimaryChoice {
            cache_cluster_id: self.primary_cluster_id.clone(),
            epoch: count(self.primary_epoch)?,
            former: self.former_primary.clone(),
            handover: self.handover != 0,
            handback: self.handback != 0,
            confirmed_epoch: count(self.confirmed_epoch)?,
            history: self.primary_history.clone(),
        })
    }
}

fn cluster_mode(word: &str) -> Result<ClusterMode, Error> {
    ClusterMode::parse(word).ok_or_else(|| Error::Corrupt(format!("the cluster mode {word}")))
}

fn endpoint(
    text: Option<&str>,
    stored_port: Option<i64>,
    route_served: Option<String>,
) -> Result<MovingEndpoint, Error> {
    Ok(MovingEndpoint {
        address: text.map(address).transpose()?,
        published_port: stored_port.map(port).transpose()?,
        route_served,
    })
}
