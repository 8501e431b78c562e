//! Attack 8: a token that is not its issuer's word for this gateway opens neither port, whether or
//! not the one that it was made of was let in before; and a token that was good ends with whatever
//! made it good.

use std::time::{Duration, Instant, SystemTime};

use ironward_testkit::raw::{self, Connection, Reply, format_request};
use ironward_testkit::{Issuer, unsigned_token};
use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::rig::{KEY, Rig, wait_until};

const MODEL: &str = "openai/gpt-test";
const ACCOUNT: &str = "planner";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

/// A gateway that trusts an issuer, and a service account that is proven by its tokens.
fn rig() -> (Rig, Issuer) {
    let issuer = Issuer::start();
    let rig = Rig::with(&issuer.config());
    manage(&rig, "/team/new", &json!({"team_id": "red"}));
    let identity = json!({"iss": issuer.url(), "sub": "planner"});
    let account = json!({
        "service_account_id": ACCOUNT, "service_account_alias": "the planner", "team_id": "red",
        "identities": [identity],
    });
    manage(&rig, "/service_account/new", &account);
    let token = issuer.token(&issuer.claims("nobody", now() + 600));
    // 503 until the issuer's keys are there.
    wait_until("the issuer's keys", || call(&rig, &token).status == 401);
    (rig, issuer)
}

