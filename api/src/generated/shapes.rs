// Generated from api/model by `cargo run -p cacheplane-api-generate`; do not edit.

//! The shapes of the service model that operations take and give.
//!
//! A member that the model requires is plain, any other an `Option`.

// A field is its member of the model in snake case; there is nothing to add.
#![allow(missing_docs)]

use std::fmt;

use aws_smithy_types::DateTime;

use super::operation::Operation;
use crate::fault::Fault;
use crate::{Input, Output, Redacted, query, xml};

/// Values of `AZMode` of the service model.
pub mod az_mode {
    pub const SINGLE_AZ: &str = "single-az";
    pub const CROSS_AZ: &str = "cross-az";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[SINGLE_AZ, CROSS_AZ];
}

/// `AddTagsToResourceMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct AddTagsToResourceMessage {
    pub resource_name: String,
    pub tags: Vec<Tag>,
}

impl query::Value for AddTagsToResourceMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            resource_name: members.required("ResourceName")?,
            tags: members.required("Tags")?,
        })
    }
}

/// `AllowedNodeTypeModificationsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct AllowedNodeTypeModificationsMessage {
    pub scale_up_modifications: Option<Vec<String>>,
    pub scale_down_modifications: Option<Vec<String>>,
}

impl xml::Content for AllowedNodeTypeModificationsMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional_list(
            "ScaleUpModifications",
            "member",
            self.scale_up_modifications.as_deref(),
        );
        w.optional_list(
            "ScaleDownModifications",
            "member",
            self.scale_down_modifications.as_deref(),
        );
    }
}

/// Values of `AuthTokenUpdateStatus` of the service model.
pub mod auth_token_update_status {
    pub const SETTING: &str = "SETTING";
    pub const ROTATING: &str = "ROTATING";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[SETTING, ROTATING];
}

/// Values of `AuthTokenUpdateStrategyType` of the service model.
pub mod auth_token_update_strategy_type {
    pub const SET: &str = "SET";
    pub const ROTATE: &str = "ROTATE";
    pub const DELETE: &str = "DELETE";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[SET, ROTATE, DELETE];
}

/// `Authentication` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Authentication {
    pub r#type: Option<String>,
    pub password_count: Option<i32>,
}

impl xml::Content for Authentication {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Type", self.r#type.as_ref());
        w.optional("PasswordCount", self.password_count.as_ref());
    }
}

/// `AuthenticationMode` of the service model.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct AuthenticationMode {
    pub r#type: Option<String>,
    pub passwords: Option<Vec<String>>,
}

impl fmt::Debug for AuthenticationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationMode")
            .field("type", &self.r#type)
            .field("passwords", &self.passwords.as_ref().map(|_| Redacted))
            .finish()
    }
}

impl query::Value for AuthenticationMode {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            r#type: members.optional("Type")?,
            passwords: members.optional("Passwords")?,
        })
    }
}

/// Values of `AuthenticationType` of the service model.
pub mod authentication_type {
    pub const PASSWORD: &str = "password";
    pub const NO_PASSWORD: &str = "no-password";
    pub const IAM: &str = "iam";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[PASSWORD, NO_PASSWORD, IAM];
}

/// `AuthorizeCacheSecurityGroupIngressMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct AuthorizeCacheSecurityGroupIngressMessage {
    pub cache_security_group_name: String,
    #[cfg_attr(feature = "peer", serde(rename = "EC2SecurityGroupName"))]
    pub ec2_security_group_name: String,
    #[cfg_attr(feature = "peer", serde(rename = "EC2SecurityGroupOwnerId"))]
    pub ec2_security_group_owner_id: String,
}

impl query::Value for AuthorizeCacheSecurityGroupIngressMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_security_group_name: members.required("CacheSecurityGroupName")?,
            ec2_security_group_name: members.required("EC2SecurityGroupName")?,
            ec2_security_group_owner_id: members.required("EC2SecurityGroupOwnerId")?,
        })
    }
}

/// `AuthorizeCacheSecurityGroupIngressResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct AuthorizeCacheSecurityGroupIngressResult {
    pub cache_security_group: Option<CacheSecurityGroup>,
}

impl xml::Content for AuthorizeCacheSecurityGroupIngressResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheSecurityGroup", self.cache_security_group.as_ref());
    }
}

/// Values of `AutomaticFailoverStatus` of the service model.
pub mod automatic_failover_status {
    pub const ENABLED: &str = "enabled";
    pub const DISABLED: &str = "disabled";
    pub const ENABLING: &str = "enabling";
    pub const DISABLING: &str = "disabling";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ENABLED, DISABLED, ENABLING, DISABLING];
}

/// `AvailabilityZone` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct AvailabilityZone {
    pub name: Option<String>,
}

impl xml::Content for AvailabilityZone {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Name", self.name.as_ref());
    }
}

/// `BatchApplyUpdateActionMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct BatchApplyUpdateActionMessage {
    pub replication_group_ids: Option<Vec<String>>,
    pub cache_cluster_ids: Option<Vec<String>>,
    pub service_update_name: String,
}

impl query::Value for BatchApplyUpdateActionMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_ids: members.optional("ReplicationGroupIds")?,
            cache_cluster_ids: members.optional("CacheClusterIds")?,
            service_update_name: members.required("ServiceUpdateName")?,
        })
    }
}

/// `BatchStopUpdateActionMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct BatchStopUpdateActionMessage {
    pub replication_group_ids: Option<Vec<String>>,
    pub cache_cluster_ids: Option<Vec<String>>,
    pub service_update_name: String,
}

impl query::Value for BatchStopUpdateActionMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_ids: members.optional("ReplicationGroupIds")?,
            cache_cluster_ids: members.optional("CacheClusterIds")?,
            service_update_name: members.required("ServiceUpdateName")?,
        })
    }
}

/// `CacheCluster` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheCluster {
    pub cache_cluster_id: Option<String>,
    pub configuration_endpoint: Option<Endpoint>,
    pub client_download_landing_page: Option<String>,
    pub cache_node_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub cache_cluster_status: Option<String>,
    pub num_cache_nodes: Option<i32>,
    pub preferred_availability_zone: Option<String>,
    pub preferred_outpost_arn: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub cache_cluster_create_time: Option<DateTime>,
    pub preferred_maintenance_window: Option<String>,
    pub pending_modified_values: Option<PendingModifiedValues>,
    pub notification_configuration: Option<NotificationConfiguration>,
    pub cache_security_groups: Option<Vec<CacheSecurityGroupMembership>>,
    pub cache_parameter_group: Option<CacheParameterGroupStatus>,
    pub cache_subnet_group_name: Option<String>,
    pub cache_nodes: Option<Vec<CacheNode>>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub security_groups: Option<Vec<SecurityGroupMembership>>,
    pub replication_group_id: Option<String>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub auth_token_enabled: Option<bool>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub auth_token_last_modified_date: Option<DateTime>,
    pub transit_encryption_enabled: Option<bool>,
    pub at_rest_encryption_enabled: Option<bool>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
    pub replication_group_log_delivery_enabled: Option<bool>,
    pub log_delivery_configurations: Option<Vec<LogDeliveryConfiguration>>,
    pub network_type: Option<String>,
    pub ip_discovery: Option<String>,
    pub transit_encryption_mode: Option<String>,
}

impl xml::Content for CacheCluster {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional(
            "ConfigurationEndpoint",
            self.configuration_endpoint.as_ref(),
        );
        w.optional(
            "ClientDownloadLandingPage",
            self.client_download_landing_page.as_ref(),
        );
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("EngineVersion", self.engine_version.as_ref());
        w.optional("CacheClusterStatus", self.cache_cluster_status.as_ref());
        w.optional("NumCacheNodes", self.num_cache_nodes.as_ref());
        w.optional(
            "PreferredAvailabilityZone",
            self.preferred_availability_zone.as_ref(),
        );
        w.optional("PreferredOutpostArn", self.preferred_outpost_arn.as_ref());
        w.optional(
            "CacheClusterCreateTime",
            self.cache_cluster_create_time.as_ref(),
        );
        w.optional(
            "PreferredMaintenanceWindow",
            self.preferred_maintenance_window.as_ref(),
        );
        w.optional(
            "PendingModifiedValues",
            self.pending_modified_values.as_ref(),
        );
        w.optional(
            "NotificationConfiguration",
            self.notification_configuration.as_ref(),
        );
        w.optional_list(
            "CacheSecurityGroups",
            "CacheSecurityGroup",
            self.cache_security_groups.as_deref(),
        );
        w.optional("CacheParameterGroup", self.cache_parameter_group.as_ref());
        w.optional(
            "CacheSubnetGroupName",
            self.cache_subnet_group_name.as_ref(),
        );
        w.optional_list("CacheNodes", "CacheNode", self.cache_nodes.as_deref());
        w.optional(
            "AutoMinorVersionUpgrade",
            self.auto_minor_version_upgrade.as_ref(),
        );
        w.optional_list("SecurityGroups", "member", self.security_groups.as_deref());
        w.optional("ReplicationGroupId", self.replication_group_id.as_ref());
        w.optional(
            "SnapshotRetentionLimit",
            self.snapshot_retention_limit.as_ref(),
        );
        w.optional("SnapshotWindow", self.snapshot_window.as_ref());
        w.optional("AuthTokenEnabled", self.auth_token_enabled.as_ref());
        w.optional(
            "AuthTokenLastModifiedDate",
            self.auth_token_last_modified_date.as_ref(),
        );
        w.optional(
            "TransitEncryptionEnabled",
            self.transit_encryption_enabled.as_ref(),
        );
        w.optional(
            "AtRestEncryptionEnabled",
            self.at_rest_encryption_enabled.as_ref(),
        );
        w.optional("ARN", self.arn.as_ref());
        w.optional(
            "ReplicationGroupLogDeliveryEnabled",
            self.replication_group_log_delivery_enabled.as_ref(),
        );
        w.optional_list(
            "LogDeliveryConfigurations",
            "LogDeliveryConfiguration",
            self.log_delivery_configurations.as_deref(),
        );
        w.optional("NetworkType", self.network_type.as_ref());
        w.optional("IpDiscovery", self.ip_discovery.as_ref());
        w.optional(
            "TransitEncryptionMode",
            self.transit_encryption_mode.as_ref(),
        );
    }
}

/// `CacheClusterMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheClusterMessage {
    pub marker: Option<String>,
    pub cache_clusters: Option<Vec<CacheCluster>>,
}

impl xml::Content for CacheClusterMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "CacheClusters",
            "CacheCluster",
            self.cache_clusters.as_deref(),
        );
    }
}

/// `CacheEngineVersion` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheEngineVersion {
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub cache_parameter_group_family: Option<String>,
    pub cache_engine_description: Option<String>,
    pub cache_engine_version_description: Option<String>,
}

impl xml::Content for CacheEngineVersion {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Engine", self.engine.as_ref());
        w.optional("EngineVersion", self.engine_version.as_ref());
        w.optional(
            "CacheParameterGroupFamily",
            self.cache_parameter_group_family.as_ref(),
        );
        w.optional(
            "CacheEngineDescription",
            self.cache_engine_description.as_ref(),
        );
        w.optional(
            "CacheEngineVersionDescription",
            self.cache_engine_version_description.as_ref(),
        );
    }
}

/// `CacheEngineVersionMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheEngineVersionMessage {
    pub marker: Option<String>,
    pub cache_engine_versions: Option<Vec<CacheEngineVersion>>,
}

impl xml::Content for CacheEngineVersionMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "CacheEngineVersions",
            "CacheEngineVersion",
            self.cache_engine_versions.as_deref(),
        );
    }
}

/// `CacheNode` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheNode {
    pub cache_node_id: Option<String>,
    pub cache_node_status: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub cache_node_create_time: Option<DateTime>,
    pub endpoint: Option<Endpoint>,
    pub parameter_group_status: Option<String>,
    pub source_cache_node_id: Option<String>,
    pub customer_availability_zone: Option<String>,
    pub customer_outpost_arn: Option<String>,
}

impl xml::Content for CacheNode {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheNodeId", self.cache_node_id.as_ref());
        w.optional("CacheNodeStatus", self.cache_node_status.as_ref());
        w.optional("CacheNodeCreateTime", self.cache_node_create_time.as_ref());
        w.optional("Endpoint", self.endpoint.as_ref());
        w.optional("ParameterGroupStatus", self.parameter_group_status.as_ref());
        w.optional("SourceCacheNodeId", self.source_cache_node_id.as_ref());
        w.optional(
            "CustomerAvailabilityZone",
            self.customer_availability_zone.as_ref(),
        );
        w.optional("CustomerOutpostArn", self.customer_outpost_arn.as_ref());
    }
}

/// `CacheNodeTypeSpecificParameter` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheNodeTypeSpecificParameter {
    pub parameter_name: Option<String>,
    pub description: Option<String>,
    pub source: Option<String>,
    pub data_type: Option<String>,
    pub allowed_values: Option<String>,
    pub is_modifiable: Option<bool>,
    pub minimum_engine_version: Option<String>,
    pub cache_node_type_specific_values: Option<Vec<CacheNodeTypeSpecificValue>>,
    pub change_type: Option<String>,
}

impl xml::Content for CacheNodeTypeSpecificParameter {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ParameterName", self.parameter_name.as_ref());
        w.optional("Description", self.description.as_ref());
        w.optional("Source", self.source.as_ref());
        w.optional("DataType", self.data_type.as_ref());
        w.optional("AllowedValues", self.allowed_values.as_ref());
        w.optional("IsModifiable", self.is_modifiable.as_ref());
        w.optional("MinimumEngineVersion", self.minimum_engine_version.as_ref());
        w.optional_list(
            "CacheNodeTypeSpecificValues",
            "CacheNodeTypeSpecificValue",
            self.cache_node_type_specific_values.as_deref(),
        );
        w.optional("ChangeType", self.change_type.as_ref());
    }
}

/// `CacheNodeTypeSpecificValue` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheNodeTypeSpecificValue {
    pub cache_node_type: Option<String>,
    pub value: Option<String>,
}

impl xml::Content for CacheNodeTypeSpecificValue {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("Value", self.value.as_ref());
    }
}

/// `CacheNodeUpdateStatus` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheNodeUpdateStatus {
    pub cache_node_id: Option<String>,
    pub node_update_status: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_deletion_date: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_start_date: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_end_date: Option<DateTime>,
    pub node_update_initiated_by: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_initiated_date: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_status_modified_date: Option<DateTime>,
}

impl xml::Content for CacheNodeUpdateStatus {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheNodeId", self.cache_node_id.as_ref());
        w.optional("NodeUpdateStatus", self.node_update_status.as_ref());
        w.optional("NodeDeletionDate", self.node_deletion_date.as_ref());
        w.optional("NodeUpdateStartDate", self.node_update_start_date.as_ref());
        w.optional("NodeUpdateEndDate", self.node_update_end_date.as_ref());
        w.optional(
            "NodeUpdateInitiatedBy",
            self.node_update_initiated_by.as_ref(),
        );
        w.optional(
            "NodeUpdateInitiatedDate",
            self.node_update_initiated_date.as_ref(),
        );
        w.optional(
            "NodeUpdateStatusModifiedDate",
            self.node_update_status_modified_date.as_ref(),
        );
    }
}

/// `CacheParameterGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheParameterGroup {
    pub cache_parameter_group_name: Option<String>,
    pub cache_parameter_group_family: Option<String>,
    pub description: Option<String>,
    pub is_global: Option<bool>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
}

impl xml::Content for CacheParameterGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "CacheParameterGroupName",
            self.cache_parameter_group_name.as_ref(),
        );
        w.optional(
            "CacheParameterGroupFamily",
            self.cache_parameter_group_family.as_ref(),
        );
        w.optional("Description", self.description.as_ref());
        w.optional("IsGlobal", self.is_global.as_ref());
        w.optional("ARN", self.arn.as_ref());
    }
}

/// `CacheParameterGroupDetails` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheParameterGroupDetails {
    pub marker: Option<String>,
    pub parameters: Option<Vec<Parameter>>,
    pub cache_node_type_specific_parameters: Option<Vec<CacheNodeTypeSpecificParameter>>,
}

impl xml::Content for CacheParameterGroupDetails {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list("Parameters", "Parameter", self.parameters.as_deref());
        w.optional_list(
            "CacheNodeTypeSpecificParameters",
            "CacheNodeTypeSpecificParameter",
            self.cache_node_type_specific_parameters.as_deref(),
        );
    }
}

/// `CacheParameterGroupNameMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheParameterGroupNameMessage {
    pub cache_parameter_group_name: Option<String>,
}

impl xml::Content for CacheParameterGroupNameMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "CacheParameterGroupName",
            self.cache_parameter_group_name.as_ref(),
        );
    }
}

/// `CacheParameterGroupStatus` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheParameterGroupStatus {
    pub cache_parameter_group_name: Option<String>,
    pub parameter_apply_status: Option<String>,
    pub cache_node_ids_to_reboot: Option<Vec<String>>,
}

impl xml::Content for CacheParameterGroupStatus {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "CacheParameterGroupName",
            self.cache_parameter_group_name.as_ref(),
        );
        w.optional("ParameterApplyStatus", self.parameter_apply_status.as_ref());
        w.optional_list(
            "CacheNodeIdsToReboot",
            "CacheNodeId",
            self.cache_node_ids_to_reboot.as_deref(),
        );
    }
}

/// `CacheParameterGroupsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheParameterGroupsMessage {
    pub marker: Option<String>,
    pub cache_parameter_groups: Option<Vec<CacheParameterGroup>>,
}

impl xml::Content for CacheParameterGroupsMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "CacheParameterGroups",
            "CacheParameterGroup",
            self.cache_parameter_groups.as_deref(),
        );
    }
}

/// `CacheSecurityGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheSecurityGroup {
    pub owner_id: Option<String>,
    pub cache_security_group_name: Option<String>,
    pub description: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "EC2SecurityGroups"))]
    pub ec2_security_groups: Option<Vec<EC2SecurityGroup>>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
}

impl xml::Content for CacheSecurityGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("OwnerId", self.owner_id.as_ref());
        w.optional(
            "CacheSecurityGroupName",
            self.cache_security_group_name.as_ref(),
        );
        w.optional("Description", self.description.as_ref());
        w.optional_list(
            "EC2SecurityGroups",
            "EC2SecurityGroup",
            self.ec2_security_groups.as_deref(),
        );
        w.optional("ARN", self.arn.as_ref());
    }
}

/// `CacheSecurityGroupMembership` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheSecurityGroupMembership {
    pub cache_security_group_name: Option<String>,
    pub status: Option<String>,
}

impl xml::Content for CacheSecurityGroupMembership {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "CacheSecurityGroupName",
            self.cache_security_group_name.as_ref(),
        );
        w.optional("Status", self.status.as_ref());
    }
}

/// `CacheSecurityGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheSecurityGroupMessage {
    pub marker: Option<String>,
    pub cache_security_groups: Option<Vec<CacheSecurityGroup>>,
}

impl xml::Content for CacheSecurityGroupMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "CacheSecurityGroups",
            "CacheSecurityGroup",
            self.cache_security_groups.as_deref(),
        );
    }
}

/// `CacheSubnetGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheSubnetGroup {
    pub cache_subnet_group_name: Option<String>,
    pub cache_subnet_group_description: Option<String>,
    pub vpc_id: Option<String>,
    pub subnets: Option<Vec<Subnet>>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
    pub supported_network_types: Option<Vec<String>>,
}

impl xml::Content for CacheSubnetGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "CacheSubnetGroupName",
            self.cache_subnet_group_name.as_ref(),
        );
        w.optional(
            "CacheSubnetGroupDescription",
            self.cache_subnet_group_description.as_ref(),
        );
        w.optional("VpcId", self.vpc_id.as_ref());
        w.optional_list("Subnets", "Subnet", self.subnets.as_deref());
        w.optional("ARN", self.arn.as_ref());
        w.optional_list(
            "SupportedNetworkTypes",
            "member",
            self.supported_network_types.as_deref(),
        );
    }
}

/// `CacheSubnetGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheSubnetGroupMessage {
    pub marker: Option<String>,
    pub cache_subnet_groups: Option<Vec<CacheSubnetGroup>>,
}

impl xml::Content for CacheSubnetGroupMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "CacheSubnetGroups",
            "CacheSubnetGroup",
            self.cache_subnet_groups.as_deref(),
        );
    }
}

/// `CacheUsageLimits` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CacheUsageLimits {
    pub data_storage: Option<DataStorage>,
    #[cfg_attr(feature = "peer", serde(rename = "ECPUPerSecond"))]
    pub ecpu_per_second: Option<ECPUPerSecond>,
}

impl query::Value for CacheUsageLimits {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            data_storage: members.optional("DataStorage")?,
            ecpu_per_second: members.optional("ECPUPerSecond")?,
        })
    }
}

