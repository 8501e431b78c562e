use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use ironward_kek_protocol::{Frame, HEADER, body_length};

use crate::failure::Failure;
use crate::file::check_directory;

/// How long the other end may be silent.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads of one message: an honest end needs one or two.
const READS: usize = 16;

/// Listens at `path`, for this user alone.
pub(crate) fn listen(path: &Path) -> Result<UnixListener, Failure> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    check_directory(parent.unwrap_or_else(|| Path::new(".")))?;
    let unavailable = |error: io::Error| {
        Failure::Listen(format!(
            "the socket {} cannot be listened on: {error}",
            path.display()
        ))
    };
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            make_room(path)?;
            UnixListener::bind(path)
        }
        other => other,
    };
    let listener = listener.map_err(unavailable)?;
    // Until here, the directory keeps others out.
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(unavailable)?;
    Ok(listener)
}

/// Removes what a process that has ended left behind.
fn make_room(path: &Path) -> Result<(), Failure> {
    let taken = |what: &str| {
        Failure::Listen(format!(
            "the socket {} cannot be listened on: {what}",
            path.display()
        ))
    };
    // A file that is no socket refuses connections, too.
    let is_socket = fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if !is_socket {
        return Err(taken("there is a file that is no socket"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(taken("another process listens there already")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| taken(&error.to_string()))
        }
        Err(error) => Err(taken(&error.to_string())),
    }
}

/// The user at the other end.
pub(crate) fn peer(stream: &UnixStream) -> io::Result<u32> {
    let credentials = rustix::net::sockopt::socket_peercred(stream)?;
    Ok(credentials.uid.as_raw())
}

pub(crate) fn set_patience(stream: &UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}

/// Reads the body of one message.
pub(crate) fn read(stream: &mut UnixStream) -> io::Result<Frame> {
    let mut reads = 0;
    let mut header = [0; HEADER];
    fill(stream, &mut header, &mut reads)?;
    let length = body_length(&header)
        .map_err(|malformed| io::Error::new(io::ErrorKind::InvalidData, malformed.to_string()))?;
    let mut body = Frame::new(vec![0; length]);
    fill(stream, &mut body, &mut reads)?;
    Ok(body)
}

pub(crate) fn write(stream: &mut UnixStream, frame: &Frame) -> io::Result<()> {
    stream.write_all(frame)
}

fn fill(stream: &mut UnixStream, mut buffer: &mut [u8], reads: &mut usize) -> io::Result<()> {
    while !buffer.is_empty() {
        *reads += 1;
        if *reads > READS {
            let what = "the message comes in too many pieces";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let length = stream.read(buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(length..).unwrap_or_default();
    }
    Ok(())
}
