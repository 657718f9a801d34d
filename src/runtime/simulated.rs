//! A container engine in memory, for tests, for the seeded simulation and for a laptop without Docker.
//!
//! The [`SimulatedWorld`] is the host: it outlives the [`SimulatedRuntime`]s that look at it, as containers outlive a
//! control plane. It does nothing by itself and knows no time, so a run is repeated exactly by repeating the calls.
//! Every single call that a real engine would get passes the world's hook first, which can refuse it or stop the caller
//! for ever before or after its effect: that is a process killed between any two actions.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::broadcast;

use super::ensure::{self, Primitives};
use super::labels;
use super::{
    ContainerChange, ContainerFile, ContainerObserved, ContainerSpec, ContainerState, FileContent,
    ImportedImage, NetworkObserved, NetworkSpec, Runtime, RuntimeDescription, RuntimeError,
    RuntimeEvent, VolumeObserved, VolumeSpec,
};
pub use calls::{Call, Hook, Operation, Pace, Verdict};
pub(crate) use cluster::{
    ClusterCommand, ClusterStanding, Conflict, Health, Migrated, MigrationStage, NodeStanding,
    Route, SlotJob, SlotMark, Takeover, Taker,
};
pub use logs::SlowCommand;
pub(crate) use replication::{Following, Order, Standing};
use world::State;

mod calls;
mod cluster;
mod data_set;
mod links;
mod logs;
mod primitives;
mod replication;
mod usage;
mod world;

/// Events kept for a listener that is slow; one that falls further behind is told to look afresh.
const EVENTS_KEPT: usize = 1024;

/// The simulated host.
pub struct SimulatedWorld {
    state: Mutex<State>,
    hook: Mutex<Option<Hook>>,
    pace: Mutex<Option<Pace>>,
    events: broadcast::Sender<(String, RuntimeEvent)>,
}

impl Debug for SimulatedWorld {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let containers = self.state().containers.len();
        formatter
            .debug_struct("SimulatedWorld")
            .field("containers", &containers)
            .finish_non_exhaustive()
    }
}

/// What a connection to an address of the host meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing listens.
    Nothing,
    /// A frozen process: silence.
    Frozen {
        /// Its container.
        container: String,
    },
    /// A process.
    Process {
        /// Its container.
        container: String,
        /// The image that it came from.
        image: String,
        /// Its command line.
        command: Vec<String>,
    },
}

impl SimulatedWorld {
    /// Makes an empty host on which every image is present.
    pub fn new() -> Arc<Self> {
        let events = broadcast::Sender::new(EVENTS_KEPT);
        Arc::new(SimulatedWorld {
            state: Mutex::default(),
            hook: Mutex::new(None),
            pace: Mutex::new(None),
            events,
        })
    }

