//! One control plane's worth of containers on the real engine, and nothing left of it afterwards.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::Ipv4Addr;
use std::panic::AssertUnwindSafe;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{
    ContainerSpec, NetworkAttachment, NetworkSpec, RestartPolicy, Runtime, RuntimeError,
    VolumeMount, VolumeSpec, labels,
};
use futures_util::FutureExt;

pub(crate) const REDIS: &str = "redis:7.0";
pub(crate) const MEMCACHED: &str = "memcached:1.6";
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// Generous: nothing waits for it unless something is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What a test works with: an owner of its own and two networks.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) runtime: Arc<DockerRuntime>,
    pub(crate) owner: String,
    pub(crate) nodes: NetworkSpec,
    pub(crate) endpoints: NetworkSpec,
}

/// Runs a test against the real engine, or says that it is skipped; removes whatever it made, also when it fails, and
/// fails if anything is left.
pub(crate) async fn with_docker<F>(test: impl FnOnce(Fixture) -> F)
where
    F: Future<Output = ()>,
{
    if !is_wanted() {
        return;
    }
    let owner = uuid::Uuid::new_v4().to_string();
    let runtime = Arc::new(DockerRuntime::new(None, &owner).unwrap());
    let nodes = free_network(&runtime, &owner, "nodes").await;
    let endpoints = free_network(&runtime, &owner, "endpoints").await;
    let fixture = Fixture {
        runtime,
        owner,
        nodes,
        endpoints,
    };
    let outcome = AssertUnwindSafe(test(fixture.clone())).catch_unwind().await;
    fixture.remove_everything().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure);
    }
}

/// Whether tests run against the real engine; says so where they do not.
pub(crate) fn is_wanted() -> bool {
    let is_wanted = std::env::var("CACHEPLANE_TEST_DOCKER").as_deref() == Ok("1");
    if !is_wanted {
        let name = std::thread::current().name().unwrap_or("test").to_owned();
        // Past the test harness, which shows what a test prints only when it fails.
        let _ = writeln!(
            std::io::stderr(),
            "skipped {name}: set CACHEPLANE_TEST_DOCKER=1 to run it against Docker"
        );
    }
    is_wanted
}

/// Tells whoever looks into a test that failed.
pub(crate) fn say(text: &str) {
    #[allow(
        clippy::print_stderr,
        reason = "the harness keeps it until a test fails"
    )]
    {
        eprintln!("{text}");
    }
}

/// Makes a network on a subnet that nobody has. Tests run at the same time, so the first choice may be gone.
async fn free_network(runtime: &DockerRuntime, owner: &str, role: &str) -> NetworkSpec {
    for third in 0..=255u8 {
        let subnet: ipnet::Ipv4Net = format!("10.211.{third}.0/24").parse().unwrap();
        let networks = runtime.networks().await.unwrap();
        if networks
            .iter()
            .flat_map(|network| &network.subnets)
            .any(|taken| taken.contains(&subnet))
        {
            continue;
        }
        let network = NetworkSpec {
            name: labels::network_name(owner, role),
            subnet,
            ip_range: format!("10.211.{third}.128/25").parse().unwrap(),
            gateway: Ipv4Addr::new(10, 211, third, 1),
            labels: BTreeMap::new(),
        };
        match runtime.ensure_network(&network).await {
            Ok(()) => return network,
            Err(RuntimeError::Conflict { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("no free subnet in 10.211.0.0/16");
}

impl Fixture {
    pub(crate) fn name(&self, kind: &str) -> String {
        labels::singleton_name(&self.owner, kind)
    }

    /// An address of the part that Docker does not pick from.
    pub(crate) fn node_address(&self, last: u8) -> Ipv4Addr {
        address(&self.nodes, last)
    }

    pub(crate) fn endpoint_address(&self, last: u8) -> Ipv4Addr {
        address(&self.endpoints, last)
    }

    /// A Redis on the node network, with a volume that is there.
    pub(crate) async fn redis(&self, name: &str, last: u8) -> ContainerSpec {
        let name = self.name(name);
        let volume = format!("{name}.data");
        self.runtime
            .ensure_volume(&VolumeSpec {
                name: volume.clone(),
                labels: BTreeMap::new(),
            })
            .await
            .unwrap();
        ContainerSpec {
            image: REDIS.to_owned(),
            command: ["redis-server", "--port", "6379", "--save", "3600", "1"]
                .map(String::from)
                .to_vec(),
            environment: BTreeMap::from([("CACHEPLANE_TEST".to_owned(), "yes".to_owned())]),
            labels: BTreeMap::from([(labels::NODE.to_owned(), "0001".to_owned())]),
            generation: 1,
            networks: vec![attachment(&self.nodes, self.node_address(last))],
            published_ports: vec![],
            volumes: vec![VolumeMount {
                volume,
                path: "/data".to_owned(),
            }],
            restart_policy: RestartPolicy::UnlessStopped,
            memory_limit_bytes: Some(256 * 1024 * 1024),
            capabilities: vec![],
            stop_grace: GRACE,
            sysctls: BTreeMap::from([("net.core.somaxconn".to_owned(), "1024".to_owned())]),
            files: Vec::new(),
            name,
        }
    }

    /// Name for images that a test makes.
    pub(crate) fn image_repository(&self) -> String {
        format!("cacheplane/test-{}", self.owner)
    }

    async fn remove_everything(&self) {
        for container in self.runtime.containers().await.unwrap() {
            self.runtime
                .remove_container(&container.name, Duration::ZERO)
                .await
                .unwrap();
        }
        for volume in self.runtime.volumes().await.unwrap() {
            self.runtime.remove_volume(&volume.name).await.unwrap();
        }
        for network in [&self.nodes, &self.endpoints] {
            self.runtime.remove_network(&network.name).await.unwrap();
        }
        let image_list = [
            "images",
            "--format",
            "{{.Repository}}:{{.Tag}}",
            &self.image_repository(),
        ];
        for image in docker(&image_list).lines() {
            docker(&["rmi", "--force", image]);
        }
        assert_eq!(docker(&image_list), "");
        assert_eq!(self.runtime.containers().await.unwrap(), []);
        assert_eq!(self.runtime.volumes().await.unwrap(), []);
        let prefix = labels::name_prefix(&self.owner);
        let networks = self.runtime.networks().await.unwrap();
        assert!(
            !networks
                .iter()
                .any(|network| network.name.starts_with(&prefix)),
            "{networks:?}"
        );
    }
}

pub(crate) fn attachment(network: &NetworkSpec, address: Ipv4Addr) -> NetworkAttachment {
    NetworkAttachment {
        network: network.name.clone(),
        address: Some(address),
        aliases: vec![],
    }
}

fn address(network: &NetworkSpec, last: u8) -> Ipv4Addr {
    let [a, b, c, _] = network.subnet.network().octets();
    Ipv4Addr::new(a, b, c, last)
}

/// Runs Docker's own program, as a person on the host would.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Asks until the answer is there, with a bound.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let Ok(found) = tokio::time::timeout(DEADLINE, asking).await else {
        panic!("not within {DEADLINE:?}: {what}")
    };
    found
}
