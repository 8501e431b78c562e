use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::service::{missing, tool, tools};

/// A token of `SoftHSM2`, which imitates a hardware security module in a library, and
/// `ironward-pkcs11` for it.
///
/// `cargo xtask tools` puts the library beside the other programs.
pub struct Hsm {
    directory: TempDir,
    binary: PathBuf,
}

/// A running `ironward-pkcs11 serve`; killed when it is dropped.
pub struct HsmProcess {
    child: Child,
    log: Arc<Mutex<String>>,
}

/// How long it has to start: a cold disk, other tests.
const PATIENCE: Duration = Duration::from_secs(20);

impl Hsm {
    /// The token's label.
    pub const TOKEN: &'static str = "vault";
    /// The user's PIN.
    pub const PIN: &'static str = "4711-canary-pin";

    /// A new token; `binary` is `ironward-pkcs11`.
    ///
    /// # Panics
    /// When `SoftHSM2` is not installed.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let binary = binary.into();
        assert!(
            binary.exists(),
            "{} is not built: cargo build -p ironward-pkcs11",
            binary.display()
        );
        let hsm = Self {
            directory: TempDir::new().expect("a temporary directory"),
            binary,
        };
        for name in ["tokens", "run"] {
            let path = hsm.path(name);
            fs::create_dir(&path).expect("a directory");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("its mode");
        }
        let config = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            hsm.path("tokens").display()
        );
        fs::write(hsm.path("softhsm2.conf"), config).expect("a file");
        hsm.write_pin(Self::PIN);
        hsm.init_token(Self::PIN);
        hsm
    }

    /// Makes an empty token with another PIN.
    ///
    /// # Panics
    /// When it is not made.
    #[track_caller]
    pub fn init_token(&self, pin: &str) {
        let officer = "0815-of-the-officer";
        let label = ["--label", Self::TOKEN, "--so-pin", officer, "--pin", pin];
        self.softhsm(&[&["--init-token", "--free"], label.as_slice()].concat());
    }

    /// A file of its directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where `ironward-pkcs11` listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path("run/socket")
    }

    /// Puts another PIN into the file that commands read.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_pin(&self, pin: &str) {
        let path = self.path("pin");
        fs::write(&path, format!("{pin}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
    }

    /// `ironward-pkcs11 VERB` for this token, with the PIN's file.
    #[must_use]
    pub fn command(&self, verb: &str) -> Command {
        let mut command = self.bare(verb);
        command
            .args(["--token", Self::TOKEN])
            .arg("--module")
            .arg(Self::module())
            .arg("--pin-file")
            .arg(self.path("pin"));
        command
    }

    /// `ironward-pkcs11 VERB` and nothing else.
    #[must_use]
    pub fn bare(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg(verb)
            .env_clear()
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .stdin(Stdio::null());
        command
    }

    /// `ironward-pkcs11 serve` of this key.
    #[must_use]
    pub fn serve_command(&self, key: &str) -> Command {
        let mut command = self.command("serve");
        command.args(["--key", key]).arg("--socket");
        command.arg(self.socket());
        command
    }

    /// Makes a key and gives its name.
    ///
    /// # Panics
    /// When it is not made.
    #[must_use]
    #[track_caller]
    pub fn create_key(&self, label: &str) -> String {
        let made = self.command("create-key").args(["--label", label]).output();
        let made = made.expect("the binary runs");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    /// Serves a key, and waits until it is.
    ///
    /// # Panics
    /// When it is not; the message holds what it said.
    #[must_use]
    #[track_caller]
    pub fn serve(&self, key: &str) -> HsmProcess {
        HsmProcess::start(self.serve_command(key))
    }

    /// Puts a key of these bytes into the token that was elsewhere before.
    ///
    /// # Panics
    /// When the token does not take it.
    #[track_caller]
    pub fn import(&self, label: &str, bytes: &[u8]) {
        let file = self.path("imported");
        fs::write(&file, bytes).expect("a file");
        let file = file.display().to_string();
        let pin = Self::PIN;
        self.softhsm(&[
            "--import",
            &file,
            "--aes",
            "--token",
            Self::TOKEN,
            "--pin",
            pin,
            "--label",
            label,
            "--id",
            "0102",
        ]);
    }

    /// Lets every key leave the token, by a change of its files: what may be done with a key is not
    /// authenticated there.
    ///
    /// # Panics
    /// When no key is found.
    #[track_caller]
    pub fn make_extractable(&self) {
        // CKA_EXTRACTABLE, of the kind of truth values.
        let mut before = Vec::from(0x162_u64.to_be_bytes());
        before.extend_from_slice(&1_u64.to_be_bytes());
        let mut changed = 0;
        for token in fs::read_dir(self.path("tokens")).expect("a directory") {
            for object in fs::read_dir(token.expect("a token").path()).expect("its files") {
                let path = object.expect("a file").path();
                let mut bytes = fs::read(&path).expect("a file");
                let width = before.len();
                let found = bytes.windows(width).position(|part| part == before);
                if let Some(at) = found {
                    bytes[at + width] = 0xff;
                    fs::write(&path, bytes).expect("a file");
                    changed += 1;
                }
            }
        }
        assert!(changed > 0, "there is no key");
    }

    /// Pulls the token out.
    ///
    /// # Panics
    /// When it is out.
    pub fn pull_out(&self) {
        fs::rename(self.path("tokens"), self.path("pulled")).expect("it is in");
        fs::create_dir(self.path("tokens")).expect("a directory");
    }

    /// Puts the token back.
    ///
    /// # Panics
    /// When it is in.
    pub fn put_back(&self) {
        fs::remove_dir(self.path("tokens")).expect("it is empty");
        fs::rename(self.path("pulled"), self.path("tokens")).expect("it was pulled out");
    }

    /// The library.
    #[must_use]
    pub fn module() -> PathBuf {
        tools("libsofthsm2.so").join("libsofthsm2.so")
    }

    #[track_caller]
    fn softhsm(&self, args: &[&str]) {
        let output = tool("softhsm2-util")
            .arg("--module")
            .arg(Self::module())
            .args(args)
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .output()
            .unwrap_or_else(|error| missing("softhsm2-util", &error.to_string()));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "softhsm2-util {args:?}: {said}");
    }
}

impl HsmProcess {
    #[track_caller]
    fn start(mut command: Command) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("the binary runs");
        let log = Arc::new(Mutex::new(String::new()));
        let (pipe, kept) = (child.stderr.take().expect("a pipe"), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut process = Self { child, log };
        process.wait_for_log("serving ");
        process
    }

    /// Waits until it has said this.
    ///
    /// # Panics
    /// When it does not, or ends.
    #[track_caller]
    pub fn wait_for_log(&mut self, text: &str) {
        let started = Instant::now();
        while !self.log().contains(text) {
            let ended = self.child.try_wait().expect("a child can be asked");
            let is_late = started.elapsed() > PATIENCE;
            assert!(ended.is_none() && !is_late, "{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.clone()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for HsmProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `ironward-pkcs11` beside another binary of the same build.
#[must_use]
pub fn pkcs11_beside(binary: &Path) -> PathBuf {
    binary.with_file_name("ironward-pkcs11")
}