impl xml::Content for CacheUsageLimits {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("DataStorage", self.data_storage.as_ref());
        w.optional("ECPUPerSecond", self.ecpu_per_second.as_ref());
    }
}

/// Values of `ChangeType` of the service model.
pub mod change_type {
    pub const IMMEDIATE: &str = "immediate";
    pub const REQUIRES_REBOOT: &str = "requires-reboot";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[IMMEDIATE, REQUIRES_REBOOT];
}

/// `CloudWatchLogsDestinationDetails` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CloudWatchLogsDestinationDetails {
    pub log_group: Option<String>,
}

impl query::Value for CloudWatchLogsDestinationDetails {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            log_group: members.optional("LogGroup")?,
        })
    }
}

impl xml::Content for CloudWatchLogsDestinationDetails {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("LogGroup", self.log_group.as_ref());
    }
}

/// Values of `ClusterMode` of the service model.
pub mod cluster_mode {
    pub const ENABLED: &str = "enabled";
    pub const DISABLED: &str = "disabled";
    pub const COMPATIBLE: &str = "compatible";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ENABLED, DISABLED, COMPATIBLE];
}

/// `CompleteMigrationMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CompleteMigrationMessage {
    pub replication_group_id: Option<String>,
    pub serverless_cache_name: Option<String>,
    pub force: Option<bool>,
}

impl query::Value for CompleteMigrationMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.optional("ReplicationGroupId")?,
            serverless_cache_name: members.optional("ServerlessCacheName")?,
            force: members.optional("Force")?,
        })
    }
}

/// `CompleteMigrationResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CompleteMigrationResponse {
    pub replication_group: Option<ReplicationGroup>,
    pub serverless_cache: Option<ServerlessCache>,
}

impl xml::Content for CompleteMigrationResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
        w.optional("ServerlessCache", self.serverless_cache.as_ref());
    }
}

/// `ConfigureShard` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ConfigureShard {
    pub node_group_id: String,
    pub new_replica_count: i32,
    pub preferred_availability_zones: Option<Vec<String>>,
    pub preferred_outpost_arns: Option<Vec<String>>,
}

impl query::Value for ConfigureShard {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            node_group_id: members.required("NodeGroupId")?,
            new_replica_count: members.required("NewReplicaCount")?,
            preferred_availability_zones: members.optional("PreferredAvailabilityZones")?,
            preferred_outpost_arns: members.optional("PreferredOutpostArns")?,
        })
    }
}

/// Values of `ConnectionType` of the service model.
pub mod connection_type {
    pub const VPC: &str = "vpc";
    pub const PUBLIC: &str = "public";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[VPC, PUBLIC];
}

/// `CopyServerlessCacheSnapshotRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CopyServerlessCacheSnapshotRequest {
    pub source_serverless_cache_snapshot_name: String,
    pub target_serverless_cache_snapshot_name: String,
    pub kms_key_id: Option<String>,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CopyServerlessCacheSnapshotRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            source_serverless_cache_snapshot_name: members
                .required("SourceServerlessCacheSnapshotName")?,
            target_serverless_cache_snapshot_name: members
                .required("TargetServerlessCacheSnapshotName")?,
            kms_key_id: members.optional("KmsKeyId")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CopyServerlessCacheSnapshotResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CopyServerlessCacheSnapshotResponse {
    pub serverless_cache_snapshot: Option<ServerlessCacheSnapshot>,
}

impl xml::Content for CopyServerlessCacheSnapshotResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "ServerlessCacheSnapshot",
            self.serverless_cache_snapshot.as_ref(),
        );
    }
}

/// `CopySnapshotMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CopySnapshotMessage {
    pub source_snapshot_name: String,
    pub target_snapshot_name: String,
    pub target_bucket: Option<String>,
    pub kms_key_id: Option<String>,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CopySnapshotMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            source_snapshot_name: members.required("SourceSnapshotName")?,
            target_snapshot_name: members.required("TargetSnapshotName")?,
            target_bucket: members.optional("TargetBucket")?,
            kms_key_id: members.optional("KmsKeyId")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CopySnapshotResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CopySnapshotResult {
    pub snapshot: Option<Snapshot>,
}

impl xml::Content for CopySnapshotResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Snapshot", self.snapshot.as_ref());
    }
}

/// `CreateCacheClusterMessage` of the service model.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheClusterMessage {
    pub cache_cluster_id: String,
    pub replication_group_id: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "AZMode"))]
    pub az_mode: Option<String>,
    pub preferred_availability_zone: Option<String>,
    pub preferred_availability_zones: Option<Vec<String>>,
    pub num_cache_nodes: Option<i32>,
    pub cache_node_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub cache_parameter_group_name: Option<String>,
    pub cache_subnet_group_name: Option<String>,
    pub cache_security_group_names: Option<Vec<String>>,
    pub security_group_ids: Option<Vec<String>>,
    pub tags: Option<Vec<Tag>>,
    pub snapshot_arns: Option<Vec<String>>,
    pub snapshot_name: Option<String>,
    pub preferred_maintenance_window: Option<String>,
    pub port: Option<i32>,
    pub notification_topic_arn: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub auth_token: Option<String>,
    pub outpost_mode: Option<String>,
    pub preferred_outpost_arn: Option<String>,
    pub preferred_outpost_arns: Option<Vec<String>>,
    pub log_delivery_configurations: Option<Vec<LogDeliveryConfigurationRequest>>,
    pub transit_encryption_enabled: Option<bool>,
    pub network_type: Option<String>,
    pub ip_discovery: Option<String>,
}

impl fmt::Debug for CreateCacheClusterMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateCacheClusterMessage")
            .field("cache_cluster_id", &self.cache_cluster_id)
            .field("replication_group_id", &self.replication_group_id)
            .field("az_mode", &self.az_mode)
            .field(
                "preferred_availability_zone",
                &self.preferred_availability_zone,
            )
            .field(
                "preferred_availability_zones",
                &self.preferred_availability_zones,
            )
            .field("num_cache_nodes", &self.num_cache_nodes)
            .field("cache_node_type", &self.cache_node_type)
            .field("engine", &self.engine)
            .field("engine_version", &self.engine_version)
            .field(
                "cache_parameter_group_name",
                &self.cache_parameter_group_name,
            )
            .field("cache_subnet_group_name", &self.cache_subnet_group_name)
            .field(
                "cache_security_group_names",
                &self.cache_security_group_names,
            )
            .field("security_group_ids", &self.security_group_ids)
            .field("tags", &self.tags)
            .field("snapshot_arns", &self.snapshot_arns)
            .field("snapshot_name", &self.snapshot_name)
            .field(
                "preferred_maintenance_window",
                &self.preferred_maintenance_window,
            )
            .field("port", &self.port)
            .field("notification_topic_arn", &self.notification_topic_arn)
            .field(
                "auto_minor_version_upgrade",
                &self.auto_minor_version_upgrade,
            )
            .field("snapshot_retention_limit", &self.snapshot_retention_limit)
            .field("snapshot_window", &self.snapshot_window)
            .field("auth_token", &self.auth_token.as_ref().map(|_| Redacted))
            .field("outpost_mode", &self.outpost_mode)
            .field("preferred_outpost_arn", &self.preferred_outpost_arn)
            .field("preferred_outpost_arns", &self.preferred_outpost_arns)
            .field(
                "log_delivery_configurations",
                &self.log_delivery_configurations,
            )
            .field(
                "transit_encryption_enabled",
                &self.transit_encryption_enabled,
            )
            .field("network_type", &self.network_type)
            .field("ip_discovery", &self.ip_discovery)
            .finish()
    }
}

impl query::Value for CreateCacheClusterMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_cluster_id: members.required("CacheClusterId")?,
            replication_group_id: members.optional("ReplicationGroupId")?,
            az_mode: members.optional("AZMode")?,
            preferred_availability_zone: members.optional("PreferredAvailabilityZone")?,
            preferred_availability_zones: members.optional("PreferredAvailabilityZones")?,
            num_cache_nodes: members.optional("NumCacheNodes")?,
            cache_node_type: members.optional("CacheNodeType")?,
            engine: members.optional("Engine")?,
            engine_version: members.optional("EngineVersion")?,
            cache_parameter_group_name: members.optional("CacheParameterGroupName")?,
            cache_subnet_group_name: members.optional("CacheSubnetGroupName")?,
            cache_security_group_names: members.optional("CacheSecurityGroupNames")?,
            security_group_ids: members.optional("SecurityGroupIds")?,
            tags: members.optional("Tags")?,
            snapshot_arns: members.optional("SnapshotArns")?,
            snapshot_name: members.optional("SnapshotName")?,
            preferred_maintenance_window: members.optional("PreferredMaintenanceWindow")?,
            port: members.optional("Port")?,
            notification_topic_arn: members.optional("NotificationTopicArn")?,
            auto_minor_version_upgrade: members.optional("AutoMinorVersionUpgrade")?,
            snapshot_retention_limit: members.optional("SnapshotRetentionLimit")?,
            snapshot_window: members.optional("SnapshotWindow")?,
            auth_token: members.optional("AuthToken")?,
            outpost_mode: members.optional("OutpostMode")?,
            preferred_outpost_arn: members.optional("PreferredOutpostArn")?,
            preferred_outpost_arns: members.optional("PreferredOutpostArns")?,
            log_delivery_configurations: members.optional("LogDeliveryConfigurations")?,
            transit_encryption_enabled: members.optional("TransitEncryptionEnabled")?,
            network_type: members.optional("NetworkType")?,
            ip_discovery: members.optional("IpDiscovery")?,
        })
    }
}

/// `CreateCacheClusterResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheClusterResult {
    pub cache_cluster: Option<CacheCluster>,
}

impl xml::Content for CreateCacheClusterResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheCluster", self.cache_cluster.as_ref());
    }
}

/// `CreateCacheParameterGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheParameterGroupMessage {
    pub cache_parameter_group_name: String,
    pub cache_parameter_group_family: String,
    pub description: String,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CreateCacheParameterGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_parameter_group_name: members.required("CacheParameterGroupName")?,
            cache_parameter_group_family: members.required("CacheParameterGroupFamily")?,
            description: members.required("Description")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CreateCacheParameterGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheParameterGroupResult {
    pub cache_parameter_group: Option<CacheParameterGroup>,
}

impl xml::Content for CreateCacheParameterGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheParameterGroup", self.cache_parameter_group.as_ref());
    }
}

/// `CreateCacheSecurityGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheSecurityGroupMessage {
    pub cache_security_group_name: String,
    pub description: String,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CreateCacheSecurityGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_security_group_name: members.required("CacheSecurityGroupName")?,
            description: members.required("Description")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CreateCacheSecurityGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheSecurityGroupResult {
    pub cache_security_group: Option<CacheSecurityGroup>,
}

impl xml::Content for CreateCacheSecurityGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheSecurityGroup", self.cache_security_group.as_ref());
    }
}

/// `CreateCacheSubnetGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheSubnetGroupMessage {
    pub cache_subnet_group_name: String,
    pub cache_subnet_group_description: String,
    pub subnet_ids: Vec<String>,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CreateCacheSubnetGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_subnet_group_name: members.required("CacheSubnetGroupName")?,
            cache_subnet_group_description: members.required("CacheSubnetGroupDescription")?,
            subnet_ids: members.required("SubnetIds")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CreateCacheSubnetGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateCacheSubnetGroupResult {
    pub cache_subnet_group: Option<CacheSubnetGroup>,
}

impl xml::Content for CreateCacheSubnetGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheSubnetGroup", self.cache_subnet_group.as_ref());
    }
}

/// `CreateGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateGlobalReplicationGroupMessage {
    pub global_replication_group_id_suffix: String,
    pub global_replication_group_description: Option<String>,
    pub primary_replication_group_id: String,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CreateGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id_suffix: members
                .required("GlobalReplicationGroupIdSuffix")?,
            global_replication_group_description: members
                .optional("GlobalReplicationGroupDescription")?,
            primary_replication_group_id: members.required("PrimaryReplicationGroupId")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CreateGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for CreateGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// `CreateReplicationGroupMessage` of the service model.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateReplicationGroupMessage {
    pub replication_group_id: String,
    pub replication_group_description: String,
    pub global_replication_group_id: Option<String>,
    pub primary_cluster_id: Option<String>,
    pub automatic_failover_enabled: Option<bool>,
    #[cfg_attr(feature = "peer", serde(rename = "MultiAZEnabled"))]
    pub multi_az_enabled: Option<bool>,
    pub num_cache_clusters: Option<i32>,
    #[cfg_attr(feature = "peer", serde(rename = "PreferredCacheClusterAZs"))]
    pub preferred_cache_cluster_azs: Option<Vec<String>>,
    pub num_node_groups: Option<i32>,
    pub replicas_per_node_group: Option<i32>,
    pub node_group_configuration: Option<Vec<NodeGroupConfiguration>>,
    pub cache_node_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub cache_parameter_group_name: Option<String>,
    pub cache_subnet_group_name: Option<String>,
    pub cache_security_group_names: Option<Vec<String>>,
    pub security_group_ids: Option<Vec<String>>,
    pub tags: Option<Vec<Tag>>,
    pub snapshot_arns: Option<Vec<String>>,
    pub snapshot_name: Option<String>,
    pub preferred_maintenance_window: Option<String>,
    pub port: Option<i32>,
    pub notification_topic_arn: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub auth_token: Option<String>,
    pub transit_encryption_enabled: Option<bool>,
    pub at_rest_encryption_enabled: Option<bool>,
    pub kms_key_id: Option<String>,
    pub user_group_ids: Option<Vec<String>>,
    pub log_delivery_configurations: Option<Vec<LogDeliveryConfigurationRequest>>,
    pub data_tiering_enabled: Option<bool>,
    pub network_type: Option<String>,
    pub ip_discovery: Option<String>,
    pub transit_encryption_mode: Option<String>,
    pub cluster_mode: Option<String>,
    pub serverless_cache_snapshot_name: Option<String>,
    pub durability: Option<String>,
}

impl fmt::Debug for CreateReplicationGroupMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateReplicationGroupMessage")
            .field("replication_group_id", &self.replication_group_id)
            .field(
                "replication_group_description",
                &self.replication_group_description,
            )
            .field(
                "global_replication_group_id",
                &self.global_replication_group_id,
            )
            .field("primary_cluster_id", &self.primary_cluster_id)
            .field(
                "automatic_failover_enabled",
                &self.automatic_failover_enabled,
            )
            .field("multi_az_enabled", &self.multi_az_enabled)
            .field("num_cache_clusters", &self.num_cache_clusters)
            .field(
                "preferred_cache_cluster_azs",
                &self.preferred_cache_cluster_azs,
            )
            .field("num_node_groups", &self.num_node_groups)
            .field("replicas_per_node_group", &self.replicas_per_node_group)
            .field("node_group_configuration", &self.node_group_configuration)
            .field("cache_node_type", &self.cache_node_type)
            .field("engine", &self.engine)
            .field("engine_version", &self.engine_version)
            .field(
                "cache_parameter_group_name",
                &self.cache_parameter_group_name,
            )
            .field("cache_subnet_group_name", &self.cache_subnet_group_name)
            .field(
                "cache_security_group_names",
                &self.cache_security_group_names,
            )
            .field("security_group_ids", &self.security_group_ids)
            .field("tags", &self.tags)
            .field("snapshot_arns", &self.snapshot_arns)
            .field("snapshot_name", &self.snapshot_name)
            .field(
                "preferred_maintenance_window",
                &self.preferred_maintenance_window,
            )
            .field("port", &self.port)
            .field("notification_topic_arn", &self.notification_topic_arn)
            .field(
                "auto_minor_version_upgrade",
                &self.auto_minor_version_upgrade,
            )
            .field("snapshot_retention_limit", &self.snapshot_retention_limit)
            .field("snapshot_window", &self.snapshot_window)
            .field("auth_token", &self.auth_token.as_ref().map(|_| Redacted))
            .field(
                "transit_encryption_enabled",
                &self.transit_encryption_enabled,
            )
            .field(
                "at_rest_encryption_enabled",
                &self.at_rest_encryption_enabled,
            )
            .field("kms_key_id", &self.kms_key_id)
            .field("user_group_ids", &self.user_group_ids)
            .field(
                "log_delivery_configurations",
                &self.log_delivery_configurations,
            )
            .field("data_tiering_enabled", &self.data_tiering_enabled)
            .field("network_type", &self.network_type)
            .field("ip_discovery", &self.ip_discovery)
            .field("transit_encryption_mode", &self.transit_encryption_mode)
            .field("cluster_mode", &self.cluster_mode)
            .field(
                "serverless_cache_snapshot_name",
                &self.serverless_cache_snapshot_name,
            )
            .field("durability", &self.durability)
            .finish()
    }
}

impl query::Value for CreateReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            replication_group_description: members.required("ReplicationGroupDescription")?,
            global_replication_group_id: members.optional("GlobalReplicationGroupId")?,
            primary_cluster_id: members.optional("PrimaryClusterId")?,
            automatic_failover_enabled: members.optional("AutomaticFailoverEnabled")?,
            multi_az_enabled: members.optional("MultiAZEnabled")?,
            num_cache_clusters: members.optional("NumCacheClusters")?,
            preferred_cache_cluster_azs: members.optional("PreferredCacheClusterAZs")?,
            num_node_groups: members.optional("NumNodeGroups")?,
            replicas_per_node_group: members.optional("ReplicasPerNodeGroup")?,
            node_group_configuration: members.optional("NodeGroupConfiguration")?,
            cache_node_type: members.optional("CacheNodeType")?,
            engine: members.optional("Engine")?,
            engine_version: members.optional("EngineVersion")?,
            cache_parameter_group_name: members.optional("CacheParameterGroupName")?,
            cache_subnet_group_name: members.optional("CacheSubnetGroupName")?,
            cache_security_group_names: members.optional("CacheSecurityGroupNames")?,
            security_group_ids: members.optional("SecurityGroupIds")?,
            tags: members.optional("Tags")?,
            snapshot_arns: members.optional("SnapshotArns")?,
            snapshot_name: members.optional("SnapshotName")?,
            preferred_maintenance_window: members.optional("PreferredMaintenanceWindow")?,
            port: members.optional("Port")?,
            notification_topic_arn: members.optional("NotificationTopicArn")?,
            auto_minor_version_upgrade: members.optional("AutoMinorVersionUpgrade")?,
            snapshot_retention_limit: members.optional("SnapshotRetentionLimit")?,
            snapshot_window: members.optional("SnapshotWindow")?,
            auth_token: members.optional("AuthToken")?,
            transit_encryption_enabled: members.optional("TransitEncryptionEnabled")?,
            at_rest_encryption_enabled: members.optional("AtRestEncryptionEnabled")?,
            kms_key_id: members.optional("KmsKeyId")?,
            user_group_ids: members.optional("UserGroupIds")?,
            log_delivery_configurations: members.optional("LogDeliveryConfigurations")?,
            data_tiering_enabled: members.optional("DataTieringEnabled")?,
            network_type: members.optional("NetworkType")?,
            ip_discovery: members.optional("IpDiscovery")?,
            transit_encryption_mode: members.optional("TransitEncryptionMode")?,
            cluster_mode: members.optional("ClusterMode")?,
            serverless_cache_snapshot_name: members.optional("ServerlessCacheSnapshotName")?,
            durability: members.optional("Durability")?,
        })
    }
}

/// `CreateReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateReplicationGroupResult {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for CreateReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// `CreateServerlessCacheRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateServerlessCacheRequest {
    pub serverless_cache_name: String,
    pub description: Option<String>,
    pub engine: String,
    pub major_engine_version: Option<String>,
    pub cache_usage_limits: Option<CacheUsageLimits>,
    pub kms_key_id: Option<String>,
    pub security_group_ids: Option<Vec<String>>,
    pub snapshot_arns_to_restore: Option<Vec<String>>,
    pub tags: Option<Vec<Tag>>,
    pub user_group_id: Option<String>,
    pub subnet_ids: Option<Vec<String>>,
    pub snapshot_retention_limit: Option<i32>,
    pub daily_snapshot_time: Option<String>,
    pub network_type: Option<String>,
    pub connection_type: Option<String>,
    pub integrations: Option<Vec<IntegrationRequest>>,
}

