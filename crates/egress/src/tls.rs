use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::{ClientCertificate, InvalidSettings, Roots, Settings};

/// The one TLS configuration of all connections: it also holds the sessions to resume.
pub(crate) fn client_config(settings: &Settings) -> Result<Arc<ClientConfig>, InvalidSettings> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidSettings(error.to_string()))?;
    let builder = if settings.danger_skip_certificate_checks {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
    } else {
        builder.with_root_certificates(roots(settings)?)
    };
    let mut config = match settings.client_certificate.as_deref() {
        None => builder.with_no_client_auth(),
        Some(ClientCertificate { chain, key }) => builder
            .with_client_auth_cert(chain.clone(), key.clone_key())
            .map_err(|error| {
                InvalidSettings(format!(
                    "the client certificate and its private key do not fit: {error}"
                ))
            })?,
    };
    if settings.http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(Arc::new(config))
}

fn roots(settings: &Settings) -> Result<RootCertStore, InvalidSettings> {
    let mut store = RootCertStore::empty();
    match settings.roots {
        Roots::Bundled => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = store.add_parsable_certificates(found.certs);
            if added == 0 {
                return Err(InvalidSettings(
                    "the system's certificate store is empty or cannot be read".into(),
                ));
            }
        }
        Roots::OnlyExtra => {}
    }
    let mut extra = 0;
    for certificate in CertificateDer::pem_slice_iter(&settings.extra_ca_pem) {
        let invalid = || InvalidSettings("a certificate of the extra CA file is invalid".into());
        store
            .add(certificate.map_err(|_| invalid())?)
            .map_err(|_| invalid())?;
        extra += 1;
    }
    if extra == 0 && !settings.extra_ca_pem.is_empty() {
        return Err(InvalidSettings(
            "the extra CA file holds no PEM certificate".into(),
        ));
    }
    Ok(store)
}

/// Takes any certificate. The handshake's signatures are still checked, which proves nothing more
/// than that the other side holds the key of the certificate that it showed.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
