//! Deployments that do not come from a file but from the database. They are read with the same
//! tables and checks as `model_list`; every value means itself: nothing in them is looked up in the
//! environment or in a file.

use std::sync::Arc;

use ironward_secret::Secret;
use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::models;
use crate::node::{Entry, Node, Scalar, Value};
use crate::reader::{Field, Reader};
use crate::{FixedEnvironment, Model, Notice, Options, Place, Problems, Resolved};

/// An entry of `model_list` in its parts.
pub struct LiteralModel<'a> {
    /// The deployment's id.
    pub id: &'a str,
    /// `model_name`.
    pub name: &'a str,
    /// `litellm_params` without the secret ones.
    pub params: &'a Map<String, Json>,
    /// The secret ones.
    pub secrets: Vec<(&'a str, Secret)>,
    /// `model_info`.
    pub info: &'a Map<String, Json>,
    /// The credential that `litellm_credential_name` names.
    pub credential: Option<LiteralCredential<'a>>,
}

/// A credential in its parts.
pub struct LiteralCredential<'a> {
    /// Its name.
    pub name: &'a str,
    /// The values that are no secrets.
    pub plain: Vec<(&'a str, &'a str)>,
    /// The secret ones.
    pub secrets: Vec<(&'a str, Secret)>,
}

impl LiteralModel<'_> {
    /// Reads it: one model for each of its organisations.
    ///
    /// # Errors
    /// With everything that is wrong with it.
    pub fn read(self) -> Result<(Vec<Model>, Vec<Notice>), Problems> {
        let place = Place::start(&format!("deployment {} of the database", self.id).into());
        let environment = FixedEnvironment::default();
        let (resolved, options) = (Resolved::default(), Options::default());
        let mut reader = Reader::new(&environment, &resolved, options, &place.file, Vec::new());
        reader.is_literal = true;
        let tree = Tree { place: &place };
        if let Some(LiteralCredential {
            name,
            plain,
            secrets,
        }) = self.credential
        {
            let plain = plain
                .into_iter()
                .map(|(key, text)| tree.entry(key, tree.text(text)));
            let values = plain.chain(tree.secrets(secrets)).collect();
            let credentials = Credentials::of_one(name, format!("credential {name}"), values);
            reader.credentials = Arc::new(credentials);
        }
        let mut params = tree.entries(self.params);
        params.extend(tree.secrets(self.secrets));
        let mut info = tree.entries(self.info);
        info.retain(|entry| entry.key != "id");
        info.push(tree.entry("id", tree.text(self.id)));
        let model = tree.map(vec![
            tree.entry("model_name", tree.text(self.name)),
            tree.entry("litellm_params", tree.map(params)),
            tree.entry("model_info", tree.map(info)),
        ]);
        let models = models::read_item(&mut reader, &Field::root(&model));
        let Reader {
            problems, notices, ..
        } = reader;
        if problems.is_empty() {
            Ok((models, notices))
        } else {
            Err(Problems(problems))
        }
    }
}

/// Secret parameters that are mappings: they are sealed whole, as JSON.
const MAPPINGS: [&str; 2] = ["extra_headers", "headers"];

/// Makes nodes, all of one place.
struct Tree<'p> {
    place: &'p Place,
}

impl Tree<'_> {
    fn node(&self, value: Value) -> Node {
        Node {
            place: self.place.clone(),
            value,
        }
    }

    fn scalar(&self, text: Zeroizing<String>, plain: bool) -> Node {
        self.node(Value::Scalar(Scalar { text, plain }))
    }

    fn text(&self, text: &str) -> Node {
        self.scalar(Zeroizing::new(text.to_owned()), false)
    }

    fn map(&self, entries: Vec<Entry>) -> Node {
        self.node(Value::Map(entries))
    }

    fn entry(&self, key: &str, node: Node) -> Entry {
        Entry {
            key: key.to_owned(),
            key_place: self.place.clone(),
            node,
        }
    }

    fn entries(&self, map: &Map<String, Json>) -> Vec<Entry> {
        let entries = map.iter();
        entries
            .map(|(key, value)| self.entry(key, self.json(value)))
            .collect()
    }

    /// The recursion is bounded by that of the parser that made the value.
    fn json(&self, value: &Json) -> Node {
        match value {
            Json::Null => self.scalar(Zeroizing::default(), true),
            Json::Bool(on) => self.scalar(Zeroizing::new(on.to_string()), true),
            Json::Number(number) => self.scalar(Zeroizing::new(number.to_string()), true),
            Json::String(text) => self.text(text),
            Json::Array(items) => {
                let items = items.iter().map(|item| self.json(item));
                self.node(Value::List(items.collect()))
            }
            Json::Object(map) => self.map(self.entries(map)),
        }
    }

    fn secrets(&self, secrets: Vec<(&str, Secret)>) -> Vec<Entry> {
        let secrets = secrets.into_iter().map(|(key, secret)| {
            let exposed = secret.expose();
            // What is no text was never stored as a value of a deployment; it is read as empty,
            // which is reported.
            let text = std::str::from_utf8(exposed.bytes()).unwrap_or_default();
            let headers = MAPPINGS.contains(&key);
            let headers = headers.then(|| serde_json::from_str(text).ok()).flatten();
            let node = headers.map_or_else(|| self.text(text), |json| self.json(&json));
            self.entry(key, node)
        });
        secrets.collect()
    }
}

#[cfg(test)]
mod tests;
