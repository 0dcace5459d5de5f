//! What a program is called with: a pure function of its settings, the request and the session.

use std::path::{Path, PathBuf};

use super::prompt::with_paths;
use super::session::KnownConversation;
use super::settings::{CliSettings, ImageMode, Input, Output, PromptWhen, SessionMode};

/// The system refuses longer arguments (`MAX_ARG_STRLEN` on Linux, with the byte that ends them).
const MAX_ARG_BYTES: usize = 128 * 1024 - 1;
/// A longer id of a session is none; known ones have 36 characters.
const MAX_SESSION_ID_BYTES: usize = 256;
const SESSION_ID: &str = "{sessionId}";
const MODEL: &str = "{model}";
/// The system prompt speaks of tools that only other models have.
const NO_TOOLS: &str =
    "Whatever is called a tool above cannot be used in this conversation. Answer with text alone.";

/// One call of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Its arguments.
    pub args: Vec<String>,
    /// What it reads; nothing when the prompt is among the arguments.
    pub stdin: Option<String>,
    /// What it will print.
    pub output: Output,
}

/// Which conversation a program is told that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionUse {
    /// It is told of none.
    Without,
    /// A new one, under this id.
    New(String),
    /// One that it knows.
    Existing(String),
}

/// Whether a program that goes on with a conversation answers with this model: it is told its name, or it is the one that
/// the conversation has. Where nobody noted that, as OpenClaw does not, it is believed.
pub(crate) fn goes_on_with(settings: &CliSettings, known: &KnownConversation, model: &str) -> bool {
    let resume_args = &settings.session.resume_args;
    let is_told = resume_args.is_empty() || resume_args.iter().any(|arg| arg.contains(MODEL));
    let is_same = |kept: &String| settings.model.name(kept) == settings.model.name(model);
    is_told || known.model.as_ref().is_none_or(is_same)
}

impl SessionUse {
    /// Decides by the settings and by the id that is kept of the conversation.
    #[must_use]
    pub fn decide(settings: &CliSettings, kept: Option<&str>, fresh: impl FnOnce() -> String) -> Self {
        let session = &settings.session;
        let takes_id = session.arg.is_some() || !session.args.is_empty();
        let kept = kept.filter(|id| is_session_id(id));
        match (session.mode, kept) {
            (SessionMode::Always | SessionMode::Existing, Some(id))
                if takes_id || !session.resume_args.is_empty() =>
            {
                Self::Existing(id.to_owned())
            }
            (SessionMode::Always, _) if takes_id => Self::New(fresh()),
            (SessionMode::Always | SessionMode::Existing | SessionMode::Never, _) => Self::Without,
        }
    }

    /// The id that the program is told.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Without => None,
            Self::New(id) | Self::Existing(id) => Some(id),
        }
    }

    /// Whether the program knows the conversation.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Existing(_))
    }
}

/// Whether a text can be the id of a session: it becomes an argument, and must not be taken for an option.
pub(crate) fn is_session_id(text: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
    !text.is_empty()
        && text.len() <= MAX_SESSION_ID_BYTES
        && !text.starts_with('-')
        && text.chars().all(is_plain)
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The model's id, as references have it.
    pub(crate) model: &'a str,
    /// The system prompt; empty for none.
    pub(crate) system: &'a str,
    /// The new message, or the whole conversation.
    pub(crate) prompt: &'a str,
    /// What of the system prompt holds for this answer alone; empty for nothing.
    pub(crate) instructions: &'a str,
    /// Where its images are.
    pub(crate) images: &'a [PathBuf],
    /// Where the program runs.
    pub(crate) folder: Option<&'a Path>,
}

