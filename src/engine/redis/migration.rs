//! Moving keys between the nodes of a cluster.
//!
//! Two ways. `MIGRATE` moves keys of a slot that is open on both sides, key by key, while clients are sent to wherever a key is;
//! every line has it. Since Valkey 9 a node can also give slots away as a whole: it sends a copy, then what is written
//! meanwhile, and hands over in one moment.
//!
//! A node that executes `MIGRATE` serves nobody else, and neither does it between two commands that it has read already. So a
//! flight is small, and no such command is sent before the last one is answered: where the other side hangs, each waits for it.

use std::collections::{BTreeSet, VecDeque};
use std::iter::zip;
use std::time::Duration;

use ::redis::{Cmd, RedisError, RedisResult, Value};
use tokio::time::Instant;

use super::super::cluster::{KeyConflict, MeasuredSlots, MigrationLimits, Moved, SlotMigration};
use super::super::{EngineError, NodeEndpoint, PrimaryAddress};
use super::cluster::cluster;
use super::{Connection, command, converse, exactly, read, refusal};
use crate::resources::slots::SlotSet;

mod atomic;

/// Slots whose keys are asked for at once.
const SLOTS_PER_FLIGHT: usize = 32;

/// Most keys of one slot that are asked for at once, and in one flight of commands.
const KEYS_PER_FLIGHT: usize = 128;

/// Most memory that the keys of one flight take, unless it is a single key.
const BYTES_PER_FLIGHT: u64 = 1 << 20;

/// Slots whose keys are counted, and keys that are measured, at once.
const ASKED_PER_FLIGHT: usize = 1024;

/// Most keys of a slot that are looked at before it is opened.
const KEYS_LOOKED_AT_MAX: usize = 10_000;

/// Most keys that are measured in one call, unless they are of a single slot: a tenth of a second's work for the engine.
const KEYS_MEASURED_AT_ONCE: usize = 32_768;

/// How long the giver may wait for the taker with no more than a flight's usual memory.
const STALL: Duration = Duration::from_secs(2);

/// A key and its slot.
type Key = (u16, Vec<u8>);

/// One call's work: from whom, to whom, and by which rules.
struct Move<'a> {
    giver: &'a NodeEndpoint,
    connection: Connection<'a>,
    taker: &'a PrimaryAddress,
    conflict: KeyConflict,
    limits: &'a MigrationLimits,
}

/// Moves keys until none is left, or a limit is reached. The caller bounds the time in all.
pub(crate) async fn migrate_keys(
    giver: &NodeEndpoint,
    slots: &SlotSet,
    taker: &PrimaryAddress,
    conflict: KeyConflict,
    limits: &MigrationLimits,
) -> Result<Moved, EngineError> {
    let mut work = Move {
        giver,
        connection: Connection::open(giver).await?,
        taker,
        conflict,
        limits,
    };
    let end = Instant::now() + limits.time;
    let mut keys = 0;
    let mut too_large = BTreeSet::new();
    let mut waiting: VecDeque<u16> = slots.iter().collect();
    let is_over = |keys: u64| keys >= limits.keys || Instant::now() >= end;
    // Bounded by slots and keys: every turn is done with some slots, or moves some keys of each.
    while !waiting.is_empty() && !is_over(keys) {
        let count = waiting.len().min(SLOTS_PER_FLIGHT);
        let batch: Vec<u16> = waiting.drain(..count).collect();
        let (found, mut unfinished) = work.keys(&batch, too_large.len()).await?;
        let sized = sizes(giver, &mut work.connection, found).await?;
        let mut touched = BTreeSet::new();
        for flight in flights(sized, limits, &mut too_large) {
            touched.extend(flight.keys.iter().map(|(slot, _)| *slot));
            if is_over(keys) {
                unfinished.clone_from(&batch);
                break;
            }
            keys += work.send(&flight).await?;
        }
        // One whose keys are all too large has been looked at.
        waiting.extend(unfinished.into_iter().filter(|slot| touched.contains(slot)));
    }
    let (remaining, left) = work.count(slots).await?;
    let too_large = match waiting.is_empty() {
        true => remaining.min(too_large.len() as u64),
        false => 0,
    };
    Ok(Moved {
        keys,
        remaining,
        left,
        too_large,
    })
}

