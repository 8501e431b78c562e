use crate::DirectoryWriter;
use crate::objects::{Content, Key, Kind};

use super::Use;

fn key(alias: &str) -> Content {
    Content::Key(Box::new(Key {
        alias: Some(alias.into()),
        ..Key::default()
    }))
}

fn credential() -> Content {
    Content::Credential(Box::default())
}

fn of(kind: Kind, id: &str, second: u32) -> Use {
    let id = id.into();
    Use { kind, id, second }
}

#[test]
fn a_key_that_is_changed_was_used_when_it_was() {
    let mut writer = DirectoryWriter::new();
    let directory = writer.directory();
    writer.set("k", key("one"));
    let before = directory.keys.find("k").unwrap();
    before.object.last_use.note(7_000);
    writer.set("k", key("two"));
    let after = directory.keys.find("k").unwrap();
    assert!(!before.is_current() && after.is_current());
    assert_eq!(after.object.last_use.at(), Some(7_000));
    let found = directory.unkept_uses(9);
    assert_eq!(found, [of(Kind::Key, "k", 7)]);
    directory.note_kept(&found[0]);
    writer.set("k", key("three"));
    assert_eq!(directory.unkept_uses(9), []);
    writer.unset(Kind::Key, "k");
    writer.set("k", key("another"));
    let another = directory.keys.find("k").unwrap();
    assert_eq!(another.object.last_use.at(), None);
}

#[test]
fn whoever_uses_a_credential_notes_it_for_every_version() {
    let mut writer = DirectoryWriter::new();
    let directory = writer.directory();
    writer.set("c", credential());
    let held = directory.credential_uses.of("c").unwrap();
    writer.set("c", credential());
    held.note(7_000);
    assert_eq!(
        directory.unkept_uses(9),
        [of(Kind::Credential, "c", 7)],
        "noted by a call that runs by the old one"
    );
    writer.unset(Kind::Credential, "c");
    assert!(directory.credential_uses.of("c").is_none());
    held.note(9_000);
    writer.set("c", credential());
    assert_eq!(directory.unkept_uses(9), [], "another one of the same name");
}

#[test]
fn a_look_is_bounded() {
    let mut writer = DirectoryWriter::new();
    let directory = writer.directory();
    for number in 0..5 {
        let id = number.to_string();
        writer.set(&id, key("k"));
        directory
            .keys
            .find(&id)
            .unwrap()
            .object
            .last_use
            .note(7_000);
    }
    assert_eq!(directory.unkept_uses(2).len(), 2);
    // What nobody holds is not kept in memory.
    directory.note_kept(&of(Kind::Key, "gone", 7));
    directory.note_kept(&of(Kind::Team, "t", 7));
    assert_eq!(directory.unkept_uses(9).len(), 5);
}
