//! What an engine is really started with.
//!
//! A parameter group speaks the service's language, an engine its own. Most parameters are directives of the
//! same name; some exist only in the service and take effect by other means; some directives are unknown to the line
//! that runs, which is not always the version that was asked for (Redis 7.1 is served by 7.0 or 7.2).
//! An engine that is given one directive it does not know does not start, so `directives` names every parameter that
//! there is, and its tests insist on that.
//!
//! Pure: settings in, arguments out. What must not be in a command line that anyone may inspect is not: the
//! administrator is known to the engine by the digest of its password.

mod cluster;
mod directives;
mod encryption;
mod memcached;
mod withheld;

use std::collections::BTreeMap;

use super::engine::{Engine, EngineVersion, VersionNumber};
use super::node_type::NodeType;
use super::transit_encryption::TransitEncryptionMode;

pub use cluster::{CLUSTER_NODE_TIMEOUT_MS, ClusterSettings, Peer, bus_port};
pub use directives::{engine_directives, live_directives, maxmemory_bytes, service_only_reason};
pub use encryption::{
    ENGINE_SOCKET, FRONT_CONFIG_FILE, FRONT_PROGRAM, PLAIN_PORT, TLS_PORT, TOKENS_FILE,
    front_command, has_front,
};
pub use withheld::{is_withheld, withheld_rules};

/// Everything that decides how a node's engine starts.
#[derive(Debug, Clone, Copy)]
pub struct ServerSettings<'a> {
    /// The version that the cluster has.
    pub version: &'static EngineVersion,
    /// The line that really runs: `engine::image_line` of the chosen image.
    pub line: VersionNumber,
    /// The node's type.
    pub node_type: &'static NodeType,
    /// Effective parameter values: `parameter::effective`, collected.
    pub parameters: &'a BTreeMap<&'static str, String>,
    /// The port to listen on.
    pub port: u16,
    /// What a node with cluster mode enabled is told besides its parameters; of no effect with cluster mode disabled.
    pub cluster: Option<ClusterSettings<'a>>,
    /// The control plane's own user. Redis 6.0 and later have users; earlier ones ignore it.
    pub administrator: Option<Administrator<'a>>,
    /// Whether the node starts as a replica of nobody (see [`FENCE`]): a member of a replication group does, so that one
    /// that is started again by itself takes no writes on a data set that the group has left behind. Until it is told
    /// whom to follow, or to be the primary, it answers reads. With cluster mode enabled the nodes agree on that among
    /// themselves, and it has no effect.
    pub fenced: bool,
    /// Whether it starts with its `default` user off: customers are let in by those who know who may, and a node that is started
    /// again by itself lets nobody in before.
    pub guarded: bool,
    /// Encryption in transit, where it is on: it speaks TLS to clients, to its primary, and to the other nodes of its cluster. Where
    /// clients may do without, it is made for a front ([`has_front`]).
    pub encryption: Option<TransitEncryptionMode>,
    /// Whether some of its users log in with tokens of IAM: it is made for a front that knows these ([`has_front`]).
    pub iam: bool,
    /// Whether keys survive a restart, on the volume at `/data`.
    pub persistent: bool,
    /// Open files that the host lets a container have, when that is known to be bounded. Memcached does not start
    /// with more connections than files, and Redis quietly accepts fewer.
    pub open_files_limit: Option<u32>,
}

/// A user of which customers know nothing.
#[derive(Debug, Clone, Copy)]
pub struct Administrator<'a> {
    /// Its name.
    pub name: &'a str,
    /// SHA-256 of its password, 64 lower-case hexadecimal digits.
    pub password_sha256: &'a str,
}

/// The primary that a fenced node is started with: a host and port where nothing ever answers.
pub const FENCE: (&str, u16) = ("127.0.0.1", 1);

/// Where the engine's container keeps what must survive it.
pub const DATA_DIRECTORY: &str = "/data";

/// Where a node that speaks TLS finds its certificate, and its key: one file, so that both are replaced in one moment.
pub const CERTIFICATE_FILE: &str = "/etc/cacheplane/node.pem";

