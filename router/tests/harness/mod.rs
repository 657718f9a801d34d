//! A router in this process, nodes to stand behind it, and clients to talk to it.

// Each test program takes what it needs.
#![allow(dead_code)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cacheplane_router::plane::Plane;
use cacheplane_router::state::State;
use cacheplane_router::{Limits, Token, control};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub(crate) const TOKEN: &str = "a token for tests";
/// Nothing here should take longer; it bounds every wait.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A router with its control API, ended with the test's runtime.
pub(crate) struct Router {
    pub(crate) plane: Plane,
    pub(crate) control: SocketAddr,
    _state: tempfile::TempDir,
}

impl Router {
    pub(crate) async fn start() -> Self {
        Self::with_connections_max(10_000).await
    }

    pub(crate) async fn with_connections_max(connections_max: u32) -> Self {
        // Longer than any test takes.
        Self::with_limits(connections_max, Duration::from_mins(10)).await
    }

    pub(crate) async fn with_limits(connections_max: u32, silence_max: Duration) -> Self {
        let state = tempfile::tempdir().unwrap();
        let limits = Limits {
            connections_max,
            silence_max,
        };
        let plane = Plane::new(State::open(state.path()).unwrap(), limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let control = listener.local_addr().unwrap();
        tokio::spawn(control::serve(
            listener,
            plane.clone(),
            Token::new(TOKEN.to_owned()),
        ));
        Self {
            plane,
            control,
            _state: state,
        }
    }

    /// Pushes a table that must be taken, and returns the report.
    pub(crate) async fn put(&self, generation: u64, routes: &[Value]) -> Value {
        let (status, report) = put(self.control, TOKEN, &table(generation, routes)).await;
        assert_eq!(status, 200, "{report}");
        report
    }

    pub(crate) async fn report(&self) -> Value {
        let (status, body) = http(self.control, "GET", "/routes", Some(TOKEN), b"").await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn metric(&self, name: &str, route: &str) -> u64 {
        let (status, text) = http(self.control, "GET", "/metrics", Some(TOKEN), b"").await;
        assert_eq!(status, 200);
        let start = format!("cacheplane_router_{name}{{route=\"{route}\",");
        let line = text.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("no {start} in {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

pub(crate) fn table(generation: u64, routes: &[Value]) -> Value {
    json!({ "generation": generation, "routes": routes })
}

pub(crate) fn listen() -> Value {
    json!({ "address": "127.0.0.1", "prefix_length": 8, "port": 0 })
}

fn targets(addresses: &[SocketAddr]) -> Value {
    addresses
        .iter()
        .map(|at| json!({ "address": at.ip(), "port": at.port() }))
        .collect()
}

/// A configuration endpoint whose nodes are its targets.
pub(crate) fn discovery(id: &str, version: u64, nodes: &[SocketAddr]) -> Value {
    let listed: Value = nodes
        .iter()
        .map(|at| json!({ "host": at.ip().to_string(), "address": at.ip().to_string(), "port": at.port() }))
        .collect();
    json!({ "id": id, "listen": listen(), "kind": { "memcached_discovery": {
        "config_version": version, "nodes": listed, "targets": targets(nodes) } } })
}

pub(crate) fn forward(id: &str, to: &[SocketAddr], fallback: &[SocketAddr]) -> Value {
    json!({ "id": id, "listen": listen(), "kind": { "forward": {
        "targets": targets(to), "fallback_targets": targets(fallback) } } })
}

/// Where a route of a report listens.
pub(crate) fn address(report: &Value, id: &str) -> SocketAddr {
    let route = report["routes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|route| route["id"] == id);
    let route = route.unwrap_or_else(|| panic!("no {id} in {report}"));
    route["address"]
        .as_str()
        .unwrap_or_else(|| panic!("{route}"))
        .parse()
        .unwrap()
}

/// What `config get cluster` must say of these nodes.
pub(crate) fn configuration(version: u64, nodes: &[SocketAddr]) -> String {
    let mut nodes = nodes.to_vec();
    nodes.sort_by_key(|at| (at.ip().to_string(), at.port()));
    let entries: Vec<_> = nodes
        .iter()
        .map(|at| format!("{}|{}|{}", at.ip(), at.ip(), at.port()))
        .collect();
    let payload = format!("{version}\n{}\n", entries.join(" "));
    format!("CONFIG cluster 0 {}\r\n{payload}\r\nEND\r\n", payload.len())
}

pub(crate) async fn put(control: SocketAddr, token: &str, table: &Value) -> (u16, Value) {
    let body = table.to_string();
    let (status, body) = http(control, "PUT", "/routes", Some(token), body.as_bytes()).await;
    (
        status,
        serde_json::from_str(&body).unwrap_or(Value::String(body)),
    )
}

/// One request on a connection of its own.
pub(crate) async fn http(
    control: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &[u8],
) -> (u16, String) {
    let mut stream = TcpStream::connect(control).await.unwrap();
    let token = token
        .map(|token| format!("authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: router\r\nconnection: close\r\n{token}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses an over-long body answers before it has read it.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let status = answer
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("{answer:?}"))
        .parse()
        .unwrap();
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
        .unwrap_or_default();
    (status, body)
}

/// A client connection whose every wait is bounded.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads exactly as much as is expected, and compares.
    pub(crate) async fn expect(&mut self, expected: &str) {
        let mut read = vec![0; expected.len()];
        let outcome = tokio::time::timeout(DEADLINE, self.stream.read_exact(&mut read)).await;
        outcome
            .unwrap_or_else(|_| panic!("waited for {expected:?}"))
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&read), expected);
    }

    pub(crate) async fn ask(&mut self, request: &[u8], expected: &str) {
        self.send(request).await;
        self.expect(expected).await;
    }

    /// Reads to the end; a reset counts as one.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut read = Vec::new();
        let outcome = tokio::time::timeout(DEADLINE, self.stream.read_to_end(&mut read)).await;
        let _ = outcome.expect("waited for the connection to be closed");
        read
    }
}

/// Waits until a question is answered with yes.
pub(crate) async fn wait_until<F: Future<Output = bool>>(
    what: &str,
    mut question: impl FnMut() -> F,
) {
    let start = Instant::now();
    while !question().await {
        assert!(start.elapsed() < DEADLINE, "waited for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How a node behaves.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manners {
    /// Every byte of a reply in a segment of its own.
    pub(crate) byte_by_byte: bool,
}

/// A memcached of few words, which remembers what it was asked.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::with(Manners::default()).await
    }

    pub(crate) async fn with(manners: Manners) -> Self {
        // As many as Memcached lets wait (-b 1024); with the 128 that `bind` gives, the kernel resets some of 500 at once.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1024).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let shared = (Arc::clone(&connections), Arc::clone(&heard));
        let accepting = tokio::spawn(async move {
            let items = Arc::new(Mutex::new(HashMap::new()));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (connections, heard) = shared.clone();
                let items = Arc::clone(&items);
                tokio::spawn(async move {
                    connections.fetch_add(1, Ordering::SeqCst);
                    // A client that leaves in the middle is no failure.
                    let _ = converse(stream, manners, items, heard).await;
                    connections.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            connections,
            heard,
            accepting,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Takes no more connections; those it has go on.
    pub(crate) async fn close(self) -> SocketAddr {
        self.accepting.abort();
        let _ = self.accepting.await;
        self.address
    }
}

async fn converse(
    stream: TcpStream,
    manners: Manners,
    items: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    heard: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        heard.lock().unwrap().push(line.trim_end().to_owned());
        let words: Vec<_> = line.split_whitespace().collect();
        let mut reply = Vec::new();
        match words.as_slice() {
            ["set", key, _, _, bytes, rest @ ..] => {
                let mut value = vec![0; bytes.parse::<usize>().unwrap() + 2];
                stream.read_exact(&mut value).await?;
                value.truncate(value.len() - 2);
                items.lock().unwrap().insert((*key).to_owned(), value);
                if rest.is_empty() {
                    reply.extend_from_slice(b"STORED\r\n");
                }
            }
            ["get", keys @ ..] => {
                let items = items.lock().unwrap();
                for key in keys {
                    if let Some(value) = items.get(*key) {
                        reply.extend_from_slice(
                            format!("VALUE {key} 0 {}\r\n", value.len()).as_bytes(),
                        );
                        reply.extend_from_slice(value);
                        reply.extend_from_slice(b"\r\n");
                    }
                }
                reply.extend_from_slice(b"END\r\n");
            }
            ["version"] => reply.extend_from_slice(b"VERSION 1.6.0\r\n"),
            ["quit"] => return Ok(()),
            _ => reply.extend_from_slice(b"ERROR\r\n"),
        }
        if manners.byte_by_byte {
            for byte in reply {
                stream.get_mut().write_all(&[byte]).await?;
                tokio::task::yield_now().await;
            }
        } else {
            stream.get_mut().write_all(&reply).await?;
        }
    }
}

/// A node that sends back what it gets, after its own port, and closes when the client does.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    accepting: tokio::task::JoinHandle<()>,
}

impl Echo {
    pub(crate) async fn start() -> Self {
        // With the 128 that `bind` lets wait, the kernel drops some of many at once.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1024).unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let greeting = format!("{}\n", address.port());
                    let _ = stream.write_all(greeting.as_bytes()).await;
                    let (mut reads, mut writes) = stream.split();
                    let _ = tokio::io::copy(&mut reads, &mut writes).await;
                    let _ = writes.shutdown().await;
                });
            }
        });
        Self { address, accepting }
    }

    pub(crate) fn greeting(&self) -> String {
        format!("{}\n", self.address.port())
    }

    /// Takes no more connections; those it has go on.
    pub(crate) async fn close(self) -> SocketAddr {
        self.accepting.abort();
        let _ = self.accepting.await;
        self.address
    }
}

/// A node whose host does not answer: it takes no connection and refuses none.
pub(crate) struct Silent {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Silent {
    pub(crate) async fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        // The kernel takes what its queue holds, and from then on drops first packets.
        let mut waiting = Vec::new();
        while let Ok(taken) =
            tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
        {
            waiting.push(taken.unwrap());
            assert!(waiting.len() < 64, "the queue has no end");
        }
        Self {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }
}
