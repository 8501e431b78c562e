use std::collections::HashMap;
use std::fmt;

use crate::{Identity, SpiffeId};

/// Which service account or user a token or a certificate stands for.
///
/// `T` names an owner: an id. An owner may have several bindings; a binding holds when a token has
/// all its claims with exactly their values. Where those of two owners hold, neither is meant.
#[derive(Debug)]
pub struct Bindings<T> {
    of_issuers: HashMap<Box<str>, OfIssuer<T>>,
    of_workloads: HashMap<Box<str>, Vec<T>>,
}

/// The bindings of one issuer's tokens.
#[derive(Debug)]
struct OfIssuer<T> {
    /// Those that name a subject.
    by_subject: HashMap<Box<str>, Vec<Bound<T>>>,
    others: Vec<Bound<T>>,
}

/// An owner, and the claims that a token has to have besides those it was found by.
#[derive(Debug)]
struct Bound<T> {
    owner: T,
    claims: Vec<(Box<str>, Box<str>)>,
}

/// Why claims are no binding: what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBinding(&'static str);

impl fmt::Display for InvalidBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidBinding {}

/// Why nobody is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbound {
    /// No owner has these claims.
    Nobody,
    /// More than one owner has.
    Several,
}

impl fmt::Display for Unbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => {
                "no service account or user has an identity with the claims of this token"
            }
            Self::Several => {
                "several service accounts or users have identities that this token fits; add a \
                 claim to each that the others do not have"
            }
        })
    }
}

impl std::error::Error for Unbound {}

/// The claim that stands for a certificate's id, and is never a token's.
const SPIFFE: &str = "spiffe";

/// Claims that many tokens of one issuer share: they say where a token is from and whom it is
/// for, not who sent it.
const SHARED: [&str; 2] = ["iss", "aud"];

/// More claims than this are a mistake.
const MOST_CLAIMS: usize = 32;

impl<T> Default for Bindings<T> {
    fn default() -> Self {
        Self {
            of_issuers: HashMap::new(),
            of_workloads: HashMap::new(),
        }
    }
}

impl<T> Default for OfIssuer<T> {
    fn default() -> Self {
        Self {
            by_subject: HashMap::new(),
            others: Vec::new(),
        }
    }
}

impl<T: Clone + PartialEq> Bindings<T> {
    /// Adds a binding: one entry of `ServiceAccount::identities`, as (name, value).
    ///
    /// # Errors
    /// When no token or certificate could have the claims, or too many could: see [`check_binding`].
    pub fn add<'c>(
        &mut self,
        owner: T,
        claims: impl IntoIterator<Item = (&'c str, &'c str)>,
    ) -> Result<(), InvalidBinding> {
        let claims: Vec<_> = claims.into_iter().collect();
        check_binding(claims.iter().copied())?;
        let value = |name: &str| {
            let claim = claims.iter().find(|(claim, _)| *claim == name);
            claim.map(|(_, value)| Box::<str>::from(*value))
        };
        if let Some(id) = value(SPIFFE) {
            self.of_workloads.entry(id).or_default().push(owner);
            return Ok(());
        }
        let (issuer, subject) = (value("iss").unwrap_or_default(), value("sub"));
        let rest = claims
            .iter()
            .filter(|(name, _)| !matches!(*name, "iss" | "sub"));
        let bound = Bound {
            owner,
            claims: rest
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        };
        let of_issuer = self.of_issuers.entry(issuer).or_default();
        let found = match subject {
            Some(subject) => of_issuer.by_subject.entry(subject).or_default(),
            None => &mut of_issuer.others,
        };
        found.push(bound);
        Ok(())
    }

    /// Whom a verified token stands for.
    ///
    /// # Errors
    /// When it is nobody, or not clear who.
    pub fn of_token(&self, identity: &Identity) -> Result<&T, Unbound> {
        let of_issuer = self.of_issuers.get(&*identity.issuer);
        let of_issuer = of_issuer.ok_or(Unbound::Nobody)?;
        let named = of_issuer.by_subject.get(&identity.subject);
        let bound = named.into_iter().flatten().chain(&of_issuer.others);
        let holds = |bound: &&Bound<T>| {
            let mut claims = bound.claims.iter();
            claims.all(|(name, value)| identity.claims.text(name).as_deref() == Some(&**value))
        };
        one(bound.filter(holds).map(|bound| &bound.owner))
    }

    /// Whom a verified certificate stands for.
    ///
    /// # Errors
    /// When it is nobody, or not clear who.
    pub fn of_certificate(&self, id: &SpiffeId) -> Result<&T, Unbound> {
        one(self.of_workloads.get(id.as_str()).into_iter().flatten())
    }
}

/// Checks the claims of one binding, for whoever stores it: either a `spiffe` id alone, or `iss`
/// and at least one claim that tells the issuer's tokens apart.
///
/// # Errors
/// With what to write instead.
pub fn check_binding<'c>(
    claims: impl IntoIterator<Item = (&'c str, &'c str)>,
) -> Result<(), InvalidBinding> {
    let claims: Vec<_> = claims.into_iter().collect();
    let has = |name: &str| claims.iter().any(|(claim, _)| *claim == name);
    if claims.len() > MOST_CLAIMS {
        return Err(InvalidBinding("an identity has at most 32 claims"));
    }
    let is_empty = |(name, value): &(&str, &str)| name.is_empty() || value.is_empty();
    if claims.iter().any(is_empty) {
        return Err(InvalidBinding(
            "a claim needs a name and a value that are not empty",
        ));
    }
    let mut names: Vec<_> = claims.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < claims.len() {
        return Err(InvalidBinding(
            "a claim stands twice in one identity; write two identities if either value will do",
        ));
    }
    if has(SPIFFE) {
        return match *claims.as_slice() {
            [(_, id)] => SpiffeId::parse(id)
                .map(|_| ())
                .map_err(|error| InvalidBinding(error.0)),
            _ => Err(InvalidBinding(
                "a SPIFFE id is that of a certificate, which has no other claims; write it alone",
            )),
        };
    }
    if !has("iss") {
        return Err(InvalidBinding(
            "an identity needs the issuer, or a token of any issuer would do; add the claim 'iss'",
        ));
    }
    if claims.iter().all(|(name, _)| SHARED.contains(name)) {
        return Err(InvalidBinding(
            "every token of this issuer would do; add a claim that says who it is, such as 'sub'",
        ));
    }
    Ok(())
}

/// The one owner among the matches, however often it matches.
fn one<'t, T: PartialEq>(mut owners: impl Iterator<Item = &'t T>) -> Result<&'t T, Unbound> {
    let first = owners.next().ok_or(Unbound::Nobody)?;
    if owners.all(|other| other == first) {
        Ok(first)
    } else {
        Err(Unbound::Several)
    }
}

#[cfg(test)]
mod tests;
