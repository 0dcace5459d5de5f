//! `openclaw logs`: the gateway's log, from the gateway, or from its file when it does not run.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use openclaw_gateway::{log_redactor, newest_log, open_log, redact_log_line};
use openclaw_guard::{FileError, Redactor};
use serde_json::{Value, json};

use crate::args::{InstanceArgs, LogsArgs};
use crate::client::{CALL_TIMEOUT, Client, ClientError, Target};
use crate::instance::Instance;
use crate::output::{self, OutputError};
use crate::runtime;

/// Bytes of the end of the file that are looked at: the most that `logs.tail` gives too.
const MAX_TAIL_BYTES: u64 = 1_000_000;
/// How often `--follow` asks for more.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);

pub(super) fn run(flags: &InstanceArgs, args: &LogsArgs) -> anyhow::Result<()> {
    let (instance, problem) = Instance::reach(flags)?;
    if let Some(problem) = &problem {
        output::complain(&output::for_instance(&problem.to_string(), flags));
    }
    let target = Target::of(&instance, &args.connect)?;
    let redactor = log_redactor(&instance.loaded);
    runtime::block_on(async {
        match Client::connect(&target, CALL_TIMEOUT).await {
            Ok(mut client) => from_gateway(&mut client, args, &redactor).await,
            Err(error) if error.is_absent() && !args.follow => from_file(&instance, args, &redactor, &error),
            Err(error) => Err(error.into()),
        }
    })
}

async fn from_gateway(client: &mut Client, args: &LogsArgs, redactor: &Redactor) -> anyhow::Result<()> {
    let mut params = json!({"limit": args.limit, "maxBytes": MAX_TAIL_BYTES});
    loop {
        let page = client.call("logs.tail", &params).await?;
        let lines = page.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        show(lines.iter().filter_map(Value::as_str), args, redactor)?;
        if !args.follow {
            return Ok(());
        }
        params["cursor"] = page.get("cursor").cloned().context("the gateway sent no cursor")?;
        // Between two questions the connection is read, so that its end is noticed.
        while let Ok(frame) = tokio::time::timeout(FOLLOW_INTERVAL, client.next()).await {
            frame?;
        }
    }
}

fn from_file(
    instance: &Instance,
    args: &LogsArgs,
    redactor: &Redactor,
    absent: &ClientError,
) -> anyhow::Result<()> {
    let Some(path) = newest_log(instance.config(), &instance.at) else {
        bail!("{absent}; there is no log of an earlier one either")
    };
    output::complain(&format!("openclaw: the gateway does not run; this is {}", path.display()));
    let text = tail(&path)?;
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(usize::try_from(args.limit)?);
    Ok(show(lines.into_iter().skip(skipped), args, redactor)?)
}

/// The last whole lines of a file.
fn tail(path: &Path) -> anyhow::Result<String> {
    let failed = |source| FileError::new("read", path, source);
    let mut file = open_log(path)?;
    let size = file.metadata().map_err(failed)?.len();
    let start = size.saturating_sub(MAX_TAIL_BYTES);
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_TAIL_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match text.split_once('\n') {
        Some((_half, rest)) if start > 0 => Ok(rest.to_owned()),
        Some(_) | None => Ok(text),
    }
}

/// Shows lines without their secrets: whoever wrote them may have known less, or been another program.
fn show<'l>(
    lines: impl Iterator<Item = &'l str>,
    args: &LogsArgs,
    redactor: &Redactor,
) -> Result<(), OutputError> {
    for line in lines {
        let line = redact_log_line(redactor, line);
        if args.json {
            output::line(&one_json(&line))?
        } else {
            output::line(&output::printable(&words(&line)))?
        }
    }
    Ok(())
}

/// A record as it stands, for its strings spell out what steers a terminal; any other line without such characters.
fn one_json(line: &str) -> String {
    if serde_json::from_str::<Value>(line).is_ok() { line.to_owned() } else { output::printable(line) }
}

/// A record in one line: time, level, origin, message, fields. What is no record is shown as it is.
fn words(line: &str) -> String {
    let Ok(record @ Value::Object(_)) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let Ok(name) = serde_json::from_str::<Value>(text("/0")) else { return line.to_owned() };
    let origin = name.get("subsystem").and_then(Value::as_str).unwrap_or_default();
    let fields = record.pointer("/2").map_or(String::new(), |fields| format!(" {fields}"));
    format!("{} {:5} {origin}: {}{fields}", text("/time"), text("/_meta/logLevelName"), text("/1"))
}

#[cfg(test)]
mod tests {
    use super::{newest_log, one_json, tail, words};
    use crate::instance::Instance;
    use openclaw_config::{Env, LocationFlags, Locations, load};
    use openclaw_guard::{create_private_dir, write_atomic};

    #[test]
    fn records_become_lines_and_the_rest_stays() {
        let record = r#"{"0":"{\"subsystem\":\"gateway/ws\"}","1":"connected","2":{"conn":"7"},"_meta":{"logLevelName":"INFO"},"time":"2026-11-20T10:42:41.346Z"}"#;
        assert_eq!(words(record), "2026-11-20T10:42:41.346Z INFO  gateway/ws: connected {\"conn\":\"7\"}");
        for other in ["plain", "{\"a\":1}", ""] {
            assert_eq!(words(other), other);
        }
        assert_eq!(one_json(record), record);
        assert!(!one_json("\u{1b}[31mred").contains('\u{1b}'));
    }

    #[test]
    fn without_a_gateway_the_newest_day_is_shown() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::from([("HOME", home.path().to_str().unwrap())]);
        let at = Locations::resolve(&env, LocationFlags::default()).unwrap();
        let loaded = load(&at, &env).map_err(|error| error.to_string()).unwrap();
        let instance = Instance { at, loaded };
        assert_eq!(newest_log(instance.config(), &instance.at), None);
        let logs = instance.at.state_dir.join("logs");
        create_private_dir(&logs).unwrap();
        for name in
            ["openclaw-2026-11-20.log", "openclaw-2026-11-19.log", "openclaw-2026-11-21.log.1", "zzz.log"]
        {
            write_atomic(&logs.join(name), b"a\nb\n").unwrap();
        }
        let path = newest_log(instance.config(), &instance.at).unwrap();
        assert_eq!(path, logs.join("openclaw-2026-11-20.log"));
        assert_eq!(tail(&path).unwrap(), "a\nb\n");
    }
}
