//! What `INFO` says, as a report.

use std::collections::HashMap;

use super::super::{
    AttachedReplica, EngineError, NodeEndpoint, NodeReport, ReplicationReport, Role,
};

/// The engine's way to say that there is no earlier history.
const NO_HISTORY: &str = "0000000000000000000000000000000000000000";

/// The lines of an answer to `INFO`, by name.
pub(super) struct Fields<'a>(HashMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    pub(super) fn read(answer: &'a str) -> Self {
        Fields(
            answer
                .lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.trim().split_once(':'))
                .collect(),
        )
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    fn flag(&self, name: &str) -> bool {
        self.number(name).is_some_and(|value| value != 0)
    }
}

/// Reads the lines of `INFO` that a report needs.
pub(super) fn read(node: &NodeEndpoint, answer: &str) -> Result<NodeReport, EngineError> {
    let fields = Fields::read(answer);
    // A Valkey also says `redis_version`, which is the Redis release that clients may take it for.
    let Some(version) = fields
        .text("valkey_version")
        .or_else(|| fields.text("redis_version"))
    else {
        return Err(node.refused("answered INFO without a version"));
    };
    let role = match fields.text("role") {
        Some("master") => Role::Primary,
        Some("slave") => Role::Replica,
        _ => Role::Unknown,
    };
    Ok(NodeReport {
        version: version.to_owned(),
        role,
        // A replica that loads in the background (`async_loading`) still serves its old data set.
        loading: fields.flag("loading"),
        uptime_seconds: fields.number("uptime_in_seconds").unwrap_or(0),
        maxmemory_bytes: fields.number("maxmemory").filter(|&limit| limit > 0),
        used_memory_bytes: fields.number("used_memory").unwrap_or(0),
        connected_clients: fields.number("connected_clients").unwrap_or(0),
        replication: replication(&fields, role),
    })
}

/// The section on replication; none if the node has no such section.
fn replication(fields: &Fields<'_>, role: Role) -> Option<ReplicationReport> {
    let history = fields.text("master_replid")?.to_owned();
    let earlier_history = fields
        .text("master_replid2")
        .filter(|&earlier| earlier != NO_HISTORY)
        .map(str::to_owned);
    let primary = match (role, fields.text("master_host"), fields.text("master_port")) {
        (Role::Replica, Some(host), Some(port)) => Some((host.to_owned(), port.parse().ok()?)),
        _ => None,
    };
    Some(ReplicationReport {
        history,
        earlier_history,
        offset: offset(fields, role),
        link_up: primary.is_some() && fields.text("master_link_status") == Some("up"),
        syncing: primary.is_some() && fields.flag("master_sync_in_progress"),
        primary,
        replicas: attached_replicas(fields),
    })
}

/// How far the node's data go.
///
/// A replica's `slave_repl_offset` is what it has of its primary or, while it is not connected, had of it when the link
/// broke or when the data set that it loaded was saved. It is 1 for want of anything better when there is nothing to go
/// on from. Its `master_repl_offset` is not a substitute: in the middle of a full sync, when the old data may be gone, it
/// still stands where they ended.
fn offset(fields: &Fields<'_>, role: Role) -> u64 {
    let own = fields.number("master_repl_offset").unwrap_or(0);
    match role {
        Role::Replica => match fields.number("slave_repl_offset") {
            Some(1) if own != 1 => 0,
            Some(offset) => offset,
            None => 0,
        },
        Role::Primary | Role::Unknown => own,
    }
}

/// The lines `slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=0` and so on; a line that lacks something is passed
/// over.
fn attached_replicas(fields: &Fields<'_>) -> Vec<AttachedReplica> {
    let count = fields.number("connected_slaves").unwrap_or(0);
    // As many lines as there can be: the count comes from the node, and it is not to keep us busy.
    let count = count.min(fields.0.len() as u64);
    (0..count)
        .filter_map(|number| {
            let line = fields.text(&format!("slave{number}"))?;
            let parts: HashMap<&str, &str> = line
                .split(',')
                .filter_map(|part| part.split_once('='))
                .collect();
            Some(AttachedReplica {
                host: (*parts.get("ip")?).to_owned(),
                port: parts.get("port")?.parse().ok()?,
                online: *parts.get("state")? == "online",
                offset: parts.get("offset")?.parse().ok()?,
            })
        })
        .collect()
}
