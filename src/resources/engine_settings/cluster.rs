//! What a node with cluster mode enabled starts with besides its parameters.
//!
//! Nodes find each other by address in both endpoint modes: all are on one network. Clients are sent to that address too, or,
//! where they cannot reach it (published mode), to a host name, which lines from 7.0 on announce; the port is the same inside
//! and outside. The bus port is between nodes only, so it is published nowhere.

use std::fmt;
use std::net::Ipv4Addr;

use super::super::engine::supports_atomic_migration;
use super::{Administrator, ServerSettings, VersionNumber, has_front};

/// How long a node may be silent before the others suspect it, in milliseconds. When most primaries do, one of its replicas
/// takes over, also while no control plane is there. A node that gives away a large key is silent while it does.
pub const CLUSTER_NODE_TIMEOUT_MS: u32 = 5_000;

/// What the nodes of the cluster told each other, on the volume: it survives a restart.
const CONFIG_FILE: &str = "nodes.conf";

/// A cluster's node, as the others know it.
#[derive(Debug, Clone, Copy)]
pub struct ClusterSettings<'a> {
    /// Its address, for nodes and for clients.
    pub announce_address: Ipv4Addr,
    /// Host name that clients are told in place of the address (published mode). Lines before 7.0 have no such thing.
    pub announce_hostname: Option<&'a str>,
    /// Who the cluster's nodes are to each other, the same for all of them; none where the line has no users.
    pub peer: Option<Peer<'a>>,
}

/// A user as which nodes of a cluster talk to each other, since customers' users may not ask for data or give slots. It may do
/// that and little else.
///
/// Which node is whose primary changes without us, and they must go on while we are absent. So unlike the administrator's,
/// this password is in the command line, for whoever may inspect the container: who may do that can read its volume as well.
#[derive(Clone, Copy)]
pub struct Peer<'a> {
    /// The user, with its password's digest.
    pub user: Administrator<'a>,
    /// Its password.
    pub password: &'a str,
}

impl fmt::Debug for Peer<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Peer")
            .field("user", &self.user.name)
            .finish_non_exhaustive()
    }
}

/// The port on which a node hears the others: 10,000 above that for clients, or below where there is none above. Lines before
/// 7.0 know only the former, so there is none for their highest ports.
pub fn bus_port(line: VersionNumber, port: u16) -> Option<u16> {
    const OFFSET: u16 = 10_000;
    let below = || line.at_least(7, 0, 0).then(|| port - OFFSET);
    port.checked_add(OFFSET).or_else(below)
}

pub(super) fn directives(
    settings: &ServerSettings<'_>,
    cluster: &ClusterSettings<'_>,
) -> Vec<(String, String)> {
    let line = settings.line;
    let mut directives = vec![
        ("cluster-config-file", CONFIG_FILE.to_owned()),
        ("cluster-node-timeout", CLUSTER_NODE_TIMEOUT_MS.to_string()),
    ];
    // Replicas stay with their shard, whatever becomes of another: how many each has is the user's wish.
    directives.push(match line.at_least(6, 2, 0) {
        true => ("cluster-allow-replica-migration", "no".to_owned()),
        false => ("cluster-migration-barrier", "1000".to_owned()),
    });
    if line.at_least(4, 0, 0) {
        let address = cluster.announce_address.to_string();
        directives.push(("cluster-announce-ip", address));
    }
    let is_unusual =
        |bus: &u16| *bus < settings.port && !has_front(settings.encryption, settings.iam);
    if let Some(bus_port) = bus_port(line, settings.port).filter(is_unusual) {
        directives.push(("cluster-port", bus_port.to_string()));
    }
    if let (true, Some(hostname)) = (line.at_least(7, 0, 0), cluster.announce_hostname) {
        directives.push(("cluster-announce-hostname", hostname.to_owned()));
        directives.push(("cluster-preferred-endpoint-type", "hostname".to_owned()));
    }
    if let (true, Some(peer)) = (line.at_least(6, 0, 0), cluster.peer) {
        directives.push(("masteruser", peer.user.name.to_owned()));
        directives.push(("masterauth", peer.password.to_owned()));
    }
    directives
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The user as which the others come here.
pub(super) fn peer_user(
    settings: &ServerSettings<'_>,
    cluster: &ClusterSettings<'_>,
) -> Vec<String> {
    let Some(peer) = cluster.peer else {
        return Vec::new();
    };
    let password = format!("#{}", peer.user.password_sha256);
    let mut words = vec!["--user", peer.user.name, "on", &password];
    if supports_atomic_migration(settings.version.engine, settings.line) {
        // Who gives slots away sends the commands that make their keys, whatever these are.
        words.extend(["~*", "&*", "+@all", "-@admin", "+cluster|syncslots"]);
    }
    words.extend(["+psync", "+replconf", "+ping"]);
    words.into_iter().map(str::to_owned).collect()
}
