//! Builds every room, starts the reconcilers, serves, drains. The only file that knows all.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::{App, router};
use crate::operations::Presentation;
use crate::reconcile::World;
use crate::reconcile::cache_cluster::CacheClusters;
use crate::reconcile::driver::{Reconciler, Statuses, drive};
use crate::reconcile::health::{self, Health};
use crate::reconcile::maintenance::Maintenance;
use crate::reconcile::router::Routers;

/// The reconcilers of `world`, in the order in which a wish passes through them.
pub fn reconcilers(world: &World) -> Vec<Arc<dyn Reconciler>> {
    vec![
        Maintenance::new(world.clone()),
        Health::new(world.clone()),
        CacheClusters::new(world.clone()),
        Routers::new(world.clone()),
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
        let statuses = Statuses::default();
        let mut tasks = JoinSet::new();
        for reconciler in reconcilers(world) {
            tasks.spawn(drive(
                reconciler,
                Arc::clone(&world.activators),
                world.clock.clone(),
                Arc::clone(&statuses),
                stopped.clone(),
            ));
        }
        tasks.spawn(health::listen(world.clone(), stopped));
        Self {
            stop,
            tasks,
            statuses,
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
    statuses: Statuses,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let app = App {
        datastore: world.datastore.clone(),
        activators: Arc::clone(&world.activators),
        clock: world.clock.clone(),
        presentation: Arc::new(presentation),
        statuses,
    };
    axum::serve(listener, router(app))
        .with_graceful_shutdown(shutdown)
        .await
        .context("serve HTTP")
}
