//! End users: `/customer/*`, also as `/end_user/*`, LiteLLM's `customer_endpoints.py`.
//!
//! As LiteLLM: blocking a customer who is not there yet makes them, so that the first call on their
//! behalf is refused already.

pub(crate) mod answers;
mod change;
mod fields;
mod show;

pub(crate) use change::{
    NamedCustomers, NewCustomer, UpdateCustomer, block, create, delete, unblock, update,
};
pub(crate) use show::{ListCustomers, ShowCustomer, list, show};
