//! The configuration is read again, whole, when one of its files changes, when a secret changes that
//! it refers to, or on SIGHUP. A sound one is put in force without touching a running call; any other
//! leaves the old one in force.

mod again;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use ironward_admin::{Plane, Settings, Sites};
use ironward_config::{Config, IronwardSettings, Problems};
use ironward_core::{Clock as _, SystemClock};
use ironward_egress::{Dialler, Settings as WayOut};
use ironward_proxy::{Keys, Snapshot};
use ironward_telemetry::{ConfigRefused, ConfigReloaded};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use crate::assemble::{Assembled, Assembler, Foundation, Made, defaults};
use crate::authority::Authority;
use crate::exit::Failure;
use crate::in_force::InForce;
use crate::issuers::Issuers;
use crate::tls::{self, Certificates};
use crate::{journal, way_out};
use again::Again;

/// An editor writes a file in several steps; they are taken for one change when no longer apart.
const SETTLE: Duration = Duration::from_millis(150);

/// How far the time of a file may be behind.
const GRAIN: Duration = Duration::from_millis(10);

/// What a reload puts in force.
pub(crate) struct Reloader {
    pub(crate) assembler: Arc<Assembler>,
    /// The configuration in force.
    pub(crate) foundation: Arc<Foundation>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) admin: Arc<Plane>,
    pub(crate) certificates: Certificates,
    pub(crate) dialler: Arc<Dialler>,
    /// What stays as it was at the start.
    pub(crate) in_force: InForce,
    pub(crate) issuers: Arc<Issuers>,
    /// What was said of the stored deployments last.
    pub(crate) said: Vec<String>,
}

/// A reloader that misses nothing from now on.
pub(crate) struct Watch {
    reloader: Reloader,
    watched: Watched,
    changes: mpsc::UnboundedReceiver<PathBuf>,
    hangup: Signal,
    /// Whether the configuration is to be read again: a file was changed since.
    is_stale: bool,
    refresh: Refresh,
    again: Again,
}

/// The configuration while it is read: `None` where it is the one in force.
type Reading = Pin<Box<dyn Future<Output = Result<Option<Assembled>, Problems>>>>;

impl Watch {
    /// Reloads on every change and on SIGHUP, for as long as it is polled.
    pub(crate) async fn run(&mut self) {
        // A service may be slow to say its secrets; nothing else waits for it.
        let mut reading: Option<Reading> = None;
        loop {
            if reading.is_none() && std::mem::take(&mut self.is_stale) {
                let assembler = Arc::clone(&self.reloader.assembler);
                reading = Some(Box::pin(
                    async move { assembler.assemble().await.map(Some) },
                ));
            }
            tokio::select! {
                outcome = end(&mut reading) => {
                    reading = None;
                    self.take(outcome);
                }
                change = self.changes.recv() => match change {
                    Some(path) if self.watched.names(&path) => self.settle().await,
                    Some(_) => {}
                    None => return,
                },
                _ = self.hangup.recv() => self.settle().await,
                () = self.reloader.authority.changed() => {
                    self.reloader.rebuild();
                }
                () = self.again.due(), if reading.is_none() => self.is_stale = true,
                () = self.refresh.due(), if reading.is_none() => {
                    let assembler = Arc::clone(&self.reloader.assembler);
                    reading = Some(Box::pin(async move { assembler.refresh().await }));
                }
            }
        }
    }

    async fn settle(&mut self) {
        while let Ok(Some(_)) = tokio::time::timeout(SETTLE, self.changes.recv()).await {}
        self.again.forget();
        self.is_stale = true;
    }

    /// Puts in force what was read.
    fn take(&mut self, outcome: Result<Option<Assembled>, Problems>) {
        let assembled = match outcome {
            Ok(Some(assembled)) => assembled,
            Ok(None) => return,
            Err(problems) => return self.refuse(&problems),
        };
        self.again.forget();
        let read_at = assembled.read_at;
        if let Some((files, refresh)) = self.reloader.put_in_force(assembled) {
            // Never fewer: what has changed meanwhile is still to be read.
            self.is_stale |= self.watched.watch(&files, read_at);
            self.refresh.set(refresh);
        }
    }