/// Tells slots with a key that takes more than this much memory from others, as far as [`KEYS_LOOKED_AT_MAX`] keys of each tell: of the
/// first, and of those whose keys are not too many together. The caller bounds the time.
pub(crate) async fn measure_slots(
    node: &NodeEndpoint,
    slots: &SlotSet,
    key_bytes: u64,
) -> Result<MeasuredSlots, EngineError> {
    let mut connection = Connection::open(node).await?;
    let slots: Vec<u16> = slots.iter().collect();
    let mut room = KEYS_MEASURED_AT_ONCE;
    let mut measured = Vec::new();
    'counting: for part in slots.chunks(SLOTS_PER_FLIGHT) {
        let counts = connection
            .ask(part.iter().map(count_keys).collect())
            .await?;
        for (slot, count) in zip(part, counts) {
            let count: usize = read(node, count)?;
            let count = count.min(KEYS_LOOKED_AT_MAX);
            if count > room && !measured.is_empty() {
                break 'counting;
            }
            room = room.saturating_sub(count);
            measured.push(*slot);
        }
    }
    let mut large = BTreeSet::new();
    for part in measured.chunks(SLOTS_PER_FLIGHT) {
        let keys = keys_of(node, &mut connection, part, KEYS_LOOKED_AT_MAX).await?;
        let sized = sizes(node, &mut connection, keys).await?;
        let too_large = sized.into_iter().filter(|(_, bytes)| *bytes > key_bytes);
        large.extend(too_large.map(|((slot, _), _)| slot));
    }
    let measured: SlotSet = measured.into_iter().collect();
    let too_large: SlotSet = large.into_iter().collect();
    Ok(MeasuredSlots {
        movable: measured.difference(&too_large),
        too_large,
    })
}

fn count_keys(slot: &u16) -> Cmd {
    cluster(&["COUNTKEYSINSLOT", &slot.to_string()])
}

/// Up to `count` keys of each slot.
async fn keys_of(
    node: &NodeEndpoint,
    connection: &mut Connection<'_>,
    slots: &[u16],
    count: usize,
) -> Result<Vec<Key>, EngineError> {
    let ask = |slot: &u16| {
        let mut ask = cluster(&["GETKEYSINSLOT"]);
        ask.arg(*slot).arg(count);
        ask
    };
    let questions = slots.iter().map(ask).collect();
    let mut keys = Vec::new();
    for (slot, answer) in zip(slots, connection.ask(questions).await?) {
        let names: Vec<Vec<u8>> = read(node, answer)?;
        keys.extend(names.into_iter().map(|name| (*slot, name)));
    }
    Ok(keys)
}

/// The memory that each key takes, by a sample of its elements. One that is gone meanwhile is left out: the giver sends
/// whoever asks for it on to the taker.
async fn sizes(
    node: &NodeEndpoint,
    connection: &mut Connection<'_>,
    keys: Vec<Key>,
) -> Result<Vec<(Key, u64)>, EngineError> {
    let ask = |(_, name): &Key| {
        let mut ask = command(&["MEMORY", "USAGE"]);
        ask.arg(name);
        ask
    };
    let mut sized = Vec::with_capacity(keys.len());
    for part in keys.chunks(ASKED_PER_FLIGHT) {
        let questions = part.iter().map(ask).collect();
        for (key, answer) in zip(part, connection.ask_each(questions).await?) {
            let bytes = match answer {
                Err(error) if error.code() == Some("ASK") => continue,
                Err(error) => return Err(refusal(node, &error)),
                Ok(answer) => read::<Option<u64>>(node, answer)?,
            };
            sized.extend(bytes.map(|bytes| (key.clone(), bytes)));
        }
    }
    Ok(sized)
}

/// Parts keys into what is moved at once, and puts those that are too large aside.
fn flights(
    sized: Vec<(Key, u64)>,
    limits: &MigrationLimits,
    too_large: &mut BTreeSet<Key>,
) -> Vec<Flight> {
    let mut flights: Vec<Flight> = Vec::new();
    for (key, bytes) in sized {
        if bytes > limits.key_bytes {
            too_large.insert(key);
            continue;
        }
        match flights.last_mut() {
            Some(flight) if flight.has_room(bytes) => {
                flight.keys.push(key);
                flight.bytes += bytes;
            }
            _ => {
                let keys = vec![key];
                flights.push(Flight { keys, bytes });
            }
        }
    }
    flights
}

/// Keys that are moved at once, and the memory that they take.
struct Flight {
    keys: Vec<Key>,
    bytes: u64,
}

