//! What a program that uses the `redis` crate notices of a failover: its connection manager, as it comes, goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redis::aio::ConnectionManager;
use tokio::task::JoinHandle;

use super::process::{self, ControlPlane, Endpoint, Reply};
use crate::fixture::eventually;

/// How many answers show that a client goes on.
const ENOUGH: u64 = 50;

/// A program that says the same over and over through one connection manager, and leaves reconnecting to it.
struct Client {
    answers: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    task: JoinHandle<Vec<redis::RedisError>>,
}

impl Client {
    /// `say` makes the command of each number.
    async fn start(endpoint: &Endpoint, say: fn(u64) -> redis::Cmd) -> Self {
        let client = redis::Client::open((endpoint.host.as_str(), endpoint.port)).unwrap();
        let mut manager = ConnectionManager::new(client).await.unwrap();
        let (answers, ends) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (counter, is_over) = (Arc::clone(&answers), Arc::clone(&ends));
        let task = tokio::spawn(async move {
            let mut errors = Vec::new();
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                // A command that was under way when its connection ended fails; whether it is said again is the program's to decide.
                match say(number).query_async::<redis::Value>(&mut manager).await {
                    Ok(_) => {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => errors.push(error),
                }
                number += 1;
            }
            errors
        });
        Self {
            answers,
            ends,
            task,
        }
    }

    /// Waits until it was answered often once more.
    async fn goes_on(&self, whom: &str) {
        let goal = self.answers.load(Ordering::Relaxed) + ENOUGH;
        eventually(&format!("{whom} is answered"), async || {
            (self.answers.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await;
    }

    /// Ends it; what it was told may only be that a connection was lost.
    async fn end(self, whom: &str) {
        self.ends.store(true, Ordering::Relaxed);
        for error in self.task.await.unwrap() {
            crate::fixture::say(&format!("{whom} was told: {error}"));
            assert!(
                error.is_io_error() || error.is_timeout() || error.is_connection_dropped(),
                "{whom}: {error:?}"
            );
        }
    }
}

impl ControlPlane {
    async fn group(&self, id: &str) -> Reply {
        let members = [("ReplicationGroupId", id)];
        self.call("DescribeReplicationGroups", &members).await
    }

    /// Waits until the members' roles are these, and every replica of the engine has all the data.
    async fn has_roles(&self, id: &str, roles: &[&str]) -> Vec<Endpoint> {
        eventually(&format!("{id} has the roles {roles:?}"), async || {
            let reply = self.group(id).await;
            let statuses = reply.texts("Status");
            if statuses.iter().any(|status| status != "available")
                || reply.texts("CurrentRole") != roles
            {
                return None;
            }
            let endpoints = reply.endpoints();
            let replicas = roles.iter().filter(|role| **role == "replica").count();
            let info = endpoints[0].try_redis(&["INFO", "replication"]).await;
            let replication = info.ok()?;
            let in_sync = replication.matches("state=online").count();
            (in_sync == replicas).then_some(endpoints)
        })
        .await
    }
}

fn write(number: u64) -> redis::Cmd {
    let mut command = redis::cmd("SET");
    command.arg("number").arg(number);
    command
}

fn read(_: u64) -> redis::Cmd {
    let mut command = redis::cmd("GET");
    command.arg("number");
    command
}

#[tokio::test]
async fn a_connection_manager_goes_on_through_a_failover() {
    for mode in ["network", "published"] {
        process::with_control_plane(mode, async |plane| {
            let id = "managed";
            let members = [
                ("ReplicationGroupId", id),
                ("ReplicationGroupDescription", "for a program in Rust"),
                ("CacheNodeType", "cache.t3.micro"),
                ("NumCacheClusters", "3"),
                ("AutomaticFailoverEnabled", "true"),
            ];
            plane
                .call("CreateReplicationGroup", &members)
                .await
                .demand_success();
            let before = plane
                .has_roles(id, &["primary", "replica", "replica"])
                .await;
            let writer = Client::start(&before[0], write).await;
            let reader = Client::start(&before[1], read).await;
            writer.goes_on("the writer").await;
            reader.goes_on("the reader").await;

            let test = [("ReplicationGroupId", id), ("NodeGroupId", "0001")];
            plane.call("TestFailover", &test).await.demand_success();
            let another = eventually("another member is primary", async || {
                let roles = plane.group(id).await.texts("CurrentRole");
                (roles[0] == "replica").then_some(roles)
            })
            .await;
            let another: Vec<&str> = another.iter().map(String::as_str).collect();
            let after = plane.has_roles(id, &another).await;
            assert_eq!(after, before, "an endpoint has another address");
            writer.goes_on("the writer").await;
            reader.goes_on("the reader").await;
            writer.end("the writer").await;
            reader.end("the reader").await;

            let delete = [("ReplicationGroupId", id)];
            plane
                .call("DeleteReplicationGroup", &delete)
                .await
                .demand_success();
            eventually("the group is gone", async || {
                let reply = plane.group(id).await;
                reply
                    .is_fault("ReplicationGroupNotFoundFault")
                    .then_some(())
            })
            .await;
        })
        .await;
    }
}
