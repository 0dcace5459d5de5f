//! `openclaw gateway call`: any method, for scripts and the curious.

use std::time::Duration;

use anyhow::bail;
use serde_json::{Value, json};

use crate::args::{CallArgs, InstanceArgs};
use crate::client::{Client, ClientError, Target};
use crate::instance::Instance;
use crate::output::AlreadyTold;
use crate::{output, runtime};

pub(super) fn run(flags: &InstanceArgs, args: &CallArgs) -> anyhow::Result<()> {
    let params: Value = match serde_json::from_str(&args.params) {
        Ok(params @ Value::Object(_)) => params,
        Ok(_) => bail!("--params: expected a JSON object such as '{{\"limit\": 5}}'"),
        Err(error) => bail!("--params is not JSON: {error}"),
    };
    // Also with a configuration that is wrong: what the gateway says about it is one reason to call.
    let (instance, _problem) = Instance::reach(flags)?;
    let target = Target::of(&instance, &args.connect)?;
    let answer: Result<Value, ClientError> = runtime::block_on(async {
        let mut client = Client::connect(&target, Duration::from_millis(args.timeout)).await?;
        let answer = if args.expect_final {
            client.call_to_the_end(&args.method, &params).await
        } else {
            client.call(&args.method, &params).await
        };
        Ok(answer)
    })?;
    let payload = match answer {
        Err(ClientError::Rpc { error, .. }) if args.json => {
            output::json_line(&json!({"ok": false, "error": error}))?;
            return Err(AlreadyTold.into());
        }
        answer => answer?,
    };
    if args.json {
        output::json_line(&payload)?
    } else {
        output::json(&payload)?
    }
    Ok(())
}
