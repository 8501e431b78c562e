use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use zeroize::Zeroizing;

use crate::node::{Entry, Extent, Node, Scalar, Value};
use crate::show::shown_key;
use crate::{Place, Problem, ProblemKind};

/// How deeply lists and mappings may nest; a configuration has about ten levels.
pub(crate) const MAX_DEPTH: usize = 64;
/// How much aliases (`*name`) may add to a file: they multiply, which is how a small file becomes
/// a large one.
const MAX_ALIAS_NODES: usize = 100_000;
const MAX_ALIAS_BYTES: usize = 16 << 20;

/// Reads one YAML document into a tree. An empty file gives `None`.
///
/// A syntax error ends the reading, because what follows it cannot be trusted; duplicate keys and
/// the like are collected.
pub(crate) fn parse(text: &str, file: &Arc<str>, problems: &mut Vec<Problem>) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder::new(file, problems);
    for event in Parser::new_from_str_with_options(text, options) {
        let goes_on = match event {
            Ok((event, span)) => builder.take(event, &span.start),
            Err(error) => builder.refuse_syntax(&error),
        };
        if goes_on == Next::Stop {
            return None;
        }
    }
    builder.root
}

#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

/// A list or mapping that is still open.
struct Frame {
    place: Place,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: HashMap<String, Place>,
        /// The key that waits for its value; `None` inside for a key that was refused.
        key: Option<Option<(String, Place)>>,
    },
}

