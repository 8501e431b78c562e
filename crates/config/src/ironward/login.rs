use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ironward_core::{Location, Origin, Reach, Scheme};
use ironward_secret::Secret;
use zeroize::Zeroizing;

use super::IronwardSettings;
use crate::issuers::{self, Algorithm, Issuer};
use crate::keys::{Effect, Key, Section, Unknown};
use crate::reader::{Field, Reader};

/// How people log in on the admin listener: `ironward.login`. Its secret is not printed.
#[derive(Clone)]
pub struct Login {
    /// Who says who they are. Its one audience is [`Self::client_id`].
    pub issuer: Issuer,
    /// Where the issuer describes itself.
    pub discovery: Location,
    /// Where a code is exchanged, if not on the issuer's own host.
    pub token_endpoint: Option<Location>,
    /// What the issuer knows this gateway by.
    pub client_id: String,
    /// What proves the gateway to the issuer; without it only the code's own proof (PKCE) does.
    pub client_secret: Option<Arc<Secret>>,
    /// Where the issuer sends people back to: [`Self::CALLBACK`] on this gateway.
    pub redirect_url: String,
    /// What is asked of the issuer.
    pub scopes: Vec<String>,
    /// Only people with a verified address in one of these domains may log in; empty: all may.
    pub email_domains: Vec<String>,
    /// How long a session lasts at most.
    pub session_lifetime: Duration,
    /// How long a session lasts that is not used.
    pub session_idle: Duration,
    /// Whether TLS ends in front of the admin listener, on another machine.
    pub tls_ends_in_front: bool,
}

impl Login {
    /// The path that the issuer sends people back to.
    pub const CALLBACK: &str = "/sso/callback";

    /// A session is over after this long, and no configuration makes it longer.
    const LONGEST: Duration = Duration::from_secs(12 * 3600);

    /// One that is not used is over after this long.
    const LONGEST_IDLE: Duration = Duration::from_secs(15 * 60);

    /// All that it says, as text that is another for another value, wherever it is written.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.issuer.issuer,
            self.issuer.algorithms,
            self.issuer.keys,
            self.discovery,
            self.token_endpoint,
            self.client_id,
            self.redirect_url,
            self.scopes,
            self.email_domains,
            self.session_lifetime,
            self.session_idle,
            self.tls_ends_in_front,
        ));
        if let Some(secret) = &self.client_secret {
            let exposed = secret.expose();
            text.push_str(&Zeroizing::new(format!(" {:?}", exposed.bytes())));
        }
        text
    }
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        *self.text() == *other.text()
    }
}

impl Eq for Login {}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("issuer", &self.issuer.issuer)
            .field("algorithms", &self.issuer.algorithms)
            .field("keys", &self.issuer.keys)
            .field("token_endpoint", &self.token_endpoint)
            .field("client_id", &self.client_id)
            .field("has_secret", &self.client_secret.is_some())
            .field("redirect_url", &self.redirect_url)
            .field("scopes", &self.scopes)
            .field("email_domains", &self.email_domains)
            .field("session_lifetime", &self.session_lifetime)
            .field("session_idle", &self.session_idle)
            .field("tls_ends_in_front", &self.tls_ends_in_front)
            .finish_non_exhaustive()
    }
}

/// The section while it is read.
#[derive(Default)]
pub(crate) struct LoginDraft {
    issuer: issuers::Draft,
    token_endpoint: Option<Location>,
    client_id: Option<String>,
    client_secret: Option<Arc<Secret>>,
    redirect_url: Option<String>,
    scopes: Option<Vec<String>>,
    email_domains: Vec<String>,
    session_lifetime: Option<Duration>,
    session_idle: Option<Duration>,
    tls_ends_in_front: bool,
}

