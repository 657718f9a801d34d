//! Clusters of simulated nodes: the world's words in the engine's.

use std::time::Duration;

use super::super::cluster::{
    ClusterNode, ClusterOrder, ClusterView, FailoverKind, HandOver, KeyConflict, MigrationLimits,
    MigrationState, Moved, NodeHealth, OpenSlot, ResetKind, SlotMigration, SlotState,
};
use super::super::{EngineError, NodeEndpoint, PrimaryAddress, Protocol, Role};
use super::{Reach, SimulatedEngine, Write, replication_report, report};
use crate::resources::slots::{Coverage, SlotSet};
use crate::runtime::simulated::{
    ClusterCommand, ClusterStanding, Conflict, Health, Migrated, MigrationStage, NodeStanding,
    Operation, Route, SlotJob, SlotMark, Takeover, Taker,
};

/// What a member of a cluster answers a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// What was asked for.
    Done(T),
    /// The key's slot belongs to the node at this address.
    Moved(String, u16),
    /// The node at this address has the key, or shall have it; for this once.
    Ask(String, u16),
    /// The cluster does not serve the slot.
    ClusterDown,
    /// Nothing answered. It had no effect.
    Unanswered,
}

impl SimulatedEngine {
    /// Writes a key as a client of the cluster would, `asking` where it was sent by [`Answer::Ask`]. A replica sends it to its
    /// primary.
    pub fn cluster_set(
        &self,
        node: &NodeEndpoint,
        key: &str,
        value: &str,
        asking: bool,
    ) -> Answer<Write> {
        self.routed(node, key, asking, || self.set(node, key, value))
    }

    /// Reads a key as a client of the cluster would; none when it is absent.
    pub fn cluster_get(
        &self,
        node: &NodeEndpoint,
        key: &str,
        asking: bool,
    ) -> Answer<Option<String>> {
        self.routed(node, key, asking, || self.get(node, key))
    }

    fn routed<T>(
        &self,
        node: &NodeEndpoint,
        key: &str,
        asking: bool,
        here: impl FnOnce() -> T,
    ) -> Answer<T> {
        let Reach::Process { container, .. } = self.world.reach(&node.host, node.port) else {
            return Answer::Unanswered;
        };
        match self.world.route(&container, key, asking) {
            Some(Route::Here) => Answer::Done(here()),
            Some(Route::Moved(host, port)) => Answer::Moved(host, port),
            Some(Route::Ask(host, port)) => Answer::Ask(host, port),
            Some(Route::Down) | None => Answer::ClusterDown,
        }
    }

