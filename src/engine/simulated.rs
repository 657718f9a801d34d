//! Nodes of the simulated world: a process answers if its container runs, at the container's address and port.
//!
//! This is the one file that knows both rooms' simulations, because a simulated node is nothing but a simulated
//! container; the real engine knows only addresses.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

mod cluster;
mod observe;

pub use cluster::Answer;

use super::cluster::{
    ClusterOrder, ClusterView, HandOver, HandedOver, KeyConflict, MeasuredSlots, MigrationLimits,
    Moved, SlotMigration,
};
use super::{
    AttachedReplica, DataSet, Engine, EngineError, HistoryHeld, NodeEndpoint, NodeReport, NodeUser,
    PrimaryAddress, Protocol, ReplicationReport, Role, Unsettable,
};
use crate::resources::slots::SlotSet;
use crate::runtime::simulated::{
    Following, Operation, Order, Reach, SimulatedWorld, Standing, certificate_file, option,
};

/// Slots whose keys are measured at once.
const MEASURED_AT_ONCE: usize = 200;

/// Slots that are handed over at once.
const HANDED_AT_ONCE: usize = 50;

/// Bytes of a data set that come at once.
const PIECE_BYTES: usize = 64;

/// Talks to the processes of a [`SimulatedWorld`].
///
/// A Redis node whose container has a volume keeps its keys when it ends gracefully; a Memcached node has none and
/// loses them.
#[derive(Debug, Clone)]
pub struct SimulatedEngine {
    world: Arc<SimulatedWorld>,
}

impl SimulatedEngine {
    /// Talks to the processes of `world`.
    pub fn new(world: Arc<SimulatedWorld>) -> Self {
        SimulatedEngine { world }
    }

    /// Writes a key as a client would.
    pub fn set(&self, node: &NodeEndpoint, key: &str, value: &str) -> Write {
        match self.world.reach(&node.host, node.port) {
            Reach::Process { container, .. } => match self.world.write(&container, key, value) {
                Some(replicas) => Write::Done { replicas },
                None => Write::ReadOnly,
            },
            Reach::Frozen { .. } | Reach::Nothing => Write::Unanswered,
        }
    }

    /// Reads a key as a client would; none when it is absent or nothing answers.
    pub fn get(&self, node: &NodeEndpoint, key: &str) -> Option<String> {
        match self.world.reach(&node.host, node.port) {
            Reach::Process { container, .. } => self.world.memory_get(&container, key),
            Reach::Frozen { .. } | Reach::Nothing => None,
        }
    }

    /// One call to a node: what it comes to, if the node answers. Whatever error the hook refuses that with, the node was not
    /// reached, or at least not heard of again; one that is frozen may hear `what` all the same.
    async fn ask<T>(
        &self,
        operation: Operation,
        node: &NodeEndpoint,
        deadline: Duration,
        what: impl FnOnce(&SimulatedWorld, &Reach) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let call = |world: &SimulatedWorld| {
            let reach = world.reach(&node.host, node.port);
            Ok(match reach {
                Reach::Nothing => Err(unreachable(node)),
                Reach::Process { ref command, .. } if !is_understood(node, command) => {
                    Err(unreachable(node))
                }
                Reach::Frozen { .. } => what(world, &reach).and(Err(node.timeout(deadline, None))),
                Reach::Process { .. } => what(world, &reach),
            })
        };
        let answer = self.world.call(operation, &node.to_string(), call).await;
        answer.unwrap_or_else(|_| Err(unreachable(node)))
    }

    /// What a node holds that answers.
    fn history_held(&self, node: &NodeEndpoint) -> Option<HistoryHeld> {
        let Reach::Process { container, .. } = self.world.reach(&node.host, node.port) else {
            return None;
        };
        self.world.standing(&container).map(|found| HistoryHeld {
            history: found.history,
            offset: found.offset,
        })
    }

