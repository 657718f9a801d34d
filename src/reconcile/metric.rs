//! Reads all nodes at an interval, and stores the metrics that follow. It only looks: nothing waits for it, and it holds nothing up. Each
//! node is asked on a connection that is kept, with a deadline, a bounded number of them at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::driver::{Item, Outcome, Reconciler};
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::engine::observe::NodeStatistics;
use crate::resources::cache_cluster::{CacheCluster, CacheNode, Observation};
use crate::resources::engine::Engine;
use crate::resources::metric::derive::{Circumstances, derive, tells_durations};
use crate::resources::metric::sample::{EngineSample, HostSample, Sample, Traffic};
use crate::resources::metric::{About, GroupRole, Metric, Point, Subject, Values};
use crate::resources::node_group::NodeGroupId;
use crate::resources::timestamp::Timestamp;
use crate::runtime::usage::ContainerUsage;

/// How long a node may take to say what it has counted.
const ENGINE_DEADLINE: Duration = Duration::from_secs(2);

/// How long the container engine may take to say what a container uses.
const USAGE_DEADLINE: Duration = Duration::from_secs(5);

/// Nodes asked at once.
const CONCURRENCY: usize = 32;

/// How often what containers use is read at most: each reading costs the container engine more than an answer costs a node.
const USAGE_INTERVAL: Duration = Duration::from_secs(10);

/// How often points of longer periods are made.
const ROLL_UP_INTERVAL: Duration = Duration::from_secs(60);

/// Metrics that are also told of a replication group as a whole: those that auto scaling goes by.
const OF_GROUPS: [&str; 4] = [
    "EngineCPUUtilization",
    "DatabaseMemoryUsagePercentage",
    "DatabaseMemoryUsageCountedForEvictPercentage",
    "DatabaseCapacityUsageCountedForEvictPercentage",
];

/// What was last read of each node, by the key of its record.
pub type Readings = Arc<Mutex<HashMap<i64, Reading>>>;

/// What was last read of a node.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What it is.
    pub subject: Subject,
    /// Its engine.
    pub engine: Engine,
    /// The group that it is a member of.
    pub replication_group_id: Option<String>,
    /// What it said.
    pub sample: Sample,
    /// What followed.
    pub values: Values,
    /// When what its container uses was last read.
    usage_at: Option<Timestamp>,
    /// The last reading with that.
    usage_sample: Option<Sample>,
}

/// The reconciler that reads nodes.
#[derive(Debug)]
pub struct Collector {
    world: World,
    interval: Duration,
    readings: Readings,
    rolled_up_at: Mutex<Timestamp>,
}

/// A node to be read.
#[derive(Clone, Copy)]
struct Target<'a> {
    cluster: &'a CacheCluster,
    node: &'a CacheNode,
}

/// Nodes that share a history: a group's key, and the node group where there are several.
type Place = (i64, Option<NodeGroupId>);

/// A node that was read.
struct Read<'a> {
    target: Target<'a>,
    sample: Sample,
}

#[async_trait]
impl Reconciler for Collector {
    fn name(&self) -> &'static str {
        "metric"
    }

    /// Up to the end of the present interval, so that intervals begin where those of others do.
    fn period(&self) -> Duration {
        let now = self.world.clock.now().as_millis();
        let interval = i64::try_from(self.interval.as_millis())
            .unwrap_or(60_000)
            .max(1);
        let rest = interval - now.rem_euclid(interval);
        Duration::from_millis(u64::try_from(rest).unwrap_or(1))
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.metric
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        Ok(vec![(0, 0)])
    }

    async fn reconcile(&self, _: i64) -> anyhow::Result<Outcome> {
        let began = self.world.clock.now();
        let clusters = self.world.datastore.cache_cluster_list().await?;
        let mut reads = Vec::new();
        for some in targets(&clusters).chunks(CONCURRENCY) {
            reads.extend(join_all(some.iter().map(|target| self.read(*target))).await);
        }
        let found = self.derive_all(reads);
        let seconds = u32::try_from(self.interval.as_secs()).unwrap_or(60).max(1);
        if !found.is_empty() {
            let period = period_of(began, self.interval);
            self.world
                .datastore
                .metric_put(period, seconds, &found)
                .await?;
        }
        self.roll_up(began).await?;
        Ok(Outcome::Settled)
    }
}

/// When the period began that a reading counts for: the one that has just ended, or the one that is nearly over.
fn period_of(read_at: Timestamp, interval: Duration) -> Timestamp {
    let interval = i64::try_from(interval.as_millis()).unwrap_or(60_000).max(1);
    let middle = read_at.as_millis() - interval / 2;
    Timestamp::from_millis(middle.div_euclid(interval) * interval)
}

