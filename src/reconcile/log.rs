//! Delivers logs: what nodes noted as slow, and what their engines wrote. A delivery is one log of a cache cluster or of all members of a
//! replication group. How far a node's log went is noted after it went there, so nothing is lost with this process, and at most what was
//! on its way comes twice. Nothing waits for it.

mod record;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::driver::{Item, Outcome, Reconciler};
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::datastore::{Error as StoreError, LogOwner, LogPosition, StoredLogDelivery};
use crate::delivery::cloudwatch_logs::{LogEvent, LogStream};
use crate::delivery::{AwsEndpoint, DeliveryError, Messenger, log_files};
use crate::resources::cache_cluster::{CacheCluster, CacheNode, Observation};
use crate::resources::log_delivery::{LogSettings, LogType, stream};
use crate::resources::timestamp::Timestamp;
use record::{Heading, Source};

/// How often logs are looked at.
const PERIOD: Duration = Duration::from_secs(5);

/// How long a node may take to tell its slow log.
const ENGINE_DEADLINE: Duration = Duration::from_secs(2);

/// Lines that are read of a node at once. A slow log of more than that between two looks loses its oldest.
const LINES_MAX: usize = 1_000;

/// Nodes of one delivery that are looked at at once.
const NODES_AT_ONCE: usize = 16;

/// Deliveries at once.
const CONCURRENCY: usize = 8;

const NANOSECONDS_PER_MILLISECOND: i64 = 1_000_000;

/// Where logs go.
#[derive(Debug, Clone)]
pub enum LogDestination {
    /// To the log groups of CloudWatch Logs that caches name.
    CloudWatchLogs(AwsEndpoint),
    /// To files below this directory.
    Files(PathBuf),
}

/// The reconciler that delivers logs.
#[derive(Debug)]
pub struct Logs {
    world: World,
    messenger: Messenger,
    destination: LogDestination,
}

/// A node whose log is delivered.
#[derive(Clone, Copy)]
struct Target<'a> {
    cluster: &'a CacheCluster,
    node: &'a CacheNode,
}

/// What was read of a log: lines, where it is then to be gone on with, and whether there may be more at once.
struct Reading {
    events: Vec<LogEvent>,
    position: Option<LogPosition>,
    has_more: bool,
}

impl Reading {
    fn nothing() -> Self {
        Self {
            events: Vec::new(),
            position: None,
            has_more: false,
        }
    }
}

#[async_trait]
impl Reconciler for Logs {
    fn name(&self) -> &'static str {
        "log"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.log
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        Ok(self.world.datastore.log_delivery_list().await?)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        match self.deliver(key).await {
            // Gone, or wished otherwise: the next look finds it.
            Err(error) if is_outdated(&error) => Ok(Outcome::Waiting),
            outcome => outcome,
        }
    }
}

fn is_outdated(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(StoreError::Stale | StoreError::NotFound)
    )
}

