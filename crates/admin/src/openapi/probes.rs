use serde_json::{Value, json};

use super::statuses::said;
use crate::answer::schema::{Described, component, word};

/// The paths that anybody may ask: whether the gateway lives, and whether it takes calls.
pub(super) fn probes() -> [(&'static str, Value); 3] {
    let draining = || Described::of([("status", word(["shutting_down"]))]);
    let alive = json!({"const": "I'm alive!"});
    let state = |status: &'static str, db: &'static str| {
        Described::of([("status", word([status])), ("db", word([db]))])
    };
    let probe = |id: &str, well: Value, ill: Value| {
        json!({"get": {
            "operationId": id,
            "summary": "A probe, without a key.",
            "tags": ["health"],
            "security": [],
            "responses": {
                "200": said("It does.", well),
                "400": said("The request is addressed to two hosts.", component("Error")),
                "503": said("It does not, or not any more.", ill),
            },
        }})
    };
    let ready = state("healthy", "connected");
    let cut_off = state("unhealthy", "disconnected");
    [
        (
            "/health/liveliness",
            probe("HealthLiveliness", alive.clone(), draining()),
        ),
        (
            "/health/liveness",
            probe("HealthLiveness", alive, draining()),
        ),
        (
            "/health/readiness",
            probe(
                "HealthReadiness",
                ready,
                json!({"anyOf": [cut_off, draining()]}),
            ),
        ),
    ]
}
