//! One route at work: its listener, its connections, and what is known of both.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::address::Held;
use crate::connect::{Turns, connect, tune};
use crate::front::tls::SharedCertificate;
use crate::metrics::RouteCounters;
use crate::table::{Kind, Listen, Target};
use crate::{forward, memcached};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 1024;
/// How long to wait before a listener that could not be opened is tried again, at first and at most.
const BIND_PAUSE_MIN: Duration = Duration::from_millis(50);
const BIND_PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long to wait when the kernel has no descriptor for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a client waits for a connection to any target, whatever is pushed meanwhile.
const CONNECT_DEADLINE: Duration = Duration::from_secs(15);

/// Whether a route takes connections.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Listening {
    /// It has not tried yet.
    Starting,
    /// It does, here.
    At(SocketAddr),
    /// It does not, for this reason; it keeps trying.
    Waiting(String),
}

/// A route, as its listener and its connections share it.
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) listen: Listen,
    pub(crate) counters: RouteCounters,
    kind: watch::Receiver<Arc<Kind>>,
    /// One permit for every pipe.
    pub(crate) pipes: Arc<Semaphore>,
    listening: watch::Sender<Listening>,
    turns: Turns,
    /// What clients are shown, where the route is encrypted.
    pub(crate) certificate: SharedCertificate,
}

impl Endpoint {
    /// A route that ends when the sender of its kind is dropped.
    pub(crate) fn new(
        id: String,
        listen: Listen,
        kind: watch::Receiver<Arc<Kind>>,
        pipes: Arc<Semaphore>,
    ) -> Self {
        Self {
            id,
            listen,
            counters: RouteCounters::default(),
            kind,
            pipes,
            listening: watch::Sender::new(Listening::Starting),
            turns: Turns::default(),
            certificate: SharedCertificate::default(),
        }
    }

    /// What the route does now.
    pub(crate) fn kind(&self) -> Arc<Kind> {
        Arc::clone(&self.kind.borrow())
    }

    /// Whether it takes connections now.
    pub(crate) fn listening(&self) -> Listening {
        self.listening.borrow().clone()
    }

    /// Returns when it is known whether the route can listen.
    pub(crate) async fn started(&self) {
        let mut listening = self.listening.subscribe();
        // The sender lives as long as this does.
        let _ = listening
            .wait_for(|listening| *listening != Listening::Starting)
            .await;
    }

    /// Connects to a target that the route has at the end of it, too. Nobody waits for a target that a push takes away: its
    /// host may be gone, and then it would not even refuse.
    pub(crate) async fn connect_to_target(&self) -> Option<(Target, TcpStream)> {
        let connecting = async {
            let mut kinds = self.kind.clone();
            loop {
                let kind = Arc::clone(&kinds.borrow_and_update());
                tokio::select! {
                    biased;
                    pushed = kinds.changed() => pushed.ok()?,
                    connected = connect(&kind, &self.turns, &self.counters) => {
                        let (target, stream) = connected.ok()?;
                        if self.kind().has_target(&target) {
                            return Some((target, stream));
                        }
                    }
                }
            }
        };
        tokio::time::timeout(CONNECT_DEADLINE, connecting)
            .await
            .ok()
            .flatten()
    }

    /// Returns when the route is removed, or loses the target that is connected to.
    async fn lost(&self, connected: &OnceLock<Target>) {
        let mut kind = self.kind.clone();
        loop {
            if kind.changed().await.is_err() {
                return;
            }
            if connected
                .get()
                .is_some_and(|target| !kind.borrow().has_target(target))
            {
                return;
            }
        }
    }

    /// Returns when the route is removed.
    async fn removed(&self) {
        let mut kind = self.kind.clone();
        while kind.changed().await.is_ok() {}
    }

    fn record_listening(&self, now: Listening) {
        self.listening.send_if_modified(|before| {
            let changed = *before != now;
            if changed {
                match &now {
                    Listening::Starting => {}
                    Listening::At(address) => {
                        tracing::info!(route.id = self.id, listen = %address, "a route listens");
                    }
                    Listening::Waiting(reason) => {
                        tracing::warn!(route.id = self.id, reason, "a route can't listen yet");
                    }
                }
                *before = now;
            }
            changed
        });
    }
}

/// What every route needs from the router.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// Which addresses are on our interfaces.
    pub(crate) addresses: watch::Receiver<Held>,
    /// One permit for every client connection.
    pub(crate) connections: Arc<Semaphore>,
    /// True once the router takes no more connections.
    pub(crate) stopping: watch::Receiver<bool>,
    /// How long a client that no node knows of yet may be silent.
    pub(crate) silence_max: Duration,
}

