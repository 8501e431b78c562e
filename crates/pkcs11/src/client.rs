use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

use ironward_kek_protocol::{Reply, Request};

use crate::failure::Failure;
use crate::socket;

/// Asks the process at `path` what it serves.
pub(crate) fn describe(path: &Path) -> Result<String, Failure> {
    let failed = |what: &str| {
        Failure::Asked(format!(
            "the process at {} does not answer: {what}",
            path.display()
        ))
    };
    let reply = ask(path).map_err(|error| failed(&error.to_string()))?;
    match reply {
        Reply::Described { key, token } => Ok(format!("key {key}, token {token}")),
        Reply::Failed(failure) => Err(Failure::Asked(failure.message.into())),
        Reply::Wrapped(_) | Reply::Unwrapped(_) => Err(failed("it answers something else")),
    }
}

fn ask(path: &Path) -> io::Result<Reply> {
    let mut stream = UnixStream::connect(path)?;
    socket::set_patience(&stream)?;
    let frame = Request::Describe.encode().map_err(io::Error::other)?;
    match socket::write(&mut stream, &frame) {
        // Who refuses before it has listened has said why.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    let body = socket::read(&mut stream)?;
    Reply::decode(&body).map_err(io::Error::other)
}
