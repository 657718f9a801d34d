//! The simulated host behaves as Docker does where the control plane can tell.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::{NetworkAttachment, NetworkChange, PublishedPort, RestartPolicy, VolumeMount};
use super::*;
use crate::engine::simulated::SimulatedEngine;
use crate::engine::{Engine, EngineError, NodeEndpoint, Protocol};

const OWNER: &str = "aaaaaaaa-0000";
pub(super) const GRACE: Duration = Duration::from_secs(1);

pub(super) fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 211, 0, last)
}

fn network(name: &str, third: u8) -> NetworkSpec {
    NetworkSpec {
        name: name.into(),
        subnet: format!("10.211.{third}.0/24").parse().unwrap(),
        ip_range: format!("10.211.{third}.128/25").parse().unwrap(),
        gateway: Ipv4Addr::new(10, 211, third, 1),
        labels: BTreeMap::new(),
    }
}

pub(super) fn spec(name: &str, last: u8) -> ContainerSpec {
    ContainerSpec {
        name: name.into(),
        image: "redis:7.0".into(),
        command: ["redis-server", "--port", "6379", "--maxmemory", "2mb"]
            .map(String::from)
            .to_vec(),
        environment: BTreeMap::new(),
        labels: BTreeMap::new(),
        generation: 1,
        networks: vec![NetworkAttachment {
            network: "nodes".into(),
            address: Some(address(last)),
            aliases: vec![],
        }],
        published_ports: vec![],
        volumes: vec![VolumeMount {
            volume: format!("{name}.data"),
            path: "/data".into(),
        }],
        restart_policy: RestartPolicy::UnlessStopped,
        memory_limit_bytes: None,
        capabilities: vec![],
        stop_grace: GRACE,
        sysctls: BTreeMap::new(),
        files: vec![],
    }
}

pub(super) async fn host() -> (Arc<SimulatedWorld>, SimulatedRuntime) {
    let world = SimulatedWorld::new();
    let runtime = SimulatedRuntime::new(Arc::clone(&world), OWNER);
    runtime.ensure_network(&network("nodes", 0)).await.unwrap();
    runtime
        .ensure_network(&network("endpoints", 1))
        .await
        .unwrap();
    (world, runtime)
}

pub(super) fn node(last: u8) -> NodeEndpoint {
    NodeEndpoint {
        host: address(last).to_string(),
        port: 6379,
        protocol: Protocol::Redis,
        encryption: None,
        administrator: None,
    }
}

#[tokio::test]
async fn ensure_container_is_idempotent_and_heals() {
    let (world, runtime) = host().await;
    let spec = spec("a", 5);
    let first = runtime.ensure_container(&spec).await.unwrap();
    assert!(first.is_running());
    assert_eq!(first.generation, Some(1));
    assert_eq!(first.addresses.get("nodes"), Some(&address(5)));
    assert_eq!(runtime.ensure_container(&spec).await.unwrap(), first);

    world.kill("a");
    let again = runtime.ensure_container(&spec).await.unwrap();
    assert_eq!(again.id, first.id);
    assert_ne!(again.started_at, first.started_at);

    world.pause("a");
    assert!(runtime.ensure_container(&spec).await.unwrap().is_running());

    let newer = ContainerSpec {
        generation: 2,
        ..spec
    };
    let replaced = runtime.ensure_container(&newer).await.unwrap();
    assert_ne!(replaced.id, first.id);
    assert_eq!(replaced.generation, Some(2));
}

