//! Decisions as pure functions: which model group a name means, in which order its deployments are
//! tried, and whether a fault is worth another try. No clock, no I/O, no randomness of its own.

pub mod access;

mod calendar;
mod cycle;
mod grant;
mod key_bounds;
mod key_life;
mod pattern;
mod period;
mod retry;
mod route;
mod spending;

pub use calendar::{parse_timestamp, timestamp};
pub use cycle::{Cycle, Span};
pub use grant::{
    Asked, Compiled, Explanation, Grant, Hours, InvalidGrant, KeyType, Line, Link, Narrowest,
    Reason, Refusal, RouteGroup, Rule, Surroundings, Unset, Verdict, Which, Wider, allows_model,
    allows_region, check, explain, limits, narrowest, subset,
};
pub use key_bounds::KeyBounds;
pub use key_life::{KeyLife, Life, SecretLife, TooLong};
pub use pattern::Pattern;
pub use period::{InvalidPeriod, Period};
pub use retry::{Backoff, Next, decide};
pub use route::{Candidate, order};
pub use spending::{ModelBudget, Spending, Window};
