//! User groups, with the users in them.

use sqlx::{SqliteConnection, Transaction};

use super::access::{Changed, raise, settle};
use super::cache_cluster::parsed;
use super::page::Page;
use super::tag::tags_put;
use super::user::{UserRow, engine};
use super::{Datastore, Error};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::scope::Scope;
use crate::resources::tag::Tag;
use crate::resources::user::User;
use crate::resources::user_group::{MemberChange, UserGroup, UserGroupMember};

struct GroupRow {
    user_group_key: i64,
    account: String,
    region: String,
    user_group_id: String,
    engine: String,
    revision: i64,
    is_awaited: i64,
    replication_group_ids: String,
    members: String,
}

impl TryFrom<GroupRow> for UserGroup {
    type Error = Error;

    fn try_from(row: GroupRow) -> Result<Self, Error> {
        let members = parsed::<Vec<(UserRow, Option<String>)>>(&row.members)?;
        let member = |(user, change): (UserRow, Option<String>)| -> Result<UserGroupMember, Error> {
            Ok(UserGroupMember {
                user: User::try_from(user)?,
                change: match change.as_deref() {
                    Some("add") => Some(MemberChange::Add),
                    Some("remove") => Some(MemberChange::Remove),
                    _ => None,
                },
            })
        };
        let mut members = members
            .into_iter()
            .map(member)
            .collect::<Result<Vec<_>, _>>()?;
        members.sort_by(|one, other| one.user.user_id.cmp(&other.user.user_id));
        Ok(Self {
            key: row.user_group_key,
            scope: Scope {
                account: row.account,
                region: row.region,
            },
            user_group_id: row.user_group_id,
            engine: engine(&row.engine)?,
            members,
            replication_group_ids: parsed(&row.replication_group_ids)?,
            is_awaited: row.is_awaited != 0,
            revision: row.revision,
        })
    }
}

/// One SELECT for every way to find user groups; what is told of users alone is left out of those in them.
macro_rules! group_rows {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GroupRow,
            "SELECT user_group_key AS \"user_group_key!\", account, region, user_group_id, engine, revision,
                    EXISTS (SELECT 1 FROM access_waits WHERE access_waits.user_group_key = user_groups.user_group_key)
                        AS \"is_awaited!: i64\",
                    (SELECT json_group_array(replication_group_id ORDER BY replication_group_id) FROM replication_groups
                     WHERE replication_groups.user_group_key = user_groups.user_group_key) AS \"replication_group_ids!: String\",
                    (SELECT json_group_array(json_array(
                                json_array(users.user_key, users.account, users.region, user_id, user_name, users.engine,
                                           access_string, authentication, password_digests, deletion_requested_at,
                                           users.revision, 0, '[]'),
                                change))
                     FROM user_group_members JOIN users USING (user_key)
                     WHERE user_group_members.user_group_key = user_groups.user_group_key) AS \"members!: String\"
             FROM user_groups "
            + $tail
            $(, $argument)*
        )
    };
}

impl Datastore {
    /// Stores a new user group of these users with its tags, unless its id is taken.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`]; [`Error::Exhausted`] past `quota` user groups of this scope; [`Error::Stale`] where one of the users has
    /// changed since it was read; [`Error::Database`].
    pub async fn user_group_insert(
        &self,
        group: &UserGroup,
        tags: &[Tag],
        quota: u32,
    ) -> Result<UserGroup, Error> {
        let engine = group.engine.name();
        let mut write = self.write("user_group_insert").await?;
        let inserted = sqlx::query!(
            "INSERT INTO user_groups (account, region, user_group_id, engine, revision) VALUES (?, ?, ?, ?, 1)",
            group.scope.account,
            group.scope.region,
            group.user_group_id,
            engine
        )
        .execute(&mut *write)
        .await?;
        let key = inserted.last_insert_rowid();
        for member in &group.members {
            member_put(&mut write, key, member).await?;
        }
        let count = sqlx::query_scalar!(
            "SELECT count(*) AS \"count!: i64\" FROM user_groups WHERE account = ? AND region = ?",
            group.scope.account,
            group.scope.region
        )
        .fetch_one(&mut *write)
        .await?;
        if count > i64::from(quota) {
            return Err(Error::Exhausted("user group".to_owned()));
        }
        tags_put(&mut write, &group_arn(group), tags).await?;
        settle(&mut write).await?;
        let stored = group_of_key(&mut write, key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// The user group with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn user_group_get(
        &self,
        scope: &Scope,
        user_group_id: &str,
    ) -> Result<UserGroup, Error> {
        group_rows!(
            "WHERE account = ? AND region = ? AND user_group_id = ?",
            scope.account,
            scope.region,
            user_group_id
        )
        .fetch_one(&self.reader)
        .await?
        .try_into()
    }

    /// A page of the user groups of `scope` that follow `after`, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn user_group_page(
        &self,
        scope: &Scope,
        after: &str,
        limit: usize,
    ) -> Result<Page<UserGroup>, Error> {
        let read_limit = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let rows = group_rows!(
            "WHERE account = ?1 AND region = ?2 AND user_group_id > ?3 ORDER BY user_group_id LIMIT +?4",
            scope.account,
            scope.region,
            after,
            read_limit
        )
        .fetch_all(&self.reader)
        .await?;
        let groups = rows.into_iter().map(UserGroup::try_from);
        Ok(Page::cut(groups.collect::<Result<_, _>>()?, limit))
    }

