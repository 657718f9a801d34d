//! One connection to a node: what is asked at once goes out together, and the first such flight says who we are.

use std::pin::Pin;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Cmd, RedisConnectionInfo, RedisResult, Value};
use futures_util::future::{join_all, try_join_all};
use tokio::sync::oneshot;
use tokio::task::coop::unconstrained;

use super::super::{EngineError, NodeEndpoint, encryption};
use super::{command, refusal};

/// What every conversation with a node goes over.
pub(super) type Stream = Box<dyn encryption::Stream>;

/// Connects, and says nothing yet.
pub(super) async fn dial(node: &NodeEndpoint) -> Result<Stream, EngineError> {
    encryption::connect(node).await
}

/// Closed when dropped.
pub(super) struct Connection<'a> {
    node: &'a NodeEndpoint,
    connection: MultiplexedConnection,
    /// What reads and writes while it is polled; none once the connection is closed.
    driver: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Who we are, until it is said.
    introduction: Option<Cmd>,
}

impl<'a> Connection<'a> {
    /// Connects, and says nothing yet.
    ///
    /// The client itself would wait for its credentials to be accepted before it sends anything else, and its own deadline
    /// would be a second one beside the caller's.
    pub(super) async fn open(node: &'a NodeEndpoint) -> Result<Self, EngineError> {
        let stream = dial(node).await?;
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(None);
        let settings = RedisConnectionInfo::default().set_skip_set_lib_name();
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&settings, stream, config)
                .await
                .map_err(|error| refusal(node, &error))?;
        let introduction = node
            .administrator
            .as_ref()
            .map(|found| command(&["AUTH", &found.user, &found.password]));
        Ok(Connection {
            node,
            connection,
            driver: Some(Box::pin(driver)),
            introduction,
        })
    }

    /// Says who we are, and goes on by itself: for a conversation that is taken up again and again. It ends with its last handle, or when
    /// the node hangs up.
    pub(super) async fn keep(mut self) -> Result<MultiplexedConnection, EngineError> {
        self.ask(Vec::new()).await?;
        if let Some(driver) = self.driver.take() {
            tokio::spawn(driver);
        }
        Ok(self.connection)
    }

    /// Asks all at once, and returns each answer in its place. An error is that of the introduction.
    pub(super) async fn ask_each(
        &mut self,
        commands: Vec<Cmd>,
    ) -> Result<Vec<RedisResult<Value>>, EngineError> {
        let introduction = self.introduction.take();
        let is_introduced = introduction.is_none();
        let connection = self.connection.clone();
        let answers = join_all(
            introduction
                .into_iter()
                .chain(commands)
                .map(|command| one(&connection, command)),
        );
        let mut answers = self.driven(answers).await;
        if is_introduced {
            return Ok(answers);
        }
        // The first error is the one that explains the others: a stranger is refused everything.
        let rest = answers.split_off(1);
        for accepted in answers {
            accepted.map_err(|error| refusal(self.node, &error))?;
        }
        Ok(rest)
    }

    /// Asks all at once, and says when the first has an answer: the node has read the others by then, which may take their time. It has
    /// been told who we are.
    pub(super) async fn ask_until_heard(
        &mut self,
        commands: Vec<Cmd>,
        heard: oneshot::Sender<()>,
    ) -> Vec<RedisResult<Value>> {
        let connection = self.connection.clone();
        let mut heard = Some(heard);
        let answers = join_all(commands.into_iter().map(|command| {
            let (answer, heard) = (one(&connection, command), heard.take());
            async {
                let answer = answer.await;
                // Nobody may be interested.
                heard.map(|heard| heard.send(()));
                answer
            }
        }));
        self.driven(answers).await
    }

    /// Tells all at once, and stops waiting at the first error; what was not done by then is not, once the connection is closed.
    pub(super) async fn tell(mut self, commands: Vec<Cmd>) -> Result<(), EngineError> {
        let introduction = self.introduction.take();
        let connection = self.connection.clone();
        let commands = introduction.into_iter().chain(commands);
        let answers = try_join_all(commands.map(|command| one(&connection, command)));
        let told = self.driven(answers).await;
        told.map(drop).map_err(|error| refusal(self.node, &error))
    }

    /// Polls the driver beside `answers` until they are there. What is asked goes out in the order in which it is polled first; so nothing
    /// may stand back because this task has done much by then, and be overtaken by what comes after it.
    async fn driven<T>(&mut self, answers: impl Future<Output = T>) -> T {
        let answers = unconstrained(answers);
        tokio::pin!(answers);
        let Some(driver) = &mut self.driver else {
            return answers.await;
        };
        tokio::select! {
            biased;
            answers = &mut answers => answers,
            () = driver => {
                // The node closed the connection: with its answers before that, or without.
                self.driver = None;
                answers.await
            }
        }
    }

    /// Asks all at once, and returns the answers if none is an error.
    pub(super) async fn ask(&mut self, commands: Vec<Cmd>) -> Result<Vec<Value>, EngineError> {
        let answers = self.ask_each(commands).await?;
        let refused = |answer: RedisResult<Value>| answer.map_err(|e| refusal(self.node, &e));
        answers.into_iter().map(refused).collect()
    }
}

