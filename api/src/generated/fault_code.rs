// Generated from api/model by `cargo run -p cacheplane-api-generate`; do not edit.

//! The codes of faults; irregular on the wire (some end in `Fault`, some do not), regular here.

/// A fault's code. A modelled fault is named as its shape, without a closing `Fault` or `Exception`;
/// a common one as its wire code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultCode {
    /// `APICallRateForCustomerExceededFault` of the service model.
    APICallRateForCustomerExceeded,
    /// `AuthorizationAlreadyExistsFault` of the service model.
    AuthorizationAlreadyExists,
    /// `AuthorizationNotFoundFault` of the service model.
    AuthorizationNotFound,
    /// `CacheClusterAlreadyExistsFault` of the service model.
    CacheClusterAlreadyExists,
    /// `CacheClusterNotFoundFault` of the service model.
    CacheClusterNotFound,
    /// `CacheParameterGroupAlreadyExistsFault` of the service model.
    CacheParameterGroupAlreadyExists,
    /// `CacheParameterGroupNotFoundFault` of the service model.
    CacheParameterGroupNotFound,
    /// `CacheParameterGroupQuotaExceededFault` of the service model.
    CacheParameterGroupQuotaExceeded,
    /// `CacheSecurityGroupAlreadyExistsFault` of the service model.
    CacheSecurityGroupAlreadyExists,
    /// `CacheSecurityGroupNotFoundFault` of the service model.
    CacheSecurityGroupNotFound,
    /// `CacheSecurityGroupQuotaExceededFault` of the service model.
    CacheSecurityGroupQuotaExceeded,
    /// `CacheSubnetGroupAlreadyExistsFault` of the service model.
    CacheSubnetGroupAlreadyExists,
    /// `CacheSubnetGroupInUse` of the service model.
    CacheSubnetGroupInUse,
    /// `CacheSubnetGroupNotFoundFault` of the service model.
    CacheSubnetGroupNotFound,
    /// `CacheSubnetGroupQuotaExceededFault` of the service model.
    CacheSubnetGroupQuotaExceeded,
    /// `CacheSubnetQuotaExceededFault` of the service model.
    CacheSubnetQuotaExceeded,
    /// `ClusterQuotaForCustomerExceededFault` of the service model.
    ClusterQuotaForCustomerExceeded,
    /// `DefaultUserAssociatedToUserGroupFault` of the service model.
    DefaultUserAssociatedToUserGroup,
    /// `DefaultUserRequired` of the service model.
    DefaultUserRequired,
    /// `DuplicateUserNameFault` of the service model.
    DuplicateUserName,
    /// `GlobalReplicationGroupAlreadyExistsFault` of the service model.
    GlobalReplicationGroupAlreadyExists,
    /// `GlobalReplicationGroupNotFoundFault` of the service model.
    GlobalReplicationGroupNotFound,
    /// `InsufficientCacheClusterCapacityFault` of the service model.
    InsufficientCacheClusterCapacity,
    /// `InvalidARNFault` of the service model.
    InvalidARN,
    /// `InvalidCacheClusterStateFault` of the service model.
    InvalidCacheClusterState,
    /// `InvalidCacheParameterGroupStateFault` of the service model.
    InvalidCacheParameterGroupState,
    /// `InvalidCacheSecurityGroupStateFault` of the service model.
    InvalidCacheSecurityGroupState,
    /// `InvalidCredentialsException` of the service model.
    InvalidCredentials,
    /// `InvalidGlobalReplicationGroupStateFault` of the service model.
    InvalidGlobalReplicationGroupState,
    /// `InvalidKMSKeyFault` of the service model.
    InvalidKMSKey,
    /// `InvalidParameterCombinationException` of the service model.
    InvalidParameterCombination,
    /// `InvalidParameterValueException` of the service model.
    InvalidParameterValue,
    /// `InvalidReplicationGroupStateFault` of the service model.
    InvalidReplicationGroupState,
    /// `InvalidServerlessCacheSnapshotStateFault` of the service model.
    InvalidServerlessCacheSnapshotState,
    /// `InvalidServerlessCacheStateFault` of the service model.
    InvalidServerlessCacheState,
    /// `InvalidSnapshotStateFault` of the service model.
    InvalidSnapshotState,
    /// `InvalidSubnet` of the service model.
    InvalidSubnet,
    /// `InvalidUserGroupStateFault` of the service model.
    InvalidUserGroupState,
    /// `InvalidUserStateFault` of the service model.
    InvalidUserState,
    /// `InvalidVPCNetworkStateFault` of the service model.
    InvalidVPCNetworkState,
    /// `MigrationHealthFault` of the service model.
    MigrationHealth,
    /// `NoOperationFault` of the service model.
    NoOperation,
    /// `NodeGroupNotFoundFault` of the service model.
    NodeGroupNotFound,
    /// `NodeGroupsPerReplicationGroupQuotaExceededFault` of the service model.
    NodeGroupsPerReplicationGroupQuotaExceeded,
    /// `NodeQuotaForClusterExceededFault` of the service model.
    NodeQuotaForClusterExceeded,
    /// `NodeQuotaForCustomerExceededFault` of the service model.
    NodeQuotaForCustomerExceeded,
    /// `ReplicationGroupAlreadyExistsFault` of the service model.
    ReplicationGroupAlreadyExists,
    /// `ReplicationGroupAlreadyUnderMigrationFault` of the service model.
    ReplicationGroupAlreadyUnderMigration,
    /// `ReplicationGroupNotFoundFault` of the service model.
    ReplicationGroupNotFound,
    /// `ReplicationGroupNotUnderMigrationFault` of the service model.
    ReplicationGroupNotUnderMigration,
    /// `ReservedCacheNodeAlreadyExistsFault` of the service model.
    ReservedCacheNodeAlreadyExists,
    /// `ReservedCacheNodeNotFoundFault` of the service model.
    ReservedCacheNodeNotFound,
    /// `ReservedCacheNodeQuotaExceededFault` of the service model.
    ReservedCacheNodeQuotaExceeded,
    /// `ReservedCacheNodesOfferingNotFoundFault` of the service model.
    ReservedCacheNodesOfferingNotFound,
    /// `ServerlessCacheAlreadyExistsFault` of the service model.
    ServerlessCacheAlreadyExists,
    /// `ServerlessCacheAlreadyUnderMigrationFault` of the service model.
    ServerlessCacheAlreadyUnderMigration,
    /// `ServerlessCacheNotFoundFault` of the service model.
    ServerlessCacheNotFound,
    /// `ServerlessCacheNotUnderMigrationFault` of the service model.
    ServerlessCacheNotUnderMigration,
    /// `ServerlessCacheQuotaForCustomerExceededFault` of the service model.
    ServerlessCacheQuotaForCustomerExceeded,
    /// `ServerlessCacheSnapshotAlreadyExistsFault` of the service model.
    ServerlessCacheSnapshotAlreadyExists,
    /// `ServerlessCacheSnapshotNotFoundFault` of the service model.
    ServerlessCacheSnapshotNotFound,
    /// `ServerlessCacheSnapshotQuotaExceededFault` of the service model.
    ServerlessCacheSnapshotQuotaExceeded,
    /// `ServiceLinkedRoleNotFoundFault` of the service model.
    ServiceLinkedRoleNotFound,
    /// `ServiceUpdateNotFoundFault` of the service model.
    ServiceUpdateNotFound,
    /// `SnapshotAlreadyExistsFault` of the service model.
    SnapshotAlreadyExists,
    /// `SnapshotFeatureNotSupportedFault` of the service model.
    SnapshotFeatureNotSupported,
    /// `SnapshotNotFoundFault` of the service model.
    SnapshotNotFound,
    /// `SnapshotQuotaExceededFault` of the service model.
    SnapshotQuotaExceeded,
    /// `SubnetInUse` of the service model.
    SubnetInUse,
    /// `SubnetNotAllowedFault` of the service model.
    SubnetNotAllowed,
    /// `TagNotFoundFault` of the service model.
    TagNotFound,
    /// `TagQuotaPerResourceExceeded` of the service model.
    TagQuotaPerResourceExceeded,
    /// `TestFailoverNotAvailableFault` of the service model.
    TestFailoverNotAvailable,
    /// `UserAlreadyExistsFault` of the service model.
    UserAlreadyExists,
    /// `UserGroupAlreadyExistsFault` of the service model.
    UserGroupAlreadyExists,
    /// `UserGroupNotFoundFault` of the service model.
    UserGroupNotFound,
    /// `UserGroupQuotaExceededFault` of the service model.
    UserGroupQuotaExceeded,
    /// `UserNotFoundFault` of the service model.
    UserNotFound,
    /// `UserQuotaExceededFault` of the service model.
    UserQuotaExceeded,
    /// `AccessDeniedException`, common to all operations.
    AccessDeniedException,
    /// `ExpiredTokenException`, common to all operations.
    ExpiredTokenException,
    /// `IncompleteSignature`, common to all operations.
    IncompleteSignature,
    /// `InternalFailure`, common to all operations.
    InternalFailure,
    /// `InvalidQueryParameter`, common to all operations.
    InvalidQueryParameter,
    /// `MalformedQueryString`, common to all operations.
    MalformedQueryString,
    /// `MissingAction`, common to all operations.
    MissingAction,
    /// `MissingAuthenticationToken`, common to all operations.
    MissingAuthenticationToken,
    /// `MissingParameter`, common to all operations.
    MissingParameter,
    /// `NotAuthorized`, common to all operations.
    NotAuthorized,
    /// `OptInRequired`, common to all operations.
    OptInRequired,
    /// `RequestExpired`, common to all operations.
    RequestExpired,
    /// `ServiceUnavailable`, common to all operations.
    ServiceUnavailable,
    /// `ThrottlingException`, common to all operations.
    ThrottlingException,
    /// `UnrecognizedClientException`, common to all operations.
    UnrecognizedClientException,
    /// `ValidationError`, common to all operations.
    ValidationError,
    /// `AccessDenied`, common to all operations.
    AccessDenied,
    /// `InvalidAction`, common to all operations.
    InvalidAction,
    /// `InvalidClientTokenId`, common to all operations.
    InvalidClientTokenId,
    /// `MalformedInput`, common to all operations.
    MalformedInput,
    /// `SignatureDoesNotMatch`, common to all operations.
    SignatureDoesNotMatch,
    /// `Throttling`, common to all operations.
    Throttling,
    /// `NotImplemented`, common to all operations.
    NotImplemented,
    /// `RequestEntityTooLarge`, common to all operations.
    RequestEntityTooLarge,
}