    /// Leaves the one in force. Where a secret is out of reach, it is read again before long.
    fn refuse(&mut self, problems: &Problems) {
        let mut text = problems.to_string();
        if self.reloader.assembler.references.lack() {
            text.push_str(
                "\nit is read again until the services say the secrets that it refers to",
            );
            self.again.after_pause();
        }
        if self.again.is_news(&text) {
            self.reloader.refuse(&text);
        }
    }

    /// How long running calls may take to end, by the configuration in force.
    pub(crate) fn drain_timeout(&self) -> Option<Duration> {
        self.reloader.foundation.config.ironward.drain_timeout
    }
}

/// What a reading gives, when there is one.
async fn end(reading: &mut Option<Reading>) -> Result<Option<Assembled>, Problems> {
    match reading {
        Some(reading) => reading.await,
        None => std::future::pending().await,
    }
}

/// When the secrets of services are read again.
struct Refresh(Option<Interval>);

impl Refresh {
    /// From now on this often; `None`: never.
    fn set(&mut self, period: Option<Duration>) {
        let current = self.0.as_ref().map(Interval::period);
        if current == period {
            return;
        }
        self.0 = period.map(|period| {
            let mut interval = tokio::time::interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval.reset();
            interval
        });
    }

    async fn due(&mut self) {
        match &mut self.0 {
            Some(interval) => {
                interval.tick().await;
            }
            None => std::future::pending().await,
        }
    }
}

impl Reloader {
    /// Watches `files`, which were read at `read_at` or later, and reads the secrets of services again
    /// every `refresh`.
    ///
    /// # Errors
    /// When the process cannot listen for SIGHUP.
    pub(crate) fn watch(
        self,
        files: &[PathBuf],
        read_at: SystemTime,
        period: Option<Duration>,
    ) -> Result<Watch, Failure> {
        let mut refresh = Refresh(None);
        refresh.set(period);
        let (changed, changes) = mpsc::unbounded_channel();
        let mut watched = Watched::new(changed);
        Ok(Watch {
            hangup: signal(SignalKind::hangup())
                .map_err(|error| Failure::Run(error.to_string()))?,
            is_stale: watched.watch(files, read_at),
            reloader: self,
            watched,
            changes,
            refresh,
            again: Again::new(),
        })
    }

    /// Puts a configuration in force, if its certificates allow: the files to watch from now on, and how
    /// often the secrets of services are to be read.
    fn put_in_force(&mut self, assembled: Assembled) -> Option<(Vec<PathBuf>, Option<Duration>)> {
        let Assembled {
            foundation,
            files,
            notices,
            remarks,
            found,
            read_at: _,
            has_master_key: _,
            unread: _,
        } = assembled;
        let (certificates, way_out) = match self.check(&foundation.config) {
            Ok(checked) => checked,
            Err(problem) => {
                self.refuse(&problem);
                return None;
            }
        };
        let issuers = match self.issuers.prepare(&foundation.config) {
            Ok(issuers) => issuers,
            Err(problem) => {
                self.refuse(&problem);
                return None;
            }
        };
        self.certificates.replace(certificates);
        let kept = self.in_force.differences(&foundation.config, &way_out);
        let lines = notices.iter().map(ToString::to_string).chain(remarks);
        for line in lines.chain(kept) {
            ironward_telemetry::ConfigNotice { text: &line }.emit();
        }
        self.dialler.limit_replies(way_out.reply_limit);
        self.issuers.replace(issuers);
        let refresh = self.assembler.references.keep(found);
        self.foundation = Arc::new(foundation);
        let model_groups = self.rebuild();
        self.admin.metrics.reload(SystemClock.wall());
        ConfigReloaded { model_groups }.emit();
        journal::record_configuration(&*self.admin.acts, model_groups);
        let ironward = &self.foundation.config.ironward;
        Some((files_to_watch(files, ironward), refresh))
    }
}

impl Reloader {
    fn refuse(&self, problems: &str) {
        self.admin.metrics.refuse_reload();
        ConfigRefused { problems }.emit();
        journal::record_refusal(&*self.admin.acts, problems);
    }

    /// What the configuration says besides its snapshot: the certificates and the way out. A file
    /// that would end the next start is refused now.
    fn check(&self, config: &Config) -> Result<(tls::Read, WayOut), String> {
        let certificates = self.certificates.read(&config.ironward)?;
        let way_out = way_out::settings(config, &*self.assembler.environment)?;
        Dialler::new(way_out.clone(), Arc::new(SystemClock)).map_err(|error| error.to_string())?;
        Ok((certificates, way_out))
    }

