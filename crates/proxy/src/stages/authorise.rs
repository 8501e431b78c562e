use std::sync::Arc;

use ironward_core::{Fault, FaultKind, shown_name};
use ironward_policy::{
    Asked, Link, Rule, Verdict, Which, allows_model, allows_region, check, limits,
};
use ironward_store::Entry;
use ironward_store::objects::Customer;
use ironward_wire::Dialect;

use super::Arrived;
use super::asks::Asks;
use super::authenticate::{Arrival, Caller};
use crate::access::{Access, Chain, Limit, Whose, most_at_once};
use crate::snapshot::{Group, Settings};
use crate::{Gateway, Snapshot, refusal};

/// Proof that this caller may call this model group.
pub(crate) struct Authorised {
    pub(crate) permit: Permit,
    pub(crate) group: Arc<Group>,
    /// What the group's `*`s stand for in the name asked for.
    pub(crate) stars: Vec<Box<str>>,
    /// The deployments of the group that may be used; `None`: all.
    pub(crate) usable: Option<Vec<usize>>,
}

/// Who was allowed what: it can be asked again while the call runs.
#[derive(Clone)]
pub(crate) struct Permit {
    pub(crate) caller: Caller,
    customer: Option<Arc<Entry<Customer>>>,
    route: &'static [&'static str],
    /// The model group that was allowed, after all aliases but those of the router where these were
    /// what was granted.
    model: Box<str>,
    /// How many calls may run at once, of each who bounds this one.
    pub(crate) parallel: Vec<Limit>,
    /// When it ends by itself.
    end: Option<u64>,
}

/// Caller x Call -> the model group that it may call. A name that the caller may not use is refused
/// without a look whether it exists; only who may use it is told that it does not.
pub(crate) async fn authorise(
    gateway: &Gateway,
    snapshot: &Snapshot,
    caller: &Caller,
    arrival: Arrival<'_>,
    (arrived, path): (&Arrived, &str),
) -> Result<Authorised, Fault> {
    let call = &arrived.call;
    let asked_for = model_asked_for(&snapshot.settings, call.dialect, &call.model);
    let meaning = meaning(snapshot, caller.chain().map(|chain| &**chain), asked_for);
    let target = meaning.group;
    let customers = &gateway.access.directory.customers;
    let customer = arrived.customer.as_ref();
    let customer = customer.and_then(|id| customers.find(id));
    let links = links(caller, customer.as_deref());
    let mut model = target;
    let (mut parallel, mut end) = (Vec::new(), None);
    if !links.is_empty() {
        let asks = Asks::of(call, &links, &gateway.side_pool).await?;
        let (tools, servers) = (asks.tools(), asks.servers());
        model = judged_name(&links, &meaning);
        let asked = Asked {
            now: arrival.now,
            source: caller.source,
            route: arrival.route,
            model: Some(model),
            called: Some(&call.model),
            tools: &tools,
            mcp_servers: &servers,
            regions: &[],
            output_tokens: asks.output_tokens,
        };
        if let Verdict::Refused(refusal) = check(&links, &asked) {
            return Err(refusal::fault(&refusal));
        }
        parallel = parallel_limits(&gateway.access, caller, customer.as_deref());
        end = caller.chain().and_then(|chain| chain.end());
    }
    let (group, stars) = find_group(snapshot, target).ok_or_else(|| unknown(&call.model, path))?;
    let usable = usable(&links, &group, &call.model)?;
    let model = model.into();
    drop(links);
    Ok(Authorised {
        permit: Permit {
            caller: caller.clone(),
            customer,
            route: arrival.route,
            model,
            parallel,
            end,
        },
        group,
        stars,
        usable,
    })
}

impl Permit {
    /// The end user whom the call is for, where there is one of that name.
    pub(crate) const fn customer(&self) -> Option<&Arc<Entry<Customer>>> {
        self.customer.as_ref()
    }

    /// Looks again at `now`: `None` while nothing has changed, else the permit as it is now.
    ///
    /// # Errors
    /// Why it is no longer allowed.
    pub(crate) fn again(&self, access: &Access, now: u64) -> Result<Option<Self>, Fault> {
        let Some(chain) = self.caller.chain() else {
            return Ok(None);
        };
        let customer = self.customer.as_ref();
        let is_current =
            chain.is_current(access) && customer.is_none_or(|customer| customer.is_current());
        if is_current && self.end.is_none_or(|end| now < end) {
            return Ok(None);
        }
        let caller = self.caller.again(access, chain, self.route, now)?;
        let find =
            |customer: &Arc<Entry<Customer>>| access.directory.customers.find(customer.id.as_str());
        let customer = customer.and_then(find);
        let links = links(&caller, customer.as_deref());
        let asked = Asked {
            now,
            source: caller.source,
            route: self.route,
            model: Some(&self.model),
            ..Asked::default()
        };
        if let Verdict::Refused(refusal) = check(&links, &asked) {
            return Err(refusal::fault(&refusal));
        }
        let end = caller.chain().and_then(|chain| chain.end());
        drop(links);
        Ok(Some(Self {
            caller,
            customer,
            end,
            route: self.route,
            model: self.model.clone(),
            // The call has its places already.
            parallel: Vec::new(),
        }))
    }
}

/// The names that the caller may ask for.
pub(crate) struct Visible<'s>(pub(crate) Vec<&'s str>);

