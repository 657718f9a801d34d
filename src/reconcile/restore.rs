//! What a new node begins with: a file that is put into its volume before its engine is started for the first time.

use std::io::{self, BufReader, BufWriter};
use std::path::Path;

use futures_util::StreamExt;
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};

use super::World;
use super::node::{describe, passing};
use crate::engine::NodeReport;
use crate::planner::cache_cluster::Obstacle;
use crate::rdb::{self, Header, RdbError};
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::engine::{self, Engine};
use crate::resources::slots::{SlotSet, key_slot};
use crate::resources::snapshot::{Restore, RestoreFile};
use crate::runtime::{ContainerObserved, ContainerSpec, ContainerState};
use crate::store::{Content, Seen, StoreError, Watched};

/// Where the engine looks for its data set when it starts.
const FILE_PATH: &str = "/data/dump.rdb";

/// Bytes that are read or written at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A data set may take so many percent of a node's memory: what its last node counted is never quite what the next will.
const MEMORY_PERCENT_MAX: u64 = 110;

/// Exit codes of a process that somebody else ended: killed, or asked to end.
const ENDED_BY_OTHERS: [i64; 3] = [0, 137, 143];

impl World {
    /// Puts what `node` is to begin with into its volume, unless it has begun. Safe to repeat: a container that was never started is given
    /// the file anew.
    pub(super) async fn place_data(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        spec: &ContainerSpec,
    ) -> Result<(), Obstacle> {
        let Some(restore) = cluster.restore.as_ref().filter(|_| node.ready_at.is_none()) else {
            return Ok(());
        };
        let container = self.runtime.create_container(spec).await;
        let container = container
            .inspect_err(|error| self.doubt_networks(error))
            .map_err(|error| passing(&error))?;
        match container.state {
            ContainerState::Created => {}
            _ => return Ok(()),
        }
        let reader = Reader::of(cluster, &spec.image);
        match restore.is_plain() {
            true => self.place_file(restore, spec, &reader).await,
            false => self.place_selection(restore, spec, &reader).await,
        }
    }

    /// Whether an engine that did not get ready is one that does not read its file.
    pub(super) async fn rejects_data(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        run: &ContainerObserved,
    ) -> bool {
        if cluster.restore.is_none() || node.ready_at.is_some() {
            return false;
        }
        let Ok(Some(found)) = self.runtime.container(&run.name).await else {
            return false;
        };
        let by_others = |code: i64| ENDED_BY_OTHERS.contains(&code);
        match found.state {
            ContainerState::Restarting => true,
            ContainerState::Exited => !found.exit_code.is_some_and(by_others),
            _ => false,
        }
    }

    async fn open(&self, region: &str, file: &RestoreFile) -> Result<(u64, Content), Obstacle> {
        let opened = match file {
            RestoreFile::Stored(object) => self.stores.own.get(object).await,
            RestoreFile::Bucket(bucket, key) => match self.stores.s3.bucket(bucket, region, "") {
                Ok(bucket) => bucket.get(key).await,
                Err(error) => Err(error),
            },
        };
        opened.map_err(|error| match &error {
            StoreError::NotFound(_) => Obstacle::BadRestore(describe(&error)),
            // Nobody else puts right what a bucket's owner has forbidden; what a network does passes.
            StoreError::Forbidden(_) => Obstacle::BadRestore(format!(
                "ElastiCache has not been granted READ permissions on the S3 Bucket: {}",
                describe(&error)
            )),
            error => Obstacle::Passing(describe(error)),
        })
    }

    /// The one file as it is, looked at on its way.
    async fn place_file(
        &self,
        restore: &Restore,
        spec: &ContainerSpec,
        reader: &Reader<'_>,
    ) -> Result<(), Obstacle> {
        let Some(file) = restore.files.first() else {
            return Ok(());
        };
        let (size_bytes, content) = self.open(&reader.cluster.scope.region, file).await?;
        let (content, seen) = Watched::new(content);
        let uploaded = self
            .runtime
            .upload(&spec.name, FILE_PATH, size_bytes, content.boxed())
            .await;
        // What is wrong with the file is seen before what the container host makes of it.
        if uploaded.is_ok() || seen.is_whole(size_bytes) {
            reader.check(seen, true)?;
        }
        uploaded.map_err(|error| passing(&error))
    }

