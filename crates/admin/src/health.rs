use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::answer::schema::{Described, count, moment, or_null, text, word};
use crate::answer::{Row, time};
use crate::call::{Call, Outcome};

/// What the gateway says of itself.
pub trait Condition: Send + Sync {
    /// Whether it takes new calls.
    fn takes_calls(&self) -> bool;

    /// Whether the database was heard from lately.
    fn is_connected(&self) -> bool {
        true
    }

    /// Whether what happens can be recorded.
    fn is_recorded(&self) -> bool {
        true
    }
}

/// LiteLLM's answers, as on the data port.
const ALIVE: &str = "\"I'm alive!\"";
const HEALTHY: &str = r#"{"status":"healthy","db":"connected"}"#;
const DISCONNECTED: &str = r#"{"status":"unhealthy","db":"disconnected"}"#;
const UNRECORDED: &str = r#"{"status":"unhealthy","journal":"unwritable"}"#;
const DRAINING: &str = r#"{"status":"shutting_down"}"#;

pub(crate) async fn show_liveness(
    State(condition): State<Arc<dyn Condition>>,
) -> impl IntoResponse {
    answer(&*condition, (StatusCode::OK, ALIVE))
}

pub(crate) async fn show_readiness(
    State(condition): State<Arc<dyn Condition>>,
) -> impl IntoResponse {
    let body = match (condition.is_recorded(), condition.is_connected()) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, UNRECORDED),
        (true, false) => (StatusCode::SERVICE_UNAVAILABLE, DISCONNECTED),
        (true, true) => (StatusCode::OK, HEALTHY),
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

/// `GET /health/readiness/details`: LiteLLM's fields, as far as there is something to say, and the
/// state of what the gateway depends on. It names no address and no key.
pub(crate) fn show_details(call: &Call<'_>) -> Outcome {
    let (permit, _) = call.authorise_route()?;
    let plane = call.plane;
    let is_connected = plane.condition.is_connected();
    let is_recorded = plane.condition.is_recorded();
    let status = match (plane.condition.takes_calls(), is_connected && is_recorded) {
        (false, _) => "shutting_down",
        (true, true) => "healthy",
        (true, false) => "unhealthy",
    };
    let lost_since = plane.sealing.lost_since();
    let mut row = Row::default();
    row.put("status", status);
    row.put(
        "db",
        if is_connected {
            "connected"
        } else {
            "disconnected"
        },
    );
    row.put(
        "vault",
        json!({
            "status": if lost_since.is_none() { "connected" } else { "disconnected" },
            "since": lost_since.map(time),
        }),
    );
    let journal = if is_recorded {
        "writable"
    } else {
        "unwritable"
    };
    row.put("journal", journal);
    row.put("cache", ());
    row.put("calls", plane.calls.running());
    row.put("ironward_version", env!("CARGO_PKG_VERSION"));
    Ok(permit.show(row))
}

/// What it answers.
pub(crate) fn details() -> Value {
    let reach = || word(["connected", "disconnected"]);
    let vault = Described::of([("status", reach()), ("since", or_null(moment()))]);
    Described::of([
        ("status", word(["healthy", "unhealthy", "shutting_down"])),
        ("db", reach()),
        ("vault", vault),
        ("journal", word(["writable", "unwritable"])),
        ("cache", json!({"type": "null"})),
        ("calls", count()),
        ("ironward_version", text()),
    ])
}
