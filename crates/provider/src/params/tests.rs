use ironward_core::{CredentialId, Deployment, DeploymentId, ParamPolicy, Timeouts};
use ironward_wire::{Body, Call, Chat, Dialect, Json, OutputFormat, Sampling};

use super::{Field, Forms, apply, check, check_embeddings, finish, prepare};
use crate::Target;

const FORMS: Forms = Forms {
    provider: "acme",
    fields: &[Field::Tools],
    native: &["container"],
};

fn deployment(params: ParamPolicy) -> Deployment {
    Deployment {
        id: DeploymentId::new("d"),
        group: "g".into(),
        provider: "acme",
        model: "m".into(),
        credential: CredentialId::new(1),
        weight: 1.0,
        order: 1,
        retries: None,
        timeouts: Timeouts::default(),
        stream_first_byte: None,
        params,
        api_version: None,
        extra_headers: http::HeaderMap::new(),
        mock_response: None,
    }
}

fn call(dialect: Dialect, text: &'static str) -> Call {
    Call::read(dialect, Body::read(text.into()).unwrap(), None).unwrap()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(Box<str>, Box<str>)> {
    list.iter()
        .map(|(name, json)| ((*name).into(), (*json).into()))
        .collect()
}

fn refused(dialect: Dialect, chat: &Chat, params: ParamPolicy) -> Result<Vec<String>, String> {
    let call = call(dialect, r#"{"model":"g","seed":7}"#);
    let deployment = deployment(params);
    let target = Target {
        deployment: &deployment,
        model: "m",
        drop_unsupported: deployment.params.drop_unsupported,
    };
    check(&call, chat, &target, &FORMS)
        .map(|passed| {
            passed
                .iter()
                .map(|(name, json)| format!("{name}={json}"))
                .collect()
        })
        .map_err(|fault| fault.param.unwrap_or_default().into())
}

fn sampled(sampling: Sampling) -> Chat {
    Chat {
        sampling,
        ..Chat::default()
    }
}

#[test]
fn a_field_without_a_form_is_refused_by_the_clients_name() {
    let seed = sampled(Sampling {
        seed: Some(7),
        ..Sampling::default()
    });
    let json = Chat {
        output: OutputFormat::JsonObject,
        ..Chat::default()
    };
    let none = ParamPolicy::default;
    assert_eq!(
        refused(Dialect::OpenAiChat, &seed, none()),
        Err("seed".into())
    );
    assert_eq!(
        refused(Dialect::OpenAiChat, &json, none()),
        Err("response_format".into())
    );
    assert_eq!(
        refused(Dialect::AnthropicMessages, &json, none()),
        Err("output_config".into())
    );
    let dropping = ParamPolicy {
        drop_unsupported: true,
        ..none()
    };
    assert_eq!(refused(Dialect::OpenAiChat, &seed, dropping), Ok(vec![]));
    let allowing = ParamPolicy {
        allow: vec!["seed".into()],
        ..none()
    };
    assert_eq!(
        refused(Dialect::OpenAiChat, &seed, allowing),
        Ok(vec!["seed=7".into()])
    );
}

#[test]
fn a_value_that_means_the_default_is_no_request() {
    let chat = sampled(Sampling {
        n: Some(1),
        logprobs: Some(false),
        frequency_penalty: Some(0.0),
        presence_penalty: Some(0.0),
        logit_bias: Some(Json::empty_object()),
        ..Sampling::default()
    });
    assert_eq!(
        refused(Dialect::OpenAiChat, &chat, ParamPolicy::default()),
        Ok(vec![])
    );
}

#[test]
fn extra_fields_are_passed_ignored_or_refused() {
    let extra = |name: &str| Chat {
        extra: vec![(name.into(), Json::from_text("{\"a\":1}".into()).unwrap())],
        ..Chat::default()
    };
    let outcome = |name| refused(Dialect::OpenAiChat, &extra(name), ParamPolicy::default());
    assert_eq!(outcome("container"), Ok(vec!["container={\"a\":1}".into()]));
    assert_eq!(outcome("store"), Ok(vec![]));
    assert_eq!(outcome("litellm_metadata"), Ok(vec![]));
    assert_eq!(outcome("best_of"), Err("best_of".into()));
}

#[test]
fn embeddings_have_the_same_rules() {
    let deployment = deployment(ParamPolicy::default());
    let target = Target {
        deployment: &deployment,
        model: "m",
        drop_unsupported: false,
    };
    let mut embeddings = ironward_wire::Embeddings {
        extra: vec![("container".into(), Json::empty_object())],
        ..Default::default()
    };
    assert_eq!(
        check_embeddings(&embeddings, &target, &FORMS).unwrap(),
        [("container", "{}")]
    );
    embeddings.dimensions = Some(3);
    assert!(check_embeddings(&embeddings, &target, &FORMS).is_err());
}

#[test]
fn a_policy_is_applied_to_a_forwarded_body() {
    let call = call(
        Dialect::AnthropicMessages,
        r#"{"model":"g","max_tokens":5,"top_k":1,"litellm_metadata":{},"fallbacks":[],"new":1}"#,
    );
    let policy = ParamPolicy {
        always_drop: vec!["top_k".into()],
        defaults: pairs(&[
            ("max_completion_tokens", "9"),
            ("temperature", "0.5"),
            ("seed", "1"),
        ]),
        extra_body: pairs(&[("new", "2")]),
        ..ParamPolicy::default()
    };
    let mut patch = call.body.patch();
    apply(&mut patch, &policy, |name| name != "seed");
    assert_eq!(
        patch.into_bytes(),
        r#"{"model":"g","max_tokens":5,"new":2,"temperature":0.5}"#
    );
}

#[test]
fn a_policy_is_applied_before_and_after_a_translation() {
    let call = call(
        Dialect::AnthropicMessages,
        r#"{"model":"g","max_tokens":5,"stream":true,"top_k":1,"messages":[]}"#,
    );
    let deployment = deployment(ParamPolicy {
        always_drop: vec!["top_k".into()],
        defaults: pairs(&[("temperature", "0.5")]),
        extra_body: pairs(&[("b", "3")]),
        ..ParamPolicy::default()
    });
    let target = Target {
        deployment: &deployment,
        model: "m",
        drop_unsupported: false,
    };
    let prepared = prepare(&call, &target).unwrap();
    let changed = prepared.call();
    assert_eq!(changed.body.field("top_k"), None);
    assert_eq!(changed.body.field("temperature"), Some("0.5"));
    assert!(changed.stream);
    let body = finish(r#"{"a":1}"#.into(), &[("c", "[2]")], &deployment.params).unwrap();
    assert_eq!(body, r#"{"a":1,"c":[2],"b":3}"#);
}
