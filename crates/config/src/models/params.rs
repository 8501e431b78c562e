use std::time::Duration;

use http::HeaderMap;
use ironward_core::{Origin, Reach};
use ironward_secret::Secret;

use super::prices::WrittenPrices;
use crate::Placed;
use crate::keys::Section;
use crate::reader::{Field, Reader};

mod endpoint;
mod headers;
mod keys;

pub(crate) use keys::PARAMS;
#[cfg(test)]
pub(crate) use keys::REQUEST_PARAMS;

/// How a provider is reached and called: `litellm_params`. It has no `Debug`: it holds a secret.
#[derive(Default)]
pub struct ModelParams {
    /// `provider/model`, or a model's name that says which provider it is of.
    pub model: String,
    /// The provider, where `model` does not say it.
    pub custom_llm_provider: Option<String>,
    /// The provider's key.
    pub api_key: Option<Secret>,
    /// Where the provider is, if not at its public address.
    pub api_base: Option<Placed<Origin>>,
    /// Azure's `api-version`.
    pub api_version: Option<String>,
    /// The organisation that is billed, for OpenAI.
    pub organization: Option<String>,
    /// The share of the group's calls.
    pub weight: Option<f64>,
    /// Requests a minute, as a share of the group's calls where there is no weight.
    pub rpm: Option<u64>,
    /// Tokens a minute, as a share of the group's calls where there are neither.
    pub tpm: Option<u64>,
    /// 1 first; a later tier is tried when the earlier ones are exhausted.
    pub order: Option<u32>,
    /// How long a call may take.
    pub timeout: Option<Duration>,
    /// How long a streamed call may take until its first piece.
    pub stream_timeout: Option<Duration>,
    /// How often a failed call is tried again.
    pub num_retries: Option<u32>,
    /// Whether parameters that the provider cannot take are dropped.
    pub drop_params: Option<bool>,
    /// Parameters that are always dropped.
    pub additional_drop_params: Vec<String>,
    /// Parameters that are sent although the provider is not known to take them.
    pub allowed_openai_params: Vec<String>,
    /// Headers of every request to the provider; the values are marked as sensitive.
    pub extra_headers: HeaderMap,
    /// Fields (name, JSON text) set on the provider's request body after everything else.
    pub extra_body: Vec<(String, String)>,
    /// The region that it is in.
    pub region_name: Option<String>,
    /// The model whose prices hold; goes before what `model_info` says.
    pub base_model: Option<String>,
    /// A reply given here instead of by the provider.
    pub mock_response: Option<String>,
    /// Whether `api_base` may lead to an address of a private network.
    pub allow_private_address: bool,
    /// Request parameters (name, JSON text) for calls that do not set them.
    pub defaults: Vec<(String, String)>,
}

impl ModelParams {
    /// Carries the operator's word about private networks over to the origin.
    fn spread_private_address(&mut self) {
        if let (true, Some(base)) = (self.allow_private_address, &mut self.api_base) {
            base.value.reach = Reach::Private;
        }
    }
}

/// `litellm_params` while it is read.
#[derive(Default)]
pub(crate) struct Draft {
    params: ModelParams,
    prices: WrittenPrices,
    organizations: Vec<String>,
    credential: Option<String>,
}

/// Reads `litellm_params`: one set of parameters for each organisation, and the prices of all.
pub(super) fn read(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
) -> (Vec<ModelParams>, WrittenPrices) {
    let Draft {
        mut params,
        prices,
        organizations,
        ..
    } = Draft::read(reader, field);
    let mut organizations = organizations.into_iter();
    params.organization = organizations.next();
    let mut all = vec![params];
    for organization in organizations {
        // A key cannot be copied, so it is read again; what that reports a second time is dropped
        // at the end.
        let mut params = Draft::read(reader, field).params;
        params.organization = Some(organization);
        all.push(params);
    }
    (all, prices)
}

impl Draft {
    /// Reads `litellm_params`, with what the model's credential adds.
    fn read(reader: &mut Reader<'_>, field: &Field<'_>) -> Self {
        let mut draft = Self::default();
        let reported = reader.problems.len();
        PARAMS.read(&mut draft, reader, field);
        draft.read_credential(reader, field, &PARAMS);
        if draft.params.model.is_empty() && reader.problems.len() == reported {
            let message = "the model is missing; add 'model: PROVIDER/MODEL', \
                           such as 'model: openai/gpt-4o'";
            reader.problem(field, message);
        }
        draft.params.spread_private_address();
        endpoint::check_plaintext(reader, field, &draft.params);
        draft
    }

    fn read_credential(
        &mut self,
        reader: &mut Reader<'_>,
        field: &Field<'_>,
        section: &Section<Self>,
    ) {
        let Some(name) = self.credential.take() else {
            return;
        };
        let credentials = std::sync::Arc::clone(&reader.credentials);
        let Some(credential) = credentials.get(&name) else {
            let message = format!(
                "no credential of this name in credential_list ({})",
                credentials.names()
            );
            let entry = reader.entries(field).unwrap_or_default().iter();
            let mut named = entry.filter(|entry| entry.key == "litellm_credential_name");
            if let Some(entry) = named.next() {
                reader.problem(&field.entry(entry), message);
            }
            return;
        };
        let own = reader.entries(field).unwrap_or_default();
        for entry in &credential.values {
            if own
                .iter()
                .any(|own| !own.node.is_null() && outdoes(&own.key, &entry.key))
            {
                continue;
            }
            let field = Field {
                path: format!("{}.{}", credential.path, crate::show::path_key(&entry.key)),
                key_place: &entry.key_place,
                node: &entry.node,
            };
            // What is no key of a model would become a field of every request.
            if section.key(&entry.key).is_some() || section.ignores(&entry.key) {
                section.read_entry(self, reader, &field, entry);
            } else {
                reader.notice(&field, "not a key of a model, ignored");
            }
        }
    }
}

/// Whether a model's `own` key leaves no room for the `added` one of its credential. What a
/// credential says of addresses is said of its own address only.
fn outdoes(own: &str, added: &str) -> bool {
    const BASES: [&str; 2] = ["api_base", "base_url"];
    own == added
        || (BASES.contains(&own) && (BASES.contains(&added) || added == "allow_private_address"))
}