#[tokio::test]
async fn every_stop_between_two_calls_is_recovered_from() {
    let mut spec = spec("a", 5);
    spec.networks.push(NetworkAttachment {
        network: "endpoints".into(),
        address: Some(Ipv4Addr::new(10, 211, 1, 5)),
        aliases: vec![],
    });
    let (calls_before, calls) = {
        let (world, runtime) = host().await;
        let before = world.call_count();
        runtime.ensure_container(&spec).await.unwrap();
        (before, world.call_count() - before)
    };
    assert_eq!(calls, 5, "inspect, create, connect, start, inspect");
    for stopped_at in 1..=calls {
        for after in [false, true] {
            let (world, runtime) = host().await;
            world.set_hook(Some(Box::new(move |call| {
                match (call.number == calls_before + stopped_at, after) {
                    (false, _) => Verdict::Proceed,
                    (true, false) => Verdict::HangBefore,
                    (true, true) => Verdict::HangAfter,
                }
            })));
            let interrupted = tokio::spawn({
                let (runtime, spec) = (runtime.clone(), spec.clone());
                async move { runtime.ensure_container(&spec).await }
            });
            while world.call_count() < calls_before + stopped_at {
                tokio::task::yield_now().await;
            }
            interrupted.abort();
            assert!(interrupted.await.unwrap_err().is_cancelled());
            world.set_hook(None);

            let restarted = SimulatedRuntime::new(Arc::clone(&world), OWNER);
            let found = restarted.ensure_container(&spec).await.unwrap();
            assert!(found.is_running());
            assert_eq!(
                found.addresses.len(),
                2,
                "stopped at {stopped_at}, after: {after}"
            );
            assert_eq!(world.containers().len(), 1);
        }
    }
}

#[tokio::test]
async fn addresses_and_ports_are_held_only_while_running() {
    let (world, runtime) = host().await;
    let port = PublishedPort {
        host_ip: Ipv4Addr::LOCALHOST,
        host_port: 7000,
        container_port: 6379,
    };
    runtime
        .ensure_container(&ContainerSpec {
            published_ports: vec![port.clone()],
            ..spec("a", 5)
        })
        .await
        .unwrap();

    let error = runtime.ensure_container(&spec("b", 5)).await.unwrap_err();
    assert!(
        matches!(error, RuntimeError::AddressInUse { address: at } if at == address(5)),
        "{error:?}"
    );
    assert_eq!(
        runtime.container("b").await.unwrap().unwrap().state,
        ContainerState::Created
    );
    let same_port = ContainerSpec {
        published_ports: vec![port],
        ..spec("c", 6)
    };
    let error = runtime.ensure_container(&same_port).await.unwrap_err();
    assert!(
        matches!(error, RuntimeError::PortInUse { port: 7000 }),
        "{error:?}"
    );
    let gateway = runtime.ensure_container(&spec("d", 1)).await.unwrap_err();
    assert!(
        matches!(gateway, RuntimeError::AddressInUse { .. }),
        "{gateway:?}"
    );

    runtime.stop_container("a", GRACE).await.unwrap();
    runtime.ensure_container(&spec("b", 5)).await.unwrap();
    world.occupy_port(7000);
    assert!(matches!(
        runtime.ensure_container(&same_port).await,
        Err(RuntimeError::PortInUse { port: 7000 })
    ));
    world.free_port(7000);
    runtime.ensure_container(&same_port).await.unwrap();
}

