//! Virtual keys: `/key/*`, LiteLLM's `key_management_endpoints.py`.
//!
//! What differs from LiteLLM, on purpose:
//!
//! - `token` and `token_id` are the key's id, which stays when its secret is rotated. A key is
//!   named in requests by its id, its plaintext, or, if it was imported, by LiteLLM's hash.
//! - No answer but the one that makes a secret holds it, not even where the request named the key
//!   by it.
//! - A key that somebody may not see is answered like one that is not there.
//! - A deleted key is gone: nothing of it is archived.

pub(crate) mod answers;
mod change;
mod delete;
mod draft;
mod explain;
mod fields;
mod find;
mod first;
mod generate;
mod list;
mod places;
mod regenerate;
mod secret;
mod service_account;
mod show;

pub(crate) use change::{
    NamedKey, ResetSpend, UpdateKey, UpdateKeys, block, reset_spend, unblock, update, update_many,
};
pub(crate) use delete::{DeleteKeys, delete};
pub(crate) use explain::{ExplainAccess, explain};
pub(crate) use fields::KeyFields;
pub(crate) use first::FirstKey;
pub(crate) use generate::{GenerateKey, generate};
pub(crate) use list::{ListAliases, ListKeys, list, list_aliases};
pub(crate) use regenerate::{RegenerateKey, regenerate};
pub(crate) use service_account::generate_for_service_account;
pub(crate) use show::{ShowKey, ShowKeys, check_health, row, show_many, show_one};
