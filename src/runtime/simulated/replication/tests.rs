//! Replication on the simulated host, as a control plane sees it: by probes, orders and clients.

use std::sync::Arc;

use super::super::super::{ContainerSpec, Runtime, RuntimeError};
use super::super::tests::{GRACE, address, host, node, spec};
use super::super::{Operation, SimulatedRuntime, Verdict};
use super::*;
use crate::engine::simulated::{SimulatedEngine, Write};
use crate::engine::{
    Credentials, Engine, EngineError, HistoryHeld, NodeEndpoint, PrimaryAddress, ReplicationReport,
    Role,
};

/// A group of fenced members at addresses 1, 2 and so on past 10.
struct Group {
    world: Arc<SimulatedWorld>,
    runtime: SimulatedRuntime,
    engine: SimulatedEngine,
}

fn name(member: u8) -> String {
    format!("m{member}")
}

fn fenced(member: u8) -> ContainerSpec {
    let mut spec = spec(&name(member), 10 + member);
    let fence = ["--replicaof", "127.0.0.1", "1", "--save", "3600", "1"];
    spec.command.extend(fence.map(String::from));
    spec
}

fn at(member: u8) -> NodeEndpoint {
    node(10 + member)
}

impl Group {
    /// Members, started, of which the first is promoted and the others follow.
    async fn new(members: u8) -> Self {
        let (world, runtime) = host().await;
        let engine = SimulatedEngine::new(Arc::clone(&world));
        let group = Group {
            world,
            runtime,
            engine,
        };
        for member in 1..=members {
            group
                .runtime
                .ensure_container(&fenced(member))
                .await
                .unwrap();
        }
        group.promote(1).await;
        for member in 2..=members {
            group.follow(member, 1).await;
        }
        group
    }

    async fn promote(&self, member: u8) {
        let held = self.held(member).await;
        self.engine
            .promote(&at(member), &held, GRACE)
            .await
            .unwrap();
    }

    async fn held(&self, member: u8) -> HistoryHeld {
        let found = self.look(member).await;
        HistoryHeld {
            history: found.history,
            offset: found.offset,
        }
    }

    async fn follow(&self, member: u8, primary: u8) {
        let address = address_of(primary);
        self.engine
            .follow(&at(member), &address, GRACE)
            .await
            .unwrap();
    }

    async fn look(&self, member: u8) -> ReplicationReport {
        let report = self.engine.probe(&at(member), GRACE).await.unwrap();
        let replication = report.replication.unwrap();
        assert_eq!(
            report.role,
            match replication.primary {
                Some(_) => Role::Replica,
                None => Role::Primary,
            }
        );
        replication
    }

    fn set(&self, member: u8, key: &str) -> Write {
        self.engine.set(&at(member), key, "value")
    }

    fn has(&self, member: u8, key: &str) -> bool {
        self.engine.get(&at(member), key).is_some()
    }
}

fn address_of(member: u8) -> PrimaryAddress {
    PrimaryAddress {
        encrypted: false,
        host: at(member).host,
        port: 6379,
        administrator: None,
    }
}

fn done(replicas: usize) -> Write {
    Write::Done { replicas }
}

#[tokio::test]
async fn a_fenced_node_answers_reads_and_refuses_writes_until_it_is_promoted() {
    let (world, runtime) = host().await;
    let engine = SimulatedEngine::new(Arc::clone(&world));
    runtime.ensure_container(&fenced(1)).await.unwrap();
    let report = engine.probe(&at(1), GRACE).await.unwrap();
    let replication = report.replication.unwrap();
    assert_eq!(report.role, Role::Replica);
    assert_eq!(replication.primary, Some(("127.0.0.1".into(), 1)));
    assert!(!replication.link_up && !replication.syncing);
    assert_eq!((replication.offset, replication.replicas), (0, vec![]));
    assert_eq!(engine.set(&at(1), "k", "v"), Write::ReadOnly);
    assert!(!world.memory_set("m1", "k", "v"));
    assert_eq!(engine.get(&at(1), "k"), None);
    assert_eq!(engine.set(&at(2), "k", "v"), Write::Unanswered);

    let held = |offset| HistoryHeld {
        history: replication.history.clone(),
        offset,
    };
    let more = engine.promote(&at(1), &held(1), GRACE).await.unwrap_err();
    assert!(matches!(more, EngineError::Behind { .. }), "{more:?}");
    assert_eq!(engine.set(&at(1), "k", "v"), Write::ReadOnly);
    engine.promote(&at(1), &held(0), GRACE).await.unwrap();
    let first = engine.probe(&at(1), GRACE).await.unwrap();
    assert_eq!(first.role, Role::Primary);
    let again = engine.promote(&at(1), &held(0), GRACE).await.unwrap_err();
    assert!(matches!(again, EngineError::Behind { .. }), "{again:?}");
    assert_eq!(engine.probe(&at(1), GRACE).await.unwrap(), first);
    assert_eq!(engine.set(&at(1), "k", "v"), done(0));
}

