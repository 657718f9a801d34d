//! The events of a cache cluster, as somebody hears them who believes each.

use std::collections::BTreeMap;

use cacheplane::resources::cache_cluster::CacheCluster;

/// What follows from the events so far.
#[derive(Debug, Default)]
pub struct Tale {
    /// All messages.
    pub told: Vec<String>,
    /// Deletions.
    pub deleted: usize,
    created: bool,
    failed: bool,
    changes: usize,
    nodes: BTreeMap<String, NodeTale>,
}

#[derive(Debug, Default)]
struct NodeTale {
    is_added: bool,
    is_recovering: bool,
    is_down: bool,
}

impl Tale {
    /// Hears the next event, which must make sense.
    pub fn hear(&mut self, message: &str) -> Result<(), String> {
        self.told.push(message.to_owned());
        let again = || Err(format!("\"{message}\" is told in the wrong place"));
        let turns = |flag: &mut bool, to: bool| std::mem::replace(flag, to) != to;
        let node = |text: &str| {
            text.split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let made_sense = if message == "Cache cluster created" {
            !self.failed && turns(&mut self.created, true)
        } else if message == "Cache cluster deleted" {
            *self = Self {
                deleted: self.deleted + 1,
                told: std::mem::take(&mut self.told),
                ..Self::default()
            };
            true
        } else if message.starts_with("Failed to create") {
            !self.created && turns(&mut self.failed, true)
        } else if let Some(rest) = message.strip_prefix("Added cache node ") {
            turns(
                &mut self.nodes.entry(node(rest)).or_default().is_added,
                true,
            )
        } else if let Some(rest) = message.strip_prefix("Removed cache nodes ") {
            rest.split(", ")
                .all(|id| self.nodes.remove(id).is_some_and(|node| node.is_added))
        } else if let Some(rest) = message.strip_prefix("Recovering cache nodes ") {
            turns(
                &mut self.nodes.entry(node(rest)).or_default().is_recovering,
                true,
            )
        } else if let Some(rest) = message.strip_prefix("Finished recovery for cache nodes ") {
            turns(
                &mut self.nodes.entry(node(rest)).or_default().is_recovering,
                false,
            )
        } else if let Some(rest) = message.strip_prefix("Cache node ") {
            let is_down = rest.ends_with("shutdown");
            turns(
                &mut self.nodes.entry(node(rest)).or_default().is_down,
                is_down,
            )
        } else {
            let ends = [
                "Finished modifying",
                "Finished upgrading",
                "Succeeded applying",
                "Failed to modify",
                "Failed to upgrade",
                "Failed applying",
            ];
            self.changes += usize::from(ends.iter().any(|end| message.starts_with(end)));
            true
        };
        if made_sense { Ok(()) } else { again() }
    }

    /// The tale is over; it must have come to what is on record.
    pub fn end(&self, cluster: &CacheCluster, changes: usize) -> Result<(), String> {
        if self.created != cluster.available_at.is_some()
            || self.failed != cluster.failure.is_some()
        {
            return Err("it was told otherwise of its creation".to_owned());
        }
        if self.failed {
            return Ok(());
        }
        if self.changes != changes {
            return Err(format!(
                "{changes} changes were made, and {} told of",
                self.changes
            ));
        }
        if let Some(node) = cluster.wished_nodes().find(|node| {
            !self
                .nodes
                .get(&node.cache_node_id)
                .is_some_and(|told| told.is_added)
        }) {
            return Err(format!(
                "it was never told that {} was added",
                node.cache_node_id
            ));
        }
        match self
            .nodes
            .iter()
            .find(|(_, node)| node.is_recovering || node.is_down)
        {
            Some((id, _)) => Err(format!("it was never told how it ended with {id}")),
            None => Ok(()),
        }
    }
}
