//! Where logs go: the wishes, written with the cache whose they are, and what the destinations took, written by themselves.

use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, Transaction};

use super::cache_cluster::{json, parsed};
use super::{Datastore, Error};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::log_delivery::{LogDelivery, LogFormat, LogSettings, LogType};
use crate::resources::timestamp::Timestamp;

/// Whose logs they are, by the key of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOwner {
    /// A cache cluster of its own.
    CacheCluster(i64),
    /// A replication group, with all its members.
    ReplicationGroup(i64),
}

impl LogOwner {
    fn keys(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::CacheCluster(key) => (Some(key), None),
            Self::ReplicationGroup(key) => (None, Some(key)),
        }
    }
}

/// A delivery as its reconciler finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLogDelivery {
    /// The record's key.
    pub key: i64,
    /// Counts its wishes.
    pub revision: i64,
    /// Whose it is.
    pub owner: LogOwner,
    /// What is wished, and what is.
    pub delivery: LogDelivery,
}

/// How far a node's log was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPosition {
    /// The process that counts; empty for a log whose lines have a time.
    pub run: String,
    /// The next number of the slow log; for the engine log the time of the last line, in nanoseconds since the Unix epoch.
    pub position: i64,
}

/// As an array: where to, of which kind that is, and the format.
#[derive(Serialize, Deserialize)]
struct SettingsRow(String, String, String);

/// The only kind of destination that there is so far.
const CLOUDWATCH_LOGS: &str = "cloudwatch-logs";

impl From<&LogSettings> for SettingsRow {
    fn from(settings: &LogSettings) -> Self {
        Self(
            settings.log_group.clone(),
            CLOUDWATCH_LOGS.to_owned(),
            settings.format.word().to_owned(),
        )
    }
}

impl TryFrom<SettingsRow> for LogSettings {
    type Error = Error;

    fn try_from(SettingsRow(log_group, _, format): SettingsRow) -> Result<Self, Error> {
        let format = LogFormat::from_word(&format)
            .ok_or_else(|| Error::Corrupt(format!("the log format {format}")))?;
        Ok(Self { log_group, format })
    }
}

/// As an array: log, wish, effect, problem, and when it was asked for.
#[derive(Deserialize)]
pub(super) struct LogDeliveryRow(
    String,
    Option<SettingsRow>,
    Option<SettingsRow>,
    Option<String>,
    i64,
);

impl TryFrom<LogDeliveryRow> for LogDelivery {
    type Error = Error;

    fn try_from(row: LogDeliveryRow) -> Result<Self, Error> {
        let LogDeliveryRow(log_type, wished, in_effect, problem, requested_at) = row;
        Ok(Self {
            log_type: log_of(&log_type)?,
            wished: wished.map(TryInto::try_into).transpose()?,
            in_effect: in_effect.map(TryInto::try_into).transpose()?,
            problem,
            requested_at: Timestamp::from_millis(requested_at),
        })
    }
}

fn log_of(word: &str) -> Result<LogType, Error> {
    LogType::from_word(word).ok_or_else(|| Error::Corrupt(format!("the log {word}")))
}

/// Those of one cache, in the order of their logs.
pub(super) fn log_deliveries(rows: Vec<LogDeliveryRow>) -> Result<Vec<LogDelivery>, Error> {
    let mut found: Vec<LogDelivery> = rows
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_, _>>()?;
    found.sort_by_key(|delivery| delivery.log_type);
    Ok(found)
}

/// Writes what is wished of the logs of a cache cluster; a member's are its group's.
pub(super) async fn cluster_logs_put(
    write: &mut Transaction<'_, Sqlite>,
    key: i64,
    cluster: &CacheCluster,
) -> Result<(), Error> {
    match cluster.membership {
        Some(_) => Ok(()),
        None => put(write, LogOwner::CacheCluster(key), &cluster.log_deliveries).await,
    }
}

/// Writes what is wished of the logs of a replication group.
pub(super) async fn group_logs_put(
    write: &mut Transaction<'_, Sqlite>,
    key: i64,
    deliveries: &[LogDelivery],
) -> Result<(), Error> {
    put(write, LogOwner::ReplicationGroup(key), deliveries).await
}

/// Writes what is wished. What the destinations took is not touched, but for what begins again.
async fn put(
    write: &mut Transaction<'_, Sqlite>,
    owner: LogOwner,
    deliveries: &[LogDelivery],
) -> Result<(), Error> {
    let (cluster, group) = owner.keys();
    for delivery in deliveries {
        let log_type = delivery.log_type.word();
        let wished = settings_json(delivery.wished.as_ref())?;
        let requested_at = delivery.requested_at.as_millis();
        sqlx::query!(
            "INSERT INTO log_deliveries (cache_cluster_key, replication_group_key, log_type, wished, requested_at, revision)
             SELECT ?1, ?2, ?3, ?4, ?5, 1
             WHERE NOT EXISTS (SELECT 1 FROM log_deliveries
                               WHERE cache_cluster_key IS ?1 AND replication_group_key IS ?2 AND log_type = ?3)",
            cluster,
            group,
            log_type,
            wished,
            requested_at
        )
        .execute(&mut **write)
        .await?;
        sqlx::query!(
            "UPDATE log_deliveries
             SET wished = ?4, requested_at = ?5, problem = NULL, revision = revision + 1,
                 in_effect = CASE WHEN wished IS NOT NULL THEN in_effect END
             WHERE cache_cluster_key IS ?1 AND replication_group_key IS ?2 AND log_type = ?3 AND wished IS NOT ?4",
            cluster,
            group,
            log_type,
            wished,
            requested_at
        )
        .execute(&mut **write)
        .await?;
    }
    Ok(())
}

