//! The two halves of a conversation, and the queue between them.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, error::TryRecvError};
use tokio::time::Instant;

use super::discovery;
use super::step::{Begins, Protocol, Replies, Requests, Step};
use crate::endpoint::Endpoint;
use crate::front::tls::Authority;
use crate::stream::{self, Reads, Writes};
use crate::table::{Kind, Target};

/// Bytes read at once, and held before they are passed on.
const CHUNK_BYTES: usize = 16 << 10;
/// Answers of ours that may wait for a node's; beyond that the client is not read.
const TURNS_MAX: usize = 64;
/// How long a node has to finish its replies to a client whose requests became unreadable.
const REFUSED_LINGER: Duration = Duration::from_secs(5);

/// Something for the replying half, in the order of the client's requests.
enum Turn {
    /// There is a node now.
    Node { replies: Reads, protocol: Protocol },
    /// Say this; all that comes before it has been said, or waits in the queue before this.
    Now { answer: Bytes },
    /// Say this in place of the next mark's reply.
    AtMark { answer: Bytes },
    /// Let the next mark's reply through: the client sent that request itself.
    TheirMark,
}

/// Serves one client until either side is done, or it has asked for nothing in `silence_max`: no node knows of it, whose own limit of idle
/// time would count.
///
/// # Errors
/// The client's connection's; a node's end closes the conversation without one.
pub(crate) async fn serve(
    endpoint: &Endpoint,
    client: TcpStream,
    silence_max: Duration,
    connected: &OnceLock<Target>,
) -> io::Result<()> {
    let tls = match &*endpoint.kind() {
        Kind::MemcachedDiscovery(discovery) => discovery.tls.clone(),
        Kind::Forward(_) | Kind::Unknown(_) => None,
    };
    let (client_reads, client_writes) = match &tls {
        None => stream::plain(client),
        Some(tls) => {
            let certificate = endpoint.certificate.at(&tls.certificate);
            stream::secure(certificate.accept(client).await?.into())
        }
    };
    let (turns, queue) = mpsc::channel(TURNS_MAX);
    let asking = Asking {
        endpoint,
        connected,
        authority: tls.map(|tls| Authority::new(tls.authority)),
        client: client_reads,
        turns,
        node: None,
        protocol: Protocol::Ascii,
        out: BytesMut::new(),
        owed: false,
        silent_until: Some(Instant::now() + silence_max),
    };
    let replying = Replying {
        endpoint,
        client: client_writes,
        queue,
        queue_open: true,
        front: None,
        node: None,
        input: BytesMut::new(),
    };
    let replying = replying.run();
    tokio::pin!(replying);
    let end = tokio::select! {
        replied = &mut replying => return replied,
        asked = asking.run() => asked?,
    };
    match end {
        // The client may have closed only its half, and waits for what it asked for.
        End::Heard => replying.await,
        End::Refused => match tokio::time::timeout(REFUSED_LINGER, replying).await {
            Ok(replied) => replied,
            Err(_) => Ok(()),
        },
        // Nothing can be answered any more: whoever gets a closed connection tries again.
        End::NoTarget | End::Silent => Ok(()),
    }
}

/// Why the asking half stopped.
enum End {
    /// Everything was heard and passed on.
    Heard,
    /// The client's requests can't be told apart any more.
    Refused,
    /// No target takes a connection.
    NoTarget,
    /// Nothing was asked for in all the time that there was for it.
    Silent,
}

/// Reads the client, writes the node.
struct Asking<'a> {
    endpoint: &'a Endpoint,
    connected: &'a OnceLock<Target>,
    /// Who vouches for nodes, where they speak TLS.
    authority: Option<Authority>,
    client: Reads,
    turns: mpsc::Sender<Turn>,
    node: Option<Writes>,
    protocol: Protocol,
    /// What waits to be written to the node.
    out: BytesMut,
    /// Whether a node may still have something to say that no mark has been sent after.
    owed: bool,
    /// When the client must have asked for something; none once it has.
    silent_until: Option<Instant>,
}

