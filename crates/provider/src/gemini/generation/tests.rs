use ironward_core::FaultKind;
use ironward_wire::{Effort, Reasoning};

use super::Thinks;
use crate::Target;
use crate::testing::Case;

fn thinking(model: &'static str, reasoning: &Reasoning) -> String {
    let case = Case::new("gemini", model);
    let target = Target {
        deployment: &case.deployment,
        model,
        drop_unsupported: false,
    };
    match Thinks::by_name(model).config(reasoning, &target) {
        Ok(config) => serde_json::to_string(&config).unwrap(),
        Err(fault) => fault.kind.label().to_owned(),
    }
}

fn effort(effort: Effort) -> Reasoning {
    Reasoning {
        effort: Some(effort),
        ..Reasoning::default()
    }
}

#[test]
fn effort_is_a_budget_or_a_level() {
    let cases = [
        (
            "gemini-2.5-flash",
            Effort::Low,
            r#"{"thinkingBudget":1024,"includeThoughts":true}"#,
        ),
        (
            "gemini-2.5-flash",
            Effort::None,
            r#"{"thinkingBudget":0,"includeThoughts":false}"#,
        ),
        (
            "gemini-2.5-pro",
            Effort::None,
            r#"{"thinkingBudget":128,"includeThoughts":false}"#,
        ),
        (
            "models/gemini-3-pro-preview",
            Effort::Medium,
            r#"{"thinkingLevel":"high","includeThoughts":true}"#,
        ),
        (
            "gemini-3.1-pro-preview",
            Effort::Medium,
            r#"{"thinkingLevel":"medium","includeThoughts":true}"#,
        ),
        (
            "gemini-3-flash-preview",
            Effort::Minimal,
            r#"{"thinkingLevel":"minimal","includeThoughts":true}"#,
        ),
        (
            "gemini-flash-latest",
            Effort::Max,
            r#"{"thinkingLevel":"high","includeThoughts":true}"#,
        ),
        (
            "gemini-3-pro-preview",
            Effort::None,
            r#"{"thinkingLevel":"low","includeThoughts":false}"#,
        ),
        ("gemini-2.0-flash", Effort::None, "null"),
        (
            "gemini-2.0-flash",
            Effort::High,
            FaultKind::UnsupportedParam.label(),
        ),
    ];
    for (model, word, expected) in cases {
        assert_eq!(thinking(model, &effort(word)), expected, "{model} {word:?}");
    }
}

#[test]
fn a_budget_is_kept_in_the_models_range() {
    let budget = |tokens| Reasoning {
        enabled: Some(true),
        budget_tokens: Some(tokens),
        ..Reasoning::default()
    };
    for (model, tokens, expected) in [
        (
            "gemini-2.5-flash",
            31_999,
            r#"{"thinkingBudget":24576,"includeThoughts":true}"#,
        ),
        (
            "gemini-2.5-flash-lite",
            100,
            r#"{"thinkingBudget":512,"includeThoughts":true}"#,
        ),
        (
            "gemini-2.5-pro",
            u64::MAX,
            r#"{"thinkingBudget":32768,"includeThoughts":true}"#,
        ),
        (
            "gemini-3.6-flash",
            1024,
            r#"{"thinkingLevel":"low","includeThoughts":true}"#,
        ),
    ] {
        assert_eq!(
            thinking(model, &budget(tokens)),
            expected,
            "{model} {tokens}"
        );
    }
}

#[test]
fn the_amount_is_left_to_the_model_where_the_caller_leaves_it() {
    let adaptive = Reasoning {
        enabled: Some(true),
        ..Reasoning::default()
    };
    assert_eq!(
        thinking("gemini-2.5-flash-lite", &adaptive),
        r#"{"thinkingBudget":-1,"includeThoughts":true}"#
    );
    assert_eq!(
        thinking("gemini-3-flash-preview", &adaptive),
        r#"{"includeThoughts":true}"#
    );
    let hidden = Reasoning {
        visible: Some(false),
        ..Reasoning::default()
    };
    assert_eq!(
        thinking("gemini-2.5-flash", &hidden),
        r#"{"includeThoughts":false}"#
    );
    assert_eq!(thinking("gemini-2.5-flash", &Reasoning::default()), "null");
}
