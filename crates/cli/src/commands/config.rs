//! `openclaw config`: look at the file and change it.

mod advice;
mod change;

use anyhow::bail;
use openclaw_config::{ConfigError, KeyPath, Problem, config_schema, get_path};
use serde_json::{Value, json};

use crate::args::{ConfigGetArgs, ConfigValidateArgs, InstanceArgs};
use crate::instance::Instance;
use crate::output::{self, AlreadyTold};

pub(super) use change::{confirm, set, unset};

pub(super) fn get(flags: &InstanceArgs, args: &ConfigGetArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let path = instance.loaded.path.display();
    if !instance.loaded.exists {
        bail!("there is no configuration at {path}; `openclaw quickstart` makes one");
    }
    let Some(value) = get_path(&instance.loaded.parsed, &args.path)? else {
        let key: KeyPath = args.path.parse()?;
        // The port is the one default that differs between instances.
        let port = (key.to_string() == "gateway.port").then(|| instance.port(None).ok()).flatten();
        let default = advice::default_of(&key).or(port.map(Value::from));
        match (advice::no_key(&key), default) {
            (Some(advice), _) => bail!("{advice}"),
            (None, Some(default)) => bail!("{key} is not set in {path}; its default holds: {default}"),
            (None, None) => bail!("{key} is not set in {path}"),
        }
    };
    match value.as_str() {
        Some(text) if !args.json => output::line(text)?,
        Some(_) | None => output::json(&value)?,
    }
    Ok(())
}

pub(super) fn validate(flags: &InstanceArgs, args: &ConfigValidateArgs) -> anyhow::Result<()> {
    let (instance, error) = match &args.file {
        Some(file) => Instance::diagnose_file(flags, file)?,
        None => Instance::diagnose(flags)?,
    };
    let path = instance.loaded.path.display();
    if args.file.is_some() && !instance.loaded.exists {
        bail!("there is no file {path}");
    }
    if args.json {
        output::json(&json!({
            "path": instance.loaded.path, "exists": instance.loaded.exists, "valid": error.is_none(),
            "problems": error.as_ref().map(problems_json).unwrap_or_default(),
            "warnings": instance.loaded.warnings.iter().map(problem_json).collect::<Vec<_>>(),
        }))?;
        return if error.is_none() { Ok(()) } else { Err(AlreadyTold.into()) };
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    for warning in &instance.loaded.warnings {
        output::line(&format!("warning: {warning}"))?;
    }
    let verdict = if instance.loaded.exists { "is valid" } else { "does not exist; the defaults hold" };
    Ok(output::line(&format!("{path} {verdict}"))?)
}

pub(super) fn schema() -> anyhow::Result<()> {
    Ok(output::json(&config_schema())?)
}

pub(super) fn file(flags: &InstanceArgs) -> anyhow::Result<()> {
    let (instance, _problem) = Instance::diagnose(flags)?;
    Ok(output::line(&instance.loaded.path.display().to_string())?)
}

/// Everything wrong with a configuration, one line each.
pub(crate) fn problem_lines(error: &ConfigError) -> Vec<String> {
    error.to_string().lines().map(ToOwned::to_owned).collect()
}

/// A problem with its place, for programs.
fn problem_json(problem: &Problem) -> Value {
    let from = |from: &openclaw_config::IncludedFrom| json!({"file": from.file, "line": from.place.line, "column": from.place.column});
    json!({
        "file": problem.file,
        "line": problem.place.map(|place| place.line),
        "column": problem.place.map(|place| place.column),
        "path": problem.key.to_string(),
        "message": problem.message(),
        "includedFrom": problem.included_from.iter().map(from).collect::<Vec<_>>(),
    })
}

fn problems_json(error: &ConfigError) -> Vec<Value> {
    match error {
        ConfigError::Invalid { problems, .. } => problems.iter().map(problem_json).collect(),
        ConfigError::Unreadable { path, source } => vec![json!({
            "file": path, "line": null, "column": null, "path": "", "includedFrom": [],
            "message": format!("cannot be read: {source}"),
        })],
    }
}
