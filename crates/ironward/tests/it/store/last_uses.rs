//! When keys and credentials were used last: seen at once, kept at the end, and of all nodes.

use std::time::Duration;

use ironward_testkit::{Gateway, Postgres, Upstream, raw};
use serde_json::{Value, json};

use super::{MOCK, Site, call, call_to, copy, manage, wait_let_in};
use crate::rig::wait_until;

/// How long a gateway that no call runs on may take to end.
const AT_ONCE: Duration = Duration::from_secs(20);

#[track_caller]
fn ask(gateway: &Gateway, admin_key: &str, path: &str) -> Value {
    let bearer = format!("Bearer {admin_key}");
    let headers = [("authorization", bearer.as_str())];
    let reply = raw::request(gateway.admin_address(), "GET", path, &headers, b"");
    let reply = reply.expect("a reply");
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

/// `None`: never.
#[track_caller]
fn last_active(gateway: &Gateway, admin_key: &str, id: &str) -> Option<String> {
    let path = format!("/key/info?key={id}");
    let shown = ask(gateway, admin_key, &path)["info"]["last_active"].clone();
    assert!(shown.is_null() || shown.is_string(), "{shown}");
    shown.as_str().map(str::to_owned)
}

/// A key: its plaintext and its id.
#[track_caller]
fn key(gateway: &Gateway, admin_key: &str) -> (String, String) {
    let made = manage(gateway, admin_key, "/key/generate", &json!({})).json();
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    (text("key"), text("token_id"))
}

#[track_caller]
fn make(gateway: &Gateway, admin_key: &str, path: &str, body: &Value) {
    let reply = manage(gateway, admin_key, path, body);
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
}

fn named(name: &str, values: &Value) -> Value {
    json!({"credential_name": name, "credential_values": values, "credential_info": {}})
}

/// Ends a gateway as an operator does.
#[track_caller]
fn end(mut gateway: Gateway) {
    gateway.terminate();
    assert!(gateway.wait(AT_ONCE).success(), "{}", gateway.log());
}

#[test]
fn a_restart_keeps_it_in_a_file() {
    a_restart_keeps_it(&Site::over_file());
}

#[test]
fn a_restart_keeps_it_on_a_server() {
    let server = Postgres::start();
    a_restart_keeps_it(&Site::over(&server.database()));
}

fn a_restart_keeps_it(site: &Site) {
    let first = site.gateway().start();
    let admin = first.admin_key().to_owned();
    let ((used, id), (_, idle)) = (key(&first, &admin), key(&first, &admin));
    assert_eq!(last_active(&first, &admin, &id), None);
    assert_eq!(call(&first, &used), 200);
    let seen = last_active(&first, &admin, &id).expect("it was used");
    end(first);

    let second = site.gateway().start();
    assert_eq!(last_active(&second, &admin, &id), Some(seen.clone()));
    assert_eq!(last_active(&second, &admin, &idle), None);
    wait_until("a later call is seen", || {
        assert_eq!(call(&second, &used), 200);
        last_active(&second, &admin, &id) > Some(seen.clone())
    });
}

#[test]
fn two_nodes_know_the_later_one() {
    let server = Postgres::start();
    let url = server.database();
    let sites = [Site::over(&url), Site::over(&url)];
    let first = sites[0].gateway().start();
    let admin = first.admin_key().to_owned();
    copy(&sites[0].path("kek"), &sites[1].path("kek"));
    let second = sites[1].gateway().start();
    let (key, id) = key(&first, &admin);
    wait_let_in(&second, &key);
    let there = last_active(&second, &admin, &id).expect("it was used there");
    end(second);
    assert_eq!(last_active(&first, &admin, &id), Some(there.clone()));

    let mut here = None;
    wait_until("a call here is later", || {
        assert_eq!(call(&first, &key), 200);
        here = last_active(&first, &admin, &id);
        here > Some(there.clone())
    });
    let second = sites[1].gateway().start();
    assert_eq!(last_active(&second, &admin, &id), Some(there));
    end(first);
    assert_eq!(last_active(&second, &admin, &id), here);
}

#[test]
fn a_credential_says_where_it_was_sent_and_when() {
    let upstream = Upstream::start();
    let settings = "general_settings:\n  store_model_in_db: true\n";
    let site = Site::of(&format!("{MOCK}{settings}"));
    let first = site.gateway().start();
    let admin = first.admin_key().to_owned();
    let secret = "sk-key-of-the-stored-credential";
    let base = format!("{}/v1", upstream.url());
    let values = json!({"api_key": secret, "api_base": base, "allow_private_address": true});
    make(&first, &admin, "/credentials", &named("ours", &values));
    let values = json!({"api_key": secret});
    make(&first, &admin, "/credentials", &named("theirs", &values));
    let path = "/credentials/by_name/ours";
    let idle = "/credentials/by_name/theirs";
    assert_eq!(ask(&first, &admin, idle)["origin"], json!([]));
    for credential in ["ours", "theirs"] {
        let params = json!({"model": "openai/gpt-test", "litellm_credential_name": credential});
        let body = json!({"model_name": credential, "litellm_params": params});
        make(&first, &admin, "/model/new", &body);
    }
    wait_until("what it is used for says where it goes", || {
        ask(&first, &admin, idle)["origin"] == json!(["https://api.openai.com"])
    });
    assert_eq!(ask(&first, &admin, path)["last_used_at"], Value::Null);
    assert_eq!(call_to(&first, &admin, "ours"), 200);
    let shown = ask(&first, &admin, path);
    let seen = shown["last_used_at"].clone();
    assert!(seen.is_string(), "{shown}");
    assert!(!shown.to_string().contains("sk-key"), "{shown}");
    assert_eq!(ask(&first, &admin, idle)["last_used_at"], Value::Null);
    end(first);

    let second = site.gateway().start();
    let shown = ask(&second, &admin, path);
    assert_eq!(
        (&shown["last_used_at"], &shown["origin"]),
        (&seen, &json!([upstream.url()]))
    );
}
