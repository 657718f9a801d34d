//! What a new cache begins with: SnapshotName and SnapshotArns of both creates. What a request leaves out is taken from the snapshot.

use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    CreateCacheClusterMessage, CreateReplicationGroupMessage, NodeGroupConfiguration,
};

use super::Context;
use super::faults::{fault_of, internal, invalid_combination, invalid_value};
use super::snapshot::{find, state};
use super::spec::{given, has_entries};
use crate::datastore::Error as StoreError;
use crate::resources::arn::{ResourceType, arn};
use crate::resources::engine::{Engine, EngineVersion};
use crate::resources::parameter;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::slots::SlotSet;
use crate::resources::snapshot::{Restore, RestoreFile, Snapshot, check_engine, is_bucket};
use crate::resources::subnet_group::DEFAULT_SUBNET_GROUP;
use crate::resources::tag::Tag;

/// What a request wants a new cache to begin with.
pub(super) enum Origin {
    /// A snapshot.
    Snapshot(Box<Snapshot>),
    /// Objects of buckets: their ARNs, each with bucket and key.
    Objects(Vec<(String, String, String)>),
}

/// What a request names, if it names anything.
///
/// # Errors
/// `SnapshotNotFoundFault`; `InvalidSnapshotState`; `InvalidParameterValue` for ARNs that are none; `InvalidParameterCombination` for both.
pub(super) async fn origin(
    cx: &Context,
    snapshot_name: Option<&str>,
    snapshot_arns: Option<&Vec<String>>,
) -> Result<Option<Origin>, Fault> {
    let has_arns = has_entries(snapshot_arns);
    let Some(name) = given(snapshot_name) else {
        return match snapshot_arns.filter(|_| has_arns) {
            Some(arns) => {
                let objects = arns.iter().map(|arn| object(arn));
                Ok(Some(Origin::Objects(objects.collect::<Result<_, _>>()?)))
            }
            None => Ok(None),
        };
    };
    if has_arns {
        return Err(invalid_combination(
            "SnapshotName and SnapshotArns cannot be specified together.",
        ));
    }
    let snapshot = find(cx, &name.to_ascii_lowercase()).await?;
    match snapshot.status().admits_reading() {
        true => Ok(Some(Origin::Snapshot(Box::new(snapshot)))),
        false => Err(state(&snapshot)),
    }
}

/// Memcached begins with nothing (text: behaviour.md section 40).
pub(super) fn not_for_this_engine() -> Fault {
    invalid_value("Restoring a snapshot is not supported for this engine type")
}

/// `arn:aws:s3:::bucket/key`, taken apart (texts: behaviour.md sections 21 and 40).
fn object(arn: &str) -> Result<(String, String, String), Fault> {
    let invalid = || invalid_value(format!("Invalid snapshot ARN: {arn}"));
    if arn.contains(',') {
        return Err(invalid());
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "s3", "", "", path] = parts[..] else {
        return Err(invalid());
    };
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if key.is_empty() {
        return Err(invalid_value("Must specify an object path for S3 ARN"));
    }
    match partition.starts_with("aws") && is_bucket(bucket) {
        true => Ok((arn.to_owned(), bucket.to_owned(), key.to_owned())),
        false => Err(invalid()),
    }
}

/// The tags of what is made from a snapshot: the request's, else the snapshot's (behaviour.md section 33).
pub(super) async fn tags(
    cx: &Context,
    origin: Option<&Origin>,
    tags: Vec<Tag>,
) -> Result<Vec<Tag>, Fault> {
    match origin {
        Some(Origin::Snapshot(snapshot)) if tags.is_empty() => {
            let name = arn(&cx.scope, ResourceType::Snapshot, &snapshot.name);
            cx.datastore.tag_list(&name).await.map_err(internal)
        }
        Some(_) | None => Ok(tags),
    }
}

/// Whether a cache of this version can begin with that.
///
/// # Errors
/// `InvalidParameterCombination` for an older engine or another line than the snapshot's.
pub(super) fn check_version(origin: &Origin, version: &EngineVersion) -> Result<(), Fault> {
    match origin {
        Origin::Snapshot(snapshot) => {
            check_engine(snapshot.description.engine_version, version).map_err(fault_of)
        }
        Origin::Objects(_) => Ok(()),
    }
}

