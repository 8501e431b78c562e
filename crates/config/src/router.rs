use std::time::Duration;

use ironward_core::nearest;

use crate::keys::{Effect, Key, Section, Unknown};
use crate::node::Value;
use crate::reader::{Field, Reader};
use crate::{LitellmSettings, Model, Place};

/// How calls are spread over deployments and tried again: `router_settings`, with what
/// `litellm_settings` says where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterSettings {
    /// How often a failed call is tried again.
    pub num_retries: u32,
    /// How long a call may take.
    pub timeout: Option<Duration>,
    /// How long a streamed call may take.
    pub stream_timeout: Option<Duration>,
    /// The shortest wait before another try.
    pub retry_after: Duration,
    /// Other names of model groups.
    pub model_group_alias: Vec<ModelGroupAlias>,
}

/// Another name of a model group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelGroupAlias {
    /// Where it is written.
    pub place: Place,
    /// The name that clients ask for.
    pub name: String,
    /// The model group that answers.
    pub model: String,
    /// Whether the name is left out of lists of models.
    pub hidden: bool,
}

/// LiteLLM's default, which is the OpenAI client's.
const DEFAULT_RETRIES: u32 = 2;
const STRATEGIES: [&str; 8] = [
    "simple-shuffle",
    "least-busy",
    "usage-based-routing",
    "usage-based-routing-v2",
    "latency-based-routing",
    "cost-based-routing",
    "provider-budget-routing",
    "lar1",
];

impl Default for RouterSettings {
    fn default() -> Self {
        Draft::default().finish(&LitellmSettings::default())
    }
}

/// `router_settings` while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    num_retries: Option<u32>,
    timeout: Option<Duration>,
    stream_timeout: Option<Duration>,
    retry_after: Duration,
    aliases: Vec<ModelGroupAlias>,
}

impl Draft {
    /// Falls back to `litellm_settings`.
    pub(crate) fn finish(self, litellm: &LitellmSettings) -> RouterSettings {
        let retries = self.num_retries.or(litellm.num_retries);
        RouterSettings {
            num_retries: retries.unwrap_or(DEFAULT_RETRIES),
            timeout: self.timeout.or(litellm.request_timeout),
            stream_timeout: self.stream_timeout,
            retry_after: self.retry_after,
            model_group_alias: self.aliases,
        }
    }
}

/// The keys of `router_settings`.
pub(crate) static ROUTER: Section<Draft> = Section {
    name: "router_settings",
    about: "How calls are spread over the deployments of a model group, and tried again.",
    keys: &[
        Key {
            name: "num_retries",
            default: "litellm_settings.num_retries, or 2",
            meaning: "How often a failed call is tried again.",
            effect: Effect::Whole(|router, retries| router.num_retries = Some(retries)),
        },
        Key {
            name: "timeout",
            default: "litellm_settings.request_timeout, or 600",
            meaning: "How long a call may take.",
            effect: Effect::Seconds(|router, time| router.timeout = Some(time)),
        },
        Key {
            name: "stream_timeout",
            default: "timeout",
            meaning: "How long a provider may take until the first byte of a stream; after it, only pauses are bounded (`ironward.idle_timeout`).",
            effect: Effect::Seconds(|router, time| router.stream_timeout = Some(time)),
        },
        Key {
            name: "retry_after",
            default: "0",
            meaning: "The shortest wait before another try.",
            effect: Effect::Pause(|router, time| router.retry_after = time),
        },
        Key {
            name: "model_group_alias",
            default: "{}",
            meaning: "Other names of model groups: `{name: group}` or `{name: {model: group, hidden: true}}`.",
            effect: Effect::Read("mapping", read_aliases),
        },
        Key {
            name: "routing_strategy",
            default: "simple-shuffle",
            meaning: "`simple-shuffle` picks by weight, rpm or tpm, or else evenly. Every other strategy is read and answered with a notice: simple-shuffle is used instead.",
            effect: Effect::Read("text", |_, reader, field| check_strategy(reader, field)),
        },
    ],
    ignored: include_str!("router/ignored.txt"),
    unknown: Unknown::Notice,
};

fn check_strategy(reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(strategy) = reader.word(field) else {
        return;
    };
    if strategy == "simple-shuffle" {
        return;
    }
    if STRATEGIES.contains(&strategy.as_str()) {
        let message = format!("{strategy} is not supported yet, simple-shuffle is used instead");
        reader.notice(field, message);
        return;
    }
    let hint = nearest(&strategy, STRATEGIES)
        .map(|near| format!("did you mean '{near}'? "))
        .unwrap_or_default();
    let message = format!(
        "no such strategy; {hint}write one of {}",
        STRATEGIES.join(", ")
    );
    reader.problem(field, message);
}

/// A name's `{model, hidden}`.
#[derive(Default)]
struct Target {
    model: Option<String>,
    hidden: bool,
}

static TARGET: Section<Target> = Section {
    name: "router_settings.model_group_alias.NAME",
    about: "",
    keys: &[
        Key {
            name: "model",
            default: "",
            meaning: "Required. The model group that answers.",
            effect: Effect::Word(|target, model| target.model = Some(model)),
        },
        Key {
            name: "hidden",
            default: "false",
            meaning: "Leave the name out of lists of models.",
            effect: Effect::Switch(|target, on| target.hidden = on),
        },
    ],
    ignored: "",
    unknown: Unknown::Notice,
};

fn read_aliases(router: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>) {
    for entry in reader.entries(field).unwrap_or_default() {
        let field = field.entry(entry);
        let mut target = Target::default();
        if let Value::Map(_) = entry.node.value {
            TARGET.read(&mut target, reader, &field);
            if target.model.is_none() {
                reader.problem(&field, "the model group is missing; add 'model: GROUP'");
            }
        } else {
            target.model = reader.word(&field);
        }
        if let Some(model) = target.model {
            router.aliases.push(ModelGroupAlias {
                place: entry.key_place.clone(),
                name: entry.key.clone(),
                model,
                hidden: target.hidden,
            });
        }
    }
}

/// Says which aliases lead nowhere. A pattern may match anything, so with one there is no telling.
pub(crate) fn check_aliases(
    reader: &mut Reader<'_>,
    aliases: &[ModelGroupAlias],
    models: &[Model],
) {
    if models.iter().any(|model| model.name.contains('*')) {
        return;
    }
    for alias in aliases {
        if !models.iter().any(|model| model.name == alias.model) {
            let path = "router_settings.model_group_alias";
            let message = "this alias leads to no model_name of model_list; correct or remove it";
            reader.notice_at(&alias.place, path, message);
        }
    }
}
