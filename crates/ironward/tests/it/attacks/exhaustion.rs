//! Requests and replies that cost more than they should: bounded in memory and time, and nobody
//! else notices.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ironward_testkit::Gateway;
use ironward_testkit::raw::{self, Connection};

use crate::bystander::Bystander;
use crate::dialect::Dialect;
use crate::rig::{KEY, Rig, authorised};

/// What a gateway may need beyond what it needs idle, whatever is done to it in these tests.
const ROOM: u64 = 96 << 20;

/// Asserts that the gateway has not grown by more than [`ROOM`] since it started.
struct Memory<'g> {
    gateway: &'g Gateway,
    at_start: u64,
}

impl<'g> Memory<'g> {
    fn of(gateway: &'g Gateway) -> Self {
        Self {
            gateway,
            at_start: gateway.peak_memory(),
        }
    }

    #[track_caller]
    fn assert_bounded(&self) {
        let grown = self.gateway.peak_memory().saturating_sub(self.at_start);
        assert!(grown < ROOM, "grew by {} MB", grown >> 20);
    }
}

fn head(lengths: &str) -> Vec<u8> {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n{lengths}\r\n"
    )
    .into_bytes()
}

#[test]
fn a_compressed_body_is_not_inflated() {
    let rig = Rig::start();
    let memory = Memory::of(&rig.gateway);
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..64 {
        bomb.write_all(&blanks).expect("gzip takes any bytes");
    }
    let bomb = bomb.finish().expect("gzip takes any bytes");
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip"] {
        let headers = [("content-encoding", coding)];
        let reply = rig.post_with(Dialect::OpenAi.path(), &headers, &bomb);
        assert_eq!(reply.status, 415, "{coding}: {}", reply.text());
    }
    memory.assert_bounded();
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn an_upstreams_bomb_is_not_inflated_beyond_the_limit() {
    let rig = Rig::with("ironward:\n  reply_limit_mb: 4\n");
    let memory = Memory::of(&rig.gateway);
    let bystander = Bystander::start(&rig);
    for model in [
        "openai/gzip-bomb-512",
        "anthropic/gzip-bomb-512",
        "gemini/huge-64",
    ] {
        for dialect in Dialect::BOTH {
            let reply = rig.post(dialect.path(), &dialect.body(model, "hello"));
            assert_eq!(reply.status, 502, "{model}: {}", reply.text());
            dialect.error(&reply.json());
        }
    }
    memory.assert_bounded();
    bystander.assert_unharmed();
}

#[test]
fn ten_announced_gigabytes_are_refused_at_once() {
    let rig = Rig::start();
    let memory = Memory::of(&rig.gateway);
    for length in ["10737418240", "9007199254740993", "33554433"] {
        let start = Instant::now();
        let request = head(&format!("content-length: {length}\r\n"));
        let reply = raw::exchange(rig.address(), &request).expect("a reply");
        assert_eq!(reply.status, 413, "{length}: {}", reply.text());
        assert!(reply.complete && start.elapsed() < Duration::from_secs(3));
        let request = head(&format!(
            "content-length: {length}\r\nexpect: 100-continue\r\n"
        ));
        let reply = raw::exchange(rig.address(), &request).expect("a reply");
        assert_eq!(reply.status, 413, "asked first, {length}: {}", reply.text());
    }
    memory.assert_bounded();
}

#[test]
fn an_endless_body_is_cut_at_the_limit() {
    let rig = Rig::with("ironward:\n  body_limit_mb: 2\n");
    let memory = Memory::of(&rig.gateway);
    let chunk = [&b"10000\r\n"[..], &[b'x'; 0x10000], b"\r\n"].concat();
    let mut connection = Connection::open(rig.address()).expect("it listens");
    let start = head("transfer-encoding: chunked\r\n");
    connection.send(&start).expect("it reads");
    let sent = (0..1024).take_while(|_| connection.send(&chunk).is_ok());
    // What lies in the sockets' buffers counts as sent too.
    assert!(sent.count() < 512, "64 MB were taken");
    memory.assert_bounded();
    rig.assert_works();
}

#[test]
fn memory_follows_what_came_and_not_what_was_announced() {
    let rig = Rig::start();
    let memory = Memory::of(&rig.gateway);
    let connections: Vec<Connection> = (0..64)
        .map(|_| {
            let mut connection = Connection::open(rig.address()).expect("it listens");
            connection
                .send(&head("content-length: 33000000\r\n"))
                .expect("it reads");
            connection.send(&[b' '; 100_000]).expect("it reads");
            connection
        })
        .collect();
    rig.assert_works();
    memory.assert_bounded();
    drop(connections);
}

