//! What the routers serve: which endpoints there are, on which router, with which route, and who is told what came of it.

use std::hash::{DefaultHasher, Hash};
use std::sync::Arc;

use super::{SHARED, router_of_port};
use crate::planner::cache_cluster as planner;
use crate::reconcile::World;
use crate::reconcile::front::endpoint_certificate;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::engine_settings::AUTHORITY_FILE;
use crate::resources::event::Event;
use crate::resources::replication_group::{GroupEndpoint, ReplicationGroup};
use crate::routing::{DiscoveredNode, Listen, Route, RouteKind, RouteTls, Target};
use crate::runtime::ContainerFile;

/// An endpoint that a router serves, or will.
#[derive(Debug)]
pub(super) struct Served {
    /// The router's name.
    pub router: String,
    /// The port of the host that leads to it, in published mode.
    pub published_port: Option<u16>,
    /// What its router is told of it; none before there is something to tell.
    pub route: Option<Route>,
    /// Whose endpoint it is.
    owner: Owner,
}

/// Whose endpoint something is.
#[derive(Debug)]
enum Owner {
    /// A configuration endpoint.
    CacheCluster(Box<CacheCluster>),
    /// An endpoint of a replication group.
    ReplicationGroup(Arc<ReplicationGroup>, GroupEndpoint),
}

/// All endpoints that routers serve, or will.
pub(super) async fn all(world: &World) -> anyhow::Result<Vec<Served>> {
    let clusters = world.datastore.cache_cluster_list_routed().await?;
    let served = clusters
        .into_iter()
        .filter_map(|cluster| of_cache_cluster(world, cluster));
    let mut served: Vec<Served> = served.collect();
    for group in world.datastore.replication_group_list().await? {
        if group.deletion_requested_at.is_none() && group.failure.is_none() {
            let group = Arc::new(group);
            for endpoint in GroupEndpoint::ALL {
                served.extend(of_replication_group(world, &group, endpoint));
            }
        }
    }
    Ok(served)
}

/// Notes that the routers serve these.
pub(super) async fn record(world: &World, served: &[&Served]) -> anyhow::Result<()> {
    let mut clusters: Vec<(i64, u32)> = Vec::new();
    for one in served {
        match &one.owner {
            Owner::CacheCluster(cluster) => {
                let version = cluster.configuration_endpoint.config_version;
                clusters.push((cluster.key, version));
            }
            Owner::ReplicationGroup(group, endpoint) => {
                let route = group.route(*endpoint).unwrap_or_default();
                world
                    .datastore
                    .replication_group_record_served(group.key, *endpoint, &route)
                    .await?;
                world.activators.replication_group.wake();
            }
        }
    }
    if !clusters.is_empty() {
        world
            .datastore
            .cache_cluster_record_served(&clusters)
            .await?;
        world.activators.cache_cluster.wake();
    }
    Ok(())
}

impl Served {
    /// Whether its router has not taken what there is to tell now, as far as is recorded.
    pub(super) fn awaits_router(&self) -> bool {
        match &self.owner {
            Owner::CacheCluster(cluster) => {
                let endpoint = &cluster.configuration_endpoint;
                self.route.is_some() && endpoint.served_version != endpoint.config_version
            }
            Owner::ReplicationGroup(group, endpoint) => {
                self.route.is_some() && group.lacks_route(*endpoint)
            }
        }
    }

    /// What changes with each wish about it.
    pub(super) fn hash_wish(&self, stamp: &mut DefaultHasher) {
        match &self.owner {
            Owner::CacheCluster(cluster) => ("cache cluster", cluster.key).hash(stamp),
            Owner::ReplicationGroup(group, endpoint) => {
                ("replication group", group.key, endpoint).hash(stamp);
            }
        }
        (&self.route, self.published_port).hash(stamp);
    }

    /// What its router is to find in its container for it: a key and a certificate, made now, where it is encrypted.
    pub(super) fn files(&self, world: &World) -> anyhow::Result<Vec<ContainerFile>> {
        match &self.owner {
            Owner::CacheCluster(cluster) if self.route.is_some() => world.endpoint_files(cluster),
            Owner::CacheCluster(_) | Owner::ReplicationGroup(..) => Ok(Vec::new()),
        }
    }

    /// Notes what stands in the way, if it waits for its router and for nothing else.
    pub(super) async fn tell(&self, world: &World, error: &anyhow::Error) -> anyhow::Result<()> {
        if !self.awaits_router() {
            return Ok(());
        }
        match &self.owner {
            Owner::CacheCluster(cluster) => {
                let reason = format!(
                    "The router of the configuration endpoint does not serve it: {error:#}"
                );
                let is_news = planner::is_news(cluster.blocked_by.as_deref(), &reason);
                let event = is_news.then(|| {
                    Event::of_cache_cluster(
                        &cluster.spec.cache_cluster_id,
                        format!("Waiting: {reason}"),
                        world.clock.now(),
                    )
                });
                world
                    .datastore
                    .cache_cluster_block(cluster, Some(&reason), event.as_slice())
                    .await?;
            }
            Owner::ReplicationGroup(group, _) => {
                // One text for both endpoints: in turns each would be news.
                let reason = format!("The router of an endpoint does not serve it: {error:#}");
                let is_news = planner::is_news(group.blocked_by.as_deref(), &reason);
                let event = is_news.then(|| {
                    Event::of_replication_group(
                        &group.spec.replication_group_id,
                        format!("Waiting: {reason}"),
                        world.clock.now(),
                    )
                });
                world
                    .datastore
                    .replication_group_block(group, Some(&reason), event.as_slice())
                    .await?;
            }
        }
        Ok(())
    }
}

