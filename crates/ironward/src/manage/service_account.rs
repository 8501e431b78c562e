//! `ironward service-account`.

use serde_json::json;

use super::admin_port::Request;
use super::body::Body;
use super::fields::LimitArgs;
use super::key::count;
use super::page::PageArgs;
use super::view::{Column, View};
use super::{Manage, Verb};
use crate::exit::Failure;

pub(crate) type Args = Manage<ServiceAccountVerb>;

/// What can be done to service accounts.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ServiceAccountVerb {
    /// Make a service account in a team.
    Create(Create),
    /// List service accounts.
    List(List),
    /// Show everything about a service account.
    Show(Named),
    /// Change a service account; what is not named stays.
    Update(Update),
    /// Let no key, token or certificate of a service account in any more.
    Block(Named),
    /// Let a blocked service account in again.
    Unblock(Named),
    /// Delete service accounts with their keys, for good.
    Delete(Several),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The team that it belongs to.
    #[arg(long, value_name = "ID", help_heading = "Fields")]
    team: String,

    /// The id, where it is not to be drawn.
    #[arg(long, value_name = "ID", help_heading = "Fields")]
    id: Option<String>,

    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    account: Named,

    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(crate) struct Fields {
    /// What people call it.
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,

    #[command(flatten)]
    limits: LimitArgs,
}

impl Fields {
    fn write(&self, body: &mut Body) -> Result<(), Failure> {
        body.put("service_account_alias", self.alias.as_deref());
        self.limits.write(body)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The service account's id.
    #[arg(value_name = "ACCOUNT")]
    account: String,
}

impl Named {
    fn say_blocked(&self, is_blocked: bool) -> Request {
        let id = self.account.as_str();
        let what = if is_blocked {
            "is blocked"
        } else {
            "is let in again"
        };
        let body = json!({"service_account_id": id, "blocked": is_blocked});
        let done = View::Done(format!("service account {id} {what}"));
        Request::post("/service_account/update", body, done)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Several {
    /// The service accounts' ids.
    #[arg(value_name = "ACCOUNT", required = true)]
    accounts: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Those of a team.
    #[arg(long, value_name = "ID")]
    team: Option<String>,

    #[command(flatten)]
    page: PageArgs,
}

const COLUMNS: &[Column] = &[
    ("id", &["/service_account_id"]),
    ("alias", &["/service_account_alias"]),
    ("team", &["/team_id"]),
    ("models", &["/models"]),
    ("budget", &["/max_budget"]),
    ("blocked", &["/blocked"]),
];

const FIRST: &[&str] = &["service_account_id", "service_account_alias", "team_id"];

impl Verb for ServiceAccountVerb {
    fn request(&self) -> Result<Request, Failure> {
        let record = View::Record {
            at: "",
            first: FIRST,
        };
        Ok(match self {
            Self::Create(create) => {
                let mut body = Body::default();
                body.put("team_id", Some(create.team.as_str()))
                    .put("service_account_id", create.id.as_deref());
                create.fields.write(&mut body)?;
                Request::post("/service_account/new", body.into_value(), record)
            }
            Self::List(list) => {
                let view = View::List {
                    at: "/service_accounts",
                    columns: COLUMNS,
                };
                Request::get("/service_account/list", view)
                    .query("team_id", list.team.as_deref())
                    .query("page", Some(list.page.page))
                    .query("page_size", Some(list.page.page_size))
            }
            Self::Show(named) => Request::get("/service_account/info", record)
                .query("service_account_id", Some(&named.account)),
            Self::Update(update) => {
                let mut body = Body::default();
                let id = update.account.account.as_str();
                body.put("service_account_id", Some(id));
                update.fields.write(&mut body)?;
                let done = View::Done(format!("service account {id} is changed"));
                Request::post("/service_account/update", body.into_value(), done)
            }
            Self::Block(named) => named.say_blocked(true),
            Self::Unblock(named) => named.say_blocked(false),
            Self::Delete(several) => {
                let deleted = count(several.accounts.len(), "service account");
                let body = json!({"service_account_ids": several.accounts});
                let done = View::Done(format!("{deleted} deleted"));
                Request::post("/service_account/delete", body, done)
            }
        })
    }
}
