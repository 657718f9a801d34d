//! Slots move from one shard to another, and nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cacheplane::engine::cluster::{
    ClusterOrder, KeyConflict, MigrationLimits, MigrationState, SlotMigration, SlotState,
};
use cacheplane::engine::{Engine as _, EngineError, NetworkEngine};
use cacheplane::resources::engine;
use cacheplane::resources::slots::{SlotSet, key_slot};
use cacheplane::runtime::Runtime;
use tokio::task::JoinHandle;

use super::client::Client;
use super::moving::slot;
use super::nodes::{Cluster, PORT};
use crate::fixture::{DEADLINE, GRACE, docker, eventually, say};
use crate::replication::with_images;

/// Fields of the large hash.
const FIELDS: &str = "200000";

/// Slots that are on their way at once.
const BATCH: usize = 512;

impl Cluster {
    /// Moves slots as a reconciler would: a batch is opened, emptied, closed.
    async fn reshard(&self, slots: &SlotSet, from: usize, to: usize) -> u64 {
        let all: Vec<u16> = slots.iter().collect();
        let mut keys = 0;
        for batch in all.chunks(BATCH) {
            let batch: SlotSet = batch.iter().copied().collect();
            self.open(&batch, from, to).await;
            keys += self.finish(&batch, from, to).await;
        }
        keys
    }
}

/// Keys of every type, by the commands that make them and a command that shows what is in them.
const TYPES: [(&str, &[&str], &[&str]); 9] = [
    ("string", &["SET", "a string", "v"], &["GET", "a string"]),
    (
        "one with a time to live",
        &["SET", "mortal", "v", "EX", "3600"],
        &["GET", "mortal"],
    ),
    (
        "one with an odd name",
        &["SET", "odd \r\n $5 *3\t\"", "v"],
        &["GET", "odd \r\n $5 *3\t\""],
    ),
    (
        "list",
        &["RPUSH", "list", "a", "b", "a"],
        &["LRANGE", "list", "0", "-1"],
    ),
    ("set", &["SADD", "set", "a", "b", "3"], &["SMEMBERS", "set"]),
    (
        "sorted set",
        &["ZADD", "zset", "1", "a", "2.5", "b"],
        &["ZRANGE", "zset", "0", "-1", "WITHSCORES"],
    ),
    (
        "hash",
        &["HSET", "hash", "f", "1", "g", "2"],
        &["HGETALL", "hash"],
    ),
    (
        "stream",
        &["XADD", "stream", "1-1", "f", "v"],
        &["XRANGE", "stream", "-", "+"],
    ),
    (
        "bits",
        &["SETBIT", "bits", "70000", "1"],
        &["BITPOS", "bits", "1"],
    ),
];

/// What is in a key, whatever the order in which the engine says it.
async fn content(client: &mut Client, look: &[&str]) -> Vec<String> {
    let answer: redis::Value = client.call(look).await;
    let mut parts = match answer {
        redis::Value::Array(parts) => parts.iter().map(|part| format!("{part:?}")).collect(),
        other => vec![format!("{other:?}")],
    };
    parts.sort();
    parts
}

/// Counts and reads until it is told to stop, and knows each answer beforehand. Returns how often it counted.
fn traffic(cluster: &Cluster, stop: &Arc<AtomicBool>) -> JoinHandle<u64> {
    let (mut client, stop) = (Client::new(cluster), Arc::clone(stop));
    tokio::spawn(async move {
        let mut rounds = 0;
        while !stop.load(Ordering::Relaxed) {
            rounds += 1;
            for number in 0..50 {
                let count: u64 = client.call(&["INCR", &format!("counter {number}")]).await;
                assert_eq!(count, rounds);
                let key = format!("key {}", (rounds * 50 + number) % 2_000);
                let value: Option<String> = client.call(&["GET", &key]).await;
                assert_eq!(value.as_deref(), Some("value"), "{key}");
                let fleeting = format!("fleeting {rounds} {number}");
                client.call::<()>(&["SET", &fleeting, "v"]).await;
                let gone: u64 = client.call(&["DEL", &fleeting]).await;
                assert_eq!(gone, 1);
            }
        }
        rounds
    })
}

