//! Conversations with cache nodes: Redis, Valkey and Memcached processes.
//!
//! This room knows nodes and nothing of caches or containers. A call opens one connection, asks, closes it, and ends by
//! its deadline whatever the node does; it never repairs anything, because what to do about an answer is the planner's
//! business.

pub mod cluster;
mod encryption;
mod endpoint;
mod error;
mod identity;
pub mod memcached;
pub mod observe;
mod readiness;
pub mod redis;
mod replication;
pub mod simulated;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::resources::slots::SlotSet;
use cluster::{
    ClusterOrder, ClusterView, HandOver, HandedOver, KeyConflict, MeasuredSlots, MigrationLimits,
    Moved, SlotMigration,
};

pub use encryption::Encryption;
pub use error::EngineError;
pub use identity::{Credentials, NodeUser};
pub use replication::{AttachedReplica, HistoryHeld, PrimaryAddress, ReplicationReport};

/// Which language a node speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RESP: Redis and Valkey.
    Redis,
    /// Memcached's text protocol.
    Memcached,
}

/// How a node is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEndpoint {
    /// Address or host name.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Language spoken there.
    pub protocol: Protocol,
    /// The control plane's own user on the node; none before Redis 6 and for Memcached, which have no users.
    pub administrator: Option<Credentials>,
    /// Set where the node speaks TLS, and nothing else.
    pub encryption: Option<Encryption>,
}

/// What a node says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// Version of the engine: Valkey's own where the node is a Valkey, not the Redis version that it claims to clients.
    pub version: String,
    /// Its part in replication.
    pub role: Role,
    /// Whether it is still reading its data set and refuses commands.
    pub loading: bool,
    /// Seconds since its process started.
    pub uptime_seconds: u64,
    /// Limit for its data set; none means no limit.
    pub maxmemory_bytes: Option<u64>,
    /// Memory used (Redis: allocated in all; Memcached: bytes of items).
    pub used_memory_bytes: u64,
    /// Open client connections, ours included.
    pub connected_clients: u64,
    /// How far its data go and whom it follows; none where the engine has no replication.
    pub replication: Option<ReplicationReport>,
}

/// A node's part in replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows a primary.
    Replica,
    /// The engine has no such notion.
    Unknown,
}

/// The bytes of a node's data set, an RDB file, as they come. It ends after the last of them; one that is cut off ends with an error.
pub type DataSet = BoxStream<'static, Result<Bytes, EngineError>>;

/// A setting that a node does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettable {
    /// The directive.
    pub directive: String,
    /// The value that it should have had.
    pub value: String,
    /// What the node said.
    pub reason: String,
}

/// The control plane's way to talk to nodes.
#[async_trait]
pub trait Engine: Send + Sync + Debug {
    /// Asks a node once how it is. A node that is loading its data set is a report with `loading`, not an error.
    async fn probe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError>;

