//! Slots handed over whole, a few at a time: with all their keys, in one moment of the giver.
//!
//! A slot that is open for long sends clients on with `ASK`, and some know nobody but the nodes that owned slots when they looked last. A
//! slot with few keys need not be open: the giver moves them and gives the slot up in one moment, and clients hear nothing but `MOVED`.
//! What is too much for one moment is left to `migrate_keys`. What is much less shares one: each takes several turns between the two
//! nodes, of which most slots of a cluster with few keys need none of their own.
//!
//! Nor may there be a time in which the giver has given up what the taker has not claimed: each would send clients to the other, and most
//! give up after some turns. How long that is must not depend on us, who may be kept waiting for the processor, or end. So the taker claims
//! by itself: a client of ours waits there for a key, the mark, that comes last of the slots' keys, with the claim behind it in the same
//! connection (`claim.lua`). And the giver gives up when it has seen that the taker claimed (`give.lua`), or stays the owner.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use ::redis::{Cmd, RedisResult, Value};
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::super::cluster::{HandOver, HandedOver, MigrationLimits};
use super::super::{EngineError, NodeEndpoint};
use super::cluster::cluster;
use super::{Connection, command, read, refusal};
use crate::resources::slots::{SLOT_COUNT, SlotSet, key_slot};

/// Most keys that are handed over in one moment: the giver serves nobody else meanwhile.
const KEYS_MAX: usize = 256;

/// Most memory that they take, by a sample of their elements.
const BYTES_MAX: u64 = 1 << 20;

/// Most slots with keys of one moment: the giver waits for the taker once for each.
const FILLED_MAX: usize = 2;

/// Most slots of one moment.
const SLOTS_MAX: usize = 64;

/// How long the giver may wait for the taker with so little, several times in one moment.
const STALL: Duration = Duration::from_secs(2);

/// How long what only marks the way of a slot stays on a node, should nobody take it away.
const MARK_MS: u64 = 5_000;

/// Hands slots over until none is left that can be, or the time is over. One that is open at the giver already cannot be. The caller bounds the time in all.
pub(crate) async fn hand_over(
    giver: &NodeEndpoint,
    taker: &NodeEndpoint,
    slots: &SlotSet,
    plan: &HandOver<'_>,
    limits: &MigrationLimits,
) -> Result<HandedOver, EngineError> {
    let end = tokio::time::Instant::now() + limits.time;
    let mut giving = Connection::open(giver).await?;
    let mut taking = Connection::open(taker).await?;
    let small = small_slots(giver, &mut giving, slots).await?;
    let import = |small: &Small| {
        let mut import = cluster(&["SETSLOT"]);
        import.arg(small.slot).arg("IMPORTING").arg(plan.giver_id);
        import
    };
    taking.ask(small.iter().map(import).collect()).await?;
    let call = uuid::Uuid::new_v4().simple().to_string();
    let (mut handed, mut untried) = (Vec::new(), Vec::new());
    // What an attempt leaves at the taker goes with the next one's orders.
    let mut leftovers = Vec::new();
    let mut parcels = VecDeque::from(parcels(&small));
    let mut attempts = 0;
    while let Some(parcel) = parcels.pop_front() {
        if tokio::time::Instant::now() >= end {
            untried.extend(parcel);
            continue;
        }
        attempts += 1;
        let attempt = Attempt::new(parcel, format!("cacheplane:{call}:{attempts}"), plan);
        let mut claim = std::mem::take(&mut leftovers);
        claim.extend(attempt.claim());
        if hand_over_one(&mut giving, &mut taking, claim, attempt.give()).await? {
            leftovers.push(attempt.forget_proof());
            handed.extend(attempt.slots);
        } else {
            // Whoever waits for a mark that does not come waits no more.
            taking = Connection::open(taker).await?;
            taking.ask(Vec::new()).await?;
            // One that cannot be handed over holds no other up.
            for slot in attempt.shared().iter().rev() {
                parcels.push_front(vec![*slot]);
            }
        }
    }
    taking.ask(leftovers).await?;
    Ok(HandedOver {
        slots: handed.into_iter().collect(),
        untried: untried.into_iter().collect(),
    })
}