    pub(super) async fn look_at_cluster(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<ClusterView, EngineError> {
        let operation = Operation::NodeClusterView;
        self.ask(operation, node, deadline, |world, reach| {
            let Reach::Process {
                container,
                image,
                command,
            } = reach
            else {
                return Err(node.timeout(deadline, None));
            };
            let Some(cluster) = world.cluster_standing(container) else {
                return Err(disabled(node));
            };
            let standing = world.standing(container).map(replication_report);
            let report = report(Protocol::Redis, image, command, standing);
            Ok(view(cluster, report))
        })
        .await
    }

    pub(super) async fn tell_cluster(
        &self,
        node: &NodeEndpoint,
        orders: &[ClusterOrder],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.replicates()?;
        // A call for each order, so that a caller can be stopped, or a node end, between any two.
        for order in orders {
            let operation = Operation::NodeClusterOrder;
            self.ask(operation, node, deadline, |world, reach| match reach {
                Reach::Nothing => Ok(()),
                Reach::Frozen { container } | Reach::Process { container, .. } => world
                    .cluster_command(container, command(order))
                    .map_err(|refusal| node.refused(refusal)),
            })
            .await?;
        }
        Ok(())
    }

    /// Which slots have a key that is called large.
    pub(super) async fn large_slots(
        &self,
        node: &NodeEndpoint,
        slots: &SlotSet,
        deadline: Duration,
    ) -> Result<SlotSet, EngineError> {
        let operation = Operation::NodeClusterView;
        self.ask(operation, node, deadline, |world, reach| match reach {
            Reach::Process { container, .. } => Ok(world.large_slots(container, slots)),
            Reach::Nothing | Reach::Frozen { .. } => Err(node.timeout(deadline, None)),
        })
        .await
    }

    pub(super) async fn move_keys(
        &self,
        giver: &NodeEndpoint,
        slots: &SlotSet,
        taker: &PrimaryAddress,
        conflict: KeyConflict,
        limits: &MigrationLimits,
        deadline: Duration,
    ) -> Result<Moved, EngineError> {
        let conflict = match conflict {
            KeyConflict::GiverWins => Conflict::GiverWins,
            KeyConflict::TakerWins => Conflict::TakerWins,
            KeyConflict::Refuse => Conflict::Refuse,
        };
        let credentials = taker.administrator.as_ref();
        let found = Taker {
            host: taker.host.clone(),
            port: taker.port,
            credentials: credentials.map(|found| (found.user.clone(), found.password.clone())),
        };
        let operation = Operation::NodeMigrateKeys;
        self.ask(operation, giver, deadline, |world, reach| {
            let Reach::Process { container, .. } = reach else {
                return Err(giver.timeout(deadline, None));
            };
            match world.migrate_keys(container, slots, &found, conflict, limits.keys) {
                Migrated::Done {
                    keys,
                    remaining,
                    left,
                } => Ok(Moved {
                    keys,
                    remaining,
                    left,
                    too_large: 0,
                }),
                Migrated::Refused(refusal) => Err(giver.refused(refusal)),
                Migrated::Silent => Err(EngineError::Unreachable {
                    endpoint: format!("{}:{}", taker.host, taker.port),
                    source: None,
                }),
            }
        })
        .await
    }

    /// The taker expects slots, the giver moves their keys and gives them up in one moment, and the taker claims them: three calls, so that
    /// a caller can be stopped, or a node end, between any two. Whether the giver has done it.
    pub(super) async fn hand_over(
        &self,
        giver: &NodeEndpoint,
        taker: &NodeEndpoint,
        slots: &SlotSet,
        plan: &HandOver<'_>,
        deadline: Duration,
    ) -> Result<bool, EngineError> {
        let set = |state| [ClusterOrder::SetSlots(slots.clone(), state)];
        let expect = set(SlotState::Importing(plan.giver_id.to_owned()));
        self.tell_cluster(taker, &expect, deadline).await?;
        let credentials = plan.taker.administrator.as_ref();
        let found = Taker {
            host: plan.taker.host.clone(),
            port: plan.taker.port,
            credentials: credentials.map(|found| (found.user.clone(), found.password.clone())),
        };
        let operation = Operation::NodeMigrateKeys;
        let given = self.ask(operation, giver, deadline, |world, reach| {
            let Reach::Process { container, .. } = reach else {
                return Err(giver.timeout(deadline, None));
            };
            let mark = |mark| {
                world.cluster_command(container, ClusterCommand::SetSlots(slots.clone(), mark))
            };
            let taker_id = || plan.taker_id.to_owned();
            // As in a transaction of the engine: what is refused stops nothing that follows.
            let opened = mark(SlotMark::Migrating(taker_id())).is_ok();
            // Where keys stay, what follows is refused.
            let _ = world.migrate_keys(container, slots, &found, Conflict::GiverWins, u64::MAX);
            let closed = mark(SlotMark::Owned(taker_id())).is_ok();
            Ok(opened && closed)
        });
        if !given.await? {
            return Ok(false);
        }
        let claim = set(SlotState::Owned(plan.taker_id.to_owned()));
        self.tell_cluster(taker, &claim, deadline).await?;
        Ok(true)
    }

    pub(super) async fn start_migration(
        &self,
        giver: &NodeEndpoint,
        moves: &[(SlotSet, String)],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        let operation = Operation::NodeSlotMigrationStart;
        self.ask(operation, giver, deadline, |world, reach| match reach {
            Reach::Process { image, .. } if !moves_slots(image) => {
                Err(giver.refused("ERR unknown subcommand 'MIGRATESLOTS'"))
            }
            Reach::Process { container, .. } => world
                .slot_job_start(container, moves)
                .map_err(|refusal| giver.refused(refusal)),
            Reach::Frozen { .. } | Reach::Nothing => Ok(()),
        })
        .await
    }

    pub(super) async fn list_migrations(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<Vec<SlotMigration>, EngineError> {
        let operation = Operation::NodeSlotMigrationList;
        self.ask(operation, node, deadline, |world, reach| {
            let Reach::Process { container, .. } = reach else {
                return Ok(Vec::new());
            };
            let Some(cluster) = world.cluster_standing(container) else {
                return Err(disabled(node));
            };
            let jobs = world.slot_jobs(container).into_iter();
            Ok(jobs.map(|job| migration(job, &cluster.myself.id)).collect())
        })
        .await
    }

    pub(super) async fn cancel_migration(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        let operation = Operation::NodeSlotMigrationCancel;
        self.ask(operation, node, deadline, |world, reach| {
            if let Reach::Process { container, .. } = reach {
                world.slot_job_cancel(container);
            }
            Ok(())
        })
        .await
    }
}

/// Whether an image's engine moves slots as a whole: Valkey from 9 on.
fn moves_slots(image: &str) -> bool {
    let major = |tag: &str| tag.split('.').next()?.parse::<u32>().ok();
    image
        .rsplit_once(':')
        .is_some_and(|(name, tag)| name.contains("valkey") && major(tag) >= Some(9))
}

fn disabled(node: &NodeEndpoint) -> EngineError {
    node.refused("This instance has cluster support disabled")
}

fn command(order: &ClusterOrder) -> ClusterCommand {
    match order {
        ClusterOrder::SetConfigEpoch(epoch) => ClusterCommand::SetConfigEpoch(*epoch),
        ClusterOrder::BumpEpoch => ClusterCommand::BumpEpoch,
        // Nothing listens on a simulated bus.
        ClusterOrder::Meet { host, port, .. } => ClusterCommand::Meet(host.clone(), *port),
        ClusterOrder::AddSlots(slots) => ClusterCommand::AddSlots(slots.clone()),
        ClusterOrder::DelSlots(slots) => ClusterCommand::DelSlots(slots.clone()),
        ClusterOrder::SetSlots(slots, state) => {
            let mark = match state.clone() {
                SlotState::Importing(id) => SlotMark::Importing(id),
                SlotState::Migrating(id) => SlotMark::Migrating(id),
                SlotState::Owned(id) => SlotMark::Owned(id),
                SlotState::Stable => SlotMark::Stable,
            };
            ClusterCommand::SetSlots(slots.clone(), mark)
        }
        ClusterOrder::DropKeys(slots) => ClusterCommand::DropKeys(slots.clone()),
        ClusterOrder::Replicate(id) => ClusterCommand::Replicate(id.clone()),
        ClusterOrder::Forget(id) => ClusterCommand::Forget(id.clone()),
        ClusterOrder::Reset(kind) => ClusterCommand::Reset {
            hard: *kind == ResetKind::Hard,
        },
        ClusterOrder::Failover(kind) => ClusterCommand::Failover(match kind {
            FailoverKind::Coordinated => Takeover::Coordinated,
            FailoverKind::Force => Takeover::Force,
            FailoverKind::Takeover => Takeover::Unasked,
        }),
    }
}

fn view(cluster: ClusterStanding, report: super::NodeReport) -> ClusterView {
    let nodes = || std::iter::once(&cluster.myself).chain(&cluster.others);
    let owned = |is_counted: fn(Health) -> bool| -> u16 {
        let counted = nodes().filter(|node| is_counted(node.health));
        counted.map(|node| node.slots.len()).sum()
    };
    let all = nodes().map(|node| &node.slots);
    let unowned = Coverage::of(all).unowned.len();
    let open = |slots: &std::collections::BTreeMap<u16, String>, state: fn(String) -> SlotState| {
        let one = |(slot, id): (&u16, &String)| OpenSlot {
            slot: *slot,
            state: state(id.clone()),
        };
        slots.iter().map(one).collect::<Vec<_>>()
    };
    let mut open_slots = open(&cluster.migrating, SlotState::Migrating);
    open_slots.extend(open(&cluster.importing, SlotState::Importing));
    ClusterView {
        report,
        is_ok: cluster.is_ok,
        slots_assigned: crate::resources::slots::SLOT_COUNT - unowned,
        slots_ok: owned(|health| health == Health::Well),
        slots_suspected: owned(|health| health == Health::Suspected),
        slots_failed: owned(|health| health == Health::Failed),
        known_nodes: u32::try_from(nodes().count()).unwrap_or(u32::MAX),
        current_epoch: cluster.current_epoch,
        own_epoch: cluster.myself.epoch,
        open_slots,
        myself: node(cluster.myself),
        others: cluster.others.into_iter().map(node).collect(),
    }
}

fn node(standing: NodeStanding) -> ClusterNode {
    let health = match standing.health {
        Health::Well => NodeHealth::Well,
        Health::Suspected => NodeHealth::Suspected,
        Health::Failed => NodeHealth::Failed,
    };
    ClusterNode {
        node_id: standing.id,
        host: standing.host,
        port: standing.port,
        bus_port: standing.port.wrapping_add(10_000),
        hostname: None,
        role: match (standing.is_in_handshake, &standing.primary_id) {
            (true, _) => Role::Unknown,
            (false, Some(_)) => Role::Replica,
            (false, None) => Role::Primary,
        },
        primary_id: standing.primary_id,
        health,
        is_in_handshake: standing.is_in_handshake,
        config_epoch: standing.epoch,
        is_connected: health == NodeHealth::Well && !standing.is_in_handshake,
        slots: standing.slots,
    }
}

fn migration(job: SlotJob, asked: &str) -> SlotMigration {
    let (state, word) = match job.stage {
        MigrationStage::Sending(_) | MigrationStage::Sent | MigrationStage::Claimed => {
            (MigrationState::Running, "running")
        }
        MigrationStage::Succeeded => (MigrationState::Succeeded, "success"),
        MigrationStage::Failed => (MigrationState::Failed, "failed"),
        MigrationStage::Cancelled => (MigrationState::Cancelled, "cancelled"),
    };
    SlotMigration {
        name: job.name,
        is_import: job.target_id == asked,
        slots: job.slots,
        source_id: job.source_id,
        target_id: job.target_id,
        state,
        message: word.to_owned(),
    }
}
