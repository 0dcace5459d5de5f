//! What is left when an import is killed, or the disk refuses, at any step.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openclaw_config::{Env, LocationFlags, Locations};
use openclaw_guard::{create_private_dir, write_atomic};

use super::error::ImportError;
use super::places::{Places, Target};
use super::report::Report;
use super::{Step, perform};

/// Set in a child of this test program: the step at which it is killed, and the home it works in.
const KILL_AT: &str = "OPENCLAW_TEST_KILL_AT";
const KILL_HOME: &str = "OPENCLAW_TEST_KILL_HOME";
/// More steps than an import of the small source has.
const MAX_STEPS: usize = 40;

const CONFIG: &str = "{ // mine\n  agents: { defaults: { workspace: '~/.clawdbot/notes' } },\n}\n";

type Tree = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

fn write(path: &Path, text: &str) {
    create_private_dir(path.parent().unwrap()).unwrap();
    write_atomic(path, text.as_bytes()).unwrap();
}

fn home(target: Target) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join(".clawdbot");
    write(&source.join("clawdbot.json"), CONFIG);
    write(&source.join("agents/main/sessions/sessions.json"), "{}");
    write(&source.join("agents/main/sessions/a.jsonl"), "{\"type\":\"session\"}\n");
    write(&source.join("notes/MEMORY.md"), "tea");
    let state = home.path().join(".openclaw");
    match target {
        Target::Missing => {}
        Target::Empty => create_private_dir(&state.join("agents/main/sessions")).unwrap(),
        Target::Leftovers => write(&state.join("identity/device.json"), "a key"),
    }
    home
}

fn places(home: &Path) -> Result<Places, ImportError> {
    let env = Env::from([("HOME", &*home.to_string_lossy())]);
    let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
    Places::find(&home.join(".clawdbot"), at, &env)
}

fn import(home: &Path, before: &mut dyn FnMut(Step) -> io::Result<()>) -> Result<Report, ImportError> {
    perform(&places(home)?, &Env::default(), before)
}

fn tree(dir: &Path) -> Tree {
    let mut files = Tree::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir_here) = open.pop() {
        for entry in std::fs::read_dir(&dir_here).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let modified = path.metadata().unwrap().modified().unwrap();
                let name = path.strip_prefix(dir).unwrap().to_owned();
                files.insert(name, (std::fs::read(&path).unwrap(), modified));
            }
        }
    }
    files
}

fn names(tree: &Tree) -> Vec<&str> {
    tree.keys().map(|path| path.to_str().unwrap()).filter(|path| *path != "state/gateway.lock").collect()
}

const IMPORTED: [&str; 4] = [
    "agents/main/sessions/a.jsonl",
    "agents/main/sessions/sessions.json",
    "notes/MEMORY.md",
    "openclaw.json",
];

/// Whether the target has everything; otherwise it must be as it was.
fn is_imported(home: &Path, target: Target) -> bool {
    let found = tree(&home.join(".openclaw"));
    if names(&found) == IMPORTED {
        let text = String::from_utf8(found[Path::new("openclaw.json")].0.clone()).unwrap();
        assert!(text.contains("// mine") && text.contains(".openclaw/notes"), "{text}");
        return true;
    }
    let before: &[&str] = match target {
        Target::Missing | Target::Empty => &[],
        Target::Leftovers => &["identity/device.json"],
    };
    assert_eq!(names(&found), before);
    false
}

/// Whether what was in the target is still somewhere.
fn keeps_the_old(home: &Path) -> bool {
    let siblings = std::fs::read_dir(home).unwrap();
    siblings.filter(|entry| entry.as_ref().unwrap().path().join("identity/device.json").exists()).count() == 1
}

fn run_child(step: usize, home: &Path) -> bool {
    let mut child = openclaw_guard::child_command(std::env::current_exe().unwrap());
    let test = "commands::import::tests::a_kill_at_any_step_leaves_the_old_or_the_new";
    child.args(["--exact", test, "--nocapture"]);
    child.env(KILL_AT, step.to_string()).env(KILL_HOME, home);
    child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    child.status().unwrap().success()
}

fn pull_the_plug(kill_at: usize, home: &Path) -> ! {
    let mut step = 0;
    let mut plug = |_step: Step| {
        if step == kill_at {
            // Nothing of this process runs after this line.
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
        }
        step += 1;
        Ok(())
    };
    import(home, &mut plug).unwrap();
    std::process::exit(0)
}

