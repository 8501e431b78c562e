//! The socket, and whoever reaches it.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use ironward_kek_protocol::{FailureKind, HEADER, Question, Reply, Request};
use ironward_testkit::{Hsm, HsmProcess};

use crate::rig::{ask, exchange, failure, hsm, plain, read, refused, wrap};

fn served() -> (Hsm, String, HsmProcess) {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    let process = hsm.serve(&name);
    (hsm, name, process)
}

#[test]
fn only_its_user_can_reach_it() {
    let (hsm, _, _process) = served();
    let mode = fs::metadata(hsm.socket()).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    for mode in [0o750, 0o770, 0o701, 0o777] {
        fs::set_permissions(hsm.path("run"), Permissions::from_mode(mode)).unwrap();
        let (code, said) = refused(hsm.serve_command(&name));
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("chmod 700"), "{said}");
        assert!(!hsm.socket().exists());
    }
}

#[test]
fn garbage_is_refused_and_nothing_ends() {
    let (hsm, name, _process) = served();
    let frame = |version: u8, length: u16, body: &[u8]| {
        let mut bytes = b"iwkek".to_vec();
        bytes.push(version);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    };
    let cases = [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "no message"),
        (vec![0; 100_000], "no message"),
        (frame(2, 1, b"\x01"), "version 2"),
        (frame(1, 1025, &[2; 1025]), "at most 1024"),
        (frame(1, u16::MAX, &[2; 65_535]), "at most 1024"),
        (frame(1, 0, b""), "cut off"),
        (frame(1, 1, b"\x09"), "no such request"),
        (frame(1, 2, b"\x02\xff"), "cut off"),
        (frame(1, 7, b"\x02\x01k\x00\x00\x00\x01"), "32 bytes"),
        (frame(1, 7, b"\x03\x01\xff\x00\x00\x00\x01"), "UTF-8"),
    ];
    for (bytes, expected) in cases {
        let refusal = failure(exchange(&hsm.socket(), &bytes));
        assert_eq!(refusal.kind, FailureKind::Misconfigured);
        assert!(refusal.message.contains(expected), "{}", refusal.message);
    }
    // Nothing but a data key of 32 bytes can be wrapped, and nothing is opened that is no such key.
    let long = ask(&hsm.socket(), &name, 1, Question::Unwrap(vec![1; 900]));
    assert_eq!(failure(long).kind, FailureKind::Refused);
    wrap(&hsm.socket(), &name);
}

#[test]
fn whoever_is_silent_or_slow_holds_nobody_up() {
    let (hsm, name, _process) = served();
    let mut silent = UnixStream::connect(hsm.socket()).unwrap();
    let mut cut = UnixStream::connect(hsm.socket()).unwrap();
    cut.write_all(b"iwkek").unwrap();
    let request = Request::Describe.encode().unwrap();
    wrap(&hsm.socket(), &name);
    // They are hung up on, though they never do.
    let mut nothing = [0; 1];
    for stream in [&mut silent, &mut cut] {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        assert_eq!(stream.read(&mut nothing).unwrap(), 0);
    }
    // A message in pieces is one as long as there are few.
    let mut pieces = UnixStream::connect(hsm.socket()).unwrap();
    for part in request.chunks(HEADER / 2) {
        pieces.write_all(part).unwrap();
    }
    assert!(matches!(read(&mut pieces), Reply::Described { .. }));
}

#[test]
fn too_many_connections_are_told_so() {
    let (hsm, name, _process) = served();
    let open = || UnixStream::connect(hsm.socket()).unwrap();
    let held: Vec<_> = (0..64).map(|_| open()).collect();
    let refusal = failure(read(&mut open()));
    assert!(refusal.message.contains("too many"), "{}", refusal.message);
    drop(held);
    // Each place is free when its thread has seen the end.
    let request = Request::Describe.encode().unwrap();
    let is_served = || matches!(exchange(&hsm.socket(), &request), Reply::Described { .. });
    assert!((0..1000).any(|_| is_served()));
    wrap(&hsm.socket(), &name);
}

#[test]
fn one_process_listens_and_what_a_killed_one_left_is_replaced() {
    let (hsm, name, process) = served();
    let (code, said) = refused(hsm.serve_command(&name));
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("listens there already"), "{said}");
    wrap(&hsm.socket(), &name);
    drop(process);
    assert!(hsm.socket().exists());
    let _process = hsm.serve(&name);
    wrap(&hsm.socket(), &name);
}

#[test]
fn a_file_in_the_way_is_not_removed() {
    let hsm = hsm();
    let name = hsm.create_key("ironward");
    fs::write(hsm.socket(), "somebody's").unwrap();
    let (code, said) = refused(hsm.serve_command(&name));
    assert_eq!(code, Some(4), "{said}");
    assert_eq!(fs::read_to_string(hsm.socket()).unwrap(), "somebody's");
}

#[test]
fn it_says_what_it_serves() {
    let (hsm, name, process) = served();
    let describe = || {
        let mut command = hsm.bare("describe");
        command.arg("--socket").arg(hsm.socket());
        command
    };
    let output = describe().output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success());
    assert!(said.contains(&name) && said.contains(Hsm::TOKEN), "{said}");
    drop(process);
    let (code, said) = refused(describe());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does not answer"), "{said}");
}

/// Only root can become somebody else, and it is root who runs such tests in a container.
#[test]
fn another_user_is_refused_even_where_the_directory_is_opened_later() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let (hsm, name, mut process) = served();
    for (path, mode) in [(hsm.path("run"), 0o777), (hsm.socket(), 0o666)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(hsm.path(""), Permissions::from_mode(0o755)).unwrap();
    let copy = hsm.path("copy");
    fs::copy(env!("CARGO_BIN_EXE_ironward-pkcs11"), &copy).unwrap();
    let mut describe = Command::new("setpriv");
    describe.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    describe.arg(copy).args(["describe", "--socket"]);
    describe.arg(hsm.socket());
    let (code, said) = refused(describe);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("only the user that runs"), "{said}");
    process.wait_for_log("only the user");
    let still = ask(&hsm.socket(), &name, 1, Question::Wrap(plain()));
    assert!(matches!(still, Reply::Wrapped(_)));
}
