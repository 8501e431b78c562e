use std::fmt::Write;

use ironward_core::Role;

use super::super::{Effect, Ownership, Route, Standing, decide};

const fn letter(ownership: Ownership) -> char {
    match ownership {
        Ownership::Myself => 'S',
        Ownership::KeyOwner => 'K',
        Ownership::PersonalKey => 'P',
        Ownership::TeamPermits => 'T',
        Ownership::TeamMember => 'M',
        Ownership::TeamAdmin => 'A',
        Ownership::OrganisationAdmin => 'O',
        Ownership::MayUse => 'U',
    }
}

const MEANINGS: [&str; 8] = [
    "it is their own user, or the service account's own account",
    "it is their own key, and of no team that they have left",
    "it is their own key, of no team, and of no organisation but their own",
    "it belongs to a team that they are in, to no other person, and the team lets its members use the route",
    "it is their team, or belongs to it",
    "it is a team that they administer, or belongs to it",
    "it is an organisation that they administer, or belongs to it (to change a user: all organisations of that user)",
    "it is a model that their grants allow",
];

/// What a role has to be to the target, found out by asking for every case.
fn cell(role: Role, route: Route) -> String {
    if decide(role, route, Standing::STRANGER).is_ok() {
        return "yes".to_owned();
    }
    let suffices =
        |ownership: &Ownership| decide(role, route, Standing::STRANGER.and(*ownership)).is_ok();
    let letters: Vec<String> = Ownership::ALL
        .into_iter()
        .filter(suffices)
        .map(|ownership| letter(ownership).to_string())
        .collect();
    match letters.is_empty() {
        true => "-".to_owned(),
        false => letters.join(" "),
    }
}

/// The page that administrators and reviewers read: the whole matrix.
fn reference() -> String {
    let mut page = String::from(
        "# Who may use the management API\n\n\
         Made by `cargo xtask reference` from the table in `crates/policy/src/access`, which alone decides. What is not here \
         does not exist; what a cell does not allow is refused.\n\n\
         `yes`: on every object. `-`: never. Letters: on objects to which one of these holds:\n\n",
    );
    for (ownership, meaning) in Ownership::ALL.into_iter().zip(MEANINGS) {
        let name = ownership.as_str();
        writeln!(page, "- `{}` ({name}): {meaning}", letter(ownership)).unwrap();
    }
    page.push_str(
        "\n`A` and `O` do not hold for a key or user of another person whose role is `proxy_admin`, `proxy_admin_viewer`, \
         `auditor` or `operator`. A key that stands for no person, and one that somebody else made for its owner, acts as \
         `internal_user_viewer` with nothing but itself. A route that lists shows the objects for which its cell holds. \
         Whatever a cell allows, no grant can be given that is wider than the giver's own.\n\n| route | |",
    );
    for role in Role::ALL {
        write!(page, " {} |", role.as_str()).unwrap();
    }
    page.push_str("\n|---|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    for route in Route::ALL.iter().copied() {
        let row = route.row();
        let paths: Vec<String> = route.paths().map(|path| format!("`{path}`")).collect();
        let effect = match row.effect {
            Effect::Reads => "reads",
            Effect::Lists(_) => "lists",
            Effect::Changes => "changes",
        };
        write!(
            page,
            "\n| {} {} | {effect} |",
            row.method.as_str(),
            paths.join(", ")
        )
        .unwrap();
        for role in Role::ALL {
            write!(page, " {} |", cell(role, route)).unwrap();
        }
    }
    page.push('\n');
    page
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/access.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == reference(),
        "docs/access.md is out of date; run `cargo xtask reference`, and review what it changes"
    );
}
