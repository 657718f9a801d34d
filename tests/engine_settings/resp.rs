//! Redis and Valkey, asked by `CONFIG GET` as the administrator.

use std::collections::BTreeMap;

use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::engine_settings::{
    Administrator, CLUSTER_NODE_TIMEOUT_MS, ClusterSettings, Peer, ServerSettings,
    engine_directives, live_directives, server_command,
};
use cacheplane::resources::parameter::{self, Parameter};
use sha2::Digest as _;

use crate::container::{ADMINISTRATOR, Connection, Container, PASSWORD, is_present, with_settings};

/// A reply, flat: errors begin with `-`, nested arrays are spliced in.
fn reply(connection: &mut Connection) -> Vec<String> {
    let line = connection.line();
    let (kind, rest) = line.split_at_checked(1).unwrap_or(("", ""));
    match kind {
        "*" => (0..rest.parse::<usize>().unwrap_or(0))
            .flat_map(|_| reply(connection))
            .collect(),
        "$" => match rest.parse::<usize>() {
            Ok(count) => {
                let text = connection.bytes(count);
                connection.bytes(2);
                vec![text]
            }
            Err(_) => vec!["(nil)".to_owned()],
        },
        "-" => vec![line],
        _ => vec![rest.to_owned()],
    }
}

fn call(connection: &mut Connection, words: &[&str]) -> Vec<String> {
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    if !connection.send(request.as_bytes()) {
        return Vec::new();
    }
    reply(connection)
}

fn customer(container: &Container) -> Connection {
    container.connect(|connection| call(connection, &["PING"]) == ["PONG"])
}

fn administrator(container: &Container) -> Connection {
    container.connect(|connection| call(connection, &["AUTH", ADMINISTRATOR, PASSWORD]) == ["OK"])
}

/// A value as `CONFIG GET` prints it.
fn config(connection: &mut Connection, name: &str) -> Option<String> {
    call(connection, &["CONFIG", "GET", name]).get(1).cloned()
}

/// The same set of flags, in whichever order the engine prints them.
fn sorted(flags: &str) -> Vec<char> {
    let mut flags: Vec<char> = flags.chars().collect();
    flags.sort_unstable();
    flags
}

fn check_directives(connection: &mut Connection, settings: &ServerSettings<'_>) {
    let directives = engine_directives(settings.version.engine, settings.line, settings.parameters);
    assert!(directives.len() > 30, "{directives:?}");
    for (name, intended) in directives {
        let Some(actual) = config(connection, name) else {
            panic!(
                "{name} is unknown to {} {}",
                settings.version.engine, settings.line
            );
        };
        let agrees = match name {
            // Printed for all classes, replicas by their old name.
            "client-output-buffer-limit" => {
                let old_name = intended.replace("replica", "slave");
                actual.contains(&intended) || actual.contains(&old_name)
            }
            "notify-keyspace-events" => sorted(&actual) == sorted(&intended),
            // Left to be set live.
            "activedefrag" if intended == "yes" => actual == "no",
            "maxclients" => match settings.open_files_limit {
                Some(limit) => {
                    actual == intended.parse::<u32>().unwrap().min(limit - 32).to_string()
                }
                None => actual == intended,
            },
            _ => actual == intended,
        };
        assert!(
            agrees,
            "{} {}: {name} is {actual:?}, not {intended:?}",
            settings.version.engine, settings.line
        );
    }
    for (name, intended) in [
        ("port", "6379"),
        ("dir", "/data"),
        ("save", "3600 1 300 100 60 10000"),
        ("protected-mode", "no"),
        ("stop-writes-on-bgsave-error", "no"),
    ] {
        assert_eq!(
            config(connection, name).as_deref(),
            Some(intended),
            "{name}"
        );
    }
}

/// With the right number of arguments, since a wrong one is refused before rights are looked at.
const WITHHELD: &[&str] = &[
    "ACL SETUSER someone on",
    "ACL LOAD",
    "ACL SAVE",
    "ACL DELUSER someone",
    "BGREWRITEAOF",
    "BGSAVE",
    "CLUSTER ADDSLOTS 1",
    "CLUSTER BUMPEPOCH",
    "CLUSTER DELSLOTS 1",
    "CLUSTER FAILOVER",
    "CLUSTER FLUSHSLOTS",
    "CLUSTER FORGET id",
    "CLUSTER MEET 127.0.0.1 6379",
    "CLUSTER REPLICATE id",
    "CLUSTER RESET",
    "CLUSTER SAVECONFIG",
    "CLUSTER SETSLOT 1 STABLE",
    "CLUSTER SET-CONFIG-EPOCH 1",
    "CONFIG GET maxmemory",
    "CONFIG SET maxmemory 1",
    "CONFIG RESETSTAT",
    "DEBUG SLEEP 0",
    "FAILOVER",
    "MIGRATE 127.0.0.1 6379 key 0 1",
    "MODULE LIST",
    "PSYNC ? -1",
    "REPLCONF listening-port 1",
    "REPLICAOF NO ONE",
    "SAVE",
    "SHUTDOWN",
    "SLAVEOF NO ONE",
    "SYNC",
];

