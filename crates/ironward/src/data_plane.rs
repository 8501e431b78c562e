//! The threads that serve clients: each with its own runtime, its own share of the data port and
//! its own connections to the providers. They share nothing that is written on a call's way.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use ironward_core::{Clock, SystemClock};
use ironward_egress::{Credentials, Dialler, Egress};
use ironward_journal::Journal;
use ironward_proxy::{
    Access, Budgets, Buffers, Gateway, InFlight, Listener, ListenerSettings, Management, ServerTls,
    SidePool, Snapshot, bind,
};
use ironward_telemetry::Metrics;
use tokio::sync::{mpsc, watch};

use crate::random::SystemRandom;

/// What the threads share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) access: Arc<Access>,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) dialler: Arc<Dialler>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) management: Arc<dyn Management>,
    pub(crate) side_pool: Arc<SidePool>,
    pub(crate) buffers: Arc<Buffers>,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) tls: Option<ServerTls>,
    /// Turns true when no new connection is to be taken.
    pub(crate) drained: watch::Receiver<bool>,
    /// Turns true when the threads are to end, whatever still runs.
    pub(crate) stopped: watch::Receiver<bool>,
    /// Held by each thread until its last connection is through.
    pub(crate) alive: mpsc::Sender<()>,
}

/// Binds `address` once for each of `threads`. The first bind decides the port where it was 0.
pub(crate) fn bind_all(address: SocketAddr, threads: usize) -> io::Result<Vec<TcpListener>> {
    // The threads' sockets share their port with any other of the same user: another gateway that
    // runs there would go on, and each get some of the other's clients. This one shares with none.
    drop(TcpListener::bind(address)?);
    let first = bind(address)?;
    let address = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..threads {
        sockets.push(bind(address)?);
    }
    Ok(sockets)
}

/// Starts one thread for each socket.
pub(crate) fn start(
    sockets: Vec<TcpListener>,
    shared: &Shared,
) -> io::Result<Vec<JoinHandle<io::Result<()>>>> {
    sockets
        .into_iter()
        .enumerate()
        .map(|(number, socket)| {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name(format!("data-{number}"))
                .spawn(move || serve(socket, shared))
        })
        .collect()
}

fn serve(socket: TcpListener, shared: Shared) -> io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all();
    let desk = Arc::new(shared.journal.desk().ringing_later());
    let ringing = Arc::clone(&desk);
    // What all calls of a turn have to record is written together.
    builder.on_thread_park(move || ringing.ring());
    #[cfg(tokio_unstable)]
    let polls = crate::polls::Polls::of(&mut builder);
    let runtime = builder.build()?;
    let Shared {
        snapshot,
        access,
        credentials,
        dialler,
        in_flight,
        management,
        side_pool,
        buffers,
        budgets,
        metrics,
        journal: _,
        tls,
        drained,
        mut stopped,
        alive,
    } = shared;
    let outcome = runtime.block_on(async move {
        let listener = Listener::new(socket, tls, ListenerSettings::default())?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let gateway = Arc::new(Gateway {
            snapshot,
            access,
            upstream: Box::new(Egress::new(credentials, dialler)),
            clock,
            random: Arc::new(SystemRandom::default()),
            in_flight,
            management: Some(management),
            side_pool,
            buffers,
            budgets,
            metrics,
            journal: desk,
        });
        tokio::select! {
            () = listener.serve(gateway, drained) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        drop(alive);
        Ok(())
    });
    #[cfg(tokio_unstable)]
    polls.log();
    outcome
}
