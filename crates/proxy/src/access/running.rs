use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ironward_policy::Which;

/// Whose calls are counted together: every call that this object bounds, whichever key it comes
/// with. A person is the same as the owner of one key and the maker of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Whose {
    which: Which,
    id: Box<str>,
    /// The team, for a person's place in it.
    team: Option<Box<str>>,
}

/// How many calls of somebody may run at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) whose: Whose,
    pub(crate) most: u32,
}

/// The running calls of those who may only run so many at once. Who runs none takes no room, and
/// who has no limit is never looked up.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<Whose, u32>>);

/// One of the running calls of everybody who limits it; dropping it ends it.
pub(crate) struct Place {
    running: Arc<Running>,
    counted: Vec<Whose>,
}

impl Whose {
    pub(crate) fn new(which: Which, id: &str, team: Option<&str>) -> Self {
        let which = match which {
            Which::Creator => Which::User,
            which => which,
        };
        Self {
            which,
            id: id.into(),
            team: team.map(Into::into),
        }
    }

    /// LiteLLM's word for what is limited, and its id.
    pub(crate) fn name(&self) -> (&'static str, &str) {
        let kind = match self.which {
            Which::Key => "api_key",
            Which::User | Which::Creator => "user",
            Which::ServiceAccount => "agent",
            Which::Member => "team_member",
            Which::Project => "project",
            Which::Team => "team",
            Which::Organisation => "organization",
            Which::Customer => "end_user",
        };
        (kind, &self.id)
    }
}

impl Running {
    /// A place among the calls of everybody in `limits`, all or nothing.
    ///
    /// # Errors
    /// The first limit that is reached.
    pub(crate) fn enter(self: &Arc<Self>, limits: Vec<Limit>) -> Result<Option<Place>, Limit> {
        if limits.is_empty() {
            return Ok(None);
        }
        let mut running = self.calls();
        let calls = |whose| running.get(whose).copied().unwrap_or_default();
        if let Some(place) = limits
            .iter()
            .position(|limit| calls(&limit.whose) >= limit.most)
        {
            let mut limits = limits;
            return Err(limits.swap_remove(place));
        }
        let mut counted: Vec<Whose> = Vec::with_capacity(limits.len());
        for Limit { whose, .. } in limits {
            if !counted.contains(&whose) {
                *running.entry(whose.clone()).or_default() += 1;
                counted.push(whose);
            }
        }
        Ok(Some(Place {
            running: Arc::clone(self),
            counted,
        }))
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Whose, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.running.calls();
        for whose in &self.counted {
            if let Some(calls) = running.get_mut(whose) {
                *calls -= 1;
                if *calls == 0 {
                    running.remove(whose);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ironward_policy::Which;

    use super::{Limit, Running, Whose};

    fn limit(which: Which, id: &str, most: u32) -> Limit {
        let whose = Whose::new(which, id, None);
        Limit { whose, most }
    }

    #[test]
    fn a_place_is_free_again_when_it_is_dropped() {
        let running = Arc::new(Running::default());
        let enter = |id, most| running.enter(vec![limit(Which::Key, id, most)]);
        let first = enter("one", 2).unwrap().unwrap();
        let second = enter("one", 2).unwrap().unwrap();
        assert!(enter("one", 2).is_err());
        assert!(enter("other", 1).is_ok(), "each key by itself");
        assert!(enter("one", 0).is_err());
        drop(first);
        let third = enter("one", 2).unwrap();
        drop((second, third));
        assert!(
            running.calls().is_empty(),
            "nothing is kept of who runs nothing"
        );
        assert!(running.enter(Vec::new()).unwrap().is_none());
    }

    #[test]
    fn it_is_a_place_with_everybody_or_with_nobody() {
        let running = Arc::new(Running::default());
        let (key, team) = (limit(Which::Key, "k", 5), limit(Which::Team, "t", 1));
        let other = limit(Which::Key, "l", 5);
        let held = running.enter(vec![key, team.clone()]).unwrap();
        let refused = running.enter(vec![other.clone(), team.clone()]);
        assert_eq!(refused.err(), Some(team.clone()));
        assert_eq!(running.calls().get(&other.whose), None);
        drop(held);
        assert!(running.enter(vec![other, team]).is_ok());
        // The same person twice is one call of theirs.
        let twice = vec![limit(Which::User, "u", 1), limit(Which::Creator, "u", 1)];
        let held = running.enter(twice.clone()).unwrap();
        assert!(running.enter(twice).is_err());
        drop(held);
        assert!(running.calls().is_empty());
    }
}
