//! A gateway's state, for commands that work on it while the gateway may be running.

use std::sync::Arc;

use ironward_config::{Loaded, Options, ProcessEnvironment, Resolved, Written};

use crate::args::StateArgs;
use crate::data_dir::DataDir;
use crate::exit::Failure;
use crate::installation::Opening;
use crate::random::SystemRandom;
use crate::references::References;
use crate::runtime::runtime;
use crate::way_out;

/// The configuration and the data directory that a gateway was started with.
pub(crate) struct State<'a> {
    args: &'a StateArgs,
    loaded: Loaded,
    data_dir: DataDir,
}

impl<'a> State<'a> {
    /// Reads them. What is wrong with the models of the configuration does not matter here.
    pub(crate) fn read(args: &'a StateArgs) -> Result<Self, Failure> {
        let options = Options {
            dev: args.dev,
            ..Options::default()
        };
        let written = match &args.config {
            Some(path) => Written::read(path),
            None => Written::of_text("", "the environment"),
        };
        let examine = |resolved: &_| written.examine(&ProcessEnvironment, &options, resolved);
        let mut examined = examine(&Resolved::default());
        let config = &examined.loaded.config;
        let mut wanted = examined.loaded.unread.clone();
        // Keys of providers are of no use here.
        wanted.retain(|referred| {
            let is_model = |section: &str| referred.path.starts_with(section);
            !["model_list", "credential_list"].into_iter().any(is_model)
        });
        if !wanted.is_empty() {
            let references = References::default();
            let reading = references.read(&wanted, config, &ProcessEnvironment);
            let found = runtime()?.block_on(reading);
            examined = examine(&found.resolved);
        }
        let loaded = examined.sound();
        Ok(Self {
            args,
            loaded: loaded.map_err(|problems| Failure::Config(problems.to_string()))?,
            data_dir: DataDir::open(&args.data_dir)?,
        })
    }

    /// Runs a command to its end.
    pub(crate) fn run<T>(
        &self,
        command: impl AsyncFnOnce(&Opening<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let _logging = ironward_telemetry::start(ironward_telemetry::Format::Text, "warn")
            .map_err(Failure::Run)?;
        let config = &self.loaded.config;
        let way_out = way_out::open(config, &ProcessEnvironment)?;
        let opening = Opening {
            data_dir: &self.data_dir,
            config,
            environment: &ProcessEnvironment,
            kek_file: self.args.kek_file.as_deref(),
            way_out,
            random: Arc::new(SystemRandom::default()),
        };
        runtime()?.block_on(command(&opening))
    }
}
