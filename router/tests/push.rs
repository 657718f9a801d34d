//! Pushing tables: what is refused, what is disturbed, and what outlives the process.

mod harness;

use std::net::SocketAddr;
use std::process::Stdio;

use harness::{
    Client, Echo, Node, Router, TOKEN, address, configuration, discovery, forward, http, put,
    table, wait_until,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

#[tokio::test]
async fn only_the_token_opens_the_routes() {
    let router = Router::start().await;
    let at = router.control;
    for token in [
        None,
        Some(""),
        Some("a token for test"),
        Some("a token for testsX"),
    ] {
        assert_eq!(
            http(at, "GET", "/routes", token, b"").await.0,
            401,
            "{token:?}"
        );
        assert_eq!(
            http(at, "PUT", "/routes", token, b"{}").await.0,
            401,
            "{token:?}"
        );
    }
    assert_eq!(
        http(at, "GET", "/health", None, b"").await,
        (200, "ok\n".to_owned())
    );
    assert_eq!(http(at, "GET", "/metrics", None, b"").await.0, 401);
    assert_eq!(http(at, "GET", "/routes", Some(TOKEN), b"").await.0, 200);
}

#[tokio::test]
async fn a_table_that_is_wrong_changes_nothing() {
    let router = Router::start().await;
    let before = router.put(5, &[discovery("cfg", 1, &[])]).await;
    let older = put(router.control, TOKEN, &table(4, &[])).await;
    assert_eq!(older.0, 409, "{older:?}");
    for body in [
        &b"{"[..],
        b"[]",
        br#"{"generation": -1}"#,
        br#"{"generation": 9, "routes": [{}]}"#,
    ] {
        assert_eq!(
            http(router.control, "PUT", "/routes", Some(TOKEN), body)
                .await
                .0,
            400
        );
    }
    let too_long = vec![b' '; (8 << 20) + 1];
    let (status, _) = http(router.control, "PUT", "/routes", Some(TOKEN), &too_long).await;
    assert!([0, 413].contains(&status), "{status}");
    assert_eq!(router.report().await, before);
    // The same table again is taken, and changes nothing either.
    assert_eq!(router.put(5, &[discovery("cfg", 1, &[])]).await, before);
}

#[tokio::test]
async fn a_push_disturbs_only_what_it_changes() {
    let router = Router::start().await;
    let (one, two) = (Echo::start().await, Echo::start().await);
    let node = Node::start().await;
    let steady = forward("steady", &[one.address], &[]);
    let report = router
        .put(
            1,
            &[
                steady.clone(),
                forward("shrinks", &[one.address, two.address], &[]),
                forward("goes", &[two.address], &[]),
                discovery("cfg", 1, &[node.address]),
            ],
        )
        .await;
    let mut clients = Vec::new();
    for (id, greeting) in [
        ("steady", one.greeting()),
        ("shrinks", one.greeting()),
        ("shrinks", two.greeting()),
        ("goes", two.greeting()),
    ] {
        let mut client = Client::connect(address(&report, id)).await;
        client.expect(&greeting).await;
        clients.push(client);
    }
    let mut asking = Client::connect(address(&report, "cfg")).await;
    let mut storing = Client::connect(address(&report, "cfg")).await;
    asking
        .ask(
            b"config get cluster\r\n",
            &configuration(1, &[node.address]),
        )
        .await;
    storing.ask(b"version\r\n", "VERSION 1.6.0\r\n").await;

    let after = router
        .put(
            2,
            &[
                steady,
                forward("shrinks", &[one.address], &[]),
                discovery("cfg", 2, &[]),
            ],
        )
        .await;
    let [steady, keeps, loses, gone] = &mut clients[..] else {
        panic!("four clients")
    };
    steady.ask(b"hello", "hello").await;
    keeps.ask(b"hello", "hello").await;
    assert!(loses.rest().await.is_empty());
    assert!(gone.rest().await.is_empty());
    assert!(storing.rest().await.is_empty());
    asking
        .ask(b"config get cluster\r\n", &configuration(2, &[]))
        .await;
    assert_eq!(address(&after, "steady"), address(&report, "steady"));
    assert_eq!(address(&after, "shrinks"), address(&report, "shrinks"));
    assert!(TcpStream::connect(address(&report, "goes")).await.is_err());
    assert_eq!(router.metric("connections_open", "shrinks").await, 1);
}

#[tokio::test]
async fn a_port_moves_from_one_route_to_another_in_one_push() {
    let router = Router::start().await;
    let (one, two) = (Echo::start().await, Echo::start().await);
    let at = address(
        &router.put(1, &[forward("old", &[one.address], &[])]).await,
        "old",
    );
    let mut before = Client::connect(at).await;
    before.expect(&one.greeting()).await;
    let mut route = forward("new", &[two.address], &[]);
    route["listen"]["port"] = json!(at.port());
    let report = router.put(2, &[route]).await;
    assert_eq!(address(&report, "new"), at);
    assert!(before.rest().await.is_empty());
    Client::connect(at).await.expect(&two.greeting()).await;
}

#[tokio::test]
async fn a_route_that_cannot_listen_says_why_and_tries_on() {
    let router = Router::start().await;
    let node = Echo::start().await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = taken.local_addr().unwrap();
    let mut blocked = forward("blocked", &[node.address], &[]);
    blocked["listen"]["port"] = json!(at.port());
    let strange = json!({"id": "strange", "listen": harness::listen(), "kind": {"later": {}}});
    let report = router
        .put(
            1,
            &[blocked, strange, forward("fine", &[node.address], &[])],
        )
        .await;
    let routes = report["routes"].as_array().unwrap();
    let reason = |index: usize| routes[index]["reason"].as_str().unwrap().to_owned();
    assert!(reason(0).contains("in use"), "{report}");
    assert!(reason(2).contains("does not know the kind"), "{report}");
    assert_eq!(routes[1]["listening"], true);
    drop(taken);
    wait_until("the port is taken over", async || {
        router.report().await["routes"][0]["listening"] == true
    })
    .await;
    Client::connect(at).await.expect(&node.greeting()).await;
}

/// The program itself, as its container runs it.
struct Process {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>,
    control: SocketAddr,
    /// Where routes came to listen before it was ready.
    listening: Vec<SocketAddr>,
}

impl Process {
    async fn start(state: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cacheplane-router"))
            .env("CACHEPLANE_ROUTER_CONTROL", "127.0.0.1:0")
            .env("CACHEPLANE_ROUTER_TOKEN", TOKEN)
            .env("CACHEPLANE_ROUTER_STATE", state)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let control = "0.0.0.0:0".parse().unwrap();
        let mut process = Self {
            child,
            lines,
            control,
            listening: Vec::new(),
        };
        let ready = process.line("the router is ready").await;
        process.control = ready["control"].as_str().unwrap().parse().unwrap();
        process
    }

    /// Reads the log up to a message.
    async fn line(&mut self, message: &str) -> Value {
        loop {
            let line = tokio::time::timeout(harness::DEADLINE, self.lines.next_line()).await;
            let line = line
                .expect("waited for a log line")
                .unwrap()
                .expect("the log ended");
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["message"] == "a route listens" {
                self.listening
                    .push(line["listen"].as_str().unwrap().parse().unwrap());
            }
            if line["message"] == message {
                return line;
            }
        }
    }
}

#[tokio::test]
async fn after_a_kill_the_last_table_is_served_without_the_control_plane() {
    let state = tempfile::tempdir().unwrap();
    let node = Node::start().await;
    let mut first = Process::start(state.path()).await;
    let pushed = table(12, &[discovery("cfg", 3, &[node.address])]);
    assert_eq!(put(first.control, TOKEN, &pushed).await.0, 200);
    first.child.kill().await.unwrap();

    let mut second = Process::start(state.path()).await;
    if second.listening.is_empty() {
        second.line("a route listens").await;
    }
    let mut client = Client::connect(second.listening[0]).await;
    client
        .ask(
            b"config get cluster\r\n",
            &configuration(3, &[node.address]),
        )
        .await;
    client.ask(b"version\r\n", "VERSION 1.6.0\r\n").await;
    assert_eq!(put(second.control, TOKEN, &table(11, &[])).await.0, 409);
}

/// Descriptors that this process needs for the test below: a client's and a node's for each connection.
fn allow_many_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limits = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limits.maximum,
        ..limits
    };
    setrlimit(Resource::Nofile, all).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_connections_are_held_and_outlive_pushes() {
    const CONNECTIONS: usize = 5000;
    const AT_ONCE: usize = 100;
    allow_many_descriptors();
    let state = tempfile::tempdir().unwrap();
    let (node, other) = (Echo::start().await, Echo::start().await);
    let process = Process::start(state.path()).await;
    let steady = forward("r", &[node.address], &[]);
    let push = async |generation, routes: &[Value]| {
        let (status, report) = put(process.control, TOKEN, &table(generation, routes)).await;
        assert_eq!(status, 200, "{report}");
        report
    };
    let at = address(&push(1, std::slice::from_ref(&steady)).await, "r");
    let mut clients = Vec::new();
    while clients.len() < CONNECTIONS {
        let some = (0..AT_ONCE).map(|_| Client::connect(at));
        clients.extend(futures_util::future::join_all(some).await);
    }
    for client in &mut clients {
        client.expect(&node.greeting()).await;
    }
    for generation in 2..12 {
        let id = format!("other {generation}");
        let routes = [steady.clone(), forward(&id, &[other.address], &[])];
        let report = push(generation, &routes).await;
        assert_eq!(address(&report, "r"), at);
    }
    for client in &mut clients {
        client.send(b"still here").await;
    }
    for client in &mut clients {
        client.expect("still here").await;
    }
    let report = push(12, &[steady]).await;
    assert_eq!(report["routes"][0]["connections_open"], CONNECTIONS);
    push(13, &[forward("r", &[other.address], &[])]).await;
    for client in &mut clients {
        assert!(client.rest().await.is_empty());
    }
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_an_error_and_no_reason_to_stay_away() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("routes.json"), b"{ torn").unwrap();
    let process = Process::start(state.path()).await;
    assert_eq!(put(process.control, TOKEN, &table(1, &[])).await.0, 200);
}

