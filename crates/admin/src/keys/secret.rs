use ironward_secret::{KeyId, KeyToken};
use ironward_store::objects::{KeySecret, SecretForm};
use zeroize::Zeroizing;

use crate::fault::Refusal;
use crate::plane::Plane;

/// A new secret of a key: shown once, kept as a hash.
pub(super) struct NewSecret {
    pub(super) plaintext: Zeroizing<String>,
    pub(super) kept: KeySecret,
}

impl NewSecret {
    /// In Ironward's own form.
    pub(super) fn issue(plane: &Plane, id: KeyId, now: u64) -> Self {
        let random = Zeroizing::new(plane.draw::<32>());
        Self::of(plane, KeyToken::issue(id, &random).reveal_once(), now)
    }

    /// One that an administrator or a key's owner has chosen, as LiteLLM allows.
    ///
    /// # Errors
    /// 403 where none is taken, 400 where everybody could know it, or no header could carry it.
    pub(super) fn chosen(
        plane: &Plane,
        text: &str,
        param: &'static str,
        now: u64,
    ) -> Result<Self, Refusal> {
        if !plane.settings.load().takes_chosen_keys {
            let message = "keys that people thought up are refused here \
                           (general_settings.disable_custom_api_keys); leave the field out";
            return Err(Refusal::forbidden(message).with_param(param));
        }
        check(text).map_err(|why| Refusal::bad_request(why).with_param(param))?;
        let secret = Self::of(plane, Zeroizing::new(text.to_owned()), now);
        let hash = plane.hasher.hash(text.as_bytes());
        let imported = plane.hasher.hash_as_litellm(text.as_bytes());
        let directory = plane.directory();
        let is_taken = directory
            .key_by_secret(SecretForm::Presented, &hash)
            .is_some()
            || directory
                .key_by_secret(SecretForm::LitellmHash, &imported)
                .is_some()
            || plane.settings.load().administrators.contains_key(&hash);
        if is_taken {
            return Err(Refusal::bad_request("Key already exists").with_param(param));
        }
        Ok(secret)
    }

    /// `sk-...abcd`.
    pub(super) fn name(&self) -> Box<str> {
        let characters = self.plaintext.char_indices();
        let last = characters.rev().nth(3).map_or("", |(start, _)| {
            self.plaintext.get(start..).unwrap_or_default()
        });
        format!("sk-...{last}").into()
    }

    fn of(plane: &Plane, plaintext: Zeroizing<String>, now: u64) -> Self {
        let hash = plane.hasher.hash(plaintext.as_bytes());
        Self {
            kept: KeySecret {
                form: SecretForm::Presented,
                hash: hash.to_hex().into(),
                made: now,
                until: None,
            },
            plaintext,
        }
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    const SHORTEST: usize = 16;
    const LONGEST: usize = 256;
    if !text.starts_with("sk-") {
        return Err("Invalid key format. LiteLLM Virtual Key must start with 'sk-'");
    }
    if text.starts_with(KeyToken::PREFIX) {
        return Err("a key of this form is made by the gateway; leave the field out to get one");
    }
    if text.len() < SHORTEST {
        return Err("Invalid key format. A key has at least 16 characters");
    }
    if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("Invalid key format. A key has at most 256 characters, visible ASCII all");
    }
    if ironward_config::is_published_key(text) {
        return Err(
            "Invalid key format. This key stands in published examples or is easy to guess",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn keys_that_everybody_knows_are_refused() {
        for text in [
            "",
            "sk-",
            "sk-1234",
            "sk-short-key-12",
            "pk-long-enough-to-be-a-key",
            "SK-long-enough-to-be-a-key",
            "sk-12345678901234567",
            "sk-aaaaaaaaaaaaaaaaaaaa",
            "sk-litellm-master-key",
            "sk-your-key-goes-here-please",
            "sk-with space in the middle",
            "sk-with\nnewline-in-the-middle",
            "sk-ünïcödé-in-the-middle",
            "sk-iw-0123456789abcdef0123",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&format!("sk-{}", "q7".repeat(200))).is_err());
        assert!(check("sk-a8Xq2Lr9Zt4Wm1Vb").is_ok());
    }
}
