//! From a file to a typed configuration, or to everything that is wrong with it.

use std::fmt::Write as _;
use std::path::PathBuf;

use openclaw_guard::{Secret, says_secret};
use ring::digest;
use serde_json::{Map as JsonMap, Value};

use crate::check::{Report, Writing, check};
use crate::env::Env;
use crate::file::read_text;
use crate::include::Drafts;
use crate::inherit::inherit;
use crate::key_path::{KeyPath, Trail};
use crate::keys::{Config, spec};
use crate::locations::Locations;
use crate::problem::{ConfigError, Problem, ProblemKind};
use crate::read::Section as _;
use crate::reader::{Origin, Reading, read_tree};
use crate::redact::secrets;
use crate::shell_env;
use crate::source::Sources;
use crate::substitute::substitute;
use crate::text::without_bom;
use crate::tree::Part;

/// A configuration text that is right.
pub struct Parsed {
    /// The typed values.
    pub config: Config,
    /// The JSON value as written, `${NAME}` and all, included files merged in. It holds the secrets of the files.
    pub value: Value,
    /// The same with variables replaced and agents laid over their defaults: what the typed values were read from.
    pub effective: Value,
    /// The environment given, and the variables that the configuration adds to it (`env`).
    pub env: Env,
    /// What is odd and does not stop anything.
    pub warnings: Vec<Problem>,
    /// What tells this text, and those it includes, from any other.
    pub hash: String,
}

/// A configuration as it stands on disk. It holds secrets and has no `Debug`.
#[derive(Clone)]
pub struct Loaded {
    /// The typed values; the defaults when there is no file. In a box: they are tens of kilobytes, and by value every
    /// function and future that hands them on would have that much more of a stack frame.
    pub config: Box<Config>,
    /// The text of the file; not of those it includes.
    pub raw: Option<String>,
    /// The JSON value as written, `${NAME}` and all, included files merged in; an empty object when there is no file.
    pub parsed: Value,
    /// The same with variables replaced and agents laid over their defaults: what a change is measured by.
    pub effective: Value,
    /// Whether there is a file.
    pub exists: bool,
    /// SHA-256 of the file's text in lower-case hexadecimal, and of the included texts if there are any: the `baseHash`
    /// of a change.
    pub hash: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// The environment the gateway works with: the one given, `<state>/.env`, and `env` of the configuration, an
    /// earlier one winning.
    pub env: Env,
    /// What is odd and does not stop anything.
    pub warnings: Vec<Problem>,
    /// The files it was read from: the file, then those it includes.
    pub files: Vec<PathBuf>,
}

impl Loaded {
    /// Every secret that this configuration and its environment hold, for the redactor of logs: what is declared one, and
    /// variables whose names say so (`OPENCLAW_GATEWAY_TOKEN`, `OPENAI_API_KEY`).
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let named = self.env.iter().filter(|(name, value)| says_secret(name) && !value.trim().is_empty());
        let from_env = named.map(|(_, value)| Secret::new(value.to_owned()));
        secrets(&self.effective).into_iter().chain(from_env).collect()
    }
}

/// Loads the configuration of an instance. Nothing is ever written.
///
/// # Errors
/// The file cannot be read, or every problem in it and in the files it includes.
pub fn load(locations: &Locations, env: &Env) -> Result<Loaded, ConfigError> {
    load_files(locations, env).1
}

/// The same, and every file that was read for it, the configuration file first, then what it includes, in that order
/// and each once. They are told of a configuration that is refused too, so that a correction can be watched for.
pub fn load_files(locations: &Locations, env: &Env) -> (Vec<PathBuf>, Result<Loaded, ConfigError>) {
    let mut files = Vec::new();
    let loaded = load_into(&mut files, locations, env);
    (files, loaded)
}

fn load_into(files: &mut Vec<PathBuf>, locations: &Locations, env: &Env) -> Result<Loaded, ConfigError> {
    let (env, mut warnings) = environment(locations, env)?;
    let path = locations.config_path.clone();
    files.push(path.clone());
    let Some(raw) = read_text(&path)? else {
        files.clear();
        return Ok(Loaded { exists: false, warnings, ..Loaded::defaults(path, env) });
    };
    let reading = match read_texts(&raw, Origin::File(&path), &Drafts::new()) {
        Ok(reading) => reading,
        Err(problems) => return Err(ConfigError::Invalid { path, problems }),
    };
    files.clone_from(&reading.files);
    let value = reading.tree.as_ref().map(|tree| tree.root.to_value());
    let env = with_shell(env, value.as_ref(), &mut warnings);
    let parsed = match judge(&raw, reading, &env) {
        Ok(parsed) => parsed,
        Err(problems) => return Err(ConfigError::Invalid { path, problems }),
    };
    warnings.extend(parsed.warnings.iter().cloned());
    let Parsed { config, value: parsed, effective, env, hash, .. } = parsed;
    let (raw, hash) = (Some(raw), Some(hash));
    Ok(Loaded {
        config: Box::new(config),
        raw,
        parsed,
        effective,
        exists: true,
        hash,
        path,
        env,
        warnings,
        files: files.clone(),
    })
}

/// The environment that a configuration is read in, and what is odd about the files it comes from.
pub(crate) fn environment(locations: &Locations, env: &Env) -> Result<(Env, Vec<Problem>), ConfigError> {
    let mut env = env.clone();
    let warnings = env.add_dotenv(&locations.state_dir)?;
    Ok((env, warnings))
}

