//! Replication between real nodes of every image at hand: what the control plane's failover rests on.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use cacheplane::engine::{
    Credentials, Engine as _, EngineError, HistoryHeld, NetworkEngine, NodeEndpoint, NodeReport,
    PrimaryAddress, Protocol, ReplicationReport, Role,
};
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::engine_settings::{
    Administrator, FENCE, ServerSettings, server_command,
};
use cacheplane::resources::{node_type, parameter};
use cacheplane::runtime::{ContainerSpec, Runtime};
use sha2::Digest as _;

use crate::fixture::{DEADLINE, Fixture, docker, eventually, say, with_docker};

/// The images, each with a version that it serves.
const IMAGES: [(&str, Engine, &str); 5] = [
    ("redis:6.2", Engine::Redis, "6.2"),
    ("redis:7.0", Engine::Redis, "7.0"),
    ("redis:8.0", Engine::Redis, "7.1"),
    ("valkey/valkey:8.1", Engine::Valkey, "8.1"),
    ("valkey/valkey:9.1", Engine::Valkey, "9.1"),
];

/// A member of a replication group, started as the control plane starts it.
struct Member {
    container: String,
    address: Ipv4Addr,
    /// How we reach it.
    endpoint: NodeEndpoint,
}

impl Member {
    /// A fenced node with an administrator of its own.
    async fn start(
        fixture: &Fixture,
        last: u8,
        (image, engine, version): (&str, Engine, &str),
    ) -> Member {
        let password = format!("secret of {last}");
        let mut spec = fixture.redis(&format!("member{last}"), last).await;
        let version = engine::find(engine, version).unwrap();
        let node_type = node_type::find("cache.t3.micro").unwrap();
        let family = parameter::family(version.family).unwrap();
        let parameters: BTreeMap<_, _> = parameter::effective(family, &[], node_type).collect();
        spec.command = server_command(&ServerSettings {
            version,
            line: engine::image_line(version, image),
            node_type,
            parameters: &parameters,
            port: 6379,
            cluster: None,
            administrator: Some(Administrator {
                name: "cacheplane",
                password_sha256: &hex::encode(sha2::Sha256::digest(&password)),
            }),
            fenced: true,
            guarded: false,
            encryption: None,
            iam: false,
            persistent: true,
            open_files_limit: Some(10_000),
        });
        let spec = ContainerSpec {
            image: image.to_owned(),
            memory_limit_bytes: None,
            ..spec
        };
        fixture.runtime.ensure_container(&spec).await.unwrap();
        let address = fixture.node_address(last);
        let member = Member {
            container: spec.name,
            address,
            endpoint: NodeEndpoint {
                host: address.to_string(),
                port: 6379,
                protocol: Protocol::Redis,
                encryption: None,
                administrator: Some(Credentials {
                    user: "cacheplane".into(),
                    password,
                }),
            },
        };
        member.wait_ready().await;
        member
    }

    async fn wait_ready(&self) -> NodeReport {
        let report = NetworkEngine.wait_ready(&self.endpoint, DEADLINE).await;
        report.unwrap()
    }

    fn as_primary(&self) -> PrimaryAddress {
        PrimaryAddress {
            encrypted: false,
            host: self.address.to_string(),
            port: 6379,
            administrator: self.endpoint.administrator.clone(),
        }
    }

    async fn held(&self) -> HistoryHeld {
        let found = self.look().await;
        HistoryHeld {
            history: found.history,
            offset: found.offset,
        }
    }

    async fn promote(&self) {
        NetworkEngine
            .promote(&self.endpoint, &self.held().await, DEADLINE)
            .await
            .unwrap();
    }

    async fn follow(&self, primary: &Member) {
        NetworkEngine
            .follow(&self.endpoint, &primary.as_primary(), DEADLINE)
            .await
            .unwrap();
    }

    async fn look(&self) -> ReplicationReport {
        self.wait_ready().await.replication.unwrap()
    }

    async fn wait_in_sync(&self) -> ReplicationReport {
        eventually("the link is up", async || {
            let report = NetworkEngine.probe(&self.endpoint, DEADLINE).await.ok()?;
            report.replication.filter(|found| found.link_up)
        })
        .await
    }

