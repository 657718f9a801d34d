//! CopySnapshot with TargetBucket: whether the bucket can be used is asked at once, as AWS does, within a bound; the objects come later.

use std::time::Duration;

use cacheplane_api::Fault;
use cacheplane_api::shapes::Snapshot as SnapshotShape;

use super::super::Context;
use super::super::faults::{internal, invalid_value, snapshot_not_found};
use super::{state, view};
use crate::datastore::Error as StoreError;
use crate::resources::snapshot::{Snapshot, is_bucket};
use crate::store::StoreError as ObjectError;

/// How long the bucket may take to answer.
const BUCKET_DEADLINE: Duration = Duration::from_secs(10);

/// Longest name of an export, in characters (behaviour.md section 2).
const TARGET_NAME_MAX: usize = 1000;

/// Wishes for a copy of `source` in `bucket`, and tells of it as AWS does: as the snapshot that it is not.
pub(super) async fn export(
    cx: &Context,
    source: &Snapshot,
    target_name: &str,
    bucket: &str,
) -> Result<SnapshotShape, Fault> {
    if !(1..=TARGET_NAME_MAX).contains(&target_name.chars().count()) {
        return Err(invalid_value(format!(
            "The parameter TargetSnapshotName must have at least 1 and no more than {TARGET_NAME_MAX} characters."
        )));
    }
    if !is_bucket(bucket) {
        return Err(invalid_value(format!(
            "The S3 bucket {bucket} does not exist."
        )));
    }
    for part in &source.parts {
        let key = format!("{target_name}-{}.rdb", part.node_group);
        demand_free(cx, bucket, &key).await?;
    }
    let now = cx.clock.now();
    let stored = cx
        .datastore
        .snapshot_export_insert(source, target_name, bucket, now)
        .await;
    match stored {
        Ok(stored) => {
            cx.activators.snapshot.wake();
            let mut told = view::view(&stored, false);
            told.snapshot_name = Some(target_name.to_owned());
            told.snapshot_status = Some("exporting".to_owned());
            told.arn = None;
            Ok(told)
        }
        Err(StoreError::Stale) => Err(state(source)),
        Err(StoreError::NotFound) => Err(snapshot_not_found(&source.name)),
        Err(error) => Err(internal(error)),
    }
}

/// Whether the bucket is there and has no such object (texts: behaviour.md section 40).
async fn demand_free(cx: &Context, bucket: &str, key: &str) -> Result<(), Fault> {
    let looked = async {
        let store = cx.s3.bucket(bucket, &cx.scope.region, "")?;
        let has_key = store.contains(key).await?;
        // That an object is absent says nothing of its bucket.
        store.is_there().await.map(|is_there| (has_key, is_there))
    };
    match tokio::time::timeout(BUCKET_DEADLINE, looked).await {
        Ok(Ok((true, _))) => Err(invalid_value(format!(
            "The S3 bucket {bucket} already contains an object with key {key}."
        ))),
        Ok(Ok((false, true))) => Ok(()),
        Ok(Ok((false, false))) => Err(invalid_value(format!(
            "The S3 bucket {bucket} does not exist."
        ))),
        Ok(Err(ObjectError::Forbidden(_))) => Err(invalid_value(format!(
            "ElastiCache has not been granted READ permissions {bucket} on the S3 Bucket."
        ))),
        Ok(Err(_)) | Err(_) => Err(invalid_value(format!(
            "The S3 bucket {bucket} cannot be reached. Where S3 is said with --s3-endpoint."
        ))),
    }
}
