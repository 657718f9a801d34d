//! A front's port, and which way a connection goes.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::config::{Config, Tls};
use super::iam::keys::SharedKeys;
use super::session;
use super::tls::SharedCertificate;
use crate::Limits;
use crate::connect::tune;
use crate::plane::CONNECTIONS_PER_PIPE;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;

/// How long to wait when the kernel has no descriptor for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often it is said at most that there are too many connections.
const FULL_SAID_EVERY: Duration = Duration::from_secs(60);

/// The first byte of a TLS connection: a record of the kind `handshake` (RFC 8446, 5.1). No command of the engines begins with it.
const TLS_HANDSHAKE: u8 = 0x16;

/// Takes the node's port.
pub(super) fn bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))?;
    socket.listen(BACKLOG)
}

/// What every connection shares.
struct Front {
    config: watch::Receiver<Arc<Config>>,
    certificate: SharedCertificate,
    keys: SharedKeys,
    pipes: Semaphore,
    silence_max: Duration,
}

/// Serves connections for ever, at most so many at once as `limits` say.
pub(super) async fn serve(
    listener: TcpListener,
    config: watch::Receiver<Arc<Config>>,
    limits: Limits,
) {
    let connections_max = limits.connections_max;
    let connections = Arc::new(Semaphore::new(connections_max as usize));
    let front = Arc::new(Front {
        config,
        certificate: SharedCertificate::default(),
        keys: SharedKeys::default(),
        pipes: Semaphore::new((connections_max / CONNECTIONS_PER_PIPE).max(1) as usize),
        silence_max: limits.silence_max,
    });
    let mut said_full_at: Option<Instant> = None;
    loop {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            Err(error) => {
                tracing::warn!(%error, "accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else {
            if said_full_at.is_none_or(|at| at.elapsed() >= FULL_SAID_EVERY) {
                tracing::warn!(
                    connections_max,
                    "a front has all the connections that it can have, and hangs up on others"
                );
                said_full_at = Some(Instant::now());
            }
            continue;
        };
        let front = Arc::clone(&front);
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(error) = front.go(client).await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}

impl Front {
    /// Chooses a connection's way by its first byte, and goes it for as long as it is open.
    async fn go(&self, client: TcpStream) -> io::Result<()> {
        tune(&client)?;
        let mut first = [0];
        // The engine does not know of it yet, so neither does its `timeout`; whoever has said anything is the engine's, with that.
        let heard = tokio::time::timeout(self.silence_max, client.peek(&mut first)).await;
        if heard.unwrap_or(Ok(0))? == 0 {
            return Ok(());
        }
        let config = Arc::clone(&self.config.borrow());
        if first[0] == TLS_HANDSHAKE {
            let Some(tls) = &config.tls else {
                return Ok(());
            };
            let closed = self.changed(|now| now.tls.as_ref() != Some(tls));
            tokio::select! {
                ended = self.secure(client, tls) => ended,
                () = closed => Ok(()),
            }
        } else {
            let Some(port) = config.plain else {
                return Ok(());
            };
            let closed = self.changed(|now| now.plain != Some(port));
            tokio::select! {
                ended = session::pass(client, port, &self.pipes) => ended,
                () = closed => Ok(()),
            }
        }
    }

    /// Returns when the configuration is so.
    async fn changed(&self, is_so: impl Fn(&Config) -> bool) {
        let mut config = self.config.clone();
        // The sender lives as long as the front.
        let _ = config.wait_for(|now| is_so(now)).await;
    }

    /// Goes the way of TLS.
    async fn secure(&self, client: TcpStream, tls: &Tls) -> io::Result<()> {
        match tls {
            Tls::Forward { port } => session::pass(client, *port, &self.pipes).await,
            Tls::Terminate {
                certificate,
                socket,
                tokens,
            } => {
                let certificate = self.certificate.at(certificate);
                let keys = self.keys.at(tokens);
                session::terminate(client, &certificate, socket, &keys).await
            }
        }
    }
}
