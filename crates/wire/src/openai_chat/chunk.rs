//! One object of a stream, or a whole reply, which only differs in `message` for `delta`.

use std::collections::BTreeMap;

use ironward_core::Fault;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::pieces::{Choice, ChoiceFields, Told};
use super::{fault, lenient, usage};
use crate::{Delta, Frame};

#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    // What only the first chunk of a reply is asked for is not read of the others.
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    created: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<ChoiceFields<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    /// Groq's place for it. <https://console.groq.com/docs/api-reference#chat-create>
    #[serde(borrow, default, deserialize_with = "lenient::optional")]
    x_groq: Option<Groq<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    system_fingerprint: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// What the chunks of one reply have said so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    started: bool,
    /// What made-up ids of tool calls are made of.
    seed: String,
    choices: BTreeMap<u32, Choice>,
}

impl<'a> Chunk<'a> {
    /// Reads one object. `is_error` says that the vendor announced an error.
    ///
    /// # Errors
    /// When it is no JSON object, or holds an error.
    pub(super) fn read(json: &'a str, is_error: bool) -> Result<Self, Fault> {
        // A derived reader would take a list for an object.
        if !json.trim_ascii_start().starts_with('{') {
            return Err(fault::unreadable("reply").with_cause("not a JSON object"));
        }
        let unreadable = |error| fault::unreadable("reply").with_cause(error);
        let chunk: Self = serde_json::from_str(json).map_err(unreadable)?;
        if let Some(error) = chunk.error {
            return Err(fault::of_error(error));
        }
        let is_error = || is_error || lenient::read_text(chunk.object).as_deref() == Some("error");
        if chunk.choices.is_none() && is_error() {
            let raw = serde_json::from_str(json).map_err(unreadable)?;
            return Err(fault::of_error(raw));
        }
        Ok(chunk)
    }
}

/// Whether a frame without its blank line lacks nothing else; some servers end so. A frame that was
/// cut is no error of its own: the reply is complete or it is not.
pub(super) fn is_whole(frame: &Frame) -> bool {
    frame.data().is_none_or(|data| {
        let data = data.trim();
        data.is_empty() || data == "[DONE]" || serde_json::from_str::<IgnoredAny>(data).is_ok()
    })
}

impl Progress {
    /// Appends what a chunk says.
    ///
    /// # Errors
    /// When it holds an error.
    pub(super) fn take(
        &mut self,
        mut chunk: Chunk<'_>,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), Fault> {
        let choices = chunk.choices.take().unwrap_or_default();
        // Azure's first chunk has neither an id nor a choice.
        if !self.started && (!choices.is_empty() || chunk.usage.is_some()) {
            self.start(&chunk, deltas);
        }
        let mut counted = chunk
            .usage
            .or_else(|| chunk.x_groq.and_then(|groq| groq.usage));
        for (position, fields) in choices.into_iter().enumerate() {
            let number = fields
                .index
                .or_else(|| position.try_into().ok())
                .unwrap_or_default();
            counted = counted.or(fields.usage);
            let choice = self.choices.entry(number).or_default();
            let mut told = Told {
                choice: number,
                seed: &self.seed,
                deltas: &mut *deltas,
            };
            choice.take(fields, &mut told)?;
        }
        deltas.extend(counted.and_then(usage::read).map(Delta::Usage));
        Ok(())
    }

    /// Whether there are choices, and each has ended.
    pub(super) fn is_finished(&self) -> bool {
        !self.choices.is_empty() && self.choices.values().all(Choice::is_finished)
    }

    /// Ends the choices that no reason has ended.
    pub(super) fn close(&mut self, deltas: &mut Vec<Delta>) {
        for (number, choice) in &mut self.choices {
            choice.close(&mut Told {
                choice: *number,
                seed: &self.seed,
                deltas: &mut *deltas,
            });
        }
    }

    fn start(&mut self, chunk: &Chunk<'_>, deltas: &mut Vec<Delta>) {
        self.started = true;
        let id = lenient::read_text(chunk.id);
        // Anthropic, to which the id may be sent later, takes these characters only.
        self.seed = id
            .iter()
            .flat_map(|id| id.chars())
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .take(40)
            .collect();
        deltas.push(Delta::Start {
            id,
            model: lenient::read_text(chunk.model),
            created: lenient::read_count(chunk.created).filter(|created| *created > 0),
            service_tier: lenient::read_text(chunk.service_tier),
            system_fingerprint: lenient::read_text(chunk.system_fingerprint),
        });
    }
}
