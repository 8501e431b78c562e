use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderValue;
use ironward_core::{Clock, Fault};
use rustls::ClientConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::endpoint::Endpoint;
use crate::proxy::{Proxies, Proxy, Way};
use crate::resolve::Addresses;
use crate::{InvalidSettings, Resolve, Settings, SystemResolver, faults, tls, tunnel};

/// How long an address has for itself before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// How long sent bytes may stay unacknowledged, and an idle connection unanswered, before the
/// kernel gives the connection up. Without it, a request on a pooled connection that a firewall has
/// forgotten would wait for the whole first byte timeout.
const DEAD_AFTER: Duration = Duration::from_secs(30);

/// Resolves, checks and connects: the part of the way out that all [`Egress`](crate::Egress) of a
/// process share.
pub struct Dialler {
    tls: Arc<ClientConfig>,
    proxies: Proxies,
    addresses: Addresses,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) user_agent: HeaderValue,
    reply_limit: AtomicU64,
}

/// A connection on which no HTTP was spoken yet.
pub(crate) enum Connected {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Dialler {
    /// A dialler that asks the machine's own resolver.
    ///
    /// # Errors
    /// When a certificate, a proxy URL or the user agent cannot be used.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, InvalidSettings> {
        Self::with_resolver(settings, clock, SystemResolver)
    }

    /// A dialler with another resolver.
    ///
    /// # Errors
    /// When a certificate, a proxy URL or the user agent cannot be used.
    pub fn with_resolver(
        settings: Settings,
        clock: Arc<dyn Clock>,
        resolver: impl Resolve + 'static,
    ) -> Result<Arc<Self>, InvalidSettings> {
        Ok(Arc::new(Self {
            tls: tls::client_config(&settings)?,
            proxies: Proxies::new(&settings.proxy)?,
            addresses: Addresses::new(Box::new(resolver), Arc::clone(&clock)),
            clock,
            user_agent: HeaderValue::from_str(&settings.user_agent)
                .map_err(|_| InvalidSettings("the user agent is not a header value".into()))?,
            reply_limit: AtomicU64::new(settings.reply_limit),
            settings,
        }))
    }

    /// From now on, this is the largest body of a reply that is not a stream, in bytes after
    /// decoding.
    pub fn limit_replies(&self, bytes: u64) {
        self.reply_limit.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn reply_limit(&self) -> u64 {
        self.reply_limit.load(Ordering::Relaxed)
    }

    pub(crate) fn way(&self, endpoint: &Endpoint) -> Way {
        self.proxies.way(endpoint)
    }

    pub(crate) async fn connect(&self, endpoint: &Endpoint, way: &Way) -> Result<Connected, Fault> {
        let stream = match way {
            Way::Direct => self.dial(endpoint).await?,
            Way::Forward(proxy) => {
                check_literal(endpoint)?;
                self.dial_proxy(proxy).await?
            }
            Way::Tunnel(proxy) => {
                check_literal(endpoint)?;
                let mut stream = self.dial_proxy(proxy).await?;
                tunnel::open(&mut stream, proxy, endpoint)
                    .await
                    .map_err(|refusal| no_tunnel(endpoint, refusal))?;
                stream
            }
        };
        let Some(name) = endpoint.server_name() else {
            return Ok(Connected::Plain(stream));
        };
        let secured = TlsConnector::from(Arc::clone(&self.tls))
            .connect(name.clone(), stream)
            .await
            .map_err(|error| no_tls(endpoint, &error))?;
        Ok(Connected::Tls(Box::new(secured)))
    }

    /// Resolve, check, connect. The checked addresses are what is dialled.
    async fn dial(&self, endpoint: &Endpoint) -> Result<TcpStream, Fault> {
        let addresses = self.resolve(endpoint.host(), endpoint.shown()).await?;
        let admitted: Vec<SocketAddr> = addresses
            .iter()
            .filter(|address| endpoint.admits(**address))
            .map(|address| SocketAddr::new(*address, endpoint.port()))
            .collect();
        if admitted.is_empty() {
            return Err(refused(endpoint, &addresses));
        }
        self.race(admitted, endpoint.host(), endpoint.shown()).await
    }

    /// A proxy is the operator's own choice and usually private: its address is not checked.
    async fn dial_proxy(&self, proxy: &Proxy) -> Result<TcpStream, Fault> {
        let addresses = self.resolve(&proxy.host, "the proxy").await?;
        let addresses = addresses
            .iter()
            .map(|address| SocketAddr::new(*address, proxy.port))
            .collect();
        self.race(addresses, &proxy.host, "the proxy").await
    }

    async fn resolve(&self, host: &str, shown: &str) -> Result<Arc<[IpAddr]>, Fault> {
        self.addresses.of(host).await.map_err(|error| {
            faults::bad_gateway(format!("the name of {shown} cannot be resolved"))
                .with_cause(format_args!("{host}: {error}"))
        })
    }

    async fn race(
        &self,
        addresses: Vec<SocketAddr>,
        host: &str,
        shown: &str,
    ) -> Result<TcpStream, Fault> {
        let stream = match *addresses.as_slice() {
            [address] => open(address).await,
            _ => first_of(addresses).await,
        };
        stream.map_err(|error| {
            self.addresses.forget(host);
            faults::bad_gateway(format!("no connection to {shown}")).with_cause(error)
        })
    }
}

impl fmt::Debug for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialler").finish_non_exhaustive()
    }
}