/// Where it finds the certificate of the authority that vouches for its peers.
pub const AUTHORITY_FILE: &str = "/etc/cacheplane/ca.pem";

/// The user whose process reads these files, in the official images and in ours.
pub fn engine_user(engine: Engine) -> u64 {
    match engine {
        Engine::Redis | Engine::Valkey => 999,
        Engine::Memcached => 11_211,
    }
}

/// The engine's command line, the program first.
pub fn server_command(settings: &ServerSettings<'_>) -> Vec<String> {
    let mut command = vec![settings.version.engine.server_program().to_owned()];
    match settings.version.engine {
        Engine::Memcached => command.extend(memcached::arguments(settings)),
        Engine::Redis | Engine::Valkey => {
            for (directive, value) in resp_directives(settings) {
                push(&mut command, &directive, &value);
            }
            if settings.line.at_least(6, 0, 0) {
                command.extend(users(settings));
            }
        }
    }
    command
}

/// Directives with several arguments, which the command line wants apart.
const SPLIT_DIRECTIVES: [&str; 6] = [
    "bind",
    "client-output-buffer-limit",
    "rename-command",
    "replicaof",
    "save",
    "slaveof",
];

fn push(command: &mut Vec<String>, directive: &str, value: &str) {
    command.push(format!("--{directive}"));
    if SPLIT_DIRECTIVES.contains(&directive) && !value.is_empty() {
        // `""` inside a value is an argument that is empty (a command renamed away).
        command.extend(
            value
                .split(' ')
                .map(|word| if word == "\"\"" { "" } else { word }.to_owned()),
        );
    } else {
        command.push(value.to_owned());
    }
}

/// Whether a command line can have all of these values of a parameter group; the rest is set live.
pub fn starts_whole(values: &BTreeMap<String, String>) -> bool {
    values
        .get("activedefrag")
        .is_none_or(|value| value != "yes")
}

fn resp_directives(settings: &ServerSettings<'_>) -> Vec<(String, String)> {
    let (line, parameters) = (settings.line, settings.parameters);
    let mut directives = base_directives(settings);
    let from_parameters = engine_directives(settings.version.engine, line, parameters);
    directives.extend(
        from_parameters
            .into_iter()
            // A build without its own allocator (Debian's) does not start with this on; a running one only
            // refuses to switch it on. So it is left to be set live.
            .filter(|(name, value)| (*name, value.as_str()) != ("activedefrag", "yes"))
            .map(|(name, value)| match (name, settings.open_files_limit) {
                ("maxclients", Some(limit)) => (name.to_owned(), bounded_maxclients(&value, limit)),
                (_, _) => (name.to_owned(), value),
            }),
    );
    let renames = parameters.get("rename-commands").map_or("", String::as_str);
    for (from, to) in rename_pairs(renames) {
        directives.push(("rename-command".to_owned(), format!("{from} {to}")));
    }
    if !line.at_least(6, 0, 0) {
        // No users yet: renaming a command to nothing is the only way to withhold it.
        for name in withheld::renamed_away(line) {
            directives.push(("rename-command".to_owned(), format!("{name} \"\"")));
        }
    }
    if let (true, Some(cluster)) = (is_clustered(settings), settings.cluster) {
        // Later than the parameters, of which one is about clients' way here too.
        directives.extend(cluster::directives(settings, &cluster));
    }
    directives
}

