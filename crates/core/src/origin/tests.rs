use super::{Origin, Reach};

fn admits(url: &str, address: &str) -> bool {
    Origin::parse(url).unwrap().admits(address.parse().unwrap())
}

#[test]
fn a_base_url_is_read_and_printed_back() {
    for url in [
        "https://api.openai.com/v1",
        "http://127.0.0.1:8080",
        "https://[2606:4700::1]:8443/x",
    ] {
        assert_eq!(Origin::parse(url).unwrap().to_string(), url);
    }
    assert_eq!(
        Origin::parse("https://API.example.com:443/v1/")
            .unwrap()
            .to_string(),
        "https://api.example.com/v1"
    );
}

#[test]
fn what_is_not_an_origin_says_why() {
    for (url, why) in [
        ("api.openai.com", "scheme"),
        ("ftp://host", "scheme"),
        ("https://user:pass@host", "user"),
        ("https://host/?key=1", "query"),
        ("https://host/#x", "fragment"),
        ("https://host:99999/", "port"),
        ("https://", "URL"),
        ("https://26[06:4700::1]:8443/x", "host"),
        ("https://exa$mple.com/", "host"),
        ("https://host/\u{2000}/", "percent-encoded"),
        ("https://host/v1/../x", "segments"),
    ] {
        let error = Origin::parse(url).unwrap_err().to_string();
        assert!(error.contains(why), "{url}: {error}");
    }
}

#[test]
fn a_public_name_never_reaches_a_private_address() {
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "198.18.0.1",
        "240.0.0.1",
        "::1",
        "::ffff:10.0.0.1",
        "fe80::1",
        "fc00::1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001::1",
        "2001:db8::1",
        "::",
        "ff02::1",
    ] {
        assert!(!admits("https://api.openai.com", address), "{address}");
    }
    for address in [
        "104.18.7.192",
        "8.8.8.8",
        "2606:4700::6812:7c0",
        "2a00:1450:4001::1",
    ] {
        assert!(admits("https://api.openai.com", address), "{address}");
    }
}

#[test]
fn a_private_spelling_reaches_the_network_but_not_the_metadata_service() {
    for url in [
        "http://localhost:11434",
        "http://vllm:8000",
        "http://llm.svc.cluster.local",
        "http://10.1.2.3",
        "http://[::1]:1",
    ] {
        assert_eq!(Origin::parse(url).unwrap().reach, Reach::Private, "{url}");
    }
    assert!(admits("http://vllm:8000", "10.0.0.9"));
    assert!(admits("http://localhost:8000", "::1"));
    for address in [
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
    ] {
        assert!(!admits("http://vllm:8000", address), "{address}");
    }
    assert!(admits("http://169.254.1.1", "169.254.1.1"));
}
