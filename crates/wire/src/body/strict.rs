//! Two readers of the same grammar. [`scan()`] goes over the bytes once and gives the place of each
//! top-level value; it can say no, but not why. [`walk`] has `serde_json` read the document twice,
//! which takes several times as long. It runs when `scan` has said no, and gives the error its
//! words, its line and its column. What `scan` refuses stays refused, whatever `walk` says.
//!
//! Both refuse bad UTF-8, bad escapes, lone surrogates, numbers that overflow an `f64`, 128 levels,
//! anything after the object, and an object that holds a key twice. Property tests and the fuzz
//! target `body_read` hold them against each other.

mod keys;
mod scan;
mod string;
mod walk;
mod words;

use serde::de::Error as _;

use super::Read;
use scan::{Refused, scan};
pub(super) use words::Words;

/// Checks that `bytes` are one JSON value that every reader reads alike: no duplicate key at any
/// depth, no lone surrogate, no number out of range, fewer than 128 levels, nothing after it. For
/// small texts off the way of a call: it takes the walk.
///
/// # Errors
/// What is wrong, with line and column.
pub fn check_strict(bytes: &[u8]) -> Result<(), serde_json::Error> {
    walk::check(bytes)
}

/// The top-level fields of the one object that `bytes` has to be, and the short texts in it.
pub(super) fn read_object(bytes: &[u8]) -> Result<Read, serde_json::Error> {
    scan(bytes).map_err(|refused| reason(bytes, &refused))
}

/// What fuzzing holds [`read_object`] against.
#[cfg(fuzzing)]
pub(super) fn read_object_by_walk(bytes: &[u8]) -> Result<Read, serde_json::Error> {
    Ok((walk::read_object(bytes)?, Words::ANY))
}

#[cold]
fn reason(bytes: &[u8], refused: &Refused) -> serde_json::Error {
    match walk::read_object(bytes) {
        Err(error) => error,
        Ok(_) => {
            let (before, _) = bytes.split_at_checked(refused.at).unwrap_or((bytes, b""));
            let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
            let line = 1 + memchr::memchr_iter(b'\n', before).count();
            let column = before.len() - line_start;
            // `serde_json` takes the place out of the text and keeps it as its own errors' place.
            serde_json::Error::custom(format_args!("unreadable at line {line} column {column}"))
        }
    }
}

#[cfg(test)]
mod tests;
