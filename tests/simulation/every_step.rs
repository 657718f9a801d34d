//! Stops the process before every single action of each operation that may change something, and lets the next process find
//! what was left.
//!
//! To stop before an action that only looks is to stop before the next that does more: nobody can tell the two apart. To stop
//! after one is to stop before the next, or, after the last, to stop when all is done. So every place of an operation is tried.

use std::ops::RangeInclusive;

use cacheplane::resources::engine::Engine;
use cacheplane::resources::scope::Scope;

use crate::client::{self, Command};
use crate::process::Layout;
use crate::run::{Simulation, Went};
use crate::seeds::block_on;
use crate::settled;

/// More actions than any operation takes.
const ACTIONS_MAX: u64 = 1000;

const PUBLISHED: Option<RangeInclusive<u16>> = Some(7000..=7050);

/// An operation, and what it is asked of.
pub struct Scenario {
    /// In published mode, the ports.
    pub ports: Option<RangeInclusive<u16>>,
    /// What is asked for first, each when the one before has been done.
    pub before: Vec<Command>,
    /// What is asked for and stopped.
    pub command: Command,
    /// What comes to pass behind the control plane's back before the command is asked.
    pub event: fn(&Simulation),
    /// What comes to pass while there is no control plane.
    pub meanwhile: fn(&Simulation),
    /// Whether it has come to what was asked for.
    pub wished: fn(&Simulation) -> bool,
    /// Of so many places to stop one is tried, unless all are wanted.
    pub stride: u64,
}

/// No event.
pub fn nothing(_: &Simulation) {}

fn node_count(sim: &Simulation) -> usize {
    sim.ledger
        .clusters
        .values()
        .map(|cluster| cluster.wished_nodes().count())
        .sum()
}

fn version(sim: &Simulation) -> &'static str {
    sim.ledger
        .clusters
        .values()
        .next()
        .map_or("", |cluster| cluster.spec.engine_version.version)
}

fn node_type(sim: &Simulation) -> &'static str {
    sim.ledger
        .clusters
        .values()
        .next()
        .map_or("", |cluster| cluster.spec.node_type.name)
}

fn redis() -> Command {
    client::create("ant", Engine::Redis, "6.2", 1)
}

fn memcached() -> Command {
    client::create("ant", Engine::Memcached, "1.6.12", 3)
}

/// Tries `scenario` with a stop before each of its actions.
pub fn stop_everywhere(scenario: &Scenario) {
    let mut tried = 0;
    // Where many seeds are wanted, everything is.
    let stride = match std::env::var_os("CACHEPLANE_SIMULATION_SEEDS") {
        Some(_) => 1,
        None => scenario.stride,
    };
    for stop in (0..ACTIONS_MAX).step_by(usize::try_from(stride).expect("be a small number")) {
        let went = block_on(async {
            let layout = Layout {
                node_addresses: 50,
                ports: scenario.ports.clone(),
            };
            let mut sim = Simulation::new(1, layout).await;
            let result = stopped(&mut sim, scenario, stop).await;
            result.unwrap_or_else(|text| {
                panic!("stopped before action {stop}: {text}\n{}", sim.story(true))
            })
        });
        tried += 1;
        if went == Went::On {
            let actions = tried * stride;
            assert!(
                actions > 5,
                "{actions} actions are too few to be an operation"
            );
            return;
        }
    }
    panic!("the operation takes more than {ACTIONS_MAX} actions");
}

