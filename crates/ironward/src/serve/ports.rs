//! The two ports: how they are opened and closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use ironward_admin::{Certificate, Login, Plane};
use ironward_proxy::ServerTls;
use ironward_telemetry::{Draining, ListenerOpened};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::args::ServeArgs;
use crate::authority::Authority;
use crate::data_plane::{self, Shared};
use crate::exit::Failure;
use crate::journal;

/// The two ports, open.
pub(super) struct Ports {
    pub(super) data: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) admin_tls: bool,
    login: Option<Arc<Login>>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    admin_task: tokio::task::JoinHandle<()>,
}

impl Ports {
    pub(super) async fn open(
        args: &ServeArgs,
        shared: &Shared,
        (plane, certificate): (Arc<Plane>, Option<ServerTls>),
    ) -> Result<Self, Failure> {
        let model_groups = shared.snapshot.load().groups().len();
        journal::record_start(&*plane.acts, model_groups).await?;
        let address = SocketAddr::new(args.host, args.port);
        let sockets = data_plane::bind_all(address, threads(args))
            .map_err(|error| not_free(address, "--port", &error))?;
        let data = sockets
            .first()
            .and_then(|socket| socket.local_addr().ok())
            .unwrap_or(address);
        let address = SocketAddr::new(args.admin_host, args.admin_port);
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| not_free(address, "--admin-port", &error))?;
        let admin = listener.local_addr().unwrap_or(address);
        let threads =
            data_plane::start(sockets, shared).map_err(|error| Failure::Run(error.to_string()))?;
        let login = plane.login.clone();
        let admin_tls = certificate.is_some();
        let shown = certificate.map(|tls| Box::new(move || tls.current()) as Certificate);
        let admin_task = tokio::spawn(ironward_admin::serve(
            listener,
            ironward_admin::router(plane),
            shown,
            shared.stopped.clone(),
        ));
        ListenerOpened {
            plane: "data",
            address: data,
            tls: shared.tls.is_some(),
        }
        .emit();
        ListenerOpened {
            plane: "admin",
            address: admin,
            tls: admin_tls,
        }
        .emit();
        Ok(Self {
            data,
            admin,
            admin_tls,
            login,
            threads,
            admin_task,
        })
    }

    /// Ends sessions that no longer hold, and keeps that administrators have logged in, for as long as
    /// it is polled.
    pub(super) async fn follow_logins(&self, authority: &Authority) {
        if let Some(login) = &self.login {
            let directory = authority.feed.directory();
            tokio::join!(
                login.end_revoked(&directory),
                authority.keep_logins(login.administrators())
            );
        }
        std::future::pending::<()>().await;
    }

    /// Takes no new connection, waits for the running calls, and ends the threads.
    pub(super) async fn close(
        self,
        shared: Shared,
        limit: Duration,
        mut ends: Ends,
    ) -> Result<(), Failure> {
        let Shared {
            in_flight, alive, ..
        } = shared;
        drop(alive);
        Draining {
            in_flight: in_flight.count(),
            limit,
        }
        .emit();
        in_flight.drain();
        // Nobody listens any more when the receivers are gone.
        let _gone = ends.drain.send(true);
        let in_time = tokio::time::timeout(limit, ends.ended.recv()).await.is_ok();
        let left = in_flight.count();
        let _gone = ends.stop.send(true);
        for thread in self.threads {
            if let Ok(Err(error)) = thread.join() {
                return Err(Failure::Run(format!("a data thread failed: {error}")));
            }
        }
        self.admin_task.abort();
        if in_time || left == 0 {
            return Ok(());
        }
        Err(Failure::Run(format!(
            "{left} calls did not finish within {} s and were cut",
            limit.as_secs()
        )))
    }
}

/// How those who listen are told to end, and tell that they have.
pub(super) struct Ends {
    drain: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    /// Closed when the last thread has ended.
    ended: mpsc::Receiver<()>,
}

/// The other ends, which the data plane has: whether to drain, whether to stop, and what is dropped
/// by the last thread.
pub(super) type Told = (
    watch::Receiver<bool>,
    watch::Receiver<bool>,
    mpsc::Sender<()>,
);

impl Ends {
    pub(super) fn open() -> (Self, Told) {
        let (drain, drained) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        (Self { drain, stop, ended }, (drained, stopped, alive))
    }
}

/// The cores that this process may use, unless the operator says a number.
fn threads(args: &ServeArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    args.threads.map_or_else(cores, usize::from)
}

/// One more than a single large body takes, however few cores there are.
pub(super) fn side_places(args: &ServeArgs) -> usize {
    threads(args).max(2)
}

fn not_free(address: SocketAddr, flag: &str, error: &io::Error) -> Failure {
    Failure::Listen(format!(
        "{address} cannot be listened on: {error}; name another with {flag}"
    ))
}
