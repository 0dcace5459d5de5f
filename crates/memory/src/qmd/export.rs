//! Conversations as Markdown, so that `qmd` can find them: what was said, without secrets, tools and thoughts.

use std::collections::HashSet;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use openclaw_guard::{EntryKind, Redactor, Root, RootError, create_private_dir};

use super::error::QmdError;
use super::options::SessionExport;
use crate::backend::{MAX_NOTE_BYTES, Skipped};
use crate::sources::{SessionMessage, line, said};

/// Transcripts that are looked at: one an hour for ten years.
const MAX_SESSIONS: usize = 100_000;
/// Of a transcript; a longer one is a program talking to itself.
const MAX_TRANSCRIPT_BYTES: u64 = 256 * 1024 * 1024;

/// A conversation as OpenClaw exports it: a title, and each message on a line of its own. Of one that is longer than a
/// note may be, the end is kept.
#[must_use]
pub fn render_session(id: &str, messages: &[SessionMessage], redactor: &Redactor) -> String {
    let title = format!("# Session {id}\n\n");
    let mut left = usize::try_from(MAX_NOTE_BYTES).unwrap_or(usize::MAX).saturating_sub(title.len());
    let mut kept = Vec::new();
    for line in
        messages.iter().rev().filter_map(|message| line(message, |text| redactor.redact(text).into_owned()))
    {
        let Some(rest) = left.checked_sub(line.len() + 1) else { break };
        left = rest;
        kept.push(line);
    }
    kept.reverse();
    let text = if kept.is_empty() { "(empty)".to_owned() } else { kept.join("\n") };
    format!("{title}{text}\n")
}

/// Writes every conversation that is young enough and removes the text of those that are gone. Transcripts that cannot
/// be read are said, and do not stop the others.
pub(super) fn export(
    plan: &SessionExport,
    redactor: &Redactor,
    now_ms: i64,
) -> Result<Vec<Skipped>, QmdError> {
    create_private_dir(&plan.directory)?;
    let target = root(&plan.directory)?;
    let mut keep = HashSet::new();
    let mut skipped = Vec::new();
    if let Ok(transcripts) = Root::open(&plan.transcripts) {
        let is_transcript = |path: &Path, kind| kind == EntryKind::File && has_extension(path, "jsonl");
        let listing = transcripts.walk(Path::new(""), is_transcript, MAX_SESSIONS);
        let listing = listing.map_err(|error| failed("list", &plan.transcripts, error))?;
        for file in listing.files {
            let is_old = plan.retention.is_some_and(|retention| {
                let cutoff = now_ms.saturating_sub(i64::try_from(retention.as_millis()).unwrap_or(i64::MAX));
                file.mtime_ms < cutoff
            });
            let Some(id) = file.path.file_stem().and_then(|stem| stem.to_str()).filter(|_| !is_old) else {
                continue;
            };
            let name = PathBuf::from(format!("{id}.md"));
            match messages(&transcripts, &file.path) {
                Ok(messages) => write(&target, &name, &render_session(id, &messages, redactor))?,
                // What was exported of it before stays.
                Err(error) => skipped.push(Skipped::note(format!("sessions/{id}.jsonl"), error.to_string())),
            }
            keep.insert(name);
        }
    }
    remove_others(&target, &keep)?;
    Ok(skipped)
}

/// Removes what was exported to a folder when conversations were still to be found.
pub(super) fn forget(directory: &Path) -> Result<(), QmdError> {
    if !directory.is_dir() {
        return Ok(());
    }
    remove_others(&root(directory)?, &HashSet::new())
}

fn messages(root: &Root, path: &Path) -> Result<Vec<SessionMessage>, RootError> {
    let broken = |source| RootError::Io { path: path.to_owned(), action: "read", source };
    let mut reader = BufReader::new(root.open_read(path)?.take(MAX_TRANSCRIPT_BYTES));
    let (mut messages, mut line) = (Vec::new(), Vec::new());
    while reader.read_until(b'\n', &mut line).map_err(broken)? > 0 {
        messages.extend(said(&line).map(|(message, _)| message));
        line.clear();
    }
    Ok(messages)
}

/// Writes a file unless it says so already.
fn write(root: &Root, name: &Path, text: &str) -> Result<(), QmdError> {
    if root.read_capped(name, MAX_NOTE_BYTES).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    root.replace(name, text.as_bytes()).map_err(|error| failed("write", &root.path().join(name), error))
}

