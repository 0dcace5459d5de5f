//! A fake `qmd`: the command line, the output and the index of version 2.8.3, and of 0.9.0 in the mode `old`.
//!
//! The program is a script that runs this test binary again, since a second binary would not be there whenever tests are.
//! The script itself does what has nothing to do with search: hanging, dying, printing nonsense.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use openclaw_guard::{create_private_dir, write_atomic};
use ring::digest::{SHA256, digest};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

/// `sh` for a folder in which it notes its calls and finds its modes.
pub(crate) fn script(dir: &Path) -> String {
    let program = std::env::current_exe().unwrap();
    // The whole product's tests have this file too, under another name.
    let test: Vec<&str> = module_path!().split("::").skip(1).chain(["program"]).collect();
    format!(
        r#"#!/bin/sh
dir='{dir}'
echo "$*" >> "$dir/calls"
pwd > "$dir/pwd"
env > "$dir/env"
mode=$(cat "$dir/mode-$1" 2>/dev/null)
case "$mode" in
hang) sleep 600 > "$dir/alive" & wait ;;
garbage) echo 'Segmentation fault'; exit 0 ;;
fail) printf '\033[31mError:\033[0m database or disk is full\n' >&2; exit 1 ;;
leak) echo 'Error: OPENAI_API_KEY=sk-abcdefghijklmnopqrstuvwxyz0123456789' >&2; exit 1 ;;
killed) kill -KILL $$ ;;
flood) exec yes 'a line of a program that does not stop' ;;
wait) while [ ! -e "$dir/go" ]; do sleep 0.02; done ;;
esac
exec 3>&1 1>/dev/null
count=0
for argument in "$@"; do
  count=$((count + 1))
  eval "export FAKE_QMD_$count=\$argument"
done
export FAKE_QMD_COUNT=$count FAKE_QMD_MODE="$mode"
exec '{program}' --exact {test} --ignored --nocapture
"#,
        dir = dir.display(),
        program = program.display(),
        test = test.join("::"),
    )
}

#[test]
#[ignore = "the fake program itself; the tests beside it run it"]
fn program() {
    let variable = |name: &str| std::env::var(format!("FAKE_QMD_{name}")).unwrap_or_default();
    let count: usize = variable("COUNT").parse().unwrap_or_default();
    let arguments: Vec<String> = (1..=count).map(|number| variable(&number.to_string())).collect();
    let mode = variable("MODE");
    let mut said = Said::default();
    if mode == "progress" {
        said.out.push_str("\u{1b}[?25lExpanding query...\n[1/3] lex: tea\n[2/3] reranking\n");
    }
    let code = Fake { is_old: mode == "old", has_other_schema: mode == "other" }.run(&arguments, &mut said);
    eprint!("{}", said.err);
    let mut stdout = std::fs::File::options().write(true).open("/dev/fd/3").unwrap();
    stdout.write_all(said.out.as_bytes()).unwrap();
    std::process::exit(code);
}

#[derive(Default)]
struct Said {
    out: String,
    err: String,
}

struct Fake {
    is_old: bool,
    /// A later version that keeps its documents elsewhere.
    has_other_schema: bool,
}

/// Path and pattern by name.
type Collections = BTreeMap<String, (PathBuf, String)>;

