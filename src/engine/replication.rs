//! What nodes are to each other: who follows whom, and how much of a history each holds.

use super::Credentials;

/// What a Redis or Valkey node says about replication.
///
/// Two nodes can be compared only within one history: a write has the same offset on every node that shares it. A primary
/// that is promoted begins a history of its own, and remembers the one that it carries on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationReport {
    /// Name of the history of writes that it holds: 40 hexadecimal digits, which every promotion makes anew. A node that
    /// never had a primary nor a replica has one that nobody else knows.
    pub history: String,
    /// The history that the present one carries on: replicas that hold no more of it than this node did can go on from
    /// where they are. None if it carries on none.
    pub earlier_history: Option<String>,
    /// How much of its history it holds, in bytes of the stream of writes.
    ///
    /// A replica whose link is down, or that was started as a replica on a data set that it had saved, says how far that
    /// goes. It is 0 for one that has nothing to go on from: that never followed anyone, or whose own data have given way
    /// to a whole data set of which it has not got all (Redis 6.2 says so as soon as that has begun, later lines keep
    /// the old data until the new are about to be read). It is also 0 for a primary that never had a replica: it does
    /// not count, and takes up a new history with its first one.
    pub offset: u64,
    /// Host and port of the primary that it follows or tries to; none for a primary.
    pub primary: Option<(String, u16)>,
    /// Whether it is connected to its primary and takes part in every write. The engine notices a primary that is silent
    /// only after `repl-timeout` (a minute), so this outlives a hung or cut-off primary; false for a primary.
    pub link_up: bool,
    /// Whether it is taking over its primary's whole data set just now.
    pub syncing: bool,
    /// The replicas that are connected to it. One that was cut off stays here until `repl-timeout`.
    pub replicas: Vec<AttachedReplica>,
}

/// A replica as its primary sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedReplica {
    /// Address from which it is connected.
    pub host: String,
    /// TCP port that it listens on.
    pub port: u16,
    /// Whether it has the whole data set and is sent each write.
    pub online: bool,
    /// How much of the primary's history it last acknowledged, in bytes. It does so once a second, or when a client
    /// waits for it, and pings and questions of the primary's own are in the history too: one that has every write may be
    /// seen a little behind the primary's own offset.
    pub offset: u64,
}

/// How much of a history of writes a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryHeld {
    /// As [`ReplicationReport::history`].
    pub history: String,
    /// As [`ReplicationReport::offset`], in bytes.
    pub offset: u64,
}

impl From<ReplicationReport> for HistoryHeld {
    fn from(report: ReplicationReport) -> Self {
        Self {
            history: report.history,
            offset: report.offset,
        }
    }
}

impl HistoryHeld {
    /// Whether a node that says this of itself holds all of it.
    pub fn is_within(&self, report: &ReplicationReport) -> bool {
        report.history == self.history && report.offset >= self.offset
    }
}

/// Where a node finds its primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryAddress {
    /// Whether it speaks TLS.
    pub encrypted: bool,
    /// Address or host name, as the node itself reaches it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// A user of the *primary* that may ask it for its data; customers' users may not.
    pub administrator: Option<Credentials>,
}
