use std::fmt;

use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Body, Json};

/// A JSON value of a call with the place where it stands, so that a fault names the exact field
/// and never repeats what is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a, 'p> {
    text: &'a str,
    at: Place<'p>,
}

/// Where a value stands: `messages[2].content[0].text`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'p> {
    Top(&'p str),
    Field(&'p Self, &'p str),
    Item(&'p Self, usize),
}

impl<'a, 'p> Node<'a, 'p> {
    /// The top-level field `name`, unless it is absent or `null`.
    pub(crate) fn top(body: &'a Body, name: &'p str) -> Option<Self> {
        let at = Place::Top(name);
        body.field(name).map(|text| Self { text, at })
    }

    /// The field `name` of this object, as its fields were read.
    pub(crate) fn field<'n>(
        &'n self,
        name: &'n str,
        value: Option<&'a RawValue>,
    ) -> Option<Node<'a, 'n>> {
        Some(Node {
            text: value?.get(),
            at: Place::Field(&self.at, name),
        })
    }

    /// As [`Node::field`], for one that has to be there.
    pub(crate) fn required<'n>(
        &'n self,
        name: &'n str,
        value: Option<&'a RawValue>,
    ) -> Result<Node<'a, 'n>, Fault> {
        self.field(name, value).ok_or_else(|| {
            let at = Place::Field(&self.at, name).to_string();
            let message = format!("'{at}' is missing");
            Fault::invalid(at, message)
        })
    }

    /// The fault of a value that is not what it has to be.
    pub(crate) fn fault(&self, expected: &str) -> Fault {
        let at = self.at.to_string();
        let message = format!("'{at}' has to be {expected}");
        Fault::invalid(at, message)
    }

    pub(crate) fn is_string(&self) -> bool {
        self.text.starts_with('"')
    }

    pub(crate) fn is_array(&self) -> bool {
        self.text.starts_with('[')
    }

    pub(crate) fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    /// The JSON text.
    pub(crate) const fn text(&self) -> &'a str {
        self.text
    }

    /// The value as it was written.
    pub(crate) fn json(&self) -> Result<Json, Fault> {
        Json::from_text(self.text.to_owned()).map_err(|_| self.fault("JSON"))
    }

    /// The value as it was written, which has to be an object.
    pub(crate) fn json_object(&self) -> Result<Json, Fault> {
        if self.is_object() {
            self.json()
        } else {
            Err(self.fault("an object"))
        }
    }

    pub(crate) fn string(&self) -> Result<String, Fault> {
        self.read("a string")
    }

    pub(crate) fn boolean(&self) -> Result<bool, Fault> {
        self.read("true or false")
    }

    pub(crate) fn float(&self) -> Result<f64, Fault> {
        self.read("a number")
    }

    /// A whole number from 0; `1.0` counts as one.
    pub(crate) fn count(&self) -> Result<u64, Fault> {
        let expected = "a whole number, zero or more";
        let number: Number = self.read(expected)?;
        number
            .whole()
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| self.fault(expected))
    }

    /// A whole number.
    pub(crate) fn integer(&self) -> Result<i64, Fault> {
        let expected = "a whole number";
        let number: Number = self.read(expected)?;
        number
            .whole()
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| self.fault(expected))
    }

    /// The fields of an object that `T` names.
    pub(crate) fn object<T: Deserialize<'a>>(&self) -> Result<T, Fault> {
        // A derived reader would take a list for an object.
        if self.is_object() {
            self.read("an object")
        } else {
            Err(self.fault("an object"))
        }
    }

    /// What `take` makes of each item of a list.
    pub(crate) fn items(
        &self,
        mut take: impl FnMut(Node<'a, '_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let items: Vec<&'a RawValue> = self.read("a list")?;
        items.iter().enumerate().try_for_each(|(position, item)| {
            take(Node {
                text: item.get(),
                at: Place::Item(&self.at, position),
            })
        })
    }

    fn read<T: Deserialize<'a>>(&self, expected: &str) -> Result<T, Fault> {
        serde_json::from_str(self.text).map_err(|_| self.fault(expected))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, position) => write!(f, "{parent}[{position}]"),
        }
    }
}

/// A number that may be written `1.0` where a whole one is meant.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    fn whole(&self) -> Option<i128> {
        /// Above it a float is no exact count.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match *self {
            Self::Unsigned(number) => Some(number.into()),
            Self::Signed(number) => Some(number.into()),
            Self::Float(number) =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whole and below 2^53, as just checked"
                )]
                (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i128)
            }
        }
    }
}

#[cfg(test)]
mod tests;
