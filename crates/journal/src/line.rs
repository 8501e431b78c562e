use std::fmt::Display;
use std::io::Write as _;
use std::net::IpAddr;

use ironward_core::CallId;

use crate::value::{CUT, write_char};

/// Writes an object as canonical JSON. That its names come in order is for whoever writes it to see to.
pub(crate) struct Line<'a> {
    to: &'a mut Vec<u8>,
    /// Whether something stands before the next name.
    is_begun: bool,
    /// The most characters of a text.
    most: usize,
}

impl<'a> Line<'a> {
    /// Opens an object.
    pub(crate) fn open(to: &'a mut Vec<u8>, most: usize) -> Self {
        to.push(b'{');
        Self {
            to,
            is_begun: false,
            most,
        }
    }

    fn name(&mut self, name: &'static str) {
        if self.is_begun {
            self.to.push(b',');
        }
        self.is_begun = true;
        self.to.push(b'"');
        self.to.extend_from_slice(name.as_bytes());
        self.to.extend_from_slice(b"\":");
    }

    pub(crate) fn number(&mut self, name: &'static str, number: u64) {
        self.name(name);
        let mut digits = itoa::Buffer::new();
        self.to.extend_from_slice(digits.format(number).as_bytes());
    }

    /// A number, where it is not 0.
    pub(crate) fn count(&mut self, name: &'static str, number: u64) {
        if number > 0 {
            self.number(name, number);
        }
    }

    /// That something is so; that it is not goes without saying.
    pub(crate) fn truth(&mut self, name: &'static str, is_so: bool) {
        if is_so {
            self.name(name);
            self.to.extend_from_slice(b"true");
        }
    }

    pub(crate) fn text(&mut self, name: &'static str, text: &str) {
        self.name(name);
        self.to.push(b'"');
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'"' && *byte != b'\\';
        if text.len() <= self.most && text.as_bytes().iter().all(is_plain) {
            self.to.extend_from_slice(text.as_bytes());
        } else {
            self.bounded(text);
        }
        self.to.push(b'"');
    }

    pub(crate) fn some(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// The id of a call, and what is added to it.
    pub(crate) fn id(&mut self, name: &'static str, id: CallId, more: &'static str) {
        self.name(name);
        self.to.push(b'"');
        self.to.extend_from_slice(&id.to_hex());
        self.to.extend_from_slice(more.as_bytes());
        self.to.push(b'"');
    }

    /// What is shown in printable ASCII.
    pub(crate) fn shown(&mut self, name: &'static str, what: &impl Display) {
        self.name(name);
        // Writing to memory does not fail.
        let _written = write!(self.to, "\"{what}\"");
    }

    pub(crate) fn address(&mut self, name: &'static str, address: IpAddr) {
        let IpAddr::V4(address) = address else {
            return self.shown(name, &address);
        };
        // Quicker than what is made for any width and alignment.
        self.name(name);
        let mut before = b'"';
        for octet in address.octets() {
            self.to.push(before);
            let mut digits = itoa::Buffer::new();
            self.to.extend_from_slice(digits.format(octet).as_bytes());
            before = b'.';
        }
        self.to.push(b'"');
    }

    /// An object, unless nothing is written into it.
    pub(crate) fn object(&mut self, name: &'static str, write: impl FnOnce(&mut Line<'_>)) {
        let (length, is_begun) = (self.to.len(), self.is_begun);
        self.name(name);
        let mut inner = Line::open(self.to, self.most);
        write(&mut inner);
        let is_empty = !inner.is_begun;
        inner.close();
        if is_empty {
            self.to.truncate(length);
            self.is_begun = is_begun;
        }
    }

    pub(crate) fn close(self) {
        self.to.push(b'}');
    }

    /// As [`crate::bounded`] cuts it.
    fn bounded(&mut self, text: &str) {
        let is_cut = text.chars().nth(self.most).is_some();
        let most = self.most - usize::from(is_cut);
        let cut = is_cut.then_some(CUT);
        for c in text.chars().take(most).chain(cut) {
            write_char(c, |c| self.to.extend(u8::try_from(c)));
        }
    }
}
