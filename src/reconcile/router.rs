//! Keeps the routers: their containers, and the routes that they serve.
//!
//! In network mode one router serves every configuration endpoint, each at an address of its own. In published mode a container's
//! ports are fixed when it is made, so each endpoint has a router of its own and a new endpoint disturbs no other.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

use super::World;
use super::driver::{Item, Outcome, Reconciler};
use crate::activators::{Activator, Activators};
use crate::datastore::RouterRecord;
use crate::planner::cache_cluster as planner;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::event::Event;
use crate::routing::{
    DiscoveredNode, InForce, Listen, Route, RouteKind, RouterEndpoint, Routes, RoutingError, Target,
};
use crate::runtime::labels::KIND_ROUTER;
use crate::runtime::{
    ContainerSpec, ImportedImage, NetworkAttachment, PublishedPort, RestartPolicy, VolumeMount,
    VolumeSpec,
};

/// How often the routers are looked at when nobody asks.
const PERIOD: Duration = Duration::from_secs(10);

/// The port of a router's control interface inside its container. The API hands out none below 1150, so no endpoint wants it.
const CONTROL_PORT: u16 = 1149;

/// Where a router keeps its last table.
const STATE_PATH: &str = "/state";

/// How long a router may take to end its conversations.
const STOP_GRACE: Duration = Duration::from_secs(6);

/// The one router of network mode.
const SHARED: &str = "shared";

/// Most tries to agree with a router on the count of its table.
const AGREE_TRIES: usize = 3;

/// The reconciler of routers.
#[derive(Debug)]
pub struct Routers {
    world: World,
}

#[async_trait]
impl Reconciler for Routers {
    fn name(&self) -> &'static str {
        "router"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.router
    }

    /// One look at all routers, whose stamp changes with every wish that they have to do with: a wish does not wait because an
    /// earlier one could not be fulfilled.
    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let mut stamp = DefaultHasher::new();
        for cluster in self.world.datastore.cache_cluster_list_routed().await? {
            let endpoint = &cluster.configuration_endpoint;
            (
                cluster.key,
                endpoint.published_port,
                endpoint.config_version,
            )
                .hash(&mut stamp);
        }
        Ok(vec![(0, i64::from_ne_bytes(stamp.finish().to_ne_bytes()))])
    }

    /// One router that fails keeps no other from being served.
    async fn reconcile(&self, _: i64) -> anyhow::Result<Outcome> {
        let clusters = self.world.datastore.cache_cluster_list_routed().await?;
        let wanted = self.by_router(&clusters);
        let records = self.world.datastore.router_list().await?;
        let mut result = Ok(Outcome::Settled);
        for record in &records {
            if self.is_idle(record, &wanted)
                && let Err(error) = self.remove(record).await
            {
                result = Err(error.context(format!("remove the router {}", record.name)));
            }
        }
        let kept = records
            .iter()
            .filter(|record| !self.is_idle(record, &wanted))
            .map(|record| &record.name);
        let names: BTreeSet<&String> = kept.chain(wanted.keys()).collect();
        for name in names {
            let clusters = wanted.get(name).map(Vec::as_slice).unwrap_or_default();
            if let Err(error) = self.serve(name, clusters).await {
                self.tell(clusters, &error).await?;
                result = Err(error.context(format!("serve by the router {name}")));
            }
        }
        result
    }
}

impl Routers {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    /// A router of published mode whose endpoint is gone. The shared one stays, in its mode: the next endpoint need not wait
    /// for it.
    fn is_idle(
        &self,
        record: &RouterRecord,
        wanted: &BTreeMap<String, Vec<&CacheCluster>>,
    ) -> bool {
        let stays = record.name == SHARED && self.world.ground.published.is_none();
        !stays && !wanted.contains_key(&record.name)
    }

