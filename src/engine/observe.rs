//! What a node is asked again and again: on a connection of its own that is kept, so that watching costs neither side a new one each
//! time.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::cluster::ClusterView;
use super::redis::{kept, slow_log};
use super::{EngineError, NodeEndpoint, NodeReport, Protocol, memcached};

/// What a node says of all that it has counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeStatistics {
    /// Its own words: what Redis and Valkey answer to `INFO ALL`, Memcached to `stats`.
    pub text: String,
    /// Calls that succeeded, by command; empty where that was not asked for or is not kept (before 7.0).
    pub durations: Vec<CommandDurations>,
}

/// How long successful calls of one command took since the process started.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandDurations {
    /// The command as the engine names it, a subcommand after `|`.
    pub command: String,
    /// An upper bound in microseconds, and how many calls took up to that and more than the bound before it.
    pub buckets: Vec<(u64, u64)>,
}

/// A node's slow log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowLog {
    /// The process that counts the entries; another one begins anew.
    pub run: String,
    /// Oldest first.
    pub entries: Vec<SlowLogEntry>,
}

/// A command that took long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowLogEntry {
    /// Its number: each is one higher than the one before.
    pub id: i64,
    /// When it was run, in seconds since the Unix epoch.
    pub at_seconds: i64,
    /// How long it took, in microseconds.
    pub duration_micros: i64,
    /// Its words, as far as the engine keeps them; values of customers are among them.
    pub words: Vec<String>,
    /// From where it came, as `host:port`.
    pub client_address: String,
    /// How the client calls itself.
    pub client_name: String,
}

/// What is asked without end. Each question ends by its deadline, and a connection on which one did not is not used again.
#[async_trait]
pub trait Observe: Send + Sync + Debug {
    /// As [`super::Engine::probe`], on the kept connection.
    async fn observe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError>;

    /// As [`super::Engine::cluster_view`], on the kept connection.
    async fn observe_cluster(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<ClusterView, EngineError>;

    /// Asks a node for all that it has counted, and on demand for how long its commands took.
    async fn statistics(
        &self,
        node: &NodeEndpoint,
        with_durations: bool,
        deadline: Duration,
    ) -> Result<NodeStatistics, EngineError>;

    /// The newest entries of a Redis or Valkey node's slow log, `entries_max` at most.
    async fn slow_log(
        &self,
        node: &NodeEndpoint,
        entries_max: usize,
        deadline: Duration,
    ) -> Result<SlowLog, EngineError>;
}

/// Real nodes over TCP.
#[derive(Debug, Default)]
pub struct NetworkObserver {
    redis: kept::Connections,
    memcached: memcached::kept::Connections,
}

#[async_trait]
impl Observe for NetworkObserver {
    async fn observe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        let answer = async {
            match node.protocol {
                Protocol::Redis => kept::report(&self.redis, node).await,
                Protocol::Memcached => memcached::probe(node).await,
            }
        };
        node.bounded(deadline, answer).await
    }

    async fn observe_cluster(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<ClusterView, EngineError> {
        node.replicates()?;
        node.bounded(deadline, kept::cluster_view(&self.redis, node))
            .await
    }

    async fn statistics(
        &self,
        node: &NodeEndpoint,
        with_durations: bool,
        deadline: Duration,
    ) -> Result<NodeStatistics, EngineError> {
        let answer = async {
            match node.protocol {
                Protocol::Redis => kept::statistics(&self.redis, node, with_durations).await,
                Protocol::Memcached => Ok(NodeStatistics {
                    text: memcached::kept::statistics(&self.memcached, node).await?,
                    durations: Vec::new(),
                }),
            }
        };
        node.bounded(deadline, answer).await
    }

    async fn slow_log(
        &self,
        node: &NodeEndpoint,
        entries_max: usize,
        deadline: Duration,
    ) -> Result<SlowLog, EngineError> {
        node.replicates()?;
        node.bounded(deadline, slow_log::read(&self.redis, node, entries_max))
            .await
    }
}
