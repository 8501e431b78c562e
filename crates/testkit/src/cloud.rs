//! Services of clouds that cannot run here, as their references describe them.

mod azure;
mod google;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// A service that speaks JSON over HTTP, on a port of 127.0.0.1; stopped when it is dropped.
pub struct Cloud {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Cloud {
    /// The access token that [`Cloud::google`] and [`Cloud::azure`] let in.
    pub const TOKEN: &'static str = "ya29.token-of-the-test-kit";

    /// Answers as the script says: from the head of a request and its JSON to a status and JSON.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn scripted(script: impl FnMut(&str, &Value) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || serve(&listener, &stopped, script));
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    /// Google Cloud KMS, where every key is there but those called `none`, and Secret Manager with
    /// these secrets: `projects/P/secrets/S/versions/V` and what is in it.
    #[must_use]
    pub fn google(secrets: &[(&str, &[u8])]) -> Self {
        Self::scripted(google::script(secrets))
    }

    /// Azure Key Vault with the key `kek` in [`Cloud::AZURE_KEY_VERSION`], and with these secrets:
    /// `NAME` or `NAME/VERSION` and what is in it.
    #[must_use]
    pub fn azure(secrets: &[(&str, &str)]) -> Self {
        Self::scripted(azure::script(secrets))
    }

    /// The version of the key of [`Cloud::azure`].
    pub const AZURE_KEY_VERSION: &'static str = "0698c2156c1a4e1da5b6bab6f6422fd6";

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Nobody listens there any more.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accept loop, which then sees the flag.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(
    listener: &TcpListener,
    stopped: &AtomicBool,
    mut script: impl FnMut(&str, &Value) -> (u16, Value),
) {
    for stream in listener.incoming() {
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(mut stream) = stream else { continue };
        // Whoever connects and says nothing is left.
        let Some(request) = read(&mut stream) else {
            continue;
        };
        let (head, body) = request.split_once("\r\n\r\n").expect("a whole head");
        let (status, body) = script(head, &serde_json::from_str(body).unwrap_or_default());
        let body = body.to_string();
        let reply = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json; charset=UTF-8\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        // The client may have had enough.
        drop(stream.write_all(reply.as_bytes()));
    }
}

fn read(stream: &mut TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut request = Vec::new();
    let mut bytes = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return None,
            Ok(length) => request.extend_from_slice(&bytes[..length]),
        }
    }
    String::from_utf8(request).ok()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head.split_once("content-length: ");
    // A request to read has no body.
    let length = length.map_or("0", |(_, length)| length.lines().next().unwrap_or("0"));
    body.len() >= length.parse().unwrap_or(0)
}

/// Whether whoever asks is let in.
fn is_let_in(head: &str) -> bool {
    let line = format!("authorization: Bearer {}", Cloud::TOKEN);
    head.lines().any(|other| other == line)
}

/// What both clouds say in an error is for people: a gateway that repeats it repeats what was sent.
const ECHO: &str = "echo-canary";

/// An error as Google writes it.
fn google_error(code: u16, status: &str) -> (u16, Value) {
    let error = json!({"code": code, "message": ECHO, "status": status});
    (code, json!({"error": error}))
}

/// An error as Azure writes it.
fn azure_error(status: u16, code: &str) -> (u16, Value) {
    let error = json!({"code": code, "message": ECHO});
    (status, json!({"error": error}))
}
