//! Tags: three operations for every noun.

use std::collections::BTreeSet;

use cacheplane_api::shapes::{
    AddTagsToResourceMessage, ListTagsForResourceMessage, RemoveTagsFromResourceMessage,
    Tag as TagShape, TagListMessage,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::{
    default_parameter_group, fault_of, internal, invalid_value, replication_group_not_found,
    snapshot_not_found, subnet_group_not_found, user_group_not_found,
};
use super::{snapshot, subnet_group, user, user_group};
use crate::datastore::Error as StoreError;
use crate::resources::arn::{Arn, ResourceType, arn};
use crate::resources::parameter;
use crate::resources::status::{self, GroupOperation, Operation};
use crate::resources::tag::{TAGS_PER_RESOURCE_MAX, Tag, merge};

/// AddTagsToResource. A key that is there gets the new value; the reply has all tags.
///
/// # Errors
/// `InvalidARN`; the noun's not-found fault; `InvalidParameterValue` for a tag that is none; `TagQuotaPerResourceExceeded`.
pub async fn add_tags_to_resource(
    cx: &Context,
    input: AddTagsToResourceMessage,
) -> Result<TagListMessage, Fault> {
    demand_entries("Tags", &input.tags)?;
    let Tagged { name, followers } = resolve(cx, &input.resource_name, Access::Change).await?;
    let tags = spec(&input.tags)?;
    match cx.datastore.tag_add(&name, &followers, &tags).await {
        Ok(all) => Ok(view(all)),
        Err(StoreError::TooManyTags) => Err(quota()),
        Err(error) => Err(internal(error)),
    }
}

/// ListTagsForResource.
///
/// # Errors
/// `InvalidARN`; the noun's not-found fault.
pub async fn list_tags_for_resource(
    cx: &Context,
    input: ListTagsForResourceMessage,
) -> Result<TagListMessage, Fault> {
    let Tagged { name, .. } = resolve(cx, &input.resource_name, Access::Read).await?;
    Ok(view(cx.datastore.tag_list(&name).await.map_err(internal)?))
}

/// RemoveTagsFromResource. The reply has the tags that are left.
///
/// # Errors
/// `InvalidARN`; the noun's not-found fault; `TagNotFound` for a key that is not there, and nothing is removed.
pub async fn remove_tags_from_resource(
    cx: &Context,
    input: RemoveTagsFromResourceMessage,
) -> Result<TagListMessage, Fault> {
    demand_entries("TagKeys", &input.tag_keys)?;
    let Tagged { name, followers } = resolve(cx, &input.resource_name, Access::Change).await?;
    let keys: BTreeSet<String> = input.tag_keys.into_iter().collect();
    match cx
        .datastore
        .tag_remove(&name, &followers, &keys)
        .await
        .map_err(internal)?
    {
        Ok(left) => Ok(view(left)),
        Err(key) => Err(Fault::new(
            FaultCode::TagNotFound,
            format!("{key} is not present"),
        )),
    }
}

/// The tags of a request that makes something.
///
/// # Errors
/// `InvalidParameterValue`; `TagQuotaPerResourceExceeded`.
pub(super) fn spec(tags: &[TagShape]) -> Result<Vec<Tag>, Fault> {
    let tags = tags
        .iter()
        .map(|tag| Tag::new(tag.key.as_deref(), tag.value.as_deref()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(fault_of)?;
    let tags = merge(tags);
    if tags.len() > TAGS_PER_RESOURCE_MAX {
        return Err(quota());
    }
    Ok(tags)
}

/// An SDK's empty list (`Tags=`) is a list that was not given.
fn demand_entries<T>(member: &str, list: &[T]) -> Result<(), Fault> {
    if list.is_empty() {
        return Err(invalid_value(format!(
            "The parameter {member} must be provided."
        )));
    }
    Ok(())
}

fn quota() -> Fault {
    Fault::new(
        FaultCode::TagQuotaPerResourceExceeded,
        format!("The number of tags per resource may not exceed {TAGS_PER_RESOURCE_MAX}."),
    )
}

fn view(tags: Vec<Tag>) -> TagListMessage {
    let tags = tags.into_iter().map(|tag| TagShape {
        key: Some(tag.key),
        value: Some(tag.value),
    });
    TagListMessage {
        tag_list: Some(tags.collect()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Change,
}

/// What carries tags, by its stored name, and those that get and lose them with it.
struct Tagged {
    name: String,
    followers: Vec<String>,
}

impl Tagged {
    fn alone(name: String) -> Self {
        Self {
            name,
            followers: Vec::new(),
        }
    }
}

/// The resource that `text` names, if the caller has such a resource and it can be tagged now.
async fn resolve(cx: &Context, text: &str, access: Access) -> Result<Tagged, Fault> {
    let Some(named) = Arn::parse(text) else {
        return Err(Fault::new(
            FaultCode::InvalidARN,
            format!("The ARN {text} is not one of this service."),
        ));
    };
    if named.account != cx.scope.account {
        return Err(Fault::new(
            FaultCode::InvalidARN,
            "The resource ARN does not belong to the caller's account.",
        ));
    }
    if named.resource_type != ResourceType::GlobalReplicationGroup
        && named.region != cx.scope.region
    {
        return Err(Fault::new(
            FaultCode::InvalidARN,
            "Unauthorized call. Please check the region or customer id",
        ));
    }
    match named.resource_type {
        ResourceType::Cluster => resolve_cache_cluster(cx, &named.name)
            .await
            .map(Tagged::alone),
        ResourceType::ReplicationGroup => resolve_replication_group(cx, &named.name).await,
        ResourceType::ParameterGroup => resolve_parameter_group(cx, &named.name, access)
            .await
            .map(Tagged::alone),
        ResourceType::SubnetGroup => {
            let group = subnet_group::find(cx, &named.name).await?;
            let name = arn(&cx.scope, ResourceType::SubnetGroup, &group.name);
            Ok(Tagged::alone(name))
        }
        ResourceType::User => {
            let user = user::find(cx, &named.name).await.map_err(|fault| {
                match fault.code() {
                    // AWS says it in other words here (behaviour.md section 40).
                    FaultCode::UserNotFound => not_found(ResourceType::User, &named.name),
                    _ => fault,
                }
            })?;
            let name = arn(&cx.scope, ResourceType::User, &user.user_id);
            Ok(Tagged::alone(name))
        }
        ResourceType::UserGroup => {
            let group = user_group::find(cx, &named.name).await?;
            let name = arn(&cx.scope, ResourceType::UserGroup, &group.user_group_id);
            Ok(Tagged::alone(name))
        }
        ResourceType::Snapshot => {
            let snapshot = snapshot::find(cx, &named.name).await?;
            let name = arn(&cx.scope, ResourceType::Snapshot, &snapshot.name);
            Ok(Tagged::alone(name))
        }
        other => Err(not_found(other, &named.name)),
    }
}

async fn resolve_cache_cluster(cx: &Context, id: &str) -> Result<String, Fault> {
    // AWS answers the same for one that is not there and one that is not available (behaviour.md section 40).
    let absent = || {
        Fault::new(
            FaultCode::CacheClusterNotFound,
            format!("{id} is either not present or not available."),
        )
    };
    let cluster = match cx.datastore.cache_cluster_get(&cx.scope, id).await {
        Ok(cluster) => cluster,
        Err(StoreError::NotFound) => return Err(absent()),
        Err(error) => return Err(internal(error)),
    };
    if !status::admits(&cluster, Operation::Tag) {
        return Err(absent());
    }
    Ok(arn(&cx.scope, ResourceType::Cluster, id))
}

/// The tags of a replication group are copied to its members (behaviour.md section 33).
async fn resolve_replication_group(cx: &Context, id: &str) -> Result<Tagged, Fault> {
    let group = match cx.datastore.replication_group_get(&cx.scope, id).await {
        Ok(group) => group,
        Err(StoreError::NotFound) => return Err(replication_group_not_found(id)),
        Err(error) => return Err(internal(error)),
    };
    if !status::admits_group(&group, GroupOperation::Tag) {
        return Err(Fault::new(
            FaultCode::InvalidReplicationGroupState,
            "Cluster not in available state to perform tagging operations.",
        ));
    }
    let followers = group.wished_members().map(|member| {
        let id = &member.spec.cache_cluster_id;
        arn(&cx.scope, ResourceType::Cluster, id)
    });
    Ok(Tagged {
        name: arn(&cx.scope, ResourceType::ReplicationGroup, id),
        followers: followers.collect(),
    })
}

/// Built-in groups have no tags and take none.
async fn resolve_parameter_group(
    cx: &Context,
    name: &str,
    access: Access,
) -> Result<String, Fault> {
    let is_default = parameter::find_default_group(name).is_some();
    if is_default && access == Access::Change {
        return Err(default_parameter_group(name));
    }
    if !is_default {
        let group = cx
            .datastore
            .cache_parameter_group_get(&cx.scope, name)
            .await;
        match group {
            Ok(_) => {}
            Err(StoreError::NotFound) => {
                return Err(not_found(ResourceType::ParameterGroup, name));
            }
            Err(error) => return Err(internal(error)),
        }
    }
    Ok(arn(&cx.scope, ResourceType::ParameterGroup, name))
}

/// Of these there are none yet, so none can be found.
fn not_found(resource_type: ResourceType, name: &str) -> Fault {
    let (code, message) = match resource_type {
        ResourceType::Cluster => (
            FaultCode::CacheClusterNotFound,
            format!("CacheCluster not found: {name}"),
        ),
        ResourceType::ReplicationGroup => (
            FaultCode::ReplicationGroupNotFound,
            format!("Replication group {name} not found."),
        ),
        ResourceType::ParameterGroup => (
            FaultCode::CacheParameterGroupNotFound,
            format!("CacheParameterGroup not found: {name}"),
        ),
        ResourceType::SubnetGroup => return subnet_group_not_found(name),
        ResourceType::SecurityGroup => (
            FaultCode::CacheSecurityGroupNotFound,
            format!("CacheSecurityGroup not found: {name}"),
        ),
        ResourceType::Snapshot => return snapshot_not_found(name),
        ResourceType::User => (
            FaultCode::UserNotFound,
            format!("{name} is not available for tagging"),
        ),
        ResourceType::UserGroup => return user_group_not_found(name),
        ResourceType::ServerlessCache => (
            FaultCode::ServerlessCacheNotFound,
            format!("Serverless Cache {name} not found."),
        ),
        ResourceType::ServerlessCacheSnapshot => (
            FaultCode::ServerlessCacheSnapshotNotFound,
            format!("Serverless Cache Snapshot {name} not found."),
        ),
        ResourceType::ReservedInstance => (
            FaultCode::ReservedCacheNodeNotFound,
            format!("Reserved cache node not found: {name}"),
        ),
        ResourceType::GlobalReplicationGroup => (
            FaultCode::GlobalReplicationGroupNotFound,
            format!("Global Replication Group {name} not found."),
        ),
    };
    Fault::new(code, message)
}
