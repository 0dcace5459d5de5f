//! The commands, declared once: the parser and the help read the same table.

use anyhow::{Context as _, Result, bail};

use crate::run::{cargo, root, step};
use crate::{arm, chromium, local, say};

/// One command of `cargo xtask`.
pub(crate) struct Command {
    /// What one types.
    pub(crate) name: &'static str,
    /// What may follow.
    arguments: &'static str,
    /// What it does, in a line.
    about: &'static str,
    /// Does it.
    pub(crate) run: fn(&[String]) -> Result<()>,
}

/// Every command.
pub(crate) const COMMANDS: [Command; 8] = [
    Command {
        name: "test",
        arguments: "[arguments of cargo test]",
        about: "run every test; fetches Chromium for the test of the chat page",
        run: test,
    },
    Command {
        name: "ci",
        arguments: "[--release]",
        about: "what CI runs: format, lints, documentation, with --release the optimised program, the worker of local \
                models, all tests",
        run: ci,
    },
    Command {
        name: "bench",
        arguments: "[arguments of openclaw-bench]",
        about: "build the optimised program and measure it",
        run: bench,
    },
    Command {
        name: "torture",
        arguments: "[arguments of openclaw-torture]",
        about: "kill the optimised program thousands of times, break its disk and its files, and count what was lost",
        run: torture,
    },
    Command {
        name: "local",
        arguments: "[arguments of cargo test]",
        about: "build the worker program of local models and test it; fetches cmake and libclang",
        run: local::run,
    },
    Command {
        name: "arm",
        arguments: "[arguments of cargo test]",
        about: "test the encoder of the built-in model for ARM, in an emulator",
        run: arm::run,
    },
    Command { name: "docs", arguments: "", about: "write the generated chapters of docs/ again", run: docs },
    Command { name: "help", arguments: "", about: "this list", run: help },
];

/// The chapters that are written from declarations: file, package, test that writes it.
const CHAPTERS: [(&str, &str, &str); 1] = [("docs/configuration.md", "openclaw-config", "book")];
/// Makes such a test write the chapter instead of comparing it.
const BLESS: &str = "OPENCLAW_BLESS";

fn test(arguments: &[String]) -> Result<()> {
    let browser = chromium::ensure()?;
    let test = |extra: &[&str]| {
        let mut command = cargo();
        command.arg("test").args(scope(arguments)).args(extra).args(arguments);
        command.env(chromium::VARIABLE, &browser);
        command
    };
    // Builds the `openclaw` that the tests start, too. Building it alone would resolve other features of the
    // dependencies and compile half of them twice.
    step("build openclaw and its tests", &mut test(&["--no-run"]))?;
    step("tests", &mut test(&["--no-fail-fast"]))
}

/// All packages, unless the arguments choose some.
fn scope(arguments: &[String]) -> &'static [&'static str] {
    let ours = arguments.iter().take_while(|argument| *argument != "--");
    let chooses = |argument: &String| {
        argument.starts_with("-p") || argument.starts_with("--package") || argument == "--workspace"
    };
    if ours.into_iter().any(chooses) { &[] } else { &["--workspace"] }
}

fn ci(arguments: &[String]) -> Result<()> {
    let release = match arguments {
        [] => false,
        [flag] if flag == "--release" => true,
        other => bail!("unknown arguments {other:?}; `cargo xtask ci` takes only --release"),
    };
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    step("lints", cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    step(
        "documentation",
        cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    if release {
        build_release()?;
    }
    local::ci()?;
    arm::ci()?;
    // Last, so that the log ends with the summaries. The rules of the house are among the tests.
    test(&[])
}

fn bench(arguments: &[String]) -> Result<()> {
    build_release()?;
    // It measures the `openclaw` that lies beside it.
    let measure = ["run", "--release", "--package", "openclaw-bench", "--"];
    step("bench", cargo().args(measure).args(arguments))
}

fn torture(arguments: &[String]) -> Result<()> {
    build_release()?;
    // It tortures the `openclaw` that lies beside it.
    let torture = ["run", "--release", "--package", "openclaw-torture", "--"];
    step("torture", cargo().args(torture).args(arguments))?;
    if !arguments.is_empty() {
        // One part of the harness was asked for.
        return Ok(());
    }
    let mut transcripts = cargo();
    transcripts.args(["test", "--release", "--package", "openclaw-store", "--test", "transcript_torture"]);
    transcripts.env("OPENCLAW_TORTURE_CUTS", "all").env("OPENCLAW_TORTURE_MUTATIONS", "1000000");
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        // Where a sync costs nothing: it is damage that is counted here, not time.
        transcripts.env("TMPDIR", memory);
    }
    step("damaged transcripts (P-05, P-06)", &mut transcripts)?;
    bench(&["--rows".to_owned(), "sessions".to_owned()]).context("an index that was lost (P-07)")
}

fn build_release() -> Result<()> {
    step("optimised build", cargo().args(["build", "--release", "--package", "openclaw"]))
}

fn docs(arguments: &[String]) -> Result<()> {
    if !arguments.is_empty() {
        bail!("unknown arguments {arguments:?}; `cargo xtask docs` takes none");
    }
    for (file, package, test) in CHAPTERS {
        let path = root().join(file);
        let before = std::fs::read(&path).ok(); // absent before its first writing
        step(file, cargo().args(["test", "--quiet", "--package", package, "--test", test]).env(BLESS, "1"))?;
        let after = std::fs::read(&path).with_context(|| format!("{file} was not written"))?;
        let verdict = if before.as_deref() == Some(&after) { "was current" } else { "is new: commit it" };
        say::line(&format!("{file} {verdict}"));
    }
    Ok(())
}

fn help(_arguments: &[String]) -> Result<()> {
    let mut text = "usage: cargo xtask <command> [arguments]\n".to_owned();
    for command in &COMMANDS {
        let usage = format!("{} {}", command.name, command.arguments);
        text.push_str(&format!("\n  {}\n      {}\n", usage.trim_end(), command.about));
    }
    say::page(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CHAPTERS, COMMANDS, ci, docs, root, scope};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn names_are_unique() {
        for (index, command) in COMMANDS.iter().enumerate() {
            assert!(COMMANDS[index + 1..].iter().all(|other| other.name != command.name), "{}", command.name);
        }
    }

    #[test]
    fn everything_is_tested_unless_a_package_is_chosen() {
        let table = [
            ("", true),
            ("rules", true),
            ("-- --nocapture", true),
            ("rules -- -p", true),
            ("-p openclaw-guard", false),
            ("-popenclaw-guard", false),
            ("--package openclaw-guard", false),
            ("--package=openclaw-guard", false),
            ("--workspace", false),
        ];
        for (arguments, all) in table {
            assert_eq!(scope(&words(arguments)) == ["--workspace"], all, "{arguments:?}");
        }
    }

    #[test]
    fn unknown_arguments_are_refused_before_anything_runs() {
        assert!(ci(&words("--relase")).unwrap_err().to_string().contains("--relase"));
        assert!(docs(&words("now")).unwrap_err().to_string().contains("now"));
    }

    #[test]
    fn generated_chapters_exist() {
        for (file, _, _) in CHAPTERS {
            assert!(root().join(file).is_file(), "{file}");
        }
    }
}
