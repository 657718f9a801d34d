//! Docker Engine, 20.10 (API 1.41) and newer.
//!
//! The connection is made when it is first needed and made anew after the engine was gone, so a control plane may start
//! before Docker does, and Docker may be upgraded under it. Every call has a deadline of its own; past it, the engine counts
//! as unreachable, although the call's effect may still come: callers repeat, and every `ensure_…` is safe to repeat.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Debug};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::models::{
    Ipam, IpamConfig, NetworkCreateRequest, NetworkInspect, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateImageOptions, InspectContainerOptions, InspectNetworkOptions, KillContainerOptions,
    ListContainersOptions, ListNetworksOptions, ListVolumesOptions, LogsOptions,
    RemoveVolumeOptions, RestartContainerOptions,
};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::ensure::{self, Primitives};
use super::labels;
use super::{
    ContainerFile, ContainerObserved, ContainerSpec, FileContent, ImportedImage, NetworkObserved,
    NetworkSpec, Runtime, RuntimeDescription, RuntimeError, RuntimeEvent, VolumeObserved,
    VolumeSpec,
};
use client::Client;
use errors::{Action, is_absent};

mod client;
mod errors;
mod events;
mod forms;
mod logs;
mod primitives;
mod upload;
mod usage;

/// Deadline of calls that only look; a busy engine answers them in milliseconds, a hung one never.
const LOOK_DEADLINE: Duration = Duration::from_secs(10);
/// Deadline of calls that change something. Starting twenty containers at once on two cores takes some seconds each.
const CHANGE_DEADLINE: Duration = Duration::from_secs(60);
/// Deadline of all pulls for one image together.
const PULL_DEADLINE: Duration = Duration::from_secs(180);
/// How long a network that is being made may take to show.
const NETWORK_DEADLINE: Duration = Duration::from_secs(3);
/// Pause between two looks for it.
const NETWORK_PAUSE: Duration = Duration::from_millis(50);
/// Containers inspected at the same time when all are listed.
const INSPECTIONS_AT_ONCE: usize = 16;
/// Longest text that [`Runtime::logs_tail`] returns.
const LOGS_LENGTH_MAX: usize = 64 * 1024;

/// The containers of one control plane on a Docker host.
#[derive(Clone)]
pub struct DockerRuntime {
    client: Arc<Client>,
}

impl Debug for DockerRuntime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Client { host, owner, .. } = &*self.client;
        formatter
            .debug_struct("DockerRuntime")
            .field("host", host)
            .field("owner", owner)
            .finish_non_exhaustive()
    }
}

impl DockerRuntime {
    /// Looks at the engine at `host` (`unix:///…` or `tcp://…:…`; none: as `DOCKER_HOST` says, or the usual socket) as
    /// the control plane with the instance id `owner`. Connects only when it is used.
    pub fn new(host: Option<&str>, owner: &str) -> Result<Self, RuntimeError> {
        if let Some(host) = host.filter(|host| {
            !["unix://", "tcp://"]
                .iter()
                .any(|scheme| host.starts_with(scheme))
        }) {
            let message = format!(
                "connect to Docker at {host}: the address must begin with unix:// or tcp://"
            );
            return Err(RuntimeError::Other {
                message,
                source: None,
            });
        }
        let (host, owner) = (host.map(str::to_owned), owner.to_owned());
        Ok(DockerRuntime {
            client: Arc::new(Client {
                host,
                owner,
                docker: Mutex::new(None),
            }),
        })
    }

    fn owner_filter(&self) -> HashMap<String, Vec<String>> {
        HashMap::from([(
            "label".to_owned(),
            vec![format!("{}={}", labels::OWNER, self.client.owner)],
        )])
    }

    fn owned(&self, labels: &BTreeMap<String, String>) -> HashMap<String, String> {
        let owner = (labels::OWNER.to_owned(), self.client.owner.clone());
        labels.clone().into_iter().chain([owner]).collect()
    }

