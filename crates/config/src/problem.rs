use std::fmt;

use crate::Place;

/// Something in the configuration that keeps the gateway from starting with it.
///
/// Neither `path` nor `message` ever holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is written.
    pub place: Place,
    /// The key, such as `model_list[2].litellm_params.api_base`; empty for the file as a whole.
    pub path: String,
    /// What is wrong and what to write instead: one line.
    pub message: String,
    /// What sort of problem it is.
    pub kind: ProblemKind,
}

/// What sort of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The configuration is wrong.
    Invalid,
    /// The master key is published in an example or easy to guess. [`Options::dev`] turns exactly
    /// this one into a notice.
    ///
    /// [`Options::dev`]: crate::Options::dev
    PublishedMasterKey,
    /// A notice, made a problem by [`Options::strict`].
    ///
    /// [`Options::strict`]: crate::Options::strict
    StrictNotice,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a configuration, in the order of the file: never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

/// Something in the configuration that the operator should know: mostly a key without effect.
///
/// Neither `path` nor `message` ever holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where it is written.
    pub place: Place,
    /// The key, such as `litellm_settings.success_callback`.
    pub path: String,
    /// What happens, or does not: one line.
    pub message: String,
    /// Whether `place` is in an included file, so that its name has to be shown.
    pub(crate) included: bool,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.included {
            write!(f, "{}, ", self.place.file)?;
        }
        write!(f, "line {}: ", self.place.line)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}
