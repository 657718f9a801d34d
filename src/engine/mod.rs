//! Conversations with cache nodes: Redis, Valkey and Memcached processes.
//!
//! This room knows nodes and nothing of caches or containers. A call opens one connection, asks, closes it, and ends by
//! its deadline whatever the node does; it never repairs anything, because what to do about an answer is the planner's
//! business.

pub mod memcached;
pub mod redis;
pub mod simulated;

use std::fmt::{self, Debug};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

/// Pause after the first unsuccessful attempt of [`Engine::wait_ready`]; the time until a new cache answers is measured
/// against a bare container, so the beginning is impatient.
const READY_PAUSE_FIRST: Duration = Duration::from_millis(2);
/// Longest pause between attempts; a node that restores a large snapshot is not asked more often than this.
const READY_PAUSE_MAX: Duration = Duration::from_millis(50);
/// Longest single attempt of [`Engine::wait_ready`]: a connection lost in a network that is just being made must not
/// use up the whole wait.
const READY_ATTEMPT_MAX: Duration = Duration::from_millis(500);

/// Which language a node speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RESP: Redis and Valkey.
    Redis,
    /// Memcached's text protocol.
    Memcached,
}

/// A name and secret that a node accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password; never printed.
    pub password: String,
}

impl Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How a node is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEndpoint {
    /// Address or host name.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Language spoken there.
    pub protocol: Protocol,
    /// The control plane's own user on the node; none before Redis 6 and for Memcached, which have no users.
    pub administrator: Option<Credentials>,
}

/// What a node says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// Version of the engine: Valkey's own where the node is a Valkey, not the Redis version that it claims to clients.
    pub version: String,
    /// Its part in replication.
    pub role: Role,
    /// Whether it is still reading its data set and refuses commands.
    pub loading: bool,
    /// Seconds since its process started.
    pub uptime_seconds: u64,
    /// Limit for its data set; none means no limit.
    pub maxmemory_bytes: Option<u64>,
    /// Memory used (Redis: allocated in all; Memcached: bytes of items).
    pub used_memory_bytes: u64,
    /// Open client connections, ours included.
    pub connected_clients: u64,
}

/// A node's part in replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows a primary.
    Replica,
    /// The engine has no such notion.
    Unknown,
}

/// Why a node did not give the answer; one variant for each thing that a caller does differently.
///
/// No message repeats its source: whoever logs prints the chain.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No connection: nothing listens, or there is no route.
    #[error("the node at {endpoint} cannot be reached")]
    Unreachable {
        /// Host and port.
        endpoint: String,
        /// What the connection said.
        #[source]
        source: Option<std::io::Error>,
    },
    /// It answers, but is still reading its data set.
    #[error("the node at {endpoint} is still loading its data set")]
    Loading {
        /// Host and port.
        endpoint: String,
    },
    /// It does not accept us: a wrong secret, missing rights, or another protocol than expected.
    #[error("the node at {endpoint} refused: {message}")]
    Refused {
        /// Host and port.
        endpoint: String,
        /// What it said.
        message: String,
    },
    /// It was silent until the deadline.
    #[error("the node at {endpoint} did not answer within {deadline_ms} ms")]
    Timeout {
        /// Host and port.
        endpoint: String,
        /// The deadline.
        deadline_ms: u64,
        /// The last unsuccessful attempt, when there were several.
        #[source]
        last: Option<Box<EngineError>>,
    },
}

/// The control plane's way to talk to nodes.
#[async_trait]
pub trait Engine: Send + Sync + Debug {
    /// Asks a node once how it is. A node that is loading its data set is a report with `loading`, not an error.
    async fn probe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError>;

    /// Asks again and again until the node answers and is not loading.
    ///
    /// A node that refuses us will not change its mind: that ends the wait at once.
    async fn wait_ready(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError>;
}

/// Real nodes over TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct NetworkEngine;

#[async_trait]
impl Engine for NetworkEngine {
    async fn probe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        let answer = async {
            match node.protocol {
                Protocol::Redis => redis::probe(node).await,
                Protocol::Memcached => memcached::probe(node).await,
            }
        };
        match tokio::time::timeout(deadline, answer).await {
            Ok(result) => result,
            Err(_) => Err(node.timeout(deadline, None)),
        }
    }

    async fn wait_ready(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        let end = Instant::now() + deadline;
        let mut pause = READY_PAUSE_FIRST;
        let mut last = None;
        // Bounded by `end`: every turn takes at least one pause.
        loop {
            let remaining = end.saturating_duration_since(Instant::now());
            match self.probe(node, remaining.min(READY_ATTEMPT_MAX)).await {
                Ok(report) if !report.loading => return Ok(report),
                Ok(_) => {
                    last = Some(EngineError::Loading {
                        endpoint: node.to_string(),
                    })
                }
                Err(refusal @ EngineError::Refused { .. }) => return Err(refusal),
                // An attempt that the end of the wait cut short says less than the one before it.
                Err(EngineError::Timeout { .. })
                    if remaining < READY_ATTEMPT_MAX && last.is_some() => {}
                Err(failure) => last = Some(failure),
            }
            if Instant::now() + pause >= end {
                return Err(match last {
                    Some(loading @ EngineError::Loading { .. }) => loading,
                    last => node.timeout(deadline, last),
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(READY_PAUSE_MAX);
        }
    }
}

impl fmt::Display for NodeEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

impl NodeEndpoint {
    fn timeout(&self, deadline: Duration, last: Option<EngineError>) -> EngineError {
        EngineError::Timeout {
            endpoint: self.to_string(),
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            last: last.map(Box::new),
        }
    }

    fn unreachable(&self, source: std::io::Error) -> EngineError {
        EngineError::Unreachable {
            endpoint: self.to_string(),
            source: Some(source),
        }
    }

    fn refused(&self, message: impl Into<String>) -> EngineError {
        EngineError::Refused {
            endpoint: self.to_string(),
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests;
