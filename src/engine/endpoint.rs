//! How conversations with a node end, other than with its answer.

use std::fmt;
use std::time::Duration;

use super::{EngineError, NodeEndpoint, Protocol};

impl fmt::Display for NodeEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

impl NodeEndpoint {
    /// Ends a conversation at its deadline, wherever it is.
    pub(super) async fn bounded<T>(
        &self,
        deadline: Duration,
        conversation: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        match tokio::time::timeout(deadline, conversation).await {
            Ok(result) => result,
            Err(_) => Err(self.timeout(deadline, None)),
        }
    }

    /// Memcached has no replication, and its answer to another protocol would say nothing of that.
    pub(super) fn replicates(&self) -> Result<(), EngineError> {
        match self.protocol {
            Protocol::Redis => Ok(()),
            Protocol::Memcached => Err(self.refused("Memcached has no replication")),
        }
    }

    /// Only whom the node knows can say who else is let in.
    pub(super) fn has_users(&self) -> Result<(), EngineError> {
        match (self.protocol, &self.administrator) {
            (Protocol::Redis, Some(_)) => Ok(()),
            _ => Err(self.refused("the engine has no users")),
        }
    }

    pub(super) fn timeout(&self, deadline: Duration, last: Option<EngineError>) -> EngineError {
        EngineError::Timeout {
            endpoint: self.to_string(),
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            last: last.map(Box::new),
        }
    }

    pub(super) fn unreachable(&self, source: std::io::Error) -> EngineError {
        EngineError::Unreachable {
            endpoint: self.to_string(),
            source: Some(source),
        }
    }

    pub(super) fn refused(&self, message: impl Into<String>) -> EngineError {
        EngineError::Refused {
            endpoint: self.to_string(),
            message: message.into(),
        }
    }
}
