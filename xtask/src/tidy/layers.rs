use serde_json::Value;

use super::Breach;

/// Every crate and its layer; an edge may only point to a lower layer.
const LAYERS: &[(&str, u8)] = &[
    ("ironward-secret", 0),
    ("ironward-core", 0),
    ("ironward-wire", 0),
    ("ironward-kek-protocol", 0),
    ("ironward-provider", 1),
    ("ironward-policy", 1),
    ("ironward-catalogue", 1),
    ("ironward-config", 1),
    ("ironward-store", 2),
    ("ironward-vault", 2),
    ("ironward-journal", 2),
    ("ironward-ledger", 2),
    ("ironward-egress", 2),
    ("ironward-identity", 2),
    ("ironward-telemetry", 2),
    ("ironward-proxy", 3),
    ("ironward-admin", 3),
    ("ironward", 4),
    ("ironward-pkcs11", 4),
];

/// Edges within a layer that are wanted, and why.
const SIDEWAYS: &[(&str, &str, &str)] = &[
    (
        "ironward-wire",
        "ironward-core",
        "a reply carries usage and faults, which are the core's words",
    ),
    (
        "ironward-config",
        "ironward-policy",
        "what a file says of periods is read as what a request says of them",
    ),
    (
        "ironward-config",
        "ironward-catalogue",
        "prices that a file writes are read as the catalogue's own",
    ),
    (
        "ironward-vault",
        "ironward-egress",
        "key management services are dialled too, and egress is the only dialler",
    ),
    (
        "ironward-identity",
        "ironward-egress",
        "an issuer's keys are fetched, and egress is the only dialler",
    ),
];

/// Crates that ship with nobody: they may use anything, and only tests may use them.
const DEVELOPMENT: &[&str] = &["ironward-benches", "ironward-testkit", "xtask"];

pub(super) fn check(metadata: &Value) -> Vec<Breach> {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.into_iter().flatten();
    packages.flat_map(check_package).collect()
}

fn check_package(package: &Value) -> Vec<Breach> {
    let name = text(package, "name");
    if DEVELOPMENT.contains(&name) {
        return Vec::new();
    }
    let place = format!("{name}/Cargo.toml");
    let Some(layer) = layer(name) else {
        let rule = "this crate has no layer: add it to the table in xtask/src/tidy/layers.rs";
        return vec![Breach::new(place, rule)];
    };
    let edges = package.get("dependencies").and_then(Value::as_array);
    let edges = edges
        .into_iter()
        .flatten()
        .filter(|edge| edge.get("path").is_some());
    let rules = edges.filter_map(|edge| judge(name, layer, edge));
    rules.map(|rule| Breach::new(place.clone(), rule)).collect()
}

fn judge(from: &str, layer_of_from: u8, edge: &Value) -> Option<String> {
    let to = text(edge, "name");
    let in_tests = text(edge, "kind") == "dev";
    if DEVELOPMENT.contains(&to) {
        return (!in_tests).then(|| format!("{to} is for tests only"));
    }
    let sideways = SIDEWAYS
        .iter()
        .any(|(one, other, _)| (*one, *other) == (from, to));
    match layer(to) {
        Some(lower) if lower < layer_of_from || sideways => None,
        Some(lower) => Some(format!(
            "layer {layer_of_from} may not use {to} of layer {lower}: an edge only points down"
        )),
        None => Some(format!("{to} has no layer")),
    }
}

fn layer(name: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, layer)| *layer)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn rules(from: &str, to: &str, kind: &Value) -> usize {
        let edge = json!({"name": to, "path": "x", "kind": kind});
        check(&json!({"packages": [{"name": from, "dependencies": [edge]}]})).len()
    }

    #[test]
    fn edges_point_down() {
        let normal = Value::Null;
        assert_eq!(rules("ironward-proxy", "ironward-core", &normal), 0);
        assert_eq!(rules("ironward-wire", "ironward-core", &normal), 0);
        assert_eq!(rules("ironward-identity", "ironward-egress", &normal), 0);
        assert_eq!(rules("ironward-egress", "ironward-identity", &normal), 1);
        assert_eq!(rules("ironward-core", "ironward-wire", &normal), 1);
        assert_eq!(rules("ironward-core", "ironward-proxy", &normal), 1);
        assert_eq!(rules("ironward-admin", "ironward-proxy", &normal), 1);
        assert_eq!(rules("ironward-core", "ironward-testkit", &normal), 1);
        assert_eq!(rules("ironward-core", "ironward-testkit", &json!("dev")), 0);
        assert_eq!(rules("ironward-new", "ironward-core", &normal), 1);
    }
}
