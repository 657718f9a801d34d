//! Service updates: what there is, how far each cache has come, and applying one or stopping that (behaviour.md section 29).

pub mod publish;
mod view;

use std::collections::BTreeMap;

use cacheplane_api::shapes::{
    BatchApplyUpdateActionMessage, BatchStopUpdateActionMessage, DescribeServiceUpdatesMessage,
    DescribeUpdateActionsMessage, ProcessedUpdateAction, ServiceUpdatesMessage,
    UnprocessedUpdateAction, UpdateActionResultsMessage, UpdateActionsMessage,
};
use cacheplane_api::{Fault, FaultCode};

use super::Context;
use super::faults::{
    cache_cluster_not_found, internal, invalid_combination, invalid_value,
    replication_group_not_found,
};
use super::paging::{List, marker, page_size, position};
use super::spec::given;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::scope::Scope;
use crate::resources::service_update::{
    ActionStatus, Resource, ServiceUpdate, Target, UpdateAction,
};

/// Most caches of each kind in one request (API reference).
const BATCH_MAX: usize = 20;

/// What updates can be applied to, and what they were applied to.
struct Caches {
    clusters: Vec<CacheCluster>,
    groups: Vec<ReplicationGroup>,
    actions: BTreeMap<(i64, Target), UpdateAction>,
}

impl Caches {
    async fn read(cx: &Context) -> Result<Self, Fault> {
        let store = &cx.datastore;
        let actions = store.update_action_list().await.map_err(internal)?;
        let clusters = store.cache_cluster_list().await.map_err(internal)?;
        let groups = store.replication_group_list().await.map_err(internal)?;
        let ours = |scope: &Scope| *scope == cx.scope;
        let key = |action: &UpdateAction| (action.service_update_key, action.target);
        Ok(Self {
            clusters: clusters.into_iter().filter(|it| ours(&it.scope)).collect(),
            groups: groups.into_iter().filter(|it| ours(&it.scope)).collect(),
            actions: actions.into_iter().map(|it| (key(&it), it)).collect(),
        })
    }

    /// Groups, then cache clusters that are members of none.
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        let groups = self.groups.iter().map(Resource::ReplicationGroup);
        let alone = self.clusters.iter().filter(|one| one.membership.is_none());
        groups
            .chain(alone.map(Resource::CacheCluster))
            .filter(|resource| resource.is_there())
    }

    fn action(&self, update: &ServiceUpdate, target: Target) -> Option<&UpdateAction> {
        self.actions.get(&(update.key, target))
    }
}

/// DescribeServiceUpdates, in the order of their names.
///
/// # Errors
/// `ServiceUpdateNotFoundFault`; `InvalidParameterValue` for a status that is none.
pub async fn describe_service_updates(
    cx: &Context,
    input: DescribeServiceUpdatesMessage,
) -> Result<ServiceUpdatesMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let after: Option<String> = position(List::ServiceUpdates, input.marker.as_deref())?;
    let statuses = input.service_update_status.unwrap_or_default();
    check_words(&statuses, &UPDATE_STATUSES, "ServiceUpdateStatus")?;
    let now = cx.clock.now();
    let updates = named(cx, input.service_update_name.as_deref()).await?;
    let mut found = updates
        .iter()
        .filter(|update| statuses.is_empty() || statuses.iter().any(|it| it == update.status(now)))
        .filter(|update| after.as_ref().is_none_or(|after| update.name > *after));
    let page: Vec<&ServiceUpdate> = found.by_ref().take(limit).collect();
    let has_more = found.next().is_some();
    Ok(ServiceUpdatesMessage {
        marker: page
            .last()
            .filter(|_| has_more)
            .map(|last| marker(List::ServiceUpdates, &last.name)),
        service_updates: Some(page.into_iter().map(|it| view::update(it, now)).collect()),
    })
}

