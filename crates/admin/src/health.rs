use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// What the gateway says of itself.
pub trait Condition: Send + Sync {
    /// Whether it takes new calls.
    fn takes_calls(&self) -> bool;

    /// Whether the database was heard from lately.
    fn is_connected(&self) -> bool {
        true
    }
}

/// LiteLLM's answers, as on the data port.
const ALIVE: &str = "\"I'm alive!\"";
const HEALTHY: &str = r#"{"status":"healthy","db":"connected"}"#;
const DISCONNECTED: &str = r#"{"status":"unhealthy","db":"disconnected"}"#;
const DRAINING: &str = r#"{"status":"shutting_down"}"#;

pub(crate) async fn show_liveness(
    State(condition): State<Arc<dyn Condition>>,
) -> impl IntoResponse {
    answer(&*condition, (StatusCode::OK, ALIVE))
}

pub(crate) async fn show_readiness(
    State(condition): State<Arc<dyn Condition>>,
) -> impl IntoResponse {
    let body = if condition.is_connected() {
        (StatusCode::OK, HEALTHY)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, DISCONNECTED)
    };
    answer(&*condition, body)
}

fn answer(
    condition: &dyn Condition,
    otherwise: (StatusCode, &'static str),
) -> impl IntoResponse + use<> {
    let (status, body) = if condition.takes_calls() {
        otherwise
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, DRAINING)
    };
    (status, [(CONTENT_TYPE, "application/json")], body)
}
