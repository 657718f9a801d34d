use std::time::Duration;

use super::super::sample::{EngineSample, HostSample, Sample, Traffic};
use super::*;
use crate::resources::timestamp::Timestamp;

fn circumstances(engine: Engine) -> Circumstances {
    Circumstances {
        engine,
        vcpu: 2,
        memory_bytes: 1000.0,
        primary_offset: None,
        longest_gap: Duration::from_secs(120),
    }
}

fn at(seconds: i64, engine: Option<EngineSample>) -> Sample {
    Sample {
        taken_at: Timestamp::from_millis(seconds * 1000),
        engine,
        host: None,
    }
}

fn info(text: &str) -> Option<EngineSample> {
    let sample = EngineSample::of_info(&text.replace(' ', "\r\n"));
    assert!(sample.is_some(), "{text}");
    sample
}

fn value(values: &Values, name: &str) -> Option<f64> {
    let found = values.iter().find(|(metric, _)| metric.name == name);
    found.map(|(_, point)| point.average())
}

#[track_caller]
fn check(values: &Values, expected: &[(&str, Option<f64>)]) {
    for (name, expected) in expected {
        assert_eq!(value(values, name), *expected, "{name}");
    }
}

const EARLIER: &str = "run_id:a uptime_in_seconds:1000 role:master connected_clients:4 keyspace_hits:10 keyspace_misses:10 \
    evicted_keys:5 used_memory:200 maxmemory:1000 mem_not_counted_for_evict:50 used_cpu_sys_main_thread:1.0 \
    used_cpu_user_main_thread:2.0 master_repl_offset:100 connected_slaves:2 cmdstat_get:calls=10,usec=100,x=1 \
    db0:keys=3,expires=1,avg_ttl=700 db12:keys=4,expires=2,avg_ttl=9";

const LATER: &str = "run_id:a uptime_in_seconds:1060 role:master connected_clients:6 keyspace_hits:40 keyspace_misses:20 \
    evicted_keys:5 used_memory:300 maxmemory:1000 mem_not_counted_for_evict:50 used_cpu_sys_main_thread:4.0 \
    used_cpu_user_main_thread:5.0 master_repl_offset:600 connected_slaves:2 cmdstat_get:calls=40,usec=160,x=1 \
    cmdstat_set:calls=2,usec=8 cmdstat_config|get:calls=1,usec=7 db0:keys=5,expires=2,avg_ttl=800 db12:keys=4,expires=2,avg_ttl=9";

#[test]
fn counters_are_told_as_what_was_added_and_the_rest_as_it_is() {
    let before = at(0, info(EARLIER));
    let values = derive(
        &circumstances(Engine::Redis),
        Some(&before),
        &at(60, info(LATER)),
    );
    check(
        &values,
        &[
            ("CacheHits", Some(30.0)),
            ("CacheMisses", Some(10.0)),
            ("CacheHitRate", Some(75.0)),
            ("Evictions", Some(0.0)),
            ("CurrConnections", Some(6.0)),
            ("CurrItems", Some(9.0)),
            ("CurrVolatileItems", Some(4.0)),
            ("DB0AverageTTL", Some(800.0)),
            ("BytesUsedForCache", Some(300.0)),
            ("DatabaseMemoryUsagePercentage", Some(30.0)),
            ("DatabaseMemoryUsageCountedForEvictPercentage", Some(25.0)),
            ("DatabaseCapacityUsagePercentage", Some(30.0)),
            ("EngineCPUUtilization", Some(10.0)),
            ("IsMaster", Some(1.0)),
            ("ReplicationBytes", Some(1000.0)),
            ("ReplicationLag", None),
            ("GetTypeCmds", Some(30.0)),
            ("GetTypeCmdsLatency", Some(2.0)),
            ("SetTypeCmds", Some(2.0)),
            ("StringBasedCmds", Some(32.0)),
            ("StringBasedCmdsLatency", Some(68.0 / 32.0)),
            ("NonKeyTypeCmds", Some(1.0)),
            ("HashBasedCmds", Some(0.0)),
            ("HashBasedCmdsLatency", None),
            ("JsonBasedCmds", None),
            // Redis 6.2 has no such counters in what it says here, so there is nothing to tell.
            ("AuthenticationFailures", None),
            ("SuccessfulReadRequestLatency", None),
        ],
    );
}

#[test]
fn what_a_process_counts_from_zero_is_never_taken_for_less_than_nothing() {
    let circumstances = circumstances(Engine::Redis);
    // Nothing was read before: what was counted in a thousand seconds is not of this minute.
    let first = derive(&circumstances, None, &at(60, info(LATER)));
    check(
        &first,
        &[
            ("CacheHits", None),
            ("CacheHitRate", None),
            ("GetTypeCmds", None),
            ("CurrConnections", Some(6.0)),
        ],
    );
    // Another process, started since: all that it says is of this minute.
    let restarted = info(
        "run_id:b uptime_in_seconds:20 role:master keyspace_hits:7 keyspace_misses:0 used_cpu_sys:1 used_cpu_user:1",
    );
    let before = at(0, info(EARLIER));
    let values = derive(&circumstances, Some(&before), &at(60, restarted.clone()));
    check(
        &values,
        &[
            ("CacheHits", Some(7.0)),
            ("CacheHitRate", Some(100.0)),
            ("EngineCPUUtilization", Some(10.0)),
        ],
    );
    // The first reading of one that has just been started.
    check(
        &derive(&circumstances, None, &at(60, restarted)),
        &[("CacheHits", Some(7.0))],
    );
    // CONFIG RESETSTAT.
    let reset =
        info("run_id:a uptime_in_seconds:1060 role:master keyspace_hits:2 keyspace_misses:0");
    check(
        &derive(&circumstances, Some(&before), &at(60, reset)),
        &[("CacheHits", Some(2.0)), ("CacheMisses", Some(0.0))],
    );
    // The last reading is too old to say anything of a minute.
    check(
        &derive(&circumstances, Some(&before), &at(600, info(LATER))),
        &[("CacheHits", None), ("CurrItems", Some(9.0))],
    );
    // It did not answer.
    assert_eq!(derive(&circumstances, Some(&before), &at(60, None)), []);
}

