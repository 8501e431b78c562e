use std::sync::Arc;

use http::HeaderMap;
use ironward_catalogue::PriceList;
use ironward_config::{
    Config, Environment, Model, ModelParams, Placed, Problem, ProblemKind, Variables,
};
use ironward_core::{Deployment, DeploymentId, LastUse, Origin, ParamPolicy, Timeouts};
use ironward_egress::{Credential, Credentials, Lease};
use ironward_provider::{Vendor, find, name};
use ironward_proxy::Routed;
use ironward_secret::Secret;

use super::prices;
use crate::local::LocalServer;

/// Where nothing is dialled, an origin is still asked for.
const NOWHERE: &str = "http://localhost";

/// Makes deployments, and gathers what is wrong with them.
pub(super) struct Maker<'c> {
    config: &'c Config,
    variables: &'c Variables,
    environment: &'c dyn Environment,
    credentials: &'c Arc<Credentials>,
    prices: &'c PriceList,
    last_use: Option<Arc<LastUse>>,
    deployments: Vec<Routed>,
    sites: Vec<Box<str>>,
    leases: Vec<Lease>,
    problems: Vec<Problem>,
    remarks: Vec<String>,
}

/// What a deployment is made of.
struct Parts<'a> {
    group: &'a str,
    model: &'a str,
    vendor: Vendor,
    secret: Option<Secret>,
    origin: Origin,
    /// Its entry of `model_list`, where it has one.
    entry: Option<&'a Model>,
}

