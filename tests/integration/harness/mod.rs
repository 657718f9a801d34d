//! The real app on a temporary database, a simulated container host and a clock that the test moves.
//!
//! A test ends with [`Harness::finish`], which demands that nothing was logged above INFO that the test did not allow, that
//! everything is as wished, and that records and containers agree.

mod callers;
mod log;
mod reply;
mod served;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cacheplane::activators::Activators;
use cacheplane::authority::Authority;
use cacheplane::clock::{Clock, ManualClock};
use cacheplane::control_plane::{ControlPlane, reconcilers, serve_http};
use cacheplane::datastore::{AddressPool, Datastore};
use cacheplane::engine::Encryption;
use cacheplane::engine::simulated::SimulatedEngine;
use cacheplane::operations::Presentation;
use cacheplane::reconcile::audit::audit;
use cacheplane::reconcile::driver::Outcome;
use cacheplane::reconcile::{Ground, Published, World};
use cacheplane::resources::subnet_group::ConfiguredSubnets;
use cacheplane::resources::timestamp::Timestamp;
use cacheplane::routing::simulated::{SimulatedRouterControl, SimulatedTables};
use cacheplane::runtime::labels::{KIND_CACHE_CLUSTER, NodeIdentity};
use cacheplane::runtime::simulated::{SimulatedRuntime, SimulatedWorld};
use cacheplane::runtime::{ContainerObserved, NetworkSpec};
use cacheplane::store::bucket::S3;
use cacheplane::store::{Store, Stores};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use callers::callers;
pub use reply::Reply;
use reply::reply;
pub use served::Served;

/// 2026-03-04 12:00:00 UTC, a Wednesday.
pub const START: Timestamp = Timestamp::from_millis(1_772_625_600_000);

/// Rounds of all reconcilers before a test is told that nothing settles. Slots that move take one for every 256, and nodes without slots stay
/// for thirty.
const ROUNDS_MAX: usize = 120;

/// How long a round waits where a reconciler wants to look again soon.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How long a test waits for the real drivers: ten seconds at most, in steps.
const WAIT_TRIES: usize = 2_000;
const WAIT_STEP: Duration = Duration::from_millis(5);

/// Ports of the host that somebody else's servers listen on.
pub const PORTS_OF_OTHERS: [u16; 3] = [6390, 7500, 11300];

/// Images that the simulated host holds.
pub const IMAGES: [&str; 6] = [
    "redis:6.2",
    "redis:7.0",
    "redis:8.0",
    "valkey/valkey:8.1",
    "memcached:1.6",
    "cacheplane/router",
];

/// How the simulated host is laid out.
#[derive(Debug, Clone)]
pub struct Layout {
    /// In published mode, the host ports to choose from.
    pub ports: Option<std::ops::RangeInclusive<u16>>,
    /// How many node addresses there are.
    pub node_addresses: u8,
    /// How many endpoint addresses there are.
    pub endpoint_addresses: u8,
    /// Most nodes of an account in a region.
    pub node_quota: u32,
    /// Where subnets lie that do not lie where their ids say.
    pub subnets: ConfiguredSubnets,
    /// Whether the router's program is there.
    pub router_program: bool,
    /// Whether time is the machine's own; else it stands still until the test moves it.
    pub real_time: bool,
    /// Where buckets are.
    pub s3: S3,
    /// Where signatures are verified, the credentials file with which they may be made.
    pub credentials: Option<&'static str>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            ports: None,
            node_addresses: 200,
            endpoint_addresses: 200,
            node_quota: 300,
            subnets: ConfiguredSubnets::new(),
            router_program: true,
            real_time: false,
            s3: S3::default(),
            credentials: None,
        }
    }
}

/// A control plane under test.
pub struct Harness {
    /// The simulated host.
    pub host: Arc<SimulatedWorld>,
    /// The clock.
    pub clock: Arc<ManualClock>,
    /// The rooms.
    pub world: World,
    /// What the routers have been told.
    pub tables: SimulatedTables,
    /// Where it listens.
    pub address: String,
    client: reqwest::Client,
    log: log::Log,
    finished: bool,
    server: tokio::task::JoinHandle<()>,
    directory: TempDir,
}

impl Harness {
    /// On a host with the usual layout.
    pub async fn start() -> Self {
        Self::start_on(Layout::default()).await
    }