/// The keys of `ironward.login`.
pub(crate) static LOGIN: Section<LoginDraft> = Section {
    name: "ironward.login",
    about: "People log in on the admin listener (`/sso/login`) with an OpenID Connect issuer: authorisation code with PKCE, and a session \
            of the node that they logged in on. Who logs in is the user with the `sso_user_id` that the issuer knows them by, else the one without \
            any who has the address that the issuer has verified; nobody else is let in, and no user is made. A change takes a restart.",
    keys: &[
        Key {
            name: "issuer",
            default: "",
            meaning: "Required. The exact `iss` of its tokens; its endpoints and keys are found by `ISSUER/.well-known/openid-configuration`.",
            effect: Effect::Word(|login, issuer| login.issuer.issuer = Some(issuer)),
        },
        Key {
            name: "client_id",
            default: "",
            meaning: "Required. What the issuer knows this gateway by; its tokens have to be for this audience.",
            effect: Effect::Word(|login, id| login.client_id = Some(id)),
        },
        Key {
            name: "client_secret",
            default: "",
            meaning: "What the issuer has given out for it (sent as `client_secret_basic`): `os.environ/NAME` or `file:/PATH`. Without it the gateway is a public client.",
            effect: Effect::Read("secret", read_secret),
        },
        Key {
            name: "redirect_url",
            default: "",
            meaning: "Required. Where the issuer sends people back to, as it is registered there: `https://HOST/sso/callback`, the admin listener's address as browsers see it. `http` on `localhost` or a loopback address only.",
            effect: Effect::Read("URL", read_redirect_url),
        },
        Key {
            name: "scopes",
            default: "[openid, email]",
            meaning: "What is asked of the issuer; `openid` has to be in it.",
            effect: Effect::Read("list of texts", read_scopes),
        },
        Key {
            name: "allowed_email_domains",
            default: "[]",
            meaning: "Only people with a verified address in one of these domains may log in.",
            effect: Effect::Read("list of texts", read_email_domains),
        },
        Key {
            name: "algorithms",
            default: "[RS256]",
            meaning: "What its tokens may be signed with: `RS256`, `PS256`, `ES256`, `EdDSA`.",
            effect: Effect::Read("list of texts", |login, reader, field| {
                issuers::read_algorithms(&mut login.issuer, reader, field);
            }),
        },
        Key {
            name: "token_endpoint",
            default: "found by discovery",
            meaning: "Where codes are exchanged, for an issuer that has it on another host.",
            effect: Effect::Read("URL", |login, reader, field| {
                login.token_endpoint = issuers::read_location(reader, field);
            }),
        },
        Key {
            name: "jwks_uri",
            default: "found by discovery",
            meaning: "Where its keys are, for an issuer that has them on another host.",
            effect: Effect::Read("URL", |login, reader, field| {
                login.issuer.keys = issuers::read_location(reader, field);
            }),
        },
        Key {
            name: "allow_private_address",
            default: "false",
            meaning: "Its public name may resolve to a private address.",
            effect: Effect::Switch(|login, on| login.issuer.allow_private_address = on),
        },
        Key {
            name: "session_lifetime",
            default: "12h",
            meaning: "How long a session lasts: 12 hours at most.",
            effect: Effect::Read("time", |login, reader, field| {
                login.session_lifetime = read_at_most(reader, field, Login::LONGEST);
            }),
        },
        Key {
            name: "session_idle",
            default: "15m",
            meaning: "How long a session lasts that is not used: 15 minutes at most.",
            effect: Effect::Read("time", |login, reader, field| {
                login.session_idle = read_at_most(reader, field, Login::LONGEST_IDLE);
            }),
        },
        Key {
            name: "tls_ends_in_front",
            default: "false",
            meaning: "TLS ends on another machine in front of the admin listener, and nobody can read what goes between the two. With it `--allow-plaintext` \
                      holds for sessions too, on an `--admin-host` that is not loopback; `ironward.admin_tls` is the better way.",
            effect: Effect::Switch(|login, on| login.tls_ends_in_front = on),
        },
    ],
    ignored: "",
    unknown: Unknown::Problem,
};

/// Reads `ironward.login`.
pub(super) fn read(ironward: &mut IronwardSettings, reader: &mut Reader<'_>, field: &Field<'_>) {
    let reported = reader.problems.len();
    let mut draft = LoginDraft::default();
    LOGIN.read(&mut draft, reader, field);
    if reader.problems.len() > reported {
        return;
    }
    match draft.finish(field) {
        Ok(login) => ironward.login = Some(login),
        Err(message) => reader.problem(field, message),
    }
}

