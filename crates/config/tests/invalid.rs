//! What users read when a configuration is wrong: every kind of fault with its messages, as snapshots to be read.

mod common;

use std::error::Error;
use std::fmt::Write as _;
use std::os::unix::fs::symlink;

use common::Home;
use openclaw_config::{Env, load};
use openclaw_guard::write_atomic;

const MAIN: &str = "openclaw.json";
/// Inputs are shown up to this many characters.
const MAX_SHOWN: usize = 160;
/// A value that no message may hold.
const CANARY: &str = "sk-canary-4242";

/// Each input, shown, and the messages about it.
fn told<T: AsRef<[u8]>>(inputs: &[T]) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    for input in inputs.iter().map(AsRef::as_ref) {
        let home = Home::new(&[])?;
        home.write(MAIN, input)?;
        writeln!(out, "{}", shown(input))?;
        out.extend(messages(&home).iter().map(|line| format!("    {line}\n")));
    }
    Ok(out)
}

/// The problems, or the warnings of a configuration that is read.
fn messages(home: &Home) -> Vec<String> {
    let dir = home.dir.path().to_string_lossy();
    let state = format!("{}/", home.at.state_dir.display());
    let lines = match load(&home.at, &Env::default()) {
        Ok(loaded) => loaded.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect(),
        Err(error) => error.to_string(),
    };
    lines.lines().map(|line| line.replace(&state, "").replace(&*dir, "..")).collect()
}

/// The text on one line; what cannot be seen is written as an escape.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let is_hidden = |char: char| char.is_control() || char == '\u{feff}';
    let visible =
        |char: char| if is_hidden(char) { char.escape_default().to_string() } else { char.to_string() };
    let start: String = text.chars().take(MAX_SHOWN).map(visible).collect();
    if text.chars().nth(MAX_SHOWN).is_none() { start } else { format!("{start}... ({} bytes)", bytes.len()) }
}

