//! TLS on the admin port: as on the data port, for whoever manages the gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use ironward_testkit::raw::{self, Connection, Reply};
use ironward_testkit::{Gateway, GatewayBuilder, Issuer};
use rustls::ClientConfig;
use serde_json::json;

use crate::rig::{BINARY, KEY, builder, config, now, wait_until};
use crate::tls::{Authority, connect};

const MOCK: &str = "  - model_name: mock\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: hi\n";

const TLS: &str = "ironward:\n  admin_tls:\n    certificate: cert.pem\n    key: key.pem\n";

/// A gateway with these further settings, and a certificate of `authority` for its admin port.
fn prepared(authority: &Authority, more: &str) -> GatewayBuilder {
    let builder = builder(&config(MOCK, &format!("{TLS}{more}")));
    authority.issue().save(&builder.directory());
    builder
}

/// What the admin port answers; none when the connection is refused.
fn ask(
    admin: SocketAddr,
    client: &Arc<ClientConfig>,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
) -> Option<Reply> {
    let mut connection = connect(admin, client).ok()?;
    let bytes = raw::format_request(method, path, headers, b"");
    connection.send(&bytes).ok()?;
    connection.read_reply().ok()
}

/// The status of a request with the master key; none when the connection is refused.
fn status(gateway: &Gateway, client: &Arc<ClientConfig>) -> Option<u16> {
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let reply = ask(
        gateway.admin_address(),
        client,
        ("GET", "/key/list"),
        &headers,
    );
    reply.map(|reply| reply.status)
}

/// What a command says to this admin port.
fn command(url: &str, args: &[&str]) -> Output {
    Command::new(BINARY)
        .args(["key", "list", "--json", "--admin-url", url])
        .args(args)
        .env_clear()
        .env("IRONWARD_ADMIN_KEY", KEY)
        .output()
        .expect("the binary runs")
}

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

#[test]
fn the_admin_port_speaks_tls_and_nothing_else() {
    let (authority, other) = (Authority::new(), Authority::new());
    let gateway = prepared(&authority, "").start();
    assert_eq!(
        status(&gateway, &authority.client(None, &["http/1.1"])),
        Some(200)
    );
    assert_eq!(status(&gateway, &authority.client(None, &[])), Some(200));
    // HTTP/2 is not spoken here, and a client that insists on it gets no handshake.
    assert_eq!(status(&gateway, &authority.client(None, &["h2"])), None);
    assert_eq!(status(&gateway, &other.client(None, &[])), None);
    for path in ["/health/liveliness", "/key/list"] {
        let reply = raw::request(gateway.admin_address(), "GET", path, &[], b"");
        assert!(reply.is_err(), "plain HTTP is not spoken on a TLS port");
    }
    // Whoever says nothing holds nobody up.
    let silent: Vec<_> = (0..50)
        .map(|_| Connection::open(gateway.admin_address()).expect("it listens"))
        .collect();
    // Whoever comes over TLS and has no key is told so as ever.
    let client = authority.client(None, &[]);
    let reply = ask(gateway.admin_address(), &client, ("GET", "/key/list"), &[]);
    assert_eq!(reply.map(|reply| reply.status), Some(401));
    drop(silent);
    // The data port is as it was.
    let reply = raw::request(gateway.address(), "GET", "/health/liveliness", &[], b"");
    assert_eq!(reply.expect("a reply").status, 200);
}

#[test]
fn the_greeting_names_https() {
    let authority = Authority::new();
    let gateway = prepared(&authority, "").greeting().start();
    let output = gateway.output();
    let admin = format!("admin     https://{}", gateway.admin_address());
    assert!(output.contains(&admin), "{output}");
    let data = format!("clients   http://{}/v1", gateway.address());
    assert!(output.contains(&data), "{output}");
}