/// Connects to whichever address answers first. Each has a head start over the next one, and none
/// waits for the others to fail (RFC 8305, without its sorting: the resolver has sorted already).
async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut waiting = addresses.into_iter();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    loop {
        let next = waiting.next();
        let exhausted = next.is_none();
        if let Some(address) = next {
            attempts.spawn(open(address));
        }
        let ended = if exhausted {
            attempts.join_next().await
        } else {
            match timeout(STAGGER, attempts.join_next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            }
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => last = error,
            Some(Err(error)) => last = io::Error::other(error),
            None if exhausted => return Err(last),
            None => {}
        }
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    let probe = DEAD_AFTER / 3;
    let keepalive = TcpKeepalive::new()
        .with_time(probe)
        .with_interval(probe)
        .with_retries(2);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(DEAD_AFTER))?;
    Ok(stream)
}

/// Behind a proxy, names are resolved there; what is written as an address is checked here.
fn check_literal(endpoint: &Endpoint) -> Result<(), Fault> {
    match endpoint.literal() {
        Some(address) if !endpoint.admits(address) => Err(refused(endpoint, &[address])),
        _ => Ok(()),
    }
}

fn refused(endpoint: &Endpoint, addresses: &[IpAddr]) -> Fault {
    let cause = format!("{} resolves to {addresses:?}", endpoint.host());
    if endpoint.is_private() {
        faults::forbidden_address(endpoint.shown(), cause)
    } else {
        faults::private_address(endpoint.shown(), cause)
    }
}

fn no_tls(endpoint: &Endpoint, error: &io::Error) -> Fault {
    let host = endpoint.shown();
    let reason = error.get_ref().and_then(|error| error.downcast_ref());
    let message = match reason {
        Some(rustls::Error::InvalidCertificate(_)) => format!(
            "the certificate of {host} is not valid or not signed by an authority that is trusted"
        ),
        _ => format!("no TLS connection to {host}"),
    };
    faults::bad_gateway(message).with_cause(error)
}

fn no_tunnel(endpoint: &Endpoint, refusal: tunnel::Refusal) -> Fault {
    let host = endpoint.shown();
    match refusal {
        tunnel::Refusal::Status(407) => faults::bad_gateway(format!(
            "the proxy wants a user and password for the tunnel to {host}"
        )),
        tunnel::Refusal::Status(status) => faults::bad_gateway(format!(
            "the proxy refused the tunnel to {host} with status {status}"
        )),
        tunnel::Refusal::NotHttp => {
            faults::bad_gateway("the proxy's answer to CONNECT is not HTTP")
        }
        tunnel::Refusal::Io(error) => {
            faults::bad_gateway("the proxy closed the connection").with_cause(error)
        }
    }
}

#[cfg(test)]
mod tests;
