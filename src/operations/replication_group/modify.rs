//! ModifyReplicationGroup.

use cacheplane_api::shapes::{ModifyReplicationGroupMessage, ModifyReplicationGroupResult};
use cacheplane_api::{Fault, FaultCode};

use super::super::Context;
use super::super::faults::{
    cache_cluster_not_found, fault_of, internal, invalid_combination, invalid_value,
};
use super::super::log_delivery;
use super::super::node_type::refuse_unlisted;
use super::super::spec::{
    FoundGroup, NamedGroup, given, has_entries, named_group, network, no_cache_security_groups,
    node_type, notification, notification_status, parameter_group, parameter_groups,
    security_groups, snapshot_retention,
};
use super::super::user_group;
use super::encryption;
use super::spec::{cluster_mode, description, durability, engine};
use super::{
    STALE_TRIES, compatible, contended, demand, find, held_up, node_groups, state, view, wake,
};
use crate::datastore::Error as StoreError;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::engine::{self as engines, Engine, EngineVersion, Upgrade, UpgradeCondition};
use crate::resources::event::Event;
use crate::resources::log_delivery::wish;
use crate::resources::node_type::NodeType;
use crate::resources::replication_group::pending::{self, Modification};
use crate::resources::replication_group::replicas::check_multi_az;
use crate::resources::replication_group::{AttachedUserGroup, ReplicationGroup};
use crate::resources::window::{MaintenanceWindow, SnapshotWindow, check_apart};

