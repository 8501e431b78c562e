use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ironward_kek_protocol::{Failure as Told, FailureKind, Reply, Request};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::args;
use crate::device::Device;
use crate::failure::Failure;
use crate::{file, pin, socket};

/// Connections at once: gateways and commands of one user on one machine.
const MOST: usize = 64;

/// Serves until it is stopped.
pub(crate) fn run(settings: args::Serve) -> Result<(), Failure> {
    // The PIN and data keys are in memory: no core file has them, and no other process of this user
    // may look.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| Failure::Gone(format!("this process cannot be shut off: {error}")))?;
    let pin = pin::read(settings.token.pin_file.as_deref())?;
    let listener = socket::listen(&settings.socket)?;
    let shown = settings.socket.display().to_string();
    let device = Arc::new(Device::open(settings, pin)?);
    crate::log(format_args!("serving {} at {shown}", device.shown()));
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => accept(stream, &device, &open),
            // No file descriptor is left, or a client was gone before it was let in.
            Err(error) => {
                crate::log(format_args!("error: no connection at {shown}: {error}"));
                pause();
            }
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here, and nothing else to do in this thread"
)]
fn pause() {
    thread::sleep(Duration::from_millis(100));
}

/// Lets a connection have a thread of its own, unless too many have.
fn accept(mut stream: UnixStream, device: &Arc<Device>, open: &Arc<AtomicUsize>) {
    let place = Place::take(open);
    let device = Arc::clone(device);
    let serve = move || {
        let outcome = if place.is_left() {
            converse(&mut stream, &device)
        } else {
            refuse(&mut stream, "too many connections at once; try again")
        };
        if let Err(error) = outcome {
            crate::log(format_args!("error: a connection was cut: {error}"));
        }
    };
    if let Err(error) = thread::Builder::new().spawn(serve) {
        crate::log(format_args!("error: no thread for a connection: {error}"));
    }
}

/// One question, one answer.
fn converse(stream: &mut UnixStream, device: &Device) -> io::Result<()> {
    socket::set_patience(stream)?;
    let user = socket::peer(stream)?;
    if user != 0 && user != file::own_user() {
        return refuse(stream, "only the user that runs ironward-pkcs11 is served");
    }
    let body = match socket::read(stream) {
        Ok(body) => body,
        // It listens no more than it talks: its end is all the same to it.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return refuse(stream, &error.to_string());
        }
        Err(error) => return Err(error),
    };
    let reply = match Request::decode(&body) {
        Ok(request) => device.answer(&request),
        Err(malformed) => return refuse(stream, &malformed.to_string()),
    };
    let frame = reply.encode().map_err(io::Error::other)?;
    socket::write(stream, &frame)
}

fn refuse(stream: &mut UnixStream, what: &str) -> io::Result<()> {
    crate::log(format_args!("error: a request was refused: {what}"));
    let reply = Reply::Failed(Told {
        kind: FailureKind::Misconfigured,
        message: what.into(),
    });
    socket::write(stream, &reply.encode().map_err(io::Error::other)?)
}

/// A place among the connections, free again when it is dropped.
struct Place {
    open: Arc<AtomicUsize>,
    is_left: bool,
}

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        let before = open.fetch_add(1, Ordering::Relaxed);
        Self {
            open: Arc::clone(open),
            is_left: before < MOST,
        }
    }

    /// All of it has to be asked: a closure that reads the field takes nothing but that.
    const fn is_left(&self) -> bool {
        self.is_left
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