impl FaultCode {
    /// Faults of the service model.
    pub const MODELLED: [Self; 79] = [
        Self::APICallRateForCustomerExceeded,
        Self::AuthorizationAlreadyExists,
        Self::AuthorizationNotFound,
        Self::CacheClusterAlreadyExists,
        Self::CacheClusterNotFound,
        Self::CacheParameterGroupAlreadyExists,
        Self::CacheParameterGroupNotFound,
        Self::CacheParameterGroupQuotaExceeded,
        Self::CacheSecurityGroupAlreadyExists,
        Self::CacheSecurityGroupNotFound,
        Self::CacheSecurityGroupQuotaExceeded,
        Self::CacheSubnetGroupAlreadyExists,
        Self::CacheSubnetGroupInUse,
        Self::CacheSubnetGroupNotFound,
        Self::CacheSubnetGroupQuotaExceeded,
        Self::CacheSubnetQuotaExceeded,
        Self::ClusterQuotaForCustomerExceeded,
        Self::DefaultUserAssociatedToUserGroup,
        Self::DefaultUserRequired,
        Self::DuplicateUserName,
        Self::GlobalReplicationGroupAlreadyExists,
        Self::GlobalReplicationGroupNotFound,
        Self::InsufficientCacheClusterCapacity,
        Self::InvalidARN,
        Self::InvalidCacheClusterState,
        Self::InvalidCacheParameterGroupState,
        Self::InvalidCacheSecurityGroupState,
        Self::InvalidCredentials,
        Self::InvalidGlobalReplicationGroupState,
        Self::InvalidKMSKey,
        Self::InvalidParameterCombination,
        Self::InvalidParameterValue,
        Self::InvalidReplicationGroupState,
        Self::InvalidServerlessCacheSnapshotState,
        Self::InvalidServerlessCacheState,
        Self::InvalidSnapshotState,
        Self::InvalidSubnet,
        Self::InvalidUserGroupState,
        Self::InvalidUserState,
        Self::InvalidVPCNetworkState,
        Self::MigrationHealth,
        Self::NoOperation,
        Self::NodeGroupNotFound,
        Self::NodeGroupsPerReplicationGroupQuotaExceeded,
        Self::NodeQuotaForClusterExceeded,
        Self::NodeQuotaForCustomerExceeded,
        Self::ReplicationGroupAlreadyExists,
        Self::ReplicationGroupAlreadyUnderMigration,
        Self::ReplicationGroupNotFound,
        Self::ReplicationGroupNotUnderMigration,
        Self::ReservedCacheNodeAlreadyExists,
        Self::ReservedCacheNodeNotFound,
        Self::ReservedCacheNodeQuotaExceeded,
        Self::ReservedCacheNodesOfferingNotFound,
        Self::ServerlessCacheAlreadyExists,
        Self::ServerlessCacheAlreadyUnderMigration,
        Self::ServerlessCacheNotFound,
        Self::ServerlessCacheNotUnderMigration,
        Self::ServerlessCacheQuotaForCustomerExceeded,
        Self::ServerlessCacheSnapshotAlreadyExists,
        Self::ServerlessCacheSnapshotNotFound,
        Self::ServerlessCacheSnapshotQuotaExceeded,
        Self::ServiceLinkedRoleNotFound,
        Self::ServiceUpdateNotFound,
        Self::SnapshotAlreadyExists,
        Self::SnapshotFeatureNotSupported,
        Self::SnapshotNotFound,
        Self::SnapshotQuotaExceeded,
        Self::SubnetInUse,
        Self::SubnetNotAllowed,
        Self::TagNotFound,
        Self::TagQuotaPerResourceExceeded,
        Self::TestFailoverNotAvailable,
        Self::UserAlreadyExists,
        Self::UserGroupAlreadyExists,
        Self::UserGroupNotFound,
        Self::UserGroupQuotaExceeded,
        Self::UserNotFound,
        Self::UserQuotaExceeded,
    ];

