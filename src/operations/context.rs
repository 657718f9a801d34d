//! What an operation knows besides its input.

use std::sync::Arc;

use crate::activators::Activators;
use crate::clock::Clock;
use crate::datastore::Datastore;
use crate::resources::scope::Scope;
use crate::resources::subnet_group::ConfiguredSubnets;
use crate::store::bucket::S3;

/// The caller, and the rooms an operation may use.
#[derive(Debug, Clone)]
pub struct Context {
    /// Whose resources these are.
    pub scope: Scope,
    /// Where wishes are recorded.
    pub datastore: Datastore,
    /// Who makes them true.
    pub activators: Arc<Activators>,
    /// Where buckets are.
    pub s3: S3,
    /// Time.
    pub clock: Clock,
    /// How resources are shown.
    pub presentation: Arc<Presentation>,
}

/// What of the configuration shows in replies and decides over requests.
#[derive(Debug, Clone)]
pub struct Presentation {
    /// The host that endpoints of published ports are told with.
    pub advertise_host: String,
    /// Most nodes of an account in a region.
    pub node_quota: u32,
    /// Where subnets lie that do not lie where their ids say.
    pub subnets: ConfiguredSubnets,
}

impl Default for Presentation {
    fn default() -> Self {
        Self {
            advertise_host: "localhost".to_owned(),
            // AWS's default (quota "Nodes per Region").
            node_quota: 300,
            subnets: ConfiguredSubnets::new(),
        }
    }
}
