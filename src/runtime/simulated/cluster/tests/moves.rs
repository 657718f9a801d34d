//! Keys and slots on their way.

use super::*;

impl Cluster {
    fn taker(&self, member: u8) -> PrimaryAddress {
        PrimaryAddress {
            encrypted: false,
            host: at(member).host,
            port: 6379,
            administrator: None,
        }
    }

    async fn open(&self, slots: &SlotSet, from: u8, to: u8) {
        let importing = SlotState::Importing(self.id(from).to_owned());
        let migrating = SlotState::Migrating(self.id(to).to_owned());
        self.tell(to, &[ClusterOrder::SetSlots(slots.clone(), importing)])
            .await;
        self.tell(from, &[ClusterOrder::SetSlots(slots.clone(), migrating)])
            .await;
    }

    async fn close(&self, slots: &SlotSet, from: u8, to: u8) {
        let owned = SlotState::Owned(self.id(to).to_owned());
        for member in [to, from] {
            self.tell(
                member,
                &[ClusterOrder::SetSlots(slots.clone(), owned.clone())],
            )
            .await;
        }
    }

    async fn migrate(
        &self,
        slots: &SlotSet,
        (from, to): (u8, u8),
        conflict: KeyConflict,
        keys: u64,
    ) -> Result<Moved, EngineError> {
        let limits = MigrationLimits {
            keys,
            ..MigrationLimits::default()
        };
        let (giver, taker) = (at(from), self.taker(to));
        self.engine
            .migrate_keys(&giver, slots, &taker, conflict, &limits, GRACE)
            .await
    }
}

fn moved(keys: u64, remaining: u64) -> Moved {
    let left = match remaining {
        0 => SlotSet::EMPTY,
        _ => slot("{bar}"),
    };
    Moved {
        keys,
        remaining,
        left,
        too_large: 0,
    }
}

/// Rounds after which every move as a whole has ended.
const ROUNDS_MAX: usize = 40;

fn slot(key: &str) -> SlotSet {
    std::iter::once(key_slot(key.as_bytes())).collect()
}

#[tokio::test]
async fn a_slot_moves_key_by_key_and_clients_are_sent_after_it() {
    let cluster = Cluster::new(2).await;
    let moving = slot("{bar}");
    for number in 0..5 {
        assert_eq!(cluster.set(&format!("{{bar}}{number}"), "v"), done(1));
    }
    cluster.open(&moving, 1, 2).await;
    let halted = cluster.migrate(&moving, (1, 2), KeyConflict::GiverWins, 3);
    assert_eq!(halted.await.unwrap(), moved(3, 2));
    // Both remember, also when they are started again; old keys and new ones are where they are looked for.
    for member in [1, 2] {
        cluster
            .runtime
            .restart_container(&name(member), GRACE)
            .await
            .unwrap();
    }
    let (giver, taker) = (cluster.view(1).await, cluster.view(2).await);
    assert_eq!(
        giver.open(&SlotState::Migrating(cluster.id(2).into())),
        moving
    );
    assert_eq!(
        taker.open(&SlotState::Importing(cluster.id(1).into())),
        moving
    );
    assert_eq!(cluster.set("{bar}new", "v"), done(1));
    assert!(cluster.world.memory_get("m2", "{bar}new").is_some());
    let sent = cluster.engine.cluster_get(&at(1), "{bar}new", false);
    assert_eq!(sent, Answer::Ask(at(2).host, 6379));
    let sent = cluster.engine.cluster_get(&at(2), "{bar}new", false);
    assert_eq!(sent, Answer::Moved(at(1).host, 6379));
    for number in 0..5 {
        assert_eq!(
            cluster.get(&format!("{{bar}}{number}")).as_deref(),
            Some("v")
        );
    }
    let owned = SlotState::Owned(cluster.id(2).to_owned());
    cluster
        .refused(1, ClusterOrder::SetSlots(moving.clone(), owned))
        .await;
    let rest = cluster.migrate(&moving, (1, 2), KeyConflict::GiverWins, 100);
    assert_eq!(rest.await.unwrap(), moved(2, 0));
    cluster.close(&moving, 1, 2).await;
    cluster.assert_whole().await;
    assert!(
        cluster
            .view(3)
            .await
            .node(cluster.id(2))
            .unwrap()
            .slots
            .contains(key_slot(b"bar"))
    );
    assert_eq!(
        cluster.world.memory_get("m4", "{bar}0").as_deref(),
        Some("v")
    );
    assert_eq!(cluster.world.memory_get("m3", "{bar}0"), None);
    assert_eq!(cluster.view(1).await.open_slots, []);
}

