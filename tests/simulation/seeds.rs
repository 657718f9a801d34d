//! Runs by number.

use std::future::Future;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cacheplane::resources::engine::Engine;
use cacheplane::resources::scope::Scope;

use crate::client;
use crate::cluster_client;
use crate::dice::Dice;
use crate::group_client;
use crate::ledger::is_routers;
use crate::process::Layout;
use crate::run::Simulation;
use crate::settled;
use crate::weather::Weather;

/// The usual runs, a part for each test function.
const SEEDS: u64 = 120;

/// The usual runs with replication groups; they take longer.
const GROUP_SEEDS: u64 = 64;

/// The usual runs with clusters; they take longer still.
const CLUSTER_SEEDS: u64 = 16;

/// The test functions, which run beside each other.
const PARTS: u64 = 8;

/// What a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    CacheClusters,
    ReplicationGroups,
    Clusters,
}

macro_rules! parts {
    ($subject:expr; $($name:ident $part:literal),*) => {
        $(#[test]
        fn $name() {
            run_part($subject, $part);
        })*
    };
}

parts!(
    Subject::CacheClusters;
    seeds_of_part_0 0, seeds_of_part_1 1, seeds_of_part_2 2, seeds_of_part_3 3,
    seeds_of_part_4 4, seeds_of_part_5 5, seeds_of_part_6 6, seeds_of_part_7 7
);

parts!(
    Subject::ReplicationGroups;
    group_seeds_of_part_0 0, group_seeds_of_part_1 1, group_seeds_of_part_2 2, group_seeds_of_part_3 3,
    group_seeds_of_part_4 4, group_seeds_of_part_5 5, group_seeds_of_part_6 6, group_seeds_of_part_7 7
);

parts!(
    Subject::Clusters;
    cluster_seeds_of_part_0 0, cluster_seeds_of_part_1 1, cluster_seeds_of_part_2 2, cluster_seeds_of_part_3 3,
    cluster_seeds_of_part_4 4, cluster_seeds_of_part_5 5, cluster_seeds_of_part_6 6, cluster_seeds_of_part_7 7
);

fn run_part(subject: Subject, part: u64) {
    let number = |name: &str| std::env::var(name).ok();
    if let Some(seed) = number("CACHEPLANE_SIMULATION_SEED") {
        let seed: u64 = seed
            .parse()
            .expect("read CACHEPLANE_SIMULATION_SEED, a number");
        if seed % PARTS == part {
            run_seed(subject, seed, true);
        }
        return;
    }
    let (usual, variable) = match subject {
        Subject::CacheClusters => (SEEDS, "CACHEPLANE_SIMULATION_SEEDS"),
        Subject::ReplicationGroups => (GROUP_SEEDS, "CACHEPLANE_SIMULATION_SEEDS"),
        Subject::Clusters => (CLUSTER_SEEDS, "CACHEPLANE_SIMULATION_CLUSTER_SEEDS"),
    };
    let seeds = number(variable).map_or(0..usual, |range| {
        parse(&range).unwrap_or_else(|| panic!("{variable} is no range such as 0..1000: {range}"))
    });
    for seed in seeds.filter(|seed| seed % PARTS == part) {
        run_seed(subject, seed, false);
    }
}

fn parse(range: &str) -> Option<Range<u64>> {
    let (first, end) = range.split_once("..")?;
    Some(first.parse().ok()?..end.parse().ok()?)
}

/// Runs `future` in this thread alone.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("make a runtime")
        .block_on(future)
}

fn run_seed(subject: Subject, seed: u64, is_told: bool) {
    let result = catch_unwind(AssertUnwindSafe(|| block_on(simulate(subject, seed))));
    let (story, failure) = match result {
        Ok(told) => told,
        Err(_) => (String::new(), Some("it panicked, see above".to_owned())),
    };
    if is_told || failure.is_some() {
        #[allow(clippy::print_stderr, reason = "this is the report of a failure")]
        {
            eprintln!("{story}");
        }
    }
    if let Some(failure) = failure {
        let tests = match subject {
            Subject::CacheClusters => "seeds::seeds",
            Subject::ReplicationGroups => "seeds::group_seeds",
            Subject::Clusters => "seeds::cluster_seeds",
        };
        panic!(
            "seed {seed}: {failure}\nAgain, with all actions: CACHEPLANE_SIMULATION_SEED={seed} cargo test --test simulation {tests}"
        );
    }
}

