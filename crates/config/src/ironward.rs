use std::path::PathBuf;
use std::time::Duration;

use ironward_policy::{KeyLife, Period};

use crate::issuers::{self, Issuer};
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};

mod journal;
mod login;
mod secret_sources;
mod tls;
mod vault;

pub(crate) use journal::JOURNAL;
pub use journal::{Durability, JournalSettings};
pub(crate) use login::LOGIN;
pub use login::Login;
pub(crate) use secret_sources::{
    AWS_SOURCE, AZURE_SOURCE, GCP_SOURCE, SECRET_SOURCES, VAULT_SOURCE,
};
pub use secret_sources::{AwsSource, AzureSource, GcpSource, SecretSources, VaultSource};
pub(crate) use tls::{ADMIN_TLS, TLS};
pub use tls::{ClientTls, Tls};
pub(crate) use vault::VAULT;
pub use vault::{KekSettings, VaultAuth, VaultSettings};

/// What LiteLLM has no word for: the `ironward` section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IronwardSettings {
    /// The certificate that clients see; without one the data port speaks plain HTTP.
    pub tls: Option<Tls>,
    /// The certificate of the admin listener; without one it speaks plain HTTP.
    pub admin_tls: Option<Tls>,
    /// The largest request body.
    pub body_limit_mb: Option<u32>,
    /// How long a client may take to send a body.
    pub body_timeout: Option<Duration>,
    /// How long a client may leave unread what is ready for it.
    pub unread_timeout: Option<Duration>,
    /// The largest reply body.
    pub reply_limit_mb: Option<u32>,
    /// How long reaching a provider may take.
    pub connect_timeout: Option<Duration>,
    /// How long a provider may take until the head of its reply.
    pub first_byte_timeout: Option<Duration>,
    /// How long a provider may pause within a reply.
    pub idle_timeout: Option<Duration>,
    /// How long running calls may take to end when the gateway stops.
    pub drain_timeout: Option<Duration>,
    /// The authorities that may sign the certificates of providers.
    pub authorities: Authorities,
    /// Further authorities that may sign the certificates of providers: a PEM file.
    pub extra_ca: Option<PathBuf>,
    /// Listen without TLS on an address that others can reach.
    pub allow_plaintext_listener: bool,
    /// The key-encryption key.
    pub vault: VaultSettings,
    /// Where references to secrets of services lead.
    pub secret_sources: SecretSources,
    /// How long clients' keys live and overlap.
    pub key_life: KeyLife,
    /// The issuers whose tokens are taken instead of a key, each once.
    pub issuers: Vec<Issuer>,
    /// How people log in on the admin listener; without it nobody does.
    pub login: Option<Login>,
    /// What becomes of calls whose cost nobody knows; `None`: they are refused where a budget bounds
    /// the caller.
    pub unpriced_models: Option<UnpricedModels>,
    /// How what happens is recorded.
    pub journal: JournalSettings,
}

/// What becomes of calls whose most cost nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnpricedModels {
    /// They are let through.
    Allow,
    /// They are refused.
    Refuse,
}

/// Which authorities may sign the certificates of providers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authorities {
    /// Mozilla's list, which is in the binary.
    #[default]
    Bundled,
    /// The machine's own store.
    System,
}

