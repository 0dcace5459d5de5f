//! Standard input that is no terminal: lines are answered for who asks for that, and left alone otherwise.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};

use openclaw_testkit::home::TempHome;
use openclaw_testkit::process::{GatewayProcess, free_port};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{PATIENCE, binary, fed, piped, run, said, stdout, stdout_json};

fn answers(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaints(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Reads standard error of a quickstart until its gateway runs.
fn announced(child: &mut Child) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("Channels")), "it ended without an announcement");
    // What comes later must find a reader.
    std::thread::spawn(move || lines.for_each(drop));
}

fn terminate(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
}

/// What a quickstart that was told to stop has written, and that it ended well.
fn ended(mut child: Child) -> String {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    text
}

#[test]
fn lines_are_answered_in_their_order_and_then_the_gateway_stops() {
    let home = TempHome::new();
    let port = free_port().to_string();
    let args = ["quickstart", "--lines", "--port", &port];
    let told =
        fed(&home, &args, "\n  \nremember that the boiler was serviced by Hansen\nwho serviced the boiler?");
    assert!(told.status.success(), "{}", said(&told));
    let text = answers(&told);
    let places = ["Noted in memory/", "From your notes:"]
        .map(|part| text.find(part).unwrap_or_else(|| panic!("{text}")));
    assert!(places.is_sorted() && text.starts_with("Noted"), "{text}");
    assert!(
        !text.contains("you>") && !text.contains("Workspace") && !text.contains("[memory_search]"),
        "{text}"
    );
    assert!(complaints(&told).contains("Workspace"), "{}", complaints(&told));
    assert!(!run(&home, &["health"]).status.success(), "it has stopped");
}

#[test]
fn no_line_of_a_program_leaves_others_without_an_answer() {
    let home = TempHome::new();
    let port = free_port().to_string();
    let told = fed(&home, &["quickstart", "--lines", "--port", &port], "exit\n/quit\nremember that z is 8\n");
    assert!(told.status.success() && answers(&told).contains("Noted in memory/"), "{}", said(&told));
}

#[test]
fn a_line_that_is_no_text_is_told_of_and_ends_nothing() {
    let home = TempHome::new();
    let port = free_port().to_string();
    let told =
        fed(&home, &["quickstart", "--lines", "--port", &port], b"hello\n\xff\xfe\nremember that y is 7\n");
    assert_eq!(told.status.code(), Some(1));
    assert!(answers(&told).contains("Noted in memory/"), "{}", said(&told));
    assert!(complaints(&told).contains("line 2 is not text in UTF-8"), "{}", complaints(&told));
}

