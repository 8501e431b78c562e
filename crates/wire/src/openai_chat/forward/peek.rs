use std::fmt;

use ironward_core::Fault;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::openai_chat::fault;

/// The little that is read of a reply that is passed on. Everything else is skipped, not built.
#[derive(Deserialize)]
pub(super) struct Peek<'a> {
    #[serde(borrow, default)]
    pub(super) model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) choices: Choices<'a>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
    /// The vectors of embeddings.
    #[serde(default)]
    data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// What is read of `choices`: how many, and which have begun and ended, a bit each. No vendor
/// draws more than 128 replies.
#[derive(Default)]
pub(super) struct Choices<'a> {
    is_there: bool,
    number: usize,
    pub(super) begun: u128,
    pub(super) ended: u128,
    failed: Option<&'a RawValue>,
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ChoicePeek<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    finish_reason: Option<&'a RawValue>,
    /// Moonshot's place for it.
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

impl<'a> Peek<'a> {
    /// Reads `text`.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub(super) fn read(text: &'a str) -> Result<Self, Fault> {
        // A derived reader would take a list for an object.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(fault::unreadable("reply").with_cause("not a JSON object"));
        }
        serde_json::from_str(text).map_err(|error| fault::unreadable("reply").with_cause(error))
    }

    pub(super) fn usage(&self) -> Option<&'a RawValue> {
        let groq = self.x_groq.as_ref().and_then(|groq| groq.usage);
        self.counted().or(groq).or(self.choices.usage)
    }

    /// The field `usage` itself, `null` too.
    pub(super) const fn usage_field(&self) -> Option<&'a RawValue> {
        self.usage
    }

    fn counted(&self) -> Option<&'a RawValue> {
        self.usage.filter(|usage| usage.get() != "null")
    }

    /// Whether it is the chunk that `stream_options.include_usage` asks for.
    pub(super) fn is_usage_only(&self) -> bool {
        self.choices.is_there && self.choices.number == 0 && self.counted().is_some()
    }

    /// Whether it goes on with its choices and says nothing else that matters.
    pub(super) fn is_plain(&self) -> bool {
        self.choices.ended == 0
            && self.usage().is_none()
            && self.error.is_none()
            && self.model.is_some_and(|model| model.get().starts_with('"'))
    }

    /// Whether it is a reply or a piece of one.
    pub(super) const fn has_content(&self) -> bool {
        self.choices.is_there || self.data.is_some()
    }

    /// Whether it is an error in the form of Mistral and vLLM.
    pub(super) fn is_error_object(&self) -> bool {
        self.object
            .is_some_and(|object| object.get() == "\"error\"")
    }
}

/// A field as it is written, where `Option` alone would take `null` for none.
fn even_null<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(reader).map(Some)
}

impl Choices<'_> {
    /// The fault of a choice that failed.
    pub(super) fn fault(&self) -> Option<Fault> {
        let reason = self.failed?.get().trim_matches('"');
        fault::of_finish(reason)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChoicesVisitor;
        impl<'de> Visitor<'de> for ChoicesVisitor {
            type Value = Choices<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of choices")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Choices::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut choices = Choices {
                    is_there: true,
                    ..Choices::default()
                };
                while let Some(choice) = list.next_element::<ChoicePeek<'de>>()? {
                    choices.take(&choice);
                }
                Ok(choices)
            }
        }
        deserializer.deserialize_any(ChoicesVisitor)
    }
}

impl<'a> Choices<'a> {
    fn take(&mut self, choice: &ChoicePeek<'a>) {
        let position = u32::try_from(self.number).unwrap_or(u32::MAX);
        let bit = 1_u128
            .checked_shl(choice.index.unwrap_or(position))
            .unwrap_or_default();
        self.number += 1;
        self.begun |= bit;
        self.usage = self.usage.or(choice.usage);
        // An empty reason has been seen in place of none.
        if let Some(reason) = choice.finish_reason.filter(|reason| reason.get() != "\"\"") {
            self.ended |= bit;
            if matches!(
                reason.get(),
                "\"error\"" | "\"insufficient_system_resource\""
            ) {
                self.failed = Some(reason);
            }
        }
    }
}
