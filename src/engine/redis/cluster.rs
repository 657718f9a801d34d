//! `CLUSTER`: the view of a node, and what it can be told.

use std::time::Duration;

use ::redis::{Cmd, Value};
use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::super::cluster::{
    ClusterNode, ClusterOrder, ClusterView, FailoverKind, NodeHealth, OpenSlot, ResetKind,
    SlotState,
};
use super::super::{EngineError, NodeEndpoint, Role};
use super::{Connection, command, converse, exactly, read, refusal, report};
use crate::resources::slots::{SlotRange, SlotSet};

/// Most keys of a slot that are dropped at once.
const KEYS_DROPPED_AT_ONCE: usize = 128;

/// Most slots of which keys are dropped at once.
const SLOTS_DROPPED_AT_ONCE: usize = 32;

/// How long keys are dropped before whoever wants it looks again.
const DROP_SLICE: Duration = Duration::from_millis(500);

/// How far apart a node's two ports are unless it is told otherwise.
const BUS_PORT_OFFSET: u16 = 10_000;

/// Lines whose replicas keep the shard that they began with until every other node has heard better, one by one. A node that ends before
/// it has heard does not start again: it finds its own notes corrupt, and gives up (seen with Valkey 8.1.1).
const SHARDS_ARE_HEARD_LATE: &str = "8.1.";

/// Connections over which many slots are told at once. From Valkey 8.0 on a primary answers only when its replicas have heard it
/// too, which takes some milliseconds, and serves the same connection no further before that.
const CONNECTIONS: usize = 32;

/// Asks for the view, in one round trip where that is enough. The caller bounds the time.
pub(crate) async fn view(node: &NodeEndpoint) -> Result<ClusterView, EngineError> {
    let mut view = view_of(node, converse(node, view_questions()).await?)?;
    if view.is_ok && view.report.version.starts_with(SHARDS_ARE_HEARD_LATE) {
        let answers = converse(node, vec![cluster(&["SHARDS"])]).await?;
        let [shards] = exactly(node, answers)?;
        view.is_ok = has_all_in_place(&view, &shards);
        if view.is_ok {
            // What it has heard of shards is not in its notes yet: those are written for other news alone, and read when it starts again.
            converse(node, vec![cluster(&["SAVECONFIG"])]).await?;
        }
    }
    Ok(view)
}

/// What a view is made of.
pub(super) fn view_questions() -> Vec<Cmd> {
    vec![
        command(&["INFO"]),
        command(&["CLUSTER", "INFO"]),
        command(&["CLUSTER", "NODES"]),
    ]
}

/// The view that answers to [`view_questions`] amount to.
pub(super) fn view_of(
    node: &NodeEndpoint,
    answers: Vec<::redis::Value>,
) -> Result<ClusterView, EngineError> {
    let [own, numbers, nodes] = exactly(node, answers)?;
    let own: String = read(node, own)?;
    let numbers: String = read(node, numbers)?;
    let nodes: String = read(node, nodes)?;
    read_view(node, &own, &numbers, &nodes)
}

/// Whether a node has heard in which shard every other one is: a replica in a shard of its own is one that it has not.
fn has_all_in_place(view: &ClusterView, shards: &Value) -> bool {
    let leads = |one: &&ClusterNode| one.primary_id.is_none();
    let all = view.others.iter().chain([&view.myself]);
    let leaders = all.filter(leads).count();
    let told = match shards {
        Value::Array(all) | Value::Set(all) => all.len(),
        _ => 0,
    };
    told <= leaders
}

/// Tells a node, in order, and stops at the first thing that it refuses. The caller bounds the time.
pub(crate) async fn order(node: &NodeEndpoint, orders: &[ClusterOrder]) -> Result<(), EngineError> {
    let mut connection = Connection::open(node).await?;
    for order in orders {
        if let ClusterOrder::DropKeys(slots) = order
            && !drop_keys(node, &mut connection, slots).await?
        {
            // What follows is about slots without keys. Whoever looks next sees that there is more to drop.
            return Ok(());
        }
        let commands = commands(order);
        match commands.len() {
            0 => {}
            1 => tell(node, &mut connection, order, commands).await?,
            // What a node is told in one flight it also writes to its volume at once.
            count => {
                let mut commands = commands.into_iter();
                let share = count.div_ceil(CONNECTIONS);
                let shares = (0..CONNECTIONS).map(|_| commands.by_ref().take(share).collect());
                let telling = shares
                    .map(async |share: Vec<Cmd>| Connection::open(node).await?.tell(share).await);
                try_join_all(telling).await?;
            }
        }
    }
    Ok(())
}

/// Drops the keys of slots, a few slots at a time and for a while; whether none is left. They are another's, so that each key has to be
/// asked for.
async fn drop_keys(
    node: &NodeEndpoint,
    connection: &mut Connection<'_>,
    slots: &SlotSet,
) -> Result<bool, EngineError> {
    let end = Instant::now() + DROP_SLICE;
    let slots: Vec<u16> = slots.iter().collect();
    for part in slots.chunks(SLOTS_DROPPED_AT_ONCE) {
        let mut left = part.to_vec();
        while !left.is_empty() {
            if Instant::now() >= end {
                return Ok(false);
            }
            left = drop_some_keys(node, connection, left).await?;
        }
    }
    Ok(true)
}