    async fn connection(&self, administrator: bool) -> redis::aio::MultiplexedConnection {
        let mut info = redis::RedisConnectionInfo::default();
        if let (true, Some(credentials)) = (administrator, &self.endpoint.administrator) {
            info = info
                .set_username(&credentials.user)
                .set_password(&credentials.password);
        }
        let address = redis::ConnectionAddr::Tcp(self.address.to_string(), 6379);
        let info = redis::IntoConnectionInfo::into_connection_info(address)
            .unwrap()
            .set_redis_settings(info);
        let client = redis::Client::open(info).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// What a customer gets for a command.
    async fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let mut connection = self.connection(false).await;
        let mut command = redis::Cmd::new();
        command.arg(words).query_async(&mut connection).await
    }

    /// What the control plane's own user gets for a command.
    async fn tell<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut connection = self.connection(true).await;
        let mut command = redis::Cmd::new();
        command
            .arg(words)
            .query_async(&mut connection)
            .await
            .unwrap()
    }

    /// Writes a key and returns the number of replicas that have it.
    async fn set(&self, key: &str, wanted: usize) -> usize {
        let mut connection = self.connection(false).await;
        let (_, replicas): (String, usize) = redis::pipe()
            .cmd("SET")
            .arg(key)
            .arg("value")
            .cmd("WAIT")
            .arg(wanted)
            .arg(20_000)
            .query_async(&mut connection)
            .await
            .unwrap();
        replicas
    }

    async fn has(&self, key: &str) -> bool {
        self.ask::<Option<String>>(&["GET", key])
            .await
            .unwrap()
            .is_some()
    }

    /// A number of the section on statistics.
    async fn statistic(&self, name: &str) -> u64 {
        let text: String = self.tell(&["INFO", "stats"]).await;
        let mut lines = text.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or_else(|| panic!("{name}: {text}"))
    }
}

/// Runs a test with each image that the host holds.
pub(crate) async fn with_images(test: impl AsyncFn(&Fixture, (&str, Engine, &str))) {
    with_docker(async |fixture| {
        for image in IMAGES {
            let present = Command::new("docker")
                .args(["image", "inspect", image.0])
                .output()
                .unwrap();
            if !present.status.success() {
                say(&format!("skipped {}: the host does not hold it", image.0));
                continue;
            }
            say(image.0);
            test(&fixture, image).await;
            for container in fixture.runtime.containers().await.unwrap() {
                let name = &container.name;
                fixture
                    .runtime
                    .remove_container(name, Duration::ZERO)
                    .await
                    .unwrap();
            }
            for volume in fixture.runtime.volumes().await.unwrap() {
                fixture.runtime.remove_volume(&volume.name).await.unwrap();
            }
        }
    })
    .await;
}

fn is_read_only(answer: &redis::RedisResult<String>) -> bool {
    let error = answer.as_ref().err();
    error.and_then(redis::RedisError::code) == Some("READONLY")
}

fn assert_fenced(report: &ReplicationReport) {
    let (host, port) = FENCE;
    assert_eq!(report.primary, Some((host.to_owned(), port)));
    assert!(!report.link_up && !report.syncing, "{report:?}");
}

#[tokio::test]
async fn a_fenced_node_answers_reads_and_takes_writes_only_when_promoted() {
    with_images(async |fixture, image| {
        let member = Member::start(fixture, 11, image).await;
        let report = member.wait_ready().await;
        assert_eq!(report.role, Role::Replica);
        let replication = report.replication.unwrap();
        assert_fenced(&replication);
        assert_eq!(replication.offset, 0);
        assert!(!member.has("key").await);
        let refusal = member.ask::<String>(&["SET", "key", "value"]).await;
        assert!(is_read_only(&refusal), "{refusal:?}");

        for _ in 0..2 {
            member.promote().await;
            let report = member.wait_ready().await;
            assert_eq!(report.role, Role::Primary);
            assert_eq!(report.replication.unwrap().primary, None);
        }
        assert_eq!(member.set("key", 0).await, 0);
        assert!(member.has("key").await);
        // The customer's user has no way to do it.
        for words in [
            &["REPLICAOF", "NO", "ONE"][..],
            &["PSYNC", "?", "-1"],
            &["REPLCONF", "listening-port", "1"],
        ] {
            let refusal = member.ask::<String>(words).await.unwrap_err();
            assert_eq!(refusal.code(), Some("NOPERM"), "{words:?}: {refusal}");
        }
    })
    .await;
}

