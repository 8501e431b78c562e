//! Whether what somebody gives a team, a person or a project lies within what they have.

use ironward_policy::{Grant, InvalidGrant, Link, Spending, Unset, Which, Wider, subset};
use ironward_store::Directory;

use crate::call::Call;
use crate::chain::compile;
use crate::fault::Refusal;
use crate::fields::looser;

/// What an object may do and spend.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'a> {
    pub(crate) grant: &'a Grant,
    pub(crate) spending: &'a Spending,
}

/// What goes on to bound an object whatever it says itself.
#[derive(Clone, Copy, Default)]
pub(crate) struct Above<'a> {
    pub(crate) organisation: Option<&'a str>,
    pub(crate) team: Option<&'a str>,
}

impl Above<'_> {
    fn has(self, link: &Link<'_>) -> bool {
        match link.which {
            Which::Organisation => self.organisation == Some(link.name),
            Which::Team => self.team == Some(link.name),
            _ => false,
        }
    }
}

impl Limits<'_> {
    /// Whether they mean something, and everything that they name is there.
    ///
    /// # Errors
    /// 400.
    pub(crate) fn check(self, directory: &Directory) -> Result<(), Refusal> {
        let Self { grant, spending } = self;
        compile(directory, grant, false).map_err(|error| invalid(&error))?;
        if let Some(budget) = &spending.budget_id
            && directory.budgets.find(budget).is_none()
        {
            let message = format!("Budget doesn't exist. Budget={budget}");
            return Err(Refusal::bad_request(message).with_param("budget_id"));
        }
        let mut groups = grant.access_groups.iter();
        if let Some(group) = groups.find(|group| directory.access_groups.find(group).is_none()) {
            let message = format!("Access group doesn't exist. Group={group}");
            return Err(Refusal::bad_request(message).with_param("access_group_ids"));
        }
        // As LiteLLM: an alert that comes with the end is none.
        if let (Some(soft), Some(most)) = (spending.soft_budget, spending.max_budget)
            && soft >= most
        {
            let message = "soft_budget has to be lower than max_budget";
            return Err(Refusal::bad_request(message).with_param("soft_budget"));
        }
        Ok(())
    }

    /// Whether the actor may give them to an object that is bounded by `above` too.
    ///
    /// # Errors
    /// 400 where they mean nothing, 403 where they are wider than the actor's own.
    pub(crate) fn check_given(self, call: &Call<'_>, above: Above<'_>) -> Result<(), Refusal> {
        self.check(&call.plane.directory())?;
        self.check_grant_given(call, above)?;
        if call.actor.is_administrator() {
            return Ok(());
        }
        let directory = call.plane.directory();
        let own = call.actor.key().and_then(|own| directory.keys.find(own));
        match own.and_then(|own| looser(self.spending, &own.object.whole().spending)) {
            None => Ok(()),
            Some(field) => Err(Refusal::forbidden(format!(
                "{field}: may not allow more than the key that it is given with"
            ))
            .with_param(field)),
        }
    }

    /// The grant alone.
    ///
    /// # Errors
    /// As [`Self::check_given`].
    pub(crate) fn check_grant_given(
        self,
        call: &Call<'_>,
        above: Above<'_>,
    ) -> Result<(), Refusal> {
        let Some(chain) = call
            .actor
            .chain()
            .filter(|_| !call.actor.is_administrator())
        else {
            return Ok(());
        };
        let directory = call.plane.directory();
        let given = compile(&directory, &endless(self.grant), false);
        let given = given.map_err(|error| invalid(&error))?;
        let (shared, own): (Vec<_>, Vec<_>) =
            chain.links().into_iter().partition(|link| above.has(link));
        subset(&given, &shared, Unset::Bounded).map_err(|error| wider(&error))?;
        subset(&given, &own, Unset::Unbounded).map_err(|error| wider(&error))
    }

    /// The first field in which these allow more than `old`.
    ///
    /// # Errors
    /// 400 where they mean nothing.
    pub(crate) fn raised_from(
        self,
        directory: &Directory,
        old: Limits<'_>,
    ) -> Result<Option<Box<str>>, Refusal> {
        let compiled = |grant| compile(directory, grant, false).map_err(|error| invalid(&error));
        let (new, before) = (compiled(self.grant)?, compiled(old.grant)?);
        let link = Link {
            which: Which::Team,
            name: "",
            grant: &before,
        };
        Ok(match subset(&new, &[link], Unset::Unbounded) {
            Err(wider) => Some(field(wider.rule.as_str()).into()),
            Ok(()) => self.spending.raised_from(old.spending).map(Into::into),
        })
    }
}

/// What is made with a key that ends does not end with it: its maker has to be there again for
/// every other change.
fn endless(grant: &Grant) -> Grant {
    Grant {
        expires: Some(0),
        ..grant.clone()
    }
}

fn wider(error: &Wider) -> Refusal {
    Refusal::forbidden(error.to_string()).with_param(field(error.rule.as_str()))
}

/// A grant that means nothing, by the name of its field in requests.
pub(crate) fn invalid(error: &InvalidGrant) -> Refusal {
    let field = field(error.field);
    Refusal::bad_request(format!("{field}: an item {}", error.why)).with_param(field)
}

fn field(name: &'static str) -> &'static str {
    match name {
        "routes" => "allowed_routes",
        "access_groups" => "access_group_ids",
        name => name,
    }
}
