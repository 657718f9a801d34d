//! Cache nodes: what is wished of each, and the last look.

use serde::Deserialize;
use sqlx::{Sqlite, Transaction};

use super::cache_cluster::{address, json, port};
use super::event::events_put;
use super::{Datastore, Error, count, flag, stored};
use crate::resources::cache_cluster::{
    AppliedParameters, CacheCluster, CacheNode, NodeObserved, NodeWish, Observation, Reboot,
    StartParameters,
};
use crate::resources::cache_parameter_group::ParameterValues;
use crate::resources::event::Event;
use crate::resources::timestamp::Timestamp;

/// What became of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeOutcome {
    /// The node's key.
    pub key: i64,
    /// What is known of it now.
    pub observation: Observation,
    /// Whether it is told that the node has recovered.
    pub ends_recovery: bool,
}

impl Datastore {
    /// Keys of the cache clusters with encryption in transit that shall stay.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_cluster_list_encrypted(&self) -> Result<Vec<i64>, Error> {
        let keys = sqlx::query_scalar!(
            "SELECT cache_cluster_key FROM cache_clusters
             WHERE transit_encryption IS NOT NULL AND deletion_requested_at IS NULL AND failure_kind IS NULL
             ORDER BY cache_cluster_key"
        )
        .fetch_all(&self.reader)
        .await?;
        Ok(keys)
    }

    /// Notes that the nodes with these keys are about to be touched: from here on nothing is known of them.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_record_unknown(
        &self,
        cluster: &CacheCluster,
        keys: &[i64],
        events: &[Event],
    ) -> Result<(), Error> {
        let keys = json_keys(keys);
        let mut write = self.write("cache_node_record_unknown").await?;
        sqlx::query!(
            "UPDATE cache_nodes SET observation = 'unknown', observed_started_at = NULL
             WHERE cache_node_key IN (SELECT value FROM json_each(?))",
            keys
        )
        .execute(&mut *write)
        .await?;
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that `nodes` are about to have containers made, as they now hold it: of which generation, and with which parameters. From here
    /// on nothing is known of them.
    ///
    /// # Errors
    /// [`Error::Stale`] where the wish for one of them has changed since `cluster` was read; [`Error::Database`].
    pub async fn cache_node_prepare(
        &self,
        cluster: &CacheCluster,
        nodes: &[CacheNode],
    ) -> Result<(), Error> {
        let mut write = self.write("cache_node_prepare").await?;
        for node in nodes {
            let before = cluster.nodes.iter().find(|before| before.key == node.key);
            let before = stored(before.map_or(0, |before| before.generation));
            let generation = stored(node.generation);
            let start = node.start.as_ref();
            let start_generation = start.map(|start| stored(start.node_generation));
            let parameters_generation = start.map(|start| stored(start.generation));
            let values = start.map(|start| json(&start.values)).transpose()?;
            let is_whole = start.map(|start| start.is_whole);
            let prepared = sqlx::query!(
                "UPDATE cache_nodes
                 SET observation = 'unknown', observed_started_at = NULL, generation = ?1, start_generation = ?2,
                     start_parameters_generation = ?3, start_values = ?4, start_whole = ?5
                 WHERE cache_node_key = ?6 AND generation = ?7",
                generation,
                start_generation,
                parameters_generation,
                values,
                is_whole,
                node.key,
                before
            )
            .execute(&mut *write)
            .await?;
            Error::unless_stale(&prepared)?;
            if generation != before {
                // Whoever read the record before does not write the generation back.
                sqlx::query!(
                    "UPDATE cache_clusters SET revision = revision + 1 WHERE cache_cluster_key = ?",
                    cluster.key
                )
                .execute(&mut *write)
                .await?;
            }
        }
        write.commit().await?;
        Ok(())
    }

    /// Notes that nodes have, in the run that is given with the key of each, what the parameter group of `cluster` said when that was read.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_record_parameters(
        &self,
        cluster: &CacheCluster,
        runs: &[(i64, String)],
        events: &[Event],
    ) -> Result<(), Error> {
        let generation = stored(cluster.parameters.generation);
        let mut write = self.write("cache_node_record_parameters").await?;
        for (key, started_at) in runs {
            sqlx::query!(
                "UPDATE cache_nodes SET applied_run = ?, applied_generation = ? WHERE cache_node_key = ?",
                started_at,
                generation,
                key
            )
            .execute(&mut *write)
            .await?;
        }
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes what was seen of nodes; one that is seen for the first time gets its create time.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_record(
        &self,
        cluster: &CacheCluster,
        outcomes: &[NodeOutcome],
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("cache_node_record").await?;
        for outcome in outcomes {
            node_observe(&mut write, outcome).await?;
        }
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that a node was lost: it no longer is in the run that it was last seen in. Returns whether that was news; a node that
    /// was looked at again in the meantime, or that shall go, is left alone. The event is told unless an earlier loss was told of
    /// and the return was not.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_record_lost(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        started_at: &str,
        event: &Event,
    ) -> Result<bool, Error> {
        let mut write = self.write("cache_node_record_lost").await?;
        let lost = sqlx::query!(
            "UPDATE cache_nodes SET observation = 'unknown', observed_started_at = NULL
             WHERE cache_node_key = ? AND observed_started_at = ? AND reboot = 0 AND wish = 'present'
               AND EXISTS (SELECT 1 FROM cache_clusters WHERE cache_clusters.cache_cluster_key = cache_nodes.cache_cluster_key
                           AND deletion_requested_at IS NULL AND failure_kind IS NULL)",
            node.key,
            started_at
        )
        .execute(&mut *write)
        .await?;
        if lost.rows_affected() == 0 {
            return Ok(false);
        }
        let untold = sqlx::query!(
            "UPDATE cache_nodes SET recovering = 1 WHERE cache_node_key = ? AND recovering = 0",
            node.key
        )
        .execute(&mut *write)
        .await?;
        if untold.rows_affected() > 0 {
            events_put(&mut write, &cluster.scope, std::slice::from_ref(event)).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Asks for reboots of the nodes with these keys.
    ///
    /// # Errors
    /// [`Error::Stale`] where the cache cluster has changed since it was read; [`Error::Database`].
    pub async fn cache_node_request_reboot(
        &self,
        cluster: &CacheCluster,
        keys: &[i64],
    ) -> Result<(), Error> {
        let keys = json_keys(keys);
        let mut write = self.write("cache_node_request_reboot").await?;
        let claimed = sqlx::query!(
            "UPDATE cache_clusters SET revision = revision + 1
             WHERE cache_cluster_key = ? AND revision = ? AND deletion_requested_at IS NULL",
            cluster.key,
            cluster.revision
        )
        .execute(&mut *write)
        .await?;
        Error::unless_stale(&claimed)?;
        sqlx::query!(
            "UPDATE cache_nodes SET reboot = 1, reboot_from = NULL
             WHERE cache_node_key IN (SELECT value FROM json_each(?))",
            keys
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Chooses the run that each node's reboot shall end.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_begin_reboot(
        &self,
        cluster: &CacheCluster,
        runs: &[(i64, String)],
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("cache_node_begin_reboot").await?;
        for (key, started_at) in runs {
            sqlx::query!(
                "UPDATE cache_nodes SET reboot_from = ?, observation = 'unknown'
                 WHERE cache_node_key = ? AND reboot = 1 AND reboot_from IS NULL",
                started_at,
                key
            )
            .execute(&mut *write)
            .await?;
        }
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Notes that the reboots of these nodes are over.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_finish_reboot(
        &self,
        cluster: &CacheCluster,
        outcomes: &[NodeOutcome],
        events: &[Event],
    ) -> Result<(), Error> {
        let mut write = self.write("cache_node_finish_reboot").await?;
        for outcome in outcomes {
            sqlx::query!(
                "UPDATE cache_nodes SET reboot = 0, reboot_from = NULL WHERE cache_node_key = ?",
                outcome.key
            )
            .execute(&mut *write)
            .await?;
            node_observe(&mut write, outcome).await?;
        }
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }

    /// Chooses the nodes that the configuration endpoint tells of: exactly those with these keys. The list's version rises by
    /// one for each node that comes or goes, and is 1 for the first list.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_list(&self, cluster: &CacheCluster, keys: &[i64]) -> Result<(), Error> {
        let listed = json_keys(keys);
        let mut write = self.write("cache_node_list").await?;
        let changed = sqlx::query!(
            "UPDATE cache_nodes SET listed = (cache_node_key IN (SELECT value FROM json_each(?1)))
             WHERE cache_cluster_key = ?2 AND listed != (cache_node_key IN (SELECT value FROM json_each(?1)))",
            listed,
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        let changed = stored(changed.rows_affected());
        sqlx::query!(
            "UPDATE cache_clusters SET config_version = CASE config_version WHEN 0 THEN 1 ELSE config_version + ? END
             WHERE cache_cluster_key = ?",
            changed,
            cluster.key
        )
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(())
    }

    /// Forgets nodes that were wished away and have no container left.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cache_node_forget(
        &self,
        cluster: &CacheCluster,
        keys: &[i64],
        events: &[Event],
    ) -> Result<(), Error> {
        let keys = json_keys(keys);
        let mut write = self.write("cache_node_forget").await?;
        sqlx::query!(
            "DELETE FROM cache_nodes
             WHERE cache_node_key IN (SELECT value FROM json_each(?)) AND wish = 'removed' AND observation = 'absent'",
            keys
        )
        .execute(&mut *write)
        .await?;
        events_put(&mut write, &cluster.scope, events).await?;
        write.commit().await?;
        Ok(())
    }
}

async fn node_observe(
    write: &mut Transaction<'_, Sqlite>,
    outcome: &NodeOutcome,
) -> Result<(), Error> {
    let columns = ObservationColumns::of(&outcome.observation);
    sqlx::query!(
        "UPDATE cache_nodes
         SET observation = ?1, observed_generation = coalesce(?2, observed_generation), observed_started_at = ?3,
             observed_at = ?4, ready_at = coalesce(ready_at, ?4), recovering = recovering AND NOT ?5,
             silent_since = CASE ?1 WHEN 'known' THEN NULL ELSE silent_since END,
             discards_data = discards_data AND NOT (?1 = 'known' AND ?2 IS generation)
         WHERE cache_node_key = ?6",
        columns.word,
        columns.generation,
        columns.started_at,
        columns.seen_at,
        outcome.ends_recovery,
        outcome.key
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}

pub(super) async fn node_insert(
    write: &mut Transaction<'_, Sqlite>,
    cache_cluster_key: i64,
    node: &CacheNode,
) -> Result<(), Error> {
    let generation = stored(node.generation);
    sqlx::query!(
        "INSERT INTO cache_nodes (cache_cluster_key, cache_node_id, zone, wish, generation, listed, reboot, recovering, observation,
                                  image)
         VALUES (?, ?, ?, 'present', ?, 0, 0, 0, 'absent', ?)",
        cache_cluster_key,
        node.cache_node_id,
        node.zone,
        generation,
        node.image
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Stores the wish for a node: whether it shall be, and as which generation.
pub(super) async fn node_wish(
    write: &mut Transaction<'_, Sqlite>,
    node: &CacheNode,
) -> Result<(), Error> {
    let generation = stored(node.generation);
    let wish = match node.wish {
        NodeWish::Present => "present",
        NodeWish::Removed => "removed",
    };
    sqlx::query!(
        "UPDATE cache_nodes SET wish = ?, generation = ?, discards_data = ?, image = ? WHERE cache_node_key = ?",
        wish,
        generation,
        node.discards_data,
        node.image,
        node.key
    )
    .execute(&mut **write)
    .await?;
    Ok(())
}

struct ObservationColumns<'a> {
    word: &'static str,
    generation: Option<i64>,
    started_at: Option<&'a str>,
    seen_at: Option<i64>,
}

impl<'a> ObservationColumns<'a> {
    fn of(observation: &'a Observation) -> Self {
        let (word, seen) = match observation {
            Observation::Absent => ("absent", None),
            Observation::Unknown => ("unknown", None),
            Observation::Known(seen) => ("known", Some(seen)),
        };
        Self {
            word,
            generation: seen.map(|seen| stored(seen.generation)),
            started_at: seen.map(|seen| seen.started_at.as_str()),
            seen_at: seen.map(|seen| seen.seen_at.as_millis()),
        }
    }
}

/// The fields stand in the order of the array that a node is read as.
#[derive(Deserialize)]
pub(super) struct NodeRow {
    cache_node_key: i64,
    cache_node_id: String,
    zone: String,
    wish: String,
    generation: i64,
    address: Option<String>,
    published_port: Option<i64>,
    #[serde(deserialize_with = "flag")]
    listed: bool,
    ready_at: Option<i64>,
    #[serde(deserialize_with = "flag")]
    reboot: bool,
    reboot_from: Option<String>,
    #[serde(deserialize_with = "flag")]
    recovering: bool,
    #[serde(deserialize_with = "flag")]
    awaits_primary: bool,
    silent_since: Option<i64>,
    observation: String,
    observed_generation: Option<i64>,
    observed_started_at: Option<String>,
    observed_at: Option<i64>,
    start_generation: Option<i64>,
    start_parameters_generation: Option<i64>,
    start_values: Option<ParameterValues>,
    start_whole: Option<i64>,
    applied_run: Option<String>,
    applied_generation: Option<i64>,
    #[serde(deserialize_with = "flag")]
    discards_data: bool,
    image: Option<String>,
}

impl NodeRow {
    fn start(&mut self) -> Result<Option<StartParameters>, Error> {
        let (Some(node_generation), Some(generation), Some(values)) = (
            self.start_generation,
            self.start_parameters_generation,
            self.start_values.take(),
        ) else {
            return Ok(None);
        };
        Ok(Some(StartParameters {
            node_generation: count(node_generation)?,
            generation: count(generation)?,
            values,
            is_whole: self.start_whole == Some(1),
        }))
    }

    fn applied(&mut self) -> Result<Option<AppliedParameters>, Error> {
        let (Some(started_at), Some(generation)) =
            (self.applied_run.take(), self.applied_generation)
        else {
            return Ok(None);
        };
        Ok(Some(AppliedParameters {
            started_at,
            generation: count(generation)?,
        }))
    }
}

impl TryFrom<NodeRow> for CacheNode {
    type Error = Error;

    fn try_from(mut row: NodeRow) -> Result<Self, Error> {
        let (start, applied) = (row.start()?, row.applied()?);
        let observation = match (row.observation.as_str(), row.observed_started_at) {
            ("absent", _) => Observation::Absent,
            ("known", Some(started_at)) => Observation::Known(NodeObserved {
                generation: count(row.observed_generation.unwrap_or(0))?,
                started_at,
                seen_at: Timestamp::from_millis(row.observed_at.unwrap_or(0)),
            }),
            _ => Observation::Unknown,
        };
        Ok(Self {
            key: row.cache_node_key,
            cache_node_id: row.cache_node_id,
            zone: row.zone,
            wish: match row.wish.as_str() {
                "removed" => NodeWish::Removed,
                _ => NodeWish::Present,
            },
            generation: count(row.generation)?,
            address: row.address.as_deref().map(address).transpose()?,
            published_port: row.published_port.map(port).transpose()?,
            listed: row.listed,
            ready_at: row.ready_at.map(Timestamp::from_millis),
            reboot: row.reboot.then_some(Reboot {
                from_started_at: row.reboot_from,
            }),
            recovering: row.recovering,
            awaits_primary: row.awaits_primary,
            silent_since: row.silent_since.map(Timestamp::from_millis),
            observation,
            discards_data: row.discards_data,
            image: row.image,
            start,
            applied,
        })
    }
}

pub(super) fn json_keys(keys: &[i64]) -> String {
    let mut text = String::with_capacity(keys.len() * 8 + 2);
    text.push('[');
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&key.to_string());
    }
    text.push(']');
    text
}
