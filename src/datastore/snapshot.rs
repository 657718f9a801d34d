//! Snapshots with their parts, and copies of them to buckets that are under way.

mod export;
mod row;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::cache_cluster::json;
use super::event::events_put;
use super::page::Page;
use super::tag::tags_put;
use super::{Datastore, Error, stored};
use crate::resources::arn::{ResourceType, arn};
use crate::resources::event::Event;
use crate::resources::scope::Scope;
use crate::resources::snapshot::{Snapshot, SnapshotKind, SnapshotPart, TakenPart};
use crate::resources::tag::Tag;
use crate::resources::timestamp::Timestamp;

pub use export::SnapshotExport;
use row::{DescriptionRow, StoredSnapshot};
pub(super) use row::{RestoreRow, snapshotting};

/// Manual snapshots are counted over so many milliseconds.
const QUOTA_PERIOD_MS: i64 = 24 * 60 * 60 * 1000;

/// Which snapshots are wanted.
#[derive(Debug, Clone, Default)]
pub struct SnapshotFilter {
    /// The one with this name.
    pub snapshot_name: Option<String>,
    /// Those of this cache cluster.
    pub cache_cluster_id: Option<String>,
    /// Those of this replication group.
    pub replication_group_id: Option<String>,
    /// Those of this kind.
    pub kind: Option<SnapshotKind>,
    /// Those that follow this name, where the last page ended.
    pub after_name: Option<String>,
}

/// What a new snapshot was judged by: the revisions of its source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SnapshotSourceRead {
    /// The cache cluster: key and revision.
    pub cache_cluster: Option<(i64, i64)>,
    /// The replication group: key and revision.
    pub replication_group: Option<(i64, i64)>,
}

/// One SELECT for every way to find snapshots, each with its parts: two JSON arrays.
macro_rules! snapshot_rows {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            StoredSnapshot,
            "SELECT json_array(snapshot_key, account, region, snapshot_name, kind, cache_cluster_id, replication_group_id,
                        of_cache_cluster, of_replication_group, copy_of, final, json(description), requested_at, completed_at,
                        deletion_requested_at, failure_reason,
                        EXISTS (SELECT 1 FROM cache_clusters
                                WHERE restore_snapshot = snapshots.snapshot_key AND available_at IS NULL
                                  AND failure_kind IS NULL AND cache_clusters.deletion_requested_at IS NULL),
                        EXISTS (SELECT 1 FROM snapshots AS copies
                                WHERE copies.copy_of = snapshots.snapshot_key AND copies.completed_at IS NULL
                                  AND copies.failure_reason IS NULL AND copies.deletion_requested_at IS NULL),
                        EXISTS (SELECT 1 FROM snapshot_exports
                                WHERE snapshot_exports.snapshot_key = snapshots.snapshot_key)) AS \"snapshot!: String\",
                    (SELECT json_group_array(json_array(snapshot_part_key, node_group_id, slots, json(zones),
                                snapshot_parts.cache_cluster_id, node_created_at, object, received_bytes, size_bytes, sha256,
                                taken_at))
                     FROM snapshot_parts WHERE snapshot_parts.snapshot_key = snapshots.snapshot_key) AS \"parts!: String\"
             FROM snapshots "
            + $tail
            $(, $argument)*
        )
    };
}

