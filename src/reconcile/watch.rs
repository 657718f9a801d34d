//! Watches the members of replication groups: those that should serve and do not answer, and those that no longer do their part. The
//! container engine's events tell of what ends; this tells of what hangs, is cut off, or has lost touch. Only records.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use super::driver::{Item, Outcome, Reconciler};
use super::replication_group::{addresses, answer, cluster_answer, has_primary_address};
use super::{World, identity};
use crate::activators::{Activator, Activators};
use crate::engine::EngineError;
use crate::planner::replication_group::is_touched;
use crate::planner::sharded_group::keeps_its_part;
use crate::resources::cache_cluster::{CacheCluster, CacheNode};
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::replication_group::sharding::Sharding;

/// How often every member is asked.
const PERIOD: Duration = Duration::from_secs(1);

/// How long it may take to answer.
const PROBE_DEADLINE: Duration = Duration::from_secs(1);

/// Members asked at once.
const CONCURRENCY: usize = 32;

/// The reconciler that watches members.
#[derive(Debug)]
pub struct Watch {
    world: World,
}

/// What came of asking a member.
enum Finding {
    /// It does its part.
    Well,
    /// It does not answer.
    Silent {
        /// Its node's key.
        node: i64,
    },
    /// It answers, and does not do its part.
    Astray {
        /// Its key.
        cluster: i64,
    },
    /// It follows whom it should, and is not connected to them.
    OutOfTouch,
}

#[async_trait]
impl Reconciler for Watch {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn activator<'a>(&self, activators: &'a Activators) -> &'a Activator {
        &activators.watch
    }

    async fn list(&self) -> anyhow::Result<Vec<Item>> {
        Ok(vec![(0, 0)])
    }

    async fn reconcile(&self, _: i64) -> anyhow::Result<Outcome> {
        let groups = self.world.datastore.replication_group_list().await?;
        let mut members = Vec::new();
        for group in groups
            .iter()
            .filter(|group| group.deletion_requested_at.is_none())
        {
            for member in &group.members {
                if group.has_joined(member)
                    && !is_touched(member)
                    && let Some(node) = member.nodes.first()
                {
                    members.push((group, member, node));
                }
            }
        }
        let mut findings = Vec::new();
        for some in members.chunks(CONCURRENCY) {
            let asked = some
                .iter()
                .map(|(group, member, node)| self.ask(group, member, node));
            findings.extend(join_all(asked).await);
        }
        let mut silent = Vec::new();
        let mut astray = Vec::new();
        let mut out_of_touch = Vec::new();
        for ((group, member, _), finding) in members.iter().zip(findings) {
            match finding {
                Finding::Well => {}
                Finding::Silent { node } => silent.push(node),
                Finding::Astray { cluster } => astray.push(cluster),
                Finding::OutOfTouch => out_of_touch.push((*group, *member)),
            }
        }
        for some in out_of_touch.chunks(CONCURRENCY) {
            let led = join_all(
                some.iter()
                    .map(|(group, member)| self.is_led(group, member)),
            )
            .await;
            let some = some.iter().zip(led).filter(|(_, is_led)| *is_led);
            astray.extend(some.map(|((_, member), _)| member.key));
        }
        let store = &self.world.datastore;
        if !silent.is_empty() {
            let now = self.world.clock.now();
            store.cache_node_record_silent(&silent, now).await?;
        }
        if !astray.is_empty() {
            store.replication_group_unjoin(&astray).await?;
        }
        if !(silent.is_empty() && astray.is_empty()) {
            self.world.activators.replication_group.wake();
            self.world.activators.cache_cluster.wake();
            self.world.activators.router.wake();
        }
        Ok(Outcome::Settled)
    }
}

impl Watch {
    /// Watches this world.
    pub fn new(world: World) -> Arc<Self> {
        Arc::new(Self { world })
    }

