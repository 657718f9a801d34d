//! Containers: what `ensure_container` promises, and what is seen of a life and a death.

use std::collections::BTreeMap;

use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{
    ContainerSpec, ContainerState, RestartPolicy, Runtime, RuntimeError, VolumeSpec, labels,
};

use crate::engine::{ask, wait_ready};
use crate::fixture::{GRACE, REDIS, attachment, docker, eventually, with_docker};

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
        assert_eq!(fixture.runtime.containers().await.unwrap(), std::slice::from_ref(&first));

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
