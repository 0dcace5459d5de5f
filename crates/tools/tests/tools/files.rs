//! `read`, `write` and `edit`: what they do, and paths that must not work.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use serde_json::{Value, json};

use crate::home::Home;

#[tokio::test]
async fn write_append_read_edit() {
    let home = Home::new();
    let note = "memory/2026-11-20.md";
    let append = |content: &str| json!({"path": note, "content": content, "append": true});
    assert_eq!(
        home.ok("write", append("# Friday\n\n")).await,
        format!("Appended 2 lines to {note} (lines 1-2)")
    );
    assert_eq!(home.ok("write", append("- likes tea")).await, format!("Appended 1 line to {note} (line 3)"));
    assert_eq!(home.ok("write", append("- a\n- b")).await, format!("Appended 2 lines to {note} (lines 4-5)"));
    assert_eq!(home.ok("read", json!({"file_path": note})).await, "# Friday\n\n- likes tea\n- a\n- b\n");
    assert_eq!(
        home.ok("read", json!({"path": note, "offset": 3, "limit": 1})).await,
        "- likes tea\n\n[lines 3-3 of 5; more with offset=4]"
    );

    let edit = json!({"path": note, "old_string": "tea", "new_string": "oolong"});
    assert_eq!(home.ok("edit", edit).await, format!("Replaced 1 match in {note} (line 3)"));
    let twice = json!({"path": note, "oldText": "- ", "newText": ""});
    assert!(home.err("edit", twice).await.contains("occurs 3 times"));
    let missing = json!({"path": note, "oldText": "coffee", "newText": ""});
    assert!(home.err("edit", missing).await.contains("occurs 0 times"));
    assert!(home.err("edit", json!({"path": note, "oldText": "", "newText": "x"})).await.contains("oldText"));
    assert!(home.err("write", append("")).await.contains("content"));

    assert_eq!(
        home.ok("write", json!({"path": "a/b/c.txt", "content": "é"})).await,
        "Wrote 2 bytes to a/b/c.txt"
    );
    assert_eq!(home.text("workspace/a/b/c.txt"), "é");
    assert_eq!(
        home.ok("write", json!({"path": "./a/b/c.txt", "content": ""})).await,
        "Wrote 0 bytes to a/b/c.txt"
    );
    let absolute = home.path("workspace/a/d.txt");
    assert_eq!(home.ok("write", json!({"path": absolute, "content": "x"})).await, "Wrote 1 byte to a/d.txt");
    assert_eq!(std::fs::metadata(absolute).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_script_stays_executable() {
    let home = Home::new();
    home.file("workspace/run.sh", "old");
    let script = home.path("workspace/run.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    home.ok("edit", json!({"path": "run.sh", "oldText": "old", "newText": "new"})).await;
    home.ok("write", json!({"path": "run.sh", "content": "newer"})).await;
    assert_eq!(std::fs::metadata(script).unwrap().mode() & 0o777, 0o755);
}

/// Paths that lead, or try to lead, out of the workspace or to something that is not a text file.
fn hostile(home: &Home) -> Vec<Value> {
    home.file("workspace/dir/inside.txt", "inside");
    home.file("outside/secret.txt", "canary");
    for (target, link) in [
        ("outside/secret.txt", "workspace/link.txt"),
        ("outside", "workspace/linked"),
        ("workspace/dir/inside.txt", "workspace/inner.txt"),
        ("nowhere", "workspace/dangling.txt"),
    ] {
        symlink(home.path(target), home.path(link)).unwrap();
    }
    symlink("/dev/zero", home.path("workspace/zero")).unwrap();
    home.fifo("workspace/fifo");
    let sparse = std::fs::File::create(home.path("workspace/sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let mut rows: Vec<Value> = [
        "../openclaw.json",
        "dir/../../openclaw.json",
        "dir/../dir/inside.txt",
        "..",
        ".",
        "",
        "/",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "link.txt",
        "linked/secret.txt",
        "inner.txt",
        "dangling.txt",
        "zero",
        "fifo",
        "dir",
        "dir/",
        "dir/inside.txt/x",
        "sparse",
        "a\0b",
        "~/../openclaw.json/..",
    ]
    .map(Value::from)
    .into();
    rows.push(home.path("openclaw.json").to_str().unwrap().into());
    rows.push(home.path("workspace/../openclaw.json").to_str().unwrap().into());
    rows.push("a/".repeat(1_000).into());
    rows.push("a".repeat(4_000).into());
    rows.push("a".repeat(5_000).into());
    rows
}

#[tokio::test]
async fn hostile_paths_are_refused_by_every_file_tool() {
    let home = Home::new();
    let rows = hostile(&home);
    let small = |home: &Home| -> Vec<_> {
        std::fs::remove_file(home.path("workspace/sparse")).ok();
        home.contents()
    };
    for path in &rows {
        let mut calls = vec![
            ("read", json!({"path": path})),
            ("write", json!({"path": path, "content": "x", "append": true})),
            ("edit", json!({"path": path, "oldText": "canary", "newText": "x"})),
        ];
        // A whole new text in place of a giant regular file is fine.
        if path != "sparse" {
            calls.push(("write", json!({"path": path, "content": "x"})));
        }
        for (tool, arguments) in calls {
            let error = home.err(tool, arguments).await;
            assert!(!error.contains("canary"), "{tool} {path} {error}");
        }
    }
    let after = small(&home);
    let texts: Vec<String> = after.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into()).collect();
    let known = |text: &String| ["canary", "inside"].contains(&text.as_str());
    assert!(texts.iter().all(known) && texts.len() == 3, "{after:?}");
}

#[tokio::test]
async fn names_that_some_platform_cannot_have_are_not_written() {
    let home = Home::new();
    for name in
        ["NUL", "con.txt", "dir/COM1", "aux/x.md", "a:b", "a\\b", "trailing.", "trailing ", "tab\tname"]
    {
        for append in [true, false] {
            home.err("write", json!({"path": name, "content": "x", "append": append})).await;
        }
    }
    assert_eq!(home.contents().len(), 1, "only openclaw.json");
}

#[tokio::test]
async fn binary_files_and_lines_past_the_end_are_named() {
    let home = Home::new();
    home.file("workspace/image.bin", "a\0b");
    home.file("workspace/two.txt", "1\n2\n");
    assert!(home.err("read", json!({"path": "image.bin"})).await.contains("not a text file"));
    let error = home.err("read", json!({"path": "two.txt", "offset": 3})).await;
    assert_eq!(error, "two.txt has 2 lines; offset 3 is past the end");
    assert!(home.err("read", json!({"path": "missing.md"})).await.contains("missing.md does not exist"));
    let error = home.err("write", json!({"path": "image.bin", "content": "x", "append": true})).await;
    assert!(error.contains("not a text file"));
}

#[tokio::test]
async fn appends_at_the_same_time_are_all_kept() {
    let home = Home::new();
    let toolbox = openclaw_tools::Toolbox::new(openclaw_tools::ToolboxOptions::default());
    let appends = (0..20).map(|n| {
        let arguments = json!({"path": "log.md", "content": format!("line {n}"), "append": true});
        toolbox.run(crate::home::call("write", arguments), home.cx.clone())
    });
    let outcomes = futures_util::future::join_all(appends).await;
    let mut places: Vec<String> = outcomes.iter().map(crate::home::text_of).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 20);
    assert_eq!(home.text("workspace/log.md").lines().count(), 20);
}