    /// Faults outside the model, which any operation may answer.
    pub const COMMON: [Self; 24] = [
        Self::AccessDeniedException,
        Self::ExpiredTokenException,
        Self::IncompleteSignature,
        Self::InternalFailure,
        Self::InvalidQueryParameter,
        Self::MalformedQueryString,
        Self::MissingAction,
        Self::MissingAuthenticationToken,
        Self::MissingParameter,
        Self::NotAuthorized,
        Self::OptInRequired,
        Self::RequestExpired,
        Self::ServiceUnavailable,
        Self::ThrottlingException,
        Self::UnrecognizedClientException,
        Self::ValidationError,
        Self::AccessDenied,
        Self::InvalidAction,
        Self::InvalidClientTokenId,
        Self::MalformedInput,
        Self::SignatureDoesNotMatch,
        Self::Throttling,
        Self::NotImplemented,
        Self::RequestEntityTooLarge,
    ];

    /// The code as it stands in the `Code` element.
    pub const fn wire_code(self) -> &'static str {
        match self {
            Self::APICallRateForCustomerExceeded => "APICallRateForCustomerExceeded",
            Self::AuthorizationAlreadyExists => "AuthorizationAlreadyExists",
            Self::AuthorizationNotFound => "AuthorizationNotFound",
            Self::CacheClusterAlreadyExists => "CacheClusterAlreadyExists",
            Self::CacheClusterNotFound => "CacheClusterNotFound",
            Self::CacheParameterGroupAlreadyExists => "CacheParameterGroupAlreadyExists",
            Self::CacheParameterGroupNotFound => "CacheParameterGroupNotFound",
            Self::CacheParameterGroupQuotaExceeded => "CacheParameterGroupQuotaExceeded",
            Self::CacheSecurityGroupAlreadyExists => "CacheSecurityGroupAlreadyExists",
            Self::CacheSecurityGroupNotFound => "CacheSecurityGroupNotFound",
            Self::CacheSecurityGroupQuotaExceeded => "QuotaExceeded.CacheSecurityGroup",
            Self::CacheSubnetGroupAlreadyExists => "CacheSubnetGroupAlreadyExists",
            Self::CacheSubnetGroupInUse => "CacheSubnetGroupInUse",
            Self::CacheSubnetGroupNotFound => "CacheSubnetGroupNotFoundFault",
            Self::CacheSubnetGroupQuotaExceeded => "CacheSubnetGroupQuotaExceeded",
            Self::CacheSubnetQuotaExceeded => "CacheSubnetQuotaExceededFault",
            Self::ClusterQuotaForCustomerExceeded => "ClusterQuotaForCustomerExceeded",
            Self::DefaultUserAssociatedToUserGroup => "DefaultUserAssociatedToUserGroup",
            Self::DefaultUserRequired => "DefaultUserRequired",
            Self::DuplicateUserName => "DuplicateUserName",
            Self::GlobalReplicationGroupAlreadyExists => "GlobalReplicationGroupAlreadyExistsFault",
            Self::GlobalReplicationGroupNotFound => "GlobalReplicationGroupNotFoundFault",
            Self::InsufficientCacheClusterCapacity => "InsufficientCacheClusterCapacity",
            Self::InvalidARN => "InvalidARN",
            Self::InvalidCacheClusterState => "InvalidCacheClusterState",
            Self::InvalidCacheParameterGroupState => "InvalidCacheParameterGroupState",
            Self::InvalidCacheSecurityGroupState => "InvalidCacheSecurityGroupState",
            Self::InvalidCredentials => "InvalidCredentialsException",
            Self::InvalidGlobalReplicationGroupState => "InvalidGlobalReplicationGroupState",
            Self::InvalidKMSKey => "InvalidKMSKeyFault",
            Self::InvalidParameterCombination => "InvalidParameterCombination",
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::InvalidReplicationGroupState => "InvalidReplicationGroupState",
            Self::InvalidServerlessCacheSnapshotState => "InvalidServerlessCacheSnapshotStateFault",
            Self::InvalidServerlessCacheState => "InvalidServerlessCacheStateFault",
            Self::InvalidSnapshotState => "InvalidSnapshotState",
            Self::InvalidSubnet => "InvalidSubnet",
            Self::InvalidUserGroupState => "InvalidUserGroupState",
            Self::InvalidUserState => "InvalidUserState",
            Self::InvalidVPCNetworkState => "InvalidVPCNetworkStateFault",
            Self::MigrationHealth => "MigrationHealthFault",
            Self::NoOperation => "NoOperationFault",
            Self::NodeGroupNotFound => "NodeGroupNotFoundFault",
            Self::NodeGroupsPerReplicationGroupQuotaExceeded => {
                "NodeGroupsPerReplicationGroupQuotaExceeded"
            }
            Self::NodeQuotaForClusterExceeded => "NodeQuotaForClusterExceeded",
            Self::NodeQuotaForCustomerExceeded => "NodeQuotaForCustomerExceeded",
            Self::ReplicationGroupAlreadyExists => "ReplicationGroupAlreadyExists",
            Self::ReplicationGroupAlreadyUnderMigration => {
                "ReplicationGroupAlreadyUnderMigrationFault"
            }
            Self::ReplicationGroupNotFound => "ReplicationGroupNotFoundFault",
            Self::ReplicationGroupNotUnderMigration => "ReplicationGroupNotUnderMigrationFault",
            Self::ReservedCacheNodeAlreadyExists => "ReservedCacheNodeAlreadyExists",
            Self::ReservedCacheNodeNotFound => "ReservedCacheNodeNotFound",
            Self::ReservedCacheNodeQuotaExceeded => "ReservedCacheNodeQuotaExceeded",
            Self::ReservedCacheNodesOfferingNotFound => "ReservedCacheNodesOfferingNotFound",
            Self::ServerlessCacheAlreadyExists => "ServerlessCacheAlreadyExistsFault",
            Self::ServerlessCacheAlreadyUnderMigration => {
                "ServerlessCacheAlreadyUnderMigrationFault"
            }
            Self::ServerlessCacheNotFound => "ServerlessCacheNotFoundFault",
            Self::ServerlessCacheNotUnderMigration => "ServerlessCacheNotUnderMigrationFault",
            Self::ServerlessCacheQuotaForCustomerExceeded => {
                "ServerlessCacheQuotaForCustomerExceededFault"
            }
            Self::ServerlessCacheSnapshotAlreadyExists => {
                "ServerlessCacheSnapshotAlreadyExistsFault"
            }
            Self::ServerlessCacheSnapshotNotFound => "ServerlessCacheSnapshotNotFoundFault",
            Self::ServerlessCacheSnapshotQuotaExceeded => {
                "ServerlessCacheSnapshotQuotaExceededFault"
            }
            Self::ServiceLinkedRoleNotFound => "ServiceLinkedRoleNotFoundFault",
            Self::ServiceUpdateNotFound => "ServiceUpdateNotFoundFault",
            Self::SnapshotAlreadyExists => "SnapshotAlreadyExistsFault",
            Self::SnapshotFeatureNotSupported => "SnapshotFeatureNotSupportedFault",
            Self::SnapshotNotFound => "SnapshotNotFoundFault",
            Self::SnapshotQuotaExceeded => "SnapshotQuotaExceededFault",
            Self::SubnetInUse => "SubnetInUse",
            Self::SubnetNotAllowed => "SubnetNotAllowedFault",
            Self::TagNotFound => "TagNotFound",
            Self::TagQuotaPerResourceExceeded => "TagQuotaPerResourceExceeded",
            Self::TestFailoverNotAvailable => "TestFailoverNotAvailableFault",
            Self::UserAlreadyExists => "UserAlreadyExists",
            Self::UserGroupAlreadyExists => "UserGroupAlreadyExists",
            Self::UserGroupNotFound => "UserGroupNotFound",
            Self::UserGroupQuotaExceeded => "UserGroupQuotaExceeded",
            Self::UserNotFound => "UserNotFound",
            Self::UserQuotaExceeded => "UserQuotaExceeded",
            Self::AccessDeniedException => "AccessDeniedException",
            Self::ExpiredTokenException => "ExpiredTokenException",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::InternalFailure => "InternalFailure",
            Self::InvalidQueryParameter => "InvalidQueryParameter",
            Self::MalformedQueryString => "MalformedQueryString",
            Self::MissingAction => "MissingAction",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::MissingParameter => "MissingParameter",
            Self::NotAuthorized => "NotAuthorized",
            Self::OptInRequired => "OptInRequired",
            Self::RequestExpired => "RequestExpired",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::ThrottlingException => "ThrottlingException",
            Self::UnrecognizedClientException => "UnrecognizedClientException",
            Self::ValidationError => "ValidationError",
            Self::AccessDenied => "AccessDenied",
            Self::InvalidAction => "InvalidAction",
            Self::InvalidClientTokenId => "InvalidClientTokenId",
            Self::MalformedInput => "MalformedInput",
            Self::SignatureDoesNotMatch => "SignatureDoesNotMatch",
            Self::Throttling => "Throttling",
            Self::NotImplemented => "NotImplemented",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
        }
    }

    /// HTTP status of a reply that carries this fault.
    pub const fn status(self) -> u16 {
        match self {
            Self::APICallRateForCustomerExceeded
            | Self::AuthorizationAlreadyExists
            | Self::CacheClusterAlreadyExists
            | Self::CacheParameterGroupAlreadyExists
            | Self::CacheParameterGroupQuotaExceeded
            | Self::CacheSecurityGroupAlreadyExists
            | Self::CacheSecurityGroupQuotaExceeded
            | Self::CacheSubnetGroupAlreadyExists
            | Self::CacheSubnetGroupInUse
            | Self::CacheSubnetGroupNotFound
            | Self::CacheSubnetGroupQuotaExceeded
            | Self::CacheSubnetQuotaExceeded
            | Self::ClusterQuotaForCustomerExceeded
            | Self::DefaultUserAssociatedToUserGroup
            | Self::DefaultUserRequired
            | Self::DuplicateUserName
            | Self::GlobalReplicationGroupAlreadyExists
            | Self::InsufficientCacheClusterCapacity
            | Self::InvalidARN
            | Self::InvalidCacheClusterState
            | Self::InvalidCacheParameterGroupState
            | Self::InvalidCacheSecurityGroupState
            | Self::InvalidGlobalReplicationGroupState
            | Self::InvalidKMSKey
            | Self::InvalidParameterCombination
            | Self::InvalidParameterValue
            | Self::InvalidReplicationGroupState
            | Self::InvalidServerlessCacheSnapshotState
            | Self::InvalidServerlessCacheState
            | Self::InvalidSnapshotState
            | Self::InvalidSubnet
            | Self::InvalidUserGroupState
            | Self::InvalidUserState
            | Self::InvalidVPCNetworkState
            | Self::MigrationHealth
            | Self::NoOperation
            | Self::NodeGroupsPerReplicationGroupQuotaExceeded
            | Self::NodeQuotaForClusterExceeded
            | Self::NodeQuotaForCustomerExceeded
            | Self::ReplicationGroupAlreadyExists
            | Self::ReplicationGroupAlreadyUnderMigration
            | Self::ReplicationGroupNotUnderMigration
            | Self::ReservedCacheNodeQuotaExceeded
            | Self::ServerlessCacheAlreadyExists
            | Self::ServerlessCacheAlreadyUnderMigration
            | Self::ServerlessCacheNotUnderMigration
            | Self::ServerlessCacheQuotaForCustomerExceeded
            | Self::ServerlessCacheSnapshotAlreadyExists
            | Self::ServerlessCacheSnapshotQuotaExceeded
            | Self::ServiceLinkedRoleNotFound
            | Self::SnapshotAlreadyExists
            | Self::SnapshotFeatureNotSupported
            | Self::SnapshotQuotaExceeded
            | Self::SubnetInUse
            | Self::SubnetNotAllowed
            | Self::TagQuotaPerResourceExceeded
            | Self::TestFailoverNotAvailable
            | Self::UserAlreadyExists
            | Self::UserGroupAlreadyExists
            | Self::UserGroupQuotaExceeded
            | Self::UserQuotaExceeded
            | Self::IncompleteSignature
            | Self::InvalidQueryParameter
            | Self::MissingAction
            | Self::MissingParameter
            | Self::RequestExpired
            | Self::ThrottlingException
            | Self::ValidationError
            | Self::InvalidAction
            | Self::MalformedInput
            | Self::Throttling
            | Self::NotImplemented => 400,
            Self::AuthorizationNotFound
            | Self::CacheClusterNotFound
            | Self::CacheParameterGroupNotFound
            | Self::CacheSecurityGroupNotFound
            | Self::GlobalReplicationGroupNotFound
            | Self::NodeGroupNotFound
            | Self::ReplicationGroupNotFound
            | Self::ReservedCacheNodeAlreadyExists
            | Self::ReservedCacheNodeNotFound
            | Self::ReservedCacheNodesOfferingNotFound
            | Self::ServerlessCacheNotFound
            | Self::ServerlessCacheSnapshotNotFound
            | Self::ServiceUpdateNotFound
            | Self::SnapshotNotFound
            | Self::TagNotFound
            | Self::UserGroupNotFound
            | Self::UserNotFound
            | Self::MalformedQueryString => 404,
            Self::InvalidCredentials => 408,
            Self::AccessDeniedException
            | Self::ExpiredTokenException
            | Self::MissingAuthenticationToken
            | Self::OptInRequired
            | Self::UnrecognizedClientException
            | Self::AccessDenied
            | Self::InvalidClientTokenId
            | Self::SignatureDoesNotMatch => 403,
            Self::InternalFailure => 500,
            Self::NotAuthorized => 401,
            Self::ServiceUnavailable => 503,
            Self::RequestEntityTooLarge => 413,
        }
    }

    /// Whether the caller is to blame (`Sender`) rather than the service (`Receiver`).
    pub const fn is_sender(self) -> bool {
        match self {
            Self::APICallRateForCustomerExceeded
            | Self::AuthorizationAlreadyExists
            | Self::AuthorizationNotFound
            | Self::CacheClusterAlreadyExists
            | Self::CacheClusterNotFound
            | Self::CacheParameterGroupAlreadyExists
            | Self::CacheParameterGroupNotFound
            | Self::CacheParameterGroupQuotaExceeded
            | Self::CacheSecurityGroupAlreadyExists
            | Self::CacheSecurityGroupNotFound
            | Self::CacheSecurityGroupQuotaExceeded
            | Self::CacheSubnetGroupAlreadyExists
            | Self::CacheSubnetGroupInUse
            | Self::CacheSubnetGroupNotFound
            | Self::CacheSubnetGroupQuotaExceeded
            | Self::CacheSubnetQuotaExceeded
            | Self::ClusterQuotaForCustomerExceeded
            | Self::DefaultUserAssociatedToUserGroup
            | Self::DefaultUserRequired
            | Self::DuplicateUserName
            | Self::GlobalReplicationGroupAlreadyExists
            | Self::GlobalReplicationGroupNotFound
            | Self::InsufficientCacheClusterCapacity
            | Self::InvalidARN
            | Self::InvalidCacheClusterState
            | Self::InvalidCacheParameterGroupState
            | Self::InvalidCacheSecurityGroupState
            | Self::InvalidCredentials
            | Self::InvalidGlobalReplicationGroupState
            | Self::InvalidKMSKey
            | Self::InvalidParameterCombination
            | Self::InvalidParameterValue
            | Self::InvalidReplicationGroupState
            | Self::InvalidServerlessCacheSnapshotState
            | Self::InvalidServerlessCacheState
            | Self::InvalidSnapshotState
            | Self::InvalidSubnet
            | Self::InvalidUserGroupState
            | Self::InvalidUserState
            | Self::InvalidVPCNetworkState
            | Self::MigrationHealth
            | Self::NoOperation
            | Self::NodeGroupNotFound
            | Self::NodeGroupsPerReplicationGroupQuotaExceeded
            | Self::NodeQuotaForClusterExceeded
            | Self::NodeQuotaForCustomerExceeded
            | Self::ReplicationGroupAlreadyExists
            | Self::ReplicationGroupAlreadyUnderMigration
            | Self::ReplicationGroupNotFound
            | Self::ReplicationGroupNotUnderMigration
            | Self::ReservedCacheNodeAlreadyExists
            | Self::ReservedCacheNodeNotFound
            | Self::ReservedCacheNodeQuotaExceeded
            | Self::ReservedCacheNodesOfferingNotFound
            | Self::ServerlessCacheAlreadyExists
            | Self::ServerlessCacheAlreadyUnderMigration
            | Self::ServerlessCacheNotFound
            | Self::ServerlessCacheNotUnderMigration
            | Self::ServerlessCacheQuotaForCustomerExceeded
            | Self::ServerlessCacheSnapshotAlreadyExists
            | Self::ServerlessCacheSnapshotNotFound
            | Self::ServerlessCacheSnapshotQuotaExceeded
            | Self::ServiceLinkedRoleNotFound
            | Self::ServiceUpdateNotFound
            | Self::SnapshotAlreadyExists
            | Self::SnapshotFeatureNotSupported
            | Self::SnapshotNotFound
            | Self::SnapshotQuotaExceeded
            | Self::SubnetInUse
            | Self::SubnetNotAllowed
            | Self::TagNotFound
            | Self::TagQuotaPerResourceExceeded
            | Self::TestFailoverNotAvailable
            | Self::UserAlreadyExists
            | Self::UserGroupAlreadyExists
            | Self::UserGroupNotFound
            | Self::UserGroupQuotaExceeded
            | Self::UserNotFound
            | Self::UserQuotaExceeded
            | Self::AccessDeniedException
            | Self::ExpiredTokenException
            | Self::IncompleteSignature
            | Self::InvalidQueryParameter
            | Self::MalformedQueryString
            | Self::MissingAction
            | Self::MissingAuthenticationToken
            | Self::MissingParameter
            | Self::NotAuthorized
            | Self::OptInRequired
            | Self::RequestExpired
            | Self::ThrottlingException
            | Self::UnrecognizedClientException
            | Self::ValidationError
            | Self::AccessDenied
            | Self::InvalidAction
            | Self::InvalidClientTokenId
            | Self::MalformedInput
            | Self::SignatureDoesNotMatch
            | Self::Throttling
            | Self::NotImplemented
            | Self::RequestEntityTooLarge => true,
            Self::InternalFailure | Self::ServiceUnavailable => false,
        }
    }
}
