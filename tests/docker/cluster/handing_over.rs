//! Slots that are handed over whole: nobody is sent back and forth, however late we are, and nothing is given up that was not taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cacheplane::engine::cluster::{HandOver, MigrationLimits};
use cacheplane::engine::{Engine as _, NetworkEngine, NodeEndpoint};
use cacheplane::resources::engine::Engine;
use cacheplane::resources::slots::{SlotSet, key_slot};
use redis::{ErrorKind, RedisError, ServerErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::client::Client;
use super::nodes::{Cluster, Node, PORT};
use crate::fixture::{DEADLINE, say};
use crate::replication::with_images;

/// Slots with keys that are moved, and keys of each.
const SLOTS: usize = 40;
const KEYS: usize = 5;

/// How late everything is that we say to the taker, and that we hear.
const LATE: Duration = Duration::from_millis(10);

/// From Valkey 8 on no slot is handed over so.
fn hands_over(image: (&str, Engine, &str)) -> bool {
    image.1 == Engine::Redis
}

/// What a connection of ours to a node goes through.
#[derive(Clone, Copy)]
enum Way {
    Late,
    /// Whoever shall wait for a mark does not; we are told that it does.
    Forgetful,
}

/// A way to a node that is not the straight one; for as long as the task is not aborted.
async fn way(node: &Node, way: Way) -> (NodeEndpoint, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = NodeEndpoint {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        ..node.endpoint.clone()
    };
    let address = node.address;
    let accepting = tokio::spawn(async move {
        loop {
            let (ours, _) = listener.accept().await.unwrap();
            let theirs = TcpStream::connect((address, PORT)).await.unwrap();
            let (from_us, to_us) = ours.into_split();
            let (from_node, to_node) = theirs.into_split();
            let to_us = Arc::new(tokio::sync::Mutex::new(to_us));
            tokio::spawn(ask(way, from_us, to_node, Arc::clone(&to_us)));
            tokio::spawn(answer(way, from_node, to_us));
        }
    });
    (endpoint, accepting)
}

type Ours = Arc<tokio::sync::Mutex<tokio::net::tcp::OwnedWriteHalf>>;

async fn ask(
    way: Way,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    ours: Ours,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let told = &bytes[..count];
        match way {
            Way::Late => tokio::time::sleep(LATE).await,
            Way::Forgetful if told.windows(5).any(|word| word == b"BLPOP") => {
                ours.lock().await.write_all(b"+OK\r\n").await.unwrap();
                continue;
            }
            Way::Forgetful => {}
        }
        if to.write_all(told).await.is_err() {
            return;
        }
    }
    to.shutdown().await.ok();
}

async fn answer(way: Way, mut from: impl AsyncRead + Unpin, ours: Ours) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if let Way::Late = way {
            tokio::time::sleep(LATE).await;
        }
        if ours.lock().await.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

impl Cluster {
    /// Hands slots of the first node over to the second.
    async fn hand_over(&self, slots: &SlotSet, taker: &NodeEndpoint) -> SlotSet {
        let address = self.nodes[1].taker();
        let plan = HandOver {
            giver_id: &self.ids[0],
            taker_id: &self.ids[1],
            taker: &address,
        };
        let giver = &self.nodes[0].endpoint;
        let limits = MigrationLimits::default();
        let handed = NetworkEngine.hand_over_slots(giver, taker, slots, &plan, &limits, DEADLINE);
        handed.await.unwrap().slots
    }
}

/// How many keys the giver comes to hold, and the taker, and their replicas.
async fn wait_counts(cluster: &Cluster, counts: [usize; 2]) {
    for node in 0..cluster.nodes.len() {
        cluster.wait_keys(node, counts[node % 2] as u64).await;
    }
}

fn slots_of(keys: &[Vec<String>]) -> SlotSet {
    let slots = keys.iter().map(|keys| key_slot(keys[0].as_bytes()));
    slots.collect()
}