#[test]
fn commands_verify_the_admin_port() {
    let (authority, other) = (Authority::new(), Authority::new());
    let gateway = prepared(&authority, "").start();
    let directory = gateway.directory();
    authority.save(&directory.join("ca.pem"));
    other.save(&directory.join("other.pem"));
    let port = gateway.admin_address().port();
    let url = format!("https://localhost:{port}");
    let ca = path(directory, "ca.pem");
    let listed = command(&url, &["--ca", &ca]);
    assert!(listed.status.success(), "{listed:?}");
    assert!(String::from_utf8_lossy(&listed.stdout).contains("\"keys\""));
    let (elsewhere, plain) = (
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
    );
    let wrong = path(directory, "other.pem");
    for (url, ca, words) in [
        (&url, &wrong, "certificate"),
        // The certificate is for another name.
        (&elsewhere, &ca, "certificate"),
        (&plain, &ca, "--admin-url"),
    ] {
        let refused = command(url, &["--ca", ca]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(7), "{url}: {said}");
        assert!(said.contains(words), "{url}: {said}");
        assert!(!said.contains(KEY), "{said}");
    }
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let gateway = prepared(&old, "").start();
    let (with_old, with_new) = (old.client(None, &[]), new.client(None, &[]));
    assert_eq!(status(&gateway, &with_old), Some(200));
    new.issue().save(gateway.directory());
    wait_until("the new certificate", || {
        status(&gateway, &with_new).is_some()
    });
    assert_eq!(status(&gateway, &with_old), None);
    // A broken one leaves it.
    std::fs::write(gateway.directory().join("key.pem"), "no key").expect("a file");
    gateway.wait_for_output("config refused");
    assert_eq!(status(&gateway, &with_new), Some(200));
    new.issue().save(gateway.directory());
    gateway.rewrite_config(&config(MOCK, ""));
    gateway.wait_for_output("TLS on the admin port is turned on or off by a restart only");
    assert_eq!(status(&gateway, &with_new), Some(200));
}