#[tokio::test]
async fn replicas_are_let_in_by_the_primarys_password_and_in_sync_at_once() {
    with_images(async |fixture, image| {
        let primary = Member::start(fixture, 11, image).await;
        let replicas = [
            Member::start(fixture, 12, image).await,
            Member::start(fixture, 13, image).await,
        ];
        primary.promote().await;
        primary.set("early", 0).await;
        // With its own password instead of the primary's a replica stays outside.
        let outsider = Member::start(fixture, 14, image).await;
        let mistaken = PrimaryAddress {
            encrypted: false,
            administrator: outsider.endpoint.administrator.clone(),
            ..primary.as_primary()
        };
        NetworkEngine
            .follow(&outsider.endpoint, &mistaken, DEADLINE)
            .await
            .unwrap();
        eventually("the primary refuses", async || {
            let log: Vec<redis::Value> = primary.tell(&["ACL", "LOG"]).await;
            (!log.is_empty()).then_some(())
        })
        .await;
        assert!(!outsider.look().await.link_up);
        let started = Instant::now();
        for replica in &replicas {
            replica.follow(&primary).await;
        }
        for replica in &replicas {
            replica.wait_in_sync().await;
        }
        say(&format!("in sync after {:?}", started.elapsed()));
        assert_eq!(primary.set("late", 2).await, 2);
        say(&format!("acknowledged after {:?}", started.elapsed()));
        let seen = primary.look().await;
        for replica in &replicas {
            assert!(replica.has("early").await && replica.has("late").await);
            let report = replica.look().await;
            assert_eq!(report.history, seen.history);
            let address = replica.address.to_string();
            assert_eq!(report.primary, Some((primary.address.to_string(), 6379)));
            let attached = seen.replicas.iter().find(|found| found.host == address);
            let attached = attached.unwrap_or_else(|| panic!("{address}: {seen:?}"));
            assert!(attached.online && attached.port == 6379, "{attached:?}");
            assert!(attached.offset <= seen.offset && attached.offset > 0);
        }
        let refusal = replicas[0].ask::<String>(&["SET", "k", "v"]).await;
        assert!(is_read_only(&refusal), "{refusal:?}");
        // Told better, the outsider is let in at its next attempt, within a second.
        outsider.follow(&primary).await;
        outsider.wait_in_sync().await;
        assert_eq!(primary.set("last", 3).await, 3);
    })
    .await;
}

#[tokio::test]
async fn following_again_does_not_restart_a_sync() {
    with_images(async |fixture, image| {
        let primary = Member::start(fixture, 11, image).await;
        let replica = Member::start(fixture, 12, image).await;
        primary.promote().await;
        for key in ["a", "b", "c", "d"] {
            primary.set(key, 0).await;
        }
        // Half a second for each key that the primary writes to the copy.
        let () = primary
            .tell(&["CONFIG", "SET", "rdb-key-save-delay", "500000"])
            .await;
        replica.follow(&primary).await;
        eventually("the copy is under way", async || {
            replica.look().await.syncing.then_some(())
        })
        .await;
        for _ in 0..5 {
            replica.follow(&primary).await;
        }
        let report = replica.look().await;
        assert!(report.syncing && !report.link_up, "{report:?}");
        let waiting = primary.look().await.replicas;
        assert!(waiting.len() == 1 && !waiting[0].online, "{waiting:?}");
        replica.wait_in_sync().await;
        replica.follow(&primary).await;
        assert!(replica.look().await.link_up);
        assert_eq!(primary.statistic("sync_full").await, 1);
        assert!(replica.has("d").await);
    })
    .await;
}

#[tokio::test]
async fn a_killed_primary_comes_back_fenced_with_its_last_saved_history() {
    with_images(async |fixture, image| {
        let primary = Member::start(fixture, 11, image).await;
        let replica = Member::start(fixture, 12, image).await;
        primary.promote().await;
        replica.follow(&primary).await;
        replica.wait_in_sync().await;
        primary.set("saved", 1).await;
        let () = primary.tell(&["SAVE"]).await;
        let saved = primary.look().await;
        primary.set("later", 1).await;
        let before = docker(&["inspect", "-f", "{{.State.StartedAt}}", &primary.container]);

        // As the kernel would: Docker sees a process that ended by itself, and starts it again.
        let pid = docker(&["inspect", "-f", "{{.State.Pid}}", &primary.container]);
        let killed = Command::new("kill").args(["-9", &pid]).status().unwrap();
        assert!(killed.success());
        eventually("Docker starts it again", async || {
            let now = docker(&["inspect", "-f", "{{.State.StartedAt}}", &primary.container]);
            (now != before).then_some(())
        })
        .await;
        let back = primary.look().await;
        assert_fenced(&back);
        assert_eq!(back.history, saved.history);
        // What was asked of the replica and its pings may have been written between look and save.
        assert!(
            back.offset.abs_diff(saved.offset) <= 100,
            "{back:?} {saved:?}"
        );
        assert!(primary.has("saved").await && !primary.has("later").await);
        assert!(primary.ask::<String>(&["SET", "k", "v"]).await.is_err());
        let survivor = replica.look().await;
        assert!(!survivor.link_up, "{survivor:?}");
        assert_eq!(survivor.history, saved.history);
        assert!(survivor.offset > back.offset, "{survivor:?} {back:?}");
        assert!(replica.has("later").await);
    })
    .await;
}

