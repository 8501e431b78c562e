use std::cmp::Ordering;
use std::sync::Arc;

use ironward_catalogue::{PriceList, Pricing};
use ironward_policy::access::Route;
use ironward_policy::{Link, Pattern, Which, allows_model};
use ironward_provider::name;
use ironward_store::Entry;
use ironward_store::objects::{Metadata, Origin, StoredDeployment, Team, User};
use serde_json::Value;

use super::configured::ConfiguredModel;
use super::prices;
use crate::answer::{Row, time};
use crate::call::Call;
use crate::plane::Settings;
use crate::target::Target;

/// A deployment of either sort. Nothing of it is copied until it is shown.
pub(super) enum Listed<'s> {
    Configured(&'s ConfiguredModel),
    Stored(Arc<Entry<StoredDeployment>>),
}

/// What somebody is shown who may use a model and does not administer the gateway.
const FOR_CLIENTS: [&str; 6] = [
    "model",
    "custom_llm_provider",
    "rpm",
    "tpm",
    "input_cost_per_token",
    "output_cost_per_token",
];

/// Where a deployment is: nobody is shown it.
const ADDRESSES: [&str; 3] = ["api_base", "base_url", "allow_private_address"];

impl Listed<'_> {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Configured(model) => &model.id,
            Self::Stored(entry) => entry.id.as_str(),
        }
    }

    pub(super) fn model_name(&self) -> &str {
        match self {
            Self::Configured(model) => &model.model_name,
            Self::Stored(entry) => &entry.object.model_name,
        }
    }

    pub(super) fn provider(&self) -> Option<&'static str> {
        match self {
            Self::Configured(model) => Some(model.provider),
            Self::Stored(entry) => provider(&entry.object.params),
        }
    }

    /// Without its secrets.
    pub(super) fn params(&self) -> &Metadata {
        match self {
            Self::Configured(model) => &model.params,
            Self::Stored(entry) => &entry.object.params,
        }
    }

    /// Its `model_info`.
    pub(super) fn told(&self) -> &Metadata {
        match self {
            Self::Configured(model) => &model.info,
            Self::Stored(entry) => &entry.object.model_info,
        }
    }

    /// How its calls are priced, and its model's name at the provider.
    pub(super) fn pricing(&self, list: &PriceList) -> Option<(Arc<Pricing>, Box<str>)> {
        match self {
            Self::Configured(model) => Some((Arc::clone(&model.pricing), model.model.clone())),
            Self::Stored(entry) => {
                let StoredDeployment {
                    params, model_info, ..
                } = &entry.object;
                prices::pricing(list, params, model_info)
            }
        }
    }

    /// Its `model_info`, with what the price catalogue knows of its model.
    pub(super) fn told_with_prices(&self, list: &PriceList) -> Metadata {
        let mut told = self.told().clone();
        if let Some((pricing, model)) = self.pricing(list) {
            prices::tell(&mut told, &pricing, &model);
        }
        told
    }

    pub(super) fn is_blocked(&self) -> bool {
        match self {
            Self::Configured(_) => false,
            Self::Stored(entry) => entry.object.blocked,
        }
    }

    /// Of stored ones.
    fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Configured(_) => None,
            Self::Stored(entry) => Some(&entry.object.origin),
        }
    }

    /// As LiteLLM shows one. `whole`: to somebody who administers the gateway.
    pub(super) fn row(&self, whole: bool, ways: &Ways, list: &PriceList) -> Value {
        let mut params = self.params().clone();
        params.retain(|name, _| {
            !ADDRESSES.contains(&name.as_str()) && (whole || FOR_CLIENTS.contains(&name.as_str()))
        });
        let mut info = self.told_with_prices(list);
        info.insert("id".to_owned(), self.id().into());
        info.insert("db_model".to_owned(), self.origin().is_some().into());
        let (direct, teams) = ways.to(self.model_name());
        info.insert("direct_access".to_owned(), (whole || direct).into());
        info.insert("access_via_team_ids".to_owned(), teams.into());
        if self.is_blocked() {
            info.insert("blocked".to_owned(), true.into());
        }
        if let Some(origin) = self.origin().filter(|_| whole) {
            info.insert("created_at".to_owned(), time(origin.created_at).into());
            info.insert("created_by".to_owned(), (*origin.created_by).into());
            info.insert("updated_at".to_owned(), time(origin.updated_at).into());
            info.insert("updated_by".to_owned(), (*origin.updated_by).into());
        }
        let mut row = Row::default();
        row.put("model_name", self.model_name());
        row.put("litellm_params", params).put("model_info", info);
        row.into_value()
    }

    /// When it was made and changed last; those of the configuration come first.
    pub(super) fn stamps(&self) -> (u64, u64) {
        let stamps = |origin: &Origin| (origin.created_at, origin.updated_at);
        self.origin().map(stamps).unwrap_or_default()
    }

    pub(super) fn by_name(&self, other: &Self) -> Ordering {
        (self.model_name(), self.id()).cmp(&(other.model_name(), other.id()))
    }
}