impl query::Value for CreateServerlessCacheRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.required("ServerlessCacheName")?,
            description: members.optional("Description")?,
            engine: members.required("Engine")?,
            major_engine_version: members.optional("MajorEngineVersion")?,
            cache_usage_limits: members.optional("CacheUsageLimits")?,
            kms_key_id: members.optional("KmsKeyId")?,
            security_group_ids: members.optional("SecurityGroupIds")?,
            snapshot_arns_to_restore: members.optional("SnapshotArnsToRestore")?,
            tags: members.optional("Tags")?,
            user_group_id: members.optional("UserGroupId")?,
            subnet_ids: members.optional("SubnetIds")?,
            snapshot_retention_limit: members.optional("SnapshotRetentionLimit")?,
            daily_snapshot_time: members.optional("DailySnapshotTime")?,
            network_type: members.optional("NetworkType")?,
            connection_type: members.optional("ConnectionType")?,
            integrations: members.optional("Integrations")?,
        })
    }
}

/// `CreateServerlessCacheResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateServerlessCacheResponse {
    pub serverless_cache: Option<ServerlessCache>,
}

impl xml::Content for CreateServerlessCacheResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServerlessCache", self.serverless_cache.as_ref());
    }
}

/// `CreateServerlessCacheSnapshotRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateServerlessCacheSnapshotRequest {
    pub serverless_cache_snapshot_name: String,
    pub serverless_cache_name: String,
    pub kms_key_id: Option<String>,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CreateServerlessCacheSnapshotRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_snapshot_name: members.required("ServerlessCacheSnapshotName")?,
            serverless_cache_name: members.required("ServerlessCacheName")?,
            kms_key_id: members.optional("KmsKeyId")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CreateServerlessCacheSnapshotResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateServerlessCacheSnapshotResponse {
    pub serverless_cache_snapshot: Option<ServerlessCacheSnapshot>,
}

impl xml::Content for CreateServerlessCacheSnapshotResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "ServerlessCacheSnapshot",
            self.serverless_cache_snapshot.as_ref(),
        );
    }
}

/// `CreateSnapshotMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateSnapshotMessage {
    pub replication_group_id: Option<String>,
    pub cache_cluster_id: Option<String>,
    pub snapshot_name: String,
    pub kms_key_id: Option<String>,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CreateSnapshotMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.optional("ReplicationGroupId")?,
            cache_cluster_id: members.optional("CacheClusterId")?,
            snapshot_name: members.required("SnapshotName")?,
            kms_key_id: members.optional("KmsKeyId")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CreateSnapshotResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateSnapshotResult {
    pub snapshot: Option<Snapshot>,
}

impl xml::Content for CreateSnapshotResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Snapshot", self.snapshot.as_ref());
    }
}

/// `CreateUserGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateUserGroupMessage {
    pub user_group_id: String,
    pub engine: String,
    pub user_ids: Option<Vec<String>>,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for CreateUserGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            user_group_id: members.required("UserGroupId")?,
            engine: members.required("Engine")?,
            user_ids: members.optional("UserIds")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `CreateUserMessage` of the service model.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CreateUserMessage {
    pub user_id: String,
    pub user_name: String,
    pub engine: String,
    pub passwords: Option<Vec<String>>,
    pub access_string: String,
    pub no_password_required: Option<bool>,
    pub tags: Option<Vec<Tag>>,
    pub authentication_mode: Option<AuthenticationMode>,
}

impl fmt::Debug for CreateUserMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateUserMessage")
            .field("user_id", &self.user_id)
            .field("user_name", &self.user_name)
            .field("engine", &self.engine)
            .field("passwords", &self.passwords.as_ref().map(|_| Redacted))
            .field("access_string", &self.access_string)
            .field("no_password_required", &self.no_password_required)
            .field("tags", &self.tags)
            .field("authentication_mode", &self.authentication_mode)
            .finish()
    }
}

impl query::Value for CreateUserMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            user_id: members.required("UserId")?,
            user_name: members.required("UserName")?,
            engine: members.required("Engine")?,
            passwords: members.optional("Passwords")?,
            access_string: members.required("AccessString")?,
            no_password_required: members.optional("NoPasswordRequired")?,
            tags: members.optional("Tags")?,
            authentication_mode: members.optional("AuthenticationMode")?,
        })
    }
}

/// `CustomerNodeEndpoint` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct CustomerNodeEndpoint {
    pub address: Option<String>,
    pub port: Option<i32>,
}

impl query::Value for CustomerNodeEndpoint {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            address: members.optional("Address")?,
            port: members.optional("Port")?,
        })
    }
}

/// `DataStorage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DataStorage {
    pub maximum: Option<i32>,
    pub minimum: Option<i32>,
    pub unit: String,
}

impl query::Value for DataStorage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            maximum: members.optional("Maximum")?,
            minimum: members.optional("Minimum")?,
            unit: members.required("Unit")?,
        })
    }
}

impl xml::Content for DataStorage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Maximum", self.maximum.as_ref());
        w.optional("Minimum", self.minimum.as_ref());
        w.element("Unit", &self.unit);
    }
}

/// Values of `DataStorageUnit` of the service model.
pub mod data_storage_unit {
    pub const GB: &str = "GB";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[GB];
}

/// Values of `DataTieringStatus` of the service model.
pub mod data_tiering_status {
    pub const ENABLED: &str = "enabled";
    pub const DISABLED: &str = "disabled";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ENABLED, DISABLED];
}

/// `DecreaseNodeGroupsInGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DecreaseNodeGroupsInGlobalReplicationGroupMessage {
    pub global_replication_group_id: String,
    pub node_group_count: i32,
    pub global_node_groups_to_remove: Option<Vec<String>>,
    pub global_node_groups_to_retain: Option<Vec<String>>,
    pub apply_immediately: bool,
}

impl query::Value for DecreaseNodeGroupsInGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.required("GlobalReplicationGroupId")?,
            node_group_count: members.required("NodeGroupCount")?,
            global_node_groups_to_remove: members.optional("GlobalNodeGroupsToRemove")?,
            global_node_groups_to_retain: members.optional("GlobalNodeGroupsToRetain")?,
            apply_immediately: members.required("ApplyImmediately")?,
        })
    }
}

/// `DecreaseNodeGroupsInGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DecreaseNodeGroupsInGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for DecreaseNodeGroupsInGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// `DecreaseReplicaCountMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DecreaseReplicaCountMessage {
    pub replication_group_id: String,
    pub new_replica_count: Option<i32>,
    pub replica_configuration: Option<Vec<ConfigureShard>>,
    pub replicas_to_remove: Option<Vec<String>>,
    pub apply_immediately: bool,
}

impl query::Value for DecreaseReplicaCountMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            new_replica_count: members.optional("NewReplicaCount")?,
            replica_configuration: members.optional("ReplicaConfiguration")?,
            replicas_to_remove: members.optional("ReplicasToRemove")?,
            apply_immediately: members.required("ApplyImmediately")?,
        })
    }
}

/// `DecreaseReplicaCountResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DecreaseReplicaCountResult {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for DecreaseReplicaCountResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// `DeleteCacheClusterMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteCacheClusterMessage {
    pub cache_cluster_id: String,
    pub final_snapshot_identifier: Option<String>,
}

impl query::Value for DeleteCacheClusterMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_cluster_id: members.required("CacheClusterId")?,
            final_snapshot_identifier: members.optional("FinalSnapshotIdentifier")?,
        })
    }
}

/// `DeleteCacheClusterResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteCacheClusterResult {
    pub cache_cluster: Option<CacheCluster>,
}

impl xml::Content for DeleteCacheClusterResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheCluster", self.cache_cluster.as_ref());
    }
}

/// `DeleteCacheParameterGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteCacheParameterGroupMessage {
    pub cache_parameter_group_name: String,
}

impl query::Value for DeleteCacheParameterGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_parameter_group_name: members.required("CacheParameterGroupName")?,
        })
    }
}

/// `DeleteCacheSecurityGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteCacheSecurityGroupMessage {
    pub cache_security_group_name: String,
}

impl query::Value for DeleteCacheSecurityGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_security_group_name: members.required("CacheSecurityGroupName")?,
        })
    }
}

/// `DeleteCacheSubnetGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteCacheSubnetGroupMessage {
    pub cache_subnet_group_name: String,
}

impl query::Value for DeleteCacheSubnetGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_subnet_group_name: members.required("CacheSubnetGroupName")?,
        })
    }
}

/// `DeleteGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteGlobalReplicationGroupMessage {
    pub global_replication_group_id: String,
    pub retain_primary_replication_group: bool,
}

impl query::Value for DeleteGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.required("GlobalReplicationGroupId")?,
            retain_primary_replication_group: members.required("RetainPrimaryReplicationGroup")?,
        })
    }
}

/// `DeleteGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for DeleteGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// `DeleteReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteReplicationGroupMessage {
    pub replication_group_id: String,
    pub retain_primary_cluster: Option<bool>,
    pub final_snapshot_identifier: Option<String>,
}

impl query::Value for DeleteReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            retain_primary_cluster: members.optional("RetainPrimaryCluster")?,
            final_snapshot_identifier: members.optional("FinalSnapshotIdentifier")?,
        })
    }
}

/// `DeleteReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteReplicationGroupResult {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for DeleteReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// `DeleteServerlessCacheRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteServerlessCacheRequest {
    pub serverless_cache_name: String,
    pub final_snapshot_name: Option<String>,
}

impl query::Value for DeleteServerlessCacheRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.required("ServerlessCacheName")?,
            final_snapshot_name: members.optional("FinalSnapshotName")?,
        })
    }
}

/// `DeleteServerlessCacheResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteServerlessCacheResponse {
    pub serverless_cache: Option<ServerlessCache>,
}

impl xml::Content for DeleteServerlessCacheResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServerlessCache", self.serverless_cache.as_ref());
    }
}

/// `DeleteServerlessCacheSnapshotRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteServerlessCacheSnapshotRequest {
    pub serverless_cache_snapshot_name: String,
}

impl query::Value for DeleteServerlessCacheSnapshotRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_snapshot_name: members.required("ServerlessCacheSnapshotName")?,
        })
    }
}

/// `DeleteServerlessCacheSnapshotResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteServerlessCacheSnapshotResponse {
    pub serverless_cache_snapshot: Option<ServerlessCacheSnapshot>,
}

impl xml::Content for DeleteServerlessCacheSnapshotResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "ServerlessCacheSnapshot",
            self.serverless_cache_snapshot.as_ref(),
        );
    }
}

/// `DeleteSnapshotMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteSnapshotMessage {
    pub snapshot_name: String,
}

impl query::Value for DeleteSnapshotMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            snapshot_name: members.required("SnapshotName")?,
        })
    }
}

/// `DeleteSnapshotResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteSnapshotResult {
    pub snapshot: Option<Snapshot>,
}

impl xml::Content for DeleteSnapshotResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Snapshot", self.snapshot.as_ref());
    }
}

/// `DeleteUserGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteUserGroupMessage {
    pub user_group_id: String,
}

impl query::Value for DeleteUserGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            user_group_id: members.required("UserGroupId")?,
        })
    }
}

/// `DeleteUserMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DeleteUserMessage {
    pub user_id: String,
}

impl query::Value for DeleteUserMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            user_id: members.required("UserId")?,
        })
    }
}

/// `DescribeCacheClustersMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeCacheClustersMessage {
    pub cache_cluster_id: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
    pub show_cache_node_info: Option<bool>,
    pub show_cache_clusters_not_in_replication_groups: Option<bool>,
}

impl query::Value for DescribeCacheClustersMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_cluster_id: members.optional("CacheClusterId")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
            show_cache_node_info: members.optional("ShowCacheNodeInfo")?,
            show_cache_clusters_not_in_replication_groups: members
                .optional("ShowCacheClustersNotInReplicationGroups")?,
        })
    }
}

/// `DescribeCacheEngineVersionsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeCacheEngineVersionsMessage {
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub cache_parameter_group_family: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
    pub default_only: Option<bool>,
}

impl query::Value for DescribeCacheEngineVersionsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            engine: members.optional("Engine")?,
            engine_version: members.optional("EngineVersion")?,
            cache_parameter_group_family: members.optional("CacheParameterGroupFamily")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
            default_only: members.optional("DefaultOnly")?,
        })
    }
}

/// `DescribeCacheParameterGroupsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeCacheParameterGroupsMessage {
    pub cache_parameter_group_name: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeCacheParameterGroupsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_parameter_group_name: members.optional("CacheParameterGroupName")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeCacheParametersMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeCacheParametersMessage {
    pub cache_parameter_group_name: String,
    pub source: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeCacheParametersMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_parameter_group_name: members.required("CacheParameterGroupName")?,
            source: members.optional("Source")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeCacheSecurityGroupsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeCacheSecurityGroupsMessage {
    pub cache_security_group_name: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeCacheSecurityGroupsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_security_group_name: members.optional("CacheSecurityGroupName")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeCacheSubnetGroupsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeCacheSubnetGroupsMessage {
    pub cache_subnet_group_name: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeCacheSubnetGroupsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_subnet_group_name: members.optional("CacheSubnetGroupName")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeEngineDefaultParametersMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeEngineDefaultParametersMessage {
    pub cache_parameter_group_family: String,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeEngineDefaultParametersMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_parameter_group_family: members.required("CacheParameterGroupFamily")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeEngineDefaultParametersResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeEngineDefaultParametersResult {
    pub engine_defaults: Option<EngineDefaults>,
}

impl xml::Content for DescribeEngineDefaultParametersResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("EngineDefaults", self.engine_defaults.as_ref());
    }
}

/// `DescribeEventsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeEventsMessage {
    pub source_identifier: Option<String>,
    pub source_type: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub start_time: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub end_time: Option<DateTime>,
    pub duration: Option<i32>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeEventsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            source_identifier: members.optional("SourceIdentifier")?,
            source_type: members.optional("SourceType")?,
            start_time: members.optional("StartTime")?,
            end_time: members.optional("EndTime")?,
            duration: members.optional("Duration")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeGlobalReplicationGroupsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeGlobalReplicationGroupsMessage {
    pub global_replication_group_id: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
    pub show_member_info: Option<bool>,
}

impl query::Value for DescribeGlobalReplicationGroupsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.optional("GlobalReplicationGroupId")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
            show_member_info: members.optional("ShowMemberInfo")?,
        })
    }
}

/// `DescribeGlobalReplicationGroupsResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeGlobalReplicationGroupsResult {
    pub marker: Option<String>,
    pub global_replication_groups: Option<Vec<GlobalReplicationGroup>>,
}

impl xml::Content for DescribeGlobalReplicationGroupsResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "GlobalReplicationGroups",
            "GlobalReplicationGroup",
            self.global_replication_groups.as_deref(),
        );
    }
}

/// `DescribeReplicationGroupsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeReplicationGroupsMessage {
    pub replication_group_id: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeReplicationGroupsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.optional("ReplicationGroupId")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeReservedCacheNodesMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeReservedCacheNodesMessage {
    pub reserved_cache_node_id: Option<String>,
    pub reserved_cache_nodes_offering_id: Option<String>,
    pub cache_node_type: Option<String>,
    pub duration: Option<String>,
    pub product_description: Option<String>,
    pub offering_type: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeReservedCacheNodesMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            reserved_cache_node_id: members.optional("ReservedCacheNodeId")?,
            reserved_cache_nodes_offering_id: members.optional("ReservedCacheNodesOfferingId")?,
            cache_node_type: members.optional("CacheNodeType")?,
            duration: members.optional("Duration")?,
            product_description: members.optional("ProductDescription")?,
            offering_type: members.optional("OfferingType")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeReservedCacheNodesOfferingsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeReservedCacheNodesOfferingsMessage {
    pub reserved_cache_nodes_offering_id: Option<String>,
    pub cache_node_type: Option<String>,
    pub duration: Option<String>,
    pub product_description: Option<String>,
    pub offering_type: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeReservedCacheNodesOfferingsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            reserved_cache_nodes_offering_id: members.optional("ReservedCacheNodesOfferingId")?,
            cache_node_type: members.optional("CacheNodeType")?,
            duration: members.optional("Duration")?,
            product_description: members.optional("ProductDescription")?,
            offering_type: members.optional("OfferingType")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeServerlessCacheSnapshotsRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeServerlessCacheSnapshotsRequest {
    pub serverless_cache_name: Option<String>,
    pub serverless_cache_snapshot_name: Option<String>,
    pub snapshot_type: Option<String>,
    pub next_token: Option<String>,
    pub max_results: Option<i32>,
}

impl query::Value for DescribeServerlessCacheSnapshotsRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.optional("ServerlessCacheName")?,
            serverless_cache_snapshot_name: members.optional("ServerlessCacheSnapshotName")?,
            snapshot_type: members.optional("SnapshotType")?,
            next_token: members.optional("NextToken")?,
            max_results: members.optional("MaxResults")?,
        })
    }
}

/// `DescribeServerlessCacheSnapshotsResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeServerlessCacheSnapshotsResponse {
    pub next_token: Option<String>,
    pub serverless_cache_snapshots: Option<Vec<ServerlessCacheSnapshot>>,
}

impl xml::Content for DescribeServerlessCacheSnapshotsResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("NextToken", self.next_token.as_ref());
        w.optional_list(
            "ServerlessCacheSnapshots",
            "ServerlessCacheSnapshot",
            self.serverless_cache_snapshots.as_deref(),
        );
    }
}

/// `DescribeServerlessCachesRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeServerlessCachesRequest {
    pub serverless_cache_name: Option<String>,
    pub max_results: Option<i32>,
    pub next_token: Option<String>,
}

impl query::Value for DescribeServerlessCachesRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.optional("ServerlessCacheName")?,
            max_results: members.optional("MaxResults")?,
            next_token: members.optional("NextToken")?,
        })
    }
}

/// `DescribeServerlessCachesResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeServerlessCachesResponse {
    pub next_token: Option<String>,
    pub serverless_caches: Option<Vec<ServerlessCache>>,
}

impl xml::Content for DescribeServerlessCachesResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("NextToken", self.next_token.as_ref());
        w.optional_list(
            "ServerlessCaches",
            "member",
            self.serverless_caches.as_deref(),
        );
    }
}

/// `DescribeServiceUpdatesMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeServiceUpdatesMessage {
    pub service_update_name: Option<String>,
    pub service_update_status: Option<Vec<String>>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeServiceUpdatesMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            service_update_name: members.optional("ServiceUpdateName")?,
            service_update_status: members.optional("ServiceUpdateStatus")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeSnapshotsListMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeSnapshotsListMessage {
    pub marker: Option<String>,
    pub snapshots: Option<Vec<Snapshot>>,
}

impl xml::Content for DescribeSnapshotsListMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list("Snapshots", "Snapshot", self.snapshots.as_deref());
    }
}

/// `DescribeSnapshotsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeSnapshotsMessage {
    pub replication_group_id: Option<String>,
    pub cache_cluster_id: Option<String>,
    pub snapshot_name: Option<String>,
    pub snapshot_source: Option<String>,
    pub marker: Option<String>,
    pub max_records: Option<i32>,
    pub show_node_group_config: Option<bool>,
}

impl query::Value for DescribeSnapshotsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.optional("ReplicationGroupId")?,
            cache_cluster_id: members.optional("CacheClusterId")?,
            snapshot_name: members.optional("SnapshotName")?,
            snapshot_source: members.optional("SnapshotSource")?,
            marker: members.optional("Marker")?,
            max_records: members.optional("MaxRecords")?,
            show_node_group_config: members.optional("ShowNodeGroupConfig")?,
        })
    }
}

/// `DescribeUpdateActionsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeUpdateActionsMessage {
    pub service_update_name: Option<String>,
    pub replication_group_ids: Option<Vec<String>>,
    pub cache_cluster_ids: Option<Vec<String>>,
    pub engine: Option<String>,
    pub service_update_status: Option<Vec<String>>,
    pub service_update_time_range: Option<TimeRangeFilter>,
    pub update_action_status: Option<Vec<String>>,
    pub show_node_level_update_status: Option<bool>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeUpdateActionsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            service_update_name: members.optional("ServiceUpdateName")?,
            replication_group_ids: members.optional("ReplicationGroupIds")?,
            cache_cluster_ids: members.optional("CacheClusterIds")?,
            engine: members.optional("Engine")?,
            service_update_status: members.optional("ServiceUpdateStatus")?,
            service_update_time_range: members.optional("ServiceUpdateTimeRange")?,
            update_action_status: members.optional("UpdateActionStatus")?,
            show_node_level_update_status: members.optional("ShowNodeLevelUpdateStatus")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeUserGroupsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeUserGroupsMessage {
    pub user_group_id: Option<String>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeUserGroupsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            user_group_id: members.optional("UserGroupId")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeUserGroupsResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeUserGroupsResult {
    pub user_groups: Option<Vec<UserGroup>>,
    pub marker: Option<String>,
}

impl xml::Content for DescribeUserGroupsResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional_list("UserGroups", "member", self.user_groups.as_deref());
        w.optional("Marker", self.marker.as_ref());
    }
}

/// `DescribeUsersMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeUsersMessage {
    pub engine: Option<String>,
    pub user_id: Option<String>,
    pub filters: Option<Vec<Filter>>,
    pub max_records: Option<i32>,
    pub marker: Option<String>,
}

