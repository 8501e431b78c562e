//! What the system hands out or keeps (fingerprints, ids, sealed values), submitted where something
//! else is expected: refused like anything made up, or taken as the text that it is.

use std::collections::BTreeSet;

use ironward_testkit::raw::Reply;
use serde_json::{Value, json};

use crate::tenants::{Tenants, over_both, provider_key, send};

over_both!(nothing_handed_out_is_good_elsewhere);

/// Something that was handed out, and the same with one character changed.
struct Piece {
    real: String,
    damaged: String,
}

impl Piece {
    fn new(real: String) -> Self {
        let rest = real.get(..real.len() - 1).unwrap_or_default();
        let other = if real.ends_with('A') { 'B' } else { 'A' };
        // The first characters of a sealed value say what it is; the last ones are its tag's.
        let damaged = format!("{rest}{other}");
        Self { real, damaged }
    }
}

fn nothing_handed_out_is_good_elsewhere(tenants: &Tenants<'_>) {
    let pieces: Vec<Piece> = pieces(tenants).into_iter().map(Piece::new).collect();
    let before = tenants.state();
    assert!(pieces.len() >= 8, "only {} pieces", pieces.len());
    for piece in &pieces {
        is_no_key(tenants, piece);
        is_no_object(tenants, piece);
    }
    assert_eq!(tenants.state(), before);
    // Some of each kind: a deployment takes a while to join.
    for piece in pieces.into_iter().step_by(3) {
        is_text_where_a_secret_is_expected(tenants, &piece.real);
    }
    tenants.assert_unharmed();
}

/// Sealed values out of the database, and fingerprints and ids out of answers.
fn pieces(tenants: &Tenants<'_>) -> BTreeSet<String> {
    let sealed = strings(&tenants.kept(), "\"sealed\":\"");
    assert!(sealed.len() >= 4, "sealed values: {}", sealed.len());
    let mut shown = tenants.get(&tenants.admin, "/credentials").text();
    for model in ["model-a", "model-b"] {
        let row = tenants.done("/model/unblock", &json!({"model_id": model}));
        shown.push_str(&row.to_string());
    }
    let fingerprints = strings(&shown, "\"fingerprint\":\"");
    assert!(fingerprints.len() >= 4, "{shown}");
    let ids = [&tenants.b.low, &tenants.b.shared].map(|key| key.id.clone());
    sealed.into_iter().chain(fingerprints).chain(ids).collect()
}

/// Every text that stands between this and the next quote.
fn strings(text: &str, before: &str) -> Vec<String> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|text| text.len() >= 16 && text.is_ascii())
        .map(str::to_owned)
        .collect()
}

/// Neither as a bearer nor in any other way in.
#[track_caller]
fn is_no_key(tenants: &Tenants<'_>, piece: &Piece) {
    for (address, path) in tenants
        .planes()
        .into_iter()
        .zip(["/v1/models", "/key/info"])
    {
        let ask = |key: &str| {
            let reply = send(address, key, "GET", path, b"");
            (reply.status, reply.text())
        };
        let (real, damaged) = (ask(&piece.real), ask(&piece.damaged));
        // Whoever tries many keys is told so.
        assert!(matches!(real.0, 401 | 429), "{}: {real:?}", piece.real);
        assert!(real == damaged || damaged.0 == 429, "{damaged:?}");
    }
    let body = |key: &str| json!({"key": key});
    assert_alike(
        tenants,
        &tenants.admin,
        "/key/generate",
        piece,
        &[400],
        &body,
    );
}

