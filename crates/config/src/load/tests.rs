//! The folder `testdata`: every `NAME.yaml` is loaded and what comes of it compared with
//! `NAME.expected`. `UPDATE=1` writes the expected files instead; read the difference.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ironward_core::Reach;
use ironward_secret::Secret;
use proptest::prelude::{any, prop, proptest};

use super::{Written, examine, load};
use crate::{
    Config, FixedEnvironment, Loaded, Model, Options, Problems, ProcessEnvironment, Resolved,
    load_text,
};

/// Stands in every value that must not be printed.
const CANARY: &str = "canary";

fn environment() -> FixedEnvironment {
    FixedEnvironment::from([
        ("OPENAI_API_KEY", "sk-canary-0a1b2c3d4e5f"),
        ("AZURE_API_BASE", "https://canary.openai.azure.com/"),
        ("NOT_A_URL", "canary canary"),
        ("EMPTY", ""),
        ("MANY", "canary"),
        ("RETRIES", "7"),
        ("MASTER_KEY", "sk-canary-master-0a1b2c3d4e5f"),
        ("TWO_LINES", "sk-canary\ncanary"),
    ])
}

/// `# options: dev strict` in the first line.
fn options(text: &str) -> Options {
    let first = text.lines().next().unwrap_or_default();
    let words = first.strip_prefix("# options:").unwrap_or_default();
    Options {
        dev: words.contains("dev"),
        strict: words.contains("strict"),
    }
}