/// Listens for a route until it is removed or the router stops; connections go on by themselves.
pub(crate) async fn listen(endpoint: Arc<Endpoint>, mut around: Surroundings) {
    let mut stopping = around.stopping.clone();
    tokio::select! {
        () = endpoint.removed() => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = take_connections(&endpoint, &mut around) => {}
    }
}

async fn take_connections(endpoint: &Arc<Endpoint>, around: &mut Surroundings) {
    if let Kind::Unknown(kind) = &*endpoint.kind() {
        let reason = format!("this router does not know the kind {kind}");
        endpoint.record_listening(Listening::Waiting(reason));
        return std::future::pending().await;
    }
    let hold = endpoint.listen.address_to_hold();
    let listener = open(endpoint, hold, &mut around.addresses).await;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => admit(endpoint, around, client),
                Err(error) => {
                    tracing::warn!(route.id = endpoint.id, %error, "accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            changed = around.addresses.changed() => {
                if changed.is_err() {
                    // Only the router's end drops the sender.
                    return;
                }
                // The socket outlives its address, and serves again when that comes back.
                match missing(hold, &around.addresses) {
                    Some(reason) => endpoint.record_listening(Listening::Waiting(reason)),
                    None => record_address(endpoint, &listener),
                }
            }
        }
    }
}

/// Opens the listener, however long it takes until its address is there and free.
async fn open(
    endpoint: &Endpoint,
    hold: Option<IpAddr>,
    addresses: &mut watch::Receiver<Held>,
) -> TcpListener {
    let mut pause = BIND_PAUSE_MIN;
    loop {
        addresses.mark_unchanged();
        let reason = match missing(hold, addresses) {
            Some(reason) => reason,
            None => match bind(endpoint.listen.socket_address()) {
                Ok(listener) => {
                    record_address(endpoint, &listener);
                    return listener;
                }
                Err(error) => format!("listen on {}: {error}", endpoint.listen.socket_address()),
            },
        };
        // Empty: the address has not been looked for yet.
        if !reason.is_empty() {
            endpoint.record_listening(Listening::Waiting(reason));
        }
        tokio::select! {
            _ = addresses.changed() => {}
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(BIND_PAUSE_MAX),
        }
    }
}

/// Why the address is not there; none when it is, or when none is needed.
fn missing(hold: Option<IpAddr>, addresses: &watch::Receiver<Held>) -> Option<String> {
    match addresses.borrow().get(&hold?) {
        Some(Ok(())) => None,
        Some(Err(reason)) => Some(reason.clone()),
        None => Some(String::new()),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Connections of an earlier life of this route may still be ending.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn record_address(endpoint: &Endpoint, listener: &TcpListener) {
    let address = listener
        .local_addr()
        .unwrap_or(endpoint.listen.socket_address());
    endpoint.record_listening(Listening::At(address));
}

fn admit(endpoint: &Arc<Endpoint>, around: &Surroundings, client: TcpStream) {
    let Ok(permit) = Arc::clone(&around.connections).try_acquire_owned() else {
        // Closed at once, which a client understands; waiting in a queue it would not.
        endpoint.counters.refused.add(1);
        return;
    };
    let silence_max = around.silence_max;
    tokio::spawn(serve(Arc::clone(endpoint), client, silence_max, permit));
}

/// Counts a connection for as long as it is held, even if serving it panics.
struct Open<'a>(&'a RouteCounters);

impl<'a> Open<'a> {
    fn new(counters: &'a RouteCounters) -> Self {
        counters.accepted.add(1);
        Self(counters)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.closed.add(1);
    }
}

async fn serve(
    endpoint: Arc<Endpoint>,
    client: TcpStream,
    silence_max: Duration,
    _permit: OwnedSemaphorePermit,
) {
    let _open = Open::new(&endpoint.counters);
    let connected = OnceLock::new();
    let conversation = async {
        tune(&client)?;
        let kind = endpoint.kind();
        match &*kind {
            Kind::MemcachedDiscovery(_) => {
                memcached::serve(&endpoint, client, silence_max, &connected).await
            }
            Kind::Forward(_) => forward::serve(&endpoint, client, &connected).await,
            Kind::Unknown(_) => Ok(()),
        }
    };
    tokio::select! {
        ended = conversation => if let Err(error) = ended {
            tracing::debug!(route.id = endpoint.id, %error, "a connection ended");
        },
        () = endpoint.lost(&connected) => {
            tracing::debug!(route.id = endpoint.id, "a connection's target left the route");
        }
    }
}
