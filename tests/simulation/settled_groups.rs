//! What must hold of replication groups when all is calm and everything has settled.

use std::collections::BTreeSet;

use cacheplane::resources::replication_group::{GroupEndpoint, ReplicationGroup};
use cacheplane::resources::status::{self, ReplicationGroupStatus as Status};
use cacheplane::routing::RouteKind;

use crate::groups::container;
use crate::process::ENDPOINT_NETWORK;
use crate::run::{REPLICATION_GROUPS, Simulation};
use crate::settled_clusters;

/// Everything.
pub async fn check(sim: &mut Simulation) -> Result<(), String> {
    let store = &sim.process.plain;
    let unsettled = store.access_is_unsettled().await;
    if unsettled.map_err(|error| error.to_string())? {
        return Err("a change of a user waits and nobody has to follow it".to_owned());
    }
    let unconverged = store.replication_group_list_unconverged().await;
    let unconverged = unconverged.map_err(|error| error.to_string())?;
    if !unconverged.is_empty() {
        return Err(format!("groups are not as wished: {unconverged:?}"));
    }
    let groups: Vec<ReplicationGroup> = sim.ledger.groups.records.values().cloned().collect();
    for group in &groups {
        let id = &group.spec.replication_group_id;
        sim.actions.clear();
        sim.run(sim.place(REPLICATION_GROUPS), group.key).await?;
        if let Some(action) = sim.actions.iter().find(|action| action.has_effect()) {
            return Err(format!("{id} was settled, and {action:?} is done"));
        }
        let checked = match status::replication_group(group) {
            Status::Available if group.sharding.is_some() => {
                match settled_clusters::check_available(sim, group).await {
                    Ok(()) => Ok(()),
                    Err(text) => Err(format!("{text}\n{}", settled_clusters::picture(sim).await)),
                }
            }
            Status::Available => check_available(sim, group).await,
            Status::CreateFailed => check_failed(group),
            status => Err(format!("it is {}", status.word())),
        };
        checked.map_err(|text| format!("{id}: {text}: {group:#?}"))?;
    }
    Ok(())
}

fn check_failed(group: &ReplicationGroup) -> Result<(), String> {
    let holds = group.primary_endpoint.is_allocated() || group.reader_endpoint.is_allocated();
    match holds || !group.members.is_empty() {
        true => Err("its creation failed, and something is left of it".to_owned()),
        false => Ok(()),
    }
}

/// One primary, at its endpoint, with all that was acknowledged; everybody else follows it and has the same.
async fn check_available(sim: &Simulation, group: &ReplicationGroup) -> Result<(), String> {
    if let Some(reason) = &group.blocked_by {
        return Err(format!("it is still held up: {reason}"));
    }
    if group.test_failover.is_some() || !group.primary.is_confirmed() {
        return Err("a failover is not over".to_owned());
    }
    for member in &group.members {
        let id = &member.spec.cache_cluster_id;
        let name = container(member);
        let report = sim
            .look(&name)
            .await
            .ok_or_else(|| format!("{id} does not answer"))?;
        let replication = report
            .replication
            .ok_or_else(|| format!("{id} does not replicate"))?;
        let is_primary = group.is_primary(member);
        match (is_primary, &replication.primary) {
            (true, None) => {}
            (false, Some(_)) if replication.link_up && !replication.syncing => {}
            _ => return Err(format!("{id} does not do its part: {replication:?}")),
        }
        if !group.has_joined(member) {
            return Err(format!("{id} has not joined"));
        }
        if !group.has_access(member) {
            return Err(format!("{id} does not have its users"));
        }
        let is_behind = group.spec.guarded != member.spec.guarded
            || member.spec.engine_version != group.spec.engine_version
            || member.spec.node_type != group.spec.node_type;
        if is_behind {
            return Err(format!("{id} is another than the group wishes"));
        }
        let holders = containers_at(sim, group);
        if group.primary_endpoint.address.is_some() && holders.contains(&name) != is_primary {
            return Err(format!("the primary endpoint is at {holders:?}"));
        }
        let lost = sim
            .ledger
            .groups
            .acknowledged
            .iter()
            .filter(|(_, (key, _))| *key == group.key)
            .find(|(value, _)| sim.outside.host.memory_get(&name, value).is_none());
        if let Some((value, (_, holders))) = lost
            && sim.ledger.keeps_count
        {
            return Err(format!(
                "{id} lacks {value}, which was acknowledged and last held by {holders:?}"
            ));
        }
    }
    check_routes(sim, group)
}

/// The containers that have the primary endpoint's address.
pub fn containers_at(sim: &Simulation, group: &ReplicationGroup) -> BTreeSet<String> {
    sim.outside
        .host
        .containers()
        .into_iter()
        .filter(|found| {
            let held = found.addresses.get(ENDPOINT_NETWORK).copied();
            held.is_some() && held == group.primary_endpoint.address
        })
        .map(|found| found.name)
        .collect()
}

/// Reads go to all replicas, and to the primary where there is none; what a router serves of writes goes to the primary.
fn check_routes(sim: &Simulation, group: &ReplicationGroup) -> Result<(), String> {
    let address = |replicas: bool| -> BTreeSet<String> {
        let members = group
            .members
            .iter()
            .filter(|member| group.is_primary(member) != replicas);
        members
            .filter_map(|member| {
                let node = member.nodes.first()?;
                Some(format!(
                    "{}:{}",
                    node.address?,
                    node.engine_port(&member.spec)
                ))
            })
            .collect()
    };
    let (primary, replicas) = (address(false), address(true));
    let readers = if replicas.is_empty() {
        &primary
    } else {
        &replicas
    };
    let tables = sim.outside.tables.lock().expect("lock the tables");
    for (endpoint, expected) in [
        (GroupEndpoint::Reader, readers),
        (GroupEndpoint::Primary, &primary),
    ] {
        let chosen = group.endpoint(endpoint);
        if endpoint == GroupEndpoint::Primary && chosen.published_port.is_none() {
            continue;
        }
        let port = chosen.published_port.unwrap_or(group.spec.port);
        let served: Vec<BTreeSet<String>> = tables
            .values()
            .flat_map(|(_, routes)| &routes.routes)
            .filter(|route| route.listen.address == chosen.address && route.listen.port == port)
            .filter_map(|route| match &route.kind {
                RouteKind::Forward { targets, .. } => Some(
                    targets
                        .iter()
                        .map(|target| format!("{}:{}", target.address, target.port))
                        .collect(),
                ),
                RouteKind::MemcachedDiscovery { .. } => None,
            })
            .collect();
        if served != [expected.clone()] {
            return Err(format!(
                "the routers serve {served:?} at its {endpoint:?} endpoint, and not {expected:?}"
            ));
        }
    }
    Ok(())
}
