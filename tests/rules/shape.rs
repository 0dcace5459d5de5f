//! Rules on the size and the shape of Rust files.

use super::code::{after, closing, past_attributes, words};
use super::repo::Finding;
use super::rust::RustFile;

/// Lines of a function from `fn` to its last brace. The norm is 40.
const MAX_FUNCTION_LINES: usize = 100;
/// Lines of a file that are neither empty nor comment nor test. The norm is 400.
const MAX_FILE_LINES: usize = 800;

/// Functions that do not fit on a screen.
pub(super) fn long_functions(rust: &RustFile) -> Vec<Finding> {
    let code = &rust.product;
    let long = words(code, "fn").filter_map(|start| {
        let name: String = after(code, start, "fn").chars().take_while(|c| !"(<{; ".contains(*c)).collect();
        let end = body_end(code, start)?;
        let lines = 1 + code[start..end].matches('\n').count();
        (!name.is_empty() && lines > MAX_FUNCTION_LINES)
            .then(|| rust.file.finding(start, format!("{name} has {lines} lines")))
    });
    long.collect()
}

/// The last brace of the function whose `fn` is at an offset; `None` for a declaration without a body.
fn body_end(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'{' if depth == 0 => return Some(closing(code, at)),
            b';' if depth == 0 => return None,
            b'(' | b'[' => depth += 1,
            // The end of what surrounds a function pointer or a macro's pattern.
            b')' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// Files that hold more than one idea.
pub(super) fn long_files(rust: &RustFile) -> Vec<Finding> {
    let lines = rust.product.lines().filter(|line| !line.trim().is_empty()).count();
    let long = lines > MAX_FILE_LINES;
    long.then(|| rust.file.finding(0, format!("{lines} lines of code"))).into_iter().collect()
}

/// Anything in a `lib.rs` or `mod.rs` but modules, imports, re-exports and macros.
pub(super) fn crowded_roots(rust: &RustFile) -> Vec<Finding> {
    if !matches!(rust.name(), "lib.rs" | "mod.rs") {
        return Vec::new();
    }
    let crowd = items(&rust.product).into_iter().filter(|(_, item)| !declares(item));
    let first_line = |at: usize| rust.file.text[at..].lines().next().unwrap_or_default();
    crowd.map(|(at, _)| rust.file.finding(at, first_line(at))).collect()
}

/// The items of a file without their attributes, each with its offset.
fn items(code: &str) -> Vec<(usize, &str)> {
    let (mut items, mut start) = (Vec::new(), past_attributes(code, 0));
    while start < code.len() {
        let end = item_end(code, start);
        items.push((start, &code[start..end]));
        start = past_attributes(code, end);
    }
    items
}

/// Behind the `;` or the last brace of the item at an offset.
fn item_end(code: &str, start: usize) -> usize {
    let mut at = start;
    while at < code.len() {
        match code.as_bytes()[at] {
            b';' => return at + 1,
            b'{' | b'(' | b'[' => {
                let braces = code.as_bytes()[at] == b'{';
                at = closing(code, at);
                // `use a::{b, c};` goes on behind its braces.
                if braces && !code[at..].trim_start_matches('}').trim_start().starts_with(';') {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    code.len()
}

fn declares(item: &str) -> bool {
    let mut head = item;
    if let Some(rest) = item.strip_prefix("pub") {
        head = rest.trim_start();
        if head.starts_with('(') {
            head = &head[closing(head, 0) + 1..];
        }
    }
    let word: String =
        head.trim_start().chars().take_while(|c| c.is_alphanumeric() || "_!:".contains(*c)).collect();
    match word.as_str() {
        "use" | "extern" | "" => true,
        // A module with its body inside is code.
        "mod" => item.ends_with(';'),
        // Definitions and calls of macros.
        other => other.ends_with('!'),
    }
}

#[cfg(test)]
mod tests {
    use super::{crowded_roots, long_files, long_functions};
    use crate::rules::repo::{File, Finding};
    use crate::rules::rust::RustFile;

    fn check(rule: fn(&RustFile) -> Vec<Finding>, path: &str, text: &str) -> Vec<String> {
        let rust = RustFile::new(File { path: path.to_owned(), text: text.to_owned() });
        rule(&rust).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_function_ends_at_a_hundred_lines() {
        let function = |lines: usize| {
            let body = "    // }\n".repeat(lines - 2);
            format!(
                "trait T {{ fn short(x: [u8; 2]); }}\nfn big<F: Fn(u8)>(f: fn(u8), x: [u8; 4]) {{\n{body}}}\n"
            )
        };
        assert_eq!(check(long_functions, "a.rs", &function(100)), Vec::<String>::new());
        assert_eq!(check(long_functions, "a.rs", &function(101)), ["a.rs:2 big has 101 lines"]);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(300));
        assert_eq!(check(long_functions, "a.rs", &tests), Vec::<String>::new());
    }

    #[test]
    fn nested_and_generated_functions_count_too() {
        let body = "        x();\n".repeat(120);
        let nested =
            format!("mod m {{\n    impl A {{\n    pub async fn b(&self) {{\n{body}    }}\n    }}\n}}\n");
        assert_eq!(check(long_functions, "a.rs", &nested), ["a.rs:3 b has 122 lines"]);
        let generated = format!("macro_rules! m {{ ($n:ident) => {{ fn $n() {{\n{body}}} }} }}\n");
        assert_eq!(check(long_functions, "a.rs", &generated), ["a.rs:1 $n has 122 lines"]);
    }

    #[test]
    fn a_file_ends_at_eight_hundred_lines_of_code() {
        let file = |lines: usize| {
            format!(
                "//! About.\n\n{}#[cfg(test)]\nmod tests {{\n{}}}\n",
                "x();\n".repeat(lines),
                "y();\n".repeat(900)
            )
        };
        assert_eq!(check(long_files, "a.rs", &file(800)), Vec::<String>::new());
        assert_eq!(check(long_files, "a.rs", &file(801)), ["a.rs:1 801 lines of code"]);
        let text = format!("const A: &str = \"{}\";\n", "line\n".repeat(900));
        assert_eq!(check(long_files, "a.rs", &text), ["a.rs:1 901 lines of code"]);
    }

    #[test]
    fn roots_declare_and_re_export() {
        let fine = "//! fn a() {}\n#![allow(x, reason = \"y\")]\n\npub(crate) mod a;\n#[cfg(test)]\nmod b;\n\
                    pub use a::{b,\n  c};\nuse d::*;\nextern crate e;\nmacro_rules! f { () => { fn g() {} } }\n\
                    include!(\"h\");\npub(crate) use f;\n#[cfg(test)]\nmod tests { fn i() {} }\n";
        for name in ["lib.rs", "src/lib.rs", "a/mod.rs"] {
            assert_eq!(check(crowded_roots, name, fine), Vec::<String>::new(), "{name}");
        }
        assert_eq!(check(crowded_roots, "turn.rs", "fn a() {}"), Vec::<String>::new());
        let crowd = [
            "fn a() {}",
            "pub(crate) async fn a() -> u8 { 1 }",
            "impl A {}",
            "pub struct A;",
            "pub struct A(u8);",
            "enum A { B }",
            "const A: &str = \"a\";",
            "const A: [u8; 1] = [1];",
            "static A: u8 = 1;",
            "pub type A = u8;",
            "mod a { fn b() {} }",
            "impl From<A> for B {}",
        ];
        for item in crowd {
            let findings = check(crowded_roots, "lib.rs", &format!("mod x;\n{item}\nuse y::{{z}};\n"));
            assert_eq!(findings, [format!("lib.rs:2 {item}")]);
        }
    }
}
