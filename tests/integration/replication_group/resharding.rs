//! Keys outlive the nodes that they are moved to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cacheplane::engine::simulated::{Answer, SimulatedEngine};
use cacheplane::engine::{NodeEndpoint, Protocol};
use cacheplane::runtime::RuntimeError;
use cacheplane::runtime::simulated::{Operation, Verdict};

use crate::harness::Harness;

/// Most looks and steps that bring a group to where it moves keys.
const STEPS_MAX: usize = 500;

/// A client that begins at the first node and goes where it is sent.
pub(super) fn called<T>(
    harness: &Harness,
    call: impl Fn(&SimulatedEngine, &NodeEndpoint, bool) -> Answer<T>,
) -> T {
    let first = harness.container("ants-0001-001", "0001");
    let host = first.addresses[&harness.world.ground.node_network.name].to_string();
    let (mut host, mut port, mut asking) = (host, 6379, false);
    let engine = SimulatedEngine::new(Arc::clone(&harness.host));
    for _ in 0..3 {
        let node = NodeEndpoint {
            host: host.clone(),
            port,
            protocol: Protocol::Redis,
            encryption: None,
            administrator: None,
        };
        (host, port, asking) = match call(&engine, &node, asking) {
            Answer::Done(done) => return done,
            Answer::Moved(host, port) => (host, port, false),
            Answer::Ask(host, port) => (host, port, true),
            Answer::ClusterDown | Answer::Unanswered => panic!("{host} does not serve"),
        };
    }
    panic!("sent on to {host}")
}

/// The new primary dies when keys have come to it and before it is known to own a slot. It has written nothing down; its replica has all.
async fn loses_its_new_primary(engine: &str, version: &str) {
    let harness = Harness::start().await;
    harness
        .cluster(
            "ants",
            "2",
            "1",
            &[("Engine", engine), ("EngineVersion", version)],
        )
        .await;
    let keys: Vec<String> = (0..300).map(|number| format!("key {number}")).collect();
    for key in &keys {
        let written = called(&harness, |engine, node, asking| {
            engine.cluster_set(node, key, "value", asking)
        });
        assert!(written.is_done(), "{key}");
    }

    let have_moved = Arc::new(AtomicBool::new(false));
    let moved = Arc::clone(&have_moved);
    let hook = move |operation| match operation {
        Operation::NodeMigrateKeys if !moved.swap(true, Ordering::Relaxed) => {
            Verdict::LoseAnswer(RuntimeError::Unreachable { source: None })
        }
        // Nothing else is said to any node before that one is dead.
        Operation::NodeMigrateKeys | Operation::NodeClusterOrder
            if moved.load(Ordering::Relaxed) =>
        {
            Verdict::Refuse(RuntimeError::Unreachable { source: None })
        }
        _ => Verdict::Proceed,
    };
    harness
        .host
        .set_hook(Some(Box::new(move |call| hook(call.operation))));
    let more = [
        ("ReplicationGroupId", "ants"),
        ("ApplyImmediately", "true"),
        ("NodeGroupCount", "3"),
    ];
    let change = "ModifyReplicationGroupShardConfiguration";
    harness.call(change, &more).await.ok();
    for _ in 0..STEPS_MAX {
        if have_moved.load(Ordering::Relaxed) {
            break;
        }
        harness.reconcile_once().await;
    }
    assert!(have_moved.load(Ordering::Relaxed));
    let taker = harness.container_name("ants-0003-001", "0001");
    let came = |key: &&String| harness.host.key_holders(key).contains(&taker);
    let came = keys.iter().filter(came).count();
    assert!(came > 0);
    harness.host.kill(&taker);
    harness.host.set_hook(None);
    harness.settle().await;

    let told = harness.describe_group("ants").await.ok();
    assert_eq!(told.texts("Status"), ["available"; 4]);
    for key in &keys {
        let value = called(&harness, |engine, node, asking| {
            engine.cluster_get(node, key, asking)
        });
        assert_eq!(
            value.as_deref(),
            Some("value"),
            "{key}, of {came} that came"
        );
    }
    harness.finish().await;
}

#[tokio::test]
async fn a_new_primary_dies_with_keys_of_slots_that_are_open() {
    loses_its_new_primary("valkey", "8.1").await;
}

#[tokio::test]
async fn a_new_primary_dies_with_keys_of_slots_that_it_has_not_claimed() {
    loses_its_new_primary("redis", "7.0").await;
}
