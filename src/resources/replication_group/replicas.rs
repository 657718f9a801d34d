//! More replicas and fewer: where new ones lie, and which ones go (behaviour.md section 12).

use super::{CacheCluster, GroupChange, REPLICAS_MAX, ReplicationGroup};
use crate::resources::timestamp::Timestamp;
use crate::resources::violation::Violation;

/// A number of replicas that a node group may have (text: behaviour.md section 40).
///
/// # Errors
/// `InvalidParameterValue` outside 0 to 5.
pub fn replica_count(wanted: i32) -> Result<u32, Violation> {
    u32::try_from(wanted)
        .ok()
        .filter(|count| *count <= REPLICAS_MAX)
        .ok_or_else(|| {
            Violation::value(format!(
                "The number of replicas per node group must be within 0 and {REPLICAS_MAX}."
            ))
        })
}

impl ReplicationGroup {
    /// The zones of the members that shall stay, in the order of their making.
    pub fn zones(&self) -> Vec<String> {
        self.wished_members().filter_map(zone).cloned().collect()
    }

    /// Wishes for more replicas: their ids and zones.
    pub fn add_replicas(&mut self, replicas: &[(String, String)], now: Timestamp) {
        let from = self.wished_replica_count();
        for (id, zone) in replicas {
            let member = self.new_member(id, zone, now);
            self.members.push(member);
        }
        self.change_replica_count(from);
    }

    /// Wishes the replicas with these ids away, and with them what was wished of them in particular.
    pub fn remove_replicas(&mut self, ids: &[String], now: Timestamp) {
        let from = self.wished_replica_count();
        let primary = self.primary.cache_cluster_id.clone();
        for member in self.members.iter_mut().filter(|member| {
            let id = &member.spec.cache_cluster_id;
            member.deletion_requested_at.is_none() && *id != primary && ids.contains(id)
        }) {
            member.deletion_requested_at = Some(now);
        }
        for named in [
            &mut self.pending.primary_cluster_id,
            &mut self.spec.snapshotting_cluster_id,
        ] {
            named.take_if(|id| ids.contains(id));
        }
        self.change_replica_count(from);
    }

    /// Which `count` replicas the service lets go. Never the primary; each time one of the most crowded zone, then one that does not
    /// do its part, then the newest.
    pub fn dispensable_replicas(&self, count: usize) -> Vec<String> {
        let mut staying: Vec<(usize, &CacheCluster)> = self.wished_members().enumerate().collect();
        let mut leaving = Vec::new();
        for _ in 0..count {
            let crowd = |member: &CacheCluster| {
                let same = staying
                    .iter()
                    .filter(|(_, other)| zone(other) == zone(member));
                same.count()
            };
            let chosen = staying
                .iter()
                .filter(|(_, member)| !self.is_primary(member))
                .max_by_key(|(age, member)| (crowd(member), !self.has_joined(member), *age))
                .copied();
            let Some((age, member)) = chosen else {
                break;
            };
            staying.retain(|(other, _)| *other != age);
            leaving.push(member.spec.cache_cluster_id.clone());
        }
        leaving
    }

    fn change_replica_count(&mut self, from: u32) {
        let to = self.wished_replica_count();
        self.changes.push(GroupChange::ReplicaCount(from, to));
        self.raise_generation();
    }
}

fn zone(member: &CacheCluster) -> Option<&String> {
    member.nodes.first().map(|node| &node.zone)
}

/// Whether members in these zones can be Multi-AZ.
///
/// # Errors
/// `InvalidParameterValue` without a replica, in AWS's words; `InvalidParameterCombination` where all lie in one zone, or where
/// nobody takes over.
pub fn check_multi_az(zones: &[String], automatic_failover: bool) -> Result<(), Violation> {
    if !automatic_failover {
        return Err(Violation::combination(
            "Multi-AZ requires automatic failover to be enabled.",
        ));
    }
    if zones.len() < 2 {
        return Err(Violation::value(
            "Must have at least 1 replica for Multi-AZ enabled Replication Group",
        ));
    }
    if zones.iter().all(|zone| *zone == zones[0]) {
        return Err(Violation::combination(
            "Multi-AZ requires cache clusters in at least two availability zones.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
