//! Every key of the release is accepted with its type and constraints, and where ours differ, this says why.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_config::{Env, config_schema, validate};
use serde_json::{Value, json};

const RELEASE: &str = include_str!("release-keys.txt");

/// Path of a key and its shape; a required key's shape begins with `!`.
type Keys = BTreeMap<String, String>;

const PORT: &str = "a port is a number of 16 bits; a larger one cannot be opened";
const EARLIER: &str = "an earlier name that the documentation of OpenClaw still has";
const LATER: &str = "later releases have it; here it only decides between lines that fit nearly equally";
const DOCUMENTED: &str = "documented for OpenClaw 2026.2.9, whose own check refuses it";
const SHORT_FORM: &str = "a single model is written as text in the documentation, as it may be for one agent";
const PLUGIN: &str =
    "a channel of a plugin; the plugin checks it, and the release merges its schema when it is on";
const SEED: &str = "something that the specification of this project has besides";

/// What differs by decision: a path (`…` stands for what is before it or after it), what the release has, what we have
/// (`-` where the key is not there, `…` for any shape), and the reason.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    ("…contextPruning.mode", "cache-ttl|off", "adaptive|aggressive|cache-ttl|off", SEED),
    ("…memorySearch.provider", "gemini|local|openai|voyage", "auto|gemini|local|none|openai|voyage", SEED),
    (
        "…memorySearch.store.path",
        "text",
        r"text ~^\s*$|\.(sqlite3?|db)\s*$",
        "the release opens a note as its database if it is named here",
    ),
    (
        "…memorySearch.remote.askAboveTokens",
        "-",
        "int >=0",
        "the release sends any number of notes without asking",
    ),
    (
        "…memorySearch.query.hybrid.fusion",
        "-",
        "measured|weighted",
        "the ranking of the release is a choice here, not the default",
    ),
    ("…hybrid.temporalDecay", "-", "object", LATER),
    ("…temporalDecay.enabled", "-", "bool", LATER),
    ("…temporalDecay.halfLifeDays", "-", "int >=1", LATER),
    ("agents.defaults.exec…", "-", "…", EARLIER),
    ("agents.defaults.imageModel", "object", "object or text", SHORT_FORM),
    ("agents.defaults.model", "object", "object or text", SHORT_FORM),
    ("…sandbox.browser.allowedControlHosts", "-", "list of text", DOCUMENTED),
    ("…sandbox.browser.allowedControlPorts", "-", "list of int >=1 <=65535", DOCUMENTED),
    ("…sandbox.browser.allowedControlUrls", "-", "list of text", DOCUMENTED),
    ("…ort", "int >=1", "int >=1 <=65535", PORT),
    (
        "agents.defaults.maxConcurrent",
        "int >=1",
        "int >=1 <=10000",
        "more turns at once than this machine could ever run are a mistake",
    ),
    ("bridge", "-", "any", "configurations of early releases have it; it is read and ignored"),
    ("channels", "any-object", "open", "the same: other names are channels of plugins"),
    ("channels.*", "-", "any", PLUGIN),
    ("channels.defaults…", "-", "…", "the release takes it as one of the other names, unchecked"),
    ("channels.feishu", "-", "any", PLUGIN),
    ("channels.line", "-", "any", PLUGIN),
    ("channels.matrix", "-", "any", PLUGIN),
    ("channels.nextcloud-talk", "-", "any", PLUGIN),
    ("channels.nostr", "-", "any", PLUGIN),
    ("channels.tlon", "-", "any", PLUGIN),
    ("channels.twitch", "-", "any", PLUGIN),
    ("channels.zalo", "-", "any", PLUGIN),
    ("channels.zalouser", "-", "any", PLUGIN),
    (
        "…customCommands[].command",
        "!any",
        "!text",
        "the release makes text of it and says nothing in its schema",
    ),
    ("…customCommands[].description", "!any", "!text", "as the command"),
    ("gateway.customBindHost", "-", "text", "`bind` `custom` has no other key for its address"),
    (
        "logging.redactPatterns",
        "list of text",
        "list of text regex",
        "what is no expression would hide nothing, and the owner would not know",
    ),
    (
        "models.providers.*.baseUrl",
        "!text >=1",
        "text >=1",
        "the documentation leaves it out for built-in providers",
    ),
    ("models.providers.*.models", "!list", "list", "any model of a provider can be asked by its id"),
    ("models.providers.*.models[].contextWindow", "number >0", "int >=1", "tokens are whole"),
    ("models.providers.*.models[].maxTokens", "number >0", "int >=1", "tokens are whole"),
    ("models.budgets…", "-", "…", "ours: the release limits no spending"),
    (
        "models.failover…",
        "-",
        "…",
        "ours: the release waits for a silent model until its own time limits end",
    ),
    ("models.recording…", "-", "…", "ours: the release traces prompts only, in another form"),
    ("session.heartbeatIdleMinutes", "-", "int >=1", SEED),
    ("….atTime", "-", "int >=0 <=23", EARLIER),
    ("tools.web.fetch.firecrawl…", "-", "…", DOCUMENTED),
    ("tools.web.fetch.readability", "-", "bool", DOCUMENTED),
];

