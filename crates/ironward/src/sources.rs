//! Where the configuration comes from: a file, or what is found on this machine.

use std::path::PathBuf;

use ironward_config::{Environment, Examined, Loaded, Options, Problem, Written};
use ironward_provider::vendors;

use crate::args::ServeArgs;
use crate::local;

/// Where the configuration comes from; read again on every reload.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: Option<PathBuf>,
    pub(crate) local: bool,
    pub(crate) options: Options,
}

/// A configuration, and what was added to it that no file says.
pub(crate) struct Read {
    pub(crate) loaded: Loaded,
    /// What is wrong with it already; there may be more.
    pub(crate) problems: Vec<Problem>,
    /// Groups of which the provider's customary variable holds the key: the provider's name.
    pub(crate) from_environment: Vec<&'static str>,
    /// Servers on this machine.
    pub(crate) local: Vec<local::LocalServer>,
    /// Whether the built-in echo is there.
    pub(crate) echo: bool,
}

impl Source {
    pub(crate) fn new(args: &ServeArgs) -> Self {
        Self {
            file: args.config.clone(),
            local: args.local,
            options: Options {
                dev: args.dev,
                strict: args.strict,
            },
        }
    }

    /// Reads its files anew.
    pub(crate) fn written(&self) -> Written {
        match &self.file {
            Some(path) => Written::read(path),
            None => Written::of_text("", "the environment"),
        }
    }

    /// Adds what no file says to what the files do.
    pub(crate) fn complete(&self, examined: Examined, environment: &dyn Environment) -> Read {
        let Examined { loaded, problems } = examined;
        let infers = self.file.is_none() || loaded.config.general.infer_model_from_keys;
        let from_environment = if infers {
            with_keys(environment)
        } else {
            Vec::new()
        };
        let local = if self.local {
            local::find()
        } else {
            Vec::new()
        };
        Read {
            echo: self.file.is_none(),
            loaded,
            problems,
            from_environment,
            local,
        }
    }
}

/// The vendors whose key is in its customary variable. A local server without a key is not one.
fn with_keys(environment: &dyn Environment) -> Vec<&'static str> {
    let has_key = |names: &[&str]| {
        names.iter().any(|name| {
            environment
                .get(name)
                .is_some_and(|value| !value.trim().is_empty())
        })
    };
    vendors()
        .filter(|vendor| has_key(vendor.key_variables))
        .filter(|vendor| vendor.base_url.is_some() || has_key(vendor.base_variables))
        .map(|vendor| vendor.provider.name())
        .collect()
}
