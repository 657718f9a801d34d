//! Metrics, from two readings of a node.
//!
//! What an engine counts since its start is told as the difference to the last reading ("delta per minute" of the user guide). A process
//! that was started between two readings began at zero, so all that it says happened since; of one that has run for longer than we have
//! read it nothing is told until the second reading.

use std::collections::BTreeMap;
use std::time::Duration;

use super::commands::{self, GROUPS};
use super::sample::{Calls, EngineSample, HostSample, Sample};
use super::{Metric, Point, Values};
use crate::resources::engine::Engine;

/// What is known of a node besides its readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circumstances {
    /// Its engine.
    pub engine: Engine,
    /// Virtual processors of its node type.
    pub vcpu: u32,
    /// Memory of its node type, in bytes.
    pub memory_bytes: f64,
    /// How far the history of its primary went when that was read at about the same time; replicas only.
    pub primary_offset: Option<f64>,
    /// The longest time between two readings whose difference says something of one period.
    pub longest_gap: Duration,
}

/// Whether an engine keeps distributions of how long commands took that the service tells of (Valkey 7.2 and later).
pub fn tells_durations(engine: Engine) -> bool {
    engine == Engine::Valkey
}

/// All metrics of a node at its latest reading, in no order. `before` is the last reading but one, if there was one.
pub fn derive(circumstances: &Circumstances, before: Option<&Sample>, now: &Sample) -> Values {
    let before = before.filter(|before| {
        before.taken_at < now.taken_at
            && now.taken_at.since(before.taken_at) <= circumstances.longest_gap
    });
    let mut values = Found::default();
    if let Some(host) = &now.host {
        let earlier = before.and_then(|before| Some((before.host?, before)));
        values.host(circumstances, earlier, now, host);
    }
    if let Some(engine) = &now.engine {
        let span = Span::of(circumstances, before, now, engine);
        match circumstances.engine {
            Engine::Redis | Engine::Valkey => values.redis(circumstances, &span, engine),
            Engine::Memcached => values.memcached(&span, engine),
        }
    }
    values.0
}

/// The time between two readings of one engine.
struct Span<'a> {
    /// The earlier reading; none if the process began since, and has counted from zero.
    earlier: Option<&'a EngineSample>,
    /// Whether differences say anything.
    is_known: bool,
    seconds: f64,
}

impl<'a> Span<'a> {
    fn of(
        circumstances: &Circumstances,
        before: Option<&'a Sample>,
        now: &Sample,
        engine: &EngineSample,
    ) -> Self {
        let seconds = before.map_or(circumstances.longest_gap, |before| {
            now.taken_at.since(before.taken_at)
        });
        let seconds = seconds.as_secs_f64();
        let earlier = before.and_then(|before| before.engine.as_ref());
        let earlier = earlier.filter(|earlier| {
            earlier.run == engine.run && earlier.uptime_seconds <= engine.uptime_seconds
        });
        let has_begun_since = engine.uptime_seconds <= seconds;
        Self {
            earlier,
            is_known: earlier.is_some() || has_begun_since,
            seconds: match earlier {
                Some(_) => seconds,
                None => engine.uptime_seconds.max(1.0),
            },
        }
    }

    /// How much was added to a counter of the engine's; one that was reset meanwhile counts from zero.
    fn added(&self, now: &EngineSample, name: &str) -> Option<f64> {
        let now = *now.numbers.get(name)?;
        let earlier = self.earlier.map_or(0.0, |earlier| earlier.number(name));
        self.is_known.then(|| grown(earlier, now))
    }
}

fn grown(earlier: f64, now: f64) -> f64 {
    match now >= earlier {
        true => now - earlier,
        false => now,
    }
}

#[derive(Default)]
struct Found(Values);

impl Found {
    fn put(&mut self, name: &'static str, value: Option<f64>) {
        self.point(name, value.filter(|value| value.is_finite()).map(Point::of));
    }

    fn point(&mut self, name: &'static str, point: Option<Point>) {
        if let (Some(metric), Some(point)) = (Metric::named(name), point) {
            self.0.push((metric, point));
        }
    }