/// DescribeUpdateActions: each update with each cache that it is for or was applied to.
///
/// # Errors
/// `InvalidParameterValue` for a filter that is none.
pub async fn describe_update_actions(
    cx: &Context,
    input: DescribeUpdateActionsMessage,
) -> Result<UpdateActionsMessage, Fault> {
    let limit = page_size(input.max_records)?;
    let start: usize = position(List::UpdateActions, input.marker.as_deref())?.unwrap_or_default();
    let update_statuses = input.service_update_status.clone().unwrap_or_default();
    check_words(&update_statuses, &UPDATE_STATUSES, "ServiceUpdateStatus")?;
    let action_statuses = input.update_action_status.clone().unwrap_or_default();
    check_words(&action_statuses, &ACTION_STATUSES, "UpdateActionStatus")?;
    let now = cx.clock.now();
    let caches = Caches::read(cx).await?;
    let updates = named(cx, input.service_update_name.as_deref()).await?;
    let mut found = Vec::new();
    for update in updates.iter().filter(|it| is_wanted(&input, it)) {
        let status = update.status(now);
        if !update_statuses.is_empty() && !update_statuses.iter().any(|it| it == status) {
            continue;
        }
        for resource in caches.resources().filter(|it| is_named(&input, *it)) {
            let action = caches.action(update, resource.target());
            let is_shown = match action {
                Some(action) => action.is_shown(now),
                None => update.is_for(resource.engine_version()),
            };
            let status = update.action_status(action, resource, now);
            let is_wanted =
                action_statuses.is_empty() || action_statuses.iter().any(|it| it == status.word());
            if is_shown && is_wanted {
                found.push((update, action, resource));
            }
        }
    }
    let nodes = input.show_node_level_update_status == Some(true);
    let mut rest = found.into_iter().skip(start);
    let page = rest.by_ref().take(limit);
    let page =
        page.map(|(update, action, resource)| view::action(update, action, resource, nodes, now));
    Ok(UpdateActionsMessage {
        update_actions: Some(page.collect()),
        marker: rest
            .next()
            .map(|_| marker(List::UpdateActions, start + limit)),
    })
}

fn is_wanted(input: &DescribeUpdateActionsMessage, update: &ServiceUpdate) -> bool {
    let engine = given(input.engine.as_deref());
    let range = input.service_update_time_range.as_ref();
    let released = update.released_at.as_millis();
    let millis = |time: &aws_smithy_types::DateTime| time.to_millis().unwrap_or(i64::MAX);
    let start = range
        .and_then(|range| range.start_time.as_ref())
        .map(millis);
    let end = range.and_then(|range| range.end_time.as_ref()).map(millis);
    engine.is_none_or(|engine| engine.eq_ignore_ascii_case(update.engine.name()))
        && start.is_none_or(|start| released >= start)
        && end.is_none_or(|end| released <= end)
}

/// Whether a cache is among those that are named, where any are.
fn is_named(input: &DescribeUpdateActionsMessage, resource: Resource<'_>) -> bool {
    let clusters = input.cache_cluster_ids.as_deref().unwrap_or_default();
    let groups = input.replication_group_ids.as_deref().unwrap_or_default();
    let names = |ids: &[String], id: &str| ids.iter().any(|it| it.eq_ignore_ascii_case(id));
    match resource {
        _ if clusters.is_empty() && groups.is_empty() => true,
        Resource::CacheCluster(cluster) => names(clusters, &cluster.spec.cache_cluster_id),
        Resource::ReplicationGroup(group) => names(groups, &group.spec.replication_group_id),
    }
}

