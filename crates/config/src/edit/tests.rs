//! The editor against files: what changes, and above all what does not.

use super::{Change, EditError, Editor};
use crate::env::Env;
use crate::locations::{LocationFlags, Locations};
use openclaw_guard::{create_private_dir, write_atomic};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

mod comments;
mod many;

use comments::notes;

/// A directory with these files, the first one being the configuration.
fn home(files: &[(&str, &str)]) -> (TempDir, Locations) {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".openclaw");
    create_private_dir(&state).unwrap();
    for (name, text) in files {
        create_private_dir(state.join(name).parent().unwrap()).unwrap();
        write_atomic(&state.join(name), text.as_bytes()).unwrap();
    }
    let env = Env::from([("HOME", &*home.path().to_string_lossy())]);
    let locations = Locations::resolve(&env, LocationFlags::default()).unwrap();
    (home, locations)
}

fn open(locations: &Locations) -> Editor {
    Editor::open(locations, &Env::default()).unwrap()
}

fn set(path: &str, value: Value) -> Change {
    Change::Set { path: path.parse().unwrap(), value }
}

fn remove(path: &str) -> Change {
    Change::Remove { path: path.parse().unwrap() }
}

fn edited(text: &str, changes: &[Change]) -> String {
    let (_home, locations) = home(&[("openclaw.json", text)]);
    let mut editor = open(&locations);
    editor.apply(changes).unwrap();
    editor.text().to_owned()
}

/// The text of a file after changes to the configuration that includes it.
fn edited_in(files: &[(&str, &str)], changes: &[Change], name: &str) -> String {
    let (_home, locations) = home(files);
    let mut editor = open(&locations);
    editor.apply(changes).unwrap();
    let path = locations.state_dir.join(name).canonicalize().unwrap();
    let now = editor.now.iter().find(|(file, _)| file.canonicalize().unwrap() == path);
    now.map(|(_, text)| text.clone()).unwrap_or_default()
}

const FILE: &str = "\
// head
{
  gateway: {
    port: 0x4965, // the usual one
    auth: { token: '${TOKEN}' },
  },
  agents: {
    list: [
      { id: 'main' }, // mine
      { id: 'work' },
    ],
  },
}
";

#[test]
fn a_change_touches_its_value_and_nothing_else() {
    let rows: [(Change, &str, &str); 6] = [
        (set("gateway.port", json!(1)), "0x4965", "1"),
        (set("gateway.auth.token", json!("t")), "'${TOKEN}'", "'t'"),
        (set("gateway.mode", json!("local")), "'${TOKEN}' },", "'${TOKEN}' },\n    mode: 'local',"),
        (
            set("ui.seamColor", json!("#fff000")),
            "  },\n}",
            "  },\n  ui: {\n    seamColor: '#fff000',\n  },\n}",
        ),
        (remove("agents.list[1]"), "\n      { id: 'work' },", ""),
        (
            set("agents.list", json!([{"id": "main"}, {"id": "home"}, {"id": "work"}])),
            "// mine\n",
            "// mine\n      {\n        id: 'home',\n      },\n",
        ),
    ];
    for (change, from, to) in rows {
        let expected = FILE.replacen(from, to, 1);
        assert_eq!(edited(FILE, std::slice::from_ref(&change)), expected, "{change:?}");
    }
}

#[test]
fn what_is_as_it_should_be_is_not_written() {
    let same = [set("gateway.port", json!(18789)), set("agents.list[0]", json!({"id": "main"}))];
    let same_number = [set("gateway", json!({"port": 18789.0, "auth": {"token": "${TOKEN}"}}))];
    assert_eq!(edited(FILE, &same), FILE);
    assert_eq!(edited(FILE, &same_number), FILE);
}

#[test]
fn a_moved_value_keeps_its_text() {
    let text = "{\n  agent: {\n    // small\n    model: 'a/b', // or c\n    n: 0x10,\n  },\n}\n";
    let change = Change::Move { from: "agent".parse().unwrap(), to: "agents.defaults".parse().unwrap() };
    let expected = "{\n  agents: {\n    defaults: {\n      // small\n      model: 'a/b', // or c\n      n: 0x10,\n    },\n  },\n}\n";
    assert_eq!(edited(text, &[change]), expected);
}

