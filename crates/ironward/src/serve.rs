//! `ironward serve`: assemble, listen, reload, drain.

mod ports;
mod who;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ironward_catalogue::PriceBook;
use ironward_config::ProcessEnvironment;
use ironward_core::{Random, SystemClock};
use ironward_egress::{Credentials, Dialler, Settings};
use ironward_journal::Journal;
use ironward_proxy::{Budgets, SidePool};
use ironward_telemetry::{Format, Logging};
use tokio::signal::unix::{Signal, SignalKind, signal};
use zeroize::Zeroizing;

use self::ports::{Ends, Ports, side_places};
use self::who::{who_may_call, who_may_log_in};
use crate::admin_plane::admin_plane;
use crate::args::{LogFormat, ServeArgs};
use crate::assemble::{Assembled, Assembler, Foundation};
use crate::authority::Authority;
use crate::banner::{self, Greeting, Port};
use crate::call_path::CallPath;
use crate::data_dir::DataDir;
use crate::data_plane::Shared;
use crate::exit::Failure;
use crate::in_force::InForce;
use crate::installation::Opening;
use crate::issuers::Issuers;
use crate::new_key::NewKey;
use crate::on_data_port::OnDataPort;
use crate::random::SystemRandom;
use crate::references::References;
use crate::reload::{Reloader, files_to_watch};
use crate::runtime::runtime;
use crate::sources::Source;
use crate::tls::Certificates;
use crate::{alerts, exposure, journal, metrics, open_files, way_out};

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
        book: Arc::new(PriceBook::built_in()),
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
    let certificates = Certificates::load(ironward).map_err(Failure::Config)?;
    let way_out = way_out::open(&foundation.config, &*assembler.environment)?;
    let (authority, is_reached) = open(args, data_dir, &foundation, (&assembler, &way_out)).await?;
    let new_key = (!authority.has_admin_key() && !has_master_key)
        .then(|| NewKey::draw(&authority, &SystemRandom::default()));
    let metrics = metrics::begin(&foundation.config, logging);
    let made = authority.snapshot(&foundation, &metrics);
    announce(made.remarks.iter().cloned());
    let in_force = InForce::new(&foundation.config, &way_out);
    let dialler = Dialler::new(way_out, Arc::new(SystemClock))
        .map_err(|error| Failure::Config(error.to_string()))?;
    let (ends, (drained, stopped, alive)) = Ends::open();
    let (access, issuers) = who_may_call(&authority, &foundation, (&assembler, &dialler))?;
    let call_path = CallPath::new(access, made.snapshot, Arc::clone(&metrics));
    let login = who_may_log_in(&foundation, (&assembler, &dialler))?;
    let journal = journal::open(args, &foundation.config, &authority, &call_path.in_flight)?;
    let said = (&*foundation, made.sites, login);
    let admin = admin_plane(&call_path, (&authority, &journal), said);
    let shared = Shared {
        access: call_path.access,
        snapshot: call_path.snapshot,
        credentials: Arc::clone(&assembler.credentials),
        dialler,
        in_flight: call_path.in_flight,
        management: Arc::new(OnDataPort::new(&admin)),
        side_pool: Arc::new(SidePool::new(side_places(args))),
        buffers: Arc::default(),
        budgets: Arc::new(Budgets::new(Arc::new(SystemClock))),
        metrics,
        journal: Arc::clone(&journal),
        tls: certificates.data.clone(),
        drained,
        stopped,
        alive,
    };
    // Whoever learns below that the gateway is ready may change a file or send a signal at once.
    let reloader = Reloader {
        assembler: Arc::new(assembler),
        foundation: Arc::clone(&foundation),
        authority: Arc::clone(&authority),
        snapshot: Arc::clone(&shared.snapshot),
        admin: Arc::clone(&admin),
        certificates: certificates.clone(),
        dialler: Arc::clone(&shared.dialler),
        in_force,
        issuers: Arc::clone(&issuers),
        said: made.remarks,
    };
    let mut reloads = reloader.watch(&files_to_watch(files, ironward), read_at, refresh)?;
    let mut end = End::listen()?;
    let ports = Ports::open(args, &shared, (admin, certificates.admin)).await?;
    let new_key = NewKey::keep_any(new_key, &authority).await?;
    let keys = (new_key, authority.is_admin_key_retired(), has_master_key);
    greet(args, &shared, (&ports, logging), keys);
    let refused = tokio::select! {
        () = reloads.run() => Ok(()),
        refused = authority.follow(is_reached) => Err(refused),
        () = keep_up(&authority, &issuers, &ports, &shared) => Ok(()),
        () = end.come() => Ok(()),
    };
    let configured = reloads.drain_timeout();
    let limit = args.drain_timeout.or(configured).unwrap_or(DRAIN);
    let outcome = ports.close(shared, limit, ends).await;
    end_records(&journal, &authority, refused.and(outcome)).await
}

/// What has to be done from time to time, for as long as it is polled.
async fn keep_up(authority: &Authority, issuers: &Issuers, ports: &Ports, shared: &Shared) {
    tokio::select! {
        () = issuers.refresh() => {}
        () = ports.follow_logins(authority) => {}
        _ = shared.buffers.give_back() => {}
        _ = alerts::watch(shared.budgets.ledger()) => {}
    }
}

/// Records the end, and closes what is kept.
async fn end_records(
    journal: &Journal,
    authority: &Authority,
    outcome: Result<(), Failure>,
) -> Result<(), Failure> {
    journal::end(journal, outcome.is_ok()).await;
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

fn greet(
    args: &ServeArgs,
    shared: &Shared,
    (ports, logging): (&Ports, &Logging),
    (new_key, is_retired, has_master_key): (Option<Zeroizing<String>>, bool, bool),
) {
    // On a terminal the greeting comes after the notices.
    logging.flush();
    let greeting = Greeting {
        data: Port {
            address: ports.data,
            tls: shared.tls.is_some(),
        },
        admin: Port {
            address: ports.admin,
            tls: ports.admin_tls,
        },
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

/// SIGTERM or SIGINT.
struct End {
    term: Signal,
    int: Signal,
}

impl End {
    fn listen() -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::Run(error.to_string());
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(failed)?,
            int: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}
