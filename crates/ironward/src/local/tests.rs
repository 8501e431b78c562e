use std::borrow::Cow;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::{LocalServer, SERVERS, find_among};

/// Each kind of server, on a free port where something answers `path` with this status and body.
fn among(path: &'static str, status: &'static str, body: &'static str) -> Vec<&'static str> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("a connection");
            let mut head = [0; 4096];
            let length = socket.read(&mut head).expect("a request");
            let request = String::from_utf8_lossy(&head[..length]).into_owned();
            let (status, body) = if request.starts_with(&format!("GET {path} HTTP/1.1\r\n")) {
                (status, body)
            } else {
                ("404 Not Found", "no such page")
            };
            let length = body.len();
            let reply = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
            // Whoever has heard enough hangs up.
            drop(socket.write_all(reply.as_bytes()));
        }
    });
    found_on(port)
}

fn found_on(port: u16) -> Vec<&'static str> {
    let servers = SERVERS.map(|server| {
        let path = if server.base_url.ends_with("/v1") {
            "/v1"
        } else {
            ""
        };
        LocalServer {
            base_url: Cow::Owned(format!("http://127.0.0.1:{port}{path}")),
            ..server
        }
    });
    let found = find_among(servers.to_vec());
    found.iter().map(|server| server.provider).collect()
}

#[test]
fn a_server_is_known_by_its_list_of_models() {
    let ollama = r#"{"models":[{"name":"llama3.2:latest","size":1}]}"#;
    assert_eq!(among("/api/tags", "200 OK", ollama), ["ollama"]);
    assert_eq!(among("/api/tags", "200 OK", r#"{"models":[]}"#), ["ollama"]);
    let list = r#"{"object":"list","data":[{"id":"m","object":"model"}]}"#;
    let compatible = ["llamacpp", "hosted_vllm", "lm_studio"];
    assert_eq!(among("/v1/models", "200 OK", list), compatible);
}

#[test]
fn another_program_on_the_port_is_not_one() {
    for (path, status, body) in [
        ("/v1/models", "200 OK", "<html>welcome</html>"),
        ("/v1/models", "200 OK", "{}"),
        ("/v1/models", "200 OK", r#"{"data":"none"}"#),
        ("/v1/models", "401 Unauthorized", r#"{"data":[]}"#),
        ("/v1/models", "302 Found", r#"{"data":[]}"#),
        ("/api/tags", "200 OK", r#"{"data":[]}"#),
        ("/", "200 OK", r#"{"data":[],"models":[]}"#),
    ] {
        assert!(
            among(path, status, body).is_empty(),
            "{path} {status} {body}"
        );
    }
}

#[test]
fn nobody_and_somebody_silent_are_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    assert!(found_on(port).is_empty(), "the system takes the connection");
    drop(listener);
    assert!(found_on(port).is_empty());
}

#[test]
fn the_ports_are_those_of_the_documentation() {
    let urls = SERVERS.map(|server| (server.provider, server.base_url));
    let ports: Vec<_> = urls
        .iter()
        .map(|(provider, url)| {
            let port = url.rsplit(':').next().unwrap_or_default();
            (*provider, port.trim_end_matches("/v1"))
        })
        .collect();
    let documented = [
        ("ollama", "11434"),
        ("llamacpp", "8080"),
        ("hosted_vllm", "8000"),
        ("lm_studio", "1234"),
    ];
    assert_eq!(ports, documented);
}
