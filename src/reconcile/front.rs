//! What the nodes of a cluster find in their containers besides their image: keys and certificates, and where they have one, the front.

use std::collections::BTreeSet;

use serde_json::json;

use super::World;
use super::node::describe;
use super::router::{SHARED, router_of_port};
use crate::engine::{NodeEndpoint, Protocol};
use crate::planner::cache_cluster::Obstacle;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::engine_settings::{self, FRONT_CONFIG_FILE, FRONT_PROGRAM};
use crate::resources::transit_encryption::TransitEncryptionMode;
use crate::runtime::ContainerFile;

impl World {
    /// All files that a node finds in its container.
    pub(super) async fn node_files(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<Vec<ContainerFile>, Obstacle> {
        let mut files = self.certificate_files(cluster, node)?;
        if engine_settings::has_front(cluster.spec.transit_encryption, cluster.spec.iam) {
            files.push(ContainerFile {
                path: FRONT_PROGRAM.to_owned(),
                content: self.front_program().await?.into(),
                owner: 0,
                is_program: true,
            });
            files.push(front_config(cluster, node));
        }
        Ok(files)
    }

    /// The files that the router of a cluster's configuration endpoint finds in its container, where encryption in transit is on: a key
    /// and a certificate of the endpoint's own, made now, and the authority's.
    pub(super) fn endpoint_files(
        &self,
        cluster: &CacheCluster,
    ) -> anyhow::Result<Vec<ContainerFile>> {
        if cluster.spec.transit_encryption.is_none() {
            return Ok(Vec::new());
        }
        let chosen = cluster.configuration_endpoint.address;
        let names = self.names(chosen.iter().map(ToString::to_string).collect());
        let authority = &self.ground.authority;
        let issued = authority.issue(&names, self.clock.now())?;
        let file = |path: String, content: String| ContainerFile {
            path,
            content: content.into(),
            owner: 0,
            is_program: false,
        };
        let own = issued.key_pem + &issued.certificate_pem;
        let its = authority.certificate_pem().to_owned();
        Ok(vec![
            file(endpoint_certificate(cluster), own),
            file(engine_settings::AUTHORITY_FILE.to_owned(), its),
        ])
    }

    /// How we ourselves reach a configuration endpoint, and the name of its router.
    pub(super) fn configuration_endpoint(&self, cluster: &CacheCluster) -> (NodeEndpoint, String) {
        let chosen = &cluster.configuration_endpoint;
        let (host, port, router) = match (&self.ground.published, chosen.published_port) {
            (Some(published), Some(port)) => {
                (published.probe_host.clone(), port, router_of_port(port))
            }
            _ => {
                let address = chosen.address.map(|address| address.to_string());
                (
                    address.unwrap_or_default(),
                    cluster.spec.port,
                    SHARED.to_owned(),
                )
            }
        };
        let endpoint = NodeEndpoint {
            host,
            port,
            protocol: Protocol::Memcached,
            administrator: None,
            encryption: cluster
                .spec
                .transit_encryption
                .map(|_| self.ground.encryption.clone()),
        };
        (endpoint, router)
    }

    async fn front_program(&self) -> Result<Vec<u8>, Obstacle> {
        let Some(path) = self.ground.router_program.as_deref() else {
            return Err(Obstacle::Passing(
                "The program of routers and fronts is not there: it is expected beside this one, as cacheplane-router, or where \
                 CACHEPLANE_ROUTER_BINARY says."
                    .to_owned(),
            ));
        };
        let read = tokio::fs::read(path).await;
        read.map_err(|error| Obstacle::Passing(format!("Read {}: {error}", path.display())))
    }

    /// The files that a node with encryption in transit finds in its container: a key and a certificate of its own, made now, and the
    /// authority's. None without encryption.
    pub(super) fn certificate_files(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<Vec<ContainerFile>, Obstacle> {
        if cluster.spec.transit_encryption.is_none() {
            return Ok(Vec::new());
        }
        let authority = &self.ground.authority;
        let names = self.certificate_names(cluster, node);
        let issued = authority
            .issue(&names, self.clock.now())
            .map_err(|error| Obstacle::Passing(describe(&error)))?;
        let file = |path: &str, content: String| ContainerFile {
            path: path.to_owned(),
            content: content.into(),
            owner: engine_settings::engine_user(cluster.spec.engine()),
            is_program: false,
        };
        let own = issued.key_pem + &issued.certificate_pem;
        Ok(vec![
            file(engine_settings::CERTIFICATE_FILE, own),
            file(
                engine_settings::AUTHORITY_FILE,
                authority.certificate_pem().to_owned(),
            ),
        ])
    }

    /// Whatever a client may call the node, or an endpoint that leads to it.
    fn certificate_names(&self, cluster: &CacheCluster, node: &CacheNode) -> Vec<String> {
        let mut names: Vec<String> = node.address.iter().map(ToString::to_string).collect();
        if let Some(group) = &cluster.membership {
            names.extend(group.endpoint_addresses.iter().map(ToString::to_string));
        }
        self.names(names)
    }

    /// Besides `names`, whatever else leads to whoever has them.
    fn names(&self, mut names: Vec<String>) -> Vec<String> {
        if let Some(published) = &self.ground.published {
            names.push(published.advertise_host.clone());
            names.push(published.probe_host.clone());
        }
        names.extend(["localhost", "127.0.0.1"].map(str::to_owned));
        // A name that was said twice is said once.
        let mut said = BTreeSet::new();
        names.retain(|name| said.insert(name.clone()));
        names
    }
}

/// Where a router finds the key and the certificate of a cluster's configuration endpoint.
pub(super) fn endpoint_certificate(cluster: &CacheCluster) -> String {
    format!("/etc/cacheplane/endpoints/{}.pem", cluster.key)
}

/// What a node's front is told: where clients come, and where what they say goes. The router's `front::config` reads it.
fn front_config(cluster: &CacheCluster, node: &CacheNode) -> ContainerFile {
    let plain = match cluster.spec.transit_encryption {
        Some(TransitEncryptionMode::Required) => None,
        Some(TransitEncryptionMode::Preferred) | None => Some(engine_settings::PLAIN_PORT),
    };
    let tls = match cluster.spec.iam {
        true => json!({ "terminate": {
            "certificate": engine_settings::CERTIFICATE_FILE,
            "socket": engine_settings::ENGINE_SOCKET,
            "tokens": engine_settings::TOKENS_FILE,
        } }),
        false => json!({ "forward": { "port": engine_settings::TLS_PORT } }),
    };
    let config = json!({
        "port": node.engine_port(&cluster.spec),
        "plain": plain,
        "tls": tls,
    });
    ContainerFile {
        path: FRONT_CONFIG_FILE.to_owned(),
        content: config.to_string().into(),
        owner: engine_settings::engine_user(cluster.spec.engine()),
        is_program: false,
    }
}