/// As the name of an object that the attacker may not see: like something made up.
#[track_caller]
fn is_no_object(tenants: &Tenants<'_>, piece: &Piece) {
    let low = &tenants.a.low.secret;
    for path in ["/key/update", "/key/block", "/key/regenerate"] {
        assert_alike(
            tenants,
            low,
            path,
            piece,
            &[404],
            &|name| json!({"key": name}),
        );
    }
    assert_alike(
        tenants,
        low,
        "/key/delete",
        piece,
        &[404],
        &|name| json!({"keys": [name]}),
    );
    for path in ["/team/update", "/team/delete"] {
        let field = if path.ends_with("delete") {
            "team_ids"
        } else {
            "team_id"
        };
        let body = |name: &str| {
            if field == "team_ids" {
                json!({field: [name]})
            } else {
                json!({field: name})
            }
        };
        assert_alike(tenants, low, path, piece, &[404], &body);
    }
    let deployment = |name: &str| json!({"model_name": "x", "litellm_params": {"model": "openai/x", "litellm_credential_name": name}});
    assert_alike(
        tenants,
        &tenants.admin,
        "/model/new",
        piece,
        &[400],
        &deployment,
    );
    // The stored form of a sealed value is none that a request can have.
    let stored = |sealed: &str| {
        json!({"credential_name": "copied", "credential_values":
               {"api_key": {"sealed": sealed, "fingerprint": sealed, "version": 1}}})
    };
    assert_alike(
        tenants,
        &tenants.admin,
        "/credentials",
        piece,
        &[400, 422],
        &stored,
    );
    let sealed = |sealed: &str| {
        json!({"model_name": "copied", "sealed": {"api_key": {"sealed": sealed, "fingerprint": "x", "version": 1}},
               "litellm_params": {"model": "openai/x"}})
    };
    assert_alike(
        tenants,
        &tenants.admin,
        "/model/new",
        piece,
        &[400, 422],
        &sealed,
    );
    let sealed_params = |sealed: &str| json!({"model_name": "copied", "litellm_params": {"model": "openai/x", "api_key": {"sealed": sealed, "fingerprint": "x"}}});
    assert_alike(
        tenants,
        &tenants.admin,
        "/model/new",
        piece,
        &[400, 422],
        &sealed_params,
    );
}

/// The same answer to what is real as to what is damaged: nothing tells the two apart.
#[track_caller]
fn assert_alike(
    tenants: &Tenants<'_>,
    key: &str,
    path: &str,
    piece: &Piece,
    expected: &[u16],
    body: &dyn Fn(&str) -> Value,
) {
    let ask = |piece: &str| said(&tenants.manage(key, "POST", path, &body(piece)), piece);
    let (real, damaged) = (ask(&piece.real), ask(&piece.damaged));
    assert!(
        expected.contains(&real.0),
        "{path} {}: {real:?}",
        piece.real
    );
    assert_eq!(real, damaged, "{path} {}", piece.real);
}

/// Status and body; where the body names what was asked for, that is left out.
fn said(reply: &Reply, piece: &str) -> (u16, String) {
    (reply.status, reply.text().replace(piece, "PIECE"))
}

/// As the key of a deployment it is sent as it stands, or refused; what it was sealed from is not.
#[track_caller]
fn is_text_where_a_secret_is_expected(tenants: &Tenants<'_>, piece: &str) {
    let params = json!({"model": "openai/gpt-test", "api_base": format!("{}/v1", tenants.upstream.url()),
                        "allow_private_address": true, "api_key": piece});
    let body = json!({"model_name": "copied", "litellm_params": params});
    let reply = tenants.manage(&tenants.admin, "POST", "/model/new", &body);
    assert!(matches!(reply.status, 200 | 400), "{}", reply.text());
    if reply.status == 400 {
        return;
    }
    let id = reply.json()["model_id"].clone();
    tenants.upstream.forget();
    crate::rig::wait_until("it joins", || tenants.chat(&tenants.admin, "copied") == 200);
    for call in tenants.upstream.calls() {
        assert_eq!(call.header("authorization"), format!("Bearer {piece}"));
        for letter in ['a', 'b'] {
            assert!(!format!("{call:?}").contains(&provider_key(letter)));
        }
    }
    tenants.done("/model/delete", &json!({"id": id}));
    crate::rig::wait_until("it is gone", || {
        tenants.chat(&tenants.admin, "copied") != 200
    });
}
