//! `ironward key`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::admin_port::Request;
use super::body::{Body, read_secret};
use super::fields::LimitArgs;
use super::page::PageArgs;
use super::view::{Column, View};
use super::{Manage, Verb};
use crate::exit::Failure;

pub(crate) type Args = Manage<KeyVerb>;

/// What can be done to virtual keys.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum KeyVerb {
    /// Make a key and show it, once.
    Create(Create),
    /// List keys.
    List(List),
    /// Show everything about a key but its secret.
    Show(Named),
    /// Change a key; what is not named stays.
    Update(Update),
    /// Give a key a new secret and show it, once; the key's id stays.
    Rotate(Rotate),
    /// Let a key in no more.
    Block(Named),
    /// Let a blocked key in again.
    Unblock(Named),
    /// Delete keys for good.
    Delete(Several),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    #[command(flatten)]
    fields: Fields,

    /// A file with the key itself, where it is not to be drawn: `sk-` and 13 characters or more.
    #[arg(long, value_name = "FILE", help_heading = "Fields")]
    chosen_key_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    key: Named,

    #[command(flatten)]
    fields: Fields,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(crate) struct Fields {
    /// What people call it.
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,

    /// The team that it belongs to.
    #[arg(long, value_name = "ID")]
    team: Option<String>,

    /// The person that it belongs to.
    #[arg(long, value_name = "ID")]
    user: Option<String>,

    /// The service account that it belongs to.
    #[arg(long, value_name = "ID", conflicts_with = "user")]
    service_account: Option<String>,

    /// The project that it belongs to.
    #[arg(long, value_name = "ID")]
    project: Option<String>,

    /// The organization that it belongs to.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,

    /// How long it lives: 30d, 12h, 1mo; -1 for no end, where the configuration allows it.
    #[arg(long, value_name = "PERIOD", allow_hyphen_values = true)]
    duration: Option<String>,

    /// The routes that it may call, separated by commas.
    #[arg(long, value_name = "ROUTE", value_delimiter = ',')]
    allowed_routes: Vec<String>,

    #[command(flatten)]
    limits: LimitArgs,
}

impl Fields {
    fn write(&self, body: &mut Body) -> Result<(), Failure> {
        body.put("key_alias", self.alias.as_deref())
            .put("team_id", self.team.as_deref())
            .put("user_id", self.user.as_deref())
            .put("agent_id", self.service_account.as_deref())
            .put("project_id", self.project.as_deref())
            .put("organization_id", self.organization.as_deref())
            .put("duration", self.duration.as_deref())
            .put_list("allowed_routes", &self.allowed_routes);
        self.limits.write(body)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The key's id (or - to read a key from standard input).
    #[arg(value_name = "KEY")]
    key: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Several {
    /// The keys' ids.
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    key: Named,

    /// How long the old secret is let in besides the new one: 1h, 2d. Not at all by default.
    #[arg(long, value_name = "PERIOD")]
    grace_period: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Those of a team.
    #[arg(long, value_name = "ID")]
    team: Option<String>,

    /// Those of a person.
    #[arg(long, value_name = "ID")]
    user: Option<String>,

    /// Those of a service account.
    #[arg(long, value_name = "ID")]
    service_account: Option<String>,

    /// Those of an organization.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,

    /// Those whose alias or id has this in it.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,

    /// Those in this state: active, expired, revoked.
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,

    #[command(flatten)]
    page: PageArgs,
}

const COLUMNS: &[Column] = &[
    ("id", &["/token"]),
    ("alias", &["/key_alias"]),
    ("status", &["/status"]),
    ("team", &["/team_id"]),
    ("owner", &["/user_id", "/agent_id"]),
    ("models", &["/models"]),
    ("expires", &["/expires"]),
    ("last active", &["/last_active"]),
    ("budget", &["/max_budget"]),
];

const FIRST: &[&str] = &[
    "key",
    "token",
    "token_id",
    "key_alias",
    "status",
    "expires",
    "team_id",
    "user_id",
    "agent_id",
    "models",
];

impl Named {
    /// What the request names the key by.
    fn name(&self) -> Result<String, Failure> {
        name(&self.key)
    }
}

fn name(key: &str) -> Result<String, Failure> {
    if key == "-" {
        return read_secret(Path::new("-"), "KEY");
    }
    if key.starts_with("sk-") {
        return Err(Failure::Usage(
            "KEY: name a key by its id, as a secret on the command line can be seen by others; \
             `ironward key list` shows the ids, and - reads a key from standard input"
                .to_owned(),
        ));
    }
    Ok(key.to_owned())
}

impl Verb for KeyVerb {
    fn request(&self) -> Result<Request, Failure> {
        let record = |at| View::Record { at, first: FIRST };
        let done = |what: &str| View::Done(format!("the key {what}"));
        Ok(match self {
            Self::Create(create) => {
                let mut body = Body::default();
                if let Some(path) = &create.chosen_key_file {
                    body.put("key", Some(read_secret(path, "--chosen-key-file")?));
                }
                create.fields.write(&mut body)?;
                Request::post("/key/generate", body.into_value(), record(""))
            }
            Self::List(list) => list.request(),
            Self::Show(named) => {
                Request::get("/key/info", record("/info")).query("key", Some(named.name()?))
            }
            Self::Update(update) => {
                let mut body = Body::default();
                body.put("key", Some(update.key.name()?));
                update.fields.write(&mut body)?;
                Request::post("/key/update", body.into_value(), done("is changed"))
            }
            Self::Rotate(rotate) => {
                let mut body = Body::default();
                body.put("key", Some(rotate.key.name()?))
                    .put("grace_period", rotate.grace_period.as_deref());
                Request::post("/key/regenerate", body.into_value(), record(""))
            }
            Self::Block(named) => {
                let body = json!({"key": named.name()?});
                Request::post("/key/block", body, done("is blocked"))
            }
            Self::Unblock(named) => {
                let body = json!({"key": named.name()?});
                Request::post("/key/unblock", body, done("is let in again"))
            }
            Self::Delete(several) => {
                let keys = several.keys.iter().map(|key| name(key));
                let keys: Vec<String> = keys.collect::<Result<_, _>>()?;
                let done = View::Done(format!("{} deleted", count(keys.len(), "key")));
                Request::post("/key/delete", json!({"keys": keys}), done)
            }
        })
    }
}

/// `1 key`, `2 keys`.
pub(super) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

impl List {
    fn request(&self) -> Request {
        let view = View::List {
            at: "/keys",
            columns: COLUMNS,
        };
        Request::get("/key/list", view)
            .query("return_full_object", Some(true))
            .query("include_team_keys", Some(true))
            .query("team_id", self.team.as_deref())
            .query("user_id", self.user.as_deref())
            .query("agent_id", self.service_account.as_deref())
            .query("organization_id", self.organization.as_deref())
            .query("search", self.search.as_deref())
            .query("status", self.status.as_deref())
            .query("page", Some(self.page.page))
            .query("size", Some(self.page.page_size))
    }
}
