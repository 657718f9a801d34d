//! An encrypted configuration endpoint: TLS with clients and with nodes, and nothing else with either.

mod harness;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use harness::{Client, Node, Router, address, configuration, discovery};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A file with a key and a certificate that vouches for itself, and for 127.0.0.1.
fn certificate(directory: &Path, name: &str) -> PathBuf {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let path = directory.join(name);
    std::fs::write(&path, made.signing_key.serialize_pem() + &made.cert.pem()).unwrap();
    path
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    let found = CertificateDer::pem_file_iter(path).unwrap();
    found.collect::<Result<_, _>>().unwrap()
}

/// A client that believes whoever shows the certificate at `path`.
fn believes(path: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(chain(path).remove(0)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Something that shows the certificate at `path`, and passes on to `node`.
async fn encrypted(node: SocketAddr, path: &Path) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain(path), PrivateKeyDer::from_pem_file(path).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else {
                    return;
                };
                let mut node = TcpStream::connect(node).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut node).await;
            });
        }
    });
    at
}

/// What a client hears that says this and leaves.
async fn ask(at: SocketAddr, client: &TlsConnector, said: &str) -> std::io::Result<String> {
    let stream = TcpStream::connect(at).await?;
    let mut stream = client.connect(ServerName::from(at.ip()), stream).await?;
    stream.write_all(said.as_bytes()).await?;
    stream.flush().await?;
    let mut heard = Vec::new();
    // A conversation that is cut off ends without a farewell.
    let _ = stream.read_to_end(&mut heard).await;
    Ok(String::from_utf8(heard).unwrap())
}

struct Scene {
    directory: tempfile::TempDir,
    router: Router,
    node: Node,
    behind: SocketAddr,
    shown: PathBuf,
    authority: PathBuf,
}

impl Scene {
    async fn set() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (node, router) = (Node::start().await, Router::start().await);
        let authority = certificate(directory.path(), "node.pem");
        let behind = encrypted(node.address, &authority).await;
        let shown = certificate(directory.path(), "endpoint.pem");
        Self {
            directory,
            router,
            node,
            behind,
            shown,
            authority,
        }
    }

    /// Puts the route in force; its targets are to be vouched for by `authority`.
    async fn put(&self, generation: u64, authority: &Path) -> SocketAddr {
        let mut route = discovery("cfg", 4, &[self.behind]);
        let tls = json!({ "certificate": self.shown, "authority": authority });
        route["kind"]["memcached_discovery"]["tls"] = tls;
        address(&self.router.put(generation, &[route]).await, "cfg")
    }
}

#[tokio::test]
async fn clients_and_nodes_are_spoken_to_by_tls() {
    let scene = Scene::set().await;
    let at = scene.put(1, &scene.authority).await;
    let client = believes(&scene.shown);
    let config = configuration(4, &[scene.behind]);
    let big = "x".repeat(1_000_000);
    let said = format!(
        "set a 0 0 {}\r\n{big}\r\nconfig get cluster\r\nget a\r\nquit\r\n",
        big.len()
    );
    let heard = ask(at, &client, &said).await.unwrap();
    let expected = format!(
        "STORED\r\n{config}VALUE a 0 {}\r\n{big}\r\nEND\r\n",
        big.len()
    );
    assert_eq!(heard.len(), expected.len());
    assert!(heard == expected, "what was said comes back in its order");
    assert!(
        ask(at, &believes(&scene.authority), "version\r\n")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn who_speaks_in_clear_is_told_nothing() {
    let scene = Scene::set().await;
    let at = scene.put(1, &scene.authority).await;
    let mut client = Client::connect(at).await;
    client.send(b"config get cluster\r\n").await;
    let rest = client.rest().await;
    // At most an alert of TLS.
    assert!(
        !rest.windows(6).any(|window| window == b"CONFIG"),
        "{rest:?}"
    );
    assert!(scene.node.heard().is_empty());
}

#[tokio::test]
async fn a_node_that_nobody_vouches_for_hears_nothing() {
    let scene = Scene::set().await;
    let stranger = certificate(scene.directory.path(), "stranger.pem");
    let at = scene.put(1, &stranger).await;
    let client = believes(&scene.shown);
    let heard = ask(at, &client, "get a\r\n").await.unwrap();
    assert_eq!(heard, "");
    assert!(scene.node.heard().is_empty());
    let config = configuration(4, &[scene.behind]);
    let heard = ask(at, &client, "config get cluster\r\nquit\r\n").await;
    assert_eq!(heard.unwrap(), config, "discovery needs no node");
}

#[tokio::test]
async fn another_certificate_is_shown_as_soon_as_it_is_there() {
    let scene = Scene::set().await;
    let at = scene.put(1, &scene.authority).await;
    let before = believes(&scene.shown);
    assert!(ask(at, &before, "quit\r\n").await.is_ok());
    certificate(scene.directory.path(), "endpoint.pem");
    assert!(ask(at, &before, "quit\r\n").await.is_err());
    assert!(ask(at, &believes(&scene.shown), "quit\r\n").await.is_ok());
}
