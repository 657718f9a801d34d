//! The control plane is killed (SIGKILL) in the middle of what it does to real containers, and started again.
//!
//! Each test does one operation several times, and each time kills at another moment: after a number of Docker's events that the
//! seed chooses, and a few milliseconds more. Where the kill falls is chance; what is demanded afterwards is the same wherever it
//! fell, so no result depends on time. The seeds are said when a run fails; `CACHEPLANE_TEST_SEED` gives others.

mod audit;
mod clients;
mod process;

use std::time::Duration;

use cacheplane::resources::engine::Engine;

use crate::fixture::eventually;
use process::{ControlPlane, Endpoint, Members};

/// Chance that is the same for the same seed: SplitMix64.
struct Dice(u64);

impl Dice {
    /// The dice of a seed, other ones for another operation.
    fn new(seed: u64, operation: &str) -> Self {
        let number = operation.bytes().fold(seed, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        Self(number)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What a cache cluster shall be in the end.
struct Goal<'a> {
    id: &'a str,
    /// None when it shall be gone.
    nodes: Option<&'a [&'a str]>,
    /// Of the list of nodes that clients discover.
    config_version: u32,
}

const REDIS: &[(&str, &str)] = &[("Engine", "redis"), ("CacheNodeType", "cache.t3.micro")];
const MEMCACHED: &[(&str, &str)] = &[("Engine", "memcached"), ("CacheNodeType", "cache.t3.micro")];
const THREE: &[&str] = &["0001", "0002", "0003"];

/// Which seeds a test runs with: those that it names, moved on by `CACHEPLANE_TEST_SEED`.
fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = std::env::var("CACHEPLANE_TEST_SEED")
        .map_or(0, |text| text.parse::<u64>().expect("CACHEPLANE_TEST_SEED"));
    first..first + count
}

/// Asks for something and kills the control plane while it does it, once or twice; starts it again and waits until the goals are
/// reached. `events` is about how many events of Docker's the operation causes.
async fn killed_during(
    plane: &mut ControlPlane,
    seed: u64,
    events: u64,
    requests: &[(&str, Members<'_>)],
    goals: &[Goal<'_>],
) {
    let operation = requests.iter().flat_map(|(_, members)| *members);
    let names: String = operation
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut dice = Dice::new(seed, &names);
    let mut watch = plane.watch();
    for (action, members) in requests {
        plane.call(action, members).await.demand_success();
    }
    for kill in 0..=dice.below(2) {
        // A second kill falls into what is left to be done.
        let moment = dice.below(events + 1) / (kill + 1);
        let more_ms = dice.below(60);
        let seen = watch.seen();
        let mut is_over = false;
        while !is_over && watch.seen() < seen + moment {
            tokio::time::sleep(Duration::from_millis(5)).await;
            is_over = plane.reached(goals).await;
        }
        tokio::time::sleep(Duration::from_millis(more_ms)).await;
        plane.kill();
        crate::fixture::say(&format!(
            "seed {seed}: killed after {} events, {moment} chosen, and {more_ms} ms{}",
            watch.seen() - seen,
            if is_over { "; it was over" } else { "" }
        ));
        plane.start().await;
    }
    eventually(&format!("seed {seed}: the goals are reached"), async || {
        plane.reached(goals).await.then_some(())
    })
    .await;
    for goal in goals.iter().filter(|goal| goal.config_version > 0) {
        if goal.nodes.is_some() {
            plane.check_discovery(goal).await;
        }
    }
    plane.check_settled().await;
}

impl ControlPlane {
    async fn reached(&self, goals: &[Goal<'_>]) -> bool {
        for goal in goals {
            let reply = self.describe(goal.id).await;
            let is_there = match goal.nodes {
                None => reply.is_fault("CacheClusterNotFound"),
                Some(nodes) => {
                    reply.texts("CacheClusterStatus") == ["available"]
                        && reply.texts("CacheNodeId") == nodes
                }
            };
            if !is_there {
                return false;
            }
        }
        true
    }

    /// Makes a cache cluster, undisturbed.
    async fn make(&self, id: &str, members: &[(&str, &str)]) {
        let mut all = vec![("CacheClusterId", id)];
        all.extend_from_slice(members);
        self.call("CreateCacheCluster", &all).await.demand_success();
        self.available(id).await;
    }

    async fn available(&self, id: &str) {
        eventually(&format!("{id} is available"), async || {
            let reply = self.describe(id).await;
            (reply.texts("CacheClusterStatus") == ["available"]).then_some(())
        })
        .await;
    }

    async fn check_discovery(&self, goal: &Goal<'_>) {
        let reply = self.describe(goal.id).await;
        let [configuration, nodes @ ..] = &reply.endpoints()[..] else {
            panic!("no endpoints: {}", reply.body);
        };
        let mut nodes = nodes.to_vec();
        nodes.sort();
        assert_eq!(
            configuration.discover().await,
            (goal.config_version, nodes),
            "{}",
            goal.id
        );
    }

    /// The only node of a Redis cache.
    async fn redis(&self, id: &str) -> Endpoint {
        let reply = self.describe(id).await;
        assert_eq!(reply.endpoints().len(), 1, "{}", reply.body);
        reply.endpoints()[0].clone()
    }
}

/// A goal: available, with these nodes, and for Memcached this version of their list.
fn there<'a>(id: &'a str, nodes: &'a [&'a str], config_version: u32) -> Goal<'a> {
    Goal {
        id,
        nodes: Some(nodes),
        config_version,
    }
}

/// A goal: gone.
fn gone(id: &str) -> Goal<'_> {
    Goal {
        id,
        nodes: None,
        config_version: 0,
    }
}

