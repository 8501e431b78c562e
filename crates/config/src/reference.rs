//! The page about every key, made of the tables that the loader reads with.

use std::fmt::Write as _;

use crate::general::GENERAL;
use crate::ironward::{
    ADMIN_TLS, AWS_SOURCE, AZURE_SOURCE, GCP_SOURCE, IRONWARD, JOURNAL, LOGIN, SECRET_SOURCES, TLS,
    VAULT, VAULT_SOURCE,
};
use crate::issuers::ISSUER;
use crate::jwt::{JWT, JWT_ISSUER};
use crate::keys::{Section, Standing, ignored_keys};
use crate::litellm::LITELLM;
use crate::making::KEY_BOUNDS;
use crate::models::MODEL;
use crate::models::model_info::MODEL_INFO;
use crate::models::params::PARAMS;
use crate::router::ROUTER;
use crate::top::TOP;

const HEAD: &str = "\
<!-- Made by `cargo xtask reference` from the tables in crates/config; do not edit. -->

# Configuration reference

Ironward reads LiteLLM's `config.yaml` as it is. A key takes effect, or it is named in a notice at \
the start; `--strict` refuses a configuration with notices. Errors are reported all at once, each \
with its line.

- A value `os.environ/NAME` is read from the environment variable `NAME`, which has to be set. It \
has to be the whole value. The values of keys without effect are not looked up.
- A value `file:/PATH` is read from the file at that absolute path, without the white space around \
it, and read again when the file changes. The file may not be writable by others than its owner.
- A value `vault://MOUNT/PATH#FIELD` (HashiCorp Vault, OpenBao), `aws-sm://NAME#FIELD` (AWS Secrets \
Manager), `gcp-sm://projects/PROJECT/secrets/NAME#FIELD` (Google Cloud Secret Manager) or \
`azure-kv://NAME#FIELD` (Azure Key Vault) is read from that service, which `ironward.secret_sources` \
names, and read again on an interval. `#FIELD` is a field of a JSON object; without it the whole text \
is the value (not for `vault://`). `/versions/N`, or `/VERSION` for Azure, pins a version.
- What looks like a reference and is none is an error: it is never taken for the value itself.
- A time is a number of seconds, or a text such as `500ms`, `30s`, `5m`, `1h`.
- `key:` without a value is as good as no key. Anchors, aliases and `<<` work; a key that stands \
twice in a mapping is an error.
- \"protection\" marks keys that guard something in LiteLLM and do not here yet: whoever relies on \
one has to know. The defaults of keys without effect are LiteLLM's.
";

/// The configuration reference as Markdown: every key with type, default, status and meaning.
#[must_use]
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    push_section(&mut page, &TOP);
    push_section(&mut page, &MODEL);
    push_section(&mut page, &PARAMS);
    push_section(&mut page, &MODEL_INFO);
    push_section(&mut page, &ROUTER);
    push_section(&mut page, &LITELLM);
    push_section(&mut page, &KEY_BOUNDS);
    push_section(&mut page, &GENERAL);
    push_section(&mut page, &JWT);
    push_section(&mut page, &JWT_ISSUER);
    push_section(&mut page, &IRONWARD);
    push_section(&mut page, &TLS);
    push_section(&mut page, &ADMIN_TLS);
    push_section(&mut page, &VAULT);
    push_section(&mut page, &SECRET_SOURCES);
    push_section(&mut page, &VAULT_SOURCE);
    push_section(&mut page, &AWS_SOURCE);
    push_section(&mut page, &GCP_SOURCE);
    push_section(&mut page, &AZURE_SOURCE);
    push_section(&mut page, &ISSUER);
    push_section(&mut page, &LOGIN);
    push_section(&mut page, &JOURNAL);
    page
}

/// The section in which a key of this name is known; empty for the top level.
pub(crate) fn home(name: &str) -> Option<&'static str> {
    fn knows<T>(section: &Section<T>, name: &str) -> bool {
        section.names().any(|known| known == name)
    }
    if knows(&TOP, name) {
        return Some(TOP.name);
    }
    if knows(&GENERAL, name) {
        return Some(GENERAL.name);
    }
    if knows(&LITELLM, name) {
        return Some(LITELLM.name);
    }
    if knows(&ROUTER, name) {
        return Some(ROUTER.name);
    }
    if knows(&PARAMS, name) {
        return Some(PARAMS.name);
    }
    knows(&IRONWARD, name).then_some(IRONWARD.name)
}

fn push_section<T>(page: &mut String, section: &Section<T>) {
    let title = if section.name.is_empty() {
        "Top level".to_owned()
    } else {
        format!("`{}`", section.name)
    };
    push(page, format_args!("\n## {title}\n\n"));
    if !section.about.is_empty() {
        push(page, format_args!("{}\n\n", section.about));
    }
    page.push_str("| key | type | default | status | meaning |\n|---|---|---|---|---|\n");
    for key in section.keys {
        let (name, shape) = (key.name, key.effect.shape());
        push_row(
            page,
            [name, shape, key.default, "takes effect", key.meaning],
        );
    }
    for key in ignored_keys(section.ignored) {
        let status = match key.standing {
            Standing::Later => "read, not supported yet",
            Standing::Protection => "read, not supported yet; protection",
            Standing::Because(reason) => reason,
        };
        push_row(
            page,
            [key.name, key.shape, key.default, status, key.meaning],
        );
    }
}

fn push_row(page: &mut String, [name, shape, default, status, meaning]: [&str; 5]) {
    let default = if default.is_empty() {
        String::new()
    } else {
        format!("`{default}`")
    };
    push(
        page,
        format_args!("| `{name}` | {shape} | {default} | {status} | {meaning} |\n"),
    );
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    page.write_fmt(text).unwrap_or_default();
}

#[cfg(test)]
mod tests;
