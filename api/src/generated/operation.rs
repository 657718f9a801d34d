// Generated from api/model by `cargo run -p cacheplane-api-generate`; do not edit.

//! The operations of the service.

use super::fault_code::FaultCode;

/// Version of the API, as the `Version` member of a request says it.
pub const API_VERSION: &str = "2015-02-02";

/// Namespace of every reply's root element.
pub const XML_NAMESPACE: &str = "http://elasticache.amazonaws.com/doc/2015-02-02/";

/// An operation of the API, named as its `Action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `AddTagsToResource`.
    AddTagsToResource,
    /// `AuthorizeCacheSecurityGroupIngress`.
    AuthorizeCacheSecurityGroupIngress,
    /// `BatchApplyUpdateAction`.
    BatchApplyUpdateAction,
    /// `BatchStopUpdateAction`.
    BatchStopUpdateAction,
    /// `CompleteMigration`.
    CompleteMigration,
    /// `CopyServerlessCacheSnapshot`.
    CopyServerlessCacheSnapshot,
    /// `CopySnapshot`.
    CopySnapshot,
    /// `CreateCacheCluster`.
    CreateCacheCluster,
    /// `CreateCacheParameterGroup`.
    CreateCacheParameterGroup,
    /// `CreateCacheSecurityGroup`.
    CreateCacheSecurityGroup,
    /// `CreateCacheSubnetGroup`.
    CreateCacheSubnetGroup,
    /// `CreateGlobalReplicationGroup`.
    CreateGlobalReplicationGroup,
    /// `CreateReplicationGroup`.
    CreateReplicationGroup,
    /// `CreateServerlessCache`.
    CreateServerlessCache,
    /// `CreateServerlessCacheSnapshot`.
    CreateServerlessCacheSnapshot,
    /// `CreateSnapshot`.
    CreateSnapshot,
    /// `CreateUser`.
    CreateUser,
    /// `CreateUserGroup`.
    CreateUserGroup,
    /// `DecreaseNodeGroupsInGlobalReplicationGroup`.
    DecreaseNodeGroupsInGlobalReplicationGroup,
    /// `DecreaseReplicaCount`.
    DecreaseReplicaCount,
    /// `DeleteCacheCluster`.
    DeleteCacheCluster,
    /// `DeleteCacheParameterGroup`.
    DeleteCacheParameterGroup,
    /// `DeleteCacheSecurityGroup`.
    DeleteCacheSecurityGroup,
    /// `DeleteCacheSubnetGroup`.
    DeleteCacheSubnetGroup,
    /// `DeleteGlobalReplicationGroup`.
    DeleteGlobalReplicationGroup,
    /// `DeleteReplicationGroup`.
    DeleteReplicationGroup,
    /// `DeleteServerlessCache`.
    DeleteServerlessCache,
    /// `DeleteServerlessCacheSnapshot`.
    DeleteServerlessCacheSnapshot,
    /// `DeleteSnapshot`.
    DeleteSnapshot,
    /// `DeleteUser`.
    DeleteUser,
    /// `DeleteUserGroup`.
    DeleteUserGroup,
    /// `DescribeCacheClusters`.
    DescribeCacheClusters,
    /// `DescribeCacheEngineVersions`.
    DescribeCacheEngineVersions,
    /// `DescribeCacheParameterGroups`.
    DescribeCacheParameterGroups,
    /// `DescribeCacheParameters`.
    DescribeCacheParameters,
    /// `DescribeCacheSecurityGroups`.
    DescribeCacheSecurityGroups,
    /// `DescribeCacheSubnetGroups`.
    DescribeCacheSubnetGroups,
    /// `DescribeEngineDefaultParameters`.
    DescribeEngineDefaultParameters,
    /// `DescribeEvents`.
    DescribeEvents,
    /// `DescribeGlobalReplicationGroups`.
    DescribeGlobalReplicationGroups,
    /// `DescribeReplicationGroups`.
    DescribeReplicationGroups,
    /// `DescribeReservedCacheNodes`.
    DescribeReservedCacheNodes,
    /// `DescribeReservedCacheNodesOfferings`.
    DescribeReservedCacheNodesOfferings,
    /// `DescribeServerlessCacheSnapshots`.
    DescribeServerlessCacheSnapshots,
    /// `DescribeServerlessCaches`.
    DescribeServerlessCaches,
    /// `DescribeServiceUpdates`.
    DescribeServiceUpdates,
    /// `DescribeSnapshots`.
    DescribeSnapshots,
    /// `DescribeUpdateActions`.
    DescribeUpdateActions,
    /// `DescribeUserGroups`.
    DescribeUserGroups,
    /// `DescribeUsers`.
    DescribeUsers,
    /// `DisassociateGlobalReplicationGroup`.
    DisassociateGlobalReplicationGroup,
    /// `ExportServerlessCacheSnapshot`.
    ExportServerlessCacheSnapshot,
    /// `FailoverGlobalReplicationGroup`.
    FailoverGlobalReplicationGroup,
    /// `IncreaseNodeGroupsInGlobalReplicationGroup`.
    IncreaseNodeGroupsInGlobalReplicationGroup,
    /// `IncreaseReplicaCount`.
    IncreaseReplicaCount,
    /// `ListAllowedNodeTypeModifications`.
    ListAllowedNodeTypeModifications,
    /// `ListTagsForResource`.
    ListTagsForResource,
    /// `ModifyCacheCluster`.
    ModifyCacheCluster,
    /// `ModifyCacheParameterGroup`.
    ModifyCacheParameterGroup,
    /// `ModifyCacheSubnetGroup`.
    ModifyCacheSubnetGroup,
    /// `ModifyGlobalReplicationGroup`.
    ModifyGlobalReplicationGroup,
    /// `ModifyReplicationGroup`.
    ModifyReplicationGroup,
    /// `ModifyReplicationGroupShardConfiguration`.
    ModifyReplicationGroupShardConfiguration,
    /// `ModifyServerlessCache`.
    ModifyServerlessCache,
    /// `ModifyUser`.
    ModifyUser,
    /// `ModifyUserGroup`.
    ModifyUserGroup,
    /// `PrepareMigration`.
    PrepareMigration,
    /// `PurchaseReservedCacheNodesOffering`.
    PurchaseReservedCacheNodesOffering,
    /// `RebalanceSlotsInGlobalReplicationGroup`.
    RebalanceSlotsInGlobalReplicationGroup,
    /// `RebootCacheCluster`.
    RebootCacheCluster,
    /// `RemoveTagsFromResource`.
    RemoveTagsFromResource,
    /// `ResetCacheParameterGroup`.
    ResetCacheParameterGroup,
    /// `RevokeCacheSecurityGroupIngress`.
    RevokeCacheSecurityGroupIngress,
    /// `StartMigration`.
    StartMigration,
    /// `StopMigration`.
    StopMigration,
    /// `TestFailover`.
    TestFailover,
    /// `TestMigration`.
    TestMigration,
}

