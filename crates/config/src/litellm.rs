use std::path::PathBuf;
use std::time::Duration;

use ironward_policy::KeyBounds;

use crate::keys::{Effect, Key, Section, Unknown};
use crate::making::{DefaultField, KEY_BOUNDS, read_defaults};
use crate::node::switch;
use crate::reader::{Field, Reader};

/// What LiteLLM sets for its whole module: `litellm_settings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LitellmSettings {
    /// Drop parameters that a provider cannot take instead of refusing the call.
    pub drop_params: bool,
    /// How long a call may take; [`RouterSettings::timeout`](crate::RouterSettings::timeout) has
    /// taken it over.
    pub request_timeout: Option<Duration>,
    /// How often a failed call is tried again;
    /// [`RouterSettings::num_retries`](crate::RouterSettings::num_retries) has taken it over.
    pub num_retries: Option<u32>,
    /// Log as JSON.
    pub json_logs: bool,
    /// Log in detail.
    pub set_verbose: bool,
    /// How the certificates of providers are checked.
    pub ssl_verify: SslVerify,
    /// What a new key gets where the request does not say it.
    pub key_defaults: Vec<DefaultField>,
    /// What a new user gets where the request does not say it.
    pub user_defaults: Vec<DefaultField>,
    /// The most that a key may be given.
    pub key_bounds: KeyBounds,
}

/// How the certificates of providers are checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SslVerify {
    /// Against the authorities of [`IronwardSettings::authorities`](crate::IronwardSettings::authorities).
    #[default]
    On,
    /// Not at all: whoever is in between reads every key and conversation. Said loudly at every
    /// start.
    Off,
    /// Against the authorities in this PEM file and no others.
    Authorities(PathBuf),
}

/// The keys of `litellm_settings`.
pub(crate) static LITELLM: Section<LitellmSettings> = Section {
    name: "litellm_settings",
    about: "What LiteLLM sets for its whole module.",
    keys: &[
        Key {
            name: "drop_params",
            default: "the variable LITELLM_DROP_PARAMS, or false",
            meaning: "Drop parameters that a provider cannot take instead of refusing the call.",
            effect: Effect::Switch(|litellm, on| litellm.drop_params = on),
        },
        Key {
            name: "request_timeout",
            default: "600",
            meaning: "How long a call may take, where `router_settings.timeout` does not say.",
            effect: Effect::Seconds(|litellm, time| litellm.request_timeout = Some(time)),
        },
        Key {
            name: "num_retries",
            default: "2",
            meaning: "How often a failed call is tried again, where `router_settings.num_retries` does not say.",
            effect: Effect::Whole(|litellm, retries| litellm.num_retries = Some(retries)),
        },
        Key {
            name: "json_logs",
            default: "false",
            meaning: "Log as JSON. A change takes a restart.",
            effect: Effect::Switch(|litellm, on| litellm.json_logs = on),
        },
        Key {
            name: "set_verbose",
            default: "false",
            meaning: "Log in detail. No prompt, reply or key is logged all the same. A change takes a restart.",
            effect: Effect::Switch(|litellm, on| litellm.set_verbose = on),
        },
        Key {
            name: "ssl_verify",
            default: "true",
            meaning: "Whether the certificates of providers are checked; or a PEM file with the only authorities that may sign them, as in LiteLLM. `false` is said loudly at every start. A change takes a restart.",
            effect: Effect::Read("switch or file", read_ssl_verify),
        },
        Key {
            name: "default_key_generate_params",
            default: "{}",
            meaning: "Fields of `/key/generate` that a new key gets where the request leaves them out, as they stand in a request.",
            effect: Effect::Read("mapping", |litellm, reader, field| {
                litellm.key_defaults = read_defaults(reader, field);
            }),
        },
        Key {
            name: "default_internal_user_params",
            default: "{}",
            meaning: "Fields of `/user/new` that a new user gets where the request leaves them out, unless they are to be a `proxy_admin`.",
            effect: Effect::Read("mapping", |litellm, reader, field| {
                litellm.user_defaults = read_defaults(reader, field);
            }),
        },
        Key {
            name: "upperbound_key_generate_params",
            default: "{}",
            meaning: "The most that a key may be given: see below.",
            effect: Effect::Read("section", |litellm, reader, field| {
                KEY_BOUNDS.read(&mut litellm.key_bounds, reader, field);
            }),
        },
    ],
    ignored: include_str!("litellm/ignored.txt"),
    unknown: Unknown::Notice,
};

fn read_ssl_verify(litellm: &mut LitellmSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(text) = reader.word(field) else {
        return;
    };
    litellm.ssl_verify = match switch(&text) {
        Some(true) => SslVerify::On,
        Some(false) => {
            let message = "certificates of providers are NOT checked: whoever is in between reads \
                           every key and conversation; write the path of your authority's PEM file \
                           instead";
            reader.notice(field, message);
            SslVerify::Off
        }
        // As in LiteLLM, relative to the working directory.
        None => SslVerify::Authorities(PathBuf::from(text)),
    };
}
