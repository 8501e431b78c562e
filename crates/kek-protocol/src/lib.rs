//! What the gateway and the process beside a hardware security module say to each other, over a Unix
//! socket. No I/O is done here.
//!
//! A connection carries one [`Request`] and one [`Reply`]. Each is a frame: a header of
//! [`HEADER`] bytes (a name, the protocol's version, the body's length) and a body of at most
//! [`MOST`] bytes. Numbers are big-endian. Nothing but data keys of 32 bytes can be wrapped, and
//! what they are bound to is a number: whoever speaks this has no other use of the module.

mod fields;
mod frame;
mod reply;
mod request;

pub use frame::{HEADER, MOST, Malformed, body_length};
pub use reply::{Failure, FailureKind, Reply};
pub use request::{Question, Request};

/// A data key in the clear; wiped when dropped.
pub type Plain = zeroize::Zeroizing<[u8; 32]>;

/// Bytes of a frame, which may hold a data key; wiped when dropped.
pub type Frame = zeroize::Zeroizing<Vec<u8>>;

#[cfg(test)]
mod tests;