#[test]
fn a_moved_string_of_several_lines_stays_one() {
    let text = "{\n  a: {\n    s: 'x\\\n    y',\n  },\n}\n";
    let change = Change::Move { from: "a".parse().unwrap(), to: "b.c".parse().unwrap() };
    let expected = "{\n  b: {\n    c: {\n    s: 'x\\\n    y',\n  },\n  },\n}\n";
    assert_eq!(edited(text, &[change]), expected);
}

#[test]
fn marks_and_line_ends_stay() {
    let text = "\u{feff}{\r\n  \"a\": 1\r\n}\r\n";
    assert_eq!(edited(text, &[set("b", json!("é"))]), "\u{feff}{\r\n  \"a\": 1,\r\n  \"b\": \"é\"\r\n}\r\n");
}

#[test]
fn of_a_key_that_stands_twice_the_last_one_counts_and_both_go() {
    assert_eq!(edited("{a: 1, b: 2, a: 3}", &[set("a", json!(4))]), "{a: 1, b: 2, a: 4}");
    assert_eq!(edited("{a: 1, b: 2, a: 3}", &[remove("a")]), "{b: 2}");
}

const MAIN: (&str, &str) =
    ("openclaw.json", "{ $include: './base.json5', agents: { $include: 'agents.json5' }, ui: {}, }");
const BASE: (&str, &str) =
    ("base.json5", "{\n  gateway: { port: 1 }, // base\n  ui: { seamColor: '#111111' },\n}\n");
const AGENTS: (&str, &str) = ("agents.json5", "{\n  list: [{ id: 'main' }],\n}\n");

#[test]
fn a_value_is_changed_in_the_file_that_holds_it() {
    let rows = [
        (set("gateway.port", json!(2)), "base.json5", BASE.1.replace("port: 1", "port: 2")),
        (
            set("gateway.mode", json!("local")),
            "base.json5",
            BASE.1.replace("port: 1", "port: 1, mode: 'local'"),
        ),
        (
            set("agents.list[0].name", json!("M")),
            "agents.json5",
            AGENTS.1.replace("'main'", "'main', name: 'M'"),
        ),
        (set("agents.defaults", json!({})), "agents.json5", AGENTS.1.replace("],", "],\n  defaults: {},")),
        (set("ui.seamColor", json!("#222222")), "base.json5", BASE.1.replace("#111111", "#222222")),
        (
            set("logging", json!({"level": "info"})),
            "openclaw.json",
            MAIN.1.replace("ui: {},", "ui: {}, logging: {\n  level: './base.json5'\n},"),
        ),
    ];
    for (change, name, expected) in &rows[..5] {
        let files = [MAIN, BASE, AGENTS];
        assert_eq!(&edited_in(&files, std::slice::from_ref(change), name), expected, "{change:?}");
    }
    let main = edited_in(&[MAIN, BASE, AGENTS], std::slice::from_ref(&rows[5].0), "openclaw.json");
    assert!(main.contains("$include: './base.json5'") && main.contains("level: 'info'"), "{main}");
}

#[test]
fn a_removed_key_is_gone_from_every_layer() {
    let files = [
        ("openclaw.json", "{ $include: 'a.json5', ui: { seamColor: '#222222' } }"),
        ("a.json5", "{ ui: {}, logging: {} }"),
    ];
    let (_home, locations) = home(&files);
    let mut editor = open(&locations);
    editor.apply(&[remove("ui")]).unwrap();
    assert_eq!(editor.value(), json!({"logging": {}}));
    assert_eq!(editor.text(), "{ $include: 'a.json5' }");
}

