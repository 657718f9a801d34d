//! The credentials file of a running server.

use std::path::PathBuf;
use std::time::Duration;

use cacheplane::callers::Callers;
use cacheplane::clock::Clock;
use tokio::sync::watch;

use super::{CREDENTIALS, Call, GOOD, outcome, verifying};
use crate::harness::Harness;

/// How long a change may take that is looked for twice a second.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// A server that verifies and follows its file, and where that is.
async fn following() -> (Harness, PathBuf, watch::Sender<bool>) {
    let harness = verifying().await;
    let Callers::Signed(credentials) = harness.world.callers.clone() else {
        panic!("it verifies nothing");
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(credentials.follow(Clock::System, stopped));
    let path = harness.directory().join("credentials");
    (harness, path, stop)
}

async fn status(harness: &Harness, call: &Call) -> u16 {
    outcome(harness, call.post()).await.0
}

async fn comes_to(harness: &Harness, call: &Call, expected: u16) {
    for _ in 0..TRIES {
        if status(harness, call).await == expected {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("{call:?} does not come to {expected}");
}

const NEW: &str = "[new]\naws_access_key_id = AKIANEW\naws_secret_access_key = new\n";

const NEWCOMER: Call = Call {
    key: "AKIANEW",
    secret: "new",
    ..GOOD
};

#[tokio::test]
async fn what_is_written_into_the_file_counts_without_a_restart() {
    let (harness, path, _stop) = following().await;
    assert_eq!(status(&harness, &GOOD).await, 200);
    assert_eq!(status(&harness, &NEWCOMER).await, 403);
    std::fs::write(&path, format!("{CREDENTIALS}{NEW}")).unwrap();
    comes_to(&harness, &NEWCOMER, 200).await;
    assert_eq!(status(&harness, &GOOD).await, 200);
    // Another secret under the same name.
    let changed = NEW.replace("= new", "= newer");
    std::fs::write(&path, format!("{CREDENTIALS}{changed}")).unwrap();
    let newer = Call {
        secret: "newer",
        ..NEWCOMER
    };
    comes_to(&harness, &newer, 200).await;
    assert_eq!(status(&harness, &NEWCOMER).await, 403);
    // What is taken out counts no more, while all others do.
    std::fs::write(&path, &changed).unwrap();
    comes_to(&harness, &GOOD, 403).await;
    assert_eq!(status(&harness, &newer).await, 200);
    std::fs::write(&path, "").unwrap();
    comes_to(&harness, &newer, 403).await;
    harness.finish().await;
}

/// An editor that empties the file first and writes it piece by piece locks nobody out.
#[tokio::test]
async fn nobody_is_locked_out_while_the_file_is_written() {
    let (harness, path, _stop) = following().await;
    let whole = format!("{NEW}{CREDENTIALS}");
    for _ in 0..3 {
        for length in (0..whole.len()).step_by(20) {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(status(&harness, &GOOD).await, 200, "{length}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    std::fs::write(&path, &whole).unwrap();
    comes_to(&harness, &NEWCOMER, 200).await;
    assert_eq!(status(&harness, &GOOD).await, 200);
    harness.finish().await;
}
