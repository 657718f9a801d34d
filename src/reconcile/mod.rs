//! The loops that make wishes true: one task per file, and the driver that runs them.
//!
//! Each looks, asks the planner, and carries out what it answers; what it is about to touch becomes unknown first, and what came
//! of it is recorded after. None has input: a wake carries nothing, and what changed is found by looking.

pub mod access;
pub mod audit;
pub mod cache_cluster;
pub mod certificates;
pub mod driver;
mod front;
pub mod health;
pub mod log;
pub mod maintenance;
pub mod metric;
mod node;
pub mod notification;
pub mod replication_group;
mod restore;
pub mod router;
pub mod service_update;
pub mod snapshot;
pub mod tokens;
pub mod watch;

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::activators::Activators;
use crate::authority::Authority;
use crate::callers::Callers;
use crate::clock::Clock;
use crate::datastore::{AddressPool, Datastore, Pools, PortPool};
use crate::engine::observe::Observe;
use crate::engine::{Credentials, Encryption, Engine};
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::routing::RouterControl;
use crate::runtime::labels::{KIND_CACHE_CLUSTER, KIND_ROUTER, NodeIdentity, singleton_name};
use crate::runtime::{NetworkSpec, Runtime, RuntimeError};
use crate::store::Stores;

/// The user that the control plane is on every node; a customer's users never lock it out.
pub const ADMINISTRATOR: &str = "cacheplane-administrator";

/// The user as which nodes of a cluster ask each other for data.
pub const PEER: &str = "cacheplane-peer";

/// The rooms that reconcilers work with.
#[derive(Debug, Clone)]
pub struct World {
    /// Wishes, choices, observations.
    pub datastore: Datastore,
    /// Containers.
    pub runtime: Arc<dyn Runtime>,
    /// Nodes.
    pub engine: Arc<dyn Engine>,
    /// Nodes, asked again and again.
    pub observer: Arc<dyn Observe>,
    /// Routers.
    pub routing: Arc<dyn RouterControl>,
    /// Snapshots' files.
    pub stores: Stores,
    /// Time.
    pub clock: Clock,
    /// Who may call, and so log in to caches with tokens.
    pub callers: Callers,
    /// The other reconcilers.
    pub activators: Arc<Activators>,
    /// Where and as what containers are made.
    pub ground: Arc<Ground>,
}

/// Where containers are made, and as whose. Read once at start.
pub struct Ground {
    /// The owner that everything made is labelled with: the instance's id.
    pub owner: String,
    /// What passwords and tokens are derived from; never printed, never stored in the database.
    pub secret: Vec<u8>,
    /// Who vouches for nodes and endpoints that speak TLS.
    pub authority: Arc<Authority>,
    /// How we ourselves talk to nodes that speak TLS: as clients of that authority.
    pub encryption: Encryption,
    /// The network of nodes.
    pub node_network: NetworkSpec,
    /// The network of endpoints that move or speak.
    pub endpoint_network: NetworkSpec,
    /// Static addresses on the node network.
    pub node_addresses: AddressPool,
    /// Static addresses on the endpoint network.
    pub endpoint_addresses: AddressPool,
    /// Set in published mode.
    pub published: Option<Published>,
    /// Image references that stand in front of those known, by engine name and version.
    pub images: BTreeMap<(String, String), String>,
    /// The router's program, a static executable.
    pub router_program: Option<PathBuf>,
    /// Files that a container may open, where that is known to be bounded.
    pub open_files_limit: Option<u32>,
    /// Whether the networks are known to be there.
    pub networks_ensured: AtomicBool,
}

/// How nodes are reached where the host does not reach container addresses.
#[derive(Debug, Clone)]
pub struct Published {
    /// The name that clients are given.
    pub advertise_host: String,
    /// The host's address that ports are bound to.
    pub bind_address: Ipv4Addr,
    /// The name under which we ourselves reach published ports.
    pub probe_host: String,
    /// Ports to choose from.
    pub ports: RangeInclusive<u16>,
    /// Whether nobody else listens on a port of the host, as far as can be told.
    pub is_port_free: fn(Ipv4Addr, u16) -> bool,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground")
            .field("owner", &self.owner)
            .field("node_network", &self.node_network)
            .field("endpoint_network", &self.endpoint_network)
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}

impl Ground {
    /// Where addresses and ports are chosen from.
    pub fn pools(&self) -> Pools {
        Pools {
            node_addresses: self.node_addresses.clone(),
            endpoint_addresses: self.endpoint_addresses.clone(),
            ports: self.published.as_ref().map(|published| PortPool {
                range: published.ports.clone(),
                bind_address: published.bind_address,
                is_free: published.is_port_free,
            }),
        }
    }

    /// A secret for `purpose`: the same each time, and no use for another purpose. Nothing need be stored.
    pub fn derive_secret(&self, purpose: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else {
            return String::new();
        };
        mac.update(purpose.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// The name of the container of the router with this name.
    pub(crate) fn router_container(&self, router: &str) -> String {
        singleton_name(&self.owner, &format!("{KIND_ROUTER}-{router}"))
    }

    /// Who the nodes of a replication group with cluster mode enabled are to each other.
    pub fn peer(&self, group_key: i64) -> Credentials {
        Credentials {
            user: PEER.to_owned(),
            password: self.derive_secret(&format!("peer of replication group {group_key}")),
        }
    }

    /// What stands for a token of `user` on the node in `container`.
    pub fn token_password(&self, container: &str, user: &str) -> String {
        self.derive_secret(&format!("token of {user} on {container}"))
    }

    /// The administrator's name and password on the node in `container`.
    pub fn administrator(&self, container: &str) -> Credentials {
        Credentials {
            user: ADMINISTRATOR.to_owned(),
            password: self.derive_secret(&format!("administrator of {container}")),
        }
    }
}

impl World {
    /// Makes both networks unless they are known to be there.
    pub(crate) async fn ensure_networks(&self) -> Result<(), RuntimeError> {
        if self.ground.networks_ensured.load(Ordering::Acquire) {
            return Ok(());
        }
        self.runtime
            .ensure_network(&self.ground.node_network)
            .await?;
        self.runtime
            .ensure_network(&self.ground.endpoint_network)
            .await?;
        self.ground.networks_ensured.store(true, Ordering::Release);
        Ok(())
    }

    /// Something that a container needs is gone; it may be a network (`docker network prune` removes those that no running
    /// container is attached to), so the next run makes sure of them again.
    pub(crate) fn doubt_networks(&self, error: &RuntimeError) {
        if matches!(error, RuntimeError::NotFound { .. }) {
            self.ground.networks_ensured.store(false, Ordering::Release);
        }
    }
}

/// Who a node is, for names and labels.
pub(crate) fn identity(cluster: &CacheCluster, node: &CacheNode) -> NodeIdentity {
    NodeIdentity {
        account: cluster.scope.account.clone(),
        region: cluster.scope.region.clone(),
        kind: KIND_CACHE_CLUSTER.to_owned(),
        resource: cluster.spec.cache_cluster_id.clone(),
        node: node.cache_node_id.clone(),
    }
}
