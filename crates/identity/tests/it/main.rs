//! Identities behind a real way out: an issuer of the test's own, and those that others wrote.
#![cfg(test)]

mod login;
mod own;
mod peer;
mod real;
