use ironward_admin::{Made, check_defaults};
use ironward_config::{Config, DefaultField, Problem, ProblemKind};
use serde_json::{Map, Value};

/// The fields that requests get, as they read them.
pub(crate) fn defaults(fields: &[DefaultField]) -> Map<String, Value> {
    let read = fields.iter().filter_map(|field| {
        // What the loader has written is JSON.
        let value = serde_json::from_str(&field.json).ok()?;
        Some((field.name.clone(), value))
    });
    read.collect()
}

/// Whether requests can take the fields that they are to get.
pub(super) fn check(config: &Config, problems: &mut Vec<Problem>) {
    let sections = [
        (Made::Key, &config.litellm.key_defaults),
        (Made::User, &config.litellm.user_defaults),
    ];
    for (made, fields) in sections {
        for (name, message) in check_defaults(made, &defaults(fields)) {
            let Some(field) = fields.iter().find(|field| field.name == name) else {
                continue;
            };
            problems.push(Problem {
                place: field.place.clone(),
                path: field.path.clone(),
                message,
                kind: ProblemKind::Invalid,
            });
        }
    }
}
