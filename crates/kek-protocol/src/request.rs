use crate::fields::Fields;
use crate::frame::frame;
use crate::{Frame, Malformed, Plain};

/// What the gateway asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Which key is there, and whether it works.
    Describe,
    /// Something to be done with a key.
    Key {
        /// The key's name: one that is not this one does nothing.
        key: Box<str>,
        /// The version of the data key, which the wrapped one is bound to.
        version: u32,
        /// What is to be done.
        question: Question,
    },
}

/// What is to be done with the key.
#[derive(Clone, PartialEq, Eq)]
pub enum Question {
    /// Wrap this data key.
    Wrap(Plain),
    /// Unwrap what the key has wrapped.
    Unwrap(Vec<u8>),
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wrap(_) => "Wrap",
            Self::Unwrap(_) => "Unwrap",
        })
    }
}

const DESCRIBE: u8 = 1;
const WRAP: u8 = 2;
const UNWRAP: u8 = 3;

impl Request {
    /// The frame of it.
    ///
    /// # Errors
    /// When the key's name has more than 255 bytes, or what was wrapped is longer than a body.
    pub fn encode(&self) -> Result<Frame, Malformed> {
        let (key, version, question) = match self {
            Self::Describe => return frame(&[&[DESCRIBE]]),
            Self::Key {
                key,
                version,
                question,
            } => (key, version, question),
        };
        let length = u8::try_from(key.len());
        let length = length.map_err(|_| Malformed::Body("a key's name has at most 255 bytes"))?;
        let (kind, bytes) = match question {
            Question::Wrap(plain) => (WRAP, plain.as_slice()),
            Question::Unwrap(wrapped) => (UNWRAP, wrapped.as_slice()),
        };
        frame(&[
            &[kind, length],
            key.as_bytes(),
            &version.to_be_bytes(),
            bytes,
        ])
    }

    /// Reads a body.
    ///
    /// # Errors
    /// When it is none of a request.
    pub fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields(body);
        let kind = fields.byte()?;
        if kind == DESCRIBE {
            fields.end()?;
            return Ok(Self::Describe);
        }
        if kind != WRAP && kind != UNWRAP {
            return Err(Malformed::Body("there is no such request"));
        }
        let key = fields.text()?.into();
        let version = fields.number()?;
        let question = if kind == WRAP {
            Question::Wrap(fields.plain()?)
        } else {
            Question::Unwrap(fields.0.to_vec())
        };
        Ok(Self::Key {
            key,
            version,
            question,
        })
    }
}
