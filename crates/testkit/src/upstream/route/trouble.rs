use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

use super::Family;
use crate::upstream::ask::Ask;
use crate::upstream::behaviour::Behaviour;
use crate::upstream::delivery::{End, Reply};
use crate::upstream::refusal::{Refusal, RefusalKind};

/// Refuses when the model's name asks for a failure before any answer.
pub(super) fn refuse(behaviour: Behaviour, model: &str) -> Result<(), Refusal> {
    let (status, kind, message) = match behaviour {
        Behaviour::Fail(status @ 401) => (status, RefusalKind::Key, "wrong key, as asked"),
        Behaviour::Fail(404) | Behaviour::Missing => (404, RefusalKind::Model, model),
        Behaviour::Fail(status) => (status, RefusalKind::Plain, "failed, as asked"),
        Behaviour::FailQuota => (429, RefusalKind::Quota, "out of quota, as asked"),
        Behaviour::ContextWindow => (400, RefusalKind::ContextWindow, "too long, as asked"),
        Behaviour::ContentPolicy => (400, RefusalKind::Policy, "against policy, as asked"),
        _ => return Ok(()),
    };
    Err(Refusal::new(status, kind, message))
}

/// Delivers the reply with the trouble that the model's name asks for.
pub(super) fn apply(
    mut reply: Reply,
    behaviour: Behaviour,
    ask: &Ask,
    family: &dyn Family,
) -> Reply {
    match behaviour {
        Behaviour::SlowHead(pause) => reply.before_head = Some(pause),
        Behaviour::SlowStream(pace) if reply.stream => reply.pace = Some(pace),
        Behaviour::CutHead => reply.cut_head = true,
        Behaviour::CutStream(frames) => stop_early(&mut reply, frames, End::Cut),
        Behaviour::HangStream(frames) => stop_early(&mut reply, frames, End::Hang),
        Behaviour::LongStream(frames) if reply.stream => {
            let middle = reply.frames.len() / 2;
            if let Some(frame) = reply.frames.get(middle).cloned() {
                let more = std::iter::repeat_n(frame, frames);
                reply.frames.splice(middle..middle, more).for_each(drop);
            }
        }
        Behaviour::ErrorInStream if reply.stream => {
            reply.frames.truncate(2);
            reply.frames.push(family.failure_frame());
        }
        Behaviour::BadJson => break_json(&mut reply),
        Behaviour::NotJson => return Reply::whole(200, "text/html", HTML),
        Behaviour::Redirect => {
            return Reply::whole(307, "text/plain", "elsewhere")
                .with_header("location", ask.text.trim());
        }
        Behaviour::Huge(megabytes) => fill(&mut reply, megabytes),
        Behaviour::Gzip => reply = compress(reply),
        Behaviour::GzipBomb(megabytes) => {
            let bomb = bomb(&reply.frames.concat(), megabytes);
            reply.frames = vec![bomb];
            reply = reply.with_header("content-encoding", "gzip");
        }
        _ => {}
    }
    reply
}

fn stop_early(reply: &mut Reply, frames: usize, end: End) {
    if reply.stream {
        reply.frames.truncate(frames);
    } else {
        let body = Bytes::from(reply.frames.concat());
        reply
            .headers
            .push(("content-length", body.len().to_string()));
        reply.frames = vec![body.slice(..body.len() / 2)];
    }
    reply.end = end;
}

fn break_json(reply: &mut Reply) {
    let at = if reply.stream { 1 } else { 0 };
    reply.frames.truncate(at + 1);
    if let Some(frame) = reply.frames.last_mut() {
        let mut half = frame.slice(..frame.len() / 2).to_vec();
        if reply.stream {
            half.extend_from_slice(b"\n\n");
        }
        *frame = half.into();
    }
}

