use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ironward_testkit::raw::Connection;

use crate::dialect::Dialect;
use crate::rig::{Rig, authorised};

/// A well-behaved client that calls again and again while somebody else attacks.
pub(crate) struct Bystander {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Bystander {
    /// Calls `openai/gpt-test` on one connection until it is asked how it went.
    pub(crate) fn start(rig: &Rig) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, address) = (Arc::clone(&stop), rig.address());
        let thread = std::thread::spawn(move || call(address, &stopped));
        Self { stop, thread }
    }

    /// Ends it: every call has succeeded, and nearly all of them quickly.
    ///
    /// The bounds are wide, since an attacker on the same two cores takes his share of them, other
    /// tests take theirs, and the build is a debug one. An attack that works stops everybody for
    /// seconds or for good.
    #[track_caller]
    pub(crate) fn assert_unharmed(self) {
        self.stop.store(true, Ordering::SeqCst);
        let mut latencies = self.thread.join().expect("every call succeeds");
        latencies.sort();
        let at = |share: usize| latencies.get((latencies.len() - 1) * share / 100);
        let (median, slow) = (at(50).copied(), at(99).copied());
        assert!(median < Some(Duration::from_secs(1)), "p50: {median:?}");
        assert!(slow < Some(Duration::from_secs(4)), "p99: {slow:?}");
    }
}

fn call(address: SocketAddr, stopped: &AtomicBool) -> Vec<Duration> {
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello");
    let bytes = authorised(Dialect::OpenAi.path(), &[], body.to_string().as_bytes());
    let mut connection = Connection::open(address).expect("the gateway listens");
    let mut latencies = Vec::new();
    loop {
        let start = Instant::now();
        connection.send(&bytes).expect("the gateway reads");
        let reply = connection.read_reply().expect("the gateway replies");
        assert_eq!(reply.status, 200, "{}", reply.text());
        latencies.push(start.elapsed());
        // What was sent to the gateway before the end is worked on for a while after it.
        if stopped.load(Ordering::SeqCst) && latencies.len() >= LEAST {
            return latencies;
        }
    }
}

/// Fewer calls say nothing about how most of them went.
const LEAST: usize = 20;
