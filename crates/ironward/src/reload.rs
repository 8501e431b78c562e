//! The configuration is read again, whole, when one of its files changes or on SIGHUP. A sound one
//! is put in force without touching a running call; any other leaves the old one in force.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use ironward_proxy::{ServerTls, Snapshot};
use ironward_telemetry::{ConfigRefused, ConfigReloaded};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::assemble::{Assembled, Assembler};
use crate::tls;

/// An editor writes a file in several steps; they are taken for one change when no longer apart.
const SETTLE: Duration = Duration::from_millis(150);

/// What a reload puts in force.
pub(crate) struct Reloader {
    pub(crate) assembler: Assembler,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) tls: Option<ServerTls>,
}

impl Reloader {
    /// Reloads on every change of `files` and on SIGHUP, for as long as it is polled.
    pub(crate) async fn watch(self, files: Vec<PathBuf>) {
        let (changed, mut changes) = mpsc::unbounded_channel();
        let Ok(mut hangup) = signal(SignalKind::hangup()) else {
            return;
        };
        let mut watched = Watched::new(changed);
        watched.watch(&files);
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Some(path) if watched.names(&path) => {}
                    Some(_) => continue,
                    None => return,
                },
                _ = hangup.recv() => {}
            }
            while let Ok(Some(_)) = tokio::time::timeout(SETTLE, changes.recv()).await {}
            if let Some(files) = self.reload() {
                watched.watch(&files);
            }
        }
    }

    /// Reads the configuration again; the files to watch from now on, if it was put in force.
    fn reload(&self) -> Option<Vec<PathBuf>> {
        let refused = |problems: &str| ConfigRefused { problems }.emit();
        let Assembled {
            snapshot,
            files,
            ironward,
            notices,
            remarks,
            ..
        } = match self.assembler.assemble() {
            Ok(assembled) => assembled,
            Err(problems) => {
                refused(&problems.to_string());
                return None;
            }
        };
        let certificate = ironward.tls.as_ref().map(tls::load).transpose();
        let certificate = match certificate {
            Ok(certificate) => certificate,
            Err(problem) => {
                refused(&problem);
                return None;
            }
        };
        match (&self.tls, certificate) {
            (Some(tls), Some(certificate)) => tls.replace(certificate),
            (None, None) => {}
            _ => {
                refused("TLS on the data port is turned on or off by a restart only");
                return None;
            }
        }
        ConfigReloaded {
            model_groups: snapshot.groups().len(),
        }
        .emit();
        for line in notices.iter().map(ToString::to_string).chain(remarks) {
            ironward_telemetry::ConfigNotice { text: &line }.emit();
        }
        self.snapshot.store(Arc::new(snapshot));
        Some(files_to_watch(files, ironward.tls.as_ref()))
    }
}

/// The configuration's files, and those of the certificate.
pub(crate) fn files_to_watch(
    mut files: Vec<PathBuf>,
    tls: Option<&ironward_config::Tls>,
) -> Vec<PathBuf> {
    if let Some(tls) = tls {
        files.extend([tls.certificate.clone(), tls.key.clone()]);
        files.extend(tls.client_ca.clone());
    }
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

    fn watch(&mut self, files: &[PathBuf]) {
        self.names = files.iter().map(|file| absolute(file)).collect();
        let folders: BTreeSet<PathBuf> = self
            .names
            .iter()
            .filter_map(|file| file.parent().map(Path::to_owned))
            .collect();
        let Some(watcher) = &mut self.watcher else {
            return;
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
    }

    /// Whether a change of `path` matters. Kubernetes swaps the link `..data` beside the files.
    fn names(&self, path: &Path) -> bool {
        self.names.contains(path) || path.file_name().is_some_and(|name| name == "..data")
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
