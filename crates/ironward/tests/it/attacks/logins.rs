//! Attack 9: nobody logs in as somebody else, has a browser log in or change something that its
//! owner does not know of, or goes on after they were shut out.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, Issuer, Upstream, unsigned_token};
use serde_json::{Value, json};

use crate::rig::{BINARY, KEY, builder, families, now, wait_until};

const LOGIN: &str = "__Host-ironward-login";
const SESSION: &str = "__Host-ironward-session";
const CALLBACK: &str = "http://localhost:4001/sso/callback";

/// A gateway that people log in on, and the user `chief`, whom the issuer knows as `alice`.
struct Desk {
    key: String,
    gateway: Gateway,
    issuer: Issuer,
    _upstream: Upstream,
}

/// A login that is under way in a browser.
struct Begun {
    cookie: String,
    state: String,
    nonce: String,
    challenge: String,
}

/// A session as its browser has it.
struct Session {
    cookie: String,
    csrf: String,
}

impl Desk {
    fn start() -> Self {
        Self::with("")
    }

    /// The same with more lines of `ironward.login`.
    fn with(settings: &str) -> Self {
        let (issuer, upstream) = (Issuer::start(), Upstream::start());
        let login = format!("ironward:\n{}{settings}", issuer.login_config(CALLBACK));
        let gateway = builder(&families(&upstream, &login)).start();
        let desk = Self {
            key: KEY.to_owned(),
            gateway,
            issuer,
            _upstream: upstream,
        };
        desk.manage(
            "/user/new",
            &json!({"user_id": "chief", "user_role": "proxy_admin", "sso_user_id": "alice",
                    "user_email": "alice@example.com", "auto_create_key": false}),
        );
        desk
    }

    fn admin(&self) -> SocketAddr {
        self.gateway.admin_address()
    }

    /// A change by the administrator, which has to succeed.
    #[track_caller]
    fn manage(&self, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {}", self.key);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let body = body.to_string();
        let reply = raw::request(self.admin(), "POST", path, &headers, body.as_bytes());
        let reply = reply.expect("a reply");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let reply = raw::request(self.admin(), method, path, headers, body.as_bytes());
        reply.expect("a reply")
    }

    #[track_caller]
    fn get(&self, path: &str, cookie: &str) -> Reply {
        self.send("GET", path, &[("cookie", cookie)], "")
    }

    #[track_caller]
    fn begin(&self) -> Begun {
        let reply = self.send("GET", "/sso/login", &[], "");
        assert_eq!(reply.status, 303, "{}", reply.text());
        let place = reply.header("location").expect("a place").to_owned();
        let authorize = format!("{}/authorize?", self.issuer.url());
        let query = place.strip_prefix(&authorize).expect("the issuer's");
        let field = |name: &str| {
            let mut fields = query.split('&').filter_map(|field| field.split_once('='));
            let found = fields.find(|(found, _)| *found == name);
            found.map(|(_, value)| value.to_owned()).expect(name)
        };
        assert_eq!(field("response_type"), "code");
        assert_eq!(field("client_id"), Issuer::AUDIENCE);
        assert_eq!(field("code_challenge_method"), "S256");
        assert_eq!(field("scope"), "openid%20email");
        assert_eq!(
            field("redirect_uri"),
            "http%3A%2F%2Flocalhost%3A4001%2Fsso%2Fcallback"
        );
        let cookie = set(&reply, LOGIN).expect("a cookie");
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"));
        Begun {
            cookie: pair(&cookie),
            state: field("state"),
            nonce: field("nonce"),
            challenge: field("code_challenge"),
        }
    }

    /// What the issuer says of `subject` in answer to this login.
    fn claims(&self, begun: &Begun, subject: &str) -> Value {
        let mut claims = self.issuer.claims(subject, now() + 600);
        claims["nonce"] = json!(begun.nonce);
        claims
    }

    /// The issuer sends the browser back with a code for this token.
    #[track_caller]
    fn come_back(&self, begun: &Begun, code: &str, token: String) -> Reply {
        self.issuer.give(code, &begun.challenge, token);
        self.get(&back(code, &begun.state), &begun.cookie)
    }

