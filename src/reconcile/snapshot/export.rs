//! Snapshots into buckets.

use anyhow::Context;

use super::super::driver::Outcome;
use super::super::node::describe;
use super::Snapshots;
use crate::datastore::{Error as StoreError, SnapshotExport};
use crate::planner::snapshot as planner;
use crate::resources::snapshot::SnapshotPart;
use crate::store::{Store, StoreError as ObjectError};

impl Snapshots {
    /// Brings a snapshot to a bucket, or gives that up. Repeating it writes the same objects again.
    pub(super) async fn export(&self, key: i64) -> anyhow::Result<Outcome> {
        let datastore = &self.world.datastore;
        let export = match datastore.snapshot_export_get(key).await {
            Ok(export) => export,
            Err(StoreError::NotFound) => return Ok(Outcome::Settled),
            Err(error) => return Err(error).context("read an export"),
        };
        let region = &export.snapshot.scope.region;
        let bucket = self.world.stores.s3.bucket(&export.bucket, region, "");
        let exported = match &bucket {
            Ok(bucket) => self
                .export_parts(&export, bucket)
                .await
                .map_err(|e| describe(&e)),
            Err(error) => Err(describe(error)),
        };
        if let (Err(_), Ok(bucket)) = (&exported, &bucket) {
            for part in &export.snapshot.parts {
                // Best effort: whoever forbids the one may forbid the other.
                drop(bucket.remove(&object_name(&export.target_name, part)).await);
            }
        }
        let what = match &exported {
            Ok(()) => format!(
                "Export to the S3 bucket {} succeeded for snapshot",
                export.bucket
            ),
            Err(_) => format!(
                "Export to the S3 bucket {} failed for snapshot",
                export.bucket
            ),
        };
        let reason = exported.err().unwrap_or_default();
        let event = planner::event(&export.snapshot, &what, &reason, self.world.clock.now());
        match datastore.snapshot_export_forget(&export, &[event]).await {
            Ok(()) | Err(StoreError::Stale) => Ok(Outcome::Settled),
            Err(error) => Err(error.into()),
        }
    }

    async fn export_parts(
        &self,
        export: &SnapshotExport,
        bucket: &Store,
    ) -> Result<(), ObjectError> {
        for part in &export.snapshot.parts {
            let object = part.object.as_deref().unwrap_or_default();
            let (_, content) = self.world.stores.own.get(object).await?;
            let name = object_name(&export.target_name, part);
            bucket.put(&name, content, |_| {}).await?;
        }
        Ok(())
    }
}

/// What the object of a part is called in a bucket (behaviour.md section 20).
fn object_name(target_name: &str, part: &SnapshotPart) -> String {
    format!("{target_name}-{}.rdb", part.node_group)
}
