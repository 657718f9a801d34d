//! A front over loopback sockets, with engines that say who they are.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::config::{Config, Tls};
use super::*;

/// How many connections a front has here at once.
const CONNECTIONS_MAX: u32 = 16;

/// Longer than any test takes.
const SILENCE_MAX: Duration = Duration::from_mins(10);

/// An engine that answers everything with its name and what it was told.
async fn engine(name: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut told = [0; 64];
                while let Ok(length @ 1..) = client.read(&mut told).await {
                    let answer = [name.as_bytes(), b":", &told[..length]].concat();
                    client.write_all(&answer).await.unwrap();
                }
            });
        }
    });
    port
}

/// One that hangs up on everybody after its first answer.
async fn engine_that_hangs_up() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let _ = client.read(&mut [0; 64]).await.unwrap();
            client.write_all(b"bye").await.unwrap();
        }
    });
    port
}

/// One that listens in the file system, calls itself `clear`, and hangs up after its first answer.
fn engine_at(socket: &Path) {
    let listener = tokio::net::UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut told = [0; 64];
            let length = client.read(&mut told).await.unwrap();
            let answer = [b"clear:", &told[..length]].concat();
            client.write_all(&answer).await.unwrap();
        }
    });
}

/// A front in force, in a directory of its own.
struct Running {
    directory: TempDir,
    config: Config,
    at: SocketAddr,
}

impl Running {
    async fn start(plain: Option<u16>, tls: Option<Tls>) -> Self {
        Self::with_silence_max(plain, tls, SILENCE_MAX).await
    }

    async fn with_silence_max(plain: Option<u16>, tls: Option<Tls>, silence_max: Duration) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = listener::bind(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = Config { port, plain, tls };
        let path = directory.path().join("front.json");
        std::fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
        let file = File::new(path);
        let (version, first) = file.read().unwrap();
        let (ways, heard) = watch::channel(Arc::new(first));
        tokio::spawn(look_again(file, version, ways));
        let limits = Limits {
            connections_max: CONNECTIONS_MAX,
            silence_max,
        };
        tokio::spawn(listener::serve(listener, heard, limits));
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            directory,
            config,
            at,
        }
    }

    fn write(&self, text: &[u8]) {
        std::fs::write(self.directory.path().join("front.json"), text).unwrap();
    }

    fn rewrite(&mut self, plain: Option<u16>, tls: Option<Tls>) {
        self.config.plain = plain;
        self.config.tls = tls;
        self.write(&serde_json::to_vec(&self.config).unwrap());
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// What a client hears that says this; nothing where it is hung up on.
    async fn ask(&self, said: &[u8]) -> String {
        ask(&mut self.connect().await, said).await
    }
}

async fn ask(client: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), said: &[u8]) -> String {
    if client.write_all(said).await.is_err() {
        return String::new();
    }
    let mut heard = [0; 128];
    let length = client.read(&mut heard).await.unwrap_or(0);
    String::from_utf8_lossy(&heard[..length]).into_owned()
}

/// Waits until a new client hears this.
async fn hears(front: &Running, said: &[u8], answer: &str) {
    let until = async {
        while front.ask(said).await != answer {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), until)
        .await
        .expect(answer);
}

/// A file with a key and a certificate for `localhost`, and a client that believes it.
fn certificate(directory: &Path, name: &str) -> (PathBuf, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let path = directory.join(name);
    std::fs::write(&path, made.signing_key.serialize_pem() + &made.cert.pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (path, Arc::new(client))
}

async fn securely(
    front: &Running,
    client: &Arc<ClientConfig>,
    said: &[u8],
) -> std::io::Result<String> {
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::clone(client));
    let mut stream = connector.connect(name, front.connect().await).await?;
    Ok(ask(&mut stream, said).await)
}

#[tokio::test]
async fn the_first_byte_chooses_the_way() {
    let (plain, port) = (engine("plain").await, engine("tls").await);
    let front = Running::start(Some(plain), Some(Tls::Forward { port })).await;
    assert_eq!(front.ask(b"PING").await, "plain:PING");
    assert_eq!(front.ask(b"\x16\x03\x01").await, "tls:\x16\x03\x01");
    assert_eq!(front.ask(b"\x15").await, "plain:\x15");
}