/// One try. The client asks again when it got no answer and finds that nothing was done; it is over when the operation took
/// no more actions than `stop`.
async fn stopped(sim: &mut Simulation, scenario: &Scenario, stop: u64) -> Result<Went, String> {
    let scope = Scope::of_anyone();
    for command in &scenario.before {
        sim.ask(command.clone(), &scope).await?;
        sim.settle().await?;
    }
    sim.write_keys();
    sim.write_value().await?;
    (scenario.event)(sim);
    sim.stop_at = Some(sim.effects + 1 + stop);
    let mut went = sim.ask(scenario.command.clone(), &scope).await?;
    if went == Went::On {
        went = sim.settle().await?;
    }
    (scenario.meanwhile)(sim);
    sim.restart("where it was told to").await;
    sim.settle().await?;
    settled::check(sim).await?;
    if went == Went::Stopped && !(scenario.wished)(sim) {
        sim.ask(scenario.command.clone(), &scope).await?;
        sim.settle().await?;
        settled::check(sim).await?;
    }
    match (scenario.wished)(sim) {
        true => Ok(went),
        false => Err(format!(
            "it has not come to what was asked for: {:#?}",
            sim.ledger.clusters
        )),
    }
}

macro_rules! scenarios {
    ($($name:ident: $ports:expr, $before:expr, $event:expr, $command:expr => $wished:expr;)*) => {
        $(#[test]
        fn $name() {
            let (before, command) = ($before, $command);
            let (event, wished): (fn(&Simulation), fn(&Simulation) -> bool) = ($event, $wished);
            stop_everywhere(&Scenario { ports: $ports, before, command, event, meanwhile: nothing, wished, stride: 1 });
        })*
    };
}

scenarios! {
    create_redis: None, vec![], nothing, redis() => |sim| node_count(sim) == 1;
    create_redis_published: PUBLISHED, vec![], nothing, redis() => |sim| node_count(sim) == 1;
    create_memcached: None, vec![], nothing, memcached() => |sim| node_count(sim) == 3;
    create_memcached_published: PUBLISHED, vec![], nothing, memcached() => |sim| node_count(sim) == 3;
    create_without_an_image: None, vec![], |sim| sim.outside.host.set_images(&[], &[]), redis() => |sim| node_count(sim) == 1;
    add_nodes: None, vec![memcached()], nothing,
        client::modify("ant", |input| input.num_cache_nodes = Some(5)) => |sim| node_count(sim) == 5;
    add_nodes_published: PUBLISHED, vec![memcached()], nothing,
        client::modify("ant", |input| input.num_cache_nodes = Some(5)) => |sim| node_count(sim) == 5;
    remove_nodes: None, vec![memcached()], nothing,
        client::modify("ant", |input| {
            input.num_cache_nodes = Some(1);
            input.cache_node_ids_to_remove = Some(vec!["0001".to_owned(), "0003".to_owned()]);
        }) => |sim| node_count(sim) == 1;
    remove_nodes_published: PUBLISHED, vec![memcached()], nothing,
        client::modify("ant", |input| {
            input.num_cache_nodes = Some(1);
            input.cache_node_ids_to_remove = Some(vec!["0001".to_owned(), "0003".to_owned()]);
        }) => |sim| node_count(sim) == 1;
    upgrade_redis: None, vec![redis()], nothing,
        client::modify("ant", |input| input.engine_version = Some("7.0".to_owned())) => |sim| version(sim) == "7.0";
    upgrade_memcached: None, vec![memcached()], nothing,
        client::modify("ant", |input| input.engine_version = Some("1.6.22".to_owned())) => |sim| version(sim) == "1.6.22";
    upgrade_without_an_image: None, vec![memcached()], |sim| sim.outside.host.set_images(&["memcached:1.6.12"], &[]),
        client::modify("ant", |input| input.engine_version = Some("1.6.22".to_owned())) => |sim| version(sim) == "1.6.12";
    scale_redis: None, vec![redis()], nothing,
        client::modify("ant", |input| input.cache_node_type = Some("cache.t3.medium".to_owned())) => |sim| node_type(sim) == "cache.t3.medium";
    scale_memcached: PUBLISHED, vec![memcached()], nothing,
        client::modify("ant", |input| input.cache_node_type = Some("cache.t3.medium".to_owned())) => |sim| node_type(sim) == "cache.t3.medium";
    change_everything: None, vec![memcached()], nothing,
        client::modify("ant", |input| {
            input.num_cache_nodes = Some(4);
            input.engine_version = Some("1.6.17".to_owned());
            input.cache_node_type = Some("cache.t3.small".to_owned());
            input.preferred_maintenance_window = Some("wed:09:00-wed:11:00".to_owned());
        }) => |sim| node_count(sim) == 4 && version(sim) == "1.6.17" && node_type(sim) == "cache.t3.small";
    change_in_the_window: None, vec![memcached()], nothing,
        client::modify("ant", |input| {
            input.num_cache_nodes = Some(4);
            input.preferred_maintenance_window = Some("wed:09:00-wed:11:00".to_owned());
            input.apply_immediately = Some(false);
        }) => |sim| node_count(sim) == 4;
    reboot_redis: None, vec![redis()], nothing, client::reboot("ant", &["0001"]) => |_| true;
    reboot_memcached: PUBLISHED, vec![memcached()], nothing, client::reboot("ant", &["0001", "0003"]) => |_| true;
    reboot_a_frozen_node: None, vec![redis()],
        |sim| sim.outside.host.containers().iter().for_each(|node| sim.outside.host.pause(&node.name)),
        client::reboot("ant", &["0001"]) => |_| true;
    recover_a_lost_node: None, vec![memcached()],
        |sim| sim.outside.host.containers().iter().for_each(|node| sim.outside.host.destroy(&node.name)),
        Command::Describe("ant".to_owned()) => |sim| node_count(sim) == 3;
    delete_redis: None, vec![redis()], nothing, client::delete("ant") => |sim| sim.ledger.clusters.is_empty();
    delete_redis_published: PUBLISHED, vec![redis()], nothing, client::delete("ant") => |sim| sim.ledger.clusters.is_empty();
    delete_memcached: None, vec![memcached()], nothing, client::delete("ant") => |sim| sim.ledger.clusters.is_empty();
    delete_memcached_published: PUBLISHED, vec![memcached()], nothing, client::delete("ant") => |sim| sim.ledger.clusters.is_empty();
}

