use std::sync::Arc;

use crate::node::Entry;
use crate::reader::{Field, Reader};
use crate::show::path_key;

/// The `credential_list` section: named sets of keys that models refer to.
#[derive(Default)]
pub(crate) struct Credentials(Vec<Credential>);

/// One of them. Its values are read when a model uses it, as if they stood in the model.
pub(crate) struct Credential {
    name: String,
    pub(crate) path: String,
    pub(crate) values: Vec<Entry>,
}

impl Credentials {
    /// A list of one.
    pub(crate) fn of_one(name: &str, path: String, values: Vec<Entry>) -> Self {
        Self(vec![Credential {
            name: name.to_owned(),
            path,
            values,
        }])
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Credential> {
        self.0.iter().find(|credential| credential.name == name)
    }

    /// The known names, for a message.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|one| path_key(&one.name)).collect();
        if names.is_empty() {
            "there are none".to_owned()
        } else {
            format!("known: {}", names.join(", "))
        }
    }
}

/// Reads the section into `reader`.
pub(crate) fn read(reader: &mut Reader<'_>, field: &Field<'_>) {
    let mut credentials = Credentials::default();
    for item in reader.items(field).unwrap_or_default() {
        let Some(credential) = read_one(reader, &item) else {
            continue;
        };
        if credentials.get(&credential.name).is_some() {
            let message = "another credential has this name already; give each its own";
            reader.problem(&item, message);
        } else {
            credentials.0.push(credential);
        }
    }
    reader.credentials = Arc::new(credentials);
}

fn read_one(reader: &mut Reader<'_>, item: &Field<'_>) -> Option<Credential> {
    let mut name = None;
    let mut values = None;
    for entry in reader.entries(item)? {
        let field = item.entry(entry);
        match entry.key.as_str() {
            "credential_name" => name = reader.name(&field),
            "credential_values" => {
                values = reader
                    .entries(&field)
                    .map(|entries| (field.path, entries.to_vec()));
            }
            // A description for people; nothing depends on it.
            "credential_info" => {}
            _ => reader.notice(&field, "not a key of a credential, ignored"),
        }
    }
    match (name, values) {
        (Some(name), Some((path, values))) => Some(Credential { name, path, values }),
        (None, _) => {
            reader.problem(
                item,
                "a credential needs a name; add 'credential_name: NAME'",
            );
            None
        }
        (Some(_), None) => {
            let message = "a credential needs values; add 'credential_values:' with api_key \
                           and the like below it";
            reader.problem(item, message);
            None
        }
    }
}
