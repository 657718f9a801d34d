//! Redis and Valkey, through the `redis` client.
//!
//! The TCP connection is made here rather than by the client, so that a refused connection keeps its operating-system
//! error and the caller's one deadline covers resolving, connecting, authenticating and asking. Who we are and what we
//! want go out together, because a failover waits for several conversations; only where an order depends on what the process says is
//! there a second round trip.

use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisError, Value};
use futures_util::future::join_all;
use tokio::net::TcpStream;

use super::{EngineError, HistoryHeld, NodeEndpoint, NodeReport, PrimaryAddress};

mod report;

/// What to do when the first answer is there.
enum Turn {
    /// Nothing; this is the answer.
    End(Value),
    /// Say this on the same connection, so to the same process.
    Say(Vec<Cmd>),
}

/// Asks `INFO` on one connection; a node answers it even while it is loading. The caller bounds the time.
pub(super) async fn probe(node: &NodeEndpoint) -> Result<NodeReport, EngineError> {
    report_of(node, converse(node, vec![command(&["INFO"])]).await?)
}

/// Ends following, unless the process is another than the one that held so much. To a primary it says nothing new. The caller bounds
/// the time.
pub(super) async fn promote(node: &NodeEndpoint, held: &HistoryHeld) -> Result<(), EngineError> {
    let order = |answer: Value| {
        let report = report_of(node, answer)?;
        let endpoint = node.to_string();
        if report.loading {
            return Err(EngineError::Loading { endpoint });
        }
        match report.replication {
            Some(found) if held.is_within(&found) => {
                Ok(Turn::Say(vec![command(&["REPLICAOF", "NO", "ONE"])]))
            }
            _ => Err(EngineError::Behind { endpoint }),
        }
    };
    converse_on(node, vec![command(&["INFO"])], order)
        .await
        .map(drop)
}

/// Lets writers wait, and asks how far the history goes then. The caller bounds the time.
pub(super) async fn hold_writes(
    node: &NodeEndpoint,
    hold: Duration,
) -> Result<Option<HistoryHeld>, EngineError> {
    let pause = command(&["CLIENT", "PAUSE", &hold.as_millis().to_string(), "WRITE"]);
    let order = |answer: Value| {
        let report = report_of(node, answer)?;
        Ok(match can_hold_writes(&report.version) {
            true => Turn::Say(vec![pause, command(&["INFO"])]),
            false => Turn::End(Value::Nil),
        })
    };
    match converse_on(node, vec![command(&["INFO"])], order).await? {
        Value::Nil => Ok(None),
        answer => {
            let found = report_of(node, answer)?.replication;
            Ok(found.map(|found| HistoryHeld {
                history: found.history,
                offset: found.offset,
            }))
        }
    }
}

/// Before 6.2 a pause held everyone, the control plane included.
fn can_hold_writes(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (6, 2),
        _ => false,
    }
}

fn report_of(node: &NodeEndpoint, answer: Value) -> Result<NodeReport, EngineError> {
    let text: String = ::redis::from_redis_value(answer)
        .map_err(|error| refusal(node, &RedisError::from(error)))?;
    report::read(node, &text)
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
    converse_on(node, commands, |answer| Ok(Turn::End(answer))).await
}

/// As [`converse`], and goes on with what `next` makes of the last answer.
async fn converse_on(
    node: &NodeEndpoint,
    commands: Vec<Cmd>,
    next: impl FnOnce(Value) -> Result<Turn, EngineError>,
) -> Result<Value, EngineError> {
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
    let (connection, driver) = MultiplexedConnection::new_with_config(&settings, stream, config)
        .await
        .map_err(|error| refusal(node, &error))?;
    let conversation = async {
        let commands = introduction.into_iter().chain(commands);
        let answer = say(node, &connection, commands).await?;
        match next(answer)? {
            Turn::End(answer) => Ok(answer),
            Turn::Say(commands) => say(node, &connection, commands).await,
        }
    };
    tokio::pin!(conversation);
    // The driver answers while it is polled beside the questions; leaving this function closes the connection.
    tokio::select! {
        biased;
        answer = &mut conversation => answer,
        // The node closed the connection: with its answers before that, or without.
        () = driver => conversation.await,
    }
}

/// Says all before any answer is awaited, and returns the last one. The client's own pipeline would do the same, but forgets an answer
/// that explains why the node then hung up.
async fn say(
    node: &NodeEndpoint,
    connection: &MultiplexedConnection,
    commands: impl IntoIterator<Item = Cmd>,
) -> Result<Value, EngineError> {
    let answers = join_all(commands.into_iter().map(|command| {
        let mut connection = connection.clone();
        async move { command.query_async::<Value>(&mut connection).await }
    }));
    let mut last = Value::Nil;
    // The first error is the one that explains the others: a stranger is refused everything.
    for answer in answers.await {
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
