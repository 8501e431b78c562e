//! A client that hangs up: the upstream's connection is closed with it, so that nobody pays for
//! what nobody reads, and the call is settled as 499.

use ironward_testkit::Upstream;
use serde_json::Value;

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::http2;
use crate::rig::{Rig, builder, families};

fn rig() -> Rig {
    let upstream = Upstream::start();
    let gateway = builder(&families(&upstream, ""))
        .arg("--log-level")
        .arg("debug")
        .start();
    Rig { gateway, upstream }
}

/// How many calls were settled as given up by their client.
fn given_up(rig: &Rig) -> usize {
    let log = rig.gateway.log();
    log.lines().filter(|line| line.contains("499")).count()
}

#[track_caller]
fn assert_given_up(rig: &Rig, calls: usize) {
    rig.upstream.wait_for_open_replies(0);
    crate::rig::wait_until("settled as 499", || given_up(rig) >= calls);
}

#[test]
fn in_a_stream() {
    let rig = rig();
    let mut calls = 0;
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let body = dialect.stream(
                &family.model("hang-stream-6"),
                "one two three four five six",
            );
            let mut connection = rig.open(dialect.path(), &[], &body);
            assert_eq!(connection.read_head().expect("a head").status, 200);
            rig.upstream.wait_for_open_replies(1);
            drop(connection);
            calls += 1;
            assert_given_up(&rig, calls);
        }
    }
}

#[test]
fn before_the_reply() {
    let rig = rig();
    let mut calls = 0;
    for family in FAMILIES {
        // Half a whole reply, and then nothing: the gateway has no byte for its client yet.
        let body: Value = Dialect::OpenAi.body(&family.model("hang-stream-6"), "hello");
        let connection = rig.open(Dialect::OpenAi.path(), &[], &body);
        rig.upstream.wait_for_open_replies(1);
        drop(connection);
        calls += 1;
        assert_given_up(&rig, calls);
    }
}

#[test]
fn before_the_upstream_has_answered_at_all() {
    let rig = rig();
    let body = Dialect::OpenAi.body("openai/slow-head-60000", "hello");
    let connection = rig.open(Dialect::OpenAi.path(), &[], &body);
    rig.upstream.wait_for_calls(1);
    drop(connection);
    assert_given_up(&rig, 1);
}

#[test]
fn by_a_reset_of_its_stream() {
    let rig = rig();
    http2::run(async {
        let (client, _connection) = http2::connect(rig.address()).await;
        let body = Dialect::OpenAi.stream("openai/hang-stream-6", "one two three four five six");
        let head = http2::head(Dialect::OpenAi.path());
        let mut client = client.ready().await.expect("a place");
        let (response, mut sending) = client.send_request(head, false).expect("sent");
        let bytes = body.to_string().into();
        sending.send_data(bytes, true).expect("sent");
        let response = response.await.expect("a head");
        assert_eq!(response.status(), 200);
        rig.upstream.wait_for_open_replies(1);
        sending.send_reset(h2::Reason::CANCEL);
        drop(response);
        tokio::task::yield_now().await;
        let sent = tokio::time::sleep(std::time::Duration::from_millis(50));
        sent.await;
    });
    assert_given_up(&rig, 1);
}
