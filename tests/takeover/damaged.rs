//! What a crash, a full disk or a person has left of a state directory.

use std::path::Path;

use openclaw_testkit::home::TempHome;
use openclaw_testkit::model_server::ModelServer;
use serde_json::{Value, json};

use super::fixture::{self, SESSIONS, client, everything, lay_over_index, start, transcript};
use crate::support::{PATIENCE, chat, run};

/// A damage, and the findings of the doctor that name it.
struct Case {
    name: &'static str,
    damage: fn(&Path),
    found: &'static [&'static str],
}

fn index_file(state: &Path) -> std::path::PathBuf {
    state.join(SESSIONS).join("sessions.json")
}

fn main_transcript(state: &Path) -> std::path::PathBuf {
    transcript(state, "agent:main:main")
}

/// Replaces the text of the main transcript.
fn rewrite(state: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = main_transcript(state);
    let text = change(std::fs::read(&path).unwrap());
    std::fs::write(path, text).unwrap();
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::write(path, text).unwrap();
}

const CASES: [Case; 14] = [
    Case {
        name: "index of no bytes",
        damage: |state| write(&index_file(state), b""),
        found: &["state.index"],
    },
    Case {
        name: "index of NULs",
        damage: |state| write(&index_file(state), vec![0; 113_844]),
        found: &["state.index"],
    },
    Case {
        name: "torn index",
        damage: |state| {
            let text = std::fs::read(index_file(state)).unwrap();
            write(&index_file(state), &text[..text.len() / 2]);
        },
        found: &["state.index"],
    },
    Case {
        name: "no index",
        damage: |state| std::fs::remove_file(index_file(state)).unwrap(),
        found: &["state.index"],
    },
    Case {
        name: "torn transcript",
        damage: |state| {
            rewrite(state, |mut text| {
                text.truncate(text.len() - 40);
                text
            });
        },
        found: &["state.transcript"],
    },
    Case {
        name: "NULs in a transcript",
        damage: |state| {
            rewrite(state, |mut text| {
                let middle = text.len() / 2;
                text[middle..middle + 64].fill(0);
                text
            });
        },
        found: &["state.transcript"],
    },
    Case {
        name: "NULs behind a transcript",
        damage: |state| {
            rewrite(state, |mut text| {
                text.extend([0; 512]);
                text
            });
        },
        found: &["state.transcript"],
    },
    Case {
        name: "glued lines",
        damage: |state| {
            rewrite(state, |text| {
                let ends: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'\n').collect();
                let glue = ends[ends.len() / 2];
                text.iter().enumerate().filter(|(at, _)| *at != glue).map(|(_, byte)| *byte).collect()
            });
        },
        found: &["state.transcript"],
    },
    Case {
        name: "no header",
        damage: |state| {
            rewrite(state, |text| {
                let end = text.iter().position(|byte| *byte == b'\n').unwrap();
                text[end + 1..].to_vec()
            });
        },
        found: &["state.transcript"],
    },
    Case {
        name: "a session without its transcript",
        damage: |state| {
            let gone = json!({"sessionId": "11111111-2222-3333-4444-555555555555", "updatedAt": 1});
            lay_over_index(state, json!({"agent:main:gone": gone}));
        },
        found: &["state.noTranscript"],
    },
    Case {
        name: "entries of odd types",
        damage: |state| {
            let odd = json!({
                "agent:main:number": 7, "agent:main:list": [], "agent:main:nameless": {"updatedAt": 1},
                "agent:main:climber": {"sessionId": "../../../etc/passwd", "updatedAt": 1},
                "agent:main:odd": {"sessionId": "odd", "updatedAt": "yesterday", "label": 5, "totalTokens": []},
            });
            lay_over_index(state, odd);
        },
        found: &["state.entries"],
    },
    Case {
        name: "version 1",
        damage: |state| {
            rewrite(state, |_| {
                [
                    r#"{"type":"session","id":"x","timestamp":"2025-11-01T00:00:00.000Z","cwd":"/home/user"}"#,
                    r#"{"type":"message","timestamp":"2025-11-01T00:00:01.000Z","message":{"role":"user","content":"old","timestamp":1761955201000}}"#,
                    r#"{"type":"compaction","timestamp":"2025-11-01T00:00:02.000Z","summary":"it was old","firstKeptEntryIndex":1,"tokensBefore":9}"#,
                ]
                .join("\n")
                .into_bytes()
            });
        },
        found: &["state.transcript"],
    },
    Case {
        name: "version 2",
        damage: |state| {
            rewrite(state, |_| {
                [
                    r#"{"type":"session","version":2,"id":"x","timestamp":"2025-12-01T00:00:00.000Z","cwd":"/home/user"}"#,
                    r#"{"type":"message","id":"aaaaaaaa","parentId":null,"timestamp":"2025-12-01T00:00:01.000Z","message":{"role":"hookMessage","customType":"x","content":"from a hook","display":true,"timestamp":1764547201000}}"#,
                    r#"{"type":"message","id":"bbbbbbbb","parentId":"aaaaaaaa","timestamp":"2025-12-01T00:00:02.000Z","message":{"role":"user","content":[{"type":"text","text":"hi"}],"timestamp":1764547202000}}"#,
                    "",
                ]
                .join("\n")
                .into_bytes()
            });
        },
        found: &["state.content"],
    },
    Case {
        name: "what a killed program leaves",
        damage: |state| {
            let sessions = state.join(SESSIONS);
            write(
                &sessions.join("sessions.json.4711.0b1e7f0a-0000-4000-8000-000000000000.tmp"),
                b"{\"agent:ma",
            );
            write(&sessions.join("sessions.json.lock"), b"{\"pid\":4711,\"startedAt\":1}");
        },
        found: &["state.lock", "state.temporary"],
    },
];

