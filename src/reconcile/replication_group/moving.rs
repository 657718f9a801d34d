//! Moves slots of a cluster from node to node.

use std::time::Duration;

use futures_util::future::join_all;

use super::sharded::stop;
use super::stages::COMMAND_DEADLINE;
use super::{ReplicationGroups, Stop};
use crate::engine::cluster::{
    ClusterOrder, HandOver, KeyConflict, MigrationLimits, MigrationState, SlotMigration, SlotState,
};
use crate::engine::{NodeEndpoint, PrimaryAddress};
use crate::planner::sharded_group::SlotMove;
use crate::resources::cache_cluster::CacheCluster;
use crate::resources::engine::{Engine, EngineVersion, supports_atomic_migration};
use crate::resources::event::Event;
use crate::resources::node_group::NodeGroupId;
use crate::resources::replication_group::ReplicationGroup;
use crate::resources::slots::SlotSet;

/// How long keys are moved before the group is looked at again: a failover waits for no resharding.
const MOVE_SLICE: Duration = Duration::from_secs(1);

/// How long handing over may take where a node is silent: it may be dead, and its failover waits.
const HAND_OVER_DEADLINE: Duration = Duration::from_secs(4);

/// How long a move may take when a single key takes longer than that.
const MOVE_DEADLINE: Duration = Duration::from_secs(30);

/// How long a node may take to hear of slots: since Valkey 8 it waits up to two seconds for its replicas to hear of them too.
const SLOTS_DEADLINE: Duration = Duration::from_secs(5);

/// How many moves of a node's slots fail in a row before that is told.
const FAILURES_TOLD: usize = 5;

/// Why slots stay where they are (behaviour.md section 13).
const TOO_LARGE: &str =
    "hold keys of more than 256 MB, which do not move. They stay where they are.";

/// What a turn with a move came to.
enum Turn {
    /// It goes on.
    Went,
    /// Keys that are too large are all that is left of these slots, which are open.
    Stuck(SlotSet),
    /// Keys of these slots are too large, so they were not opened.
    Kept(SlotSet),
}

/// What a turn with each of several moves came to.
enum Round {
    /// Some go on.
    Went,
    /// None can go on, for the keys of these slots.
    Stuck(SlotSet),
    /// Slots of these node groups do not move.
    Kept(Vec<(NodeGroupId, SlotSet)>),
}

impl ReplicationGroups {
    /// Takes a turn with the first moves, and with the second where none of those can go on.
    pub(super) async fn make_moves(
        &self,
        group: &ReplicationGroup,
        first: &[SlotMove],
        then: &[SlotMove],
    ) -> Result<(), Stop> {
        let reason = |slots: SlotSet| format!("Slots {slots} {TOO_LARGE}");
        let stuck = match self.move_all(group, first).await? {
            Round::Went => return Ok(()),
            Round::Kept(kept) => return self.keep_slots(group, &kept).await,
            Round::Stuck(slots) => slots,
        };
        if then.is_empty() {
            return Err(Stop::Obstacle(reason(stuck)));
        }
        self.tell(group, &reason(stuck))
            .await
            .map_err(Stop::Error)?;
        match self.move_all(group, then).await? {
            Round::Went => Ok(()),
            Round::Kept(kept) => self.keep_slots(group, &kept).await,
            Round::Stuck(slots) => Err(Stop::Obstacle(reason(slots))),
        }
    }

    /// Takes a turn with each at once.
    async fn move_all(&self, group: &ReplicationGroup, moves: &[SlotMove]) -> Result<Round, Stop> {
        let turns = moves.iter().map(|one| self.move_slots(group, one));
        let turns: Vec<Turn> = join_all(turns)
            .await
            .into_iter()
            .collect::<Result<_, _>>()?;
        let mut kept = Vec::new();
        let mut stuck = Some(SlotSet::EMPTY);
        for (one, turn) in moves.iter().zip(turns) {
            match turn {
                Turn::Stuck(slots) => stuck = stuck.map(|all| all.union(&slots)),
                Turn::Went => stuck = None,
                Turn::Kept(slots) => {
                    let membership = group.members[one.from.0].membership.as_ref();
                    let node_group = membership.and_then(|membership| membership.node_group);
                    kept.push((node_group.ok_or(Stop::Stale)?, slots));
                }
            }
        }
        Ok(match stuck.filter(|stuck| !stuck.is_empty()) {
            _ if !kept.is_empty() => Round::Kept(kept),
            Some(stuck) => Round::Stuck(stuck),
            None => Round::Went,
        })
    }

