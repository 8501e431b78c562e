//! LiteLLM's `config.yaml`, read as it is, checked, and turned into a [`Config`].
//!
//! [`load()`] reports everything that is wrong at once ([`Problems`]), each with its file, line and
//! column, what is wrong and what to write instead. What is right but has no effect is a
//! [`Notice`]: no key is ignored without a word.
//!
//! Which keys there are stands in one table a section ([`reference()`] prints them). The loader
//! reads with the same tables, so that the page cannot say anything else than what happens.
//!
//! What services keep (`vault://` and its like) is not read here, where nothing is dialled: a
//! [`Written`] configuration is examined once to learn what it refers to, and again with what was
//! found ([`Resolved`]).
//!
//! Nothing of a secret reaches a problem or a notice. Values are shown only where they are short
//! and look like no key; what comes from an environment variable is never shown.

mod at_start;
mod config;
mod credentials;
mod environment;
mod general;
mod include;
mod ironward;
mod issuers;
mod json;
mod jwt;
mod keys;
mod litellm;
mod literal;
mod load;
mod making;
mod models;
mod node;
mod options;
mod place;
mod placeholder;
mod problem;
mod reader;
mod reference;
mod router;
mod scheme;
mod shape;
mod show;
mod top;
mod variables;
mod yaml;

pub use at_start::AtStart;
pub use config::{Config, Loaded};
pub use environment::{Environment, FixedEnvironment, ProcessEnvironment};
pub use general::{DatabaseUrl, GeneralSettings};
pub use ironward::{
    Authorities, AwsSource, AzureSource, ClientTls, Durability, GcpSource, IronwardSettings,
    JournalSettings, KekSettings, Login, SecretSources, Tls, UnpricedModels, VaultAuth,
    VaultSettings, VaultSource,
};
pub use issuers::{Algorithm, Issuer, KeySource};
pub use litellm::{BudgetSettings, LitellmSettings, PrometheusSettings, SslVerify};
pub use literal::{LiteralCredential, LiteralModel};
pub use load::{Examined, Written, examine, load, load_text};
pub use making::DefaultField;
pub use models::Model;
pub use models::model_info::ModelInfo;
pub use models::params::ModelParams;
pub use models::prices::WrittenPrices;
pub use options::Options;
pub use place::{Place, Placed};
pub use placeholder::{is_published_key, published_keys};
pub use problem::{Notice, Problem, ProblemKind, Problems};
pub use reference::reference;
pub use router::{ModelGroupAlias, RouterSettings};
pub use scheme::{Reference, Referred, Resolved, Scheme, looks_like_reference};
pub use variables::Variables;
