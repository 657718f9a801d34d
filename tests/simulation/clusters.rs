//! Clusters as their clients see them: they write to whatever node they know, go where they are sent, and remember what was acknowledged with
//! everybody who holds it where it counts. Some keys they write once, some again and again, each time with a higher number. Whatever was
//! acknowledged must not be lost while such a copy is left, and no lower number may come back.

use std::collections::{BTreeMap, BTreeSet};

use cacheplane::engine::simulated::{Answer, SimulatedEngine, Write};
use cacheplane::engine::{NodeEndpoint, Protocol};
use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::resources::slots::key_slot;
use cacheplane::runtime::simulated::Operation;

use crate::groups::{container, is_reachable};
use crate::run::Simulation;
use crate::turns::Action;

/// How often a client goes where it is sent.
const REDIRECTIONS_MAX: usize = 5;

/// How many keys are written again and again.
const KEYS_WRITTEN_AGAIN: usize = 3;

/// What clients know of clusters.
#[derive(Default)]
pub struct Clusters {
    /// What was acknowledged and must not be lost, by key.
    pub acknowledged: BTreeMap<String, Acknowledged>,
    /// Writes so far.
    pub writes: u64,
}

/// The last acknowledged write of a key.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Its group's key.
    pub group: i64,
    /// What was written: the number of the write.
    pub number: u64,
    /// The containers that hold that or what was written later, and were not in trouble lately.
    pub holders: BTreeSet<String>,
}

