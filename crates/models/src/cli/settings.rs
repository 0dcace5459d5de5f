//! What configuration says about a program, as plain values.

use std::collections::BTreeMap;

use openclaw_config::{
    CliBackend as Configured, CliImageMode, CliInput, CliOutput, CliPromptMode, CliPromptWhen, CliSessionMode,
};
use openclaw_guard::Secret;

use super::builtin::{builtin, builtin_ids};
use crate::catalog::table::canonical_provider;

/// A program that answers under a provider's name.
#[derive(Clone)]
pub struct CliBackend {
    /// The provider's id, in its one spelling.
    pub id: String,
    /// Who says so.
    pub origin: Origin,
    /// How it is used.
    pub settings: CliSettings,
}

/// Who says that there is a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This build knows it.
    BuiltIn,
    /// `agents.defaults.cliBackends`.
    Config,
}

/// How a program is used (`agents.defaults.cliBackends.<id>`).
#[derive(Clone)]
pub struct CliSettings {
    /// The program: its path, or a name to look up.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What it prints.
    pub output: Output,
    /// How it is given the prompt.
    pub input: Input,
    /// Longer prompts, in characters, go to its standard input.
    pub max_prompt_arg_chars: Option<usize>,
    /// Variables that it gets.
    pub env: Vec<(String, Secret)>,
    /// Variables that it does not inherit.
    pub clear_env: Vec<String>,
    /// Variables with these beginnings are its own, and inherited.
    pub own_env: &'static [&'static str],
    /// The model.
    pub model: ModelArgs,
    /// Sessions.
    pub session: SessionArgs,
    /// The system prompt.
    pub system: SystemArgs,
    /// Images.
    pub images: ImageArgs,
    /// Whether it runs for one answer at a time.
    pub serialize: bool,
    /// Arguments about the folder that it runs in.
    pub folder_args: Option<FolderArgs>,
    /// Whether it may look at any file of this machine when it is asked to, so that it is not for groups (S-047). So may
    /// every program of which its owner does not say how it is called each time.
    pub reads_anything: bool,
    /// Tokens of prompt and answer together.
    pub context_window: u32,
}

/// Makes arguments of the path of a folder.
pub type FolderArgs = fn(&str) -> Vec<String>;

/// What a program prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Output {
    /// One JSON object.
    #[default]
    Json,
    /// The answer.
    Text,
    /// A JSON object on each line, as they come.
    Jsonl,
}

/// How a program is given the prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Input {
    /// As its last argument.
    #[default]
    Arg,
    /// On its standard input.
    Stdin,
}

/// How a program is told the model.
#[derive(Debug, Clone, Default)]
pub struct ModelArgs {
    /// The argument before the model's name.
    pub arg: Option<String>,
    /// Names of models as the program knows them.
    pub aliases: BTreeMap<String, String>,
}

impl ModelArgs {
    /// The name under which the program knows a model.
    #[must_use]
    pub fn name<'a>(&'a self, model: &'a str) -> &'a str {
        let model = model.trim();
        let known = self.aliases.get(model).or_else(|| self.aliases.get(&model.to_lowercase()));
        known.map_or(model, String::as_str)
    }
}

/// How a program is told which conversation it is.
#[derive(Debug, Clone, Default)]
pub struct SessionArgs {
    /// The argument before the session's id.
    pub arg: Option<String>,
    /// Arguments for a session, in its place.
    pub args: Vec<String>,
    /// Arguments to go on with a session, instead of the usual ones.
    pub resume_args: Vec<String>,
    /// What it prints then, if it is not the same.
    pub resume_output: Option<Output>,
    /// When it is given a session.
    pub mode: SessionMode,
    /// Fields of its output that hold the session's id.
    pub id_fields: Vec<String>,
}

/// When a program is given a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionMode {
    /// Always; a new one where there is none.
    #[default]
    Always,
    /// Only one that it named before.
    Existing,
    /// Never.
    Never,
}

