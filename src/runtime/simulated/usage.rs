//! Simulated containers use nothing.

use async_trait::async_trait;

use super::{Operation, SimulatedRuntime, State};
use crate::runtime::RuntimeError;
use crate::runtime::usage::{ContainerUsage, Usage};

#[async_trait]
impl Usage for SimulatedRuntime {
    async fn container_usage(&self, name: &str) -> Result<Option<ContainerUsage>, RuntimeError> {
        let read = |state: &mut State| {
            let found = state.containers.get(name);
            Ok(found
                .filter(|container| container.observe().is_running())
                .map(|_| ContainerUsage::default()))
        };
        self.call(Operation::ContainerUsage, name, read).await
    }
}
