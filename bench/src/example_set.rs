//! A large configuration: the examples of the documentation, put together into included files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use openclaw_config::{Env, LocationFlags, Locations, parse, validate};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Files that the configuration includes.
const INCLUDES: usize = 10;
/// What one of them holds at least: ten make the 120 kB of the bar.
const INCLUDE_BYTES: usize = 12 * 1000;
/// What all `${NAME}` of the examples stand for.
const VALUE: &str = "value";

/// The configuration on disk.
pub(crate) struct ExampleSet {
    pub(crate) at: Locations,
    pub(crate) env: Env,
    /// The configuration file, then what it includes.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) bytes: usize,
    _dir: TempDir,
}

impl ExampleSet {
    /// Puts it together; every file is plain JSON, so that other parsers can be measured on the same bytes.
    pub(crate) fn make() -> Result<Self> {
        let texts =
            examples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/config/tests/examples/pages"))?;
        let env = variables(&texts);
        let parts = parts(&texts, &env)?;
        let dir = tempfile::tempdir()?;
        let state = dir.path().to_string_lossy().into_owned();
        let places = Env::from([("OPENCLAW_HOME", "/nonexistent"), ("OPENCLAW_STATE_DIR", &*state)]);
        let at = Locations::resolve(&places, LocationFlags::default())?;
        let names: Vec<String> = (0..parts.len()).map(|number| format!("part-{number}.json5")).collect();
        let main = json!({"$include": names, "gateway": {"port": 18789, "mode": "local"}});
        let all =
            std::iter::once(("openclaw.json", &main)).chain(names.iter().map(String::as_str).zip(&parts));
        let (mut files, mut bytes) = (Vec::new(), 0);
        for (name, value) in all {
            let (path, text) = (at.state_dir.join(name), format!("{value:#}\n"));
            openclaw_guard::write_atomic(&path, text.as_bytes())?;
            bytes += text.len();
            files.push(path);
        }
        Ok(Self { at, env, files, bytes, _dir: dir })
    }
}

/// The examples that are one file, in the order of pages and of the examples in them.
fn examples(folder: &Path) -> Result<Vec<String>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in folder.read_dir().with_context(|| folder.display().to_string())? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        if path.is_dir() {
            texts.extend(examples(&path)?);
        } else {
            let page = std::fs::read_to_string(&path)?;
            let bodies = page.split("=== ").skip(1).filter_map(|example| example.split_once('\n'));
            texts.extend(bodies.map(|(_name, text)| text.to_owned()).filter(|text| !text.contains("--- ")));
        }
    }
    Ok(texts)
}

fn variables(texts: &[String]) -> Env {
    let references =
        texts.iter().flat_map(|text| text.split("${").skip(1)).filter_map(|rest| rest.split_once('}'));
    references.map(|(name, _)| (name, VALUE)).collect()
}

/// What the included files hold. An example that does not go with those before it is left out.
fn parts(texts: &[String], env: &Env) -> Result<Vec<Value>> {
    let (mut parts, mut whole) = (Vec::new(), Value::Object(Map::new()));
    let mut part = Value::Object(Map::new());
    for text in texts.iter().cycle().take(2 * texts.len()) {
        let Ok(example) = parse(text, "example", env) else { continue };
        let (mut larger, mut together) = (part.clone(), whole.clone());
        merge(&mut larger, &example.value);
        merge(&mut together, &example.value);
        if !validate(&together, "examples", env).is_empty() {
            continue;
        }
        (part, whole) = (larger, together);
        if format!("{part:#}").len() >= INCLUDE_BYTES {
            parts.push(std::mem::replace(&mut part, Value::Object(Map::new())));
            if parts.len() == INCLUDES {
                return Ok(parts);
            }
        }
    }
    ensure!(parts.len() == INCLUDES, "the examples fill only {} files", parts.len());
    Ok(parts)
}

/// As included files are merged: lists are joined, objects merge, everything else is replaced.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(under), Value::Array(over)) => under.extend(over.iter().cloned()),
        (under, over) => *under = over.clone(),
    }
}
