//! The log: no line of it is lost in a normal end, and nobody waits for whoever reads it.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ironward_testkit::Upstream;

use crate::dialect::Dialect;
use crate::rig::{Rig, builder, families, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

/// A stream of the system whose buffer is full, and the end that could read it.
fn full() -> (OwnedFd, UnixStream) {
    let (mut full, reader) = UnixStream::pair().expect("a pair of sockets");
    full.set_nonblocking(true).expect("a socket");
    for size in [4096, 1] {
        while full.write(&b"x".repeat(size)).is_ok() {}
    }
    full.set_nonblocking(false).expect("a socket");
    (full.into(), reader)
}

#[test]
fn calls_go_on_while_nobody_reads_the_log() {
    let upstream = Upstream::start();
    let (log, _reader) = full();
    let builder = builder(&families(&upstream, "")).log_to(log);
    let gateway = builder.arg("--log-level").arg("debug").start();
    let mut rig = Rig { gateway, upstream };
    let body = Dialect::OpenAi.body("openai/gpt-test", "hello");
    for _ in 0..150 {
        let reply = rig.post(Dialect::OpenAi.path(), &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    // The end does not wait for anybody who reads either.
    rig.gateway.terminate();
    assert_eq!(rig.gateway.wait(PATIENCE).code(), Some(0));
}

#[test]
fn a_normal_end_loses_no_line() {
    const CALLS: usize = 200;
    let upstream = Upstream::start();
    let builder = builder(&families(&upstream, ""));
    let gateway = builder.arg("--log-level").arg("debug").start();
    let mut rig = Rig { gateway, upstream };
    for _ in 0..CALLS {
        rig.assert_works();
    }
    rig.gateway.terminate();
    assert_eq!(rig.gateway.wait(PATIENCE).code(), Some(0));
    wait_until("every call is in the log", || {
        rig.gateway.log().matches("call settled").count() == CALLS
    });
}

#[test]
fn a_start_that_fails_says_all_that_it_noticed_first() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let upstream = Upstream::start();
    let settings = "litellm_settings:\n  success_callback: [langfuse]\n";
    let builder = builder(&families(&upstream, settings)).ports(port, 0);
    let (status, output) = builder.refuse();
    assert_eq!(status.code(), Some(4), "{output}");
    let notice = output.find("success_callback").expect("the notice");
    let failure = output.find("cannot be listened on").expect("the failure");
    assert!(notice < failure, "{output}");
}
