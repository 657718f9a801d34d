//! A client of a cluster, as small as can be: it goes where it is sent.

use std::collections::BTreeMap;

use cacheplane::resources::slots::key_slot;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};

use super::nodes::{Cluster, PORT};

/// Most answers that send it elsewhere, or ask it to come again, for one command.
const REDIRECTIONS_MAX: usize = 200;

pub(crate) struct Client {
    connections: BTreeMap<String, MultiplexedConnection>,
    owners: BTreeMap<u16, String>,
    first: String,
}

impl Client {
    pub(crate) fn new(cluster: &Cluster) -> Client {
        Client {
            connections: BTreeMap::new(),
            owners: BTreeMap::new(),
            first: format!("{}:{PORT}", cluster.nodes[0].address),
        }
    }

    async fn connection(&mut self, address: &str) -> MultiplexedConnection {
        if let Some(found) = self.connections.get(address) {
            return found.clone();
        }
        let client = redis::Client::open(format!("redis://{address}")).unwrap();
        // As long as it takes: a node may be frozen, or busy with a script.
        let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        let connection = client.get_multiplexed_async_connection_with_config(&patient);
        let connection = connection.await.unwrap();
        self.connections
            .insert(address.to_owned(), connection.clone());
        connection
    }

    /// Follows MOVED and ASK, and comes again when it is told to; any other error is the answer.
    async fn try_call<T: FromRedisValue>(
        &mut self,
        key: &str,
        words: &[&str],
    ) -> Result<T, RedisError> {
        let slot = key_slot(key.as_bytes());
        let mut address = self
            .owners
            .get(&slot)
            .cloned()
            .unwrap_or_else(|| self.first.clone());
        let mut is_asking = false;
        let mut last = None;
        for _ in 0..REDIRECTIONS_MAX {
            let mut connection = self.connection(&address).await;
            let mut command = Cmd::new();
            command.arg(words);
            let answer = match is_asking {
                true => {
                    let mut pipe = redis::pipe();
                    pipe.cmd("ASKING").ignore().add_command(command);
                    let answer = pipe.query_async::<(T,)>(&mut connection).await;
                    answer.map(|(answer,)| answer)
                }
                false => command.query_async::<T>(&mut connection).await,
            };
            let Err(error) = answer else { return answer };
            is_asking = error.kind() == ErrorKind::Server(ServerErrorKind::Ask);
            match (error.redirect_node(), error.code()) {
                (Some((elsewhere, slot)), _) => {
                    address = elsewhere.to_owned();
                    if !is_asking {
                        self.owners.insert(slot, address.clone());
                    }
                }
                (None, Some("TRYAGAIN" | "CLUSTERDOWN")) => {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                (None, _) => return Err(error),
            }
            last = Some(error);
        }
        Err(last.unwrap())
    }

    /// A command whose first argument is its key.
    pub(crate) async fn call<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        self.call_at(words[1], words).await
    }

    pub(crate) async fn call_at<T: FromRedisValue>(&mut self, key: &str, words: &[&str]) -> T {
        let answer = self.try_call(key, words).await;
        answer.unwrap_or_else(|error| panic!("{words:?}: {error:?}"))
    }
}
