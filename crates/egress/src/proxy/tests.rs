use ironward_core::Origin;

use super::{Proxies, Way};
use crate::ProxySettings;
use crate::endpoint::Endpoint;

fn proxies(no_proxy: &str) -> Proxies {
    Proxies::new(&ProxySettings {
        http: Some("plain.corp:3128".into()),
        https: Some("http://ada:p%40ss@secure.corp:8080".into()),
        no_proxy: Some(no_proxy.into()),
    })
    .unwrap()
}

fn way(proxies: &Proxies, url: &str) -> &'static str {
    let endpoint = Endpoint::new(Origin::parse(url).unwrap()).unwrap();
    match proxies.way(&endpoint) {
        Way::Direct => "direct",
        Way::Tunnel(_) => "tunnel",
        Way::Forward(_) => "forward",
    }
}

#[test]
fn the_scheme_of_the_origin_chooses_the_proxy() {
    let proxies = proxies("");
    assert_eq!(way(&proxies, "https://api.example.com"), "tunnel");
    assert_eq!(way(&proxies, "http://api.example.com"), "forward");
    assert_eq!(
        way(&Proxies::default(), "https://api.example.com"),
        "direct"
    );
}

#[test]
fn no_proxy_lists_hosts_addresses_and_networks() {
    let list =
        "example.com, .corp ,*.lan,10.0.0.0/8,192.0.2.7,other.org:8443,fd00::/8,[2001:db8::1]";
    let proxies = proxies(list);
    for (url, expected) in [
        ("https://example.com", "direct"),
        ("https://api.example.com", "direct"),
        ("https://notexample.com", "tunnel"),
        ("https://a.corp", "direct"),
        ("https://b.lan", "direct"),
        ("https://10.9.8.7", "direct"),
        ("https://11.9.8.7", "tunnel"),
        ("https://192.0.2.7", "direct"),
        ("https://192.0.2.8", "tunnel"),
        ("https://other.org:8443", "direct"),
        ("https://other.org", "tunnel"),
        ("https://[fd12::1]", "direct"),
        ("https://[2001:db8::1]", "direct"),
        ("https://[2001:db8::2]", "tunnel"),
    ] {
        assert_eq!(way(&proxies, url), expected, "{url}");
    }
    let everything = Proxies {
        bypass: vec![super::Bypass::Everything],
        ..proxies
    };
    assert_eq!(way(&everything, "https://api.example.org"), "direct");
}

#[test]
fn this_machine_is_always_direct_and_other_private_hosts_are_not() {
    let proxies = proxies("");
    for (url, expected) in [
        ("http://localhost:8000", "direct"),
        ("http://model.localhost", "direct"),
        ("http://127.0.0.1:8000", "direct"),
        ("http://[::1]:8000", "direct"),
        ("http://10.0.0.5:8000", "forward"),
        ("http://vllm:8000", "forward"),
    ] {
        assert_eq!(way(&proxies, url), expected, "{url}");
    }
}

#[test]
fn a_user_in_the_url_becomes_a_sensitive_header() {
    let proxies = proxies("");
    let header = proxies
        .https
        .as_ref()
        .and_then(|proxy| proxy.authorization.clone())
        .unwrap();
    assert_eq!(header, "Basic YWRhOnBAc3M=");
    assert!(header.is_sensitive());
}

#[test]
fn an_unusable_proxy_is_refused_without_showing_its_password() {
    for url in [
        "socks5://u:hunter2@h:1",
        "https://u:hunter2@h",
        "http://u:hunter2@",
    ] {
        let settings = ProxySettings {
            https: Some(url.into()),
            ..ProxySettings::default()
        };
        let error = Proxies::new(&settings).err().unwrap();
        assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
        assert!(!error.to_string().contains("hunter2"));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
