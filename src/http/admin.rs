//! `/admin/v1`: for the dashboard and for people. Documented in `openapi/admin.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use crate::operations::overview::{self, CacheOverview};
use crate::operations::service_update::publish::{
    Draft, Refusal, cancel_service_update, publish_service_update,
};

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
        .sight
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

/// A service update to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceUpdate {
    /// Lower-case letters, digits, hyphens: `redis-20260701-001`.
    name: String,
    /// `redis`, `valkey` or `memcached`.
    engine: String,
    /// `critical`, `important`, `medium` or `low`.
    severity: String,
    /// What it is good for.
    description: Option<String>,
    /// The image that nodes of each engine version shall run: `{"7.0": "redis:7.0.15"}`.
    #[serde(default)]
    images: BTreeMap<String, String>,
    /// The minor version that nodes of the same family shall run, instead of `images`. Caches with AutoMinorVersionUpgrade get it in
    /// their next maintenance window.
    engine_version: Option<String>,
    /// From when on it may be applied, in RFC 3339; now when absent.
    released_at: Option<String>,
    /// By when it should be applied; 14, 30, 60 or 90 days after its release, as its severity advises, when absent.
    recommended_apply_by: Option<String>,
    /// Until when it can be applied; a year after its release when absent.
    ends_at: Option<String>,
    /// Whether it is applied in the first maintenance window after `recommended_apply_by` where nobody did.
    #[serde(default)]
    auto_update_after_recommended_apply_by: bool,
    /// How long a node may take; 30 when absent.
    estimated_minutes_per_node: Option<u32>,
}

impl From<NewServiceUpdate> for Draft {
    fn from(new: NewServiceUpdate) -> Self {
        Self {
            name: new.name,
            engine: new.engine,
            severity: new.severity,
            description: new.description,
            images: new.images,
            engine_version: new.engine_version,
            released_at: new.released_at,
            recommended_apply_by: new.recommended_apply_by,
            ends_at: new.ends_at,
            auto_update_after_recommended_apply_by: new.auto_update_after_recommended_apply_by,
            estimated_minutes_per_node: new.estimated_minutes_per_node,
        }
    }
}

/// Why a request was refused.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refused {
    /// What is wrong.
    pub message: String,
}

type Answer = Result<StatusCode, (StatusCode, Json<Refused>)>;

/// Publishes a service update. It is applied by BatchApplyUpdateAction, or by itself when it is due.
#[utoipa::path(
    post,
    path = "/admin/v1/service-updates",
    request_body = NewServiceUpdate,
    responses(
        (status = 201, description = "It is published."),
        (status = 400, description = "It makes no sense.", body = Refused),
        (status = 409, description = "There is one of that name.", body = Refused)
    )
)]
pub async fn publish(State(app): State<Arc<App>>, Json(new): Json<NewServiceUpdate>) -> Answer {
    let rooms = (&app.datastore, &app.clock, &*app.activators);
    match publish_service_update(rooms, new.into()).await {
        Ok(()) => Ok(StatusCode::CREATED),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// Takes a service update back: nothing gets it any more.
#[utoipa::path(
    post,
    path = "/admin/v1/service-updates/{name}/cancel",
    params(("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It is cancelled."),
        (status = 404, description = "There is none of that name.", body = Refused)
    )
)]
pub async fn cancel(State(app): State<Arc<App>>, Path(name): Path<String>) -> Answer {
    match cancel_service_update(&app.datastore, &name).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refusal) => Err(refused(refusal)),
    }
}

fn refused(refusal: Refusal) -> (StatusCode, Json<Refused>) {
    let (status, message) = match refusal {
        Refusal::Invalid(message) => (StatusCode::BAD_REQUEST, message),
        Refusal::Exists => (
            StatusCode::CONFLICT,
            "There is a service update of that name.".to_owned(),
        ),
        Refusal::NotFound => (
            StatusCode::NOT_FOUND,
            "There is no service update of that name.".to_owned(),
        ),
        Refusal::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The database failed.".to_owned(),
        ),
    };
    (status, Json(Refused { message }))
}

/// A replication group, or a cache cluster that is a member of none.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CacheStatus {
    /// `replication-group` or `cache-cluster`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Its status, in AWS's word.
    pub status: String,
    /// Engine and version.
    pub engine: String,
    /// Node type.
    pub node_type: String,
    /// Nodes that are known to be as wished, of all.
    pub nodes: String,
    /// What waits for the maintenance window.
    pub pending: Vec<String>,
    /// What is under way.
    pub under_way: Vec<String>,
    /// What stands in the way, if anything does.
    pub held_up_by: Option<String>,
}

/// Every cache: what waits, what is under way, and what holds it up.
#[utoipa::path(
    get,
    path = "/admin/v1/status",
    responses((status = 200, description = "One entry for each.", body = Vec<CacheStatus>))
)]
pub async fn status(State(app): State<Arc<App>>) -> Result<Json<Vec<CacheStatus>>, StatusCode> {
    let caches = overview::overview(&app.datastore, &app.clock).await;
    let caches = caches.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let told = |it: CacheOverview| CacheStatus {
        kind: it.kind.to_owned(),
        id: it.id,
        account: it.account,
        region: it.region,
        status: it.status.to_owned(),
        engine: it.engine,
        node_type: it.node_type.to_owned(),
        nodes: format!("{}/{}", it.nodes_settled, it.nodes),
        pending: it.pending,
        under_way: it.under_way,
        held_up_by: it.held_up_by,
    };
    Ok(Json(caches.into_iter().map(told).collect()))
}
