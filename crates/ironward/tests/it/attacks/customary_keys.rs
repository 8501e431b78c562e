//! An entry of the configuration names an address and no key. The key in the vendor's customary
//! variable was not given for that address, so it does not go there.

use ironward_testkit::Upstream;

use crate::dialect::Dialect;
use crate::rig::{Rig, builder, config};

/// The customary variable, the model of the entry, and what the vendor's paths begin with.
const VENDORS: [(&str, &str, &str); 4] = [
    ("OPENAI_API_KEY", "openai/gpt-test", "/v1"),
    ("ANTHROPIC_API_KEY", "anthropic/claude-test", ""),
    ("GEMINI_API_KEY", "gemini/gemini-test", ""),
    ("GROQ_API_KEY", "groq/llama-test", "/v1"),
];

const CUSTOMARY: &str = "customary-7Hq2mWx9";
const BESIDE: &str = "beside-3Kd8pRv5";

fn start(variable: &str, model: &str, base: &str, key: &str) -> Rig {
    let upstream = Upstream::start();
    let entry = format!(
        "  - model_name: group\n    litellm_params:\n      model: {model}\n      api_base: {}{base}\n{key}",
        upstream.url()
    );
    let gateway = builder(&config(&entry, ""))
        .env(variable, CUSTOMARY)
        .start();
    Rig { gateway, upstream }
}

#[test]
fn the_key_of_the_environment_does_not_follow_another_address() {
    for (variable, model, base) in VENDORS {
        let rig = start(variable, model, base, "");
        rig.post(
            Dialect::OpenAi.path(),
            &Dialect::OpenAi.body("group", "hello"),
        );
        let calls = rig.upstream.calls();
        assert!(!calls.is_empty(), "{model} was called without any key");
        for call in calls {
            assert!(!format!("{call:?}").contains(CUSTOMARY), "{call:?}");
        }
        let output = rig.gateway.output() + &rig.gateway.log();
        assert!(
            output.contains(variable) && output.contains("is not sent to this api_base"),
            "the start says so: {output}"
        );
        assert!(!output.contains(CUSTOMARY), "{output}");
    }
}

#[test]
fn a_key_beside_the_address_goes_there_and_the_customary_one_does_not() {
    for (variable, model, base) in VENDORS {
        let key = format!("      api_key: {BESIDE}\n");
        let rig = start(variable, model, base, &key);
        let body = Dialect::OpenAi.body("group", "hello");
        let reply = rig.post(Dialect::OpenAi.path(), &body);
        assert_eq!(reply.status, 200, "{model}: {}", reply.text());
        let call = format!("{:?}", rig.upstream.last_call());
        assert!(call.contains(BESIDE), "{call}");
        assert!(!call.contains(CUSTOMARY), "{call}");
    }
}
