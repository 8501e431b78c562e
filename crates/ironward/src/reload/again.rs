//! A configuration that was refused because a secret was out of reach is tried again by itself.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Sleep;

/// The first pause; each is twice the one before.
const FIRST: Duration = Duration::from_secs(2);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The most reasons that are told of one configuration.
const REASONS: usize = 16;

/// When a refused configuration is read again, and what was said of it.
pub(super) struct Again {
    pause: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    said: BTreeSet<String>,
}

impl Again {
    /// Nothing was refused.
    pub(super) const fn new() -> Self {
        Self {
            pause: FIRST,
            timer: None,
            said: BTreeSet::new(),
        }
    }

    /// Nothing is to be tried again: it was taken, or has changed.
    pub(super) fn forget(&mut self) {
        *self = Self::new();
    }

    /// Reads it again after a pause.
    pub(super) fn after_pause(&mut self) {
        self.timer = Some(Box::pin(tokio::time::sleep(self.pause)));
        self.pause = (self.pause * 2).min(LONGEST);
    }

    /// Whether this was not said yet. A service that is down fails in two or three ways by turns.
    pub(super) fn is_news(&mut self, text: &str) -> bool {
        self.said.len() < REASONS && self.said.insert(text.to_owned())
    }

    /// Returns when it is time to.
    pub(super) async fn due(&mut self) {
        match &mut self.timer {
            Some(timer) => {
                timer.as_mut().await;
                self.timer = None;
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Again, FIRST, LONGEST, REASONS};

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_up_to_the_longest() {
        let mut again = Again::new();
        let mut expected = FIRST;
        for _ in 0..12 {
            let before = Instant::now();
            again.after_pause();
            again.due().await;
            let passed = before.elapsed();
            assert!(passed >= expected && passed < expected + Duration::from_millis(10));
            expected = (expected * 2).min(LONGEST);
        }
        assert_eq!(expected, LONGEST);
        again.after_pause();
        again.forget();
        let nothing = tokio::time::timeout(LONGEST * 2, again.due());
        assert!(nothing.await.is_err());
        let before = Instant::now();
        again.after_pause();
        again.due().await;
        assert!(before.elapsed() < FIRST * 2);
    }

    #[test]
    fn the_same_is_said_once() {
        let mut again = Again::new();
        assert!(again.is_news("a") && !again.is_news("a") && again.is_news("b"));
        assert!(!again.is_news("a"));
        let told = (0..100).filter(|reason| again.is_news(&reason.to_string()));
        assert_eq!(told.count(), REASONS - 2);
        again.forget();
        assert!(again.is_news("b"));
    }
}
