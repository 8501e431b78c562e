use ironward_catalogue::is_price;
use ironward_core::nearest;

use super::{Draft, endpoint, headers};
use crate::keys::{Effect, Key, Section, Unknown};
use crate::node::{Entry, Value};
use crate::reader::{Field, Reader};

/// The keys of `litellm_params`.
pub(crate) static PARAMS: Section<Draft> = Section {
    name: "model_list[].litellm_params",
    about: "Prices of its own, by LiteLLM's names (`input_cost_per_token`, `output_cost_per_token`, \
            `cache_read_input_token_cost` and so on, in dollars), go before those of the price \
            catalogue (docs/catalogue.md). A key of any other name is a parameter for calls that do \
            not set it themselves, such as `temperature` or `max_tokens`.",
    keys: &[
        Key {
            name: "model",
            default: "",
            meaning: "Required. `provider/model`, such as `openai/gpt-4o`, or a model's name that says which provider it is of.",
            effect: Effect::Word(|draft, model| draft.params.model = model),
        },
        Key {
            name: "custom_llm_provider",
            default: "",
            meaning: "The provider, where `model` does not say it.",
            effect: Effect::Word(|draft, name| draft.params.custom_llm_provider = Some(name)),
        },
        Key {
            name: "api_key",
            default: "the provider's own variable",
            meaning: "The provider's key: a reference such as `os.environ/NAME` or `vault://MOUNT/PATH#FIELD`, or the key itself.",
            effect: Effect::Read("secret", endpoint::read_key),
        },
        Key {
            name: "api_base",
            default: "the provider's own address",
            meaning: "Where the provider is. The key is sent there and nowhere else.",
            effect: Effect::Read("URL", endpoint::read_base),
        },
        Key {
            name: "base_url",
            default: "",
            meaning: "The same as `api_base`.",
            effect: Effect::Read("URL", endpoint::read_base),
        },
        Key {
            name: "allow_private_address",
            default: "false",
            meaning: "Ironward's own: `api_base` may resolve to a private or loopback address. A host that is such an address, or whose name can only mean one, needs no permission.",
            effect: Effect::Switch(|draft, on| draft.params.allow_private_address = on),
        },
        Key {
            name: "api_version",
            default: "",
            meaning: "Azure's `api-version`.",
            effect: Effect::Word(|draft, version| draft.params.api_version = Some(version)),
        },
        Key {
            name: "organization",
            default: "",
            meaning: "The OpenAI organisation that is billed; a list makes one deployment for each.",
            effect: Effect::Words(|draft, names| draft.organizations = names),
        },
        Key {
            name: "litellm_credential_name",
            default: "",
            meaning: "An entry of `credential_list`, whose values hold where the model has none of its own.",
            effect: Effect::Name(|draft, name| draft.credential = Some(name)),
        },
        Key {
            name: "weight",
            default: "1",
            meaning: "The deployment's share of the group's calls.",
            effect: Effect::Number(|draft, weight| draft.params.weight = Some(weight)),
        },
        Key {
            name: "rpm",
            default: "",
            meaning: "Requests a minute: the share of the group's calls where no deployment has a weight. As in LiteLLM, it is no limit.",
            effect: Effect::Count(|draft, rpm| draft.params.rpm = Some(rpm)),
        },
        Key {
            name: "tpm",
            default: "",
            meaning: "Tokens a minute: the share of the group's calls where there is neither weight nor rpm. As in LiteLLM, it is no limit.",
            effect: Effect::Count(|draft, tpm| draft.params.tpm = Some(tpm)),
        },
        Key {
            name: "order",
            default: "1",
            meaning: "The deployment's tier: 1 first; a later one is tried when the earlier ones are exhausted.",
            effect: Effect::Whole(|draft, order| draft.params.order = Some(order)),
        },
        Key {
            name: "timeout",
            default: "router_settings.timeout",
            meaning: "How long a call may take.",
            effect: Effect::Seconds(|draft, time| draft.params.timeout = Some(time)),
        },
        Key {
            name: "stream_timeout",
            default: "router_settings.stream_timeout",
            meaning: "How long a provider may take until the first byte of a stream; after it, only pauses are bounded (`ironward.idle_timeout`).",
            effect: Effect::Seconds(|draft, time| draft.params.stream_timeout = Some(time)),
        },
        Key {
            name: "num_retries",
            default: "router_settings.num_retries",
            meaning: "How often a failed call is tried again.",
            effect: Effect::Whole(|draft, retries| draft.params.num_retries = Some(retries)),
        },
        Key {
            name: "drop_params",
            default: "litellm_settings.drop_params",
            meaning: "Drop parameters that the provider cannot take instead of refusing the call.",
            effect: Effect::Switch(|draft, on| draft.params.drop_params = Some(on)),
        },
        Key {
            name: "additional_drop_params",
            default: "[]",
            meaning: "Parameters that are always dropped.",
            effect: Effect::Words(|draft, names| draft.params.additional_drop_params = names),
        },
        Key {
            name: "allowed_openai_params",
            default: "[]",
            meaning: "Parameters that are sent although the provider is not known to take them.",
            effect: Effect::Words(|draft, names| draft.params.allowed_openai_params = names),
        },
        Key {
            name: "extra_headers",
            default: "{}",
            meaning: "Headers of every request to the provider.",
            effect: Effect::Read("mapping", headers::read),
        },
        Key {
            name: "headers",
            default: "{}",
            meaning: "The same as `extra_headers`.",
            effect: Effect::Read("mapping", headers::read),
        },
        Key {
            name: "extra_body",
            default: "{}",
            meaning: "Fields set on the body of every request to the provider, over whatever the call says.",
            effect: Effect::Read("mapping", |draft, reader, field| {
                draft.params.extra_body = reader.json_entries(field).unwrap_or_default();
            }),
        },
        Key {
            name: "region_name",
            default: "",
            meaning: "The region that it is in; keys may be granted some regions only.",
            effect: Effect::Word(|draft, version| draft.params.region_name = Some(version)),
        },
        Key {
            name: "base_model",
            default: "",
            meaning: "As `model_info.base_model`; goes before it.",
            effect: Effect::Word(|draft, model| draft.params.base_model = Some(model)),
        },
        Key {
            name: "mock_response",
            default: "",
            meaning: "A reply given by the gateway; the provider is not called.",
            effect: Effect::Read("text", read_mock),
        },
    ],
    ignored: include_str!("ignored.txt"),
    unknown: Unknown::Take(is_price, read_default),
};

