//! Memcached's text protocol: the three questions that tell how a node is.

pub(super) mod kept;

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use super::encryption::connect;
use super::{EngineError, NodeEndpoint, NodeReport, Role};

/// Most bytes read in one probe; `stats` and `stats settings` together take about 5 KiB.
const ANSWER_LENGTH_MAX: u64 = 64 * 1024;

/// Asks for version, statistics and settings on one connection. The caller bounds the time.
pub(super) async fn probe(node: &NodeEndpoint) -> Result<NodeReport, EngineError> {
    let mut stream = connect(node).await?;
    // All questions at once: one round trip, and `quit` lets the node close the connection.
    stream
        .write_all(b"version\r\nstats\r\nstats settings\r\nquit\r\n")
        .await
        .map_err(|e| node.unreachable(e))?;
    stream.flush().await.map_err(|e| node.unreachable(e))?;
    let mut reader = BufReader::new(stream.take(ANSWER_LENGTH_MAX));
    let version = line(node, &mut reader).await?;
    let Some(version) = version.strip_prefix("VERSION ").map(str::to_owned) else {
        return Err(node.refused(format!("answered `{}` to version", printable(&version))));
    };
    let mut report = NodeReport {
        version,
        role: Role::Unknown,
        loading: false,
        uptime_seconds: 0,
        maxmemory_bytes: None,
        used_memory_bytes: 0,
        connected_clients: 0,
        replication: None,
    };
    statistics(node, &mut reader, |name, value| match name {
        "uptime" => report.uptime_seconds = value,
        "bytes" => report.used_memory_bytes = value,
        "curr_connections" => report.connected_clients = value,
        _ => {}
    })
    .await?;
    let mut maxmemory_bytes = None;
    statistics(node, &mut reader, |name, value| {
        if name == "maxbytes" {
            maxmemory_bytes = Some(value);
        }
    })
    .await?;
    report.maxmemory_bytes = maxmemory_bytes;
    Ok(report)
}

/// Lets a node read its certificate again. The caller bounds the time.
pub(super) async fn renew_certificate(node: &NodeEndpoint) -> Result<(), EngineError> {
    let mut stream = connect(node).await?;
    let question = async {
        stream.write_all(b"refresh_certs\r\n").await?;
        stream.flush().await
    };
    question.await.map_err(|error| node.unreachable(error))?;
    let mut reader = BufReader::new(stream.take(ANSWER_LENGTH_MAX));
    match line(node, &mut reader).await?.as_str() {
        "OK" => Ok(()),
        answer => Err(node.refused(format!("answered `{}` to refresh_certs", printable(answer)))),
    }
}

/// Reads `STAT name value` lines up to `END`, passing on those whose value is a whole number.
async fn statistics(
    node: &NodeEndpoint,
    reader: &mut (impl AsyncBufReadExt + Unpin),
    mut take: impl FnMut(&str, u64),
) -> Result<(), EngineError> {
    // Bounded by ANSWER_LENGTH_MAX: the reader ends there.
    loop {
        let line = line(node, reader).await?;
        if line == "END" {
            return Ok(());
        }
        let Some(statistic) = line.strip_prefix("STAT ") else {
            return Err(node.refused(format!("answered `{}` to stats", printable(&line))));
        };
        if let Some((name, value)) = statistic.split_once(' ')
            && let Ok(value) = value.parse()
        {
            take(name, value);
        }
    }
}

/// Reads one line without its end.
async fn line(
    node: &NodeEndpoint,
    reader: &mut (impl AsyncBufReadExt + Unpin),
) -> Result<String, EngineError> {
    let mut bytes = Vec::new();
    reader
        .read_until(b'\n', &mut bytes)
        .await
        .map_err(|e| node.unreachable(e))?;
    if bytes.pop() != Some(b'\n') {
        return Err(if bytes.is_empty() {
            node.unreachable(io::ErrorKind::UnexpectedEof.into())
        } else {
            node.refused(format!(
                "answered `{}` and no more",
                printable(&String::from_utf8_lossy(&bytes))
            ))
        });
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What of a foreign answer may stand in a message: its beginning, without control characters.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(80)
        .collect()
}
