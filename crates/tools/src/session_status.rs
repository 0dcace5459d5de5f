//! `session_status`: a small card about the conversation.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_guard::iso_millis;

use crate::arguments::Arguments;
use crate::error::ToolError;
use crate::spec::ToolSpec;
use crate::tool::{Tool, ToolCall, ToolContext, ToolOutcome, outcome};

static SPEC: ToolSpec = ToolSpec {
    name: "session_status",
    description: "Show this conversation's key, model, used tokens and the current time. Use it when asked which model \
                  you are, how full the context is, or what time it is.",
    params: &[],
    label: None,
    timeout: Duration::from_secs(5),
};

/// Shows the state of the turn's own session.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionStatusTool;

impl Tool for SessionStatusTool {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn run(&self, call: ToolCall, cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        async move { outcome(&SPEC, card(&call, &cx).map(ToolOutcome::text)) }.boxed()
    }
}

fn card(call: &ToolCall, cx: &ToolContext) -> Result<String, ToolError> {
    Arguments::check(&SPEC, &call.arguments)?;
    let unknown = || ToolError::NoSession { session_key: cx.session_key.clone() };
    let session = cx.session.snapshot(&cx.session_key).ok_or_else(unknown)?;
    let used = session.context_tokens.map_or("unknown".to_owned(), |tokens| tokens.to_string());
    let window = session.context_window.map_or(String::new(), |tokens| format!(" of {tokens}"));
    Ok(format!(
        "Session: {}\nModel: {}\nContext: {used}{window} tokens\nTime: {}",
        cx.session_key,
        session.model,
        iso_millis(cx.clock.now_ms())
    ))
}
