use std::fmt;

/// Why a token is not taken. For the log: a client is told no more than that it has to sign in.
///
/// No text of the token is in it but the name of an issuer that is configured here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is longer than any token that an issuer makes.
    TooLarge,
    /// It is not three parts of base64url, of which two are sound JSON objects.
    Malformed(&'static str),
    /// Its header asks for what is not done here.
    Header(&'static str),
    /// Its issuer is not configured.
    UnknownIssuer,
    /// It is signed with an algorithm that its issuer is not configured for.
    Algorithm(Box<str>),
    /// The issuer has no key of this id that fits the algorithm. Its keys are fetched again, at
    /// most once a minute.
    UnknownKey(Box<str>),
    /// The issuer's keys have never been fetched, or are older than a day.
    NoKeys(Box<str>),
    /// It was not signed with the key that it names, or was changed since.
    Signature(Box<str>),
    /// It was made for somebody else.
    Audience(Box<str>),
    /// It is over.
    Expired(Box<str>),
    /// It is not valid yet, or says to be of the future.
    NotYet(Box<str>),
    /// A claim that has to be there is not, or is of another type.
    Claim(Box<str>, &'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the token is longer than 16 KiB"),
            Self::Malformed(what) | Self::Header(what) => f.write_str(what),
            Self::UnknownIssuer => f.write_str(
                "the token's issuer is not configured; add it to ironward.issuers if it is yours",
            ),
            Self::Algorithm(issuer) => write!(
                f,
                "a token of {issuer} is signed with an algorithm that the issuer is not configured \
                 for; compare its header with ironward.issuers[].algorithms"
            ),
            Self::UnknownKey(issuer) => write!(
                f,
                "a token names a key that {issuer} does not have; its keys are fetched again"
            ),
            Self::NoKeys(issuer) => write!(
                f,
                "the keys of {issuer} could not be fetched for a day, or never; see the log for why"
            ),
            Self::Signature(issuer) => {
                write!(f, "a token that says to be of {issuer} is not signed by it")
            }
            Self::Audience(issuer) => write!(
                f,
                "a token of {issuer} is for another audience; have it issued for one of \
                 ironward.issuers[].audience"
            ),
            Self::Expired(issuer) => write!(f, "a token of {issuer} is expired"),
            Self::NotYet(issuer) => write!(
                f,
                "a token of {issuer} is not valid yet; compare the clocks of both machines"
            ),
            Self::Claim(issuer, what) => write!(f, "a token of {issuer} {what}"),
        }
    }
}

impl std::error::Error for Refusal {}
