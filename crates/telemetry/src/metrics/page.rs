use std::fmt::Write as _;

use super::family::Family;
use super::litellm::LITELLM;
use super::own::OWN;

const HEAD: &str = include_str!("page/head.md");
const LITELLM_HEAD: &str = include_str!("page/litellm.md");

/// The page about every metric: name, kind, unit, labels and meaning.
#[must_use]
pub fn metrics_page() -> String {
    let mut page = HEAD.to_owned();
    push(&mut page, OWN);
    page.push_str(LITELLM_HEAD);
    push(&mut page, LITELLM);
    page
}

fn push(page: &mut String, families: &[Family]) {
    page.push_str("\n| name | kind | unit | labels | meaning |\n|---|---|---|---|---|\n");
    for family in families {
        let labels: Vec<String> = family
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let Family {
            name,
            kind,
            unit,
            meaning,
            ..
        } = family;
        let (suffix, kind, labels) = (kind.suffix(), kind.as_str(), labels.join(", "));
        // Writing to memory does not fail.
        let _ = writeln!(
            page,
            "| `{name}{suffix}` | {kind} | {unit} | {labels} | {meaning} |"
        );
    }
}
