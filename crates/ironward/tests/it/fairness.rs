//! One client's load is not another's wait.

use std::path::Path;
use std::time::Duration;

use ironward_testkit::Upstream;
use ironward_testkit::raw::Connection;
use serde_json::json;

use crate::bystander::Bystander;
use crate::dialect::Dialect;
use crate::http2;
use crate::rig::{Rig, authorised, builder, config};

/// A gateway with one data thread, on which `busy/*` has an upstream of its own: what slows that
/// one down is not the gateway's doing.
struct Shared {
    rig: Rig,
    busy: Upstream,
}

fn entry(name: &str, upstream: &Upstream) -> String {
    format!(
        "  - model_name: {name}/*\n    litellm_params:\n      model: openai/*\n      api_base: {}/v1\n      api_key: sk-upstream\n",
        upstream.url()
    )
}

impl Shared {
    fn start() -> Self {
        let (calm, busy) = (Upstream::start(), Upstream::start());
        let entries = entry("openai", &calm) + &entry("busy", &busy);
        let builder = builder(&config(&entries, "")).arg("--threads").arg("1");
        let rig = Rig {
            gateway: builder.start(),
            upstream: calm,
        };
        Self { rig, busy }
    }
}

#[test]
fn bodies_of_20_mb_do_not_hold_small_calls_up() {
    let Shared { rig, busy } = Shared::start();
    // The upstream repeats the last message only.
    let body = json!({"model": "busy/gpt-test", "messages": [
        {"role": "user", "content": "all work and no play \"\n".repeat(1_000_000)},
        {"role": "user", "content": "hello"},
    ]});
    let bytes = authorised(Dialect::OpenAi.path(), &[], body.to_string().as_bytes());
    assert!(bytes.len() > 20 << 20);
    let bystander = Bystander::start(&rig);
    let mut connection = Connection::open(rig.address()).expect("it listens");
    connection.set_patience(PATIENCE).expect("a socket");
    for _ in 0..2 {
        connection.send(&bytes).expect("it reads");
        let reply = connection.read_reply().expect("it replies");
        assert_eq!(reply.status, 200, "{}", reply.text());
        busy.forget();
    }
    bystander.assert_unharmed();
}

#[test]
fn five_hundred_streams_of_one_connection_do_not_starve_another() {
    const STREAMS: usize = 500;
    let Shared { rig, busy } = Shared::start();
    let text = "one two three four five six seven eight nine ten";
    let body = Dialect::OpenAi.stream("busy/slow-stream-250", text);
    let body = body.to_string();
    let bystander = Bystander::start(&rig);
    http2::run(async {
        let (client, connection) = http2::connect(rig.address()).await;
        let calls: Vec<_> = (0..STREAMS)
            .map(|_| {
                let (client, body) = (client.clone(), body.clone());
                tokio::spawn(async move {
                    let head = http2::head(Dialect::OpenAi.path());
                    http2::exchange(&client, head, body.as_bytes()).await
                })
            })
            .collect();
        // Nobody reads meanwhile, and nobody has to: the frames fit in the window.
        let open = tokio::task::spawn_blocking(move || {
            busy.wait_for_open_replies(STREAMS);
            busy
        });
        let busy = open.await.expect("all of them are open at once");
        for call in calls {
            let reply = call.await.expect("a task").expect("a reply");
            assert_eq!(reply.status(), 200);
            let text = String::from_utf8_lossy(reply.body());
            assert!(Dialect::OpenAi.is_complete(&text), "{text}");
        }
        drop(busy);
        connection.abort();
    });
    bystander.assert_unharmed();
}

#[test]
fn each_thread_gets_some_of_the_connections() {
    const CONNECTIONS: usize = 64;
    let upstream = Upstream::start();
    let config = config(&entry("openai", &upstream), "");
    let gateway = builder(&config).arg("--threads").arg("2").start();
    let before = wakings(gateway.pid());
    let probe = b"GET /health/liveliness HTTP/1.1\r\nhost: gw\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(gateway.address()).expect("it listens");
        connection.send(probe).expect("it reads");
        assert_eq!(connection.read_reply().expect("a reply").status, 200);
        open.push(connection);
    }
    let after = wakings(gateway.pid());
    assert_eq!(after.len(), 2, "{after:?}");
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        // Half of them on average; fewer than an eighth is as likely as a lost lottery ticket wins.
        let woken = after - before;
        assert!(woken >= CONNECTIONS as u64 / 8, "{name} woke {woken} times");
    }
}

/// How often each data thread has gone to sleep to wait for something, by the thread's name.
fn wakings(pid: u32) -> Vec<(String, u64)> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a running process");
    let mut threads: Vec<_> = tasks
        .filter_map(|task| waking(&task.ok()?.path()))
        .filter(|(name, _)| name.starts_with("data-"))
        .collect();
    threads.sort();
    threads
}

fn waking(task: &Path) -> Option<(String, u64)> {
    let status = std::fs::read_to_string(task.join("status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().to_owned())
    };
    let waking = field("voluntary_ctxt_switches:")?.parse().ok()?;
    Some((field("Name:")?, waking))
}

/// A debug build walks 20 MB for seconds.
const PATIENCE: Duration = Duration::from_secs(60);
