//! Published mode: endpoints are a host name and ports of the host. The same life, other faces.

use std::collections::BTreeSet;

use crate::harness::{Harness, Layout, PORTS_OF_OTHERS};

fn layout(ports: std::ops::RangeInclusive<u16>) -> Layout {
    Layout {
        ports: Some(ports),
        ..Layout::default()
    }
}

/// The host ports that containers publish, with the port inside.
fn published(harness: &Harness) -> BTreeSet<(u16, u16)> {
    let containers = harness.host.containers();
    containers
        .iter()
        .filter_map(|container| harness.host.container_spec(&container.name))
        .flat_map(|spec| spec.published_ports)
        .map(|port| (port.host_port, port.container_port))
        .collect()
}

#[tokio::test]
async fn the_first_redis_gets_the_port_that_it_asks_for() {
    let harness = Harness::start_on(layout(7000..=7100)).await;
    for (id, asked, given) in [
        ("a", None, "6379"),
        ("b", None, "7000"),
        ("c", Some("9000"), "9000"),
        ("d", Some("9000"), "7001"),
        ("e", Some("7002"), "7002"),
        ("f", None, "7003"),
    ] {
        let members: Vec<(&str, &str)> = asked.map(|port| ("Port", port)).into_iter().collect();
        harness.create_redis(id, &members).await.ok();
        harness.settle().await;
        let told = harness.describe(id).await.ok();
        assert_eq!(told.text("Address"), "localhost", "{id}");
        assert_eq!(told.text("Port"), given, "{id}");
        // The engine listens on the same port inside, so that what it announces is right for everyone.
        assert!(
            harness
                .command(id, "0001")
                .contains(&format!("--port {given} ")),
            "{id}"
        );
        let port = given.parse().expect("be a port");
        assert!(published(&harness).contains(&(port, port)));
    }
    harness.finish().await;
}

/// Clients of Memcached are given the configuration endpoint, so that is what gets the port asked for.
#[tokio::test]
async fn a_configuration_endpoint_gets_the_port_that_its_cluster_asks_for() {
    let harness = Harness::start_on(layout(7000..=7100)).await;
    harness.memcached("mc", "2").await;
    let told = harness.describe("mc").await.ok();
    assert_eq!(told.texts("Address"), ["localhost"; 3]);
    assert_eq!(told.texts("Port"), ["11211", "7000", "7001"]);
    let served = &harness.routes()["000000000000/us-east-1/mc/configuration"];
    assert_eq!(served.listen, ":11211");
    assert_eq!(served.nodes, ["localhost||7000", "localhost||7001"]);
    assert_eq!(served.targets, ["10.99.0.2:7000", "10.99.0.3:7001"]);
    harness.finish().await;
}

#[tokio::test]
async fn each_configuration_endpoint_has_a_router_that_goes_with_it() {
    let harness = Harness::start_on(layout(7000..=7100)).await;
    let routers = || {
        let containers = harness.host.containers();
        let names = containers.into_iter().map(|container| container.name);
        names
            .filter(|name| name.contains(".router-"))
            .collect::<Vec<_>>()
    };
    harness.memcached("first", "1").await;
    harness.memcached("second", "1").await;
    assert_eq!(routers().len(), 2);
    let first = harness.routes()["000000000000/us-east-1/first/configuration"].clone();
    harness.delete("second").await.ok();
    harness.settle().await;
    assert_eq!(routers().len(), 1);
    assert_eq!(
        harness.routes()["000000000000/us-east-1/first/configuration"],
        first
    );
    harness.delete("first").await.ok();
    harness.settle().await;
    assert!(routers().is_empty() && published(&harness).is_empty());
    assert!(harness.host.volume_names().is_empty());
    harness.finish().await;
}

#[tokio::test]
async fn ports_are_given_back() {
    // For a node, a configuration endpoint and its router's control, besides the port asked for.
    let harness = Harness::start_on(layout(7000..=7001)).await;
    for _ in 0..3 {
        harness.memcached("mc", "1").await;
        assert_eq!(harness.status("mc").await, "available");
        harness.delete("mc").await.ok();
        harness.settle().await;
        for id in ["a", "b", "c"] {
            harness.redis(id).await;
            assert_eq!(harness.status(id).await, "available");
        }
        for id in ["a", "b", "c"] {
            harness.delete(id).await.ok();
        }
        harness.settle().await;
    }
    harness.finish().await;
}