#[tokio::test]
async fn writes_reach_the_replicas_that_are_there() {
    let group = Group::new(3).await;
    assert_eq!(group.set(1, "a"), done(2));
    assert_eq!(group.set(2, "b"), Write::ReadOnly);
    assert!(group.has(2, "a") && group.has(3, "a"));
    let primary = group.look(1).await;
    assert!(primary.offset > 0);
    let seen: Vec<_> = primary
        .replicas
        .iter()
        .map(|replica| {
            (
                replica.host.clone(),
                replica.port,
                replica.online,
                replica.offset,
            )
        })
        .collect();
    let whole = |member: u8| (at(member).host, 6379, true, primary.offset);
    assert_eq!(seen, [whole(2), whole(3)]);
    let replica = group.look(2).await;
    assert!(replica.link_up && !replica.syncing);
    assert_eq!(
        (&replica.history, replica.offset),
        (&primary.history, primary.offset)
    );

    group.world.kill("m3");
    assert_eq!(group.set(1, "b"), done(1));
    group.runtime.start_container("m3").await.unwrap();
    // It is fenced, with what the copy that it got when it began to follow left on its volume.
    let back = group.look(3).await;
    assert_eq!(
        (&back.history, back.offset, back.link_up),
        (&primary.history, 0, false)
    );
    group.follow(3, 1).await;
    assert_eq!(group.set(1, "c"), done(2));
    assert!(group.has(3, "b"));
}

#[tokio::test]
async fn a_crashed_primary_comes_back_fenced_with_what_it_had_saved() {
    let group = Group::new(2).await;
    group.set(1, "saved");
    group.world.save("m1");
    let saved = group.look(1).await;
    group.set(1, "later");
    group.world.crash("m1", 1);
    let back = group.look(1).await;
    assert_eq!(
        (&back.history, back.offset, back.primary),
        (
            &saved.history,
            saved.offset,
            Some(("127.0.0.1".to_owned(), 1))
        )
    );
    assert_eq!(group.set(1, "x"), Write::ReadOnly);
    assert!(group.has(1, "saved") && !group.has(1, "later"));
    assert!(!group.look(2).await.link_up);
}

#[tokio::test]
async fn the_others_go_on_after_a_promotion_and_the_lost_node_rejoins() {
    let group = Group::new(3).await;
    group.set(1, "a");
    let before = group.look(1).await;
    group.world.kill("m1");
    group.promote(2).await;
    let promoted = group.look(2).await;
    assert_ne!(promoted.history, before.history);
    assert_eq!(promoted.earlier_history.as_ref(), Some(&before.history));
    assert_eq!(promoted.offset, before.offset);
    // A stalled full sync does not matter to one that can go on from where it is.
    group.world.stall_syncs("m3", true);
    group.follow(3, 2).await;
    assert!(group.look(3).await.link_up);
    assert_eq!(group.set(2, "b"), done(1));

    group.runtime.start_container("m1").await.unwrap();
    group.follow(1, 2).await;
    assert!(group.look(1).await.link_up);
    assert_eq!(group.set(2, "c"), done(2));
    assert!(["a", "b", "c"].iter().all(|key| group.has(1, key)));
}