    #[track_caller]
    fn try_with(&self, claims: impl FnOnce(&mut Value)) -> Reply {
        let begun = self.begin();
        let mut said = self.claims(&begun, "alice");
        claims(&mut said);
        self.come_back(&begun, "code", self.issuer.token(&said))
    }

    #[track_caller]
    fn log_in(&self) -> Session {
        let reply = self.try_with(|_| ());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let cookie = set(&reply, SESSION).expect("a session");
        assert!(
            cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age="),
            "{cookie}"
        );
        assert!(set(&reply, LOGIN).expect("forgotten").contains("Max-Age=0"));
        let cookie = pair(&cookie);
        let seen = self.get("/sso/session", &cookie);
        assert_eq!(seen.status, 200, "{}", seen.text());
        let seen = seen.json();
        assert_eq!(
            (&seen["user_id"], &seen["user_role"]),
            (&json!("chief"), &json!("proxy_admin"))
        );
        let csrf = seen["csrf_token"].as_str().expect("a token").to_owned();
        Session { cookie, csrf }
    }

    /// A change in the session, as the gateway's own pages send it.
    #[track_caller]
    fn change(&self, session: &Session, headers: &[(&str, &str)]) -> Reply {
        let mut all = vec![
            ("cookie", session.cookie.as_str()),
            ("content-type", "application/json"),
        ];
        all.extend_from_slice(headers);
        self.send("POST", "/team/new", &all, "{}")
    }

    fn is_in(&self, session: &Session) -> bool {
        match self.get("/user/list", &session.cookie).status {
            200 => true,
            401 => false,
            other => panic!("{other}"),
        }
    }

    #[track_caller]
    fn assert_sound(&self) {
        let log = self.gateway.log();
        assert!(!log.contains("panicked"), "{log}");
        assert!(!log.contains(Issuer::SECRET), "{log}");
        self.log_in();
    }
}

fn back(code: &str, state: &str) -> String {
    format!("/sso/callback?code={code}&state={state}")
}

/// What the browser is told to keep as this cookie.
fn set(reply: &Reply, name: &str) -> Option<String> {
    let cookies = reply.headers.iter();
    let mut cookies = cookies.filter(|(header, _)| header == "set-cookie");
    let prefix = format!("{name}=");
    cookies.find_map(|(_, value)| value.starts_with(&prefix).then(|| value.clone()))
}

/// `name=value` of a cookie.
fn pair(cookie: &str) -> String {
    cookie.split(';').next().expect("a pair").to_owned()
}

