//! Builds every room, starts the reconcilers, serves, drains. The only file that knows all.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::activators::Activators;
use crate::callers::{Callers, Credentials};
use crate::clock::Clock;
use crate::config::{
    AuthMode, Config, LogsConfig, NotificationsConfig, RuntimeKind, SnapshotConfig, SnapshotStore,
};
use crate::datastore::Datastore;
use crate::delivery::AwsEndpoint;
use crate::engine::observe::{NetworkObserver, Observe};
use crate::engine::simulated::SimulatedEngine;
use crate::engine::{Engine, NetworkEngine};
use crate::ground::data_dir::DataDir;
use crate::ground::{ground, instance_id};
use crate::http::listener::{BoundedListener, CONNECTIONS_MAX, Connection, SILENCE_MAX};
use crate::http::{App, Sight, router};
use crate::operations::Presentation;
use crate::operator::ServiceUpdateFile;
use crate::reconcile::World;
use crate::reconcile::access::Access;
use crate::reconcile::cache_cluster::CacheClusters;
use crate::reconcile::certificates::Certificates;
use crate::reconcile::driver::{Reconciler, Statuses, drive};
use crate::reconcile::health::{self, Health};
use crate::reconcile::log::{LogDestination, Logs};
use crate::reconcile::maintenance::Maintenance;
use crate::reconcile::metric::Collector;
use crate::reconcile::notification::{Destination, Notifications};
use crate::reconcile::replication_group::ReplicationGroups;
use crate::reconcile::router::Routers;
use crate::reconcile::service_update::ServiceUpdates;
use crate::reconcile::snapshot::Snapshots;
use crate::reconcile::tokens::Tokens;
use crate::reconcile::watch::Watch;
use crate::routing::RouterControl;
use crate::routing::http::HttpRouterControl;
use crate::routing::simulated::{SimulatedRouterControl, SimulatedTables};
use crate::runtime::Runtime;
use crate::runtime::docker::DockerRuntime;
use crate::runtime::simulated::{SimulatedRuntime, SimulatedWorld};
use crate::store::{Store, Stores};

/// How long reconcilers may take to end what they have begun when the program is told to end. What is cut off then is taken
/// up again at the next start.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

/// How long requests under way may take when the program is told to end.
const REQUESTS_DEADLINE: Duration = Duration::from_secs(5);

/// Serves until the process is told to end (SIGINT, SIGTERM).
///
/// # Errors
/// Where the data directory, the database or the address cannot be had; each with its cure.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let data_dir = DataDir::occupy(&config.data_dir).await?;
    let database = data_dir.database();
    let datastore = Datastore::open(&database)
        .await
        .with_context(|| format!("open the database {}", database.display()))?;
    let listener = TcpListener::bind(config.http.listen)
        .await
        .with_context(|| {
            format!(
                "listen on {} (another address: --listen)",
                config.http.listen
            )
        })?;
    let address = listener.local_addr().context("have an address")?;
    let world = world(&config, &data_dir, datastore).await?;
    let mut plane = ControlPlane::start(&world);
    let collector = Collector::new(world.clone(), config.metrics.interval);
    let readings = collector.readings();
    plane.run(&world, collector);
    let destinations = destinations(&config.notifications)?;
    // Also where there are none: what there were is told of nothing any more.
    let notifications = Notifications::begin(world.clone(), destinations).await?;
    plane.run(&world, notifications);
    plane.run(
        &world,
        Logs::new(world.clone(), log_destination(&config.logs, &data_dir)?)?,
    );
    plane.follow(&world, data_dir.service_updates());
    plane.follow_credentials(&world);
    let presentation = Presentation {
        advertise_host: config.endpoints.advertise_host.clone(),
        subnets: config.subnets.clone(),
        ..Presentation::default()
    };
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "Serving");
    greet(address);
    let (end, ended) = watch::channel(false);
    let sight = Sight {
        statuses: Arc::clone(&plane.statuses),
        readings,
        ..Sight::default()
    };
    tokio::select! {
        served = serve_http(listener, &world, presentation, world.callers.clone(), sight, on(ended.clone())) => served?,
        () = async {
            told_to_end().await;
            end.send_replace(true);
            // Requests under way may end, but not hold the end up: one may never come in whole.
            tokio::time::sleep(REQUESTS_DEADLINE).await;
        } => tracing::info!("Requests under way are cut off"),
    }
    tracing::info!("Ending; caches go on");
    if tokio::time::timeout(DRAIN_DEADLINE, plane.drain())
        .await
        .is_err()
    {
        tracing::info!("What is under way goes on at the next start");
    }
    world.datastore.close().await;
    Ok(())
}

