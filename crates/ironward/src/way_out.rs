//! How the configuration and the environment set the way out to the providers.

use ironward_config::{Environment, IronwardSettings, LitellmSettings, SslVerify};
use ironward_egress::{ProxySettings, Settings};

use crate::exit::Failure;

/// The proxies of the environment, the authorities and limits of the configuration.
pub(crate) fn settings(
    litellm: &LitellmSettings,
    ironward: &IronwardSettings,
    environment: &dyn Environment,
) -> Result<Settings, Failure> {
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
        ..Settings::default()
    };
    let authorities = match &litellm.ssl_verify {
        SslVerify::Off => {
            settings.danger_skip_certificate_checks = true;
            ironward_telemetry::ConfigNotice {
                text: "litellm_settings.ssl_verify is false: certificates of providers are not checked, \
                       whoever sits on the way can read every key and every conversation",
            }
            .emit_alarm();
            None
        }
        SslVerify::On => None,
        SslVerify::Authorities(path) => Some(path),
    };
    for path in authorities.into_iter().chain(&ironward.extra_ca) {
        let pem = std::fs::read(path).map_err(|error| {
            Failure::Config(format!(
                "the authorities in {} cannot be read: {error}",
                path.display()
            ))
        })?;
        settings.extra_ca_pem.extend_from_slice(&pem);
        settings.extra_ca_pem.push(b'\n');
    }
    if let Some(megabytes) = ironward.reply_limit_mb {
        settings.reply_limit = u64::from(megabytes) << 20;
    }
    Ok(settings)
}
