//! A checked configuration becomes a snapshot: vendors are found, credentials bound to their
//! origins, deployments sorted into groups. Everything that is wrong is said at once.

mod deployment;
mod making;
mod prices;
mod stored;
mod weights;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ironward_admin::{ConfiguredModel, Sites};
use ironward_catalogue::{PriceBook, PriceList};
use ironward_config::{
    Config, Environment, Examined, Model, Notice, Place, Problem, ProblemKind, Problems, Referred,
    Resolved, UnpricedModels, Variables, Written,
};
use ironward_core::{Clock as _, Principal, Role, SystemClock};
use ironward_egress::{Credentials, Lease};
use ironward_ledger::Limit;
use ironward_policy::Cycle;
use ironward_proxy::{Alias, Keys, Routed, Routing, Settings, Snapshot, SnapshotBuilder, Unpriced};
use ironward_secret::{KeyHash, KeyHasher};
use ironward_telemetry::Metrics;

use crate::references::{Found, References};
use crate::sources::{Read, Source};
use deployment::Maker;

pub(crate) use making::defaults;
use stored::StoredModel;
pub(crate) use stored::StoredModels;

/// What every assembly needs besides the configuration.
pub(crate) struct Assembler {
    pub(crate) source: Source,
    pub(crate) environment: Arc<dyn Environment + Send + Sync>,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) references: References,
    pub(crate) book: Arc<PriceBook>,
}

/// A configuration that was read and checked.
pub(crate) struct Assembled {
    pub(crate) foundation: Foundation,
    pub(crate) notices: Vec<Notice>,
    /// What assembling has to say; one line each.
    pub(crate) remarks: Vec<String>,
    /// The files to watch.
    pub(crate) files: Vec<PathBuf>,
    /// When reading them began.
    pub(crate) read_at: SystemTime,
    /// Whether the configuration brings its own master key.
    pub(crate) has_master_key: bool,
    /// The secrets of services that it was made with.
    pub(crate) found: Found,
    /// References that nobody was asked about, where it was only to be checked.
    pub(crate) unread: Vec<Referred>,
}

/// The files, and what the services said that they refer to.
struct Reading {
    read_at: SystemTime,
    written: Written,
    found: Found,
}

/// What the configuration gives to snapshots. The database adds to it: the same foundation makes
/// another snapshot when the stored deployments change.
pub(crate) struct Foundation {
    pub(crate) config: Config,
    variables: Variables,
    environment: Arc<dyn Environment + Send + Sync>,
    credentials: Arc<Credentials>,
    pub(crate) prices: PriceList,
    /// Those of `model_list` first, in its order.
    deployments: Vec<Routed>,
    aliases: HashMap<Box<str>, Alias>,
    leases: Vec<Arc<Lease>>,
}

/// A snapshot, and what is known of it.
pub(crate) struct Made {
    pub(crate) snapshot: Snapshot,
    /// What there is to say about the deployments of the database; one line each.
    pub(crate) remarks: Vec<String>,
    /// Where what the database holds of secrets is sent.
    pub(crate) sites: Sites,
}

impl Assembler {
    /// Reads the source and the secrets that it refers to, and makes deployments of it.
    pub(crate) async fn assemble(&self) -> Result<Assembled, Problems> {
        let reading = self.begin().await;
        self.finish(reading)
    }

    /// The same, if a secret of a service is another one than the one in force.
    pub(crate) async fn refresh(&self) -> Result<Option<Assembled>, Problems> {
        let reading = self.begin().await;
        if self.references.are(&reading.found) {
            return Ok(None);
        }
        self.finish(reading).map(Some)
    }

    /// Makes deployments of the source without asking any service: see [`Assembled::unread`].
    pub(crate) fn check(&self) -> Result<Assembled, Problems> {
        let read_at = SystemClock.wall();
        self.make(
            self.examine(&self.source.written(), &Resolved::default()),
            read_at,
        )
    }

    async fn begin(&self) -> Reading {
        let read_at = SystemClock.wall();
        let written = self.source.written();
        let first = self.examine(&written, &Resolved::default()).loaded;
        let found = self
            .references
            .read(&first.unread, &first.config, &*self.environment)
            .await;
        Reading {
            read_at,
            written,
            found,
        }
    }

