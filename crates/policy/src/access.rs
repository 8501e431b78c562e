//! The management plane's authorisation: one table of routes, and nothing else decides.

mod decide;
mod route;
mod standing;

pub use decide::{Denial, Permission, authorise, decide, may_call, may_give};
pub use route::{Effect, Method, Route, Row};
pub use standing::{Actor, Ownership, Place, Seat, Standing, Target};

#[cfg(test)]
mod tests;
