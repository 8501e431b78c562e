//! TLS on the data port: from files, renewed without a restart, and for known clients only when
//! they are named.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use ironward_testkit::Upstream;
use ironward_testkit::raw::{self, Connection};
use rustls::ClientConfig;

use crate::dialect::Dialect;
use crate::http2;
use crate::rig::{KEY, Rig, authorised, builder, families, wait_until};
use crate::tls::{Authority, connect, localhost};

const TLS: &str = "ironward:\n  tls:\n    certificate: cert.pem\n    key: key.pem\n";

/// A gateway with a certificate of `authority`, and these lines under `ironward.tls`.
fn rig(authority: &Authority, more: &str, clients: Option<&Authority>) -> Rig {
    let upstream = Upstream::start();
    let builder = builder(&families(&upstream, &format!("{TLS}{more}")));
    authority.issue().save(&builder.directory());
    if let Some(clients) = clients {
        clients.save(&builder.directory().join("clients.pem"));
    }
    Rig {
        gateway: builder.start(),
        upstream,
    }
}

/// The text of a call's answer; none when the connection is refused.
fn call(rig: &Rig, client: &Arc<ClientConfig>) -> Option<String> {
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let bytes = authorised(Dialect::OpenAi.path(), &[], body.as_bytes());
    let mut connection: Connection = connect(rig.address(), client).ok()?;
    connection.send(&bytes).ok()?;
    let reply = connection.read_reply().ok()?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    Some(Dialect::OpenAi.text(&reply.json()).to_owned())
}

const ANSWER: &str = "You said: hello";

#[test]
fn a_call_over_tls() {
    let (authority, other) = (Authority::new(), Authority::new());
    let rig = rig(&authority, "", None);
    let client = authority.client(None, &["http/1.1"]);
    assert_eq!(call(&rig, &client).as_deref(), Some(ANSWER));
    assert_eq!(
        call(&rig, &authority.client(None, &[])).as_deref(),
        Some(ANSWER)
    );
    assert_eq!(
        call(&rig, &other.client(None, &[])),
        None,
        "another authority"
    );
    let reply = raw::request(rig.address(), "GET", "/health/liveliness", &[], b"");
    assert!(reply.is_err(), "plain HTTP is not spoken on a TLS port");
    assert_eq!(call(&rig, &client).as_deref(), Some(ANSWER));
}