    fn finish(&self, reading: Reading) -> Result<Assembled, Problems> {
        let Reading {
            read_at,
            written,
            found,
        } = reading;
        let mut examined = self.examine(&written, &found.resolved);
        for Referred { place, path, .. } in std::mem::take(&mut examined.loaded.unread) {
            // It is met only because of what another reference turned out to be.
            let message = "what names this reference is one itself; write that in the file";
            examined.problems.push(Problem {
                place,
                path,
                message: message.to_owned(),
                kind: ProblemKind::Invalid,
            });
        }
        let assembled = self.make(examined, read_at)?;
        Ok(Assembled { found, ..assembled })
    }

    fn examine(&self, written: &Written, resolved: &Resolved) -> Examined {
        written.examine(&*self.environment, &self.source.options, resolved)
    }

    fn make(&self, examined: Examined, read_at: SystemTime) -> Result<Assembled, Problems> {
        let Read {
            loaded,
            problems: found,
            from_environment,
            local,
            echo,
        } = self.source.complete(examined, &*self.environment);
        let prices = PriceList::new(&self.book, &loaded.config.litellm.adjustments);
        let mut maker = Maker::new(
            &loaded.config,
            &loaded.variables,
            &*self.environment,
            &self.credentials,
            &prices,
        );
        for model in &loaded.config.models {
            maker.configured(model);
        }
        for provider in from_environment {
            maker.customary(provider);
        }
        for server in &local {
            maker.local(server);
        }
        if echo {
            maker.echo();
        }
        let (deployments, leases, mut problems, remarks) = maker.finish();
        if !found.is_empty() {
            // A group may only seem to be missing: what is wrong was left out.
            return Err(in_order(&loaded.files, found, problems));
        }
        making::check(&loaded.config, &mut problems);
        let aliases = aliases(&loaded.config, &deployments, &mut problems);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        Ok(Assembled {
            has_master_key: loaded.config.general.master_key.is_some(),
            foundation: Foundation {
                config: loaded.config,
                variables: loaded.variables,
                environment: Arc::clone(&self.environment),
                credentials: Arc::clone(&self.credentials),
                prices,
                deployments,
                aliases,
                leases: leases.into_iter().map(Arc::new).collect(),
            },
            notices: loaded.notices,
            remarks,
            files: loaded.files,
            read_at,
            found: Found::default(),
            unread: loaded.unread,
        })
    }
}

impl Foundation {
    /// A snapshot with the deployments of the database, whose calls `metrics` counts.
    pub(crate) fn snapshot(&self, keys: Keys, stored: StoredModels, metrics: &Metrics) -> Made {
        let StoredModels {
            models,
            mut remarks,
        } = stored;
        let configured = self.config.models.len().min(self.deployments.len());
        let (own, others) = self.deployments.split_at(configured);
        let (mut deployments, mut leases) = (own.to_vec(), self.leases.clone());
        let mut all: Vec<&Model> = self.config.models.iter().collect();
        let mut sites = Sites::new();
        for entry in &models {
            match self.stored(entry, &deployments, &mut sites) {
                Ok((routed, lease)) => {
                    deployments.push(routed);
                    leases.push(Arc::new(lease));
                    all.push(&entry.model);
                }
                Err(reason) => {
                    let file = &entry.model.place.file;
                    remarks.push(format!("{file} is left out: {reason}"));
                }
            }
        }
        weights::assign(&mut deployments, &all);
        deployments.extend_from_slice(others);
        let snapshot = SnapshotBuilder {
            deployments,
            aliases: self.aliases.clone(),
            keys,
            settings: settings(&self.config),
            routing: Routing {
                retries: self.config.router.num_retries,
                retry_after: self.config.router.retry_after,
            },
            credentials: leases,
        }
        .build(metrics);
        Made {
            snapshot,
            remarks,
            sites,
        }
    }

