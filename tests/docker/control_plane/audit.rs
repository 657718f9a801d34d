//! What must be true of records and containers whenever nothing is under way: looked at from outside, by opening the stopped control
//! plane's database and asking Docker.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use cacheplane::datastore::{Datastore, RouterRecord};
use cacheplane::resources::cache_cluster::{CacheCluster, CacheNode, NodeWish, Observation};
use cacheplane::runtime::{ContainerObserved, Runtime, labels};

use super::process::ControlPlane;
use crate::fixture::docker;

/// What a container must be like, as its record has it.
struct Expected {
    generation: Option<u64>,
    started_at: Option<String>,
    node_address: Ipv4Addr,
    endpoint_address: Option<Ipv4Addr>,
    published_ports: BTreeSet<u16>,
    volume: Option<String>,
}

impl ControlPlane {
    /// Demands that nothing is left to do, that records and containers agree, and that another start changes nothing.
    pub(super) async fn check_settled(&mut self) {
        self.look().await;
        let (runs, events) = (self.runs().await, self.events().await);
        let worries = events.iter().filter(|told| told.starts_with("Waiting:"));
        assert_eq!(worries.count(), 0, "nothing stood in the way: {events:#?}");
        self.stop().await;
        self.check_records().await;
        self.start().await;
        self.look().await;
        assert_eq!(self.runs().await, runs, "another start touched containers");
        assert_eq!(
            self.events().await,
            events,
            "another start told of something"
        );
    }

    async fn events(&self) -> Vec<String> {
        let reply = self.call("DescribeEvents", &[("MaxRecords", "100")]).await;
        reply.demand_success();
        reply.texts("Message")
    }

    async fn check_records(&self) {
        let store = Datastore::open(&self.database()).await.unwrap();
        let clusters = store.cache_cluster_list().await.unwrap();
        let routers = store.router_list().await.unwrap();
        let unconverged = store.cache_cluster_list_unconverged().await.unwrap();
        store.close().await;
        assert_eq!(unconverged, [], "not as wished");
        let expected = self.expected(&clusters, &routers);
        let containers = self.runtime.containers().await.unwrap();
        let found: BTreeMap<&str, &ContainerObserved> = containers
            .iter()
            .map(|container| (container.name.as_str(), container))
            .collect();
        assert!(
            found
                .keys()
                .copied()
                .eq(expected.keys().map(String::as_str)),
            "containers {:?}, records {:?}",
            found.keys(),
            expected.keys()
        );
        for (name, expected) in &expected {
            self.check_container(found[name.as_str()], expected);
        }
        self.check_volumes(&expected).await;
        self.check_addresses(&expected);
    }

    fn expected(
        &self,
        clusters: &[CacheCluster],
        routers: &[RouterRecord],
    ) -> BTreeMap<String, Expected> {
        let mut expected = BTreeMap::new();
        for cluster in clusters {
            for node in &cluster.nodes {
                let (name, one) = expected_node(&self.owner, cluster, node);
                expected.insert(name, one);
            }
        }
        for router in routers {
            let kind = format!("{}-{}", labels::KIND_ROUTER, router.name);
            let name = labels::singleton_name(&self.owner, &kind);
            // In published mode a router has the port of its endpoint and one for itself.
            let of_endpoint = router
                .name
                .strip_prefix("port-")
                .map(|port| port.parse().unwrap());
            let one = Expected {
                generation: None,
                started_at: None,
                node_address: router.node_address,
                endpoint_address: Some(router.endpoint_address),
                published_ports: router.control_port.into_iter().chain(of_endpoint).collect(),
                volume: Some(format!("{name}.state")),
            };
            expected.insert(name, one);
        }
        expected
    }

    fn check_container(&self, found: &ContainerObserved, expected: &Expected) {
        let name = &found.name;
        assert!(found.is_running(), "{name}: {found:?}");
        if let Some(generation) = expected.generation {
            assert_eq!(found.generation, Some(generation), "{name}");
            assert_eq!(
                found.started_at, expected.started_at,
                "{name}: the run on record"
            );
        }
        let nodes = labels::network_name(&self.owner, "nodes");
        let endpoints = labels::network_name(&self.owner, "endpoints");
        let mut addresses = BTreeMap::from([(nodes, expected.node_address)]);
        addresses.extend(
            expected
                .endpoint_address
                .map(|address| (endpoints, address)),
        );
        assert_eq!(found.addresses, addresses, "{name}");
        let format = "{{range .HostConfig.PortBindings}}{{range .}}{{.HostPort}} {{end}}{{end}}";
        let ports: BTreeSet<u16> = docker(&["inspect", "--format", format, &found.id])
            .split_whitespace()
            .map(|port| port.parse().unwrap())
            .collect();
        assert_eq!(ports, expected.published_ports, "{name}");
    }

    async fn check_volumes(&self, expected: &BTreeMap<String, Expected>) {
        let volumes = self.runtime.volumes().await.unwrap();
        let found: BTreeSet<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
        let wanted = expected.values().filter_map(|one| one.volume.as_deref());
        assert_eq!(found, wanted.collect::<BTreeSet<&str>>(), "volumes");
    }

    /// No address is given twice, and none is taken on a network but by those who have it on record.
    fn check_addresses(&self, expected: &BTreeMap<String, Expected>) {
        let mut on_record: Vec<Ipv4Addr> = expected.values().map(|one| one.node_address).collect();
        on_record.sort();
        let distinct: BTreeSet<Ipv4Addr> = on_record.iter().copied().collect();
        assert_eq!(
            distinct.len(),
            on_record.len(),
            "an address twice: {on_record:?}"
        );
        let network = labels::network_name(&self.owner, "nodes");
        let format = "{{range .Containers}}{{.IPv4Address}} {{end}}";
        let attached: BTreeSet<Ipv4Addr> =
            docker(&["network", "inspect", "--format", format, &network])
                .split_whitespace()
                .map(|address| address.split('/').next().unwrap().parse().unwrap())
                .collect();
        assert_eq!(attached, distinct, "addresses in use on {network}");
    }
}

fn expected_node(owner: &str, cluster: &CacheCluster, node: &CacheNode) -> (String, Expected) {
    let identity = labels::NodeIdentity {
        account: cluster.scope.account.clone(),
        region: cluster.scope.region.clone(),
        kind: labels::KIND_CACHE_CLUSTER.to_owned(),
        resource: cluster.spec.cache_cluster_id.clone(),
        node: node.cache_node_id.clone(),
    };
    assert_eq!(node.wish, NodeWish::Present, "{identity:?}");
    assert!(node.reboot.is_none() && !node.recovering, "{identity:?}");
    let Observation::Known(seen) = &node.observation else {
        panic!("{identity:?} is {:?}", node.observation);
    };
    let one = Expected {
        generation: Some(node.generation),
        started_at: Some(seen.started_at.clone()),
        node_address: node.address.expect("an address"),
        endpoint_address: None,
        published_ports: node.published_port.into_iter().collect(),
        volume: cluster
            .spec
            .engine()
            .speaks_resp()
            .then(|| identity.volume_name(owner)),
    };
    (identity.container_name(owner), one)
}
