//! How far destinations have been told of events. The events themselves are the outbox: they are written with what they tell of, in one
//! transaction, and stay for fourteen days.

use super::{Datastore, Error};
use crate::resources::event::{Event, SourceType};
use crate::resources::scope::Scope;
use crate::resources::timestamp::Timestamp;

/// An event that a destination has not been told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingEvent {
    /// Its key, which never changes and is never given again.
    pub key: i64,
    /// Whose resource it is about.
    pub scope: Scope,
    /// The topic that was to be told when it was written.
    pub topic_arn: Option<String>,
    /// The event.
    pub event: Event,
}

impl Datastore {
    /// Makes `destinations` those that are told: a new one of what comes from now on, one that is not among them of nothing more.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delivery_begin(&self, destinations: &[String]) -> Result<(), Error> {
        let mut write = self.write("delivery_begin").await?;
        let known = sqlx::query_scalar!("SELECT destination FROM deliveries")
            .fetch_all(&mut *write)
            .await?;
        for gone in known.iter().filter(|known| !destinations.contains(known)) {
            sqlx::query!("DELETE FROM deliveries WHERE destination = ?", gone)
                .execute(&mut *write)
                .await?;
        }
        for destination in destinations {
            sqlx::query!(
                "INSERT INTO deliveries (destination, delivered_key)
                 VALUES (?, (SELECT COALESCE(MAX(event_key), 0) FROM events))
                 ON CONFLICT (destination) DO NOTHING",
                destination
            )
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Events that a destination has not been told of, oldest first, at most `limit`; with `topics_only` those that have a topic.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn delivery_pending(
        &self,
        destination: &str,
        topics_only: bool,
        limit: u32,
    ) -> Result<Vec<PendingEvent>, Error> {
        let rows = sqlx::query!(
            "SELECT event_key, account, region, source_type, source_identifier, message, occurred_at, topic_arn
             FROM events
             WHERE event_key > (SELECT delivered_key FROM deliveries WHERE destination = ?1)
               AND (?2 = 0 OR topic_arn IS NOT NULL)
             ORDER BY event_key LIMIT ?3",
            destination,
            topics_only,
            limit
        )
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter()
            .map(|row| {
                let source_type = SourceType::from_word(&row.source_type).ok_or_else(|| {
                    Error::Corrupt(format!("the source type {}", row.source_type))
                })?;
                Ok(PendingEvent {
                    key: row.event_key,
                    scope: Scope {
                        account: row.account,
                        region: row.region,
                    },
                    topic_arn: row.topic_arn,
                    event: Event {
                        source_type,
                        source_identifier: row.source_identifier,
                        message: row.message,
                        occurred_at: Timestamp::from_millis(row.occurred_at),
                    },
                })
            })
            .collect()
    }

    /// A destination has been told of everything up to this event.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delivery_record(&self, destination: &str, key: i64) -> Result<(), Error> {
        let mut write = self.write("delivery_record").await?;
        sqlx::query!(
            "UPDATE deliveries SET delivered_key = MAX(delivered_key, ?2) WHERE destination = ?1",
            destination,
            key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }
}
