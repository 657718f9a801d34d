//! What a simulated container engine holds, and how it behaves.
//!
//! The rules are Docker's, as far as the control plane can see them: an address or port is held only while its
//! container runs, a start that fails leaves the container created, a killed process stays dead while a crashed one is
//! started again by its policy. A process has a memory of keys; when it ends gracefully and its container has a volume, the
//! keys go there, and the next process on that volume begins with them. What processes of several containers have to do
//! with each other is in `replication`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::super::labels;
use super::super::{
    ContainerChange, ContainerFile, ContainerObserved, ContainerSpec, ContainerState,
    NetworkAttachment, NetworkChange, NetworkSpec, RestartPolicy, RuntimeError, RuntimeEvent,
};
use super::replication::{Process, Saved};

/// Exit code of a process that was killed.
const EXIT_CODE_KILLED: i64 = 137;

/// Everything on the simulated host. Public methods of `SimulatedWorld` wrap it.
#[derive(Debug, Default)]
pub(super) struct State {
    /// References that are present; none means all are.
    pub(super) images_present: Option<BTreeSet<String>>,
    pub(super) images_pullable: BTreeSet<String>,
    pub(super) networks: BTreeMap<String, Network>,
    pub(super) volumes: BTreeMap<String, Volume>,
    pub(super) containers: BTreeMap<String, Container>,
    /// Ports that somebody else on the host listens on.
    pub(super) ports_occupied: BTreeSet<u16>,
    pub(super) unreachable: bool,
    pub(super) call_count: u64,
    /// Counts starts and identifiers, so that each is different and every run is the same.
    sequence: u64,
    /// Counts histories of writes, for the same reason.
    pub(super) history_count: u64,
    /// Counts ids of cluster members, for the same reason.
    pub(super) member_count: u64,
    /// Containers of members that nobody hears.
    pub(super) gossip_stalled: BTreeSet<String>,
    /// What befalls links.
    pub(super) links: super::links::Troubles,
    /// Containers whose next process hangs.
    pub(super) runs_to_hang: BTreeSet<String>,
    /// What processes write.
    pub(super) kept: super::logs::Kept,
    /// Events not yet delivered, each with the owner whom it concerns.
    pub(super) outbox: Vec<(String, RuntimeEvent)>,
}

#[derive(Debug)]
pub(super) struct Network {
    pub(super) subnet: Ipv4Net,
    pub(super) ip_range: Ipv4Net,
    pub(super) gateway: Ipv4Addr,
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(super) struct Volume {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) content: Saved,
}

#[derive(Debug)]
pub(super) struct Container {
    pub(super) spec: Box<ContainerSpec>,
    id: u64,
    pub(super) state: ContainerState,
    /// Number of its last start.
    pub(super) started: Option<u64>,
    exit_code: Option<i64>,
    oom_killed: bool,
    error: String,
    attachments: BTreeMap<String, Attachment>,
    /// Empty while there is no process.
    pub(super) process: Process,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attachment {
    /// The address asked for; none lets the engine pick.
    requested: Option<Ipv4Addr>,
    /// The address held, only while the process is there.
    held: Option<Ipv4Addr>,
}

impl Container {
    fn owner(&self) -> &str {
        self.spec
            .labels
            .get(labels::OWNER)
            .map_or("", String::as_str)
    }

    /// Whether there is a process, frozen or not.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Paused)
    }

    /// Whether the container holds the address on any network.
    pub(super) fn holds(&self, address: Ipv4Addr) -> bool {
        self.networks_held().any(|(_, held)| held == address)
    }

    /// The networks that its process is attached to, each with its address there.
    pub(super) fn networks_held(&self) -> impl Iterator<Item = (&str, Ipv4Addr)> {
        self.attachments
            .iter()
            .filter_map(|(network, attachment)| Some((network.as_str(), attachment.held?)))
    }

    pub(super) fn observe(&self) -> ContainerObserved {
        ContainerObserved {
            name: self.spec.name.clone(),
            id: format!("simulated-{}", self.id),
            image: self.spec.image.clone(),
            labels: self.spec.labels.clone(),
            generation: labels::generation(&self.spec.labels),
            state: self.state,
            started_at: self.started.map(|start| format!("start {start}")),
            exit_code: self.exit_code,
            oom_killed: self.oom_killed,
            error: self.error.clone(),
            addresses: self
                .attachments
                .iter()
                .filter_map(|(network, attachment)| {
                    Some((network.clone(), attachment.held.or(attachment.requested)?))
                })
                .collect(),
        }
    }
}