/// Drops some keys of each of these slots; which of them had any.
async fn drop_some_keys(
    node: &NodeEndpoint,
    connection: &mut Connection<'_>,
    slots: Vec<u16>,
) -> Result<Vec<u16>, EngineError> {
    let held = |slot: &u16| {
        let mut held = cluster(&["GETKEYSINSLOT"]);
        held.arg(*slot).arg(KEYS_DROPPED_AT_ONCE);
        held
    };
    let answers = connection.ask(slots.iter().map(held).collect()).await?;
    let mut orders = Vec::new();
    let mut unfinished = Vec::new();
    for (slot, answer) in slots.into_iter().zip(answers) {
        let keys: Vec<Vec<u8>> = read(node, answer)?;
        if !keys.is_empty() {
            unfinished.push(slot);
        }
        for key in keys {
            let mut drop = command(&["UNLINK"]);
            drop.arg(key);
            orders.extend([command(&["ASKING"]), drop]);
        }
    }
    connection.ask(orders).await?;
    Ok(unfinished)
}

/// Tells something, and says whether it was refused.
async fn tell(
    node: &NodeEndpoint,
    connection: &mut Connection<'_>,
    order: &ClusterOrder,
    commands: Vec<Cmd>,
) -> Result<(), EngineError> {
    for command in commands {
        for answer in connection.ask_each(vec![command]).await? {
            match (answer, order) {
                (Ok(_), _) => {}
                // It does not know it: that is what was wanted.
                (Err(error), ClusterOrder::Forget(_))
                    if error.to_string().contains("Unknown node") => {}
                (Err(error), _) => return Err(refusal(node, &error)),
            }
        }
    }
    Ok(())
}

