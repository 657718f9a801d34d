//! The table in force, and how another takes its place.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::Limits;
use crate::address::Addresses;
use crate::endpoint::{Endpoint, Listening, Surroundings, listen};
use crate::metrics::{self, RouteSample};
use crate::state::State;
use crate::table::{Kind, Route, Table};

/// For so many connections there is one pipe. Only a connection that moves much at the moment has any, and where none is
/// left its bytes are copied.
pub(crate) const CONNECTIONS_PER_PIPE: u32 = 8;
/// How long an answer waits until it is known whether each route can listen.
const SETTLE_DEADLINE: Duration = Duration::from_secs(1);

/// The routes at work. Cloned, it is the same plane.
#[derive(Clone)]
pub struct Plane {
    shared: Arc<Shared>,
}

struct Shared {
    state: State,
    addresses: Addresses,
    connections: Arc<Semaphore>,
    limits: Limits,
    pipes: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    in_force: Mutex<InForce>,
}

#[derive(Default)]
struct InForce {
    generation: u64,
    routes: HashMap<String, Working>,
}

/// A route at work; dropping `kind` closes its listener and its connections.
struct Working {
    endpoint: Arc<Endpoint>,
    kind: watch::Sender<Arc<Kind>>,
    listener: JoinHandle<()>,
}

/// Why a table was not taken.
#[derive(Debug)]
pub enum Refusal {
    /// It can't be understood, for this reason.
    Malformed(String),
    /// The table in force, of this generation, is newer.
    Stale(u64),
    /// It could not be stored, and so is not in force either.
    Storage(anyhow::Error),
}

/// What is in force.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The table's generation.
    pub generation: u64,
    /// Its routes, by id.
    pub routes: Vec<RouteReport>,
}

/// How one route fares.
#[derive(Debug, Serialize)]
pub struct RouteReport {
    /// The route's id.
    pub id: String,
    /// Whether it takes connections.
    pub listening: bool,
    /// Where it takes them.
    pub address: Option<SocketAddr>,
    /// Why it doesn't, while it doesn't; it keeps trying.
    pub reason: Option<String>,
    /// Client connections that it holds.
    pub connections_open: u64,
}

