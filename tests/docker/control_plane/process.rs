//! `cacheplane serve` as a process of its own, on a data directory and a subnet of its own, and what clients ask of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cacheplane::runtime::docker::DockerRuntime;
use cacheplane::runtime::{Runtime, labels};
use futures_util::FutureExt;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::{DEADLINE, docker, eventually};

/// The members of a request.
pub(super) type Members<'a> = &'a [(&'a str, &'a str)];

/// Subnets of these tests: 10.210.0.0/24 and on. Apart from those of other tests, and from what the control plane chooses itself.
const SUBNETS: std::ops::RangeInclusive<u8> = 0..=255;

/// The first host port of the range that belongs to the first subnet; below those that Linux gives to clients.
const FIRST_PORT: u16 = 28_400;
const PORTS_EACH: u16 = 16;

const RECONCILERS: [&str; 6] = [
    "maintenance",
    "health",
    "watch",
    "replication_group",
    "cache_cluster",
    "router",
];

/// A control plane under test.
pub(super) struct ControlPlane {
    pub(super) runtime: DockerRuntime,
    pub(super) owner: String,
    directory: TempDir,
    /// Holds the subnet for as long as this lives.
    _place: File,
    options: Vec<String>,
    process: Option<Child>,
    address: Option<String>,
    client: reqwest::Client,
}

/// Runs a test with a control plane whose endpoints are of this kind, or says that it is skipped. In the end everything is
/// deleted through the API, and nothing may be left, neither in Docker nor above INFO in the log.
pub(super) async fn with_control_plane(endpoints: &str, test: impl AsyncFnOnce(&mut ControlPlane)) {
    if !crate::fixture::is_wanted() {
        return;
    }
    let mut plane = ControlPlane::new(endpoints).await;
    let tested = async {
        test(&mut plane).await;
        plane.finish().await;
    };
    let outcome = AssertUnwindSafe(tested).catch_unwind().await;
    if outcome.is_err() {
        crate::fixture::say(&format!("its log:\n{}", plane.log()));
    }
    plane.remove_everything().await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure);
    }
}

impl ControlPlane {
    async fn new(endpoints: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let (place, number) = free_place();
        let first_port = FIRST_PORT + u16::from(number) * PORTS_EACH;
        let options = [
            (
                "--data-dir",
                directory.path().join("data").display().to_string(),
            ),
            ("--node-subnet", format!("10.210.{number}.0/24")),
            ("--endpoints", endpoints.to_owned()),
            (
                "--port-range",
                format!("{first_port}-{}", first_port + PORTS_EACH - 1),
            ),
            ("--router-binary", router_binary().display().to_string()),
            ("--log-format", "json".to_owned()),
        ];
        let mut plane = Self {
            runtime: DockerRuntime::new(None, "").unwrap(),
            owner: String::new(),
            directory,
            _place: place,
            options: options
                .into_iter()
                .flat_map(|(name, value)| [name.to_owned(), value])
                .collect(),
            process: None,
            address: None,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        plane.start().await;
        plane.owner = plane
            .logged("instance")
            .expect("the instance's id is logged");
        plane.runtime = DockerRuntime::new(None, &plane.owner).unwrap();
        plane
    }

    /// Starts it, again at the same address, and waits until it serves.
    pub(super) async fn start(&mut self) {
        let listen = self.address.clone().unwrap_or("127.0.0.1:0".to_owned());
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let lines_before = self.log().lines().count();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cacheplane"));
        command
            .arg("serve")
            .args(["--listen", &listen])
            .args(&self.options);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CACHEPLANE_")) {
            command.env_remove(name);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.process = Some(command.spawn().unwrap());
        eventually("the control plane serves", async || {
            let exited = self.process.as_mut()?.try_wait().unwrap();
            assert!(exited.is_none(), "it ended: {}", self.log());
            let log = self.log();
            let mut fresh = log.lines().skip(lines_before);
            fresh.any(|line| line.contains("\"Serving\"")).then_some(())
        })
        .await;
        self.address = self.logged("address");
        // The connections of the old one ended with its process.
        self.client = reqwest::Client::builder().no_proxy().build().unwrap();
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Tells it to end, and demands that it does so in order.
    pub(super) async fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        let pid = process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let status = eventually("it ends", async || process.try_wait().unwrap()).await;
        assert!(status.success(), "{status}: {}", self.log());
    }

    pub(super) fn database(&self) -> PathBuf {
        self.directory.path().join("data/cacheplane.db")
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log.json")
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The last value of a field that was logged.
    fn logged(&self, field: &str) -> Option<String> {
        self.log().lines().rev().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(line.get(field)?.as_str()?.to_owned())
        })
    }