impl<'s> Visible<'s> {
    pub(crate) fn to(snapshot: &'s Snapshot, caller: &Caller) -> Self {
        let mut names = snapshot.model_names();
        let links = links(caller, None);
        if !links.is_empty() {
            names.retain(|name| {
                let alias = snapshot.aliases.get(*name);
                let target = alias.map_or(*name, |alias| &alias.group);
                allows_model(&links, target) || allows_model(&links, name)
            });
        }
        Self(names)
    }
}

/// Whether a call of this caller to `name` would find a model group that it may use.
pub(crate) fn may_call(snapshot: &Snapshot, caller: &Caller, name: &str) -> bool {
    let meaning = meaning(snapshot, caller.chain().map(|chain| &**chain), name);
    let links = links(caller, None);
    let is_allowed = links.is_empty() || allows_model(&links, judged_name(&links, &meaning));
    is_allowed && find_group(snapshot, meaning.group).is_some()
}

/// What bounds a call; nothing does for the admin key and the master key, but for the customer that
/// they call for.
fn links<'c>(caller: &'c Caller, customer: Option<&'c Entry<Customer>>) -> Vec<Link<'c>> {
    let chain = caller.chain();
    let mut links = chain.map(|chain| chain.links()).unwrap_or_default();
    links.extend(customer.map(|customer| Link {
        which: Which::Customer,
        name: customer.id.as_str(),
        grant: customer.grants.own(),
    }));
    links
}

/// How many calls may run at once, of each who bounds this one.
fn parallel_limits(
    access: &Access,
    caller: &Caller,
    customer: Option<&Entry<Customer>>,
) -> Vec<Limit> {
    let directory = &access.directory;
    let chain = caller.chain();
    let mut limits = chain
        .map(|chain| chain.parallel(directory))
        .unwrap_or_default();
    limits.extend(customer.and_then(|customer| {
        Some(Limit {
            most: most_at_once(directory, &customer.object.spending)?,
            whose: Whose::new(Which::Customer, customer.id.as_str(), None),
        })
    }));
    limits
}

/// The model that a call asks for, where the configuration does not put another in its place.
pub(crate) fn model_asked_for<'a>(
    settings: &'a Settings,
    dialect: Dialect,
    model: &'a str,
) -> &'a str {
    match &settings.completion_model {
        Some(model) if dialect != Dialect::OpenAiEmbeddings => model,
        _ => model,
    }
}

/// What a model's name stands for.
pub(crate) struct Meaning<'a> {
    /// The router's alias, where there is one.
    alias: Option<&'a str>,
    /// The model group that is meant.
    pub(crate) group: &'a str,
}

/// What the key, then its team, then the router has for a name.
pub(crate) fn meaning<'a>(
    snapshot: &'a Snapshot,
    chain: Option<&'a Chain>,
    name: &'a str,
) -> Meaning<'a> {
    let key = chain.and_then(Chain::key);
    let of_key = key.and_then(|key| key.object.aliases.get(name));
    let name = of_key.map_or(name, |target| target);
    let team = chain.and_then(|chain| chain.team.as_ref());
    let of_team = team.and_then(|team| team.object.model_aliases.get(name));
    let name = of_team.map_or(name, |target| target);
    match snapshot.aliases.get(name) {
        None => Meaning {
            alias: None,
            group: name,
        },
        Some(alias) => Meaning {
            alias: Some(name),
            group: &alias.group,
        },
    }
}

/// The name that grants are asked about: as with LiteLLM, they may name the router's alias instead
/// of what it stands for.
pub(crate) fn judged_name<'a>(links: &[Link<'_>], meaning: &Meaning<'a>) -> &'a str {
    match meaning.alias {
        Some(alias) if !allows_model(links, meaning.group) => alias,
        _ => meaning.group,
    }
}

/// The deployments whose region every link allows; `None`: all of them.
fn usable(links: &[Link<'_>], group: &Group, called: &str) -> Result<Option<Vec<usize>>, Fault> {
    if !limits(links, &[Rule::Regions]) {
        return Ok(None);
    }
    let deployments = group.deployments.iter().enumerate();
    let usable: Vec<usize> = deployments
        .filter(|(_, routed)| allows_region(links, routed.region.as_deref()))
        .map(|(place, _)| place)
        .collect();
    if usable.is_empty() {
        return Err(elsewhere(called));
    }
    Ok(Some(usable))
}

fn elsewhere(called: &str) -> Fault {
    let model = refusal::shown(shown_name(called), 128);
    let message = format!("key not allowed to access a region that serves model {model}");
    Fault::downstream(FaultKind::PermissionDenied, message)
        .with_param("model")
        .with_code("key_model_access_denied")
}

/// The model group of this name, exact before wildcard, and what its `*`s stand for.
pub(crate) fn find_group(snapshot: &Snapshot, name: &str) -> Option<(Arc<Group>, Vec<Box<str>>)> {
    if let Some(group) = snapshot.groups.get(name) {
        return Some((Arc::clone(group), Vec::new()));
    }
    snapshot.wildcards.iter().find_map(|(pattern, group)| {
        let stars = pattern.matches(name)?.into_iter().map(Into::into).collect();
        Some((Arc::clone(group), stars))
    })
}

/// LiteLLM's words; the name is the caller's own, shortened and without control characters.
fn unknown(model: &str, path: &str) -> Fault {
    let model: String = shown_name(model)
        .chars()
        .take(128)
        .flat_map(char::escape_default)
        .collect();
    Fault::downstream(
        FaultKind::UnknownModel,
        format!(
            "{path}: Invalid model name passed in model={model}. Call `/v1/models` to view available models for your key."
        ),
    )
    .with_param("model")
}