#[tokio::test]
async fn after_a_promotion_everyone_goes_on_from_where_they_are() {
    with_images(async |fixture, image| {
        let primary = Member::start(fixture, 11, image).await;
        let [ahead, behind] = [
            Member::start(fixture, 12, image).await,
            Member::start(fixture, 13, image).await,
        ];
        primary.promote().await;
        for replica in [&ahead, &behind] {
            replica.follow(&primary).await;
            replica.wait_in_sync().await;
        }
        assert_eq!(primary.set("both", 2).await, 2);
        docker(&["pause", &behind.container]);
        assert_eq!(primary.set("one", 1).await, 1);
        docker(&["kill", &primary.container]);
        docker(&["unpause", &behind.container]);
        let candidates = [ahead.look().await, behind.look().await];
        assert_eq!(candidates[0].history, candidates[1].history);
        // What was on its way to the frozen one arrives when it thaws, or does not: never more than the other has.
        assert!(
            candidates[0].offset >= candidates[1].offset,
            "{candidates:?}"
        );
        let started = Instant::now();
        ahead.promote().await;
        say(&format!("promoted within {:?}", started.elapsed()));
        behind.follow(&ahead).await;
        behind.wait_in_sync().await;
        say(&format!("the other in sync after {:?}", started.elapsed()));
        let promoted = ahead.look().await;
        assert_eq!(
            promoted.earlier_history.as_ref(),
            Some(&candidates[0].history)
        );
        assert_eq!(ahead.statistic("sync_partial_ok").await, 1);
        assert_eq!(ahead.set("new", 1).await, 1);
        assert!(behind.has("one").await && behind.has("new").await);

        // The old primary comes back with what it had saved for its first replicas, and needs no full copy either.
        docker(&["start", &primary.container]);
        assert_fenced(&primary.look().await);
        primary.follow(&ahead).await;
        primary.wait_in_sync().await;
        assert_eq!(ahead.set("newer", 2).await, 2);
        assert!(primary.has("one").await && primary.has("newer").await);
        assert_eq!(ahead.statistic("sync_full").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_frozen_node_hears_later_whom_to_follow_and_is_not_promoted_late() {
    with_images(async |fixture, image| {
        let member = Member::start(fixture, 11, image).await;
        let held = member.held().await;
        let mut elsewhere = member.as_primary();
        elsewhere.port = 2;
        docker(&["pause", &member.container]);
        let short = Duration::from_millis(300);
        let promoted = NetworkEngine.promote(&member.endpoint, &held, short).await;
        let followed = NetworkEngine
            .follow(&member.endpoint, &elsewhere, short)
            .await;
        for error in [promoted.unwrap_err(), followed.unwrap_err()] {
            assert!(matches!(error, EngineError::Timeout { .. }), "{error:?}");
        }
        docker(&["unpause", &member.container]);
        eventually("it follows whom it was told", async || {
            let primary = member.look().await.primary;
            (primary.expect("not be promoted").1 == 2).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_primary_that_hands_over_holds_writes_until_it_follows() {
    with_images(async |fixture, image| {
        let primary = Member::start(fixture, 11, image).await;
        let replica = Member::start(fixture, 12, image).await;
        primary.promote().await;
        replica.follow(&primary).await;
        replica.wait_in_sync().await;
        let hold = Duration::from_secs(30);
        let given = NetworkEngine
            .hold_writes(&primary.endpoint, hold, DEADLINE)
            .await
            .unwrap()
            .expect("all our images can");
        let late = ["SET", "k", "late"];
        let waits = tokio::time::timeout(Duration::from_millis(200), primary.ask::<()>(&late));
        let outcome = waits.await;
        assert!(outcome.is_err(), "a write waits: {outcome:?}");
        assert_eq!(primary.held().await, given);
        NetworkEngine
            .promote(&replica.endpoint, &given, DEADLINE)
            .await
            .unwrap();
        primary.follow(&replica).await;
        primary.wait_in_sync().await;
        for member in [&primary, &replica] {
            assert!(!member.has("k").await, "what was held is nowhere");
        }
    })
    .await;
}
