//! How large a reply may be, whichever key says it, and after a reload too.

use std::time::Duration;

use ironward_testkit::Upstream;
use ironward_testkit::raw::Reply;

use crate::dialect::Dialect;
use crate::rig::{KEY, Rig, builder, families, wait_until};

/// The configuration of a rig with these lines in `general_settings`, and more below.
fn with_general(upstream: &Upstream, general: &str, settings: &str) -> String {
    let key = format!("  master_key: {KEY}\n");
    families(upstream, settings).replace(&key, &format!("{key}{general}"))
}

fn start(general: &str, settings: &str) -> Rig {
    let upstream = Upstream::start();
    let gateway = builder(&with_general(&upstream, general, settings)).start();
    Rig { gateway, upstream }
}

/// A whole reply of so many MiB, translated or not.
#[track_caller]
fn reply(rig: &Rig, dialect: Dialect, megabytes: u32) -> Reply {
    let body = dialect.body(&format!("openai/huge-{megabytes}"), "hello");
    let mut connection = rig.open(dialect.path(), &[], &body);
    // A debug build takes its time for so much.
    let patience = Duration::from_secs(60);
    connection.set_patience(patience).expect("a socket");
    connection.read_reply().expect("the gateway replies")
}

#[test]
fn litellms_key_allows_more_than_the_usual() {
    let rig = start("  max_response_size_mb: 70\n", "");
    for dialect in Dialect::BOTH {
        let reply = reply(&rig, dialect, 66);
        assert_eq!(reply.status, 200);
        assert!(reply.body.len() > 66 << 20, "{}", reply.body.len());
    }
}

#[test]
fn either_key_allows_less_and_our_own_goes_first() {
    for (general, settings, fits) in [
        ("  max_response_size_mb: 2\n", "", 1),
        ("", "ironward:\n  reply_limit_mb: 2\n", 1),
        (
            "  max_response_size_mb: 2\n",
            "ironward:\n  reply_limit_mb: 4\n",
            3,
        ),
    ] {
        let rig = start(general, settings);
        assert_eq!(reply(&rig, Dialect::OpenAi, fits).status, 200);
        let refused = reply(&rig, Dialect::OpenAi, fits + 2);
        assert_eq!(refused.status, 502, "{general}{settings}");
        assert!(refused.text().contains("larger"), "{}", refused.text());
    }
}

#[test]
fn a_reload_changes_it() {
    let rig = start("  max_response_size_mb: 2\n", "");
    for (megabytes, status) in [(4, 200), (2, 502)] {
        let general = format!("  max_response_size_mb: {megabytes}\n");
        let config = with_general(&rig.upstream, &general, "");
        rig.gateway.rewrite_config(&config);
        wait_until("the new limit", || {
            reply(&rig, Dialect::OpenAi, 3).status == status
        });
    }
}
