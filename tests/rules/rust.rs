//! Rules on single expressions and attributes of Rust code.

use super::code::{LITERAL, after, attributes, blanked, closing, content, without_tests, words};
use super::repo::{File, Finding};

/// Folders and file names whose content is not part of the product.
const TEST_FOLDERS: [&str; 6] = ["tests", "benches", "examples", "testkit", "bench", "torture"];

/// A Rust file with the views of it that rules look at.
pub(super) struct RustFile {
    pub(super) file: File,
    /// Comments and literals blanked.
    pub(super) code: String,
    /// The same without its modules of tests.
    pub(super) product: String,
}

impl RustFile {
    pub(super) fn new(file: File) -> Self {
        let code = blanked(&file.text);
        let product = without_tests(&code);
        Self { file, code, product }
    }

    /// Whether it goes into the program that people run.
    pub(super) fn is_product(&self) -> bool {
        let (folders, name) = self.file.path.rsplit_once('/').unwrap_or(("", &self.file.path));
        let in_tests = folders.split('/').any(|folder| TEST_FOLDERS.contains(&folder));
        !in_tests && name != "tests.rs" && !name.ends_with("_tests.rs")
    }

    /// Its file name.
    pub(super) fn name(&self) -> &str {
        self.file.path.rsplit('/').next().unwrap_or_default()
    }
}

/// `todo!`, `unimplemented!` and `dbg!`.
pub(super) fn placeholders(rust: &RustFile) -> Vec<Finding> {
    let names = ["todo", "unimplemented", "dbg"];
    let found = names.iter().flat_map(|name| words(&rust.code, name).map(move |at| (at, name)));
    let called = found.filter(|(at, name)| after(&rust.code, *at, name).starts_with('!'));
    called.map(|(at, name)| rust.file.finding(at, format!("{name}!"))).collect()
}

/// `Result<_, String>`: a caller cannot tell one failure from another.
pub(super) fn text_errors(rust: &RustFile) -> Vec<Finding> {
    let is_text =
        |argument: &str| matches!(argument, "String" | "std::string::String" | "alloc::string::String");
    let found = words(&rust.product, "Result").filter(|&at| {
        let arguments = generic_arguments(after(&rust.product, at, "Result"));
        arguments.get(1).is_some_and(|error| is_text(error))
    });
    found.map(|at| rust.file.finding(at, "Result<_, String>")).collect()
}

/// The arguments between the angle brackets that a text begins with.
fn generic_arguments(text: &str) -> Vec<&str> {
    let Some(text) = text.strip_prefix('<') else { return Vec::new() };
    let (mut arguments, mut start, mut depth, mut previous) = (Vec::new(), 0, 0_usize, b' ');
    for (at, byte) in text.bytes().enumerate() {
        let closes = matches!(byte, b')' | b']' | b'}') || (byte == b'>' && !matches!(previous, b'-' | b'='));
        if depth == 0 && (closes || byte == b',') {
            arguments.push(text[start..at].trim());
            start = at + 1;
        }
        if closes {
            if depth == 0 {
                return arguments;
            }
            depth -= 1;
        } else if matches!(byte, b'<' | b'(' | b'[' | b'{') {
            depth += 1;
        }
        previous = byte;
    }
    Vec::new()
}

/// `allow` and `expect` attributes without a `reason`.
pub(super) fn unexplained_allows(rust: &RustFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for attribute in attributes(&rust.code) {
        let text = &rust.code[attribute.clone()];
        for level in ["allow", "expect"] {
            let lists = words(text, level).filter(|&at| after(text, at, level).starts_with('('));
            let bare = lists.filter(|&at| {
                let open = text.len() - after(text, at, level).len();
                !has_reason(&text[open..closing(text, open)])
            });
            let found =
                bare.map(|at| rust.file.finding(attribute.start + at, format!("{level} without a reason")));
            findings.extend(found);
        }
    }
    findings
}

fn has_reason(list: &str) -> bool {
    words(list, "reason").any(|at| is_literal(after(list, at, "reason").strip_prefix('=')))
}

/// Whether a literal with something in it follows.
fn is_literal(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.trim_start().as_bytes().starts_with(&[LITERAL; 3]))
}

/// `#[ignore]` without the reason that the test runner would show.
pub(super) fn unexplained_ignores(rust: &RustFile) -> Vec<Finding> {
    let bare = attributes(&rust.code).into_iter().filter(|attribute| {
        let text = content(&rust.code, attribute);
        let ignores = text.starts_with("ignore") || text.starts_with("cfg_attr");
        ignores && words(text, "ignore").any(|at| !is_literal(after(text, at, "ignore").strip_prefix('=')))
    });
    bare.map(|attribute| rust.file.finding(attribute.start, "#[ignore] without a reason")).collect()
}