impl Fake {
    fn run(&self, arguments: &[String], said: &mut Said) -> i32 {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["collection", "list", ..] => list(said),
            ["collection", "add", path, "--name", name, "--mask", pattern, ..] => {
                return self.add(Path::new(path), name, pattern, said);
            }
            ["collection", "remove", name, ..] => return remove(name, said),
            ["update", ..] => {
                let collections = collections();
                writeln!(said.out, "Updating {} collection(s)...\n", collections.len()).unwrap();
                for (name, (path, pattern)) in collections {
                    self.index(&name, &path, &pattern, said);
                }
                said.out.push_str("✓ All collections updated.\n");
            }
            ["embed", ..] => said.out.push_str("Model: embeddinggemma-300M-Q8_0.gguf\n✓ Done!\n"),
            ["query", text, "--json", "-n", count, ..] => {
                said.err.push_str(
                    "Warning: 1 documents (100%) need embeddings. Run 'qmd embed' for better results.\n",
                );
                self.query(text.trim(), count.parse().unwrap(), said);
            }
            _ => {
                writeln!(said.err, "Unknown command: {}", words.join(" ")).unwrap();
                return 1;
            }
        }
        0
    }

    fn add(&self, path: &Path, name: &str, pattern: &str, said: &mut Said) -> i32 {
        let mut all = collections();
        if all.contains_key(name) {
            writeln!(
                said.err,
                "Collection '{name}' already exists.\nUse a different name with --name <name>"
            )
            .unwrap();
            return 1;
        }
        if !path.is_dir() {
            writeln!(said.err, "Collection path does not exist.\n  Received: {}", path.display()).unwrap();
            return 1;
        }
        all.insert(name.into(), (path.into(), pattern.into()));
        keep(&all);
        self.index(name, path, pattern, said);
        writeln!(said.out, "✓ Collection '{name}' created successfully").unwrap();
        0
    }

    fn index(&self, collection: &str, root: &Path, pattern: &str, said: &mut Said) {
        let connection = database();
        let (mut added, mut updated, mut unchanged) = (0, 0, 0);
        let mut seen = Vec::new();
        for path in files(root, pattern) {
            let text = std::fs::read_to_string(root.join(&path)).unwrap();
            if text.trim().is_empty() {
                continue;
            }
            let kept = if self.is_old { handelized(&path) } else { path.clone() };
            let hash = hex(digest(&SHA256, text.as_bytes()).as_ref());
            let known = connection.query_row(
                "SELECT hash FROM documents WHERE collection = ?1 AND path = ?2 AND active = 1",
                params![collection, kept],
                |row| row.get::<_, String>(0),
            );
            match known {
                Ok(known) if known == hash => unchanged += 1,
                Ok(_) => updated += 1,
                Err(_) => added += 1,
            }
            let sql = "INSERT OR IGNORE INTO content VALUES (?1, ?2, '')";
            connection.execute(sql, params![hash, text]).unwrap();
            let title = text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned();
            connection
                .execute("DELETE FROM documents WHERE collection = ?1 AND path = ?2", [collection, &kept])
                .unwrap();
            let sql = "INSERT INTO documents (collection, path, title, hash, created_at, modified_at) \
                       VALUES (?1, ?2, ?3, ?4, '', '')";
            connection.execute(sql, params![collection, kept, title, hash]).unwrap();
            seen.push(kept);
        }
        let removed = deactivate(&connection, collection, &seen);
        let counts = format!("{added} new, {updated} updated, {unchanged} unchanged, {removed} removed");
        writeln!(said.out, "Collection: {} ({pattern})\n\nIndexed: {counts}\n", root.display()).unwrap();
    }

    fn query(&self, text: &str, count: usize, said: &mut Said) {
        let connection = database();
        let terms: Vec<String> =
            text.split_whitespace().map(|word| format!("\"{}\"*", word.replace('"', ""))).collect();
        let sql = "SELECT d.hash, d.collection, d.path, d.title, c.doc, bm25(documents_fts, 1.5, 4.0, 1.0) \
                   FROM documents_fts JOIN documents d ON d.id = documents_fts.rowid JOIN content c ON c.hash = d.hash \
                   WHERE documents_fts MATCH ?1 AND d.active = 1 ORDER BY 6 LIMIT ?2";
        let mut statement = connection.prepare(sql).unwrap();
        let limit = i64::try_from(count).unwrap();
        let rows = statement.query_map(params![terms.join(" AND "), limit], |row| {
            let texts = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((texts, row.get::<_, f64>(5)?))
        });
        let results: Vec<Value> = rows.unwrap().map(|row| self.result(&row.unwrap(), text)).collect();
        if results.is_empty() && self.is_old {
            said.out.push_str("No results found.\n");
        } else {
            said.out.push_str(&serde_json::to_string_pretty(&results).unwrap());
            said.out.push('\n');
        }
        if self.has_other_schema {
            connection.execute_batch("ALTER TABLE documents RENAME TO papers").unwrap();
        }
    }

    fn result(
        &self,
        ([hash, collection, path, title, body], rank): &([String; 5], f64),
        query: &str,
    ) -> Value {
        let (line, snippet) = snippet(body, query);
        let score = (rank.abs() / (1.0 + rank.abs()) * 100.0).round() / 100.0;
        let file = format!("qmd://{collection}/{path}");
        let docid = format!("#{}", &hash[..6]);
        if self.is_old {
            return json!({"docid": docid, "score": score, "file": file, "title": title, "snippet": snippet});
        }
        json!({"docid": docid, "score": score, "file": file, "line": line, "title": title, "snippet": snippet})
    }
}

fn list(said: &mut Said) {
    let all = collections();
    if all.is_empty() {
        said.out.push_str("No collections found. Run 'qmd collection add .' to create one.\n");
        return;
    }
    writeln!(said.out, "Collections ({}):\n", all.len()).unwrap();
    for (name, (_, pattern)) in all {
        writeln!(said.out, "{name} (qmd://{name}/)\n  Pattern:  {pattern}\n  Updated:  1s ago\n").unwrap();
    }
}

