use std::fmt;

use crate::fields::Fields;
use crate::frame::frame;
use crate::{Frame, Malformed, Plain};

/// What is answered.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// The key that is served.
    Described {
        /// Its name, as requests name it.
        key: Box<str>,
        /// The token that it is in, for people.
        token: Box<str>,
    },
    /// The data key, wrapped.
    Wrapped(Vec<u8>),
    /// The data key.
    Unwrapped(Plain),
    /// It was not done.
    Failed(Failure),
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// For the operator; holds no secret.
    pub message: Box<str>,
}

/// The kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The token is not there, or does not work now.
    Unreachable,
    /// The token refuses whoever asks: its PIN is another one.
    Denied,
    /// The key is there and does not unwrap this.
    Refused,
    /// The settings are wrong: another key, or one that is not safe.
    Misconfigured,
}

const DESCRIBED: u8 = 1;
const WRAPPED: u8 = 2;
const UNWRAPPED: u8 = 3;
/// The kinds follow it.
const FAILED: u8 = 0x80;

const KINDS: [FailureKind; 4] = [
    FailureKind::Unreachable,
    FailureKind::Denied,
    FailureKind::Refused,
    FailureKind::Misconfigured,
];

/// The bytes of the longest message.
const LONGEST_MESSAGE: usize = 900;

impl Reply {
    /// The frame of it. A message that is too long is cut.
    ///
    /// # Errors
    /// When a name has more than 255 bytes, or what was wrapped is longer than a body.
    pub fn encode(&self) -> Result<Frame, Malformed> {
        match self {
            Self::Described { key, token } => {
                let length = u8::try_from(key.len());
                let length =
                    length.map_err(|_| Malformed::Body("a key's name has at most 255 bytes"))?;
                let token = cut(token, 255);
                frame(&[&[DESCRIBED, length], key.as_bytes(), token.as_bytes()])
            }
            Self::Wrapped(wrapped) => frame(&[&[WRAPPED], wrapped]),
            Self::Unwrapped(plain) => frame(&[&[UNWRAPPED], plain.as_slice()]),
            Self::Failed(Failure { kind, message }) => {
                let message = cut(message, LONGEST_MESSAGE);
                frame(&[&[FAILED | kind.number()], message.as_bytes()])
            }
        }
    }

    /// Reads a body. What is for people becomes one line of printable text.
    ///
    /// # Errors
    /// When it is none of a reply.
    pub fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields(body);
        Ok(match fields.byte()? {
            DESCRIBED => Self::Described {
                key: fields.text()?.into(),
                token: printable(fields.0)?,
            },
            WRAPPED => Self::Wrapped(fields.0.to_vec()),
            UNWRAPPED => Self::Unwrapped(fields.plain()?),
            kind => Self::Failed(Failure {
                kind: FailureKind::of(kind)?,
                message: printable(fields.0)?,
            }),
        })
    }
}

impl FailureKind {
    const fn number(self) -> u8 {
        match self {
            Self::Unreachable => 0,
            Self::Denied => 1,
            Self::Refused => 2,
            Self::Misconfigured => 3,
        }
    }

    fn of(byte: u8) -> Result<Self, Malformed> {
        let mut kinds = KINDS.into_iter();
        let found = kinds.find(|kind| FAILED | kind.number() == byte);
        found.ok_or(Malformed::Body("there is no such reply"))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Described { key, token } => f
                .debug_struct("Described")
                .field("key", key)
                .field("token", token)
                .finish(),
            Self::Wrapped(_) => f.write_str("Wrapped"),
            Self::Unwrapped(_) => f.write_str("Unwrapped"),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
        }
    }
}

/// The beginning of a text that has at most so many bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn printable(text: &[u8]) -> Result<Box<str>, Malformed> {
    let text = std::str::from_utf8(text).map_err(|_| Malformed::Body("a text is not UTF-8"))?;
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    Ok(text.chars().map(clean).collect::<String>().into())
}
