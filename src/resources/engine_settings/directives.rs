//! Parameters of Redis and Valkey families as directives of the engine.
//!
//! `RULES` names every parameter of every family, with what it becomes and the lines that know it.

use std::collections::BTreeMap;

use super::{Engine, VersionNumber};
use crate::resources::parameter::Family;

/// The directives that effective parameter values amount to on a line: for a command line, and one by one for
/// `CONFIG SET` on a running engine. A directive with several arguments has them apart by blanks, and
/// `client-output-buffer-limit` comes once for each class of client.
///
/// Parameters that are no directive of that line are left out (`RULES` has the reasons); a value that is no number
/// where one is needed counts as absent.
pub fn engine_directives(
    engine: Engine,
    line: VersionNumber,
    parameters: &BTreeMap<&'static str, String>,
) -> Vec<(&'static str, String)> {
    directives_of(engine, line, parameters, |_| true)
}

/// The directives that effective parameter values of `family` amount to on an engine that runs: those of [`engine_directives`] but for
/// parameters that only a start can give, and those that take a value back that a group had and has no more.
pub fn live_directives(
    family: &'static Family,
    line: VersionNumber,
    parameters: &BTreeMap<&'static str, String>,
) -> Vec<(&'static str, String)> {
    // How clients are sent from node to node is decided with the endpoints, not by the group alone.
    let is_live = |name: &str| {
        let parameter = family.parameter(name);
        name != "cluster-preferred-endpoint-type"
            && parameter.is_none_or(|parameter| !parameter.needs_start())
    };
    let mut directives = directives_of(family.engine, line, parameters, is_live);
    // The one parameter without a default: the engine is not told of it when it starts.
    let unset = family
        .parameters
        .iter()
        .filter(|parameter| parameter.default.is_none() && !parameters.contains_key(parameter.name))
        .map(|parameter| (parameter.name, String::new()));
    directives.extend(unset);
    directives
}

fn directives_of(
    engine: Engine,
    line: VersionNumber,
    parameters: &BTreeMap<&'static str, String>,
    wanted: impl Fn(&str) -> bool,
) -> Vec<(&'static str, String)> {
    let mut directives = Vec::new();
    for (&name, value) in parameters.iter().filter(|(name, _)| wanted(name)) {
        let Some(rule) = RULES.iter().find(|rule| rule.parameter == name) else {
            continue;
        };
        if !rule.known.to(engine, line) {
            continue;
        }
        match rule.becomes {
            Becomes::Directive => directives.push((name, value.clone())),
            Becomes::Newer { directive, since } => {
                let known = line >= since;
                directives.push((if known { directive } else { name }, value.clone()));
            }
            Becomes::Older { directive, until } => {
                let known = line < until;
                directives.push((if known { directive } else { name }, value.clone()));
            }
            Becomes::Maxmemory => {
                directives.extend(
                    maxmemory_bytes(parameters).map(|bytes| ("maxmemory", bytes.to_string())),
                );
            }
            Becomes::EndpointType => {
                // `tls-dynamic` is a host name with encryption in transit, an address without it.
                if is_clustered(parameters) {
                    directives.push((name, "ip".to_owned()));
                }
            }
            Becomes::Databases => {
                // In cluster mode there is one database, or those of `cluster-databases`.
                if !is_clustered(parameters) {
                    directives.push((name, value.clone()));
                }
            }
            Becomes::ClusterDatabases => directives.extend(cluster_databases(parameters)),
            Becomes::OutputBufferLimit | Becomes::ServiceOnly(_) => {}
        }
    }
    directives.extend(output_buffer_limits(line, parameters));
    directives
}

/// Why a parameter is no directive of any line; `None` for one that is.
pub fn service_only_reason(parameter: &str) -> Option<&'static str> {
    match RULES
        .iter()
        .find(|rule| rule.parameter == parameter)?
        .becomes
    {
        Becomes::ServiceOnly(reason) => Some(reason),
        Becomes::Directive
        | Becomes::Newer { .. }
        | Becomes::Older { .. }
        | Becomes::Maxmemory
        | Becomes::OutputBufferLimit
        | Becomes::EndpointType
        | Becomes::Databases
        | Becomes::ClusterDatabases => None,
    }
}

