//! The backends against real services, and against services that misbehave.

#![cfg(test)]

mod aws;
mod azure;
mod bench;
mod failures;
mod gcp;
mod pkcs11;
mod source;
mod transit;
