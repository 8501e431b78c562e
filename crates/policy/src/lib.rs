//! Decisions as pure functions: which model group a name means, in which order its deployments are
//! tried, and whether a fault is worth another try. No clock, no I/O, no randomness of its own.

mod pattern;
mod retry;
mod route;

pub use pattern::Pattern;
pub use retry::{Backoff, Next, decide};
pub use route::{Candidate, order};
