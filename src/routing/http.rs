//! Real routers, over HTTP on their control interface.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{InForce, RouterControl, RouterEndpoint, Routes, RoutingError};

/// How long a router may take to take a connection: it is on this host or beside it.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);

/// How long it may take to say which table it has.
const LOOK_DEADLINE: Duration = Duration::from_secs(2);

/// How long it may take to store a table, put it in force and see which routes listen.
const PUT_DEADLINE: Duration = Duration::from_secs(5);

/// How long a router that has just been started is waited for.
const START_DEADLINE: Duration = Duration::from_secs(1);

/// How long a connection is kept for the next call; less than the router keeps it.
const IDLE_DEADLINE: Duration = Duration::from_secs(5);

/// Pause between two attempts to reach a router that is starting.
const START_PAUSE: Duration = Duration::from_millis(20);

/// Talks to routers over HTTP.
#[derive(Debug, Clone)]
pub struct HttpRouterControl {
    client: reqwest::Client,
}

#[derive(Serialize)]
struct Table<'a> {
    generation: u64,
    #[serde(flatten)]
    routes: &'a Routes,
}

#[derive(Deserialize)]
struct Report {
    generation: u64,
    #[serde(default)]
    routes: Vec<RouteReport>,
}

#[derive(Deserialize)]
struct RouteReport {
    id: String,
    listening: bool,
    #[serde(default)]
    reason: Option<String>,
}

impl From<Report> for InForce {
    fn from(report: Report) -> Self {
        let silent = report.routes.into_iter().filter(|route| !route.listening);
        Self {
            generation: report.generation,
            silent: silent
                .map(|route| (route.id, route.reason.unwrap_or_default()))
                .collect(),
        }
    }
}

impl HttpRouterControl {
    /// # Errors
    /// Where the HTTP client cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(PUT_DEADLINE)
            .pool_idle_timeout(IDLE_DEADLINE)
            .no_proxy()
            .build()?;
        Ok(Self { client })
    }

    async fn table_once(&self, router: &RouterEndpoint) -> Result<InForce, RoutingError> {
        let answer = self
            .client
            .get(url(router))
            .timeout(LOOK_DEADLINE)
            .bearer_auth(&router.token)
            .send()
            .await
            .map_err(|error| unreachable(router, error))?;
        if !answer.status().is_success() {
            return Err(refused(router, answer).await);
        }
        report(router, answer).await
    }
}

#[async_trait]
impl RouterControl for HttpRouterControl {
    async fn table_in_force(&self, router: &RouterEndpoint) -> Result<InForce, RoutingError> {
        let started = tokio::time::Instant::now();
        loop {
            match self.table_once(router).await {
                Err(RoutingError::Unreachable { .. }) if started.elapsed() < START_DEADLINE => {
                    tokio::time::sleep(START_PAUSE).await;
                }
                answer => return answer,
            }
        }
    }

    async fn put_table(
        &self,
        router: &RouterEndpoint,
        generation: u64,
        routes: &Routes,
    ) -> Result<InForce, RoutingError> {
        let answer = self
            .client
            .put(url(router))
            .bearer_auth(&router.token)
            .json(&Table { generation, routes })
            .send()
            .await
            .map_err(|error| unreachable(router, error))?;
        if answer.status() == reqwest::StatusCode::CONFLICT {
            return Err(RoutingError::Outdated {
                name: router.name.clone(),
                in_force: self.table_once(router).await?.generation,
            });
        }
        if !answer.status().is_success() {
            return Err(refused(router, answer).await);
        }
        report(router, answer).await
    }
}

async fn report(
    router: &RouterEndpoint,
    answer: reqwest::Response,
) -> Result<InForce, RoutingError> {
    let report: Report = answer
        .json()
        .await
        .map_err(|error| unreachable(router, error))?;
    Ok(report.into())
}

fn url(router: &RouterEndpoint) -> String {
    format!("http://{}:{}/routes", router.host, router.port)
}

fn unreachable(router: &RouterEndpoint, error: reqwest::Error) -> RoutingError {
    RoutingError::Unreachable {
        name: router.name.clone(),
        source: Some(Box::new(error.without_url())),
    }
}

async fn refused(router: &RouterEndpoint, answer: reqwest::Response) -> RoutingError {
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    RoutingError::Refused {
        name: router.name.clone(),
        reason: format!("{status} {}", text.chars().take(200).collect::<String>()),
    }
}
