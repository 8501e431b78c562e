use super::{is_published, looks_like_placeholder, master_key_weakness, published_keys};

#[test]
fn published_and_guessable_master_keys_are_weak() {
    for key in [
        "sk-1234",
        "sk-12345",
        "sk-1234567890",
        "SK-1234",
        "sk-xxxx",
        "sk-...",
        "sk-",
        "sk-aaaaaaaaaaaa",
        "sk-my-master-key",
        "sk-<your-key>",
        "sk-your-master-key",
        "sk-changeme123",
        "sk-abcdef",
        "sk-test",
        "sk-ab",
        "password",
        "0a1b2c3d4e5f6071",
        "sk-litellm-master-key",
    ] {
        assert!(master_key_weakness(key).is_some(), "{key}");
    }
    for key in ["sk-0a1b2c", "sk-3f7b5c1d9e8a", "sk-correct-horse-battery"] {
        assert_eq!(master_key_weakness(key), None, "{key}");
    }
}

#[test]
fn keys_that_were_never_filled_in_are_seen() {
    for key in [
        "sk-...",
        "sk-ant-...",
        "your-api-key",
        "<key>",
        "sk-xxxxxxxx",
        "sk-1234",
        "REPLACE_ME",
    ] {
        assert!(looks_like_placeholder(key), "{key}");
    }
    // What people give a local server that asks for any key is a choice, not a slip.
    for key in [
        "fake-key",
        "none",
        "EMPTY",
        "dummy",
        "gsk_3f7b5c1d9e8a",
        "sk-proj-0a1b2c3d4e5f",
    ] {
        assert!(!looks_like_placeholder(key), "{key}");
    }
}

#[test]
fn every_published_key_is_one() {
    let keys: Vec<String> = published_keys().collect();
    assert!(keys.len() > 50, "{keys:?}");
    for key in ["sk-1234", "sk-test", "sk-abc", "sk-litellm-master-key"] {
        assert!(keys.iter().any(|published| published == key), "{key}");
    }
    assert!(keys.iter().all(|key| is_published(key)), "{keys:?}");
}
