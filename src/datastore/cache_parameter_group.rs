//! Cache parameter groups of customers.
//!
//! A change of a group counts, in the same transaction, with every cache cluster that uses it: from then on their nodes lack something.

use std::collections::BTreeMap;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::cache_cluster::{json, parsed};
use super::event::events_put;
use super::tag::tags_put;
use super::{Datastore, Error};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::cache_parameter_group::{CacheParameterGroup, DEFAULT_PREFIX, GROUPS_MAX};
use crate::resources::event::Event;
use crate::resources::parameter;
use crate::resources::scope::Scope;
use crate::resources::tag::Tag;

struct GroupRow {
    cache_parameter_group_key: i64,
    cache_parameter_group_name: String,
    family: String,
    description: String,
    parameter_values: String,
    revision: i64,
    in_use: i64,
}

/// One SELECT for every way to find parameter groups. A group is in use while a cache has it, will have it with the engine version that
/// waits, or goes back to it if the one under way cannot be had.
macro_rules! group_rows {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GroupRow,
            "SELECT cache_parameter_group_key, cache_parameter_group_name, family, description, parameter_values, revision,
                    (EXISTS (SELECT 1 FROM cache_clusters AS users
                             WHERE users.account = groups.account AND users.region = groups.region
                               AND (cache_parameter_group_name IN (parameter_group_name, pending_parameter_group)
                                    OR EXISTS (SELECT 1 FROM json_each(changes)
                                               WHERE value ->> '$.\"parameter-group\"[0]' = cache_parameter_group_name)))
                     OR EXISTS (SELECT 1 FROM replication_groups AS users
                                WHERE users.account = groups.account AND users.region = groups.region
                                  AND cache_parameter_group_name IN (parameter_group_name, pending_parameter_group))
                    ) AS \"in_use!: i64\"
             FROM cache_parameter_groups AS groups "
            + $tail
            $(, $argument)*
        )
    };
}

