use std::sync::Arc;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use ironward_core::Random;
use ironward_egress::BoxFuture;
use ironward_secret::{DataKey, Secret};
use zeroize::Zeroizing;

use crate::local::LocalKey;
use crate::{Context, Description, Kek, KekError};

/// A key-encryption key that is derived from an environment variable, for those who bring
/// `LiteLLM`'s `LITELLM_SALT_KEY`.
pub struct EnvKek {
    key: LocalKey,
    description: Description,
    random: Arc<dyn Random>,
}

impl EnvKek {
    /// The variables that hold the value, in the order in which they are looked up.
    pub const VARIABLES: [&'static str; 2] = ["IRONWARD_KEK", "LITELLM_SALT_KEY"];

    /// The key of the value of `variable`.
    ///
    /// # Errors
    /// When the value is too short to be a key.
    pub fn new(variable: &str, value: &Secret, random: Arc<dyn Random>) -> Result<Self, KekError> {
        let exposed = value.expose();
        if exposed.bytes().len() < SHORTEST {
            return Err(KekError::misconfigured(format!(
                "{variable} is shorter than {SHORTEST} characters: whoever copies the database \
                 can guess it; make one with `openssl rand -base64 32`"
            )));
        }
        let failed = || KekError::misconfigured(format!("no key can be derived of {variable}"));
        let mut bytes = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, &[])
            .extract(exposed.bytes())
            .expand(&[LABEL], Length)
            .and_then(|derived| derived.fill(&mut *bytes))
            .map_err(|_| failed())?;
        let key = DataKey::from_bytes(&*bytes).ok_or_else(failed)?;
        let key = LocalKey::new(key).map_err(|_| failed())?;
        let description = Description {
            backend: "env",
            key: key.fingerprint().into(),
            place: variable.into(),
            warning: Some(
                format!(
                    "the key-encryption key is in the environment variable {variable}, which every \
                     process that the gateway's user starts beside it can read, and tools that \
                     show processes may print; prefer a file or a key management service"
                )
                .into(),
            ),
        };
        Ok(Self {
            key,
            description,
            random,
        })
    }
}

/// Never change it.
const LABEL: &[u8] = b"ironward/v1/kek-from-environment";

/// Characters. What people call a salt is often a word; this is no word.
const SHORTEST: usize = 16;

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl Kek for EnvKek {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Context,
    ) -> BoxFuture<'a, Result<Vec<u8>, KekError>> {
        let fill = |bytes: &mut [u8]| self.random.fill(bytes);
        Box::pin(std::future::ready(self.key.wrap(key, context, &fill)))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Context,
    ) -> BoxFuture<'a, Result<DataKey, KekError>> {
        let key = self.key.unwrap(wrapped, context, &self.description.place);
        Box::pin(std::future::ready(key))
    }
}

#[cfg(test)]
mod tests;
