use super::super::engine::{self, VersionFilter};
use super::super::{node_type, parameter};
use super::*;

/// Settings as the control plane makes them, given to `check`.
fn with_settings<T>(
    (engine, version): (Engine, &str),
    image: &str,
    node: &str,
    overrides: &[(&str, &str)],
    check: impl FnOnce(ServerSettings<'_>) -> T,
) -> T {
    let version = engine::find(engine, version).expect(version);
    let node_type = node_type::find(node).expect(node);
    let family = parameter::family(version.family).expect(version.family);
    let parameters = parameter::effective(family, overrides, node_type).collect();
    check(ServerSettings {
        version,
        line: engine::image_line(version, image),
        node_type,
        parameters: &parameters,
        port: version.engine.default_port(),
        cluster: None,
        administrator: Some(Administrator {
            name: "hidden",
            password_sha256: "ab12",
        }),
        fenced: false,
        guarded: false,
        encryption: None,
        iam: false,
        persistent: version.engine.speaks_resp(),
        open_files_limit: None,
    })
}

fn command(version: (Engine, &str), image: &str, node: &str, overrides: &[(&str, &str)]) -> String {
    with_settings(version, image, node, overrides, |settings| {
        server_command(&settings).join(" ")
    })
}

#[track_caller]
fn contains(command: &str, expected: &[&str]) {
    for part in expected {
        assert!(
            format!("{command} ").contains(&format!("{part} ")),
            "{part} in {command}"
        );
    }
}

#[track_caller]
fn lacks(command: &str, unexpected: &[&str]) {
    for part in unexpected {
        assert!(!command.contains(part), "{part} in {command}");
    }
}

#[test]
fn every_version_has_a_command_line() {
    for version in engine::versions(VersionFilter::default()) {
        for image in engine::image_candidates(version) {
            let name = (version.engine, version.version);
            let command = command(name, &image, "cache.m5.large", &[]);
            contains(&command, &[version.engine.server_program()]);
            lacks(
                &command,
                &[
                    "reserved-memory",
                    "close-on-",
                    "allow-chaining",
                    "search-",
                    "notify-keyspace",
                ],
            );
            if version.engine.speaks_resp() {
                contains(
                    &command,
                    &["--port 6379", "--dir /data", "--save 3600 1", "--timeout 0"],
                );
                contains(
                    &command,
                    &["--client-output-buffer-limit pubsub 33554432 8388608 60"],
                );
            } else {
                contains(&command, &["-p 11211", "-U 0", "-m 6437"]);
            }
        }
    }
}

#[test]
fn redis_starts_with_its_node_type_and_family() {
    let command = command((Engine::Redis, "7.1"), "redis:7.0", "cache.t3.micro", &[]);
    contains(
        &command,
        &[
            "redis-server --port 6379 --daemonize no --loglevel notice --dir /data --protected-mode no --bind * -::*",
            "--save 3600 1 --save 300 100 --save 60 10000 --stop-writes-on-bgsave-error no",
            "--appendonly no",
            "--maxmemory 402653184",
            "--maxmemory-policy volatile-lru",
            "--maxclients 20000",
            "--client-output-buffer-limit normal 0 0 0",
            "--client-output-buffer-limit replica 53687091 53687091 60",
            "--hash-max-listpack-entries 512",
            "--user default on nopass ~* &* +@all -bgrewriteaof",
            "-acl|setuser",
            "-cluster|meet",
            "-failover",
            "--user hidden on #ab12 ~* &* +@all",
        ],
    );
    lacks(
        &command,
        &[
            "commandlog",
            "cluster-preferred-endpoint-type",
            "rename-command",
            "migrateslots",
        ],
    );
}

#[test]
fn withholding_suits_the_line() {
    let redis_6_0 = command(
        (Engine::Redis, "6.0"),
        "redis:6.0.20",
        "cache.m5.large",
        &[],
    );
    contains(
        &redis_6_0,
        &[
            "default on nopass ~* +@all",
            "-acl",
            "+acl|whoami",
            "-cluster",
            "+cluster|slots",
        ],
    );
    lacks(
        &redis_6_0,
        &["&*", "-failover", "-acl|", "-cluster|", "--bind"],
    );
    let redis_6_2 = command((Engine::Redis, "6.2"), "redis:6.2", "cache.m5.large", &[]);
    contains(
        &redis_6_2,
        &["default on nopass ~* &* +@all", "-failover", "+acl|whoami"],
    );
    let redis_5 = command(
        (Engine::Redis, "5.0.6"),
        "redis:5.0.6",
        "cache.m5.large",
        &[],
    );
    contains(
        &redis_5,
        &["--rename-command config ", "--rename-command replicaof "],
    );
    lacks(&redis_5, &["--user", "psync", "replconf", "failover", "&*"]);
    let valkey_9 = command(
        (Engine::Valkey, "9.1"),
        "valkey/valkey:9.1",
        "cache.m5.large",
        &[],
    );
    contains(
        &valkey_9,
        &[
            "valkey-server",
            "-cluster|migrateslots",
            "--commandlog-reply-larger-than 1048576",
        ],
    );
}

#[test]
fn a_command_renamed_to_nothing_has_an_empty_argument() {
    let version = (Engine::Redis, "5.0.6");
    let arguments = with_settings(version, "redis:5.0.6", "cache.m5.large", &[], |settings| {
        server_command(&settings)
    });
    let config = arguments
        .iter()
        .position(|argument| argument == "config")
        .unwrap();
    assert_eq!(
        (&*arguments[config - 1], &*arguments[config + 1]),
        ("--rename-command", "")
    );
}

#[test]
fn the_group_decides() {
    let own = [
        ("maxmemory-policy", "noeviction"),
        ("notify-keyspace-events", "Ex"),
        ("rename-commands", "KEYS verboten FLUSHALL"),
        ("activedefrag", "yes"),
        ("reserved-memory-percent", "50"),
    ];
    let command = command((Engine::Redis, "7.0"), "redis:7.0", "cache.t3.micro", &own);
    contains(
        &command,
        &[
            "--maxmemory-policy noeviction",
            "--notify-keyspace-events Ex",
            "--rename-command KEYS verboten",
            "--maxmemory 268435456",
        ],
    );
    lacks(&command, &["--activedefrag", "FLUSHALL"]);
}

const CLUSTER: ClusterSettings<'static> = ClusterSettings {
    announce_address: std::net::Ipv4Addr::new(10, 0, 0, 7),
    announce_hostname: None,
    peer: Some(Peer {
        user: Administrator {
            name: "peers",
            password_sha256: "cd34",
        },
        password: "hush",
    }),
};

