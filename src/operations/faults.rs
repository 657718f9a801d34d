//! How errors of the inner rooms become faults, and the faults that each noun has in common with the others.

use cacheplane_api::{Fault, FaultCode};

use crate::datastore::Error as StoreError;
use crate::resources::violation::Violation;

impl From<Violation> for Failure {
    fn from(violation: Violation) -> Self {
        Self(fault_of(violation))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(internal(error))
    }
}

/// What `?` collects in this room; a fault in the end.
pub(super) struct Failure(pub(super) Fault);

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

/// The fault for a rule that was broken.
pub(super) fn fault_of(violation: Violation) -> Fault {
    match violation {
        Violation::InvalidParameterValue(message) => {
            Fault::new(FaultCode::InvalidParameterValue, message)
        }
        Violation::InvalidParameterCombination(message) => {
            Fault::new(FaultCode::InvalidParameterCombination, message)
        }
    }
}

/// A value that AWS would refuse too.
pub(super) fn invalid_value(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::InvalidParameterValue, message)
}

/// Values that AWS would refuse together.
pub(super) fn invalid_combination(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::InvalidParameterCombination, message)
}

/// A required member that is missing, in AWS's words.
pub(super) fn missing(member: &str) -> Fault {
    invalid_value(format!(
        "The parameter {member} must be provided and must not be null."
    ))
}

/// A member that AWS has and we do not have yet: refused by name, never silently dropped.
pub(super) fn not_supported(member: &str) -> Fault {
    invalid_value(format!("cacheplane does not support {member} yet."))
}

/// Our own failure; the client is told nothing but that.
pub(super) fn internal(error: StoreError) -> Fault {
    if let StoreError::NoParameterGroup(name) = &error {
        // It was there when the request was judged.
        return cache_parameter_group_not_found(name);
    }
    Fault::new(
        FaultCode::InternalFailure,
        "An internal error has occurred.",
    )
    .with_source(error)
}

/// A cache cluster that is not there.
pub(super) fn cache_cluster_not_found(id: &str) -> Fault {
    Fault::new(
        FaultCode::CacheClusterNotFound,
        format!("CacheCluster not found: {id}"),
    )
}

/// A parameter group that is not there.
pub(super) fn cache_parameter_group_not_found(name: &str) -> Fault {
    Fault::new(
        FaultCode::CacheParameterGroupNotFound,
        format!("CacheParameterGroup not found: {name}"),
    )
}

/// A built-in parameter group, which nobody changes (text: behaviour.md section 40).
pub(super) fn default_parameter_group(name: &str) -> Fault {
    invalid_value(format!(
        "The parameter group {name} is a default group and cannot be modified."
    ))
}

/// A snapshot that is not there.
pub(super) fn snapshot_not_found(name: &str) -> Fault {
    Fault::new(
        FaultCode::SnapshotNotFound,
        format!("Snapshot not found: {name}"),
    )
}

/// Whoever asks for snapshots of an engine that has none.
pub(super) fn no_snapshots() -> Fault {
    Fault::new(
        FaultCode::SnapshotFeatureNotSupported,
        "Snapshots are not supported for this engine type",
    )
}

/// A replication group that is not there.
pub(super) fn replication_group_not_found(id: &str) -> Fault {
    Fault::new(
        FaultCode::ReplicationGroupNotFound,
        format!("Replication group {id} not found."),
    )
}

/// The id of a cache cluster, or of a member to be, that is taken.
pub(super) fn cache_cluster_exists() -> Fault {
    Fault::new(
        FaultCode::CacheClusterAlreadyExists,
        "Cache cluster already exists",
    )
}

/// A user that is not there.
pub(super) fn user_not_found(id: &str) -> Fault {
    Fault::new(FaultCode::UserNotFound, format!("User {id} not found."))
}

/// A user group that is not there.
pub(super) fn user_group_not_found(id: &str) -> Fault {
    Fault::new(
        FaultCode::UserGroupNotFound,
        format!("User group {id} not found."),
    )
}

/// A subnet group that is not there.
pub(super) fn subnet_group_not_found(name: &str) -> Fault {
    Fault::new(
        FaultCode::CacheSubnetGroupNotFound,
        format!("Cache Subnet Group {name} does not exist."),
    )
}

/// Whoever speaks of cache security groups (text: behaviour.md section 40).
pub(super) fn cache_security_groups_refused() -> Fault {
    invalid_value(
        "Use of cache security groups is not permitted in this API version for your account.",
    )
}

/// The quota of an account in a region, in AWS's words.
pub(super) fn node_quota(quota: u32) -> Fault {
    Fault::new(
        FaultCode::NodeQuotaForCustomerExceeded,
        format!("Customer node quota exceeded. You can have at most {quota} nodes in this region"),
    )
}

/// What the place where nodes are made cannot hold; `what` there is none of (AWS's text is not known).
pub(super) fn no_capacity(what: &str) -> Fault {
    Fault::new(
        FaultCode::InsufficientCacheClusterCapacity,
        format!(
            "There is no room for all of the requested nodes: no free {what} would be left for the last of them. Delete caches that are \
             not needed, or give the next data directory a larger --node-subnet or --port-range."
        ),
    )
}