impl Operation {
    /// Every operation, by name.
    pub const ALL: [Self; 77] = [
        Self::AddTagsToResource,
        Self::AuthorizeCacheSecurityGroupIngress,
        Self::BatchApplyUpdateAction,
        Self::BatchStopUpdateAction,
        Self::CompleteMigration,
        Self::CopyServerlessCacheSnapshot,
        Self::CopySnapshot,
        Self::CreateCacheCluster,
        Self::CreateCacheParameterGroup,
        Self::CreateCacheSecurityGroup,
        Self::CreateCacheSubnetGroup,
        Self::CreateGlobalReplicationGroup,
        Self::CreateReplicationGroup,
        Self::CreateServerlessCache,
        Self::CreateServerlessCacheSnapshot,
        Self::CreateSnapshot,
        Self::CreateUser,
        Self::CreateUserGroup,
        Self::DecreaseNodeGroupsInGlobalReplicationGroup,
        Self::DecreaseReplicaCount,
        Self::DeleteCacheCluster,
        Self::DeleteCacheParameterGroup,
        Self::DeleteCacheSecurityGroup,
        Self::DeleteCacheSubnetGroup,
        Self::DeleteGlobalReplicationGroup,
        Self::DeleteReplicationGroup,
        Self::DeleteServerlessCache,
        Self::DeleteServerlessCacheSnapshot,
        Self::DeleteSnapshot,
        Self::DeleteUser,
        Self::DeleteUserGroup,
        Self::DescribeCacheClusters,
        Self::DescribeCacheEngineVersions,
        Self::DescribeCacheParameterGroups,
        Self::DescribeCacheParameters,
        Self::DescribeCacheSecurityGroups,
        Self::DescribeCacheSubnetGroups,
        Self::DescribeEngineDefaultParameters,
        Self::DescribeEvents,
        Self::DescribeGlobalReplicationGroups,
        Self::DescribeReplicationGroups,
        Self::DescribeReservedCacheNodes,
        Self::DescribeReservedCacheNodesOfferings,
        Self::DescribeServerlessCacheSnapshots,
        Self::DescribeServerlessCaches,
        Self::DescribeServiceUpdates,
        Self::DescribeSnapshots,
        Self::DescribeUpdateActions,
        Self::DescribeUserGroups,
        Self::DescribeUsers,
        Self::DisassociateGlobalReplicationGroup,
        Self::ExportServerlessCacheSnapshot,
        Self::FailoverGlobalReplicationGroup,
        Self::IncreaseNodeGroupsInGlobalReplicationGroup,
        Self::IncreaseReplicaCount,
        Self::ListAllowedNodeTypeModifications,
        Self::ListTagsForResource,
        Self::ModifyCacheCluster,
        Self::ModifyCacheParameterGroup,
        Self::ModifyCacheSubnetGroup,
        Self::ModifyGlobalReplicationGroup,
        Self::ModifyReplicationGroup,
        Self::ModifyReplicationGroupShardConfiguration,
        Self::ModifyServerlessCache,
        Self::ModifyUser,
        Self::ModifyUserGroup,
        Self::PrepareMigration,
        Self::PurchaseReservedCacheNodesOffering,
        Self::RebalanceSlotsInGlobalReplicationGroup,
        Self::RebootCacheCluster,
        Self::RemoveTagsFromResource,
        Self::ResetCacheParameterGroup,
        Self::RevokeCacheSecurityGroupIngress,
        Self::StartMigration,
        Self::StopMigration,
        Self::TestFailover,
        Self::TestMigration,
    ];

