//! Redis and Valkey, through the `redis` client.
//!
//! The TCP connection is made here rather than by the client, so that a refused connection keeps its operating-system
//! error and the caller's one deadline covers resolving, connecting, authenticating and asking. Who we are and what we
//! want go out together, because a failover waits for several conversations; only where an order depends on what the process says is
//! there a second round trip.

use std::time::Duration;

use ::redis::{Cmd, ErrorKind, FromRedisValue, RedisError, Value};

use super::{EngineError, HistoryHeld, NodeEndpoint, NodeReport, PrimaryAddress, Unsettable};
use connection::Connection;

pub(super) mod cluster;
mod connection;
pub(super) mod functions;
pub(super) mod hand_over;
pub(super) mod kept;
pub(super) mod migration;
mod report;
pub(super) mod slow_log;
pub(super) mod sync;
pub(super) mod users;

/// Asks `INFO` on one connection; a node answers it even while it is loading. The caller bounds the time.
pub(super) async fn probe(node: &NodeEndpoint) -> Result<NodeReport, EngineError> {
    ask_report(&mut Connection::open(node).await?, node, Vec::new()).await
}

/// Ends following, unless the process is another than the one that held so much. To a primary it says nothing new. The caller bounds
/// the time.
pub(super) async fn promote(node: &NodeEndpoint, held: &HistoryHeld) -> Result<(), EngineError> {
    let mut connection = Connection::open(node).await?;
    let report = ask_report(&mut connection, node, Vec::new()).await?;
    let endpoint = node.to_string();
    if report.loading {
        return Err(EngineError::Loading { endpoint });
    }
    match report.replication {
        // On the same connection, so to the same process.
        Some(found) if held.is_within(&found) => {
            let mut orders = vec![command(&["REPLICAOF", "NO", "ONE"])];
            if can_hold_writes(&report.version) {
                // It may have handed over a moment ago, and hold its clients' writes still.
                orders.push(command(&["CLIENT", "UNPAUSE"]));
            }
            connection.ask(orders).await.map(drop)
        }
        _ => Err(EngineError::Behind { endpoint }),
    }
}

/// Lets writers wait, and asks how far the history goes then. The caller bounds the time.
pub(super) async fn hold_writes(
    node: &NodeEndpoint,
    hold: Duration,
) -> Result<Option<HistoryHeld>, EngineError> {
    let mut connection = Connection::open(node).await?;
    let report = ask_report(&mut connection, node, Vec::new()).await?;
    if !can_hold_writes(&report.version) {
        return Ok(None);
    }
    let pause = command(&["CLIENT", "PAUSE", &hold.as_millis().to_string(), "WRITE"]);
    let report = ask_report(&mut connection, node, vec![pause]).await?;
    Ok(report.replication.map(HistoryHeld::from))
}

/// Follows, lets writers go, and asks how far the history goes. The caller bounds the time.
pub(super) async fn demote(
    node: &NodeEndpoint,
    primary: &PrimaryAddress,
) -> Result<Option<HistoryHeld>, EngineError> {
    let mut orders = following(node, primary);
    // A replica that holds writes back holds back its primary's, too.
    orders.push(command(&["CLIENT", "UNPAUSE"]));
    let report = ask_report(&mut Connection::open(node).await?, node, orders).await?;
    Ok(report.replication.map(HistoryHeld::from))
}

/// Before 6.2 a pause held everyone, the control plane included.
fn can_hold_writes(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (6, 2),
        _ => false,
    }
}

/// What a node says of itself after it was told `orders`.
async fn ask_report(
    connection: &mut Connection<'_>,
    node: &NodeEndpoint,
    mut orders: Vec<Cmd>,
) -> Result<NodeReport, EngineError> {
    orders.push(command(&["INFO"]));
    let answer = connection.ask(orders).await?.pop().unwrap_or(Value::Nil);
    report::read(node, &read::<String>(node, answer)?)
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
    converse(node, following(node, primary)).await.map(drop)
}

fn following(node: &NodeEndpoint, primary: &PrimaryAddress) -> Vec<Cmd> {
    // An empty name or secret is none.
    let (user, password) = primary
        .administrator
        .as_ref()
        .map_or(("", ""), |found| (&found.user, &found.password));
    let mut orders = Vec::new();
    if node.encryption.is_some() {
        // While encryption in transit is turned on or off, the primary may speak TLS already, or not any more.
        let word = if primary.encrypted { "yes" } else { "no" };
        orders.push(command(&["CONFIG", "SET", "tls-replication", word]));
    }
    orders.extend([
        command(&["CONFIG", "SET", "masteruser", user]),
        command(&["CONFIG", "SET", "masterauth", password]),
        command(&["REPLICAOF", &primary.host, &primary.port.to_string()]),
    ]);
    orders
}

/// Sets one directive after the other, so that one that is refused keeps none of the others. The caller bounds the time.
pub(super) async fn configure(
    node: &NodeEndpoint,
    settings: &[(&'static str, String)],
) -> Result<Vec<Unsettable>, EngineError> {
    let orders = settings
        .iter()
        .map(|(directive, value)| command(&["CONFIG", "SET", directive, value]));
    let mut unsettable = Vec::new();
    let answers = Connection::open(node)
        .await?
        .ask_each(orders.collect())
        .await?;
    for ((directive, value), answer) in settings.iter().zip(answers) {
        let Err(error) = answer else {
            continue;
        };
        match refusal(node, &error) {
            EngineError::Refused { message, .. } => unsettable.push(Unsettable {
                directive: (*directive).to_owned(),
                value: value.clone(),
                reason: message,
            }),
            error => return Err(error),
        }
    }
    Ok(unsettable)
}

/// Key and certificate are in one file, so that no moment has one of each. Naming the file again makes the engine read it. The caller
/// bounds the time.
pub(super) async fn renew_certificate(node: &NodeEndpoint, file: &str) -> Result<(), EngineError> {
    let orders = vec![command(&["CONFIG", "SET", "tls-cert-file", file])];
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

/// How a node begins that has `maxclients` connections.
const FULL: &str = "max number of clients";

/// Sorts the client's errors by what a caller does about them.
fn refusal(node: &NodeEndpoint, error: &RedisError) -> EngineError {
    match (error.kind(), error.code()) {
        (_, Some("LOADING")) => EngineError::Loading {
            endpoint: node.to_string(),
        },
        // It says so before it listens, and hangs up. (One that speaks TLS hangs up without a word.)
        (_, Some("ERR")) if error.detail().is_some_and(|text| text.starts_with(FULL)) => {
            EngineError::Full {
                endpoint: node.to_string(),
            }
        }
        (ErrorKind::Io, _) => node.unreachable(std::io::Error::other(error.to_string())),
        _ => node.refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
