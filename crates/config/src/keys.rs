//! The one table of keys: what the loader accepts, what it tells the operator, and what the
//! reference page says. A key takes effect exactly where its row says how.

use std::path::PathBuf;
use std::time::Duration;

use ironward_core::nearest;

use crate::node::{Entry, Value};
use crate::reader::{Field, Reader};

mod ignored;

pub(crate) use ignored::{IgnoredKey, Standing, ignored_keys};

/// A mapping of the configuration with its keys.
pub(crate) struct Section<T: 'static> {
    /// As the reference page and messages name it; empty for the top level.
    pub(crate) name: &'static str,
    /// What the reference page says about it.
    pub(crate) about: &'static str,
    /// The keys that take effect.
    pub(crate) keys: &'static [Key<T>],
    /// LiteLLM's other keys, one a line: see [`IgnoredKey`].
    pub(crate) ignored: &'static str,
    /// What happens to a key that is in neither table.
    pub(crate) unknown: Unknown<T>,
}

/// A key that takes effect.
pub(crate) struct Key<T> {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) effect: Effect<T>,
}

/// How a key takes effect: the type of its value, and where the value goes.
pub(crate) enum Effect<T> {
    Switch(fn(&mut T, bool)),
    Whole(fn(&mut T, u32)),
    Count(fn(&mut T, u64)),
    Number(fn(&mut T, f64)),
    Seconds(fn(&mut T, Duration)),
    Pause(fn(&mut T, Duration)),
    Word(fn(&mut T, String)),
    /// A [`Self::Word`] that others refer to.
    Name(fn(&mut T, String)),
    Words(fn(&mut T, Vec<String>)),
    File(fn(&mut T, PathBuf)),
    /// Read by a function of its own; the type as the reference page names it.
    Read(&'static str, fn(&mut T, &mut Reader<'_>, &Field<'_>)),
}

/// What happens to a key that no table knows.
pub(crate) enum Unknown<T> {
    /// It is reported as ignored: LiteLLM has more keys than anybody knows.
    Notice,
    /// It is refused: the section is Ironward's own.
    Problem,
    /// The section takes keys of any name. Those that the first function tells go before keys
    /// without effect, some of which stand for many names.
    Take(
        fn(&str) -> bool,
        fn(&mut T, &mut Reader<'_>, &Field<'_>, &Entry),
    ),
}

impl<T> Effect<T> {
    /// The type as the reference page names it.
    pub(crate) const fn shape(&self) -> &'static str {
        match self {
            Self::Switch(_) => "switch",
            Self::Whole(_) | Self::Count(_) => "whole number",
            Self::Number(_) => "number",
            Self::Seconds(_) | Self::Pause(_) => "time",
            Self::Word(_) | Self::Name(_) => "text",
            Self::Words(_) => "list of texts",
            Self::File(_) => "file",
            Self::Read(shape, _) => shape,
        }
    }

    fn apply(&self, target: &mut T, reader: &mut Reader<'_>, field: &Field<'_>) {
        fn set<T, V>(target: &mut T, value: Option<V>, setter: fn(&mut T, V)) {
            if let Some(value) = value {
                setter(target, value);
            }
        }
        match self {
            Self::Switch(setter) => set(target, reader.switch(field), *setter),
            Self::Whole(setter) => set(target, reader.whole(field), *setter),
            Self::Count(setter) => set(target, reader.count(field), *setter),
            Self::Number(setter) => set(target, reader.number(field), *setter),
            Self::Seconds(setter) => set(target, reader.seconds(field), *setter),
            Self::Pause(setter) => set(target, reader.pause(field), *setter),
            Self::Word(setter) => set(target, reader.word(field), *setter),
            Self::Name(setter) => set(target, reader.name(field), *setter),
            Self::Words(setter) => set(target, reader.words(field), *setter),
            Self::File(setter) => set(target, reader.file(field), *setter),
            Self::Read(_, read) => read(target, reader, field),
        }
    }
}

impl<T> Section<T> {
    /// Reads every entry of the mapping into `target`.
    pub(crate) fn read(&self, target: &mut T, reader: &mut Reader<'_>, field: &Field<'_>) {
        if field.node.is_null() {
            return;
        }
        for entry in reader.entries(field).unwrap_or_default() {
            self.read_entry(target, reader, &field.entry(entry), entry);
        }
    }

    /// Reads one entry into `target`.
    pub(crate) fn read_entry(
        &self,
        target: &mut T,
        reader: &mut Reader<'_>,
        field: &Field<'_>,
        entry: &Entry,
    ) {
        if let Some(key) = self.key(&entry.key) {
            // As in LiteLLM, `key:` without a value is as good as no key.
            if !entry.node.is_null() {
                key.effect.apply(target, reader, field);
            }
            return;
        }
        if let Unknown::Take(is_taken, take) = self.unknown
            && is_taken(&entry.key)
        {
            return take(target, reader, field, entry);
        }
        if let Some(key) = ignored_keys(self.ignored).find(|key| key.covers(&entry.key)) {
            if !key.is_off(entry) {
                reader.notice(field, key.notice());
            }
            return;
        }
        match self.unknown {
            // A hint is costly, so it is only looked for while somebody gets to see it.
            Unknown::Notice if !reader.has_room() => {}
            Unknown::Notice => reader.notice(field, self.unknown_notice(&entry.key)),
            Unknown::Problem => {
                let remedy = match self.near(&entry.key) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => "remove it".to_owned(),
                };
                let message = format!("there is no such key; {remedy}");
                reader.problem_at(field.key_place, &field.path, message);
            }
            Unknown::Take(_, take) => take(target, reader, field, entry),
        }
    }

    /// The key of this name that takes effect.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key<T>> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Whether the key is known and has no effect.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        ignored_keys(self.ignored).any(|key| key.covers(name))
    }

    /// The name of a known key that `name` may be a slip of.
    pub(crate) fn near(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.names())
    }

    fn unknown_notice(&self, name: &str) -> String {
        if let Some(near) = self.near(name) {
            return format!("unknown key, ignored; did you mean '{near}'?");
        }
        match crate::reference::home(name) {
            Some("") => "unknown key here, ignored; it belongs to the top level".to_owned(),
            Some(home) => format!("unknown key here, ignored; it belongs below {home}"),
            None => "unknown key, ignored".to_owned(),
        }
    }

    /// Every name of the section, patterns left out.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        let ignored = ignored_keys(self.ignored).map(|key| key.name);
        let own = self.keys.iter().map(|key| key.name);
        own.chain(ignored).filter(|name| !name.contains('*'))
    }
}

impl IgnoredKey {
    /// Whether the entry switches off what Ironward does not have, or leaves it empty.
    fn is_off(&self, entry: &Entry) -> bool {
        let off = match &entry.node.value {
            Value::Scalar(scalar) => scalar.as_switch() == Some(false),
            Value::List(_) | Value::Map(_) => false,
        };
        entry.node.is_empty() || (off && self.shape == "switch" && self.default == "false")
    }
}

#[cfg(test)]
mod tests;