impl Logs {
    /// Delivers the logs of this world.
    ///
    /// # Errors
    /// Where the HTTP client cannot be set up.
    pub fn new(world: World, destination: LogDestination) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            world,
            messenger: Messenger::new()?,
            destination,
        }))
    }

    async fn deliver(&self, key: i64) -> anyhow::Result<Outcome> {
        let store = &self.world.datastore;
        let found = store.log_delivery_get(key).await?;
        let clusters = match found.owner {
            LogOwner::CacheCluster(key) => vec![store.cache_cluster_get_by_key(key).await?],
            LogOwner::ReplicationGroup(key) => {
                store.replication_group_get_by_key(key).await?.members
            }
        };
        let is_own = matches!(found.owner, LogOwner::CacheCluster(_));
        // One that became a member is delivered with its group.
        let is_adopted = is_own && clusters.iter().any(|cluster| cluster.membership.is_some());
        let wished = found.delivery.wished.as_ref().filter(|_| !is_adopted);
        let Some(settings) = wished else {
            store.log_delivery_forget(&found).await?;
            return Ok(Outcome::Settled);
        };
        let (mut problem, mut has_more) = (None, false);
        for some in targets(&clusters).chunks(NODES_AT_ONCE) {
            let asked = some.iter().map(|node| self.node(&found, settings, *node));
            for result in join_all(asked).await {
                match result? {
                    Ok(more) => has_more |= more,
                    Err(error) => problem = Some(error.to_string()),
                }
            }
        }
        self.record(&found, problem.as_deref()).await?;
        Ok(match (problem, has_more) {
            (Some(_), _) => Outcome::Blocked,
            (None, true) => Outcome::LookAgain { progressed: true },
            (None, false) => Outcome::Settled,
        })
    }

    async fn record(&self, found: &StoredLogDelivery, problem: Option<&str>) -> anyhow::Result<()> {
        let delivery = &found.delivery;
        let is_in_effect = delivery.in_effect == delivery.wished;
        if delivery.problem.as_deref() == problem && (problem.is_some() || is_in_effect) {
            return Ok(());
        }
        if let Some(reason) = problem {
            tracing::info!(log_delivery = found.key, reason, "A log is delivered later");
        }
        let store = &self.world.datastore;
        Ok(store.log_delivery_record(found, problem).await?)
    }

    /// Brings the log of a node on. What it says of the destination is for whoever asks; whether there is more at once.
    async fn node(
        &self,
        found: &StoredLogDelivery,
        settings: &LogSettings,
        target: Target<'_>,
    ) -> anyhow::Result<Result<bool, DeliveryError>> {
        let delivery = &found.delivery;
        if delivery.in_effect != delivery.wished || delivery.problem.is_some() {
            let opened = self.put(settings, delivery.log_type, target, &[]).await;
            if let Err(error) = opened {
                return Ok(Err(error));
            }
        }
        let node = target.node;
        if node.ready_at.is_none() || node.observation == Observation::Absent {
            return Ok(Ok(false));
        }
        let store = &self.world.datastore;
        let last = store.log_position(node.key, delivery.log_type).await?;
        let since = delivery.requested_at;
        let reading = match delivery.log_type {
            LogType::Slow => self.slow_log(target, settings, last, since).await,
            LogType::Engine => self.engine_log(target, settings, last, since).await,
        };
        if !reading.events.is_empty() {
            let put = self.put(settings, delivery.log_type, target, &reading.events);
            if let Err(error) = put.await {
                return Ok(Err(error));
            }
        }
        if let Some(position) = &reading.position {
            store
                .log_position_record(node.key, delivery.log_type, position)
                .await?;
        }
        Ok(Ok(reading.has_more))
    }

    /// Brings lines to where they go; none make sure of the stream alone.
    async fn put(
        &self,
        settings: &LogSettings,
        log_type: LogType,
        target: Target<'_>,
        events: &[LogEvent],
    ) -> Result<(), DeliveryError> {
        let (name, now) = (target.stream(log_type), self.world.clock.now());
        let stream = target.in_group(settings, &name);
        match &self.destination {
            LogDestination::CloudWatchLogs(endpoint) => {
                let messenger = &self.messenger;
                messenger
                    .put_log_events(endpoint, stream, events, now)
                    .await
            }
            LogDestination::Files(root) => {
                let account = &target.cluster.scope.account;
                log_files::append(log_files::path(root, account, stream), events).await
            }
        }
    }

    /// What is new in a node's slow log; nothing where the node does not answer.
    async fn slow_log(
        &self,
        target: Target<'_>,
        settings: &LogSettings,
        last: Option<LogPosition>,
        since: Timestamp,
    ) -> Reading {
        let endpoint = self.world.node_endpoint(target.cluster, target.node);
        let observer = &self.world.observer;
        let asked = observer.slow_log(&endpoint, LINES_MAX, ENGINE_DEADLINE);
        let Ok(Ok(log)) = tokio::time::timeout(ENGINE_DEADLINE, asked).await else {
            tracing::debug!(node = %endpoint.host, "A node does not tell its slow log");
            return Reading::nothing();
        };
        let same_run = last.as_ref().filter(|last| last.run == log.run);
        let next = same_run.map_or(0, |last| last.position);
        let end = log.entries.last().map_or(next, |entry| entry.id + 1);
        let position = LogPosition {
            run: log.run,
            position: end.max(next),
        };
        // What was logged before the first look counts only since it was asked for; a process that began later is all new.
        let first_second = match last {
            None => since.as_millis().div_euclid(1000),
            Some(_) => i64::MIN,
        };
        let news = log
            .entries
            .iter()
            .filter(|entry| entry.id >= next && entry.at_seconds >= first_second);
        let events = news.map(|entry| LogEvent {
            at: Timestamp::from_millis(entry.at_seconds * 1000),
            message: record::slow(target.source(), entry, settings.format),
        });
        Reading {
            events: events.collect(),
            position: (last.as_ref() != Some(&position)).then_some(position),
            has_more: false,
        }
    }

    /// What is new of what a node's engine wrote; nothing where its container does not say.
    async fn engine_log(
        &self,
        target: Target<'_>,
        settings: &LogSettings,
        last: Option<LogPosition>,
        since: Timestamp,
    ) -> Reading {
        let Target { cluster, node } = target;
        let container = identity(cluster, node).container_name(&self.world.ground.owner);
        let since = since.as_millis() * NANOSECONDS_PER_MILLISECOND;
        let after = last.map_or(since, |last| last.position);
        let runtime = &self.world.runtime;
        let lines = match runtime.logs_after(&container, after, LINES_MAX).await {
            Ok(lines) => lines,
            Err(error) => {
                tracing::debug!(node = container, %error, "A node's lines are not to be had");
                return Reading::nothing();
            }
        };
        let mut heading = Heading::unknown();
        let mut events = Vec::new();
        let is_told = |text: &str| !text.trim().is_empty() && !record::is_of_front(text);
        for line in lines.iter().filter(|line| is_told(&line.text)) {
            let message = match record::heading(&line.text) {
                Some((own, message)) => {
                    heading = own;
                    message
                }
                // It goes on with what the one before it said.
                None => &line.text,
            };
            events.push(LogEvent {
                at: Timestamp::from_millis(line.written_at / NANOSECONDS_PER_MILLISECOND),
                message: record::engine(target.source(), &heading, message, settings.format),
            });
        }
        Reading {
            events,
            position: lines.last().map(|line| LogPosition {
                run: String::new(),
                position: line.written_at,
            }),
            has_more: lines.len() >= LINES_MAX,
        }
    }
}

impl Target<'_> {
    fn source(&self) -> Source<'_> {
        Source {
            cache_cluster_id: &self.cluster.spec.cache_cluster_id,
            cache_node_id: &self.node.cache_node_id,
        }
    }

    fn stream(&self, log_type: LogType) -> String {
        let spec = &self.cluster.spec;
        let node = &self.node.cache_node_id;
        stream(spec.engine(), &spec.cache_cluster_id, node, log_type)
    }

    fn in_group<'b>(&'b self, settings: &'b LogSettings, name: &'b str) -> LogStream<'b> {
        LogStream {
            region: &self.cluster.scope.region,
            group: &settings.log_group,
            name,
        }
    }
}

/// Nodes that shall stay.
fn targets(clusters: &[CacheCluster]) -> Vec<Target<'_>> {
    let present = clusters
        .iter()
        .filter(|cluster| cluster.deletion_requested_at.is_none());
    let nodes = present.flat_map(|cluster| {
        cluster
            .wished_nodes()
            .map(move |node| Target { cluster, node })
    });
    nodes.collect()
}