impl State {
    pub(super) fn is_image_present(&self, reference: &str) -> bool {
        self.images_present
            .as_ref()
            .is_none_or(|present| present.contains(reference))
    }

    pub(super) fn network_create(
        &mut self,
        spec: &NetworkSpec,
        owner: &str,
    ) -> Result<(), RuntimeError> {
        if let Some(found) = self.networks.get(&spec.name) {
            let name = &spec.name;
            if found.subnet == spec.subnet {
                return Ok(());
            }
            let (has, wanted) = (found.subnet, spec.subnet);
            return Err(conflict(format!(
                "network {name} has subnet {has} instead of {wanted}; remove it or configure its subnet"
            )));
        }
        let overlaps = |network: &Network| {
            network.subnet.contains(&spec.subnet) || spec.subnet.contains(&network.subnet)
        };
        if let Some((other, _)) = self.networks.iter().find(|(_, network)| overlaps(network)) {
            return Err(conflict(format!(
                "subnet {} overlaps network {other}; configure another",
                spec.subnet
            )));
        }
        let mut labels = spec.labels.clone();
        labels.insert(labels::OWNER.to_owned(), owner.to_owned());
        let (subnet, ip_range, gateway) = (spec.subnet, spec.ip_range, spec.gateway);
        self.networks.insert(
            spec.name.clone(),
            Network {
                subnet,
                ip_range,
                gateway,
                labels,
            },
        );
        self.network_event(&spec.name, None, NetworkChange::Created);
        Ok(())
    }

    pub(super) fn network_remove(&mut self, name: &str) -> Result<(), RuntimeError> {
        let used = |container: &Container| {
            container.is_alive() && container.attachments.contains_key(name)
        };
        if self.containers.values().any(used) {
            return Err(conflict(format!(
                "network {name} has containers attached; detach them first"
            )));
        }
        self.network_event(name, None, NetworkChange::Destroyed);
        self.networks.remove(name);
        Ok(())
    }

    pub(super) fn volume_remove(&mut self, name: &str) -> Result<(), RuntimeError> {
        let used = |container: &Container| {
            container
                .spec
                .volumes
                .iter()
                .any(|mount| mount.volume == name)
        };
        if self.containers.values().any(used) {
            return Err(conflict(format!(
                "volume {name} is in use; remove its container first"
            )));
        }
        self.volumes.remove(name);
        Ok(())
    }

