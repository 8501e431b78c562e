//! Key-encryption keys, made of what the configuration says about them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironward_config::{Environment, KekSettings};
use ironward_core::{Random, SystemClock};
use ironward_egress::{Dialler, Settings};
use ironward_secret::Secret;
use ironward_vault::{
    AwsKmsKek, AwsKmsSettings, AzureKeyVaultKek, AzureKeyVaultSettings, EnvKek, FileKek, GcpKmsKek,
    GcpKmsSettings, Kek, Pkcs11Kek, Pkcs11Settings, TransitKek, TransitSettings,
};

use crate::exit::Failure;
use crate::services::Services;

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
                let auth = self
                    .services()
                    .vault_login(auth)
                    .map_err(|what| needs(&what))?;
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
                let auth = self.services().aws_auth(credentials.as_ref());
                let auth = auth.map_err(|what| needs(&what))?;
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
            KekSettings::Pkcs11 { socket, key } => {
                Arc::new(Pkcs11Kek::new(Pkcs11Settings::new(socket.clone(), key))?)
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

    /// Certificates are checked, whatever the operator says about those of providers.
    fn dialler(&self) -> Result<Arc<Dialler>, Failure> {
        self.services().dialler().map_err(Failure::Config)
    }

    fn services(&self) -> Services<'_> {
        Services {
            environment: self.environment,
            way_out: self.way_out.clone(),
        }
    }
}

fn needs(what: &str) -> Failure {
    Failure::Config(format!("the key-encryption key {what}"))
}
