//! `/debug/v1`: what the reconcilers last saw and did, and a way to wake one.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;

/// What a reconciler last did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconcilerStatus {
    /// Its name.
    pub name: String,
    /// How often it has looked.
    pub activations: u64,
    /// When it last looked, in milliseconds since the Unix epoch.
    pub last_activation_at_ms: Option<i64>,
    /// What may not be as wished, at the last look.
    pub listed: usize,
    /// Runs that ended as wished or waiting.
    pub succeeded: u64,
    /// Runs that were blocked or failed.
    pub failed: u64,
    /// Keys in work.
    pub in_work: usize,
    /// Keys that wait after a failure, with what went wrong.
    pub waiting: BTreeMap<String, String>,
}

/// What each reconciler last did.
#[utoipa::path(
    get,
    path = "/debug/v1/reconcilers",
    responses((status = 200, description = "One entry for each.", body = Vec<ReconcilerStatus>))
)]
pub async fn reconcilers(State(app): State<Arc<App>>) -> Json<Vec<ReconcilerStatus>> {
    let statuses = app
        .sight
        .statuses
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Json(
        statuses
            .iter()
            .map(|(name, status)| ReconcilerStatus {
                name: (*name).to_owned(),
                activations: status.activations,
                last_activation_at_ms: status.last_activation_at.map(|time| time.as_millis()),
                listed: status.listed,
                succeeded: status.succeeded,
                failed: status.failed,
                in_work: status.in_work,
                waiting: status
                    .waiting
                    .iter()
                    .map(|(key, text)| (key.to_string(), text.clone()))
                    .collect(),
            })
            .collect(),
    )
}

/// Wakes a reconciler, and lets it try at once what would else be tried later.
#[utoipa::path(
    post,
    path = "/debug/v1/reconcilers/{name}/wake",
    params(("name" = String, Path, description = "cache_cluster, replication_group, watch, router, health, maintenance or service_update")),
    responses((status = 202, description = "It was woken."), (status = 404, description = "There is none of that name."))
)]
pub async fn wake(State(app): State<Arc<App>>, Path(name): Path<String>) -> StatusCode {
    let Some(activator) = app.activators.named(&name) else {
        return StatusCode::NOT_FOUND;
    };
    activator.wake_afresh();
    StatusCode::ACCEPTED
}
