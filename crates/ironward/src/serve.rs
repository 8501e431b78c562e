//! `ironward serve`: assemble, listen, reload, drain.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use ironward_admin::{Condition, Login, Plane, Sealing, Sites};
use ironward_config::ProcessEnvironment;
use ironward_core::{Clock, Random, SystemClock};
use ironward_egress::{Credentials, Dialler, Egress, Settings, Upstream};
use ironward_identity::{Identities, LoginIssuer};
use ironward_proxy::{Access, InFlight, ServerTls, SidePool, keyless};
use ironward_secret::{KeyHash, KeyToken};
use ironward_store::Freshness;
use ironward_telemetry::{Draining, Format, ListenerOpened, Logging};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use zeroize::Zeroizing;

use crate::args::{LogFormat, ServeArgs};
use crate::assemble::{Assembled, Assembler, Foundation};
use crate::authority::{Authority, STALE};
use crate::banner::{self, Greeting};
use crate::call_path::CallPath;
use crate::data_dir::{DataDir, draw_admin_key};
use crate::data_plane::{self, Shared};
use crate::exit::Failure;
use crate::in_force::InForce;
use crate::installation::Opening;
use crate::issuers::Issuers;
use crate::on_data_port::OnDataPort;
use crate::random::SystemRandom;
use crate::references::References;
use crate::reload::{Reloader, admin_settings, files_to_watch};
use crate::runtime::runtime;
use crate::sources::Source;
use crate::{exposure, open_files, tls, way_out};

/// How long running calls may take to finish, where nobody says otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// Runs the gateway until SIGTERM or SIGINT, and to the end of the calls that run then.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let data_dir = DataDir::open(&args.data_dir)?;
    let assembler = Assembler {
        source: Source::new(args),
        environment: Arc::new(ProcessEnvironment),
        credentials: Credentials::new(),
        references: References::default(),
    };
    let runtime = runtime()?;
    let assembled = runtime.block_on(assembler.assemble());
    let assembled = assembled.map_err(|problems| Failure::Config(problems.to_string()))?;
    // Dropped last: what the runtime says when it ends is written too.
    let logging = start_log(args, &assembled)?;
    announce(open_files::raise().into_iter());
    let outcome = runtime.block_on(serve(args, &data_dir, (assembler, assembled), &logging));
    drop(runtime);
    outcome
}

fn start_log(args: &ServeArgs, assembled: &Assembled) -> Result<Logging, Failure> {
    let format = match args.log_format {
        Some(LogFormat::Json) => Format::Json,
        None if assembled.foundation.config.litellm.json_logs => Format::Json,
        Some(LogFormat::Text) | None => Format::Text,
    };
    let level = match &args.log_level {
        Some(level) => level,
        None if assembled.foundation.config.litellm.set_verbose => "debug,hyper=info,h2=info",
        None => "info",
    };
    ironward_telemetry::start(format, level).map_err(Failure::Run)
}

