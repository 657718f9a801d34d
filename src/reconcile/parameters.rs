//! How what a parameter group says comes to a running node.
//!
//! A part of the plan of cache clusters, not a reconciler of its own: whether a node can be told anything is a matter of the run that it is in,
//! which that plan knows and changes. Nobody tells of a change of a group; it counts in the record of every cluster that uses it, and
//! a cluster whose nodes have another count is not as wished. All values are set each time, whatever the engine has: they are few, go in
//! one round trip, and setting a value that is there changes nothing. So nothing need be remembered of what a process was told before, and
//! a stop at any point is made good by the next look. The count that is noted is the one that was read with the values, and the run is
//! the one that was known before: where either has changed meanwhile, it is done again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{World, identity};
use crate::engine::EngineError;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::cache_parameter_group::ParameterValues;
use crate::resources::engine;
use crate::resources::engine_settings::live_directives;
use crate::resources::parameter;

/// How long a node may take to be told everything.
const APPLY_DEADLINE: Duration = Duration::from_secs(1);

impl World {
    /// Sets what the group of `cluster` says on the process of `node`. Returns what is to be told of values that customers have set and
    /// the engine does not take.
    pub(super) async fn apply_parameters(
        &self,
        cluster: &CacheCluster,
        node: &CacheNode,
    ) -> Result<Vec<String>, EngineError> {
        let Some(family) = cluster.family().filter(|_| cluster.takes_parameters_live()) else {
            return Ok(Vec::new());
        };
        let endpoint = self.node_endpoint(cluster, node);
        let name = identity(cluster, node).container_name(&self.ground.owner);
        let container = self.runtime.container(&name).await;
        let Some(container) = container.ok().flatten() else {
            return Err(EngineError::Unreachable {
                endpoint: endpoint.to_string(),
                source: None,
            });
        };
        let line = engine::image_line(cluster.spec.engine_version, &container.image);
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

/// Every value that a node of `cluster` gets where its group says `values`.
pub(super) fn effective_parameters(
    cluster: &CacheCluster,
    values: &ParameterValues,
) -> BTreeMap<&'static str, String> {
    let Some(family) = cluster.family() else {
        return BTreeMap::new();
    };
    let overrides: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    parameter::effective(family, &overrides, cluster.spec.node_type).collect()
}