/// How a program is given the system prompt.
#[derive(Debug, Clone, Default)]
pub struct SystemArgs {
    /// The argument before it.
    pub arg: Option<String>,
    /// Whether it is added to the program's own or replaces it: what the argument does.
    pub mode: PromptMode,
    /// When it is given.
    pub when: PromptWhen,
}

/// What a given system prompt does to the program's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PromptMode {
    /// It is added.
    #[default]
    Append,
    /// It takes its place.
    Replace,
}

/// When the system prompt is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PromptWhen {
    /// When a session begins.
    #[default]
    First,
    /// Each time.
    Always,
    /// Never.
    Never,
}

/// How a program is given images.
#[derive(Debug, Clone, Default)]
pub struct ImageArgs {
    /// The argument before an image's path. Without one the paths stand below the prompt.
    pub arg: Option<String>,
    /// How several are given.
    pub mode: ImageMode,
    /// Whether the program opens paths that it finds in a prompt.
    pub opens_paths: bool,
    /// The argument before the folder that images lie in, for a program that opens files of named folders only.
    pub folder_arg: Option<&'static str>,
    /// Whether these arguments take whatever follows them, so that the prompt has to be set apart by `--`.
    pub takes_many: bool,
}

/// How several images are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImageMode {
    /// The argument before each.
    #[default]
    Repeat,
    /// One argument, commas between the paths.
    List,
}

impl CliSettings {
    /// A program of which only the name is known.
    #[must_use]
    pub fn new(command: &str) -> Self {
        Self {
            command: command.to_owned(),
            args: Vec::new(),
            output: Output::default(),
            input: Input::default(),
            max_prompt_arg_chars: None,
            env: Vec::new(),
            clear_env: Vec::new(),
            own_env: &[],
            model: ModelArgs::default(),
            session: SessionArgs { id_fields: owned(SESSION_FIELDS), ..SessionArgs::default() },
            system: SystemArgs::default(),
            images: ImageArgs::default(),
            serialize: true,
            folder_args: None,
            reads_anything: true,
            context_window: crate::model::DEFAULT_CONTEXT_WINDOW,
        }
    }

    /// Whether messages with images are for it.
    #[must_use]
    pub fn sees_images(&self) -> bool {
        self.images.arg.is_some() || self.images.opens_paths
    }
}

/// Where programs put the id of a session when nothing else is said.
const SESSION_FIELDS: &[&str] = &["session_id", "sessionId", "conversation_id", "conversationId"];

pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl CliBackend {
    /// The programs of a configuration, and the built-in ones that it does not mention.
    #[must_use]
    pub fn all<'a>(configured: impl Iterator<Item = (&'a str, &'a Configured)>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (id, entry) in configured {
            let id = canonical_provider(id);
            // Two spellings of one name: the first counts.
            if all.iter().all(|known| known.id != id) {
                let below = builtin(&id).unwrap_or_else(|| CliSettings::new(&entry.command));
                all.push(Self { origin: Origin::Config, settings: lay_over(entry, below), id });
            }
        }
        Self::with_builtin(all)
    }

    /// These, and the built-in ones that are not among them.
    #[must_use]
    pub(crate) fn with_builtin(mut all: Vec<Self>) -> Vec<Self> {
        for id in builtin_ids() {
            if let (true, Some(settings)) = (all.iter().all(|known| known.id != id), builtin(id)) {
                all.push(Self { id: id.to_owned(), origin: Origin::BuiltIn, settings });
            }
        }
        all
    }
}

