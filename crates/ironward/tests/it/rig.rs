use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use ironward_testkit::raw::{self, Connection, Reply, format_request};
use ironward_testkit::{Gateway, GatewayBuilder, Upstream};
use serde_json::Value;

use crate::dialect::Dialect;
use crate::family::FAMILIES;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_ironward");

/// The client's key in every rig.
pub(crate) const KEY: &str = "sk-4Qw8vTz1Lr6Xn3Bc9Jd5";

/// A gateway in front of a scripted upstream that plays every provider.
pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) upstream: Upstream,
}

impl Rig {
    /// Every family as `name/*`, and no retries, so that a failure is seen at once.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// The same with more lines of configuration.
    #[track_caller]
    pub(crate) fn with(settings: &str) -> Self {
        let upstream = Upstream::start();
        let gateway = builder(&families(&upstream, settings)).start();
        Self { gateway, upstream }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Sends an authorised call and reads its reply.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_with(path, &[], body.to_string().as_bytes())
    }

    /// The same with these bytes and more headers.
    #[track_caller]
    pub(crate) fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let bytes = authorised(path, headers, body);
        raw::exchange(self.address(), &bytes).expect("the gateway replies")
    }

    /// Sends an authorised call on a connection that stays open.
    #[track_caller]
    pub(crate) fn open(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Connection {
        let mut connection = Connection::open(self.address()).expect("the gateway listens");
        let bytes = authorised(path, headers, body.to_string().as_bytes());
        connection.send(&bytes).expect("the gateway reads");
        connection
    }

    /// A chat call to the first family, which has to succeed.
    #[track_caller]
    pub(crate) fn assert_works(&self) {
        let body = Dialect::OpenAi.body("openai/gpt-test", "still there?");
        let reply = self.post(Dialect::OpenAi.path(), &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(
            Dialect::OpenAi.text(&reply.json()),
            "You said: still there?"
        );
    }

    /// Nothing that came in made the gateway itself fail.
    #[track_caller]
    pub(crate) fn assert_no_panic(&self) {
        let log = self.gateway.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// Prepares the gateway with this configuration.
pub(crate) fn builder(config: &str) -> GatewayBuilder {
    Gateway::builder(Path::new(BINARY), config)
}

/// A configuration with every family on `upstream`, the client's key, and `settings`.
pub(crate) fn families(upstream: &Upstream, settings: &str) -> String {
    let entries = FAMILIES.map(|family| family.entry(upstream)).concat();
    config(&entries, settings)
}

/// A configuration of these entries of `model_list`, the client's key, and `settings`.
pub(crate) fn config(entries: &str, settings: &str) -> String {
    let retries = if settings.contains("router_settings:") {
        ""
    } else {
        "router_settings:\n  num_retries: 0\n"
    };
    format!("model_list:\n{entries}general_settings:\n  master_key: {KEY}\n{retries}{settings}")
}

/// The bytes of an authorised call.
pub(crate) fn authorised(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let bearer = format!("Bearer {KEY}");
    let mut all = vec![
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    all.extend_from_slice(headers);
    format_request("POST", path, &all, body)
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

/// Polls until `condition` holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "still not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
