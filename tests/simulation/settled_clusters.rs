//! What must hold of clusters when all is calm and everything has settled.

use std::collections::BTreeMap;
use std::time::Duration;

use cacheplane::engine::Engine as _;
use cacheplane::engine::cluster::{ClusterView, NodeHealth};
use cacheplane::engine::simulated::SimulatedEngine;
use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::resources::replication_group::sharding::NodeGroup;
use cacheplane::resources::slots::{SlotSet, key_slot};

use crate::clusters::{Acknowledged, endpoint_of, is_as_late};
use crate::group_client::node_groups;
use crate::groups::container;
use crate::run::Simulation;
use crate::settled_groups::containers_at;

/// Every slot has one owner by what each node believes, and that is on record; every key is with the owner of its slot and those that follow
/// it, and nowhere else; and whatever was acknowledged is there.
pub async fn check_available(sim: &Simulation, group: &ReplicationGroup) -> Result<(), String> {
    if let Some(reason) = &group.blocked_by {
        return Err(format!("it is still held up: {reason}"));
    }
    check_record(group)?;
    check_endpoints(sim, group)?;
    let mut views = BTreeMap::new();
    for member in &group.members {
        let id = &member.spec.cache_cluster_id;
        let view = view(sim, member).await;
        let view = view.map_err(|text| format!("{id} does not answer: {text}"))?;
        views.insert(id.clone(), view);
    }
    for member in &group.members {
        let id = &member.spec.cache_cluster_id;
        check_member(group, member)
            .and_then(|()| check_view(group, &views, member))
            .and_then(|()| check_keys(sim, group, member))
            .map_err(|text| format!("{id}: {text}"))?;
    }
    Ok(())
}

/// Slots are shared out among the node groups, and where they shall be.
fn check_record(group: &ReplicationGroup) -> Result<(), String> {
    let mut all = SlotSet::EMPTY;
    for one in node_groups(group) {
        if one.test_failover.is_some() {
            return Err(format!("the failover of {} is not over", one.id));
        }
        if one.slots != one.slots_served {
            return Err(format!(
                "{} serves {} and not {}",
                one.id, one.slots_served, one.slots
            ));
        }
        if !all.intersection(&one.slots).is_empty() {
            return Err(format!("{} has slots of others", one.id));
        }
        if one.slots.is_empty() {
            return Err(format!("{} has no slots", one.id));
        }
        all = all.union(&one.slots);
    }
    match all.is_complete() {
        true => Ok(()),
        false => Err(format!("only {all} are shared out")),
    }
}

/// It has the endpoints of its cluster mode; in network mode its primary endpoint, where it has one, is its primary itself.
fn check_endpoints(sim: &Simulation, group: &ReplicationGroup) -> Result<(), String> {
    let spare = group.spare_endpoints();
    if group.lacks_endpoint() || !spare.is_empty() {
        return Err(format!("it lacks an endpoint, or has {spare:?} yet"));
    }
    if group.primary_endpoint.address.is_none() {
        return Ok(());
    }
    let is_primary = |member: &&CacheCluster| group.is_recorded_primary(member);
    let primary = group.members.iter().filter(is_primary).map(container);
    let at = containers_at(sim, group);
    match at == primary.collect() {
        true => Ok(()),
        false => Err(format!("the primary endpoint is at {at:?}")),
    }
}

fn check_member(group: &ReplicationGroup, member: &CacheCluster) -> Result<(), String> {
    if !group.has_joined(member) {
        return Err("it has not joined".to_owned());
    }
    if !group.has_access(member) {
        return Err("it does not have its users".to_owned());
    }
    let is_behind = group.spec.guarded != member.spec.guarded
        || member.spec.engine_version != group.spec.engine_version
        || member.spec.node_type != group.spec.node_type;
    match is_behind {
        true => Err("it is another than the group wishes".to_owned()),
        false => Ok(()),
    }
}

/// What a node believes is what is on record.
fn check_view(
    group: &ReplicationGroup,
    views: &BTreeMap<String, ClusterView>,
    member: &CacheCluster,
) -> Result<(), String> {
    let view = &views[&member.spec.cache_cluster_id];
    if !view.is_ok || !view.open_slots.is_empty() {
        return Err(format!("not all is in order: {view:?}"));
    }
    let known: Vec<_> = view.others.iter().map(|other| &other.node_id).collect();
    let is_member = |id: &&String| views.values().any(|view| view.myself.node_id == **id);
    if known.len() + 1 != views.len() || !known.iter().all(is_member) {
        return Err(format!("it knows {:?}", view.others));
    }
    let is_unwell = |health: NodeHealth| health != NodeHealth::Well;
    if let Some(other) = view.others.iter().find(|other| is_unwell(other.health)) {
        return Err(format!("it does not hear {other:?}"));
    }
    for one in node_groups(group) {
        let primary = one.primary.as_ref().and_then(|id| views.get(id));
        let primary = primary.ok_or_else(|| format!("{} has no primary on record", one.id))?;
        let found = view
            .nodes()
            .find(|node| node.node_id == primary.myself.node_id);
        if found.is_none_or(|found| found.slots != one.slots) {
            return Err(format!(
                "{} shall have {}, and it knows {found:?}",
                one.id, one.slots
            ));
        }
    }
    check_part(group, views, member)
}

