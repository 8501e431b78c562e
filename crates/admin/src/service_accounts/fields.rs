use ironward_core::Id;
use ironward_store::Directory;
use ironward_store::objects::{Metadata, ServiceAccount};

use crate::answer::{Row, time};
use crate::call::Call;
use crate::fault::Refusal;
use crate::fields::{GrantFields, SpendingFields};
use crate::identities::{Identity, shown};
use crate::request::{Field, Fields, Name, Shape};
use crate::target::Target;
use crate::teams;

/// What making and changing a service account have in common.
pub(super) struct AccountFields {
    alias: Field<Name>,
    pub(super) team: Field<Name>,
    identities: Field<Vec<Identity>>,
    metadata: Field<Metadata>,
    grant: GrantFields,
    spending: SpendingFields,
}

impl Shape for AccountFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            alias: fields.take("service_account_alias"),
            team: fields.take("team_id"),
            identities: fields.take("identities"),
            metadata: fields.take("metadata"),
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
        }
    }
}

impl AccountFields {
    /// Changes what the request names. An account always has a team.
    pub(super) fn apply(self, call: &Call<'_>, account: &mut ServiceAccount) {
        self.alias
            .map(Name::into_text)
            .apply_or_default(&mut account.alias);
        if let Field::Value(team) = self.team {
            account.team = Id::new(team.as_str());
        }
        let identities = self.identities.map(|identities| {
            let identities = identities.into_iter().map(|identity| identity.0);
            identities.collect()
        });
        identities.apply_or_default(&mut account.identities);
        self.metadata.apply_or_default(&mut account.metadata);
        self.grant.apply(&mut account.grant, &mut account.kept);
        self.spending.apply(&mut account.spending, call.now);
    }
}

/// An account is its team's, and the program's whose it is.
pub(super) fn target(directory: &Directory, id: Option<&str>, account: &ServiceAccount) -> Target {
    let mut target = teams::target(directory, account.team.as_str());
    target.service_account = id.map(Into::into);
    target
}

pub(super) fn missing() -> Refusal {
    Refusal::not_found("Service account not found in database").with_param("service_account_id")
}

/// An account, as answers show one.
pub(super) fn row(id: &str, account: &ServiceAccount) -> Row {
    let mut row = Row::default();
    row.put("service_account_id", id)
        .put("service_account_alias", &account.alias);
    row.put("team_id", account.team.as_str());
    row.put("identities", shown(&account.identities));
    GrantFields::show(&account.grant, &account.kept, &mut row);
    SpendingFields::show(&account.spending, &mut row);
    row.put("metadata", &account.metadata);
    row.put("created_at", time(account.origin.created_at))
        .put("created_by", &account.origin.created_by);
    row.put("updated_at", time(account.origin.updated_at))
        .put("updated_by", &account.origin.updated_by);
    row
}
