use std::sync::Arc;

use ironward_config::Config;
use ironward_core::Random;
use ironward_store::Progress;
use ironward_store::objects::Content;
use ironward_vault::{Change, WrappedState};

use crate::data_keys::to_store;
use crate::exit::Failure;
use crate::installation::{Installation, Opening};
use crate::shared_secrets::SharedSecrets;
use crate::table::progress;

/// Everything on its way to the current data key.
pub(super) struct Move<'a> {
    installation: &'a Installation,
    random: Arc<dyn Random>,
}

/// What came of it.
pub(super) struct Moved {
    pub(super) rows: Progress,
    /// How many of the secrets that nodes share were sealed anew.
    pub(super) values: u64,
    /// The data key in force.
    pub(super) current: u32,
    /// Those under which nothing was left.
    pub(super) retired: Vec<u32>,
}

impl<'a> Move<'a> {
    pub(super) fn new(installation: &'a Installation, opening: &Opening<'_>) -> Self {
        Self {
            installation,
            random: Arc::clone(&opening.random),
        }
    }

    /// Takes up an interrupted move, else makes a new data key; the version that is left.
    pub(super) async fn take_up_or_advance(&self) -> Result<u32, Failure> {
        let vault = self.installation.data_keys.vault();
        let keys = vault.keys();
        let left = keys
            .iter()
            .filter(|key| key.state == WrappedState::Old)
            .map(|key| key.version)
            .max();
        match left {
            Some(left) => Ok(left),
            None => {
                let left = vault.keyring().current_version();
                commit(self.installation, vault.advance().await?).await?;
                Ok(left)
            }
        }
    }

    /// Makes data key `to` unless it is the current one already.
    pub(super) async fn advance_to(&self, from: u32, to: u32) -> Result<(), Failure> {
        let vault = self.installation.data_keys.vault();
        let current = vault.keyring().current_version();
        let refuse = |what: String| Err(Failure::Config(what));
        if from >= to {
            return refuse(format!("--from {from} has to be older than --to {to}"));
        }
        if !vault.keys().iter().any(|key| key.version == from) {
            return refuse(format!(
                "there is no data key {from}: see ironward vault status"
            ));
        }
        if to == current {
            return Ok(());
        }
        if to != current.saturating_add(1) {
            return refuse(format!(
                "data key {to} cannot take over: the current one is {current}; write --to {current}, \
                 or --to {} to make a new one",
                current.saturating_add(1)
            ));
        }
        commit(self.installation, vault.advance().await?).await
    }

    /// Moves what is under data key `from` or an older one, and retires those under which nothing is
    /// left. Whatever it is interrupted at, running it again goes on from there.
    pub(super) async fn run(&self, from: u32) -> Result<Moved, Failure> {
        let store = &self.installation.store;
        let installation = store.locked().installation();
        let (keys, random) = (store.keys(), &*self.random);
        let mut reseal = |id: &str, content: Content, version: u64| {
            content.resealed(&keys, installation, id, version, random)
        };
        let all = store.count_under(from).await?;
        let mut rows = Progress::default();
        while let Some(next) = store.rewrap(from, rows.clone(), &mut reseal).await? {
            rows = next;
            progress(&format!("{} of {all} moved", rows.moved));
        }
        let secrets = SharedSecrets::of(store, Arc::clone(&self.random)).await?;
        let values = secrets.reseal(from).await?;
        store.rewrap_census().await?;
        Ok(Moved {
            rows,
            values,
            current: keys.current_version(),
            retired: self.retire(from).await?,
        })
    }

    async fn retire(&self, from: u32) -> Result<Vec<u32>, Failure> {
        let data_keys = &self.installation.data_keys;
        let vault = data_keys.vault();
        let mut retired = Vec::new();
        for old in vault.keys() {
            if old.version > from || old.state != WrappedState::Old {
                continue;
            }
            let change = vault.retire(old.version)?;
            let mut changed = change.keys().iter();
            let Some(key) = changed.find(|key| key.version == old.version) else {
                continue;
            };
            if self.installation.store.retire(&to_store(key)).await? {
                retired.push(old.version);
                vault.adopt(change)?;
            }
        }
        Ok(retired)
    }
}

/// Wraps the data keys under the configured key-encryption key; its name.
///
/// Where they are under it already they are wrapped anew all the same, which is a write: a rotation
/// that was killed may be in the log of `SQLite` without being seen, and would come into force when
/// the log is read again after a crash. What is written now takes its place there. Nobody who is told
/// that the other key is not needed any more finds it needed later.
pub(super) async fn rotate_kek(
    installation: &Installation,
    config: &Config,
) -> Result<String, Failure> {
    let data_keys = &installation.data_keys;
    let configured = data_keys.configured()?;
    let name = configured.describe().name();
    if !data_keys.is_under_previous() && config.ironward.vault.previous.is_none() {
        return Err(Failure::Config(format!(
            "the data keys are wrapped under {name}, which the configuration names: write the new \
             key-encryption key there, and this one below ironward.vault.previous"
        )));
    }
    let change = data_keys.vault().rotate_kek(configured).await?;
    commit(installation, change).await?;
    Ok(name)
}

/// Stores a change of the data keys and puts it in force.
async fn commit(installation: &Installation, change: Change) -> Result<(), Failure> {
    let vault = installation.data_keys.vault();
    let before: Vec<_> = vault.keys().iter().map(to_store).collect();
    let after: Vec<_> = change.keys().iter().map(to_store).collect();
    let locked = installation.store.locked();
    if !locked.replace_wrapped_keys(&before, &after).await? {
        return Err(Failure::Run(
            "the data keys were changed by somebody else meanwhile; run the command again"
                .to_owned(),
        ));
    }
    vault.adopt(change)?;
    installation.store.change_keys(vault.keyring());
    Ok(())
}
