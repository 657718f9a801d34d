//! `/admin/v1`: for the dashboard and for people. Documented in `openapi/admin.json`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;

/// How the control plane is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` as long as requests can be answered.
    pub status: String,
    /// The program's version.
    pub version: String,
    /// Keys that reconcilers could not bring to what is wished, and will try again.
    pub blocked: usize,
}

/// Whether requests can be answered: the database can be read.
#[utoipa::path(
    get,
    path = "/admin/v1/health",
    responses((status = 200, description = "It can.", body = Health), (status = 503, description = "It cannot."))
)]
pub async fn health(State(app): State<Arc<App>>) -> Result<Json<Health>, axum::http::StatusCode> {
    if let Err(error) = app.datastore.setting_get("instance_id").await {
        tracing::error!(error = format!("{error:#}"), "The database cannot be read");
        return Err(axum::http::StatusCode::SERVICE_UNAVAILABLE);
    }
    let blocked = app
        .statuses
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .values()
        .map(|status| status.waiting.len())
        .sum();
    Ok(Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        blocked,
    }))
}
