use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ironward_core::Clock;

use crate::BoxFuture;

/// Turns a host name into addresses. What it answers is checked before anything is dialled.
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, in the order in which to try them.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver (`getaddrinfo`, on the runtime's blocking threads).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// For how long an answer is used again.
const FRESH: Duration = Duration::from_secs(30);

/// A resolver that remembers its good answers for a short while, so that a burst of new
/// connections asks once. Names come from credentials only, so there are few.
pub(crate) struct Addresses {
    resolver: Box<dyn Resolve>,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<Box<str>, Answer>>,
}

struct Answer {
    addresses: Arc<[IpAddr]>,
    at: Instant,
}

impl Addresses {
    pub(crate) fn new(resolver: Box<dyn Resolve>, clock: Arc<dyn Clock>) -> Self {
        Self {
            resolver,
            clock,
            known: Mutex::default(),
        }
    }

    /// The addresses of `host`; an address stands for itself.
    pub(crate) async fn of(&self, host: &str) -> io::Result<Arc<[IpAddr]>> {
        if let Ok(literal) = host.parse::<IpAddr>() {
            return Ok(Arc::from([literal]));
        }
        if let Some(addresses) = self.remembered(host) {
            return Ok(addresses);
        }
        let addresses: Arc<[IpAddr]> = self.resolver.resolve(host).await?.into();
        if addresses.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no address",
            ));
        }
        let answer = Answer {
            addresses: Arc::clone(&addresses),
            at: self.clock.now(),
        };
        self.lock().insert(host.into(), answer);
        Ok(addresses)
    }

    /// Forgets an answer of which no address could be reached: the name may have moved.
    pub(crate) fn forget(&self, host: &str) {
        self.lock().remove(host);
    }

    fn remembered(&self, host: &str) -> Option<Arc<[IpAddr]>> {
        let now = self.clock.now();
        let mut known = self.lock();
        known.retain(|_, answer| now.saturating_duration_since(answer.at) < FRESH);
        known.get(host).map(|answer| Arc::clone(&answer.addresses))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, Answer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
