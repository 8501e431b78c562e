//! `ironward user`.

use serde_json::json;

use super::admin_port::Request;
use super::body::Body;
use super::fields::LimitArgs;
use super::key::count;
use super::page::PageArgs;
use super::view::{Column, View};
use super::{Manage, Verb};
use crate::exit::Failure;

pub(crate) type Args = Manage<UserVerb>;

/// What can be done to people.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum UserVerb {
    /// Make a user.
    Create(Create),
    /// List users.
    List(List),
    /// Show everything about a user.
    Show(Named),
    /// Change a user; what is not named stays.
    Update(Update),
    /// Delete users with their keys and places in teams, for good.
    Delete(Several),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The id, where it is not to be drawn.
    #[arg(long, value_name = "ID", help_heading = "Fields")]
    id: Option<String>,

    /// Take them into these teams, separated by commas.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Fields"
    )]
    teams: Vec<String>,

    /// Take them into these organizations, separated by commas.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Fields"
    )]
    organizations: Vec<String>,

    /// Make them a key too, and show it, once.
    #[arg(long)]
    with_key: bool,

    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    user: Named,

    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(crate) struct Fields {
    /// Their address.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,

    /// What people call them.
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,

    /// What they are: `proxy_admin`, `proxy_admin_viewer`, `internal_user`, `internal_user_viewer`
    /// (where it is not said), `auditor`, `operator`.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,

    #[command(flatten)]
    limits: LimitArgs,
}

impl Fields {
    fn write(&self, body: &mut Body) -> Result<(), Failure> {
        body.put("user_email", self.email.as_deref())
            .put("user_alias", self.alias.as_deref())
            .put("user_role", self.role.as_deref());
        self.limits.write(body)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The user's id.
    #[arg(value_name = "USER")]
    user: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Several {
    /// The users' ids.
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Those in a team.
    #[arg(long, value_name = "ID")]
    team: Option<String>,

    /// Those with a role.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,

    /// Those whose address, id or alias has this in it.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,

    #[command(flatten)]
    page: PageArgs,
}

const COLUMNS: &[Column] = &[
    ("id", &["/user_id"]),
    ("email", &["/user_email"]),
    ("alias", &["/user_alias"]),
    ("role", &["/user_role"]),
    ("teams", &["/teams"]),
    ("keys", &["/key_count"]),
    ("budget", &["/max_budget"]),
];

const FIRST: &[&str] = &[
    "key",
    "user_id",
    "user_email",
    "user_alias",
    "user_role",
    "teams",
];

impl Verb for UserVerb {
    fn request(&self) -> Result<Request, Failure> {
        let record = View::Record {
            at: "",
            first: FIRST,
        };
        Ok(match self {
            Self::Create(create) => {
                let mut body = Body::default();
                body.put("user_id", create.id.as_deref())
                    .put_list("teams", &create.teams)
                    .put_list("organizations", &create.organizations)
                    .put("auto_create_key", Some(create.with_key));
                create.fields.write(&mut body)?;
                Request::post("/user/new", body.into_value(), record)
            }
            Self::List(list) => list.request(),
            Self::Show(named) => {
                Request::get("/v2/user/info", record).query("user_id", Some(&named.user))
            }
            Self::Update(update) => {
                let mut body = Body::default();
                let id = update.user.user.as_str();
                body.put("user_id", Some(id));
                update.fields.write(&mut body)?;
                let done = View::Done(format!("user {id} is changed"));
                Request::post("/user/update", body.into_value(), done)
            }
            Self::Delete(several) => {
                let done = View::Done(format!("{} deleted", count(several.users.len(), "user")));
                Request::post("/user/delete", json!({"user_ids": several.users}), done)
            }
        })
    }
}

impl List {
    fn request(&self) -> Request {
        let view = View::List {
            at: "/users",
            columns: COLUMNS,
        };
        Request::get("/user/list", view)
            .query("team", self.team.as_deref())
            .query("role", self.role.as_deref())
            .query("search", self.search.as_deref())
            .query("page", Some(self.page.page))
            .query("page_size", Some(self.page.page_size))
    }
}