fn base_directives(settings: &ServerSettings<'_>) -> Vec<(String, String)> {
    let line = settings.line;
    let mut directives = encryption::directives(settings);
    directives.extend([
        ("daemonize", "no".into()),
        ("loglevel", "notice".into()),
        ("dir", DATA_DIRECTORY.into()),
    ]);
    if line.at_least(3, 2, 0) {
        // The container's network is the boundary; the address of a node is for its customers.
        directives.push(("protected-mode", "no".into()));
    }
    if line.at_least(6, 2, 0) {
        // All addresses; the dash lets a host without IPv6 do with the rest. Older lines listen
        // everywhere when nothing is said, and some of them would insist on IPv6.
        directives.push(("bind", "* -::*".into()));
    }
    if settings.persistent {
        // The service restores a node from its peers or a backup; a node of ours is restarted on its volume. A
        // line of save points also makes the engine save when it is asked to stop.
        for save_point in ["3600 1", "300 100", "60 10000"] {
            directives.push(("save", save_point.into()));
        }
        // A full disk must not stop a cache from taking writes.
        directives.push(("stop-writes-on-bgsave-error", "no".into()));
    } else {
        directives.push(("save", String::new()));
    }
    if is_clustered(settings) {
        directives.extend(first_copy_directives(settings.version.engine, line));
    } else if settings.fenced {
        directives.push(fence(line));
        directives.extend(first_copy_directives(settings.version.engine, line));
    } else if line.at_least(2, 8, 18) {
        // Whoever asks for its data set is the control plane, for a snapshot, and no other is to be waited for.
        directives.push(("repl-diskless-sync-delay", "0".into()));
    }
    directives
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn is_clustered(settings: &ServerSettings<'_>) -> bool {
    let enabled = settings.parameters.get("cluster-enabled");
    enabled.is_some_and(|value| value == "yes")
}

fn fence(line: VersionNumber) -> (&'static str, String) {
    let following = match line.at_least(5, 0, 0) {
        true => "replicaof",
        false => "slaveof",
    };
    let (host, port) = FENCE;
    (following, format!("{host} {port}"))
}

/// How a replica gets its first copy, in replication groups. Parameters of the same name come later, so they win.
fn first_copy_directives(engine: Engine, line: VersionNumber) -> Vec<(&'static str, String)> {
    let mut directives = Vec::new();
    if line.at_least(2, 8, 18) {
        // A replica's first copy goes by way of a file. Sent over the wire as it is made, it would wait for more replicas
        // (5 s by default), those that come a moment too late would wait for the next turn, and often the stream of
        // writes begins only with the replica's next acknowledgement, up to a second later. Besides, the file is the data
        // set that both ends have if they die: it carries the history.
        directives.push(("repl-diskless-sync", "no".into()));
    }
    if engine == Engine::Valkey && line.at_least(9, 0, 0) {
        // It receives a file in a thread of its own and looks only once a second whether that is done. A replica that
        // has nothing to lose reads what it is sent instead.
        directives.push(("repl-diskless-load", "on-empty-db".into()));
    }
    directives
}

/// The engine keeps 32 files for itself.
fn bounded_maxclients(value: &str, open_files_limit: u32) -> String {
    let wanted = value.parse().unwrap_or(u32::MAX);
    wanted
        .min(open_files_limit.saturating_sub(32))
        .max(1)
        .to_string()
}

/// The customer's user and ours. `&*` (channels) is known from 6.2 on.
fn users(settings: &ServerSettings<'_>) -> Vec<String> {
    let line = settings.line;
    let everything: &[&str] = if line.at_least(6, 2, 0) {
        &["~*", "&*", "+@all"]
    } else {
        &["~*", "+@all"]
    };
    let mut words = vec!["--user", "default"];
    if settings.guarded {
        words.push("off");
    } else {
        words.extend(["on", "nopass"]);
        words.extend(everything);
        words.extend(withheld_rules(settings.version.engine, line));
    }
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    if let Some(administrator) = settings.administrator {
        let password = format!("#{}", administrator.password_sha256);
        words.extend(["--user", administrator.name, "on", &password].map(str::to_owned));
        words.extend(everything.iter().map(|&word| word.to_owned()));
    }
    if let (true, Some(cluster)) = (is_clustered(settings), settings.cluster) {
        words.extend(cluster::peer_user(settings, &cluster));
    }
    words
}

/// The pairs of old and new command name in a value of the parameter `rename-commands`. A name without a partner
/// is dropped.
pub fn rename_pairs(value: &str) -> Vec<(&str, &str)> {
    let words: Vec<&str> = value.split_whitespace().collect();
    words
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect()
}

#[cfg(test)]
mod tests;
