use ironward_core::Id;
use ironward_store::objects::{Key, Kind, Owner, Team};

use super::plan::Plan;

/// Whether the places of a key fit together: where they do not, nobody would be let in by it. It gets
/// the team that comes with a project or a service account.
///
/// # Errors
/// Where two of them contradict each other.
pub(super) fn check(plan: &mut Plan, shown: &str, key: &mut Key) -> Result<(), String> {
    let project = key.project.as_ref().map(Id::as_str);
    let project = project.and_then(|id| plan.home(Kind::Project, id));
    join(&mut key.team, project).map_err(|()| "its project belongs to another team")?;
    if let Owner::ServiceAccount(account) = &key.owner {
        let home = plan.home(Kind::ServiceAccount, account.as_str());
        join(&mut key.team, home).map_err(|()| "its agent belongs to another team")?;
    }
    let Some(team) = key.team.as_ref().and_then(|id| plan.team(id.as_str())) else {
        return Ok(());
    };
    if let (Some(of_key), Some(of_team)) = (&key.organisation, &team.organisation)
        && of_key.as_str() != &**of_team
    {
        return Err("its team belongs to another organization".to_owned());
    }
    if let Owner::User(user) = &key.owner
        && !team.members.contains(user.as_str())
    {
        // LiteLLM lets administrators make keys in teams that they are not in. Here a person's key
        // in a team needs their place in it, which is more than they have.
        let why = format!(
            "its user {user} is no member of its team: it became the team's key, bound by what they \
             may do too"
        );
        key.creator = Some(user.clone());
        key.owner = Owner::Team;
        plan.note(Kind::Key, shown, why);
    }
    Ok(())
}

/// Puts the key into the team that one of its places belongs to.
fn join(team: &mut Option<Id<Team>>, home: Option<Id<Team>>) -> Result<(), ()> {
    let Some(home) = home else {
        return Ok(());
    };
    if *team.get_or_insert_with(|| home.clone()) == home {
        Ok(())
    } else {
        Err(())
    }
}