#[tokio::test]
async fn a_way_that_is_not_open_is_closed_at_once() {
    let port = engine("one").await;
    let required = Running::start(None, Some(Tls::Forward { port })).await;
    assert_eq!(required.ask(b"PING").await, "");
    assert_eq!(required.ask(b"\x16").await, "one:\x16");
    let off = Running::start(Some(port), None).await;
    assert_eq!(off.ask(b"\x16").await, "");
    assert_eq!(off.ask(b"PING").await, "one:PING");
}

#[tokio::test]
async fn a_way_that_closes_takes_its_connections_along_and_no_others() {
    let (plain, port) = (engine("plain").await, engine("tls").await);
    let mut front = Running::start(Some(plain), Some(Tls::Forward { port })).await;
    let (mut first, mut second) = (front.connect().await, front.connect().await);
    assert_eq!(ask(&mut first, b"a").await, "plain:a");
    assert_eq!(ask(&mut second, b"\x16").await, "tls:\x16");
    front.rewrite(None, Some(Tls::Forward { port }));
    assert_eq!(
        first.read(&mut [0]).await.unwrap_or(0),
        0,
        "it is hung up on"
    );
    assert_eq!(ask(&mut second, b"b").await, "tls:b");
    hears(&front, b"c", "").await;
    front.rewrite(Some(plain), Some(Tls::Forward { port }));
    hears(&front, b"d", "plain:d").await;
    assert_eq!(ask(&mut second, b"e").await, "tls:e");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_changes_nothing() {
    let port = engine("plain").await;
    let mut front = Running::start(Some(port), None).await;
    let mut client = front.connect().await;
    assert_eq!(ask(&mut client, b"a").await, "plain:a");
    front.write(b"{\"port\":");
    tokio::time::sleep(LOOK_INTERVAL * 2).await;
    assert_eq!(ask(&mut client, b"b").await, "plain:b");
    front.write(br#"{"port": 1, "plain": null}"#);
    tokio::time::sleep(LOOK_INTERVAL * 2).await;
    assert_eq!(ask(&mut client, b"c").await, "plain:c");
    front.rewrite(None, None);
    assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn tls_that_ends_here_is_passed_on_in_clear_and_its_certificate_can_be_another() {
    let directory = tempfile::tempdir().unwrap();
    let (path, believes) = certificate(directory.path(), "node.pem");
    let socket = directory.path().join("engine.sock");
    engine_at(&socket);
    let tls = Tls::Terminate {
        certificate: path.clone(),
        socket,
        tokens: directory.path().join("tokens.json"),
    };
    let front = Running::start(None, Some(tls)).await;
    assert_eq!(
        securely(&front, &believes, b"PING\r\n").await.unwrap(),
        "clear:PING\r\n"
    );
    let (other, believes_other) = certificate(directory.path(), "other.pem");
    assert!(
        securely(&front, &believes_other, b"PING\r\n")
            .await
            .is_err()
    );
    std::fs::copy(other, &path).unwrap();
    assert_eq!(
        securely(&front, &believes_other, b"PING\r\n")
            .await
            .unwrap(),
        "clear:PING\r\n"
    );
    // Half a file is no certificate: the last one stays.
    std::fs::write(&path, "-----BEGIN").unwrap();
    assert_eq!(
        securely(&front, &believes_other, b"PING\r\n")
            .await
            .unwrap(),
        "clear:PING\r\n"
    );
}

/// Else clients that never look at their connections again could have all that a front may have.
#[tokio::test]
async fn an_engine_that_hangs_up_ends_the_connection_whatever_the_client_does() {
    let directory = tempfile::tempdir().unwrap();
    let (path, believes) = certificate(directory.path(), "node.pem");
    let socket = directory.path().join("engine.sock");
    engine_at(&socket);
    let tls = Tls::Terminate {
        certificate: path,
        socket,
        tokens: directory.path().join("tokens.json"),
    };
    let front = Running::start(Some(engine_that_hangs_up().await), Some(tls)).await;
    let connector = TlsConnector::from(believes);
    let (mut plain, mut secure) = (Vec::new(), Vec::new());
    for _ in 0..CONNECTIONS_MAX {
        let mut client = front.connect().await;
        assert_eq!(ask(&mut client, b"PING").await, "bye");
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        plain.push(client);
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = connector
            .connect(name, front.connect().await)
            .await
            .unwrap();
        assert_eq!(ask(&mut client, b"PING\r\n").await, "clear:PING\r\n");
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        secure.push(client);
    }
}

/// Else whoever only connects could have all the places, for ever.
#[tokio::test]
async fn who_never_speaks_is_hung_up_on_and_who_has_spoken_stays() {
    let port = engine("plain").await;
    let silence_max = Duration::from_secs(1);
    let front = Running::with_silence_max(Some(port), None, silence_max).await;
    let mut idle = front.connect().await;
    assert_eq!(ask(&mut idle, b"a").await, "plain:a");
    let began = Instant::now();
    let mut silent = Vec::new();
    for _ in 1..CONNECTIONS_MAX {
        silent.push(front.connect().await);
    }
    assert_eq!(front.ask(b"b").await, "", "there is no place");
    for mut client in silent {
        let ended = tokio::time::timeout(Duration::from_secs(20), client.read(&mut [0])).await;
        assert_eq!(ended.expect("be hung up on").unwrap_or(0), 0);
    }
    assert!(began.elapsed() >= silence_max, "{:?}", began.elapsed());
    hears(&front, b"c", "plain:c").await;
    assert_eq!(ask(&mut idle, b"d").await, "plain:d");
}

/// From its first byte on a client is the engine's, however little else it says.
#[tokio::test]
async fn who_has_said_a_byte_is_the_engines_to_end() {
    let port = engine("tls").await;
    let tls = Some(Tls::Forward { port });
    let front = Running::with_silence_max(None, tls, Duration::from_millis(500)).await;
    let mut client = front.connect().await;
    assert_eq!(ask(&mut client, b"\x16").await, "tls:\x16");
    let ended = tokio::time::timeout(Duration::from_secs(2), client.read(&mut [0])).await;
    assert!(ended.is_err(), "{ended:?}");
}

#[tokio::test]
async fn an_engine_that_does_not_listen_yet_is_as_one_that_is_not_there() {
    let front = Running::start(Some(1), None).await;
    assert_eq!(front.ask(b"PING").await, "");
}

#[tokio::test]
async fn the_engines_end_is_the_fronts() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("front.json");
    std::fs::write(&config, r#"{"port": 0, "plain": 1}"#).unwrap();
    let words = ["--config", config.to_str().unwrap(), "--", "sh", "-c"].map(str::to_owned);
    let with = |script: &str| {
        let words = words.iter().cloned().chain([script.to_owned()]);
        run(Arguments::parse(words).unwrap())
    };
    assert_eq!(with("exit 7").await.unwrap(), 7);
    assert_eq!(with("kill -KILL $$").await.unwrap(), 137);
    // A signal to the front is one to the engine, which says how it ends.
    let handles = "trap 'exit 3' TERM; kill -TERM $PPID; while :; do sleep 0.05; done";
    assert_eq!(with(handles).await.unwrap(), 3);
    // Whom the engine leaves behind is nobody's end but his own.
    assert_eq!(
        with("(exit 5) & (exit 6) & sleep 0.2; exit 4")
            .await
            .unwrap(),
        4
    );
}

#[tokio::test]
async fn without_its_engine_or_its_configuration_there_is_no_front() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("front.json");
    let arguments = |program: &str| Arguments {
        config: config.clone(),
        engine: vec![program.to_owned()],
    };
    let error = run(arguments("true")).await.expect_err("no configuration");
    assert!(format!("{error:#}").contains("front.json"), "{error:#}");
    std::fs::write(&config, r#"{"port": 0}"#).unwrap();
    let error = run(arguments("/no/such/engine"))
        .await
        .expect_err("no engine");
    assert!(
        format!("{error:#}").contains("/no/such/engine"),
        "{error:#}"
    );
}

#[test]
fn the_command_line_is_what_it_says() {
    let parse = |line: &str| Arguments::parse(line.split_whitespace().map(str::to_owned));
    let parsed = parse("--config /f.json -- redis-server --port 1").unwrap();
    assert_eq!(parsed.config, Path::new("/f.json"));
    assert_eq!(parsed.engine, ["redis-server", "--port", "1"]);
    for wrong in [
        "",
        "--config",
        "--config f",
        "--config f --",
        "-- x",
        "--config f x",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