/// ModifyReplicationGroup. Engine version, node type and promotion wait for the maintenance window unless they are to be applied
/// immediately; everything else acts at once.
///
/// # Errors
/// `ReplicationGroupNotFoundFault`; `InvalidReplicationGroupState` unless available, and for a promotion under automatic failover;
/// `CacheClusterNotFound` for ids that are no member's; `InvalidParameterValue` and `InvalidParameterCombination` as AWS has them.
pub async fn modify_replication_group(
    cx: &Context,
    input: ModifyReplicationGroupMessage,
) -> Result<ModifyReplicationGroupResult, Fault> {
    let named = named_group(cx, input.cache_parameter_group_name.as_deref()).await?;
    for _ in 0..STALE_TRIES {
        let before = find(cx, &input.replication_group_id).await?;
        let mut after = before.clone();
        let events = if held_up::is_held_up(&before) {
            held_up::modify(cx, &input, &mut after)?
        } else {
            demand(&before)?;
            demand_a_wish(&input)?;
            compatible::demand_mode_alone(&input, &before)?;
            let user_group = wanted_user_group(cx, &input, &before).await?;
            let events = modify(cx, &input, named.as_ref(), &mut after)?;
            let tokens = encryption::wanted_tokens(cx, &input, &before, user_group.as_ref())?;
            if tokens.is_some() || matches!(user_group, Some(Some(_))) {
                let (was, becomes) = (&before.spec, &after.spec);
                encryption::demand_required(was.transit_encryption, becomes.transit_encryption)?;
            }
            if let Some(user_group) = user_group {
                after.attach_user_group(user_group);
            }
            if let Some((strategy, tokens)) = tokens {
                after.change_tokens(strategy, tokens);
            }
            events
        };
        let stored = if after == before {
            Ok(before)
        } else {
            cx.datastore
                .replication_group_request(&after, &[], &events, cx.presentation.node_quota)
                .await
        };
        match stored {
            Ok(group) => {
                wake(cx);
                cx.activators.maintenance.wake();
                return Ok(ModifyReplicationGroupResult {
                    replication_group: Some(view::view(cx, &group)),
                });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(internal(error)),
        }
    }
    Err(contended())
}

/// An empty token beside a strategy, and nothing else, asks for nothing. Terraform's provider sends just that after an import, and takes
/// this refusal, and no other, for success.
fn demand_a_wish(input: &ModifyReplicationGroupMessage) -> Result<(), Fault> {
    let nothing = ModifyReplicationGroupMessage {
        replication_group_id: input.replication_group_id.clone(),
        apply_immediately: input.apply_immediately,
        auth_token: Some(String::new()),
        auth_token_update_strategy: input.auth_token_update_strategy.clone(),
        ..ModifyReplicationGroupMessage::default()
    };
    if *input == nothing {
        return Err(invalid_combination("No modifications were requested"));
    }
    Ok(())
}

/// Takes the whole request into the wish, or refuses it whole.
fn modify(
    cx: &Context,
    input: &ModifyReplicationGroupMessage,
    named: Option<&NamedGroup>,
    group: &mut ReplicationGroup,
) -> Result<Vec<Event>, Fault> {
    refuse_unsupported(input)?;
    encryption::modify(input, group)?;
    refuse_for_shards(input, group)?;
    if let Some(mode) = cluster_mode(input.cluster_mode.as_deref())? {
        compatible::change(group, mode)?;
    }
    if let Some(text) = &input.replication_group_description {
        group.spec.description = description(text)?;
    }
    modify_windows(input, group)?;
    modify_snapshots(input, group)?;
    if let Some(topic) = input.notification_topic_arn.as_deref() {
        // An empty topic takes the topic away; Terraform sends it so.
        group.spec.notification = notification(Some(topic))?;
    }
    notification_status(
        input.notification_topic_status.as_deref(),
        group.spec.notification.as_mut(),
    )?;
    if let Some(upgrade) = input.auto_minor_version_upgrade {
        group.spec.auto_minor_version_upgrade = upgrade;
    }
    let mut events = modify_security_groups(cx, input, group)?;
    modify_availability(input, group)?;
    let engine_version = wanted_version(input, group)?;
    let (attached, parameter_group_name) = wanted_parameter_group(named, engine_version, group)?;
    if let Some(name) = attached {
        let text = format!("Updated to use a CacheParameterGroup {name}");
        events.extend(member_events(cx, group, &text));
        group.spec.parameter_group_name = name;
    }
    let modification = Modification {
        engine_version,
        parameter_group_name,
        node_type: wanted_node_type(input, group)?,
        primary_cluster_id: wanted_primary(input, group)?,
        apply_immediately: input.apply_immediately.unwrap_or(false),
    };
    pending::modify(group, modification).map_err(fault_of)?;
    let logs = input.log_delivery_configurations.as_ref();
    let version = group.spec.engine_version;
    let wishes = log_delivery::changes(logs, version, input.apply_immediately)?;
    wish(&mut group.log_deliveries, wishes, cx.clock.now());
    group.share_settings();
    Ok(events)
}

/// What a group without one primary cannot have (texts: behaviour.md section 40).
fn refuse_for_shards(
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<(), Fault> {
    let is_sharded = group.sharding.is_some();
    if !is_sharded {
        return Ok(());
    }
    if input.automatic_failover_enabled == Some(false) {
        return Err(invalid_value(
            "Turning off automatic failover for replication group with cluster mode enabled is not supported.",
        ));
    }
    if given(input.snapshotting_cluster_id.as_deref()).is_some() {
        return Err(invalid_combination(
            "Cannot set snapshotting cluster for cluster mode enabled replication group.",
        ));
    }
    if given(input.primary_cluster_id.as_deref()).is_some() {
        return Err(invalid_combination(
            "PrimaryClusterId cannot be specified for a replication group with cluster mode enabled.",
        ));
    }
    Ok(())
}

fn modify_security_groups(
    cx: &Context,
    input: &ModifyReplicationGroupMessage,
    group: &mut ReplicationGroup,
) -> Result<Vec<Event>, Fault> {
    if !has_entries(input.security_group_ids.as_ref()) {
        return Ok(Vec::new());
    }
    let wanted = security_groups(input.security_group_ids.as_ref(), &cx.scope)?;
    if group.spec.security_group_ids == wanted {
        return Ok(Vec::new());
    }
    group.spec.security_group_ids = wanted;
    Ok(member_events(cx, group, "Applied change to security group"))
}

/// The same told of every member that shall stay.
fn member_events(cx: &Context, group: &ReplicationGroup, text: &str) -> Vec<Event> {
    let now = cx.clock.now();
    group
        .wished_members()
        .map(|member| Event::of_cache_cluster(&member.spec.cache_cluster_id, text, now))
        .collect()
}

fn modify_windows(
    input: &ModifyReplicationGroupMessage,
    group: &mut ReplicationGroup,
) -> Result<(), Fault> {
    if let Some(text) = given(input.preferred_maintenance_window.as_deref()) {
        group.spec.maintenance_window = MaintenanceWindow::parse(text).map_err(fault_of)?;
    }
    if let Some(text) = given(input.snapshot_window.as_deref()) {
        group.spec.snapshot_window = SnapshotWindow::parse(text).map_err(fault_of)?;
    }
    check_apart(&group.spec.maintenance_window, &group.spec.snapshot_window).map_err(fault_of)
}

/// Automatic snapshots are turned on with both members or not at all (texts: behaviour.md section 40).
fn modify_snapshots(
    input: &ModifyReplicationGroupMessage,
    group: &mut ReplicationGroup,
) -> Result<(), Fault> {
    let named = given(input.snapshotting_cluster_id.as_deref()).map(str::to_ascii_lowercase);
    let days = input
        .snapshot_retention_limit
        .map(|days| snapshot_retention(Some(days), group.spec.engine()))
        .transpose()?;
    if group.spec.snapshot_retention_days == 0 {
        let turns_on = days.is_some_and(|days| days > 0);
        if named.is_some() != turns_on {
            return Err(invalid_combination(
                "Must specify both SnapshotRetentionLimit and SnapshottingClusterId to turn on snapshots",
            ));
        }
    }
    if let Some(id) = named {
        if !is_staying_member(group, &id) {
            return Err(Fault::new(
                FaultCode::CacheClusterNotFound,
                "Specified snapshotting cluster does not exist",
            ));
        }
        group.spec.snapshotting_cluster_id = Some(id);
    }
    if let Some(days) = days {
        group.spec.snapshot_retention_days = days;
    }
    Ok(())
}

/// Automatic failover and Multi-AZ, which wants it.
fn modify_availability(
    input: &ModifyReplicationGroupMessage,
    group: &mut ReplicationGroup,
) -> Result<(), Fault> {
    let failover = input
        .automatic_failover_enabled
        .unwrap_or(group.spec.automatic_failover);
    let multi_az = input.multi_az_enabled.unwrap_or(group.spec.multi_az);
    // With cluster mode enabled it is on, with replicas or without.
    let lacks_replica = group.sharding.is_none() && group.wished_replica_count() == 0;
    if input.automatic_failover_enabled == Some(true) && lacks_replica {
        return Err(invalid_value(
            "Replication group must have at least one read replica to enable autofailover.",
        ));
    }
    if multi_az && input.automatic_failover_enabled == Some(false) {
        return Err(invalid_combination(
            "Automatic failover cannot be disabled while Multi-AZ is enabled.",
        ));
    }
    if input.multi_az_enabled == Some(true) {
        for zones in shard_zones(group) {
            check_multi_az(&zones, failover).map_err(fault_of)?;
        }
    }
    let switches = failover != group.spec.automatic_failover;
    if switches {
        group.switch_automatic_failover(failover);
    }
    if multi_az != group.spec.multi_az {
        group.spec.multi_az = multi_az;
        if !switches {
            group.raise_generation();
        }
    }
    Ok(())
}

/// The zones of the members of each node group.
fn shard_zones(group: &ReplicationGroup) -> Vec<Vec<String>> {
    let Some(sharding) = &group.sharding else {
        return vec![group.zones()];
    };
    let zone = |member: &CacheCluster| member.nodes.first().map(|node| node.zone.clone());
    sharding
        .node_groups
        .iter()
        .map(|one| {
            let members = group.wished_shard_members(one.id);
            members.filter_map(|(_, member)| zone(member)).collect()
        })
        .collect()
}

/// Engine and version together: another engine without a version means its default one.
fn wanted_version(
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<Option<&'static EngineVersion>, Fault> {
    let current = group.spec.engine_version;
    let engine = engine(input.engine.as_deref())?.unwrap_or(current.engine);
    let text = given(input.engine_version.as_deref());
    if text.is_none() && engine == current.engine {
        return Ok(None);
    }
    if text.is_none() && engine == Engine::Redis {
        return Err(invalid_combination(format!(
            "Cannot modify {} to {engine}",
            current.engine
        )));
    }
    let wanted = engines::resolve_known(engine, text).map_err(fault_of)?;
    match engines::may_upgrade(current, wanted).map_err(fault_of)? {
        Upgrade::AllowedIf(UpgradeCondition::NotEncrypted) if group.spec.at_rest_encryption => {
            Err(invalid_combination(format!(
                "Cannot modify {engine} from {} to {}: encryption features are not supported for engine version {}.",
                current.version, wanted.version, wanted.version
            )))
        }
        Upgrade::AllowedIf(UpgradeCondition::UsersAreRedis)
            if group
                .access
                .user_group
                .as_ref()
                .is_some_and(|it| it.engine == Engine::Valkey) =>
        {
            Err(invalid_combination(format!(
                "Cannot modify {} to {engine}: the user group of replication group {} is of engine valkey.",
                current.engine, group.spec.replication_group_id
            )))
        }
        Upgrade::Unchanged
        | Upgrade::Allowed
        | Upgrade::AllowedIf(
            UpgradeCondition::NotEncrypted
            | UpgradeCondition::ReplicationGroup
            | UpgradeCondition::UsersAreRedis,
        ) => Ok(Some(wanted)),
    }
}

/// The user group that there shall be, in place of the one that there is; none inside where there shall be none, none outside where
/// nothing is said of it.
async fn wanted_user_group(
    cx: &Context,
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<Option<Option<AttachedUserGroup>>, Fault> {
    let adds = input.user_group_ids_to_add.as_deref().unwrap_or_default();
    let removes = input
        .user_group_ids_to_remove
        .as_deref()
        .unwrap_or_default();
    let remove_all = input.remove_user_groups == Some(true);
    if adds.is_empty() && removes.is_empty() && !remove_all {
        return Ok(None);
    }
    let attached = group.access.user_group.as_ref();
    let is_attached =
        |id: &String| attached.is_some_and(|it| it.user_group_id.eq_ignore_ascii_case(id));
    if let Some(id) = removes.iter().find(|id| !is_attached(id)) {
        return Err(invalid_value(format!(
            "User group {id} is not associated with replication group {}.",
            group.spec.replication_group_id
        )));
    }
    let wanted = user_group::attachable(cx, adds, group.spec.engine_version).await?;
    let stays = attached.filter(|_| removes.is_empty() && !remove_all);
    match (wanted, stays) {
        (Some(wanted), Some(stays)) if wanted.key != stays.key => Err(invalid_value(
            "Only one user group can be associated with a replication group.",
        )),
        (None, stays) => Ok(Some(stays.cloned())),
        (wanted, _) => Ok(Some(wanted)),
    }
}

/// The parameter group to have at once, and the one to come with the engine version. Cluster mode is turned neither on nor off by it
/// (text: behaviour.md section 40).
fn wanted_parameter_group(
    named: Option<&NamedGroup>,
    engine_version: Option<&'static EngineVersion>,
    group: &ReplicationGroup,
) -> Result<(Option<String>, Option<String>), Fault> {
    let spec = &group.spec;
    let version = engine_version.unwrap_or(spec.engine_version);
    let found = named.and_then(|named| named.found);
    let is_sharded = group.sharding.is_some();
    let turns = |found: FoundGroup| {
        found.cluster_enabled != is_sharded && found.family.name == version.family
    };
    if found.is_some_and(turns) {
        return Err(invalid_combination(
            "The parameter cluster-enabled has a different value in the requested parameter group than the current \
             parameter group. This parameter value cannot be changed for a cache cluster",
        ));
    }
    let current = (spec.parameter_group_name.as_str(), spec.engine_version);
    let fitting = match is_sharded {
        true => node_groups::parameter_group,
        false => parameter_group,
    };
    parameter_groups(named, current, engine_version, fitting)
}

fn wanted_node_type(
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<Option<&'static NodeType>, Fault> {
    if given(input.cache_node_type.as_deref()).is_none() {
        return Ok(None);
    }
    let wanted = node_type(input.cache_node_type.as_deref())?;
    let current = group.spec.node_type;
    refuse_unlisted(current, wanted, group.spec.engine_version)?;
    Ok(Some(wanted))
}

/// The member to be promoted; only where nobody takes over by itself (text: behaviour.md section 40).
fn wanted_primary(
    input: &ModifyReplicationGroupMessage,
    group: &ReplicationGroup,
) -> Result<Option<String>, Fault> {
    let Some(id) = given(input.primary_cluster_id.as_deref()) else {
        return Ok(None);
    };
    let id = id.to_ascii_lowercase();
    if !is_staying_member(group, &id) {
        return Err(cache_cluster_not_found(&id));
    }
    if group.spec.automatic_failover || group.spec.multi_az {
        return Err(state(
            "Cannot manually promote a new master cache cluster while autofailover is enabled",
        ));
    }
    Ok(Some(id))
}

fn is_staying_member(group: &ReplicationGroup, id: &str) -> bool {
    group
        .wished_members()
        .any(|member| member.spec.cache_cluster_id == id)
}

/// What AWS refuses here, in its words, and what we do not have yet, by name. NodeGroupId is deprecated and ignored, as on AWS.
fn refuse_unsupported(input: &ModifyReplicationGroupMessage) -> Result<(), Fault> {
    no_cache_security_groups(input.cache_security_group_names.as_ref())?;
    durability(input.durability.as_deref())?;
    network(None, input.ip_discovery.as_deref())
}
