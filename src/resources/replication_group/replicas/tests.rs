use super::*;
use crate::resources::cache_cluster::Observation;
use crate::resources::cache_cluster::tests::ASKED;
use crate::resources::replication_group::tests::settled;

fn in_zones(letters: &str) -> ReplicationGroup {
    let mut group = settled(letters.len() as u32 - 1);
    for (member, letter) in group.members.iter_mut().zip(letters.chars()) {
        member.nodes[0].zone = format!("us-east-1{letter}");
    }
    group
}

fn letters(zones: &[String]) -> String {
    zones
        .iter()
        .filter_map(|zone| zone.chars().last())
        .collect()
}

#[test]
fn the_service_lets_the_right_replicas_go() {
    let check = |zones: &str, unjoined: &[usize], count: usize, expected: &[&str]| {
        let mut group = in_zones(zones);
        for index in unjoined {
            group.members[*index].nodes[0].observation = Observation::Unknown;
        }
        let chosen = group.dispensable_replicas(count);
        assert_eq!(chosen, expected, "{zones} {unjoined:?}");
    };
    check("abc", &[], 1, &["ant-003"]);
    check("abcb", &[], 1, &["ant-004"]);
    check("abca", &[], 1, &["ant-004"]);
    check("aabc", &[], 1, &["ant-002"]);
    check("abc", &[1], 1, &["ant-002"]);
    check("abbc", &[3], 1, &["ant-003"]);
    check("abcb", &[], 2, &["ant-004", "ant-003"]);
    check("ab", &[], 5, &["ant-002"]);
    check("a", &[], 1, &[]);
}

#[test]
fn the_primary_stays_whoever_it_is() {
    let mut group = in_zones("abc");
    group.primary.cache_cluster_id = "ant-003".to_owned();
    assert_eq!(group.dispensable_replicas(2), ["ant-002", "ant-001"]);
    let all = ["ant-001", "ant-002", "ant-003"].map(str::to_owned);
    group.remove_replicas(&all, ASKED);
    let left: Vec<&str> = group
        .wished_members()
        .map(|member| member.spec.cache_cluster_id.as_str())
        .collect();
    assert_eq!(left, ["ant-003"]);
}

#[test]
fn a_removal_takes_what_was_wished_of_the_replica_with_it() {
    let mut group = in_zones("abc");
    group.pending.primary_cluster_id = Some("ant-002".to_owned());
    group.spec.snapshotting_cluster_id = Some("ant-003".to_owned());
    group.remove_replicas(&["ant-002".to_owned()], ASKED);
    assert_eq!(group.pending.primary_cluster_id, None);
    assert_eq!(
        group.spec.snapshotting_cluster_id.as_deref(),
        Some("ant-003")
    );
    assert_eq!(group.changes, [GroupChange::ReplicaCount(2, 1)]);
    assert_eq!(group.generation, 2);
    assert_eq!(group.members[1].deletion_requested_at, Some(ASKED));
}

#[test]
fn new_replicas_are_members_of_the_group() {
    let mut group = in_zones("a");
    group.add_replicas(&[("bee".to_owned(), "us-east-1c".to_owned())], ASKED);
    let bee = group.member("bee").expect("a member");
    assert_eq!(bee.key, 0);
    assert_eq!(letters(&group.zones()), "ac");
    assert_eq!(group.changes, [GroupChange::ReplicaCount(0, 1)]);
    assert_eq!((group.generation, group.observed_generation), (2, 1));
}

#[test]
fn multi_az_wants_zones_and_somebody_to_take_over() {
    let check = |zones: &str, failover: bool| {
        let zones: Vec<String> = zones.chars().map(|it| format!("us-east-1{it}")).collect();
        check_multi_az(&zones, failover).is_ok()
    };
    assert!(check("ab", true) && check("aab", true));
    assert!(!check("ab", false) && !check("a", true) && !check("aa", true));
}

#[test]
fn a_node_group_has_at_most_five_replicas() {
    for (wanted, expected) in [(-1, None), (0, Some(0)), (5, Some(5)), (6, None)] {
        assert_eq!(replica_count(wanted).ok(), expected);
    }
}
