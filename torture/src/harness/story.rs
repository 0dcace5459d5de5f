//! The story that is broken off at each of its steps: start, messages, a new conversation, a changed session, a changed
//! configuration, another message, stop.

use std::time::Duration;

use anyhow::Result;
use openclaw_testkit::crash::{Goal, Mix};
use rustix::process::Signal;
use serde_json::json;

use super::life::{Ended, Life};
use super::stage::{Stage, ask};

/// An end that takes longer is none.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// What the configuration is changed to.
pub(crate) const NEW_NAME: &str = "Aster";

/// Every second message uses tools, so that a short story has all kinds of records.
pub(crate) const MIX: Mix = Mix { tools: 50, long: 0, agent: 34 };
/// Conversations of the platform; the story's commands go to the first.
pub(crate) const SESSIONS: usize = 1;
const SESSION: &str = "talk-0";

/// Plays it to the end, or until the gateway is gone; an error is the latter, or a refusal.
pub(crate) async fn play(stage: &mut Stage, life: &mut Life) -> Result<Option<Ended>> {
    let mut link = life.link(stage.site.port()).await?;
    stage.platform.deliver(&mut link, Goal::Ended).await?;
    let new = json!({"sessionKey": SESSION, "message": "/new", "idempotencyKey": "new"});
    ask(&mut link, "chat.send", new).await?;
    let patch = json!({"key": SESSION, "verboseLevel": "on"});
    ask(&mut link, "sessions.patch", patch).await?;
    let hash = ask(&mut link, "config.get", json!({})).await?["hash"].clone();
    let patch =
        json!({"raw": json!({"ui": {"assistant": {"name": NEW_NAME}}}).to_string(), "baseHash": hash});
    ask(&mut link, "config.patch", patch).await?;
    stage.platform.write_to(SESSION);
    stage.platform.deliver(&mut link, Goal::Ended).await?;
    life.signal(Signal::TERM);
    Ok(life.wait_end(STOP_LIMIT).await)
}

/// What people write before it begins.
pub(crate) fn prepare(stage: &mut Stage) {
    stage.platform.write_to(SESSION);
    stage.platform.write_to(SESSION);
}
