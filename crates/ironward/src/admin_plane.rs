//! The admin plane of this node.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ironward_admin::{Acts, Condition, Login, Plane, Sealing, Sites};
use ironward_core::SystemClock;
use ironward_journal::Journal;
use ironward_proxy::InFlight;
use ironward_store::Freshness;

use crate::assemble::Foundation;
use crate::authority::{Authority, STALE};
use crate::call_path::CallPath;
use crate::random::SystemRandom;
use crate::reload::admin_settings;

/// What the admin plane works with.
pub(crate) fn admin_plane(
    call_path: &CallPath,
    (authority, journal): (&Authority, &Arc<Journal>),
    (foundation, sites, login): (&Foundation, Sites, Option<Arc<Login>>),
) -> Arc<Plane> {
    Arc::new(Plane {
        condition: Arc::new(Ready {
            in_flight: Arc::clone(&call_path.in_flight),
            freshness: Arc::clone(authority.feed.freshness()),
        }),
        calls: Arc::new(call_path.clone()),
        acts: Arc::clone(journal) as Arc<dyn Acts>,
        store: Arc::clone(&authority.store),
        sealing: Arc::clone(&authority.data_keys) as Arc<dyn Sealing>,
        feed: Arc::clone(&authority.feed),
        failures: Arc::clone(call_path.access.failures()),
        metrics: Arc::clone(&call_path.metrics),
        keyless: Arc::clone(call_path.access.keyless()),
        login,
        hasher: Arc::clone(&authority.hasher),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        settings: ArcSwap::from_pointee(admin_settings(foundation, authority, sites)),
        turn: tokio::sync::Mutex::new(()),
    })
}

struct Ready {
    in_flight: Arc<InFlight>,
    freshness: Arc<Freshness>,
}

impl Condition for Ready {
    fn takes_calls(&self) -> bool {
        !self.in_flight.is_draining()
    }

    fn is_connected(&self) -> bool {
        !self.freshness.is_stale(STALE)
    }

    fn is_recorded(&self) -> bool {
        self.in_flight.is_recorded()
    }
}