/// The keys of `ironward`.
pub(crate) static IRONWARD: Section<IronwardSettings> = Section {
    name: "ironward",
    about: "What LiteLLM has no word for. An unknown key in this section is an error. \
            The path of a file is relative to the configuration file that names it.",
    keys: &[
        Key {
            name: "tls",
            default: "",
            meaning: "The certificate of the data port: see below.",
            effect: Effect::Read("section", |ironward, reader, field| {
                ironward.tls = tls::read(&TLS, reader, field);
            }),
        },
        Key {
            name: "admin_tls",
            default: "",
            meaning: "The certificate of the admin port, which speaks plain HTTP without it: see below.",
            effect: Effect::Read("section", |ironward, reader, field| {
                ironward.admin_tls = tls::read(&ADMIN_TLS, reader, field);
            }),
        },
        Key {
            name: "body_limit_mb",
            default: "general_settings.max_request_size_mb",
            meaning: "The largest request body, in MiB.",
            effect: Effect::Read("whole number", |ironward, reader, field| {
                ironward.body_limit_mb = reader.mebibytes(field);
            }),
        },
        Key {
            name: "body_timeout",
            default: "60",
            meaning: "How long a client may take to send a request's body.",
            effect: Effect::Seconds(|ironward, time| ironward.body_timeout = Some(time)),
        },
        Key {
            name: "unread_timeout",
            default: "60",
            meaning: "How long a client may read nothing of a reply that is ready for it; then its connection is closed, or in HTTP/2 the stream reset. A change holds for new connections.",
            effect: Effect::Seconds(|ironward, time| ironward.unread_timeout = Some(time)),
        },
        Key {
            name: "reply_limit_mb",
            default: "general_settings.max_response_size_mb",
            meaning: "The largest reply body, in MiB.",
            effect: Effect::Read("whole number", |ironward, reader, field| {
                ironward.reply_limit_mb = reader.mebibytes(field);
            }),
        },
        Key {
            name: "connect_timeout",
            default: "10",
            meaning: "How long reaching a provider may take: name, connection and TLS.",
            effect: Effect::Seconds(|ironward, time| ironward.connect_timeout = Some(time)),
        },
        Key {
            name: "first_byte_timeout",
            default: "600",
            meaning: "How long a provider may take until the head of its reply.",
            effect: Effect::Seconds(|ironward, time| ironward.first_byte_timeout = Some(time)),
        },
        Key {
            name: "idle_timeout",
            default: "300",
            meaning: "How long a provider may pause within a reply.",
            effect: Effect::Seconds(|ironward, time| ironward.idle_timeout = Some(time)),
        },
        Key {
            name: "drain_timeout",
            default: "",
            meaning: "How long running calls may take to end when the gateway stops.",
            effect: Effect::Pause(|ironward, time| ironward.drain_timeout = Some(time)),
        },
        Key {
            name: "authorities",
            default: "bundled",
            meaning: "Which authorities may sign the certificates of providers: `bundled` (Mozilla's list, in the binary) or `system` (this machine's store, or what SSL_CERT_FILE and SSL_CERT_DIR name). `litellm_settings.ssl_verify: FILE` takes their place. A change takes a restart.",
            effect: Effect::Read("word", read_authorities),
        },
        Key {
            name: "extra_ca",
            default: "",
            meaning: "Authorities that may sign the certificates of providers besides those of `authorities` or `ssl_verify`: a PEM file. A change takes a restart.",
            effect: Effect::File(|ironward, path| ironward.extra_ca = Some(path)),
        },
        Key {
            name: "allow_plaintext_listener",
            default: "false",
            meaning: "Listen without TLS on an address that others can reach. Keys and conversations can then be read on the way. A change takes a restart.",
            effect: Effect::Switch(|ironward, on| ironward.allow_plaintext_listener = on),
        },
        Key {
            name: "vault",
            default: "a file",
            meaning: "The key-encryption key, which everything secret in the database is sealed under: see below. A change takes a restart.",
            effect: Effect::Read("section", |ironward, reader, field| {
                ironward.vault = vault::read(reader, field);
            }),
        },
        Key {
            name: "secret_sources",
            default: "{}",
            meaning: "Where `vault://`, `aws-sm://`, `gcp-sm://` and `azure-kv://` lead: see below.",
            effect: Effect::Read("section", |ironward, reader, field| {
                ironward.secret_sources = secret_sources::read(reader, field);
            }),
        },
        Key {
            name: "key_lifetime",
            default: "90d",
            meaning: "How long a client's key lives that does not say it (`30s`, `30m`, `30h`, `30d`, `1w`, `1mo`); `-1`: it never expires.",
            effect: Effect::Read("period", |ironward, reader, field| {
                if let Some(period) = read_period_or_never(reader, field) {
                    ironward.key_life.default = period;
                }
            }),
        },
        Key {
            name: "longest_key_lifetime",
            default: "-1",
            meaning: "The longest life that a client's key may ask for; `-1`: any, also none that ends.",
            effect: Effect::Read("period", |ironward, reader, field| {
                if let Some(period) = read_period_or_never(reader, field) {
                    ironward.key_life.longest = period;
                }
            }),
        },
        Key {
            name: "longest_grace_period",
            default: "30d",
            meaning: "How long the old secret of a client's key may be accepted beside the new one at most.",
            effect: Effect::Read(
                "period",
                |ironward, reader, field| match read_period_or_never(reader, field) {
                    Some(Some(period)) => ironward.key_life.longest_grace = period,
                    Some(None) => reader.problem(field, "an overlap has to end; write 30d, say"),
                    None => {}
                },
            ),
        },
        Key {
            name: "issuers",
            default: "[]",
            meaning: "Whose tokens are taken instead of a key: see below.",
            effect: Effect::Read("list", |ironward, reader, field| {
                ironward.issuers = issuers::read(reader, field);
            }),
        },
        Key {
            name: "login",
            default: "",
            meaning: "How people log in on the admin listener: see below. A change takes a restart.",
            effect: Effect::Read("section", login::read),
        },
        Key {
            name: "unpriced_models",
            default: "refuse, where a budget bounds the caller",
            meaning: "What becomes of calls whose most cost nobody knows: `allow` lets all of them through, and they cost what is known of them; `refuse` refuses them to everybody (docs/ledger.md).",
            effect: Effect::Read("word", read_unpriced),
        },
        Key {
            name: "journal",
            default: "{}",
            meaning: "How what happens is recorded: see below. A change takes a restart.",
            effect: Effect::Read("section", journal::read),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

fn read_authorities(ironward: &mut IronwardSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(text) = reader.word(field) else {
        return;
    };
    match text.as_str() {
        "bundled" => ironward.authorities = Authorities::Bundled,
        "system" => ironward.authorities = Authorities::System,
        _ => reader.problem(
            field,
            "no known authorities; write bundled or system, or name a file with extra_ca",
        ),
    }
}

fn read_unpriced(ironward: &mut IronwardSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(text) = reader.word(field) else {
        return;
    };
    match text.as_str() {
        "allow" => ironward.unpriced_models = Some(UnpricedModels::Allow),
        "refuse" => ironward.unpriced_models = Some(UnpricedModels::Refuse),
        _ => reader.problem(field, "expected allow or refuse"),
    }
}

fn read_period_or_never(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Option<Period>> {
    let text = reader.word(field)?;
    match Period::parse_or_never(&text) {
        Ok(period) => Some(period),
        Err(error) => {
            reader.problem(field, error.to_string());
            None
        }
    }
}
