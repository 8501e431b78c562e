use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use ironward_kek_protocol::{Failure, HEADER, Plain, Question, Reply, Request, body_length};
use ironward_testkit::Hsm;

pub(crate) fn hsm() -> Hsm {
    Hsm::new(env!("CARGO_BIN_EXE_ironward-pkcs11"))
}

pub(crate) fn plain() -> Plain {
    Plain::new([0x5a; 32])
}

/// Asks something of a key.
#[track_caller]
pub(crate) fn ask(socket: &Path, key: &str, version: u32, question: Question) -> Reply {
    let request = Request::Key {
        key: key.into(),
        version,
        question,
    };
    exchange(socket, &request.encode().unwrap())
}

/// Sends these bytes and reads what is answered.
#[track_caller]
pub(crate) fn exchange(socket: &Path, bytes: &[u8]) -> Reply {
    let mut stream = UnixStream::connect(socket).unwrap();
    // What is refused by its header is answered before the rest has been taken.
    drop(stream.write_all(bytes));
    read(&mut stream)
}

#[track_caller]
pub(crate) fn read(stream: &mut UnixStream) -> Reply {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; body_length(&header).unwrap()];
    stream.read_exact(&mut body).unwrap();
    Reply::decode(&body).unwrap()
}

#[track_caller]
pub(crate) fn wrap(socket: &Path, key: &str) -> Vec<u8> {
    match ask(socket, key, 1, Question::Wrap(plain())) {
        Reply::Wrapped(wrapped) => wrapped,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn failure(reply: Reply) -> Failure {
    match reply {
        Reply::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// The exit code of a command that ends, and what it said.
pub(crate) fn refused(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("canary"), "{said}");
    (output.status.code(), said)
}
