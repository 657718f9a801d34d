//! Clusters as their clients see them: they write numbered values to whatever node they know, go where they are sent, and remember what was
//! acknowledged with everybody who holds it where it counts. Whatever was acknowledged must not be lost while such a copy is left.

use std::collections::{BTreeMap, BTreeSet};

use cacheplane::engine::simulated::{Answer, SimulatedEngine, Write};
use cacheplane::engine::{NodeEndpoint, Protocol};
use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::runtime::simulated::Operation;

use crate::groups::{container, is_reachable};
use crate::run::Simulation;
use crate::turns::Action;

/// How often a client goes where it is sent.
const REDIRECTIONS_MAX: usize = 5;

/// What clients know of clusters.
#[derive(Default)]
pub struct Clusters {
    /// The values that were acknowledged and must not be lost: their group's key, and the containers that hold them and were not in
    /// trouble lately.
    pub acknowledged: BTreeMap<String, (i64, BTreeSet<String>)>,
    /// Values written so far.
    pub writes: u64,
}

/// Where clients find a member.
pub fn endpoint_of(member: &CacheCluster) -> Option<NodeEndpoint> {
    let node = member.nodes.first()?;
    let host = match node.published_port {
        Some(_) => "127.0.0.1".to_owned(),
        None => node.address?.to_string(),
    };
    Some(endpoint(host, node.engine_port(&member.spec)))
}

fn endpoint(host: String, port: u16) -> NodeEndpoint {
    NodeEndpoint {
        host,
        port,
        protocol: Protocol::Redis,
        encryption: None,
        administrator: None,
    }
}

impl Simulation {
    /// A client writes the next value to some cluster, by way of some node.
    pub fn write_cluster_value(&mut self) {
        let groups = self.ledger.groups.records.values();
        let served = groups.filter(|group| {
            let is_over = group.deletion_requested_at.is_some() || group.failure.is_some();
            group.sharding.is_some() && !is_over && !group.members.is_empty()
        });
        let served: Vec<ReplicationGroup> = served.cloned().collect();
        if served.is_empty() {
            return;
        }
        let group = self.dice.pick(&served);
        let Some(mut at) = endpoint_of(self.dice.pick(&group.members)) else {
            return;
        };
        self.ledger.sharded.writes += 1;
        let value = format!("value-{}", self.ledger.sharded.writes);
        let engine = SimulatedEngine::new(self.outside.host.clone());
        let mut asking = false;
        for _ in 0..REDIRECTIONS_MAX {
            let (host, port, asks) = match engine.cluster_set(&at, &value, "written", asking) {
                Answer::Done(Write::Done { replicas }) => {
                    self.acknowledge(group, value, replicas);
                    return;
                }
                Answer::Moved(host, port) => (host, port, false),
                Answer::Ask(host, port) => (host, port, true),
                Answer::Done(_) | Answer::ClusterDown | Answer::Unanswered => return,
            };
            (at, asking) = (endpoint(host, port), asks);
        }
    }

    /// A value is acknowledged when a replica has it, where its node group has any.
    fn acknowledge(&mut self, group: &ReplicationGroup, value: String, replicas: usize) {
        let holders = self.steady_holders(&value);
        let has_replicas = group.members.iter().any(|member| {
            let is_other = !holders.contains(&container(member));
            is_other && holders.iter().any(|name| are_beside(group, name, member))
        });
        let is_acknowledged = !holders.is_empty() && (replicas > 0 || !has_replicas);
        self.trace.push(format!(
            "{:5} {value} is written; {replicas} replicas have it, and {holders:?} hold it",
            self.steps
        ));
        if is_acknowledged {
            let acknowledged = &mut self.ledger.sharded.acknowledged;
            acknowledged.insert(value, (group.key, holders));
        }
    }

