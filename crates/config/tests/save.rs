//! Writing a configuration: what happens when others write too, when the plug is pulled, when the disk is full.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at once when something is not as it should be"
)]

use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use openclaw_config::{
    BACKUPS, Base, Change, Confirmed, Draft, EditError, Editor, Env, LocationFlags, Locations, Saved, Terms,
    Validity, backup_path, beside, confirm, edit, edit_watched, keep_last_good, last_good_path, load,
};
use openclaw_guard::{WriteStep, create_private_dir, write_atomic};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Set in a child of this test program: the step at which it is killed, and the home it works in.
const KILL_AT: &str = "OPENCLAW_TEST_KILL_AT";
const KILL_HOME: &str = "OPENCLAW_TEST_KILL_HOME";

const FILE: &str =
    "{ // mine\n  gateway: { port: 1, mode: 'local' },\n  agents: { $include: './agents.json5' },\n}\n";
const AGENTS: &str = "{ list: [{ id: 'main' }] }\n";

fn home() -> (TempDir, Locations) {
    let home = tempfile::tempdir().unwrap();
    let at = at(home.path());
    create_private_dir(&at.state_dir).unwrap();
    write_atomic(&at.config_path, FILE.as_bytes()).unwrap();
    write_atomic(&at.state_dir.join("agents.json5"), AGENTS.as_bytes()).unwrap();
    (home, at)
}

fn at(home: &Path) -> Locations {
    let env = Env::from([("HOME", &*home.to_string_lossy())]);
    Locations::resolve(&env, LocationFlags::default()).unwrap()
}

fn set(path: &str, value: Value) -> Change {
    Change::Set { path: path.parse().unwrap(), value }
}

const TERMS: Terms<'static> = Terms::ANY_BASE;