#[tokio::test]
async fn without_a_port_a_creation_fails_and_gives_back_what_it_took() {
    let harness = Harness::start_on(layout(7000..=7000)).await;
    harness.redis("a").await;
    harness.create_memcached("mc", "3", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.status("mc").await, "incompatible-network");
    insta::assert_snapshot!(harness.events("mc").await.join("\n"), @r"
    Failed to create the cache cluster due to incompatible network state. There is no free host port between 7000 and 7000. Delete caches that are not needed, or give the next data directory a larger --node-subnet or --port-range.
    ");
    harness.redis("b").await;
    assert_eq!(harness.describe("b").await.text("Port"), "7000");
    harness.create_redis("c", &[]).await.ok();
    harness.settle().await;
    assert_eq!(harness.status("c").await, "incompatible-network");
    for id in ["mc", "c", "a"] {
        harness.delete(id).await.ok();
    }
    harness.settle().await;
    harness.redis("c").await;
    assert_eq!(harness.describe("c").await.text("Port"), "6379");
    harness.finish().await;
}

/// Something else on the host has the port: another is found, without anybody's help.
#[tokio::test]
async fn a_port_that_somebody_else_has_is_not_insisted_on() {
    let harness = Harness::start_on(layout(7500..=7600)).await;
    for port in PORTS_OF_OTHERS {
        harness.host.occupy_port(port);
    }
    harness.create_redis("rd", &[("Port", "6390")]).await.ok();
    harness
        .create_memcached("mc", "1", &[("Port", "11300")])
        .await
        .ok();
    harness.settle().await;
    assert_eq!(harness.describe("rd").await.ok().texts("Port"), ["7501"]);
    assert_eq!(
        harness.describe("mc").await.ok().texts("Port"),
        ["7502", "7503"]
    );
    assert_eq!(harness.status("mc").await, "available");
    harness.finish().await;
}

/// A cluster that is there keeps its port, whoever takes it while its node is down: clients know it.
#[tokio::test]
async fn a_port_that_clients_know_is_waited_for() {
    let harness = Harness::start_on(layout(7000..=7100)).await;
    harness.redis("rd").await;
    harness.host.kill(&harness.container_name("rd", "0001"));
    harness.host.occupy_port(6379);
    harness.reconcile().await;
    harness.reconcile().await;
    let told = harness.events("rd").await;
    assert_eq!(
        told[0], "Waiting: port 6379 of the host is already in use",
        "{told:?}"
    );
    harness.host.free_port(6379);
    harness.settle().await;
    assert_eq!(harness.describe("rd").await.text("Port"), "6379");
    assert!(harness.container("rd", "0001").is_running());
    harness.finish().await;
}

#[tokio::test]
async fn a_life_in_published_mode() {
    let harness = Harness::start_on(layout(7000..=7100)).await;
    harness
        .create_redis("rd", &[("EngineVersion", "6.2")])
        .await
        .ok();
    harness.memcached("mc", "2").await;
    let name = harness.container_name("rd", "0001");
    harness.host.memory_set(&name, "key", "value");
    let ports = async |id: &str| harness.describe(id).await.ok().texts("Port");
    let before = (ports("rd").await, ports("mc").await);

    harness
        .modify_now(
            "rd",
            &[
                ("EngineVersion", "7.0"),
                ("CacheNodeType", "cache.t3.small"),
            ],
        )
        .await
        .ok();
    harness
        .modify_now("mc", &[("NumCacheNodes", "4")])
        .await
        .ok();
    harness.settle().await;
    let reboot = [
        ("CacheClusterId", "rd"),
        ("CacheNodeIdsToReboot.CacheNodeId.1", "0001"),
    ];
    harness.call("RebootCacheCluster", &reboot).await.ok();
    let members = [
        ("NumCacheNodes", "3"),
        ("CacheNodeIdsToRemove.CacheNodeId.1", "0003"),
    ];
    harness.modify_now("mc", &members).await.ok();
    harness.settle().await;
    harness.host.destroy(&name);
    harness.host.kill(&harness.container_name("mc", "0002"));
    harness.reconcile().await;
    harness.settle().await;
    assert_eq!(ports("rd").await, before.0);
    assert_eq!(ports("mc").await[..3], before.1);
    assert_eq!(
        harness.host.memory_get(&name, "key").as_deref(),
        Some("value")
    );
    assert_eq!(
        harness.routes()["000000000000/us-east-1/mc/configuration"]
            .nodes
            .len(),
        3
    );
    for id in ["rd", "mc"] {
        assert_eq!(harness.status(id).await, "available");
        harness.delete(id).await.ok();
    }
    harness.settle().await;
    assert!(harness.host.containers().is_empty());
    harness.finish().await;
}
