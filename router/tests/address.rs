//! Adding and removing addresses, in network namespaces of the test's own.
//!
//! Needs root; where that isn't there the tests say so and pass over.

mod harness;

use std::process::{Output, Stdio};
use std::time::Instant;

use harness::{DEADLINE, TOKEN, table};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// Two namespaces and a cable between them: one is the router's, the other its clients'.
struct Cable {
    router: String,
    clients: String,
}

impl Cable {
    /// None, with a message, where namespaces can't be made.
    async fn lay(name: &str) -> Option<Self> {
        let id = std::process::id();
        let cable = Self {
            router: format!("cpr-{name}-{id}"),
            clients: format!("cpc-{name}-{id}"),
        };
        for namespace in [&cable.router, &cable.clients] {
            let made = run("ip", &["netns", "add", namespace]).await;
            if !made.is_ok_and(|made| made.status.success()) {
                #[expect(clippy::print_stderr, reason = "a test passed over must be seen")]
                {
                    eprintln!("SKIPPED: network namespaces can't be made here (not root?)");
                }
                return None;
            }
            ok("ip", &["-n", namespace, "link", "set", "lo", "up"]).await;
        }
        Some(cable)
    }

    /// Gives the router an interface on 10.91.0.0/20, whose other end is 10.91.0.1.
    async fn plug_in(&self) {
        let (router, clients) = (self.router.as_str(), self.clients.as_str());
        ok(
            "ip",
            &[
                "-n", clients, "link", "add", "c0", "type", "veth", "peer", "name", "r0", "netns",
                router,
            ],
        )
        .await;
        ok(
            "ip",
            &["-n", clients, "addr", "add", "10.91.0.1/20", "dev", "c0"],
        )
        .await;
        ok("ip", &["-n", clients, "link", "set", "c0", "up"]).await;
        ok(
            "ip",
            &["-n", router, "addr", "add", "10.91.0.2/20", "dev", "r0"],
        )
        .await;
        ok("ip", &["-n", router, "link", "set", "r0", "up"]).await;
    }

    async fn pull_out(&self) {
        ok("ip", &["-n", &self.clients, "link", "del", "c0"]).await;
    }

    fn start_router(&self, state: &std::path::Path) -> Child {
        Command::new("ip")
            .args([
                "netns",
                "exec",
                &self.router,
                env!("CARGO_BIN_EXE_cacheplane-router"),
            ])
            .env("CACHEPLANE_ROUTER_CONTROL", "127.0.0.1:4571")
            .env("CACHEPLANE_ROUTER_TOKEN", TOKEN)
            .env("CACHEPLANE_ROUTER_STATE", state)
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Sends bytes from a namespace to an address, and returns what comes back until it is closed;
    /// none when no connection is taken.
    async fn converse(namespace: &str, host: &str, port: u16, request: &str) -> Option<String> {
        let script = r#"exec 3<>/dev/tcp/"$0"/"$1" && printf %s "$2" >&3 && timeout 5 cat <&3"#;
        let port = port.to_string();
        let arguments = [
            "netns", "exec", namespace, "timeout", "5", "bash", "-c", script, host, &port, request,
        ];
        let output = run("ip", &arguments).await.unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap())
    }

