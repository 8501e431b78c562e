//! A call in any dialect is decoded or refused; what is decoded encodes for every provider or is
//! refused, with parameters dropped and without.

#![no_main]

use ironward_core::{CredentialId, Deployment, DeploymentId, ParamPolicy, Timeouts};
use ironward_provider::{PROVIDERS, Target};
use ironward_wire::{Body, Call, Dialect};
use libfuzzer_sys::fuzz_target;

fn deployment() -> Deployment {
    Deployment {
        id: DeploymentId::new("id"),
        group: "group".into(),
        provider: "any",
        model: "model".into(),
        credential: CredentialId::new(1),
        weight: 1.0,
        order: 1,
        retries: None,
        timeouts: Timeouts::default(),
        stream_first_byte: None,
        params: ParamPolicy::default(),
        api_version: None,
        extra_headers: http::HeaderMap::new(),
        mock_response: None,
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (number, bytes) = input;
    let dialect = Dialect::ALL[usize::from(number) % Dialect::ALL.len()];
    let Ok(body) = Body::read(bytes.to_vec().into()) else { return };
    let Ok(call) = Call::read(dialect, body, Some("model")) else { return };
    let _decoded = call.content();
    let deployment = deployment();
    for vendor in PROVIDERS {
        for drop_unsupported in [false, true] {
            let target = Target { deployment: &deployment, model: "model", drop_unsupported };
            if let Ok(request) = vendor.provider.encode(&call, &target) {
                assert!(request.path.starts_with('/') && !request.path.contains(".."));
                let body = request.body.joined();
                serde_json::from_slice::<serde_json::Value>(&body).expect("the request is sound JSON");
            }
        }
    }
});
