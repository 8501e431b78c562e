//! `ironward serve`: assemble, listen, reload, drain.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use ironward_admin::Condition;
use ironward_config::ProcessEnvironment;
use ironward_core::SystemClock;
use ironward_egress::{Credentials, Dialler};
use ironward_proxy::{Access, InFlight, ServerTls};
use ironward_secret::{KeyHash, KeyToken};
use ironward_store::{DirectoryWriter, Freshness};
use ironward_telemetry::{Draining, Format, ListenerOpened};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

use crate::args::{LogFormat, ServeArgs};
use crate::assemble::{Assembled, Assembler};
use crate::banner::{self, Greeting};
use crate::data_dir::{DataDir, draw_admin_key};
use crate::data_plane::{self, Shared};
use crate::exit::Failure;
use crate::random::SystemRandom;
use crate::reload::{Reloader, files_to_watch};
use crate::sources::Source;
use crate::{exposure, tls, way_out};

/// How long running calls may take to finish, where nobody says otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// Runs the gateway until SIGTERM or SIGINT, and to the end of the calls that run then.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let data_dir = DataDir::open(&args.data_dir)?;
    let hasher = Arc::new(data_dir.key_hasher(&SystemRandom::default())?);
    let mut assembler = Assembler {
        source: Source::new(args),
        environment: Arc::new(ProcessEnvironment),
        credentials: Credentials::new(),
        hasher: Arc::clone(&hasher),
        admin_key: data_dir.admin_key()?,
    };
    let config_refused =
        |problems: ironward_config::Problems| Failure::Config(problems.to_string());
    let mut assembled = assembler.assemble().map_err(config_refused)?;
    let new_key = if assembler.admin_key.is_none() && !assembled.has_master_key {
        let token = draw_admin_key(&SystemRandom::default());
        let hash = hasher.hash(token.bytes());
        assembler.admin_key = Some(hash);
        assembled = assembler.assemble().map_err(config_refused)?;
        Some(NewKey {
            token,
            hash,
            data_dir,
        })
    } else {
        None
    };
    start_log(args, &assembled)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Run(error.to_string()))?;
    runtime.block_on(serve(args, assembler, assembled, new_key))
}

fn start_log(args: &ServeArgs, assembled: &Assembled) -> Result<(), Failure> {
    let format = match args.log_format {
        Some(LogFormat::Json) => Format::Json,
        None if assembled.litellm.json_logs => Format::Json,
        Some(LogFormat::Text) | None => Format::Text,
    };
    let level = match &args.log_level {
        Some(level) => level,
        None if assembled.litellm.set_verbose => "debug,hyper=info,h2=info",
        None => "info",
    };
    ironward_telemetry::start(format, level).map_err(Failure::Run)
}

