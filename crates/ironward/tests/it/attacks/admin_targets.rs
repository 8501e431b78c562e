//! Hosts and targets that two readers could understand differently, on the admin port: 400 or 404,
//! whoever asks, and nothing done.

use ironward_testkit::raw;

use crate::tenants::{Tenants, over_both};

over_both!(a_host_is_one_host, a_target_is_its_route);

/// A request for a new key, or for the list of them.
fn request(start: &str, hosts: &[&str], key: Option<&str>) -> Vec<u8> {
    let mut head = format!("{start} HTTP/1.1\r\n");
    for host in hosts {
        head.push_str(&format!("host: {host}\r\n"));
    }
    if let Some(key) = key {
        head.push_str(&format!("authorization: Bearer {key}\r\n"));
    }
    let body = r#"{"key_alias":"by-another-path"}"#;
    head.push_str("content-type: application/json\r\nconnection: close\r\n");
    head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    head.into_bytes()
}

/// No key, an ordinary one, and that of the administrator.
fn callers<'t>(tenants: &'t Tenants<'_>) -> [Option<&'t str>; 3] {
    [None, Some(&tenants.a.low.secret), Some(&tenants.admin)]
}

/// Refused in the same way whoever asks; what is no request at all has its connection closed.
#[track_caller]
fn assert_refused(tenants: &Tenants<'_>, start: &str, hosts: &[&str], expected: &[u16]) {
    for (number, caller) in callers(tenants).into_iter().enumerate() {
        let bytes = request(start, hosts, caller);
        let reply = raw::exchange(tenants.gateway.admin_address(), &bytes);
        let status = reply.map(|reply| reply.status).ok();
        let refused = status.is_none_or(|status| expected.contains(&status));
        assert!(refused, "{start} of {hosts:?} by {number}: {status:?}");
    }
}

fn a_host_is_one_host(tenants: &Tenants<'_>) {
    let before = tenants.state();
    for hosts in [
        &[][..],
        &["gw/health/liveness?x="],
        &["gw#"],
        &["gw?"],
        &["gw", "gw"],
        &["gw", "other"],
        &["user@gw"],
        &["gw,other"],
        &["gw:port"],
        &["http://gw"],
        &["%67w"],
        &["[::1"],
    ] {
        assert_refused(tenants, "POST /key/generate", hosts, &[400]);
        assert_refused(tenants, "GET /key/list", hosts, &[400]);
    }
    for (host, statuses) in [("gw", [401, 403, 200]), ("127.0.0.1:4001", [401, 403, 200])] {
        for (caller, status) in callers(tenants).into_iter().zip(statuses) {
            let bytes = request("GET /user/list?page_size=1", &[host], caller);
            let reply = raw::exchange(tenants.gateway.admin_address(), &bytes).expect("a reply");
            let is_shown = caller == Some(&tenants.a.low.secret) && reply.status == 200;
            assert!(
                reply.status == status || is_shown,
                "{host}: {}",
                reply.text()
            );
        }
    }
    assert_eq!(tenants.state(), before);
    tenants.assert_unharmed();
}

/// Around the canonical paths of the plane.
const SPELLINGS: [&str; 44] = [
    "/v1/../key/generate",
    "/v1/%2e%2e/key/generate",
    "/v1/%2e%2e%2fkey/generate",
    "/v1/..%2fkey/generate",
    "/v1/..;/key/generate",
    "/health/liveness/../../key/generate",
    "/health/liveness/%2e%2e/%2e%2e/key/generate",
    "/health/liveness;/key/generate",
    "/./key/generate",
    "/key/./generate",
    "/key/../key/generate",
    "/key/x/../generate",
    "//key/generate",
    "/key//generate",
    "///key/generate",
    "/key/generate/",
    "/key/generate//",
    "/key/generate;x=1",
    "/key;x=1/generate",
    "/key/generate%00",
    "/key/generate%00.json",
    "/key/generate%20",
    "/key/generate%0a",
    "/key/generate%23",
    "/key/generate%3fx=1",
    "/key/generate.json",
    "/key%2fgenerate",
    "/key%2Fgenerate",
    "/key%5cgenerate",
    "/key\\generate",
    "\\key\\generate",
    "/%6bey/generate",
    "/key/%67enerate",
    "/KEY/GENERATE",
    "/Key/Generate",
    "/key/Generate",
    "/v1/key/generate",
    "/api/key/generate",
    "/key/generate/..",
    "/key/info/../generate",
    "http://gw/key/generate",
    "https://other/health/liveness?/../key/generate",
    "key/generate",
    "*",
];

fn a_target_is_its_route(tenants: &Tenants<'_>) {
    let before = tenants.state();
    for target in SPELLINGS {
        assert_refused(tenants, &format!("POST {target}"), &["gw"], &[400, 404]);
        let list = target
            .replace("generate", "list")
            .replace("Generate", "List");
        assert_refused(tenants, &format!("GET {list}"), &["gw"], &[400, 404]);
    }
    // An id in a path is one name, whatever it holds.
    let id = &tenants.a.low.id;
    for name in [
        format!("..%2f{id}"),
        format!("{id}%2f..%2f{id}"),
        format!("{id}%00"),
        format!("{id};x"),
        format!("{id}%3f"),
        "..".to_owned(),
        "%2e%2e".to_owned(),
        String::new(),
    ] {
        for route in ["regenerate", "reset_spend"] {
            let start = format!("POST /key/{name}/{route}");
            assert_refused(tenants, &start, &["gw"], &[400, 401, 403, 404, 422]);
        }
        let start = format!("PATCH /team/{name}");
        assert_refused(tenants, &start, &["gw"], &[400, 401, 403, 404, 405, 422]);
    }
    assert_eq!(tenants.state(), before);
    tenants.assert_unharmed();
}
