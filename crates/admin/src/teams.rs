//! Teams: `/team/*`, LiteLLM's `team_endpoints.py`.
//!
//! What differs from LiteLLM, on purpose:
//!
//! - A team's administrators lower its limits; only who could make the team raises them, moves it,
//!   or gives it models.
//! - A member is a user who is there: only an administrator's request makes one on the way.
//! - A new member gets the team's defaults as they are then.
//! - A team that somebody may not see is answered like one that is not there.

pub(crate) mod answers;
mod block;
mod change;
mod create;
mod delete;
mod fields;
mod find;
mod list;
mod members;
mod models;
mod permissions;
mod show;

pub(crate) use block::{NamedTeam, block, unblock};
pub(crate) use change::{PatchTeam, UpdateTeam, patch, update};
pub(crate) use create::{NewTeam, create};
pub(crate) use delete::{DeleteTeams, delete};
pub(crate) use fields::{KEPT, Permission, paths};
pub(crate) use find::{seen, target};
pub(crate) use list::{ListTeams, PageTeams, list, list_paged};
pub(crate) use members::{
    AddMembers, RemoveMember, UpdateMember, add_members, member, remove_member, update_member,
};
pub(crate) use models::{ChangeModels, add_models, delete_models};
pub(crate) use permissions::{ChangePermissions, show_permissions, update_permissions};
pub(crate) use show::{ShowTeam, row, show};
