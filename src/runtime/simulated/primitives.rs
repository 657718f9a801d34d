//! What the idempotent verbs are made of: one call to the simulated host each, so that the hook can stop between any two.

use std::time::Duration;

use async_trait::async_trait;

use super::super::ensure::Primitives;
use super::super::{
    ContainerChange, ContainerFile, ContainerObserved, ContainerSpec, NetworkAttachment,
    RuntimeError,
};
use super::world::{self, State};
use super::{Operation, SimulatedRuntime};

#[async_trait]
impl Primitives for SimulatedRuntime {
    fn owner(&self) -> &str {
        &self.owner
    }

    async fn inspect(&self, name: &str) -> Result<Option<ContainerObserved>, RuntimeError> {
        let look =
            |state: &mut State| Ok(state.containers.get(name).map(world::Container::observe));
        self.call(Operation::ContainerInspect, name, look).await
    }

    async fn create(&self, spec: &ContainerSpec) -> Result<(), RuntimeError> {
        self.call(Operation::ContainerCreate, &spec.name, |state| {
            state.container_create(spec, &self.owner)
        })
        .await
    }

    async fn put_files(&self, name: &str, files: &[ContainerFile]) -> Result<(), RuntimeError> {
        self.call(Operation::ContainerPutFiles, name, |state| {
            state.container_put_files(name, files)
        })
        .await
    }

    async fn start(&self, name: &str) -> Result<(), RuntimeError> {
        self.call(Operation::ContainerStart, name, |state| {
            state.container_start(name)
        })
        .await
    }

    async fn unpause(&self, name: &str) -> Result<(), RuntimeError> {
        let thaw = |state: &mut State| {
            state.container(name)?;
            state.container_pause(name, ContainerChange::Unpaused);
            Ok(())
        };
        self.call(Operation::ContainerUnpause, name, thaw).await
    }

    async fn stop(&self, name: &str, _grace: Duration) -> Result<(), RuntimeError> {
        self.call(Operation::ContainerStop, name, |state| {
            state.container_stop(name)
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), RuntimeError> {
        let remove = |state: &mut State| {
            state.container_remove(name);
            Ok(())
        };
        self.call(Operation::ContainerRemove, name, remove).await
    }

    async fn connect(
        &self,
        container: &str,
        attachment: &NetworkAttachment,
    ) -> Result<(), RuntimeError> {
        self.call(Operation::NetworkConnect, container, |state| {
            state.connect(container, attachment)
        })
        .await
    }

    async fn disconnect(
        &self,
        container: &str,
        network: &str,
        _force: bool,
    ) -> Result<(), RuntimeError> {
        let disconnect = |state: &mut State| {
            state.disconnect(container, network);
            Ok(())
        };
        self.call(Operation::NetworkDisconnect, container, disconnect)
            .await
    }
}
