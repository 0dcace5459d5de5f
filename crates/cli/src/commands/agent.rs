//! `openclaw agent`: one turn from the shell.

use std::time::Duration;

use openclaw_protocol::frame::ErrorCode;
use openclaw_protocol::session_key::{SessionKey, agent_id};
use serde_json::{Map, Value, json};
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
    let mut params = params(args, &Uuid::new_v4().to_string());
    let limit = args.timeout.unwrap_or(instance.config().agents.defaults.turn.timeout_seconds);
    let patience = Duration::from_secs(limit) + GRACE;
    let answer: Result<Value, ClientError> = runtime::block_on(async {
        let mut client = Client::connect(&target, patience).await?;
        if let Some(id) = &args.session_id {
            let key = session_of(&mut client, id, args.agent.as_deref()).await?;
            params["sessionKey"] = key.into();
        }
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

/// No session has the id.
#[derive(Debug, thiserror::Error)]
#[error("no session with id {id}{}; `openclaw sessions` lists them", of_agent(agent.as_deref()))]
struct UnknownSession {
    id: String,
    agent: Option<String>,
}

fn of_agent(agent: Option<&str>) -> String {
    agent.map_or(String::new(), |agent| format!(" of agent {agent}"))
}

/// The key of the session with an id. An id that nobody has is a slip of the hand: a new conversation under it would
/// know nothing of what was said before.
async fn session_of(client: &mut Client, id: &str, agent: Option<&str>) -> anyhow::Result<String> {
    let unknown = || UnknownSession { id: id.to_owned(), agent: agent.map(ToOwned::to_owned) };
    let mut params = json!({"sessionId": id, "includeGlobal": true, "includeUnknown": true});
    if let Some(agent) = agent {
        params["agentId"] = agent.into();
    }
    let found = match client.call("sessions.resolve", &params).await {
        Ok(found) => found,
        Err(ClientError::Rpc { error, .. }) if error.code == ErrorCode::InvalidRequest => {
            return Err(unknown().into());
        }
        Err(error) => return Err(error.into()),
    };
    let key = found.get("key").and_then(Value::as_str).ok_or_else(unknown)?;
    let is_of = |wanted: &str| {
        let of = SessionKey::canonical(key, &agent_id(""), "main");
        of.agent().is_none_or(|of| of == agent_id(wanted))
    };
    if agent.is_some_and(|agent| !is_of(agent)) {
        return Err(unknown().into());
    }
    Ok(key.to_owned())
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
