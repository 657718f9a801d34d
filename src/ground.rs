//! Where containers are made, and as whose: the choices of a data directory, made once and kept.
//!
//! - The instance's id labels everything that is made; the secret is what passwords are derived from.
//! - The subnet is stored before a network is made in it, and stays: addresses of caches are in it for life.
//! - The kind of endpoint follows what the caches that are there have; only a data directory without any is free to choose. A
//!   choice that `auto` made by asking Docker is stored, so that a start does not depend on Docker's answer.
//!
//! Docker need not answer for any of it, and nothing here waits for it to.

pub mod data_dir;
pub mod subnet;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, bail};
use ipnet::Ipv4Net;

use crate::config::{Config, EndpointConfig, EndpointMode, RuntimeConfig, RuntimeKind};
use crate::datastore::Datastore;
use crate::engine::Encryption;
use crate::reconcile::{Ground, Published};
use crate::resources::cache_cluster::CacheNode;
use crate::resources::timestamp::Timestamp;
use crate::runtime::{NetworkObserved, Runtime, RuntimeDescription, RuntimeError};

use data_dir::DataDir;

/// The setting that holds the instance's id.
const INSTANCE_ID: &str = "instance_id";
/// The setting that holds the subnet.
pub(crate) const NODE_SUBNET: &str = "node_subnet";
/// The setting that holds what `auto` came to.
pub(crate) const ENDPOINT_MODE: &str = "endpoint_mode";

/// How long the container engine may take to answer what a start would like to know; a hung one must not hold it up.
const ANSWER_DEADLINE: Duration = Duration::from_secs(3);

/// What Docker Desktop calls the machine that it keeps containers in.
const DOCKER_DESKTOP: &str = "Docker Desktop";

/// The router's program, beside ours.
const ROUTER_PROGRAM: &str = "cacheplane-router";

/// The id of the instance that this database belongs to, chosen at the first call.
///
/// # Errors
/// Where the database cannot be used.
pub async fn instance_id(datastore: &Datastore) -> anyhow::Result<String> {
    let fresh = uuid::Uuid::new_v4().to_string();
    datastore
        .setting_choose(INSTANCE_ID, &fresh)
        .await
        .context("choose the instance's id")
}

/// Makes the choices that are not made yet, and reads the others back. `owner` is the [`instance_id`]; `runtime` is asked only
/// about what is not stored, and need not answer.
///
/// # Errors
/// Where settings contradict what is stored, no subnet is free, or the data directory cannot be used; each with its cure.
pub async fn ground(
    config: &Config,
    data_dir: &DataDir,
    datastore: &Datastore,
    runtime: &dyn Runtime,
    owner: String,
    now: Timestamp,
) -> anyhow::Result<Ground> {
    let secret = data_dir.secret(datastore).await?;
    let authority = Arc::new(data_dir.authority(now)?);
    let mode = endpoint_mode(config, datastore, runtime).await?;
    let published = match mode {
        Mode::Network => None,
        Mode::Published => Some(published(config)?),
    };
    let routes = match config.runtime.kind {
        RuntimeKind::Docker => subnet::host_routes(),
        // Their addresses are on no network, so no route leads elsewhere.
        RuntimeKind::Simulated => Vec::new(),
    };
    let wished = config.endpoints.node_subnet;
    let subnet = chosen_subnet(wished, &routes, datastore, runtime).await?;
    let halves = subnet::split(subnet, &owner)?;
    tracing::info!(
        mode = mode.name(),
        node_network = %halves.node_network.subnet,
        endpoint_network = %halves.endpoint_network.subnet,
        instance = owner,
        "Caches have their place"
    );
    Ok(Ground {
        owner,
        secret,
        encryption: Encryption::new(authority.client_config().context("set up TLS")?),
        authority,
        node_network: halves.node_network,
        endpoint_network: halves.endpoint_network,
        node_addresses: halves.node_addresses,
        endpoint_addresses: halves.endpoint_addresses,
        published,
        images: config.images.clone(),
        router_program: match config.runtime.kind {
            RuntimeKind::Docker => found_router_program(config.router_binary.as_deref())?,
            RuntimeKind::Simulated => Some(data_dir.simulated_router()?),
        },
        open_files_limit: match config.runtime.kind {
            RuntimeKind::Docker if is_local(config.runtime.docker_host.as_deref()) => {
                open_files_limit()
            }
            RuntimeKind::Docker | RuntimeKind::Simulated => None,
        },
        networks_ensured: AtomicBool::new(false),
    })
}

