//! What users read when the file is wrong.

use std::path::Path;

use openclaw_config::{ConfigError, Env, LocationError, LocationFlags, Locations, load, parse, validate};
use openclaw_guard::write_atomic;
use serde_json::json;

fn problems(text: &str) -> Vec<String> {
    let env = Env::from([("SET", "sekret-from-env")]);
    let problems = parse(text, "openclaw.json", &env).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn one_line_per_problem_with_place_and_next_step() {
    let rows = [
        ("{gateway: {prot: 1}}", "openclaw.json:1:12 gateway.prot: unknown key, did you mean \"port\"?"),
        ("{zebra: 1}", "openclaw.json:1:2 zebra: unknown key"),
        (
            "{gateway: {port: '1'}}",
            "openclaw.json:1:18 gateway.port: expected a whole number, found a string",
        ),
        ("{gateway: {port: 0}}", "openclaw.json:1:18 gateway.port: must be at least 1 and at most 65535"),
        (
            "{gateway: {port: 1.5}}",
            "openclaw.json:1:18 gateway.port: expected a whole number, found a number with a fraction",
        ),
        ("{gateway: {port: null}}", "openclaw.json:1:18 gateway.port: expected a whole number, found null"),
        (
            "{gateway: {auth: {mode: 'tokn'}}}",
            "openclaw.json:1:25 gateway.auth.mode: expected one of \"token\", \"password\", did you mean \"token\"?",
        ),
        (
            "{gateway: {auth: {token: '  '}}}",
            "openclaw.json:1:26 gateway.auth.token: is blank; give it a value or remove the key",
        ),
        (
            "{gateway: {auth: {token: '__OPENCLAW_REDACTED__'}}}",
            "openclaw.json:1:26 gateway.auth.token: holds the mark that replaces hidden values, not a value; write the value itself",
        ),
        (
            "{gateway: {auth: {token: '${NOPE}'}}}",
            "openclaw.json:1:26 gateway.auth.token: ${NOPE} is not set or empty; set it in the environment or in the .env file of the state directory",
        ),
        (
            "{agents: {list: [{name: 'x'}]}}",
            "openclaw.json:1:18 agents.list[0].id: is missing and required; add it",
        ),
        (
            "{models: {providers: {'a.b': {baseUrl: '', models: []}}}}",
            "openclaw.json:1:40 models.providers[\"a.b\"].baseUrl: must not be empty",
        ),
        (
            "{$include: './x'}",
            "openclaw.json:1:12 $include: only a configuration file can include other files, and this text is none",
        ),
        (
            "{agents: {$include: './x'}}",
            "openclaw.json:1:21 agents.$include: only a configuration file can include other files, and this text is none",
        ),
        (
            "{channels: {telegrm: {}}}",
            "openclaw.json:1:13 channels.telegrm: unknown key, did you mean \"telegram\"?",
        ),
        (
            "{channels: {telegram: {dmPolicy: 'opn'}}}",
            "openclaw.json:1:34 channels.telegram.dmPolicy: expected one of \"pairing\", \"allowlist\", \"open\", \"disabled\", did you mean \"open\"?",
        ),
        (
            "{channels: {discord: {accounts: {a: {tokn: 's'}}}}}",
            "openclaw.json:1:38 channels.discord.accounts.a.tokn: unknown key, did you mean \"token\"?",
        ),
        (
            "{ui: {seamColor: 'red'}}",
            "openclaw.json:1:18 ui.seamColor: expected a color of six hexadecimal digits such as \"#FF4500\"",
        ),
        (
            "{logging: {redactPatterns: ['ok', 'a(?=b)']}}",
            "openclaw.json:1:35 logging.redactPatterns[1]: is no regular expression that can be used: look-around, including look-ahead and look-behind, is not supported",
        ),
        (
            "{agents: {defaults: {memorySearch: {store: {path: 'MEMORY.md'}}}}}",
            "openclaw.json:1:51 agents.defaults.memorySearch.store.path: is no name of an index, and may be that of a note; let it end in .sqlite, .sqlite3 or .db",
        ),
        (
            "{logging: {redactPatterns: ['//']}}",
            "openclaw.json:1:29 logging.redactPatterns[0]: is no regular expression that can be used: the expression is empty",
        ),
        (
            "{agents: {defaults: {memorySearch: {query: {minScore: 2}}}}}",
            "openclaw.json:1:55 agents.defaults.memorySearch.query.minScore: must be at least 0 and at most 1",
        ),
        (
            "{agents: {defaults: {model: 3}}}",
            "openclaw.json:1:29 agents.defaults.model: expected a string or an object, found a number",
        ),
        (
            "{commands: {native: 'on'}}",
            "openclaw.json:1:21 commands.native: expected true or false or \"auto\", found another string",
        ),
        (
            "{cron: {maxConcurrentRuns: Infinity}}",
            "openclaw.json:1:28 cron.maxConcurrentRuns: is not a number that can be used; write an ordinary decimal number",
        ),
        ("[]", "openclaw.json:1:1: expected an object, found a list"),
        ("{a: 1 b: 2}", "openclaw.json:1:6: syntax: a comma is missing before this"),
        ("// only a comment", "openclaw.json:1:1: the file holds no value; write {} for the defaults"),
        (
            "",
            "openclaw.json: the file is empty; restore it from a backup (`openclaw doctor --fix` does if there is one), or remove it to start with the defaults",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(problems(text), [expected], "{text}");
    }
}

#[test]
fn everything_wrong_is_told_at_once_without_values() {
    let text = "{\n  gateway: { auth: { token: 12345, pasword: 'sekret1' }, bind: 'sekret2' },\n  logging: { level: '${SET}' },\n  x: '${NONE}',\n}";
    let told = problems(text);
    assert_eq!(told.len(), 6, "{told:#?}");
    assert!(!told.concat().contains("sekret") && !told.concat().contains("12345"), "{told:#?}");
}

#[test]
fn a_flood_of_problems_is_cut() {
    let text = format!("{{{}}}", (0..100_000).map(|n| format!("k{n}: 1,")).collect::<String>());
    let told = problems(&text);
    assert_eq!(told.len(), 101);
    assert!(told[100].ends_with("there are more problems; only the first 100 are listed"));
    let twice = format!("{{{0}{0}}}", (0..50_000).map(|n| format!("k{n}: Infinity,")).collect::<String>());
    assert!(problems(&twice).len() <= 201);
}

#[test]
fn a_key_that_stands_twice_is_a_warning_and_the_last_counts() {
    let parsed = parse("{\n gateway: {port: 1},\n gateway: {port: 2},\n}", "f", &Env::default());
    let parsed =
        parsed.map_err(|problems| problems.len()).map(|p| (p.config.gateway.port, p.warnings)).unwrap();
    assert_eq!(parsed.0, Some(2));
    assert!(
        parsed.1[0].to_string().starts_with("f:3:2 gateway: stands twice in this object (first on line 2)")
    );
}

#[test]
fn a_value_without_text_has_problems_without_places() {
    let told = validate(&json!({"gateway": {"prot": 1}}), "config.patch", &Env::default());
    assert_eq!(told[0].to_string(), "config.patch gateway.prot: unknown key, did you mean \"port\"?");
}

fn at(home: &Path) -> Result<Locations, LocationError> {
    let home = home.to_string_lossy();
    let env = Env::from([("HOME", &*home), ("OPENCLAW_STATE_DIR", &*home)]);
    Locations::resolve(&env, LocationFlags::default())
}

#[test]
fn damaged_files_are_told_and_left_alone() {
    let rows: [(&[u8], &str); 5] = [
        (
            b"",
            ": the file is empty; restore it from a backup (`openclaw doctor --fix` does if there is one), or remove it to start with the defaults",
        ),
        (b"{}\n\0\0", ":2:1: the file holds a NUL byte and is probably damaged; restore it from a backup"),
        (b"{ // \xff", ":1:6: the file is not UTF-8 text; save it as UTF-8"),
        (&[b' '; 4 * 1024 * 1024 + 1], ":1:1: the file is larger than 4194304 bytes"),
        (b"{ gateway: ", ":1:12: syntax: a value is missing after the colon"),
    ];
    for (bytes, expected) in rows {
        let home = tempfile::tempdir().unwrap();
        let at = at(home.path()).unwrap();
        write_atomic(&at.config_path, bytes).unwrap();
        let error = load(&at, &Env::default()).err().unwrap();
        assert_eq!(error.to_string(), format!("{}{expected}", at.config_path.display()));
        assert_eq!(error.problems().len(), 1);
        assert_eq!(std::fs::read(&at.config_path).unwrap(), bytes);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_directory_in_its_place_is_unreadable() {
    let home = tempfile::tempdir().unwrap();
    let at = at(home.path()).unwrap();
    openclaw_guard::create_private_dir(&at.config_path).unwrap();
    let error = load(&at, &Env::default()).err().unwrap();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
    assert!(
        error.to_string().ends_with("openclaw.json: cannot be read: it is not a regular file"),
        "{error}"
    );
}
