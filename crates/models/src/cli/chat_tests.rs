//! Whole runs against programs that are small shell scripts.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use openclaw_guard::{CHILD_MARK, Secret, child_command, write_atomic};
use openclaw_protocol::message::Message;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::builtin::{CLAUDE_CLI, CODEX_CLI, builtin};
use super::{
    CliBackend, CliChat, CliEnvironment, CliFault, CliLimits, CliPlace, CliProgram, CliSession, CliSettings,
    KnownConversation, Output, Queues,
};
use crate::contract::{asking, collect, keeps_its_promises, said};
use crate::{ChatModel, ModelError, ModelEvent, ModelRequest};

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with a program in it.
struct Stage {
    place: tempfile::TempDir,
    queues: Arc<Queues>,
}

/// What a session remembers.
#[derive(Debug, Default)]
struct Kept {
    key: String,
    place: Option<CliPlace>,
    instructions: Option<String>,
    known: Mutex<BTreeMap<String, KnownConversation>>,
}

impl Kept {
    fn id(&self, provider: &str) -> Option<String> {
        self.known(provider).map(|known| known.id)
    }
}

impl CliSession for Kept {
    fn key(&self) -> &str {
        &self.key
    }

    fn place(&self) -> CliPlace {
        self.place.clone().unwrap()
    }

    fn instructions(&self) -> Option<&str> {
        self.instructions.as_deref()
    }

    fn known(&self, provider: &str) -> Option<KnownConversation> {
        self.known.lock().unwrap().get(provider).cloned()
    }

    fn keep(&self, provider: &str, known: &KnownConversation) {
        self.known.lock().unwrap().insert(provider.into(), known.clone());
    }

    fn forget(&self, provider: &str) {
        self.known.lock().unwrap().remove(provider);
    }
}