/// The text that an edit is made on is the one that the value came from, whatever is in the file by then.
#[test]
fn an_included_file_that_somebody_saves_meanwhile_is_not_overwritten() {
    let include = format!("\u{feff}{}", AGENTS.1);
    let (_home, locations) = home(&[MAIN, BASE, ("agents.json5", &include)]);
    let theirs = "{ list: [{ id: 'main', name: 'theirs' }] }";
    let mut editor = open(&locations);
    write_atomic(&locations.state_dir.join("agents.json5"), theirs.as_bytes()).unwrap();
    editor.apply(&[set("gateway.port", json!(2)), set("agents.list[0].name", json!("M"))]).unwrap();
    let draft = editor.draft();
    let edit = draft.files().iter().find(|file| file.path.ends_with("agents.json5")).unwrap();
    assert_eq!(edit.before.as_deref(), Some(&*include));
    assert_eq!(edit.after, include.replace("'main'", "'main', name: 'M'"));
    assert_eq!(draft.files().len(), 2);
}

#[test]
fn a_file_is_named_once() {
    let files = [
        ("openclaw.json", "{ a: { $include: ['x.json5', 'y.json5', 'x.json5'] } }"),
        ("x.json5", "[1]"),
        ("y.json5", "[2]"),
    ];
    let (_home, locations) = home(&files);
    let refused =
        open(&locations).apply(&[Change::Insert { path: "a[0]".parse().unwrap(), value: json!(0) }]);
    assert_eq!(refused.unwrap_err().to_string().matches("x.json5").count(), 1);
}

#[test]
fn what_cannot_be_told_apart_is_refused_by_name() {
    let twice = [
        ("openclaw.json", "{ a: { $include: 'x.json5' }, b: { $include: 'x.json5' } }"),
        ("x.json5", "{ k: 1 }"),
    ];
    let lists = [
        ("openclaw.json", "{ a: { $include: ['x.json5', 'y.json5'] } }"),
        ("x.json5", "[1]"),
        ("y.json5", "[2]"),
    ];
    let cover = [("openclaw.json", "{ $include: 'x.json5', a: 1 }"), ("x.json5", "{ a: { k: 1 } }")];
    let (_home, locations) = home(&twice);
    let refused = open(&locations).apply(&[set("a.k", json!(2))]).unwrap_err();
    assert!(matches!(&refused, EditError::Entangled { .. }) && refused.to_string().contains("x.json5"));
    let (_home, locations) = home(&lists);
    let refused =
        open(&locations).apply(&[Change::Insert { path: "a[0]".parse().unwrap(), value: json!(0) }]);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("x.json5") && message.contains("y.json5"), "{message}");
    let (_home, locations) = home(&cover);
    let refused = open(&locations).apply(&[set("a", json!({"n": 1}))]);
    assert!(matches!(refused, Err(EditError::Entangled { .. })));
}

#[test]
fn what_is_refused_changes_nothing() {
    let twice = [
        ("openclaw.json", "{ a: { $include: 'x.json5' }, b: { $include: 'x.json5' }, c: 1 }"),
        ("x.json5", "{ k: 1 }"),
    ];
    let (_home, locations) = home(&twice);
    let mut editor = open(&locations);
    let before = (editor.value(), editor.text().to_owned());
    assert!(editor.apply(&[set("c", json!(2)), set("a.k", json!(2))]).is_err());
    assert!(editor.take_patch("{ c: 2, a: { k: 2 } }").is_err());
    assert_eq!((editor.value(), editor.text().to_owned()), before);
    assert!(editor.draft().files().is_empty());
}

#[test]
fn a_file_that_is_not_json5_is_replaced_by_nothing_but_a_new_text() {
    let (_home, locations) = home(&[("openclaw.json", "{ a: ")]);
    let draft = open(&locations).draft();
    assert!(draft.files().is_empty() && !draft.problems().is_empty());
    let mut editor = open(&locations);
    assert!(matches!(editor.take_document("{ a: 1 }"), Err(EditError::Read(_))));
    editor.replace("{ a: 1 }".to_owned()).unwrap();
    assert_eq!(editor.draft().files()[0].after, "{ a: 1 }");
}

