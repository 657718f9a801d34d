//! The data-plane router: endpoints that choose or speak.
//!
//! Most endpoints of cacheplane are addresses of the engines' own containers, and nothing stands
//! between a client and its engine. Some endpoints must do something: a Memcached configuration
//! endpoint answers auto discovery, a reader endpoint spreads connections. Those are served here,
//! by one small program per Docker host in a container of its own, so that the control plane can
//! be away without a client noticing.
//!
//! - [`table`]: what the control plane pushes, always whole.
//! - [`control`]: how it pushes it; [`state`]: where the last table outlives a restart.
//! - [`plane`]: the table in force and how another takes its place, without disturbing a route
//!   that did not change.
//! - `endpoint`: one route's listener and connections; `address`: the addresses that routes
//!   listen on, added to our own interfaces; `connect`: which target comes next.
//! - `forward` and `memcached`: what is done with a connection.
//! - `stream`: a connection in two halves, encrypted or not.
//! - [`front`]: the same program as the first process of a node's container, where a node needs one.
//!
//! Invariants: no control-plane code and no knowledge of what a cache cluster is; nothing waits for
//! the control plane; what is in force is on disk; every queue, buffer, wait and number
//! of connections has a bound.

mod address;
mod config;
mod connect;
pub mod control;
mod endpoint;
mod forward;
pub mod front;
mod memcached;
mod metrics;
pub mod plane;
mod sparing;
pub mod state;
mod stream;
pub mod table;

use std::time::Duration;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;

pub use config::{Config, Token};
use plane::Plane;
use state::State;

/// How long connections have to end by themselves when the router stops.
const STOP_GRACE: Duration = Duration::from_secs(5);
/// Descriptors that are not for clients: listeners, the control API, pipes.
const DESCRIPTORS_RESERVED: u64 = 512;
/// Descriptors that a client's connection takes: its own and its node's. A pipe takes two as well.
const DESCRIPTORS_PER_CONNECTION: u64 = 2;
/// Connections held at most; what AWS allows a node.
const CONNECTIONS_MAX: u64 = 65_000;

/// How long a client may be silent before it says anything. A pool that connects before it is used says something within that time, if only
/// to look whether its connections are still good; and each that does not has a place that others wait for.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Runs the router until `stop` resolves, then lets connections end for a bounded time.
///
/// # Errors
/// When the state directory or the control address can't be used.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let limits = Limits::of_process();
    let plane = Plane::new(State::open(&config.state)?, limits);
    plane.resume().await;
    let listener = TcpListener::bind(config.control)
        .await
        .with_context(|| format!("listen on {}", config.control))?;
    let control = listener.local_addr().context("read the control address")?;
    tracing::info!(%control, connections_max = limits.connections_max, "the router is ready");
    tokio::select! {
        () = control::serve(listener, plane.clone(), config.token) => {}
        () = stop => {}
    }
    tracing::info!("stopping");
    plane.stop(STOP_GRACE).await;
    Ok(())
}

/// What clients may have of this program.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections held at most.
    pub connections_max: u32,
    /// How long a client that no engine knows of yet may be silent. From there on the engine's own `timeout` is what counts.
    pub silence_max: Duration,
}

impl Limits {
    /// Those of this process, which is let have as many descriptors as it may.
    fn of_process() -> Self {
        Self {
            connections_max: connections_max(),
            silence_max: SILENCE_MAX,
        }
    }
}

/// How many client connections the descriptors are enough for, after asking for as many as allowed.
fn connections_max() -> u32 {
    let limits = getrlimit(Resource::Nofile);
    // Refused means that what there is has to do.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limits.maximum,
            ..limits
        },
    );
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let pairs = descriptors.saturating_sub(DESCRIPTORS_RESERVED) / DESCRIPTORS_PER_CONNECTION;
    let share = u64::from(plane::CONNECTIONS_PER_PIPE);
    let connections = pairs.saturating_mul(share) / (share + 1);
    u32::try_from(connections.clamp(1, CONNECTIONS_MAX)).unwrap_or(u32::MAX)
}
