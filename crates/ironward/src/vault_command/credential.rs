use std::io::Read as _;
use std::time::UNIX_EPOCH;

use ironward_core::{Clock as _, Id, Random, SystemClock};
use ironward_secret::Secret;
use ironward_store::objects::{Content, Credential, Kind, Origin, SealedValue, ValuePlace};
use ironward_store::{Change, Stored};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::installation::Installation;

/// Reads a secret from standard input, without the white space around it: on a command line, others
/// could see it.
pub(super) fn read_value() -> Result<Secret, Failure> {
    const MOST: u64 = 64 << 10;
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let mut input = std::io::stdin().lock().take(MOST);
    input
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::Run(format!("standard input cannot be read: {error}")))?;
    let value = Secret::new(bytes.as_slice());
    if value.is_empty() {
        return Err(Failure::Config(
            "there is nothing to seal: write the value to standard input".to_owned(),
        ));
    }
    Ok(value)
}

/// Seals `value` as a field of a credential, which is made if it is not there.
pub(super) async fn seal(
    installation: &Installation,
    (name, field): (&str, &str),
    value: &Secret,
    random: &dyn Random,
) -> Result<SealedValue, Failure> {
    let store = &installation.store;
    let mut found = None;
    let mut look = |stored: Stored| {
        if let Some(Content::Credential(credential)) = stored.content
            && *stored.id == *name
        {
            found = Some((stored.version, credential));
        }
    };
    store.load_all(None, None, &mut look).await?;
    let (version, mut credential) = match found {
        Some((version, credential)) => (Some(version), *credential),
        None => (None, Credential::default()),
    };
    let place = ValuePlace {
        installation: store.locked().installation(),
        kind: Kind::Credential,
        id: name,
        field,
    };
    let next = version.unwrap_or(0) + 1;
    let sealed = SealedValue::seal(&store.keys(), &place, next, value, random)
        .map_err(|error| Failure::Store(error.to_string()))?;
    credential.sealed.insert(field.into(), sealed.clone());
    let now = SystemClock.wall().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    let by: Box<str> = "command_line".into();
    if version.is_none() {
        credential.origin = Origin {
            created_at: now,
            created_by: by.clone(),
            ..Origin::default()
        };
    }
    credential.origin.updated_at = now;
    credential.origin.updated_by = by;
    let id = Id::new(name);
    let change = match version {
        Some(version) => Change::update(&id, version, &credential),
        None => Change::create(&id, &credential),
    };
    store.write(&[change]).await?;
    Ok(sealed)
}
