use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::config::{
    AuthMode, EndpointConfig, EndpointMode, HttpConfig, LogFormat, RuntimeConfig, SnapshotConfig,
    TelemetryConfig,
};
use crate::datastore::Datastore;
use crate::ground::data_dir::DataDir;
use crate::runtime::NetworkSpec;
use crate::runtime::simulated::{SimulatedRuntime, SimulatedWorld};
use crate::store::bucket::S3;

/// A start in `data_dir` that nothing stands in the way of, but for what this machine lacks.
fn config(data_dir: &Path) -> Config {
    Config {
        http: HttpConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            auth: AuthMode::Off,
            credentials_file: None,
            allow_unsigned_requests: false,
        },
        data_dir: data_dir.to_owned(),
        runtime: RuntimeConfig {
            kind: RuntimeKind::Docker,
            docker_host: None,
        },
        endpoints: EndpointConfig {
            mode: EndpointMode::Network,
            advertise_host: "localhost".into(),
            port_range: 6379..=7378,
            node_subnet: None,
        },
        images: BTreeMap::new(),
        subnets: Default::default(),
        router_binary: None,
        metrics: crate::config::MetricsConfig {
            interval: std::time::Duration::from_secs(60),
        },
        snapshots: SnapshotConfig {
            store: None,
            region: "us-east-1".into(),
            s3: S3::default(),
        },
        notifications: crate::config::NotificationsConfig {
            sns_endpoint: None,
            sns_access_key_id: "test".into(),
            sns_secret_access_key: crate::config::Secret("test".into()),
            webhooks: Vec::new(),
        },
        logs: crate::config::LogsConfig {
            endpoint: None,
            access_key_id: "test".into(),
            secret_access_key: crate::config::Secret("test".into()),
        },
        telemetry: TelemetryConfig {
            format: LogFormat::Text,
            level: "info".into(),
        },
    }
}

async fn examine(config: &Config, world: &Arc<SimulatedWorld>) -> Vec<Finding> {
    let runtime = SimulatedRuntime::new(Arc::clone(world), "");
    findings(config, Some(&runtime)).await
}

#[track_caller]
fn of<'a>(findings: &'a [Finding], subject: &str) -> &'a Finding {
    let found = findings.iter().find(|finding| finding.subject == subject);
    found.unwrap_or_else(|| panic!("{subject} in {findings:?}"))
}

#[track_caller]
fn check(findings: &[Finding], subject: &str, verdict: Verdict, words: &[&str]) {
    let finding = of(findings, subject);
    assert_eq!(finding.verdict, verdict, "{finding}");
    let line = finding.to_string();
    for word in words {
        assert!(line.contains(word), "{line}: {word}");
    }
    assert!(!line.contains('\n'), "{line}");
}

/// A subnet that nobody has a route to, and that is no candidate, so that no neighbour takes it meanwhile.
const QUIET: &str = "198.19.244.0/24";

#[tokio::test]
async fn nothing_is_changed() {
    let parent = TempDir::new().unwrap();
    let absent = parent.path().join("absent");
    let world = SimulatedWorld::new();
    let all = examine(&config(&absent), &world).await;
    check(&all, "data directory", Verdict::Ok, &["absent can be made"]);
    assert!(!absent.exists());

    let data_dir = DataDir::occupy(&parent.path().join("data")).await.unwrap();
    let datastore = Datastore::open(&data_dir.database()).await.unwrap();
    let listing = || {
        let mut files: Vec<_> = fs::read_dir(parent.path().join("data"))
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let content = fs::read(entry.path()).unwrap();
                (entry.file_name(), content)
            })
            .collect();
        files.sort();
        files
    };
    let before = listing();
    examine(&config(&parent.path().join("data")), &world).await;
    assert_eq!(listing(), before);
    datastore.close().await;
    let before = listing();
    examine(&config(&parent.path().join("data")), &world).await;
    assert_eq!(listing(), before);
    let changes =
        world.network_names().len() + world.containers().len() + world.volume_names().len();
    assert_eq!(changes, 0);
}

#[tokio::test]
async fn a_free_host_is_well() {
    let directory = TempDir::new().unwrap();
    let all = examine(&config(directory.path()), &SimulatedWorld::new()).await;
    for subject in [
        "data directory",
        "other control planes",
        "API address",
        "Docker",
        "endpoints",
        "addresses",
    ] {
        check(&all, subject, Verdict::Ok, &[]);
    }
    check(&all, "addresses", Verdict::Ok, &["is free"]);
    check(
        &all,
        "image of redis 7.1",
        Verdict::Ok,
        &["redis:7.2 is here"],
    );
    let simulated = findings(&config(directory.path()), None).await;
    check(&simulated, "Docker", Verdict::Ok, &["simulated"]);
    assert_eq!(simulated.len(), 4);
}

