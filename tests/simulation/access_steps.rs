//! Stops the process before every action of what changes who is let in, and lets the next process find what was left.

use crate::access_client::{create_user, create_users, delete_user, modify_user, replace_user};
use crate::client::Command;
use crate::every_step::{Scenario, nothing, stop_everywhere};
use crate::group_client::{self as groups, GroupCommand};
use crate::groups::container;
use crate::run::Simulation;

/// Users `ann` and `bob`, and the user group `pets` that `ann` is in.
fn users() -> Vec<Command> {
    vec![
        create_user("ann"),
        create_user("bob"),
        create_users("pets", &["ann"]),
    ]
}

/// A replication group of two members that lets these user groups in.
fn encrypted(user_group_ids: Option<Vec<String>>) -> Command {
    let Command::Group(GroupCommand::Create(mut input)) = groups::create("gnu", "7.0", 1) else {
        unreachable!("it is a create request");
    };
    input.transit_encryption_enabled = Some(true);
    input.user_group_ids = user_group_ids;
    Command::Group(GroupCommand::Create(input))
}

/// One that lets the users of `pets` in.
fn guarded() -> Command {
    encrypted(Some(vec!["pets".to_owned()]))
}

fn before(more: Vec<Command>) -> Vec<Command> {
    [users(), more].concat()
}

/// Whether every node of the group lets in these users and no others, `ann` by rules that have this one.
fn lets_in(sim: &Simulation, names: &[&str], rule: &str) -> bool {
    let Some(group) = sim.ledger.groups.records.values().next() else {
        return false;
    };
    group.members.iter().all(|member| {
        let users = sim.outside.host.users(&container(member));
        let users = users.unwrap_or_default();
        let has_rule = |rules: &String| rules.contains(rule);
        users.keys().eq(names) && users.get("ann").is_none_or(has_rule)
    })
}

/// Whether the nodes let nobody in by themselves when they start.
fn start_closed(sim: &Simulation) -> bool {
    let groups = sim.ledger.groups.records.values();
    let mut members = groups.flat_map(|group| &group.members);
    members.all(|member| {
        let spec = sim.outside.host.container_spec(&container(member));
        spec.is_some_and(|spec| spec.command.join(" ").contains("--user default off"))
    })
}

macro_rules! scenarios {
    ($($name:ident $stride:literal: $before:expr, $event:expr, $command:expr => $wished:expr;)*) => {
        $(#[test]
        fn $name() {
            let (event, wished): (fn(&Simulation), fn(&Simulation) -> bool) = ($event, $wished);
            stop_everywhere(&Scenario {
                ports: None,
                before: before($before),
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
    create_a_guarded_group 3: vec![], nothing, guarded()
        => |sim| lets_in(sim, &["ann", "default"], "+@all") && start_closed(sim);
    change_a_user 1: vec![guarded()], nothing, modify_user("ann", "on ~* +@read")
        => |sim| lets_in(sim, &["ann", "default"], "+@read");
    change_a_user_while_a_node_is_lost 3: vec![guarded()],
        |sim| sim.outside.host.containers().iter().take(1).for_each(|one| sim.outside.host.kill(&one.name)),
        modify_user("ann", "on ~* +@read") => |sim| lets_in(sim, &["ann", "default"], "+@read") && start_closed(sim);
    replace_one_user_by_another 1: vec![guarded()], nothing, replace_user("pets", "bob", "ann")
        => |sim| lets_in(sim, &["bob", "default"], "");
    delete_one_user 1: vec![guarded()], nothing, delete_user("ann") => |sim| lets_in(sim, &["default"], "");
    close_an_open_group 5: vec![encrypted(None)], nothing,
        groups::modify("gnu", |input| input.user_group_ids_to_add = Some(vec!["pets".to_owned()]))
        => |sim| lets_in(sim, &["ann", "default"], "+@all") && start_closed(sim);
    open_a_closed_group 1: vec![guarded()], nothing, groups::modify("gnu", |input| input.remove_user_groups = Some(true))
        => |sim| lets_in(sim, &["default"], "") && start_closed(sim);
}