    /// Host-level metrics: what the container used stands for what the service's host would have.
    fn host(
        &mut self,
        circumstances: &Circumstances,
        earlier: Option<(HostSample, &Sample)>,
        now: &Sample,
        host: &HostSample,
    ) {
        let memory = host
            .memory_limit_bytes
            .map_or(circumstances.memory_bytes, |limit| {
                limit.min(circumstances.memory_bytes)
            });
        self.put(
            "FreeableMemory",
            Some((memory - host.memory_bytes).max(0.0)),
        );
        self.put("SwapUsage", Some(host.swap_bytes));
        let Some((before, earlier)) = earlier else {
            return;
        };
        let seconds = now.taken_at.since(earlier.taken_at).as_secs_f64();
        let cpu = grown(before.cpu_seconds, host.cpu_seconds) / seconds;
        let share = cpu / f64::from(circumstances.vcpu.max(1)) * 100.0;
        self.put("CPUUtilization", Some(share.min(100.0)));
        for (name, before, now) in [
            ("NetworkBytesIn", before.received.bytes, host.received.bytes),
            ("NetworkBytesOut", before.sent.bytes, host.sent.bytes),
            (
                "NetworkPacketsIn",
                before.received.packets,
                host.received.packets,
            ),
            ("NetworkPacketsOut", before.sent.packets, host.sent.packets),
        ] {
            self.put(name, Some(grown(before, now)));
        }
        // Nothing here limits a node's traffic.
        for name in [
            "NetworkBandwidthInAllowanceExceeded",
            "NetworkBandwidthOutAllowanceExceeded",
            "NetworkConntrackAllowanceExceeded",
            "NetworkPacketsPerSecondAllowanceExceeded",
        ] {
            self.put(name, Some(0.0));
        }
    }

    fn redis(&mut self, circumstances: &Circumstances, span: &Span<'_>, now: &EngineSample) {
        for (name, field) in [
            ("ActiveDefragHits", "active_defrag_hits"),
            ("AuthenticationFailures", "acl_access_denied_auth"),
            ("CacheHits", "keyspace_hits"),
            ("CacheMisses", "keyspace_misses"),
            ("ChannelAuthorizationFailures", "acl_access_denied_channel"),
            ("CommandAuthorizationFailures", "acl_access_denied_cmd"),
            ("KeyAuthorizationFailures", "acl_access_denied_key"),
            ("ErrorCount", "total_error_replies"),
            ("Evictions", "evicted_keys"),
            ("NewConnections", "total_connections_received"),
            ("Reclaimed", "expired_keys"),
        ] {
            self.put(name, span.added(now, field));
        }
        for (name, field) in [
            ("BytesUsedForCache", "used_memory"),
            ("CurrConnections", "connected_clients"),
            ("KeysTracked", "tracking_total_keys"),
            ("MemoryFragmentationRatio", "mem_fragmentation_ratio"),
            ("SaveInProgress", "rdb_bgsave_in_progress"),
        ] {
            self.put(name, now.numbers.get(field).copied());
        }
        self.put("CurrItems", Some(now.keys.all));
        self.put("CurrVolatileItems", Some(now.keys.volatile));
        let ttl = if now.is_primary {
            now.keys.database_0_ttl_ms
        } else {
            0.0
        };
        self.put("DB0AverageTTL", Some(ttl));
        self.put("IsMaster", Some(f64::from(u8::from(now.is_primary))));
        // Nothing here slows a node down.
        self.put("TrafficManagementActive", Some(0.0));
        let hits = span.added(now, "keyspace_hits");
        let lookups = hits.zip(span.added(now, "keyspace_misses"));
        let rate = lookups.filter(|(hits, misses)| hits + misses > 0.0);
        self.put(
            "CacheHitRate",
            rate.map(|(hits, misses)| hits / (hits + misses) * 100.0),
        );
        self.memory(now);
        self.engine_cpu(span, now);
        self.replication(circumstances, span, now);
        self.commands(span, now);
        if tells_durations(circumstances.engine) {
            self.durations(span, now);
        }
    }

    fn memory(&mut self, now: &EngineSample) {
        let most = now.number("maxmemory");
        if most <= 0.0 {
            return;
        }
        let used = now.number("used_memory");
        let counted = used - now.number("mem_not_counted_for_evict");
        // Without data tiering a node's capacity is its memory.
        for name in [
            "DatabaseMemoryUsagePercentage",
            "DatabaseCapacityUsagePercentage",
        ] {
            self.put(name, Some(used / most * 100.0));
        }
        for name in [
            "DatabaseMemoryUsageCountedForEvictPercentage",
            "DatabaseCapacityUsageCountedForEvictPercentage",
        ] {
            self.put(name, Some(counted / most * 100.0));
        }
    }

    /// The share of one processor that the thread that executes commands has; lines that do not tell it apart tell of the process.
    fn engine_cpu(&mut self, span: &Span<'_>, now: &EngineSample) {
        let both = |one, other| {
            let one = span.added(now, one)?;
            Some(one + span.added(now, other)?)
        };
        let seconds = both("used_cpu_sys_main_thread", "used_cpu_user_main_thread")
            .or_else(|| both("used_cpu_sys", "used_cpu_user"));
        let share = seconds.map(|seconds| (seconds / span.seconds * 100.0).min(100.0));
        self.put("EngineCPUUtilization", share);
    }

