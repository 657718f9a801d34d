//! Conversations with real nodes.

use std::net::Ipv4Addr;
use std::time::Duration;

use cacheplane::engine::{
    Credentials, Engine, EngineError, NetworkEngine, NodeEndpoint, Protocol, Role,
};
use cacheplane::runtime::{ContainerSpec, Runtime};

use crate::fixture::{DEADLINE, MEMCACHED, attachment, docker, with_docker};

pub(crate) fn node(address: Ipv4Addr, port: u16, protocol: Protocol) -> NodeEndpoint {
    NodeEndpoint {
        host: address.to_string(),
        port,
        protocol,
        encryption: None,
        administrator: None,
    }
}

/// Sends one command to a Redis and returns its answer.
pub(crate) async fn ask(address: Ipv4Addr, command: &[&str]) -> redis::RedisResult<String> {
    let client = redis::Client::open((address.to_string(), 6379))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let mut question = redis::cmd(command[0]);
    question.arg(&command[1..]);
    question.query_async(&mut connection).await
}

pub(crate) async fn wait_ready(address: Ipv4Addr) {
    NetworkEngine
        .wait_ready(&node(address, 6379, Protocol::Redis), DEADLINE)
        .await
        .unwrap();
}

#[tokio::test]
async fn redis_reports_version_role_and_limit() {
    with_docker(async |fixture| {
        let mut spec = fixture.redis("redis", 5).await;
        let users = "--user cacheplane on >hush ~* &* +@all --user default off --maxmemory 2mb";
        spec.command.extend(users.split(' ').map(String::from));
        fixture.runtime.ensure_container(&spec).await.unwrap();
        let mut node = node(fixture.node_address(5), 6379, Protocol::Redis);
        node.administrator = Some(Credentials {
            user: "cacheplane".into(),
            password: "hush".into(),
        });
        let report = NetworkEngine.wait_ready(&node, DEADLINE).await.unwrap();
        assert!(report.version.starts_with("7.0."), "{report:?}");
        assert_eq!(
            (report.role, report.maxmemory_bytes),
            (Role::Primary, Some(2 * 1024 * 1024))
        );
        assert!(
            report.used_memory_bytes > 0 && report.connected_clients > 0,
            "{report:?}"
        );

        for administrator in [
            None,
            Some(Credentials {
                user: "cacheplane".into(),
                password: "wrong".into(),
            }),
        ] {
            let stranger = NodeEndpoint {
                administrator,
                ..node.clone()
            };
            let error = NetworkEngine
                .wait_ready(&stranger, DEADLINE)
                .await
                .unwrap_err();
            assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
        }
        let wrong_protocol = NodeEndpoint {
            protocol: Protocol::Memcached,
            ..node.clone()
        };
        let error = NetworkEngine
            .probe(&wrong_protocol, DEADLINE)
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
        let wrong_port = NodeEndpoint {
            port: 6380,
            ..node.clone()
        };
        let error = NetworkEngine
            .probe(&wrong_port, DEADLINE)
            .await
            .unwrap_err();
        assert!(
            matches!(error, EngineError::Unreachable { .. }),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_frozen_node_is_a_timeout() {
    with_docker(async |fixture| {
        let spec = fixture.redis("redis", 5).await;
        fixture.runtime.ensure_container(&spec).await.unwrap();
        let node = node(fixture.node_address(5), 6379, Protocol::Redis);
        NetworkEngine.wait_ready(&node, DEADLINE).await.unwrap();
        docker(&["pause", &spec.name]);
        let error = NetworkEngine
            .probe(&node, Duration::from_millis(300))
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::Timeout { .. }), "{error:?}");
        docker(&["unpause", &spec.name]);
        NetworkEngine.wait_ready(&node, DEADLINE).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn memcached_reports_version_and_limit() {
    with_docker(async |fixture| {
        let spec = ContainerSpec {
            name: fixture.name("memcached"),
            image: MEMCACHED.to_owned(),
            command: ["memcached", "-p", "11311", "-m", "100"]
                .map(String::from)
                .to_vec(),
            networks: vec![attachment(&fixture.nodes, fixture.node_address(6))],
            volumes: vec![],
            ..fixture.redis("unused", 7).await
        };
        fixture.runtime.ensure_container(&spec).await.unwrap();
        let node = node(fixture.node_address(6), 11311, Protocol::Memcached);
        let report = NetworkEngine.wait_ready(&node, DEADLINE).await.unwrap();
        assert!(report.version.starts_with("1.6."), "{report:?}");
        assert_eq!(
            (report.role, report.maxmemory_bytes),
            (Role::Unknown, Some(100 * 1024 * 1024))
        );
        assert!(report.connected_clients > 0, "{report:?}");
        let wrong_protocol = NodeEndpoint {
            protocol: Protocol::Redis,
            ..node
        };
        let error = NetworkEngine
            .probe(&wrong_protocol, DEADLINE)
            .await
            .unwrap_err();
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    })
    .await;
}