#[tokio::test]
async fn lines_for_a_gateway_that_runs_leave_it_running() {
    let home = TempHome::new();
    let port = free_port();
    let text = port.to_string();
    let mut gateway = GatewayProcess::start_with(
        binary(),
        &home,
        port,
        &["quickstart", "--non-interactive", "--port", &text],
    )
    .await;
    let told = fed(&home, &["quickstart", "--lines"], "remember that the spare key is under the blue pot\n");
    assert!(told.status.success() && answers(&told).starts_with("Noted in memory/"), "{}", said(&told));
    assert!(complaints(&told).contains("is running already"), "{}", complaints(&told));
    let nothing = fed(&home, &["quickstart", "--lines"], "\n");
    assert_eq!((nothing.status.code(), answers(&nothing).as_str()), (Some(0), ""));
    let without = run(&home, &["quickstart"]);
    assert!(
        without.status.success() && answers(&without).contains("is running already"),
        "{}",
        said(&without)
    );

    // In a chat the same lines are messages as well, and one that fails shows in the exit code.
    let chat = fed(&home, &["chat"], b"hello\n\xff\nremember that y is 7\n/stop\n/help\n");
    let shown = answers(&chat);
    assert_eq!(chat.status.code(), Some(1), "{shown}");
    for part in
        ["[failed] line 2 is not text", "Noted in memory/", "no answer is being written", "/exit, /quit"]
    {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
    let left = fed(&home, &["chat"], "exit\nremember that z is 8\n");
    assert!(left.status.success() && !answers(&left).contains("Noted"), "{}", said(&left));

    stdout(&home, &["health"]);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
}

#[test]
fn an_input_without_a_word_is_answered_at_once() {
    let home = TempHome::new();
    let port = free_port().to_string();
    let told = fed(&home, &["quickstart", "--lines", "--port", &port], "\n \n");
    assert!(told.status.success() && answers(&told).is_empty(), "{}", said(&told));
    assert!(complaints(&told).contains("Workspace"), "{}", complaints(&told));
}

/// `curl … | sh`, or a loop over lines: what follows is for others, and may be secret.
#[tokio::test]
async fn what_nobody_asked_to_be_read_is_left_for_others() {
    let home = TempHome::new();
    let port = free_port();
    let text = port.to_string();
    let args = ["quickstart", "--non-interactive", "--port", &text];
    let mut gateway = GatewayProcess::start_with(binary(), &home, port, &args).await;
    let mut shell = Command::new("sh");
    let script = format!("'{}' quickstart; read line; echo \"got $line\"", binary().display());
    shell.args(["-c", &script]).env_clear().envs(home.env()).current_dir(home.path());
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    shell.stdin.take().unwrap().write_all(b"remember that\n").unwrap();
    let told = shell.wait_with_output().unwrap();
    let text = answers(&told);
    assert!(text.contains("is running already") && text.ends_with("got remember that\n"), "{}", said(&told));
    let hint = complaints(&told);
    assert!(hint.contains("standard input is not read") && hint.contains("quickstart --lines`"), "{hint}");

    // One that says nothing and stays open is not waited for.
    let mut silent = piped(&home, &["quickstart"]);
    let input = silent.stdin.take().unwrap();
    assert!(ended(silent).contains("is running already"));
    drop(input);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
}

#[test]
fn a_pipe_that_nobody_asked_to_be_read_leaves_a_gateway() {
    let home = TempHome::new();
    let port = free_port().to_string();
    let mut child = piped(&home, &["quickstart", "--port", &port]);
    child.stdin.take().unwrap().write_all(b"remember that x is 4\n").unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("Channels")), "it ended without an announcement");
    let told = stdout(&home, &["agent", "--message", "what is x?"]);
    assert!(!told.contains("x is 4"), "{told}");
    terminate(&child);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(child.wait().unwrap().success() && !rest.concat().contains("Noted"), "{rest:?}");
}

#[tokio::test]
async fn dev_null_is_no_input() {
    let home = TempHome::new();
    let port = free_port();
    let text = port.to_string();
    let mut gateway =
        GatewayProcess::start_with(binary(), &home, port, &["quickstart", "--port", &text]).await;
    gateway.wait_stdout("Channels", PATIENCE).await;
    assert_eq!(stdout_json(&home, &["health", "--json"])["ok"], true);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
}

#[test]
fn a_pipe_that_is_silent_leaves_a_gateway_until_somebody_speaks() {
    let home = TempHome::new();
    let port = free_port().to_string();
    let mut child = piped(&home, &["quickstart", "--lines", "--port", &port]);
    let mut input = child.stdin.take().unwrap();
    announced(&mut child);
    let told = stdout(&home, &["agent", "--message", "remember that the pond is 80 cm deep"]);
    assert!(told.contains("Noted"), "{told}");
    input.write_all(b"how deep is the pond?\n").unwrap();
    drop(input);
    let text = ended(child);
    assert!(text.contains("80 cm deep"), "{text}");
}

#[test]
fn one_that_is_told_to_stop_while_it_waits_for_lines_stops() {
    let home = TempHome::new();
    let port = free_port().to_string();
    let mut child = piped(&home, &["quickstart", "--lines", "--port", &port]);
    let input = child.stdin.take().unwrap();
    announced(&mut child);
    terminate(&child);
    assert_eq!(ended(child), "");
    drop(input);
}

#[test]
fn a_port_that_is_taken_is_not_written_down() {
    let home = TempHome::new();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = run(&home, &["quickstart", "--port", &port]);
    assert!(!told.status.success() && complaints(&told).contains("is in use"), "{}", said(&told));
    assert!(!home.state_dir().join("openclaw.json").exists());
}
