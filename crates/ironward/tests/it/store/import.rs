//! What a `LiteLLM` database holds, taken over.

use aws_lc_rs::digest::{SHA256, digest};
use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, Postgres};
use serde_json::{Value, json};

use super::{Site, call, call_to, manage, said, wait_let_in};

/// The columns that matter, as `LiteLLM`'s schema has them.
const SCHEMA: &str = r#"
CREATE TABLE "LiteLLM_BudgetTable" (budget_id text PRIMARY KEY, max_budget float8, soft_budget float8,
  max_parallel_requests int, tpm_limit bigint, rpm_limit bigint, model_max_budget jsonb, budget_duration text,
  budget_reset_at timestamp(3), allowed_models text[] DEFAULT '{}', created_at timestamp(3) DEFAULT now(),
  created_by text, updated_at timestamp(3) DEFAULT now(), updated_by text);
CREATE TABLE "LiteLLM_OrganizationTable" (organization_id text PRIMARY KEY, organization_alias text, budget_id text,
  metadata jsonb DEFAULT '{}', models text[] DEFAULT '{}', spend float8 DEFAULT 0, model_spend jsonb DEFAULT '{}',
  created_at timestamp(3) DEFAULT now(), created_by text);
CREATE TABLE "LiteLLM_OrganizationMembership" (user_id text, organization_id text, user_role text, budget_id text);
CREATE TABLE "LiteLLM_UserTable" (user_id text PRIMARY KEY, user_alias text, user_email text, user_role text,
  password text, teams text[] DEFAULT '{}', models text[] DEFAULT '{}', max_budget float8, spend float8 DEFAULT 0,
  metadata jsonb DEFAULT '{}', budget_duration text, budget_reset_at timestamp(3));
CREATE TABLE "LiteLLM_TeamTable" (team_id text PRIMARY KEY, team_alias text, organization_id text,
  members_with_roles jsonb DEFAULT '{}', metadata jsonb DEFAULT '{}', max_budget float8, spend float8 DEFAULT 0,
  models text[] DEFAULT '{}', tpm_limit bigint, rpm_limit bigint, blocked boolean DEFAULT false);
CREATE TABLE "LiteLLM_TeamMembership" (user_id text, team_id text, spend float8 DEFAULT 0, budget_id text);
CREATE TABLE "LiteLLM_VerificationToken" (token text PRIMARY KEY, key_name text, key_alias text,
  soft_budget_cooldown boolean DEFAULT false, spend float8 DEFAULT 0, expires timestamp(3), models text[] DEFAULT '{}',
  aliases jsonb DEFAULT '{}', config jsonb DEFAULT '{}', user_id text, team_id text, permissions jsonb DEFAULT '{}',
  metadata jsonb DEFAULT '{}', blocked boolean, rpm_limit bigint, max_budget float8, budget_duration text,
  budget_reset_at timestamp(3), budget_id text, allowed_routes text[] DEFAULT '{}', project_id text,
  created_at timestamp(3) DEFAULT now(), created_by text);
CREATE TABLE "LiteLLM_ProxyModelTable" (model_id text PRIMARY KEY, model_name text, litellm_params jsonb);

INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, rpm_limit, budget_duration, budget_reset_at) VALUES
  ('shared', 25, 60, '30d', '2099-01-01T00:00:00'), ('of-org', 1000, NULL, NULL, NULL), ('of-member', 5, NULL, '1d', NULL);
INSERT INTO "LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id) VALUES ('acme', 'Acme', 'of-org');
INSERT INTO "LiteLLM_UserTable" (user_id, user_email, user_role, password) VALUES
  ('ada', 'ada@example.org', 'internal_user', 'scrypt:hash'), ('root', NULL, 'proxy_admin', NULL);
INSERT INTO "LiteLLM_OrganizationMembership" VALUES ('ada', 'acme', 'org_admin', NULL);
INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, organization_id, members_with_roles, models, rpm_limit, blocked) VALUES
  ('blue', 'Blue', 'acme', '[{"role":"admin","user_id":"ada"},{"role":"user","user_id":"bob"}]', '{mock,gpt-*}', 100, false),
  ('shut', 'Shut', NULL, '{}', '{}', NULL, true), ('té/🔵 %2F', NULL, NULL, '{}', '{}', NULL, false);