const WITHHELD_FROM_7_0: &[&str] = &[
    "CLUSTER ADDSLOTSRANGE 1 2",
    "CLUSTER DELSLOTSRANGE 1 2",
    "CLUSTER LINKS",
];

const AVAILABLE: &[&str] = &[
    "ACL CAT",
    "ACL GENPASS",
    "ACL LOG",
    "ACL USERS",
    "ACL WHOAMI",
    "CLIENT LIST",
    "CLUSTER COUNT-FAILURE-REPORTS id",
    "CLUSTER INFO",
    "CLUSTER KEYSLOT key",
    "CLUSTER NODES",
    "CLUSTER SLOTS",
    "DBSIZE",
    "INFO",
    "KEYS *",
    "LASTSAVE",
    "LATENCY LATEST",
    "MEMORY STATS",
    "OBJECT HELP",
    "PUBLISH channel message",
    "ROLE",
    "SCAN 0",
    "SCRIPT LOAD return",
    "SELECT 0",
    "SLOWLOG GET",
    "SWAPDB 1 2",
    "WAIT 0 1",
];

fn check_rights(connection: &mut Connection, settings: &ServerSettings<'_>) {
    let newer: &[&str] = if settings.line.at_least(7, 0, 0) {
        WITHHELD_FROM_7_0
    } else {
        &[]
    };
    for command in WITHHELD.iter().chain(newer) {
        let words: Vec<&str> = command.split(' ').collect();
        let answer = call(connection, &words);
        // Some lines refuse DEBUG to everyone, before they look at rights.
        let refusals = ["-NOPERM", "-ERR DEBUG command not allowed"];
        let is_refused = refusals
            .iter()
            .any(|refusal| answer.concat().starts_with(refusal));
        assert!(is_refused, "{} {command}: {answer:?}", settings.line);
    }
    for command in AVAILABLE {
        let words: Vec<&str> = command.split(' ').collect();
        let answer = call(connection, &words);
        assert!(
            !answer.concat().starts_with("-NOPERM"),
            "{} {command}: {answer:?}",
            settings.line
        );
    }
    assert_eq!(call(connection, &["ACL", "WHOAMI"]), ["default"]);
    let flushed = call(connection, &["FLUSHALL"]);
    assert_eq!(flushed, ["OK"]);
}

fn check(version: (Engine, &str), image: &str, node: &str, overrides: &[(&str, &str)]) {
    with_settings(version, image, node, overrides, |settings| {
        let container = Container::run(image, &server_command(&settings), settings.port);
        check_directives(&mut administrator(&container), &settings);
    });
}

/// Everything about one version on one image.
fn check_version(version: (Engine, &str), image: &str) {
    check(version, image, "cache.r6g.16xlarge", &[]);
    let own = [
        ("notify-keyspace-events", "KEA"),
        ("rename-commands", "KEYS verboten"),
        ("activedefrag", "yes"),
        ("slowlog-log-slower-than", "-1"),
        ("maxmemory-policy", "allkeys-lfu"),
        ("reserved-memory-percent", "100"),
    ];
    check(version, image, "cache.t4g.small", &own);
    check(
        version,
        image,
        "cache.t4g.small",
        &[("notify-keyspace-events", "")],
    );
    check(
        version,
        image,
        "cache.m7g.large",
        &[("cluster-enabled", "yes")],
    );
    with_settings(version, image, "cache.t3.micro", &[], |settings| {
        let container = Container::run(image, &server_command(&settings), settings.port);
        check_directives(&mut administrator(&container), &settings);
        check_rights(&mut customer(&container), &settings);
        assert_eq!(
            call(&mut customer(&container), &["SET", "key", "value"]),
            ["OK"]
        );
        container.replace();
        assert_eq!(
            call(&mut customer(&container), &["GET", "key"]),
            ["value"],
            "{image} lost a key"
        );
    });
}

