use ironward_core::Role::{self, Auditor, Operator, ProxyAdmin, ProxyAdminViewer};

use super::Ownership::{
    self, KeyOwner, MayUse, Myself, OrganisationAdmin, PersonalKey, TeamAdmin, TeamMember,
    TeamPermits,
};

use Effect::{Changes, Lists, Reads};

/// An HTTP method of the management plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// As it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What a route does to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It shows it.
    Reads,
    /// It shows one or many, and each only if the rule of this route allows it; whoever could be
    /// shown one at all may ask.
    Lists(Route),
    /// It makes, changes or removes it.
    Changes,
}

/// What the table says about one route.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The only method that it answers.
    pub method: Method,
    /// Its path template.
    pub path: &'static str,
    /// Other path templates of the same route.
    pub aliases: &'static [&'static str],
    /// What it does.
    pub effect: Effect,
    /// The roles that may, whatever the target.
    pub always: &'static [Role],
    /// What others have to be to the target: any one of these.
    pub owners: &'static [Ownership],
}

/// Changes what belongs to the whole gateway.
const ADMIN: &[Role] = &[ProxyAdmin];
/// Sees everything.
const VIEW: &[Role] = &[ProxyAdmin, ProxyAdminViewer];
/// A list: the rule is that of its items.
const ITEMS: &[Role] = &[];
/// Sees which deployments there are, to judge their health.
const HEALTH: &[Role] = &[ProxyAdmin, ProxyAdminViewer, Operator];
/// Sees how the gateway does, in numbers.
const NUMBERS: &[Role] = &[ProxyAdmin, ProxyAdminViewer, Auditor, Operator];

/// Nobody but those who always may.
const NOBODY: &[Ownership] = &[];
/// The team's or the organisation's administrators.
const TEAM: &[Ownership] = &[TeamAdmin, OrganisationAdmin];
/// The organisation's administrators.
const ORGANISATION: &[Ownership] = &[OrganisationAdmin];

/// Makes the enum, the list of all and the table out of the same lines, so that a route without a
/// rule, or one that is missing in the list, cannot be written.
macro_rules! routes {
    ($($name:ident, $method:ident $path:literal $aliases:expr,
       $effect:expr, $always:expr, $owners:expr;)*) => {
        /// A route of the management plane. What is not here does not exist.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Route {
            $(
                #[doc = concat!("`", $path, "`")]
                $name,
            )*
        }

        impl Route {
            /// Every route, in the order of the reference page.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What the table says about it.
            #[must_use]
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        method: Method::$method,
                        path: $path,
                        aliases: &$aliases,
                        effect: $effect,
                        always: $always,
                        owners: $owners,
                    },)*
                }
            }
        }
    };
}

