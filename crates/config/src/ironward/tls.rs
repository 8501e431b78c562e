use std::path::PathBuf;

use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};

/// The certificate of one of the gateway's own listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The chain, as a PEM file.
    pub certificate: PathBuf,
    /// Its private key, as a PEM file.
    pub key: PathBuf,
    /// The authorities that clients' certificates have to be of; without them no certificate is
    /// asked for.
    pub clients: Option<ClientTls>,
}

/// The certificates that clients show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTls {
    /// Their authorities, as a PEM file.
    pub authorities: PathBuf,
    /// Whether a client without one is refused. A certificate of another authority always is.
    pub required: bool,
}

/// A listener's section while it is read.
#[derive(Default)]
pub(crate) struct TlsDraft {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
    /// Whether clients need one, where it is said.
    client_certificates: Option<bool>,
}

/// The keys of `ironward.tls`.
pub(crate) static TLS: Section<TlsDraft> = Section {
    name: "ironward.tls",
    about: "",
    keys: &[
        CERTIFICATE,
        KEY,
        Key {
            name: "client_ca",
            default: "",
            meaning: "The authorities that clients' certificates have to be of: a PEM file. Without it no certificate is asked for.",
            effect: Effect::File(|tls, path| tls.client_ca = Some(path)),
        },
        Key {
            name: "client_certificates",
            default: "required",
            meaning: "With `client_ca`: `required` lets no client connect without a certificate; `optional` lets it, and it needs a key. A certificate of another authority is refused either way.",
            effect: Effect::Read("text", read_client_certificates),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// The keys of `ironward.admin_tls`.
pub(crate) static ADMIN_TLS: Section<TlsDraft> = Section {
    name: "ironward.admin_tls",
    about: "The files are read again when they change, as those of `ironward.tls` are; TLS itself is turned on or off by a restart only.",
    keys: &[
        CERTIFICATE,
        KEY,
        Key {
            name: "client_ca",
            default: "",
            meaning: "Only clients with a certificate of these authorities may connect: a PEM file. They need a key or a session all the same: a browser shows its certificate whoever has it ask, so it stands for nobody here.",
            effect: Effect::File(|tls, path| tls.client_ca = Some(path)),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

const CERTIFICATE: Key<TlsDraft> = Key {
    name: "certificate",
    default: "",
    meaning: "Required. The certificate and its chain: a PEM file.",
    effect: Effect::File(|tls, path| tls.certificate = Some(path)),
};

const KEY: Key<TlsDraft> = Key {
    name: "key",
    default: "",
    meaning: "Required. The certificate's private key: a PEM file.",
    effect: Effect::File(|tls, path| tls.key = Some(path)),
};

fn read_client_certificates(tls: &mut TlsDraft, reader: &mut Reader<'_>, field: &Field<'_>) {
    match reader.word(field).as_deref() {
        Some("required") => tls.client_certificates = Some(true),
        Some("optional") => tls.client_certificates = Some(false),
        Some(_) => reader.problem(field, "either 'required' or 'optional'; write one of them"),
        None => {}
    }
}

/// Reads the section of one listener.
pub(super) fn read(
    section: &'static Section<TlsDraft>,
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) -> Option<Tls> {
    let reported = reader.problems.len();
    let mut draft = TlsDraft::default();
    section.read(&mut draft, reader, field);
    if draft.client_certificates.is_some() && draft.client_ca.is_none() {
        let message = "client_certificates says nothing without authorities that they have to be \
                       of; add 'client_ca: FILE'";
        reader.problem(field, message);
    }
    let required = draft.client_certificates.unwrap_or(true);
    match (draft.certificate, draft.key) {
        (Some(certificate), Some(key)) => Some(Tls {
            certificate,
            key,
            clients: draft.client_ca.map(|authorities| ClientTls {
                authorities,
                required,
            }),
        }),
        // Half of it would mean no TLS at all.
        _ if reader.problems.len() == reported => {
            let message = "TLS needs both; write 'certificate: FILE' and 'key: FILE'";
            reader.problem(field, message);
            None
        }
        _ => None,
    }
}