    /// The deployment of an entry of the database, by the rules for those of the file.
    fn stored(
        &self,
        StoredModel { model, secrets }: &StoredModel,
        known: &[Routed],
        sites: &mut Sites,
    ) -> Result<(Routed, Lease), String> {
        let last_use = secrets.as_ref().map(|stored| Arc::clone(&stored.last_use));
        let mut maker = Maker::new(
            &self.config,
            &self.variables,
            &*self.environment,
            &self.credentials,
            &self.prices,
        )
        .noting_in(last_use);
        maker.configured(model);
        let found = maker.sites().to_vec();
        let (mut deployments, mut leases, problems, _) = maker.finish();
        if let Some(problem) = problems.first() {
            return Err(format!("{}: {}", problem.path, problem.message));
        }
        let (Some(routed), Some(lease)) = (deployments.pop(), leases.pop()) else {
            return Err("it makes no deployment".to_owned());
        };
        let is_taken = known
            .iter()
            .any(|other| other.deployment.id == routed.deployment.id);
        if is_taken {
            return Err("another deployment has its id".to_owned());
        }
        if let Some(stored) = secrets {
            let of = (stored.kind, stored.id.clone());
            sites.entry(of).or_default().extend(found);
        }
        Ok((routed, lease))
    }

    /// What the admin plane shows of the deployments of the configuration.
    pub(crate) fn configured_models(&self) -> Vec<ConfiguredModel> {
        let entries = self.config.models.iter().map(Some);
        let entries = entries.chain(std::iter::repeat(None));
        let deployments = self.deployments.iter().zip(entries);
        deployments
            .map(|(routed, entry)| ConfiguredModel::new(&routed.deployment, &routed.pricing, entry))
            .collect()
    }

    /// The providers whose key is in their customary variable.
    pub(crate) fn keyed_providers(&self) -> Vec<&'static str> {
        let has_key = |name: &&str| self.variables.secret(&*self.environment, name).is_some();
        ironward_provider::vendors()
            .filter(|vendor| vendor.key_variables.iter().any(has_key))
            .map(|vendor| vendor.provider.name())
            .collect()
    }

    /// The keys that are let in besides those of the database.
    pub(crate) fn keys(&self, hasher: &Arc<KeyHasher>, admin_key: Option<&KeyHash>) -> Keys {
        let mut principals = HashMap::new();
        let admin = |alias: &str| {
            Arc::new(Principal {
                alias: alias.into(),
                role: Role::ProxyAdmin,
            })
        };
        if let Some(hash) = admin_key {
            principals.insert(*hash, admin("ironward_admin_key"));
        }
        if let Some(master_key) = &self.config.general.master_key {
            principals.insert(
                hasher.hash(master_key.expose().bytes()),
                admin("litellm_proxy_master_key"),
            );
        }
        Keys {
            hasher: Arc::clone(hasher),
            principals,
            header: self.config.general.litellm_key_header_name.clone(),
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
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let default = Settings::default();
    Settings {
        body_limit: config.body_limit().map_or(default.body_limit, size),
        reply_limit: config.reply_limit().map_or(default.reply_limit, size),
        body_timeout: config.ironward.body_timeout.unwrap_or(default.body_timeout),
        unread_timeout: config
            .ironward
            .unread_timeout
            .unwrap_or(default.unread_timeout),
        drop_params: config.litellm.drop_params,
        always_include_usage: config.general.always_include_stream_usage,
        completion_model: config.general.completion_model.as_deref().map(Into::into),
        budget: budget(config),
        budget_status: config.litellm.budget.status,
        unpriced: match config.ironward.unpriced_models {
            None => Unpriced::RefuseWithBudget,
            Some(UnpricedModels::Allow) => Unpriced::Allow,
            Some(UnpricedModels::Refuse) => Unpriced::Refuse,
        },
        ..default
    }
}

/// What may be spent through the whole gateway.
fn budget(config: &Config) -> Option<Limit> {
    let budget = config.litellm.budget;
    let cycle = budget.budget_duration.map(|period| period.cycle(None));
    let limit = |most| Limit::budget(most, cycle.unwrap_or(Cycle::NEVER));
    budget.max_budget.map(limit)
}

fn aliases(
    config: &Config,
    deployments: &[Routed],
    problems: &mut Vec<Problem>,
) -> HashMap<Box<str>, Alias> {
    let mut aliases = HashMap::new();
    for alias in &config.router.model_group_alias {
        let is_known = deployments
            .iter()
            .any(|routed| *routed.deployment.group == *alias.model);
        // The database may have the group, now or later.
        if !is_known && !config.general.store_model_in_db {
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
