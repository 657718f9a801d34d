//! What routers have been told, as a test compares it.

use cacheplane::routing::{Route, RouteKind};

/// What a router answers for one configuration endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Address, unless it is the host's, and port.
    pub listen: String,
    /// The version of the list.
    pub version: u32,
    /// The nodes told of, as host, address and port.
    pub nodes: Vec<String>,
    /// Where everything else goes.
    pub targets: Vec<String>,
}

impl Served {
    pub fn of(route: &Route) -> Self {
        let RouteKind::MemcachedDiscovery {
            config_version,
            nodes,
            targets,
            ..
        } = &route.kind
        else {
            panic!("{} is no configuration endpoint", route.id);
        };
        let address = route.listen.address.map(|address| address.to_string());
        Self {
            listen: format!("{}:{}", address.unwrap_or_default(), route.listen.port),
            version: *config_version,
            nodes: nodes
                .iter()
                .map(|node| format!("{}|{}|{}", node.host, node.address, node.port))
                .collect(),
            targets: targets
                .iter()
                .map(|target| format!("{}:{}", target.address, target.port))
                .collect(),
        }
    }
}
