//! `openclaw agent`: one turn from the shell.

use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::args::{AgentArgs, InstanceArgs};
use crate::client::{Client, ClientError, Target};
use crate::instance::Instance;
use crate::{output, runtime};

/// The gateway keeps to the timeout by itself; this is how much longer we wait for it to say so.
const GRACE: Duration = Duration::from_secs(15);

pub(super) fn run(flags: &InstanceArgs, args: &AgentArgs) -> anyhow::Result<()> {
    let instance = Instance::open(flags)?;
    let target = Target::of(&instance, &args.connect)?;
    let params = params(args, &Uuid::new_v4().to_string());
    let limit = args.timeout.unwrap_or(instance.config().agents.defaults.turn.timeout_seconds);
    let patience = Duration::from_secs(limit) + GRACE;
    let answer: Result<Value, ClientError> = runtime::block_on(async {
        let mut client = Client::connect(&target, patience).await?;
        Ok(client.call_to_the_end("agent", &params).await)
    })?;
    match answer {
        Ok(payload) if args.json => Ok(output::json(&payload)?),
        Ok(payload) => Ok(output::line(&output::printable(&text(&payload)))?),
        // A failed turn still has a result that says so.
        Err(ClientError::Rpc { payload: Some(payload), .. }) if args.json => {
            output::json(&payload)?;
            Err(output::AlreadyTold.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn params(args: &AgentArgs, idempotency_key: &str) -> Value {
    let mut params = Map::new();
    params.insert("message".to_owned(), args.message.as_str().into());
    params.insert("idempotencyKey".to_owned(), idempotency_key.into());
    if let Some(seconds) = args.timeout {
        params.insert("timeout".to_owned(), seconds.into());
    }
    let optional = [
        ("sessionId", &args.session_id),
        ("sessionKey", &args.session_key),
        ("agentId", &args.agent),
        ("thinking", &args.thinking),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            params.insert(name.to_owned(), value.as_str().into());
        }
    }
    Value::Object(params)
}

/// The texts of a result; a turn may end without one.
fn text(payload: &Value) -> String {
    let parts =
        payload.pointer("/result/payloads").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
    if texts.is_empty() { "(no answer)".to_owned() } else { texts.join("\n\n") }
}

#[cfg(test)]
mod tests {
    use super::{params, text};
    use crate::args::{Cli, Command};
    use clap::Parser as _;
    use openclaw_protocol::methods::find;
    use serde_json::json;

    #[test]
    fn what_is_sent_is_what_the_method_takes() {
        let line = ["openclaw", "agent", "-m", "hi", "--session-key", "k", "--agent", "a", "--timeout", "9"];
        let Command::Agent(args) = Cli::parse_from(line).command else { panic!("another command") };
        let params = params(&args, "id");
        assert_eq!(find("agent").unwrap().check(Some(&params)), Ok(()));
        let expected = json!({"message": "hi", "idempotencyKey": "id", "timeout": 9, "sessionKey": "k",
            "agentId": "a"});
        assert_eq!(params, expected);
    }

    #[test]
    fn texts_of_a_result() {
        let result = json!({"result": {"payloads": [{"text": "a"}, {"mediaUrl": "x"}, {"text": "b"}]}});
        assert_eq!(text(&result), "a\n\nb");
        assert_eq!(text(&json!({"status": "ok"})), "(no answer)");
    }
}