impl query::Value for DescribeUsersMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            engine: members.optional("Engine")?,
            user_id: members.optional("UserId")?,
            filters: members.optional("Filters")?,
            max_records: members.optional("MaxRecords")?,
            marker: members.optional("Marker")?,
        })
    }
}

/// `DescribeUsersResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DescribeUsersResult {
    pub users: Option<Vec<User>>,
    pub marker: Option<String>,
}

impl xml::Content for DescribeUsersResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional_list("Users", "member", self.users.as_deref());
        w.optional("Marker", self.marker.as_ref());
    }
}

/// `DestinationDetails` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DestinationDetails {
    pub cloud_watch_logs_details: Option<CloudWatchLogsDestinationDetails>,
    pub kinesis_firehose_details: Option<KinesisFirehoseDestinationDetails>,
}

impl query::Value for DestinationDetails {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cloud_watch_logs_details: members.optional("CloudWatchLogsDetails")?,
            kinesis_firehose_details: members.optional("KinesisFirehoseDetails")?,
        })
    }
}

impl xml::Content for DestinationDetails {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "CloudWatchLogsDetails",
            self.cloud_watch_logs_details.as_ref(),
        );
        w.optional(
            "KinesisFirehoseDetails",
            self.kinesis_firehose_details.as_ref(),
        );
    }
}

/// Values of `DestinationType` of the service model.
pub mod destination_type {
    pub const CLOUDWATCH_LOGS: &str = "cloudwatch-logs";
    pub const KINESIS_FIREHOSE: &str = "kinesis-firehose";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[CLOUDWATCH_LOGS, KINESIS_FIREHOSE];
}

/// `DisassociateGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DisassociateGlobalReplicationGroupMessage {
    pub global_replication_group_id: String,
    pub replication_group_id: String,
    pub replication_group_region: String,
}

impl query::Value for DisassociateGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.required("GlobalReplicationGroupId")?,
            replication_group_id: members.required("ReplicationGroupId")?,
            replication_group_region: members.required("ReplicationGroupRegion")?,
        })
    }
}

/// `DisassociateGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct DisassociateGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for DisassociateGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// Values of `Durability` of the service model.
pub mod durability {
    pub const DEFAULT: &str = "default";
    pub const ASYNC: &str = "async";
    pub const SYNC: &str = "sync";
    pub const DISABLED: &str = "disabled";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[DEFAULT, ASYNC, SYNC, DISABLED];
}

/// `EC2SecurityGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct EC2SecurityGroup {
    pub status: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "EC2SecurityGroupName"))]
    pub ec2_security_group_name: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "EC2SecurityGroupOwnerId"))]
    pub ec2_security_group_owner_id: Option<String>,
}

impl xml::Content for EC2SecurityGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Status", self.status.as_ref());
        w.optional(
            "EC2SecurityGroupName",
            self.ec2_security_group_name.as_ref(),
        );
        w.optional(
            "EC2SecurityGroupOwnerId",
            self.ec2_security_group_owner_id.as_ref(),
        );
    }
}

/// `ECPUPerSecond` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ECPUPerSecond {
    pub maximum: Option<i32>,
    pub minimum: Option<i32>,
}

impl query::Value for ECPUPerSecond {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            maximum: members.optional("Maximum")?,
            minimum: members.optional("Minimum")?,
        })
    }
}

impl xml::Content for ECPUPerSecond {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Maximum", self.maximum.as_ref());
        w.optional("Minimum", self.minimum.as_ref());
    }
}

/// Values of `EffectiveDurability` of the service model.
pub mod effective_durability {
    pub const ASYNC: &str = "async";
    pub const SYNC: &str = "sync";
    pub const DISABLED: &str = "disabled";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ASYNC, SYNC, DISABLED];
}

/// `Endpoint` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Endpoint {
    pub address: Option<String>,
    pub port: Option<i32>,
}

impl xml::Content for Endpoint {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Address", self.address.as_ref());
        w.optional("Port", self.port.as_ref());
    }
}

/// `EngineDefaults` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct EngineDefaults {
    pub cache_parameter_group_family: Option<String>,
    pub marker: Option<String>,
    pub parameters: Option<Vec<Parameter>>,
    pub cache_node_type_specific_parameters: Option<Vec<CacheNodeTypeSpecificParameter>>,
}

impl xml::Content for EngineDefaults {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "CacheParameterGroupFamily",
            self.cache_parameter_group_family.as_ref(),
        );
        w.optional("Marker", self.marker.as_ref());
        w.optional_list("Parameters", "Parameter", self.parameters.as_deref());
        w.optional_list(
            "CacheNodeTypeSpecificParameters",
            "CacheNodeTypeSpecificParameter",
            self.cache_node_type_specific_parameters.as_deref(),
        );
    }
}

/// `Event` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Event {
    pub source_identifier: Option<String>,
    pub source_type: Option<String>,
    pub message: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub date: Option<DateTime>,
}

impl xml::Content for Event {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("SourceIdentifier", self.source_identifier.as_ref());
        w.optional("SourceType", self.source_type.as_ref());
        w.optional("Message", self.message.as_ref());
        w.optional("Date", self.date.as_ref());
    }
}

/// `EventsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct EventsMessage {
    pub marker: Option<String>,
    pub events: Option<Vec<Event>>,
}

impl xml::Content for EventsMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list("Events", "Event", self.events.as_deref());
    }
}

/// `ExportServerlessCacheSnapshotRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ExportServerlessCacheSnapshotRequest {
    pub serverless_cache_snapshot_name: String,
    pub s3_bucket_name: String,
}

impl query::Value for ExportServerlessCacheSnapshotRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_snapshot_name: members.required("ServerlessCacheSnapshotName")?,
            s3_bucket_name: members.required("S3BucketName")?,
        })
    }
}

/// `ExportServerlessCacheSnapshotResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ExportServerlessCacheSnapshotResponse {
    pub serverless_cache_snapshot: Option<ServerlessCacheSnapshot>,
}

impl xml::Content for ExportServerlessCacheSnapshotResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "ServerlessCacheSnapshot",
            self.serverless_cache_snapshot.as_ref(),
        );
    }
}

/// `FailoverGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct FailoverGlobalReplicationGroupMessage {
    pub global_replication_group_id: String,
    pub primary_region: String,
    pub primary_replication_group_id: String,
}

impl query::Value for FailoverGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.required("GlobalReplicationGroupId")?,
            primary_region: members.required("PrimaryRegion")?,
            primary_replication_group_id: members.required("PrimaryReplicationGroupId")?,
        })
    }
}

/// `FailoverGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct FailoverGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for FailoverGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// `Filter` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Filter {
    pub name: String,
    pub values: Vec<String>,
}

impl query::Value for Filter {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            name: members.required("Name")?,
            values: members.required("Values")?,
        })
    }
}

/// `GlobalNodeGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct GlobalNodeGroup {
    pub global_node_group_id: Option<String>,
    pub slots: Option<String>,
}

impl xml::Content for GlobalNodeGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("GlobalNodeGroupId", self.global_node_group_id.as_ref());
        w.optional("Slots", self.slots.as_ref());
    }
}

/// `GlobalReplicationGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct GlobalReplicationGroup {
    pub global_replication_group_id: Option<String>,
    pub global_replication_group_description: Option<String>,
    pub status: Option<String>,
    pub cache_node_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub members: Option<Vec<GlobalReplicationGroupMember>>,
    pub cluster_enabled: Option<bool>,
    pub global_node_groups: Option<Vec<GlobalNodeGroup>>,
    pub auth_token_enabled: Option<bool>,
    pub transit_encryption_enabled: Option<bool>,
    pub at_rest_encryption_enabled: Option<bool>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
}

impl xml::Content for GlobalReplicationGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroupId",
            self.global_replication_group_id.as_ref(),
        );
        w.optional(
            "GlobalReplicationGroupDescription",
            self.global_replication_group_description.as_ref(),
        );
        w.optional("Status", self.status.as_ref());
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("EngineVersion", self.engine_version.as_ref());
        w.optional_list(
            "Members",
            "GlobalReplicationGroupMember",
            self.members.as_deref(),
        );
        w.optional("ClusterEnabled", self.cluster_enabled.as_ref());
        w.optional_list(
            "GlobalNodeGroups",
            "GlobalNodeGroup",
            self.global_node_groups.as_deref(),
        );
        w.optional("AuthTokenEnabled", self.auth_token_enabled.as_ref());
        w.optional(
            "TransitEncryptionEnabled",
            self.transit_encryption_enabled.as_ref(),
        );
        w.optional(
            "AtRestEncryptionEnabled",
            self.at_rest_encryption_enabled.as_ref(),
        );
        w.optional("ARN", self.arn.as_ref());
    }
}

/// `GlobalReplicationGroupInfo` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct GlobalReplicationGroupInfo {
    pub global_replication_group_id: Option<String>,
    pub global_replication_group_member_role: Option<String>,
}

impl xml::Content for GlobalReplicationGroupInfo {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroupId",
            self.global_replication_group_id.as_ref(),
        );
        w.optional(
            "GlobalReplicationGroupMemberRole",
            self.global_replication_group_member_role.as_ref(),
        );
    }
}

/// `GlobalReplicationGroupMember` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct GlobalReplicationGroupMember {
    pub replication_group_id: Option<String>,
    pub replication_group_region: Option<String>,
    pub role: Option<String>,
    pub automatic_failover: Option<String>,
    pub status: Option<String>,
}

impl xml::Content for GlobalReplicationGroupMember {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroupId", self.replication_group_id.as_ref());
        w.optional(
            "ReplicationGroupRegion",
            self.replication_group_region.as_ref(),
        );
        w.optional("Role", self.role.as_ref());
        w.optional("AutomaticFailover", self.automatic_failover.as_ref());
        w.optional("Status", self.status.as_ref());
    }
}

/// `IncreaseNodeGroupsInGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct IncreaseNodeGroupsInGlobalReplicationGroupMessage {
    pub global_replication_group_id: String,
    pub node_group_count: i32,
    pub regional_configurations: Option<Vec<RegionalConfiguration>>,
    pub apply_immediately: bool,
}

impl query::Value for IncreaseNodeGroupsInGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.required("GlobalReplicationGroupId")?,
            node_group_count: members.required("NodeGroupCount")?,
            regional_configurations: members.optional("RegionalConfigurations")?,
            apply_immediately: members.required("ApplyImmediately")?,
        })
    }
}

/// `IncreaseNodeGroupsInGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct IncreaseNodeGroupsInGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for IncreaseNodeGroupsInGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// `IncreaseReplicaCountMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct IncreaseReplicaCountMessage {
    pub replication_group_id: String,
    pub new_replica_count: Option<i32>,
    pub replica_configuration: Option<Vec<ConfigureShard>>,
    pub apply_immediately: bool,
}

impl query::Value for IncreaseReplicaCountMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            new_replica_count: members.optional("NewReplicaCount")?,
            replica_configuration: members.optional("ReplicaConfiguration")?,
            apply_immediately: members.required("ApplyImmediately")?,
        })
    }
}

/// `IncreaseReplicaCountResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct IncreaseReplicaCountResult {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for IncreaseReplicaCountResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// Values of `InputAuthenticationType` of the service model.
pub mod input_authentication_type {
    pub const PASSWORD: &str = "password";
    pub const NO_PASSWORD_REQUIRED: &str = "no-password-required";
    pub const IAM: &str = "iam";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[PASSWORD, NO_PASSWORD_REQUIRED, IAM];
}

/// `Integration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Integration {
    pub integration_type: Option<String>,
    pub status: Option<String>,
}

impl xml::Content for Integration {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("IntegrationType", self.integration_type.as_ref());
        w.optional("Status", self.status.as_ref());
    }
}

/// `IntegrationRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct IntegrationRequest {
    pub integration_type: Option<String>,
}

impl query::Value for IntegrationRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            integration_type: members.optional("IntegrationType")?,
        })
    }
}

/// Values of `IntegrationStatus` of the service model.
pub mod integration_status {
    pub const ENABLED: &str = "enabled";
    pub const DISABLED: &str = "disabled";
    pub const ENABLING: &str = "enabling";
    pub const DISABLING: &str = "disabling";
    pub const FAILED: &str = "failed";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ENABLED, DISABLED, ENABLING, DISABLING, FAILED];
}

/// Values of `IntegrationType` of the service model.
pub mod integration_type {
    pub const DYNAMODB: &str = "dynamodb";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[DYNAMODB];
}

/// Values of `IpDiscovery` of the service model.
pub mod ip_discovery {
    pub const IPV4: &str = "ipv4";
    pub const IPV6: &str = "ipv6";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[IPV4, IPV6];
}

/// `KinesisFirehoseDestinationDetails` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct KinesisFirehoseDestinationDetails {
    pub delivery_stream: Option<String>,
}

impl query::Value for KinesisFirehoseDestinationDetails {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            delivery_stream: members.optional("DeliveryStream")?,
        })
    }
}

impl xml::Content for KinesisFirehoseDestinationDetails {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("DeliveryStream", self.delivery_stream.as_ref());
    }
}

/// `ListAllowedNodeTypeModificationsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ListAllowedNodeTypeModificationsMessage {
    pub cache_cluster_id: Option<String>,
    pub replication_group_id: Option<String>,
}

impl query::Value for ListAllowedNodeTypeModificationsMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_cluster_id: members.optional("CacheClusterId")?,
            replication_group_id: members.optional("ReplicationGroupId")?,
        })
    }
}

/// `ListTagsForResourceMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ListTagsForResourceMessage {
    pub resource_name: String,
}

impl query::Value for ListTagsForResourceMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            resource_name: members.required("ResourceName")?,
        })
    }
}

/// `LogDeliveryConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct LogDeliveryConfiguration {
    pub log_type: Option<String>,
    pub destination_type: Option<String>,
    pub destination_details: Option<DestinationDetails>,
    pub log_format: Option<String>,
    pub status: Option<String>,
    pub message: Option<String>,
}

impl xml::Content for LogDeliveryConfiguration {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("LogType", self.log_type.as_ref());
        w.optional("DestinationType", self.destination_type.as_ref());
        w.optional("DestinationDetails", self.destination_details.as_ref());
        w.optional("LogFormat", self.log_format.as_ref());
        w.optional("Status", self.status.as_ref());
        w.optional("Message", self.message.as_ref());
    }
}

/// `LogDeliveryConfigurationRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct LogDeliveryConfigurationRequest {
    pub log_type: Option<String>,
    pub destination_type: Option<String>,
    pub destination_details: Option<DestinationDetails>,
    pub log_format: Option<String>,
    pub enabled: Option<bool>,
}

impl query::Value for LogDeliveryConfigurationRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            log_type: members.optional("LogType")?,
            destination_type: members.optional("DestinationType")?,
            destination_details: members.optional("DestinationDetails")?,
            log_format: members.optional("LogFormat")?,
            enabled: members.optional("Enabled")?,
        })
    }
}

/// Values of `LogDeliveryConfigurationStatus` of the service model.
pub mod log_delivery_configuration_status {
    pub const ACTIVE: &str = "active";
    pub const ENABLING: &str = "enabling";
    pub const MODIFYING: &str = "modifying";
    pub const DISABLING: &str = "disabling";
    pub const ERROR: &str = "error";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ACTIVE, ENABLING, MODIFYING, DISABLING, ERROR];
}

/// Values of `LogFormat` of the service model.
pub mod log_format {
    pub const TEXT: &str = "text";
    pub const JSON: &str = "json";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[TEXT, JSON];
}

/// Values of `LogType` of the service model.
pub mod log_type {
    pub const SLOW_LOG: &str = "slow-log";
    pub const ENGINE_LOG: &str = "engine-log";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[SLOW_LOG, ENGINE_LOG];
}

/// `MigrationSummary` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct MigrationSummary {
    pub status: Option<String>,
    pub migration_endpoint: Option<Endpoint>,
    pub cutover_mode: Option<String>,
}

impl xml::Content for MigrationSummary {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Status", self.status.as_ref());
        w.optional("MigrationEndpoint", self.migration_endpoint.as_ref());
        w.optional("CutoverMode", self.cutover_mode.as_ref());
    }
}

/// `ModifyCacheClusterMessage` of the service model.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyCacheClusterMessage {
    pub cache_cluster_id: String,
    pub num_cache_nodes: Option<i32>,
    pub cache_node_ids_to_remove: Option<Vec<String>>,
    #[cfg_attr(feature = "peer", serde(rename = "AZMode"))]
    pub az_mode: Option<String>,
    pub new_availability_zones: Option<Vec<String>>,
    pub cache_security_group_names: Option<Vec<String>>,
    pub security_group_ids: Option<Vec<String>>,
    pub preferred_maintenance_window: Option<String>,
    pub notification_topic_arn: Option<String>,
    pub cache_parameter_group_name: Option<String>,
    pub notification_topic_status: Option<String>,
    pub apply_immediately: Option<bool>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub cache_node_type: Option<String>,
    pub auth_token: Option<String>,
    pub auth_token_update_strategy: Option<String>,
    pub log_delivery_configurations: Option<Vec<LogDeliveryConfigurationRequest>>,
    pub ip_discovery: Option<String>,
    pub scale_config: Option<ScaleConfig>,
}

impl fmt::Debug for ModifyCacheClusterMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModifyCacheClusterMessage")
            .field("cache_cluster_id", &self.cache_cluster_id)
            .field("num_cache_nodes", &self.num_cache_nodes)
            .field("cache_node_ids_to_remove", &self.cache_node_ids_to_remove)
            .field("az_mode", &self.az_mode)
            .field("new_availability_zones", &self.new_availability_zones)
            .field(
                "cache_security_group_names",
                &self.cache_security_group_names,
            )
            .field("security_group_ids", &self.security_group_ids)
            .field(
                "preferred_maintenance_window",
                &self.preferred_maintenance_window,
            )
            .field("notification_topic_arn", &self.notification_topic_arn)
            .field(
                "cache_parameter_group_name",
                &self.cache_parameter_group_name,
            )
            .field("notification_topic_status", &self.notification_topic_status)
            .field("apply_immediately", &self.apply_immediately)
            .field("engine", &self.engine)
            .field("engine_version", &self.engine_version)
            .field(
                "auto_minor_version_upgrade",
                &self.auto_minor_version_upgrade,
            )
            .field("snapshot_retention_limit", &self.snapshot_retention_limit)
            .field("snapshot_window", &self.snapshot_window)
            .field("cache_node_type", &self.cache_node_type)
            .field("auth_token", &self.auth_token.as_ref().map(|_| Redacted))
            .field(
                "auth_token_update_strategy",
                &self.auth_token_update_strategy,
            )
            .field(
                "log_delivery_configurations",
                &self.log_delivery_configurations,
            )
            .field("ip_discovery", &self.ip_discovery)
            .field("scale_config", &self.scale_config)
            .finish()
    }
}

impl query::Value for ModifyCacheClusterMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_cluster_id: members.required("CacheClusterId")?,
            num_cache_nodes: members.optional("NumCacheNodes")?,
            cache_node_ids_to_remove: members.optional("CacheNodeIdsToRemove")?,
            az_mode: members.optional("AZMode")?,
            new_availability_zones: members.optional("NewAvailabilityZones")?,
            cache_security_group_names: members.optional("CacheSecurityGroupNames")?,
            security_group_ids: members.optional("SecurityGroupIds")?,
            preferred_maintenance_window: members.optional("PreferredMaintenanceWindow")?,
            notification_topic_arn: members.optional("NotificationTopicArn")?,
            cache_parameter_group_name: members.optional("CacheParameterGroupName")?,
            notification_topic_status: members.optional("NotificationTopicStatus")?,
            apply_immediately: members.optional("ApplyImmediately")?,
            engine: members.optional("Engine")?,
            engine_version: members.optional("EngineVersion")?,
            auto_minor_version_upgrade: members.optional("AutoMinorVersionUpgrade")?,
            snapshot_retention_limit: members.optional("SnapshotRetentionLimit")?,
            snapshot_window: members.optional("SnapshotWindow")?,
            cache_node_type: members.optional("CacheNodeType")?,
            auth_token: members.optional("AuthToken")?,
            auth_token_update_strategy: members.optional("AuthTokenUpdateStrategy")?,
            log_delivery_configurations: members.optional("LogDeliveryConfigurations")?,
            ip_discovery: members.optional("IpDiscovery")?,
            scale_config: members.optional("ScaleConfig")?,
        })
    }
}

/// `ModifyCacheClusterResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyCacheClusterResult {
    pub cache_cluster: Option<CacheCluster>,
}

impl xml::Content for ModifyCacheClusterResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheCluster", self.cache_cluster.as_ref());
    }
}