async fn fill(client: &mut Client) -> Vec<Vec<String>> {
    for number in 0..2_000 {
        client
            .call::<()>(&["SET", &format!("key {number}"), "value"])
            .await;
    }
    let many = "for i = 1, ARGV[1] do redis.call('HSET', KEYS[1], 'field ' .. i, i) end";
    let make = ["EVAL", many, "1", "large", FIELDS];
    client.call_at::<()>("large", &make).await;
    let mut contents = Vec::new();
    for (_, make, look) in TYPES {
        client.call::<redis::Value>(make).await;
        contents.push(content(client, look).await);
    }
    contents
}

async fn check(client: &mut Client, contents: &[Vec<String>], rounds: u64) {
    for number in 0..2_000 {
        let value: String = client.call(&["GET", &format!("key {number}")]).await;
        assert_eq!(value, "value");
    }
    for number in 0..50 {
        let count: u64 = client.call(&["GET", &format!("counter {number}")]).await;
        assert_eq!(count, rounds);
    }
    let fields: u64 = client.call(&["HLEN", "large"]).await;
    assert_eq!(fields.to_string(), FIELDS);
    let last: String = client
        .call(&["HGET", "large", &format!("field {FIELDS}")])
        .await;
    assert_eq!(last, FIELDS);
    for ((name, _, look), before) in TYPES.iter().zip(contents) {
        assert_eq!(&content(client, look).await, before, "{name}");
    }
    let ttl: i64 = client.call(&["TTL", "mortal"]).await;
    assert!((1..=3600).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn a_shard_is_emptied_and_filled_while_clients_go_on() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 2, image).await;
        let mut client = Client::new(&cluster);
        let contents = fill(&mut client).await;
        let stop = Arc::new(AtomicBool::new(false));
        let traffic = traffic(&cluster, &stop);
        let all = cluster.slots(0).await;
        for (from, to) in [(0, 1), (1, 0)] {
            let started = Instant::now();
            let keys = cluster.reshard(&all, from, to).await;
            say(&format!(
                "{keys} keys of {} slots in {:?}",
                all.len(),
                started.elapsed()
            ));
            assert!(keys > 900, "{keys}");
            assert!(cluster.slots(from).await.intersection(&all).is_empty());
        }
        stop.store(true, Ordering::Relaxed);
        let rounds = traffic.await.unwrap();
        say(&format!("{rounds} rounds"));
        check(&mut client, &contents, rounds).await;
        cluster.wait_whole().await;
        for node in &cluster.nodes {
            assert_eq!(node.view().await.open_slots, []);
        }
    })
    .await;
}