#[tokio::test]
async fn what_a_primary_wrote_alone_is_lost_when_it_follows_another() {
    let group = Group::new(2).await;
    group.set(1, "shared");
    group.world.detach("m1", "nodes");
    group
        .runtime
        .connect_network("m1", "endpoints", Ipv4Addr::new(10, 211, 1, 9))
        .await
        .unwrap();
    // The old primary is still reached by its other address, and takes writes that nobody else gets.
    let elsewhere = NodeEndpoint {
        host: "10.211.1.9".into(),
        ..at(1)
    };
    assert_eq!(group.engine.set(&elsewhere, "alone", "value"), done(0));
    // Neither end knows yet that the other is gone.
    assert!(group.look(2).await.link_up);
    let report = group.engine.probe(&elsewhere, GRACE).await.unwrap();
    assert!(report.replication.unwrap().replicas[0].online);
    group.world.expire_links();
    assert!(!group.look(2).await.link_up);
    let report = group.engine.probe(&elsewhere, GRACE).await.unwrap();
    assert_eq!(report.replication.unwrap().replicas, []);

    group.promote(2).await;
    assert_eq!(group.set(2, "new"), done(0));
    group
        .runtime
        .connect_network("m1", "nodes", address(11))
        .await
        .unwrap();
    group.world.stall_syncs("m1", true);
    group.follow(1, 2).await;
    let report = group.look(1).await;
    assert!(
        report.syncing && !report.link_up,
        "it went another way: {report:?}"
    );
    assert!(!group.look(2).await.replicas[0].online);
    assert_eq!(group.set(2, "newer"), done(0));
    group.world.stall_syncs("m1", false);
    assert!(group.look(1).await.link_up);
    assert!(!group.has(1, "alone"));
    assert!(
        ["shared", "new", "newer"]
            .iter()
            .all(|key| group.has(1, key))
    );
}

#[tokio::test]
async fn a_link_mends_itself_when_the_network_is_back() {
    let group = Group::new(2).await;
    group.world.detach("m2", "nodes");
    assert_eq!(group.set(1, "missed"), done(0));
    group
        .runtime
        .connect_network("m2", "nodes", address(12))
        .await
        .unwrap();
    assert!(group.has(2, "missed"));
    assert_eq!(group.set(1, "next"), done(1));
}

#[tokio::test]
async fn frozen_nodes_are_not_noticed_and_hear_later_what_they_were_told() {
    let group = Group::new(3).await;
    group.world.pause("m1");
    assert_eq!(group.set(1, "a"), Write::Unanswered);
    assert!(group.look(2).await.link_up);
    let told = group
        .engine
        .follow(&at(1), &address_of(2), GRACE)
        .await
        .unwrap_err();
    assert!(matches!(told, EngineError::Timeout { .. }), "{told:?}");
    group.promote(2).await;
    group.follow(3, 2).await;
    assert_eq!(group.set(2, "b"), done(1));
    group.world.unpause("m1");
    assert!(group.look(1).await.link_up);
    assert!(group.has(1, "b"));

    let held = group.held(3).await;
    group.world.pause("m3");
    let frozen = group.engine.promote(&at(3), &held, GRACE).await;
    assert!(matches!(frozen, Err(EngineError::Timeout { .. })));
    // What a process that was killed was told is forgotten.
    group.world.kill("m3");
    group.runtime.start_container("m3").await.unwrap();
    assert!(group.look(3).await.primary.is_some());
    let held = group.held(3).await;
    group.world.pause("m3");
    let frozen = group.engine.promote(&at(3), &held, GRACE).await;
    assert!(matches!(frozen, Err(EngineError::Timeout { .. })));
    group.world.unpause("m3");
    assert_eq!(group.look(3).await.primary, None);
}

#[tokio::test]
async fn a_hold_lets_some_writes_wait_and_replication_go_on() {
    let group = Group::new(2).await;
    assert_eq!(group.set(1, "a"), done(1));
    let hold = group.engine.hold_writes(&at(1), GRACE, GRACE).await;
    assert_eq!(hold.unwrap(), Some(group.held(2).await));
    let held = group.set(1, "b");
    assert!(!held.is_done() && group.look(2).await.link_up);
    let taken = (0..10).find(|_| group.set(1, "b").is_done());
    assert!(taken.is_some(), "a hold ends by itself");
    assert!(group.has(2, "b"));
}

