//! How a value names what is kept elsewhere: the one list of schemes.

mod reference;

pub use reference::{Reference, Referred, Resolved};

/// Where a reference of the configuration file leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// A variable of the environment.
    Variable,
    /// A file of this machine.
    File,
    /// The key-value engine of `HashiCorp` Vault or `OpenBao`.
    Vault,
    /// AWS Secrets Manager.
    AwsSm,
    /// Google Cloud Secret Manager.
    GcpSm,
    /// Azure Key Vault.
    AzureKv,
}

/// What else is taken for a reference by shells and other gateways.
const FOREIGN: [&str; 5] = ["os.environ[", "env:", "env/", "vault/", "secret:"];

/// What a value of the configuration file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling<'t> {
    /// It means itself.
    Literal,
    /// A reference, and what follows its scheme.
    Reference(Scheme, &'t str),
    /// Somebody meant a reference and wrote another text, which would be sent as it is.
    Slip(Scheme),
}

impl Scheme {
    const ALL: [Self; 6] = [
        Self::Variable,
        Self::File,
        Self::Vault,
        Self::AwsSm,
        Self::GcpSm,
        Self::AzureKv,
    ];

    /// What a reference begins with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Variable => "os.environ/",
            Self::File => "file:",
            Self::Vault => "vault://",
            Self::AwsSm => "aws-sm://",
            Self::GcpSm => "gcp-sm://",
            Self::AzureKv => "azure-kv://",
        }
    }

    /// Whether a service keeps what it names.
    pub(crate) const fn is_service(self) -> bool {
        !matches!(self, Self::Variable | Self::File)
    }

    /// The whole of a reference, for messages.
    pub(crate) const fn form(self) -> &'static str {
        match self {
            Self::Variable => "os.environ/NAME",
            Self::File => "file:/PATH",
            Self::Vault => "vault://MOUNT/PATH#FIELD",
            Self::AwsSm => "aws-sm://NAME#FIELD",
            Self::GcpSm => "gcp-sm://projects/PROJECT/secrets/NAME",
            Self::AzureKv => "azure-kv://NAME",
        }
    }

    /// What already looks like one: `vault:` without the slashes.
    fn head(self) -> &'static str {
        self.prefix().trim_end_matches("//")
    }
}

impl<'t> Spelling<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        for scheme in Scheme::ALL {
            match text.strip_prefix(scheme.prefix()) {
                Some(path) if scheme == Scheme::File && !path.starts_with('/') => {}
                Some(rest) => return Self::Reference(scheme, rest),
                None => {}
            }
        }
        let slip = Scheme::ALL.into_iter().find(|scheme| {
            // `profile:` is a word like any other, and so is `file: ` in a sentence.
            let anywhere = *scheme != Scheme::File && holds(text, scheme.prefix());
            let rest = after(text, scheme.head());
            anywhere || rest.is_some_and(|rest| !rest.starts_with(char::is_whitespace))
        });
        slip.map_or(Self::Literal, Self::Slip)
    }
}

/// Whether text would be taken for a reference, here or elsewhere.
///
/// A value that came over the network is never resolved; where it would be taken for a secret, it is
/// refused, so that nobody believes it was.
#[must_use]
pub fn looks_like_reference(text: &str) -> bool {
    Scheme::ALL.iter().any(|scheme| starts(text, scheme.head()))
        || FOREIGN.iter().any(|prefix| starts(text, prefix))
        || text.contains("${")
}

fn starts(text: &str, prefix: &str) -> bool {
    after(text, prefix).is_some()
}

/// What follows `prefix`, in whatever case and behind whatever space it is written.
fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.trim_start().split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Without a copy in lower case: the text may be a secret.
fn holds(text: &str, piece: &str) -> bool {
    let mut windows = text.as_bytes().windows(piece.len());
    windows.any(|window| window.eq_ignore_ascii_case(piece.as_bytes()))
}

#[cfg(test)]
mod tests;