/// Everything that a running node is told is taken by it, on top of what it was started with; a value that a group had and has no more
/// is taken back.
fn check_live(version: (Engine, &str), image: &str) {
    let own = [("notify-keyspace-events", "KEA"), ("timeout", "20")];
    with_settings(version, image, "cache.t3.micro", &own, |settings| {
        let container = Container::run(image, &server_command(&settings), settings.port);
        let mut connection = administrator(&container);
        let family = parameter::family(settings.version.family).expect("a family");
        let node_type = settings.node_type;
        let mut parameters: BTreeMap<_, _> = parameter::effective(family, &[], node_type).collect();
        parameters.insert("databases", "99".to_owned());
        let directives = live_directives(family, settings.line, &parameters);
        assert!(directives.len() > 30, "{image}: {directives:?}");
        for (name, value) in &directives {
            let answer = call(&mut connection, &["CONFIG", "SET", name, value]);
            assert_eq!(answer, ["OK"], "{image}: {name} {value}");
        }
        for (name, expected) in [
            ("notify-keyspace-events", ""),
            ("timeout", "0"),
            ("databases", "16"),
        ] {
            let actual = config(&mut connection, name);
            assert_eq!(actual.as_deref(), Some(expected), "{image}: {name}");
        }
    });
}

/// A member of a replication group starts, takes reads and no writes, and whatever its groups say is in force.
fn check_fence(version: (Engine, &str), image: &str) {
    with_settings(version, image, "cache.t3.micro", &[], |settings| {
        let settings = ServerSettings {
            fenced: true,
            guarded: false,
            encryption: None,
            iam: false,
            ..settings
        };
        let container = Container::run(image, &server_command(&settings), settings.port);
        let mut connection = administrator(&container);
        check_directives(&mut connection, &settings);
        for (name, intended) in [
            ("replicaof", "127.0.0.1 1"),
            ("repl-diskless-sync", "no"),
            ("replica-serve-stale-data", "yes"),
            ("replica-read-only", "yes"),
        ] {
            let actual = config(&mut connection, name);
            assert_eq!(actual.as_deref(), Some(intended), "{image}: {name}");
        }
        assert_eq!(call(&mut connection, &["GET", "key"]), ["(nil)"]);
        let answer = call(&mut connection, &["SET", "key", "value"]).concat();
        assert!(answer.starts_with("-READONLY"), "{image}: {answer}");
    });
}

/// Every command that a group may rename is one that the engine knows, or it would not start.
fn check_renames(version: (Engine, &str), image: &str) {
    let renames: Vec<String> = parameter::rename_commands_allowed()
        .iter()
        .map(|name| format!("{name} own-{name}"))
        .collect();
    let value = renames.join(" ");
    with_settings(
        version,
        image,
        "cache.t3.micro",
        &[("rename-commands", &value)],
        |settings| {
            let container = Container::run(image, &server_command(&settings), settings.port);
            let mut connection = administrator(&container);
            assert!(
                call(&mut connection, &["GET", "key"])
                    .concat()
                    .starts_with("-ERR unknown command")
            );
            assert_eq!(call(&mut connection, &["own-GET", "key"]), ["(nil)"]);
        },
    );
}

/// A node with cluster mode enabled knows what it shall say of itself, and lets its peers do their part and no more.
fn check_cluster(version: (Engine, &str), image: &str) {
    const PASSWORD: &str = "what peers say";
    let enabled = [("cluster-enabled", "yes")];
    with_settings(version, image, "cache.t3.micro", &enabled, |settings| {
        let password_sha256 = hex::encode(sha2::Sha256::digest(PASSWORD));
        let user = Administrator {
            name: "peers",
            password_sha256: &password_sha256,
        };
        let hostname = settings.line.at_least(7, 0, 0).then_some("cache.test");
        let settings = ServerSettings {
            // Past the highest that has a bus port above it, where that can be said.
            port: if hostname.is_some() { 60_000 } else { 6379 },
            cluster: Some(ClusterSettings {
                announce_address: std::net::Ipv4Addr::new(10, 0, 0, 7),
                announce_hostname: Some("cache.test"),
                peer: Some(Peer {
                    user,
                    password: PASSWORD,
                }),
            }),
            ..settings
        };
        let container = Container::run(image, &server_command(&settings), settings.port);
        let mut connection = administrator(&container);
        let timeout = CLUSTER_NODE_TIMEOUT_MS.to_string();
        let mut expected = vec![
            ("cluster-announce-ip", "10.0.0.7"),
            ("cluster-node-timeout", &timeout),
            ("cluster-allow-replica-migration", "no"),
            ("cluster-require-full-coverage", "no"),
            ("masteruser", "peers"),
            ("masterauth", PASSWORD),
        ];
        if let Some(hostname) = hostname {
            expected.extend([
                ("cluster-announce-hostname", hostname),
                ("cluster-preferred-endpoint-type", "hostname"),
                ("cluster-port", "50000"),
            ]);
        }
        for (name, value) in expected {
            assert_eq!(
                config(&mut connection, name).as_deref(),
                Some(value),
                "{name}"
            );
        }
        let mut peer = customer(&container);
        assert_eq!(call(&mut peer, &["AUTH", "peers", PASSWORD]), ["OK"]);
        for words in [&["CONFIG", "GET", "*"][..], &["CLUSTER", "RESET"]] {
            let answer = call(&mut peer, words).concat();
            assert!(answer.starts_with("-NOPERM"), "{words:?}: {answer}");
        }
        let answer = call(&mut peer, &["GET", "key"]).concat();
        let takes_slots = engine::supports_atomic_migration(version.0, settings.line);
        assert_eq!(answer.starts_with("-NOPERM"), !takes_slots, "{answer}");
        assert_eq!(
            call(&mut peer, &["REPLCONF", "listening-port", "1"]),
            ["OK"]
        );
    });
}

