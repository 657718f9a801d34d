//! The stream of events.

use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{
    ContainerChange, NetworkChange, Runtime, RuntimeError, RuntimeEvent, labels,
};
use futures_util::StreamExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::fixture::{DEADLINE, GRACE, eventually, with_docker};

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

/// Stands between the runtime and Docker, and can be cut.
struct Proxy {
    path: std::path::PathBuf,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl Proxy {
    fn open(&mut self) {
        let docker = std::env::var("DOCKER_HOST")
            .unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        let docker = docker
            .strip_prefix("unix://")
            .expect("the test needs Docker on a socket")
            .to_owned();
        let listener = UnixListener::bind(&self.path).unwrap();
        self.serving = Some(tokio::spawn(async move {
            // Dropping the set ends every connection in it.
            let mut connections = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let docker = docker.clone();
                connections.spawn(async move {
                    let mut far = UnixStream::connect(docker).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        }));
    }

    async fn cut(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
        let serving = self.serving.take().unwrap();
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test]
async fn a_gap_in_events_is_told_and_then_they_go_on() {
    with_docker(async |fixture| {
        let directory = tempfile::tempdir().unwrap();
        let mut proxy = Proxy {
            path: directory.path().join("docker.sock"),
            serving: None,
        };
        let host = format!("unix://{}", proxy.path.display());
        let runtime = DockerRuntime::new(Some(&host), &fixture.owner).unwrap();
        // The control plane may start before Docker does.
        let mut events = runtime.events();
        assert!(matches!(
            runtime.check().await,
            Err(RuntimeError::Unreachable { .. })
        ));
        proxy.open();
        let (heard, mut hearing) = tokio::sync::mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                heard.send(event).unwrap();
            }
        });
        let spec = fixture.redis("a", 5).await;
        // Until the stream is there, deaths pass unheard.
        eventually("a death to be heard", async || {
            fixture.runtime.ensure_container(&spec).await.unwrap();
            fixture.runtime.kill_container(&spec.name).await.unwrap();
            hearing.try_recv().ok()
        })
        .await;
        runtime.check().await.unwrap();

        proxy.cut().await;
        assert!(matches!(
            runtime.check().await,
            Err(RuntimeError::Unreachable { .. })
        ));
        assert!(matches!(
            runtime.ensure_container(&spec).await,
            Err(RuntimeError::Unreachable { .. })
        ));
        proxy.open();
        let seen_again =
            async { while hearing.recv().await.unwrap() != RuntimeEvent::Reconnected {} };
        tokio::time::timeout(DEADLINE, seen_again)
            .await
            .expect("the stream reconnects");
        // From this moment on nothing is missed: one death is enough.
        runtime.ensure_container(&spec).await.unwrap();
        runtime.kill_container(&spec.name).await.unwrap();
        let killed = ContainerChange::Died {
            exit_code: Some(137),
        };
        let death = async { while !changed(&hearing.recv().await.unwrap(), killed) {} };
        tokio::time::timeout(DEADLINE, death)
            .await
            .expect("the death is heard");
        reader.abort();
        proxy.cut().await;
    })
    .await;
}
