//! `openclaw import`.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::ModelServer;
use serde_json::{Value, json};

use super::fixture::{self, client, everything, start};
use crate::support::{PATIENCE, chat, run, stdout, stdout_json, text};

/// Variants that the mutator makes; `OPENCLAW_IMPORT_VARIANTS=500` is the full run.
const VARIANTS: u64 = 20;

/// Output and exit code of an import.
fn import(home: &TempHome, more: &[&str]) -> (String, i32) {
    let args: Vec<&str> = ["import", "--from", "~/old"].iter().chain(more).copied().collect();
    let output = run(home, &args);
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap(), output.status.code().unwrap())
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What must not come along, and what must not be followed.
fn clutter(home: &TempHome, source: &Path) {
    for folder in ["logs", "memory", "workspace/scripts", "extensions/x", "state-of-something"] {
        std::fs::create_dir_all(source.join(folder)).unwrap();
    }
    let files = [
        "logs/gateway.log",
        "memory/main.sqlite",
        "extensions/x/index.js",
        "agents/main/sessions/sessions.json.lock",
        "agents/main/sessions/sessions.json.1.b.tmp",
        "restart-sentinel.json",
    ];
    for file in files {
        std::fs::write(source.join(file), "not wanted").unwrap();
    }
    for file in ["workspace/yarn.lock", "workspace/scripts/run.sh", "state-of-something/a.json", ".env"] {
        std::fs::write(source.join(file), "wanted").unwrap();
    }
    set_mode(&source.join("workspace/scripts/run.sh"), 0o755);
    set_mode(&source.join("agents/main/sessions/sessions.json"), 0o666);
    set_mode(&source.join("agents"), 0o777);
    std::fs::write(home.path().join("secret"), "outside").unwrap();
    symlink(home.path().join("secret"), source.join("agents/main/sessions/link.jsonl")).unwrap();
    symlink(home.path(), source.join("credentials")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(source.join("exec-approvals.sock")).unwrap();
    drop(socket);
}

#[tokio::test]
async fn what_is_imported_is_whole_and_runs() {
    let home = TempHome::new();
    let source = fixture::put(&home, "old");
    clutter(&home, &source);
    let before = everything(&source);
    let report = stdout_json(&home, &["import", "--from", "~/old", "--json"]);
    assert!(everything(&source) == before, "the source was changed");

    let state = home.state_dir();
    let copied: Vec<PathBuf> =
        report["copied"].as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap().into()).collect();
    let there = everything(&state);
    for path in &copied {
        if path != Path::new("openclaw.json") {
            assert_eq!(there[path].content, before[path].content, "{}", path.display());
        }
    }
    let files = there.keys().filter(|path| state.join(path).is_file()).count();
    assert_eq!(files, copied.len(), "nothing else is in it");
    for (path, known) in &there {
        let runs = path == Path::new("workspace/scripts/run.sh");
        let expected = if state.join(path).is_dir() || runs { 0o700 } else { 0o600 };
        assert_eq!(known.mode, expected, "{}", path.display());
    }
    let skipped: Vec<String> = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["path"].as_str().unwrap(), row["why"].as_str().unwrap()))
        .collect();
    assert_eq!(
        skipped,
        [
            "agents/main/sessions/link.jsonl link",
            "agents/main/sessions/sessions.json.1.b.tmp temporary",
            "agents/main/sessions/sessions.json.lock lock",
            "credentials link",
            "exec-approvals.sock special",
            "extensions otherProgram",
            "logs log",
            "memory/main.sqlite derived",
            "restart-sentinel.json temporary",
        ]
    );
    let config: Value = serde_json::from_str(&home.read(".openclaw/openclaw.json").unwrap()).unwrap();
    assert_eq!(config["agents"]["defaults"]["workspace"], json!(state.join("workspace")));
    assert_eq!(config["agents"]["list"][1]["workspace"], json!(state.join("workspace-second")));

    let model = ModelServer::start();
    let mut gateway = start(&home, &model).await;
    let mut client = client(&gateway).await;
    let history = client.call("chat.history", json!({"sessionKey": "main"})).await.unwrap();
    assert_eq!(history["messages"].as_array().unwrap().len(), 14);
    assert!(text(&history["messages"][0]).contains("Hello from the fixture"));
    assert_eq!(chat(&mut client, "main", "go on").await["state"], "final");
    drop(client);
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
    assert!(everything(&source) == before, "the gateway has written into the source");
}