#[test]
fn a_cluster_node_says_who_it_is() {
    let started = |version, image: &str, cluster, port| {
        let enabled = [("cluster-enabled", "yes")];
        with_settings(version, image, "cache.m5.large", &enabled, |settings| {
            server_command(&ServerSettings {
                cluster: Some(cluster),
                port,
                ..settings
            })
            .join(" ")
        })
    };
    let redis_7 = started((Engine::Redis, "7.0"), "redis:7.0", CLUSTER, 6379);
    contains(
        &redis_7,
        &[
            "--cluster-enabled yes",
            "--cluster-require-full-coverage no",
            "--cluster-config-file nodes.conf --cluster-node-timeout 5000 --cluster-allow-replica-migration no \
             --cluster-announce-ip 10.0.0.7 --masteruser peers --masterauth hush",
            "--cluster-preferred-endpoint-type ip",
            "--repl-diskless-sync no",
            "--user peers on #cd34 +psync +replconf +ping",
        ],
    );
    lacks(
        &redis_7,
        &["--cluster-announce-hostname", "--cluster-port", "syncslots"],
    );
    let named = ClusterSettings {
        announce_hostname: Some("localhost"),
        ..CLUSTER
    };
    let published = started((Engine::Redis, "7.0"), "redis:7.0", named, 60_000);
    contains(
        &published,
        &[
            "--cluster-announce-hostname localhost --cluster-preferred-endpoint-type hostname",
            "--cluster-port 50000",
        ],
    );
    let redis_6 = started((Engine::Redis, "6.2"), "redis:6.2", named, 6379);
    lacks(&redis_6, &["hostname", "--cluster-port"]);
    contains(&redis_6, &["--cluster-allow-replica-migration no"]);
    let redis_5 = started((Engine::Redis, "5.0.6"), "redis:5.0.6", named, 6379);
    contains(&redis_5, &["--cluster-migration-barrier 1000"]);
    lacks(&redis_5, &["--masteruser", "--user"]);
    let valkey_9 = started((Engine::Valkey, "9.1"), "valkey/valkey:9.1", CLUSTER, 6379);
    contains(
        &valkey_9,
        &[
            "--user peers on #cd34 ~* &* +@all -@admin +cluster|syncslots +psync +replconf +ping",
            "--repl-diskless-load on-empty-db",
        ],
    );
}

