//! The tracer on programs of the system: what it counts, and what it does to them.

use std::time::{Duration, Instant};

use super::{End, Fault, Plan, Refusal, StepKind, Traced, is_allowed};
use crate::home::TempHome;

const PATIENCE: Duration = Duration::from_secs(20);

/// Makes a file, gives it another name, makes and removes a folder; also writes where nobody looks.
const STORY: &str =
    "echo outside > elsewhere; cd .openclaw; echo one > a; mv a b; mkdir c; rmdir c; echo end";

fn home() -> TempHome {
    let home = TempHome::new();
    home.write(".openclaw/old", "x");
    home
}

/// Runs a script of the shell.
fn run(home: &TempHome, script: &str, plan: Plan) -> (Traced, End) {
    let traced = Traced::start("/bin/sh".as_ref(), home, &["-c", script], plan);
    let end = traced.wait_end(PATIENCE).unwrap();
    (traced, end)
}

#[test]
fn counts_what_changes_the_folder_and_nothing_else() {
    if !is_allowed() {
        return;
    }
    let home = home();
    let (traced, end) = run(&home, STORY, Plan::none());
    assert_eq!(end, End::Exit(0), "{}", traced.output());
    let steps = traced.steps();
    let seen: Vec<_> = steps.iter().map(|step| (step.kind, step.path.to_str().unwrap())).collect();
    let expected = [
        (StepKind::Create, "a"),
        (StepKind::Write, "a"),
        (StepKind::Rename, "b"),
        (StepKind::MakeDir, "c"),
        (StepKind::Remove, "c"),
    ];
    assert_eq!(seen, expected, "{}", traced.describe_last(20));
    assert_eq!((traced.count(), traced.hits()), (5, 0));
    assert_eq!(traced.output(), "end\n");
}

#[test]
fn kills_on_either_side_of_a_step() {
    if !is_allowed() {
        return;
    }
    for (plan, a, b) in [(Plan::kill_before(3), true, false), (Plan::kill_after(3), false, true)] {
        let home = home();
        // One process, so that the step is its own: `exec` ends in `mv`.
        let script = "cd .openclaw; echo one > a; exec mv a b";
        let (traced, end) = run(&home, script, plan);
        assert!(end.is_kill(), "{end:?}");
        let is_there = |name: &str| home.read(format!(".openclaw/{name}")).is_some();
        assert_eq!((is_there("a"), is_there("b")), (a, b), "{plan:?}\n{}", traced.describe_last(9));
    }
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    if !is_allowed() {
        return;
    }
    for refusal in Refusal::ALL {
        let home = home();
        let script = "cd .openclaw; echo one > a; echo two > b; rm old; echo three > c";
        let (traced, _) = run(&home, script, Plan::once(2, Fault::Refuse(refusal)));
        assert_eq!(home.read(".openclaw/a").as_deref(), Some(""), "{}", traced.describe_last(9));
        assert_eq!(home.read(".openclaw/b").as_deref(), Some("two\n"));
        assert_eq!(traced.hits(), 1);
        assert!(traced.describe_last(9).contains(&format!("[{}]", refusal.name())));
    }
    let home = home();
    let script = "cd .openclaw; rm old; echo one > a";
    let (traced, _) = run(&home, script, Plan::from(1, Fault::Refuse(Refusal::NoSpace)));
    assert_eq!((home.read(".openclaw/old"), home.read(".openclaw/a")), (None, None), "a full disk lets go");
    assert_eq!(traced.hits(), 1);
}

#[test]
fn a_short_write_is_continued_with_registers_as_they_were() {
    if !is_allowed() {
        return;
    }
    let home = home();
    let text = "0123456789".repeat(500);
    home.write("big", &text);
    let (traced, end) =
        run(&home, "dd if=big of=.openclaw/copy bs=2500 2>/dev/null", Plan::from(1, Fault::Short));
    assert_eq!(end, End::Exit(0), "{}", traced.output());
    assert_eq!(home.read(".openclaw/copy").as_deref(), Some(text.as_str()));
    assert!(traced.hits() > 5, "{}", traced.describe_last(20));
}

#[test]
fn a_slow_sync_takes_its_time() {
    if !is_allowed() {
        return;
    }
    let home = home();
    let pause = Duration::from_millis(150);
    let began = Instant::now();
    let (traced, end) = run(&home, "sync -d .openclaw/old", Plan::from(1, Fault::SlowSync(pause)));
    assert_eq!((end, traced.hits()), (End::Exit(0), 1), "{}", traced.output());
    assert!(began.elapsed() >= pause);
}

#[test]
fn what_is_dropped_is_gone() {
    if !is_allowed() {
        return;
    }
    let home = home();
    let traced = Traced::start("/bin/sleep".as_ref(), &home, &["1000"], Plan::none());
    let pid = rustix::process::Pid::from_raw(traced.pid().cast_signed()).unwrap();
    assert_eq!(traced.wait_end(Duration::ZERO), None);
    drop(traced);
    assert!(rustix::process::test_kill_process(pid).is_err());
}
