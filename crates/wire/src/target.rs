//! What a request is addressed to.

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Version};
use ironward_core::{Fault, FaultKind};

/// One host, spelled as a host, and a target that is a path: nothing that another reader of the
/// same request could take for something else. After this nobody looks at the host again.
///
/// # Errors
/// A fault that says what the request has to have.
pub fn check_target(head: &Parts) -> Result<(), Fault> {
    let refused = |message: &str| Err(Fault::downstream(FaultKind::BadRequest, message));
    if !matches!(head.version, Version::HTTP_10 | Version::HTTP_11) {
        return Ok(());
    }
    if head.uri.authority().is_some() || head.uri.scheme().is_some() {
        return refused("the request target has to be a path");
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() || (host.is_none() && head.version == Version::HTTP_11) {
        return refused("the request has to have exactly one Host header");
    }
    if host
        .map(HeaderValue::as_bytes)
        .is_some_and(|host| !is_host(host))
    {
        return refused("the Host header is not a host");
    }
    Ok(())
}

fn is_host(host: &[u8]) -> bool {
    host.len() <= 261
        && host
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte))
        && (host.is_empty()
            || std::str::from_utf8(host).is_ok_and(|host| {
                host.parse::<Authority>().is_ok_and(|authority| {
                    // It takes any text for a port.
                    let port = host.strip_prefix(authority.host());
                    port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some())
                })
            }))
}

#[cfg(test)]
mod tests {
    use http::{Request, Version};

    use super::check_target;

    fn check(version: Version, target: &str, hosts: &[&str]) -> bool {
        let mut request = Request::builder().version(version).uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        check_target(&head).is_ok()
    }

    #[test]
    fn a_path_and_one_host_are_taken() {
        for host in [
            "gw",
            "gw:4000",
            "127.0.0.1",
            "[::1]:4000",
            "a-b.example",
            "",
        ] {
            assert!(check(Version::HTTP_11, "/x?y=http://z", &[host]), "{host}");
        }
        assert!(check(Version::HTTP_10, "/x", &[]));
        // There the authority is a part of the target.
        assert!(check(Version::HTTP_2, "http://gw/x", &[]));
    }

    #[test]
    fn whatever_two_readers_could_take_for_different_things_is_refused() {
        let long = "a".repeat(262);
        for hosts in [
            &[][..],
            &["gw", "gw"],
            &["gw/health?x="],
            &["gw#"],
            &["user@gw"],
            &["gw,other"],
            &["gw:port"],
            &["%67w"],
            &["[::1"],
            &[&long],
        ] {
            assert!(!check(Version::HTTP_11, "/x", hosts), "{hosts:?}");
        }
        for target in ["http://gw/x", "gw:443"] {
            assert!(!check(Version::HTTP_11, target, &["gw"]), "{target}");
        }
    }
}