/// Lets the taker wait for the mark, then the giver send it; returns whether the slots were handed over.
async fn hand_over_one(
    giving: &mut Connection<'_>,
    taking: &mut Connection<'_>,
    claim: Vec<Cmd>,
    give: Vec<Cmd>,
) -> Result<bool, EngineError> {
    let (claims, is_waiting) = oneshot::channel();
    let claimed = pin!(taking.ask_until_heard(claim, claims));
    let given = pin!(async {
        match is_waiting.await {
            Ok(()) => giving.ask_each(give).await,
            // The taker is gone.
            Err(_) => Ok(Vec::new()),
        }
    });
    match select(claimed, given).await {
        Either::Left((_, given)) => Ok(is_given(&given.await?)),
        Either::Right((given, claimed)) => {
            let is_given = is_given(&given?);
            if is_given {
                claimed.await;
            }
            Ok(is_given)
        }
    }
}

/// A slot that is small enough to be handed over, and what is in it.
struct Small {
    slot: u16,
    keys: usize,
    bytes: u64,
}

/// Which slots are handed over in one moment: as many as are not too much for it together.
fn parcels(small: &[Small]) -> Vec<Vec<u16>> {
    let mut parcels: Vec<Vec<u16>> = Vec::new();
    let (mut keys, mut bytes, mut filled) = (0, 0, 0);
    for one in small {
        (keys, bytes) = (keys + one.keys, bytes + one.bytes);
        filled += usize::from(one.keys > 0);
        match parcels.last_mut() {
            Some(last)
                if keys <= KEYS_MAX
                    && bytes <= BYTES_MAX
                    && filled <= FILLED_MAX
                    && last.len() < SLOTS_MAX =>
            {
                last.push(one.slot);
            }
            _ => {
                parcels.push(vec![one.slot]);
                (keys, bytes, filled) = (one.keys, one.bytes, usize::from(one.keys > 0));
            }
        }
    }
    parcels
}

/// The slots that are small enough.
async fn small_slots(
    giver: &NodeEndpoint,
    giving: &mut Connection<'_>,
    slots: &SlotSet,
) -> Result<Vec<Small>, EngineError> {
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
            let keys = keys.len();
            small.push(Small { slot, keys, bytes });
        }
    }
    Ok(small)
}

/// One attempt to hand slots over, and what each side is told for it.
struct Attempt<'a> {
    slots: Vec<u16>,
    /// What its own keys are called, apart from those of an attempt before, of which something may be left.
    name: String,
    mark: String,
    plan: &'a HandOver<'a>,
}

impl<'a> Attempt<'a> {
    /// One with a name that no other has, of at least one slot.
    fn new(slots: Vec<u16>, name: String, plan: &'a HandOver<'a>) -> Self {
        let last = slots.last().copied().unwrap_or_default();
        Self {
            mark: key(last, &name),
            slots,
            name,
            plan,
        }
    }

    /// The slots, if they are several.
    fn shared(&self) -> &[u16] {
        match self.slots.as_slice() {
            [_] => &[],
            slots => slots,
        }
    }

    /// Waits for the mark, and claims the slots when it has come.
    fn claim(&self) -> Vec<Cmd> {
        // It waits for as long as it is connected.
        let wait = command(&["BLPOP", &self.mark, "0"]);
        let claim = script(include_str!("hand_over/claim.lua"), |claim| {
            claim.arg(self.plan.taker_id).arg(&self.mark).arg(MARK_MS);
            claim.arg(&self.slots);
        });
        // The slots are not the taker's yet.
        let asking = || command(&["ASKING"]);
        vec![asking(), wait, asking(), claim]
    }

