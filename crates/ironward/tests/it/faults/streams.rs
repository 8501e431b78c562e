//! A stream that fails after its first byte ends with an error event of the client's dialect, and
//! never looks complete.

use std::time::{Duration, Instant};

use ironward_testkit::raw::Reply;

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::rig::Rig;

const TEXT: &str = "one two three four five six seven eight";

#[test]
fn a_whole_stream_is_complete() {
    let rig = Rig::start();
    for_each(&rig, "gpt-test", |reply, dialect, family| {
        let text = reply.text();
        assert_eq!(reply.status, 200, "{family}: {text}");
        assert!(
            reply.complete && dialect.is_complete(&text),
            "{family}: {text}"
        );
        let said = dialect.streamed_text(&text);
        assert_eq!(said, format!("You said: {TEXT}"), "{family}: {text}");
        let kind = reply.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/event-stream"), "{family}: {kind}");
    });
}

#[test]
fn a_cut_stream_ends_with_an_error() {
    let rig = Rig::start();
    for frames in 1..=8 {
        for_each(&rig, &format!("cut-stream-{frames}"), assert_broken);
    }
}

#[test]
fn an_error_in_a_stream_ends_it_with_an_error() {
    let rig = Rig::start();
    for_each(&rig, "error-in-stream", assert_broken);
}

#[test]
fn half_an_event_ends_a_stream_with_an_error() {
    let rig = Rig::start();
    for model in ["bad-json", "not-json"] {
        for_each(&rig, model, assert_broken);
    }
}

#[test]
fn silence_ends_a_stream_with_an_error() {
    let rig = Rig::with("ironward:\n  idle_timeout: 0.3\n");
    let start = Instant::now();
    for_each(&rig, "hang-stream", assert_broken);
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
    rig.upstream.wait_for_open_replies(0);
}

#[test]
fn a_stream_that_goes_on_is_not_cut_by_the_time_for_a_call() {
    let rig = Rig::start();
    for dialect in Dialect::BOTH {
        let body = dialect.stream("openai/slow-stream-100", TEXT).to_string();
        let headers = [("x-litellm-timeout", "0.5")];
        let reply = rig.post_with(dialect.path(), &headers, body.as_bytes());
        let text = reply.text();
        assert!(dialect.is_complete(&text), "{text}");
    }
}

#[test]
fn pieces_arrive_as_they_are_sent() {
    let rig = Rig::start();
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let body = dialect.stream(&family.model("slow-stream-100"), TEXT);
            let mut connection = rig.open(dialect.path(), &[], &body);
            let start = Instant::now();
            let reply = connection.read_head().expect("a head");
            assert_eq!(reply.status, 200, "{}", family.name);
            connection.read_piece().expect("a piece");
            // The whole of it takes a second.
            let first = start.elapsed();
            assert!(
                first < Duration::from_millis(800),
                "{}: {first:?}",
                family.name
            );
        }
    }
}

/// An error in place of a reply when nothing had come; else an error event, as the last one.
#[track_caller]
fn assert_broken(reply: &Reply, dialect: Dialect, family: &str) {
    let text = reply.text();
    if reply.status != 200 {
        let failed = matches!(reply.status, 408 | 500..);
        assert!(failed, "{family}: {} {text}", reply.status);
        dialect.error(&reply.json());
        return;
    }
    assert!(
        !dialect.is_complete(&text),
        "{family} looks complete: {text}"
    );
    let event = dialect.error_event(&text);
    let event = event.unwrap_or_else(|| panic!("{family} ends without an error: {text}"));
    dialect.error(&event);
    assert!(reply.complete, "{family}: the connection itself is sound");
}

/// One streamed call in every dialect to every family.
#[track_caller]
fn for_each(rig: &Rig, model: &str, check: impl Fn(&Reply, Dialect, &str)) {
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            let body = dialect.stream(&family.model(model), TEXT);
            check(&rig.post(dialect.path(), &body), dialect, family.name);
        }
    }
    rig.assert_no_panic();
}