/// The provider that parameters name.
pub(super) fn provider(params: &Metadata) -> Option<&'static str> {
    let text = |name| params.get(name).and_then(Value::as_str);
    let named = name(text("model")?, text("custom_llm_provider"));
    named.ok().map(|named| named.vendor.provider.name())
}

/// By what somebody may use models: their own grant, and those of the teams that they are in.
pub(super) struct Ways {
    user: Option<Arc<Entry<User>>>,
    teams: Vec<Arc<Entry<Team>>>,
}

impl Ways {
    pub(super) fn of(call: &Call<'_>) -> Self {
        let directory = call.plane.directory();
        let teams = call.actor.teams();
        Self {
            user: call
                .actor
                .user()
                .and_then(|user| directory.users.find(user)),
            teams: teams.filter_map(|id| directory.teams.find(id)).collect(),
        }
    }

    /// Whether a model group is theirs without any team, and the ids of the teams that have it.
    fn to(&self, model: &str) -> (bool, Vec<Value>) {
        let own = |user: &Arc<Entry<User>>| {
            let link = Link {
                which: Which::User,
                name: user.id.as_str(),
                grant: user.grants.own(),
            };
            allows_model(&[link], model)
        };
        let teams = self.teams.iter().filter(|team| is_for(team, model));
        let teams = teams.map(|team| team.id.as_str().into()).collect();
        (self.user.as_ref().is_none_or(own), teams)
    }
}

/// Whether a team may use a model group.
pub(super) fn is_for(team: &Entry<Team>, model: &str) -> bool {
    let link = Link {
        which: Which::Team,
        name: team.id.as_str(),
        grant: team.grants.own(),
    };
    allows_model(&[link], model)
}

/// The deployments that the actor may see, or the one of this id, by name, and whether they see them
/// whole. Those of the configuration stand among the stored ones, so no order is held of both: each
/// is looked at, and none copied.
pub(super) fn visible<'s>(
    call: &Call<'_>,
    by: Option<Route>,
    settings: &'s Settings,
    id: Option<&str>,
) -> (Vec<Listed<'s>>, bool) {
    let whole = call.shows(by, &Target::default());
    let deployments = &call.plane.directory().deployments;
    let configured = settings.models.iter();
    let configured = configured.filter(|model| id.is_none_or(|id| *model.id == *id));
    let mut found: Vec<Listed<'_>> = configured.map(Listed::Configured).collect();
    match id {
        Some(id) => found.extend(deployments.find(id).map(Listed::Stored)),
        None => found.extend(deployments.iter().map(Listed::Stored)),
    }
    let chain = call.actor.chain();
    let links = chain.map(|chain| chain.links());
    found.retain(|model| {
        let target = Target {
            is_usable: links
                .as_ref()
                .is_some_and(|links| allows_model(links, model.model_name())),
            ..Target::default()
        };
        whole || call.shows(by, &target)
    });
    found.sort_by(Listed::by_name);
    (found, whole)
}

/// How many deployments serve one of these model groups; `*` in a name stands for any text.
pub(crate) fn count(call: &Call<'_>, groups: &[Box<str>]) -> usize {
    let patterns: Vec<Pattern> = groups
        .iter()
        .filter_map(|name| Pattern::read(name))
        .collect();
    let is_one = |name: &str| {
        let mut groups = groups.iter();
        groups.any(|group| **group == *name) || patterns.iter().any(|pattern| pattern.covers(name))
    };
    let settings = call.plane.settings.load();
    let configured = settings.models.iter();
    let stored = &call.plane.directory().deployments;
    configured.filter(|model| is_one(&model.model_name)).count()
        + stored
            .filter(|entry| is_one(&entry.object.model_name))
            .len()
}
