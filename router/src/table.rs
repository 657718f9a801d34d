//! What the control plane pushes: the whole table of routes, as JSON.
//!
//! Members that this router does not know are ignored, and a route of a kind that it does not know
//! is carried and reported, so that a newer control plane can push to an older router.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Routes in one table.
const ROUTES_MAX: usize = 8192;
/// Targets of one route; ElastiCache's largest is a cluster of 500 nodes.
const TARGETS_MAX: usize = 1024;
/// Bytes of a route's id.
const ID_BYTES_MAX: usize = 512;
/// Bytes of a host name (RFC 1035).
const HOST_BYTES_MAX: usize = 255;

/// Every route of this router, at one generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Counts the control plane's wishes; a table older than the one in force is refused.
    pub generation: u64,
    /// The routes, in no particular order.
    #[serde(default)]
    pub routes: Vec<Route>,
}

/// One endpoint that this router serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// The control plane's name for it, unique in the table.
    pub id: String,
    /// Where it listens.
    pub listen: Listen,
    /// What it does with a connection.
    pub kind: Kind,
}

/// Where a route listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listen {
    /// The endpoint's own address, which the router adds to its interface; absent means every
    /// address of the router (published mode, where a Docker port mapping leads here).
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// The prefix length of the subnet that the address was taken from, for the reader of a table;
    /// the router itself goes by the subnets of its interfaces.
    #[serde(default)]
    pub prefix_length: Option<u8>,
    /// The port; 0 lets the kernel choose, and the route's status says which.
    pub port: u16,
}

impl Listen {
    /// The socket address to bind.
    pub fn socket_address(&self) -> SocketAddr {
        SocketAddr::new(
            self.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            self.port,
        )
    }

    /// The address that must be on an interface of ours before this can be bound, if any.
    pub fn address_to_hold(&self) -> Option<IpAddr> {
        self.address
            .filter(|address| !address.is_loopback() && !address.is_unspecified())
    }
}

/// What a route does with a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A Memcached configuration endpoint: answers auto discovery, forwards the rest to a node.
    MemcachedDiscovery(Discovery),
    /// Forwards bytes as they are.
    Forward(Forward),
    /// A kind from a newer control plane; it is reported and not served.
    #[serde(untagged)]
    Unknown(serde_json::Value),
}

impl Kind {
    /// The kind's name in JSON and in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MemcachedDiscovery(_) => "memcached_discovery",
            Self::Forward(_) => "forward",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The targets to try first.
    pub fn targets(&self) -> &[Target] {
        match self {
            Self::MemcachedDiscovery(discovery) => &discovery.targets,
            Self::Forward(forward) => &forward.targets,
            Self::Unknown(_) => &[],
        }
    }

    /// The targets to try when none of the first ones takes a connection.
    pub fn fallback_targets(&self) -> &[Target] {
        match self {
            Self::Forward(forward) => &forward.fallback_targets,
            Self::MemcachedDiscovery(_) | Self::Unknown(_) => &[],
        }
    }

    /// Whether a connection to `target` still belongs to this route.
    pub fn has_target(&self, target: &Target) -> bool {
        self.targets().contains(target) || self.fallback_targets().contains(target)
    }
}

/// A Memcached configuration endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discovery {
    /// ElastiCache's configuration version: starts at 1, one more for every node added or removed.
    pub config_version: u64,
    /// The nodes that auto discovery lists.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// Where every other command is forwarded.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// Encryption in transit: clients speak TLS and nothing else, and so does the router with the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<DiscoveryTls>,
}

/// What an encrypted configuration endpoint shows, and whom it believes: files that are put into the router's container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryTls {
    /// A PEM file with the key and the certificate that clients are shown.
    pub certificate: PathBuf,
    /// A PEM file with the certificate of the authority that vouches for targets, by their addresses.
    pub authority: PathBuf,
}

/// A node as auto discovery lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Node {
    /// Its host name, or its address where there are no names.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its address; may be empty (AWS leaves it out with in-transit encryption), the bars stay.
    #[serde(default)]
    pub address: String,
}

/// Plain TCP forwarding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// Connections are spread over these, in turn.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// Used while `targets` is empty, or none of them takes a connection.
    #[serde(default)]
    pub fallback_targets: Vec<Target>,
}

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
}

impl Target {
    /// The socket address to connect to.
    pub fn socket_address(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

impl Table {
    /// Reads and checks a table.
    ///
    /// # Errors
    /// Says in words what is wrong: not JSON of this shape, a bound passed, an id twice, or a name
    /// that would break the discovery payload.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let table: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if table.routes.len() > ROUTES_MAX {
            return Err(format!("more than {ROUTES_MAX} routes"));
        }
        let mut ids = HashSet::new();
        for route in &table.routes {
            check_route(route).map_err(|reason| format!("route {:?}: {reason}", route.id))?;
            if !ids.insert(&route.id) {
                return Err(format!("route {:?} stands in the table twice", route.id));
            }
        }
        Ok(table)
    }
}

