//! `ironward serve`: assemble, listen, reload, drain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use ironward_admin::Condition;
use ironward_config::{Environment, ProcessEnvironment, SslVerify};
use ironward_core::SystemClock;
use ironward_egress::{Credentials, Dialler, ProxySettings, Settings as EgressSettings};
use ironward_proxy::{InFlight, ServerTls};
use ironward_secret::KeyToken;
use ironward_telemetry::{Draining, Format, ListenerOpened};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::args::{LogFormat, ServeArgs};
use crate::assemble::{Assembled, Assembler};
use crate::banner::{self, Greeting};
use crate::data_dir::DataDir;
use crate::data_plane::{self, Shared};
use crate::exit::Failure;
use crate::random::SystemRandom;
use crate::reload::{Reloader, files_to_watch};
use crate::sources::Source;
use crate::tls;

/// How long running calls may take to finish, where nobody says otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// Runs the gateway until SIGTERM or SIGINT, and to the end of the calls that run then.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let data_dir = DataDir::open(&args.data_dir)?;
    let hasher = Arc::new(data_dir.key_hasher(&SystemRandom)?);
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
        let token = data_dir.make_admin_key(&hasher, &SystemRandom)?;
        assembler.admin_key = Some(hasher.hash(token.bytes()));
        assembled = assembler.assemble().map_err(config_refused)?;
        Some(token)
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

/// What may be listened on.
fn check_exposure(args: &ServeArgs, assembled: &Assembled) -> Result<(), Failure> {
    let exposed = [(args.host, "--host"), (args.admin_host, "--admin-host")];
    if args.dev
        && let Some((host, flag)) = exposed.iter().find(|(host, _)| !host.is_loopback())
    {
        return Err(Failure::Config(format!(
            "--dev is for this machine alone, and {flag} {host} is not loopback; set a master_key of your own and leave --dev out"
        )));
    }
    let plaintext_allowed = args.allow_plaintext || assembled.ironward.allow_plaintext_listener;
    if !args.host.is_loopback() && assembled.ironward.tls.is_none() && !plaintext_allowed {
        return Err(Failure::Config(format!(
            "clients would send their keys in the clear to --host {}; set ironward.tls in the configuration, \
             or pass --allow-plaintext if TLS ends in front of the gateway",
            args.host
        )));
    }
    if !args.admin_host.is_loopback() && !plaintext_allowed {
        return Err(Failure::Config(format!(
            "the admin plane speaks plain HTTP and would be reachable on --admin-host {}; leave it on loopback, \
             or pass --allow-plaintext if TLS ends in front of it",
            args.admin_host
        )));
    }
    Ok(())
}