impl Flight {
    fn has_room(&self, bytes: u64) -> bool {
        self.bytes + bytes <= BYTES_PER_FLIGHT && self.keys.len() < KEYS_PER_FLIGHT
    }
}

impl Move<'_> {
    /// Some keys of each of these slots, and the slots that may have more. Keys that are too large to move are in the way of
    /// others: so many more are asked for.
    async fn keys(
        &mut self,
        slots: &[u16],
        in_the_way: usize,
    ) -> Result<(Vec<Key>, Vec<u16>), EngineError> {
        let count = KEYS_PER_FLIGHT + in_the_way;
        let keys = keys_of(self.giver, &mut self.connection, slots, count).await?;
        let held = |slot: &u16| keys.iter().filter(|(of, _)| of == slot).count();
        let unfinished = slots.iter().copied().filter(|slot| held(slot) >= count);
        let unfinished = unfinished.collect();
        Ok((keys, unfinished))
    }

    /// How many keys there are, and the slots that have any.
    async fn count(&mut self, slots: &SlotSet) -> Result<(u64, SlotSet), EngineError> {
        let all: Vec<u16> = slots.iter().collect();
        let (mut keys, mut holding) = (0, Vec::new());
        for part in all.chunks(ASKED_PER_FLIGHT) {
            let questions = part.iter().map(count_keys).collect();
            let answers = self.connection.ask(questions).await?;
            for (slot, answer) in zip(part, answers) {
                let count: u64 = read(self.giver, answer)?;
                keys += count;
                holding.extend((count > 0).then_some(*slot));
            }
        }
        Ok((keys, holding.into_iter().collect()))
    }

    /// Moves the keys of a flight: one command for those of each slot, which must not be mixed.
    async fn send(&mut self, flight: &Flight) -> Result<u64, EngineError> {
        let stall = match flight.bytes <= BYTES_PER_FLIGHT {
            true => self.limits.stall.min(STALL),
            false => self.limits.stall,
        };
        // One after the other: of a taker that hangs each takes the stall, and what the giver has read already nobody can take back.
        for keys in flight.keys.chunk_by(|a, b| a.0 == b.0) {
            match self.one(self.migrate(keys, stall)).await? {
                // That none of the keys was there any more (`NOKEY`) is well too.
                Ok(_) => {}
                Err(error) if is_conflict(&error) && self.conflict == KeyConflict::TakerWins => {
                    self.resolve(keys, stall).await?;
                }
                Err(error) => return Err(self.failure(&error)),
            }
        }
        Ok(flight.keys.len() as u64)
    }

    fn migrate(&self, keys: &[Key], stall: Duration) -> Cmd {
        let mut migrate = command(&["MIGRATE", &self.taker.host]);
        migrate.arg(self.taker.port).arg("").arg(0);
        migrate.arg(u64::try_from(stall.as_millis()).unwrap_or(u64::MAX));
        if self.conflict == KeyConflict::GiverWins {
            migrate.arg("REPLACE");
        }
        if let Some(found) = &self.taker.administrator {
            migrate.arg("AUTH2").arg(&found.user).arg(&found.password);
        }
        migrate.arg("KEYS");
        for (_, name) in keys {
            migrate.arg(name);
        }
        migrate
    }

    /// Moves keys one at a time, of which the taker has some, and drops those at the giver.
    async fn resolve(&mut self, keys: &[Key], stall: Duration) -> Result<(), EngineError> {
        for key in keys {
            let again = self.migrate(std::slice::from_ref(key), stall);
            match self.one(again).await? {
                Ok(_) => continue,
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(self.failure(&error)),
            }
            let mut forget = command(&["UNLINK"]);
            forget.arg(&key.1);
            self.one(forget).await?.map_err(|e| self.failure(&e))?;
        }
        Ok(())
    }

    async fn one(&mut self, command: Cmd) -> Result<RedisResult<Value>, EngineError> {
        let answers = self.connection.ask_each(vec![command]).await?;
        let first = answers.into_iter().next();
        first.ok_or_else(|| self.giver.refused("answered less than it was asked"))
    }

    /// Says whose failure it is: the giver passes on what it heard from the taker, or that it heard nothing.
    fn failure(&self, error: &RedisError) -> EngineError {
        let taker = format!("{}:{}", self.taker.host, self.taker.port);
        let text = error.to_string();
        match error {
            _ if error.code() == Some("IOERR") => EngineError::Unreachable {
                endpoint: taker,
                source: Some(std::io::Error::other(text)),
            },
            _ if text.contains("Target instance replied") && text.contains("LOADING") => {
                EngineError::Loading { endpoint: taker }
            }
            _ => refusal(self.giver, error),
        }
    }
}

