use std::path::PathBuf;
use std::time::Duration;

use ironward_catalogue::Adjustments;
use ironward_policy::KeyBounds;

use crate::keys::{Effect, Key, Section, Unknown};
use crate::making::{DefaultField, KEY_BOUNDS, read_defaults};
use crate::node::{Value, switch};
use crate::reader::{Field, Reader};

mod budget;
mod costs;

pub use budget::BudgetSettings;

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
    /// The discounts and margins of providers.
    pub adjustments: Adjustments,
    /// What the whole gateway may spend.
    pub budget: BudgetSettings,
    /// What is counted and shown.
    pub prometheus: PrometheusSettings,
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

/// The keys of `litellm_settings` about metrics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrometheusSettings {
    /// The keys that name `prometheus` as a callback: with any, LiteLLM's metrics are written beside
    /// Ironward's.
    pub named_in: Vec<&'static str>,
    /// The admin listener shows metrics without a key.
    pub open: bool,
    /// The upper bounds of buckets, in seconds, rising.
    pub buckets: Option<Vec<f64>>,
    /// Metrics that are not written.
    pub excluded_metrics: Vec<String>,
    /// Labels that are not written.
    pub excluded_labels: Vec<String>,
    /// The most deployments, and pairs of caller and deployment, with series of their own.
    pub most_series: Option<usize>,
}

impl Eq for PrometheusSettings {}

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
        Key {
            name: "cost_discount_config",
            default: "{}",
            meaning: "The part of a provider's price that is taken off, from 0 to 1, by provider or by `provider/model` with `*` for any text (docs/catalogue.md).",
            effect: Effect::Read("mapping", |litellm, reader, field| {
                costs::read_discounts(&mut litellm.adjustments, reader, field);
            }),
        },
        Key {
            name: "cost_margin_config",
            default: "{}",
            meaning: "What is put on top, by provider or for all without an entry (`global`): a part of the cost, or a mapping of `percentage` (0.1 is a tenth) and `fixed_amount` (dollars for each call).",
            effect: Effect::Read("mapping", |litellm, reader, field| {
                costs::read_margins(&mut litellm.adjustments, reader, field);
            }),
        },
        Key {
            name: "max_budget",
            default: "0",
            meaning: "How many dollars may be spent through the whole gateway in each `budget_duration`; 0: any (docs/ledger.md).",
            effect: Effect::Read("number", budget::read_most),
        },
        Key {
            name: "budget_duration",
            default: "",
            meaning: "How often `max_budget` starts anew (`30s`, `30m`, `30h`, `30d`, `1w`, `1mo`); without it, never.",
            effect: Effect::Read("period", budget::read_duration),
        },
        Key {
            name: "budget_exceeded_status_code",
            default: "422",
            meaning: "The status of a call that a budget does not allow, 400 to 499.",
            effect: Effect::Read("whole number", budget::read_status),
        },
        Key {
            name: "callbacks",
            default: "[]",
            meaning: "`prometheus` writes LiteLLM's metrics beside Ironward's at `/metrics` of the admin port (docs/metrics.md). Every other callback is named in a notice: none is supported yet. A change takes a restart.",
            effect: Effect::Read("list of texts", |litellm, reader, field| {
                read_callbacks("callbacks", (litellm, reader), field);
            }),
        },
        Key {
            name: "success_callback",
            default: "[]",
            meaning: "As `callbacks`. A change takes a restart.",
            effect: Effect::Read("list of texts", |litellm, reader, field| {
                read_callbacks("success_callback", (litellm, reader), field);
            }),
        },
        Key {
            name: "failure_callback",
            default: "[]",
            meaning: "As `callbacks`. A change takes a restart.",
            effect: Effect::Read("list of texts", |litellm, reader, field| {
                read_callbacks("failure_callback", (litellm, reader), field);
            }),
        },
        Key {
            name: "require_auth_for_metrics_endpoint",
            default: "true",
            meaning: "Ask for a key before metrics are shown. `false` shows them to whoever reaches the admin listener, and there alone.",
            effect: Effect::Switch(|litellm, on| litellm.prometheus.open = !on),
        },
        Key {
            name: "prometheus_latency_buckets",
            default: "0.0001 to 600",
            meaning: "The upper bounds of the buckets of all histograms, in seconds, rising. A change takes a restart.",
            effect: Effect::Read("list of numbers", read_buckets),
        },
        Key {
            name: "prometheus_exclude_metrics",
            default: "[]",
            meaning: "Metrics that are not written. A change takes a restart.",
            effect: Effect::Words(|litellm, names| litellm.prometheus.excluded_metrics = names),
        },
        Key {
            name: "prometheus_exclude_labels",
            default: "[]",
            meaning: "Labels that are not written; what differs by nothing else is added up. A change takes a restart.",
            effect: Effect::Words(|litellm, names| litellm.prometheus.excluded_labels = names),
        },
        Key {
            name: "prometheus_metrics_max_series_per_metric",
            default: "1000",
            meaning: "How many deployments, and how many pairs of caller and deployment, have series of their own, 1 to 10000; all others are counted together, as `other`. A change takes a restart.",
            effect: Effect::Read("whole number", |litellm, reader, field| {
                let Some(most) = reader.whole(field) else {
                    return;
                };
                match usize::try_from(most) {
                    Ok(most @ 1..=MOST_SERIES) => litellm.prometheus.most_series = Some(most),
                    _ => reader.problem(field, "expected a whole number from 1 to 10000"),
                }
            }),
        },
    ],
    ignored: include_str!("litellm/ignored.txt"),
    unknown: Unknown::Notice,
};

/// Each series takes memory here and in Prometheus, and a caller can bring about many.
const MOST_SERIES: usize = 10_000;

/// Each bucket is a series for every deployment, four times.
const MOST_BUCKETS: usize = 64;

/// One callback takes effect; every other is named.
fn read_callbacks(
    key: &'static str,
    (litellm, reader): (&mut LitellmSettings, &mut Reader<'_>),
    field: &Field<'_>,
) {
    let items = match &field.node.value {
        Value::Scalar(_) => vec![field.clone()],
        Value::List(_) | Value::Map(_) => reader.items(field).unwrap_or_default(),
    };
    for item in &items {
        match &item.node.value {
            Value::Scalar(scalar) if scalar.text.trim() == "prometheus" => {
                litellm.prometheus.named_in.push(key);
            }
            _ => reader.notice(item, "not supported yet, ignored"),
        }
    }
}

fn read_buckets(litellm: &mut LitellmSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    let items = reader.items(field).unwrap_or_default();
    let mut buckets: Vec<f64> = Vec::new();
    for item in &items {
        let Some(bound) = reader.number(item) else {
            return;
        };
        if bound <= buckets.last().copied().unwrap_or_default() {
            return reader.problem(item, "expected a number of seconds above the one before");
        }
        buckets.push(bound);
    }
    if buckets.is_empty() || buckets.len() > MOST_BUCKETS {
        return reader.problem(field, "expected 1 to 64 numbers of seconds");
    }
    litellm.prometheus.buckets = Some(buckets);
}

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
