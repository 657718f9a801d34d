//! Takes snapshots, copies them, brings them to buckets, removes them, and asks for those that windows are for.
//!
//! A part is a data set of one instant, as a replica would get it: the node sends it to us as it makes it, and it goes on to the store as
//! it comes, so that no more of it than a few parts of an upload is ever in memory ([ADR 14](../../docs/adr/0014-snapshots-by-sync.md)).

mod automatic;
mod export;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use super::node::describe;
use crate::activators::{Activator, Activators};
use crate::datastore::{Error as StoreError, NO_QUOTA};
use crate::engine::{HistoryHeld, ReplicationReport};
use crate::planner::snapshot::{self as planner, Plan, Source, Stage};
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::snapshot::{Snapshot, SnapshotPart, TakenPart};
use crate::store::{Content, Stored};

/// Windows are an hour long at least.
const PERIOD: Duration = Duration::from_secs(30);

/// Most stages of one run; a snapshot takes three.
const STAGES_MAX: usize = 8;

/// Snapshots in work at once.
const CONCURRENCY: usize = 4;

/// Parts of one snapshot in work at once: each costs a node a fork, and this process a few parts of an upload.
const PARTS_AT_ONCE: usize = 2;

/// How long a node may take to write its data set down before it sends it.
const BEGIN_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// How long a replica has to come up to what its primary holds when a snapshot begins; then the snapshot is the primary's.
const CATCH_UP_DEADLINE: Duration = Duration::from_secs(3);

/// How often it is looked at meanwhile, and how long a node may take to say how it is.
const CATCH_UP_PAUSE: Duration = Duration::from_millis(50);
const LOOK_DEADLINE: Duration = Duration::from_secs(1);

/// How often it is noted how much has come.
const PROGRESS_PERIOD: Duration = Duration::from_secs(2);

/// Keys of snapshots are positive; this stands for windows, and a copy to a bucket for the negative of its key.
const WINDOWS: i64 = 0;

/// The reconciler of snapshots.
#[derive(Debug)]
pub struct Snapshots {
    world: World,
    /// Whether what former processes left in the store has been removed.
    swept: AtomicBool,
}

/// Why a stage was not carried out.
enum Stop {
    /// The snapshot cannot be had: why.
    Failed(String),
    /// The record has changed meanwhile; look again.
    Stale,
    /// The database failed, or something else that a person should look at.
    Error(anyhow::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale | StoreError::NotFound => Self::Stale,
            error => Self::Error(error.into()),
        }
    }
}

/// What a snapshot is of, read now.
enum Found {
    Gone,
    CacheCluster(Box<CacheCluster>),
    ReplicationGroup(Box<ReplicationGroup>),
}

impl Found {
    fn source(&self) -> Source<'_> {
        match self {
            Self::Gone => Source::Gone,
            Self::CacheCluster(cluster) => Source::CacheCluster(cluster),
            Self::ReplicationGroup(group) => Source::ReplicationGroup(group),
        }
    }

    fn member(&self, id: &str) -> Option<&CacheCluster> {
        match self {
            Self::Gone => None,
            Self::CacheCluster(cluster) => Some(&**cluster),
            Self::ReplicationGroup(group) => group.member(id),
        }
        .filter(|cluster| cluster.spec.cache_cluster_id == id)
    }
}

#[async_trait]
impl Reconciler for Snapshots {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.snapshot
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let datastore = &self.world.datastore;
        let exports = datastore.snapshot_export_list().await?;
        let items = std::iter::once((WINDOWS, 0))
            .chain(datastore.snapshot_list_unconverged().await?)
            .chain(exports.into_iter().map(|key| (-key, 0)));
        let items = items.collect();
        // Before anything is written: nobody can tell a file that is being written from one that was left.
        if !self.swept.load(Ordering::Acquire) {
            self.sweep().await?;
            self.swept.store(true, Ordering::Release);
        }
        Ok(items)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        match key {
            WINDOWS => self.keep_windows().await,
            key if key < 0 => self.export(-key).await,
            key => self.reconcile_snapshot(key).await,
        }
    }
}

