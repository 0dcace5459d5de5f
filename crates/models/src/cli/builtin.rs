//! The programs that this build knows.
//!
//! Sources: OpenClaw 2026.2.9, `docs/gateway/cli-backends.md`; `claude --help`; `codex exec --help`.

use std::collections::BTreeMap;

use super::settings::{
    CliSettings, ImageArgs, ModelArgs, Output, SessionArgs, SessionMode, SystemArgs, owned,
};

/// Claude Code.
pub const CLAUDE_CLI: &str = "claude-cli";
/// Codex.
pub const CODEX_CLI: &str = "codex-cli";

/// What both programs' usual models hold, in tokens.
const CONTEXT_WINDOW: u32 = 200_000;
/// Claude Code prints one object. OpenClaw adds `--dangerously-skip-permissions`, with which whoever writes to the
/// assistant can have any command run; without it the program declines what it would have to ask for.
const CLAUDE_ARGS: &[&str] = &["-p", "--output-format", "json"];
/// Goes on with a session, and with the model that is meant now: without a name it would take its own default.
const CLAUDE_RESUME: &[&str] = &["--resume", "{sessionId}", "--model", "{model}"];
/// Adds to Claude Code's own system prompt.
const CLAUDE_APPEND: &str = "--append-system-prompt";
/// Takes its place.
const CLAUDE_REPLACE: &str = "--system-prompt";
/// Families of models, and the versions that people write. The program knows the newest of each by the family's name.
const CLAUDE_MODELS: &[(&str, &[&str])] =
    &[("opus", &["4.6", "4.5", "4"]), ("sonnet", &["4.5", "4.1", "4.0"]), ("haiku", &["3.5"])];
/// Flags of both ways to run Codex.
const CODEX_FLAGS: &[&str] = &["--color", "never", "--sandbox", "read-only", "--skip-git-repo-check"];

/// The names under which there is a program without any configuration.
pub(super) fn builtin_ids() -> [&'static str; 2] {
    [CLAUDE_CLI, CODEX_CLI]
}

/// How a program of this name is used when nothing is said.
pub(super) fn builtin(id: &str) -> Option<CliSettings> {
    match id {
        CLAUDE_CLI => Some(claude()),
        CODEX_CLI => Some(codex()),
        _ => None,
    }
}

/// The argument that replaces a system prompt, for one that adds to it.
pub(super) fn replacing(arg: &str) -> String {
    if arg == CLAUDE_APPEND { CLAUDE_REPLACE.to_owned() } else { arg.to_owned() }
}

fn claude() -> CliSettings {
    let mut aliases = BTreeMap::new();
    for (family, versions) in CLAUDE_MODELS {
        aliases.insert((*family).to_owned(), (*family).to_owned());
        for version in *versions {
            aliases.insert(format!("{family}-{version}"), (*family).to_owned());
            aliases.insert(format!("claude-{family}-{}", version.replace('.', "-")), (*family).to_owned());
        }
    }
    let base = CliSettings::new("claude");
    CliSettings {
        args: owned(CLAUDE_ARGS),
        model: ModelArgs { arg: Some("--model".into()), aliases },
        session: SessionArgs {
            arg: Some("--session-id".into()),
            resume_args: owned(&[CLAUDE_ARGS, CLAUDE_RESUME].concat()),
            mode: SessionMode::Always,
            ..base.session
        },
        system: SystemArgs { arg: Some(CLAUDE_APPEND.into()), ..SystemArgs::default() },
        images: ImageArgs {
            opens_paths: true,
            takes_many: true,
            folder_arg: Some("--add-dir"),
            ..ImageArgs::default()
        },
        clear_env: owned(&["ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY_OLD"]),
        own_env: &["CLAUDE_"],
        context_window: CONTEXT_WINDOW,
        ..base
    }
}

fn codex() -> CliSettings {
    CliSettings {
        args: owned(&[&["exec", "--json"], CODEX_FLAGS].concat()),
        output: Output::Jsonl,
        model: ModelArgs { arg: Some("--model".into()), ..ModelArgs::default() },
        session: SessionArgs {
            resume_args: owned(&[&["exec", "resume", "{sessionId}"], CODEX_FLAGS].concat()),
            resume_output: Some(Output::Text),
            mode: SessionMode::Existing,
            id_fields: owned(&["thread_id"]),
            ..SessionArgs::default()
        },
        images: ImageArgs { arg: Some("--image".into()), takes_many: true, ..ImageArgs::default() },
        own_env: &["CODEX_"],
        // Its sandbox is about writing.
        reads_anything: true,
        context_window: CONTEXT_WINDOW,
        ..CliSettings::new("codex")
    }
}

#[cfg(test)]
mod tests {
    use super::{claude, codex};

    /// The arguments of OpenClaw 2026.2.9, but for the one that lets a program do anything.
    #[test]
    fn programs_are_called_as_the_release_calls_them() {
        let claude = claude();
        assert_eq!(claude.args.join(" "), "-p --output-format json");
        assert_eq!(
            claude.session.resume_args.join(" "),
            "-p --output-format json --resume {sessionId} --model {model}"
        );
        for (name, known) in [
            ("opus", "opus"),
            ("opus-4.6", "opus"),
            ("opus-4", "opus"),
            ("claude-opus-4-5", "opus"),
            ("claude-sonnet-4-1", "sonnet"),
            ("sonnet-4.0", "sonnet"),
            ("claude-haiku-3-5", "haiku"),
        ] {
            assert_eq!(claude.model.name(name), known, "{name}");
        }
        assert_eq!(claude.model.aliases.len(), 17);
        let codex = codex();
        assert_eq!(
            codex.args.join(" "),
            "exec --json --color never --sandbox read-only --skip-git-repo-check"
        );
        assert_eq!(
            codex.session.resume_args.join(" "),
            "exec resume {sessionId} --color never --sandbox read-only --skip-git-repo-check"
        );
    }
}