    /// The `Action` that asks for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddTagsToResource => "AddTagsToResource",
            Self::AuthorizeCacheSecurityGroupIngress => "AuthorizeCacheSecurityGroupIngress",
            Self::BatchApplyUpdateAction => "BatchApplyUpdateAction",
            Self::BatchStopUpdateAction => "BatchStopUpdateAction",
            Self::CompleteMigration => "CompleteMigration",
            Self::CopyServerlessCacheSnapshot => "CopyServerlessCacheSnapshot",
            Self::CopySnapshot => "CopySnapshot",
            Self::CreateCacheCluster => "CreateCacheCluster",
            Self::CreateCacheParameterGroup => "CreateCacheParameterGroup",
            Self::CreateCacheSecurityGroup => "CreateCacheSecurityGroup",
            Self::CreateCacheSubnetGroup => "CreateCacheSubnetGroup",
            Self::CreateGlobalReplicationGroup => "CreateGlobalReplicationGroup",
            Self::CreateReplicationGroup => "CreateReplicationGroup",
            Self::CreateServerlessCache => "CreateServerlessCache",
            Self::CreateServerlessCacheSnapshot => "CreateServerlessCacheSnapshot",
            Self::CreateSnapshot => "CreateSnapshot",
            Self::CreateUser => "CreateUser",
            Self::CreateUserGroup => "CreateUserGroup",
            Self::DecreaseNodeGroupsInGlobalReplicationGroup => {
                "DecreaseNodeGroupsInGlobalReplicationGroup"
            }
            Self::DecreaseReplicaCount => "DecreaseReplicaCount",
            Self::DeleteCacheCluster => "DeleteCacheCluster",
            Self::DeleteCacheParameterGroup => "DeleteCacheParameterGroup",
            Self::DeleteCacheSecurityGroup => "DeleteCacheSecurityGroup",
            Self::DeleteCacheSubnetGroup => "DeleteCacheSubnetGroup",
            Self::DeleteGlobalReplicationGroup => "DeleteGlobalReplicationGroup",
            Self::DeleteReplicationGroup => "DeleteReplicationGroup",
            Self::DeleteServerlessCache => "DeleteServerlessCache",
            Self::DeleteServerlessCacheSnapshot => "DeleteServerlessCacheSnapshot",
            Self::DeleteSnapshot => "DeleteSnapshot",
            Self::DeleteUser => "DeleteUser",
            Self::DeleteUserGroup => "DeleteUserGroup",
            Self::DescribeCacheClusters => "DescribeCacheClusters",
            Self::DescribeCacheEngineVersions => "DescribeCacheEngineVersions",
            Self::DescribeCacheParameterGroups => "DescribeCacheParameterGroups",
            Self::DescribeCacheParameters => "DescribeCacheParameters",
            Self::DescribeCacheSecurityGroups => "DescribeCacheSecurityGroups",
            Self::DescribeCacheSubnetGroups => "DescribeCacheSubnetGroups",
            Self::DescribeEngineDefaultParameters => "DescribeEngineDefaultParameters",
            Self::DescribeEvents => "DescribeEvents",
            Self::DescribeGlobalReplicationGroups => "DescribeGlobalReplicationGroups",
            Self::DescribeReplicationGroups => "DescribeReplicationGroups",
            Self::DescribeReservedCacheNodes => "DescribeReservedCacheNodes",
            Self::DescribeReservedCacheNodesOfferings => "DescribeReservedCacheNodesOfferings",
            Self::DescribeServerlessCacheSnapshots => "DescribeServerlessCacheSnapshots",
            Self::DescribeServerlessCaches => "DescribeServerlessCaches",
            Self::DescribeServiceUpdates => "DescribeServiceUpdates",
            Self::DescribeSnapshots => "DescribeSnapshots",
            Self::DescribeUpdateActions => "DescribeUpdateActions",
            Self::DescribeUserGroups => "DescribeUserGroups",
            Self::DescribeUsers => "DescribeUsers",
            Self::DisassociateGlobalReplicationGroup => "DisassociateGlobalReplicationGroup",
            Self::ExportServerlessCacheSnapshot => "ExportServerlessCacheSnapshot",
            Self::FailoverGlobalReplicationGroup => "FailoverGlobalReplicationGroup",
            Self::IncreaseNodeGroupsInGlobalReplicationGroup => {
                "IncreaseNodeGroupsInGlobalReplicationGroup"
            }
            Self::IncreaseReplicaCount => "IncreaseReplicaCount",
            Self::ListAllowedNodeTypeModifications => "ListAllowedNodeTypeModifications",
            Self::ListTagsForResource => "ListTagsForResource",
            Self::ModifyCacheCluster => "ModifyCacheCluster",
            Self::ModifyCacheParameterGroup => "ModifyCacheParameterGroup",
            Self::ModifyCacheSubnetGroup => "ModifyCacheSubnetGroup",
            Self::ModifyGlobalReplicationGroup => "ModifyGlobalReplicationGroup",
            Self::ModifyReplicationGroup => "ModifyReplicationGroup",
            Self::ModifyReplicationGroupShardConfiguration => {
                "ModifyReplicationGroupShardConfiguration"
            }
            Self::ModifyServerlessCache => "ModifyServerlessCache",
            Self::ModifyUser => "ModifyUser",
            Self::ModifyUserGroup => "ModifyUserGroup",
            Self::PrepareMigration => "PrepareMigration",
            Self::PurchaseReservedCacheNodesOffering => "PurchaseReservedCacheNodesOffering",
            Self::RebalanceSlotsInGlobalReplicationGroup => {
                "RebalanceSlotsInGlobalReplicationGroup"
            }
            Self::RebootCacheCluster => "RebootCacheCluster",
            Self::RemoveTagsFromResource => "RemoveTagsFromResource",
            Self::ResetCacheParameterGroup => "ResetCacheParameterGroup",
            Self::RevokeCacheSecurityGroupIngress => "RevokeCacheSecurityGroupIngress",
            Self::StartMigration => "StartMigration",
            Self::StopMigration => "StopMigration",
            Self::TestFailover => "TestFailover",
            Self::TestMigration => "TestMigration",
        }
    }

    /// The operation that an `Action` asks for; the comparison is exact, as on AWS.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "AddTagsToResource" => Some(Self::AddTagsToResource),
            "AuthorizeCacheSecurityGroupIngress" => Some(Self::AuthorizeCacheSecurityGroupIngress),
            "BatchApplyUpdateAction" => Some(Self::BatchApplyUpdateAction),
            "BatchStopUpdateAction" => Some(Self::BatchStopUpdateAction),
            "CompleteMigration" => Some(Self::CompleteMigration),
            "CopyServerlessCacheSnapshot" => Some(Self::CopyServerlessCacheSnapshot),
            "CopySnapshot" => Some(Self::CopySnapshot),
            "CreateCacheCluster" => Some(Self::CreateCacheCluster),
            "CreateCacheParameterGroup" => Some(Self::CreateCacheParameterGroup),
            "CreateCacheSecurityGroup" => Some(Self::CreateCacheSecurityGroup),
            "CreateCacheSubnetGroup" => Some(Self::CreateCacheSubnetGroup),
            "CreateGlobalReplicationGroup" => Some(Self::CreateGlobalReplicationGroup),
            "CreateReplicationGroup" => Some(Self::CreateReplicationGroup),
            "CreateServerlessCache" => Some(Self::CreateServerlessCache),
            "CreateServerlessCacheSnapshot" => Some(Self::CreateServerlessCacheSnapshot),
            "CreateSnapshot" => Some(Self::CreateSnapshot),
            "CreateUser" => Some(Self::CreateUser),
            "CreateUserGroup" => Some(Self::CreateUserGroup),
            "DecreaseNodeGroupsInGlobalReplicationGroup" => {
                Some(Self::DecreaseNodeGroupsInGlobalReplicationGroup)
            }
            "DecreaseReplicaCount" => Some(Self::DecreaseReplicaCount),
            "DeleteCacheCluster" => Some(Self::DeleteCacheCluster),
            "DeleteCacheParameterGroup" => Some(Self::DeleteCacheParameterGroup),
            "DeleteCacheSecurityGroup" => Some(Self::DeleteCacheSecurityGroup),
            "DeleteCacheSubnetGroup" => Some(Self::DeleteCacheSubnetGroup),
            "DeleteGlobalReplicationGroup" => Some(Self::DeleteGlobalReplicationGroup),
            "DeleteReplicationGroup" => Some(Self::DeleteReplicationGroup),
            "DeleteServerlessCache" => Some(Self::DeleteServerlessCache),
            "DeleteServerlessCacheSnapshot" => Some(Self::DeleteServerlessCacheSnapshot),
            "DeleteSnapshot" => Some(Self::DeleteSnapshot),
            "DeleteUser" => Some(Self::DeleteUser),
            "DeleteUserGroup" => Some(Self::DeleteUserGroup),
            "DescribeCacheClusters" => Some(Self::DescribeCacheClusters),
            "DescribeCacheEngineVersions" => Some(Self::DescribeCacheEngineVersions),
            "DescribeCacheParameterGroups" => Some(Self::DescribeCacheParameterGroups),
            "DescribeCacheParameters" => Some(Self::DescribeCacheParameters),
            "DescribeCacheSecurityGroups" => Some(Self::DescribeCacheSecurityGroups),
            "DescribeCacheSubnetGroups" => Some(Self::DescribeCacheSubnetGroups),
            "DescribeEngineDefaultParameters" => Some(Self::DescribeEngineDefaultParameters),
            "DescribeEvents" => Some(Self::DescribeEvents),
            "DescribeGlobalReplicationGroups" => Some(Self::DescribeGlobalReplicationGroups),
            "DescribeReplicationGroups" => Some(Self::DescribeReplicationGroups),
            "DescribeReservedCacheNodes" => Some(Self::DescribeReservedCacheNodes),
            "DescribeReservedCacheNodesOfferings" => {
                Some(Self::DescribeReservedCacheNodesOfferings)
            }
            "DescribeServerlessCacheSnapshots" => Some(Self::DescribeServerlessCacheSnapshots),
            "DescribeServerlessCaches" => Some(Self::DescribeServerlessCaches),
            "DescribeServiceUpdates" => Some(Self::DescribeServiceUpdates),
            "DescribeSnapshots" => Some(Self::DescribeSnapshots),
            "DescribeUpdateActions" => Some(Self::DescribeUpdateActions),
            "DescribeUserGroups" => Some(Self::DescribeUserGroups),
            "DescribeUsers" => Some(Self::DescribeUsers),
            "DisassociateGlobalReplicationGroup" => Some(Self::DisassociateGlobalReplicationGroup),
            "ExportServerlessCacheSnapshot" => Some(Self::ExportServerlessCacheSnapshot),
            "FailoverGlobalReplicationGroup" => Some(Self::FailoverGlobalReplicationGroup),
            "IncreaseNodeGroupsInGlobalReplicationGroup" => {
                Some(Self::IncreaseNodeGroupsInGlobalReplicationGroup)
            }
            "IncreaseReplicaCount" => Some(Self::IncreaseReplicaCount),
            "ListAllowedNodeTypeModifications" => Some(Self::ListAllowedNodeTypeModifications),
            "ListTagsForResource" => Some(Self::ListTagsForResource),
            "ModifyCacheCluster" => Some(Self::ModifyCacheCluster),
            "ModifyCacheParameterGroup" => Some(Self::ModifyCacheParameterGroup),
            "ModifyCacheSubnetGroup" => Some(Self::ModifyCacheSubnetGroup),
            "ModifyGlobalReplicationGroup" => Some(Self::ModifyGlobalReplicationGroup),
            "ModifyReplicationGroup" => Some(Self::ModifyReplicationGroup),
            "ModifyReplicationGroupShardConfiguration" => {
                Some(Self::ModifyReplicationGroupShardConfiguration)
            }
            "ModifyServerlessCache" => Some(Self::ModifyServerlessCache),
            "ModifyUser" => Some(Self::ModifyUser),
            "ModifyUserGroup" => Some(Self::ModifyUserGroup),
            "PrepareMigration" => Some(Self::PrepareMigration),
            "PurchaseReservedCacheNodesOffering" => Some(Self::PurchaseReservedCacheNodesOffering),
            "RebalanceSlotsInGlobalReplicationGroup" => {
                Some(Self::RebalanceSlotsInGlobalReplicationGroup)
            }
            "RebootCacheCluster" => Some(Self::RebootCacheCluster),
            "RemoveTagsFromResource" => Some(Self::RemoveTagsFromResource),
            "ResetCacheParameterGroup" => Some(Self::ResetCacheParameterGroup),
            "RevokeCacheSecurityGroupIngress" => Some(Self::RevokeCacheSecurityGroupIngress),
            "StartMigration" => Some(Self::StartMigration),
            "StopMigration" => Some(Self::StopMigration),
            "TestFailover" => Some(Self::TestFailover),
            "TestMigration" => Some(Self::TestMigration),
            _ => None,
        }
    }

    /// Name of its input shape in the model.
    pub const fn input_shape(self) -> &'static str {
        match self {
            Self::AddTagsToResource => "AddTagsToResourceMessage",
            Self::AuthorizeCacheSecurityGroupIngress => "AuthorizeCacheSecurityGroupIngressMessage",
            Self::BatchApplyUpdateAction => "BatchApplyUpdateActionMessage",
            Self::BatchStopUpdateAction => "BatchStopUpdateActionMessage",
            Self::CompleteMigration => "CompleteMigrationMessage",
            Self::CopyServerlessCacheSnapshot => "CopyServerlessCacheSnapshotRequest",
            Self::CopySnapshot => "CopySnapshotMessage",
            Self::CreateCacheCluster => "CreateCacheClusterMessage",
            Self::CreateCacheParameterGroup => "CreateCacheParameterGroupMessage",
            Self::CreateCacheSecurityGroup => "CreateCacheSecurityGroupMessage",
            Self::CreateCacheSubnetGroup => "CreateCacheSubnetGroupMessage",
            Self::CreateGlobalReplicationGroup => "CreateGlobalReplicationGroupMessage",
            Self::CreateReplicationGroup => "CreateReplicationGroupMessage",
            Self::CreateServerlessCache => "CreateServerlessCacheRequest",
            Self::CreateServerlessCacheSnapshot => "CreateServerlessCacheSnapshotRequest",
            Self::CreateSnapshot => "CreateSnapshotMessage",
            Self::CreateUser => "CreateUserMessage",
            Self::CreateUserGroup => "CreateUserGroupMessage",
            Self::DecreaseNodeGroupsInGlobalReplicationGroup => {
                "DecreaseNodeGroupsInGlobalReplicationGroupMessage"
            }
            Self::DecreaseReplicaCount => "DecreaseReplicaCountMessage",
            Self::DeleteCacheCluster => "DeleteCacheClusterMessage",
            Self::DeleteCacheParameterGroup => "DeleteCacheParameterGroupMessage",
            Self::DeleteCacheSecurityGroup => "DeleteCacheSecurityGroupMessage",
            Self::DeleteCacheSubnetGroup => "DeleteCacheSubnetGroupMessage",
            Self::DeleteGlobalReplicationGroup => "DeleteGlobalReplicationGroupMessage",
            Self::DeleteReplicationGroup => "DeleteReplicationGroupMessage",
            Self::DeleteServerlessCache => "DeleteServerlessCacheRequest",
            Self::DeleteServerlessCacheSnapshot => "DeleteServerlessCacheSnapshotRequest",
            Self::DeleteSnapshot => "DeleteSnapshotMessage",
            Self::DeleteUser => "DeleteUserMessage",
            Self::DeleteUserGroup => "DeleteUserGroupMessage",
            Self::DescribeCacheClusters => "DescribeCacheClustersMessage",
            Self::DescribeCacheEngineVersions => "DescribeCacheEngineVersionsMessage",
            Self::DescribeCacheParameterGroups => "DescribeCacheParameterGroupsMessage",
            Self::DescribeCacheParameters => "DescribeCacheParametersMessage",
            Self::DescribeCacheSecurityGroups => "DescribeCacheSecurityGroupsMessage",
            Self::DescribeCacheSubnetGroups => "DescribeCacheSubnetGroupsMessage",
            Self::DescribeEngineDefaultParameters => "DescribeEngineDefaultParametersMessage",
            Self::DescribeEvents => "DescribeEventsMessage",
            Self::DescribeGlobalReplicationGroups => "DescribeGlobalReplicationGroupsMessage",
            Self::DescribeReplicationGroups => "DescribeReplicationGroupsMessage",
            Self::DescribeReservedCacheNodes => "DescribeReservedCacheNodesMessage",
            Self::DescribeReservedCacheNodesOfferings => {
                "DescribeReservedCacheNodesOfferingsMessage"
            }
            Self::DescribeServerlessCacheSnapshots => "DescribeServerlessCacheSnapshotsRequest",
            Self::DescribeServerlessCaches => "DescribeServerlessCachesRequest",
            Self::DescribeServiceUpdates => "DescribeServiceUpdatesMessage",
            Self::DescribeSnapshots => "DescribeSnapshotsMessage",
            Self::DescribeUpdateActions => "DescribeUpdateActionsMessage",
            Self::DescribeUserGroups => "DescribeUserGroupsMessage",
            Self::DescribeUsers => "DescribeUsersMessage",
            Self::DisassociateGlobalReplicationGroup => "DisassociateGlobalReplicationGroupMessage",
            Self::ExportServerlessCacheSnapshot => "ExportServerlessCacheSnapshotRequest",
            Self::FailoverGlobalReplicationGroup => "FailoverGlobalReplicationGroupMessage",
            Self::IncreaseNodeGroupsInGlobalReplicationGroup => {
                "IncreaseNodeGroupsInGlobalReplicationGroupMessage"
            }
            Self::IncreaseReplicaCount => "IncreaseReplicaCountMessage",
            Self::ListAllowedNodeTypeModifications => "ListAllowedNodeTypeModificationsMessage",
            Self::ListTagsForResource => "ListTagsForResourceMessage",
            Self::ModifyCacheCluster => "ModifyCacheClusterMessage",
            Self::ModifyCacheParameterGroup => "ModifyCacheParameterGroupMessage",
            Self::ModifyCacheSubnetGroup => "ModifyCacheSubnetGroupMessage",
            Self::ModifyGlobalReplicationGroup => "ModifyGlobalReplicationGroupMessage",
            Self::ModifyReplicationGroup => "ModifyReplicationGroupMessage",
            Self::ModifyReplicationGroupShardConfiguration => {
                "ModifyReplicationGroupShardConfigurationMessage"
            }
            Self::ModifyServerlessCache => "ModifyServerlessCacheRequest",
            Self::ModifyUser => "ModifyUserMessage",
            Self::ModifyUserGroup => "ModifyUserGroupMessage",
            Self::PrepareMigration => "PrepareMigrationRequest",
            Self::PurchaseReservedCacheNodesOffering => "PurchaseReservedCacheNodesOfferingMessage",
            Self::RebalanceSlotsInGlobalReplicationGroup => {
                "RebalanceSlotsInGlobalReplicationGroupMessage"
            }
            Self::RebootCacheCluster => "RebootCacheClusterMessage",
            Self::RemoveTagsFromResource => "RemoveTagsFromResourceMessage",
            Self::ResetCacheParameterGroup => "ResetCacheParameterGroupMessage",
            Self::RevokeCacheSecurityGroupIngress => "RevokeCacheSecurityGroupIngressMessage",
            Self::StartMigration => "StartMigrationMessage",
            Self::StopMigration => "StopMigrationRequest",
            Self::TestFailover => "TestFailoverMessage",
            Self::TestMigration => "TestMigrationMessage",
        }
    }

    /// Name of its output shape in the model; none where it answers nothing.
    pub const fn output_shape(self) -> Option<&'static str> {
        match self {
            Self::AddTagsToResource => Some("TagListMessage"),
            Self::AuthorizeCacheSecurityGroupIngress => {
                Some("AuthorizeCacheSecurityGroupIngressResult")
            }
            Self::BatchApplyUpdateAction => Some("UpdateActionResultsMessage"),
            Self::BatchStopUpdateAction => Some("UpdateActionResultsMessage"),
            Self::CompleteMigration => Some("CompleteMigrationResponse"),
            Self::CopyServerlessCacheSnapshot => Some("CopyServerlessCacheSnapshotResponse"),
            Self::CopySnapshot => Some("CopySnapshotResult"),
            Self::CreateCacheCluster => Some("CreateCacheClusterResult"),
            Self::CreateCacheParameterGroup => Some("CreateCacheParameterGroupResult"),
            Self::CreateCacheSecurityGroup => Some("CreateCacheSecurityGroupResult"),
            Self::CreateCacheSubnetGroup => Some("CreateCacheSubnetGroupResult"),
            Self::CreateGlobalReplicationGroup => Some("CreateGlobalReplicationGroupResult"),
            Self::CreateReplicationGroup => Some("CreateReplicationGroupResult"),
            Self::CreateServerlessCache => Some("CreateServerlessCacheResponse"),
            Self::CreateServerlessCacheSnapshot => Some("CreateServerlessCacheSnapshotResponse"),
            Self::CreateSnapshot => Some("CreateSnapshotResult"),
            Self::CreateUser => Some("User"),
            Self::CreateUserGroup => Some("UserGroup"),
            Self::DecreaseNodeGroupsInGlobalReplicationGroup => {
                Some("DecreaseNodeGroupsInGlobalReplicationGroupResult")
            }
            Self::DecreaseReplicaCount => Some("DecreaseReplicaCountResult"),
            Self::DeleteCacheCluster => Some("DeleteCacheClusterResult"),
            Self::DeleteCacheParameterGroup => None,
            Self::DeleteCacheSecurityGroup => None,
            Self::DeleteCacheSubnetGroup => None,
            Self::DeleteGlobalReplicationGroup => Some("DeleteGlobalReplicationGroupResult"),
            Self::DeleteReplicationGroup => Some("DeleteReplicationGroupResult"),
            Self::DeleteServerlessCache => Some("DeleteServerlessCacheResponse"),
            Self::DeleteServerlessCacheSnapshot => Some("DeleteServerlessCacheSnapshotResponse"),
            Self::DeleteSnapshot => Some("DeleteSnapshotResult"),
            Self::DeleteUser => Some("User"),
            Self::DeleteUserGroup => Some("UserGroup"),
            Self::DescribeCacheClusters => Some("CacheClusterMessage"),
            Self::DescribeCacheEngineVersions => Some("CacheEngineVersionMessage"),
            Self::DescribeCacheParameterGroups => Some("CacheParameterGroupsMessage"),
            Self::DescribeCacheParameters => Some("CacheParameterGroupDetails"),
            Self::DescribeCacheSecurityGroups => Some("CacheSecurityGroupMessage"),
            Self::DescribeCacheSubnetGroups => Some("CacheSubnetGroupMessage"),
            Self::DescribeEngineDefaultParameters => Some("DescribeEngineDefaultParametersResult"),
            Self::DescribeEvents => Some("EventsMessage"),
            Self::DescribeGlobalReplicationGroups => Some("DescribeGlobalReplicationGroupsResult"),
            Self::DescribeReplicationGroups => Some("ReplicationGroupMessage"),
            Self::DescribeReservedCacheNodes => Some("ReservedCacheNodeMessage"),
            Self::DescribeReservedCacheNodesOfferings => Some("ReservedCacheNodesOfferingMessage"),
            Self::DescribeServerlessCacheSnapshots => {
                Some("DescribeServerlessCacheSnapshotsResponse")
            }
            Self::DescribeServerlessCaches => Some("DescribeServerlessCachesResponse"),
            Self::DescribeServiceUpdates => Some("ServiceUpdatesMessage"),
            Self::DescribeSnapshots => Some("DescribeSnapshotsListMessage"),
            Self::DescribeUpdateActions => Some("UpdateActionsMessage"),
            Self::DescribeUserGroups => Some("DescribeUserGroupsResult"),
            Self::DescribeUsers => Some("DescribeUsersResult"),
            Self::DisassociateGlobalReplicationGroup => {
                Some("DisassociateGlobalReplicationGroupResult")
            }
            Self::ExportServerlessCacheSnapshot => Some("ExportServerlessCacheSnapshotResponse"),
            Self::FailoverGlobalReplicationGroup => Some("FailoverGlobalReplicationGroupResult"),
            Self::IncreaseNodeGroupsInGlobalReplicationGroup => {
                Some("IncreaseNodeGroupsInGlobalReplicationGroupResult")
            }
            Self::IncreaseReplicaCount => Some("IncreaseReplicaCountResult"),
            Self::ListAllowedNodeTypeModifications => Some("AllowedNodeTypeModificationsMessage"),
            Self::ListTagsForResource => Some("TagListMessage"),
            Self::ModifyCacheCluster => Some("ModifyCacheClusterResult"),
            Self::ModifyCacheParameterGroup => Some("CacheParameterGroupNameMessage"),
            Self::ModifyCacheSubnetGroup => Some("ModifyCacheSubnetGroupResult"),
            Self::ModifyGlobalReplicationGroup => Some("ModifyGlobalReplicationGroupResult"),
            Self::ModifyReplicationGroup => Some("ModifyReplicationGroupResult"),
            Self::ModifyReplicationGroupShardConfiguration => {
                Some("ModifyReplicationGroupShardConfigurationResult")
            }
            Self::ModifyServerlessCache => Some("ModifyServerlessCacheResponse"),
            Self::ModifyUser => Some("User"),
            Self::ModifyUserGroup => Some("UserGroup"),
            Self::PrepareMigration => Some("PrepareMigrationResponse"),
            Self::PurchaseReservedCacheNodesOffering => {
                Some("PurchaseReservedCacheNodesOfferingResult")
            }
            Self::RebalanceSlotsInGlobalReplicationGroup => {
                Some("RebalanceSlotsInGlobalReplicationGroupResult")
            }
            Self::RebootCacheCluster => Some("RebootCacheClusterResult"),
            Self::RemoveTagsFromResource => Some("TagListMessage"),
            Self::ResetCacheParameterGroup => Some("CacheParameterGroupNameMessage"),
            Self::RevokeCacheSecurityGroupIngress => Some("RevokeCacheSecurityGroupIngressResult"),
            Self::StartMigration => Some("StartMigrationResponse"),
            Self::StopMigration => Some("StopMigrationResponse"),
            Self::TestFailover => Some("TestFailoverResult"),
            Self::TestMigration => Some("TestMigrationResponse"),
        }
    }

    /// The element around its output; none where it answers nothing.
    pub const fn result_wrapper(self) -> Option<&'static str> {
        match self {
            Self::AddTagsToResource => Some("AddTagsToResourceResult"),
            Self::AuthorizeCacheSecurityGroupIngress => {
                Some("AuthorizeCacheSecurityGroupIngressResult")
            }
            Self::BatchApplyUpdateAction => Some("BatchApplyUpdateActionResult"),
            Self::BatchStopUpdateAction => Some("BatchStopUpdateActionResult"),
            Self::CompleteMigration => Some("CompleteMigrationResult"),
            Self::CopyServerlessCacheSnapshot => Some("CopyServerlessCacheSnapshotResult"),
            Self::CopySnapshot => Some("CopySnapshotResult"),
            Self::CreateCacheCluster => Some("CreateCacheClusterResult"),
            Self::CreateCacheParameterGroup => Some("CreateCacheParameterGroupResult"),
            Self::CreateCacheSecurityGroup => Some("CreateCacheSecurityGroupResult"),
            Self::CreateCacheSubnetGroup => Some("CreateCacheSubnetGroupResult"),
            Self::CreateGlobalReplicationGroup => Some("CreateGlobalReplicationGroupResult"),
            Self::CreateReplicationGroup => Some("CreateReplicationGroupResult"),
            Self::CreateServerlessCache => Some("CreateServerlessCacheResult"),
            Self::CreateServerlessCacheSnapshot => Some("CreateServerlessCacheSnapshotResult"),
            Self::CreateSnapshot => Some("CreateSnapshotResult"),
            Self::CreateUser => Some("CreateUserResult"),
            Self::CreateUserGroup => Some("CreateUserGroupResult"),
            Self::DecreaseNodeGroupsInGlobalReplicationGroup => {
                Some("DecreaseNodeGroupsInGlobalReplicationGroupResult")
            }
            Self::DecreaseReplicaCount => Some("DecreaseReplicaCountResult"),
            Self::DeleteCacheCluster => Some("DeleteCacheClusterResult"),
            Self::DeleteCacheParameterGroup => None,
            Self::DeleteCacheSecurityGroup => None,
            Self::DeleteCacheSubnetGroup => None,
            Self::DeleteGlobalReplicationGroup => Some("DeleteGlobalReplicationGroupResult"),
            Self::DeleteReplicationGroup => Some("DeleteReplicationGroupResult"),
            Self::DeleteServerlessCache => Some("DeleteServerlessCacheResult"),
            Self::DeleteServerlessCacheSnapshot => Some("DeleteServerlessCacheSnapshotResult"),
            Self::DeleteSnapshot => Some("DeleteSnapshotResult"),
            Self::DeleteUser => Some("DeleteUserResult"),
            Self::DeleteUserGroup => Some("DeleteUserGroupResult"),
            Self::DescribeCacheClusters => Some("DescribeCacheClustersResult"),
            Self::DescribeCacheEngineVersions => Some("DescribeCacheEngineVersionsResult"),
            Self::DescribeCacheParameterGroups => Some("DescribeCacheParameterGroupsResult"),
            Self::DescribeCacheParameters => Some("DescribeCacheParametersResult"),
            Self::DescribeCacheSecurityGroups => Some("DescribeCacheSecurityGroupsResult"),
            Self::DescribeCacheSubnetGroups => Some("DescribeCacheSubnetGroupsResult"),
            Self::DescribeEngineDefaultParameters => Some("DescribeEngineDefaultParametersResult"),
            Self::DescribeEvents => Some("DescribeEventsResult"),
            Self::DescribeGlobalReplicationGroups => Some("DescribeGlobalReplicationGroupsResult"),
            Self::DescribeReplicationGroups => Some("DescribeReplicationGroupsResult"),
            Self::DescribeReservedCacheNodes => Some("DescribeReservedCacheNodesResult"),
            Self::DescribeReservedCacheNodesOfferings => {
                Some("DescribeReservedCacheNodesOfferingsResult")
            }
            Self::DescribeServerlessCacheSnapshots => {
                Some("DescribeServerlessCacheSnapshotsResult")
            }
            Self::DescribeServerlessCaches => Some("DescribeServerlessCachesResult"),
            Self::DescribeServiceUpdates => Some("DescribeServiceUpdatesResult"),
            Self::DescribeSnapshots => Some("DescribeSnapshotsResult"),
            Self::DescribeUpdateActions => Some("DescribeUpdateActionsResult"),
            Self::DescribeUserGroups => Some("DescribeUserGroupsResult"),
            Self::DescribeUsers => Some("DescribeUsersResult"),
            Self::DisassociateGlobalReplicationGroup => {
                Some("DisassociateGlobalReplicationGroupResult")
            }
            Self::ExportServerlessCacheSnapshot => Some("ExportServerlessCacheSnapshotResult"),
            Self::FailoverGlobalReplicationGroup => Some("FailoverGlobalReplicationGroupResult"),
            Self::IncreaseNodeGroupsInGlobalReplicationGroup => {
                Some("IncreaseNodeGroupsInGlobalReplicationGroupResult")
            }
            Self::IncreaseReplicaCount => Some("IncreaseReplicaCountResult"),
            Self::ListAllowedNodeTypeModifications => {
                Some("ListAllowedNodeTypeModificationsResult")
            }
            Self::ListTagsForResource => Some("ListTagsForResourceResult"),
            Self::ModifyCacheCluster => Some("ModifyCacheClusterResult"),
            Self::ModifyCacheParameterGroup => Some("ModifyCacheParameterGroupResult"),
            Self::ModifyCacheSubnetGroup => Some("ModifyCacheSubnetGroupResult"),
            Self::ModifyGlobalReplicationGroup => Some("ModifyGlobalReplicationGroupResult"),
            Self::ModifyReplicationGroup => Some("ModifyReplicationGroupResult"),
            Self::ModifyReplicationGroupShardConfiguration => {
                Some("ModifyReplicationGroupShardConfigurationResult")
            }
            Self::ModifyServerlessCache => Some("ModifyServerlessCacheResult"),
            Self::ModifyUser => Some("ModifyUserResult"),
            Self::ModifyUserGroup => Some("ModifyUserGroupResult"),
            Self::PrepareMigration => Some("PrepareMigrationResult"),
            Self::PurchaseReservedCacheNodesOffering => {
                Some("PurchaseReservedCacheNodesOfferingResult")
            }
            Self::RebalanceSlotsInGlobalReplicationGroup => {
                Some("RebalanceSlotsInGlobalReplicationGroupResult")
            }
            Self::RebootCacheCluster => Some("RebootCacheClusterResult"),
            Self::RemoveTagsFromResource => Some("RemoveTagsFromResourceResult"),
            Self::ResetCacheParameterGroup => Some("ResetCacheParameterGroupResult"),
            Self::RevokeCacheSecurityGroupIngress => Some("RevokeCacheSecurityGroupIngressResult"),
            Self::StartMigration => Some("StartMigrationResult"),
            Self::StopMigration => Some("StopMigrationResult"),
            Self::TestFailover => Some("TestFailoverResult"),
            Self::TestMigration => Some("TestMigrationResult"),
        }
    }

    /// The faults that the model declares for it. SDKs know no other code of it by type.
    pub const fn declared_faults(self) -> &'static [FaultCode] {
        match self {
            Self::AddTagsToResource => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::CacheSubnetGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::ReplicationGroupNotFound,
                FaultCode::ReservedCacheNodeNotFound,
                FaultCode::SnapshotNotFound,
                FaultCode::UserNotFound,
                FaultCode::UserGroupNotFound,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheSnapshotNotFound,
                FaultCode::InvalidServerlessCacheSnapshotState,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidARN,
                FaultCode::InvalidParameterValue,
                FaultCode::GlobalReplicationGroupNotFound,
            ],
            Self::AuthorizeCacheSecurityGroupIngress => &[
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::InvalidCacheSecurityGroupState,
                FaultCode::AuthorizationAlreadyExists,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::BatchApplyUpdateAction => &[
                FaultCode::ServiceUpdateNotFound,
                FaultCode::InvalidParameterValue,
            ],
            Self::BatchStopUpdateAction => &[
                FaultCode::ServiceUpdateNotFound,
                FaultCode::InvalidParameterValue,
            ],
            Self::CompleteMigration => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::ReplicationGroupNotUnderMigration,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheNotUnderMigration,
                FaultCode::MigrationHealth,
            ],
            Self::CopyServerlessCacheSnapshot => &[
                FaultCode::ServerlessCacheSnapshotAlreadyExists,
                FaultCode::ServerlessCacheSnapshotNotFound,
                FaultCode::ServerlessCacheSnapshotQuotaExceeded,
                FaultCode::InvalidServerlessCacheSnapshotState,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::CopySnapshot => &[
                FaultCode::SnapshotAlreadyExists,
                FaultCode::SnapshotNotFound,
                FaultCode::SnapshotQuotaExceeded,
                FaultCode::InvalidSnapshotState,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::CreateCacheCluster => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::CacheClusterAlreadyExists,
                FaultCode::InsufficientCacheClusterCapacity,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::CacheSubnetGroupNotFound,
                FaultCode::ClusterQuotaForCustomerExceeded,
                FaultCode::NodeQuotaForClusterExceeded,
                FaultCode::NodeQuotaForCustomerExceeded,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidVPCNetworkState,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::CreateCacheParameterGroup => &[
                FaultCode::CacheParameterGroupQuotaExceeded,
                FaultCode::CacheParameterGroupAlreadyExists,
                FaultCode::InvalidCacheParameterGroupState,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::CreateCacheSecurityGroup => &[
                FaultCode::CacheSecurityGroupAlreadyExists,
                FaultCode::CacheSecurityGroupQuotaExceeded,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::CreateCacheSubnetGroup => &[
                FaultCode::CacheSubnetGroupAlreadyExists,
                FaultCode::CacheSubnetGroupQuotaExceeded,
                FaultCode::CacheSubnetQuotaExceeded,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidSubnet,
                FaultCode::SubnetNotAllowed,
            ],
            Self::CreateGlobalReplicationGroup => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::GlobalReplicationGroupAlreadyExists,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
            ],
            Self::CreateReplicationGroup => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::InvalidCacheClusterState,
                FaultCode::ReplicationGroupAlreadyExists,
                FaultCode::InvalidUserGroupState,
                FaultCode::UserGroupNotFound,
                FaultCode::InsufficientCacheClusterCapacity,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::CacheSubnetGroupNotFound,
                FaultCode::ClusterQuotaForCustomerExceeded,
                FaultCode::NodeQuotaForClusterExceeded,
                FaultCode::NodeQuotaForCustomerExceeded,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidVPCNetworkState,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::NodeGroupsPerReplicationGroupQuotaExceeded,
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::CreateServerlessCache => &[
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheAlreadyExists,
                FaultCode::ServerlessCacheQuotaForCustomerExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::InvalidCredentials,
                FaultCode::InvalidUserGroupState,
                FaultCode::UserGroupNotFound,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::ServiceLinkedRoleNotFound,
            ],
            Self::CreateServerlessCacheSnapshot => &[
                FaultCode::ServerlessCacheSnapshotAlreadyExists,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheSnapshotQuotaExceeded,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::CreateSnapshot => &[
                FaultCode::SnapshotAlreadyExists,
                FaultCode::CacheClusterNotFound,
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::SnapshotQuotaExceeded,
                FaultCode::SnapshotFeatureNotSupported,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterCombination,
                FaultCode::InvalidParameterValue,
            ],
            Self::CreateUser => &[
                FaultCode::UserAlreadyExists,
                FaultCode::UserQuotaExceeded,
                FaultCode::DuplicateUserName,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::TagQuotaPerResourceExceeded,
            ],
            Self::CreateUserGroup => &[
                FaultCode::UserNotFound,
                FaultCode::DuplicateUserName,
                FaultCode::UserGroupAlreadyExists,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::DefaultUserRequired,
                FaultCode::UserGroupQuotaExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::TagQuotaPerResourceExceeded,
            ],
            Self::DecreaseNodeGroupsInGlobalReplicationGroup => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DecreaseReplicaCount => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidVPCNetworkState,
                FaultCode::InsufficientCacheClusterCapacity,
                FaultCode::ClusterQuotaForCustomerExceeded,
                FaultCode::NodeGroupsPerReplicationGroupQuotaExceeded,
                FaultCode::NodeQuotaForCustomerExceeded,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::NoOperation,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DeleteCacheCluster => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::InvalidCacheClusterState,
                FaultCode::SnapshotAlreadyExists,
                FaultCode::SnapshotFeatureNotSupported,
                FaultCode::SnapshotQuotaExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DeleteCacheParameterGroup => &[
                FaultCode::InvalidCacheParameterGroupState,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DeleteCacheSecurityGroup => &[
                FaultCode::InvalidCacheSecurityGroupState,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DeleteCacheSubnetGroup => &[
                FaultCode::CacheSubnetGroupInUse,
                FaultCode::CacheSubnetGroupNotFound,
            ],
            Self::DeleteGlobalReplicationGroup => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
            ],
            Self::DeleteReplicationGroup => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::SnapshotAlreadyExists,
                FaultCode::SnapshotFeatureNotSupported,
                FaultCode::SnapshotQuotaExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DeleteServerlessCache => &[
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheSnapshotAlreadyExists,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::InvalidCredentials,
                FaultCode::ServiceLinkedRoleNotFound,
            ],
            Self::DeleteServerlessCacheSnapshot => &[
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::ServerlessCacheSnapshotNotFound,
                FaultCode::InvalidServerlessCacheSnapshotState,
                FaultCode::InvalidParameterValue,
            ],
            Self::DeleteSnapshot => &[
                FaultCode::SnapshotNotFound,
                FaultCode::InvalidSnapshotState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DeleteUser => &[
                FaultCode::InvalidUserState,
                FaultCode::UserNotFound,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::DefaultUserAssociatedToUserGroup,
            ],
            Self::DeleteUserGroup => &[
                FaultCode::UserGroupNotFound,
                FaultCode::InvalidUserGroupState,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::InvalidParameterValue,
            ],
            Self::DescribeCacheClusters => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeCacheEngineVersions => &[],
            Self::DescribeCacheParameterGroups => &[
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeCacheParameters => &[
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeCacheSecurityGroups => &[
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeCacheSubnetGroups => &[FaultCode::CacheSubnetGroupNotFound],
            Self::DescribeEngineDefaultParameters => &[
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeEvents => &[
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeGlobalReplicationGroups => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeReplicationGroups => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeReservedCacheNodes => &[
                FaultCode::ReservedCacheNodeNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeReservedCacheNodesOfferings => &[
                FaultCode::ReservedCacheNodesOfferingNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeServerlessCacheSnapshots => &[
                FaultCode::ServerlessCacheNotFound,
                FaultCode::ServerlessCacheSnapshotNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeServerlessCaches => &[
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeServiceUpdates => &[
                FaultCode::ServiceUpdateNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeSnapshots => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::SnapshotNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeUpdateActions => &[
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeUserGroups => &[
                FaultCode::UserGroupNotFound,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DescribeUsers => &[
                FaultCode::UserNotFound,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::InvalidParameterCombination,
            ],
            Self::DisassociateGlobalReplicationGroup => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::ExportServerlessCacheSnapshot => &[
                FaultCode::ServerlessCacheSnapshotNotFound,
                FaultCode::InvalidServerlessCacheSnapshotState,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::InvalidParameterValue,
            ],
            Self::FailoverGlobalReplicationGroup => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::IncreaseNodeGroupsInGlobalReplicationGroup => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
            ],
            Self::IncreaseReplicaCount => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidVPCNetworkState,
                FaultCode::InsufficientCacheClusterCapacity,
                FaultCode::ClusterQuotaForCustomerExceeded,
                FaultCode::NodeGroupsPerReplicationGroupQuotaExceeded,
                FaultCode::NodeQuotaForCustomerExceeded,
                FaultCode::NoOperation,
                FaultCode::InvalidKMSKey,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::ListAllowedNodeTypeModifications => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidParameterCombination,
                FaultCode::InvalidParameterValue,
            ],
            Self::ListTagsForResource => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::CacheSubnetGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::ReplicationGroupNotFound,
                FaultCode::ReservedCacheNodeNotFound,
                FaultCode::SnapshotNotFound,
                FaultCode::UserNotFound,
                FaultCode::UserGroupNotFound,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheSnapshotNotFound,
                FaultCode::InvalidServerlessCacheSnapshotState,
                FaultCode::InvalidARN,
                FaultCode::InvalidParameterValue,
                FaultCode::GlobalReplicationGroupNotFound,
            ],
            Self::ModifyCacheCluster => &[
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidCacheSecurityGroupState,
                FaultCode::InsufficientCacheClusterCapacity,
                FaultCode::CacheClusterNotFound,
                FaultCode::NodeQuotaForClusterExceeded,
                FaultCode::NodeQuotaForCustomerExceeded,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidVPCNetworkState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::ModifyCacheParameterGroup => &[
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidCacheParameterGroupState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::InvalidGlobalReplicationGroupState,
            ],
            Self::ModifyCacheSubnetGroup => &[
                FaultCode::CacheSubnetGroupNotFound,
                FaultCode::CacheSubnetQuotaExceeded,
                FaultCode::SubnetInUse,
                FaultCode::InvalidSubnet,
                FaultCode::SubnetNotAllowed,
            ],
            Self::ModifyGlobalReplicationGroup => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
            ],
            Self::ModifyReplicationGroup => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::InvalidUserGroupState,
                FaultCode::UserGroupNotFound,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidCacheSecurityGroupState,
                FaultCode::InsufficientCacheClusterCapacity,
                FaultCode::CacheClusterNotFound,
                FaultCode::NodeQuotaForClusterExceeded,
                FaultCode::NodeQuotaForCustomerExceeded,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidVPCNetworkState,
                FaultCode::InvalidKMSKey,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::ModifyReplicationGroupShardConfiguration => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidVPCNetworkState,
                FaultCode::InsufficientCacheClusterCapacity,
                FaultCode::NodeGroupsPerReplicationGroupQuotaExceeded,
                FaultCode::NodeQuotaForCustomerExceeded,
                FaultCode::InvalidKMSKey,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::ModifyServerlessCache => &[
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::InvalidCredentials,
                FaultCode::InvalidUserGroupState,
                FaultCode::UserGroupNotFound,
                FaultCode::ServiceLinkedRoleNotFound,
            ],
            Self::ModifyUser => &[
                FaultCode::UserNotFound,
                FaultCode::InvalidUserState,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::ModifyUserGroup => &[
                FaultCode::UserGroupNotFound,
                FaultCode::UserNotFound,
                FaultCode::DuplicateUserName,
                FaultCode::ServiceLinkedRoleNotFound,
                FaultCode::DefaultUserRequired,
                FaultCode::InvalidUserGroupState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::PrepareMigration => &[
                FaultCode::InvalidParameterValue,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheAlreadyUnderMigration,
            ],
            Self::PurchaseReservedCacheNodesOffering => &[
                FaultCode::ReservedCacheNodesOfferingNotFound,
                FaultCode::ReservedCacheNodeAlreadyExists,
                FaultCode::ReservedCacheNodeQuotaExceeded,
                FaultCode::TagQuotaPerResourceExceeded,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::RebalanceSlotsInGlobalReplicationGroup => &[
                FaultCode::GlobalReplicationGroupNotFound,
                FaultCode::InvalidGlobalReplicationGroupState,
                FaultCode::InvalidParameterValue,
            ],
            Self::RebootCacheCluster => &[
                FaultCode::InvalidCacheClusterState,
                FaultCode::CacheClusterNotFound,
            ],
            Self::RemoveTagsFromResource => &[
                FaultCode::CacheClusterNotFound,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::CacheSubnetGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::ReplicationGroupNotFound,
                FaultCode::ReservedCacheNodeNotFound,
                FaultCode::SnapshotNotFound,
                FaultCode::UserNotFound,
                FaultCode::UserGroupNotFound,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheSnapshotNotFound,
                FaultCode::InvalidServerlessCacheSnapshotState,
                FaultCode::InvalidARN,
                FaultCode::TagNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::GlobalReplicationGroupNotFound,
            ],
            Self::ResetCacheParameterGroup => &[
                FaultCode::InvalidCacheParameterGroupState,
                FaultCode::CacheParameterGroupNotFound,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::InvalidGlobalReplicationGroupState,
            ],
            Self::RevokeCacheSecurityGroupIngress => &[
                FaultCode::CacheSecurityGroupNotFound,
                FaultCode::AuthorizationNotFound,
                FaultCode::InvalidCacheSecurityGroupState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::StartMigration => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::ReplicationGroupAlreadyUnderMigration,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheNotUnderMigration,
                FaultCode::MigrationHealth,
            ],
            Self::StopMigration => &[
                FaultCode::InvalidParameterValue,
                FaultCode::ServerlessCacheNotFound,
                FaultCode::InvalidServerlessCacheState,
                FaultCode::ServerlessCacheNotUnderMigration,
            ],
            Self::TestFailover => &[
                FaultCode::APICallRateForCustomerExceeded,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::NodeGroupNotFound,
                FaultCode::ReplicationGroupNotFound,
                FaultCode::TestFailoverNotAvailable,
                FaultCode::InvalidKMSKey,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
            Self::TestMigration => &[
                FaultCode::ReplicationGroupNotFound,
                FaultCode::InvalidReplicationGroupState,
                FaultCode::ReplicationGroupAlreadyUnderMigration,
                FaultCode::InvalidCacheClusterState,
                FaultCode::InvalidParameterValue,
                FaultCode::InvalidParameterCombination,
            ],
        }
    }
}

/// Calls a macro with every operation and its input shape, as `Operation => Shape,` rows.
#[macro_export]
macro_rules! for_each_operation {
($callback:ident) => {
$callback! {
    AddTagsToResource => AddTagsToResourceMessage,
    AuthorizeCacheSecurityGroupIngress => AuthorizeCacheSecurityGroupIngressMessage,
    BatchApplyUpdateAction => BatchApplyUpdateActionMessage,
    BatchStopUpdateAction => BatchStopUpdateActionMessage,
    CompleteMigration => CompleteMigrationMessage,
    CopyServerlessCacheSnapshot => CopyServerlessCacheSnapshotRequest,
    CopySnapshot => CopySnapshotMessage,
    CreateCacheCluster => CreateCacheClusterMessage,
    CreateCacheParameterGroup => CreateCacheParameterGroupMessage,
    CreateCacheSecurityGroup => CreateCacheSecurityGroupMessage,
    CreateCacheSubnetGroup => CreateCacheSubnetGroupMessage,
    CreateGlobalReplicationGroup => CreateGlobalReplicationGroupMessage,
    CreateReplicationGroup => CreateReplicationGroupMessage,
    CreateServerlessCache => CreateServerlessCacheRequest,
    CreateServerlessCacheSnapshot => CreateServerlessCacheSnapshotRequest,
    CreateSnapshot => CreateSnapshotMessage,
    CreateUser => CreateUserMessage,
    CreateUserGroup => CreateUserGroupMessage,
    DecreaseNodeGroupsInGlobalReplicationGroup => DecreaseNodeGroupsInGlobalReplicationGroupMessage,
    DecreaseReplicaCount => DecreaseReplicaCountMessage,
    DeleteCacheCluster => DeleteCacheClusterMessage,
    DeleteCacheParameterGroup => DeleteCacheParameterGroupMessage,
    DeleteCacheSecurityGroup => DeleteCacheSecurityGroupMessage,
    DeleteCacheSubnetGroup => DeleteCacheSubnetGroupMessage,
    DeleteGlobalReplicationGroup => DeleteGlobalReplicationGroupMessage,
    DeleteReplicationGroup => DeleteReplicationGroupMessage,
    DeleteServerlessCache => DeleteServerlessCacheRequest,
    DeleteServerlessCacheSnapshot => DeleteServerlessCacheSnapshotRequest,
    DeleteSnapshot => DeleteSnapshotMessage,
    DeleteUser => DeleteUserMessage,
    DeleteUserGroup => DeleteUserGroupMessage,
    DescribeCacheClusters => DescribeCacheClustersMessage,
    DescribeCacheEngineVersions => DescribeCacheEngineVersionsMessage,
    DescribeCacheParameterGroups => DescribeCacheParameterGroupsMessage,
    DescribeCacheParameters => DescribeCacheParametersMessage,
    DescribeCacheSecurityGroups => DescribeCacheSecurityGroupsMessage,
    DescribeCacheSubnetGroups => DescribeCacheSubnetGroupsMessage,
    DescribeEngineDefaultParameters => DescribeEngineDefaultParametersMessage,
    DescribeEvents => DescribeEventsMessage,
    DescribeGlobalReplicationGroups => DescribeGlobalReplicationGroupsMessage,
    DescribeReplicationGroups => DescribeReplicationGroupsMessage,
    DescribeReservedCacheNodes => DescribeReservedCacheNodesMessage,
    DescribeReservedCacheNodesOfferings => DescribeReservedCacheNodesOfferingsMessage,
    DescribeServerlessCacheSnapshots => DescribeServerlessCacheSnapshotsRequest,
    DescribeServerlessCaches => DescribeServerlessCachesRequest,
    DescribeServiceUpdates => DescribeServiceUpdatesMessage,
    DescribeSnapshots => DescribeSnapshotsMessage,
    DescribeUpdateActions => DescribeUpdateActionsMessage,
    DescribeUserGroups => DescribeUserGroupsMessage,
    DescribeUsers => DescribeUsersMessage,
    DisassociateGlobalReplicationGroup => DisassociateGlobalReplicationGroupMessage,
    ExportServerlessCacheSnapshot => ExportServerlessCacheSnapshotRequest,
    FailoverGlobalReplicationGroup => FailoverGlobalReplicationGroupMessage,
    IncreaseNodeGroupsInGlobalReplicationGroup => IncreaseNodeGroupsInGlobalReplicationGroupMessage,
    IncreaseReplicaCount => IncreaseReplicaCountMessage,
    ListAllowedNodeTypeModifications => ListAllowedNodeTypeModificationsMessage,
    ListTagsForResource => ListTagsForResourceMessage,
    ModifyCacheCluster => ModifyCacheClusterMessage,
    ModifyCacheParameterGroup => ModifyCacheParameterGroupMessage,
    ModifyCacheSubnetGroup => ModifyCacheSubnetGroupMessage,
    ModifyGlobalReplicationGroup => ModifyGlobalReplicationGroupMessage,
    ModifyReplicationGroup => ModifyReplicationGroupMessage,
    ModifyReplicationGroupShardConfiguration => ModifyReplicationGroupShardConfigurationMessage,
    ModifyServerlessCache => ModifyServerlessCacheRequest,
    ModifyUser => ModifyUserMessage,
    ModifyUserGroup => ModifyUserGroupMessage,
    PrepareMigration => PrepareMigrationRequest,
    PurchaseReservedCacheNodesOffering => PurchaseReservedCacheNodesOfferingMessage,
    RebalanceSlotsInGlobalReplicationGroup => RebalanceSlotsInGlobalReplicationGroupMessage,
    RebootCacheCluster => RebootCacheClusterMessage,
    RemoveTagsFromResource => RemoveTagsFromResourceMessage,
    ResetCacheParameterGroup => ResetCacheParameterGroupMessage,
    RevokeCacheSecurityGroupIngress => RevokeCacheSecurityGroupIngressMessage,
    StartMigration => StartMigrationMessage,
    StopMigration => StopMigrationRequest,
    TestFailover => TestFailoverMessage,
    TestMigration => TestMigrationMessage,
}
};
}
