use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ironward_core::{Id, Role};
use ironward_secret::KeyHash;
use ironward_store::objects::User;

/// The most sessions of one user: browsers and machines of one person.
const MOST_OF_ONE: usize = 8;

/// The most in all. Only people of the directory get one.
const MOST: usize = 4096;

/// Who has logged in, by the keyed hash of their cookie.
pub(super) struct Sessions {
    lifetime: Duration,
    idle: Duration,
    held: Mutex<HashMap<KeyHash, Held>>,
}

struct Held {
    session: Arc<Session>,
    used: Instant,
}

/// Somebody who has logged in.
pub(crate) struct Session {
    pub(crate) user: Id<User>,
    /// Their role at that time; with another one they log in again.
    pub(super) role: Role,
    /// When the user was made: another one of the same name is somebody else.
    pub(super) created_at: u64,
    pub(super) proof: Proof,
    /// What every change has to be sent with.
    pub(super) csrf: String,
    pub(super) began: Instant,
}

/// By what the user was found.
pub(super) enum Proof {
    /// Their subject at the issuer.
    Subject(Box<str>),
    /// Their address, which the issuer has verified.
    Email(Box<str>),
}

impl Sessions {
    pub(super) fn new(lifetime: Duration, idle: Duration) -> Self {
        Self {
            lifetime,
            idle,
            held: Mutex::default(),
        }
    }

    /// Begins a session. Where there are too many, the one goes that was not used for longest: of
    /// the same user's, or of all.
    pub(super) fn begin(&self, id: KeyHash, session: Session) {
        let now = session.began;
        let mut held = self.lock();
        held.retain(|_, held| !self.is_over(held, now));
        let user = session.user.clone();
        let own = held.values().filter(|held| held.session.user == user);
        if own.count() >= MOST_OF_ONE {
            remove_oldest(&mut held, |held| held.session.user == user);
        } else if held.len() >= MOST {
            remove_oldest(&mut held, |_| true);
        }
        let session = Arc::new(session);
        held.insert(id, Held { session, used: now });
    }

    /// The session of this id, which counts as used now.
    pub(super) fn find(&self, id: &KeyHash, now: Instant) -> Option<Arc<Session>> {
        let mut held = self.lock();
        let found = held.get_mut(id)?;
        if self.is_over(found, now) {
            held.remove(id);
            return None;
        }
        found.used = now;
        Some(Arc::clone(&found.session))
    }

    pub(super) fn end(&self, id: &KeyHash) {
        self.lock().remove(id);
    }

    pub(super) fn retain(&self, holds: impl Fn(&Session) -> bool) {
        self.lock().retain(|_, held| holds(&held.session));
    }

    /// How long a session lasts from now on, if it is used.
    pub(super) fn left(&self, session: &Session, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(session.began);
        self.lifetime.saturating_sub(passed)
    }

    pub(super) const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    pub(super) const fn idle(&self) -> Duration {
        self.idle
    }

    fn is_over(&self, held: &Held, now: Instant) -> bool {
        now.saturating_duration_since(held.used) >= self.idle
            || self.left(&held.session, now).is_zero()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyHash, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_oldest(held: &mut HashMap<KeyHash, Held>, of: impl Fn(&Held) -> bool) {
    let candidates = held.iter().filter(|(_, held)| of(held));
    let oldest = candidates.min_by_key(|(_, held)| held.used);
    if let Some(oldest) = oldest.map(|(id, _)| *id) {
        held.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ironward_core::{Clock as _, Id, Role};
    use ironward_secret::{KeyHash, KeyHasher};
    use ironward_testkit::FakeClock;

    use super::{MOST, MOST_OF_ONE, Proof, Session, Sessions};

    const LIFETIME: Duration = Duration::from_secs(12 * 3600);
    const IDLE: Duration = Duration::from_secs(15 * 60);

    fn id(text: &str) -> KeyHash {
        KeyHasher::new(&[7; 32]).hash(text.as_bytes())
    }

    fn begin(sessions: &Sessions, name: &str, user: &str, clock: &FakeClock) {
        let session = Session {
            user: Id::new(user),
            role: Role::ProxyAdmin,
            created_at: 0,
            proof: Proof::Subject(user.into()),
            csrf: String::new(),
            began: clock.now(),
        };
        sessions.begin(id(name), session);
    }

    #[test]
    fn a_session_is_over_when_it_is_not_used_and_after_its_time() {
        let (sessions, clock) = (Sessions::new(LIFETIME, IDLE), FakeClock::new());
        begin(&sessions, "a", "alice", &clock);
        let is_there = || sessions.find(&id("a"), clock.now()).is_some();
        let short = Duration::from_secs(14 * 60);
        for _ in 0..51 {
            clock.advance(short);
            assert!(is_there());
        }
        // Eleven hours and 54 minutes, in use all the time.
        clock.advance(Duration::from_secs(5 * 60));
        assert!(is_there());
        clock.advance(Duration::from_secs(60));
        assert!(!is_there());
        begin(&sessions, "a", "alice", &clock);
        clock.advance(IDLE);
        assert!(!is_there());
        assert!(sessions.lock().is_empty());
    }

    #[test]
    fn there_is_an_end_to_them() {
        let (sessions, clock) = (Sessions::new(LIFETIME, IDLE), FakeClock::new());
        let tick = Duration::from_millis(1);
        begin(&sessions, "bob", "bob", &clock);
        for number in 0..=MOST_OF_ONE {
            clock.advance(tick);
            begin(&sessions, &number.to_string(), "alice", &clock);
        }
        let is_there = |name: &str| sessions.find(&id(name), clock.now()).is_some();
        assert!(!is_there("0") && is_there("1") && is_there("bob"));
        for number in 0..MOST {
            clock.advance(tick);
            begin(
                &sessions,
                &format!("s{number}"),
                &format!("u{number}"),
                &clock,
            );
        }
        assert_eq!(sessions.lock().len(), MOST);
        assert!(!is_there("bob") && is_there("s1"));
        sessions.end(&id("s1"));
        sessions.retain(|session| session.user.as_str() != "u2");
        assert!(!is_there("s1") && !is_there("s2") && is_there("s3"));
    }
}
