//! What an operator says in a file of the data directory, besides what `/admin/v1` is told: service updates. The file is taken up at the
//! start and whenever it changes. One that is wrong is told of in the log, and nothing of it is taken up that is wrong.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::activators::Activators;
use crate::clock::Clock;
use crate::datastore::Datastore;
use crate::http::admin::NewServiceUpdate;
use crate::operations::service_update::publish::{
    Refusal, cancel_service_update, publish_service_update,
};

/// How often is looked whether the file has changed.
const PERIOD: Duration = Duration::from_secs(2);

/// Longest file, in bytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// What tells one state of the file from another: when it was written, in seconds and nanoseconds, and its length.
type Stamp = (i64, i64, u64);

/// The file with service updates: a list of what `POST /admin/v1/service-updates` takes; `{"name": ..., "cancelled": true}` takes one back.
#[derive(Debug)]
pub struct ServiceUpdateFile {
    path: PathBuf,
    datastore: Datastore,
    clock: Clock,
    activators: Arc<Activators>,
    /// The state that was taken up.
    taken_up: Option<Stamp>,
}

impl ServiceUpdateFile {
    /// The file at `path`, whether it is there or not.
    pub fn new(
        path: PathBuf,
        datastore: Datastore,
        clock: Clock,
        activators: Arc<Activators>,
    ) -> Self {
        Self {
            path,
            datastore,
            clock,
            activators,
            taken_up: None,
        }
    }

    /// Looks until it is told to stop.
    pub async fn follow(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            for problem in self.look().await {
                tracing::warn!(
                    file = %self.path.display(),
                    problem,
                    "The file of service updates is wrong"
                );
            }
            tokio::select! {
                // The guard that is returned must not be held across an await.
                () = async { drop(stop.wait_for(|stop| *stop).await) } => return,
                () = self.clock.sleep(PERIOD) => {}
            }
        }
    }

    /// Takes the file up if it has changed since it last was; what is wrong with it, if anything.
    pub async fn look(&mut self) -> Vec<String> {
        let stamp = match tokio::fs::metadata(&self.path).await {
            Ok(metadata) => (metadata.mtime(), metadata.mtime_nsec(), metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.taken_up = None;
                return Vec::new();
            }
            Err(_) => (0, 0, 0),
        };
        if self.taken_up == Some(stamp) {
            return Vec::new();
        }
        let entries = match self.read(stamp.2).await {
            Ok(entries) => entries,
            Err(problem) => {
                self.taken_up = Some(stamp);
                return vec![problem];
            }
        };
        let mut problems = Vec::new();
        let mut is_stored = true;
        for (number, entry) in (1..).zip(entries) {
            match self.take_up(entry).await {
                Ok(()) | Err(Refusal::Exists) => {}
                Err(Refusal::Invalid(text)) => problems.push(format!("entry {number}: {text}")),
                Err(Refusal::NotFound) => {
                    problems.push(format!("entry {number}: there is no update of that name"));
                }
                // The database failed, which is told elsewhere: once more at the next look.
                Err(Refusal::Internal) => is_stored = false,
            }
        }
        if is_stored {
            self.taken_up = Some(stamp);
        }
        problems
    }

    async fn read(&self, length: u64) -> Result<Vec<Value>, String> {
        if length > BYTES_MAX {
            return Err(format!("it has more than {BYTES_MAX} bytes"));
        }
        // A pipe or a device would never end.
        let found = tokio::fs::metadata(&self.path).await;
        if found.is_ok_and(|found| !found.is_file()) {
            return Err("it is no file".to_owned());
        }
        let text = tokio::fs::read_to_string(&self.path).await;
        let text = text.map_err(|error| format!("it cannot be read: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("it is no list in JSON: {error}"))
    }

    async fn take_up(&self, mut entry: Value) -> Result<(), Refusal> {
        let cancelled = entry
            .as_object_mut()
            .and_then(|members| members.remove("cancelled"));
        match cancelled {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => {
                let name = entry.get("name").and_then(Value::as_str);
                let name = name.ok_or_else(|| Refusal::Invalid("it has no name".to_owned()))?;
                return cancel_service_update(&self.datastore, name).await;
            }
            Some(_) => {
                return Err(Refusal::Invalid("cancelled: true or false".to_owned()));
            }
        }
        let update: NewServiceUpdate =
            serde_json::from_value(entry).map_err(|error| Refusal::Invalid(error.to_string()))?;
        let rooms = (&self.datastore, &self.clock, &*self.activators);
        publish_service_update(rooms, update.into()).await
    }
}
