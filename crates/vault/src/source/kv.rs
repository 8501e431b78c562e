//! The key-value engine of `HashiCorp` Vault, and of `OpenBao`.
//!
//! <https://developer.hashicorp.com/vault/api-docs/secret/kv>. Quirks:
//! - Version 2 has `data/` after the mount, and `data` within `data`; version 1 has neither. Which
//!   one it is, and where the mount ends, is asked as Vault's own command line does
//!   (`sys/internal/ui/mounts`), which every token may that may read below the mount.
//! - A version that was deleted is a 404 with metadata.

use std::sync::Arc;

use http::StatusCode;
use ironward_core::{Origin, Timeouts};
use ironward_egress::{BoxFuture, Dialler};
use ironward_secret::Secret;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::document::{Document, Fields};
use super::{ANSWER_LIMIT, SecretSource, SourceError};
use crate::KekError;
use crate::login::{VaultLogin, copy, headers, said, scheme};
use crate::rest::{Answer, Rest, TIMEOUTS};

/// The secrets of a Vault. One of these is for one round of reading: it logs in once.
pub struct KvSecrets {
    rest: Rest,
    settings: KvSecretSettings,
    session: Mutex<Session>,
}

/// Which Vault, and who asks.
pub struct KvSecretSettings {
    /// Where the service is: `https://vault.example.com:8200`.
    pub address: Origin,
    /// The namespace, where there are any.
    pub namespace: Option<Box<str>>,
    /// Who asks.
    pub login: VaultLogin,
    /// How long an answer may take.
    pub timeouts: Timeouts,
}

/// What is known once something was asked.
#[derive(Default)]
struct Session {
    token: Option<Secret>,
    mounts: Vec<Mount>,
}

/// An engine.
#[derive(Clone)]
struct Mount {
    /// Where it is, with a slash at the end.
    path: Box<str>,
    is_versioned: bool,
}

impl KvSecretSettings {
    /// These settings with the usual timeouts.
    #[must_use]
    pub fn new(address: Origin, login: VaultLogin) -> Self {
        Self {
            address,
            namespace: None,
            login,
            timeouts: TIMEOUTS,
        }
    }
}

impl KvSecrets {
    /// The secrets of these settings. Nothing is dialled yet. `dialler` has to check certificates.
    ///
    /// # Errors
    /// When the address is not safe, or a name cannot be part of a path.
    pub fn new(settings: KvSecretSettings, dialler: Arc<Dialler>) -> Result<Self, SourceError> {
        settings.login.check()?;
        let address = settings.address.clone();
        let rest = Rest::new("Vault", address, dialler, settings.timeouts)?;
        Ok(Self {
            rest: rest.answers_up_to(ANSWER_LIMIT),
            settings,
            session: Mutex::default(),
        })
    }

    async fn document(&self, name: &str) -> Result<Document, SourceError> {
        let mut session = self.session.lock().await;
        let namespace = self.settings.namespace.as_deref();
        if session.token.is_none() {
            let token = self.settings.login.token(&self.rest, namespace).await?;
            session.token = Some(token);
        }
        let mut known = session.mounts.iter();
        let known = known.find(|mount| name.starts_with(&*mount.path)).cloned();
        let mount = match known {
            Some(mount) => mount,
            None => {
                let mount = self.mount(&session, name).await?;
                session.mounts.push(mount.clone());
                mount
            }
        };
        let (path, within) = (&mount.path, name.strip_prefix(&*mount.path));
        let within = within.unwrap_or_default();
        let data = if mount.is_versioned { "data/" } else { "" };
        let answer = self.get(&session, &format!("{path}{data}{within}")).await?;
        let shown = self.rest.shown();
        match answer.status {
            StatusCode::OK if mount.is_versioned => {
                let reply: Reply<Version> = self.rest.read(&answer)?;
                Ok(Document::of_fields(reply.data.data))
            }
            StatusCode::OK => {
                let reply: Reply<Fields> = self.rest.read(&answer)?;
                Ok(Document::of_fields(reply.data))
            }
            StatusCode::NOT_FOUND => Err(SourceError::missing(format!(
                "{shown} has no secret at {name}, or its newest version was deleted"
            ))),
            StatusCode::FORBIDDEN => Err(SourceError::denied(format!(
                "{shown} answered 403: the token is not valid, or its policy lacks `read` on \
                 {path}{data}{within}"
            ))),
            status => Err(self.rest.unexpected(status, &said(&answer)).into()),
        }
    }

    /// The engine that `name` is in.
    async fn mount(&self, session: &Session, name: &str) -> Result<Mount, SourceError> {
        let path = format!("sys/internal/ui/mounts/{name}");
        let answer = self.get(session, &path).await?;
        let shown = self.rest.shown();
        match answer.status {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN => {
                return Err(SourceError::denied(format!(
                    "{shown} answered 403: the token is not valid, its policy allows nothing \
                     where {name} is, or no engine is mounted there"
                )));
            }
            status => return Err(self.rest.unexpected(status, &said(&answer)).into()),
        }
        let Reply { data: found }: Reply<Found> = self.rest.read(&answer)?;
        if !matches!(&*found.kind, "kv" | "generic") {
            return Err(SourceError::missing(format!(
                "what is mounted at {} of {shown} is no key-value engine",
                found.path
            )));
        }
        if !name.starts_with(&*found.path) || !found.path.ends_with('/') {
            return Err(self.rest.unreadable().into());
        }
        let version = found.options.and_then(|options| options.version);
        Ok(Mount {
            path: found.path,
            is_versioned: version.as_deref() == Some("2"),
        })
    }

    async fn get(&self, session: &Session, path: &str) -> Result<Answer, KekError> {
        let namespace = self.settings.namespace.as_deref();
        let token = session.token.as_ref().map(|token| (scheme(), copy(token)));
        let path = format!("/v1/{path}");
        self.rest.get(token, path, headers(namespace)?).await
    }
}

impl SecretSource for KvSecrets {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Document, SourceError>> {
        Box::pin(self.document(name))
    }
}

#[derive(Deserialize)]
struct Reply<T> {
    data: T,
}

#[derive(Deserialize)]
struct Version {
    data: Fields,
}

#[derive(Deserialize)]
struct Found {
    path: Box<str>,
    #[serde(rename = "type")]
    kind: Box<str>,
    options: Option<Options>,
}

#[derive(Deserialize)]
struct Options {
    version: Option<Box<str>>,
}
