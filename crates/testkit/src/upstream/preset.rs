mod scan;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use scan::{Progress, Scan};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a [`PresetUpstream`] answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Frames of a stream, before its last ones.
    pub chunks: usize,
    /// The pause between two frames.
    pub interval: Duration,
    /// Whether a stream stays open and silent after its first frame.
    pub idle: bool,
}

/// An upstream for load: it parses no JSON and no header but the length, and answers with bytes
/// that were made before the first call, so that it is not what a benchmark measures.
///
/// A request whose body says `"stream":true` in its first or last kilobyte gets the stream, every
/// other one the whole reply of about 500 bytes. HTTP/1.1 with keep-alive only.
pub struct PresetUpstream {
    listener: std::net::TcpListener,
    script: Script,
}

impl PresetUpstream {
    /// Listens on this port of 127.0.0.1 (0 lets the system choose), and does not serve yet.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn bind(port: u16, preset: Preset) -> io::Result<Self> {
        Ok(Self {
            listener: std::net::TcpListener::bind(("127.0.0.1", port))?,
            script: Script::new(preset),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves on this thread until the process ends.
    ///
    /// # Errors
    /// When the listener fails.
    pub fn serve(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            self.listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(self.listener)?;
            let script = Arc::new(self.script);
            loop {
                let (stream, _) = listener.accept().await?;
                let script = Arc::clone(&script);
                // A load generator that hangs up in the middle is no event.
                drop(tokio::spawn(
                    async move { drop(serve(stream, &script).await) },
                ));
            }
        })
    }
}

/// The bytes of every reply.
struct Script {
    whole: Bytes,
    head: Bytes,
    frames: Vec<Bytes>,
    end: Bytes,
    preset: Preset,
}

impl Script {
    fn new(preset: Preset) -> Self {
        let body = whole_body();
        let whole = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let mut frames: Vec<_> = (0..preset.chunks).map(|at| chunk(&frame(at))).collect();
        frames.push(chunk(&last_frame()));
        Self {
            whole: whole.into(),
            head: head.into(),
            frames,
            end: format!("{}0\r\n\r\n", chunk_text("data: [DONE]\n\n")).into(),
            preset,
        }
    }
}

async fn serve(mut stream: TcpStream, script: &Script) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut scan = Scan::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let streamed = loop {
            match scan.progress()? {
                Progress::Request { streamed } => break streamed,
                Progress::More => {}
            }
            let length = stream.read(&mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            scan.push(buffer.get(..length).unwrap_or_default());
        };
        if streamed {
            write_stream(&mut stream, script).await?;
        } else {
            stream.write_all(&script.whole).await?;
        }
    }
}

async fn write_stream(stream: &mut TcpStream, script: &Script) -> io::Result<()> {
    stream.write_all(&script.head).await?;
    for frame in &script.frames {
        stream.write_all(frame).await?;
        if script.preset.idle {
            // Only the peer's leaving ends it.
            while stream.read(&mut [0; 64]).await? > 0 {}
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !script.preset.interval.is_zero() {
            tokio::time::sleep(script.preset.interval).await;
        }
    }
    stream.write_all(&script.end).await
}

fn whole_body() -> String {
    json!({
        "id": "chatcmpl-preset",
        "object": "chat.completion",
        "created": 1_767_225_600,
        "model": "gpt-test",
        "choices": [{
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "The quick brown fox jumps over the lazy dog, again and again.",
                "refusal": null,
                "annotations": [],
            },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": 12, "completion_tokens": 14, "total_tokens": 26,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "system_fingerprint": "fp_test",
    })
    .to_string()
}

fn frame(at: usize) -> String {
    let delta = if at == 0 {
        json!({"role": "assistant", "content": ""})
    } else {
        json!({"content": format!(" word{at}")})
    };
    event(&json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]))
}

/// The end of the choice, and the usage in the same event, as several vendors send it.
fn last_frame() -> String {
    event(&json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop"}]))
}

fn event(choices: &serde_json::Value) -> String {
    let event = json!({
        "id": "chatcmpl-preset", "object": "chat.completion.chunk", "created": 1_767_225_600,
        "model": "gpt-test", "system_fingerprint": "fp_test", "choices": choices,
    });
    format!("data: {event}\n\n")
}

fn chunk(text: &str) -> Bytes {
    chunk_text(text).into()
}

fn chunk_text(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[cfg(test)]
mod tests;
