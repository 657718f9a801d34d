//! What must hold at every moment: compares each state of the records with the one before, and each action with the records.

use std::collections::{BTreeMap, BTreeSet};

use cacheplane::datastore::Datastore;
use cacheplane::resources::cache_cluster::{CacheCluster, CacheNode, Change, Observation};
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::resources::scope::Scope;
use cacheplane::resources::status::{
    self, CacheClusterStatus as Status, ReplicationGroupStatus as GroupStatus,
};
use cacheplane::routing::RouteKind;
use cacheplane::runtime::labels::{KIND_CACHE_CLUSTER, NodeIdentity, name_prefix};
use cacheplane::runtime::simulated::Operation;

use cacheplane::resources::pending::PendingNodes;

use crate::client::Command;
use crate::clusters::Clusters;
use crate::group_client::GroupCommand;
use crate::groups::Groups;
use crate::process::{OWNER, Outside};
use crate::turns::Action;

/// What was seen so far.
#[derive(Default)]
pub struct Ledger {
    /// The last state of each record, by key.
    pub clusters: BTreeMap<i64, CacheCluster>,
    /// How many records of each name are gone.
    pub gone: BTreeMap<(Scope, String), usize>,
    /// How many changes of each record were taken in.
    pub changes: BTreeMap<i64, usize>,
    /// The key of the record and the place of the node that each container and volume is on record for.
    names: BTreeMap<String, (i64, usize)>,
    /// The highest version of each route that some router has had.
    pushed: BTreeMap<String, u32>,
    /// What clients wrote into each node, by its container, as far as it may not be lost.
    pub keys: BTreeMap<String, Keys>,
    /// Replication groups.
    pub groups: Groups,
    /// Those with cluster mode enabled, besides that.
    pub sharded: Clusters,
    /// Whether nothing happens that excuses a loss of acknowledged writes which nobody here can see.
    pub keeps_count: bool,
}

/// Keys that a client wrote into a node.
#[derive(Debug, Default)]
pub struct Keys {
    /// Since the node last ended gracefully: a crash may lose them, the control plane may not.
    pub volatile: BTreeSet<String>,
    /// Before: nothing may lose them.
    pub durable: BTreeSet<String>,
}

/// The identity that names and labels are made from.
pub fn identity(cluster: &CacheCluster, node: &CacheNode) -> NodeIdentity {
    NodeIdentity {
        account: cluster.scope.account.clone(),
        region: cluster.scope.region.clone(),
        kind: KIND_CACHE_CLUSTER.to_owned(),
        resource: cluster.spec.cache_cluster_id.clone(),
        node: node.cache_node_id.clone(),
    }
}

/// The changes under way whose end is told; another parameter group is told of at once, or not.
fn told_changes(cluster: &CacheCluster) -> usize {
    let is_told = |change: &&Change| !matches!(change, Change::ParameterGroup(..));
    cluster.changes.iter().filter(is_told).count()
}

/// Whether a container or volume is a router's.
pub fn is_routers(name: &str) -> bool {
    name.starts_with(&format!("{}router-", name_prefix(OWNER)))
}

impl Ledger {
    /// The record of the node with this container or volume.
    pub fn node(&self, name: &str) -> Option<(&CacheCluster, &CacheNode)> {
        let (key, index) = self.names.get(name)?;
        let cluster = self.clusters.get(key)?;
        Some((cluster, cluster.nodes.get(*index)?))
    }

    fn name_nodes(&mut self) {
        self.names.clear();
        for (key, cluster) in &self.clusters {
            for (index, node) in cluster.nodes.iter().enumerate() {
                let identity = identity(cluster, node);
                self.names
                    .insert(identity.container_name(OWNER), (*key, index));
                self.names
                    .insert(identity.volume_name(OWNER), (*key, index));
            }
        }
    }

