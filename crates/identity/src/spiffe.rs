use std::fmt;
use std::time::{Duration, SystemTime};

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

/// The id of a workload (SPIFFE-ID, section 2): `spiffe://TRUST-DOMAIN/PATH`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpiffeId(Box<str>);

/// A workload that showed a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Its id.
    pub id: SpiffeId,
    /// From when on its certificate is over. TLS looks at that once, when a connection begins.
    pub until: SystemTime,
}

/// Why a certificate or a text holds no SPIFFE id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSpiffeId(pub(crate) &'static str);

impl fmt::Display for NoSpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NoSpiffeId {}

/// The longest id (SPIFFE-ID, section 2.3), and the longest trust domain.
const MOST_BYTES: usize = 2048;
const MOST_DOMAIN_BYTES: usize = 255;

const SCHEME: &str = "spiffe://";

impl Workload {
    /// The workload of a client's certificate, which TLS has to have verified: as
    /// [`SpiffeId::of_verified`].
    ///
    /// # Errors
    /// When it does not hold exactly one URI, or one that is no SPIFFE id of a workload.
    pub fn of_verified(certificate: &CertificateDer<'_>) -> Result<Self, NoSpiffeId> {
        Ok(Self {
            id: SpiffeId::of_verified(certificate)?,
            until: end(certificate).ok_or(NoSpiffeId("the end of the certificate is not clear"))?,
        })
    }
}

/// The end of a certificate's validity. webpki tells it when it is asked about a time that is past
/// it, before anything else; so nobody has to read a certificate a second time in another way.
fn end(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let never = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
    let usage = KeyUsage::client_auth();
    match certificate.verify_for_usage(&[], &[], &[], never, usage, None, None) {
        Err(Error::CertExpired { not_after, .. }) => {
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(not_after.as_secs()))
        }
        _ => None,
    }
}

impl SpiffeId {
    /// The id in a client's certificate, which TLS has to have verified up to an authority of
    /// `client_ca`: nothing of that is checked here, and any of these authorities may vouch for
    /// any id.
    ///
    /// # Errors
    /// When it does not hold exactly one URI, or one that is no SPIFFE id of a workload.
    pub fn of_verified(certificate: &CertificateDer<'_>) -> Result<Self, NoSpiffeId> {
        let certificate = EndEntityCert::try_from(certificate)
            .map_err(|_| NoSpiffeId("the certificate cannot be read"))?;
        let mut names = certificate.valid_uri_names();
        // X.509-SVID, section 2: exactly one URI. With two, it would depend on who reads it.
        match (names.next(), names.next()) {
            (Some(name), None) => Self::parse(name),
            (None, _) => Err(NoSpiffeId("the certificate holds no URI")),
            (Some(_), Some(_)) => Err(NoSpiffeId("the certificate holds more than one URI")),
        }
    }

    /// Reads an id as it is written, to the letter: there is one spelling of each.
    ///
    /// # Errors
    /// When it is no id of a workload.
    pub fn parse(text: &str) -> Result<Self, NoSpiffeId> {
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or(NoSpiffeId("a SPIFFE id starts with 'spiffe://'"))?;
        if text.len() > MOST_BYTES {
            return Err(NoSpiffeId("a SPIFFE id has at most 2048 characters"));
        }
        let (domain, path) = rest.split_once('/').ok_or(NoSpiffeId(
            "a SPIFFE id without a path is that of a trust domain, not of a workload",
        ))?;
        let in_domain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        if domain.is_empty() || domain.len() > MOST_DOMAIN_BYTES || !domain.bytes().all(in_domain) {
            return Err(NoSpiffeId(
                "the trust domain of a SPIFFE id is of lower-case letters, digits and '-._'",
            ));
        }
        let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_segment = |segment: &str| {
            !segment.is_empty() && !matches!(segment, "." | "..") && segment.bytes().all(in_path)
        };
        if !path.split('/').all(is_segment) {
            return Err(NoSpiffeId(
                "the path of a SPIFFE id is of letters, digits and '-._', in segments that are not empty",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