/// What endpoints are, once that is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Network,
    Published,
}

impl Mode {
    /// As settings and flags have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Network => "network",
            Mode::Published => "published",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Mode> {
        [Mode::Network, Mode::Published]
            .into_iter()
            .find(|mode| mode.name() == name)
    }
}

async fn endpoint_mode(
    config: &Config,
    datastore: &Datastore,
    runtime: &dyn Runtime,
) -> anyhow::Result<Mode> {
    let clusters = datastore
        .cache_cluster_list()
        .await
        .context("read what endpoints caches have")?;
    let in_use = mode_in_use(clusters.iter().flat_map(|cluster| &cluster.nodes));
    match config.endpoints.mode {
        EndpointMode::Network => agreed_mode(Mode::Network, in_use),
        EndpointMode::Published => agreed_mode(Mode::Published, in_use),
        EndpointMode::Auto => match in_use {
            Some(in_use) => Ok(in_use),
            None => automatic_mode(config, datastore, runtime).await,
        },
    }
}

/// What the endpoints of nodes that are there are; none where no endpoint is chosen yet.
fn mode_in_use<'a>(nodes: impl IntoIterator<Item = &'a CacheNode>) -> Option<Mode> {
    nodes
        .into_iter()
        .find_map(|node| match (node.address, node.published_port) {
            (_, Some(_)) => Some(Mode::Published),
            (Some(_), None) => Some(Mode::Network),
            (None, None) => None,
        })
}

/// The wish, unless caches have endpoints of the other kind.
fn agreed_mode(wished: Mode, in_use: Option<Mode>) -> anyhow::Result<Mode> {
    match in_use {
        Some(in_use) if in_use != wished => bail!(
            "--endpoints {}: the caches of this data directory have endpoints of the other kind, and each keeps its own for life; \
             serve them with --endpoints {}, or give the others a --data-dir of their own",
            wished.name(),
            in_use.name()
        ),
        Some(_) | None => Ok(wished),
    }
}

async fn automatic_mode(
    config: &Config,
    datastore: &Datastore,
    runtime: &dyn Runtime,
) -> anyhow::Result<Mode> {
    // Only a Docker that seems to be this host's own is asked; the stored answer is one of such a Docker.
    if let (Mode::Published, reason) = mode_for(&config.runtime, None) {
        tracing::info!(reason, "Endpoints are ports of the host");
        return Ok(Mode::Published);
    }
    let stored = datastore
        .setting_get(ENDPOINT_MODE)
        .await
        .context("read the kind of endpoints")?;
    if let Some(stored) = stored.as_deref().and_then(Mode::parse) {
        return Ok(stored);
    }
    let description = answer(runtime.check()).await;
    if let Err(error) = &description {
        tracing::info!(
            error = %chain(error),
            "Docker does not say whether the addresses of its containers are reached from here; it is taken for one like most"
        );
    }
    let (mode, reason) = mode_for(&config.runtime, description.as_ref().ok());
    tracing::info!(
        mode = mode.name(),
        reason,
        "The kind of endpoints is chosen"
    );
    if description.is_ok() {
        datastore
            .setting_choose(ENDPOINT_MODE, mode.name())
            .await
            .context("choose the kind of endpoints")?;
    }
    Ok(mode)
}

