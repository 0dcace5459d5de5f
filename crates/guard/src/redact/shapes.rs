//! What credentials usually look like.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::names::ENDS_EXPRESSION;
use super::pattern::{MAX_COMPILED_BYTES, MAX_STATE_BYTES, find_all};
use super::span::{Mask, Span};

/// One shape. What its groups match is hidden, or all of it when it has none; `NAME` stands for a name that says
/// secret.
struct Shape {
    expression: &'static str,
    mask: Mask,
}

const fn shape(expression: &'static str) -> Shape {
    Shape { expression, mask: Mask::Middle }
}

/// Each expression reads a run of text once or twice, never once per start.
const SHAPES: [Shape; 15] = [
    // A private key; one whose end is missing goes on to the end of the text.
    Shape {
        expression: r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----((?s:.)*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)",
        mask: Mask::All,
    },
    // JSON, and JSON inside a JSON string.
    shape(r#"(?i)"[^"\\]{0,64}NAME"\s*:\s*"((?:[^"\\]|\\.)+)"#),
    shape(r#"(?i)\\"[^"\\]{0,64}NAME\\"\s*:\s*\\"((?:[^"\\]|\\\\(?:\\"|.))+)"#),
    // `token: "…"` in YAML, JavaScript and Rust's own output; without quotes only what is too long for a word.
    shape(r#"(?i)NAME["']?\s*:\s*(?:Some\()?["']([^"'\\\r\n]+)"#),
    shape(r#"(?i)NAME\s*:\s*([^\s"'\\,;]{16,})"#),
    // Assignments: any value of a name that says secret, and of variables that say KEY.
    shape(r#"(?i)NAME\s*=\s*\\?["']?([^\s"'&\\]+)"#),
    shape(
        r#"(?-u:\b)[A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)[A-Z0-9_]*=\\?(?:"([^"\\]+)|'([^'\\]+)|([^\s"'\\]+))"#,
    ),
    // Headers.
    shape(
        r#"(?i)(?-u:\b)authorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic|token|digest|bot|apikey)\s+)?([^\s"'\\,;]+)"#,
    ),
    shape(r"(?i)(?-u:\b)bearer\s+([A-Za-z0-9._~+/=-]{16,})"),
    // Addresses: passwords, tokens in the place of a user, parameters.
    shape(r#"(?i)[a-z0-9+.-]://[^\s/@:"'\\]*:([^\s/@"'\\]+)@"#),
    shape(r#"(?i)[a-z0-9+.-]://([^\s/@:"'\\]{8,})@"#),
    shape(
        r##"(?i)[?&#;][A-Za-z0-9_.\[\]-]{0,64}(?:NAME|key|sig|signature|auth|code|pair)=([^&\s"'#<>\\]+)"##,
    ),
    // JSON Web Tokens (RFC 7519): their header is JSON, and `{"` is `eyJ` in base64.
    shape(r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"),
    // Prefixes that providers give their keys so that scanners can find them.
    shape(concat!(
        r"(?-u:\b)(?:sk-[A-Za-z0-9_-]{16,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",
        r"|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_.-]{16,}",
        r"|xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}",
        r"|(?:AKIA|ASIA)[A-Z0-9]{16}|npm_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}",
        r"|xai-[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{32,}",
        r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|pypi-[A-Za-z0-9_-]{32,}|tvly-[A-Za-z0-9_-]{16,})",
    )),
    // Bot tokens: Telegram's (also behind `/bot` in an address) and Discord's.
    shape(
        r"(?:(?-u:\b)|bot)([0-9]{6,12}:[A-Za-z0-9_-]{30,})|(?-u:\b)([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,})",
    ),
];

/// Compiled once: they are the same for everybody.
static COMPILED: LazyLock<Vec<(Regex, Mask)>> = LazyLock::new(|| {
    // A test compiles every one of them, so none is left out here.
    SHAPES.iter().filter_map(|shape| Some((compile(shape).ok()?, shape.mask))).collect()
});

fn compile(shape: &Shape) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&shape.expression.replace("NAME", ENDS_EXPRESSION))
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_STATE_BYTES)
        .build()
}

/// Adds everything that looks like a credential.
pub(super) fn find_shapes(text: &str, from: usize, spans: &mut Vec<Span>) {
    for (regex, mask) in COMPILED.iter() {
        find_all(regex, text, from, *mask, spans);
    }
}

#[cfg(test)]
mod tests {
    use super::{SHAPES, compile};
    use crate::{Hiding, Redactor};

    #[test]
    fn every_shape_compiles() {
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