impl<'c> Maker<'c> {
    pub(super) fn new(
        config: &'c Config,
        variables: &'c Variables,
        environment: &'c dyn Environment,
        credentials: &'c Arc<Credentials>,
        prices: &'c PriceList,
    ) -> Self {
        Self {
            config,
            variables,
            environment,
            credentials,
            prices,
            last_use: None,
            deployments: Vec::new(),
            sites: Vec::new(),
            leases: Vec::new(),
            problems: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// The same, which notes in `last_use` when the secrets of its deployments are sent.
    pub(super) fn noting_in(mut self, last_use: Option<Arc<LastUse>>) -> Self {
        self.last_use = last_use;
        self
    }

    /// The schemes, hosts and ports that the secrets of the deployments are sent to.
    pub(super) fn sites(&self) -> &[Box<str>] {
        &self.sites
    }

    /// The deployment of one entry of `model_list`. There is one for every entry, also for one
    /// with a problem, so that positions agree.
    pub(super) fn configured(&mut self, model: &Model) {
        let params = &model.params;
        let named = match name(&params.model, params.custom_llm_provider.as_deref()) {
            Ok(named) => named,
            Err(message) => return self.problem(model, "model", message),
        };
        let vendor = named.vendor;
        let is_local = params.mock_response.is_some() || vendor.provider.name() == "ironward";
        let (secret, origin) = if is_local {
            (
                None,
                Origin::parse(NOWHERE).map_err(|error| error.to_string()),
            )
        } else {
            (self.secret(model, &vendor), self.origin(params, &vendor))
        };
        let origin = match origin {
            Ok(origin) => origin,
            Err(message) => return self.problem(model, "api_base", message),
        };
        self.add(
            Parts {
                group: &model.name,
                model: named.model,
                vendor,
                secret,
                origin,
                entry: Some(model),
            },
            |message| Problem {
                place: model.place.clone(),
                path: format!("model_list: {}", model.name),
                message,
                kind: ProblemKind::Invalid,
            },
        );
    }

    /// `provider/*`, with the key in the provider's customary variable.
    pub(super) fn customary(&mut self, provider: &'static str) {
        let Some(vendor) = find(provider) else { return };
        let origin = match self.default_origin(&vendor) {
            Ok(origin) => origin,
            Err(message) => return self.remarks.push(format!("{provider}: {message}")),
        };
        let secret = self.customary_key(&vendor);
        self.add_wildcard(vendor, secret, origin);
    }

    /// `provider/*`, on a server of this machine.
    pub(super) fn local(&mut self, server: &LocalServer) {
        let (Some(vendor), Ok(origin)) = (find(server.provider), Origin::parse(&server.base_url))
        else {
            return;
        };
        self.add_wildcard(vendor, None, origin);
    }

    /// The built-in echo.
    pub(super) fn echo(&mut self) {
        let (Some(vendor), Ok(origin)) = (find("ironward"), Origin::parse(NOWHERE)) else {
            return;
        };
        let parts = Parts {
            group: "ironward/echo",
            model: "echo",
            vendor,
            secret: None,
            origin,
            entry: None,
        };
        self.add(parts, unplaced);
    }

    pub(super) fn finish(self) -> (Vec<Routed>, Vec<Lease>, Vec<Problem>, Vec<String>) {
        (self.deployments, self.leases, self.problems, self.remarks)
    }

    fn add_wildcard(&mut self, vendor: Vendor, secret: Option<Secret>, origin: Origin) {
        let group = format!("{}/*", vendor.provider.name());
        self.add(
            Parts {
                group: &group,
                model: "*",
                vendor,
                secret,
                origin,
                entry: None,
            },
            unplaced,
        );
    }

    fn add(&mut self, parts: Parts<'_>, problem: impl FnOnce(String) -> Problem) {
        let Parts {
            group,
            model,
            vendor,
            secret,
            mut origin,
            entry,
        } = parts;
        let params = entry.map(|entry| &entry.params);
        let id = entry.and_then(|entry| entry.info.id.as_deref());
        let pricing = match prices::pricing(self.prices, (&vendor, model, &origin), entry) {
            Ok(pricing) => Arc::new(pricing),
            Err(invalid) => return self.problems.push(problem(invalid.to_string())),
        };
        origin.base_path = vendor.provider.base_path(&origin.base_path).into();
        let derived = self.derive_id(group, vendor.provider.name(), model, &origin);
        // What answers without a provider has an origin, and nothing is sent there.
        let site = secret.is_some().then(|| origin.site().into());
        let credential = match Credential::new(secret, origin) {
            Ok(credential) => credential,
            Err(error) => return self.problems.push(problem(error.to_string())),
        };
        self.sites.extend(site);
        let credential = match &self.last_use {
            Some(last_use) => credential.noted_in(Arc::clone(last_use)),
            None => credential,
        };
        let lease = self.credentials.add(credential);
        let extra_headers = match params.map(extra_headers).transpose() {
            Ok(headers) => headers.unwrap_or_default(),
            Err(message) => return self.problems.push(problem(message)),
        };
        let deployment = Deployment {
            id: id.map_or(derived, DeploymentId::new),
            group: group.into(),
            provider: vendor.provider.name(),
            model: model.into(),
            credential: lease.id(),
            weight: 1.0,
            order: params.and_then(|params| params.order).unwrap_or(1),
            retries: params.and_then(|params| params.num_retries),
            timeouts: self.timeouts(params),
            stream_first_byte: params
                .and_then(|params| params.stream_timeout)
                .or(self.config.router.stream_timeout),
            params: params.map(param_policy).unwrap_or_default(),
            api_version: params
                .and_then(|params| params.api_version.as_deref())
                .map(Into::into),
            extra_headers,
            mock_response: params
                .and_then(|params| params.mock_response.as_deref())
                .map(Into::into),
        };
        self.leases.push(lease);
        self.deployments.push(Routed {
            region: params
                .and_then(|params| params.region_name.as_deref())
                .map(Into::into),
            pricing,
            deployment: Arc::new(deployment),
            provider: vendor.provider,
        });
    }

    /// The key of an entry: its own, else the customary one, and that only for the vendor's own
    /// origin: a key is never sent to a host that it was not given for.
    fn secret(&mut self, model: &Model, vendor: &Vendor) -> Option<Secret> {
        let params = &model.params;
        if let Some(secret) = &params.api_key {
            return Some(Secret::new(secret.expose().bytes()));
        }
        let variables = vendor.key_variables.join(" or ");
        if params.api_base.is_none() {
            let secret = self.customary_key(vendor);
            if secret.is_none() && !vendor.keyless {
                let message = format!(
                    "there is no key: write api_key: os.environ/NAME here, or set {variables}"
                );
                self.problem(model, "api_key", message);
            }
            return secret;
        }
        if self.customary_key(vendor).is_some() {
            self.remarks.push(format!(
                "{}: model_list: {}: the key in {variables} is not sent to this api_base, since it was not given for it; \
                 write api_key beside api_base if it is meant",
                model.place, model.name
            ));
        }
        None
    }

    fn customary_key(&self, vendor: &Vendor) -> Option<Secret> {
        vendor
            .key_variables
            .iter()
            .find_map(|name| self.variables.secret(self.environment, name))
    }

    fn origin(&self, params: &ModelParams, vendor: &Vendor) -> Result<Origin, String> {
        match &params.api_base {
            Some(Placed { value, .. }) => Ok(value.clone()),
            None => self.default_origin(vendor),
        }
    }

    fn default_origin(&self, vendor: &Vendor) -> Result<Origin, String> {
        let written = vendor.base_variables.iter().find_map(|name| {
            let value = self
                .environment
                .get(name)
                .filter(|value| !value.trim().is_empty())?;
            Some((*name, value))
        });
        match (written, vendor.base_url) {
            (Some((name, url)), _) => {
                Origin::parse(&url).map_err(|error| format!("the variable {name}: {error}"))
            }
            (None, Some(url)) => Origin::parse(url).map_err(|error| error.to_string()),
            (None, None) => Err(format!(
                "{} has no address of its own; write api_base",
                vendor.provider.name()
            )),
        }
    }

    fn timeouts(&self, params: Option<&ModelParams>) -> Timeouts {
        let default = Timeouts::default();
        let ironward = &self.config.ironward;
        let call = params
            .and_then(|params| params.timeout)
            .or(self.config.router.timeout)
            .unwrap_or(default.total);
        Timeouts {
            connect: ironward.connect_timeout.unwrap_or(default.connect),
            first_byte: ironward.first_byte_timeout.unwrap_or(call).min(call),
            idle: ironward.idle_timeout.unwrap_or(default.idle),
            total: call,
        }
    }

    /// A digest of what the deployment is; equal ones of a group are told apart by their number.
    fn derive_id(&self, group: &str, provider: &str, model: &str, origin: &Origin) -> DeploymentId {
        let twins = self.deployments.iter().filter(|other| {
            let other = &other.deployment;
            *other.group == *group && other.provider == provider && *other.model == *model
        });
        let text = format!("{group}\n{provider}\n{model}\n{origin}\n{}", twins.count());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        let hex: String = digest
            .as_ref()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        DeploymentId::new(&hex)
    }

    fn problem(&mut self, model: &Model, key: &str, message: String) {
        let place = match (key, &model.params.api_base) {
            ("api_base", Some(placed)) => placed.place.clone(),
            _ => model.place.clone(),
        };
        self.problems.push(Problem {
            place,
            path: format!("model_list: {}: litellm_params.{key}", model.name),
            message,
            kind: ProblemKind::Invalid,
        });
    }
}

fn extra_headers(params: &ModelParams) -> Result<HeaderMap, String> {
    let mut headers = params.extra_headers.clone();
    if let Some(organization) = &params.organization {
        let value = organization.parse();
        let value = value.map_err(|_| "organization cannot be sent in a header".to_owned())?;
        headers.insert("openai-organization", value);
    }
    Ok(headers)
}

fn param_policy(params: &ModelParams) -> ParamPolicy {
    let boxed = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
    let fields = |fields: &[(String, String)]| {
        fields
            .iter()
            .map(|(name, json)| (name.as_str().into(), json.as_str().into()))
            .collect()
    };
    ParamPolicy {
        drop_unsupported: params.drop_params.unwrap_or(false),
        always_drop: boxed(&params.additional_drop_params),
        allow: boxed(&params.allowed_openai_params),
        defaults: fields(&params.defaults),
        extra_body: fields(&params.extra_body),
    }
}

/// A problem of what no file says.
fn unplaced(message: String) -> Problem {
    Problem {
        place: ironward_config::Place::start(&"the environment".into()),
        path: String::new(),
        message,
        kind: ProblemKind::Invalid,
    }
}
