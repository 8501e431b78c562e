//! An admin plane of its own for each test, over a new SQLite file.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use ironward_admin::{Acts, Appending, Ask, Calls, Condition, Plane, Sealing, Settings, router};
use ironward_catalogue::{Adjustments, PriceBook, PriceList};
use ironward_core::{Clock, Id, Principal, Random, Role};
use ironward_identity::{Accounts, Bindings, Identities, Keyless};
use ironward_journal::{Record, Stamp, Unwritten};
use ironward_policy::{Explanation, Grant, KeyLife, Reason, Spending};
use ironward_secret::{DataKey, KeyHasher, Keyring};
use ironward_store::objects::{
    Account, Member, Membership, Object, Organisation, Origin, Team, User,
};
use ironward_store::{Change, Directory, Feed, Location, LockedStore};
use ironward_testkit::{FakeClock, SeededRandom};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tower_service::Service as _;

use crate::contract::Contract;

/// The key that is kept outside the store.
pub(crate) const ADMIN: &str = "sk-admin-key-of-the-tests";

pub(crate) struct Fixture {
    pub(crate) plane: Arc<Plane>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) recorded: Arc<Recorded>,
    router: Router,
    contract: OnceCell<Contract>,
    _directory: TempDir,
}

/// The price catalogue, which takes a while to be indexed.
pub(crate) fn prices() -> &'static PriceList {
    static PRICES: LazyLock<PriceList> =
        LazyLock::new(|| PriceList::new(&Arc::new(PriceBook::built_in()), &Adjustments::default()));
    &PRICES
}

/// What was recorded, in memory; told to, it takes nothing.
#[derive(Default)]
pub(crate) struct Recorded {
    records: Mutex<Vec<Value>>,
    /// How many more records it takes; negative: any number.
    takes: AtomicI64,
}

impl Recorded {
    fn new() -> Self {
        Self {
            takes: AtomicI64::new(-1),
            ..Self::default()
        }
    }

    /// Takes so many more records and then none.
    pub(crate) fn fail_after(&self, count: i64) {
        self.takes.store(count, Ordering::SeqCst);
    }

    /// The records so far.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.records.lock().unwrap())
    }

    fn push(&self, record: &Record) -> String {
        let mut records = self.records.lock().unwrap();
        let id = format!("record-{}", records.len());
        let stamp = Stamp {
            at: 0,
            node: "node",
            id: &id,
        };
        let record = record.encode(&stamp);
        records.push(serde_json::from_slice(&record).unwrap());
        id
    }
}

impl Acts for Recorded {
    fn append<'a>(&'a self, record: &'a Record) -> Appending<'a> {
        let left = self.takes.load(Ordering::SeqCst);
        if left == 0 {
            let error = Unwritten("no space left".to_owned());
            return Box::pin(std::future::ready(Err(error)));
        }
        self.takes.store(left - 1, Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(self.push(record))))
    }

    fn owe(&self, record: &Record) {
        self.push(record);
    }
}

struct Fine;

impl Condition for Fine {
    fn takes_calls(&self) -> bool {
        true
    }
}

/// A data path that knows one model, and asks one rule of it.
struct Path;

impl Calls for Path {
    fn explain(&self, ask: &Ask<'_>) -> Option<Explanation> {
        let line = |rule, is_allowed: bool| Reason {
            link: "key",
            name: ask.key.into(),
            rule,
            is_allowed,
            why: "so it is".to_owned(),
        };
        let is_allowed = ask.model == "open";
        Some(Explanation {
            model: ask.model.into(),
            meant: ask.model.into(),
            group: matches!(ask.model, "open" | "closed").then(|| ask.model.into()),
            failed: None,
            reasons: vec![line("models", is_allowed), line("regions", true)],
        })
    }

    fn running(&self) -> usize {
        3
    }
}

/// The keys of the store, unless the test takes the key-encryption key away.
pub(crate) struct Vault {
    keyring: Arc<Keyring>,
    pub(crate) is_lost: AtomicBool,
}

impl Sealing for Vault {
    fn keyring(&self) -> Result<Arc<Keyring>, String> {
        if self.is_lost.load(Ordering::Relaxed) {
            return Err("the key-encryption key does not answer".to_owned());
        }
        Ok(Arc::clone(&self.keyring))
    }

