//! A configuration endpoint in front of real memcached processes.
//!
//! Needs the `memcached` program; where that isn't there the tests say so and pass over.

mod harness;

use std::net::SocketAddr;
use std::process::Stdio;

use harness::{Client, Router, address, configuration, discovery, wait_until};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

struct Memcached {
    address: SocketAddr,
    process: Child,
}

impl Memcached {
    /// None, with a message, where there is no such program.
    async fn start() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        // Where memcached says which port it got, and anyone may write, as it gives up being root.
        let file = directory.path().join("port");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(directory.path(), open).unwrap();
        let started = Command::new("memcached")
            .args(["-u", "nobody", "-U", "0", "-l", "127.0.0.1", "-p", "-1"])
            .env("MEMCACHED_PORT_FILENAME", &file)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(process) = started else {
            #[expect(clippy::print_stderr, reason = "a test passed over must be seen")]
            {
                eprintln!("SKIPPED: there is no memcached program here");
            }
            return None;
        };
        wait_until("memcached listens", async || file.exists()).await;
        let ports = std::fs::read_to_string(&file).unwrap();
        let port = ports
            .lines()
            .find_map(|line| line.strip_prefix("TCP INET: "))
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port.trim().parse().unwrap()));
        Some(Self { address, process })
    }

    /// Returns when there is no such process any more.
    async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

#[tokio::test]
async fn errors_and_silence_do_not_move_an_answer_from_its_place() {
    let Some(node) = Memcached::start().await else {
        return;
    };
    let router = Router::start().await;
    let at = address(
        &router.put(1, &[discovery("cfg", 4, &[node.address])]).await,
        "cfg",
    );
    let config = configuration(4, &[node.address]);
    let too_large = format!("set b 0 0 2000000 noreply\r\n{}\r\n", "x".repeat(2_000_000));
    let groups = [
        "set a 0 0 3\r\nabc\r\n",
        // Errors that memcached says although it was asked not to reply.
        "set c 0 0 2 noreply\r\nabcd\r\n",
        &too_large,
        // Meta commands, some of which say nothing when all is well.
        "ms m 5 q\r\nquiet\r\nmg m v\r\nmg nothing v q\r\nmn\r\n",
        "\r\nnonsense\r\nget\r\nversion\r\nversion of what\r\n",
        "incr a 1\r\ndelete m noreply\r\ntouch a 0\r\nstats\r\n",
    ];
    let mut request = String::new();
    for (number, group) in groups.iter().enumerate() {
        // The node's last word before ours, which it says only here.
        request.push_str(&format!(
            "{group}mg a k O{number}\r\nconfig get cluster\r\n"
        ));
    }
    request.push_str("quit\r\n");
    let ours = say(at, &request).await;
    for number in 0..groups.len() {
        assert!(
            ours.contains(&format!("HD ka O{number}\r\n{config}")),
            "{number}: {ours}"
        );
    }
    // Without our answers it is what the node itself says, but for numbers that move.
    let steady = |reply: &str| -> Vec<String> {
        reply
            .lines()
            .filter(|line| !line.starts_with("STAT "))
            .map(str::to_owned)
            .collect()
    };
    let direct = request
        .replace("config get cluster\r\n", "")
        .replace("version of what", "version");
    assert_eq!(
        steady(&ours.replace(&config, "")),
        steady(&say(node.address, &direct).await)
    );
}

async fn say(address: SocketAddr, request: &str) -> String {
    let client = Client::connect(address).await;
    let (mut reads, mut writes) = client.stream.into_split();
    let mut reply = Vec::new();
    let both = async {
        tokio::join!(
            tokio::io::AsyncWriteExt::write_all(&mut writes, request.as_bytes()),
            reads.read_to_end(&mut reply),
        )
    };
    let (wrote, read) = tokio::time::timeout(harness::DEADLINE, both).await.unwrap();
    wrote.unwrap();
    read.unwrap();
    String::from_utf8(reply).unwrap()
}

#[tokio::test]
async fn a_node_that_dies_is_replaced_for_the_next_connection() {
    let (Some(one), Some(two)) = (Memcached::start().await, Memcached::start().await) else {
        return;
    };
    let router = Router::start().await;
    let nodes = [one.address, two.address];
    let at = address(&router.put(1, &[discovery("cfg", 1, &nodes)]).await, "cfg");
    // Taking turns, two connections reach both.
    let mut clients = [Client::connect(at).await, Client::connect(at).await];
    for client in &mut clients {
        client.ask(b"set a 0 0 1\r\nx\r\n", "STORED\r\n").await;
    }
    one.kill().await;
    let mut closed = 0;
    for client in &mut clients {
        client.send(b"get a\r\nquit\r\n").await;
        if client.rest().await.is_empty() {
            closed += 1;
        }
    }
    assert_eq!(closed, 1);
    for _ in 0..4 {
        let mut client = Client::connect(at).await;
        client
            .ask(b"get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
            .await;
        client
            .ask(b"config get cluster\r\n", &configuration(1, &nodes))
            .await;
    }
}