impl Datastore {
    /// Stores a new snapshot with its parts and tags, unless its name is taken or its source has changed since it was read.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`]; [`Error::Stale`]; [`Error::TooManySnapshots`] past `quota` manual ones of its source within a day;
    /// [`Error::Database`].
    pub async fn snapshot_insert(
        &self,
        snapshot: &Snapshot,
        read: &SnapshotSourceRead,
        tags: &[Tag],
        quota: u32,
    ) -> Result<Snapshot, Error> {
        let mut write = self.write("snapshot_insert").await?;
        claim_source(&mut write, read).await?;
        if let (SnapshotKind::Manual, None) = (snapshot.kind, snapshot.copy_of) {
            count_request(&mut write, snapshot, quota).await?;
        }
        let description = json(&DescriptionRow::from(&snapshot.description))?;
        let (kind, requested_at) = (snapshot.kind.word(), snapshot.requested_at.as_millis());
        let inserted = sqlx::query!(
            "INSERT INTO snapshots (account, region, snapshot_name, kind, cache_cluster_id, replication_group_id, of_cache_cluster,
                 of_replication_group, copy_of, final, description, requested_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            snapshot.scope.account,
            snapshot.scope.region,
            snapshot.name,
            kind,
            snapshot.source.cache_cluster_id,
            snapshot.source.replication_group_id,
            snapshot.source.cache_cluster_key,
            snapshot.source.replication_group_key,
            snapshot.copy_of,
            snapshot.is_final,
            description,
            requested_at
        )
        .execute(&mut *write)
        .await?;
        let key = inserted.last_insert_rowid();
        for part in &snapshot.parts {
            part_insert(&mut write, key, part).await?;
        }
        let name = arn(&snapshot.scope, ResourceType::Snapshot, &snapshot.name);
        tags_put(&mut write, &name, tags).await?;
        let stored = snapshot_of_key(&mut write, key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// The snapshot with this name.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn snapshot_get(&self, scope: &Scope, name: &str) -> Result<Snapshot, Error> {
        let mut read = self.reader.acquire().await?;
        snapshot_rows!(
            "WHERE account = ? AND region = ? AND snapshot_name = ?",
            scope.account,
            scope.region,
            name
        )
        .fetch_one(&mut *read)
        .await?
        .try_into()
    }

    /// The snapshot with this key.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Database`]; [`Error::Corrupt`].
    pub async fn snapshot_get_by_key(&self, key: i64) -> Result<Snapshot, Error> {
        let mut read = self.reader.acquire().await?;
        snapshot_of_key(&mut read, key).await
    }

    /// A page of the snapshots of `scope`, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn snapshot_page(
        &self,
        scope: &Scope,
        filter: &SnapshotFilter,
        limit: usize,
    ) -> Result<Page<Snapshot>, Error> {
        let read_limit = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
        let after = filter.after_name.as_deref().unwrap_or_default();
        let kind = filter.kind.map(SnapshotKind::word);
        let mut read = self.reader.acquire().await?;
        let rows = snapshot_rows!(
            "WHERE account = ?1 AND region = ?2 AND snapshot_name > ?3 AND (?4 IS NULL OR snapshot_name = ?4)
               AND (?5 IS NULL OR cache_cluster_id = ?5) AND (?6 IS NULL OR replication_group_id = ?6)
               AND (?7 IS NULL OR kind = ?7)
             ORDER BY snapshot_name LIMIT +?8",
            scope.account,
            scope.region,
            after,
            filter.snapshot_name,
            filter.cache_cluster_id,
            filter.replication_group_id,
            kind,
            read_limit
        )
        .fetch_all(&mut *read)
        .await?;
        let found = rows.into_iter().map(Snapshot::try_from);
        Ok(Page::cut(found.collect::<Result<_, _>>()?, limit))
    }

