//! Two nodes on one server: what one does to a key, the other knows, or refuses.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ironward_testkit::raw::{Connection, format_request};
use ironward_testkit::{Forwarder, Gateway, Postgres, Upstream};
use serde_json::{Value, json};

use super::{MOCK, Site, call, copy, manage};
use crate::rig::wait_until;

/// Where a revocation has to be known, whoever made it.
const EVERYWHERE: Duration = Duration::from_secs(5);
/// When a node that was cut off lets in again: its pool tries connections that are lost first.
const CAUGHT_UP: Duration = Duration::from_secs(30);
/// How long a node goes by what it last heard.
const WITHOUT_NEWS: Duration = Duration::from_secs(10);

/// Two nodes; the second one's way to the database can stop.
struct Nodes {
    nodes: [Gateway; 2],
    admin: String,
    way: Forwarder,
    _sites: [Site; 2],
    _upstream: Upstream,
    _server: Postgres,
}

impl Nodes {
    #[track_caller]
    fn start() -> Self {
        let (server, upstream) = (Postgres::start(), Upstream::start());
        let way = Forwarder::start(server.address());
        let url = server.database();
        let other_url = url.replace(&server.address().to_string(), &way.address().to_string());
        assert_ne!(url, other_url);
        let sites = [url, other_url].map(|url| Site::of(&config(&upstream, &url)));
        let first = sites[0].gateway().start();
        // Nodes on two machines have one key-encryption key.
        copy(&sites[0].path("kek"), &sites[1].path("kek"));
        let second = sites[1].gateway().start();
        Self {
            admin: first.admin_key().to_owned(),
            nodes: [first, second],
            way,
            _sites: sites,
            _upstream: upstream,
            _server: server,
        }
    }

    #[track_caller]
    fn done(&self, node: usize, path: &str, body: &Value) -> Value {
        let reply = manage(&self.nodes[node], &self.admin, path, body);
        assert_eq!(reply.status, 200, "{path} {body}: {}", reply.text());
        reply.json()
    }

    /// A key that both nodes let in: its plaintext and its id.
    #[track_caller]
    fn key(&self, body: &Value) -> (String, String) {
        let made = self.done(0, "/key/generate", body);
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        let (key, id) = (text("key"), text("token_id"));
        assert_eq!(call(&self.nodes[0], &key), 200);
        wait_until("the other node knows it", || {
            call(&self.nodes[1], &key) == 200
        });
        (key, id)
    }
}

fn config(upstream: &Upstream, url: &str) -> String {
    let stream = format!(
        "  - model_name: hanging\n    litellm_params:\n      model: openai/hang-stream\n      api_base: {}/v1\n      api_key: k\n",
        upstream.url()
    );
    format!("{MOCK}{stream}general_settings:\n  database_url: {url}\n")
}

/// Whether a key is not let in; who asks too often with one that is not is told so.
fn is_dead(node: &Gateway, key: &str) -> bool {
    matches!(call(node, key), 401 | 429)
}

/// A stream that stays open and silent; its first event has come.
#[track_caller]
fn open_stream(node: &Gateway, key: &str) -> Connection {
    let body = json!({"model": "hanging", "stream": true, "messages": [{"role": "user", "content": "hello"}]});
    let bytes = chat(key, &body);
    let mut connection = Connection::open(node.address()).expect("it listens");
    connection.send(&bytes).expect("it reads");
    let head = connection.read_head().expect("a head");
    assert_eq!(head.status, 200);
    assert!(!connection.read_piece().expect("an event").is_empty());
    connection
}

fn chat(key: &str, body: &Value) -> Vec<u8> {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = body.to_string();
    format_request("POST", "/v1/chat/completions", &headers, body.as_bytes())
}

