//! Lets in to the nodes of replication groups whom their user groups say, and nobody else.
//!
//! Apart from the reconciler of replication groups, because a change of a user waits for nothing that a group does, and a failover waits
//! for no change of a user. It writes two things: that a node was given users, and that a change of a user or a user group has been
//! followed by all whom it concerns. A node is told the whole every time, so it does not matter what it was told before.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::driver::{Item, Outcome, Reconciler};
use super::node::describe;
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::datastore::{Error as StoreError, GivenAccess};
use crate::engine::{EngineError, NodeUser};
use crate::planner::access::plan;
use crate::resources::auth_token::AuthTokens;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::engine::VersionNumber;
use crate::resources::user::{Authentication, User, node_users};

/// How long a lost wake can cost.
const PERIOD: Duration = Duration::from_secs(5);

/// Replication groups in work at once.
const CONCURRENCY: usize = 32;

/// How long a node may take to say what it is, and then to take its users.
const COMMAND_DEADLINE: Duration = Duration::from_secs(1);

/// The first line that has users.
const FIRST_WITH_USERS: VersionNumber = VersionNumber {
    major: 6,
    minor: 0,
    patch: 0,
};

/// The key that stands for what no replication group has to follow any more.
const SETTLE: i64 = 0;

/// The reconciler of who is let in.
#[derive(Debug)]
pub struct Access {
    world: World,
}

#[async_trait]
impl Reconciler for Access {
    fn name(&self) -> &'static str {
        "access"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.access
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        let store = &self.world.datastore;
        let mut items = store.access_list_unconverged().await?;
        if store.access_is_unsettled().await? {
            items.push((SETTLE, 0));
        }
        Ok(items)
    }

    async fn reconcile(&self, key: i64) -> anyhow::Result<Outcome> {
        let store = &self.world.datastore;
        if key == SETTLE {
            store.access_settle().await?;
            return Ok(Outcome::Settled);
        }
        let (group, users) = match store.access_get(key).await {
            Ok(found) => found,
            Err(StoreError::NotFound) => return Ok(Outcome::Settled),
            Err(error) => return Err(error).context("read who is let in"),
        };
        let lacking = plan(&group);
        let given = lacking.iter().map(|(index, _)| {
            let member = &group.members[*index];
            self.give(member, users.as_deref(), group.access.auth_tokens.as_ref())
        });
        let mut done = Vec::new();
        let mut refusals = Vec::new();
        let mut again = false;
        for ((index, run), result) in lacking.iter().zip(join_all(given).await) {
            let member = &group.members[*index];
            match result {
                Ok(()) => done.push(GivenAccess {
                    cache_cluster_key: member.key,
                    started_at: run.clone(),
                    generation: group.access.generation,
                }),
                Err(error @ EngineError::Refused { .. }) => refusals.push(describe(&error)),
                Err(error) => {
                    again = true;
                    tracing::info!(
                        cache_cluster.id = member.spec.cache_cluster_id,
                        reason = describe(&error),
                        "A node was not given its users; it is told again"
                    );
                }
            }
        }
        let progressed = !done.is_empty();
        if progressed {
            store.access_record(&done).await?;
            // Both may have waited for it, and reads may go to more nodes.
            self.world.activators.replication_group.wake();
            self.world.activators.router.wake();
        }
        anyhow::ensure!(
            refusals.is_empty(),
            "nodes of the replication group {} do not take their users: {}",
            group.spec.replication_group_id,
            refusals.join("; ")
        );
        Ok(match again {
            true => Outcome::LookAgain { progressed },
            false => Outcome::Settled,
        })
    }
}

/// The line of an engine that calls itself `version`; one that says nothing of use is the one that was asked for.
fn line(version: &str, member: &CacheCluster) -> VersionNumber {
    let number = |text: &str| VersionNumber::parse(text.split('-').next().unwrap_or(text));
    number(version)
        .or_else(|| number(member.spec.engine_version.version))
        .unwrap_or(FIRST_WITH_USERS)
}

impl Access {
    /// Reconciles in this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    /// Gives one node its users, in the words of the line that it runs.
    async fn give(
        &self,
        member: &CacheCluster,
        users: Option<&[User]>,
        tokens: Option<&AuthTokens>,
    ) -> Result<(), EngineError> {
        let Some(node) = member.nodes.first() else {
            return Ok(());
        };
        let endpoint = self.world.node_endpoint(member, node);
        let report = self.world.engine.probe(&endpoint, COMMAND_DEADLINE).await?;
        if report.loading {
            return Err(EngineError::Loading {
                endpoint: endpoint.to_string(),
            });
        }
        let line = line(&report.version, member);
        if member.spec.iam {
            self.give_tokens(member, node, users.unwrap_or_default())
                .await?;
        }
        let container = identity(member, node).container_name(&self.world.ground.owner);
        let by_token = |name: &str| {
            let is_it =
                |user: &&User| user.user_name == name && user.authentication == Authentication::Iam;
            member.spec.iam && users.unwrap_or_default().iter().any(|user| is_it(&user))
        };
        let users: Vec<NodeUser> = node_users(users, tokens, member.spec.engine(), line)
            .into_iter()
            .map(|mut user| {
                if by_token(&user.name) {
                    let password = self.world.ground.token_password(&container, &user.name);
                    let digest = hex::encode(Sha256::digest(password));
                    user.rules.push(format!("#{digest}"));
                }
                NodeUser {
                    name: user.name,
                    rules: user.rules,
                }
            })
            .collect();
        self.world
            .engine
            .admit(&endpoint, &users, COMMAND_DEADLINE)
            .await
    }

    /// Tells a node's front of users that log in with tokens, before the node itself knows them.
    async fn give_tokens(
        &self,
        member: &CacheCluster,
        node: &CacheNode,
        users: &[User],
    ) -> Result<(), EngineError> {
        let untold = |reason: String| EngineError::Unreachable {
            endpoint: member.spec.cache_cluster_id.clone(),
            source: Some(std::io::Error::other(reason)),
        };
        let file = self.world.tokens_file(member, node, users).await;
        let file = file.map_err(|error| untold(format!("{error:#}")))?;
        let given = self.world.give_tokens_file(member, node, file).await;
        given.map_err(|error| untold(describe(&error)))
    }
}