fn apply(at: &Locations, terms: &Terms<'_>, changes: &[Change]) -> Result<(Draft, Saved), EditError> {
    edit(at, &Env::default(), terms, &|editor: &mut Editor| editor.apply(changes))
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn ten_versions_are_kept_and_nobody_else_can_read_them() {
    let (_home, at) = home();
    for port in 2..=14 {
        apply(&at, &TERMS, &[set("gateway.port", json!(port))]).unwrap();
    }
    let version = |port: u16| FILE.replace("port: 1", &format!("port: {port}"));
    assert_eq!(text(&at.config_path), version(14));
    for age in 0..BACKUPS {
        let path = backup_path(&at.config_path, age);
        assert_eq!(text(&path), version(u16::try_from(13 - age).unwrap()), "{}", path.display());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!backup_path(&at.config_path, BACKUPS).exists());
    assert!(!backup_path(&at.state_dir.join("agents.json5"), 0).exists(), "it did not change");
}

#[test]
fn a_change_in_an_included_file_is_written_there() {
    let (_home, at) = home();
    let (_, saved) = apply(&at, &TERMS, &[set("agents.list[0].name", json!("M"))]).unwrap();
    assert_eq!(saved.files, [at.state_dir.join("agents.json5")]);
    assert_eq!(text(&at.config_path), FILE);
    assert_eq!(text(&saved.files[0]), "{ list: [{ id: 'main', name: 'M' }] }\n");
    assert_eq!(text(&backup_path(&saved.files[0], 0)), AGENTS);
}

#[test]
fn nothing_is_written_when_nothing_changes_or_the_result_is_wrong() {
    let (_home, at) = home();
    let (_, saved) = apply(&at, &TERMS, &[set("gateway.port", json!(1))]).unwrap();
    assert!(saved.files.is_empty() && !backup_path(&at.config_path, 0).exists());
    let refused = apply(&at, &TERMS, &[set("gateway.prot", json!(1))]).err().unwrap();
    assert!(matches!(&refused, EditError::Invalid { problems } if problems.len() == 1), "{refused}");
    assert!(refused.to_string().contains("did you mean \"port\"?"), "{refused}");
    assert_eq!(text(&at.config_path), FILE);
}

#[test]
fn a_repair_may_leave_problems_and_must_not_make_any() {
    let (_home, at) = home();
    write_atomic(&at.config_path, b"{ gateway: { prot: 1, bnd: 2 } }").unwrap();
    let repair = Terms { validity: Validity::NoWorse, ..TERMS };
    let remove = |path: &str| Change::Remove { path: path.parse().unwrap() };
    apply(&at, &repair, &[remove("gateway.prot")]).unwrap();
    assert_eq!(text(&at.config_path), "{ gateway: { bnd: 2 } }");
    assert!(matches!(apply(&at, &repair, &[set("gateway.prt", json!(1))]), Err(EditError::Invalid { .. })));
    assert!(matches!(apply(&at, &TERMS, &[set("gateway.port", json!(1))]), Err(EditError::Invalid { .. })));
    // The one that is there accounts for itself, not for another of its name.
    assert!(matches!(apply(&at, &repair, &[set("cron.bnd", json!(1))]), Err(EditError::Invalid { .. })));
}

#[test]
fn what_loses_much_waits_beside_the_file() {
    let (_home, at) = home();
    let lossy = [Change::Remove { path: "gateway".parse().unwrap() }];
    let Err(EditError::Lossy { staged: Some(staged), .. }) = apply(&at, &TERMS, &lossy) else { panic!() };
    assert_eq!(staged, beside(&at.config_path, "staged"));
    assert_eq!(text(&at.config_path), FILE);
    let waiting = text(&staged);
    assert!(!waiting.contains("gateway"));
    // Another change makes what waited meaningless, and so does one by hand.
    apply(&at, &TERMS, &[set("ui.seamColor", json!("#111111"))]).unwrap();
    assert!(!staged.exists());
    assert!(matches!(apply(&at, &TERMS, &lossy), Err(EditError::Lossy { .. })));
    let by_hand = text(&at.config_path).replace("#111111", "#222222");
    write_atomic(&at.config_path, by_hand.as_bytes()).unwrap();
    assert!(matches!(confirm(&at, &Env::default()), Err(EditError::Outdated { .. })));
    assert_eq!(text(&at.config_path), by_hand);
    // Made for what is there, it is taken, and what was good before is kept.
    keep_last_good(&at.config_path, "{ /* precious */ }").unwrap();
    assert!(matches!(apply(&at, &TERMS, &lossy), Err(EditError::Lossy { .. })));
    assert_eq!(confirm(&at, &Env::default()).unwrap(), Confirmed::Staged);
    assert!(!text(&at.config_path).contains("gateway") && !staged.exists());
    assert_eq!(text(&last_good_path(&at.config_path)), text(&at.config_path));
    assert!(backups(&at.config_path).iter().any(|path| text(path).contains("precious")));
}

#[test]
fn a_base_hash_names_the_text_that_is_meant() {
    let (_home, at) = home();
    let seen = load(&at, &Env::default()).unwrap().hash.unwrap();
    let with = |base| Terms { base: Base::Hash(base), ..TERMS };
    let change = [set("gateway.port", json!(2))];
    assert!(matches!(apply(&at, &with(None), &change), Err(EditError::NoBase)));
    assert!(matches!(apply(&at, &with(Some("0")), &change), Err(EditError::OtherBase)));
    // A change of an included file changes the hash, too.
    write_atomic(&at.state_dir.join("agents.json5"), b"{ list: [{ id: 'other' }] }").unwrap();
    assert!(matches!(apply(&at, &with(Some(&seen)), &change), Err(EditError::OtherBase)));
    let seen = load(&at, &Env::default()).unwrap().hash.unwrap();
    apply(&at, &with(Some(&seen)), &change).unwrap();
    std::fs::remove_file(&at.config_path).unwrap();
    apply(&at, &with(None), &[set("gateway.port", json!(3))]).unwrap();
    assert_eq!(text(&at.config_path), "{\n  \"gateway\": {\n    \"port\": 3\n  }\n}\n");
}

#[test]
fn sixty_four_writers_lose_nothing() {
    let (_home, at) = home();
    std::thread::scope(|scope| {
        for writer in 0..64 {
            let at = &at;
            scope.spawn(move || {
                let change = set(&format!("env.vars.V{writer}"), json!(writer.to_string()));
                apply(at, &TERMS, &[change]).unwrap();
            });
        }
    });
    let loaded = load(&at, &Env::default()).unwrap();
    let vars = loaded.parsed["env"]["vars"].as_object().unwrap();
    assert_eq!(vars.len(), 64);
    assert!(text(&at.config_path).starts_with("{ // mine\n"));
}

#[test]
fn what_somebody_writes_meanwhile_is_never_overwritten() {
    let (_home, at) = home();
    let theirs = FILE.replace("mine", "theirs");
    let turns = AtomicUsize::new(0);
    let mut meddle = |step: WriteStep| {
        // At the last moment, when everything is written and only the rename is left.
        if step == WriteStep::Rename && turns.fetch_add(1, Ordering::SeqCst) == BACKUPS {
            std::fs::OpenOptions::new().truncate(true).write(true).open(&at.config_path)?;
            io::Write::write_all(
                &mut std::fs::OpenOptions::new().write(true).open(&at.config_path)?,
                theirs.as_bytes(),
            )?;
        }
        Ok(())
    };
    let change = [set("gateway.port", json!(2))];
    let env = Env::default();
    let made = |editor: &mut Editor| editor.apply(&change);
    let seen = load(&at, &env).unwrap().hash.unwrap();
    let terms = Terms { base: Base::Hash(Some(&seen)), ..TERMS };
    let refused = edit_watched(&at, &env, &terms, &mut meddle, &made);
    assert!(matches!(refused, Err(EditError::Changed { .. })));
    assert_eq!(text(&at.config_path), theirs);
    // Without a base the change is made on what is there now.
    apply(&at, &TERMS, &change).unwrap();
    assert_eq!(text(&at.config_path), theirs.replace("port: 1", "port: 2"));
}

#[test]
fn a_link_to_the_configuration_stays_a_link() {
    let (home, at) = home();
    let dotfiles = home.path().join("dotfiles");
    create_private_dir(&dotfiles).unwrap();
    let real = dotfiles.join("claw.json5");
    write_atomic(&real, b"{ gateway: { port: 1 } }").unwrap();
    std::fs::remove_file(&at.config_path).unwrap();
    symlink(&real, &at.config_path).unwrap();
    apply(&at, &TERMS, &[set("gateway.port", json!(2))]).unwrap();
    assert_eq!(text(&real), "{ gateway: { port: 2 } }");
    assert!(at.config_path.symlink_metadata().unwrap().file_type().is_symlink());
}

/// What a client sends as a whole configuration, and what the file is afterwards.
#[test]
fn documents_from_clients_keep_what_clients_do_not_know() {
    let sent = |at: &Locations, raw: &str| {
        edit(at, &Env::default(), &TERMS, &|editor| editor.take_document(raw))
            .map(|_| text(&at.config_path))
            .map_err(|error| error.to_string())
    };
    let (_home, at) = home();
    // A form in a browser writes strict JSON, includes merged in.
    let form = json!({"gateway": {"port": 2, "mode": "local"}, "agents": {"list": [{"id": "main"}]}});
    assert_eq!(sent(&at, &form.to_string()), Ok(FILE.replace("port: 1", "port: 2")));
    // An editor in a browser sends the text with its comments.
    let typed = "{ // yours\n  gateway: { mode: 'local', auth: { token: 't' } } }";
    assert_eq!(sent(&at, typed).as_deref(), Ok(typed));
    let marked = typed.replace("'t'", "'__OPENCLAW_REDACTED__'").replace("yours", "ours");
    assert_eq!(sent(&at, &marked), Ok(typed.replace("yours", "ours")));
    assert!(sent(&at, "{ gateway: ").unwrap_err().starts_with("the text sent:1:"));
    assert!(
        sent(&at, "{\"ui\": {\"seamColor\": \"__OPENCLAW_REDACTED__\"}}")
            .unwrap_err()
            .contains("ui.seamColor")
    );
    // Of a file that cannot be read nobody knows what a document would lose.
    write_atomic(&at.config_path, b"{ gateway: ").unwrap();
    assert!(matches!(apply(&at, &TERMS, &[set("gateway.port", json!(1))]), Err(EditError::Read(_))));
    assert!(sent(&at, "{\"gateway\": {}}").unwrap_err().contains("openclaw.json:1:12"));
    assert_eq!(text(&at.config_path), "{ gateway: ");
}

/// Killed ahead of every step of a write that touches two files, with all backups in place: each file is the old or
/// the new one, and every earlier version is there.
#[test]
fn killed_at_any_step_every_file_is_old_or_new() {
    if let (Ok(step), Ok(home)) = (std::env::var(KILL_AT), std::env::var(KILL_HOME)) {
        let changes = [set("gateway.port", json!(2)), set("agents.list[0].name", json!("M"))];
        pull_the_plug(step.parse().unwrap(), &at(Path::new(&home)), &changes);
    }
    let (old_port, new_port) = ("port: 1", "port: 2");
    let mut survived_at = None;
    for step in 0..64 {
        let (home, at) = home();
        for age in 0..BACKUPS {
            write_atomic(&backup_path(&at.config_path, age), format!("// {age}\n{{}}").as_bytes()).unwrap();
        }
        let status = run_child(step, home.path(), "killed_at_any_step_every_file_is_old_or_new");
        let main = text(&at.config_path);
        assert!([FILE.to_owned(), FILE.replace(old_port, new_port)].contains(&main), "step {step}: {main}");
        let agents = text(&at.state_dir.join("agents.json5"));
        assert!(
            agents == AGENTS || agents == AGENTS.replace("'main'", "'main', name: 'M'"),
            "step {step}: {agents}"
        );
        assert!(load(&at, &Env::default()).is_ok(), "step {step}");
        let kept: Vec<String> = backups(&at.config_path).iter().map(|path| text(path)).collect();
        let lost =
            (0..BACKUPS - 1).find(|age| !kept.iter().any(|text| text.starts_with(&format!("// {age}\n"))));
        assert_eq!(lost, None, "step {step}");
        // What is left does not stop the next writer.
        apply(&at, &TERMS, &[set("gateway.port", json!(9))]).unwrap();
        if status {
            survived_at = Some(step);
            break;
        }
    }
    // Nine renames and twice five steps for the configuration, twice five for the included file and its first backup.
    assert!(survived_at.is_some_and(|step| step > 28), "{survived_at:?}");
}

fn backups(path: &Path) -> Vec<PathBuf> {
    (0..BACKUPS).map(|age| backup_path(path, age)).filter(|path| path.exists()).collect()
}

fn run_child(step: usize, home: &Path, test: &str) -> bool {
    let mut child = openclaw_guard::child_command(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]);
    child.env(KILL_AT, step.to_string()).env(KILL_HOME, home);
    child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    child.status().unwrap().success()
}

