//! What Docker says of what containers use.

use async_trait::async_trait;
use bollard::Docker;
use bollard::models::{ContainerMemoryStats, ContainerStatsResponse};
use bollard::query_parameters::StatsOptions;
use futures_util::TryStreamExt;

use super::errors::Action;
use super::{DockerRuntime, LOOK_DEADLINE};
use crate::runtime::RuntimeError;
use crate::runtime::usage::{ContainerUsage, Traffic, Usage};

#[async_trait]
impl Usage for DockerRuntime {
    async fn container_usage(&self, name: &str) -> Result<Option<ContainerUsage>, RuntimeError> {
        let look = async |docker: Docker| {
            // One shot: Docker would else measure for a second to tell a rate.
            let options = StatsOptions {
                stream: false,
                one_shot: true,
            };
            let mut found = std::pin::pin!(docker.stats(name, Some(options)));
            found.try_next().await
        };
        let answer = self
            .client
            .call(
                Action("read the usage of container", name),
                LOOK_DEADLINE,
                look,
            )
            .await;
        match answer {
            Ok(found) => Ok(found.and_then(usage)),
            Err(RuntimeError::NotFound { .. } | RuntimeError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// None for a container that does not run: Docker answers with zeros then.
fn usage(found: ContainerStatsResponse) -> Option<ContainerUsage> {
    let cpu_nanoseconds = found.cpu_stats?.cpu_usage?.total_usage?;
    let memory = found.memory_stats.unwrap_or_default();
    let mut usage = ContainerUsage {
        cpu_nanoseconds,
        memory_bytes: working_set(&memory),
        memory_limit_bytes: memory.limit,
        swap_bytes: memory
            .stats
            .as_ref()
            .and_then(|stats| stats.get("swap").copied())
            .unwrap_or(0),
        received: Traffic::default(),
        sent: Traffic::default(),
    };
    (memory.usage.unwrap_or(0) > 0 || cpu_nanoseconds > 0).then(|| {
        for network in found.networks.unwrap_or_default().values() {
            usage.received.bytes += network.rx_bytes.unwrap_or(0);
            usage.received.packets += network.rx_packets.unwrap_or(0);
            usage.sent.bytes += network.tx_bytes.unwrap_or(0);
            usage.sent.packets += network.tx_packets.unwrap_or(0);
        }
        usage
    })
}

/// As `docker stats` tells it: without the file cache that nobody used lately (`inactive_file` with cgroups 2, `total_inactive_file`
/// before).
fn working_set(memory: &ContainerMemoryStats) -> u64 {
    let stats = memory.stats.as_ref();
    let inactive = |name| stats.and_then(|stats| stats.get(name).copied());
    let cache = inactive("total_inactive_file").or_else(|| inactive("inactive_file"));
    memory.usage.unwrap_or(0).saturating_sub(cache.unwrap_or(0))
}
