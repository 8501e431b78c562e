mod lasting;
mod prometheus;

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::raw::{Connection, Reply};

pub use lasting::LastingBao;
pub use prometheus::promtool_check;

/// A real service that a test runs against, on a port of 127.0.0.1; stopped when it is dropped.
///
/// The programs come from Python and Debian packages that `cargo xtask test` installs below the target
/// directory; `IRONWARD_TEST_TOOLS` names the directory of the programs.
pub struct Service {
    child: Child,
    address: SocketAddr,
    directory: TempDir,
}

/// How long a service has to start: Python reads its modules from a cold disk.
const PATIENCE: Duration = Duration::from_secs(60);

impl Service {
    /// The token that may do everything in [`openbao`](Self::openbao).
    pub const ROOT_TOKEN: &'static str = "root-of-the-test-kit";

    /// `OpenBao` (`HashiCorp` Vault's API) in memory, unsealed. With `tls`, it makes a certificate
    /// for itself: [`Service::authority`].
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn openbao(tls: bool) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        // It does not say which port it took, so it cannot choose one itself.
        let address = quiet_address();
        let mut command = tool("bao");
        command
            .args(["server", "-dev", "-dev-no-store-token"])
            .arg(format!("-dev-root-token-id={}", Self::ROOT_TOKEN))
            .arg(format!("-dev-listen-address={address}"))
            .env("HOME", directory.path());
        if tls {
            command.arg("-dev-tls");
            command.arg(format!("-dev-tls-cert-dir={}", directory.path().display()));
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| missing("bao", &error.to_string()));
        let service = Self {
            child,
            address,
            directory,
        };
        service.await_health(tls)
    }

    /// AWS's services as `moto` imitates them, without accounts: every key is let in until
    /// `/moto-api/reset-auth` says otherwise.
    ///
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn moto() -> Self {
        let mut child = tool("moto_server")
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| missing("moto_server", &error.to_string()));
        let pipe = child.stderr.take().expect("a piped stderr");
        let (found, ready) = mpsc::channel();
        // It goes on reading afterwards, or the service would block on a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("Running on http://") {
                    drop(found.send(url.trim().parse::<SocketAddr>()));
                }
            }
        });
        let address = ready.recv_timeout(PATIENCE);
        Self {
            child,
            address: address.expect("moto says where").expect("an address"),
            directory: TempDir::new().expect("a temporary directory"),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A directory that goes with the service.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The authority that signed the service's certificate, as PEM.
    ///
    /// # Panics
    /// When the service was started without TLS.
    #[must_use]
    pub fn authority(&self) -> Vec<u8> {
        let path = self.directory.path().join("vault-ca.pem");
        std::fs::read(path).expect("a certificate authority")
    }

    /// Sends one request without TLS; `headers` are whole lines.
    ///
    /// # Panics
    /// When there is no answer.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for line in headers {
            text.push_str(line);
            text.push_str("\r\n");
        }
        text.push_str(&format!(
            "connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        let mut connection = Connection::open(self.address).expect("the service listens");
        // A service that is made ready writes to the disk, which others may keep busy.
        connection
            .set_patience(PATIENCE)
            .expect("a timeout of a socket");
        connection
            .send(text.as_bytes())
            .expect("it takes a request");
        connection.read_reply().expect("it replies")
    }

    /// Stops it now, as a power cut would.
    ///
    /// # Panics
    /// When it has ended by itself before.
    pub fn stop(&mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ends");
    }

    /// Whether it is up, and its store for secrets has got the versions that it makes for it after
    /// that.
    fn is_ready(&self) -> bool {
        let token = format!("x-vault-token: {}", Self::ROOT_TOKEN);
        ["/v1/sys/health", "/v1/secret/config"]
            .iter()
            .all(|path| self.request("GET", path, &[&token], "").status == 200)
    }

    fn await_health(mut self, tls: bool) -> Self {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("bao ended while it started: {status}");
            }
            if Connection::open(self.address).is_ok() && (tls || self.is_ready()) {
                return self;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("bao is not ready after {PATIENCE:?}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An address for a service that starts later. The system gives its port to nobody else: it is
/// below the range of which it takes ports for others (32768 and up), and each process of a test
/// run looks in another place.
fn quiet_address() -> SocketAddr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(8);
    let mut candidates = (0..1000).map(|_| {
        let step = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + start.wrapping_add(step) % 20_000;
        SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap_or(12_000)))
    });
    let free = candidates.find(|address| TcpListener::bind(address).is_ok());
    free.expect("a free port below 32768")
}

/// The directory of the services' programs, of which `name` is wanted.
pub(crate) fn tools(name: &str) -> PathBuf {
    let Some(directory) = std::env::var_os("IRONWARD_TEST_TOOLS") else {
        missing(name, "IRONWARD_TEST_TOOLS is not set");
    };
    PathBuf::from(directory)
}

pub(crate) fn tool(name: &str) -> Command {
    let directory = tools(name);
    let mut command = Command::new(directory.join(name));
    command.env_clear().env("PATH", &directory);
    command
}

#[track_caller]
pub(crate) fn missing(name: &str, why: &str) -> ! {
    panic!(
        "this test needs {name} ({why}): run `cargo xtask test --only tests`, which installs it, or \
         `export IRONWARD_TEST_TOOLS=$(cargo xtask tools)` before `cargo nextest run`"
    );
}