#[tokio::test]
async fn a_primary_without_replicas_saves_no_history() {
    let group = Group::new(1).await;
    group.set(1, "k");
    let before = group.look(1).await;
    assert_eq!(before.offset, 0);
    group.runtime.restart_container("m1", GRACE).await.unwrap();
    let after = group.look(1).await;
    assert!(group.has(1, "k"));
    assert_ne!(after.history, before.history);

    // With its first replica a history begins, and both have it on their volumes.
    group.promote(1).await;
    let alone = group.look(1).await;
    group.runtime.ensure_container(&fenced(2)).await.unwrap();
    group.follow(2, 1).await;
    let shared = group.look(1).await;
    assert_ne!(shared.history, alone.history);
    assert_eq!(shared.earlier_history, None);
    for member in [1, 2] {
        group.world.crash(&name(member), 1);
        assert_eq!(group.look(member).await.history, shared.history);
        assert!(group.has(member, "k"));
    }
}

#[tokio::test]
async fn following_again_disturbs_nothing() {
    let group = Group::new(2).await;
    group.set(1, "k");
    let before = group.look(2).await;
    group.follow(2, 1).await;
    assert_eq!(group.look(2).await, before);
    // A replica is no primary, and nobody is one's own.
    group.runtime.ensure_container(&fenced(3)).await.unwrap();
    group.follow(3, 2).await;
    assert!(!group.look(3).await.link_up);
    group.follow(3, 3).await;
    assert!(!group.look(3).await.link_up);
    group.follow(3, 1).await;
    assert!(group.look(3).await.link_up);
}

#[tokio::test]
async fn a_primary_lets_in_whom_it_knows() {
    let group = Group::new(1).await;
    let secret = "hush";
    let hash = {
        use sha2::Digest as _;
        hex::encode(sha2::Sha256::digest(secret))
    };
    let mut guarded = fenced(2);
    let users = format!("--user default on nopass ~* +@all -psync --user us on #{hash} ~* +@all");
    guarded.command.extend(users.split(' ').map(String::from));
    group.runtime.ensure_container(&guarded).await.unwrap();
    group.promote(2).await;
    let follow = async |user: Option<&str>, password: &str| {
        let primary = PrimaryAddress {
            encrypted: false,
            administrator: user.map(|user| Credentials {
                user: user.into(),
                password: password.into(),
            }),
            ..address_of(2)
        };
        group.engine.follow(&at(1), &primary, GRACE).await.unwrap();
        group.look(1).await.link_up
    };
    assert!(!follow(None, "").await);
    assert!(!follow(Some("us"), "wrong").await);
    assert!(!follow(Some("default"), secret).await);
    assert!(follow(Some("us"), secret).await);
    // Other credentials are for the next connection.
    assert!(follow(Some("us"), "wrong").await);
}

#[tokio::test]
async fn orders_pass_the_hook() {
    let group = Group::new(2).await;
    let lost = || RuntimeError::Unreachable { source: None };
    for (refused, takes_effect) in [(true, false), (false, true)] {
        let held = group.held(2).await;
        group
            .world
            .set_hook(Some(Box::new(move |call| match call.operation {
                Operation::NodePromote | Operation::NodeFollow if refused => {
                    Verdict::Refuse(lost())
                }
                Operation::NodePromote | Operation::NodeFollow => Verdict::LoseAnswer(lost()),
                _ => Verdict::Proceed,
            })));
        let error = group
            .engine
            .promote(&at(2), &held, GRACE)
            .await
            .unwrap_err();
        assert!(
            matches!(error, EngineError::Unreachable { .. }),
            "{error:?}"
        );
        assert_eq!(group.look(2).await.primary.is_none(), takes_effect);
        let error = group
            .engine
            .follow(&at(1), &address_of(2), GRACE)
            .await
            .unwrap_err();
        assert!(
            matches!(error, EngineError::Unreachable { .. }),
            "{error:?}"
        );
        assert_eq!(group.look(1).await.link_up, takes_effect);
    }
    assert!(!Operation::NodePromote.is_observation() && !Operation::NodeFollow.is_observation());
}
