//! What of a replication group waits for its maintenance window, and what acts at once (behaviour.md sections 9, 14, 15 and 16).
//!
//! Engine version, node type and promotion wait unless they are to be applied at once. What a promotion finds when its time comes may
//! have changed: it is dropped where automatic failover is on by then, or the member is gone or is the primary already.

use super::{GroupChange, ReplicationGroup};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::engine::EngineVersion;
use crate::resources::node_type::NodeType;
use crate::resources::parameter;
use crate::resources::transit_encryption::TransitEncryptionMode;
use crate::resources::violation::Violation;

/// What a ModifyReplicationGroup asks of the engine's side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Modification {
    /// Another engine version.
    pub engine_version: Option<&'static EngineVersion>,
    /// The parameter group to come with it, of another family than the present one.
    pub parameter_group_name: Option<String>,
    /// Another node type.
    pub node_type: Option<&'static NodeType>,
    /// The member that shall be the primary.
    pub primary_cluster_id: Option<String>,
    /// At once, together with whatever waits; else in the maintenance window.
    pub apply_immediately: bool,
}

/// Takes `modification` into the wish, or into what waits.
///
/// # Errors
/// What AWS refuses: an upgrade at once while a node type waits, and the other way round.
pub fn modify(group: &mut ReplicationGroup, modification: Modification) -> Result<(), Violation> {
    let Modification {
        engine_version,
        parameter_group_name,
        node_type,
        primary_cluster_id,
        apply_immediately,
    } = modification;
    if apply_immediately {
        refuse_blocked(group, engine_version.is_some(), node_type.is_some())?;
    }
    let current = (group.spec.engine_version, group.spec.node_type);
    if let Some(wanted) = engine_version {
        group.pending.engine_version = Some(wanted).filter(|wanted| *wanted != current.0);
        group.pending.parameter_group_name =
            parameter_group_name.filter(|_| wanted.family != current.0.family);
    }
    if let Some(wanted) = node_type {
        group.pending.node_type = Some(wanted).filter(|wanted| *wanted != current.1);
    }
    if let Some(wanted) = primary_cluster_id {
        let is_primary = wanted == group.primary.cache_cluster_id;
        group.pending.primary_cluster_id = Some(wanted).filter(|_| !is_primary);
    }
    if apply_immediately {
        apply(group);
    }
    Ok(())
}

/// Makes everything that waits part of the wish. The members' own specs stay as they are: the reconciler rolls one after the other.
pub fn apply(group: &mut ReplicationGroup) {
    let pending = std::mem::take(&mut group.pending);
    let changes_before = group.changes.len();
    if let Some(wanted) = pending.engine_version {
        let from = versioned(group.spec.engine_version);
        group
            .changes
            .push(GroupChange::EngineVersion(from, versioned(wanted)));
        let default = || parameter::default_group(wanted.family, group.sharding.is_some());
        let named = pending
            .parameter_group_name
            .or_else(|| default().map(|default| default.name.to_owned()));
        if let Some(name) = named.filter(|_| wanted.family != group.spec.engine_version.family) {
            group.spec.parameter_group_name = name;
        }
        group.spec.engine_version = wanted;
        group.spec.image = None;
        group.spec.is_update_stopped = false;
    }
    if let Some(wanted) = pending.node_type {
        let from = group.spec.node_type.name.to_owned();
        group
            .changes
            .push(GroupChange::NodeType(from, wanted.name.to_owned()));
        group.spec.node_type = wanted;
    }
    if let Some(id) = pending
        .primary_cluster_id
        .filter(|id| can_be_promoted(group, id))
    {
        group.changes.push(GroupChange::Promotion(id));
    }
    if group.changes.len() > changes_before {
        group.raise_generation();
    }
}

fn can_be_promoted(group: &ReplicationGroup, id: &str) -> bool {
    let stays = group
        .member(id)
        .is_some_and(|member| member.deletion_requested_at.is_none());
    stays && *id != group.primary.cache_cluster_id && !group.spec.automatic_failover
}

/// An engine's version with the engine: `redis 7.0`.
fn versioned(version: &EngineVersion) -> String {
    format!("{} {}", version.engine, version.version)
}

/// A waiting node type blocks an upgrade at once, and the other way round; both in one request are fine.
fn refuse_blocked(group: &ReplicationGroup, upgrades: bool, scales: bool) -> Result<(), Violation> {
    if upgrades && !scales && group.pending.node_type.is_some() {
        return Err(Violation::combination(
            "The engine version cannot be changed at once while a change of the cache node type is pending. \
             Apply both in one request.",
        ));
    }
    if scales && !upgrades && group.pending.engine_version.is_some() {
        return Err(Violation::combination(
            "The cache node type cannot be changed at once while a change of the engine version is pending. \
             Apply both in one request.",
        ));
    }
    Ok(())
}

impl ReplicationGroup {
    /// Turns automatic failover on or off; on, it leaves no room for a promotion that waits.
    pub fn switch_automatic_failover(&mut self, on: bool) {
        self.spec.automatic_failover = on;
        if on {
            self.pending.primary_cluster_id = None;
        }
        self.changes.push(GroupChange::AutomaticFailover(on));
        self.raise_generation();
    }

    /// Turns encryption in transit on or off, or to another mode. The members' own specs stay as they are: the reconciler rolls one
    /// after the other.
    pub fn change_transit_encryption(&mut self, wanted: Option<TransitEncryptionMode>) {
        let from = std::mem::replace(&mut self.spec.transit_encryption, wanted);
        self.changes
            .push(GroupChange::TransitEncryption(from, wanted));
        self.raise_generation();
    }

    /// Whether `member` was last seen to take writes, for all slots or for those of its node group.
    pub fn is_recorded_primary(&self, member: &CacheCluster) -> bool {
        let id = &member.spec.cache_cluster_id;
        match &self.sharding {
            None => self.is_primary(member),
            Some(sharding) => {
                let mut node_groups = sharding.node_groups.iter();
                node_groups.any(|one| one.primary.as_ref() == Some(id))
            }
        }
    }

    /// Gives the members that shall stay what the group says of windows, security groups, snapshots, notification, minor versions and
    /// parameters: what acts at once. A parameter group of another family comes with the engine version, to one after the other.
    pub fn share_settings(&mut self) {
        let spec = self.spec.clone();
        for member in self
            .members
            .iter_mut()
            .filter(|member| member.deletion_requested_at.is_none())
        {
            let theirs = &mut member.spec;
            let shared = spec.member(&theirs.cache_cluster_id);
            theirs.security_group_ids = shared.security_group_ids;
            theirs.maintenance_window = shared.maintenance_window;
            theirs.snapshot_window = shared.snapshot_window;
            theirs.snapshot_retention_days = shared.snapshot_retention_days;
            theirs.notification = shared.notification;
            theirs.auto_minor_version_upgrade = shared.auto_minor_version_upgrade;
            if theirs.engine_version.family == shared.engine_version.family {
                theirs.parameter_group_name = shared.parameter_group_name;
            }
        }
    }
}

#[cfg(test)]
mod tests;
