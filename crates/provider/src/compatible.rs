//! Vendors that speak OpenAI's wire format: rows of a table, not files.

use crate::Vendor;

pub(crate) fn vendors() -> impl Iterator<Item = Vendor> {
    std::iter::empty()
}