    /// Reads the records, which must follow from what they were.
    pub async fn read(&mut self, store: &Datastore, outside: &Outside) -> Result<(), String> {
        let read = store.cache_cluster_list().await;
        let read = read.map_err(|error| format!("the records cannot be read: {error:?}"))?;
        let mut before = std::mem::take(&mut self.clusters);
        for after in read {
            let (key, id) = (after.key, after.spec.cache_cluster_id.clone());
            match before.remove(&key) {
                Some(before) => {
                    compare(&before, &after).map_err(|text| format!("{id}: {text}"))?;
                    let served = after.configuration_endpoint.served_version;
                    if served > self.pushed.get(&route_id(&after)).copied().unwrap_or(0) {
                        return Err(format!("{id}: no router was ever told of list {served}"));
                    }
                    let taken_in = told_changes(&after).saturating_sub(told_changes(&before));
                    *self.changes.entry(key).or_default() += taken_in;
                }
                None if status::cache_cluster(&after) == Status::Creating => {}
                None => return Err(format!("{id} begins as {}", word(&after))),
            }
            self.clusters.insert(key, after);
        }
        for gone in before.into_values() {
            let id = gone.spec.cache_cluster_id.clone();
            if status::cache_cluster(&gone) != Status::Deleting {
                return Err(format!("{id} is gone while {}", word(&gone)));
            }
            self.pushed.remove(&route_id(&gone));
            for node in &gone.nodes {
                self.keys
                    .remove(&identity(&gone, node).container_name(OWNER));
            }
            *self.gone.entry((gone.scope, id)).or_default() += 1;
        }
        let groups = store.replication_group_list().await;
        let groups = groups.map_err(|error| format!("the records cannot be read: {error:?}"))?;
        self.groups.records = groups.into_iter().map(|group| (group.key, group)).collect();
        for cluster in self
            .clusters
            .values()
            .filter(|one| one.membership.is_some())
        {
            for node in &cluster.nodes {
                // What a member holds is its group's.
                self.keys
                    .remove(&identity(cluster, node).container_name(OWNER));
            }
        }
        self.name_nodes();
        self.match_host(outside)
    }

    /// Takes note of what the routers serve.
    pub fn note_tables(&mut self, outside: &Outside) {
        let tables = outside.tables.lock().expect("lock the tables");
        for route in tables.values().flat_map(|(_, routes)| &routes.routes) {
            let RouteKind::MemcachedDiscovery { config_version, .. } = &route.kind else {
                continue;
            };
            let highest = self.pushed.entry(route.id.clone()).or_default();
            *highest = (*highest).max(*config_version);
        }
    }

    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        let is_settled = |group: &ReplicationGroup| {
            matches!(
                status::replication_group(group),
                GroupStatus::Available | GroupStatus::CreateFailed
            )
        };
        if !self.groups.records.values().all(is_settled) {
            return true;
        }
        self.clusters.values().any(|cluster| {
            let status = status::cache_cluster(cluster);
            !matches!(
                status,
                Status::Available | Status::Failed | Status::IncompatibleNetwork
            )
        })
    }

    /// Whatever is on the host is on record.
    pub fn match_host(&self, outside: &Outside) -> Result<(), String> {
        for container in outside.host.containers() {
            self.match_name(&container.name)?;
        }
        let volumes = outside.host.volume_names();
        let stray = |name: &&String| !is_routers(name) && self.node(name).is_none();
        match volumes.iter().find(stray) {
            Some(volume) => Err(format!("no record of the volume {volume}")),
            None => Ok(()),
        }
    }

    fn match_name(&self, container: &str) -> Result<(), String> {
        match self.node(container) {
            _ if is_routers(container) => Ok(()),
            None => Err(format!("no record of the container {container}")),
            Some((_, node)) if node.observation == Observation::Absent => {
                Err(format!("{container} is there, and on record as absent"))
            }
            Some(_) => Ok(()),
        }
    }

    /// A container, if there is one of this name, is where its record says.
    pub fn match_container(&self, outside: &Outside, name: &str) -> Result<(), String> {
        let Some(spec) = outside.host.container_spec(name) else {
            return Ok(());
        };
        self.match_name(name)?;
        let Some((_, node)) = self.node(name) else {
            return Ok(());
        };
        let port = spec.published_ports.first().map(|port| port.host_port);
        if spec.networks[0].address != node.address || port != node.published_port {
            return Err(format!("{name} is not at its address or port: {node:?}"));
        }
        Ok(())
    }

    /// Whether the control plane may do this now.
    pub fn admit(&self, action: &Action, outside: &Outside) -> Result<(), String> {
        let Action::Call(operation, target) = action else {
            return Ok(());
        };
        use Operation as Op;
        let touches = matches!(
            operation,
            Op::ContainerCreate
                | Op::ContainerStart
                | Op::ContainerStop
                | Op::ContainerRestart
                | Op::ContainerKill
                | Op::ContainerUnpause
                | Op::ContainerRemove
                | Op::NetworkConnect
                | Op::NetworkDisconnect
                | Op::VolumeCreate
                | Op::VolumeRemove
        );
        if !touches || is_routers(target) {
            return Ok(());
        }
        let Some((cluster, node)) = self.node(target) else {
            // A group that was read before a member was forgotten may still end it: that nothing is there any more is no error.
            let is_there = outside
                .host
                .containers()
                .iter()
                .any(|found| found.name == *target);
            let ends = matches!(operation, Op::ContainerKill | Op::NetworkDisconnect);
            if ends && !is_there {
                return Ok(());
            }
            return Err(format!("{operation:?} of {target}, which is not on record"));
        };
        // Its group moves its primary endpoint, and ends what may take writes.
        let is_of_group = matches!(
            operation,
            Op::NetworkConnect | Op::NetworkDisconnect | Op::ContainerKill
        ) && cluster.membership.is_some();
        if node.observation != Observation::Unknown && !is_of_group {
            return Err(format!(
                "{operation:?} of {target} before it is on record as unknown: {node:?}"
            ));
        }
        let leaves =
            matches!(operation, Op::ContainerStop | Op::ContainerRemove) && !node.is_wished();
        let ends = cluster.deletion_requested_at.is_some() || cluster.failure.is_some();
        if leaves && !ends && told_of(outside, cluster, node) {
            return Err(format!("{target} is removed while clients are told of it"));
        }
        Ok(())
    }

    /// The host let a node end gracefully: what is in its memory is on its volume.
    pub fn keep(&mut self, container: &str) {
        if let Some(keys) = self.keys.get_mut(container) {
            let volatile = std::mem::take(&mut keys.volatile);
            keys.durable.extend(volatile);
        }
    }

    /// Something happened to a node that the control plane is not to blame for.
    pub fn lose(&mut self, container: &str) {
        if let Some(keys) = self.keys.get_mut(container) {
            keys.volatile.clear();
        }
    }
}