#[tokio::test]
async fn a_migration_that_was_cut_off_is_seen_and_finished() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 2, image).await;
        let mut client = Client::new(&cluster);
        let moving = slot("{first}");
        let (from, to) = match cluster.slots(0).await.contains(key_slot(b"{first}")) {
            true => (0, 1),
            false => (1, 0),
        };
        for number in 0..1_000 {
            let key = format!("{{first}} {number}");
            client.call::<()>(&["SET", &key, "value"]).await;
        }
        cluster.open(&moving, from, to).await;
        let few = MigrationLimits {
            keys: 300,
            ..MigrationLimits::default()
        };
        let moved = cluster.migrate(&moving, (from, to), KeyConflict::GiverWins, &few);
        let moved = moved.await.unwrap();
        assert!((300..1_000).contains(&moved.keys), "{moved:?}");
        assert_eq!((moved.keys + moved.remaining, moved.too_large), (1_000, 0));

        // Both remember it, also when they are stopped and started again.
        let open = async || {
            let (giver, taker) = (
                cluster.nodes[from].view().await,
                cluster.nodes[to].view().await,
            );
            let migrating = SlotState::Migrating(cluster.ids[to].clone());
            let importing = SlotState::Importing(cluster.ids[from].clone());
            (giver.open(&migrating), taker.open(&importing))
        };
        assert_eq!(open().await, (moving.clone(), moving.clone()));
        for node in [from, to] {
            let node = &cluster.nodes[node];
            fixture
                .runtime
                .restart_container(&node.container, GRACE)
                .await
                .unwrap();
            node.wait_ready().await;
        }
        cluster.wait_whole().await;
        assert_eq!(open().await, (moving.clone(), moving.clone()));

        // The giver does not let go of a slot of which it holds keys.
        let owned = [ClusterOrder::SetSlots(
            moving.clone(),
            SlotState::Owned(cluster.ids[to].clone()),
        )];
        let told = NetworkEngine.cluster_order(&cluster.nodes[from].endpoint, &owned, DEADLINE);
        let error = told.await.unwrap_err();
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");

        let limits = MigrationLimits::default();
        let rest = cluster.migrate(&moving, (from, to), KeyConflict::GiverWins, &limits);
        let rest = rest.await.unwrap();
        assert_eq!((rest.keys + moved.keys, rest.remaining), (1_000, 0));
        cluster.close(&moving, from, to).await;
        assert_eq!(open().await, (SlotSet::EMPTY, SlotSet::EMPTY));

        // One of which nothing has moved is left where it was.
        let second = slot("{first}");
        cluster.open(&second, to, from).await;
        let stable = ClusterOrder::SetSlots(second.clone(), SlotState::Stable);
        for node in [to, from] {
            cluster.nodes[node]
                .order(std::slice::from_ref(&stable))
                .await;
        }
        cluster.wait_whole().await;
        let mut client = Client::new(&cluster);
        for number in 0..1_000 {
            let key = format!("{{first}} {number}");
            assert_eq!(client.call::<String>(&["GET", &key]).await, "value");
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_values_the_right_one_stays() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 2, image).await;
        let limits = MigrationLimits::default();
        let (giver, taker) = (&cluster.nodes[0], &cluster.nodes[1]);
        let [first, second] = <[String; 2]>::try_from(cluster.tags(2).await).unwrap();
        for tag in [&first, &second] {
            let (both, one) = (format!("{tag} both"), format!("{tag} one"));
            giver.tell::<()>(&["SET", &both, "giver"]).await;
            giver.tell::<()>(&["SET", &one, "only here"]).await;
            cluster.open(&slot(tag), 0, 1).await;
            taker.tell_asking(&["SET", &both, "taker"]).await;
        }
        let migrate = async |tag: &str, conflict| {
            let moving = slot(tag);
            let moved = cluster.migrate(&moving, (0, 1), conflict, &limits);
            moved.await
        };
        let error = migrate(&first, KeyConflict::Refuse).await.unwrap_err();
        assert!(error.to_string().contains("BUSYKEY"), "{error:?}");
        let both = format!("{first} both");
        assert_eq!(taker.tell_asking(&["GET", &both]).await, "taker");
        assert_eq!(giver.tell::<String>(&["GET", &both]).await, "giver");
        for (tag, conflict, value) in [
            (&first, KeyConflict::TakerWins, "taker"),
            (&second, KeyConflict::GiverWins, "giver"),
        ] {
            assert_eq!(migrate(tag, conflict).await.unwrap().remaining, 0);
            cluster.close(&slot(tag), 0, 1).await;
            let get = async |key: &str| {
                taker
                    .tell::<String>(&["GET", &format!("{tag} {key}")])
                    .await
            };
            assert_eq!(
                (get("both").await.as_str(), get("one").await.as_str()),
                (value, "only here")
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_silent_taker_and_a_large_key_hold_a_slot_up() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 2, image).await;
        let (giver, taker) = (&cluster.nodes[0], &cluster.nodes[1]);
        let tags = cluster.tags(5).await;
        let tag = &tags[0];
        for number in 0..20 {
            giver
                .tell::<()>(&["SET", &format!("{tag} {number}"), "v"])
                .await;
        }
        giver
            .tell::<()>(&["SETRANGE", &format!("{tag} large"), "99999", "v"])
            .await;
        let owned = cluster.slots(0).await;
        let larger_than = async |bytes| {
            let measured = NetworkEngine.measure_slots(&giver.endpoint, &owned, bytes, DEADLINE);
            measured.await.unwrap()
        };
        let measured = larger_than(10_000).await;
        assert_eq!(measured.too_large, slot(tag));
        assert_eq!(measured.movable, owned.difference(&slot(tag)));
        assert_eq!(larger_than(1 << 20).await.movable, owned);
        // Of four slots with so many keys it takes a second turn.
        cluster.fill(&tags[1..], 10_000).await;
        let measured = larger_than(1 << 20).await;
        let left = owned.difference(&measured.movable);
        assert!(!left.is_empty() && measured.too_large.is_empty());
        let rest = NetworkEngine.measure_slots(&giver.endpoint, &left, 1 << 20, DEADLINE);
        assert_eq!(rest.await.unwrap().movable, left);
        cluster.open(&slot(tag), 0, 1).await;
        let migrate = async |limits| {
            let conflict = KeyConflict::GiverWins;
            let moving = slot(tag);
            let moved = cluster.migrate(&moving, (0, 1), conflict, &limits);
            moved.await
        };
        docker(&["pause", &taker.container]);
        let impatient = MigrationLimits {
            stall: Duration::from_millis(300),
            ..MigrationLimits::default()
        };
        let error = migrate(impatient).await.unwrap_err();
        docker(&["unpause", &taker.container]);
        let EngineError::Unreachable { endpoint, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(*endpoint, format!("{}:{PORT}", taker.address));

        let small = MigrationLimits {
            key_bytes: 10_000,
            ..MigrationLimits::default()
        };
        let moved = migrate(small).await.unwrap();
        assert_eq!((moved.remaining, moved.too_large), (1, 1), "{moved:?}");
        assert_eq!(moved.left, slot(tag));
        let moved = migrate(MigrationLimits::default()).await.unwrap();
        assert_eq!((moved.keys, moved.remaining, moved.too_large), (1, 0, 0));
        cluster.close(&slot(tag), 0, 1).await;
        let held: u64 = taker
            .tell(&["CLUSTER", "COUNTKEYSINSLOT", &slot(tag).to_string()])
            .await;
        assert_eq!(held, 21);
    })
    .await;
}

