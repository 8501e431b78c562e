use ironward_config::{LiteralCredential, LiteralModel};
use ironward_secret::Secret;
use ironward_store::objects::{Credential, Metadata};
use serde_json::json;

use crate::destination::{check_address, refuse};
use crate::fault::Refusal;
use crate::sealing::Values;

/// Checks the values by the rules for an entry of `credential_list`: as a model would use them.
///
/// # Errors
/// 400, naming the value.
pub(super) fn check(name: &str, credential: &Credential, given: &Values) -> Result<(), Refusal> {
    let mut params = Metadata::new();
    params.insert("model".to_owned(), json!("openai/any"));
    params.insert("litellm_credential_name".to_owned(), json!(name));
    let secrets = given.secret.iter().filter_map(|(field, text)| {
        let secret: Secret = text.as_ref()?.secret();
        Some((&**field, secret))
    });
    let model = LiteralModel {
        id: name,
        name: "any",
        params: &params,
        secrets: Vec::new(),
        info: &Metadata::new(),
        credential: Some(LiteralCredential {
            name,
            plain: credential
                .plain
                .iter()
                .map(|(field, text)| (&**field, &**text))
                .collect(),
            secrets: secrets.collect(),
        }),
    };
    let prefix = format!("credential {name}");
    let (models, _) = model
        .read()
        .map_err(|problems| refuse(&problems, &[(&prefix, "credential_values")]))?;
    for model in &models {
        check_address(model, "credential_values.api_base")?;
    }
    Ok(())
}
