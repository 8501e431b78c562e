use super::{Reference, Scheme, Spelling, looks_like_reference};

#[test]
fn references_are_told_from_text() {
    for (text, scheme, rest) in [
        ("os.environ/KEY", Scheme::Variable, "KEY"),
        ("file:/run/key", Scheme::File, "/run/key"),
        ("vault://secret/a/b#key", Scheme::Vault, "secret/a/b#key"),
        ("aws-sm://a/b", Scheme::AwsSm, "a/b"),
        (
            "gcp-sm://projects/p/secrets/s",
            Scheme::GcpSm,
            "projects/p/secrets/s",
        ),
        ("azure-kv://name", Scheme::AzureKv, "name"),
        ("vault://", Scheme::Vault, ""),
    ] {
        assert_eq!(
            Spelling::of(text),
            Spelling::Reference(scheme, rest),
            "{text}"
        );
    }
}

#[test]
fn what_was_meant_as_a_reference_is_no_text() {
    for (text, scheme) in [
        ("https://os.environ/HOST/v1", Scheme::Variable),
        ("OS.ENVIRON/KEY", Scheme::Variable),
        ("file:key", Scheme::File),
        (" file:/run/key", Scheme::File),
        ("FILE:/run/key", Scheme::File),
        ("vault:secret/a#key", Scheme::Vault),
        ("vault:/secret/a#key", Scheme::Vault),
        ("Vault://secret/a#key", Scheme::Vault),
        ("\tvault://secret/a#key", Scheme::Vault),
        ("Bearer vault://secret/a#key", Scheme::Vault),
        ("aws-sm:a", Scheme::AwsSm),
        ("AWS-SM://a", Scheme::AwsSm),
        ("sk-gcp-sm://a", Scheme::GcpSm),
        ("azure-kv:a", Scheme::AzureKv),
    ] {
        assert_eq!(Spelling::of(text), Spelling::Slip(scheme), "{text}");
    }
}

#[test]
fn other_text_means_itself() {
    for text in [
        "",
        "sk-abc",
        "https://vault.example.com/v1",
        "the vault: a place",
        "vault: a place",
        "file: x",
        "profile:/x",
        "ollama/vault:7b",
        "os.environ",
        "aws-sm",
        "\u{e9}",
    ] {
        assert_eq!(Spelling::of(text), Spelling::Literal, "{text}");
    }
}

#[test]
fn strangers_references_are_told_from_values() {
    for text in [
        "os.environ/OPENAI_API_KEY",
        " OS.ENVIRON/X",
        "env:X",
        "file:///etc/passwd",
        "file:/x",
        "vault://secret/x#y",
        "vault/x",
        "${HOME}",
        "prefix-${X}",
        "aws-sm://x",
        "gcp-sm://x",
        "azure-kv://x",
    ] {
        assert!(looks_like_reference(text), "{text}");
    }
    for text in [
        "sk-abc",
        "https://api.openai.com/v1",
        "environment",
        "$5",
        "profile:x",
    ] {
        assert!(!looks_like_reference(text), "{text}");
    }
}

#[test]
fn a_reference_names_a_secret_and_a_field() {
    for text in [
        "vault://secret/openai#key",
        "vault://team/kv/prod/open.ai#api key",
        "aws-sm://prod/openai",
        "aws-sm://prod/openai#key",
        "aws-sm://arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/openai-AbCdEf#key",
        "gcp-sm://projects/p-1/secrets/openai",
        "gcp-sm://projects/example.com:p-1/secrets/openai/versions/3#key",
        "gcp-sm://projects/p/locations/europe-west3/secrets/openai/versions/latest",
        "azure-kv://openai-key",
        "azure-kv://openai-key/0123456789abcdef#key",
    ] {
        let Spelling::Reference(scheme, rest) = Spelling::of(text) else {
            panic!("{text}");
        };
        let reference = Reference::parse(scheme, rest).unwrap();
        assert_eq!(reference.to_string(), text);
    }
}

#[test]
fn half_a_reference_is_none() {
    for text in [
        "vault://",
        "vault://secret#canary",
        "vault://secret/canary",
        "vault://secret/canary#",
        "vault://secret/../sys/canary#key",
        "vault://secret//canary#key",
        "vault:///secret/canary#key",
        "vault://secret/canary?version=2#key",
        "vault://secret/can%61ry#key",
        "aws-sm://",
        "aws-sm://#canary",
        "aws-sm://a canary",
        "gcp-sm://canary",
        "gcp-sm://projects/p/secrets/../canary",
        "gcp-sm://projects/p/secrets/s/versions/1:access/canary",
        "azure-kv://a/b/canary",
        "azure-kv://canary?x",
        "azure-kv://canary#\u{1}",
    ] {
        let Spelling::Reference(scheme, rest) = Spelling::of(text) else {
            panic!("{text}");
        };
        let error = Reference::parse(scheme, rest).unwrap_err();
        assert!(error.starts_with("not a reference; write "), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}
