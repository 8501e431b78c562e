//! What the document promises, held against every answer of these tests: the status is one that it
//! names, and the body has the schema that it gives, without a field more or less.

use serde_json::Value;

use crate::fixture::Answered;

pub(crate) struct Contract(Value);

impl Contract {
    pub(crate) const fn new(document: Value) -> Self {
        Self(document)
    }

    /// Fails where a described operation was answered in a way that is not described.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, uri: &str, answered: &Answered) {
        let Some(operation) = self.operation(method, uri) else {
            return;
        };
        let asked = format!("{method} {uri}: {} {}", answered.status, answered.text);
        let response = &operation["responses"][answered.status.to_string()];
        assert!(response.is_object(), "not a documented status: {asked}");
        let kind = answered.headers["content-type"].to_str().unwrap();
        for (name, _) in response["headers"].as_object().into_iter().flatten() {
            assert!(answered.headers.contains_key(name), "no {name}: {asked}");
        }
        // Text has its version and character set behind its kind, JSON nothing.
        let kind = match kind.strip_prefix("application/json") {
            Some(rest) => {
                assert_eq!(rest, "", "{asked}");
                kind
            }
            None => kind.split(';').next().unwrap(),
        };
        let schema = &response["content"][kind]["schema"];
        let text = Value::from(&*answered.text);
        let is_json = kind == "application/json";
        if let Err(why) = self.fits(schema, if is_json { &answered.json } else { &text }) {
            panic!("not as documented, {why}: {asked}");
        }
    }

    /// What is said of the operation that a request is for.
    pub(crate) fn operation(&self, method: &str, uri: &str) -> Option<&Value> {
        let path = uri.split('?').next()?;
        let path = path.trim_start_matches("http://gw");
        let paths = self.0["paths"].as_object()?;
        let slotted = || {
            let mut all = paths.iter();
            all.find(|(template, at)| {
                is_of(template, path) && at.get(method.to_ascii_lowercase()).is_some()
            })
        };
        let at = paths.get(path).or_else(|| Some(slotted()?.1))?;
        at.get(method.to_ascii_lowercase())
    }

    /// Whether a value has a schema: the keywords that the document uses, and no others.
    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let Some(keywords) = schema.as_object() else {
            return Err("there is no schema".to_owned());
        };
        for (keyword, said) in keywords {
            let fits = match keyword.as_str() {
                "$ref" => {
                    self.fits(self.component(said)?, value)?;
                    true
                }
                "type" => has_type(said, value),
                "enum" => said.as_array().unwrap().contains(value),
                "const" => said == value,
                // As with JSON Schema: what bounds numbers or lists says nothing about anything else.
                "minimum" => value.as_f64().is_none_or(|it| Some(it) >= said.as_f64()),
                "maximum" => value.as_f64().is_none_or(|it| Some(it) <= said.as_f64()),
                "maxItems" => value
                    .as_array()
                    .is_none_or(|items| items.len() as u64 <= said.as_u64().unwrap()),
                "minProperties" => value
                    .as_object()
                    .is_none_or(|it| it.len() as u64 >= said.as_u64().unwrap()),
                "maxProperties" => value
                    .as_object()
                    .is_none_or(|it| it.len() as u64 <= said.as_u64().unwrap()),
                "anyOf" => {
                    let mut all = said.as_array().unwrap().iter();
                    all.any(|schema| self.fits(schema, value).is_ok())
                }
                "required" => {
                    for name in said.as_array().unwrap() {
                        if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                            return Err(format!("{name} is missing"));
                        }
                    }
                    true
                }
                "properties" => {
                    for (name, schema) in said.as_object().unwrap() {
                        if let Some(value) = value.get(name) {
                            let fits = self.fits(schema, value);
                            fits.map_err(|why| format!("{name}: {why}"))?;
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        if schema["properties"].get(name).is_some() {
                            continue;
                        }
                        if said == &Value::Bool(false) {
                            return Err(format!("{name} is not described"));
                        }
                        let fits = self.fits(said, value);
                        fits.map_err(|why| format!("{name}: {why}"))?;
                    }
                    true
                }
                "items" => {
                    for (position, value) in value.as_array().into_iter().flatten().enumerate() {
                        let fits = self.fits(said, value);
                        fits.map_err(|why| format!("{position}: {why}"))?;
                    }
                    true
                }
                "format" => said == "date-time" && value.as_str().is_none_or(is_moment),
                keyword => return Err(format!("{keyword} is not checked here")),
            };
            if !fits {
                return Err(format!("{value} is not {keyword} {said}"));
            }
        }
        Ok(())
    }

    fn component(&self, reference: &Value) -> Result<&Value, String> {
        let name = reference.as_str().unwrap();
        let name = name.strip_prefix("#/components/schemas/").unwrap();
        let found = self.0["components"]["schemas"].get(name);
        found.ok_or_else(|| format!("there is no component {name}"))
    }
}

/// Whether a path is one of a template.
fn is_of(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(slot, part)| slot == part || (slot.starts_with('{') && !part.is_empty()))
}

fn has_type(said: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match said {
        Value::String(name) => is(name),
        said => said
            .as_array()
            .unwrap()
            .iter()
            .any(|name| is(name.as_str().unwrap())),
    }
}

/// `2026-11-30T01:02:03.000Z` and what else RFC 3339 allows.
fn is_moment(text: &str) -> bool {
    let form = text.get(..19).unwrap_or_default();
    let is_form = form.chars().zip("0000-00-00T00:00:00".chars());
    let is_form = is_form.clone().count() == 19
        && is_form.into_iter().all(|(c, pattern)| match pattern {
            '0' => c.is_ascii_digit(),
            other => c == other,
        });
    let zone = text.trim_start_matches(|c: char| c != 'Z' && c != '+');
    is_form && (zone == "Z" || zone.len() == "+00:00".len())
}
