use crate::Prices;

/// What the catalogue says of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry<'a> {
    /// Whose price it is, by LiteLLM's name of the provider.
    pub provider: &'a str,
    /// What the model is for: `chat`, `embedding`; empty where nobody says.
    pub mode: &'a str,
    /// What it costs.
    pub prices: Prices,
    /// The most input tokens.
    pub context: Option<u64>,
    /// The most output tokens.
    pub max_output: Option<u64>,
    /// What it takes.
    pub takes: Modalities,
    /// What it gives.
    pub gives: Modalities,
    /// The day on which the provider stops serving it: `2026-11-30`.
    pub ends: Option<&'a str>,
}

/// Kinds of content; none where nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modalities(u8);

impl Modalities {
    /// The kinds that there are.
    pub const NAMES: [&'static str; 6] = ["text", "image", "audio", "video", "pdf", "code"];

    /// These and the kind of this name, if there is one.
    #[must_use]
    pub fn with(self, name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|known| *known == name)?;
        Some(Self(self.0 | 1 << at))
    }

    /// The names of the kinds.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let names = Self::NAMES.into_iter().enumerate();
        names.filter_map(move |(at, name)| (self.0 & 1 << at != 0).then_some(name))
    }

    /// Whether it names none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
