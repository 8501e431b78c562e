//! A gateway's state, for commands that work on it while the gateway may be running.

use std::sync::Arc;

use ironward_config::{Loaded, Options, ProcessEnvironment, examine, load_text};

use crate::args::StateArgs;
use crate::data_dir::DataDir;
use crate::exit::Failure;
use crate::installation::Opening;
use crate::random::SystemRandom;
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
        let loaded = match &args.config {
            Some(path) => examine(path, &ProcessEnvironment, &options).sound(),
            None => load_text("", "the environment", &ProcessEnvironment, &options),
        };
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Run(error.to_string()))?;
        runtime.block_on(command(&opening))
    }
}
