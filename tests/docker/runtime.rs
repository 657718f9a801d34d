//! The runtime's promises, on Docker itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use cacheplane::engine::{Engine, NetworkEngine, Protocol};
use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{
    ContainerChange, ContainerSpec, ContainerState, ImportedImage, NetworkAttachment,
    NetworkChange, NetworkSpec, PublishedPort, RestartPolicy, Runtime, RuntimeError, RuntimeEvent,
    VolumeSpec, labels,
};
use futures_util::StreamExt;

use crate::engine::node;
use crate::fixture::{
    DEADLINE, Fixture, GRACE, REDIS, attachment, docker, eventually, with_docker,
};

/// Sends one command to a Redis and returns its answer.
async fn ask(address: Ipv4Addr, command: &[&str]) -> redis::RedisResult<String> {
    let client = redis::Client::open((address.to_string(), 6379))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let mut question = redis::cmd(command[0]);
    question.arg(&command[1..]);
    question.query_async(&mut connection).await
}

async fn wait_ready(address: Ipv4Addr) {
    NetworkEngine
        .wait_ready(&node(address, 6379, Protocol::Redis), DEADLINE)
        .await
        .unwrap();
}

#[tokio::test]
async fn docker_describes_itself() {
    with_docker(async |fixture| {
        let description = fixture.runtime.check().await.unwrap();
        assert!(!description.server_version.is_empty() && description.api_version.contains('.'), "{description:?}");
        let present = fixture.runtime.images_present(&[REDIS.into(), "cacheplane/absent:1".into()]).await.unwrap();
        assert_eq!(present, [true, false]);
        let candidates = ["cacheplane/absent:1".to_owned(), REDIS.to_owned()];
        assert_eq!(fixture.runtime.ensure_image(&candidates).await.unwrap(), REDIS);
        // A registry on a port of ours that is closed: refused at once, wherever the test runs.
        let candidates = ["127.0.0.1:9/cacheplane/absent:1".to_owned()];
        let error = fixture.runtime.ensure_image(&candidates).await.unwrap_err();
        assert!(matches!(&error, RuntimeError::NoImage { reason, .. } if reason.contains("127.0.0.1:9")), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn ensure_container_makes_all_of_the_spec_true_and_repeats() {
    with_docker(async |fixture| {
        let mut spec = fixture.redis("a", 5).await;
        spec.networks.push(attachment(&fixture.endpoints, fixture.endpoint_address(9)));
        spec.capabilities.push("NET_ADMIN".into());
        let first = fixture.runtime.ensure_container(&spec).await.unwrap();
        assert!(first.is_running());
        assert_eq!((first.name.as_str(), first.image.as_str()), (spec.name.as_str(), REDIS));
        assert_eq!((first.generation, first.exit_code, first.error.as_str()), (Some(1), None, ""));
        assert_eq!(first.labels[labels::NODE], "0001");
        let expected = [
            (fixture.nodes.name.clone(), fixture.node_address(5)),
            (fixture.endpoints.name.clone(), fixture.endpoint_address(9)),
        ];
        assert_eq!(first.addresses, BTreeMap::from(expected));
        wait_ready(fixture.node_address(5)).await;
        wait_ready(fixture.endpoint_address(9)).await;
        let settings = docker(&[
            "inspect",
            &spec.name,
            "--format",
            "{{.HostConfig.Memory}} {{.HostConfig.CapAdd}} {{.HostConfig.RestartPolicy.Name}} {{.Config.Env}} \
             {{.Config.StopTimeout}} {{.HostConfig.Sysctls}}",
        ]);
        for part in ["268435456 ", "NET_ADMIN", "unless-stopped", "CACHEPLANE_TEST=yes", " 10 ", "net.core.somaxconn:1024"] {
            assert!(settings.contains(part), "{part} in {settings}");
        }
        assert_eq!(fixture.runtime.ensure_container(&spec).await.unwrap(), first);
        assert_eq!(fixture.runtime.containers().await.unwrap(), [first.clone()]);

        docker(&["pause", &spec.name]);
        assert_eq!(fixture.runtime.container(&spec.name).await.unwrap().unwrap().state, ContainerState::Paused);
        assert!(fixture.runtime.ensure_container(&spec).await.unwrap().is_running());
        docker(&["network", "disconnect", &fixture.endpoints.name, &spec.name]);
        let healed = fixture.runtime.ensure_container(&spec).await.unwrap();
        assert_eq!((healed.id, healed.addresses), (first.id, first.addresses));
    })
    .await;
}

#[tokio::test]
async fn a_container_that_was_only_created_is_finished() {
    with_docker(async |fixture| {
        let mut spec = fixture.redis("half", 5).await;
        spec.networks
            .push(attachment(&fixture.endpoints, fixture.endpoint_address(9)));
        // As left behind by a control plane that stopped after its first call.
        let owner = format!("{}={}", labels::OWNER, fixture.owner);
        let generation = format!("{}=1", labels::GENERATION);
        let address = fixture.node_address(5).to_string();
        let network = &fixture.nodes.name;
        docker(&[
            "create",
            "--name",
            &spec.name,
            "--label",
            &owner,
            "--label",
            &generation,
            "--network",
            network,
            "--ip",
            &address,
            REDIS,
            "redis-server",
        ]);
        let half = fixture
            .runtime
            .container(&spec.name)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (half.state, half.started_at),
            (ContainerState::Created, None)
        );
        let whole = fixture.runtime.ensure_container(&spec).await.unwrap();
        assert_eq!(
            (whole.id.as_str(), whole.state),
            (half.id.as_str(), ContainerState::Running)
        );
        assert_eq!(whole.addresses.len(), 2);
        wait_ready(fixture.endpoint_address(9)).await;
    })
    .await;
}

#[tokio::test]
async fn another_generation_replaces_and_keeps_the_volume() {
    with_docker(async |fixture| {
        let spec = fixture.redis("a", 5).await;
        let first = fixture.runtime.ensure_container(&spec).await.unwrap();
        wait_ready(fixture.node_address(5)).await;
        ask(fixture.node_address(5), &["SET", "k", "v"])
            .await
            .unwrap();
        let newer = ContainerSpec {
            generation: 2,
            ..spec.clone()
        };
        let second = fixture.runtime.ensure_container(&newer).await.unwrap();
        assert_ne!(second.id, first.id);
        assert_eq!(second.generation, Some(2));
        wait_ready(fixture.node_address(5)).await;
        assert_eq!(
            ask(fixture.node_address(5), &["GET", "k"]).await.unwrap(),
            "v"
        );

        let volume = spec.volumes[0].volume.clone();
        assert!(matches!(
            fixture.runtime.remove_volume(&volume).await,
            Err(RuntimeError::Conflict { .. })
        ));
        fixture
            .runtime
            .ensure_volume(&VolumeSpec {
                name: volume,
                labels: BTreeMap::new(),
            })
            .await
            .unwrap();
        assert_eq!(fixture.runtime.volumes().await.unwrap().len(), 1);
        for _ in 0..2 {
            fixture
                .runtime
                .remove_container(&spec.name, GRACE)
                .await
                .unwrap();
            assert_eq!(fixture.runtime.container(&spec.name).await.unwrap(), None);
        }
    })
    .await;
}

#[tokio::test]
async fn restart_is_visible_and_keeps_keys() {
    with_docker(async |fixture| {
        let spec = fixture.redis("a", 5).await;
        let before = fixture.runtime.ensure_container(&spec).await.unwrap();
        wait_ready(fixture.node_address(5)).await;
        ask(fixture.node_address(5), &["SET", "k", "v"])
            .await
            .unwrap();
        let after = fixture
            .runtime
            .restart_container(&spec.name, GRACE)
            .await
            .unwrap();
        assert_eq!(after.id, before.id);
        assert_ne!(after.started_at, before.started_at);
        wait_ready(fixture.node_address(5)).await;
        assert_eq!(
            ask(fixture.node_address(5), &["GET", "k"]).await.unwrap(),
            "v"
        );

        fixture
            .runtime
            .stop_container(&spec.name, GRACE)
            .await
            .unwrap();
        fixture
            .runtime
            .stop_container(&spec.name, GRACE)
            .await
            .unwrap();
        let stopped = fixture
            .runtime
            .container(&spec.name)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (stopped.state, stopped.exit_code),
            (ContainerState::Exited, Some(0))
        );
        assert_eq!(
            stopped.addresses.get(&fixture.nodes.name),
            Some(&fixture.node_address(5))
        );
        fixture.runtime.start_container(&spec.name).await.unwrap();
        fixture.runtime.start_container(&spec.name).await.unwrap();
        wait_ready(fixture.node_address(5)).await;
        assert_eq!(
            ask(fixture.node_address(5), &["GET", "k"]).await.unwrap(),
            "v"
        );
        let absent = fixture
            .runtime
            .restart_container(&fixture.name("absent"), GRACE)
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

#[tokio::test]
async fn containers_of_others_are_neither_listed_nor_touched() {
    with_docker(async |fixture| {
        let spec = fixture.redis("a", 5).await;
        let ours = fixture.runtime.ensure_container(&spec).await.unwrap();
        let stranger = DockerRuntime::new(None, "someone-else").unwrap();
        assert_eq!(stranger.containers().await.unwrap(), []);
        let error = stranger
            .ensure_container(&ContainerSpec {
                generation: 2,
                ..spec.clone()
            })
            .await
            .unwrap_err();
        assert!(matches!(error, RuntimeError::Conflict { .. }), "{error:?}");
        assert_eq!(
            fixture.runtime.container(&spec.name).await.unwrap(),
            Some(ours)
        );
    })
    .await;
}

/// Reads events until one of this container is the wanted one, and returns what came before it.
async fn until(
    events: &mut futures_util::stream::BoxStream<'static, RuntimeEvent>,
    wanted: impl Fn(&RuntimeEvent) -> bool,
) -> Vec<RuntimeEvent> {
    let mut seen = Vec::new();
    let reading = async {
        while let Some(event) = events.next().await {
            if wanted(&event) {
                return;
            }
            seen.push(event);
        }
        panic!("the stream ended");
    };
    let in_time = tokio::time::timeout(DEADLINE, reading).await;
    assert!(in_time.is_ok(), "not within {DEADLINE:?}; seen: {seen:?}");
    seen
}

fn changed(event: &RuntimeEvent, wanted: ContainerChange) -> bool {
    matches!(event, RuntimeEvent::Container { change, .. } if *change == wanted)
}

#[tokio::test]
async fn events_tell_of_deaths_and_attachments() {
    with_docker(async |fixture| {
        let spec = fixture.redis("a", 5).await;
        let mut events = fixture.runtime.events();
        // The stream connects when it is first read; what happens from then on must not be missed.
        let reader = tokio::spawn(async move {
            let killed = ContainerChange::Died {
                exit_code: Some(137),
            };
            let before = until(&mut events, |event| changed(event, killed)).await;
            let after = until(&mut events, |event| {
                changed(event, ContainerChange::Destroyed)
            })
            .await;
            (before, after)
        });
        // Until the reader has subscribed, its kill could pass unheard; so there is one after another, until it hears.
        eventually("a kill to be heard", async || {
            fixture.runtime.ensure_container(&spec).await.unwrap();
            fixture.runtime.kill_container(&spec.name).await.unwrap();
            fixture
                .runtime
                .remove_container(&spec.name, GRACE)
                .await
                .unwrap();
            reader.is_finished().then_some(())
        })
        .await;
        let (before, after) = reader.await.unwrap();
        for event in before.iter().chain(&after) {
            match event {
                RuntimeEvent::Container { name, labels, .. } => {
                    assert_eq!((name, &labels[labels::OWNER]), (&spec.name, &fixture.owner));
                    assert_eq!(labels[labels::NODE], "0001");
                }
                RuntimeEvent::Network {
                    network,
                    container_id,
                    ..
                } => {
                    assert_eq!(network, &fixture.nodes.name);
                    assert!(container_id.is_some());
                }
                RuntimeEvent::Reconnected => panic!("there was no gap: {before:?} {after:?}"),
            }
        }
        let detached = |event: &RuntimeEvent| {
            matches!(
                event,
                RuntimeEvent::Network {
                    change: NetworkChange::Disconnected,
                    ..
                }
            )
        };
        assert!(after.iter().any(detached), "{after:?}");
    })
    .await;
}

#[tokio::test]
async fn a_process_that_ends_by_itself_is_started_again() {
    with_docker(async |fixture| {
        let spec = fixture.redis("a", 5).await;
        let before = fixture.runtime.ensure_container(&spec).await.unwrap();
        wait_ready(fixture.node_address(5)).await;
        // The connection ends with the process, so there is no answer.
        let _ = ask(fixture.node_address(5), &["SHUTDOWN", "NOSAVE"]).await;
        let after = eventually("another start", async || {
            let found = fixture
                .runtime
                .container(&spec.name)
                .await
                .unwrap()
                .unwrap();
            (found.is_running() && found.started_at != before.started_at).then_some(found)
        })
        .await;
        assert_eq!(
            (&after.id, &after.addresses),
            (&before.id, &before.addresses)
        );

        let never = ContainerSpec {
            restart_policy: RestartPolicy::Never,
            generation: 2,
            ..spec
        };
        fixture.runtime.ensure_container(&never).await.unwrap();
        wait_ready(fixture.node_address(5)).await;
        let _ = ask(fixture.node_address(5), &["SHUTDOWN", "NOSAVE"]).await;
        eventually("the end", async || {
            let found = fixture
                .runtime
                .container(&never.name)
                .await
                .unwrap()
                .unwrap();
            (found.state == ContainerState::Exited).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn logs_say_why_a_container_died() {
    with_docker(async |fixture| {
        let mut spec = fixture.redis("broken", 5).await;
        spec.restart_policy = RestartPolicy::Never;
        spec.command = ["redis-server", "--no-such-option", "1"]
            .map(String::from)
            .to_vec();
        fixture.runtime.ensure_container(&spec).await.unwrap();
        let ended = eventually("the end", async || {
            let found = fixture
                .runtime
                .container(&spec.name)
                .await
                .unwrap()
                .unwrap();
            (found.state == ContainerState::Exited).then_some(found)
        })
        .await;
        assert_eq!(ended.exit_code, Some(1));
        let logs = fixture.runtime.logs_tail(&spec.name, 20).await.unwrap();
        assert!(logs.contains("no-such-option"), "{logs}");
        assert!(
            fixture
                .runtime
                .logs_tail(&spec.name, 1)
                .await
                .unwrap()
                .lines()
                .count()
                <= 1
        );
        let absent = fixture
            .runtime
            .logs_tail(&fixture.name("absent"), 1)
            .await
            .unwrap_err();
        assert!(
            matches!(absent, RuntimeError::NotFound { .. }),
            "{absent:?}"
        );
    })
    .await;
}

/// A whole static program for Linux on x86-64, in machine code: it writes `hello` to its standard output and ends with
/// code 7. Small enough to check by eye, so the test needs no compiler.
#[cfg(target_arch = "x86_64")]
fn static_program() -> Vec<u8> {
    let code: &[u8] = &[
        0xb8, 1, 0, 0, 0, // mov eax, 1 (write)
        0xbf, 1, 0, 0, 0, // mov edi, 1
        0x48, 0x8d, 0x35, 19, 0, 0, 0, // lea rsi, [rip + 19]: the text behind the code
        0xba, 6, 0, 0, 0, // mov edx, 6
        0x0f, 0x05, // syscall
        0xb8, 60, 0, 0, 0, // mov eax, 60 (exit)
        0xbf, 7, 0, 0, 0, // mov edi, 7
        0x0f, 0x05, // syscall
        b'h', b'e', b'l', b'l', b'o', b'\n',
    ];
    let base: u64 = 0x40_0000;
    let (header_length, program_header_length) = (64u64, 56u64);
    let start = header_length + program_header_length;
    let total = start + code.len() as u64;
    let mut program = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    program.extend([2u16, 62].map(u16::to_le_bytes).concat());
    program.extend(1u32.to_le_bytes());
    program.extend(
        [base + start, header_length, 0]
            .map(u64::to_le_bytes)
            .concat(),
    );
    program.extend(0u32.to_le_bytes());
    program.extend([64u16, 56, 1, 0, 0, 0].map(u16::to_le_bytes).concat());
    program.extend([1u32, 5].map(u32::to_le_bytes).concat());
    program.extend(
        [0, base, base, total, total, 0x1000]
            .map(u64::to_le_bytes)
            .concat(),
    );
    program.extend(code);
    program
}

#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn a_static_program_becomes_an_image() {
    with_docker(async |fixture| {
        let image = ImportedImage {
            repository: fixture.image_repository(),
            program_path: "/hello".into(),
            program: static_program().into(),
            labels: BTreeMap::from([(
                "io.cacheplane.test".to_owned(),
                "a \"quoted\" $value \\ in C:\\".to_owned(),
            )]),
            volumes: vec!["/state".into()],
        };
        fixture.runtime.ensure_imported_image(&image).await.unwrap();
        imported(fixture, image).await;
    })
    .await;
}

#[cfg(target_arch = "x86_64")]
async fn imported(fixture: Fixture, image: ImportedImage) {
    let reference = image.reference();
    assert_eq!(
        fixture
            .runtime
            .images_present(std::slice::from_ref(&reference))
            .await
            .unwrap(),
        [true]
    );
    let id = || docker(&["inspect", &reference, "--format", "{{.Id}}"]);
    let first = id();
    fixture.runtime.ensure_imported_image(&image).await.unwrap();
    assert_eq!(id(), first, "made once");
    let label = docker(&[
        "inspect",
        &reference,
        "--format",
        "{{index .Config.Labels \"io.cacheplane.test\"}}",
    ]);
    assert_eq!(label, "a \"quoted\" $value \\ in C:\\");
    assert_eq!(
        docker(&["inspect", &reference, "--format", "{{.Config.Volumes}}"]),
        "map[/state:{}]"
    );
    let other = ImportedImage {
        program: b"another".as_slice().into(),
        ..image
    };
    assert_ne!(other.reference(), reference);

    let mut spec = fixture.redis("hello", 5).await;
    (spec.image, spec.command, spec.restart_policy) = (reference, vec![], RestartPolicy::Never);
    fixture.runtime.ensure_container(&spec).await.unwrap();
    let ended = eventually("the end", async || {
        let found = fixture
            .runtime
            .container(&spec.name)
            .await
            .unwrap()
            .unwrap();
        (found.state == ContainerState::Exited).then_some(found)
    })
    .await;
    assert_eq!(ended.exit_code, Some(7));
    assert_eq!(
        fixture.runtime.logs_tail(&spec.name, 10).await.unwrap(),
        "hello\n"
    );
    fixture
        .runtime
        .remove_container(&spec.name, Duration::ZERO)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_missing_image_or_network_is_not_found() {
    with_docker(async |fixture| {
        let spec = ContainerSpec {
            image: "cacheplane/absent:1".into(),
            ..fixture.redis("a", 5).await
        };
        let error = fixture.runtime.ensure_container(&spec).await.unwrap_err();
        assert!(matches!(error, RuntimeError::NotFound { .. }), "{error:?}");
        assert_eq!(fixture.runtime.containers().await.unwrap(), []);
        let mut spec = fixture.redis("a", 5).await;
        spec.networks[0].network = fixture.name("absent");
        let error = fixture.runtime.ensure_container(&spec).await.unwrap_err();
        let name = fixture.name("absent");
        assert!(
            matches!(&error, RuntimeError::NotFound { what } if what.contains(&name)),
            "{error:?}"
        );
    })
    .await;
}

/// Needs no Docker: what matters is that there is none.
#[tokio::test]
async fn an_engine_that_is_not_there_is_unreachable() {
    let directory = tempfile::tempdir().unwrap();
    let absent = format!("unix://{}/docker.sock", directory.path().display());
    let dead = directory.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let dead = format!("unix://{}", dead.display());
    let port = {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    for host in [absent, dead, format!("tcp://127.0.0.1:{port}")] {
        let runtime = DockerRuntime::new(Some(&host), "owner").unwrap();
        let error = runtime.check().await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::Unreachable { .. }),
            "{host}: {error:?}"
        );
        let error = runtime.containers().await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::Unreachable { .. }),
            "{host}: {error:?}"
        );
        let error = runtime.remove_container("any", GRACE).await.unwrap_err();
        assert!(
            matches!(error, RuntimeError::Unreachable { .. }),
            "{host}: {error:?}"
        );
    }
    assert!(matches!(
        DockerRuntime::new(Some("ssh://host"), "owner"),
        Err(RuntimeError::Other { .. })
    ));
}