impl Invocation {
    pub(crate) fn of(settings: &CliSettings, asking: Asking<'_>, session: &SessionUse) -> Self {
        let resumed = if settings.session.resume_args.is_empty() { None } else { session.id() };
        let resumed = resumed.filter(|_| session.is_known());
        let mut args = match resumed {
            Some(id) => resume_args(settings, id, asking.model),
            None => settings.args.clone(),
        };
        if let (Some(folder_args), Some(folder)) = (settings.folder_args, asking.folder) {
            args.extend(folder_args(&path_text(folder)));
        }
        let has_images = !asking.images.is_empty();
        if let (Some(arg), Some(folder)) =
            (settings.images.folder_arg, asking.images.first().and_then(|it| it.parent()))
        {
            args.extend([arg.to_owned(), path_text(folder)]);
        }
        let system = system_text(settings, &asking, session);
        let mut prompt = asking.prompt.replace('\0', "");
        if resumed.is_none() {
            args.extend(model_args(settings, asking.model));
        }
        match (&settings.system.arg, system) {
            (Some(arg), Some(text)) if text.len() < MAX_ARG_BYTES => {
                args.extend([arg.clone(), as_value(text)])
            }
            // A program without a place for it, or a text that fits into none, is told before anything else.
            (_, Some(text)) => prompt = format!("{text}\n\n{prompt}"),
            (_, None) => prompt = with_instructions(settings, &asking, prompt),
        }
        if resumed.is_none() {
            args.extend(session_args(settings, session));
        }
        match &settings.images.arg {
            Some(arg) => args.extend(image_args(arg, settings.images.mode, asking.images)),
            None => prompt = with_paths(&prompt, asking.images),
        }
        let is_long = settings.max_prompt_arg_chars.is_some_and(|most| prompt.chars().count() > most);
        let stdin = if settings.input == Input::Stdin || is_long || prompt.len() >= MAX_ARG_BYTES {
            Some(prompt)
        } else {
            if has_images && settings.images.takes_many {
                args.push("--".to_owned());
            }
            args.push(as_value(prompt));
            None
        };
        let output = resumed.and(settings.session.resume_output).unwrap_or(settings.output);
        Self { args, stdin, output }
    }
}

fn resume_args(settings: &CliSettings, id: &str, model: &str) -> Vec<String> {
    let model = settings.model.name(model);
    let filled = |arg: &String| {
        let made = arg.replace(SESSION_ID, id).replace(MODEL, model);
        if arg.starts_with('-') { made } else { as_value(made) }
    };
    settings.session.resume_args.iter().map(filled).collect()
}

fn model_args(settings: &CliSettings, model: &str) -> Vec<String> {
    match (&settings.model.arg, settings.model.name(model)) {
        (Some(arg), name) if !name.is_empty() => vec![arg.clone(), as_value(name.to_owned())],
        (Some(_) | None, _) => Vec::new(),
    }
}

fn session_args(settings: &CliSettings, session: &SessionUse) -> Vec<String> {
    let Some(id) = session.id() else { return Vec::new() };
    match (&settings.session.arg, settings.session.args.as_slice()) {
        (Some(arg), []) => vec![arg.clone(), id.to_owned()],
        (_, args) => args.iter().map(|arg| arg.replace(SESSION_ID, id)).collect(),
    }
}

fn image_args(arg: &str, mode: ImageMode, images: &[PathBuf]) -> Vec<String> {
    let paths: Vec<String> = images.iter().map(|path| path_text(path)).collect();
    match mode {
        _ if paths.is_empty() => Vec::new(),
        ImageMode::List => vec![arg.to_owned(), paths.join(",")],
        ImageMode::Repeat => paths.into_iter().flat_map(|path| [arg.to_owned(), path]).collect(),
    }
}

/// The system prompt, when this call has one.
fn system_text(settings: &CliSettings, asking: &Asking<'_>, session: &SessionUse) -> Option<String> {
    let is_wanted = match settings.system.when {
        PromptWhen::First => !session.is_known(),
        PromptWhen::Always => true,
        PromptWhen::Never => false,
    };
    let text = asking.system.trim().replace('\0', "");
    (is_wanted && !text.is_empty()).then(|| format!("{text}\n\n{NO_TOOLS}"))
}

/// What holds for this answer alone, before the prompt of a program that knows the rest of the system prompt.
fn with_instructions(settings: &CliSettings, asking: &Asking<'_>, prompt: String) -> String {
    let text = asking.instructions.trim().replace('\0', "");
    match settings.system.when {
        PromptWhen::First if !text.is_empty() => format!("{text}\n\n{prompt}"),
        PromptWhen::First | PromptWhen::Always | PromptWhen::Never => prompt,
    }
}

