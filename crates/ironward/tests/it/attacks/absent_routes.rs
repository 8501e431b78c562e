//! Routes of other gateways that write configuration, run code or start processes: there are none,
//! for nobody, and the gateway never has a child.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::tenants::{Tenants, over_both, send};

over_both!(no_route_writes_configuration_or_runs_anything);

fn no_route_writes_configuration_or_runs_anything(tenants: &Tenants<'_>) {
    let children = Children::watch(tenants.gateway.pid());
    let config = tenants.gateway.directory().join("config.yaml");
    let (before, text) = (tenants.state(), std::fs::read(&config).expect("a file"));
    for key in [
        &tenants.a.low.secret,
        &tenants.a.chief.secret,
        &tenants.admin,
        "sk-nobody",
    ] {
        for (path, body) in requests(&tenants.trap.url()) {
            let body = body.to_string();
            for address in tenants.planes() {
                for method in ["POST", "PUT", "PATCH", "GET"] {
                    let status = send(address, key, method, path, body.as_bytes()).status;
                    assert_eq!(status, 404, "{method} {path}");
                }
            }
        }
    }
    children.assert_none();
    assert_eq!(tenants.state(), before);
    assert_eq!(std::fs::read(&config).expect("a file"), text);
    tenants.assert_unharmed();
}

fn requests(trap: &str) -> Vec<(&'static str, Value)> {
    let stdio = json!({"server_name": "x", "transport": "stdio", "command": "/bin/sh",
                       "args": ["-c", format!("curl {trap}")], "env": {"A": "b"}});
    let code = json!({"custom_code": "import os; os.system('id')", "test_input": {"texts": ["x"]}});
    vec![
        (
            "/config/update",
            json!({"environment_variables": {"PATH": "/tmp"}, "litellm_settings": {"callbacks": ["x.y"]}}),
        ),
        (
            "/config/field/update",
            json!({"field_name": "pass_through_endpoints", "field_value": trap}),
        ),
        ("/config/yaml", json!({})),
        (
            "/config/pass_through_endpoint",
            json!({"path": "/x", "target": trap}),
        ),
        ("/config/callback/delete", json!({"callback_name": "x"})),
        ("/mcp-rest/test/connection", stdio.clone()),
        ("/mcp-rest/test/tools/list", stdio.clone()),
        ("/mcp-rest/tools/call", stdio.clone()),
        ("/v1/mcp/server", stdio),
        (
            "/prompts/test",
            json!({"dotprompt_content": "{{ ''.__class__.__mro__ }}"}),
        ),
        ("/prompts", json!({"prompt_id": "x"})),
        (
            "/guardrails",
            json!({"guardrail": {"litellm_params": {"guardrail": "x.y"}}}),
        ),
        ("/guardrails/test_custom_code", code),
        (
            "/guardrails/apply_guardrail",
            json!({"guardrail_name": "x", "text": "x"}),
        ),
        (
            "/health/test_connection",
            json!({"litellm_params": {"api_base": trap}}),
        ),
        (
            "/utils/transform_request",
            json!({"call_type": "completion", "request_body": {"api_base": trap}}),
        ),
        ("/callbacks/configs", json!({})),
        ("/get/config/callbacks", json!({})),
        ("/cache/ping", json!({})),
        ("/debug/asyncio-tasks", json!({})),
        ("/sso/get/ui_settings", json!({})),
        ("/update/sso_settings", json!({"proxy_base_url": trap})),
        ("/add/allowed_ip", json!({"ip": "0.0.0.0"})),
        ("/reload/model_cost_map", json!({"url": trap})),
        (
            "/team/team-a/callback",
            json!({"callback_name": "langfuse", "callback_vars": {"langfuse_host": trap}}),
        ),
    ]
}

/// Looks all the time whether a process has children.
struct Children {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Children {
    fn watch(pid: u32) -> Self {
        assert_eq!(
            children(pid),
            Vec::<String>::new(),
            "before anything was asked"
        );
        assert!(
            !children(std::process::id()).is_empty(),
            "the gateway is one of ours"
        );
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = Vec::new();
            while !stopped.load(Ordering::SeqCst) {
                seen.extend(children(pid));
            }
            seen
        });
        Self { stop, thread }
    }

    #[track_caller]
    fn assert_none(self) {
        self.stop.store(true, Ordering::SeqCst);
        let seen = self.thread.join().expect("it has looked");
        assert_eq!(seen, Vec::<String>::new());
    }
}

/// The processes whose parent is this one.
fn children(parent: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("there are processes");
    let stats = processes
        .flatten()
        .filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok());
    stats
        .filter(|stat| {
            // The name, in brackets, may hold anything.
            let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
            after.split(' ').nth(1) == Some(&parent.to_string())
        })
        .collect()
}
