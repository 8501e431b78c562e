use serde::Deserialize;
use serde_json::value::RawValue;

use super::Told;
use crate::Delta;
use crate::openai_chat::{lenient, signature};

/// One entry of `tool_calls`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct CallFields<'a> {
    #[serde(deserialize_with = "lenient::optional")]
    index: Option<u32>,
    #[serde(deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(borrow, deserialize_with = "lenient::optional")]
    function: Option<FunctionFields<'a>>,
    #[serde(borrow, deserialize_with = "lenient::optional")]
    custom: Option<FunctionFields<'a>>,
    #[serde(borrow)]
    extra_content: Option<&'a RawValue>,
    #[serde(borrow)]
    provider_specific_fields: Option<&'a RawValue>,
}

/// A function, or a custom tool, with what it is called with.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct FunctionFields<'a> {
    #[serde(deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient::text")]
    input: Option<String>,
    #[serde(borrow)]
    provider_specific_fields: Option<&'a RawValue>,
}

/// The tool calls of one choice, as far as they have come.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Debug)]
struct Call {
    /// The vendor's number of it, where it has one.
    key: Option<u32>,
    id: Option<String>,
    signature: Option<String>,
    /// Arguments that came before the name; `None` once the call was told.
    held: Option<String>,
}

impl<'a> CallFields<'a> {
    /// The older `function_call`, which is a call without an id.
    pub(super) fn from_function(function: FunctionFields<'a>) -> Self {
        Self {
            function: Some(function),
            ..Self::default()
        }
    }

    /// What is called. Snowflake writes an empty `custom` beside the function.
    fn inner(&mut self) -> FunctionFields<'a> {
        let custom = self
            .custom
            .take()
            .filter(|custom| custom.name.is_some() || custom.input.is_some());
        custom.or_else(|| self.function.take()).unwrap_or_default()
    }
}

impl Calls {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, mut fields: CallFields<'_>, told: &mut Told<'_>) {
        let inner = fields.inner();
        let fragment = inner.arguments.map(arguments).or(inner.input);
        let says_nothing = fragment.as_deref().unwrap_or_default().is_empty();
        if inner.name.is_none() && fields.id.is_none() && says_nothing {
            // `"function_call":{"arguments":"","name":""}` and the like.
            return;
        }
        let signature = signature::read([
            fields.extra_content,
            fields.provider_specific_fields,
            inner.provider_specific_fields,
        ]);
        let position = self.position(fields.index, fields.id, inner.name.is_some());
        let Some(call) = self.0.get_mut(position) else {
            return;
        };
        call.signature = signature.or_else(|| call.signature.take());
        if let Some(name) = inner.name {
            call.tell(position, name, told);
        }
        call.more(position, fragment.unwrap_or_default(), told);
    }

    /// Tells the calls that never got a name.
    pub(super) fn close(&mut self, told: &mut Told<'_>) {
        for (position, call) in self.0.iter_mut().enumerate() {
            call.tell(position, String::new(), told);
        }
    }

    /// Which call a chunk belongs to. Chunks of one call share its number; where a vendor leaves
    /// the number out (Mistral), or gives every call the same (Google's compatible endpoint), a new
    /// id with a name begins a new call.
    fn position(&mut self, key: Option<u32>, id: Option<String>, is_named: bool) -> usize {
        let calls = &self.0;
        let known = match (key, &id) {
            (Some(_), _) => calls.iter().rposition(|call| call.key == key),
            (None, Some(_)) => calls.iter().rposition(|call| call.id == id),
            (None, None) if is_named => None,
            (None, None) => calls.len().checked_sub(1),
        };
        if let Some(position) = known
            && let Some(call) = self.0.get_mut(position)
        {
            let is_other = is_named && id.is_some() && call.id.is_some() && call.id != id;
            if !is_other {
                call.id = call.id.take().or(id);
                return position;
            }
        }
        self.0.push(Call {
            key,
            id,
            signature: None,
            held: Some(String::new()),
        });
        self.0.len() - 1
    }
}

impl Call {
    /// Tells the beginning of the call, once.
    fn tell(&mut self, position: usize, name: String, told: &mut Told<'_>) {
        let Some(held) = self.held.take() else {
            return;
        };
        let index = index(position);
        let id = match &self.id {
            Some(id) => id.clone(),
            None => format!("call_{}_{}_{index}", told.seed, told.choice),
        };
        told.deltas.push(Delta::ToolCall {
            choice: told.choice,
            index,
            id,
            name,
            signature: self.signature.take(),
        });
        self.more(position, held, told);
    }

    fn more(&mut self, position: usize, fragment: String, told: &mut Told<'_>) {
        match &mut self.held {
            Some(held) => held.push_str(&fragment),
            None if fragment.is_empty() => {}
            None => told.deltas.push(Delta::ToolArguments {
                choice: told.choice,
                index: index(position),
                fragment,
            }),
        }
    }
}

fn index(position: usize) -> u32 {
    position.try_into().unwrap_or(u32::MAX)
}

/// Arguments are JSON in a string; Ollama and llama.cpp have written the object itself.
fn arguments(json: &RawValue) -> String {
    serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().to_owned())
}
