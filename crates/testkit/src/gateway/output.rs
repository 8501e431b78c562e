use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

/// What a process prints, collected by a thread for each pipe.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<Texts>>);

#[derive(Default)]
struct Texts {
    all: String,
    /// The part of it that came on stderr.
    log: String,
}

impl Output {
    pub(super) fn collect(
        &self,
        pipe: Option<impl Read + Send + 'static>,
        lines: Sender<String>,
        is_log: bool,
    ) {
        let Some(pipe) = pipe else { return };
        let output = self.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while reader
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                let text = String::from_utf8_lossy(&line).into_owned();
                output.push(&text, is_log);
                // Nobody listens once the gateway is ready.
                drop(lines.send(text));
                line.clear();
            }
        });
    }

    fn push(&self, text: &str, is_log: bool) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.all.push_str(text);
        if is_log {
            texts.log.push_str(text);
        }
    }

    pub(super) fn text(&self) -> String {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.all.clone()
    }

    pub(super) fn log(&self) -> String {
        let texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.log.clone()
    }
}
