//! One cache node: what its container is made of, how to look at it, how to make it be there.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::restore::overflows;
use super::{World, identity};
use crate::engine::{EngineError, NodeEndpoint, NodeReport, Protocol};
use crate::planner::cache_cluster::{NodeSeen, Obstacle};
use crate::resources::cache_cluster::{CacheCluster, CacheNode, NodeObserved, Observation};
use crate::resources::cache_parameter_group::ParameterValues;
use crate::resources::engine::{self, Engine};
use crate::resources::engine_settings::{
    self, Administrator, ClusterSettings, Peer, ServerSettings,
};
use crate::resources::parameter;
use crate::runtime::{
    ContainerFile, ContainerObserved, ContainerSpec, NetworkAttachment, PublishedPort,
    RestartPolicy, RuntimeError, VolumeMount, VolumeSpec,
};

/// How long a running node may take to answer one look.
const PROBE_DEADLINE: Duration = Duration::from_secs(1);

/// How long a node that was just started may take to answer. Loading a large snapshot takes longer: then the next run goes on
/// waiting.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// How long one wait for it is; in between its container is looked at.
const READY_SLICE: Duration = Duration::from_secs(1);

/// How long Redis may take to write its snapshot when it is stopped; after that it is killed.
const STOP_GRACE: Duration = Duration::from_secs(120);

/// The end of a node that keeps nothing.
const STOP_GRACE_VOLATILE: Duration = Duration::from_secs(2);

/// Where the data volume lies in a container.
const DATA_PATH: &str = "/data";

/// Lines of a dead container's output that an event quotes.
const LOG_LINES: u32 = 3;