fn number(parameters: &BTreeMap<&'static str, String>, name: &str) -> Option<u64> {
    parameters.get(name)?.parse().ok()
}

fn is_clustered(parameters: &BTreeMap<&'static str, String>) -> bool {
    parameters
        .get("cluster-enabled")
        .is_some_and(|value| value == "yes")
}

/// What the engine may use: the node type's memory less what is reserved, as a share or (before Redis 5.0)
/// in bytes; the larger where both are set. Never zero, which to the engine means no limit.
pub fn maxmemory_bytes(parameters: &BTreeMap<&'static str, String>) -> Option<u64> {
    let total_bytes = number(parameters, "maxmemory")?;
    let reserved_percent = number(parameters, "reserved-memory-percent")
        .unwrap_or(0)
        .min(100);
    // Wide enough for any memory; rounded down like the service's own (384 MiB of 512 MiB at 25 %).
    let by_share = u64::try_from(u128::from(total_bytes) * u128::from(reserved_percent) / 100)
        .unwrap_or(u64::MAX);
    let reserved_bytes = by_share.max(number(parameters, "reserved-memory").unwrap_or(0));
    Some(
        total_bytes
            .saturating_sub(reserved_bytes)
            .max(MAXMEMORY_FLOOR_BYTES),
    )
}

const MAXMEMORY_FLOOR_BYTES: u64 = 1 << 20;

/// Valkey 9 has numbered databases in cluster mode; 0, the service's default, stands for as many as without it.
fn cluster_databases(
    parameters: &BTreeMap<&'static str, String>,
) -> Option<(&'static str, String)> {
    if !is_clustered(parameters) {
        return None;
    }
    let count = match number(parameters, "cluster-databases")? {
        0 => number(parameters, "databases")?,
        count => count,
    };
    Some(("cluster-databases", count.to_string()))
}

/// The three classes of `client-output-buffer-limit`, each of three parameters. Before 5.0 the class of replicas, and
/// before the families of 5.0 its parameters, go by the old name.
fn output_buffer_limits(
    line: VersionNumber,
    parameters: &BTreeMap<&'static str, String>,
) -> Vec<(&'static str, String)> {
    let replica_class = if line.at_least(5, 0, 0) {
        "replica"
    } else {
        "slave"
    };
    let mut directives = Vec::new();
    for (parameter_class, class) in [
        ("normal", "normal"),
        ("pubsub", "pubsub"),
        ("replica", replica_class),
        ("slave", replica_class),
    ] {
        let limit = |which: &str| {
            number(
                parameters,
                &format!("client-output-buffer-limit-{parameter_class}-{which}"),
            )
        };
        if let (Some(hard), Some(soft), Some(seconds)) = (
            limit("hard-limit"),
            limit("soft-limit"),
            limit("soft-seconds"),
        ) {
            directives.push((
                "client-output-buffer-limit",
                format!("{class} {hard} {soft} {seconds}"),
            ));
        }
    }
    directives
}

