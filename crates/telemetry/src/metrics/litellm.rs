//! LiteLLM's metrics, by LiteLLM's names and labels, so that its dashboards work.
//!
//! Left out are labels with what a caller makes up or what is personal (`end_user`, `client_ip`,
//! `user_agent`, `user_email`), `api_base`, which no part that counts knows, and, on what is counted by
//! deployment, those that name the caller. Names and values of labels as LiteLLM 1.102 has them:
//! <https://docs.litellm.ai/docs/proxy/prometheus>.

use std::borrow::Cow;

use ironward_core::FaultKind;
use ironward_wire::Dialect;

use super::callers::{NONE, Pair};
use super::cells::{Counter, Histogram, Outcomes};
use super::family::{Family, Kind, Samples, Value, View};
use super::series::{OTHER, Series};

/// What is counted by caller, model and deployment.
const TOKENS: &[&str] = &[
    "hashed_api_key",
    "api_key_alias",
    "team",
    "team_alias",
    "user",
    "requested_model",
    "model",
    "model_id",
    "api_provider",
];
/// What is counted by deployment.
const DEPLOYMENT: &[&str] = &[
    "requested_model",
    "litellm_model_name",
    "model_id",
    "api_provider",
];
/// The same where LiteLLM has other names.
const GROUP: &[&str] = &[
    "model_group",
    "litellm_model_name",
    "model_id",
    "api_provider",
];

