mod answer;
mod anthropic;
mod ask;
mod behaviour;
mod delivery;
mod gemini;
mod ollama;
mod openai;
mod preset;
mod record;
mod refusal;
mod route;
mod schema;
mod vector;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use delivery::Body;
pub use preset::{Preset, PresetUpstream};
pub use record::RecordedCall;
use record::State;

/// How long something may take to happen that happens at once on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A scripted stand-in for every provider, on HTTP/1.1 and HTTP/2 without TLS.
///
/// It speaks `OpenAI` (`…/chat/completions`, `…/completions`, `…/embeddings`, `…/models`),
/// Anthropic (`/v1/messages`, `/v1/messages/count_tokens`), Gemini (`/v1beta/models/{m}:verb`) and
/// Ollama (`/api/chat`, `/api/embed`, `/api/tags`), checks what the vendors check (authentication,
/// required fields, unknown fields unless they start with `x_`), and records every request.
///
/// The answer follows from the call alone:
/// - tools given, and the prompt says "call the … tool" or the tool choice demands it: a tool call
///   whose arguments satisfy the tool's schema; "call both tools" or "call all tools": one call of
///   each, when parallel calls are allowed; after a tool's result: a text that quotes it;
/// - a JSON schema given: an object that satisfies it;
/// - otherwise a text that echoes the last user text.
///
/// A model's name may ask for trouble. A number after some names is an argument, as in
/// `slow-head-250`:
///
/// | name | what happens |
/// |---|---|
/// | `fail-STATUS` | the vendor's error of that status; 429 and 503 with `retry-after: 1` |
/// | `fail-quota` | 429 for an exhausted quota, not for a rate |
/// | `flaky` | every odd call of that model fails with 500 |
/// | `slow-head[-MS]` | the head comes late (2,000 ms) |
/// | `slow-stream[-MS]` | a pause before each frame (50 ms) |
/// | `cut-head` | the connection is closed instead of a reply |
/// | `cut-stream[-FRAMES]` | the connection breaks after some frames (3), or inside a whole body |
/// | `long-stream[-FRAMES]` | the middle frame of a stream comes that often (1,000) |
/// | `error-in-stream` | a stream's third frame is the vendor's error event |
/// | `hang-stream[-FRAMES]` | a stream stays open and silent after its first frames (2) |
/// | `context-window` | 400: the prompt is too long |
/// | `content-policy` | 400 (or the vendor's block): the prompt is refused by a policy |
/// | `content-filter` | 200, and the answer ends for the vendor's safety reason |
/// | `refusal` | 200, and the model declines |
/// | `thinking` | thinking before the answer, with a signature where the vendor signs |
/// | `redacted` | like `thinking`, with a redacted block where the vendor has one |
/// | `empty` | 200 and no text |
/// | `bad-json`, `not-json` | 200 and half a JSON body, or an HTML page |
/// | `redirect` | 307 to the URL that is the last user text |
/// | `huge[-MB]` | a reply of that size (64) |
/// | `gzip`, `gzip-bomb[-MB]` | the body compressed; a few bytes that inflate to that size (64) |
/// | `missing` | 404: no such model |
/// | `leak[-STATUS]` | an error (401) that repeats the key it was called with, in several forms; 200: a stream whose third frame is such an error |
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    /// Starts on a free port of 127.0.0.1, on a thread of its own.
    ///
    /// # Panics
    /// When no port can be had.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// Starts on this port of 127.0.0.1; 0 lets the system choose.
    ///
    /// # Panics
    /// When the port is taken.
    #[must_use]
    pub fn start_on(port: u16) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request received so far, in the order in which they were complete.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.state.calls()
    }

    /// The last request received.
    ///
    /// # Panics
    /// When there was none.
    #[must_use]
    #[track_caller]
    pub fn last_call(&self) -> RecordedCall {
        self.calls().pop().expect("the upstream received a call")
    }

    /// Forgets the requests received so far.
    pub fn forget(&self) {
        self.state.forget();
    }

    /// Replies whose body is not finished, now.
    #[must_use]
    pub fn open_replies(&self) -> usize {
        self.state.open_replies()
    }

    /// Waits until `count` replies are unfinished: 0 shows that a cancelled call reached the
    /// upstream.
    ///
    /// # Panics
    /// When that does not happen within 60 s.
    #[track_caller]
    pub fn wait_for_open_replies(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.open_replies() != count {
            let open = self.open_replies();
            assert!(
                Instant::now() < deadline,
                "{open} replies are open, not {count}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until `count` requests have been received.
    ///
    /// # Panics
    /// When that does not happen within 60 s.
    #[track_caller]
    pub fn wait_for_calls(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.calls().len() < count {
            let calls = self.calls().len();
            assert!(Instant::now() < deadline, "{calls} calls, not {count}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone when the thread has ended already.
            let _ended = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Never returns; it is dropped when the upstream is.
#[expect(
    clippy::infinite_loop,
    reason = "`!` in a return type does not work in `select!`"
)]
async fn accept(listener: std::net::TcpListener, state: Arc<State>) {
    listener
        .set_nonblocking(true)
        .expect("a non-blocking socket");
    let listener = TcpListener::from_std(listener).expect("a listener");
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            drop(tokio::spawn(serve(stream, Arc::clone(&state))));
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    // A client that goes away, or a reply that is cut on purpose, ends the connection with an
    // error; neither is of interest here.
    drop(
        auto::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

async fn answer(
    request: http::Request<Incoming>,
    state: Arc<State>,
) -> Result<http::Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let call = RecordedCall::new(parts, body);
    state.record(call.clone());
    let reply = route::answer(&call, &state);
    if let Some(pause) = reply.before_head {
        tokio::time::sleep(pause).await;
    }
    if reply.cut_head {
        return Err(Cut);
    }
    Ok(reply.into_response(state))
}

/// Ends the connection without a reply.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests;
