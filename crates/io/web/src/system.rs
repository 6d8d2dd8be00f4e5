//! For who runs the server: health, metrics, the API's description.

use crate::app::App;
use crate::types::{Live, Ready};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .routes(routes!(openapi))
}

/// Whether the server runs.
#[utoipa::path(get, path = "/health/live", tag = "system", responses((status = 200, body = Live)))]
async fn live() -> axum::Json<Live> {
    axum::Json(Live { live: true })
}

/// Whether the server can do its work.
#[utoipa::path(get, path = "/health/ready", tag = "system",
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
async fn ready(State(app): State<App>) -> impl IntoResponse {
    let checks = app.backend().health().checks;
    let ready = checks.iter().all(|(_, check)| check.is_ok());
    let said = checks
        .into_iter()
        .map(|(part, check)| (part.to_owned(), check.err().unwrap_or_else(|| "ok".to_owned())));
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Ready { ready, checks: said.collect() }))
}

/// The metrics, in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = 200, content_type = "text/plain", body = String)))]
async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.backend().metrics())
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "system",
    responses((status = 200, content_type = "application/json", body = Object)))]
async fn openapi(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], app.0.openapi.clone())
}
