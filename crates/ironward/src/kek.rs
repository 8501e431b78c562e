//! Key-encryption keys, made of what the configuration says about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironward_config::{Environment, KekSettings, VaultAuth};
use ironward_core::{Random, SystemClock};
use ironward_egress::{Dialler, Settings};
use ironward_secret::Secret;
use ironward_vault::{
    AwsAuth, AwsKeys, AwsKmsKek, AwsKmsSettings, AzureKeyVaultKek, AzureKeyVaultSettings, EnvKek,
    FileKek, GcpKmsKek, GcpKmsSettings, Kek, TransitAuth, TransitKek, TransitSettings,
};

use crate::exit::Failure;

/// What opening a key-encryption key takes besides its settings.
pub(crate) struct KekOpener<'a> {
    pub(crate) environment: &'a dyn Environment,
    pub(crate) data_dir: &'a Path,
    /// The file that the command line names.
    pub(crate) file: Option<&'a Path>,
    /// The way out, for services.
    pub(crate) way_out: Settings,
    pub(crate) random: Arc<dyn Random>,
}

impl KekOpener<'_> {
    /// Opens a key. A file that is not there is made only where `may_make`: in an installation that
    /// has keys already it is lost, and a new one would open nothing.
    pub(crate) fn open(
        &self,
        settings: &KekSettings,
        may_make: bool,
    ) -> Result<Arc<dyn Kek>, Failure> {
        Ok(match settings {
            KekSettings::File(path) => Arc::new(self.file(path.as_deref(), may_make)?),
            KekSettings::Env(variable) => Arc::new(self.variable(variable.as_deref())?),
            KekSettings::VaultTransit {
                address,
                mount,
                key,
                namespace,
                auth,
            } => {
                let auth = self.transit_auth(auth)?;
                let mut settings = TransitSettings::new(address.clone(), key, auth);
                if let Some(mount) = mount {
                    settings.mount = mount.as_str().into();
                }
                settings.namespace = namespace.as_deref().map(Into::into);
                Arc::new(TransitKek::new(settings, self.dialler()?)?)
            }
            KekSettings::AwsKms {
                region,
                key,
                endpoint,
                credentials,
            } => {
                let auth = self.aws_auth(credentials.as_ref())?;
                let mut settings = AwsKmsSettings::new(region, key, auth);
                settings.endpoint.clone_from(endpoint);
                Arc::new(AwsKmsKek::new(
                    settings,
                    self.dialler()?,
                    Arc::new(SystemClock),
                )?)
            }
            KekSettings::GcpKms {
                key,
                token_file,
                endpoint,
            } => {
                let mut settings = GcpKmsSettings::new(key, token_file.clone());
                settings.endpoint.clone_from(endpoint);
                Arc::new(GcpKmsKek::new(settings, self.dialler()?)?)
            }
            KekSettings::AzureKeyVault {
                address,
                key,
                version,
                token_file,
            } => {
                let (address, token) = (address.clone(), token_file.clone());
                let settings = AzureKeyVaultSettings::new(address, key, version, token);
                Arc::new(AzureKeyVaultKek::new(settings, self.dialler()?)?)
            }
        })
    }

    fn file(&self, path: Option<&Path>, may_make: bool) -> Result<FileKek, Failure> {
        let usual = || FileKek::default_path(&|name| self.environment.get(name));
        let path = path
            .or(self.file)
            .map(PathBuf::from)
            .or_else(usual)
            .ok_or_else(|| {
                let message = "there is no home directory (HOME is not set) to keep the \
                               key-encryption key in; name a file outside the data directory with \
                               --kek-file or ironward.vault.file, in a container one on a volume \
                               that stays";
                Failure::Config(message.to_owned())
            })?;
        if !may_make && !path.exists() {
            return Err(Failure::Store(format!(
                "the key-encryption key {} is missing, and the data keys are wrapped under one: \
                 restore it from its backup, or name the file that it is in",
                path.display()
            )));
        }
        let random = Arc::clone(&self.random);
        Ok(FileKek::open(&path, self.data_dir, random)?)
    }

    fn variable(&self, name: Option<&str>) -> Result<EnvKek, Failure> {
        let usual = EnvKek::VARIABLES;
        let names = name.map_or_else(|| usual.to_vec(), |name| vec![name]);
        let found = names.iter().find_map(|name| {
            let value = self.environment.get(name)?;
            Some((*name, Secret::new(value)))
        });
        let (name, value) = found.ok_or_else(|| {
            Failure::Config(format!(
                "the key-encryption key is to come from the environment, and {} is not set",
                names.join(" or ")
            ))
        })?;
        Ok(EnvKek::new(name, &value, Arc::clone(&self.random))?)
    }

    fn transit_auth(&self, auth: &VaultAuth) -> Result<TransitAuth, Failure> {
        Ok(match auth {
            VaultAuth::Variable => TransitAuth::Token(self.secret("VAULT_TOKEN")?),
            VaultAuth::TokenFile(path) => TransitAuth::TokenFile(path.clone()),
            VaultAuth::AppRole {
                mount,
                role_id,
                secret_id,
            } => TransitAuth::AppRole {
                mount: mount.as_deref().unwrap_or("approle").into(),
                role_id: role_id.as_str().into(),
                secret_id: secret_id.clone(),
            },
        })
    }

    fn aws_auth(&self, credentials: Option<&(PathBuf, String)>) -> Result<AwsAuth, Failure> {
        if let Some((path, profile)) = credentials {
            return Ok(AwsAuth::File {
                path: path.clone(),
                profile: profile.as_str().into(),
            });
        }
        let id = self.environment.get("AWS_ACCESS_KEY_ID");
        let id = id.ok_or_else(|| unset("AWS_ACCESS_KEY_ID"))?;
        Ok(AwsAuth::Keys(AwsKeys {
            id: id.into(),
            secret: self.secret("AWS_SECRET_ACCESS_KEY")?,
            session: self.secret("AWS_SESSION_TOKEN").ok(),
        }))
    }

    fn secret(&self, name: &'static str) -> Result<Secret, Failure> {
        let value = self.environment.get(name).map(Secret::new);
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| unset(name))
    }

    /// Certificates are checked, whatever the operator says about those of providers: who sits
    /// between here and the key reads every data key.
    fn dialler(&self) -> Result<Arc<Dialler>, Failure> {
        let settings = Settings {
            danger_skip_certificate_checks: false,
            ..self.way_out.clone()
        };
        Dialler::new(settings, Arc::new(SystemClock))
            .map_err(|error| Failure::Config(error.to_string()))
    }
}

fn unset(name: &str) -> Failure {
    Failure::Config(format!(
        "the key-encryption key needs the environment variable {name}, which is not set"
    ))
}