/// Request parameters that take effect as defaults without a word. Any other unknown key does so
/// too, with a notice.
pub(crate) const REQUEST_PARAMS: [&str; 62] = [
    "audio",
    "background",
    "dimensions",
    "enable_thinking",
    "encoding_format",
    "frequency_penalty",
    "function_call",
    "functions",
    "include",
    "input_type",
    "instructions",
    "keep_alive",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_output_tokens",
    "max_tokens",
    "metadata",
    "min_p",
    "modalities",
    "models",
    "n",
    "num_ctx",
    "parallel_tool_calls",
    "plugins",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "provider",
    "quality",
    "reasoning",
    "reasoning_effort",
    "repetition_penalty",
    "response_format",
    "route",
    "safety_identifier",
    "safety_settings",
    "seed",
    "service_tier",
    "size",
    "stop",
    "store",
    "stream",
    "stream_options",
    "style",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_a",
    "top_k",
    "top_logprobs",
    "top_p",
    "transforms",
    "truncation",
    "usage",
    "user",
    "verbosity",
    "voice",
    "web_search_options",
    "chat_template_kwargs",
];

fn read_mock(draft: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>) {
    if let Value::Scalar(_) = field.node.value {
        draft.params.mock_response = reader.text(field).map(|text| text.text.to_string());
    } else {
        reader.problem(
            field,
            "only a text can be given as the reply; write the text",
        );
    }
}

/// A key of no table is a parameter of the request, as in LiteLLM. A slip of a known key is
/// refused: taken for a parameter, a misspelt `api_key` would send the key in every body.
fn read_default(draft: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>, entry: &Entry) {
    if entry.node.is_null() || draft.prices.take(reader, field, entry) {
        return;
    }
    if !REQUEST_PARAMS.contains(&entry.key.as_str()) {
        if let Some(near) = PARAMS.near(&entry.key) {
            let message = format!(
                "there is no such key, did you mean '{near}'? \
                 A field that the provider is to get belongs below extra_body"
            );
            return reader.problem_at(field.key_place, &field.path, message);
        }
        let hint = nearest(&entry.key, REQUEST_PARAMS)
            .map(|near| format!("; did you mean '{near}'?"))
            .unwrap_or_default();
        let message = format!(
            "not a known key: sent to the provider as a field of every request, \
             which belongs below extra_body{hint}"
        );
        reader.notice(field, message);
    }
    if let Some(json) = reader.json(field) {
        draft.params.defaults.push((entry.key.clone(), json));
    }
}
