//! A caller names an address inside, where a model would look for a picture: the gateway fetches
//! nothing at all. An upstream that fetches for itself gets the URL as text; one that doesn't is
//! not sent any.

use std::net::SocketAddr;
use std::process::Command;

use ironward_testkit::Trap;
use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::family::FAMILIES;
use crate::rig::Rig;

/// The clouds' metadata services.
const METADATA: [&str; 3] = [
    "169.254.169.254:80",
    "169.254.170.2:80",
    "[fd00:ec2::254]:80",
];

/// Spellings of 169.254.169.254, and names for it.
const HOSTS: [&str; 22] = [
    "169.254.169.254",
    "169.254.169.254:80",
    "169.254.169.254.",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "025177524776",
    "169.254.43518",
    "169.16689662",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "user@169.254.169.254",
    "example.com@169.254.169.254",
    "%31%36%39.254.169.254",
    "169\u{3002}254\u{3002}169\u{3002}254",
    "\u{2460}\u{2465}\u{2468}.254.169.254",
    "metadata.google.internal",
];

/// The same for this machine, where the port makes the trap.
const LOOPBACK: [&str; 12] = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "127.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0.0.0.0",
    "0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "x@127.0.0.1",
];

/// Every place of a dialect where a URL may stand.
fn contents(dialect: Dialect, url: &str) -> Vec<Value> {
    let parts = match dialect {
        Dialect::OpenAi => vec![
            json!({"type": "image_url", "image_url": {"url": url}}),
            json!({"type": "image_url", "image_url": {"url": url, "detail": "high"}}),
            json!({"type": "image_url", "image_url": url}),
            json!({"type": "file", "file": {"file_data": url}}),
            json!({"type": "file", "file": {"file_id": url}}),
            json!({"type": "file", "file": {"file_url": url}}),
            json!({"type": "input_audio", "input_audio": {"data": url, "format": "wav"}}),
            json!({"type": "video_url", "video_url": {"url": url}}),
        ],
        Dialect::Anthropic => {
            let source = json!({"type": "url", "url": url});
            vec![
                json!({"type": "image", "source": source}),
                json!({"type": "document", "source": source}),
                json!({"type": "image", "source": {"type": "file", "file_id": url}}),
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": url}}),
                json!({"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": source}]}}),
            ]
        }
    };
    let text = json!({"type": "text", "text": "what is this?"});
    parts.into_iter().map(|part| json!([text, part])).collect()
}

/// Asks every family, in every dialect, about the picture at `url`.
fn ask_about(rig: &Rig, url: &str) {
    for family in FAMILIES {
        for dialect in Dialect::BOTH {
            for content in contents(dialect, url) {
                let body = dialect.conversation(&family.model("gpt-test"), &content);
                let reply = rig.post(dialect.path(), &body);
                let (status, text) = (reply.status, reply.text());
                assert!(matches!(status, 200 | 400), "{status} to {body}: {text}");
            }
        }
    }
}

#[test]
fn no_spelling_of_this_machine_is_fetched() {
    let (rig, trap) = (Rig::start(), Trap::start());
    let port = trap.address().port();
    for host in LOOPBACK {
        ask_about(&rig, &format!("http://{host}:{port}/picture.png"));
    }
    for scheme in ["HTTP:", "https:", "ftp:", "gopher:", "ws:", ""] {
        ask_about(&rig, &format!("{scheme}//127.0.0.1:{port}/picture.png"));
    }
    trap.assert_untouched();
}

#[test]
fn no_file_and_no_odd_scheme_is_read() {
    let rig = Rig::start();
    for url in [
        "file:///etc/hostname",
        "/etc/hostname",
        "data:text/plain,x",
        "os.environ/PATH",
        "",
    ] {
        ask_about(&rig, url);
        for call in rig.upstream.calls() {
            let sent = String::from_utf8_lossy(&call.body);
            let path = std::env::var("PATH").expect("a path");
            assert!(!sent.contains(&path), "a variable went on: {sent}");
        }
    }
}

/// Runs [`inside_a_network_with_metadata_services`] in a network namespace of its own, in which the
/// addresses of the metadata services are this machine's and every packet to them can be seen.
#[test]
fn no_spelling_of_a_metadata_service_is_fetched() {
    if std::env::var_os(WITHOUT).is_some() {
        println!("left out, as {WITHOUT} says");
        return;
    }
    for (tool, probe, package) in [
        ("unshare", "--version", "util-linux"),
        ("ip", "-V", "iproute2"),
    ] {
        let found = Command::new(tool).arg(probe).output();
        assert!(
            found.is_ok_and(|found| found.status.success()),
            "{tool} is missing; install it with: apt-get install -y {package}"
        );
    }
    let this = std::env::current_exe().expect("this test binary");
    let script = format!(
        "ip link set lo up && ip addr add 169.254.169.254/32 dev lo && ip addr add 169.254.170.2/32 dev lo \
         && ip addr add fd00:ec2::254/128 dev lo nodad || exit {NO_NETWORK}; exec \"$0\" --exact {INSIDE} --nocapture"
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c", &script])
        .arg(this)
        .env(MARK, "1")
        .output();
    let output = output.expect("unshare runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // Containers often forbid it; whoever goes without has to say so.
    assert!(
        said.contains("running 1 test"),
        "no network namespace can be made here: {errors}allow it (docker run --privileged, or outside \
         of a container), or set {WITHOUT}=1 to leave this test out"
    );
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{errors}"
    );
}

#[test]
fn inside_a_network_with_metadata_services() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    let traps = METADATA.map(|address| {
        let address: SocketAddr = address.parse().expect("an address");
        Trap::start_on(address)
    });
    let rig = Rig::start();
    for host in HOSTS {
        ask_about(&rig, &format!("http://{host}/latest/meta-data/"));
    }
    for trap in &traps {
        trap.assert_untouched();
    }
}

const INSIDE: &str = "attacks::image_urls::inside_a_network_with_metadata_services";
const MARK: &str = "IRONWARD_TEST_INSIDE_NAMESPACE";
const WITHOUT: &str = "IRONWARD_TEST_WITHOUT_NAMESPACES";
const NO_NETWORK: u8 = 77;
