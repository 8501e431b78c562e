//! How the configuration and the environment set the way out to the providers.

use ironward_config::{Authorities, Config, Environment, SslVerify};
use ironward_egress::{ProxySettings, Roots, Settings};

use crate::exit::Failure;
use crate::tls;

/// The proxies of the environment, the authorities and limits of the configuration.
pub(crate) fn settings(config: &Config, environment: &dyn Environment) -> Result<Settings, String> {
    let variable = |name: &str| {
        environment
            .get(name)
            .or_else(|| environment.get(&name.to_ascii_lowercase()))
            .filter(|value| !value.is_empty())
    };
    let mut settings = Settings {
        proxy: ProxySettings {
            http: variable("HTTP_PROXY"),
            https: variable("HTTPS_PROXY"),
            no_proxy: variable("NO_PROXY"),
        },
        roots: match config.ironward.authorities {
            Authorities::Bundled => Roots::Bundled,
            Authorities::System => Roots::System,
        },
        ..Settings::default()
    };
    let only = match &config.litellm.ssl_verify {
        SslVerify::On => None,
        SslVerify::Off => {
            settings.danger_skip_certificate_checks = true;
            None
        }
        SslVerify::Authorities(path) => {
            settings.roots = Roots::OnlyExtra;
            Some(path)
        }
    };
    for path in only.into_iter().chain(&config.ironward.extra_ca) {
        tls::certificates(path)?;
        let pem = std::fs::read(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        settings.extra_ca_pem.extend_from_slice(&pem);
        settings.extra_ca_pem.push(b'\n');
    }
    if let Some(bytes) = config.reply_limit() {
        settings.reply_limit = bytes;
    }
    Ok(settings)
}

/// The settings to put in force, with a loud word on what is dangerous about them.
pub(crate) fn open(config: &Config, environment: &dyn Environment) -> Result<Settings, Failure> {
    let settings = settings(config, environment).map_err(Failure::Config)?;
    if settings.danger_skip_certificate_checks {
        ironward_telemetry::ConfigNotice {
            text: "litellm_settings.ssl_verify is false: certificates of providers are not checked, \
                   whoever sits on the way can read every key and every conversation",
        }
        .emit_alarm();
    }
    Ok(settings)
}