impl Snapshots {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self {
            world,
            swept: AtomicBool::new(false),
        })
    }

    /// Removes what processes left that were killed: uploads that never ended, and objects that no record names.
    async fn sweep(&self) -> anyhow::Result<()> {
        let store = &self.world.stores.own;
        store
            .sweep()
            .await
            .context("sweep the store of snapshots")?;
        let stored = store.list().await.context("list the store of snapshots")?;
        let known = self.world.datastore.snapshot_objects().await?;
        for object in stored.iter().filter(|object| !known.contains(object)) {
            tracing::info!(object, "An object that belongs to no snapshot is removed");
            store.remove(object).await.context("remove an object")?;
        }
        Ok(())
    }

    async fn reconcile_snapshot(&self, key: i64) -> anyhow::Result<Outcome> {
        for _ in 0..STAGES_MAX {
            let snapshot = match self.world.datastore.snapshot_get_by_key(key).await {
                Ok(snapshot) => snapshot,
                Err(StoreError::NotFound) => return Ok(Outcome::Settled),
                Err(error) => return Err(error).context("read the snapshot"),
            };
            let found = self.find(&snapshot).await?;
            let stage = match planner::plan(&snapshot, found.source()) {
                Plan::Settled => return Ok(Outcome::Settled),
                Plan::Do(stage) => stage,
            };
            tracing::debug!(snapshot.name = snapshot.name, ?stage, "Carry out a stage");
            match self.execute(&snapshot, &found, stage).await {
                Ok(()) | Err(Stop::Stale) => {}
                Err(Stop::Failed(reason)) => self.fail(&snapshot, &reason).await?,
                Err(Stop::Error(error)) => return Err(error),
            }
        }
        anyhow::bail!("the snapshot is not as wished after {STAGES_MAX} stages")
    }

    async fn find(&self, snapshot: &Snapshot) -> anyhow::Result<Found> {
        let datastore = &self.world.datastore;
        let source = &snapshot.source;
        let found = match (source.cache_cluster_key, source.replication_group_key) {
            (Some(key), _) => datastore
                .cache_cluster_get_by_key(key)
                .await
                .map(|cluster| Found::CacheCluster(Box::new(cluster))),
            (None, Some(key)) => datastore
                .replication_group_get_by_key(key)
                .await
                .map(|group| Found::ReplicationGroup(Box::new(group))),
            (None, None) => Ok(Found::Gone),
        };
        match found {
            Err(StoreError::NotFound) => Ok(Found::Gone),
            found => found.context("read what a snapshot is of"),
        }
    }

    async fn execute(&self, snapshot: &Snapshot, found: &Found, stage: Stage) -> Result<(), Stop> {
        let datastore = &self.world.datastore;
        match stage {
            Stage::Remove => {
                self.remove_objects(snapshot).await?;
                Ok(datastore.snapshot_forget(snapshot).await?)
            }
            Stage::Discard => {
                self.remove_objects(snapshot).await?;
                Ok(datastore.snapshot_discard_parts(snapshot).await?)
            }
            Stage::Choose(choices) => {
                let chosen = choices.into_iter().map(async |(index, member)| {
                    let part = &snapshot.parts[index];
                    let member = self.with_all_data(found, part, member).await;
                    let node = found.member(&member).and_then(|it| it.nodes.first());
                    SnapshotPart {
                        node_created_at: node.and_then(|node| node.ready_at),
                        cache_cluster_id: Some(member),
                        ..named(snapshot, part)
                    }
                });
                let chosen = join_all(chosen).await;
                Ok(datastore.snapshot_choose(snapshot, &chosen).await?)
            }
            Stage::ChooseObjects(indices) => {
                let parts = indices.iter().map(|&index| &snapshot.parts[index]);
                let named: Vec<_> = parts.map(|part| named(snapshot, part)).collect();
                Ok(datastore.snapshot_choose(snapshot, &named).await?)
            }
            Stage::Take(indices) => {
                let mut takes = Vec::new();
                for index in indices {
                    takes.push(self.take(snapshot, found, index));
                }
                all(takes).await
            }
            Stage::Copy(indices) => {
                let of = self.copied(snapshot).await?;
                let mut copies = Vec::new();
                for index in indices {
                    copies.push(self.copy(snapshot, &of, index));
                }
                all(copies).await
            }
            Stage::Complete => {
                let now = self.world.clock.now();
                let event = planner::success_event(snapshot, now);
                Ok(datastore.snapshot_complete(snapshot, &[event], now).await?)
            }
            Stage::Fail(reason) => Err(Stop::Failed(reason)),
            Stage::DeleteSource => self.delete_source(found).await,
        }
    }

    async fn fail(&self, snapshot: &Snapshot, reason: &str) -> anyhow::Result<()> {
        tracing::info!(
            snapshot.name = snapshot.name,
            reason,
            "A snapshot is given up"
        );
        let now = self.world.clock.now();
        let event = planner::failure_event(snapshot, reason, now);
        let events = [event];
        let failed = self
            .world
            .datastore
            .snapshot_fail(snapshot, reason, &events);
        match failed.await {
            Ok(()) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn remove_objects(&self, snapshot: &Snapshot) -> Result<(), Stop> {
        for object in snapshot
            .parts
            .iter()
            .filter_map(|part| part.object.as_ref())
        {
            let removed = self.world.stores.own.remove(object).await;
            removed
                .with_context(|| format!("remove {object}"))
                .map_err(Stop::Error)?;
        }
        Ok(())
    }

    /// The member to take a part from: `chosen` once it holds all that its primary does now, for a snapshot shall have what was
    /// written before it was asked for; the primary where that takes too long.
    async fn with_all_data(&self, found: &Found, part: &SnapshotPart, chosen: String) -> String {
        let Found::ReplicationGroup(group) = found else {
            return chosen;
        };
        let (Some(replica), Some(primary)) = (group.member(&chosen), planner::primary(part, group))
        else {
            return chosen;
        };
        if primary.key == replica.key {
            return chosen;
        }
        // Of one that does not answer nothing is known that speaks against the choice.
        let Some(written) = self.replication(primary).await else {
            return chosen;
        };
        let written = HistoryHeld::from(written);
        let comes_up = async {
            loop {
                match self.replication(replica).await {
                    Some(held) if held.history == written.history && !written.is_within(&held) => {
                        tokio::time::sleep(CATCH_UP_PAUSE).await;
                    }
                    _ => return,
                }
            }
        };
        match tokio::time::timeout(CATCH_UP_DEADLINE, comes_up).await {
            Ok(()) => chosen,
            Err(_) => primary.spec.cache_cluster_id.clone(),
        }
    }

    /// What a member's node says of replication, if it answers.
    async fn replication(&self, member: &CacheCluster) -> Option<ReplicationReport> {
        let endpoint = self.world.node_endpoint(member, member.nodes.first()?);
        let report = self.world.engine.probe(&endpoint, LOOK_DEADLINE).await;
        report.ok()?.replication
    }

    async fn take(&self, snapshot: &Snapshot, found: &Found, index: usize) -> Result<(), Stop> {
        let part = &snapshot.parts[index];
        let chosen = part.cache_cluster_id.as_deref();
        let member = chosen.and_then(|id| found.member(id));
        let node = member.and_then(|member| Some((member, member.nodes.first()?)));
        let (member, node) = node.ok_or_else(|| {
            Stop::Failed("The node that it was taken from is not there any more.".to_owned())
        })?;
        let endpoint = self.world.node_endpoint(member, node);
        let taken_at = self.world.clock.now();
        let data_set = self.world.engine.data_set(&endpoint, BEGIN_DEADLINE).await;
        let data_set = data_set.map_err(|error| Stop::Failed(sentence(&error)))?;
        let content = data_set.map_err(io::Error::other).boxed();
        let stored = self.store(part, content).await?;
        let taken = TakenPart {
            size_bytes: stored.size_bytes,
            sha256: stored.sha256,
            taken_at,
        };
        let datastore = &self.world.datastore;
        Ok(datastore
            .snapshot_record_part(snapshot, part, &taken)
            .await?)
    }

    async fn copied(&self, snapshot: &Snapshot) -> Result<Snapshot, Stop> {
        let key = snapshot.copy_of.unwrap_or_default();
        match self.world.datastore.snapshot_get_by_key(key).await {
            Err(StoreError::NotFound) => Err(Stop::Failed(
                "The snapshot that it is a copy of is not there any more.".to_owned(),
            )),
            found => Ok(found?),
        }
    }

    async fn copy(&self, snapshot: &Snapshot, of: &Snapshot, index: usize) -> Result<(), Stop> {
        let part = &snapshot.parts[index];
        let original = of
            .parts
            .iter()
            .find(|one| one.node_group == part.node_group);
        let original = original.and_then(|one| Some((one.object.as_ref()?, one.taken.as_ref()?)));
        let (object, original) = original
            .ok_or_else(|| Stop::Failed("Part of what it is a copy of is missing.".to_owned()))?;
        let opened = self.world.stores.own.get(object).await;
        let (_, content) = opened.map_err(|error| Stop::Failed(sentence(&error)))?;
        let stored = self.store(part, content).await?;
        if stored.sha256 != original.sha256 {
            return Err(Stop::Failed(format!(
                "The object {object} is not what was stored under that name."
            )));
        }
        let datastore = &self.world.datastore;
        Ok(datastore
            .snapshot_record_part(snapshot, part, original)
            .await?)
    }

    /// Stores a part, and notes now and then how much of it has come.
    async fn store(&self, part: &SnapshotPart, content: Content) -> Result<Stored, Stop> {
        let object = part.object.as_deref().unwrap_or_default();
        let received = AtomicU64::new(0);
        let storing = self.world.stores.own.put(object, content, |bytes| {
            received.store(bytes, Ordering::Relaxed);
        });
        tokio::pin!(storing);
        let mut noted = 0;
        let mut ticks = tokio::time::interval(PROGRESS_PERIOD);
        ticks.tick().await;
        // Bounded by the node, which may be silent for so long and no longer.
        loop {
            tokio::select! {
                biased;
                stored = &mut storing => {
                    return stored.map_err(|error| Stop::Failed(sentence(&error)));
                }
                _ = ticks.tick() => {
                    let bytes = received.load(Ordering::Relaxed);
                    if bytes != noted {
                        noted = bytes;
                        self.world.datastore.snapshot_record_progress(part.key, bytes).await?;
                    }
                }
            }
        }
    }

    /// The final snapshot is there: now its source may go.
    async fn delete_source(&self, found: &Found) -> Result<(), Stop> {
        let (datastore, now) = (&self.world.datastore, self.world.clock.now());
        match found {
            Found::Gone => {}
            Found::CacheCluster(cluster) => {
                let mut cluster = cluster.clone();
                cluster.deletion_requested_at = Some(now);
                datastore
                    .cache_cluster_request(&cluster, &[], NO_QUOTA)
                    .await?;
            }
            Found::ReplicationGroup(group) => {
                let mut group = group.clone();
                group.request_deletion(false, now);
                datastore
                    .replication_group_request(&group, &[], &[], NO_QUOTA)
                    .await?;
            }
        }
        self.world.activators.cache_cluster.wake();
        self.world.activators.replication_group.wake();
        self.world.activators.router.wake();
        Ok(())
    }
}

/// A part with the name of an object that no other ever had.
fn named(snapshot: &Snapshot, part: &SnapshotPart) -> SnapshotPart {
    let scope = &snapshot.scope;
    let object = format!(
        "{}/{}/{}/{}-{}.rdb",
        scope.account, scope.region, snapshot.name, snapshot.key, part.node_group
    );
    SnapshotPart {
        object: Some(object),
        ..part.clone()
    }
}

/// Lets all go on to their end, a few at once, and returns the first trouble: what is whole by then need not be had again.
async fn all(parts: Vec<impl Future<Output = Result<(), Stop>>>) -> Result<(), Stop> {
    let results: Vec<_> = stream::iter(parts)
        .buffer_unordered(PARTS_AT_ONCE)
        .collect()
        .await;
    results.into_iter().collect()
}

fn sentence(error: &dyn std::error::Error) -> String {
    let text = describe(error);
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
