//! What to do next about a cache cluster.

use std::time::Duration;

use crate::resources::cache_cluster::{
    CacheCluster, CacheNode, Change, Failure, FailureKind, Observation,
};
use crate::resources::engine::Engine;
use crate::resources::event::Event;
use crate::resources::timestamp::Timestamp;

/// How long a creation may take before it is given up.
pub const CREATION_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// What was seen of a cache cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// One for each node of the record, in the same order.
    pub nodes: Vec<NodeSeen>,
}

/// What was seen of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeSeen {
    /// No container, no volume.
    Absent,
    /// A container.
    Container {
        /// The generation that it was made from.
        generation: u64,
        /// Whether it runs.
        running: bool,
        /// The runtime's word for this run.
        started_at: String,
        /// Whether its engine answers.
        ready: bool,
    },
}

/// What keeps a stage from being carried out for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// No address or port is free.
    NoFreeAddress(String),
    /// No image for the engine version is present or can be had.
    NoImage(String),
    /// What it is to begin with cannot be used.
    BadRestore(String),
    /// What it holds does not fit the node type that it shall have.
    NoRoom(String),
    /// Anything that may pass.
    Passing(String),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// The world is as wished.
    Converged,
    /// Carry this out, then look again.
    Do(Stage),
    /// Nothing to do but to let the router take the new routes.
    AwaitRouter,
    /// Nothing to do before the plan of its replication group has gone on.
    AwaitGroup,
}

/// One step. Node lists hold indices into the record's nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Choose addresses and ports for whatever lacks them.
    Allocate,
    /// Choose the runs that reboots shall end: node, run.
    BeginReboots(Vec<(usize, String)>),
    /// Restart containers.
    Restart(Vec<usize>),
    /// Note that reboots are over.
    FinishReboots(Vec<usize>),
    /// Make containers be there, run, and answer.
    EnsureNodes(Vec<usize>),
    /// Note nodes that run and answer, but in a run that the record does not know, or whose return was not told of.
    RecordNodes(Vec<usize>),
    /// Set what the parameter group says on running engines, and note that they have it.
    ApplyParameters(Vec<usize>),
    /// Choose the next list of nodes that the configuration endpoint answers with.
    ListNodes(Vec<usize>),
    /// Remove containers and volumes.
    RemoveNodes(Vec<usize>),
    /// Forget nodes that are gone.
    ForgetNodes(Vec<usize>),
    /// Note that the wish is fulfilled.
    Converge,
    /// Give back the addresses of a creation that failed.
    Release,
    /// Forget the cache cluster.
    Forget,
}

/// The next stage for `cluster`, given what was seen of it.
pub fn plan(cluster: &CacheCluster, seen: &Seen) -> Plan {
    if ends(cluster) {
        return plan_end(cluster, seen);
    }
    let needs_allocation = cluster.wished_nodes().any(|node| node.address.is_none())
        || (cluster.spec.has_configuration_endpoint()
            && !cluster.configuration_endpoint.is_allocated());
    if needs_allocation {
        return Plan::Do(Stage::Allocate);
    }
    if let Some(stage) = plan_reboots(cluster, seen) {
        return Plan::Do(stage);
    }
    let lacking = select(cluster, seen, |node, seen| {
        node.is_wished() && !is_ready(node, seen)
    });
    let awaits_group = |index: &usize| {
        let node = &cluster.nodes[*index];
        awaits_loss(cluster, node)
            || awaits_primary(cluster, node, &seen.nodes[*index])
            || awaits_endpoints(cluster, node)
    };
    if lacking.iter().any(awaits_group) {
        return Plan::AwaitGroup;
    }
    if !lacking.is_empty() {
        return Plan::Do(Stage::EnsureNodes(lacking));
    }
    // The return of a member is told of by its group, when it does its part again.
    let untold = |node: &CacheNode| node.recovering && cluster.membership.is_none();
    let news = select(cluster, seen, |node, seen| {
        node.is_wished() && (!is_recorded(node, seen) || untold(node))
    });
    if !news.is_empty() {
        return Plan::Do(Stage::RecordNodes(news));
    }
    let lacking = select(cluster, seen, |node, _| {
        node.is_wished() && cluster.lacks_parameters(node)
    });
    if !lacking.is_empty() {
        return Plan::Do(Stage::ApplyParameters(lacking));
    }
    if cluster.spec.has_configuration_endpoint() {
        let listed = select(cluster, seen, |node, _| node.is_wished());
        if select(cluster, seen, |node, _| node.listed) != listed {
            return Plan::Do(Stage::ListNodes(listed));
        }
        if cluster.configuration_endpoint.served_version
            != cluster.configuration_endpoint.config_version
        {
            return Plan::AwaitRouter;
        }
    }
    let leaving = select(cluster, seen, |node, _| {
        !node.is_wished() && node.observation != Observation::Absent
    });
    if !leaving.is_empty() {
        return Plan::Do(Stage::RemoveNodes(leaving));
    }
    let gone = select(cluster, seen, |node, _| !node.is_wished());
    if !gone.is_empty() {
        return Plan::Do(Stage::ForgetNodes(gone));
    }
    if cluster.deletion_requested_at.is_some() {
        // It may serve slots; its group lets it go when it does not.
        return Plan::AwaitGroup;
    }
    if cluster.generation != cluster.observed_generation {
        return match cluster.membership.is_none() || does_its_part(cluster) {
            true => Plan::Do(Stage::Converge),
            false => Plan::AwaitGroup,
        };
    }
    Plan::Converged
}

