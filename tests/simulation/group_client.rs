//! What clients ask of replication groups.

use std::collections::BTreeMap;

use cacheplane::operations::{Context, replication_group as groups};
use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::resources::replication_group::sharding::NodeGroup;
use cacheplane::resources::scope::Scope;
use cacheplane::resources::status::{self, GroupOperation, Operation};
use cacheplane_api::Fault;
use cacheplane_api::shapes::{
    CreateCacheClusterMessage, CreateReplicationGroupMessage, DecreaseReplicaCountMessage,
    DeleteReplicationGroupMessage, DescribeReplicationGroupsMessage, IncreaseReplicaCountMessage,
    ModifyReplicationGroupMessage, ModifyReplicationGroupShardConfigurationMessage,
    ReplicationGroup as Wire, TestFailoverMessage,
};

use crate::client::{self, Command};
use crate::dice::Dice;
use crate::parameters;

const NODE_TYPES: [&str; 2] = ["cache.t3.micro", "cache.t3.small"];
const VERSIONS: [&str; 3] = ["6.2", "7.0", "7.1"];
const IDS: [&str; 2] = ["gnu", "hen"];

/// A request about a replication group.
#[derive(Debug, Clone)]
pub enum GroupCommand {
    /// CreateReplicationGroup.
    Create(Box<CreateReplicationGroupMessage>),
    /// ModifyReplicationGroup.
    Modify(Box<ModifyReplicationGroupMessage>),
    /// IncreaseReplicaCount.
    Increase(IncreaseReplicaCountMessage),
    /// DecreaseReplicaCount.
    Decrease(DecreaseReplicaCountMessage),
    /// ModifyReplicationGroupShardConfiguration.
    Reshard(ModifyReplicationGroupShardConfigurationMessage),
    /// TestFailover.
    TestFailover(TestFailoverMessage),
    /// DeleteReplicationGroup.
    Delete(DeleteReplicationGroupMessage),
    /// DescribeReplicationGroups of one.
    Describe(String),
}

/// A create request.
pub fn create(id: &str, version: &str, replicas: i32) -> Command {
    Command::Group(GroupCommand::Create(Box::new(
        CreateReplicationGroupMessage {
            replication_group_id: id.to_owned(),
            replication_group_description: "a group".to_owned(),
            num_cache_clusters: Some(replicas + 1),
            automatic_failover_enabled: Some(replicas > 0),
            engine: Some("redis".to_owned()),
            engine_version: Some(version.to_owned()),
            cache_node_type: Some(NODE_TYPES[0].to_owned()),
            preferred_maintenance_window: Some("sun:05:00-sun:06:00".to_owned()),
            snapshot_window: Some("08:00-09:00".to_owned()),
            ..Default::default()
        },
    )))
}

/// A create request around a cache cluster.
pub fn adopt(id: &str, cache_cluster_id: &str) -> Command {
    Command::Group(GroupCommand::Create(Box::new(
        CreateReplicationGroupMessage {
            replication_group_id: id.to_owned(),
            replication_group_description: "a group".to_owned(),
            primary_cluster_id: Some(cache_cluster_id.to_owned()),
            ..Default::default()
        },
    )))
}

/// A modify request, to be applied at once.
pub fn modify(id: &str, change: impl FnOnce(&mut ModifyReplicationGroupMessage)) -> Command {
    let mut input = ModifyReplicationGroupMessage {
        replication_group_id: id.to_owned(),
        apply_immediately: Some(true),
        ..Default::default()
    };
    change(&mut input);
    Command::Group(GroupCommand::Modify(Box::new(input)))
}

/// A request for this many replicas, more than there are.
pub fn increase(id: &str, replicas: i32) -> Command {
    Command::Group(GroupCommand::Increase(IncreaseReplicaCountMessage {
        replication_group_id: id.to_owned(),
        new_replica_count: Some(replicas),
        apply_immediately: true,
        ..Default::default()
    }))
}