impl World {
    /// What is seen of `node`: from the record where that is sure, else by looking.
    pub(super) async fn observe_node(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<NodeSeen, RuntimeError> {
        match &node.observation {
            Observation::Absent => Ok(NodeSeen::Absent),
            Observation::Known(seen) => Ok(NodeSeen::Container {
                generation: seen.generation,
                running: true,
                started_at: seen.started_at.clone(),
                ready: true,
            }),
            Observation::Unknown => self.look_at_node(cluster, node).await,
        }
    }

    async fn look_at_node(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<NodeSeen, RuntimeError> {
        let name = identity(cluster, node).container_name(&self.ground.owner);
        let Some(container) = self.runtime.container(&name).await? else {
            return Ok(NodeSeen::Absent);
        };
        let running = container.is_running();
        let ready = running
            && self
                .engine
                .probe(&self.node_endpoint(cluster, node), PROBE_DEADLINE)
                .await
                .is_ok_and(|report| !report.loading);
        Ok(NodeSeen::Container {
            generation: container.generation.unwrap_or(0),
            running,
            started_at: container.started_at.unwrap_or_default(),
            ready,
        })
    }

    /// Finds the image that a node of `cluster` runs: `chosen` by a service update, or the best for the engine version.
    pub(super) async fn ensure_node_image(
        &self,
        cluster: &CacheCluster,
        chosen: Option<&String>,
    ) -> Result<String, Obstacle> {
        let version = cluster.spec.engine_version;
        if let Some(image) = chosen {
            let found = self.runtime.ensure_image(std::slice::from_ref(image)).await;
            return found.map_err(|error| match error {
                RuntimeError::NoImage { reason, .. } => Obstacle::NoImage(format!(
                    "The image {image} of its service update is not on the container host, and could not be pulled ({reason})."
                )),
                error => passing(&error),
            });
        }
        let named = (version.engine.name().to_owned(), version.version.to_owned());
        let mut candidates: Vec<String> = self
            .ground
            .images
            .get(&named)
            .cloned()
            .into_iter()
            .collect();
        candidates.extend(engine::image_candidates(version));
        self.runtime.ensure_image(&candidates).await.map_err(|error| match error {
            RuntimeError::NoImage { candidates, reason } => Obstacle::NoImage(format!(
                "There is no image for {} {}: none of {} is on the container host, and none could be pulled ({reason}). \
                 Pull one of them, or name another with --image {}:{}=REFERENCE.",
                named.0,
                named.1,
                candidates.join(", "),
                named.0,
                named.1
            )),
            error => passing(&error),
        })
    }

    /// Makes the node's container be there, run from `image`, and answer.
    pub(super) async fn ensure_node(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        image: &str,
    ) -> Result<NodeObserved, Obstacle> {
        let identity = identity(cluster, node);
        if node.discards_data {
            self.discard_data(cluster, node).await?;
        }
        if keeps_data(cluster) {
            let volume = VolumeSpec {
                name: identity.volume_name(&self.ground.owner),
                labels: identity.labels(),
            };
            self.runtime
                .ensure_volume(&volume)
                .await
                .map_err(|error| passing(&error))?;
        }
        let speaks_resp = cluster.spec.engine().speaks_resp();
        if cluster.spec.transit_encryption.is_some() && speaks_resp && !has_users(cluster) {
            // Engines speak TLS from the line on that brought users.
            return Err(Obstacle::NoImage(without_encryption(cluster, image)));
        }
        let files = self.node_files(cluster, node).await?;
        let spec = self.container_spec(cluster, node, image, files);
        self.place_data(cluster, node, &spec).await?;
        let container = self
            .runtime
            .ensure_container(&spec)
            .await
            .inspect_err(|error| self.doubt_networks(error))
            .map_err(|error| passing(&error))?;
        let ready = self.wait_ready(cluster, node, &spec.name, &container).await;
        if let Ok(report) = &ready
            && let Some(reason) = overflows(cluster, node, report)
        {
            return Err(Obstacle::BadRestore(reason));
        }
        if let Err(error) = ready {
            let account = self.account_for(&spec.name, &error).await;
            if cluster.spec.transit_encryption.is_some() && says_no_encryption(&account) {
                return Err(Obstacle::NoImage(without_encryption(cluster, image)));
            }
            if self.rejects_data(cluster, node, &container).await {
                return Err(Obstacle::BadRestore(account));
            }
            if hangs_at_start(cluster, node, &container, &error) {
                // The next look finds that it has ended, and starts it again.
                self.runtime
                    .kill_container(&spec.name)
                    .await
                    .map_err(|error| passing(&error))?;
            }
            return Err(Obstacle::Passing(account));
        }
        Ok(NodeObserved {
            generation: node.generation,
            started_at: container.started_at.unwrap_or_default(),
            seen_at: self.clock.now(),
        })
    }

    /// Removes what a node keeps, unless it has been given a container since: then it is another's by now.
    async fn discard_data(&self, cluster: &CacheCluster, node: &CacheNode) -> Result<(), Obstacle> {
        let name = identity(cluster, node).container_name(&self.ground.owner);
        let container = self.runtime.container(&name).await;
        let container = container.map_err(|error| passing(&error))?;
        match container.is_some_and(|found| found.generation == Some(node.generation)) {
            true => Ok(()),
            false => self.remove_node(cluster, node).await,
        }
    }

    /// Ends the node's present run and starts another.
    pub(super) async fn restart_node(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<(), Obstacle> {
        let name = identity(cluster, node).container_name(&self.ground.owner);
        let container = self
            .runtime
            .restart_container(&name, stop_grace(cluster))
            .await
            .map_err(|error| passing(&error))?;
        self.wait_ready(cluster, node, &name, &container)
            .await
            .map_err(|error| Obstacle::Passing(describe(&error)))?;
        Ok(())
    }

    /// Waits until the node answers, for as long as its container is in this run: whoever waits for one that has ended keeps it from
    /// being started again.
    async fn wait_ready(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        name: &str,
        run: &ContainerObserved,
    ) -> Result<NodeReport, EngineError> {
        let endpoint = self.node_endpoint(cluster, node);
        let end = Instant::now() + READY_DEADLINE;
        loop {
            let began = Instant::now();
            let error = match self.engine.wait_ready(&endpoint, READY_SLICE).await {
                Ok(report) => return Ok(report),
                Err(error) => error,
            };
            // What is refused at once stays refused.
            if began.elapsed() < READY_SLICE / 2 || Instant::now() >= end {
                return Err(error);
            }
            let container = self.runtime.container(name).await;
            let is_same_run = |found: &ContainerObserved| {
                found.is_running() && found.started_at == run.started_at
            };
            if container.is_ok_and(|found| !found.as_ref().is_some_and(is_same_run)) {
                return Err(error);
            }
        }
    }

    /// Removes the node's container and what it kept.
    pub(super) async fn remove_node(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<(), Obstacle> {
        let identity = identity(cluster, node);
        // Its data go with it, so there is nothing to wait for.
        self.runtime
            .remove_container(&identity.container_name(&self.ground.owner), Duration::ZERO)
            .await
            .map_err(|error| passing(&error))?;
        if keeps_data(cluster) {
            self.runtime
                .remove_volume(&identity.volume_name(&self.ground.owner))
                .await
                .map_err(|error| passing(&error))?;
        }
        Ok(())
    }

    /// How we ourselves reach a node.
    pub(super) fn node_endpoint(&self, cluster: &CacheCluster, node: &CacheNode) -> NodeEndpoint {
        let host = match (&self.ground.published, node.published_port) {
            (Some(published), Some(_)) => published.probe_host.clone(),
            _ => node
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
        };
        let name = identity(cluster, node).container_name(&self.ground.owner);
        NodeEndpoint {
            host,
            port: node.engine_port(&cluster.spec),
            protocol: match cluster.spec.engine() {
                Engine::Memcached => Protocol::Memcached,
                Engine::Redis | Engine::Valkey => Protocol::Redis,
            },
            administrator: has_users(cluster).then(|| self.ground.administrator(&name)),
            encryption: cluster
                .spec
                .transit_encryption
                .map(|_| self.ground.encryption.clone()),
        }
    }

    fn container_spec(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        image: &str,
        files: Vec<ContainerFile>,
    ) -> ContainerSpec {
        let identity = identity(cluster, node);
        let name = identity.container_name(&self.ground.owner);
        let command = self.server_command(cluster, node, &name, image);
        let command =
            match engine_settings::has_front(cluster.spec.transit_encryption, cluster.spec.iam) {
                true => engine_settings::front_command(command),
                false => command,
            };
        let published_ports = match (&self.ground.published, node.published_port) {
            (Some(published), Some(port)) => vec![PublishedPort {
                host_ip: published.bind_address,
                host_port: port,
                container_port: port,
            }],
            _ => Vec::new(),
        };
        let volumes = match keeps_data(cluster) {
            true => vec![VolumeMount {
                volume: identity.volume_name(&self.ground.owner),
                path: DATA_PATH.to_owned(),
            }],
            false => Vec::new(),
        };
        ContainerSpec {
            image: image.to_owned(),
            command,
            environment: BTreeMap::new(),
            labels: identity.labels(),
            generation: node.generation,
            networks: vec![NetworkAttachment {
                network: self.ground.node_network.name.clone(),
                address: node.address,
                aliases: vec![node_alias(cluster, node)],
            }],
            published_ports,
            volumes,
            restart_policy: restart_policy(cluster),
            // The engine's own limit holds; the kernel's would kill a node that forks to write a snapshot.
            memory_limit_bytes: None,
            capabilities: Vec::new(),
            stop_grace: stop_grace(cluster),
            sysctls: BTreeMap::new(),
            files,
            name,
        }
    }

    fn server_command(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        container: &str,
        image: &str,
    ) -> Vec<String> {
        let spec = &cluster.spec;
        let credentials = self.ground.administrator(container);
        let password_sha256 = hex::encode(Sha256::digest(credentials.password.as_bytes()));
        let start = node.start.as_ref();
        let values = start.map_or(&cluster.parameters.values, |start| &start.values);
        let parameters = effective_parameters(cluster, values);
        let membership = cluster.membership.as_ref();
        let peer = membership.map(|group| self.ground.peer(group.group_key));
        let peer_sha256 = peer
            .as_ref()
            .map(|peer| hex::encode(Sha256::digest(peer.password.as_bytes())))
            .unwrap_or_default();
        engine_settings::server_command(&ServerSettings {
            version: spec.engine_version,
            line: engine::image_line(spec.engine_version, image),
            node_type: spec.node_type,
            parameters: &parameters,
            port: node.engine_port(spec),
            cluster: node.address.map(|announce_address| ClusterSettings {
                announce_address,
                announce_hostname: self.ground.published.as_ref().map(|it| &*it.advertise_host),
                peer: peer
                    .as_ref()
                    .filter(|_| has_users(cluster))
                    .map(|peer| Peer {
                        user: Administrator {
                            name: &peer.user,
                            password_sha256: &peer_sha256,
                        },
                        password: &peer.password,
                    }),
            }),
            administrator: has_users(cluster).then_some(Administrator {
                name: &credentials.user,
                password_sha256: &password_sha256,
            }),
            fenced: cluster.membership.is_some(),
            guarded: spec.guarded,
            encryption: spec.transit_encryption,
            iam: spec.iam,
            persistent: keeps_data(cluster),
            open_files_limit: self.ground.open_files_limit,
        })
    }

    /// Why a node did not become ready: what the engine said last, and what its container wrote.
    async fn account_for(&self, container: &str, error: &EngineError) -> String {
        let log = self
            .runtime
            .logs_tail(container, LOG_LINES)
            .await
            .unwrap_or_default();
        match log.trim() {
            "" => describe(error),
            log => format!("{}; its container last wrote: {log}", describe(error)),
        }
    }
}

/// Whether an engine says that it was built without TLS: Redis of a directive, Valkey 9 of a kind of connection, Memcached in so many
/// words.
fn says_no_encryption(account: &str) -> bool {
    let refuses_directive = account.contains("Bad directive") && account.contains("tls-port");
    refuses_directive
        || account.contains("Failed finding TLS support")
        || account.contains("not built with TLS")
}

fn without_encryption(cluster: &CacheCluster, image: &str) -> String {
    let version = cluster.spec.engine_version;
    format!(
        "The image {image} has no TLS, which encryption in transit needs. Name one that has with --image {}:{}=REFERENCE, or do \
         without TransitEncryptionEnabled.",
        version.engine.name(),
        version.version
    )
}

/// Whether a node that was waited for in vain hangs, in a run in which nobody can have written to it: a member's, which is fenced until
/// it has joined. A cluster's node is not: before it was lost it may be busy with what it was asked, and may hold what nobody else has.
/// After that, one that never says a word is in the way of whoever could take its place. Any other node is left alone.
fn hangs_at_start(
    cluster: &CacheCluster,
    node: &CacheNode,
    run: &ContainerObserved,
    error: &EngineError,
) -> bool {
    let Some(membership) = &cluster.membership else {
        return false;
    };
    let joined = membership.joined.as_ref();
    let has_joined =
        joined.is_some_and(|joined| run.started_at.as_ref() == Some(&joined.started_at));
    let may_end = membership.node_group.is_none() || node.recovering;
    matches!(error, EngineError::Timeout { .. }) && may_end && !has_joined
}

/// A node of a cluster that ends stays so until its group has seen who serves its slots: it would be believed if it came back as a primary
/// with what it saved last.
fn restart_policy(cluster: &CacheCluster) -> RestartPolicy {
    let node_group = cluster
        .membership
        .as_ref()
        .and_then(|group| group.node_group);
    match node_group {
        Some(_) => RestartPolicy::Never,
        None => RestartPolicy::UnlessStopped,
    }
}

/// A name for the node on its network, for whoever looks from another container.
fn node_alias(cluster: &CacheCluster, node: &CacheNode) -> String {
    format!("{}.{}", cluster.spec.cache_cluster_id, node.cache_node_id)
}

/// Redis and Valkey keep their keys on a volume; Memcached keeps nothing.
fn keeps_data(cluster: &CacheCluster) -> bool {
    cluster.spec.engine().speaks_resp()
}

/// Users came with Redis 6.
fn has_users(cluster: &CacheCluster) -> bool {
    cluster.spec.engine().speaks_resp() && cluster.spec.engine_version.at_least(6, 0, 0)
}

fn stop_grace(cluster: &CacheCluster) -> Duration {
    if keeps_data(cluster) {
        STOP_GRACE
    } else {
        STOP_GRACE_VOLATILE
    }
}

/// Every value that a node of `cluster` gets where its group says `values`.
pub(super) fn effective_parameters(
    cluster: &CacheCluster,
    values: &ParameterValues,
) -> BTreeMap<&'static str, String> {
    let Some(family) = cluster.family() else {
        return BTreeMap::new();
    };
    let overrides: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    parameter::effective(family, &overrides, cluster.spec.node_type).collect()
}

/// Why the nodes of `cluster` cannot hold `used_bytes` each, if they cannot.
pub(super) fn too_much(cluster: &CacheCluster, used_bytes: u64) -> Option<String> {
    let parameters = effective_parameters(cluster, &cluster.parameters.values);
    let room_bytes = engine_settings::maxmemory_bytes(&parameters)?;
    (used_bytes > room_bytes).then(|| {
        format!(
            "Its data take {used_bytes} bytes, and a node of type {} has room for {room_bytes}.",
            cluster.spec.node_type.name
        )
    })
}

/// An obstacle that may pass, with the whole chain of what led to it.
pub(super) fn passing(error: &RuntimeError) -> Obstacle {
    Obstacle::Passing(passing_text(error))
}

/// What stands in the way, and its cure where there is one.
pub(super) fn passing_text(error: &RuntimeError) -> String {
    match error {
        RuntimeError::Unreachable { .. } => {
            "The container engine does not answer. Start it (`cacheplane doctor` tells more); work goes on by itself when it does."
                .to_owned()
        }
        RuntimeError::AddressInUse { .. } => format!(
            "{}. Detach the container that took it from the network of caches.",
            describe(error)
        ),
        RuntimeError::PortInUse { .. } => format!("{}. End what listens there.", describe(error)),
        error => describe(error),
    }
}

/// An error and what led to it, in one line.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