    /// Stores what `group` now is, for all replication groups that have it to follow. Users with a change under way are those that come
    /// and go.
    ///
    /// # Errors
    /// [`Error::Stale`] unless it is still at the revision that it was read with and all have followed its last change, and where a user
    /// that comes has changed since it was read; [`Error::Database`].
    pub async fn user_group_request(&self, group: &UserGroup) -> Result<UserGroup, Error> {
        let engine = group.engine.name();
        let mut write = self.write("user_group_request").await?;
        let updated = sqlx::query!(
            "UPDATE user_groups SET engine = ?1, revision = revision + 1
             WHERE user_group_key = ?2 AND revision = ?3
               AND NOT EXISTS (SELECT 1 FROM access_waits WHERE user_group_key = ?2)",
            engine,
            group.key,
            group.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&updated)?;
        for member in group.members.iter().filter(|it| it.change.is_some()) {
            member_put(&mut write, group.key, member).await?;
        }
        raise(&mut write, Changed::UserGroup(group.key)).await?;
        // Where no replication group has it, there is nobody to wait for.
        settle(&mut write).await?;
        let stored = group_of_key(&mut write, group.key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Forgets a user group that no replication group has, with its tags; its users stay.
    ///
    /// # Errors
    /// [`Error::Stale`] where it has changed since it was read, or a replication group has it; [`Error::Database`].
    pub async fn user_group_forget(&self, group: &UserGroup) -> Result<(), Error> {
        let mut write = self.write("user_group_forget").await?;
        let gone = sqlx::query!(
            "DELETE FROM user_groups WHERE user_group_key = ?1 AND revision = ?2
             AND NOT EXISTS (SELECT 1 FROM replication_groups WHERE replication_groups.user_group_key = ?1)",
            group.key,
            group.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&gone)?;
        let name = group_arn(group);
        sqlx::query!("DELETE FROM tags WHERE arn = ?", name)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }
}

/// Notes that a user comes or goes. A user that comes is still what it was when it was read.
async fn member_put(
    write: &mut Transaction<'_, sqlx::Sqlite>,
    group_key: i64,
    member: &UserGroupMember,
) -> Result<(), Error> {
    let (user, change) = match member.change {
        Some(MemberChange::Remove) => (member.user.key, "remove"),
        Some(MemberChange::Add) | None => (member.user.key, "add"),
    };
    let put = sqlx::query!(
        "INSERT INTO user_group_members (user_group_key, user_key, change)
         SELECT ?1, user_key, ?3 FROM users
         WHERE user_key = ?2 AND (?3 = 'remove' OR (revision = ?4 AND deletion_requested_at IS NULL))
         ON CONFLICT (user_group_key, user_key) DO UPDATE SET change = excluded.change",
        group_key,
        user,
        change,
        member.user.revision
    )
    .execute(&mut **write)
    .await?;
    match put.rows_affected() {
        0 => Err(Error::Stale),
        _ => Ok(()),
    }
}

/// Within the write of a replication group: the key of its user group, which is still there.
///
/// # Errors
/// [`Error::Stale`] where that is gone.
pub(super) async fn user_group_demand(
    write: &mut Transaction<'_, sqlx::Sqlite>,
    group: &ReplicationGroup,
) -> Result<Option<i64>, Error> {
    let Some(user_group) = &group.access.user_group else {
        return Ok(None);
    };
    let found = sqlx::query_scalar!(
        "SELECT user_group_key FROM user_groups WHERE user_group_key = ?",
        user_group.key
    )
    .fetch_optional(&mut **write)
    .await?;
    found.map(Some).ok_or(Error::Stale)
}

async fn group_of_key(read: &mut SqliteConnection, key: i64) -> Result<UserGroup, Error> {
    group_rows!("WHERE user_group_key = ?", key)
        .fetch_one(&mut *read)
        .await?
        .try_into()
}

fn group_arn(group: &UserGroup) -> String {
    arn(&group.scope, ResourceType::UserGroup, &group.user_group_id)
}