#[tokio::test]
async fn a_data_directory_in_use_is_told() {
    let directory = TempDir::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config(directory.path());
    config.http.listen = listener.local_addr().unwrap();
    let world = SimulatedWorld::new();
    let all = examine(&config, &world).await;
    check(&all, "other control planes", Verdict::Ok, &[]);
    check(
        &all,
        "API address",
        Verdict::Fail,
        &["cannot be listened on", "--listen"],
    );

    let _held = DataDir::occupy(directory.path()).await.unwrap();
    let all = examine(&config, &world).await;
    let process = format!("(process {})", std::process::id());
    check(
        &all,
        "other control planes",
        Verdict::Warn,
        &[&process, "--data-dir"],
    );
    check(
        &all,
        "API address",
        Verdict::Warn,
        &["the other control plane"],
    );
}

#[tokio::test]
async fn what_serving_would_refuse_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut config = config(file.path());
    config.http.listen = "0.0.0.0:0".parse().unwrap();
    config.router_binary = Some("/nowhere/router".into());
    config.endpoints.mode = EndpointMode::Published;
    config.endpoints.port_range = 1..=65535;
    config.http.listen.set_port(4570);
    let all = examine(&config, &SimulatedWorld::new()).await;
    check(
        &all,
        "data directory",
        Verdict::Fail,
        &["is no directory", "--data-dir"],
    );
    check(
        &all,
        "API address",
        Verdict::Fail,
        &["--allow-unsigned-requests"],
    );
    check(&all, "endpoints", Verdict::Fail, &["holds port 4570"]);
    check(
        &all,
        "router",
        Verdict::Fail,
        &["/nowhere/router", "make router-binary"],
    );
}

#[tokio::test]
async fn a_docker_that_does_not_answer_is_told_with_the_cure() {
    let directory = TempDir::new().unwrap();
    let world = SimulatedWorld::new();
    world.set_reachable(false);
    let mut config = config(directory.path());
    let socket = directory.path().join("docker.sock");
    config.runtime.docker_host = Some(format!("unix://{}", socket.display()));
    let all = examine(&config, &world).await;
    check(
        &all,
        "Docker",
        Verdict::Fail,
        &["no answer from unix://", "nothing is at", "start docker"],
    );
    check(
        &all,
        "addresses",
        Verdict::Ok,
        &["routes of this host alone"],
    );
    assert!(
        all.iter()
            .all(|finding| !finding.subject.starts_with("image"))
    );

    // Somebody listens who is not Docker; then nobody does.
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let all = examine(&config, &world).await;
    check(&all, "Docker", Verdict::Fail, &["restart docker"]);
    drop(listener);
    let all = examine(&config, &world).await;
    check(&all, "Docker", Verdict::Fail, &["nobody listens"]);
    config.runtime.docker_host = Some("tcp://192.0.2.1:2375".into());
    let all = examine(&config, &world).await;
    check(
        &all,
        "Docker",
        Verdict::Fail,
        &["192.0.2.1:2375", "--docker-host"],
    );
}

#[tokio::test]
async fn images_are_looked_for_by_family() {
    let directory = TempDir::new().unwrap();
    let world = SimulatedWorld::new();
    world.set_images(
        &["redis:7.0", "valkey/valkey:8.1", "private/memcached"],
        &[],
    );
    let mut config = config(directory.path());
    let all = examine(&config, &world).await;
    let images: Vec<&str> = all
        .iter()
        .filter_map(|finding| finding.subject.strip_prefix("image of "))
        .collect();
    assert!(
        images.contains(&"memcached 1.6.22") && images.contains(&"valkey 8.2"),
        "{images:?}"
    );
    assert!(!images.contains(&"redis 7.0"), "{images:?}");
    check(
        &all,
        "image of redis 7.1",
        Verdict::Ok,
        &["redis:7.0 is here"],
    );
    check(
        &all,
        "image of memcached 1.6.22",
        Verdict::Warn,
        &["none of memcached:1.6.22", "docker pull memcached:1.6.22"],
    );
    config.images.insert(
        ("memcached".into(), "1.6.22".into()),
        "private/memcached".into(),
    );
    let all = examine(&config, &world).await;
    check(
        &all,
        "image of memcached 1.6.22",
        Verdict::Ok,
        &["private/memcached is here"],
    );
}

