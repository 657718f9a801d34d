//! The real app on a temporary database, a simulated container host and a clock that the test moves.
//!
//! A test ends with [`Harness::finish`], which demands that nothing was logged above INFO that the test did not allow, that
//! everything is as wished, and that records and containers agree.

mod log;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cacheplane::activators::Activators;
use cacheplane::clock::{Clock, ManualClock};
use cacheplane::control_plane::{reconcilers, serve_http};
use cacheplane::datastore::{AddressPool, Datastore};
use cacheplane::engine::simulated::SimulatedEngine;
use cacheplane::operations::Presentation;
use cacheplane::reconcile::audit::audit;
use cacheplane::reconcile::{Ground, Published, World};
use cacheplane::resources::timestamp::Timestamp;
use cacheplane::routing::simulated::{SimulatedRouterControl, SimulatedTables};
use cacheplane::runtime::NetworkSpec;
use cacheplane::runtime::simulated::{SimulatedRuntime, SimulatedWorld};
use tempfile::TempDir;

/// 2026-03-04 12:00:00 UTC, a Wednesday.
pub const START: Timestamp = Timestamp::from_millis(1_772_625_600_000);

/// Rounds of all reconcilers before a test is told that nothing settles.
const ROUNDS_MAX: usize = 60;

/// Images that the simulated host holds.
const IMAGES: [&str; 6] = [
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
    /// Most nodes of an account in a region.
    pub node_quota: u32,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            ports: None,
            node_addresses: 200,
            node_quota: 300,
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
    /// Where it listens.
    pub address: String,
    client: reqwest::Client,
    log: log::Log,
    finished: bool,
    server: tokio::task::JoinHandle<()>,
    _directory: TempDir,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
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
        let router_program = directory.path().join("cacheplane-router");
        std::fs::write(&router_program, b"a router").expect("write a router's program");
        let world = World {
            datastore,
            runtime: Arc::new(SimulatedRuntime::new(Arc::clone(&host), "test-instance")),
            engine: Arc::new(SimulatedEngine::new(Arc::clone(&host))),
            routing: Arc::new(SimulatedRouterControl::new(
                Arc::clone(&host),
                SimulatedTables::default(),
            )),
            clock: Clock::Manual(Arc::clone(&clock)),
            activators: Arc::new(Activators::default()),
            ground: Arc::new(ground(&layout, router_program)),
        };
        let presentation = Presentation {
            node_quota: layout.node_quota,
            ..Presentation::default()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("listen");
        let address = listener.local_addr().expect("have an address").to_string();
        let served = world.clone();
        let server = tokio::spawn(async move {
            let forever = std::future::pending::<()>();
            serve_http(listener, &served, presentation, Default::default(), forever)
                .await
                .expect("serve");
        });
        Self {
            host,
            clock,
            world,
            address,
            client: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("make a client"),
            log,
            finished: false,
            server,
            _directory: directory,
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

    /// Posts a body as it is.
    pub async fn post(&self, body: &str, caller: Option<(&str, &str)>) -> Reply {
        let mut request = self
            .client
            .post(format!("http://{}/", self.address))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        if let Some((access_key, region)) = caller {
            request = request.header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={access_key}/20260304/{region}/elasticache/aws4_request, \
                     SignedHeaders=host, Signature=00"
                ),
            );
        }
        reply(request.send().await.expect("be answered")).await
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Reply {
        let request = self.client.get(format!("http://{}{path}", self.address));
        reply(request.send().await.expect("be answered")).await
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
            "nothing settles: {:?}",
            self.world.datastore.cache_cluster_list().await
        );
    }

    /// Runs all reconcilers a few times; for wishes that cannot be fulfilled.
    pub async fn reconcile(&self) {
        for _ in 0..4 {
            self.round().await;
        }
    }

    async fn round(&self) {
        for reconciler in reconcilers(&self.world) {
            for (key, _) in reconciler.list().await.expect("list") {
                // What fails here is repeated in the next round, as the driver would; what a test wants to see is in the record.
                if let Err(error) = reconciler.reconcile(key).await {
                    self.log.note(format!("{error:#}"));
                }
            }
        }
    }

    /// How many cache clusters are not as wished.
    pub async fn unconverged(&self) -> usize {
        self.world
            .datastore
            .cache_cluster_list_unconverged()
            .await
            .expect("list")
            .len()
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

    /// Moves the clock on.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Failures of reconcilers that were repeated, so far.
    pub fn failures(&self) -> Vec<String> {
        self.log.notes()
    }

    /// Ends the test, demanding that all is well.
    pub async fn finish(mut self) {
        self.finished = true;
        self.server.abort();
        let loud = self.log.loud();
        assert!(loud.is_empty(), "logged above INFO: {loud:#?}");
        let findings = audit(&self.world).await.expect("audit");
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

impl Reply {
    /// The texts of all elements of that name, in order.
    pub fn texts(&self, element: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.body).expect("parse the reply");
        document
            .descendants()
            .filter(|node| {
                node.has_tag_name(("http://elasticache.amazonaws.com/doc/2015-02-02/", element))
            })
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    }

    /// The text of the only element of that name.
    pub fn text(&self, element: &str) -> String {
        let texts = self.texts(element);
        assert_eq!(texts.len(), 1, "one {element} in {}", self.body);
        texts.into_iter().next().unwrap_or_default()
    }

    /// Whether there is an element of that name.
    pub fn has(&self, element: &str) -> bool {
        !self.texts(element).is_empty()
    }

    /// Demands success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// Demands a fault with this code; returns its message.
    #[track_caller]
    pub fn fault(&self, status: u16, code: &str) -> String {
        assert_eq!(
            (self.status, self.text("Code").as_str()),
            (status, code),
            "{}",
            self.body
        );
        self.text("Message")
    }
}

async fn reply(response: reqwest::Response) -> Reply {
    Reply {
        status: response.status().as_u16(),
        body: response.text().await.expect("read the answer"),
    }
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn ground(layout: &Layout, router_program: std::path::PathBuf) -> Ground {
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
    Ground {
        owner: "test-instance".to_owned(),
        secret: vec![7; 32],
        node_network: network("nodes", 0),
        endpoint_network: network("endpoints", 1),
        node_addresses: pool(0, layout.node_addresses),
        endpoint_addresses: pool(1, 200),
        published: layout.ports.clone().map(|ports| Published {
            advertise_host: "localhost".to_owned(),
            bind_address: Ipv4Addr::LOCALHOST,
            probe_host: "127.0.0.1".to_owned(),
            ports,
            is_port_free: |_, _| true,
        }),
        images: Default::default(),
        router_program: Some(router_program),
        open_files_limit: None,
        networks_ensured: AtomicBool::new(false),
    }
}
