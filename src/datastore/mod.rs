//! The only memory across a restart, and the only SQL.
//!
//! SQLite in write-ahead mode: one writer connection with immediate transactions, so that writes are in one order and never
//! wait for each other half-way; a few readers beside it. Every method is one transaction. Rows are private to this room;
//! what comes out are `resources`.

mod access;
mod allocation;
mod cache_cluster;
mod cache_node;
mod cache_parameter_group;
mod capacity;
mod credential;
mod delivery;
pub mod error;
mod event;
mod log_delivery;
mod metric;
mod node_group;
pub mod page;
mod replication_group;
mod router;
mod service_update;
mod setting;
mod snapshot;
mod subnet_group;
mod tag;
mod user;
mod user_group;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
use serde::{Deserialize, Deserializer};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Sqlite, Transaction};

pub use access::GivenAccess;
pub use allocation::{AddressPool, Pools, PortPool};
pub use cache_cluster::CacheClusterFilter;
pub use cache_node::NodeOutcome;
pub use credential::SealedCredential;
pub use delivery::PendingEvent;
pub use error::Error;
pub use event::EventFilter;
pub use log_delivery::{LogOwner, LogPosition, StoredLogDelivery};
pub use metric::{MetricRow, MetricSubject};
pub use node_group::NodeGroupSeen;
pub use replication_group::{Choice, JoinedMember, ReplicationGroupFilter};
pub use router::RouterRecord;
pub use snapshot::{SnapshotExport, SnapshotFilter, SnapshotSourceRead};
pub use subnet_group::SubnetGroupHeld;
pub use user::{UserFilter, UserPlace};

/// For what a reconciler writes, to which no quota applies.
pub const NO_QUOTA: u32 = u32::MAX;

/// Readers beside the one writer: as many as there are cores to serve them with, on a small machine.
const READERS: u32 = 4;

/// How long a transaction or a wait for a connection may take before it is worth a line in the log; on a machine that is busy with other
/// things a disk takes a second or two.
const SLOW: Duration = Duration::from_secs(15);

/// How long a connection waits for the file lock that another process may hold (a backup, a person with a shell).
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Asked before each write, with its name; a future that never ends is a process that stopped right there.
pub type WriteGate =
    Arc<dyn Fn(&'static str) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The database.
#[derive(Clone)]
pub struct Datastore {
    writer: SqlitePool,
    reader: SqlitePool,
    metrics: metric::MetricFile,
    gate: Option<WriteGate>,
    pools: Option<Arc<Pools>>,
}

impl fmt::Debug for Datastore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datastore").finish_non_exhaustive()
    }
}

impl Datastore {
    /// Opens the database at `path`, makes it if it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Database`] where the file cannot be opened, or was written by a newer version.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(LOCK_WAIT)
            .log_slow_statements(LevelFilter::Warn, SLOW);
        // A file does not hang up, so a connection need not be tried before it is used: that is a way to its thread and back.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .acquire_slow_threshold(SLOW)
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!()
            .run(&writer)
            .await
            .map_err(|error| Error::Database(error.into()))?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .acquire_slow_threshold(SLOW)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self {
            writer,
            reader,
            metrics: metric::MetricFile::beside(path),
            gate: None,
            pools: None,
        })
    }

    /// The same database with a gate before each write; tests stop a control plane there.
    #[must_use]
    pub fn with_gate(mut self, gate: WriteGate) -> Self {
        self.gate = Some(gate);
        self
    }

    /// The same database with what there is to give to nodes and endpoints: replication groups that would not fit are refused.
    #[must_use]
    pub fn within(mut self, pools: Pools) -> Self {
        self.pools = Some(Arc::new(pools));
        self
    }

    /// Waits for writes under way and closes the file.
    pub async fn close(&self) {
        self.reader.close().await;
        self.metrics.close().await;
        self.writer.close().await;
    }

    /// Begins the write called `name`; it happens wholly at `commit`, or not at all.
    async fn write(&self, name: &'static str) -> Result<Transaction<'static, Sqlite>, Error> {
        if let Some(gate) = &self.gate {
            gate(name).await;
        }
        tracing::trace!(write = name, "Write to the database");
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// SQLite's integers are signed; ours that count are not.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A stored count, read back.
fn count(stored: i64) -> Result<u64, Error> {
    u64::try_from(stored).map_err(|_| Error::Corrupt(format!("the count {stored}")))
}

/// SQLite has no truth values: ours are 0 and 1, also in the JSON that it makes of rows.
fn flag<'de, D: Deserializer<'de>>(stored: D) -> Result<bool, D::Error> {
    Ok(i64::deserialize(stored)? != 0)
}

#[cfg(test)]
mod tests;
