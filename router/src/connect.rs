//! Choosing a target and connecting to it.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::sockopt;
use tokio::net::TcpStream;

use crate::metrics::RouteCounters;
use crate::table::{Kind, Target};

/// How long one target has to take a connection while there are others. On one host or in one rack this takes less than a
/// millisecond; a first packet that was lost is not waited for, since the next target has the client sooner.
const CONNECT_DEADLINE: Duration = Duration::from_millis(500);
/// How long the last one has: there is nobody left to try, and a busy machine may need it for many clients at once.
const LAST_CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// How many targets are tried for one client.
const ATTEMPTS_MAX: usize = 4;
/// How long a target that took no connection is tried last.
const SHUNNED_FOR: Duration = Duration::from_secs(5);

/// After this long without a byte, the kernel asks whether the peer is still there, so that
/// connections of hosts that vanished do not stay for ever.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_PROBES: u32 = 6;

/// Whose turn it is among a route's targets.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    next: AtomicUsize,
    failed_at: Mutex<HashMap<Target, Instant>>,
}

impl Turns {
    /// The targets to try for the next connection, best first: in turn, those that failed lately
    /// after the others, the fallback ones after all; a bounded number.
    fn order(&self, kind: &Kind, now: Instant) -> Vec<Target> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let mut failed_at = self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failed_at.retain(|_, at| now.duration_since(*at) < SHUNNED_FOR);
        let mut order = Vec::new();
        for group in [kind.targets(), kind.fallback_targets()] {
            let mut group: Vec<_> = group.to_vec();
            if !group.is_empty() {
                let first = turn % group.len();
                group.rotate_left(first);
            }
            // A stable sort: the turn decides among equals.
            group.sort_by_key(|target| failed_at.contains_key(target));
            group.truncate(ATTEMPTS_MAX);
            order.extend(group);
        }
        order
    }

    fn record_failure(&self, target: &Target, now: Instant) {
        let mut failed_at = self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        failed_at.insert(target.clone(), now);
    }
}

/// Connects to one of a route's targets.
///
/// # Errors
/// The last target's, when none takes the connection.
pub(crate) async fn connect(
    kind: &Kind,
    turns: &Turns,
    counters: &RouteCounters,
) -> io::Result<(Target, TcpStream)> {
    let mut last = io::Error::new(io::ErrorKind::NotConnected, "the route has no targets");
    let mut targets = turns.order(kind, Instant::now()).into_iter().peekable();
    while let Some(target) = targets.next() {
        let deadline = match targets.peek() {
            Some(_) => CONNECT_DEADLINE,
            None => LAST_CONNECT_DEADLINE,
        };
        let attempt = TcpStream::connect(target.socket_address());
        let outcome = match tokio::time::timeout(deadline, attempt).await {
            Ok(outcome) => outcome,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no answer to a connect",
            )),
        };
        match outcome.and_then(|stream| tune(&stream).map(|()| stream)) {
            Ok(stream) => return Ok((target, stream)),
            Err(error) => {
                tracing::debug!(target.address = %target.socket_address(), %error, "a target takes no connection");
                counters.connect_failures.add(1);
                turns.record_failure(&target, Instant::now());
                last = error;
            }
        }
    }
    Err(last)
}

/// Sets what every connection of ours has: no delay for small writes, and keepalive.
///
/// # Errors
/// The kernel's; a connection that is already gone, for one.
pub(crate) fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_PROBES)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Forward;

    fn target(port: u16) -> Target {
        Target {
            address: [127, 0, 0, 1].into(),
            port,
        }
    }

    fn ports(turns: &Turns, targets: &[u16], fallback: &[u16], now: Instant) -> Vec<u16> {
        let list = |ports: &[u16]| ports.iter().copied().map(target).collect();
        let kind = Kind::Forward(Forward {
            targets: list(targets),
            fallback_targets: list(fallback),
        });
        turns
            .order(&kind, now)
            .iter()
            .map(|target| target.port)
            .collect()
    }

    #[test]
    fn targets_take_turns_and_fallback_comes_after() {
        let (turns, now) = (Turns::default(), Instant::now());
        assert_eq!(ports(&turns, &[1, 2, 3], &[9], now), [1, 2, 3, 9]);
        assert_eq!(ports(&turns, &[1, 2, 3], &[9], now), [2, 3, 1, 9]);
        assert_eq!(ports(&turns, &[], &[9], now), [9]);
        assert_eq!(ports(&turns, &[], &[], now), [0u16; 0]);
    }

    #[test]
    fn a_failed_target_is_last_for_a_while_and_tries_are_bounded() {
        let (turns, now) = (Turns::default(), Instant::now());
        turns.record_failure(&target(1), now);
        assert_eq!(ports(&turns, &[1, 2], &[], now), [2, 1]);
        assert_eq!(ports(&turns, &[1, 2], &[], now), [2, 1]);
        assert_eq!(ports(&turns, &[1, 2], &[], now + SHUNNED_FOR), [1, 2]);
        let many: Vec<u16> = (1..=9).collect();
        assert_eq!(ports(&turns, &many, &[], now).len(), ATTEMPTS_MAX);
    }
}
