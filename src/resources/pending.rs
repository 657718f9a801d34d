//! `ApplyImmediately` and what waits for the maintenance window.
//!
//! Engine version, node type and the number of Memcached nodes wait unless they are to be applied at once; everything
//! else acts at once (behaviour.md section 9). There is no queue: a later wish takes the place of one that waits, except
//! that nodes to be added are added together.

use super::cache_cluster::{CacheCluster, Change};
use super::engine::EngineVersion;
use super::node_type::NodeType;
use super::violation::Violation;
use super::zones::Zones;

/// Wishes that wait.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pending {
    /// Another engine version.
    pub engine_version: Option<&'static EngineVersion>,
    /// The parameter group that comes with it; where it is of another family and none is named, the built-in one.
    pub parameter_group_name: Option<String>,
    /// Another node type.
    pub node_type: Option<&'static NodeType>,
    /// Another number of nodes.
    pub nodes: Option<PendingNodes>,
}

/// Nodes that wait to be added or removed; never both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingNodes {
    /// Zones of the nodes to add.
    Add(Vec<String>),
    /// Ids of the nodes to remove.
    Remove(Vec<String>),
}

impl Pending {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A request for another number of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCountRequest {
    /// How many there shall be.
    pub node_count: u32,
    /// Which shall go.
    pub remove: Vec<String>,
    /// Where the new ones shall be; empty leaves it to the service.
    pub zones: Vec<String>,
    /// What the service chooses from.
    pub choice: Zones,
}

/// What a ModifyCacheCluster asks of the engine's side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Modification {
    /// Another engine version.
    pub engine_version: Option<&'static EngineVersion>,
    /// The parameter group to come with it, of another family than the present one.
    pub parameter_group_name: Option<String>,
    /// Another node type.
    pub node_type: Option<&'static NodeType>,
    /// Another number of nodes.
    pub nodes: Option<NodeCountRequest>,
    /// At once, together with whatever waits; else in the maintenance window.
    pub apply_immediately: bool,
}

/// Takes `modification` into the wish, or into what waits.
///
/// # Errors
/// What AWS refuses: node ids that do not match the count, zones that do not match the nodes added, an upgrade at once
/// while a node type waits, and the other way round.
pub fn modify(cluster: &mut CacheCluster, modification: Modification) -> Result<(), Violation> {
    let Modification {
        engine_version,
        parameter_group_name,
        node_type,
        nodes,
        apply_immediately,
    } = modification;
    if apply_immediately {
        refuse_blocked(
            &cluster.pending,
            engine_version.is_some(),
            node_type.is_some(),
        )?;
    }
    if let Some(request) = nodes {
        cluster.pending.nodes = node_change(cluster, request)?;
    }
    let current = (cluster.spec.engine_version, cluster.spec.node_type);
    if let Some(wanted) = engine_version {
        cluster.pending.engine_version = Some(wanted).filter(|wanted| *wanted != current.0);
        cluster.pending.parameter_group_name =
            parameter_group_name.filter(|_| wanted.family != current.0.family);
    }
    if let Some(wanted) = node_type {
        cluster.pending.node_type = Some(wanted).filter(|wanted| *wanted != current.1);
    }
    if apply_immediately {
        apply(cluster);
    }
    Ok(())
}

/// Makes everything that waits part of the wish; the maintenance window has come, or the user would not wait for it.
pub fn apply(cluster: &mut CacheCluster) {
    let pending = std::mem::take(&mut cluster.pending);
    let mut replaced = false;
    if let Some(wanted) = pending.engine_version {
        cluster.take_engine_version(wanted, pending.parameter_group_name);
        replaced = true;
    }
    if let Some(wanted) = pending.node_type {
        let from = cluster.spec.node_type.name.to_owned();
        cluster
            .changes
            .push(Change::NodeType(from, wanted.name.to_owned()));
        cluster.spec.node_type = wanted;
        replaced = true;
    }
    if replaced {
        cluster.replace_nodes();
    }
    match pending.nodes {
        Some(PendingNodes::Add(zones)) => cluster.add_nodes(&zones),
        Some(PendingNodes::Remove(ids)) => cluster.remove_nodes(&ids),
        None => {}
    }
}

