//! Cache parameter groups: create, describe, modify, reset, delete. What a change does to nodes is the reconciler's.

mod view;

use cacheplane_api::shapes::{
    CacheParameterGroupDetails, CacheParameterGroupNameMessage, CacheParameterGroupsMessage,
    CreateCacheParameterGroupMessage, CreateCacheParameterGroupResult,
    DeleteCacheParameterGroupMessage, DescribeCacheParameterGroupsMessage,
    DescribeCacheParametersMessage, DescribeEngineDefaultParametersMessage,
    DescribeEngineDefaultParametersResult, EngineDefaults, ModifyCacheParameterGroupMessage,
    ParameterNameValue, ResetCacheParameterGroupMessage,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::{
    cache_parameter_group_not_found, default_parameter_group, fault_of, internal,
    invalid_combination, invalid_value,
};
use super::paging::{List, marker, page_size, position};
use super::spec::given;
use super::tag;
use crate::datastore::Error as StoreError;
use crate::resources::cache_parameter_group::{
    CacheParameterGroup, GROUPS_MAX, PARAMETERS_PER_CALL_MAX,
};
use crate::resources::event::Event;
use crate::resources::id;
use crate::resources::parameter::{self, Family};
use crate::resources::violation::Violation;
use view::{Described, Source};

/// How often a write is tried again that came after another's; each time the record is read anew.
const STALE_TRIES: usize = 8;

/// The longest description, in characters; AWS names none for this one.
const DESCRIPTION_MAX: usize = 255;

/// CreateCacheParameterGroup, with the values of its family.
///
/// # Errors
/// `CacheParameterGroupAlreadyExists`; `CacheParameterGroupQuotaExceeded`; `InvalidParameterValue` for a name or family that is none;
/// the faults of tags.
pub async fn create_cache_parameter_group(
    cx: &Context,
    input: CreateCacheParameterGroupMessage,
) -> Result<CreateCacheParameterGroupResult, Fault> {
    let name = id::cache_parameter_group_name(&input.cache_parameter_group_name);
    let name = name.map_err(fault_of)?;
    let family = family(&input.cache_parameter_group_family)?;
    let description = description(&input.description)?;
    let tags = tag::spec(input.tags.as_deref().unwrap_or_default())?;
    let group = CacheParameterGroup::wished(cx.scope.clone(), name, family, description);
    let created = event(
        cx,
        &group.name,
        format!("Created CacheParameterGroup {}", group.name),
    );
    match cx
        .datastore
        .cache_parameter_group_insert(&group, &tags, &[created])
        .await
    {
        Ok(()) => Ok(CreateCacheParameterGroupResult {
            cache_parameter_group: Some(view::group(&group)),
        }),
        Err(StoreError::AlreadyExists) => Err(Fault::new(
            FaultCode::CacheParameterGroupAlreadyExists,
            format!("Parameter group {} already exists", group.name),
        )),
        Err(StoreError::TooManyParameterGroups) => Err(Fault::new(
            FaultCode::CacheParameterGroupQuotaExceeded,
            format!(
                "Parameter group quota exceeded. You can have at most {GROUPS_MAX} parameter groups in this region."
            ),
        )),
        Err(error) => Err(internal(error)),
    }
}

/// DescribeCacheParameterGroups: one by its name, or the built-in ones and the caller's own, in the order of their names.
///
/// # Errors
/// `CacheParameterGroupNotFound`; `InvalidParameterValue` for a page size or marker out of bounds.
pub async fn describe_cache_parameter_groups(
    cx: &Context,
    input: DescribeCacheParameterGroupsMessage,
) -> Result<CacheParameterGroupsMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let after: Option<String> = position(List::CacheParameterGroups, input.marker.as_deref())?;
    let own = cx
        .datastore
        .cache_parameter_group_list(&cx.scope)
        .await
        .map_err(internal)?;
    let families = parameter::families().iter();
    let built_in = families.flat_map(|family| {
        let groups = family.default_groups.iter();
        groups.map(move |group| view::default_group(&cx.scope, family, group))
    });
    let mut groups: Vec<_> = built_in.chain(own.iter().map(view::group)).collect();
    groups.sort_by(|one, other| {
        one.cache_parameter_group_name
            .cmp(&other.cache_parameter_group_name)
    });
    if let Some(name) = given(input.cache_parameter_group_name.as_deref()) {
        let name = name.to_ascii_lowercase();
        groups.retain(|group| group.cache_parameter_group_name.as_ref() == Some(&name));
        if groups.is_empty() {
            return Err(cache_parameter_group_not_found(&name));
        }
    }
    groups.retain(|group| after.is_none() || group.cache_parameter_group_name > after);
    let has_more = groups.len() > limit;
    groups.truncate(limit);
    let last = groups
        .last()
        .and_then(|group| group.cache_parameter_group_name.as_ref());
    Ok(CacheParameterGroupsMessage {
        marker: last
            .filter(|_| has_more)
            .map(|name| marker(List::CacheParameterGroups, name)),
        cache_parameter_groups: Some(groups),
    })
}