/// Those that differ by the kind of container engine.
type Rooms = (
    Arc<dyn Runtime>,
    Arc<dyn Engine>,
    Arc<dyn Observe>,
    Arc<dyn RouterControl>,
);

/// The rooms, built as the configuration says.
async fn world(config: &Config, data_dir: &DataDir, datastore: Datastore) -> anyhow::Result<World> {
    let owner = instance_id(&datastore).await?;
    let (runtime, engine, observer, routing): Rooms = match config.runtime.kind {
        RuntimeKind::Docker => (
            Arc::new(
                DockerRuntime::new(config.runtime.docker_host.as_deref(), &owner)
                    .context("set up the Docker client")?,
            ),
            Arc::new(NetworkEngine),
            Arc::new(NetworkObserver::default()),
            Arc::new(HttpRouterControl::new().context("set up the HTTP client")?),
        ),
        RuntimeKind::Simulated => {
            let host = SimulatedWorld::new();
            (
                Arc::new(SimulatedRuntime::new(Arc::clone(&host), owner.clone())),
                Arc::new(SimulatedEngine::new(Arc::clone(&host))),
                Arc::new(SimulatedEngine::new(Arc::clone(&host))),
                Arc::new(SimulatedRouterControl::new(
                    host,
                    SimulatedTables::default(),
                )),
            )
        }
    };
    let stores = stores(config, data_dir, &owner)?;
    let clock = Clock::System;
    let ground = ground(config, data_dir, &datastore, &*runtime, owner, clock.now()).await?;
    let callers = callers(config, &datastore, &ground.secret)?;
    Ok(World {
        datastore: datastore.within(ground.pools()),
        runtime,
        engine,
        observer,
        routing,
        stores,
        clock,
        callers,
        activators: Arc::new(Activators::default()),
        ground: Arc::new(ground),
    })
}

/// Where snapshots are kept; in a bucket apart from those of other instances, for what no record names is removed.
fn stores(config: &Config, data_dir: &DataDir, owner: &str) -> anyhow::Result<Stores> {
    let SnapshotConfig { store, region, s3 } = &config.snapshots;
    let own = match store {
        None => Store::in_directory(&data_dir.snapshots()),
        Some(SnapshotStore::Directory(directory)) => Store::in_directory(directory),
        Some(SnapshotStore::Bucket(bucket, prefix)) => {
            s3.bucket(bucket, region, &format!("{prefix}/{owner}"))
        }
    };
    Ok(Stores {
        own: own.context("open the store of snapshots (another place: --snapshot-store)")?,
        s3: s3.clone(),
        spool: data_dir.spool()?,
    })
}

/// Who may call, as the configuration says.
fn callers(config: &Config, datastore: &Datastore, secret: &[u8]) -> anyhow::Result<Callers> {
    match config.http.auth {
        AuthMode::Off => Ok(Callers::Anyone),
        AuthMode::Sigv4 => {
            let file = config.http.credentials_file.as_deref();
            let credentials = Credentials::open(datastore.clone(), secret, file)?;
            Ok(Callers::Signed(credentials))
        }
    }
}

/// Who is told of events.
fn destinations(config: &NotificationsConfig) -> anyhow::Result<Vec<Destination>> {
    let mut destinations = Vec::new();
    if let Some(url) = &config.sns_endpoint {
        destinations.push(Destination::Sns(AwsEndpoint {
            url: url
                .parse()
                .with_context(|| format!("understand --sns-endpoint {url}"))?,
            access_key_id: config.sns_access_key_id.clone(),
            secret_access_key: config.sns_secret_access_key.0.clone(),
        }));
    }
    for url in &config.webhooks {
        let url = url
            .parse()
            .with_context(|| format!("understand --webhook {url}"))?;
        destinations.push(Destination::Webhook(url));
    }
    Ok(destinations)
}

/// Where logs go.
fn log_destination(config: &LogsConfig, data_dir: &DataDir) -> anyhow::Result<LogDestination> {
    let Some(url) = &config.endpoint else {
        return Ok(LogDestination::Files(data_dir.logs()));
    };
    Ok(LogDestination::CloudWatchLogs(AwsEndpoint {
        url: url
            .parse()
            .with_context(|| format!("understand --logs-endpoint {url}"))?,
        access_key_id: config.access_key_id.clone(),
        secret_access_key: config.secret_access_key.0.clone(),
    }))
}

