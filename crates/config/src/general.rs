use std::time::Duration;

use http::HeaderName;
use ironward_secret::Secret;

use crate::keys::{Effect, Key, Section, Unknown};
use crate::node::switch;
use crate::reader::{Field, Reader, Source, Text};
use crate::{Place, ProblemKind, jwt};

mod database;

pub use database::DatabaseUrl;

/// The gateway itself: `general_settings`. It has no `Debug`: it holds a secret.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "LiteLLM's switches are independent of each other"
)]
pub struct GeneralSettings {
    /// The key of the proxy's administrator.
    pub master_key: Option<Secret>,
    /// The one header that clients send their key in, instead of all the others.
    pub litellm_key_header_name: Option<HeaderName>,
    /// The largest request body.
    pub max_request_size_mb: Option<u32>,
    /// The largest reply body.
    pub max_response_size_mb: Option<u32>,
    /// Ask providers for the usage of every stream.
    pub always_include_stream_usage: bool,
    /// The model group of every call, whatever the call says.
    pub completion_model: Option<String>,
    /// List the models of providers whose key is in the environment.
    pub infer_model_from_keys: bool,
    /// Where keys, teams and deployments are kept; without it, in a file of the data directory.
    pub database_url: Option<DatabaseUrl>,
    /// How many connections to the database are open at most.
    pub database_connection_pool_limit: Option<u32>,
    /// How long a statement waits for a connection to the database.
    pub database_connection_timeout: Option<Duration>,
    /// Deployments of the database join those of the configuration.
    pub store_model_in_db: bool,
    /// The management routes are answered on the data port too.
    pub admin_on_data_port: bool,
    /// Keys that people thought up are refused.
    pub disable_custom_api_keys: bool,
    /// LiteLLM's authentication by tokens, which becomes [`IronwardSettings::issuers`].
    ///
    /// [`IronwardSettings::issuers`]: crate::IronwardSettings::issuers
    pub(crate) jwt: jwt::Draft,
}

/// Where LiteLLM looks for the master key if the file has none.
const MASTER_KEY_VARIABLE: &str = "LITELLM_MASTER_KEY";
const DATABASE_VARIABLE: &str = "DATABASE_URL";
const STORE_MODEL_VARIABLE: &str = "STORE_MODEL_IN_DB";
const REMEDY: &str = "generate one: echo \"sk-$(openssl rand -hex 32)\"";

/// The keys of `general_settings`.
pub(crate) static GENERAL: Section<GeneralSettings> = Section {
    name: "general_settings",
    about: "The gateway itself.",
    keys: &[
        Key {
            name: "master_key",
            default: "the variable LITELLM_MASTER_KEY",
            meaning: "The administrator's key: starts with `sk-`, has 8 characters or more, and stands in no published example.",
            effect: Effect::Read("secret", |general, reader, field| {
                if let Some(key) = reader.text(field) {
                    let path = &field.path;
                    general.master_key = check_master_key(reader, key, &field.node.place, path);
                }
            }),
        },
        Key {
            name: "litellm_key_header_name",
            default: "",
            meaning: "The one header that clients send their key in: `Authorization` and all others are then not looked at, as in LiteLLM.",
            effect: Effect::Read("text", read_header_name),
        },
        Key {
            name: "max_request_size_mb",
            default: "ironward.body_limit_mb",
            meaning: "The largest request body, in MiB.",
            effect: Effect::Read("whole number", |general, reader, field| {
                general.max_request_size_mb = reader.mebibytes(field);
            }),
        },
        Key {
            name: "max_response_size_mb",
            default: "ironward.reply_limit_mb",
            meaning: "The largest reply body, in MiB.",
            effect: Effect::Read("whole number", |general, reader, field| {
                general.max_response_size_mb = reader.mebibytes(field);
            }),
        },
        Key {
            name: "always_include_stream_usage",
            default: "false",
            meaning: "Ask providers for the usage of every stream, as if the call had.",
            effect: Effect::Switch(|general, on| general.always_include_stream_usage = on),
        },
        Key {
            name: "completion_model",
            default: "",
            meaning: "The model group of every chat call, whatever the call says.",
            effect: Effect::Word(|general, model| general.completion_model = Some(model)),
        },
        Key {
            name: "infer_model_from_keys",
            default: "false",
            meaning: "List the models of providers whose key is in the environment.",
            effect: Effect::Switch(|general, on| general.infer_model_from_keys = on),
        },
        Key {
            name: "database_url",
            default: "the variable DATABASE_URL, or a file of the data directory",
            meaning: "Where keys, teams, users and deployments are kept: `postgres://USER:PASSWORD@HOST:PORT/NAME`, or `sqlite:///PATH`. A change takes a restart.",
            effect: Effect::Read("secret", |general, reader, field| {
                if let Some(url) = reader.text(field) {
                    general.database_url =
                        database::read(reader, &url, &field.node.place, &field.path);
                }
            }),
        },
        Key {
            name: "database_connection_pool_limit",
            default: "10",
            meaning: "How many connections to the database are open at most. A change takes a restart.",
            effect: Effect::Read("whole number", database::read_pool_limit),
        },
        Key {
            name: "database_connection_timeout",
            default: "5",
            meaning: "How long a statement waits for a free connection to the database. A change takes a restart.",
            effect: Effect::Seconds(|general, time| {
                general.database_connection_timeout = Some(time);
            }),
        },
        Key {
            name: "store_model_in_db",
            default: "the variable STORE_MODEL_IN_DB, or false",
            meaning: "Deployments of the database (`/model/new`) join those of the configuration. Their values are literal: `os.environ/NAME` means nothing in them.",
            effect: Effect::Switch(|general, on| general.store_model_in_db = on),
        },
        Key {
            name: "admin_on_data_port",
            default: "false",
            meaning: "Answer the management routes (docs/admin-api.md) on the data port too, as LiteLLM does: whoever reaches that port can then try keys on them.",
            effect: Effect::Switch(|general, on| general.admin_on_data_port = on),
        },
        Key {
            name: "disable_custom_api_keys",
            default: "false",
            meaning: "Refuse keys that people thought up (`key` of `/key/generate`, `new_key` of `/key/regenerate`), whoever sends them.",
            effect: Effect::Switch(|general, on| general.disable_custom_api_keys = on),
        },
        Key {
            name: "enable_jwt_auth",
            default: "false",
            meaning: "Take the tokens of `litellm_jwtauth.issuers`, and of the issuer that the variables JWT_ISSUER, JWT_AUDIENCE and JWT_PUBLIC_KEY_URL name, as those of `ironward.issuers`.",
            effect: Effect::Read("switch", |general, reader, field| {
                general.jwt.enable(reader, field);
            }),
        },
        Key {
            name: "litellm_jwtauth",
            default: "{}",
            meaning: "Whose tokens are taken: see below.",
            effect: Effect::Read("section", |general, reader, field| {
                jwt::JWT.read(&mut general.jwt, reader, field);
            }),
        },
    ],
    ignored: include_str!("general/ignored.txt"),
    unknown: Unknown::Notice,
};

