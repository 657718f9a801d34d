use super::*;
use crate::resources::cache_cluster::tests::{memcached, redis};
use crate::resources::cache_cluster::{AzMode, NodeWish};
use crate::resources::scope::Scope;
use crate::resources::{engine, node_type};

const ZONE: &str = "us-east-1a";

fn add(count: usize) -> Option<PendingNodes> {
    Some(PendingNodes::Add(vec![ZONE.to_owned(); count]))
}

fn remove(ids: &[&str]) -> Option<PendingNodes> {
    Some(PendingNodes::Remove(
        ids.iter().map(ToString::to_string).collect(),
    ))
}

fn count(node_count: u32, remove: &[&str]) -> Modification {
    Modification {
        nodes: Some(NodeCountRequest {
            node_count,
            remove: remove.iter().map(ToString::to_string).collect(),
            zones: vec![],
            choice: Zones::all(&Scope::of_anyone()),
        }),
        ..Modification::default()
    }
}

/// What waits of the nodes after another number was asked for, of three nodes with this waiting; none where it is refused.
#[track_caller]
fn check_count(
    waiting: Option<PendingNodes>,
    modification: Modification,
    expected: Option<Option<PendingNodes>>,
) {
    let mut cluster = memcached(3);
    cluster.pending.nodes = waiting;
    let before = cluster.clone();
    match modify(&mut cluster, modification) {
        Ok(()) => assert_eq!(Some(cluster.pending.nodes), expected),
        Err(refusal) => {
            assert_eq!(expected, None, "{}", refusal.message());
            assert_eq!(cluster, before, "a refused request changes nothing");
        }
    }
}

#[test]
fn a_number_of_nodes_waits_for_the_window() {
    check_count(None, count(5, &[]), Some(add(2)));
    check_count(None, count(2, &["0001"]), Some(remove(&["0001"])));
    check_count(
        None,
        count(1, &["0003", "0001"]),
        Some(remove(&["0001", "0003"])),
    );
    check_count(None, count(3, &[]), Some(None));
}

#[test]
fn the_ids_to_remove_must_match_the_number() {
    check_count(None, count(2, &[]), None);
    check_count(None, count(2, &["0001", "0002"]), None);
    check_count(None, count(2, &["0009"]), None);
    check_count(None, count(1, &["0001", "0001"]), None);
    check_count(None, count(4, &["0001"]), None);
    check_count(None, count(3, &["0001"]), None);
}

#[test]
fn the_number_there_is_cancels_what_waits() {
    check_count(add(4), count(3, &[]), Some(None));
    check_count(remove(&["0001"]), count(3, &[]), Some(None));
}

#[test]
fn additions_are_added_together() {
    check_count(add(1), count(6, &[]), Some(add(3)));
    check_count(add(2), count(5, &[]), Some(add(2)));
}

#[test]
fn a_removal_that_waits_is_replaced() {
    check_count(
        remove(&["0001"]),
        count(1, &["0002", "0003"]),
        Some(remove(&["0002", "0003"])),
    );
    check_count(remove(&["0001"]), count(4, &[]), Some(add(1)));
}

#[test]
fn an_addition_that_waits_cannot_be_lowered() {
    check_count(add(4), count(5, &["0004", "0005"]), None);
    check_count(add(4), count(5, &[]), None);
}

/// The ids may be counted against the nodes that there are, or against those that there will be; then the nodes that wait are
/// among them.
#[test]
fn a_removal_replaces_an_addition_that_waits() {
    check_count(add(1), count(2, &["0002", "0004"]), Some(remove(&["0002"])));
    check_count(
        add(2),
        count(1, &["0001", "0003", "0004", "0005"]),
        Some(remove(&["0001", "0003"])),
    );
    check_count(add(1), count(3, &["0004"]), Some(None));
    // Two of three would leave one, and two were asked for.
    check_count(add(1), count(2, &["0001", "0002"]), None);
    check_count(add(2), count(1, &["0001", "0003", "0004"]), None);
    check_count(add(1), count(2, &["0002"]), Some(remove(&["0002"])));
}

#[test]
fn new_zones_are_as_many_as_new_nodes() {
    let zones = |node_count, zones: &[&str]| {
        let mut modification = count(node_count, &[]);
        if let Some(nodes) = &mut modification.nodes {
            nodes.zones = zones.iter().map(ToString::to_string).collect();
        }
        modification
    };
    let named = PendingNodes::Add(vec!["us-east-1c".to_owned(), ZONE.to_owned()]);
    check_count(None, zones(5, &["us-east-1c", ZONE]), Some(Some(named)));
    check_count(None, zones(5, &[ZONE]), None);
}