fn remove(name: &str, said: &mut Said) -> i32 {
    let mut all = collections();
    if all.remove(name).is_none() {
        writeln!(said.err, "Collection not found: {name}").unwrap();
        return 1;
    }
    keep(&all);
    let connection = database();
    connection.execute("DELETE FROM documents WHERE collection = ?1", [name]).unwrap();
    connection.execute("DELETE FROM content WHERE hash NOT IN (SELECT hash FROM documents)", []).unwrap();
    writeln!(said.out, "✓ Removed collection '{name}'").unwrap();
    0
}

fn deactivate(connection: &Connection, collection: &str, seen: &[String]) -> usize {
    let mut statement =
        connection.prepare("SELECT path FROM documents WHERE collection = ?1 AND active = 1").unwrap();
    let all = statement.query_map([collection], |row| row.get::<_, String>(0)).unwrap();
    let gone: Vec<String> = all.map(Result::unwrap).filter(|path| !seen.contains(path)).collect();
    for path in &gone {
        let sql = "UPDATE documents SET active = 0 WHERE collection = ?1 AND path = ?2";
        connection.execute(sql, [collection, path]).unwrap();
    }
    gone.len()
}

fn home(variable: &str) -> PathBuf {
    let home = PathBuf::from(std::env::var_os(variable).unwrap()).join("qmd");
    create_private_dir(&home).unwrap();
    home
}

/// The settings. The real ones are YAML, of which JSON is a part.
fn collections() -> Collections {
    let bytes = std::fs::read(home("XDG_CONFIG_HOME").join("index.yml")).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn keep(all: &Collections) {
    write_atomic(&home("XDG_CONFIG_HOME").join("index.yml"), &serde_json::to_vec(all).unwrap()).unwrap();
}

fn database() -> Connection {
    let connection = Connection::open(home("XDG_CACHE_HOME").join("index.sqlite")).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
}

/// Tables and triggers of the real index, without those for vectors.
const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA busy_timeout = 5000;
CREATE TABLE IF NOT EXISTS content (hash TEXT PRIMARY KEY, doc TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL,
  hash TEXT NOT NULL, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, active INTEGER NOT NULL DEFAULT 1,
  FOREIGN KEY (hash) REFERENCES content(hash) ON DELETE CASCADE, UNIQUE(collection, path));
CREATE INDEX IF NOT EXISTS idx_documents_hash ON documents(hash);
CREATE VIRTUAL TABLE IF NOT EXISTS documents_fts USING fts5(filepath, title, body, tokenize='porter unicode61');
CREATE TRIGGER IF NOT EXISTS documents_ai AFTER INSERT ON documents WHEN new.active = 1 BEGIN
  INSERT INTO documents_fts(rowid, filepath, title, body) SELECT new.id, new.collection || '/' || new.path, new.title,
    (SELECT doc FROM content WHERE hash = new.hash);
END;
CREATE TRIGGER IF NOT EXISTS documents_ad AFTER DELETE ON documents BEGIN
  DELETE FROM documents_fts WHERE rowid = old.id;
END;
CREATE TRIGGER IF NOT EXISTS documents_au AFTER UPDATE ON documents BEGIN
  DELETE FROM documents_fts WHERE rowid = old.id AND new.active = 0;
END;
";

/// All files with an extension, or the one with a name: what the patterns of these tests need.
fn files(root: &Path, pattern: &str) -> Vec<String> {
    let extension = pattern.strip_prefix("**/*");
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file()
                && extension.map_or(path == pattern, |extension| path.ends_with(extension))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Names as version 0.9.0 keeps them, for names of one folder.
fn handelized(path: &str) -> String {
    let lower = path.to_lowercase();
    let (stem, extension) = lower.rsplit_once('.').unwrap();
    let clean = |part: &str| {
        let words = part.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("-")
    };
    format!("{}.{extension}", stem.split('/').map(clean).collect::<Vec<_>>().join("/"))
}

/// The best line, one before it and two after it, at most 300 characters.
fn snippet(body: &str, query: &str) -> (usize, String) {
    let lines: Vec<&str> = body.split('\n').collect();
    let query = query.to_lowercase();
    let hits =
        |line: &str| query.split_whitespace().filter(|term| line.to_lowercase().contains(term)).count();
    let best = (0..lines.len()).rev().max_by_key(|&at| hits(lines[at])).unwrap();
    let (start, end) = (best.saturating_sub(1), lines.len().min(best + 3));
    let mut text = lines[start..end].join("\n");
    if text.chars().count() > 300 {
        text = text.chars().take(297).chain("...".chars()).collect();
    }
    let header =
        format!("@@ -{},{} @@ ({start} before, {} after)", start + 1, end - start, lines.len() - end);
    (best + 1, format!("{header}\n{text}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
