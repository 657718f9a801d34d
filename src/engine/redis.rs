//! Redis and Valkey, through the `redis` client.
//!
//! The TCP connection is made here rather than by the client, so that a refused connection keeps its operating-system
//! error and the caller's one deadline covers resolving, connecting, authenticating and asking. Who we are and what we
//! want go out together: every conversation is one round trip, because a failover waits for several of them.

use ::redis::{Cmd, ErrorKind, FromRedisValue, RedisError, Value};

use super::{EngineError, NodeEndpoint, NodeReport, PrimaryAddress};
use connection::Connection;

pub(super) mod cluster;
mod connection;
pub(super) mod migration;
mod report;

/// Asks `INFO` on one connection; a node answers it even while it is loading. The caller bounds the time.
pub(super) async fn probe(node: &NodeEndpoint) -> Result<NodeReport, EngineError> {
    let [answer] = exactly(node, converse(node, vec![::redis::cmd("INFO")]).await?)?;
    report::read(node, &read::<String>(node, answer)?)
}

/// Ends following; to a primary it says nothing new. The caller bounds the time.
pub(super) async fn promote(node: &NodeEndpoint) -> Result<(), EngineError> {
    let order = command(&["REPLICAOF", "NO", "ONE"]);
    converse(node, vec![order]).await.map(drop)
}

/// Names the primary and how to be let in there. The caller bounds the time.
///
/// Nothing needs to be looked at first: the engine ignores `REPLICAOF` with the primary that it has, and new credentials
/// are for the next connection, so neither disturbs a link or a sync. Nobody reads the secret on the way: every line
/// leaves it out of its slow log and of what `MONITOR` shows.
pub(super) async fn follow(
    node: &NodeEndpoint,
    primary: &PrimaryAddress,
) -> Result<(), EngineError> {
    // An empty name or secret is none.
    let (user, password) = primary
        .administrator
        .as_ref()
        .map_or(("", ""), |found| (&found.user, &found.password));
    let orders = vec![
        command(&["CONFIG", "SET", "masteruser", user]),
        command(&["CONFIG", "SET", "masterauth", password]),
        command(&["REPLICAOF", &primary.host, &primary.port.to_string()]),
    ];
    converse(node, orders).await.map(drop)
}

fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    command.arg(words);
    command
}

/// Connects, says who we are and what we want in one go, and returns the answers if none is an error.
async fn converse(node: &NodeEndpoint, commands: Vec<Cmd>) -> Result<Vec<Value>, EngineError> {
    Connection::open(node).await?.ask(commands).await
}

/// As many answers as there were questions, one by one.
fn exactly<const N: usize>(
    node: &NodeEndpoint,
    answers: Vec<Value>,
) -> Result<[Value; N], EngineError> {
    answers
        .try_into()
        .map_err(|_| node.refused("answered less or more than it was asked"))
}

/// Reads an answer as what it should be.
fn read<T: FromRedisValue>(node: &NodeEndpoint, answer: Value) -> Result<T, EngineError> {
    ::redis::from_redis_value(answer).map_err(|error| refusal(node, &RedisError::from(error)))
}

/// Sorts the client's errors by what a caller does about them.
fn refusal(node: &NodeEndpoint, error: &RedisError) -> EngineError {
    match (error.kind(), error.code()) {
        (_, Some("LOADING")) => EngineError::Loading {
            endpoint: node.to_string(),
        },
        (ErrorKind::Io, _) => node.unreachable(std::io::Error::other(error.to_string())),
        _ => node.refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
