//! Redis and Valkey, through the `redis` client.
//!
//! The TCP connection is made here rather than by the client, so that a refused connection keeps its operating-system
//! error and the caller's one deadline covers resolving, connecting, authenticating and asking. Who we are and what we
//! want go out together: every conversation is one round trip, because a failover waits for several of them.

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisError, RedisResult, Value,
};
use futures_util::future::join_all;
use tokio::net::TcpStream;

use super::{EngineError, NodeEndpoint, NodeReport, PrimaryAddress};

mod report;

/// Asks `INFO` on one connection; a node answers it even while it is loading. The caller bounds the time.
pub(super) async fn probe(node: &NodeEndpoint) -> Result<NodeReport, EngineError> {
    let answer = converse(node, vec![::redis::cmd("INFO")]).await?;
    let text: String = ::redis::from_redis_value(answer)
        .map_err(|error| refusal(node, &RedisError::from(error)))?;
    report::read(node, &text)
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

/// Connects, says who we are and what we want in one go, and returns the last answer if none is an error.
async fn converse(node: &NodeEndpoint, commands: Vec<Cmd>) -> Result<Value, EngineError> {
    let stream = TcpStream::connect((node.host.as_str(), node.port))
        .await
        .map_err(|e| node.unreachable(e))?;
    // Best effort: without it the answer is the same, only later.
    let _ = stream.set_nodelay(true);
    // The client's own deadline would be a second one beside the caller's.
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None);
    // The client itself would wait for its credentials to be accepted before it sends anything else.
    let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
    let introduction = node
        .administrator
        .as_ref()
        .map(|found| command(&["AUTH", &found.user, &found.password]));
    let asking = async || -> RedisResult<Vec<RedisResult<Value>>> {
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&settings, stream, config).await?;
        // All are written before any answer is awaited. The client's own pipeline would do the same, but forgets an
        // answer that explains why the node then hung up.
        let answers = join_all(introduction.into_iter().chain(commands).map(|command| {
            let mut connection = connection.clone();
            async move { command.query_async::<Value>(&mut connection).await }
        }));
        tokio::pin!(answers);
        // The driver answers while it is polled beside the questions; leaving this function closes the connection.
        Ok(tokio::select! {
            biased;
            answers = &mut answers => answers,
            // The node closed the connection: with its answers before that, or without.
            () = driver => answers.await,
        })
    };
    let mut last = Value::Nil;
    // The first error is the one that explains the others: a stranger is refused everything.
    for answer in asking().await.map_err(|error| refusal(node, &error))? {
        last = answer.map_err(|error| refusal(node, &error))?;
    }
    Ok(last)
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
