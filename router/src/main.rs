//! The router's process: configuration, logs, signals; everything else is in the library.

use anyhow::Context;
use cacheplane_router::{Config, front, run};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Threads that move bytes; a router shares its host with the caches, so it does not take every core.
const WORKERS_MAX: usize = 4;

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stderr)
        .with_env_filter(
            EnvFilter::try_from_env("CACHEPLANE_ROUTER_LOG").unwrap_or_else(|_| {
                // The netlink crates speak at INFO about their own connection.
                EnvFilter::new("info,netlink_proto=warn,rtnetlink=warn")
            }),
        )
        .init();
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("front") {
        let arguments = front::Arguments::parse(arguments)?;
        let status = runtime()?.block_on(front::run(arguments))?;
        std::process::exit(status);
    }
    let config = Config::from_env()?;
    runtime()?.block_on(async {
        // As process 1 of its container nothing handles signals by default, so both are named.
        let mut terminate = signal(SignalKind::terminate()).context("watch SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("watch SIGINT")?;
        run(config, async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers.min(WORKERS_MAX))
        .enable_all()
        .build()
        .context("start the runtime")
}
