//! A key of a hardware security module, behind a process of its own.
//!
//! A vendor's PKCS#11 module is a shared library of foreign code, which the gateway does not load.
//! `ironward-pkcs11` does, beside it, and listens on a Unix socket of the same user. What is said
//! there is `ironward-kek-protocol`: one connection for each question.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ironward_egress::BoxFuture;
use ironward_kek_protocol::{
    Failure, FailureKind, Frame, HEADER, Plain, Question, Reply, Request, body_length,
};
use ironward_secret::DataKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::{Context, Description, Kek, KekError, KekFailure};

/// A key of a PKCS#11 token. It never leaves the token.
pub struct Pkcs11Kek {
    settings: Pkcs11Settings,
    description: Description,
}

/// Which key, and where to ask for it.
pub struct Pkcs11Settings {
    /// The socket that `ironward-pkcs11` listens on.
    pub socket: PathBuf,
    /// The key's name, as `ironward-pkcs11 create-key` prints it.
    pub key: Box<str>,
    /// How long an answer may take, from the connection on.
    pub deadline: Duration,
}

impl Pkcs11Settings {
    /// These settings with the usual deadline: a token may take a second, and be asked by others.
    #[must_use]
    pub fn new(socket: PathBuf, key: &str) -> Self {
        Self {
            socket,
            key: key.into(),
            deadline: Duration::from_secs(5),
        }
    }
}

impl Pkcs11Kek {
    /// A key that is asked for when it is needed.
    ///
    /// # Errors
    /// When the name is none of a key.
    pub fn new(settings: Pkcs11Settings) -> Result<Self, KekError> {
        let key = &settings.key;
        if key.is_empty() || key.len() > 255 || key.chars().any(char::is_control) {
            return Err(KekError::misconfigured(
                "the name of a PKCS#11 key has 1 to 255 bytes and no control characters: write it \
                 as ironward-pkcs11 create-key has printed it",
            ));
        }
        let description = Description {
            backend: "pkcs11",
            key: key.clone(),
            place: settings.socket.display().to_string().into(),
            warning: None,
        };
        Ok(Self {
            settings,
            description,
        })
    }

    async fn ask(&self, version: u32, question: Question) -> Result<Reply, KekError> {
        let request = Request::Key {
            key: self.settings.key.clone(),
            version,
            question,
        };
        let frame = request.encode().map_err(|malformed| {
            KekError::refused(format!("the stored data key was changed: {malformed}"))
        })?;
        self.check_place()?;
        let exchange = self.exchange(&frame);
        let body = match tokio::time::timeout(self.settings.deadline, exchange).await {
            Ok(outcome) => outcome?,
            Err(_) => {
                let deadline = self.settings.deadline.as_secs_f32();
                let what = format!("no answer within {deadline} s");
                return Err(self.unreachable(&what));
            }
        };
        match Reply::decode(&body) {
            Ok(Reply::Failed(failure)) => Err(self.failed(&failure)),
            Ok(reply) => Ok(reply),
            Err(malformed) => Err(self.nonsense(&malformed.to_string())),
        }
    }

    /// Sends the question and reads the body of the answer.
    async fn exchange(&self, question: &Frame) -> Result<Frame, KekError> {
        let gone = |error: io::Error| self.unreachable(&said(&error));
        let mut stream = UnixStream::connect(&self.settings.socket).await;
        let stream = stream
            .as_mut()
            .map_err(|error| self.unreachable(&said(error)))?;
        self.check_peer(stream)?;
        match stream.write_all(question).await {
            // Who refuses before it has listened has said why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.map_err(gone)?,
        }
        let mut header = [0; HEADER];
        stream.read_exact(&mut header).await.map_err(gone)?;
        let length = body_length(&header);
        let length = length.map_err(|malformed| self.nonsense(&malformed.to_string()))?;
        let mut body = Frame::new(vec![0; length]);
        stream.read_exact(&mut body).await.map_err(gone)?;
        Ok(body)
    }