async fn serve(
    args: &ServeArgs,
    data_dir: &DataDir,
    (assembler, assembled): (Assembler, Assembled),
    logging: &Logging,
) -> Result<(), Failure> {
    let Assembled {
        foundation,
        notices,
        remarks,
        files,
        read_at,
        has_master_key,
        found,
        unread: _,
    } = assembled;
    let refresh = assembler.references.keep(found);
    let foundation = Arc::new(foundation);
    let ironward = &foundation.config.ironward;
    exposure::check(args, ironward)?;
    announce(notices.iter().map(ToString::to_string).chain(remarks));
    let tls = ironward.tls.as_ref().map(tls::load).transpose();
    let tls = tls.map_err(Failure::Config)?.map(ServerTls::new);
    let way_out = way_out::open(&foundation.config, &*assembler.environment)?;
    let (authority, is_reached) = open(args, data_dir, &foundation, (&assembler, &way_out)).await?;
    let new_key = (!authority.has_admin_key() && !has_master_key)
        .then(|| NewKey::draw(&authority, &SystemRandom::default()));
    let made = authority.snapshot(&foundation);
    announce(made.remarks.iter().cloned());
    let in_force = InForce::new(&foundation.config, &way_out);
    let dialler = Dialler::new(way_out, Arc::new(SystemClock))
        .map_err(|error| Failure::Config(error.to_string()))?;
    let (ends, (drained, stopped, alive)) = Ends::open();
    let (access, issuers) = who_may_call(&authority, &foundation, (&assembler, &dialler))?;
    let call_path = CallPath::new(access, made.snapshot);
    let login = who_may_log_in(&foundation, (&assembler, &dialler))?;
    let admin = admin_plane(&call_path, &authority, (&foundation, made.sites, login));
    let shared = Shared {
        access: call_path.access,
        snapshot: call_path.snapshot,
        credentials: Arc::clone(&assembler.credentials),
        dialler,
        in_flight: call_path.in_flight,
        management: Arc::new(OnDataPort::new(&admin)),
        side_pool: Arc::new(SidePool::new(side_places(args))),
        tls,
        drained,
        stopped,
        alive,
    };
    // Whoever learns below that the gateway is ready may change a file or send a signal at once.
    let files = files_to_watch(files, ironward.tls.as_ref());
    let reloader = Reloader {
        assembler: Arc::new(assembler),
        foundation: Arc::clone(&foundation),
        authority: Arc::clone(&authority),
        snapshot: Arc::clone(&shared.snapshot),
        admin: Arc::clone(&admin),
        tls: shared.tls.clone(),
        dialler: Arc::clone(&shared.dialler),
        in_force,
        issuers: Arc::clone(&issuers),
        said: made.remarks,
    };
    let failed = |error: io::Error| Failure::Run(error.to_string());
    let mut reloads = reloader.watch(&files, read_at, refresh).map_err(failed)?;
    let mut end = End::listen().map_err(failed)?;
    let planes = Planes::open(args, &shared, admin).await?;
    let new_key = keep(new_key, &authority).await?;
    // On a terminal the greeting comes after the notices.
    logging.flush();
    let keys = (new_key, authority.is_admin_key_retired(), has_master_key);
    greet(args, &shared, &planes, keys);
    tokio::select! {
        () = reloads.run() => {}
        () = authority.follow(is_reached) => {}
        () = issuers.refresh() => {}
        () = planes.end_sessions(&authority) => {}
        () = end.come() => {}
    }
    let configured = reloads.drain_timeout();
    let limit = args.drain_timeout.or(configured).unwrap_or(DRAIN);
    let outcome = planes.close(shared, limit, ends).await;
    authority.close().await;
    outcome
}

fn announce(lines: impl Iterator<Item = String>) {
    for line in lines {
        ironward_telemetry::ConfigNotice { text: &line }.emit();
    }
}

/// Opens the installation; whether its database is there.
async fn open(
    args: &ServeArgs,
    data_dir: &DataDir,
    foundation: &Foundation,
    (assembler, way_out): (&Assembler, &Settings),
) -> Result<(Arc<Authority>, bool), Failure> {
    let random: Arc<dyn Random> = Arc::new(SystemRandom::default());
    let opening = Opening {
        data_dir,
        config: &foundation.config,
        environment: &*assembler.environment,
        kek_file: args.kek_file.as_deref(),
        way_out: way_out.clone(),
        random: Arc::clone(&random),
    };
    let started = Box::pin(opening.start()).await?;
    let (authority, is_reached) = Authority::new(started, data_dir.snapshot().into(), random);
    Ok((Arc::new(authority), is_reached))
}

/// The keys of the directory are let in for as long as it is current; beside them the tokens of the
/// issuers that the configuration names, and certificates.
fn who_may_call(
    authority: &Authority,
    foundation: &Foundation,
    (assembler, dialler): (&Assembler, &Arc<Dialler>),
) -> Result<(Arc<Access>, Arc<Issuers>), Failure> {
    let directory = authority.feed.directory();
    let keyless = keyless(&directory, Identities::new(&[], None));
    let credentials = Arc::clone(&assembler.credentials);
    let upstream = Egress::new(Arc::clone(&credentials), Arc::clone(dialler));
    let issuers = Issuers::new(Arc::clone(&keyless), Arc::new(upstream), credentials);
    let prepared = issuers.prepare(&foundation.config);
    issuers.replace(prepared.map_err(Failure::Config)?);
    let access = Access::new(
        directory,
        Arc::clone(&authority.hasher),
        Arc::clone(authority.feed.freshness()),
        Some(STALE),
        keyless,
    );
    Ok((Arc::new(access), Arc::new(issuers)))
}

/// People log in with the issuer of the configuration, if it names one.
fn who_may_log_in(
    foundation: &Foundation,
    (assembler, dialler): (&Assembler, &Arc<Dialler>),
) -> Result<Option<Arc<Login>>, Failure> {
    let Some(settings) = &foundation.config.ironward.login else {
        return Ok(None);
    };
    let credentials = &assembler.credentials;
    let upstream = Egress::new(Arc::clone(credentials), Arc::clone(dialler));
    let upstream: Arc<dyn Upstream> = Arc::new(upstream);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let issuer = LoginIssuer::new(settings, &upstream, credentials, &clock);
    let issuer = issuer.map_err(|error| {
        Failure::Config(format!(
            "the issuer of ironward.login cannot be asked: {error}"
        ))
    })?;
    Ok(Some(Arc::new(Login::new(settings, issuer))))
}