/// Reads as one who believes that the first node has everything, until told to stop. Returns how many turns the longest way took.
fn reader(cluster: &Cluster, keys: Vec<String>, stop: &Arc<AtomicBool>) -> JoinHandle<u32> {
    let nodes: Vec<String> = cluster
        .nodes
        .iter()
        .map(|it| it.address.to_string())
        .collect();
    let stop = Arc::clone(stop);
    tokio::spawn(async move {
        let mut connections = Vec::new();
        for node in &nodes[..2] {
            let client = redis::Client::open(format!("redis://{node}:{PORT}")).unwrap();
            connections.push(client.get_multiplexed_async_connection().await.unwrap());
        }
        let mut longest = 0;
        while !stop.load(Ordering::Relaxed) {
            for key in &keys {
                let mut at = 0;
                let mut turns = 0;
                loop {
                    let mut get = redis::cmd("GET");
                    let answer = get.arg(key).query_async(&mut connections[at]).await;
                    let error: RedisError = match answer {
                        Ok(value) => {
                            let value: Option<String> = value;
                            assert_eq!(value.as_deref(), Some("value"), "{key}");
                            break;
                        }
                        Err(error) => error,
                    };
                    let moved = ErrorKind::Server(ServerErrorKind::Moved);
                    assert_eq!(error.kind(), moved, "{error:?}");
                    at = 1 - at;
                    turns += 1;
                }
                longest = longest.max(turns);
            }
        }
        longest
    })
}

#[tokio::test]
async fn nobody_is_sent_back_however_late_we_are() {
    with_images(async |fixture, image| {
        if !hands_over(image) {
            return;
        }
        let cluster = Cluster::form(fixture, 2, image).await;
        let keys = cluster.fill(&cluster.tags(SLOTS).await, KEYS).await;
        let first_empty = cluster.slots(0).await.difference(&slots_of(&keys));
        let empty: SlotSet = first_empty.iter().take(SLOTS).collect();
        let with_keys = slots_of(&keys);
        // Slots move because a node is full.
        for (name, value) in [("maxmemory-policy", "noeviction"), ("maxmemory", "1")] {
            cluster.nodes[0]
                .tell::<()>(&["CONFIG", "SET", name, value])
                .await;
        }
        let (taker, accepting) = way(&cluster.nodes[1], Way::Late).await;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = keys.iter().map(|keys| keys[0].clone()).collect();
        let reading = reader(&cluster, asked, &stop);
        for slots in [with_keys, empty] {
            let mut left = slots.clone();
            // As many calls as they take, of some seconds each.
            for _ in 0..20 {
                left = left.difference(&cluster.hand_over(&left, &taker).await);
            }
            assert!(left.is_empty(), "{left:?}");
            assert!(cluster.slots(0).await.intersection(&slots).is_empty());
        }
        stop.store(true, Ordering::Relaxed);
        let turns = reading.await.unwrap();
        say(&format!("{turns} turns at most"));
        assert_eq!(turns, 1);
        accepting.abort();
        wait_counts(&cluster, [0, SLOTS * KEYS]).await;
        cluster.wait_whole().await;
        for node in &cluster.nodes {
            assert_eq!(node.view().await.open_slots, []);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_taken_is_not_given_up() {
    with_images(async |fixture, image| {
        if !hands_over(image) {
            return;
        }
        let cluster = Cluster::form(fixture, 2, image).await;
        let keys = cluster.fill(&cluster.tags(3).await, KEYS).await;
        let [unclaimed, refused, taken] = [0, 1, 2].map(|one| slots_of(&keys[one..=one]));
        let owns = async |slots: &SlotSet| {
            let owned = cluster.slots(0).await;
            assert_eq!(owned.intersection(slots), *slots);
        };

        // As if we had ended: nobody waits at the taker.
        let (taker, accepting) = way(&cluster.nodes[1], Way::Forgetful).await;
        assert_eq!(cluster.hand_over(&unclaimed, &taker).await, SlotSet::EMPTY);
        accepting.abort();
        owns(&unclaimed).await;

        // It has no room.
        let full = |bytes| ["CONFIG", "SET", "maxmemory", bytes];
        let taker = &cluster.nodes[1];
        taker
            .tell::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
            .await;
        taker.tell::<()>(&full("1")).await;
        let handed = cluster.hand_over(&refused, &taker.endpoint).await;
        assert_eq!(handed, SlotSet::EMPTY);
        owns(&refused).await;
        taker.tell::<()>(&full("0")).await;

        // One that stays behind holds no other up, and is there for clients all the time.
        let all = slots_of(&keys);
        let handed = cluster.hand_over(&all, &taker.endpoint).await;
        assert!(handed.contains(taken.iter().next().unwrap()), "{handed:?}");
        let mut client = Client::new(&cluster);
        for key in keys.iter().flatten() {
            assert_eq!(client.call::<String>(&["GET", key]).await, "value");
        }
        cluster.finish(&all.difference(&handed), 0, 1).await;
        wait_counts(&cluster, [0, 3 * KEYS]).await;
        cluster.wait_whole().await;
    })
    .await;
}