    /// Whether a network of that name is the one that is wanted.
    fn check_network(
        &self,
        network: &NetworkSpec,
        found: NetworkInspect,
    ) -> Result<(), RuntimeError> {
        let name = &network.name;
        let subnets = forms::subnets(found.ipam);
        if !subnets.contains(&network.subnet) {
            let has = subnets
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            let wanted = network.subnet;
            let message = format!(
                "network {name} has subnet {has} instead of {wanted}; run `docker network rm {name}` when nothing uses it, \
                 or configure subnet {has}"
            );
            return Err(RuntimeError::Conflict { message });
        }
        if found.labels.unwrap_or_default().get(labels::OWNER) != Some(&self.client.owner) {
            let message = format!(
                "network {name} exists and is not ours; remove it with `docker network rm {name}`"
            );
            return Err(RuntimeError::Conflict { message });
        }
        Ok(())
    }

    async fn is_image_present(&self, reference: &str) -> Result<bool, RuntimeError> {
        let look = async |docker: Docker| docker.inspect_image(reference).await.map(|_| ());
        is_absent(
            self.client
                .call(Action("look for image", reference), LOOK_DEADLINE, look)
                .await,
        )
        .map(|absent| !absent)
    }

    /// Pulls or imports, reading the engine's progress to its end.
    async fn create_image(
        &self,
        action: Action<'_>,
        deadline: Duration,
        options: CreateImageOptions,
        archive: Option<Bytes>,
    ) -> Result<(), RuntimeError> {
        let create = async |docker: Docker| {
            let progress =
                docker.create_image(Some(options), archive.map(bollard::body_full), None);
            progress.try_for_each(|_| std::future::ready(Ok(()))).await
        };
        self.client.call(action, deadline, create).await
    }