/// Whether a member's node was lost, and its group has not taken note: the group may have to find another primary first, and must end
/// what may still run.
fn awaits_loss(cluster: &CacheCluster, node: &CacheNode) -> bool {
    cluster.membership.is_some()
        && cluster.available_at.is_some()
        && cluster.generation == cluster.observed_generation
        && node.reboot.is_none()
        && !node.recovering
}

/// Whether a lost member of a node group is made anew later. On its old file it may own slots as far as it knows; where the primary on
/// record is there, that one tells it better.
fn awaits_primary(cluster: &CacheCluster, node: &CacheNode, seen: &NodeSeen) -> bool {
    let membership = cluster.membership.as_ref();
    let runs = matches!(seen, NodeSeen::Container { running: true, .. });
    let lacks_primary = membership.is_some_and(|group| group.lacks_primary);
    node.recovering && node.awaits_primary && lacks_primary && !runs
}

/// Whether a member's certificate is to name addresses that its group has not chosen yet.
fn awaits_endpoints(cluster: &CacheCluster, node: &CacheNode) -> bool {
    let membership = cluster.membership.as_ref();
    cluster.spec.transit_encryption.is_some()
        && node.published_port.is_none()
        && membership.is_some_and(|group| group.endpoint_addresses.is_empty())
}

/// Whether nothing is left to do for it but to remove it: it is deleted, or was given up. A node that may serve slots of a cluster is
/// kept as any other until its group has let it go.
pub fn ends(cluster: &CacheCluster) -> bool {
    let membership = cluster.membership.as_ref();
    let is_kept = membership.is_some_and(|it| it.node_group.is_some() && !it.is_dismissed);
    cluster.failure.is_some() || (cluster.deletion_requested_at.is_some() && !is_kept)
}

/// Whether a member was seen to do its part in its group in the run that is known of it.
fn does_its_part(cluster: &CacheCluster) -> bool {
    let joined = cluster
        .membership
        .as_ref()
        .and_then(|membership| membership.joined.as_ref());
    joined.is_some_and(|joined| cluster.is_in_run(&joined.started_at))
}

/// A deletion, or the clean-up after a creation that failed.
fn plan_end(cluster: &CacheCluster, seen: &Seen) -> Plan {
    let there = select(cluster, seen, |node, _| {
        node.observation != Observation::Absent
    });
    if !there.is_empty() {
        return Plan::Do(Stage::RemoveNodes(there));
    }
    if cluster.deletion_requested_at.is_some() {
        return Plan::Do(Stage::Forget);
    }
    let holds = cluster
        .nodes
        .iter()
        .any(|node| node.address.is_some() || node.published_port.is_some())
        || cluster.configuration_endpoint.is_allocated();
    if holds {
        return Plan::Do(Stage::Release);
    }
    Plan::Converged
}

