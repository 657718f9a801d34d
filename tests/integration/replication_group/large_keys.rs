//! Keys that are too large to move stay with their slots, and the resharding ends with what it came to.

use cacheplane::resources::slots::{SlotSet, key_slot};

use super::resharding::called;
use crate::harness::Harness;

/// Simulated keys of this name are larger than any that moves.
const LARGE: &str = "large";

async fn made() -> Harness {
    let harness = Harness::start().await;
    harness.cluster("ants", "2", "1", &[]).await;
    harness
}

fn write(harness: &Harness, keys: &[&str]) {
    for key in keys {
        let written = called(harness, |engine, node, asking| {
            engine.cluster_set(node, key, "value", asking)
        });
        assert!(written.is_done(), "{key}");
    }
}

fn read(harness: &Harness, key: &str) -> Option<String> {
    called(harness, |engine, node, asking| {
        engine.cluster_get(node, key, asking)
    })
}

async fn reshard(harness: &Harness, more: &[(&str, &str)]) {
    let mut members = vec![("ReplicationGroupId", "ants"), ("ApplyImmediately", "true")];
    members.extend(more);
    let change = "ModifyReplicationGroupShardConfiguration";
    harness.call(change, &members).await.ok();
    harness.settle().await;
}

async fn slots(harness: &Harness) -> Vec<String> {
    let told = harness.describe_group("ants").await.ok();
    let statuses = told.texts("Status");
    assert!(
        statuses.iter().all(|one| one == "available"),
        "{statuses:?}"
    );
    assert!(!told.has("PendingModifiedValues") || !told.has("Resharding"));
    told.texts("Slots")
}

async fn events(harness: &Harness) -> Vec<String> {
    let of_group = [
        ("SourceType", "replication-group"),
        ("SourceIdentifier", "ants"),
    ];
    let told = harness.call("DescribeEvents", &of_group).await.ok();
    told.texts("Message")
}

#[tokio::test]
async fn a_node_group_that_was_to_go_stays_for_a_key_that_does_not_move() {
    let harness = made().await;
    // Its slot is the second node group's.
    let slot = key_slot(LARGE.as_bytes());
    assert!(slot >= 8192, "{slot}");
    write(&harness, &[LARGE, "{large} beside", "ant", "bee", "cat"]);

    let away = [
        ("NodeGroupCount", "1"),
        ("NodeGroupsToRemove.NodeGroupToRemove.1", "0002"),
    ];
    reshard(&harness, &away).await;
    let without = format!("0-{},{}-16383", slot - 1, slot + 1);
    assert_eq!(slots(&harness).await, [without, slot.to_string()]);
    assert_eq!(harness.node_containers().len(), 4);
    let told = events(&harness).await;
    let why = format!(
        "Slots {slot} hold keys of more than 256 MB, which do not move. They stay where they are."
    );
    assert_eq!(
        told.iter().filter(|text| **text == why).count(),
        1,
        "{told:?}"
    );
    assert!(
        !told.iter().any(|text| text.contains("from 2 to 1")),
        "{told:?}"
    );
    for key in [LARGE, "{large} beside", "ant", "bee", "cat"] {
        assert_eq!(read(&harness, key).as_deref(), Some("value"), "{key}");
    }
    // It is replicated as before; and who asks again is answered again.
    let holders = harness.host.key_holders(LARGE);
    assert_eq!(holders.len(), 2, "{holders:?}");
    reshard(&harness, &away).await;
    assert_eq!(slots(&harness).await[1], slot.to_string());
    assert_eq!(harness.node_containers().len(), 4);
    harness.finish().await;
}

#[tokio::test]
async fn a_new_node_group_gets_no_slot_with_a_key_that_does_not_move() {
    let harness = made().await;
    let keys: Vec<String> = (0..40).map(|number| format!("large {number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    write(&harness, &keys);
    reshard(&harness, &[("NodeGroupCount", "3")]).await;
    let told = slots(&harness).await;
    let told: Vec<SlotSet> = told.iter().map(|slots| slots.parse().unwrap()).collect();
    let share = 16384 / 3;
    // Nearly an even share, without those that would have come.
    assert!(
        told[2].len() <= share && told[2].len() > share - 40,
        "{told:?}"
    );
    for key in keys {
        assert!(!told[2].contains(key_slot(key.as_bytes())), "{key}");
        assert_eq!(read(&harness, key).as_deref(), Some("value"), "{key}");
    }
    harness.finish().await;
}
