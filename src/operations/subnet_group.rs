//! Cache subnet groups: create, describe, modify, delete; and the one that a new cache names.

use cacheplane_api::shapes::{
    AvailabilityZone, CacheSubnetGroup as SubnetGroupShape, CacheSubnetGroupMessage,
    CreateCacheSubnetGroupMessage, CreateCacheSubnetGroupResult, DeleteCacheSubnetGroupMessage,
    DescribeCacheSubnetGroupsMessage, ModifyCacheSubnetGroupMessage, ModifyCacheSubnetGroupResult,
    Subnet as SubnetShape, SubnetOutpost,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::{fault_of, internal, invalid_value, subnet_group_not_found};
use super::paging::{List, marker, page_size, position};
use super::spec::given;
use super::tag;
use crate::datastore::{Error as StoreError, SubnetGroupHeld};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::subnet_group::{
    self, DEFAULT_SUBNET_GROUP, SUBNET_GROUPS_MAX, SUBNETS_MAX, Subnet, SubnetFault, SubnetGroup,
};

/// How often a write is tried again that came after another's; each time the record is read anew.
const STALE_TRIES: usize = 8;

/// CreateCacheSubnetGroup. It can be used as soon as this answers.
///
/// # Errors
/// `CacheSubnetGroupAlreadyExists`; `CacheSubnetGroupQuotaExceeded`; `CacheSubnetQuotaExceededFault`; `InvalidSubnet` for subnets of
/// several VPCs; `InvalidParameterValue`.
pub async fn create_cache_subnet_group(
    cx: &Context,
    input: CreateCacheSubnetGroupMessage,
) -> Result<CreateCacheSubnetGroupResult, Fault> {
    let name = subnet_group::new_name(&input.cache_subnet_group_name).map_err(fault_of)?;
    let text = &input.cache_subnet_group_description;
    let description = subnet_group::description(text).map_err(fault_of)?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    demand_subnets(&input.subnet_ids)?;
    let configured = &cx.presentation.subnets;
    let group = SubnetGroup::new(&cx.scope, configured, name, description, &input.subnet_ids)
        .map_err(subnet_fault)?;
    match cx.datastore.subnet_group_insert(&group, &tags).await {
        Ok(group) => Ok(CreateCacheSubnetGroupResult {
            cache_subnet_group: Some(view(&group)),
        }),
        Err(StoreError::AlreadyExists) => Err(Fault::new(
            FaultCode::CacheSubnetGroupAlreadyExists,
            format!("Cache subnet group {} already exists.", group.name),
        )),
        Err(StoreError::Exhausted(_)) => Err(Fault::new(
            FaultCode::CacheSubnetGroupQuotaExceeded,
            format!("You can have at most {SUBNET_GROUPS_MAX} cache subnet groups in this region."),
        )),
        Err(error) => Err(internal(error)),
    }
}

/// DescribeCacheSubnetGroups: one by its name, or all, in the order of their names. The default group is always there.
///
/// # Errors
/// `CacheSubnetGroupNotFoundFault` for a name that is not there; `InvalidParameterValue` for a page size or marker out of bounds.
pub async fn describe_cache_subnet_groups(
    cx: &Context,
    input: DescribeCacheSubnetGroupsMessage,
) -> Result<CacheSubnetGroupMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let after: Option<String> = position(List::CacheSubnetGroups, input.marker.as_deref())?;
    if let Some(name) = given(input.cache_subnet_group_name.as_deref()) {
        let group = find(cx, name).await?;
        return Ok(CacheSubnetGroupMessage {
            marker: None,
            cache_subnet_groups: Some(vec![view(&group)]),
        });
    }
    let after = after.unwrap_or_default();
    let mut page = cx
        .datastore
        .subnet_group_page(&cx.scope, &after, limit)
        .await
        .map_err(internal)?;
    let default = SubnetGroup::default_of(&cx.scope, &cx.presentation.subnets);
    let place = page.items.partition_point(|it| it.name < default.name);
    // On the page where its name belongs: after the last page's end, and before the beginning of the next.
    if after < default.name && (place < page.items.len() || !page.has_more) {
        page.items.insert(place, default);
        page.has_more |= page.items.len() > limit;
        page.items.truncate(limit);
    }
    let last = page.items.last();
    let last = last.map(|group| marker(List::CacheSubnetGroups, &group.name));
    Ok(CacheSubnetGroupMessage {
        marker: last.filter(|_| page.has_more),
        cache_subnet_groups: Some(page.items.iter().map(view).collect()),
    })
}

