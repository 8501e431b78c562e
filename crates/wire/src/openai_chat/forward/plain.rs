use std::ops::Range;

use memchr::memmem::Finder;

/// Recognises the frames that nearly a whole stream is made of, without reading their JSON: one
/// more piece of the first choice, nothing else.
///
/// Such frames are alike up to the model's name, and what has to be noticed behind it can be told
/// by its name: inside a JSON string no quote stands alone, so a quoted word is a key or a value.
/// In doubt a frame is not plain, and is read.
#[derive(Debug)]
pub(super) struct Plain {
    /// What the last frame that was read began with, up to the model's name and with it.
    beginning: Vec<u8>,
    model: Range<usize>,
    choice: Finder<'static>,
    finish: Finder<'static>,
    usage: Finder<'static>,
    error: Finder<'static>,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self {
            beginning: Vec::new(),
            model: 0..0,
            choice: Finder::new(br#""choices":[{"index":0,"#),
            finish: Finder::new(br#""finish_reason""#),
            usage: Finder::new(br#""usage""#),
            error: Finder::new(br#""error""#),
        }
    }

    /// Remembers a frame that was read, with its model's name at `model`.
    pub(super) fn learn(&mut self, frame: &[u8], model: Range<usize>) {
        self.beginning.clear();
        self.beginning
            .extend_from_slice(frame.get(..model.end).unwrap_or_default());
        self.model = model;
    }

    /// Where the model's name stands, if the frame is plain.
    pub(super) fn model(&self, frame: &[u8]) -> Option<Range<usize>> {
        if self.beginning.is_empty() {
            return None;
        }
        let rest = frame.strip_prefix(self.beginning.as_slice())?;
        let line = rest.strip_suffix(b"\n\n")?;
        let is_plain = memchr::memchr2(b'\n', b'\r', line).is_none()
            && self.choice.find(line).is_some()
            && is_null(&self.finish, line)
            && is_null(&self.usage, line)
            && self.error.find(line).is_none();
        is_plain.then(|| self.model.clone())
    }
}

/// Whether a field is missing, or is `null` and there once.
fn is_null(field: &Finder<'static>, line: &[u8]) -> bool {
    let Some(found) = field.find(line) else {
        return true;
    };
    let rest = line.get(found + field.needle().len()..).unwrap_or_default();
    rest.starts_with(b":null") && field.find(rest).is_none()
}