    /// On a host with this layout.
    pub async fn start_on(layout: Layout) -> Self {
        let log = log::Log::start();
        let directory = TempDir::new().expect("make a directory");
        let clock = ManualClock::at(START);
        let host = SimulatedWorld::new();
        host.set_images(&IMAGES, &[]);
        let datastore = Datastore::open(&directory.path().join("cacheplane.db"))
            .await
            .expect("open the database");
        let program = directory.path().join("cacheplane-router");
        std::fs::write(&program, b"a router").expect("write a router's program");
        let router_program = layout.router_program.then_some(program);
        let tables = SimulatedTables::default();
        let ground = ground(&layout, router_program);
        let mut world = World {
            datastore: datastore.within(ground.pools()),
            runtime: Arc::new(SimulatedRuntime::new(Arc::clone(&host), "test-instance")),
            engine: Arc::new(SimulatedEngine::new(Arc::clone(&host))),
            observer: Arc::new(SimulatedEngine::new(Arc::clone(&host))),
            routing: Arc::new(SimulatedRouterControl::new(
                Arc::clone(&host),
                Arc::clone(&tables),
            )),
            stores: Stores {
                own: Store::in_directory(&directory.path().join("snapshots"))
                    .expect("open a store"),
                s3: layout.s3.clone(),
                spool: directory.path().to_owned(),
            },
            clock: match layout.real_time {
                true => Clock::System,
                false => Clock::Manual(Arc::clone(&clock)),
            },
            callers: cacheplane::callers::Callers::Anyone,
            activators: Arc::new(Activators::default()),
            ground: Arc::new(ground),
        };
        let presentation = Presentation {
            node_quota: layout.node_quota,
            subnets: layout.subnets.clone(),
            ..Presentation::default()
        };
        let callers = callers(&layout, &world, directory.path());
        world.callers = callers.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("listen");
        let address = listener.local_addr().expect("have an address").to_string();
        let served = world.clone();
        let server = tokio::spawn(async move {
            let forever = std::future::pending::<()>();
            serve_http(
                listener,
                &served,
                presentation,
                callers,
                Default::default(),
                forever,
            )
            .await
            .expect("serve");
        });
        Self {
            host,
            clock,
            world,
            tables,
            address,
            client: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("make a client"),
            log,
            finished: false,
            server,
            directory,
        }
    }

    /// Calls an action as the default account in us-east-1.
    pub async fn call(&self, action: &str, members: &[(&str, &str)]) -> Reply {
        self.call_as("test", "us-east-1", action, members).await
    }

    /// Calls an action with this access key in this region.
    pub async fn call_as(
        &self,
        access_key: &str,
        region: &str,
        action: &str,
        members: &[(&str, &str)],
    ) -> Reply {
        let mut form = vec![("Action", action), ("Version", "2015-02-02")];
        form.extend_from_slice(members);
        let body = form
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect::<Vec<_>>()
            .join("&");
        self.post(&body, Some((access_key, region))).await
    }

