//! `exec`: output, limits, environment, and that nothing survives a call.

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use openclaw_guard::{CHILD_ENV, CHILD_MARK, CHILD_PATH};
use openclaw_tools::{Exec, Toolbox, ToolboxOptions};
use serde_json::{Value, json};

use crate::home::{Home, call};

/// A guard against a hanging test, never part of what is tested.
const FOREVER: Duration = Duration::from_secs(60);

#[tokio::test]
async fn output_exit_code_and_directory() {
    let home = Home::new();
    home.file("workspace/dir/x", "");
    let rows = [
        (json!({"command": "echo out; echo err >&2"}), "out\nerr"),
        (json!({"command": "true"}), "(no output)"),
        (json!({"command": "echo no; exit 3"}), "no\n\n[exit code 3]"),
        (json!({"command": "ls", "workdir": "dir"}), "x"),
        (json!({"command": "cat; echo done"}), "done"),
        (json!({"command": "printf '\\377'"}), "\u{fffd}"),
    ];
    for (arguments, expected) in rows {
        assert_eq!(home.ok("exec", arguments.clone()).await, expected, "{arguments}");
    }
    let killed = home.ok("exec", json!({"command": "kill -9 $$"})).await;
    assert!(killed.contains("signal"), "{killed}");
    assert_eq!(home.run("exec", json!({"command": "exit 3"})).await.details.unwrap()["exitCode"], 3);
}

#[tokio::test]
async fn the_directory_must_be_in_the_workspace() {
    let home = Home::new();
    std::os::unix::fs::symlink("/", home.path("workspace/link")).unwrap();
    home.file("workspace/file", "");
    for workdir in ["..", "/", "link", "file", "missing", "a\0b"] {
        home.err("exec", json!({"command": "true", "workdir": workdir})).await;
    }
    home.err("exec", json!({"command": "echo a\0b"})).await;
    home.err("exec", json!({"command": "x".repeat(200_000)})).await;
    home.err("exec", json!({"command": "true", "timeout": 1_801})).await;
}

#[tokio::test]
async fn the_end_of_long_output_is_kept() {
    let home = Home::new();
    let text = home.ok("exec", json!({"command": "yes line | head -c 1000000; echo; echo the end"})).await;
    assert!(text.len() < 210 * 1024 && text.ends_with("the end"));
    assert!(text.starts_with("[the first "), "{}", &text[..40]);
}

#[tokio::test]
async fn the_environment_is_an_allow_list() {
    // The test runner's environment is full of CARGO_* variables: none may come through.
    assert!(std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("CARGO")));
    let home = Home::new();
    let text = home.ok("exec", json!({"command": "env"})).await;
    assert!(text.lines().any(|line| line == format!("PATH={CHILD_PATH}")));
    let by_the_shell = ["PATH", "PWD", "OLDPWD", "SHLVL", "_", CHILD_MARK];
    for line in text.lines() {
        let name = line.split('=').next().unwrap();
        assert!(by_the_shell.contains(&name) || CHILD_ENV.contains(&name), "leaked {name}");
    }
}

/// Both the shell and its child ignore SIGTERM and hold the pipe `alive`: it ends when both are dead.
const STUBBORN: &str =
    "trap '' TERM; exec 3>alive; sh -c 'trap \"\" TERM; exec tail -f /dev/null' & echo up >&3;";

/// Runs a command in the background, and waits until it says that it is up.
async fn stubborn(
    home: &Home,
    end: &str,
    timeout: u64,
) -> (BufReader<std::fs::File>, tokio::task::JoinHandle<bool>) {
    home.fifo("workspace/alive");
    let arguments = json!({"command": format!("{STUBBORN} {end}"), "timeout": timeout});
    let cx = home.cx.clone();
    let running = tokio::spawn(async move {
        let toolbox = Toolbox::new(ToolboxOptions { exec: Exec::On, ..ToolboxOptions::default() });
        toolbox.run(call("exec", arguments), cx).await.is_error
    });
    let alive = home.path("workspace/alive");
    let pipe = tokio::task::spawn_blocking(move || {
        let mut pipe = BufReader::new(std::fs::File::open(alive).unwrap());
        let mut line = String::new();
        pipe.read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        pipe
    });
    (tokio::time::timeout(FOREVER, pipe).await.unwrap().unwrap(), running)
}

/// Returns when every process that held the pipe is dead.
async fn all_dead(mut pipe: BufReader<std::fs::File>) {
    let ended = tokio::task::spawn_blocking(move || pipe.read_to_end(&mut Vec::new()).unwrap());
    tokio::time::timeout(FOREVER, ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_abort_kills_the_whole_group() {
    let home = Home::new();
    let (pipe, running) = stubborn(&home, "wait", 1_000).await;
    home.cx.abort.cancel();
    all_dead(pipe).await;
    assert!(running.await.unwrap());
}

#[tokio::test]
async fn a_dropped_call_kills_the_whole_group() {
    let home = Home::new();
    let (pipe, running) = stubborn(&home, "wait", 1_000).await;
    running.abort();
    all_dead(pipe).await;
}

#[tokio::test]
async fn the_limit_kills_the_whole_group_and_shows_the_output() {
    let home = Home::new();
    let (pipe, running) = stubborn(&home, "wait", 1).await;
    all_dead(pipe).await;
    assert!(running.await.unwrap());
    let error =
        home.err("exec", json!({"command": "echo last words; exec tail -f /dev/null", "timeout": 1})).await;
    assert_eq!(error, "the command was stopped after 1 s, its limit; output until then:\nlast words\n");
}

#[tokio::test]
async fn what_a_command_leaves_running_ends_with_it() {
    let home = Home::new();
    let (pipe, running) = stubborn(&home, "exit 0", 1_000).await;
    all_dead(pipe).await;
    assert!(!running.await.unwrap());
}

#[test]
fn it_is_offered_only_when_switched_on() {
    let names = |exec| -> Vec<Value> {
        let toolbox = Toolbox::new(ToolboxOptions { exec, ..ToolboxOptions::default() });
        toolbox.definitions().iter().map(|definition| definition.name.into()).collect()
    };
    assert!(!names(Exec::Off).contains(&"exec".into()));
    assert!(names(Exec::On).contains(&"exec".into()));
}
