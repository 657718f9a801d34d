//! Who is let in to the nodes of replication groups: what is wished, what nodes were given, and which changes wait for that.
//!
//! A replication group counts what is wished of its users. Whatever changes them raises the count in its own transaction, and notes that
//! the change waits until every node that is known to run has been given users of that count or a later one. A node that is not known to
//! run holds nothing up: it lets nobody in before it is given the users of then.

use sqlx::{Connection, Sqlite, Transaction};

use super::user::UserRow;
use super::{Datastore, Error, stored};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::scope::Scope;
use crate::resources::user::User;

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changed {
    /// The user with this key.
    User(i64),
    /// The user group with this key.
    UserGroup(i64),
}

/// A member's node that was given users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAccess {
    /// The member's key.
    pub cache_cluster_key: i64,
    /// The run of its node.
    pub started_at: String,
    /// The count of the wish that the users were.
    pub generation: u64,
}

impl Datastore {
    /// Keys of the replication groups with a node that is known to run and was not given the users that are wished, each with the count
    /// of that wish.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn access_list_unconverged(&self) -> Result<Vec<(i64, i64)>, Error> {
        let rows = sqlx::query!(
            "SELECT replication_group_key, access_generation FROM replication_groups AS groups
             WHERE access_generation > 0 AND deletion_requested_at IS NULL AND failure_reason IS NULL
               AND EXISTS (SELECT 1 FROM cache_clusters JOIN cache_nodes USING (cache_cluster_key)
                           WHERE cache_clusters.replication_group_key = groups.replication_group_key
                             AND cache_clusters.deletion_requested_at IS NULL AND observation = 'known'
                             AND (access_run IS NOT observed_started_at
                                  OR cache_clusters.access_generation IS NOT groups.access_generation))
             ORDER BY replication_group_key"
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.replication_group_key, row.access_generation))
            .collect())
    }

    /// Keys of the cache clusters that shall have a front for users of IAM.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_cluster_list_iam(&self) -> Result<Vec<i64>, Error> {
        let keys = sqlx::query_scalar!(
            "SELECT cache_cluster_key FROM cache_clusters
             WHERE iam = 1 AND deletion_requested_at IS NULL AND failure_kind IS NULL ORDER BY cache_cluster_key"
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(keys)
    }

    /// Whether a change waits for replication groups, or for being noted as followed by all.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn access_is_unsettled(&self) -> Result<bool, Error> {
        let waits = sqlx::query_scalar!(
            "SELECT EXISTS (SELECT 1 FROM access_waits)
                 OR EXISTS (SELECT 1 FROM user_group_members WHERE change IS NOT NULL)
                 OR EXISTS (SELECT 1 FROM users WHERE deletion_requested_at IS NOT NULL) AS \"waits!: i64\""
        )
        .fetch_one(&self.reader)
        .await?;
        Ok(waits != 0)
    }

    /// The replication group with this key, and the users who shall be let in; none where everyone is.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn access_get(
        &self,
        key: i64,
    ) -> Result<(ReplicationGroup, Option<Vec<User>>), Error> {
        let mut read = self.reader.acquire().await?;
        let mut read = read.begin().await?;
        let group = super::replication_group::group_of_key(&mut read, key).await?;
        let Some(user_group) = &group.access.user_group else {
            return Ok((group, None));
        };
        let rows = sqlx::query_as!(
            UserRow,
            "SELECT users.user_key, account, region, user_id, user_name, engine, access_string, authentication, password_digests,
                    deletion_requested_at, revision, 0 AS \"is_awaited!: i64\", '[]' AS \"user_group_ids!: String\"
             FROM user_group_members JOIN users USING (user_key)
             WHERE user_group_key = ? AND change IS NOT 'remove' AND deletion_requested_at IS NULL
             ORDER BY user_id",
            user_group.key
        )
        .fetch_all(&mut *read)
        .await?;
        let users = rows.into_iter().map(User::try_from);
        Ok((group, Some(users.collect::<Result<_, _>>()?)))
    }

    /// Notes which nodes were given users, and which changes have been followed by all with that.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn access_record(&self, given: &[GivenAccess]) -> Result<(), Error> {
        let mut write = self.write("access_record").await?;
        for one in given {
            let generation = stored(one.generation);
            sqlx::query!(
                "UPDATE cache_clusters SET access_run = ?, access_generation = ?
                 WHERE cache_cluster_key = ? AND replication_group_key IS NOT NULL",
                one.started_at,
                generation,
                one.cache_cluster_key
            )
            .execute(&mut *write)
            .await?;
        }
        settle(&mut write).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes which changes have been followed by all.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn access_settle(&self) -> Result<(), Error> {
        let mut write = self.write("access_settle").await?;
        settle(&mut write).await?;
        write.commit().await?;
        Ok(())
    }
}