/// A request for this many replicas, fewer than there are.
pub fn decrease(id: &str, replicas: i32) -> Command {
    Command::Group(GroupCommand::Decrease(DecreaseReplicaCountMessage {
        replication_group_id: id.to_owned(),
        new_replica_count: Some(replicas),
        apply_immediately: true,
        ..Default::default()
    }))
}

/// A request to test the failover.
pub fn test_failover(id: &str) -> Command {
    Command::Group(GroupCommand::TestFailover(TestFailoverMessage {
        replication_group_id: id.to_owned(),
        node_group_id: "0001".to_owned(),
    }))
}

/// A delete request.
pub fn delete(id: &str, retain_primary: bool) -> Command {
    Command::Group(GroupCommand::Delete(DeleteReplicationGroupMessage {
        replication_group_id: id.to_owned(),
        retain_primary_cluster: Some(retain_primary),
        ..Default::default()
    }))
}

/// Something that a client might ask for, seeing these records.
pub fn any(
    dice: &mut Dice,
    groups: &BTreeMap<i64, ReplicationGroup>,
    clusters: &BTreeMap<i64, CacheCluster>,
    scope: &Scope,
) -> Command {
    let mine: Vec<&ReplicationGroup> = groups
        .values()
        .filter(|group| group.scope == *scope)
        .collect();
    let creates = if mine.is_empty() { 850 } else { 80 };
    if dice.chance(creates) {
        return any_create(dice, clusters, scope);
    }
    if mine.is_empty() || dice.chance(60) {
        return client::any(dice, clusters, scope);
    }
    let admitting: Vec<&ReplicationGroup> = mine
        .iter()
        .copied()
        .filter(|group| status::admits_group(group, GroupOperation::Modify))
        .collect();
    let group = match admitting.is_empty() || dice.chance(150) {
        true => *dice.pick(&mine),
        false => *dice.pick(&admitting),
    };
    let id = group.spec.replication_group_id.as_str();
    let replicas = group.wished_replica_count().cast_signed();
    if group.members.is_empty() {
        return delete(id, false);
    }
    match dice.below(100) {
        0..22 => any_modify(dice, group),
        22..38 => increase(
            id,
            (replicas + 1 + dice.below(2).cast_signed() as i32).min(5),
        ),
        38..52 => decrease(
            id,
            (replicas - 1 - dice.below(2).cast_signed() as i32).max(0),
        ),
        52..66 => test_failover(id),
        66..80 => client::reboot(&dice.pick(&group.members).spec.cache_cluster_id, &["0001"]),
        80..86 => any_member(dice, group),
        86..94 => delete(id, dice.chance(400)),
        _ => Command::Group(GroupCommand::Describe(id.to_owned())),
    }
}

fn any_create(dice: &mut Dice, clusters: &BTreeMap<i64, CacheCluster>, scope: &Scope) -> Command {
    let id = *dice.pick(&IDS);
    let adoptable: Vec<&CacheCluster> = clusters
        .values()
        .filter(|cluster| cluster.scope == *scope && cluster.membership.is_none())
        .filter(|cluster| cluster.spec.engine() == Engine::Redis)
        .filter(|cluster| status::admits(cluster, Operation::Modify))
        .collect();
    if !adoptable.is_empty() && dice.chance(700) {
        return adopt(id, &dice.pick(&adoptable).spec.cache_cluster_id);
    }
    if dice.chance(200) {
        let version = *dice.pick(&VERSIONS);
        return client::create("ant", Engine::Redis, version, 1);
    }
    let replicas = *dice.pick(&[0, 1, 1, 2, 2, 2, 3]);
    let version = *dice.pick(&VERSIONS);
    create(id, version, replicas)
}