    /// Decides from now on what becomes of each call; none lets all proceed. The hook must not call the world.
    pub fn set_hook(&self, hook: Option<Hook>) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = hook;
    }

    /// Lets each call wait for `pace` first; none lets others run in between, and goes on.
    pub fn set_pace(&self, pace: Option<Pace>) {
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = pace;
    }

    /// The number of calls so far.
    pub fn call_count(&self) -> u64 {
        self.state().call_count
    }

    /// Makes exactly these images present and these pullable.
    pub fn set_images(&self, present: &[&str], pullable: &[&str]) {
        let owned = |references: &[&str]| {
            references
                .iter()
                .map(|reference| (*reference).to_owned())
                .collect()
        };
        let mut state = self.state();
        state.images_present = Some(owned(present));
        state.images_pullable = owned(pullable);
    }

    /// Cuts the engine off, or brings it back. Containers go on meanwhile; events are lost.
    pub fn set_reachable(&self, reachable: bool) {
        let was_unreachable = std::mem::replace(&mut self.state().unreachable, !reachable);
        if was_unreachable && reachable {
            // Nobody listening is no error.
            let _ = self.events.send((String::new(), RuntimeEvent::Reconnected));
        }
    }

    /// Lets something that is no container listen on a port of the host.
    pub fn occupy_port(&self, port: u16) {
        self.state().ports_occupied.insert(port);
    }

    /// Frees a port taken by [`SimulatedWorld::occupy_port`].
    pub fn free_port(&self, port: u16) {
        self.state().ports_occupied.remove(&port);
    }

    /// Kills a process as `docker kill` does: it stays dead.
    pub fn kill(&self, container: &str) {
        self.change(|state| state.container_kill(container));
    }

    /// Lets a process end by itself; its restart policy applies.
    pub fn crash(&self, container: &str, exit_code: i64) {
        self.change(|state| state.container_crash(container, exit_code));
    }

    /// Lets the kernel kill a process for want of memory; its restart policy applies.
    pub fn out_of_memory(&self, container: &str) {
        self.change(|state| state.container_out_of_memory(container));
    }

    /// Freezes a process.
    pub fn pause(&self, container: &str) {
        self.change(|state| state.container_pause(container, ContainerChange::Paused));
    }

    /// Lets the next process of a container start and never say a word, while its container runs.
    pub fn hang_next_run(&self, container: &str) {
        self.change(|state| state.runs_to_hang.insert(container.to_owned()));
    }

    /// Thaws a process.
    pub fn unpause(&self, container: &str) {
        self.change(|state| state.container_pause(container, ContainerChange::Unpaused));
    }

    /// Removes a container behind the control plane's back.
    pub fn destroy(&self, container: &str) {
        self.change(|state| state.container_remove(container));
    }

    /// Detaches a container from a network behind the control plane's back; it runs on.
    pub fn detach(&self, container: &str, network: &str) {
        self.change(|state| state.disconnect(container, network));
    }

    /// Removes every network that no process is attached to, as `docker network prune` does.
    pub fn prune_networks(&self) {
        self.change(|state| {
            let names: Vec<String> = state.networks.keys().cloned().collect();
            for name in names {
                // One that is in use is left alone.
                let _ = state.network_remove(&name);
            }
        });
    }

    /// Looks at every container on the host, whoever made it.
    pub fn containers(&self) -> Vec<ContainerObserved> {
        self.state()
            .containers
            .values()
            .map(world::Container::observe)
            .collect()
    }

    /// The specification that a container was made from.
    pub fn container_spec(&self, container: &str) -> Option<ContainerSpec> {
        self.state()
            .containers
            .get(container)
            .map(|container| ContainerSpec::clone(&container.spec))
    }

    /// The names of all networks.
    pub fn network_names(&self) -> Vec<String> {
        self.state().networks.keys().cloned().collect()
    }

    /// The names of all volumes.
    pub fn volume_names(&self) -> Vec<String> {
        self.state().volumes.keys().cloned().collect()
    }

    /// What answers at an address and port: a container's own address, or a published port of the host.
    ///
    /// The world cannot see which port a process listens on, so it takes the command line's word (`--port N`, `-p N`);
    /// a command without either listens everywhere.
    pub(crate) fn reach(&self, host: &str, port: u16) -> Reach {
        let address: Option<Ipv4Addr> = if host == "localhost" {
            Some(Ipv4Addr::LOCALHOST)
        } else {
            host.parse().ok()
        };
        let state = self.state();
        let listens = |container: &&world::Container| {
            let spec = &container.spec;
            let own = address.is_some_and(|address| container.holds(address))
                && container.process.flags.may_listen_on(port);
            let published = spec.published_ports.iter().any(|published| {
                let on_host =
                    published.host_ip.is_unspecified() || Some(published.host_ip) == address;
                on_host
                    && published.host_port == port
                    && address.is_some_and(|address| address.is_loopback())
            });
            // What the host forwards goes to an address of the container, if it has one.
            let forwarded = published
                && (spec.networks.is_empty() || container.networks_held().next().is_some());
            container.is_alive() && (own || forwarded)
        };
        let Some(container) = state.containers.values().find(listens) else {
            return Reach::Nothing;
        };
        if container.state == ContainerState::Paused || container.process.hangs {
            return Reach::Frozen {
                container: container.spec.name.clone(),
            };
        }
        Reach::Process {
            container: container.spec.name.clone(),
            image: container.spec.image.clone(),
            command: container.spec.command.clone(),
        }
    }

    /// Passes one call by the hook and, if it may, does it.
    pub(crate) async fn call<T>(
        &self,
        operation: Operation,
        target: &str,
        effect: impl FnOnce(&Self) -> Result<T, RuntimeError>,
    ) -> Result<T, RuntimeError> {
        let pace = self
            .pace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        // A real call lets others run in between; so does this one, or races would never be simulated.
        match pace {
            Some(pace) => pace(operation, target).await,
            None => tokio::task::yield_now().await,
        }
        let call = {
            let mut state = self.state();
            state.call_count += 1;
            Call {
                number: state.call_count,
                operation,
                target: target.to_owned(),
            }
        };
        let verdict = match self
            .hook
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
        {
            Some(hook) => hook(&call),
            None => Verdict::Proceed,
        };
        match verdict {
            Verdict::Refuse(error) => return Err(error),
            Verdict::HangBefore => std::future::pending().await,
            Verdict::LoseAnswer(error) => return effect(self).and(Err(error)),
            Verdict::Proceed => return effect(self),
            Verdict::HangAfter => {}
        }
        // What it came to is never heard of.
        drop(effect(self));
        std::future::pending().await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while holding the lock has failed already; the others may go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world and tells the listeners, unless they are cut off. Members of clusters hear of each other.
    fn change<T>(&self, effect: impl FnOnce(&mut State) -> T) -> T {
        self.change_unheard(|state| {
            let result = effect(state);
            state.gossip();
            result
        })
    }

    /// Changes the world, and no member of a cluster has heard of it yet.
    fn change_unheard<T>(&self, effect: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = effect(&mut state);
        state.replicate();
        let events = std::mem::take(&mut state.outbox);
        if !state.unreachable {
            for event in events {
                // Sent under the lock, so that listeners see events in the order of their effects.
                let _ = self.events.send(event);
            }
        }
        result
    }
}