/// DescribeCacheParameters: a group's parameters, and those that the node type decides, of one source or of all. Pages count both.
///
/// # Errors
/// `CacheParameterGroupNotFound`; `InvalidParameterValue` for a source that is none, a page size or marker out of bounds.
pub async fn describe_cache_parameters(
    cx: &Context,
    input: DescribeCacheParametersMessage,
) -> Result<CacheParameterGroupDetails, Fault> {
    let name = input.cache_parameter_group_name.to_ascii_lowercase();
    let source = given(input.source.as_deref())
        .map(|word| {
            Source::from_word(word).ok_or_else(|| {
                invalid_value(format!(
                    "Invalid source: {word}. It is user, system or engine-default."
                ))
            })
        })
        .transpose()?;
    let limit = page_size(input.max_records)?;
    let start = position(List::CacheParameters, input.marker.as_deref())?.unwrap_or_default();
    let described = match parameter::find_default_group(&name) {
        Some((family, group)) => Described::default_group(family, group),
        None => Described::group(&find(cx, &name).await?),
    };
    let page = described.page(source, start, limit);
    Ok(CacheParameterGroupDetails {
        marker: page.next.map(|next| marker(List::CacheParameters, next)),
        parameters: Some(page.parameters),
        cache_node_type_specific_parameters: Some(page.node_type_parameters),
    })
}

/// DescribeEngineDefaultParameters: a family's parameters.
///
/// # Errors
/// `InvalidParameterValue` for a family that is none, a page size or marker out of bounds.
pub async fn describe_engine_default_parameters(
    _: &Context,
    input: DescribeEngineDefaultParametersMessage,
) -> Result<DescribeEngineDefaultParametersResult, Fault> {
    let family = family(&input.cache_parameter_group_family)?;
    let limit = page_size(input.max_records)?;
    let list = List::EngineDefaultParameters;
    let start = position(list, input.marker.as_deref())?.unwrap_or_default();
    let page = Described::family(family).page(None, start, limit);
    Ok(DescribeEngineDefaultParametersResult {
        engine_defaults: Some(EngineDefaults {
            cache_parameter_group_family: Some(family.name.to_owned()),
            marker: page.next.map(|next| marker(list, next)),
            parameters: Some(page.parameters),
            cache_node_type_specific_parameters: Some(page.node_type_parameters),
        }),
    })
}

/// ModifyCacheParameterGroup: all values, or none where one is refused. Those that act at once are on every node that uses the group
/// as soon as its reconciler has been there; the rest asks for reboots.
///
/// # Errors
/// `CacheParameterGroupNotFound`; `InvalidParameterValue` for a built-in group and for names and values that are refused;
/// `InvalidParameterCombination` for more than twenty; `InvalidCacheParameterGroupState` while others change it.
pub async fn modify_cache_parameter_group(
    cx: &Context,
    input: ModifyCacheParameterGroupMessage,
) -> Result<CacheParameterGroupNameMessage, Fault> {
    let name = input.cache_parameter_group_name.to_ascii_lowercase();
    refuse_default(&name)?;
    let entries = &input.parameter_name_values;
    change(cx, &name, |group| {
        demand_entries(entries)?;
        for entry in entries {
            let value = entry.parameter_value.as_deref();
            let value = value.ok_or_else(|| missing("ParameterValue"))?;
            group.set(parameter_name(entry)?, value).map_err(fault_of)?;
        }
        Ok(())
    })
    .await
}

/// ResetCacheParameterGroup: those parameters that are named, or all.
///
/// # Errors
/// As for ModifyCacheParameterGroup; `InvalidParameterCombination` where both or neither are asked for.
pub async fn reset_cache_parameter_group(
    cx: &Context,
    input: ResetCacheParameterGroupMessage,
) -> Result<CacheParameterGroupNameMessage, Fault> {
    let name = input.cache_parameter_group_name.to_ascii_lowercase();
    refuse_default(&name)?;
    let entries = input.parameter_name_values.as_deref().unwrap_or_default();
    let all = input.reset_all_parameters.unwrap_or(false);
    if all && !entries.is_empty() {
        return Err(invalid_combination(
            "ParameterNameValues cannot be specified when ResetAllParameters is true.",
        ));
    }
    change(cx, &name, |group| {
        if all {
            return group.reset_all().map_err(fault_of);
        }
        demand_entries(entries)?;
        let reset = |entry| group.reset(parameter_name(entry)?).map_err(fault_of);
        entries.iter().try_for_each(reset)
    })
    .await
}

