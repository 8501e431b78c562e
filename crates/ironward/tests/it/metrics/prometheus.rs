//! Prometheus itself, and what its own checker says.

use ironward_testkit::{Service, promtool_check};

use super::{LITELLM, call_each, scrape, start};
use crate::rig::wait_until;

#[test]
fn prometheus_reads_what_there_is() {
    let rig = start(LITELLM);
    call_each(&rig);
    // LiteLLM's names are not ours to choose: nothing but those may be found fault with.
    let said = promtool_check(&scrape(&rig.gateway));
    let ours = said.lines().find(|line| !line.starts_with("litellm_"));
    assert_eq!(ours, None, "{said}");

    let service = Service::prometheus(&format!(
        "- job_name: ironward\n  scrape_interval: 1s\n  authorization: {{credentials: {}}}\n  \
         static_configs: [{{targets: ['{}']}}]\n",
        crate::rig::KEY,
        rig.gateway.admin_address(),
    ));
    let query = |query: &str| service.prometheus_answer(&format!("/api/v1/query?query={query}"));
    wait_until("it is read", || query("up")["result"][0]["value"][1] == "1");
    let targets = service.prometheus_answer("/api/v1/targets");
    assert_eq!(targets["activeTargets"][0]["lastError"], "", "{targets}");
    for (asked, value) in [
        ("sum(ironward_calls_total)", "7"),
        ("sum(ironward_calls_total{status=\"2xx\"})", "4"),
        (
            "sum(ironward_overhead_seconds_count{model_group=\"gpt\"})",
            "2",
        ),
        // As LiteLLM's dashboards ask.
        ("sum(litellm_proxy_total_requests_metric_total)", "8"),
        ("sum(litellm_deployment_failure_responses_total)", "2"),
        ("sum(litellm_request_total_latency_metric_count)", "4"),
    ] {
        let encoded = asked
            .replace('"', "%22")
            .replace('{', "%7B")
            .replace('}', "%7D");
        let found = query(&encoded);
        assert_eq!(found["result"][0]["value"][1], value, "{asked}: {found}");
    }
}
