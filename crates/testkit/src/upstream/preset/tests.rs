use std::time::Duration;

use super::{Preset, PresetUpstream};
use crate::raw::{Connection, format_request};

fn start(idle: bool) -> Connection {
    let preset = Preset {
        chunks: 5,
        interval: Duration::ZERO,
        idle,
    };
    let upstream = PresetUpstream::bind(0, preset).unwrap();
    let address = upstream.address().unwrap();
    // Serves until the test process ends.
    std::thread::spawn(move || upstream.serve());
    Connection::open(address).unwrap()
}

#[test]
fn whole_replies_and_streams_share_a_connection() {
    let mut connection = start(false);
    for _ in 0..2 {
        connection
            .send(&format_request("POST", "/v1/chat/completions", &[], b"{}"))
            .unwrap();
        let reply = connection.read_reply().unwrap();
        assert!(
            (450..650).contains(&reply.body.len()),
            "{}",
            reply.body.len()
        );
        assert_eq!(reply.json()["usage"]["total_tokens"], 26);
        connection
            .send(&format_request("POST", "/x", &[], br#"{"stream":true}"#))
            .unwrap();
        let reply = connection.read_reply().unwrap();
        assert!(reply.complete);
        assert_eq!(reply.text().matches("data: ").count(), 5 + 2);
        assert!(reply.text().ends_with("data: [DONE]\n\n"));
    }
}

#[test]
fn an_idle_stream_stays_open_after_its_first_frame() {
    let mut connection = start(true);
    connection
        .send(&format_request("POST", "/x", &[], br#"{"stream":true}"#))
        .unwrap();
    assert_eq!(connection.read_head().unwrap().status, 200);
    let first = connection.read_piece().unwrap();
    assert!(String::from_utf8(first).unwrap().contains("assistant"));
    connection.set_patience(Duration::from_millis(50)).unwrap();
    assert!(connection.read_piece().is_err());
}
