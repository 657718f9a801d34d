//! A control plane on the simulated host. It can be dropped anywhere, and the next one finds host, routers and database as
//! they were left.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use async_trait::async_trait;
use cacheplane::activators::Activators;
use cacheplane::authority::Authority;
use cacheplane::callers::Callers;
use cacheplane::clock::{Clock, ManualClock};
use cacheplane::datastore::{AddressPool, Datastore};
use cacheplane::engine::Encryption;
use cacheplane::engine::simulated::SimulatedEngine;
use cacheplane::operations::{Context, Presentation};
use cacheplane::reconcile::{Ground, Published, World};
use cacheplane::resources::engine::{self, VersionFilter};
use cacheplane::resources::scope::Scope;
use cacheplane::resources::timestamp::Timestamp;
use cacheplane::resources::transit_encryption::TransitEncryptionMode;
use cacheplane::routing::simulated::{SimulatedRouterControl, SimulatedTables};
use cacheplane::routing::{InForce, RouterControl, RouterEndpoint, Routes, RoutingError};
use cacheplane::runtime::NetworkSpec;
use cacheplane::runtime::simulated::{SimulatedRuntime, SimulatedWorld};
use cacheplane::store::bucket::S3;
use cacheplane::store::{Store, Stores};

use crate::dice::Dice;
use crate::turns::{Action, Turns};

/// The instance id of every control plane of a run.
pub const OWNER: &str = "simulation";

/// The network of nodes.
pub const NODE_NETWORK: &str = "cacheplane.simulation.nodes";

/// The network of endpoints that move or speak.
pub const ENDPOINT_NETWORK: &str = "cacheplane.simulation.endpoints";

/// How a run's host is laid out.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Addresses for nodes.
    pub node_addresses: u8,
    /// In published mode, the ports to choose from.
    pub ports: Option<RangeInclusive<u16>>,
}

/// What outlives a control plane, and what plays with it.
pub struct Outside {
    /// The host.
    pub host: Arc<SimulatedWorld>,
    /// What the routers keep.
    pub tables: SimulatedTables,
    /// The clock.
    pub clock: Arc<ManualClock>,
    /// Who goes on.
    pub turns: Arc<Turns>,
    /// How often a push to a router fails, in thousandths.
    pub push_failures: Arc<Mutex<(Dice, usize)>>,
}

/// A control plane.
pub struct Process {
    /// Its rooms.
    pub world: World,
    /// Its database, without waiting for turns.
    pub plain: Datastore,
}

impl Process {
    /// Starts on the database in `directory`.
    pub async fn start(outside: &Outside, layout: &Layout, directory: &Path) -> Self {
        let plain = Datastore::open(&directory.join("cacheplane.db"))
            .await
            .expect("open the database");
        let turns = Arc::clone(&outside.turns);
        let datastore = plain.clone().with_gate(Arc::new(move |name| {
            Box::pin(turns.wait(Action::Write(name)))
        }));
        let host = Arc::clone(&outside.host);
        let routing = PacedRouters {
            inner: SimulatedRouterControl::new(Arc::clone(&host), Arc::clone(&outside.tables)),
            turns: Arc::clone(&outside.turns),
            failures: Arc::clone(&outside.push_failures),
        };
        let world = World {
            datastore,
            runtime: Arc::new(SimulatedRuntime::new(Arc::clone(&host), OWNER)),
            engine: Arc::new(SimulatedEngine::new(Arc::clone(&host))),
            observer: Arc::new(SimulatedEngine::new(host)),
            routing: Arc::new(routing),
            stores: stores(directory),
            clock: Clock::Manual(Arc::clone(&outside.clock)),
            callers: Callers::Anyone,
            activators: Arc::new(Activators::default()),
            ground: Arc::new(ground(layout, &directory.join("router"))),
        };
        Self { world, plain }
    }

    /// What an operation of `scope` works with.
    pub fn context(&self, scope: &Scope) -> Context {
        Context {
            scope: scope.clone(),
            datastore: self.world.datastore.clone(),
            activators: Arc::clone(&self.world.activators),
            s3: self.world.stores.s3.clone(),
            clock: self.world.clock.clone(),
            presentation: Arc::new(Presentation::default()),
        }
    }
}

/// Where snapshots are kept.
fn stores(directory: &Path) -> Stores {
    let spool = directory.join("spool");
    std::fs::create_dir_all(&spool).expect("make a directory");
    Stores {
        own: Store::in_directory(&directory.join("snapshots")).expect("open a store"),
        s3: S3::default(),
        spool,
    }
}

/// Every image that some version can run on.
pub fn images() -> BTreeSet<String> {
    engine::versions(VersionFilter::default())
        .flat_map(engine::image_candidates)
        .collect()
}

#[derive(Debug)]
struct PacedRouters {
    inner: SimulatedRouterControl,
    turns: Arc<Turns>,
    failures: Arc<Mutex<(Dice, usize)>>,
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

impl PacedRouters {
    fn fails(&self) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let permille = failures.1;
        failures.0.chance(permille)
    }
}

#[async_trait]
impl RouterControl for PacedRouters {
    async fn table_in_force(&self, router: &RouterEndpoint) -> Result<InForce, RoutingError> {
        if self.fails() {
            return Err(unreachable(router));
        }
        self.inner.table_in_force(router).await
    }

    async fn put_table(
        &self,
        router: &RouterEndpoint,
        generation: u64,
        routes: &Routes,
    ) -> Result<InForce, RoutingError> {
        self.turns.wait(Action::Push(router.name.clone())).await;
        if self.fails() {
            return Err(unreachable(router));
        }
        let result = self.inner.put_table(router, generation, routes).await;
        // Also when it has heard: the answer was lost.
        if self.fails() {
            Err(unreachable(router))
        } else {
            result
        }
    }
}

fn unreachable(router: &RouterEndpoint) -> RoutingError {
    RoutingError::Unreachable {
        name: router.name.clone(),
        source: None,
    }
}

/// One for all runs: to make a key takes longer than most of what a run does.
fn authority() -> Arc<Authority> {
    static AUTHORITY: LazyLock<Arc<Authority>> = LazyLock::new(|| {
        let now = Timestamp::from_millis(0);
        Arc::new(Authority::ephemeral(now).expect("make an authority"))
    });
    Arc::clone(&AUTHORITY)
}

fn encryption() -> Encryption {
    Encryption::new(authority().client_config().expect("set up TLS"))
}

/// How to speak to a node in this mode: in clear where it listens to that.
pub fn encryption_for(mode: Option<TransitEncryptionMode>) -> Option<Encryption> {
    (mode == Some(TransitEncryptionMode::Required)).then(encryption)
}

fn ground(layout: &Layout, router_program: &Path) -> Ground {
    let network = |name: &str, third: u8| NetworkSpec {
        name: name.to_owned(),
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
        owner: OWNER.to_owned(),
        secret: vec![7; 32],
        encryption: encryption(),
        authority: authority(),
        node_network: network(NODE_NETWORK, 0),
        endpoint_network: network(ENDPOINT_NETWORK, 1),
        node_addresses: pool(0, layout.node_addresses),
        endpoint_addresses: pool(1, 100),
        published: layout.ports.clone().map(|ports| Published {
            advertise_host: "localhost".to_owned(),
            bind_address: Ipv4Addr::LOCALHOST,
            probe_host: "127.0.0.1".to_owned(),
            is_port_free: |_, _| true,
            ports,
        }),
        images: Default::default(),
        router_program: Some(router_program.to_owned()),
        open_files_limit: None,
        networks_ensured: AtomicBool::new(false),
    }
}