/// Whether `held` is what was written as `number`, or later.
pub fn is_as_late(held: Option<&str>, number: u64) -> bool {
    held.and_then(|held| held.parse::<u64>().ok())
        .is_some_and(|held| held >= number)
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
    /// A client writes to some cluster, by way of some node: a new key, or one of those that it writes again and again.
    pub fn write_cluster_value(&mut self) {
        let groups = self.ledger.groups.records.values();
        let served: Vec<ReplicationGroup> = groups.filter(|one| is_served(one)).cloned().collect();
        if served.is_empty() {
            return;
        }
        let group = self.dice.pick(&served);
        self.ledger.sharded.writes += 1;
        let number = self.ledger.sharded.writes;
        let key = match self.dice.chance(300) {
            true => format!("again-{}", self.dice.below(KEYS_WRITTEN_AGAIN)),
            false => format!("value-{number}"),
        };
        let text = number.to_string();
        let write = |engine: &SimulatedEngine, at: &NodeEndpoint, asking| {
            engine.cluster_set(at, &key, &text, asking)
        };
        if let Some((Write::Done { replicas }, _)) = self.go_round(group, write) {
            self.acknowledge(group, key, number, replicas);
        }
    }

    /// A client reads what was acknowledged, by way of some node. With no member in trouble it finds nothing older, and never nothing.
    pub fn read_cluster_value(&mut self) -> Result<(), String> {
        let acknowledged = &self.ledger.sharded.acknowledged;
        let all: Vec<(String, Acknowledged)> = acknowledged.clone().into_iter().collect();
        if all.is_empty() || !self.ledger.keeps_count {
            return Ok(());
        }
        let (key, known) = self.dice.pick(&all);
        let Some(group) = self.ledger.groups.records.get(&known.group).cloned() else {
            return Ok(());
        };
        let is_calm = group
            .members
            .iter()
            .all(|one| self.is_heard(&container(one)));
        if !is_served(&group) || !is_calm {
            return Ok(());
        }
        let read = |engine: &SimulatedEngine, at: &NodeEndpoint, asking| {
            engine.cluster_get(at, key, asking)
        };
        match self.go_round(&group, read) {
            Some((held, at)) if !is_as_late(held.as_deref(), known.number) => Err(format!(
                "{at} reads {held:?} as {key} of slot {}, and {known:?} was acknowledged",
                key_slot(key.as_bytes())
            )),
            _ => Ok(()),
        }
    }

    /// Asks one node after the other, where it is sent; what was answered, and by whom.
    fn go_round<T>(
        &mut self,
        group: &ReplicationGroup,
        ask: impl Fn(&SimulatedEngine, &NodeEndpoint, bool) -> Answer<T>,
    ) -> Option<(T, NodeEndpoint)> {
        // Whoever knows of no slots goes by the primary endpoint.
        let by_endpoint = self.primary_endpoint(group);
        let mut at = match by_endpoint.filter(|_| self.dice.chance(500)) {
            Some(endpoint) => endpoint,
            None => endpoint_of(self.dice.pick(&group.members))?,
        };
        let engine = SimulatedEngine::new(self.outside.host.clone());
        let mut asking = false;
        for _ in 0..REDIRECTIONS_MAX {
            let (host, port, asks) = match ask(&engine, &at, asking) {
                Answer::Done(answer) => return Some((answer, at)),
                Answer::Moved(host, port) => (host, port, false),
                Answer::Ask(host, port) => (host, port, true),
                Answer::ClusterDown | Answer::Unanswered => return None,
            };
            (at, asking) = (endpoint(host, port), asks);
        }
        None
    }

    /// A write is acknowledged when a replica has it, where its node group has any.
    fn acknowledge(&mut self, group: &ReplicationGroup, key: String, number: u64, replicas: usize) {
        let holders = self.steady_holders(&key, number);
        let has_replicas = group.members.iter().any(|member| {
            let is_other = !holders.contains(&container(member));
            is_other && holders.iter().any(|name| are_beside(group, name, member))
        });
        let is_acknowledged = !holders.is_empty() && (replicas > 0 || !has_replicas);
        self.trace.push(format!(
            "{:5} {key} is written as {number}; {replicas} replicas have it, and {holders:?} hold it",
            self.steps
        ));
        if is_acknowledged {
            let known = Acknowledged {
                group: group.key,
                number,
                holders,
            };
            self.ledger.sharded.acknowledged.insert(key, known);
        }
    }

    /// Those that hold what was written, or later, where it counts, and were not in trouble lately.
    fn steady_holders(&self, key: &str, number: u64) -> BTreeSet<String> {
        let host = &self.outside.host;
        let holds = |name: &String| {
            self.is_steady(name) && is_as_late(host.memory_get(name, key).as_deref(), number)
        };
        host.key_holders(key).into_iter().filter(holds).collect()
    }

    /// Takes down who holds what by now. Slots move, and replicas come.
    pub fn refresh_sharded(&mut self) {
        let mut acknowledged = std::mem::take(&mut self.ledger.sharded.acknowledged);
        for (key, known) in &mut acknowledged {
            let now = self.steady_holders(key, known.number);
            if !now.is_empty() {
                known.holders = now;
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
        acknowledged.retain(|_, known| !known.holders.remove(name) || !known.holders.is_empty());
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
        if !is_served(group) {
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
            for known in self.ledger.sharded.acknowledged.values_mut() {
                // It must cost nothing, so others must have what it held.
                if known.holders.len() > 1 {
                    known.holders.remove(target);
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
        for believer in believers.filter(|name| self.is_heard(name)) {
            let slots = host.slots_owned(&believer, target);
            if !slots.is_empty() {
                return Err(format!(
                    "{target} is removed, and owns {slots} as far as {believer} knows"
                ));
            }
        }
        Ok(())
    }

    /// Whether a container runs, is reached, and was not in trouble lately.
    fn is_heard(&self, name: &str) -> bool {
        let found = self.found(name);
        self.is_steady(name) && found.is_some_and(|found| is_reachable(&found))
    }

    /// Forgets what belonged to groups that are being deleted.
    pub fn forget_sharded(&mut self) {
        let records = &self.ledger.groups.records;
        let lives = |key: &i64| {
            let group = records.get(key);
            group.is_some_and(|group| group.deletion_requested_at.is_none())
        };
        let acknowledged = &mut self.ledger.sharded.acknowledged;
        acknowledged.retain(|_, known| lives(&known.group));
    }
}

/// Whether clients have to do with it: a cluster that is wished for, with members.
fn is_served(group: &ReplicationGroup) -> bool {
    let is_over = group.deletion_requested_at.is_some() || group.failure.is_some();
    group.sharding.is_some() && !is_over && !group.members.is_empty()
}

/// Whether the member in this container and another are of one node group.
fn are_beside(group: &ReplicationGroup, name: &str, other: &CacheCluster) -> bool {
    let node_group = |member: &CacheCluster| member.membership.as_ref()?.node_group;
    let member = group.members.iter().find(|one| container(one) == name);
    member.is_some_and(|member| node_group(member) == node_group(other))
}