/// `ModifyCacheParameterGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyCacheParameterGroupMessage {
    pub cache_parameter_group_name: String,
    pub parameter_name_values: Vec<ParameterNameValue>,
}

impl query::Value for ModifyCacheParameterGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_parameter_group_name: members.required("CacheParameterGroupName")?,
            parameter_name_values: members.required("ParameterNameValues")?,
        })
    }
}

/// `ModifyCacheSubnetGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyCacheSubnetGroupMessage {
    pub cache_subnet_group_name: String,
    pub cache_subnet_group_description: Option<String>,
    pub subnet_ids: Option<Vec<String>>,
}

impl query::Value for ModifyCacheSubnetGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_subnet_group_name: members.required("CacheSubnetGroupName")?,
            cache_subnet_group_description: members.optional("CacheSubnetGroupDescription")?,
            subnet_ids: members.optional("SubnetIds")?,
        })
    }
}

/// `ModifyCacheSubnetGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyCacheSubnetGroupResult {
    pub cache_subnet_group: Option<CacheSubnetGroup>,
}

impl xml::Content for ModifyCacheSubnetGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheSubnetGroup", self.cache_subnet_group.as_ref());
    }
}

/// `ModifyGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyGlobalReplicationGroupMessage {
    pub global_replication_group_id: String,
    pub apply_immediately: bool,
    pub cache_node_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub cache_parameter_group_name: Option<String>,
    pub global_replication_group_description: Option<String>,
    pub automatic_failover_enabled: Option<bool>,
}

impl query::Value for ModifyGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.required("GlobalReplicationGroupId")?,
            apply_immediately: members.required("ApplyImmediately")?,
            cache_node_type: members.optional("CacheNodeType")?,
            engine: members.optional("Engine")?,
            engine_version: members.optional("EngineVersion")?,
            cache_parameter_group_name: members.optional("CacheParameterGroupName")?,
            global_replication_group_description: members
                .optional("GlobalReplicationGroupDescription")?,
            automatic_failover_enabled: members.optional("AutomaticFailoverEnabled")?,
        })
    }
}

/// `ModifyGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for ModifyGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// `ModifyReplicationGroupMessage` of the service model.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyReplicationGroupMessage {
    pub replication_group_id: String,
    pub replication_group_description: Option<String>,
    pub primary_cluster_id: Option<String>,
    pub snapshotting_cluster_id: Option<String>,
    pub automatic_failover_enabled: Option<bool>,
    #[cfg_attr(feature = "peer", serde(rename = "MultiAZEnabled"))]
    pub multi_az_enabled: Option<bool>,
    pub node_group_id: Option<String>,
    pub cache_security_group_names: Option<Vec<String>>,
    pub security_group_ids: Option<Vec<String>>,
    pub preferred_maintenance_window: Option<String>,
    pub notification_topic_arn: Option<String>,
    pub cache_parameter_group_name: Option<String>,
    pub notification_topic_status: Option<String>,
    pub apply_immediately: Option<bool>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub cache_node_type: Option<String>,
    pub auth_token: Option<String>,
    pub auth_token_update_strategy: Option<String>,
    pub user_group_ids_to_add: Option<Vec<String>>,
    pub user_group_ids_to_remove: Option<Vec<String>>,
    pub remove_user_groups: Option<bool>,
    pub log_delivery_configurations: Option<Vec<LogDeliveryConfigurationRequest>>,
    pub ip_discovery: Option<String>,
    pub transit_encryption_enabled: Option<bool>,
    pub transit_encryption_mode: Option<String>,
    pub cluster_mode: Option<String>,
    pub durability: Option<String>,
}

impl fmt::Debug for ModifyReplicationGroupMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModifyReplicationGroupMessage")
            .field("replication_group_id", &self.replication_group_id)
            .field(
                "replication_group_description",
                &self.replication_group_description,
            )
            .field("primary_cluster_id", &self.primary_cluster_id)
            .field("snapshotting_cluster_id", &self.snapshotting_cluster_id)
            .field(
                "automatic_failover_enabled",
                &self.automatic_failover_enabled,
            )
            .field("multi_az_enabled", &self.multi_az_enabled)
            .field("node_group_id", &self.node_group_id)
            .field(
                "cache_security_group_names",
                &self.cache_security_group_names,
            )
            .field("security_group_ids", &self.security_group_ids)
            .field(
                "preferred_maintenance_window",
                &self.preferred_maintenance_window,
            )
            .field("notification_topic_arn", &self.notification_topic_arn)
            .field(
                "cache_parameter_group_name",
                &self.cache_parameter_group_name,
            )
            .field("notification_topic_status", &self.notification_topic_status)
            .field("apply_immediately", &self.apply_immediately)
            .field("engine", &self.engine)
            .field("engine_version", &self.engine_version)
            .field(
                "auto_minor_version_upgrade",
                &self.auto_minor_version_upgrade,
            )
            .field("snapshot_retention_limit", &self.snapshot_retention_limit)
            .field("snapshot_window", &self.snapshot_window)
            .field("cache_node_type", &self.cache_node_type)
            .field("auth_token", &self.auth_token.as_ref().map(|_| Redacted))
            .field(
                "auth_token_update_strategy",
                &self.auth_token_update_strategy,
            )
            .field("user_group_ids_to_add", &self.user_group_ids_to_add)
            .field("user_group_ids_to_remove", &self.user_group_ids_to_remove)
            .field("remove_user_groups", &self.remove_user_groups)
            .field(
                "log_delivery_configurations",
                &self.log_delivery_configurations,
            )
            .field("ip_discovery", &self.ip_discovery)
            .field(
                "transit_encryption_enabled",
                &self.transit_encryption_enabled,
            )
            .field("transit_encryption_mode", &self.transit_encryption_mode)
            .field("cluster_mode", &self.cluster_mode)
            .field("durability", &self.durability)
            .finish()
    }
}

impl query::Value for ModifyReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            replication_group_description: members.optional("ReplicationGroupDescription")?,
            primary_cluster_id: members.optional("PrimaryClusterId")?,
            snapshotting_cluster_id: members.optional("SnapshottingClusterId")?,
            automatic_failover_enabled: members.optional("AutomaticFailoverEnabled")?,
            multi_az_enabled: members.optional("MultiAZEnabled")?,
            node_group_id: members.optional("NodeGroupId")?,
            cache_security_group_names: members.optional("CacheSecurityGroupNames")?,
            security_group_ids: members.optional("SecurityGroupIds")?,
            preferred_maintenance_window: members.optional("PreferredMaintenanceWindow")?,
            notification_topic_arn: members.optional("NotificationTopicArn")?,
            cache_parameter_group_name: members.optional("CacheParameterGroupName")?,
            notification_topic_status: members.optional("NotificationTopicStatus")?,
            apply_immediately: members.optional("ApplyImmediately")?,
            engine: members.optional("Engine")?,
            engine_version: members.optional("EngineVersion")?,
            auto_minor_version_upgrade: members.optional("AutoMinorVersionUpgrade")?,
            snapshot_retention_limit: members.optional("SnapshotRetentionLimit")?,
            snapshot_window: members.optional("SnapshotWindow")?,
            cache_node_type: members.optional("CacheNodeType")?,
            auth_token: members.optional("AuthToken")?,
            auth_token_update_strategy: members.optional("AuthTokenUpdateStrategy")?,
            user_group_ids_to_add: members.optional("UserGroupIdsToAdd")?,
            user_group_ids_to_remove: members.optional("UserGroupIdsToRemove")?,
            remove_user_groups: members.optional("RemoveUserGroups")?,
            log_delivery_configurations: members.optional("LogDeliveryConfigurations")?,
            ip_discovery: members.optional("IpDiscovery")?,
            transit_encryption_enabled: members.optional("TransitEncryptionEnabled")?,
            transit_encryption_mode: members.optional("TransitEncryptionMode")?,
            cluster_mode: members.optional("ClusterMode")?,
            durability: members.optional("Durability")?,
        })
    }
}

/// `ModifyReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyReplicationGroupResult {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for ModifyReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// `ModifyReplicationGroupShardConfigurationMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyReplicationGroupShardConfigurationMessage {
    pub replication_group_id: String,
    pub node_group_count: i32,
    pub apply_immediately: bool,
    pub resharding_configuration: Option<Vec<ReshardingConfiguration>>,
    pub node_groups_to_remove: Option<Vec<String>>,
    pub node_groups_to_retain: Option<Vec<String>>,
}

impl query::Value for ModifyReplicationGroupShardConfigurationMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            node_group_count: members.required("NodeGroupCount")?,
            apply_immediately: members.required("ApplyImmediately")?,
            resharding_configuration: members.optional("ReshardingConfiguration")?,
            node_groups_to_remove: members.optional("NodeGroupsToRemove")?,
            node_groups_to_retain: members.optional("NodeGroupsToRetain")?,
        })
    }
}

/// `ModifyReplicationGroupShardConfigurationResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyReplicationGroupShardConfigurationResult {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for ModifyReplicationGroupShardConfigurationResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// `ModifyServerlessCacheRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyServerlessCacheRequest {
    pub serverless_cache_name: String,
    pub description: Option<String>,
    pub cache_usage_limits: Option<CacheUsageLimits>,
    pub remove_user_group: Option<bool>,
    pub user_group_id: Option<String>,
    pub security_group_ids: Option<Vec<String>>,
    pub snapshot_retention_limit: Option<i32>,
    pub daily_snapshot_time: Option<String>,
    pub engine: Option<String>,
    pub major_engine_version: Option<String>,
}

impl query::Value for ModifyServerlessCacheRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.required("ServerlessCacheName")?,
            description: members.optional("Description")?,
            cache_usage_limits: members.optional("CacheUsageLimits")?,
            remove_user_group: members.optional("RemoveUserGroup")?,
            user_group_id: members.optional("UserGroupId")?,
            security_group_ids: members.optional("SecurityGroupIds")?,
            snapshot_retention_limit: members.optional("SnapshotRetentionLimit")?,
            daily_snapshot_time: members.optional("DailySnapshotTime")?,
            engine: members.optional("Engine")?,
            major_engine_version: members.optional("MajorEngineVersion")?,
        })
    }
}

/// `ModifyServerlessCacheResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyServerlessCacheResponse {
    pub serverless_cache: Option<ServerlessCache>,
}

impl xml::Content for ModifyServerlessCacheResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServerlessCache", self.serverless_cache.as_ref());
    }
}

/// `ModifyUserGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyUserGroupMessage {
    pub user_group_id: String,
    pub user_ids_to_add: Option<Vec<String>>,
    pub user_ids_to_remove: Option<Vec<String>>,
    pub engine: Option<String>,
}

impl query::Value for ModifyUserGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            user_group_id: members.required("UserGroupId")?,
            user_ids_to_add: members.optional("UserIdsToAdd")?,
            user_ids_to_remove: members.optional("UserIdsToRemove")?,
            engine: members.optional("Engine")?,
        })
    }
}

/// `ModifyUserMessage` of the service model.
#[derive(Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ModifyUserMessage {
    pub user_id: String,
    pub access_string: Option<String>,
    pub append_access_string: Option<String>,
    pub passwords: Option<Vec<String>>,
    pub no_password_required: Option<bool>,
    pub authentication_mode: Option<AuthenticationMode>,
    pub engine: Option<String>,
}

impl fmt::Debug for ModifyUserMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModifyUserMessage")
            .field("user_id", &self.user_id)
            .field("access_string", &self.access_string)
            .field("append_access_string", &self.append_access_string)
            .field("passwords", &self.passwords.as_ref().map(|_| Redacted))
            .field("no_password_required", &self.no_password_required)
            .field("authentication_mode", &self.authentication_mode)
            .field("engine", &self.engine)
            .finish()
    }
}

impl query::Value for ModifyUserMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            user_id: members.required("UserId")?,
            access_string: members.optional("AccessString")?,
            append_access_string: members.optional("AppendAccessString")?,
            passwords: members.optional("Passwords")?,
            no_password_required: members.optional("NoPasswordRequired")?,
            authentication_mode: members.optional("AuthenticationMode")?,
            engine: members.optional("Engine")?,
        })
    }
}

/// Values of `MultiAZStatus` of the service model.
pub mod multi_az_status {
    pub const ENABLED: &str = "enabled";
    pub const DISABLED: &str = "disabled";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ENABLED, DISABLED];
}

/// Values of `NetworkType` of the service model.
pub mod network_type {
    pub const IPV4: &str = "ipv4";
    pub const IPV6: &str = "ipv6";
    pub const DUAL_STACK: &str = "dual_stack";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[IPV4, IPV6, DUAL_STACK];
}

/// `NodeGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct NodeGroup {
    pub node_group_id: Option<String>,
    pub status: Option<String>,
    pub primary_endpoint: Option<Endpoint>,
    pub reader_endpoint: Option<Endpoint>,
    pub slots: Option<String>,
    pub node_group_members: Option<Vec<NodeGroupMember>>,
}

impl xml::Content for NodeGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("NodeGroupId", self.node_group_id.as_ref());
        w.optional("Status", self.status.as_ref());
        w.optional("PrimaryEndpoint", self.primary_endpoint.as_ref());
        w.optional("ReaderEndpoint", self.reader_endpoint.as_ref());
        w.optional("Slots", self.slots.as_ref());
        w.optional_list(
            "NodeGroupMembers",
            "NodeGroupMember",
            self.node_group_members.as_deref(),
        );
    }
}

/// `NodeGroupConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct NodeGroupConfiguration {
    pub node_group_id: Option<String>,
    pub slots: Option<String>,
    pub replica_count: Option<i32>,
    pub primary_availability_zone: Option<String>,
    pub replica_availability_zones: Option<Vec<String>>,
    pub primary_outpost_arn: Option<String>,
    pub replica_outpost_arns: Option<Vec<String>>,
}

impl query::Value for NodeGroupConfiguration {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            node_group_id: members.optional("NodeGroupId")?,
            slots: members.optional("Slots")?,
            replica_count: members.optional("ReplicaCount")?,
            primary_availability_zone: members.optional("PrimaryAvailabilityZone")?,
            replica_availability_zones: members.optional("ReplicaAvailabilityZones")?,
            primary_outpost_arn: members.optional("PrimaryOutpostArn")?,
            replica_outpost_arns: members.optional("ReplicaOutpostArns")?,
        })
    }
}

impl xml::Content for NodeGroupConfiguration {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("NodeGroupId", self.node_group_id.as_ref());
        w.optional("Slots", self.slots.as_ref());
        w.optional("ReplicaCount", self.replica_count.as_ref());
        w.optional(
            "PrimaryAvailabilityZone",
            self.primary_availability_zone.as_ref(),
        );
        w.optional_list(
            "ReplicaAvailabilityZones",
            "AvailabilityZone",
            self.replica_availability_zones.as_deref(),
        );
        w.optional("PrimaryOutpostArn", self.primary_outpost_arn.as_ref());
        w.optional_list(
            "ReplicaOutpostArns",
            "OutpostArn",
            self.replica_outpost_arns.as_deref(),
        );
    }
}

/// `NodeGroupMember` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct NodeGroupMember {
    pub cache_cluster_id: Option<String>,
    pub cache_node_id: Option<String>,
    pub read_endpoint: Option<Endpoint>,
    pub preferred_availability_zone: Option<String>,
    pub preferred_outpost_arn: Option<String>,
    pub current_role: Option<String>,
}

impl xml::Content for NodeGroupMember {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional("CacheNodeId", self.cache_node_id.as_ref());
        w.optional("ReadEndpoint", self.read_endpoint.as_ref());
        w.optional(
            "PreferredAvailabilityZone",
            self.preferred_availability_zone.as_ref(),
        );
        w.optional("PreferredOutpostArn", self.preferred_outpost_arn.as_ref());
        w.optional("CurrentRole", self.current_role.as_ref());
    }
}

/// `NodeGroupMemberUpdateStatus` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct NodeGroupMemberUpdateStatus {
    pub cache_cluster_id: Option<String>,
    pub cache_node_id: Option<String>,
    pub node_update_status: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_deletion_date: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_start_date: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_end_date: Option<DateTime>,
    pub node_update_initiated_by: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_initiated_date: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub node_update_status_modified_date: Option<DateTime>,
}

impl xml::Content for NodeGroupMemberUpdateStatus {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional("CacheNodeId", self.cache_node_id.as_ref());
        w.optional("NodeUpdateStatus", self.node_update_status.as_ref());
        w.optional("NodeDeletionDate", self.node_deletion_date.as_ref());
        w.optional("NodeUpdateStartDate", self.node_update_start_date.as_ref());
        w.optional("NodeUpdateEndDate", self.node_update_end_date.as_ref());
        w.optional(
            "NodeUpdateInitiatedBy",
            self.node_update_initiated_by.as_ref(),
        );
        w.optional(
            "NodeUpdateInitiatedDate",
            self.node_update_initiated_date.as_ref(),
        );
        w.optional(
            "NodeUpdateStatusModifiedDate",
            self.node_update_status_modified_date.as_ref(),
        );
    }
}

/// `NodeGroupUpdateStatus` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct NodeGroupUpdateStatus {
    pub node_group_id: Option<String>,
    pub node_group_member_update_status: Option<Vec<NodeGroupMemberUpdateStatus>>,
}

impl xml::Content for NodeGroupUpdateStatus {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("NodeGroupId", self.node_group_id.as_ref());
        w.optional_list(
            "NodeGroupMemberUpdateStatus",
            "NodeGroupMemberUpdateStatus",
            self.node_group_member_update_status.as_deref(),
        );
    }
}

/// `NodeSnapshot` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct NodeSnapshot {
    pub cache_cluster_id: Option<String>,
    pub node_group_id: Option<String>,
    pub cache_node_id: Option<String>,
    pub node_group_configuration: Option<NodeGroupConfiguration>,
    pub cache_size: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub cache_node_create_time: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub snapshot_create_time: Option<DateTime>,
}

impl xml::Content for NodeSnapshot {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional("NodeGroupId", self.node_group_id.as_ref());
        w.optional("CacheNodeId", self.cache_node_id.as_ref());
        w.optional(
            "NodeGroupConfiguration",
            self.node_group_configuration.as_ref(),
        );
        w.optional("CacheSize", self.cache_size.as_ref());
        w.optional("CacheNodeCreateTime", self.cache_node_create_time.as_ref());
        w.optional("SnapshotCreateTime", self.snapshot_create_time.as_ref());
    }
}

/// Values of `NodeUpdateInitiatedBy` of the service model.
pub mod node_update_initiated_by {
    pub const SYSTEM: &str = "system";
    pub const CUSTOMER: &str = "customer";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[SYSTEM, CUSTOMER];
}

/// Values of `NodeUpdateStatus` of the service model.
pub mod node_update_status {
    pub const NOT_APPLIED: &str = "not-applied";
    pub const WAITING_TO_START: &str = "waiting-to-start";
    pub const IN_PROGRESS: &str = "in-progress";
    pub const STOPPING: &str = "stopping";
    pub const STOPPED: &str = "stopped";
    pub const COMPLETE: &str = "complete";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[
        NOT_APPLIED,
        WAITING_TO_START,
        IN_PROGRESS,
        STOPPING,
        STOPPED,
        COMPLETE,
    ];
}

/// `NotificationConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct NotificationConfiguration {
    pub topic_arn: Option<String>,
    pub topic_status: Option<String>,
}

impl xml::Content for NotificationConfiguration {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("TopicArn", self.topic_arn.as_ref());
        w.optional("TopicStatus", self.topic_status.as_ref());
    }
}

/// Values of `OutpostMode` of the service model.
pub mod outpost_mode {
    pub const SINGLE_OUTPOST: &str = "single-outpost";
    pub const CROSS_OUTPOST: &str = "cross-outpost";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[SINGLE_OUTPOST, CROSS_OUTPOST];
}

/// `Parameter` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Parameter {
    pub parameter_name: Option<String>,
    pub parameter_value: Option<String>,
    pub description: Option<String>,
    pub source: Option<String>,
    pub data_type: Option<String>,
    pub allowed_values: Option<String>,
    pub is_modifiable: Option<bool>,
    pub minimum_engine_version: Option<String>,
    pub change_type: Option<String>,
}

impl xml::Content for Parameter {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ParameterName", self.parameter_name.as_ref());
        w.optional("ParameterValue", self.parameter_value.as_ref());
        w.optional("Description", self.description.as_ref());
        w.optional("Source", self.source.as_ref());
        w.optional("DataType", self.data_type.as_ref());
        w.optional("AllowedValues", self.allowed_values.as_ref());
        w.optional("IsModifiable", self.is_modifiable.as_ref());
        w.optional("MinimumEngineVersion", self.minimum_engine_version.as_ref());
        w.optional("ChangeType", self.change_type.as_ref());
    }
}