    /// Tells a node what to be, if it holds `least`. Whatever error the hook refuses that with, the node was not reached, or at least
    /// not heard of again.
    async fn tell(
        &self,
        operation: Operation,
        node: &NodeEndpoint,
        order: Order,
        least: Option<&HistoryHeld>,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.replicates()?;
        let chooses_primary = matches!(order, Order::Promote | Order::Follow(_));
        let tell = |world: &SimulatedWorld, reach: &Reach| {
            match reach {
                Reach::Process { container, .. }
                    if chooses_primary && world.is_member(container) =>
                {
                    return Err(node.refused("REPLICAOF not allowed in cluster mode."));
                }
                Reach::Process { container, .. } => {
                    let report = world.standing(container).map(replication_report);
                    let holds =
                        |held| report.is_some_and(|found| HistoryHeld::is_within(held, &found));
                    if !least.is_none_or(holds) {
                        return Err(EngineError::Behind {
                            endpoint: node.to_string(),
                        });
                    }
                    world.order(container, order);
                }
                // One that freezes just after it was asked what it holds hears it when it thaws.
                Reach::Frozen { container } => world.order(container, order),
                Reach::Nothing => {}
            }
            Ok(())
        };
        self.ask(operation, node, deadline, tell).await
    }
}

/// Whether a process is spoken to as it speaks: encrypted, or not.
fn is_understood(node: &NodeEndpoint, command: &[String]) -> bool {
    // Memcached says it by a word alone, and takes one or the other.
    let is_memcached_tls = command.iter().any(|word| word == "-Z");
    match node.encryption {
        Some(_) => is_memcached_tls || option(command, &["--tls-port"]).is_some(),
        None => !is_memcached_tls && option(command, &["--port", "-p"]) != Some("0"),
    }
}

/// The certificate in a process's container.
fn shown_certificate(world: &SimulatedWorld, reach: &Reach) -> Option<String> {
    let Reach::Process {
        container, command, ..
    } = reach
    else {
        return None;
    };
    let path = certificate_file(command)?;
    let files = world.container_spec(container)?.files;
    let file = files.into_iter().find(|file| file.path == path)?;
    String::from_utf8(file.content.to_vec()).ok()
}

/// When the certificate in this text ends, in seconds since the Unix epoch.
fn end_of(pem: &str) -> Option<i64> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, read) = x509_parser::parse_x509_certificate(&certificate).ok()?;
    Some(read.validity().not_after.timestamp())
}

/// What became of a client's write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Nothing answered. It had no effect.
    Unanswered,
    /// The node is a replica, and refused.
    ReadOnly,
    /// The node has it.
    Done {
        /// The number of replicas that have it too: what `WAIT` would answer.
        replicas: usize,
    },
}

impl Write {
    /// Whether the node has it.
    pub fn is_done(self) -> bool {
        matches!(self, Write::Done { .. })
    }
}

#[async_trait]
impl Engine for SimulatedEngine {
    async fn probe(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        // Whatever error the hook refuses a probe with, the node was not reached.
        let look = |world: &SimulatedWorld| Ok(world.reach(&node.host, node.port));
        let reach = self
            .world
            .call(Operation::NodeProbe, &node.to_string(), look)
            .await
            .map_err(|_| unreachable(node))?;
        match reach {
            Reach::Nothing => Err(unreachable(node)),
            Reach::Frozen { .. } => Err(node.timeout(deadline, None)),
            Reach::Process {
                container,
                image,
                command,
            } => {
                if !is_understood(node, &command) {
                    return Err(unreachable(node));
                }
                let standing = match node.protocol {
                    Protocol::Redis => self.world.standing(&container).map(replication_report),
                    Protocol::Memcached => None,
                };
                Ok(report(node.protocol, &image, &command, standing))
            }
        }
    }

    /// A frozen node is a timeout, and does what it was told when it thaws, as a real one does that freezes just after it was asked what
    /// it holds.
    async fn promote(
        &self,
        node: &NodeEndpoint,
        held: &HistoryHeld,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        self.tell(
            Operation::NodePromote,
            node,
            Order::Promote,
            Some(held),
            deadline,
        )
        .await
    }

    /// A hold lasts for some of the clients' next attempts.
    async fn hold_writes(
        &self,
        node: &NodeEndpoint,
        _: Duration,
        deadline: Duration,
    ) -> Result<Option<HistoryHeld>, EngineError> {
        self.tell(Operation::NodeHold, node, Order::HoldWrites, None, deadline)
            .await?;
        Ok(self.history_held(node))
    }

    async fn demote(
        &self,
        node: &NodeEndpoint,
        primary: &PrimaryAddress,
        deadline: Duration,
    ) -> Result<Option<HistoryHeld>, EngineError> {
        self.follow(node, primary, deadline).await?;
        Ok(self.history_held(node))
    }

