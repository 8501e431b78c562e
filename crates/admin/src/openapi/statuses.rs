use ironward_policy::access::{Effect, Method, Route};
use serde_json::{Map, Value, json};

use super::{Takes, answers};
use crate::answer::TOTAL;
use crate::answer::schema::{component, either};
use crate::metrics;

/// The statuses that a route answers with, and what each comes with.
pub(super) fn responses(route: Route, takes: &Takes) -> Map<String, Value> {
    let mut found = Found::default();
    match route {
        Route::MetricsRead => found.put_text(
            "200",
            "The metrics, as Prometheus or OpenMetrics text, by `Accept`.",
            metrics::CONTENT_TYPES,
        ),
        _ => found.put("200", "Done.", answers::answer(route)),
    }
    if says_total(route) {
        found.head("200", TOTAL, "How many items the whole list has.");
    }
    found.refuse("401", "No key, or none that is let in.");
    found.head("401", "WWW-Authenticate", "`Bearer`.");
    found.refuse("403", "The key may not do this.");
    found.refuse("429", "Too many wrong keys came from this address.");
    found.head("429", "Retry-After", "In how many seconds to try again.");
    found.refuse(
        "503",
        "The store or the key-encryption key cannot be reached, or was not heard from lately, and nothing was changed; or the journal cannot be written: the message says whether it was done.",
    );
    found.head("503", "Retry-After", "In how many seconds to try again.");
    let changes = route.row().effect == Effect::Changes;
    let takes_any = !matches!(takes, Takes::Nothing);
    found.refuse(
        "400",
        "A value cannot be taken, it cannot be done, or the request is addressed to two hosts.",
    );
    if looks_up(route) {
        found.refuse("404", "There is none, or none that the key may know of.");
    }
    if changes {
        found.refuse("409", "It is there already, or was changed meanwhile.");
        found.refuse(
            "500",
            "A defect here or in the store; the log has the cause.",
        );
    }
    if takes_any {
        found.put("422", "The request has another shape.", shape(route));
    }
    if !matches!(route.row().method, Method::Get) {
        found.refuse("408", "The body did not arrive.");
        found.refuse("413", "The body is too large.");
        found.refuse("415", "The body is not JSON.");
    }
    found.0
}

#[derive(Default)]
struct Found(Map<String, Value>);

impl Found {
    fn put(&mut self, status: &str, description: &str, schema: Value) {
        self.0.insert(status.to_owned(), said(description, schema));
    }

    fn put_text<const N: usize>(&mut self, status: &str, description: &str, kinds: [&str; N]) {
        let content: Map<String, Value> = kinds
            .into_iter()
            .map(|kind| (kind.to_owned(), json!({"schema": {"type": "string"}})))
            .collect();
        let response = json!({"description": description, "content": content});
        self.0.insert(status.to_owned(), response);
    }

    fn refuse(&mut self, status: &str, description: &str) {
        self.put(status, description, component("Error"));
    }

    fn head(&mut self, status: &str, name: &str, description: &str) {
        if let Some(Value::Object(response)) = self.0.get_mut(status) {
            let header = json!({"description": description, "schema": {"type": "string"}});
            response.insert("headers".to_owned(), json!({name: header}));
        }
    }
}

/// A response with JSON of this schema.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a schema is made of others, which nobody else has"
)]
pub(super) fn said(description: &str, schema: Value) -> Value {
    json!({
        "description": description,
        "content": {"application/json": {"schema": schema}},
    })
}

/// Whether a route answers a part of a list that LiteLLM answers whole.
const fn says_total(route: Route) -> bool {
    matches!(
        route,
        Route::TeamList
            | Route::OrganizationList
            | Route::ProjectList
            | Route::CustomerList
            | Route::BudgetList
            | Route::CredentialList
            | Route::AccessGroupList
            | Route::TagList
            | Route::ModelRead
    )
}

/// LiteLLM answers a look-up of several keys that finds none with the status of a wrong shape.
fn shape(route: Route) -> Value {
    match route {
        Route::KeyReadMany => either([component("Invalid"), component("Error")]),
        _ => component("Invalid"),
    }
}

/// Whether a route is about objects that may not be there.
fn looks_up(route: Route) -> bool {
    let row = route.row();
    let is_new = row.path.ends_with("/new") || row.path == "/credentials";
    match route {
        Route::OpenApi
        | Route::KeyGenerate
        | Route::KeyGenerateForServiceAccount
        | Route::KeyUpdateMany
        | Route::UserUpdateMany
        | Route::BudgetRead
        | Route::BudgetList
        | Route::CustomerBlock
        | Route::CustomerList
        | Route::AccessGroupList
        | Route::TagList
        | Route::SpendCalculate
        | Route::HealthDetails
        | Route::MetricsRead => false,
        // One of a list may be asked for by its id.
        Route::ModelRead => true,
        _ => !is_new && !matches!(row.effect, Effect::Lists(_)),
    }
}