#[test]
fn http2_is_agreed_on() {
    let authority = Authority::new();
    let rig = rig(&authority, "", None);
    let client = authority.client(None, &["h2", "http/1.1"]);
    http2::run(async {
        let socket = tokio::net::TcpStream::connect(rig.address())
            .await
            .expect("it listens");
        let secured = tokio_rustls::TlsConnector::from(client)
            .connect(localhost(), socket)
            .await
            .expect("TLS");
        assert_eq!(secured.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (client, _connection) = http2::connect_over(secured).await;
        let body = Dialect::OpenAi
            .stream("openai/gpt-test", "hello")
            .to_string();
        let head = http2::head(Dialect::OpenAi.path());
        let reply = http2::exchange(&client, head, body.as_bytes())
            .await
            .expect("a reply");
        let text = String::from_utf8(reply.into_body()).expect("UTF-8");
        assert_eq!(Dialect::OpenAi.streamed_text(&text), ANSWER);
    });
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let rig = rig(&old, "", None);
    let (with_old, with_new) = (old.client(None, &[]), new.client(None, &[]));
    assert_eq!(call(&rig, &with_old).as_deref(), Some(ANSWER));
    let mut open = connect(rig.address(), &with_old).expect("TLS");
    new.issue().save(rig.gateway.directory());
    wait_until("the new certificate", || call(&rig, &with_new).is_some());
    assert_eq!(call(&rig, &with_old), None);
    // A connection that was open goes on.
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let bytes = authorised(Dialect::OpenAi.path(), &[], body.as_bytes());
    open.send(&bytes).expect("still open");
    assert_eq!(open.read_reply().expect("a reply").status, 200);
}

#[test]
fn a_broken_certificate_leaves_the_old_one() {
    let authority = Authority::new();
    let rig = rig(&authority, "", None);
    let client = authority.client(None, &[]);
    let cert = rig.gateway.directory().join("cert.pem");
    std::fs::write(&cert, "not a certificate").expect("a file");
    rig.gateway.wait_for_output("config refused");
    assert_eq!(call(&rig, &client).as_deref(), Some(ANSWER));
    // A key that does not fit is as bad.
    std::fs::write(&cert, authority.issue().certificate).expect("a file");
    wait_until("refused again", || {
        rig.gateway.log().matches("config refused").count() > 1
    });
    assert_eq!(call(&rig, &client).as_deref(), Some(ANSWER));
    rig.gateway.rewrite_config(&families(&rig.upstream, ""));
    rig.gateway.wait_for_output("by a restart only");
    assert_eq!(call(&rig, &client).as_deref(), Some(ANSWER));
}

#[test]
fn only_known_clients_get_in_where_they_are_named() {
    let (authority, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let rig = rig(&authority, "    client_ca: clients.pem\n", Some(&clients));
    let known = authority.client(Some(&clients.issue()), &[]);
    let stranger = authority.client(Some(&strangers.issue()), &[]);
    let nobody = authority.client(None, &[]);
    assert_eq!(call(&rig, &known).as_deref(), Some(ANSWER));
    assert_eq!(call(&rig, &stranger), None);
    assert_eq!(call(&rig, &nobody), None);
    assert_eq!(rig.upstream.calls().len(), 1);
    assert_eq!(call(&rig, &known).as_deref(), Some(ANSWER));
}

/// The status of a call with this key, or without one; none when the connection is refused.
fn status(rig: &Rig, client: &Arc<ClientConfig>, key: Option<&str>) -> Option<u16> {
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let bearer = key.map(|key| format!("Bearer {key}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(
        bearer
            .as_ref()
            .map(|bearer| ("authorization", bearer.as_str())),
    );
    let bytes = raw::format_request("POST", Dialect::OpenAi.path(), &headers, body.as_bytes());
    let mut connection: Connection = connect(rig.address(), client).ok()?;
    connection.send(&bytes).ok()?;
    Some(connection.read_reply().ok()?.status)
}

fn manage(rig: &Rig, path: &str, body: &serde_json::Value) {
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let (address, body) = (rig.gateway.admin_address(), body.to_string());
    let reply = raw::request(address, "POST", path, &headers, body.as_bytes()).expect("a reply");
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
}

#[test]
fn a_workloads_certificate_is_as_good_as_a_key() {
    const ID: &str = "spiffe://prod.example.com/ns/agents/sa/planner";
    let (authority, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    for protocol in ["http/1.1", ""] {
        let protocols: &[&str] = if protocol.is_empty() {
            &[]
        } else {
            &[protocol]
        };
        let more = "    client_ca: clients.pem\n    client_certificates: optional\n";
        let rig = rig(&authority, more, Some(&clients));
        manage(&rig, "/team/new", &serde_json::json!({"team_id": "red"}));
        let account = serde_json::json!({
            "service_account_id": "planner", "service_account_alias": "p", "team_id": "red",
            "identities": [{"spiffe": ID}],
        });
        manage(&rig, "/service_account/new", &account);
        let client = |issued| authority.client(issued, protocols);
        let issued = clients.issue_with(Some(ID));
        let (workload, nobody) = (client(Some(&issued)), client(None));
        let issued = clients.issue_with(Some(&format!("{ID}-2")));
        let other = client(Some(&issued));
        let issued = strangers.issue_with(Some(ID));
        let forged = client(Some(&issued));
        let issued = clients.issue();
        let plain = client(Some(&issued));
        assert_eq!(status(&rig, &workload, None), Some(200));
        // A key that comes along decides.
        assert_eq!(status(&rig, &workload, Some(KEY)), Some(200));
        assert_eq!(status(&rig, &workload, Some("sk-wrong")), Some(401));
        for client in [&other, &plain, &nobody] {
            assert_eq!(status(&rig, client, None), Some(401));
            assert_eq!(status(&rig, client, Some(KEY)), Some(200));
        }
        assert_eq!(status(&rig, &forged, None), None);
        assert_eq!(status(&rig, &forged, Some(KEY)), None);
        let blocked = serde_json::json!({"service_account_id": "planner", "blocked": true});
        manage(&rig, "/service_account/update", &blocked);
        assert_eq!(status(&rig, &workload, None), Some(401));
    }
}

#[test]
fn silence_instead_of_a_handshake_holds_up_nobody() {
    let authority = Authority::new();
    let rig = rig(&authority, "", None);
    let silent: Vec<TcpStream> = (0..200)
        .map(|_| {
            TcpStream::connect_timeout(&rig.address(), Duration::from_secs(5)).expect("it listens")
        })
        .collect();
    let client = authority.client(None, &[]);
    assert_eq!(call(&rig, &client).as_deref(), Some(ANSWER));
    drop(silent);
}

#[test]
fn with_tls_the_port_may_be_reached_from_elsewhere() {
    let authority = Authority::new();
    let upstream = Upstream::start();
    let builder = builder(&families(&upstream, TLS))
        .arg("--host")
        .arg("0.0.0.0");
    authority.issue().save(&builder.directory());
    let gateway = builder.start();
    assert!(gateway.address().ip().is_unspecified());
    let loopback = ([127, 0, 0, 1], gateway.address().port()).into();
    let mut connection = connect(loopback, &authority.client(None, &[])).expect("TLS");
    connection
        .send(b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .expect("it reads");
    assert_eq!(connection.read_reply().expect("a reply").status, 200);
}