/// The release's keys, with references followed.
fn release() -> Keys {
    let mut keys = Keys::new();
    let mut stack: Vec<(usize, String)> = Vec::new();
    for line in RELEASE.lines().filter(|line| !line.starts_with('#')) {
        let text = line.trim_start();
        let depth = line.len() - text.len();
        stack.retain(|(above, _)| *above < depth);
        let (name, shape) = text.split_once(' ').unwrap_or((text, ""));
        let (name, required) = name.strip_suffix('!').map_or((name, ""), |name| (name, "!"));
        let path = stack.last().map_or_else(|| name.to_owned(), |(_, around)| joined(around, name));
        match shape.strip_prefix("= ") {
            Some(other) => copy(&mut keys, other, &path, required),
            None => {
                keys.insert(path.clone(), format!("{required}{shape}"));
            }
        }
        stack.push((depth, path));
    }
    keys
}

fn copy(keys: &mut Keys, from: &str, to: &str, required: &str) {
    let below: Vec<(String, String)> = keys
        .iter()
        .filter_map(|(path, shape)| {
            let rest = path.strip_prefix(from)?;
            let is_below = rest.is_empty() || rest.starts_with(['.', '[']);
            let shape = if rest.is_empty() {
                format!("{required}{}", shape.trim_start_matches('!'))
            } else {
                shape.clone()
            };
            is_below.then(|| (format!("{to}{rest}"), shape))
        })
        .collect();
    keys.extend(below);
}

fn joined(around: &str, name: &str) -> String {
    match (around, name) {
        ("", name) => name.to_owned(),
        (around, "[]") => format!("{around}[]"),
        (around, name) => format!("{around}.{name}"),
    }
}

/// Our keys, from the schema that clients get.
fn ours() -> Keys {
    let mut keys = Keys::new();
    let (_, below) = shape(&config_schema());
    below.into_iter().for_each(|below| add(&mut keys, "", below));
    keys
}

struct Below {
    name: String,
    required: bool,
    schema: Value,
}

fn add(keys: &mut Keys, around: &str, key: Below) {
    let path = joined(around, &key.name);
    let (words, below) = shape(&key.schema);
    let required = if key.required { "!" } else { "" };
    keys.insert(path.clone(), format!("{required}{words}"));
    below.into_iter().for_each(|below| add(keys, &path, below));
}

/// The shape of a schema in words, and the keys below it.
fn shape(schema: &Value) -> (String, Vec<Below>) {
    if let Some(any) = schema["anyOf"].as_array() {
        let (words, below): (BTreeSet<String>, Vec<Vec<Below>>) = any.iter().map(shape).unzip();
        return (words.into_iter().collect::<Vec<_>>().join(" or "), below.into_iter().flatten().collect());
    }
    if let Some(names) = schema["enum"].as_array() {
        let mut names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        names.sort_unstable();
        return (names.join("|"), Vec::new());
    }
    match schema["type"].as_str() {
        None => ("any".to_owned(), Vec::new()),
        Some("boolean") => ("bool".to_owned(), Vec::new()),
        Some("string") => (text(schema), Vec::new()),
        Some("array") => elements("list", "[]", &schema["items"]),
        Some("object") => object(schema),
        Some(number) => {
            let word = if number == "integer" { "int" } else { "number" };
            let bounds = bounds(schema, [("minimum", ">="), ("exclusiveMinimum", ">"), ("maximum", "<=")]);
            (format!("{word}{bounds}"), Vec::new())
        }
    }
}

