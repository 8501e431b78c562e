//! `ironward-pkcs11` against a token of `SoftHSM2`, and against whoever reaches its socket.

#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "a test that becomes another user runs a program that does"
)]

mod rig;
mod socket;
mod token;
