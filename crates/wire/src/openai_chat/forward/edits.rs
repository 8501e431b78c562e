use std::ops::Range;

/// What is changed in a text: by place, none of them in another.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// Where the model's name stands, which becomes the client's name.
    pub(super) model: Option<Range<usize>>,
    /// Where the usage stands, and what becomes of it.
    pub(super) usage: Option<(Range<usize>, &'static str)>,
}

impl Edits {
    pub(super) const fn renaming(model: Range<usize>) -> Self {
        let (model, usage) = (Some(model), None);
        Self { model, usage }
    }

    /// How many bytes are replaced.
    pub(super) fn replaced(&self) -> usize {
        let usage = self.usage.as_ref().map_or(0, |(place, _)| place.len());
        self.model.as_ref().map_or(0, Range::len) + usage
    }
}

/// `whole` with its edits, with this name of the model.
pub(super) fn splice(whole: &[u8], edits: &Edits, model: &str, out: &mut Vec<u8>) {
    let model = edits.model.as_ref().map(|place| (place, model));
    let usage = edits.usage.as_ref().map(|(place, text)| (place, *text));
    let both = match (model, usage) {
        (Some(model), Some(usage)) if usage.0.start < model.0.start => [Some(usage), Some(model)],
        both => both.into(),
    };
    let mut from = 0;
    for (place, text) in both.into_iter().flatten() {
        out.extend_from_slice(whole.get(from..place.start).unwrap_or_default());
        out.extend_from_slice(text.as_bytes());
        from = place.end;
    }
    out.extend_from_slice(whole.get(from..).unwrap_or_default());
}

/// Where `part`, a slice of `whole`, stands in it.
pub(super) fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    start..start.wrapping_add(part.len())
}

/// Where the member of an object whose value stands at `value` is, with the comma that parts it
/// from its neighbour. `None`: its key is not written plainly.
pub(super) fn member(whole: &[u8], value: &Range<usize>) -> Option<Range<usize>> {
    let before = whole.get(..value.start)?.trim_ascii_end();
    let before = before.strip_suffix(b":")?.trim_ascii_end();
    let before = before.strip_suffix(b"\"usage\"")?;
    if let Some(before) = before.trim_ascii_end().strip_suffix(b",") {
        return Some(before.len()..value.end);
    }
    let behind = whole.get(value.end..)?;
    let rest = behind.trim_ascii_start().strip_prefix(b",");
    let rest = rest.unwrap_or(behind);
    Some(before.len()..whole.len() - rest.len())
}
