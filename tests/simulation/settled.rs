//! What must hold when all is calm and everything has settled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cacheplane::control_plane::reconcilers;
use cacheplane::datastore::EventFilter;
use cacheplane::engine::simulated::SimulatedEngine;
use cacheplane::engine::{Engine as _, NodeEndpoint, Protocol};
use cacheplane::reconcile::audit::audit;
use cacheplane::resources::cache_cluster::{CacheCluster, CacheNode, Observation};
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::event::SourceType;
use cacheplane::resources::status::{self, CacheClusterStatus as Status};
use cacheplane::resources::timestamp::Timestamp;
use cacheplane::routing::RouteKind;
use cacheplane::runtime::simulated::Operation;

use crate::ledger::{identity, is_routers};
use crate::parameters;
use crate::process::{OWNER, encryption_for};
use crate::run::{CACHE_CLUSTERS, REPLICATION_GROUPS, Simulation};
use crate::settled_groups;
use crate::tale::Tale;
use crate::turns::Action;

/// Everything.
pub async fn check(sim: &mut Simulation) -> Result<(), String> {
    check_repetition(sim).await?;
    sim.outside.turns.open(true);
    let findings = audit(&sim.process.world)
        .await
        .map_err(|error| format!("{error:#}"))?;
    if !findings.is_empty() {
        return Err(format!("the audit finds {findings:#?}"));
    }
    let clusters: Vec<CacheCluster> = sim.ledger.clusters.values().cloned().collect();
    for cluster in &clusters {
        let id = &cluster.spec.cache_cluster_id;
        check_record(cluster).map_err(|text| format!("{id}: {text}: {cluster:#?}"))?;
        for node in cluster.wished_nodes().filter(|_| cluster.failure.is_none()) {
            check_node(sim, cluster, node)
                .await
                .map_err(|text| format!("{id}: {text}: {node:#?}"))?;
        }
    }
    check_host(sim, &clusters)?;
    check_routes(sim, &clusters)?;
    sim.outside.turns.open(false);
    settled_groups::check(sim).await?;
    check_events(sim, &clusters).await?;
    sim.outside.turns.open(false);
    Ok(())
}

/// Every action is safe to repeat, and there is none left: no reconciler changes anything any more.
async fn check_repetition(sim: &mut Simulation) -> Result<(), String> {
    let picture = |sim: &Simulation| {
        let tables = sim.outside.tables.lock().expect("lock the tables").clone();
        let host = &sim.outside.host;
        format!(
            "{:?} {:?} {:?} {tables:?} {:?}",
            host.containers(),
            host.network_names(),
            host.volume_names(),
            sim.ledger.clusters
        )
    };
    let before = picture(sim);
    sim.actions.clear();
    let keys: Vec<i64> = sim.ledger.clusters.keys().copied().collect();
    for key in keys {
        sim.run(sim.place(CACHE_CLUSTERS), key).await?;
    }
    let groups: Vec<i64> = sim.ledger.groups.records.keys().copied().collect();
    for key in groups {
        sim.run(sim.place(REPLICATION_GROUPS), key).await?;
    }
    let is_write = |action: &&Action| matches!(action, Action::Write(_));
    if let Some(write) = sim.actions.iter().find(is_write) {
        return Err(format!("what was settled is not: {write:?}"));
    }
    for index in 0..reconcilers(&sim.process.world).len() {
        sim.run_all(index).await?;
    }
    let has_effect = |action: &&Action| match action {
        Action::Write(_) => false,
        Action::Push(_) => true,
        Action::Call(operation, _) => {
            let ensures = [
                Operation::NetworkCreate,
                Operation::VolumeCreate,
                Operation::ImageImport,
            ];
            !operation.is_observation() && !ensures.contains(operation)
        }
    };
    if let Some(action) = sim.actions.iter().find(has_effect) {
        return Err(format!("with nothing to do, {action:?} is done"));
    }
    if picture(sim) != before {
        return Err("with nothing to do, something is changed".to_owned());
    }
    Ok(())
}

