//! Groups of fields that several kinds of objects share: what they may do, and what they may spend.

mod grant;
mod kept;
mod spending;

pub(crate) use grant::GrantFields;
pub(crate) use kept::{Kept, KeptField, Spend, Unset};
pub(crate) use spending::{Duration, SpendingFields, looser};
