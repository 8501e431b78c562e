use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value};

use crate::exit::Failure;

/// Any field of the request, as the management API has it.
#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    /// Another field of the API's request, as JSON: --set 'regions=["eu"]'. A dot leads into an
    /// object; null clears the field. FIELD=@FILE takes the JSON, or the text of a secret, from a
    /// file, and @- from standard input.
    #[arg(long, value_name = "FIELD=JSON", help_heading = "Fields")]
    set: Vec<String>,
}

/// The body of a request while it is written.
#[derive(Debug, Default)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// Writes a field, where there is a value.
    pub(super) fn put(&mut self, field: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.0.insert(field.to_owned(), value.into());
        }
        self
    }

    /// Writes a list, where it was given.
    pub(super) fn put_list(&mut self, field: &str, items: &[String]) -> &mut Self {
        self.put(field, (!items.is_empty()).then(|| items.to_vec()))
    }

    /// Writes what `--set` says.
    ///
    /// # Errors
    /// When one cannot be read, or a field is given twice.
    pub(super) fn set(&mut self, args: &SetArgs) -> Result<&mut Self, Failure> {
        for assignment in &args.set {
            let (field, text) = assignment.split_once('=').ok_or_else(|| {
                Failure::Usage("--set: write it as FIELD=JSON or FIELD=@FILE".to_owned())
            })?;
            let value = value(field, text)?;
            self.set_at(field, value)?;
        }
        Ok(self)
    }

    /// Writes a field of an object: `litellm_params.rpm`.
    ///
    /// # Errors
    /// When it is there already.
    pub(super) fn set_at(&mut self, field: &str, value: Value) -> Result<(), Failure> {
        let mut map = &mut self.0;
        let mut parts = field.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                if map.insert(part.to_owned(), value).is_some() {
                    return Err(twice(field));
                }
                return Ok(());
            }
            let inner = map
                .entry(part)
                .or_insert_with(|| Value::Object(Map::default()));
            map = inner.as_object_mut().ok_or_else(|| twice(field))?;
        }
        Ok(())
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

fn twice(field: &str) -> Failure {
    Failure::Usage(format!("--set: {field} is given twice"))
}

/// The value that stands behind the `=`.
fn value(field: &str, text: &str) -> Result<Value, Failure> {
    let name = field.rsplit('.').next().unwrap_or(field);
    if let Some(file) = text.strip_prefix('@') {
        let text = read(Path::new(file), "--set")?;
        if ironward_admin::is_secret_name(name) {
            return Ok(text.trim().into());
        }
        return parse(field, &text);
    }
    let value = parse(field, text)?;
    if holds_secret(name, &value) {
        return Err(Failure::Usage(format!(
            "--set: {field} holds a secret, which others could see on the command line: write it to \
             a file and say {field}=@FILE, or {field}=@- for standard input"
        )));
    }
    Ok(value)
}

fn parse(field: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|_| {
        Failure::Usage(format!(
            "--set: the value of {field} is not JSON; text is written in quotes: '{field}=\"text\"'"
        ))
    })
}

/// Whether text stands in it below a name that is a secret's.
fn holds_secret(name: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && ironward_admin::is_secret_name(name),
        Value::Array(items) => items.iter().any(|item| holds_secret(name, item)),
        Value::Object(map) => map.iter().any(|(name, value)| holds_secret(name, value)),
        _ => false,
    }
}

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(path: &Path, flag: &str) -> Result<String, Failure> {
    const MOST: u64 = 4 << 20;
    let failed = |error: std::io::Error| {
        Failure::Usage(format!(
            "{flag}: {} cannot be read: {error}",
            path.display()
        ))
    };
    let mut text = String::new();
    if path == Path::new("-") {
        let input = std::io::stdin().lock();
        input.take(MOST).read_to_string(&mut text).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MOST).read_to_string(&mut text).map_err(failed)?;
    }
    Ok(text)
}

/// A secret's text, without the white space around it.
///
/// # Errors
/// When it cannot be read, or there is none.
pub(super) fn read_secret(path: &Path, flag: &str) -> Result<String, Failure> {
    let text = read(path, flag)?;
    let text = text.trim();
    if text.is_empty() {
        let from = if path == Path::new("-") {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        return Err(Failure::Usage(format!("{flag}: {from} holds no value")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Body, SetArgs};
    use crate::exit::Failure;

    fn set(assignments: &[&str]) -> Result<serde_json::Value, Failure> {
        let mut body = Body::default();
        body.put("models", Some(vec!["a"]));
        let set = assignments.iter().map(|text| (*text).to_owned()).collect();
        body.set(&SetArgs { set })?;
        Ok(body.into_value())
    }

    #[test]
    fn fields_are_json_and_lead_into_objects() {
        let body = set(&["a.b.c=1", "a.b.d=\"x=y\"", "e=null"]).unwrap();
        assert_eq!(
            body,
            json!({"models": ["a"], "a": {"b": {"c": 1, "d": "x=y"}}, "e": null})
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (assignment, word) in [
            ("models", "FIELD=JSON"),
            ("models=[]", "twice"),
            ("models.x=1", "twice"),
            ("alias=text", "quotes"),
            ("litellm_params.api_key=\"k\"", "secret"),
            ("litellm_params={\"api_key\":\"k\"}", "secret"),
            ("key=\"sk-x\"", "secret"),
            ("x=@/no/such/file", "/no/such/file"),
        ] {
            let failure = set(&[assignment]).unwrap_err();
            assert!(matches!(failure, Failure::Usage(_)), "{assignment}");
            assert!(failure.to_string().contains(word), "{failure}");
            assert!(!failure.to_string().contains("sk-x"), "{failure}");
        }
        assert!(set(&["auto_create_key=true"]).is_ok());
    }

    #[test]
    fn a_file_holds_json_or_a_secret() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " {\"a\": 1}\n").unwrap();
        let path = file.path().display();
        let body = set(&[&format!("metadata=@{path}"), &format!("api_key=@{path}")]).unwrap();
        assert_eq!(body["metadata"], json!({"a": 1}));
        assert_eq!(body["api_key"], "{\"a\": 1}");
    }
}