fn check_record(cluster: &CacheCluster) -> Result<(), String> {
    if let Some(reason) = &cluster.blocked_by {
        return Err(format!("it is still held up: {reason}"));
    }
    match status::cache_cluster(cluster) {
        Status::Available => Ok(()),
        Status::Failed | Status::IncompatibleNetwork => {
            let holds = cluster
                .nodes
                .iter()
                .any(|node| node.address.is_some() || node.published_port.is_some())
                || cluster.configuration_endpoint.is_allocated();
            if holds {
                Err("it failed, and holds addresses".to_owned())
            } else {
                Ok(())
            }
        }
        status => Err(format!("it is {}", status.word())),
    }
}

async fn check_node(
    sim: &Simulation,
    cluster: &CacheCluster,
    node: &CacheNode,
) -> Result<(), String> {
    let name = identity(cluster, node).container_name(OWNER);
    let host = &sim.outside.host;
    let observed = host
        .containers()
        .into_iter()
        .find(|found| found.name == name)
        .ok_or("it has no container")?;
    let spec = host.container_spec(&name).ok_or("it has no container")?;
    let Observation::Known(known) = &node.observation else {
        return Err("it is not known".to_owned());
    };
    if observed.started_at.as_ref() != Some(&known.started_at) || spec.generation != node.generation
    {
        return Err(format!("its container is another: {observed:?}"));
    }
    if !engine::image_candidates(cluster.spec.engine_version).contains(&spec.image) {
        return Err(format!("it runs {}", spec.image));
    }
    let endpoint = NodeEndpoint {
        host: match node.published_port {
            Some(_) => "127.0.0.1".to_owned(),
            None => node
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
        },
        port: node.engine_port(&cluster.spec),
        protocol: match cluster.spec.engine() {
            Engine::Memcached => Protocol::Memcached,
            Engine::Redis | Engine::Valkey => Protocol::Redis,
        },
        administrator: None,
        encryption: encryption_for(cluster.spec.transit_encryption),
    };
    let report = SimulatedEngine::new(host.clone())
        .probe(&endpoint, Duration::ZERO)
        .await
        .map_err(|error| format!("it does not answer at its endpoint: {error}"))?;
    // Part of it is reserved, or a little more is told for Memcached; other node types have less than half, or twice as much.
    let bytes = cluster.spec.node_type.maxmemory_bytes;
    if !report
        .maxmemory_bytes
        .is_some_and(|limit| (bytes / 2..=bytes / 10 * 11).contains(&limit))
    {
        return Err(format!(
            "it has {:?} of the {bytes} bytes of its node type",
            report.maxmemory_bytes
        ));
    }
    parameters::check(host, &name, cluster, node)?;
    if let Some(keys) = sim.ledger.keys.get(&name)
        && let Some(lost) = keys
            .durable
            .iter()
            .chain(&keys.volatile)
            .find(|key| host.memory_get(&name, key).is_none())
    {
        return Err(format!("it lost {lost}"));
    }
    Ok(())
}

/// Nothing is on the host that is not on record, and nothing twice.
fn check_host(sim: &Simulation, clusters: &[CacheCluster]) -> Result<(), String> {
    let host = &sim.outside.host;
    let mut addresses = BTreeSet::new();
    let mut ports = BTreeSet::new();
    for container in host.containers() {
        if !is_routers(&container.name) && sim.ledger.node(&container.name).is_none() {
            return Err(format!("{} is on nobody's record", container.name));
        }
        let spec = host
            .container_spec(&container.name)
            .ok_or("it was just there")?;
        let shared = container
            .addresses
            .values()
            .any(|address| !addresses.insert(*address))
            || spec
                .published_ports
                .iter()
                .any(|port| !ports.insert(port.host_port));
        if shared {
            return Err(format!("{} shares an address or a port", container.name));
        }
    }
    if host.network_names().len() > 2 {
        return Err(format!("there are networks {:?}", host.network_names()));
    }
    let failed = clusters.iter().filter(|cluster| cluster.failure.is_some());
    match failed
        .flat_map(|cluster| &cluster.nodes)
        .find(|node| node.observation != Observation::Absent)
    {
        Some(node) => Err(format!("a cache cluster failed, and {node:?} is there")),
        None => Ok(()),
    }
}

