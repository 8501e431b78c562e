//! One key of one token, used by one request at a time, and opened again when it was lost.

use std::sync::{Mutex, PoisonError};

use cryptoki::error::{Error, RvError};
use cryptoki::session::Session;
use cryptoki::types::AuthPin;
use ironward_kek_protocol::{Failure as Told, FailureKind, Question, Reply, Request};

use crate::args;
use crate::failure::Failure;
use crate::key::{Fault, Key};
use crate::token::{Entered, enter};

/// The key that is served.
pub(crate) struct Device {
    settings: args::Serve,
    pin: AuthPin,
    state: Mutex<State>,
}

enum State {
    Open(Open),
    /// The next request opens it again.
    Lost,
    /// The PIN was refused: trying it again would lock the token.
    Barred(Failure),
}

struct Open {
    key: Key,
    token: String,
    entered: Entered,
}

impl Device {
    /// Opens the token, or says why it cannot be.
    pub(crate) fn open(settings: args::Serve, pin: AuthPin) -> Result<Self, Failure> {
        let open = Open::enter(&settings, &pin)?;
        Ok(Self {
            settings,
            pin,
            state: Mutex::new(State::Open(open)),
        })
    }

    /// The key and the token, for people.
    pub(crate) fn shown(&self) -> String {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Open(open) => format!("the key {} of the token {}", open.key.name, open.token),
            State::Lost | State::Barred(_) => "a token that is not open".to_owned(),
        }
    }

    /// Does what is asked. What fails is tried once more with the token opened again.
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match &*state {
            State::Open(open) => match open.answer(request) {
                Ok(reply) => return reply,
                Err(fault) => Some(fault),
            },
            State::Lost => None,
            State::Barred(failure) => return Reply::Failed(failure.clone().told()),
        };
        // The module has to be let go before it is started again.
        *state = State::Lost;
        match Open::enter(&self.settings, &self.pin) {
            Ok(open) => {
                let because = before.map_or_else(String::new, |fault| format!(" ({fault})"));
                crate::log(format_args!("the token was opened again{because}"));
                let reply = open.answer(request);
                let reply = reply.unwrap_or_else(|fault| open.failed(request, &fault));
                *state = State::Open(open);
                reply
            }
            Err(failure) => {
                crate::log(format_args!("error: {failure}"));
                let denied = FailureKind::Denied;
                if matches!(&failure, Failure::Refused(told) if told.kind == denied) {
                    *state = State::Barred(failure.clone());
                }
                Reply::Failed(failure.told())
            }
        }
    }
}

impl Open {
    fn enter(settings: &args::Serve, pin: &AuthPin) -> Result<Self, Failure> {
        let (entered, token) = enter(&settings.token, pin, false)?;
        let key = Key::find(&entered, &settings.key, settings.token_nonce)?;
        Ok(Self {
            key,
            token,
            entered,
        })
    }

    /// A fault may be over when the token is opened again; what is answered is final.
    fn answer(&self, request: &Request) -> Result<Reply, Fault> {
        let session = self.session()?;
        let (key, version, question) = match request {
            Request::Describe => {
                let tried = self.key.try_out(session);
                tried.map_err(|failure| Fault::Odd(failure.to_string()))?;
                return Ok(Reply::Described {
                    key: self.key.name.as_str().into(),
                    token: self.token.as_str().into(),
                });
            }
            Request::Key {
                key,
                version,
                question,
            } => (key, *version, question),
        };
        if **key != *self.key.name {
            let message = format!(
                "ironward-pkcs11 serves the key {} and was asked for {key}: name the former in \
                 the configuration, or start it with the latter",
                self.key.name
            );
            return Ok(failed(FailureKind::Misconfigured, message));
        }
        match question {
            Question::Wrap(plain) => {
                let wrapped = self.key.wrap(session, version, plain)?;
                Ok(Reply::Wrapped(wrapped))
            }
            Question::Unwrap(wrapped) => match self.key.unwrap(session, version, wrapped) {
                Ok(plain) => Ok(Reply::Unwrapped(plain)),
                Err(fault) if is_final(&fault) => Ok(self.not_ours()),
                Err(fault) => Err(fault),
            },
        }
    }

    fn session(&self) -> Result<&Session, Fault> {
        let session = self.entered.session();
        session.map_err(|failure| Fault::Odd(failure.to_string()))
    }

    /// What fails with a token that has just been opened and tried out. Modules have no code in
    /// common for what does not open.
    fn failed(&self, request: &Request, fault: &Fault) -> Reply {
        match request {
            Request::Key {
                question: Question::Unwrap(_),
                ..
            } => self.not_ours(),
            _ => failed(
                FailureKind::Unreachable,
                format!("the key {} does not work: {fault}", self.key.name),
            ),
        }
    }

    fn not_ours(&self) -> Reply {
        let message = format!(
            "the key {} of the token {} does not open it: the stored data key was changed, or was \
             wrapped by another key",
            self.key.name, self.token
        );
        failed(FailureKind::Refused, message)
    }
}

/// Whether it is what was asked for that is wrong, and not the token.
fn is_final(fault: &Fault) -> bool {
    use RvError::{EncryptedDataInvalid, EncryptedDataLenRange};
    matches!(
        fault,
        Fault::Foreign
            | Fault::Module(Error::Pkcs11(
                EncryptedDataInvalid | EncryptedDataLenRange,
                _
            ))
    )
}

fn failed(kind: FailureKind, message: String) -> Reply {
    Reply::Failed(Told {
        kind,
        message: message.into(),
    })
}