    pub(super) async fn call(&self, action: &str, members: Members<'_>) -> Reply {
        let mut form = vec![("Action", action), ("Version", "2015-02-02")];
        form.extend_from_slice(members);
        let body: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .client
            .post(self.url("/"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .timeout(DEADLINE);
        let response = request.send().await.unwrap();
        Reply {
            status: response.status().as_u16(),
            body: response.text().await.unwrap(),
        }
    }

    pub(super) async fn describe(&self, id: &str) -> Reply {
        let members = [("CacheClusterId", id), ("ShowCacheNodeInfo", "true")];
        self.call("DescribeCacheClusters", &members).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address.as_deref().unwrap())
    }

    /// What each reconciler last did.
    async fn reconcilers(&self) -> BTreeMap<String, serde_json::Value> {
        let request = self
            .client
            .get(self.url("/debug/v1/reconcilers"))
            .timeout(DEADLINE);
        let answer = request.send().await.unwrap().text().await.unwrap();
        let all: Vec<serde_json::Value> = serde_json::from_str(&answer).unwrap();
        all.into_iter()
            .map(|one| (one["name"].as_str().unwrap().to_owned(), one))
            .collect()
    }

    /// Lets every reconciler look once more, and waits until none has anything to do.
    pub(super) async fn look(&self) {
        let looks = |statuses: &BTreeMap<String, serde_json::Value>, name: &str| {
            // One that has not looked yet since the start is not there yet.
            statuses
                .get(name)
                .and_then(|one| one["activations"].as_u64())
        };
        let before = self.reconcilers().await;
        for name in RECONCILERS {
            let url = self.url(&format!("/debug/v1/reconcilers/{name}/wake"));
            let answer = self
                .client
                .post(url)
                .timeout(DEADLINE)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status().as_u16(), 202);
        }
        eventually("every reconciler has looked and rests", async || {
            let now = self.reconcilers().await;
            let rests = RECONCILERS.iter().all(|name| {
                looks(&now, name) > looks(&before, name)
                    && now[*name]["in_work"] == 0
                    && now[*name]["waiting"]
                        .as_object()
                        .is_some_and(serde_json::Map::is_empty)
            });
            rests.then_some(())
        })
        .await;
    }

    /// Which run of which container is up.
    pub(super) async fn runs(&self) -> BTreeMap<String, (String, Option<String>)> {
        let containers = self.runtime.containers().await.unwrap();
        containers
            .into_iter()
            .map(|one| (one.name, (one.id, one.started_at)))
            .collect()
    }

