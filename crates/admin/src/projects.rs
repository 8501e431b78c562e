//! Projects: `/project/*`, LiteLLM's `project_endpoints.py`.
//!
//! What differs from LiteLLM, on purpose: a project's limits lie within what its maker has, and
//! only who could raise the team's raises those of a project.

pub(crate) mod answers;
mod change;
mod fields;
mod show;

pub(crate) use change::{DeleteProjects, NewProject, UpdateProject, create, delete, update};
pub(crate) use show::{ListProjects, ShowProject, list, show};