#[test]
fn with_cluster_mode_disabled_there_are_no_peers() {
    let version = (Engine::Redis, "7.0");
    let alone = with_settings(version, "redis:7.0", "cache.m5.large", &[], |settings| {
        let settings = ServerSettings {
            cluster: Some(CLUSTER),
            ..settings
        };
        assert!(!format!("{settings:?}").contains("hush"));
        server_command(&settings).join(" ")
    });
    lacks(&alone, &["peers", "--cluster-announce", "--cluster-config"]);
}

#[test]
fn the_bus_is_beside_the_port() {
    let line = |major, minor| VersionNumber {
        major,
        minor,
        patch: 0,
    };
    let check = |line, port, expected| assert_eq!(bus_port(line, port), expected, "{port}");
    check(line(6, 2), 6379, Some(16_379));
    check(line(7, 0), 55_535, Some(65_535));
    check(line(7, 0), 55_536, Some(45_536));
    check(line(6, 2), 55_536, None);
}

#[test]
fn a_member_starts_as_a_replica_of_nobody() {
    let fenced = |version, image, overrides: &[(&str, &str)]| {
        with_settings(version, image, "cache.m5.large", overrides, |settings| {
            server_command(&ServerSettings {
                fenced: true,
                ..settings
            })
            .join(" ")
        })
    };
    let fence = "--replicaof 127.0.0.1 1";
    let redis = fenced((Engine::Redis, "7.0"), "redis:7.0", &[]);
    contains(&redis, &[fence, "--repl-diskless-sync no"]);
    lacks(&redis, &["--repl-diskless-load"]);
    let valkey_8 = fenced((Engine::Valkey, "8.1"), "valkey/valkey:8.1", &[]);
    contains(&valkey_8, &[fence]);
    lacks(&valkey_8, &["--repl-diskless-load"]);
    let valkey_9 = fenced((Engine::Valkey, "9.0"), "valkey/valkey:9.1", &[]);
    contains(&valkey_9, &[fence, "--repl-diskless-load on-empty-db"]);
    let old = fenced((Engine::Redis, "3.2.10"), "redis:3.2", &[]);
    contains(&old, &["--slaveof 127.0.0.1 1"]);

    // In cluster mode the engine does not start with it.
    let clustered = fenced(
        (Engine::Redis, "7.0"),
        "redis:7.0",
        &[("cluster-enabled", "yes")],
    );
    lacks(&clustered, &["--replicaof"]);
    let memcached = fenced((Engine::Memcached, "1.6.22"), "memcached:1.6", &[]);
    lacks(&memcached, &["replicaof"]);
    let alone = command((Engine::Redis, "7.0"), "redis:7.0", "cache.m5.large", &[]);
    lacks(&alone, &["--replicaof", "--repl-diskless-sync no"]);
    contains(&alone, &["--repl-diskless-sync-delay 0"]);
}

