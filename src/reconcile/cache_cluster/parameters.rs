//! How what a parameter group says comes to a running node.
//!
//! A part of the plan of cache clusters, not a reconciler of its own: whether a node can be told anything is a matter of the run that it is in,
//! which that plan knows and changes. Nobody tells of a change of a group; it counts in the record of every cluster that uses it, and
//! a cluster whose nodes have another count is not as wished. All values are set each time, whatever the engine has: they are few, go in
//! one round trip, and setting a value that is there changes nothing. So nothing need be remembered of what a process was told before, and
//! a stop at any point is made good by the next look. The count that is noted is the one that was read with the values, and the run is
//! the one that was known before: where either has changed meanwhile, it is done again.

use std::time::Duration;

use futures_util::future::join_all;

use super::super::node::{describe, effective_parameters};
use super::super::{World, identity};
use super::{CacheClusters, Stop, all};
use crate::engine::EngineError;
use crate::planner::cache_cluster::Obstacle;
use crate::resources::cache_cluster::{CacheCluster, CacheNode, Observation};
use crate::resources::engine;
use crate::resources::engine_settings::live_directives;
use crate::runtime::RuntimeError;

/// How long a node may take to be told everything.
const APPLY_DEADLINE: Duration = Duration::from_secs(1);

impl CacheClusters {
    /// All at once; what an engine does not take is told of, and not tried again in this run.
    pub(super) async fn apply_parameters(
        &self,
        cluster: &CacheCluster,
        nodes: &[&CacheNode],
    ) -> Result<(), Stop> {
        let images = all(nodes, |node| self.world.node_image(cluster, node)).await;
        let images = images.into_iter().collect::<Result<Vec<_>, _>>()?;
        let tells = nodes
            .iter()
            .zip(&images)
            .map(|(node, image)| self.world.apply_parameters(cluster, node, image.as_deref()));
        let results = join_all(tells).await;
        let mut runs = Vec::new();
        let mut events = Vec::new();
        let mut trouble = None;
        for (node, result) in nodes.iter().zip(results) {
            match (result, &node.observation) {
                (Ok(refused), Observation::Known(known)) => {
                    runs.push((node.key, known.started_at.clone()));
                    events.extend(refused.into_iter().map(|text| self.event(cluster, text)));
                }
                (Ok(_), Observation::Unknown | Observation::Absent) => {}
                (Err(error), _) => trouble = Some(error),
            }
        }
        self.world
            .datastore
            .cache_node_record_parameters(cluster, &runs, &events)
            .await?;
        match trouble {
            None => Ok(()),
            // It will not change its mind by itself.
            Some(error @ EngineError::Refused { .. }) => {
                Err(Obstacle::Passing(describe(&error)).into())
            }
            Some(error) => Err(Stop::Engine(describe(&error))),
        }
    }
}

impl World {
    /// The image that the container of `node` was made from, if there is one.
    async fn node_image(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<Option<String>, RuntimeError> {
        let name = identity(cluster, node).container_name(&self.ground.owner);
        let container = self.runtime.container(&name).await?;
        Ok(container.map(|container| container.image))
    }

    /// Sets what the group of `cluster` says on the process of `node`, which runs `image`. Returns what is to be told of values that
    /// customers have set and the engine does not take.
    async fn apply_parameters(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
        image: Option<&str>,
    ) -> Result<Vec<String>, EngineError> {
        let Some(family) = cluster.family().filter(|_| cluster.takes_parameters_live()) else {
            return Ok(Vec::new());
        };
        let endpoint = self.node_endpoint(cluster, node);
        let Some(image) = image else {
            return Err(EngineError::Unreachable {
                endpoint: endpoint.to_string(),
                source: None,
            });
        };
        let line = engine::image_line(cluster.spec.engine_version, image);
        let values = &cluster.parameters.values;
        let settings = live_directives(family, line, &effective_parameters(cluster, values));
        let refused = self
            .engine
            .configure(&endpoint, &settings, APPLY_DEADLINE)
            .await?;
        // Of what the service itself says differently from a build of the engine, nobody need be told.
        Ok(refused
            .into_iter()
            .filter(|refused| values.contains_key(&refused.directive))
            .map(|refused| {
                format!(
                    "Failed to update parameter {} to {} on cache node {}: {}",
                    refused.directive, refused.value, node.cache_node_id, refused.reason
                )
            })
            .collect())
    }
}
