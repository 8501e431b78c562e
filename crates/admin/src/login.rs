//! People who log in: `/sso/*`, on the admin plane's own listener only.
//!
//! A login goes one way. [`mod@routes`] begins it: what ties the issuer's answer to it is kept in
//! [`pending`], and the browser gets the name of it as a cookie. The issuer sends the browser back
//! with a code; whoever it says has logged in is looked up by [`person`], and gets a session of
//! [`sessions`]. A request with a session's [`cookie`] is then authenticated by
//! [`Actor`](crate::actor::Actor), and acts as the user does with a key.
//!
//! Sessions are in this node's memory: they hold no credential, and a restart ends them.

mod administrator;
mod cookie;
mod pending;
mod person;
mod routes;
mod sessions;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use ironward_config::Login as Settings;
use ironward_identity::LoginIssuer;
use ironward_policy::access::Route;
use ironward_secret::{KeyHash, KeyHasher};
use ironward_store::Directory;
use tokio::sync::watch;

use crate::fault::Refusal;
use pending::Pending;
use sessions::{Session, Sessions};

pub use administrator::administrator_by_login;
pub(crate) use routes::routes;

/// The header that proves that a change was asked for by who may read what the session may.
pub(crate) const CSRF: &str = "x-ironward-csrf";

/// Who may log in, who is about to, and who has.
pub struct Login {
    issuer: LoginIssuer,
    /// In lower case; empty: any.
    email_domains: HashSet<String>,
    pending: Pending,
    sessions: Sessions,
    /// The last login of an administrator.
    administrator: watch::Sender<Option<KeyHash>>,
}

impl Login {
    /// Nobody has logged in yet.
    #[must_use]
    pub fn new(settings: &Settings, issuer: LoginIssuer) -> Self {
        Self {
            issuer,
            email_domains: settings.email_domains.iter().cloned().collect(),
            pending: Pending::default(),
            sessions: Sessions::new(settings.session_lifetime, settings.session_idle),
            administrator: watch::Sender::new(None),
        }
    }

    /// The logins of administrators, each as [`administrator_by_login`] knows it again.
    pub fn administrators(&self) -> watch::Receiver<Option<KeyHash>> {
        self.administrator.subscribe()
    }

    /// Ends sessions of users who are gone, blocked, have another role, or are no longer who has
    /// logged in, as soon as the directory knows; for as long as it is polled.
    pub async fn end_revoked(&self, directory: &Arc<Directory>) {
        let mut changes = directory.changes();
        while changes.changed().await.is_ok() {
            self.sessions
                .retain(|session| person::holds(directory, session));
        }
    }

    /// Whether a request says to come with a session.
    pub(crate) fn is_session(headers: &HeaderMap) -> bool {
        cookie::read(headers, cookie::SESSION).is_some()
    }

    /// The session that a request comes with, if it may do what it asks for with one.
    ///
    /// # Errors
    /// 401 where there is none that holds; 403 where another site may have made the browser send it.
    pub(crate) fn session(
        &self,
        (headers, hasher): (&HeaderMap, &KeyHasher),
        directory: &Directory,
        (route, now): (Option<Route>, Instant),
    ) -> Result<Arc<Session>, Refusal> {
        let session = self.find((headers, hasher), directory, now)?;
        let changes = route.is_none_or(|route| route.row().method.as_str() != "GET");
        check_site(headers, hasher, &session, changes)?;
        Ok(session)
    }

    fn find(
        &self,
        (headers, hasher): (&HeaderMap, &KeyHasher),
        directory: &Directory,
        now: Instant,
    ) -> Result<Arc<Session>, Refusal> {
        let presented = cookie::read(headers, cookie::SESSION);
        let id = hasher.hash(presented.ok_or_else(Refusal::unauthenticated)?);
        let session = self.sessions.find(&id, now);
        let session = session.ok_or_else(Refusal::unauthenticated)?;
        if person::holds(directory, &session) {
            return Ok(session);
        }
        self.sessions.end(&id);
        Err(Refusal::unauthenticated())
    }
}

/// Whether the request is the site's own. Cookies of a loopback address are shared by all its ports,
/// so a cookie that is not sent across sites is not enough.
fn check_site(
    headers: &HeaderMap,
    hasher: &KeyHasher,
    session: &Session,
    changes: bool,
) -> Result<(), Refusal> {
    let own: &[&[u8]] = if changes {
        &[b"same-origin"]
    } else {
        // `none`: somebody typed the address.
        &[b"same-origin", b"none"]
    };
    let mut sites = headers.get_all("sec-fetch-site").iter();
    if !sites.all(|site| own.contains(&site.as_bytes())) {
        return Err(Refusal::forbidden(
            "another site asked for this; use the session from the gateway's own pages",
        ));
    }
    if !changes {
        return Ok(());
    }
    let mut proofs = headers.get_all(CSRF).iter();
    // Compared as hashes, which takes the same time for every wrong one.
    match (proofs.next(), proofs.next()) {
        (Some(proof), None)
            if hasher.hash(proof.as_bytes()) == hasher.hash(session.csrf.as_bytes()) =>
        {
            Ok(())
        }
        _ => Err(Refusal::forbidden(
            "a change with a session needs the header x-ironward-csrf; send the csrf_token that \
             GET /sso/session answers",
        )),
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}
