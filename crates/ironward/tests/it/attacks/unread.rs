//! Clients that take nothing of their reply: what they hold is free again in time.

use ironward_testkit::raw::Connection;

use crate::bystander::Bystander;
use crate::dialect::Dialect;
use crate::http2;
use crate::rig::{Rig, wait_until};

const UNREAD: &str = "ironward:\n  unread_timeout: 1\n";

/// Some 40 MB: more than the buffers of any system on the way take.
const LONG: &str = "openai/long-stream-200000";

/// That many calls were cut because their clients took nothing.
#[track_caller]
fn wait_for_cut(rig: &Rig, calls: usize) {
    // The provider's connections are free, and so are the places among the parallel calls.
    rig.upstream.wait_for_open_replies(0);
    wait_until("they are settled", || {
        rig.gateway.log().matches("call refused").count() == calls
    });
}

#[test]
fn an_http1_client_that_stops_reading_is_cut() {
    const CALLS: usize = 2;
    let rig = Rig::with(UNREAD);
    let bystander = Bystander::start(&rig);
    let body = Dialect::OpenAi.stream(LONG, "one two three");
    let idle: Vec<Connection> = (0..CALLS)
        .map(|_| rig.open(Dialect::OpenAi.path(), &[], &body))
        .collect();
    rig.upstream.wait_for_open_replies(CALLS);
    wait_for_cut(&rig, CALLS);
    for mut connection in idle {
        let reply = connection.read_reply();
        assert!(
            !reply.is_ok_and(|reply| reply.complete),
            "it looks complete"
        );
    }
    bystander.assert_unharmed();
}

#[test]
fn an_http2_client_that_leaves_a_stream_unread_loses_that_stream() {
    let rig = Rig::with(UNREAD);
    let address = rig.address();
    let rig = http2::run(async move {
        let (client, _connection) = http2::connect(address).await;
        let body = Dialect::OpenAi.stream(LONG, "one two three").to_string();
        let (response, mut sending) = client
            .clone()
            .ready()
            .await
            .expect("a place")
            .send_request(http2::head(Dialect::OpenAi.path()), false)
            .expect("sent");
        sending.send_data(body.into(), true).expect("queued");
        let mut unread = response.await.expect("a head").into_body();
        // The connection goes on meanwhile, and its other streams do.
        let cut = tokio::task::spawn_blocking(move || {
            wait_for_cut(&rig, 1);
            rig
        });
        let rig = cut.await.expect("it is cut");
        let hello = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
        let head = http2::head(Dialect::OpenAi.path());
        let reply = http2::exchange(&client, head, hello.as_bytes()).await;
        assert_eq!(reply.expect("a reply").status(), 200);
        let error = loop {
            match unread.data().await {
                Some(Ok(piece)) => {
                    // It may have been reset already.
                    drop(unread.flow_control().release_capacity(piece.len()));
                }
                Some(Err(error)) => break error,
                None => panic!("it looks complete"),
            }
        };
        assert!(error.is_reset(), "{error}");
        rig
    });
    rig.assert_works();
}
