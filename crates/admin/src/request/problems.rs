use super::Place;
use crate::fault::{Detail, Refusal};

/// The most places that one answer names.
const MOST: usize = 50;

/// What is wrong with a request, gathered while it is read.
#[derive(Default)]
pub(crate) struct Problems {
    shape: Vec<Detail>,
    value: Option<Refusal>,
}

impl Problems {
    /// A value of the wrong type or a field that is missing or unknown: 422, as FastAPI has it.
    pub(crate) fn shape(
        &mut self,
        at: &Place<'_>,
        kind: &'static str,
        message: impl Into<Box<str>>,
    ) {
        if !self.is_full() {
            self.shape.push(Detail {
                kind,
                loc: at.path(),
                msg: message.into(),
            });
        }
    }

    /// A value of the right type that cannot be taken: 400. The first one is answered.
    pub(crate) fn value(&mut self, at: &Place<'_>, message: impl AsRef<str>) {
        self.value.get_or_insert_with(|| {
            let place = at.to_string();
            Refusal::bad_request(format!("{place}: {}", message.as_ref())).with_param(place)
        });
    }

    /// Whether no more places are named.
    pub(crate) fn is_full(&self) -> bool {
        self.shape.len() >= MOST
    }

    /// `read`, if nothing was wrong.
    pub(crate) fn or<T>(self, read: T) -> Result<T, Refusal> {
        if !self.shape.is_empty() {
            return Err(Refusal::Shape(self.shape));
        }
        self.value.map_or(Ok(read), Err)
    }
}