/// What `auto` comes to, and why.
pub(crate) fn mode_for(
    runtime: &RuntimeConfig,
    description: Option<&RuntimeDescription>,
) -> (Mode, &'static str) {
    let host = runtime.docker_host.as_deref();
    let is_desktop = description.is_some_and(|found| found.operating_system == DOCKER_DESKTOP);
    match runtime.kind {
        RuntimeKind::Simulated => (Mode::Network, "simulated containers are nowhere"),
        RuntimeKind::Docker if !cfg!(target_os = "linux") => (
            Mode::Published,
            "only a Linux host reaches the addresses of containers",
        ),
        RuntimeKind::Docker if !is_local(host) => {
            (Mode::Published, "Docker is not reached by a local socket")
        }
        RuntimeKind::Docker if is_desktop => (
            Mode::Published,
            "Docker Desktop keeps containers in a machine of their own",
        ),
        // A user's own Docker keeps containers in a network namespace of its own.
        RuntimeKind::Docker if host.is_some_and(|host| host.starts_with("unix:///run/user/")) => (
            Mode::Published,
            "a rootless Docker keeps containers in a network of their own",
        ),
        RuntimeKind::Docker => (
            Mode::Network,
            "this host reaches the addresses of its containers",
        ),
    }
}

/// Whether the engine is on this host, as far as one sees.
fn is_local(docker_host: Option<&str>) -> bool {
    docker_host.is_none_or(|host| host.starts_with("unix://"))
}

/// How ports are published, and where they are reached.
///
/// # Errors
/// Where clients would be told of a host that is not the one that ports are published on, or a port is wanted twice.
pub(crate) fn published(config: &Config) -> anyhow::Result<Published> {
    let EndpointConfig {
        advertise_host,
        port_range,
        ..
    } = &config.endpoints;
    let listen = config.http.listen.port();
    if port_range.contains(&listen) {
        bail!(
            "--port-range {}-{} holds port {listen}, on which --listen {} takes requests; choose ports apart",
            port_range.start(),
            port_range.end(),
            config.http.listen
        );
    }
    let remote = match config.runtime.kind {
        RuntimeKind::Docker => remote_host(config.runtime.docker_host.as_deref()),
        RuntimeKind::Simulated => None,
    };
    let is_advertised_here = is_loopback(advertise_host);
    if let Some(remote) = &remote
        && is_advertised_here
    {
        bail!(
            "--advertise-host {advertise_host}: Docker publishes ports on {remote}, not here; name that host as clients reach it, \
             for example --advertise-host {remote}"
        );
    }
    Ok(Published {
        advertise_host: advertise_host.clone(),
        // Clients on this machine only: then no other machine gets a way in.
        bind_address: if is_advertised_here {
            Ipv4Addr::LOCALHOST
        } else {
            Ipv4Addr::UNSPECIFIED
        },
        is_port_free: match (config.runtime.kind, &remote) {
            (RuntimeKind::Docker, None) => may_be_bound,
            // Nothing can be told from here about another machine's ports; Docker will say.
            (RuntimeKind::Docker, Some(_)) | (RuntimeKind::Simulated, _) => |_, _| true,
        },
        probe_host: remote.unwrap_or_else(|| Ipv4Addr::LOCALHOST.to_string()),
        ports: port_range.clone(),
    })
}

/// Whether nobody listens on a port of this machine at present.
fn may_be_bound(address: Ipv4Addr, port: u16) -> bool {
    std::net::TcpListener::bind((address, port)).is_ok()
}

