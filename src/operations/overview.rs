//! All caches at a glance: for the person who runs the control plane, not part of AWS's API.

use crate::clock::Clock;
use crate::datastore::{Datastore, Error as StoreError};
use crate::resources::cache_cluster::{CacheCluster, Change, Observation};
use crate::resources::pending::PendingNodes;
use crate::resources::replication_group::{GroupChange, ReplicationGroup};
use crate::resources::service_update::{ActionStatus, Resource, ServiceUpdate, UpdateAction};
use crate::resources::status;
use crate::resources::transit_encryption::TransitEncryptionMode;

/// A replication group, or a cache cluster that is a member of none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheOverview {
    /// `replication-group` or `cache-cluster`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its status, in AWS's word.
    pub status: &'static str,
    /// Engine and version.
    pub engine: String,
    /// Node type.
    pub node_type: &'static str,
    /// How many nodes shall be.
    pub nodes: usize,
    /// How many of them are known to be as wished.
    pub nodes_settled: usize,
    /// What waits for the maintenance window.
    pub pending: Vec<String>,
    /// What is under way.
    pub under_way: Vec<String>,
    /// What stands in the way, if anything does.
    pub held_up_by: Option<String>,
}

/// Every cache of every account, groups first.
///
/// # Errors
/// [`StoreError`] where the database cannot be read.
pub async fn overview(
    datastore: &Datastore,
    clock: &Clock,
) -> Result<Vec<CacheOverview>, StoreError> {
    let updates = datastore.service_update_list().await?;
    let actions = datastore.update_action_list().await?;
    let groups = datastore.replication_group_list().await?;
    let clusters = datastore.cache_cluster_list().await?;
    let now = clock.now();
    let updates_of = |resource: Resource<'_>| {
        let of = |update: &ServiceUpdate| {
            let is_its = |action: &&UpdateAction| {
                action.service_update_key == update.key && action.target == resource.target()
            };
            let action = actions.iter().find(is_its);
            let status = update.action_status(action, resource, now);
            let is_open = action.is_some() || update.is_for(resource.engine_version());
            let is_told =
                is_open && !matches!(status, ActionStatus::Complete | ActionStatus::NotApplicable);
            is_told.then(|| format!("service update {}: {}", update.name, status.word()))
        };
        updates.iter().filter_map(of).collect::<Vec<_>>()
    };
    let mut all: Vec<CacheOverview> = groups
        .iter()
        .map(|one| of_group(one, updates_of(Resource::ReplicationGroup(one))))
        .collect();
    let alone = clusters.iter().filter(|one| one.membership.is_none());
    all.extend(alone.map(|one| of_cluster(one, updates_of(Resource::CacheCluster(one)))));
    Ok(all)
}

fn of_group(group: &ReplicationGroup, updates: Vec<String>) -> CacheOverview {
    let mut pending = Vec::new();
    if let Some(version) = group.pending.engine_version {
        pending.push(format!(
            "engine version {} {}",
            version.engine, version.version
        ));
    }
    if let Some(node_type) = group.pending.node_type {
        pending.push(format!("node type {}", node_type.name));
    }
    if let Some(id) = &group.pending.primary_cluster_id {
        pending.push(format!("promotion of {id}"));
    }
    pending.extend(updates);
    let member = group.members.iter().find(|member| member.is_held_up());
    let of_member = member.and_then(|member| {
        let reason = member.blocked_by.as_deref()?;
        Some(format!("{}: {reason}", member.spec.cache_cluster_id))
    });
    CacheOverview {
        kind: "replication-group",
        id: group.spec.replication_group_id.clone(),
        account: group.scope.account.clone(),
        region: group.scope.region.clone(),
        status: status::replication_group(group).word(),
        engine: engine(group.spec.engine_version),
        node_type: group.spec.node_type.name,
        nodes: group.wished_members().count(),
        nodes_settled: group.wished_members().map(settled).sum(),
        pending,
        under_way: group.changes.iter().map(group_change).collect(),
        held_up_by: of_member.or_else(|| group.blocked_by.clone()),
    }
}

fn of_cluster(cluster: &CacheCluster, updates: Vec<String>) -> CacheOverview {
    let mut pending = Vec::new();
    if let Some(version) = cluster.pending.engine_version {
        pending.push(format!(
            "engine version {} {}",
            version.engine, version.version
        ));
    }
    if let Some(node_type) = cluster.pending.node_type {
        pending.push(format!("node type {}", node_type.name));
    }
    match &cluster.pending.nodes {
        Some(PendingNodes::Add(zones)) => pending.push(format!("{} more nodes", zones.len())),
        Some(PendingNodes::Remove(ids)) => pending.push(format!("removal of {}", ids.join(", "))),
        None => {}
    }
    pending.extend(updates);
    CacheOverview {
        kind: "cache-cluster",
        id: cluster.spec.cache_cluster_id.clone(),
        account: cluster.scope.account.clone(),
        region: cluster.scope.region.clone(),
        status: status::cache_cluster(cluster).word(),
        engine: engine(cluster.spec.engine_version),
        node_type: cluster.spec.node_type.name,
        nodes: cluster.wished_nodes().count(),
        nodes_settled: settled(cluster),
        pending,
        under_way: cluster.changes.iter().map(change).collect(),
        held_up_by: cluster.blocked_by.clone(),
    }
}

fn engine(version: &crate::resources::engine::EngineVersion) -> String {
    format!("{} {}", version.engine, version.version)
}

/// How many nodes are known to run as they shall.
fn settled(cluster: &CacheCluster) -> usize {
    let nodes = cluster.wished_nodes().filter(|node| {
        matches!(&node.observation, Observation::Known(known) if known.generation == node.generation)
    });
    nodes.count()
}

fn change(change: &Change) -> String {
    match change {
        Change::EngineVersion(from, to) => format!("engine version {from} to {to}"),
        Change::NodeType(from, to) => format!("node type {from} to {to}"),
        Change::NodeCount(from, to) => format!("nodes {from} to {to}"),
        Change::ParameterGroup(from, to) => format!("parameter group {from} to {to}"),
    }
}

fn group_change(change: &GroupChange) -> String {
    match change {
        GroupChange::EngineVersion(from, to) => format!("engine version {from} to {to}"),
        GroupChange::NodeType(from, to) => format!("node type {from} to {to}"),
        GroupChange::ReplicaCount(from, to) => format!("replicas {from} to {to}"),
        GroupChange::NodeGroupCount(from, to) => format!("node groups {from} to {to}"),
        GroupChange::AutomaticFailover(on) => {
            format!("automatic failover {}", if *on { "on" } else { "off" })
        }
        GroupChange::Promotion(id) => format!("promotion of {id}"),
        GroupChange::UserGroup(from, to) => format!(
            "user group {} to {}",
            from.as_deref().unwrap_or("none"),
            to.as_deref().unwrap_or("none")
        ),
        GroupChange::AuthToken(_) => "AUTH token".to_owned(),
        GroupChange::ServiceUpdate(name) => format!("service update {name}"),
        GroupChange::TransitEncryption(from, to) => {
            let word = |mode: &Option<TransitEncryptionMode>| mode.map_or("off", |it| it.word());
            format!("encryption in transit {} to {}", word(from), word(to))
        }
        GroupChange::ClusterMode(from, to) => {
            format!("cluster mode {} to {}", from.word(), to.word())
        }
    }
}