fn admin_plane(
    call_path: &CallPath,
    authority: &Authority,
    (foundation, sites, login): (&Foundation, Sites, Option<Arc<Login>>),
) -> Arc<Plane> {
    Arc::new(Plane {
        condition: Arc::new(Ready {
            in_flight: Arc::clone(&call_path.in_flight),
            freshness: Arc::clone(authority.feed.freshness()),
        }),
        calls: Arc::new(call_path.clone()),
        store: Arc::clone(&authority.store),
        sealing: Arc::clone(&authority.data_keys) as Arc<dyn Sealing>,
        feed: Arc::clone(&authority.feed),
        failures: Arc::clone(call_path.access.failures()),
        keyless: Arc::clone(call_path.access.keyless()),
        login,
        hasher: Arc::clone(&authority.hasher),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        settings: ArcSwap::from_pointee(admin_settings(foundation, authority, sites)),
        turn: tokio::sync::Mutex::new(()),
    })
}

fn greet(
    args: &ServeArgs,
    shared: &Shared,
    planes: &Planes,
    (new_key, is_retired, has_master_key): (Option<Zeroizing<String>>, bool, bool),
) {
    let greeting = Greeting {
        data: planes.data,
        admin: planes.admin,
        tls: shared.tls.is_some(),
        snapshot: &shared.snapshot.load(),
        new_key: new_key.as_ref().map(|key| key.as_str()),
        has_master_key,
        is_retired,
        data_dir: &args.data_dir,
    };
    banner::print(&if args.ready_json {
        greeting.json()
    } else {
        greeting.text()
    });
}

/// The admin key of a first start. It is kept only when it is about to be shown: a start that fails
/// before would leave a key behind that nobody has ever seen.
struct NewKey {
    token: KeyToken,
    hash: KeyHash,
}

impl NewKey {
    fn draw(authority: &Authority, random: &dyn Random) -> Self {
        let token = draw_admin_key(random);
        let hash = authority.hasher.hash(token.bytes());
        authority.let_in(hash);
        Self { token, hash }
    }

    /// `None`: another node was faster, and shows its own.
    async fn keep(self, authority: &Authority) -> Result<Option<Zeroizing<String>>, Failure> {
        let is_kept = authority.keep_first_admin_key(&self.hash).await?;
        Ok(is_kept.then(|| self.token.reveal_once()))
    }
}

/// The admin key to show, if one was made and kept.
async fn keep(
    new_key: Option<NewKey>,
    authority: &Authority,
) -> Result<Option<Zeroizing<String>>, Failure> {
    match new_key {
        Some(new_key) => new_key.keep(authority).await,
        None => Ok(None),
    }
}

/// The two planes, listening.
struct Planes {
    data: SocketAddr,
    admin: SocketAddr,
    login: Option<Arc<Login>>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    admin_task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Planes {
    async fn open(args: &ServeArgs, shared: &Shared, plane: Arc<Plane>) -> Result<Self, Failure> {
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
        let admin_task = tokio::spawn(ironward_admin::serve(
            listener,
            ironward_admin::router(plane),
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
            login,
            threads,
            admin_task,
        })
    }

    /// Ends sessions that no longer hold, for as long as it is polled.
    async fn end_sessions(&self, authority: &Authority) {
        if let Some(login) = &self.login {
            login.end_revoked(&authority.feed.directory()).await;
        }
        std::future::pending::<()>().await;
    }

    /// Takes no new connection, waits for the running calls, and ends the threads.
    async fn close(self, shared: Shared, limit: Duration, mut ends: Ends) -> Result<(), Failure> {
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

/// How the planes are told to end, and tell that they have.
struct Ends {
    drain: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    /// Closed when the last thread has ended.
    ended: mpsc::Receiver<()>,
}

/// The other ends, which the data plane has: whether to drain, whether to stop, and what is dropped
/// by the last thread.
type Told = (
    watch::Receiver<bool>,
    watch::Receiver<bool>,
    mpsc::Sender<()>,
);

impl Ends {
    fn open() -> (Self, Told) {
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
fn side_places(args: &ServeArgs) -> usize {
    threads(args).max(2)
}

struct Ready {
    in_flight: Arc<InFlight>,
    freshness: Arc<Freshness>,
}

impl Condition for Ready {
    fn takes_calls(&self) -> bool {
        !self.in_flight.is_draining()
    }

    fn is_connected(&self) -> bool {
        !self.freshness.is_stale(STALE)
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