    /// Which router serves which cache clusters. One whose endpoint is not chosen yet belongs to the shared router of network
    /// mode already, so that this is up by the time the nodes are; in published mode its router is made when the endpoint is
    /// chosen.
    fn by_router<'a>(
        &self,
        clusters: &'a [CacheCluster],
    ) -> BTreeMap<String, Vec<&'a CacheCluster>> {
        let mut wanted: BTreeMap<String, Vec<&CacheCluster>> = BTreeMap::new();
        for cluster in clusters {
            let published_port = cluster.configuration_endpoint.published_port;
            let name = match (&self.world.ground.published, published_port) {
                (Some(_), None) => continue,
                (Some(_), Some(port)) => format!("port-{port}"),
                (None, _) => SHARED.to_owned(),
            };
            wanted.entry(name).or_default().push(cluster);
        }
        wanted
    }

    /// Makes the router be there and serve exactly these cache clusters.
    async fn serve(&self, name: &str, clusters: &[&CacheCluster]) -> anyhow::Result<()> {
        let record = &self.ensure_record(name).await?;
        self.ensure_container(record, clusters).await?;
        let routes = self.routes(clusters);
        let endpoint = self.endpoint(record);
        let in_force = self.agree(record, &endpoint, &routes).await?;
        let is_served = |cluster: &CacheCluster| !in_force.silent.contains_key(&route_id(cluster));
        let served: Vec<(i64, u32)> = clusters
            .iter()
            .filter(|cluster| awaits_router(cluster) && is_served(cluster))
            .map(|cluster| (cluster.key, cluster.configuration_endpoint.config_version))
            .collect();
        if !served.is_empty() {
            self.world
                .datastore
                .cache_cluster_record_served(&served)
                .await?;
            self.world.activators.cache_cluster.wake();
        }
        // A table in force is not a route that is served: an address may not be taken yet, or a port is.
        for cluster in clusters.iter().filter(|cluster| awaits_router(cluster)) {
            if let Some(reason) = in_force.silent.get(&route_id(cluster)) {
                let error = anyhow::anyhow!("it does not listen there: {reason}");
                self.tell(&[cluster], &error).await?;
            }
        }
        Ok(())
    }

    async fn ensure_record(&self, name: &str) -> anyhow::Result<RouterRecord> {
        let store = &self.world.datastore;
        let find =
            |records: Vec<RouterRecord>| records.into_iter().find(|found| found.name == name);
        if let Some(record) = find(store.router_list().await?) {
            return Ok(record);
        }
        store
            .router_insert(name, &self.world.ground.pools())
            .await?;
        find(store.router_list().await?).context("find the router that was just chosen")
    }

    /// Notes what stands in the way of the cache clusters that wait for a router and for nothing else.
    async fn tell(&self, clusters: &[&CacheCluster], error: &anyhow::Error) -> anyhow::Result<()> {
        let reason =
            format!("The router of the configuration endpoint does not serve it: {error:#}");
        for cluster in clusters.iter().filter(|cluster| awaits_router(cluster)) {
            let is_news = planner::is_news(cluster.blocked_by.as_deref(), &reason);
            let event = is_news.then(|| {
                Event::of_cache_cluster(
                    &cluster.spec.cache_cluster_id,
                    format!("Waiting: {reason}"),
                    self.world.clock.now(),
                )
            });
            self.world
                .datastore
                .cache_cluster_block(cluster, Some(&reason), event.as_slice())
                .await?;
        }
        Ok(())
    }

    /// Puts `routes` in force unless they are. The count of a table is chosen before the router hears of it, so that a late
    /// push of an older one is refused.
    async fn agree(
        &self,
        record: &RouterRecord,
        endpoint: &RouterEndpoint,
        routes: &Routes,
    ) -> anyhow::Result<InForce> {
        let digest = routes.digest();
        for _ in 0..AGREE_TRIES {
            let generation = self
                .world
                .datastore
                .router_request_table(&record.name, &digest)
                .await?;
            let in_force = self.world.routing.table_in_force(endpoint).await?;
            if in_force.generation == generation {
                return Ok(in_force);
            }
            match self
                .world
                .routing
                .put_table(endpoint, generation, routes)
                .await
            {
                Ok(in_force) => return Ok(in_force),
                Err(RoutingError::Outdated { in_force, .. }) => {
                    self.world
                        .datastore
                        .router_skip_tables(&record.name, in_force)
                        .await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        anyhow::bail!(
            "the router keeps having newer tables; does another control plane push to it?"
        )
    }

    async fn ensure_container(
        &self,
        record: &RouterRecord,
        clusters: &[&CacheCluster],
    ) -> anyhow::Result<()> {
        let ground = &self.world.ground;
        let name = ground.router_container(&record.name);
        self.world.ensure_networks().await?;
        let image = self.image().await?;
        let reference = image.reference();
        self.world.runtime.ensure_imported_image(&image).await?;
        let volume = VolumeSpec {
            name: format!("{name}.state"),
            labels: router_labels(record),
        };
        self.world.runtime.ensure_volume(&volume).await?;
        let attach = |network: &str, address| NetworkAttachment {
            network: network.to_owned(),
            address: Some(address),
            aliases: Vec::new(),
        };
        let spec = ContainerSpec {
            name,
            image: reference.clone(),
            command: Vec::new(),
            environment: BTreeMap::from([
                (
                    "CACHEPLANE_ROUTER_CONTROL".to_owned(),
                    self.control_address(record),
                ),
                ("CACHEPLANE_ROUTER_TOKEN".to_owned(), self.token(record)),
                ("CACHEPLANE_ROUTER_STATE".to_owned(), STATE_PATH.to_owned()),
            ]),
            labels: router_labels(record),
            // Another program is another image, and needs another container.
            generation: generation_of(&reference),
            networks: vec![
                attach(&ground.node_network.name, record.node_address),
                attach(&ground.endpoint_network.name, record.endpoint_address),
            ],
            published_ports: self.published_ports(record, clusters),
            volumes: vec![VolumeMount {
                volume: volume.name,
                path: STATE_PATH.to_owned(),
            }],
            restart_policy: RestartPolicy::UnlessStopped,
            memory_limit_bytes: None,
            // Within its own network namespace: it adds the addresses of its endpoints.
            capabilities: vec!["NET_ADMIN".to_owned()],
            stop_grace: STOP_GRACE,
            sysctls: BTreeMap::new(),
        };
        self.world
            .runtime
            .ensure_container(&spec)
            .await
            .inspect_err(|error| self.world.doubt_networks(error))?;
        Ok(())
    }

    /// Where it listens for us: in network mode at its own address only, which no endpoint has.
    fn control_address(&self, record: &RouterRecord) -> String {
        match &self.world.ground.published {
            Some(_) => format!("0.0.0.0:{CONTROL_PORT}"),
            None => format!("{}:{CONTROL_PORT}", record.node_address),
        }
    }

    /// In published mode, the ports of its control interface and of its endpoints.
    fn published_ports(
        &self,
        record: &RouterRecord,
        clusters: &[&CacheCluster],
    ) -> Vec<PublishedPort> {
        let Some(published) = &self.world.ground.published else {
            return Vec::new();
        };
        let publish = |host_port: u16, container_port: u16| PublishedPort {
            host_ip: published.bind_address,
            host_port,
            container_port,
        };
        let control = record.control_port.map(|port| publish(port, CONTROL_PORT));
        let endpoints = clusters
            .iter()
            .filter_map(|cluster| cluster.configuration_endpoint.published_port)
            .map(|port| publish(port, port));
        control.into_iter().chain(endpoints).collect()
    }

    async fn image(&self) -> anyhow::Result<ImportedImage> {
        let path = self.world.ground.router_program.clone().context(
            "find the router's program: it is expected beside this one, as cacheplane-router, or where \
             CACHEPLANE_ROUTER_BINARY says",
        )?;
        let program = tokio::fs::read(&path)
            .await
            .with_context(|| format!("read the router's program {}", path.display()))?;
        Ok(ImportedImage {
            repository: "cacheplane/router".to_owned(),
            program_path: "/cacheplane-router".to_owned(),
            program: program.into(),
            labels: BTreeMap::new(),
            volumes: vec![STATE_PATH.to_owned()],
        })
    }

    async fn remove(&self, record: &RouterRecord) -> anyhow::Result<()> {
        let name = self.world.ground.router_container(&record.name);
        self.world
            .runtime
            .remove_container(&name, STOP_GRACE)
            .await?;
        self.world
            .runtime
            .remove_volume(&format!("{name}.state"))
            .await?;
        self.world.datastore.router_forget(&record.name).await?;
        Ok(())
    }

    fn endpoint(&self, record: &RouterRecord) -> RouterEndpoint {
        let (host, port) = match (&self.world.ground.published, record.control_port) {
            (Some(published), Some(port)) => (published.probe_host.clone(), port),
            _ => (record.node_address.to_string(), CONTROL_PORT),
        };
        RouterEndpoint {
            host,
            port,
            name: self.world.ground.router_container(&record.name),
            token: self.token(record),
        }
    }

    fn token(&self, record: &RouterRecord) -> String {
        self.world
            .ground
            .derive_secret(&format!("router {}", record.name))
    }

    fn routes(&self, clusters: &[&CacheCluster]) -> Routes {
        let mut routes: Vec<Route> = clusters
            .iter()
            .filter(|cluster| is_routed(cluster))
            .map(|cluster| self.route(cluster))
            .collect();
        routes.sort_by(|a, b| a.id.cmp(&b.id));
        Routes { routes }
    }

    fn route(&self, cluster: &CacheCluster) -> Route {
        let endpoint = &cluster.configuration_endpoint;
        let listed: Vec<&CacheNode> = cluster.nodes.iter().filter(|node| node.listed).collect();
        Route {
            id: route_id(cluster),
            listen: Listen {
                address: endpoint.address,
                prefix_length: endpoint
                    .address
                    .map(|_| self.world.ground.endpoint_network.subnet.prefix_len()),
                port: endpoint.published_port.unwrap_or(cluster.spec.port),
            },
            kind: RouteKind::MemcachedDiscovery {
                config_version: endpoint.config_version,
                nodes: listed
                    .iter()
                    .map(|node| self.discovered(cluster, node))
                    .collect(),
                targets: listed
                    .iter()
                    .filter_map(|node| {
                        node.address.map(|address| Target {
                            address,
                            port: node.engine_port(&cluster.spec),
                        })
                    })
                    .collect(),
            },
        }
    }

    fn discovered(&self, cluster: &CacheCluster, node: &CacheNode) -> DiscoveredNode {
        let address = node
            .address
            .map(|address| address.to_string())
            .unwrap_or_default();
        let port = node.engine_port(&cluster.spec);
        match (&self.world.ground.published, node.published_port) {
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
}

/// The id of the route to its configuration endpoint.
fn route_id(cluster: &CacheCluster) -> String {
    format!(
        "{}/{}/{}/configuration",
        cluster.scope.account, cluster.scope.region, cluster.spec.cache_cluster_id
    )
}

/// Whether clients can be answered: an endpoint was chosen, and nodes to tell of.
fn is_routed(cluster: &CacheCluster) -> bool {
    cluster.configuration_endpoint.is_allocated()
        && cluster.configuration_endpoint.config_version > 0
}

/// Whether a router has not taken the present list of nodes yet.
fn awaits_router(cluster: &CacheCluster) -> bool {
    let endpoint = &cluster.configuration_endpoint;
    is_routed(cluster) && endpoint.served_version != endpoint.config_version
}

fn router_labels(record: &RouterRecord) -> BTreeMap<String, String> {
    use crate::runtime::labels::{KIND, RESOURCE};
    BTreeMap::from([
        (KIND.to_owned(), KIND_ROUTER.to_owned()),
        (RESOURCE.to_owned(), record.name.clone()),
    ])
}

/// A generation that changes with the image: the beginning of the digest in its tag.
fn generation_of(reference: &str) -> u64 {
    let digits: String = reference
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(12)
        .collect();
    u64::from_str_radix(&digits, 16).unwrap_or(1)
}
