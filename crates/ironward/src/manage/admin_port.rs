use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ironward_config::{Environment as _, ProcessEnvironment};
use ironward_core::{
    AuthScheme, Fault, Origin, Pieces, Reach as Addresses, Scheme, SystemClock, Timeouts,
    UpstreamRequest,
};
use ironward_egress::{
    ClientCertificate, Credential, Credentials, Dialler, Egress, Lease, ProxySettings, Roots,
    Settings, Upstream as _,
};
use ironward_secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Reach;
use super::answer::Answer;
use super::view::View;
use crate::exit::Failure;

/// The variable that holds the admin key.
const KEY: &str = "IRONWARD_ADMIN_KEY";

/// A gateway that is slower than this is down.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(60),
    idle: Duration::from_secs(30),
    total: Duration::from_secs(120),
};

/// The largest answer that is read.
const MOST_BYTES: usize = 64 << 20;

/// What stands in a path or a query as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// One request, and how its answer is shown.
#[derive(Debug)]
pub(crate) struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
    pub(super) view: View,
    /// What is asked instead when there is no such object.
    instead: Option<Box<Self>>,
}

impl Request {
    pub(super) fn get(path: &str, view: View) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            body: None,
            view,
            instead: None,
        }
    }

    pub(super) fn with_body(method: Method, path: &str, body: Value, view: View) -> Self {
        Self {
            method,
            body: Some(body),
            ..Self::get(path, view)
        }
    }

    pub(super) fn post(path: &str, body: Value, view: View) -> Self {
        Self::with_body(Method::POST, path, body, view)
    }

    pub(super) fn delete(path: &str, view: View) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::get(path, view)
        }
    }

    /// Adds to the query what is given.
    pub(super) fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            let mark = if self.path.contains('?') { '&' } else { '?' };
            let value = value.to_string();
            let value = utf8_percent_encode(&value, ENCODED);
            self.path = format!("{}{mark}{name}={value}", self.path);
        }
        self
    }

    pub(super) fn or_else(mut self, other: Self) -> Self {
        self.instead = Some(Box::new(other));
        self
    }
}

/// A name as it stands in a path.
pub(super) fn segment(name: &str) -> String {
    utf8_percent_encode(name, ENCODED).to_string()
}

/// The admin port of a gateway, and the key that is shown to it.
pub(super) struct AdminPort {
    egress: Egress,
    credential: Lease,
    shown: Box<str>,
}

impl AdminPort {
    pub(super) fn new(reach: &Reach) -> Result<Self, Failure> {
        let url = reach.admin_url.as_str();
        let wrong = |what: &dyn std::fmt::Display| Failure::Usage(format!("--admin-url: {what}"));
        let mut origin = Origin::parse(url).map_err(|error| wrong(&error))?;
        if origin.scheme == Scheme::Http && !reach.send_in_clear && !is_this_machine(&origin.host) {
            return Err(wrong(&format!(
                "{origin} would be sent the key in the clear: use https, or a tunnel, or say \
                 --send-in-clear"
            )));
        }
        // Whoever runs the command wrote it, and admin ports are inside the network.
        origin.reach = Addresses::Private;
        let shown = origin.to_string().into();
        let credentials = Credentials::new();
        let credential = Credential::new(Some(key(reach)?), origin)
            .map_err(|error| Failure::Usage(format!("the admin key or --admin-url: {error}")))?;
        let dialler = Dialler::new(settings(reach)?, Arc::new(SystemClock))
            .map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(Self {
            credential: credentials.add(credential),
            egress: Egress::new(credentials, dialler),
            shown,
        })
    }

    /// Asks, and asks what is to be asked instead when there is no such object.
    pub(super) async fn ask(&self, request: &Request) -> Result<Answer, Failure> {
        let answer = self.send(request).await?;
        match &request.instead {
            Some(other) if answer.status == StatusCode::NOT_FOUND => self.send(other).await,
            _ => Ok(answer),
        }
    }

    async fn send(&self, request: &Request) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        let body = request.body.as_ref().map(Value::to_string);
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let outgoing = UpstreamRequest {
            method: request.method.clone(),
            path: request.path.clone(),
            headers,
            body: body.map(Pieces::from).unwrap_or_default(),
            auth: AuthScheme::Bearer,
            stream: false,
        };
        let failed = |fault: Fault| self.unreached(&fault);
        let sent = self.egress.send(self.credential.id(), outgoing, &TIMEOUTS);
        let reply = sent.await.map_err(failed)?;
        Ok(Answer {
            status: reply.status,
            body: reply.body.collect(MOST_BYTES).await.map_err(failed)?,
        })
    }

    fn unreached(&self, fault: &Fault) -> Failure {
        // Egress speaks of providers, which is what it dials otherwise.
        let mut what = fault.message.replace("the provider", "the gateway");
        if let Some(cause) = &fault.cause {
            what = format!("{what} ({cause})");
        }
        Failure::Unreached(format!(
            "no answer of the admin port at {}: {what}; name another one with --admin-url",
            self.shown
        ))
    }
}

/// The key, from a file or the environment.
fn key(reach: &Reach) -> Result<Secret, Failure> {
    if let Some(path) = &reach.key_file {
        return ProcessEnvironment
            .secret_file(path)
            .map_err(|error| Failure::Usage(format!("--key-file: {error}")));
    }
    ProcessEnvironment
        .get(KEY)
        .map(|key| Secret::new(key.trim().as_bytes()))
        .filter(|key| !key.is_empty())
        .ok_or_else(|| {
            Failure::Usage(format!(
                "no key: set {KEY} to the admin key, or name a file that holds it with --key-file"
            ))
        })
}

fn settings(reach: &Reach) -> Result<Settings, Failure> {
    let variable = |name: &str| {
        let found = ProcessEnvironment
            .get(name)
            .or_else(|| ProcessEnvironment.get(&name.to_ascii_lowercase()));
        found.filter(|value| !value.is_empty())
    };
    let mut settings = Settings {
        roots: Roots::System,
        proxy: ProxySettings {
            // A proxy of plain HTTP would read the key.
            http: None,
            https: variable("HTTPS_PROXY"),
            no_proxy: variable("NO_PROXY"),
        },
        ..Settings::default()
    };
    if let Some(path) = &reach.ca {
        settings.roots = Roots::OnlyExtra;
        settings.extra_ca_pem = read("--ca", path)?;
    }
    if let Some(path) = &reach.certificate {
        let pem = Zeroizing::new(read("--certificate", path)?);
        let certificate = ClientCertificate::from_pem(&pem).map_err(|error| {
            Failure::Usage(format!("--certificate: {}: {error}", path.display()))
        })?;
        settings.client_certificate = Some(Arc::new(certificate));
    }
    Ok(settings)
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::Usage(format!(
            "{flag}: {} cannot be read: {error}",
            path.display()
        ))
    })
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
