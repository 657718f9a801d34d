//! A front: the first process of a node's container, between clients and the engine that it starts.
//!
//! No stock engine speaks TLS and in clear on one port. Where a node has to, this program is put into its container and started in
//! place of the engine. It takes the node's port, starts the engine as its child on ports of its own, and looks at the first byte of
//! each connection: what begins a TLS record goes the way of TLS, anything else the way of what is in clear, where each is open.
//!
//! - [`config`]: what it is told, in a file that may be written anew while it runs; a way that closes takes its connections along.
//! - [`engine`]: the child, its signals and its end, which is the front's.
//! - [`listener`]: the port, and the choice of a way.
//! - [`iam`]: who logs in with a token of IAM.
//! - [`tls`]: TLS that ends here, where somebody has to read what is said; otherwise it is the engine's own, and bytes go by unread.
//! - [`session`]: what is done with a connection on its way.
//!
//! Invariants: no front without its engine, and no engine without its front; it knows no secret but the key that it shows, and
//! what [`iam`] is told of its engine's users; every
//! wait that holds something and every number of connections has a bound.

pub mod config;
pub mod engine;
pub mod iam;
mod listener;
mod session;
pub(crate) mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::watch;

use crate::Limits;
use config::{Config, File};
use engine::Child;

/// How often the file is looked at: so long may a change of it take.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// What the command line says: `front --config FILE -- ENGINE ARGUMENT...`.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Where the configuration is.
    pub config: PathBuf,
    /// The engine's program and its arguments.
    pub engine: Vec<String>,
}

impl Arguments {
    /// Reads what follows the word `front`.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = arguments.into_iter();
        let mut next = || arguments.next();
        let (Some("--config"), Some(config), Some("--")) =
            (next().as_deref(), next(), next().as_deref())
        else {
            bail!("usage: cacheplane-router front --config FILE -- ENGINE [ARGUMENT...]");
        };
        let engine: Vec<String> = arguments.collect();
        if engine.is_empty() {
            bail!("no engine is named after --");
        }
        let config = PathBuf::from(config);
        Ok(Self { config, engine })
    }
}

/// Runs the engine and stands in front of it until it ends. Returns the exit status to end with.
///
/// # Errors
/// When the configuration cannot be read, the port cannot be taken or the engine cannot be started; the engine does not outlive that.
pub async fn run(arguments: Arguments) -> anyhow::Result<i32> {
    let limits = Limits::of_process();
    let file = File::new(arguments.config);
    let (version, first) = file
        .read()
        .with_context(|| format!("read {}", file.path().display()))?;
    let listener =
        listener::bind(first.port).with_context(|| format!("listen on port {}", first.port))?;
    let (ways, config) = watch::channel(Arc::new(first));
    let child = Child::start(&arguments.engine).context("start the engine")?;
    tracing::info!(
        port = config.borrow().port,
        connections_max = limits.connections_max,
        "a front is ready"
    );
    let look = look_again(file, version, ways);
    let serve = listener::serve(listener, config, limits);
    tokio::select! {
        ended = child.ended() => ended,
        () = look => bail!("the configuration is looked at no more"),
        () = serve => bail!("the front takes no connections any more"),
    }
}

/// Takes up the configuration whenever its file is another. One that cannot be read, or is half written, changes nothing.
async fn look_again(file: File, mut version: config::Version, ways: watch::Sender<Arc<Config>>) {
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    let mut unread = None;
    loop {
        looks.tick().await;
        let Ok(found) = file.version() else { continue };
        if found == version || Some(&found) == unread.as_ref() {
            continue;
        }
        match file.read() {
            Ok((read, next)) if next.port == ways.borrow().port => {
                tracing::info!(config = ?next, "the configuration is another");
                ways.send_replace(Arc::new(next));
                version = read;
            }
            Ok(_) => {
                tracing::warn!("the port of a front stays as it is");
                unread = Some(found);
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "read the configuration");
                unread = Some(found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