/// `ParameterNameValue` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ParameterNameValue {
    pub parameter_name: Option<String>,
    pub parameter_value: Option<String>,
}

impl query::Value for ParameterNameValue {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            parameter_name: members.optional("ParameterName")?,
            parameter_value: members.optional("ParameterValue")?,
        })
    }
}

/// Values of `PendingAutomaticFailoverStatus` of the service model.
pub mod pending_automatic_failover_status {
    pub const ENABLED: &str = "enabled";
    pub const DISABLED: &str = "disabled";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[ENABLED, DISABLED];
}

/// `PendingLogDeliveryConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct PendingLogDeliveryConfiguration {
    pub log_type: Option<String>,
    pub destination_type: Option<String>,
    pub destination_details: Option<DestinationDetails>,
    pub log_format: Option<String>,
}

impl xml::Content for PendingLogDeliveryConfiguration {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("LogType", self.log_type.as_ref());
        w.optional("DestinationType", self.destination_type.as_ref());
        w.optional("DestinationDetails", self.destination_details.as_ref());
        w.optional("LogFormat", self.log_format.as_ref());
    }
}

/// `PendingModifiedValues` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct PendingModifiedValues {
    pub num_cache_nodes: Option<i32>,
    pub cache_node_ids_to_remove: Option<Vec<String>>,
    pub engine_version: Option<String>,
    pub cache_node_type: Option<String>,
    pub auth_token_status: Option<String>,
    pub log_delivery_configurations: Option<Vec<PendingLogDeliveryConfiguration>>,
    pub transit_encryption_enabled: Option<bool>,
    pub transit_encryption_mode: Option<String>,
    pub scale_config: Option<ScaleConfig>,
}

impl xml::Content for PendingModifiedValues {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("NumCacheNodes", self.num_cache_nodes.as_ref());
        w.optional_list(
            "CacheNodeIdsToRemove",
            "CacheNodeId",
            self.cache_node_ids_to_remove.as_deref(),
        );
        w.optional("EngineVersion", self.engine_version.as_ref());
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("AuthTokenStatus", self.auth_token_status.as_ref());
        w.optional_list(
            "LogDeliveryConfigurations",
            "member",
            self.log_delivery_configurations.as_deref(),
        );
        w.optional_list(
            "PendingLogDeliveryConfiguration",
            "member",
            self.log_delivery_configurations.as_deref(),
        );
        w.optional(
            "TransitEncryptionEnabled",
            self.transit_encryption_enabled.as_ref(),
        );
        w.optional(
            "TransitEncryptionMode",
            self.transit_encryption_mode.as_ref(),
        );
        w.optional("ScaleConfig", self.scale_config.as_ref());
    }
}

/// `PrepareMigrationRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct PrepareMigrationRequest {
    pub serverless_cache_name: String,
    pub customer_node_endpoint_list: Vec<CustomerNodeEndpoint>,
    pub source_authentication_configuration: Option<SourceAuthenticationConfiguration>,
    pub source_tls_configuration: Option<SourceTlsConfiguration>,
}

impl query::Value for PrepareMigrationRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.required("ServerlessCacheName")?,
            customer_node_endpoint_list: members.required("CustomerNodeEndpointList")?,
            source_authentication_configuration: members
                .optional("SourceAuthenticationConfiguration")?,
            source_tls_configuration: members.optional("SourceTlsConfiguration")?,
        })
    }
}

/// `PrepareMigrationResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct PrepareMigrationResponse {
    pub serverless_cache: Option<ServerlessCache>,
}

impl xml::Content for PrepareMigrationResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServerlessCache", self.serverless_cache.as_ref());
    }
}

/// `ProcessedUpdateAction` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ProcessedUpdateAction {
    pub replication_group_id: Option<String>,
    pub cache_cluster_id: Option<String>,
    pub service_update_name: Option<String>,
    pub update_action_status: Option<String>,
}

impl xml::Content for ProcessedUpdateAction {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroupId", self.replication_group_id.as_ref());
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional("ServiceUpdateName", self.service_update_name.as_ref());
        w.optional("UpdateActionStatus", self.update_action_status.as_ref());
    }
}

/// `PurchaseReservedCacheNodesOfferingMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct PurchaseReservedCacheNodesOfferingMessage {
    pub reserved_cache_nodes_offering_id: String,
    pub reserved_cache_node_id: Option<String>,
    pub cache_node_count: Option<i32>,
    pub tags: Option<Vec<Tag>>,
}

impl query::Value for PurchaseReservedCacheNodesOfferingMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            reserved_cache_nodes_offering_id: members.required("ReservedCacheNodesOfferingId")?,
            reserved_cache_node_id: members.optional("ReservedCacheNodeId")?,
            cache_node_count: members.optional("CacheNodeCount")?,
            tags: members.optional("Tags")?,
        })
    }
}

/// `PurchaseReservedCacheNodesOfferingResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct PurchaseReservedCacheNodesOfferingResult {
    pub reserved_cache_node: Option<ReservedCacheNode>,
}

impl xml::Content for PurchaseReservedCacheNodesOfferingResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReservedCacheNode", self.reserved_cache_node.as_ref());
    }
}

/// `RebalanceSlotsInGlobalReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RebalanceSlotsInGlobalReplicationGroupMessage {
    pub global_replication_group_id: String,
    pub apply_immediately: bool,
}

impl query::Value for RebalanceSlotsInGlobalReplicationGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            global_replication_group_id: members.required("GlobalReplicationGroupId")?,
            apply_immediately: members.required("ApplyImmediately")?,
        })
    }
}

/// `RebalanceSlotsInGlobalReplicationGroupResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RebalanceSlotsInGlobalReplicationGroupResult {
    pub global_replication_group: Option<GlobalReplicationGroup>,
}

impl xml::Content for RebalanceSlotsInGlobalReplicationGroupResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "GlobalReplicationGroup",
            self.global_replication_group.as_ref(),
        );
    }
}

/// `RebootCacheClusterMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RebootCacheClusterMessage {
    pub cache_cluster_id: String,
    pub cache_node_ids_to_reboot: Vec<String>,
}

impl query::Value for RebootCacheClusterMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_cluster_id: members.required("CacheClusterId")?,
            cache_node_ids_to_reboot: members.required("CacheNodeIdsToReboot")?,
        })
    }
}

/// `RebootCacheClusterResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RebootCacheClusterResult {
    pub cache_cluster: Option<CacheCluster>,
}

impl xml::Content for RebootCacheClusterResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheCluster", self.cache_cluster.as_ref());
    }
}

/// `RecurringCharge` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RecurringCharge {
    pub recurring_charge_amount: Option<f64>,
    pub recurring_charge_frequency: Option<String>,
}

impl xml::Content for RecurringCharge {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "RecurringChargeAmount",
            self.recurring_charge_amount.as_ref(),
        );
        w.optional(
            "RecurringChargeFrequency",
            self.recurring_charge_frequency.as_ref(),
        );
    }
}

/// `RegionalConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RegionalConfiguration {
    pub replication_group_id: String,
    pub replication_group_region: String,
    pub resharding_configuration: Vec<ReshardingConfiguration>,
}

impl query::Value for RegionalConfiguration {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            replication_group_region: members.required("ReplicationGroupRegion")?,
            resharding_configuration: members.required("ReshardingConfiguration")?,
        })
    }
}

/// `RemoveTagsFromResourceMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RemoveTagsFromResourceMessage {
    pub resource_name: String,
    pub tag_keys: Vec<String>,
}

impl query::Value for RemoveTagsFromResourceMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            resource_name: members.required("ResourceName")?,
            tag_keys: members.required("TagKeys")?,
        })
    }
}

/// `ReplicationGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReplicationGroup {
    pub replication_group_id: Option<String>,
    pub description: Option<String>,
    pub global_replication_group_info: Option<GlobalReplicationGroupInfo>,
    pub status: Option<String>,
    pub pending_modified_values: Option<ReplicationGroupPendingModifiedValues>,
    pub member_clusters: Option<Vec<String>>,
    pub node_groups: Option<Vec<NodeGroup>>,
    pub snapshotting_cluster_id: Option<String>,
    pub automatic_failover: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "MultiAZ"))]
    pub multi_az: Option<String>,
    pub configuration_endpoint: Option<Endpoint>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub cluster_enabled: Option<bool>,
    pub cache_node_type: Option<String>,
    pub auth_token_enabled: Option<bool>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub auth_token_last_modified_date: Option<DateTime>,
    pub transit_encryption_enabled: Option<bool>,
    pub at_rest_encryption_enabled: Option<bool>,
    pub member_clusters_outpost_arns: Option<Vec<String>>,
    pub kms_key_id: Option<String>,
    pub storage_encryption_type: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
    pub user_group_ids: Option<Vec<String>>,
    pub log_delivery_configurations: Option<Vec<LogDeliveryConfiguration>>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub replication_group_create_time: Option<DateTime>,
    pub data_tiering: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub network_type: Option<String>,
    pub ip_discovery: Option<String>,
    pub transit_encryption_mode: Option<String>,
    pub cluster_mode: Option<String>,
    pub engine: Option<String>,
    pub durability: Option<String>,
    pub effective_durability: Option<String>,
}

impl xml::Content for ReplicationGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroupId", self.replication_group_id.as_ref());
        w.optional("Description", self.description.as_ref());
        w.optional(
            "GlobalReplicationGroupInfo",
            self.global_replication_group_info.as_ref(),
        );
        w.optional("Status", self.status.as_ref());
        w.optional(
            "PendingModifiedValues",
            self.pending_modified_values.as_ref(),
        );
        w.optional_list(
            "MemberClusters",
            "ClusterId",
            self.member_clusters.as_deref(),
        );
        w.optional_list("NodeGroups", "NodeGroup", self.node_groups.as_deref());
        w.optional(
            "SnapshottingClusterId",
            self.snapshotting_cluster_id.as_ref(),
        );
        w.optional("AutomaticFailover", self.automatic_failover.as_ref());
        w.optional("MultiAZ", self.multi_az.as_ref());
        w.optional(
            "ConfigurationEndpoint",
            self.configuration_endpoint.as_ref(),
        );
        w.optional(
            "SnapshotRetentionLimit",
            self.snapshot_retention_limit.as_ref(),
        );
        w.optional("SnapshotWindow", self.snapshot_window.as_ref());
        w.optional("ClusterEnabled", self.cluster_enabled.as_ref());
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("AuthTokenEnabled", self.auth_token_enabled.as_ref());
        w.optional(
            "AuthTokenLastModifiedDate",
            self.auth_token_last_modified_date.as_ref(),
        );
        w.optional(
            "TransitEncryptionEnabled",
            self.transit_encryption_enabled.as_ref(),
        );
        w.optional(
            "AtRestEncryptionEnabled",
            self.at_rest_encryption_enabled.as_ref(),
        );
        w.optional_list(
            "MemberClustersOutpostArns",
            "ReplicationGroupOutpostArn",
            self.member_clusters_outpost_arns.as_deref(),
        );
        w.optional("KmsKeyId", self.kms_key_id.as_ref());
        w.optional(
            "StorageEncryptionType",
            self.storage_encryption_type.as_ref(),
        );
        w.optional("ARN", self.arn.as_ref());
        w.optional_list("UserGroupIds", "member", self.user_group_ids.as_deref());
        w.optional_list(
            "LogDeliveryConfigurations",
            "LogDeliveryConfiguration",
            self.log_delivery_configurations.as_deref(),
        );
        w.optional(
            "ReplicationGroupCreateTime",
            self.replication_group_create_time.as_ref(),
        );
        w.optional("DataTiering", self.data_tiering.as_ref());
        w.optional(
            "AutoMinorVersionUpgrade",
            self.auto_minor_version_upgrade.as_ref(),
        );
        w.optional("NetworkType", self.network_type.as_ref());
        w.optional("IpDiscovery", self.ip_discovery.as_ref());
        w.optional(
            "TransitEncryptionMode",
            self.transit_encryption_mode.as_ref(),
        );
        w.optional("ClusterMode", self.cluster_mode.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("Durability", self.durability.as_ref());
        w.optional("EffectiveDurability", self.effective_durability.as_ref());
    }
}

/// `ReplicationGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReplicationGroupMessage {
    pub marker: Option<String>,
    pub replication_groups: Option<Vec<ReplicationGroup>>,
}

impl xml::Content for ReplicationGroupMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "ReplicationGroups",
            "ReplicationGroup",
            self.replication_groups.as_deref(),
        );
    }
}

/// `ReplicationGroupPendingModifiedValues` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReplicationGroupPendingModifiedValues {
    pub primary_cluster_id: Option<String>,
    pub automatic_failover_status: Option<String>,
    pub resharding: Option<ReshardingStatus>,
    pub auth_token_status: Option<String>,
    pub user_groups: Option<UserGroupsUpdateStatus>,
    pub log_delivery_configurations: Option<Vec<PendingLogDeliveryConfiguration>>,
    pub transit_encryption_enabled: Option<bool>,
    pub transit_encryption_mode: Option<String>,
    pub cluster_mode: Option<String>,
}

impl xml::Content for ReplicationGroupPendingModifiedValues {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("PrimaryClusterId", self.primary_cluster_id.as_ref());
        w.optional(
            "AutomaticFailoverStatus",
            self.automatic_failover_status.as_ref(),
        );
        w.optional("Resharding", self.resharding.as_ref());
        w.optional("AuthTokenStatus", self.auth_token_status.as_ref());
        w.optional("UserGroups", self.user_groups.as_ref());
        w.optional_list(
            "LogDeliveryConfigurations",
            "member",
            self.log_delivery_configurations.as_deref(),
        );
        w.optional_list(
            "PendingLogDeliveryConfiguration",
            "member",
            self.log_delivery_configurations.as_deref(),
        );
        w.optional(
            "TransitEncryptionEnabled",
            self.transit_encryption_enabled.as_ref(),
        );
        w.optional(
            "TransitEncryptionMode",
            self.transit_encryption_mode.as_ref(),
        );
        w.optional("ClusterMode", self.cluster_mode.as_ref());
    }
}

/// `ReservedCacheNode` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReservedCacheNode {
    pub reserved_cache_node_id: Option<String>,
    pub reserved_cache_nodes_offering_id: Option<String>,
    pub cache_node_type: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub start_time: Option<DateTime>,
    pub duration: Option<i32>,
    pub fixed_price: Option<f64>,
    pub usage_price: Option<f64>,
    pub cache_node_count: Option<i32>,
    pub product_description: Option<String>,
    pub offering_type: Option<String>,
    pub state: Option<String>,
    pub recurring_charges: Option<Vec<RecurringCharge>>,
    #[cfg_attr(feature = "peer", serde(rename = "ReservationARN"))]
    pub reservation_arn: Option<String>,
}

impl xml::Content for ReservedCacheNode {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReservedCacheNodeId", self.reserved_cache_node_id.as_ref());
        w.optional(
            "ReservedCacheNodesOfferingId",
            self.reserved_cache_nodes_offering_id.as_ref(),
        );
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("StartTime", self.start_time.as_ref());
        w.optional("Duration", self.duration.as_ref());
        w.optional("FixedPrice", self.fixed_price.as_ref());
        w.optional("UsagePrice", self.usage_price.as_ref());
        w.optional("CacheNodeCount", self.cache_node_count.as_ref());
        w.optional("ProductDescription", self.product_description.as_ref());
        w.optional("OfferingType", self.offering_type.as_ref());
        w.optional("State", self.state.as_ref());
        w.optional_list(
            "RecurringCharges",
            "RecurringCharge",
            self.recurring_charges.as_deref(),
        );
        w.optional("ReservationARN", self.reservation_arn.as_ref());
    }
}

/// `ReservedCacheNodeMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReservedCacheNodeMessage {
    pub marker: Option<String>,
    pub reserved_cache_nodes: Option<Vec<ReservedCacheNode>>,
}

impl xml::Content for ReservedCacheNodeMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "ReservedCacheNodes",
            "ReservedCacheNode",
            self.reserved_cache_nodes.as_deref(),
        );
    }
}

/// `ReservedCacheNodesOffering` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReservedCacheNodesOffering {
    pub reserved_cache_nodes_offering_id: Option<String>,
    pub cache_node_type: Option<String>,
    pub duration: Option<i32>,
    pub fixed_price: Option<f64>,
    pub usage_price: Option<f64>,
    pub product_description: Option<String>,
    pub offering_type: Option<String>,
    pub recurring_charges: Option<Vec<RecurringCharge>>,
}

impl xml::Content for ReservedCacheNodesOffering {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "ReservedCacheNodesOfferingId",
            self.reserved_cache_nodes_offering_id.as_ref(),
        );
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("Duration", self.duration.as_ref());
        w.optional("FixedPrice", self.fixed_price.as_ref());
        w.optional("UsagePrice", self.usage_price.as_ref());
        w.optional("ProductDescription", self.product_description.as_ref());
        w.optional("OfferingType", self.offering_type.as_ref());
        w.optional_list(
            "RecurringCharges",
            "RecurringCharge",
            self.recurring_charges.as_deref(),
        );
    }
}

/// `ReservedCacheNodesOfferingMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReservedCacheNodesOfferingMessage {
    pub marker: Option<String>,
    pub reserved_cache_nodes_offerings: Option<Vec<ReservedCacheNodesOffering>>,
}

impl xml::Content for ReservedCacheNodesOfferingMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "ReservedCacheNodesOfferings",
            "ReservedCacheNodesOffering",
            self.reserved_cache_nodes_offerings.as_deref(),
        );
    }
}

/// `ResetCacheParameterGroupMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ResetCacheParameterGroupMessage {
    pub cache_parameter_group_name: String,
    pub reset_all_parameters: Option<bool>,
    pub parameter_name_values: Option<Vec<ParameterNameValue>>,
}

impl query::Value for ResetCacheParameterGroupMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_parameter_group_name: members.required("CacheParameterGroupName")?,
            reset_all_parameters: members.optional("ResetAllParameters")?,
            parameter_name_values: members.optional("ParameterNameValues")?,
        })
    }
}

/// `ReshardingConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReshardingConfiguration {
    pub node_group_id: Option<String>,
    pub preferred_availability_zones: Option<Vec<String>>,
}

impl query::Value for ReshardingConfiguration {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            node_group_id: members.optional("NodeGroupId")?,
            preferred_availability_zones: members.optional("PreferredAvailabilityZones")?,
        })
    }
}

/// `ReshardingStatus` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ReshardingStatus {
    pub slot_migration: Option<SlotMigration>,
}

impl xml::Content for ReshardingStatus {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("SlotMigration", self.slot_migration.as_ref());
    }
}

/// `RevokeCacheSecurityGroupIngressMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RevokeCacheSecurityGroupIngressMessage {
    pub cache_security_group_name: String,
    #[cfg_attr(feature = "peer", serde(rename = "EC2SecurityGroupName"))]
    pub ec2_security_group_name: String,
    #[cfg_attr(feature = "peer", serde(rename = "EC2SecurityGroupOwnerId"))]
    pub ec2_security_group_owner_id: String,
}

impl query::Value for RevokeCacheSecurityGroupIngressMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            cache_security_group_name: members.required("CacheSecurityGroupName")?,
            ec2_security_group_name: members.required("EC2SecurityGroupName")?,
            ec2_security_group_owner_id: members.required("EC2SecurityGroupOwnerId")?,
        })
    }
}

/// `RevokeCacheSecurityGroupIngressResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct RevokeCacheSecurityGroupIngressResult {
    pub cache_security_group: Option<CacheSecurityGroup>,
}

impl xml::Content for RevokeCacheSecurityGroupIngressResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("CacheSecurityGroup", self.cache_security_group.as_ref());
    }
}

/// `ScaleConfig` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ScaleConfig {
    pub scale_percentage: Option<i32>,
    pub scale_interval_minutes: Option<i32>,
}

impl query::Value for ScaleConfig {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            scale_percentage: members.optional("ScalePercentage")?,
            scale_interval_minutes: members.optional("ScaleIntervalMinutes")?,
        })
    }
}

impl xml::Content for ScaleConfig {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ScalePercentage", self.scale_percentage.as_ref());
        w.optional("ScaleIntervalMinutes", self.scale_interval_minutes.as_ref());
    }
}

/// `SecretManagerAuthConfig` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct SecretManagerAuthConfig {
    pub secret_arn: Option<String>,
}

impl query::Value for SecretManagerAuthConfig {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            secret_arn: members.optional("SecretArn")?,
        })
    }
}

/// `SecurityGroupMembership` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct SecurityGroupMembership {
    pub security_group_id: Option<String>,
    pub status: Option<String>,
}

impl xml::Content for SecurityGroupMembership {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("SecurityGroupId", self.security_group_id.as_ref());
        w.optional("Status", self.status.as_ref());
    }
}

