//! Stops the process before every action of what befalls a replication group, and lets the next process find what was left.

use cacheplane::resources::engine::Engine;
use cacheplane::resources::replication_group::ReplicationGroup;
use cacheplane::resources::transit_encryption::TransitEncryptionMode;

use crate::client::{self, Command};
use crate::every_step::{Scenario, nothing, stop_everywhere};
use crate::group_client::{self as groups, GroupCommand};
use crate::groups::container;
use crate::process::NODE_NETWORK;
use crate::run::Simulation;

fn group(sim: &Simulation) -> Option<&ReplicationGroup> {
    sim.ledger.groups.records.values().next()
}

/// The primary's container.
fn primary(sim: &Simulation) -> String {
    let group = group(sim).expect("be there");
    let primary = group.member(&group.primary.cache_cluster_id);
    container(primary.expect("be a member"))
}

/// Whether there is a group of so many members, with this one as its primary.
fn is_led_by(sim: &Simulation, members: usize, primary: &str) -> bool {
    group(sim).is_some_and(|group| {
        group.members.len() == members && group.primary.cache_cluster_id == primary
    })
}

/// Whether all members run this version and node type.
fn runs(sim: &Simulation, version: &str, node_type: &str) -> bool {
    group(sim).is_some_and(|group| {
        group.members.iter().all(|member| {
            member.spec.engine_version.version == version && member.spec.node_type.name == node_type
        })
    })
}

/// Encryption in transit is to be in this mode, or off.
fn encrypt(mode: Option<&str>) -> Command {
    let mode = mode.map(str::to_owned);
    groups::modify("gnu", |input| {
        input.transit_encryption_enabled = Some(mode.is_some());
        input.transit_encryption_mode = mode;
    })
}

/// Whether all members are in this mode, in containers that were made so.
fn has_encryption(sim: &Simulation, mode: Option<TransitEncryptionMode>) -> bool {
    group(sim).is_some_and(|group| {
        group.members.iter().all(|member| {
            let spec = sim.outside.host.container_spec(&container(member));
            let command = spec.map(|spec| spec.command).unwrap_or_default();
            let speaks_tls = command.iter().any(|word| word == "--tls-port");
            member.spec.transit_encryption == mode && speaks_tls == mode.is_some()
        })
    })
}

/// Nothing is asked for; what matters is what has come to pass.
fn look() -> Command {
    Command::Group(GroupCommand::Describe("gnu".to_owned()))
}

fn manual(replicas: i32) -> Vec<Command> {
    let off = groups::modify("gnu", |input| {
        input.automatic_failover_enabled = Some(false)
    });
    vec![groups::create("gnu", "7.0", replicas), off]
}

macro_rules! scenarios {
    ($($name:ident $stride:literal: $ports:expr, $before:expr, $event:expr, $command:expr => $wished:expr;)*) => {
        $(#[test]
        fn $name() {
            let (event, wished): (fn(&Simulation), fn(&Simulation) -> bool) = ($event, $wished);
            stop_everywhere(&Scenario {
                ports: $ports,
                before: $before,
                command: $command,
                event,
                meanwhile: nothing,
                wished,
                stride: $stride,
            });
        })*
    };
}