impl Origin {
    /// What a cache cluster, or the first member of a group with cluster mode disabled, begins with.
    ///
    /// # Errors
    /// `InvalidParameterCombination` for a snapshot of several shards, or several objects.
    pub(super) fn whole(&self) -> Result<Restore, Fault> {
        let restore = self.restore(None);
        if restore.files.len() != 1 {
            return Err(invalid_combination(
                "A cache with cluster mode disabled cannot be created from the data of several node groups.",
            ));
        }
        Ok(restore)
    }

    /// What the primary of a node group with these slots begins with.
    fn shard(&self, slots: &SlotSet) -> Restore {
        self.restore(Some(slots))
    }

    fn restore(&self, slots: Option<&SlotSet>) -> Restore {
        match self {
            Self::Snapshot(snapshot) => {
                let holds = |of: &Option<SlotSet>| match (of, slots) {
                    (Some(of), Some(slots)) => !of.intersection(slots).is_empty(),
                    _ => true,
                };
                let parts = snapshot.parts.iter().filter(|part| holds(&part.slots));
                let is_that_part = parts.clone().any(|part| part.slots.as_ref() == slots);
                let files = parts.filter_map(|part| part.object.clone());
                Restore {
                    from: snapshot.name.clone(),
                    snapshot_key: Some(snapshot.key),
                    files: files.map(RestoreFile::Stored).collect(),
                    slots: slots.filter(|_| !is_that_part).cloned(),
                }
            }
            Self::Objects(objects) => {
                let arns: Vec<&str> = objects.iter().map(|(arn, ..)| arn.as_str()).collect();
                let file = |(_, bucket, key): &(String, String, String)| {
                    RestoreFile::Bucket(bucket.clone(), key.clone())
                };
                Restore {
                    from: arns.join(","),
                    snapshot_key: None,
                    files: objects.iter().map(file).collect(),
                    slots: slots.cloned(),
                }
            }
        }
    }

    /// Lets the first member of each node group begin with its share.
    ///
    /// # Errors
    /// As [`Origin::whole`].
    pub(super) fn give_to(&self, group: &mut ReplicationGroup) -> Result<(), Fault> {
        let Some(sharding) = &group.sharding else {
            let restore = self.whole()?;
            if let Some(member) = group.members.first_mut() {
                member.restore = Some(restore);
            }
            return Ok(());
        };
        let mut given = Vec::new();
        for node_group in &sharding.node_groups {
            let first = group
                .shard_members(node_group.id)
                .map(|(index, _)| index)
                .next();
            given.extend(first.map(|index| (index, self.shard(&node_group.slots))));
        }
        for (index, restore) in given {
            group.members[index].restore = Some(restore);
        }
        Ok(())
    }
}

/// What a request for a cache cluster leaves out.
pub(super) async fn complete_cluster(
    cx: &Context,
    input: &mut CreateCacheClusterMessage,
    origin: &Origin,
) -> Result<(), Fault> {
    let Origin::Snapshot(snapshot) = origin else {
        return Ok(());
    };
    if snapshot.description.engine_version.engine == Engine::Valkey && input.engine.is_none() {
        return Err(invalid_value(
            "This API doesn't support Valkey engine. Please use CreateReplicationGroup API for Valkey cluster creation.",
        ));
    }
    let left_out = LeftOut::of(cx, snapshot).await?;
    let is_same_line = left_out.complete(
        &mut input.engine,
        &mut input.engine_version,
        &mut input.cache_node_type,
    );
    input.port.get_or_insert(left_out.port);
    if is_same_line && !snapshot.is_sharded() {
        fill(
            &mut input.cache_parameter_group_name,
            left_out.parameter_group,
        );
    }
    fill(&mut input.cache_subnet_group_name, left_out.subnet_group);
    Ok(())
}