#[test]
fn a_session_does_what_the_users_key_does() {
    let desk = Desk::start();
    let session = desk.log_in();
    assert_eq!(desk.get("/user/list", &session.cookie).status, 200);
    let made = desk.change(&session, &[("x-ironward-csrf", &session.csrf)]);
    assert_eq!(made.status, 200, "{}", made.text());
    let reply = desk.send(
        "POST",
        "/user/new",
        &[
            ("cookie", &session.cookie),
            ("x-ironward-csrf", &session.csrf),
        ],
        &json!({"user_id": "low", "sso_user_id": "bob", "auto_create_key": false}).to_string(),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    // A viewer's session may do what a viewer may.
    let begun = desk.begin();
    let token = desk.issuer.token(&desk.claims(&begun, "bob"));
    let reply = desk.come_back(&begun, "code-of-bob", token);
    let low = pair(&set(&reply, SESSION).expect("a session"));
    let seen = desk.get("/sso/session", &low).json();
    assert_eq!(seen["user_id"], "low");
    let csrf = seen["csrf_token"].as_str().expect("a token").to_owned();
    let low = Session { cookie: low, csrf };
    let refused = desk.change(&low, &[("x-ironward-csrf", &low.csrf)]);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(desk.get("/credentials", &low.cookie).status, 403);
    // One person's token is not another's.
    let stolen = desk.change(&session, &[("x-ironward-csrf", &low.csrf)]);
    assert_eq!(stolen.status, 403);
    // A key beside the cookie is what counts.
    let both = [
        ("cookie", session.cookie.as_str()),
        ("authorization", "Bearer sk-nobody"),
    ];
    assert_eq!(desk.send("GET", "/user/list", &both, "").status, 401);
}

#[test]
fn the_data_port_knows_no_sessions_and_no_logins() {
    let issuer = Issuer::start();
    let upstream = Upstream::start();
    let login = format!("ironward:\n{}", issuer.login_config(CALLBACK));
    let config = families(&upstream, &login);
    let config = config.replace(
        "general_settings:\n",
        "general_settings:\n  admin_on_data_port: true\n",
    );
    let desk = Desk {
        key: KEY.to_owned(),
        gateway: builder(&config).start(),
        issuer,
        _upstream: upstream,
    };
    desk.manage(
        "/user/new",
        &json!({"user_id": "chief", "user_role": "proxy_admin", "sso_user_id": "alice",
                "auto_create_key": false}),
    );
    let session = desk.log_in();
    let cookie = [("cookie", session.cookie.as_str())];
    let status = |path: &str| {
        let reply = raw::request(desk.gateway.address(), "GET", path, &cookie, b"");
        reply.expect("a reply").status
    };
    assert_eq!(status("/user/list"), 401);
    for path in ["/sso/login", "/sso/callback", "/sso/session", "/sso/logout"] {
        assert_eq!(status(path), 404, "{path}");
    }
}

#[test]
fn without_a_configured_issuer_there_is_no_login() {
    let upstream = Upstream::start();
    let gateway = builder(&families(&upstream, "")).start();
    for (method, path) in [
        ("GET", "/sso/login"),
        ("GET", "/sso/callback"),
        ("GET", "/sso/session"),
        ("POST", "/sso/logout"),
    ] {
        let reply = raw::request(gateway.admin_address(), method, path, &[], b"");
        assert_eq!(reply.expect("a reply").status, 404, "{path}");
    }
}

#[test]
fn an_answer_that_is_not_to_this_browsers_login_logs_nobody_in() {
    let desk = Desk::start();
    let begun = desk.begin();
    let token = desk.issuer.token(&desk.claims(&begun, "alice"));
    desk.issuer.give("code", &begun.challenge, token);
    let other = desk.begin();
    let made_up = format!("{LOGIN}={}", "0".repeat(64));
    let twice = format!("{0}; {0}", begun.cookie);
    for (what, path, cookie) in [
        ("no cookie", back("code", &begun.state), ""),
        (
            "another's cookie",
            back("code", &begun.state),
            &*other.cookie,
        ),
        (
            "a cookie that was made up",
            back("code", &begun.state),
            &*made_up,
        ),
        ("the cookie twice", back("code", &begun.state), &*twice),
        (
            "another's state",
            back("code", &other.state),
            &*begun.cookie,
        ),
        (
            "a state that was made up",
            back("code", "0"),
            &*begun.cookie,
        ),
        (
            "no state",
            "/sso/callback?code=code".to_owned(),
            &*begun.cookie,
        ),
        (
            "two states",
            format!("{}&state={}", back("code", "0"), begun.state),
            &*begun.cookie,
        ),
    ] {
        let reply = desk.get(&path, cookie);
        assert_eq!(reply.status, 400, "{what}: {}", reply.text());
        assert!(set(&reply, SESSION).is_none(), "{what}");
    }
    assert_eq!(desk.issuer.exchanges(), 0);
    // None of it has spoilt the login.
    let reply = desk.get(&back("code", &begun.state), &begun.cookie);
    assert_eq!(reply.status, 200, "{}", reply.text());
    // Neither state nor code are good again.
    let again = desk.get(&back("code", &begun.state), &begun.cookie);
    assert_eq!(again.status, 400);
    let replayed = desk.get(&back("code", &other.state), &other.cookie);
    assert_eq!(replayed.status, 403, "{}", replayed.text());
    // A code that was stolen is of no use in another browser: the proof is another.
    let (thief, victim) = (desk.begin(), desk.begin());
    let token = desk.issuer.token(&desk.claims(&victim, "alice"));
    desk.issuer.give("stolen", &victim.challenge, token);
    let reply = desk.get(&back("stolen", &thief.state), &thief.cookie);
    assert_eq!(reply.status, 403, "{}", reply.text());
    // Nor is an answer of another issuer.
    let begun = desk.begin();
    let path = format!(
        "{}&iss=https%3A%2F%2Fevil.example.com",
        back("x", &begun.state)
    );
    assert_eq!(desk.get(&path, &begun.cookie).status, 403);
    let begun = desk.begin();
    let path = format!("/sso/callback?error=access_denied&state={}", begun.state);
    assert_eq!(desk.get(&path, &begun.cookie).status, 403);
    desk.assert_sound();
}

#[test]
fn a_token_that_is_not_the_issuers_for_this_login_logs_nobody_in() {
    let desk = Desk::start();
    let refused = |what: &str, reply: &Reply| {
        assert_eq!(reply.status, 403, "{what}: {}", reply.text());
        assert!(set(reply, SESSION).is_none(), "{what}");
        assert!(!reply.text().contains("eyJ"), "{what}");
    };
    let changed = |name: &str, value: Value| {
        let reply = desk.try_with(|claims| claims[name] = value);
        refused(name, &reply);
    };
    changed("nonce", json!("of another login"));
    changed("nonce", Value::Null);
    changed("aud", json!("another-client"));
    changed("aud", json!([Issuer::AUDIENCE, "another-client"]));
    changed("azp", json!("another-client"));
    changed("iss", json!("https://evil.example.com"));
    changed("exp", json!(now() - 120));
    changed("exp", Value::Null);
    changed("sub", json!("nobody"));
    changed("sub", json!("Alice"));
    let begun = desk.begin();
    let claims = desk.claims(&begun, "alice");
    let mut forged = desk.issuer.confused_tokens(&claims);
    forged.push(unsigned_token(&json!({"alg": "none"}), &claims, ""));
    forged.push(Issuer::start().token(&claims));
    for token in forged {
        let begun = desk.begin();
        let mut claims = claims.clone();
        claims["nonce"] = json!(begun.nonce);
        refused("forged", &desk.come_back(&begun, "forged", token));
    }
    desk.assert_sound();
}

#[test]
fn an_address_counts_if_the_issuer_has_verified_it_and_nobody_elses_account_is_meant() {
    let desk = Desk::with("    allowed_email_domains: [example.com]\n");
    desk.manage(
        "/user/new",
        &json!({"user_id": "low", "user_email": "bob@example.com", "auto_create_key": false}),
    );
    let status = |subject: &str, email: &str, is_verified: Value| {
        let reply = desk.try_with(|claims| {
            claims["sub"] = json!(subject);
            claims["email"] = json!(email);
            claims["email_verified"] = is_verified;
        });
        reply.status
    };
    assert_eq!(status("1", "Bob@Example.com", json!(true)), 200);
    assert_eq!(status("1", "bob@example.com", json!(false)), 403);
    assert_eq!(status("1", "bob@example.com", Value::Null), 403);
    // Another account at the issuer that has come by the administrator's address.
    assert_eq!(status("1", "alice@example.com", json!(true)), 403);
    assert_eq!(status("alice", "alice@example.com", json!(true)), 200);
    assert_eq!(status("alice", "alice@evil.example", json!(true)), 403);
    assert_eq!(
        status("alice", "alice@example.com@evil.example", json!(true)),
        403
    );
    assert_eq!(status("alice", "alice@example.com", json!(false)), 403);
    let reason = "ironward.login.allowed_email_domains";
    wait_until("the reason in the log", || {
        desk.gateway.log().contains(reason)
    });
}

#[test]
fn another_site_has_no_use_of_a_session() {
    let desk = Desk::start();
    let session = desk.log_in();
    let csrf = ("x-ironward-csrf", session.csrf.as_str());
    for headers in [
        &[][..],
        &[("x-ironward-csrf", "")],
        &[("x-ironward-csrf", "0")],
        &[csrf, csrf],
        &[csrf, ("sec-fetch-site", "cross-site")],
        &[csrf, ("sec-fetch-site", "same-site")],
        &[csrf, ("sec-fetch-site", "none")],
        &[
            csrf,
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "cross-site"),
        ],
    ] {
        let reply = desk.change(&session, headers);
        assert_eq!(reply.status, 403, "{headers:?}: {}", reply.text());
    }
    let own = [csrf, ("sec-fetch-site", "same-origin")];
    assert_eq!(desk.change(&session, &own).status, 200);
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("none", 200)] {
        let headers = [
            ("cookie", session.cookie.as_str()),
            ("sec-fetch-site", site),
        ];
        for path in ["/user/list", "/sso/session"] {
            let reply = desk.send("GET", path, &headers, "");
            assert_eq!(reply.status, status, "{site} {path}");
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
    }
    // Nobody is logged out by another site either.
    let cookie = [("cookie", session.cookie.as_str())];
    assert_eq!(desk.send("POST", "/sso/logout", &cookie, "").status, 403);
    assert_eq!(desk.send("GET", "/sso/logout", &cookie, "").status, 404);
    assert!(desk.is_in(&session));
}

