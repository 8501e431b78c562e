use std::sync::atomic::{AtomicU32, Ordering};

/// When something was used last, to the second, and how much of that is kept elsewhere.
///
/// Noting a use takes no lock and makes nothing: one read, and once a second one write. Both times
/// only ever grow, whatever the clock does. Eight bytes, since there is one for each key.
#[derive(Debug, Default)]
pub struct LastUse {
    /// In seconds since 1970, which lasts until 2106; 0: never.
    at: AtomicU32,
    /// The same, as it is kept.
    kept: AtomicU32,
}

impl LastUse {
    /// Notes a use at `now`, in milliseconds since 1970.
    pub fn note(&self, now: u64) {
        let second = u32::try_from(now / 1_000).unwrap_or(u32::MAX);
        // Most calls come within a second of the one before: they write to no memory that the
        // other threads read.
        if self.at.load(Ordering::Relaxed) < second {
            self.at.fetch_max(second, Ordering::Relaxed);
        }
    }

    /// When that was, in milliseconds since 1970.
    #[must_use]
    pub fn at(&self) -> Option<u64> {
        match self.at.load(Ordering::Relaxed) {
            0 => None,
            second => Some(u64::from(second) * 1_000),
        }
    }

    /// The second of a use that is not kept yet.
    #[must_use]
    pub fn unkept(&self) -> Option<u32> {
        let at = self.at.load(Ordering::Relaxed);
        (at > self.kept.load(Ordering::Relaxed)).then_some(at)
    }

    /// That a use at this second is kept, be it one of this node's or of another one's.
    pub fn keep(&self, second: u32) {
        self.at.fetch_max(second, Ordering::Relaxed);
        self.kept.fetch_max(second, Ordering::Relaxed);
    }

    /// Goes on with what is known of `before`, whose place this one takes.
    pub fn take_over(&self, before: &Self) {
        let Self { at, kept } = before;
        self.at
            .fetch_max(at.load(Ordering::Relaxed), Ordering::Relaxed);
        self.kept
            .fetch_max(kept.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Clone for LastUse {
    fn clone(&self) -> Self {
        let copy = Self::default();
        copy.take_over(self);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::LastUse;

    #[test]
    fn it_never_goes_back() {
        let used = LastUse::default();
        assert_eq!((used.at(), used.unkept()), (None, None));
        used.note(5_999);
        assert_eq!((used.at(), used.unkept()), (Some(5_000), Some(5)));
        used.note(4_000);
        assert_eq!(used.at(), Some(5_000), "a clock that was set back");
        used.note(u64::MAX);
        assert_eq!(used.unkept(), Some(u32::MAX));
    }

    #[test]
    fn what_is_kept_is_not_kept_again() {
        let used = LastUse::default();
        used.note(5_000);
        used.note(6_000);
        used.keep(5);
        assert_eq!(used.unkept(), Some(6), "used while the other was written");
        used.keep(6);
        assert_eq!(used.unkept(), None);
        used.keep(9);
        assert_eq!((used.at(), used.unkept()), (Some(9_000), None));
        used.keep(7);
        assert_eq!((used.at(), used.unkept()), (Some(9_000), None));
    }

    #[test]
    fn what_takes_its_place_goes_on_from_there() {
        let (old, new) = (LastUse::default(), LastUse::default());
        old.note(5_000);
        old.keep(4);
        new.take_over(&old);
        assert_eq!((new.at(), new.unkept()), (Some(5_000), Some(5)));
        new.note(8_000);
        new.take_over(&old);
        assert_eq!((new.clone().at(), new.unkept()), (Some(8_000), Some(8)));
        assert_eq!(size_of::<LastUse>(), 8);
    }
}
