//! ModifyReplicationGroupShardConfiguration: more node groups, fewer, or the same with even shares (behaviour.md section 13).

use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    ModifyReplicationGroupShardConfigurationMessage as Message,
    ModifyReplicationGroupShardConfigurationResult, ReshardingConfiguration,
};

use super::super::Context;
use super::super::faults::{
    fault_of, internal, invalid_combination, invalid_value, no_capacity, node_quota,
};
use super::super::spec::{given, has_entries};
use super::super::subnet_group;
use super::compatible::refuse_change;
use super::node_groups::node_group_count;
use super::{
    STALE_TRIES, cluster_mode_only, contended, demand, find, group_tags, state, view, wake,
};
use crate::datastore::Error as StoreError;
use crate::resources::node_group::NodeGroupId;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::replication_group::sharding::Sharding;
use crate::resources::zones::Zones;

/// What is wished: the node groups that shall be, and the zones of those that are new.
struct Wish {
    staying: Vec<NodeGroupId>,
    new: Vec<(NodeGroupId, Vec<String>)>,
}

/// ModifyReplicationGroupShardConfiguration. Slots move while clients go on.
///
/// # Errors
/// `ReplicationGroupNotFoundFault`; `InvalidReplicationGroupState` unless available, and where nothing would move; quota faults;
/// `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn modify_replication_group_shard_configuration(
    cx: &Context,
    input: Message,
) -> Result<ModifyReplicationGroupShardConfigurationResult, Fault> {
    if !input.apply_immediately {
        return Err(invalid_value(
            "The parameter ApplyImmediately must be true: slots are moved at once.",
        ));
    }
    for _ in 0..STALE_TRIES {
        let mut group = find(cx, &input.replication_group_id).await?;
        let sharding = group.sharding.as_ref().ok_or_else(cluster_mode_only)?;
        demand(&group)?;
        refuse_change(&group)?;
        let subnet_group = subnet_group::find(cx, &group.spec.subnet_group_name).await?;
        let wish = wish(&subnet_group.zones(), &input, &group, sharding)?;
        let is_same = wish.new.is_empty() && wish.staying.len() == sharding.node_groups.len();
        let moving = group.reshard(&wish.staying, &wish.new, cx.clock.now());
        if is_same && moving == 0 {
            return Err(state(
                "Slots in the replication group are uniformly distributed. Nothing to do.",
            ));
        }
        let tags = group_tags(cx, &group).await?;
        let quota = cx.presentation.node_quota;
        match cx
            .datastore
            .replication_group_request(&group, &tags, &[], quota)
            .await
        {
            Ok(group) => {
                wake(cx);
                return Ok(ModifyReplicationGroupShardConfigurationResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(StoreError::TooManyNodes(quota)) => return Err(node_quota(quota)),
            Err(StoreError::Exhausted(what)) => return Err(no_capacity(&what)),
            Err(StoreError::MemberExists(id)) => {
                return Err(state(format!(
                    "A cache cluster outside the replication group has the id {id} of a node that is to be made."
                )));
            }
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

fn wish(
    choice: &Zones,
    input: &Message,
    group: &ReplicationGroup,
    sharding: &Sharding,
) -> Result<Wish, Fault> {
    let present: Vec<NodeGroupId> = sharding.node_groups.iter().map(|one| one.id).collect();
    let wanted = usize::from(node_group_count(
        input.node_group_count,
        group.spec.engine_version,
    )?);
    let configurations = input
        .resharding_configuration
        .as_deref()
        .unwrap_or_default();
    let names_fewer = has_entries(input.node_groups_to_remove.as_ref())
        || has_entries(input.node_groups_to_retain.as_ref());
    if wanted >= present.len() && names_fewer {
        return Err(invalid_combination(
            "NodeGroupsToRemove and NodeGroupsToRetain can only be specified when the number of node groups decreases.",
        ));
    }
    if wanted <= present.len() && !configurations.is_empty() {
        return Err(invalid_combination(
            "ReshardingConfiguration can only be specified when the number of node groups increases.",
        ));
    }
    if wanted < present.len() {
        let staying = staying(input, &present, wanted)?;
        return Ok(Wish {
            staying,
            new: Vec::new(),
        });
    }
    let ids = NodeGroupId::next(&present, wanted - present.len());
    let new: Vec<(NodeGroupId, Vec<String>)> = ids
        .into_iter()
        .enumerate()
        .map(|(index, id)| {
            let configuration = configuration(configurations, id, index, present.len(), wanted)?;
            Ok((
                id,
                new_zones(choice, group, sharding, configuration, index)?,
            ))
        })
        .collect::<Result<_, Fault>>()?;
    let staying = present.iter().copied().chain(new.iter().map(|(id, _)| *id));
    Ok(Wish {
        staying: staying.collect(),
        new,
    })
}

/// Those that are left when the number decreases (text: behaviour.md section 40).
fn staying(
    input: &Message,
    present: &[NodeGroupId],
    wanted: usize,
) -> Result<Vec<NodeGroupId>, Fault> {
    let remove = input.node_groups_to_remove.as_deref().unwrap_or_default();
    let retain = input.node_groups_to_retain.as_deref().unwrap_or_default();
    if remove.is_empty() == retain.is_empty() {
        return Err(invalid_combination(
            "Exactly one of NodeGroupsToRemove and NodeGroupsToRetain must be provided when the number of node groups decreases.",
        ));
    }
    let named = if remove.is_empty() { retain } else { remove };
    let mut ids = Vec::new();
    let mut strangers: Vec<&str> = Vec::new();
    for text in named {
        match text.parse() {
            Ok(id) if present.contains(&id) => ids.push(id),
            _ => strangers.push(text),
        }
    }
    if !strangers.is_empty() {
        return Err(invalid_value(format!(
            "The following node group ids are invalid: [{}]",
            strangers.join(", ")
        )));
    }
    let is_retained = remove.is_empty();
    let stays = |id: &NodeGroupId| ids.contains(id) == is_retained;
    let staying: Vec<NodeGroupId> = present.iter().copied().filter(stays).collect();
    match staying.len() == wanted {
        true => Ok(staying),
        false => Err(invalid_combination(format!(
            "{} node groups would be left; NodeGroupCount is {wanted}.",
            staying.len()
        ))),
    }
}

/// What is said of a new node group: by its id, or by its place among the new ones or among all.
fn configuration(
    configurations: &[ReshardingConfiguration],
    id: NodeGroupId,
    index: usize,
    present: usize,
    wanted: usize,
) -> Result<Option<&ReshardingConfiguration>, Fault> {
    if configurations.is_empty() {
        return Ok(None);
    }
    let name = |one: &ReshardingConfiguration| -> Option<NodeGroupId> {
        given(one.node_group_id.as_deref()).and_then(|name| name.parse().ok())
    };
    let mut named = configurations.iter().filter(|one| name(one) == Some(id));
    let (named, another) = (named.next(), named.next());
    let offset = match configurations.len() {
        all if all == wanted => present,
        new if new == wanted - present => 0,
        _ => {
            return Err(invalid_combination(
                "ReshardingConfiguration must have an entry for each new node group, or for each of all.",
            ));
        }
    };
    if another.is_some() {
        return Err(invalid_value(format!(
            "ReshardingConfiguration names node group {id} more than once."
        )));
    }
    Ok(named.or_else(|| configurations.get(offset + index)))
}

/// The zones of a new node group's members: as many as the smallest present one has.
fn new_zones(
    choice: &Zones,
    group: &ReplicationGroup,
    sharding: &Sharding,
    configuration: Option<&ReshardingConfiguration>,
    index: usize,
) -> Result<Vec<String>, Fault> {
    let sizes = sharding.node_groups.iter();
    let sizes = sizes.map(|one| group.wished_shard_members(one.id).count());
    let size = sizes.min().unwrap_or(1).max(1);
    let named = configuration
        .and_then(|one| one.preferred_availability_zones.clone())
        .unwrap_or_default();
    choice.check(&named).map_err(fault_of)?;
    if !named.is_empty() && named.len() != size {
        return Err(invalid_combination(format!(
            "PreferredAvailabilityZones must name a zone for each of the {size} nodes of a new node group."
        )));
    }
    let mut zones = named;
    if zones.is_empty() {
        let first = sharding.node_groups.len() + index;
        zones.push(choice.in_turn(first));
    }
    let more = choice.least_used(&zones, size.saturating_sub(zones.len()));
    zones.extend(more);
    Ok(zones)
}
