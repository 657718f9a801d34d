//! Compares records with the world: what should not be there, and what should. Changes nothing.

use std::collections::BTreeSet;

use super::{World, identity};
use crate::resources::cache_cluster::Observation;
use crate::resources::cluster_mode::ClusterMode;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::replication_group::sharding::Sharding;
use crate::resources::slots::Coverage;
use crate::runtime::ContainerObserved;

/// What an audit found amiss, each a sentence; empty when all is well.
///
/// # Errors
/// Where the database or the container engine cannot be read.
pub async fn audit(world: &World) -> anyhow::Result<Vec<String>> {
    let clusters = world.datastore.cache_cluster_list().await?;
    let routers = world.datastore.router_list().await?;
    let owner = &world.ground.owner;
    let mut containers = BTreeSet::new();
    let mut volumes = BTreeSet::new();
    let mut findings = Vec::new();
    for cluster in &clusters {
        let name = &cluster.spec.cache_cluster_id;
        for node in &cluster.nodes {
            let identity = identity(cluster, node);
            match &node.observation {
                Observation::Absent => {}
                Observation::Unknown => {
                    findings.push(format!("nothing is known of {name} {}", node.cache_node_id))
                }
                Observation::Known(_) => {
                    containers.insert(identity.container_name(owner));
                    if cluster.spec.engine().speaks_resp() {
                        volumes.insert(identity.volume_name(owner));
                    }
                }
            }
        }
        let unallocated = cluster.wished_nodes().any(|node| node.address.is_none());
        if cluster.failure.is_none() && unallocated {
            findings.push(format!("{name} has nodes without an address"));
        }
    }
    for router in &routers {
        let name = world.ground.router_container(&router.name);
        volumes.insert(format!("{name}.state"));
        containers.insert(name);
    }
    let observed = world.runtime.containers().await?;
    let seen: BTreeSet<String> = observed
        .iter()
        .filter(|container| container.is_running())
        .map(|container| container.name.clone())
        .collect();
    let kept: BTreeSet<String> = world
        .runtime
        .volumes()
        .await?
        .into_iter()
        .map(|volume| volume.name)
        .collect();
    compare(&mut findings, "container", &containers, &seen);
    compare(&mut findings, "volume", &volumes, &kept);
    let objects = world.datastore.snapshot_objects().await?;
    let stored = world.stores.own.list().await?;
    let (objects, stored) = (objects.into_iter().collect(), stored.into_iter().collect());
    compare(&mut findings, "object", &objects, &stored);
    for (key, _) in world.datastore.cache_cluster_list_unconverged().await? {
        findings.push(format!("the cache cluster with key {key} is not as wished"));
    }
    for group in world.datastore.replication_group_list().await? {
        audit_group(&mut findings, world, &group, &observed);
    }
    for (key, _) in world.datastore.replication_group_list_unconverged().await? {
        findings.push(format!(
            "the replication group with key {key} is not as wished"
        ));
    }
    for (key, _) in world.datastore.access_list_unconverged().await? {
        findings.push(format!(
            "a node of the replication group with key {key} does not have its users"
        ));
    }
    if world.datastore.access_is_unsettled().await? {
        findings.push("a change of a user waits and nobody has to follow it".to_owned());
    }
    Ok(findings)
}

/// Each node group is served by one of its members, and each slot shall be in one of them.
fn audit_node_groups(group: &ReplicationGroup, sharding: &Sharding) -> Vec<String> {
    let name = &group.spec.replication_group_id;
    let mut findings = Vec::new();
    let wished = sharding.node_groups.iter().map(|one| &one.slots);
    if !Coverage::of(wished).is_exact() {
        findings.push(format!("{name} wishes some slots nowhere, or twice"));
    }
    for node_group in &sharding.node_groups {
        let Some(primary) = &node_group.primary else {
            continue;
        };
        let mut members = group.shard_members(node_group.id);
        let is_member = members.any(|(_, member)| member.spec.cache_cluster_id == *primary);
        if !is_member {
            findings.push(format!(
                "{name} has no member {primary}, which serves node group {}",
                node_group.id
            ));
        }
    }
    findings
}

/// A group has its primary among its members, and that one alone has the primary endpoint's address, where there is that endpoint.
fn audit_group(
    findings: &mut Vec<String>,
    world: &World,
    group: &ReplicationGroup,
    containers: &[ContainerObserved],
) {
    let name = &group.spec.replication_group_id;
    if group.failure.is_some() || group.deletion_requested_at.is_some() {
        return;
    }
    if let Some(sharding) = &group.sharding {
        findings.extend(audit_node_groups(group, sharding));
    }
    let node_group = group.sharding.iter().flat_map(|it| &it.node_groups).next();
    let primary = match (group.spec.cluster_mode, node_group) {
        (ClusterMode::Enabled, _) => return,
        (_, Some(one)) => match one.primary.as_deref() {
            Some(primary) => primary,
            None => return,
        },
        (_, None) => &group.primary.cache_cluster_id,
    };
    let Some(primary) = group.member(primary) else {
        findings.push(format!(
            "{name} has no member {primary}, which is its primary"
        ));
        return;
    };
    let Some(address) = group.primary_endpoint.address else {
        return;
    };
    let network = &world.ground.endpoint_network.name;
    let holders: BTreeSet<String> = containers
        .iter()
        .filter(|container| container.addresses.get(network) == Some(&address))
        .map(|container| container.name.clone())
        .collect();
    let expected: BTreeSet<String> = primary
        .nodes
        .iter()
        .map(|node| identity(primary, node).container_name(&world.ground.owner))
        .collect();
    if holders != expected {
        findings.push(format!(
            "the primary endpoint of {name} is at {holders:?} and not at {expected:?}"
        ));
    }
}

fn compare(
    findings: &mut Vec<String>,
    what: &str,
    recorded: &BTreeSet<String>,
    seen: &BTreeSet<String>,
) {
    findings.extend(
        recorded
            .difference(seen)
            .map(|name| format!("no {what} for the record of {name}")),
    );
    findings.extend(
        seen.difference(recorded)
            .map(|name| format!("no record for the {what} {name}")),
    );
}
