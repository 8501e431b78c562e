//! `general_settings.admin_on_data_port`: the management routes on the port of the clients.

use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::Duration;

use ironward_testkit::Gateway;
use ironward_testkit::raw::{self, Connection, Reply};
use serde_json::{Value, json};

use crate::rig::{BINARY, builder, wait_until};
use crate::tls::Authority;

const MOCK: &str = "model_list:\n  - model_name: mock\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: hi\n";
const ON: &str = "general_settings:\n  admin_on_data_port: true\n";

fn start(settings: &str) -> Gateway {
    builder(&format!("{MOCK}{settings}")).start()
}

#[track_caller]
fn ask(address: SocketAddr, (method, path): (&str, &str), key: Option<&str>, body: &str) -> Reply {
    let bearer = key.map(|key| format!("Bearer {key}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let bytes = raw::format_request(method, path, &headers, body.as_bytes());
    raw::exchange(address, &bytes).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

#[track_caller]
fn generate(gateway: &Gateway, address: SocketAddr, body: &Value) -> Reply {
    let key = Some(gateway.admin_key());
    ask(address, ("POST", "/key/generate"), key, &body.to_string())
}

#[test]
fn off_the_data_port_has_no_management_route() {
    let gateway = start("");
    for (method, path) in [
        ("POST", "/key/generate"),
        ("GET", "/key/list"),
        ("GET", "/openapi.json"),
        ("GET", "/model/info"),
        ("PATCH", "/team/x"),
    ] {
        for key in [None, Some(gateway.admin_key())] {
            let reply = ask(gateway.address(), (method, path), key, "{}");
            let unknown = ask(gateway.address(), (method, "/no/such/route"), key, "{}");
            assert_eq!(
                (reply.status, reply.text()),
                (404, unknown.text()),
                "{path}"
            );
        }
    }
}

#[test]
fn on_both_ports_answer_alike() {
    let gateway = start(ON);
    let (data, admin) = (gateway.address(), gateway.admin_address());
    let made = generate(&gateway, data, &json!({"key_alias": "from the data port"}));
    assert_eq!(made.status, 200, "{}", made.text());
    let key = made.json()["key"].as_str().expect("a key").to_owned();
    let body = json!({"model": "mock", "messages": [{"role": "user", "content": "x"}]});
    let chat = ("POST", "/v1/chat/completions");
    assert_eq!(ask(data, chat, Some(&key), &body.to_string()).status, 200);
    let administrator = gateway.admin_key();
    for (target, key, body) in [
        (
            ("GET", "/key/list?return_full_object=true"),
            administrator,
            "",
        ),
        (("GET", "/team/info?team_id=none"), administrator, ""),
        (("POST", "/key/generate"), administrator, r#"{"modls":[]}"#),
        (("POST", "/key/generate"), administrator, r#"{"a":1,"a":2}"#),
        (("GET", "/key/generate"), administrator, ""),
        (("PATCH", "/team/a%2Fb"), administrator, "{}"),
        (("GET", "/openapi.json"), administrator, ""),
        // A key of somebody who administers nothing.
        (("GET", "/key/list"), &key, ""),
        (("POST", "/team/new"), &key, "{}"),
        (("GET", "/openapi.json"), &key, ""),
    ] {
        let (one, other) = (
            ask(data, target, Some(key), body),
            ask(admin, target, Some(key), body),
        );
        assert_eq!(
            (one.status, one.text()),
            (other.status, other.text()),
            "{target:?}"
        );
        assert_eq!(one.header("cache-control"), Some("no-store"), "{target:?}");
    }
}

/// Attack 4: no other spelling of a management route is one.
#[test]
fn only_the_canonical_path_is_a_route() {
    let gateway = start(ON);
    let before = ask(
        gateway.address(),
        ("GET", "/key/list"),
        Some(gateway.admin_key()),
        "",
    )
    .text();
    for path in [
        "/v1/../key/generate",
        "/v1/key/generate",
        "//key/generate",
        "/key//generate",
        "/key/generate/",
        "/KEY/generate",
        "/key/%67enerate",
        "/key/generate;x",
        "/key/generate%2f",
        "/key%2fgenerate",
        "/key/generate%00",
        "/key/./generate",
        "/%2e/key/generate",
        "/team/..",
        "/team/%2e%2e",
        "/key/%2e%2e/regenerate",
    ] {
        for key in [None, Some(gateway.admin_key())] {
            let reply = ask(gateway.address(), ("POST", path), key, "{}");
            assert!(
                [400, 404].contains(&reply.status),
                "{path}: {}",
                reply.status
            );
        }
    }
    for start in [
        "POST http://gw/key/generate HTTP/1.1",
        "POST /key/generate HTTP/1.1\r\nhost: two",
    ] {
        let request = format!(
            "{start}\r\nhost: gw\r\nauthorization: Bearer {}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}",
            gateway.admin_key()
        );
        let reply = raw::exchange(gateway.address(), request.as_bytes()).expect("a reply");
        assert_eq!(reply.status, 400, "{start}");
    }
    let after = ask(
        gateway.address(),
        ("GET", "/key/list"),
        Some(gateway.admin_key()),
        "",
    )
    .text();
    assert_eq!(before, after, "nothing was made");
}

/// Attack 19, and guessing.
#[test]
fn a_stranger_learns_nothing_and_is_slowed_down() {
    let gateway = start(ON);
    for method in [
        "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO",
    ] {
        for path in [
            "/key/generate",
            "/openapi.json",
            "/model/info",
            "/team/x",
            "/credentials",
            "/docs",
        ] {
            let reply = ask(gateway.address(), (method, path), None, "");
            assert!(
                [401, 404].contains(&reply.status),
                "{method} {path}: {}",
                reply.status
            );
            let said = format!("{:?} {}", reply.headers, reply.text()).to_lowercase();
            for word in ["ironward", "allow\"", "openai", "0.1.0", "axum"] {
                assert!(!said.contains(word), "{method} {path}: {said}");
            }
        }
    }
    // Wrong keys are counted by address on this port, whatever they are tried on.
    let wrong = "sk-Wrong-9f3b62ac81d04e57";
    let statuses: Vec<u16> = (0..90)
        .map(|_| ask(gateway.address(), ("GET", "/key/list"), Some(wrong), "").status)
        .collect();
    assert!(
        statuses.contains(&401) && statuses.contains(&429),
        "{statuses:?}"
    );
    // A good key is none of them.
    let good = ask(
        gateway.address(),
        ("GET", "/key/list"),
        Some(gateway.admin_key()),
        "",
    );
    assert_eq!(good.status, 200);
}

#[test]
fn a_body_is_bounded_and_one_that_breaks_off_does_nothing() {
    let gateway = start(ON);
    let count = |what: &str| {
        let list = ask(
            gateway.address(),
            ("GET", "/key/list"),
            Some(gateway.admin_key()),
            "",
        );
        list.json()["total_count"]
            .as_u64()
            .unwrap_or_else(|| panic!("{what}"))
    };
    let large = format!("{{\"metadata\":{{\"x\":\"{}\"}}}}", "x".repeat(5 << 20));
    let reply = ask(
        gateway.address(),
        ("POST", "/key/generate"),
        Some(gateway.admin_key()),
        &large,
    );
    assert_eq!(reply.status, 413, "{}", reply.text());
    // A stranger's body is not read at all.
    let head = "POST /key/generate HTTP/1.1\r\nhost: gw\r\ncontent-length: 4000000\r\n\r\n";
    let mut connection = Connection::open(gateway.address()).expect("it listens");
    connection.send(head.as_bytes()).expect("it reads");
    assert_eq!(connection.read_reply().expect("a reply").status, 401);
    // What has arrived of this one is a whole request by itself.
    let head = format!(
        "POST /key/generate HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{}}",
        gateway.admin_key()
    );
    let mut connection = Connection::open(gateway.address()).expect("it listens");
    connection.send(head.as_bytes()).expect("it reads");
    connection.finish_sending().expect("half closed");
    drop(connection.read_reply());
    drop(connection);
    assert_eq!(count("a list"), 0);
}

#[test]
fn a_reload_switches_it() {
    let gateway = start("");
    let status = || {
        ask(
            gateway.address(),
            ("GET", "/key/list"),
            Some(gateway.admin_key()),
            "",
        )
        .status
    };
    assert_eq!(status(), 404);
    gateway.rewrite_config(&format!("{MOCK}{ON}"));
    wait_until("it is on", || status() == 200);
    gateway.rewrite_config(MOCK);
    wait_until("it is off", || status() == 404);
}

/// Calls are served while administrators work: each waits for the other's thread only.
#[test]
fn administrators_and_clients_do_not_wait_for_each_other() {
    let gateway = builder(&format!("{MOCK}{ON}"))
        .arg("--threads")
        .arg("1")
        .start();
    let body = json!({"model": "mock", "messages": [{"role": "user", "content": "x"}]}).to_string();
    // A request whose body never comes occupies nobody.
    let head = format!(
        "POST /key/generate HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n",
        gateway.admin_key()
    );
    let mut waiting = Connection::open(gateway.address()).expect("it listens");
    waiting.send(head.as_bytes()).expect("it reads");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let made = generate(&gateway, gateway.address(), &json!({}));
                    assert_eq!(made.status, 200, "{}", made.text());
                }
            });
        }
        for _ in 0..40 {
            let chat = ("POST", "/v1/chat/completions");
            let reply = ask(gateway.address(), chat, Some(gateway.admin_key()), &body);
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    });
    waiting
        .set_patience(Duration::from_secs(5))
        .expect("a socket");
    waiting
        .send(&[b"{}".as_slice(), &[b' '; 98]].concat())
        .expect("it reads");
    assert_eq!(waiting.read_reply().expect("a reply").status, 200);
}

