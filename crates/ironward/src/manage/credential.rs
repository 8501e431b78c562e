//! `ironward credential`.

use std::path::PathBuf;

use http::Method;
use serde_json::Value;

use super::admin_port::{Request, segment};
use super::body::{Body, SetArgs, read_secret};
use super::view::{Column, View};
use super::{Manage, Verb};
use crate::exit::Failure;

pub(crate) type Args = Manage<CredentialVerb>;

/// What can be done to the credentials that deployments name with `litellm_credential_name`. Their
/// values are sealed and never shown again, only their fingerprints.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CredentialVerb {
    /// Make a credential, or change it; what is not named stays.
    Set(Set),
    /// List credentials.
    List,
    /// Show everything about a credential but its secrets.
    Show(Named),
    /// Delete a credential that no deployment uses, for good.
    Delete(Named),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    #[command(flatten)]
    credential: Named,

    /// The field of the secret that is read from standard input, or from --from.
    #[arg(long, value_name = "FIELD", default_value = "api_key")]
    field: String,

    /// The file that holds the secret, instead of standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    from: PathBuf,

    /// Change what is no secret only, and read none.
    #[arg(long, conflicts_with_all = ["from", "field"])]
    no_secret: bool,

    /// Where the provider is: a change of it needs every secret again.
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,

    /// The provider that it is for.
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<String>,

    #[command(flatten)]
    set: SetArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The credential's name.
    #[arg(value_name = "NAME")]
    name: String,
}

const COLUMNS: &[Column] = &[
    ("name", &["/credential_name"]),
    ("provider", &["/credential_info/custom_llm_provider"]),
    ("address", &["/credential_values/api_base"]),
    ("api key", &["/credential_values/api_key/fingerprint"]),
    ("origin", &["/origin"]),
    ("last used", &["/last_used_at"]),
    ("changed", &["/updated_at"]),
    ("by", &["/updated_by"]),
];

impl Verb for CredentialVerb {
    fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Set(set) => set.request()?,
            Self::List => {
                let view = View::List {
                    at: "/credentials",
                    columns: COLUMNS,
                };
                Request::get("/credentials", view)
            }
            Self::Show(named) => {
                let view = View::Record {
                    at: "",
                    first: &["credential_name", "credential_values", "credential_info"],
                };
                Request::get(
                    &format!("/credentials/by_name/{}", segment(&named.name)),
                    view,
                )
            }
            Self::Delete(named) => Request::delete(
                &format!("/credentials/{}", segment(&named.name)),
                View::Done(format!("credential {} is deleted", named.name)),
            ),
        })
    }
}

impl Set {
    /// A change, or where there is no such credential yet, a new one.
    fn request(&self) -> Result<Request, Failure> {
        let name = self.credential.name.as_str();
        let done = |what: &str| View::Done(format!("credential {name} {what}"));
        let body = self.body()?.into_value();
        let mut new = body.clone();
        if let Some(fields) = new.as_object_mut() {
            fields.insert("credential_name".to_owned(), name.into());
        }
        let path = format!("/credentials/{}", segment(name));
        let change = Request::with_body(Method::PATCH, &path, body, done("is set"));
        Ok(change.or_else(Request::post("/credentials", new, done("is set"))))
    }

    fn body(&self) -> Result<Body, Failure> {
        let mut body = Body::default();
        if !self.no_secret {
            let secret = read_secret(&self.from, "the value")?;
            // A field's name may have a dot in it, so it is no path.
            let values = Value::Object([(self.field.clone(), secret.into())].into_iter().collect());
            body.put("credential_values", Some(values));
        }
        if let Some(address) = &self.api_base {
            body.set_at("credential_values.api_base", address.as_str().into())?;
        }
        if let Some(provider) = &self.provider {
            let field = "credential_info.custom_llm_provider";
            body.set_at(field, provider.as_str().into())?;
        }
        body.set(&self.set)?;
        Ok(body)
    }
}