/// The commands that an order amounts to: one, or one for each slot.
fn commands(order: &ClusterOrder) -> Vec<Cmd> {
    let one = |words: &[&str]| vec![cluster(words)];
    match order {
        ClusterOrder::SetConfigEpoch(epoch) => one(&["SET-CONFIG-EPOCH", &epoch.to_string()]),
        ClusterOrder::BumpEpoch => one(&["BUMPEPOCH"]),
        ClusterOrder::Meet {
            host,
            port,
            bus_port,
        } => {
            let mut words = vec!["MEET".to_owned(), host.clone(), port.to_string()];
            // Only from 4.0 on it may be said.
            if port.checked_add(BUS_PORT_OFFSET) != Some(*bus_port) {
                words.push(bus_port.to_string());
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            one(&words)
        }
        // One command that every line knows, however many slots: so it is all or none, as ranges are from 7.0 on.
        ClusterOrder::AddSlots(slots) => about_slots("ADDSLOTS", slots),
        ClusterOrder::DelSlots(slots) => about_slots("DELSLOTS", slots),
        ClusterOrder::SetSlots(slots, state) => {
            let set = |slot: u16| {
                let slot = slot.to_string();
                match state {
                    SlotState::Importing(id) => cluster(&["SETSLOT", &slot, "IMPORTING", id]),
                    SlotState::Migrating(id) => cluster(&["SETSLOT", &slot, "MIGRATING", id]),
                    SlotState::Owned(id) => cluster(&["SETSLOT", &slot, "NODE", id]),
                    SlotState::Stable => cluster(&["SETSLOT", &slot, "STABLE"]),
                }
            };
            slots.iter().map(set).collect()
        }
        // What the keys are has to be asked first.
        ClusterOrder::DropKeys(_) => Vec::new(),
        ClusterOrder::Replicate(id) => one(&["REPLICATE", id]),
        ClusterOrder::Forget(id) => one(&["FORGET", id]),
        ClusterOrder::Reset(ResetKind::Soft) => one(&["RESET", "SOFT"]),
        ClusterOrder::Reset(ResetKind::Hard) => one(&["RESET", "HARD"]),
        ClusterOrder::Failover(FailoverKind::Coordinated) => one(&["FAILOVER"]),
        ClusterOrder::Failover(FailoverKind::Force) => one(&["FAILOVER", "FORCE"]),
        ClusterOrder::Failover(FailoverKind::Takeover) => one(&["FAILOVER", "TAKEOVER"]),
    }
}

pub(super) fn cluster(words: &[&str]) -> Cmd {
    let mut cluster = command(&["CLUSTER"]);
    cluster.arg(words);
    cluster
}

fn about_slots(word: &str, slots: &SlotSet) -> Vec<Cmd> {
    if slots.is_empty() {
        return Vec::new();
    }
    let mut about = cluster(&[word]);
    for slot in slots.iter() {
        about.arg(slot);
    }
    vec![about]
}

/// Makes one view of three answers.
fn read_view(
    node: &NodeEndpoint,
    own: &str,
    numbers: &str,
    nodes: &str,
) -> Result<ClusterView, EngineError> {
    let fields = report::Fields::read(numbers);
    let number = |name: &str| fields.number(name).unwrap_or(0);
    let slot_count = |name: &str| u16::try_from(number(name)).unwrap_or(0);
    let mut myself = None;
    let mut others = Vec::new();
    let mut open_slots = Vec::new();
    for line in nodes.lines() {
        let Some(found) = read_node(line) else {
            continue;
        };
        match found.is_myself {
            true => {
                open_slots = found.open_slots;
                myself = Some(found.node);
            }
            false => others.push(found.node),
        }
    }
    let Some(myself) = myself else {
        return Err(node.refused("answered CLUSTER NODES without itself"));
    };
    Ok(ClusterView {
        report: report::read(node, own)?,
        is_ok: fields.text("cluster_state") == Some("ok"),
        slots_assigned: slot_count("cluster_slots_assigned"),
        slots_ok: slot_count("cluster_slots_ok"),
        slots_suspected: slot_count("cluster_slots_pfail"),
        slots_failed: slot_count("cluster_slots_fail"),
        known_nodes: u32::try_from(number("cluster_known_nodes")).unwrap_or(0),
        current_epoch: number("cluster_current_epoch"),
        own_epoch: number("cluster_my_epoch"),
        myself,
        others,
        open_slots,
    })
}

/// A line of `CLUSTER NODES`.
struct Line {
    is_myself: bool,
    node: ClusterNode,
    open_slots: Vec<OpenSlot>,
}

/// Reads `id address flags primary ping pong epoch link slot...`; none for a line that lacks one of these. A slot that is none is
/// passed over.
fn read_node(line: &str) -> Option<Line> {
    let mut words = line.split_ascii_whitespace();
    let node_id = words.next()?.to_owned();
    let address = read_address(words.next()?)?;
    let flags: Vec<&str> = words.next()?.split(',').collect();
    let has = |flag: &str| flags.contains(&flag);
    let primary_id = Some(words.next()?).filter(|id| *id != "-");
    // When it was last asked and last answered.
    words.next()?;
    words.next()?;
    let config_epoch = words.next()?.parse().ok()?;
    let link = words.next()?;
    let (mut ranges, mut open_slots) = (Vec::new(), Vec::new());
    for word in words {
        match word.strip_prefix('[') {
            Some(open) => open_slots.extend(read_open_slot(open)),
            None => ranges.extend(word.parse::<SlotRange>()),
        }
    }
    let node = ClusterNode {
        node_id,
        host: address.host,
        port: address.port,
        bus_port: address.bus_port,
        hostname: address.hostname,
        role: match (has("master"), has("slave")) {
            (true, _) => Role::Primary,
            (false, true) => Role::Replica,
            (false, false) => Role::Unknown,
        },
        primary_id: primary_id.map(str::to_owned),
        health: match (has("fail"), has("fail?")) {
            (true, _) => NodeHealth::Failed,
            (false, true) => NodeHealth::Suspected,
            (false, false) => NodeHealth::Well,
        },
        is_in_handshake: has("handshake"),
        config_epoch,
        is_connected: link == "connected",
        slots: ranges.into_iter().collect(),
    };
    Some(Line {
        is_myself: has("myself"),
        node,
        open_slots,
    })
}

struct Address {
    host: String,
    port: u16,
    bus_port: u16,
    hostname: Option<String>,
}

/// Reads `host:port@bus-port,hostname,more=...`. Redis 3 has no bus port here, lines before 7.0 no host name.
fn read_address(word: &str) -> Option<Address> {
    let mut parts = word.split(',');
    let address = parts.next()?;
    let hostname = parts
        .next()
        .filter(|name| !name.is_empty() && !name.contains('='));
    let (address, bus_port) = match address.split_once('@') {
        Some((address, bus_port)) => (address, Some(bus_port.parse().ok()?)),
        None => (address, None),
    };
    // From the right: an IPv6 address has colons of its own.
    let (host, port) = address.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    Some(Address {
        host: host.to_owned(),
        port,
        bus_port: bus_port.unwrap_or_else(|| port.saturating_add(BUS_PORT_OFFSET)),
        hostname: hostname.map(str::to_owned),
    })
}

/// Reads what follows the bracket of `[93-<-id]` and `[77->-id]`.
fn read_open_slot(word: &str) -> Option<OpenSlot> {
    let word = word.strip_suffix(']')?;
    let (slot, state) = match (word.split_once("-<-"), word.split_once("->-")) {
        (Some((slot, id)), _) => (slot, SlotState::Importing(id.to_owned())),
        (None, Some((slot, id))) => (slot, SlotState::Migrating(id.to_owned())),
        (None, None) => return None,
    };
    let range: SlotRange = slot.parse().ok()?;
    Some(OpenSlot {
        slot: range.first(),
        state,
    })
}

#[cfg(test)]
mod tests;
