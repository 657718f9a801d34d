//! The endpoints of a replication group: which it has, and where they lead.

use std::net::Ipv4Addr;

use super::ReplicationGroup;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::cluster_mode::ClusterMode;

/// An endpoint that moves between nodes, or spreads over them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MovingEndpoint {
    /// Its address on the endpoint network, once chosen; none in published mode.
    pub address: Option<Ipv4Addr>,
    /// Its port on the host, in published mode, once chosen.
    pub published_port: Option<u16>,
    /// The route to it that a router was last seen to serve, as [`ReplicationGroup::route`] words it.
    pub route_served: Option<String>,
}

/// The endpoints of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupEndpoint {
    /// Where writes go.
    Primary,
    /// Where reads go.
    Reader,
    /// Where clients learn of all nodes.
    Configuration,
}

impl MovingEndpoint {
    /// Whether clients can be told of it.
    pub fn is_allocated(&self) -> bool {
        self.address.is_some() || self.published_port.is_some()
    }
}

impl GroupEndpoint {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Primary, Self::Reader, Self::Configuration];

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Reader => "reader",
            Self::Configuration => "configuration",
        }
    }
}

impl ReplicationGroup {
    /// The members that reads go to: replicas that are in sync, in the order of their making; the primary where there is none.
    pub fn readers(&self) -> Vec<&CacheCluster> {
        let readers = |wanted: fn(&Self, &CacheCluster) -> bool| -> Vec<&CacheCluster> {
            self.wished_members()
                .filter(|member| wanted(self, member) && self.keeps_up(member))
                .filter(|member| self.lets_users_in(member))
                .collect()
        };
        let replicas = readers(|group, member| !group.is_primary(member));
        match replicas.is_empty() {
            true => readers(|group, member| group.is_primary(member)),
            false => replicas,
        }
    }

    /// The primary, while it is known to serve.
    pub fn serving_primary(&self) -> Option<&CacheCluster> {
        self.member(&self.primary.cache_cluster_id)
            .filter(|member| self.has_joined(member))
    }

    /// One of the group's endpoints.
    pub fn endpoint(&self, endpoint: GroupEndpoint) -> &MovingEndpoint {
        match endpoint {
            GroupEndpoint::Primary => &self.primary_endpoint,
            GroupEndpoint::Reader => &self.reader_endpoint,
            GroupEndpoint::Configuration => &self.configuration_endpoint,
        }
    }

    /// The endpoints that the group shall have.
    pub fn wished_endpoints(&self) -> &'static [GroupEndpoint] {
        match self.spec.cluster_mode {
            ClusterMode::Disabled => &[GroupEndpoint::Primary, GroupEndpoint::Reader],
            ClusterMode::Compatible => &GroupEndpoint::ALL,
            ClusterMode::Enabled => &[GroupEndpoint::Configuration],
        }
    }

    /// Whether an endpoint that the group shall have has no address and no port.
    pub fn lacks_endpoint(&self) -> bool {
        let mut wished = self.wished_endpoints().iter();
        wished.any(|one| !self.endpoint(*one).is_allocated())
    }

    /// The endpoints that the group has and shall not have.
    pub fn spare_endpoints(&self) -> Vec<GroupEndpoint> {
        let wished = self.wished_endpoints();
        let spare =
            |one: &GroupEndpoint| self.endpoint(*one).is_allocated() && !wished.contains(one);
        GroupEndpoint::ALL.into_iter().filter(spare).collect()
    }

    /// Whether the group has any endpoint.
    pub fn has_endpoint(&self) -> bool {
        let mut all = GroupEndpoint::ALL.into_iter();
        all.any(|one| self.endpoint(one).is_allocated())
    }

    /// The members that a router shall pass connections to an endpoint on to, and those that it shall try after them. None where no
    /// router has a part in it: in network mode the primary endpoint is an address of the primary itself.
    pub fn targets(
        &self,
        endpoint: GroupEndpoint,
    ) -> Option<(Vec<&CacheCluster>, Vec<&CacheCluster>)> {
        if !self.wished_endpoints().contains(&endpoint) {
            return None;
        }
        let (primary, readers) = match &self.sharding {
            None => (self.serving_primary(), self.readers()),
            Some(_) => self.shard_targets(),
        };
        match endpoint {
            GroupEndpoint::Primary => {
                self.primary_endpoint.published_port?;
                Some((primary.into_iter().collect(), Vec::new()))
            }
            GroupEndpoint::Reader => {
                let rest = primary.filter(|primary| !readers.contains(primary));
                Some((readers, rest.into_iter().collect()))
            }
            GroupEndpoint::Configuration => {
                let all = self.wished_members().filter(|one| self.is_well(one));
                Some((all.collect(), Vec::new()))
            }
        }
    }

    /// Of a group whose nodes choose their primaries: the one that serves, and those that reads go to.
    fn shard_targets(&self) -> (Option<&CacheCluster>, Vec<&CacheCluster>) {
        let well = || self.wished_members().filter(|one| self.is_well(one));
        let primary = well().find(|one| self.is_recorded_primary(one));
        let replicas: Vec<_> = well()
            .filter(|one| !self.is_recorded_primary(one))
            .collect();
        match replicas.is_empty() {
            true => (primary, primary.into_iter().collect()),
            false => (primary, replicas),
        }
    }

    /// Whether `member` does its part, and lets clients in.
    fn is_well(&self, member: &CacheCluster) -> bool {
        self.has_joined(member) && self.lets_users_in(member)
    }

    /// The route to an endpoint that a router shall serve, in words that are equal if and only if the routes are.
    pub fn route(&self, endpoint: GroupEndpoint) -> Option<String> {
        let words = |members: Vec<&CacheCluster>| {
            let words: Vec<String> = members.into_iter().filter_map(target_words).collect();
            words.join(",")
        };
        let (targets, fallback) = self.targets(endpoint)?;
        Some(format!("{}|{}", words(targets), words(fallback)))
    }

    /// Whether a router still passes connections on to `member`.
    pub fn is_routed_to(&self, member: &CacheCluster) -> bool {
        let Some(words) = target_words(member) else {
            return false;
        };
        let mut endpoints = GroupEndpoint::ALL.into_iter();
        endpoints.any(|one| {
            let served = self.endpoint(one).route_served.as_deref();
            let mut targets = served.unwrap_or_default().split(['|', ',']);
            targets.any(|target| target == words)
        })
    }

    /// Whether a router serves another route to an endpoint than it shall.
    pub fn lacks_route(&self, endpoint: GroupEndpoint) -> bool {
        let route = self.route(endpoint);
        route.is_some() && self.endpoint(endpoint).route_served != route
    }
}

fn target_words(member: &CacheCluster) -> Option<String> {
    let node = member.nodes.first()?;
    Some(format!(
        "{}:{}",
        node.address?,
        node.engine_port(&member.spec)
    ))
}
