//! Which values are secrets, by their names.

/// LiteLLM's parameters that hold a secret, and those that may hold one somewhere inside.
const SECRETS: [&str; 20] = [
    "anthropic_identity_token",
    "api_key",
    "aws_access_key_id",
    "aws_external_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_web_identity_token",
    "azure_ad_token",
    "azure_client_secret",
    "azure_password",
    "client_secret",
    "extra_headers",
    "headers",
    "s3_access_key_id",
    "s3_secret_access_key",
    "vertex_ai_credentials",
    "vertex_credentials",
    "watsonx_apikey",
    "watsonx_token",
    "watsonx_zenapikey",
];

/// Names that look like a secret's and are none.
const OPEN: [&str; 9] = [
    "bos_token",
    "default_api_key_rpm_limit",
    "default_api_key_tpm_limit",
    "eos_token",
    "litellm_credential_name",
    "prompt_cache_key",
    "s3_encryption_key_id",
    "tokenizer",
    "use_xai_oauth",
];

/// What a secret's name has in it.
const MARKS: [&str; 13] = [
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "secret",
];

/// How a secret's name ends.
const ENDS: [&str; 4] = ["auth", "key", "signature", "token"];

/// Whether a parameter of this name is sealed: it is one of the known ones, or its name looks like
/// that of a secret. A name too many costs a look at a value; one too few would show it.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
    if OPEN.contains(&name.as_str()) || name.ends_with("per_token") {
        return false;
    }
    SECRETS.contains(&name.as_str())
        || MARKS.iter().any(|mark| name.contains(mark))
        || ENDS.iter().any(|end| name.ends_with(end))
}

/// The values of a credential that are no secrets. Every other one is sealed: what is put into a
/// credential is there to be kept.
const OPEN_IN_CREDENTIAL: [&str; 17] = [
    "allow_private_address",
    "api_base",
    "api_version",
    "aws_bedrock_runtime_endpoint",
    "aws_region_name",
    "aws_role_name",
    "azure_scope",
    "base_url",
    "client_id",
    "custom_llm_provider",
    "organization",
    "region_name",
    "tenant_id",
    "vertex_location",
    "vertex_project",
    "watsonx_project_id",
    "watsonx_region_name",
];

/// Whether a value of a credential is kept and shown as it is.
pub(crate) fn is_open_in_credential(name: &str) -> bool {
    OPEN_IN_CREDENTIAL.contains(&name)
}

/// Whether a parameter says where a secret is sent.
pub(crate) fn is_destination(name: &str) -> bool {
    const KNOWN: [&str; 3] = ["allow_private_address", "api_base", "base_url"];
    const MARKS: [&str; 4] = ["endpoint", "base_url", "_url", "_host"];
    KNOWN.contains(&name) || MARKS.iter().any(|mark| name.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::{OPEN_IN_CREDENTIAL, is_destination, is_open_in_credential, is_secret};

    #[test]
    fn what_says_where_a_secret_goes_is_known() {
        for name in [
            "api_base",
            "aws_sts_endpoint",
            "s3_endpoint_url",
            "sagemaker_base_url",
        ] {
            assert!(is_destination(name), "{name}");
        }
        for name in ["model", "api_version", "rpm"] {
            assert!(!is_destination(name), "{name}");
        }
    }

    #[test]
    fn secrets_are_told_by_their_names() {
        for name in [
            "api_key",
            "API-Key",
            "aws_secret_access_key",
            "vertex_credentials",
            "extra_headers",
            "my_password",
            "accessToken",
            "x-auth",
            "Authorization",
            "session_cookie",
            "signing_key",
            "anthropic_keycloak_client_secret_ref",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "model",
            "max_tokens",
            "input_cost_per_token",
            "eos_token",
            "prompt_cache_key",
            "litellm_credential_name",
            "default_api_key_tpm_limit",
            "api_base",
            "keepalive_seconds",
            "keep_alive",
            "author",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn nothing_that_looks_like_a_secret_is_open_in_a_credential() {
        for name in OPEN_IN_CREDENTIAL {
            assert!(!is_secret(name), "{name}");
        }
        assert!(!is_open_in_credential("anything_else"));
    }
}