/// What is configured counts, and what is not stays as it is known.
fn lay_over(entry: &Configured, below: CliSettings) -> CliSettings {
    let said = |text: &Option<String>, below: Option<String>| match text.as_deref().map(str::trim) {
        None => below,
        // An empty argument takes away the one that is built in.
        Some("") => None,
        Some(text) => Some(text.to_owned()),
    };
    let prompt = &entry.prompt;
    let says_calls = says_calls(entry);
    let mut model = below.model;
    model.arg = said(&entry.model_arg, model.arg);
    model.aliases.extend(entry.model_aliases.iter().map(|(name, known)| (name.clone(), known.clone())));
    let mut clear_env = below.clear_env;
    clear_env.extend(entry.clear_env.iter().cloned());
    let mode = prompt.system_prompt_mode.map_or(below.system.mode, prompt_mode);
    let system_arg = match (below.system.mode, mode, below.system.arg) {
        (PromptMode::Append, PromptMode::Replace, Some(arg)) => Some(super::builtin::replacing(&arg)),
        (_, _, arg) => arg,
    };
    // Whoever reads the prompt hides it from those who can see arguments, and what stands before it is told once.
    let (system_arg, when) = match (entry.input, &prompt.system_prompt_arg) {
        (Some(CliInput::Stdin), None) => (None, PromptWhen::First),
        (Some(CliInput::Stdin | CliInput::Arg) | None, _) => (system_arg, below.system.when),
    };
    let limit = entry.max_prompt_arg_chars.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut env = below.env;
    env.extend(entry.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    CliSettings {
        command: entry.command.trim().to_owned(),
        args: entry.args.clone().unwrap_or(below.args),
        output: entry.output.map_or(below.output, output),
        input: entry.input.map_or(below.input, |input| match input {
            CliInput::Arg => Input::Arg,
            CliInput::Stdin => Input::Stdin,
        }),
        max_prompt_arg_chars: limit.or(below.max_prompt_arg_chars),
        env,
        clear_env,
        own_env: below.own_env,
        model,
        session: session_args(entry, below.session),
        system: SystemArgs {
            arg: said(&prompt.system_prompt_arg, system_arg),
            mode,
            when: prompt.system_prompt_when.map_or(when, prompt_when),
        },
        images: ImageArgs {
            arg: said(&prompt.image_arg, below.images.arg),
            mode: prompt.image_mode.map_or(below.images.mode, |mode| match mode {
                CliImageMode::Repeat => ImageMode::Repeat,
                CliImageMode::List => ImageMode::List,
            }),
            ..below.images
        },
        serialize: entry.serialize.unwrap_or(below.serialize),
        folder_args: below.folder_args,
        reads_anything: below.reads_anything && !says_calls,
        context_window: below.context_window,
    }
}

/// Whether the owner says how the program is called, the first time and each time after it: then it is what they make of
/// it.
fn says_calls(entry: &Configured) -> bool {
    let never_goes_on = entry.session.session_mode == Some(CliSessionMode::None);
    entry.args.is_some() && (entry.session.resume_args.is_some() || never_goes_on)
}

fn session_args(entry: &Configured, below: SessionArgs) -> SessionArgs {
    let session = &entry.session;
    let text = |said: &Option<String>| said.as_deref().map(str::trim).map(str::to_owned);
    // Arguments that restrict a program restrict nothing when it goes on with those that are built in.
    let known = if entry.args.is_some() { Vec::new() } else { below.resume_args.clone() };
    let resume_args = session.resume_args.clone().unwrap_or(known);
    let says_how = session.session_arg.is_some() || session.session_args.is_some();
    let mode = match session.session_mode {
        Some(mode) => session_mode(mode),
        // A program that goes on by `resume_args` takes no old session in another way.
        None if resume_args.is_empty() && !below.resume_args.is_empty() && !says_how => SessionMode::Never,
        None => below.mode,
    };
    SessionArgs {
        // An empty argument takes away the one that is built in.
        arg: text(&session.session_arg).or(below.arg).filter(|arg| !arg.is_empty()),
        args: session.session_args.clone().unwrap_or(below.args),
        resume_args,
        resume_output: session.resume_output.map(output).or(below.resume_output),
        mode,
        id_fields: session.session_id_fields.clone().unwrap_or(below.id_fields),
    }
}

fn output(output: CliOutput) -> Output {
    match output {
        CliOutput::Json => Output::Json,
        CliOutput::Text => Output::Text,
        CliOutput::Jsonl => Output::Jsonl,
    }
}

fn session_mode(mode: CliSessionMode) -> SessionMode {
    match mode {
        CliSessionMode::Always => SessionMode::Always,
        CliSessionMode::Existing => SessionMode::Existing,
        CliSessionMode::None => SessionMode::Never,
    }
}

fn prompt_mode(mode: CliPromptMode) -> PromptMode {
    match mode {
        CliPromptMode::Append => PromptMode::Append,
        CliPromptMode::Replace => PromptMode::Replace,
    }
}

fn prompt_when(when: CliPromptWhen) -> PromptWhen {
    match when {
        CliPromptWhen::First => PromptWhen::First,
        CliPromptWhen::Always => PromptWhen::Always,
        CliPromptWhen::Never => PromptWhen::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::{CliBackend, ImageMode, Input, Origin, Output, PromptMode, PromptWhen, SessionMode};
    use openclaw_config::Env;

    fn backends(json: &str) -> Vec<CliBackend> {
        let text = format!("{{agents: {{defaults: {{cliBackends: {json}}}}}}}");
        let parsed = openclaw_config::parse(&text, "openclaw.json", &Env::from([("K", "sk-canary")]));
        let config = parsed.unwrap_or_else(|problems| panic!("{problems:?}")).config;
        let entries = &config.agents.defaults.cli_backends;
        CliBackend::all(entries.iter().map(|(id, entry)| (id.as_str(), entry)))
    }

    #[test]
    fn two_are_there_without_any_configuration() {
        let all = backends("{}");
        let ids: Vec<_> = all.iter().map(|it| (it.id.as_str(), it.origin)).collect();
        assert_eq!(ids, [("claude-cli", Origin::BuiltIn), ("codex-cli", Origin::BuiltIn)]);
        assert_eq!(all[0].settings.command, "claude");
        assert_eq!(all[1].settings.command, "codex");
    }

    #[test]
    fn what_is_configured_is_laid_over_what_is_built_in() {
        let all = backends(
            "{'Claude-CLI': {command: ' /opt/claude ', modelAliases: {big: 'opus'}, clearEnv: ['X']}}",
        );
        assert_eq!(all.len(), 2);
        let claude = &all[0];
        assert_eq!((claude.id.as_str(), claude.origin), ("claude-cli", Origin::Config));
        let settings = &claude.settings;
        assert_eq!(settings.command, "/opt/claude");
        assert_eq!(settings.args[0], "-p");
        assert_eq!(settings.model.name("big"), "opus");
        assert_eq!(
            settings.model.name("Opus-4.6"),
            "opus",
            "the built-in names stay, in any case of letters"
        );
        assert_eq!(settings.model.name("claude-next"), "claude-next");
        assert_eq!(settings.clear_env, ["ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY_OLD", "X"]);
        assert_eq!(settings.session.arg.as_deref(), Some("--session-id"));
        assert_eq!(settings.system.arg.as_deref(), Some("--append-system-prompt"));

        let replaced =
            backends("{'claude-cli': {command: 'c', args: [], systemPromptMode: 'replace', sessionArg: ''}}");
        let settings = &replaced[0].settings;
        assert!(settings.args.is_empty());
        assert_eq!(settings.system.arg.as_deref(), Some("--system-prompt"));
        assert_eq!(settings.session.arg, None);
    }

    /// Who sets the first call alone shall not get the second one as it is built in, and neither is for groups.
    #[test]
    fn a_sandbox_of_ones_own_holds_each_time() {
        let rows = [
            ("claude-cli", "{command: 'c'}", true, 10, SessionMode::Always),
            ("claude-cli", "{command: 'c', args: ['-p', '--safe']}", true, 0, SessionMode::Never),
            ("claude-cli", "{command: 'c', resumeArgs: ['-p', '--safe']}", true, 2, SessionMode::Always),
            ("claude-cli", "{command: 'c', args: ['-p'], resumeArgs: ['-r']}", false, 1, SessionMode::Always),
            ("claude-cli", "{command: 'c', args: ['-p'], resumeArgs: []}", false, 0, SessionMode::Never),
            ("claude-cli", "{command: 'c', args: ['-p'], sessionMode: 'none'}", false, 0, SessionMode::Never),
            ("claude-cli", "{command: 'c', args: ['-p'], sessionArg: '-s'}", true, 0, SessionMode::Always),
            ("codex-cli", "{command: 'c', args: ['exec']}", true, 0, SessionMode::Never),
            (
                "codex-cli",
                "{command: 'c', args: ['exec'], resumeArgs: ['exec']}",
                false,
                1,
                SessionMode::Existing,
            ),
            ("mine", "{command: 'c', args: ['--json']}", true, 0, SessionMode::Always),
            ("mine", "{command: 'c', args: ['--json'], resumeArgs: []}", false, 0, SessionMode::Always),
        ];
        for (id, entry, reads_anything, resume_args, mode) in rows {
            let all = backends(&format!("{{'{id}': {entry}}}"));
            let settings = &all[0].settings;
            let seen = (settings.reads_anything, settings.session.resume_args.len(), settings.session.mode);
            assert_eq!(seen, (reads_anything, resume_args, mode), "{id} {entry}");
        }
        let env = |entry: &str| {
            let all = backends(&format!("{{'claude-cli': {entry}}}"));
            all[0]
                .settings
                .env
                .iter()
                .map(|(name, value)| format!("{name}={}", value.expose()))
                .collect::<Vec<_>>()
        };
        let off = "CLAUDE_CODE_DISABLE_ATTACHMENTS=1";
        assert_eq!(env("{command: 'c', env: {A: 'b'}}"), [off, "A=b"], "what is built in stays");
    }

    #[test]
    fn every_key_arrives() {
        let all = backends(
            "{mine: {command: 'mine', args: ['--json'], output: 'jsonl', input: 'stdin', maxPromptArgChars: 9,
                env: {TOKEN: '${K}'}, clearEnv: ['B'], modelArg: '--model', modelAliases: {a: 'b'}, serialize: false,
                sessionArg: '--session', sessionArgs: ['-s', '{sessionId}'], resumeArgs: ['resume', '{sessionId}'],
                resumeOutput: 'text', sessionMode: 'existing', sessionIdFields: ['thread'],
                systemPromptArg: '--system', systemPromptMode: 'replace', systemPromptWhen: 'always',
                imageArg: '--image', imageMode: 'list'}}",
        );
        let mine = &all[0].settings;
        assert_eq!(
            (mine.output, mine.input, mine.max_prompt_arg_chars),
            (Output::Jsonl, Input::Stdin, Some(9))
        );
        assert!(mine.env[0].0 == "TOKEN" && mine.env[0].1.matches("sk-canary"));
        assert_eq!((mine.clear_env.as_slice(), mine.serialize), (&["B".to_owned()][..], false));
        assert_eq!((mine.model.arg.as_deref(), mine.model.name("a")), (Some("--model"), "b"));
        let session = &mine.session;
        assert_eq!(
            (session.arg.as_deref(), session.args.join(" ")),
            (Some("--session"), "-s {sessionId}".into())
        );
        assert_eq!(
            (session.resume_args.join(" "), session.resume_output),
            ("resume {sessionId}".into(), Some(Output::Text))
        );
        assert_eq!(
            (session.mode, session.id_fields.as_slice()),
            (SessionMode::Existing, &["thread".to_owned()][..])
        );
        let system = &mine.system;
        assert_eq!(
            (system.arg.as_deref(), system.mode, system.when),
            (Some("--system"), PromptMode::Replace, PromptWhen::Always)
        );
        assert_eq!((mine.images.arg.as_deref(), mine.images.mode), (Some("--image"), ImageMode::List));
        assert!(mine.sees_images());
        let plain = backends("{p: {command: 'p', sessionMode: 'none', systemPromptWhen: 'never'}}");
        let plain = &plain[0].settings;
        assert_eq!((plain.output, plain.input, plain.serialize), (Output::Json, Input::Arg, true));
        assert_eq!((plain.session.mode, plain.system.when), (SessionMode::Never, PromptWhen::Never));
        assert!(!plain.sees_images() && plain.session.id_fields.len() == 4);
    }
}