impl Stage {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap(), queues: Arc::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A script, in which `$PLACE` is the folder.
    fn program(&self, script: &str) -> PathBuf {
        let path = self.path("program");
        let text = format!("#!/bin/sh\nPLACE='{}'\n{script}\n", self.place.path().display());
        write_atomic(&path, text.as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn chat_with(&self, script: &str, settings: CliSettings, limits: CliLimits) -> CliChat {
        let environment = [
            ("HOME", self.place.path().to_str().unwrap()),
            ("TMPDIR", self.place.path().to_str().unwrap()),
            ("ANTHROPIC_API_KEY", "sk-canary-gateway"),
        ];
        let program = CliProgram {
            id: CLAUDE_CLI.into(),
            settings,
            path: self.program(script),
            environment: CliEnvironment::read(environment.into_iter()),
        };
        CliChat::new(program, "opus", (Arc::clone(&self.queues), limits))
    }

    fn chat(&self, script: &str, output: Output) -> CliChat {
        let settings = CliSettings { output, ..CliSettings::new("program") };
        self.chat_with(script, settings, CliLimits::default())
    }

    fn claude(&self, script: &str) -> CliChat {
        self.chat_with(script, builtin(CLAUDE_CLI).unwrap(), CliLimits::default())
    }

    fn session(&self, key: &str) -> Arc<Kept> {
        let place = CliPlace::Workspace(self.place.path().into());
        Arc::new(Kept { key: key.into(), place: Some(place), ..Kept::default() })
    }

    /// A session in which others read along.
    fn group(&self, key: &str) -> Arc<Kept> {
        let place = CliPlace::Apart(self.path("cli").join(key));
        Arc::new(Kept { key: key.into(), place: Some(place), ..Kept::default() })
    }
}

fn request(messages: Value, session: &Arc<Kept>) -> ModelRequest {
    let messages: Vec<Message> = serde_json::from_value(messages).unwrap();
    let session: Arc<dyn CliSession> = Arc::<Kept>::clone(session);
    ModelRequest {
        messages: messages.into_iter().map(Arc::new).collect(),
        system: Arc::from("be kind"),
        session: Some(session),
        ..ModelRequest::default()
    }
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn answered(text: &str) -> Value {
    json!({"role": "assistant", "provider": CLAUDE_CLI, "stopReason": "stop", "content": [{"type": "text", "text": text}]})
}

/// The fault of a run that said nothing.
async fn fault(chat: &CliChat) -> CliFault {
    let (events, error) = collect(chat, asking("hello")).await;
    assert_eq!(said(&events), "");
    match error {
        Some(ModelError::Program { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

fn wait_for(what: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !what() {
        assert!(Instant::now() < until, "waited in vain");
        std::thread::yield_now();
    }
}

fn lives(pid: &str) -> bool {
    let pid = pid.trim();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_zombie = stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'));
    let is_there = child_command("sh").args(["-c", &format!("kill -0 {pid} 2>/dev/null")]).status().unwrap();
    is_there.success() && !is_zombie
}

#[tokio::test]
async fn it_keeps_the_promises_of_a_model() {
    let stage = Stage::new();
    let text = r#"echo '{"item":{"text":"Hello."}}'; echo '{"item":{"text":"How are you?"}}'"#;
    keeps_its_promises(&stage.chat(text, Output::Jsonl)).await;
    keeps_its_promises(&stage.chat("echo Hello.", Output::Text)).await;
    keeps_its_promises(&stage.chat(r#"echo '{"result":"Hello.","usage":{"input_tokens":1}}'"#, Output::Json))
        .await;
}

#[tokio::test]
async fn it_gets_its_environment_and_nothing_else() {
    let stage = Stage::new();
    let mut settings = builtin(CLAUDE_CLI).unwrap();
    settings.env.push(("MINE".into(), Secret::new("given-value".into())));
    let script = r#"env > "$PLACE/env"; pwd > "$PLACE/cwd"; echo '{"result":"ok"}'"#;
    let chat = stage.chat_with(script, settings, CliLimits::default());
    let (events, error) = collect(&chat, request(json!([user("hi")]), &stage.session("a"))).await;
    assert_eq!((said(&events).as_str(), error), ("ok", None));
    let env = stage.read("env");
    let mut names: Vec<&str> = env.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD", CHILD_MARK].contains(name));
    names.sort_unstable();
    let expected = ["CLAUDE_CODE_DISABLE_ATTACHMENTS", "HOME", "MINE", "NO_COLOR", "PATH", "TMPDIR"];
    assert_eq!(names, expected, "{env}");
    assert!(env.contains("MINE=given-value") && !env.contains("canary"));
    let cwd = |stage: &Stage| PathBuf::from(stage.read("cwd").trim());
    assert_eq!(cwd(&stage), stage.place.path().canonicalize().unwrap());
    // Where nobody says which folder, it is an empty one that goes afterwards.
    let nowhere = ModelRequest { session: None, ..request(json!([user("hi")]), &stage.session("a")) };
    collect(&chat, nowhere).await;
    assert!(cwd(&stage).file_name().unwrap().to_str().unwrap().starts_with("openclaw-cli-"));
    assert!(!cwd(&stage).exists());
}

/// The built-in Claude Code with this laid over it.
fn configured(json: &str) -> CliSettings {
    let text = format!("{{agents: {{defaults: {{cliBackends: {{'claude-cli': {json}}}}}}}}}");
    let parsed = openclaw_config::parse(&text, "openclaw.json", &openclaw_config::Env::default());
    let config = parsed.unwrap_or_else(|problems| panic!("{problems:?}")).config;
    let entries = &config.agents.defaults.cli_backends;
    let all = CliBackend::all(entries.iter().map(|(id, entry)| (id.as_str(), entry)));
    all.into_iter().next().unwrap().settings
}

#[tokio::test]
async fn who_may_read_everything_does_not_answer_in_groups() {
    let stage = Stage::new();
    let rows = [
        builtin(CLAUDE_CLI).unwrap(),
        builtin(CODEX_CLI).unwrap(),
        CliSettings::new("mine"),
        configured("{command: 'c', args: ['--safe']}"),
        configured("{command: 'c', resumeArgs: ['--safe']}"),
    ];
    for settings in rows {
        let chat = stage.chat_with("echo run >> \"$PLACE/runs\"", settings, CliLimits::default());
        let (_, error) = collect(&chat, request(json!([user("hi")]), &stage.group("g"))).await;
        let Some(ModelError::Program { fault: CliFault::NotForGroups, .. }) = &error else {
            panic!("{error:?}")
        };
        let words = error.unwrap().plain_words();
        assert!(words.contains("claude-cli.args") && words.contains("claude-cli.resumeArgs"), "{words}");
    }
    assert_eq!(stage.read("runs"), "", "none of them ran");
    let settings = CliSettings { output: Output::Text, ..builtin(CODEX_CLI).unwrap() };
    let chat = stage.chat_with("echo hi", settings, CliLimits::default());
    let (events, error) = collect(&chat, request(json!([user("hi")]), &stage.session("main"))).await;
    assert_eq!((said(&events).as_str(), error), ("hi", None));
}

/// As Claude Code does, it knows a conversation only where it was begun.
const KNOWS_BY_FOLDER: &str = r#"echo run >> "$PLACE/runs"; pwd > "$PLACE/cwd"
case "$*" in *--resume*) [ "$(pwd)" = "$(cat "$PLACE/begun")" ] || { echo 'No conversation found' >&2; exit 1; };;
  *) pwd > "$PLACE/begun";; esac
for arg in "$@"; do echo "$arg"; done > "$PLACE/args"; echo '{"result":"Tea.","session_id":"s-1"}'"#;

#[tokio::test]
async fn in_a_group_it_goes_on_where_it_began_and_with_what_is_allowed() {
    let stage = Stage::new();
    let settings =
        configured("{command: 'c', args: ['--safe'], resumeArgs: ['--safe', '--resume', '{sessionId}']}");
    let chat = stage.chat_with(KNOWS_BY_FOLDER, settings, CliLimits::default());
    let group = stage.group("g");
    let (events, error) = collect(&chat, request(json!([user("one")]), &group)).await;
    assert_eq!((said(&events).as_str(), error), ("Tea.", None));
    let messages = json!([user("one"), answered("Tea."), user("two")]);
    let (events, error) = collect(&chat, request(messages, &group)).await;
    assert_eq!((said(&events).as_str(), error), ("Tea.", None));
    assert_eq!(stage.read("runs"), "run\nrun\n", "one run for each message");
    assert!(stage.read("args").starts_with("--safe\n--resume\ns-1\n"), "{}", stage.read("args"));
    let place = stage.path("cli").join("g");
    assert_eq!(PathBuf::from(stage.read("cwd").trim()), place.canonicalize().unwrap());
    assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
}

#[tokio::test]
async fn an_answer_says_nothing_of_the_account() {
    let stage = Stage::new();
    let answer = r#"echo '{"result":"You asked about rate limit handling."}'; exit 1"#;
    let said = "it had printed an answer".to_owned();
    assert_eq!(fault(&stage.claude(answer)).await, CliFault::Failed { code: Some(1), said });
    // Nor does what the chat wrote, which some programs repeat.
    let echo = stage.claude(
        r#"for arg in "$@"; do last="$arg"; done; echo "user: $last" >&2; echo bad luck >&2; exit 1"#,
    );
    let (_, error) = collect(&echo, asking("please log in to rate limit")).await;
    let Some(ModelError::Program { fault: CliFault::Failed { code: Some(1), .. }, .. }) = error else {
        panic!("{error:?}")
    };
}

#[tokio::test]
async fn another_model_is_not_answered_by_the_old_one() {
    let stage = Stage::new();
    let mut settings = builtin(CLAUDE_CLI).unwrap();
    settings.session.resume_args = vec!["--resume".into(), "{sessionId}".into()];
    let chat = stage.chat_with(LOGS, settings, CliLimits::default());
    let session = stage.session("main");
    let messages = || json!([user("one"), answered("two"), user("three")]);
    for (model, resumes) in [(Some("sonnet"), false), (Some("opus-4.6"), true), (None, true)] {
        let known = KnownConversation { id: "s-0".into(), model: model.map(str::to_owned) };
        session.keep(CLAUDE_CLI, &known);
        collect(&chat, request(messages(), &session)).await;
        assert_eq!(
            stage.read("args").contains("--resume\ns-0"),
            resumes,
            "{model:?}: {}",
            stage.read("args")
        );
        let kept = session.known(CLAUDE_CLI).unwrap();
        assert_eq!((kept.id.as_str(), kept.model.as_deref()), ("s-1", Some("opus")));
    }
}

/// Work that is done is not done twice.
#[tokio::test]
async fn only_an_early_failure_may_come_from_the_conversation() {
    let run = async |script: &str, early: Duration| {
        let stage = Stage::new();
        let script =
            format!(r#"echo run >> "$PLACE/runs"; case "$*" in *--resume*) {script};; esac; {LOGS}"#);
        let limits = CliLimits { early, ..CliLimits::default() };
        let chat = stage.chat_with(&script, builtin(CLAUDE_CLI).unwrap(), limits);
        let session = stage.session("main");
        session.keep(CLAUDE_CLI, &KnownConversation { id: "s-0".into(), model: None });
        collect(&chat, request(json!([user("one"), answered("two"), user("three")]), &session)).await;
        stage.read("runs").lines().count()
    };
    assert_eq!(run("exit 1", PATIENCE).await, 2);
    assert_eq!(run("exit 1", Duration::ZERO).await, 1, "it had time to do something");
    assert_eq!(run("kill -9 $$", PATIENCE).await, 1, "somebody wanted its end");
    assert_eq!(run("echo 'No conversation found' >&2; exit 1", Duration::ZERO).await, 2);
    assert_eq!(run("echo 'Prompt is too long' >&2; exit 1", Duration::ZERO).await, 2);
}

#[tokio::test]
async fn the_answer_comes_while_the_program_runs() {
    let stage = Stage::new();
    assert!(child_command("mkfifo").arg(stage.path("go")).status().unwrap().success());
    let script = r#"echo '{"thread_id":"t","item":{"text":"One"}}'; read x < "$PLACE/go"; echo '{"item":{"text":"two."}}'"#;
    let chat = stage.chat(script, Output::Jsonl);
    let mut stream = chat.stream(asking("hello"), CancellationToken::new());
    assert_eq!(stream.next().await, Some(Ok(ModelEvent::TextDelta("One".into()))));
    let go = stage.path("go");
    let going = std::thread::spawn(move || drop(std::fs::OpenOptions::new().write(true).open(go).unwrap()));
    assert_eq!(stream.next().await, Some(Ok(ModelEvent::TextDelta("\ntwo.".into()))));
    going.join().unwrap();
}

#[tokio::test]
async fn failures_are_told_apart() {
    let stage = Stage::new();
    let login = stage.chat("echo 'Invalid API key · Please run /login' >&2; exit 1", Output::Json);
    assert!(matches!(fault(&login).await, CliFault::SignIn { .. }));
    let inside = stage.chat(r#"echo '{"is_error":true,"result":"API Error: 529 overloaded"}'"#, Output::Json);
    let (_, error) = collect(&inside, asking("hello")).await;
    assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("claude-cli: overloaded"));
    let odd = stage.chat("echo bad luck >&2; exit 7", Output::Text);
    assert_eq!(fault(&odd).await, CliFault::Failed { code: Some(7), said: "bad luck".into() });
    let killed = stage.chat("kill -9 $$", Output::Text);
    assert_eq!(fault(&killed).await, CliFault::Failed { code: None, said: "it said nothing".into() });
    assert_eq!(fault(&stage.chat("exit 0", Output::Json)).await, CliFault::Silent);
    let garbage = r#"printf '{"result": "cut'"#;
    assert_eq!(fault(&stage.chat(garbage, Output::Json)).await, CliFault::NotUnderstood);
    assert_eq!(fault(&stage.chat("head -c 4000 /dev/urandom", Output::Json)).await, CliFault::NotUnderstood);
    let endless = "exec cat /dev/zero";
    assert!(matches!(fault(&stage.chat(endless, Output::Text)).await, CliFault::TooMuch { .. }));
    assert!(matches!(fault(&stage.chat(endless, Output::Jsonl)).await, CliFault::TooMuch { .. }));
    // What it was halfway saying stays said, and the failure follows.
    let broken = stage.chat(r#"echo '{"item":{"text":"Half"}}'; echo overloaded >&2; exit 1"#, Output::Jsonl);
    let (events, error) = collect(&broken, asking("hello")).await;
    assert_eq!(said(&events), "Half");
    assert!(matches!(error, Some(ModelError::Overloaded { .. })));
}

#[tokio::test]
async fn a_program_that_cannot_be_started_says_why() {
    let stage = Stage::new();
    let chat = stage.chat("true", Output::Text);
    std::fs::remove_file(stage.path("program")).unwrap();
    assert_eq!(fault(&chat).await, CliFault::Start { why: std::io::ErrorKind::NotFound.to_string() });
}

/// A program that prints the number of a process which has left its group, and hangs.
const HANGS: &str = r#"setsid sh -c 'sleep 1000 & echo "{\"item\":{\"text\":\"$!\"}}"; wait' & wait"#;

#[tokio::test]
async fn stopping_it_kills_all_it_started() {
    let stage = Stage::new();
    for how in ["abort", "drop"] {
        let chat = stage.chat(HANGS, Output::Jsonl);
        let abort = CancellationToken::new();
        let mut stream = chat.stream(asking("hello"), abort.clone());
        let Some(Ok(ModelEvent::TextDelta(pid))) = stream.next().await else { panic!("no number") };
        assert!(lives(&pid));
        if how == "abort" {
            abort.cancel();
            assert_eq!(stream.next().await, Some(Err(ModelError::Aborted)));
        } else {
            drop(stream);
        }
        wait_for(|| !lives(&pid));
    }
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_killed() {
    let stage = Stage::new();
    let settings = || CliSettings { output: Output::Jsonl, ..CliSettings::new("program") };
    let limits = |silent, total| CliLimits {
        silent: Duration::from_millis(silent),
        total: Duration::from_millis(total),
        ..CliLimits::default()
    };
    let silent = stage.chat_with(HANGS, settings(), limits(300, 100_000));
    let (events, error) = collect(&silent, asking("hello")).await;
    assert!(matches!(error, Some(ModelError::Timeout { .. })), "{error:?}");
    wait_for(|| !lives(&said(&events)));
    // It prints remarks all the time, and that is no answer.
    let busy = "while true; do echo x >&2; done";
    let chat = stage.chat_with(busy, settings(), limits(100_000, 300));
    assert!(matches!(fault(&chat).await, CliFault::TooLong { .. }));
}

/// A program that shows its answer only at its end counts what it prints, where a budget looks at it.
#[tokio::test]
async fn a_program_that_talks_without_end_is_stopped_at_its_budget() {
    let stage = Stage::new();
    let endless = r#"echo $$ > "$PLACE/pid"; while true; do echo 'and so on and so on and so on'; done"#;
    for output in [Output::Text, Output::Json] {
        let limited = ModelRequest { max_bytes: Some(9_000), ..asking("hello") };
        let (events, error) = collect(&stage.chat(endless, output), limited).await;
        assert_eq!(said(&events), "");
        let stopped = CliFault::OverBudget { max_bytes: 9_000 };
        assert!(matches!(&error, Some(ModelError::Program { fault, .. }) if *fault == stopped), "{error:?}");
        wait_for(|| !lives(&stage.read("pid")));
    }
    // What an object has beside its text is not its answer.
    let framed = format!(r#"echo '{{"result":"Short.","ids":"{}"}}'"#, "i".repeat(3_000));
    let limited = ModelRequest { max_bytes: Some(100), ..asking("hello") };
    let (events, error) = collect(&stage.chat(&framed, Output::Json), limited).await;
    assert_eq!((said(&events).as_str(), error), ("Short.", None));
}

/// Writes its arguments, one to a line, and answers under an id.
const LOGS: &str =
    r#"for arg in "$@"; do echo "$arg"; done > "$PLACE/args"; echo '{"result":"Tea.","session_id":"s-1"}'"#;

#[tokio::test]
async fn a_session_goes_on_with_the_new_message_alone() {
    let stage = Stage::new();
    let chat = stage.claude(LOGS);
    let session = stage.session("main");
    collect(&chat, request(json!([user("what do I drink?")]), &session)).await;
    let first = stage.read("args");
    assert!(first.contains("--append-system-prompt\nbe kind\n"), "{first}");
    assert!(first.ends_with("what do I drink?\n"), "{first}");
    let sent = first.lines().skip_while(|line| *line != "--session-id").nth(1).unwrap().to_owned();
    assert_eq!(sent.len(), 36, "{first}");
    assert_eq!(session.id(CLAUDE_CLI).as_deref(), Some("s-1"), "the program's own id counts");

    collect(
        &chat,
        request(json!([user("what do I drink?"), answered("Tea."), user("with milk?")]), &session),
    )
    .await;
    let next = stage.read("args");
    let flags = "-p\n--output-format\njson\n--setting-sources\nuser\n--strict-mcp-config";
    assert!(
        next.starts_with(&format!(
            "{flags}\n--resume\ns-1\n--model\nopus\n--append-system-prompt\nbe kind\n"
        )),
        "a session that is resumed has no system prompt of its own: {next}"
    );
    assert!(next.ends_with("with milk?\n") && !next.contains("what do I drink?"), "{next}");

    // Without a session nothing is kept, and without its last answer in sight it is told everything.
    let other = json!({"role": "assistant", "provider": "zai", "stopReason": "stop", "content": [{"type": "text", "text": "Yes."}]});
    collect(&chat, request(json!([user("a"), other, user("b")]), &session)).await;
    let whole = stage.read("args");
    assert!(whole.contains("--session-id") && whole.contains("[assistant]\nYes."), "{whole}");
    let alone = ModelRequest { session: None, ..request(json!([user("hi")]), &session) };
    collect(&chat, alone).await;
    assert!(!stage.read("args").contains("--session-id"));
}

#[tokio::test]
async fn a_session_that_is_forgotten_is_begun_anew() {
    let forgets = format!(
        r#"case "$*" in *--resume*) echo >> "$PLACE/resumed"; echo 'No conversation found with session ID: s-0' >&2; exit 1;; esac; {LOGS}"#
    );
    let stage = Stage::new();
    let chat = stage.claude(&forgets);
    let session = stage.session("main");
    session.keep(CLAUDE_CLI, &KnownConversation { id: "s-0".into(), model: None });
    let messages = json!([user("one"), answered("two"), user("three")]);
    let (events, error) = collect(&chat, request(messages.clone(), &session)).await;
    assert_eq!((said(&events).as_str(), error), ("Tea.", None));
    assert_eq!(stage.read("resumed"), "\n", "tried once");
    let args = stage.read("args");
    assert!(
        args.contains("[user]\none\n\n[assistant]\ntwo\n\nThe message to answer now:\n\nthree"),
        "{args}"
    );
    assert_eq!(session.id(CLAUDE_CLI).as_deref(), Some("s-1"));
    // A failure that has nothing to do with the session leaves it as it is.
    let busy = stage.claude("echo 'API Error: 529 overloaded' >&2; exit 1");
    let (_, error) = collect(&busy, request(messages, &session)).await;
    assert!(matches!(error, Some(ModelError::Overloaded { .. })));
    assert_eq!(session.id(CLAUDE_CLI).as_deref(), Some("s-1"));
}

#[tokio::test]
async fn images_are_there_while_it_runs_and_gone_afterwards() {
    let stage = Stage::new();
    let script = r#"for arg in "$@"; do last="$arg"; done; path=$(echo "$last" | tail -n 1); echo "$path" > "$PLACE/path"; echo "{\"result\":\"$(cat "$path")\"}""#;
    let chat = stage.claude(script);
    let message = json!([{"role": "user", "content": [
        {"type": "text", "text": "look"}, {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}]}]);
    let (events, error) = collect(&chat, request(message, &stage.session("main"))).await;
    assert_eq!((said(&events).as_str(), error), ("hello", None));
    let path = stage.read("path");
    assert!(path.trim().ends_with("/image-1.png") && !Path::new(path.trim()).exists(), "{path}");
    let left = std::fs::read_dir(stage.place.path()).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_str().unwrap().starts_with("openclaw-cli-")));
}

/// Fails when another one is at work.
const ALONE: &str = r#"mkdir "$PLACE/busy" 2>/dev/null || exit 9; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; rmdir "$PLACE/busy"; echo '{"result":"ok"}'"#;

#[tokio::test]
async fn one_at_a_time() {
    let stage = Stage::new();
    let runs = |chat: &CliChat, key: fn(usize) -> String| {
        let all = (0..4).map(|at| {
            let (chat, session) = (chat.clone(), stage.session(&key(at)));
            async move { collect(&chat, request(json!([user("hi")]), &session)).await.1 }
        });
        futures_util::future::join_all(all.collect::<Vec<_>>())
    };
    let serial = stage.claude(ALONE);
    assert_eq!(runs(&serial, |at| format!("session {at}")).await, [None, None, None, None]);
    let settings = CliSettings { serialize: false, ..builtin(CLAUDE_CLI).unwrap() };
    let free = stage.chat_with(ALONE, settings.clone(), CliLimits::default());
    assert_eq!(
        runs(&free, |_| "the same".to_owned()).await,
        [None, None, None, None],
        "one session at a time always"
    );
    // Two that wait for each other come to an end only if they run at the same time.
    for name in ["a", "b"] {
        assert!(child_command("mkfifo").arg(stage.path(name)).status().unwrap().success());
    }
    let meet = r#"if mkdir "$PLACE/first" 2>/dev/null; then echo hi > "$PLACE/a"; read x < "$PLACE/b"; else read x < "$PLACE/a"; echo ho > "$PLACE/b"; fi; echo '{"result":"met"}'"#;
    let free = stage.chat_with(meet, settings, CliLimits::default());
    let (one, two) = (stage.session("one"), stage.session("two"));
    let both = futures_util::future::join(
        collect(&free, request(json!([user("hi")]), &one)),
        collect(&free, request(json!([user("hi")]), &two)),
    );
    let (first, second) = tokio::time::timeout(PATIENCE, both).await.expect("they meet");
    assert_eq!((said(&first.0).as_str(), said(&second.0).as_str()), ("met", "met"));
}

#[tokio::test]
async fn what_is_secret_is_not_repeated() {
    let stage = Stage::new();
    let mut settings = CliSettings::new("program");
    settings.env = vec![("API_TOKEN".into(), Secret::new("sk-canary-program".into()))];
    let chat = stage.chat_with(r#"echo "no use: $API_TOKEN" >&2; exit 1"#, settings, CliLimits::default());
    let (_, error) = collect(&chat, asking("hello")).await;
    let error = error.unwrap();
    let words = format!("{error} {error:?} {}", error.plain_words());
    assert!(words.contains("no use: [redacted]") && !words.contains("canary"), "{words}");
    // A proxy's password, which programs report in many forms.
    let program = CliProgram {
        id: CLAUDE_CLI.into(),
        settings: CliSettings::new("program"),
        path: stage
            .program(r#"echo "no way through $HTTPS_PROXY with canary%40pass, canary@pass" >&2; exit 1"#),
        environment: CliEnvironment::read(
            [("HTTPS_PROXY", "http://me:canary%40pass@proxy:3128/")].into_iter(),
        ),
    };
    let chat = CliChat::new(program, "opus", (Arc::clone(&stage.queues), CliLimits::default()));
    let words = collect(&chat, asking("hello")).await.1.unwrap().to_string();
    assert!(words.contains("http://[redacted]@proxy:3128/") && !words.contains("canary"), "{words}");
}
