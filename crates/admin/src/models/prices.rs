use std::sync::Arc;

use ironward_catalogue::{
    Entry, PriceList, Priced, Prices, Pricing, Rate, Service, field_of, from_litellm, is_price,
};
use ironward_core::Amount;
use ironward_provider::name;
use ironward_store::objects::Metadata;
use serde_json::Value;

/// How calls to a stored deployment are priced, and what its model is called. `None`: it is not one
/// that calls come to.
pub(super) fn pricing(
    list: &PriceList,
    params: &Metadata,
    told: &Metadata,
) -> Option<(Arc<Pricing>, Box<str>)> {
    let text = |map: &Metadata, name| map.get(name).and_then(Value::as_str).map(str::to_owned);
    let model = text(params, "model")?;
    let named = name(&model, text(params, "custom_llm_provider").as_deref()).ok()?;
    let provider = named.vendor.provider.name();
    let mut fields = Vec::new();
    let is_told = |name: &&String| !params.contains_key(*name);
    let told_prices = told.iter().filter(|(name, _)| is_told(name));
    for (name, value) in params.iter().chain(told_prices) {
        if is_price(name) {
            flatten(name.clone(), value, &mut fields);
        }
    }
    let texts = fields.iter().map(|(name, text)| (&**name, &**text));
    let base = text(params, "base_model").or_else(|| text(told, "base_model"));
    let priced = Priced {
        provider,
        model: named.model,
        base: base.as_deref(),
        own: from_litellm(provider, texts).ok()?,
        region: None,
    };
    let pricing = Pricing::new(list, priced);
    Some((Arc::new(pricing), named.model.into()))
}

fn flatten(name: String, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Number(number) => fields.push((name, number.to_string())),
        Value::String(text) => fields.push((name, text.clone())),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(format!("{name}.{index}"), item, fields);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                flatten(format!("{name}.{key}"), value, fields);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Adds to what is told of a deployment what the catalogue knows of its model, and the prices that
/// hold, by LiteLLM's names.
pub(super) fn tell(told: &mut Metadata, pricing: &Pricing, model: &str) {
    if let Some(entry) = pricing.entry(model) {
        for (name, value) in facts(&entry) {
            if !value.is_null() {
                told.entry(name).or_insert(value);
            }
        }
    }
    let Some(prices) = pricing.of(model).prices else {
        return;
    };
    let immediate = prices.rates().iter();
    for rate in immediate.filter(|rate| rate.service != Service::OffPeak) {
        put(told, &field(rate), number(rate.price));
    }
    for (uplift, billionths) in prices.uplifts() {
        let one = Amount::from(ironward_core::Money::from_nanos(*billionths));
        put(told, uplift.litellm(), number(one));
    }
}

fn facts(entry: &Entry<'_>) -> [(&'static str, Value); 8] {
    let takes = |kind: &str| entry.takes.names().any(|name| name == kind);
    let if_taken = |kind: &str| {
        if takes(kind) {
            true.into()
        } else {
            Value::Null
        }
    };
    [
        ("litellm_provider", entry.provider.into()),
        (
            "mode",
            if entry.mode.is_empty() {
                Value::Null
            } else {
                entry.mode.into()
            },
        ),
        ("max_tokens", entry.max_output.or(entry.context).into()),
        ("max_input_tokens", entry.context.into()),
        ("max_output_tokens", entry.max_output.into()),
        ("supports_vision", if_taken("image")),
        ("supports_audio_input", if_taken("audio")),
        ("supports_pdf_input", if_taken("pdf")),
    ]
}

/// LiteLLM's name of a price, with sizes as it writes them: `_above_200k_tokens`.
fn field(rate: &Rate) -> String {
    let name = field_of(rate);
    match rate.above % 1_000 {
        0 if rate.above > 0 => {
            let (full, short) = (rate.above, rate.above / 1_000);
            name.replace(
                &format!("_above_{full}_tokens"),
                &format!("_above_{short}k_tokens"),
            )
        }
        _ => name,
    }
}

/// Puts a value under its name, with dots on the way into objects.
fn put(into: &mut Metadata, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            into.insert(name.to_owned(), value);
        }
        Some((object, rest)) => {
            let object = into.entry(object).or_insert_with(|| Metadata::new().into());
            if let Some(object) = object.as_object_mut() {
                put(object, rest, value);
            }
        }
    }
}

/// The number whose shortest form is the exact amount, as far as a float can hold it.
pub(crate) fn number(amount: Amount) -> Value {
    // An amount is written as a number.
    amount.to_string().parse::<f64>().unwrap_or_default().into()
}

/// How calls to a model that is no deployment's are priced: by the name that LiteLLM gives it.
pub(super) fn of_name(list: &PriceList, model: &str) -> Option<(Pricing, Box<str>)> {
    let priced = |provider, model, base| {
        let priced = Priced {
            provider,
            model,
            base,
            own: Prices::default(),
            region: None,
        };
        Pricing::new(list, priced)
    };
    let named = name(model, None).ok();
    let found = named.map(|named| {
        (
            priced(named.vendor.provider.name(), named.model, None),
            named.model,
        )
    });
    let is_known = |(pricing, model): &(Pricing, &str)| pricing.of(model).prices.is_some();
    let found = found.filter(is_known);
    // Of a provider that calls cannot be sent to.
    let found = found.or_else(|| Some((priced("", model, Some(model)), model)).filter(is_known));
    found.map(|(pricing, model)| (pricing, model.into()))
}