impl LoginDraft {
    fn finish(mut self, field: &Field<'_>) -> Result<Login, String> {
        let client_id = self.client_id.ok_or(
            "a login needs the name that the issuer knows the gateway by; add 'client_id: NAME'",
        )?;
        let redirect_url = self.redirect_url.ok_or(
            "a login needs the address that the issuer sends people back to; add \
             'redirect_url: https://HOST/sso/callback'",
        )?;
        self.issuer.audiences = vec![client_id.clone()];
        if self.issuer.algorithms.is_empty() {
            // What OpenID Connect Core 1.0 (section 3.1.3.7) has for clients that say nothing.
            self.issuer.algorithms.push(Algorithm::Rs256);
        }
        let allow_private_address = self.issuer.allow_private_address;
        let issuer = self.issuer.finish(&field.node.place)?;
        let reachable = |mut location: Location| {
            if allow_private_address {
                location.origin.reach = Reach::Private;
            }
            location
        };
        let discovery = reachable(issuers::discovery(&issuer.issuer)?);
        let token_endpoint = self.token_endpoint.map(reachable);
        for origin in token_endpoint
            .iter()
            .map(|at| &at.origin)
            .chain([&discovery.origin])
        {
            check_transport(origin)?;
        }
        Ok(Login {
            issuer,
            discovery,
            token_endpoint,
            client_id,
            client_secret: self.client_secret,
            redirect_url,
            scopes: self
                .scopes
                .unwrap_or_else(|| ["openid", "email"].map(str::to_owned).into()),
            email_domains: self.email_domains,
            session_lifetime: self.session_lifetime.unwrap_or(Login::LONGEST),
            session_idle: self.session_idle.unwrap_or(Login::LONGEST_IDLE),
            tls_ends_in_front: self.tls_ends_in_front,
        })
    }
}

/// A secret, a code and keys pass here: in the clear they go to this machine or network only.
fn check_transport(origin: &Origin) -> Result<(), String> {
    let named = Origin::parse(&origin.to_string()).is_ok_and(|named| named.reach == Reach::Public);
    if origin.scheme == Scheme::Http && named {
        return Err(format!(
            "codes and secrets would be sent to {origin} over plain http, and whoever sits on the \
             way could log in; write https"
        ));
    }
    Ok(())
}

fn read_secret(login: &mut LoginDraft, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(text) = reader.text(field) else {
        return;
    };
    let text = text.text.trim();
    if text.is_empty() {
        reader.problem(
            field,
            "the secret is empty; leave the key out for a public client",
        );
    } else {
        login.client_secret = Some(Arc::new(Secret::new(text.as_bytes())));
    }
}

fn read_redirect_url(login: &mut LoginDraft, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(url) = reader.word(field) else {
        return;
    };
    let location = match Location::parse(&url) {
        Ok(location) => location,
        Err(error) => {
            let message = format!("not a URL: {error}; write https://HOST{}", Login::CALLBACK);
            return reader.problem(field, message);
        }
    };
    if &*location.path != Login::CALLBACK {
        let message = format!(
            "the issuer has to send people to {}; write https://HOST{0}",
            Login::CALLBACK
        );
        reader.problem(field, message);
    } else if location.origin.scheme == Scheme::Http && !is_this_machine(&location.origin.host) {
        let message = "the code and the session's cookie would cross a network in the clear; write \
                       https (http is for localhost and loopback addresses only)";
        reader.problem(field, message);
    } else {
        login.redirect_url = Some(url);
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn read_scopes(login: &mut LoginDraft, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(scopes) = reader.words(field) else {
        return;
    };
    // RFC 6749, section 3.3.
    let is_scope = |scope: &String| {
        let is_sound = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        scope.bytes().all(is_sound)
    };
    if !scopes.iter().all(is_scope) {
        let message = "a scope is one word without quotes; write a list, such as [openid, email]";
        reader.problem(field, message);
    } else if scopes.iter().any(|scope| scope == "openid") {
        login.scopes = Some(scopes);
    } else {
        let message = "without the scope 'openid' the issuer says nothing of who logs in; add it";
        reader.problem(field, message);
    }
}

fn read_email_domains(login: &mut LoginDraft, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(domains) = reader.words(field) else {
        return;
    };
    let is_domain =
        |domain: &String| !domain.contains(['@', '*', '/', ' ', ',']) && !domain.starts_with('.');
    if domains.is_empty() {
        // None would mean that everybody may.
        reader.problem(field, "no domain is in it; write one, or leave the key out");
    } else if domains.iter().all(is_domain) {
        login.email_domains = domains.iter().map(|domain| domain.to_lowercase()).collect();
    } else {
        let message = "not a domain; write what stands behind the '@', such as example.com";
        reader.problem(field, message);
    }
}

fn read_at_most(reader: &mut Reader<'_>, field: &Field<'_>, most: Duration) -> Option<Duration> {
    let time = reader.seconds(field)?;
    if time > most {
        let message = format!(
            "longer than a session may be; write {} s or less",
            most.as_secs()
        );
        reader.problem(field, message);
        return None;
    }
    Some(time)
}