/// Reads until it ends: with an error, and without a sign of completeness.
#[track_caller]
fn assert_cut(mut stream: Connection, since: Instant) {
    stream.set_patience(EVERYWHERE).expect("a patience");
    let mut text = String::new();
    loop {
        let piece = stream.read_piece().expect("it ends in time");
        if piece.is_empty() {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&piece));
        if text.ends_with("0\r\n\r\n") {
            break;
        }
    }
    assert!(since.elapsed() < EVERYWHERE, "{:?}", since.elapsed());
    assert!(text.contains("\"error\""), "{text}");
    assert!(!text.contains("[DONE]"), "{text}");
}

#[test]
fn a_revoked_key_is_dead_on_both_and_its_streams_are_cut() {
    let nodes = Nodes::start();
    // Each way, made known by either node.
    for (node, path) in [
        (0, "/key/delete"),
        (1, "/key/delete"),
        (0, "/key/block"),
        (1, "/key/regenerate"),
    ] {
        let (key, id) = nodes.key(&json!({}));
        let (bystander, _) = nodes.key(&json!({}));
        let streams = [0, 1].map(|node| open_stream(&nodes.nodes[node], &key));
        let untouched = open_stream(&nodes.nodes[1], &bystander);
        let body = if path == "/key/delete" {
            json!({"keys": [id]})
        } else {
            json!({"key": id})
        };
        let revoked = Instant::now();
        nodes.done(node, path, &body);
        assert!(
            is_dead(&nodes.nodes[node], &key),
            "at once where it was done"
        );
        let other = &nodes.nodes[1 - node];
        while !is_dead(other, &key) {
            assert!(
                revoked.elapsed() < EVERYWHERE,
                "{path} is not known to the other node"
            );
            thread::sleep(Duration::from_millis(50));
        }
        for stream in streams {
            assert_cut(stream, revoked);
        }
        for node in &nodes.nodes {
            assert!(is_dead(node, &key));
            assert_eq!(call(node, &bystander), 200);
        }
        drop(untouched);
    }
}

#[test]
fn a_node_that_is_cut_off_refuses_and_the_other_goes_on() {
    let nodes = Nodes::start();
    let [one, two] = &nodes.nodes;
    let (key, _) = nodes.key(&json!({}));
    let (revoked, id) = nodes.key(&json!({}));
    nodes.way.pause();
    let cut = Instant::now();
    nodes.done(0, "/key/delete", &json!({"keys": [id]}));
    assert_eq!(call(one, &revoked), 401);
    assert_eq!(call(two, &key), 200, "a moment without news is bridged");
    while call(two, &key) == 200 {
        assert_eq!(call(one, &key), 200);
        let late = WITHOUT_NEWS + EVERYWHERE;
        assert!(
            cut.elapsed() < late,
            "it still lets in after {:?}",
            cut.elapsed()
        );
        thread::sleep(Duration::from_millis(100));
    }
    // It last heard a second before, at most.
    assert!(cut.elapsed() > WITHOUT_NEWS / 2, "{:?}", cut.elapsed());
    for _ in 0..10 {
        assert_eq!([call(two, &key), call(two, &revoked)], [503, 503]);
        assert_eq!([call(one, &key), call(one, &revoked)], [200, 401]);
        assert_eq!(
            call(two, &nodes.admin),
            200,
            "the admin key is not of the database"
        );
        thread::sleep(Duration::from_millis(50));
    }
    nodes.way.resume();
    // A look that hung in the cut is given up before the next one is made.
    let resumed = Instant::now();
    while call(two, &key) != 200 {
        assert_ne!(call(two, &revoked), 200, "never again");
        let waited = resumed.elapsed();
        assert!(waited < CAUGHT_UP, "it has not caught up");
        thread::sleep(Duration::from_millis(200));
    }
    assert!(is_dead(two, &revoked), "never again");
}

/// Clients that call all the time, at a steady rate over both nodes.
struct Load {
    key: Mutex<String>,
    /// The key of those who call the second node: it hears of a new secret later.
    other_key: Mutex<String>,
    done: AtomicUsize,
    is_over: AtomicBool,
    slowest_ms: AtomicU64,
}

const CLIENTS: usize = 8;
/// Requests a second of all clients.
const RATE: u32 = 500;