/// `ServerlessCache` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ServerlessCache {
    pub serverless_cache_name: Option<String>,
    pub description: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub create_time: Option<DateTime>,
    pub status: Option<String>,
    pub engine: Option<String>,
    pub major_engine_version: Option<String>,
    pub full_engine_version: Option<String>,
    pub cache_usage_limits: Option<CacheUsageLimits>,
    pub kms_key_id: Option<String>,
    pub storage_encryption_type: Option<String>,
    pub security_group_ids: Option<Vec<String>>,
    pub endpoint: Option<Endpoint>,
    pub reader_endpoint: Option<Endpoint>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
    pub user_group_id: Option<String>,
    pub subnet_ids: Option<Vec<String>>,
    pub snapshot_retention_limit: Option<i32>,
    pub daily_snapshot_time: Option<String>,
    pub network_type: Option<String>,
    pub connection_type: Option<String>,
    pub migration: Option<MigrationSummary>,
    pub integrations: Option<Vec<Integration>>,
}

impl xml::Content for ServerlessCache {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServerlessCacheName", self.serverless_cache_name.as_ref());
        w.optional("Description", self.description.as_ref());
        w.optional("CreateTime", self.create_time.as_ref());
        w.optional("Status", self.status.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("MajorEngineVersion", self.major_engine_version.as_ref());
        w.optional("FullEngineVersion", self.full_engine_version.as_ref());
        w.optional("CacheUsageLimits", self.cache_usage_limits.as_ref());
        w.optional("KmsKeyId", self.kms_key_id.as_ref());
        w.optional(
            "StorageEncryptionType",
            self.storage_encryption_type.as_ref(),
        );
        w.optional_list(
            "SecurityGroupIds",
            "SecurityGroupId",
            self.security_group_ids.as_deref(),
        );
        w.optional("Endpoint", self.endpoint.as_ref());
        w.optional("ReaderEndpoint", self.reader_endpoint.as_ref());
        w.optional("ARN", self.arn.as_ref());
        w.optional("UserGroupId", self.user_group_id.as_ref());
        w.optional_list("SubnetIds", "SubnetId", self.subnet_ids.as_deref());
        w.optional(
            "SnapshotRetentionLimit",
            self.snapshot_retention_limit.as_ref(),
        );
        w.optional("DailySnapshotTime", self.daily_snapshot_time.as_ref());
        w.optional("NetworkType", self.network_type.as_ref());
        w.optional("ConnectionType", self.connection_type.as_ref());
        w.optional("Migration", self.migration.as_ref());
        w.optional_list("Integrations", "Integration", self.integrations.as_deref());
    }
}

/// `ServerlessCacheConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ServerlessCacheConfiguration {
    pub serverless_cache_name: Option<String>,
    pub engine: Option<String>,
    pub major_engine_version: Option<String>,
}

impl xml::Content for ServerlessCacheConfiguration {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServerlessCacheName", self.serverless_cache_name.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("MajorEngineVersion", self.major_engine_version.as_ref());
    }
}

/// `ServerlessCacheSnapshot` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ServerlessCacheSnapshot {
    pub serverless_cache_snapshot_name: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
    pub kms_key_id: Option<String>,
    pub snapshot_type: Option<String>,
    pub status: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub create_time: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub expiry_time: Option<DateTime>,
    pub bytes_used_for_cache: Option<String>,
    pub serverless_cache_configuration: Option<ServerlessCacheConfiguration>,
}

impl xml::Content for ServerlessCacheSnapshot {
    fn write(&self, w: &mut xml::Writer) {
        w.optional(
            "ServerlessCacheSnapshotName",
            self.serverless_cache_snapshot_name.as_ref(),
        );
        w.optional("ARN", self.arn.as_ref());
        w.optional("KmsKeyId", self.kms_key_id.as_ref());
        w.optional("SnapshotType", self.snapshot_type.as_ref());
        w.optional("Status", self.status.as_ref());
        w.optional("CreateTime", self.create_time.as_ref());
        w.optional("ExpiryTime", self.expiry_time.as_ref());
        w.optional("BytesUsedForCache", self.bytes_used_for_cache.as_ref());
        w.optional(
            "ServerlessCacheConfiguration",
            self.serverless_cache_configuration.as_ref(),
        );
    }
}

/// `ServiceUpdate` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ServiceUpdate {
    pub service_update_name: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub service_update_release_date: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub service_update_end_date: Option<DateTime>,
    pub service_update_severity: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub service_update_recommended_apply_by_date: Option<DateTime>,
    pub service_update_status: Option<String>,
    pub service_update_description: Option<String>,
    pub service_update_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub auto_update_after_recommended_apply_by_date: Option<bool>,
    pub estimated_update_time: Option<String>,
}

impl xml::Content for ServiceUpdate {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServiceUpdateName", self.service_update_name.as_ref());
        w.optional(
            "ServiceUpdateReleaseDate",
            self.service_update_release_date.as_ref(),
        );
        w.optional(
            "ServiceUpdateEndDate",
            self.service_update_end_date.as_ref(),
        );
        w.optional(
            "ServiceUpdateSeverity",
            self.service_update_severity.as_ref(),
        );
        w.optional(
            "ServiceUpdateRecommendedApplyByDate",
            self.service_update_recommended_apply_by_date.as_ref(),
        );
        w.optional("ServiceUpdateStatus", self.service_update_status.as_ref());
        w.optional(
            "ServiceUpdateDescription",
            self.service_update_description.as_ref(),
        );
        w.optional("ServiceUpdateType", self.service_update_type.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("EngineVersion", self.engine_version.as_ref());
        w.optional(
            "AutoUpdateAfterRecommendedApplyByDate",
            self.auto_update_after_recommended_apply_by_date.as_ref(),
        );
        w.optional("EstimatedUpdateTime", self.estimated_update_time.as_ref());
    }
}

/// Values of `ServiceUpdateSeverity` of the service model.
pub mod service_update_severity {
    pub const CRITICAL: &str = "critical";
    pub const IMPORTANT: &str = "important";
    pub const MEDIUM: &str = "medium";
    pub const LOW: &str = "low";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[CRITICAL, IMPORTANT, MEDIUM, LOW];
}

/// Values of `ServiceUpdateStatus` of the service model.
pub mod service_update_status {
    pub const AVAILABLE: &str = "available";
    pub const CANCELLED: &str = "cancelled";
    pub const EXPIRED: &str = "expired";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[AVAILABLE, CANCELLED, EXPIRED];
}

/// Values of `ServiceUpdateType` of the service model.
pub mod service_update_type {
    pub const SECURITY_UPDATE: &str = "security-update";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[SECURITY_UPDATE];
}

/// `ServiceUpdatesMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct ServiceUpdatesMessage {
    pub marker: Option<String>,
    pub service_updates: Option<Vec<ServiceUpdate>>,
}

impl xml::Content for ServiceUpdatesMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "ServiceUpdates",
            "ServiceUpdate",
            self.service_updates.as_deref(),
        );
    }
}

/// Values of `SlaMet` of the service model.
pub mod sla_met {
    pub const YES: &str = "yes";
    pub const NO: &str = "no";
    pub const N_A: &str = "n/a";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[YES, NO, N_A];
}

/// `SlotMigration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct SlotMigration {
    pub progress_percentage: Option<f64>,
}

impl xml::Content for SlotMigration {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ProgressPercentage", self.progress_percentage.as_ref());
    }
}

/// `Snapshot` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Snapshot {
    pub snapshot_name: Option<String>,
    pub replication_group_id: Option<String>,
    pub replication_group_description: Option<String>,
    pub cache_cluster_id: Option<String>,
    pub snapshot_status: Option<String>,
    pub snapshot_source: Option<String>,
    pub cache_node_type: Option<String>,
    pub engine: Option<String>,
    pub engine_version: Option<String>,
    pub num_cache_nodes: Option<i32>,
    pub preferred_availability_zone: Option<String>,
    pub preferred_outpost_arn: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub cache_cluster_create_time: Option<DateTime>,
    pub preferred_maintenance_window: Option<String>,
    pub topic_arn: Option<String>,
    pub port: Option<i32>,
    pub cache_parameter_group_name: Option<String>,
    pub cache_subnet_group_name: Option<String>,
    pub vpc_id: Option<String>,
    pub auto_minor_version_upgrade: Option<bool>,
    pub snapshot_retention_limit: Option<i32>,
    pub snapshot_window: Option<String>,
    pub num_node_groups: Option<i32>,
    pub automatic_failover: Option<String>,
    pub node_snapshots: Option<Vec<NodeSnapshot>>,
    pub kms_key_id: Option<String>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
    pub data_tiering: Option<String>,
    pub durability: Option<String>,
}

impl xml::Content for Snapshot {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("SnapshotName", self.snapshot_name.as_ref());
        w.optional("ReplicationGroupId", self.replication_group_id.as_ref());
        w.optional(
            "ReplicationGroupDescription",
            self.replication_group_description.as_ref(),
        );
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional("SnapshotStatus", self.snapshot_status.as_ref());
        w.optional("SnapshotSource", self.snapshot_source.as_ref());
        w.optional("CacheNodeType", self.cache_node_type.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("EngineVersion", self.engine_version.as_ref());
        w.optional("NumCacheNodes", self.num_cache_nodes.as_ref());
        w.optional(
            "PreferredAvailabilityZone",
            self.preferred_availability_zone.as_ref(),
        );
        w.optional("PreferredOutpostArn", self.preferred_outpost_arn.as_ref());
        w.optional(
            "CacheClusterCreateTime",
            self.cache_cluster_create_time.as_ref(),
        );
        w.optional(
            "PreferredMaintenanceWindow",
            self.preferred_maintenance_window.as_ref(),
        );
        w.optional("TopicArn", self.topic_arn.as_ref());
        w.optional("Port", self.port.as_ref());
        w.optional(
            "CacheParameterGroupName",
            self.cache_parameter_group_name.as_ref(),
        );
        w.optional(
            "CacheSubnetGroupName",
            self.cache_subnet_group_name.as_ref(),
        );
        w.optional("VpcId", self.vpc_id.as_ref());
        w.optional(
            "AutoMinorVersionUpgrade",
            self.auto_minor_version_upgrade.as_ref(),
        );
        w.optional(
            "SnapshotRetentionLimit",
            self.snapshot_retention_limit.as_ref(),
        );
        w.optional("SnapshotWindow", self.snapshot_window.as_ref());
        w.optional("NumNodeGroups", self.num_node_groups.as_ref());
        w.optional("AutomaticFailover", self.automatic_failover.as_ref());
        w.optional_list(
            "NodeSnapshots",
            "NodeSnapshot",
            self.node_snapshots.as_deref(),
        );
        w.optional("KmsKeyId", self.kms_key_id.as_ref());
        w.optional("ARN", self.arn.as_ref());
        w.optional("DataTiering", self.data_tiering.as_ref());
        w.optional("Durability", self.durability.as_ref());
    }
}

/// `SourceAuthenticationConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct SourceAuthenticationConfiguration {
    pub secret_manager_config: Option<SecretManagerAuthConfig>,
}

impl query::Value for SourceAuthenticationConfiguration {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            secret_manager_config: members.optional("SecretManagerConfig")?,
        })
    }
}

/// `SourceTlsConfiguration` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct SourceTlsConfiguration {
    pub source_tls_mode: Option<String>,
    pub source_tls_certificate: Option<String>,
}

impl query::Value for SourceTlsConfiguration {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            source_tls_mode: members.optional("SourceTlsMode")?,
            source_tls_certificate: members.optional("SourceTlsCertificate")?,
        })
    }
}

/// Values of `SourceType` of the service model.
pub mod source_type {
    pub const CACHE_CLUSTER: &str = "cache-cluster";
    pub const CACHE_PARAMETER_GROUP: &str = "cache-parameter-group";
    pub const CACHE_SECURITY_GROUP: &str = "cache-security-group";
    pub const CACHE_SUBNET_GROUP: &str = "cache-subnet-group";
    pub const REPLICATION_GROUP: &str = "replication-group";
    pub const SERVERLESS_CACHE: &str = "serverless-cache";
    pub const SERVERLESS_CACHE_SNAPSHOT: &str = "serverless-cache-snapshot";
    pub const USER: &str = "user";
    pub const USER_GROUP: &str = "user-group";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[
        CACHE_CLUSTER,
        CACHE_PARAMETER_GROUP,
        CACHE_SECURITY_GROUP,
        CACHE_SUBNET_GROUP,
        REPLICATION_GROUP,
        SERVERLESS_CACHE,
        SERVERLESS_CACHE_SNAPSHOT,
        USER,
        USER_GROUP,
    ];
}

/// `StartMigrationMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct StartMigrationMessage {
    pub serverless_cache_name: Option<String>,
    pub replication_group_id: Option<String>,
    pub customer_node_endpoint_list: Option<Vec<CustomerNodeEndpoint>>,
    pub auto_cutover: Option<bool>,
    pub clear_target_cache_data: Option<bool>,
}

impl query::Value for StartMigrationMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.optional("ServerlessCacheName")?,
            replication_group_id: members.optional("ReplicationGroupId")?,
            customer_node_endpoint_list: members.optional("CustomerNodeEndpointList")?,
            auto_cutover: members.optional("AutoCutover")?,
            clear_target_cache_data: members.optional("ClearTargetCacheData")?,
        })
    }
}

/// `StartMigrationResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct StartMigrationResponse {
    pub replication_group: Option<ReplicationGroup>,
    pub serverless_cache: Option<ServerlessCache>,
}

impl xml::Content for StartMigrationResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
        w.optional("ServerlessCache", self.serverless_cache.as_ref());
    }
}

/// `StopMigrationRequest` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct StopMigrationRequest {
    pub serverless_cache_name: String,
}

impl query::Value for StopMigrationRequest {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            serverless_cache_name: members.required("ServerlessCacheName")?,
        })
    }
}

/// `StopMigrationResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct StopMigrationResponse {
    pub serverless_cache: Option<ServerlessCache>,
}

impl xml::Content for StopMigrationResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ServerlessCache", self.serverless_cache.as_ref());
    }
}

/// Values of `StorageEncryptionType` of the service model.
pub mod storage_encryption_type {
    pub const NONE: &str = "none";
    pub const SSE_ELASTICACHE: &str = "sse-elasticache";
    pub const SSE_KMS: &str = "sse-kms";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[NONE, SSE_ELASTICACHE, SSE_KMS];
}

/// `Subnet` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Subnet {
    pub subnet_identifier: Option<String>,
    pub subnet_availability_zone: Option<AvailabilityZone>,
    pub subnet_outpost: Option<SubnetOutpost>,
    pub supported_network_types: Option<Vec<String>>,
}

impl xml::Content for Subnet {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("SubnetIdentifier", self.subnet_identifier.as_ref());
        w.optional(
            "SubnetAvailabilityZone",
            self.subnet_availability_zone.as_ref(),
        );
        w.optional("SubnetOutpost", self.subnet_outpost.as_ref());
        w.optional_list(
            "SupportedNetworkTypes",
            "member",
            self.supported_network_types.as_deref(),
        );
    }
}

/// `SubnetOutpost` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct SubnetOutpost {
    pub subnet_outpost_arn: Option<String>,
}

impl xml::Content for SubnetOutpost {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("SubnetOutpostArn", self.subnet_outpost_arn.as_ref());
    }
}

/// `Tag` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct Tag {
    pub key: Option<String>,
    pub value: Option<String>,
}

impl query::Value for Tag {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            key: members.optional("Key")?,
            value: members.optional("Value")?,
        })
    }
}

impl xml::Content for Tag {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Key", self.key.as_ref());
        w.optional("Value", self.value.as_ref());
    }
}

/// `TagListMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct TagListMessage {
    pub tag_list: Option<Vec<Tag>>,
}

impl xml::Content for TagListMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional_list("TagList", "Tag", self.tag_list.as_deref());
    }
}

/// `TestFailoverMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct TestFailoverMessage {
    pub replication_group_id: String,
    pub node_group_id: String,
}

impl query::Value for TestFailoverMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            node_group_id: members.required("NodeGroupId")?,
        })
    }
}

/// `TestFailoverResult` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct TestFailoverResult {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for TestFailoverResult {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// `TestMigrationMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct TestMigrationMessage {
    pub replication_group_id: String,
    pub customer_node_endpoint_list: Vec<CustomerNodeEndpoint>,
}

impl query::Value for TestMigrationMessage {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            replication_group_id: members.required("ReplicationGroupId")?,
            customer_node_endpoint_list: members.required("CustomerNodeEndpointList")?,
        })
    }
}

/// `TestMigrationResponse` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct TestMigrationResponse {
    pub replication_group: Option<ReplicationGroup>,
}

impl xml::Content for TestMigrationResponse {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroup", self.replication_group.as_ref());
    }
}

/// `TimeRangeFilter` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct TimeRangeFilter {
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub start_time: Option<DateTime>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub end_time: Option<DateTime>,
}

impl query::Value for TimeRangeFilter {
    fn read(node: query::Node<'_>, name: &str) -> Result<Self, Fault> {
        let members = node.structure(name)?;
        Ok(Self {
            start_time: members.optional("StartTime")?,
            end_time: members.optional("EndTime")?,
        })
    }
}

/// Values of `TlsMode` of the service model.
pub mod tls_mode {
    pub const NONE: &str = "none";
    pub const VERIFY_CA: &str = "verify-ca";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[NONE, VERIFY_CA];
}

/// Values of `TransitEncryptionMode` of the service model.
pub mod transit_encryption_mode {
    pub const PREFERRED: &str = "preferred";
    pub const REQUIRED: &str = "required";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[PREFERRED, REQUIRED];
}

/// `UnprocessedUpdateAction` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct UnprocessedUpdateAction {
    pub replication_group_id: Option<String>,
    pub cache_cluster_id: Option<String>,
    pub service_update_name: Option<String>,
    pub error_type: Option<String>,
    pub error_message: Option<String>,
}

impl xml::Content for UnprocessedUpdateAction {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroupId", self.replication_group_id.as_ref());
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional("ServiceUpdateName", self.service_update_name.as_ref());
        w.optional("ErrorType", self.error_type.as_ref());
        w.optional("ErrorMessage", self.error_message.as_ref());
    }
}

/// `UpdateAction` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct UpdateAction {
    pub replication_group_id: Option<String>,
    pub cache_cluster_id: Option<String>,
    pub service_update_name: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub service_update_release_date: Option<DateTime>,
    pub service_update_severity: Option<String>,
    pub service_update_status: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub service_update_recommended_apply_by_date: Option<DateTime>,
    pub service_update_type: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub update_action_available_date: Option<DateTime>,
    pub update_action_status: Option<String>,
    pub nodes_updated: Option<String>,
    #[cfg_attr(feature = "peer", serde(with = "crate::peer::timestamp"))]
    pub update_action_status_modified_date: Option<DateTime>,
    pub sla_met: Option<String>,
    pub node_group_update_status: Option<Vec<NodeGroupUpdateStatus>>,
    pub cache_node_update_status: Option<Vec<CacheNodeUpdateStatus>>,
    pub estimated_update_time: Option<String>,
    pub engine: Option<String>,
}

impl xml::Content for UpdateAction {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("ReplicationGroupId", self.replication_group_id.as_ref());
        w.optional("CacheClusterId", self.cache_cluster_id.as_ref());
        w.optional("ServiceUpdateName", self.service_update_name.as_ref());
        w.optional(
            "ServiceUpdateReleaseDate",
            self.service_update_release_date.as_ref(),
        );
        w.optional(
            "ServiceUpdateSeverity",
            self.service_update_severity.as_ref(),
        );
        w.optional("ServiceUpdateStatus", self.service_update_status.as_ref());
        w.optional(
            "ServiceUpdateRecommendedApplyByDate",
            self.service_update_recommended_apply_by_date.as_ref(),
        );
        w.optional("ServiceUpdateType", self.service_update_type.as_ref());
        w.optional(
            "UpdateActionAvailableDate",
            self.update_action_available_date.as_ref(),
        );
        w.optional("UpdateActionStatus", self.update_action_status.as_ref());
        w.optional("NodesUpdated", self.nodes_updated.as_ref());
        w.optional(
            "UpdateActionStatusModifiedDate",
            self.update_action_status_modified_date.as_ref(),
        );
        w.optional("SlaMet", self.sla_met.as_ref());
        w.optional_list(
            "NodeGroupUpdateStatus",
            "NodeGroupUpdateStatus",
            self.node_group_update_status.as_deref(),
        );
        w.optional_list(
            "CacheNodeUpdateStatus",
            "CacheNodeUpdateStatus",
            self.cache_node_update_status.as_deref(),
        );
        w.optional("EstimatedUpdateTime", self.estimated_update_time.as_ref());
        w.optional("Engine", self.engine.as_ref());
    }
}