struct Builder<'a> {
    file: &'a Arc<str>,
    problems: &'a mut Vec<Problem>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    aliased: Extent,
    documents: usize,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    fn new(file: &'a Arc<str>, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            file,
            problems,
            stack: Vec::new(),
            anchors: HashMap::new(),
            aliased: Extent::default(),
            documents: 0,
            root: None,
        }
    }

    fn take(&mut self, event: Event<'_>, at: &Marker) -> Next {
        let place = self.place(at);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return self.stop(
                        place,
                        "a second YAML document starts here; remove the '---', \
                         or move what follows to a file of its own and include it",
                    );
                }
                Next::GoOn
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = self.check_tag(tag.as_deref(), &place);
                let value = Value::Scalar(Scalar {
                    text: Zeroizing::new(text.into_owned()),
                    plain: style == ScalarStyle::Plain && tag != Read::AsText,
                });
                self.complete(Node { place, value }, anchor);
                Next::GoOn
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), &place);
                self.open(place, anchor, Inside::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), &place);
                let inside = Inside::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                };
                self.open(place, anchor, inside)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close();
                Next::GoOn
            }
            Event::Alias(anchor) => self.alias(anchor, place),
            // Stream and document ends, and presentation that was not asked for.
            _ => Next::GoOn,
        }
    }

    fn open(&mut self, place: Place, anchor: usize, inside: Inside) -> Next {
        if self.stack.len() >= MAX_DEPTH {
            return self.stop(place, too_deep());
        }
        self.stack.push(Frame {
            place,
            anchor,
            inside,
        });
        Next::GoOn
    }

    fn close(&mut self) {
        let Some(frame) = self.stack.pop() else {
            return;
        };
        let value = match frame.inside {
            Inside::List(items) => Value::List(items),
            Inside::Map { entries, .. } => Value::Map(self.merged(entries)),
        };
        let place = frame.place;
        self.complete(Node { place, value }, frame.anchor);
    }

    fn complete(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = (!node.is_null()).then_some(node);
            return;
        };
        match &mut frame.inside {
            Inside::List(items) => items.push(node),
            Inside::Map { entries, seen, key } => match key.take() {
                None => *key = Some(read_key(node, seen, self.problems)),
                Some(Some((key, key_place))) => entries.push(Entry {
                    key,
                    key_place,
                    node,
                }),
                Some(None) => {}
            },
        }
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Next {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return self.stop(place, "this alias stands inside the value that it names");
        };
        let extent = node.extent();
        self.aliased.nodes = self.aliased.nodes.saturating_add(extent.nodes);
        self.aliased.bytes = self.aliased.bytes.saturating_add(extent.bytes);
        if self.aliased.nodes > MAX_ALIAS_NODES || self.aliased.bytes > MAX_ALIAS_BYTES {
            return self.stop(
                place,
                "the aliases of this file multiply beyond bounds; write the values out",
            );
        }
        if self.stack.len() + extent.height >= MAX_DEPTH {
            return self.stop(place, too_deep());
        }
        self.complete(node, 0);
        Next::GoOn
    }

    /// Replaces `<<: *base` by what the base has and the mapping itself has not.
    fn merged(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        if !entries.iter().any(|entry| entry.key == "<<") {
            return entries;
        }
        let (merges, mut own): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.key == "<<");
        let mut names: std::collections::HashSet<String> =
            own.iter().map(|entry| entry.key.clone()).collect();
        for base in merges.into_iter().flat_map(|merge| match merge.node.value {
            Value::List(bases) => bases,
            Value::Map(_) | Value::Scalar(_) => vec![merge.node],
        }) {
            let Value::Map(inherited) = base.value else {
                let message = "'<<' takes a mapping or a list of mappings, such as '<<: *defaults'";
                self.refuse(base.place, message);
                continue;
            };
            let new = inherited
                .into_iter()
                .filter(|entry| names.insert(entry.key.clone()));
            own.extend(new);
        }
        own
    }

    fn check_tag(&mut self, tag: Option<&Tag>, place: &Place) -> Read {
        match tag {
            None => Read::AsWritten,
            Some(tag) if tag.is_yaml_core_schema_tag("str") => Read::AsText,
            Some(tag) if tag.is_yaml_core_schema() => Read::AsWritten,
            Some(_) => {
                let message = "YAML tags ('!name') are not accepted here; write a plain value";
                self.refuse(place.clone(), message);
                Read::AsWritten
            }
        }
    }

    fn refuse_syntax(&mut self, error: &ScanError) -> Next {
        let place = self.place(error.marker());
        let message = format!(
            "not valid YAML: {}; {}",
            error.kind(),
            syntax_remedy(error.kind())
        );
        self.stop(place, &message)
    }

    fn stop(&mut self, place: Place, message: &str) -> Next {
        self.refuse(place, message);
        Next::Stop
    }

    fn refuse(&mut self, place: Place, message: &str) {
        self.problems.push(invalid(place, message.to_owned()));
    }

    fn place(&self, at: &Marker) -> Place {
        Place {
            file: Arc::clone(self.file),
            line: u32::try_from(at.line()).unwrap_or(u32::MAX),
            column: u32::try_from(at.col().saturating_add(1)).unwrap_or(u32::MAX),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Read {
    AsWritten,
    AsText,
}

/// The key of a mapping, unless it is no text or stands there already.
fn read_key(
    node: Node,
    seen: &mut HashMap<String, Place>,
    problems: &mut Vec<Problem>,
) -> Option<(String, Place)> {
    let place = node.place;
    let Value::Scalar(scalar) = node.value else {
        let message = "a key has to be text, not a list or mapping; \
                       put quotes around a value that starts with '{' or '['";
        problems.push(invalid(place, message.to_owned()));
        return None;
    };
    let key = scalar.text.as_str().to_owned();
    match seen.entry(key.clone()) {
        Slot::Occupied(first) => {
            let message = format!(
                "the key {} stands here a second time, first in line {}; remove one of them",
                shown_key(&key),
                first.get().line
            );
            problems.push(invalid(place, message));
            None
        }
        Slot::Vacant(slot) => {
            slot.insert(place.clone());
            Some((key, place))
        }
    }
}

fn invalid(place: Place, message: String) -> Problem {
    Problem {
        place,
        path: String::new(),
        message,
        kind: ProblemKind::Invalid,
    }
}

fn too_deep() -> &'static str {
    "lists and mappings nest deeper than 64 levels here; check the indentation"
}

const fn syntax_remedy(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => "indent with spaces instead of tabs",
        ErrorKind::UnknownAnchor => "define the anchor (&name) before its alias (*name)",
        ErrorKind::UnclosedQuotedScalar => "close the quote",
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping => "close the bracket",
        ErrorKind::MissingAnchorOrAliasName => {
            "put quotes around a value that starts with '*' or '&', such as \"*\""
        }
        ErrorKind::MappingValueNotAllowed => {
            "check the indentation, and put quotes around a value that holds ': '"
        }
        ErrorKind::UnexpectedCharacter { .. } => {
            "put quotes around a value that starts with a special character"
        }
        ErrorKind::RecursionLimitExceeded => "check the indentation",
        _ => "check the indentation of this line and the lines above it",
    }
}

#[cfg(test)]
mod tests;