INSERT INTO "LiteLLM_TeamMembership" (user_id, team_id, budget_id) VALUES ('ada', 'blue', 'of-member');
INSERT INTO "LiteLLM_ProxyModelTable" VALUES ('m', 'encrypted-model', '{"api_key":"c2VjcmV0"}');
"#;

const GOOD: &str = "sk-LiteLLM-good-7Qm2";
const KEYS: [(&str, &str); 11] = [
    (GOOD, "team_id => 'blue', user_id => 'ada', spend => 1.5"),
    (
        "sk-LiteLLM-budgeted-4Lx",
        "budget_id => 'shared', max_budget => 3, budget_duration => '1d'",
    ),
    ("sk-LiteLLM-narrow-8Kd2", "models => '{other}'"),
    ("sk-LiteLLM-blocked-1Zp", "blocked => true"),
    ("sk-LiteLLM-expired-9Rt", "expires => '2020-01-01T00:00:00'"),
    ("sk-LiteLLM-shut-out-5Yv", "team_id => 'shut'"),
    ("sk-LiteLLM-routes-3Hn6", "allowed_routes => '{/v1/models}'"),
    ("sk-LiteLLM-project-2Bc", "project_id => 'p1'"),
    ("sk-LiteLLM-alone-6Gw1", "user_id => 'nobody-knows'"),
    ("sk-LiteLLM-unicode-9Tt", "team_id => 'té/🔵 %2F'"),
    (
        "sk-LiteLLM-outsider-3Qa",
        "team_id => 'blue', user_id => 'root'",
    ),
];

