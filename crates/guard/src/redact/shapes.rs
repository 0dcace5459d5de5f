//! What credentials usually look like.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};

use super::names::ENDS_EXPRESSION;
use super::pattern::{MAX_COMPILED_BYTES, MAX_STATE_BYTES, find_all};
use super::span::{Mask, Span};

/// One shape. What its groups match is hidden, or all of it when it has none; `NAME` stands for a name that says
/// secret.
struct Shape {
    expression: &'static str,
    mask: Mask,
    needs: Needs,
}

/// What a text must hold for an expression to match: nearly every line of a log holds nothing of it, so that most
/// expressions are never compiled.
#[derive(Clone, Copy)]
enum Needs {
    /// One of these words, whatever their case.
    Words(&'static [&'static str]),
    /// This many characters of a token in a row.
    Run(usize),
}

const fn shape(needs: Needs, expression: &'static str) -> Shape {
    Shape { expression, mask: Mask::Middle, needs }
}

/// Each name of [`ENDS_EXPRESSION`], and each variable that says secret, holds one of these.
const NAMES: Needs =
    Needs::Words(&["token", "secret", "passw", "passphrase", "key", "credential", "authorization"]);
const ADDRESS: Needs = Needs::Words(&["://"]);

/// Each expression reads a run of text once or twice, never once per start.
const SHAPES: [Shape; 15] = [
    // A private key; one whose end is missing goes on to the end of the text.
    Shape {
        expression: r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----((?s:.)*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)",
        mask: Mask::All,
        needs: Needs::Words(&["private key"]),
    },
    // JSON, and JSON inside a JSON string.
    shape(NAMES, r#"(?i)"[^"\\]{0,64}NAME"\s*:\s*"((?:[^"\\]|\\.)+)"#),
    shape(NAMES, r#"(?i)\\"[^"\\]{0,64}NAME\\"\s*:\s*\\"((?:[^"\\]|\\\\(?:\\"|.))+)"#),
    // `token: "…"` in YAML, JavaScript and Rust's own output; without quotes only what is too long for a word.
    shape(NAMES, r#"(?i)NAME["']?\s*:\s*(?:Some\()?["']([^"'\\\r\n]+)"#),
    shape(NAMES, r#"(?i)NAME\s*:\s*([^\s"'\\,;]{16,})"#),
    // Assignments: any value of a name that says secret, and of variables that say KEY.
    shape(NAMES, r#"(?i)NAME\s*=\s*\\?["']?([^\s"'&\\]+)"#),
    shape(
        NAMES,
        r#"(?-u:\b)[A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)[A-Z0-9_]*=\\?(?:"([^"\\]+)|'([^'\\]+)|([^\s"'\\]+))"#,
    ),
    // Headers.
    shape(
        Needs::Words(&["authorization"]),
        r#"(?i)(?-u:\b)authorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic|token|digest|bot|apikey)\s+)?([^\s"'\\,;]+)"#,
    ),
    shape(Needs::Words(&["bearer"]), r"(?i)(?-u:\b)bearer\s+([A-Za-z0-9._~+/=-]{16,})"),
    // Addresses: passwords, tokens in the place of a user, parameters.
    shape(ADDRESS, r#"(?i)[a-z0-9+.-]://[^\s/@:"'\\]*:([^\s/@"'\\]+)@"#),
    shape(ADDRESS, r#"(?i)[a-z0-9+.-]://([^\s/@:"'\\]{8,})@"#),
    shape(
        Needs::Words(&[
            "token=",
            "secret=",
            "password=",
            "passwd=",
            "passphrase=",
            "key=",
            "credential=",
            "credentials=",
            "authorization=",
            "sig=",
            "signature=",
            "auth=",
            "code=",
            "pair=",
        ]),
        r##"(?i)[?&#;][A-Za-z0-9_.\[\]-]{0,64}(?:NAME|key|sig|signature|auth|code|pair)=([^&\s"'#<>\\]+)"##,
    ),
    // JSON Web Tokens (RFC 7519): their header is JSON, and `{"` is `eyJ` in base64.
    shape(Needs::Words(&["eyj"]), r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"),
    // Prefixes that providers give their keys so that scanners can find them.
    shape(
        Needs::Words(PREFIXES),
        concat!(
            r"(?-u:\b)(?:sk-[A-Za-z0-9_-]{16,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",
            r"|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_.-]{16,}",
            r"|xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}",
            r"|(?:AKIA|ASIA)[A-Z0-9]{16}|npm_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}",
            r"|xai-[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{32,}",
            r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|pypi-[A-Za-z0-9_-]{32,}|tvly-[A-Za-z0-9_-]{16,})",
        ),
    ),
    // Bot tokens: Telegram's (also behind `/bot` in an address) and Discord's.
    shape(
        Needs::Run(23),
        r"(?:(?-u:\b)|bot)([0-9]{6,12}:[A-Za-z0-9_-]{30,})|(?-u:\b)([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,})",
    ),
];

/// What the tokens of [`SHAPES`] begin with.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "rk_",
    "pk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "xapp-",
    "aiza",
    "ya29.",
    "akia",
    "asia",
    "npm_",
    "hf_",
    "gsk_",
    "xai-",
    "pplx-",
    "r8_",
    "dop_v1_",
    "sg.",
    "pypi-",
    "tvly-",
];

/// Compiled at their first use, and once: they are the same for everybody. `None` for one that does not compile, which
/// a test rules out.
static COMPILED: [OnceLock<Option<Regex>>; SHAPES.len()] = [const { OnceLock::new() }; SHAPES.len()];

/// All words that are needed, and which shapes each of them is for.
static WORDS: LazyLock<Option<(AhoCorasick, Vec<usize>)>> = LazyLock::new(|| {
    let mut words: Vec<&str> = Vec::new();
    let mut shapes = Vec::new();
    for (index, shape) in SHAPES.iter().enumerate() {
        let Needs::Words(needed) = shape.needs else { continue };
        words.extend(needed);
        shapes.extend(needed.iter().map(|_| index));
    }
    let found = AhoCorasick::builder().ascii_case_insensitive(true).build(words);
    found.ok().map(|found| (found, shapes)) // a test rules out the fault
});

/// Which shapes a text may hold.
fn possible(text: &str) -> [bool; SHAPES.len()] {
    // Without the words every shape is looked for.
    let Some((words, shapes)) = WORDS.as_ref() else { return [true; SHAPES.len()] };
    let mut found = [false; SHAPES.len()];
    for hit in words.find_overlapping_iter(text) {
        if let Some(shape) = shapes.get(hit.pattern().as_usize()).and_then(|shape| found.get_mut(*shape)) {
            *shape = true;
        }
    }
    for (found, shape) in found.iter_mut().zip(&SHAPES) {
        if let Needs::Run(min) = shape.needs {
            *found = has_run(text, min);
        }
    }
    found
}

/// Whether so many characters of a token stand in a row.
fn has_run(text: &str, min: usize) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    text.as_bytes().split(|byte| !is_token(*byte)).any(|run| run.len() >= min)
}

fn compile(shape: &Shape) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&shape.expression.replace("NAME", ENDS_EXPRESSION))
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_STATE_BYTES)
        .build()
}

/// Adds everything that looks like a credential.
pub(super) fn find_shapes(text: &str, from: usize, spans: &mut Vec<Span>) {
    let possible = possible(text);
    let shapes = SHAPES.iter().zip(&COMPILED).zip(possible).filter(|(_, possible)| *possible);
    for ((shape, compiled), _) in shapes {
        if let Some(regex) = compiled.get_or_init(|| compile(shape).ok()) {
            find_all(regex, text, from, shape.mask, spans);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SHAPES, WORDS, compile};
    use crate::{Hiding, Redactor};

    #[test]
    fn every_shape_compiles() {
        assert!(WORDS.is_some());
        for shape in &SHAPES {
            assert!(compile(shape).is_ok(), "{}: {:?}", shape.expression, compile(shape).err());
        }
    }

    /// Text that holds a secret, and what must be left of it. `§` is a secret of 9 characters, `¶` one of 40.
    const HIDDEN: [(&str, &str); 40] = [
        ("postgres://me:§@host/db", "postgres://me:***@host/db"),
        ("https://¶@host/x", "https://abcd…6789@host/x"),
        ("GET /x?a=1&access_token=§&b=2", "GET /x?a=1&access_token=***&b=2"),
        ("ws://h/?token=§", "ws://h/?token=***"),
        ("http://127.0.0.1:18789/#pair=§", "http://127.0.0.1:18789/#pair=***"),
        ("/x?key=§#frag", "/x?key=***#frag"),
        ("Authorization: Bearer x", "Authorization: Bearer ***"),
        ("authorization: Basic §", "authorization: Basic ***"),
        ("{\"Authorization\": \"Bearer §\"}", "{\"Authorization\": \"***\"}"),
        ("bearer ¶", "bearer abcd…6789"),
        ("{\"token\":\"§\"}", "{\"token\":\"***\"}"),
        ("{\"apiKey\" : \"§\", \"n\": 1}", "{\"apiKey\" : \"***\", \"n\": 1}"),
        ("{\"password\":\"a\\\"b c\"}", "{\"password\":\"***\"}"),
        ("\"client_secret\":\"¶\"", "\"client_secret\":\"abcd…6789\""),
        ("{\\\"refreshToken\\\":\\\"§\\\"}", "{\\\"refreshToken\\\":\\\"***\\\"}"),
        ("botToken: '§'", "botToken: '***'"),
        ("Auth { token: Some(\"§\") }", "Auth { token: Some(\"***\") }"),
        ("api-key: ¶", "api-key: abcd…6789"),
        ("OPENAI_API_KEY=§", "OPENAI_API_KEY=***"),
        ("export DB_PASSWORD='a b' X=1", "export DB_PASSWORD='***' X=1"),
        ("MY_SECRET_FILE=\"§\"", "MY_SECRET_FILE=\"***\""),
        ("password=§&x", "password=***&x"),
        ("--api-key=§", "--api-key=***"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nAAA\n-----END RSA PRIVATE KEY-----.",
            "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----.",
        ),
        ("x -----BEGIN PRIVATE KEY-----\\nAAA", "x -----BEGIN PRIVATE KEY-----***"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl.", "jwt eyJh…dXJl."),
        ("sk-ant-¶!", "sk-a…6789!"),
        ("ghp_¶", "ghp_…6789"),
        ("github_pat_¶", "gith…6789"),
        ("xoxb-12345678901", "***"),
        ("xapp-¶", "xapp…6789"),
        ("AIza¶", "AIza…6789"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("npm_¶", "npm_…6789"),
        ("glpat-¶", "glpa…6789"),
        ("id 123456789:¶.", "id 1234…6789."),
        ("https://api.telegram.org/bot123456789:¶/getMe", "https://api.telegram.org/bot1234…6789/getMe"),
        ("MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0", "MTIz…xyz0"),
        ("wrapped(sk-¶)", "wrapped(sk-a…6789)"),
        ("token = \"§\"", "token = \"***\""),
    ];

    fn spelled(text: &str) -> String {
        let long = "abcdefghijklmnopqrstuvwxyzABCD0123456789";
        text.replace('§', "hunter2.x").replace('¶', long)
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        let redactor = Redactor::new(&[], Hiding::Shapes { patterns: Vec::new() });
        for (text, expected) in HIDDEN {
            let (text, expected) = (spelled(text), spelled(expected));
            let hidden = redactor.redact(&text);
            assert_eq!(hidden, expected, "{text}");
            assert_eq!(redactor.redact(&hidden), hidden, "twice: {text}");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        let redactor = Redactor::new(&[], Hiding::Shapes { patterns: Vec::new() });
        for text in [
            "gateway started at 127.0.0.1:18789",
            "{\"maxTokens\":4096,\"sessionKey\":\"agent:main:main\",\"key\":\"value\",\"tokens\":\"12\"}",
            "no gateway secret: set gateway.auth.token in openclaw.json or OPENCLAW_GATEWAY_TOKEN, or run it",
            "device token revoked",
            "task-abcdefghijklmnopqrstuvwxyz",
            "https://example.org/a?b=c&monkeys=3",
            "2026-11-20T10:42:42.908Z run 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
            "the bearer of news; token: missing",
            "-----BEGIN PUBLIC KEY-----\nAAA\n-----END PUBLIC KEY-----",
            "c:/users/me at 10:30 me@example.org",
        ] {
            assert_eq!(redactor.redact(text), text);
        }
    }
}
