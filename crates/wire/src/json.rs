use std::fmt;

use ironward_core::Fault;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON value kept as the text that it was written in: tool schemas, logprobs and whatever else
/// passes through without being read.
pub struct Json(Box<RawValue>);

impl Json {
    /// Keeps `text`, which has to be one JSON value.
    ///
    /// # Errors
    /// When it is not.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The value of `from`, written out.
    ///
    /// # Errors
    /// When a map in it has keys that are no strings.
    pub fn from_value<T: Serialize + ?Sized>(from: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(from).map(Self)
    }

    /// `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self(RawValue::from_string("{}".to_owned()).unwrap_or_default())
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Reads the value as `T`.
    ///
    /// # Errors
    /// A fault that names `param` as the field at fault.
    pub fn read<T: DeserializeOwned>(&self, param: &str) -> Result<T, Fault> {
        serde_json::from_str(self.text()).map_err(|error| mistyped(param, &error))
    }

    /// Whether the text is the literal `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    /// Whether the value is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }
}

/// The fault of a field of the wrong type. serde's text repeats the value, which may be anything of
/// the caller's; what was expected, and where, says enough.
#[must_use]
pub fn mistyped(param: &str, error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let expected = text
        .rsplit_once(", expected ")
        .map_or("another value", |(_, expected)| expected);
    Fault::invalid(
        param,
        format!("'{param}' is not valid: expected {expected}"),
    )
}

impl Clone for Json {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}