    /// Those keys of all files that are wanted. Nobody knows how long that file will be before it is there.
    async fn place_selection(
        &self,
        restore: &Restore,
        spec: &ContainerSpec,
        reader: &Reader<'_>,
    ) -> Result<(), Obstacle> {
        let mut contents = Vec::new();
        let mut seen = Vec::new();
        for file in &restore.files {
            let (_, content) = self.open(&reader.cluster.scope.region, file).await?;
            let (content, watched) = Watched::new(content);
            contents.push(content);
            seen.push(watched);
        }
        let path = self.stores.spool.join(format!("{}.rdb", spec.name));
        let selected = {
            let (path, slots) = (path.clone(), restore.slots.clone());
            // Bridges are made here: they remember the runtime that they are made in.
            let sources: Vec<_> = contents
                .into_iter()
                .map(|content| SyncIoBridge::new(StreamReader::new(content)))
                .collect();
            tokio::task::spawn_blocking(move || {
                let sources = sources
                    .into_iter()
                    .map(|source| Ok(BufReader::with_capacity(BUFFER_BYTES, source)));
                let out = std::fs::File::create(&path)?;
                let out = BufWriter::with_capacity(BUFFER_BYTES, out);
                rdb::select(sources, out, |database, key| {
                    is_wanted(slots.as_ref(), database, key)
                })
            })
            .await
        };
        let placed = async {
            match selected
                .map_err(io::Error::other)
                .map_err(RdbError::Io)
                .flatten()
            {
                Ok(size_bytes) => {
                    for seen in seen {
                        reader.check(seen, false)?;
                    }
                    let content = spooled(&path).await.map_err(|e| spool_obstacle(&e))?;
                    let uploaded = self
                        .runtime
                        .upload(&spec.name, FILE_PATH, size_bytes, content)
                        .await;
                    uploaded.map_err(|error| passing(&error))
                }
                Err(RdbError::Io(error)) => Err(spool_obstacle(&error)),
                Err(error) => Err(Obstacle::BadRestore(describe(&error))),
            }
        };
        let placed = placed.await;
        // Best effort: the next start empties the directory.
        drop(tokio::fs::remove_file(&path).await);
        placed
    }
}

/// Who shall read the file.
struct Reader<'a> {
    cluster: &'a CacheCluster,
    line: engine::VersionNumber,
}

impl<'a> Reader<'a> {
    fn of(cluster: &'a CacheCluster, image: &str) -> Self {
        let line = engine::image_line(cluster.spec.engine_version, image);
        Self { cluster, line }
    }

    /// Whether the file is whole, and the engine can read it and has room for it.
    fn check(&self, seen: Seen, is_plain: bool) -> Result<(), Obstacle> {
        let bad = |reason: String| Err(Obstacle::BadRestore(reason));
        let used = rdb::used_memory_bytes(&seen.beginning()).filter(|_| is_plain);
        let stored = match seen.finish() {
            Ok(stored) => stored,
            Err(error) => return bad(format!("The file cannot be used: {error}.")),
        };
        let header: Header = stored.header;
        let (engine, line) = (self.cluster.spec.engine(), self.line);
        if !header.is_read_by(engine == Engine::Valkey, |a, b, c| line.at_least(a, b, c)) {
            return bad(format!(
                "The file is of another line of engines ({header}): {} {} does not read it.",
                engine.name(),
                self.cluster.spec.engine_version.reported_version
            ));
        }
        match used {
            Some(used) if is_too_large(used, self.cluster.spec.node_type.maxmemory_bytes) => {
                bad(too_large(self.cluster, used))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a node that has read its file holds more than its type has room for.
pub(super) fn overflows(
    cluster: &CacheCluster,
    node: &CacheNode,
    report: &NodeReport,
) -> Option<String> {
    cluster
        .restore
        .as_ref()
        .filter(|_| node.ready_at.is_none())?;
    let limit = report.maxmemory_bytes?;
    is_too_large(report.used_memory_bytes, limit)
        .then(|| too_large(cluster, report.used_memory_bytes))
}

fn is_too_large(used_bytes: u64, limit_bytes: u64) -> bool {
    used_bytes > limit_bytes / 100 * MEMORY_PERCENT_MAX
}

fn too_large(cluster: &CacheCluster, used_bytes: u64) -> String {
    format!(
        "The data take {} MB, which is more than a node of type {} has room for.",
        used_bytes >> 20,
        cluster.spec.node_type.name
    )
}

/// With cluster mode enabled there is one database, and each key has its node.
fn is_wanted(slots: Option<&SlotSet>, database: u64, key: &[u8]) -> Result<bool, RdbError> {
    match slots {
        None => Ok(true),
        Some(_) if database != 0 => Err(RdbError::Unreadable(format!(
            "keys in database {database}, and cluster mode has database 0 alone"
        ))),
        Some(slots) => Ok(slots.contains(key_slot(key))),
    }
}

async fn spooled(path: &Path) -> io::Result<Content> {
    let file = tokio::fs::File::open(path).await?;
    Ok(ReaderStream::with_capacity(file, BUFFER_BYTES).boxed())
}

fn spool_obstacle(error: &io::Error) -> Obstacle {
    Obstacle::Passing(format!(
        "The file to begin with cannot be written: {}",
        describe(error)
    ))
}
