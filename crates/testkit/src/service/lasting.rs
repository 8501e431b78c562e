use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::{PATIENCE, Service, missing, quiet_address, tool};
use crate::raw::Connection;

/// `OpenBao` with its store on disk: it keeps its keys when it is stopped and runs again.
pub struct LastingBao {
    service: Service,
    unseal_key: String,
    token: String,
}

impl LastingBao {
    /// Unsealed, with the transit engine and one key in it.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn start(key: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let (address, cluster) = (quiet_address(), quiet_address());
        let store = directory.path().join("store");
        fs::create_dir(&store).expect("a directory");
        let config = format!(
            "storage \"raft\" {{\n path = \"{}\"\n node_id = \"one\"\n}}\n\
             listener \"tcp\" {{\n address = \"{address}\"\n tls_disable = true\n}}\n\
             api_addr = \"http://{address}\"\ncluster_addr = \"http://{cluster}\"\n",
            store.display()
        );
        fs::write(directory.path().join("bao.hcl"), config).expect("a file");
        let service = Service {
            child: spawn(directory.path()),
            address,
            directory,
        };
        let mut bao = Self {
            service,
            unseal_key: String::new(),
            token: String::new(),
        };
        bao.await_port();
        let shares = r#"{"secret_shares":1,"secret_threshold":1}"#;
        let made = bao.service.request("PUT", "/v1/sys/init", &[], shares);
        let made = made.json();
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        bao.unseal_key = text(&made["keys"][0]);
        bao.token = text(&made["root_token"]);
        bao.unseal();
        bao.put("sys/mounts/transit", r#"{"type":"transit"}"#);
        bao.put(&format!("transit/keys/{key}"), "{}");
        bao
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.service.address)
    }

    /// A file with a token that may do everything.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        let path = self.service.directory().join("token");
        fs::write(&path, &self.token).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
        path
    }

    /// Stops it now, as a power cut would.
    ///
    /// # Panics
    /// When it has ended by itself before.
    pub fn stop(&mut self) {
        self.service.stop();
    }

    /// Starts it again, where it was.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run(&mut self) {
        self.service.child = spawn(self.service.directory());
        self.await_port();
        self.unseal();
    }

    fn put(&self, path: &str, body: &str) {
        let token = format!("x-vault-token: {}", self.token);
        let path = format!("/v1/{path}");
        let reply = self.service.request("POST", &path, &[&token], body);
        let is_done = (200..300).contains(&reply.status);
        assert!(is_done, "{path}: {}", reply.text());
    }

    fn unseal(&self) {
        let body = format!(r#"{{"key":"{}"}}"#, self.unseal_key);
        let reply = self.service.request("PUT", "/v1/sys/unseal", &[], &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        poll("it is active", || {
            let health = self.service.request("GET", "/v1/sys/health", &[], "");
            health.status == 200
        });
    }

    fn await_port(&self) {
        poll("it listens", || {
            Connection::open(self.service.address).is_ok()
        });
    }
}

#[track_caller]
fn poll(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "still not: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn spawn(directory: &Path) -> Child {
    tool("bao")
        .arg("server")
        .arg(format!("-config={}", directory.join("bao.hcl").display()))
        .env("HOME", directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| missing("bao", &error.to_string()))
}
