//! Names that break what does not take them as they are, and what is done with each of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Names that an object of the management API may have.
pub const NAMES: &[&str] = &[
    "a/b/c",
    "/",
    "..",
    "../../etc/passwd",
    ".",
    "100%",
    "%2F%2e%2E%00",
    "%",
    "with  two spaces",
    "a+b&c=d#e?f",
    "\"double\" 'single' `back`",
    "'; DROP TABLE objects; --",
    "back\\slash",
    "{slot}",
    "null",
    "<b>bold</b>",
    "$(id) $HOME",
    "\u{1f980} \u{1f469}\u{200d}\u{1f680}",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}",
    "\u{202e}turned around",
    "e\u{301} is not \u{e9}",
    "\u{feff}marked",
    "\u{10ffff}\u{1d573}",
    "\u{65e5}\u{672c}\u{8a9e}",
    "\u{df} \u{130} \u{3a3}",
];

/// Names that no object may have.
pub const NO_NAMES: &[&str] = &[
    "a\0b",
    "two\nlines",
    "tab\t",
    "\u{7f}",
    "\u{85}",
    "\u{9b}31m",
];

/// A request to the management API.
#[derive(Debug)]
pub struct Step {
    /// Its method.
    pub method: &'static str,
    /// Its path and query.
    pub path: String,
    /// Its body.
    pub body: Option<Value>,
    /// The answer has to hold this.
    pub holds: Option<Value>,
}

/// Makes an object of each kind under a name, reads it back, changes it and deletes it. Every step
/// is answered 200.
#[must_use]
pub fn steps(name: &str) -> Vec<Step> {
    let post = |path: &str, body: Value| step("POST", path.to_owned(), Some(body));
    let get = |path: String| step("GET", path, None).holding(name);
    let delete = |path: &str, body: Value| step("DELETE", path.to_owned(), Some(body));
    let n = escaped(name);
    vec![
        post("/organization/new", json!({"organization_id": name, "organization_alias": name})).holding(name),
        get(format!("/organization/info?organization_id={n}")),
        get(format!("/organization/list?org_id={n}")),
        post("/user/new", json!({"user_id": name, "user_alias": name, "user_email": name, "organizations": [name], "auto_create_key": false}))
            .holding(name),
        get(format!("/user/info?user_id={n}")),
        get(format!("/user/list?search={n}")),
        post("/team/new", json!({"team_id": name, "team_alias": name, "organization_id": name})).holding(name),
        post("/team/member_add", json!({"team_id": name, "member": {"role": "admin", "user_id": name}})).holding(name),
        get(format!("/team/info?team_id={n}")),
        get(format!("/team/list?team_id={n}&user_id={n}")),
        step("PATCH", format!("/team/{n}"), Some(json!({"team_alias": name}))).holding(name),
        post("/project/new", json!({"project_id": name, "project_alias": name, "team_id": name})).holding(name),
        get(format!("/project/info?project_id={n}")),
        get(format!("/project/list?team_id={n}")),
        post("/key/generate", json!({"key_alias": name, "user_id": name, "team_id": name, "project_id": name, "tags": [name], "aliases": {name: name}, "metadata": {name: name}}))
            .holding(name),
        get(format!("/key/list?key_alias={n}&team_id={n}&return_full_object=true")),
        post("/key/update", json!({"key_alias": name, "models": [name]})).holding(name),
        get(format!("/key/aliases?search={n}")),
        post("/key/delete", json!({"key_aliases": [name]})),
        delete("/project/delete", json!({"project_ids": [name]})).holding(name),
        post("/team/member_delete", json!({"team_id": name, "user_id": name})),
        post("/team/delete", json!({"team_ids": [name]})).holding(name),
        post("/user/delete", json!({"user_ids": [name]})),
        delete("/organization/delete", json!({"organization_ids": [name]})).holding(name),
        post("/customer/new", json!({"user_id": name, "alias": name})).holding(name),
        get(format!("/customer/info?end_user_id={n}")),
        post("/customer/block", json!({"user_ids": [name]})).holding(name),
        post("/customer/delete", json!({"user_ids": [name]})),
        post("/budget/new", json!({"budget_id": name, "max_budget": 1.0})).holding(name),
        post("/budget/info", json!({"budgets": [name]})).holding(name),
        get(format!("/budget/settings?budget_id={n}")).holding("max_budget"),
        post("/budget/delete", json!({"id": name})).holding(name),
        post("/tag/new", json!({"name": name, "description": name})).holding(name),
        post("/tag/info", json!({"names": [name]})).holding(name),
        post("/tag/delete", json!({"name": name})),
        post("/credentials", json!({"credential_name": name, "credential_values": {"api_key": "k"}})),
        get(format!("/credentials/by_name/{n}")),
        step("PATCH", format!("/credentials/{n}"), Some(json!({"display_name": name}))),
        step("DELETE", format!("/credentials/{n}"), None),
        post("/access_group/new", json!({"access_group": name, "model_names": ["any-*"]})).holding(name),
        get(format!("/access_group/{n}/info")),
        step("PUT", format!("/access_group/{n}/update"), Some(json!({"model_names": ["some-*"]}))).holding(name),
        step("DELETE", format!("/access_group/{n}/delete"), None).holding(name),
        post("/model/new", json!({"model_name": name, "model_info": {"id": name}, "litellm_params": {"model": "openai/x", "api_key": "k"}})).holding(name),
        get(format!("/model/info?litellm_model_id={n}")),
        get(format!("/v2/model/info?model={n}")),
        get(format!("/model_group/info?model_group={n}")),
        step("PATCH", format!("/model/{n}/update"), Some(json!({"model_name": name}))).holding(name),
        get(format!("/credentials/by_model/{n}")).holding("api_key"),
        post("/model/delete", json!({"id": name})),
    ]
}

/// Requests that would give an object of each kind this name.
#[must_use]
pub fn namings(name: &str) -> Vec<Step> {
    let makers = steps(name).into_iter();
    let mut makers: Vec<Step> = makers
        .filter(|step| step.path.ends_with("/new") || step.path == "/credentials")
        .filter(|step| step.method == "POST")
        .collect();
    for step in &mut makers {
        // Each by its id or by its alias alone, so that it is this field that is refused.
        if let Some(Value::Object(fields)) = &mut step.body {
            fields.remove("organizations");
            fields.remove("user_email");
            fields.remove("organization_id");
            fields.remove("team_id");
        }
        step.holds = None;
    }
    makers
}

/// Whether a text stands somewhere in an answer, as a value or as the name of a field.
#[must_use]
pub fn holds(answer: &Value, text: &Value) -> bool {
    match answer {
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| Some(name.as_str()) == text.as_str() || holds(value, text)),
        value => value == text,
    }
}

const fn step(method: &'static str, path: String, body: Option<Value>) -> Step {
    Step {
        method,
        path,
        body,
        holds: None,
    }
}

impl Step {
    fn holding(mut self, text: &str) -> Self {
        self.holds = Some(text.into());
        self
    }
}

/// For a path or a query: every byte that is no letter and no digit.
fn escaped(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
