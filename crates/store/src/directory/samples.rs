//! What the tests of the directory put into it.

use crate::objects::{Key, Metadata, Origin, Owner};

/// A key that is nobody's and may do anything.
pub(super) fn key() -> Key {
    Key {
        secrets: Vec::new(),
        alias: None,
        name: "sk-...abcd".into(),
        owner: Owner::Team,
        team: None,
        project: None,
        organisation: None,
        creator: None,
        grant: Default::default(),
        spending: Default::default(),
        aliases: Default::default(),
        tags: Vec::new(),
        rotation_interval: None,
        metadata: Metadata::new(),
        kept: Metadata::new(),
        origin: Origin::default(),
    }
}