/// Nodes that have answered once: nothing is told of one that is being made, or that is to go.
fn targets(clusters: &[CacheCluster]) -> Vec<Target<'_>> {
    let present = clusters
        .iter()
        .filter(|cluster| cluster.deletion_requested_at.is_none());
    let nodes = present.flat_map(|cluster| {
        cluster
            .nodes
            .iter()
            .map(move |node| Target { cluster, node })
    });
    nodes
        .filter(|Target { node, .. }| {
            node.is_wished() && node.ready_at.is_some() && node.observation != Observation::Absent
        })
        .collect()
}

impl Collector {
    /// Reads the nodes of this world each `interval`.
    pub fn new(world: World, interval: Duration) -> Arc<Self> {
        Arc::new(Self {
            world,
            interval,
            readings: Readings::default(),
            rolled_up_at: Mutex::default(),
        })
    }

    /// What was last read of each node.
    pub fn readings(&self) -> Readings {
        Arc::clone(&self.readings)
    }

    async fn read<'a>(&self, target: Target<'a>) -> Read<'a> {
        let Target { cluster, node } = &target;
        let endpoint = self.world.node_endpoint(cluster, node);
        let container = identity(cluster, node).container_name(&self.world.ground.owner);
        let with_durations =
            tells_durations(cluster.spec.engine()) && cluster.spec.engine_version.at_least(7, 0, 0);
        let now = self.world.clock.now();
        let usage = async {
            if !self.wants_usage(node.key, now) {
                return None;
            }
            let usage = self.world.runtime.container_usage(&container);
            let answer = tokio::time::timeout(USAGE_DEADLINE, usage).await;
            answer.ok()?.ok()?
        };
        let (statistics, usage) = tokio::join!(
            self.world
                .observer
                .statistics(&endpoint, with_durations, ENGINE_DEADLINE),
            usage
        );
        let statistics = statistics.inspect_err(|error| {
            tracing::debug!(
                node = container,
                error = format!("{error:#}"),
                "A node does not say what it counts"
            );
        });
        let engine = statistics
            .ok()
            .and_then(|found| engine_sample(cluster.spec.engine(), found));
        Read {
            sample: Sample {
                taken_at: now,
                engine,
                host: usage.map(host_sample),
            },
            target,
        }
    }

    fn wants_usage(&self, node: i64, now: Timestamp) -> bool {
        if self.interval >= USAGE_INTERVAL {
            return true;
        }
        let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let last = readings.get(&node).and_then(|reading| reading.usage_at);
        last.is_none_or(|last| now.since(last) >= USAGE_INTERVAL)
    }

    /// All metrics of all nodes that were read, and those of their groups; keeps the readings for the next time.
    fn derive_all(&self, reads: Vec<Read<'_>>) -> Vec<(Subject, Values)> {
        let offsets: HashMap<Place, f64> = reads.iter().filter_map(primary_offset).collect();
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *readings);
        let mut found = Vec::new();
        let mut groups: HashMap<Subject, HashMap<&'static Metric, Vec<Point>>> = HashMap::new();
        for read in &reads {
            let Target { cluster, node } = read.target;
            let spec = &cluster.spec;
            let earlier = before.remove(&node.key);
            let primary = place(cluster).and_then(|place| offsets.get(&place).copied());
            let circumstances = Circumstances {
                engine: spec.engine(),
                vcpu: spec.node_type.vcpu,
                memory_bytes: spec.node_type.memory_gib * 1024.0 * 1024.0 * 1024.0,
                primary_offset: primary,
                longest_gap: self.interval * 2,
            };
            let values = self.values(&circumstances, earlier.as_ref(), &read.sample);
            let subject = Subject {
                scope: cluster.scope.clone(),
                about: About::Node {
                    cache_cluster_id: spec.cache_cluster_id.clone(),
                    cache_node_id: node.cache_node_id.clone(),
                },
            };
            add_to_groups(cluster, &read.sample, &values, &mut groups);
            let has_usage = read.sample.host.is_some();
            let reading = Reading {
                subject: subject.clone(),
                engine: spec.engine(),
                replication_group_id: cluster
                    .membership
                    .as_ref()
                    .map(|found| found.replication_group_id.clone()),
                sample: read.sample.clone(),
                values: values.clone(),
                usage_at: match has_usage {
                    true => Some(read.sample.taken_at),
                    false => earlier.as_ref().and_then(|reading| reading.usage_at),
                },
                usage_sample: match has_usage {
                    true => Some(Sample {
                        engine: None,
                        ..read.sample.clone()
                    }),
                    false => earlier.and_then(|reading| reading.usage_sample),
                },
            };
            readings.insert(node.key, reading);
            if !values.is_empty() {
                found.push((subject, values));
            }
        }
        drop(readings);
        found.extend(groups.into_iter().map(|(subject, metrics)| {
            let points = metrics
                .into_iter()
                .filter_map(|(metric, points)| Some((metric, Point::merged(&points)?)));
            (subject, points.collect())
        }));
        found
    }

    fn values(
        &self,
        circumstances: &Circumstances,
        earlier: Option<&Reading>,
        now: &Sample,
    ) -> Values {
        let engine_only = Sample {
            host: None,
            ..now.clone()
        };
        let mut values = derive(
            circumstances,
            earlier.map(|reading| &reading.sample),
            &engine_only,
        );
        if now.host.is_some() {
            let host_only = Sample {
                engine: None,
                ..now.clone()
            };
            let circumstances = Circumstances {
                longest_gap: circumstances.longest_gap.max(USAGE_INTERVAL * 2),
                ..*circumstances
            };
            let before = earlier.and_then(|reading| reading.usage_sample.as_ref());
            values.extend(derive(&circumstances, before, &host_only));
        }
        values
    }

    async fn roll_up(&self, now: Timestamp) -> anyhow::Result<()> {
        {
            let mut last = self
                .rolled_up_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if now.since(*last) < ROLL_UP_INTERVAL {
                return Ok(());
            }
            *last = now;
        }
        Ok(self.world.datastore.metric_roll_up(now).await?)
    }
}