#[test]
fn every_example_gives_what_is_expected() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut examples: Vec<PathBuf> = fs::read_dir("testdata")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    examples.sort();
    assert!(examples.len() > 20, "run in the folder of the crate");
    let mut wrong = Vec::new();
    for example in &examples {
        let text = String::from_utf8_lossy(&fs::read(example).unwrap()).into_owned();
        let outcome = render(&load(example, &environment(), &options(&text)));
        assert!(
            !outcome.contains(CANARY),
            "{}: a secret is printed:\n{outcome}",
            example.display()
        );
        let expected = example.with_extension("expected");
        if update {
            fs::write(&expected, outcome).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != outcome {
            wrong.push(format!("{}:\n{outcome}", example.display()));
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

/// Everything of the outcome that may be printed.
fn render(outcome: &Result<Loaded, Problems>) -> String {
    let mut out = String::new();
    match outcome {
        Err(problems) => {
            for problem in &problems.0 {
                writeln!(out, "{:?} {problem}", problem.kind).unwrap();
            }
        }
        Ok(loaded) => {
            for notice in &loaded.notices {
                writeln!(out, "{notice}").unwrap();
            }
            for file in loaded.files.iter().skip(1) {
                writeln!(out, "file {}", file.display()).unwrap();
            }
            render_config(&loaded.config, &mut out);
        }
    }
    out
}

fn render_config(config: &Config, out: &mut String) {
    for model in &config.models {
        render_model(model, out);
    }
    writeln!(out, "{:?}", config.router).unwrap();
    writeln!(out, "{:?}", config.litellm).unwrap();
    let general = &config.general;
    writeln!(
        out,
        "GeneralSettings master_key={} header={:?} request={:?} response={:?} usage={} model={:?} infer={}",
        general.master_key.is_some(),
        general.litellm_key_header_name,
        general.max_request_size_mb,
        general.max_response_size_mb,
        general.always_include_stream_usage,
        general.completion_model,
        general.infer_model_from_keys,
    )
    .unwrap();
    writeln!(out, "{:?}", config.ironward).unwrap();
}

fn render_model(model: &Model, out: &mut String) {
    let params = &model.params;
    let base = params.api_base.as_ref().map(|base| {
        let private = base.value.reach == Reach::Private;
        let base = base.value.to_string().replace(CANARY, "***");
        format!("{base}{}", if private { " (private)" } else { "" })
    });
    writeln!(
        out,
        "Model {} at {} model={} key={} base={base:?} {:?}",
        model.name,
        model.place,
        params.model,
        params.api_key.is_some(),
        model.info,
    )
    .unwrap();
    writeln!(
        out,
        "  provider={:?} version={:?} organization={:?} weight={:?} rpm={:?} tpm={:?} order={:?} \
         timeout={:?} stream_timeout={:?} retries={:?} drop={:?} drops={:?} allows={:?} headers={:?} \
         body={:?} mock={:?} defaults={:?}",
        params.custom_llm_provider,
        params.api_version,
        params.organization,
        params.weight,
        params.rpm,
        params.tpm,
        params.order,
        params.timeout,
        params.stream_timeout,
        params.num_retries,
        params.drop_params,
        params.additional_drop_params,
        params.allowed_openai_params,
        params.extra_headers,
        params.extra_body,
        params.mock_response,
        params.defaults,
    )
    .unwrap();
    let priced: Vec<_> = model.prices.fields().collect();
    if !priced.is_empty() || params.base_model.is_some() {
        writeln!(out, "  base={:?} prices={priced:?}", params.base_model).unwrap();
    }
}

fn text_problems(text: &str) -> String {
    let outcome = load_text(text, "c.yaml", &environment(), &Options::default());
    outcome.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_missing_file_says_so() {
    let path = Path::new("testdata/no-such-file.yaml");
    let problems = load(path, &ProcessEnvironment, &Options::default()).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "testdata/no-such-file.yaml:1:1: the file testdata/no-such-file.yaml cannot be read: \
         entity not found; check the path and the permissions"
    );
}

#[test]
fn a_file_beyond_16_mib_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, vec![b'#'; (16 << 20) + 1]).unwrap();
    let problems = load(&path, &environment(), &Options::default()).unwrap_err();
    assert!(problems.to_string().contains("more than 16 MiB"));
}

#[test]
fn text_includes_no_file() {
    assert!(text_problems("include: [/etc/passwd]").contains("cannot be included here"));
}

#[test]
fn the_master_key_comes_from_the_environment_and_is_checked_there() {
    let load = |key| {
        let environment = FixedEnvironment::from([("LITELLM_MASTER_KEY", key)]);
        load_text("", "c.yaml", &environment, &Options::default())
    };
    assert!(
        load("sk-0a1b2c3d4e5f")
            .unwrap()
            .config
            .general
            .master_key
            .is_some()
    );
    let problems = load("sk-1234").unwrap_err().to_string();
    assert!(
        problems.contains("from the environment variable LITELLM_MASTER_KEY"),
        "{problems}"
    );
    assert!(!problems.contains("sk-1234"), "{problems}");
    assert!(load("").is_err());
}

#[test]
fn drop_params_comes_from_the_environment_where_the_file_is_silent() {
    let load = |text| {
        let environment = FixedEnvironment::from([("LITELLM_DROP_PARAMS", "True")]);
        let loaded = load_text(text, "c.yaml", &environment, &Options::default());
        loaded.unwrap().config.litellm.drop_params
    };
    assert!(load(""));
    assert!(!load("litellm_settings: {drop_params: false}"));
}

#[test]
fn variables_of_the_file_are_found_before_those_of_the_process() {
    let text = "environment_variables: {OPENAI_API_KEY: from-the-file, OTHER: os.environ/MANY}";
    let loaded = load_text(text, "c.yaml", &environment(), &Options::default()).unwrap();
    let read = |name| {
        let secret = loaded.variables.secret(&environment(), name)?;
        Some(String::from_utf8_lossy(secret.expose().bytes()).into_owned())
    };
    assert_eq!(read("OPENAI_API_KEY").as_deref(), Some("from-the-file"));
    assert_eq!(read("OTHER").as_deref(), Some("canary"));
    assert_eq!(read("RETRIES").as_deref(), Some("7"));
    assert_eq!(read("EMPTY"), None);
    assert_eq!(read("NONE"), None);
}

#[test]
fn a_key_comes_from_a_file_and_the_file_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let (config, key) = (folder.path().join("config.yaml"), folder.path().join("key"));
    let text = format!(
        "model_list:\n  - model_name: m\n    litellm_params: {{model: openai/x, api_key: \
         \"file:{}\"}}\n",
        key.display()
    );
    fs::write(&config, text).unwrap();
    let load = || load(&config, &ProcessEnvironment, &Options::default());
    let missing = load().unwrap_err().to_string();
    assert!(missing.contains("litellm_params.api_key"), "{missing}");
    assert!(missing.contains("key cannot be read"), "{missing}");
    fs::write(&key, " sk-canary-0a1b2c3d4e5f\n").unwrap();
    let loaded = load().unwrap();
    let params = &loaded.config.models[0].params;
    let secret = params.api_key.as_ref().unwrap();
    assert_eq!(secret.expose().bytes(), b"sk-canary-0a1b2c3d4e5f");
    assert_eq!(loaded.files, [config.clone(), key.clone()]);
    // A file that is missing is watched too: making it is the remedy.
    fs::remove_file(&key).unwrap();
    let examined = examine(&config, &ProcessEnvironment, &Options::default());
    assert!(examined.loaded.files.contains(&key));
    fs::write(&key, b"sk-\xff\xfe").unwrap();
    assert!(load().unwrap_err().to_string().contains("not text"));
}

#[test]
fn only_an_absolute_path_is_a_reference() {
    let mock = |value: &str| {
        let text = format!(
            "model_list:\n  - model_name: m\n    litellm_params: {{model: openai/x, api_key: \
             sk-0a1b2c3d4e5f, mock_response: \"{value}\"}}\n"
        );
        let loaded = load_text(&text, "c.yaml", &environment(), &Options::default())?;
        Ok::<_, Problems>(loaded.config.models[0].params.mock_response.clone())
    };
    assert_eq!(mock("file: x").unwrap().as_deref(), Some("file: x"));
    assert!(
        mock("file:/x")
            .unwrap_err()
            .to_string()
            .contains("/x is not read here")
    );
    assert!(mock("file:x").is_err());
}

const REFERRING: &str = "\
model_list:
  - model_name: m
    litellm_params: {model: openai/x, api_key: 'vault://secret/openai#key', timeout: 'aws-sm://t'}
general_settings:
  master_key: os.environ/FROM_VAULT
