use crate::Pattern;

/// Names and patterns of names, any of which may match. Empty, it covers nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names {
    /// In order, each once.
    exact: Box<[Box<str>]>,
    patterns: Box<[Pattern]>,
}

impl Names {
    /// Everything.
    pub(super) fn all() -> Self {
        Self::of(["*"])
    }

    pub(super) fn of<'a>(items: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut exact, mut patterns): (Vec<Box<str>>, Vec<Pattern>) = (Vec::new(), Vec::new());
        for item in items {
            match Pattern::read(item) {
                Some(pattern) => patterns.push(pattern),
                None => exact.push(item.into()),
            }
        }
        exact.sort_unstable();
        exact.dedup();
        Self {
            exact: exact.into(),
            patterns: patterns.into(),
        }
    }

    pub(super) fn covers(&self, name: &str) -> bool {
        self.is_listed(name) || self.patterns.iter().any(|pattern| pattern.covers(name))
    }

    fn is_listed(&self, name: &str) -> bool {
        self.exact
            .binary_search_by(|listed| (**listed).cmp(name))
            .is_ok()
    }

    /// The entry that covers `name`, as it was written.
    pub(super) fn entry_for(&self, name: &str) -> Option<String> {
        if self.is_listed(name) {
            return Some(name.to_owned());
        }
        let pattern = self.patterns.iter().find(|pattern| pattern.covers(name))?;
        Some(pattern.to_string())
    }

    fn contains(&self, pattern: &Pattern) -> bool {
        self.patterns.iter().any(|wide| wide.contains(pattern))
    }

    /// The first entry that no single entry of `wide` contains; `None` when all of it lies within.
    pub(super) fn outside(&self, wide: &Self) -> Option<String> {
        let exact = self.exact.iter().find(|name| !wide.covers(name));
        let pattern = || self.patterns.iter().find(|pattern| !wide.contains(pattern));
        exact
            .map(|name| (**name).to_owned())
            .or_else(|| pattern().map(Pattern::to_string))
    }

    /// The first of these names, blocked for somebody, that a narrower grant would let through:
    /// one that allows `allowed` (`None`: it does not say, and `all_by_default` says whether that
    /// is everything) and blocks `blocked`.
    pub(super) fn let_through(
        &self,
        allowed: Option<&Self>,
        blocked: &Self,
        all_by_default: bool,
    ) -> Option<String> {
        let passes_exact = |name: &str| match allowed {
            None => all_by_default && !blocked.covers(name),
            Some(allowed) => allowed.covers(name) && !blocked.covers(name),
        };
        let passes = |pattern: &Pattern| match allowed {
            _ if blocked.contains(pattern) => false,
            None => all_by_default,
            Some(allowed) => {
                let is_let_through = |name: &str| pattern.covers(name) && !blocked.covers(name);
                !allowed.patterns.is_empty()
                    || allowed.exact.iter().any(|name| is_let_through(name))
            }
        };
        let exact = self.exact.iter().find(|name| passes_exact(name));
        let pattern = || self.patterns.iter().find(|pattern| passes(pattern));
        exact
            .map(|name| (**name).to_owned())
            .or_else(|| pattern().map(Pattern::to_string))
    }
}