/// `let _ = …`: nobody can see whether the value was meant to be dropped.
pub(super) fn dropped_values(rust: &RustFile) -> Vec<Finding> {
    let found = words(&rust.code, "let").filter(|&at| {
        let pattern = after(&rust.code, at, "let").strip_prefix('_').unwrap_or("x").trim_start();
        pattern.starts_with(['=', ':'])
    });
    found.map(|at| rust.file.finding(at, "let _ =")).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        RustFile, dropped_values, placeholders, text_errors, unexplained_allows, unexplained_ignores,
    };
    use crate::rules::repo::{File, Finding};

    fn rust(path: &str, text: &str) -> RustFile {
        RustFile::new(File { path: path.to_owned(), text: text.to_owned() })
    }

    /// Checks a rule on samples: the text, and how many findings it has.
    fn check(rule: fn(&RustFile) -> Vec<Finding>, samples: &[(&str, usize)]) {
        for (text, expected) in samples {
            let findings = rule(&rust("crates/x/src/a.rs", text));
            assert_eq!(findings.len(), *expected, "{text}\n{findings:?}");
        }
    }

    #[test]
    fn tests_are_told_from_the_product() {
        let table = [
            ("crates/agent/src/turn.rs", true),
            ("crates/agent/src/turn/tests.rs", false),
            ("crates/models/src/openai/driver_tests.rs", false),
            ("crates/memory/examples/locomo.rs", false),
            ("crates/testkit/src/ws.rs", false),
            ("tests/rules.rs", false),
            ("crates/contests/src/lib.rs", true),
        ];
        for (path, product) in table {
            assert_eq!(rust(path, "").is_product(), product, "{path}");
        }
    }

    #[test]
    fn placeholders_are_found() {
        let samples = [
            ("fn a() { todo!() }", 1),
            ("fn a() { unimplemented ! (\"later\"); dbg!(x); }", 2),
            ("// todo!()\nlet s = \"todo!()\"; let todo = 1; my_todo!()", 0),
        ];
        check(placeholders, &samples);
        let line = placeholders(&rust("a.rs", "\n\nfn a() { todo!() }"))[0].to_string();
        assert_eq!(line, "a.rs:3 todo!");
    }

    #[test]
    fn text_errors_are_found() {
        let samples = [
            ("fn a() -> Result<(), String> {}", 1),
            ("fn a() -> Result<Vec<(u8, String)>, std::string::String,> {}", 1),
            ("type R<T> = std::result::Result<\n    T,\n    String,\n>;", 1),
            ("fn a(f: Box<dyn Fn(u8) -> Result<u8, String>>) {}", 1),
            ("fn a() -> Result<String, Error> {}", 0),
            ("fn a() -> Result<(u8, String)> {}", 0),
            ("fn a() -> Result<Box<dyn Fn(u8) -> u8>, Error<String>> {}", 0),
            ("#[cfg(test)] mod tests { fn a() -> Result<(), String> {} }", 0),
        ];
        check(text_errors, &samples);
    }

    #[test]
    fn allows_need_a_reason() {
        let samples = [
            ("#[allow(dead_code)] fn a() {}", 1),
            ("#![allow(clippy::panic)]", 1),
            ("#[expect(clippy::panic)] fn a() {}", 1),
            ("#[cfg_attr(test, allow(dead_code))] fn a() {}", 1),
            ("#[allow(dead_code, reason = \"\")] fn a() {}", 1),
            ("#[allow(unused_reason)] fn a() {}", 1),
            ("#[allow(\n    dead_code,\n    reason = \"used on Macs\"\n)] fn a() {}", 0),
            ("#[cfg_attr(test, allow(dead_code, reason = r\"x\"))] fn a() {}", 0),
            ("// #[allow(dead_code)]\nfn a() { x.expect(\"#[allow(y)]\") }", 0),
        ];
        check(unexplained_allows, &samples);
    }

    #[test]
    fn ignored_tests_need_a_reason() {
        let samples = [
            ("#[test] #[ignore] fn a() {}", 1),
            ("#[test] #[cfg_attr(windows, ignore)] fn a() {}", 1),
            ("#[test] #[ignore = \"\"] fn a() {}", 1),
            ("#[test] #[ignore = \"needs a printer\"] fn a() {}", 0),
            ("#[test] #[cfg_attr(windows, ignore = \"no signals\")] fn a() {}", 0),
        ];
        check(unexplained_ignores, &samples);
    }

    #[test]
    fn dropped_values_are_found() {
        let samples = [
            ("fn a() { let _ = send(); }", 1),
            ("fn a() { let _: Result<(), E> = send(); }", 1),
            ("fn a() { let _guard = lock(); let (_, b) = c; let __ = d; }", 0),
            ("fn a() { send().ok(); // let _ = x\n }", 0),
        ];
        check(dropped_values, &samples);
    }
}
