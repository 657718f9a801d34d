//! Talking to routers: which routes one has, and which it shall have. Knows routes, not whose they are.

pub mod http;
pub mod simulated;

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::net::Ipv4Addr;

use async_trait::async_trait;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// How a router's control interface is reached.
#[derive(Clone)]
pub struct RouterEndpoint {
    /// Address or host name.
    pub host: String,
    /// Port of its control interface.
    pub port: u16,
    /// The name of its container, for the log.
    pub name: String,
    /// What it demands from whoever changes its routes; never printed.
    pub token: String,
}

impl Debug for RouterEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterEndpoint")
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// All routes of a router, without their count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Routes {
    /// In the order of their ids.
    pub routes: Vec<Route>,
}

impl Routes {
    /// A digest that tells one set of routes from another.
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(Sha256::digest(&text))
    }
}

/// One endpoint that a router serves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Route {
    /// Unique in the table.
    pub id: String,
    /// Where it listens.
    pub listen: Listen,
    /// What it does there.
    pub kind: RouteKind,
}

/// Where a route listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Listen {
    /// An address that the router takes for this route; none for whatever addresses it has.
    pub address: Option<Ipv4Addr>,
    /// The length of the network's prefix, for the address that it takes.
    pub prefix_length: Option<u8>,
    /// Port.
    pub port: u16,
}

/// What a route does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteKind {
    /// Answers Memcached auto discovery; everything else goes to a target.
    MemcachedDiscovery {
        /// Counts the changes of `nodes`.
        config_version: u32,
        /// What clients are told of.
        nodes: Vec<DiscoveredNode>,
        /// Where everything else goes.
        targets: Vec<Target>,
        /// Encryption in transit, on both sides; none where it is off.
        #[serde(skip_serializing_if = "Option::is_none")]
        tls: Option<RouteTls>,
    },
    /// Passes bytes on as they are.
    Forward {
        /// Connections are spread over these.
        targets: Vec<Target>,
        /// Where they go while there are none of those, or none of them takes a connection.
        fallback_targets: Vec<Target>,
    },
}

/// What an encrypted endpoint shows, and whom it believes: files in the router's container.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct RouteTls {
    /// Key and certificate.
    pub certificate: String,
    /// The certificate of the authority that vouches for targets, by their addresses.
    pub authority: String,
}

/// A node as clients are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct DiscoveredNode {
    /// Host name or address.
    pub host: String,
    /// Address.
    pub address: String,
    /// Port.
    pub port: u16,
}

/// Where a router connects to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Target {
    /// Address.
    pub address: Ipv4Addr,
    /// Port.
    pub port: u16,
}

/// Why a router could not be talked to.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// It does not answer.
    #[error("the router {name} does not answer")]
    Unreachable {
        /// Its name.
        name: String,
        /// What the connection said.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It has had a table with a higher count.
    #[error("the router {name} has a newer table, {in_force}")]
    Outdated {
        /// Its name.
        name: String,
        /// The count of the table that it has.
        in_force: u64,
    },
    /// It refused for another reason.
    #[error("the router {name} refused: {reason}")]
    Refused {
        /// Its name.
        name: String,
        /// What it said.
        reason: String,
    },
}

/// What a router says of its table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InForce {
    /// The count of the table in force; 0 where it has none.
    pub generation: u64,
    /// The routes that it does not serve, by their ids, each with what it says of it.
    pub silent: BTreeMap<String, String>,
}

/// The control interface of routers.
#[async_trait]
pub trait RouterControl: Send + Sync + Debug {
    /// The table in force. Waits about a second for a router that has just been started; who waits longer looks in between
    /// whether it is there at all.
    async fn table_in_force(&self, router: &RouterEndpoint) -> Result<InForce, RoutingError>;

    /// Puts a table in force, in place of the one there is. Repeating it changes nothing.
    async fn put_table(
        &self,
        router: &RouterEndpoint,
        generation: u64,
        routes: &Routes,
    ) -> Result<InForce, RoutingError>;
}
