//! The one executor.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_tools::{
    MemoryTools, Policy, Tool, ToolCall, ToolContext, ToolOutcome, ToolSpec, Toolbox, ToolboxOptions,
};
use serde_json::json;

use crate::home::{Home, call, text_of};

/// Misbehaves in the way its name says.
struct Bad(&'static ToolSpec);

const fn spec(name: &'static str) -> ToolSpec {
    ToolSpec { name, description: "", params: &[], label: None, timeout: Duration::from_millis(20) }
}

static PANICS: ToolSpec = spec("panics");
static HANGS: ToolSpec = spec("hangs");
static FLOODS: ToolSpec = spec("floods");

impl Tool for Bad {
    fn spec(&self) -> &'static ToolSpec {
        self.0
    }

    fn run(&self, _call: ToolCall, _cx: ToolContext) -> BoxFuture<'_, ToolOutcome> {
        async move {
            match self.0.name {
                "panics" => panic!("on purpose"),
                "hangs" => std::future::pending().await,
                _ => ToolOutcome::text("é".repeat(1024 * 1024)),
            }
        }
        .boxed()
    }
}

fn bad_tools() -> Toolbox {
    let tools = [&PANICS, &HANGS, &FLOODS].map(|spec| Arc::new(Bad(spec)) as Arc<dyn Tool>);
    Toolbox::with_tools(Policy::default(), tools.into())
}

#[tokio::test]
async fn a_misbehaving_tool_is_an_outcome() {
    let home = Home::new();
    let rows = [
        ("panics", "fault of its own"),
        ("hangs", "gave up"),
        ("missing", "available: panics, hangs, floods"),
    ];
    for (name, expected) in rows {
        let outcome = bad_tools().run(call(name, json!({})), home.cx.clone()).await;
        assert!(outcome.is_error && text_of(&outcome).contains(expected), "{outcome:?}");
    }
    let flood = bad_tools().run(call("floods", json!({})), home.cx.clone()).await;
    assert!(text_of(&flood).len() < 300 * 1024 && text_of(&flood).ends_with("returned too much]"));
    home.cx.abort.cancel();
    let outcome = bad_tools().run(call("hangs", json!({})), home.cx.clone()).await;
    assert!(text_of(&outcome).contains("the turn was stopped"));
}

#[tokio::test]
async fn what_is_denied_is_neither_shown_nor_run() {
    let home = Home::new();
    let policy = Policy { allow: vec!["*".into()], deny: vec!["write".into(), "memory_*".into()] };
    let toolbox = Toolbox::new(ToolboxOptions { policy, ..ToolboxOptions::default() });
    let names: Vec<&str> = toolbox.definitions().iter().map(|definition| definition.name).collect();
    assert_eq!(names, ["read", "edit", "session_status"]);
    let outcome = toolbox.run(call("write", json!({"path": "a", "content": "x"})), home.cx.clone()).await;
    assert!(outcome.is_error && text_of(&outcome).contains("not allowed"));
    assert!(!home.path("workspace/a").exists());
}

#[test]
fn memory_tools_can_be_switched_off_and_labels_are_short() {
    let toolbox = Toolbox::new(ToolboxOptions { memory: MemoryTools::Off, ..ToolboxOptions::default() });
    let names: Vec<&str> = toolbox.definitions().iter().map(|definition| definition.name).collect();
    assert_eq!(names, ["read", "write", "edit", "session_status"]);
    assert_eq!(toolbox.label(&call("read", json!({"file_path": "MEMORY.md"}))).as_deref(), Some("MEMORY.md"));
    let long = toolbox.label(&call("read", json!({"path": "x".repeat(500)}))).unwrap();
    assert_eq!(long.chars().count(), 121);
    assert_eq!(toolbox.label(&call("exec", json!({"command": "ls"}))), None);
}