#[test]
fn a_dry_run_says_everything_and_writes_nothing() {
    let home = TempHome::new();
    let source = fixture::put(&home, "old");
    clutter(&home, &source);
    std::fs::rename(source.join("openclaw.json"), source.join("moltbot.json")).unwrap();
    std::fs::write(source.join("moldbot.json"), "{}").unwrap();
    let text = std::fs::read_to_string(source.join("moltbot.json")).unwrap();
    let text =
        text.replace("/.openclaw/workspace-second", "/notes-elsewhere").replace("/.openclaw/", "/old/");
    std::fs::write(source.join("moltbot.json"), text).unwrap();
    let before = everything(home.path());
    let (said, code) = import(&home, &["--dry-run"]);
    assert_eq!(code, 0, "{said}");
    for part in [
        "would be copied from ~/old to ~/.openclaw; nothing was written",
        "copy  moltbot.json (as openclaw.json)  ",
        "copy  workspace/MEMORY.md  53 bytes",
        "left  logs: a log",
        "left  memory/main.sqlite: is made anew",
        "left  moldbot.json: is not the configuration in use",
        "the workspace of agent second stays where it is: ~/notes-elsewhere, which is not there",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(everything(home.path()) == before);
    let (said, code) = import(&home, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("and checked; ~/old is as it was"), "{said}");
    assert!(said.contains("agents.defaults.workspace is "), "{said}");
    assert!(home.read(".openclaw/openclaw.json").unwrap().contains("/.openclaw/workspace"));
    assert!(stdout(&home, &["sessions"]).contains("14 sessions"));
}

/// A directory that comes from another machine names places that are not there: they lead into the copy, also those of
/// which nothing came along.
#[test]
fn a_directory_from_elsewhere_finds_its_own_parts() {
    let home = TempHome::new();
    let source = fixture::put(&home, "old");
    let config = std::fs::read_to_string(source.join("openclaw.json")).unwrap();
    let config = config.replace(home.path().to_str().unwrap(), "/nonexistent/before");
    std::fs::write(source.join("openclaw.json"), config).unwrap();
    let report = stdout_json(&home, &["import", "--from", "~/old", "--json"]);
    let moved = &report["movedSettings"];
    assert_eq!(moved.as_array().unwrap().len(), 2, "{moved}");
    assert_eq!(moved[0]["from"], "/nonexistent/before/.openclaw/workspace");
    assert_eq!(moved[0]["to"], json!(home.state_dir().join("workspace")));
    assert_eq!(moved[1]["to"], json!(home.state_dir().join("workspace-second")));
    assert_eq!(report["outside"], json!([]));
}

#[test]
fn a_workspace_that_cannot_be_made_is_found() {
    let home = TempHome::new();
    home.write("in the way", "a file");
    let workspace = home.path().join("in the way/notes");
    home.write_config(
        &json!({"agents": {"list": [{"id": "main"}, {"id": "second", "workspace": workspace}]}}),
    );
    let report: Value = serde_json::from_slice(&run(&home, &["doctor", "--json"]).stdout).unwrap();
    let found =
        report["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == "state.workspace");
    let found = found.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(found["severity"], "error");
    assert!(found["message"].as_str().unwrap().contains("of agent second cannot be made"), "{found}");
}

/// Without a directory of this release the instance is that of the earlier one; a copy of it still has a place.
#[test]
fn a_directory_of_an_earlier_release_is_copied_into_that_of_this_one() {
    let home = TempHome::new();
    let source = fixture::put(&home, ".clawdbot");
    std::fs::rename(source.join("openclaw.json"), source.join("clawdbot.json")).unwrap();
    let before = everything(&source);
    let said = stdout(&home, &["import", "--from", "~/.clawdbot"]);
    assert!(said.contains("copied from ~/.clawdbot to ~/.openclaw, and checked"), "{said}");
    assert!(everything(&source) == before);
    assert!(stdout(&home, &["sessions"]).contains("/.openclaw/agents/main"));
    let (said, code) = {
        let output = run(&home, &["import", "--from", "~/.clawdbot"]);
        (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
    };
    assert!(code == Some(1) && said.contains("has data already"), "{said}");
}

#[test]
fn a_target_with_data_is_left_alone() {
    for file in [
        "openclaw.json",
        "openclaw.json.bak",
        "clawdbot.json",
        ".env",
        "agents/main/sessions/a.jsonl",
        "workspace/MEMORY.md",
    ] {
        let home = TempHome::new();
        let source = fixture::put(&home, "old");
        home.write(Path::new(".openclaw").join(file), "{}");
        let before = everything(home.path());
        for flags in [&["--dry-run"][..], &[]] {
            let (said, code) = import(&home, flags);
            assert_eq!(code, 1, "{file}: {said}");
            assert!(said.contains("has data already") && said.contains(file), "{said}");
            assert!(everything(home.path()) == before, "{file}");
        }
        assert!(source.exists());
    }
}

#[test]
fn what_commands_leave_in_a_new_instance_is_kept_beside_it() {
    let home = TempHome::new();
    fixture::put(&home, "old");
    home.write(".openclaw/identity/device.json", "a key");
    home.write(".openclaw/logs/openclaw-2026-02-10.log", "lines");
    let (said, code) = import(&home, &["--dry-run"]);
    assert!(code == 0 && said.contains("~/.openclaw.before-import"), "{said}");
    let (said, code) = import(&home, &[]);
    assert!(code == 0 && said.contains("is in ~/.openclaw.before-import now"), "{said}");
    assert_eq!(home.read(".openclaw.before-import/identity/device.json").as_deref(), Some("a key"));
    assert!(home.read(".openclaw/openclaw.json").is_some());
}

#[tokio::test]
async fn what_is_no_source_is_named() {
    let home = TempHome::new();
    let source = fixture::put(&home, "old");
    let refused = |from: &str, code: i32, expected: &str| {
        let output = run(&home, &["import", "--from", from]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{from}: {said}");
        assert!(said.contains(expected), "{from}: {expected:?} is not in {said}");
        assert!(!home.state_dir().exists(), "{from}");
    };
    std::fs::create_dir_all(home.path().join("homes/me/.clawdbot")).unwrap();
    refused("~/nothing", 2, "cannot read");
    refused("~/old/openclaw.json", 2, "cannot read");
    refused("~/homes/me", 2, "there is one at");
    refused("~", 2, "needs two separate ones");
    refused("~/.openclaw", 2, "cannot read");
    home.write("old/state/version.json", "{\"version\":1}");
    refused("~/old", 2, "OPENCLAW_STATE_DIR");
    std::fs::remove_dir_all(source.join("state")).unwrap();

    // OpenClaw's own gateway runs on it, as its lock file says: this test stands in for it.
    let output = run(&home, &["import", "--from", "~/old", "--dry-run", "--json"]);
    assert!(output.status.success());
    let digest = sha1_prefix(&source.join("openclaw.json"));
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(home.path()).unwrap());
    home.write(
        format!("openclaw-{uid}/gateway.{digest}.lock"),
        &format!("{{\"pid\":{}}}", std::process::id()),
    );
    refused("~/old", 2, "stop it first");
}

fn sha1_prefix(path: &Path) -> String {
    use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, path.to_str().unwrap().as_bytes());
    digest.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_newer_target_is_not_touched() {
    let home = TempHome::new();
    fixture::put(&home, "old");
    home.write(".openclaw/state/version.json", r#"{"version":2,"writtenBy":"9.0.0"}"#);
    let before = everything(home.path());
    let (said, code) = import(&home, &[]);
    assert!(code == 1 && said.contains("newer openclaw"), "{said}");
    assert!(everything(home.path()) == before);
}

/// xorshift64*: the same variants on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % bound
    }
}

/// Damages a few files of a source: what it is must not matter.
fn mutate(source: &Path, random: &mut Random) {
    let files: Vec<PathBuf> =
        everything(source).into_keys().filter(|path| source.join(path).is_file()).collect();
    for _ in 0..1 + random.below(6) {
        let path = source.join(&files[random.below(files.len())]);
        let Ok(mut bytes) = std::fs::read(&path) else { continue }; // an earlier round has moved it
        let at = random.below(bytes.len() + 1);
        match random.below(10) {
            0 => bytes.truncate(at),
            1 => bytes.clear(),
            2 => bytes.fill(0),
            3 => bytes.insert(at, u8::try_from(random.below(256)).unwrap()),
            4 => bytes.extend_from_within(..at),
            5 => bytes.extend(vec![0; random.below(9000)]),
            6 => {
                std::fs::rename(&path, path.with_extension(["lock", "tmp", "log", "x"][random.below(4)]))
                    .unwrap();
                continue;
            }
            7 => {
                std::fs::remove_file(&path).unwrap();
                symlink(["/etc/hostname", "/", "nowhere", "."][random.below(4)], &path).unwrap();
                continue;
            }
            8 => set_mode(&path, [0o400, 0o444, 0o777, 0o4755][random.below(4)]),
            _ => bytes.iter_mut().skip(at).take(9).for_each(|byte| *byte ^= 0x55),
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        set_mode(&path, 0o600);
        std::fs::write(&path, bytes).unwrap();
        set_mode(&path, mode & 0o7777);
    }
}

#[test]
fn whatever_the_source_is_it_stays_as_it_is() {
    let count = std::env::var("OPENCLAW_IMPORT_VARIANTS").ok().and_then(|text| text.parse().ok());
    let mut whole = 0;
    for seed in 1..=count.unwrap_or(VARIANTS) {
        let home = TempHome::new();
        let source = fixture::put(&home, "old");
        mutate(&source, &mut Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let before = everything(&source);
        let output = run(&home, &["import", "--from", "~/old", "--json"]);
        assert!(everything(&source) == before, "seed {seed}: the source was changed");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "seed {seed}: {said}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let there = everything(&home.state_dir());
        for row in report["copied"].as_array().unwrap() {
            let (path, to) = (row["path"].as_str().unwrap(), row["to"].as_str().unwrap());
            if to != "openclaw.json" {
                assert_eq!(
                    there[Path::new(to)].content,
                    before[Path::new(path)].content,
                    "seed {seed}: {path}"
                );
            }
        }
        let known = report["copied"].as_array().unwrap().len() + report["skipped"].as_array().unwrap().len();
        let files =
            before.keys().filter(|path| !source.join(path).is_dir() || source.join(path).is_symlink());
        assert_eq!(files.count(), known, "seed {seed}: every file is copied or named");
        whole += usize::from(report["skipped"] == json!([]));
    }
    assert!(whole > 0, "no variant is copied as a whole: the mutator does too much");
}