/// The primary on record is one, and the others of its node group follow it.
fn check_part(
    group: &ReplicationGroup,
    views: &BTreeMap<String, ClusterView>,
    member: &CacheCluster,
) -> Result<(), String> {
    let id = &member.spec.cache_cluster_id;
    let view = &views[id];
    let one = node_group_of(group, member).ok_or("it is of no node group")?;
    let replication = view.report.replication.as_ref();
    let replication = replication.ok_or("it does not replicate")?;
    let primary = one.primary.as_deref().unwrap_or_default();
    let follows = view.myself.primary_id.as_ref();
    let does_its_part = match primary == id {
        true => follows.is_none() && replication.primary.is_none(),
        false => {
            let leader = views.get(primary).map(|view| &view.myself.node_id);
            follows == leader && replication.link_up && !replication.syncing
        }
    };
    match does_its_part {
        true => Ok(()),
        false => Err(format!("it does not do its part: {view:?}")),
    }
}

/// It holds what its slots hold, and all that was acknowledged of them.
fn check_keys(
    sim: &Simulation,
    group: &ReplicationGroup,
    member: &CacheCluster,
) -> Result<(), String> {
    let one = node_group_of(group, member).ok_or("it is of no node group")?;
    let (name, host) = (container(member), &sim.outside.host);
    let is_own = |key: &String| one.slots.contains(key_slot(key.as_bytes()));
    let held = host.memory_keys(&name);
    if let Some(key) = held.iter().find(|key| !is_own(key)) {
        return Err(format!(
            "it holds {key} of slot {}",
            key_slot(key.as_bytes())
        ));
    }
    let acknowledged = &sim.ledger.sharded.acknowledged;
    let mut own = acknowledged
        .iter()
        .filter(|(key, known)| known.group == group.key && is_own(key));
    let lacks = |key: &str, known: &Acknowledged| {
        !is_as_late(host.memory_get(&name, key).as_deref(), known.number)
    };
    match own.find(|(key, known)| lacks(key, known)) {
        Some((key, known)) if sim.ledger.keeps_count => Err(format!(
            "it holds {:?} as {key} of slot {}, and {known:?} was acknowledged",
            host.memory_get(&name, key),
            key_slot(key.as_bytes())
        )),
        _ => Ok(()),
    }
}

fn node_group_of<'a>(group: &'a ReplicationGroup, member: &CacheCluster) -> Option<&'a NodeGroup> {
    let id = member.membership.as_ref()?.node_group?;
    node_groups(group).iter().find(|one| one.id == id)
}

/// What each member of each cluster believes, and holds; for whoever must find out why.
pub async fn picture(sim: &Simulation) -> String {
    let mut lines = Vec::new();
    for group in sim.ledger.groups.records.values() {
        for one in node_groups(group) {
            lines.push(format!(
                "node group {} shall serve {} and serves {}, by {:?}, giver {:?}",
                one.id, one.slots, one.slots_served, one.primary, one.giver_run
            ));
        }
        for member in &group.members {
            let id = &member.spec.cache_cluster_id;
            let keys = sim.outside.host.memory_keys(&container(member)).len();
            lines.push(match view(sim, member).await {
                Ok(view) => format!("{id} holds {keys} keys: {}", described(&view)),
                Err(error) => format!("{id} does not answer: {error}"),
            });
        }
    }
    lines.join("\n")
}

fn described(view: &ClusterView) -> String {
    let nodes = view.nodes().map(|node| {
        let (id, primary) = (node.node_id.get(..5), node.primary_id.as_ref());
        let primary = primary.map(|id| id.get(..5).unwrap_or_default());
        let id = id.unwrap_or_default();
        format!(
            "{id} {:?} {} at {} follows {primary:?}",
            node.health, node.slots, node.host
        )
    });
    let nodes: Vec<String> = nodes.collect();
    let open: Vec<String> = view
        .open_slots
        .iter()
        .take(3)
        .map(|open| format!("{} {:?}", open.slot, open.state))
        .collect();
    format!(
        "{} epoch {} {} {} open {open:?}",
        view.is_ok,
        view.own_epoch,
        nodes.join("; "),
        view.open_slots.len()
    )
}

async fn view(sim: &Simulation, member: &CacheCluster) -> Result<ClusterView, String> {
    let at = endpoint_of(member).ok_or("it has no address")?;
    // It is the test that looks: that is nobody's turn.
    let was_open = sim.outside.turns.open(true);
    let engine = SimulatedEngine::new(sim.outside.host.clone());
    let view = engine.cluster_view(&at, Duration::ZERO).await;
    sim.outside.turns.open(was_open);
    view.map_err(|error| error.to_string())
}
