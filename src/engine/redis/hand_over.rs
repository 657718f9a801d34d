//! Slots handed over whole, one at a time: with all their keys, in one transaction of the giver.
//!
//! A slot that is open for long sends clients on with `ASK`, and some know nobody but the nodes that owned slots when they looked last. A
//! slot with few keys need not be open: the giver moves them and gives the slot up in one moment, the taker claims it a round trip later,
//! and clients hear nothing but `MOVED`. What is too much for one moment is left to `migrate_keys`.

use ::redis::{Cmd, Value};

use super::super::cluster::{HandOver, MigrationLimits};
use super::super::{EngineError, NodeEndpoint};
use super::cluster::cluster;
use super::{Connection, command, read, refusal};
use crate::resources::slots::SlotSet;

/// Most keys of a slot that is handed over whole: the giver serves nobody else meanwhile.
const KEYS_MAX: usize = 256;

/// Most memory that they take, by a sample of their elements.
const BYTES_MAX: u64 = 1 << 20;

/// Hands slots over until none is left that can be, or the time is over; returns those that were. The caller bounds the time in all.
pub(crate) async fn hand_over(
    giver: &NodeEndpoint,
    taker: &NodeEndpoint,
    slots: &SlotSet,
    plan: &HandOver<'_>,
    limits: &MigrationLimits,
) -> Result<SlotSet, EngineError> {
    let end = tokio::time::Instant::now() + limits.time;
    let mut giving = Connection::open(giver).await?;
    let mut taking = Connection::open(taker).await?;
    let mut handed = Vec::new();
    let set = |slot: u16, words: &[&str]| {
        let mut set = cluster(&["SETSLOT"]);
        set.arg(slot).arg(words);
        set
    };
    let small = small_slots(giver, &mut giving, slots).await?;
    let import = |(slot, _): &(u16, Vec<Vec<u8>>)| set(*slot, &["IMPORTING", plan.giver_id]);
    taking.ask(small.iter().map(import).collect()).await?;
    for (slot, keys) in small {
        if tokio::time::Instant::now() >= end {
            break;
        }
        let mut orders = vec![
            command(&["MULTI"]),
            set(slot, &["MIGRATING", plan.taker_id]),
        ];
        if !keys.is_empty() {
            orders.push(migrate(plan, limits, &keys));
        }
        // Refused if a key has come meanwhile: then the slot stays open, as it says already.
        orders.push(set(slot, &["NODE", plan.taker_id]));
        orders.push(command(&["EXEC"]));
        let done = giving.ask(orders).await?.pop().unwrap_or(Value::Nil);
        let Value::Array(done) = done else {
            return Err(giver.refused("did not carry a transaction out"));
        };
        if done.iter().any(|one| matches!(one, Value::ServerError(_))) {
            continue;
        }
        taking
            .ask(vec![set(slot, &["NODE", plan.taker_id])])
            .await?;
        handed.push(slot);
    }
    Ok(handed.into_iter().collect())
}

/// The slots that are small enough, with their keys.
async fn small_slots(
    giver: &NodeEndpoint,
    giving: &mut Connection<'_>,
    slots: &SlotSet,
) -> Result<Vec<(u16, Vec<Vec<u8>>)>, EngineError> {
    let ask = |slot: u16| {
        let mut ask = cluster(&["GETKEYSINSLOT"]);
        ask.arg(slot).arg(KEYS_MAX + 1);
        ask
    };
    let answers = giving.ask(slots.iter().map(ask).collect()).await?;
    let mut found: Vec<(u16, Vec<Vec<u8>>)> = Vec::new();
    for (slot, answer) in slots.iter().zip(answers) {
        let keys: Vec<Vec<u8>> = read(giver, answer)?;
        if keys.len() <= KEYS_MAX {
            found.push((slot, keys));
        }
    }
    let sizes = found.iter().flat_map(|(_, keys)| keys).map(|key| {
        let mut size = command(&["MEMORY", "USAGE"]);
        size.arg(key);
        size
    });
    let mut sizes = giving.ask_each(sizes.collect()).await?.into_iter();
    let mut small = Vec::new();
    for (slot, keys) in found {
        let mut bytes = 0;
        for answer in sizes.by_ref().take(keys.len()) {
            // One that is gone meanwhile, expired or on its way, takes nothing.
            bytes += match answer {
                Err(error) if error.code() == Some("ASK") => 0,
                Err(error) => return Err(refusal(giver, &error)),
                Ok(answer) => read::<Option<u64>>(giver, answer)?.unwrap_or(0),
            };
        }
        if bytes <= BYTES_MAX {
            small.push((slot, keys));
        }
    }
    Ok(small)
}

fn migrate(plan: &HandOver<'_>, limits: &MigrationLimits, keys: &[Vec<u8>]) -> Cmd {
    let mut migrate = command(&["MIGRATE", &plan.taker.host]);
    migrate.arg(plan.taker.port).arg("").arg(0);
    migrate.arg(u64::try_from(limits.stall.as_millis()).unwrap_or(u64::MAX));
    // The giver is in the run in which it began: what it holds is newer than any copy that the taker has.
    migrate.arg("REPLACE");
    if let Some(found) = &plan.taker.administrator {
        migrate.arg("AUTH2").arg(&found.user).arg(&found.password);
    }
    migrate.arg("KEYS").arg(keys);
    migrate
}