#[test]
fn new_nodes_of_several_zones_go_on_where_the_last_one_was_put() {
    let mut cluster = memcached(3);
    cluster.spec.az_mode = AzMode::CrossAz;
    modify(&mut cluster, count(4, &[])).unwrap();
    modify(&mut cluster, count(6, &[])).unwrap();
    let zones = ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned);
    assert_eq!(
        cluster.pending.nodes,
        Some(PendingNodes::Add(zones.to_vec()))
    );
}

fn version(version: &str) -> Modification {
    let engine_version = engine::find(engine::Engine::Memcached, version);
    assert!(engine_version.is_some());
    Modification {
        engine_version,
        ..Modification::default()
    }
}

fn scaled(name: &str) -> Modification {
    let node_type = node_type::find(name);
    assert!(node_type.is_some());
    Modification {
        node_type,
        ..Modification::default()
    }
}

fn immediately(modification: Modification) -> Modification {
    Modification {
        apply_immediately: true,
        ..modification
    }
}

#[test]
fn version_and_node_type_wait_and_the_present_ones_cancel_them() {
    let mut cluster = memcached(1);
    modify(&mut cluster, version("1.6.22")).unwrap();
    modify(&mut cluster, scaled("cache.t3.small")).unwrap();
    assert_eq!(
        cluster.pending.engine_version.map(|row| row.version),
        Some("1.6.22")
    );
    assert_eq!(
        cluster.pending.node_type.map(|row| row.name),
        Some("cache.t3.small")
    );
    assert_eq!(
        (cluster.generation, cluster.spec.engine_version.version),
        (1, "1.6.12")
    );
    modify(&mut cluster, version("1.6.12")).unwrap();
    modify(&mut cluster, scaled("cache.t3.micro")).unwrap();
    assert!(cluster.pending.is_empty());
}

#[test]
fn a_later_request_at_once_takes_along_what_waits() {
    let mut cluster = memcached(3);
    modify(&mut cluster, version("1.6.22")).unwrap();
    modify(&mut cluster, immediately(count(4, &[]))).unwrap();
    assert!(cluster.pending.is_empty());
    assert_eq!(cluster.spec.engine_version.version, "1.6.22");
    assert_eq!(cluster.wished_node_count(), 4);
    let generations: Vec<u64> = cluster.nodes.iter().map(|node| node.generation).collect();
    assert_eq!(
        generations,
        [2, 2, 2, 1],
        "the new node is made as it shall be"
    );
    assert_eq!(
        cluster.changes,
        [
            Change::EngineVersion("1.6.12".to_owned(), "1.6.22".to_owned()),
            Change::NodeCount(3, 4)
        ]
    );
}

#[test]
fn nothing_at_once_is_no_new_wish() {
    let mut cluster = memcached(1);
    let before = cluster.clone();
    modify(&mut cluster, immediately(Modification::default())).unwrap();
    modify(&mut cluster, immediately(version("1.6.12"))).unwrap();
    modify(&mut cluster, immediately(count(1, &[]))).unwrap();
    assert_eq!(cluster, before);
}

#[test]
fn a_removal_at_once_wishes_nodes_away() {
    let mut cluster = memcached(3);
    modify(&mut cluster, immediately(count(2, &["0002"]))).unwrap();
    assert_eq!(cluster.nodes[1].wish, NodeWish::Removed);
    assert_eq!(cluster.changes, [Change::NodeCount(3, 2)]);
}

#[test]
fn a_waiting_scale_up_blocks_an_upgrade_at_once_and_the_other_way_round() {
    let refused = |waiting: Modification, wanted: Modification| {
        let mut cluster = memcached(1);
        modify(&mut cluster, waiting).unwrap();
        modify(&mut cluster, wanted).is_err()
    };
    let both = || Modification {
        node_type: scaled("cache.t3.small").node_type,
        ..version("1.6.22")
    };
    assert!(refused(
        scaled("cache.t3.small"),
        immediately(version("1.6.22"))
    ));
    assert!(refused(
        version("1.6.22"),
        immediately(scaled("cache.t3.small"))
    ));
    assert!(!refused(version("1.6.17"), immediately(both())));
    assert!(!refused(scaled("cache.t3.small"), version("1.6.22")));
}

#[test]
fn another_family_brings_its_default_parameter_group() {
    let mut cluster = redis();
    let engine_version = engine::find(engine::Engine::Redis, "7.0");
    let upgrade = Modification {
        engine_version,
        ..Modification::default()
    };
    modify(&mut cluster, immediately(upgrade)).unwrap();
    assert_eq!(cluster.spec.parameter_group_name, "default.redis7");
}