/// What a process's command line says that others ask it for with every word that they exchange.
#[derive(Debug, Clone, Default)]
struct Flags {
    /// The port that it listens on.
    port: Option<u16>,
    /// Where a member of a cluster says it is.
    announced_host: Option<String>,
    /// User and password that it goes to its primary with.
    credentials: Option<(String, String)>,
}

impl Flags {
    fn of(command: &[String]) -> Self {
        let user = option(command, &["--masteruser"]);
        let credentials = user.zip(option(command, &["--masterauth"]));
        Self {
            port: listening_port(command),
            announced_host: option(command, &["--cluster-announce-ip"]).map(str::to_owned),
            credentials: credentials.map(|(user, password)| (user.to_owned(), password.to_owned())),
        }
    }

    fn may_listen_on(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }
}

/// The port that a command line names: with a front, that which the engine tells others of; with encryption in transit, that of TLS.
fn listening_port(command: &[String]) -> Option<u16> {
    let names: [&[&str]; 3] = [
        &["--replica-announce-port"],
        &["--tls-port"],
        &["--port", "-p"],
    ];
    let port = names.iter().find_map(|names| option(command, names));
    port?.parse().ok()
}

/// The file with the certificate that a command line names.
pub(crate) fn certificate_file(command: &[String]) -> Option<&str> {
    let of_memcached = || {
        let mut words = command.iter();
        let (_, rest) = words.find_map(|word| word.split_once("ssl_chain_cert="))?;
        rest.split(',').next()
    };
    option(command, &["--tls-cert-file"]).or_else(of_memcached)
}

/// What follows the last of these options in a command line, up to the next option.
fn options<'a>(command: &'a [String], name: &str) -> &'a [String] {
    let Some(at) = command.iter().rposition(|word| word == name) else {
        return &[];
    };
    let values = &command[at + 1..];
    let end = values.iter().position(|word| word.starts_with("--"));
    &values[..end.unwrap_or(values.len())]
}

/// The value that follows the last of these options in a command line, or stands in it after `=`.
pub(crate) fn option<'a>(command: &'a [String], names: &[&str]) -> Option<&'a str> {
    let mut value = None;
    for (index, word) in command.iter().enumerate() {
        // Asked a million times in a seed of the simulation: most words are no option, and no other word is searched.
        if word.as_bytes().first() != Some(&b'-') {
            continue;
        }
        let rest = names.iter().find_map(|name| word.strip_prefix(name));
        match rest.map(|rest| (rest.is_empty(), rest.strip_prefix('='))) {
            Some((true, _)) => value = command.get(index + 1).map(String::as_str),
            Some((false, Some(joined))) => value = Some(joined),
            Some((false, None)) | None => {}
        }
    }
    value
}

/// One control plane's view of a [`SimulatedWorld`].
#[derive(Debug, Clone)]
pub struct SimulatedRuntime {
    world: Arc<SimulatedWorld>,
    owner: String,
}

impl SimulatedRuntime {
    /// Looks at `world` as the control plane with this instance id.
    pub fn new(world: Arc<SimulatedWorld>, owner: impl Into<String>) -> Self {
        SimulatedRuntime {
            world,
            owner: owner.into(),
        }
    }

