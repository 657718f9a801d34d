//! A customer's program on the `redis` crate's cluster client as it comes: its own retries, its own timeouts.
//!
//! `rust-cluster-client HOST PORT KEYS` writes and reads `rust:0` to `rust:KEYS-1` by turns until its input ends. It prints a line after
//! every hundred pairs, `done COUNT`; a line for each error that the client did not mend by itself, `error TEXT`; and for each value that
//! is not the last acknowledged one or one that was sent after it, `wrong TEXT`. In the end it reads all keys once more.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::Commands;
use redis::cluster::{ClusterClient, ClusterConnection};

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
        panic!("HOST PORT KEYS");
    };
    let keys: u64 = keys.parse().expect("a number of keys");
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        end.store(true, Ordering::Relaxed);
    });
    let client = ClusterClient::new(vec![format!("redis://{host}:{port}")]).expect("a client");
    let mut connection = client.get_connection().expect("a connection");
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
