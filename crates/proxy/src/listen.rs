//! The data port: sockets, TLS, HTTP/1.1 and HTTP/2, and the limits on strangers.

mod client;
mod connection;
mod patience;
mod socket;
mod streams;
mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::{Gateway, Peer};

pub use socket::bind;
pub use tls::ServerTls;

/// What a listener allows its clients.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// How long a client may take for TLS, and for the head of a request.
    pub head_timeout: Duration,
    /// The most header fields in a request.
    pub headers: usize,
    /// The most bytes in a request's head.
    pub head_bytes: usize,
    /// The most calls at once on one HTTP/2 connection.
    pub streams: u32,
    /// The most connections at once on this listener.
    pub connections: usize,
}

impl Default for ListenerSettings {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(15),
            headers: 100,
            head_bytes: 64 << 10,
            streams: 512,
            connections: 50_000,
        }
    }
}

/// How often the warning about connections that cannot be taken is written at most.
const WARNING_EVERY: Duration = Duration::from_secs(10);

/// Counts what cannot be taken. Out of file descriptors, that is a hundred times a second.
#[derive(Default)]
struct Failures {
    count: u64,
    warned: Option<Instant>,
}

impl Failures {
    fn note(&mut self, error: &io::Error, now: Instant) {
        self.count += 1;
        let is_due = self
            .warned
            .is_none_or(|warned| now.saturating_duration_since(warned) >= WARNING_EVERY);
        if is_due {
            let failures = std::mem::take(&mut self.count);
            ironward_telemetry::AcceptFailed { error, failures }.emit();
            self.warned = Some(now);
        }
    }
}

/// One thread's share of the data port.
pub struct Listener {
    socket: TcpListener,
    settings: ListenerSettings,
    tls: Option<ServerTls>,
}

impl Listener {
    /// Takes over a bound socket. Has to be called on the runtime that will serve it.
    ///
    /// # Errors
    /// When the runtime cannot watch the socket.
    pub fn new(
        socket: StdListener,
        tls: Option<ServerTls>,
        settings: ListenerSettings,
    ) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::from_std(socket)?,
            settings,
            tls,
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// When the operating system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Takes connections until `drained` turns true; then closes the socket, tells the open
    /// connections to finish what they are doing, and waits for the last of them.
    pub async fn serve(self, gateway: Arc<Gateway>, drained: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.settings.connections));
        let all = u32::try_from(self.settings.connections).unwrap_or(u32::MAX);
        let served = async {
            self.accept(Arc::clone(&gateway), drained, &places).await;
            // The semaphore is never closed: this waits until every place is free again.
            let _free = places.acquire_many(all).await;
        };
        // Streams are cut for as long as there are any, also while they are waited for.
        tokio::select! {
            () = served => {}
            () = gateway.access.cut_revoked(&*gateway.clock) => {}
        }
    }

    async fn accept(
        self,
        gateway: Arc<Gateway>,
        mut drained: watch::Receiver<bool>,
        places: &Arc<Semaphore>,
    ) {
        let mut failures = Failures::default();
        loop {
            let Ok(place) = Arc::clone(places).acquire_owned().await else {
                return;
            };
            let (stream, peer) = tokio::select! {
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, or the peer is gone already: the next may work.
                        failures.note(&error, gateway.clock.now());
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    }
                },
                _ = drained.wait_for(|drained| *drained) => return,
            };
            let connection = connection::Connection {
                gateway: Arc::clone(&gateway),
                peer: Peer {
                    address: Some(peer.ip().to_canonical()),
                    workload: None,
                },
                settings: self.settings.clone(),
                tls: self.tls.as_ref().map(ServerTls::current),
                drained: drained.clone(),
            };
            tokio::spawn(async move {
                connection.serve(stream).await;
                drop(place);
            });
        }
    }
}