/// Replaces the mark in the answer's text by megabytes of it.
fn fill(reply: &mut Reply, megabytes: usize) {
    let filler = Bytes::from(vec![b'a'; 64 * 1024]);
    let mut frames = Vec::new();
    for frame in std::mem::take(&mut reply.frames) {
        match memchr::memmem::find(&frame, FILLER_MARK.as_bytes()) {
            Some(at) => {
                frames.push(frame.slice(..at));
                frames.extend(std::iter::repeat_n(filler.clone(), 16 * megabytes));
                frames.push(frame.slice(at + FILLER_MARK.len()..));
            }
            None => frames.push(frame),
        }
    }
    reply.frames = frames;
}

/// Compresses frame by frame, so that a stream still arrives in pieces.
fn compress(mut reply: Reply) -> Reply {
    let mut gzip = Gzip::start();
    let last = reply.frames.len().saturating_sub(1);
    let frames = reply.frames.iter().enumerate().map(|(at, frame)| {
        gzip.push(frame);
        if at == last {
            gzip.finish();
        }
        Bytes::from(std::mem::take(&mut gzip.out))
    });
    reply.frames = frames.collect();
    reply.with_header("content-encoding", "gzip")
}

/// A body followed by megabytes of blanks, which compress a thousandfold.
fn bomb(body: &[u8], megabytes: usize) -> Bytes {
    let blanks = vec![b' '; 1024 * 1024];
    let mut gzip = Gzip::start();
    gzip.push(body);
    let before = gzip.out.len();
    gzip.push(&blanks);
    // A full flush makes a block independent of those before it: the same bytes can be repeated
    // without compressing them again.
    let block = gzip.out.split_off(before);
    let mut crc = Crc::new();
    crc.update(&blanks);
    gzip.out.extend(block.repeat(megabytes));
    (1..megabytes).for_each(|_| gzip.crc.combine(&crc));
    gzip.finish();
    gzip.out.into()
}

struct Gzip {
    deflate: Compress,
    crc: Crc,
    out: Vec<u8>,
}

impl Gzip {
    fn start() -> Self {
        Self {
            deflate: Compress::new(Compression::best(), false),
            crc: Crc::new(),
            out: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff],
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.deflate(bytes, FlushCompress::Full);
    }

    fn finish(&mut self) {
        self.deflate(&[], FlushCompress::Finish);
        self.out.extend_from_slice(&self.crc.sum().to_le_bytes());
        self.out.extend_from_slice(&self.crc.amount().to_le_bytes());
    }

    fn deflate(&mut self, bytes: &[u8], flush: FlushCompress) {
        let start = self.deflate.total_in();
        loop {
            let taken = usize::try_from(self.deflate.total_in() - start).unwrap_or(usize::MAX);
            let room = self.out.len() + 4096;
            self.out.reserve(4096);
            let rest = bytes.get(taken..).unwrap_or_default();
            self.deflate
                .compress_vec(rest, &mut self.out, flush)
                .expect("deflate takes any bytes");
            // Output space left over shows that nothing is held back.
            if self.out.len() < room {
                return;
            }
        }
    }
}

/// Stands in the answer's text where `huge` puts its megabytes.
pub(super) const FILLER_MARK: &str = "@filler@";

const HTML: &str = "<html><body><h1>502 Bad Gateway</h1></body></html>";

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{Gzip, bomb};

    fn inflate(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes)
            .read_to_end(&mut out)
            .unwrap();
        out
    }

    #[test]
    fn a_bomb_is_small_and_valid() {
        let bomb = bomb(b"{}", 5);
        assert!(bomb.len() < 20_000, "{}", bomb.len());
        let body = inflate(&bomb);
        assert_eq!(body.len(), 2 + 5 * 1024 * 1024);
        assert!(body.starts_with(b"{}  "));
    }

    #[test]
    fn pushed_frames_inflate_to_themselves() {
        let mut gzip = Gzip::start();
        for frame in ["data: 1\n\n", "data: 2\n\n"] {
            gzip.push(frame.as_bytes());
        }
        gzip.finish();
        assert_eq!(inflate(&gzip.out), b"data: 1\n\ndata: 2\n\n");
    }
}