scenarios! {
    create_a_group 3: None, vec![], nothing, groups::create("gnu", "7.0", 2) => |sim| is_led_by(sim, 3, "gnu-001");
    create_a_group_published 5: Some(7000..=7050), vec![], nothing, groups::create("gnu", "7.0", 1)
        => |sim| is_led_by(sim, 2, "gnu-001");
    create_a_group_without_an_image 3: None, vec![], |sim| sim.outside.host.set_images(&[], &[]),
        groups::create("gnu", "7.0", 1) => |sim| group(sim).is_some();
    adopt_a_cache_cluster 3: None, vec![client::create("ant", Engine::Redis, "7.0", 1)], nothing, groups::adopt("gnu", "ant")
        => |sim| is_led_by(sim, 1, "ant");
    fail_over_after_a_kill 3: None, vec![groups::create("gnu", "7.0", 2)], |sim| sim.outside.host.kill(&primary(sim)), look()
        => |sim| is_led_by(sim, 3, "gnu-002");
    fail_over_after_a_kill_published 5: Some(7000..=7050), vec![groups::create("gnu", "7.0", 1)],
        |sim| sim.outside.host.kill(&primary(sim)), look() => |sim| is_led_by(sim, 2, "gnu-002");
    fail_over_after_a_freeze 3: None, vec![groups::create("gnu", "7.0", 1)], |sim| sim.outside.host.pause(&primary(sim)), look()
        => |sim| is_led_by(sim, 2, "gnu-002");
    fail_over_after_a_cut 3: None, vec![groups::create("gnu", "7.0", 1)],
        |sim| sim.outside.host.detach(&primary(sim), NODE_NETWORK), look() => |sim| is_led_by(sim, 2, "gnu-002");
    recover_a_lost_group 3: None, vec![groups::create("gnu", "7.0", 1)],
        |sim| sim.outside.host.containers().iter().for_each(|one| sim.outside.host.kill(&one.name)), look()
        => |sim| group(sim).is_some_and(|group| group.members.len() == 2);
    recover_in_place 3: None, manual(1), |sim| sim.outside.host.kill(&primary(sim)), look() => |sim| is_led_by(sim, 2, "gnu-001");
    recover_a_group_without_replicas 1: None, vec![groups::create("gnu", "7.0", 0)], |sim| sim.outside.host.kill(&primary(sim)),
        look() => |sim| is_led_by(sim, 1, "gnu-001");
    test_the_failover 3: None, vec![groups::create("gnu", "7.0", 1)], nothing, groups::test_failover("gnu")
        => |sim| is_led_by(sim, 2, "gnu-002");
    promote_a_replica 3: None, manual(2), nothing,
        groups::modify("gnu", |input| input.primary_cluster_id = Some("gnu-003".to_owned())) => |sim| is_led_by(sim, 3, "gnu-003");
    promote_a_replica_published 5: Some(7000..=7050), manual(1), nothing,
        groups::modify("gnu", |input| input.primary_cluster_id = Some("gnu-002".to_owned())) => |sim| is_led_by(sim, 2, "gnu-002");
    reboot_the_primary 2: None, vec![groups::create("gnu", "7.0", 1)], nothing, client::reboot("gnu-001", &["0001"])
        => |sim| is_led_by(sim, 2, "gnu-001");
    increase_replicas 3: None, vec![groups::create("gnu", "7.0", 0)], nothing, groups::increase("gnu", 2)
        => |sim| is_led_by(sim, 3, "gnu-001");
    decrease_replicas 2: None, vec![groups::create("gnu", "7.0", 3)], nothing, groups::decrease("gnu", 1)
        => |sim| is_led_by(sim, 2, "gnu-001");
    upgrade_a_group 7: None, vec![groups::create("gnu", "6.2", 2)], nothing,
        groups::modify("gnu", |input| input.engine_version = Some("7.1".to_owned())) => |sim| runs(sim, "7.1", "cache.t3.micro");
    scale_a_group_without_replicas 3: None, vec![groups::create("gnu", "7.0", 0)], nothing,
        groups::modify("gnu", |input| input.cache_node_type = Some("cache.t3.small".to_owned()))
        => |sim| runs(sim, "7.0", "cache.t3.small");
    turn_encryption_on 13: None, vec![groups::create("gnu", "7.0", 1)], nothing, encrypt(Some("preferred"))
        => |sim| has_encryption(sim, Some(TransitEncryptionMode::Preferred));
    turn_encryption_off 17: None, vec![groups::create("gnu", "7.0", 1), encrypt(Some("preferred"))], nothing, encrypt(None)
        => |sim| has_encryption(sim, None);
    delete_a_group 2: None, vec![groups::create("gnu", "7.0", 2)], nothing, groups::delete("gnu", false)
        => |sim| group(sim).is_none() && sim.ledger.clusters.is_empty();
    delete_all_but_the_primary 2: None, vec![groups::create("gnu", "7.0", 1)], nothing, groups::delete("gnu", true)
        => |sim| group(sim).is_none() && sim.ledger.clusters.len() == 1;
}