    /// Wishes for what can be: these slots stay where they are, and so does a node group that was to go.
    async fn keep_slots(
        &self,
        group: &ReplicationGroup,
        kept: &[(NodeGroupId, SlotSet)],
    ) -> Result<(), Stop> {
        let mut after = group.clone();
        after.keep_slots(kept, self.world.clock.now());
        let told = |(_, slots): &(NodeGroupId, SlotSet)| {
            self.event(group, format!("Slots {slots} {TOO_LARGE}"))
        };
        let events: Vec<Event> = kept.iter().map(told).collect();
        let stays = |(before, after): &(&CacheCluster, &CacheCluster)| {
            before.deletion_requested_at.is_some() && after.deletion_requested_at.is_none()
        };
        let pairs = group.members.iter().zip(&after.members);
        let staying: Vec<i64> = pairs.filter(stays).map(|(_, after)| after.key).collect();
        let store = &self.world.datastore;
        store.node_group_keep(&after, &staying, &events).await?;
        Ok(())
    }

    /// Hands small slots over whole. Opens the others on both sides, moves keys for a while, and hands over those of which none is left.
    async fn move_slots(&self, group: &ReplicationGroup, plan: &SlotMove) -> Result<Turn, Stop> {
        let (from, to) = (&group.members[plan.from.0], &group.members[plan.to.0]);
        let (giver, taker) = (self.endpoint(from)?, self.endpoint(to)?);
        let node = to.nodes.first().ok_or(Stop::Stale)?;
        let address = PrimaryAddress {
            encrypted: taker.encryption.is_some(),
            host: node.address.ok_or(Stop::Stale)?.to_string(),
            port: node.engine_port(&to.spec),
            administrator: taker.administrator.clone(),
        };
        let limits = MigrationLimits {
            time: MOVE_SLICE,
            ..MigrationLimits::default()
        };
        let engine = &self.world.engine;
        let mut slots = plan.slots.clone();
        let version = from.spec.engine_version;
        if plan.is_first && has_functions(version) {
            let copied = engine.copy_functions(&giver, &taker, COMMAND_DEADLINE);
            copied.await.map_err(stop)?;
        }
        if supports_atomic_migration(version.engine, version.number) {
            self.migrate_atomically(group, &giver, plan).await?;
            return Ok(Turn::Went);
        }
        if plan.is_same_run && hands_over(version) {
            let plan = HandOver {
                giver_id: &plan.from.1,
                taker_id: &plan.to.1,
                taker: &address,
            };
            let handed = engine
                .hand_over_slots(&giver, &taker, &slots, &plan, &limits, HAND_OVER_DEADLINE)
                .await
                .map_err(stop)?;
            slots = slots.difference(&handed.slots);
            let large = slots.difference(&handed.untried).len();
            // Of a few that are large there may be more to hand over beside them next time. Where most are, they are opened now: they come
            // first each time, and would leave room for few others.
            let has_more = !handed.untried.is_empty() || large <= handed.slots.len();
            if !handed.slots.is_empty() && has_more {
                return Ok(Turn::Went);
            }
        }
        if !plan.is_open {
            let measured = engine
                .measure_slots(&giver, &slots, limits.key_bytes, SLOTS_DEADLINE)
                .await
                .map_err(stop)?;
            if !measured.too_large.is_empty() {
                return Ok(Turn::Kept(measured.too_large));
            }
            slots = measured.movable;
        }
        let order = async |endpoint, slots: &SlotSet, state| {
            let order = [ClusterOrder::SetSlots(slots.clone(), state)];
            let told = engine.cluster_order(endpoint, &order, SLOTS_DEADLINE);
            told.await.map_err(stop)
        };
        let importing = SlotState::Importing(plan.from.1.clone());
        order(&taker, &slots, importing).await?;
        let migrating = SlotState::Migrating(plan.to.1.clone());
        order(&giver, &slots, migrating).await?;
        let conflict = match plan.is_same_run {
            true => KeyConflict::GiverWins,
            false => KeyConflict::TakerWins,
        };
        let moved = engine
            .migrate_keys(&giver, &slots, &address, conflict, &limits, MOVE_DEADLINE)
            .await
            .map_err(stop)?;
        let empty = slots.difference(&moved.left);
        if !empty.is_empty() {
            // Whoever takes over first claims the slots with a new epoch; should the giver not hear of it from us, it will from that one.
            let owned = || SlotState::Owned(plan.to.1.clone());
            order(&taker, &empty, owned()).await?;
            order(&giver, &empty, owned()).await?;
        }
        let is_stuck = empty.is_empty() && moved.keys == 0 && moved.too_large == moved.remaining;
        Ok(match is_stuck {
            true => Turn::Stuck(moved.left),
            false => Turn::Went,
        })
    }

