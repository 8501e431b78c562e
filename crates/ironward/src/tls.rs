//! The certificates of the gateway's own listeners.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironward_config::{IronwardSettings, Tls};
use ironward_proxy::ServerTls;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// What the gateway's own listeners show; `None`: the listener speaks plain HTTP.
#[derive(Clone)]
pub(crate) struct Certificates {
    pub(crate) data: Option<ServerTls>,
    pub(crate) admin: Option<ServerTls>,
}

/// The same as read from its files.
pub(crate) struct Read {
    data: Option<ServerConfig>,
    admin: Option<ServerConfig>,
}

impl Certificates {
    /// Reads what a start shows.
    pub(crate) fn load(ironward: &IronwardSettings) -> Result<Self, String> {
        let Read { data, admin } = Read::of(ironward)?;
        Ok(Self {
            data: data.map(ServerTls::new),
            admin: admin.map(ServerTls::new),
        })
    }

    /// Reads what is to be shown from now on.
    pub(crate) fn read(&self, ironward: &IronwardSettings) -> Result<Read, String> {
        let read = Read::of(ironward)?;
        for (port, was, is) in [
            ("data", self.data.is_some(), read.data.is_some()),
            ("admin", self.admin.is_some(), read.admin.is_some()),
        ] {
            if was != is {
                return Err(format!(
                    "TLS on the {port} port is turned on or off by a restart only"
                ));
            }
        }
        Ok(read)
    }

    /// Shows it to new connections.
    pub(crate) fn replace(&self, read: Read) {
        for (shown, read) in [(&self.data, read.data), (&self.admin, read.admin)] {
            if let (Some(shown), Some(read)) = (shown, read) {
                shown.replace(read);
            }
        }
    }
}

impl Read {
    fn of(ironward: &IronwardSettings) -> Result<Self, String> {
        let load = |tls: &Option<Tls>, protocols: &[&[u8]]| {
            tls.as_ref().map(|tls| load(tls, protocols)).transpose()
        };
        Ok(Self {
            data: load(&ironward.tls, &[b"h2", b"http/1.1"])?,
            admin: load(&ironward.admin_tls, &[b"http/1.1"])?,
        })
    }
}

/// The files that all of it is read from.
pub(crate) fn files(ironward: &IronwardSettings) -> impl Iterator<Item = PathBuf> {
    let listeners = [&ironward.tls, &ironward.admin_tls];
    listeners.into_iter().flatten().flat_map(|tls| {
        let clients = tls.clients.as_ref();
        let authorities = clients.map(|clients| clients.authorities.clone());
        [tls.certificate.clone(), tls.key.clone()]
            .into_iter()
            .chain(authorities)
    })
}

/// Reads certificate, key and client authorities, for a listener that speaks these protocols. An error
/// says which file and why.
fn load(tls: &Tls, protocols: &[&[u8]]) -> Result<ServerConfig, String> {
    let chain = certificates(&tls.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| {
        format!(
            "the private key {} cannot be read: {error}",
            tls.key.display()
        )
    })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match &tls.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let path = &clients.authorities;
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| {
                    format!(
                        "a client authority in {} cannot be used: {error}",
                        path.display()
                    )
                })?;
            }
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if clients.required {
                verifier
            } else {
                verifier.allow_unauthenticated()
            };
            let verifier = verifier.build().map_err(|error| {
                format!(
                    "the client authorities in {} cannot be used: {error}",
                    path.display()
                )
            })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| {
        format!(
            "the certificate {} and the key {} do not fit: {error}",
            tls.certificate.display(),
            tls.key.display()
        )
    })?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// The certificates of a PEM file, of which there has to be one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!(
            "the certificates in {} cannot be read: {error}",
            path.display()
        )
    };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|error| failed(&error))?
        .collect::<Result<_, _>>()
        .map_err(|error| failed(&error))?;
    if certificates.is_empty() {
        return Err(failed(&"there is none in it"));
    }
    Ok(certificates)
}