    /// The host.
    pub fn world(&self) -> &Arc<SimulatedWorld> {
        &self.world
    }

    /// One call to the engine, which fails while the engine is cut off.
    async fn call<T>(
        &self,
        operation: Operation,
        target: &str,
        effect: impl FnOnce(&mut State) -> Result<T, RuntimeError>,
    ) -> Result<T, RuntimeError> {
        let reachable = |world: &SimulatedWorld| {
            world.change(|state| {
                if state.unreachable {
                    return Err(RuntimeError::Unreachable { source: None });
                }
                effect(state)
            })
        };
        self.world.call(operation, target, reachable).await
    }

    fn is_ours(&self, labels: &BTreeMap<String, String>) -> bool {
        labels.get(labels::OWNER) == Some(&self.owner)
    }
}

#[async_trait]
impl Runtime for SimulatedRuntime {
    async fn check(&self) -> Result<RuntimeDescription, RuntimeError> {
        let describe = |_: &mut State| {
            Ok(RuntimeDescription {
                server_version: "simulated".to_owned(),
                api_version: "simulated".to_owned(),
                name: "simulated".to_owned(),
                operating_system: "none".to_owned(),
            })
        };
        self.call(Operation::Check, "", describe).await
    }

    async fn ensure_image(&self, candidates: &[String]) -> Result<String, RuntimeError> {
        for candidate in candidates {
            let look = |state: &mut State| Ok(state.is_image_present(candidate));
            if self.call(Operation::ImageInspect, candidate, look).await? {
                return Ok(candidate.clone());
            }
        }
        for candidate in candidates {
            let pull = |state: &mut State| {
                let pullable = state.images_pullable.contains(candidate);
                if pullable && let Some(present) = &mut state.images_present {
                    present.insert(candidate.clone());
                }
                Ok(pullable)
            };
            if self.call(Operation::ImagePull, candidate, pull).await? {
                return Ok(candidate.clone());
            }
        }
        let reason = "no simulated registry has it".to_owned();
        Err(RuntimeError::NoImage {
            candidates: candidates.to_vec(),
            reason,
        })
    }

    async fn images_present(&self, references: &[String]) -> Result<Vec<bool>, RuntimeError> {
        let mut present = Vec::with_capacity(references.len());
        for reference in references {
            let look = |state: &mut State| Ok(state.is_image_present(reference));
            present.push(self.call(Operation::ImageInspect, reference, look).await?);
        }
        Ok(present)
    }

    async fn ensure_imported_image(&self, image: &ImportedImage) -> Result<(), RuntimeError> {
        let reference = image.reference();
        let import = |state: &mut State| {
            if let Some(present) = &mut state.images_present {
                present.insert(reference.clone());
            }
            Ok(())
        };
        self.call(Operation::ImageImport, &reference, import).await
    }

    async fn ensure_network(&self, network: &NetworkSpec) -> Result<(), RuntimeError> {
        self.call(Operation::NetworkCreate, &network.name, |state| {
            state.network_create(network, &self.owner)
        })
        .await
    }

    async fn remove_network(&self, name: &str) -> Result<(), RuntimeError> {
        self.call(Operation::NetworkRemove, name, |state| {
            state.network_remove(name)
        })
        .await
    }

    async fn networks(&self) -> Result<Vec<NetworkObserved>, RuntimeError> {
        let list = |state: &mut State| {
            let observe = |(name, network): (&String, &world::Network)| NetworkObserved {
                name: name.clone(),
                subnets: vec![network.subnet],
                labels: network.labels.clone(),
            };
            Ok(state.networks.iter().map(observe).collect())
        };
        self.call(Operation::NetworkList, "", list).await
    }

    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<(), RuntimeError> {
        let create = |state: &mut State| {
            state.volumes.entry(volume.name.clone()).or_insert_with(|| {
                let mut labels = volume.labels.clone();
                labels.insert(labels::OWNER.to_owned(), self.owner.clone());
                world::Volume {
                    labels,
                    content: replication::Saved::default(),
                }
            });
            Ok(())
        };
        self.call(Operation::VolumeCreate, &volume.name, create)
            .await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), RuntimeError> {
        self.call(Operation::VolumeRemove, name, |state| {
            state.volume_remove(name)
        })
        .await
    }

