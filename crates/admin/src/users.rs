//! People: `/user/*`, LiteLLM's `internal_user_endpoints.py`.
//!
//! What differs from LiteLLM, on purpose:
//!
//! - Who says no role gets the least one. Nobody changes their own user.
//! - The key that comes with a user has no limits of its own: the user's bound it, also later.
//! - There are no passwords.
//! - A user that somebody may not see is answered like one that is not there.

pub(crate) mod answers;
mod bulk;
mod change;
mod create;
mod delete;
mod fields;
mod find;
mod list;
mod show;

pub(crate) use bulk::{UpdateUsers, update_many};
pub(crate) use change::{UpdateUser, update};
pub(crate) use create::{NewUser, create};
pub(crate) use delete::{DeleteUsers, delete};
pub(crate) use fields::KEPT;
pub(crate) use find::target;
pub(crate) use list::{ListUsers, list};
pub(crate) use show::{ShowUser, row, show, show_flat, teams_of};