fn pull_the_plug(kill_at: usize, at: &Locations, changes: &[Change]) -> ! {
    let mut step = 0;
    let mut plug = |_step: WriteStep| {
        if step == kill_at {
            // Nothing of this process runs after this line.
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)?;
        }
        step += 1;
        Ok(())
    };
    edit_watched(at, &Env::default(), &TERMS, &mut plug, &|editor| editor.apply(changes)).unwrap();
    std::process::exit(0)
}

#[test]
fn a_list_keeps_its_secrets_in_their_places_and_no_mark_is_written() {
    let (_home, at) = home();
    let file = "{ tools: { media: { models: [{ provider: 'p1', headers: { A: 'one' } }, { provider: 'p2', headers: { A: 'two' } }] } } }";
    write_atomic(&at.config_path, file.as_bytes()).unwrap();
    let sent = |raw: &str| edit(&at, &Env::default(), &TERMS, &|editor| editor.take_document(raw)).map(drop);
    let mut shown = openclaw_config::redact(&load(&at, &Env::default()).unwrap().parsed);
    shown["tools"]["media"]["models"].as_array_mut().unwrap().reverse();
    sent(&shown.to_string()).unwrap();
    let models = load(&at, &Env::default()).unwrap().parsed["tools"]["media"]["models"].clone();
    assert_eq!((&models[0]["headers"]["A"], &models[1]["headers"]["A"]), (&json!("two"), &json!("one")));
    let before = text(&at.config_path);
    for mark in ["'Bearer __OPENCLAW_REDACTED__'", "'__OPENCLAW_REDACTED__x'"] {
        let raw = before.replace("'one'", mark) + "// typed";
        assert!(matches!(sent(&raw), Err(EditError::NothingHidden { .. })), "{mark}");
    }
    let included = "{ agents: { list: [{ id: 'main', model: { $include: './secret.json5' } }] } }";
    assert!(matches!(sent(included), Err(EditError::NewInclude { .. })));
    assert_eq!(text(&at.config_path), before);
}