    /// A frozen node is a timeout, and does what it was told when it thaws, as a real one does.
    async fn follow(
        &self,
        node: &NodeEndpoint,
        primary: &PrimaryAddress,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        let credentials = primary
            .administrator
            .as_ref()
            .map(|found| (found.user.clone(), found.password.clone()));
        let order = Order::Follow(Following {
            host: primary.host.clone(),
            port: primary.port,
            credentials,
        });
        self.tell(Operation::NodeFollow, node, order, None, deadline)
            .await
    }

    /// A frozen node is a timeout; a replica that has lost touch refuses.
    async fn data_set(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<DataSet, EngineError> {
        node.replicates()?;
        let read = |world: &SimulatedWorld, reach: &Reach| {
            let Reach::Process { container, .. } = reach else {
                return Ok(Vec::new());
            };
            let lost_touch = |found: Standing| found.primary.is_some() && !found.link_up;
            if world.standing(container).is_some_and(lost_touch) {
                return Err(
                    node.refused("NOMASTERLINK Can't SYNC while not connected with my master")
                );
            }
            world.data_set(container).ok_or_else(|| unreachable(node))
        };
        let file = self
            .ask(Operation::NodeDataSet, node, deadline, read)
            .await?;
        let pieces: Vec<_> = file
            .chunks(PIECE_BYTES)
            .map(Bytes::copy_from_slice)
            .collect();
        Ok(stream::iter(pieces.into_iter().map(Ok)).boxed())
    }

    async fn cluster_view(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<ClusterView, EngineError> {
        self.look_at_cluster(node, deadline).await
    }

    /// A frozen node is a timeout, and does what it was told when it thaws, as a real one does.
    async fn cluster_order(
        &self,
        node: &NodeEndpoint,
        orders: &[ClusterOrder],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        self.tell_cluster(node, orders, deadline).await
    }

    /// Moves as many keys as `limits` allow, all at once; a key has no size.
    async fn migrate_keys(
        &self,
        giver: &NodeEndpoint,
        slots: &SlotSet,
        taker: &PrimaryAddress,
        conflict: KeyConflict,
        limits: &MigrationLimits,
        deadline: Duration,
    ) -> Result<Moved, EngineError> {
        self.move_keys(giver, slots, taker, conflict, limits, deadline)
            .await
    }

    /// Some slots at a time. Here those keys are large whose names say so.
    async fn measure_slots(
        &self,
        node: &NodeEndpoint,
        slots: &SlotSet,
        _: u64,
        deadline: Duration,
    ) -> Result<MeasuredSlots, EngineError> {
        let some: SlotSet = slots.iter().take(MEASURED_AT_ONCE).collect();
        let too_large = self.large_slots(node, &some, deadline).await?;
        Ok(MeasuredSlots {
            movable: some.difference(&too_large),
            too_large,
        })
    }

    /// Some slots at a time. A quarter of all are too large here, so that these are open for a while.
    async fn hand_over_slots(
        &self,
        giver: &NodeEndpoint,
        taker: &NodeEndpoint,
        slots: &SlotSet,
        plan: &HandOver<'_>,
        _: &MigrationLimits,
        deadline: Duration,
    ) -> Result<HandedOver, EngineError> {
        let small = slots.difference(&self.large_slots(giver, slots, deadline).await?);
        let small: Vec<u16> = small.iter().filter(|slot| slot / 1024 % 4 > 0).collect();
        let mut handed = SlotSet::EMPTY;
        for part in small.chunks(HANDED_AT_ONCE) {
            let part: SlotSet = part.iter().copied().collect();
            if self.hand_over(giver, taker, &part, plan, deadline).await? {
                handed = handed.union(&part);
            }
        }
        Ok(HandedOver {
            slots: handed,
            untried: SlotSet::EMPTY,
        })
    }

    /// Nodes here have no functions.
    async fn copy_functions(
        &self,
        _: &NodeEndpoint,
        _: &NodeEndpoint,
        _: Duration,
    ) -> Result<(), EngineError> {
        Ok(())
    }

    async fn slot_migration_start(
        &self,
        giver: &NodeEndpoint,
        moves: &[(SlotSet, String)],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        self.start_migration(giver, moves, deadline).await
    }

    async fn slot_migrations(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<Vec<SlotMigration>, EngineError> {
        self.list_migrations(node, deadline).await
    }

    async fn slot_migration_cancel(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        self.cancel_migration(node, deadline).await
    }

    /// A frozen node is a timeout, and takes its users when it thaws, as a real one does.
    async fn admit(
        &self,
        node: &NodeEndpoint,
        users: &[NodeUser],
        deadline: Duration,
    ) -> Result<(), EngineError> {
        node.has_users()?;
        let users = users
            .iter()
            .map(|user| (user.name.clone(), user.rules.join(" ")))
            .collect();
        let order = Order::Admit(users);
        self.tell(Operation::NodeAdmit, node, order, None, deadline)
            .await
    }

    /// As a build without an allocator of its own, it cannot defragment.
    async fn certificate_end(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<Option<i64>, EngineError> {
        let look = |world: &SimulatedWorld, reach: &Reach| Ok(shown_certificate(world, reach));
        let shown = self
            .ask(Operation::NodeCertificate, node, deadline, look)
            .await?;
        Ok(shown.and_then(|pem| end_of(&pem)))
    }

    /// What a process shows is what lies in its container.
    async fn renew_certificate(
        &self,
        node: &NodeEndpoint,
        _: &str,
        deadline: Duration,
    ) -> Result<(), EngineError> {
        self.ask(Operation::NodeRenew, node, deadline, |_, _| Ok(()))
            .await
    }

    async fn configure(
        &self,
        node: &NodeEndpoint,
        settings: &[(&'static str, String)],
        deadline: Duration,
    ) -> Result<Vec<Unsettable>, EngineError> {
        let (refused, taken): (Vec<_>, Vec<_>) = settings
            .iter()
            .map(|(directive, value)| ((*directive).to_owned(), value.clone()))
            .partition(|(directive, value)| directive == "activedefrag" && value == "yes");
        let order = Order::Configure(taken);
        self.tell(Operation::NodeConfigure, node, order, None, deadline)
            .await?;
        let unsettable = |(directive, value)| Unsettable {
            directive,
            value,
            reason: "this build cannot defragment".to_owned(),
        };
        Ok(refused.into_iter().map(unsettable).collect())
    }

    /// Answers at once: nothing in the simulated world becomes ready by waiting.
    async fn wait_ready(
        &self,
        node: &NodeEndpoint,
        deadline: Duration,
    ) -> Result<NodeReport, EngineError> {
        match self.probe(node, deadline).await {
            Err(unreachable @ EngineError::Unreachable { .. }) => {
                Err(node.timeout(deadline, Some(unreachable)))
            }
            result => result,
        }
    }
}

/// What a process made from this image and command line would say.
fn report(
    protocol: Protocol,
    image: &str,
    command: &[String],
    replication: Option<ReplicationReport>,
) -> NodeReport {
    let follows = replication
        .as_ref()
        .is_some_and(|found| found.primary.is_some());
    let (role, maxmemory_bytes) = match protocol {
        Protocol::Redis => (
            if follows {
                Role::Replica
            } else {
                Role::Primary
            },
            option(command, &["--maxmemory"]).and_then(bytes),
        ),
        Protocol::Memcached => {
            // Memcached counts in megabytes and has 64 of them unless told otherwise.
            let megabytes = option(command, &["-m", "--memory-limit"])
                .and_then(|text| text.parse::<u64>().ok());
            (Role::Unknown, Some(megabytes.unwrap_or(64) * 1024 * 1024))
        }
    };
    NodeReport {
        version: image.rsplit_once(':').map_or("", |(_, tag)| tag).to_owned(),
        role,
        loading: false,
        uptime_seconds: 0,
        maxmemory_bytes: maxmemory_bytes.filter(|&limit| limit > 0),
        used_memory_bytes: 0,
        connected_clients: 1,
        replication,
    }
}

fn replication_report(standing: Standing) -> ReplicationReport {
    let attached = |(address, port, online, offset): (std::net::Ipv4Addr, u16, bool, u64)| {
        let host = address.to_string();
        AttachedReplica {
            host,
            port,
            online,
            offset,
        }
    };
    ReplicationReport {
        history: standing.history,
        earlier_history: standing.earlier_history,
        offset: standing.offset,
        primary: standing.primary,
        link_up: standing.link_up,
        syncing: standing.syncing,
        replicas: standing.replicas.into_iter().map(attached).collect(),
    }
}

fn unreachable(node: &NodeEndpoint) -> EngineError {
    EngineError::Unreachable {
        endpoint: node.to_string(),
        source: None,
    }
}

/// Reads a size as Redis writes it: a number, or one with `kb`, `mb` or `gb`.
fn bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, unit) = lower.split_at(
        lower
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(lower.len()),
    );
    let factor = match unit {
        "" | "b" => 1,
        "kb" => 1024,
        "mb" => 1024 * 1024,
        "gb" => 1024 * 1024 * 1024,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
