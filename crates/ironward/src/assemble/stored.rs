use std::sync::Arc;

use ironward_config::{LiteralCredential, LiteralModel, Model};
use ironward_core::LastUse;
use ironward_secret::{Keyring, Secret};
use ironward_store::objects::{Credential, Kind, SealedValue, StoredDeployment, ValuePlace};
use ironward_store::{Directory, Entry};

/// The deployments of the database as entries of a `model_list`.
#[derive(Default)]
pub(crate) struct StoredModels {
    pub(crate) models: Vec<StoredModel>,
    /// Which were left out, and why; one line each.
    pub(crate) remarks: Vec<String>,
}

/// An entry with the object that its secrets are stored in.
pub(crate) struct StoredModel {
    pub(crate) model: Model,
    /// `None`: the database has none for it.
    pub(crate) secrets: Option<StoredSecrets>,
}

/// The credential or the deployment that secrets are stored in, and where their uses are noted.
#[derive(Clone)]
pub(crate) struct StoredSecrets {
    pub(crate) kind: Kind,
    pub(crate) id: Box<str>,
    pub(crate) last_use: Arc<LastUse>,
}

/// What opens their secrets.
#[derive(Clone, Copy)]
struct Opener<'a> {
    keys: &'a Keyring,
    installation: &'a str,
}

impl StoredModels {
    /// Reads every deployment that is not blocked, by the rules for those of a file. One that is bad
    /// is left out and does the others no harm.
    pub(crate) fn read(directory: &Directory, keys: &Keyring, installation: &str) -> Self {
        let opener = Opener { keys, installation };
        let mut stored = Self::default();
        for entry in directory.deployments.select(|entry| !entry.object.blocked) {
            match opener.read(directory, &entry) {
                Ok(models) => {
                    let secrets = secrets(directory, &entry);
                    let models = models.into_iter().map(|model| StoredModel {
                        model,
                        secrets: secrets.clone(),
                    });
                    stored.models.extend(models);
                }
                Err(reason) => stored.remarks.push(format!(
                    "deployment {} of the database is left out: {reason}",
                    entry.id
                )),
            }
        }
        stored
    }
}

impl Opener<'_> {
    fn read(
        self,
        directory: &Directory,
        entry: &Entry<StoredDeployment>,
    ) -> Result<Vec<Model>, String> {
        let deployment = &entry.object;
        let id = entry.id.as_str();
        let named = named(deployment);
        let credential = named.and_then(|name| directory.credentials.find(name));
        let credential = credential.as_deref().map(|entry| self.credential(entry));
        let model = LiteralModel {
            id,
            name: &deployment.model_name,
            params: &deployment.params,
            secrets: self.open(Kind::Deployment, id, &deployment.sealed)?,
            info: &deployment.model_info,
            credential: credential.transpose()?,
        };
        let (models, _) = model.read().map_err(|problems| {
            let problems = problems.0.iter();
            let said: Vec<_> = problems
                .map(|problem| format!("{}: {}", problem.path, problem.message))
                .collect();
            said.join("; ")
        })?;
        Ok(models)
    }

    fn credential(self, entry: &Entry<Credential>) -> Result<LiteralCredential<'_>, String> {
        let Credential { sealed, plain, .. } = &entry.object;
        Ok(LiteralCredential {
            name: entry.id.as_str(),
            plain: plain
                .iter()
                .map(|(key, value)| (&**key, &**value))
                .collect(),
            secrets: self.open(Kind::Credential, entry.id.as_str(), sealed)?,
        })
    }

    fn open<'s>(
        self,
        kind: Kind,
        id: &str,
        sealed: impl IntoIterator<Item = (&'s Box<str>, &'s SealedValue)>,
    ) -> Result<Vec<(&'s str, Secret)>, String> {
        let opened = sealed.into_iter().map(|(field, value)| {
            let place = ValuePlace {
                installation: self.installation,
                kind,
                id,
                field,
            };
            let secret = value.open(self.keys, &place);
            let secret = secret.map_err(|error| format!("its {field} does not open: {error}"))?;
            Ok((&**field, secret))
        });
        opened.collect()
    }
}

/// The credential that a deployment names.
fn named(deployment: &StoredDeployment) -> Option<&str> {
    let name = deployment.params.get("litellm_credential_name")?;
    name.as_str()
}

/// Where the secrets of a deployment are: in the credential that it names, or in itself.
fn secrets(directory: &Directory, entry: &Entry<StoredDeployment>) -> Option<StoredSecrets> {
    let (kind, id) = match named(&entry.object) {
        Some(name) => (Kind::Credential, name),
        None if entry.object.sealed.is_empty() => return None,
        None => (Kind::Deployment, entry.id.as_str()),
    };
    let uses = match kind {
        Kind::Credential => &directory.credential_uses,
        _ => &directory.deployment_uses,
    };
    Some(StoredSecrets {
        kind,
        id: id.into(),
        last_use: uses.of(id)?,
    })
}