impl Plane {
    /// An empty plane that keeps its tables in `state`, and whose clients have so much.
    pub fn new(state: State, limits: Limits) -> Self {
        let connections_max = limits.connections_max;
        let pipes_max = (connections_max / CONNECTIONS_PER_PIPE).max(1);
        let shared = Shared {
            state,
            addresses: Addresses::start(),
            connections: Arc::new(Semaphore::new(connections_max as usize)),
            limits,
            pipes: Arc::new(Semaphore::new(pipes_max as usize)),
            stopping: watch::Sender::new(false),
            in_force: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Serves the stored table, if there is one. A table that can't be read is an error for a person
    /// to see, and no reason to stay away: the control plane will push another.
    pub async fn resume(&self) {
        match self.shared.state.load() {
            Ok(Some(table)) => {
                tracing::info!(
                    generation = table.generation,
                    routes = table.routes.len(),
                    "going on with the stored table"
                );
                let mut in_force = self.shared.in_force.lock().await;
                self.shared.apply(&mut in_force, table).await;
            }
            Ok(None) => tracing::info!("no table is stored yet"),
            Err(error) => tracing::error!(error = format!("{error:#}"), "load the stored table"),
        }
    }

    /// Stores a table and puts it in force; says how its routes fare, after a bounded wait.
    ///
    /// # Errors
    /// See [`Refusal`]; whatever was in force then still is.
    pub async fn put(&self, body: Bytes) -> Result<Report, Refusal> {
        let table = Table::parse(&body).map_err(Refusal::Malformed)?;
        let shared = Arc::clone(&self.shared);
        // A task of its own: a caller that hangs up must not leave a table half in force.
        let put = tokio::spawn(async move {
            let mut in_force = shared.in_force.lock().await;
            if table.generation < in_force.generation {
                return Err(Refusal::Stale(in_force.generation));
            }
            let state = shared.state.clone();
            let stored = tokio::task::spawn_blocking(move || state.store(&body)).await;
            stored
                .map_err(anyhow::Error::from)
                .and_then(|stored| stored)
                .map_err(Refusal::Storage)?;
            shared.apply(&mut in_force, table).await;
            let endpoints: Vec<_> = in_force
                .routes
                .values()
                .map(|route| Arc::clone(&route.endpoint))
                .collect();
            drop(in_force);
            let settled = async {
                for endpoint in &endpoints {
                    endpoint.started().await;
                }
            };
            // What has not settled by then is reported as it is.
            let _ = tokio::time::timeout(SETTLE_DEADLINE, settled).await;
            Ok(())
        });
        match put.await {
            Ok(outcome) => outcome?,
            Err(error) => return Err(Refusal::Storage(error.into())),
        }
        Ok(self.report().await)
    }

    /// What is in force.
    pub async fn report(&self) -> Report {
        let in_force = self.shared.in_force.lock().await;
        let mut routes: Vec<_> = in_force
            .routes
            .values()
            .map(|route| route_report(&route.endpoint))
            .collect();
        routes.sort_by(|one, other| one.id.cmp(&other.id));
        Report {
            generation: in_force.generation,
            routes,
        }
    }

    /// The metrics, as Prometheus reads them.
    pub async fn metrics(&self) -> String {
        let in_force = self.shared.in_force.lock().await;
        let mut samples: Vec<_> = in_force
            .routes
            .values()
            .map(|Working { endpoint, .. }| RouteSample {
                id: &endpoint.id,
                kind: endpoint.kind().name(),
                listening: matches!(endpoint.listening(), Listening::At(_)),
                counters: &endpoint.counters,
            })
            .collect();
        samples.sort_by_key(|sample| sample.id);
        metrics::render(in_force.generation, &samples)
    }

    /// Takes no more connections, and gives those that are held this long to end.
    pub async fn stop(&self, grace: Duration) {
        self.shared.stopping.send_replace(true);
        let all = self
            .shared
            .connections
            .acquire_many(self.shared.limits.connections_max);
        if tokio::time::timeout(grace, all).await.is_err() {
            tracing::info!("closing the connections that are still open");
        }
    }
}

impl Shared {
    /// Makes `table` the one in force. What it says as before is left alone, connections included.
    async fn apply(&self, in_force: &mut InForce, table: Table) {
        let generation = table.generation;
        let mut routes: HashMap<_, _> = table
            .routes
            .into_iter()
            .map(|route| (route.id.clone(), route))
            .collect();
        let leaving: Vec<_> = in_force
            .routes
            .extract_if(|id, working| routes.get(id).is_none_or(|route| !same(working, route)))
            .map(|(_, working)| (working.kind, working.listener))
            .collect();
        // All are told first, and each is waited for, so that whoever takes over a port finds it
        // free and an address is not taken away under its listener.
        let (kinds, listeners): (Vec<_>, Vec<_>) = leaving.into_iter().unzip();
        let removed = kinds.len();
        drop(kinds);
        for listener in listeners {
            // Fails only if the listener panicked, and then it is closed too.
            let _ = listener.await;
        }
        let wanted: BTreeSet<_> = routes
            .values()
            .filter_map(|route| route.listen.address_to_hold())
            .collect();
        self.addresses.want(wanted);
        let mut changed = 0;
        for working in in_force.routes.values() {
            if let Some(route) = routes.remove(&working.endpoint.id)
                && **working.kind.borrow() != route.kind
            {
                working.kind.send_replace(Arc::new(route.kind));
                changed += 1;
            }
        }
        let added = routes.len();
        for (id, route) in routes {
            in_force.routes.insert(id, self.start(route));
        }
        in_force.generation = generation;
        tracing::info!(generation, added, changed, removed, "a table is in force");
    }

    fn start(&self, route: Route) -> Working {
        let (kind, kinds) = watch::channel(Arc::new(route.kind));
        let pipes = Arc::clone(&self.pipes);
        let endpoint = Arc::new(Endpoint::new(route.id, route.listen, kinds, pipes));
        let around = Surroundings {
            addresses: self.addresses.held(),
            connections: Arc::clone(&self.connections),
            stopping: self.stopping.subscribe(),
            silence_max: self.limits.silence_max,
        };
        let listener = tokio::spawn(listen(Arc::clone(&endpoint), around));
        Working {
            endpoint,
            kind,
            listener,
        }
    }
}

/// Whether a route can go on as another with the same id, keeping its listener.
fn same(working: &Working, route: &Route) -> bool {
    let kind = working.kind.borrow();
    let same_kind = match (&**kind, &route.kind) {
        (Kind::Unknown(one), Kind::Unknown(other)) => one == other,
        (one, other) => one.name() == other.name(),
    };
    same_kind && working.endpoint.listen == route.listen
}

fn route_report(endpoint: &Endpoint) -> RouteReport {
    let (address, reason) = match endpoint.listening() {
        Listening::Starting => (None, Some("starting".to_owned())),
        Listening::At(address) => (Some(address), None),
        Listening::Waiting(reason) => (None, Some(reason)),
    };
    RouteReport {
        id: endpoint.id.clone(),
        listening: address.is_some(),
        address,
        reason,
        connections_open: endpoint.counters.open(),
    }
}
