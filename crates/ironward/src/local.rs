//! Model servers on this machine (`--local`).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use ironward_core::{AuthScheme, Origin, Pieces, SystemClock, Timeouts, UpstreamRequest};
use ironward_egress::{Credential, Credentials, Dialler, Egress, Settings, Upstream as _};
use serde_json::Value;

/// A kind of server, where it listens, and how it is told from others that do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalServer {
    /// The provider that speaks to it.
    pub(crate) provider: &'static str,
    /// Where it is.
    pub(crate) base_url: Cow<'static, str>,
    /// Its list of models, below the base URL.
    list: &'static str,
    /// The field of the list that holds the models.
    field: &'static str,
}

/// The standard ports, from each server's documentation.
const SERVERS: [LocalServer; 4] = [
    LocalServer {
        provider: "ollama",
        base_url: Cow::Borrowed("http://127.0.0.1:11434"),
        list: "/api/tags",
        field: "models",
    },
    LocalServer::compatible("llamacpp", "http://127.0.0.1:8080/v1"),
    LocalServer::compatible("hosted_vllm", "http://127.0.0.1:8000/v1"),
    LocalServer::compatible("lm_studio", "http://127.0.0.1:1234/v1"),
];

/// A list of models is made without a model: on loopback it is there at once or not at all.
const PATIENCE: Timeouts = Timeouts {
    connect: Duration::from_millis(200),
    first_byte: Duration::from_millis(1000),
    idle: Duration::from_millis(1000),
    total: Duration::from_millis(1000),
};

/// The longest list that is read.
const LIST_LIMIT: usize = 1 << 20;

impl LocalServer {
    const fn compatible(provider: &'static str, base_url: &'static str) -> Self {
        Self {
            provider,
            base_url: Cow::Borrowed(base_url),
            list: "/models",
            field: "data",
        }
    }
}

/// The servers that are there now. Other programs listen on ports such as 8080 too: only what
/// answers with a list of its models counts.
pub(crate) fn find() -> Vec<LocalServer> {
    find_among(SERVERS.to_vec())
}

fn find_among(servers: Vec<LocalServer>) -> Vec<LocalServer> {
    // A start has no runtime yet and a reload is on one: a thread of its own suits both.
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        runtime.block_on(ask_all(servers))
    });
    asking.join().ok().flatten().unwrap_or_default()
}

async fn ask_all(servers: Vec<LocalServer>) -> Option<Vec<LocalServer>> {
    let credentials = Credentials::new();
    let dialler = Dialler::new(Settings::default(), Arc::new(SystemClock)).ok()?;
    let egress = Arc::new(Egress::new(Arc::clone(&credentials), dialler));
    let asked: Vec<_> = servers
        .into_iter()
        .map(|server| {
            let (credentials, egress) = (Arc::clone(&credentials), Arc::clone(&egress));
            tokio::spawn(async move {
                let is_there = lists_models(&server, &credentials, &egress).await;
                is_there.unwrap_or(false).then_some(server)
            })
        })
        .collect();
    let mut found = Vec::new();
    for server in asked {
        found.extend(server.await.ok().flatten());
    }
    Some(found)
}

/// Whether the server answers as its kind does; `None` when it does not answer.
async fn lists_models(
    server: &LocalServer,
    credentials: &Arc<Credentials>,
    egress: &Egress,
) -> Option<bool> {
    let origin = Origin::parse(&server.base_url).ok()?;
    let lease = credentials.add(Credential::new(None, origin).ok()?);
    let request = UpstreamRequest {
        method: Method::GET,
        path: server.list.to_owned(),
        headers: HeaderMap::new(),
        body: Pieces::new(),
        auth: AuthScheme::None,
        stream: false,
    };
    let reply = egress.send(lease.id(), request, &PATIENCE).await.ok()?;
    let is_success = reply.status.is_success();
    let body = reply.body.collect(LIST_LIMIT).await.ok()?;
    let list: Value = serde_json::from_slice(&body).ok()?;
    Some(is_success && list.get(server.field).is_some_and(Value::is_array))
}

#[cfg(test)]
mod tests;