/// The routers tell of exactly the nodes that are there, under the version on record.
fn check_routes(sim: &Simulation, clusters: &[CacheCluster]) -> Result<(), String> {
    let mut expected = BTreeMap::new();
    for cluster in clusters
        .iter()
        .filter(|cluster| cluster.spec.has_configuration_endpoint() && cluster.failure.is_none())
    {
        let targets: BTreeSet<_> = cluster
            .wished_nodes()
            .filter_map(|node| Some((node.address?, node.engine_port(&cluster.spec))))
            .collect();
        let listens = (
            cluster.configuration_endpoint.address,
            cluster
                .configuration_endpoint
                .published_port
                .unwrap_or(cluster.spec.port),
        );
        expected.insert(
            listens,
            (cluster.configuration_endpoint.config_version, targets),
        );
    }
    let running: BTreeSet<String> = sim
        .outside
        .host
        .containers()
        .into_iter()
        .filter(|found| found.is_running())
        .map(|found| found.name)
        .collect();
    let tables = sim.outside.tables.lock().expect("lock the tables");
    let mut served = BTreeMap::new();
    for (router, (_, routes)) in tables.iter() {
        if !running.contains(router) {
            return Err(format!("{router} has a table and does not run"));
        }
        for route in &routes.routes {
            let RouteKind::MemcachedDiscovery {
                config_version,
                targets,
                nodes,
                ..
            } = &route.kind
            else {
                continue;
            };
            if nodes.len() != targets.len() {
                return Err(format!(
                    "{router} tells of other nodes than it forwards to: {route:?}"
                ));
            }
            let targets = targets
                .iter()
                .map(|target| (target.address, target.port))
                .collect();
            served.insert(
                (route.listen.address, route.listen.port),
                (*config_version, targets),
            );
        }
    }
    match served == expected {
        true => Ok(()),
        false => Err(format!(
            "the routers serve {served:#?} and not {expected:#?}"
        )),
    }
}

/// Each occurrence was told of once.
async fn check_events(sim: &Simulation, clusters: &[CacheCluster]) -> Result<(), String> {
    let scopes: BTreeSet<_> = clusters
        .iter()
        .map(|cluster| cluster.scope.clone())
        .chain(sim.ledger.gone.keys().map(|(scope, _)| scope.clone()))
        .collect();
    for scope in scopes {
        let filter = EventFilter {
            source_type: Some(SourceType::CacheCluster),
            source_identifier: None,
            from: Timestamp::from_millis(0),
            to: Timestamp::from_millis(i64::MAX),
            before_key: None,
        };
        let page = sim
            .process
            .plain
            .event_page(&scope, &filter, 1_000_000)
            .await
            .map_err(|error| error.to_string())?;
        let mut tales: BTreeMap<String, Tale> = BTreeMap::new();
        for (_, event) in page.items.into_iter().rev() {
            let tale = tales.entry(event.source_identifier.clone()).or_default();
            tale.hear(&event.message).map_err(|text| {
                format!(
                    "{}: {text}; it was told {:#?}",
                    event.source_identifier, tale.told
                )
            })?;
        }
        for ((_, id), gone) in sim.ledger.gone.iter().filter(|((of, _), _)| *of == scope) {
            let deleted = tales.entry(id.clone()).or_default().deleted;
            if deleted != *gone {
                return Err(format!(
                    "{id} is gone {gone} times, and {deleted} times it was told"
                ));
            }
        }
        for cluster in clusters.iter().filter(|cluster| cluster.scope == scope) {
            let id = &cluster.spec.cache_cluster_id;
            let tale = tales.entry(id.clone()).or_default();
            let changes = sim
                .ledger
                .changes
                .get(&cluster.key)
                .copied()
                .unwrap_or_default();
            tale.end(cluster, changes)
                .map_err(|text| format!("{id}: {text}; it was told {:#?}", tale.told))?;
        }
    }
    Ok(())
}
