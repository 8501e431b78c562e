use serde_json::{Value, json};

use super::ask::{Ask, Choice, Format, Tool, count_tokens, pieces};
use super::behaviour::Behaviour;
use super::schema;

/// What is said in reply, before a family puts it in its own words.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) thinking: Option<String>,
    /// A second thinking block that only its vendor can read.
    pub(super) redacted: bool,
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    /// The model declines; `text` is then empty.
    pub(super) refusal: Option<String>,
    pub(super) finish: Finish,
    /// The stop sequence that ended the text.
    pub(super) stopped_at: Option<String>,
    pub(super) usage: Tokens,
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub(super) struct ToolCall {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// Why the answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Finish {
    #[default]
    Stop,
    Length,
    Tools,
    Filter,
    Refusal,
}

/// Tokens as this upstream counts them. Reasoning is a part of `output`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tokens {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) reasoning: usize,
}

impl Answer {
    /// The answer that follows from the call and from what the model's name asks for.
    pub(super) fn to(ask: &Ask, behaviour: Behaviour) -> Self {
        let mut answer = Self::spoken(ask, behaviour);
        let thinks = ask.thinking || matches!(behaviour, Behaviour::Thinking | Behaviour::Redacted);
        if thinks {
            answer.thinking = Some(THOUGHT.to_owned());
            answer.redacted = behaviour == Behaviour::Redacted;
        }
        answer.limit(ask);
        let reasoning = answer
            .thinking
            .as_deref()
            .map_or(0, |text| pieces(text).len());
        let spoken = pieces(&answer.text).len()
            + answer
                .refusal
                .as_deref()
                .map_or(0, |text| pieces(text).len())
            + answer
                .calls
                .iter()
                .map(|call| 1 + count_tokens(&call.arguments))
                .sum::<usize>();
        answer.usage = Tokens {
            input: ask.input_tokens,
            output: spoken + reasoning,
            reasoning,
        };
        answer
    }

    fn spoken(ask: &Ask, behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::Empty => return Self::default(),
            Behaviour::ContentFilter => {
                return Self {
                    finish: Finish::Filter,
                    ..Self::saying("I was about to".to_owned())
                };
            }
            Behaviour::Refusal => {
                return Self {
                    refusal: Some("I can't help with that.".to_owned()),
                    finish: Finish::Refusal,
                    ..Self::default()
                };
            }
            _ => {}
        }
        let calls = tool_calls(ask);
        if !calls.is_empty() {
            return Self {
                calls,
                finish: Finish::Tools,
                ..Self::default()
            };
        }
        Self::saying(match (&ask.format, &ask.tool_result) {
            (Format::Schema(schema), _) => schema::example(schema).to_string(),
            (Format::Json, _) => json!({"answer": ask.text}).to_string(),
            (Format::Text, Some(result)) => format!("The tool said: {result}"),
            (Format::Text, None) => format!("You said: {}", ask.text),
        })
    }

    fn saying(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }

    /// Ends the text at a stop sequence or at the token limit.
    fn limit(&mut self, ask: &Ask) {
        let stop = ask
            .stop
            .iter()
            .filter_map(|stop| Some((self.text.find(stop.as_str())?, stop)))
            .min();
        if let Some((at, stop)) = stop {
            self.text.truncate(at);
            self.stopped_at = Some(stop.clone());
        }
        if let Some(limit) = ask.max_tokens {
            let pieces = pieces(&self.text);
            if pieces.len() > limit {
                self.text = pieces.into_iter().take(limit).collect();
                self.finish = Finish::Length;
                self.stopped_at = None;
            }
        }
    }
}

fn tool_calls(ask: &Ask) -> Vec<ToolCall> {
    let prompt = ask.text.to_lowercase();
    let chosen: Vec<&Tool> = match &ask.choice {
        Choice::None => Vec::new(),
        Choice::Named(name) => ask.tools.iter().filter(|tool| tool.name == *name).collect(),
        Choice::Required => {
            // What was called already has its answer; agents expect the next tool then.
            let fresh = ask
                .tools
                .iter()
                .filter(|tool| !ask.called.contains(&tool.name));
            let fresh: Vec<_> = fresh.collect();
            let all: Vec<_> = ask.tools.iter().collect();
            wanted(&prompt, if fresh.is_empty() { &all } else { &fresh })
        }
        Choice::Auto if ask.tool_result.is_some() => Vec::new(),
        Choice::Auto if prompt.contains("call ") && prompt.contains("tool") => {
            wanted(&prompt, &ask.tools.iter().collect::<Vec<_>>())
        }
        Choice::Auto => Vec::new(),
    };
    let limit = if ask.one_call { 1 } else { usize::MAX };
    chosen
        .into_iter()
        .take(limit)
        .map(|tool| ToolCall {
            name: tool.name.clone(),
            arguments: schema::example(&tool.schema),
        })
        .collect()
}

/// The tools that the prompt names: all of them, the one whose name shares a word with it, or the
/// first.
fn wanted<'a>(prompt: &str, tools: &[&'a Tool]) -> Vec<&'a Tool> {
    if ["all tools", "both tools", "every tool"]
        .iter()
        .any(|words| prompt.contains(words))
    {
        return tools.to_vec();
    }
    let named = tools.iter().find(|tool| {
        tool.name
            .to_lowercase()
            .split(['_', '-'])
            .any(|word| word.len() > 3 && prompt.contains(word))
    });
    named
        .or_else(|| tools.first())
        .copied()
        .into_iter()
        .collect()
}

const THOUGHT: &str = "The user wants an answer. Let me give one.";

#[cfg(test)]
mod tests;
