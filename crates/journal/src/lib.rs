//! The journal: what happened, in an order that nobody can change unseen.
//!
//! A [`Record`] is canonical JSON. Records are the leaves of a Merkle tree (RFC 6962), which lies on
//! disk as tiles and entry bundles (<https://c2sp.org/tlog-tiles>), and whose head is signed as a
//! checkpoint (<https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>). What came after
//! the last checkpoint lies in the *tail*, each group of records sealed or signed ([`tail`]).
//!
//! [`Journal`] is the handle, and a [`Desk`] what a thread has of it that serves calls: one thread
//! writes ([`writer`]), another publishes checkpoints ([`publish`]). [`verify()`] and [`Reader`] read a folder without either.

mod call;
mod edge;
mod folder;
mod hash;
mod journal;
mod line;
mod note;
mod proof;
mod publish;
mod read;
mod record;
mod tail;
#[cfg(test)]
mod testing;
mod tile;
mod value;
mod verify;
mod writer;

pub use call::{Call, Cost, Served, Settlement};
pub use edge::Edge;
pub use folder::Folder;
pub use hash::{Hash, hash_leaf, hash_node};
pub use journal::{
    Desk, Journal, OpenError, Options, Pending, Recorded, TellTrouble, Trouble, Unwritten, Wait,
    Written,
};
pub use note::{Checkpoint, NoteError, Signer, VerifierKey};
pub use proof::{Proof, ProofError};
pub use read::{ReadError, Reader};
pub use record::{Kind, LARGEST_RECORD, Record, SCHEMA, Stamp, Who};
pub use tail::{Scanned, scan as scan_tail};
pub use tile::{Bundle, Tile, read_bundle};
pub use value::{Fields, Value, bounded};
pub use verify::{Finding, Report, Subject, Verifying, Wrong, verify};
pub use writer::Durability;
