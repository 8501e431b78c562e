use ironward_catalogue::{Pricing, Service, Used};
use ironward_core::Usage;
use ironward_provider::estimate;
use ironward_wire::{Body, Call as ModelCall, Dialect, read_usage};
use serde_json::{Map, Value, json};

use super::listed::visible;
use super::prices::{number, of_name};
use crate::call::{Call, Outcome};
use crate::fault::Refusal;
use crate::plane::Settings;
use crate::request::{Fields, Shape};
use crate::target::Target;

/// LiteLLM's `SpendCalculateRequest`.
pub(crate) struct CalculateSpend {
    model: Option<Box<str>>,
    messages: Option<Value>,
    reply: Option<Map<String, Value>>,
}

impl Shape for CalculateSpend {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            model: fields.optional("model"),
            messages: fields.optional("messages"),
            reply: fields.optional("completion_response"),
        }
    }
}

/// `POST /spend/calculate`: what a call is going to cost without its reply, or what a reply has cost.
pub(crate) fn calculate(call: &Call<'_>) -> Outcome {
    let request: CalculateSpend = call.body()?;
    let (model, used) = match (&request.model, &request.reply) {
        (Some(model), _) => (&**model, request.before(model)?),
        (None, Some(reply)) => after(reply)?,
        (None, None) => {
            let message = "Bad Request - Either 'model' or 'completion_response' must be provided";
            return Err(Refusal::bad_request(message));
        }
    };
    let settings = call.plane.settings.load();
    // As in LiteLLM, a reply is priced by its own model, whatever deployments are called.
    let named = request.model.as_ref();
    let deployment = named.and_then(|model| deployment(call, &settings, model));
    let found = deployment.or_else(|| of_name(&settings.prices, model));
    let charged = found.map(|(pricing, model)| pricing.of(&model).charge(&used));
    let Some(charged) = charged.filter(|charged| !charged.is_unknown()) else {
        // A model that somebody may not use is answered as one that is not there.
        call.authorise(&Target::default())?;
        let message = "This model isn't mapped yet: it is in no deployment with a price and not in the price catalogue";
        return Err(Refusal::bad_request(message).with_param("model"));
    };
    let permit = call.authorise(&Target {
        is_usable: true,
        ..Target::default()
    })?;
    Ok(permit.answer(json!({ "cost": number(charged.amount) })))
}

/// How the deployment of this name is priced, if there is one that the actor may use.
fn deployment(call: &Call<'_>, settings: &Settings, model: &str) -> Option<(Pricing, Box<str>)> {
    let (found, _) = visible(call, Some(call.route), settings, None);
    let mut named = found.iter().filter(|listed| listed.model_name() == model);
    let (pricing, model) = named.find_map(|listed| listed.pricing(&settings.prices))?;
    Some((Pricing::clone(&pricing), model))
}

impl CalculateSpend {
    /// What is used before the model has said a word.
    fn before(&self, model: &str) -> Result<Used<'static>, Refusal> {
        let Some(messages) = &self.messages else {
            let message = "Bad Request - messages must be provided if 'model' is provided";
            return Err(Refusal::bad_request(message).with_param("messages"));
        };
        let body = json!({ "model": model, "messages": messages }).to_string();
        let call = Body::read(body.into());
        let call = call.and_then(|body| ModelCall::read(Dialect::OpenAiChat, body, None));
        let input = call.and_then(|call| estimate(&call));
        let input = input.map_err(|fault| {
            let param = fault.param.unwrap_or_else(|| "messages".into());
            Refusal::bad_request(fault.message).with_param(param)
        })?;
        let usage = Usage {
            input,
            ..Usage::default()
        };
        Ok(Used {
            usage,
            ..Used::default()
        })
    }
}

/// The model of a reply, and what was used.
fn after(reply: &Map<String, Value>) -> Result<(&str, Used<'static>), Refusal> {
    let text = |name| reply.get(name).and_then(Value::as_str);
    let missing = |param: &str, message: &str| {
        Err(Refusal::bad_request(message).with_param(format!("completion_response.{param}")))
    };
    let Some(model) = text("model") else {
        return missing("model", "the reply names no model");
    };
    let usage = reply.get("usage").map(Value::to_string);
    let Some(usage) = usage.and_then(|usage| read_usage(&usage)) else {
        return missing("usage", "the reply says no usage");
    };
    let used = Used {
        usage,
        service: text("service_tier").map_or(Service::Standard, Service::of_tier),
        ..Used::default()
    };
    Ok((model, used))
}
