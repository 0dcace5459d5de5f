//! A recorded session, run again with the gateway gone: `openclaw replay`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::support::{
    PATIENCE, TOKEN, chat, client, config, edit, gateway_in, run, stdout, stdout_json, text, told,
};

const PROVIDER_KEY: &str = "sk-canary-provider-key";

/// Two models, the second behind the first.
fn two(first: &ModelServer, second: &ModelServer) -> Value {
    let provider = |server: &ModelServer| {
        json!({"baseUrl": server.base_url(), "apiKey": PROVIDER_KEY, "api": "openai-completions",
            "models": [{"id": "m", "name": "M", "contextWindow": 64_000, "maxTokens": 4096}]})
    };
    config(json!({
        "models": {"providers": {"first": provider(first), "second": provider(second)}},
        "agents": {"defaults": {"model": {"primary": "first/m", "fallbacks": ["second/m"]}}},
    }))
}

fn words(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    (output.status.code(), text.concat())
}

fn replay(home: &TempHome, args: &[&str]) -> (Option<i32>, String) {
    words(&run(home, &[&["replay"], args].concat()))
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Every file of the state directory with its content, but for the recording.
fn state(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("exchanges") {
            files.extend(state(&path));
        } else if path.is_file() {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn a_recorded_session_is_run_again_offline_and_what_changed_is_named() {
    let (first, second) = (ModelServer::start(), ModelServer::start());
    let home = TempHome::new();
    let mut gateway = gateway_in(&home, &two(&first, &second)).await;
    let mut client = client(&gateway).await;
    first.push(Reply::text("not written down"));
    chat(&mut client, "main", "hello").await;
    let (code, said) = replay(&home, &["main"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("nothing is recorded") && said.contains("models.recording.enabled"), "{said}");

    // From now on it is, also what goes over the wire; the gateway goes on.
    edit(&home, json!({"models": {"recording": {"enabled": true, "wire": true}}}));
    told(&mut client, "applied").await;
    first.script([
        Reply::tool_call("write", &json!({"path": "plan.md", "content": "tea\n"})),
        Reply::text("It is in plan.md."),
        Reply::Status {
            code: 401,
            retry_after: None,
            body: json!({"error": {"message": PROVIDER_KEY}}).to_string(),
        },
    ]);
    second.push(Reply::text("You are welcome."));
    let question = format!("note tea, and that the gateway has {TOKEN}");
    assert_eq!(text(&chat(&mut client, "main", &question).await), "It is in plan.md.");
    assert!(text(&chat(&mut client, "main", "thanks").await).ends_with("You are welcome."));
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
    drop((first, second));

    let folder = home.state_dir().join("agents/main/exchanges");
    let [path] =
        &std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()[..]
    else {
        panic!("one file")
    };
    assert_eq!((mode(&folder), mode(path)), (0o700, 0o600));
    let recorded = std::fs::read_to_string(path).unwrap();
    assert_eq!(recorded.lines().count(), 4);
    assert!(
        !recorded.contains("canary") && !recorded.contains(TOKEN) && !recorded.contains("Bearer"),
        "{recorded}"
    );
    assert!(recorded.contains("/chat/completions") && recorded.contains("text/event-stream"), "{recorded}");

    std::fs::remove_file(home.state_dir().join("workspace/plan.md")).unwrap();
    let before = state(&home.state_dir());
    let (code, said) = replay(&home, &["main"]);
    assert_eq!(code, Some(0), "{said}");
    for part in ["calls: write", "It is in plan.md.", "second/m", "401", "The same as then: 2 turns."] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains(TOKEN), "{said}");
    let id = path.file_stem().unwrap().to_str().unwrap();
    let report = stdout_json(&home, &["replay", id, "--json", "--speed", "original"]);
    assert_eq!((&report["same"], &report["key"]), (&json!(true), &json!("agent:main:main")));
    assert_eq!(report["turns"][1]["calls"][1]["model"], "second/m");
    assert_eq!(report["turns"][0]["tools"][0]["name"], "write");
    assert_eq!(state(&home.state_dir()), before, "nothing is touched, and no tool ran");

    // A line that the power cut off is said, and is no difference.
    home.write(path, &format!("{recorded}{{\"v\":1,\"turn\":"));
    let (code, said) = replay(&home, &["agent:main:main"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("line 5, the last one, ends in the middle"), "{said}");
    // Another answer is one, and its place is named.
    home.write(path, &recorded.replacen("\"textDelta\":\"You", "\"textDelta\":\"They", 1));
    let (code, said) = replay(&home, &["main"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("answer 1.content[0].text") && said.contains("Different from then: 1 of 2 turns."),
        "{said}"
    );
    home.write(path, &recorded.replace("{\"v\":1,", "{\"v\":9,"));
    let (code, said) = replay(&home, &["main"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("version 9 of the format"), "{said}");

    for (args, part) in
        [(&["nobody"][..], "has no session"), (&["main", "--agent", "nobody"], "there is no agent")]
    {
        let (code, said) = replay(&home, args);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
    assert!(stdout(&home, &["sessions"]).contains(id));
}

/// A recorded conversation of two turns, its gateway gone. Returns the recording.
async fn conversation(home: &TempHome) -> PathBuf {
    let (first, second) = (ModelServer::start(), ModelServer::start());
    home.write(
        ".openclaw/agents/main/agent/models.json",
        &json!({"providers": {"third": {
            "baseUrl": "http://127.0.0.1:9/v1", "apiKey": "canary-models-json", "headers": {"x-pass": "canary-header-1"},
            "models": [{"id": "m", "headers": {"x-own": "canary-header-2"}}]}}})
        .to_string(),
    );
    let mut config = two(&first, &second);
    config["models"]["recording"] = json!({"enabled": true, "wire": true});
    let mut gateway = gateway_in(home, &config).await;
    let mut client = client(&gateway).await;
    first.script([Reply::text("I will not tell."), Reply::text("You are welcome.")]);
    chat(&mut client, "main", "canary-models-json, canary-header-1 and canary-header-2").await;
    chat(&mut client, "main", "thanks").await;
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
    let folder = home.state_dir().join("agents/main/exchanges");
    std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path()
}

#[tokio::test]
async fn what_could_not_be_compared_has_an_exit_code_of_its_own() {
    let home = TempHome::new();
    let path = conversation(&home).await;
    let recorded = std::fs::read_to_string(&path).unwrap();
    assert!(!recorded.contains("canary"), "{recorded}");
    let report = |code: i32| {
        let output = run(&home, &["replay", "main", "--json"]);
        let (given, said) = words(&output);
        assert_eq!(given, Some(code), "{said}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let sound = report(0);
    assert_eq!((&sound["same"], &sound["complete"]), (&json!(true), &json!(true)));

    // A call between the turns was lost.
    let mut lines: Vec<String> = recorded.lines().map(|line| format!("{line}\n")).collect();
    let second = lines[1].replacen("\"call\":0,", "\"call\":0,\"lost\":2,", 1);
    home.write(&path, &[lines[0].as_str(), &second].concat());
    let lost = report(3);
    assert_eq!((&lost["same"], &lost["complete"]), (&json!(true), &json!(false)));
    let (code, said) = replay(&home, &["main"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("2 calls could not be written"), "{said}");
    assert!(said.contains("as far as it could be compared: 2 turns of 2"), "{said}");

    // One of the turns cannot be run, and the other is as then.
    lines[1] = lines[1].replacen("\"end\":\"done\"", "\"end\":\"tooLarge\"", 1);
    home.write(&path, &lines.concat());
    let large = report(3);
    assert_eq!(
        (&large["turns"][1]["outcome"], &large["turns"][1]["missing"]),
        (&json!("notRun"), &json!("answer"))
    );
    // A difference is told before what is missing.
    home.write(&path, &lines.concat().replacen("\"textDelta\":\"I", "\"textDelta\":\"We", 1));
    assert_eq!(report(1)["complete"], false);
    home.write(&path, &recorded);

    // The transcript of a session that was deleted, and none.
    let transcript = home.state_dir().join("agents/main/sessions").join(path.file_name().unwrap());
    let aside = transcript.with_extension("jsonl.deleted.2026-11-28T10-00-00.000Z");
    std::fs::rename(&transcript, &aside).unwrap();
    assert_eq!(report(0)["turns"][0]["compared"], "whole");
    std::fs::remove_file(&aside).unwrap();
    let alone = report(3);
    assert_eq!((&alone["same"], &alone["turns"][0]["compared"]), (&json!(true), &json!("requests")));
    let (_, said) = replay(&home, &["main"]);
    assert!(!said.contains("= as then") && said.contains("there is no transcript"), "{said}");
}
