//! `ironward team`.

use clap::ValueEnum;
use serde_json::{Number, json};

use super::admin_port::Request;
use super::body::Body;
use super::fields::LimitArgs;
use super::key::count;
use super::page::PageArgs;
use super::view::{Column, View};
use super::{Manage, Verb};
use crate::exit::Failure;

pub(crate) type Args = Manage<TeamVerb>;

/// What can be done to teams.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum TeamVerb {
    /// Make a team.
    Create(Create),
    /// List teams.
    List(List),
    /// Show everything about a team.
    Show(Named),
    /// Change a team; what is not named stays.
    Update(Update),
    /// Let no key of a team in any more.
    Block(Named),
    /// Let the keys of a blocked team in again.
    Unblock(Named),
    /// Delete teams with their projects, service accounts and keys, for good.
    Delete(Several),
    /// Take a person into a team.
    AddMember(AddMember),
    /// Take a person out of a team and delete the keys that they have in it.
    RemoveMember(Member),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The id, where it is not to be drawn.
    #[arg(long, value_name = "ID", help_heading = "Fields")]
    id: Option<String>,

    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    team: Named,

    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(crate) struct Fields {
    /// What people call it.
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,

    /// The organization that it belongs to.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,

    #[command(flatten)]
    limits: LimitArgs,
}

impl Fields {
    fn write(&self, body: &mut Body) -> Result<(), Failure> {
        body.put("team_alias", self.alias.as_deref())
            .put("organization_id", self.organization.as_deref());
        self.limits.write(body)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The team's id.
    #[arg(value_name = "TEAM")]
    team: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Several {
    /// The teams' ids.
    #[arg(value_name = "TEAM", required = true)]
    teams: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Member {
    /// The team's id.
    #[arg(value_name = "TEAM")]
    team: String,

    /// The person's id.
    #[arg(value_name = "USER", required_unless_present = "email")]
    user: Option<String>,

    /// Their address, instead of their id.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "user")]
    email: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddMember {
    #[command(flatten)]
    member: Member,

    /// What they are in the team.
    #[arg(long, value_enum, default_value_t = Role::User)]
    role: Role,

    /// The most that they may spend in the team, in US dollars.
    #[arg(long, value_name = "USD")]
    max_budget: Option<Number>,

    /// After how long that budget starts anew: 30d, 1mo.
    #[arg(long, value_name = "PERIOD")]
    budget_duration: Option<String>,

    /// The models that they may use in the team, separated by commas.
    #[arg(long, value_name = "MODEL", value_delimiter = ',')]
    models: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// Administers the team.
    Admin,
    /// Uses it.
    User,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Those of an organization.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,

    /// Those that a person is in.
    #[arg(long, value_name = "ID")]
    user: Option<String>,

    /// Those whose alias or id has this in it.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,

    #[command(flatten)]
    page: PageArgs,
}

const COLUMNS: &[Column] = &[
    ("id", &["/team_id"]),
    ("alias", &["/team_alias"]),
    ("organization", &["/organization_id"]),
    ("members", &["/members_count"]),
    ("models", &["/models"]),
    ("budget", &["/max_budget"]),
    ("blocked", &["/blocked"]),
];

const FIRST: &[&str] = &["team_id", "team_alias", "organization_id", "models"];

impl Verb for TeamVerb {
    fn request(&self) -> Result<Request, Failure> {
        let record = |at| View::Record { at, first: FIRST };
        let done = |named: &Named, what: &str| View::Done(format!("team {} {what}", named.team));
        Ok(match self {
            Self::Create(create) => {
                let mut body = Body::default();
                body.put("team_id", create.id.as_deref());
                create.fields.write(&mut body)?;
                Request::post("/team/new", body.into_value(), record(""))
            }
            Self::List(list) => list.request(),
            Self::Show(named) => {
                Request::get("/team/info", record("/team_info")).query("team_id", Some(&named.team))
            }
            Self::Update(update) => {
                let mut body = Body::default();
                body.put("team_id", Some(update.team.team.as_str()));
                update.fields.write(&mut body)?;
                let done = done(&update.team, "is changed");
                Request::post("/team/update", body.into_value(), done)
            }
            Self::Block(named) => {
                let body = json!({"team_id": named.team});
                Request::post("/team/block", body, done(named, "is blocked"))
            }
            Self::Unblock(named) => {
                let body = json!({"team_id": named.team});
                Request::post("/team/unblock", body, done(named, "is let in again"))
            }
            Self::Delete(several) => {
                let done = View::Done(format!("{} deleted", count(several.teams.len(), "team")));
                Request::post("/team/delete", json!({"team_ids": several.teams}), done)
            }
            Self::AddMember(add) => add.request(),
            Self::RemoveMember(member) => {
                let mut body = Body::default();
                body.put("team_id", Some(member.team.as_str()))
                    .put("user_id", member.user.as_deref())
                    .put("user_email", member.email.as_deref());
                let done = member.done("is no member of");
                Request::post("/team/member_delete", body.into_value(), done)
            }
        })
    }
}

impl Member {
    fn done(&self, what: &str) -> View {
        let person = self.user.as_deref().or(self.email.as_deref());
        let person = person.unwrap_or_default();
        View::Done(format!("{person} {what} team {} now", self.team))
    }
}

impl AddMember {
    fn request(&self) -> Request {
        let role = match self.role {
            Role::Admin => "admin",
            Role::User => "user",
        };
        let mut member = Body::default();
        member
            .put("role", Some(role))
            .put("user_id", self.member.user.as_deref())
            .put("user_email", self.member.email.as_deref());
        let mut body = Body::default();
        body.put("team_id", Some(self.member.team.as_str()))
            .put("member", Some(member.into_value()))
            .put("max_budget_in_team", self.max_budget.clone())
            .put("budget_duration", self.budget_duration.as_deref())
            .put_list("allowed_models", &self.models);
        let done = self.member.done("is a member of");
        Request::post("/team/member_add", body.into_value(), done)
    }
}

impl List {
    fn request(&self) -> Request {
        let view = View::List {
            at: "/teams",
            columns: COLUMNS,
        };
        Request::get("/v2/team/list", view)
            .query("organization_id", self.organization.as_deref())
            .query("user_id", self.user.as_deref())
            .query("search", self.search.as_deref())
            .query("page", Some(self.page.page))
            .query("page_size", Some(self.page.page_size))
    }
}
