use std::fmt;

/// Why nobody is logged in: one line for the log, without code, token or secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginFailed {
    /// The issuer cannot be asked now, or answers what no issuer does.
    Unavailable(String),
    /// The issuer could not be asked a moment ago, which was told then.
    Paused,
    /// The issuer was asked, and does not vouch for this login.
    Refused(String),
}

impl fmt::Display for LoginFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(reason) | Self::Refused(reason) => f.write_str(reason),
            Self::Paused => f.write_str("the issuer of logins could not be asked a moment ago"),
        }
    }
}

impl std::error::Error for LoginFailed {}