#[tokio::test]
async fn of_two_values_the_one_that_was_asked_for_stays() {
    for (conflict, expected) in [
        (KeyConflict::GiverWins, Some("giver")),
        (KeyConflict::TakerWins, Some("taker")),
        (KeyConflict::Refuse, None),
    ] {
        let cluster = Cluster::new(2).await;
        let moving = slot("bar");
        cluster.set("bar", "giver");
        cluster.open(&moving, 1, 2).await;
        let planted = cluster.engine.cluster_set(&at(2), "bar", "taker", true);
        assert_eq!(planted, done(1));
        let result = cluster.migrate(&moving, (1, 2), conflict, 10).await;
        match expected {
            Some(value) => {
                assert_eq!(result.unwrap(), moved(1, 0));
                assert_eq!(cluster.get("bar").as_deref(), Some(value));
            }
            None => assert!(
                matches!(result, Err(EngineError::Refused { .. })),
                "{result:?}"
            ),
        }
    }
}

#[tokio::test]
async fn keys_go_only_where_they_are_taken() {
    let cluster = Cluster::new(2).await;
    let moving = slot("bar");
    cluster.set("bar", "v");
    let closed = cluster
        .migrate(&moving, (1, 2), KeyConflict::GiverWins, 10)
        .await;
    assert!(
        matches!(closed, Err(EngineError::Refused { .. })),
        "{closed:?}"
    );
    cluster.open(&moving, 1, 2).await;
    cluster.world.pause("m2");
    let silent = cluster
        .migrate(&moving, (1, 2), KeyConflict::GiverWins, 10)
        .await;
    let Err(EngineError::Unreachable { endpoint, .. }) = silent else {
        panic!("{silent:?}")
    };
    assert_eq!(endpoint, at(2).to_string());
    cluster.world.unpause("m2");
    assert_eq!(cluster.get("bar").as_deref(), Some("v"));
}

#[tokio::test]
async fn who_claims_a_slot_before_it_has_the_keys_loses_them() {
    let cluster = Cluster::new(2).await;
    let moving = slot("bar");
    cluster.set("bar", "v");
    cluster.open(&moving, 1, 2).await;
    let owned = SlotState::Owned(cluster.id(2).to_owned());
    cluster
        .tell(2, &[ClusterOrder::SetSlots(moving, owned)])
        .await;
    assert_eq!(cluster.get("bar"), None);
    assert_eq!(cluster.world.memory_get("m1", "bar"), None);
    cluster.assert_whole().await;
}

