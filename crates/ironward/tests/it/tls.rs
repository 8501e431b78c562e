use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ironward_testkit::raw::Connection;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A certificate authority that lives for one test.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, as PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for `localhost`, a server's or a client's.
    pub(crate) fn issue(&self) -> Issued {
        self.issue_with(None)
    }

    /// The same with a URI: a workload's.
    pub(crate) fn issue_with(&self, uri: Option<&str>) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
        let uri = uri.map(|uri| SanType::URI(uri.try_into().expect("a URI")));
        params.subject_alt_names.extend(uri);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Writes its own certificate to a file.
    pub(crate) fn save(&self, path: &Path) {
        std::fs::write(path, &self.pem).expect("a file");
    }

    /// A client that trusts it alone, shows `identity`, and speaks these protocols.
    pub(crate) fn client(
        &self,
        identity: Option<&Issued>,
        protocols: &[&str],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("PEM");
        roots.add(own).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(Issued { certificate, key }) => {
                let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM");
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
                builder
                    .with_client_auth_cert(vec![chain], key)
                    .expect("a certificate and its key")
            }
        };
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().into())
            .collect();
        Arc::new(config)
    }
}

impl Issued {
    /// Replaces `cert.pem` and `key.pem` in `directory`, each in one step.
    pub(crate) fn save(&self, directory: &Path) {
        for (name, text) in [("key.pem", &self.key), ("cert.pem", &self.certificate)] {
            let beside = directory.join(format!("{name}.new"));
            std::fs::write(&beside, text).expect("a file");
            std::fs::rename(&beside, directory.join(name)).expect("a file");
        }
    }
}

/// The name in every certificate.
pub(crate) fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// A raw connection over TLS, after its handshake.
pub(crate) fn connect(address: SocketAddr, client: &Arc<ClientConfig>) -> io::Result<Connection> {
    Connection::open(address)?.secured(|mut socket| {
        let mut tls =
            ClientConnection::new(Arc::clone(client), localhost()).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(tls, socket))
    })
}