fn findings(home: &TempHome) -> Vec<Value> {
    let output = run(home, &["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().clone()
}

#[tokio::test]
async fn it_comes_up_explains_and_loses_nothing() {
    for case in &CASES {
        let home = TempHome::new();
        let state = fixture::put(&home, ".openclaw");
        let main = main_transcript(&state);
        (case.damage)(&state);
        let before = everything(&state);
        let found = findings(&home);
        for id in case.found {
            let named = found.iter().any(|finding| finding["id"] == *id);
            assert!(named, "{}: no {id} in {found:#?}", case.name);
        }
        assert_eq!(everything(&state), before, "{}: a look changes nothing", case.name);

        let model = ModelServer::start();
        let mut gateway = start(&home, &model).await;
        let mut client = client(&gateway).await;
        let listed = client.call("sessions.list", json!({"limit": 100})).await.unwrap();
        assert!(listed["sessions"].as_array().unwrap().len() >= 14, "{}: {listed}", case.name);
        let said = chat(&mut client, "main", "still there?").await;
        assert_eq!(said["state"], "final", "{}: {said}", case.name);
        drop(client);
        gateway.terminate();
        assert!(gateway.wait_exit(PATIENCE).await.success());

        let after = everything(&state);
        for (path, old) in
            before.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "jsonl"))
        {
            let new = after.get(path).unwrap_or_else(|| panic!("{}: {} is gone", case.name, path.display()));
            assert!(new.content.starts_with(&old.content), "{}: {}", case.name, path.display());
        }
        assert!(main.exists(), "{}", case.name);
    }
}

/// A damaged index is kept, and the sessions are found again by their transcripts.
#[tokio::test]
async fn a_lost_index_is_kept_and_every_conversation_is_listed() {
    let home = TempHome::new();
    let state = fixture::put(&home, ".openclaw");
    let transcripts = std::fs::read_dir(state.join(SESSIONS)).unwrap();
    let transcripts: Vec<String> = transcripts
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".jsonl").map(str::to_owned))
        .collect();
    write(&index_file(&state), vec![0; 4096]);
    let model = ModelServer::start();
    let gateway = start(&home, &model).await;
    let mut client = client(&gateway).await;
    let listed = client.call("sessions.list", json!({"limit": 100})).await.unwrap().to_string();
    for id in &transcripts {
        assert!(listed.contains(id.as_str()), "{id} is not in {listed}");
    }
    let kept = std::fs::read_dir(state.join(SESSIONS).join("quarantine")).unwrap();
    let kept = kept.filter(|entry| std::fs::read(entry.as_ref().unwrap().path()).unwrap() == vec![0; 4096]);
    assert_eq!(kept.count(), 1);
    let found = findings(&home);
    assert!(found.iter().any(|finding| finding["id"] == "state.quarantine"), "{found:#?}");
}
