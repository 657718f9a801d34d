use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use tempfile::TempDir;

use super::data_dir::{Occupation, authority_certificate, occupation};
use super::*;
use crate::config::{AuthMode, HttpConfig, LogFormat, SnapshotConfig, TelemetryConfig};
use crate::runtime::NetworkSpec;
use crate::runtime::simulated::{SimulatedRuntime, SimulatedWorld};
use crate::store::bucket::S3;

fn config() -> Config {
    Config {
        http: HttpConfig {
            listen: "127.0.0.1:4570".parse().unwrap(),
            auth: AuthMode::Off,
            credentials_file: None,
            allow_unsigned_requests: false,
        },
        data_dir: "/unused".into(),
        runtime: RuntimeConfig {
            kind: RuntimeKind::Simulated,
            docker_host: None,
        },
        endpoints: EndpointConfig {
            mode: EndpointMode::Auto,
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

/// When all of it happens.
const NOW: Timestamp = Timestamp::from_millis(1_772_625_600_000);

/// A data directory, its database, and a host of simulated containers.
struct Place {
    directory: TempDir,
    world: Arc<SimulatedWorld>,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            world: SimulatedWorld::new(),
        }
    }

    /// One start, and the end of that process.
    async fn start(&self, config: &Config) -> anyhow::Result<Ground> {
        let data_dir = DataDir::occupy(self.directory.path()).await?;
        let datastore = Datastore::open(&data_dir.database()).await?;
        let owner = instance_id(&datastore).await?;
        let runtime = SimulatedRuntime::new(Arc::clone(&self.world), owner.clone());
        let ground = ground(config, &data_dir, &datastore, &runtime, owner, NOW).await;
        datastore.close().await;
        ground
    }

    async fn refusal(&self, config: &Config) -> String {
        let error = self.start(config).await.expect_err("refused");
        format!("{error:#}")
    }

    /// Makes a network of somebody else's.
    async fn take(&self, subnet: &str) {
        let subnet: Ipv4Net = subnet.parse().unwrap();
        let network = NetworkSpec {
            name: "theirs".into(),
            subnet,
            ip_range: subnet,
            gateway: subnet.hosts().next().unwrap(),
            labels: BTreeMap::new(),
        };
        let theirs = SimulatedRuntime::new(Arc::clone(&self.world), "theirs");
        theirs.ensure_network(&network).await.unwrap();
    }
}

#[tokio::test]
async fn choices_are_made_once() {
    let place = Place::new();
    let first = place.start(&config()).await.unwrap();
    assert_eq!(first.secret.len(), 32);
    assert_eq!(
        first.node_network.subnet.supernet(),
        Some(subnet::CANDIDATES[0]),
        "{first:?}"
    );
    assert!(first.published.is_none());
    // What was free then may not be any more; addresses are for life all the same.
    place.take(&subnet::CANDIDATES[0].to_string()).await;
    let second = place.start(&config()).await.unwrap();
    assert_eq!(second.owner, first.owner);
    assert_eq!(second.secret, first.secret);
    assert_eq!(second.node_network, first.node_network);
    assert_eq!(second.endpoint_network, first.endpoint_network);
    assert_eq!(second.node_addresses, first.node_addresses);

    let other = Place::new().start(&config()).await.unwrap();
    assert_ne!(other.owner, first.owner);
    assert_ne!(other.secret, first.secret);
}

#[tokio::test]
async fn a_subnet_of_the_engine_is_not_chosen() {
    let place = Place::new();
    place.take(&subnet::CANDIDATES[0].to_string()).await;
    let ground = place.start(&config()).await.unwrap();
    assert_eq!(
        ground.node_network.subnet.supernet(),
        Some(subnet::CANDIDATES[1])
    );
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_not_waited_for() {
    let place = Place::new();
    place.world.set_reachable(false);
    let first = place.start(&config()).await.unwrap();
    place.world.set_reachable(true);
    let second = place.start(&config()).await.unwrap();
    assert_eq!(second.node_network, first.node_network);
}

#[tokio::test]
async fn a_wished_subnet_is_taken_if_it_is_free_and_nothing_else_was_chosen() {
    let wish = |subnet: &str| {
        let mut config = config();
        config.endpoints.node_subnet = Some(subnet.parse().unwrap());
        config
    };
    let place = Place::new();
    place.take("10.251.4.0/24").await;
    let message = place.refusal(&wish("10.251.0.0/16")).await;
    assert!(
        message.contains("--node-subnet 10.251.0.0/16 overlaps 10.251.4.0/24, which the Docker network theirs has"),
        "{message}"
    );
    // A refusal chooses nothing.
    let ground = place.start(&wish("10.252.0.0/20")).await.unwrap();
    assert_eq!(ground.node_network.subnet.to_string(), "10.252.0.0/21");
    assert_eq!(ground.endpoint_network.subnet.to_string(), "10.252.8.0/21");
    // Said again, or no longer.
    place.start(&wish("10.252.0.0/20")).await.unwrap();
    let kept = place.start(&config()).await.unwrap();
    assert_eq!(kept.node_network, ground.node_network);
    let message = place.refusal(&wish("10.253.0.0/20")).await;
    assert!(
        message.contains("10.253.0.0/20")
            && message.contains("has 10.252.0.0/20")
            && message.contains("--data-dir"),
        "{message}"
    );
}

#[tokio::test]
async fn the_secret_is_whole_private_and_always_the_same() {
    let place = Place::new();
    let path = place.directory.path().join("secret.key");
    // What a process leaves that is killed while it writes.
    fs::write(place.directory.path().join("secret.key.part"), "torn").unwrap();
    let secret = place.start(&config()).await.unwrap().secret;
    assert_eq!(fs::read(&path).unwrap(), secret);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(!place.directory.path().join("secret.key.part").exists());

    fs::write(&path, &secret[..31]).unwrap();
    let short = place.refusal(&config()).await;
    assert!(
        short.contains("holds 31 bytes and not 32") && short.contains("copy"),
        "{short}"
    );
    fs::write(&path, [7; 32]).unwrap();
    let other = place.refusal(&config()).await;
    assert!(
        other.contains("another secret") && other.contains("put that one back"),
        "{other}"
    );
    fs::remove_file(&path).unwrap();
    let absent = place.refusal(&config()).await;
    assert!(
        absent.contains("cannot be managed") && absent.contains("copy"),
        "{absent}"
    );
    assert!(!path.exists());
    fs::write(&path, &secret).unwrap();
    assert_eq!(place.start(&config()).await.unwrap().secret, secret);
}

#[tokio::test]
async fn a_data_directory_serves_one_control_plane() {
    let parent = TempDir::new().unwrap();
    let path = parent.path().join("deep/data");
    assert_eq!(occupation(&path).unwrap(), Occupation::Free);
    assert!(!path.exists());
    let first = DataDir::occupy(&path).await.unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let holder = std::process::id();
    assert_eq!(occupation(&path).unwrap(), Occupation::Taken(Some(holder)));
    let message = format!("{:#}", DataDir::occupy(&path).await.unwrap_err());
    assert_eq!(
        message,
        format!(
            "another cacheplane (process {holder}) uses the data directory {}; stop it, or name another directory with --data-dir",
            path.display()
        )
    );
    drop(first);
    assert_eq!(occupation(&path).unwrap(), Occupation::Free);
    DataDir::occupy(&path).await.unwrap();
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_is_refused_with_the_cure() {
    let parent = TempDir::new().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let message = format!("{:#}", DataDir::occupy(&file).await.unwrap_err());
    assert!(
        message.contains(&file.display().to_string()) && message.contains("--data-dir"),
        "{message}"
    );
}

#[tokio::test]
async fn ground_names_and_places_what_is_made() {
    let place = Place::new();
    let mut config = config();
    config.endpoints.mode = EndpointMode::Published;
    config
        .images
        .insert(("redis".into(), "7.1".into()), "redis:x".into());
    let ground = place.start(&config).await.unwrap();
    let short: String = ground.owner.chars().take(8).collect();
    assert_eq!(
        ground.node_network.name,
        format!("cacheplane.{short}.nodes")
    );
    assert_eq!(
        ground.endpoint_network.name,
        format!("cacheplane.{short}.endpoints")
    );
    assert_eq!(ground.images, config.images);
    let published = ground.published.unwrap();
    assert_eq!(published.advertise_host, "localhost");
    assert_eq!(published.bind_address, Ipv4Addr::LOCALHOST);
    assert_eq!(published.probe_host, "127.0.0.1");
    assert_eq!(published.ports, 6379..=7378);
    // Simulated routers are made of something.
    assert!(!fs::read(ground.router_program.unwrap()).unwrap().is_empty());
    // Published was said, not found out, so it is not remembered; without caches the choice is free.
    assert!(
        place
            .start(&self::config())
            .await
            .unwrap()
            .published
            .is_none()
    );
}

#[tokio::test]
async fn what_auto_came_to_stays() {
    let place = Place::new();
    let data_dir = DataDir::occupy(place.directory.path()).await.unwrap();
    let datastore = Datastore::open(&data_dir.database()).await.unwrap();
    datastore
        .setting_choose(ENDPOINT_MODE, "published")
        .await
        .unwrap();
    datastore.close().await;
    drop(data_dir);
    assert!(place.start(&config()).await.unwrap().published.is_some());

    // Not known, so not remembered.
    let place = Place::new();
    place.world.set_reachable(false);
    place.start(&config()).await.unwrap();
    let stored = async |place: &Place| {
        let datastore = Datastore::open(&place.directory.path().join("cacheplane.db"))
            .await
            .unwrap();
        datastore.setting_get(ENDPOINT_MODE).await.unwrap()
    };
    assert_eq!(stored(&place).await, None);
    place.world.set_reachable(true);
    place.start(&config()).await.unwrap();
    assert_eq!(stored(&place).await.as_deref(), Some("network"));
}

#[test]
fn caches_keep_the_kind_of_endpoint_that_they_have() {
    let node = |address: Option<Ipv4Addr>, published_port| {
        let mut node = CacheNode::wished("0001".into(), "us-east-1a".into());
        (node.address, node.published_port) = (address, published_port);
        node
    };
    let address = Some(Ipv4Addr::new(10, 0, 0, 2));
    assert_eq!(mode_in_use(&[]), None);
    assert_eq!(mode_in_use(&[node(None, None)]), None);
    let network = mode_in_use(&[node(None, None), node(address, None)]);
    assert_eq!(network, Some(Mode::Network));
    let published = mode_in_use(&[node(address, Some(6379))]);
    assert_eq!(published, Some(Mode::Published));
    for mode in [Mode::Network, Mode::Published] {
        assert_eq!(agreed_mode(mode, None).unwrap(), mode);
        assert_eq!(agreed_mode(mode, Some(mode)).unwrap(), mode);
    }
    let refused = agreed_mode(Mode::Network, published)
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("--endpoints network:")
            && refused.contains("serve them with --endpoints published"),
        "{refused}"
    );
}

#[test]
fn auto_is_network_where_addresses_are_reached() {
    let check = |host: Option<&str>, operating_system: Option<&str>, expected: Mode| {
        let runtime = RuntimeConfig {
            kind: RuntimeKind::Docker,
            docker_host: host.map(str::to_owned),
        };
        let description = operating_system.map(|operating_system| RuntimeDescription {
            server_version: "20.10.24".into(),
            api_version: "1.41".into(),
            name: "host".into(),
            operating_system: operating_system.into(),
        });
        let (mode, reason) = mode_for(&runtime, description.as_ref());
        assert_eq!(mode, expected, "{host:?} {operating_system:?}: {reason}");
    };
    let debian = Some("Debian GNU/Linux 12 (bookworm)");
    let socket = Some("unix:///var/run/docker.sock");
    let native = if cfg!(target_os = "linux") {
        Mode::Network
    } else {
        Mode::Published
    };
    check(None, debian, native);
    check(None, None, native);
    check(socket, debian, native);
    check(socket, Some("Docker Desktop"), Mode::Published);
    check(Some("tcp://10.0.0.1:2375"), debian, Mode::Published);
    check(Some("tcp://10.0.0.1:2375"), None, Mode::Published);
    check(
        Some("unix:///run/user/1000/docker.sock"),
        debian,
        Mode::Published,
    );
}

#[test]
fn ports_are_published_where_clients_are_told_to_look() {
    let check =
        |advertise: &str, docker: Option<&str>, expected: Result<(Ipv4Addr, &str), &str>| {
            let mut config = config();
            config.runtime.kind = RuntimeKind::Docker;
            config.runtime.docker_host = docker.map(str::to_owned);
            config.endpoints.advertise_host = advertise.to_owned();
            match (published(&config), expected) {
                (Ok(found), Ok((bind, probe))) => {
                    assert_eq!(
                        (found.bind_address, found.probe_host.as_str()),
                        (bind, probe)
                    );
                }
                (Err(error), Err(words)) => {
                    assert!(error.to_string().contains(words), "{error}");
                }
                (found, _) => panic!("{advertise} {docker:?}: {found:?}"),
            }
        };
    let here = Ipv4Addr::LOCALHOST;
    let everywhere = Ipv4Addr::UNSPECIFIED;
    check("localhost", None, Ok((here, "127.0.0.1")));
    check(
        "127.0.0.1",
        Some("unix:///var/run/docker.sock"),
        Ok((here, "127.0.0.1")),
    );
    check("cache.example.com", None, Ok((everywhere, "127.0.0.1")));
    check(
        "localhost",
        Some("tcp://127.0.0.1:2375"),
        Ok((here, "127.0.0.1")),
    );
    check(
        "d.example.com",
        Some("tcp://d.example.com:2375"),
        Ok((everywhere, "d.example.com")),
    );
    check(
        "d.example.com",
        Some("tcp://[fd00::1]:2375"),
        Ok((everywhere, "fd00::1")),
    );
    check(
        "localhost",
        Some("tcp://10.0.0.1:2375"),
        Err("--advertise-host 10.0.0.1"),
    );
    let mut config = config();
    config.endpoints.port_range = 4500..=4600;
    let error = published(&config).unwrap_err().to_string();
    assert!(
        error.contains("holds port 4570") && error.contains("--listen"),
        "{error}"
    );
}

#[test]
fn a_router_program_that_is_named_must_be_there() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let found = router_program(Some(file.path())).unwrap();
    assert_eq!(found.as_deref(), Some(file.path()));
    let error = router_program(Some(Path::new("/nowhere/router"))).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("--router-binary /nowhere/router"),
        "{error}"
    );
}