/// Reboots: choose the run to end, end it, see another run answer. A node that does not run at all is first brought up. Where the
/// parameter group has changed, the run ends with its container: another is made, with what the group says now.
fn plan_reboots(cluster: &CacheCluster, seen: &Seen) -> Option<Stage> {
    let run = |seen: &NodeSeen| match seen {
        NodeSeen::Container {
            running: true,
            started_at,
            ..
        } => Some(started_at.clone()),
        _ => None,
    };
    let reboots = || {
        cluster
            .nodes
            .iter()
            .zip(&seen.nodes)
            .enumerate()
            .filter(|(_, (node, _))| node.is_wished())
            .filter_map(|(index, (node, seen))| {
                node.reboot
                    .as_ref()
                    .map(|reboot| (index, node, seen, reboot))
            })
    };
    let begin: Vec<(usize, String)> = reboots()
        .filter(|(_, _, _, reboot)| reboot.from_started_at.is_none())
        .filter_map(|(index, _, seen, _)| run(seen).map(|started_at| (index, started_at)))
        .collect();
    if !begin.is_empty() {
        return Some(Stage::BeginReboots(begin));
    }
    let (anew, restart): (Vec<usize>, Vec<usize>) = reboots()
        .filter(|(_, _, seen, reboot)| {
            reboot.from_started_at.is_some() && run(seen) == reboot.from_started_at
        })
        .map(|(index, ..)| index)
        .partition(|index| {
            let node = &cluster.nodes[*index];
            cluster.has_stale_start(node) || is_of_another_generation(node, &seen.nodes[*index])
        });
    if !anew.is_empty() {
        return Some(Stage::EnsureNodes(anew));
    }
    if !restart.is_empty() {
        return Some(Stage::Restart(restart));
    }
    let over: Vec<usize> = reboots()
        .filter(|(_, node, seen, reboot)| {
            reboot.from_started_at.is_some()
                && run(seen) != reboot.from_started_at
                && is_ready(node, seen)
        })
        .map(|(index, ..)| index)
        .collect();
    (!over.is_empty()).then_some(Stage::FinishReboots(over))
}

fn is_of_another_generation(node: &CacheNode, seen: &NodeSeen) -> bool {
    matches!(seen, NodeSeen::Container { generation, .. } if *generation != node.generation)
}

fn is_ready(node: &CacheNode, seen: &NodeSeen) -> bool {
    matches!(seen, NodeSeen::Container { generation, running: true, ready: true, .. } if *generation == node.generation)
}

/// Whether the record knows this very run.
fn is_recorded(node: &CacheNode, seen: &NodeSeen) -> bool {
    match (&node.observation, seen) {
        (
            Observation::Known(known),
            NodeSeen::Container {
                generation,
                started_at,
                ..
            },
        ) => known.generation == *generation && known.started_at == *started_at,
        _ => false,
    }
}

fn select(
    cluster: &CacheCluster,
    seen: &Seen,
    wanted: impl Fn(&CacheNode, &NodeSeen) -> bool,
) -> Vec<usize> {
    cluster
        .nodes
        .iter()
        .zip(&seen.nodes)
        .enumerate()
        .filter(|(_, (node, seen))| wanted(node, seen))
        .map(|(index, _)| index)
        .collect()
}

/// What an obstacle leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Give the creation up.
    GiveUp(Failure),
    /// Undo the change of engine version or node type, and go on as before.
    UndoChanges(String),
    /// Try again later; the text says what stands in the way.
    TryAgain(String),
}

/// Whether an obstacle ends the matter.
pub fn judge(cluster: &CacheCluster, obstacle: Obstacle, now: Timestamp) -> Verdict {
    let creating = cluster.available_at.is_none();
    let replacing = cluster
        .changes
        .iter()
        .any(|change| !matches!(change, Change::NodeCount(..)));
    match obstacle {
        _ if cluster.deletion_requested_at.is_some() || cluster.failure.is_some() => {
            let (Obstacle::NoFreeAddress(reason)
            | Obstacle::NoImage(reason)
            | Obstacle::BadRestore(reason)
            | Obstacle::NoRoom(reason)
            | Obstacle::Passing(reason)) = obstacle;
            Verdict::TryAgain(reason)
        }
        Obstacle::NoFreeAddress(reason) if creating => give_up(FailureKind::Network, reason),
        Obstacle::BadRestore(reason) if creating => give_up(FailureKind::Restore, reason),
        Obstacle::NoImage(reason) if creating => give_up(FailureKind::Other, reason),
        Obstacle::Passing(reason)
            if creating && now.since(cluster.requested_at) > CREATION_DEADLINE =>
        {
            give_up(
                FailureKind::Other,
                format!(
                    "It was not ready {} minutes after it was asked for: {reason}",
                    CREATION_DEADLINE.as_secs() / 60
                ),
            )
        }
        Obstacle::NoImage(reason) | Obstacle::NoFreeAddress(reason)
            if replacing || has_new_nodes(cluster) =>
        {
            Verdict::UndoChanges(reason)
        }
        Obstacle::NoRoom(reason) if replacing => Verdict::UndoChanges(reason),
        Obstacle::NoFreeAddress(reason)
        | Obstacle::NoImage(reason)
        | Obstacle::NoRoom(reason)
        | Obstacle::BadRestore(reason)
        | Obstacle::Passing(reason) => Verdict::TryAgain(reason),
    }
}

