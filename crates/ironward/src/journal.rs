//! The journal of this node: opened at a start, closed at an end.

use std::sync::Arc;
use std::time::Duration;

use ironward_admin::Acts;
use ironward_config::{Config, Durability};
use ironward_core::{Random, SystemClock};
use ironward_journal::{Fields, Folder, Journal, Kind, OpenError, Options, Record, Value, Wait};
use ironward_proxy::InFlight;
use ironward_telemetry::JournalNotice;

use crate::args::ServeArgs;
use crate::authority::Authority;
use crate::exit::Failure;
use crate::random::SystemRandom;

/// How long a record may take, where nobody says otherwise.
const STALL: Duration = Duration::from_millis(250);

/// How often a start is recorded until it is given up: for five seconds.
const START_ATTEMPTS: u32 = 20;

/// Opens the journal in the data directory. Whether it can be written decides readiness.
pub(crate) fn open(
    args: &ServeArgs,
    config: &Config,
    authority: &Authority,
    in_flight: &Arc<InFlight>,
) -> Result<Arc<Journal>, Failure> {
    let random = SystemRandom::default();
    let mut node = [0; 8];
    random.fill(&mut node);
    let store = authority.store.locked();
    let installation = store.installation();
    let origin = format!("ironward/{installation}/{:016x}", u64::from_be_bytes(node));
    let in_flight = Arc::clone(in_flight);
    let settings = config.ironward.journal;
    let stall = args.journal_stall_limit.or(settings.stall_limit);
    let journal = Journal::open(Options {
        folder: Folder::of(&args.data_dir),
        seed: &authority.journal_seed,
        origin: &origin,
        durability: match settings.durability {
            Durability::Process => ironward_journal::Durability::Process,
            Durability::Disk => ironward_journal::Durability::Disk,
        },
        stall: stall.unwrap_or(STALL),
        clock: Arc::new(SystemClock),
        random: Arc::new(random),
        report: Box::new(move |trouble| {
            in_flight.note_recorded(trouble.is_none());
            match trouble {
                Some(reason) => {
                    let text = format!(
                        "the journal cannot be written: {reason}; calls and administrative acts are \
                         refused until it can"
                    );
                    JournalNotice { text: &text }.emit_alarm();
                }
                None => {
                    let text = "the journal can be written again";
                    JournalNotice { text }.emit();
                }
            }
        }),
    });
    journal.map(Arc::new).map_err(|error| match error {
        OpenError::Broken { .. } => Failure::Tampered(error.to_string()),
        OpenError::Taken { .. } | OpenError::Io { .. } => Failure::Run(error.to_string()),
    })
}

/// Records that the gateway has started, with the configuration that is in force.
pub(crate) async fn record_start(acts: &dyn Acts, model_groups: usize) -> Result<(), Failure> {
    let what = configuration(model_groups)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("commit", env!("IRONWARD_COMMIT"));
    let record = Record::new(Kind::Start).about(what);
    let mut outcome = acts.append(&record).await;
    for _ in 1..START_ATTEMPTS {
        if outcome.is_ok() {
            break;
        }
        // A disk that is slow for a moment keeps no gateway from starting.
        tokio::time::sleep(STALL).await;
        outcome = acts.append(&record).await;
    }
    outcome
        .map(drop)
        .map_err(|error| Failure::Run(format!("{error}; the gateway does not start without it")))
}

/// Records that a configuration came in force.
pub(crate) fn record_configuration(acts: &dyn Acts, model_groups: usize) {
    acts.owe(&Record::new(Kind::Config).about(configuration(model_groups)));
}

/// Records that a configuration was refused.
pub(crate) fn record_refusal(acts: &dyn Acts, problems: &str) {
    let problems = u64::try_from(problems.lines().count()).unwrap_or(u64::MAX);
    let what = Fields::default().with("problems", problems);
    acts.owe(&Record::new(Kind::ConfigRefused).about(what));
}

/// Records that the gateway ends, and puts a checkpoint over everything.
pub(crate) async fn end(journal: &Journal, is_clean: bool) {
    let what = Fields::default().with("calls_cut", !is_clean);
    let record = Record::new(Kind::Stop).about(what);
    if let Err(error) = journal.append(&record, Wait::Disk).await {
        let text = format!("the end is not recorded: {error}");
        JournalNotice { text: &text }.emit_alarm();
    }
    journal.close();
}

fn configuration(model_groups: usize) -> Fields {
    let count = u64::try_from(model_groups).unwrap_or(u64::MAX);
    Fields::default().with("model_groups", Value::Number(count))
}
