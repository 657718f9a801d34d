//! ModifyReplicationGroup of a group whose modification stops at a member that does not come up: the same again tries it again, what the
//! others still run gives it up. AWS has no word on either.

use cacheplane_api::Fault;
use cacheplane_api::shapes::ModifyReplicationGroupMessage;

use super::super::Context;
use super::super::faults::fault_of;
use super::super::spec::given;
use super::encryption;
use super::spec::engine;
use super::unavailable;
use crate::resources::cache_parameter_group::DEFAULT_PREFIX;
use crate::resources::engine::{self as engines, EngineVersion};
use crate::resources::event::Event;
use crate::resources::node_type::{self, NodeType};
use crate::resources::parameter;
use crate::resources::replication_group::{GroupChange, ReplicationGroup};

/// What was there before the changes under way.
struct Former {
    engine_version: &'static EngineVersion,
    node_type: &'static NodeType,
}

/// Whether an engine version or node type is under way and does not go on.
pub(super) fn is_held_up(group: &ReplicationGroup) -> bool {
    let is_blocked = group.blocked_by.is_some() || group.members.iter().any(|it| it.is_held_up());
    let replaces = |change: &GroupChange| {
        matches!(
            change,
            GroupChange::EngineVersion(..)
                | GroupChange::NodeType(..)
                | GroupChange::TransitEncryption(..)
        )
    };
    is_blocked
        && group.available_at.is_some()
        && group.failure.is_none()
        && group.deletion_requested_at.is_none()
        && group.generation != group.observed_generation
        && group.changes.iter().any(replaces)
}

/// Takes the request into the wish of a group that is held up: at once, whatever it says of that.
///
/// # Errors
/// `InvalidReplicationGroupState` for anything but the same again and what was there before, and where a primary is what is wished
/// already: its data are lost to earlier versions.
pub(super) fn modify(
    cx: &Context,
    input: &ModifyReplicationGroupMessage,
    group: &mut ReplicationGroup,
) -> Result<Vec<Event>, Fault> {
    if encryption::modify_held_up(input, group)? {
        return Ok(Vec::new());
    }
    refuse_more(input)?;
    let former = former(group);
    let version = version(input, group)?.unwrap_or(group.spec.engine_version);
    let node_type = match given(input.cache_node_type.as_deref()) {
        Some(name) => node_type::find(name).ok_or_else(unavailable)?,
        None => group.spec.node_type,
    };
    let is_same = version == group.spec.engine_version && node_type == group.spec.node_type;
    if is_same {
        for member in group.members.iter_mut().filter(|one| one.is_held_up()) {
            // Another container: what it was made from may be mended by now.
            member.replace_nodes();
        }
        group.raise_generation();
        return Ok(Vec::new());
    }
    let takes_back = |wanted_is_wished: bool, wanted_is_former: bool| {
        if wanted_is_wished || wanted_is_former {
            Ok(())
        } else {
            Err(unavailable())
        }
    };
    takes_back(
        version == group.spec.engine_version,
        version == former.engine_version,
    )?;
    takes_back(
        node_type == group.spec.node_type,
        node_type == former.node_type,
    )?;
    if version != group.spec.engine_version {
        refuse_behind_primary(group, version)?;
    }
    Ok(give_up(cx, group, version, node_type))
}