#[tokio::test]
async fn a_floating_address_moves() {
    let (world, runtime) = host().await;
    runtime.ensure_container(&spec("a", 5)).await.unwrap();
    runtime.ensure_container(&spec("b", 6)).await.unwrap();
    let floating = Ipv4Addr::new(10, 211, 1, 9);
    runtime
        .connect_network("a", "endpoints", floating)
        .await
        .unwrap();
    runtime
        .connect_network("a", "endpoints", floating)
        .await
        .unwrap();
    let taken = runtime
        .connect_network("b", "endpoints", floating)
        .await
        .unwrap_err();
    assert!(
        matches!(taken, RuntimeError::AddressInUse { address } if address == floating),
        "{taken:?}"
    );
    world.kill("a");
    // The dead container still asks for it, so it must be detached before it starts again.
    assert_eq!(
        runtime
            .container("a")
            .await
            .unwrap()
            .unwrap()
            .addresses
            .get("endpoints"),
        Some(&floating)
    );
    for _ in 0..2 {
        runtime
            .disconnect_network("a", "endpoints", true)
            .await
            .unwrap();
        runtime
            .connect_network("b", "endpoints", floating)
            .await
            .unwrap();
    }
    runtime
        .disconnect_network("nobody", "endpoints", true)
        .await
        .unwrap();
    assert!(
        runtime
            .ensure_container(&spec("a", 5))
            .await
            .unwrap()
            .is_running()
    );
    let other = Ipv4Addr::new(10, 211, 1, 10);
    runtime
        .connect_network("b", "endpoints", other)
        .await
        .unwrap();
    assert_eq!(
        runtime
            .container("b")
            .await
            .unwrap()
            .unwrap()
            .addresses
            .get("endpoints"),
        Some(&other)
    );
    let absent = runtime
        .connect_network("nobody", "endpoints", other)
        .await
        .unwrap_err();
    assert!(
        matches!(absent, RuntimeError::NotFound { .. }),
        "{absent:?}"
    );
}

#[tokio::test]
async fn images_are_looked_for_before_any_is_pulled() {
    let (world, runtime) = host().await;
    let candidates = ["redis:7.2", "redis:7.0"].map(String::from);
    world.set_images(&["redis:7.0"], &["redis:7.2"]);
    assert_eq!(
        runtime.ensure_image(&candidates).await.unwrap(),
        "redis:7.0"
    );
    world.set_images(&[], &["redis:7.0"]);
    assert_eq!(
        runtime.ensure_image(&candidates).await.unwrap(),
        "redis:7.0"
    );
    assert_eq!(
        runtime.images_present(&candidates).await.unwrap(),
        [false, true]
    );
    world.set_images(&[], &[]);
    let error = runtime.ensure_image(&candidates).await.unwrap_err();
    assert!(
        matches!(&error, RuntimeError::NoImage { candidates: tried, .. } if tried == &candidates),
        "{error:?}"
    );
    assert!(matches!(
        runtime.ensure_container(&spec("a", 5)).await,
        Err(RuntimeError::NotFound { .. })
    ));
    assert_eq!(world.containers(), []);
}

#[tokio::test]
async fn networks_and_volumes_refuse_what_docker_refuses() {
    let (_, runtime) = host().await;
    let moved = NetworkSpec {
        name: "nodes".into(),
        ..network("", 7)
    };
    assert!(matches!(
        runtime.ensure_network(&moved).await,
        Err(RuntimeError::Conflict { .. })
    ));
    assert!(matches!(
        runtime.ensure_network(&network("other", 0)).await,
        Err(RuntimeError::Conflict { .. })
    ));
    runtime.ensure_network(&network("nodes", 0)).await.unwrap();

    let volume = VolumeSpec {
        name: "a.data".into(),
        labels: BTreeMap::new(),
    };
    runtime.ensure_volume(&volume).await.unwrap();
    runtime.ensure_container(&spec("a", 5)).await.unwrap();
    assert!(matches!(
        runtime.remove_network("nodes").await,
        Err(RuntimeError::Conflict { .. })
    ));
    assert!(matches!(
        runtime.remove_volume("a.data").await,
        Err(RuntimeError::Conflict { .. })
    ));
    assert_eq!(runtime.volumes().await.unwrap().len(), 1);
    runtime.remove_container("a", GRACE).await.unwrap();
    runtime.remove_container("a", GRACE).await.unwrap();
    runtime.remove_volume("a.data").await.unwrap();
    runtime.remove_volume("a.data").await.unwrap();
    runtime.remove_network("nodes").await.unwrap();
    runtime.remove_network("nodes").await.unwrap();
}