#[rustfmt::skip]
pub(super) static LITELLM: &[Family] = &[
    Family {
        name: "litellm_proxy_total_requests_metric", kind: Kind::Counter, unit: "requests",
        labels: &[
            "hashed_api_key", "api_key_alias", "team", "team_alias", "user",
            "requested_model", "model_id", "api_provider", "status_code", "route",
        ],
        meaning: "Calls, and requests of known callers that were refused.",
        read: |view, samples| pairs(view, |pair| {
            let [key, alias, team, team_alias, user] = pair.caller();
            let [model, _, id, provider] = served(&pair.series);
            for (dialect, fault, count) in pair.calls.read() {
                let status = status(fault);
                let labels = [key, alias, team, team_alias, user, model, id, provider, &status, route(dialect)];
                samples.count(labels, count);
            }
        }),
    },
    Family {
        name: "litellm_proxy_failed_requests_metric", kind: Kind::Counter, unit: "requests",
        labels: &[
            "hashed_api_key", "api_key_alias", "team", "team_alias", "user",
            "requested_model", "model_id", "api_provider", "exception_status", "exception_class", "route",
        ],
        meaning: "Those of them that failed.",
        read: |view, samples| pairs(view, |pair| {
            let [key, alias, team, team_alias, user] = pair.caller();
            let [model, _, id, provider] = served(&pair.series);
            for (dialect, fault, count) in pair.calls.read() {
                let Some(kind) = fault else { continue };
                let (status, class) = (status(fault), class(&pair.series, kind));
                let labels = [
                    key, alias, team, team_alias, user, model, id, provider, &status, &class, route(dialect),
                ];
                samples.count(labels, count);
            }
        }),
    },
    Family {
        name: "litellm_requests_metric", kind: Kind::Counter, unit: "requests", labels: TOKENS,
        meaning: "Calls that went well.",
        read: |view, samples| pairs(view, |pair| {
            let well = pair.calls.read().filter(|(_, fault, _)| fault.is_none());
            samples.count(labels(pair), well.map(|(_, _, count)| count).sum());
        }),
    },
    Family {
        name: "litellm_llm_api_failed_requests_metric", kind: Kind::Counter, unit: "requests", labels: TOKENS,
        meaning: "Calls that failed after a deployment was tried.",
        read: |view, samples| pairs(view, |pair| {
            let failed = pair.calls.read().filter(|(_, fault, _)| fault.is_some());
            if !pair.series.served().deployment.is_empty() {
                samples.count(labels(pair), failed.map(|(_, _, count)| count).sum());
            }
        }),
    },
    Family {
        name: "litellm_spend_metric", kind: Kind::Counter, unit: "dollars", labels: TOKENS,
        meaning: "What calls cost.",
        read: |view, samples| pairs(view, |pair| samples.sum(labels(pair), pair.costs.dollars())),
    },
    Family {
        name: "litellm_total_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Input and output tokens.",
        read: |view, samples| pairs(view, |pair| {
            let sum = pair.tokens.input.read().saturating_add(pair.tokens.output.read());
            samples.count(labels(pair), sum);
        }),
    },
    Family {
        name: "litellm_input_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Input tokens.",
        read: |view, samples| counters(view, samples, |pair| &pair.tokens.input),
    },
    Family {
        name: "litellm_output_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Output tokens.",
        read: |view, samples| counters(view, samples, |pair| &pair.tokens.output),
    },
    Family {
        name: "litellm_input_cached_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Input tokens that were read from the provider's cache.",
        read: |view, samples| counters(view, samples, |pair| &pair.tokens.input_cached),
    },
    Family {
        name: "litellm_input_cache_creation_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Input tokens that were written to it.",
        read: |view, samples| counters(view, samples, |pair| &pair.tokens.input_cache_write),
    },
    Family {
        name: "litellm_input_audio_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Input tokens of audio.",
        read: |view, samples| counters(view, samples, |pair| &pair.tokens.input_audio),
    },
    Family {
        name: "litellm_output_reasoning_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Output tokens that were spent on reasoning.",
        read: |view, samples| counters(view, samples, |pair| &pair.tokens.output_reasoning),
    },
    Family {
        name: "litellm_output_audio_tokens_metric", kind: Kind::Counter, unit: "tokens", labels: TOKENS,
        meaning: "Output tokens of audio.",
        read: |view, samples| counters(view, samples, |pair| &pair.tokens.output_audio),
    },
    Family {
        name: "litellm_request_total_latency_metric", kind: Kind::Histogram, unit: "seconds", labels: TOKENS,
        meaning: "How long calls took that went well.",
        read: |view, samples| spreads(view, samples, |pair| &pair.total),
    },
    Family {
        name: "litellm_llm_api_latency_metric", kind: Kind::Histogram, unit: "seconds", labels: TOKENS,
        meaning: "Those less what was before their last attempt.",
        read: |view, samples| spreads(view, samples, |pair| &pair.answering),
    },
    Family {
        name: "litellm_llm_api_time_to_first_token_metric", kind: Kind::Histogram, unit: "seconds", labels: TOKENS,
        meaning: "From the last attempt's beginning to the first byte of the reply, of streams.",
        read: |view, samples| spreads(view, samples, |pair| &pair.first_token),
    },
    Family {
        name: "litellm_overhead_latency_metric", kind: Kind::Histogram, unit: "seconds", labels: GROUP,
        meaning: "What the gateway itself added to calls.",
        read: |view, samples| {
            let bounds = view.metrics.series.bounds();
            for series in &view.series {
                samples.spread(served(series), series.overhead.read(bounds));
            }
        },
    },
    Family {
        name: "litellm_remaining_requests_metric", kind: Kind::Gauge, unit: "requests", labels: GROUP,
        meaning: "What the provider said last is left of its limit on requests.",
        read: |view, samples| remaining(view, samples, |series| series.remaining.requests.read()),
    },
    Family {
        name: "litellm_remaining_tokens_metric", kind: Kind::Gauge, unit: "tokens", labels: GROUP,
        meaning: "What the provider said last is left of its limit on tokens.",
        read: |view, samples| remaining(view, samples, |series| series.remaining.tokens.read()),
    },
    Family {
        name: "litellm_deployment_total_requests", kind: Kind::Counter, unit: "attempts", labels: DEPLOYMENT,
        meaning: "Attempts at a deployment that came to their end.",
        read: |view, samples| answers(view, samples, |answers| answers.read().map(|(_, count)| count).sum()),
    },
    Family {
        name: "litellm_deployment_success_responses", kind: Kind::Counter, unit: "attempts", labels: DEPLOYMENT,
        meaning: "Those of them that went well.",
        read: |view, samples| answers(view, samples, |answers| {
            let well = answers.read().filter(|(fault, _)| fault.is_none());
            well.map(|(_, count)| count).sum()
        }),
    },
    Family {
        name: "litellm_deployment_failure_responses", kind: Kind::Counter, unit: "attempts",
        labels: &[
            "requested_model", "litellm_model_name", "model_id", "api_provider",
            "exception_status", "exception_class",
        ],
        meaning: "Those of them that failed.",
        read: |view, samples| for series in &view.series {
            let [model, name, id, provider] = served(series);
            for (fault, count) in series.answers.read() {
                let Some(kind) = fault else { continue };
                let (status, class) = (status(fault), class(series, kind));
                samples.count([model, name, id, provider, &status, &class], count);
            }
        },
    },
    Family {
        name: "litellm_in_flight_requests", kind: Kind::Gauge, unit: "calls", labels: &[],
        meaning: "Calls that run now.",
        read: |view, samples| samples.count([], view.moment.calls_running as u64),
    },
];

