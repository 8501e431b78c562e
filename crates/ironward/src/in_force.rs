//! What a start puts in force and a reload leaves as it is.

use ironward_config::{AtStart, Config};
use ironward_egress::Settings;

/// What was put in force at the start and stays until the next one.
pub(crate) struct InForce {
    keys: AtStart,
    /// The authorities of the way out, as PEM.
    authorities: Vec<u8>,
}

impl InForce {
    pub(crate) fn new(config: &Config, way_out: &Settings) -> Self {
        Self {
            keys: AtStart::of(config),
            authorities: way_out.extra_ca_pem.clone(),
        }
    }

    /// A line for each thing that a reload would have changed if it could.
    pub(crate) fn differences(&self, config: &Config, way_out: &Settings) -> Vec<String> {
        let mut lines = self.keys.changed_in(config);
        if way_out.extra_ca_pem != self.authorities {
            lines.push(
                "the certificates in the files of litellm_settings.ssl_verify and ironward.extra_ca: \
                 changed, needs a restart"
                    .to_owned(),
            );
        }
        lines
    }
}