/// Goes back: the members that are what was wished go back one after the other.
fn give_up(
    cx: &Context,
    group: &mut ReplicationGroup,
    version: &'static EngineVersion,
    node_type: &'static NodeType,
) -> Vec<Event> {
    let held_up = group.members.iter().find(|member| member.is_held_up());
    let reason = held_up.and_then(|member| member.blocked_by.clone());
    let reason = reason.or_else(|| group.blocked_by.clone());
    let reason = reason.unwrap_or_default();
    let gives_up_version = version != group.spec.engine_version;
    let gives_up_type = node_type != group.spec.node_type;
    if gives_up_version {
        let mut members = group.members.iter();
        let still = members.find(|member| member.spec.engine_version == version);
        let node = still.and_then(|member| member.nodes.first());
        group.spec.image = node.and_then(|node| node.image.clone());
        group.spec.parameter_group_name = former_parameter_group(group, version);
    }
    group.spec.engine_version = version;
    group.spec.node_type = node_type;
    let mut texts = Vec::new();
    group.changes.retain(|change| match change {
        GroupChange::EngineVersion(_, to) if gives_up_version => {
            texts.push(format!(
                "Failed to upgrade the engine to version {to}. {reason}"
            ));
            false
        }
        GroupChange::NodeType(_, to) if gives_up_type => {
            texts.push(format!(
                "Failed applying modification to cache node type to {to}. {reason}"
            ));
            false
        }
        _ => true,
    });
    group.raise_generation();
    let (id, now) = (&group.spec.replication_group_id, cx.clock.now());
    let event = |text| Event::of_replication_group(id, text, now);
    texts.into_iter().map(event).collect()
}

/// The parameter group that a member of the former version still has, or the built-in one.
fn former_parameter_group(group: &ReplicationGroup, version: &EngineVersion) -> String {
    let mut members = group.members.iter();
    let still = members.find(|member| member.spec.engine_version.family == version.family);
    let default = parameter::default_group(version.family, group.sharding.is_some());
    let own = Some(&group.spec.parameter_group_name).filter(|_| {
        group.spec.engine_version.family == version.family
            || !group.spec.parameter_group_name.starts_with(DEFAULT_PREFIX)
    });
    still
        .map(|member| member.spec.parameter_group_name.clone())
        .or_else(|| default.map(|default| default.name.to_owned()))
        .or_else(|| own.cloned())
        .unwrap_or_default()
}

fn former(group: &ReplicationGroup) -> Former {
    let mut former = Former {
        engine_version: group.spec.engine_version,
        node_type: group.spec.node_type,
    };
    for change in &group.changes {
        match change {
            GroupChange::EngineVersion(from, _) => {
                if let Some(version) = EngineVersion::parse_worded(from) {
                    former.engine_version = version;
                }
            }
            GroupChange::NodeType(from, _) => {
                if let Some(found) = node_type::find(from) {
                    former.node_type = found;
                }
            }
            _ => {}
        }
    }
    former
}

fn version(
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<Option<&'static EngineVersion>, Fault> {
    let wished = group.spec.engine_version;
    let engine = engine(input.engine.as_deref())?.unwrap_or(wished.engine);
    let text = given(input.engine_version.as_deref());
    if text.is_none() && engine == wished.engine {
        return Ok(None);
    }
    engines::resolve_known(engine, text)
        .map(Some)
        .map_err(fault_of)
}

/// A primary that has come up as a later version has written what no earlier one can read.
fn refuse_behind_primary(group: &ReplicationGroup, version: &EngineVersion) -> Result<(), Fault> {
    let is_later = |member: &crate::resources::cache_cluster::CacheCluster| {
        group.is_recorded_primary(member)
            && !member.is_held_up()
            && member.spec.engine_version.is_later_than(version)
    };
    match group.members.iter().any(is_later) {
        true => Err(unavailable()),
        false => Ok(()),
    }
}

/// Nothing else is changed meanwhile.
fn refuse_more(input: &ModifyReplicationGroupMessage) -> Result<(), Fault> {
    let known = ModifyReplicationGroupMessage {
        replication_group_id: input.replication_group_id.clone(),
        engine: input.engine.clone(),
        engine_version: input.engine_version.clone(),
        cache_node_type: input.cache_node_type.clone(),
        cache_parameter_group_name: input.cache_parameter_group_name.clone(),
        apply_immediately: input.apply_immediately,
        ..ModifyReplicationGroupMessage::default()
    };
    let names_either = given(input.engine_version.as_deref()).is_some()
        || given(input.cache_node_type.as_deref()).is_some();
    match *input == known && names_either {
        true => Ok(()),
        false => Err(unavailable()),
    }
}
