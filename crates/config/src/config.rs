use std::fmt;
use std::path::PathBuf;

use crate::at_start::Places;
use crate::{
    GeneralSettings, IronwardSettings, LitellmSettings, Model, Notice, Referred, RouterSettings,
    Variables,
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
    pub(crate) places: Places,
}

impl Config {
    /// The largest request body, in bytes; Ironward's own key goes before LiteLLM's.
    #[must_use]
    pub fn body_limit(&self) -> Option<u64> {
        let own = self.ironward.body_limit_mb;
        own.or(self.general.max_request_size_mb).map(bytes)
    }

    /// The largest whole reply, in bytes; Ironward's own key goes before LiteLLM's.
    #[must_use]
    pub fn reply_limit(&self) -> Option<u64> {
        let own = self.ironward.reply_limit_mb;
        own.or(self.general.max_response_size_mb).map(bytes)
    }
}

fn bytes(mebibytes: u32) -> u64 {
    u64::from(mebibytes) << 20
}

/// What loading a configuration gives.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What the operator should know, in the order of the file.
    pub notices: Vec<Notice>,
    /// The file, what it includes, and the secrets that it refers to: to watch for changes.
    pub files: Vec<PathBuf>,
    /// The references whose secrets were not given to this load, in the order in which they were met.
    /// While there are any, the configuration is not to be used: other text stands in for them.
    pub unread: Vec<Referred>,
    /// `environment_variables`, for keys that providers read from their customary variables.
    pub variables: Variables,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").finish_non_exhaustive()
    }
}
