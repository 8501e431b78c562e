use std::collections::HashSet;

use super::{Vendor, find, vendors};

#[test]
fn every_name_and_alias_means_one_vendor() {
    let mut names = HashSet::new();
    for vendor in vendors() {
        for name in [vendor.provider.name()].iter().chain(vendor.aliases) {
            assert!(names.insert(*name), "{name} stands twice");
            assert_eq!(find(name).unwrap().provider.name(), vendor.provider.name());
        }
    }
}

/// The page that operators read.
fn reference() -> String {
    let mut page = String::from(
        "# Providers\n\nMade by `cargo xtask reference` from `crates/provider/src`.\n\n\
         Write `name/model` in `litellm_params.model`. The key is `api_key`, or, at the provider's own address, the first \
         of the variables that is set.\n\n| name | address | key variables | address variables |\n|---|---|---|---|\n",
    );
    let mut rows: Vec<Vendor> = vendors().collect();
    rows.sort_by_key(|vendor| vendor.provider.name());
    for vendor in rows {
        let own = vendor.provider.name();
        let names: Vec<&str> = [own]
            .into_iter()
            .chain(vendor.aliases.iter().copied())
            .collect();
        let code = |names: &[&str]| {
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        page.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            code(&names),
            vendor.base_url.unwrap_or(if own == "ironward" {
                "built in"
            } else {
                "`api_base`"
            }),
            if vendor.key_variables.is_empty() {
                "none".to_owned()
            } else {
                code(vendor.key_variables)
            },
            code(vendor.base_variables),
        ));
    }
    page.push_str(OWN_TOOLS);
    page
}

const OWN_TOOLS: &str = r#"
## Tools that a provider runs itself

Gemini's are written into a chat call as LiteLLM takes them: `"tools": [{"googleSearch": {}}]`. So are `codeExecution`, `computerUse`,
`enterpriseWebSearch`, `fileSearch`, `googleMaps`, `googleSearchRetrieval` and `urlContext`, each also as `google_search` and so on. A tool of
type `web_search` or `web_search_preview`, and `web_search_options`, mean `googleSearch` there. Beside functions they are sent as well, and a
model that does not take both says so; LiteLLM leaves the search out.

Anthropic and Ollama refuse such a tool by its place (`tools[0]`), or it is left out with `drop_params`. Vendors of OpenAI's format get the
call as it was written, and refuse it in their words.
"#;

#[test]
fn the_page_is_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == reference(),
        "docs/providers.md is out of date; run `cargo xtask reference`"
    );
}