/// Waits until the first node's latest move of slots is over.
async fn settled(cluster: &Cluster) -> SlotMigration {
    eventually("the move of slots is over", async || {
        let node = &cluster.nodes[0].endpoint;
        let moves = NetworkEngine.slot_migrations(node, DEADLINE).await.unwrap();
        let latest = moves.into_iter().next()?;
        (latest.state != MigrationState::Running).then_some(latest)
    })
    .await
}

#[tokio::test]
async fn slots_are_given_away_as_a_whole() {
    with_images(async |fixture, image| {
        let cluster = Cluster::form(fixture, 2, image).await;
        let giver = &cluster.nodes[0].endpoint;
        let all = cluster.slots(0).await;
        let away = [(all.clone(), cluster.ids[1].clone())];
        let start = async || {
            NetworkEngine
                .slot_migration_start(giver, &away, DEADLINE)
                .await
        };
        let line = engine::image_line(engine::find(image.1, image.2).unwrap(), image.0);
        if !engine::supports_atomic_migration(image.1, line) {
            let error = start().await.unwrap_err();
            assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
            return;
        }
        let mut client = Client::new(&cluster);
        let contents = fill(&mut client).await;
        let stop = Arc::new(AtomicBool::new(false));
        let traffic = traffic(&cluster, &stop);

        // Given up in time, it is as if nothing had been.
        docker(&["pause", &cluster.nodes[1].container]);
        start().await.unwrap();
        let error = start().await.unwrap_err();
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
        NetworkEngine
            .slot_migration_cancel(giver, DEADLINE)
            .await
            .unwrap();
        let given_up = settled(&cluster).await;
        docker(&["unpause", &cluster.nodes[1].container]);
        assert_eq!(given_up.state, MigrationState::Cancelled, "{given_up:?}");
        assert_eq!(cluster.slots(0).await, all);
        cluster.wait_whole().await;

        let started = Instant::now();
        start().await.unwrap();
        let done = settled(&cluster).await;
        say(&format!("{} slots in {:?}", all.len(), started.elapsed()));
        assert_eq!(done.state, MigrationState::Succeeded, "{done:?}");
        assert_eq!((&done.slots, done.is_import), (&all, false));
        assert_eq!(
            (&done.source_id, &done.target_id),
            (&cluster.ids[0], &cluster.ids[1])
        );
        stop.store(true, Ordering::Relaxed);
        let rounds = traffic.await.unwrap();
        check(&mut client, &contents, rounds).await;
        assert!(cluster.slots(0).await.is_empty());
        cluster.wait_whole().await;
    })
    .await;
}