    /// Makes a snapshot of the configuration in force and what the database adds, and puts it in
    /// force; how many model groups it has.
    fn rebuild(&mut self) -> usize {
        let Made {
            snapshot,
            remarks: said,
            sites,
        } = self
            .authority
            .snapshot(&self.foundation, &self.admin.metrics);
        for text in said.iter().filter(|line| !self.said.contains(line)) {
            ironward_telemetry::ConfigNotice { text }.emit();
        }
        self.said = said;
        let model_groups = snapshot.groups().len();
        let settings = admin_settings(&self.foundation, &self.authority, sites);
        self.admin.settings.store(Arc::new(settings));
        self.snapshot.store(Arc::new(snapshot));
        model_groups
    }
}

/// What the configuration says to the admin plane.
pub(crate) fn admin_settings(
    foundation: &Foundation,
    authority: &Authority,
    sites: Sites,
) -> Settings {
    let Keys {
        principals, header, ..
    } = authority.keys(foundation);
    let config = &foundation.config;
    let bounds = config.litellm.key_bounds;
    Settings {
        administrators: principals,
        key_header: header,
        key_life: config.ironward.key_life.within(bounds.duration),
        key_defaults: defaults(&config.litellm.key_defaults),
        user_defaults: defaults(&config.litellm.user_defaults),
        key_bounds: bounds,
        takes_chosen_keys: !config.general.disable_custom_api_keys,
        models: foundation.configured_models(),
        prices: foundation.prices.clone(),
        on_data_port: foundation.config.general.admin_on_data_port,
        open_metrics: config.litellm.prometheus.open,
        stores_models: foundation.config.general.store_model_in_db,
        keyed_providers: foundation.keyed_providers(),
        sites,
    }
}

/// The configuration's files, and those of the certificates.
pub(crate) fn files_to_watch(mut files: Vec<PathBuf>, ironward: &IronwardSettings) -> Vec<PathBuf> {
    files.extend(tls::files(ironward));
    files
}

/// Watches the folders of files: an editor, or Kubernetes, replaces a file by renaming another
/// over it, which a watch on the file itself would miss.
struct Watched {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    names: BTreeSet<PathBuf>,
}

impl Watched {
    fn new(changed: mpsc::UnboundedSender<PathBuf>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for path in event.paths {
                // The receiver is gone when the gateway stops.
                let _stopped = changed.send(path);
            }
        });
        if let Err(error) = &watcher {
            ironward_telemetry::ConfigNotice {
                text: &format!(
                    "the configuration's files cannot be watched: {error}; send SIGHUP to reload"
                ),
            }
            .emit();
        }
        Self {
            watcher: watcher.ok(),
            folders: BTreeSet::new(),
            names: BTreeSet::new(),
        }
    }

    /// Watches `files` from now on, and says whether one was changed since `read_at`.
    fn watch(&mut self, files: &[PathBuf], read_at: SystemTime) -> bool {
        self.names = files.iter().map(|file| absolute(file)).collect();
        let folders: BTreeSet<PathBuf> = self
            .names
            .iter()
            .filter_map(|file| file.parent().map(Path::to_owned))
            .collect();
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        for folder in folders.difference(&self.folders) {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                ironward_telemetry::ConfigNotice {
                    text: &format!("{} cannot be watched: {error}", folder.display()),
                }
                .emit();
            }
        }
        for folder in self.folders.difference(&folders) {
            // A folder that is gone is not watched any more already.
            let _gone = watcher.unwatch(folder);
        }
        self.folders = folders;
        // Clocks of file systems are coarse: a change that cannot be told from one before is read
        // once more, which does no harm.
        let since = read_at.checked_sub(GRAIN).unwrap_or(read_at);
        self.names.iter().any(|file| {
            let changed = std::fs::metadata(file).and_then(|metadata| metadata.modified());
            changed.is_ok_and(|changed| changed > since)
        })
    }

    /// Whether a change of `path` matters. Kubernetes swaps the link `..data` beside the files.
    fn names(&self, path: &Path) -> bool {
        self.names.contains(path) || path.file_name().is_some_and(|name| name == "..data")
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