/// An upgrade that has begun on some nodes, and cannot go on: all run what they ran before.
#[test]
fn upgrade_that_loses_its_image() {
    stop_everywhere(&Scenario {
        ports: None,
        before: vec![memcached()],
        command: client::modify("ant", |input| {
            input.engine_version = Some("1.6.22".to_owned());
            input.num_cache_nodes = Some(4);
        }),
        event: nothing,
        meanwhile: |sim| sim.outside.host.set_images(&["memcached:1.6.12"], &[]),
        wished: |_| true,
        stride: 1,
    });
}

/// Nodes that have begun to be added, and cannot all be: none is.
#[test]
fn addition_that_loses_its_image() {
    stop_everywhere(&Scenario {
        ports: None,
        before: vec![memcached()],
        command: client::modify("ant", |input| input.num_cache_nodes = Some(5)),
        event: nothing,
        meanwhile: |sim| sim.outside.host.set_images(&[], &[]),
        wished: |sim| matches!(node_count(sim), 3 | 5),
        stride: 1,
    });
}

/// Everything dies while nobody looks.
#[test]
fn reboot_and_upgrade_of_what_dies_meanwhile() {
    for command in [
        client::reboot("ant", &["0001"]),
        client::modify("ant", |input| {
            input.engine_version = Some("1.6.17".to_owned())
        }),
        client::delete("ant"),
    ] {
        stop_everywhere(&Scenario {
            ports: PUBLISHED,
            before: vec![memcached()],
            command,
            event: nothing,
            meanwhile: |sim| {
                for (index, node) in sim.outside.host.containers().iter().enumerate() {
                    match index % 3 {
                        0 => sim.outside.host.pause(&node.name),
                        1 => sim.outside.host.kill(&node.name),
                        _ => sim.outside.host.destroy(&node.name),
                    }
                }
            },
            wished: |_| true,
            stride: 1,
        });
    }
}
