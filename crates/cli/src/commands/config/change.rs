//! `openclaw config set`, `unset` and `confirm`: edits that keep the file as its owner wrote it.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use openclaw_config::{
    Change, Confirmed, Editor, KeyPath, Terms, confirm as confirm_file, edit, typed_value,
};

use super::advice;
use crate::args::{ConfigSetArgs, ConfigUnsetArgs, InstanceArgs};
use crate::instance::locate_to_use;
use crate::{copies, output};

/// A value on standard input is a token or a list, not a file.
const MAX_INPUT_BYTES: u64 = 1024 * 1024;

pub(crate) fn set(flags: &InstanceArgs, args: &ConfigSetArgs) -> anyhow::Result<()> {
    let path: KeyPath = args.path.parse()?;
    if let Some(advice) = advice::no_key(&path) {
        bail!("{advice}");
    }
    let text = match args.value.as_str() {
        "-" => from_input()?,
        text => text.to_owned(),
    };
    let value = match args.json {
        true => serde_json::from_str(&text).context("with --json the value must be JSON")?,
        false => typed_value(&path, &text)?,
    };
    change(flags, &args.path, "set", Change::Set { path, value })
}

pub(crate) fn unset(flags: &InstanceArgs, args: &ConfigUnsetArgs) -> anyhow::Result<()> {
    change(flags, &args.path, "removed", Change::Remove { path: args.path.parse()? })
}

pub(crate) fn confirm(flags: &InstanceArgs) -> anyhow::Result<()> {
    let (at, env) = locate_to_use(flags)?;
    let path = at.config_path.display();
    let said = match confirm_file(&at, &env)? {
        Confirmed::Staged => format!("{path} is now the text that waited in {path}.staged"),
        Confirmed::File => format!("{path} is confirmed as it is"),
        Confirmed::Nothing => format!("there is no {path}, and nothing waits to be confirmed"),
    };
    Ok(output::line(&said)?)
}

fn change(flags: &InstanceArgs, path: &str, done: &str, change: Change) -> anyhow::Result<()> {
    let (at, env) = locate_to_use(flags)?;
    copies::no_stub_beside_copies(&at, &env)?;
    let make = |editor: &mut Editor| editor.apply(std::slice::from_ref(&change));
    let (_, saved) = edit(&at, &env, &Terms::ANY_BASE, &make)?;
    let said = match saved.files.first() {
        Some(file) => format!("{path} is {done} in {}", file.display()),
        None => format!("{path} is so already in {}; nothing was written", at.config_path.display()),
    };
    Ok(output::line(&said)?)
}

/// The value from standard input, so that a secret is seen neither in the list of processes nor in a shell's history.
fn from_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_string(&mut text).context("standard input")?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}