fn route_id(cluster: &CacheCluster) -> String {
    let (scope, id) = (&cluster.scope, &cluster.spec.cache_cluster_id);
    format!("{}/{}/{id}/configuration", scope.account, scope.region)
}

/// Whether a router's table names the node.
fn told_of(outside: &Outside, cluster: &CacheCluster, node: &CacheNode) -> bool {
    let tables = outside.tables.lock().expect("lock the tables");
    tables
        .values()
        .flat_map(|(_, routes)| &routes.routes)
        .any(|route| {
            let (RouteKind::MemcachedDiscovery { targets, .. }
            | RouteKind::Forward { targets, .. }) = &route.kind;
            targets.iter().any(|target| {
                Some(target.address) == node.address
                    && target.port == node.engine_port(&cluster.spec)
            })
        })
}

fn word(cluster: &CacheCluster) -> &'static str {
    status::cache_cluster(cluster).word()
}

/// A record's state, and the one before.
fn compare(before: &CacheCluster, after: &CacheCluster) -> Result<(), String> {
    let (from, to) = (status::cache_cluster(before), status::cache_cluster(after));
    if !may_follow(from, to) {
        return Err(format!("{} follows {}", to.word(), from.word()));
    }
    if before.available_at.is_some() && after.available_at != before.available_at {
        return Err("it has another create time".to_owned());
    }
    for node in &before.nodes {
        let Some(now) = after.nodes.iter().find(|now| now.key == node.key) else {
            if node.listed || node.observation != Observation::Absent {
                return Err(format!("a node is forgotten that is there: {node:?}"));
            }
            continue;
        };
        let moved = (node.address, node.published_port) != (now.address, now.published_port);
        if moved
            && node.address.is_some()
            && (after.failure.is_none() || now.observation != Observation::Absent)
        {
            return Err(format!("a node has another address: {node:?}, {now:?}"));
        }
        if now.listed && !node.listed && now.ready_at.is_none() {
            return Err(format!(
                "clients are told of a node that was never ready: {now:?}"
            ));
        }
    }
    let listed = |cluster: &CacheCluster| -> BTreeSet<i64> {
        cluster
            .nodes
            .iter()
            .filter(|node| node.listed)
            .map(|node| node.key)
            .collect()
    };
    let changed = listed(before).symmetric_difference(&listed(after)).count();
    let expected = match before.configuration_endpoint.config_version {
        0 if changed > 0 => 1,
        version => version + u32::try_from(changed).map_err(|error| error.to_string())?,
    };
    let version = after.configuration_endpoint.config_version;
    if version != expected {
        return Err(format!(
            "the node list has version {version} and not {expected}"
        ));
    }
    Ok(())
}

