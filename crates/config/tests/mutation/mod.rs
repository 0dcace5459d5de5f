//! What a configuration is made of.

use openclaw_testkit::mutation::{Format, Mutator};

pub(crate) const CONFIGURATION: Format = Format {
    tokens: TOKENS,
    max_changes: 6,
    max_stretch: 200,
    max_case: 16 * 1024,
    own: &[nest, long, replace_token],
};

/// Syntax, what looks like it, and what the loader gives a meaning.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "'",
    "\\",
    "/*",
    "*/",
    "//",
    "// note\n",
    "/* note */",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{feff}",
    "\u{2028}",
    "\u{e9}",
    "\0",
    "null",
    "true",
    "1",
    "-0",
    "1.0",
    "0x1F",
    ".5",
    "5.",
    "1e999",
    "Infinity",
    "NaN",
    "18446744073709551616",
    "918273645",
    "'918273645'",
    "a",
    "a: 1,",
    "'a': [],",
    "b: {},",
    "$include: 'a.json5',",
    "$include: ['b.json5', 'c.json5'],",
    "\"$include\": \"../x\",",
    "$include: 1,",
    "'${TOKEN}'",
    "'${EMPTY}'",
    "'$${X}'",
    "'__OPENCLAW_REDACTED__'",
    "gateway: { port: 1 },",
    "agents: { list: [] },",
    "env: { vars: { A: 'x' } },",
    "\\u0061",
    "\\x41",
    "\\\n",
    "\n---\n",
    "\n===\nset #3 = 1",
    "\n===\nremove #5",
    "\n===\nmove #2 to x.y",
];

/// Brackets around a stretch, some of them deeper than the parser goes.
fn nest(mutator: &mut Mutator<'_>, case: &mut Vec<u8>, (start, end): (usize, usize)) {
    let depth = if mutator.below(8) == 0 { 700 } else { 1 + mutator.below(5) };
    let (open, close) = [("[", "]"), ("{a:", "}"), ("{$include:'a.json5',b:", "}")][mutator.below(3)];
    let inner: Vec<u8> = case.drain(start..end).collect();
    let around = [open.repeat(depth).as_bytes(), &inner, close.repeat(depth).as_bytes()].concat();
    drop(case.splice(start..start, around));
}

fn long(mutator: &mut Mutator<'_>, case: &mut Vec<u8>, _: (usize, usize)) {
    let long = "long ".repeat(mutator.below(400));
    mutator.put(case, long.as_bytes());
}

fn replace_token(mutator: &mut Mutator<'_>, case: &mut Vec<u8>, (start, end): (usize, usize)) {
    let is_end = |byte: &u8| b"{}[],:\n\"'".contains(byte);
    let length = case[start..end].iter().position(is_end).unwrap_or(end - start);
    drop(case.splice(start..start + length, mutator.token().bytes()));
}
