//! The tokens and certificates that stand for a user or a service account.

use std::collections::BTreeMap;

use ironward_identity::check_binding;
use ironward_store::objects::{Account, Claim};
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::fault::Refusal;
use crate::request::{FromJson, Place, Problems};

/// The claims of the tokens that stand for an account, or the SPIFFE id of a certificate:
/// `{"iss": "https://issuer.example.com", "sub": "ci"}`, `{"spiffe": "spiffe://example.com/ci"}`.
pub(crate) struct Identity(pub(crate) Vec<Claim>);

impl FromJson for Identity {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let claims = BTreeMap::<Box<str>, Box<str>>::from_json(value, at, problems)?;
        let pairs = claims.iter().map(|(name, value)| (&**name, &**value));
        if let Err(invalid) = check_binding(pairs) {
            problems.value(&at, invalid.to_string());
            return None;
        }
        let claims = claims.into_iter();
        Some(Self(
            claims.map(|(name, value)| Claim { name, value }).collect(),
        ))
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 32,
            "additionalProperties": {"type": "string", "minLength": 1},
        })
    }
}

/// As it was given.
pub(crate) fn shown(identities: &[Vec<Claim>]) -> Value {
    let one = |claims: &Vec<Claim>| {
        let claims = claims.iter();
        let fields: Map<String, Value> = claims
            .map(|claim| (claim.name.to_string(), Value::from(&*claim.value)))
            .collect();
        Value::Object(fields)
    };
    identities.iter().map(one).collect()
}

/// Whether the actor may give `account` these identities; `before`, where it exists, are those that
/// need nobody's leave.
///
/// # Errors
/// 403 for anybody but an administrator, 400 for one that another account has.
pub(crate) fn check(
    call: &Call<'_>,
    account: &Account,
    identities: &[Vec<Claim>],
    before: &[Vec<Claim>],
) -> Result<(), Refusal> {
    if identities.iter().all(|identity| before.contains(identity)) {
        return Ok(());
    }
    if !call.actor.is_administrator() {
        let message = "only administrators of the proxy say which tokens and certificates stand \
                       for somebody";
        return Err(Refusal::forbidden(message).with_param("identities"));
    }
    let mut is_taken = false;
    call.plane.directory().identities(|other, theirs| {
        is_taken |= other != *account && identities.iter().any(|mine| collide(mine, theirs));
    });
    if is_taken {
        let message = "another account has an identity that the same token fits: nobody could tell \
                       whose it is; add a claim in which they differ";
        return Err(Refusal::bad_request(message).with_param("identities"));
    }
    Ok(())
}

/// Whether every token that fits the one identity fits the other.
fn collide(mine: &[Claim], theirs: &[Claim]) -> bool {
    let covers = |one: &[Claim], more: &[Claim]| one.iter().all(|claim| more.contains(claim));
    covers(mine, theirs) || covers(theirs, mine)
}