/// The values that end a range, or are all there are.
fn legal_values(parameter: &Parameter) -> Vec<&'static str> {
    let alternatives = parameter.allowed_values.unwrap_or("").split(',');
    let mut values: Vec<&str> = Vec::new();
    for alternative in alternatives {
        match (parameter.data_type, alternative.split_once('-')) {
            ("integer" | "float", Some(("", ""))) => values.extend(["-1", "1000000"]),
            ("integer" | "float", Some((low, high))) => values.extend([low, high]),
            (_, _) => values.push(alternative),
        }
    }
    values.retain(|value| !value.is_empty() && !value.starts_with('@'));
    values
}

/// Every value that a group may have is one that a running engine accepts, or is known here not to be.
fn check_legal_values(version: (Engine, &str), image: &str) {
    const ONLY_AT_START: &[&str] = &["cluster-databases", "cluster-enabled", "databases"];
    let row = engine::find(version.0, version.1).expect(version.1);
    let family = parameter::family(row.family).expect(row.family);
    with_settings(version, image, "cache.t3.micro", &[], |settings| {
        let container = Container::run(image, &server_command(&settings), settings.port);
        let mut connection = administrator(&container);
        let (mut tried, mut refused) = (0, Vec::new());
        let modifiable = |parameter: &&Parameter| {
            parameter.is_modifiable && !ONLY_AT_START.contains(&parameter.name)
        };
        for parameter in family.parameters.iter().filter(modifiable) {
            for value in legal_values(parameter) {
                let mut parameters: BTreeMap<_, _> = settings.parameters.clone();
                let before = engine_directives(settings.version.engine, settings.line, &parameters);
                parameters.insert(parameter.name, value.to_owned());
                let after = engine_directives(settings.version.engine, settings.line, &parameters);
                for (name, value) in after.iter().filter(|directive| !before.contains(directive)) {
                    let answer = call(&mut connection, &["CONFIG", "SET", name, value]);
                    tried += 1;
                    if answer != ["OK"] {
                        refused.push(format!("{name} {value}: {answer:?}"));
                    }
                }
                for (name, value) in &before {
                    if let Some((_, after)) = after.iter().find(|(other, _)| other == name)
                        && after != value
                        && *name != "client-output-buffer-limit"
                    {
                        assert_eq!(
                            call(&mut connection, &["CONFIG", "SET", name, value]),
                            ["OK"],
                            "{name} back to {value}"
                        );
                    }
                }
            }
        }
        // A build without its own allocator cannot defragment.
        refused.retain(|refusal| !refusal.starts_with("activedefrag yes"));
        assert_eq!(refused, Vec::<String>::new(), "{image}");
        assert!(tried > 50, "only {tried} values were tried on {image}");
    });
}

fn check_image(image: &str, versions: &[(Engine, &str)]) {
    if !is_present(image) {
        return;
    }
    for version in versions {
        check_version(*version, image);
    }
    let version = *versions.last().expect("a version");
    check_legal_values(version, image);
    check_renames(version, image);
    check_live(version, image);
    check_fence(version, image);
    check_cluster(version, image);
}

#[test]
fn redis_6_2_is_in_force_as_intended() {
    check_image(
        "redis:6.2",
        &[(Engine::Redis, "6.0"), (Engine::Redis, "6.2")],
    );
}

#[test]
fn redis_7_0_is_in_force_as_intended() {
    check_image(
        "redis:7.0",
        &[(Engine::Redis, "7.0"), (Engine::Redis, "7.1")],
    );
}

/// No version of the service is Redis 8; it may be chosen with `--image`.
#[test]
fn redis_8_0_is_in_force_as_intended() {
    check_image("redis:8.0", &[(Engine::Redis, "7.1")]);
}

#[test]
fn valkey_8_1_is_in_force_as_intended() {
    let versions = [
        (Engine::Valkey, "7.2"),
        (Engine::Valkey, "8.0"),
        (Engine::Valkey, "8.2"),
        (Engine::Valkey, "8.1"),
    ];
    check_image("valkey/valkey:8.1", &versions);
}

#[test]
fn valkey_9_1_is_in_force_as_intended() {
    check_image(
        "valkey/valkey:9.1",
        &[(Engine::Valkey, "9.0"), (Engine::Valkey, "9.1")],
    );
}
