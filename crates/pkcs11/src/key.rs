//! The key in the token: what it is called, what it has to be, and what it does.

use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::Ulong;
use ironward_kek_protocol::Plain;
use zeroize::Zeroizing;

use crate::failure::{Failure, said};
use crate::token::Entered;

/// The first byte of what is wrapped: AES-256-GCM with a nonce of 96 bits in front of the ciphertext.
const FORMAT: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
const WRAPPED: usize = 1 + NONCE + 32 + TAG;

/// A key that was found and is fit.
pub(crate) struct Key {
    handle: ObjectHandle,
    pub(crate) name: String,
    /// Whether the token makes the nonces.
    token_nonce: bool,
}

/// Why a key did nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The module says so.
    Module(Error),
    /// What came back is not what AES-GCM gives.
    Odd(String),
    /// It is nothing that this program has wrapped.
    Foreign,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Module(error)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Module(error) => f.write_str(&said(error)),
            Self::Odd(what) => f.write_str(what),
            Self::Foreign => f.write_str("it was not wrapped by ironward-pkcs11"),
        }
    }
}

impl Key {
    /// Finds the key of this name, and refuses one that could leave the token.
    pub(crate) fn find(
        entered: &Entered,
        wanted: &str,
        token_nonce: bool,
    ) -> Result<Self, Failure> {
        let session = entered.session()?;
        let found = all(session).map_err(|error| {
            Failure::Gone(format!("no key is found in the token: {}", said(&error)))
        })?;
        let fits =
            |(_, label, name): &&(ObjectHandle, String, String)| label == wanted || name == wanted;
        let fitting: Vec<_> = found.iter().filter(fits).collect();
        let names = |keys: &mut dyn Iterator<Item = &(ObjectHandle, String, String)>| {
            let names: Vec<_> = keys.map(|(_, _, name)| name.as_str()).collect();
            names.join(", ")
        };
        match fitting.as_slice() {
            [(handle, _, name)] => {
                check(session, *handle, name)?;
                let key = Self {
                    handle: *handle,
                    name: name.clone(),
                    token_nonce,
                };
                key.try_out(session)?;
                Ok(key)
            }
            [] => Err(Failure::misconfigured(format!(
                "there is no AES key {wanted} in the token (there: {}): name another one with \
                 --key, or make one with ironward-pkcs11 create-key",
                names(&mut found.iter())
            ))),
            several => Err(Failure::misconfigured(format!(
                "several keys are labelled {wanted}: name one of {}",
                names(&mut several.iter().copied())
            ))),
        }
    }

    pub(crate) fn wrap(
        &self,
        session: &Session,
        version: u32,
        plain: &Plain,
    ) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0; NONCE];
        if !self.token_nonce {
            getrandom::fill(&mut nonce).map_err(|error| Fault::Odd(error.to_string()))?;
        }
        let bound = bound(version);
        let params = GcmParams::new(&mut nonce, bound.as_bytes(), Ulong::from(128))?;
        let sealed = session.encrypt(&Mechanism::AesGcm(params), self.handle, plain.as_slice())?;
        // A token may put a nonce of its own in the place of the one that it was given.
        if nonce == [0; NONCE] {
            let what = "the token has made no nonce: start without --token-nonce";
            return Err(Fault::Odd(what.to_owned()));
        }
        if sealed.len() != 32 + TAG {
            return Err(Fault::Odd(format!(
                "AES-GCM has made {} bytes of 32 instead of {}",
                sealed.len(),
                32 + TAG
            )));
        }
        let mut wrapped = Vec::with_capacity(WRAPPED);
        wrapped.push(FORMAT);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(&sealed);
        Ok(wrapped)
    }

    pub(crate) fn unwrap(
        &self,
        session: &Session,
        version: u32,
        wrapped: &[u8],
    ) -> Result<Plain, Fault> {
        let parts = match wrapped.split_first() {
            Some((&FORMAT, rest)) if wrapped.len() == WRAPPED => rest.split_first_chunk::<NONCE>(),
            _ => None,
        };
        let (nonce, sealed) = parts.ok_or(Fault::Foreign)?;
        let (mut nonce, bound) = (*nonce, bound(version));
        let params = GcmParams::new(&mut nonce, bound.as_bytes(), Ulong::from(128))?;
        let opened = session.decrypt(&Mechanism::AesGcm(params), self.handle, sealed)?;
        let opened = Zeroizing::new(opened);
        let bytes = <&[u8; 32]>::try_from(opened.as_slice()).map_err(|_| {
            let length = opened.len();
            Fault::Odd(format!("AES-GCM has opened {length} bytes instead of 32"))
        })?;
        let mut plain = Plain::default();
        plain.copy_from_slice(bytes);
        Ok(plain)
    }

    /// A key that gives nothing back, or opens what was changed, would lose or betray everything.
    pub(crate) fn try_out(&self, session: &Session) -> Result<(), Failure> {
        let unfit = |what: String| {
            Failure::misconfigured(format!(
                "the key {} does not do AES-256-GCM as it has to: {what}",
                self.name
            ))
        };
        let mut plain = Plain::default();
        getrandom::fill(plain.as_mut_slice()).map_err(|error| unfit(error.to_string()))?;
        let wrapped = self.wrap(session, 0, &plain);
        let mut wrapped = wrapped.map_err(|fault| unfit(fault.to_string()))?;
        let back = self.unwrap(session, 0, &wrapped);
        if back.map_err(|fault| unfit(fault.to_string()))? != plain {
            return Err(unfit("another key comes back".to_owned()));
        }
        if self.unwrap(session, 1, &wrapped).is_ok() {
            return Err(unfit("it binds to no context".to_owned()));
        }
        if let Some(last) = wrapped.last_mut() {
            *last ^= 1;
        }
        if self.unwrap(session, 0, &wrapped).is_ok() {
            return Err(unfit("it opens what was changed".to_owned()));
        }
        Ok(())
    }
}