/// One run; its story, and what went wrong.
async fn simulate(subject: Subject, seed: u64) -> (String, Option<String>) {
    let mut dice = Dice::new(seed ^ 0xCAFE);
    let has_groups = subject != Subject::CacheClusters;
    let has_clusters = subject == Subject::Clusters;
    let layout = Layout {
        node_addresses: match has_clusters {
            true => 100,
            false => *dice.pick(&[6, 12, 100, 100]),
        },
        ports: dice
            .chance(350)
            .then(|| 7000..=7000 + *dice.pick(&[9, 29, 99])),
    };
    let weather = Weather {
        refusals: *dice.pick(&[0, 0, 15, 60]),
        stops: *dice.pick(&[0, 2, 8, 25]),
        deaths: *dice.pick(&[0, 0, 10, 30]),
        outages: *dice.pick(&[0, 0, 10, 30]),
        troubles: *dice.pick(&[0, 10, 30]),
        probes: dice.chance(250),
    };
    // Of what makes nodes anew a cluster goes through more in each step.
    let weather = match has_clusters {
        true => Weather {
            deaths: weather.deaths / 3,
            outages: weather.outages / 3,
            troubles: weather.troubles / 2,
            ..weather
        },
        false => weather,
    };
    let commands = match subject {
        Subject::CacheClusters => 6 + dice.below(20),
        Subject::ReplicationGroups => 6 + dice.below(10),
        Subject::Clusters => 2 + dice.below(5),
    };
    let mut sim = Simulation::new(seed, layout.clone()).await;
    sim.has_groups = has_groups;
    sim.has_clusters = has_clusters;
    // Whoever seems dead may be killed, and what only it had is lost then.
    sim.ledger.keeps_count = weather.refusals == 0 || !weather.probes;
    sim.trace
        .push(format!("{layout:?} {weather:?} {commands} commands"));
    let failure = whole(&mut sim, commands, weather).await.err();
    let is_told = std::env::var_os("CACHEPLANE_SIMULATION_SEED").is_some();
    (sim.story(is_told), failure)
}

async fn whole(sim: &mut Simulation, commands: usize, weather: Weather) -> Result<(), String> {
    match sim.has_clusters {
        true => endure_all(sim, commands, weather).await?,
        false => sim.storm(commands, weather).await?,
    }
    sim.clear_up().await?;
    sim.settle().await?;
    settled::check(sim).await?;
    if sim.dice.chance(300) {
        delete_all(sim).await?;
        revive(sim).await?;
    }
    Ok(())
}

/// A cluster is made, and then one change after the other befalls it: in this weather, and now and then with all settled in between.
async fn endure_all(sim: &mut Simulation, commands: usize, weather: Weather) -> Result<(), String> {
    let scope = Scope::of_anyone();
    for _ in 0..commands {
        let groups = &sim.ledger.groups.records;
        let is_first = groups.is_empty();
        let command = cluster_client::any(&mut sim.dice, groups, &scope);
        sim.ask(command, &scope).await?;
        // Most clusters are there before something happens to them.
        if !is_first || sim.dice.chance(200) {
            let turns = *sim.dice.pick(&[0, 50, 150, 400]);
            sim.endure(turns, weather).await?;
        }
        if is_first || sim.dice.chance(600) {
            sim.clear_up().await?;
            sim.settle().await?;
            settled::check(sim).await?;
            write_some(sim);
        }
    }
    Ok(())
}

/// So that there is something to be lost.
fn write_some(sim: &mut Simulation) {
    for _ in 0..sim.dice.below(20) {
        sim.write_cluster_value();
    }
}

/// With everything deleted nothing is left.
async fn delete_all(sim: &mut Simulation) -> Result<(), String> {
    let groups: Vec<_> = sim.ledger.groups.records.values().cloned().collect();
    for group in groups {
        let command = group_client::delete(&group.spec.replication_group_id, false);
        sim.ask(command, &group.scope).await?;
    }
    sim.settle().await?;
    let clusters: Vec<_> = sim.ledger.clusters.values().cloned().collect();
    for cluster in clusters {
        let command = client::delete(&cluster.spec.cache_cluster_id);
        sim.ask(command, &cluster.scope).await?;
    }
    sim.settle().await?;
    settled::check(sim).await?;
    let host = &sim.outside.host;
    let left: Vec<String> = host
        .containers()
        .into_iter()
        .map(|container| container.name)
        .chain(host.volume_names())
        .filter(|name| !is_routers(name))
        .collect();
    match sim.ledger.clusters.is_empty() && left.is_empty() {
        true => Ok(()),
        false => Err(format!("all was deleted, and {left:?} is left")),
    }
}

/// After all that, a cache cluster can still be made.
async fn revive(sim: &mut Simulation) -> Result<(), String> {
    let scope = Scope::of_anyone();
    for (id, engine, version, nodes) in [
        ("eel", Engine::Redis, "7.0", 1),
        ("fox", Engine::Memcached, "1.6.22", 2),
    ] {
        sim.ask(client::create(id, engine, version, nodes), &scope)
            .await?;
    }
    let has_room = sim.layout.node_addresses > 6
        && sim
            .layout
            .ports
            .as_ref()
            .is_none_or(|ports| ports.len() > 10);
    if sim.has_groups && has_room {
        sim.ask(group_client::create("owl", "7.0", 2), &scope)
            .await?;
    }
    sim.settle().await?;
    settled::check(sim).await?;
    let mut failed = sim.ledger.clusters.values();
    match failed.find(|cluster| cluster.available_at.is_none()) {
        Some(cluster) => Err(format!("it cannot be made: {cluster:#?}")),
        None => Ok(()),
    }
}