/// Takes from the environment what the file does not say; `says` tells of a key of the section
/// whether it does.
pub(crate) fn fall_back(
    general: &mut GeneralSettings,
    reader: &mut Reader<'_>,
    main: &Place,
    says: impl Fn(&str) -> bool,
) {
    if !says("master_key")
        && let Some(key) = from_variable(reader, MASTER_KEY_VARIABLE, main)
    {
        general.master_key = check_master_key(reader, key, main, "general_settings.master_key");
    }
    if !says("database_url")
        && let Some(url) = from_variable(reader, DATABASE_VARIABLE, main)
        && !url.text.trim().is_empty()
    {
        general.database_url = database::read(reader, &url, main, "general_settings.database_url");
    }
    if !says("store_model_in_db")
        && let Some(on) = from_variable(reader, STORE_MODEL_VARIABLE, main)
    {
        general.store_model_in_db = switch(on.text.trim()).unwrap_or(false);
    }
}

fn from_variable(reader: &mut Reader<'_>, name: &str, main: &Place) -> Option<Text> {
    let text = reader.variables.lookup(reader.environment, name)?;
    reader.see_through(name, main);
    let source = Source::Variable(name.to_owned());
    Some(Text { text, source })
}

/// The key, unless everybody can know it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the plaintext ends here: it is wiped when this returns"
)]
fn check_master_key(
    reader: &mut Reader<'_>,
    key: Text,
    place: &Place,
    path: &str,
) -> Option<Secret> {
    let source = key.source.name();
    let source = source.map_or_else(String::new, |source| format!(" (from {source})"));
    let text = key.text.trim();
    if text.is_empty() {
        let message = format!("the master key is empty{source}; {REMEDY}");
        reader.problem_at(place, path, message);
        return None;
    }
    let secret = Secret::new(text.as_bytes());
    if secret.header("").is_err() {
        let message =
            format!("the master key has characters that no header can carry{source}; {REMEDY}");
        reader.problem_at(place, path, message);
        return None;
    }
    if let Some(weakness) = crate::placeholder::master_key_weakness(text) {
        if !reader.options.dev {
            let message = format!("{weakness}{source}; {REMEDY}");
            reader.report(place, path, message, ProblemKind::PublishedMasterKey);
            return None;
        }
        let message = format!("{weakness}{source}: accepted for development only");
        reader.notice_at(place, path, message);
    }
    Some(secret)
}

fn read_header_name(general: &mut GeneralSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(text) = reader.word(field) else {
        return;
    };
    match HeaderName::from_bytes(text.as_bytes()) {
        Ok(name) => general.litellm_key_header_name = Some(name),
        Err(_) => reader.problem(field, "no header name; write letters, digits and '-'"),
    }
}
