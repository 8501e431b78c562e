//! What must not start: it says why and what to do, exits with 3, and listens on nothing.

use std::net::{SocketAddr, TcpListener, TcpStream};

use ironward_testkit::{GatewayBuilder, Postgres};

use crate::rig::{builder, config};

const MOCK: &str = "  - model_name: mock\n    litellm_params:\n      model: openai/x\n      api_key: k\n      mock_response: hi\n";

fn with_key(key: &str) -> String {
    format!("model_list:\n{MOCK}general_settings:\n  master_key: {key}\n")
}

/// Refused with 3, one line at least an error with this remedy, and nothing on stdout.
#[track_caller]
fn assert_refused(builder: GatewayBuilder, reason: &str, remedy: &str) {
    let (data, admin) = (free_port(), free_port());
    let (status, output) = builder.ports(data, admin).refuse();
    assert_eq!(status.code(), Some(3), "{output}");
    assert!(
        output.lines().all(|line| line.starts_with("error: ")),
        "{output}"
    );
    assert!(output.contains(reason), "no {reason:?} in:\n{output}");
    assert!(output.contains(remedy), "no {remedy:?} in:\n{output}");
    for port in [data, admin] {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        assert!(TcpStream::connect(address).is_err(), "{address} is open");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

const GENERATE: &str = "openssl rand -hex 32";

#[test]
fn a_published_or_guessable_master_key() {
    for key in [
        "sk-1234",
        "\"sk-1234 \"",
        "sk-12345",
        "sk-123456",
        "SK-1234",
        "sk-x",
        "sk-",
        "password",
        "sk-master-key",
        "sk-your-key-here",
        "your-master-key",
    ] {
        assert_refused(builder(&with_key(key)), "master_key", GENERATE);
    }
}

#[test]
fn a_published_key_with_a_server_of_its_own() {
    let server = Postgres::start();
    let url = server.database();
    for key in ["sk-1234", "\"\"", "sk-x"] {
        let config = with_key(key) + &format!("  database_url: {url}\n");
        assert_refused(builder(&config), "master_key", GENERATE);
        let config = format!("model_list:\n{MOCK}general_settings:\n  database_url: {url}\n");
        let set = builder(&config).env("LITELLM_MASTER_KEY", "sk-1234");
        assert_refused(set, "LITELLM_MASTER_KEY", GENERATE);
        let open = builder(&config).arg("--host").arg("0.0.0.0");
        assert_refused(open, "0.0.0.0", "--allow-plaintext");
    }
    let dump = server.dump(&url);
    assert!(!dump.contains("CREATE TABLE"), "nothing was begun: {dump}");
}

#[test]
fn an_empty_or_missing_master_key() {
    for key in ["\"\"", "\"  \""] {
        assert_refused(builder(&with_key(key)), "empty", GENERATE);
    }
    let config = with_key("os.environ/IRONWARD_TEST_KEY");
    assert_refused(builder(&config), "IRONWARD_TEST_KEY", "IRONWARD_TEST_KEY");
    let set = builder(&config).env("IRONWARD_TEST_KEY", "");
    assert_refused(set, "IRONWARD_TEST_KEY", "IRONWARD_TEST_KEY");
    let set = builder(&config).env("IRONWARD_TEST_KEY", "sk-1234");
    assert_refused(set, "IRONWARD_TEST_KEY", GENERATE);
}

#[test]
fn a_published_key_in_the_environment() {
    let config = format!("model_list:\n{MOCK}");
    let set = builder(&config).env("LITELLM_MASTER_KEY", "sk-1234");
    assert_refused(set, "LITELLM_MASTER_KEY", GENERATE);
}

#[test]
fn no_configured_key_means_a_made_one_and_never_none() {
    let gateway = builder(&format!("model_list:\n{MOCK}")).start();
    assert!(gateway.admin_key().len() > 20, "{:?}", gateway.admin_key());
}

#[test]
fn a_published_key_is_for_development_on_loopback_only() {
    let dev = |host: &str| {
        builder(&with_key("sk-1234"))
            .arg("--dev")
            .arg("--host")
            .arg(host)
    };
    let gateway = dev("127.0.0.1").start();
    assert!(gateway.log().contains("development"), "{}", gateway.log());
    for host in ["0.0.0.0", "::"] {
        assert_refused(dev(host), "--dev", "leave --dev out");
        let forced = dev(host).arg("--allow-plaintext");
        assert_refused(forced, "--dev", "leave --dev out");
    }
}

#[test]
fn an_address_beyond_this_machine_without_tls() {
    let config = config(MOCK, "");
    for host in ["0.0.0.0", "::", "10.1.2.3"] {
        let open = builder(&config).arg("--host").arg(host);
        assert_refused(open, host, "--allow-plaintext");
        let open = builder(&config).arg("--admin-host").arg(host);
        assert_refused(open, host, "--allow-plaintext");
        let open = builder(&config).env("IRONWARD_HOST", host);
        assert_refused(open, host, "ironward.tls");
    }
    let allowed = builder(&config)
        .arg("--host")
        .arg("0.0.0.0")
        .arg("--allow-plaintext");
    assert!(allowed.start().address().ip().is_unspecified());
    // Loopback is more than one address.
    let loopback = builder(&config).arg("--host").arg("127.0.0.2").start();
    assert!(loopback.address().ip().is_loopback());
}

#[test]
fn a_configuration_with_errors_names_all_of_them_with_their_lines() {
    let config = format!(
        "model_list:\n{MOCK}  - model_name: two\n    litellm_params:\n      model: nobody/x\n      api_key: k\nrouter_settings:\n  num_retries: many\nironward:\n  colour: red\n"
    );
    let (status, output) = builder(&config).refuse();
    assert_eq!(status.code(), Some(3), "{output}");
    for expected in ["nobody", "num_retries", "colour"] {
        let line = output.lines().find(|line| line.contains(expected));
        let line = line.unwrap_or_else(|| panic!("no {expected} in:\n{output}"));
        assert!(line.contains("config.yaml:"), "{line}");
    }
}

#[test]
fn strict_refuses_what_has_no_effect() {
    let settings = "litellm_settings:\n  success_callback: [langfuse]\n";
    let gateway = builder(&config(MOCK, settings)).start();
    assert!(
        gateway.log().contains("success_callback"),
        "{}",
        gateway.log()
    );
    let strict = builder(&config(MOCK, settings)).arg("--strict");
    assert_refused(strict, "success_callback", "not supported yet");
}

#[test]
fn half_of_tls_is_no_tls() {
    let half = "ironward:\n  tls:\n    certificate: cert.pem\n";
    assert_refused(builder(&config(MOCK, half)), "tls", "key: FILE");
    let missing = "ironward:\n  tls:\n    certificate: cert.pem\n    key: key.pem\n";
    assert_refused(
        builder(&config(MOCK, missing)),
        "cert.pem",
        "cannot be read",
    );
}
