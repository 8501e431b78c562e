//! The admin plane: its own listener, on loopback unless the operator says otherwise.
//!
//! For now it answers probes; keys, models and reports join with their issues.

mod health;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

pub use health::Condition;

/// Serves the admin plane until `stop` completes, then finishes the running requests.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    condition: Arc<dyn Condition>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(condition))
        .with_graceful_shutdown(stop)
        .await
}

/// Every route of the admin plane.
fn router(condition: Arc<dyn Condition>) -> Router {
    Router::new()
        .route("/health/liveliness", get(health::show_liveness))
        .route("/health/liveness", get(health::show_liveness))
        .route("/health/readiness", get(health::show_readiness))
        .fallback(|| async { StatusCode::NOT_FOUND })
        // A stranger who tries methods learns no more of a route than that it is not there.
        .method_not_allowed_fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(condition)
}
