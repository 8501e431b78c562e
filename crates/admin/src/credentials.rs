//! Provider credentials: `/credentials`, LiteLLM's `credential_endpoints`.
//!
//! What differs from LiteLLM, on purpose:
//!
//! - Values are write-only. Answers show a fingerprint and the age of each, and in the clear only
//!   what is known to be no secret.
//! - A secret stays with the address that it was given for: a change of the address takes the
//!   secrets with it, unless they are sent again.
//! - A credential cannot be renamed: its values are sealed for its name. One that a deployment uses
//!   cannot be deleted.

pub(crate) mod answers;
mod change;
mod check;
mod show;

pub(crate) use change::{NewCredential, UpdateCredential, create, delete, update};
pub(crate) use show::{ListCredentials, list, show_of_model, show_one};
