//! What a cache cluster's parameter group says, and how far its nodes have it.
//!
//! A cluster counts how often what its group says has changed: by a change of the group, or by another group. A node gets values in two ways.
//! Its container's command line has those that the group had when the container was made; they are chosen and stored before it is made, and
//! are the same for every run of it. On top of these, what has changed since is set on the running process, which forgets it when it ends.
//! So a node has what its group says if the count of its command line or of its present run is the cluster's. Values that only a start can
//! give (`requires-reboot`) are compared one by one: a group that is changed and changed back asks for no reboot.

use super::{CacheCluster, CacheNode, Observation};
use crate::resources::cache_parameter_group::ParameterValues;
use crate::resources::engine::Engine;
use crate::resources::engine_settings;
use crate::resources::parameter::{self, Family};

/// What the parameter group of a cache cluster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterParameters {
    /// Counts the changes of it; the first is 1.
    pub generation: u64,
    /// What it says differently from its family.
    pub values: ParameterValues,
}

impl Default for ClusterParameters {
    fn default() -> Self {
        Self {
            generation: 1,
            values: ParameterValues::new(),
        }
    }
}

/// What a container is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartParameters {
    /// The generation of the node that has them.
    pub node_generation: u64,
    /// The count of the cluster's parameters that they are of.
    pub generation: u64,
    /// What they say differently from the family.
    pub values: ParameterValues,
    /// Whether the command line has them all; some can only be set on a running engine.
    pub is_whole: bool,
}

/// What was set on a running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedParameters {
    /// The run.
    pub started_at: String,
    /// The count of the cluster's parameters.
    pub generation: u64,
}

