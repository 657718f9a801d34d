//! What simulated processes hold, as files: a process writes its keys as an engine would, and a volume is filled from such a file.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use futures_util::TryStreamExt;

use super::super::{ContainerState, FileContent, RuntimeError};
use super::replication::Saved;
use super::world::State;
use super::{SimulatedWorld, world};
use crate::rdb;

/// What every simulated engine writes; any line of them reads it.
const HEADER: &[u8] = b"REDIS0009";

/// The keys of a file of that length.
pub(super) async fn read(
    size_bytes: u64,
    content: FileContent,
) -> Result<BTreeMap<String, String>, RuntimeError> {
    let broken = |source| RuntimeError::Other {
        message: "upload a file".to_owned(),
        source: Some(source),
    };
    let pieces: Vec<Bytes> = content.try_collect().await.map_err(|e| broken(e.into()))?;
    let file = pieces.concat();
    if file.len() as u64 != size_bytes {
        return Err(broken("it is not as long as was said".into()));
    }
    rdb::strings(&file).map_err(|error| broken(error.into()))
}

impl State {
    /// Lets a container's volume hold these keys and nothing else.
    pub(super) fn volume_fill(
        &mut self,
        container: &str,
        keys: BTreeMap<String, String>,
    ) -> Result<(), RuntimeError> {
        let mounts = self.container(container)?.spec.volumes.clone();
        let mount = mounts.first();
        let volume = mount.and_then(|mount| self.volumes.get_mut(&mount.volume));
        let volume = volume.ok_or_else(|| world::not_found("volume of container", container))?;
        volume.content = Saved::of_keys(keys);
        Ok(())
    }
}

impl SimulatedWorld {
    /// The file that a running process would write of all that it holds.
    pub(crate) fn data_set(&self, container: &str) -> Option<Vec<u8>> {
        let keys = {
            let state = self.state();
            let found = state.containers.get(container);
            let running = found.filter(|found| found.state == ContainerState::Running)?;
            running.process.keys.clone()
        };
        let mut file = Vec::new();
        let mut writer = rdb::Writer::new(&mut file);
        // Into memory; it has room.
        writer.write_all(HEADER).ok()?;
        for (key, value) in &keys {
            writer.string(key, value).ok()?;
        }
        writer.finish().ok()?;
        Some(file)
    }
}
