//! The store over both databases: each subject runs the same cases over `SQLite` and `PostgreSQL`.
#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests run on a fixed clock of their own"
)]

mod fixture;
mod tampering;
mod write;