#[test]
fn a_hundred_thousand_headers_are_refused() {
    let rig = Rig::start();
    let memory = Memory::of(&rig.gateway);
    let bystander = Bystander::start(&rig);
    let many: String = (0..100_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let same = "x: y\r\n".repeat(100_000);
    let cookies = "cookie: a=b\r\n".repeat(200);
    let long_value = format!("x: {}\r\n", "y".repeat(10 << 20));
    let long_name = format!("{}: y\r\n", "x".repeat(1 << 20));
    for lines in [many, same, cookies, long_value, long_name] {
        let mut connection = Connection::open(rig.address()).expect("it listens");
        // It stops reading early: sending may fail, and a reply may be lost on the way.
        drop(connection.send(&head(&lines)));
        if let Ok(reply) = connection.read_reply() {
            assert!(matches!(reply.status, 400 | 431), "{}", reply.status);
        }
    }
    let long_target = format!("GET /{} HTTP/1.1\r\nhost: gw\r\n\r\n", "x".repeat(1 << 20));
    let mut connection = Connection::open(rig.address()).expect("it listens");
    drop(connection.send(long_target.as_bytes()));
    if let Ok(reply) = connection.read_reply() {
        assert!(matches!(reply.status, 400 | 414 | 431), "{}", reply.status);
    }
    assert!(
        rig.upstream
            .calls()
            .iter()
            .all(|call| call.header("x").is_empty())
    );
    memory.assert_bounded();
    bystander.assert_unharmed();
}

/// What a client may say and then fall silent.
const BEGINNINGS: [&[u8]; 6] = [
    b"",
    b"P",
    b"POST /v1/chat/comp",
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: gw\r\n",
    b"PRI * HTTP/2.0\r\n",
    b"\r\n",
];

#[test]
fn slow_heads_are_cut_and_nobody_else_notices() {
    let rig = Rig::start();
    let bystander = Bystander::start(&rig);
    let start = Instant::now();
    let mut slow: Vec<(usize, Connection)> = (0..240)
        .map(|number| {
            let mut connection = Connection::open(rig.address()).expect("it listens");
            let beginning = BEGINNINGS.get(number % BEGINNINGS.len()).copied();
            connection
                .send(beginning.unwrap_or_default())
                .expect("it reads");
            connection
                .set_patience(Duration::from_millis(1))
                .expect("a socket");
            (number, connection)
        })
        .collect();
    // A byte a second from half of those that have begun a head; the others are silent. The limit
    // is 15 s, whoever keeps sending.
    while !slow.is_empty() {
        assert!(
            start.elapsed() < Duration::from_secs(22),
            "{} are still open, of the kinds {:?}",
            slow.len(),
            slow.iter()
                .map(|(number, _)| number % BEGINNINGS.len())
                .collect::<std::collections::BTreeSet<_>>()
        );
        slow.retain_mut(|(number, connection)| {
            let drips = *number % BEGINNINGS.len() == 3 && *number % 2 == 0;
            (!drips || connection.send(b"x").is_ok()) && is_open(connection)
        });
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(
        start.elapsed() > Duration::from_secs(5),
        "cut too early to be fair"
    );
    bystander.assert_unharmed();
}

/// Whether the peer has not closed; what it says does not matter.
fn is_open(connection: &mut Connection) -> bool {
    match connection.read_piece() {
        Ok(bytes) => !bytes.is_empty(),
        Err(error) => matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        ),
    }
}

#[test]
fn slow_bodies_hold_up_nobody_else() {
    let rig = Rig::start();
    let memory = Memory::of(&rig.gateway);
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let request = authorised(Dialect::OpenAi.path(), &[], body.as_bytes());
    let (begun, rest) = request.split_at(request.len() - 6);
    let mut slow: Vec<Connection> = (0..400)
        .map(|_| {
            let mut connection = Connection::open(rig.address()).expect("it listens");
            connection.send(begun).expect("it reads");
            connection
        })
        .collect();
    let bystander = Bystander::start(&rig);
    for byte in rest.chunks(1) {
        for connection in &mut slow {
            connection.send(byte).expect("slow is no crime");
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    bystander.assert_unharmed();
    for connection in &mut slow {
        assert_eq!(connection.read_reply().expect("a reply").status, 200);
    }
    memory.assert_bounded();
}

#[test]
fn a_body_that_takes_too_long_is_refused() {
    let rig = Rig::with("ironward:\n  body_timeout: 1\n");
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello").to_string();
    let request = authorised(Dialect::OpenAi.path(), &[], body.as_bytes());
    let (begun, _never) = request.split_at(request.len() - 6);
    let mut connection = Connection::open(rig.address()).expect("it listens");
    connection.send(begun).expect("it reads");
    let reply = connection.read_reply().expect("a reply");
    assert_eq!(reply.status, 408, "{}", reply.text());
    assert!(reply.text().contains("within 1 s"), "{}", reply.text());
    assert!(rig.upstream.calls().is_empty(), "half a call was sent on");
    rig.assert_works();
}

#[test]
fn clients_that_do_not_read_cost_no_memory() {
    let rig = Rig::start();
    let memory = Memory::of(&rig.gateway);
    // Some 40 MB each.
    let body = Dialect::OpenAi.stream("openai/long-stream-200000", "one two three");
    let idle: Vec<Connection> = (0..12)
        .map(|_| rig.open(Dialect::OpenAi.path(), &[], &body))
        .collect();
    rig.upstream.wait_for_open_replies(12);
    let bystander = Bystander::start(&rig);
    // Time for a gateway without back pressure to take in all of it.
    std::thread::sleep(Duration::from_secs(2));
    bystander.assert_unharmed();
    memory.assert_bounded();
    drop(idle);
    rig.upstream.wait_for_open_replies(0);
}