#[tokio::test]
async fn what_was_chosen_before_is_compared_with_what_is_there() {
    let directory = TempDir::new().unwrap();
    let subnet: ipnet::Ipv4Net = QUIET.parse().unwrap();
    let datastore = Datastore::open(&directory.path().join("cacheplane.db"))
        .await
        .unwrap();
    datastore
        .setting_choose("node_subnet", &subnet.to_string())
        .await
        .unwrap();
    datastore
        .setting_choose("endpoint_mode", "network")
        .await
        .unwrap();
    let world = SimulatedWorld::new();
    let mut config = config(directory.path());
    config.endpoints.mode = EndpointMode::Auto;
    // Read although it is open, and although nothing is in the file itself yet.
    let all = examine(&config, &world).await;
    check(
        &all,
        "addresses",
        Verdict::Ok,
        &[&subnet.to_string(), "chosen before"],
    );
    check(
        &all,
        "endpoints",
        Verdict::Ok,
        &["as this data directory has them"],
    );
    datastore.close().await;
    let all = examine(&config, &world).await;
    check(&all, "addresses", Verdict::Ok, &["chosen before"]);

    let runtime = SimulatedRuntime::new(Arc::clone(&world), "somebody");
    let halves = crate::ground::subnet::split(subnet, "somebody").unwrap();
    runtime.ensure_network(&halves.node_network).await.unwrap();
    let all = examine(&config, &world).await;
    check(&all, "addresses", Verdict::Ok, &["nobody else's"]);
    let inside: ipnet::Ipv4Net = halves.endpoint_network.ip_range;
    let theirs = NetworkSpec {
        name: "theirs".into(),
        subnet: inside,
        ip_range: inside,
        ..halves.endpoint_network
    };
    runtime.ensure_network(&theirs).await.unwrap();
    let all = examine(&config, &world).await;
    check(
        &all,
        "addresses",
        Verdict::Warn,
        &["overlaps", "the Docker network theirs"],
    );

    config.endpoints.node_subnet = Some("10.9.0.0/16".parse().unwrap());
    let all = examine(&config, &world).await;
    check(
        &all,
        "addresses",
        Verdict::Fail,
        &["--node-subnet 10.9.0.0/16", "addresses are for life"],
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_told() {
    let directory = TempDir::new().unwrap();
    fs::write(
        directory.path().join("cacheplane.db"),
        "no database, but long enough to be one".repeat(100),
    )
    .unwrap();
    let all = examine(&config(directory.path()), &SimulatedWorld::new()).await;
    check(&all, "database", Verdict::Warn, &["cannot be read"]);
}

#[tokio::test]
async fn ports_that_are_taken_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let directory = TempDir::new().unwrap();
    let mut config = config(directory.path());
    config.endpoints.mode = EndpointMode::Published;
    config.endpoints.port_range = port..=port;
    config.http.listen = "127.0.0.1:1".parse().unwrap();
    let world = SimulatedWorld::new();
    let all = examine(&config, &world).await;
    check(&all, "endpoints", Verdict::Ok, &["ports of localhost"]);
    check(
        &all,
        "ports",
        Verdict::Fail,
        &[&format!("1 of 1 are taken ({port})"), "--port-range"],
    );
    assert_eq!(looks::ports(&[], 5, false).verdict, Verdict::Ok);
    let ours = looks::ports(&[1, 2, 3, 4, 5, 6, 7], 10, true);
    assert_eq!(ours.verdict, Verdict::Warn);
    assert_eq!(ours.found, "7 of 10 are taken (1, 2, 3, 4, 5, 2 more)");
}

#[test]
fn the_routers_program_must_need_no_libraries() {
    // A header, and `kinds` of program headers.
    let program = |kinds: &[u32]| {
        let mut bytes = vec![0_u8; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            bytes.extend(kind.to_le_bytes());
            bytes.extend([0; 52]);
        }
        bytes
    };
    assert_eq!(
        crate::runtime::program::not_static(&program(&[1, 2, 6])),
        None
    );
    assert!(
        crate::runtime::program::not_static(&program(&[6, 3, 1]))
            .unwrap()
            .contains("libraries")
    );
    assert!(
        crate::runtime::program::not_static(&program(&[]))
            .unwrap()
            .contains("cut short")
    );
    assert!(
        crate::runtime::program::not_static(&program(&[1, 2])[..100])
            .unwrap()
            .contains("cut short")
    );
    assert!(crate::runtime::program::not_static(b"\x7fELF").is_some());
    assert!(
        crate::runtime::program::not_static(b"#!/bin/sh\n")
            .unwrap()
            .contains("no program")
    );
    assert!(crate::runtime::program::not_static(b"").is_some());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_with_libraries_is_no_router() {
    let directory = TempDir::new().unwrap();
    let mut config = config(directory.path());
    let program = directory.path().join("router");
    fs::write(&program, b"#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    config.router_binary = Some(program);
    let all = examine(&config, &SimulatedWorld::new()).await;
    check(
        &all,
        "router",
        Verdict::Fail,
        &["no program for Linux", "make router-binary"],
    );
}

#[test]
fn a_report_ends_with_its_sum() {
    let ok = Finding::ok("a", "is well");
    let warn = Finding::warn("b", "is absent", "get it");
    let fail = Finding::fail("c", "is broken", "mend it");
    assert_eq!(
        report(std::slice::from_ref(&ok)),
        "ok    a: is well\nAll is well: cacheplane serve\n"
    );
    assert_eq!(
        report(&[ok, warn.clone()]),
        "ok    a: is well\nwarn  b: is absent; get it\nNothing stands in the way (1 to know of): cacheplane serve\n"
    );
    assert_eq!(
        report(&[warn, fail]),
        "warn  b: is absent; get it\nfail  c: is broken; mend it\nIn the way of cacheplane serve: 1\n"
    );
}