async fn serve(
    args: &ServeArgs,
    assembler: Assembler,
    assembled: Assembled,
    new_key: Option<NewKey>,
) -> Result<(), Failure> {
    exposure::check(args, &assembled)?;
    let Assembled {
        snapshot,
        notices,
        remarks,
        files,
        read_at,
        ironward,
        litellm,
        has_master_key,
    } = assembled;
    for line in notices.iter().map(ToString::to_string).chain(remarks) {
        ironward_telemetry::ConfigNotice { text: &line }.emit();
    }
    let certificate = ironward
        .tls
        .as_ref()
        .map(tls::load)
        .transpose()
        .map_err(Failure::Config)?;
    let settings = way_out::settings(&litellm, &ironward, &*assembler.environment)?;
    let dialler = Dialler::new(settings, Arc::new(SystemClock))
        .map_err(|error| Failure::Config(error.to_string()))?;
    let (drain, drained) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let (alive, ended) = mpsc::channel(1);
    // Without a database there are no keys but the admin key and the master key.
    let access = Access::new(
        DirectoryWriter::new().directory(),
        Arc::clone(&assembler.hasher),
        Arc::new(Freshness::new(Arc::new(SystemClock))),
        None,
    );
    let shared = Shared {
        access: Arc::new(access),
        snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
        credentials: Arc::clone(&assembler.credentials),
        dialler,
        in_flight: Arc::new(InFlight::default()),
        tls: certificate.map(ServerTls::new),
        drained,
        stopped,
        alive,
    };
    // Whoever learns below that the gateway is ready may change a file or send a signal at once.
    let reloader = Reloader {
        assembler,
        snapshot: Arc::clone(&shared.snapshot),
        tls: shared.tls.clone(),
    };
    let files = files_to_watch(files, ironward.tls.as_ref());
    let failed = |error: io::Error| Failure::Run(error.to_string());
    let reloads = reloader.watch(&files, read_at).map_err(failed)?;
    let mut end = End::listen().map_err(failed)?;
    let planes = Planes::open(args, &shared).await?;
    {
        let new_key = new_key.map(NewKey::keep).transpose()?;
        let greeting = Greeting {
            data: planes.data,
            admin: planes.admin,
            tls: shared.tls.is_some(),
            snapshot: &shared.snapshot.load(),
            new_key: new_key.as_ref().map(|key| key.as_str()),
            has_master_key,
            data_dir: &args.data_dir,
        };
        banner::print(&if args.ready_json {
            greeting.json()
        } else {
            greeting.text()
        });
    }

    tokio::select! {
        () = reloads.run() => {}
        () = end.come() => {}
    }
    let limit = args
        .drain_timeout
        .or(ironward.drain_timeout)
        .unwrap_or(DRAIN);
    let Shared {
        in_flight, alive, ..
    } = shared;
    drop(alive);
    planes
        .close(&in_flight, limit, Ends { drain, stop, ended })
        .await
}

/// The admin key of a first start. It is kept only when it is about to be shown: a start that fails
/// before would leave a key behind that nobody has ever seen.
struct NewKey {
    token: KeyToken,
    hash: KeyHash,
    data_dir: DataDir,
}

impl NewKey {
    fn keep(self) -> Result<Zeroizing<String>, Failure> {
        self.data_dir.keep_admin_key(&self.hash)?;
        Ok(self.token.reveal_once())
    }
}

/// The two planes, listening.
struct Planes {
    data: SocketAddr,
    admin: SocketAddr,
    threads: Vec<JoinHandle<io::Result<()>>>,
    admin_task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Planes {
    async fn open(args: &ServeArgs, shared: &Shared) -> Result<Self, Failure> {
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
        let ready = Arc::new(Ready(Arc::clone(&shared.in_flight)));
        let admin_task = tokio::spawn(ironward_admin::serve(
            listener,
            ironward_admin::probes(ready),
            until(shared.stopped.clone()),
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
            tls: false,
        }
        .emit();
        Ok(Self {
            data,
            admin,
            threads,
            admin_task,
        })
    }

    /// Takes no new connection, waits for the running calls, and ends the threads.
    async fn close(
        self,
        in_flight: &InFlight,
        limit: Duration,
        mut ends: Ends,
    ) -> Result<(), Failure> {
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

/// How the planes are told to end, and tell that they have.
struct Ends {
    drain: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    /// Closed when the last thread has ended.
    ended: mpsc::Receiver<()>,
}

/// The cores that this process may use, unless the operator says a number.
fn threads(args: &ServeArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    args.threads.map_or_else(cores, usize::from)
}

struct Ready(Arc<InFlight>);

impl Condition for Ready {
    fn takes_calls(&self) -> bool {
        !self.0.is_draining()
    }
}

async fn until(mut flag: watch::Receiver<bool>) {
    let _closed = flag.wait_for(|flag| *flag).await;
}

/// SIGTERM or SIGINT.
struct End {
    term: Signal,
    int: Signal,
}

impl End {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

fn not_free(address: SocketAddr, flag: &str, error: &io::Error) -> Failure {
    Failure::Listen(format!(
        "{address} cannot be listened on: {error}; name another with {flag}"
    ))
}
