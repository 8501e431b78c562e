//! Who may sign the certificates of providers, as the configuration says it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use ironward_testkit::Upstream;
use ironward_testkit::raw::Reply;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::dialect::Dialect;
use crate::rig::{Rig, builder, config, wait_until};
use crate::tls::Authority;

const REPLY: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"over TLS"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

/// A provider on `https://localhost`, certified by `authority`; its port.
fn provider(authority: &Authority) -> u16 {
    let issued = authority.issue();
    let chain = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a certificate and its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let socket = socket.expect("a connection");
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = StreamOwned::new(connection, socket);
            // Whoever does not trust the certificate hangs up.
            let Ok(1..) = stream.read(&mut [0; 16 << 10]) else {
                continue;
            };
            let length = REPLY.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            let reply = format!("{head}\r\ncontent-length: {length}\r\n\r\n{REPLY}");
            drop(stream.write_all(reply.as_bytes()));
            stream.conn.send_close_notify();
            drop(stream.flush());
        }
    });
    port
}

/// A gateway in front of two providers of two authorities, with these settings; `CA` in them is the
/// file of the first one.
struct Pair {
    rig: Rig,
}

impl Pair {
    fn start(settings: &str, variables: &[(&str, &str)]) -> Self {
        let (one, other) = (Authority::new(), Authority::new());
        let entry = |name: &str, port: u16| {
            format!(
                "  - model_name: {name}\n    litellm_params:\n      model: openai/m\n      \
                 api_base: https://localhost:{port}/v1\n      api_key: k\n"
            )
        };
        let entries = entry("one", provider(&one)) + &entry("other", provider(&other));
        let prepared = builder("");
        let directory = prepared.directory();
        one.save(&directory.join("ca.pem"));
        other.save(&directory.join("other.pem"));
        let file = |name: &str| directory.join(name).display().to_string();
        let fill = |text: &str| text.replace("CA", &file("ca.pem"));
        let text = config(&entries, &fill(settings));
        std::fs::write(directory.join("config.yaml"), text).expect("a file");
        let prepared = variables.iter().fold(prepared, |prepared, (name, value)| {
            prepared.env(name, &fill(value))
        });
        let rig = Rig {
            gateway: prepared.start(),
            upstream: Upstream::start(),
        };
        Self { rig }
    }

    fn reply(&self, group: &str) -> Reply {
        let body = Dialect::OpenAi.body(group, "hello");
        self.rig.post(Dialect::OpenAi.path(), &body)
    }

    #[track_caller]
    fn assert_trusted(&self, group: &str, is_trusted: bool) {
        let reply = self.reply(group);
        if is_trusted {
            assert_eq!(reply.status, 200, "{group}: {}", reply.text());
            assert_eq!(Dialect::OpenAi.text(&reply.json()), "over TLS");
        } else {
            assert!(matches!(reply.status, 502 | 503), "{}", reply.text());
            let text = reply.text();
            assert!(text.contains("not signed by an authority"), "{text}");
        }
    }
}

#[test]
fn only_the_authorities_that_are_named_count() {
    for (settings, variables, trusted) in [
        ("", &[][..], [false, false]),
        ("", &[("SSL_CERT_FILE", "CA")], [false, false]),
        ("litellm_settings:\n  ssl_verify: CA\n", &[], [true, false]),
        ("ironward:\n  extra_ca: CA\n", &[], [true, false]),
        (
            "ironward:\n  authorities: system\n",
            &[("SSL_CERT_FILE", "CA")],
            [true, false],
        ),
        (
            "litellm_settings:\n  ssl_verify: false\n",
            &[],
            [true, true],
        ),
    ] {
        let pair = Pair::start(settings, variables);
        for (group, is_trusted) in ["one", "other"].into_iter().zip(trusted) {
            pair.assert_trusted(group, is_trusted);
        }
    }
}

#[test]
fn a_reload_says_that_they_take_a_restart() {
    let pair = Pair::start("litellm_settings:\n  ssl_verify: CA\n", &[]);
    let gateway = &pair.rig.gateway;
    let path = gateway.directory().join("config.yaml");
    let text = std::fs::read_to_string(&path).expect("a file");
    let line = 1 + text
        .lines()
        .position(|line| line.contains("ssl_verify"))
        .expect("a line");
    gateway.rewrite_config(&text.replace("/ca.pem", "/other.pem"));
    let said = format!("line {line}: litellm_settings.ssl_verify: changed, needs a restart");
    wait_until("the line", || gateway.log().contains(&said));
    gateway.wait_for_output("config reloaded");
    pair.assert_trusted("one", true);
    pair.assert_trusted("other", false);
    // What would end the next start is refused now.
    gateway.rewrite_config(&text.replace("/ca.pem", "/nowhere.pem"));
    wait_until("the refusal", || gateway.log().contains("config refused"));
    assert!(gateway.log().contains("nowhere.pem"), "{}", gateway.log());
    // The file is the same, and what is in it another.
    let others = gateway.directory().join("other.pem");
    std::fs::copy(&others, gateway.directory().join("ca.pem")).expect("a copy");
    gateway.rewrite_config(&text);
    wait_until("the certificates", || {
        gateway.log().contains("ironward.extra_ca: changed, needs")
    });
    pair.assert_trusted("one", true);
}