/// ModifyCacheSubnetGroup: another description, other subnets in place of all that there are.
///
/// # Errors
/// `CacheSubnetGroupNotFoundFault`; `SubnetInUse` where nodes lie in a zone that would have no subnet left; `InvalidSubnet` for subnets
/// of another VPC; `CacheSubnetQuotaExceededFault`; `InvalidParameterValue`.
pub async fn modify_cache_subnet_group(
    cx: &Context,
    input: ModifyCacheSubnetGroupMessage,
) -> Result<ModifyCacheSubnetGroupResult, Fault> {
    for _ in 0..STALE_TRIES {
        let mut group = find(cx, &input.cache_subnet_group_name).await?;
        modify(cx, &input, &mut group)?;
        match cx.datastore.subnet_group_request(&group).await {
            Ok(Ok(())) => {
                return Ok(ModifyCacheSubnetGroupResult {
                    cache_subnet_group: Some(view(&group)),
                });
            }
            Ok(Err(SubnetGroupHeld::NodesInZone | SubnetGroupHeld::InUse)) => {
                return Err(Fault::new(
                    FaultCode::SubnetInUse,
                    format!(
                        "Subnets cannot be removed from cache subnet group {}: cache nodes are located in them.",
                        group.name
                    ),
                ));
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(internal(StoreError::Stale))
}

fn modify(
    cx: &Context,
    input: &ModifyCacheSubnetGroupMessage,
    group: &mut SubnetGroup,
) -> Result<(), Fault> {
    let subnet_ids = input.subnet_ids.as_deref().unwrap_or_default();
    if input.cache_subnet_group_description.is_none() && subnet_ids.is_empty() {
        return Err(invalid_value("No modifications were requested."));
    }
    if group.is_default() {
        return Err(invalid_value(
            "cacheplane does not support changes of the default cache subnet group.",
        ));
    }
    if let Some(text) = &input.cache_subnet_group_description {
        group.description = subnet_group::description(text).map_err(fault_of)?;
    }
    if subnet_ids.is_empty() {
        return Ok(());
    }
    let (vpc_id, subnets) = subnet_group::placed(&cx.scope, &cx.presentation.subnets, subnet_ids)
        .map_err(subnet_fault)?;
    if vpc_id != group.vpc_id {
        return Err(Fault::new(
            FaultCode::InvalidSubnet,
            format!(
                "The subnets are in VPC {vpc_id} and cache subnet group {} is in VPC {}.",
                group.name, group.vpc_id
            ),
        ));
    }
    group.subnets = subnets;
    Ok(())
}

/// DeleteCacheSubnetGroup.
///
/// # Errors
/// `CacheSubnetGroupNotFoundFault`; `CacheSubnetGroupInUse` while a cache is made in it, one that is being deleted included;
/// `InvalidParameterValue` for the default one.
pub async fn delete_cache_subnet_group(
    cx: &Context,
    input: DeleteCacheSubnetGroupMessage,
) -> Result<(), Fault> {
    let name = stored_name(&input.cache_subnet_group_name);
    if name == DEFAULT_SUBNET_GROUP {
        return Err(invalid_value(
            "The default cache subnet group cannot be deleted.",
        ));
    }
    match cx.datastore.subnet_group_forget(&cx.scope, &name).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(SubnetGroupHeld::InUse | SubnetGroupHeld::NodesInZone)) => Err(Fault::new(
            FaultCode::CacheSubnetGroupInUse,
            format!("Cache subnet group {name} is currently in use by a cache cluster."),
        )),
        Err(StoreError::NotFound) => Err(subnet_group_not_found(&name)),
        Err(error) => Err(internal(error)),
    }
}

/// The subnet group that a new cache is made in: the one that it names, or the default one.
///
/// # Errors
/// `CacheSubnetGroupNotFoundFault`.
pub(super) async fn chosen(cx: &Context, name: Option<&str>) -> Result<SubnetGroup, Fault> {
    find(cx, given(name).unwrap_or(DEFAULT_SUBNET_GROUP)).await
}

/// The subnet group called `name`.
///
/// # Errors
/// `CacheSubnetGroupNotFoundFault`.
pub(super) async fn find(cx: &Context, name: &str) -> Result<SubnetGroup, Fault> {
    let name = stored_name(name);
    if name == DEFAULT_SUBNET_GROUP {
        return Ok(SubnetGroup::default_of(&cx.scope, &cx.presentation.subnets));
    }
    match cx.datastore.subnet_group_get(&cx.scope, &name).await {
        Ok(group) => Ok(group),
        Err(StoreError::NotFound) => Err(subnet_group_not_found(&name)),
        Err(error) => Err(internal(error)),
    }
}

/// What cannot be a name is not found, as on AWS.
fn stored_name(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// An SDK's empty list (`SubnetIds=`) is a list that was not given.
fn demand_subnets(ids: &[String]) -> Result<(), Fault> {
    match ids.is_empty() {
        true => Err(invalid_value("The parameter SubnetIds must be provided.")),
        false => Ok(()),
    }
}

/// Texts: behaviour.md section 40.
fn subnet_fault(fault: SubnetFault) -> Fault {
    match fault {
        SubnetFault::Invalid(ids) => {
            let ids: String = ids.join(", ").chars().take(1000).collect();
            invalid_value(format!("Some input subnets in :[{ids}] are invalid."))
        }
        SubnetFault::OtherVpc(one, other) => Fault::new(
            FaultCode::InvalidSubnet,
            format!("Subnets {one} and {other} are not in the same VPC."),
        ),
        SubnetFault::TooMany => Fault::new(
            FaultCode::CacheSubnetQuotaExceeded,
            format!("A cache subnet group can have at most {SUBNETS_MAX} subnets."),
        ),
    }
}

fn view(group: &SubnetGroup) -> SubnetGroupShape {
    let arn = arn(&group.scope, ResourceType::SubnetGroup, &group.name);
    SubnetGroupShape {
        cache_subnet_group_name: Some(group.name.clone()),
        cache_subnet_group_description: Some(group.description.clone()),
        vpc_id: Some(group.vpc_id.clone()),
        subnets: Some(group.subnets.iter().map(subnet_view).collect()),
        arn: Some(arn),
        supported_network_types: Some(vec!["ipv4".to_owned()]),
    }
}

fn subnet_view(subnet: &Subnet) -> SubnetShape {
    SubnetShape {
        subnet_identifier: Some(subnet.subnet_id.clone()),
        subnet_availability_zone: Some(AvailabilityZone {
            name: Some(subnet.zone.clone()),
        }),
        subnet_outpost: Some(SubnetOutpost::default()),
        supported_network_types: Some(vec!["ipv4".to_owned()]),
    }
}