impl Asking<'_> {
    async fn run(mut self) -> io::Result<End> {
        let mut input = BytesMut::new();
        let mut requests = None;
        loop {
            if requests.is_none() {
                requests = Requests::begin(&input);
            }
            if let Some(requests) = &mut requests {
                self.protocol = requests.protocol();
                while let Some(step) = requests.step(&mut input) {
                    self.silent_until = None;
                    if let Some(end) = self.act(step).await? {
                        self.flush().await;
                        return Ok(end);
                    }
                }
            }
            self.flush().await;
            // A client that says nothing holds no buffer.
            let reading = self.client.read(&mut input, CHUNK_BYTES);
            let read = match self.silent_until {
                None => reading.await?,
                Some(end) => match tokio::time::timeout_at(end, reading).await {
                    Ok(read) => read?,
                    Err(_) => return Ok(End::Silent),
                },
            };
            if read == 0 {
                break;
            }
            self.endpoint.counters.received_bytes.add(read as u64);
        }
        if let Some(node) = &mut self.node {
            // Its failure is the node's end, which the replying half sees too.
            let _ = node.shutdown().await;
        }
        Ok(End::Heard)
    }

    async fn act(&mut self, step: Step) -> io::Result<Option<End>> {
        match step {
            Step::Forward { bytes, begins } => return self.forward(bytes, begins).await,
            Step::Discover { form } => {
                let answer = match &*self.endpoint.kind() {
                    Kind::MemcachedDiscovery(config) => discovery::answer(config, form),
                    // The route became another kind, which closes this connection.
                    Kind::Forward(_) | Kind::Unknown(_) => return Ok(Some(End::NoTarget)),
                };
                self.endpoint.counters.discoveries.add(1);
                self.say(answer).await;
            }
            Step::Say { answer } => self.say(answer).await,
            Step::Refuse { answer } => {
                self.say(answer).await;
                self.flush().await;
                if let Some(node) = &mut self.node {
                    let _ = node.shutdown().await;
                }
                return Ok(Some(End::Refused));
            }
            Step::Quit { bytes } => {
                if self.node.is_none() {
                    return Ok(Some(End::Heard));
                }
                // The node closes, and with it the conversation.
                self.out.extend_from_slice(&bytes);
            }
        }
        Ok(None)
    }

    async fn forward(&mut self, bytes: Bytes, begins: Begins) -> io::Result<Option<End>> {
        let (refusal, marked) = match begins {
            Begins::Nothing if self.node.is_none() => return Ok(None),
            Begins::Nothing => (Bytes::new(), false),
            Begins::Command { refusal } => (refusal, false),
            Begins::Marked { refusal } => (refusal, true),
        };
        if self.node.is_none() {
            let kind = self.endpoint.kind();
            if kind.targets().is_empty() {
                if !refusal.is_empty() {
                    self.say(refusal).await;
                }
                return Ok(None);
            }
            if !self.connect().await {
                return Ok(Some(End::NoTarget));
            }
        }
        if marked {
            self.flush().await;
            self.take_turn(Turn::TheirMark).await;
        }
        self.out.extend_from_slice(&bytes);
        self.owed = !marked;
        if self.out.len() >= CHUNK_BYTES {
            self.flush().await;
        }
        Ok(None)
    }

    /// Finds a node, once per conversation.
    async fn connect(&mut self) -> bool {
        let Some((target, node)) = self.endpoint.connect_to_target().await else {
            return false;
        };
        let (replies, requests) = match &self.authority {
            None => stream::plain(node),
            Some(authority) => match authority.connect(target.address, node).await {
                Ok(node) => stream::secure(node.into()),
                Err(error) => {
                    tracing::warn!(route.id = self.endpoint.id, %error, "a target is not believed");
                    return false;
                }
            },
        };
        // Said before it is used, so that a table without this target closes the conversation.
        let _ = self.connected.set(target);
        self.node = Some(requests);
        self.take_turn(Turn::Node {
            replies,
            protocol: self.protocol,
        })
        .await;
        true
    }

    /// Answers the client, after everything that was asked before.
    async fn say(&mut self, answer: Bytes) {
        if !self.owed {
            self.take_turn(Turn::Now { answer }).await;
            return;
        }
        // What is owed goes first: waiting for a place in the queue while the node has not heard
        // what would empty it would be waiting for ever.
        self.flush().await;
        self.take_turn(Turn::AtMark { answer }).await;
        self.out.extend_from_slice(self.protocol.mark());
        self.owed = false;
    }

    async fn take_turn(&mut self, turn: Turn) {
        // Without a receiver the conversation is over, and this half is about to be dropped.
        let _ = self.turns.send(turn).await;
    }

    async fn flush(&mut self) {
        if self.out.is_empty() {
            return;
        }
        if let Some(node) = &mut self.node {
            // A node that no longer reads may still have replies on their way; the replying half
            // reads them to their end, and with that the conversation is over.
            let _ = node.write_all(&self.out).await;
        }
        if self.out.capacity() > 2 * CHUNK_BYTES {
            self.out = BytesMut::new();
        } else {
            self.out.clear();
        }
    }
}

