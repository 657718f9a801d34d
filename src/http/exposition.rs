//! `/metrics`: caches and the control plane itself, in the form that Prometheus reads.
//!
//! Names begin with `cacheplane_`. What engines count since their start is told as they count it, not as differences: Prometheus makes
//! its own. CloudWatch's metrics, which are differences, are told by `cacheplane_cloudwatch`, one series for each.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::App;
use crate::reconcile::metric::Reading;

/// Names and values.
type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;
type Counters = Family<Labels, Counter<f64, AtomicU64>>;

/// Upper bounds of latencies, in seconds: a request writes a wish, and is done in milliseconds.
const LATENCY_BOUNDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// How long requests took, by action and status.
#[derive(Debug, Clone)]
pub struct Latencies(Family<Labels, Histogram>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| {
            Histogram::new(LATENCY_BOUNDS)
        }))
    }
}

impl Latencies {
    /// Notes a request; one for no known action has none.
    pub(super) fn record(&self, action: &'static str, status: u16, took: Duration) {
        let labels = vec![
            ("action", action.to_owned()),
            ("status", status.to_string()),
        ];
        self.0.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// A number that an engine tells: our name, the engine's, and what it is.
type Told = (&'static str, &'static str, &'static str);

/// What engines count since their start.
const COUNTED: &[Told] = &[
    (
        "node_connections_received",
        "total_connections_received",
        "Connections that were accepted",
    ),
    (
        "node_connections_rejected",
        "rejected_connections",
        "Connections that were refused for want of room",
    ),
    (
        "node_commands_processed",
        "total_commands_processed",
        "Commands that were executed",
    ),
    (
        "node_keyspace_hits",
        "keyspace_hits",
        "Lookups that found a key",
    ),
    (
        "node_keyspace_misses",
        "keyspace_misses",
        "Lookups that found none",
    ),
    (
        "node_evicted_keys",
        "evicted_keys",
        "Keys that gave way for want of memory",
    ),
    (
        "node_expired_keys",
        "expired_keys",
        "Keys whose time to live ended",
    ),
    (
        "node_error_replies",
        "total_error_replies",
        "Commands that were answered with an error",
    ),
    (
        "node_network_input_bytes",
        "total_net_input_bytes",
        "Bytes that clients sent",
    ),
    (
        "node_network_output_bytes",
        "total_net_output_bytes",
        "Bytes that were sent to clients",
    ),
    (
        "node_cpu_system_seconds",
        "used_cpu_sys",
        "Processor time in the kernel",
    ),
    (
        "node_cpu_user_seconds",
        "used_cpu_user",
        "Processor time outside of it",
    ),
    ("node_memcached_gets", "cmd_get", "Keys that were asked for"),
    ("node_memcached_sets", "cmd_set", "Items that were stored"),
    (
        "node_memcached_get_hits",
        "get_hits",
        "Keys that were there",
    ),
    (
        "node_memcached_get_misses",
        "get_misses",
        "Keys that were not",
    ),
    (
        "node_memcached_evictions",
        "evictions",
        "Items that gave way for want of memory",
    ),
    (
        "node_memcached_read_bytes",
        "bytes_read",
        "Bytes that clients sent",
    ),
    (
        "node_memcached_written_bytes",
        "bytes_written",
        "Bytes that were sent to clients",
    ),
];

/// What engines tell as it is.
const MEASURED: &[Told] = &[
    (
        "node_connected_clients",
        "connected_clients",
        "Open connections",
    ),
    (
        "node_blocked_clients",
        "blocked_clients",
        "Connections that wait in a blocking command",
    ),
    ("node_used_memory_bytes", "used_memory", "Memory in use"),
    ("node_max_memory_bytes", "maxmemory", "Most memory for data"),
    (
        "node_memory_fragmentation_ratio",
        "mem_fragmentation_ratio",
        "Memory of the process over memory in use",
    ),
    (
        "node_connected_replicas",
        "connected_slaves",
        "Replicas that are connected",
    ),
    (
        "node_replication_offset_bytes",
        "master_repl_offset",
        "How far the history of writes goes",
    ),
    (
        "node_uptime_seconds",
        "uptime_in_seconds",
        "Since the process started",
    ),
    (
        "node_memcached_connections",
        "curr_connections",
        "Open connections",
    ),
    ("node_memcached_items", "curr_items", "Items"),
    ("node_memcached_bytes", "bytes", "Bytes of items"),
    (
        "node_memcached_limit_bytes",
        "limit_maxbytes",
        "Most bytes of items",
    ),
];

/// Everything, at this moment.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let readings: Vec<Reading> = {
        let readings = app.sight.readings.lock();
        readings
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    };
    let mut registry = Registry::with_prefix("cacheplane");
    nodes(&mut registry, &readings);
    reconcilers(&mut registry, &app);
    registry.register(
        "api_request_seconds",
        "How long requests took",
        app.sight.latencies.0.clone(),
    );
    if let Err(error) = wishes(&mut registry, &app).await {
        tracing::error!(error = format!("{error:#}"), "Wishes cannot be counted");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Who a node is.
fn labels(reading: &Reading) -> Labels {
    let scope = &reading.subject.scope;
    let mut labels = vec![
        ("account", scope.account.clone()),
        ("region", scope.region.clone()),
    ];
    for (name, value) in reading.subject.about.dimensions() {
        let name = if name == "CacheClusterId" {
            "cache_cluster_id"
        } else {
            "cache_node_id"
        };
        labels.push((name, value.to_owned()));
    }
    let group = reading.replication_group_id.clone().unwrap_or_default();
    labels.push(("replication_group_id", group));
    labels
}

fn nodes(registry: &mut Registry, readings: &[Reading]) {
    let up = Gauges::default();
    let primary = Gauges::default();
    let keys = Gauges::default();
    let cloudwatch = Gauges::default();
    let calls = Counters::default();
    let seconds = Counters::default();
    for reading in readings {
        let labels = labels(reading);
        let engine = reading.sample.engine.as_ref();
        up.get_or_create(&labels)
            .set(f64::from(u8::from(engine.is_some())));
        for (metric, point) in &reading.values {
            let labels = with(&labels, "metric", metric.name);
            cloudwatch.get_or_create(&labels).set(point.average());
        }
        let Some(engine) = engine.filter(|engine| !engine.run.is_empty()) else {
            continue;
        };
        primary
            .get_or_create(&labels)
            .set(f64::from(u8::from(engine.is_primary)));
        keys.get_or_create(&labels).set(engine.keys.all);
        for (command, counted) in &engine.commands {
            let labels = with(&labels, "command", command);
            calls.get_or_create(&labels).inc_by(counted.calls);
            seconds
                .get_or_create(&labels)
                .inc_by(counted.microseconds / 1e6);
        }
    }
    registry.register(
        "node_up",
        "Whether the node answered when it was last read",
        up,
    );
    registry.register("node_primary", "Whether it takes writes", primary);
    registry.register("node_keys", "Keys in all databases", keys);
    registry.register("node_commands", "Calls of each command", calls);
    registry.register(
        "node_command_seconds",
        "Time in calls of each command",
        seconds,
    );
    registry.register(
        "cloudwatch",
        "Metrics of AWS/ElastiCache, of the last interval",
        cloudwatch,
    );
    for (name, field, help) in MEASURED {
        let family = Gauges::default();
        for (reading, value) in told(readings, field) {
            family.get_or_create(&labels(reading)).set(value);
        }
        registry.register(*name, *help, family);
    }
    for (name, field, help) in COUNTED {
        let family = Counters::default();
        for (reading, value) in told(readings, field) {
            family.get_or_create(&labels(reading)).inc_by(value);
        }
        registry.register(*name, *help, family);
    }
}

fn told<'a>(readings: &'a [Reading], field: &'a str) -> impl Iterator<Item = (&'a Reading, f64)> {
    readings.iter().filter_map(move |reading| {
        let value = reading.sample.engine.as_ref()?.numbers.get(field)?;
        Some((reading, *value))
    })
}

fn with(labels: &Labels, name: &'static str, value: &str) -> Labels {
    let mut labels = labels.clone();
    labels.push((name, value.to_owned()));
    labels
}

/// What the loops do that make wishes true.
fn reconcilers(registry: &mut Registry, app: &App) {
    let activations = Counters::default();
    let runs = Counters::default();
    let listed = Gauges::default();
    let in_work = Gauges::default();
    let waiting = Gauges::default();
    let statuses = app
        .sight
        .statuses
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    #[allow(
        clippy::cast_precision_loss,
        reason = "counts, far below what a float holds exactly"
    )]
    for (name, status) in statuses.iter() {
        let labels = vec![("reconciler", (*name).to_owned())];
        activations
            .get_or_create(&labels)
            .inc_by(status.activations as f64);
        runs.get_or_create(&with(&labels, "outcome", "succeeded"))
            .inc_by(status.succeeded as f64);
        runs.get_or_create(&with(&labels, "outcome", "failed"))
            .inc_by(status.failed as f64);
        listed.get_or_create(&labels).set(status.listed as f64);
        in_work.get_or_create(&labels).set(status.in_work as f64);
        waiting
            .get_or_create(&labels)
            .set(status.waiting.len() as f64);
    }
    registry.register(
        "reconciler_activations",
        "Looks at what may not be as wished",
        activations,
    );
    registry.register("reconciler_runs", "Runs by what came of them", runs);
    registry.register(
        "reconciler_listed",
        "What may not be as wished, at the last look",
        listed,
    );
    registry.register("reconciler_in_work", "Keys in work", in_work);
    registry.register(
        "reconciler_waiting",
        "Keys that are tried again later",
        waiting,
    );
}

