//! What a caller is told whose budget or limit does not allow a call: whose it is and when it starts
//! anew, never a key.

use http::{HeaderMap, HeaderName, HeaderValue};
use ironward_core::{Fault, FaultKind, Money, Retry};
use ironward_ledger::{Kind, Measure, NoCeiling, Refused, Scope, Standing};
use ironward_policy::timestamp;

use crate::refusal::shown;

/// A fault, and the headers that say more of it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) fault: Fault,
    pub(crate) headers: HeaderMap,
}

impl From<Fault> for Box<Refusal> {
    fn from(fault: Fault) -> Self {
        let headers = HeaderMap::new();
        Self::new(Refusal { fault, headers })
    }
}

/// An id of a caller's is no longer than this where it is told.
const LONGEST: usize = 256;

impl Refusal {
    /// `status`: of a budget's refusal, where the operator chose one. `now`: in milliseconds since
    /// 1970.
    pub(crate) fn of(refused: &Refused, now: u64, status: Option<u16>) -> Box<Self> {
        if refused.is_budget() {
            let mut fault = Fault::downstream(FaultKind::BudgetExceeded, over_budget(refused));
            fault.chosen_status = status;
            return fault.into();
        }
        let standing = &*refused.standing;
        let mut fault = Fault::downstream(FaultKind::RateLimited, over_limit(standing));
        fault.retry = Retry::Again(refused.retry_after(now));
        let headers = headers(standing, now);
        Box::new(Self { fault, headers })
    }
}

/// The refusal of a call whose most cost nobody knows.
pub(crate) fn unpriced(why: NoCeiling, model: &str) -> Fault {
    let message = format!(
        "{why} ({}); a call that a budget bounds has to be one whose most cost is known",
        shown(model, LONGEST)
    );
    Fault::downstream(FaultKind::PermissionDenied, message)
        .with_param("model")
        .with_code("model_cost_map_missing")
}

/// LiteLLM's words, and what it does not say.
fn over_budget(refused: &Refused) -> String {
    let Standing {
        scope,
        span,
        most,
        spent,
        reserved,
        ..
    } = &*refused.standing;
    let money = |nanos: u64| Money::from_nanos(nanos);
    let mut message = format!(
        "Budget has been exceeded! {} Current cost: {}, Max budget: {}",
        named(scope),
        money(*spent),
        money(most.unwrap_or_default()),
    );
    message.push_str(&format!(
        ". This call may cost {}, and calls that run {}",
        money(refused.asked),
        money(*reserved)
    ));
    if let Some(end) = span.ends() {
        message.push_str(&format!(". Budget resets at: {}", moment(end)));
    }
    message
}

fn over_limit(standing: &Standing) -> String {
    let scope = &standing.scope;
    let mut message = format!(
        "Rate limit exceeded for {}: {}. Limit type: {}. Current limit: {}, Remaining: {}",
        scope.descriptor(),
        value(scope),
        unit(standing.measure),
        standing.most.unwrap_or_default(),
        standing.remaining().unwrap_or_default(),
    );
    if let Some(end) = standing.span.ends() {
        message.push_str(&format!(". Limit resets at: {}", moment(end)));
    }
    message
}

/// Which one of its kind; for a model also whose limit it is.
fn value(scope: &Scope) -> String {
    let id = shown(scope.id(), LONGEST);
    match scope.within() {
        Some(other) => format!("{}:{id}", shown(other.id(), LONGEST)),
        None => id,
    }
}

/// `Key=7h2k`, `TeamMember=ann:research`.
fn named(scope: &Scope) -> String {
    let id = shown(scope.id(), LONGEST);
    let word = match scope.kind() {
        Kind::Gateway => return "Proxy".to_owned(),
        Kind::Organisation => "Organization",
        Kind::Team => "Team",
        Kind::Project => "Project",
        Kind::Member => "TeamMember",
        Kind::User => "User",
        Kind::ServiceAccount => "Agent",
        Kind::Key => "Key",
        Kind::EndUser => "EndUser",
        Kind::Tag => "Tag",
        Kind::Model => "Model",
        Kind::Provider => "Provider",
        Kind::Deployment => "Deployment",
    };
    match scope.within() {
        None => format!("{word}={id}"),
        Some(team) if scope.kind() == Kind::Member => {
            format!("{word}={id}:{}", shown(team.id(), LONGEST))
        }
        Some(other) => format!("{word}={id} {}", named(other)),
    }
}

const fn unit(measure: Measure) -> &'static str {
    match measure {
        Measure::Cost => "cost",
        Measure::Requests => "requests",
        Measure::Input | Measure::Output | Measure::Tokens => "tokens",
    }
}

/// `2026-01-01 00:00:00 UTC`, as LiteLLM writes it.
fn moment(ms: u64) -> String {
    timestamp(ms).replace('T', " ").replace('Z', " UTC")
}

/// OpenAI's names, and LiteLLM's with whose limit it is.
fn headers(standing: &Standing, now: u64) -> HeaderMap {
    let unit = unit(standing.measure);
    let descriptor = standing.scope.descriptor();
    let limit = standing.most.unwrap_or_default();
    let remaining = standing.remaining().unwrap_or_default();
    let mut headers = HeaderMap::new();
    let mut insert = |name: String, value: String| {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    insert(format!("x-ratelimit-limit-{unit}"), limit.to_string());
    insert(
        format!("x-ratelimit-remaining-{unit}"),
        remaining.to_string(),
    );
    insert(
        format!("x-ratelimit-{descriptor}-limit-{unit}"),
        limit.to_string(),
    );
    insert(
        format!("x-ratelimit-{descriptor}-remaining-{unit}"),
        remaining.to_string(),
    );
    insert("rate_limit_type".to_owned(), unit.to_owned());
    if let Some(end) = standing.span.ends() {
        let seconds = end.saturating_sub(now).div_ceil(1000).max(1);
        insert(format!("x-ratelimit-reset-{unit}"), format!("{seconds}s"));
        insert("reset_at".to_owned(), moment(end));
    }
    headers
}