    pub(super) fn container_create(
        &mut self,
        spec: &ContainerSpec,
        owner: &str,
    ) -> Result<(), RuntimeError> {
        if self.containers.contains_key(&spec.name) {
            return Err(conflict(format!("a container named {} exists", spec.name)));
        }
        if !self.is_image_present(&spec.image) {
            return Err(not_found("image", &spec.image));
        }
        let mut spec = Box::new(spec.clone());
        // They are put in on their own.
        spec.files.clear();
        spec.labels
            .insert(labels::OWNER.to_owned(), owner.to_owned());
        spec.labels
            .insert(labels::GENERATION.to_owned(), spec.generation.to_string());
        for mount in &spec.volumes {
            // As the real engine does: a volume that is missing is made, without labels.
            self.volumes.entry(mount.volume.clone()).or_default();
        }
        let first = spec.networks.first().cloned();
        self.sequence += 1;
        let name = spec.name.clone();
        let container = Container {
            spec,
            id: self.sequence,
            state: ContainerState::Created,
            started: None,
            exit_code: None,
            oom_killed: false,
            error: String::new(),
            attachments: BTreeMap::new(),
            process: Process::default(),
        };
        self.containers.insert(name.clone(), container);
        match first.map(|attachment| self.connect(&name, &attachment)) {
            Some(Err(error)) => {
                self.containers.remove(&name);
                Err(error)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn container_put_files(
        &mut self,
        name: &str,
        files: &[ContainerFile],
    ) -> Result<(), RuntimeError> {
        let there = &mut self.container(name)?.spec.files;
        there.retain(|old| files.iter().all(|new| new.path != old.path));
        there.extend_from_slice(files);
        Ok(())
    }

    pub(super) fn container_start(&mut self, name: &str) -> Result<(), RuntimeError> {
        let container = self.container(name)?;
        if container.is_alive() {
            return Ok(());
        }
        if lacks_certificate(&container.spec) {
            // As the engine does: it ends at once.
            container.state = ContainerState::Exited;
            container.exit_code = Some(1);
            container.error = "Failed to load certificate: No such file or directory".to_owned();
            return Ok(());
        }
        if let Err(error) = self.start_process(name) {
            let container = self.container(name)?;
            container.error = error.to_string();
            return Err(error);
        }
        Ok(())
    }

    /// Takes ports and addresses, or none of them.
    fn start_process(&mut self, name: &str) -> Result<(), RuntimeError> {
        let container = self
            .containers
            .get(name)
            .ok_or_else(|| not_found("container", name))?;
        for published in &container.spec.published_ports {
            let taken = |other: &Container| {
                other.is_alive()
                    && other
                        .spec
                        .published_ports
                        .iter()
                        .any(|port| port.host_port == published.host_port)
            };
            if self.ports_occupied.contains(&published.host_port)
                || self.containers.values().any(taken)
            {
                return Err(RuntimeError::PortInUse {
                    port: published.host_port,
                });
            }
        }
        let mut attachments = container.attachments.clone();
        for (network, attachment) in &mut attachments {
            attachment.held = Some(self.free_address(network, attachment.requested)?);
        }
        let networks: Vec<String> = attachments.keys().cloned().collect();
        let content = container
            .spec
            .volumes
            .first()
            .and_then(|mount| self.volumes.get(&mount.volume));
        let saved = content
            .map(|volume| volume.content.clone())
            .unwrap_or_default();
        let (new_history, new_member_id) = (self.new_history(), self.new_member_id());
        self.sequence += 1;
        let started = self.sequence;
        let hangs = self.runs_to_hang.remove(name);
        let container = self.container(name)?;
        container.attachments = attachments;
        container.process =
            Process::start(&container.spec.command, saved, new_history, new_member_id);
        container.process.hangs = hangs;
        let is_valkey = container.spec.image.contains("valkey");
        let process = &mut container.process;
        if let Some(member) = &mut process.member {
            member.look_through(&mut process.keys, is_valkey);
        }
        container.started = Some(started);
        container.state = ContainerState::Running;
        container.exit_code = None;
        container.oom_killed = false;
        container.error.clear();
        for network in networks {
            self.network_event(&network, Some(name), NetworkChange::Connected);
        }
        self.container_event(name, ContainerChange::Started);
        Ok(())
    }

    /// Returns `requested` if nobody holds it, or the first free one of the network's range.
    fn free_address(
        &self,
        network: &str,
        requested: Option<Ipv4Addr>,
    ) -> Result<Ipv4Addr, RuntimeError> {
        let found = self
            .networks
            .get(network)
            .ok_or_else(|| not_found("network", network))?;
        let held = |address: Ipv4Addr| {
            address == found.gateway
                || self.containers.values().any(|other| {
                    other
                        .attachments
                        .get(network)
                        .is_some_and(|attachment| attachment.held == Some(address))
                })
        };
        match requested {
            Some(address) if held(address) => Err(RuntimeError::AddressInUse { address }),
            Some(address) => Ok(address),
            None => found
                .ip_range
                .hosts()
                .find(|address| !held(*address))
                .ok_or_else(|| other(format!("network {network} has no free address"))),
        }
    }

    /// Ends a process: it lets go of addresses and ports, and its memory is gone, saved first if it ended gracefully.
    fn end_process(&mut self, name: &str, exit_code: i64, saves: bool) {
        let Some(container) = self.containers.get_mut(name) else {
            return;
        };
        let process = std::mem::take(&mut container.process);
        container.state = ContainerState::Exited;
        container.exit_code = Some(exit_code);
        let networks: Vec<String> = container.attachments.keys().cloned().collect();
        for attachment in container.attachments.values_mut() {
            attachment.held = None;
        }
        let volume = container
            .spec
            .volumes
            .first()
            .map(|mount| mount.volume.clone());
        if let Some(volume) = volume.and_then(|volume| self.volumes.get_mut(&volume)) {
            match saves {
                true => volume.content = process.saved(),
                false => volume.content.keep_member(&process),
            }
        }
        self.container_event(
            name,
            ContainerChange::Died {
                exit_code: Some(exit_code),
            },
        );
        for network in networks {
            self.network_event(&network, Some(name), NetworkChange::Disconnected);
        }
    }

    pub(super) fn container_stop(&mut self, name: &str) -> Result<(), RuntimeError> {
        match self.container(name)?.state {
            ContainerState::Running => self.end_process(name, 0, true),
            // A frozen process cannot end by itself; it is killed when the grace is over.
            ContainerState::Paused => self.end_process(name, EXIT_CODE_KILLED, false),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn container_kill(&mut self, name: &str) {
        if self.containers.get(name).is_some_and(Container::is_alive) {
            self.end_process(name, EXIT_CODE_KILLED, false);
        }
    }

    /// The process ends by itself; the engine starts it again if its policy says so.
    pub(super) fn container_crash(&mut self, name: &str, exit_code: i64) {
        let Some(container) = self
            .containers
            .get(name)
            .filter(|container| container.is_alive())
        else {
            return;
        };
        let policy = container.spec.restart_policy;
        self.end_process(name, exit_code, false);
        if policy == RestartPolicy::UnlessStopped {
            // A start that fails is on record in the container's error, as with the real engine.
            let _ = self.container_start(name);
        }
    }

    pub(super) fn container_out_of_memory(&mut self, name: &str) {
        if self.containers.get(name).is_some_and(Container::is_alive) {
            self.container_event(name, ContainerChange::OutOfMemory);
            self.container_crash(name, EXIT_CODE_KILLED);
            if let Some(container) = self
                .containers
                .get_mut(name)
                .filter(|container| !container.is_alive())
            {
                container.oom_killed = true;
            }
        }
    }

    pub(super) fn container_pause(&mut self, name: &str, pause: ContainerChange) {
        let (from, to) = match pause {
            ContainerChange::Paused => (ContainerState::Running, ContainerState::Paused),
            _ => (ContainerState::Paused, ContainerState::Running),
        };
        if let Some(container) = self
            .containers
            .get_mut(name)
            .filter(|container| container.state == from)
        {
            container.state = to;
            self.container_event(name, pause);
            if to == ContainerState::Running {
                self.hear(name);
            }
        }
    }

    pub(super) fn container_remove(&mut self, name: &str) {
        self.container_kill(name);
        self.container_event(name, ContainerChange::Destroyed);
        self.containers.remove(name);
    }

    pub(super) fn connect(
        &mut self,
        name: &str,
        attachment: &NetworkAttachment,
    ) -> Result<(), RuntimeError> {
        let network = &attachment.network;
        let found = self
            .networks
            .get(network)
            .ok_or_else(|| not_found("network", network))?;
        if let Some(address) = attachment.address
            && !found.subnet.contains(&address)
        {
            return Err(other(format!(
                "{address} is not in the subnet of network {network}"
            )));
        }
        let container = self.container(name)?;
        if container.attachments.contains_key(network) {
            return Err(conflict(format!(
                "container {name} is attached to network {network} already"
            )));
        }
        let is_alive = container.is_alive();
        let held = if is_alive {
            Some(self.free_address(network, attachment.address)?)
        } else {
            None
        };
        let attached = Attachment {
            requested: attachment.address,
            held,
        };
        self.container(name)?
            .attachments
            .insert(network.clone(), attached);
        if is_alive {
            self.network_event(network, Some(name), NetworkChange::Connected);
        }
        Ok(())
    }

    pub(super) fn disconnect(&mut self, name: &str, network: &str) {
        let Some(container) = self.containers.get_mut(name) else {
            return;
        };
        if container
            .attachments
            .remove(network)
            .is_some_and(|attachment| attachment.held.is_some())
        {
            self.network_event(network, Some(name), NetworkChange::Disconnected);
        }
    }

    pub(super) fn container(&mut self, name: &str) -> Result<&mut Container, RuntimeError> {
        self.containers
            .get_mut(name)
            .ok_or_else(|| not_found("container", name))
    }

    fn container_event(&mut self, name: &str, change: ContainerChange) {
        let Some(container) = self.containers.get(name) else {
            return;
        };
        let event = RuntimeEvent::Container {
            name: name.to_owned(),
            labels: container.spec.labels.clone(),
            change,
        };
        self.outbox.push((container.owner().to_owned(), event));
    }

    fn network_event(&mut self, network: &str, container: Option<&str>, change: NetworkChange) {
        let Some(found) = self.networks.get(network) else {
            return;
        };
        let container = container.and_then(|name| self.containers.get(name));
        let event = RuntimeEvent::Network {
            network: network.to_owned(),
            container_id: container.map(|container| format!("simulated-{}", container.id)),
            change,
        };
        let owner = found.labels.get(labels::OWNER).cloned().unwrap_or_default();
        self.outbox.push((owner, event));
    }
}

pub(super) fn not_found(kind: &str, name: &str) -> RuntimeError {
    RuntimeError::NotFound {
        what: format!("{kind} {name}"),
    }
}

fn conflict(message: String) -> RuntimeError {
    RuntimeError::Conflict { message }
}

fn other(message: String) -> RuntimeError {
    RuntimeError::Other {
        message,
        source: None,
    }
}

fn lacks_certificate(spec: &ContainerSpec) -> bool {
    let named = super::certificate_file(&spec.command);
    named.is_some_and(|path| spec.files.iter().all(|file| file.path != path))
}