/// What stands in the way of a creation that has waited for its router for too long; its routers' reconciler has noted the
/// reason, if it had one.
pub fn overdue(cluster: &CacheCluster, now: Timestamp) -> Option<Obstacle> {
    let is_overdue =
        cluster.available_at.is_none() && now.since(cluster.requested_at) > CREATION_DEADLINE;
    is_overdue.then(|| {
        let reason = cluster.blocked_by.clone();
        Obstacle::Passing(reason.unwrap_or_else(|| {
            "The router of the configuration endpoint does not serve it.".to_owned()
        }))
    })
}

/// Whether what stands in the way now is another thing than what stood there before. Numbers do not count: times, process ids and
/// ports in what a container wrote differ at each try.
pub fn is_news(blocked_by: Option<&str>, reason: &str) -> bool {
    let words = |text: &str| -> String { text.chars().filter(|c| !c.is_ascii_digit()).collect() };
    blocked_by.is_none_or(|before| words(before) != words(reason))
}

fn give_up(kind: FailureKind, reason: String) -> Verdict {
    Verdict::GiveUp(Failure { kind, reason })
}

fn has_new_nodes(cluster: &CacheCluster) -> bool {
    cluster.wished_nodes().any(|node| node.ready_at.is_none())
}

/// What is told when the wish is fulfilled, oldest first.
pub fn convergence_events(cluster: &CacheCluster, now: Timestamp) -> Vec<Event> {
    let event =
        |message: String| Event::of_cache_cluster(&cluster.spec.cache_cluster_id, message, now);
    let mut events = Vec::new();
    if cluster.available_at.is_none() {
        events.push(event("Cache cluster created".to_owned()));
        if cluster.spec.engine() != Engine::Memcached {
            // AWS's text, two blanks included.
            events.push(event(
                "This cache cluster does not support persistence (ex: 'appendonly').  Please use a different instance type \
                 to enable persistence."
                    .to_owned(),
            ));
        }
        events.extend(cluster.wished_nodes().map(|node| event(added(node))));
    }
    events.extend(cluster.changes.iter().map(|change| {
        event(match change {
            Change::EngineVersion(from, to) => {
                format!("Finished upgrading the engine from version {from} to version {to}")
            }
            Change::NodeType(_, to) => {
                format!("Succeeded applying modification to cache node type to {to}.")
            }
            Change::NodeCount(from, to) => {
                format!("Finished modifying number of nodes from {from} to {to}")
            }
            Change::ParameterGroup(_, to) => format!("Updated to use a CacheParameterGroup {to}"),
        })
    }));
    events
}

/// What is told when a creation is given up (texts: behaviour.md section 37).
pub fn failure_event(cluster: &CacheCluster, failure: &Failure) -> String {
    let reason = &failure.reason;
    match failure.kind {
        FailureKind::Network => format!(
            "Failed to create the cache cluster due to incompatible network state. {reason}"
        ),
        FailureKind::Restore => {
            let from = cluster.restore.as_ref().map_or("", |restore| &restore.from);
            let node = cluster.nodes.first().map_or("", |node| &node.cache_node_id);
            format!("Restore from {from} failed for node {node}. {reason}")
        }
        FailureKind::Other => format!("Failed to create the cache cluster. {reason}"),
    }
}

/// The event of a node that has come.
pub fn added(node: &CacheNode) -> String {
    format!(
        "Added cache node {} in availability zone {}",
        node.cache_node_id, node.zone
    )
}

#[cfg(test)]
mod tests;