/// DeleteCacheParameterGroup. Its reply has no result element.
///
/// # Errors
/// `CacheParameterGroupNotFound`; `InvalidCacheParameterGroupState` while a cache uses it; `InvalidParameterValue` for a built-in
/// group.
pub async fn delete_cache_parameter_group(
    cx: &Context,
    input: DeleteCacheParameterGroupMessage,
) -> Result<(), Fault> {
    let name = input.cache_parameter_group_name.to_ascii_lowercase();
    if parameter::find_default_group(&name).is_some() {
        return Err(invalid_value(format!(
            "The parameter group {name} is a default group and cannot be deleted."
        )));
    }
    let deleted = event(cx, &name, format!("Deleted CacheParameterGroup {name}"));
    match cx
        .datastore
        .cache_parameter_group_forget(&cx.scope, &name, &[deleted])
        .await
    {
        Ok(()) => Ok(()),
        Err(StoreError::NotFound) => Err(cache_parameter_group_not_found(&name)),
        Err(StoreError::InUse) => Err(state(format!(
            "One or more cache clusters are still members of this parameter group {name}, so the group cannot be deleted."
        ))),
        Err(error) => Err(internal(error)),
    }
}

/// Makes `change` to a group, or nothing of it, and tells of each value that has become another.
async fn change(
    cx: &Context,
    name: &str,
    mut change: impl FnMut(&mut CacheParameterGroup) -> Result<(), Fault>,
) -> Result<CacheParameterGroupNameMessage, Fault> {
    for _ in 0..STALE_TRIES {
        let before = find(cx, name).await?;
        let mut after = before.clone();
        change(&mut after)?;
        let stored = match after == before {
            true => Ok(()),
            false => {
                let events = change_events(cx, &before, &after);
                cx.datastore
                    .cache_parameter_group_request(&after, &events)
                    .await
            }
        };
        match stored {
            Ok(()) => {
                cx.activators.cache_cluster.wake();
                return Ok(CacheParameterGroupNameMessage {
                    cache_parameter_group_name: Some(after.name),
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    // In AWS's words, by which Terraform knows that it may try again.
    Err(state(format!(
        "The parameter group {name} has pending changes. Try again."
    )))
}

/// A parameter that has no value any more is told of with an empty one.
fn change_events(
    cx: &Context,
    before: &CacheParameterGroup,
    after: &CacheParameterGroup,
) -> Vec<Event> {
    let parameters = after.family.parameters.iter();
    parameters
        .filter_map(|parameter| {
            let value = |group: &CacheParameterGroup| {
                let own = group.values.get(parameter.name).map(String::as_str);
                own.or(parameter.default).unwrap_or_default().to_owned()
            };
            let now = value(after);
            (value(before) != now).then(|| {
                let text = format!("Updated parameter {} to {now}", parameter.name);
                event(cx, &after.name, text)
            })
        })
        .collect()
}

async fn find(cx: &Context, name: &str) -> Result<CacheParameterGroup, Fault> {
    match cx
        .datastore
        .cache_parameter_group_get(&cx.scope, name)
        .await
    {
        Ok(group) => Ok(group),
        Err(StoreError::NotFound) => Err(cache_parameter_group_not_found(name)),
        Err(error) => Err(internal(error)),
    }
}

fn refuse_default(name: &str) -> Result<(), Fault> {
    match parameter::find_default_group(name) {
        Some(_) => Err(default_parameter_group(name)),
        None => Ok(()),
    }
}

fn family(name: &str) -> Result<&'static Family, Fault> {
    parameter::family(name).ok_or_else(|| {
        let start: String = name.chars().take(100).collect();
        invalid_value(format!(
            "CacheParameterGroupFamily {start} is not a valid parameter group family."
        ))
    })
}

fn description(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() {
        return Err(invalid_value(
            "The parameter Description must be provided and must not be blank.",
        ));
    }
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(invalid_value(format!(
            "The parameter Description must have at least 1 and no more than {DESCRIPTION_MAX} characters."
        )));
    }
    Ok(text.to_owned())
}

/// One to twenty, each parameter once (texts: behaviour.md section 40).
fn demand_entries(entries: &[ParameterNameValue]) -> Result<(), Fault> {
    if entries.is_empty() {
        return Err(invalid_value(
            "The parameter ParameterNameValues must be provided.",
        ));
    }
    if entries.len() > PARAMETERS_PER_CALL_MAX {
        return Err(invalid_combination(format!(
            "Cannot modify more than {PARAMETERS_PER_CALL_MAX} parameters in a single request"
        )));
    }
    for (index, entry) in entries.iter().enumerate() {
        let name = parameter_name(entry)?;
        let twice = |other: &ParameterNameValue| other.parameter_name.as_deref() == Some(name);
        if entries[..index].iter().any(twice) {
            return Err(fault_of(Violation::combination(format!(
                "The parameter {name} is named more than once."
            ))));
        }
    }
    Ok(())
}

fn parameter_name(entry: &ParameterNameValue) -> Result<&str, Fault> {
    given(entry.parameter_name.as_deref()).ok_or_else(|| missing("ParameterName"))
}

fn missing(member: &str) -> Fault {
    invalid_value(format!("The parameter {member} must be provided."))
}

fn event(cx: &Context, name: &str, text: String) -> Event {
    Event::of_cache_parameter_group(name, text, cx.clock.now())
}

fn state(message: impl Into<String>) -> Fault {
    Fault::new(FaultCode::InvalidCacheParameterGroupState, message)
}
