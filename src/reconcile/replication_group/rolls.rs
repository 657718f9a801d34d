//! What is wished of all members, brought to one after the other; and what becomes of that where it cannot be done.

use super::super::node::describe;
use super::stages::COMMAND_DEADLINE;
use super::{ReplicationGroups, Stop};
use crate::datastore::NO_QUOTA;
use crate::planner::cache_cluster::Obstacle;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::replication_group::{GroupChange, ReplicationGroup};

impl ReplicationGroups {
    /// Lets one member follow what is wished of all. Its container is made anew by its own reconciler.
    pub(super) async fn roll(&self, group: &ReplicationGroup, index: usize) -> Result<(), Stop> {
        let before = &group.members[index];
        let mut after = before.clone();
        after.spec = group.spec.member(&before.spec.cache_cluster_id);
        after.replace_nodes();
        let is_earlier = (before.spec.engine_version).is_later_than(after.spec.engine_version);
        for node in &mut after.nodes {
            node.image.clone_from(&group.spec.image);
            node.discards_data = is_earlier && !group.is_recorded_primary(before);
        }
        if let Some(reason) = self.lacks_room(before, &after).await {
            return self.undo_roll(group, before, &reason).await;
        }
        match self
            .world
            .ensure_node_image(&after, group.spec.image.as_ref())
            .await
        {
            Ok(_) => {}
            Err(Obstacle::NoImage(reason)) => {
                return self.undo_roll(group, before, &reason).await;
            }
            Err(
                Obstacle::NoFreeAddress(reason)
                | Obstacle::NoRoom(reason)
                | Obstacle::BadRestore(reason)
                | Obstacle::Passing(reason),
            ) => {
                return Err(Stop::Obstacle(reason));
            }
        }
        self.world
            .datastore
            .cache_cluster_request(&after, &[], NO_QUOTA)
            .await?;
        Ok(())
    }

    /// There is no image for what is wished of all: the group goes back to what `member` still is.
    async fn undo_roll(
        &self,
        group: &ReplicationGroup,
        member: &CacheCluster,
        reason: &str,
    ) -> Result<(), Stop> {
        let primaries = group
            .members
            .iter()
            .filter(|one| group.is_recorded_primary(one));
        let is_begun = |primary: &CacheCluster| {
            let version = primary.spec.engine_version;
            version.is_later_than(member.spec.engine_version)
        };
        if primaries.into_iter().any(is_begun) {
            // What it has written by now, no member of the former version can read.
            return Err(Stop::Obstacle(reason.to_owned()));
        }
        let mut undone = group.clone();
        undone.spec.engine_version = member.spec.engine_version;
        undone.spec.node_type = member.spec.node_type;
        undone.spec.transit_encryption = member.spec.transit_encryption;
        undone.spec.parameter_group_name = member.spec.parameter_group_name.clone();
        let node = member.nodes.first();
        undone.spec.image = node.and_then(|node| node.image.clone());
        let mut events = Vec::new();
        undone.changes.retain(|change| {
            let text = match change {
                GroupChange::EngineVersion(_, to) => {
                    format!("Failed to upgrade the engine to version {to}. {reason}")
                }
                GroupChange::NodeType(_, to) => {
                    format!("Failed applying modification to cache node type to {to}. {reason}")
                }
                GroupChange::ServiceUpdate(name) => {
                    format!("Failed to apply service update {name}. {reason}")
                }
                GroupChange::TransitEncryption(..) => {
                    format!("Failed to change encryption in transit. {reason}")
                }
                GroupChange::ReplicaCount(..)
                | GroupChange::NodeGroupCount(..)
                | GroupChange::AutomaticFailover(_)
                | GroupChange::Promotion(_)
                | GroupChange::ClusterMode(..)
                | GroupChange::UserGroup(..)
                | GroupChange::AuthToken(_) => return true,
            };
            events.push(self.event(group, text));
            false
        });
        if undone.spec == group.spec {
            // It is rolled for something that needs no other image: the one that there was is to be had again.
            return Err(Stop::Obstacle(reason.to_owned()));
        }
        undone.raise_generation();
        self.world
            .datastore
            .replication_group_request(&undone, &[], &events, NO_QUOTA)
            .await?;
        Ok(())
    }

    /// A primary has taken over that is of a later version than is wished by now: all follow it.
    pub(super) async fn keep_version(
        &self,
        group: &ReplicationGroup,
        primary: usize,
    ) -> Result<(), Stop> {
        let spec = &group.members[primary].spec;
        let mut kept = group.clone();
        kept.spec.engine_version = spec.engine_version;
        let node = group.members[primary].nodes.first();
        kept.spec.image = node.and_then(|node| node.image.clone());
        kept.spec.parameter_group_name = spec.parameter_group_name.clone();
        kept.raise_generation();
        let text = format!(
            "The engine stays at version {} {}: the primary {} runs it, and no earlier one can read its data.",
            spec.engine_version.engine, spec.engine_version.version, spec.cache_cluster_id
        );
        let store = &self.world.datastore;
        store
            .replication_group_request(&kept, &[], &[self.event(group, text)], NO_QUOTA)
            .await?;
        Ok(())
    }

    /// Why what a member holds does not fit what it is to become; what cannot be asked is not known to be too much.
    async fn lacks_room(&self, before: &CacheCluster, after: &CacheCluster) -> Option<String> {
        if after.spec.node_type.maxmemory_bytes >= before.spec.node_type.maxmemory_bytes {
            return None;
        }
        let endpoint = self.endpoint(before).ok()?;
        let report = self.world.engine.probe(&endpoint, COMMAND_DEADLINE).await;
        let report = report.inspect_err(|error| {
            tracing::debug!(
                reason = describe(error),
                "A node does not tell what it holds"
            );
        });
        crate::reconcile::node::too_much(after, report.ok()?.used_memory_bytes)
    }
}
