//! Service updates, and what they were applied to.

use std::collections::BTreeMap;

use super::cache_cluster::{engine_version, json, parsed};
use super::event::events_put;
use super::{Datastore, Error};
use crate::resources::engine::Engine;
use crate::resources::event::Event;
use crate::resources::scope::Scope;
use crate::resources::service_update::{Effect, ServiceUpdate, Target, UpdateAction};
use crate::resources::timestamp::Timestamp;

struct UpdateRow {
    service_update_key: i64,
    service_update_name: String,
    engine: String,
    severity: String,
    description: String,
    released_at: i64,
    recommended_apply_by: i64,
    ends_at: i64,
    auto_update: i64,
    estimated_minutes: i64,
    cancelled: i64,
    images: Option<String>,
    target_version: Option<String>,
}

impl TryFrom<UpdateRow> for ServiceUpdate {
    type Error = Error;

    fn try_from(row: UpdateRow) -> Result<Self, Error> {
        let corrupt =
            |what: &str| Error::Corrupt(format!("the {what} of {}", row.service_update_name));
        let effect = match (&row.images, &row.target_version) {
            (Some(images), _) => Effect::Images(parsed::<BTreeMap<String, String>>(images)?),
            (None, Some(version)) => Effect::EngineVersion(engine_version(&row.engine, version)?),
            (None, None) => return Err(corrupt("effect")),
        };
        Ok(Self {
            key: row.service_update_key,
            engine: Engine::parse(&row.engine).ok_or_else(|| corrupt("engine"))?,
            estimated_minutes: u32::try_from(row.estimated_minutes)
                .map_err(|_| corrupt("estimated time"))?,
            name: row.service_update_name,
            severity: row.severity,
            description: row.description,
            released_at: Timestamp::from_millis(row.released_at),
            recommended_apply_by: Timestamp::from_millis(row.recommended_apply_by),
            ends_at: Timestamp::from_millis(row.ends_at),
            auto_update: row.auto_update != 0,
            is_cancelled: row.cancelled != 0,
            effect,
        })
    }
}

struct ActionRow {
    service_update_key: i64,
    cache_cluster_key: Option<i64>,
    replication_group_key: Option<i64>,
    by_customer: i64,
    stop_requested: i64,
    requested_at: i64,
    modified_at: i64,
    completed_at: Option<i64>,
}

impl TryFrom<ActionRow> for UpdateAction {
    type Error = Error;

    fn try_from(row: ActionRow) -> Result<Self, Error> {
        let target = match (row.cache_cluster_key, row.replication_group_key) {
            (Some(key), _) => Target::CacheCluster(key),
            (None, Some(key)) => Target::ReplicationGroup(key),
            (None, None) => return Err(Error::Corrupt("an update action of nothing".to_owned())),
        };
        Ok(Self {
            service_update_key: row.service_update_key,
            target,
            by_customer: row.by_customer != 0,
            stop_requested: row.stop_requested != 0,
            requested_at: Timestamp::from_millis(row.requested_at),
            modified_at: Timestamp::from_millis(row.modified_at),
            completed_at: row.completed_at.map(Timestamp::from_millis),
        })
    }
}

impl Target {
    fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::CacheCluster(key) => (Some(key), None),
            Self::ReplicationGroup(key) => (None, Some(key)),
        }
    }
}

