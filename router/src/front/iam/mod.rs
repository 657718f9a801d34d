//! Logging in with tokens of IAM.
//!
//! The front answers nobody: where a command logs in as a user whose passwords are tokens, the password in it is replaced, and the engine
//! judges. A token that holds becomes what the engine knows the user by, anything else becomes a password that no user has, so replies
//! keep their order, transactions their rules, and the engine its log of who was refused. A client is never told that password, and one
//! that had it could do nothing with it: as a password it is no token.
//!
//! - [`keys`]: whose tokens count, in a file of its own.
//! - [`token`]: whether one does.
//! - [`commands`]: where in a connection somebody logs in.

mod commands;
pub mod keys;
mod token;

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::forward::until_answered;
use commands::{Commands, Passwords};
use keys::KeyFile;

/// How long somebody stays who logged in with a token; another token begins it anew (behaviour.md, "IAM authentication").
const LOGIN_LIFE: Duration = Duration::from_hours(12);

/// What is read of a client at once, in bytes.
const CHUNK_BYTES: usize = 16 * 1024;

/// A password that no user has: they all are digits of an HMAC.
const NOBODYS: &[u8] = b"-";

/// Looks after who logs in on one connection.
struct Logins<'a> {
    keys: &'a KeyFile,
    /// When the connection ends, if somebody has logged in with a token. It stays so if another logs in later: whether that succeeds
    /// is the engine's to say.
    ends_at: watch::Sender<Option<Instant>>,
}

impl Passwords for Logins<'_> {
    fn replace(&mut self, user: &[u8], password: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys.keys();
        let user = std::str::from_utf8(user).ok()?;
        let known = keys.users.get(user)?;
        match token::check(password, user, &keys, now_seconds()) {
            Ok(()) => {
                self.ends_at.send_replace(Some(Instant::now() + LOGIN_LIFE));
                Some(known.0.clone().into_bytes())
            }
            Err(refused) => {
                // Whoever comes to the port can have tokens refused, as often as it likes.
                if let Some(left_out) = self.keys.refusals.admit(refused.kind(), Instant::now()) {
                    tracing::info!(user, reason = %refused.0, left_out, "a token was refused");
                }
                Some(NOBODYS.to_vec())
            }
        }
    }

    fn withhold(&mut self, user: &[u8]) -> Option<Vec<u8>> {
        let user = std::str::from_utf8(user).ok()?;
        let is_known = self.keys.keys().users.contains_key(user);
        is_known.then(|| NOBODYS.to_vec())
    }
}

/// Passes a connection on, in clear, and replaces tokens.
///
/// # Errors
/// Where either end breaks, the client says what no client says, or has been there for too long.
pub(super) async fn pass(
    client: impl AsyncRead + AsyncWrite + Unpin,
    engine: impl AsyncRead + AsyncWrite + Unpin,
    keys: &KeyFile,
) -> io::Result<()> {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_engine, mut to_engine) = split(engine);
    let (ends_at, mut ends) = watch::channel(None);
    let mut logins = Logins { keys, ends_at };
    let asks = async {
        let mut commands = Commands::new();
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut said = Vec::new();
        loop {
            let length = from_client.read(&mut chunk).await?;
            if length == 0 {
                return to_engine.shutdown().await;
            }
            let understood = commands.feed(&chunk[..length], &mut said, &mut logins);
            to_engine.write_all(&said).await?;
            to_engine.flush().await?;
            said.clear();
            if let Err(malformed) = understood {
                return Err(io::Error::new(io::ErrorKind::InvalidData, malformed.0));
            }
        }
    };
    let answers = async {
        copy(&mut from_engine, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::select! {
        ended = until_answered(asks, answers) => ended,
        () = is_over(&mut ends) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Returns when the last login has held for as long as it may.
async fn is_over(ends: &mut watch::Receiver<Option<Instant>>) {
    loop {
        let end = *ends.borrow_and_update();
        let over = async {
            match end {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => return,
            Ok(()) = ends.changed() => {}
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "tokens hold by the clock, which nothing else in this program needs"
)]
fn now_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests;