#[tokio::test]
async fn slots_are_given_away_as_a_whole() {
    let cluster = Cluster::new(2).await;
    cluster.set("bar", "v");
    let all = cluster.slots(1).await;
    let away = || [(all.clone(), cluster.id(2).to_owned())];
    let start = async || {
        cluster
            .engine
            .slot_migration_start(&at(1), &away(), GRACE)
            .await
    };
    let latest = async |member: u8| {
        let moves = cluster.engine.slot_migrations(&at(member), GRACE).await;
        moves.unwrap().remove(0)
    };
    let ended = async |member: u8| {
        for _ in 0..ROUNDS_MAX {
            if latest(member).await.state != MigrationState::Running {
                break;
            }
            cluster.view(member).await;
        }
        latest(member).await
    };
    // While the taker hangs it goes on; given up, it is as if nothing had been.
    cluster.world.pause("m2");
    start().await.unwrap();
    let again = start().await;
    assert!(
        matches!(again, Err(EngineError::Refused { .. })),
        "{again:?}"
    );
    assert_eq!(latest(1).await.state, MigrationState::Running);
    cluster
        .engine
        .slot_migration_cancel(&at(1), GRACE)
        .await
        .unwrap();
    cluster.world.unpause("m2");
    assert_eq!(latest(1).await.state, MigrationState::Cancelled);
    assert_eq!(cluster.slots(1).await, all);

    // A giver that ends has forgotten it.
    cluster.world.pause("m2");
    start().await.unwrap();
    cluster
        .runtime
        .restart_container("m1", GRACE)
        .await
        .unwrap();
    cluster.world.unpause("m2");
    let moves = cluster.engine.slot_migrations(&at(1), GRACE).await.unwrap();
    assert_eq!(moves, []);

    start().await.unwrap();
    let done = ended(2).await;
    assert!(cluster.slots(1).await.is_empty());
    assert_eq!(
        (done.state, done.is_import),
        (MigrationState::Succeeded, true)
    );
    assert_eq!(
        (&done.slots, done.source_id.as_str()),
        (&all, cluster.id(1))
    );
    assert_eq!(cluster.get("bar").as_deref(), Some("v"));
    cluster.assert_whole().await;
    let gone = start().await;
    assert!(matches!(gone, Err(EngineError::Refused { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_taker_that_dies_leaves_the_slots_where_they_were() {
    let cluster = Cluster::new(2).await;
    cluster.set("bar", "v");
    let slots = cluster.slots(1).await;
    cluster.world.kill("m2");
    let away = [(slots.clone(), cluster.id(2).to_owned())];
    cluster
        .engine
        .slot_migration_start(&at(1), &away, GRACE)
        .await
        .unwrap();
    let moves = cluster.engine.slot_migrations(&at(1), GRACE).await.unwrap();
    assert_eq!(moves[0].state, MigrationState::Failed);
    assert_eq!(cluster.slots(1).await, slots);
    assert_eq!(cluster.get("bar").as_deref(), Some("v"));
}

/// Of slots that go as a whole the taker knows first; until the giver has heard of it, it takes no writes.
#[tokio::test]
async fn a_giver_hears_of_the_taker_whose_the_slots_are() {
    let cluster = Cluster::new(2).await;
    cluster.set("bar", "v");
    let bar = key_slot(b"bar");
    let away = [(slot("bar"), cluster.id(2).to_owned())];
    let before = cluster.view(2).await.own_epoch;
    let giver = at(1);
    let start = cluster.engine.slot_migration_start(&giver, &away, GRACE);
    start.await.unwrap();
    let owns = |member: u8| {
        let owned = cluster.world.slots_owned(&name(member), &name(member));
        owned.contains(bar)
    };
    for _ in 0..ROUNDS_MAX {
        if owns(2) {
            break;
        }
        assert!(owns(1));
        cluster.view(3).await;
    }
    assert!(owns(1) && owns(2));
    assert_eq!(cluster.world.memory_get("m1", "bar").as_deref(), Some("v"));
    // Whoever writes lets a moment pass, in which the giver hears of it.
    let held = cluster.engine.cluster_set(&at(1), "bar", "lost", false);
    assert_eq!(held, Answer::Done(Write::ReadOnly));
    assert!(owns(2) && !owns(1));
    assert!(cluster.view(2).await.own_epoch > before);
    for giver in ["m1", "m3"] {
        assert_eq!(cluster.world.memory_get(giver, "bar"), None);
    }
    assert_eq!(cluster.get("bar").as_deref(), Some("v"));
    assert_eq!(cluster.set("bar", "newer"), done(1));
    cluster.assert_whole().await;
}

/// A former owner that no later one reaches is told by others whose its slots are.
#[tokio::test]
async fn a_stale_claim_is_corrected_by_whoever_knows_better() {
    let cluster = Cluster::new(3).await;
    let moving = slot("bar");
    cluster.world.stall_gossip("m1", true);
    let owned = SlotState::Owned(cluster.id(2).to_owned());
    let importing = SlotState::Importing(cluster.id(1).to_owned());
    cluster
        .tell(2, &[ClusterOrder::SetSlots(moving.clone(), importing)])
        .await;
    cluster
        .tell(2, &[ClusterOrder::SetSlots(moving.clone(), owned)])
        .await;
    assert!(
        cluster
            .world
            .slots_owned("m3", "m2")
            .contains(key_slot(b"bar"))
    );
    cluster.world.pause("m2");
    cluster.world.stall_gossip("m1", false);
    assert!(
        cluster
            .world
            .slots_owned("m1", "m2")
            .contains(key_slot(b"bar"))
    );
    cluster.world.unpause("m2");
    cluster.assert_whole().await;
}