// Stricter than LiteLLM, on purpose: a member of a team cannot change another person's key; nobody
// unblocks or resets what was set against themselves, changes their own user, or administers the
// organisation that bounds them; deployments, credentials, budgets, tags and customers, which
// belong to no tenant, are the gateway's administrators' alone.
#[rustfmt::skip]
routes! {
    KeyGenerate, Post "/key/generate" [], Changes, ADMIN, &[PersonalKey, TeamPermits, TeamAdmin, OrganisationAdmin];
    KeyGenerateForServiceAccount, Post "/key/service-account/generate" [], Changes, ADMIN, &[TeamPermits, TeamAdmin, OrganisationAdmin];
    KeyUpdate, Post "/key/update" [], Changes, ADMIN, &[PersonalKey, TeamPermits, TeamAdmin, OrganisationAdmin];
    KeyUpdateMany, Post "/key/bulk_update" [], Changes, ADMIN, NOBODY;
    KeyDelete, Post "/key/delete" [], Changes, ADMIN, &[KeyOwner, TeamPermits, TeamAdmin, OrganisationAdmin];
    KeyRegenerate, Post "/key/regenerate" ["/key/{key}/regenerate"], Changes, ADMIN, &[KeyOwner, TeamPermits, TeamAdmin, OrganisationAdmin];
    KeyBlock, Post "/key/block" [], Changes, ADMIN, &[KeyOwner, TeamPermits, TeamAdmin, OrganisationAdmin];
    KeyUnblock, Post "/key/unblock" [], Changes, ADMIN, TEAM;
    KeyResetSpend, Post "/key/{key}/reset_spend" [], Changes, ADMIN, TEAM;
    KeyRead, Get "/key/info" [], Reads, VIEW, &[KeyOwner, TeamPermits, TeamAdmin, OrganisationAdmin];
    KeyReadMany, Post "/v2/key/info" [], Lists(Route::KeyRead), ITEMS, NOBODY;
    KeyList, Get "/key/list" [], Lists(Route::KeyRead), ITEMS, NOBODY;
    KeyHealth, Post "/key/health" [], Reads, VIEW, &[KeyOwner, TeamAdmin, OrganisationAdmin];
    KeyAliases, Get "/key/aliases" [], Lists(Route::KeyRead), ITEMS, NOBODY;

    UserNew, Post "/user/new" [], Changes, ADMIN, ORGANISATION;
    UserUpdate, Post "/user/update" [], Changes, ADMIN, ORGANISATION;
    UserUpdateMany, Post "/user/bulk_update" [], Changes, ADMIN, NOBODY;
    UserDelete, Post "/user/delete" [], Changes, ADMIN, ORGANISATION;
    UserRead, Get "/user/info" [], Reads, VIEW, &[Myself, OrganisationAdmin];
    UserReadFlat, Get "/v2/user/info" [], Reads, VIEW, &[Myself, OrganisationAdmin];
    UserList, Get "/user/list" [], Lists(Route::UserRead), ITEMS, NOBODY;

    TeamNew, Post "/team/new" [], Changes, ADMIN, ORGANISATION;
    TeamUpdate, Post "/team/update" [], Changes, ADMIN, TEAM;
    TeamPatch, Patch "/team/{team}" [], Changes, ADMIN, TEAM;
    TeamDelete, Post "/team/delete" [], Changes, ADMIN, ORGANISATION;
    TeamBlock, Post "/team/block" [], Changes, ADMIN, ORGANISATION;
    TeamUnblock, Post "/team/unblock" [], Changes, ADMIN, ORGANISATION;
    TeamRead, Get "/team/info" [], Reads, VIEW, &[TeamMember, TeamAdmin, OrganisationAdmin];
    TeamList, Get "/team/list" [], Lists(Route::TeamRead), ITEMS, NOBODY;
    TeamListPaged, Get "/v2/team/list" [], Lists(Route::TeamRead), ITEMS, NOBODY;
    TeamMemberAdd, Post "/team/member_add" [], Changes, ADMIN, TEAM;
    TeamMemberUpdate, Post "/team/member_update" [], Changes, ADMIN, TEAM;
    TeamMemberDelete, Post "/team/member_delete" [], Changes, ADMIN, TEAM;
    TeamModelAdd, Post "/team/model/add" [], Changes, ADMIN, ORGANISATION;
    TeamModelDelete, Post "/team/model/delete" [], Changes, ADMIN, TEAM;
    TeamPermissionsRead, Get "/team/permissions_list" [], Reads, VIEW, &[TeamMember, TeamAdmin, OrganisationAdmin];
    TeamPermissionsUpdate, Post "/team/permissions_update" [], Changes, ADMIN, TEAM;

    OrganizationNew, Post "/organization/new" [], Changes, ADMIN, NOBODY;
    OrganizationUpdate, Patch "/organization/update" [], Changes, ADMIN, NOBODY;
    OrganizationDelete, Delete "/organization/delete" [], Changes, ADMIN, NOBODY;
    OrganizationRead, Get "/organization/info" [], Reads, VIEW, ORGANISATION;
    OrganizationList, Get "/organization/list" [], Lists(Route::OrganizationRead), ITEMS, NOBODY;
    OrganizationMemberAdd, Post "/organization/member_add" [], Changes, ADMIN, ORGANISATION;
    OrganizationMemberUpdate, Patch "/organization/member_update" [], Changes, ADMIN, ORGANISATION;
    OrganizationMemberDelete, Delete "/organization/member_delete" [], Changes, ADMIN, ORGANISATION;

    ProjectNew, Post "/project/new" [], Changes, ADMIN, TEAM;
    ProjectUpdate, Post "/project/update" [], Changes, ADMIN, TEAM;
    ProjectDelete, Delete "/project/delete" [], Changes, ADMIN, TEAM;
    ProjectRead, Get "/project/info" [], Reads, VIEW, &[TeamMember, TeamAdmin, OrganisationAdmin];
    ProjectList, Get "/project/list" [], Lists(Route::ProjectRead), ITEMS, NOBODY;

    ServiceAccountNew, Post "/service_account/new" [], Changes, ADMIN, TEAM;
    ServiceAccountUpdate, Post "/service_account/update" [], Changes, ADMIN, TEAM;
    ServiceAccountDelete, Post "/service_account/delete" [], Changes, ADMIN, TEAM;
    ServiceAccountRead, Get "/service_account/info" [], Reads, VIEW, &[Myself, TeamMember, TeamAdmin, OrganisationAdmin];
    ServiceAccountList, Get "/service_account/list" [], Lists(Route::ServiceAccountRead), ITEMS, NOBODY;

    CustomerNew, Post "/customer/new" ["/end_user/new"], Changes, ADMIN, NOBODY;
    CustomerUpdate, Post "/customer/update" ["/end_user/update"], Changes, ADMIN, NOBODY;
    CustomerDelete, Post "/customer/delete" ["/end_user/delete"], Changes, ADMIN, NOBODY;
    CustomerBlock, Post "/customer/block" ["/end_user/block"], Changes, ADMIN, NOBODY;
    CustomerUnblock, Post "/customer/unblock" ["/end_user/unblock"], Changes, ADMIN, NOBODY;
    CustomerRead, Get "/customer/info" ["/end_user/info"], Reads, VIEW, NOBODY;
    CustomerList, Get "/customer/list" ["/end_user/list"], Reads, VIEW, NOBODY;

    BudgetNew, Post "/budget/new" [], Changes, ADMIN, NOBODY;
    BudgetUpdate, Post "/budget/update" [], Changes, ADMIN, NOBODY;
    BudgetDelete, Post "/budget/delete" [], Changes, ADMIN, NOBODY;
    BudgetRead, Post "/budget/info" [], Reads, VIEW, NOBODY;
    BudgetSettings, Get "/budget/settings" [], Reads, VIEW, NOBODY;
    BudgetList, Get "/budget/list" [], Reads, VIEW, NOBODY;

    ModelNew, Post "/model/new" [], Changes, ADMIN, NOBODY;
    ModelUpdate, Post "/model/update" [], Changes, ADMIN, NOBODY;
    ModelPatch, Patch "/model/{model}/update" [], Changes, ADMIN, NOBODY;
    ModelDelete, Post "/model/delete" [], Changes, ADMIN, NOBODY;
    ModelBlock, Post "/model/block" [], Changes, ADMIN, NOBODY;
    ModelUnblock, Post "/model/unblock" [], Changes, ADMIN, NOBODY;
    ModelRead, Get "/model/info" ["/v1/model/info"], Lists(Route::ModelRead), HEALTH, &[MayUse];
    ModelReadPaged, Get "/v2/model/info" [], Lists(Route::ModelRead), ITEMS, NOBODY;
    ModelGroupRead, Get "/model_group/info" [], Lists(Route::ModelGroupRead), HEALTH, &[MayUse];
    SpendCalculate, Post "/spend/calculate" [], Reads, HEALTH, &[MayUse];

    CredentialNew, Post "/credentials" [], Changes, ADMIN, NOBODY;
    CredentialUpdate, Patch "/credentials/{credential}" [], Changes, ADMIN, NOBODY;
    CredentialDelete, Delete "/credentials/{credential}" [], Changes, ADMIN, NOBODY;
    CredentialList, Get "/credentials" [], Reads, VIEW, NOBODY;
    CredentialRead, Get "/credentials/by_name/{credential}" [], Reads, VIEW, NOBODY;
    CredentialOfModel, Get "/credentials/by_model/{model}" [], Reads, VIEW, NOBODY;

    AccessGroupNew, Post "/access_group/new" [], Changes, ADMIN, NOBODY;
    AccessGroupUpdate, Put "/access_group/{access_group}/update" [], Changes, ADMIN, NOBODY;
    AccessGroupDelete, Delete "/access_group/{access_group}/delete" [], Changes, ADMIN, NOBODY;
    AccessGroupRead, Get "/access_group/{access_group}/info" [], Reads, VIEW, NOBODY;
    AccessGroupList, Get "/access_group/list" [], Reads, VIEW, NOBODY;

    TagNew, Post "/tag/new" [], Changes, ADMIN, NOBODY;
    TagUpdate, Post "/tag/update" [], Changes, ADMIN, NOBODY;
    TagDelete, Post "/tag/delete" [], Changes, ADMIN, NOBODY;
    TagRead, Post "/tag/info" [], Reads, VIEW, NOBODY;
    TagList, Get "/tag/list" [], Reads, VIEW, NOBODY;

    AccessExplain, Get "/access/explain" [], Reads, VIEW, &[KeyOwner, TeamAdmin, OrganisationAdmin];
    OpenApi, Get "/openapi.json" [], Reads, VIEW, NOBODY;
    HealthDetails, Get "/health/readiness/details" [], Reads, HEALTH, NOBODY;
    MetricsRead, Get "/metrics" [], Reads, NUMBERS, NOBODY;
}

impl Route {
    /// Every path template of it, the first being the one that people read.
    pub fn paths(self) -> impl Iterator<Item = &'static str> {
        let Row { path, aliases, .. } = self.row();
        std::iter::once(path).chain(aliases.iter().copied())
    }

    /// The route whose rule decides about each object: its own, or that of a list's items.
    #[must_use]
    pub const fn judge(self) -> Self {
        match self.row().effect {
            Lists(item) => item,
            Reads | Changes => self,
        }
    }
}