    /// Lets the giver do it by itself, one move after the other; whether one was done is seen of the slots.
    async fn migrate_atomically(
        &self,
        group: &ReplicationGroup,
        giver: &NodeEndpoint,
        plan: &SlotMove,
    ) -> Result<(), Stop> {
        let engine = &self.world.engine;
        let begun = engine
            .slot_migrations(giver, COMMAND_DEADLINE)
            .await
            .map_err(stop)?;
        let mut given = begun.iter().filter(|one| !one.is_import);
        if given.any(|one| one.state == MigrationState::Running) {
            return Ok(());
        }
        let moves = [(plan.slots.clone(), plan.to.1.clone())];
        engine
            .slot_migration_start(giver, &moves, COMMAND_DEADLINE)
            .await
            .map_err(stop)?;
        if let Some(message) = lasting_failure(&begun) {
            let reason = format!("Slots do not move: {message}");
            self.tell_news(group, &reason).await.map_err(Stop::Error)?;
        }
        Ok(())
    }
}

/// What the engine says of it where a node's latest moves all failed, of which the newest is first.
fn lasting_failure(begun: &[SlotMigration]) -> Option<&str> {
    let given = begun.iter().filter(|one| !one.is_import);
    let latest: Vec<&SlotMigration> = given.take(FAILURES_TOLD).collect();
    let have_failed = latest.iter().all(|one| one.state == MigrationState::Failed);
    let is_told = have_failed && latest.len() == FAILURES_TOLD;
    is_told.then(|| latest[0].message.as_str())
}

/// Whether a version may be told of a slot within a transaction: from Valkey 8.0 on that word goes to the replicas first, for which a
/// transaction cannot wait.
fn hands_over(version: &EngineVersion) -> bool {
    version.engine == Engine::Redis || !version.at_least(8, 0, 0)
}

fn has_functions(version: &EngineVersion) -> bool {
    version.engine == Engine::Valkey || version.at_least(7, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_that_fail_again_and_again_are_told() {
        let one = |state, is_import| SlotMigration {
            name: "move".into(),
            is_import,
            slots: SlotSet::EMPTY,
            source_id: "giver".into(),
            target_id: "taker".into(),
            state,
            message: "OOM".into(),
        };
        let failed = || one(MigrationState::Failed, false);
        let mut begun: Vec<SlotMigration> = (0..FAILURES_TOLD).map(|_| failed()).collect();
        assert_eq!(lasting_failure(&begun), Some("OOM"));
        begun.insert(1, one(MigrationState::Succeeded, true));
        assert_eq!(lasting_failure(&begun), Some("OOM"));
        begun[2] = one(MigrationState::Succeeded, false);
        assert_eq!(lasting_failure(&begun), None);
        assert_eq!(lasting_failure(&begun[..2]), None);
    }
}