#[test]
fn nothing_is_kept_when_nothing_shall_be() {
    let version = (Engine::Valkey, "8.1");
    let command = with_settings(
        version,
        "valkey/valkey:8.1",
        "cache.m5.large",
        &[],
        |settings| {
            server_command(&ServerSettings {
                persistent: false,
                administrator: None,
                ..settings
            })
        },
    );
    let save = command
        .iter()
        .position(|argument| argument == "--save")
        .unwrap();
    assert_eq!(command[save + 1], "");
    assert_eq!(
        command
            .iter()
            .filter(|argument| *argument == "--save")
            .count(),
        1
    );
    assert_eq!(
        command
            .iter()
            .filter(|argument| *argument == "--user")
            .count(),
        1
    );
}

#[test]
fn connections_fit_into_the_files_that_the_host_allows() {
    let limited = |version, image| {
        with_settings(version, image, "cache.m5.large", &[], |settings| {
            server_command(&ServerSettings {
                open_files_limit: Some(20_000),
                ..settings
            })
            .join(" ")
        })
    };
    contains(
        &limited((Engine::Redis, "7.0"), "redis:7.0"),
        &["--maxclients 19968"],
    );
    contains(
        &limited((Engine::Memcached, "1.6.22"), "memcached:1.6"),
        &["-c 20000"],
    );
}

#[test]
fn memcached_starts_with_its_node_type_and_family() {
    let command = command(
        (Engine::Memcached, "1.6.22"),
        "memcached:1.6",
        "cache.t3.micro",
        &[],
    );
    assert_eq!(
        command,
        "memcached -m 412 -p 11211 -U 0 -c 65000 -t 2 -b 1024 -R 20 -B auto -I 1048576 -f 1.25 -n 48 \
         -o no_lru_crawler,no_lru_maintainer,no_maxconns_fast,no_slab_reassign,slab_automove=0,\
         hash_algorithm=jenkins,hashpower=16,idle_timeout=0,watcher_logbuf_size=256"
    );
}

#[test]
fn memcached_values_are_brought_into_bounds() {
    let check = |overrides: &[(&str, &str)], expected: &[&str]| {
        contains(
            &command(
                (Engine::Memcached, "1.6.22"),
                "memcached:1.6",
                "cache.t3.micro",
                overrides,
            ),
            expected,
        );
    };
    check(&[("max_item_size", "1024")], &["-I 524288"]);
    check(&[("max_item_size", "1500000")], &["-I 1048576"]);
    check(&[("max_item_size", "134217728")], &["-I 108003328"]);
    check(
        &[("memcached_connections_overhead", "600")],
        &["-m 16", "-I 1048576"],
    );
    check(&[("chunk_size_growth_factor", "1")], &["-f 1.25"]);
    check(
        &[
            ("cas_disabled", "1"),
            ("disable_flush_all", "1"),
            ("error_on_memory_exhausted", "1"),
        ],
        &["-M -C -F"],
    );
}

#[test]
fn memcached_modern_is_an_alias() {
    let check = |version, image, overrides: &[(&str, &str)], expected: &str| {
        let command = command(
            (Engine::Memcached, version),
            image,
            "cache.m5.large",
            overrides,
        );
        assert!(command.contains(expected), "{expected} in {command}");
    };
    let all = "lru_crawler,lru_maintainer,maxconns_fast,slab_reassign,slab_automove=1,hash_algorithm=murmur3";
    check(
        "1.6.22",
        "memcached:1.6.22",
        &[("no_modern", "0")],
        &format!("-o {all}"),
    );
    check("1.4.34", "memcached:1.4.34", &[], &format!("-o {all}"));
    check(
        "1.4.24",
        "memcached:1.4.24",
        &[("modern", "0"), ("lru_crawler", "1")],
        "-o lru_crawler,slab_automove=0,hash_algorithm=jenkins,hashpower=16",
    );
    check(
        "1.6.22",
        "memcached:1.6.22",
        &[("lru_maintainer", "1"), ("slab_automove", "2")],
        "-o no_lru_crawler,lru_maintainer,no_maxconns_fast,no_slab_reassign,slab_automove=2,hash_algorithm=jenkins",
    );
}

