use super::{Scheme, Spelling, looks_like_reference};

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
