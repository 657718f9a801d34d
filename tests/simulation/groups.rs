//! Replication groups as their clients see them: they write numbered values through the primary endpoint, and remember those that a
//! replica has acknowledged, with everybody who holds them. Whatever was acknowledged must not be lost while a copy is left.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cacheplane::engine::simulated::{SimulatedEngine, Write};
use cacheplane::engine::{Engine as _, NodeEndpoint, NodeReport, Protocol};
use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::resources::transit_encryption::TransitEncryptionMode;
use cacheplane::routing::RouteKind;
use cacheplane::runtime::simulated::Operation;
use cacheplane::runtime::{ContainerObserved, ContainerState};

use crate::ledger::identity;
use crate::process::{NODE_NETWORK, OWNER, encryption_for};
use crate::run::{REPLICATION_GROUPS, Simulation};
use crate::turns::Action;

/// What clients know of the replication groups.
#[derive(Default)]
pub struct Groups {
    /// The last state of each record, by key.
    pub records: BTreeMap<i64, ReplicationGroup>,
    /// The values that were acknowledged and must not be lost: their group's key, and the containers that hold them.
    pub acknowledged: BTreeMap<String, (i64, BTreeSet<String>)>,
    /// When each container was last in trouble, in steps.
    pub trouble: BTreeMap<String, u64>,
    /// When each node was last looked at by the reconciler of replication groups, in steps.
    looked_at: BTreeMap<String, u64>,
    /// Values written so far.
    pub writes: u64,
    /// Values of them that were acknowledged.
    pub acknowledgements: u64,
}

/// How many steps a member must have been left alone to be one that a failover has to reckon with.
const STEADY_STEPS: u64 = 60;

/// The container of a member.
pub fn container(member: &CacheCluster) -> String {
    member.nodes.first().map_or_else(String::new, |node| {
        identity(member, node).container_name(OWNER)
    })
}

fn endpoint(host: String, port: u16, mode: Option<TransitEncryptionMode>) -> NodeEndpoint {
    NodeEndpoint {
        host,
        port,
        protocol: Protocol::Redis,
        encryption: encryption_for(mode),
        administrator: None,
    }
}

impl Groups {
    /// The group that the container's node is a member of.
    pub fn group_of(&self, name: &str) -> Option<(&ReplicationGroup, &CacheCluster)> {
        self.records.values().find_map(|group| {
            let member = group
                .members
                .iter()
                .find(|member| container(member) == name)?;
            Some((group, member))
        })
    }
}

impl Simulation {
    /// A client writes the next value through the primary endpoint of some group.
    pub async fn write_value(&mut self) -> Result<(), String> {
        let groups: Vec<i64> = self.ledger.groups.records.keys().copied().collect();
        if groups.is_empty() {
            return Ok(());
        }
        let key = *self.dice.pick(&groups);
        let group = self.ledger.groups.records[&key].clone();
        // Before a primary was seen at its endpoint nobody is told of that.
        let is_over = group.deletion_requested_at.is_some() || group.failure.is_some();
        if is_over || group.primary.confirmed_epoch == 0 {
            return Ok(());
        }
        let Some(at) = self.primary_endpoint(&group) else {
            return Ok(());
        };
        self.ledger.groups.writes += 1;
        let value = format!("value-{}", self.ledger.groups.writes);
        let engine = SimulatedEngine::new(self.outside.host.clone());
        let Write::Done { replicas } = engine.set(&at, &value, "written") else {
            return Ok(());
        };
        let holders = self.holders(&group, &value);
        let writer = self.match_writer(&group, &value)?;
        // A primary takes up another history with its first replica; until that is on record nobody can tell who has it.
        let history = self
            .look(&writer)
            .await
            .and_then(|report| report.replication)
            .map(|replication| replication.history);
        if replicas > 0 && history == group.primary.history {
            self.ledger.groups.acknowledgements += 1;
            self.trace.push(format!(
                "{:5} {value} is acknowledged by {holders:?}",
                self.steps
            ));
            self.ledger
                .groups
                .acknowledged
                .insert(value, (key, holders));
        }
        Ok(())
    }

