use std::fmt;
use std::time::Duration;

/// A classified failure: what happened, whose side it is on, and whether another try can help.
///
/// `message` is for the client and holds no secret, no address and no text of another tenant;
/// `cause` is for the operator's log and never leaves the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened; decides the status and the body's error type.
    pub kind: FaultKind,
    /// Whose side it is on.
    pub side: Side,
    /// Whether another try can help.
    pub retry: Retry,
    /// What failed, on what, and what to do: one line, lower case, no full stop.
    pub message: Box<str>,
    /// The field of the call that is at fault.
    pub param: Option<Box<str>>,
    /// The provider's own machine-readable code, such as `context_length_exceeded`.
    pub code: Option<Box<str>>,
    /// The status that the provider answered with.
    pub upstream_status: Option<u16>,
    /// The status that the client sees where the operator chose another than the kind's.
    pub chosen_status: Option<u16>,
    /// Whether the provider had the request by then, or part of it, and may charge for it.
    pub sent: bool,
    /// For the operator's log only.
    pub cause: Option<Box<str>>,
}

/// Whose side a fault is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client's: its request is wrong, or it went away.
    Downstream,
    /// Ours.
    Gateway,
    /// The provider's, or the way there.
    Upstream,
}

/// Whether another try can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// No: the same call fails again everywhere.
    Never,
    /// Yes, on another deployment; on the same one only after the given time, if one is given.
    Elsewhere(Option<Duration>),
    /// Yes, on the same deployment too; after the given time, if one is given.
    Again(Option<Duration>),
}

/// What can go wrong with a call. Each kind has one status and one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The request is not valid: its JSON, a field, or a value.
    BadRequest,
    /// The provider cannot take a parameter; set `drop_params` to drop it.
    UnsupportedParam,
    /// The conversation is longer than the model can take.
    ContextWindowExceeded,
    /// The provider refused the content.
    ContentPolicy,
    /// No model group of this name that the caller may use.
    UnknownModel,
    /// No key, or a key that is not valid here.
    Authentication,
    /// The provider refused the credential that the gateway holds.
    UpstreamAuthentication,
    /// The account at the provider has no credit.
    PaymentRequired,
    /// The caller, or the account at the provider, may not do this.
    PermissionDenied,
    /// No such route, or the provider knows no such model.
    NotFound,
    /// The route exists, the method does not.
    MethodNotAllowed,
    /// The provider, or the client, took too long.
    Timeout,
    /// The provider reports a conflict with another request.
    Conflict,
    /// The body is over the limit.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// The provider understood the call and could not process it.
    Unprocessable,
    /// A budget of the caller's, or of whoever pays for it, does not allow the call.
    BudgetExceeded,
    /// A rate limit, the provider's or the gateway's; `retry-after` says when to come back.
    RateLimited,
    /// No deployment of the model group can take the call now.
    NoDeployment,
    /// The client closed the connection before the reply was complete.
    ClientGone,
    /// A defect of the gateway; the call id finds it in the log.
    Internal,
    /// The provider failed with an error of its own.
    UpstreamInternal,
    /// The provider could not be reached, or its reply could not be read.
    BadGateway,
    /// The provider, or the gateway while it drains, takes no calls now.
    Unavailable,
}

/// What a kind of fault means to the outside: the one table behind statuses, logs and docs.
struct Row {
    status: u16,
    label: &'static str,
    meaning: &'static str,
}