    fn replication(&mut self, circumstances: &Circumstances, span: &Span<'_>, now: &EngineSample) {
        let bytes = match now.is_primary {
            true => span
                .added(now, "master_repl_offset")
                .map(|bytes| bytes * now.number("connected_slaves")),
            false => Some(0.0),
        };
        self.put("ReplicationBytes", bytes);
        if now.is_primary {
            return;
        }
        let offset = now.number("slave_repl_offset");
        let has_all = now.link_up
            && circumstances
                .primary_offset
                .is_some_and(|all| offset >= all);
        let lag = match (has_all, now.link_up) {
            (true, _) => 0.0,
            // Since it last heard of its primary, to the second.
            (false, true) => now.number("master_last_io_seconds_ago").max(0.0),
            (false, false) => now.number("master_link_down_since_seconds").max(0.0),
        };
        self.put("ReplicationLag", Some(lag));
    }

    fn commands(&mut self, span: &Span<'_>, now: &EngineSample) {
        if !span.is_known {
            return;
        }
        let mut sums: BTreeMap<&str, Calls> = BTreeMap::new();
        for (command, calls) in &now.commands {
            let earlier = span
                .earlier
                .and_then(|earlier| earlier.commands.get(command));
            let earlier = earlier.copied().unwrap_or_default();
            for group in commands::groups(command) {
                let sum = sums.entry(group).or_default();
                sum.calls += grown(earlier.calls, calls.calls);
                sum.microseconds += grown(earlier.microseconds, calls.microseconds);
            }
        }
        for (group, latency) in GROUPS {
            let sum = sums.get(group).copied().unwrap_or_default();
            // A module's metrics are those of nodes that have the module.
            let is_module = ["Json", "Bloom", "Search"]
                .iter()
                .any(|module| group.starts_with(module));
            if is_module && !sums.contains_key(group) {
                continue;
            }
            self.put(group, Some(sum.calls));
            self.put(
                latency,
                (sum.calls > 0.0).then(|| sum.microseconds / sum.calls),
            );
        }
    }

    fn durations(&mut self, span: &Span<'_>, now: &EngineSample) {
        if !span.is_known {
            return;
        }
        let mut reads = Vec::new();
        let mut writes = Vec::new();
        for (command, buckets) in &now.durations {
            let into = match commands::is_write(command) {
                Some(true) => &mut writes,
                Some(false) => &mut reads,
                None => continue,
            };
            let earlier = span
                .earlier
                .and_then(|earlier| earlier.durations.get(command));
            for (microseconds, n) in buckets {
                let before = earlier
                    .into_iter()
                    .flatten()
                    .find(|(bound, _)| bound == microseconds);
                into.push((*microseconds, grown(before.map_or(0.0, |(_, n)| *n), *n)));
            }
        }
        self.point("SuccessfulReadRequestLatency", Point::distribution(reads));
        self.point("SuccessfulWriteRequestLatency", Point::distribution(writes));
    }

    fn memcached(&mut self, span: &Span<'_>, now: &EngineSample) {
        for (name, field) in [
            ("BytesReadIntoMemcached", "bytes_read"),
            ("BytesWrittenOutFromMemcached", "bytes_written"),
            ("CasBadval", "cas_badval"),
            ("CasHits", "cas_hits"),
            ("CasMisses", "cas_misses"),
            ("CmdFlush", "cmd_flush"),
            ("CmdGet", "cmd_get"),
            ("CmdSet", "cmd_set"),
            ("CmdTouch", "cmd_touch"),
            ("DecrHits", "decr_hits"),
            ("DecrMisses", "decr_misses"),
            ("DeleteHits", "delete_hits"),
            ("DeleteMisses", "delete_misses"),
            ("Evictions", "evictions"),
            ("EvictedUnfetched", "evicted_unfetched"),
            ("ExpiredUnfetched", "expired_unfetched"),
            ("GetHits", "get_hits"),
            ("GetMisses", "get_misses"),
            ("IncrHits", "incr_hits"),
            ("IncrMisses", "incr_misses"),
            ("NewConnections", "total_connections"),
            ("NewItems", "total_items"),
            ("Reclaimed", "reclaimed"),
            ("SlabsMoved", "slabs_moved"),
            ("TouchHits", "touch_hits"),
            ("TouchMisses", "touch_misses"),
        ] {
            self.put(name, span.added(now, field));
        }
        for (name, field) in [
            ("BytesUsedForCacheItems", "bytes"),
            ("BytesUsedForHash", "hash_bytes"),
            ("CurrConnections", "curr_connections"),
            ("CurrItems", "curr_items"),
        ] {
            self.put(name, now.numbers.get(field).copied());
        }
        let most = now.numbers.get("limit_maxbytes");
        self.put("UnusedMemory", most.map(|most| most - now.number("bytes")));
    }
}

#[cfg(test)]
mod tests;