fn any_modify(dice: &mut Dice, group: &ReplicationGroup) -> Command {
    let id = group.spec.replication_group_id.as_str();
    let now = dice.chance(700);
    let family = |version: Option<&str>| {
        let found = version.and_then(|version| engine::find(Engine::Redis, version));
        found.unwrap_or(group.spec.engine_version).family
    };
    match dice.below(7) {
        5 => {
            let group = parameters::any_group(dice, family(None));
            modify(id, |input| input.cache_parameter_group_name = Some(group))
        }
        6 => parameters::any_set(dice, &group.members[0]),
        0 => modify(id, |input| {
            input.cache_node_type = Some((*dice.pick(&NODE_TYPES)).to_owned());
            input.apply_immediately = Some(now);
        }),
        1 => modify(id, |input| {
            let version = *dice.pick(&VERSIONS);
            if dice.chance(500) {
                let group = parameters::any_group(dice, family(Some(version)));
                input.cache_parameter_group_name = Some(group);
            }
            input.engine_version = Some(version.to_owned());
            input.apply_immediately = Some(now);
        }),
        2 => modify(id, |input| {
            input.automatic_failover_enabled = Some(!group.spec.automatic_failover);
        }),
        3 => modify(id, |input| {
            let window = ["wed:11:30-wed:13:00", "sun:05:00-sun:06:00"];
            input.preferred_maintenance_window = Some((*dice.pick(&window)).to_owned());
        }),
        _ => modify(id, |input| {
            let member = dice.pick(&group.members);
            input.primary_cluster_id = Some(member.spec.cache_cluster_id.clone());
            input.apply_immediately = Some(now);
        }),
    }
}

/// A member is asked for or asked away by itself.
fn any_member(dice: &mut Dice, group: &ReplicationGroup) -> Command {
    if dice.chance(500) {
        return client::delete(&dice.pick(&group.members).spec.cache_cluster_id);
    }
    Command::Create(CreateCacheClusterMessage {
        cache_cluster_id: "ape".to_owned(),
        replication_group_id: Some(group.spec.replication_group_id.clone()),
        ..Default::default()
    })
}

impl GroupCommand {
    /// The replication group that it is about.
    pub fn id(&self) -> &str {
        match self {
            Self::Create(input) => &input.replication_group_id,
            Self::Modify(input) => &input.replication_group_id,
            Self::Increase(input) => &input.replication_group_id,
            Self::Decrease(input) => &input.replication_group_id,
            Self::Reshard(input) => &input.replication_group_id,
            Self::TestFailover(input) => &input.replication_group_id,
            Self::Delete(input) => &input.replication_group_id,
            Self::Describe(id) => id,
        }
    }

    /// In a line, for the trace.
    pub fn text(&self) -> String {
        match self {
            Self::Create(input) => format!(
                "create group {} members {:?} node groups {:?} x {:?} from {:?} version {:?}",
                input.replication_group_id,
                input.num_cache_clusters,
                input.num_node_groups,
                input.replicas_per_node_group,
                input.primary_cluster_id,
                input.engine_version
            ),
            Self::Modify(input) => format!(
                "modify group {} mode {:?} type {:?} version {:?} failover {:?} primary {:?} window {:?} immediately {:?}",
                input.replication_group_id,
                input.cluster_mode,
                input.cache_node_type,
                input.engine_version,
                input.automatic_failover_enabled,
                input.primary_cluster_id,
                input.preferred_maintenance_window,
                input.apply_immediately
            ),
            Self::Increase(input) => format!(
                "increase {} to {:?}",
                input.replication_group_id, input.new_replica_count
            ),
            Self::Decrease(input) => format!(
                "decrease {} to {:?}",
                input.replication_group_id, input.new_replica_count
            ),
            Self::Reshard(input) => format!(
                "reshard {} to {} without {:?}",
                input.replication_group_id, input.node_group_count, input.node_groups_to_remove
            ),
            Self::TestFailover(input) => format!(
                "test failover {} of {}",
                input.replication_group_id, input.node_group_id
            ),
            Self::Delete(input) => format!(
                "delete group {} retain {:?}",
                input.replication_group_id, input.retain_primary_cluster
            ),
            Self::Describe(id) => format!("describe group {id}"),
        }
    }