    async fn network(&self, name: &str) -> Result<Option<NetworkInspect>, RuntimeError> {
        let look = async |docker: Docker| {
            docker
                .inspect_network(name, None::<InspectNetworkOptions>)
                .await
        };
        match self
            .client
            .call(Action("inspect network", name), LOOK_DEADLINE, look)
            .await
        {
            Ok(network) => Ok(Some(network)),
            Err(RuntimeError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create_network(&self, network: &NetworkSpec) -> Result<(), RuntimeError> {
        let config = IpamConfig {
            subnet: Some(network.subnet.to_string()),
            ip_range: Some(network.ip_range.to_string()),
            gateway: Some(network.gateway.to_string()),
            auxiliary_addresses: None,
        };
        let request = NetworkCreateRequest {
            name: network.name.clone(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam {
                config: Some(vec![config]),
                ..Default::default()
            }),
            labels: Some(self.owned(&network.labels)),
            ..Default::default()
        };
        let create = async |docker: Docker| docker.create_network(request).await.map(|_| ());
        self.client
            .call(
                Action("create network", &network.name),
                CHANGE_DEADLINE,
                create,
            )
            .await
    }

    async fn inspect_by(&self, reference: &str) -> Result<Option<ContainerObserved>, RuntimeError> {
        let look = async |docker: Docker| {
            docker
                .inspect_container(reference, None::<InspectContainerOptions>)
                .await
        };
        match self
            .client
            .call(Action("inspect container", reference), LOOK_DEADLINE, look)
            .await
        {
            Ok(container) => Ok(Some(forms::observe(container))),
            Err(RuntimeError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Runtime for DockerRuntime {
    async fn check(&self) -> Result<RuntimeDescription, RuntimeError> {
        let look = async |docker: Docker| {
            let host = docker.info().await?;
            let spoken = docker.client_version();
            Ok(RuntimeDescription {
                server_version: host.server_version.unwrap_or_default(),
                api_version: format!("{}.{}", spoken.major_version, spoken.minor_version),
                name: host.name.unwrap_or_default(),
                operating_system: host.operating_system.unwrap_or_default(),
            })
        };
        self.client
            .call(Action("describe", "Docker"), LOOK_DEADLINE, look)
            .await
    }

    async fn ensure_image(&self, candidates: &[String]) -> Result<String, RuntimeError> {
        for candidate in candidates {
            if self.is_image_present(candidate).await? {
                return Ok(candidate.clone());
            }
        }
        let end = Instant::now() + PULL_DEADLINE;
        let mut reason = "no image is known".to_owned();
        for candidate in candidates {
            let remaining = end.saturating_duration_since(Instant::now());
            let options = CreateImageOptions {
                from_image: Some(forms::tagged(candidate)),
                ..Default::default()
            };
            let pull = self.create_image(Action("pull image", candidate), remaining, options, None);
            match pull.await {
                Ok(()) => return Ok(candidate.clone()),
                Err(RuntimeError::Unreachable { .. }) if Instant::now() >= end => {
                    reason = format!("pulling took more than {} s", PULL_DEADLINE.as_secs());
                    break;
                }
                Err(unreachable @ RuntimeError::Unreachable { .. }) => return Err(unreachable),
                Err(RuntimeError::Other {
                    source: Some(source),
                    ..
                }) => reason = source.to_string(),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(RuntimeError::NoImage {
            candidates: candidates.to_vec(),
            reason,
        })
    }

    async fn images_present(&self, references: &[String]) -> Result<Vec<bool>, RuntimeError> {
        let mut present = Vec::with_capacity(references.len());
        for reference in references {
            present.push(self.is_image_present(reference).await?);
        }
        Ok(present)
    }

    async fn ensure_imported_image(&self, image: &ImportedImage) -> Result<(), RuntimeError> {
        let reference = image.reference();
        if self.is_image_present(&reference).await? {
            return Ok(());
        }
        if let Some(trouble) = super::program::not_static(&image.program) {
            return Err(RuntimeError::Other {
                message: format!(
                    "make an image of {}: the program {trouble}",
                    image.repository
                ),
                source: None,
            });
        }
        let archive = forms::archive(image).map_err(|error| RuntimeError::Other {
            message: format!("pack image {reference}"),
            source: Some(error.into()),
        })?;
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            repo: Some(image.repository.clone()),
            tag: reference.rsplit_once(':').map(|(_, tag)| tag.to_owned()),
            changes: forms::changes(image),
            ..Default::default()
        };
        self.create_image(
            Action("import image", &reference),
            CHANGE_DEADLINE,
            options,
            Some(archive),
        )
        .await
    }

    async fn ensure_network(&self, network: &NetworkSpec) -> Result<(), RuntimeError> {
        if let Some(found) = self.network(&network.name).await? {
            return self.check_network(network, found);
        }
        let conflict = match self.create_network(network).await {
            Err(conflict @ RuntimeError::Conflict { .. }) => conflict,
            result => return result,
        };
        // Two reconcilers need the first network at the same time, or a control plane was killed while the engine made it: what
        // is in the way is then our own network, which shows a moment later.
        let deadline = Instant::now() + NETWORK_DEADLINE;
        while Instant::now() < deadline {
            if let Some(found) = self.network(&network.name).await? {
                return self.check_network(network, found);
            }
            tokio::time::sleep(NETWORK_PAUSE).await;
        }
        Err(conflict)
    }

    async fn remove_network(&self, name: &str) -> Result<(), RuntimeError> {
        let remove = async |docker: Docker| docker.remove_network(name).await;
        is_absent(
            self.client
                .call(Action("remove network", name), CHANGE_DEADLINE, remove)
                .await,
        )
        .map(|_| ())
    }

    async fn networks(&self) -> Result<Vec<NetworkObserved>, RuntimeError> {
        let list = async |docker: Docker| docker.list_networks(None::<ListNetworksOptions>).await;
        let networks = self
            .client
            .call(Action("list", "networks"), LOOK_DEADLINE, list)
            .await?;
        let observe = |network: bollard::models::Network| NetworkObserved {
            name: network.name.unwrap_or_default(),
            subnets: forms::subnets(network.ipam),
            labels: network.labels.unwrap_or_default().into_iter().collect(),
        };
        Ok(networks.into_iter().map(observe).collect())
    }

    async fn ensure_volume(&self, volume: &VolumeSpec) -> Result<(), RuntimeError> {
        let name = &volume.name;
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            labels: Some(self.owned(&volume.labels)),
            ..Default::default()
        };
        // Docker answers with the volume that exists, if one does.
        let create = async |docker: Docker| docker.create_volume(request).await;
        let found = self
            .client
            .call(Action("create volume", name), CHANGE_DEADLINE, create)
            .await?;
        if found.labels.get(labels::OWNER) != Some(&self.client.owner) {
            let message = format!(
                "volume {name} exists and is not ours; remove it with `docker volume rm {name}`"
            );
            return Err(RuntimeError::Conflict { message });
        }
        Ok(())
    }

    async fn remove_volume(&self, name: &str) -> Result<(), RuntimeError> {
        let remove = async |docker: Docker| {
            docker
                .remove_volume(name, None::<RemoveVolumeOptions>)
                .await
        };
        is_absent(
            self.client
                .call(Action("remove volume", name), CHANGE_DEADLINE, remove)
                .await,
        )
        .map(|_| ())
    }

    async fn volumes(&self) -> Result<Vec<VolumeObserved>, RuntimeError> {
        let options = ListVolumesOptions {
            filters: Some(self.owner_filter()),
        };
        let list = async |docker: Docker| docker.list_volumes(Some(options)).await;
        let found = self
            .client
            .call(Action("list", "volumes"), LOOK_DEADLINE, list)
            .await?;
        let observe = |volume: bollard::models::Volume| VolumeObserved {
            name: volume.name,
            labels: volume.labels.into_iter().collect(),
        };
        Ok(found
            .volumes
            .unwrap_or_default()
            .into_iter()
            .map(observe)
            .collect())
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
        path: &str,
        size_bytes: u64,
        content: FileContent,
    ) -> Result<(), RuntimeError> {
        upload::upload(&self.client, container, path, size_bytes, content).await
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
        grace: Duration,
    ) -> Result<ContainerObserved, RuntimeError> {
        let restart = async |docker: Docker| {
            let options = RestartContainerOptions {
                signal: None,
                t: Some(forms::seconds(grace)),
            };
            docker.restart_container(name, Some(options)).await
        };
        self.client
            .call(
                Action("restart container", name),
                grace + CHANGE_DEADLINE,
                restart,
            )
            .await?;
        self.inspect(name)
            .await?
            .ok_or_else(|| RuntimeError::NotFound {
                what: format!("container {name}"),
            })
    }

    async fn remove_container(&self, name: &str, grace: Duration) -> Result<(), RuntimeError> {
        ensure::remove_container(self, name, grace).await
    }

    async fn kill_container(&self, name: &str) -> Result<(), RuntimeError> {
        let kill = async |docker: Docker| {
            docker
                .kill_container(name, None::<KillContainerOptions>)
                .await
        };
        match self
            .client
            .call(Action("kill container", name), CHANGE_DEADLINE, kill)
            .await
        {
            // Gone, or not running.
            Err(RuntimeError::NotFound { .. } | RuntimeError::Conflict { .. }) => Ok(()),
            result => result,
        }
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
        let options = ListContainersOptions {
            all: true,
            filters: Some(self.owner_filter()),
            ..Default::default()
        };
        let list = async |docker: Docker| docker.list_containers(Some(options)).await;
        let listed = self
            .client
            .call(Action("list", "containers"), LOOK_DEADLINE, list)
            .await?;
        // The list knows neither when a container was started nor how it ended.
        let ids = listed.into_iter().filter_map(|container| container.id);
        let looks = ids.map(|id| async move { self.inspect_by(&id).await });
        let found: Vec<_> = stream::iter(looks)
            .buffer_unordered(INSPECTIONS_AT_ONCE)
            .try_collect()
            .await?;
        let mut found: Vec<ContainerObserved> = found.into_iter().flatten().collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    async fn container(&self, name: &str) -> Result<Option<ContainerObserved>, RuntimeError> {
        self.inspect(name).await
    }

    fn events(&self) -> BoxStream<'static, RuntimeEvent> {
        events::events(Arc::clone(&self.client))
    }

    async fn logs_tail(&self, name: &str, lines: u32) -> Result<String, RuntimeError> {
        let read = async |docker: Docker| {
            let options = LogsOptions {
                stdout: true,
                stderr: true,
                tail: lines.to_string(),
                ..Default::default()
            };
            let mut pieces = docker.logs(name, Some(options));
            let mut text = Vec::new();
            while let Some(piece) = pieces.try_next().await? {
                text.extend_from_slice(piece.as_ref());
                // The end is what matters; the beginning is let go.
                let excess = text.len().saturating_sub(LOGS_LENGTH_MAX);
                text.drain(..excess);
            }
            Ok(String::from_utf8_lossy(&text).into_owned())
        };
        self.client
            .call(Action("read logs of container", name), LOOK_DEADLINE, read)
            .await
    }
}
