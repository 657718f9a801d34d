//! Stops the process before every action of what befalls parameters, and lets the next process find what was left. That each node then
//! has what its group says is looked at wherever all has settled.

use cacheplane::resources::cache_cluster::CacheCluster;
use cacheplane::resources::engine::Engine;

use crate::client::{self, Command};
use crate::every_step::{Scenario, nothing, stop_everywhere};
use crate::group_client as groups;
use crate::parameters::{group_name, set};
use crate::run::Simulation;

fn all(sim: &Simulation, wanted: impl Fn(&CacheCluster) -> bool) -> bool {
    !sim.ledger.clusters.is_empty() && sim.ledger.clusters.values().all(wanted)
}

fn says(sim: &Simulation, parameter: &str, value: &str) -> bool {
    all(sim, |cluster| {
        cluster.parameters.values.get(parameter).map(String::as_str) == Some(value)
    })
}

/// Whether nobody need reboot for a value that only a reboot gives.
fn has(sim: &Simulation, parameter: &str, value: &str) -> bool {
    let has_all =
        |cluster: &CacheCluster| !cluster.nodes.iter().any(|node| cluster.needs_reboot(node));
    says(sim, parameter, value) && all(sim, has_all)
}

fn redis() -> Command {
    client::create("ant", Engine::Redis, "6.2", 1)
}

fn attach(id: &str) -> Command {
    client::modify(id, |input| {
        input.cache_parameter_group_name = Some(group_name("redis6.x", 1));
    })
}

fn own(parameter: &'static str, value: &str) -> Command {
    set(Engine::Redis, "6.2", 1, parameter, value)
}

/// A group of two whose parameters are ours.
fn pair() -> Vec<Command> {
    let attach = groups::modify("gnu", |input| {
        input.cache_parameter_group_name = Some(group_name("redis6.x", 1));
    });
    vec![
        own("timeout", "20"),
        groups::create("gnu", "6.2", 1),
        attach,
    ]
}

macro_rules! scenarios {
    ($($name:ident $stride:literal: $before:expr, $command:expr => $wished:expr;)*) => {
        $(#[test]
        fn $name() {
            let wished: fn(&Simulation) -> bool = $wished;
            stop_everywhere(&Scenario {
                ports: None,
                before: $before,
                command: $command,
                event: nothing,
                meanwhile: nothing,
                wished,
                stride: $stride,
            });
        })*
    };
}

scenarios! {
    reboot_with_other_parameters 1: vec![own("timeout", "20"), redis(), attach("ant"), own("databases", "40")],
        client::reboot("ant", &["0001"]) => |sim| says(sim, "databases", "40");
    reboot_a_primary_with_other_parameters 3: [pair(), vec![own("databases", "40")]].concat(),
        client::reboot("gnu-001", &["0001"]) => |sim| says(sim, "databases", "40");
    upgrade_to_a_group_of_ours 1: vec![set(Engine::Redis, "7.0", 1, "databases", "40"), own("timeout", "20"), redis(), attach("ant")],
        client::modify("ant", |input| {
            input.engine_version = Some("7.0".to_owned());
            input.cache_parameter_group_name = Some(group_name("redis7", 1));
        }) => |sim| has(sim, "databases", "40");
}

/// Values that are set on nodes that do not hear them at once.
#[test]
fn values_for_nodes_that_hang_meanwhile() {
    for (before, command) in [
        (
            vec![own("timeout", "20"), redis(), attach("ant")],
            own("timeout", "40"),
        ),
        (pair(), own("timeout", "40")),
        (vec![own("timeout", "40"), redis()], attach("ant")),
    ] {
        stop_everywhere(&Scenario {
            ports: None,
            before,
            command,
            event: |sim| {
                for node in sim.outside.host.containers() {
                    sim.outside.host.pause(&node.name);
                }
            },
            meanwhile: |sim| {
                for node in sim.outside.host.containers() {
                    sim.outside.host.pause(&node.name);
                }
            },
            wished: |sim| has(sim, "timeout", "40"),
            stride: 1,
        });
    }
}