impl Datastore {
    /// Publishes an update, and tells of it.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] where there is one of that name; [`Error::Database`].
    pub async fn service_update_publish(
        &self,
        update: &ServiceUpdate,
        events: &[(Scope, Event)],
    ) -> Result<(), Error> {
        let (images, target) = match &update.effect {
            Effect::Images(images) => (Some(json(images)?), None),
            Effect::EngineVersion(version) => (None, Some(version.version)),
        };
        let engine = update.engine.name();
        let (released_at, apply_by, ends_at) = (
            update.released_at.as_millis(),
            update.recommended_apply_by.as_millis(),
            update.ends_at.as_millis(),
        );
        let mut write = self.write("service_update_publish").await?;
        sqlx::query!(
            "INSERT INTO service_updates (service_update_name, engine, severity, description, released_at, recommended_apply_by,
                 ends_at, auto_update, estimated_minutes, cancelled, images, target_version)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
            update.name,
            engine,
            update.severity,
            update.description,
            released_at,
            apply_by,
            ends_at,
            update.auto_update,
            update.estimated_minutes,
            images,
            target
        )
        .execute(&mut *write)
        .await?;
        for (scope, event) in events {
            events_put(&mut write, scope, std::slice::from_ref(event)).await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Takes an update back; what it was applied to keeps it.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`].
    pub async fn service_update_cancel(&self, name: &str) -> Result<(), Error> {
        let mut write = self.write("service_update_cancel").await?;
        let cancelled = sqlx::query!(
            "UPDATE service_updates SET cancelled = 1 WHERE service_update_name = ?",
            name
        )
        .execute(&mut *write)
        .await?;
        if cancelled.rows_affected() == 0 {
            return Err(Error::NotFound);
        }
        write.commit().await?;
        Ok(())
    }

    /// All updates, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn service_update_list(&self) -> Result<Vec<ServiceUpdate>, Error> {
        let rows = sqlx::query_as!(
            UpdateRow,
            "SELECT service_update_key, service_update_name, engine, severity, description, released_at, recommended_apply_by,
                    ends_at, auto_update, estimated_minutes, cancelled, images, target_version
             FROM service_updates ORDER BY service_update_name"
        )
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(TryFrom::try_from).collect()
    }

    /// All that updates were applied to.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn update_action_list(&self) -> Result<Vec<UpdateAction>, Error> {
        let rows = sqlx::query_as!(
            ActionRow,
            "SELECT service_update_key, cache_cluster_key, replication_group_key, by_customer, stop_requested, requested_at,
                    modified_at, completed_at
             FROM update_actions ORDER BY service_update_key, cache_cluster_key, replication_group_key"
        )
        .fetch_all(&self.reader)
        .await?;
        rows.into_iter().map(TryFrom::try_from).collect()
    }

    /// Applies an update to a cache, unless that is complete: anew where it was stopped.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn update_action_request(
        &self,
        service_update_key: i64,
        target: Target,
        by_customer: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (cluster, group) = target.columns();
        let now = now.as_millis();
        let mut write = self.write("update_action_request").await?;
        let again = sqlx::query!(
            "UPDATE update_actions SET stop_requested = 0, modified_at = ?1
             WHERE service_update_key = ?2 AND cache_cluster_key IS ?3 AND replication_group_key IS ?4",
            now,
            service_update_key,
            cluster,
            group
        )
        .execute(&mut *write)
        .await?;
        if again.rows_affected() == 0 {
            sqlx::query!(
                "INSERT INTO update_actions (service_update_key, cache_cluster_key, replication_group_key, by_customer,
                     stop_requested, requested_at, modified_at)
                 VALUES (?1, ?2, ?3, ?4, 0, ?5, ?5)",
                service_update_key,
                cluster,
                group,
                by_customer,
                now
            )
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Stops applying an update to a cache: nodes in progress end.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn update_action_stop(
        &self,
        service_update_key: i64,
        target: Target,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (cluster, group) = target.columns();
        let now = now.as_millis();
        let mut write = self.write("update_action_stop").await?;
        sqlx::query!(
            "UPDATE update_actions SET stop_requested = 1, modified_at = ?1
             WHERE service_update_key = ?2 AND cache_cluster_key IS ?3 AND replication_group_key IS ?4
               AND completed_at IS NULL",
            now,
            service_update_key,
            cluster,
            group
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Stops applying an update that cannot be had, and tells of it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn update_action_fail(
        &self,
        service_update_key: i64,
        target: Target,
        (scope, event): (&Scope, Event),
        now: Timestamp,
    ) -> Result<(), Error> {
        let (cluster, group) = target.columns();
        let now = now.as_millis();
        let mut write = self.write("update_action_fail").await?;
        let stopped = sqlx::query!(
            "UPDATE update_actions SET stop_requested = 1, modified_at = ?1
             WHERE service_update_key = ?2 AND cache_cluster_key IS ?3 AND replication_group_key IS ?4
               AND stop_requested = 0",
            now,
            service_update_key,
            cluster,
            group
        )
        .execute(&mut *write)
        .await?;
        if stopped.rows_affected() > 0 {
            events_put(&mut write, scope, &[event]).await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Notes that all nodes of a cache have an update, and tells of it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn update_action_complete(
        &self,
        service_update_key: i64,
        target: Target,
        (scope, event): (&Scope, Event),
        now: Timestamp,
    ) -> Result<(), Error> {
        let (cluster, group) = target.columns();
        let now = now.as_millis();
        let mut write = self.write("update_action_complete").await?;
        let completed = sqlx::query!(
            "UPDATE update_actions SET completed_at = ?1, modified_at = ?1
             WHERE service_update_key = ?2 AND cache_cluster_key IS ?3 AND replication_group_key IS ?4
               AND completed_at IS NULL",
            now,
            service_update_key,
            cluster,
            group
        )
        .execute(&mut *write)
        .await?;
        if completed.rows_affected() > 0 {
            events_put(&mut write, scope, &[event]).await?;
        }
        write.commit().await?;
        Ok(())
    }
}
