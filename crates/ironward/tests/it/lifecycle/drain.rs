//! The end: no new calls, the running ones to their end, and not for ever.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use ironward_testkit::Upstream;
use ironward_testkit::raw::{self, Connection};

use crate::dialect::Dialect;
use crate::http2;
use crate::rig::{Rig, authorised, builder, families, wait_until};

const PATIENCE: Duration = Duration::from_secs(10);
const WORDS: &str = "one two three four five six seven eight";

fn rig(drain_timeout: &str) -> Rig {
    let upstream = Upstream::start();
    let builder = builder(&families(&upstream, ""));
    let gateway = builder.arg("--drain-timeout").arg(drain_timeout).start();
    Rig { gateway, upstream }
}

#[test]
fn running_streams_finish_and_nobody_new_is_let_in() {
    let mut rig = rig("20");
    let (data, admin) = (rig.gateway.address(), rig.gateway.admin_address());
    let mut streams = Dialect::BOTH.map(|dialect| {
        let body = dialect.stream("anthropic/slow-stream-200", WORDS);
        let mut connection = rig.open(dialect.path(), &[], &body);
        assert_eq!(connection.read_head().expect("a head").status, 200);
        (dialect, connection)
    });
    rig.gateway.terminate();
    wait_until("closed to new connections", || {
        TcpStream::connect(data).is_err()
    });
    let ready = raw::request(admin, "GET", "/health/readiness", &[], b"");
    assert_eq!(ready.expect("the admin plane is there").status, 503);
    for (dialect, connection) in &mut streams {
        let text = rest(connection);
        assert!(dialect.is_complete(&text), "{text}");
    }
    assert_eq!(
        rig.gateway.wait(PATIENCE).code(),
        Some(0),
        "{}",
        rig.gateway.log()
    );
}

/// Everything until the connection is closed, without the marks of its chunks.
fn rest(connection: &mut Connection) -> String {
    let mut bytes = Vec::new();
    while let Ok(piece) = connection.read_piece() {
        if piece.is_empty() {
            break;
        }
        bytes.extend(piece);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_running_whole_call_finishes() {
    let mut rig = rig("20");
    let body = Dialect::OpenAi.body("openai/slow-head-1000", "hello");
    let mut connection = rig.open(Dialect::OpenAi.path(), &[], &body);
    rig.upstream.wait_for_calls(1);
    rig.gateway.terminate();
    let reply = connection.read_reply().expect("a reply");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(Dialect::OpenAi.text(&reply.json()), "You said: hello");
    assert_eq!(rig.gateway.wait(PATIENCE).code(), Some(0));
}

#[test]
fn open_connections_without_a_call_are_not_waited_for() {
    let mut rig = rig("60");
    let mut idle: Vec<Connection> = (0..8)
        .map(|_| Connection::open(rig.address()).expect("it listens"))
        .collect();
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let bytes = authorised(Dialect::OpenAi.path(), &[], body.as_bytes());
    for connection in idle.iter_mut().take(4) {
        connection.send(&bytes).expect("it reads");
        assert_eq!(connection.read_reply().expect("a reply").status, 200);
    }
    let start = Instant::now();
    rig.gateway.terminate();
    assert_eq!(rig.gateway.wait(PATIENCE).code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn http2_streams_finish_too() {
    let mut rig = rig("20");
    http2::run(async {
        let (client, _connection) = http2::connect(rig.address()).await;
        let body = Dialect::OpenAi
            .stream("openai/slow-stream-100", WORDS)
            .to_string();
        let head = http2::head(Dialect::OpenAi.path());
        let reply = http2::exchange(&client, head, body.as_bytes());
        let (reply, ()) = tokio::join!(reply, async {
            while rig.upstream.open_replies() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            rig.gateway.terminate();
        });
        let text = String::from_utf8(reply.expect("a reply").into_body()).expect("UTF-8");
        assert!(Dialect::OpenAi.is_complete(&text), "{text}");
        let refused = http2::exchange(&client, http2::head("/v1/models"), b"").await;
        assert!(refused.is_err_or_unavailable(), "no new calls");
    });
    assert_eq!(rig.gateway.wait(PATIENCE).code(), Some(0));
}

/// Either is an answer to a call that comes too late.
trait Refused {
    fn is_err_or_unavailable(&self) -> bool;
}

impl<B> Refused for Result<http::Response<B>, h2::Error> {
    fn is_err_or_unavailable(&self) -> bool {
        self.as_ref().map_or(true, |reply| reply.status() == 503)
    }
}

#[test]
fn what_does_not_finish_is_cut() {
    let mut rig = rig("1");
    let body = Dialect::OpenAi.stream("openai/hang-stream", WORDS);
    let mut connection = rig.open(Dialect::OpenAi.path(), &[], &body);
    assert_eq!(connection.read_head().expect("a head").status, 200);
    let start = Instant::now();
    rig.gateway.terminate();
    let status = rig.gateway.wait(PATIENCE);
    assert!(
        start.elapsed() >= Duration::from_millis(900),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(status.code(), Some(1));
    rig.gateway
        .wait_for_output("1 calls did not finish within 1 s and were cut");
    assert!(!Dialect::OpenAi.is_complete(&rest(&mut connection)));
    rig.upstream.wait_for_open_replies(0);
}

#[test]
fn a_second_start_follows_the_first_at_once() {
    let upstream = Upstream::start();
    let text = families(&upstream, "");
    let mut first = builder(&text).start();
    let (data, admin) = (first.address().port(), first.admin_address().port());
    first.terminate();
    assert_eq!(first.wait(PATIENCE).code(), Some(0));
    let gateway = builder(&text).ports(data, admin).start();
    Rig { gateway, upstream }.assert_works();
}