#[tokio::test]
async fn on_sigterm_connections_may_finish_and_the_exit_is_clean() {
    let state = tempfile::tempdir().unwrap();
    let node = Echo::start().await;
    let mut process = Process::start(state.path()).await;
    let (_, report) = put(
        process.control,
        TOKEN,
        &table(1, &[forward("r", &[node.address], &[])]),
    )
    .await;
    let at = address(&report, "r");
    let mut client = Client::connect(at).await;
    client.expect(&node.greeting()).await;
    let id = process.child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .arg(&id)
            .status()
            .await
            .unwrap()
            .success()
    );
    process.line("stopping").await;
    wait_until("no connection is taken any more", async || {
        TcpStream::connect(at).await.is_err()
    })
    .await;
    client.ask(b"still here", "still here").await;
    drop(client);
    let exit = tokio::time::timeout(harness::DEADLINE, process.child.wait()).await;
    assert_eq!(exit.expect("waited for the exit").unwrap().code(), Some(0));
}

#[tokio::test]
async fn without_a_token_it_does_not_start() {
    let status = Command::new(env!("CARGO_BIN_EXE_cacheplane-router"))
        .env_remove("CACHEPLANE_ROUTER_TOKEN")
        .stderr(Stdio::null())
        .status();
    assert!(!status.await.unwrap().success());
}
