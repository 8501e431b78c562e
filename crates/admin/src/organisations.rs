//! Tenants: `/organization/*`, LiteLLM's `organization_endpoints.py`.
//!
//! What differs from LiteLLM, on purpose:
//!
//! - An organisation's budget is its own; none is made beside it.
//! - Its administrators add people whom they administer already, or make new ones with `/user/new`.
//!   Only an administrator of the proxy brings in anybody else.

pub(crate) mod answers;
mod change;
mod fields;
mod members;
mod show;

pub(crate) use change::{
    DeleteOrganisations, NewOrganisation, UpdateOrganisation, create, delete, update,
};
pub(crate) use fields::KEPT;
pub(crate) use members::{
    AddMembers, RemoveMember, UpdateMember, add_members, remove_member, update_member,
};
pub(crate) use show::{ListOrganisations, ShowOrganisation, list, show};