#[test]
fn unknown_keys() {
    let told = told(&[
        "{gatway: {}}",
        "{zebra: 1}",
        "{gateway: {prot: 1}}",
        "{gateway: {auth: {pasword: 'x'}}}",
        "{gateway: {http: {endpoints: {chatCompletion: {}}}}}",
        "{agents: {list: [{id: 'a'}, {id: 'b', modle: 'x'}]}}",
        "{agents: {defaults: {memorySearch: {query: {hybrid: {vectorWeigth: 1}}}}}}",
        "{agents: {zebra: 1}}",
        "{agent: {workspace: 'x'}}",
        "{routing: {}, identity: {}, whatsapp: {}}",
        "{bindings: [{agentId: 'a', match: {provider: 'x', channel: 'x'}}]}",
        "{channels: {telegrm: {}}}",
        "{channels: {telegram: {accounts: {main: {bottoken: 'x'}}}}}",
        "{channels: {discord: {guilds: {'1': {channels: {a: {requiremention: true}}}}}}}",
        "{models: {providers: {'my.own': {baseURL: 'x'}}}}",
        "{'gate way': {}, '': {}, 'a\\u0000b': 1}",
        "{__proto__: {x: 1}, constructor: 1, prototype: {}}",
        "{gateway: {__proto__: {port: 1}}}",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn wrong_types() {
    let told = told(&[
        "{gateway: {tls: {enabled: 'yes'}}}",
        "{gateway: {port: '18789'}}",
        "{gateway: {port: true}}",
        "{gateway: {port: null}}",
        "{gateway: {port: 1.5}}",
        "{agents: {defaults: {memorySearch: {query: {minScore: 'x'}}}}}",
        "{agents: {defaults: {workspace: 7}}}",
        "{gateway: {auth: {token: 12345}}}",
        "{gateway: {auth: {mode: false}}}",
        "{gateway: {trustedProxies: '10.0.0.1'}}",
        "{gateway: {trustedProxies: ['10.0.0.1', 5]}}",
        "{models: {providers: []}}",
        "{gateway: 'x'}",
        "{gateway: null}",
        "{agents: {list: {id: 'main'}}}",
        "{agents: {list: ['main']}}",
        "{agents: {defaults: {model: 3}}}",
        "{channels: {telegram: {allowFrom: [true]}}}",
        "{channels: {googlechat: {serviceAccount: 5}}}",
        "{commands: {native: 1}}",
        "{env: {vars: {A: 1}, B: 2}}",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn choices() {
    let told = told(&[
        "{gateway: {auth: {mode: 'tokn'}}}",
        "{gateway: {bind: 'everywhere'}}",
        "{session: {dmScope: 'per-kanal-peer'}}",
        "{channels: {telegram: {dmPolicy: 'Open'}}}",
        "{agents: {defaults: {contextPruning: {mode: ''}}}}",
        "{commands: {native: 'on'}}",
        "{commands: {native: 'atuo'}}",
        "{ui: {seamColor: 'red'}}",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn numbers_out_of_range() {
    let told = told(&[
        "{gateway: {port: -1}}",
        "{gateway: {port: 0}}",
        "{gateway: {port: 65536}}",
        "{gateway: {port: 1e300}}",
        "{gateway: {port: 1e999}}",
        "{gateway: {port: -Infinity}}",
        "{gateway: {port: NaN}}",
        "{gateway: {port: 0x10000}}",
        "{gateway: {port: 0xFFFFFFFFFFFFFFFFFF}}",
        "{session: {reset: {atHour: 24}}}",
        "{cron: {maxConcurrentRuns: -3}}",
        "{agents: {defaults: {mediaMaxMb: 0}}}",
        "{agents: {defaults: {memorySearch: {query: {minScore: 2}}}}}",
        "{agents: {defaults: {timeoutSeconds: 9007199254740993}}}",
        "{models: {providers: {a: {baseUrl: ''}}}}",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn secrets_variables_and_what_is_required() {
    let told = told(&[
        "{gateway: {auth: {token: ''}}}",
        "{gateway: {auth: {token: ' \\t'}}}",
        "{gateway: {auth: {token: '__OPENCLAW_REDACTED__'}}}",
        "{logging: {file: '__OPENCLAW_REDACTED__'}}",
        "{gateway: {auth: {token: '${NOT_SET}'}}}",
        "{gateway: {trustedProxies: ['a-${NOT_SET}-${OTHER}']}}",
        "{env: {vars: {A: '${NOT_SET}'}}}",
        "{agents: {list: [{name: 'x'}]}}",
        "{bindings: [{match: {}}]}",
        "{channels: {telegram: {customCommands: [{}]}}}",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn syntax() {
    let told = told(&[
        "{gateway: {port: 1} logging: {}}",
        "{gateway: {bind: 'lan}\n}",
        "{gateway: {bind: 'lan'}",
        "{gateway: {trustedProxies: ['a', 'b'}}",
        "{gateway: {trustedProxies: ['a'",
        "{gateway: {} /* not closed }",
        "{gateway: {}} more",
        "{} {}",
        "{}}",
        "}",
        "]",
        "{gateway}",
        "{gateway {}}",
        "{gateway: }",
        "{gateway: ,}",
        "{,}",
        "{gateway: {},, logging: {}}",
        "{gateway: {trustedProxies: [,]}}",
        "{gateway: lan}",
        "{gateway: {port: 8 * 10}}",
        "{gateway: {port: 1_000}}",
        "{gateway: {port: --1}}",
        "{gateway: {port: 0x}}",
        "{gateway: {bind: 'a\\q'}}",
        "{gateway: {bind: 'a\\u00zz'}}",
        "{gateway: {bind: 'a\\xz'}}",
        "{gateway: {bind: `lan`}}",
        "{# comment\n}",
        "gateway: {port: 1}",
        "port = 1",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_no_object() {
    let told = told(&[
        "",
        " \n\t ",
        "// only\n/* comments */",
        "[]",
        "\"text\"",
        "42",
        "null",
        "true",
        "[{gateway: {}}]",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn positions() {
    let told = told(&[
        "\u{feff}{zebra: 1}",
        "{\r\n  gateway: {\r\n    prot: 1,\r\n  },\r\n}\r\n",
        "{\n\tgateway: {\n\t\tprot: 1 } }",
        "{ /* äöü 🦞🦞 日本 */ zebra: 1 }",
        "{\n\n\n// c\n  zebra: 1 }",
        "\u{feff}\u{feff}{}",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn bytes_that_are_no_text() {
    let utf16 =
        |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
    let text = "{gateway: {}}";
    let told = told(&[
        utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
        utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
        utf16(text, u16::to_le_bytes),
        utf16(text, u16::to_be_bytes),
        b"{}\n\0\0\0".to_vec(),
        b"\0\0\0\0".to_vec(),
        b"{gateway:\n {bind: '\xff'}}".to_vec(),
        b"{ // \xe4\n}".to_vec(),
        vec![b' '; 4 * 1024 * 1024 + 1],
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn too_deep_and_too_many() {
    let many = (0..120).map(|at| format!("key{at}: 1,\n")).collect::<String>();
    let inputs = ["[".repeat(100_000), "{a:".repeat(100_000), format!("{{{many}}}")];
    let lines = told(&inputs).unwrap();
    let cut: Vec<&str> = lines
        .lines()
        .filter(|line| {
            !line.contains(".json:") || !line.contains(" key") || line.ends_with("key99: unknown key")
        })
        .collect();
    assert_eq!(lines.matches("unknown key").count(), 100);
    let cut = cut.join("\n");
    insta::assert_snapshot!(cut);
}

#[test]
fn warnings() {
    let told = told(&[
        "{gateway: {port: 1},\n gateway: {port: 2}}",
        "{gateway: {port: 1, 'port': 2, \"port\": 3}}",
        "{gateway: {port: 1, port: 'x'}}",
    ])
    .unwrap();
    insta::assert_snapshot!(told);
}

/// The main file, and the files beside it.
type Files = (&'static str, &'static [(&'static str, &'static str)]);

const INCLUDES: [Files; 16] = [
    ("{$include: './none.json'}", &[]),
    ("{gateway: {$include: 'dir'}}", &[("dir/x.json", "{}")]),
    ("{$include: ''}", &[]),
    ("{$include: 'openclaw.json'}", &[]),
    ("{$include: 'a.json'}", &[("a.json", "{$include: 'b.json'}"), ("b.json", "{\n$include: 'a.json'}")]),
    ("{$include: '../outside.json'}", &[]),
    ("{$include: '/nonexistent/x.json'}", &[]),
    ("{$include: '~/x.json'}", &[]),
    ("{$include: 'a.json'}", &[("a.json", "")]),
    (
        "{$include: 'a.json'}",
        &[("a.json", "{gateway: {},\n  $include: 'b.json'}"), ("b.json", "{\n  logging: {\n")],
    ),
    ("{agents: {list: {$include: 'a.json', more: 1}}}", &[("a.json", "[]")]),
    ("{$include: 5}", &[]),
    ("{$include: ['a.json', {}]}", &[("a.json", "{}")]),
    ("{gateway: {$include: 'a.json'}}", &[("a.json", "{\n  bind: 'lan',\n  prot: 1,\n  port: '1' }")]),
    ("{gateway: {$include: 'a.json'}}", &[("a.json", "'text'")]),
    ("{gateway: {$include: ['a.json', 'a.json', 'none.json']}, zebra: 1}", &[("a.json", "{prot: 1}")]),
];

#[test]
fn included_files() {
    let mut out = String::new();
    for (main, others) in INCLUDES {
        let home = Home::new(&[(MAIN, main)]).unwrap();
        others.iter().for_each(|(name, text)| home.write(name, text.as_bytes()).unwrap());
        let files = others.iter().map(|(name, text)| format!(" | {name}: {}", shown(text.as_bytes())));
        writeln!(out, "{main}{}", files.collect::<String>()).unwrap();
        out.extend(messages(&home).iter().map(|line| format!("    {line}\n")));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn included_files_of_other_kinds() {
    let home = Home::new(&[(MAIN, "{$include: ['link.json', 'pipe', 'f0.json', 'big.json']}")]).unwrap();
    let outside = home.dir.path().join("outside.json");
    write_atomic(&outside, b"{}").unwrap();
    symlink(&outside, home.path("link.json")).unwrap();
    let pipe = openclaw_guard::child_command("mkfifo").arg(home.path("pipe")).status().unwrap();
    assert!(pipe.success());
    for level in 0..11 {
        home.write(&format!("f{level}.json"), format!("{{$include: 'f{}.json'}}", level + 1).as_bytes())
            .unwrap();
    }
    home.write("big.json", &vec![b' '; 4 * 1024 * 1024]).unwrap();
    let told = messages(&home).join("\n");
    insta::assert_snapshot!(told);
}

/// A secret at every place where something can be wrong, and as text that is not even JSON5.
#[test]
fn no_message_holds_a_value() {
    let texts = [
        "{gateway: {auth: {mode: '@', bind: '@', port: '@', tls: '@', trustedProxies: '@'}}}",
        "{gateway: {auth: {tokn: '@', token: ['@'], password: {a: '@'}}, bind: '@', port: '@', remote: '@'}}",
        "{gateway: {auth: {token: '@ ${NOT_SET}'}}}",
        "{gateway: {auth: {token: '@",
        "{gateway: {auth: {token: '@\\u00zz'}}}",
        "{gateway: {bind: '@\\q'}}",
        "{gateway: {auth: {token: @}}}",
        "{gateway: {auth: {token: 'x' '@'}}}",
        "{gateway: {auth: {token: \"@\n\", x: 1}}}",
        "{gateway: {auth: {token: `@`}}}",
        "{a: 1} '@'",
        "'@'",
        "@",
        "{models: {providers: {a: {apiKey: 5, headers: '@', models: ['@']}}}}",
        "{agents: {list: [{id: 5, model: ['@']}, '@']}}",
        "{channels: {telegram: {botToken: ['@'], dmPolicy: '@', allowFrom: [{x: '@'}]}, telegrm: '@'}}",
        "{ui: {seamColor: '@'}, commands: {native: '@'}, session: {reset: {mode: '@', atHour: '@'}}}",
        "{gateway: {auth: {token: '@'}, auth: {token: '@', x: 1}}}",
        "{env: {vars: {A: ['@']}, B: {c: '@'}}}",
        "{gateway: {$include: ['a.json', {x: '@'}]}}",
        "{gateway: {$include: 'a.json', port: 1}}",
        "{gateway: {$include: 'a.json'}}",
        "{$include: 'b.json'}",
    ];
    for text in texts.map(|text| text.replace('@', CANARY)) {
        let home = Home::new(&[(MAIN, &text)]).unwrap();
        home.write("a.json", format!("'{CANARY}'").as_bytes()).unwrap();
        home.write("b.json", format!("{{gateway: {CANARY}").as_bytes()).unwrap();
        let error = load(&home.at, &Env::default()).err().unwrap();
        let all = format!("{error} {error:?}");
        assert!(!all.contains("canary") && !all.contains("4242"), "{text}: {all}");
    }
}
