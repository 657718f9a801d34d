//! Containers that end with the test, through the `docker` program.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cacheplane::resources::engine_settings::{Administrator, ServerSettings};
use cacheplane::resources::{engine, node_type, parameter};
use engine::Engine;

/// How long an engine may take to answer; the limit of every wait here.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const ADMINISTRATOR: &str = "cacheplane-administrator";
pub(crate) const PASSWORD: &str = "a password of the test alone";

/// Whether the image is at hand; says so when the test is skipped.
pub(crate) fn is_present(image: &str) -> bool {
    if std::env::var("CACHEPLANE_TEST_DOCKER").as_deref() != Ok("1") {
        eprintln!("skipped {image}: CACHEPLANE_TEST_DOCKER is not 1");
        return false;
    }
    let present = Command::new("docker")
        .args(["image", "inspect", image])
        .output()
        .expect("run docker");
    if !present.status.success() {
        eprintln!("skipped {image}: the Docker host does not hold it");
    }
    present.status.success()
}

/// What `docker` printed.
///
/// # Panics
/// When it fails.
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker")
        .args(arguments)
        .output()
        .expect("run docker");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Open files that a container may have.
pub(crate) fn open_files_limit(image: &str) -> Option<u32> {
    docker(&["run", "--rm", image, "sh", "-c", "ulimit -Hn"])
        .parse()
        .ok()
}

/// The settings of a version on a node type, with a group's own values.
pub(crate) fn with_settings<T>(
    (engine, version): (Engine, &str),
    image: &str,
    node: &str,
    overrides: &[(&str, &str)],
    check: impl FnOnce(ServerSettings<'_>) -> T,
) -> T {
    use sha2::Digest as _;
    let version = engine::find(engine, version).expect(version);
    let node_type = node_type::find(node).expect(node);
    let family = parameter::family(version.family).expect(version.family);
    let parameters: BTreeMap<_, _> = parameter::effective(family, overrides, node_type).collect();
    let password_sha256 = hex::encode(sha2::Sha256::digest(PASSWORD));
    check(ServerSettings {
        version,
        line: engine::image_line(version, image),
        node_type,
        parameters: &parameters,
        port: version.engine.default_port(),
        cluster: None,
        administrator: Some(Administrator {
            name: ADMINISTRATOR,
            password_sha256: &password_sha256,
        }),
        fenced: false,
        guarded: false,
        encryption: None,
        iam: false,
        persistent: version.engine.speaks_resp(),
        open_files_limit: open_files_limit(image),
    })
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A container with a volume at `/data`, both removed when it goes.
pub(crate) struct Container {
    name: String,
    image: String,
    command: Vec<String>,
    port: u16,
}

impl Container {
    pub(crate) fn run(image: &str, command: &[String], port: u16) -> Container {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!(
            "cacheplane-test-engine-settings-{}-{number}",
            std::process::id()
        );
        let container = Container {
            name,
            image: image.to_owned(),
            command: command.to_vec(),
            port,
        };
        container.start();
        container
    }

    fn start(&self) {
        let volume = format!("{}:/data", self.name);
        let mut arguments = vec![
            "run",
            "--detach",
            "--name",
            &self.name,
            "--volume",
            &volume,
            &self.image,
        ];
        arguments.extend(self.command.iter().map(String::as_str));
        docker(&arguments);
    }

    /// Ends the engine as the control plane does, and starts another on the same volume.
    pub(crate) fn replace(&self) {
        docker(&["stop", "--time", "20", &self.name]);
        docker(&["rm", &self.name]);
        self.start();
    }

    /// A connection on which `is_ready` once said yes.
    ///
    /// # Panics
    /// When the container ends, or the deadline passes.
    pub(crate) fn connect(&self, is_ready: impl Fn(&mut Connection) -> bool) -> Connection {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let format = "{{.State.Running}} {{.NetworkSettings.IPAddress}}";
            let state = docker(&["inspect", "--format", format, &self.name]);
            let Some(address) = state.strip_prefix("true ") else {
                panic!("{} ended: {}\n{:?}", self.image, self.logs(), self.command);
            };
            let address = SocketAddr::new(address.parse().expect("an address"), self.port);
            if let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) {
                stream
                    .set_read_timeout(Some(DEADLINE))
                    .expect("set a timeout");
                let mut connection = Connection {
                    reader: BufReader::new(stream),
                };
                if is_ready(&mut connection) {
                    return connection;
                }
            }
            assert!(
                Instant::now() < deadline,
                "{} does not answer: {}",
                self.image,
                self.logs()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn logs(&self) -> String {
        let output = Command::new("docker")
            .args(["logs", &self.name])
            .output()
            .expect("run docker");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        for arguments in [
            &["rm", "--force", "--volumes", &self.name][..],
            &["volume", "rm", "--force", &self.name],
        ] {
            let _ = Command::new("docker").args(arguments).output();
        }
    }
}

/// A connection to an engine.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.reader.get_mut().write_all(bytes).is_ok()
    }

    /// A line without its end; empty when the connection is closed.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(_) => line.trim_end().to_owned(),
            Err(_) => String::new(),
        }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("read");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
