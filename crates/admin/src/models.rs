//! Deployments and their prices: `/model/*` and `/model_group/info`, LiteLLM's
//! `model_management_endpoints.py`, and `/spend/calculate`.
//!
//! What differs from LiteLLM, on purpose:
//!
//! - Secret parameters are sealed each for its place and never shown, not even in part. Headers are
//!   sealed whole.
//! - A secret stays with the address that it was given for. A deployment has secrets and an address
//!   of its own or names a credential, not both.
//! - What is stored is checked as an entry of the configuration's `model_list` is; what has no
//!   effect is said in `notices`.
//! - Whoever is not an administrator is shown only what a client needs, of models that their grants
//!   allow.

pub(crate) mod answers;
mod calculate;
mod change;
mod check;
mod configured;
mod draft;
mod find;
mod groups;
mod list;
mod listed;
mod prices;
mod show;

pub(crate) use calculate::{CalculateSpend, calculate};
pub(crate) use change::{
    BlockModel, DeleteModel, NewModel, PatchModel, UpdateModel, block, create, delete, patch,
    unblock, update,
};
pub use configured::ConfiguredModel;
pub(crate) use groups::{ShowGroups, show_groups};
pub(crate) use list::{ListModels, ShowModels, list, show};
pub(crate) use listed::count;