/// Within the write of a change: raises the counts of all replication groups that it concerns, and has it wait for them. Where the
/// first user of IAM comes, it is another wish for the members themselves: they need a front. Who is about to write another one reads
/// that first.
pub(super) async fn raise(
    write: &mut Transaction<'_, Sqlite>,
    changed: Changed,
) -> Result<(), Error> {
    let (user, user_group) = match changed {
        Changed::User(key) => (Some(key), None),
        Changed::UserGroup(key) => (None, Some(key)),
    };
    sqlx::query!(
        "UPDATE replication_groups SET access_generation = access_generation + 1
         WHERE user_group_key = ?2 OR user_group_key IN (SELECT user_group_key FROM user_group_members WHERE user_key = ?1)",
        user,
        user_group
    )
    .execute(&mut **write)
    .await?;
    sqlx::query!(
        "INSERT INTO access_waits (replication_group_key, access_generation, user_key, user_group_key)
         SELECT replication_group_key, access_generation, ?1, ?2 FROM replication_groups
         WHERE user_group_key = ?2 OR user_group_key IN (SELECT user_group_key FROM user_group_members WHERE user_key = ?1)",
        user,
        user_group
    )
    .execute(&mut **write)
    .await?;
    sqlx::query!(
        "UPDATE replication_groups SET generation = generation + 1, revision = revision + 1
         WHERE (user_group_key = ?2 OR user_group_key IN (SELECT user_group_key FROM user_group_members WHERE user_key = ?1))
           AND EXISTS (SELECT 1 FROM user_group_members AS members JOIN users USING (user_key)
                       WHERE members.user_group_key = replication_groups.user_group_key AND members.change IS NOT 'remove'
                         AND authentication = 'iam' AND users.deletion_requested_at IS NULL)
           AND EXISTS (SELECT 1 FROM cache_clusters
                       WHERE cache_clusters.replication_group_key = replication_groups.replication_group_key
                         AND cache_clusters.deletion_requested_at IS NULL AND iam = 0)",
        user,
        user_group
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Takes back what need not wait any more, and then ends what waited: users are in their groups or out of them, and those that were to
/// go are forgotten. Safe to repeat.
pub(super) async fn settle(write: &mut Transaction<'_, Sqlite>) -> Result<(), Error> {
    sqlx::query!(
        "DELETE FROM access_waits
         WHERE replication_group_key IN (SELECT replication_group_key FROM replication_groups
                                         WHERE deletion_requested_at IS NOT NULL OR failure_reason IS NOT NULL)
            OR NOT EXISTS (SELECT 1 FROM cache_clusters JOIN cache_nodes USING (cache_cluster_key)
                           WHERE cache_clusters.replication_group_key = access_waits.replication_group_key
                             AND cache_clusters.deletion_requested_at IS NULL AND observation = 'known'
                             AND (access_run IS NOT observed_started_at OR cache_clusters.access_generation IS NULL
                                  OR cache_clusters.access_generation < access_waits.access_generation))"
    )
    .execute(&mut **write)
    .await?;
    sqlx::query!(
        "DELETE FROM user_group_members WHERE change = 'remove'
         AND NOT EXISTS (SELECT 1 FROM access_waits WHERE access_waits.user_group_key = user_group_members.user_group_key)"
    )
    .execute(&mut **write)
    .await?;
    sqlx::query!(
        "UPDATE user_group_members SET change = NULL WHERE change = 'add'
         AND NOT EXISTS (SELECT 1 FROM access_waits WHERE access_waits.user_group_key = user_group_members.user_group_key)"
    )
    .execute(&mut **write)
    .await?;
    forget_users(write).await
}

/// Forgets the users that were to go and that nobody lets in any more, with their tags.
async fn forget_users(write: &mut Transaction<'_, Sqlite>) -> Result<(), Error> {
    let gone = sqlx::query!(
        "SELECT user_key AS \"user_key!\", account, region, user_id FROM users
         WHERE deletion_requested_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM access_waits WHERE access_waits.user_key = users.user_key)"
    )
    .fetch_all(&mut **write)
    .await?;
    for user in gone {
        let scope = Scope {
            account: user.account,
            region: user.region,
        };
        let name = arn(&scope, ResourceType::User, &user.user_id);
        sqlx::query!("DELETE FROM tags WHERE arn = ?", name)
            .execute(&mut **write)
            .await?;
        sqlx::query!(
            "DELETE FROM user_group_members WHERE user_key = ?",
            user.user_key
        )
        .execute(&mut **write)
        .await?;
        sqlx::query!("DELETE FROM users WHERE user_key = ?", user.user_key)
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}
