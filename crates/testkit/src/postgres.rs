use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A `PostgreSQL` server of this test process alone, on a free port of 127.0.0.1; stopped when it
/// is dropped, and also when the test process ends in any other way.
pub struct Postgres {
    /// A shell that ends the server when its own standard input ends.
    keeper: Option<Child>,
    directory: TempDir,
    binaries: PathBuf,
    port: u16,
    databases: AtomicU32,
}

const INSTALL: &str = "PostgreSQL is needed for this test: sudo apt-get install -y postgresql-15";

/// Runs `"$@"` until standard input ends, then stops it as fast as it can go without harm.
const KEEPER: &str = r#""$@" </dev/null & pid=$!; echo "$pid"; while read -r _; do :; done; kill -INT "$pid"; wait "$pid""#;

impl Postgres {
    /// Makes a database cluster in a temporary directory and starts a server over it.
    ///
    /// # Panics
    /// When `PostgreSQL` is not installed, with the command that installs it, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let binaries = binaries();
        let directory = TempDir::new().expect("a temporary directory");
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(directory.path(), open).expect("the directory is shared");
        let initdb = binaries.join("initdb");
        let cluster = directory.path().join("cluster");
        let made = as_ordinary_user(&initdb)
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=ironward",
                "--encoding=UTF8",
            ])
            .arg("--no-locale")
            .arg("--pgdata")
            .arg(&cluster)
            .current_dir(directory.path())
            .output()
            .expect(INSTALL);
        assert!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut server = Self {
            keeper: None,
            directory,
            binaries,
            port: free_port(),
            databases: AtomicU32::new(0),
        };
        server.run();
        server
    }

    /// Starts the server again after [`Self::stop`], on the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run(&mut self) {
        let postgres = as_ordinary_user(&self.binaries.join("postgres"));
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "sh"])
            .arg(postgres.get_program())
            .args(postgres.get_args())
            .arg("-D")
            .arg(self.directory.path().join("cluster"))
            .args(["-p", &self.port.to_string()])
            .arg("-k")
            .arg(self.directory.path())
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args([
                "-c",
                "fsync=off",
                "-c",
                "shared_buffers=16MB",
                "-c",
                "max_connections=100",
            ])
            .current_dir(self.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut keeper = keeper.spawn().expect("sh runs");
        let mut log = BufReader::new(keeper.stderr.take().expect("a pipe"));
        let started = Instant::now();
        let mut text = String::new();
        while !text.contains("database system is ready to accept connections") {
            let read = log.read_line(&mut text).expect("the log is text");
            let waited = started.elapsed();
            assert!(
                read > 0 && waited < Duration::from_secs(30),
                "postgres did not start:\n{text}"
            );
        }
        // The pipe has to be read on, or the server would stop at a full one.
        std::thread::spawn(move || drop(std::io::copy(&mut log, &mut std::io::sink())));
        self.keeper = Some(keeper);
    }

    /// Stops the server as an administrator does; what it holds stays.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            keeper.wait().expect("the server ends");
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The address of a new, empty database.
    ///
    /// # Panics
    /// When the server does not make one.
    #[must_use]
    pub fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test{number}");
        let made = Command::new(self.binaries.join("createdb"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", "ironward", &name])
            .output()
            .expect(INSTALL);
        assert!(
            made.status.success(),
            "createdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        format!("postgres://ironward@127.0.0.1:{}/{name}", self.port)
    }
}

impl Postgres {
    /// All that a database holds, as text; bytes are in hexadecimal.
    ///
    /// # Panics
    /// When it cannot be had.
    #[must_use]
    pub fn dump(&self, url: &str) -> String {
        let dumped = Command::new(self.binaries.join("pg_dump"))
            .args(["--inserts", url])
            .output()
            .expect(INSTALL);
        assert!(
            dumped.status.success(),
            "pg_dump failed: {}",
            String::from_utf8_lossy(&dumped.stderr)
        );
        String::from_utf8_lossy(&dumped.stdout).into_owned()
    }

    /// Runs statements, and gives what they answer: a row a line.
    ///
    /// # Panics
    /// When one fails.
    #[track_caller]
    pub fn execute(&self, url: &str, sql: &str) -> String {
        let ran = Command::new(self.binaries.join("psql"))
            .args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, url])
            .output()
            .expect(INSTALL);
        assert!(
            ran.status.success(),
            "psql failed: {}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            drop(keeper.wait());
        }
    }
}

/// Debian keeps the server's programs out of the path, by version.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates: Vec<_> = debian.collect();
    candidates.sort();
    candidates.reverse();
    candidates.extend(std::env::split_paths(&path));
    let found = candidates.into_iter().find(|bin| {
        ["initdb", "postgres", "createdb"]
            .iter()
            .all(|name| bin.join(name).exists())
    });
    found.expect(INSTALL)
}

/// `PostgreSQL` refuses to run as root: its own user runs it then.
fn as_ordinary_user(program: &Path) -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ])
        .arg(program);
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}
