//! Node types: what a cache may be changed to.

use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    AllowedNodeTypeModificationsMessage, ListAllowedNodeTypeModificationsMessage,
};

use super::Context;
use super::faults::{invalid_combination, invalid_value};
use super::spec::given;
use super::{cache_cluster, replication_group};
use crate::resources::node_type::{self, NodeType};

/// ListAllowedNodeTypeModifications, by type and engine version only: whether the data fit is seen when the change is made.
///
/// # Errors
/// `InvalidParameterCombination` unless exactly one of a cache cluster and a replication group is named; `CacheClusterNotFound`;
/// `ReplicationGroupNotFoundFault`.
pub async fn list_allowed_node_type_modifications(
    cx: &Context,
    input: ListAllowedNodeTypeModificationsMessage,
) -> Result<AllowedNodeTypeModificationsMessage, Fault> {
    let cluster = given(input.cache_cluster_id.as_deref());
    let group = given(input.replication_group_id.as_deref());
    let (current, version) = match (cluster, group) {
        (Some(id), None) => {
            let spec = cache_cluster::find(cx, id).await?.spec;
            (spec.node_type, spec.engine_version)
        }
        (None, Some(id)) => {
            let spec = replication_group::find(cx, id).await?.spec;
            (spec.node_type, spec.engine_version)
        }
        (None, None) | (Some(_), Some(_)) => {
            return Err(invalid_combination(
                "Exactly one of CacheClusterId and ReplicationGroupId must be provided.",
            ));
        }
    };
    let allowed = node_type::allowed_modifications(current, version);
    let owned = |names: Vec<&str>| Some(names.into_iter().map(str::to_owned).collect());
    Ok(AllowedNodeTypeModificationsMessage {
        scale_up_modifications: owned(allowed.scale_up),
        scale_down_modifications: owned(allowed.scale_down),
    })
}

/// Refuses a node type that is not among those that a cache of `current` may be changed to.
pub(super) fn refuse_unlisted(
    current: &NodeType,
    wanted: &NodeType,
    version: &crate::resources::engine::EngineVersion,
) -> Result<(), Fault> {
    let allowed = node_type::allowed_modifications(current, version);
    let mut listed = allowed.scale_up.iter().chain(&allowed.scale_down);
    match wanted.name == current.name || listed.any(|name| *name == wanted.name) {
        true => Ok(()),
        false => Err(invalid_value(format!(
            "The cache node type {} cannot be modified to {}.",
            current.name, wanted.name
        ))),
    }
}
