//! HTTP/1.1 and HTTP/2 on one port, and what a body may be.

use ironward_testkit::raw::{self, Connection};

use crate::dialect::Dialect;
use crate::http2;
use crate::rig::{KEY, Rig, authorised};

#[test]
fn http2_by_prior_knowledge_on_the_same_port() {
    let rig = Rig::start();
    http2::run(async {
        let (client, _connection) = http2::connect(rig.address()).await;
        let calls = (0..20).map(|number| {
            let client = client.clone();
            async move {
                let dialect = Dialect::BOTH[number % 2];
                let text = format!("number {number}");
                let body = match number % 3 {
                    0 => dialect.stream("openai/gpt-test", &text),
                    _ => dialect.body("openai/gpt-test", &text),
                };
                let head = http2::head(dialect.path());
                let reply = http2::exchange(&client, head, body.to_string().as_bytes()).await;
                let reply = reply.expect("a reply");
                assert_eq!(reply.status(), 200);
                let said = String::from_utf8(reply.into_body()).expect("UTF-8");
                let said = match number % 3 {
                    0 => dialect.streamed_text(&said),
                    _ => dialect
                        .text(&serde_json::from_str(&said).expect("JSON"))
                        .to_owned(),
                };
                assert_eq!(said, format!("You said: {text}"));
            }
        });
        let tasks: Vec<_> = calls.map(tokio::spawn).collect();
        for task in tasks {
            task.await.expect("every call succeeds");
        }
    });
    rig.assert_works();
}

#[test]
fn a_connection_is_used_again_after_any_reply() {
    let rig = Rig::start();
    let mut connection = Connection::open(rig.address()).expect("it listens");
    for model in ["gpt-test", "fail-500", "gpt-test", "cut-head", "gpt-test"] {
        let body = Dialect::OpenAi
            .body(&format!("openai/{model}"), "hello")
            .to_string();
        let bytes = authorised(Dialect::OpenAi.path(), &[], body.as_bytes());
        connection.send(&bytes).expect("still open");
        let reply = connection.read_reply().expect("a reply");
        assert_eq!(
            reply.status == 200,
            model == "gpt-test",
            "{model}: {}",
            reply.text()
        );
    }
    for dialect in Dialect::BOTH {
        let body = dialect.stream("openai/gpt-test", "hello").to_string();
        let bytes = authorised(dialect.path(), &[], body.as_bytes());
        connection.send(&bytes).expect("still open");
        assert!(dialect.is_complete(&connection.read_reply().expect("a reply").text()));
    }
}

#[test]
fn old_clients_are_answered() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer {KEY}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = raw::exchange(rig.address(), request.as_bytes()).expect("a reply");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let stream = Dialect::OpenAi
        .stream("openai/gpt-test", "hello")
        .to_string();
    let request = request
        .replace(&body, &stream)
        .replace(&body.len().to_string(), &stream.len().to_string());
    let reply = raw::exchange(rig.address(), request.as_bytes()).expect("a reply");
    assert!(
        Dialect::OpenAi.is_complete(&reply.text()),
        "{}",
        reply.text()
    );
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let rig = Rig::with("ironward:\n  body_limit_mb: 1\n");
    for dialect in Dialect::BOTH {
        let most = dialect.body("openai/gpt-test", &"x".repeat((1 << 20) - 1000));
        assert_eq!(rig.post(dialect.path(), &most).status, 200);
        let more = dialect.body("openai/gpt-test", &"x".repeat(1 << 20));
        let reply = rig.post(dialect.path(), &more);
        assert_eq!(reply.status, 413, "{}", reply.text());
        dialect.error(&reply.json());
    }
    let calls = rig.upstream.calls().len();
    http2::run(async {
        let (client, _connection) = http2::connect(rig.address()).await;
        let body = Dialect::OpenAi
            .body("openai/gpt-test", &"x".repeat(3 << 20))
            .to_string();
        let mut head = http2::head(Dialect::OpenAi.path());
        let length = body.len().into();
        head.headers_mut().insert("content-length", length);
        let mut client = client.ready().await.expect("a place");
        let (response, mut sending) = client.send_request(head, false).expect("sent");
        sending.send_data(body.into(), true).expect("queued");
        assert_eq!(response.await.expect("a reply").status(), 413);
    });
    assert_eq!(rig.upstream.calls().len(), calls);
    rig.assert_works();
}

#[test]
fn a_body_has_to_be_json() {
    let rig = Rig::start();
    let chat = Dialect::OpenAi;
    let body = chat.body("openai/gpt-test", "hello").to_string();
    let status = |content_type: Option<&str>| {
        let bearer = format!("Bearer {KEY}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(content_type.map(|value| ("content-type", value)));
        let reply = raw::request(
            rig.address(),
            "POST",
            chat.path(),
            &headers,
            body.as_bytes(),
        );
        reply.expect("a reply").status
    };
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "",
    ] {
        assert_eq!(status(Some(kind)), 415, "{kind}");
    }
    assert!(rig.upstream.calls().is_empty());
    for kind in [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("Application/JSON"),
    ] {
        assert_eq!(status(kind), 200, "{kind:?}");
    }
}

#[test]
fn the_admin_plane_takes_no_calls_and_the_data_plane_no_administration() {
    let rig = Rig::start();
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let bytes = authorised(Dialect::OpenAi.path(), &[], body.as_bytes());
    let reply = raw::exchange(rig.gateway.admin_address(), &bytes).expect("a reply");
    assert_eq!(reply.status, 404);
    assert_eq!(
        rig.post("/key/generate", &serde_json::json!({})).status,
        404
    );
}
