/// How strictly a configuration is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// A developer's own machine: a published or guessable master key is a notice. Nothing else
    /// becomes laxer.
    pub dev: bool,
    /// Every notice is a problem, so that no key is ignored.
    pub strict: bool,
}