#[test]
fn a_kill_at_any_step_leaves_the_old_or_the_new() {
    if let (Ok(step), Ok(home)) = (std::env::var(KILL_AT), std::env::var(KILL_HOME)) {
        pull_the_plug(step.parse().unwrap(), Path::new(&home));
    }
    for target in [Target::Missing, Target::Empty, Target::Leftovers] {
        let mut survived_at = None;
        for step in 0..MAX_STEPS {
            let home = home(target);
            let source = tree(&home.path().join(".clawdbot"));
            let is_done = run_child(step, home.path());
            assert_eq!(tree(&home.path().join(".clawdbot")), source, "{target:?} step {step}");
            let imported = is_imported(home.path(), target);
            assert!(target != Target::Leftovers || keeps_the_old(home.path()), "step {step}");
            if is_done {
                assert!(imported);
                survived_at = Some(step);
                break;
            }
            if imported && !is_done {
                // The next try finds the target in use, and gives what was there before the name it should have.
                let kept = home.path().join(".openclaw.before-import/identity/device.json");
                import(home.path(), &mut |_| Ok(())).unwrap_err();
                assert_eq!(kept.exists(), target == Target::Leftovers, "step {step}");
                assert!(super::report::leftovers(&home.path().join(".openclaw")).is_empty(), "step {step}");
            }
            if !imported {
                // The next try works, and names what the killed one has left.
                let report = import(home.path(), &mut |_| Ok(())).unwrap();
                assert!(is_imported(home.path(), target));
                assert_eq!(
                    report.words().contains("broken off"),
                    step > 0,
                    "step {step}: {}",
                    report.words()
                );
            }
        }
        assert!(survived_at.is_some_and(|steps| steps > 8), "{target:?} {survived_at:?}");
    }
}

#[test]
fn what_was_in_the_target_is_never_called_a_leftover() {
    let home = home(Target::Missing);
    let aside = |name: &str| home.path().join(format!(".openclaw.import-{name}"));
    write(&aside("00000001").join("identity/device.json"), "copied, too");
    write(&aside("00000002").join("identity/device.json"), "the old one");
    write(&aside("00000002").join("state/gateway.lock"), "");
    let places = places(home.path()).unwrap();
    let plan = super::plan::Plan::make(&places, &Env::default()).unwrap();
    let words = Report::of_plan(&places, &plan, Target::Missing).words();
    assert!(words.contains("import-00000001 is left from an import that was broken off"), "{words}");
    assert!(words.contains("import-00000002 has what was in ~/.openclaw before"), "{words}");
    assert!(aside("00000002").exists(), "nothing is done by looking");
    let words = import(home.path(), &mut |_| Ok(())).unwrap().words();
    assert!(words.contains("~/.openclaw.before-import has what was in ~/.openclaw before"), "{words}");
    assert!(!aside("00000002").exists() && aside("00000001").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_reported() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = home(Target::Missing);
    let name = std::ffi::OsStr::from_bytes(b"notes/caf\xe9.md");
    write(&home.path().join(".clawdbot").join(name), "tea");
    let report = import(home.path(), &mut |_| Ok(())).unwrap();
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains("caf\u{fffd}.md"), "{json}");
    assert!(home.path().join(".openclaw").join(name).exists());
}

#[test]
fn a_step_that_fails_is_told_and_leaves_nothing() {
    for fail_at in 0..MAX_STEPS {
        let home = home(Target::Leftovers);
        let mut step = 0;
        let mut swapped = false;
        let mut full = |at: Step| {
            step += 1;
            swapped |= at == Step::KeepOld;
            if step - 1 == fail_at { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        };
        let result = import(home.path(), &mut full);
        let Err(error) = result else {
            assert!(is_imported(home.path(), Target::Leftovers) && step > 8);
            return;
        };
        let ImportError::File(file) = &error else { panic!("{error}") };
        assert!(file.is_disk_full(), "{error}");
        assert_eq!(is_imported(home.path(), Target::Leftovers), swapped);
        assert!(keeps_the_old(home.path()));
        let left = std::fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, if swapped { 3 } else { 2 }, "step {fail_at}: a copy lies about");
    }
    panic!("the import has more steps than were tried");
}

#[test]
fn a_source_that_changes_is_not_imported() {
    for step_of_change in [Step::Copy, Step::LookAgain] {
        let home = home(Target::Missing);
        let grown = home.path().join(".clawdbot/agents/main/sessions/sessions.json");
        let mut write = |step: Step| {
            if step == step_of_change {
                let text = std::fs::read_to_string(&grown).unwrap();
                write_atomic(&grown, format!("{text} ").as_bytes()).unwrap();
            }
            Ok(())
        };
        let error = import(home.path(), &mut write).unwrap_err();
        assert!(matches!(error, ImportError::Changed { .. }), "{error}");
        assert!(error.to_string().contains("sessions.json"), "{error}");
        assert!(!is_imported(home.path(), Target::Missing));
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}

#[test]
fn what_appears_meanwhile_is_left_alone() {
    for target in [Target::Missing, Target::Empty] {
        let home = home(target);
        let state = home.path().join(".openclaw");
        let mut appear = |step: Step| {
            if step == Step::Swap {
                create_private_dir(&state).unwrap();
                write_atomic(&state.join("openclaw.json"), b"{}").unwrap();
            }
            Ok(())
        };
        let error = import(home.path(), &mut appear).unwrap_err();
        assert!(matches!(error, ImportError::Appeared { .. }), "{target:?}: {error}");
        assert_eq!(names(&tree(&state)), ["openclaw.json"]);
    }
}
