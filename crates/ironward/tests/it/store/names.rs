//! Names that hold anything, over the wire and in both databases.

use ironward_testkit::names::{self, NAMES, NO_NAMES, Step};
use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, Postgres};
use serde_json::json;

use super::{Site, manage};

const STORES_MODELS: &str = "general_settings:\n  store_model_in_db: true\n";

#[test]
fn any_name_is_kept_as_it_is_over_a_file() {
    any_name_is_kept_as_it_is(&Site::with(STORES_MODELS));
}

#[test]
fn any_name_is_kept_as_it_is_over_a_server() {
    let server = Postgres::start();
    let url = server.database();
    any_name_is_kept_as_it_is(&Site::with(&format!(
        "{STORES_MODELS}  database_url: {url}\n"
    )));
}

fn any_name_is_kept_as_it_is(site: &Site) {
    let gateway = site.gateway().start();
    for name in NAMES {
        for step in names::steps(name) {
            let reply = take(&gateway, &step);
            let said = reply.text();
            assert_eq!(reply.status, 200, "{name:?} {step:?}: {said}");
            if let Some(text) = &step.holds {
                assert!(
                    names::holds(&reply.json(), text),
                    "{name:?} {step:?}: {said}"
                );
            }
        }
    }
    for name in NO_NAMES {
        for step in names::namings(name) {
            let reply = take(&gateway, &step);
            let refused = matches!(reply.status, 400 | 422);
            assert!(refused, "{name:?} {step:?}: {}", reply.text());
        }
    }
    any_text_is_kept_as_it_is(&gateway);
    let log = gateway.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// Free text may hold control characters too: it is shown as JSON, which escapes them.
fn any_text_is_kept_as_it_is(gateway: &Gateway) {
    let text = "a\0b\nc\u{1b}[31m\u{ffff}";
    let body = json!({"team_id": "texts", "metadata": {"a\0": text}});
    let key = gateway.admin_key();
    let reply = manage(gateway, key, "/team/new", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["metadata"]["a\0"], json!(text));
}

fn take(gateway: &Gateway, step: &Step) -> Reply {
    let bearer = format!("Bearer {}", gateway.admin_key());
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = step.body.as_ref().map(ToString::to_string);
    let body = body.unwrap_or_default();
    let address = gateway.admin_address();
    raw::request(address, step.method, &step.path, &headers, body.as_bytes()).expect("a reply")
}
