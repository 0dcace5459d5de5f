//! `openclaw config`: look at the file, never change it.

use anyhow::bail;
use openclaw_config::{ConfigError, config_schema, get_path};
use serde_json::json;

use crate::args::{ConfigGetArgs, ConfigValidateArgs, InstanceArgs};
use crate::instance::Instance;
use crate::output::{self, AlreadyTold};

pub(super) fn get(flags: &InstanceArgs, args: &ConfigGetArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let path = instance.loaded.path.display();
    if !instance.loaded.exists {
        bail!("there is no configuration at {path}; `openclaw quickstart` makes one");
    }
    let Some(value) = get_path(&instance.loaded.parsed, &args.path)? else {
        bail!("{} is not set in {path}; its default holds", args.path);
    };
    match value.as_str() {
        Some(text) if !args.json => output::line(text)?,
        Some(_) | None => output::json(&value)?,
    }
    Ok(())
}

pub(super) fn validate(flags: &InstanceArgs, args: &ConfigValidateArgs) -> anyhow::Result<()> {
    let (instance, error) = Instance::diagnose(flags)?;
    if args.json {
        let lines = |problems: &[openclaw_config::Problem]| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        output::json(&json!({
            "path": instance.loaded.path, "exists": instance.loaded.exists, "valid": error.is_none(),
            "problems": error.as_ref().map(problem_lines).unwrap_or_default(),
            "warnings": lines(&instance.loaded.warnings),
        }))?;
        return if error.is_none() { Ok(()) } else { Err(AlreadyTold.into()) };
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    for warning in &instance.loaded.warnings {
        output::line(&format!("warning: {warning}"))?;
    }
    let path = instance.loaded.path.display();
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