    /// Greets the taker, and gives the slots away. In no transaction: a node that is out of memory keeps none.
    fn give(&self) -> Vec<Cmd> {
        let Self { mark, plan, .. } = self;
        let greeting = format!("{mark}:greeting");
        let greet = script(include_str!("hand_over/greet.lua"), |greet| {
            greet.arg(&greeting).arg(MARK_MS);
        });
        let stall_ms = u64::try_from(STALL.as_millis()).unwrap_or(u64::MAX);
        let mut migrate = command(&["MIGRATE", &plan.taker.host]);
        migrate
            .arg(plan.taker.port)
            .arg(&greeting)
            .arg(0)
            .arg(stall_ms);
        if let Some(found) = &plan.taker.administrator {
            migrate.arg("AUTH2").arg(&found.user).arg(&found.password);
        }
        let give = script(include_str!("hand_over/give.lua"), |give| {
            give.arg(plan.taker_id);
            give.arg(&plan.taker.host)
                .arg(plan.taker.port)
                .arg(stall_ms);
            give.arg(mark).arg(MARK_MS).arg(KEYS_MAX);
            for slot in &self.slots {
                let nobody = key(*slot, &format!("{}:nobody", self.name));
                give.arg(*slot).arg(nobody);
            }
        });
        vec![greet, migrate, give]
    }

    /// Takes away what the taker keeps of a claim.
    fn forget_proof(&self) -> Cmd {
        command(&["UNLINK", &format!("{}:proof", self.mark)])
    }
}

/// A script that is told of no keys: whether it may use them depends on what becomes of the slot while it runs.
fn script(body: &str, arguments: impl FnOnce(&mut Cmd)) -> Cmd {
    let mut script = command(&["EVAL", body, "0"]);
    arguments(&mut script);
    script
}

/// Whether the giver says that it gave the slots away. Its script fails when one is open already, or another's.
fn is_given(answers: &[RedisResult<Value>]) -> bool {
    let last = answers.last().and_then(|answer| answer.as_ref().ok());
    last == Some(&Value::Int(1))
}

/// A name for a key of a slot.
fn key(slot: u16, name: &str) -> String {
    format!("{{{}}}:{name}", TAGS[usize::from(slot)])
}

/// For each slot a name of it.
static TAGS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut tags = vec![None; usize::from(SLOT_COUNT)];
    let mut missing = tags.len();
    for number in 0.. {
        let tag = &mut tags[usize::from(key_slot(number.to_string().as_bytes()))];
        if tag.replace(number).is_none() {
            missing -= 1;
        }
        if missing == 0 {
            break;
        }
    }
    tags.into_iter().flatten().collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_a_name() {
        assert_eq!(TAGS.len(), usize::from(SLOT_COUNT));
        for (slot, tag) in (0..SLOT_COUNT).zip(TAGS.iter()) {
            assert_eq!(key_slot(format!("{{{tag}}}:mark").as_bytes()), slot);
        }
    }

    #[test]
    fn what_is_too_much_for_one_moment_takes_several() {
        let check = |slots: &[(usize, u64)], sizes: &[usize]| {
            let small: Vec<Small> = (0..)
                .zip(slots)
                .map(|(slot, &(keys, bytes))| Small { slot, keys, bytes })
                .collect();
            let found = parcels(&small);
            let all: Vec<u16> = small.iter().map(|one| one.slot).collect();
            assert_eq!(found.concat(), all);
            let lengths: Vec<usize> = found.iter().map(Vec::len).collect();
            assert_eq!(lengths, sizes);
        };
        check(&[], &[]);
        check(&[(0, 0); 130], &[64, 64, 2]);
        check(&[(1, 50); 5], &[2, 2, 1]);
        check(&[(200, 50), (56, 50), (0, 0)], &[3]);
        check(&[(200, 50), (57, 50), (0, 0)], &[1, 2]);
        check(&[(1, 600 << 10), (1, 600 << 10), (0, 0)], &[1, 2]);
        check(&[(KEYS_MAX, BYTES_MAX), (0, 0), (1, 1)], &[2, 1]);
    }
}
