use super::{Managed, field};

/// Says what a line of words does that has to succeed.
#[track_caller]
fn says(managed: &Managed, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    managed.says(&words)
}

/// Two teams, and two people in one of them.
fn people() -> Managed {
    let managed = Managed::start();
    let create = "team create --id blue --models mock --max-budget 100 --budget-duration 30d";
    let made = says(&managed, &format!("{create} --alias Blue"));
    assert_eq!(field(&made, "team_id"), "blue");
    managed.says(&["team", "create", "--id", "red", "--alias", "\u{1f534} red"]);
    let create = "user create --id ada --email ada@example.org --role internal_user --teams blue";
    let user = says(&managed, create);
    assert!(
        !user.contains("sk-"),
        "no key unless it is asked for: {user}"
    );
    says(&managed, "user create --id bob --alias Bob");
    let added = says(
        &managed,
        "team add-member blue bob --role admin --max-budget 5",
    );
    assert_eq!(added, "bob is a member of team blue now\n");
    managed
}

#[test]
fn teams_and_people_are_listed_as_tables() {
    let managed = people();
    let blocked = says(&managed, "team block red");
    assert_eq!(blocked, "team red is blocked\n");
    insta::assert_snapshot!(says(&managed, "team list"), @r"
    id    alias   organization  members  models  budget  blocked
    blue  Blue    -             2        mock    100.0   false
    red   🔴 red  -             0        -       -       true
    ");
    insta::assert_snapshot!(says(&managed, "user list"), @r"
    id   email            alias  role                  teams  keys  budget
    ada  ada@example.org  -      internal_user         blue   0     -
    bob  -                Bob    internal_user_viewer  blue   0     -
    ");
}

#[test]
fn teams_and_people_are_changed_and_deleted() {
    let managed = people();
    says(&managed, "team remove-member blue --email ada@example.org");
    let team = managed.json(&["team", "show", "blue"]);
    let members = team["team_info"]["members_with_roles"].as_array();
    let members = members.expect("a list");
    assert_eq!(members.len(), 1);
    assert_eq!(members[0]["user_id"], "bob");
    assert_eq!(members[0]["role"], "admin");
    says(&managed, "team block red");
    says(&managed, "team unblock red");
    says(&managed, "team update red --alias Red --set max_budget=7");
    let shown = says(&managed, "team show red");
    assert_eq!(field(&shown, "max_budget"), "7.0");
    assert_eq!(field(&shown, "team_alias"), "Red");
    assert_eq!(field(&shown, "blocked"), "false");
    says(&managed, "user update bob --email bob@example.org");
    let shown = says(&managed, "user show bob");
    assert_eq!(field(&shown, "user_email"), "bob@example.org");
    assert_eq!(says(&managed, "user delete ada bob"), "2 users deleted\n");
    assert_eq!(says(&managed, "team delete red"), "1 team deleted\n");
    for noun in [["team", "red"], ["user", "ada"]] {
        let (code, said) = managed.fails(&[noun[0], "show", noun[1]]);
        assert_eq!(code, 9, "{said}");
    }
}

#[test]
fn a_user_gets_a_key_where_it_is_asked_for() {
    let managed = Managed::start();
    let made = says(&managed, "user create --id ada --with-key");
    assert!(field(&made, "key").starts_with("sk-iw-"), "{made}");
}

#[test]
fn service_accounts_are_made_changed_and_deleted() {
    let managed = people();
    let made = says(
        &managed,
        "service-account create --team blue --id ci --alias build --models mock --rpm-limit 5",
    );
    assert_eq!(field(&made, "team_id"), "blue");
    assert_eq!(field(&made, "service_account_alias"), "build");
    let key = says(&managed, "key create --service-account ci");
    assert!(field(&key, "key").starts_with("sk-iw-"), "{key}");
    says(&managed, "service-account create --team red --id other");
    insta::assert_snapshot!(says(&managed, "service-account list --team blue"), @r"
    id  alias  team  models  budget  blocked
    ci  build  blue  mock    -       false
    ");
    let changed = says(&managed, "service-account update ci --max-budget 3");
    assert_eq!(changed, "service account ci is changed\n");
    let blocked = says(&managed, "service-account block ci");
    assert_eq!(blocked, "service account ci is blocked\n");
    let shown = says(&managed, "service-account show ci");
    assert_eq!(field(&shown, "max_budget"), "3.0");
    assert_eq!(field(&shown, "rpm_limit"), "5");
    assert_eq!(field(&shown, "blocked"), "true");
    let unblocked = says(&managed, "service-account unblock ci");
    assert_eq!(unblocked, "service account ci is let in again\n");
    let shown = managed.json(&["service-account", "show", "ci"]);
    assert_eq!(shown["blocked"], false);
    let deleted = says(&managed, "service-account delete ci other");
    assert_eq!(deleted, "2 service accounts deleted\n");
    let (code, said) = managed.fails(&["service-account", "show", "ci"]);
    assert_eq!(code, 9, "{said}");
    let (code, said) = managed.fails(&["service-account", "create", "--team", "gone"]);
    assert_eq!(code, 8, "{said}");
}
