//! Metrics of caches: what is counted, in which unit, and how it follows from what nodes say of themselves.
//!
//! Names, units and formulas are those of CloudWatch's namespace `AWS/ElastiCache` (ElastiCache user guide, "Metrics for Valkey and
//! Redis OSS", "Metrics for Memcached", "Host-level metrics").

pub mod catalogue;
pub mod commands;
pub mod derive;
pub mod math;
pub mod point;
pub mod range;
pub mod sample;

pub use catalogue::{METRICS, Metric, Unit};
pub use point::Point;
pub use range::Range;

use super::scope::Scope;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "AWS/ElastiCache";

/// Values of one subject in one period, by metric.
pub type Values = Vec<(&'static Metric, Point)>;

/// What values are about: a node, or the nodes of a replication group together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// Whose it is.
    pub scope: Scope,
    /// What it is called.
    pub about: About,
}

/// A kind of subject, with its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum About {
    /// A node.
    Node {
        /// Its cache cluster's id.
        cache_cluster_id: String,
        /// Its own.
        cache_node_id: String,
    },
    /// The nodes of a replication group, or those of one role: what auto scaling asks for.
    Group {
        /// The group's id.
        replication_group_id: String,
        /// The role; none is all nodes.
        role: Option<GroupRole>,
    },
}

/// A node's role, as a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupRole {
    /// It takes writes.
    Primary,
    /// It follows.
    Replica,
}

impl GroupRole {
    /// As the dimension says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Primary => "Primary",
            Self::Replica => "Replica",
        }
    }
}

impl About {
    /// Names and values of the dimensions, in the order in which AWS tells them.
    pub fn dimensions(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Node {
                cache_cluster_id,
                cache_node_id,
            } => vec![
                ("CacheClusterId", cache_cluster_id),
                ("CacheNodeId", cache_node_id),
            ],
            Self::Group {
                replication_group_id,
                role,
            } => {
                let mut dimensions = vec![("ReplicationGroupId", replication_group_id.as_str())];
                dimensions.extend(role.map(|role| ("Role", role.word())));
                dimensions
            }
        }
    }
}