fn check_route(route: &Route) -> Result<(), String> {
    if route.id.is_empty() || route.id.len() > ID_BYTES_MAX {
        return Err(format!("an id has 1 to {ID_BYTES_MAX} bytes"));
    }
    if route.id.chars().any(char::is_control) {
        return Err("an id has no control characters".to_owned());
    }
    if let (Some(address), Some(length)) = (route.listen.address, route.listen.prefix_length) {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        if length > longest {
            return Err(format!("prefix_length is at most {longest}"));
        }
    }
    if route.kind.targets().len() > TARGETS_MAX || route.kind.fallback_targets().len() > TARGETS_MAX
    {
        return Err(format!("more than {TARGETS_MAX} targets"));
    }
    match &route.kind {
        Kind::MemcachedDiscovery(discovery) => check_nodes(&discovery.nodes),
        Kind::Forward(_) => Ok(()),
        // An untagged variant also catches a known kind with a wrong member; that is a mistake of
        // the sender, not a kind from the future.
        Kind::Unknown(value) => {
            for known in ["memcached_discovery", "forward"] {
                if value.get(known).is_some() {
                    return Err(format!("the members of {known} are not as they should be"));
                }
            }
            Ok(())
        }
    }
}

fn check_nodes(nodes: &[Node]) -> Result<(), String> {
    if nodes.len() > TARGETS_MAX {
        return Err(format!("more than {TARGETS_MAX} nodes"));
    }
    for node in nodes {
        // Blank, bar and line end separate fields of the payload.
        let breaks = |text: &str| {
            text.len() > HOST_BYTES_MAX
                || text
                    .bytes()
                    .any(|byte| !byte.is_ascii_graphic() || byte == b'|')
        };
        if node.host.is_empty() || breaks(&node.host) || breaks(&node.address) {
            return Err(format!(
                "node {:?} has a host or address that can't be listed",
                node.host
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(kind: &str) -> Result<Table, String> {
        let text = format!(
            r#"{{"generation": 12, "added_later": true, "routes": [
                {{"id": "r", "listen": {{"address": "172.31.128.10", "prefix_length": 20, "port": 11211}}, "kind": {kind}}}]}}"#
        );
        Table::parse(text.as_bytes())
    }

    #[test]
    fn a_table_is_read_and_unknown_members_are_ignored() {
        let table = route(
            r#"{"memcached_discovery": {"config_version": 3, "colour": "blue",
                "nodes": [{"host": "172.31.0.7", "address": "172.31.0.7", "port": 11211}],
                "targets": [{"address": "172.31.0.7", "port": 11211}]}}"#,
        )
        .unwrap();
        assert_eq!(table.generation, 12);
        let Kind::MemcachedDiscovery(discovery) = &table.routes[0].kind else {
            panic!("kind")
        };
        assert_eq!(discovery.config_version, 3);
        assert_eq!(
            table.routes[0].listen.socket_address().to_string(),
            "172.31.128.10:11211"
        );
    }

    #[test]
    fn a_kind_from_the_future_is_carried_and_a_broken_one_refused() {
        let table = route(r#"{"iam_gate": {"anything": 1}}"#).unwrap();
        assert!(matches!(table.routes[0].kind, Kind::Unknown(_)));
        assert!(
            route(r#"{"forward": {"targets": 7}}"#)
                .unwrap_err()
                .contains("forward")
        );
    }

    #[test]
    fn names_that_would_break_the_payload_are_refused() {
        for host in ["a b", "a|b", "a\\nb", "", "é"] {
            let kind = format!(
                r#"{{"memcached_discovery": {{"config_version": 1, "nodes": [{{"host": "{host}", "port": 1}}]}}}}"#
            );
            assert!(route(&kind).is_err(), "{host:?}");
        }
    }

    #[test]
    fn an_id_twice_is_refused() {
        let one = r#"{"id": "r", "listen": {"port": 1}, "kind": {"forward": {}}}"#;
        let text = format!(r#"{{"generation": 1, "routes": [{one}, {one}]}}"#);
        assert!(Table::parse(text.as_bytes()).unwrap_err().contains("twice"));
    }

    #[test]
    fn only_addresses_that_are_not_here_already_are_held() {
        let listen = |address: &str| Listen {
            address: Some(address.parse().unwrap()),
            prefix_length: None,
            port: 1,
        };
        assert_eq!(listen("127.3.2.1").address_to_hold(), None);
        assert_eq!(listen("0.0.0.0").address_to_hold(), None);
        assert!(listen("172.31.128.10").address_to_hold().is_some());
    }
}