/// BatchApplyUpdateAction: each cache by itself; what cannot be is told of.
///
/// # Errors
/// `ServiceUpdateNotFoundFault`; `InvalidParameterValue` for more than twenty of a kind, `InvalidParameterCombination` for none.
pub async fn batch_apply_update_action(
    cx: &Context,
    input: BatchApplyUpdateActionMessage,
) -> Result<UpdateActionResultsMessage, Fault> {
    let ids = Ids::of(input.cache_cluster_ids, input.replication_group_ids)?;
    let update = one(cx, &input.service_update_name).await?;
    let caches = Caches::read(cx).await?;
    let now = cx.clock.now();
    let mut results = Results::of(&update);
    for id in ids.0 {
        let found = caches.find(&id).and_then(|resource| {
            let action = caches.action(&update, resource.target());
            let status = update.action_status(action, resource, now);
            let is_for = action.is_some() || update.is_for(resource.engine_version());
            match status.may_be_applied() && is_for && update.status(now) == "available" {
                true => Ok(resource),
                false => Err(not_in(&update, &id, status, is_for)),
            }
        });
        match found {
            Ok(resource) => {
                let store = &cx.datastore;
                store
                    .update_action_request(update.key, resource.target(), true, now)
                    .await
                    .map_err(internal)?;
                results.processed(&id, ActionStatus::Waiting);
            }
            Err(fault) => results.unprocessed(&id, &fault),
        }
    }
    cx.activators.service_update.wake();
    Ok(results.0)
}

/// BatchStopUpdateAction: nodes in progress end, others are left alone.
///
/// # Errors
/// Those of [`batch_apply_update_action`].
pub async fn batch_stop_update_action(
    cx: &Context,
    input: BatchStopUpdateActionMessage,
) -> Result<UpdateActionResultsMessage, Fault> {
    let ids = Ids::of(input.cache_cluster_ids, input.replication_group_ids)?;
    let update = one(cx, &input.service_update_name).await?;
    let caches = Caches::read(cx).await?;
    let now = cx.clock.now();
    let mut results = Results::of(&update);
    for id in ids.0 {
        let found = caches.find(&id).and_then(|resource| {
            let action = caches.action(&update, resource.target());
            let status = update.action_status(action, resource, now);
            match status.may_be_stopped() {
                true => Ok(resource),
                false => Err(not_in(&update, &id, status, true)),
            }
        });
        match found {
            Ok(resource) => {
                let store = &cx.datastore;
                store
                    .update_action_stop(update.key, resource.target(), now)
                    .await
                    .map_err(internal)?;
                results.processed(&id, ActionStatus::Stopping);
            }
            Err(fault) => results.unprocessed(&id, &fault),
        }
    }
    cx.activators.service_update.wake();
    Ok(results.0)
}

/// A cache as a request names it.
enum Id {
    CacheCluster(String),
    ReplicationGroup(String),
}

struct Ids(Vec<Id>);

impl Ids {
    fn of(clusters: Option<Vec<String>>, groups: Option<Vec<String>>) -> Result<Self, Fault> {
        let (clusters, groups) = (clusters.unwrap_or_default(), groups.unwrap_or_default());
        for (member, ids) in [
            ("CacheClusterIds", &clusters),
            ("ReplicationGroupIds", &groups),
        ] {
            if ids.len() > BATCH_MAX {
                return Err(invalid_value(format!(
                    "{member} must have at most {BATCH_MAX} entries."
                )));
            }
        }
        if clusters.is_empty() && groups.is_empty() {
            return Err(invalid_combination(
                "At least one of CacheClusterIds and ReplicationGroupIds must be provided.",
            ));
        }
        let lower = |id: String| id.to_ascii_lowercase();
        let groups = groups.into_iter().map(lower).map(Id::ReplicationGroup);
        let clusters = clusters.into_iter().map(lower).map(Id::CacheCluster);
        Ok(Self(groups.chain(clusters).collect()))
    }
}