async fn serve(
    args: &ServeArgs,
    assembler: Assembler,
    assembled: Assembled,
    new_key: Option<KeyToken>,
) -> Result<(), Failure> {
    check_exposure(args, &assembled)?;
    let Assembled {
        snapshot,
        notices,
        remarks,
        files,
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
    let server_tls = certificate.map(ServerTls::new);
    let settings = egress_settings(&litellm, &ironward, &*assembler.environment)?;
    let dialler = Dialler::new(settings, Arc::new(SystemClock))
        .map_err(|error| Failure::Config(error.to_string()))?;
    let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
    let (drain, drained) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let in_flight = Arc::new(InFlight::default());
    let shared = Shared {
        snapshot: Arc::clone(&snapshot),
        credentials: Arc::clone(&assembler.credentials),
        dialler,
        in_flight: Arc::clone(&in_flight),
        tls: server_tls.clone(),
        drained: drained.clone(),
        stopped,
    };

    let address = SocketAddr::new(args.host, args.port);
    let sockets = data_plane::bind_all(address, threads(args))
        .map_err(|error| not_free(address, "--port", &error))?;
    let data = sockets
        .first()
        .and_then(|socket| socket.local_addr().ok())
        .unwrap_or(address);
    let address = SocketAddr::new(args.admin_host, args.admin_port);
    let admin = TcpListener::bind(address)
        .await
        .map_err(|error| not_free(address, "--admin-port", &error))?;
    let admin_address = admin.local_addr().unwrap_or(address);
    let running = |error: std::io::Error| Failure::Run(error.to_string());
    let threads = data_plane::start(sockets, &shared).map_err(running)?;
    let admin = tokio::spawn(ironward_admin::serve(
        admin,
        Arc::new(Ready(Arc::clone(&in_flight))),
        until(drained),
    ));
    ListenerOpened {
        plane: "data",
        address: data,
        tls: server_tls.is_some(),
    }
    .emit();
    ListenerOpened {
        plane: "admin",
        address: admin_address,
        tls: false,
    }
    .emit();
    {
        let new_key = new_key.map(KeyToken::reveal_once);
        let greeting = Greeting {
            data,
            admin: admin_address,
            tls: server_tls.is_some(),
            snapshot: &snapshot.load(),
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

    let reloader = Reloader {
        assembler,
        snapshot,
        tls: server_tls,
    };
    let files = files_to_watch(files, ironward.tls.as_ref());
    tokio::select! {
        () = reloader.watch(files) => {}
        signal = terminated() => signal.map_err(running)?,
    }
    let limit = args
        .drain_timeout
        .or(ironward.drain_timeout)
        .unwrap_or(DRAIN);
    Draining {
        in_flight: in_flight.count(),
        limit,
    }
    .emit();
    // Nobody listens any more when the receivers are gone.
    let _gone = drain.send(true);
    let is_empty = tokio::time::timeout(limit, in_flight.drain()).await.is_ok();
    let _gone = stop.send(true);
    for thread in threads {
        if let Ok(Err(error)) = thread.join() {
            return Err(Failure::Run(format!("a data thread failed: {error}")));
        }
    }
    admin.abort();
    if is_empty {
        return Ok(());
    }
    Err(Failure::Run(format!(
        "{} calls did not finish within {} s and were cut",
        in_flight.count(),
        limit.as_secs()
    )))
}

/// The cores that this process may use, unless the operator says a number.
fn threads(args: &ServeArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    args.threads.map_or_else(cores, usize::from)
}

fn egress_settings(
    litellm: &ironward_config::LitellmSettings,
    ironward: &ironward_config::IronwardSettings,
    environment: &dyn Environment,
) -> Result<EgressSettings, Failure> {
    let variable = |name: &str| {
        environment
            .get(name)
            .or_else(|| environment.get(&name.to_ascii_lowercase()))
            .filter(|value| !value.is_empty())
    };
    let mut settings = EgressSettings {
        proxy: ProxySettings {
            http: variable("HTTP_PROXY"),
            https: variable("HTTPS_PROXY"),
            no_proxy: variable("NO_PROXY"),
        },
        ..EgressSettings::default()
    };
    let authorities = match &litellm.ssl_verify {
        SslVerify::Off => {
            settings.danger_skip_certificate_checks = true;
            ironward_telemetry::ConfigNotice {
                text: "litellm_settings.ssl_verify is false: certificates of providers are not checked, \
                       whoever sits on the way can read every key and every conversation",
            }
            .emit_alarm();
            None
        }
        SslVerify::On => None,
        SslVerify::Authorities(path) => Some(path),
    };
    for path in authorities.into_iter().chain(&ironward.extra_ca) {
        let pem = std::fs::read(path).map_err(|error| {
            Failure::Config(format!(
                "the authorities in {} cannot be read: {error}",
                path.display()
            ))
        })?;
        settings.extra_ca_pem.extend_from_slice(&pem);
        settings.extra_ca_pem.push(b'\n');
    }
    if let Some(megabytes) = ironward.reply_limit_mb {
        settings.reply_limit = u64::from(megabytes) << 20;
    }
    Ok(settings)
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

async fn terminated() -> std::io::Result<()> {
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
    }
}

fn not_free(address: SocketAddr, flag: &str, error: &std::io::Error) -> Failure {
    Failure::Listen(format!(
        "{address} cannot be listened on: {error}; name another with {flag}"
    ))
}
