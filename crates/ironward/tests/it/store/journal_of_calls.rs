//! Calls and the records of them, with the binary: what a client got is on the record however often the
//! gateway is killed, and what cannot be recorded is not done.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use ironward_core::Random as _;
use ironward_testkit::raw::{Connection, format_request};
use ironward_testkit::{SeededRandom, Upstream};
use serde_json::{Value, json};

use super::journal::stop;
use super::killed::kills_or;
use super::{CONNECTED, Site, call, call_to, says};
use crate::rig::wait_until;

/// How often a gateway is killed where nobody says otherwise.
const KILLS: usize = 8;
/// So many clients call all the time.
const CLIENTS: usize = 4;

/// Calls until the gateway is gone; the ids of the calls whose reply has begun.
fn call_until_the_end(address: SocketAddr, key: &str) -> Vec<String> {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let request = |stream: bool| {
        let body = json!({"model": "mock", "stream": stream,
                          "messages": [{"role": "user", "content": "hello"}]});
        let path = "/v1/chat/completions";
        format_request("POST", path, &headers, body.to_string().as_bytes())
    };
    let requests = [request(false), request(true)];
    let mut ids = Vec::new();
    for request in requests.iter().cycle() {
        let Ok(mut connection) = Connection::open(address) else {
            break;
        };
        if connection.send(request).is_err() {
            break;
        }
        let Ok(head) = connection.read_head() else {
            break;
        };
        assert_eq!(head.status, 200);
        let id = head.header("x-litellm-call-id").expect("an id");
        ids.push(id.to_owned());
    }
    ids
}

/// The records of one kind, by an id in them. None is there twice.
fn by_id(records: &[Value], kind: &str, name: &str) -> BTreeMap<String, Value> {
    let of_kind = records.iter().filter(|record| record["kind"] == kind);
    let mut found = BTreeMap::new();
    for record in of_kind {
        let id = record[name].as_str().expect("an id").to_owned();
        let before = found.insert(id, record.clone());
        assert!(before.is_none(), "twice: {record}");
    }
    found
}

#[test]
fn every_reply_that_a_client_got_is_on_the_record_however_often_the_gateway_is_killed() {
    let site = Site::over_file();
    let random = SeededRandom::new(0x0411);
    let mut admin_key = String::new();
    let mut answered = BTreeSet::new();
    for round in 0..kills_or(KILLS) {
        let mut gateway = site.gateway().start();
        if round == 0 {
            gateway.admin_key().clone_into(&mut admin_key);
        }
        let address = gateway.address();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let key = admin_key.clone();
                std::thread::spawn(move || call_until_the_end(address, &key))
            })
            .collect();
        let mut bytes = [0; 2];
        random.fill(&mut bytes);
        let pause = u64::from(u16::from_le_bytes(bytes)) % 1000;
        std::thread::sleep(Duration::from_millis(50 + pause));
        gateway.kill();
        for client in clients {
            answered.extend(client.join().expect("the client ends"));
        }
    }
    stop(site.gateway().start());
    site.journal_says(&["verify"]);
    let records = site.records();
    let calls = by_id(&records, "call", "id");
    let settled = by_id(&records, "call.settled", "of");
    let missing: Vec<_> = answered
        .iter()
        .filter(|id| !calls.contains_key(*id))
        .collect();
    assert!(
        missing.is_empty(),
        "{} of {} replies are not on the record: {missing:?}",
        missing.len(),
        answered.len()
    );
    assert!(answered.len() > CLIENTS * 4, "{}", answered.len());
    assert!(settled.keys().all(|id| calls.contains_key(id)));
    // What is in memory at the moment of a kill is lost: a call that has none was cut off.
    assert!(
        settled.len() * 2 > calls.len(),
        "{} of {}",
        settled.len(),
        calls.len()
    );
}

#[test]
fn every_call_has_an_end_when_the_gateway_ends() {
    let site = Site::over_file();
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    for _ in 0..30 {
        assert_eq!(call(&gateway, &admin_key), 200);
    }
    stop(gateway);
    site.journal_says(&["verify"]);
    let records = site.records();
    let calls = by_id(&records, "call", "id");
    let settled = by_id(&records, "call.settled", "of");
    assert_eq!(calls.len(), 30);
    assert_eq!(
        calls.keys().collect::<Vec<_>>(),
        settled.keys().collect::<Vec<_>>()
    );
    let call = calls.values().next().expect("a call");
    assert_eq!(call["who"]["source"], "127.0.0.1");
    assert_eq!(
        call["what"],
        json!({"dialect": "openai_chat", "model": "mock"})
    );
}

/// A folder that is gone is noticed within 100 ms, and from then on no provider is asked.
#[test]
fn without_its_journal_the_gateway_asks_no_provider() {
    let upstream = Upstream::start();
    let site = Site::of(&format!(
        "model_list:\n  - model_name: up\n    litellm_params:\n      model: openai/gpt-test\n      \
         api_key: k\n      api_base: {}/v1\n      allow_private_address: true\n",
        upstream.url()
    ));
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    assert_eq!(call_to(&gateway, &admin_key, "up"), 200);
    let journal = site.path("state").join("journal");
    let (tail, away) = (journal.join("tail"), journal.join("away"));
    fs::rename(&tail, &away).expect("it is moved");
    wait_until("a call is refused", || {
        call_to(&gateway, &admin_key, "up") == 503
    });
    let asked = upstream.calls().len();
    for _ in 0..5 {
        assert_eq!(call_to(&gateway, &admin_key, "up"), 503);
    }
    assert_eq!(upstream.calls().len(), asked, "nothing is sent");
    fs::rename(&away, &tail).expect("it is moved back");
    wait_until("the journal recovers", || says(&gateway, 200, CONNECTED));
    assert_eq!(call_to(&gateway, &admin_key, "up"), 200);
    stop(gateway);
    site.journal_says(&["verify"]);
    let records = site.records();
    // What the provider was asked for is there, whatever the client was told.
    let calls = by_id(&records, "call", "id");
    assert_eq!(calls.len(), upstream.calls().len());
    assert_eq!(by_id(&records, "call.settled", "of").len(), calls.len());
}
