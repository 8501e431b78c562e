use super::{AtStart, KEYS};
use crate::general::GENERAL;
use crate::ironward::IRONWARD;
use crate::keys::Section;
use crate::litellm::LITELLM;
use crate::{Config, FixedEnvironment, Options, load_text};

#[track_caller]
fn config(text: &str) -> Config {
    let environment = FixedEnvironment::from([("DB", "postgres://u:canary@db/two")]);
    let loaded = load_text(text, "config.yaml", &environment, &Options::default());
    loaded.expect("a sound configuration").config
}

#[track_caller]
fn changed(then: &str, now: &str) -> Vec<String> {
    AtStart::of(&config(then)).changed_in(&config(now))
}

const ALL: [(&str, &str, &str); 19] = [
    ("litellm_settings", "json_logs", "true"),
    ("litellm_settings", "set_verbose", "true"),
    ("litellm_settings", "ssl_verify", "ca.pem"),
    ("litellm_settings", "callbacks", "[prometheus]"),
    ("litellm_settings", "success_callback", "prometheus"),
    ("litellm_settings", "failure_callback", "[prometheus]"),
    ("litellm_settings", "prometheus_latency_buckets", "[1, 2.5]"),
    ("litellm_settings", "prometheus_exclude_metrics", "[a]"),
    ("litellm_settings", "prometheus_exclude_labels", "[team]"),
    (
        "litellm_settings",
        "prometheus_metrics_max_series_per_metric",
        "7",
    ),
    ("general_settings", "database_url", "os.environ/DB"),
    ("general_settings", "database_connection_pool_limit", "7"),
    ("general_settings", "database_connection_timeout", "7"),
    ("ironward", "authorities", "system"),
    ("ironward", "extra_ca", "ca.pem"),
    ("ironward", "allow_plaintext_listener", "true"),
    ("ironward", "vault", "{kek: env}"),
    (
        "ironward",
        "login",
        "{issuer: https://id.example.com, client_id: a, client_secret: os.environ/DB, \
         redirect_url: https://gw.example.com/sso/callback}",
    ),
    ("ironward", "journal", "{durability: disk}"),
];

#[test]
fn each_key_is_told_with_its_line() {
    assert_eq!(ALL.len(), KEYS.len());
    for (section, name, value) in ALL {
        let text = format!("# more\n{section}:\n  {name}: {value}\n");
        let line = format!("config.yaml, line 3: {section}.{name}: changed, needs a restart");
        assert_eq!(changed("", &text), [line], "{text}");
        let line = format!("{section}.{name}: no longer set, needs a restart");
        assert_eq!(changed(&text, ""), [line], "{text}");
        assert!(changed(&text, &format!("\n{text}")).is_empty(), "{text}");
    }
}

#[test]
fn an_address_and_its_password_count() {
    let database = |url: &str| format!("general_settings:\n  database_url: {url}\n");
    let one = database("postgres://u:canary-1@db/x");
    for other in ["postgres://u:canary-2@db/x", "sqlite:///x.db"] {
        let lines = changed(&one, &database(other));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(!lines[0].contains("canary"), "{lines:?}");
    }
    assert!(changed(&one, &one).is_empty());
}

#[test]
fn what_takes_effect_at_once_is_not_told() {
    let text = "litellm_settings:\n  drop_params: true\ngeneral_settings:\n  \
                max_response_size_mb: 3\nironward:\n  drain_timeout: 3\n  idle_timeout: 3\n";
    assert!(changed("", text).is_empty());
}

#[test]
fn the_reference_says_so() {
    fn check<T>(section: &Section<T>) {
        for key in section.keys {
            let known = KEYS
                .iter()
                .any(|known| (known.section, known.name) == (section.name, key.name));
            let says = key.meaning.contains("A change takes a restart.");
            assert_eq!(known, says, "{}.{}", section.name, key.name);
        }
    }
    check(&GENERAL);
    check(&LITELLM);
    check(&IRONWARD);
}
