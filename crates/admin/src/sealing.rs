//! Secrets on their way into the store. They go in and never come out: an answer shows a
//! fingerprint and the age, no request can read a value back, and what comes in is sealed as it is,
//! whatever it looks like: a ciphertext from elsewhere is a text like any other.

mod names;
mod values;

use axum::http::StatusCode;
use ironward_secret::Secret;
use ironward_store::objects::{Kind, SealedValue, ValuePlace};
use serde_json::{Value, json};

use crate::answer::schema::{Described, count, moment, or_null, text};
use crate::answer::time;
use crate::call::Call;
use crate::fault::Refusal;

pub use names::is_secret;
pub(crate) use names::{is_destination, is_open_in_credential};
pub(crate) use values::{CredentialValues, OpenValues, Params, SecretText, Values};

/// Seals values for the coming version of one object.
pub(crate) struct Sealer<'a> {
    pub(crate) call: &'a Call<'a>,
    pub(crate) kind: Kind,
    pub(crate) id: &'a str,
    /// 1 for a new object.
    pub(crate) version: u64,
}

impl Sealer<'_> {
    /// Seals the value of a field.
    ///
    /// # Errors
    /// 503 while the key-encryption key does not answer.
    pub(crate) fn seal(&self, field: &str, value: &Secret) -> Result<SealedValue, Refusal> {
        let plane = self.call.plane;
        let place = ValuePlace {
            installation: plane.store.locked().installation(),
            kind: self.kind,
            id: self.id,
            field,
        };
        let keys = plane.sealing.keyring().map_err(|why| {
            let message = format!("{why}; nothing was changed");
            Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "vault_unavailable",
                message,
            )
        })?;
        let sealed = SealedValue::seal(&keys, &place, self.version, value, &*plane.random)
            .map_err(|_| Refusal::unavailable("the value cannot be sealed; nothing was changed"))?;
        Ok(SealedValue {
            made: self.call.now,
            ..sealed
        })
    }
}

/// All that is ever shown of a sealed value.
pub(crate) fn show(value: &SealedValue, now: u64) -> Value {
    let made = (value.made != 0).then_some(value.made);
    json!({
        "fingerprint": value.fingerprint,
        "created_at": made.map(time),
        "age_seconds": made.map(|made| now.saturating_sub(made) / 1000),
    })
}

/// What [`show`] writes.
pub(crate) fn described() -> Value {
    Described::of([
        ("fingerprint", text()),
        ("created_at", or_null(moment())),
        ("age_seconds", or_null(count())),
    ])
}
