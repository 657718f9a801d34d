//! What clients ask of replication groups with cluster mode enabled.

use std::collections::BTreeMap;

use cacheplane::resources::cluster_mode::{ClusterMode, can_be_compatible};
use cacheplane::resources::engine::{self, Engine};
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::resources::scope::Scope;
use cacheplane::resources::status::{self, GroupOperation};
use cacheplane_api::shapes::{
    CreateReplicationGroupMessage, ModifyReplicationGroupShardConfigurationMessage,
    TestFailoverMessage,
};

use crate::client::Command;
use crate::dice::Dice;
use crate::group_client::{self as groups, GroupCommand};

const NODE_TYPES: [&str; 2] = ["cache.t3.micro", "cache.t3.small"];

/// Engines and versions that move slots in each of the ways that there are: key by key, slot by slot, and as a whole.
const VERSIONS: [(Engine, &str); 7] = [
    (Engine::Redis, "6.2"),
    (Engine::Redis, "7.0"),
    (Engine::Redis, "7.1"),
    (Engine::Valkey, "7.2"),
    (Engine::Valkey, "8.0"),
    (Engine::Valkey, "8.1"),
    (Engine::Valkey, "9.0"),
];

const ID: &str = "jay";
const NODE_GROUPS_MAX: usize = 4;
const REPLICAS_MAX: usize = 2;

/// A create request of something.
fn any_create(dice: &mut Dice) -> Command {
    let (engine, version) = *dice.pick(&VERSIONS);
    let replicas = dice.below(REPLICAS_MAX + 1);
    let found = engine::find(engine, version);
    let can_be_compatible = found.is_some_and(can_be_compatible);
    let (mode, node_groups) = match can_be_compatible && dice.chance(200) {
        true => (ClusterMode::Compatible, 1),
        false => (ClusterMode::Enabled, 1 + dice.below(NODE_GROUPS_MAX)),
    };
    Command::Group(GroupCommand::Create(Box::new(
        CreateReplicationGroupMessage {
            replication_group_id: ID.to_owned(),
            replication_group_description: "a cluster".to_owned(),
            num_node_groups: i32::try_from(node_groups).ok(),
            replicas_per_node_group: i32::try_from(replicas).ok(),
            automatic_failover_enabled: Some(true),
            cluster_mode: Some(mode.word().to_owned()),
            engine: Some(engine.name().to_owned()),
            engine_version: Some(version.to_owned()),
            cache_node_type: Some(NODE_TYPES[0].to_owned()),
            preferred_maintenance_window: Some("sun:05:00-sun:06:00".to_owned()),
            snapshot_window: Some("08:00-09:00".to_owned()),
            ..Default::default()
        },
    )))
}

/// A request for so many node groups, without these.
pub fn reshard(id: &str, node_groups: usize, remove: Vec<String>) -> Command {
    Command::Group(GroupCommand::Reshard(
        ModifyReplicationGroupShardConfigurationMessage {
            replication_group_id: id.to_owned(),
            node_group_count: i32::try_from(node_groups).unwrap_or(i32::MAX),
            apply_immediately: true,
            node_groups_to_remove: (!remove.is_empty()).then_some(remove),
            ..Default::default()
        },
    ))
}

/// Something that a client might ask for, seeing these records.
pub fn any(dice: &mut Dice, groups: &BTreeMap<i64, ReplicationGroup>, scope: &Scope) -> Command {
    let Some(group) = groups.values().find(|group| group.scope == *scope) else {
        return any_create(dice);
    };
    let id = group.spec.replication_group_id.as_str();
    if group.members.is_empty() || !status::admits_group(group, GroupOperation::Modify) {
        // Most of these are refused.
        return match dice.below(4) {
            0 => groups::delete(id, false),
            1 => any_reshard(dice, group),
            _ => Command::Group(GroupCommand::Describe(id.to_owned())),
        };
    }
    let first = groups::node_groups(group).first();
    let members = first.map_or(1, |one| group.wished_shard_members(one.id).count());
    let replicas = i32::try_from(members).unwrap_or(1) - 1;
    // In compatible mode most of the others are refused.
    if group.spec.cluster_mode == ClusterMode::Compatible && dice.chance(500) {
        let mode = ClusterMode::Enabled.word().to_owned();
        return groups::modify(id, |input| input.cluster_mode = Some(mode));
    }
    match dice.below(100) {
        0..36 => any_reshard(dice, group),
        36..48 => groups::increase(id, (replicas + 1).min(3)),
        48..60 => groups::decrease(id, (replicas - 1).max(0)),
        60..78 => any_failover(dice, group),
        78..94 => any_modify(dice, group),
        _ => groups::delete(id, false),
    }
}

fn any_reshard(dice: &mut Dice, group: &ReplicationGroup) -> Command {
    let id = group.spec.replication_group_id.as_str();
    let node_groups = groups::node_groups(group).iter();
    let mut node_groups: Vec<String> = node_groups.map(|one| one.id.to_string()).collect();
    let wanted = 1 + dice.below(NODE_GROUPS_MAX);
    let mut remove = Vec::new();
    if wanted < node_groups.len() {
        dice.shuffle(&mut node_groups);
        remove = node_groups.split_off(wanted);
    }
    reshard(id, wanted, remove)
}

fn any_failover(dice: &mut Dice, group: &ReplicationGroup) -> Command {
    let node_groups = groups::node_groups(group).iter();
    let node_groups: Vec<String> = node_groups.map(|one| one.id.to_string()).collect();
    Command::Group(GroupCommand::TestFailover(TestFailoverMessage {
        replication_group_id: group.spec.replication_group_id.clone(),
        node_group_id: match node_groups.is_empty() {
            true => "0001".to_owned(),
            false => dice.pick(&node_groups).clone(),
        },
    }))
}

fn any_modify(dice: &mut Dice, group: &ReplicationGroup) -> Command {
    let id = group.spec.replication_group_id.as_str();
    if dice.chance(400) {
        let node_type = (*dice.pick(&NODE_TYPES)).to_owned();
        return groups::modify(id, |input| input.cache_node_type = Some(node_type));
    }
    let now = group.spec.engine_version;
    let later: Vec<(Engine, &str)> = VERSIONS
        .into_iter()
        .filter(|(engine, version)| {
            let found = engine::find(*engine, version);
            found.is_some_and(|found| found.is_later_than(now))
        })
        .collect();
    let (engine, version) = match later.is_empty() {
        true => *dice.pick(&VERSIONS),
        false => *dice.pick(&later),
    };
    groups::modify(id, |input| {
        input.engine = Some(engine.name().to_owned());
        input.engine_version = Some(version.to_owned());
    })
}
