use std::fmt;

use cryptoki::error::Error;
use ironward_kek_protocol::{Failure as Told, FailureKind};

/// Why something cannot be done: what failed, on what, and what to do.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// 1: what a running process said.
    Asked(String),
    /// 3: the settings, the PIN or the key.
    Refused(Told),
    /// 4: the socket.
    Listen(String),
    /// 5: the module or the token, now.
    Gone(String),
}

impl Failure {
    pub(crate) fn misconfigured(message: impl Into<Box<str>>) -> Self {
        Self::refused(FailureKind::Misconfigured, message)
    }

    pub(crate) fn refused(kind: FailureKind, message: impl Into<Box<str>>) -> Self {
        Self::Refused(Told {
            kind,
            message: message.into(),
        })
    }

    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Asked(_) => 1,
            Self::Refused(_) => 3,
            Self::Listen(_) => 4,
            Self::Gone(_) => 5,
        }
    }

    /// What the gateway is told.
    pub(crate) fn told(self) -> Told {
        match self {
            Self::Refused(told) => told,
            Self::Asked(message) | Self::Listen(message) | Self::Gone(message) => Told {
                kind: FailureKind::Unreachable,
                message: message.into(),
            },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(told) => &told.message,
            Self::Asked(message) | Self::Listen(message) | Self::Gone(message) => message,
        })
    }
}

/// What the module said, shortly: the function and its code.
pub(crate) fn said(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("C_{function:?} says {code:?}"),
        other => other.to_string(),
    }
}
