use std::time::{Duration, Instant};

/// Something that is asked for and not done too often.
#[derive(Debug, Default)]
pub(super) struct Pause {
    is_asked: bool,
    until: Option<Instant>,
}

impl Pause {
    pub(super) const fn new() -> Self {
        Self {
            is_asked: false,
            until: None,
        }
    }

    pub(super) const fn ask(&mut self) {
        self.is_asked = true;
    }

    pub(super) fn begin(&mut self, now: Instant, length: Duration) {
        self.until = Some(now + length);
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// Whether it is to be done now; it counts as done then.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let is_due = self.is_asked && self.is_over(now);
        self.is_asked &= !is_due;
        is_due
    }
}
