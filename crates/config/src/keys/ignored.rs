/// A key of LiteLLM's that is read and has no effect.
///
/// It is one line of a section's `ignored.txt`: `name | type | default | standing | meaning`. A `*`
/// in the name stands for any text. The standing is `later`, `protection`
/// or the notice's own text.
pub(crate) struct IgnoredKey {
    pub(crate) name: &'static str,
    pub(crate) shape: &'static str,
    /// LiteLLM's default.
    pub(crate) default: &'static str,
    pub(crate) standing: Standing,
    pub(crate) meaning: &'static str,
}

/// Why a key has no effect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Ironward does not have the feature yet.
    Later,
    /// As above, and who relies on it is less protected than he thinks.
    Protection,
    /// For a reason of its own.
    Because(&'static str),
}

impl IgnoredKey {
    pub(crate) fn covers(&self, name: &str) -> bool {
        matches(self.name, name)
    }

    /// What the operator is told.
    pub(crate) const fn notice(&self) -> &'static str {
        match self.standing {
            Standing::Later => "not supported yet, ignored",
            Standing::Protection => "not supported yet, ignored: this protection is NOT in force",
            Standing::Because(reason) => reason,
        }
    }
}

/// The lines of a table; a line that is none is skipped, and a test sees to it that there is none.
pub(crate) fn ignored_keys(table: &'static str) -> impl Iterator<Item = IgnoredKey> {
    table.lines().filter_map(read_line)
}

pub(super) fn read_line(line: &'static str) -> Option<IgnoredKey> {
    let mut cells = line.splitn(5, '|').map(str::trim);
    let key = IgnoredKey {
        name: cells.next()?,
        shape: cells.next()?,
        default: cells.next()?,
        standing: match cells.next()? {
            "later" => Standing::Later,
            "protection" => Standing::Protection,
            reason => Standing::Because(reason),
        },
        meaning: cells.next()?,
    };
    (!key.name.is_empty()).then_some(key)
}

/// Whether `name` is of the form of `pattern`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    name.strip_prefix(start).is_some_and(|tail| {
        let ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
        ends.into_iter()
            .any(|end| tail.get(end..).is_some_and(|tail| matches(rest, tail)))
    })
}