/// A change by the administrator, which has to succeed.
#[track_caller]
fn manage(rig: &Rig, path: &str, body: &Value) {
    let reply = admin(rig, "POST", path, KEY, body.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
}

fn admin(rig: &Rig, method: &str, path: &str, bearer: &str, body: &[u8]) -> Reply {
    let bearer = format!("Bearer {bearer}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    raw::request(rig.gateway.admin_address(), method, path, &headers, body).expect("a reply")
}

fn request(bearer: &str, body: &Value) -> Vec<u8> {
    let bearer = format!("Bearer {bearer}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    format_request(
        "POST",
        Dialect::OpenAi.path(),
        &headers,
        body.to_string().as_bytes(),
    )
}

fn call(rig: &Rig, bearer: &str) -> Reply {
    let bytes = request(bearer, &Dialect::OpenAi.body(MODEL, "hello"));
    raw::exchange(rig.address(), &bytes).expect("a reply")
}

/// What the account sees of itself.
fn look(rig: &Rig, bearer: &str) -> Reply {
    let path = format!("/service_account/info?service_account_id={ACCOUNT}");
    admin(rig, "GET", &path, bearer, b"")
}

/// The victim's token, and what an attacker makes of it.
fn forged(issuer: &Issuer) -> (String, Vec<(&'static str, String)>) {
    let sound = issuer.claims("planner", now() + 600);
    let victim = issuer.token(&sound);
    let with = |name: &str, value: Value| {
        let mut claims = sound.clone();
        claims[name] = value;
        claims
    };
    let mut parts = victim.split('.');
    let (header, payload, signature) = (
        parts.next().expect("a header"),
        parts.next().expect("claims"),
        parts.next().expect("a signature"),
    );
    let later = unsigned_token(&json!({}), &with("exp", json!(now() + 86_400)), signature);
    let later = later.split('.').nth(1).expect("claims");
    let none = json!({"alg": "none", "typ": "JWT"});
    let mut forged = vec![
        (
            "the victim's header and signature, other claims",
            format!("{header}.{later}.{signature}"),
        ),
        (
            "the victim's header and claims, no signature",
            format!("{header}.{payload}."),
        ),
        ("no algorithm", unsigned_token(&none, &sound, "")),
        (
            "no algorithm, the victim's signature",
            unsigned_token(&none, &sound, signature),
        ),
        (
            "another audience",
            issuer.token(&with("aud", json!("another-service"))),
        ),
        ("no audience", issuer.token(&with("aud", Value::Null))),
        (
            "expired",
            issuer.token(&issuer.claims("planner", now() - 120)),
        ),
        ("no expiry", issuer.token(&with("exp", Value::Null))),
        ("another issuer", Issuer::start().token(&sound)),
        (
            "another issuer's name",
            issuer.token(&with("iss", json!("https://id.example.com"))),
        ),
    ];
    let confused = issuer.confused_tokens(&sound);
    forged.extend(
        confused
            .into_iter()
            .map(|token| ("the public key as a secret", token)),
    );
    (victim, forged)
}

/// Status, body and the names of the headers.
fn told(reply: &Reply) -> (u16, String, Vec<String>) {
    let names = reply.headers.iter().map(|(name, _)| name.clone()).collect();
    (reply.status, reply.text(), names)
}

#[test]
fn a_forged_token_is_a_wrong_key_before_and_after_the_victim_came() {
    // A gateway for each: no address may send so many wrong keys to one.
    for is_warm in [false, true] {
        let (rig, issuer) = rig();
        let (victim, forged) = forged(&issuer);
        if is_warm {
            assert_eq!(call(&rig, &victim).status, 200);
            let seen = look(&rig, &victim);
            assert_eq!(seen.status, 200, "{}", seen.text());
            assert_eq!(seen.json()["service_account_id"], ACCOUNT);
        }
        let wrong = (told(&call(&rig, "sk-wrong")), told(&look(&rig, "sk-wrong")));
        assert_eq!((wrong.0.0, wrong.1.0), (401, 401));
        for (what, token) in &forged {
            let told = (told(&call(&rig, token)), told(&look(&rig, token)));
            assert_eq!(told, wrong, "{what}, after the victim: {is_warm}");
        }
        assert_eq!(call(&rig, &victim).status, 200);
        assert_eq!(rig.upstream.calls().len(), 1 + usize::from(is_warm));
        rig.assert_no_panic();
    }
}

#[test]
fn a_service_account_sees_itself_and_changes_nothing() {
    let (rig, issuer) = rig();
    let token = issuer.token(&issuer.claims("planner", now() + 600));
    for (path, body) in [
        ("/key/generate", json!({})),
        (
            "/service_account/update",
            json!({"service_account_id": ACCOUNT, "identities": []}),
        ),
        ("/team/update", json!({"team_id": "red"})),
        ("/user/new", json!({"user_role": "proxy_admin"})),
    ] {
        let reply = admin(&rig, "POST", path, &token, body.to_string().as_bytes());
        assert_eq!(reply.status, 403, "{path}: {}", reply.text());
    }
}

#[test]
fn a_persons_token_has_the_persons_role_and_no_other() {
    let (rig, issuer) = rig();
    let person = |name: &str, role: &str| {
        let identity = json!({"iss": issuer.url(), "sub": name});
        let user = json!({
            "user_id": name, "user_role": role, "auto_create_key": false, "identities": [identity],
        });
        manage(&rig, "/user/new", &user);
        issuer.token(&issuer.claims(name, now() + 600))
    };
    let (root, ann) = (
        person("root", "proxy_admin"),
        person("ann", "internal_user"),
    );
    let create = |bearer: &str, team: &str| {
        let body = json!({"team_id": team}).to_string();
        admin(&rig, "POST", "/team/new", bearer, body.as_bytes()).status
    };
    assert_eq!(create(&root, "blue"), 200);
    assert_eq!(create(&ann, "green"), 403);
    // Nor does she say which tokens stand for whom, or raise herself: what somebody may not change is
    // not there.
    let theft = json!({"user_id": "ann", "identities": [{"iss": issuer.url(), "sub": "planner"}]});
    let raise = json!({"user_id": "ann", "user_role": "proxy_admin"});
    for body in [theft, raise] {
        let reply = admin(
            &rig,
            "POST",
            "/user/update",
            &ann,
            body.to_string().as_bytes(),
        );
        assert_eq!(reply.status, 404, "{}", reply.text());
    }
    // Not even an administrator gives one token to two.
    let twice = json!({"user_id": "ann", "identities": [{"iss": issuer.url(), "sub": "planner"}]});
    let reply = admin(
        &rig,
        "POST",
        "/user/update",
        &root,
        twice.to_string().as_bytes(),
    );
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(call(&rig, &ann).status, 200);
    manage(&rig, "/user/delete", &json!({"user_ids": ["root"]}));
    assert_eq!(create(&root, "yellow"), 401);
}

/// A stream that stays open and silent, of which the first frame has come.
fn open(rig: &Rig, bearer: &str) -> Connection {
    let mut connection = Connection::open(rig.address()).expect("it listens");
    let mut body = Dialect::OpenAi.body("openai/hang-stream", "hello");
    body["stream"] = json!(true);
    connection.send(&request(bearer, &body)).expect("it reads");
    assert_eq!(connection.read_head().expect("a head").status, 200);
    connection
}

/// The rest of a stream that is to be cut within `limit`.
#[track_caller]
fn rest(mut connection: Connection, limit: Duration) -> String {
    let begun = Instant::now();
    let mut text = String::new();
    connection.set_patience(limit).expect("a socket");
    while !text.contains("\"error\"") {
        assert!(begun.elapsed() < limit, "not cut: {text}");
        let piece = connection.read_piece().expect("more of the stream");
        assert!(!piece.is_empty(), "it ended without a word: {text}");
        text.push_str(&String::from_utf8_lossy(&piece));
    }
    text
}

#[test]
fn the_stream_of_a_token_ends_with_its_account_and_with_its_time() {
    let (rig, issuer) = rig();
    let token = issuer.token(&issuer.claims("planner", now() + 600));
    let block = |blocked: bool| {
        let change = json!({"service_account_id": ACCOUNT, "blocked": blocked});
        manage(&rig, "/service_account/update", &change);
    };
    let stream = open(&rig, &token);
    block(true);
    let said = rest(stream, Duration::from_secs(10));
    assert!(said.contains("agent is blocked"), "{said}");
    assert_eq!(call(&rig, &token).status, 401);
    block(false);
    assert_eq!(call(&rig, &token).status, 200);
    // It is expired already, and taken for some seconds more.
    let token = issuer.token(&issuer.claims("planner", now() - 52));
    let stream = open(&rig, &token);
    let said = rest(stream, Duration::from_secs(20));
    assert!(said.contains("has expired"), "{said}");
    assert_eq!(call(&rig, &token).status, 401);
    // Other tokens stand for the account now.
    let token = issuer.token(&issuer.claims("planner", now() + 600));
    let stream = open(&rig, &token);
    let change = json!({"service_account_id": ACCOUNT, "identities": []});
    manage(&rig, "/service_account/update", &change);
    let said = rest(stream, Duration::from_secs(10));
    assert!(said.contains("is not accepted any more"), "{said}");
    assert_eq!(call(&rig, &token).status, 401);
    let log = rig.gateway.log();
    assert!(log.contains(ACCOUNT), "the log names the account: {log}");
    assert!(!log.contains(&token), "and holds no token");
}

#[test]
fn a_reload_puts_issuers_in_and_out_of_force() {
    let (rig, issuer) = rig();
    let token = issuer.token(&issuer.claims("planner", now() + 600));
    assert_eq!(call(&rig, &token).status, 200);
    let stream = open(&rig, &token);
    rig.gateway
        .rewrite_config(&crate::rig::families(&rig.upstream, ""));
    let said = rest(stream, Duration::from_secs(20));
    assert!(said.contains("is not accepted any more"), "{said}");
    assert_eq!(call(&rig, &token).status, 401);
    let config = crate::rig::families(&rig.upstream, &issuer.config());
    rig.gateway.rewrite_config(&config);
    wait_until("the issuer is back", || call(&rig, &token).status == 200);
}

#[test]
fn litellms_keys_name_an_issuer_too() {
    let issuer = Issuer::start();
    let upstream = ironward_testkit::Upstream::start();
    let config = crate::rig::families(&upstream, "").replacen(
        "general_settings:\n",
        &format!(
            "general_settings:\n  enable_jwt_auth: true\n  litellm_jwtauth:\n    issuers:\n      - \
             issuer: {}\n        audience: {}\n",
            issuer.url(),
            Issuer::AUDIENCE
        ),
        1,
    );
    let gateway = crate::rig::builder(&config).start();
    let rig = Rig { gateway, upstream };
    manage(&rig, "/team/new", &json!({"team_id": "red"}));
    let identity = json!({"iss": issuer.url(), "sub": "planner"});
    let account = json!({"service_account_id": ACCOUNT, "service_account_alias": "a",
        "team_id": "red", "identities": [identity]});
    manage(&rig, "/service_account/new", &account);
    let token = issuer.token(&issuer.claims("planner", now() + 600));
    wait_until("the token is taken", || call(&rig, &token).status == 200);
    let role = json!({"iss": issuer.url(), "sub": "x", "aud": Issuer::AUDIENCE, "exp": now() + 600,
        "scope": "litellm_proxy_admin", "team_id": "red", "roles": ["proxy_admin"]});
    assert_eq!(
        call(&rig, &issuer.token(&role)).status,
        401,
        "claims that name a role mean nothing"
    );
}
