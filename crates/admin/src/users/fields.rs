use ironward_core::Role;
use ironward_policy::access::may_give;
use ironward_store::objects::{Metadata, User};
use serde_json::{Value, json};

use crate::call::Call;
use crate::fault::Refusal;
use crate::fields::{GrantFields, Kept, KeptField, Spend, SpendingFields, Unset};
use crate::identities::Identity;
use crate::request::{Field, Fields, FromJson, Name, Place, Problems, Shape, choice};

/// LiteLLM's fields of users that have no effect yet.
pub(crate) const KEPT: [KeptField; 9] = [
    KeptField::new("allowed_cache_controls", Unset::List),
    KeptField::new("budget_fallbacks", Unset::Object),
    KeptField::new("config", Unset::Object),
    KeptField::new("guardrails", Unset::Null),
    KeptField::new("mcp_rpm_limit", Unset::Null),
    KeptField::new("permissions", Unset::Object),
    KeptField::new("policies", Unset::List),
    KeptField::new("prompts", Unset::Null),
    KeptField::new("tag_rpm_limit", Unset::Null),
];

/// Those of them that are taken from administrators only.
const FOR_ADMINISTRATORS: [&str; 1] = ["permissions"];

/// What making and changing a user have in common.
pub(super) struct UserFields {
    alias: Field<Name>,
    role: Field<UserRole>,
    sso_id: Field<Name>,
    identities: Field<Vec<Identity>>,
    metadata: Field<Metadata>,
    grant: GrantFields,
    spending: SpendingFields,
    spend: Spend,
    kept: Kept,
}

impl Shape for UserFields {
    fn read(fields: &mut Fields<'_>) -> Self {
        let password: Option<Value> = fields.optional("password");
        if password.is_some() {
            fields.wrong(
                "password",
                "value_error",
                "there are no passwords: people sign in with the identity provider",
            );
        }
        Self {
            alias: fields.take("user_alias"),
            role: fields.take("user_role"),
            sso_id: fields.take("sso_user_id"),
            identities: fields.take("identities"),
            metadata: fields.take("metadata"),
            grant: GrantFields::read(fields),
            spending: SpendingFields::read(fields),
            spend: Spend::read(fields),
            kept: Kept::read(fields, &KEPT),
        }
    }
}

impl UserFields {
    /// Changes what the request names.
    ///
    /// # Errors
    /// 403 for a role that the actor may not give, and for fields that only administrators set.
    pub(super) fn apply(self, call: &Call<'_>, user: &mut User) -> Result<(), Refusal> {
        if !call.actor.is_administrator() {
            let permissions = self.kept.first_given(&FOR_ADMINISTRATORS);
            // Who signs in as the user is not theirs to say.
            let sso_id = self.sso_id.is_given().then_some("sso_user_id");
            if let Some(name) = permissions.or(sso_id) {
                let message = format!("Only proxy admin can set '{name}'");
                return Err(Refusal::forbidden(message).with_param(name));
            }
        }
        let role = match self.role {
            Field::Absent => user.role,
            Field::Null => Role::InternalUserViewer,
            Field::Value(UserRole(role)) => role,
        };
        if role != user.role {
            check_role(call, role)?;
            user.role = role;
        }
        self.alias.map(Name::into_text).apply(&mut user.alias);
        self.sso_id
            .map(Name::into_text)
            .apply(&mut user.sso_user_id);
        let identities = self.identities.map(|identities| {
            let identities = identities.into_iter().map(|identity| identity.0);
            identities.collect()
        });
        identities.apply_or_default(&mut user.identities);
        self.metadata.apply_or_default(&mut user.metadata);
        self.grant.apply(&mut user.grant, &mut user.kept);
        self.spending.apply(&mut user.spending, call.now);
        self.spend.apply(call, &mut user.kept)?;
        self.kept.apply(&mut user.kept);
        Ok(())
    }
}

/// Whether the actor may give a role in the whole gateway.
///
/// # Errors
/// 403.
pub(super) fn check_role(call: &Call<'_>, role: Role) -> Result<(), Refusal> {
    if call.actor.with(|actor| may_give(actor, role, None)) {
        return Ok(());
    }
    let message = format!("you may not give the role {}", role.as_str());
    Err(Refusal::forbidden(message).with_param("user_role"))
}

/// A role in the whole gateway: LiteLLM's, and those of Ironward that LiteLLM has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UserRole(pub(super) Role);

const ROLES: [Role; 6] = [
    Role::ProxyAdmin,
    Role::ProxyAdminViewer,
    Role::InternalUser,
    Role::InternalUserViewer,
    Role::Auditor,
    Role::Operator,
];

impl FromJson for UserRole {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let words = ROLES.map(|role| (role.as_str(), Self(role)));
        choice(&value, at, problems, &words)
    }

    fn schema() -> Value {
        json!({"enum": ROLES.map(Role::as_str)})
    }
}
