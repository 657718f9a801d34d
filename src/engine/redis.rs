//! Redis and Valkey, through the `redis` client.
//!
//! The TCP connection is made here rather than by the client, so that a refused connection keeps its operating-system
//! error and the caller's one deadline covers resolving, connecting, authenticating and asking.

use std::collections::HashMap;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError, RedisResult};
use tokio::net::TcpStream;

use super::{EngineError, NodeEndpoint, NodeReport, Role};

/// Asks `INFO` on one connection; a node answers it even while it is loading. The caller bounds the time.
pub(super) async fn probe(node: &NodeEndpoint) -> Result<NodeReport, EngineError> {
    let stream = TcpStream::connect((node.host.as_str(), node.port))
        .await
        .map_err(|e| node.unreachable(e))?;
    // Best effort: without it the answer is the same, only later.
    let _ = stream.set_nodelay(true);
    // The client's own deadline would be a second one beside the caller's.
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None);
    let mut settings = RedisConnectionInfo::default().set_skip_set_lib_name();
    if let Some(administrator) = &node.administrator {
        settings = settings
            .set_username(&administrator.user)
            .set_password(&administrator.password);
    }
    // The driver answers while it is polled beside the question; leaving this function closes the connection.
    let asking = async || -> RedisResult<String> {
        let (mut connection, driver) =
            MultiplexedConnection::new_with_config(&settings, stream, config).await?;
        let command = ::redis::cmd("INFO");
        let answer = command.query_async::<String>(&mut connection);
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            // The node closed the connection: with its answer before that, or without.
            () = driver => answer.await,
        }
    };
    let answer = asking().await.map_err(|error| refusal(node, &error))?;
    report(node, &answer)
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

/// Reads the lines of `INFO` that a report needs.
fn report(node: &NodeEndpoint, answer: &str) -> Result<NodeReport, EngineError> {
    let fields: HashMap<&str, &str> = answer
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.trim().split_once(':'))
        .collect();
    let number = |name: &str| fields.get(name).and_then(|value| value.parse::<u64>().ok());
    let flag = |name: &str| number(name).is_some_and(|value| value != 0);
    // A Valkey also says `redis_version`, which is the Redis release that clients may take it for.
    let Some(version) = fields
        .get("valkey_version")
        .or_else(|| fields.get("redis_version"))
    else {
        return Err(node.refused("answered INFO without a version"));
    };
    Ok(NodeReport {
        version: (*version).to_owned(),
        role: match fields.get("role") {
            Some(&"master") => Role::Primary,
            Some(&"slave") => Role::Replica,
            _ => Role::Unknown,
        },
        // A replica that loads in the background (`async_loading`) still serves its old data set.
        loading: flag("loading"),
        uptime_seconds: number("uptime_in_seconds").unwrap_or(0),
        maxmemory_bytes: number("maxmemory").filter(|&limit| limit > 0),
        used_memory_bytes: number("used_memory").unwrap_or(0),
        connected_clients: number("connected_clients").unwrap_or(0),
    })
}
