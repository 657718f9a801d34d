//! Members that end, hang, or are not heard.

use super::*;

#[tokio::test]
async fn a_dead_primary_is_succeeded_and_follows_when_it_is_back() {
    let cluster = Cluster::new(3).await;
    assert_eq!(cluster.set(KEYS[1], "kept"), done(1));
    let slots = cluster.slots(2).await;
    cluster.world.kill("m2");
    // Nobody has noticed yet.
    assert!(cluster.view(1).await.is_ok);
    assert_eq!(cluster.set(KEYS[1], "lost"), Answer::Unanswered);
    cluster.world.elapse_node_timeout();
    assert_eq!(cluster.slots(5).await, slots);
    let view = cluster.view(1).await;
    assert_eq!(view.node(cluster.id(2)).unwrap().health, NodeHealth::Failed);
    let owner = view.owner(key_slot(KEYS[1].as_bytes())).unwrap();
    assert_eq!(owner.node_id, cluster.id(5));
    assert_eq!(cluster.get(KEYS[1]).as_deref(), Some("kept"));
    assert_eq!(cluster.set(KEYS[1], "newer"), done(0));

    cluster.runtime.start_container("m2").await.unwrap();
    cluster.assert_whole().await;
    assert_eq!(cluster.role(2).await, Role::Replica);
    assert_eq!(cluster.set(KEYS[1], "newest"), done(1));
    assert_eq!(
        cluster.world.memory_get("m2", KEYS[1]).as_deref(),
        Some("newest")
    );
}

#[tokio::test]
async fn without_a_majority_only_a_takeover_helps() {
    let cluster = Cluster::new(3).await;
    cluster.world.kill("m2");
    cluster.world.pause("m3");
    cluster.world.elapse_node_timeout();
    assert_eq!(cluster.role(5).await, Role::Replica);
    assert!(!cluster.view(1).await.is_ok);
    assert_eq!(cluster.set(KEYS[0], "v"), Answer::ClusterDown);
    for kind in [FailoverKind::Coordinated, FailoverKind::Force] {
        cluster.tell(5, &[ClusterOrder::Failover(kind)]).await;
        assert_eq!(cluster.role(5).await, Role::Replica);
    }
    let takeover = ClusterOrder::Failover(FailoverKind::Takeover);
    cluster.tell(5, &[takeover]).await;
    assert_eq!(cluster.role(5).await, Role::Primary);
    assert!(cluster.view(1).await.is_ok);
    cluster.world.unpause("m3");
    cluster.runtime.start_container("m2").await.unwrap();
    cluster.assert_whole().await;
    assert_eq!(cluster.role(2).await, Role::Replica);
}

#[tokio::test]
async fn a_handover_loses_nothing_and_needs_the_primary() {
    let cluster = Cluster::new(3).await;
    cluster.set(KEYS[0], "kept");
    let handover = || [ClusterOrder::Failover(FailoverKind::Coordinated)];
    cluster.tell(4, &handover()).await;
    cluster.assert_whole().await;
    assert_eq!(cluster.role(1).await, Role::Replica);
    assert_eq!(cluster.get(KEYS[0]).as_deref(), Some("kept"));
    assert_eq!(cluster.set(KEYS[0], "newer"), done(1));
    cluster.world.kill("m4");
    cluster.tell(1, &handover()).await;
    assert_eq!(cluster.role(1).await, Role::Replica);
    cluster
        .tell(1, &[ClusterOrder::Failover(FailoverKind::Force)])
        .await;
    assert_eq!(cluster.role(1).await, Role::Primary);
    assert_eq!(cluster.get(KEYS[0]).as_deref(), Some("newer"));
}

#[tokio::test]
async fn a_frozen_primary_hears_that_it_was_succeeded_and_what_it_was_told() {
    let cluster = Cluster::new(3).await;
    cluster.world.pause("m1");
    let told = cluster.try_tell(1, &[ClusterOrder::BumpEpoch]).await;
    assert!(matches!(told, Err(EngineError::Timeout { .. })), "{told:?}");
    cluster.world.elapse_node_timeout();
    assert_eq!(cluster.role(4).await, Role::Primary);
    assert_eq!(cluster.set(KEYS[0], "new"), Answer::Unanswered);
    cluster.world.unpause("m1");
    cluster.assert_whole().await;
    // It has claimed its slots anew before it heard: two epochs that are equal are told apart.
    let roles = [cluster.role(1).await, cluster.role(4).await];
    assert!(roles.contains(&Role::Primary) && roles.contains(&Role::Replica));
}

#[tokio::test]
async fn who_is_not_heard_is_missed_and_catches_up() {
    let cluster = Cluster::new(3).await;
    cluster.world.stall_gossip("m6", true);
    cluster
        .tell(4, &[ClusterOrder::Failover(FailoverKind::Coordinated)])
        .await;
    let stale = cluster.view(6).await;
    assert_eq!(stale.node(cluster.id(1)).unwrap().role, Role::Primary);
    cluster.world.elapse_node_timeout();
    assert!(!cluster.view(6).await.is_ok);
    assert_eq!(
        cluster.view(1).await.node(cluster.id(6)).unwrap().health,
        NodeHealth::Failed
    );
    cluster.world.stall_gossip("m6", false);
    cluster.assert_whole().await;
}

#[tokio::test]
async fn a_primary_that_lost_its_keys_takes_its_replicas_with_it() {
    let cluster = Cluster::new(2).await;
    cluster.set(KEYS[0], "value");
    // As the real one does when it is started again before it is missed.
    cluster.world.crash("m1", 1);
    cluster.assert_whole().await;
    assert_eq!(cluster.get(KEYS[0]), None);
    assert_eq!(cluster.world.memory_get("m3", KEYS[0]), None);
}

#[tokio::test]
async fn orders_and_looks_pass_the_hook() {
    let cluster = Cluster::started(2).await;
    let lost = || RuntimeError::Unreachable { source: None };
    for (refused, takes_effect) in [(true, false), (false, true)] {
        cluster
            .world
            .set_hook(Some(Box::new(move |call| match call.operation {
                Operation::NodeClusterOrder if refused => Verdict::Refuse(lost()),
                Operation::NodeClusterOrder => Verdict::LoseAnswer(lost()),
                _ => Verdict::Proceed,
            })));
        let told = cluster.try_tell(1, &[meet(2)]).await;
        assert!(
            matches!(told, Err(EngineError::Unreachable { .. })),
            "{told:?}"
        );
        assert_eq!(cluster.view(1).await.known_nodes == 2, takes_effect);
    }
    assert!(Operation::NodeClusterView.is_observation());
    assert!(!Operation::NodeMigrateKeys.is_observation());
}