    /// Listens to what happens to its containers, from now on.
    pub(super) fn watch(&self) -> Watch {
        let owner = format!("label={}={}", labels::OWNER, self.owner);
        let mut command = Command::new("docker");
        command
            .args([
                "events",
                "--since",
                &docker_now(),
                "--format",
                "{{.Action}}",
            ])
            .args(["--filter", "type=container", "--filter", &owner])
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let seen = Arc::new(AtomicU64::new(0));
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let counter = Arc::clone(&seen);
        std::thread::spawn(move || {
            for _ in lines.map_while(Result::ok) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        Watch { process, seen }
    }

    async fn finish(&mut self) {
        let reply = self.call("DescribeCacheClusters", &[]).await;
        let ids = reply.texts("CacheClusterId");
        for id in &ids {
            let members = [("CacheClusterId", id.as_str())];
            self.call("DeleteCacheCluster", &members)
                .await
                .demand_success();
        }
        eventually("all caches are gone", async || {
            let reply = self.call("DescribeCacheClusters", &[]).await;
            reply.texts("CacheClusterId").is_empty().then_some(())
        })
        .await;
        self.check_settled().await;
        self.stop().await;
        let log = self.log();
        let loud: Vec<&str> = log
            .lines()
            .filter(|line| {
                line.contains("\"level\":\"WARN\"") || line.contains("\"level\":\"ERROR\"")
            })
            .collect();
        assert!(loud.is_empty(), "logged above INFO: {loud:#?}");
    }

    async fn remove_everything(&mut self) {
        self.kill();
        for container in self.runtime.containers().await.unwrap() {
            self.runtime
                .remove_container(&container.name, Duration::ZERO)
                .await
                .unwrap();
        }
        for volume in self.runtime.volumes().await.unwrap() {
            self.runtime.remove_volume(&volume.name).await.unwrap();
        }
        for role in ["nodes", "endpoints"] {
            let network = labels::network_name(&self.owner, role);
            self.runtime.remove_network(&network).await.unwrap();
        }
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Counts what Docker tells.
pub(super) struct Watch {
    process: Child,
    seen: Arc<AtomicU64>,
}

impl Watch {
    pub(super) fn seen(&mut self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An answer of the API.
pub(super) struct Reply {
    status: u16,
    pub(super) body: String,
}

impl Reply {
    #[track_caller]
    pub(super) fn demand_success(&self) {
        assert_eq!(self.status, 200, "{}", self.body);
    }

    pub(super) fn is_fault(&self, code: &str) -> bool {
        self.status != 200 && self.texts("Code") == [code]
    }

    /// The texts of all elements of that name, in order.
    pub(super) fn texts(&self, element: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.body).unwrap();
        document
            .descendants()
            .filter(|node| node.tag_name().name() == element)
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect()
    }

    /// All endpoints in order: that of the configuration, if there is one, comes first.
    pub(super) fn endpoints(&self) -> Vec<Endpoint> {
        let ports = self.texts("Port").into_iter();
        self.texts("Address")
            .into_iter()
            .zip(ports)
            .map(|(host, port)| Endpoint {
                host,
                port: port.parse().unwrap(),
            })
            .collect()
    }
}

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Endpoint {
    /// Sends one command to a Redis and returns its answer.
    pub(super) async fn redis(&self, command: &[&str]) -> String {
        self.try_redis(command).await.unwrap()
    }

    /// The same, where nobody may be there to answer.
    pub(super) async fn try_redis(&self, command: &[&str]) -> redis::RedisResult<String> {
        let client = redis::Client::open((self.host.as_str(), self.port))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut question = redis::cmd(command[0]);
        question.arg(&command[1..]);
        question.query_async(&mut connection).await
    }

    /// Asks a configuration endpoint for the version and the nodes of its list.
    pub(super) async fn discover(&self) -> (u32, Vec<Endpoint>) {
        let asking = async {
            let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.write_all(b"config get cluster\r\nquit\r\n").await?;
            let mut text = String::new();
            stream.read_to_string(&mut text).await?;
            std::io::Result::Ok(text)
        };
        let text = tokio::time::timeout(DEADLINE, asking)
            .await
            .unwrap()
            .unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.len() == 5 && lines[0].starts_with("CONFIG cluster 0 ") && lines[4] == "END",
            "{text:?}"
        );
        let nodes = lines[2].split(' ').map(|entry| {
            let [host, _, port] = entry.split('|').collect::<Vec<_>>()[..] else {
                panic!("{text:?}");
            };
            Endpoint {
                host: host.to_owned(),
                port: port.parse().unwrap(),
            }
        });
        (lines[1].parse().unwrap(), nodes.collect())
    }
}

/// The engine's clock, so that an event of the next moment is not before it.
fn docker_now() -> String {
    docker(&["info", "--format", "{{.SystemTime}}"])
}

/// The router's program: where the tests' runner says, else where `make router-binary` puts it.
fn router_binary() -> PathBuf {
    if let Some(said) = std::env::var_os("CACHEPLANE_ROUTER_BINARY") {
        return said.into();
    }
    let ours = PathBuf::from(env!("CARGO_BIN_EXE_cacheplane"));
    let built = ours
        .ancestors()
        .nth(2)
        .unwrap()
        .join("release/cacheplane-router");
    assert!(
        built.is_file(),
        "no {}: make router-binary",
        built.display()
    );
    built
}

/// A subnet that nobody has, held by a lock for as long as the file is open.
fn free_place() -> (File, u8) {
    let directory = std::env::temp_dir().join("cacheplane-test-places-rust");
    fs::create_dir_all(&directory).unwrap();
    let format = "{{range .IPAM.Config}}{{.Subnet}} {{end}}";
    let ids = docker(&["network", "ls", "--quiet"]);
    let taken: Vec<String> = ids
        .lines()
        .filter_map(|id| {
            // One that goes in between is nobody's.
            let output = Command::new("docker")
                .args(["network", "inspect", id, "--format", format])
                .output()
                .unwrap();
            String::from_utf8(output.stdout).ok()
        })
        .collect();
    for number in SUBNETS {
        let lock = File::create(directory.join(number.to_string())).unwrap();
        let prefix = format!("10.210.{number}.");
        if lock.try_lock().is_ok() && !taken.iter().any(|subnets| subnets.contains(&prefix)) {
            return (lock, number);
        }
    }
    panic!("no free subnet in 10.210.0.0/16");
}