/// Whoever writes a message must not be able to write an option of the program.
fn as_value(text: String) -> String {
    if text.starts_with('-') { format!(" {text}") } else { text }
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::builtin::{CLAUDE_CLI, CODEX_CLI, builtin};
    use super::{
        Asking, CliSettings, ImageMode, Input, Invocation, KnownConversation, NO_TOOLS, Output, SessionMode,
        SessionUse, goes_on_with,
    };
    use crate::cli::{CliBackend, PromptWhen};
    use proptest::prelude::*;
    use std::path::{Path, PathBuf};

    const UUID: &str = "6f1c0e0e-0000-4000-8000-000000000001";

    fn asking<'a>(prompt: &'a str, images: &'a [PathBuf]) -> Asking<'a> {
        Asking { model: "opus-4.6", system: "be kind", prompt, instructions: "", images, folder: None }
    }

    fn line(settings: &CliSettings, asking: Asking<'_>, session: &SessionUse) -> String {
        let made = Invocation::of(settings, asking, session);
        let quoted =
            made.args.iter().map(|arg| if arg.contains(' ') { format!("<{arg}>") } else { arg.clone() });
        let stdin = made.stdin.map(|text| format!(" <<< {text}")).unwrap_or_default();
        format!("{}{stdin}", quoted.collect::<Vec<_>>().join(" ")).replace(&format!("\n\n{NO_TOOLS}"), "+")
    }

    #[test]
    fn claude() {
        let claude = builtin(CLAUDE_CLI).unwrap();
        let images = [PathBuf::from("/t/x/image-1.png")];
        let rows = [
            (
                SessionUse::New(UUID.into()),
                asking("hello", &[]),
                format!(
                    "-p --output-format json --setting-sources user --strict-mcp-config --model opus --append-system-prompt <be kind+> --session-id {UUID} hello"
                ),
            ),
            (
                SessionUse::Existing("s1".into()),
                asking("and now", &[]),
                "-p --output-format json --setting-sources user --strict-mcp-config --resume s1 --model opus --append-system-prompt <be kind+> <and now>".to_owned(),
            ),
            (
                SessionUse::Existing("s1".into()),
                asking("look", &images),
                "-p --output-format json --setting-sources user --strict-mcp-config --resume s1 --model opus --add-dir /t/x --append-system-prompt <be kind+> -- look\n\n/t/x/image-1.png"
                    .to_owned(),
            ),
            (
                SessionUse::Without,
                asking("--settings={}", &[]),
                "-p --output-format json --setting-sources user --strict-mcp-config --model opus --append-system-prompt <be kind+> < --settings={}>"
                    .to_owned(),
            ),
        ];
        for (session, asking, expected) in rows {
            assert_eq!(line(&claude, asking, &session), expected);
        }
    }

    #[test]
    fn codex() {
        let codex = builtin(CODEX_CLI).unwrap();
        let images = [PathBuf::from("/t/1.png"), PathBuf::from("/t/2.png")];
        let flags = "--color never --sandbox read-only --skip-git-repo-check";
        let first =
            Invocation::of(&codex, Asking { model: "gpt-5", ..asking("hi", &images) }, &SessionUse::Without);
        assert_eq!(
            first.args.join(" "),
            format!(
                "exec --json {flags} --model gpt-5 --image /t/1.png --image /t/2.png -- be kind\n\n{NO_TOOLS}\n\nhi"
            )
        );
        assert_eq!(first.output, Output::Jsonl);
        let next = Invocation::of(&codex, asking("hi", &[]), &SessionUse::Existing("t-1".into()));
        assert_eq!(next.args.join(" "), format!("exec {flags} --model opus-4.6 resume t-1 hi"));
        assert_eq!(next.output, Output::Text);
        let there = Asking {
            folder: Some(Path::new("/h/work space")),
            instructions: "be brief",
            ..asking("hi", &[])
        };
        let next = Invocation::of(&codex, there, &SessionUse::Existing("t-1".into()));
        let distrust = r#"projects={"/h/work space"={trust_level="untrusted"}}"#;
        assert_eq!(
            next.args.join(" "),
            format!("exec {flags} --model opus-4.6 resume t-1 -c {distrust} be brief\n\nhi"),
            "what holds for one answer is told, though the rest of the system prompt is known"
        );
    }

    #[test]
    fn the_model_of_a_known_conversation() {
        let known =
            |model: Option<&str>| KnownConversation { id: "t".into(), model: model.map(str::to_owned) };
        let mut mine = CliSettings::new("mine");
        mine.session.resume_args = vec!["resume".into(), "{sessionId}".into()];
        let rows = [(Some("a"), true), (Some("b"), false), (None, true)];
        for (model, expected) in rows {
            assert_eq!(goes_on_with(&mine, &known(model), "a"), expected, "{model:?}");
        }
        mine.session.resume_args.push("--model={model}".into());
        assert!(goes_on_with(&mine, &known(Some("b")), "a"), "it is told");
        let codex = builtin(CODEX_CLI).unwrap();
        assert!(goes_on_with(&codex, &known(Some("b")), "a"));
    }

    #[test]
    fn what_is_read_is_hidden_from_those_who_see_arguments() {
        let configured = |json: &str| {
            let text = format!("{{agents: {{defaults: {{cliBackends: {{'claude-cli': {json}}}}}}}}}");
            let parsed = openclaw_config::parse(&text, "openclaw.json", &openclaw_config::Env::default());
            let config = parsed.unwrap_or_else(|problems| panic!("{problems:?}")).config;
            let entries = &config.agents.defaults.cli_backends;
            let all = CliBackend::all(entries.iter().map(|(id, entry)| (id.as_str(), entry)));
            all.into_iter().next().unwrap().settings
        };
        let settings = configured("{command: 'claude', input: 'stdin'}");
        let made = Invocation::of(&settings, asking("hello", &[]), &SessionUse::Without);
        assert!(!made.args.iter().any(|arg| arg.contains("be kind")), "{:?}", made.args);
        assert_eq!(made.stdin, Some(format!("be kind\n\n{NO_TOOLS}\n\nhello")));
        let next = Invocation::of(&settings, asking("hello", &[]), &SessionUse::Existing("s".into()));
        assert_eq!(next.stdin.as_deref(), Some("hello"), "it is told once");
        let wanted = configured("{command: 'claude', input: 'stdin', systemPromptArg: '--system'}");
        let made = Invocation::of(&wanted, asking("hello", &[]), &SessionUse::Without);
        assert!(made.args.contains(&"--system".to_owned()), "{:?}", made.args);
    }

    #[test]
    fn a_program_of_ones_own() {
        let mut mine = CliSettings::new("mine");
        mine.args = vec!["--json".into()];
        mine.model.arg = Some("--model".into());
        mine.session.arg = Some("--session".into());
        mine.session.mode = SessionMode::Existing;
        mine.system.arg = Some("--system".into());
        mine.images.arg = Some("--image".into());
        mine.images.mode = ImageMode::List;
        let images = [PathBuf::from("/t/1.png"), PathBuf::from("/t/2.png")];
        assert_eq!(
            line(&mine, asking("hi", &images), &SessionUse::Without),
            "--json --model opus-4.6 --system <be kind+> --image /t/1.png,/t/2.png hi"
        );
        // Without arguments of its own for that, an old session is named as a new one is.
        let known = SessionUse::Existing("s".into());
        assert_eq!(line(&mine, asking("hi", &[]), &known), "--json --model opus-4.6 --session s hi");
        mine.session.args = vec!["-s={sessionId}".into(), "--keep".into()];
        mine.system.when = PromptWhen::Always;
        assert_eq!(
            line(&mine, asking("hi", &[]), &known),
            "--json --model opus-4.6 --system <be kind+> -s=s --keep hi"
        );
        mine.system.when = PromptWhen::Never;
        mine.max_prompt_arg_chars = Some(3);
        assert_eq!(
            line(&mine, asking("größe", &[]), &SessionUse::Without),
            "--json --model opus-4.6 <<< größe"
        );
        assert_eq!(line(&mine, asking("grö", &[]), &SessionUse::Without), "--json --model opus-4.6 grö");
        mine.input = Input::Stdin;
        assert_eq!(line(&mine, asking("a", &[]), &SessionUse::Without), "--json --model opus-4.6 <<< a");
    }

    #[test]
    fn what_fits_into_no_argument_is_read() {
        let claude = builtin(CLAUDE_CLI).unwrap();
        let long = "x".repeat(200 * 1024);
        let made = Invocation::of(&claude, asking(&long, &[]), &SessionUse::Without);
        assert_eq!(made.stdin.as_deref(), Some(long.as_str()));
        let system = Asking { system: &long, ..asking("hi", &[]) };
        let made = Invocation::of(&claude, system, &SessionUse::Without);
        assert!(made.stdin.is_some_and(|text| text.starts_with("xxx") && text.ends_with("hi")));
        assert!(!made.args.contains(&"--append-system-prompt".to_owned()));
    }

    #[test]
    fn which_session() {
        let mode = |mode, arg: bool, resume: bool| {
            let mut settings = CliSettings::new("c");
            settings.session.mode = mode;
            settings.session.arg = arg.then(|| "--session".into());
            settings.session.resume_args = if resume { vec!["--resume".into()] } else { Vec::new() };
            settings
        };
        let (always, existing, never) = (SessionMode::Always, SessionMode::Existing, SessionMode::Never);
        let (new, known) = (SessionUse::New(UUID.into()), SessionUse::Existing("s".into()));
        let rows = [
            (mode(always, true, false), None, new.clone()),
            (mode(always, true, false), Some("s"), known.clone()),
            (mode(always, false, true), None, SessionUse::Without),
            (mode(always, false, true), Some("s"), known.clone()),
            (mode(always, false, false), Some("s"), SessionUse::Without),
            (mode(always, true, true), Some("--settings=x"), new),
            (mode(existing, true, false), None, SessionUse::Without),
            (mode(existing, false, true), Some("s"), known),
            (mode(never, true, true), Some("s"), SessionUse::Without),
        ];
        for (settings, kept, expected) in rows {
            assert_eq!(SessionUse::decide(&settings, kept, || UUID.into()), expected);
        }
    }

    proptest! {
        /// Whatever somebody writes, as message, system prompt or model: it is a value, and never an option.
        #[test]
        fn a_message_is_no_option(
            prompt in "[-a-z\u{0} =]{1,40}",
            system in "[-a-z\u{0} =]{0,20}",
            model in "-?-?[a-z=]{1,8}",
            known in any::<bool>(),
        ) {
            let session = if known { SessionUse::Existing("s".into()) } else { SessionUse::Without };
            let mut mine = CliSettings::new("mine");
            mine.model.arg = Some("--model".into());
            mine.session.resume_args = ["resume", "{sessionId}", "{model}"].map(str::to_owned).to_vec();
            mine.system.arg = Some("--system".into());
            for settings in [builtin(CLAUDE_CLI).unwrap(), builtin(CODEX_CLI).unwrap(), mine] {
                let asking = |prompt, system, model| Asking { system, model, ..asking(prompt, &[]) };
                // What is an option whoever writes.
                let plain = Invocation::of(&settings, asking("p", "s", "m"), &session).args;
                let made = Invocation::of(&settings, asking(&prompt, &system, &model), &session);
                let last = made.args.last().unwrap();
                prop_assert!(!last.starts_with('-'), "{last}");
                let meant = prompt.replace('\0', "");
                if settings.system.arg.is_some() {
                    prop_assert_eq!(last.trim_start(), meant.trim_start());
                } else {
                    prop_assert!(last.ends_with(meant.trim_start()));
                }
                prop_assert!(made.args.iter().all(|arg| !arg.contains('\0')));
                let strange = made.args.iter().find(|arg| arg.starts_with('-') && !plain.contains(arg));
                prop_assert_eq!(strange, None);
            }
        }
    }
}