    /// Keys of the snapshots that are not as wished: not there yet, to be deleted, with something half-made left of them, automatic and
    /// without a source, or with a source that is to be deleted now; each with a stamp.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn snapshot_list_unconverged(&self) -> Result<Vec<(i64, i64)>, Error> {
        let rows = sqlx::query!(
            "SELECT snapshot_key, coalesce(deletion_requested_at, 0) AS \"stamp!: i64\" FROM snapshots
             WHERE deletion_requested_at IS NOT NULL OR (completed_at IS NULL AND failure_reason IS NULL)
                OR (failure_reason IS NOT NULL
                    AND EXISTS (SELECT 1 FROM snapshot_parts
                                WHERE snapshot_parts.snapshot_key = snapshots.snapshot_key AND object IS NOT NULL))
                OR (final = 1 AND failure_reason IS NULL AND (
                       EXISTS (SELECT 1 FROM cache_clusters
                               WHERE cache_cluster_key = of_cache_cluster AND cache_clusters.deletion_requested_at IS NULL)
                       OR (of_cache_cluster IS NULL
                           AND EXISTS (SELECT 1 FROM replication_groups
                                       WHERE replication_group_key = of_replication_group
                                         AND replication_groups.deletion_requested_at IS NULL))))
             ORDER BY snapshot_key"
        )
        .fetch_all(&self.reader)
        .await?;
        let items = rows.into_iter().map(|row| (row.snapshot_key, row.stamp));
        Ok(items.collect())
    }

    /// Every automatic snapshot that was not wished away, oldest first.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Corrupt`].
    pub async fn snapshot_list_automated(&self) -> Result<Vec<Snapshot>, Error> {
        let mut read = self.reader.acquire().await?;
        let rows = snapshot_rows!(
            "WHERE kind = 'automated' AND deletion_requested_at IS NULL ORDER BY requested_at"
        )
        .fetch_all(&mut *read)
        .await?;
        rows.into_iter().map(Snapshot::try_from).collect()
    }

    /// Notes the choices of members and objects that `parts` hold.
    ///
    /// # Errors
    /// [`Error::Stale`] where the snapshot is not wished any more; [`Error::Database`].
    pub async fn snapshot_choose(
        &self,
        snapshot: &Snapshot,
        parts: &[SnapshotPart],
    ) -> Result<(), Error> {
        let mut write = self.write("snapshot_choose").await?;
        demand_wished(&mut write, snapshot.key).await?;
        for part in parts {
            let node_created_at = part.node_created_at.map(Timestamp::as_millis);
            sqlx::query!(
                "UPDATE snapshot_parts SET cache_cluster_id = ?, node_created_at = ?, object = ?, received_bytes = 0
                 WHERE snapshot_part_key = ? AND size_bytes IS NULL",
                part.cache_cluster_id,
                node_created_at,
                part.object,
                part.key
            )
            .execute(&mut *write)
            .await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// Notes how much of a part has come.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn snapshot_record_progress(&self, part_key: i64, bytes: u64) -> Result<(), Error> {
        let bytes = stored(bytes);
        let mut write = self.write("snapshot_record_progress").await?;
        sqlx::query!(
            "UPDATE snapshot_parts SET received_bytes = ? WHERE snapshot_part_key = ?",
            bytes,
            part_key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that a part's object is whole.
    ///
    /// # Errors
    /// [`Error::Stale`] where the snapshot is not wished any more; [`Error::Database`].
    pub async fn snapshot_record_part(
        &self,
        snapshot: &Snapshot,
        part: &SnapshotPart,
        taken: &TakenPart,
    ) -> Result<(), Error> {
        let (size, taken_at) = (stored(taken.size_bytes), taken.taken_at.as_millis());
        let mut write = self.write("snapshot_record_part").await?;
        demand_wished(&mut write, snapshot.key).await?;
        let done = sqlx::query!(
            "UPDATE snapshot_parts SET size_bytes = ?1, received_bytes = ?1, sha256 = ?2, taken_at = ?3
             WHERE snapshot_part_key = ?4 AND object = ?5",
            size,
            taken.sha256,
            taken_at,
            part.key,
            part.object
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that all parts are there, and tells of it.
    ///
    /// # Errors
    /// [`Error::Stale`] where the snapshot is not wished any more or a part is missing; [`Error::Database`].
    pub async fn snapshot_complete(
        &self,
        snapshot: &Snapshot,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), Error> {
        let now = now.as_millis();
        let mut write = self.write("snapshot_complete").await?;
        let done = sqlx::query!(
            "UPDATE snapshots SET completed_at = ?1
             WHERE snapshot_key = ?2 AND completed_at IS NULL AND failure_reason IS NULL AND deletion_requested_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM snapshot_parts
                               WHERE snapshot_parts.snapshot_key = ?2 AND size_bytes IS NULL)",
            now,
            snapshot.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        events_put(&mut write, &snapshot.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Gives a snapshot up, and tells of it; what there is of its objects is removed by a later stage.
    ///
    /// # Errors
    /// [`Error::Stale`] where it is there, or given up already; [`Error::Database`].
    pub async fn snapshot_fail(
        &self,
        snapshot: &Snapshot,
        reason: &str,
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("snapshot_fail").await?;
        let done = sqlx::query!(
            "UPDATE snapshots SET failure_reason = ?
             WHERE snapshot_key = ? AND completed_at IS NULL AND failure_reason IS NULL",
            reason,
            snapshot.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        events_put(&mut write, &snapshot.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that nothing is left of the objects of a snapshot that was given up.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn snapshot_discard_parts(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let mut write = self.write("snapshot_discard_parts").await?;
        sqlx::query!(
            "UPDATE snapshot_parts SET object = NULL, size_bytes = NULL, sha256 = NULL, taken_at = NULL WHERE snapshot_key = ?",
            snapshot.key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Wishes a snapshot away that nobody reads or writes.
    ///
    /// # Errors
    /// [`Error::Stale`] where somebody does, or it is being deleted; [`Error::Database`].
    pub async fn snapshot_request_deletion(
        &self,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Snapshot, Error> {
        let now = now.as_millis();
        let mut write = self.write("snapshot_request_deletion").await?;
        // Read anew within the write, so that nobody can have begun to read it since.
        let found = snapshot_of_key(&mut write, snapshot.key).await?;
        if !found.status().admits_deletion() {
            return Err(Error::Stale);
        }
        sqlx::query!(
            "UPDATE snapshots SET deletion_requested_at = ? WHERE snapshot_key = ?",
            now,
            snapshot.key
        )
        .execute(&mut *write)
        .await?;
        let stored = snapshot_of_key(&mut write, snapshot.key).await?;
        write.commit().await?;
        Ok(stored)
    }

    /// Forgets a snapshot of which nothing is left, with its tags.
    ///
    /// # Errors
    /// [`Error::Stale`] unless its deletion was asked for; [`Error::Database`].
    pub async fn snapshot_forget(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let mut write = self.write("snapshot_forget").await?;
        let done = sqlx::query!(
            "DELETE FROM snapshots WHERE snapshot_key = ? AND deletion_requested_at IS NOT NULL",
            snapshot.key
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&done)?;
        let name = arn(&snapshot.scope, ResourceType::Snapshot, &snapshot.name);
        sqlx::query!("DELETE FROM tags WHERE arn = ?", name)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }

    /// The names of all objects that are or may become parts of snapshots.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn snapshot_objects(&self) -> Result<Vec<String>, Error> {
        Ok(sqlx::query_scalar!(
            "SELECT object AS \"object!: String\" FROM snapshot_parts WHERE object IS NOT NULL"
        )
        .fetch_all(&self.reader)
        .await?)
    }
}

async fn snapshot_of_key(read: &mut SqliteConnection, key: i64) -> Result<Snapshot, Error> {
    snapshot_rows!("WHERE snapshot_key = ?", key)
        .fetch_one(&mut *read)
        .await?
        .try_into()
}

async fn demand_wished(write: &mut Transaction<'_, Sqlite>, key: i64) -> Result<(), Error> {
    let found = snapshot_of_key(write, key).await?;
    let is_wished = found.failure.is_none() && found.deletion_requested_at.is_none();
    is_wished.then_some(()).ok_or(Error::Stale)
}

/// Whoever judged the source by what it was then is too late if it has changed; and whoever judges it by what it was before this is.
async fn claim_source(
    write: &mut Transaction<'_, Sqlite>,
    read: &SnapshotSourceRead,
) -> Result<(), Error> {
    if let Some((key, revision)) = read.cache_cluster {
        let claimed = sqlx::query!(
            "UPDATE cache_clusters SET revision = revision + 1
             WHERE cache_cluster_key = ? AND revision = ? AND deletion_requested_at IS NULL",
            key,
            revision
        )
        .execute(&mut **write)
        .await?;
        Error::unless_stale(&claimed)?;
    }
    if let Some((key, revision)) = read.replication_group {
        let claimed = sqlx::query!(
            "UPDATE replication_groups SET revision = revision + 1
             WHERE replication_group_key = ? AND revision = ? AND deletion_requested_at IS NULL",
            key,
            revision
        )
        .execute(&mut **write)
        .await?;
        Error::unless_stale(&claimed)?;
    }
    Ok(())
}

/// Snapshots that were deleted since count as well.
async fn count_request(
    write: &mut Transaction<'_, Sqlite>,
    snapshot: &Snapshot,
    quota: u32,
) -> Result<(), Error> {
    let of_group = snapshot.source.replication_group_key.map(|key| -key);
    let source = snapshot.source.cache_cluster_key.or(of_group);
    let now = snapshot.requested_at.as_millis();
    let since = now - QUOTA_PERIOD_MS;
    sqlx::query!(
        "DELETE FROM snapshot_requests WHERE requested_at <= ?",
        since
    )
    .execute(&mut **write)
    .await?;
    let made = sqlx::query_scalar!(
        "SELECT count(*) AS \"made!: i64\" FROM snapshot_requests WHERE source_key = ?",
        source
    )
    .fetch_one(&mut **write)
    .await?;
    if made >= i64::from(quota) {
        return Err(Error::TooManySnapshots);
    }
    sqlx::query!(
        "INSERT INTO snapshot_requests (source_key, requested_at) VALUES (?, ?)",
        source,
        now
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}

async fn part_insert(
    write: &mut Transaction<'_, Sqlite>,
    snapshot_key: i64,
    part: &SnapshotPart,
) -> Result<(), Error> {
    let (node_group, zones) = (part.node_group.to_string(), json(&part.zones)?);
    let slots = part.slots.as_ref().map(ToString::to_string);
    let node_created_at = part.node_created_at.map(Timestamp::as_millis);
    // A copy tells its size and time from the start; it has no object of its own yet, and so no size in that sense.
    let taken_at = part.taken.as_ref().map(|taken| taken.taken_at.as_millis());
    sqlx::query!(
        "INSERT INTO snapshot_parts (snapshot_key, node_group_id, slots, zones, cache_cluster_id, node_created_at, received_bytes,
             taken_at)
         VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
        snapshot_key,
        node_group,
        slots,
        zones,
        part.cache_cluster_id,
        node_created_at,
        taken_at
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}