    /// Where a write through the primary endpoint ends up.
    pub fn primary_endpoint(&self, group: &ReplicationGroup) -> Option<NodeEndpoint> {
        let mode = group.spec.transit_encryption;
        if let Some(address) = group.primary_endpoint.address {
            return Some(endpoint(address.to_string(), group.spec.port, mode));
        }
        let port = group.primary_endpoint.published_port?;
        let running: BTreeSet<String> = self
            .outside
            .host
            .containers()
            .into_iter()
            .filter(|found| found.state == ContainerState::Running)
            .map(|found| found.name)
            .collect();
        let tables = self.outside.tables.lock().expect("lock the tables");
        tables
            .iter()
            .filter(|(name, _)| running.contains(*name))
            .flat_map(|(_, (_, routes))| &routes.routes)
            .filter(|route| route.listen.port == port)
            .find_map(|route| match &route.kind {
                RouteKind::Forward { targets, .. } => targets
                    .first()
                    .map(|target| endpoint(target.address.to_string(), target.port, mode)),
                RouteKind::MemcachedDiscovery { .. } => None,
            })
    }

    /// Whoever takes a write through the endpoint of a primary that is on record as serving is that primary; before that it is the
    /// chosen one or the one before.
    fn match_writer(&self, group: &ReplicationGroup, value: &str) -> Result<String, String> {
        let host = &self.outside.host;
        // With the value just written only the writer and those that follow it have it; the writer takes another.
        let writers: Vec<&CacheCluster> = group
            .members
            .iter()
            .filter(|member| host.memory_get(&container(member), value).is_some())
            .filter(|member| host.memory_set(&container(member), value, "written"))
            .collect();
        let [writer] = writers.as_slice() else {
            return Err(format!("{} members took {value}", writers.len()));
        };
        let id = &writer.spec.cache_cluster_id;
        let choice = &group.primary;
        let may = match choice.is_confirmed() {
            true => choice.cache_cluster_id == *id,
            false => choice.cache_cluster_id == *id || choice.former.as_ref() == Some(id),
        };
        match may || group.deletion_requested_at.is_some() {
            true => Ok(container(writer)),
            false => Err(format!(
                "{id} takes a write at the primary endpoint; on record is {choice:?}"
            )),
        }
    }

    /// The members whose processes hold a value.
    fn holders(&self, group: &ReplicationGroup, value: &str) -> BTreeSet<String> {
        let host = &self.outside.host;
        group
            .members
            .iter()
            .map(container)
            .filter(|name| host.memory_get(name, value).is_some())
            .collect()
    }

    /// Everybody who holds a value by now is on the list of those who hold it; whoever runs without it is not, while others have it.
    pub fn refresh_holders(&mut self) {
        let running: BTreeSet<String> = self
            .outside
            .host
            .containers()
            .into_iter()
            .filter(|found| found.state == ContainerState::Running)
            .map(|found| found.name)
            .collect();
        let mut acknowledged = std::mem::take(&mut self.ledger.groups.acknowledged);
        for (value, (key, holders)) in &mut acknowledged {
            let Some(group) = self.ledger.groups.records.get(key) else {
                continue;
            };
            let now = self.holders(group, value);
            if !now.is_empty() {
                holders.retain(|name| now.contains(name) || !running.contains(name));
            }
            holders.extend(now);
        }
        self.ledger.groups.acknowledged = acknowledged;
    }

    /// The control plane ends a process that is well. That must cost nothing, so others must have what it held.
    fn pass_copies_on(&mut self, name: &str) {
        self.refresh_holders();
        for (_, holders) in self.ledger.groups.acknowledged.values_mut() {
            if holders.len() > 1 {
                holders.remove(name);
            }
        }
    }

    /// A member is promoted that has ended and begun anew since it was looked at. Nobody can know that, and what it held is lost.
    fn promote_blindly(&mut self, group: &ReplicationGroup, name: &str, target: &str) {
        let groups = &mut self.ledger.groups;
        let (looked_at, trouble) = (groups.looked_at.get(target), groups.trouble.get(name));
        if looked_at >= trouble {
            return;
        }
        let host = &self.outside.host;
        groups
            .acknowledged
            .retain(|value, (key, _)| *key != group.key || host.memory_get(name, value).is_some());
    }

    /// A container's process is lost for a reason that the control plane is not to blame for, and with it what only it held.
    pub fn lose_copies(&mut self, name: &str) {
        self.ledger
            .groups
            .acknowledged
            .retain(|_, (_, holders)| !holders.remove(name) || !holders.is_empty());
    }

    /// A container is in trouble, and holds what it held.
    pub fn note_trouble(&mut self, name: &str) {
        self.disturb(name);
        self.ledger
            .groups
            .trouble
            .insert(name.to_owned(), self.steps);
    }

