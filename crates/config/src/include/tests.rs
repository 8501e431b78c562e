use std::fs;
use std::path::Path;

use super::bytes::text;
use crate::{FixedEnvironment, Loaded, Options, Problems, load};

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn load_in(files: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    let main = folder.path().join("config.yaml");
    load(&main, &FixedEnvironment::default(), &Options::default())
}

#[test]
fn a_file_that_two_others_include_is_read_once() {
    let model = "model_list: [{model_name: m, litellm_params: {model: openai/m}}]";
    let loaded = load_in(&[
        ("config.yaml", "include: [a.yaml, b.yaml]"),
        ("a.yaml", "include: [shared.yaml]"),
        ("b.yaml", "include: [./shared.yaml]"),
        ("shared.yaml", model),
    ])
    .unwrap();
    assert_eq!(loaded.config.models.len(), 1);
    assert_eq!(loaded.files.len(), 4);
}

#[test]
fn an_include_is_relative_to_its_file_and_else_to_the_main_one() {
    let loaded = load_in(&[
        ("config.yaml", "include: [models/a.yaml]"),
        ("models/a.yaml", "include: [b.yaml, settings/c.yaml]"),
        ("models/b.yaml", "router_settings: {num_retries: 4}"),
        ("settings/c.yaml", "litellm_settings: {json_logs: true}"),
    ])
    .unwrap();
    assert_eq!(loaded.config.router.num_retries, 4);
    assert!(loaded.config.litellm.json_logs);
}

#[test]
fn a_circle_is_refused() {
    let problems = load_in(&[
        ("config.yaml", "include: [a.yaml]"),
        ("a.yaml", "include: [config.yaml]"),
    ])
    .unwrap_err();
    assert_eq!(problems.0.len(), 1);
    assert!(
        problems
            .to_string()
            .contains("a.yaml:1:11: include[0]: this file includes itself")
    );
}

#[test]
fn a_long_chain_is_refused() {
    let files: Vec<(String, String)> = (0..20)
        .map(|index| {
            (
                format!("{index}.yaml"),
                format!("include: [{}.yaml]", index + 1),
            )
        })
        .chain([("config.yaml".to_owned(), "include: [0.yaml]".to_owned())])
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert!(
        load_in(&files)
            .unwrap_err()
            .to_string()
            .contains("too many files")
    );
}

#[test]
fn the_place_of_a_foreign_byte_is_found() {
    assert_eq!(text(b"\xEF\xBB\xBFa: 1"), Ok("a: 1"));
    assert_eq!(text(b"\xFF"), Err((1, 1)));
    assert_eq!(text("a: 1\nä: \u{0}".as_bytes()), Ok("a: 1\nä: \u{0}"));
    assert_eq!(text(b"a: 1\n\xC3\xA4: \xFF"), Err((2, 4)));
}
