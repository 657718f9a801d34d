//! Networks, addresses and ports.

use std::net::{Ipv4Addr, TcpListener};

use cacheplane::engine::{Engine, NetworkEngine, Protocol};
use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{
    ContainerSpec, ContainerState, NetworkAttachment, NetworkSpec, PublishedPort, Runtime,
    RuntimeError, labels,
};

use crate::engine::{ask, node, wait_ready};
use crate::fixture::{DEADLINE, GRACE, attachment, with_docker};

#[tokio::test]
async fn an_address_or_port_that_is_taken_is_named() {
    with_docker(async |fixture| {
        let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
        let host_port = occupied.local_addr().unwrap().port();
        let free = {
            TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let publish = |host_port: u16| PublishedPort {
            host_ip: Ipv4Addr::LOCALHOST,
            host_port,
            container_port: 6379,
        };
        let first = ContainerSpec {
            published_ports: vec![publish(free)],
            ..fixture.redis("a", 5).await
        };
        fixture.runtime.ensure_container(&first).await.unwrap();
        wait_ready(fixture.node_address(5)).await;
        let published = cacheplane::engine::NodeEndpoint {
            host: "localhost".into(),
            port: free,
            ..node(Ipv4Addr::LOCALHOST, 0, Protocol::Redis)
        };
        NetworkEngine
            .wait_ready(&published, DEADLINE)
            .await
            .unwrap();

        // The second of two addresses is the one that is taken.
        let mut second = fixture.redis("b", 6).await;
        second.networks.insert(
            0,
            attachment(&fixture.endpoints, fixture.endpoint_address(6)),
        );
        second.networks[1].address = Some(fixture.node_address(5));
        let error = fixture.runtime.ensure_container(&second).await.unwrap_err();
        let taken = fixture.node_address(5);
        assert!(
            matches!(error, RuntimeError::AddressInUse { address } if address == taken),
            "{error:?}"
        );
        second.networks[1].address = Some(fixture.node_address(6));
        let running = fixture.runtime.ensure_container(&second).await.unwrap();
        assert_eq!(
            running.addresses[&fixture.nodes.name],
            fixture.node_address(6)
        );
        let error = fixture
            .runtime
            .connect_network(&second.name, &fixture.nodes.name, taken)
            .await
            .unwrap_err();
        assert!(
            matches!(error, RuntimeError::AddressInUse { address } if address == taken),
            "{error:?}"
        );

        for (name, last, port) in [("c", 7, free), ("d", 8, host_port)] {
            let spec = ContainerSpec {
                published_ports: vec![publish(port)],
                ..fixture.redis(name, last).await
            };
            let error = fixture.runtime.ensure_container(&spec).await.unwrap_err();
            assert!(
                matches!(error, RuntimeError::PortInUse { port: named } if named == port),
                "{error:?}"
            );
            let left = fixture
                .runtime
                .container(&spec.name)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(left.state, ContainerState::Created);
            assert!(!left.error.is_empty());
            fixture
                .runtime
                .remove_container(&spec.name, GRACE)
                .await
                .unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_floating_address_moves_to_another_container() {
    with_docker(async |fixture| {
        let (one, two) = (fixture.redis("one", 5).await, fixture.redis("two", 6).await);
        fixture.runtime.ensure_container(&one).await.unwrap();
        fixture.runtime.ensure_container(&two).await.unwrap();
        let (network, floating) = (fixture.endpoints.name.as_str(), fixture.endpoint_address(9));
        for _ in 0..2 {
            fixture
                .runtime
                .connect_network(&one.name, network, floating)
                .await
                .unwrap();
        }
        wait_ready(floating).await;
        fixture.runtime.kill_container(&one.name).await.unwrap();
        fixture.runtime.kill_container(&one.name).await.unwrap();
        for _ in 0..2 {
            fixture
                .runtime
                .disconnect_network(&one.name, network, true)
                .await
                .unwrap();
            fixture
                .runtime
                .connect_network(&two.name, network, floating)
                .await
                .unwrap();
        }
        ask(fixture.node_address(6), &["SET", "who", "two"])
            .await
            .unwrap();
        assert_eq!(ask(floating, &["GET", "who"]).await.unwrap(), "two");
        let moved = fixture.endpoint_address(10);
        fixture
            .runtime
            .connect_network(&two.name, network, moved)
            .await
            .unwrap();
        assert_eq!(ask(moved, &["GET", "who"]).await.unwrap(), "two");
        // A stopped container, too: Docker itself would say yes and do nothing.
        fixture
            .runtime
            .connect_network(&one.name, network, fixture.endpoint_address(11))
            .await
            .unwrap();
        fixture
            .runtime
            .connect_network(&one.name, network, floating)
            .await
            .unwrap();
        let stopped = fixture.runtime.container(&one.name).await.unwrap().unwrap();
        assert_eq!(
            (stopped.state, stopped.addresses[network]),
            (ContainerState::Exited, floating)
        );
        fixture
            .runtime
            .disconnect_network(&fixture.name("absent"), network, true)
            .await
            .unwrap();
        fixture
            .runtime
            .disconnect_network(&two.name, &fixture.name("absent"), false)
            .await
            .unwrap();
        let absent = fixture
            .runtime
            .connect_network(&fixture.name("absent"), network, moved)
            .await
            .unwrap_err();
        assert!(
            matches!(absent, RuntimeError::NotFound { .. }),
            "{absent:?}"
        );
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
