use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ironward_identity::Asked;
use ironward_secret::KeyHash;

use crate::fault::Refusal;

/// How long somebody may take at the issuer.
pub(super) const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The most logins that are under way.
const MOST: usize = 1024;

/// The most of one address: a flood of them pushes out its own, and nobody else's. Everybody may
/// come from the address of one proxy.
const MOST_OF_ONE: usize = 64;

/// The logins that are under way, by the keyed hash of their cookie. Each is good once.
#[derive(Default)]
pub(super) struct Pending(Mutex<HashMap<KeyHash, Begun>>);

/// A login that is under way.
pub(super) struct Begun {
    pub(super) asked: Asked,
    /// The keyed hash of what has to come back.
    pub(super) state: KeyHash,
    pub(super) source: Option<IpAddr>,
    pub(super) at: Instant,
}

impl Begun {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) >= LIFETIME
    }
}

impl Pending {
    /// Remembers a login.
    ///
    /// # Errors
    /// 503 while there are too many, from many addresses.
    pub(super) fn begin(&self, cookie: KeyHash, begun: Begun) -> Result<(), Refusal> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, other| !other.is_over(begun.at));
        let network = begun.source.map(network);
        let own = || {
            held.iter()
                .filter(|(_, other)| other.source.map(self::network) == network)
        };
        if own().count() >= MOST_OF_ONE {
            let first = own().min_by_key(|(_, other)| other.at).map(|(id, _)| *id);
            first.and_then(|first| held.remove(&first));
        }
        if held.len() >= MOST {
            return Err(Refusal::unavailable(
                "too many logins are under way; try again in some minutes",
            ));
        }
        held.insert(cookie, begun);
        Ok(())
    }

    /// Takes the login that this cookie and this state are of, so that neither is good again.
    pub(super) fn take(&self, cookie: &KeyHash, state: &KeyHash, now: Instant) -> Option<Asked> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |begun: &Begun| begun.state == *state && !begun.is_over(now);
        if !held.get(cookie).is_some_and(is_it) {
            return None;
        }
        held.remove(cookie).map(|begun| begun.asked)
    }
}

/// What one host can have many addresses of counts as one.
fn network(source: IpAddr) -> u128 {
    match source.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use ironward_core::Clock as _;
    use ironward_identity::Asked;
    use ironward_secret::{KeyHash, KeyHasher};
    use ironward_testkit::FakeClock;

    use super::{Begun, LIFETIME, MOST, MOST_OF_ONE, Pending};

    fn hash(text: &str) -> KeyHash {
        KeyHasher::new(&[7; 32]).hash(text.as_bytes())
    }

    fn begin(pending: &Pending, name: &str, source: u32, clock: &FakeClock) -> bool {
        let asked = Asked {
            state: String::new(),
            nonce: name.to_owned(),
            verifier: String::new(),
        };
        let begun = Begun {
            asked,
            state: hash(&format!("state of {name}")),
            source: Some(IpAddr::V4(Ipv4Addr::from_bits(source))),
            at: clock.now(),
        };
        pending.begin(hash(name), begun).is_ok()
    }

    fn take(pending: &Pending, name: &str, clock: &FakeClock) -> Option<String> {
        let state = hash(&format!("state of {name}"));
        let taken = pending.take(&hash(name), &state, clock.now());
        taken.map(|asked| asked.nonce)
    }

    #[test]
    fn a_login_is_taken_once_with_its_own_state_and_in_time() {
        let (pending, clock) = (Pending::default(), FakeClock::new());
        assert!(begin(&pending, "a", 1, &clock) && begin(&pending, "b", 1, &clock));
        assert!(
            pending
                .take(&hash("a"), &hash("state of b"), clock.now())
                .is_none()
        );
        assert!(
            pending
                .take(&hash("c"), &hash("state of a"), clock.now())
                .is_none()
        );
        assert_eq!(take(&pending, "a", &clock).as_deref(), Some("a"));
        assert_eq!(take(&pending, "a", &clock), None);
        clock.advance(LIFETIME);
        assert_eq!(take(&pending, "b", &clock), None);
    }

    #[test]
    fn a_flood_pushes_out_its_own() {
        let (pending, clock) = (Pending::default(), FakeClock::new());
        assert!(begin(&pending, "somebody", 1, &clock));
        for number in 0..=MOST_OF_ONE {
            clock.advance(std::time::Duration::from_millis(1));
            assert!(begin(&pending, &number.to_string(), 2, &clock));
        }
        assert_eq!(take(&pending, "0", &clock), None);
        assert!(take(&pending, "1", &clock).is_some());
        assert!(take(&pending, "somebody", &clock).is_some());
    }

    #[test]
    fn there_is_an_end_to_them() {
        let (pending, clock) = (Pending::default(), FakeClock::new());
        for number in 0..u32::try_from(MOST).unwrap() {
            assert!(begin(&pending, &number.to_string(), number, &clock));
        }
        assert!(!begin(&pending, "one more", 5000, &clock));
        assert!(take(&pending, "0", &clock).is_some());
        assert!(begin(&pending, "one more", 5000, &clock));
        clock.advance(LIFETIME);
        assert!(begin(&pending, "later", 5001, &clock));
        assert_eq!(pending.0.lock().unwrap().len(), 1);
    }
}