/// The command line over TLS: the certificate is checked.
#[test]
fn the_command_line_checks_the_certificate() {
    let authority = Authority::new();
    let config =
        format!("{MOCK}{ON}ironward:\n  tls:\n    certificate: cert.pem\n    key: key.pem\n");
    let prepared = builder(&config);
    let directory = prepared.directory();
    authority.issue().save(&directory);
    let ca = directory.join("ca.pem");
    authority.save(&ca);
    let others = directory.join("others.pem");
    Authority::new().save(&others);
    let gateway = prepared.start();
    let run = |host: &str, ca: Option<&std::path::Path>| {
        let mut command = Command::new(BINARY);
        command
            .args(["key", "list", "--admin-url"])
            .arg(format!("https://{host}:{}", gateway.address().port()))
            .env_clear()
            .env("IRONWARD_ADMIN_KEY", gateway.admin_key());
        if let Some(ca) = ca {
            command.arg("--ca").arg(ca);
        }
        let output = command.output().expect("the binary runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert_eq!(run("localhost", Some(&ca)), (Some(0), String::new()));
    for (host, ca) in [
        ("localhost", Some(&*others)),
        ("localhost", None),
        ("127.0.0.1", Some(&*ca)),
    ] {
        let (code, said) = run(host, ca);
        assert_eq!(code, Some(7), "{said}");
        assert!(said.contains("certificate"), "{said}");
    }
}
