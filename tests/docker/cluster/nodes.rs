//! Nodes of a cluster on the real engine, as the control plane starts them, and how a cluster is made of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::slice::from_ref;
use std::time::Instant;

use cacheplane::engine::cluster::{ClusterOrder, ClusterView, NodeHealth};
use cacheplane::engine::{
    Credentials, Engine as _, EngineError, NetworkEngine, NodeEndpoint, PrimaryAddress, Protocol,
    Role,
};
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::engine_settings::{
    Administrator, ClusterSettings, Peer, ServerSettings, bus_port, server_command,
};
use cacheplane::resources::slots::{Coverage, SlotSet, even_split};
use cacheplane::resources::{node_type, parameter};
use cacheplane::runtime::{ContainerSpec, Runtime};
use futures_util::future::join_all;
use sha2::Digest as _;

use crate::fixture::{DEADLINE, Fixture, eventually};

const PEER_PASSWORD: &str = "what peers say";
pub(crate) const PORT: u16 = 6379;

pub(crate) struct Node {
    pub(crate) container: String,
    pub(crate) address: Ipv4Addr,
    /// How we reach it.
    pub(crate) endpoint: NodeEndpoint,
    bus_port: u16,
}

impl Node {
    pub(crate) async fn start(
        fixture: &Fixture,
        last: u8,
        (image, engine, version): (&str, Engine, &str),
    ) -> Node {
        let password = format!("secret of {last}");
        let address = fixture.node_address(last);
        let version = engine::find(engine, version).unwrap();
        let line = engine::image_line(version, image);
        let node_type = node_type::find("cache.m5.large").unwrap();
        let family = parameter::family(version.family).unwrap();
        let enabled = [("cluster-enabled", "yes")];
        let parameters: BTreeMap<_, _> =
            parameter::effective(family, &enabled, node_type).collect();
        let digest = |password: &str| hex::encode(sha2::Sha256::digest(password));
        let command = server_command(&ServerSettings {
            version,
            line,
            node_type,
            parameters: &parameters,
            port: PORT,
            cluster: Some(ClusterSettings {
                announce_address: address,
                announce_hostname: None,
                peer: Some(Peer {
                    user: Administrator {
                        name: "peers",
                        password_sha256: &digest(PEER_PASSWORD),
                    },
                    password: PEER_PASSWORD,
                }),
            }),
            administrator: Some(Administrator {
                name: "cacheplane",
                password_sha256: &digest(&password),
            }),
            guarded: false,
            encryption: None,
            iam: false,
            fenced: true,
            persistent: true,
            open_files_limit: Some(10_000),
        });
        let spec = ContainerSpec {
            image: image.to_owned(),
            command,
            memory_limit_bytes: None,
            ..fixture.redis(&format!("node{last}"), last).await
        };
        fixture.runtime.ensure_container(&spec).await.unwrap();
        let node = Node {
            container: spec.name,
            address,
            endpoint: NodeEndpoint {
                host: address.to_string(),
                port: PORT,
                protocol: Protocol::Redis,
                encryption: None,
                administrator: Some(Credentials {
                    user: "cacheplane".into(),
                    password,
                }),
            },
            bus_port: bus_port(line, PORT).unwrap(),
        };
        node.wait_ready().await;
        node
    }

    pub(crate) async fn wait_ready(&self) {
        let ready = NetworkEngine.wait_ready(&self.endpoint, DEADLINE).await;
        ready.unwrap();
    }

    /// How the others reach it.
    pub(crate) fn taker(&self) -> PrimaryAddress {
        PrimaryAddress {
            encrypted: false,
            host: self.address.to_string(),
            port: PORT,
            administrator: self.endpoint.administrator.clone(),
        }
    }

    pub(crate) async fn view(&self) -> ClusterView {
        let view = NetworkEngine.cluster_view(&self.endpoint, DEADLINE).await;
        view.unwrap()
    }

    pub(crate) async fn id(&self) -> String {
        self.view().await.myself.node_id
    }

    /// Tells it one thing after the other. Since Valkey 8 it refuses, and does not do, what its replicas have not heard of within two seconds;
    /// then it is told again, as the control plane does.
    pub(crate) async fn order(&self, orders: &[ClusterOrder]) {
        for order in orders {
            let deadline = Instant::now() + DEADLINE;
            loop {
                let told = NetworkEngine.cluster_order(&self.endpoint, from_ref(order), DEADLINE);
                match told.await {
                    Err(EngineError::Refused { message, .. })
                        if message.contains("NOREPLICAS") && Instant::now() < deadline => {}
                    told => break told.unwrap(),
                }
            }
        }
    }

    pub(crate) fn meet(&self) -> ClusterOrder {
        ClusterOrder::Meet {
            host: self.address.to_string(),
            port: PORT,
            bus_port: self.bus_port,
        }
    }