    /// Asks; the status that was answered with, where there was one.
    pub async fn ask(self, cx: Context) -> Result<Option<String>, Fault> {
        let status = |group: Option<Wire>| group.and_then(|group| group.status);
        Ok(match self {
            Self::Create(input) => status(
                groups::create_replication_group(&cx, *input)
                    .await?
                    .replication_group,
            ),
            Self::Modify(input) => status(
                groups::modify_replication_group(&cx, *input)
                    .await?
                    .replication_group,
            ),
            Self::Increase(input) => status(
                groups::increase_replica_count(&cx, input)
                    .await?
                    .replication_group,
            ),
            Self::Decrease(input) => status(
                groups::decrease_replica_count(&cx, input)
                    .await?
                    .replication_group,
            ),
            Self::Reshard(input) => status(
                groups::modify_replication_group_shard_configuration(&cx, input)
                    .await?
                    .replication_group,
            ),
            Self::TestFailover(input) => {
                status(groups::test_failover(&cx, input).await?.replication_group)
            }
            Self::Delete(input) => status(
                groups::delete_replication_group(&cx, input)
                    .await?
                    .replication_group,
            ),
            Self::Describe(id) => {
                let input = DescribeReplicationGroupsMessage {
                    replication_group_id: Some(id),
                    ..Default::default()
                };
                let reply = groups::describe_replication_groups(&cx, input).await?;
                status(reply.replication_groups.unwrap_or_default().pop())
            }
        })
    }

    /// Whether what was answered with `status` is on record.
    pub fn is_kept(&self, group: &ReplicationGroup, status: Option<&str>) -> bool {
        let (spec, pending) = (&group.spec, &group.pending);
        match self {
            Self::Create(_) => group.available_at.is_none(),
            Self::Modify(input) => {
                let version = input.engine_version.as_deref().is_none_or(|wanted| {
                    let now = pending.engine_version.unwrap_or(spec.engine_version);
                    now.version == wanted
                });
                let node_type = input.cache_node_type.as_deref().is_none_or(|wanted| {
                    pending.node_type.unwrap_or(spec.node_type).name == wanted
                });
                let mode = input.cluster_mode.as_deref();
                let mode = mode.is_none_or(|wanted| spec.cluster_mode.word() == wanted);
                let failover = input.automatic_failover_enabled;
                version
                    && node_type
                    && mode
                    && failover.is_none_or(|on| spec.automatic_failover == on)
            }
            Self::Increase(input) => has_replicas(group, input.new_replica_count),
            Self::Decrease(input) => has_replicas(group, input.new_replica_count),
            Self::Reshard(input) => {
                let stays = |one: &&NodeGroup| !one.slots.is_empty();
                let wished = node_groups(group).iter().filter(stays).count();
                usize::try_from(input.node_group_count) == Ok(wished)
            }
            Self::TestFailover(_) => {
                let is_tested = |one: &NodeGroup| one.test_failover.is_some();
                group.test_failover.is_some() || node_groups(group).iter().any(is_tested)
            }
            Self::Delete(_) => group.deletion_requested_at.is_some(),
            Self::Describe(_) => status == Some(status::replication_group(group).word()),
        }
    }
}

/// The node groups of a group with cluster mode enabled.
pub fn node_groups(group: &ReplicationGroup) -> &[NodeGroup] {
    let sharding = group.sharding.as_ref();
    sharding.map_or(&[], |sharding| &sharding.node_groups)
}

/// Whether so many replicas are wished for, of each node group where there are several.
fn has_replicas(group: &ReplicationGroup, wanted: Option<i32>) -> bool {
    if group.sharding.is_none() {
        return wanted == Some(group.wished_replica_count().cast_signed());
    }
    let mut staying = node_groups(group)
        .iter()
        .filter(|one| !one.slots.is_empty());
    staying.all(|one| {
        let members = group.wished_shard_members(one.id).count();
        i32::try_from(members).ok() == wanted.map(|replicas| replicas + 1)
    })
}