    async fn ask(
        &self,
        group: &ReplicationGroup,
        member: &CacheCluster,
        node: &CacheNode,
    ) -> Finding {
        let endpoint = self.world.node_endpoint(member, node);
        if let Some(sharding) = &group.sharding {
            return self.ask_of_cluster(group, sharding, member, node).await;
        }
        let report = match self.world.observer.observe(&endpoint, PROBE_DEADLINE).await {
            Ok(report) => report,
            // It lives, and what it does cannot be seen.
            Err(EngineError::Full { .. }) => return Finding::Well,
            Err(_) => return Finding::Silent { node: node.key },
        };
        let primary = group
            .members
            .iter()
            .position(|member| group.is_primary(member));
        let does_its_part = match answer(group, report) {
            None => false,
            // What is on record of histories decides who may be the next primary.
            Some(answer) if group.primary.history.as_ref() != Some(&answer.history) => false,
            Some(answer) if group.is_primary(member) => {
                answer.is_primary && self.is_at_endpoint(group, member, node).await
            }
            Some(answer) if answer.is_primary || answer.follows != primary => false,
            Some(answer) if !answer.link_up => return Finding::OutOfTouch,
            Some(_) => true,
        };
        match does_its_part {
            true => Finding::Well,
            false => Finding::Astray {
                cluster: member.key,
            },
        }
    }

    async fn ask_of_cluster(
        &self,
        group: &ReplicationGroup,
        sharding: &Sharding,
        member: &CacheCluster,
        node: &CacheNode,
    ) -> Finding {
        let endpoint = self.world.node_endpoint(member, node);
        let view = match self
            .world
            .observer
            .observe_cluster(&endpoint, PROBE_DEADLINE)
            .await
        {
            Ok(view) => view,
            // It has been started again, which is told of elsewhere.
            Err(EngineError::Loading { .. } | EngineError::Full { .. }) => return Finding::Well,
            Err(_) => return Finding::Silent { node: node.key },
        };
        let mut members = group.members.iter();
        let index = members.position(|one| one.key == member.key);
        let Some((index, mut answer)) = index.zip(cluster_answer(view, &addresses(group))) else {
            return Finding::Astray {
                cluster: member.key,
            };
        };
        let keeps = keeps_its_part(group, sharding, index, &answer);
        answer.link_up = true;
        if !keeps && keeps_its_part(group, sharding, index, &answer) {
            return Finding::OutOfTouch;
        }
        let is_elsewhere =
            group.is_recorded_primary(member) && !self.is_at_endpoint(group, member, node).await;
        match keeps && !is_elsewhere {
            true => Finding::Well,
            false => Finding::Astray {
                cluster: member.key,
            },
        }
    }

    /// Whether the primary that `member` follows serves, asked after `member` was found without a connection to it. One whose primary
    /// is away has what it had: reads go on to it until another primary is chosen, and while it turns to that one.
    async fn is_led(&self, group: &ReplicationGroup, member: &CacheCluster) -> bool {
        let primary = match &group.sharding {
            None => Some(&group.primary.cache_cluster_id),
            Some(sharding) => {
                let membership = member.membership.as_ref();
                let node_group = membership.and_then(|membership| membership.node_group);
                let node_group = node_group.and_then(|node_group| sharding.find(node_group));
                node_group.and_then(|node_group| node_group.primary.as_ref())
            }
        };
        let primary = primary.and_then(|id| group.member(id));
        let Some((primary, node)) = primary.and_then(|one| Some((one, one.nodes.first()?))) else {
            return false;
        };
        matches!(self.ask(group, primary, node).await, Finding::Well)
    }

    /// Whether the primary still has the primary endpoint's address, as far as the container engine tells.
    async fn is_at_endpoint(
        &self,
        group: &ReplicationGroup,
        member: &CacheCluster,
        node: &CacheNode,
    ) -> bool {
        if group.primary_endpoint.address.is_none() {
            return true;
        }
        let name = identity(member, node).container_name(&self.world.ground.owner);
        match self.world.runtime.container(&name).await {
            Ok(Some(container)) => has_primary_address(&self.world, group, &container),
            Ok(None) => false,
            Err(_) => true,
        }
    }
}