    fn lost_since(&self) -> Option<u64> {
        let is_lost = self.is_lost.load(Ordering::Relaxed);
        is_lost.then_some(1_767_225_600_000)
    }
}

struct Listed(Arc<Directory>);

impl Accounts<Account> for Listed {
    fn revision(&self) -> u64 {
        self.0.identities_revision()
    }

    fn list(&self) -> Bindings<Account> {
        let mut bindings = Bindings::default();
        self.0.identities(|account, claims| {
            let claims = claims.iter().map(|claim| (&*claim.name, &*claim.value));
            bindings.add(account, claims).unwrap();
        });
        bindings
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(KeyLife::default()).await
    }

    pub(crate) async fn with(key_life: KeyLife) -> Self {
        let directory = TempDir::new().unwrap();
        let clock = Arc::new(FakeClock::new());
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(11));
        let location = Location::Sqlite(directory.path().join("ironward.db"));
        let locked = LockedStore::open(&location, &*clock, &*random)
            .await
            .unwrap();
        let keys = Keyring::new(1, DataKey::from_bytes(&[1; 32]).unwrap()).unwrap();
        let keys = Arc::new(keys);
        let vault = Arc::new(Vault {
            keyring: Arc::clone(&keys),
            is_lost: AtomicBool::new(false),
        });
        let store = locked.unlock(keys, Arc::clone(&random)).await.unwrap();
        let snapshot = directory.path().join("snapshot");
        let (feed, _) = Feed::load(&store, &snapshot, Arc::clone(&clock) as Arc<dyn Clock>)
            .await
            .unwrap();
        let listed = Box::new(Listed(feed.directory()));
        let keyless = Arc::new(Keyless::new(Identities::new(&[], None), listed));
        let hasher = KeyHasher::new(&[7; 32]);
        let admin = Principal {
            alias: "admin_key".into(),
            role: Role::ProxyAdmin,
        };
        let settings = Settings {
            administrators: HashMap::from([(hasher.hash(ADMIN.as_bytes()), Arc::new(admin))]),
            key_header: None,
            key_life,
            key_defaults: Default::default(),
            user_defaults: Default::default(),
            key_bounds: Default::default(),
            takes_chosen_keys: true,
            models: Vec::new(),
            prices: prices().clone(),
            on_data_port: true,
            open_metrics: false,
            stores_models: true,
            keyed_providers: vec!["openai"],
            sites: Default::default(),
        };
        let recorded = Arc::new(Recorded::new());
        let plane = Arc::new(Plane {
            condition: Arc::new(Fine),
            acts: Arc::clone(&recorded) as Arc<dyn Acts>,
            calls: Arc::new(Path),
            store: Arc::new(store),
            sealing: Arc::clone(&vault) as Arc<dyn Sealing>,
            feed: Arc::new(feed),
            failures: Arc::default(),
            metrics: Arc::default(),
            keyless,
            login: None,
            hasher: Arc::new(hasher),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random,
            settings: ArcSwap::from_pointee(settings),
            turn: tokio::sync::Mutex::new(()),
        });
        Self {
            router: router(Arc::clone(&plane)),
            plane,
            clock,
            contract: OnceCell::new(),
            vault,
            recorded,
            _directory: directory,
        }
    }

    /// The same plane, whose configuration says something else.
    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = Settings::clone(&self.plane.settings.load());
        change(&mut settings);
        self.plane.settings.store(Arc::new(settings));
    }

    /// Writes an object as if its own API had.
    pub(crate) async fn put<T: Object>(&self, id: &str, object: &T) {
        self.write(&[Change::create(&Id::new(id), object)]).await;
    }

    /// Writes several at once.
    pub(crate) async fn write(&self, changes: &[Change]) {
        self.plane.store.write(changes).await.unwrap();
        self.plane.feed.catch_up(&self.plane.store).await.unwrap();
    }

    /// A user, with the organisations that they administer.
    pub(crate) async fn user(&self, id: &str, role: Role, administers: &[&str]) {
        let membership = |organisation: &&str| Membership {
            organisation: Id::new(organisation),
            role: Role::OrgAdmin,
            spending: Spending::default(),
        };
        let user = User {
            email: Some(format!("{id}@example.com").into()),
            alias: None,
            role,
            organisations: administers.iter().map(membership).collect(),
            grant: Default::default(),
            spending: Default::default(),
            sso_user_id: None,
            identities: Vec::new(),
            metadata: Default::default(),
            kept: Default::default(),
            origin: Origin::default(),
        };
        self.put(id, &user).await;
    }

    /// A team; an admin's name has a `*` behind it.
    pub(crate) async fn team(
        &self,
        id: &str,
        organisation: Option<&str>,
        members: &[&str],
    ) -> Team {
        let member = |name: &&str| Member {
            user: Id::new(name.trim_end_matches('*')),
            is_admin: name.ends_with('*'),
            grant: Default::default(),
            spending: Default::default(),
        };
        let team = Team {
            organisation: organisation.map(Id::new),
            members: members.iter().map(member).collect(),
            ..Team::default()
        };
        self.put(id, &team).await;
        team
    }

    pub(crate) async fn remove_team(&self, id: &str) {
        let team = self.plane.feed.directory().teams.find(id).unwrap();
        let change = Change::delete(&team.id, team.version);
        self.plane.store.write(&[change]).await.unwrap();
        self.plane.feed.catch_up(&self.plane.store).await.unwrap();
    }

    /// Limits a user.
    pub(crate) async fn narrow(&self, id: &str, grant: Grant, spending: Spending) {
        let user = self.plane.feed.directory().users.find(id).unwrap();
        let narrowed = User {
            grant,
            spending,
            ..user.object.clone()
        };
        let change = Change::update(&user.id, user.version, &narrowed);
        self.plane.store.write(&[change]).await.unwrap();
        self.plane.feed.catch_up(&self.plane.store).await.unwrap();
    }

    pub(crate) async fn replace_organisation(&self, id: &str, object: &Organisation) {
        let old = self.plane.feed.directory().organisations.find(id).unwrap();
        let change = Change::update(&old.id, old.version, object);
        self.plane.store.write(&[change]).await.unwrap();
        self.plane.feed.catch_up(&self.plane.store).await.unwrap();
    }

    pub(crate) async fn organisation(&self, id: &str) {
        self.put(id, &Organisation::default()).await;
    }

    /// Sends a request with headers as they are given. What is answered has to be as documented.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answered {
        let answered = self.exchange(method, path, headers, body).await;
        self.contract().await.check(method, path, &answered);
        answered
    }

    /// What the document promises.
    pub(crate) async fn contract(&self) -> &Contract {
        let read = || async {
            let bearer = format!("Bearer {ADMIN}");
            let headers = [("authorization", bearer.as_str())];
            let asked = self.exchange("GET", "/openapi.json", &headers, Body::empty());
            Contract::new(asked.await.json)
        };
        self.contract.get_or_init(read).await
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "gw");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(body).unwrap()).await
    }

    async fn answer(&self, request: Request<Body>) -> Answered {
        let response = self.router.clone().call(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answered {
            status: head.status.as_u16(),
            headers: head.headers,
            json: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    /// The same from an address.
    pub(crate) async fn get_from(&self, source: &str, key: &str, path: &str) -> Answered {
        let source: SocketAddr = source.parse().unwrap();
        let request = Request::builder()
            .uri(path)
            .header("host", "gw")
            .header("authorization", format!("Bearer {key}"))
            .extension(ConnectInfo(source))
            .body(Body::empty())
            .unwrap();
        self.answer(request).await
    }

    /// Posts JSON with a key.
    pub(crate) async fn post(&self, key: &str, path: &str, body: &Value) -> Answered {
        let authorization = format!("Bearer {key}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        self.send("POST", path, &headers, Body::from(body.to_string()))
            .await
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> Answered {
        let authorization = format!("Bearer {key}");
        self.send(
            "GET",
            path,
            &[("authorization", &authorization)],
            Body::empty(),
        )
        .await
    }

    /// A new key by the administrator: its plaintext and its id.
    pub(crate) async fn key(&self, body: &Value) -> (String, String) {
        let made = self.post(ADMIN, "/key/generate", body).await;
        assert_eq!(made.status, 200, "{}", made.text);
        made.key()
    }
}

impl Answered {
    /// The plaintext and the id of the key that was made.
    pub(crate) fn key(&self) -> (String, String) {
        let text = |name: &str| self.json[name].as_str().unwrap().to_owned();
        (text("key"), text("token_id"))
    }
}
