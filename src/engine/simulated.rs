//! Nodes of the simulated world: a process answers if its container runs, at the container's address and port.
//!
//! This is the one file that knows both rooms' simulations, because a simulated node is nothing but a simulated
//! container; the real engine knows only addresses.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Engine, EngineError, NodeEndpoint, NodeReport, PrimaryAddress, Protocol, Role};
use crate::runtime::simulated::{Operation, Reach, SimulatedWorld, option};

/// Talks to the processes of a [`SimulatedWorld`].
///
/// A Redis node whose container has a volume keeps its keys when it ends gracefully; a Memcached node has none and
/// loses them.
#[derive(Debug, Clone)]
pub struct SimulatedEngine {
    world: Arc<SimulatedWorld>,
}

impl SimulatedEngine {
    /// Talks to the processes of `world`.
    pub fn new(world: Arc<SimulatedWorld>) -> Self {
        SimulatedEngine { world }
    }

    /// Writes a key as a client would; false when nothing answers.
    pub fn set(&self, node: &NodeEndpoint, key: &str, value: &str) -> bool {
        match self.world.reach(&node.host, node.port) {
            Reach::Process { container, .. } => self.world.memory_set(&container, key, value),
            Reach::Frozen | Reach::Nothing => false,
        }
    }

    /// Reads a key as a client would; none when it is absent or nothing answers.
    pub fn get(&self, node: &NodeEndpoint, key: &str) -> Option<String> {
        match self.world.reach(&node.host, node.port) {
            Reach::Process { container, .. } => self.world.memory_get(&container, key),
            Reach::Frozen | Reach::Nothing => None,
        }
    }
}

#[async_trait]
impl Engine for SimulatedEngine {
    async fn probe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        let unreachable = || EngineError::Unreachable {
            endpoint: node.to_string(),
            source: None,
        };
        // Whatever error the hook refuses a probe with, the node was not reached.
        let look = |world: &SimulatedWorld| Ok(world.reach(&node.host, node.port));
        let reach = self
            .world
            .call(Operation::NodeProbe, &node.to_string(), look)
            .await
            .map_err(|_| unreachable())?;
        match reach {
            Reach::Nothing => Err(unreachable()),
            Reach::Frozen => Err(node.timeout(deadline, None)),
            Reach::Process { image, command, .. } => Ok(report(node.protocol, &image, &command)),
        }
    }

    async fn promote(&self, node: &NodeEndpoint, _deadline: Duration) -> Result<(), EngineError> {
        Err(node.refused("the simulated world has no replication yet"))
    }

    async fn follow(
        &self,
        node: &NodeEndpoint,
        _primary: &PrimaryAddress,
        _deadline: Duration,
    ) -> Result<(), EngineError> {
        Err(node.refused("the simulated world has no replication yet"))
    }

    /// Answers at once: nothing in the simulated world becomes ready by waiting.
    async fn wait_ready(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        match self.probe(node, deadline).await {
            Err(unreachable @ EngineError::Unreachable { .. }) => {
                Err(node.timeout(deadline, Some(unreachable)))
            }
            result => result,
        }
    }
}

/// What a process made from this image and command line would say.
fn report(protocol: Protocol, image: &str, command: &[String]) -> NodeReport {
    let (role, maxmemory_bytes) = match protocol {
        Protocol::Redis => (
            Role::Primary,
            option(command, &["--maxmemory"]).and_then(bytes),
        ),
        Protocol::Memcached => {
            // Memcached counts in megabytes and has 64 of them unless told otherwise.
            let megabytes = option(command, &["-m", "--memory-limit"])
                .and_then(|text| text.parse::<u64>().ok());
            (Role::Unknown, Some(megabytes.unwrap_or(64) * 1024 * 1024))
        }
    };
    NodeReport {
        version: image.rsplit_once(':').map_or("", |(_, tag)| tag).to_owned(),
        role,
        loading: false,
        uptime_seconds: 0,
        maxmemory_bytes: maxmemory_bytes.filter(|&limit| limit > 0),
        used_memory_bytes: 0,
        connected_clients: 1,
        replication: None,
    }
}

/// Reads a size as Redis writes it: a number, or one with `kb`, `mb` or `gb`.
fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, unit) = lower.split_at(
        lower
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(lower.len()),
    );
    let factor = match unit {
        "" | "b" => 1,
        "kb" => 1024,
        "mb" => 1024 * 1024,
        "gb" => 1024 * 1024 * 1024,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