fn pairs(view: &View, look: impl FnMut(&Pair)) {
    if let Some(callers) = &view.metrics.callers {
        callers.read(look);
    }
}

/// `requested_model`, `model`, `model_id`, `api_provider`.
fn served(series: &Series) -> [&str; 4] {
    let served = series.served();
    [
        served.group,
        served.model,
        served.deployment,
        served.provider,
    ]
    .map(or_none)
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { NONE } else { text }
}

fn labels(pair: &Pair) -> [&str; TOKENS.len()] {
    let [key, alias, team, team_alias, user] = pair.caller();
    let [group, model, id, provider] = served(&pair.series);
    [
        key, alias, team, team_alias, user, group, model, id, provider,
    ]
}

fn counters(view: &View, samples: &mut Samples<'_>, counter: fn(&Pair) -> &Counter) {
    pairs(view, |pair| {
        samples.count(labels(pair), counter(pair).read());
    });
}

fn spreads(view: &View, samples: &mut Samples<'_>, histogram: fn(&Pair) -> &Histogram) {
    let bounds = view.metrics.series.bounds();
    pairs(view, |pair| {
        samples.spread(labels(pair), histogram(pair).read(bounds));
    });
}

fn remaining(view: &View, samples: &mut Samples<'_>, said: fn(&Series) -> Option<u64>) {
    for series in &view.series {
        if let Some(number) = said(series) {
            samples.put(served(series), Value::Whole(number));
        }
    }
}

fn answers(view: &View, samples: &mut Samples<'_>, sum: fn(&Outcomes) -> u64) {
    for series in &view.series {
        samples.count(served(series), sum(&series.answers));
    }
}

fn status(fault: Option<FaultKind>) -> Cow<'static, str> {
    match fault {
        None => Cow::Borrowed("200"),
        Some(kind) => Cow::Owned(kind.status().to_string()),
    }
}

/// The route of a dialect, as LiteLLM names it.
const fn route(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAiChat => "/v1/chat/completions",
        Dialect::OpenAiCompletions => "/v1/completions",
        Dialect::OpenAiEmbeddings => "/v1/embeddings",
        Dialect::AnthropicMessages => "/v1/messages",
        Dialect::AnthropicCountTokens => "/v1/messages/count_tokens",
    }
}

/// LiteLLM's class of exceptions for a kind of fault, with its provider where there was one, as in
/// `Openai.RateLimitError`.
fn class(series: &Series, kind: FaultKind) -> String {
    let class = match kind {
        FaultKind::ContextWindowExceeded => "ContextWindowExceededError",
        FaultKind::ContentPolicy => "ContentPolicyViolationError",
        FaultKind::UnsupportedParam => "UnsupportedParamsError",
        FaultKind::Authentication | FaultKind::UpstreamAuthentication => "AuthenticationError",
        FaultKind::PermissionDenied => "PermissionDeniedError",
        FaultKind::NotFound => "NotFoundError",
        FaultKind::Timeout => "Timeout",
        FaultKind::Unprocessable => "UnprocessableEntityError",
        FaultKind::RateLimited => "RateLimitError",
        FaultKind::NoDeployment => "RouterRateLimitError",
        FaultKind::UpstreamInternal | FaultKind::Internal => "InternalServerError",
        FaultKind::BadGateway => "BadGatewayError",
        FaultKind::Unavailable => "ServiceUnavailableError",
        FaultKind::ClientGone => "CancelledError",
        FaultKind::PaymentRequired | FaultKind::BudgetExceeded => "BudgetExceededError",
        FaultKind::BadRequest | FaultKind::UnknownModel => "BadRequestError",
        _ => "ProxyException",
    };
    let provider = series.served().provider;
    if kind == FaultKind::ClientGone || provider.is_empty() || provider == OTHER {
        return class.to_owned();
    }
    let mut letters = provider.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}.{class}", letters.as_str())
}