#[test]
fn a_login_leads_to_the_issuer_and_nowhere_else() {
    let desk = Desk::start();
    for query in ["?next=https://evil.example", "?redirect_uri=x", "?x"] {
        let reply = desk.send("GET", &format!("/sso/login{query}"), &[], "");
        assert_eq!(reply.status, 400, "{query}");
        assert_eq!(reply.header("location"), None);
    }
    let host = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
    ];
    let reply = desk.send("GET", "/sso/login", &host, "");
    let place = reply.header("location").expect("a place");
    assert!(
        place.starts_with(&desk.issuer.url()) && !place.contains("evil"),
        "{place}"
    );
    let begun = desk.begin();
    let token = desk.issuer.token(&desk.claims(&begun, "alice"));
    desk.issuer.give("code", &begun.challenge, token);
    let path = format!("{}&next=https://evil.example", back("code", &begun.state));
    let reply = desk.get(&path, &begun.cookie);
    assert_eq!((reply.status, reply.header("location")), (200, None));
    assert!(!reply.text().contains("evil"));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }
    let policy = reply.header("content-security-policy").expect("one");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
}

#[test]
fn a_session_has_an_id_of_its_own_and_ends_for_good() {
    let desk = Desk::start();
    let planted = format!("{SESSION}={}", "a".repeat(64));
    let begun = desk.begin();
    let token = desk.issuer.token(&desk.claims(&begun, "alice"));
    desk.issuer.give("code", &begun.challenge, token);
    let cookies = format!("{}; {planted}", begun.cookie);
    let reply = desk.get(&back("code", &begun.state), &cookies);
    let cookie = pair(&set(&reply, SESSION).expect("a session"));
    assert_ne!(cookie, planted);
    assert_eq!(desk.get("/user/list", &planted).status, 401);
    // Whoever logs in again has another session, and the one before ends.
    let first = desk.log_in();
    let begun = desk.begin();
    let token = desk.issuer.token(&desk.claims(&begun, "alice"));
    desk.issuer.give("code", &begun.challenge, token);
    let cookies = format!("{}; {}", begun.cookie, first.cookie);
    assert_eq!(desk.get(&back("code", &begun.state), &cookies).status, 200);
    assert!(!desk.is_in(&first));
    let second = desk.log_in();
    let headers = [
        ("cookie", second.cookie.as_str()),
        ("x-ironward-csrf", second.csrf.as_str()),
    ];
    let reply = desk.send("POST", "/sso/logout", &headers, "");
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert!(
        set(&reply, SESSION)
            .expect("forgotten")
            .contains("Max-Age=0")
    );
    assert!(!desk.is_in(&second));
    assert_eq!(desk.send("POST", "/sso/logout", &headers, "").status, 401);
}

