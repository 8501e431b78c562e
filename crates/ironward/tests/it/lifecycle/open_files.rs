//! The limit of open files: raised as far as it may be, told when it is low, and survived.

use ironward_testkit::raw::Connection;
use ironward_testkit::{Gateway, Upstream};

use crate::rig::{Rig, builder, families, wait_until};

fn start(limits: &str) -> Rig {
    let upstream = Upstream::start();
    let gateway = builder(&families(&upstream, ""))
        .arg("--threads")
        .arg("1")
        .limits(limits)
        .start();
    Rig { gateway, upstream }
}

/// The soft and the hard limit of a running gateway.
#[track_caller]
fn limits(gateway: &Gateway) -> (String, String) {
    let text = std::fs::read_to_string(format!("/proc/{}/limits", gateway.pid()));
    let text = text.expect("a running process has limits");
    let line = text.lines().find(|line| line.starts_with("Max open files"));
    let mut words = line.unwrap_or_default().split_whitespace().skip(3);
    let mut word = || words.next().unwrap_or_default().to_owned();
    (word(), word())
}

fn connect(rig: &Rig, count: usize) -> Vec<Connection> {
    (0..count)
        .map(|_| Connection::open(rig.address()).expect("the system queues it"))
        .collect()
}

#[test]
fn the_soft_limit_is_raised_to_the_hard_one() {
    let rig = start("-Sn 256");
    let (soft, hard) = limits(&rig.gateway);
    assert_eq!(soft, hard);
    assert_ne!(soft, "256", "the machine's own hard limit is too low");
    let open = connect(&rig, 300);
    rig.assert_works();
    drop(open);
    assert!(!rig.gateway.log().contains("could not be taken"));
}

#[test]
fn a_low_limit_is_told_and_survived() {
    let rig = start("-n 128");
    let log = rig.gateway.log();
    assert!(log.contains("at most 128 files can be open"), "{log}");
    let open = connect(&rig, 200);
    wait_until("out of files", || {
        rig.gateway.log().contains("could not be taken")
    });
    // Each of these would be a line, a hundred times a second.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let log = rig.gateway.log();
    assert_eq!(log.matches("could not be taken").count(), 1, "{log}");
    drop(open);
    rig.assert_works();
}