/// The first engine of a test's own name: ids tell what a container in `docker ps` is about.
fn id(engine: Engine, seed: u64) -> String {
    format!("{}-{seed}", engine.name())
}

async fn write_keys(endpoint: &Endpoint) {
    for number in 0..50 {
        let (key, value) = (format!("key:{number}"), format!("value {number}"));
        assert_eq!(endpoint.redis(&["SET", &key, &value]).await, "OK");
    }
}

async fn check_keys(endpoint: &Endpoint) {
    for number in 0..50 {
        let key = format!("key:{number}");
        assert_eq!(
            endpoint.redis(&["GET", &key]).await,
            format!("value {number}")
        );
    }
}

#[tokio::test]
async fn killed_while_it_makes_a_redis_cache() {
    process::with_control_plane("network", async |plane| {
        for seed in seeds(3) {
            let one = id(Engine::Redis, seed);
            let members = [&[("CacheClusterId", one.as_str())], REDIS].concat();
            let goal = there(&one, &["0001"], 0);
            killed_during(plane, seed, 3, &[("CreateCacheCluster", &members)], &[goal]).await;
            assert_eq!(plane.redis(&one).await.redis(&["PING"]).await, "PONG");
        }
    })
    .await;
}

#[tokio::test]
async fn killed_while_it_makes_a_memcached_cache() {
    process::with_control_plane("network", async |plane| {
        for seed in seeds(3) {
            let one = id(Engine::Memcached, seed);
            let members = [
                &[("CacheClusterId", one.as_str()), ("NumCacheNodes", "3")],
                MEMCACHED,
            ]
            .concat();
            let goal = there(&one, THREE, 1);
            killed_during(plane, seed, 8, &[("CreateCacheCluster", &members)], &[goal]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn killed_while_it_makes_and_deletes_caches_of_published_ports() {
    process::with_control_plane("published", async |plane| {
        for seed in seeds(2) {
            let (single, several) = (id(Engine::Redis, seed), id(Engine::Memcached, seed));
            let redis = [&[("CacheClusterId", single.as_str())], REDIS].concat();
            let named = [("CacheClusterId", several.as_str()), ("NumCacheNodes", "2")];
            let memcached = [&named[..], MEMCACHED].concat();
            let create = [
                ("CreateCacheCluster", &redis[..]),
                ("CreateCacheCluster", &memcached),
            ];
            let goals = [
                there(&single, &["0001"], 0),
                there(&several, &["0001", "0002"], 1),
            ];
            killed_during(plane, seed, 8, &create, &goals).await;
            let delete = [
                ("DeleteCacheCluster", &redis[..1]),
                ("DeleteCacheCluster", &memcached[..1]),
            ];
            killed_during(plane, seed, 8, &delete, &[gone(&single), gone(&several)]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn killed_while_it_changes_a_node_type() {
    process::with_control_plane("network", async |plane| {
        let one = id(Engine::Redis, 0);
        plane.make(&one, REDIS).await;
        write_keys(&plane.redis(&one).await).await;
        for (seed, node_type) in seeds(2).zip(["cache.t3.small", "cache.t3.micro"]) {
            let change = [
                ("CacheClusterId", one.as_str()),
                ("CacheNodeType", node_type),
                ("ApplyImmediately", "true"),
            ];
            let request = [("ModifyCacheCluster", &change[..])];
            killed_during(plane, seed, 5, &request, &[there(&one, &["0001"], 0)]).await;
            assert_eq!(
                plane.describe(&one).await.texts("CacheNodeType"),
                [node_type]
            );
            check_keys(&plane.redis(&one).await).await;
        }
    })
    .await;
}

#[tokio::test]
async fn killed_while_it_upgrades_an_engine() {
    process::with_control_plane("network", async |plane| {
        for seed in seeds(2) {
            let one = id(Engine::Redis, seed);
            let old = [REDIS, &[("EngineVersion", "6.2")]].concat();
            plane.make(&one, &old).await;
            let endpoint = plane.redis(&one).await;
            write_keys(&endpoint).await;
            let change = [
                ("CacheClusterId", one.as_str()),
                ("EngineVersion", "7.0"),
                ("ApplyImmediately", "true"),
            ];
            let request = [("ModifyCacheCluster", &change[..])];
            killed_during(plane, seed, 5, &request, &[there(&one, &["0001"], 0)]).await;
            assert_eq!(plane.redis(&one).await, endpoint);
            let server = endpoint.redis(&["INFO", "server"]).await;
            assert!(server.contains("redis_version:7.0."), "{server}");
            check_keys(&endpoint).await;
        }
    })
    .await;
}

#[tokio::test]
async fn killed_while_it_adds_and_removes_nodes() {
    process::with_control_plane("network", async |plane| {
        let one = id(Engine::Memcached, 0);
        let two = [MEMCACHED, &[("NumCacheNodes", "2")]].concat();
        plane.make(&one, &two).await;
        let named = ("CacheClusterId", one.as_str());
        let at_once = ("ApplyImmediately", "true");
        let mut version = 1;
        for seed in seeds(2) {
            let grow = [named, ("NumCacheNodes", "4"), at_once];
            let four = ["0001", "0002", "0003", "0004"];
            version += 2;
            let goal = there(&one, &four, version);
            killed_during(plane, seed, 6, &[("ModifyCacheCluster", &grow)], &[goal]).await;
            let shrink = [
                named,
                ("NumCacheNodes", "2"),
                ("CacheNodeIdsToRemove.CacheNodeId.1", "0003"),
                ("CacheNodeIdsToRemove.CacheNodeId.2", "0004"),
                at_once,
            ];
            version += 2;
            let goal = there(&one, &["0001", "0002"], version);
            killed_during(plane, seed, 6, &[("ModifyCacheCluster", &shrink)], &[goal]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn killed_while_it_reboots() {
    process::with_control_plane("network", async |plane| {
        let (single, several) = (id(Engine::Redis, 0), id(Engine::Memcached, 0));
        let three = [MEMCACHED, &[("NumCacheNodes", "3")]].concat();
        plane.make(&single, REDIS).await;
        plane.make(&several, &three).await;
        for seed in seeds(3) {
            write_keys(&plane.redis(&single).await).await;
            let before = plane.runs().await;
            let redis = [
                ("CacheClusterId", single.as_str()),
                ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
            ];
            let memcached = [
                ("CacheClusterId", several.as_str()),
                ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
                ("CacheNodeIdsToReboot.CacheNodeId.2", "0003"),
            ];
            let requests = [
                ("RebootCacheCluster", &redis[..]),
                ("RebootCacheCluster", &memcached),
            ];
            let goals = [there(&single, &["0001"], 0), there(&several, THREE, 1)];
            killed_during(plane, seed, 6, &requests, &goals).await;
            check_keys(&plane.redis(&single).await).await;
            // The same containers; new runs of those that were named, and of no other.
            let after = plane.runs().await;
            let rebooted: Vec<&String> = before
                .iter()
                .filter(|(name, run)| after[*name] != **run)
                .map(|(name, _)| name)
                .collect();
            let expected = [
                format!("{several}.0001"),
                format!("{several}.0003"),
                format!("{single}.0001"),
            ];
            assert_eq!(rebooted.len(), expected.len(), "{rebooted:?}");
            for (name, end) in rebooted.iter().zip(expected) {
                assert!(name.ends_with(&end), "{name} was rebooted, not {end}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn killed_while_it_deletes() {
    process::with_control_plane("network", async |plane| {
        for seed in seeds(3) {
            let (single, several) = (id(Engine::Redis, seed), id(Engine::Memcached, seed));
            let three = [MEMCACHED, &[("NumCacheNodes", "3")]].concat();
            plane.make(&single, REDIS).await;
            plane.make(&several, &three).await;
            let redis = [("CacheClusterId", single.as_str())];
            let memcached = [("CacheClusterId", several.as_str())];
            let requests = [
                ("DeleteCacheCluster", &redis[..]),
                ("DeleteCacheCluster", &memcached),
            ];
            killed_during(plane, seed, 8, &requests, &[gone(&single), gone(&several)]).await;
        }
    })
    .await;
}
