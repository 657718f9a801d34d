//! What simulated nodes say when they are asked again and again.

use std::time::Duration;

use async_trait::async_trait;

use super::super::cluster::ClusterView;
use super::super::observe::{NodeStatistics, Observe, SlowLog, SlowLogEntry};
use super::super::{Engine, EngineError, NodeEndpoint, NodeReport, Protocol, Role};
use super::{SimulatedEngine, unreachable};
use crate::runtime::simulated::{Operation, Reach, SimulatedWorld};

#[async_trait]
impl Observe for SimulatedEngine {
    async fn observe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        self.probe(node, deadline).await
    }

    async fn observe_cluster(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<ClusterView, EngineError> {
        self.cluster_view(node, deadline).await
    }

    /// A process counts its keys, and says how it stands in replication.
    async fn statistics(
        &self,
        node: &NodeEndpoint,
        _: bool,
        deadline: Duration,
    ) -> Result<NodeStatistics, EngineError> {
        let read = |world: &_, reach: &Reach| match reach {
            Reach::Process { container, .. } => Ok(self.counted(world, node, container)),
            Reach::Frozen { .. } | Reach::Nothing => Err(unreachable(node)),
        };
        self.ask(Operation::NodeStatistics, node, deadline, read)
            .await
    }

    async fn slow_log(
        &self,
        node: &NodeEndpoint,
        entries_max: usize,
        deadline: Duration,
    ) -> Result<SlowLog, EngineError> {
        let read = |world: &SimulatedWorld, reach: &Reach| match reach {
            Reach::Process { container, .. } => {
                let (run, commands) = world.slow_commands(container);
                let numbered = (0..).zip(commands).map(|(id, command)| SlowLogEntry {
                    id,
                    at_seconds: command.at_seconds,
                    duration_micros: 20_000,
                    words: command.words,
                    client_address: "192.0.2.1:1000".to_owned(),
                    client_name: "simulated".to_owned(),
                });
                let entries: Vec<SlowLogEntry> = numbered.collect();
                let first = entries.len().saturating_sub(entries_max);
                let entries = entries[first..].to_vec();
                Ok(SlowLog { run, entries })
            }
            Reach::Frozen { .. } | Reach::Nothing => Err(unreachable(node)),
        };
        self.ask(Operation::NodeSlowLog, node, deadline, read).await
    }
}

impl SimulatedEngine {
    fn counted(
        &self,
        world: &SimulatedWorld,
        node: &NodeEndpoint,
        container: &str,
    ) -> NodeStatistics {
        let text = match node.protocol {
            Protocol::Memcached => {
                "STAT uptime 100\nSTAT curr_connections 1\nSTAT curr_items 0\nSTAT bytes 0\n"
                    .to_owned()
            }
            Protocol::Redis => {
                let standing = world.standing(container).map(super::replication_report);
                let follows = standing.as_ref().and_then(|found| found.primary.as_ref());
                let role = match follows {
                    Some(_) => Role::Replica,
                    None => Role::Primary,
                };
                let word = if role == Role::Primary {
                    "master"
                } else {
                    "slave"
                };
                let link = match standing.as_ref().is_some_and(|found| found.link_up) {
                    true => "up",
                    false => "down",
                };
                let offset = standing.as_ref().map_or(0, |found| found.offset);
                format!(
                    "run_id:simulated\r\nuptime_in_seconds:100\r\nrole:{word}\r\nmaster_link_status:{link}\r\n\
                     connected_clients:1\r\nmaster_repl_offset:{offset}\r\nslave_repl_offset:{offset}\r\n\
                     total_connections_received:1\r\nkeyspace_hits:0\r\nkeyspace_misses:0\r\n"
                )
            }
        };
        NodeStatistics {
            text,
            durations: Vec::new(),
        }
    }
}
