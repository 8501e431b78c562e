//! Two tenants of one gateway, over either database: whoever attacks holds keys of the first.

use std::net::SocketAddr;

use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, Postgres, Trap, Upstream};
use serde_json::{Value, json};

use crate::canary::Heard;
use crate::family::FAMILIES;
use crate::rig::builder;

/// Makes a test over a file out of each function of tenants, and one that runs them all over one
/// server, each with a database of its own.
macro_rules! over_both {
    ($($test:ident),* $(,)?) => {
        mod over_a_file {$(
            #[test]
            fn $test() {
                super::$test(&crate::tenants::Tenants::over_a_file());
            }
        )*}

        #[test]
        fn over_a_server() {
            let server = ironward_testkit::Postgres::start();
            $(
                println!(stringify!($test));
                $test(&crate::tenants::Tenants::over(&server));
            )*
        }
    };
}
pub(crate) use over_both;

/// A gateway with two organisations, and a listener that nobody may ever connect to.
pub(crate) struct Tenants<'s> {
    pub(crate) gateway: Gateway,
    pub(crate) upstream: Upstream,
    pub(crate) trap: Trap,
    pub(crate) admin: String,
    pub(crate) a: Tenant,
    pub(crate) b: Tenant,
    /// The server that it keeps things on, and the address of its database there.
    server: Option<(&'s Postgres, String)>,
}

/// The keys of one organisation. Its objects are called `team-LETTER` and so on.
pub(crate) struct Tenant {
    /// An ordinary member's, for some models only: who attacks most.
    pub(crate) low: Key,
    /// Of the team's administrator.
    pub(crate) boss: Key,
    /// Of the organisation's administrator.
    pub(crate) chief: Key,
    /// Of the team itself.
    pub(crate) shared: Key,
    /// The id of its service account.
    pub(crate) account: String,
}

/// A virtual key.
pub(crate) struct Key {
    pub(crate) secret: String,
    pub(crate) id: String,
}

/// What the environment of the gateway holds under [`VARIABLE`], and a file beside its data.
pub(crate) const CANARY: &str = "hF5tX8qLw2Zr7VbN";
pub(crate) const VARIABLE: &str = "IRONWARD_TEST_CANARY";

impl<'s> Tenants<'s> {
    #[track_caller]
    pub(crate) fn over_a_file() -> Self {
        Self::start(None)
    }

    /// Over a new database of this server.
    #[track_caller]
    pub(crate) fn over(server: &'s Postgres) -> Self {
        Self::start(Some((server, server.database())))
    }