impl Caches {
    fn find(&self, id: &Id) -> Result<Resource<'_>, Fault> {
        let found = match id {
            Id::CacheCluster(id) => {
                let mut clusters = self.clusters.iter();
                let found = clusters.find(|one| one.spec.cache_cluster_id == *id);
                let found = found.ok_or_else(|| cache_cluster_not_found(id))?;
                if let Some(group) = &found.membership {
                    return Err(invalid_value(format!(
                        "The cache cluster {id} is a member of replication group {}. Name that one.",
                        group.replication_group_id
                    )));
                }
                Resource::CacheCluster(found)
            }
            Id::ReplicationGroup(id) => {
                let mut groups = self.groups.iter();
                let found = groups.find(|one| one.spec.replication_group_id == *id);
                Resource::ReplicationGroup(found.ok_or_else(|| replication_group_not_found(id))?)
            }
        };
        match found.is_there() {
            true => Ok(found),
            false => Err(invalid_value("It is not available.")),
        }
    }
}

struct Results(UpdateActionResultsMessage, String);

impl Results {
    fn of(update: &ServiceUpdate) -> Self {
        let results = UpdateActionResultsMessage {
            processed_update_actions: Some(Vec::new()),
            unprocessed_update_actions: Some(Vec::new()),
        };
        Self(results, update.name.clone())
    }

    fn processed(&mut self, id: &Id, status: ActionStatus) {
        let (cache_cluster_id, replication_group_id) = id.columns();
        let processed = self.0.processed_update_actions.get_or_insert_default();
        processed.push(ProcessedUpdateAction {
            cache_cluster_id,
            replication_group_id,
            service_update_name: Some(self.1.clone()),
            update_action_status: Some(status.word().to_owned()),
        });
    }

    fn unprocessed(&mut self, id: &Id, fault: &Fault) {
        let (cache_cluster_id, replication_group_id) = id.columns();
        let unprocessed = self.0.unprocessed_update_actions.get_or_insert_default();
        unprocessed.push(UnprocessedUpdateAction {
            cache_cluster_id,
            replication_group_id,
            service_update_name: Some(self.1.clone()),
            error_type: Some(fault.code().wire_code().to_owned()),
            error_message: Some(fault.message().to_owned()),
        });
    }
}

impl Id {
    fn columns(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::CacheCluster(id) => (Some(id.clone()), None),
            Self::ReplicationGroup(id) => (None, Some(id.clone())),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::CacheCluster(id) | Self::ReplicationGroup(id) => id,
        }
    }
}

fn not_in(update: &ServiceUpdate, id: &Id, status: ActionStatus, is_for: bool) -> Fault {
    let status = if is_for {
        status
    } else {
        ActionStatus::NotApplicable
    };
    invalid_value(format!(
        "The update action of service update {} for {} has status {}.",
        update.name,
        id.text(),
        status.word()
    ))
}

const UPDATE_STATUSES: [&str; 3] = ["available", "cancelled", "expired"];

const ACTION_STATUSES: [&str; 9] = [
    "not-applied",
    "waiting-to-start",
    "in-progress",
    "stopping",
    "stopped",
    "complete",
    "scheduling",
    "scheduled",
    "not-applicable",
];

fn check_words(given: &[String], known: &[&str], member: &str) -> Result<(), Fault> {
    let stranger = given.iter().find(|word| !known.contains(&word.as_str()));
    match stranger {
        None => Ok(()),
        Some(word) => Err(invalid_value(format!("Invalid value {word} for {member}."))),
    }
}

/// All updates, or the one that is named.
async fn named(cx: &Context, name: Option<&str>) -> Result<Vec<ServiceUpdate>, Fault> {
    match given(name) {
        Some(name) => Ok(vec![one(cx, name).await?]),
        None => cx.datastore.service_update_list().await.map_err(internal),
    }
}

async fn one(cx: &Context, name: &str) -> Result<ServiceUpdate, Fault> {
    let updates = cx.datastore.service_update_list().await.map_err(internal)?;
    let found = updates.into_iter().find(|update| update.name == name);
    found.ok_or_else(|| {
        Fault::new(
            FaultCode::ServiceUpdateNotFound,
            format!("Service update {name} not found."),
        )
    })
}
