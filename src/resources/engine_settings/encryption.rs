//! Encryption in transit as an engine is told of it, and the front that stands before one that takes both.
//!
//! No engine speaks TLS and in clear on one port. Where clients may do either, a front takes the node's port (the program of the
//! routers, as the first process of the container), and the engine listens on two others, one for each. So all that others are told of
//! the node is its port, whatever the engine's are.

use super::super::transit_encryption::TransitEncryptionMode;
use super::{AUTHORITY_FILE, CERTIFICATE_FILE, ServerSettings, cluster, is_clustered};

/// Where a container has the front's program.
pub const FRONT_PROGRAM: &str = "/etc/cacheplane/front";

/// Where the front finds what it is told.
pub const FRONT_CONFIG_FILE: &str = "/etc/cacheplane/front.json";

/// The port on which an engine behind a front takes what is in clear. The API hands out none below 1150, so no node wants it.
pub const PLAIN_PORT: u16 = 1147;

/// The port on which it takes TLS.
pub const TLS_PORT: u16 = 1148;

/// Where an engine takes what is in clear from a front that ends TLS, and from nobody else.
pub const ENGINE_SOCKET: &str = "/tmp/cacheplane-engine.sock";

/// Where such a front finds what it checks tokens of IAM with.
pub const TOKENS_FILE: &str = "/etc/cacheplane/tokens.json";

/// Whether a node with this encryption in transit has a front: where clients may speak TLS or not, or log in with tokens of IAM, which
/// somebody has to read.
pub fn has_front(encryption: Option<TransitEncryptionMode>, iam: bool) -> bool {
    match encryption {
        None => false,
        Some(TransitEncryptionMode::Required) => iam,
        Some(TransitEncryptionMode::Preferred) => true,
    }
}

/// What a container with a front runs: the front, which starts `server`.
pub fn front_command(server: Vec<String>) -> Vec<String> {
    let front = [FRONT_PROGRAM, "front", "--config", FRONT_CONFIG_FILE, "--"];
    front.map(str::to_owned).into_iter().chain(server).collect()
}

/// The ports, and TLS. Lines from 6.0 on can do that, where they were built for it; any other does not start.
pub(super) fn directives(settings: &ServerSettings<'_>) -> Vec<(&'static str, String)> {
    let port = settings.port.to_string();
    let mut directives = match settings.encryption {
        None => return vec![("port", port)],
        Some(TransitEncryptionMode::Required) if !settings.iam => {
            vec![("port", "0".into()), ("tls-port", port)]
        }
        Some(mode) => behind_front(settings, mode),
    };
    directives.extend([
        ("tls-cert-file", CERTIFICATE_FILE.into()),
        ("tls-key-file", CERTIFICATE_FILE.into()),
        ("tls-ca-cert-file", AUTHORITY_FILE.into()),
        // Clients prove who they are by a password, if at all.
        ("tls-auth-clients", "no".into()),
        ("tls-replication", "yes".into()),
    ]);
    if is_clustered(settings) {
        directives.push(("tls-cluster", "yes".into()));
    }
    directives
}

fn behind_front(
    settings: &ServerSettings<'_>,
    mode: TransitEncryptionMode,
) -> Vec<(&'static str, String)> {
    let port = settings.port.to_string();
    let mut directives = match mode {
        TransitEncryptionMode::Preferred => vec![
            ("port", PLAIN_PORT.to_string()),
            ("tls-port", TLS_PORT.to_string()),
        ],
        // Nobody comes in past the front, which alone tells tokens from passwords.
        TransitEncryptionMode::Required => vec![
            ("port", "0".into()),
            ("tls-port", "0".into()),
            ("unixsocket", ENGINE_SOCKET.into()),
            ("unixsocketperm", "700".into()),
        ],
    };
    directives.push(("replica-announce-port", port.clone()));
    let Some(announced) = settings.cluster else {
        return directives;
    };
    let address = announced.announce_address.to_string();
    // The primary sees its own front's address.
    directives.push(("replica-announce-ip", address));
    if is_clustered(settings) {
        directives.push(("cluster-announce-port", port.clone()));
        directives.push(("cluster-announce-tls-port", port));
        if let Some(bus_port) = cluster::bus_port(settings.line, settings.port) {
            // Else it would be far from a port of the engine's own.
            directives.push(("cluster-port", bus_port.to_string()));
        }
    }
    directives
}
