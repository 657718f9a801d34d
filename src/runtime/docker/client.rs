//! The connection to one engine, and the deadline of every call on it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bollard::Docker;

use super::super::RuntimeError;
use super::errors::{Action, translate};

/// The connection to one engine.
pub(super) struct Client {
    /// `unix://…` or `tcp://…`; none means what the environment says (`DOCKER_HOST`, or the usual socket).
    pub(super) host: Option<String>,
    pub(super) owner: String,
    /// None before the first call and after the engine was unreachable.
    pub(super) docker: Mutex<Option<Docker>>,
}

impl Client {
    /// Returns the connection, speaking a version that the engine understands.
    pub(super) async fn docker(&self) -> Result<Docker, bollard::errors::Error> {
        if let Some(docker) = self.lock().clone() {
            return Ok(docker);
        }
        let docker = match &self.host {
            Some(host) => Docker::connect_with_host(host)?,
            None => Docker::connect_with_defaults()?,
        };
        // Each call has its own deadline, some longer than the client's usual two minutes.
        let docker = docker
            .with_timeout(Duration::from_secs(24 * 60 * 60))
            .negotiate_version()
            .await?;
        *self.lock() = Some(docker.clone());
        Ok(docker)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Docker>> {
        self.docker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call with a deadline. `action` says what is done to what, for messages.
    pub(super) async fn call<T>(
        &self,
        action: Action<'_>,
        deadline: Duration,
        call: impl AsyncFnOnce(Docker) -> Result<T, bollard::errors::Error>,
    ) -> Result<T, RuntimeError> {
        let answer =
            tokio::time::timeout(deadline, async { call(self.docker().await?).await }).await;
        let result = match answer {
            Ok(result) => result.map_err(|error| translate(action, error)),
            Err(elapsed) => Err(RuntimeError::Unreachable {
                source: Some(elapsed.into()),
            }),
        };
        if let Err(RuntimeError::Unreachable { .. }) = result {
            // Another version may come back in its place.
            *self.lock() = None;
        }
        result
    }
}
