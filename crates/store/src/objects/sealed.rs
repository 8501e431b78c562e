use ironward_core::Random;
use ironward_secret::{Keyring, OpenError, Place, Purpose, SealError, Sealed, Secret};

use super::{Content, Kind, SealedValue};

/// Where a sealed value of an object belongs. A copy of it anywhere else does not open.
#[derive(Debug, Clone, Copy)]
pub struct ValuePlace<'a> {
    /// The id of the installation.
    pub installation: &'a str,
    /// The kind of the object.
    pub kind: Kind,
    /// The object's id.
    pub id: &'a str,
    /// The value's field.
    pub field: &'a str,
}

impl ValuePlace<'_> {
    const fn at(&self, version: u64) -> Place<'_> {
        Place {
            tenant: self.installation,
            table: self.kind.as_str(),
            row: self.id,
            field: self.field,
            version,
        }
    }
}

impl SealedValue {
    /// Seals a value for the object's coming `version` (1 for a new one).
    ///
    /// # Errors
    /// Without randomness.
    pub fn seal(
        keys: &Keyring,
        place: &ValuePlace<'_>,
        version: u64,
        value: &Secret,
        random: &dyn Random,
    ) -> Result<Self, SealError> {
        let sealed = keys.seal(Purpose::Seal, &place.at(version), value, &|bytes| {
            random.fill(bytes);
        })?;
        Ok(Self {
            sealed: sealed.to_string().into(),
            fingerprint: fingerprint(keys, place, value),
            version,
        })
    }

    /// Opens it.
    ///
    /// # Errors
    /// When its data key is gone, or it was changed or belongs elsewhere.
    pub fn open(&self, keys: &Keyring, place: &ValuePlace<'_>) -> Result<Secret, OpenError> {
        let sealed = Sealed::parse(&self.sealed).map_err(|_| OpenError::Refused)?;
        keys.open(Purpose::Seal, &place.at(self.version), &sealed)
    }
}

impl Content {
    /// The same object with every sealed value sealed anew under the current data key, for the
    /// version that it is going to have; `None` when one of them does not open.
    #[must_use]
    pub fn resealed(
        mut self,
        keys: &Keyring,
        installation: &str,
        id: &str,
        version: u64,
        random: &dyn Random,
    ) -> Option<Self> {
        let kind = self.kind();
        let sealed = match &mut self {
            Self::Credential(credential) => &mut credential.sealed,
            Self::Deployment(deployment) => &mut deployment.sealed,
            _ => return Some(self),
        };
        for (field, value) in sealed {
            let place = ValuePlace {
                installation,
                kind,
                id,
                field,
            };
            let plain = value.open(keys, &place).ok()?;
            *value = SealedValue::seal(keys, &place, version, &plain, random).ok()?;
        }
        Some(self)
    }
}

/// Equal for equal values of the installation, and no help in guessing one. It changes with the
/// data key.
fn fingerprint(keys: &Keyring, place: &ValuePlace<'_>, value: &Secret) -> Box<str> {
    let exposed = value.expose();
    let parts = [place.installation.as_bytes(), exposed.bytes()];
    let mac = keys.mac(Purpose::Fingerprint, &parts);
    let hex: String = mac
        .tag
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    hex.into()
}
