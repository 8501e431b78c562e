use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::contender::{Bench, Contender, KEY, PATH};
use super::machine::resident_mb;

/// Memory with and without open streams.
pub(super) struct Idle {
    pub(super) streams: usize,
    pub(super) before_mb: f64,
    pub(super) with_mb: f64,
}

impl Idle {
    /// Kilobytes that each stream adds.
    pub(super) fn kilobytes_each(&self) -> f64 {
        (self.with_mb - self.before_mb) * 1024.0 / self.streams as f64
    }
}

/// Opens so many streams at once, each silent after its first chunk, and weighs the proxy.
pub(super) fn measure(bench: &Bench, contender: Contender, streams: usize) -> Result<Idle, String> {
    let bench = bench.idle()?;
    let proxy = bench.start(contender, true, &["0"])?;
    let pid = proxy.process.pid();
    // What the first call allocates for good does not belong to a stream.
    let warm = open(proxy.address)?;
    let before_mb = resident_mb(pid)?;
    let mut open_streams = vec![warm];
    for count in 1..streams {
        open_streams.push(open(proxy.address)?);
        if count.is_multiple_of(1000) {
            println!("idle         {:<9} {count} streams", contender.name());
        }
    }
    std::thread::sleep(Duration::from_millis(500));
    let with_mb = resident_mb(pid)?;
    let idle = Idle {
        streams,
        before_mb,
        with_mb,
    };
    println!(
        "idle         {:<9} {streams} streams, {with_mb:.1} MB, {:.1} KB each",
        contender.name(),
        idle.kilobytes_each()
    );
    Ok(idle)
}

/// Opens one stream and reads up to its first chunk.
fn open(address: SocketAddr) -> Result<TcpStream, String> {
    let text = |error: std::io::Error| format!("an idle stream: {error}");
    let body = r#"{"model":"gpt-test","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let mut stream = TcpStream::connect(address).map_err(text)?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .map_err(text)?;
    stream.set_nodelay(true).map_err(text)?;
    let request = format!(
        "POST {PATH} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {KEY}\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).map_err(text)?;
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.windows(6).any(|window| window == b"data: ") {
        let length = stream.read(&mut buffer).map_err(text)?;
        if length == 0 {
            return Err(format!("refused: {}", String::from_utf8_lossy(&seen)));
        }
        seen.extend_from_slice(buffer.get(..length).unwrap_or_default());
    }
    Ok(stream)
}