    async fn volumes(&self) -> Result<Vec<VolumeObserved>, RuntimeError> {
        let list = |state: &mut State| {
            let ours = state
                .volumes
                .iter()
                .filter(|(_, volume)| self.is_ours(&volume.labels));
            let observe = |(name, volume): (&String, &world::Volume)| VolumeObserved {
                name: name.clone(),
                labels: volume.labels.clone(),
            };
            Ok(ours.map(observe).collect())
        };
        self.call(Operation::VolumeList, "", list).await
    }

    async fn ensure_container(
        &self,
        spec: &ContainerSpec,
    ) -> Result<ContainerObserved, RuntimeError> {
        ensure::ensure_container(self, spec).await
    }

    async fn create_container(
        &self,
        spec: &ContainerSpec,
    ) -> Result<ContainerObserved, RuntimeError> {
        ensure::create_container(self, spec).await
    }

    async fn upload(
        &self,
        container: &str,
        _path: &str,
        size_bytes: u64,
        content: FileContent,
    ) -> Result<(), RuntimeError> {
        let keys = data_set::read(size_bytes, content).await?;
        let fill = |state: &mut State| state.volume_fill(container, keys);
        self.call(Operation::ContainerUpload, container, fill).await
    }

    async fn put_files(
        &self,
        container: &str,
        files: &[ContainerFile],
    ) -> Result<(), RuntimeError> {
        Primitives::put_files(self, container, files).await
    }

    async fn start_container(&self, name: &str) -> Result<(), RuntimeError> {
        self.start(name).await
    }

    async fn stop_container(&self, name: &str, grace: Duration) -> Result<(), RuntimeError> {
        self.stop(name, grace).await
    }

    async fn restart_container(
        &self,
        name: &str,
        _grace: Duration,
    ) -> Result<ContainerObserved, RuntimeError> {
        let restart = |state: &mut State| {
            state.container_stop(name)?;
            state.container_start(name)
        };
        self.call(Operation::ContainerRestart, name, restart)
            .await?;
        self.inspect(name)
            .await?
            .ok_or_else(|| world::not_found("container", name))
    }

    async fn remove_container(&self, name: &str, grace: Duration) -> Result<(), RuntimeError> {
        ensure::remove_container(self, name, grace).await
    }

    async fn kill_container(&self, name: &str) -> Result<(), RuntimeError> {
        let kill = |state: &mut State| {
            state.container_kill(name);
            Ok(())
        };
        self.call(Operation::ContainerKill, name, kill).await
    }

    async fn connect_network(
        &self,
        container: &str,
        network: &str,
        address: Ipv4Addr,
    ) -> Result<(), RuntimeError> {
        ensure::connect_network(self, container, network, address).await
    }

    async fn disconnect_network(
        &self,
        container: &str,
        network: &str,
        force: bool,
    ) -> Result<(), RuntimeError> {
        self.disconnect(container, network, force).await
    }

    async fn containers(&self) -> Result<Vec<ContainerObserved>, RuntimeError> {
        let list = |state: &mut State| {
            let ours = state
                .containers
                .values()
                .filter(|container| self.is_ours(&container.spec.labels));
            Ok(ours.map(world::Container::observe).collect())
        };
        self.call(Operation::ContainerList, "", list).await
    }

    async fn container(&self, name: &str) -> Result<Option<ContainerObserved>, RuntimeError> {
        self.inspect(name).await
    }

    fn events(&self) -> BoxStream<'static, RuntimeEvent> {
        let owner = self.owner.clone();
        let receiver = self.world.events.subscribe();
        stream::unfold(receiver, move |mut receiver| {
            let owner = owner.clone();
            async move {
                // Bounded by the events of the world: each turn takes one.
                loop {
                    match receiver.recv().await {
                        Ok((_, RuntimeEvent::Reconnected))
                        | Err(broadcast::error::RecvError::Lagged(_)) => {
                            return Some((RuntimeEvent::Reconnected, receiver));
                        }
                        Ok((concerned, event)) if concerned == owner => {
                            return Some((event, receiver));
                        }
                        Ok(_) => {}
                        // The world is gone, and with it whatever could happen.
                        Err(broadcast::error::RecvError::Closed) => return None,
                    }
                }
            }
        })
        .boxed()
    }

    async fn logs_tail(&self, name: &str, _lines: u32) -> Result<String, RuntimeError> {
        let read = |state: &mut State| Ok(state.container(name)?.observe().error);
        self.call(Operation::ContainerLogs, name, read).await
    }
}

#[cfg(test)]
mod tests;