#[test]
fn a_replica_lags_by_what_it_has_not() {
    let lag = |text: &str, primary_offset| {
        let circumstances = Circumstances {
            primary_offset,
            ..circumstances(Engine::Valkey)
        };
        value(
            &derive(&circumstances, None, &at(60, info(text))),
            "ReplicationLag",
        )
    };
    let up = "run_id:r uptime_in_seconds:500 role:slave master_link_status:up slave_repl_offset:90 master_last_io_seconds_ago:3";
    assert_eq!(lag(up, Some(90.0)), Some(0.0));
    assert_eq!(lag(up, Some(95.0)), Some(3.0));
    assert_eq!(lag(up, None), Some(3.0));
    let down = "run_id:r uptime_in_seconds:500 role:slave master_link_status:down slave_repl_offset:90 master_last_io_seconds_ago:-1 \
        master_link_down_since_seconds:17";
    assert_eq!(lag(down, Some(90.0)), Some(17.0));
}

#[test]
fn durations_are_those_of_the_minute() {
    let sample = |gets: f64, slow: f64| {
        let mut sample = EngineSample::of_info("run_id:a\r\nuptime_in_seconds:900\r\n").unwrap();
        let buckets = vec![(4.0, gets), (1024.0, slow)];
        sample.durations.insert("get".to_owned(), buckets);
        sample.durations.insert("ping".to_owned(), vec![(1.0, 1e6)]);
        sample
    };
    let before = at(0, Some(sample(10.0, 1.0)));
    let values = derive(
        &circumstances(Engine::Valkey),
        Some(&before),
        &at(60, Some(sample(109.0, 2.0))),
    );
    let (_, point) = values
        .iter()
        .find(|(metric, _)| metric.name == "SuccessfulReadRequestLatency")
        .unwrap();
    assert_eq!(
        (point.count, point.minimum, point.maximum),
        (100.0, 4.0, 1024.0)
    );
    assert!(
        !values
            .iter()
            .any(|(metric, _)| metric.name == "SuccessfulWriteRequestLatency")
    );
}

#[test]
fn a_container_stands_for_a_host() {
    let host = |cpu_seconds, bytes| HostSample {
        cpu_seconds,
        memory_bytes: 300.0,
        memory_limit_bytes: Some(1e12),
        swap_bytes: 0.0,
        received: Traffic {
            bytes,
            packets: 1.0,
        },
        sent: Traffic::default(),
    };
    let sample = |seconds, host| Sample {
        host: Some(host),
        ..at(seconds, None)
    };
    let before = sample(0, host(10.0, 100.0));
    let values = derive(
        &circumstances(Engine::Redis),
        Some(&before),
        &sample(60, host(40.0, 150.0)),
    );
    check(
        &values,
        &[
            ("CPUUtilization", Some(25.0)),
            ("FreeableMemory", Some(700.0)),
            ("SwapUsage", Some(0.0)),
            ("NetworkBytesIn", Some(50.0)),
            ("NetworkPacketsIn", Some(0.0)),
            ("NetworkBandwidthInAllowanceExceeded", Some(0.0)),
        ],
    );
    // Started again, it counts from zero.
    let values = derive(
        &circumstances(Engine::Redis),
        Some(&before),
        &sample(60, host(1.2, 30.0)),
    );
    check(
        &values,
        &[
            ("CPUUtilization", Some(1.0)),
            ("NetworkBytesIn", Some(30.0)),
        ],
    );
}

#[test]
fn memcached_says_it_in_its_own_words() {
    let stats = |text: &str| EngineSample::of_stats(&text.replace(';', "\n"));
    let before = at(
        0,
        stats(
            "STAT uptime 100;STAT cmd_get 10;STAT total_connections 3;STAT bytes 5;STAT version 1.6.18",
        ),
    );
    let now = at(
        60,
        stats(
            "STAT uptime 160;STAT cmd_get 25;STAT total_connections 4;STAT bytes 7;STAT limit_maxbytes 107;STAT curr_items 2",
        ),
    );
    let values = derive(&circumstances(Engine::Memcached), Some(&before), &now);
    check(
        &values,
        &[
            ("CmdGet", Some(15.0)),
            ("NewConnections", Some(1.0)),
            ("BytesUsedForCacheItems", Some(7.0)),
            ("UnusedMemory", Some(100.0)),
            ("CurrItems", Some(2.0)),
            ("CacheHits", None),
        ],
    );
    // A process that has run for less time than before is another one.
    let restarted = at(60, stats("STAT uptime 30;STAT cmd_get 2"));
    check(
        &derive(&circumstances(Engine::Memcached), Some(&before), &restarted),
        &[("CmdGet", Some(2.0))],
    );
}
