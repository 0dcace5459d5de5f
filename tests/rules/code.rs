//! Just enough of Rust's grammar for the rules: text whose comments and literals are blanked, words, brackets,
//! attributes. Everything works on byte offsets, which stay those of the original text.

use std::ops::Range;

/// Stands for every byte of a literal: not a letter, not a bracket, and still something on the line.
pub(super) const LITERAL: u8 = b'"';

/// How a piece of text is copied.
enum Copy {
    Keep,
    Fill(u8),
}

/// The same number of bytes and lines, with comments as spaces and literals as [`LITERAL`].
pub(super) fn blanked(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    while out.len() < bytes.len() {
        let start = out.len();
        let (end, copy) = piece(bytes, start);
        let end = end.clamp(start + 1, bytes.len());
        let fill = |byte: &u8| match copy {
            Copy::Fill(fill) if *byte != b'\n' => fill,
            Copy::Fill(_) | Copy::Keep => *byte,
        };
        out.extend(bytes[start..end].iter().map(fill));
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The end of the comment, literal, word or single byte at an offset.
fn piece(bytes: &[u8], at: usize) -> (usize, Copy) {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        (at + find(rest, b"\n").unwrap_or(rest.len()), Copy::Fill(b' '))
    } else if rest.starts_with(b"/*") {
        (at + block_comment(rest), Copy::Fill(b' '))
    } else if rest[0] == b'"' {
        (at + text_literal(rest), Copy::Fill(LITERAL))
    } else if rest[0] == b'\'' {
        character(rest).map_or((at + 1, Copy::Keep), |length| (at + length, Copy::Fill(LITERAL)))
    } else if is_word(rest[0]) {
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        let raw = matches!(&rest[..length], b"r" | b"br" | b"cr");
        let raw_length = if raw { raw_literal(&rest[length..]) } else { None };
        raw_length.map_or((at + length, Copy::Keep), |more| (at + length + more, Copy::Fill(LITERAL)))
    } else {
        (at + 1, Copy::Keep)
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Block comments nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn text_literal(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Length of `#"…"#` after its `r`; `None` for a raw identifier.
fn raw_literal(rest: &[u8]) -> Option<usize> {
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    let body = rest[hashes..].strip_prefix(b"\"")?;
    let end = [b"\"", "#".repeat(hashes).as_bytes()].concat();
    Some(hashes + 1 + find(body, &end).map_or(body.len(), |length| length + end.len()))
}

/// Length of a character literal; `None` for a lifetime or a label.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        // Past the escaped character, which may be a quote.
        return Some(3 + find(rest.get(3..)?, b"'")? + 1);
    }
    let width = match *rest.get(1)? {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// Whether a byte can be part of a word; letters outside ASCII are.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where a whole word stands.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let bytes = code.as_bytes();
        let before = at.checked_sub(1).is_none_or(|before| !is_word(bytes[before]));
        before && bytes.get(at + word.len()).is_none_or(|after| !is_word(*after))
    })
}

/// The text after a word, without leading space.
pub(super) fn after<'a>(code: &'a str, at: usize, word: &str) -> &'a str {
    code.get(at + word.len()..).unwrap_or_default().trim_start()
}

/// The offset of the bracket that closes the one at `open`, or the end of the text.
pub(super) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    code.len().saturating_sub(1)
}

/// Every attribute, from its `#` to behind its `]`.
pub(super) fn attributes(code: &str) -> Vec<Range<usize>> {
    let starts = code.match_indices('#').filter_map(|(start, _)| {
        let mut rest = code[start + 1..].trim_start();
        rest = rest.strip_prefix('!').unwrap_or(rest).trim_start();
        let open = code.len() - rest.len();
        rest.starts_with('[').then(|| start..closing(code, open) + 1)
    });
    starts.collect()
}

/// What an attribute says, without `#`, `!` and brackets.
pub(super) fn content<'a>(code: &'a str, attribute: &Range<usize>) -> &'a str {
    code[attribute.clone()].trim_start_matches(['#', '!', '[', ' ', '\n']).trim_end_matches(']').trim()
}

/// The same text with `#[cfg(test)] mod name { … }` as spaces.
pub(super) fn without_tests(code: &str) -> String {
    let mut bytes = code.as_bytes().to_vec();
    for attribute in attributes(code).into_iter().filter(|range| content(code, range) == "cfg(test)") {
        let item = past_attributes(code, attribute.end);
        let head = code[item..].trim_start_matches("pub").trim_start_matches("(crate)").trim_start();
        let body =
            head.find(['{', ';']).filter(|&at| head.starts_with("mod ") && head[at..].starts_with('{'));
        let Some(open) = body.map(|at| code.len() - head.len() + at) else { continue };
        for byte in &mut bytes[attribute.start..=closing(code, open)] {
            *byte = if *byte == b'\n' { b'\n' } else { b' ' };
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The offset of the first thing behind spaces and attributes.
pub(super) fn past_attributes(code: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        at = code.len() - code[at..].trim_start().len();
        if !code[at..].starts_with("#[") && !code[at..].starts_with("#![") {
            return at;
        }
        at = (closing(code, at) + 1).min(code.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{attributes, blanked, closing, content, without_tests, words};

    #[test]
    fn comments_and_literals_are_blanked() {
        let table = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("x\"y", z)"#, r#"f("""""", z)"#),
            (r##"r#"a"b"# + 1"##, r#""""""""" + 1"#),
            ("r#type = 1", "r#type = 1"),
            ("'a' + 'b", "\"\"\" + 'b"),
            (r"'\'' '\\' '\u{41}' 'é'", "\"\"\"\" \"\"\"\" \"\"\"\"\"\"\"\" \"\"\"\""),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("b\"//\" // x", "b\"\"\"\"     "),
            ("\"open", "\"\"\"\"\""),
            ("/* open", "       "),
            ("größe // é", "größe      "),
        ];
        for (source, expected) in table {
            assert_eq!(blanked(source), expected, "{source}");
        }
    }

    #[test]
    fn blanking_keeps_every_offset() {
        let source = include_str!("code.rs");
        let blank = blanked(source);
        assert_eq!(blank.len(), source.len());
        let breaks = |text: &str| text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(breaks(&blank), breaks(source));
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(words("fn fnord a_fn fn", "fn").collect::<Vec<_>>(), [0, 14]);
    }

    #[test]
    fn brackets_are_matched() {
        assert_eq!(closing("a { b(c) [d] } e", 2), 13);
        assert_eq!(closing("{ (", 0), 2);
    }

    #[test]
    fn attributes_are_found_with_their_content() {
        let code = "#![a]\n#[b(c[0])] x # y #[cfg_attr(\n d, e)]";
        let found: Vec<&str> = attributes(code).iter().map(|range| content(code, range)).collect();
        assert_eq!(found, ["a", "b(c[0])", "cfg_attr(\n d, e)"]);
    }

    #[test]
    fn only_modules_of_tests_are_cut() {
        let code = "fn a() {}\n#[cfg(test)]\n#[x]\nmod tests {\n fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}\n";
        let cut = without_tests(code);
        assert_eq!(cut.len(), code.len());
        assert!(
            cut.contains("fn a") && cut.contains("fn c") && cut.contains("mod d;") && cut.contains("fn e"),
            "{cut}"
        );
        assert!(!cut.contains("fn b") && !cut.contains("mod tests"), "{cut}");
    }
}