/// The configuration endpoint of a cache cluster. One whose address is not chosen yet belongs to the shared router of network
/// mode already, so that this is up by the time the nodes are; in published mode its router is made when its port is chosen.
fn of_cache_cluster(world: &World, cluster: CacheCluster) -> Option<Served> {
    let endpoint = &cluster.configuration_endpoint;
    let router = match (&world.ground.published, endpoint.published_port) {
        (Some(_), None) => return None,
        (Some(_), Some(port)) => router_of_port(port),
        (None, _) => SHARED.to_owned(),
    };
    // Clients can be answered once there are nodes to tell of.
    let is_routed = endpoint.is_allocated() && endpoint.config_version > 0;
    Some(Served {
        router,
        published_port: endpoint.published_port,
        route: is_routed.then(|| configuration_route(world, &cluster)),
        owner: Owner::CacheCluster(Box::new(cluster)),
    })
}

/// An endpoint of a replication group, where a router has a part in it. In network mode the shared router is made
/// while the nodes are, as for a configuration endpoint.
fn of_replication_group(
    world: &World,
    group: &Arc<ReplicationGroup>,
    endpoint: GroupEndpoint,
) -> Option<Served> {
    let chosen = group.endpoint(endpoint);
    let router = match (&world.ground.published, chosen.published_port) {
        (Some(_), None) => return None,
        (Some(_), Some(port)) => router_of_port(port),
        (None, _) => SHARED.to_owned(),
    };
    let (targets, fallback_targets) = group.targets(endpoint)?;
    let scope = &group.scope;
    let word = endpoint.word();
    let each = |members: Vec<&CacheCluster>| {
        members
            .into_iter()
            .filter_map(|member| target(member, member.nodes.first()?))
            .collect()
    };
    let network = &world.ground.endpoint_network;
    let route = Route {
        id: format!(
            "{}/{}/{}/{word}",
            scope.account, scope.region, group.spec.replication_group_id
        ),
        listen: Listen {
            address: chosen.address,
            prefix_length: chosen.address.map(|_| network.subnet.prefix_len()),
            port: chosen.published_port.unwrap_or(group.spec.port),
        },
        kind: RouteKind::Forward {
            targets: each(targets),
            fallback_targets: each(fallback_targets),
        },
    };
    Some(Served {
        router,
        published_port: chosen.published_port,
        route: chosen.is_allocated().then_some(route),
        owner: Owner::ReplicationGroup(Arc::clone(group), endpoint),
    })
}

fn configuration_route(world: &World, cluster: &CacheCluster) -> Route {
    let scope = &cluster.scope;
    let id = &cluster.spec.cache_cluster_id;
    let endpoint = &cluster.configuration_endpoint;
    let listed: Vec<&CacheNode> = cluster.nodes.iter().filter(|node| node.listed).collect();
    let network = &world.ground.endpoint_network;
    Route {
        id: format!("{}/{}/{id}/configuration", scope.account, scope.region),
        listen: Listen {
            address: endpoint.address,
            prefix_length: endpoint.address.map(|_| network.subnet.prefix_len()),
            port: endpoint.published_port.unwrap_or(cluster.spec.port),
        },
        kind: RouteKind::MemcachedDiscovery {
            config_version: endpoint.config_version,
            nodes: listed
                .iter()
                .map(|node| discovered(world, cluster, node))
                .collect(),
            targets: listed
                .iter()
                .filter_map(|node| target(cluster, node))
                .collect(),
            tls: cluster.spec.transit_encryption.map(|_| RouteTls {
                certificate: endpoint_certificate(cluster),
                authority: AUTHORITY_FILE.to_owned(),
            }),
        },
    }
}

fn target(cluster: &CacheCluster, node: &CacheNode) -> Option<Target> {
    node.address.map(|address| Target {
        address,
        port: node.engine_port(&cluster.spec),
    })
}

fn discovered(world: &World, cluster: &CacheCluster, node: &CacheNode) -> DiscoveredNode {
    let address = node
        .address
        .map(|address| address.to_string())
        .unwrap_or_default();
    let port = node.engine_port(&cluster.spec);
    let is_encrypted = cluster.spec.transit_encryption.is_some();
    match (&world.ground.published, node.published_port) {
        // With encryption in transit AWS leaves the address out: it is the name that is vouched for.
        (None, _) if is_encrypted => DiscoveredNode {
            host: address,
            address: String::new(),
            port,
        },
        // The address is of no use outside; clients that prefer it to the name must not find it.
        (Some(published), Some(_)) => DiscoveredNode {
            host: published.advertise_host.clone(),
            address: String::new(),
            port,
        },
        _ => DiscoveredNode {
            host: address.clone(),
            address,
            port,
        },
    }
}
