//! Which user somebody is who has logged in with the issuer.

use std::sync::Arc;

use ironward_identity::Identity;
use ironward_store::objects::User;
use ironward_store::{Directory, Entry};

use super::Login;
use super::sessions::{Proof, Session};

/// Who has logged in, and by what they were found.
pub(super) struct Person {
    pub(super) user: Arc<Entry<User>>,
    pub(super) proof: Proof,
}

impl Login {
    /// The user whom `identity` means: the one whose subject it is, else the one without a subject
    /// whose address the issuer has verified.
    ///
    /// # Errors
    /// Why nobody is meant, and what to do.
    pub(super) fn person(
        &self,
        directory: &Directory,
        identity: &Identity,
    ) -> Result<Person, &'static str> {
        let email = identity.claims.text("email");
        let is_verified = identity.claims.text("email_verified").as_deref() == Some("true");
        let email = email.filter(|_| is_verified);
        if !self.email_domains.is_empty() {
            let domain = email.as_deref().and_then(|email| email.rsplit_once('@'));
            let is_allowed =
                |(_, domain): (&str, &str)| self.email_domains.contains(&domain.to_lowercase());
            if !domain.is_some_and(is_allowed) {
                return Err("the issuer has verified no address in a domain of \
                     ironward.login.allowed_email_domains");
            }
        }
        if let Some(user) = directory.user_by_sso_id(&identity.subject) {
            let proof = Proof::Subject(identity.subject.clone());
            return Ok(Person { user, proof });
        }
        let user = email
            .as_deref()
            .and_then(|email| directory.user_by_email(email));
        match (user, email) {
            (Some(user), Some(email)) if user.object.sso_user_id.is_none() => Ok(Person {
                user,
                proof: Proof::Email(email.to_lowercase().into()),
            }),
            (Some(_), _) => Err(
                "the user with this address has the sso_user_id of another account at the issuer; \
                 correct it by /user/update if it is the same person",
            ),
            (None, _) => Err(
                "no user is known by this account at the issuer; give the user its subject as \
                 sso_user_id by /user/new or /user/update",
            ),
        }
    }
}

/// Whether whoever has logged in is still that user, with the same role, and let in.
pub(super) fn holds(directory: &Directory, session: &Session) -> bool {
    let Some(user) = directory.users.find(session.user.as_str()) else {
        return false;
    };
    let is_theirs = match &session.proof {
        Proof::Subject(subject) => user.object.sso_user_id.as_ref() == Some(subject),
        Proof::Email(email) => {
            let now = user.object.email.as_deref().map(str::to_lowercase);
            user.object.sso_user_id.is_none() && now.as_deref() == Some(&**email)
        }
    };
    is_theirs
        && user.object.role == session.role
        && user.object.origin.created_at == session.created_at
        && !user.object.grant.blocked
}
