//! The store over both databases: each subject runs the same cases over `SQLite` and `PostgreSQL`.
#![cfg(test)]

mod faults;
mod feed;
mod fixture;
mod resume;
mod rewrap;
mod snapshots;
mod tampering;
mod uses;
mod write;
