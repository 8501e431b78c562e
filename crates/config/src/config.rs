use std::fmt;
use std::path::PathBuf;

use crate::{
    GeneralSettings, IronwardSettings, LitellmSettings, Model, Notice, RouterSettings, Variables,
};

/// A configuration that has been read and checked. It has no `Debug`: it holds secrets.
pub struct Config {
    /// `model_list`, in the order of the file.
    pub models: Vec<Model>,
    /// `router_settings`.
    pub router: RouterSettings,
    /// `litellm_settings`.
    pub litellm: LitellmSettings,
    /// `general_settings`.
    pub general: GeneralSettings,
    /// `ironward`.
    pub ironward: IronwardSettings,
}

/// What loading a configuration gives.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What the operator should know, in the order of the file.
    pub notices: Vec<Notice>,
    /// The file, what it includes, and the secrets that it refers to: to watch for changes.
    pub files: Vec<PathBuf>,
    /// `environment_variables`, for keys that providers read from their customary variables.
    pub variables: Variables,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").finish_non_exhaustive()
    }
}
