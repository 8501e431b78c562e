//! Who may come without a key, as both planes ask it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;

use crate::{Bindings, Identities, Identity, Refusal, Unbound, Workload};

/// Who lists which tokens and certificates as their own.
pub trait Accounts<T>: Send + Sync {
    /// Grows with every change of what [`Self::list`] gives.
    fn revision(&self) -> u64;

    /// All of it, as it is now.
    fn list(&self) -> Bindings<T>;
}

/// The issuers in force, and whom their tokens, and verified certificates, stand for: an owner `T`.
///
/// A binding that was taken away holds for nobody who asks after that.
pub struct Keyless<T> {
    accounts: Box<dyn Accounts<T>>,
    state: ArcSwap<State<T>>,
    /// Held by the one thread that makes another state.
    turn: Mutex<()>,
}

/// What everything is decided by until something of it changes.
struct State<T> {
    identities: Arc<Identities>,
    revision: u64,
    bindings: Arc<Bindings<T>>,
}

/// Somebody who has proven who they are, and whom they stand for.
pub struct Vouched<T> {
    /// Whom.
    pub owner: T,
    proof: Proof,
    state: Arc<State<T>>,
}

#[derive(Clone)]
enum Proof {
    Token(Arc<Identity>),
    Certificate(Arc<Workload>),
}

/// Why nobody is let in without a key. For the log: a client is told no more than that it has to
/// sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// The token is not taken.
    Refused(Refusal),
    /// It is, or the certificate is, and stands for nobody.
    Unbound(Unbound),
    /// It was good and is over.
    Over,
    /// It was good, and its issuer is no longer configured, or no longer for its audience.
    Distrusted,
    /// It stands for another account now.
    Moved,
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unbound(unbound) => unbound.fmt(f),
            Self::Over => f.write_str("the token or certificate is over"),
            Self::Distrusted => {
                f.write_str("the token's issuer, or its audience, is no longer configured")
            }
            Self::Moved => f.write_str("the token or certificate stands for another account now"),
        }
    }
}

impl std::error::Error for Unproven {}

impl<T: Clone + PartialEq> Keyless<T> {
    /// Asks `identities` who sent a token, and `accounts` whom it stands for.
    #[must_use]
    pub fn new(identities: Arc<Identities>, accounts: Box<dyn Accounts<T>>) -> Self {
        let revision = accounts.revision();
        let state = State {
            identities,
            revision,
            bindings: Arc::new(accounts.list()),
        };
        Self {
            accounts,
            state: ArcSwap::from_pointee(state),
            turn: Mutex::new(()),
        }
    }

    /// The issuers in force.
    #[must_use]
    pub fn identities(&self) -> Arc<Identities> {
        Arc::clone(&self.state.load().identities)
    }

    /// Puts other issuers in force.
    pub fn replace(&self, identities: Arc<Identities>) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.state.load();
        self.state.store(Arc::new(State {
            identities,
            revision: before.revision,
            bindings: Arc::clone(&before.bindings),
        }));
    }

    /// Whether `bearer` is to be taken for a token. Where no issuer is configured, nothing is.
    #[must_use]
    pub fn is_token(&self, bearer: &[u8]) -> bool {
        Identities::is_token(bearer) && !self.state.load().identities.is_empty()
    }

    /// Whom a token stands for.
    ///
    /// # Errors
    /// When it is not taken, or stands for nobody.
    pub fn of_token(&self, bearer: &[u8], now: SystemTime) -> Result<Vouched<T>, Unproven> {
        let state = self.current();
        let identity = state.identities.identify(bearer, now);
        let identity = identity.map_err(Unproven::Refused)?;
        let owner = state.bindings.of_token(&identity);
        let owner = owner.map_err(Unproven::Unbound)?.clone();
        Ok(Vouched {
            owner,
            proof: Proof::Token(identity),
            state,
        })
    }

    /// Whom a verified certificate stands for.
    ///
    /// # Errors
    /// When it is over, or stands for nobody.
    pub fn of_certificate(
        &self,
        workload: &Arc<Workload>,
        now: SystemTime,
    ) -> Result<Vouched<T>, Unproven> {
        let state = self.current();
        if workload.until <= now {
            return Err(Unproven::Over);
        }
        let owner = state.bindings.of_certificate(&workload.id);
        let owner = owner.map_err(Unproven::Unbound)?.clone();
        Ok(Vouched {
            owner,
            proof: Proof::Certificate(Arc::clone(workload)),
            state,
        })
    }

    /// Whether nothing that `vouched` was decided by has changed since. Time is another matter.
    #[must_use]
    pub fn is_current(&self, vouched: &Vouched<T>) -> bool {
        Arc::ptr_eq(&self.current(), &vouched.state)
    }

    /// The same at `now`, for a call that runs since earlier.
    ///
    /// # Errors
    /// When they would not be let in as the same owner any more.
    pub fn again(&self, vouched: &Vouched<T>, now: SystemTime) -> Result<Vouched<T>, Unproven> {
        let state = self.current();
        if vouched.until() <= now {
            return Err(Unproven::Over);
        }
        let owner = match &vouched.proof {
            Proof::Token(identity) => {
                if !state.identities.trusts(identity) {
                    return Err(Unproven::Distrusted);
                }
                state.bindings.of_token(identity)
            }
            Proof::Certificate(workload) => state.bindings.of_certificate(&workload.id),
        };
        if *owner.map_err(Unproven::Unbound)? != vouched.owner {
            return Err(Unproven::Moved);
        }
        Ok(Vouched {
            owner: vouched.owner.clone(),
            proof: vouched.proof.clone(),
            state,
        })
    }

    /// The state in force, made anew where accounts have changed.
    fn current(&self) -> Arc<State<T>> {
        let state = self.state.load_full();
        if state.revision == self.accounts.revision() {
            return state;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state.load_full();
        // What changes while the list is read is in it or not; the next who asks finds out.
        let revision = self.accounts.revision();
        if state.revision == revision {
            return state;
        }
        let state = Arc::new(State {
            identities: Arc::clone(&state.identities),
            revision,
            bindings: Arc::new(self.accounts.list()),
        });
        self.state.store(Arc::clone(&state));
        state
    }
}

impl<T> Vouched<T> {
    /// From when on nobody lets them in by this any more.
    #[must_use]
    pub fn until(&self) -> SystemTime {
        match &self.proof {
            Proof::Token(identity) => identity.until(),
            Proof::Certificate(workload) => workload.until,
        }
    }

    /// Who they are at whoever vouches for them: the subject of a token, or a SPIFFE id.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.proof {
            Proof::Token(identity) => &identity.subject,
            Proof::Certificate(workload) => workload.id.as_str(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Vouched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vouched")
            .field("owner", &self.owner)
            .field("subject", &self.subject())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Keyless<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyless").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
