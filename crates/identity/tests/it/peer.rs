//! The way out, and an issuer on this machine that answers from a table.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use ironward_config::{Algorithm, Issuer, KeySource, Place};
use ironward_core::{Clock, Location, SystemClock};
use ironward_egress::{BoxFuture, Credentials, Dialler, Egress, Resolve, Settings, Upstream};
use ironward_identity::{Identities, KeysEvent, Refresher};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) const AUDIENCE: &str = "gateway";

/// An issuer with discovery.
pub(crate) fn issuer(name: &str, algorithms: &[Algorithm]) -> Issuer {
    let document = format!("{name}/.well-known/openid-configuration");
    Issuer {
        place: Place::start(&Arc::from("config.yaml")),
        issuer: name.to_owned(),
        audiences: vec![AUDIENCE.to_owned()],
        algorithms: algorithms.to_vec(),
        keys: KeySource::Discovery(Location::parse(&document).unwrap()),
    }
}

/// A way out on which every name is this machine.
pub(crate) fn way_out(clock: &Arc<dyn Clock>) -> (Arc<dyn Upstream>, Arc<Credentials>) {
    let credentials = Credentials::new();
    let settings = Settings::default();
    let dialler = Dialler::with_resolver(settings, Arc::clone(clock), Loopback).unwrap();
    let upstream = Egress::new(Arc::clone(&credentials), dialler);
    (Arc::new(upstream), credentials)
}

/// A refresher at work behind real egress.
pub(crate) struct Refreshing {
    events: UnboundedReceiver<KeysEvent>,
    task: JoinHandle<()>,
}

impl Refreshing {
    pub(crate) fn start(identities: &Identities) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (upstream, credentials) = way_out(&clock);
        let (sender, events) = unbounded_channel();
        let report = move |event| drop(sender.send(event));
        let refresher = Refresher::new(identities, &upstream, &credentials, &clock, report);
        Self {
            events,
            task: tokio::spawn(refresher.unwrap().run()),
        }
    }

    pub(crate) async fn event(&mut self) -> KeysEvent {
        let event = timeout(Duration::from_secs(20), self.events.recv()).await;
        event.unwrap().unwrap()
    }

    /// The next event, which has to be a failure: its reason.
    pub(crate) async fn failure(&mut self) -> String {
        match self.event().await {
            KeysEvent::Failed { reason, .. } => reason,
            event @ KeysEvent::Fetched { .. } => panic!("{event:?}"),
        }
    }
}

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Every name is this machine.
struct Loopback;

impl Resolve for Loopback {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) })
    }
}

/// A listener that is to answer for an issuer.
pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let name = format!("http://{}", listener.local_addr().unwrap());
    (listener, name)
}

/// Answers each path with its whole HTTP response, and counts.
pub(crate) fn serve(
    listener: TcpListener,
    answers: HashMap<&'static str, String>,
) -> JoinHandle<()> {
    let answers = Arc::new(answers);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&answers)));
        }
    })
}

async fn answer(
    mut stream: TcpStream,
    answers: Arc<HashMap<&'static str, String>>,
) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let mut path = None;
    while let Some(line) = lines.next_line().await? {
        if path.is_none() {
            path = line.split(' ').nth(1).map(str::to_owned);
        }
        if line.is_empty() {
            let path = path.take().unwrap_or_default();
            let missing = || response("404 Not Found", "", "");
            let response = answers.get(path.as_str()).cloned().unwrap_or_else(missing);
            write.write_all(response.as_bytes()).await?;
        }
    }
    Ok(())
}

pub(crate) fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}