#[test]
fn a_text_that_would_not_be_read_again_is_refused() {
    let (_home, locations) = home(&[("openclaw.json", FILE)]);
    let mut editor = open(&locations);
    for text in ["{ /* \0 */ a: 1 }", "{ 'a': '\0' }"] {
        let message = editor.take_document(text).unwrap_err().to_string();
        assert!(message.contains("NUL byte"), "{message}");
    }
    let long = "x".repeat(usize::try_from(crate::MAX_CONFIG_BYTES).unwrap());
    assert!(editor.apply(&[set("gateway.mode", json!(long))]).is_err());
    editor.apply(&[set("gateway.mode", json!("\0"))]).unwrap();
    assert!(editor.text().contains("mode: '\\u0000'"), "{}", editor.text());
}

/// A JSON5 text with comments nearly everywhere, and its value.
fn commented(value: &Value, depth: usize, rng: &mut u32) -> String {
    *rng = rng.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    let roll = *rng >> 24;
    let indent = "  ".repeat(depth + 1);
    let note = ["", " // note", " /* block */", "\n // own line"][roll as usize % 4];
    let last = if roll & 16 == 0 { "," } else { "" };
    let join = |items: Vec<String>, open: char, close: char| {
        if items.is_empty() || roll & 32 == 0 {
            return format!("{open} {} {close}", items.join(" /* c */ , "));
        }
        let body = items.join(&format!(",{note}\n{indent}"));
        format!("{open}{note}\n{indent}{body}{last}{note}\n{}{close}", "  ".repeat(depth))
    };
    match value {
        Value::Array(items) => {
            join(items.iter().map(|item| commented(item, depth + 1, rng)).collect(), '[', ']')
        }
        Value::Object(object) => {
            let items = object.iter().map(|(name, item)| {
                let name = if roll & 64 == 0 { format!("'{name}'") } else { name.clone() };
                format!("{name}: {}", commented(item, depth + 1, rng))
            });
            join(items.collect(), '{', '}')
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..9).prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", value(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// The paths of all leaves.
fn leaves(value: &Value, at: &crate::KeyPath, found: &mut Vec<crate::KeyPath>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| leaves(item, &at.index(n), found))
        }
        Value::Object(map) => map.iter().for_each(|(name, item)| leaves(item, &at.key(name), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(at.clone()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_edited_file_means_the_edited_value(old in object(), new in object(), seed in any::<u32>()) {
        let text = commented(&old, 0, &mut seed.clone());
        let (_home, locations) = home(&[("openclaw.json", &text)]);
        let mut editor = open(&locations);
        prop_assert_eq!(editor.value(), old.clone());
        editor.apply(&super::diff(&old, &new)).unwrap();
        prop_assert_eq!(editor.value(), new.clone());
        let after = editor.text().to_owned();
        prop_assert!(crate::text::parse(&after).is_ok());
    }

    #[test]
    fn a_new_leaf_changes_no_byte_around_it(old in object(), seed in any::<u32>(), pick in any::<prop::sample::Index>()) {
        let text = commented(&old, 0, &mut seed.clone());
        let mut paths = Vec::new();
        leaves(&old, &crate::KeyPath::default(), &mut paths);
        prop_assume!(!paths.is_empty());
        let path = pick.get(&paths).clone();
        let after = edited(&text, &[Change::Set { path, value: json!("new") }]);
        let head = text.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        let tail = text.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
        prop_assert!(text.len() - head.min(text.len()) <= tail + 5, "more than a leaf differs:\n{}\n{}", text, after);
        prop_assert_eq!(notes(&text), notes(&after), "{}", after);
    }

    #[test]
    fn no_comment_is_lost_when_leaves_come_and_go(old in object(), seed in any::<u32>(), pick in any::<prop::sample::Index>()) {
        let text = commented(&old, 0, &mut seed.clone());
        let mut paths = Vec::new();
        leaves(&old, &crate::KeyPath::default(), &mut paths);
        prop_assume!(!paths.is_empty());
        let path = pick.get(&paths).clone();
        prop_assert_eq!(notes(&edited(&text, &[Change::Remove { path }])), notes(&text));
        let added = edited(&text, &[set("fresh", json!({"x": [1, {"y": "z"}]}))]);
        prop_assert_eq!(notes(&added), notes(&text));
    }
}
