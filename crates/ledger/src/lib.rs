//! The ledger: budgets and limits that hold.
//!
//! A call reserves the most that it can cost before it is sent, from every counter that bounds it
//! or from none, and settles what it did cost afterwards. A counter never lets through a
//! reservation that passes its limit, however many calls come at once. Everything here is in
//! memory and takes no lock where calls pass; what is stored, and when, is for others to say.
//!
//! [`Ledger`] holds the counters by [`Scope`]; a [`Counter`] belongs to one [`Limit`] of a scope and
//! counts in one window of time after the other. `docs/ledger.md` says what happens at a window's
//! end.

mod ceiling;
mod charge;
mod counter;
mod crossing;
mod few;
mod ledger;
mod limit;
mod reservation;
mod scope;
mod standing;
mod sync;
mod window;

#[cfg(loom)]
#[cfg(test)]
mod interleavings;
#[cfg(not(loom))]
#[cfg(test)]
mod tests;

pub use ceiling::{Besides, Ceiling, Foreseen, NoCeiling};
pub use charge::Charge;
pub use counter::{Chain, Counter, Counters};
pub use crossing::Crossing;
pub use ledger::{Full, Ledger};
pub use limit::{Limit, Measure};
pub use reservation::{Refused, Reservation};
pub use scope::{Kind, Scope};
pub use standing::Standing;