    /// Those that hold a value where it counts, and were not in trouble lately.
    fn steady_holders(&self, value: &str) -> BTreeSet<String> {
        let holders = self.outside.host.key_holders(value).into_iter();
        holders.filter(|name| self.is_steady(name)).collect()
    }

    /// Takes down who holds what by now. Slots move, and replicas come.
    pub fn refresh_sharded(&mut self) {
        let mut acknowledged = std::mem::take(&mut self.ledger.sharded.acknowledged);
        for (value, (_, holders)) in &mut acknowledged {
            let now = self.steady_holders(value);
            if !now.is_empty() {
                *holders = now;
            }
        }
        self.ledger.sharded.acknowledged = acknowledged;
    }

    /// Something happens to a container that the control plane is not to blame for: what it holds may be lost.
    pub fn disturb(&mut self, name: &str) {
        if self.ledger.sharded.acknowledged.is_empty() {
            return;
        }
        self.refresh_sharded();
        let acknowledged = &mut self.ledger.sharded.acknowledged;
        acknowledged.retain(|_, (_, holders)| !holders.remove(name) || !holders.is_empty());
    }

    /// Before an action on a member: what must be so, and what is about to be lost.
    pub fn before_sharded(&mut self, action: &Action) -> Result<(), String> {
        let Action::Call(operation, target) = action else {
            return Ok(());
        };
        let ends = matches!(
            operation,
            Operation::ContainerKill
                | Operation::ContainerStop
                | Operation::ContainerRestart
                | Operation::ContainerRemove
        );
        let Some((group, member)) = self.ledger.groups.group_of(target).filter(|_| ends) else {
            return Ok(());
        };
        let is_over = group.deletion_requested_at.is_some() || group.failure.is_some();
        if is_over || group.sharding.is_none() {
            return Ok(());
        }
        // One that hangs is ended and made anew, if it still serves.
        let leaves = member.deletion_requested_at.is_some();
        if leaves && *operation != Operation::ContainerKill {
            self.match_removal(group, target)?;
        }
        let members: Vec<String> = group.members.iter().map(container).collect();
        if members.iter().all(|name| self.is_steady(name)) {
            self.refresh_sharded();
            for (_, holders) in self.ledger.sharded.acknowledged.values_mut() {
                // It must cost nothing, so others must have what it held.
                if holders.len() > 1 {
                    holders.remove(target);
                }
            }
        } else {
            // What this was decided on is over: others may have been lost since.
            self.disturb(target);
        }
        self.note_trouble(target);
        Ok(())
    }

    /// No member is removed while it holds a slot, by what anybody who answers believes.
    fn match_removal(&self, group: &ReplicationGroup, target: &str) -> Result<(), String> {
        let host = &self.outside.host;
        let believers = group.members.iter().map(container);
        // Whoever is cut off has not heard who took over.
        let hears = |name: &String| {
            let found = self.found(name);
            self.is_steady(name) && found.is_some_and(|found| is_reachable(&found))
        };
        for believer in believers.filter(hears) {
            let slots = host.slots_owned(&believer, target);
            if !slots.is_empty() {
                return Err(format!(
                    "{target} is removed, and owns {slots} as far as {believer} knows"
                ));
            }
        }
        Ok(())
    }

    /// Forgets what belonged to groups that are being deleted.
    pub fn forget_sharded(&mut self) {
        let records = &self.ledger.groups.records;
        let lives = |key: &i64| {
            let group = records.get(key);
            group.is_some_and(|group| group.deletion_requested_at.is_none())
        };
        let acknowledged = &mut self.ledger.sharded.acknowledged;
        acknowledged.retain(|_, (key, _)| lives(key));
    }
}

/// Whether the member in this container and another are of one node group.
fn are_beside(group: &ReplicationGroup, name: &str, other: &CacheCluster) -> bool {
    let node_group = |member: &CacheCluster| member.membership.as_ref()?.node_group;
    let member = group.members.iter().find(|one| container(one) == name);
    member.is_some_and(|member| node_group(member) == node_group(other))
}
