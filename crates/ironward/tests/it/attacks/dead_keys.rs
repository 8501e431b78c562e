//! Keys that are no good, or not a client's: as bearer, in the query, in the path, in the model's
//! name. No eight characters of them are repeated, in any reply or in any line of the log.

use ironward_testkit::raw::{self, Reply};
use serde_json::json;

use crate::canary::Heard;
use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::rig::wait_until;
use crate::tenants::{Key, Tenants, over_both, provider_key};

over_both!(no_piece_of_a_key_is_repeated);

fn no_piece_of_a_key_is_repeated(tenants: &Tenants<'_>) {
    let keys = dead(tenants);
    let mut heard = Heard::default();
    for (what, key) in &keys {
        let mut said = |how: &str, reply: Reply| {
            let expected = matches!(reply.status, 400 | 401 | 403 | 404 | 422 | 429);
            assert!(expected, "{what} {how}: {} {}", reply.status, reply.text());
            heard.reply(&format!("a {what} key {how}"), &reply);
        };
        as_bearer(tenants, key, &mut said);
        in_places(tenants, key, &mut said);
    }
    heard.0.push_str(&tenants.gateway.log());
    // Its public id is not part of the secret.
    let secrets: Vec<String> = keys
        .iter()
        .map(|(_, key)| {
            key.get(22..)
                .filter(|_| key.starts_with("sk-iw-"))
                .unwrap_or(key)
                .to_owned()
        })
        .collect();
    assert!(heard.0.len() > 10_000);
    heard.assert_silent_about(&secrets);
    tenants.assert_unharmed();
}

/// One of each kind.
fn dead(tenants: &Tenants<'_>) -> Vec<(&'static str, String)> {
    let live = tenants.key(&json!({"models": ["forbidden"]})).secret;
    let expired = tenants.key(&json!({"duration": "1s"})).secret;
    let revoked = tenants.key(&json!({}));
    tenants.done("/key/delete", &json!({"keys": [revoked.id]}));
    let blocked = tenants.key(&json!({}));
    tenants.done("/key/block", &json!({"key": blocked.id}));
    let rotated = tenants.key(&json!({}));
    let renewed = tenants.done("/key/regenerate", &json!({"key": rotated.id}));
    assert_ne!(Key::of(&renewed).secret, rotated.secret);
    let chosen = tenants
        .key(&json!({"key": "sk-Yq3Wm8Tz6Bn1Xc5Kd", "duration": "1s"}))
        .secret;
    wait_until("they have expired", || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        [&expired, &chosen]
            .iter()
            .all(|key| tenants.get(key, "/key/info").status == 401)
    });
    let configured = FAMILIES[0].key.to_owned();
    vec![
        ("expired", expired),
        ("chosen and expired", chosen),
        ("revoked", revoked.secret),
        ("blocked", blocked.secret),
        ("rotated out", rotated.secret),
        ("provider's", provider_key('a')),
        ("configured provider's", configured),
        // It is good, but not where it is put below.
        ("live", live),
    ]
}

/// In every header that keys come in, on both planes.
fn as_bearer(tenants: &Tenants<'_>, key: &str, said: &mut dyn FnMut(&str, Reply)) {
    let body = Dialect::OpenAi.body("allowed-openai", "hello").to_string();
    for (name, value) in [
        ("authorization", format!("Bearer {key}")),
        ("authorization", key.to_owned()),
        ("authorization", format!("Basic {key}")),
        ("x-api-key", key.to_owned()),
        ("x-litellm-api-key", format!("Bearer {key}")),
    ] {
        let headers = [(name, value.as_str()), ("content-type", "application/json")];
        for (address, method, path) in [
            (tenants.gateway.address(), "POST", "/v1/chat/completions"),
            (tenants.gateway.admin_address(), "POST", "/key/block"),
        ] {
            let reply = raw::request(address, method, path, &headers, body.as_bytes());
            said(&format!("in {name}"), reply.expect("a reply"));
        }
    }
}

/// In the query, the path, the model's name, and fields of bodies.
fn in_places(tenants: &Tenants<'_>, key: &str, said: &mut dyn FnMut(&str, Reply)) {
    for (address, path) in [
        (tenants.gateway.address(), format!("/v1/models?key={key}")),
        (
            tenants.gateway.address(),
            format!("/v1/chat/completions?api_key={key}"),
        ),
        (tenants.gateway.address(), format!("/{key}")),
        (
            tenants.gateway.admin_address(),
            format!("/key/info?key={key}"),
        ),
        (
            tenants.gateway.admin_address(),
            format!("/key/{key}/regenerate"),
        ),
    ] {
        let reply = raw::request(address, "GET", &path, &[], b"");
        said("in the query or the path", reply.expect("a reply"));
    }
    let low = &tenants.a.low.secret;
    for dialect in Dialect::BOTH {
        for model in [key.to_owned(), format!("openai/{key}"), format!("{key}/x")] {
            let body = dialect.body(&model, "hello").to_string();
            said(
                "in the model",
                tenants.call(low, dialect.path(), body.as_bytes()),
            );
        }
        let mut body = dialect.body("allowed-openai", "hello");
        body["api_key"] = key.into();
        let body = body.to_string();
        said(
            "in a field",
            tenants.call(low, dialect.path(), body.as_bytes()),
        );
    }
    let path = format!("/v1/models/{key}");
    let reply = crate::tenants::send(tenants.gateway.address(), low, "GET", &path, b"");
    said("as a model of the path", reply);
    for path in ["/key/block", "/key/update", "/key/regenerate"] {
        said(
            "in a body",
            tenants.manage(low, "POST", path, &json!({"key": key})),
        );
    }
    said(
        "in a list",
        tenants.manage(low, "POST", "/key/delete", &json!({"keys": [key]})),
    );
    let info = format!("/key/info?key={key}");
    said("in a query with a key", tenants.get(low, &info));
    for body in [
        json!({"team_id": key}),
        json!({"models": [key]}),
        json!({key: 1}),
        json!({"key_alias": 1, "tags": key}),
    ] {
        said(
            "in a field",
            tenants.manage(low, "POST", "/key/generate", &body),
        );
    }
}