    /// Where others could put a socket of theirs, they would be given data keys.
    fn check_place(&self) -> Result<(), KekError> {
        let socket = &self.settings.socket;
        let metadata = fs::metadata(socket).map_err(|error| self.unreachable(&said(&error)))?;
        if !metadata.file_type().is_socket() {
            return Err(self.unsafe_place("it is no socket"));
        }
        let directory = directory_of(socket);
        let around = fs::metadata(directory).map_err(|error| self.unreachable(&said(&error)))?;
        let own = self.own_user()?;
        let is_trusted = |metadata: &Metadata| metadata.uid() == own || metadata.uid() == 0;
        if !is_trusted(&metadata) {
            return Err(self.unsafe_place(&format!("it belongs to user {}", metadata.uid())));
        }
        if !is_trusted(&around) {
            let what = format!("its directory belongs to user {}", around.uid());
            return Err(self.unsafe_place(&what));
        }
        if around.mode() & 0o022 != 0 {
            let mode = around.mode() & 0o777;
            let shown = directory.display();
            return Err(self.unsafe_place(&format!(
                "others may write to its directory ({mode:o}); run: chmod 700 {shown}"
            )));
        }
        Ok(())
    }

    /// The path may have been another one a moment ago: whoever has answered counts.
    fn check_peer(&self, stream: &UnixStream) -> Result<(), KekError> {
        let peer = stream.peer_cred();
        let peer = peer.map_err(|error| self.unreachable(&said(&error)))?.uid();
        if peer == 0 || peer == self.own_user()? {
            return Ok(());
        }
        Err(self.unsafe_place(&format!("user {peer} listens there")))
    }

    /// The user that this process runs as: it is at both ends of a pair of sockets.
    fn own_user(&self) -> Result<u32, KekError> {
        let pair = UnixStream::pair().and_then(|(one, _other)| one.peer_cred());
        let own = pair.map_err(|error| self.unreachable(&said(&error)))?;
        Ok(own.uid())
    }

    fn failed(&self, failure: &Failure) -> KekError {
        let kind = match failure.kind {
            FailureKind::Unreachable => KekFailure::Unreachable,
            FailureKind::Denied => KekFailure::Denied,
            FailureKind::Refused => KekFailure::Refused,
            FailureKind::Misconfigured => KekFailure::Misconfigured,
        };
        let place = &self.description.place;
        KekError::new(
            kind,
            format!("ironward-pkcs11 at {place} says: {}", failure.message),
        )
    }

    fn unreachable(&self, what: &str) -> KekError {
        KekError::new(
            KekFailure::Unreachable,
            format!(
                "ironward-pkcs11 at {} cannot be reached: {what}; start it, as the gateway's user, \
                 or correct 'socket'",
                self.description.place
            ),
        )
    }

    fn unsafe_place(&self, what: &str) -> KekError {
        KekError::misconfigured(format!(
            "the socket {} is not safe: {what}; it and its directory have to belong to the \
             gateway's user alone",
            self.description.place
        ))
    }

    fn nonsense(&self, what: &str) -> KekError {
        KekError::new(
            KekFailure::Unreachable,
            format!(
                "what listens at {} is not ironward-pkcs11 of this release: {what}",
                self.description.place
            ),
        )
    }
}

impl Kek for Pkcs11Kek {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Context,
    ) -> BoxFuture<'a, Result<Vec<u8>, KekError>> {
        Box::pin(async move {
            let mut plain = Plain::default();
            plain.copy_from_slice(key.expose().bytes());
            match self.ask(context.version, Question::Wrap(plain)).await? {
                Reply::Wrapped(wrapped) => Ok(wrapped),
                _ => Err(self.nonsense("it answers something else")),
            }
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Context,
    ) -> BoxFuture<'a, Result<DataKey, KekError>> {
        Box::pin(async move {
            let question = Question::Unwrap(wrapped.to_vec());
            let reply = self.ask(context.version, question).await?;
            let Reply::Unwrapped(plain) = reply else {
                return Err(self.nonsense("it answers something else"));
            };
            DataKey::from_bytes(plain.as_slice()).ok_or_else(|| self.nonsense("it is no data key"))
        })
    }
}

/// The directory that a path is in; a bare name's is the current one.
fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// What the system says, without its number.
fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such socket".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
        io::ErrorKind::UnexpectedEof => "it hung up".to_owned(),
        _ => error.to_string(),
    }
}
