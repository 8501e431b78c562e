/// Why the upstream does not answer; each family words it as its vendor does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) kind: RefusalKind,
    pub(super) message: String,
    /// The field at fault.
    pub(super) param: Option<String>,
}

/// What the vendors tell apart beyond the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalKind {
    /// The status says it all.
    Plain,
    /// The key is missing or wrong.
    Key,
    /// No such model.
    Model,
    /// The prompt is too long.
    ContextWindow,
    /// A policy forbids the prompt.
    Policy,
    /// The quota is used up.
    Quota,
}

impl Refusal {
    pub(super) fn new(status: u16, kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            param: None,
        }
    }

    /// 400 about one field.
    pub(super) fn field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..Self::new(400, RefusalKind::Plain, message)
        }
    }
}