/// A waiting scale-up blocks an upgrade at once, and the other way round; both in one request are fine.
fn refuse_blocked(pending: &Pending, upgrades: bool, scales: bool) -> Result<(), Violation> {
    let refuse = |text: &str| Err(Violation::InvalidParameterCombination(text.to_owned()));
    if upgrades && !scales && pending.node_type.is_some() {
        return refuse(
            "The engine version cannot be changed at once while a change of the cache node type is pending. \
             Apply both in one request.",
        );
    }
    if scales && !upgrades && pending.engine_version.is_some() {
        return refuse(
            "The cache node type cannot be changed at once while a change of the engine version is pending. \
             Apply both in one request.",
        );
    }
    Ok(())
}

fn node_change(
    cluster: &CacheCluster,
    request: NodeCountRequest,
) -> Result<Option<PendingNodes>, Violation> {
    let refuse = |text: String| Err(Violation::InvalidParameterCombination(text));
    let current = cluster.wished_node_count();
    let waiting = match &cluster.pending.nodes {
        Some(PendingNodes::Add(zones)) => zones.clone(),
        _ => Vec::new(),
    };
    let total = current + u32::try_from(waiting.len()).unwrap_or(0);
    let wanted = request.node_count;
    if wanted == current && request.remove.is_empty() {
        return Ok(None);
    }
    if wanted >= total {
        let added = (wanted - total) as usize;
        if !request.remove.is_empty() {
            return refuse(
                "CacheNodeIdsToRemove is only valid when nodes are to be removed.".to_owned(),
            );
        }
        return Ok(Some(PendingNodes::Add(
            [waiting, new_zones(cluster, total, added, request)?].concat(),
        )));
    }
    if wanted > current {
        return refuse(
            "A pending addition of cache nodes can only be cancelled, not lowered.".to_owned(),
        );
    }
    removal(cluster, request.remove, waiting.len(), wanted)
}

/// A removal takes the place of an addition that waits. It names as many of the nodes that there are as shall go; the API reference
/// counts from those that there will be, so it may also name every node that waits, by the id that it would get.
fn removal(
    cluster: &CacheCluster,
    mut ids: Vec<String>,
    waiting: usize,
    wanted: u32,
) -> Result<Option<PendingNodes>, Violation> {
    let current = cluster.wished_node_count();
    let leaving = (current - wanted) as usize;
    let named = ids.len();
    if named != leaving && named != leaving + waiting {
        return Err(Violation::InvalidParameterCombination(format!(
            "The number of CacheNodeIdsToRemove must match the number of nodes you are trying to remove, current number of \
             cache nodes is {current}, requested number of cache nodes is {wanted} and CacheNodeIdsToRemove supplied are {named}"
        )));
    }
    ids.sort();
    ids.dedup();
    let (there, coming): (Vec<String>, Vec<String>) = ids
        .into_iter()
        .partition(|id| cluster.wished_nodes().any(|node| node.cache_node_id == *id));
    let will_come = cluster.free_node_ids(waiting);
    if there.len() != leaving
        || there.len() + coming.len() != named
        || !coming.iter().all(|id| will_come.contains(id))
    {
        return Err(Violation::InvalidParameterValue(
            "CacheNodeIdsToRemove must name existing cache nodes, each once.".to_owned(),
        ));
    }
    Ok((!there.is_empty()).then_some(PendingNodes::Remove(there)))
}

fn new_zones(
    cluster: &CacheCluster,
    total: u32,
    added: usize,
    request: NodeCountRequest,
) -> Result<Vec<String>, Violation> {
    let named = request.zones;
    if named.is_empty() {
        let single = cluster.spec.az_mode == super::cache_cluster::AzMode::SingleAz;
        let home = cluster.wished_nodes().next().map(|node| node.zone.clone());
        return Ok((0..added)
            .map(|index| match (&home, single) {
                (Some(zone), true) => zone.clone(),
                _ => request.choice.in_turn(total as usize + index),
            })
            .collect());
    }
    if named.len() != added {
        return Err(Violation::InvalidParameterCombination(
            "Must specify the same number of preferred availability zones as requested number of nodes.".to_owned(),
        ));
    }
    Ok(named)
}

#[cfg(test)]
mod tests;
