//! Events, newest first, kept for fourteen days.

use std::time::Duration;

use sqlx::{Sqlite, Transaction};

use super::page::Page;
use super::{Datastore, Error};
use crate::resources::event::{Event, SourceType};
use crate::resources::scope::Scope;
use crate::resources::timestamp::Timestamp;

/// How long an event can be described (DescribeEvents, API reference).
const EVENT_RETENTION: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Which events are wanted.
#[derive(Debug, Clone)]
pub struct EventFilter {
    /// Of this kind of resource only.
    pub source_type: Option<SourceType>,
    /// Of this resource only.
    pub source_identifier: Option<String>,
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Timestamp,
    /// Those older than the event with this key, where the last page ended.
    pub before_key: Option<i64>,
}

struct EventRow {
    event_key: i64,
    source_type: String,
    source_identifier: String,
    message: String,
    occurred_at: i64,
}

impl Datastore {
    /// A page of events with their keys, newest first.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn event_page(
        &self,
        scope: &Scope,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Page<(i64, Event)>, Error> {
        let source_type = filter.source_type.map(SourceType::word);
        let (from, to) = (filter.from.as_millis(), filter.to.as_millis());
        let before = filter.before_key.unwrap_or(i64::MAX);
        let read = stored_limit(limit);
        let rows = sqlx::query_as!(
            EventRow,
            "SELECT event_key, source_type, source_identifier, message, occurred_at
             FROM events
             WHERE account = ?1 AND region = ?2
               AND (?3 IS NULL OR source_type = ?3)
               AND (?4 IS NULL OR source_identifier = ?4)
               AND occurred_at BETWEEN ?5 AND ?6
               AND event_key < ?7
             ORDER BY event_key DESC
             LIMIT +?8",
            scope.account,
            scope.region,
            source_type,
            filter.source_identifier,
            from,
            to,
            before,
            read
        )
        .fetch_all(&self.reader)
        .await?;
        let events = rows
            .into_iter()
            .map(TryFrom::try_from)
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Page::cut(events, limit))
    }

    /// Forgets events that can no longer be described; at most a thousand at a time, so that no write is long.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn event_expire(&self, now: Timestamp) -> Result<u64, Error> {
        let oldest = now.minus(EVENT_RETENTION).as_millis();
        let mut write = self.write("event_expire").await?;
        let gone = sqlx::query!(
            "DELETE FROM events WHERE event_key IN (SELECT event_key FROM events WHERE occurred_at < ? LIMIT 1000)",
            oldest
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(gone.rows_affected())
    }
}

impl TryFrom<EventRow> for (i64, Event) {
    type Error = Error;

    fn try_from(row: EventRow) -> Result<Self, Error> {
        let source_type = SourceType::from_word(&row.source_type)
            .ok_or_else(|| Error::Corrupt(format!("the source type {}", row.source_type)))?;
        let event = Event {
            source_type,
            source_identifier: row.source_identifier,
            message: row.message,
            occurred_at: Timestamp::from_millis(row.occurred_at),
        };
        Ok((row.event_key, event))
    }
}

fn stored_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1
}

/// Stores `events` within the write of what happened, each with the topic that is to be told of it: of a resource that goes with this
/// write before it goes.
pub(super) async fn events_put(
    write: &mut Transaction<'_, Sqlite>,
    scope: &Scope,
    events: &[Event],
) -> Result<(), Error> {
    for event in events {
        let source_type = event.source_type.word();
        let occurred_at = event.occurred_at.as_millis();
        sqlx::query!(
            "INSERT INTO events (account, region, source_type, source_identifier, message, occurred_at, topic_arn)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6,
                     CASE ?3
                         WHEN 'cache-cluster' THEN
                             (SELECT notification_topic_arn FROM cache_clusters
                              WHERE account = ?1 AND region = ?2 AND cache_cluster_id = ?4 AND notification_active = 1)
                         WHEN 'replication-group' THEN
                             (SELECT notification_topic_arn FROM replication_groups
                              WHERE account = ?1 AND region = ?2 AND replication_group_id = ?4 AND notification_active = 1)
                     END)",
            scope.account,
            scope.region,
            source_type,
            event.source_identifier,
            event.message,
            occurred_at
        )
        .execute(&mut **write)
        .await?;
    }
    Ok(())
}