/// What a parameter becomes on the engine.
enum Becomes {
    /// The directive of the same name.
    Directive,
    /// A directive that goes by a newer name since a line (and by the parameter's name before it).
    Newer {
        directive: &'static str,
        since: VersionNumber,
    },
    /// A directive that went by an older name until a line.
    Older {
        directive: &'static str,
        until: VersionNumber,
    },
    /// `maxmemory`, less what is reserved.
    Maxmemory,
    /// A third of one class of `client-output-buffer-limit`.
    OutputBufferLimit,
    /// `cluster-preferred-endpoint-type`.
    EndpointType,
    /// `databases`.
    Databases,
    /// `cluster-databases`.
    ClusterDatabases,
    /// Nothing; the reason why.
    ServiceOnly(&'static str),
}

/// Which lines know a directive.
enum Known {
    Since(VersionNumber),
    Between(VersionNumber, VersionNumber),
    Valkey(VersionNumber),
}

impl Known {
    fn to(&self, engine: Engine, line: VersionNumber) -> bool {
        match self {
            Known::Since(first) => line >= *first,
            Known::Between(first, last) => line >= *first && line < *last,
            Known::Valkey(first) => engine == Engine::Valkey && line >= *first,
        }
    }
}

struct Rule {
    parameter: &'static str,
    known: Known,
    becomes: Becomes,
}

const fn v(major: u32, minor: u32) -> VersionNumber {
    VersionNumber {
        major,
        minor,
        patch: 0,
    }
}

const fn since(parameter: &'static str, major: u32, minor: u32) -> Rule {
    Rule {
        parameter,
        known: Known::Since(v(major, minor)),
        becomes: Becomes::Directive,
    }
}

const fn between(parameter: &'static str, first: VersionNumber, last: VersionNumber) -> Rule {
    Rule {
        parameter,
        known: Known::Between(first, last),
        becomes: Becomes::Directive,
    }
}

const fn valkey(parameter: &'static str, major: u32, minor: u32) -> Rule {
    Rule {
        parameter,
        known: Known::Valkey(v(major, minor)),
        becomes: Becomes::Directive,
    }
}

/// Known by the newer name since a line; by the parameter's own before.
const fn newer(parameter: &'static str, directive: &'static str, major: u32, minor: u32) -> Rule {
    let becomes = Becomes::Newer {
        directive,
        since: v(major, minor),
    };
    Rule {
        parameter,
        known: Known::Since(v(2, 6)),
        becomes,
    }
}

/// Known by the older name until a line; by the parameter's own from then on.
const fn older(parameter: &'static str, directive: &'static str, major: u32, minor: u32) -> Rule {
    let becomes = Becomes::Older {
        directive,
        until: v(major, minor),
    };
    Rule {
        parameter,
        known: Known::Since(v(2, 6)),
        becomes,
    }
}

const fn other(parameter: &'static str, becomes: Becomes) -> Rule {
    Rule {
        parameter,
        known: Known::Since(v(2, 6)),
        becomes,
    }
}

const fn service_only(parameter: &'static str, reason: &'static str) -> Rule {
    other(parameter, Becomes::ServiceOnly(reason))
}

const CHAINING: &str = "a rule of the service's control plane: replicas follow the primary";
const CLOSE_ON_WRITE: &str = "the service's own engine closes the connection of a write to a replica; stock engines answer READONLY";
const SEARCH: &str = "a setting of a module that stock images do not have";

static RULES: &[Rule] = &[
    since("acl-pubsub-default", 6, 2),
    since("acllog-max-len", 6, 0),
    since("active-defrag-cycle-max", 4, 0),
    since("active-defrag-cycle-min", 4, 0),
    since("active-defrag-ignore-bytes", 4, 0),
    since("active-defrag-max-scan-fields", 5, 0),
    since("active-defrag-threshold-lower", 4, 0),
    since("active-defrag-threshold-upper", 4, 0),
    since("active-expire-effort", 6, 0),
    since("activedefrag", 4, 0),
    since("activerehashing", 2, 6),
    since("appendfsync", 2, 6),
    since("appendonly", 2, 6),
    other(
        "client-output-buffer-limit-normal-hard-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-normal-soft-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-normal-soft-seconds",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-pubsub-hard-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-pubsub-soft-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-pubsub-soft-seconds",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-replica-hard-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-replica-soft-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-replica-soft-seconds",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-slave-hard-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-slave-soft-limit",
        Becomes::OutputBufferLimit,
    ),
    other(
        "client-output-buffer-limit-slave-soft-seconds",
        Becomes::OutputBufferLimit,
    ),
    since("client-query-buffer-limit", 4, 0),
    service_only("close-on-replica-write", CLOSE_ON_WRITE),
    service_only("close-on-slave-write", CLOSE_ON_WRITE),
    since("cluster-allow-pubsubshard-when-down", 7, 0),
    since("cluster-allow-reads-when-down", 6, 0),
    Rule {
        parameter: "cluster-databases",
        known: Known::Valkey(v(9, 0)),
        becomes: Becomes::ClusterDatabases,
    },
    since("cluster-enabled", 3, 0),
    Rule {
        parameter: "cluster-preferred-endpoint-type",
        known: Known::Since(v(7, 0)),
        becomes: Becomes::EndpointType,
    },
    since("cluster-require-full-coverage", 3, 0),
    valkey("commandlog-large-reply-max-len", 8, 1),
    valkey("commandlog-large-request-max-len", 8, 1),
    valkey("commandlog-reply-larger-than", 8, 1),
    valkey("commandlog-request-larger-than", 8, 1),
    other("databases", Becomes::Databases),
    valkey("extended-redis-compatibility", 8, 0),
    older(
        "hash-max-listpack-entries",
        "hash-max-ziplist-entries",
        7,
        0,
    ),
    older("hash-max-listpack-value", "hash-max-ziplist-value", 7, 0),
    newer(
        "hash-max-ziplist-entries",
        "hash-max-listpack-entries",
        7,
        0,
    ),
    newer("hash-max-ziplist-value", "hash-max-listpack-value", 7, 0),
    since("hll-sparse-max-bytes", 3, 0),
    since("latency-tracking", 7, 0),
    since("lazyfree-lazy-eviction", 4, 0),
    since("lazyfree-lazy-expire", 4, 0),
    since("lazyfree-lazy-server-del", 4, 0),
    since("lazyfree-lazy-user-del", 6, 0),
    since("lfu-decay-time", 4, 0),
    since("lfu-log-factor", 4, 0),
    since("list-compress-depth", 3, 2),
    between("list-max-ziplist-entries", v(2, 6), v(3, 2)),
    since("list-max-ziplist-size", 3, 2),
    between("list-max-ziplist-value", v(2, 6), v(3, 2)),
    between("lua-replicate-commands", v(5, 0), v(7, 0)),
    since("lua-time-limit", 2, 6),
    since("maxclients", 2, 6),
    other("maxmemory", Becomes::Maxmemory),
    since("maxmemory-policy", 2, 6),
    since("maxmemory-samples", 2, 6),
    older("min-replicas-max-lag", "min-slaves-max-lag", 5, 0),
    older("min-replicas-to-write", "min-slaves-to-write", 5, 0),
    since("min-slaves-max-lag", 2, 8),
    since("min-slaves-to-write", 2, 8),
    since("notify-keyspace-events", 2, 8),
    since("proto-max-bulk-len", 4, 0),
    service_only(
        "rename-commands",
        "becomes `rename-command`, which only a start can apply: see `rename_pairs`",
    ),
    since("repl-backlog-size", 2, 8),
    since("repl-backlog-ttl", 2, 8),
    since("repl-timeout", 2, 6),
    service_only("replica-allow-chaining", CHAINING),
    since("replica-ignore-maxmemory", 5, 0),
    since("replica-lazy-flush", 5, 0),
    service_only("reserved-memory", "taken off `maxmemory`"),
    service_only("reserved-memory-percent", "taken off `maxmemory`"),
    service_only("search-default-timeout-ms", SEARCH),
    service_only("search-enable-partial-results", SEARCH),
    service_only("search-fanout-target-mode", SEARCH),
    since("set-max-intset-entries", 2, 6),
    service_only("slave-allow-chaining", CHAINING),
    since("slave-lazy-flush", 4, 0),
    since("slowlog-log-slower-than", 2, 6),
    since("slowlog-max-len", 2, 6),
    since("stream-node-max-bytes", 5, 0),
    since("stream-node-max-entries", 5, 0),
    since("tcp-keepalive", 2, 6),
    since("timeout", 2, 6),
    since("tracking-table-max-keys", 6, 0),
    older(
        "zset-max-listpack-entries",
        "zset-max-ziplist-entries",
        7,
        0,
    ),
    older("zset-max-listpack-value", "zset-max-ziplist-value", 7, 0),
    newer(
        "zset-max-ziplist-entries",
        "zset-max-listpack-entries",
        7,
        0,
    ),
    newer("zset-max-ziplist-value", "zset-max-listpack-value", 7, 0),
];

#[cfg(test)]
mod tests;