/// Removes exported conversations that are not to be kept. A file of somebody else in that folder does not begin like
/// one, and stays.
fn remove_others(root: &Root, keep: &HashSet<PathBuf>) -> Result<(), QmdError> {
    let is_export =
        |path: &Path, kind| kind == EntryKind::File && has_extension(path, "md") && !keep.contains(path);
    let listing = root.walk(Path::new(""), is_export, MAX_SESSIONS);
    for file in listing.map_err(|error| failed("list", root.path(), error))?.files {
        let begins = root.read_capped(&file.path, MAX_NOTE_BYTES).unwrap_or_default();
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
        let is_ours = begins.starts_with(format!("# Session {stem}\n").as_bytes());
        let path = root.path().join(&file.path);
        match if is_ours { std::fs::remove_file(&path) } else { Ok(()) } {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(QmdError::Home { action: "remove", path, source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.components().count() == 1 && path.extension().is_some_and(|extension| extension == wanted)
}

fn root(path: &Path) -> Result<Root, QmdError> {
    Root::open(path).map_err(|error| failed("open", path, error))
}

fn failed(action: &'static str, path: &Path, error: RootError) -> QmdError {
    QmdError::Home { action, path: path.to_owned(), source: io::Error::other(error) }
}

#[cfg(test)]
mod tests {
    use super::{SessionExport, SessionMessage, export, render_session, said};
    use crate::backend::MAX_NOTE_BYTES;
    use crate::sources::Speaker;
    use openclaw_guard::{Hiding, Redactor, create_private_dir, write_atomic};
    use std::time::Duration;

    fn redactor() -> Redactor {
        Redactor::new(&[], Hiding::Shapes { patterns: Vec::new() })
    }

    fn message(speaker: Speaker, text: &str) -> SessionMessage {
        SessionMessage { speaker, text: text.into() }
    }

    #[test]
    fn a_conversation_is_a_line_for_each_message_without_secrets() {
        let messages = [
            message(Speaker::User, "My key:\n\n  OPENAI_API_KEY=sk-abcdefghijklmnopqrstuvwxyz0123456789"),
            message(Speaker::Assistant, "  \n "),
            message(Speaker::Assistant, "Noted.\tTea\u{a0}then."),
        ];
        let text = render_session("s1", &messages, &redactor());
        assert!(text.starts_with("# Session s1\n\nUser: My key: OPENAI_API_KEY="), "{text}");
        assert!(text.ends_with("\nAssistant: Noted. Tea then.\n") && text.lines().count() == 4, "{text}");
        assert!(!text.contains("klmnopqrst"), "{text}");
        assert_eq!(render_session("s1", &[], &redactor()), "# Session s1\n\n(empty)\n");
    }

    #[test]
    fn the_end_of_a_long_conversation_is_kept() {
        let long = "x".repeat(1024);
        let messages: Vec<SessionMessage> =
            (0..3_000).map(|n| message(Speaker::User, &format!("{n} {long}"))).collect();
        let text = render_session("s", &messages, &redactor());
        assert!(text.len() as u64 <= MAX_NOTE_BYTES && text.len() > 2_000_000);
        assert!(text.contains("User: 2999 ") && !text.contains("User: 0 "));
    }

    #[test]
    fn transcripts_are_read_as_far_as_they_are_messages() {
        let rows = [
            (r#"{"type":"message","message":{"role":"user","content":"hi"}}"#, Some("hi")),
            (
                r#"{"type":"message","message":{"role":"assistant","content":[{"type":"thinking","thinking":"x"},
                {"type":"text","text":"a"},{"type":"toolCall","name":"exec"},{"type":"text","text":"b"}]}}"#,
                Some("a\nb"),
            ),
            (r#"{"type":"message","message":{"role":"toolResult","content":"no"}}"#, None),
            (r#"{"type":"session","id":"x"}"#, None),
            (r#"{"type":"message","message":{"role":"user"}}"#, None),
            (r#"{"type":"message"}"#, None),
            ("{\"type\":\"mess", None),
            ("", None),
        ];
        for (line, expected) in rows {
            assert_eq!(said(line.as_bytes()).map(|(message, _)| message.text).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn exports_follow_transcripts_and_spare_other_files() {
        let dir = tempfile::tempdir().unwrap();
        let plan = SessionExport {
            transcripts: dir.path().join("sessions"),
            directory: dir.path().join("export"),
            retention: Some(Duration::from_secs(60)),
        };
        let now = openclaw_guard::Clock::now_ms(&openclaw_guard::SystemClock);
        assert!(export(&plan, &redactor(), now).unwrap().is_empty(), "no transcripts yet");
        create_private_dir(&plan.transcripts).unwrap();
        let line = r#"{"type":"message","message":{"role":"user","content":"tea"}}"#;
        for name in ["one.jsonl", "two.jsonl", "two.jsonl.bak"] {
            write_atomic(&plan.transcripts.join(name), line.as_bytes()).unwrap();
        }
        for (name, text) in [("mine.md", "# My own\n"), ("old.md", "# Session old\n\nUser: x\n")] {
            write_atomic(&plan.directory.join(name), text.as_bytes()).unwrap();
        }
        let names = || {
            let mut names: Vec<String> = std::fs::read_dir(&plan.directory)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        export(&plan, &redactor(), now).unwrap();
        assert_eq!(names(), ["mine.md", "one.md", "two.md"]);
        let text = std::fs::read_to_string(plan.directory.join("one.md")).unwrap();
        assert_eq!(text, "# Session one\n\nUser: tea\n");
        std::fs::remove_file(plan.transcripts.join("one.jsonl")).unwrap();
        export(&plan, &redactor(), now).unwrap();
        assert_eq!(names(), ["mine.md", "two.md"]);
        export(&plan, &redactor(), now + 3_600_000).unwrap();
        assert_eq!(names(), ["mine.md"], "older than the retention");
    }
}