    /// Before an action on a node's container or process: what must be so, and what is about to be lost.
    pub async fn before(&mut self, action: &Action, by: &str) -> Result<(), String> {
        if self.has_clusters {
            return self.before_sharded(action);
        }
        let Action::Call(operation, target) = action else {
            if *action == Action::Write("replication_group_choose_primary") {
                self.give_up_unreachable();
            }
            return Ok(());
        };
        match operation {
            Operation::NodePromote => self.match_promotion(target).await,
            Operation::NodeProbe if self.is_run_of(REPLICATION_GROUPS, by) => {
                let looked_at = &mut self.ledger.groups.looked_at;
                looked_at.insert(target.clone(), self.steps);
                Ok(())
            }
            Operation::ContainerKill
            | Operation::ContainerStop
            | Operation::ContainerRestart
            | Operation::ContainerRemove => {
                let Some((group, member)) = self.ledger.groups.group_of(target) else {
                    return Ok(());
                };
                let leaves = member.deletion_requested_at.is_some();
                let is_beyond = self
                    .found(target)
                    .is_some_and(|found| !is_reachable(&found));
                // The look that a test of the failover was decided on is over; its successor may have been lost since.
                let is_tested = group.test_failover.is_some()
                    && group
                        .members
                        .iter()
                        .any(|member| !self.is_steady(&container(member)));
                if leaves || is_beyond || is_tested {
                    self.refresh_holders();
                    self.lose_copies(target);
                } else if *operation == Operation::ContainerKill {
                    self.pass_copies_on(target);
                }
                self.note_trouble(target);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a task is a run of the reconciler of this name.
    fn is_run_of(&self, reconciler: &str, task: &str) -> bool {
        task.starts_with(&format!("run {} ", self.place(reconciler)))
    }

    /// A failover waits for nobody for ever: whoever hangs or is cut off when another is chosen may be left behind.
    fn give_up_unreachable(&mut self) {
        let members: Vec<String> = self
            .ledger
            .groups
            .records
            .values()
            .flat_map(|group| group.members.iter().map(container))
            .collect();
        for name in members {
            let runs_unreachably = self
                .found(&name)
                .is_some_and(|found| is_alive(&found) && !is_reachable(&found));
            if runs_unreachably {
                self.refresh_holders();
                self.lose_copies(&name);
            }
        }
    }

    /// Whether a container has not been in trouble for a while.
    pub fn is_steady(&self, name: &str) -> bool {
        let since = self.ledger.groups.trouble.get(name).copied().unwrap_or(0);
        self.steps.saturating_sub(since) > STEADY_STEPS
    }

    /// A container as the host sees it.
    pub fn found(&self, name: &str) -> Option<ContainerObserved> {
        let containers = self.outside.host.containers();
        containers.into_iter().find(|found| found.name == name)
    }

    /// Whoever is promoted has all that was acknowledged and that others who can be reached have; and nobody else takes writes at the
    /// primary endpoint.
    async fn match_promotion(&mut self, target: &str) -> Result<(), String> {
        let Some((group, promoted)) = self.ledger.groups.records.values().find_map(|group| {
            let member = group.members.iter().find(|member| {
                member
                    .nodes
                    .first()
                    .is_some_and(|node| self.is_at(target, member, node.address))
            })?;
            Some((group.clone(), member.clone()))
        }) else {
            // The group was deleted since it was looked at, and this member is gone already.
            return match self.is_taken(target) {
                true => Err(format!("{target} is promoted, and is no member")),
                false => Ok(()),
            };
        };
        let id = &promoted.spec.cache_cluster_id;
        if group.primary.cache_cluster_id != *id {
            return Err(format!(
                "{id} is promoted, and on record is {:?}",
                group.primary
            ));
        }
        let name = container(&promoted);
        self.promote_blindly(&group, &name, target);
        for other in group.members.iter().filter(|member| member != &&promoted) {
            let other_name = container(other);
            let Some(report) = self.look(&other_name).await else {
                self.match_former(&group, other)?;
                continue;
            };
            let serves = report
                .replication
                .as_ref()
                .is_some_and(|replication| replication.primary.is_none());
            if serves && self.holds_endpoint(&group, &other_name) {
                return Err(format!(
                    "{id} is promoted while {} takes writes at the primary endpoint",
                    other.spec.cache_cluster_id
                ));
            }
            let host = &self.outside.host;
            let missing = self
                .ledger
                .groups
                .acknowledged
                .iter()
                .find(|(value, (key, _))| {
                    *key == group.key
                        && host.memory_get(&other_name, value).is_some()
                        && host.memory_get(&name, value).is_none()
                });
            if let Some((value, _)) = missing
                && self.is_steady(&other_name)
                && self.is_steady(&name)
                && other.deletion_requested_at.is_none()
            {
                return Err(format!(
                    "{id} is promoted without {value}, which {} has",
                    other.spec.cache_cluster_id
                ));
            }
        }
        Ok(())
    }

    /// Whoever was primary before, and cannot be asked whether it takes writes, does not run any more.
    fn match_former(&self, group: &ReplicationGroup, other: &CacheCluster) -> Result<(), String> {
        let (id, name) = (&other.spec.cache_cluster_id, container(other));
        let may_take_writes = group.primary.former.as_ref() == Some(id)
            && self.found(&name).is_some_and(|found| is_alive(&found))
            && self.is_steady(&name);
        match may_take_writes {
            true => Err(format!(
                "another is promoted while {id}, which was primary, runs out of reach"
            )),
            false => Ok(()),
        }
    }

    fn is_at(
        &self,
        target: &str,
        member: &CacheCluster,
        address: Option<std::net::Ipv4Addr>,
    ) -> bool {
        let node = &member.nodes[0];
        let port = node.engine_port(&member.spec);
        match node.published_port {
            Some(_) => target == format!("127.0.0.1:{port}"),
            None => address.is_some_and(|address| target == format!("{address}:{port}")),
        }
    }

    /// Whether any container has this address, or this port of the host.
    fn is_taken(&self, target: &str) -> bool {
        let host = &self.outside.host;
        host.containers().iter().any(|found| {
            let spec = host.container_spec(&found.name);
            let published = spec.map(|spec| spec.published_ports).unwrap_or_default();
            let mut ports = published.iter().map(|published| published.host_port);
            let mut addresses = found.addresses.values();
            addresses.any(|address| target.starts_with(&format!("{address}:")))
                || ports.any(|port| target == format!("127.0.0.1:{port}"))
        })
    }

    /// Whether clients of the primary endpoint come to this container.
    fn holds_endpoint(&self, group: &ReplicationGroup, name: &str) -> bool {
        let Some(at) = self.primary_endpoint(group) else {
            return false;
        };
        self.found(name).is_some_and(|found| {
            found.is_running()
                && found
                    .addresses
                    .values()
                    .any(|own| own.to_string() == at.host)
        })
    }

    /// What a member's process says of itself, if it can be reached on the network of nodes.
    pub async fn look(&self, name: &str) -> Option<NodeReport> {
        let found = self.found(name)?;
        let address = found.addresses.get(NODE_NETWORK)?;
        let (_, member) = self.ledger.groups.group_of(name)?;
        let at = endpoint(
            address.to_string(),
            member.nodes.first()?.engine_port(&member.spec),
            member.spec.transit_encryption,
        );
        // It is the test that looks: that is nobody's turn, and nothing goes wrong with it.
        let was_open = self.outside.turns.open(true);
        let permille = self.trouble_permille(0);
        let report = SimulatedEngine::new(self.outside.host.clone())
            .probe(&at, Duration::ZERO)
            .await;
        self.trouble_permille(permille);
        self.outside.turns.open(was_open);
        report.ok()
    }

    /// Forgets what belonged to groups that are being deleted, and to members that leave.
    pub fn forget_values(&mut self) {
        self.forget_sharded();
        let groups = &mut self.ledger.groups;
        let records = &groups.records;
        groups.acknowledged.retain(|_, (key, holders)| {
            let Some(group) = records.get(key) else {
                return false;
            };
            let leaving = group
                .members
                .iter()
                .filter(|member| member.deletion_requested_at.is_some())
                .map(container);
            for name in leaving {
                holders.remove(&name);
            }
            group.deletion_requested_at.is_none() && !holders.is_empty()
        });
    }
}

/// Whether it has a process, if only a frozen one.
fn is_alive(found: &ContainerObserved) -> bool {
    matches!(
        found.state,
        ContainerState::Running | ContainerState::Paused
    )
}

/// Whether its process answers whoever asks it on the network of nodes.
pub fn is_reachable(found: &ContainerObserved) -> bool {
    found.state == ContainerState::Running && found.addresses.contains_key(NODE_NETWORK)
}