#[test]
fn a_deleted_file_is_not_made_anew_by_who_has_seen_it() {
    let (_home, at) = home();
    let seen = load(&at, &Env::default()).unwrap().hash.unwrap();
    keep_last_good(&at.config_path, FILE).unwrap();
    std::fs::remove_file(&at.config_path).unwrap();
    let terms = Terms { base: Base::Hash(Some(&seen)), ..TERMS };
    let change = [set("ui.seamColor", json!("#111111"))];
    assert!(matches!(apply(&at, &terms, &change), Err(EditError::OtherBase)));
    // Without a base it would be a stub where there was much.
    assert!(matches!(apply(&at, &TERMS, &change), Err(EditError::Lossy { .. })));
    assert!(!at.config_path.exists());
    symlink("nowhere.json5", &at.config_path).unwrap();
    std::fs::remove_file(last_good_path(&at.config_path)).ok();
    let refused = apply(&at, &TERMS, &change).err().unwrap();
    assert!(refused.to_string().contains("cannot follow the link"), "{refused}");
}

#[test]
fn a_pipe_in_the_way_is_refused_or_passed_by() {
    let (_home, at) = home();
    let fifo = |suffix: &str| {
        let path = beside(&at.config_path, suffix);
        let made = openclaw_guard::child_command("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    };
    fifo("bak");
    apply(&at, &TERMS, &[set("gateway.port", json!(2))]).unwrap();
    std::fs::remove_file(beside(&at.config_path, "lock")).unwrap();
    fifo("lock");
    let refused = apply(&at, &TERMS, &[set("gateway.port", json!(3))]).err().unwrap();
    assert!(refused.to_string().contains("openclaw.json.lock"), "{refused}");
}

/// A value that moves from one file to another is in one of them, or for a moment in both, whenever the plug is pulled.
#[test]
fn a_value_on_its_way_between_files_is_never_in_none() {
    if let (Ok(step), Ok(home)) = (std::env::var(KILL_AT), std::env::var(KILL_HOME)) {
        pull_the_plug(step.parse().unwrap(), &at(Path::new(&home)), &[moved()]);
    }
    let mut survived_at = None;
    for step in 0..64 {
        let (home, at) = home();
        let base = "{ agent: { workspace: '~/precious' }, ui: {} }";
        write_atomic(&at.config_path, b"{ $include: './base.json5', agents: { list: [{ id: 'main' }] } }")
            .unwrap();
        write_atomic(&at.state_dir.join("base.json5"), base.as_bytes()).unwrap();
        let is_done = run_child(step, home.path(), "a_value_on_its_way_between_files_is_never_in_none");
        let both = text(&at.config_path) + &text(&at.state_dir.join("base.json5"));
        assert!(both.contains("precious"), "step {step}: {both}");
        if is_done {
            survived_at = Some(step);
            break;
        }
    }
    assert!(survived_at.is_some_and(|step| step > 18), "{survived_at:?}");
}

fn moved() -> Change {
    Change::Move { from: "agent".parse().unwrap(), to: "agents.defaults".parse().unwrap() }
}

/// Every step fails once: the error names file and step, every file is old or new, nothing is left lying about.
#[test]
fn a_step_that_fails_is_told_and_nothing_is_lost() {
    for fail_at in 0..64 {
        let (_home, at) = home();
        let mut step = 0;
        let mut full = |_step: WriteStep| {
            step += 1;
            if step - 1 == fail_at { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        };
        let change = [set("gateway.port", json!(2))];
        let result = edit_watched(&at, &Env::default(), &TERMS, &mut full, &|editor| editor.apply(&change));
        let main = text(&at.config_path);
        let Err(error) = result else {
            assert_eq!(main, FILE.replace("port: 1", "port: 2"));
            return;
        };
        let EditError::Write { source, .. } = &error else { panic!("{error}") };
        assert!(source.is_disk_full() && error.to_string().contains("openclaw.json"), "{error}");
        assert!(main == FILE || main == FILE.replace("port: 1", "port: 2"));
        let temporary = std::fs::read_dir(&at.state_dir)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".tmp"));
        assert_eq!(temporary.count(), 0, "step {fail_at}");
    }
    panic!("the write has more steps than were tried");
}
