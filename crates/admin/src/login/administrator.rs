//! That an administrator has logged in, as it is kept: a keyed hash of who it was and how they were
//! found, of which nothing else can be told.

use ironward_core::Role;
use ironward_secret::{KeyHash, KeyHasher};
use ironward_store::objects::{Account, User};
use ironward_store::{Directory, Entry};

use super::Login;
use super::sessions::{Proof, Session};
use crate::actor::may_administer;
use crate::chain::Chain;

impl Login {
    /// Notes the login, if it is an administrator's.
    pub(super) fn note(&self, hasher: &KeyHasher, session: &Session) {
        if session.role == Role::ProxyAdmin {
            let (user, at) = (session.user.as_str(), session.created_at);
            let login = hash(hasher, self.issuer.name(), (user, at), &session.proof);
            self.administrator.send_replace(Some(login));
        }
    }
}

/// The user whose login with `issuer` this was, if they can log in still and then do everything at `now`,
/// in milliseconds since 1970, from any address.
#[must_use]
pub fn administrator_by_login(
    directory: &Directory,
    (hasher, login): (&KeyHasher, &KeyHash),
    issuer: &str,
    now: u64,
) -> Option<Box<str>> {
    let users = directory.users.iter();
    let mut administrators = users.filter(|user| user.object.role == Role::ProxyAdmin);
    let found = administrators.find(|user| {
        let who = (user.id.as_str(), user.object.origin.created_at);
        proof(user).is_some_and(|proof| hash(hasher, issuer, who, &proof) == *login)
    })?;
    let chain = Chain::of_account(directory, &Account::User(found.id.clone())).ok()?;
    may_administer(&chain, now).then(|| found.id.as_str().into())
}

/// By what a login finds the user now.
fn proof(user: &Entry<User>) -> Option<Proof> {
    match (&user.object.sso_user_id, &user.object.email) {
        (Some(subject), _) => Some(Proof::Subject(subject.clone())),
        (None, Some(email)) => Some(Proof::Email(email.to_lowercase().into())),
        (None, None) => None,
    }
}

fn hash(hasher: &KeyHasher, issuer: &str, (user, at): (&str, u64), proof: &Proof) -> KeyHash {
    let (kind, name) = match proof {
        Proof::Subject(subject) => ("sub", subject),
        Proof::Email(email) => ("email", email),
    };
    // No two of them read alike: each part says how long it is.
    let parts = ["login", issuer, user, &at.to_string(), kind, name];
    let text: String = parts
        .iter()
        .map(|part| format!("{}:{part}", part.len()))
        .collect();
    hasher.hash(text.as_bytes())
}