#[test]
fn a_session_ends_with_its_time() {
    let desk = Desk::with("    session_idle: 1\n");
    let session = desk.log_in();
    assert!(desk.is_in(&session));
    std::thread::sleep(Duration::from_millis(1100));
    assert!(!desk.is_in(&session));
    let desk = Desk::with("    session_lifetime: 2\n");
    let session = desk.log_in();
    wait_until("the end of the session", || !desk.is_in(&session));
}

#[test]
fn a_session_ends_with_what_its_user_was() {
    let desk = Desk::start();
    let update = |field: &str, value: Value| {
        desk.manage("/user/update", &json!({"user_id": "chief", field: value}));
    };
    let session = desk.log_in();
    update("user_alias", json!("the chief"));
    assert!(desk.is_in(&session));
    update("user_role", json!("internal_user"));
    assert!(!desk.is_in(&session));
    update("user_role", json!("proxy_admin"));
    assert!(!desk.is_in(&session));
    let session = desk.log_in();
    // What nobody asked in between has ended too.
    update("sso_user_id", json!("carol"));
    update("sso_user_id", json!("alice"));
    wait_until("the end of the session", || !desk.is_in(&session));
    let session = desk.log_in();
    desk.manage("/user/delete", &json!({"user_ids": ["chief"]}));
    assert!(!desk.is_in(&session));
    assert_eq!(desk.try_with(|_| ()).status, 403);
    desk.manage(
        "/user/new",
        &json!({"user_id": "chief", "user_role": "proxy_admin", "sso_user_id": "alice",
                "auto_create_key": false}),
    );
    assert!(!desk.is_in(&session));
}