impl Load {
    fn client(&self, number: usize, address: SocketAddr) {
        let body = json!({"model": "mock", "messages": [{"role": "user", "content": "hello"}]});
        let key = if number.is_multiple_of(2) {
            &self.key
        } else {
            &self.other_key
        };
        let mut connection = Connection::open(address).expect("it listens");
        let pause = Duration::from_secs(1) * u32::try_from(CLIENTS).expect("few") / RATE;
        let mut due = Instant::now();
        while !self.is_over.load(Ordering::SeqCst) {
            let key = key.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let started = Instant::now();
            connection.send(&chat(&key, &body)).expect("it reads");
            let reply = connection.read_reply().expect("it replies");
            assert_eq!(reply.status, 200, "{}", reply.text());
            let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.slowest_ms.fetch_max(took, Ordering::SeqCst);
            self.done.fetch_add(1, Ordering::SeqCst);
            due += pause;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
}

#[test]
fn a_key_is_rotated_under_load_without_an_error() {
    let nodes = Nodes::start();
    let (key, id) = nodes.key(&json!({}));
    let load = Load {
        key: Mutex::new(key.clone()),
        other_key: Mutex::new(key.clone()),
        done: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        slowest_ms: AtomicU64::new(0),
    };
    let began = Instant::now();
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (load, address) = (&load, nodes.nodes[number % 2].address());
            scope.spawn(move || load.client(number, address));
        }
        thread::sleep(Duration::from_secs(2));
        let body = json!({"key": id, "grace_period": "60s"});
        let renewed = nodes.done(0, "/key/regenerate", &body);
        assert_eq!(renewed["token_id"], json!(id), "the id stays");
        assert_eq!(renewed["live_secrets"], json!(2));
        let new = renewed["key"].as_str().expect("a key").to_owned();
        // It is good at once where it was made, and everywhere within the promise.
        let hand_over =
            |key: &Mutex<String>| *key.lock().unwrap_or_else(PoisonError::into_inner) = new.clone();
        hand_over(&load.key);
        thread::sleep(EVERYWHERE);
        hand_over(&load.other_key);
        thread::sleep(Duration::from_secs(2));
        load.is_over.store(true, Ordering::SeqCst);
        // The old one goes on for who has not changed yet.
        for node in &nodes.nodes {
            assert_eq!([call(node, &key), call(node, &new)], [200, 200]);
        }
    });
    let done = load.done.load(Ordering::SeqCst);
    let rate = done as f64 / began.elapsed().as_secs_f64();
    println!(
        "{done} calls, {rate:.0} a second, the slowest in {} ms",
        load.slowest_ms.load(Ordering::SeqCst)
    );
    assert!(rate > 50.0, "{rate} a second is no load");
}

#[test]
fn an_old_secret_is_refused_when_its_time_is_over() {
    let nodes = Nodes::start();
    let (key, id) = nodes.key(&json!({}));
    let body = json!({"key": id, "grace_period": "3s"});
    let rotated = Instant::now();
    let renewed = nodes.done(0, "/key/regenerate", &body);
    let new = renewed["key"].as_str().expect("a key").to_owned();
    for node in &nodes.nodes {
        if rotated.elapsed() < Duration::from_secs(2) {
            assert_eq!(call(node, &key), 200, "it is good for three seconds");
        }
    }
    for node in &nodes.nodes {
        while !is_dead(node, &key) {
            assert!(
                rotated.elapsed() < Duration::from_secs(3) + EVERYWHERE,
                "it is still good"
            );
            thread::sleep(Duration::from_millis(50));
        }
        assert!(
            rotated.elapsed() >= Duration::from_secs(3),
            "{:?}",
            rotated.elapsed()
        );
        assert_eq!(call(node, &new), 200);
    }
    let shown = nodes.done(0, "/v2/key/info", &json!({"keys": [id]}));
    assert!(shown.to_string().contains("\"live_secrets\":1"), "{shown}");
}
