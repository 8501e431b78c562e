use bytes::{BufMut, BytesMut};
use serde::Serialize;

/// Writes JSON straight into a buffer.
///
/// It keeps no state: whether a comma is due is told by the last byte written, since no value ends
/// in `{`, `[` or `:`, and what stands before a document ends in a blank.
#[derive(Debug)]
pub(crate) struct JsonWriter<'a> {
    out: &'a mut BytesMut,
}

impl<'a> JsonWriter<'a> {
    /// Appends to `out`, which is empty or ends in a blank.
    pub(crate) const fn new(out: &'a mut BytesMut) -> Self {
        Self { out }
    }

    pub(crate) fn begin_object(&mut self) -> &mut Self {
        self.comma();
        self.out.put_u8(b'{');
        self
    }

    pub(crate) fn end_object(&mut self) -> &mut Self {
        self.out.put_u8(b'}');
        self
    }

    pub(crate) fn begin_array(&mut self) -> &mut Self {
        self.comma();
        self.out.put_u8(b'[');
        self
    }

    pub(crate) fn end_array(&mut self) -> &mut Self {
        self.out.put_u8(b']');
        self
    }

    /// A key that needs no escape.
    pub(crate) fn key(&mut self, key: &'static str) -> &mut Self {
        self.comma();
        self.out.put_u8(b'"');
        self.out.put_slice(key.as_bytes());
        self.out.put_slice(b"\":");
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.value(text)
    }

    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.raw(itoa::Buffer::new().format(number))
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.raw("null")
    }

    /// JSON text that is known to be sound.
    pub(crate) fn raw(&mut self, json: &str) -> &mut Self {
        self.comma();
        self.out.put_slice(json.as_bytes());
        self
    }

    /// As [`JsonWriter::raw`], on one line: a line feed would end the server-sent event. In sound
    /// JSON they stand between values only.
    pub(crate) fn raw_line(&mut self, json: &str) -> &mut Self {
        if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_none() {
            return self.raw(json);
        }
        self.raw(&json.replace(['\n', '\r'], " "))
    }

    /// A value that cannot fail to be written: a string, a number, a flag.
    pub(crate) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        self.comma();
        // A buffer in memory takes everything, and such values have no keys that are no strings.
        serde_json::to_writer((&mut *self.out).writer(), value).unwrap_or_default();
        self
    }

    /// `key` and its value, where there is one.
    pub(crate) fn field<T: Serialize>(&mut self, key: &'static str, value: Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.key(key).value(&value);
        }
        self
    }

    /// `key` and a number, unless it is zero.
    pub(crate) fn count(&mut self, key: &'static str, number: u64) -> &mut Self {
        if number > 0 {
            self.key(key).number(number);
        }
        self
    }

    /// Ends a server-sent event.
    pub(crate) fn end_frame(&mut self) {
        self.out.put_slice(b"\n\n");
    }

    fn comma(&mut self) {
        match self.out.last() {
            None | Some(b'{' | b'[' | b':' | b' ' | b'\n') => {}
            Some(_) => self.out.put_u8(b','),
        }
    }
}
