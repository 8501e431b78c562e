//! A checked configuration becomes a snapshot: vendors are found, credentials bound to their
//! origins, deployments sorted into groups. Everything that is wrong is said at once.

mod deployment;
mod weights;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ironward_config::{
    Config, Environment, IronwardSettings, LitellmSettings, Notice, Place, Problem, ProblemKind,
    Problems,
};
use ironward_core::{Clock as _, Principal, Role, SystemClock};
use ironward_egress::{Credentials, Lease};
use ironward_proxy::{Alias, Keys, Routed, Routing, Settings, Snapshot, SnapshotBuilder};
use ironward_secret::{KeyHash, KeyHasher};

use crate::sources::{Read, Source};
use deployment::Maker;

/// What every assembly needs besides the configuration.
pub(crate) struct Assembler {
    pub(crate) source: Source,
    pub(crate) environment: Arc<dyn Environment + Send + Sync>,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) hasher: Arc<KeyHasher>,
    /// The admin key of the data directory, where one was made.
    pub(crate) admin_key: Option<KeyHash>,
}

/// A snapshot, and what else the configuration says.
pub(crate) struct Assembled {
    pub(crate) snapshot: Snapshot,
    pub(crate) notices: Vec<Notice>,
    /// What assembling has to say; one line each.
    pub(crate) remarks: Vec<String>,
    /// The files to watch.
    pub(crate) files: Vec<PathBuf>,
    /// When reading them began.
    pub(crate) read_at: SystemTime,
    pub(crate) ironward: IronwardSettings,
    pub(crate) litellm: LitellmSettings,
    /// Whether the configuration brings its own master key.
    pub(crate) has_master_key: bool,
}

impl Assembler {
    /// Reads the source and builds a snapshot of it.
    pub(crate) fn assemble(&self) -> Result<Assembled, Problems> {
        let read_at = SystemClock.wall();
        let Read {
            loaded,
            problems: found,
            from_environment,
            local,
            echo,
        } = self.source.read(&self.environment)?;
        let mut maker = Maker::new(
            &loaded.config,
            &loaded.variables,
            &*self.environment,
            &self.credentials,
        );
        for model in &loaded.config.models {
            maker.configured(model);
        }
        for provider in from_environment {
            maker.customary(provider);
        }
        for server in local {
            maker.local(server);
        }
        if echo {
            maker.echo();
        }
        let (mut deployments, leases, mut problems, remarks) = maker.finish();
        weights::assign(&mut deployments, &loaded.config.models);
        if !found.is_empty() {
            // A group may only seem to be missing: what is wrong was left out.
            return Err(in_order(&loaded.files, found, problems));
        }
        let aliases = aliases(&loaded.config, &deployments, &mut problems);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let has_master_key = loaded.config.general.master_key.is_some();
        let snapshot = self.snapshot(&loaded.config, deployments, aliases, leases);
        let Config {
            ironward, litellm, ..
        } = loaded.config;
        Ok(Assembled {
            snapshot,
            notices: loaded.notices,
            remarks,
            files: loaded.files,
            read_at,
            ironward,
            litellm,
            has_master_key,
        })
    }

    fn snapshot(
        &self,
        config: &Config,
        deployments: Vec<Routed>,
        aliases: HashMap<Box<str>, Alias>,
        credentials: Vec<Lease>,
    ) -> Snapshot {
        SnapshotBuilder {
            deployments,
            aliases,
            keys: self.keys(config),
            settings: settings(config),
            routing: Routing {
                retries: config.router.num_retries,
                retry_after: config.router.retry_after,
            },
            credentials,
        }
        .build()
    }

    fn keys(&self, config: &Config) -> Keys {
        let mut principals = HashMap::new();
        let admin = |alias: &str| {
            Arc::new(Principal {
                alias: alias.into(),
                role: Role::ProxyAdmin,
            })
        };
        if let Some(hash) = self.admin_key {
            principals.insert(hash, admin("ironward_admin_key"));
        }
        if let Some(master_key) = &config.general.master_key {
            principals.insert(
                self.hasher.hash(master_key.expose().bytes()),
                admin("litellm_proxy_master_key"),
            );
        }
        Keys {
            hasher: Arc::clone(&self.hasher),
            principals,
            header: config.general.litellm_key_header_name.clone(),
        }
    }
}

/// All problems in the order in which they stand in `files`, the main one first.
fn in_order(files: &[PathBuf], mut problems: Vec<Problem>, more: Vec<Problem>) -> Problems {
    problems.extend(more);
    problems.sort_by_cached_key(|problem| {
        let Place { file, line, column } = &problem.place;
        let file = files
            .iter()
            .position(|known| **known == *Path::new(&**file));
        (file.unwrap_or(usize::MAX), *line, *column)
    });
    Problems(problems)
}

fn settings(config: &Config) -> Settings {
    let bytes = |megabytes: u32| {
        usize::try_from(megabytes)
            .unwrap_or(usize::MAX)
            .saturating_mul(1 << 20)
    };
    let default = Settings::default();
    Settings {
        body_limit: config
            .ironward
            .body_limit_mb
            .or(config.general.max_request_size_mb)
            .map_or(default.body_limit, bytes),
        reply_limit: config
            .ironward
            .reply_limit_mb
            .or(config.general.max_response_size_mb)
            .map_or(default.reply_limit, bytes),
        body_timeout: config.ironward.body_timeout.unwrap_or(default.body_timeout),
        drop_params: config.litellm.drop_params,
        always_include_usage: config.general.always_include_stream_usage,
        completion_model: config.general.completion_model.as_deref().map(Into::into),
        ..default
    }
}

fn aliases(
    config: &Config,
    deployments: &[Routed],
    problems: &mut Vec<Problem>,
) -> HashMap<Box<str>, Alias> {
    let mut aliases = HashMap::new();
    for alias in &config.router.model_group_alias {
        if !deployments
            .iter()
            .any(|routed| *routed.deployment.group == *alias.model)
        {
            problems.push(Problem {
                place: alias.place.clone(),
                path: format!("router_settings.model_group_alias.{}", alias.name),
                message: format!(
                    "there is no model group '{}'; write a model_name of model_list",
                    alias.model
                ),
                kind: ProblemKind::Invalid,
            });
        }
        aliases.insert(
            alias.name.as_str().into(),
            Alias {
                group: alias.model.as_str().into(),
                hidden: alias.hidden,
            },
        );
    }
    aliases
}
