use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::few::Few;
use crate::window::Window;
use crate::{Charge, Counter, Measure, Standing};

/// What a running call may take at most, held in all of its counters.
///
/// It belongs to the windows in which it was made, however long the call runs: there it is extended,
/// settled or released. One that is dropped is settled at its ceiling: nobody knows what the call
/// came to, and it is never free.
#[must_use = "a reservation that is dropped is charged in full"]
pub struct Reservation {
    windows: Few<Arc<Window>>,
    ceiling: Charge,
}

/// A limit that does not allow a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The counter whose limit it is, as it stood.
    pub standing: Box<Standing>,
    /// What was asked for.
    pub asked: u64,
}

/// Reserves `ceiling` in all counters, or in none.
///
/// First it looks at all of them, so that who is refused takes nothing, as a rule, that another one
/// could have had. Then it takes from one after the other, each in one step with the comparison, and
/// gives everything back at the first that was quicker used up.
pub(crate) fn reserve<'a>(
    counters: impl IntoIterator<Item = &'a Counter>,
    ceiling: Charge,
    now: u64,
) -> Result<Reservation, Refused> {
    let mut windows = Few::default();
    for counter in counters {
        let window = counter.window(now);
        let ask = window.measure().of(&ceiling);
        if !window.has_room(ask) {
            return Err(Refused::new(&window, ask));
        }
        windows.push(window);
    }
    take(&windows, &ceiling)?;
    Ok(Reservation { windows, ceiling })
}

fn take(windows: &Few<Arc<Window>>, charge: &Charge) -> Result<(), Refused> {
    for (place, window) in windows.iter().enumerate() {
        let ask = window.measure().of(charge);
        if !window.take(ask) {
            let refused = Refused::new(window, ask);
            for window in windows.iter().take(place) {
                window.settle(window.measure().of(charge), 0);
            }
            return Err(refused);
        }
    }
    Ok(())
}

impl Reservation {
    /// The most that the call may take.
    #[must_use]
    pub const fn ceiling(&self) -> &Charge {
        &self.ceiling
    }

    /// How the counters stand, this call included.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        self.windows.iter().map(|window| window.standing())
    }

    /// Holds `more` besides, in all counters or in none: for another attempt, or a dearer one.
    ///
    /// # Errors
    /// A limit that does not allow it. What was held before still is.
    pub fn extend(&mut self, more: &Charge) -> Result<(), Refused> {
        take(&self.windows, more)?;
        self.ceiling = self.ceiling.plus(more);
        Ok(())
    }

    /// Charges what the call came to, and gives the rest back. What is above the ceiling is charged
    /// in full, even past a limit: the provider will ask for it. The counters refuse whoever comes
    /// next.
    pub fn settle(mut self, actual: &Charge) {
        self.close(actual);
    }

    /// Gives everything back: for a call that was never sent.
    pub fn release(mut self) {
        self.close(&Charge::default());
    }

    fn close(&mut self, actual: &Charge) {
        let windows = std::mem::take(&mut self.windows);
        for window in windows.iter() {
            let measure = window.measure();
            window.settle(measure.of(&self.ceiling), measure.of(actual));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let ceiling = self.ceiling;
        self.close(&ceiling);
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("ceiling", &self.ceiling)
            .field("counters", &self.windows.iter().count())
            .finish()
    }
}

impl Refused {
    fn new(window: &Window, asked: u64) -> Self {
        Self {
            standing: Box::new(window.standing()),
            asked,
        }
    }

    /// Whether money is what is short: LiteLLM answers 422 then, and 429 for everything else.
    #[must_use]
    pub fn is_budget(&self) -> bool {
        self.standing.measure == Measure::Cost
    }

    /// After how long the counter starts anew, in full seconds, rounded up and never none; `None`:
    /// never.
    #[must_use]
    pub fn retry_after(&self, now: u64) -> Option<Duration> {
        let left = self.standing.span.ends()?.saturating_sub(now);
        Some(Duration::from_secs(left.div_ceil(1000).max(1)))
    }
}