#[tokio::test]
async fn keys_survive_a_graceful_end_on_a_volume_and_nothing_else() {
    let (world, runtime) = host().await;
    let engine = SimulatedEngine::new(Arc::clone(&world));
    runtime.ensure_container(&spec("redis", 5)).await.unwrap();
    let memcached = ContainerSpec {
        volumes: vec![],
        ..spec("memcached", 6)
    };
    runtime.ensure_container(&memcached).await.unwrap();
    assert!(engine.set(&node(5), "k", "saved").is_done());
    assert!(engine.set(&node(6), "k", "lost").is_done());

    let before = runtime
        .container("redis")
        .await
        .unwrap()
        .unwrap()
        .started_at;
    let after = runtime
        .restart_container("redis", GRACE)
        .await
        .unwrap()
        .started_at;
    assert_ne!(before, after);
    runtime.restart_container("memcached", GRACE).await.unwrap();
    assert_eq!(engine.get(&node(5), "k").as_deref(), Some("saved"));
    assert_eq!(engine.get(&node(6), "k"), None);

    assert!(engine.set(&node(5), "k", "unsaved").is_done());
    world.crash("redis", 1);
    assert!(
        runtime
            .container("redis")
            .await
            .unwrap()
            .unwrap()
            .is_running()
    );
    assert_eq!(engine.get(&node(5), "k").as_deref(), Some("saved"));
    runtime.remove_container("redis", GRACE).await.unwrap();
    runtime
        .ensure_container(&ContainerSpec {
            generation: 2,
            ..spec("redis", 5)
        })
        .await
        .unwrap();
    assert_eq!(engine.get(&node(5), "k").as_deref(), Some("saved"));
}

#[tokio::test]
async fn nodes_answer_where_their_containers_run() {
    let (world, runtime) = host().await;
    let engine = SimulatedEngine::new(Arc::clone(&world));
    let port = PublishedPort {
        host_ip: Ipv4Addr::LOCALHOST,
        host_port: 7000,
        container_port: 6379,
    };
    runtime
        .ensure_container(&ContainerSpec {
            published_ports: vec![port],
            ..spec("a", 5)
        })
        .await
        .unwrap();
    let report = engine.wait_ready(&node(5), GRACE).await.unwrap();
    assert_eq!(
        (report.version.as_str(), report.maxmemory_bytes),
        ("7.0", Some(2 * 1024 * 1024))
    );
    let published = NodeEndpoint {
        host: "localhost".into(),
        port: 7000,
        ..node(5)
    };
    engine.probe(&published, GRACE).await.unwrap();

    let other_port = NodeEndpoint {
        port: 6380,
        ..node(5)
    };
    assert!(matches!(
        engine.probe(&other_port, GRACE).await,
        Err(EngineError::Unreachable { .. })
    ));
    assert!(matches!(
        engine.probe(&node(6), GRACE).await,
        Err(EngineError::Unreachable { .. })
    ));
    world.pause("a");
    assert!(matches!(
        engine.probe(&node(5), GRACE).await,
        Err(EngineError::Timeout { .. })
    ));
    world.unpause("a");
    world.set_hook(Some(Box::new(|call| match call.operation {
        Operation::NodeProbe => Verdict::Refuse(RuntimeError::Unreachable { source: None }),
        _ => Verdict::Proceed,
    })));
    assert!(matches!(
        engine.probe(&node(5), GRACE).await,
        Err(EngineError::Unreachable { .. })
    ));
}

