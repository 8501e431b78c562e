use zeroize::Zeroizing;

use crate::Place;

/// A piece of YAML with its place. Deliberately without `Debug`: its text may be a secret.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// What a [`Node`] holds.
#[derive(Clone)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// Text, a number, a switch or nothing: what it is depends on who reads it.
#[derive(Clone)]
pub(crate) struct Scalar {
    /// The text without quotes and escapes, wiped when dropped.
    pub(crate) text: Zeroizing<String>,
    /// Written without quotes, so that it may mean something else than text.
    pub(crate) plain: bool,
}

/// One `key: value` of a mapping.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) node: Node,
}

/// How much memory and how many levels a tree takes: what an alias multiplies.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extent {
    pub(crate) nodes: usize,
    pub(crate) bytes: usize,
    pub(crate) height: usize,
}

impl Node {
    /// Whether the value is absent: empty, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => scalar.is_null(),
            Value::List(_) | Value::Map(_) => false,
        }
    }

    /// Whether it is an empty list or mapping, or absent.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => scalar.is_null(),
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
        }
    }

    /// The size of the tree. The recursion is bounded by the reader's depth limit.
    pub(crate) fn extent(&self) -> Extent {
        let mut extent = Extent {
            nodes: 1,
            ..Extent::default()
        };
        match &self.value {
            Value::Scalar(scalar) => extent.bytes = scalar.text.len(),
            Value::List(items) => items.iter().for_each(|item| extent.add(item.extent())),
            Value::Map(entries) => {
                for entry in entries {
                    extent.bytes = extent.bytes.saturating_add(entry.key.len());
                    extent.add(entry.node.extent());
                }
            }
        }
        extent
    }
}

impl Extent {
    fn add(&mut self, child: Self) {
        self.nodes = self.nodes.saturating_add(child.nodes);
        self.bytes = self.bytes.saturating_add(child.bytes);
        self.height = self.height.max(child.height + 1);
    }
}

impl Scalar {
    /// Whether it means nothing at all, by YAML 1.1 as LiteLLM reads it.
    pub(crate) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// What it means as a switch.
    pub(crate) fn as_switch(&self) -> Option<bool> {
        if self.plain { switch(&self.text) } else { None }
    }
}

/// `true` and `false` in every spelling that YAML 1.1 knows.
pub(crate) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}