impl Datastore {
    /// Stores a new parameter group with its tags, unless its name is taken.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`]; [`Error::TooManyParameterGroups`]; [`Error::Database`].
    pub async fn cache_parameter_group_insert(
        &self,
        group: &CacheParameterGroup,
        tags: &[Tag],
        events: &[Event],
    ) -> Result<(), Error> {
        let values = json(&group.values)?;
        let mut write = self.write("cache_parameter_group_insert").await?;
        sqlx::query!(
            "INSERT INTO cache_parameter_groups (account, region, cache_parameter_group_name, family, description,
                 parameter_values, revision)
             VALUES (?, ?, ?, ?, ?, ?, 1)",
            group.scope.account,
            group.scope.region,
            group.name,
            group.family.name,
            group.description,
            values
        )
        .execute(&mut *write)
        .await?;
        let count = sqlx::query_scalar!(
            "SELECT count(*) FROM cache_parameter_groups WHERE account = ? AND region = ?",
            group.scope.account,
            group.scope.region
        )
        .fetch_one(&mut *write)
        .await?;
        if count > i64::from(GROUPS_MAX) {
            return Err(Error::TooManyParameterGroups);
        }
        tags_put(&mut write, &group_arn(group), tags).await?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// The parameter group of that name; not a built-in one.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_parameter_group_get(
        &self,
        scope: &Scope,
        name: &str,
    ) -> Result<CacheParameterGroup, Error> {
        let mut read = self.reader.acquire().await?;
        group_of_name(&mut read, scope, name).await
    }

    /// All parameter groups of `scope` in the order of their names; the quota bounds them.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_parameter_group_list(
        &self,
        scope: &Scope,
    ) -> Result<Vec<CacheParameterGroup>, Error> {
        let mut read = self.reader.acquire().await?;
        let rows = group_rows!(
            "WHERE account = ? AND region = ? ORDER BY cache_parameter_group_name",
            scope.account,
            scope.region
        )
        .fetch_all(&mut *read)
        .await?;
        rows.into_iter().map(|row| row.into_group(scope)).collect()
    }

    /// Stores the values that `group` now holds; every cache cluster that uses it counts that.
    ///
    /// # Errors
    /// [`Error::Stale`] unless the record is still at the revision that `group` was read with; [`Error::Database`].
    pub async fn cache_parameter_group_request(
        &self,
        group: &CacheParameterGroup,
        events: &[Event],
    ) -> Result<(), Error> {
        let values = json(&group.values)?;
        let mut write = self.write("cache_parameter_group_request").await?;
        let updated = sqlx::query!(
            "UPDATE cache_parameter_groups SET parameter_values = ?, revision = revision + 1
             WHERE cache_parameter_group_key = ? AND revision = ?",
            values,
            group.key,
            group.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&updated)?;
        sqlx::query!(
            "UPDATE cache_clusters SET parameters_generation = parameters_generation + 1
             WHERE account = ? AND region = ? AND parameter_group_name = ?",
            group.scope.account,
            group.scope.region,
            group.name
        )
        .execute(&mut *write)
        .await?;
        events_put(&mut write, &group.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Forgets a parameter group that nothing uses, with its tags.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::InUse`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn cache_parameter_group_forget(
        &self,
        scope: &Scope,
        name: &str,
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("cache_parameter_group_forget").await?;
        let group = group_of_name(&mut write, scope, name).await?;
        if group.in_use {
            return Err(Error::InUse);
        }
        sqlx::query!(
            "DELETE FROM cache_parameter_groups WHERE cache_parameter_group_key = ?",
            group.key
        )
        .execute(&mut *write)
        .await?;
        let name = group_arn(&group);
        sqlx::query!("DELETE FROM tags WHERE arn = ?", name)
            .execute(&mut *write)
            .await?;
        events_put(&mut write, scope, events).await?;
        write.commit().await?;
        Ok(())
    }
}

/// Makes sure, within the write of a cache that is to use it, that a parameter group is there and that whoever changes it at the same
/// time looks again. Built-in groups always are.
///
/// # Errors
/// [`Error::NoParameterGroup`]; [`Error::Database`].
pub(super) async fn parameter_group_claim(
    write: &mut Transaction<'_, Sqlite>,
    scope: &Scope,
    name: &str,
) -> Result<(), Error> {
    if name.starts_with(DEFAULT_PREFIX) {
        return Ok(());
    }
    let claimed = sqlx::query!(
        "UPDATE cache_parameter_groups SET revision = revision + 1
         WHERE account = ? AND region = ? AND cache_parameter_group_name = ?",
        scope.account,
        scope.region,
        name
    )
    .execute(&mut **write)
    .await?;
    match claimed.rows_affected() {
        0 => Err(Error::NoParameterGroup(name.to_owned())),
        _ => Ok(()),
    }
}

async fn group_of_name(
    read: &mut SqliteConnection,
    scope: &Scope,
    name: &str,
) -> Result<CacheParameterGroup, Error> {
    group_rows!(
        "WHERE account = ? AND region = ? AND cache_parameter_group_name = ?",
        scope.account,
        scope.region,
        name
    )
    .fetch_one(&mut *read)
    .await?
    .into_group(scope)
}

fn group_arn(group: &CacheParameterGroup) -> String {
    arn(&group.scope, ResourceType::ParameterGroup, &group.name)
}

impl GroupRow {
    fn into_group(self, scope: &Scope) -> Result<CacheParameterGroup, Error> {
        Ok(CacheParameterGroup {
            key: self.cache_parameter_group_key,
            scope: scope.clone(),
            family: parameter::family(&self.family)
                .ok_or_else(|| Error::Corrupt(format!("the family {}", self.family)))?,
            name: self.cache_parameter_group_name,
            description: self.description,
            values: parsed::<BTreeMap<String, String>>(&self.parameter_values)?,
            revision: self.revision,
            in_use: self.in_use != 0,
        })
    }
}