/// Ends when the switch is turned on.
async fn on(mut switch: watch::Receiver<bool>) {
    // The guard that is returned must not be held across an await.
    drop(switch.wait_for(|on| *on).await);
}

/// What to type next, for whoever started this in a terminal.
fn greet(address: SocketAddr) {
    #[allow(
        clippy::print_stdout,
        reason = "for the person at the terminal, beside the log on stderr"
    )]
    {
        println!(
            "\ncacheplane serves on http://{address}. Try, in another terminal:\n\n  \
             export AWS_ENDPOINT_URL=http://{address} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1\n  \
             aws elasticache create-cache-cluster --cache-cluster-id first --engine redis --cache-node-type cache.t3.micro\n  \
             docker run --rm --network host redis:7.0 redis-cli -h $(aws elasticache describe-cache-clusters --cache-cluster-id first \
             --show-cache-node-info --output text --query 'CacheClusters[0].CacheNodes[0].Endpoint.Address') ping\n"
        );
    }
}

/// Ends when the process is asked to.
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(interrupted.await),
    }
}

/// The reconcilers of `world`, in the order in which a wish passes through them.
pub fn reconcilers(world: &World) -> Vec<Arc<dyn Reconciler>> {
    vec![
        Maintenance::new(world.clone()),
        ServiceUpdates::new(world.clone()),
        Health::new(world.clone()),
        Watch::new(world.clone()),
        CacheClusters::new(world.clone()),
        ReplicationGroups::new(world.clone()),
        Access::new(world.clone()),
        Routers::new(world.clone()),
        Snapshots::new(world.clone()),
        Certificates::new(world.clone()),
        Tokens::new(world.clone()),
    ]
}

/// A control plane that runs in the background.
#[derive(Debug)]
pub struct ControlPlane {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    /// What the reconcilers last did.
    pub statuses: Statuses,
}

impl ControlPlane {
    /// Starts the reconcilers of `world`.
    pub fn start(world: &World) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut plane = Self {
            stop,
            tasks: JoinSet::new(),
            statuses: Statuses::default(),
        };
        for reconciler in reconcilers(world) {
            plane.run(world, reconciler);
        }
        plane.tasks.spawn(health::listen(world.clone(), stopped));
        plane
    }

    /// Starts one more.
    pub fn run(&mut self, world: &World, reconciler: Arc<dyn Reconciler>) {
        self.tasks.spawn(drive(
            reconciler,
            Arc::clone(&world.activators),
            world.clock.clone(),
            Arc::clone(&self.statuses),
            self.stop.subscribe(),
        ));
    }

    /// Takes up the service updates in this file, now and when it changes.
    fn follow(&mut self, world: &World, service_updates: PathBuf) {
        let file = ServiceUpdateFile::new(
            service_updates,
            world.datastore.clone(),
            world.clock.clone(),
            Arc::clone(&world.activators),
        );
        self.tasks.spawn(file.follow(self.stop.subscribe()));
    }

    /// Takes up what is written into the credentials file.
    fn follow_credentials(&mut self, world: &World) {
        if let Callers::Signed(credentials) = &world.callers {
            let following = credentials.clone();
            let stop = self.stop.subscribe();
            self.tasks
                .spawn(following.follow(world.clock.clone(), stop));
        }
    }

    /// Lets what is in work end, and starts nothing more.
    pub async fn drain(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Serves the API of `world` until `shutdown` ends; then lets requests under way end.
///
/// # Errors
/// Where the listener fails for good.
pub async fn serve_http(
    listener: TcpListener,
    world: &World,
    presentation: Presentation,
    callers: Callers,
    sight: Sight,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let app = App {
        datastore: world.datastore.clone(),
        activators: Arc::clone(&world.activators),
        s3: world.stores.s3.clone(),
        clock: world.clock.clone(),
        callers,
        presentation: Arc::new(presentation),
        sight,
        authority_certificate: world.ground.authority.certificate_pem().into(),
    };
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let listener = BoundedListener::new(listener, CONNECTIONS_MAX, SILENCE_MAX);
    // An answer goes off at once.
    let listener = listener.tap_io(Connection::send_at_once);
    axum::serve(listener, service)
        .with_graceful_shutdown(shutdown)
        .await
        .context("serve HTTP")
}