/// Asks one thing. All that is asked at once is written before any answer is awaited; the client's own pipeline would do the same,
/// but forgets an answer that explains why the node then hung up.
pub(super) async fn one(connection: &MultiplexedConnection, command: Cmd) -> RedisResult<Value> {
    command.query_async(&mut connection.clone()).await
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::coop::consume_budget;
    use tokio::task::yield_now;

    use super::*;
    use crate::engine::{Credentials, Protocol};

    const COMMANDS: usize = 300;

    /// Reads what it is told in one flight, answers everything, and returns what it was told in the order in which it came.
    async fn heard(mut stream: TcpStream) -> Vec<usize> {
        let mut text = String::new();
        let mut numbers = Vec::new();
        while numbers.len() < COMMANDS {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "only {numbers:?} came");
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            let whole = text.rsplit_once("\r\n").map_or("", |(whole, _)| whole);
            let numbered = whole.split("ECHO\r\n").skip(1);
            let second = |rest: &str| rest.lines().nth(1)?.parse().ok();
            numbers = numbered.filter_map(second).collect();
        }
        let answers = "+OK\r\n".repeat(COMMANDS);
        stream.write_all(answers.as_bytes()).await.unwrap();
        numbers
    }

    fn node_at(listener: &TcpListener) -> NodeEndpoint {
        NodeEndpoint {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            protocol: Protocol::Redis,
            encryption: None,
            administrator: None,
        }
    }

    #[tokio::test]
    async fn what_is_asked_at_once_goes_out_in_order_however_much_was_done_before() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let node = node_at(&listener);
        // Up to what a task may do before it has to stand back.
        for (done, is_told) in [0, 60, 100, 127]
            .into_iter()
            .flat_map(|done| [(done, false), (done, true)])
        {
            let mut connection = Connection::open(&node).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let hearing = tokio::spawn(heard(stream));
            let echo = |number: usize| command(&["ECHO", &number.to_string()]);
            let commands = (0..COMMANDS).map(echo).collect();
            yield_now().await;
            for _ in 0..done {
                consume_budget().await;
            }
            if is_told {
                connection.tell(commands).await.unwrap();
            } else {
                assert_eq!(connection.ask(commands).await.unwrap().len(), COMMANDS);
            }
            let heard = hearing.await.unwrap();
            assert!(heard.is_sorted(), "after {done}: {heard:?}");
        }
    }

    /// It is not silent: whoever took it for that would end it.
    #[tokio::test]
    async fn a_node_that_takes_no_more_connections_says_so() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut node = node_at(&listener);
        node.administrator = Some(Credentials {
            user: "administrator".into(),
            password: "secret".into(),
        });
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let refusal = b"-ERR max number of clients reached\r\n";
                stream.write_all(refusal).await.unwrap();
            }
        });
        for _ in 0..10 {
            let found = super::super::probe(&node).await;
            assert!(matches!(found, Err(EngineError::Full { .. })), "{found:?}");
        }
    }
}
