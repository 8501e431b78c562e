use ironward_config::{LiteralCredential, LiteralModel, Model};
use ironward_secret::{Keyring, Secret};
use ironward_store::objects::{Credential, Kind, SealedValue, StoredDeployment, ValuePlace};
use ironward_store::{Directory, Entry};

/// The deployments of the database as entries of a `model_list`.
#[derive(Default)]
pub(crate) struct StoredModels {
    pub(crate) models: Vec<Model>,
    /// Which were left out, and why; one line each.
    pub(crate) remarks: Vec<String>,
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
                Ok(models) => stored.models.extend(models),
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
        let named = deployment.params.get("litellm_credential_name");
        let named = named.and_then(serde_json::Value::as_str);
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