impl CacheCluster {
    /// The family of its engine version.
    pub fn family(&self) -> Option<&'static Family> {
        parameter::family(self.spec.engine_version.family)
    }

    /// Whether its engine can be told values while it runs. Memcached cannot; before Redis 6 there are no users, so the command for it is
    /// withheld from us, too.
    pub fn takes_parameters_live(&self) -> bool {
        self.spec.engine() != Engine::Memcached && self.spec.engine_version.at_least(6, 0, 0)
    }

    /// Whether it is not on record that the present run of `node` has what the group says, as far as a running engine can be told. Nobody
    /// tells Memcached anything; of an engine that takes nothing live it is only put on record.
    pub fn lacks_parameters(&self, node: &CacheNode) -> bool {
        let Observation::Known(known) = &node.observation else {
            return false;
        };
        let generation = self.parameters.generation;
        let by_start = node.start.as_ref().is_some_and(|start| {
            start.is_whole
                && start.generation == generation
                && start.node_generation == known.generation
        });
        let by_run = node.applied.as_ref().is_some_and(|applied| {
            applied.generation == generation && applied.started_at == known.started_at
        });
        self.spec.engine() != Engine::Memcached && !by_start && !by_run
    }

    /// Whether the container of `node` was made with other values than the group has now.
    pub fn has_stale_start(&self, node: &CacheNode) -> bool {
        node.start.as_ref().is_some_and(|start| {
            start.node_generation == node.generation
                && start.generation != self.parameters.generation
        })
    }

    /// Whether `node` runs with values that only a reboot brings to what the group says.
    pub fn needs_reboot(&self, node: &CacheNode) -> bool {
        let (Some(start), Some(family)) = (&node.start, self.family()) else {
            return false;
        };
        let is_current = start.node_generation == node.generation && node.is_wished();
        let live = self.takes_parameters_live();
        let differs = |parameter: &parameter::Parameter| {
            let value = |values: &ParameterValues| -> Option<String> {
                let own = values.get(parameter.name).cloned();
                own.or_else(|| parameter.default.map(str::to_owned))
            };
            (parameter.needs_start() || !live)
                && value(&start.values) != value(&self.parameters.values)
        };
        is_current && family.parameters.iter().any(differs)
    }

    /// `node` as its next container is to be made: with what its generation was given before, or with what the group says now. A reboot is
    /// the occasion to make another one, and so is one that does not come to its end with what the container was made with.
    pub fn prepared(&self, node: &CacheNode) -> CacheNode {
        let mut prepared = node.clone();
        if node.reboot.is_some() && self.has_stale_start(node) {
            prepared.generation += 1;
        }
        let is_chosen = prepared
            .start
            .as_ref()
            .is_some_and(|start| start.node_generation == prepared.generation);
        if !is_chosen {
            prepared.start = Some(StartParameters {
                node_generation: prepared.generation,
                generation: self.parameters.generation,
                values: self.parameters.values.clone(),
                is_whole: engine_settings::starts_whole(&self.parameters.values),
            });
        }
        prepared
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reboot;
    use super::super::tests::{known, redis};
    use super::*;

    fn say(cluster: &mut CacheCluster, values: &[(&str, &str)]) {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        cluster.parameters.values = values.iter().map(pair).collect();
        cluster.parameters.generation += 1;
    }

    /// A cluster of one node that runs with what it was made with.
    fn running() -> CacheCluster {
        let mut cluster = redis();
        let mut node = cluster.prepared(&cluster.nodes[0]);
        node.observation = known(node.generation, 1);
        cluster.nodes[0] = node;
        cluster
    }

    #[test]
    fn a_node_has_what_it_was_made_with_and_what_was_set_on_it() {
        let mut cluster = running();
        assert!(!cluster.lacks_parameters(&cluster.nodes[0]));
        say(&mut cluster, &[("timeout", "20")]);
        assert!(cluster.lacks_parameters(&cluster.nodes[0]));
        assert!(!cluster.needs_reboot(&cluster.nodes[0]));
        cluster.nodes[0].applied = Some(AppliedParameters {
            started_at: "run 1".to_owned(),
            generation: cluster.parameters.generation,
        });
        assert!(!cluster.lacks_parameters(&cluster.nodes[0]));
        let generation = cluster.nodes[0].generation;
        cluster.nodes[0].observation = known(generation, 2);
        assert!(
            cluster.lacks_parameters(&cluster.nodes[0]),
            "its run forgot"
        );
        cluster.nodes[0].observation = Observation::Unknown;
        assert!(!cluster.lacks_parameters(&cluster.nodes[0]), "who knows");
    }

    #[test]
    fn what_a_start_cannot_give_is_set_on_every_run() {
        let mut cluster = redis();
        say(&mut cluster, &[("activedefrag", "yes")]);
        cluster.nodes[0] = cluster.prepared(&cluster.nodes[0]);
        let generation = cluster.nodes[0].generation;
        cluster.nodes[0].observation = known(generation, 1);
        assert!(cluster.lacks_parameters(&cluster.nodes[0]));
    }

    #[test]
    fn a_reboot_is_asked_for_while_it_would_change_something() {
        let mut cluster = running();
        say(&mut cluster, &[("databases", "32")]);
        assert!(cluster.needs_reboot(&cluster.nodes[0]));
        say(&mut cluster, &[("databases", "16")]);
        assert!(
            !cluster.needs_reboot(&cluster.nodes[0]),
            "that is the default"
        );
        say(&mut cluster, &[("rename-commands", "keys k")]);
        assert!(cluster.needs_reboot(&cluster.nodes[0]));
    }

    #[test]
    fn another_container_is_made_with_what_the_group_says_then() {
        let mut cluster = running();
        let made = cluster.nodes[0].start.clone();
        say(&mut cluster, &[("databases", "32")]);
        assert_eq!(
            cluster.prepared(&cluster.nodes[0]),
            cluster.nodes[0],
            "a lost container is made as it was"
        );
        cluster.nodes[0].reboot = Some(Reboot {
            from_started_at: Some("run 1".to_owned()),
        });
        let generation = cluster.nodes[0].generation;
        let rebooted = cluster.prepared(&cluster.nodes[0]);
        assert_eq!(rebooted.generation, generation + 1);
        assert_ne!(rebooted.start, made);
        cluster.nodes[0] = rebooted.clone();
        assert_eq!(cluster.prepared(&cluster.nodes[0]), rebooted, "once");
        assert!(!cluster.needs_reboot(&cluster.nodes[0]));
        cluster.nodes[0].generation += 1;
        let replaced = cluster.prepared(&cluster.nodes[0]);
        assert_eq!(replaced.start.unwrap().node_generation, generation + 2);
    }
}