/// The other machine that Docker runs on, if it does.
fn remote_host(docker_host: Option<&str>) -> Option<String> {
    let authority = docker_host?.strip_prefix("tcp://")?;
    let (host, _) = authority.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!is_loopback(host)).then(|| host.to_owned())
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The subnet of this data directory: the stored one, or else a choice that is stored before it is used.
async fn chosen_subnet(
    wished: Option<Ipv4Net>,
    routes: &[subnet::Taken],
    datastore: &Datastore,
    runtime: &dyn Runtime,
) -> anyhow::Result<Ipv4Net> {
    let stored = datastore
        .setting_get(NODE_SUBNET)
        .await
        .context("read the subnet")?;
    if let Some(stored) = stored {
        return kept_subnet(&stored, wished);
    }
    let networks = answer(runtime.networks()).await.unwrap_or_else(|error| {
        tracing::warn!(
            error = %chain(&error),
            "Docker does not name its networks; the subnet of caches is chosen by the routes of this host alone"
        );
        Vec::new()
    });
    let taken = taken(routes, &networks);
    let choice = match wished {
        Some(wished) => subnet::check_free(wished, &taken)?,
        None => subnet::first_free(&taken)?,
    };
    let stored = datastore
        .setting_choose(NODE_SUBNET, &choice.to_string())
        .await
        .context("choose the subnet")?;
    kept_subnet(&stored, wished)
}

/// The stored subnet, unless another one is wished.
pub(crate) fn kept_subnet(stored: &str, wished: Option<Ipv4Net>) -> anyhow::Result<Ipv4Net> {
    let stored: Ipv4Net = stored
        .parse()
        .with_context(|| format!("read the stored subnet {stored:?}"))?;
    match wished {
        Some(wished) if wished != stored => bail!(
            "--node-subnet {wished}: this data directory has {stored}, and addresses are for life; leave the setting out to go on, \
             or give the new subnet a --data-dir of its own"
        ),
        Some(_) | None => Ok(stored),
    }
}

/// All that the host and the engine have taken.
pub(crate) fn taken(routes: &[subnet::Taken], networks: &[NetworkObserved]) -> Vec<subnet::Taken> {
    let of_networks = networks.iter().flat_map(|network| {
        network.subnets.iter().map(|subnet| subnet::Taken {
            subnet: *subnet,
            by: format!("the Docker network {}", network.name),
        })
    });
    routes.iter().cloned().chain(of_networks).collect()
}

/// What the engine answers in time.
async fn answer<T>(call: impl Future<Output = Result<T, RuntimeError>>) -> Result<T, RuntimeError> {
    match tokio::time::timeout(ANSWER_DEADLINE, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(RuntimeError::Unreachable {
            source: Some(elapsed.into()),
        }),
    }
}

/// An error with its causes, as one sentence.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn found_router_program(said: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let program = router_program(said)?;
    if program.is_none() {
        tracing::warn!(
            "{ROUTER_PROGRAM} is not beside this program; Memcached caches wait for it, or for a restart with --router-binary"
        );
    }
    Ok(program)
}

/// The router's program; none where it is not beside ours, and then only what needs a router fails.
///
/// # Errors
/// Where `said` is no file.
pub(crate) fn router_program(said: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    if let Some(said) = said {
        if !said.is_file() {
            bail!(
                "--router-binary {}: there is no such file; build it with `make router-binary`, or leave the setting out to use \
                 the one beside this program",
                said.display()
            );
        }
        return Ok(Some(said.to_owned()));
    }
    Ok(std::env::current_exe()
        .ok()
        .map(|program| program.with_file_name(ROUTER_PROGRAM))
        .filter(|program| program.is_file()))
}

/// Files that a container may open: containers inherit the bound of the engine that starts them. None where no engine's process
/// is seen, or its bound is no concern.
fn open_files_limit() -> Option<u32> {
    let engines = std::fs::read_dir("/proc").ok()?.filter_map(|entry| {
        let process = entry.ok()?.path();
        let name = std::fs::read_to_string(process.join("comm")).ok()?;
        ["dockerd", "containerd"]
            .contains(&name.trim_end())
            .then_some(process)
    });
    engines
        .filter_map(|process| {
            hard_limit_of_open_files(&std::fs::read_to_string(process.join("limits")).ok()?)
        })
        .min()
}

/// The hard limit in the text of `/proc/PID/limits`; none where there is no limit.
fn hard_limit_of_open_files(limits: &str) -> Option<u32> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
