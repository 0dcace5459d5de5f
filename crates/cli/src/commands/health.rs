//! `openclaw health`: is the gateway well? Exit code 1 when it is not there, its disk is full, or a workspace is gone; one that runs with a configuration that is
//! not the file's answers, so it is 0, and the output says what is not in force.

use std::time::Duration;

use serde_json::{Value, json};

use crate::args::{HealthArgs, InstanceArgs};
use crate::client::{Client, Target};
use crate::instance::Instance;
use crate::output::AlreadyTold;
use crate::{format, output, runtime, standing};

pub(super) fn run(flags: &InstanceArgs, args: &HealthArgs) -> anyhow::Result<()> {
    // A broken configuration does not stop a gateway that runs already.
    let (instance, problem) = Instance::reach(flags)?;
    if let Some(problem) = &problem {
        output::complain(&output::for_instance(&problem.to_string(), flags));
    }
    let target = Target::of(&instance, &args.connect)?;
    let asked = runtime::block_on(async {
        let mut client = Client::connect(&target, Duration::from_millis(args.timeout)).await?;
        Ok(client.call("health", &json!({})).await?)
    });
    match asked {
        Ok(health) => {
            if args.json {
                output::json(&health)?;
            } else {
                let words = words(&health, &target.url);
                output::line(&output::printable(&output::for_instance(&words, flags)))?;
            }
            // It has been told; an older gateway is well when it answers.
            if health.get("ok") == Some(&Value::Bool(false)) { Err(AlreadyTold.into()) } else { Ok(()) }
        }
        Err(error) if args.json => {
            output::json(&json!({"ok": false, "url": target.url, "error": error.to_string()}))?;
            Err(AlreadyTold.into())
        }
        Err(error) => Err(error),
    }
}

fn words(health: &Value, url: &str) -> String {
    let agents = health.get("agents").and_then(Value::as_array).map_or(0, Vec::len);
    let sessions = health.pointer("/sessions/count").and_then(Value::as_u64).unwrap_or(0);
    let channels = health.get("channelOrder").and_then(Value::as_array).map_or(0, Vec::len);
    let sessions = format::count(usize::try_from(sessions).unwrap_or(usize::MAX), "session");
    let channels = format::count(channels, "channel");
    let counts = format!("{}, {sessions}, {channels}", format::count(agents, "agent"));
    let troubles = standing::troubles(health);
    let room = standing::free_bytes(health).and_then(standing::room);
    let disk = room.map_or(String::new(), |room| format!("\nits disk: {room}"));
    let missing = standing::missing_workspaces(health).into_iter().map(|line| format!("\n{line}"));
    let disk = format!("{disk}{}", missing.collect::<String>());
    let is_well = health.get("ok") != Some(&Value::Bool(false));
    match (troubles.is_empty(), is_well) {
        (true, true) => format!("the gateway at {url} is well: {counts}{disk}"),
        (true, false) => format!("the gateway at {url} runs, but is not well: {counts}{disk}"),
        (false, _) => format!(
            "the gateway at {url} runs ({counts}), but not with its configuration file as it is:\n  {}{disk}",
            troubles.join("\n  ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::words;
    use serde_json::json;

    #[test]
    fn one_line() {
        let health = json!({"ok": true, "agents": [{}], "sessions": {"count": 3}, "channelOrder": []});
        let expected = "the gateway at ws://x is well: 1 agent, 3 sessions, 0 channels";
        assert_eq!(words(&health, "ws://x"), expected);
        let full = json!({"ok": false, "agents": [{}], "disk": {"ok": false, "freeBytes": 5_000_000}});
        let expected = "the gateway at ws://x runs, but is not well: 1 agent, 0 sessions, 0 channels\nits disk: full: \
                        5.0 MB free; new messages are refused below 20.9 MB, make room";
        assert_eq!(words(&full, "ws://x"), expected);
        let gone =
            json!({"ok": false, "agents": [{"agentId": "main", "workspace": {"ok": false, "path": "/w"}}]});
        assert!(words(&gone, "ws://x").contains("0 channels\nthe workspace of agent main, /w, is not there"));
        let health = json!({"config": {"problems": ["f:1:2 a: unknown key"], "problemCount": 1}});
        let expected = "the gateway at ws://x runs (0 agents, 0 sessions, 0 channels), but not with its configuration \
                        file as it is:\n  f:1:2 a: unknown key";
        assert_eq!(words(&health, "ws://x"), expected);
    }
}
