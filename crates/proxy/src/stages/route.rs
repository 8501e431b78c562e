use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use ironward_core::{Fault, FaultKind, Timeouts};
use ironward_policy::{Candidate, Pattern, order};
use ironward_telemetry::Series;

use super::read_call::is_tolerant_client;
use crate::Gateway;
use crate::snapshot::{Group, Routed, Routing, Settings};

/// The deployments of the group in the order in which they are tried.
pub(crate) struct Plan {
    group: Arc<Group>,
    stars: Vec<Box<str>>,
    order: Vec<usize>,
    /// Attempts after the first one.
    pub(crate) retries: u32,
    /// The client's own time limit.
    timeout: Option<Duration>,
    /// When the call ends, whatever it has come to; for a stream when its head has to be there.
    /// `None`: too far off to count.
    end: Option<Instant>,
    drop_params: bool,
}

/// Authorised -> Plan: a weighted draw without putting back, tier by tier.
pub(crate) fn route(
    gateway: &Gateway,
    (settings, routing): (&Settings, &Routing),
    (group, stars, usable): (Arc<Group>, Vec<Box<str>>, Option<Vec<usize>>),
    headers: &HeaderMap,
    stream: bool,
) -> Result<Plan, Fault> {
    let order = match &*group.deployments {
        [] => {
            return Err(Fault::gateway(
                FaultKind::NoDeployment,
                "the model group has no deployment",
            ));
        }
        [_] => vec![0],
        deployments => {
            let candidates: Vec<Candidate> = deployments
                .iter()
                .map(|routed| Candidate {
                    tier: routed.deployment.order,
                    weight: routed.deployment.weight,
                })
                .collect();
            order(&candidates, || gateway.draw_fraction())
        }
    };
    let order = match usable {
        None => order,
        Some(usable) => {
            let mut order = order;
            order.retain(|place| usable.contains(place));
            order
        }
    };
    let configured = order
        .first()
        .and_then(|first| group.deployments.get(*first)?.deployment.retries);
    let retries = number(headers, "x-litellm-num-retries")?
        .unwrap_or_else(|| configured.unwrap_or(routing.retries))
        .min(10);
    let timeout = seconds(headers, "x-litellm-timeout")?;
    let chosen = order
        .iter()
        .filter_map(|place| group.deployments.get(*place));
    let longest = chosen.map(|routed| attempt_limit(routed, stream)).max();
    let limit = longest.unwrap_or_default().saturating_mul(retries + 1);
    let limit = timeout.map_or(limit, |timeout| timeout.min(limit));
    Ok(Plan {
        stars,
        order,
        retries,
        timeout,
        end: gateway.clock.now().checked_add(limit),
        drop_params: settings.drop_params || is_tolerant_client(headers),
        group,
    })
}

impl Plan {
    /// The deployment at `position` in the order.
    pub(crate) fn deployment(&self, position: usize) -> Option<&Routed> {
        self.group.deployments.get(*self.order.get(position)?)
    }

    /// Where calls are counted that come to it.
    pub(crate) fn series(&self, position: usize) -> Option<&Arc<Series>> {
        self.group.each.get(*self.order.get(position)?)
    }

    /// How many deployments come after `position`.
    pub(crate) fn others(&self, position: usize) -> usize {
        self.order.len().saturating_sub(position + 1)
    }

    /// The group's public name.
    pub(crate) fn group(&self) -> &str {
        &self.group.name
    }

    /// The provider's model name for this call.
    pub(crate) fn model<'p>(&self, routed: &'p Routed) -> Cow<'p, str> {
        let model = &*routed.deployment.model;
        if self.stars.is_empty() || !model.contains('*') {
            return Cow::Borrowed(model);
        }
        let stars: Vec<&str> = self.stars.iter().map(|star| &**star).collect();
        Cow::Owned(Pattern::fill(model, &stars))
    }

    /// Whether parameters that the provider has no form for are dropped.
    pub(crate) fn drops_params(&self, routed: &Routed) -> bool {
        self.drop_params || routed.deployment.params.drop_unsupported
    }

    /// How much of the call's time is left.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        let end = self.end;
        end.map_or(Duration::MAX, |end| end.saturating_duration_since(now))
    }

    /// The deployment's timeouts for an attempt that begins with this much time left. A stream may
    /// go on after that, with pauses no longer than the client's own limit.
    pub(crate) fn timeouts(&self, routed: &Routed, stream: bool, left: Duration) -> Timeouts {
        let configured = configured(routed, stream);
        Timeouts {
            connect: configured.connect.min(left),
            first_byte: configured.first_byte.min(left),
            idle: configured.idle.min(self.timeout.unwrap_or(Duration::MAX)),
            total: configured.total.min(left),
        }
    }
}

fn configured(routed: &Routed, stream: bool) -> Timeouts {
    let mut timeouts = routed.deployment.timeouts;
    if let (true, Some(first_byte)) = (stream, routed.deployment.stream_first_byte) {
        timeouts.first_byte = first_byte;
    }
    timeouts
}

/// How long one attempt may take; for a stream, until its head is there.
fn attempt_limit(routed: &Routed, stream: bool) -> Duration {
    let timeouts = configured(routed, stream);
    if stream {
        timeouts.first_byte.min(timeouts.total)
    } else {
        timeouts.total
    }
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u32>, Fault> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    number
        .map(Some)
        .ok_or_else(|| Fault::invalid(name, format!("the header {name} has to be a whole number")))
}

fn seconds(headers: &HeaderMap, name: &'static str) -> Result<Option<Duration>, Fault> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse::<f64>().ok());
    number
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .map(Some)
        .ok_or_else(|| {
            Fault::invalid(
                name,
                format!("the header {name} has to be a number of seconds over 0"),
            )
        })
}
