//! Plain forwarding: whole, in both directions, to whom the table says.

mod harness;

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Client, Echo, Router, Silent, address, forward};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn connections_are_spread_in_turn() {
    let router = Router::start().await;
    let nodes = [
        Echo::start().await,
        Echo::start().await,
        Echo::start().await,
    ];
    let all: Vec<_> = nodes.iter().map(|node| node.address).collect();
    let at = address(&router.put(1, &[forward("r", &all, &[])]).await, "r");
    let mut counts = BTreeMap::new();
    for _ in 0..30 {
        let mut client = Client::connect(at).await;
        client.stream.shutdown().await.unwrap();
        *counts.entry(client.rest().await).or_insert(0) += 1;
    }
    let expected: BTreeMap<_, _> = nodes
        .iter()
        .map(|node| (node.greeting().into_bytes(), 10))
        .collect();
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn the_fallback_serves_while_no_target_does() {
    let router = Router::start().await;
    let (target, fallback) = (Echo::start().await, Echo::start().await);
    let greeting = fallback.greeting();
    let at = address(
        &router
            .put(1, &[forward("r", &[], &[fallback.address])])
            .await,
        "r",
    );
    let mut early = Client::connect(at).await;
    early.expect(&greeting).await;
    router
        .put(2, &[forward("r", &[target.address], &[fallback.address])])
        .await;
    // The fallback is still one of the route's, so who is connected to it stays.
    early.ask(b"hello", "hello").await;
    Client::connect(at).await.expect(&target.greeting()).await;
    target.close().await;
    Client::connect(at).await.expect(&greeting).await;
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_skipped() {
    let router = Router::start().await;
    let (silent, live) = (Silent::start().await, Echo::start().await);
    let both = [silent.address, live.address];
    let routes = [
        forward("either", &both, &[]),
        forward("fallback", &both[..1], &both[1..]),
    ];
    let report = router.put(1, &routes).await;
    for id in ["either", "fallback"] {
        for _ in 0..3 {
            let mut client = Client::connect(address(&report, id)).await;
            client.expect(&live.greeting()).await;
        }
        assert!(router.metric("connect_failures_total", id).await >= 1);
    }
}

/// As when a primary's host is gone and another takes its place: who waits for the old one is given the new one.
#[tokio::test]
async fn nobody_waits_for_a_target_that_a_push_takes_away() {
    let router = Router::start().await;
    let (silent, live) = (Silent::start().await, Echo::start().await);
    let report = router.put(1, &[forward("r", &[silent.address], &[])]).await;
    let mut client = Client::connect(address(&report, "r")).await;
    harness::wait_until("it is taken", async || {
        router.metric("connections_open", "r").await == 1
    })
    .await;
    router.put(2, &[forward("r", &[live.address], &[])]).await;
    client.expect(&live.greeting()).await;
    client.ask(b"hello", "hello").await;
}

/// The other way round than an echo has it: the node is done first, and still hears the client out.
#[tokio::test]
async fn a_half_close_by_the_node_is_kept() {
    let router = Router::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"all there is").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let report = router.put(1, &[forward("r", &[node], &[])]).await;
    let mut client = Client::connect(address(&report, "r")).await;
    assert_eq!(client.rest().await, b"all there is");
    client.send(b"and more").await;
    client.stream.shutdown().await.unwrap();
    let heard = tokio::time::timeout(harness::DEADLINE, heard).await;
    assert_eq!(heard.unwrap().unwrap(), b"and more");
}

#[tokio::test]
async fn with_nobody_behind_it_a_connection_is_closed() {
    let router = Router::start().await;
    let at = address(&router.put(1, &[forward("r", &[], &[])]).await, "r");
    assert!(Client::connect(at).await.rest().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_bytes_pass_whole_and_a_half_close_is_kept() {
    let router = Router::start().await;
    let node = Echo::start().await;
    let at = address(
        &router.put(1, &[forward("r", &[node.address], &[])]).await,
        "r",
    );
    let sent: Vec<u8> = (0..40_000_000u32)
        .map(|index| (index % 249) as u8)
        .collect();
    let mut client = Client::connect(at).await;
    client.expect(&node.greeting()).await;
    let (mut reads, mut writes) = client.stream.split();
    let write = async {
        // From single bytes to more than a pipe holds, so that copying and splicing take turns.
        let mut rest = &sent[..];
        for size in [1usize, 100, 16_383, 16_384, 16_385, 65_536, 1_000_000]
            .iter()
            .cycle()
        {
            let (now, later) = rest.split_at((*size).min(rest.len()));
            writes.write_all(now).await.unwrap();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        writes.shutdown().await.unwrap();
    };
    let mut got = Vec::new();
    let both = async { tokio::join!(write, reads.read_to_end(&mut got)) };
    let ((), read) = tokio::time::timeout(Duration::from_secs(60), both)
        .await
        .unwrap();
    read.unwrap();
    assert!(got == sent, "{} bytes of {}", got.len(), sent.len());
    assert_eq!(
        router.metric("received_bytes_total", "r").await,
        sent.len() as u64
    );
    let greeting = node.greeting().len() as u64;
    assert_eq!(
        router.metric("sent_bytes_total", "r").await,
        sent.len() as u64 + greeting
    );
}
