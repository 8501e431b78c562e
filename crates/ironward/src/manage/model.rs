//! `ironward model`.

use std::path::PathBuf;

use serde_json::json;

use super::admin_port::Request;
use super::body::{Body, SetArgs, read_secret};
use super::page::PageArgs;
use super::view::{Column, View};
use super::{Manage, Verb};
use crate::exit::Failure;

pub(crate) type Args = Manage<ModelVerb>;

/// What can be done to deployments. Those of the configuration file are shown too, and changed there
/// only; the others need `general_settings.store_model_in_db`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ModelVerb {
    /// Add a deployment to a model group.
    Add(Add),
    /// List deployments.
    List(List),
    /// Show everything about a deployment but its secrets.
    Show(Named),
    /// Send a deployment no more calls.
    Block(Named),
    /// Send a blocked deployment calls again.
    Unblock(Named),
    /// Delete a deployment for good.
    Delete(Named),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The model group: the name that clients ask for.
    #[arg(value_name = "NAME")]
    name: String,

    /// The provider's model, as in the configuration: openai/gpt-4o.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    model: String,

    /// The stored credential that it is reached with: see `ironward credential`.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["api_key_file", "api_base"])]
    credential: Option<String>,

    /// A file that holds the provider's key; - reads it from standard input.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,

    /// Where the provider is, where it is not where it usually is.
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,

    /// The deployment's id, where it is not to be drawn.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// Send it no calls yet.
    #[arg(long)]
    blocked: bool,

    #[command(flatten)]
    set: SetArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The deployment's id: `ironward model list` shows it.
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Those of one model group.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Those of the groups whose name has this in it.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,

    #[command(flatten)]
    page: PageArgs,
}

const COLUMNS: &[Column] = &[
    ("name", &["/model_name"]),
    ("id", &["/model_info/id"]),
    ("model", &["/litellm_params/model"]),
    ("credential", &["/litellm_params/litellm_credential_name"]),
    ("stored", &["/model_info/db_model"]),
    ("blocked", &["/model_info/blocked"]),
];

const FIRST: &[&str] = &["model_id", "model_name", "litellm_params"];

impl Verb for ModelVerb {
    fn request(&self) -> Result<Request, Failure> {
        let record = |at| View::Record { at, first: FIRST };
        let done = |named: &Named, what: &str| View::Done(format!("model {} {what}", named.id));
        Ok(match self {
            Self::Add(add) => {
                let body = add.body()?.into_value();
                Request::post("/model/new", body, record(""))
            }
            Self::List(list) => list.request(),
            Self::Show(named) => Request::get("/model/info", record("/data/0"))
                .query("litellm_model_id", Some(&named.id)),
            Self::Block(named) => {
                let body = json!({"model_id": named.id});
                Request::post("/model/block", body, done(named, "gets no more calls"))
            }
            Self::Unblock(named) => {
                let body = json!({"model_id": named.id});
                Request::post("/model/unblock", body, done(named, "gets calls again"))
            }
            Self::Delete(named) => {
                let body = json!({"id": named.id});
                Request::post("/model/delete", body, done(named, "is deleted"))
            }
        })
    }
}

impl Add {
    fn body(&self) -> Result<Body, Failure> {
        let mut params = Body::default();
        params
            .put("model", Some(self.model.as_str()))
            .put("litellm_credential_name", self.credential.as_deref())
            .put("api_base", self.api_base.as_deref());
        if let Some(path) = &self.api_key_file {
            params.put("api_key", Some(read_secret(path, "--api-key-file")?));
        }
        let mut body = Body::default();
        body.put("model_name", Some(self.name.as_str()))
            .put("litellm_params", Some(params.into_value()))
            .put("blocked", self.blocked.then_some(true));
        if let Some(id) = &self.id {
            body.put("model_info", Some(json!({"id": id})));
        }
        body.set(&self.set)?;
        Ok(body)
    }
}

impl List {
    fn request(&self) -> Request {
        let view = View::List {
            at: "/data",
            columns: COLUMNS,
        };
        Request::get("/v2/model/info", view)
            .query("model", self.name.as_deref())
            .query("search", self.search.as_deref())
            .query("page", Some(self.page.page))
            .query("size", Some(self.page.page_size))
    }
}
