//! Networks, addresses and ports.

use std::net::{Ipv4Addr, TcpListener};

use cacheplane::engine::{Engine, NetworkEngine, Protocol};
use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{
    ContainerState, NetworkAttachment, NetworkSpec, PublishedPort, Runtime, RuntimeError, labels,
};

use crate::engine::{ask, node, wait_ready};
use crate::fixture::{DEADLINE, GRACE, attachment, with_docker};

/// A port below those that the system gives to whoever asks for any, free at this moment.
fn free_port() -> u16 {
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (21100..21200).find(free).unwrap()
}

fn publish(host_port: u16) -> Vec<PublishedPort> {
    vec![PublishedPort {
        host_ip: Ipv4Addr::LOCALHOST,
        host_port,
        container_port: 6379,
    }]
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    with_docker(async |fixture| {
        let runtime = &fixture.runtime;
        let taken = fixture.node_address(5);
        let first = fixture.redis("a", 5).await;
        runtime.ensure_container(&first).await.unwrap();
        // The second of two addresses is the one that is taken.
        let mut second = fixture.redis("b", 5).await;
        let endpoint = attachment(&fixture.endpoints, fixture.endpoint_address(6));
        second.networks.insert(0, endpoint);
        let error = runtime.ensure_container(&second).await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::AddressInUse { address } if address == taken),
            "{error:?}"
        );
        second.networks[1].address = Some(fixture.node_address(6));
        let running = runtime.ensure_container(&second).await.unwrap();
        let network = &fixture.nodes.name;
        assert_eq!(running.addresses[network], fixture.node_address(6));
        let error = runtime
            .connect_network(&second.name, network, taken)
            .await
            .unwrap_err();
        assert!(
            matches!(error, RuntimeError::AddressInUse { address } if address == taken),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_port_is_published_and_one_that_is_taken_is_named() {
    with_docker(async |fixture| {
        let runtime = &fixture.runtime;
        let published = free_port();
        let mut first = fixture.redis("a", 5).await;
        first.published_ports = publish(published);
        runtime.ensure_container(&first).await.unwrap();
        let mut outside = node(Ipv4Addr::LOCALHOST, published, Protocol::Redis);
        outside.host = "localhost".to_owned();
        NetworkEngine.wait_ready(&outside, DEADLINE).await.unwrap();

        let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
        let by_others = occupied.local_addr().unwrap().port();
        for (name, last, taken) in [("b", 6, published), ("c", 7, by_others)] {
            let mut spec = fixture.redis(name, last).await;
            spec.published_ports = publish(taken);
            let error = runtime.ensure_container(&spec).await.unwrap_err();
            assert!(
                matches!(error, RuntimeError::PortInUse { port } if port == taken),
                "{error:?}"
            );
            let left = runtime.container(&spec.name).await.unwrap().unwrap();
            assert_eq!(left.state, ContainerState::Created);
            assert!(!left.error.is_empty());
            runtime.remove_container(&spec.name, GRACE).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_floating_address_moves_to_another_container() {
    with_docker(async |fixture| {
        let runtime = &fixture.runtime;
        let (one, two) = (fixture.redis("one", 5).await, fixture.redis("two", 6).await);
        runtime.ensure_container(&one).await.unwrap();
        runtime.ensure_container(&two).await.unwrap();
        let (network, floating) = (fixture.endpoints.name.as_str(), fixture.endpoint_address(9));
        for _ in 0..2 {
            runtime
                .connect_network(&one.name, network, floating)
                .await
                .unwrap();
        }
        wait_ready(floating).await;
        runtime.kill_container(&one.name).await.unwrap();
        runtime.kill_container(&one.name).await.unwrap();
        for _ in 0..2 {
            runtime
                .disconnect_network(&one.name, network, true)
                .await
                .unwrap();
            runtime
                .connect_network(&two.name, network, floating)
                .await
                .unwrap();
        }
        wait_ready(fixture.node_address(6)).await;
        ask(fixture.node_address(6), &["SET", "who", "two"])
            .await
            .unwrap();
        assert_eq!(ask(floating, &["GET", "who"]).await.unwrap(), "two");
        let moved = fixture.endpoint_address(10);
        runtime
            .connect_network(&two.name, network, moved)
            .await
            .unwrap();
        assert_eq!(ask(moved, &["GET", "who"]).await.unwrap(), "two");
    })
    .await;
}

#[tokio::test]
async fn attachments_of_the_stopped_and_the_absent() {
    with_docker(async |fixture| {
        let runtime = &fixture.runtime;
        let network = fixture.endpoints.name.as_str();
        let (first, second) = (fixture.endpoint_address(9), fixture.endpoint_address(10));
        let spec = fixture.redis("a", 5).await;
        runtime.ensure_container(&spec).await.unwrap();
        runtime.stop_container(&spec.name, GRACE).await.unwrap();
        // Docker itself would say yes to the second, and do nothing.
        runtime
            .connect_network(&spec.name, network, first)
            .await
            .unwrap();
        runtime
            .connect_network(&spec.name, network, second)
            .await
            .unwrap();
        let stopped = runtime.container(&spec.name).await.unwrap().unwrap();
        assert_eq!(
            (stopped.state, stopped.addresses[network]),
            (ContainerState::Exited, second)
        );
        runtime.start_container(&spec.name).await.unwrap();
        wait_ready(second).await;

        let absent = fixture.name("absent");
        runtime
            .disconnect_network(&absent, network, true)
            .await
            .unwrap();
        runtime
            .disconnect_network(&spec.name, &absent, false)
            .await
            .unwrap();
        let error = runtime
            .connect_network(&absent, network, first)
            .await
            .unwrap_err();
        assert!(matches!(error, RuntimeError::NotFound { .. }), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn docker_picks_addresses_only_from_its_range() {
    with_docker(async |fixture| {
        let mut spec = fixture.redis("picked", 0).await;
        spec.networks = vec![NetworkAttachment {
            network: fixture.nodes.name.clone(),
            address: None,
            aliases: vec!["picked".into()],
        }];
        let found = fixture.runtime.ensure_container(&spec).await.unwrap();
        let picked = found.addresses[&fixture.nodes.name];
        assert!(fixture.nodes.ip_range.contains(&picked), "{picked}");
    })
    .await;
}

#[tokio::test]
async fn a_network_may_be_asked_for_by_several_at_once() {
    with_docker(async |fixture| {
        let nodes = &fixture.nodes;
        // Each as another process has it: a control plane that was killed may meet its own last request.
        let runtimes: Vec<DockerRuntime> = (0..4)
            .map(|_| DockerRuntime::new(None, &fixture.owner).unwrap())
            .collect();
        for _ in 0..5 {
            fixture.runtime.remove_network(&nodes.name).await.unwrap();
            let asking = runtimes.iter().map(|one| one.ensure_network(nodes));
            for answer in futures_util::future::join_all(asking).await {
                answer.unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn networks_that_differ_are_conflicts_with_a_cure() {
    with_docker(async |fixture| {
        fixture
            .runtime
            .ensure_network(&fixture.nodes)
            .await
            .unwrap();
        let moved = NetworkSpec {
            name: fixture.nodes.name.clone(),
            ..fixture.endpoints.clone()
        };
        let error = fixture.runtime.ensure_network(&moved).await.unwrap_err();
        let cure = format!("docker network rm {}", fixture.nodes.name);
        assert!(
            matches!(&error, RuntimeError::Conflict { message } if message.contains(&cure)),
            "{error}"
        );
        let overlapping = NetworkSpec {
            name: fixture.name("other"),
            ..fixture.nodes.clone()
        };
        let error = fixture
            .runtime
            .ensure_network(&overlapping)
            .await
            .unwrap_err();
        assert!(
            matches!(&error, RuntimeError::Conflict { message } if message.contains("overlaps")),
            "{error}"
        );
        let stranger = DockerRuntime::new(None, "someone-else").unwrap();
        assert!(matches!(
            stranger.ensure_network(&fixture.nodes).await,
            Err(RuntimeError::Conflict { .. })
        ));

        let spec = fixture.redis("a", 5).await;
        fixture.runtime.ensure_container(&spec).await.unwrap();
        let error = fixture
            .runtime
            .remove_network(&fixture.nodes.name)
            .await
            .unwrap_err();
        assert!(matches!(error, RuntimeError::Conflict { .. }), "{error:?}");
        fixture
            .runtime
            .remove_network(&fixture.name("absent"))
            .await
            .unwrap();
        let listed = fixture.runtime.networks().await.unwrap();
        let ours = listed
            .iter()
            .find(|network| network.name == fixture.nodes.name)
            .unwrap();
        assert_eq!(ours.subnets, [fixture.nodes.subnet]);
        assert_eq!(ours.labels[labels::OWNER], fixture.owner);
        assert!(
            listed
                .iter()
                .any(|network| network.name == "bridge" && !network.subnets.is_empty())
        );
    })
    .await;
}