#[test]
fn only_known_clients_connect_where_they_are_named() {
    let (authority, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let builder = prepared(&authority, "    client_ca: clients.pem\n");
    let directory = builder.directory();
    clients.save(&directory.join("clients.pem"));
    authority.save(&directory.join("ca.pem"));
    let gateway = builder.start();
    let issued = clients.issue();
    let known = authority.client(Some(&issued), &[]);
    let stranger = authority.client(Some(&strangers.issue()), &[]);
    assert_eq!(status(&gateway, &known), Some(200));
    assert_eq!(status(&gateway, &stranger), None);
    assert_eq!(status(&gateway, &authority.client(None, &[])), None);
    // A certificate stands for nobody here.
    let reply = ask(gateway.admin_address(), &known, ("GET", "/key/list"), &[]);
    assert_eq!(reply.map(|reply| reply.status), Some(401));
    let both = format!("{}{}", issued.certificate, issued.key);
    std::fs::write(directory.join("client.pem"), both).expect("a file");
    std::fs::write(directory.join("half.pem"), &issued.certificate).expect("a file");
    let url = format!("https://localhost:{}", gateway.admin_address().port());
    let (ca, own) = (path(&directory, "ca.pem"), path(&directory, "client.pem"));
    let listed = command(&url, &["--ca", &ca, "--certificate", &own]);
    assert!(listed.status.success(), "{listed:?}");
    assert_eq!(command(&url, &["--ca", &ca]).status.code(), Some(7));
    let half = path(&directory, "half.pem");
    let refused = command(&url, &["--ca", &ca, "--certificate", &half]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("--certificate") && said.contains("half.pem"));
}

/// The lines of a login with an issuer that is never asked here.
fn login(issuer: &Issuer) -> String {
    issuer.login_config("https://localhost:4001/sso/callback")
}

#[test]
fn with_tls_the_admin_port_may_be_reached_from_elsewhere() {
    let (authority, issuer) = (Authority::new(), Issuer::start());
    let open = |builder: GatewayBuilder| builder.arg("--admin-host").arg("0.0.0.0");
    let gateway = open(prepared(&authority, &login(&issuer))).start();
    assert!(gateway.admin_address().ip().is_unspecified());
    let admin = ([127, 0, 0, 1], gateway.admin_address().port()).into();
    let client = authority.client(None, &[]);
    let reply = ask(admin, &client, ("GET", "/sso/login"), &[]).expect("a reply");
    assert_eq!(reply.status, 303, "{}", reply.text());
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-ironward-login="), "{cookie}");
    assert!(
        cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    // Without it: neither keys nor sessions cross a network in the clear unless somebody says so.
    for (settings, word) in [
        (String::new(), "ironward.admin_tls"),
        (
            format!("ironward:\n{}", login(&issuer)),
            "--allow-plaintext",
        ),
    ] {
        let (_, output) = open(builder(&config(MOCK, &settings))).refuse();
        assert!(output.contains(word), "{output}");
    }
    let settings = format!("ironward:\n{}", login(&issuer));
    let said = open(builder(&config(MOCK, &settings))).arg("--allow-plaintext");
    let (_, output) = said.refuse();
    for word in ["ironward.admin_tls", "ironward.login.tls_ends_in_front"] {
        assert!(output.contains(word), "{output}");
    }
    let settings = format!("{settings}    tls_ends_in_front: true\n");
    let (_, output) = open(builder(&config(MOCK, &settings))).refuse();
    assert!(output.contains("--allow-plaintext"), "{output}");
    let said = open(builder(&config(MOCK, &settings))).arg("--allow-plaintext");
    assert!(said.start().admin_address().ip().is_unspecified());
}

/// A login, a change and a logout, all of it over TLS.
#[test]
fn a_session_over_tls() {
    let (authority, issuer) = (Authority::new(), Issuer::start());
    let gateway = prepared(&authority, &login(&issuer)).start();
    let (admin, client) = (gateway.admin_address(), authority.client(None, &[]));
    let bearer = format!("Bearer {KEY}");
    let user = json!({"user_id": "chief", "user_role": "proxy_admin", "sso_user_id": "alice"});
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let mut connection = connect(admin, &client).expect("TLS");
    let request = raw::format_request("POST", "/user/new", &headers, user.to_string().as_bytes());
    connection.send(&request).expect("it reads");
    assert_eq!(connection.read_reply().expect("a reply").status, 200);
    let begun = ask(admin, &client, ("GET", "/sso/login"), &[]).expect("a reply");
    let place = begun.header("location").expect("a place").to_owned();
    let field = |name: &str| {
        let (_, query) = place.split_once('?').expect("a query");
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        let found = fields.find(|(found, _)| *found == name);
        found.map(|(_, value)| value.to_owned()).expect(name)
    };
    let mut claims = issuer.claims("alice", now() + 600);
    claims["nonce"] = json!(field("nonce"));
    issuer.give("code", &field("code_challenge"), issuer.token(&claims));
    let pair = |reply: &Reply| {
        let cookie = reply.header("set-cookie").expect("a cookie");
        assert!(cookie.contains("; Path=/; Secure; HttpOnly"), "{cookie}");
        let (pair, _) = cookie.split_once(';').expect("attributes");
        pair.to_owned()
    };
    let (cookie, state) = (pair(&begun), field("state"));
    let back = format!("/sso/callback?code=code&state={state}");
    let reply = ask(admin, &client, ("GET", &back), &[("cookie", &cookie)]).expect("a reply");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let session = pair(&reply);
    assert!(session.starts_with("__Host-ironward-session="), "{session}");
    let cookie = [("cookie", session.as_str())];
    let reply = ask(admin, &client, ("GET", "/sso/session"), &cookie).expect("a reply");
    assert_eq!(reply.json()["user_id"], "chief");
    let csrf = reply.json()["csrf_token"].as_str().map(str::to_owned);
    let csrf = csrf.expect("a token");
    let proven = [cookie[0], ("x-ironward-csrf", csrf.as_str())];
    let reply = ask(admin, &client, ("POST", "/sso/logout"), &proven).expect("a reply");
    assert_eq!(reply.status, 204);
    let reply = ask(admin, &client, ("GET", "/sso/session"), &cookie).expect("a reply");
    assert_eq!(reply.status, 401);
}