environment_variables:
  FROM_VAULT: vault://secret/gateway#master_key
";

#[test]
fn references_are_met_first_and_resolved_then() {
    let written = Written::of_text(REFERRING, "c.yaml");
    let examine =
        |resolved: &Resolved| written.examine(&environment(), &Options::default(), resolved);
    let first = examine(&Resolved::default());
    assert!(first.problems.is_empty(), "{:?}", first.problems);
    let unread: Vec<_> = first
        .loaded
        .unread
        .iter()
        .map(|one| (one.place.line, one.path.as_str(), one.reference.to_string()))
        .collect();
    let expected = [
        (
            7,
            "environment_variables.FROM_VAULT",
            "vault://secret/gateway#master_key",
        ),
        (
            3,
            "model_list[0].litellm_params.api_key",
            "vault://secret/openai#key",
        ),
        (3, "model_list[0].litellm_params.timeout", "aws-sm://t"),
    ];
    assert_eq!(
        unread,
        expected.map(|(line, path, text)| (line, path, text.to_owned()))
    );
    let resolve = |values: [Result<&str, &str>; 3]| {
        let mut resolved = Resolved::default();
        for (one, value) in first.loaded.unread.iter().zip(values) {
            let value = value.map(|text| Arc::new(Secret::new(text)));
            resolved.insert(one.reference.clone(), value.map_err(str::to_owned));
        }
        examine(&resolved)
    };
    let second = resolve([
        Ok("sk-canary-master-0a1b2c3d4e5f"),
        Ok("sk-canary-0a1b2c3d4e5f"),
        Ok("7"),
    ]);
    let loaded = second.sound().unwrap();
    assert!(loaded.unread.is_empty() && loaded.config.general.master_key.is_some());
    let params = &loaded.config.models[0].params;
    assert_eq!(params.timeout, Some(std::time::Duration::from_secs(7)));
    let key = params.api_key.as_ref().unwrap();
    assert_eq!(key.expose().bytes(), b"sk-canary-0a1b2c3d4e5f");
    let second = resolve([
        Ok("sk-canary-master-0a1b2c3d4e5f"),
        Err("it is not there"),
        Ok("canary"),
    ]);
    let problems = second.sound().unwrap_err().to_string();
    let expected = "\
c.yaml:3:48: model_list[0].litellm_params.api_key: it is not there
c.yaml:3:86: model_list[0].litellm_params.timeout: expected a time above zero in seconds, such as 30, '30s' or '5m', found something else in the secret aws-sm://t";
    assert_eq!(problems, expected);
}

#[test]
fn not_more_secrets_are_asked_for_than_a_service_is_glad_of() {
    let key = |number| format!("  KEY_{number}: 'aws-sm://secret/{number}#a'\n");
    let text = |count| {
        format!(
            "environment_variables:\n{}",
            (0..count).map(key).collect::<String>()
        )
    };
    let load = |count| load_text(&text(count), "c.yaml", &environment(), &Options::default());
    assert_eq!(load(256).unwrap().unread.len(), 256);
    assert!(load(257).unwrap_err().to_string().contains("more than 256"));
}

#[test]
fn what_is_sound_can_be_checked_further() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    let model = |name, more| {
        format!("  - model_name: {name}\n    litellm_params: {{model: openai/x{more}}}\n")
    };
    let text = format!(
        "model_list:\n{}{}router_settings: {{num_retries: many}}\n",
        model("sound", ""),
        model("wrong", ", timeout: soon"),
    );
    fs::write(&path, text).unwrap();
    let examined = examine(&path, &environment(), &Options::default());
    let names: Vec<_> = examined.loaded.config.models.iter().collect();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0].name, "sound");
    assert_eq!(examined.problems.len(), 2);
    assert_eq!(examined.sound().err().unwrap().0.len(), 2);
}

#[test]
fn reports_are_bounded() {
    let many: String = (0..5000).fold(String::from("ironward:\n"), |mut text, index| {
        writeln!(text, "  wrong{index}: 1").unwrap();
        text
    });
    let problems = load_text(&many, "c.yaml", &environment(), &Options::default()).unwrap_err();
    assert_eq!(problems.0.len(), 1000);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        drop(load_text(&text, "c.yaml", &environment(), &Options::default()));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        fs::write(&path, bytes).unwrap();
        drop(load(&path, &environment(), &Options { dev: true, strict: true }));
    }

    #[test]
    fn no_damaged_configuration_panics(
        cut in any::<prop::sample::Index>(),
        piece in "[\\PC\\n\\t{}\\[\\]:&*!|>'\"%@,?-]{0,8}",
    ) {
        let text = include_str!("../../testdata/everything.yaml");
        let at = cut.index(text.chars().count() + 1);
        let mut damaged: String = text.chars().take(at).collect();
        damaged.push_str(&piece);
        damaged.extend(text.chars().skip(at));
        drop(load_text(&damaged, "c.yaml", &environment(), &Options::default()));
        damaged.truncate(damaged.char_indices().nth(at).map_or(0, |(at, _)| at));
        drop(load_text(&damaged, "c.yaml", &environment(), &Options::default()));
    }
}