#[test]
fn a_flood_of_logins_takes_no_memory_and_asks_the_issuer_nothing() {
    let desk = Desk::start();
    desk.log_in();
    let flood = |times: usize| {
        for _ in 0..times {
            assert_eq!(desk.send("GET", "/sso/login", &[], "").status, 303);
        }
    };
    flood(500);
    let before = desk.gateway.peak_memory();
    flood(2000);
    let grown = desk.gateway.peak_memory().saturating_sub(before);
    assert!(grown < 1 << 20, "{grown}");
    assert_eq!(desk.issuer.exchanges(), 1);
    desk.assert_sound();
}

#[test]
fn an_issuer_that_is_down_is_said_to_be() {
    let mut desk = Desk::start();
    let session = desk.log_in();
    let begun = desk.begin();
    desk.issuer = Issuer::start();
    let reply = desk.get(&back("code", &begun.state), &begun.cookie);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.text().contains("the issuer cannot be asked now"));
    let reason = "no login with http://127.0.0.1:";
    wait_until("the reason in the log", || {
        desk.gateway.log().contains(reason)
    });
    // Whoever is in stays in.
    assert!(desk.is_in(&session));
}

#[test]
fn an_issuer_that_was_never_there_is_asked_once_in_a_while() {
    let upstream = Upstream::start();
    let issuer = Issuer::start();
    let login = format!("ironward:\n{}", issuer.login_config(CALLBACK));
    drop(issuer);
    let gateway = builder(&families(&upstream, &login)).start();
    for _ in 0..20 {
        let reply = raw::request(gateway.admin_address(), "GET", "/sso/login", &[], b"");
        let reply = reply.expect("a reply");
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert!(reply.header("retry-after").is_some());
    }
    wait_until("a line", || gateway.log().contains("login refused"));
    let log = gateway.log();
    assert_eq!(log.matches("login refused").count(), 1, "{log}");
}

#[test]
fn no_session_crosses_a_network_in_the_clear() {
    let upstream = Upstream::start();
    let issuer = Issuer::start();
    let login = format!("ironward:\n{}", issuer.login_config(CALLBACK));
    let builder = builder(&families(&upstream, &login))
        .arg("--admin-host")
        .arg("0.0.0.0")
        .arg("--allow-plaintext");
    let (_, output) = builder.refuse();
    assert!(
        output.contains("the sessions of ironward.login"),
        "{output}"
    );
}

