//! OpenClaw's directory, used where it is.

use std::collections::BTreeSet;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::ModelServer;
use serde_json::{Value, json};

use super::fixture::{
    self, SESSIONS, client, edit_index, everything, index, lay_over_index, start, transcript,
};
use crate::support::{PATIENCE, chat, run, stdout_json, text};

const STATE: &str = ".openclaw";

async fn stopped(mut gateway: openclaw_testkit::process::GatewayProcess) {
    gateway.terminate();
    assert!(gateway.wait_exit(PATIENCE).await.success());
}

/// The texts that people see in a session.
async fn history(client: &mut openclaw_testkit::ws::WsClient, key: &str) -> Vec<String> {
    let answer = client.call("chat.history", json!({"sessionKey": key, "limit": 1000})).await.unwrap();
    let messages = answer["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| format!("{}: {}", message["role"].as_str().unwrap(), text(message)))
        .collect()
}

#[tokio::test]
async fn conversations_go_on_where_openclaw_left_them() {
    let home = TempHome::new();
    let state = fixture::put(&home, STATE);
    let model =
        ModelServer::builder().fallback(|_| openclaw_testkit::model_server::Reply::text("ours")).start();
    let before = everything(&state);
    let gateway = start(&home, &model).await;
    let entries = index(&state);
    let mut client = client(&gateway).await;

    let listed = client.call("sessions.list", json!({"limit": 100})).await.unwrap();
    let listed: BTreeSet<&str> =
        listed["sessions"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()).collect();
    let second = "agent:second:main";
    // The second key of a cron run is not listed, as it is not by OpenClaw.
    let shown = entries.keys().map(String::as_str).filter(|key| !key.contains(":run:"));
    for key in shown.chain([second]) {
        assert!(listed.contains(key), "{key} is not among {listed:?}");
    }
    let main = history(&mut client, "main").await;
    assert_eq!(main.len(), 14, "{main:#?}");
    assert!(main[0].starts_with("user: ") && main[0].contains("Hello from the fixture"), "{main:#?}");
    assert!(main.iter().any(|said| said == "toolResult: from the shell"), "{main:#?}");
    assert_eq!(main.last().unwrap(), "assistant: An injected note");
    for (key, messages) in
        [("MyKey", 4), ("aborted", 0), ("stopped", 5), ("compacted", 5), ("picture", 2), (second, 2)]
    {
        let said = history(&mut client, key).await;
        assert_eq!(said.len(), messages, "{key}: {said:#?}");
    }

    let said = chat(&mut client, "main", "and now?").await;
    assert_eq!(text(&said), "ours", "{said}");
    let request = model.requests().pop().unwrap();
    assert!(request.last_user_text().contains("and now?"));
    assert_eq!(request.messages_of("user"), 5, "the model hears the whole conversation");
    let said = chat(&mut client, "compacted", "and here?").await;
    assert_eq!(text(&said), "ours", "a transcript without its header goes on: {said}");
    drop(client);
    stopped(gateway).await;

    let talked = [transcript(&state, "agent:main:main"), transcript(&state, "agent:main:compacted")];
    let after = everything(&state);
    for (path, old) in &before {
        let new = after.get(path).unwrap_or_else(|| panic!("{} is gone", path.display()));
        if talked.contains(&state.join(path)) {
            assert!(new.content.starts_with(&old.content) && new.content.len() > old.content.len());
        } else if !path.ends_with("sessions.json") && !path.ends_with("openclaw.json") {
            assert_eq!(new.content, old.content, "{}", path.display());
        }
    }
    let now = index(&state);
    assert_eq!(now.keys().collect::<Vec<_>>(), entries.keys().collect::<Vec<_>>());
    for (key, entry) in &entries {
        for field in
            ["sessionId", "skillsSnapshot", "systemPromptReport", "label", "thinkingLevel", "sendPolicy"]
        {
            assert_eq!(now[key].get(field), entry.get(field), "{key} {field}");
        }
    }
    let version: Value = serde_json::from_str(&home.read(".openclaw/state/version.json").unwrap()).unwrap();
    assert_eq!(version["version"], 1);
}

/// A home that was moved, or an index that somebody has tampered with, leads nowhere else.
#[tokio::test]
async fn paths_in_the_index_lead_nowhere() {
    let home = TempHome::new();
    let state = fixture::put(&home, STATE);
    let elsewhere = home.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let main = transcript(&state, "agent:main:main");
    let id = main.file_stem().unwrap().to_str().unwrap().to_owned();
    std::fs::copy(&main, elsewhere.join(format!("{id}.jsonl"))).unwrap();
    let topic = format!("{id}-topic-1770000000.000100");
    let mut lines = std::fs::read_to_string(&main).unwrap();
    lines = lines.replace("Hello from the fixture", "Hello from the topic");
    std::fs::write(state.join(SESSIONS).join(format!("{topic}.jsonl")), lines).unwrap();
    lay_over_index(
        &state,
        json!({
            "agent:main:main": {"sessionFile": elsewhere.join(format!("{id}.jsonl"))},
            "agent:main:slack:channel:c042:thread:1770000000.000100":
                {"sessionId": id, "sessionFile": format!("/gone/sessions/{topic}.jsonl")},
        }),
    );
    let outside = everything(&elsewhere);
    let model = ModelServer::start();
    let gateway = start(&home, &model).await;
    let mut client = client(&gateway).await;
    assert!(history(&mut client, "main").await[0].contains("Hello from the fixture"));
    let thread = "agent:main:slack:channel:c042:thread:1770000000.000100";
    assert!(history(&mut client, thread).await[0].contains("Hello from the topic"));
    let old = [
        std::fs::read(&main).unwrap(),
        std::fs::read(state.join(SESSIONS).join(format!("{topic}.jsonl"))).unwrap(),
    ];
    chat(&mut client, "main", "one").await;
    chat(&mut client, thread, "two").await;
    drop(client);
    stopped(gateway).await;
    let new = [
        std::fs::read(&main).unwrap(),
        std::fs::read(state.join(SESSIONS).join(format!("{topic}.jsonl"))).unwrap(),
    ];
    for (old, new) in old.iter().zip(&new) {
        assert!(new.starts_with(old) && new.len() > old.len());
    }
    assert_eq!(everything(&elsewhere), outside);
}

/// The doctor counts, and finds nothing wrong with what OpenClaw has left.
#[test]
fn the_doctor_explains_a_directory_of_openclaw() {
    let home = TempHome::new();
    let state = fixture::put(&home, STATE);
    let before = everything(&state);
    let output = run(&home, &["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let find = |id: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().filter(|finding| finding["id"] == id).cloned().collect::<Vec<_>>()
    };
    let content = &find("state.content")[0];
    assert_eq!(content["severity"], "info");
    let words = content["message"].as_str().unwrap();
    assert!(words.starts_with("2 agents, 15 sessions, 14 transcripts ("), "{words}");
    assert!(words.ends_with("2 archived; not used by this program yet"), "{words}");
    assert!(find("state.noTranscript")[0]["message"].as_str().unwrap().contains("agent:main:aborted"));
    assert_eq!(find("state.noSession").len(), 1, "what /new left");
    let main = &report["state"]["agents"][0];
    assert_eq!(
        (
            &main["id"],
            &main["sessions"],
            &main["withoutTranscript"],
            &main["withoutSession"],
            &main["damaged"]
        ),
        (&json!("main"), &json!(14), &json!(1), &json!(1), &json!(0))
    );
    assert!(find("state.index").is_empty() && find("state.version").is_empty());
    assert_eq!(everything(&state), before, "a look changes nothing");
    let words = String::from_utf8_lossy(&run(&home, &["doctor"]).stdout).into_owned();
    assert!(words.contains("note: ") && words.contains("15 sessions"), "{words}");
}

#[test]
fn the_sessions_of_openclaw_are_listed_without_a_gateway() {
    let home = TempHome::new();
    let state = fixture::put(&home, STATE);
    edit_index(&state, |index| index["agent:main:labelled"]["unheard"] = json!({"of": 1}));
    let listed = stdout_json(&home, &["sessions", "--json"]);
    assert_eq!(listed["count"], 14);
}
