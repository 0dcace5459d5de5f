//! The programs that this build knows.
//!
//! Sources: OpenClaw 2026.2.9, `docs/gateway/cli-backends.md`; `claude --help`; `codex exec --help`.

use std::collections::BTreeMap;

use openclaw_guard::Secret;

use super::settings::{
    CliSettings, ImageArgs, ModelArgs, Output, PromptWhen, SessionArgs, SessionMode, SystemArgs, owned,
};

/// Claude Code.
pub const CLAUDE_CLI: &str = "claude-cli";
/// Codex.
pub const CODEX_CLI: &str = "codex-cli";

/// What both programs' usual models hold, in tokens.
const CONTEXT_WINDOW: u32 = 200_000;
/// Claude Code prints one object. OpenClaw adds `--dangerously-skip-permissions`, with which whoever writes to the
/// assistant can have any command run; without it the program declines what it would have to ask for. It runs where an
/// agent writes, so it takes nothing from there: a `.mcp.json` or a hook in `.claude/settings.json` is a command.
const CLAUDE_ARGS: &[&str] =
    &["-p", "--output-format", "json", "--setting-sources", "user", "--strict-mcp-config"];
/// A message that says `@/path/of/a/file` shall not send that file (Claude Code 2.0).
const CLAUDE_NO_ATTACHMENTS: (&str, &str) = ("CLAUDE_CODE_DISABLE_ATTACHMENTS", "1");
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
/// Goes on with a session, and with the model that is meant now. OpenClaw has the flags behind `resume`, where Codex 0.98
/// refuses them.
const CODEX_RESUME: &[&str] = &["--model", "{model}", "resume", "{sessionId}"];

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
        // It is no part of the session that is resumed.
        system: SystemArgs {
            arg: Some(CLAUDE_APPEND.into()),
            when: PromptWhen::Always,
            ..SystemArgs::default()
        },
        images: ImageArgs {
            opens_paths: true,
            takes_many: true,
            folder_arg: Some("--add-dir"),
            ..ImageArgs::default()
        },
        env: vec![(CLAUDE_NO_ATTACHMENTS.0.to_owned(), Secret::new(CLAUDE_NO_ATTACHMENTS.1.to_owned()))],
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
            resume_args: owned(&[&["exec"], CODEX_FLAGS, CODEX_RESUME].concat()),
            resume_output: Some(Output::Text),
            mode: SessionMode::Existing,
            id_fields: owned(&["thread_id"]),
            ..SessionArgs::default()
        },
        images: ImageArgs { arg: Some("--image".into()), takes_many: true, ..ImageArgs::default() },
        own_env: &["CODEX_"],
        folder_args: Some(codex_distrusts),
        context_window: CONTEXT_WINDOW,
        ..CliSettings::new("codex")
    }
}

/// Has Codex take no project's `.codex/config.toml`, which names commands: its owner may have called the folder, or one
/// above it, trusted, and an agent writes there.
fn codex_distrusts(folder: &str) -> Vec<String> {
    // What JSON escapes, TOML reads.
    let folder = serde_json::Value::from(folder);
    vec!["-c".to_owned(), format!("projects={{{folder}={{trust_level=\"untrusted\"}}}}")]
}

#[cfg(test)]
mod tests {
    use super::{claude, codex, codex_distrusts};

    /// The arguments of OpenClaw 2026.2.9, but for the one that lets a program do anything, with what keeps a program from
    /// taking commands out of the workspace, and where Codex 0.98 takes them.
    #[test]
    fn programs_are_called_as_the_release_calls_them() {
        let claude = claude();
        let flags = "-p --output-format json --setting-sources user --strict-mcp-config";
        assert_eq!(claude.args.join(" "), flags);
        assert_eq!(
            claude.session.resume_args.join(" "),
            format!("{flags} --resume {{sessionId}} --model {{model}}")
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
            "exec --color never --sandbox read-only --skip-git-repo-check --model {model} resume {sessionId}"
        );
        assert!(claude.reads_anything && codex.reads_anything, "neither is for groups");
    }

    #[test]
    fn a_folder_that_is_not_trusted() {
        assert_eq!(
            codex_distrusts("/h/a \"b\" c.d"),
            ["-c", r#"projects={"/h/a \"b\" c.d"={trust_level="untrusted"}}"#]
        );
    }
}
