//! Service accounts: `/service_account/*`. An agent or another program has an account of its own,
//! which owns its keys; LiteLLM has no object for it.
//!
//! - An account stays in its team. Its limits are given and raised as those of a project are.
//! - Only administrators of the proxy say which tokens and certificates stand for an account: a
//!   team that could would take another one's programs, and what they say, for its own.

pub(crate) mod answers;
mod change;
mod fields;
mod show;

pub(crate) use change::{
    DeleteServiceAccounts, NewServiceAccount, UpdateServiceAccount, create, delete, update,
};
pub(crate) use show::{ListServiceAccounts, ShowServiceAccount, list, show};