#[test]
fn a_guarded_node_starts_with_nobody_let_in_but_us() {
    let command = with_settings(
        (Engine::Valkey, "8.1"),
        "valkey/valkey:8.1",
        "cache.t3.micro",
        &[],
        |settings| {
            let guarded = ServerSettings {
                guarded: true,
                ..settings
            };
            server_command(&guarded).join(" ")
        },
    );
    contains(&command, &["--user default off --user hidden on #ab12"]);
    lacks(&command, &["nopass"]);
}

#[test]
fn what_is_withheld_on_some_line_is_withheld_by_name() {
    for name in ["config", "failover", "acl|setuser", "cluster|migrateslots"] {
        assert!(is_withheld(name), "{name}");
    }
    for name in ["acl", "cluster", "acl|whoami", "get", ""] {
        assert!(!is_withheld(name), "{name}");
    }
}

fn encrypted(mode: TransitEncryptionMode, overrides: &[(&str, &str)]) -> String {
    made_for(mode, false, overrides)
}

fn made_for(mode: TransitEncryptionMode, iam: bool, overrides: &[(&str, &str)]) -> String {
    let version = (Engine::Valkey, "8.1");
    with_settings(
        version,
        "valkey/valkey:8.1",
        "cache.m5.large",
        overrides,
        |settings| {
            let encrypted = ServerSettings {
                encryption: Some(mode),
                iam,
                cluster: Some(CLUSTER),
                ..settings
            };
            server_command(&encrypted).join(" ")
        },
    )
}

#[test]
fn an_engine_that_is_told_to_take_nothing_else_takes_tls_on_the_nodes_port() {
    let command = encrypted(TransitEncryptionMode::Required, &[]);
    contains(
        &command,
        &["--port 0 --tls-port 6379", "--tls-replication yes"],
    );
    lacks(&command, &["tls-cluster", "announce-port"]);
}

#[test]
fn an_engine_behind_a_front_tells_others_of_the_fronts_port() {
    let command = made_for(TransitEncryptionMode::Required, true, &[]);
    let by_socket =
        "--port 0 --tls-port 0 --unixsocket /tmp/cacheplane-engine.sock --unixsocketperm 700";
    contains(&command, &[by_socket, "--replica-announce-port 6379"]);
    let command = encrypted(TransitEncryptionMode::Preferred, &[]);
    contains(
        &command,
        &[
            "--port 1147 --tls-port 1148",
            "--replica-announce-port 6379",
            "--tls-replication yes",
        ],
    );
    let clustered = [("cluster-enabled", "yes")];
    let command = encrypted(TransitEncryptionMode::Preferred, &clustered);
    contains(
        &command,
        &[
            "--cluster-announce-port 6379 --cluster-announce-tls-port 6379",
            "--cluster-port 16379",
            "--tls-cluster yes",
        ],
    );
    assert_eq!(command.matches("--cluster-port").count(), 1, "{command}");
}

#[test]
fn only_who_takes_both_or_tokens_has_a_front() {
    for (mode, iam, wanted) in [
        (None, false, false),
        (Some(TransitEncryptionMode::Required), false, false),
        (Some(TransitEncryptionMode::Required), true, true),
        (Some(TransitEncryptionMode::Preferred), false, true),
    ] {
        assert_eq!(has_front(mode, iam), wanted, "{mode:?}");
    }
    let command = front_command(vec!["valkey-server".to_owned(), "--port".to_owned()]);
    let expected =
        "/etc/cacheplane/front front --config /etc/cacheplane/front.json -- valkey-server --port";
    assert_eq!(command.join(" "), expected);
}