#[tokio::test]
async fn events_reach_their_owner_in_order() {
    let (world, runtime) = host().await;
    let other = SimulatedRuntime::new(Arc::clone(&world), "bbbbbbbb-0000");
    let mut events = runtime.events();
    other.ensure_network(&network("others", 9)).await.unwrap();
    let mut foreign = spec("b", 6);
    foreign.networks[0] = NetworkAttachment {
        network: "others".into(),
        address: None,
        aliases: vec![],
    };
    let picked = other.ensure_container(&foreign).await.unwrap();
    assert_eq!(
        picked.addresses["others"],
        Ipv4Addr::new(10, 211, 9, 129),
        "from the range, not the reserved part"
    );
    runtime.ensure_container(&spec("a", 5)).await.unwrap();
    world.out_of_memory("a");
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push(match events.next().await.unwrap() {
            RuntimeEvent::Container {
                name,
                change,
                labels,
            } => {
                assert_eq!(
                    (name.as_str(), labels[labels::OWNER].as_str()),
                    ("a", OWNER)
                );
                format!("{change:?}")
            }
            RuntimeEvent::Network {
                network, change, ..
            } => format!("{network} {change:?}"),
            RuntimeEvent::Reconnected => "Reconnected".to_owned(),
        });
    }
    let connected = format!("nodes {:?}", NetworkChange::Connected);
    let disconnected = format!("nodes {:?}", NetworkChange::Disconnected);
    let died = "Died { exit_code: Some(137) }".to_owned();
    let start = "Started".to_owned();
    assert_eq!(
        seen,
        [
            connected.clone(),
            start.clone(),
            "OutOfMemory".into(),
            died,
            disconnected,
            connected,
            start
        ]
    );

    world.set_reachable(false);
    assert!(matches!(
        runtime.check().await,
        Err(RuntimeError::Unreachable { .. })
    ));
    world.kill("a");
    world.set_reachable(true);
    assert_eq!(events.next().await, Some(RuntimeEvent::Reconnected));
    assert_eq!(
        runtime.container("a").await.unwrap().unwrap().state,
        ContainerState::Exited
    );
}

#[tokio::test]
async fn owners_do_not_see_or_touch_each_other() {
    let (world, runtime) = host().await;
    let other = SimulatedRuntime::new(world, "bbbbbbbb-0000");
    runtime.ensure_container(&spec("a", 5)).await.unwrap();
    assert_eq!(other.containers().await.unwrap(), []);
    assert_eq!(runtime.containers().await.unwrap().len(), 1);
    assert!(matches!(
        other.ensure_container(&spec("a", 6)).await,
        Err(RuntimeError::Conflict { .. })
    ));
}

#[tokio::test]
async fn the_hook_sees_every_call_with_its_number() {
    let (world, runtime) = host().await;
    let seen = Arc::new(AtomicU64::new(world.call_count()));
    let expected = Arc::clone(&seen);
    world.set_hook(Some(Box::new(move |call| {
        assert_eq!(call.number, expected.fetch_add(1, Ordering::Relaxed) + 1);
        match call.operation {
            Operation::ContainerStart => Verdict::Refuse(RuntimeError::PortInUse { port: 1 }),
            _ => Verdict::Proceed,
        }
    })));
    assert!(matches!(
        runtime.ensure_container(&spec("a", 5)).await,
        Err(RuntimeError::PortInUse { port: 1 })
    ));
    assert_eq!(seen.load(Ordering::Relaxed), world.call_count());
    assert_eq!(world.containers()[0].state, ContainerState::Created);
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_is_done() {
    let (world, runtime) = host().await;
    world.set_hook(Some(Box::new(|call| match call.operation {
        Operation::ContainerStart => {
            Verdict::LoseAnswer(RuntimeError::Unreachable { source: None })
        }
        _ => Verdict::Proceed,
    })));
    let result = runtime.ensure_container(&spec("a", 5)).await;
    assert!(matches!(result, Err(RuntimeError::Unreachable { .. })));
    assert!(world.containers()[0].is_running());
}

#[tokio::test]
async fn each_call_waits_for_the_pace() {
    let (world, runtime) = host().await;
    let waited = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&waited);
    world.set_pace(Some(Arc::new(move |operation, target| {
        assert_eq!((operation, target), (Operation::ContainerInspect, "a"));
        counted.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    })));
    runtime.container("a").await.unwrap();
    runtime.container("a").await.unwrap();
    assert_eq!(waited.load(Ordering::Relaxed), 2);
}

mod networks;