/// Reads the node, writes the client.
struct Replying<'a> {
    endpoint: &'a Endpoint,
    client: Writes,
    queue: mpsc::Receiver<Turn>,
    queue_open: bool,
    /// The turn that waits for a mark.
    front: Option<Turn>,
    node: Option<(Reads, Replies)>,
    input: BytesMut,
}

impl Replying<'_> {
    async fn run(mut self) -> io::Result<()> {
        loop {
            self.take_due_turns().await?;
            let Some((node, _)) = &mut self.node else {
                // Without a node every turn is due.
                match self.queue.recv().await {
                    Some(turn) => self.take(turn).await?,
                    None => break,
                }
                continue;
            };
            let may_take = self.queue_open && self.front.is_none();
            tokio::select! {
                biased;
                turn = self.queue.recv(), if may_take => match turn {
                    Some(turn) => self.take(turn).await?,
                    None => self.queue_open = false,
                },
                read = node.read(&mut self.input, CHUNK_BYTES) => match read {
                    // A reset is how a killed node ends; the client is told by our end.
                    Ok(0) | Err(_) => {
                        let rest = std::mem::take(&mut self.input);
                        self.pass(&rest).await?;
                        break;
                    }
                    Ok(_) => self.relay().await?,
                },
            }
        }
        self.client.shutdown().await
    }

    /// Takes every turn that needs no mark, up to the first that does.
    async fn take_due_turns(&mut self) -> io::Result<()> {
        while self.front.is_none() {
            match self.queue.try_recv() {
                Ok(turn) => self.take(turn).await?,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        Ok(())
    }

    async fn take(&mut self, turn: Turn) -> io::Result<()> {
        match turn {
            Turn::Node { replies, protocol } => {
                self.node = Some((replies, Replies::new(protocol)));
                Ok(())
            }
            Turn::Now { answer } => self.pass(&answer).await,
            Turn::AtMark { .. } | Turn::TheirMark => {
                self.front = Some(turn);
                Ok(())
            }
        }
    }

    /// Passes on what the node said, with our answers in the place of their marks.
    async fn relay(&mut self) -> io::Result<()> {
        loop {
            self.take_due_turns().await?;
            let Some((_, replies)) = &mut self.node else {
                return Ok(());
            };
            let scan = replies.scan(&self.input);
            if scan.pass > 0 {
                let bytes = self.input.split_to(scan.pass);
                self.pass(&bytes).await?;
            }
            let Some(mark_bytes) = scan.mark else {
                return Ok(());
            };
            match self.front.take() {
                Some(Turn::AtMark { answer }) => {
                    self.input.advance(mark_bytes);
                    self.pass(&answer).await?;
                }
                // The client's own, or a node that says what nobody asked.
                Some(Turn::TheirMark | Turn::Now { .. } | Turn::Node { .. }) | None => {
                    let bytes = self.input.split_to(mark_bytes);
                    self.pass(&bytes).await?;
                }
            }
        }
    }

    async fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.client.write_all(bytes).await?;
        self.endpoint.counters.sent_bytes.add(bytes.len() as u64);
        Ok(())
    }
}
