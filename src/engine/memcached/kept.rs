//! Connections to Memcached that stay open between questions.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};

use super::{ANSWER_LENGTH_MAX, line, printable};
use crate::engine::{EngineError, NodeEndpoint, encryption};

/// Most nodes whose connections are kept; those of nodes that are gone are among them until there are more.
const KEPT_MAX: usize = 4096;

type Stream = BufReader<Box<dyn encryption::Stream>>;

/// One connection for each node that is asked. Its `Debug` form says nothing of them.
#[derive(Default)]
pub(in super::super) struct Connections {
    by_node: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Stream>>>>>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

/// What a node answers to `stats`, without the last line. The caller bounds the time.
pub(in super::super) async fn statistics(
    connections: &Connections,
    node: &NodeEndpoint,
) -> Result<String, EngineError> {
    let place = {
        let mut by_node = connections
            .by_node
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if by_node.len() >= KEPT_MAX {
            by_node.clear();
        }
        Arc::clone(by_node.entry(node.to_string()).or_default())
    };
    let mut place = place.lock().await;
    // Taken out while it is in use: a question that is cut off by its deadline takes its connection with it.
    if let Some(mut stream) = place.take()
        && let Ok(answer) = ask(node, &mut stream).await
    {
        *place = Some(stream);
        return Ok(answer);
    }
    // There was none, or the node has closed it since.
    let mut stream = BufReader::new(encryption::connect(node).await?);
    let answer = ask(node, &mut stream).await?;
    *place = Some(stream);
    Ok(answer)
}

async fn ask(node: &NodeEndpoint, stream: &mut Stream) -> Result<String, EngineError> {
    let question = async {
        stream.get_mut().write_all(b"stats\r\n").await?;
        stream.get_mut().flush().await
    };
    question.await.map_err(|error| node.unreachable(error))?;
    let mut answer = String::new();
    let mut bounded = stream.take(ANSWER_LENGTH_MAX);
    // Bounded by ANSWER_LENGTH_MAX: the reader ends there.
    loop {
        let line = line(node, &mut bounded).await?;
        if line == "END" {
            return Ok(answer);
        }
        if !line.starts_with("STAT ") {
            return Err(node.refused(format!("answered `{}` to stats", printable(&line))));
        }
        answer.push_str(&line);
        answer.push('\n');
    }
}
