//! Whether everything that a key names is there and fits together. Asked after the actor was
//! permitted to use the places it names, so that nobody finds out which ids there are.

use ironward_core::Role;
use ironward_policy::{Grant, Spending};
use ironward_store::objects::{Key, Metadata, Owner, User};
use ironward_store::{Change, Directory};

use crate::call::Call;
use crate::fault::Refusal;

/// Checks them, and fills in the team that comes with a project or a service account. The result
/// are the changes that have to go with the key's.
///
/// # Errors
/// 400.
pub(super) fn check_places(
    call: &Call<'_>,
    key: &mut Key,
    is_new_account: bool,
) -> Result<Vec<Change>, Refusal> {
    let directory = call.plane.directory();
    // Who may use the one place that they name learns nothing of another: one that belongs
    // elsewhere is no more there than one that is nowhere.
    let sees_all = call.actor.is_administrator();
    check_project(&directory, key, sees_all)?;
    if !is_new_account {
        check_account(&directory, key, sees_all)?;
    }
    check_team(&directory, key, sees_all)?;
    check_names(&directory, key)?;
    match new_owner(&directory, key) {
        Some(_) if !call.actor.is_administrator() => Err(bad(
            "user_id",
            "User doesn't exist; create them with /user/new first",
        )),
        change => Ok(change.into_iter().collect()),
    }
}

fn bad(param: &'static str, message: impl Into<Box<str>>) -> Refusal {
    Refusal::bad_request(message).with_param(param)
}

fn check_project(directory: &Directory, key: &mut Key, sees_all: bool) -> Result<(), Refusal> {
    let Some(id) = &key.project else {
        return Ok(());
    };
    let none = || bad("project_id", format!("Project doesn't exist. Project={id}"));
    let project = directory.projects.find(id.as_str()).ok_or_else(none)?;
    let team = key.team.get_or_insert_with(|| project.object.team.clone());
    match *team == project.object.team {
        true => Ok(()),
        false if sees_all => Err(bad("project_id", "the project belongs to another team")),
        false => Err(none()),
    }
}

fn check_account(directory: &Directory, key: &mut Key, sees_all: bool) -> Result<(), Refusal> {
    let Owner::ServiceAccount(id) = &key.owner else {
        return Ok(());
    };
    let none = || {
        let message = format!("Service account doesn't exist. Agent={id}");
        bad("agent_id", message)
    };
    let account = directory.service_accounts.find(id.as_str());
    let account = account.ok_or_else(none)?;
    let team = key.team.get_or_insert_with(|| account.object.team.clone());
    match *team == account.object.team {
        true => Ok(()),
        false if sees_all => Err(bad(
            "agent_id",
            "the service account belongs to another team",
        )),
        false => Err(none()),
    }
}

fn check_team(directory: &Directory, key: &Key, sees_all: bool) -> Result<(), Refusal> {
    let no_organisation = |id: &str| {
        let message = format!("Organization doesn't exist. Organization={id}");
        bad("organization_id", message)
    };
    if let Some(id) = &key.organisation
        && directory.organisations.find(id.as_str()).is_none()
    {
        return Err(no_organisation(id.as_str()));
    }
    let Some(id) = &key.team else {
        return Ok(());
    };
    let team = directory.teams.find(id.as_str()).ok_or_else(|| {
        let message =
            format!("Team doesn't exist in db. Team={id}. Create team via `/team/new` call.");
        bad("team_id", message)
    })?;
    if let (Some(of_key), Some(of_team)) = (&key.organisation, &team.object.organisation)
        && of_key != of_team
    {
        if !sees_all {
            return Err(no_organisation(of_key.as_str()));
        }
        return Err(bad(
            "organization_id",
            "the team belongs to another organization",
        ));
    }
    if let Owner::User(user) = &key.owner
        && !team
            .object
            .members
            .iter()
            .any(|member| member.user == *user)
    {
        let message =
            format!("User={user} not assigned to team={id}; add them with /team/member_add first");
        return Err(bad("user_id", message));
    }
    Ok(())
}

fn check_names(directory: &Directory, key: &Key) -> Result<(), Refusal> {
    if let Some(budget) = &key.spending.budget_id
        && directory.budgets.find(budget).is_none()
    {
        return Err(bad(
            "budget_id",
            format!("Budget doesn't exist. Budget={budget}"),
        ));
    }
    let mut groups = key.grant.access_groups.iter();
    if let Some(group) = groups.find(|group| directory.access_groups.find(group).is_none()) {
        let message = format!("Access group doesn't exist. Group={group}");
        return Err(bad("access_group_ids", message));
    }
    Ok(())
}

/// LiteLLM takes keys for users that it has never heard of. Here every key has an owner that can be
/// blocked, so an administrator's key for a new user makes the user, with the least role.
fn new_owner(directory: &Directory, key: &Key) -> Option<Change> {
    let Owner::User(id) = &key.owner else {
        return None;
    };
    if directory.users.find(id.as_str()).is_some() {
        return None;
    }
    let user = User {
        email: None,
        alias: None,
        role: Role::InternalUserViewer,
        organisations: Vec::new(),
        grant: Grant::default(),
        spending: Spending::default(),
        sso_user_id: None,
        identities: Vec::new(),
        metadata: Metadata::new(),
        kept: Metadata::new(),
        origin: key.origin.clone(),
    };
    Some(Change::create(id, &user))
}