fn may_follow(from: Status, to: Status) -> bool {
    from == to
        || match from {
            Status::Creating => matches!(
                to,
                Status::Available
                    | Status::IncompatibleNetwork
                    | Status::RestoreFailed
                    | Status::Failed
                    | Status::Deleting
            ),
            Status::Available => {
                matches!(
                    to,
                    Status::Modifying | Status::Rebooting | Status::Snapshotting | Status::Deleting
                )
            }
            Status::Snapshotting => matches!(to, Status::Available | Status::Rebooting),
            Status::Modifying => {
                matches!(to, Status::Available | Status::Rebooting | Status::Deleting)
            }
            Status::Rebooting => {
                matches!(to, Status::Available | Status::Modifying | Status::Deleting)
            }
            Status::IncompatibleNetwork | Status::RestoreFailed | Status::Failed => {
                to == Status::Deleting
            }
            Status::Deleting => false,
        }
}

impl Ledger {
    /// What a client was answered must be what is on record.
    pub fn hold_to(
        &self,
        command: &Command,
        scope: &Scope,
        status: Option<&str>,
    ) -> Result<(), String> {
        match command {
            Command::Group(command) => return self.hold_to_group(command, scope, status),
            // What is kept of it shows in the caches that use it.
            Command::Parameters(_) => return Ok(()),
            _ => {}
        }
        if let Command::Access(_) = command {
            // Told of in the end by the nodes themselves.
            return Ok(());
        }
        let found = self.clusters.values().find(|cluster| {
            cluster.scope == *scope && cluster.spec.cache_cluster_id == command.id()
        });
        let broken = || {
            Err(format!(
                "{} was answered {status:?}, and on record is {found:#?}",
                command.text()
            ))
        };
        let Some(cluster) = found else {
            return broken();
        };
        let is_kept = match command {
            Command::Create(_) => cluster.available_at.is_none(),
            Command::Delete(_) => cluster.deletion_requested_at.is_some(),
            Command::Describe(_) => status == Some(word(cluster)),
            Command::Reboot(input) => cluster.nodes.iter().all(|node| {
                node.reboot.is_some()
                    || !input.cache_node_ids_to_reboot.contains(&node.cache_node_id)
            }),
            Command::Modify(input) => {
                let (spec, pending) = (&cluster.spec, &cluster.pending);
                let version = input.engine_version.as_deref().is_none_or(|wanted| {
                    pending
                        .engine_version
                        .unwrap_or(spec.engine_version)
                        .version
                        == wanted
                });
                let node_type = input.cache_node_type.as_deref().is_none_or(|wanted| {
                    pending.node_type.unwrap_or(spec.node_type).name == wanted
                });
                let count = i64::from(cluster.wished_node_count())
                    + match &pending.nodes {
                        Some(PendingNodes::Add(zones)) => zones.len() as i64,
                        Some(PendingNodes::Remove(ids)) => -(ids.len() as i64),
                        None => 0,
                    };
                version
                    && node_type
                    && input
                        .num_cache_nodes
                        .is_none_or(|wanted| i64::from(wanted) == count)
            }
            Command::Tag(..) | Command::Group(_) | Command::Access(_) | Command::Parameters(_) => {
                true
            }
        };
        if is_kept { Ok(()) } else { broken() }
    }

    fn hold_to_group(
        &self,
        command: &GroupCommand,
        scope: &Scope,
        status: Option<&str>,
    ) -> Result<(), String> {
        let found =
            self.groups.records.values().find(|group| {
                group.scope == *scope && group.spec.replication_group_id == command.id()
            });
        match found {
            Some(group) if command.is_kept(group, status) => Ok(()),
            found => Err(format!(
                "{} was answered {status:?}, and on record is {found:#?}",
                command.text()
            )),
        }
    }
}
