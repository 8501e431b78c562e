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

#[cfg(test)]
mod tests {
    use ironward_core::Clock as _;
    use ironward_testkit::FakeClock;

    use super::{Duration, Pause};

    #[test]
    fn what_is_asked_for_is_done_once_and_not_too_soon() {
        let clock = FakeClock::new();
        let mut pause = Pause::new();
        assert!(!pause.take(clock.now()), "nobody has asked");
        pause.ask();
        assert!(pause.take(clock.now()));
        pause.begin(clock.now(), Duration::from_secs(5));
        pause.ask();
        assert!(!pause.take(clock.now()));
        clock.advance(Duration::from_secs(5));
        assert!(pause.take(clock.now()));
        assert!(!pause.take(clock.now()), "it was done");
    }
}