    #[track_caller]
    fn start(server: Option<(&'s Postgres, String)>) -> Self {
        let upstream = Upstream::start();
        let url = server.as_ref().map_or("", |(_, url)| url);
        let gateway = builder(&config(&upstream, url))
            .env(VARIABLE, CANARY)
            .arg("--log-level")
            .arg("trace");
        let canary = gateway.directory().join("canary");
        std::fs::write(canary, CANARY).expect("a file");
        let gateway = gateway.start();
        let admin = gateway.admin_key().to_owned();
        let by = |path: &str, body: Value| done(&gateway, &admin, path, &body);
        let [a, b] = ['a', 'b'].map(|letter| Tenant::new(letter, &upstream, &by));
        Self {
            gateway,
            upstream,
            trap: Trap::start(),
            admin,
            a,
            b,
            server,
        }
    }

    /// Both ports.
    pub(crate) fn planes(&self) -> [SocketAddr; 2] {
        [self.gateway.address(), self.gateway.admin_address()]
    }

    /// Asks the admin plane, with a key.
    #[track_caller]
    pub(crate) fn manage(&self, key: &str, method: &str, path: &str, body: &Value) -> Reply {
        self.manage_raw(key, method, path, body.to_string().as_bytes())
    }

    /// The same with these bytes.
    #[track_caller]
    pub(crate) fn manage_raw(&self, key: &str, method: &str, path: &str, body: &[u8]) -> Reply {
        send(self.gateway.admin_address(), key, method, path, body)
    }

    #[track_caller]
    pub(crate) fn get(&self, key: &str, path: &str) -> Reply {
        self.manage_raw(key, "GET", path, b"")
    }

    /// Does something as the administrator, which has to succeed.
    #[track_caller]
    pub(crate) fn done(&self, path: &str, body: &Value) -> Value {
        done(&self.gateway, &self.admin, path, body)
    }

    /// Makes a key as the administrator.
    #[track_caller]
    pub(crate) fn key(&self, body: &Value) -> Key {
        Key::of(&self.done("/key/generate", body))
    }

    /// Sends a call to the data plane.
    #[track_caller]
    pub(crate) fn call(&self, key: &str, path: &str, body: &[u8]) -> Reply {
        send(self.gateway.address(), key, "POST", path, body)
    }

    /// The status of a chat.
    #[track_caller]
    pub(crate) fn chat(&self, key: &str, model: &str) -> u16 {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
        let body = body.to_string();
        self.call(key, "/v1/chat/completions", body.as_bytes())
            .status
    }

    /// All that the administrator sees of who may do what.
    #[track_caller]
    pub(crate) fn state(&self) -> String {
        let pages = [
            "/key/list?return_full_object=true&size=100".to_owned(),
            "/user/list?page_size=100".to_owned(),
            "/v2/team/list?page_size=100".to_owned(),
            "/organization/list".to_owned(),
            "/project/list".to_owned(),
            "/customer/list".to_owned(),
            "/budget/list".to_owned(),
            "/tag/list".to_owned(),
            "/access_group/list".to_owned(),
            "/v2/model/info?size=100".to_owned(),
            format!("/key/info?key={}", self.a.low.id),
            format!("/key/info?key={}", self.b.low.id),
            "/user/info?user_id=low-a".to_owned(),
            "/user/info?user_id=low-b".to_owned(),
        ];
        pages
            .iter()
            .map(|path| {
                let reply = self.get(&self.admin, path);
                assert_eq!(reply.status, 200, "{path}: {}", reply.text());
                let mut shown = reply.json();
                forget_uses(&mut shown);
                format!("{path}: {shown}\n")
            })
            .collect()
    }

    /// All that it keeps: its files, and what the server holds.
    #[track_caller]
    pub(crate) fn kept(&self) -> String {
        let mut kept = Heard::default();
        kept.files(&self.gateway.directory().join("state"));
        if let Some((server, url)) = &self.server {
            kept.dump(&server.dump(url));
        }
        kept.0
    }

    /// Nothing that came in made the gateway itself fail, nobody connected to the trap, and what
    /// everybody may do they still can.
    #[track_caller]
    pub(crate) fn assert_unharmed(&self) {
        self.trap.assert_untouched();
        let log = self.gateway.log();
        assert!(!log.contains("panicked"), "{log}");
        assert_eq!(self.chat(&self.a.low.secret, "allowed-openai"), 200);
        assert_eq!(self.chat(&self.a.low.secret, "forbidden"), 403);
        assert_eq!(self.chat(&self.b.low.secret, "forbidden"), 200);
    }
}

impl Tenant {
    fn new(letter: char, upstream: &Upstream, by: &dyn Fn(&str, Value) -> Value) -> Self {
        let id = |what: &str| format!("{what}-{letter}");
        let (organisation, team) = (id("org"), id("team"));
        by(
            "/organization/new",
            json!({"organization_id": organisation, "organization_alias": id("alias-of-org")}),
        );
        for user in ["low", "boss", "chief"].map(id) {
            by(
                "/user/new",
                json!({"user_id": user, "user_email": format!("{user}@example.com"), "user_role": "internal_user",
                       "auto_create_key": false}),
            );
            let role = if user.starts_with("chief") {
                "org_admin"
            } else {
                "internal_user"
            };
            by(
                "/organization/member_add",
                json!({"organization_id": organisation, "member": {"role": role, "user_id": user}}),
            );
        }
        by(
            "/team/new",
            json!({"team_id": team, "team_alias": id("alias-of-team"), "organization_id": organisation,
                   "members_with_roles": [{"role": "admin", "user_id": id("boss")}, {"role": "user", "user_id": id("low")}]}),
        );
        by(
            "/project/new",
            json!({"project_id": id("project"), "team_id": team}),
        );
        let account = json!({"team_id": team, "key_alias": id("account"), "metadata": {"service_account_id": id("account")}});
        let account = by("/key/service-account/generate", account);
        by("/customer/new", json!({"user_id": id("customer")}));
        by(
            "/budget/new",
            json!({"budget_id": id("budget"), "max_budget": 7}),
        );
        by("/tag/new", json!({"name": id("tag")}));
        by(
            "/access_group/new",
            json!({"access_group": id("group"), "model_names": ["forbidden"]}),
        );
        by(
            "/credentials",
            json!({"credential_name": id("credential"), "credential_values": {"api_key": provider_key(letter)},
                   "credential_info": {"custom_llm_provider": "openai"}}),
        );
        by(
            "/model/new",
            json!({"model_name": id("stored"), "model_info": {"id": id("model")},
                   "litellm_params": {"model": "openai/gpt-test", "api_base": format!("{}/v1", upstream.url()),
                                      "allow_private_address": true, "api_key": provider_key(letter)}}),
        );
        let models: Vec<_> = match letter {
            'a' => FAMILIES
                .iter()
                .map(|family| format!("allowed-{}", family.name))
                .collect(),
            _ => vec!["forbidden".to_owned()],
        };
        let key = |body: Value| Key::of(&by("/key/generate", body));
        Self {
            low: key(
                json!({"user_id": id("low"), "models": models, "max_budget": 5, "key_alias": id("alias-of-low")}),
            ),
            boss: key(json!({"user_id": id("boss")})),
            chief: key(json!({"user_id": id("chief")})),
            account: account["agent_id"].as_str().expect("an id").to_owned(),
            shared: key(json!({"team_id": team, "key_alias": id("alias-of-shared")})),
        }
    }
}

impl Key {
    #[track_caller]
    pub(crate) fn of(made: &Value) -> Self {
        let text = |name: &str| made[name].as_str().expect("a key").to_owned();
        Self {
            secret: text("key"),
            id: text("token_id"),
        }
    }
}

/// The secret of a tenant's credential and of its deployment.
pub(crate) fn provider_key(letter: char) -> String {
    format!("pk-{letter}7Rm2Xc9Tq4Wz8Ld5Ny")
}

/// `allowed-FAMILY` of every family, each for the model `authorised`, and `forbidden`.
/// Nobody knows what these models cost, and some of the keys have budgets.
fn config(upstream: &Upstream, database: &str) -> String {
    let mut entries = FAMILIES.map(|family| {
        let (entry, name) = (family.entry(upstream), family.name);
        entry
            .replacen(&format!(": {name}/*"), &format!(": allowed-{name}"), 1)
            .replacen(&format!(": {name}/*"), &format!(": {name}/authorised"), 1)
    });
    let [openai, ..] = FAMILIES;
    let forbidden = openai.entry(upstream);
    let forbidden = forbidden.replacen(": openai/*", ": forbidden", 1);
    entries[0].push_str(&forbidden.replacen(": openai/*", ": openai/forbidden", 1));
    let database = match database {
        "" => String::new(),
        url => format!("  database_url: {url}\n"),
    };
    format!(
        "model_list:\n{}general_settings:\n  store_model_in_db: true\n{database}router_settings:\n  num_retries: 0\nironward:\n  unpriced_models: allow\n",
        entries.concat()
    )
}

#[track_caller]
fn done(gateway: &Gateway, key: &str, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let reply = send(gateway.admin_address(), key, "POST", path, body.as_bytes());
    assert!(reply.status < 300, "{path} {body}: {}", reply.text());
    reply.json()
}

#[track_caller]
pub(crate) fn send(address: SocketAddr, key: &str, method: &str, path: &str, body: &[u8]) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let reply = raw::request(address, method, path, &headers, body);
    reply.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

/// Takes out when keys were used, which every attack changes and nothing is decided by.
fn forget_uses(shown: &mut Value) {
    match shown {
        Value::Object(fields) => {
            fields.remove("last_active");
            fields.values_mut().for_each(forget_uses);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_uses),
        _ => {}
    }
}
