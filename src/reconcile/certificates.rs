//! Gives nodes with encryption in transit another certificate before theirs ends.
//!
//! What a node shows is looked at, not remembered: it may have been given its certificate by a start that nobody noted. A node that
//! does not answer is left to those who bring it back, which comes with a new certificate.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

use super::driver::{Item, Outcome, Reconciler};
use super::node::describe;
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::authority::RENEWAL;
use crate::datastore::Error as StoreError;
use crate::engine::{EngineError, NodeEndpoint};
use crate::resources::cache_cluster::{CacheCluster, CacheNode, Observation};
use crate::resources::engine_settings::CERTIFICATE_FILE;
use crate::resources::timestamp::Timestamp;

/// Short beside the time that is left when a certificate is due.
const PERIOD: Duration = Duration::from_hours(1);

/// How long a node may take to show its certificate, and then to take up another.
const DEADLINE: Duration = Duration::from_secs(2);

/// The reconciler of certificates.
#[derive(Debug)]
pub struct Certificates {
    world: World,
}

#[async_trait]
impl Reconciler for Certificates {
    fn name(&self) -> &'static str {
        "certificates"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.certificates
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let keys = self.world.datastore.cache_cluster_list_encrypted().await?;
        Ok(keys.into_iter().map(|key| (key, 0)).collect())
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let cluster = match self.world.datastore.cache_cluster_get_by_key(key).await {
            Ok(cluster) => cluster,
            Err(StoreError::NotFound) => return Ok(Outcome::Settled),
            Err(error) => return Err(error).context("read the cache cluster"),
        };
        for node in &cluster.nodes {
            if matches!(node.observation, Observation::Known(_)) {
                self.look_after(&cluster, node).await?;
            }
        }
        if cluster.configuration_endpoint.served_version > 0 {
            self.look_after_endpoint(&cluster).await?;
        }
        Ok(Outcome::Settled)
    }
}

impl Certificates {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    /// Whether a certificate that a node or an endpoint shows has to be replaced; not where it does not answer.
    async fn is_due(
        &self,
        cluster: &CacheCluster,
        endpoint: &NodeEndpoint,
    ) -> anyhow::Result<bool> {
        let end = match self.world.engine.certificate_end(endpoint, DEADLINE).await {
            Ok(Some(seconds)) => Timestamp::from_millis(seconds.saturating_mul(1000)),
            Ok(None) => return Ok(false),
            Err(error @ EngineError::Refused { .. }) => anyhow::bail!(describe(&error)),
            Err(error) => {
                tracing::info!(
                    cache_cluster.id = cluster.spec.cache_cluster_id,
                    endpoint = %endpoint,
                    reason = describe(&error),
                    "A certificate could not be looked at"
                );
                return Ok(false);
            }
        };
        Ok(end.since(self.world.clock.now()) <= RENEWAL)
    }

    /// Another certificate for a configuration endpoint; its router looks at the file for each connection.
    async fn look_after_endpoint(&self, cluster: &CacheCluster) -> anyhow::Result<()> {
        let (endpoint, router) = self.world.configuration_endpoint(cluster);
        if !self.is_due(cluster, &endpoint).await? {
            return Ok(());
        }
        let files = self.world.endpoint_files(cluster)?;
        let container = self.world.ground.router_container(&router);
        self.world
            .runtime
            .put_files(&container, &files)
            .await
            .context("put a new certificate into the router's container")?;
        tracing::info!(
            cache_cluster.id = cluster.spec.cache_cluster_id,
            "A configuration endpoint has a new certificate"
        );
        Ok(())
    }

    async fn look_after(&self, cluster: &CacheCluster, node: &CacheNode) -> anyhow::Result<()> {
        let endpoint = self.world.node_endpoint(cluster, node);
        if !self.is_due(cluster, &endpoint).await? {
            return Ok(());
        }
        let files = self
            .world
            .certificate_files(cluster, node)
            .map_err(|obstacle| anyhow::anyhow!("{obstacle:?}"))?;
        let container = identity(cluster, node).container_name(&self.world.ground.owner);
        self.world
            .runtime
            .put_files(&container, &files)
            .await
            .context("put a new certificate into the container")?;
        self.world
            .engine
            .renew_certificate(&endpoint, CERTIFICATE_FILE, DEADLINE)
            .await
            .context("let the node take up its new certificate")?;
        tracing::info!(
            cache_cluster.id = cluster.spec.cache_cluster_id,
            cache_node.id = node.cache_node_id,
            "A node has a new certificate"
        );
        Ok(())
    }
}
