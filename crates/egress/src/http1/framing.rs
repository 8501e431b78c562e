use bytes::{Buf as _, Bytes};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};

use super::{Broken, Head, head::trim};

/// How many hexadecimal digits the size of a chunk may have.
const DIGITS: u8 = 16;

/// How long the extensions of one chunk may be, and all trailers together; neither is of use here.
const EXTENSIONS: u16 = 256;
const TRAILERS: u16 = 16 << 10;

/// Where a body ends, and how much of it is still to come (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are left; 0 when the body is over.
    Length(u64),
    Chunked(Chunked),
    /// It ends with the connection.
    UntilClose,
}

impl Framing {
    pub(super) const OVER: Self = Self::Length(0);

    /// The framing of the reply to a request of `method`.
    pub(super) fn of(head: &Head, is_1_1: bool, method: &Method) -> Result<Self, Broken> {
        let framing = match (is_chunked(&head.headers)?, length(&head.headers)?) {
            // Two peers on the way could believe one of them each.
            (true, Some(_)) => {
                return Err(Broken::Invalid(
                    "the reply has a content-length and a transfer-encoding",
                ));
            }
            (true, None) if !is_1_1 => {
                return Err(Broken::Invalid("a reply of HTTP/1.0 is chunked"));
            }
            (true, None) => Self::Chunked(Chunked::BEGIN),
            (false, Some(length)) => Self::Length(length),
            (false, None) => Self::UntilClose,
        };
        let has_none = head.status.is_informational()
            || matches!(
                head.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            )
            || method == Method::HEAD;
        Ok(if has_none { Self::OVER } else { framing })
    }

    /// Takes the next piece of the body off `unread`; `None` when more is needed, or the body is
    /// over.
    pub(super) fn take(&mut self, unread: &mut Bytes) -> Result<Option<Bytes>, Broken> {
        match self {
            Self::Length(left) => Ok(take_up_to(left, unread)),
            Self::Chunked(chunked) => {
                let piece = chunked.take(unread)?;
                if *chunked == Chunked::Over {
                    *self = Self::OVER;
                }
                Ok(piece)
            }
            Self::UntilClose => Ok((!unread.is_empty()).then(|| std::mem::take(unread))),
        }
    }

    /// The peer closed the connection: that is the end of the body, or too early.
    pub(super) fn close(&mut self) -> Result<(), Broken> {
        match self {
            Self::Length(0) | Self::UntilClose => {
                *self = Self::OVER;
                Ok(())
            }
            Self::Length(_) | Self::Chunked(_) => Err(Broken::Closed),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        *self == Self::OVER
    }

    /// How many bytes are left, when that was announced.
    pub(super) fn announced(&self) -> Option<u64> {
        match *self {
            Self::Length(left) => Some(left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }
}

/// Where the reader is within a chunked body (RFC 9112, 7.1). Every line ends in CR LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    Size {
        size: u64,
        digits: u8,
    },
    Extension {
        size: u64,
        length: u16,
    },
    SizeLf {
        size: u64,
    },
    Content {
        left: u64,
    },
    ContentCr,
    ContentLf,
    /// At the beginning of a line after the last chunk; `length` counts all trailers.
    TrailerStart {
        length: u16,
    },
    Trailer {
        length: u16,
    },
    TrailerLf {
        length: u16,
    },
    LastLf,
    Over,
}

impl Chunked {
    const BEGIN: Self = Self::Size { size: 0, digits: 0 };

    fn take(&mut self, unread: &mut Bytes) -> Result<Option<Bytes>, Broken> {
        let mut used = 0;
        for &byte in &*unread {
            if matches!(self, Self::Content { .. } | Self::Over) {
                break;
            }
            *self = self.step(byte)?;
            used += 1;
        }
        unread.advance(used);
        let Self::Content { left } = self else {
            return Ok(None);
        };
        let piece = take_up_to(left, unread);
        if *left == 0 {
            *self = Self::ContentCr;
        }
        Ok(piece)
    }

    /// What comes after `byte`, which is not of a chunk's content.
    fn step(self, byte: u8) -> Result<Self, Broken> {
        let next = match (self, byte) {
            (Self::Size { size, digits }, _) if byte.is_ascii_hexdigit() && digits < DIGITS => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                Self::Size {
                    size: size << 4 | digit,
                    digits: digits + 1,
                }
            }
            (Self::Size { size, digits: 1.. }, b'\r') => Self::SizeLf { size },
            (Self::Size { size, digits: 1.. }, b';' | b' ' | b'\t') => {
                Self::Extension { size, length: 1 }
            }
            (Self::Extension { size, .. }, b'\r') => Self::SizeLf { size },
            (Self::Extension { size, length }, _) if byte != b'\n' && length < EXTENSIONS => {
                Self::Extension {
                    size,
                    length: length + 1,
                }
            }
            (Self::SizeLf { size: 0 }, b'\n') => Self::TrailerStart { length: 0 },
            (Self::SizeLf { size }, b'\n') => Self::Content { left: size },
            (Self::ContentCr, b'\r') => Self::ContentLf,
            (Self::ContentLf, b'\n') => Self::BEGIN,
            (Self::TrailerStart { .. }, b'\r') => Self::LastLf,
            (Self::Trailer { length }, b'\r') => Self::TrailerLf { length },
            (Self::TrailerStart { length } | Self::Trailer { length }, _)
                if byte != b'\n' && length < TRAILERS =>
            {
                Self::Trailer { length: length + 1 }
            }
            (Self::TrailerLf { length }, b'\n') => Self::TrailerStart { length },
            (Self::LastLf, b'\n') => Self::Over,
            _ => return Err(Broken::Invalid("the chunks of the reply are not valid")),
        };
        Ok(next)
    }
}

/// Takes what there is of the `left` bytes that are to come.
fn take_up_to(left: &mut u64, unread: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(*left).map_or(unread.len(), |left| left.min(unread.len()));
    *left -= length as u64;
    (length > 0).then(|| unread.split_to(length))
}

/// Whether the body is chunked. Another coding is refused: `identity` is history, and nothing else
/// was offered.
fn is_chunked(headers: &HeaderMap) -> Result<bool, Broken> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(true),
        _ => Err(Broken::Invalid("the transfer-encoding is not just chunked")),
    }
}

/// The announced length. It may be said twice, if it is said twice the same.
fn length(headers: &HeaderMap) -> Result<Option<u64>, Broken> {
    let mut length = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        let one = number(value.as_bytes())
            .filter(|one| length.is_none_or(|other| other == *one))
            .ok_or(Broken::Invalid("the content-length is not one number"))?;
        length = Some(one);
    }
    Ok(length)
}

/// Digits, and nothing but digits: `u64::from_str` would take a `+`.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Whether the peer takes another request after this reply.
pub(super) fn keeps_alive(headers: &HeaderMap, is_1_1: bool) -> bool {
    let says = |word: &[u8]| {
        let lines = headers.get_all(CONNECTION).iter();
        lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .any(|option| trim(option).eq_ignore_ascii_case(word))
    };
    !says(b"close") && (is_1_1 || says(b"keep-alive"))
}

#[cfg(test)]
mod tests;
