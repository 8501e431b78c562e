//! A login with oidc-provider, as `cargo xtask issuers` starts it, by somebody who fills its forms in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use ironward_config::{FixedEnvironment, Options, load_text};
use ironward_core::{Clock, SystemClock};
use ironward_identity::{Asked, LoginFailed, LoginIssuer};
use ironward_testkit::raw::{Reply, request};

use crate::peer::way_out;
use crate::real::variable;

fn login(provider: &str, secret: &str) -> LoginIssuer {
    let text = format!(
        "ironward:\n  login:\n    issuer: {provider}\n    client_id: console\n    client_secret: \
         os.environ/SECRET\n    redirect_url: http://127.0.0.1:4001/sso/callback\n    scopes: openid\n"
    );
    let environment = FixedEnvironment::from([("SECRET", secret)]);
    let loaded = load_text(&text, "config.yaml", &environment, &Options::default()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (upstream, credentials) = way_out(&clock);
    let settings = loaded.config.ironward.login.unwrap();
    LoginIssuer::new(&settings, &upstream, &credentials, &clock).unwrap()
}

fn asked(name: &str) -> Asked {
    Asked {
        state: format!("state of {name}"),
        nonce: format!("nonce of {name}"),
        verifier: format!("{name:x>64}"),
    }
}

/// Somebody with a browser that keeps cookies.
struct Browser {
    address: SocketAddr,
    provider: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new(provider: &str) -> Self {
        let address = provider.strip_prefix("http://").unwrap().parse().unwrap();
        Self {
            address,
            provider: provider.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    fn send(&mut self, method: &str, url: &str, form: &str) -> Reply {
        let path = url.strip_prefix(&self.provider).unwrap_or(url);
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let (host, cookies) = (self.address.to_string(), cookies.join("; "));
        let headers = [
            ("host", host.as_str()),
            ("cookie", cookies.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let reply = request(self.address, method, path, &headers, form.as_bytes()).unwrap();
        for (name, value) in &reply.headers {
            if name == "set-cookie" {
                let pair = value.split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    /// Follows where the provider leads within itself; where it leads out, or the form at the end and
    /// where that is sent.
    fn follow(&mut self, mut reply: Reply) -> Result<String, (String, String)> {
        let mut url = String::new();
        while let Some(next) = reply.header("location") {
            url = next.to_owned();
            if url.starts_with("http://127.0.0.1:4001/") {
                return Ok(url);
            }
            reply = self.send("GET", &url, "");
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        Err((url, reply.text()))
    }

    /// Logs in and consents, whichever of it is asked for: the query that the gateway gets.
    fn log_in(&mut self, url: &str) -> BTreeMap<String, String> {
        let reply = self.send("GET", url, "");
        let mut at = self.follow(reply);
        for _ in 0..2 {
            let Err((place, page)) = &at else { break };
            let form = if page.contains("value=\"login\"") {
                "prompt=login&login=alice&password=any"
            } else {
                "prompt=consent"
            };
            let reply = self.send("POST", place, form);
            at = self.follow(reply);
        }
        let back = at.expect("back at the gateway");
        let (_, query) = back.split_once('?').unwrap();
        let fields = query.split('&').filter_map(|field| field.split_once('='));
        fields
            .map(|(name, value)| (name.to_owned(), value.replace("%20", " ").replace('+', " ")))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the issuers that cargo xtask issuers starts"]
async fn somebody_logs_in_with_a_real_issuer() {
    let provider = variable("IRONWARD_ISSUER_PROVIDER");
    let issuer = login(&provider, "a secret of this test, used nowhere else");
    let (one, two) = (asked("one"), asked("two"));
    let mut browser = Browser::new(&provider);
    let back = browser.log_in(&issuer.authorise(&one).await.unwrap());
    assert_eq!(back["state"], one.state);
    assert_eq!(
        back["iss"].replace("%3A", ":").replace("%2F", "/"),
        provider
    );
    let identity = issuer.redeem(&back["code"], &one).await.unwrap();
    assert_eq!(
        (&*identity.issuer, &*identity.subject),
        (&*provider, "alice")
    );
    // A code is good once.
    let again = issuer.redeem(&back["code"], &one).await.unwrap_err();
    assert!(matches!(again, LoginFailed::Refused(_)), "{again}");
    // The provider knows the browser now. For the code that came twice it asks for consent anew. The
    // next one is of no use with the proof of another login.
    let back = browser.log_in(&issuer.authorise(&two).await.unwrap());
    let other = issuer.redeem(&back["code"], &one).await.unwrap_err();
    assert!(other.to_string().contains("invalid_grant"), "{other}");
    let mut mixed = asked("three");
    let back = browser.log_in(&issuer.authorise(&mixed).await.unwrap());
    "another".clone_into(&mut mixed.nonce);
    let other = issuer.redeem(&back["code"], &mixed).await.unwrap_err();
    assert!(other.to_string().contains("nonce"), "{other}");
    let stranger = login(&provider, "another secret");
    let back = browser.log_in(&stranger.authorise(&two).await.unwrap());
    let refused = stranger.redeem(&back["code"], &two).await.unwrap_err();
    assert!(
        refused.to_string().contains("ironward.login.client_id"),
        "{refused}"
    );
}