    /// Sends these very bytes and reads until the connection is closed.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = tokio::net::TcpStream::connect(&self.address)
            .await
            .expect("connect");
        // A server that has heard enough answers and hangs up before all is sent.
        let _ = stream.write_all(bytes.as_ref()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Posts JSON to a path.
    pub async fn post_json(&self, path: &str, body: &str) -> Reply {
        let request = self
            .client
            .post(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(body.to_owned());
        reply(request.send().await.expect("be answered")).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Reply {
        let request = self.client.get(format!("http://{}{path}", self.address));
        reply(request.send().await.expect("be answered")).await
    }

    /// Where the database is.
    pub fn data_dir(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Runs all reconcilers until nothing is left to do.
    pub async fn settle(&self) {
        for _ in 0..ROUNDS_MAX {
            self.round().await;
            if self.unconverged().await == 0 {
                self.round().await;
                return;
            }
        }
        panic!(
            "nothing settles: {:?}\n{:#?}",
            self.world.datastore.cache_cluster_list().await,
            self.log.notes()
        );
    }

    /// Runs all reconcilers a few times; for wishes that cannot be fulfilled.
    pub async fn reconcile(&self) {
        for _ in 0..4 {
            self.round().await;
        }
    }

    /// Runs all reconcilers once.
    pub async fn reconcile_once(&self) {
        self.round().await;
    }

    /// Time passes after it where a reconciler wants to look again soon, as it would under the driver.
    async fn round(&self) {
        let mut looks_again = false;
        for reconciler in reconcilers(&self.world) {
            for (key, _) in reconciler.list().await.expect("list") {
                match reconciler.reconcile(key).await {
                    Ok(outcome) => looks_again |= matches!(outcome, Outcome::LookAgain { .. }),
                    // What fails here is repeated in the next round, as the driver would; what a test wants to see is in the record.
                    Err(error) => self.log.note(format!("{error:#}")),
                }
            }
        }
        if looks_again {
            self.clock.advance(LOOK_AGAIN);
        }
    }

    /// How many cache clusters and replication groups are not as wished.
    pub async fn unconverged(&self) -> usize {
        let datastore = &self.world.datastore;
        let clusters = datastore.cache_cluster_list_unconverged().await;
        let groups = datastore.replication_group_list_unconverged().await;
        let access = datastore.access_list_unconverged().await;
        let snapshots = datastore.snapshot_list_unconverged().await;
        let exports = datastore.snapshot_export_list().await;
        clusters.expect("list").len()
            + groups.expect("list").len()
            + access.expect("list").len()
            + snapshots.expect("list").len()
            + exports.expect("list").len()
    }

    /// The messages of a cache cluster's events of the last hour, newest first.
    pub async fn events(&self, id: &str) -> Vec<String> {
        let reply = self
            .call(
                "DescribeEvents",
                &[("SourceType", "cache-cluster"), ("SourceIdentifier", id)],
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.texts("Message")
    }

    /// The messages of a cache cluster's events of the last hour, oldest first.
    pub async fn history(&self, id: &str) -> Vec<String> {
        let mut events = self.events(id).await;
        events.reverse();
        events
    }

    /// Asks for a Redis cache cluster, with these members besides those that it needs.
    pub async fn create_redis(&self, id: &str, more: &[(&str, &str)]) -> Reply {
        let members = [
            ("CacheClusterId", id),
            ("Engine", "redis"),
            ("CacheNodeType", "cache.t3.micro"),
        ];
        self.call("CreateCacheCluster", &with(&members, more)).await
    }

    /// Asks for a Memcached cache cluster, with these members besides those that it needs.
    pub async fn create_memcached(&self, id: &str, nodes: &str, more: &[(&str, &str)]) -> Reply {
        let members = [
            ("CacheClusterId", id),
            ("Engine", "memcached"),
            ("CacheNodeType", "cache.t3.micro"),
            ("NumCacheNodes", nodes),
        ];
        self.call("CreateCacheCluster", &with(&members, more)).await
    }

    /// A Redis cache cluster that is there.
    pub async fn redis(&self, id: &str) {
        self.create_redis(id, &[]).await.ok();
        self.settle().await;
    }

    /// A Memcached cache cluster that is there.
    pub async fn memcached(&self, id: &str, nodes: &str) {
        self.create_memcached(id, nodes, &[]).await.ok();
        self.settle().await;
    }

    /// Modifies a cache cluster.
    pub async fn modify(&self, id: &str, members: &[(&str, &str)]) -> Reply {
        let all = with(&[("CacheClusterId", id)], members);
        self.call("ModifyCacheCluster", &all).await
    }

    /// Modifies a cache cluster at once.
    pub async fn modify_now(&self, id: &str, members: &[(&str, &str)]) -> Reply {
        let all = with(&[("ApplyImmediately", "true")], members);
        self.modify(id, &all).await
    }

    /// Deletes a cache cluster.
    pub async fn delete(&self, id: &str) -> Reply {
        self.call("DeleteCacheCluster", &[("CacheClusterId", id)])
            .await
    }

    /// A cache cluster with its nodes, as it is told.
    pub async fn describe(&self, id: &str) -> Reply {
        let members = [("CacheClusterId", id), ("ShowCacheNodeInfo", "true")];
        self.call("DescribeCacheClusters", &members).await
    }

    /// The status of a cache cluster.
    pub async fn status(&self, id: &str) -> String {
        self.describe(id).await.ok().text("CacheClusterStatus")
    }

    /// Whether there is no such cache cluster.
    pub async fn is_gone(&self, id: &str) -> bool {
        self.describe(id).await.status == 404
    }

    /// The name of the container of a node of the default account in us-east-1.
    pub fn container_name(&self, id: &str, node: &str) -> String {
        let identity = NodeIdentity {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            kind: KIND_CACHE_CLUSTER.to_owned(),
            resource: id.to_owned(),
            node: node.to_owned(),
        };
        identity.container_name(&self.world.ground.owner)
    }

    /// The container of a node.
    pub fn container(&self, id: &str, node: &str) -> ContainerObserved {
        let name = self.container_name(id, node);
        self.host
            .containers()
            .into_iter()
            .find(|container| container.name == name)
            .unwrap_or_else(|| panic!("there is no container {name}"))
    }

    /// The command line of a node, in one text.
    pub fn command(&self, id: &str, node: &str) -> String {
        let name = self.container_name(id, node);
        let spec = self.host.container_spec(&name).expect("be there");
        spec.command.join(" ")
    }

    /// Containers that are no router's.
    pub fn node_containers(&self) -> Vec<String> {
        self.host
            .containers()
            .into_iter()
            .map(|container| container.name)
            .filter(|name| !name.contains(".router-"))
            .collect()
    }

    /// The configuration endpoints that the routers serve: where each listens, the version of its list, and the list.
    pub fn routes(&self) -> BTreeMap<String, Served> {
        let tables = self.tables.lock().expect("read the tables");
        tables
            .values()
            .flat_map(|(_, routes)| &routes.routes)
            .map(|route| (route.id.clone(), Served::of(route)))
            .collect()
    }

    /// Starts the real reconcilers, each with its driver.
    pub fn drive(&self) -> ControlPlane {
        ControlPlane::start(&self.world)
    }

    /// Waits, under the real drivers, until a cache cluster has this status.
    pub async fn wait_for_status(&self, id: &str, status: &str) {
        for _ in 0..WAIT_TRIES {
            let reply = self.describe(id).await;
            if reply.texts("CacheClusterStatus") == [status]
                || (status == "gone" && reply.status == 404)
            {
                return;
            }
            tokio::time::sleep(WAIT_STEP).await;
        }
        panic!(
            "{id} is not {status}: {} {:?}",
            self.describe(id).await.body,
            self.events(id).await
        );
    }

    /// Where the control plane keeps what it keeps.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// What the database has written down, file by file.
    pub fn database_files(&self) -> Vec<Vec<u8>> {
        let files = std::fs::read_dir(self.directory.path()).expect("list the files");
        let paths = files.map(|file| file.expect("a file").path());
        let ours = paths.filter(|path| path.to_string_lossy().contains("cacheplane.db"));
        ours.map(|path| std::fs::read(path).expect("read a file"))
            .collect()
    }

    /// Moves the clock on.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Ends the test, demanding that all is well.
    pub async fn finish(self) {
        self.finish_despite("no finding says this").await;
    }

    /// Ends the test, demanding that all is well but for findings of the audit that contain `known`.
    pub async fn finish_despite(mut self, known: &str) {
        self.finished = true;
        self.server.abort();
        let loud = self.log.loud();
        assert!(loud.is_empty(), "logged above INFO: {loud:#?}");
        let mut findings = audit(&self.world).await.expect("audit");
        findings.retain(|finding| !finding.contains(known));
        assert!(findings.is_empty(), "the audit found: {findings:#?}");
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "a test must end with Harness::finish"
        );
    }
}

/// These members and those.
pub fn with<'a>(
    members: &[(&'a str, &'a str)],
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    [members, more].concat()
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn ground(layout: &Layout, router_program: Option<std::path::PathBuf>) -> Ground {
    let network = |name: &str, third: u8| NetworkSpec {
        name: format!("cacheplane.test.{name}"),
        subnet: format!("10.99.{third}.0/24").parse().expect("be a subnet"),
        ip_range: format!("10.99.{third}.224/27").parse().expect("be a range"),
        gateway: Ipv4Addr::new(10, 99, third, 1),
        labels: Default::default(),
    };
    let pool = |third: u8, count: u8| AddressPool {
        first: Ipv4Addr::new(10, 99, third, 2),
        last: Ipv4Addr::new(10, 99, third, 1 + count),
    };
    let authority = Authority::ephemeral(START).expect("make an authority");
    Ground {
        owner: "test-instance".to_owned(),
        secret: vec![7; 32],
        encryption: Encryption::new(authority.client_config().expect("set up TLS")),
        authority: Arc::new(authority),
        node_network: network("nodes", 0),
        endpoint_network: network("endpoints", 1),
        node_addresses: pool(0, layout.node_addresses),
        endpoint_addresses: pool(1, layout.endpoint_addresses),
        published: layout.ports.clone().map(|ports| Published {
            advertise_host: "localhost".to_owned(),
            bind_address: Ipv4Addr::LOCALHOST,
            probe_host: "127.0.0.1".to_owned(),
            ports,
            is_port_free: |_, port| !PORTS_OF_OTHERS.contains(&port),
        }),
        images: Default::default(),
        router_program,
        open_files_limit: None,
        networks_ensured: AtomicBool::new(false),
    }
}
