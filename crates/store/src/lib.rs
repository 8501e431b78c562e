//! What Ironward keeps: the objects that carry authority, in a database that is not trusted.
//!
//! [`Store`] writes and reads them over `SQLite` or `PostgreSQL`. Every row carries a MAC over all
//! that decides anything, and the census covers which rows there are, so that whoever can write to
//! the database can neither make nor change nor quietly remove authority. [`Directory`] is the
//! verified content in memory, which the data path asks without a lock; [`Feed`] keeps it current
//! and knows for how long it has been so. [`snapshot`] is the sealed copy in the data directory.

mod census;
mod change;
mod database;

mod directory;
mod error;
mod feed;

mod ids;
mod role;
mod row;
mod schema;
mod seal;
mod sql;
mod store;
mod tampering;

pub mod litellm;
pub mod objects;
pub mod snapshot;

pub use change::{Change, MAX_BODY, MAX_ID};
pub use database::{Location, Pool};
pub use directory::{
    Dated, Directory, DirectoryWriter, Entry, Found, Grants, KeyOrder, KeysOf, LiveKey, LiveSecret,
    Objects, UserOrder, Uses,
};
pub use error::{LoadError, StoreError, WriteError};
pub use feed::{Feed, Freshness};
pub use row::Stored;
pub use store::{Applied, KeySource, Load, LockedStore, Progress, Store, WrappedKey};
pub use tampering::{Tampering, Wrong};
