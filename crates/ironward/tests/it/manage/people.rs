use super::{Managed, field};

#[test]
fn teams_and_their_members() {
    let managed = Managed::start();
    let made = managed.says(&[
        "team",
        "create",
        "--id",
        "blue",
        "--alias",
        "Team Blue",
        "--models",
        "mock",
        "--max-budget",
        "100",
        "--budget-duration",
        "30d",
    ]);
    assert_eq!(field(&made, "team_id"), "blue");
    managed.says(&["team", "create", "--id", "red", "--alias", "\u{1f534} red"]);
    let user = managed.says(&[
        "user",
        "create",
        "--id",
        "ada",
        "--email",
        "ada@example.org",
        "--role",
        "internal_user",
        "--teams",
        "blue",
    ]);
    assert!(
        !user.contains("sk-"),
        "no key unless it is asked for: {user}"
    );
    managed.says(&["user", "create", "--id", "bob", "--alias", "Bob"]);
    assert_eq!(
        managed.says(&[
            "team",
            "add-member",
            "blue",
            "bob",
            "--role",
            "admin",
            "--max-budget",
            "5"
        ]),
        "bob is a member of team blue now\n"
    );
    assert_eq!(
        managed.says(&["team", "block", "red"]),
        "team red is blocked\n"
    );
    insta::assert_snapshot!(managed.says(&["team", "list"]), @r"
    id    alias      organization  members  models  budget  blocked
    blue  Team Blue  -             2        mock    100.0   false
    red   🔴 red     -             0        -       -       true
    ");
    insta::assert_snapshot!(managed.says(&["user", "list"]), @r"
    id   email            alias  role                  teams  keys  budget
    ada  ada@example.org  -      internal_user         blue   0     -
    bob  -                Bob    internal_user_viewer  blue   0     -
    ");
    managed.says(&[
        "team",
        "remove-member",
        "blue",
        "--email",
        "ada@example.org",
    ]);
    managed.says(&["team", "unblock", "red"]);
    managed.says(&[
        "team",
        "update",
        "red",
        "--alias",
        "Red",
        "--set",
        "max_budget=7",
    ]);
    let shown = managed.says(&["team", "show", "red"]);
    assert_eq!(field(&shown, "max_budget"), "7.0");
    assert_eq!(field(&shown, "team_alias"), "Red");
    let team = managed.json(&["team", "show", "blue"]);
    let members = team["team_info"]["members_with_roles"]
        .as_array()
        .expect("a list");
    assert_eq!(members.len(), 1);
    assert_eq!(
        (&members[0]["user_id"], &members[0]["role"]),
        (&"bob".into(), &"admin".into())
    );
    managed.says(&["user", "update", "bob", "--email", "bob@example.org"]);
    assert_eq!(
        field(&managed.says(&["user", "show", "bob"]), "user_email"),
        "bob@example.org"
    );
    assert_eq!(
        managed.says(&["user", "delete", "ada", "bob"]),
        "2 users deleted\n"
    );
    assert_eq!(managed.says(&["team", "delete", "red"]), "1 team deleted\n");
    for noun in [["team", "red"], ["user", "ada"]] {
        let (code, said) = managed.fails(&[noun[0], "show", noun[1]]);
        assert_eq!(code, 9, "{said}");
    }
}

#[test]
fn a_user_gets_a_key_where_it_is_asked_for() {
    let managed = Managed::start();
    let made = managed.says(&["user", "create", "--id", "ada", "--with-key"]);
    assert!(field(&made, "key").starts_with("sk-iw-"), "{made}");
}
