//! How services that keep keys and secrets are reached, and who asks them.

use std::path::PathBuf;
use std::sync::Arc;

use ironward_config::{Environment, VaultAuth};
use ironward_core::SystemClock;
use ironward_egress::{Dialler, Settings};
use ironward_secret::Secret;
use ironward_vault::{AwsAuth, AwsKeys, VaultLogin};

/// The environment and the way out.
pub(crate) struct Services<'a> {
    pub(crate) environment: &'a dyn Environment,
    pub(crate) way_out: Settings,
}

impl Services<'_> {
    /// Who asks Vault. An error continues a sentence about what was to be asked.
    pub(crate) fn vault_login(&self, auth: &VaultAuth) -> Result<VaultLogin, String> {
        Ok(match auth {
            VaultAuth::Variable => VaultLogin::Token(self.secret("VAULT_TOKEN")?),
            VaultAuth::TokenFile(path) => VaultLogin::TokenFile(path.clone()),
            VaultAuth::AppRole {
                mount,
                role_id,
                secret_id,
            } => VaultLogin::AppRole {
                mount: mount.as_deref().unwrap_or("approle").into(),
                role_id: role_id.as_str().into(),
                secret_id: secret_id.clone(),
            },
        })
    }

    /// Who asks AWS: a profile of a credentials file, or the usual variables.
    pub(crate) fn aws_auth(
        &self,
        credentials: Option<&(PathBuf, String)>,
    ) -> Result<AwsAuth, String> {
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

    fn secret(&self, name: &'static str) -> Result<Secret, String> {
        let value = self.environment.get(name).map(Secret::new);
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| unset(name))
    }

    /// Certificates are checked, whatever the operator says about those of providers: who sits
    /// between here and there reads every key.
    pub(crate) fn dialler(&self) -> Result<Arc<Dialler>, String> {
        let settings = Settings {
            danger_skip_certificate_checks: false,
            ..self.way_out.clone()
        };
        Dialler::new(settings, Arc::new(SystemClock)).map_err(|error| error.to_string())
    }
}

fn unset(name: &str) -> String {
    format!("needs the environment variable {name}, which is not set")
}
