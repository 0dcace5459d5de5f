//! A configuration that needs help: from an earlier release, damaged, or open to others.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use openclaw_testkit::home::TempHome;
use serde_json::{Value, json};

use crate::support::{TOKEN, config, run, stdout};

const CONFIG: &str = ".openclaw/openclaw.json";

/// The report and the exit code.
fn doctor(home: &TempHome, args: &[&str]) -> (Value, i32) {
    let args: Vec<&str> = ["doctor", "--json"].iter().chain(args).copied().collect();
    let output = run(home, &args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

fn find<'r>(report: &'r Value, id: &str) -> &'r Value {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

fn ids(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

/// Every file below a directory with its content and mode, to see that nothing has changed.
fn everything(path: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut all = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let content = if metadata.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        all.push((path.display().to_string(), metadata.mode(), content));
    }
    all.sort();
    all
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

fn home_with(text: &str) -> TempHome {
    let home = TempHome::new();
    home.write(CONFIG, text);
    home
}

#[test]
fn a_sound_instance_has_nothing_wrong() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    assert_eq!(doctor(&home, &[]), (json!({"findings": [], "fixed": []}), 0));
    assert_eq!(stdout(&home, &["doctor"]), "nothing is wrong\n");
}

const OLD: &str = "\
// the house
{
  gateway: { mode: 'local', token: 'sekret-1' }, // mine
  // the bot
  telegram: { botToken: 'sekret-2', requireMention: false },
  routing: {
    queue: { mode: 'collect' },
    agents: { work: { name: 'W' } },
    defaultAgentId: 'work',
  },
  agent: { model: 'a/b', bash: { timeoutSec: 5 }, modelFallbacks: ['c/d'] },
  messages: { tts: { enabled: true } },
}
";

#[test]
fn keys_of_earlier_releases_are_named_shown_and_moved() {
    let home = home_with(OLD);
    let before = everything(home.path());
    let (report, code) = doctor(&home, &[]);
    assert_eq!(code, 1);
    let token = &report["findings"][0];
    assert_eq!(
        (&token["id"], &token["path"], &token["line"], &token["column"], &token["fix"]["automatic"]),
        (&json!("config.retired"), &json!("gateway.token"), &json!(3), &json!(29), &json!(true))
    );
    assert_eq!(find(&report, "config.outdated")["path"], "messages.tts.enabled");
    assert_eq!(everything(home.path()), before, "a look changes nothing");

    let output = run(&home, &["doctor", "--fix"]);
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(words.contains("\n-  telegram: {") && words.contains("\n+  channels: {"), "{words}");
    assert!(words.contains("repaired: ") && !words.contains("sekret"), "{words}");
    let text = home.read(CONFIG).unwrap();
    for part in ["// the house", "// mine", "// the bot", "'sekret-2'", "token: 'sekret-1'"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(home.read(format!("{CONFIG}.bak")).as_deref(), Some(OLD), "the earlier version is kept");
    assert!(stdout(&home, &["config", "validate"]).contains("is valid"));

    // What remains is what this build cannot run.
    let (report, _) = doctor(&home, &["--fix"]);
    assert_eq!(report["fixed"], json!([]), "a second run has nothing to do");
    assert!(ids(&report).iter().all(|id| *id == "config.unsupported"), "{report}");
}

#[test]
fn what_is_in_the_way_stays_and_is_told() {
    let text = "{ gateway: { mode: 'local', token: 'sekret-a', auth: { token: 'sekret-b' } } }\n";
    let home = home_with(text);
    let (report, code) = doctor(&home, &["--fix"]);
    let finding = find(&report, "config.retired");
    assert!(code == 1 && finding["fix"]["automatic"] == false, "{finding}");
    assert!(finding["fix"]["about"].as_str().unwrap().contains("is set already and differs"), "{finding}");
    assert!(!report.to_string().contains("sekret"));
    assert_eq!(home.read(CONFIG).as_deref(), Some(text));
}

/// What was wrong inside an old object comes to light when it moves: that keeps nothing from moving, and is told.
#[test]
fn what_an_old_object_hides_is_told_once_it_has_moved() {
    let rows = [
        ("telegram: { botTokn: 'sekret' }", "channels.telegram.botTokn"),
        ("telegram: { botToken: '${NOT_SET_HERE}' }", "channels.telegram.botToken"),
        ("agent: { model: 'a/b', foo: 1 }", "agents.defaults.foo"),
    ];
    for (old, problem) in rows {
        let home = home_with(&format!("{{ gateway: {{ mode: 'local', token: 'sekret' }}, {old} }}"));
        let (report, code) = doctor(&home, &["--fix"]);
        assert_eq!((code, &find(&report, "config.invalid")["path"]), (1, &json!(problem)), "{report:#}");
        assert!(
            !ids(&report).contains(&"fix.failed") && report["fixed"].as_array().unwrap().len() == 2,
            "{report:#}"
        );
        assert!(!report.to_string().contains("sekret"), "{report:#}");
    }
    let home = home_with(
        "{ agent: {model:'a/b', foo:1}, gateway: {mode:'local', token:'x'}, \
         telegram: {botToken:'t', requireMention:true, groups:{'-100':{}}} }",
    );
    let (report, _) = doctor(&home, &["--fix"]);
    let retired = find(&report, "config.retired");
    assert_eq!(retired["path"], "channels.telegram.requireMention");
    assert!(!retired["message"].as_str().unwrap().contains("moves it"), "blocked: {retired}");
    assert_eq!(report["fixed"].as_array().unwrap().len(), 3, "{report:#}");
}

#[test]
fn a_directory_of_an_earlier_release_is_moved_and_linked() {
    let home = TempHome::new();
    let config = format!("{:#}", config(json!({})));
    home.write(".clawdbot/clawdbot.json", &config);
    home.write(".clawdbot/agents/main/sessions/sessions.json", "{}");
    let before = everything(home.path());
    let (report, code) = doctor(&home, &[]);
    assert_eq!((code, ids(&report)), (1, vec!["state.oldDirectory", "config.oldName"]));
    assert_eq!(everything(home.path()), before);

    let (report, code) = doctor(&home, &["--yes"]);
    assert_eq!((code, ids(&report)), (0, vec![]), "{report}");
    assert_eq!(std::fs::read_link(home.path().join(".clawdbot")).unwrap(), Path::new(".openclaw"));
    assert_eq!(home.read(CONFIG).as_deref(), Some(&config[..]));
    assert_eq!(
        home.read(".clawdbot/clawdbot.json").as_deref(),
        Some(&config[..]),
        "the old program finds it"
    );
    assert_eq!(doctor(&home, &["--fix"]).0["fixed"], json!([]));
}

#[test]
fn a_damaged_configuration_of_an_earlier_release_is_restored_and_moved() {
    let home = TempHome::new();
    let config = format!("{:#}", config(json!({})));
    home.write(".clawdbot/clawdbot.json", "");
    home.write(".clawdbot/clawdbot.json.bak", &config);
    let (report, code) = doctor(&home, &["--fix"]);
    assert_eq!((code, ids(&report)), (0, vec![]), "{report}");
    assert_eq!(home.read(CONFIG).as_deref(), Some(&config[..]));
}

#[test]
fn a_link_is_moved_itself_and_a_named_place_keeps_its_name() {
    let home = TempHome::new();
    let config = format!("{:#}", config(json!({})));
    home.write("data/openclaw.json", &config);
    symlink("data", home.path().join(".moltbot")).unwrap();
    let state = home.path().join(".moltbot");
    let named = home.with_env("OPENCLAW_STATE_DIR", state.to_str().unwrap());
    assert_eq!(doctor(&named, &["--fix"]), (json!({"findings": [], "fixed": []}), 0));
    let home = named.with_env("OPENCLAW_STATE_DIR", "");
    let (report, code) = doctor(&home, &["--fix"]);
    assert_eq!((code, ids(&report)), (0, vec![]), "{report}");
    assert_eq!(std::fs::read_link(home.path().join(".openclaw")).unwrap(), Path::new("data"));
    assert_eq!(home.read(".moltbot/openclaw.json").as_deref(), Some(&config[..]));
}

#[test]
fn two_directories_are_left_to_their_owner() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    home.write(".moltbot/moltbot.json", "{}");
    let before = everything(home.path());
    let (report, code) = doctor(&home, &["--fix"]);
    assert_eq!((code, ids(&report)), (0, vec!["state.unusedDirectory"]));
    assert_eq!(everything(home.path()), before);
}

/// What a configuration can be that is none, and whether `--fix` restores the backup.
#[test]
fn any_damage_is_looked_at_and_only_loss_free_repairs_are_made() {
    let good = format!("{:#}\n", config(json!({"channels": {"defaults": {}}})));
    let half = &good[..good.len() / 2];
    let edited = good.replace("local", "lokal").replace("\n}\n", "\n");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(good.bytes().flat_map(|byte| [byte, 0])).collect();
    let rows: [(&[u8], bool); 12] = [
        (b"\xef\xbb\xbf\n", true),
        (b"gateway: { mode: 'local' },\n", false),
        (b"#{ commented\n", false),
        (b";{}\n", false),
        (b"", true),
        (b"\0\0\0\0", true),
        (b"not json", true),
        (half.as_bytes(), true),
        (&[half.as_bytes(), &[0; 512]].concat(), true),
        (edited.as_bytes(), false),
        (&utf16, false),
        (b"{ // caf\xe9\n}", false),
    ];
    for (bytes, is_restored) in rows {
        let home = TempHome::new();
        home.write(format!("{CONFIG}.bak"), "{ broken");
        home.write(format!("{CONFIG}.bak.1"), &good);
        let path = home.path().join(CONFIG);
        std::fs::write(&path, bytes).unwrap();
        set_mode(&path, 0o600);
        let before = everything(home.path());
        let (report, code) = doctor(&home, &[]);
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(code, 1, "{shown:?}");
        assert_eq!(find(&report, "config.damaged")["fix"]["automatic"], is_restored, "{shown:?}: {report:#}");
        assert_eq!(ids(&report).iter().filter(|id| **id == "config.backup").count(), 2, "{shown:?}");
        assert_eq!(everything(home.path()), before, "{shown:?}");

        let (report, code) = doctor(&home, &["--fix"]);
        if !is_restored {
            assert_eq!((code, everything(home.path())), (1, before), "{shown:?}");
            continue;
        }
        assert_eq!((code, &report["findings"]), (0, &json!([])), "{shown:?}");
        assert_eq!(home.read(CONFIG).as_deref(), Some(&good[..]));
        let folder = std::fs::read_dir(home.state_dir()).unwrap().map(|entry| entry.unwrap());
        let aside: Vec<_> =
            folder.filter(|entry| entry.file_name().to_string_lossy().contains(".damaged-")).collect();
        assert_eq!(aside.len(), 1, "{shown:?}");
        assert_eq!(std::fs::read(aside[0].path()).unwrap(), bytes, "the damaged file is kept");
        assert!(!report.to_string().contains(TOKEN), "{report:#}");
    }
}

#[test]
fn files_that_cannot_even_be_read_are_findings_and_not_crashes() {
    let home = TempHome::new();
    std::fs::create_dir_all(home.path().join(CONFIG)).unwrap();
    set_mode(&home.state_dir(), 0o700);
    set_mode(&home.path().join(CONFIG), 0o700);
    let (report, code) = doctor(&home, &["--fix"]);
    assert_eq!((code, ids(&report)), (1, vec!["config.unreadable"]), "{report:#}");

    let home = TempHome::new();
    std::fs::create_dir(home.state_dir()).unwrap();
    set_mode(&home.state_dir(), 0o700);
    symlink("openclaw.json", home.path().join(CONFIG)).unwrap();
    assert_eq!(doctor(&home, &["--fix"]).1, 1, "a link in a circle");

    let home = home_with("{ gateway: { mode: 'local', auth: { token: 't' } } }").with_env("HOME", "");
    let output = run(&home, &["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no home directory"));
}

#[test]
fn what_others_can_read_is_made_private() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    home.write(".openclaw/.env", "A=1\nwrong line\n");
    home.write(".openclaw/credentials/whatsapp/default/creds.json", "{}");
    home.write(".openclaw/agents/main/agent/auth-profiles.json", "{}");
    let private = [
        (".openclaw", 0o755),
        (CONFIG, 0o644),
        (".openclaw/.env", 0o640),
        (".openclaw/credentials/whatsapp", 0o750),
        (".openclaw/credentials/whatsapp/default/creds.json", 0o604),
        (".openclaw/agents/main/agent/auth-profiles.json", 0o666),
    ];
    for (path, mode) in private {
        set_mode(&home.path().join(path), mode);
    }
    let (report, code) = doctor(&home, &[]);
    let secrets = find(&report, "access.secrets");
    assert!(code == 1 && secrets["severity"] == "error", "{secrets}");
    assert!(secrets["file"].as_str().unwrap().ends_with(CONFIG), "{secrets}");
    assert_eq!(ids(&report).iter().filter(|id| **id == "access.mode").count(), 5, "{report:#}");
    assert_eq!(find(&report, "env.line")["line"], 2);

    let (report, _) = doctor(&home, &["--fix"]);
    assert_eq!(ids(&report), ["env.line"], "only a person knows what the line should be");
    for (path, _) in private {
        let path = home.path().join(path);
        assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
}

#[test]
fn what_keeps_the_gateway_from_running_is_told() {
    let home = TempHome::new();
    assert_eq!(ids(&doctor(&home, &[]).0), ["config.missing"]);
    let home = home_with("{ agents: { list: [{ id: 'a' }] } }");
    assert_eq!(ids(&doctor(&home, &[]).0), ["gateway.mode"]);
    let home = home_with("{ gateway: { mode: 'local' }, channels: { telegram: { botToken: 'x' } } }");
    home.write(".env", "OPENCLAW_GATEWAY_TOKEN=x");
    let (report, code) = doctor(&home, &[]);
    assert_eq!((code, ids(&report)), (1, vec!["gateway.secret", "config.unsupported", "env.elsewhere"]));
    assert_eq!(find(&report, "config.unsupported")["path"], "channels.telegram");
    let home = home.with_env("OPENCLAW_GATEWAY_TOKEN", "x");
    assert!(!ids(&doctor(&home, &[]).0).contains(&"gateway.secret"));
}

/// The file is gone and its copies are not: the newest valid one comes back, and nobody makes a stub beside them.
#[test]
fn a_configuration_that_is_gone_is_restored_from_its_newest_copy() {
    let good = format!("{:#}\n", config(json!({})));
    for copy in ["openclaw.json.bak.2", "openclaw.json.last-good", "clawdbot.json.bak"] {
        let home = TempHome::new();
        home.write(format!("{CONFIG}.bak"), "{ broken");
        home.write(format!(".openclaw/{copy}"), &good);
        set_mode(&home.state_dir(), 0o700);
        let before = everything(home.path());
        for args in [&["quickstart", "--non-interactive"][..], &["config", "set", "gateway.mode", "local"]] {
            let output = run(&home, args);
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{words}");
            assert!(words.contains(".bak") && words.contains("`openclaw doctor --fix`"), "{words}");
        }
        let (report, code) = doctor(&home, &[]);
        assert_eq!((code, ids(&report)), (1, vec!["config.missing", "config.backup", "config.backup"]));
        assert_eq!(everything(home.path()), before);
        let (report, code) = doctor(&home, &["--fix"]);
        assert_eq!((code, ids(&report)), (0, vec![]), "{report:#}");
        assert_eq!(home.read(CONFIG).as_deref(), Some(&good[..]));
    }
    let home = TempHome::new();
    home.write(format!("{CONFIG}.bak"), "{ broken");
    let (report, code) = doctor(&home, &["--fix"]);
    assert!(code == 1 && find(&report, "config.missing")["fix"]["automatic"] == false, "{report:#}");
    assert_eq!(home.read(CONFIG), None);
}

/// A configuration may be a link into a collection of such files: what lies beside the file counts too.
#[test]
fn a_link_is_judged_by_the_file_it_leads_to() {
    let good = format!("{:#}\n", config(json!({})));
    let home = TempHome::new();
    home.write("dots/mine.json", "");
    home.write("dots/mine.json.bak", &good);
    home.write("dots/mine.json.damaged-x", &good);
    std::fs::create_dir(home.state_dir()).unwrap();
    symlink("../dots/mine.json", home.path().join(CONFIG)).unwrap();
    let (report, _) = doctor(&home, &["--fix"]);
    assert_eq!(ids(&report), Vec::<&str>::new(), "{report:#}");
    assert_eq!(home.read("dots/mine.json").as_deref(), Some(&good[..]));
    for file in ["mine.json", "mine.json.bak", "mine.json.damaged-x"] {
        set_mode(&home.path().join("dots").join(file), 0o644);
    }
    let (report, _) = doctor(&home, &[]);
    assert_eq!(ids(&report), ["access.secrets", "access.mode", "access.mode"], "{report:#}");
    doctor(&home, &["--fix"]);
    assert_eq!(mode(&home.path().join("dots/mine.json")), 0o600);
    std::fs::remove_file(home.path().join("dots/mine.json")).unwrap();
    assert_eq!(doctor(&home, &["--fix"]).1, 0, "a link to nothing");
    assert_eq!(home.read(CONFIG).as_deref(), Some(&good[..]));
}

#[test]
fn a_change_that_waits_is_told() {
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    home.write(format!("{CONFIG}.staged"), "{}");
    let (report, code) = doctor(&home, &["--fix"]);
    assert_eq!((code, ids(&report)), (1, vec!["config.staged"]), "{report:#}");
    assert!(find(&report, "config.staged")["fix"]["about"].as_str().unwrap().contains("config confirm"));
}

#[test]
fn an_empty_directory_makes_room_for_the_one_of_an_earlier_release() {
    let home = TempHome::new();
    home.write(".clawdbot/clawdbot.json", &format!("{:#}", config(json!({}))));
    std::fs::create_dir(home.state_dir()).unwrap();
    let (report, code) = doctor(&home, &["--fix", "--yes"]);
    assert_eq!((code, ids(&report)), (0, vec![]), "{report:#}");
    assert!(home.read(CONFIG).is_some());
    let home = TempHome::new();
    home.write_config(&config(json!({})));
    home.write(".openclaw/moltbot.json", "{}");
    assert_eq!(ids(&doctor(&home, &[]).0), ["config.unusedFile"]);
}

#[test]
fn a_stub_is_compared_with_the_backup_and_left_alone() {
    let stub = "{ gateway: { mode: 'local', auth: { token: 't' } } }";
    let home = home_with(stub);
    let full = config(json!({"channels": {"telegram": {"botToken": "sekret"}}}));
    home.write(format!("{CONFIG}.bak"), &format!("{full:#}"));
    let (report, code) = doctor(&home, &["--fix"]);
    assert_eq!((code, ids(&report)), (1, vec!["config.shrunk", "config.backup"]), "{report:#}");
    assert_eq!(home.read(CONFIG).as_deref(), Some(stub));
}

/// With a configuration that is wrong only commands that help to correct it run.
#[test]
fn other_commands_refuse_a_wrong_configuration_and_name_the_doctor() {
    let home = home_with("{ gateway: { mode: 'local', auth: { token: 't' }, prot: 1 }, modles: {} }");
    home.write("store.json", "{}");
    let refused: [&[&str]; 10] = [
        &["quickstart", "--non-interactive"],
        &["chat"],
        &["agent", "-m", "x"],
        &["gateway", "run"],
        &["dashboard"],
        &["sessions"],
        &["sessions", "--store", "store.json"],
        &["memory", "status"],
        &["memory", "search", "x"],
        &["config", "get"],
    ];
    for args in refused {
        let output = run(&home, args);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        for part in ["did you mean \"port\"", "did you mean \"models\"", "`openclaw doctor`"] {
            assert!(words.contains(part), "{args:?}: {words}");
        }
    }
    for args in [&["status"][..], &["config", "file"], &["config", "schema"], &["--help"], &["--version"]] {
        assert!(run(&home, args).status.success(), "{args:?}");
    }
    // These fail for what they are asked about, and not before they have looked.
    for (args, part) in [
        (&["health"][..], "no gateway"),
        (&["logs"], "no gateway"),
        (&["gateway", "call", "health"], "no gateway"),
        (&["doctor"], "gateway.prot"),
    ] {
        let output = run(&home, args);
        let words = [output.stdout, output.stderr].concat();
        assert!(
            String::from_utf8_lossy(&words).contains(part),
            "{args:?}: {}",
            String::from_utf8_lossy(&words)
        );
    }
}

#[test]
fn any_file_can_be_validated() {
    let home = TempHome::new();
    home.write("new/main.json5", "{ gateway: { $include: './gateway.json5' } }");
    home.write("new/gateway.json5", "{\n  port: 'x' }");
    let output = run(&home, &["config", "validate", "new/main.json5", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let problem = &report["problems"][0];
    assert!(problem["file"].as_str().unwrap().ends_with("new/gateway.json5"), "{report:#}");
    assert_eq!(
        (&problem["line"], &problem["column"], &problem["path"]),
        (&json!(2), &json!(9), &json!("gateway.port"))
    );
    assert_eq!(problem["includedFrom"][0]["line"], 1);
    home.write("new/gateway.json5", "{ port: 7 }");
    assert!(stdout(&home, &["config", "validate", "new/main.json5"]).contains("is valid"));
    assert_eq!(run(&home, &["config", "validate", "new/none.json5"]).status.code(), Some(1));
    assert!(
        stdout(&home, &["config", "validate"]).contains("does not exist"),
        "the file in use is another one"
    );
}

#[test]
fn a_diff_hides_secrets_in_comments_and_addresses_too() {
    let home = TempHome::new();
    home.write(
        ".openclaw/openclaw.json",
        "{\n  // botToken: \"123456789:AAOLD-old-secret-of-thirty-five-chars\"\n  gateway: { mode: 'local', token: 'abcdefgh12345678' }, // abcdefgh12345678\n  \
         models: { providers: { p: { baseUrl: 'http://u:pa55word@127.0.0.1/v1', models: [] } } },\n}\n",
    );
    let output = run(&home, &["doctor", "--fix"]);
    let words =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("+++"), "{words}");
    for secret in ["AAOLD", "abcdefgh12345678", "pa55word"] {
        assert!(!words.contains(secret), "{secret} in {words}");
    }
    assert!(
        home.read(".openclaw/openclaw.json").unwrap().contains("// abcdefgh12345678"),
        "the file keeps it"
    );
}

#[test]
fn what_is_restored_by_hand_is_a_command_to_copy() {
    let home = TempHome::new();
    home.write(CONFIG, "{ gateway: { mode: 'local', } ");
    home.write(".openclaw/openclaw.json.bak", "{ ui: {} }");
    let (report, code) = doctor(&home, &["--fix"]);
    assert_eq!(code, 1);
    let advice = report["findings"].to_string();
    assert!(
        advice.contains("correct it at this place, or cp ") && advice.contains("openclaw.json.bak "),
        "{advice}"
    );
    assert_eq!(home.read(CONFIG).unwrap(), "{ gateway: { mode: 'local', } ", "an edit is never replaced");
}
