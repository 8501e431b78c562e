use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ironward_catalogue::Pricing;
use ironward_core::{Deployment, Principal};
use ironward_egress::Lease;
use ironward_ledger::Limit;
use ironward_policy::Pattern;
use ironward_provider::Provider;
use ironward_secret::{KeyHash, KeyHasher};
use ironward_telemetry::{Metrics, Series, Served};

/// The configuration in force, checked and ready to route by. Swapped whole, never edited.
pub struct Snapshot {
    pub(crate) groups: HashMap<Box<str>, Arc<Group>>,
    /// Most specific first.
    pub(crate) wildcards: Vec<(Pattern, Arc<Group>)>,
    pub(crate) aliases: HashMap<Box<str>, Alias>,
    pub(crate) keys: Keys,
    pub(crate) settings: Settings,
    pub(crate) routing: Routing,
    /// Keeps the credentials of these deployments open for as long as a call may use them.
    _credentials: Vec<Arc<Lease>>,
}

/// The deployments behind one public name.
pub struct Group {
    /// The public name, with its `*`s.
    pub name: Box<str>,
    /// At least one.
    pub deployments: Vec<Routed>,
    /// Where calls are counted that come to no deployment.
    pub(crate) series: Arc<Series>,
    /// Where those are counted that come to one, in the order of `deployments`.
    pub(crate) each: Vec<Arc<Series>>,
}

/// A deployment with the code that speaks to its vendor.
#[derive(Clone)]
pub struct Routed {
    /// The deployment.
    pub deployment: Arc<Deployment>,
    /// Its vendor's wire format.
    pub provider: &'static dyn Provider,
    /// The region that it is in, where the configuration says so.
    pub region: Option<Arc<str>>,
    /// How its calls are priced.
    pub pricing: Arc<Pricing>,
}

/// Another name of a model group (`router_settings.model_group_alias`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The group that is meant.
    pub group: Box<str>,
    /// Whether it is left out of `/v1/models`.
    pub hidden: bool,
}

/// The keys that are let in, as hashes.
pub struct Keys {
    /// Makes the hash of a presented key.
    pub hasher: Arc<KeyHasher>,
    /// Who presents which.
    pub principals: HashMap<KeyHash, Arc<Principal>>,
    /// The one header that keys are read from, where the operator set it
    /// (`general_settings.litellm_key_header_name`).
    pub header: Option<http::HeaderName>,
}

/// What the data path does with every call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// How long a client may take to send its body.
    pub body_timeout: Duration,
    /// How long a client may leave unread what is ready for it.
    pub unread_timeout: Duration,
    /// The largest whole reply, in bytes.
    pub reply_limit: usize,
    /// Drop what a provider has no form for instead of refusing the call.
    pub drop_params: bool,
    /// The most calls that run at once.
    pub parallel_calls: Option<usize>,
    /// Every stream ends with its usage, asked for or not.
    pub always_include_usage: bool,
    /// The model group that serves every conversation, whatever it asks for
    /// (`general_settings.completion_model`).
    pub completion_model: Option<Box<str>>,
    /// What the whole gateway may spend.
    pub budget: Option<Limit>,
    /// The status of a call that a budget does not allow, where it is another than LiteLLM's.
    pub budget_status: Option<u16>,
    /// What becomes of calls whose cost nobody knows.
    pub unpriced: Unpriced,
}

/// What becomes of a call whose most cost nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unpriced {
    /// It is refused where a budget bounds the caller.
    #[default]
    RefuseWithBudget,
    /// It is refused.
    Refuse,
    /// It is let through, and costs what is known of it.
    Allow,
}

/// How calls are routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// Attempts after the first one.
    pub retries: u32,
    /// The least pause before the same deployment is tried again.
    pub retry_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_limit: 32 << 20,
            body_timeout: Duration::from_secs(60),
            unread_timeout: Duration::from_secs(60),
            reply_limit: 64 << 20,
            drop_params: false,
            parallel_calls: None,
            always_include_usage: false,
            completion_model: None,
            budget: None,
            budget_status: None,
            unpriced: Unpriced::default(),
        }
    }
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            retries: 2,
            retry_after: Duration::ZERO,
        }
    }
}

/// The parts of a snapshot, before it is put in force.
pub struct SnapshotBuilder {
    /// The deployments, each naming its group.
    pub deployments: Vec<Routed>,
    /// Other names of groups.
    pub aliases: HashMap<Box<str>, Alias>,
    /// The keys that are let in.
    pub keys: Keys,
    /// What the data path does with every call.
    pub settings: Settings,
    /// How calls are routed.
    pub routing: Routing,
    /// The credentials of the deployments.
    pub credentials: Vec<Arc<Lease>>,
}

impl SnapshotBuilder {
    /// Sorts the deployments into their groups, whose calls `metrics` counts.
    #[must_use]
    pub fn build(self, metrics: &Metrics) -> Snapshot {
        let mut gathered: Vec<Group> = Vec::new();
        let mut positions: HashMap<Box<str>, usize> = HashMap::new();
        for routed in self.deployments {
            let name = &routed.deployment.group;
            let position = *positions.entry(name.clone()).or_insert_with(|| {
                gathered.push(Group {
                    name: name.clone(),
                    deployments: Vec::new(),
                    series: metrics.series(group_alone(name)),
                    each: Vec::new(),
                });
                gathered.len() - 1
            });
            if let Some(group) = gathered.get_mut(position) {
                group.each.push(metrics.series(served(&routed.deployment)));
                group.deployments.push(routed);
            }
        }
        let groups: Vec<Arc<Group>> = gathered.into_iter().map(Arc::new).collect();
        let mut wildcards: Vec<_> = groups
            .iter()
            .filter_map(|group| Some((Pattern::read(&group.name)?, Arc::clone(group))))
            .collect();
        wildcards.sort_by_key(|(pattern, _)| pattern.specificity());
        Snapshot {
            groups: groups
                .into_iter()
                .map(|group| (group.name.clone(), group))
                .collect(),
            wildcards,
            aliases: self.aliases,
            keys: self.keys,
            settings: self.settings,
            routing: self.routing,
            _credentials: self.credentials,
        }
    }
}

fn group_alone(group: &str) -> Served<'_> {
    Served {
        group,
        provider: "",
        deployment: "",
        model: "",
    }
}

fn served(deployment: &Deployment) -> Served<'_> {
    Served {
        group: &deployment.group,
        provider: deployment.provider,
        deployment: deployment.id.as_str(),
        model: &deployment.model,
    }
}

impl Snapshot {
    /// The model groups, by name.
    #[must_use]
    pub fn groups(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.values().map(|group| &**group).collect();
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        groups
    }

    /// The names that a client may ask for, in order.
    #[must_use]
    pub fn model_names(&self) -> Vec<&str> {
        let visible = self.aliases.iter().filter(|(_, alias)| !alias.hidden);
        let mut names: Vec<&str> = self
            .groups
            .keys()
            .chain(visible.map(|(name, _)| name))
            .map(|name| &**name)
            .collect();
        names.sort_unstable();
        names
    }
}
