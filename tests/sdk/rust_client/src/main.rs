//! A customer's program on the `redis` crate's cluster client as it comes: its own retries, its own timeouts.
//!
//! `rust-cluster-client HOST PORT KEYS` writes and reads `rust:0` to `rust:KEYS-1` by turns until its input ends. It prints a line after
//! every hundred pairs, `done COUNT`; a line for each error that the client did not mend by itself, `error TEXT`; and for each value that
//! is not the last acknowledged one or one that was sent after it, `wrong TEXT`. In the end it reads all keys once more.
//!
//! `rust-cluster-client HOST PORT wait` writes `rust:1`, `rust:2` and so on, each followed by `WAIT 1 100`. `done COUNT` counts those that
//! a replica has acknowledged to the very connection that took the write; in the end it reads them all, `wrong TEXT` for each that is lost.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterConnection};
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, Commands, FromRedisValue, RedisError, RedisResult, cmd, from_redis_value};

/// Between two pairs.
const PAUSE: Duration = Duration::from_millis(2);

/// What became of a key.
#[derive(Default)]
struct Held {
    sent: u64,
    acknowledged: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, keys] = &arguments[..] else {
        panic!("HOST PORT KEYS|wait");
    };
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        end.store(true, Ordering::Relaxed);
    });
    let client = ClusterClient::new(vec![format!("redis://{host}:{port}")]).expect("a client");
    let mut connection = client.get_connection().expect("a connection");
    if keys == "wait" {
        return write_and_wait(&mut connection, &ended);
    }
    let keys: u64 = keys.parse().expect("a number of keys");
    let mut held: HashMap<u64, Held> = HashMap::new();
    let mut turn = 0;
    while !ended.load(Ordering::Relaxed) {
        // Client, engines and slots that move share the cores.
        std::thread::sleep(PAUSE);
        turn += 1;
        // All over the keys, in no order that slots know.
        let key = turn * 7919 % keys;
        let one = held.entry(key).or_default();
        one.sent = turn;
        match connection.set::<_, _, ()>(format!("rust:{key}"), turn) {
            Ok(()) => one.acknowledged = turn,
            Err(error) => println!("error SET: {error}"),
        }
        check(&mut connection, key, one);
        if turn % 100 == 0 {
            println!("done {turn}");
        }
    }
    for (key, one) in &held {
        check(&mut connection, *key, one);
    }
    println!("done {turn}");
}

fn check(connection: &mut ClusterConnection, key: u64, held: &Held) {
    match connection.get::<_, Option<u64>>(format!("rust:{key}")) {
        Ok(found) => {
            let found = found.unwrap_or_default();
            if !(held.acknowledged..=held.sent).contains(&found) {
                println!("wrong rust:{key} is {found}, not {}", held.acknowledged);
            }
        }
        Err(error) => println!("error GET: {error}"),
    }
}

fn write_and_wait(connection: &mut ClusterConnection, ended: &AtomicBool) {
    let mut acknowledged = Vec::new();
    let mut number = 0;
    while !ended.load(Ordering::Relaxed) {
        std::thread::sleep(PAUSE);
        number += 1;
        match is_acknowledged(connection, number) {
            Ok(true) => {
                acknowledged.push(number);
                println!("done {}", acknowledged.len());
            }
            Ok(false) => {}
            Err(error) => println!("error SET: {error}"),
        }
    }
    for number in &acknowledged {
        match connection.get::<_, Option<u64>>(format!("rust:{number}")) {
            Ok(Some(found)) if found == *number => {}
            Ok(found) => println!("wrong rust:{number} is {found:?}"),
            Err(error) => println!("wrong rust:{number} cannot be read: {error}"),
        }
    }
    println!("done {}", acknowledged.len());
}

/// Writes a number. `WAIT` speaks of what the connection has written that it comes by, and this client may have made another one since: so
/// both must have gone by the same.
fn is_acknowledged(connection: &mut ClusterConnection, number: u64) -> RedisResult<bool> {
    let key = format!("rust:{number}");
    let slot = crc16::State::<crc16::XMODEM>::calculate(key.as_bytes()) % 16384;
    let route = Route::new(slot, SlotAddr::Master);
    let route = RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(route));
    let before = whom(connection, &route)?;
    let _: String = ask(connection, &route, cmd("SET").arg(key).arg(number))?;
    let reached: u64 = ask(connection, &route, cmd("WAIT").arg(1).arg(100))?;
    Ok(reached > 0 && whom(connection, &route)? == before)
}

/// The node and the connection that commands with this route go by.
fn whom(connection: &mut ClusterConnection, route: &RoutingInfo) -> RedisResult<(String, u64)> {
    let node = ask(connection, route, cmd("CLUSTER").arg("MYID"))?;
    Ok((node, ask(connection, route, cmd("CLIENT").arg("ID"))?))
}

fn ask<T: FromRedisValue>(
    connection: &mut ClusterConnection,
    route: &RoutingInfo,
    command: &Cmd,
) -> RedisResult<T> {
    let answer = connection.route_command(command, route.clone())?;
    from_redis_value(answer).map_err(RedisError::from)
}
