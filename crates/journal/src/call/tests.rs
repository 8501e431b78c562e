use std::time::Duration;

use ironward_core::{Amount, CallId, Usage};
use serde_json::Value as Json;

use super::{Call, Cost, Served, Settlement};
use crate::record::{LARGEST_RECORD, Who};
use crate::testing::Seeded;

fn id() -> CallId {
    CallId::draw(&Seeded::new(1))
}

fn written(call: &Call<'_>) -> String {
    let mut bytes = b"what was there".to_vec();
    call.write("node", &mut bytes);
    String::from_utf8(bytes).unwrap()
}

fn settled(settlement: &Settlement<'_>) -> String {
    let mut bytes = Vec::new();
    settlement.write("node", &mut bytes);
    String::from_utf8(bytes).unwrap()
}

const WHO: Who<'static> = Who {
    key: Some("k"),
    service_account: Some("bot"),
    user: Some("u"),
    team: Some("t"),
    organisation: Some("o"),
    source: Some("192.0.2.1"),
    name: Some("n"),
    role: Some("r"),
    on_behalf_of: Some("b"),
};

fn call() -> Call<'static> {
    Call {
        id: id(),
        at: 7,
        who: WHO,
        source: None,
        dialect: "openai_chat",
        model: "gpt-4o",
        stream: true,
    }
}

fn settlement() -> Settlement<'static> {
    Settlement {
        id: id(),
        at: 8,
        served: Some(Served {
            deployment: "d",
            provider: "openai",
            region: Some("eu"),
            model: "gpt-4o-2024-11-20",
        }),
        attempts: 2,
        status: 200,
        fault: None,
        usage: Some(Usage {
            input: 1,
            input_cached: 2,
            input_cache_write: 3,
            input_cache_write_1h: 4,
            input_audio: 5,
            output: 6,
            output_reasoning: 7,
            output_audio: 8,
            output_accepted_prediction: 9,
            output_rejected_prediction: 10,
        }),
        cost: Some(Cost {
            dollars: Amount::from_decimal("0.00576", 0).unwrap(),
            incomplete: true,
            prices: "2026-11-30.0123456789abcdef",
        }),
        total: Duration::from_micros(900),
        first_byte: Some(Duration::from_micros(300)),
        overhead: Some(Duration::from_micros(40)),
    }
}

/// What a parser sorts and writes without a space is what was written.
#[track_caller]
fn assert_canonical(line: &str) -> Json {
    let read: Json = serde_json::from_str(line).unwrap();
    if line.is_ascii() && !line.contains("\\u") {
        assert_eq!(read.to_string(), line);
    }
    assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    read
}

#[test]
fn a_call_reads_as_documented() {
    let id = id();
    assert_eq!(
        written(&call()),
        format!(
            r#"{{"at":7,"id":"{id}","kind":"call","node":"node","v":1,"what":{{"dialect":"openai_chat","model":"gpt-4o","stream":true}},"who":{{"key":"k","name":"n","on_behalf_of":"b","organisation":"o","role":"r","service_account":"bot","source":"192.0.2.1","team":"t","user":"u"}}}}"#
        )
    );
    assert_canonical(&written(&call()));
    let nobody = Call {
        who: Who::default(),
        stream: false,
        ..call()
    };
    let read = assert_canonical(&written(&nobody));
    assert!(read.get("who").is_none() && read["what"].get("stream").is_none());
}

#[test]
fn addresses_are_those_of_the_connection() {
    for address in ["0.0.0.0", "192.0.2.255", "2001:db8::1"] {
        let source = Some(address.parse().unwrap());
        let read = assert_canonical(&written(&Call { source, ..call() }));
        assert_eq!(read["who"]["source"], address);
    }
}

#[test]
fn a_settlement_reads_as_documented() {
    let read = assert_canonical(&settled(&settlement()));
    let id = id().to_string();
    assert_eq!(read["id"], format!("{id}.settled"));
    assert_eq!(read["of"], id);
    let what = &read["what"];
    assert_eq!(what["resolved_model"], "gpt-4o-2024-11-20");
    assert_eq!(what["region"], "eu");
    assert_eq!(
        what["cost"],
        serde_json::json!({"dollars": "0.00576", "incomplete": true,
                           "prices": "2026-11-30.0123456789abcdef"})
    );
    assert_eq!(
        what["times"],
        serde_json::json!({"first_byte": 300, "overhead": 40, "total": 900})
    );
    assert_eq!(what["usage"].as_object().unwrap().len(), 10);
    let bare = Settlement {
        served: None,
        fault: Some("client_gone"),
        usage: None,
        cost: None,
        first_byte: None,
        overhead: None,
        status: 499,
        ..settlement()
    };
    let read = assert_canonical(&settled(&bare));
    assert_eq!(
        read["what"],
        serde_json::json!({"attempts": 2, "fault": "client_gone", "status": 499,
                           "times": {"total": 900}})
    );
    let nothing = Settlement {
        usage: Some(Usage::default()),
        ..bare
    };
    let read = assert_canonical(&settled(&nothing));
    assert!(read["what"].get("usage").is_none());
}

#[test]
fn a_callers_text_is_bounded_and_escaped() {
    let said = |model: &str| {
        let line = written(&Call { model, ..call() });
        let read = assert_canonical(&line);
        read["what"]["model"].as_str().unwrap().to_owned()
    };
    for text in ["", "a\"b\\c", "\u{1f511}\n\u{202e}\0", &"x".repeat(256)] {
        assert_eq!(said(text), text);
    }
    let cut = |text: &str| format!("{text}\u{2026}");
    assert_eq!(said(&"x".repeat(257)), cut(&"x".repeat(255)));
    assert_eq!(said(&"\u{e4}".repeat(300)), cut(&"\u{e4}".repeat(255)));
    // A text cannot look like a name that a reader looks for.
    let line = written(&Call {
        model: r#"","id":"x"#,
        ..call()
    });
    assert_eq!(line.matches(r#""id":""#).count(), 1);
}

#[test]
fn a_call_has_a_bound_whatever_it_says() {
    let long = "\u{1f511}".repeat(300);
    let text = Some(&*long);
    let who = Who {
        name: text,
        role: text,
        key: text,
        user: text,
        service_account: text,
        team: text,
        organisation: text,
        on_behalf_of: text,
        source: text,
    };
    let line = written(&Call {
        who,
        model: &long,
        ..call()
    });
    assert!(line.len() < LARGEST_RECORD);
    assert_canonical(&line);
}