/// How far what is seen lags what is wished.
async fn wishes(registry: &mut Registry, app: &App) -> Result<(), crate::datastore::Error> {
    let store = &app.datastore;
    let clusters = store.cache_cluster_list_unconverged().await?;
    let groups = store.replication_group_list_unconverged().await?;
    let access = store.access_list_unconverged().await?;
    let (family, ages) = (Gauges::default(), Gauges::default());
    let now = app.clock.now();
    // Reconcilers have the names of what they care for.
    for (resource, items) in [
        ("cache_cluster", clusters),
        ("replication_group", groups),
        ("access", access),
    ] {
        let labels = vec![("resource", resource.to_owned())];
        let statuses = app.sight.statuses.lock();
        let statuses = statuses.unwrap_or_else(PoisonError::into_inner);
        let since = statuses.get(resource).map(|status| &status.unsettled);
        let oldest = items
            .iter()
            .filter_map(|(key, _)| since?.get(key).copied())
            .min();
        let age = oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
        ages.get_or_create(&labels).set(age);
        #[allow(clippy::cast_precision_loss, reason = "a count of resources")]
        family.get_or_create(&labels).set(items.len() as f64);
    }
    registry.register(
        "unconverged_age_seconds",
        "How long the oldest of them has not been seen to be as wished, since the control plane started",
        ages,
    );
    registry.register(
        "unconverged",
        "Resources that are not seen to be as wished",
        family,
    );
    Ok(())
}