/// Which history a node has a part in: its group, and its node group where there are several.
fn place(cluster: &CacheCluster) -> Option<Place> {
    let membership = cluster.membership.as_ref()?;
    Some((membership.group_key, membership.node_group))
}

fn primary_offset(read: &Read<'_>) -> Option<(Place, f64)> {
    let engine = read
        .sample
        .engine
        .as_ref()
        .filter(|engine| engine.is_primary)?;
    Some((
        place(read.target.cluster)?,
        engine.number("master_repl_offset"),
    ))
}

fn add_to_groups(
    cluster: &CacheCluster,
    sample: &Sample,
    values: &Values,
    groups: &mut HashMap<Subject, HashMap<&'static Metric, Vec<Point>>>,
) {
    let (Some(membership), Some(engine)) = (&cluster.membership, &sample.engine) else {
        return;
    };
    let role = match engine.is_primary {
        true => GroupRole::Primary,
        false => GroupRole::Replica,
    };
    for role in [None, Some(role)] {
        let subject = Subject {
            scope: cluster.scope.clone(),
            about: About::Group {
                replication_group_id: membership.replication_group_id.clone(),
                role,
            },
        };
        let metrics = groups.entry(subject).or_default();
        for (metric, point) in values
            .iter()
            .filter(|(metric, _)| OF_GROUPS.contains(&metric.name))
        {
            metrics.entry(metric).or_default().push(point.clone());
        }
    }
}

fn engine_sample(engine: Engine, found: NodeStatistics) -> Option<EngineSample> {
    let mut sample = match engine {
        Engine::Memcached => EngineSample::of_stats(&found.text),
        Engine::Redis | Engine::Valkey => EngineSample::of_info(&found.text),
    }?;
    #[allow(
        clippy::cast_precision_loss,
        reason = "counts of calls and microseconds, far below what a float holds exactly"
    )]
    let float = |(bound, count): (u64, u64)| (bound as f64, count as f64);
    let durations = found.durations.into_iter();
    sample.durations = durations
        .map(|found| {
            (
                found.command,
                found.buckets.into_iter().map(float).collect(),
            )
        })
        .collect();
    Some(sample)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "bytes and packets, far below what a float holds exactly"
)]
fn host_sample(usage: ContainerUsage) -> HostSample {
    let traffic = |found: crate::runtime::usage::Traffic| Traffic {
        bytes: found.bytes as f64,
        packets: found.packets as f64,
    };
    HostSample {
        cpu_seconds: usage.cpu_nanoseconds as f64 / 1e9,
        memory_bytes: usage.memory_bytes as f64,
        memory_limit_bytes: usage.memory_limit_bytes.map(|limit| limit as f64),
        swap_bytes: usage.swap_bytes as f64,
        received: traffic(usage.received),
        sent: traffic(usage.sent),
    }
}
