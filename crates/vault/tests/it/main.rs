//! The backends against real services, and against services that misbehave.

#![cfg(test)]

mod aws;
mod bench;
mod failures;
mod gcp;
mod transit;
