use std::fmt;

use crate::Frame;

/// The bytes before a body.
pub const HEADER: usize = 8;

/// The bytes of the longest body.
pub const MOST: usize = 1024;

/// Every frame begins with it.
const NAME: &[u8; 5] = b"iwkek";

/// The version of the protocol: both ends come from one release.
const VERSION: u8 = 1;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// They do not begin as a message does.
    Foreign,
    /// The other end speaks another version.
    Version(u8),
    /// The body is longer than any may be.
    TooLong(usize),
    /// The body is not what its first byte says.
    Body(&'static str),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is no message of this protocol"),
            Self::Version(version) => write!(
                f,
                "it is of version {version} of the protocol, and this is version {VERSION}: run \
                 ironward and ironward-pkcs11 of the same release"
            ),
            Self::TooLong(length) => {
                write!(f, "a body has at most {MOST} bytes, and this one {length}")
            }
            Self::Body(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Malformed {}

/// The length of the body that follows this header.
///
/// # Errors
/// When it is no header, one of another version, or of a body that is too long.
pub fn body_length(header: &[u8; HEADER]) -> Result<usize, Malformed> {
    let [name @ .., version, high, low] = header;
    if name != NAME {
        return Err(Malformed::Foreign);
    }
    if *version != VERSION {
        return Err(Malformed::Version(*version));
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > MOST {
        return Err(Malformed::TooLong(length));
    }
    Ok(length)
}

/// A frame around a body of these parts.
pub(crate) fn frame(parts: &[&[u8]]) -> Result<Frame, Malformed> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let short = u16::try_from(length).ok().filter(|_| length <= MOST);
    let short = short.ok_or(Malformed::TooLong(length))?;
    // All of it is there from the start: a vector that grows would leave a key behind.
    let mut frame = Frame::new(Vec::with_capacity(HEADER + length));
    frame.extend_from_slice(NAME);
    frame.push(VERSION);
    frame.extend_from_slice(&short.to_be_bytes());
    for part in parts {
        frame.extend_from_slice(part);
    }
    Ok(frame)
}
