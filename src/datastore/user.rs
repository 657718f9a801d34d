//! Users. A change of one is a change of all replication groups that let it in: in the same transaction their counts of what is wished of
//! users rise, and it is noted that the change waits for them (see [`super::access`]).

use serde::Deserialize;
use sqlx::{SqliteConnection, Transaction};

use super::access::{Changed, raise};
use super::cache_cluster::{json, parsed};
use super::page::Page;
use super::tag::tags_put;
use super::{Datastore, Error};
use crate::resources::access::AccessString;
use crate::resources::arn::{ResourceType, arn};
use crate::resources::engine::Engine;
use crate::resources::scope::Scope;
use crate::resources::tag::Tag;
use crate::resources::timestamp::Timestamp;
use crate::resources::user::{Authentication, DEFAULT_USER, PasswordDigest, User};

/// Which users are wanted; those for which all of it is true.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Of this engine.
    pub engine: Option<Engine>,
    /// With one of these ids.
    pub user_ids: Option<Vec<String>>,
    /// In one of these user groups.
    pub user_group_ids: Option<Vec<String>>,
    /// Those that follow this id, where the last page ended.
    pub after_id: Option<String>,
}

/// A user that is let in by a replication group: its id, and the version that its nodes run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPlace {
    /// The replication group's id.
    pub replication_group_id: String,
    /// Its engine.
    pub engine: String,
    /// Its engine version.
    pub engine_version: String,
}

/// A user as it is read; in JSON where it stands in a user group.
#[derive(Deserialize)]
pub(super) struct UserRow {
    pub(super) user_key: i64,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) user_id: String,
    pub(super) user_name: String,
    pub(super) engine: String,
    pub(super) access_string: String,
    pub(super) authentication: String,
    pub(super) password_digests: String,
    pub(super) deletion_requested_at: Option<i64>,
    pub(super) revision: i64,
    pub(super) is_awaited: i64,
    pub(super) user_group_ids: String,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        let digests = parsed::<Vec<String>>(&row.password_digests)?;
        Ok(Self {
            key: row.user_key,
            scope: Scope {
                account: row.account,
                region: row.region,
            },
            user_id: row.user_id,
            user_name: row.user_name,
            engine: engine(&row.engine)?,
            access_string: AccessString::stored(row.access_string),
            authentication: match row.authentication.as_str() {
                "no-password" => Authentication::NoPassword,
                "iam" => Authentication::Iam,
                _ => {
                    let digests = digests.into_iter().map(PasswordDigest::stored);
                    Authentication::Password(digests.collect())
                }
            },
            deletion_requested_at: row.deletion_requested_at.map(Timestamp::from_millis),
            is_awaited: row.is_awaited != 0,
            user_group_ids: parsed(&row.user_group_ids)?,
            revision: row.revision,
        })
    }
}

/// A stored engine, read back.
pub(super) fn engine(word: &str) -> Result<Engine, Error> {
    Engine::parse(word).ok_or_else(|| Error::Corrupt(format!("the engine {word}")))
}

/// One SELECT for every way to find users.
macro_rules! user_rows {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            UserRow,
            "SELECT user_key AS \"user_key!\", account, region, user_id, user_name, engine, access_string, authentication,
                    password_digests, deletion_requested_at, revision,
                    EXISTS (SELECT 1 FROM access_waits WHERE access_waits.user_key = users.user_key) AS \"is_awaited!: i64\",
                    (SELECT json_group_array(user_group_id ORDER BY user_group_id)
                     FROM user_group_members JOIN user_groups USING (user_group_key)
                     WHERE user_group_members.user_key = users.user_key AND change IS NOT 'remove')
                        AS \"user_group_ids!: String\"
             FROM users "
            + $tail
            $(, $argument)*
        )
    };
}

