//! The token: found by its label, entered with the PIN.

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use ironward_kek_protocol::FailureKind;

use crate::args;
use crate::failure::{Failure, said};
use crate::file::check_module;

/// A session that is logged in. The module is let go with it.
pub(crate) struct Entered {
    /// Before the module: a session is closed by it.
    session: Option<Session>,
    module: Option<Pkcs11>,
}

impl Entered {
    pub(crate) fn session(&self) -> Result<&Session, Failure> {
        let gone = || Failure::Gone("the session is closed".to_owned());
        self.session.as_ref().ok_or_else(gone)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(self.session.take());
        // Slots are looked for anew only by a module that starts anew. One that is broken may fail
        // at this, too; then there is nothing left to do.
        drop(self.module.take().map(Pkcs11::finalize));
    }
}

/// Loads the module, finds the token and logs in; gives the session and the token for people.
pub(crate) fn enter(
    wanted: &args::Token,
    pin: &AuthPin,
    may_write: bool,
) -> Result<(Entered, String), Failure> {
    check_module(&wanted.module)?;
    let module = wanted.module.display();
    let context = Pkcs11::new(&wanted.module).map_err(|error| {
        let what = said(&error);
        Failure::misconfigured(format!(
            "the PKCS#11 module {module} cannot be loaded: {what}"
        ))
    })?;
    let gone = |error: Error| {
        Failure::Gone(format!(
            "the PKCS#11 module {module} does not work: {}",
            said(&error)
        ))
    };
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(gone(error)),
    }
    let mut entered = Entered {
        session: None,
        module: Some(context.clone()),
    };
    let (slot, info) = find(&context, &wanted.name)?;
    check_pin_tries(&info, &wanted.name)?;
    let session = if may_write {
        context.open_rw_session(slot)
    } else {
        context.open_ro_session(slot)
    };
    let session = session.map_err(gone)?;
    log_in(&session, pin, &wanted.name)?;
    entered.session = Some(session);
    let shown = format!(
        "{} ({} {}, serial number {})",
        info.label(),
        info.manufacturer_id(),
        info.model(),
        info.serial_number()
    );
    Ok((entered, shown))
}

fn find(context: &Pkcs11, label: &str) -> Result<(Slot, TokenInfo), Failure> {
    let gone = |error: Error| Failure::Gone(format!("no token is found: {}", said(&error)));
    let mut others = Vec::new();
    let mut found = Vec::new();
    for slot in context.get_slots_with_token().map_err(gone)? {
        // One that breaks while it is looked at is not there.
        let Ok(info) = context.get_token_info(slot) else {
            continue;
        };
        if info.label() == label && info.token_initialized() {
            found.push((slot, info));
        } else if info.token_initialized() {
            others.push(info.label().to_owned());
        }
    }
    if found.len() > 1 {
        return Err(Failure::misconfigured(format!(
            "{} tokens are labelled {label}: give each a label of its own",
            found.len()
        )));
    }
    found.pop().ok_or_else(|| {
        let others = if others.is_empty() {
            "none".to_owned()
        } else {
            others.join(", ")
        };
        Failure::Gone(format!(
            "there is no token {label} (there: {others}): connect it, or name another one with \
             --token"
        ))
    })
}

/// A wrong PIN is not tried where it would lock the token.
fn check_pin_tries(info: &TokenInfo, label: &str) -> Result<(), Failure> {
    let denied = |message: String| Err(Failure::refused(FailureKind::Denied, message));
    if info.user_pin_locked() {
        return denied(format!(
            "the PIN of the token {label} is locked: have its security officer set a new one"
        ));
    }
    if info.user_pin_final_try() {
        return denied(format!(
            "one more wrong PIN locks the token {label}, so none is tried: log in once with the \
             vendor's tool"
        ));
    }
    Ok(())
}

fn log_in(session: &Session, pin: &AuthPin, label: &str) -> Result<(), Failure> {
    match session.login(UserType::User, Some(pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(Error::Pkcs11(
            code @ (RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::PinLocked
            | RvError::UserPinNotInitialized),
            _,
        )) => Err(Failure::refused(
            FailureKind::Denied,
            format!(
                "the token {label} refuses the PIN ({code:?}): it is not tried again, as wrong \
                 PINs lock tokens; correct it and start ironward-pkcs11 again"
            ),
        )),
        Err(error) => Err(Failure::Gone(format!(
            "the token {label} lets nobody in: {}",
            said(&error)
        ))),
    }
}