    async fn administrator(&self) -> redis::aio::MultiplexedConnection {
        let settings = redis::RedisConnectionInfo::default()
            .set_username("cacheplane")
            .set_password(&self.endpoint.administrator.as_ref().unwrap().password);
        let address = redis::ConnectionAddr::Tcp(self.address.to_string(), PORT);
        let address = redis::IntoConnectionInfo::into_connection_info(address).unwrap();
        let client = redis::Client::open(address.set_redis_settings(settings)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// What the control plane's own user gets for a command.
    pub(crate) async fn tell<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::Cmd::new();
        let answer = command
            .arg(words)
            .query_async(&mut self.administrator().await)
            .await;
        answer.unwrap_or_else(|error| panic!("{words:?}: {error:?}"))
    }

    /// What it gets for a command about a slot that is coming.
    pub(crate) async fn tell_asking(&self, words: &[&str]) -> String {
        let mut command = redis::Cmd::new();
        command.arg(words);
        let answer: redis::RedisResult<(String,)> = redis::pipe()
            .cmd("ASKING")
            .ignore()
            .add_command(command)
            .query_async(&mut self.administrator().await)
            .await;
        answer
            .unwrap_or_else(|error| panic!("{words:?}: {error:?}"))
            .0
    }
}

/// A cluster: the primaries first, then a replica of each, in the same order.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) ids: Vec<String>,
    shards: usize,
}

impl Cluster {
    /// Starts two nodes for each shard and makes a cluster of them, with an even share of slots each.
    pub(crate) async fn form(
        fixture: &Fixture,
        shards: u8,
        image: (&str, Engine, &str),
    ) -> Cluster {
        let starting = (0..2 * shards).map(|node| Node::start(fixture, 11 + node, image));
        let nodes = join_all(starting).await;
        let ids = join_all(nodes.iter().map(Node::id)).await;
        let cluster = Cluster {
            nodes,
            ids,
            shards: usize::from(shards),
        };
        cluster.introduce().await;
        cluster.share().await;
        cluster.wait_whole().await;
        cluster
    }

    /// Adds a primary without slots and its replica, whose numbers are the next ones.
    pub(crate) async fn grow(&mut self, fixture: &Fixture, image: (&str, Engine, &str)) {
        let next = 11 + u8::try_from(self.nodes.len()).unwrap();
        let starting = (next..next + 2).map(|last| Node::start(fixture, last, image));
        for node in join_all(starting).await {
            self.ids.push(node.id().await);
            self.nodes[0].order(&[node.meet()]).await;
            self.nodes.push(node);
        }
        self.shards += 1;
        self.wait_met().await;
        let [primary, replica] = [self.nodes.len() - 2, self.nodes.len() - 1];
        let follow = ClusterOrder::Replicate(self.ids[primary].clone());
        self.nodes[replica].order(&[follow]).await;
        self.wait_whole().await;
    }

    /// Every node is told of every other: so nobody waits for gossip.
    async fn introduce(&self) {
        let telling = self.nodes.iter().zip(1..).map(async |(node, epoch)| {
            let mut orders = vec![ClusterOrder::SetConfigEpoch(epoch)];
            let others = self
                .nodes
                .iter()
                .filter(|other| other.address != node.address);
            orders.extend(others.map(Node::meet));
            node.order(&orders).await;
        });
        join_all(telling).await;
        self.wait_met().await;
    }

    async fn wait_met(&self) {
        self.wait("everyone knows everyone", async |view| {
            let known = view.nodes().filter(|node| !node.is_in_handshake);
            known.count() == self.nodes.len()
        })
        .await;
    }

    async fn share(&self) {
        let split = even_split(u16::try_from(self.shards).unwrap());
        for (number, slots) in split.into_iter().enumerate() {
            let primary_id = self.ids[number].clone();
            self.nodes[number]
                .order(&[ClusterOrder::AddSlots(slots)])
                .await;
            self.nodes[self.shards + number]
                .order(&[ClusterOrder::Replicate(primary_id)])
                .await;
        }
    }

    /// Waits until every node says that all is well.
    pub(crate) async fn wait_whole(&self) {
        self.wait("all is well everywhere", async |view| {
            let owned = Coverage::of(view.nodes().map(|node| &node.slots));
            let replicas = view.nodes().filter(|node| node.role == Role::Replica);
            let heard = view.nodes().all(|node| node.health == NodeHealth::Well);
            let synced = match &view.report.replication {
                Some(found) if found.primary.is_some() => found.link_up,
                Some(found) => found.replicas.iter().any(|replica| replica.online),
                None => false,
            };
            view.is_ok && owned.is_exact() && replicas.count() == self.shards && heard && synced
        })
        .await;
    }

    /// Waits until something is so in every node's view.
    pub(crate) async fn wait(&self, what: &str, is_so: impl AsyncFn(&ClusterView) -> bool) {
        for node in &self.nodes {
            let what = format!("{what}, as {} sees it", node.address);
            eventually(&what, async || {
                let view = NetworkEngine.cluster_view(&node.endpoint, DEADLINE).await;
                is_so(&view.ok()?).await.then_some(())
            })
            .await;
        }
    }

    /// What the node of this number owns.
    pub(crate) async fn slots(&self, node: usize) -> SlotSet {
        self.nodes[node].view().await.myself.slots
    }
}