/// What a wrapped key is bound to. Never change it: none that was wrapped with it would unwrap.
fn bound(version: u32) -> String {
    format!("ironward-pkcs11 data key {version}")
}

/// Makes a key that never leaves the token, and gives its name.
pub(crate) fn create(entered: &Entered, label: &str) -> Result<String, Failure> {
    if label.is_empty() || label.len() > 200 || label.chars().any(char::is_control) {
        return Err(Failure::misconfigured(
            "a key's label has 1 to 200 bytes and no control characters",
        ));
    }
    let session = entered.session()?;
    let failed =
        |error: Error| Failure::Gone(format!("the token makes no key {label}: {}", said(&error)));
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|error| Failure::Gone(format!("there is no randomness: {error}")))?;
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(Ulong::from(32)),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
    ];
    let handle = session.generate_key(&Mechanism::AesKeyGen, &template);
    let handle = handle.map_err(failed)?;
    let name = name(label, &id);
    check(session, handle, &name)?;
    Ok(name)
}

/// `label/id`, or the label alone where there is no id.
fn name(label: &str, id: &[u8]) -> String {
    let mut name = label.to_owned();
    for (at, byte) in id.iter().enumerate() {
        name.push_str(if at == 0 { "/" } else { "" });
        name.push_str(&format!("{byte:02x}"));
    }
    name
}

/// The AES keys of the token: handle, label, name.
fn all(session: &Session) -> Result<Vec<(ObjectHandle, String, String)>, Error> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
    ];
    let mut keys = Vec::new();
    for handle in session.find_objects(&template)? {
        let wanted = [AttributeType::Label, AttributeType::Id];
        let (mut label, mut id) = (String::new(), Vec::new());
        for attribute in session.get_attributes(handle, &wanted)? {
            match attribute {
                Attribute::Label(bytes) => label = String::from_utf8_lossy(&bytes).into_owned(),
                Attribute::Id(bytes) => id = bytes,
                _ => {}
            }
        }
        let name = name(&label, &id);
        keys.push((handle, label, name));
    }
    Ok(keys)
}

/// Refuses a key that is too short, or that the token would give away.
fn check(session: &Session, handle: ObjectHandle, name: &str) -> Result<(), Failure> {
    let wanted = [
        AttributeType::Sensitive,
        AttributeType::Extractable,
        AttributeType::ValueLen,
    ];
    let attributes = session.get_attributes(handle, &wanted).map_err(|error| {
        let what = said(&error);
        Failure::Gone(format!("the key {name} cannot be looked at: {what}"))
    })?;
    let is_safe = attributes.contains(&Attribute::Sensitive(true))
        && attributes.contains(&Attribute::Extractable(false));
    if !is_safe {
        return Err(Failure::misconfigured(format!(
            "the key {name} can leave the token: it has to be CKA_SENSITIVE and not \
             CKA_EXTRACTABLE; make one with ironward-pkcs11 create-key, and move to it with \
             `ironward vault rotate-kek`"
        )));
    }
    if !attributes.contains(&Attribute::ValueLen(Ulong::from(32))) {
        return Err(Failure::misconfigured(format!(
            "the key {name} is no key of AES-256; make one with ironward-pkcs11 create-key"
        )));
    }
    Ok(())
}
