//! What the idempotent verbs are made of: one Docker call each.

use std::net::Ipv4Addr;
use std::time::Duration;

use async_trait::async_trait;
use bollard::Docker;
use bollard::models::{NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptions, StartContainerOptions, StopContainerOptions,
    UploadToContainerOptions,
};
use tokio::time::Instant;

use super::super::ensure::Primitives;
use super::super::{
    ContainerFile, ContainerObserved, ContainerSpec, NetworkAttachment, RuntimeError,
};
use super::errors::{Action, is_absent};
use super::{CHANGE_DEADLINE, DockerRuntime, forms};

/// Deadline for a removal that somebody else began.
const REMOVAL_DEADLINE: Duration = Duration::from_secs(30);
/// Pause between two looks at such a removal.
const REMOVAL_PAUSE: Duration = Duration::from_millis(50);

#[async_trait]
impl Primitives for DockerRuntime {
    fn owner(&self) -> &str {
        &self.client.owner
    }

    async fn inspect(&self, name: &str) -> Result<Option<ContainerObserved>, RuntimeError> {
        self.inspect_by(name).await
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<(), RuntimeError> {
        let create = async |docker: Docker| {
            let options = CreateContainerOptions {
                name: Some(spec.name.clone()),
                ..Default::default()
            };
            let body = forms::container(spec, &self.client.owner, &docker.client_version());
            docker
                .create_container(Some(options), body)
                .await
                .map(|_| ())
        };
        self.client
            .call(
                Action("create container", &spec.name),
                CHANGE_DEADLINE,
                create,
            )
            .await
    }

    async fn put_files(&self, name: &str, files: &[ContainerFile]) -> Result<(), RuntimeError> {
        let archive = forms::files(files).map_err(|error| RuntimeError::Other {
            message: format!("pack files for container {name}"),
            source: Some(error.into()),
        })?;
        let put = async |docker: Docker| {
            let options = UploadToContainerOptions {
                path: "/".to_owned(),
                ..Default::default()
            };
            docker
                .upload_to_container(name, Some(options), bollard::body_full(archive))
                .await
        };
        self.client
            .call(
                Action("put files into container", name),
                CHANGE_DEADLINE,
                put,
            )
            .await
    }

    async fn start(&self, name: &str) -> Result<(), RuntimeError> {
        let start = async |docker: Docker| {
            docker
                .start_container(name, None::<StartContainerOptions>)
                .await
        };
        match self
            .client
            .call(Action("start container", name), CHANGE_DEADLINE, start)
            .await
        {
            Err(RuntimeError::AddressInUse { address }) => Err(RuntimeError::AddressInUse {
                address: self.address_in_use(name).await.unwrap_or(address),
            }),
            result => result,
        }
    }

    async fn unpause(&self, name: &str) -> Result<(), RuntimeError> {
        let thaw = async |docker: Docker| docker.unpause_container(name).await;
        self.client
            .call(Action("unpause container", name), CHANGE_DEADLINE, thaw)
            .await
    }

    async fn stop(&self, name: &str, grace: Duration) -> Result<(), RuntimeError> {
        let stop = async |docker: Docker| {
            let options = StopContainerOptions {
                signal: None,
                t: Some(forms::seconds(grace)),
            };
            docker.stop_container(name, Some(options)).await
        };
        self.client
            .call(
                Action("stop container", name),
                grace + CHANGE_DEADLINE,
                stop,
            )
            .await
    }

    async fn remove(&self, name: &str) -> Result<(), RuntimeError> {
        let remove = async |docker: Docker| {
            // `v` removes anonymous volumes, which an image may declare; named ones stay.
            let options = RemoveContainerOptions {
                v: true,
                force: true,
                link: false,
            };
            docker.remove_container(name, Some(options)).await
        };
        match self
            .client
            .call(Action("remove container", name), CHANGE_DEADLINE, remove)
            .await
        {
            Ok(()) | Err(RuntimeError::NotFound { .. }) => return Ok(()),
            // Somebody is removing it already.
            Err(RuntimeError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
        let end = Instant::now() + REMOVAL_DEADLINE;
        while Instant::now() < end {
            if self.inspect(name).await?.is_none() {
                return Ok(());
            }
            tokio::time::sleep(REMOVAL_PAUSE).await;
        }
        let message = format!(
            "container {name} is being removed by somebody else and does not go; remove it by hand"
        );
        Err(RuntimeError::Conflict { message })
    }

    async fn connect(
        &self,
        container: &str,
        attachment: &NetworkAttachment,
    ) -> Result<(), RuntimeError> {
        let connect = async |docker: Docker| {
            let request = NetworkConnectRequest {
                container: container.to_owned(),
                endpoint_config: Some(forms::endpoint(attachment, &docker.client_version())),
            };
            docker.connect_network(&attachment.network, request).await
        };
        match self
            .client
            .call(
                Action("attach container", container),
                CHANGE_DEADLINE,
                connect,
            )
            .await
        {
            Err(RuntimeError::AddressInUse { address }) => Err(RuntimeError::AddressInUse {
                address: attachment.address.unwrap_or(address),
            }),
            result => result,
        }
    }

    async fn disconnect(
        &self,
        container: &str,
        network: &str,
        force: bool,
    ) -> Result<(), RuntimeError> {
        let disconnect = async |docker: Docker| {
            let request = NetworkDisconnectRequest {
                container: container.to_owned(),
                force: Some(force),
            };
            docker.disconnect_network(network, request).await
        };
        is_absent(
            self.client
                .call(
                    Action("detach container", container),
                    CHANGE_DEADLINE,
                    disconnect,
                )
                .await,
        )
        .map(|_| ())
    }
}

impl DockerRuntime {
    /// Says which of the addresses that a stopped container will ask for another one holds.
    ///
    /// The engine's message about a failed start does not name it.
    async fn address_in_use(&self, container: &str) -> Option<Ipv4Addr> {
        let found = self.inspect(container).await.ok()??;
        for (network, wanted) in &found.addresses {
            let holders = self
                .network(network)
                .await
                .ok()??
                .containers
                .unwrap_or_default();
            let held =
                |address: Option<String>| forms::address(address.as_deref()) == Some(*wanted);
            if holders
                .into_iter()
                .any(|(id, holder)| id != found.id && held(holder.ipv4_address))
            {
                return Some(*wanted);
            }
        }
        // Held by something that is no container, such as the gateway.
        found.addresses.into_values().next()
    }
}
