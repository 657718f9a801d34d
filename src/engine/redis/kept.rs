//! Connections to Redis and Valkey that stay open between questions.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, Value};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::super::cluster::ClusterView;
use super::super::observe::{CommandDurations, NodeStatistics};
use super::super::{EngineError, NodeEndpoint, NodeReport};
use super::connection::{Connection, one};
use super::{cluster, command, exactly, read, refusal, report};

/// How long a connection is kept that nobody uses: its node is gone, or is not watched any more.
const UNUSED_MAX: Duration = Duration::from_secs(150);

/// One connection for each node that is asked. Its `Debug` form says nothing of them.
#[derive(Default)]
pub(in super::super) struct Connections {
    by_node: Mutex<HashMap<NodeKey, Entry>>,
}

/// Where a node is, and as whom it is asked.
type NodeKey = (String, u16, Option<String>);

struct Entry {
    connection: MultiplexedConnection,
    number: u64,
    used_at: Instant,
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

/// A connection in use. Unless it is said to be good it is not used again: the question may have been cut off by its deadline, and then
/// nobody knows whether the node still listens on it.
struct InUse<'a> {
    connections: &'a Connections,
    key: NodeKey,
    connection: MultiplexedConnection,
    number: u64,
    is_new: bool,
    is_good: bool,
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        if self.is_good {
            return;
        }
        let mut entries = self.connections.lock();
        if entries
            .get(&self.key)
            .is_some_and(|entry| entry.number == self.number)
        {
            entries.remove(&self.key);
        }
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, HashMap<NodeKey, Entry>> {
        self.by_node.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self, node: &NodeEndpoint) -> Result<InUse<'_>, EngineError> {
        let user = node.administrator.as_ref().map(|found| found.user.clone());
        let key = (node.host.clone(), node.port, user);
        let now = Instant::now();
        let found = self.lock().get_mut(&key).map(|entry| {
            entry.used_at = now;
            (entry.connection.clone(), entry.number)
        });
        if let Some((connection, number)) = found {
            return Ok(InUse {
                connections: self,
                key,
                connection,
                number,
                is_new: false,
                is_good: false,
            });
        }
        let connection = Connection::open(node).await?.keep().await?;
        let mut entries = self.lock();
        entries.retain(|_, entry| now.duration_since(entry.used_at) < UNUSED_MAX);
        let number = entries
            .values()
            .map(|entry| entry.number)
            .max()
            .unwrap_or(0)
            + 1;
        let entry = Entry {
            connection: connection.clone(),
            number,
            used_at: now,
        };
        entries.insert(key.clone(), entry);
        drop(entries);
        Ok(InUse {
            connections: self,
            key,
            connection,
            number,
            is_new: true,
            is_good: false,
        })
    }

    /// Asks all at once. A connection that the node has closed since it was last used says nothing of how the node is now, so then it is
    /// asked once more, on a new one. The caller bounds the time.
    pub(super) async fn ask(
        &self,
        node: &NodeEndpoint,
        questions: impl Fn() -> Vec<Cmd>,
    ) -> Result<Vec<Value>, EngineError> {
        let first = self.open(node).await?;
        let is_new = first.is_new;
        match first.ask(node, questions()).await {
            Err(EngineError::Unreachable { .. }) if !is_new => {}
            answered => return answered,
        }
        self.open(node).await?.ask(node, questions()).await
    }
}

impl InUse<'_> {
    async fn ask(
        mut self,
        node: &NodeEndpoint,
        questions: Vec<Cmd>,
    ) -> Result<Vec<Value>, EngineError> {
        let asked = questions
            .into_iter()
            .map(|question| one(&self.connection, question));
        let answers: Result<Vec<Value>, EngineError> = join_all(asked)
            .await
            .into_iter()
            .map(|answer| answer.map_err(|error| refusal(node, &error)))
            .collect();
        self.is_good = !matches!(answers, Err(EngineError::Unreachable { .. }));
        answers
    }
}

/// What a node says of itself.
pub(in super::super) async fn report(
    connections: &Connections,
    node: &NodeEndpoint,
) -> Result<NodeReport, EngineError> {
    let answers = connections.ask(node, || vec![command(&["INFO"])]).await?;
    let [answer] = exactly(node, answers)?;
    report::read(node, &read::<String>(node, answer)?)
}

/// How a node sees its cluster.
pub(in super::super) async fn cluster_view(
    connections: &Connections,
    node: &NodeEndpoint,
) -> Result<ClusterView, EngineError> {
    cluster::view_of(node, connections.ask(node, cluster::view_questions).await?)
}

/// All that a node has counted.
pub(in super::super) async fn statistics(
    connections: &Connections,
    node: &NodeEndpoint,
    with_durations: bool,
) -> Result<NodeStatistics, EngineError> {
    let questions = || {
        let mut questions = vec![command(&["INFO", "ALL"])];
        if with_durations {
            questions.push(command(&["LATENCY", "HISTOGRAM"]));
        }
        questions
    };
    let mut answers = connections.ask(node, questions).await?.into_iter();
    let text = read(node, answers.next().unwrap_or(Value::Nil))?;
    let durations = answers.next().map(durations).unwrap_or_default();
    Ok(NodeStatistics { text, durations })
}

/// Reads what `LATENCY HISTOGRAM` answers: for each command its number of calls and, by upper bound, how many took up to that. Each count
/// holds those before it.
fn durations(answer: Value) -> Vec<CommandDurations> {
    let commands = pairs(answer).filter_map(|(command, found)| {
        let command = text(command)?;
        let (_, buckets) = pairs(found).find(
            |(name, _)| matches!(name, Value::BulkString(name) if name == b"histogram_usec"),
        )?;
        let mut passed = 0;
        let buckets = pairs(buckets)
            .filter_map(|(bound, count)| match (bound, count) {
                (Value::Int(bound), Value::Int(count)) => {
                    let count = u64::try_from(count).ok()?;
                    let own = count.saturating_sub(passed);
                    passed = count;
                    Some((u64::try_from(bound).ok()?, own))
                }
                _ => None,
            })
            .collect();
        Some(CommandDurations { command, buckets })
    });
    commands.collect()
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// The pairs of a map, which the older form of the protocol tells as a list.
fn pairs(value: Value) -> impl Iterator<Item = (Value, Value)> {
    let items: Vec<(Value, Value)> = match value {
        Value::Map(items) => items,
        Value::Array(items) => {
            let mut items = items.into_iter();
            std::iter::from_fn(|| Some((items.next()?, items.next()?))).collect()
        }
        _ => Vec::new(),
    };
    items.into_iter()
}