/// `UpdateActionResultsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct UpdateActionResultsMessage {
    pub processed_update_actions: Option<Vec<ProcessedUpdateAction>>,
    pub unprocessed_update_actions: Option<Vec<UnprocessedUpdateAction>>,
}

impl xml::Content for UpdateActionResultsMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional_list(
            "ProcessedUpdateActions",
            "ProcessedUpdateAction",
            self.processed_update_actions.as_deref(),
        );
        w.optional_list(
            "UnprocessedUpdateActions",
            "UnprocessedUpdateAction",
            self.unprocessed_update_actions.as_deref(),
        );
    }
}

/// Values of `UpdateActionStatus` of the service model.
pub mod update_action_status {
    pub const NOT_APPLIED: &str = "not-applied";
    pub const WAITING_TO_START: &str = "waiting-to-start";
    pub const IN_PROGRESS: &str = "in-progress";
    pub const STOPPING: &str = "stopping";
    pub const STOPPED: &str = "stopped";
    pub const COMPLETE: &str = "complete";
    pub const SCHEDULING: &str = "scheduling";
    pub const SCHEDULED: &str = "scheduled";
    pub const NOT_APPLICABLE: &str = "not-applicable";
    /// All of them, in the model's order.
    pub const VALUES: &[&str] = &[
        NOT_APPLIED,
        WAITING_TO_START,
        IN_PROGRESS,
        STOPPING,
        STOPPED,
        COMPLETE,
        SCHEDULING,
        SCHEDULED,
        NOT_APPLICABLE,
    ];
}

/// `UpdateActionsMessage` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct UpdateActionsMessage {
    pub marker: Option<String>,
    pub update_actions: Option<Vec<UpdateAction>>,
}

impl xml::Content for UpdateActionsMessage {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("Marker", self.marker.as_ref());
        w.optional_list(
            "UpdateActions",
            "UpdateAction",
            self.update_actions.as_deref(),
        );
    }
}

/// `User` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct User {
    pub user_id: Option<String>,
    pub user_name: Option<String>,
    pub status: Option<String>,
    pub engine: Option<String>,
    pub minimum_engine_version: Option<String>,
    pub access_string: Option<String>,
    pub user_group_ids: Option<Vec<String>>,
    pub authentication: Option<Authentication>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
}

impl xml::Content for User {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("UserId", self.user_id.as_ref());
        w.optional("UserName", self.user_name.as_ref());
        w.optional("Status", self.status.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional("MinimumEngineVersion", self.minimum_engine_version.as_ref());
        w.optional("AccessString", self.access_string.as_ref());
        w.optional_list("UserGroupIds", "member", self.user_group_ids.as_deref());
        w.optional("Authentication", self.authentication.as_ref());
        w.optional("ARN", self.arn.as_ref());
    }
}

/// `UserGroup` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct UserGroup {
    pub user_group_id: Option<String>,
    pub status: Option<String>,
    pub engine: Option<String>,
    pub user_ids: Option<Vec<String>>,
    pub minimum_engine_version: Option<String>,
    pub pending_changes: Option<UserGroupPendingChanges>,
    pub replication_groups: Option<Vec<String>>,
    pub serverless_caches: Option<Vec<String>>,
    #[cfg_attr(feature = "peer", serde(rename = "ARN"))]
    pub arn: Option<String>,
}

impl xml::Content for UserGroup {
    fn write(&self, w: &mut xml::Writer) {
        w.optional("UserGroupId", self.user_group_id.as_ref());
        w.optional("Status", self.status.as_ref());
        w.optional("Engine", self.engine.as_ref());
        w.optional_list("UserIds", "member", self.user_ids.as_deref());
        w.optional("MinimumEngineVersion", self.minimum_engine_version.as_ref());
        w.optional("PendingChanges", self.pending_changes.as_ref());
        w.optional_list(
            "ReplicationGroups",
            "member",
            self.replication_groups.as_deref(),
        );
        w.optional_list(
            "ServerlessCaches",
            "member",
            self.serverless_caches.as_deref(),
        );
        w.optional("ARN", self.arn.as_ref());
    }
}

/// `UserGroupPendingChanges` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct UserGroupPendingChanges {
    pub user_ids_to_remove: Option<Vec<String>>,
    pub user_ids_to_add: Option<Vec<String>>,
}

impl xml::Content for UserGroupPendingChanges {
    fn write(&self, w: &mut xml::Writer) {
        w.optional_list(
            "UserIdsToRemove",
            "member",
            self.user_ids_to_remove.as_deref(),
        );
        w.optional_list("UserIdsToAdd", "member", self.user_ids_to_add.as_deref());
    }
}

/// `UserGroupsUpdateStatus` of the service model.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "peer", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "peer",
    serde(default, deny_unknown_fields, rename_all = "PascalCase")
)]
pub struct UserGroupsUpdateStatus {
    pub user_group_ids_to_add: Option<Vec<String>>,
    pub user_group_ids_to_remove: Option<Vec<String>>,
}

impl xml::Content for UserGroupsUpdateStatus {
    fn write(&self, w: &mut xml::Writer) {
        w.optional_list(
            "UserGroupIdsToAdd",
            "member",
            self.user_group_ids_to_add.as_deref(),
        );
        w.optional_list(
            "UserGroupIdsToRemove",
            "member",
            self.user_group_ids_to_remove.as_deref(),
        );
    }
}

impl Input for AddTagsToResourceMessage {
    const OPERATION: Operation = Operation::AddTagsToResource;
    type Output = TagListMessage;
}

impl Input for AuthorizeCacheSecurityGroupIngressMessage {
    const OPERATION: Operation = Operation::AuthorizeCacheSecurityGroupIngress;
    type Output = AuthorizeCacheSecurityGroupIngressResult;
}

impl Input for BatchApplyUpdateActionMessage {
    const OPERATION: Operation = Operation::BatchApplyUpdateAction;
    type Output = UpdateActionResultsMessage;
}

impl Input for BatchStopUpdateActionMessage {
    const OPERATION: Operation = Operation::BatchStopUpdateAction;
    type Output = UpdateActionResultsMessage;
}

impl Input for CompleteMigrationMessage {
    const OPERATION: Operation = Operation::CompleteMigration;
    type Output = CompleteMigrationResponse;
}

impl Input for CopyServerlessCacheSnapshotRequest {
    const OPERATION: Operation = Operation::CopyServerlessCacheSnapshot;
    type Output = CopyServerlessCacheSnapshotResponse;
}

impl Input for CopySnapshotMessage {
    const OPERATION: Operation = Operation::CopySnapshot;
    type Output = CopySnapshotResult;
}

impl Input for CreateCacheClusterMessage {
    const OPERATION: Operation = Operation::CreateCacheCluster;
    type Output = CreateCacheClusterResult;
}

impl Input for CreateCacheParameterGroupMessage {
    const OPERATION: Operation = Operation::CreateCacheParameterGroup;
    type Output = CreateCacheParameterGroupResult;
}

impl Input for CreateCacheSecurityGroupMessage {
    const OPERATION: Operation = Operation::CreateCacheSecurityGroup;
    type Output = CreateCacheSecurityGroupResult;
}

impl Input for CreateCacheSubnetGroupMessage {
    const OPERATION: Operation = Operation::CreateCacheSubnetGroup;
    type Output = CreateCacheSubnetGroupResult;
}

impl Input for CreateGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::CreateGlobalReplicationGroup;
    type Output = CreateGlobalReplicationGroupResult;
}

impl Input for CreateReplicationGroupMessage {
    const OPERATION: Operation = Operation::CreateReplicationGroup;
    type Output = CreateReplicationGroupResult;
}

impl Input for CreateServerlessCacheRequest {
    const OPERATION: Operation = Operation::CreateServerlessCache;
    type Output = CreateServerlessCacheResponse;
}

impl Input for CreateServerlessCacheSnapshotRequest {
    const OPERATION: Operation = Operation::CreateServerlessCacheSnapshot;
    type Output = CreateServerlessCacheSnapshotResponse;
}

impl Input for CreateSnapshotMessage {
    const OPERATION: Operation = Operation::CreateSnapshot;
    type Output = CreateSnapshotResult;
}

impl Input for CreateUserMessage {
    const OPERATION: Operation = Operation::CreateUser;
    type Output = User;
}

impl Input for CreateUserGroupMessage {
    const OPERATION: Operation = Operation::CreateUserGroup;
    type Output = UserGroup;
}

impl Input for DecreaseNodeGroupsInGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::DecreaseNodeGroupsInGlobalReplicationGroup;
    type Output = DecreaseNodeGroupsInGlobalReplicationGroupResult;
}

impl Input for DecreaseReplicaCountMessage {
    const OPERATION: Operation = Operation::DecreaseReplicaCount;
    type Output = DecreaseReplicaCountResult;
}

impl Input for DeleteCacheClusterMessage {
    const OPERATION: Operation = Operation::DeleteCacheCluster;
    type Output = DeleteCacheClusterResult;
}

impl Input for DeleteCacheParameterGroupMessage {
    const OPERATION: Operation = Operation::DeleteCacheParameterGroup;
    type Output = ();
}

impl Input for DeleteCacheSecurityGroupMessage {
    const OPERATION: Operation = Operation::DeleteCacheSecurityGroup;
    type Output = ();
}

impl Input for DeleteCacheSubnetGroupMessage {
    const OPERATION: Operation = Operation::DeleteCacheSubnetGroup;
    type Output = ();
}

impl Input for DeleteGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::DeleteGlobalReplicationGroup;
    type Output = DeleteGlobalReplicationGroupResult;
}

impl Input for DeleteReplicationGroupMessage {
    const OPERATION: Operation = Operation::DeleteReplicationGroup;
    type Output = DeleteReplicationGroupResult;
}

impl Input for DeleteServerlessCacheRequest {
    const OPERATION: Operation = Operation::DeleteServerlessCache;
    type Output = DeleteServerlessCacheResponse;
}

impl Input for DeleteServerlessCacheSnapshotRequest {
    const OPERATION: Operation = Operation::DeleteServerlessCacheSnapshot;
    type Output = DeleteServerlessCacheSnapshotResponse;
}

impl Input for DeleteSnapshotMessage {
    const OPERATION: Operation = Operation::DeleteSnapshot;
    type Output = DeleteSnapshotResult;
}

impl Input for DeleteUserMessage {
    const OPERATION: Operation = Operation::DeleteUser;
    type Output = User;
}

impl Input for DeleteUserGroupMessage {
    const OPERATION: Operation = Operation::DeleteUserGroup;
    type Output = UserGroup;
}

impl Input for DescribeCacheClustersMessage {
    const OPERATION: Operation = Operation::DescribeCacheClusters;
    type Output = CacheClusterMessage;
}

impl Input for DescribeCacheEngineVersionsMessage {
    const OPERATION: Operation = Operation::DescribeCacheEngineVersions;
    type Output = CacheEngineVersionMessage;
}

impl Input for DescribeCacheParameterGroupsMessage {
    const OPERATION: Operation = Operation::DescribeCacheParameterGroups;
    type Output = CacheParameterGroupsMessage;
}

impl Input for DescribeCacheParametersMessage {
    const OPERATION: Operation = Operation::DescribeCacheParameters;
    type Output = CacheParameterGroupDetails;
}

impl Input for DescribeCacheSecurityGroupsMessage {
    const OPERATION: Operation = Operation::DescribeCacheSecurityGroups;
    type Output = CacheSecurityGroupMessage;
}

impl Input for DescribeCacheSubnetGroupsMessage {
    const OPERATION: Operation = Operation::DescribeCacheSubnetGroups;
    type Output = CacheSubnetGroupMessage;
}

impl Input for DescribeEngineDefaultParametersMessage {
    const OPERATION: Operation = Operation::DescribeEngineDefaultParameters;
    type Output = DescribeEngineDefaultParametersResult;
}

impl Input for DescribeEventsMessage {
    const OPERATION: Operation = Operation::DescribeEvents;
    type Output = EventsMessage;
}

impl Input for DescribeGlobalReplicationGroupsMessage {
    const OPERATION: Operation = Operation::DescribeGlobalReplicationGroups;
    type Output = DescribeGlobalReplicationGroupsResult;
}

impl Input for DescribeReplicationGroupsMessage {
    const OPERATION: Operation = Operation::DescribeReplicationGroups;
    type Output = ReplicationGroupMessage;
}

impl Input for DescribeReservedCacheNodesMessage {
    const OPERATION: Operation = Operation::DescribeReservedCacheNodes;
    type Output = ReservedCacheNodeMessage;
}

impl Input for DescribeReservedCacheNodesOfferingsMessage {
    const OPERATION: Operation = Operation::DescribeReservedCacheNodesOfferings;
    type Output = ReservedCacheNodesOfferingMessage;
}

impl Input for DescribeServerlessCacheSnapshotsRequest {
    const OPERATION: Operation = Operation::DescribeServerlessCacheSnapshots;
    type Output = DescribeServerlessCacheSnapshotsResponse;
}

impl Input for DescribeServerlessCachesRequest {
    const OPERATION: Operation = Operation::DescribeServerlessCaches;
    type Output = DescribeServerlessCachesResponse;
}

impl Input for DescribeServiceUpdatesMessage {
    const OPERATION: Operation = Operation::DescribeServiceUpdates;
    type Output = ServiceUpdatesMessage;
}

impl Input for DescribeSnapshotsMessage {
    const OPERATION: Operation = Operation::DescribeSnapshots;
    type Output = DescribeSnapshotsListMessage;
}

impl Input for DescribeUpdateActionsMessage {
    const OPERATION: Operation = Operation::DescribeUpdateActions;
    type Output = UpdateActionsMessage;
}

impl Input for DescribeUserGroupsMessage {
    const OPERATION: Operation = Operation::DescribeUserGroups;
    type Output = DescribeUserGroupsResult;
}

impl Input for DescribeUsersMessage {
    const OPERATION: Operation = Operation::DescribeUsers;
    type Output = DescribeUsersResult;
}

impl Input for DisassociateGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::DisassociateGlobalReplicationGroup;
    type Output = DisassociateGlobalReplicationGroupResult;
}

impl Input for ExportServerlessCacheSnapshotRequest {
    const OPERATION: Operation = Operation::ExportServerlessCacheSnapshot;
    type Output = ExportServerlessCacheSnapshotResponse;
}

impl Input for FailoverGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::FailoverGlobalReplicationGroup;
    type Output = FailoverGlobalReplicationGroupResult;
}

impl Input for IncreaseNodeGroupsInGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::IncreaseNodeGroupsInGlobalReplicationGroup;
    type Output = IncreaseNodeGroupsInGlobalReplicationGroupResult;
}

impl Input for IncreaseReplicaCountMessage {
    const OPERATION: Operation = Operation::IncreaseReplicaCount;
    type Output = IncreaseReplicaCountResult;
}

impl Input for ListAllowedNodeTypeModificationsMessage {
    const OPERATION: Operation = Operation::ListAllowedNodeTypeModifications;
    type Output = AllowedNodeTypeModificationsMessage;
}

impl Input for ListTagsForResourceMessage {
    const OPERATION: Operation = Operation::ListTagsForResource;
    type Output = TagListMessage;
}

impl Input for ModifyCacheClusterMessage {
    const OPERATION: Operation = Operation::ModifyCacheCluster;
    type Output = ModifyCacheClusterResult;
}

impl Input for ModifyCacheParameterGroupMessage {
    const OPERATION: Operation = Operation::ModifyCacheParameterGroup;
    type Output = CacheParameterGroupNameMessage;
}

impl Input for ModifyCacheSubnetGroupMessage {
    const OPERATION: Operation = Operation::ModifyCacheSubnetGroup;
    type Output = ModifyCacheSubnetGroupResult;
}

impl Input for ModifyGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::ModifyGlobalReplicationGroup;
    type Output = ModifyGlobalReplicationGroupResult;
}

impl Input for ModifyReplicationGroupMessage {
    const OPERATION: Operation = Operation::ModifyReplicationGroup;
    type Output = ModifyReplicationGroupResult;
}

impl Input for ModifyReplicationGroupShardConfigurationMessage {
    const OPERATION: Operation = Operation::ModifyReplicationGroupShardConfiguration;
    type Output = ModifyReplicationGroupShardConfigurationResult;
}

impl Input for ModifyServerlessCacheRequest {
    const OPERATION: Operation = Operation::ModifyServerlessCache;
    type Output = ModifyServerlessCacheResponse;
}

impl Input for ModifyUserMessage {
    const OPERATION: Operation = Operation::ModifyUser;
    type Output = User;
}

impl Input for ModifyUserGroupMessage {
    const OPERATION: Operation = Operation::ModifyUserGroup;
    type Output = UserGroup;
}

impl Input for PrepareMigrationRequest {
    const OPERATION: Operation = Operation::PrepareMigration;
    type Output = PrepareMigrationResponse;
}

impl Input for PurchaseReservedCacheNodesOfferingMessage {
    const OPERATION: Operation = Operation::PurchaseReservedCacheNodesOffering;
    type Output = PurchaseReservedCacheNodesOfferingResult;
}

impl Input for RebalanceSlotsInGlobalReplicationGroupMessage {
    const OPERATION: Operation = Operation::RebalanceSlotsInGlobalReplicationGroup;
    type Output = RebalanceSlotsInGlobalReplicationGroupResult;
}

impl Input for RebootCacheClusterMessage {
    const OPERATION: Operation = Operation::RebootCacheCluster;
    type Output = RebootCacheClusterResult;
}

impl Input for RemoveTagsFromResourceMessage {
    const OPERATION: Operation = Operation::RemoveTagsFromResource;
    type Output = TagListMessage;
}

impl Input for ResetCacheParameterGroupMessage {
    const OPERATION: Operation = Operation::ResetCacheParameterGroup;
    type Output = CacheParameterGroupNameMessage;
}

impl Input for RevokeCacheSecurityGroupIngressMessage {
    const OPERATION: Operation = Operation::RevokeCacheSecurityGroupIngress;
    type Output = RevokeCacheSecurityGroupIngressResult;
}

impl Input for StartMigrationMessage {
    const OPERATION: Operation = Operation::StartMigration;
    type Output = StartMigrationResponse;
}

impl Input for StopMigrationRequest {
    const OPERATION: Operation = Operation::StopMigration;
    type Output = StopMigrationResponse;
}

impl Input for TestFailoverMessage {
    const OPERATION: Operation = Operation::TestFailover;
    type Output = TestFailoverResult;
}

impl Input for TestMigrationMessage {
    const OPERATION: Operation = Operation::TestMigration;
    type Output = TestMigrationResponse;
}

impl Output for AllowedNodeTypeModificationsMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for AuthorizeCacheSecurityGroupIngressResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CacheClusterMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CacheEngineVersionMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CacheParameterGroupDetails {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CacheParameterGroupNameMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CacheParameterGroupsMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CacheSecurityGroupMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CacheSubnetGroupMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CompleteMigrationResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CopyServerlessCacheSnapshotResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CopySnapshotResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateCacheClusterResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateCacheParameterGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateCacheSecurityGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateCacheSubnetGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateServerlessCacheResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateServerlessCacheSnapshotResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for CreateSnapshotResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DecreaseNodeGroupsInGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DecreaseReplicaCountResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DeleteCacheClusterResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DeleteGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DeleteReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DeleteServerlessCacheResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DeleteServerlessCacheSnapshotResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DeleteSnapshotResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DescribeEngineDefaultParametersResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DescribeGlobalReplicationGroupsResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DescribeServerlessCacheSnapshotsResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DescribeServerlessCachesResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DescribeSnapshotsListMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DescribeUserGroupsResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DescribeUsersResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for DisassociateGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for EventsMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ExportServerlessCacheSnapshotResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for FailoverGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for IncreaseNodeGroupsInGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for IncreaseReplicaCountResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ModifyCacheClusterResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ModifyCacheSubnetGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ModifyGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ModifyReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ModifyReplicationGroupShardConfigurationResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ModifyServerlessCacheResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for PrepareMigrationResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for PurchaseReservedCacheNodesOfferingResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for RebalanceSlotsInGlobalReplicationGroupResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for RebootCacheClusterResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ReplicationGroupMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ReservedCacheNodeMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ReservedCacheNodesOfferingMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for RevokeCacheSecurityGroupIngressResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for ServiceUpdatesMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for StartMigrationResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for StopMigrationResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for TagListMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for TestFailoverResult {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for TestMigrationResponse {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for UpdateActionResultsMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for UpdateActionsMessage {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for User {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}

impl Output for UserGroup {
    fn encode(&self, w: &mut xml::Writer) {
        xml::Content::write(self, w);
    }
}
