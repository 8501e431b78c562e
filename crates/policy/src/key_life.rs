use std::fmt;

use crate::Period;

/// How long keys live and overlap here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLife {
    /// How long a key lives that does not say it; `None`: it never expires.
    pub default: Option<Period>,
    /// The longest life that a key may ask for; `None`: any, never expiring too.
    pub longest: Option<Period>,
    /// The longest overlap of a rotation.
    pub longest_grace: Period,
}

impl Default for KeyLife {
    fn default() -> Self {
        Self {
            default: Some(Period::NINETY_DAYS),
            longest: None,
            longest_grace: Period::days(30),
        }
    }
}

/// The life that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It says nothing.
    Default,
    /// No end (`-1`, or an explicit null).
    Endless,
    /// This long.
    For(Period),
}

/// One secret of a key: from when until when it is accepted, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretLife {
    /// When it was made.
    pub made: u64,
    /// When it stops being accepted; `None`: with its key.
    pub until: Option<u64>,
}

impl SecretLife {
    /// Whether it is accepted at `now`.
    #[must_use]
    pub fn is_live(self, now: u64) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A life or an overlap that is longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// `duration` or `grace_period`.
    pub field: &'static str,
    /// What it may be at most.
    pub most: Period,
}

impl KeyLife {
    /// The same where no key lives longer than this either.
    #[must_use]
    pub fn within(self, most: Option<Period>) -> Self {
        let is_shorter =
            |most: &Period| self.longest.is_none_or(|own| most.after(0) < own.after(0));
        Self {
            longest: most.filter(is_shorter).or(self.longest),
            ..self
        }
    }

    /// When a key that is made now expires; `None`: never.
    ///
    /// # Errors
    /// When the key asks for a longer life than keys may have here. One that says nothing gets the
    /// shorter of the default and the longest.
    pub fn expiry(&self, life: Life, now: u64) -> Result<Option<u64>, TooLong> {
        let end = |life: Option<Period>| life.map(|life| life.after(now));
        let Some(longest) = self.longest else {
            return Ok(match life {
                Life::Default => end(self.default),
                Life::Endless => None,
                Life::For(life) => Some(life.after(now)),
            });
        };
        let latest = longest.after(now);
        match life {
            Life::Default => Ok(Some(
                end(self.default).map_or(latest, |end| end.min(latest)),
            )),
            Life::For(life) if life.after(now) <= latest => Ok(Some(life.after(now))),
            Life::Endless | Life::For(_) => Err(TooLong {
                field: "duration",
                most: longest,
            }),
        }
    }

    /// What becomes of a key's secrets when it gets a new one now: for each, in the order given,
    /// until when it is still accepted; `None`: it is dropped at once.
    ///
    /// The newest live secret stays for `grace`, and never longer than it would have; without
    /// `grace` it is dropped. All others are dropped, so that with the new one at most two are
    /// live. A rotation is never refused because another one's overlap is still running: whoever
    /// rotates may be answering a leak.
    ///
    /// # Errors
    /// When the overlap is longer than it may be here.
    pub fn overlap(
        &self,
        secrets: &[SecretLife],
        grace: Option<Period>,
        now: u64,
    ) -> Result<Vec<Option<u64>>, TooLong> {
        let end = grace.map(|grace| grace.after(now));
        if end.is_some_and(|end| end > self.longest_grace.after(now)) {
            return Err(TooLong {
                field: "grace_period",
                most: self.longest_grace,
            });
        }
        let newest = (0..)
            .zip(secrets)
            .filter(|(_, secret)| secret.is_live(now))
            .max_by_key(|(place, secret)| (secret.made, *place))
            .map(|(place, _): (usize, _)| place);
        let keep = |(place, secret): (usize, &SecretLife)| {
            let end = end.filter(|_| Some(place) == newest)?;
            Some(secret.until.map_or(end, |until| until.min(end)))
        };
        Ok((0..).zip(secrets).map(keep).collect())
    }
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, most } = self;
        write!(f, "{field} may be at most {most} here; ask for less")
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests;