    /// Asks again and again until the node answers and is not loading.
    ///
    /// A node that refuses us will not change its mind: that ends the wait at once.
    async fn wait_ready(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError>;

    /// Makes a node a primary, if it holds at least `held`; one that is a primary of that history already is left alone. A node that
    /// holds less, because its process is not the one that was looked at, answers [`EngineError::Behind`].
    ///
    /// A node that is reading a data set answers [`EngineError::Loading`] and stays what it is. After any other error but
    /// [`EngineError::Refused`] it may be a primary all the same, or become one: a node that hangs does what it was told
    /// when it wakes up, however late that is.
    async fn promote(
        &self,
        node: &NodeEndpoint,
        held: &HistoryHeld,
        deadline: Duration,
    ) -> Result<(), EngineError>;

    /// Lets a primary hold the writes of its clients back for `hold`, and returns how far its history goes from then on. What
    /// replicates is not held, nor is what the control plane tells the node.
    ///
    /// Only from Redis 6.2 on can a node do that; one that cannot goes on taking writes and answers none.
    async fn hold_writes(
        &self,
        node: &NodeEndpoint,
        hold: Duration,
        deadline: Duration,
    ) -> Result<Option<HistoryHeld>, EngineError>;

    /// Makes a primary that may hold writes back a replica of `primary`, as [`Engine::follow`] does: those writes are refused now. Returns
    /// how far its history goes; all that it ever acknowledged is in there.
    ///
    /// # Errors
    /// As [`Engine::follow`].
    async fn demote(
        &self,
        node: &NodeEndpoint,
        primary: &PrimaryAddress,
        deadline: Duration,
    ) -> Result<Option<HistoryHeld>, EngineError>;

    /// Makes a node a replica of `primary`; one that follows it already goes on undisturbed, also in the middle of taking
    /// over its data.
    ///
    /// Success means that the node tries, not that it is in sync or that the primary is there. Whatever the node holds
    /// beyond what the primary carries on is lost when it is in sync. A node that is reading a data set answers
    /// [`EngineError::Loading`]; after any other error but [`EngineError::Refused`] it may follow all the same, now or,
    /// as with [`Engine::promote`], later.
    async fn follow(
        &self,
        node: &NodeEndpoint,
        primary: &PrimaryAddress,
        deadline: Duration,
    ) -> Result<(), EngineError>;

    /// Asks for a node's whole data set, of one instant; the node goes on meanwhile. The deadline is for the beginning, which a node that
    /// writes a file first sends when it has written it; what comes then may take as long as it comes.
    ///
    /// A replica that has lost touch with its primary refuses.
    async fn data_set(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<DataSet, EngineError>;

    /// Asks a node with cluster mode enabled once how it sees its cluster; any other refuses.
    ///
    /// Some lines answer [`EngineError::Loading`] while they read their data set.
    async fn cluster_view(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<ClusterView, EngineError>;

    /// Tells a node about its cluster: as many orders as are given, one after the other.
    ///
    /// After [`EngineError::Refused`] those before the one that was refused have taken effect, and those after it have not;
    /// after any other error the one on which it hung still may. Not all are safe to repeat: look at the view first.
    ///
    /// From Valkey 8.0 on a primary with a replica that does not answer refuses [`ClusterOrder::SetSlots`] after 2 s
    /// (`NOREPLICAS`).
    async fn cluster_order(
        &self,
        node: &NodeEndpoint,
        orders: &[ClusterOrder],
        deadline: Duration,
    ) -> Result<(), EngineError>;

    /// Tells which of these slots have a key that takes more than `key_bytes` of memory: of at least the first, and of as many as is soon
    /// done. Of each ten thousand keys are looked at.
    async fn measure_slots(
        &self,
        node: &NodeEndpoint,
        slots: &SlotSet,
        key_bytes: u64,
        deadline: Duration,
    ) -> Result<MeasuredSlots, EngineError>;

    /// Moves keys of `slots` from the node that owns them to `taker`, until none is left or a limit is reached. The slots are open
    /// on both sides: `Importing` there, `Migrating` here; clients go on meanwhile.
    ///
    /// What was moved is moved, also after an error, and calling again goes on from there. `taker` is named as `giver` reaches it;
    /// if it cannot, or hears nothing within `limits.stall`, that is [`EngineError::Unreachable`] with the taker's address. Only
    /// database 0 is looked at, as there is no other in cluster mode before Valkey 9.
    async fn migrate_keys(
        &self,
        giver: &NodeEndpoint,
        slots: &SlotSet,
        taker: &PrimaryAddress,
        conflict: KeyConflict,
        limits: &MigrationLimits,
        deadline: Duration,
    ) -> Result<Moved, EngineError>;

    /// Hands slots over, each with all its keys and in one moment of the giver, as far as they are small enough for that; the others are
    /// left as they are.
    ///
    /// After an error some were. A slot to which a key came in that moment is left open on both sides. Of a key that both hold the giver's
    /// counts ([`KeyConflict::GiverWins`]).
    async fn hand_over_slots(
        &self,
        giver: &NodeEndpoint,
        taker: &NodeEndpoint,
        slots: &SlotSet,
        plan: &HandOver<'_>,
        limits: &MigrationLimits,
        deadline: Duration,
    ) -> Result<HandedOver, EngineError>;

    /// Gives `to` the function libraries of `from` (Redis 7.0 on, Valkey; others refuse), in place of its own of the same names.
    async fn copy_functions(
        &self,
        from: &NodeEndpoint,
        to: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<(), EngineError>;

    /// Lets a node give slots away as a whole, each set to the node with that id (Valkey 9; others refuse). Success means that
    /// it tries. One that does not own all of them, or is giving some of them away already, refuses.
    async fn slot_migration_start(
        &self,
        giver: &NodeEndpoint,
        moves: &[(SlotSet, String)],
        deadline: Duration,
    ) -> Result<(), EngineError>;

    /// The moves begun by [`Engine::slot_migration_start`] that a node takes part in or took part in lately, the latest first. A
    /// node that was restarted has forgotten them, and with them whatever had not succeeded.
    async fn slot_migrations(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<Vec<SlotMigration>, EngineError>;

    /// Gives up every move of slots from or to this node; none is no error.
    async fn slot_migration_cancel(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<(), EngineError>;

    /// Makes `users` the users of a node, besides the administrator and the user of its peers in a cluster, who are left alone. A user that is not among them goes, and
    /// the connections that it has end; so do those of a `default` user that let everyone in and does not any more. Other
    /// connections go on, with the rights that their user then has.
    ///
    /// A rule about a command or a category that the node does not have is left out. Each user is changed in one step; after any
    /// error some may have been, and others not.
    async fn admit(
        &self,
        node: &NodeEndpoint,
        users: &[NodeUser],
        deadline: Duration,
    ) -> Result<(), EngineError>;

    /// Sets directives on a node as it runs, all that it takes, and returns those that it does not take. Its process forgets them when
    /// it ends.
    ///
    /// After an error any of them may be set, now or, as with [`Engine::promote`], later.
    async fn configure(
        &self,
        node: &NodeEndpoint,
        settings: &[(&'static str, String)],
        deadline: Duration,
    ) -> Result<Vec<Unsettable>, EngineError>;

    /// When the certificate that a node shows ends, in seconds since the Unix epoch; none where it shows none.
    ///
    /// A node whose certificate has ended is [`EngineError::Unreachable`], as one that shows another's is.
    async fn certificate_end(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<Option<i64>, EngineError>;

    /// Lets a node take up the certificate that lies in `file` with its key, in place of the one that it shows; Memcached reads the file
    /// that it was started with. Connections that are
    /// open go on.
    async fn renew_certificate(
        &self,
        node: &NodeEndpoint,
        file: &str,
        deadline: Duration,
    ) -> Result<(), EngineError>;
}

/// Real nodes over TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct NetworkEngine;

#[async_trait]
impl Engine for NetworkEngine {
    async fn probe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        let answer = async {
            match node.protocol {
                Protocol::Redis => redis::probe(node).await,
                Protocol::Memcached => memcached::probe(node).await,
            }
        };
        node.bounded(deadline, answer).await
    }

    async fn promote(
        &self,
        node: &NodeEndpoint,
        held: &HistoryHeld,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::promote(node, held)).await
    }

    async fn hold_writes(
        &self,
        node: &NodeEndpoint,
        hold: Duration,
        deadline: Duration,
    ) -> Result<Option<HistoryHeld>, EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::hold_writes(node, hold)).await
    }

    async fn demote(
        &self,
        node: &NodeEndpoint,
        primary: &PrimaryAddress,
        deadline: Duration,
    ) -> Result<Option<HistoryHeld>, EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::demote(node, primary)).await
    }

    async fn follow(
        &self,
        node: &NodeEndpoint,
        primary: &PrimaryAddress,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::follow(node, primary)).await
    }

    async fn data_set(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<DataSet, EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::sync::data_set(node)).await
    }

    async fn cluster_view(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<ClusterView, EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::cluster::view(node)).await
    }

