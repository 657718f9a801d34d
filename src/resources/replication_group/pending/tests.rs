use super::*;
use crate::resources::cache_cluster::tests::ASKED;
use crate::resources::engine::{self, Engine};
use crate::resources::node_type;
use crate::resources::replication_group::tests::settled;

fn version(engine: Engine, version: &str) -> Option<&'static EngineVersion> {
    Some(engine::find(engine, version).expect(version))
}

fn large() -> Option<&'static NodeType> {
    Some(node_type::find("cache.m6g.large").expect("a node type"))
}

fn promotion(id: &str) -> Modification {
    Modification {
        primary_cluster_id: Some(id.to_owned()),
        ..Modification::default()
    }
}

fn now(modification: Modification) -> Modification {
    Modification {
        apply_immediately: true,
        ..modification
    }
}

/// A group of three nobody of which takes over.
fn manual() -> ReplicationGroup {
    let mut group = settled(2);
    group.spec.automatic_failover = false;
    group
}

#[track_caller]
fn check(mut group: ReplicationGroup, modification: Modification, expected: &[GroupChange]) {
    let generation = group.generation;
    modify(&mut group, modification).expect("be taken");
    assert_eq!(group.changes, expected);
    let raised = u64::from(!expected.is_empty());
    assert_eq!(group.generation, generation + raised, "one wish at most");
    for member in &group.members {
        assert_eq!(member.spec.engine_version.version, "7.0");
        assert_eq!(member.spec.node_type.name, "cache.t3.micro");
        assert_eq!(member.generation, 1, "the reconciler rolls the members");
    }
}

#[test]
fn what_waits_changes_nothing_yet() {
    let modification = Modification {
        engine_version: version(Engine::Valkey, "8.0"),
        parameter_group_name: None,
        node_type: large(),
        primary_cluster_id: Some("ant-002".to_owned()),
        apply_immediately: false,
    };
    let mut group = manual();
    modify(&mut group, modification.clone()).expect("be taken");
    assert_eq!(group.pending.engine_version, version(Engine::Valkey, "8.0"));
    assert_eq!(group.pending.node_type, large());
    assert_eq!(group.pending.primary_cluster_id.as_deref(), Some("ant-002"));
    assert_eq!(group.spec, manual().spec);
    check(manual(), modification, &[]);
}

#[test]
fn what_is_applied_is_one_wish() {
    let upgrade = GroupChange::EngineVersion("redis 7.0".to_owned(), "valkey 8.0".to_owned());
    let scaling = GroupChange::NodeType("cache.t3.micro".to_owned(), "cache.m6g.large".to_owned());
    let promoted = GroupChange::Promotion("ant-003".to_owned());
    let both = Modification {
        engine_version: version(Engine::Valkey, "8.0"),
        parameter_group_name: None,
        node_type: large(),
        primary_cluster_id: Some("ant-003".to_owned()),
        apply_immediately: true,
    };
    check(
        manual(),
        both.clone(),
        &[upgrade, scaling, promoted.clone()],
    );
    check(manual(), now(promotion("ant-003")), &[promoted]);
    let mut group = manual();
    modify(&mut group, both).expect("be taken");
    assert_eq!(group.spec.engine(), Engine::Valkey);
    assert_eq!(group.spec.parameter_group_name, "default.valkey8");
    assert!(group.pending.is_empty());
}

#[test]
fn what_is_there_already_is_no_change() {
    let same = Modification {
        engine_version: version(Engine::Redis, "7.0"),
        parameter_group_name: None,
        node_type: Some(node_type::find("cache.t3.micro").expect("a node type")),
        primary_cluster_id: Some("ant-001".to_owned()),
        apply_immediately: true,
    };
    check(manual(), same.clone(), &[]);
    let mut waiting = manual();
    waiting.pending.engine_version = version(Engine::Redis, "7.1");
    waiting.pending.node_type = large();
    waiting.pending.primary_cluster_id = Some("ant-002".to_owned());
    check(waiting, same, &[]);
}

#[test]
fn a_change_at_once_takes_what_waits_along() {
    let mut group = manual();
    group.pending.node_type = large();
    check(
        group,
        now(promotion("ant-002")),
        &[
            GroupChange::NodeType("cache.t3.micro".to_owned(), "cache.m6g.large".to_owned()),
            GroupChange::Promotion("ant-002".to_owned()),
        ],
    );
}

#[test]
fn scaling_and_upgrade_block_each_other_unless_they_go_together() {
    let upgrade = Modification {
        engine_version: version(Engine::Redis, "7.1"),
        apply_immediately: true,
        ..Modification::default()
    };
    let scaling = Modification {
        node_type: large(),
        apply_immediately: true,
        ..Modification::default()
    };
    let mut waiting_type = manual();
    waiting_type.pending.node_type = large();
    assert!(modify(&mut waiting_type.clone(), upgrade.clone()).is_err());
    let mut waiting_version = manual();
    waiting_version.pending.engine_version = version(Engine::Redis, "7.1");
    assert!(modify(&mut waiting_version.clone(), scaling).is_err());
    let both = Modification {
        node_type: large(),
        ..upgrade
    };
    assert!(modify(&mut waiting_type, both).is_ok());
}

#[test]
fn a_promotion_that_has_become_pointless_is_dropped() {
    let waiting = || {
        let mut group = manual();
        group.pending.primary_cluster_id = Some("ant-002".to_owned());
        group
    };
    let outcome = |mut group: ReplicationGroup| {
        apply(&mut group);
        assert!(group.pending.is_empty());
        group.changes
    };
    assert_eq!(
        outcome(waiting()),
        [GroupChange::Promotion("ant-002".to_owned())]
    );
    let mut promoted = waiting();
    promoted.primary.cache_cluster_id = "ant-002".to_owned();
    assert_eq!(outcome(promoted), []);
    let mut leaving = waiting();
    leaving.members[1].deletion_requested_at = Some(ASKED);
    assert_eq!(outcome(leaving), []);
    let mut automatic = waiting();
    automatic.switch_automatic_failover(true);
    assert_eq!(automatic.pending.primary_cluster_id, None);
    let mut gone = waiting();
    gone.members.remove(1);
    assert_eq!(outcome(gone), []);
}

#[test]
fn members_share_what_acts_at_once_and_keep_what_is_rolled() {
    let mut group = settled(1);
    group.spec.security_group_ids = vec!["sg-1".to_owned()];
    group.spec.auto_minor_version_upgrade = false;
    group.spec.node_type = large().expect("a node type");
    group.members[1].deletion_requested_at = Some(ASKED);
    let leaving = group.members[1].clone();
    group.share_settings();
    let member = &group.members[0];
    assert_eq!(member.spec.security_group_ids, ["sg-1"]);
    assert!(!member.spec.auto_minor_version_upgrade);
    assert_eq!(member.spec.node_type.name, "cache.t3.micro");
    assert_eq!(member.generation, 1);
    assert_eq!(group.members[1], leaving);
}
