//! Auto discovery through a configuration endpoint, and everything else that goes through it.

mod harness;

use std::time::Duration;

use harness::{
    Client, Manners, Node, Router, address, configuration, discovery, listen, wait_until,
};
use serde_json::json;
use tokio::io::AsyncWriteExt;

const NO_NODE: &str = "SERVER_ERROR no node is available\r\n";

#[tokio::test]
async fn the_documented_example_comes_byte_for_byte() {
    let router = Router::start().await;
    let node = |number: &str, address: &str| json!({"host": format!("myCluster.pc4ldq.{number}.use1.cache.amazonaws.com"), "address": address, "port": 11211});
    let nodes = [node("0002", "10.80.249.27"), node("0001", "10.82.235.120")];
    let route = json!({"id": "cfg", "listen": listen(), "kind": {"memcached_discovery": {
        "config_version": 12, "nodes": nodes, "targets": []}}});
    let at = address(&router.put(1, &[route]).await, "cfg");
    let mut client = Client::connect(at).await;
    client
        .ask(
            b"config get cluster\r\n",
            "CONFIG cluster 0 136\r\n12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n\r\nEND\r\n",
        )
        .await;
    client
        .ask(
            b"get AmazonElastiCache:cluster\r\n",
            "VALUE AmazonElastiCache:cluster 0 136\r\n12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n\r\nEND\r\n",
        )
        .await;
    assert_eq!(router.metric("discoveries_total", "cfg").await, 2);
}

