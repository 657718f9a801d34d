//! Cache clusters for the tests of several rooms, and the tests of this one.

use std::collections::BTreeMap;

use super::*;
use crate::resources::{engine, id, node_type};

/// When everything in these tests was asked for.
pub(crate) const ASKED: Timestamp = Timestamp::from_millis(1_000_000);

/// A cache cluster that is as wished: each node known in the run `run N`, listed where there is a list.
pub(crate) fn settled(engine: Engine, version: &str, nodes: u32) -> CacheCluster {
    let memcached = engine == Engine::Memcached;
    let engine_version = engine::find(engine, version).expect(version);
    CacheCluster {
        key: 1,
        scope: Scope::of_anyone(),
        spec: CacheClusterSpec {
            cache_cluster_id: "ant".to_owned(),
            engine_version,
            node_type: node_type::find("cache.t3.micro").expect("a node type"),
            port: engine.default_port(),
            az_mode: AzMode::SingleAz,
            parameter_group_name: format!("default.{}", engine_version.family),
            subnet_group_name: "default".to_owned(),
            security_group_ids: vec![],
            maintenance_window: MaintenanceWindow::parse("sun:05:00-sun:06:00").expect("a window"),
            snapshot_window: None,
            snapshot_retention_days: 0,
            notification: None,
            guarded: false,
            iam: false,
            transit_encryption: None,
            auto_minor_version_upgrade: true,
        },
        pending: Pending::default(),
        revision: 1,
        generation: 1,
        observed_generation: 1,
        requested_at: ASKED,
        available_at: Some(ASKED),
        deletion_requested_at: None,
        failure: None,
        blocked_by: None,
        changes: vec![],
        configuration_endpoint: ConfigurationEndpoint {
            address: memcached.then_some(Ipv4Addr::new(10, 0, 1, 2)),
            published_port: None,
            config_version: u32::from(memcached),
            served_version: u32::from(memcached),
        },
        membership: None,
        restore: None,
        log_deliveries: vec![],
        snapshotting: None,
        parameters: ClusterParameters::default(),
        nodes: (1..=nodes)
            .map(|number| CacheNode {
                key: i64::from(number),
                address: Some(Ipv4Addr::new(10, 0, 0, number as u8)),
                listed: memcached,
                ready_at: Some(ASKED),
                observation: known(1, number),
                start: Some(StartParameters {
                    node_generation: 1,
                    generation: 1,
                    values: BTreeMap::new(),
                    is_whole: true,
                }),
                ..CacheNode::wished(id::cache_node_id(number), "us-east-1a".to_owned())
            })
            .collect(),
    }
}

/// A node that was seen in this generation, in its run `run N`.
pub(crate) fn known(generation: u64, number: u32) -> Observation {
    Observation::Known(NodeObserved {
        generation,
        started_at: format!("run {number}"),
        seen_at: ASKED,
    })
}

/// Memcached with these nodes.
pub(crate) fn memcached(nodes: u32) -> CacheCluster {
    settled(Engine::Memcached, "1.6.12", nodes)
}

/// Redis.
pub(crate) fn redis() -> CacheCluster {
    settled(Engine::Redis, "6.2", 1)
}

fn upgrade() -> Change {
    Change::EngineVersion("1.6.6".to_owned(), "1.6.12".to_owned())
}

#[test]
fn new_nodes_take_the_lowest_free_ids() {
    let mut cluster = memcached(3);
    cluster.nodes.remove(1);
    cluster.add_nodes(&["us-east-1a".to_owned(), "us-east-1b".to_owned()]);
    let ids: Vec<&str> = cluster
        .nodes
        .iter()
        .map(|node| node.cache_node_id.as_str())
        .collect();
    assert_eq!(ids, ["0001", "0002", "0003", "0004"]);
    assert_eq!(cluster.changes, [Change::NodeCount(2, 4)]);
    assert_eq!(cluster.generation, 2);
}

#[test]
fn a_removed_node_is_only_wished_away() {
    let mut cluster = memcached(3);
    cluster.remove_nodes(&["0002".to_owned()]);
    assert_eq!(cluster.nodes.len(), 3);
    assert_eq!(cluster.wished_node_count(), 2);
    assert_eq!(cluster.changes, [Change::NodeCount(3, 2)]);
}

/// Generations of the nodes after `changes` were made to node generation 2 and undone.
fn generations_after_undo(changes: &[Change], observations: Vec<Observation>) -> Vec<u64> {
    let mut cluster = memcached(observations.len() as u32);
    cluster.changes = changes.to_vec();
    for (node, observation) in cluster.nodes.iter_mut().zip(observations) {
        (node.generation, node.observation) = (2, observation);
    }
    cluster.undo_changes();
    cluster.nodes.iter().map(|node| node.generation).collect()
}

#[test]
fn undoing_an_upgrade_keeps_untouched_nodes_and_replaces_the_others() {
    let observations = vec![
        known(1, 1),
        known(2, 2),
        Observation::Unknown,
        Observation::Absent,
    ];
    assert_eq!(
        generations_after_undo(&[upgrade()], observations),
        [1, 3, 3, 3]
    );
}

#[test]
fn undoing_an_addition_replaces_nothing() {
    let observations = vec![known(1, 1), known(2, 2), Observation::Unknown];
    assert_eq!(
        generations_after_undo(&[Change::NodeCount(2, 3)], observations),
        [2, 2, 2]
    );
}

#[test]
fn undoing_puts_version_and_node_type_back() {
    let mut cluster = memcached(1);
    let node_type = Change::NodeType("cache.t3.small".to_owned(), "cache.t3.micro".to_owned());
    cluster.changes = vec![upgrade(), node_type.clone()];
    assert_eq!(cluster.undo_changes(), [upgrade(), node_type]);
    assert_eq!(cluster.spec.engine_version.version, "1.6.6");
    assert_eq!(cluster.spec.node_type.name, "cache.t3.small");
    assert!(cluster.changes.is_empty());
}

#[test]
fn an_addition_is_undone_whole_until_clients_are_told_of_it() {
    let mut cluster = memcached(3);
    cluster.changes = vec![Change::NodeCount(1, 3)];
    (cluster.nodes[1].listed, cluster.nodes[2].listed) = (false, false);
    cluster.nodes[2].ready_at = None;
    assert_eq!(cluster.undo_changes(), [Change::NodeCount(1, 3)]);
    assert_eq!(cluster.wished_node_count(), 1);

    let mut listed = memcached(3);
    listed.changes = vec![upgrade(), Change::NodeCount(1, 3)];
    assert_eq!(listed.undo_changes(), [upgrade()]);
    assert_eq!(listed.wished_node_count(), 3);
    assert_eq!(listed.changes, [Change::NodeCount(1, 3)]);
}

#[test]
fn a_removal_can_be_made_whatever_else_is_undone() {
    let mut cluster = memcached(3);
    cluster.remove_nodes(&["0003".to_owned()]);
    cluster.changes.insert(0, upgrade());
    assert_eq!(cluster.undo_changes(), [upgrade()]);
    assert_eq!(cluster.wished_node_count(), 2);
    assert_eq!(cluster.changes, [Change::NodeCount(3, 2)]);
}
