use std::time::Duration;

use ironward_core::{Fault, Retry};

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Give the fault to the client.
    Stop,
    /// Try the next deployment at once.
    Elsewhere,
    /// Try the same deployment after this pause.
    Again(Duration),
}

/// How long to pause before the same deployment is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The least pause (`router_settings.retry_after`).
    pub floor: Duration,
    /// Up to this much is added, so that clients that failed together don't return together.
    pub jitter: Duration,
}

/// Decides after the fault of attempt number `attempt` (the first is 0), with `retries` allowed and
/// `others` deployments of the group not tried yet.
///
/// As LiteLLM does: another deployment at once where there is one; else the provider's
/// `retry-after` if it is at most a minute, or half a second doubled with every attempt, at most
/// eight seconds.
#[must_use]
pub fn decide(fault: &Fault, attempt: u32, retries: u32, others: usize, backoff: Backoff) -> Next {
    if attempt >= retries {
        return Next::Stop;
    }
    let after = match fault.retry {
        Retry::Never => return Next::Stop,
        Retry::Elsewhere(_) | Retry::Again(_) if others > 0 => return Next::Elsewhere,
        // Elsewhere there is nobody: a rate limit passes with time, a refused credential does not.
        Retry::Elsewhere(None) if !passes_with_time(fault) => return Next::Stop,
        Retry::Elsewhere(after) | Retry::Again(after) => after,
    };
    let pause = match after {
        Some(after) if after <= Duration::from_secs(60) => after,
        Some(_) => return Next::Stop,
        None => Duration::from_millis(500 << attempt.min(4)).min(Duration::from_secs(8)),
    };
    Next::Again(pause.max(backoff.floor).saturating_add(backoff.jitter))
}

fn passes_with_time(fault: &Fault) -> bool {
    use ironward_core::FaultKind::{
        BadGateway, RateLimited, Timeout, Unavailable, UpstreamInternal,
    };
    matches!(
        fault.kind,
        RateLimited | Unavailable | BadGateway | Timeout | UpstreamInternal
    )
}

#[cfg(test)]
mod tests;
