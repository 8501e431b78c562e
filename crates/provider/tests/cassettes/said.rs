//! What a reply says, in a form in which two replies of any dialect can be compared.

use ironward_core::Usage;
use ironward_wire::{ChatReply, Delta, Dialect, Finish, PartBody};
use serde_json::Value;

/// A reply without its envelope.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Said {
    pub(crate) choices: Vec<Turn>,
    pub(crate) usage: Option<Usage>,
}

/// One drawn reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Turn {
    text: String,
    refusal: String,
    thinking: String,
    calls: Vec<(String, String, String)>,
    finish: Option<Finish>,
}

impl Said {
    pub(crate) fn whole(reply: &ChatReply) -> Self {
        let choices = reply.choices.iter().map(|choice| {
            let mut turn = Turn {
                finish: choice.finish.clone(),
                ..Turn::default()
            };
            for part in &choice.parts {
                match &part.body {
                    PartBody::Text(text) => turn.text.push_str(text),
                    PartBody::Refusal(text) => turn.refusal.push_str(text),
                    PartBody::Thinking { text, .. } => turn.thinking.push_str(text),
                    PartBody::ToolCall {
                        id,
                        name,
                        arguments,
                        ..
                    } => turn
                        .calls
                        .push((id.clone(), name.clone(), arguments.clone())),
                    _ => {}
                }
            }
            turn
        });
        Self {
            choices: choices.collect(),
            usage: reply.usage,
        }
    }

    pub(crate) fn streamed(deltas: &[Delta]) -> Self {
        let mut said = Self::default();
        for delta in deltas {
            match delta {
                Delta::Text { choice, text } => said.turn(*choice).text.push_str(text),
                Delta::Refusal { choice, text } => said.turn(*choice).refusal.push_str(text),
                Delta::Thinking { choice, text } => said.turn(*choice).thinking.push_str(text),
                Delta::ToolCall {
                    choice, id, name, ..
                } => said
                    .turn(*choice)
                    .calls
                    .push((id.clone(), name.clone(), String::new())),
                Delta::ToolArguments {
                    choice,
                    index,
                    fragment,
                } => {
                    let calls = &mut said.turn(*choice).calls;
                    calls[*index as usize].2.push_str(fragment);
                }
                Delta::Finish { choice, finish } => {
                    said.turn(*choice).finish = Some(finish.clone());
                }
                Delta::Usage(usage) => said.usage = Some(*usage),
                _ => {}
            }
        }
        said
    }

    fn turn(&mut self, choice: u32) -> &mut Turn {
        let at = choice as usize;
        if self.choices.len() <= at {
            self.choices.resize(at + 1, Turn::default());
        }
        &mut self.choices[at]
    }

    /// Whether the counts are possible: one vendor tells more cached tokens than input.
    pub(crate) fn counts_add_up(&self) -> bool {
        self.usage
            .is_none_or(|usage| usage.input_cached + usage.input_cache_write <= usage.input)
    }

    /// What is left of it after a way through `dialect`.
    pub(crate) fn through(mut self, dialect: Dialect) -> Self {
        if dialect == Dialect::AnthropicMessages {
            self.choices.truncate(1);
        }
        for turn in &mut self.choices {
            if dialect == Dialect::AnthropicMessages {
                let refusal = std::mem::take(&mut turn.refusal);
                if !refusal.is_empty() {
                    turn.finish = Some(Finish::Refusal);
                }
                turn.text.push_str(&refusal);
            }
            for (_, _, arguments) in &mut turn.calls {
                *arguments = match serde_json::from_str::<Value>(arguments) {
                    Ok(value) if value.is_object() || dialect == Dialect::OpenAiChat => {
                        value.to_string()
                    }
                    // A text, to be sent on whatever is in it.
                    _ if dialect == Dialect::OpenAiChat => arguments.clone(),
                    // An object, so arguments that were cut by the limit have no form.
                    _ => "{}".to_owned(),
                };
            }
            turn.finish = turn.finish.take().map(|finish| plain(finish, dialect));
            // Both dialects say so whenever the reply holds calls; vendors say `stop` for a call
            // that was forced.
            if turn.finish == Some(Finish::Stop) && !turn.calls.is_empty() {
                turn.finish = Some(Finish::ToolCalls);
            }
        }
        self.usage = self.usage.map(|usage| counted(usage, dialect));
        self
    }
}

/// The reasons that both dialects have a word for.
fn plain(finish: Finish, dialect: Dialect) -> Finish {
    match finish {
        Finish::StopSequence(_) | Finish::Pause => Finish::Stop,
        Finish::ContextWindow => Finish::Length,
        // OpenAI has one word for both, Anthropic too, but not the same.
        Finish::ContentFilter | Finish::Refusal if dialect == Dialect::AnthropicMessages => {
            Finish::Refusal
        }
        Finish::Refusal => Finish::ContentFilter,
        other => other,
    }
}

/// The counts that a dialect can tell.
fn counted(usage: Usage, dialect: Dialect) -> Usage {
    let both = Usage {
        input: usage.input,
        output: usage.output,
        input_cached: usage.input_cached,
        ..Usage::default()
    };
    match dialect {
        Dialect::AnthropicMessages => both,
        _ => Usage {
            output_reasoning: usage.output_reasoning,
            input_audio: usage.input_audio,
            output_audio: usage.output_audio,
            ..both
        },
    }
}