/// What a request for a replication group leaves out.
pub(super) async fn complete_group(
    cx: &Context,
    input: &mut CreateReplicationGroupMessage,
    origin: &Origin,
) -> Result<(), Fault> {
    let Origin::Snapshot(snapshot) = origin else {
        return Ok(());
    };
    let left_out = LeftOut::of(cx, snapshot).await?;
    let is_same_line = left_out.complete(
        &mut input.engine,
        &mut input.engine_version,
        &mut input.cache_node_type,
    );
    input.port.get_or_insert(left_out.port);
    fill(&mut input.cache_subnet_group_name, left_out.subnet_group);
    let wants_more = input.num_node_groups.is_some_and(|count| count > 1)
        || has_entries(input.node_group_configuration.as_ref())
        || given(input.cluster_mode.as_deref()) == Some("enabled");
    let wants_none = given(input.cluster_mode.as_deref()) == Some("disabled")
        || input.num_cache_clusters.is_some();
    if is_same_line && snapshot.is_sharded() != wants_none && snapshot.is_sharded() | !wants_more {
        fill(
            &mut input.cache_parameter_group_name,
            left_out.parameter_group,
        );
    }
    if snapshot.is_sharded() && !wants_none {
        if input.cache_parameter_group_name.is_none() {
            input
                .cluster_mode
                .get_or_insert_with(|| "enabled".to_owned());
        }
        let group = snapshot.description.group.as_ref();
        let failover = group.is_some_and(|group| group.automatic_failover);
        input.automatic_failover_enabled.get_or_insert(failover);
        same_slots(input, snapshot);
    }
    Ok(())
}

/// Where the number of node groups stays, so do their slots: then each file is one node group's.
fn same_slots(input: &mut CreateReplicationGroupMessage, snapshot: &Snapshot) {
    let count = i32::try_from(snapshot.parts.len()).unwrap_or(i32::MAX);
    let is_same_count = input.num_node_groups.is_none_or(|wanted| wanted == count);
    if has_entries(input.node_group_configuration.as_ref()) || !is_same_count {
        return;
    }
    let parts = snapshot.parts.iter().map(|part| NodeGroupConfiguration {
        node_group_id: Some(part.node_group.to_string()),
        slots: part.slots.as_ref().map(ToString::to_string),
        ..NodeGroupConfiguration::default()
    });
    input.node_group_configuration = Some(parts.collect());
}

struct LeftOut<'a> {
    snapshot: &'a Snapshot,
    port: i32,
    parameter_group: Option<String>,
    subnet_group: Option<String>,
}

impl<'a> LeftOut<'a> {
    /// Groups that are there no more are not asked for.
    async fn of(cx: &Context, snapshot: &'a Snapshot) -> Result<Self, Fault> {
        let description = &snapshot.description;
        let name = &description.parameter_group_name;
        let parameter_group = match parameter::find_default_group(name) {
            // The built-in one of the line that is asked for is found without it.
            Some(_) => false,
            None => is_there(
                cx.datastore
                    .cache_parameter_group_get(&cx.scope, name)
                    .await,
            )?,
        };
        let subnets = &description.subnet_group_name;
        let subnet_group = subnets != DEFAULT_SUBNET_GROUP
            && is_there(cx.datastore.subnet_group_get(&cx.scope, subnets).await)?;
        Ok(Self {
            snapshot,
            port: description.port.into(),
            parameter_group: parameter_group.then(|| name.clone()),
            subnet_group: subnet_group.then(|| subnets.clone()),
        })
    }

    /// Fills in engine, version and node type, and says whether the line is the snapshot's own.
    fn complete(
        &self,
        engine: &mut Option<String>,
        version: &mut Option<String>,
        node_type: &mut Option<String>,
    ) -> bool {
        let from = self.snapshot.description.engine_version;
        fill(engine, Some(from.engine.name().to_owned()));
        let is_same_engine = given(engine.as_deref()) == Some(from.engine.name());
        if is_same_engine {
            fill(version, Some(from.version.to_owned()));
        }
        let node = self.snapshot.description.node_type.name;
        fill(node_type, Some(node.to_owned()));
        is_same_engine && given(version.as_deref()) == Some(from.version)
    }
}

fn is_there<T>(found: Result<T, StoreError>) -> Result<bool, Fault> {
    match found {
        Ok(_) => Ok(true),
        Err(StoreError::NotFound) => Ok(false),
        Err(error) => Err(internal(error)),
    }
}

/// A member that was left out, or sent empty.
fn fill(member: &mut Option<String>, value: Option<String>) {
    if given(member.as_deref()).is_none() {
        *member = value;
    }
}
