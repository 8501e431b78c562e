//! What the tests talk to: a scripted HTTP/1.1 peer, TLS for it, and egress set up to reach it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, Method};
use ironward_core::{
    AuthScheme, Clock, CredentialId, Fault, Origin, Reach, SystemClock, Timeouts, UpstreamRequest,
};
use ironward_egress::{
    BoxFuture, Credential, Credentials, Dialler, Egress, Lease, Resolve, Settings, Upstream,
    UpstreamReply,
};
use ironward_secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "sk-canary-0123456789-abcdefghijkl";

/// A clock that goes on only when it is told to.
pub(crate) struct Stepped {
    start: Instant,
    passed: Mutex<Duration>,
}

impl Stepped {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: SystemClock.now(),
            passed: Mutex::default(),
        })
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }
}

impl Clock for Stepped {
    fn now(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }

    fn wall(&self) -> SystemTime {
        SystemClock.wall()
    }
}

/// A resolver that answers every name with the same addresses, or never.
#[derive(Clone)]
pub(crate) struct Fixed(pub(crate) Option<Vec<IpAddr>>);

impl Fixed {
    pub(crate) fn loopback() -> Self {
        Self::address(Ipv4Addr::LOCALHOST)
    }

    pub(crate) fn address(address: impl Into<IpAddr>) -> Self {
        Self(Some(vec![address.into()]))
    }
}

impl Resolve for Fixed {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async {
            match &self.0 {
                Some(addresses) => Ok(addresses.clone()),
                None => std::future::pending().await,
            }
        })
    }
}

/// Egress with one credential.
pub(crate) struct Way {
    pub(crate) egress: Egress,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) lease: Lease,
    pub(crate) clock: Arc<Stepped>,
    pub(crate) timeouts: Timeouts,
}

impl Way {
    pub(crate) fn to(origin: Origin) -> Self {
        Self::with(origin, Settings::default(), Fixed::loopback())
    }

    pub(crate) fn with(origin: Origin, settings: Settings, resolver: Fixed) -> Self {
        let credentials = Credentials::new();
        let secret = Some(Secret::new(KEY));
        let lease = credentials.add(Credential::new(secret, origin).unwrap());
        let clock = Stepped::new();
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let dialler = Dialler::with_resolver(settings, shared, resolver).unwrap();
        Self {
            egress: Egress::new(Arc::clone(&credentials), dialler),
            credentials,
            lease,
            clock,
            timeouts: Timeouts::default(),
        }
    }

    pub(crate) fn id(&self) -> CredentialId {
        self.lease.id()
    }

    pub(crate) async fn send(&self, request: UpstreamRequest) -> Result<UpstreamReply, Fault> {
        self.egress.send(self.id(), request, &self.timeouts).await
    }

    pub(crate) async fn post(&self, path: &str) -> Result<UpstreamReply, Fault> {
        self.send(post(path)).await
    }

    /// Posts and reads the whole reply.
    pub(crate) async fn text(&self, path: &str) -> Result<String, Fault> {
        text(self.post(path).await?).await
    }
}

pub(crate) async fn text(reply: UpstreamReply) -> Result<String, Fault> {
    let body = reply.body.collect(1 << 20).await?;
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) fn post(path: &str) -> UpstreamRequest {
    UpstreamRequest {
        method: Method::POST,
        path: path.into(),
        headers: HeaderMap::new(),
        body: b"{}".as_slice().into(),
        auth: AuthScheme::Bearer,
        stream: false,
    }
}

pub(crate) fn stream(path: &str) -> UpstreamRequest {
    UpstreamRequest {
        stream: true,
        ..post(path)
    }
}

/// Something that listens on this machine.
pub(crate) struct Peer {
    listener: TcpListener,
    pub(crate) port: u16,
}

impl Peer {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    pub(crate) fn http(&self) -> Origin {
        Origin::parse(&format!("http://127.0.0.1:{}", self.port)).unwrap()
    }

    /// An origin of this name that may be private.
    pub(crate) fn named(&self, scheme: &str, host: &str) -> Origin {
        Origin {
            reach: Reach::Private,
            ..Origin::parse(&format!("{scheme}://{host}:{}", self.port)).unwrap()
        }
    }

    pub(crate) async fn socket(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    pub(crate) async fn accept(&self) -> Line<TcpStream> {
        Line(self.socket().await)
    }

    /// Fails when somebody has connected that was not accepted.
    pub(crate) fn assert_untouched(self) {
        let waiting = self.listener.into_std().unwrap().accept();
        assert!(waiting.is_err(), "somebody connected");
    }
}

/// One connection to the peer.
pub(crate) struct Line<S>(pub(crate) S);

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// Reads one request, body included.
    pub(crate) async fn request(&mut self) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            seen.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(seen).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        head + std::str::from_utf8(&body).unwrap()
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub(crate) async fn reply(&mut self, head: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let length = body.len();
        self.write(format!(
            "HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n"
        ))
        .await;
        self.write(body).await;
    }

    /// Answers one request.
    pub(crate) async fn answer(&mut self, body: &str) -> String {
        let request = self.request().await;
        self.reply("200 OK", body).await;
        request
    }

    /// Takes a request and never answers it.
    pub(crate) async fn closed_after_request(mut self) {
        self.request().await;
        self.closed().await;
    }

    /// Waits until the other side has closed.
    pub(crate) async fn closed(mut self) {
        let mut rest = Vec::new();
        // A reset is as good as an end.
        drop(self.0.read_to_end(&mut rest).await);
        assert_eq!(rest, b"");
    }
}

/// A certificate authority and a server certificate that it signed.
pub(crate) struct Certified {
    pub(crate) ca_pem: Vec<u8>,
    pub(crate) server: Arc<ServerConfig>,
}

impl Certified {
    pub(crate) fn new(host: &str, alpn: &[&[u8]]) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let ca_pem = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![host.into()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut server =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![leaf.der().clone()], key)
                .unwrap();
        server.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Self {
            ca_pem: ca_pem.into_bytes(),
            server: Arc::new(server),
        }
    }

    /// Settings that trust the authority.
    pub(crate) fn trusted(&self) -> Settings {
        Settings {
            extra_ca_pem: self.ca_pem.clone(),
            ..Settings::default()
        }
    }
}