/// The environment with the variables of the login shell, if the configuration as written asks for them.
pub(crate) fn with_shell(env: Env, value: Option<&Value>, warnings: &mut Vec<Problem>) -> Env {
    let Some(limit) = shell_env::wanted(value, &env) else { return env };
    match shell_env::imported(&env, limit) {
        Ok(shell) => env.with_shell(shell),
        Err(fault) => {
            let key = KeyPath::default().key("env").key("shellEnv");
            let file = "login shell".to_owned();
            let kind = ProblemKind::ShellEnv(fault);
            warnings.push(Problem { file, place: None, included_from: Vec::new(), key, kind });
            env
        }
    }
}

impl Loaded {
    /// The defaults in place of a file whose content nobody can use.
    #[must_use]
    pub fn defaults(path: PathBuf, env: Env) -> Self {
        let nothing = || Value::Object(JsonMap::new());
        Self {
            config: Box::default(),
            raw: None,
            parsed: nothing(),
            effective: nothing(),
            exists: true,
            hash: None,
            path,
            env,
            warnings: Vec::new(),
            files: Vec::new(),
        }
    }
}

/// SHA-256 of a configuration text in lower-case hexadecimal.
#[must_use]
pub fn hash(raw: &str) -> String {
    hex(digest::digest(&digest::SHA256, raw.as_bytes()).as_ref())
}

/// The hash of a text and of those it includes. Of a text that includes none it is the one of [`hash`].
pub(crate) fn hash_of(raw: &str, sources: &Sources) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(raw.as_bytes());
    for included in sources.included() {
        // No text holds a NUL byte, so that two texts are never mistaken for one.
        context.update(b"\0");
        context.update(included.as_bytes());
    }
    hex(context.finish().as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
    }
    hex
}

/// Reads a configuration text; `file` is what its problems call it. It cannot include files, for it has no directory.
///
/// # Errors
/// Every problem of the text.
pub fn parse(text: &str, file: &str, env: &Env) -> Result<Parsed, Vec<Problem>> {
    parse_from(text, Origin::Text(file), &Drafts::new(), env)
}

pub(crate) fn parse_from(
    text: &str,
    origin: Origin<'_>,
    drafts: &Drafts,
    env: &Env,
) -> Result<Parsed, Vec<Problem>> {
    judge(text, read_texts(text, origin, drafts)?, env)
}

fn read_texts(text: &str, origin: Origin<'_>, drafts: &Drafts) -> Result<Reading, Vec<Problem>> {
    let is_empty = without_bom(text).trim().is_empty();
    if is_empty { Err(vec![empty(origin)]) } else { Ok(read_tree(text, origin, drafts)) }
}

/// What a text and those it includes mean.
fn judge(text: &str, reading: Reading, env: &Env) -> Result<Parsed, Vec<Problem>> {
    let Reading { files: _, warnings, mut problems, tree } = reading;
    let Some(tree) = tree else { return Err(problems) };
    let value = tree.root.to_value();
    match read_value(value.clone(), Writing::Text(&tree), env) {
        Ok((config, effective, env)) if problems.is_empty() => {
            let hash = hash_of(text, &tree.sources);
            Ok(Parsed { config, value, effective, env, warnings, hash })
        }
        Ok(_) => Err(problems),
        Err(found) => {
            // A number that could not be read stands as null in the value; its type is not a second problem.
            let known: Vec<_> =
                problems.iter().map(|problem| (problem.file.clone(), problem.place)).collect();
            let is_new = |problem: &Problem| !known.contains(&(problem.file.clone(), problem.place));
            problems.extend(found.into_iter().filter(is_new));
            Err(problems)
        }
    }
}

/// Everything wrong with a value that came without text, such as the result of a merge.
#[must_use]
pub fn validate(value: &Value, file: &str, env: &Env) -> Vec<Problem> {
    read_value(value.clone(), Writing::None(file), env).err().unwrap_or_default()
}

fn read_value(
    mut value: Value,
    writing: Writing<'_>,
    env: &Env,
) -> Result<(Config, Value, Env), Vec<Problem>> {
    let mut report = Report::new(writing);
    let mut env = env.clone();
    let root = Trail::Root;
    // Variables of the configuration are resolved first, so that every other string may refer to them.
    if let Some(own) = value.get_mut("env") {
        substitute(own, &env, &root.key("env"), &mut report);
        add_config_variables(&mut env, own);
    }
    if let Value::Object(object) = &mut value {
        for (name, item) in object.iter_mut().filter(|(name, _)| *name != "env") {
            substitute(item, &env, &root.key(name), &mut report);
        }
    }
    check(spec(), &value, &mut report);
    let problems = report.into_problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    inherit(&mut value);
    if let Some(config) = value.as_object().and_then(Config::read_object) {
        return Ok((config, value, env));
    }
    let mut report = Report::new(writing);
    report.add(&root, Part::Value, ProblemKind::Unreadable);
    Err(report.into_problems())
}

/// The problem of a text without content.
fn empty(origin: Origin<'_>) -> Problem {
    let file = match origin {
        Origin::Text(name) => name.to_owned(),
        Origin::File(path) => path.display().to_string(),
    };
    let (key, kind) = (KeyPath::default(), ProblemKind::EmptyFile);
    Problem { file, place: None, included_from: Vec::new(), key, kind }
}

/// Adds `env.vars` and the variables written directly into `env`. Those that the environment has stay.
fn add_config_variables(env: &mut Env, own: &Value) {
    let inline = own.as_object().into_iter().flatten();
    let vars = own.get("vars").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in vars.chain(inline) {
        if let Some(text) = value.as_str() {
            env.set_default(name, text);
        }
    }
}