fn text(schema: &Value) -> String {
    let bounds = bounds(schema, [("minLength", ">="), ("maxLength", "<="), ("pattern", "~")]);
    format!("text{bounds}{}", schema["format"].as_str().map_or(String::new(), |form| format!(" {form}")))
}

/// Bounds that bound nothing, such as the largest whole number, are left out.
fn bounds(schema: &Value, names: [(&str, &str); 3]) -> String {
    let bound = |(name, sign): &(&str, &str)| match schema.get(*name)? {
        Value::String(pattern) => Some(format!(" {sign}{pattern}")),
        Value::Number(number) if number.as_f64()? < 9e15 => Some(format!(" {sign}{number}")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    };
    names.iter().filter_map(bound).collect()
}

/// A list or a map: one word when its elements are simple.
fn elements(word: &str, name: &str, schema: &Value) -> (String, Vec<Below>) {
    let (words, below) = shape(schema);
    let is_plain = below.is_empty() && words != "object";
    match (is_plain, words.contains(" or ") && !words.ends_with(')')) {
        (false, _) => {
            let below = Below { name: name.to_owned(), required: false, schema: schema.clone() };
            (word.to_owned(), vec![below])
        }
        (true, true) => (format!("{word} of ({words})"), Vec::new()),
        (true, false) => (format!("{word} of {words}"), Vec::new()),
    }
}

fn object(schema: &Value) -> (String, Vec<Below>) {
    let rest = schema.get("additionalProperties").filter(|rest| rest.is_object());
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut below: Vec<Below> = properties
        .map(|(name, schema)| Below { name: name.clone(), required: required(name), schema: schema.clone() })
        .collect();
    match rest {
        Some(rest) if below.is_empty() => elements("map", "*", rest),
        Some(rest) => {
            below.push(Below { name: "*".to_owned(), required: false, schema: rest.clone() });
            ("open".to_owned(), below)
        }
        None => ("object".to_owned(), below),
    }
}

/// Whether a value may be anything in an object around the path.
fn is_in_anything(ours: &Keys, path: &str) -> bool {
    let mut around = path;
    while let Some((above, _)) = around.rsplit_once(['.', '[']) {
        around = above;
        let shape = ours.get(around).map(String::as_str);
        if matches!(shape, Some("any" | "map of any")) {
            return true;
        }
    }
    false
}

/// Whether a path of the table means a key.
fn names(stated: &str, path: &str) -> bool {
    match (stated.strip_prefix('…'), stated.strip_suffix('…')) {
        (Some(end), _) => path.ends_with(end),
        (None, Some(beginning)) => path.starts_with(beginning),
        (None, None) => path == stated,
    }
}

/// Every difference between the two, as the table states them.
fn differences() -> BTreeMap<String, (String, String)> {
    let (release, ours) = (release(), ours());
    let mut found = BTreeMap::new();
    for path in release.keys().chain(ours.keys()) {
        let shape = |keys: &Keys| keys.get(path).cloned().unwrap_or_else(|| "-".to_owned());
        let (theirs, own) = (shape(&release), shape(&ours));
        if theirs != own && !(own == "-" && is_in_anything(&ours, path)) {
            found.insert(path.clone(), (theirs, own));
        }
    }
    found
}

#[test]
fn keys_types_and_constraints_are_those_of_the_release() {
    let mut found = differences();
    let mut stale = Vec::new();
    for (path, theirs, own, reason) in DIFFERENCES {
        assert!(!reason.is_empty(), "{path}");
        let before = found.len();
        let is_stated = |found: &str, (release, ours): &(String, String)| {
            names(path, found) && release == theirs && (*own == "…" || ours == own)
        };
        found.retain(|path, shapes| !is_stated(path, shapes));
        if found.len() == before {
            stale.push(path);
        }
    }
    let shown: Vec<String> = found
        .iter()
        .map(|(path, (theirs, own))| format!("(\"{path}\", \"{theirs}\", \"{own}\", \"\"),"))
        .collect();
    assert!(shown.is_empty(), "{} differences:\n{}", shown.len(), shown.join("\n"));
    assert!(stale.is_empty(), "no longer different: {stale:?}");
}

/// The comparison is not one of nothing with nothing.
#[test]
fn the_table_of_the_release_is_read() {
    let keys = release();
    assert!(keys.len() > 1500, "{}", keys.len());
    for (path, shape) in [
        ("gateway.reload.mode", "hot|hybrid|off|restart"),
        ("agents.list[].memorySearch.query.minScore", "number >=0 <=1"),
        ("bindings[].match.channel", "!text"),
        ("env.*", "text"),
    ] {
        assert_eq!(keys.get(path).map(String::as_str), Some(shape), "{path}");
    }
}

/// The schema is what clients are told; this is what the check does with each simple key of the release: values that
/// fit pass, others are refused with the key's own path.
#[test]
fn the_check_does_what_the_schema_says() {
    let differences = differences();
    let mut count = 0;
    for (path, shape) in release().iter().filter(|(path, _)| !differences.contains_key(*path)) {
        let Some((good, bad)) = samples(shape.trim_start_matches('!')) else { continue };
        for value in good {
            let (key, problems) = problems_at(path, &value);
            assert!(problems.is_empty(), "{key}: {value} is refused: {problems:?}");
        }
        for value in bad {
            let (key, problems) = problems_at(path, &value);
            assert!(!problems.is_empty(), "{key}: {value} passes");
        }
        count += 1;
    }
    assert!(count > 1200, "{count}");
}

/// Values that fit a simple shape, and such that do not.
fn samples(shape: &str) -> Option<(Vec<Value>, Vec<Value>)> {
    if shape.contains(" or ") {
        return None;
    }
    let (word, bounds) = shape.split_once(' ').unwrap_or((shape, ""));
    let bound = |sign: &str| {
        bounds
            .split(' ')
            .find_map(|bound| bound.strip_prefix(sign))
            .and_then(|bound| bound.parse::<f64>().ok())
    };
    let (least, above, most) = (bound(">="), bound(">").filter(|_| !bounds.contains(">=")), bound("<="));
    let outside = |step: f64| {
        let low = least.map(|least| least - step).or(above);
        low.into_iter().chain(most.map(|most| most + step)).map(Value::from)
    };
    Some(match word {
        "bool" => (vec![json!(true), json!(false)], vec![json!("true"), json!(1), json!({})]),
        "int" => {
            let (low, high) = (least.unwrap_or(0.0), most.unwrap_or(4096.0));
            let whole = |number: f64| json!(number as i64);
            let bad = outside(1.0).filter_map(|value| value.as_f64()).map(whole);
            (vec![whole(low), whole(high)], bad.chain([json!(1.5), json!("1"), json!([])]).collect())
        }
        "number" => {
            let good = least.or(above.map(|above| above + 0.5)).unwrap_or(0.5);
            (vec![json!(good), json!(most.unwrap_or(2.0))], outside(0.25).chain([json!("1")]).collect())
        }
        "text" if bounds.contains('~') => return None,
        "text" => {
            let longest = most.map(|most| json!("x".repeat(most as usize + 1)));
            let shortest = least.filter(|least| *least > 0.0).map(|_| json!(""));
            (vec![json!("x")], longest.into_iter().chain(shortest).chain([json!(true), json!({})]).collect())
        }
        names if names.contains('|') => {
            (names.split('|').map(Value::from).collect(), vec![json!("no such word"), json!({})])
        }
        _ => return None,
    })
}

/// The path with names in place of `*`, and the problems of a file that holds the value there and nothing else.
fn problems_at(path: &str, value: &Value) -> (String, Vec<String>) {
    let steps = path.replace('*', "x1");
    let whole = steps.rsplit('.').fold(value.clone(), |value, step| match step.strip_suffix("[]") {
        Some(name) => json!({ name: [value] }),
        None => json!({ step: value }),
    });
    let key = steps.replace("[]", "[0]");
    let problems = validate(&whole, "f", &Env::default());
    let here = problems.iter().filter(|problem| problem.key.to_string() == key);
    let here = here.map(ToString::to_string).collect();
    (key, here)
}
