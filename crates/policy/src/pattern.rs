use std::cmp::Reverse;
use std::fmt;

/// A model group's name with wildcards: `openai/*`, `bedrock/us.*`, `*`.
///
/// Each `*` matches any text, the empty one too; everything else matches itself, and the pattern
/// covers the whole name (LiteLLM anchors only its start, so that `gpt-*` would also allow what no
/// one meant to).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The texts between the `*`s: always one more than there are `*`s.
    texts: Vec<Box<str>>,
}

impl Pattern {
    /// Reads a name; `None` when it has no `*` and so is no pattern.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        name.contains('*').then(|| Self {
            texts: name.split('*').map(Into::into).collect(),
        })
    }

    /// What each `*` stands for in `name`, if the pattern covers it. A `*` takes as little as
    /// possible, the last one what is left.
    #[must_use]
    pub fn matches<'n>(&self, name: &'n str) -> Option<Vec<&'n str>> {
        let (first, between) = self.texts.split_first()?;
        let (last, between) = between.split_last()?;
        let mut rest = name.strip_prefix(&**first)?.strip_suffix(&**last)?;
        let mut stars = Vec::with_capacity(between.len() + 1);
        for text in between {
            let (star, after) = rest.split_once(&**text)?;
            stars.push(star);
            rest = after;
        }
        stars.push(rest);
        Some(stars)
    }

    /// Whether it covers `name`: as [`Pattern::matches`], without saying what each `*` stands for.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        let Some((first, between)) = self.texts.split_first() else {
            return false;
        };
        let Some((last, between)) = between.split_last() else {
            return false;
        };
        let Some(rest) = name
            .strip_prefix(&**first)
            .and_then(|rest| rest.strip_suffix(&**last))
        else {
            return false;
        };
        between
            .iter()
            .try_fold(rest, |rest, text| Some(rest.split_once(&**text)?.1))
            .is_some()
    }

    /// Whether it covers every name that `other` covers.
    ///
    /// It never says so wrongly: the literal texts of a pattern hold no `*`, so that where `other`,
    /// taken as a name, is covered, each of its `*`s lies within one of ours, whatever it stands
    /// for.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.covers(&other.to_string())
    }

    /// `upstream` with its `*`s replaced by what the pattern's `*`s stood for, in order. When the
    /// pattern has fewer, the last one is used again.
    #[must_use]
    pub fn fill(upstream: &str, stars: &[&str]) -> String {
        let mut texts = upstream.split('*');
        let mut filled = texts.next().unwrap_or_default().to_owned();
        for (position, text) in texts.enumerate() {
            filled.push_str(
                stars
                    .get(position)
                    .or_else(|| stars.last())
                    .copied()
                    .unwrap_or_default(),
            );
            filled.push_str(text);
        }
        filled
    }

    /// Sorts the most specific pattern first: the one with the most literal text, then the one with
    /// the fewest `*`s.
    #[must_use]
    pub fn specificity(&self) -> impl Ord + use<> {
        let literal: usize = self.texts.iter().map(|text| text.len()).sum();
        (Reverse(literal), self.texts.len())
    }
}

impl fmt::Display for Pattern {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, text) in self.texts.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "*" })?;
            f.write_str(text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