/// Retires the admin key; whether that was done, and what was said.
fn retire(desk: &Desk, state: &Path) -> (bool, String) {
    let output = Command::new(BINARY)
        .args(["admin-key", "--retire", "--config"])
        .arg(desk.gateway.directory().join("config.yaml"))
        .arg("--data-dir")
        .arg(state.join("state"))
        .arg("--kek-file")
        .arg(state.join("kek"))
        .env_clear()
        .output()
        .expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// The admin key is the way in for the first start only: people who log in need none. But somebody has
/// to have done so, and to be able to do it again.
#[test]
fn who_logs_in_administers_after_the_admin_key_is_retired() {
    let state = tempfile::TempDir::new().expect("a directory");
    let (issuer, upstream) = (Issuer::start(), Upstream::start());
    let config = format!("ironward:\n{}", issuer.login_config(CALLBACK));
    let gateway = builder(&config)
        .data_dir(state.path().join("state"))
        .start();
    let desk = Desk {
        key: gateway.admin_key().to_owned(),
        gateway,
        issuer,
        _upstream: upstream,
    };
    let refused = |desk: &Desk, why: &str| {
        let (is_retired, said) = retire(desk, state.path());
        assert!(!is_retired && said.contains(why), "{said}");
    };
    let chief = json!({"user_id": "chief", "user_role": "proxy_admin", "sso_user_id": "alice",
                       "auto_create_key": false});
    desk.manage("/user/new", &chief);
    refused(&desk, "log in once at /sso/login");
    // Somebody who may only look does not count, nor does who was found and is somebody else now.
    let viewer = json!({"user_id": "viewer", "user_role": "proxy_admin_viewer",
                        "sso_user_id": "bob", "auto_create_key": false});
    desk.manage("/user/new", &viewer);
    let begun = desk.begin();
    let said = desk.issuer.token(&desk.claims(&begun, "bob"));
    assert_eq!(desk.come_back(&begun, "code", said).status, 200);
    refused(&desk, "log in once at /sso/login");
    desk.log_in();
    let other = json!({"user_id": "chief", "sso_user_id": "alice-2"});
    desk.manage("/user/update", &other);
    // That the login is kept shows by what counts again below.
    refused(&desk, "log in once at /sso/login");
    let same = json!({"user_id": "chief", "sso_user_id": "alice"});
    desk.manage("/user/update", &same);
    wait_until("the login counts", || {
        let (is_retired, said) = retire(&desk, state.path());
        assert!(is_retired || said.contains("log in once"), "{said}");
        is_retired
    });
    let bearer = format!("Bearer {}", desk.key);
    wait_until("the admin key is not let in", || {
        std::thread::sleep(Duration::from_millis(100));
        let headers = [("authorization", bearer.as_str())];
        desk.send("GET", "/user/list", &headers, "").status == 401
    });
    let session = desk.log_in();
    let made = desk.change(&session, &[("x-ironward-csrf", &session.csrf)]);
    assert_eq!(made.status, 200, "{}", made.text());
}

/// A login that counts for the admin key's retirement counts with an issuer that answers only.
#[test]
fn the_admin_key_stays_while_the_issuer_is_down() {
    let state = tempfile::TempDir::new().expect("a directory");
    let (issuer, upstream) = (Issuer::start(), Upstream::start());
    let config = format!("ironward:\n{}", issuer.login_config(CALLBACK));
    let gateway = builder(&config)
        .data_dir(state.path().join("state"))
        .start();
    let mut desk = Desk {
        key: gateway.admin_key().to_owned(),
        gateway,
        issuer,
        _upstream: upstream,
    };
    let chief = json!({"user_id": "chief", "user_role": "proxy_admin", "sso_user_id": "alice",
                       "auto_create_key": false});
    desk.manage("/user/new", &chief);
    desk.log_in();
    desk.issuer = Issuer::start();
    wait_until("the issuer is missed", || {
        let (is_retired, said) = retire(&desk, state.path());
        assert!(!is_retired, "{said}");
        said.contains("user chief could not log in") && said.contains("when the issuer answers")
    });
}