    async fn put(&self, table: &Value) -> Value {
        let body = table.to_string();
        let request = format!(
            "PUT /routes HTTP/1.1\r\nhost: r\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let start = Instant::now();
        loop {
            if let Some(answer) = Self::converse(&self.router, "127.0.0.1", 4571, &request).await {
                let (head, body) = answer.split_once("\r\n\r\n").unwrap();
                assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
                return serde_json::from_str(body).unwrap();
            }
            assert!(start.elapsed() < DEADLINE, "waited for the control API");
        }
    }

    /// Asks for the configuration through the cable.
    async fn discover(&self, host: &str, port: u16) -> Option<String> {
        let request = "config get cluster\r\nquit\r\n";
        Self::converse(&self.clients, host, port, request).await
    }

    async fn wait_for_discovery(&self, host: &str, port: u16) {
        let start = Instant::now();
        while self.discover(host, port).await.as_deref() != Some(ANSWER) {
            assert!(start.elapsed() < DEADLINE, "waited for {host}:{port}");
        }
    }

    async fn addresses(&self) -> String {
        let shown = ok("ip", &["-n", &self.router, "-o", "-4", "addr", "show"]).await;
        String::from_utf8(shown.stdout).unwrap()
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [&self.router, &self.clients] {
            // Half-made namespaces too.
            let _ = std::process::Command::new("ip")
                .args(["netns", "del", namespace])
                .stderr(Stdio::null())
                .status();
        }
    }
}

async fn run(program: &str, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
}

async fn ok(program: &str, arguments: &[&str]) -> Output {
    let output = run(program, arguments).await.unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
    output
}

const ANSWER: &str = "CONFIG cluster 0 3\r\n1\n\n\r\nEND\r\n";

fn route(id: &str, address: &str, port: u16) -> Value {
    json!({"id": id, "listen": {"address": address, "prefix_length": 20, "port": port},
        "kind": {"memcached_discovery": {"config_version": 1}}})
}

#[tokio::test]
async fn an_address_comes_with_its_first_route_and_goes_with_its_last() {
    let Some(cable) = Cable::lay("life").await else {
        return;
    };
    cable.plug_in().await;
    let state = tempfile::tempdir().unwrap();
    let mut router = cable.start_router(state.path());
    let report = cable
        .put(&table(
            1,
            &[
                route("a", "10.91.0.10", 11211),
                route("b", "10.91.0.10", 11212),
            ],
        ))
        .await;
    for route in report["routes"].as_array().unwrap() {
        assert_eq!(route["listening"], true, "{report}");
    }
    assert_eq!(
        cable.discover("10.91.0.10", 11211).await.as_deref(),
        Some(ANSWER)
    );
    assert_eq!(
        cable.discover("10.91.0.10", 11212).await.as_deref(),
        Some(ANSWER)
    );
    let shown = cable.addresses().await;
    assert!(
        shown.contains("10.91.0.10/32") && shown.contains("10.91.0.2/20"),
        "{shown}"
    );

    cable
        .put(&table(2, &[route("b", "10.91.0.10", 11212)]))
        .await;
    assert_eq!(cable.discover("10.91.0.10", 11211).await, None);
    assert_eq!(
        cable.discover("10.91.0.10", 11212).await.as_deref(),
        Some(ANSWER)
    );

    // The interface's own address is listened on, and never taken away.
    cable
        .put(&table(3, &[route("own", "10.91.0.2", 11213)]))
        .await;
    assert_eq!(
        cable.discover("10.91.0.2", 11213).await.as_deref(),
        Some(ANSWER)
    );
    cable.put(&table(4, &[])).await;
    let start = Instant::now();
    while cable.addresses().await.contains("10.91.0.10") {
        assert!(start.elapsed() < DEADLINE, "waited for the address to go");
    }
    assert!(cable.addresses().await.contains("10.91.0.2/20"));
    router.kill().await.unwrap();
}

#[tokio::test]
async fn an_interface_may_come_late_go_and_come_back() {
    let Some(cable) = Cable::lay("late").await else {
        return;
    };
    let state = tempfile::tempdir().unwrap();
    let mut router = cable.start_router(state.path());
    let report = cable
        .put(&table(
            1,
            &[
                route("a", "10.91.0.10", 11211),
                route("local", "127.0.0.1", 11211),
            ],
        ))
        .await;
    let routes = report["routes"].as_array().unwrap();
    assert_eq!(routes[0]["listening"], false, "{report}");
    assert!(
        routes[0]["reason"]
            .as_str()
            .unwrap()
            .contains("no interface"),
        "{report}"
    );
    assert_eq!(routes[1]["listening"], true, "{report}");

    cable.plug_in().await;
    cable.wait_for_discovery("10.91.0.10", 11211).await;
    cable.pull_out().await;
    cable.plug_in().await;
    cable.wait_for_discovery("10.91.0.10", 11211).await;

    // A restart finds its own address still there, and goes on without being told anything.
    router.kill().await.unwrap();
    let mut router = cable.start_router(state.path());
    cable.wait_for_discovery("10.91.0.10", 11211).await;
    cable.put(&table(2, &[])).await;
    let start = Instant::now();
    while cable.addresses().await.contains("10.91.0.10") {
        assert!(start.elapsed() < DEADLINE, "waited for the address to go");
    }
    router.kill().await.unwrap();
}
