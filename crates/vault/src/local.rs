//! Key-encryption keys that this process holds itself: of a file, or of the environment.

use ironward_secret::{DataKey, InvalidKeyring, Keyring, Place, Purpose, Sealed, Secret};

use crate::{Context, KekError};

/// Wraps with AES-256-GCM, as secrets are sealed: a key of its own for each wrapped key, bound to
/// the version of the data key.
pub(crate) struct LocalKey(Keyring);

/// The format has a version of the sealing key; a key-encryption key has one for ever.
const ONLY: u32 = 1;

impl LocalKey {
    pub(crate) fn new(key: DataKey) -> Result<Self, InvalidKeyring> {
        Keyring::new(ONLY, key).map(Self)
    }

    /// Tells keys apart without giving anything of them away.
    pub(crate) fn fingerprint(&self) -> String {
        let mac = self.0.mac(Purpose::Fingerprint, &[b"key-encryption key"]);
        let bytes = mac.tag.iter().take(8);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn wrap(
        &self,
        key: &DataKey,
        context: Context,
        fill: &dyn Fn(&mut [u8]),
    ) -> Result<Vec<u8>, KekError> {
        let row = context.version.to_string();
        let plaintext = Secret::exact(key.expose().bytes());
        let sealed = self
            .0
            .seal(Purpose::Wrap, &place(&row, context), &plaintext, fill)
            .map_err(|error| KekError::refused(error.to_string()))?;
        Ok(sealed.bytes().to_vec())
    }

    pub(crate) fn unwrap(
        &self,
        wrapped: &[u8],
        context: Context,
        shown: &str,
    ) -> Result<DataKey, KekError> {
        let row = context.version.to_string();
        let opened = Sealed::from_bytes(wrapped)
            .ok()
            .and_then(|sealed| {
                let place = place(&row, context);
                self.0.open(Purpose::Wrap, &place, &sealed).ok()
            })
            .and_then(|secret| DataKey::from_bytes(secret.expose().bytes()));
        opened.ok_or_else(|| {
            KekError::refused(format!(
                "the key in {shown} does not open it: the stored data key was changed, or belongs \
                 to another installation"
            ))
        })
    }
}

fn place(row: &str, context: Context) -> Place<'_> {
    Place {
        tenant: "",
        table: "data_key",
        row,
        field: "wrapped",
        version: u64::from(context.version),
    }
}