impl Datastore {
    /// Stores a new user with its tags, unless its id is taken.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`]; [`Error::Exhausted`] past `quota` users of this scope, the one that everyone has not counted;
    /// [`Error::Database`].
    pub async fn user_insert(&self, user: &User, tags: &[Tag], quota: u32) -> Result<User, Error> {
        let mut write = self.write("user_insert").await?;
        let key = put(&mut write, user).await?;
        let count = sqlx::query_scalar!(
            "SELECT count(*) AS \"count!: i64\" FROM users WHERE account = ? AND region = ? AND user_id != ?",
            user.scope.account,
            user.scope.region,
            DEFAULT_USER
        )
        .fetch_one(&mut *write)
        .await?;
        if count > i64::from(quota) {
            return Err(Error::Exhausted("user".to_owned()));
        }
        tags_put(&mut write, &user_arn(user), tags).await?;
        let stored = user_of_key(&mut write, key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Makes sure of the user that everyone has.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn user_ensure_default(&self, scope: &Scope) -> Result<(), Error> {
        match self.user_get(scope, DEFAULT_USER).await {
            Err(Error::NotFound) => {}
            found => return found.map(drop),
        }
        let mut write = self.write("user_ensure_default").await?;
        match put(&mut write, &User::default_of(scope)).await {
            Ok(_) => {}
            // Another was faster.
            Err(Error::AlreadyExists) => return Ok(()),
            Err(error) => return Err(error),
        }
        write.commit().await?;
        Ok(())
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn user_get(&self, scope: &Scope, user_id: &str) -> Result<User, Error> {
        user_rows!(
            "WHERE account = ? AND region = ? AND user_id = ?",
            scope.account,
            scope.region,
            user_id
        )
        .fetch_one(&self.reader)
        .await?
        .try_into()
    }

    /// A page of the users of `scope`, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn user_page(
        &self,
        scope: &Scope,
        filter: &UserFilter,
        limit: usize,
    ) -> Result<Page<User>, Error> {
        let read_limit = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let after = filter.after_id.as_deref().unwrap_or_default();
        let engine = filter.engine.map(Engine::name);
        let ids = filter.user_ids.as_ref().map(json).transpose()?;
        let groups = filter.user_group_ids.as_ref().map(json).transpose()?;
        let rows = user_rows!(
            "WHERE account = ?1 AND region = ?2 AND user_id > ?3 AND (?4 IS NULL OR engine = ?4)
               AND (?5 IS NULL OR user_id IN (SELECT value FROM json_each(?5)))
               AND (?6 IS NULL OR EXISTS (
                       SELECT 1 FROM user_group_members JOIN user_groups USING (user_group_key)
                       WHERE user_group_members.user_key = users.user_key
                         AND user_group_id IN (SELECT value FROM json_each(?6))))
             ORDER BY user_id LIMIT +?7",
            scope.account,
            scope.region,
            after,
            engine,
            ids,
            groups,
            read_limit
        )
        .fetch_all(&self.reader)
        .await?;
        let users = rows.into_iter().map(User::try_from);
        Ok(Page::cut(users.collect::<Result<_, _>>()?, limit))
    }

    /// Where a user is let in.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn user_places(&self, user: &User) -> Result<Vec<UserPlace>, Error> {
        Ok(sqlx::query_as!(
            UserPlace,
            "SELECT replication_group_id, engine, engine_version FROM replication_groups
             WHERE user_group_key IN (SELECT user_group_key FROM user_group_members WHERE user_key = ?)
             ORDER BY replication_group_id",
            user.key
        )
        .fetch_all(&self.reader)
        .await?)
    }

    /// Stores what `user` now is, for all replication groups that let it in to follow.
    ///
    /// # Errors
    /// [`Error::Stale`] unless it is still at the revision that it was read with, not being deleted, and all have followed its last
    /// change; [`Error::Database`].
    pub async fn user_request(&self, user: &User) -> Result<User, Error> {
        let (authentication, digests) = authentication(user)?;
        let (engine, access_string) = (user.engine.name(), user.access_string.as_str());
        let mut write = self.write("user_request").await?;
        let updated = sqlx::query!(
            "UPDATE users SET engine = ?1, access_string = ?2, authentication = ?3, password_digests = ?4, revision = revision + 1
             WHERE user_key = ?5 AND revision = ?6 AND deletion_requested_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM access_waits WHERE user_key = ?5)",
            engine,
            access_string,
            authentication,
            digests,
            user.key,
            user.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&updated)?;
        raise(&mut write, Changed::User(user.key)).await?;
        let stored = user_of_key(&mut write, user.key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Wishes a user away: out of every user group, and then altogether. One that no replication group lets in is gone at once.
    ///
    /// # Errors
    /// [`Error::Stale`] as for a change; [`Error::Database`].
    pub async fn user_request_deletion(&self, user: &User, now: Timestamp) -> Result<(), Error> {
        let now = now.as_millis();
        let mut write = self.write("user_request_deletion").await?;
        let marked = sqlx::query!(
            "UPDATE users SET deletion_requested_at = ?1, revision = revision + 1
             WHERE user_key = ?2 AND revision = ?3 AND deletion_requested_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM access_waits WHERE user_key = ?2)",
            now,
            user.key,
            user.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&marked)?;
        // While it is still in its groups: these are how those are found that let it in.
        raise(&mut write, Changed::User(user.key)).await?;
        super::access::settle(&mut write).await?;
        write.commit().await?;
        Ok(())
    }
}

async fn put(write: &mut Transaction<'_, sqlx::Sqlite>, user: &User) -> Result<i64, Error> {
    let (authentication, digests) = authentication(user)?;
    let (engine, access_string) = (user.engine.name(), user.access_string.as_str());
    let inserted = sqlx::query!(
        "INSERT INTO users (account, region, user_id, user_name, engine, access_string, authentication, password_digests, revision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
        user.scope.account,
        user.scope.region,
        user.user_id,
        user.user_name,
        engine,
        access_string,
        authentication,
        digests
    )
    .execute(&mut **write)
    .await?;
    Ok(inserted.last_insert_rowid())
}

fn authentication(user: &User) -> Result<(&'static str, String), Error> {
    let digests: Vec<&str> = match &user.authentication {
        Authentication::Password(digests) => digests.iter().map(PasswordDigest::digits).collect(),
        Authentication::NoPassword | Authentication::Iam => Vec::new(),
    };
    Ok((user.authentication.word(), json(&digests)?))
}

async fn user_of_key(read: &mut SqliteConnection, key: i64) -> Result<User, Error> {
    user_rows!("WHERE user_key = ?", key)
        .fetch_one(&mut *read)
        .await?
        .try_into()
}

fn user_arn(user: &User) -> String {
    arn(&user.scope, ResourceType::User, &user.user_id)
}