/// Whether the taker has such a key already.
fn is_conflict(error: &RedisError) -> bool {
    error.to_string().contains("BUSYKEY")
}

/// Lets a node give slots away as a whole. The caller bounds the time.
pub(crate) async fn start(
    giver: &NodeEndpoint,
    moves: &[(SlotSet, String)],
) -> Result<(), EngineError> {
    let mut start = cluster(&["MIGRATESLOTS"]);
    for (slots, target_id) in moves {
        start.arg("SLOTSRANGE");
        for range in slots.ranges() {
            start.arg(range.first()).arg(range.last());
        }
        start.arg("NODE").arg(target_id);
    }
    converse(giver, vec![start]).await.map(drop)
}

/// The moves that a node takes part in or took part in lately. The caller bounds the time.
pub(crate) async fn list(node: &NodeEndpoint) -> Result<Vec<SlotMigration>, EngineError> {
    let answers = converse(node, vec![cluster(&["GETSLOTMIGRATIONS"])]).await?;
    let [answer] = exactly(node, answers)?;
    Ok(atomic::read(answer))
}

/// Gives up all that a node is giving away. The caller bounds the time.
pub(crate) async fn cancel(giver: &NodeEndpoint) -> Result<(), EngineError> {
    let cancel = cluster(&["CANCELSLOTMIGRATIONS"]);
    converse(giver, vec![cancel]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::engine::Protocol;

    /// The giver would serve nobody for as long as all of them take.
    #[tokio::test]
    async fn a_taker_that_hangs_is_waited_for_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let giver = NodeEndpoint {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            protocol: Protocol::Redis,
            encryption: None,
            administrator: None,
        };
        let hearing = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut heard, mut bytes) = (0, [0; 4096]);
            loop {
                let length = stream.read(&mut bytes).await.unwrap();
                if length == 0 {
                    return heard;
                }
                let text = String::from_utf8_lossy(&bytes[..length]);
                let told = text.matches("MIGRATE").count();
                heard += told;
                let answers = "-IOERR error or timeout reading to target instance\r\n".repeat(told);
                stream.write_all(answers.as_bytes()).await.unwrap();
            }
        });
        let taker = PrimaryAddress {
            host: "127.0.0.2".into(),
            port: 6379,
            administrator: None,
            encrypted: false,
        };
        let limits = MigrationLimits::default();
        let mut work = Move {
            giver: &giver,
            connection: Connection::open(&giver).await.unwrap(),
            taker: &taker,
            conflict: KeyConflict::GiverWins,
            limits: &limits,
        };
        let flight = Flight {
            keys: (0..20).map(|slot| (slot, b"key".to_vec())).collect(),
            bytes: 20,
        };
        let sent = work.send(&flight).await;
        assert!(
            matches!(sent, Err(EngineError::Unreachable { .. })),
            "{sent:?}"
        );
        drop(work);
        assert_eq!(hearing.await.unwrap(), 1);
    }

    #[test]
    fn a_flight_is_small_unless_it_is_a_single_key() {
        let key = |slot: u16| (slot, slot.to_string().into_bytes());
        let limits = MigrationLimits::default();
        let check = |bytes: &[u64], sizes: &[usize], large: usize| {
            let sized = (0u16..).zip(bytes).map(|(slot, bytes)| (key(slot), *bytes));
            let mut too_large = BTreeSet::new();
            let flights = flights(sized.collect(), &limits, &mut too_large);
            let found: Vec<usize> = flights.iter().map(|flight| flight.keys.len()).collect();
            assert_eq!((found.as_slice(), too_large.len()), (sizes, large));
        };
        check(&[], &[], 0);
        check(&[100; KEYS_PER_FLIGHT + 1], &[KEYS_PER_FLIGHT, 1], 0);
        let half = BYTES_PER_FLIGHT / 2;
        check(&[half, half, half], &[2, 1], 0);
        check(&[1, BYTES_PER_FLIGHT * 3, 1, 1], &[1, 1, 2], 0);
        check(&[1, limits.key_bytes + 1, 1], &[2], 1);
    }
}