impl FaultKind {
    /// Every kind, in the order of the reference page.
    pub const ALL: &'static [Self] = &[
        Self::BadRequest,
        Self::UnsupportedParam,
        Self::ContextWindowExceeded,
        Self::ContentPolicy,
        Self::UnknownModel,
        Self::Authentication,
        Self::UpstreamAuthentication,
        Self::PaymentRequired,
        Self::PermissionDenied,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Unprocessable,
        Self::BudgetExceeded,
        Self::RateLimited,
        Self::NoDeployment,
        Self::ClientGone,
        Self::Internal,
        Self::UpstreamInternal,
        Self::BadGateway,
        Self::Unavailable,
    ];

    /// Its place in [`Self::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The HTTP status that a client sees, as LiteLLM gives it.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().status
    }

    /// The stable name used in logs, metrics and documentation.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.row().label
    }

    /// One sentence for the reference page.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }

    #[expect(clippy::too_many_lines, reason = "a table, one entry a kind")]
    const fn row(self) -> Row {
        const fn row(status: u16, label: &'static str, meaning: &'static str) -> Row {
            Row {
                status,
                label,
                meaning,
            }
        }
        match self {
            Self::BadRequest => row(
                400,
                "bad_request",
                "The request is not valid: its JSON, a field, or a value.",
            ),
            Self::UnsupportedParam => row(
                400,
                "unsupported_param",
                "The provider cannot take a parameter; set `drop_params` to drop it.",
            ),
            Self::ContextWindowExceeded => row(
                400,
                "context_window_exceeded",
                "The conversation is longer than the model can take.",
            ),
            Self::ContentPolicy => row(400, "content_policy", "The provider refused the content."),
            Self::UnknownModel => row(
                400,
                "unknown_model",
                "No model group of this name that the caller may use.",
            ),
            Self::Authentication => row(
                401,
                "authentication",
                "No key, or a key that is not valid here.",
            ),
            Self::UpstreamAuthentication => row(
                401,
                "upstream_authentication",
                "The provider refused the credential that the gateway holds.",
            ),
            Self::PaymentRequired => row(
                402,
                "payment_required",
                "The account at the provider has no credit.",
            ),
            Self::PermissionDenied => row(
                403,
                "permission_denied",
                "The caller, or the account at the provider, may not do this.",
            ),
            Self::NotFound => row(
                404,
                "not_found",
                "No such route, or the provider knows no such model.",
            ),
            Self::MethodNotAllowed => row(
                405,
                "method_not_allowed",
                "The route exists, the method does not.",
            ),
            Self::Timeout => row(
                408,
                "timeout",
                "The provider, or the client, took too long.",
            ),
            Self::Conflict => row(
                409,
                "conflict",
                "The provider reports a conflict with another request.",
            ),
            Self::TooLarge => row(413, "too_large", "The body is over the limit."),
            Self::UnsupportedMediaType => {
                row(415, "unsupported_media_type", "The body is not JSON.")
            }
            Self::Unprocessable => row(
                422,
                "unprocessable",
                "The provider understood the call and could not process it.",
            ),
            Self::BudgetExceeded => row(
                422,
                "budget_exceeded",
                "A budget of the caller's, or of whoever pays for it, does not allow the call; the status is `litellm_settings.budget_exceeded_status_code`.",
            ),
            Self::RateLimited => row(
                429,
                "rate_limited",
                "A rate limit, the provider's or the gateway's; `retry-after` says when to come back.",
            ),
            Self::NoDeployment => row(
                429,
                "no_deployment",
                "No deployment of the model group can take the call now.",
            ),
            Self::ClientGone => row(
                499,
                "client_gone",
                "The client closed the connection before the reply was complete.",
            ),
            Self::Internal => row(
                500,
                "internal",
                "A defect of the gateway; the call id finds it in the log.",
            ),
            Self::UpstreamInternal => row(
                500,
                "upstream_internal",
                "The provider failed with an error of its own.",
            ),
            Self::BadGateway => row(
                502,
                "bad_gateway",
                "The provider could not be reached, or its reply could not be read.",
            ),
            Self::Unavailable => row(
                503,
                "unavailable",
                "The provider, or the gateway while it drains, takes no calls now.",
            ),
        }
    }
}

impl Fault {
    /// A fault of the client's: never retried.
    #[must_use]
    pub fn downstream(kind: FaultKind, message: impl Into<Box<str>>) -> Self {
        Self::new(kind, Side::Downstream, Retry::Never, message)
    }

    /// A fault of ours: never retried.
    #[must_use]
    pub fn gateway(kind: FaultKind, message: impl Into<Box<str>>) -> Self {
        Self::new(kind, Side::Gateway, Retry::Never, message)
    }

    /// A fault of the provider's or on the way there.
    #[must_use]
    pub fn upstream(kind: FaultKind, retry: Retry, message: impl Into<Box<str>>) -> Self {
        Self::new(kind, Side::Upstream, retry, message)
    }

    /// A request that is not valid, with the field at fault.
    #[must_use]
    pub fn invalid(param: impl Into<Box<str>>, message: impl Into<Box<str>>) -> Self {
        Self::downstream(FaultKind::BadRequest, message).with_param(param)
    }

    /// A field that `provider` cannot take.
    #[must_use]
    pub fn unsupported(provider: &str, param: impl Into<Box<str>>) -> Self {
        let param = param.into();
        let message = format!(
            "{provider} does not support parameter '{param}'; remove it, or set drop_params to have it dropped"
        );
        Self::downstream(FaultKind::UnsupportedParam, message).with_param(param)
    }

    /// Names the field at fault.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<Box<str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Adds the provider's machine-readable code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Box<str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds the status that the provider answered with.
    #[must_use]
    pub const fn with_upstream_status(mut self, status: u16) -> Self {
        self.upstream_status = Some(status);
        self
    }

    /// The provider had the request by then, or part of it.
    #[must_use]
    pub const fn after_sending(mut self) -> Self {
        self.sent = true;
        self
    }

    /// Adds what only the operator's log may show.
    #[must_use]
    pub fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string().into());
        self
    }

    /// The HTTP status that the client sees.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self.chosen_status {
            Some(status) => status,
            None => self.kind.status(),
        }
    }

    /// How long to wait before another try, where the other side said so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self.retry {
            Retry::Never => None,
            Retry::Elsewhere(after) | Retry::Again(after) => after,
        }
    }

    fn new(kind: FaultKind, side: Side, retry: Retry, message: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            side,
            retry,
            message: message.into(),
            param: None,
            code: None,
            upstream_status: None,
            chosen_status: None,
            sent: false,
            cause: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.label(), self.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests;