fn settings_json(settings: Option<&LogSettings>) -> Result<Option<String>, Error> {
    settings
        .map(|settings| json(&SettingsRow::from(settings)))
        .transpose()
}

impl Datastore {
    /// Keys of all deliveries, each with the count of its wishes.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn log_delivery_list(&self) -> Result<Vec<(i64, i64)>, Error> {
        let rows = sqlx::query!(
            "SELECT log_delivery_key, revision FROM log_deliveries ORDER BY log_delivery_key"
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.log_delivery_key, row.revision))
            .collect())
    }

    /// The delivery with this key.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn log_delivery_get(&self, key: i64) -> Result<StoredLogDelivery, Error> {
        let row = sqlx::query!(
            "SELECT cache_cluster_key, replication_group_key, log_type, wished, in_effect, problem, requested_at, revision
             FROM log_deliveries WHERE log_delivery_key = ?",
            key
        )
        .fetch_one(&self.reader)
        .await?;
        let settings = |text: Option<String>| {
            let row = text.as_deref().map(parsed::<SettingsRow>).transpose()?;
            row.map(LogSettings::try_from).transpose()
        };
        Ok(StoredLogDelivery {
            key,
            revision: row.revision,
            owner: match (row.cache_cluster_key, row.replication_group_key) {
                (Some(key), _) => LogOwner::CacheCluster(key),
                (None, key) => LogOwner::ReplicationGroup(key.unwrap_or_default()),
            },
            delivery: LogDelivery {
                log_type: log_of(&row.log_type)?,
                wished: settings(row.wished)?,
                in_effect: settings(row.in_effect)?,
                problem: row.problem,
                requested_at: Timestamp::from_millis(row.requested_at),
            },
        })
    }

    /// Notes that the destination takes what is wished, or why it does not.
    ///
    /// # Errors
    /// [`Error::Stale`] where something else is wished by now; [`Error::Database`].
    pub async fn log_delivery_record(
        &self,
        found: &StoredLogDelivery,
        problem: Option<&str>,
    ) -> Result<(), Error> {
        let mut write = self.write("log_delivery_record").await?;
        let done = sqlx::query!(
            "UPDATE log_deliveries
             SET problem = ?3, in_effect = CASE WHEN ?3 IS NULL THEN wished ELSE in_effect END
             WHERE log_delivery_key = ?1 AND revision = ?2",
            found.key,
            found.revision,
            problem
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        write.commit().await?;
        Ok(())
    }

    /// Forgets a delivery that has ended, and how far it went.
    ///
    /// # Errors
    /// [`Error::Stale`] where something else is wished by now; [`Error::Database`].
    pub async fn log_delivery_forget(&self, found: &StoredLogDelivery) -> Result<(), Error> {
        let mut write = self.write("log_delivery_forget").await?;
        let (cluster, group) = found.owner.keys();
        let log_type = found.delivery.log_type.word();
        // A cache cluster that became a member goes on where it was.
        sqlx::query!(
            "DELETE FROM log_positions WHERE log_type = ?1 AND cache_node_key IN (
                 SELECT cache_node_key FROM cache_nodes JOIN cache_clusters USING (cache_cluster_key)
                 WHERE (cache_cluster_key = ?2 AND replication_group_key IS NULL) OR replication_group_key = ?3)",
            log_type,
            cluster,
            group
        )
        .execute(&mut *write)
        .await?;
        let done = sqlx::query!(
            "DELETE FROM log_deliveries WHERE log_delivery_key = ? AND revision = ?",
            found.key,
            found.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        write.commit().await?;
        Ok(())
    }

    /// How far a node's log was delivered.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn log_position(
        &self,
        cache_node_key: i64,
        log_type: LogType,
    ) -> Result<Option<LogPosition>, Error> {
        let log_type = log_type.word();
        let row = sqlx::query!(
            "SELECT run, position FROM log_positions WHERE cache_node_key = ? AND log_type = ?",
            cache_node_key,
            log_type
        )
        .fetch_optional(&self.reader)
        .await?;
        Ok(row.map(|row| LogPosition {
            run: row.run,
            position: row.position,
        }))
    }

    /// Notes how far a node's log was delivered; of a node that is gone nothing is noted.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn log_position_record(
        &self,
        cache_node_key: i64,
        log_type: LogType,
        position: &LogPosition,
    ) -> Result<(), Error> {
        let log_type = log_type.word();
        let mut write = self.write("log_position_record").await?;
        sqlx::query!(
            "INSERT INTO log_positions (cache_node_key, log_type, run, position)
             SELECT cache_node_key, ?2, ?3, ?4 FROM cache_nodes WHERE cache_node_key = ?1
             ON CONFLICT (cache_node_key, log_type) DO UPDATE SET run = excluded.run, position = excluded.position",
            cache_node_key,
            log_type,
            position.run,
            position.position
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }
}