    async fn cluster_order(
        &self,
        node: &NodeEndpoint,
        orders: &[ClusterOrder],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::cluster::order(node, orders))
            .await
    }

    async fn measure_slots(
        &self,
        node: &NodeEndpoint,
        slots: &SlotSet,
        key_bytes: u64,
        deadline: Duration,
    ) -> Result<MeasuredSlots, EngineError> {
        node.replicates()?;
        let measuring = redis::migration::measure_slots(node, slots, key_bytes);
        node.bounded(deadline, measuring).await
    }

    async fn migrate_keys(
        &self,
        giver: &NodeEndpoint,
        slots: &SlotSet,
        taker: &PrimaryAddress,
        conflict: KeyConflict,
        limits: &MigrationLimits,
        deadline: Duration,
    ) -> Result<Moved, EngineError> {
        giver.replicates()?;
        let moving = redis::migration::migrate_keys(giver, slots, taker, conflict, limits);
        giver.bounded(deadline, moving).await
    }

    async fn hand_over_slots(
        &self,
        giver: &NodeEndpoint,
        taker: &NodeEndpoint,
        slots: &SlotSet,
        plan: &HandOver<'_>,
        limits: &MigrationLimits,
        deadline: Duration,
    ) -> Result<HandedOver, EngineError> {
        giver.replicates()?;
        let handing = redis::hand_over::hand_over(giver, taker, slots, plan, limits);
        giver.bounded(deadline, handing).await
    }

    async fn copy_functions(
        &self,
        from: &NodeEndpoint,
        to: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        from.replicates()?;
        from.bounded(deadline, redis::functions::copy(from, to))
            .await
    }

    async fn slot_migration_start(
        &self,
        giver: &NodeEndpoint,
        moves: &[(SlotSet, String)],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        giver.replicates()?;
        giver
            .bounded(deadline, redis::migration::start(giver, moves))
            .await
    }

    async fn slot_migrations(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<Vec<SlotMigration>, EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::migration::list(node)).await
    }

    async fn slot_migration_cancel(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.replicates()?;
        node.bounded(deadline, redis::migration::cancel(node)).await
    }

    async fn admit(
        &self,
        node: &NodeEndpoint,
        users: &[NodeUser],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.has_users()?;
        node.bounded(deadline, redis::users::admit(node, users))
            .await
    }

    async fn certificate_end(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<Option<i64>, EngineError> {
        node.bounded(deadline, encryption::certificate_end(node))
            .await
    }

    async fn renew_certificate(
        &self,
        node: &NodeEndpoint,
        file: &str,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        let renewal = async {
            match node.protocol {
                Protocol::Redis => redis::renew_certificate(node, file).await,
                Protocol::Memcached => memcached::renew_certificate(node).await,
            }
        };
        node.bounded(deadline, renewal).await
    }

    async fn configure(
        &self,
        node: &NodeEndpoint,
        settings: &[(&'static str, String)],
        deadline: Duration,
    ) -> Result<Vec<Unsettable>, EngineError> {
        if node.protocol == Protocol::Memcached {
            return Err(node.refused("Memcached takes its settings when it starts"));
        }
        node.bounded(deadline, redis::configure(node, settings))
            .await
    }

    async fn wait_ready(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        readiness::wait(self, node, deadline).await
    }
}

#[cfg(test)]
mod tests;
