use serde_json::{Map, Value, json};

/// A value that satisfies a JSON schema (the part of it that the vendors accept), always the same.
pub(super) fn example(schema: &Value) -> Value {
    Example { root: schema }.of(schema, "value", 0)
}

struct Example<'a> {
    root: &'a Value,
}

impl Example<'_> {
    fn of(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if let Some(target) = schema["$ref"].as_str().and_then(|to| self.target(to)) {
            return self.of(target, name, depth + 1);
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
        for union in ["anyOf", "oneOf"] {
            if let Some(options) = schema[union].as_array() {
                let chosen = options.iter().find(|option| option["type"] != "null");
                return self.of(chosen.unwrap_or(&Value::Null), name, depth + 1);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.merged(parts, schema, name, depth);
        }
        match type_of(schema).as_str() {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" => integer(schema).into(),
            "number" => number(schema).into(),
            "boolean" => true.into(),
            "null" => Value::Null,
            _ => string(schema, name).into(),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        let required = schema["required"].as_array();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            // Optional fields are left out below the top, or a recursive schema would never end.
            if depth > 0 && required.is_some_and(|names| !names.contains(&json!(name))) {
                continue;
            }
            object.insert(name.clone(), self.of(field, name, depth + 1));
        }
        Value::Object(object)
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if let Some(items) = schema["prefixItems"].as_array() {
            let items = items.iter().map(|item| self.of(item, name, depth + 1));
            return items.collect::<Vec<_>>().into();
        }
        let least = if depth < MAX_DEPTH / 2 { 1 } else { 0 };
        let count = schema["minItems"].as_u64().unwrap_or(0).max(least);
        let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
        let items = (0..count.min(most)).map(|_| self.of(&schema["items"], name, depth + 1));
        items.collect::<Vec<_>>().into()
    }

    fn merged(&self, parts: &[Value], schema: &Value, name: &str, depth: usize) -> Value {
        let mut own = schema.clone();
        if let Some(own) = own.as_object_mut() {
            own.remove("allOf");
        }
        let mut merged = Value::Null;
        for part in parts.iter().chain(std::iter::once(&own)) {
            match (&mut merged, self.of(part, name, depth + 1)) {
                (Value::Object(into), Value::Object(from)) => into.extend(from),
                (Value::Null, value) => merged = value,
                _ => {}
            }
        }
        merged
    }

    fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

/// The schema's type in lower case (Gemini writes `OBJECT`), guessed when it is not said.
fn type_of(schema: &Value) -> String {
    let named = match &schema["type"] {
        Value::Array(types) => types.iter().find(|name| *name != "null"),
        Value::Null => None,
        name => Some(name),
    };
    let guess = if schema.get("properties").is_some() {
        "object"
    } else if schema.get("items").is_some() {
        "array"
    } else {
        "string"
    };
    named
        .and_then(Value::as_str)
        .unwrap_or(guess)
        .to_lowercase()
}

fn string(schema: &Value, name: &str) -> String {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-02T03:04:05Z",
        Some("date") => "2026-01-02",
        Some("time") => "03:04:05Z",
        Some("email") => "someone@example.com",
        Some("uuid") => "0b1e3d1c-54e5-4a3e-8e0f-6f7b2f0a9c11",
        Some("uri" | "url") => "https://example.com/",
        Some("ipv4") => "192.0.2.1",
        _ => name,
    };
    let length = |bound: &str| schema[bound].as_u64().and_then(|n| usize::try_from(n).ok());
    let mut text = text.to_owned();
    while text.chars().count() < length("minLength").unwrap_or(0) {
        text.push('x');
    }
    text.chars()
        .take(length("maxLength").unwrap_or(usize::MAX))
        .collect()
}

fn integer(schema: &Value) -> i64 {
    let bound = |name: &str| schema[name].as_i64();
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + 1));
    let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|high| high - 1));
    let step = bound("multipleOf").unwrap_or(1).max(1);
    let start = low.unwrap_or(1).min(high.unwrap_or(i64::MAX));
    // The first multiple that is not below the start.
    start.div_euclid(step) * step + if start.rem_euclid(step) == 0 { 0 } else { step }
}

fn number(schema: &Value) -> f64 {
    let bound = |name: &str| schema[name].as_f64();
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + 0.5));
    let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|high| high - 0.5));
    low.unwrap_or(1.5).min(high.unwrap_or(f64::MAX))
}

const MAX_DEPTH: usize = 16;

#[cfg(test)]
mod tests;