/// A conversation of every sort, and what has to come back of it.
fn conversation(version: u64, nodes: &[std::net::SocketAddr]) -> (Vec<u8>, String) {
    let config = configuration(version, nodes);
    let payload = config.strip_prefix("CONFIG cluster ").unwrap();
    let value = format!("VALUE AmazonElastiCache:cluster {payload}");
    let value_and_more = value.strip_suffix("END\r\n").unwrap();
    let exchanges: [(&str, &str); 12] = [
        ("config get cluster\r\n", &config),
        ("set a 0 0 20\r\nconfig get cluster\r\n\r\n", "STORED\r\n"),
        ("config get cluster\r\n", &config),
        (
            "get a\r\n",
            "VALUE a 0 20\r\nconfig get cluster\r\n\r\nEND\r\n",
        ),
        ("set VERSION 0 0 11 noreply\r\nVERSION 1\r\n\r\n", ""),
        (
            "get VERSION\n",
            "VALUE VERSION 0 11\r\nVERSION 1\r\n\r\nEND\r\n",
        ),
        ("config get cluster\n", &config),
        ("version\r\n", "VERSION 1.6.0\r\n"),
        ("frobnicate\r\n", "ERROR\r\n"),
        ("get AmazonElastiCache:cluster\r\n", &value),
        (
            "config delete cluster\r\n",
            "CLIENT_ERROR the cluster keeps its own configuration\r\n",
        ),
        ("get AmazonElastiCache:cluster VERSION\r\n", value_and_more),
    ];
    let mut request = Vec::new();
    let mut reply = String::new();
    for (asked, answered) in exchanges {
        request.extend_from_slice(asked.as_bytes());
        reply.push_str(answered);
    }
    reply.push_str("VALUE VERSION 0 11\r\nVERSION 1\r\n\r\nEND\r\n");
    (request, reply)
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let router = Router::start().await;
    let node = Node::start().await;
    let at = address(
        &router.put(1, &[discovery("cfg", 3, &[node.address])]).await,
        "cfg",
    );
    let (request, reply) = conversation(3, &[node.address]);
    let mut client = Client::connect(at).await;
    for _ in 0..20 {
        client.send(&request).await;
    }
    for _ in 0..20 {
        client.expect(&reply).await;
    }
    client.send(b"quit\r\n").await;
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn segment_boundaries_change_nothing() {
    let router = Router::start().await;
    let node = Node::with(Manners { byte_by_byte: true }).await;
    let at = address(
        &router.put(1, &[discovery("cfg", 3, &[node.address])]).await,
        "cfg",
    );
    let (request, reply) = conversation(3, &[node.address]);
    for size in [1, 2, 3, 7, 64] {
        let mut client = Client::connect(at).await;
        let (mut reads, mut writes) = client.stream.split();
        let write = async {
            for segment in request.chunks(size) {
                writes.write_all(segment).await.unwrap();
                writes.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let mut read = vec![0; reply.len()];
        let both = async {
            tokio::join!(
                write,
                tokio::io::AsyncReadExt::read_exact(&mut reads, &mut read)
            )
        };
        let ((), outcome) = tokio::time::timeout(harness::DEADLINE, both).await.unwrap();
        outcome.unwrap();
        assert_eq!(String::from_utf8_lossy(&read), reply, "segments of {size}");
    }
}

#[tokio::test]
async fn a_new_configuration_is_seen_by_old_connections() {
    let router = Router::start().await;
    let (one, two) = (Node::start().await, Node::start().await);
    let at = address(
        &router.put(1, &[discovery("cfg", 1, &[one.address])]).await,
        "cfg",
    );
    let mut asking = Client::connect(at).await;
    let mut storing = Client::connect(at).await;
    asking
        .ask(b"config get cluster\r\n", &configuration(1, &[one.address]))
        .await;
    storing.ask(b"set a 0 0 1\r\nx\r\n", "STORED\r\n").await;
    router
        .put(2, &[discovery("cfg", 2, &[one.address, two.address])])
        .await;
    let both = configuration(2, &[one.address, two.address]);
    asking.ask(b"config get cluster\r\n", &both).await;
    storing
        .ask(
            b"config get cluster\r\nget a\r\n",
            &(both + "VALUE a 0 1\r\nx\r\nEND\r\n"),
        )
        .await;
}

#[tokio::test]
async fn a_connection_that_only_asks_for_the_configuration_needs_no_node() {
    let router = Router::start().await;
    let gone = Node::start().await.close().await;
    let at = address(&router.put(1, &[discovery("cfg", 1, &[gone])]).await, "cfg");
    let mut client = Client::connect(at).await;
    client
        .ask(b"config get cluster\r\n", &configuration(1, &[gone]))
        .await;
    client
        .ask(b"config get cluster\r\n", &configuration(1, &[gone]))
        .await;
    // No target takes the connection: closed, so that the client looks elsewhere.
    client.send(b"get a\r\n").await;
    assert!(client.rest().await.is_empty());
    assert!(router.metric("connect_failures_total", "cfg").await >= 1);
}

#[tokio::test]
async fn without_targets_discovery_answers_and_the_rest_is_refused_in_order() {
    let router = Router::start().await;
    let at = address(&router.put(1, &[discovery("cfg", 1, &[])]).await, "cfg");
    let mut client = Client::connect(at).await;
    let config = configuration(1, &[]);
    client
        .ask(
            b"get a\r\nset a 0 0 6\r\nquit\r\n\r\nconfig get cluster\r\nset a 0 0 1 noreply\r\nx\r\nversion\r\n",
            &[NO_NODE, NO_NODE, &config, NO_NODE].concat(),
        )
        .await;
    // A node that comes later serves the same connection.
    let node = Node::start().await;
    router.put(2, &[discovery("cfg", 2, &[node.address])]).await;
    client
        .ask(
            b"set a 0 0 6\r\nquit\r\n\r\nget a\r\n",
            "STORED\r\nVALUE a 0 6\r\nquit\r\n\r\nEND\r\n",
        )
        .await;
}

#[tokio::test]
async fn a_target_that_is_down_is_passed_over() {
    let router = Router::start().await;
    let gone = Node::start().await.close().await;
    let node = Node::start().await;
    let at = address(
        &router
            .put(1, &[discovery("cfg", 1, &[gone, node.address])])
            .await,
        "cfg",
    );
    for _ in 0..6 {
        Client::connect(at)
            .await
            .ask(b"version\r\n", "VERSION 1.6.0\r\n")
            .await;
    }
    assert_eq!(node.heard().len(), 6);
}

#[tokio::test]
async fn a_half_closed_connection_gets_its_answers() {
    let router = Router::start().await;
    let node = Node::start().await;
    let at = address(
        &router.put(1, &[discovery("cfg", 1, &[node.address])]).await,
        "cfg",
    );
    let config = configuration(1, &[node.address]);
    let mut client = Client::connect(at).await;
    client
        .send(b"set a 0 0 1\r\nx\r\nconfig get cluster\r\nget a\r\n")
        .await;
    client.stream.shutdown().await.unwrap();
    let expected = format!("STORED\r\n{config}VALUE a 0 1\r\nx\r\nEND\r\n");
    assert_eq!(String::from_utf8_lossy(&client.rest().await), expected);
    let mut client = Client::connect(at).await;
    client.send(b"config get cluster\r\n").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&client.rest().await), config);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_value_passes_both_ways_at_once() {
    let router = Router::start().await;
    let node = Node::start().await;
    let at = address(
        &router.put(1, &[discovery("cfg", 1, &[node.address])]).await,
        "cfg",
    );
    let value: Vec<u8> = (0..8_000_000u32).map(|index| (index % 251) as u8).collect();
    let mut client = Client::connect(at).await;
    let mut request = format!("set big 0 0 {}\r\n", value.len()).into_bytes();
    request.extend_from_slice(&value);
    request.extend_from_slice(b"\r\nget big\r\n");
    // More than any socket buffer holds in either direction, before anything is read.
    let request = request.repeat(3);
    let (mut reads, mut writes) = client.stream.split();
    let mut reply = format!("STORED\r\nVALUE big 0 {}\r\n", value.len()).into_bytes();
    reply.extend_from_slice(&value);
    reply.extend_from_slice(b"\r\nEND\r\n");
    let reply = reply.repeat(3);
    let mut read = vec![0; reply.len()];
    let both = async {
        tokio::join!(
            writes.write_all(&request),
            tokio::io::AsyncReadExt::read_exact(&mut reads, &mut read)
        )
    };
    let (wrote, got) = tokio::time::timeout(Duration::from_secs(60), both)
        .await
        .unwrap();
    wrote.unwrap();
    got.unwrap();
    assert!(read == reply, "the values differ");
    assert!(router.metric("received_bytes_total", "cfg").await >= request.len() as u64);
}

#[tokio::test]
async fn five_hundred_clients_are_served_at_once() {
    let router = Router::start().await;
    let node = Node::start().await;
    let at = address(
        &router.put(1, &[discovery("cfg", 1, &[node.address])]).await,
        "cfg",
    );
    let config = configuration(1, &[node.address]);
    let mut clients = Vec::new();
    for _ in 0..500 {
        clients.push(Client::connect(at).await);
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let request = format!(
            "set k{number} 0 0 4\r\n{number:04}\r\nconfig get cluster\r\nget k{number}\r\n"
        );
        client.send(request.as_bytes()).await;
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client
            .expect(&format!(
                "STORED\r\n{config}VALUE k{number} 0 4\r\n{number:04}\r\nEND\r\n"
            ))
            .await;
    }
    assert_eq!(router.metric("connections_open", "cfg").await, 500);
    assert_eq!(node.connections(), 500);
    drop(clients);
    wait_until("every connection is let go", async || {
        router.metric("connections_open", "cfg").await == 0 && node.connections() == 0
    })
    .await;
}

#[tokio::test]
async fn hostile_input_ends_its_own_connection_and_no_other() {
    let router = Router::start().await;
    let node = Node::start().await;
    let at = address(
        &router.put(1, &[discovery("cfg", 1, &[node.address])]).await,
        "cfg",
    );
    let config = configuration(1, &[node.address]);
    let mut bystander = Client::connect(at).await;
    bystander.ask(b"config get cluster\r\n", &config).await;

    let mut endless = Client::connect(at).await;
    endless.send(&[b'x'; 2048]).await;
    assert_eq!(endless.rest().await, b"CLIENT_ERROR line is too long\r\n");

    let mut huge = Client::connect(at).await;
    huge.ask(
        b"set a 0 0 2147483645\r\n",
        "SERVER_ERROR object too large for cache\r\n",
    )
    .await;
    huge.send(&vec![b'x'; 1 << 20]).await;
    drop(huge);

    // A binary header that promises four gigabytes; then one that stops being binary.
    let mut header = [0u8; 24];
    (header[0], header[1]) = (0x80, 0x01);
    header[8..12].fill(0xff);
    let mut binary = Client::connect(at).await;
    binary.send(&header).await;
    assert!(binary.rest().await.is_empty());
    let mut mixed = Client::connect(at).await;
    mixed
        .send(b"\x80garbage that is no header at all, and then some")
        .await;
    drop(mixed);

    let mut garbage = Client::connect(at).await;
    garbage
        .send(b"\x16\x03\x01\x02\x00\x01\x00\xff\xfe\n")
        .await;
    // The fake node takes text only, and ends the connection; a real one answers ERROR.
    garbage.rest().await;

    bystander.ask(b"config get cluster\r\n", &config).await;
    wait_until("only the bystander is left", async || {
        router.metric("connections_open", "cfg").await == 1
    })
    .await;
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_at_once() {
    let router = Router::with_connections_max(3).await;
    let at = address(&router.put(1, &[discovery("cfg", 1, &[])]).await, "cfg");
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(at).await;
        client
            .ask(b"config get cluster\r\n", &configuration(1, &[]))
            .await;
        held.push(client);
    }
    let mut fourth = Client::connect(at).await;
    assert!(fourth.rest().await.is_empty());
    assert_eq!(router.metric("connections_refused_total", "cfg").await, 1);
    held.pop();
    wait_until("a place is free", async || {
        router.metric("connections_open", "cfg").await == 2
    })
    .await;
    Client::connect(at)
        .await
        .ask(b"config get cluster\r\n", &configuration(1, &[]))
        .await;
}

#[tokio::test]
async fn binary_clients_discover_too() {
    let router = Router::start().await;
    let node = Node::start().await;
    let at = address(
        &router.put(1, &[discovery("cfg", 7, &[node.address])]).await,
        "cfg",
    );
    let mut client = Client::connect(at).await;
    let mut request = vec![0x80, 0x60, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9];
    request.extend_from_slice(&[0; 8]);
    request.extend_from_slice(b"cluster");
    client.send(&request).await;
    let payload = format!("7\n127.0.0.1|127.0.0.1|{}\n", node.address.port());
    let mut expected = vec![
        0x81,
        0x60,
        0,
        0,
        4,
        0,
        0,
        0,
        0,
        0,
        0,
        4 + payload.len() as u8,
    ];
    expected.extend_from_slice(&[0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0]);
    expected.extend_from_slice(payload.as_bytes());
    let mut read = vec![0; expected.len()];
    tokio::io::AsyncReadExt::read_exact(&mut client.stream, &mut read)
        .await
        .unwrap();
    assert_eq!(read, expected);
}

/// Whoever has not asked for anything is known to no node, whose own limit could end it; whoever has asked once may be idle.
#[tokio::test]
async fn who_never_asks_is_hung_up_on_and_who_has_asked_stays() {
    let silence_max = Duration::from_secs(1);
    let router = Router::with_limits(3, silence_max).await;
    let node = Node::start().await;
    let report = router.put(1, &[discovery("cfg", 1, &[node.address])]).await;
    let at = address(&report, "cfg");
    let mut asked = Client::connect(at).await;
    let told = configuration(1, &[node.address]);
    asked.ask(b"config get cluster\r\n", &told).await;
    let mut silent = Client::connect(at).await;
    let mut half = Client::connect(at).await;
    half.send(b"config get clu").await;
    wait_until("all places are taken", async || {
        router.metric("connections_open", "cfg").await == 3
    })
    .await;
    assert_eq!(Client::connect(at).await.rest().await, b"");
    assert_eq!(silent.rest().await, b"");
    assert_eq!(half.rest().await, b"");
    asked.ask(b"config get cluster\r\n", &told).await;
    asked.ask(b"version\r\n", "VERSION 1.6.0\r\n").await;
    assert_eq!(
        node.connections.load(std::sync::atomic::Ordering::SeqCst),
        1
    );
}
