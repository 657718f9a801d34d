//! Which caches an update is for, and how far each has come.

use super::super::engine;
use super::super::replication_group::tests::settled;
use super::*;

fn version(name: &str) -> &'static EngineVersion {
    engine::find(Engine::Redis, name).expect("a version")
}

fn update(effect: Effect) -> ServiceUpdate {
    ServiceUpdate {
        key: 1,
        name: "update-1".to_owned(),
        engine: Engine::Redis,
        severity: "important".to_owned(),
        description: String::new(),
        released_at: Timestamp::from_millis(0),
        recommended_apply_by: Timestamp::from_millis(1_000),
        ends_at: Timestamp::from_millis(9_000),
        auto_update: false,
        estimated_minutes: 30,
        is_cancelled: false,
        effect,
    }
}

fn images() -> Effect {
    Effect::Images([("7.0".to_owned(), "redis:patched".to_owned())].into())
}

fn action() -> UpdateAction {
    UpdateAction {
        service_update_key: 1,
        target: Target::ReplicationGroup(1),
        by_customer: true,
        stop_requested: false,
        requested_at: Timestamp::from_millis(10),
        modified_at: Timestamp::from_millis(10),
        completed_at: None,
    }
}

#[test]
fn images_are_for_their_versions_and_minor_versions_for_their_family() {
    assert!(update(images()).is_for(version("7.0")));
    assert!(!update(images()).is_for(version("7.1")));
    let minor = update(Effect::EngineVersion(version("7.1")));
    assert!(minor.is_for(version("7.0")));
    for other in ["7.1", "6.2", "5.0.6"] {
        assert!(!minor.is_for(version(other)), "{other}");
    }
}

#[test]
fn an_action_is_as_far_as_its_nodes() {
    let now = Timestamp::from_millis(500);
    let check = |change: fn(&mut ReplicationGroup, &mut Option<UpdateAction>), expected| {
        let mut group = settled(2);
        group.spec.engine_version = version("7.0");
        for member in &mut group.members {
            member.spec.engine_version = version("7.0");
        }
        let mut action = None;
        change(&mut group, &mut action);
        let resource = Resource::ReplicationGroup(&group);
        let status = update(images()).action_status(action.as_ref(), resource, now);
        assert_eq!(status, expected);
    };
    check(|_, _| {}, ActionStatus::NotApplied);
    check(|_, it| *it = Some(action()), ActionStatus::Waiting);
    check(
        |group, it| {
            *it = Some(action());
            group.members[1].nodes[0].image = Some("redis:patched".to_owned());
            group.members[1].generation += 1;
        },
        ActionStatus::InProgress,
    );
    check(
        |group, it| {
            let mut stopped = action();
            stopped.stop_requested = true;
            *it = Some(stopped);
            group.members[1].nodes[0].image = Some("redis:patched".to_owned());
            group.members[1].generation += 1;
        },
        ActionStatus::Stopping,
    );
    check(
        |group, it| {
            let mut stopped = action();
            stopped.stop_requested = true;
            *it = Some(stopped);
            group.members[1].nodes[0].image = Some("redis:patched".to_owned());
        },
        ActionStatus::Stopped,
    );
    check(
        |group, it| {
            *it = Some(action());
            for member in &mut group.members {
                member.nodes[0].image = Some("redis:patched".to_owned());
            }
        },
        ActionStatus::Complete,
    );
}

#[test]
fn an_update_comes_by_itself_when_it_is_overdue_or_a_minor_version_that_is_taken() {
    let mut group = settled(1);
    let (early, late) = (Timestamp::from_millis(999), Timestamp::from_millis(1_001));
    let mut overdue = update(images());
    overdue.auto_update = true;
    let resource = Resource::ReplicationGroup(&group);
    assert!(!overdue.comes_by_itself(resource, early));
    assert!(overdue.comes_by_itself(resource, late));
    assert!(!update(images()).comes_by_itself(resource, late));
    assert!(!overdue.comes_by_itself(resource, Timestamp::from_millis(9_001)));
    let minor = update(Effect::EngineVersion(version("7.1")));
    group.spec.auto_minor_version_upgrade = true;
    assert!(minor.comes_by_itself(Resource::ReplicationGroup(&group), early));
    group.spec.auto_minor_version_upgrade = false;
    assert!(!minor.comes_by_itself(Resource::ReplicationGroup(&group), early));
}

#[test]
fn whoever_has_it_late_or_not_by_then_has_not_met_the_date() {
    let it = update(images());
    let mut done = action();
    assert_eq!(it.sla_met(None, Timestamp::from_millis(500)), "n/a");
    assert_eq!(it.sla_met(Some(&done), Timestamp::from_millis(1_500)), "no");
    done.completed_at = Some(Timestamp::from_millis(700));
    assert_eq!(
        it.sla_met(Some(&done), Timestamp::from_millis(1_500)),
        "yes"
    );
    done.completed_at = Some(Timestamp::from_millis(1_700));
    assert_eq!(it.sla_met(Some(&done), Timestamp::from_millis(1_800)), "no");
}
