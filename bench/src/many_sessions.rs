//! A folder with ten thousand sessions, as we write them or as the release does.

use std::path::Path;

use anyhow::Result;
use openclaw_guard::{create_private_dir, iso_millis, write_atomic};
use serde_json::{Map, Value, json};

/// How many.
pub(crate) const COUNT: usize = 10_000;
/// 2026-11-20T10:00:00Z in milliseconds.
const THEN_MS: i64 = 1_795_168_800_000;

/// Who wrote the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// This gateway.
    Ours,
    /// The release, which adds 5 kB about skills and prompt to each entry.
    Release,
}

/// The key of a session.
pub(crate) fn key(number: usize) -> String {
    format!("agent:main:bench-{number}")
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn used_at(number: usize) -> i64 {
    THEN_MS - i64::try_from(number).unwrap_or(0) * 1_000
}

/// Writes `sessions.json` and returns its text.
pub(crate) fn write_index(folder: &Path, writer: Writer) -> Result<String> {
    create_private_dir(folder)?;
    let entry = |number: usize| {
        let mut entry = own_entry(folder, number);
        if let (Writer::Release, Some(fields)) = (writer, entry.as_object_mut()) {
            fields.insert("skillsSnapshot".to_owned(), skills());
            fields.insert("systemPromptReport".to_owned(), report(number));
        }
        (key(number), entry)
    };
    let index: Map<String, Value> = (0..COUNT).map(entry).collect();
    let text = format!("{:#}", Value::Object(index));
    write_atomic(&folder.join("sessions.json"), text.as_bytes())?;
    Ok(text)
}

fn own_entry(folder: &Path, number: usize) -> Value {
    json!({
        "sessionId": id(number), "updatedAt": used_at(number),
        "sessionFile": folder.join(format!("{}.jsonl", id(number))), "chatType": "direct", "systemSent": true,
        "origin": {"provider": "webchat", "surface": "webchat", "chatType": "direct"},
        "deliveryContext": {"channel": "webchat"}, "lastChannel": "webchat", "abortedLastRun": false,
        "modelProvider": "bench", "model": "instant", "contextTokens": 200_000, "inputTokens": 1_200 + number,
        "outputTokens": 80, "totalTokens": 1_280 + number, "label": format!("Conversation {number}"),
    })
}

const NAMES: [&str; 4] = ["healthcheck", "skill-creator", "tmux", "weather"];

fn skills() -> Value {
    let about =
        "Says what the skill is for, when to use it, and what it must not be used for, at some length.";
    let prompt: String = NAMES
        .map(|name| {
            let place = format!("<location>/opt/openclaw/skills/{name}/SKILL.md</location>");
            format!("  <skill>\n    <name>{name}</name>\n    <description>{about} {about}</description>\n    {place}\n")
        })
        .concat();
    let resolved = NAMES.map(|name| {
        json!({
            "name": name, "description": format!("{about} {about}"),
            "filePath": format!("/opt/openclaw/skills/{name}/SKILL.md"),
            "baseDir": format!("/opt/openclaw/skills/{name}"), "source": "openclaw-bundled",
            "disableModelInvocation": false,
        })
    });
    json!({"prompt": prompt, "skills": NAMES.map(|name| json!({"name": name})), "resolvedSkills": resolved, "version": 0})
}

fn report(number: usize) -> Value {
    let files: Vec<Value> = ["AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "MEMORY.md"]
        .iter()
        .map(|name| {
            json!({
                "name": name, "path": format!("~/.openclaw/workspace/{name}"), "missing": false,
                "rawChars": 7_804, "injectedChars": 7_804, "truncated": false,
            })
        })
        .collect();
    let tools: Vec<Value> = (0..20)
        .map(|tool| {
            json!({"name": format!("tool_{tool}"), "summaryChars": 298, "schemaChars": 392, "propertiesCount": 4})
        })
        .collect();
    json!({
        "source": "run", "generatedAt": used_at(number), "sessionId": id(number), "sessionKey": key(number),
        "provider": "bench", "model": "instant", "workspaceDir": "~/.openclaw/workspace",
        "bootstrapMaxChars": 20_000, "sandbox": {"mode": "off", "sandboxed": false},
        "systemPrompt": {"chars": 23_342, "projectContextChars": 13_546, "nonProjectContextChars": 9_796},
        "injectedWorkspaceFiles": files, "skills": {"promptChars": 1_632, "entries": NAMES},
        "tools": {"listChars": 1_926, "schemaChars": 14_674, "entries": tools},
    })
}

/// Writes a short transcript for each session. They name their keys, as ours do.
pub(crate) fn write_transcripts(folder: &Path) -> Result<()> {
    create_private_dir(folder)?;
    for number in 0..COUNT {
        let time = iso_millis(used_at(number));
        let head = json!({"type": "session", "version": 3, "id": id(number), "timestamp": time, "cwd": "/"});
        let named = json!({
            "type": "custom", "id": "00000001", "parentId": null, "timestamp": time,
            "customType": "openclaw.session-key", "data": {"key": key(number)},
        });
        let said = |own: &str, parent: &str, role: &str| {
            let content =
                [json!({"type": "text", "text": "A message of ordinary length, as people write them."})];
            json!({
                "type": "message", "id": own, "parentId": parent, "timestamp": time,
                "message": {"role": role, "timestamp": used_at(number), "content": content},
            })
        };
        let (asked, answered) =
            (said("00000002", "00000001", "user"), said("00000003", "00000002", "assistant"));
        let text = format!("{head}\n{named}\n{asked}\n{answered}\n");
        // Not synced: ten thousand times that is minutes, and nothing here must survive.
        let file = std::fs::File::create(folder.join(format!("{}.jsonl", id(number))))?;
        std::io::Write::write_all(&mut &file, text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{own_entry, report, skills};

    #[test]
    fn an_entry_of_the_release_is_as_large_as_it_is_there() {
        let mut entry = own_entry(std::path::Path::new("/var/lib/openclaw/agents/main/sessions"), 7);
        entry["skillsSnapshot"] = skills();
        entry["systemPromptReport"] = report(7);
        let bytes = format!("{entry:#}").len();
        assert!((6_000..9_000).contains(&bytes), "{bytes}");
    }
}
