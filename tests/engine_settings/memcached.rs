//! Memcached, asked by `stats settings`.

use std::collections::BTreeMap;

use cacheplane::resources::engine::Engine;
use cacheplane::resources::engine_settings::server_command;

use crate::container::{Connection, Container, is_present, open_files_limit, with_settings};

fn stats_settings(connection: &mut Connection) -> BTreeMap<String, String> {
    assert!(connection.send(b"stats settings\r\n"));
    let mut settings = BTreeMap::new();
    loop {
        let line = connection.line();
        if line == "END" {
            return settings;
        }
        let setting = line.strip_prefix("STAT ").expect("a statistic");
        let (name, value) = setting.split_once(' ').unwrap_or((setting, ""));
        settings.insert(name.to_owned(), value.to_owned());
    }
}

fn check(
    image: &str,
    version: &str,
    node: &str,
    overrides: &[(&str, &str)],
    expected: &[(&str, &str)],
) {
    let command = with_settings(
        (Engine::Memcached, version),
        image,
        node,
        overrides,
        |settings| server_command(&settings),
    );
    let container = Container::run(image, &command, 11211);
    let mut connection = container.connect(|connection| {
        connection.send(b"version\r\n") && connection.line().starts_with("VERSION 1.")
    });
    let settings = stats_settings(&mut connection);
    for (name, value) in expected {
        assert_eq!(
            settings.get(*name).map(String::as_str),
            Some(*value),
            "{image} {node} {name}: {command:?}"
        );
    }
    assert!(connection.send(b"set key 0 0 5\r\nvalue\r\nget key\r\n"));
    let answer: Vec<String> = (0..4).map(|_| connection.line()).collect();
    assert_eq!(answer, ["STORED", "VALUE key 0 5", "value", "END"]);
    if overrides.is_empty() {
        // Small items in small chunks: a misread option once made every chunk half a megabyte.
        assert!(connection.send(b"stats slabs\r\n"));
        let classes: Vec<String> = std::iter::repeat_with(|| connection.line())
            .take_while(|line| line != "END")
            .collect();
        assert!(
            classes.contains(&"STAT 1:chunk_size 96".to_owned()),
            "{classes:?}"
        );
    }
}

fn check_image(image: &str) {
    if !is_present(image) {
        return;
    }
    check_defaults(image);
    check_features(image);
    check_bounds(image);
}

fn check_defaults(image: &str) {
    let connections = open_files_limit(image)
        .unwrap_or(65_000)
        .min(65_000)
        .to_string();
    let by_default = [
        ("maxbytes", "432013312"),
        ("maxconns", connections.as_str()),
        ("tcpport", "11211"),
        ("udpport", "0"),
        ("num_threads", "2"),
        ("tcp_backlog", "1024"),
        ("reqs_per_event", "20"),
        ("binding_protocol", "auto-negotiate"),
        ("item_size_max", "1048576"),
        ("slab_chunk_max", "524288"),
        ("growth_factor", "1.25"),
        ("chunk_size", "48"),
        ("evictions", "on"),
        ("cas_enabled", "yes"),
        ("flush_enabled", "yes"),
        ("lru_crawler", "no"),
        ("lru_maintainer_thread", "no"),
        ("lru_segmented", "no"),
        ("maxconns_fast", "no"),
        ("slab_reassign", "no"),
        ("slab_automove", "0"),
        ("hash_algorithm", "jenkins"),
        ("hashpower_init", "16"),
        ("idle_timeout", "0"),
        ("watcher_logbuf_size", "262144"),
        ("worker_logbuf_size", "65536"),
        ("track_sizes", "no"),
        ("shutdown_command", "no"),
    ];
    for version in ["1.6.6", "1.6.22"] {
        check(image, version, "cache.t3.micro", &[], &by_default);
    }
    // 96 threads and 321,765 MB: not taken until used.
    let largest = [("num_threads", "96"), ("maxbytes", "337395056640")];
    check(image, "1.6.22", "cache.m5.24xlarge", &[], &largest);
}

fn check_features(image: &str) {
    check(
        image,
        "1.6.22",
        "cache.t3.micro",
        &[
            ("lru_crawler", "1"),
            ("lru_maintainer", "1"),
            ("maxconns_fast", "1"),
            ("slab_reassign", "1"),
            ("slab_automove", "2"),
            ("hash_algorithm", "murmur3"),
            ("idle_timeout", "60"),
            ("track_sizes", "1"),
            ("disable_flush_all", "1"),
            ("error_on_memory_exhausted", "1"),
            ("inline_ascii_resp", "1"),
            ("max_item_size", "134217728"),
            ("binding_protocol", "ascii"),
        ],
        &[
            ("lru_crawler", "yes"),
            ("lru_maintainer_thread", "yes"),
            ("maxconns_fast", "yes"),
            ("slab_reassign", "yes"),
            ("slab_automove", "2"),
            ("hash_algorithm", "murmur3"),
            ("idle_timeout", "60"),
            ("track_sizes", "yes"),
            ("flush_enabled", "no"),
            ("evictions", "off"),
            ("item_size_max", "108003328"),
            ("binding_protocol", "ascii"),
        ],
    );
}

/// The ends of ranges, where Memcached is stricter than the service.
fn check_bounds(image: &str) {
    check(
        image,
        "1.6.22",
        "cache.t2.micro",
        &[
            ("memcached_connections_overhead", "100000"),
            ("max_item_size", "1024"),
            ("chunk_size_growth_factor", "1"),
            ("chunk_size", "1"),
            ("cas_disabled", "1"),
            ("no_modern", "0"),
        ],
        &[
            ("maxbytes", "16777216"),
            ("item_size_max", "524288"),
            ("growth_factor", "1.25"),
            ("chunk_size", "1"),
            ("cas_enabled", "no"),
            ("lru_segmented", "yes"),
            ("hash_algorithm", "murmur3"),
        ],
    );
    check(
        image,
        "1.6.22",
        "cache.t2.micro",
        &[
            ("chunk_size", "1024"),
            ("chunk_size_growth_factor", "1024"),
            ("watcher_logbuf_size", "1"),
            ("worker_logbuf_size", "1"),
        ],
        &[("chunk_size", "1024"), ("growth_factor", "1024.00")],
    );
}

#[test]
fn memcached_1_6_is_in_force_as_intended() {
    check_image("memcached:1.6");
}

#[test]
fn memcached_1_6_38_is_in_force_as_intended() {
    check_image("memcached:1.6.38");
}