fn sha256(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// `LiteLLM`'s database with these keys; each is named by its plaintext without `sk-LiteLLM-`.
fn litellm(server: &Postgres) -> String {
    let url = server.database();
    let mut sql = SCHEMA.to_owned();
    for (key, columns) in KEYS {
        let (mut names, mut values) = (String::new(), String::new());
        for column in columns.split(", ") {
            let (name, value) = column.split_once(" => ").expect("a column");
            names.push_str(&format!(", {name}"));
            values.push_str(&format!(", {value}"));
        }
        let alias = key.strip_prefix("sk-LiteLLM-").expect("a name");
        let (_, end) = key.split_at(key.len() - 4);
        let hash = sha256(key);
        sql.push_str(&format!(
            "INSERT INTO \"LiteLLM_VerificationToken\" (token, key_alias, key_name{names}) \
             VALUES ('{hash}', '{alias}', 'sk-...{end}'{values});\n"
        ));
    }
    server.execute(&url, &sql);
    url
}

#[track_caller]
fn show(gateway: &Gateway, admin_key: &str, path: &str) -> Value {
    let bearer = format!("Bearer {admin_key}");
    let headers = [("authorization", bearer.as_str())];
    let reply: Reply =
        raw::request(gateway.admin_address(), "GET", path, &headers, b"").expect("a reply");
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[track_caller]
fn assert_taken_over(gateway: &Gateway, admin_key: &str) {
    wait_let_in(gateway, GOOD);
    assert_eq!(call(gateway, "sk-LiteLLM-good-7Qm3"), 401);
    assert_eq!(call(gateway, &sha256(GOOD)), 401, "the hash is no key");
    let status = |name: &str| {
        let (key, _) = KEYS
            .iter()
            .find(|(key, _)| key.contains(name))
            .expect("a key");
        call_to(gateway, key, "mock")
    };
    for name in ["budgeted", "alone", "unicode", "outsider"] {
        assert_eq!(status(name), 200, "{name}");
    }
    for name in ["narrow", "blocked", "routes", "expired", "shut-out"] {
        assert!([401, 403].contains(&status(name)), "{name}");
    }
    assert_eq!(status("project"), 401);
    let info = |key: &str| {
        show(
            gateway,
            admin_key,
            &format!("/key/info?key={}", sha256(key)),
        )["info"]
            .clone()
    };
    let good = info(GOOD);
    assert_eq!(good["team_id"], "blue");
    assert_eq!(good["user_id"], "ada");
    assert_eq!(good["spend"], 1.5);
    assert_eq!(good["key_name"], "sk-...7Qm2");
    let budgeted = info(KEYS[1].0);
    assert_eq!(
        (&budgeted["max_budget"], &budgeted["budget_id"]),
        (&json!(3.0), &json!("shared"))
    );
    assert_eq!(budgeted["litellm_budget_table"]["rpm_limit"], 60);
    let team = show(gateway, admin_key, "/team/info?team_id=blue");
    assert_eq!(team["team_info"]["models"], json!(["mock", "gpt-*"]));
    assert_eq!(team["team_info"]["organization_id"], "acme");
    let members = team["team_memberships"].as_array().expect("a list");
    let ada = members
        .iter()
        .find(|member| member["user_id"] == "ada")
        .expect("ada");
    assert_eq!(ada["litellm_budget_table"]["max_budget"], 5.0);
    let unicode = "/team/info?team_id=t%C3%A9%2F%F0%9F%94%B5%20%252F";
    let unicode = show(gateway, admin_key, unicode);
    assert_eq!(unicode["team_id"], "t\u{e9}/\u{1f535} %2F");
    let acme = show(
        gateway,
        admin_key,
        "/organization/info?organization_id=acme",
    );
    assert_eq!(acme["litellm_budget_table"]["max_budget"], 1000.0);
    let user = show(gateway, admin_key, "/v2/user/info?user_id=ada");
    assert_eq!(user["user_role"], "internal_user");
    assert_eq!(
        user["organization_memberships"][0]["user_role"],
        "org_admin"
    );
}

/// By kind: how many were taken, were there, and are left out.
fn counts(report: &Value) -> Vec<(String, [u64; 3])> {
    let objects = report["objects"].as_object().expect("an object").iter();
    let counts = objects.map(|(kind, count)| {
        let number = |name: &str| count[name].as_u64().expect("a number");
        let numbers = [number("taken"), number("there"), number("left_out")];
        (kind.clone(), numbers)
    });
    counts.collect()
}

#[test]
fn a_database_is_taken_over_while_the_gateway_runs() {
    let server = Postgres::start();
    let url = litellm(&server);
    let site = Site::over(&server.database());
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    // As LiteLLM has it in its own DATABASE_URL.
    let url = format!("{url}?schema=public&connection_limit=10");
    let import = ["import", "litellm", "--from", &url];
    let before = site.run(&["store", "status", "--json"]);
    let dry = site.run_json(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(
        site.run(&["store", "status", "--json"]),
        before,
        "a dry run changes nothing"
    );
    let report = site.run_json(&import);
    assert_eq!(dry["objects"], report["objects"]);
    let expected = [
        ("budget", [1, 0, 0]),
        ("key", [10, 0, 1]),
        ("organisation", [1, 0, 0]),
        ("team", [3, 0, 0]),
        ("user", [4, 0, 0]),
    ];
    let expected = expected.map(|(kind, numbers)| (kind.to_owned(), numbers));
    let mut sorted = counts(&report);
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let notes = report["notes"].to_string();
    for part in [
        "project-2Bc",
        "encrypted-model",
        "nobody-knows",
        "bob",
        "passwords",
        "root",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    for hidden in [&sha256(GOOD), "scrypt", "c2VjcmV0"] {
        assert!(!report.to_string().contains(hidden), "{hidden}");
    }
    assert_taken_over(&gateway, &admin_key);

    let after = site.run(&["store", "status", "--json"]);
    let again = site.run_json(&import);
    assert!(
        counts(&again).iter().all(|(_, [taken, ..])| *taken == 0),
        "{again}"
    );
    assert_eq!(
        site.run(&["store", "status", "--json"]),
        after,
        "twice changes nothing"
    );
    let gone = manage(
        &gateway,
        &admin_key,
        "/key/delete",
        &json!({"keys": [sha256(GOOD)]}),
    );
    assert_eq!(gone.status, 200, "{}", gone.text());
    let third = site.run(&import);
    assert!(
        third.contains("left out: key good-7Qm2: it was deleted here"),
        "{third}"
    );
    assert_eq!(
        call(&gateway, GOOD),
        401,
        "what was deleted does not come back"
    );
}

/// What `docs/import.md` exports.
const EXPORTED: [&str; 8] = [
    "BudgetTable",
    "ObjectPermissionTable",
    "OrganizationTable",
    "OrganizationMembership",
    "UserTable",
    "TeamTable",
    "TeamMembership",
    "VerificationToken",
];

/// The export, but for the rows of these tables.
fn export(server: &Postgres, url: &str, without: &[&str]) -> String {
    let declare = |table: &str| format!("{{\"table\":\"LiteLLM_{table}\"}}\n");
    let rows = |table: &str| {
        // The schema above has no object permissions.
        if table == "ObjectPermissionTable" || without.contains(&table) {
            return String::new();
        }
        let table = format!("LiteLLM_{table}");
        let sql =
            format!("SELECT json_build_object('table', '{table}', 'row', t) FROM \"{table}\" t");
        server.execute(url, &sql)
    };
    EXPORTED
        .iter()
        .map(|table| declare(table) + &rows(table))
        .collect()
}

#[test]
fn an_export_is_taken_over_also_after_an_interruption() {
    let server = Postgres::start();
    let url = litellm(&server);
    let site = Site::over_file();
    let path = site.path("export.jsonl");
    let import = [
        "import",
        "litellm",
        "--file",
        path.to_str().expect("a path"),
    ];
    let lines = export(&server, &url, &[]);
    std::fs::write(&path, &lines).expect("a file");
    // Before the first start: nothing of the installation is made but its database.
    let dry = site.run(&[&import[..], &["--dry-run"]].concat());
    assert!(
        dry.starts_with("objects       would be taken  there already  left out\n"),
        "{dry}"
    );
    // What the batches before an interruption leave.
    let begun = export(&server, &url, &["TeamTable", "VerificationToken"]);
    std::fs::write(&path, begun).expect("a file");
    site.run(&import);
    std::fs::write(&path, &lines).expect("a file");
    let table = site.run(&import);
    let key = table.lines().find(|line| line.starts_with("key "));
    let key: Vec<&str> = key.expect("keys").split_whitespace().collect();
    assert_eq!(key, ["key", "10", "0", "1"], "{table}");
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    assert_taken_over(&gateway, &admin_key);

    let partial: Vec<&str> = lines
        .lines()
        .filter(|line| !line.contains("LiteLLM_UserTable"))
        .collect();
    std::fs::write(&path, partial.join("\n")).expect("a file");
    let output = site.command(&import).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let why = "says nothing of LiteLLM_UserTable: what they bound would be unbounded";
    assert!(said(&output).contains(why), "{}", said(&output));

    std::fs::write(&path, lines + "{\"token\":\"x\"}\n").expect("a file");
    let output = site.command(&import).output().expect("the binary runs");
    let count = std::fs::read_to_string(&path)
        .expect("a file")
        .lines()
        .count();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains(&format!("export.jsonl:{count} is not")),
        "{}",
        said(&output)
    );
}

#[test]
fn nothing_is_added_to_what_somebody_else_wrote_to() {
    let server = Postgres::start();
    let (url, own) = (litellm(&server), server.database());
    let site = Site::over(&own);
    let import = ["import", "litellm", "--from", &url];
    site.run(&import);
    server.execute(
        &own,
        "UPDATE object SET body = body || '\\x20'::bytea WHERE kind = 'team'",
    );
    let everything = || {
        let rows = "SELECT md5(string_agg(object::text, '|' ORDER BY seq)) FROM object";
        let census = "SELECT sealed FROM census";
        server.execute(&own, &format!("{rows}; {census}"))
    };
    let before = everything();
    let output = site.command(&import).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert!(
        said(&output).contains("nothing is imported: 3 rows"),
        "{}",
        said(&output)
    );
    assert_eq!(everything(), before);
    // Another application's database, by mistake.
    let output = site
        .command(&["import", "litellm", "--from", &own])
        .output();
    let output = output.expect("the binary runs");
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(
        said(&output).contains("it is not LiteLLM's"),
        "{}",
        said(&output)
    );
}

#[test]
fn what_cannot_be_read_is_said_without_the_password() {
    let site = Site::over_file();
    for (args, code) in [
        (
            &["--from", "postgres://x:hunter2@127.0.0.1:1/litellm"][..],
            5,
        ),
        (&[], 2),
        (&["--file", "/no/such/file"], 2),
    ] {
        let output = site
            .command(&[&["import", "litellm"], args].concat())
            .output();
        let output = output.expect("the binary runs");
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(!said(&output).contains("hunter2"));
    }
}