#[test]
fn limits_of_open_files_are_read() {
    let limits = "\
Limit                     Soft Limit           Hard Limit           Units
Max processes             62830                62830                processes
Max open files            1024                 20000                files
";
    assert_eq!(hard_limit_of_open_files(limits), Some(20_000));
    let none = limits.replace("20000", "unlimited");
    assert_eq!(hard_limit_of_open_files(&none), None);
    assert_eq!(hard_limit_of_open_files(""), None);
}

#[tokio::test]
async fn the_certificate_authority_is_made_once_and_its_key_is_the_owners() {
    let place = Place::new();
    let first = place.start(&config()).await.expect("a start");
    let directory = place.directory.path();
    let mode = |name: &str| {
        let metadata = fs::metadata(directory.join(name)).expect("a file");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("ca.key"), mode("ca.pem")), (0o600, 0o644));
    let again = place.start(&config()).await.expect("another start");
    let certificate = again.authority.certificate_pem();
    assert_eq!(certificate, first.authority.certificate_pem());
    let printed = authority_certificate(directory).expect("a certificate");
    assert_eq!(printed.as_deref(), Some(certificate));

    // A start that was cut off between the two files: the next one finishes with the key that is there.
    fs::remove_file(directory.join("ca.pem")).expect("remove");
    let key = fs::read(directory.join("ca.key")).expect("a key");
    place.start(&config()).await.expect("a start");
    assert_eq!(fs::read(directory.join("ca.key")).expect("a key"), key);

    fs::remove_file(directory.join("ca.key")).expect("remove");
    let refusal = place.refusal(&config()).await;
    assert!(refusal.contains("ca.key is gone"), "{refusal}");
    let other = crate::authority::Authority::generate_key().expect("a key");
    fs::write(directory.join("ca.key"), other).expect("write");
    let refusal = place.refusal(&config()).await;
    assert!(refusal.contains("belongs to another key"), "{refusal}");
}
